/*
 * Bytes as a script of frames for small tables of ARP exchanges, fragments and datagrams.
 *
 * A frame is either raw bytes, which are dissected, or a fragment or an ARP message made of a
 * few bytes, so that the tables are filled with things that belong together.  What goes in
 * comes out, once; what is kept is in bounds; what is shown fits its buffer and 80 columns.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/packet_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EXCHANGES = 4, OWNERS = 8, PLACES = 3, RECENT = 4, FLOWS = 3, LINKTYPE_ETHERNET = 1,
       LINKTYPE_RAW = 101, FRAME_MAX = 2048 };

struct script {
	struct rd r;
	struct instant now;
	uint64_t frame;
	struct arp_tally tally;
	struct arpx *arp;
	struct ipasm *assembly;
	struct ipfrag *frags;
	struct udpx *udp;
	uint64_t arp_in, arp_out, frags_in, frags_out, udp_in, udp_out;
};

static const uint8_t secret[16] = "fuzz";
static char shown[PACKET_VIEW_MAX];

static void require(int holds)
{
	if (!holds)
		abort();
}

static void *zeroes(size_t size)
{
	void *p = calloc(1, size);

	require(p != NULL);
	return p;
}

static struct txt sheet(void)
{
	return txt_over(shown, sizeof(shown));
}

static void check_rows(const struct txt *t)
{
	const char *line = t->buf;

	require(!t->cut && t->len > 0);
	/* Frame numbers are small here. */
	for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		require(strcspn(line, "\n") <= 80);
}

static void check_json(const struct txt *t)
{
	require(!t->cut && t->buf[0] == '{' && t->buf[t->len - 1] == '}');
	require(!strchr(t->buf, '\n'));
}

/* ---- what comes out ---------------------------------------------------------------------- */

static void pull_arp(struct script *s, struct instant now)
{
	struct arp_exchange x;

	while (arpx_next(s->arp, now, &x)) {
		struct txt t = sheet();
		s->arp_out += x.messages + x.replies;
		require(x.messages > 0 && x.first_frame <= x.last_frame);
		require(x.broadcast + x.unicast <= x.messages && x.n_answers <= x.replies);
		require(!x.replies || x.kind == ARPX_QUESTION || x.kind == ARPX_PROBE);
		packet_view_arp(&t, &x);
		check_rows(&t);
		t = sheet();
		packet_view_arp_json(&t, &x);
		check_json(&t);
	}
}

static void check_missing(const struct ip_datagram *d)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < d->n_missing && i < IPFRAG_RANGES; i++) {
		require(d->missing[i].from >= at && d->missing[i].from < d->missing[i].to);
		at = d->missing[i].to;
	}
	require(d->state != IPFRAG_WHOLE || d->n_missing == 0);
	require(at == IPASM_END_UNKNOWN || at <= IPASM_MAX);
}

static void pull_frags(struct script *s, struct instant now)
{
	static struct ip_datagram d;

	while (ipfrag_next(s->frags, now, &d)) {
		struct txt t = sheet();
		s->frags_out += d.fragments;
		require(d.fragments > 0 && d.first_frame <= d.last_frame);
		require((d.state == IPFRAG_WHOLE) == (d.whole_frame != 0));
		check_missing(&d);
		packet_view_fragments(&t, &d);
		check_rows(&t);
		t = sheet();
		packet_view_fragments_json(&t, &d);
		check_json(&t);
	}
}

static void flow_out(struct script *s, const struct udp_flow *f)
{
	struct txt t = sheet();

	s->udp_out += f->sent[0].datagrams + f->sent[1].datagrams;
	require(f->sent[0].datagrams > 0 && f->first_frame <= f->last_frame);
	packet_view_udp_flow(&t, f);
	require(!t.cut);
	t = sheet();
	packet_view_udp_flow_json(&t, f);
	check_json(&t);
}

/* ---- what goes in ------------------------------------------------------------------------ */

static void hear_udp(struct script *s, const struct pkt *p, const struct pkt *piece)
{
	struct udp_datagram d;
	struct udp_error e;
	struct udp_flow gone;
	struct txt t = sheet();

	if (udp_datagram_from(&d, p, piece)) {
		d.when = s->now;
		d.frame = s->frame;
		s->udp_in++;
		require(d.room == 0 || d.payload <= d.room);
		if (udpx_datagram(s->udp, &d, &gone))
			flow_out(s, &gone);
		packet_view_udp(&t, &d, (struct instant){ 0 });
		check_rows(&t);
		t = sheet();
		packet_view_udp_json(&t, &d);
		check_json(&t);
	}
	if (udp_error_from(&e, p)) {
		e.when = s->now;
		e.frame = s->frame;
		require(udpx_error(s->udp, &e) == (e.about_frame != 0));
		require(e.about_frame <= e.frame);
		t = sheet();
		packet_view_udp_error(&t, &e, (struct instant){ 0 });
		check_rows(&t);
		t = sheet();
		packet_view_udp_error_json(&t, &e);
		check_json(&t);
	}
}

static void hear_fragment(struct script *s, const struct ipasm_fragment *f, enum ipfrag_form form,
			  const struct pkt *p)
{
	struct ipasm_datagram whole;
	struct pkt inner;

	s->frags_in++;
	if (ipfrag_hear(s->frags, f, p, &whole) == IPASM_WHOLE && form == IPFRAG_PIECE) {
		pkt_dissect_datagram(&inner, p, whole.data, (uint32_t)whole.len);
		hear_udp(s, &inner, p);
	}
	pull_frags(s, s->now);
}

static void hear(struct script *s, uint32_t linktype, const uint8_t *bytes, size_t len, size_t wire)
{
	struct arpx_message m;
	struct ipasm_fragment f;
	struct pkt p;

	pkt_dissect(&p, linktype, bytes, (uint32_t)len, (uint32_t)wire);
	if (arpx_message_from(&m, &p)) {
		m.when = s->now;
		m.frame = s->frame;
		s->arp_in++;
		require(arpx_hear(s->arp, &m) != 0);
	}
	pull_arp(s, s->now);
	enum ipfrag_form form = ipfrag_fragment_from(&f, &p);
	if (form != IPFRAG_NONE) {
		f.when = s->now;
		f.frame = s->frame;
		hear_fragment(s, &f, form, &p);
	}
	hear_udp(s, &p, NULL);
}

/* A frame as it stands in the script. */
static void raw(struct script *s)
{
	uint8_t how = rd_u8(&s->r);
	size_t len = rd_u8(&s->r);

	if (len > s->r.left)
		len = s->r.left;
	uint8_t *exact = malloc(len + !len);
	require(exact != NULL);
	rd_copy(&s->r, exact, len);
	hear(s, how & 1 ? LINKTYPE_RAW : LINKTYPE_ETHERNET, exact, len, len + (how >> 4));
	free(exact);
}

/* A piece of one of a few datagrams, IPv4 or IPv6. */
static void fragment(struct script *s)
{
	uint8_t who = rd_u8(&s->r), at = rd_u8(&s->r), units = rd_u8(&s->r), odd = rd_u8(&s->r);
	uint16_t len = (uint16_t)((units & 31) * 8 + (odd & 7)), offset = (uint16_t)(at * 8);
	bool more = !(who & 4), v4 = !(who & 8);
	static uint8_t buf[FRAME_MAX];
	struct wr w = wr_over(buf, sizeof(buf));

	if (v4)
		ip4_build(&w, &(struct ip4_hdr){
			.total_len = (uint16_t)(IP4_HEADER_MIN + len), .id = who & 3,
			.more_fragments = more, .frag_offset = offset, .ttl = 1,
			.proto = IP_PROTO_UDP, .src = { { 1 } }, .dst = { { 2 } } });
	else
		ip6_build(&w, &(struct ip6_hdr){ .payload_len = (uint16_t)(IP6_FRAGMENT_LEN + len),
						 .next = IP_PROTO_FRAGMENT, .src = { { 1 } } });
	if (!v4) {
		wr_u8(&w, IP_PROTO_UDP);
		wr_u8(&w, 0);
		wr_be16(&w, (uint16_t)(offset | more));
		wr_be32(&w, who & 3);
	}
	if (offset == 0 && len >= UDP_HEADER_LEN) {
		udp_build(&w, &(struct udp_hdr){ who & 3, 53, rd_u8(&s->r), 0 });
		len -= UDP_HEADER_LEN;
	}
	wr_zero(&w, len);
	require(wr_ok(&w));
	if (len)
		buf[w.len - 1] = odd;
	size_t cut = odd & 0x80 ? odd & 0x3f : 0;
	hear(s, LINKTYPE_RAW, buf, cut < w.len ? w.len - cut : w.len, w.len);
}

/* A message among three hosts. */
static void arp(struct script *s)
{
	uint8_t who = rd_u8(&s->r), what = rd_u8(&s->r), buf[ARP_FRAME_MAX];
	struct mac dst = what & 16 ? MAC_BROADCAST : (struct mac){ { 2, who >> 2 & 3 } };
	struct eth_hdr eth = { .dst = dst, .src = { { 2, who & 3 } }, .type = ETH_ARP };
	struct arp_msg msg = { .op = what & 3, .sender_mac = { { 2, who >> 4 & 3 } },
			       .sender_ip = { { who >> 6 & 3 } },
			       .target_mac = { { 2, who >> 2 & 3 } },
			       .target_ip = { { what >> 2 & 3 } } };

	hear(s, LINKTYPE_ETHERNET, buf, arp_frame_build(buf, &eth, &msg), ETH_MIN_FRAME);
}

static void step(struct script *s)
{
	uint8_t op = rd_u8(&s->r);

	s->now.ns += op & 0x40 ? rd_u8(&s->r) * SEC_NS / 4 : MSEC_NS;
	if (op & 0x80)
		s->now.ns -= s->now.ns < SEC_NS ? 0 : SEC_NS;
	s->frame++;
	switch (op & 3) {
	case 0:
		fragment(s);
		break;
	case 1:
		arp(s);
		break;
	default:
		raw(s);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = { .r = rd_over(data, size) };
	void *owners = zeroes(arp_cache_size(OWNERS)), *memory[4];
	struct udp_flow f;
	uint32_t cursor = 0;

	arp_tally_init(&s.tally, arp_cache_init(owners, arp_cache_size(OWNERS), OWNERS, secret,
						(struct instant){ 0 }));
	memory[0] = zeroes(arpx_size(EXCHANGES));
	s.arp = arpx_init(memory[0], arpx_size(EXCHANGES), EXCHANGES, &s.tally, secret);
	memory[1] = zeroes(ipasm_size(PLACES));
	s.assembly = ipasm_init(memory[1], ipasm_size(PLACES), PLACES);
	memory[2] = zeroes(ipfrag_size(PLACES + 1));
	s.frags = ipfrag_init(memory[2], ipfrag_size(PLACES + 1), PLACES + 1, s.assembly);
	memory[3] = zeroes(udpx_size(RECENT, FLOWS));
	s.udp = udpx_init(memory[3], udpx_size(RECENT, FLOWS), RECENT, FLOWS, secret);
	require(s.arp && s.assembly && s.frags && s.udp);
	while (s.r.left > 0 && rd_ok(&s.r))
		step(&s);
	pull_arp(&s, INSTANT_NEVER);
	pull_frags(&s, INSTANT_NEVER);
	while (udpx_each_flow(s.udp, &cursor, &f))
		flow_out(&s, &f);
	require(s.arp_in == s.arp_out && arpx_lost(s.arp) == 0);
	require(s.frags_in == s.frags_out && ipfrag_lost(s.frags) == 0);
	require(s.udp_in == s.udp_out && ipasm_waiting(s.assembly) == 0);
	for (unsigned i = 0; i < 4; i++)
		free(memory[i]);
	free(owners);
	return 0;
}
