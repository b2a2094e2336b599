/* pkt.h: one captured frame, taken apart */
#include "told.h"

#include "wirelab/pkt.h"

#define DATA_LEN 10u

/* 192.0.2.1:1024 > 192.0.2.2:80, timestamps, "0123456789": 62 bytes from the IP header on */
#define IP_TCP_LEN (20u + 32u + DATA_LEN)

static const struct ip4 alice = { { 192, 0, 2, 1 } }, bob = { { 192, 0, 2, 2 } };
static const struct ip6 alice6 = { { 0xfd, 0, [15] = 1 } }, bob6 = { { 0xfd, 0, [15] = 2 } };

static void put_tcp(struct wr *w)
{
	static const uint8_t list[12] = { 1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6 };
	struct tcp_hdr tcp = { .sport = 1024, .dport = 80, .seq = 1000, .ack = 2000,
			       .flags = TCP_ACK | TCP_PSH, .window = 512 };

	tcp_build(w, &tcp, list, sizeof(list));
	wr_copy(w, "0123456789", DATA_LEN);
}

static void put_ip4(struct wr *w, uint8_t proto, size_t payload)
{
	struct ip4_hdr ip = { .total_len = (uint16_t)(20 + payload), .ttl = 64, .proto = proto,
			      .id = 7, .src = alice, .dst = bob };

	ip4_build(w, &ip);
}

static void put_ip6(struct wr *w, uint8_t next, size_t payload)
{
	struct ip6_hdr ip = { .payload_len = (uint16_t)payload, .next = next, .hop_limit = 64,
			      .src = alice6, .dst = bob6 };

	ip6_build(w, &ip);
}

static void put_ip4_tcp(struct wr *w)
{
	size_t from = w->len + 20;

	put_ip4(w, IP_PROTO_TCP, 32 + DATA_LEN);
	put_tcp(w);
	tcp_seal4(w->buf + from, w->len - from, alice, bob);
}

static void put_ip6_tcp(struct wr *w)
{
	size_t from = w->len + 40;

	put_ip6(w, IP_PROTO_TCP, 32 + DATA_LEN);
	put_tcp(w);
	tcp_seal6(w->buf + from, w->len - from, alice6, bob6);
}

static void put_eth(struct wr *w, uint16_t type)
{
	struct eth_hdr eth = { .dst = { { 2, 0, 0, 0, 0, 2 } }, .src = { { 2, 0, 0, 0, 0, 1 } },
			       .type = type };

	eth_build(w, &eth);
}

static void put_udp(struct wr *w, uint16_t dport, size_t payload)
{
	udp_build(w, &(struct udp_hdr){ .sport = 5000, .dport = dport,
					.len = (uint16_t)(8 + payload) });
}

/* What must hold for any frame, whatever is in it. */
static void holds_together(const struct pkt *p)
{
	uint32_t end = 0;

	assert_true(p->n_layers <= PKT_LAYERS);
	for (unsigned i = 0; i < p->n_layers; i++) {
		assert_true(p->layer[i].off == end);
		end += p->layer[i].len;
		assert_true(end <= p->caplen);
	}
	assert_true(p->payload.off == end);
	assert_true(p->padding.off == end + p->payload.len);
	assert_true(p->padding.off + p->padding.len == p->caplen);
	assert_true(p->payload_wire >= p->payload.len && p->payload_wire <= p->wirelen);
}

/* The struct is dirty before, and the frame lies in a block of its own size. */
static void dissect(struct pkt *p, uint32_t linktype, const void *bytes, size_t caplen,
		    size_t wirelen)
{
	static uint8_t *last;	/* what *p points into until the next call */

	free(last);
	last = exactly(bytes, caplen);
	memset(p, 0xaa, sizeof(*p));
	pkt_dissect(p, linktype, last, (uint32_t)caplen, (uint32_t)wirelen);
	holds_together(p);
}

static void is_the_segment(const struct pkt *p)
{
	struct tcp_options o;
	size_t at;

	assert_int_equal(p->stopped, V_OK);
	assert_true(pkt_has(p, PKT_TCP));
	assert_int_equal(p->tcp.sport, 1024);
	assert_true(p->tcp.seq == 1000 && p->tcp.ack == 2000);
	assert_int_equal(p->tcp_here, 32);
	assert_int_equal(p->payload.len, DATA_LEN);
	assert_int_equal(p->payload_wire, DATA_LEN);
	assert_memory_equal(p->frame + p->payload.off, "0123456789", DATA_LEN);
	assert_int_equal(pkt_tcp_options(p, &o, &at), V_OK);
	assert_true(o.ts_val == 5 && o.ts_ecr == 6);
	assert_int_equal(pkt_check(p, PKT_TCP), V_OK);
	assert_int_equal(pkt_find(p, PKT_TCP)->off, p->segment.off);
}

static void a_segment_is_found_behind_ethernet_and_padding_is_what_is_left(void **state)
{
	static const uint8_t kinds[] = { PKT_ETH, PKT_IP4, PKT_TCP };
	uint8_t frame[100];
	struct wr w = wr_over(frame, sizeof(frame));
	struct pkt p;

	(void)state;
	put_eth(&w, ETH_IPV4);
	put_ip4_tcp(&w);
	wr_zero(&w, 5);
	dissect(&p, 1, frame, w.len, w.len);
	is_the_segment(&p);
	assert_int_equal(p.n_layers, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(p.layer[i].kind, kinds[i]);
	assert_mac(p.eth.src, hw("02:00:00:00:00:01"));
	assert_int_equal(p.ip_version, 4);
	assert_ip(p.ip4.dst, bob);
	assert_int_equal(p.padding.len, 5);
	assert_int_equal(pkt_check(&p, PKT_IP4), V_OK);
	assert_null(pkt_find(&p, PKT_UDP));
	assert_int_equal(pkt_check(&p, PKT_UDP), V_UNSUPPORTED);
}

static void every_link_type_leads_to_the_same_segment(void **state)
{
	/* clang-format off */
	static const struct { uint32_t linktype; bool v6; size_t len;
			      uint8_t front[44]; } link[] = {
		{ 1, false, 14, { [12] = 0x08 } },
		{ 1, true, 14, { [12] = 0x86, 0xdd } },
		{ 1, false, 18, { [12] = 0x81, 0x00, 0x00, 0x2a, 0x08, 0x00 } },
		{ 1, false, 22, { [12] = 0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 9, 0x08, 0x00 } },
		{ 1, false, 26, { [12] = 0x91, 0, 0, 7, 0x92, 0, 0, 8, 0x81, 0, 0, 9, 0x08, 0 } },
		{ 1, false, 18, { [12] = 0x88, 0x47, 0x00, 0x01, 0x01, 0x40 } },
		{ 1, true, 22, { [12] = 0x88, 0x48, 0, 1, 0, 0x40, 0, 2, 1, 0x40 } },
		{ 1, false, 22, { [12] = 0x88, 0x64, 0x11, 0, 0, 1, 0, 64, 0x00, 0x21 } },
		{ 1, true, 21, { [12] = 0x88, 0x64, 0x11, 0, 0, 1, 0, 83, 0x57 } },
		{ 1, false, 22, { [12] = 0, 70, 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00 } },
		{ 1, false, 17, { [12] = 0, 65, 6, 6, 3 } },
		{ 113, false, 16, { [14] = 0x08, 0x00 } },
		{ 113, false, 20, { [14] = 0x81, 0x00, 0, 9, 0x08, 0x00 } },
		{ 276, true, 20, { 0x86, 0xdd } },
		{ 12, false, 0, { 0 } }, { 14, true, 0, { 0 } }, { 101, false, 0, { 0 } },
		{ 101, true, 0, { 0 } }, { 228, false, 0, { 0 } }, { 229, true, 0, { 0 } },
		{ 0, false, 4, { 2, 0, 0, 0 } }, { 0, false, 4, { 0, 0, 0, 2 } },
		{ 0, true, 4, { 30, 0, 0, 0 } }, { 0, true, 4, { 10, 0, 0, 0 } },
		{ 108, true, 4, { 0, 0, 0, 24 } }, { 108, true, 4, { 0, 0, 0, 28 } },
		{ 9, false, 2, { 0x00, 0x21 } }, { 9, true, 4, { 0xff, 0x03, 0x00, 0x57 } },
		{ 50, false, 3, { 0xff, 0x03, 0x21 } }, { 50, false, 4, { 0x0f, 0, 0x08, 0 } },
		{ 50, false, 8, { 0xff, 0x03, 0x02, 0x81, 0, 1, 1, 64 } },
		{ 51, false, 8, { 0x11, 0, 0, 1, 0, 64, 0x00, 0x21 } },
		{ 104, false, 4, { 0x0f, 0, 0x08, 0x00 } },
		{ 104, true, 4, { 0x8f, 0, 0x86, 0xdd } },
		{ 129, false, 5, { 1, 2, 0, 0, 0xf0 } }, { 129, false, 8, { 1, 2, 0, 0, 0xd4 } },
		{ 242, false, 44, { [40] = 0x08, 0x00 } },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < LENGTH(link); i++) {
		uint8_t frame[200];
		struct wr w = wr_over(frame, sizeof(frame));
		struct pkt p;
		wr_copy(&w, link[i].front, link[i].len);
		if (link[i].v6)
			put_ip6_tcp(&w);
		else
			put_ip4_tcp(&w);
		dissect(&p, link[i].linktype, frame, w.len, w.len);
		is_the_segment(&p);
		assert_int_equal(p.ip_version, link[i].v6 ? 6 : 4);
		assert_int_equal(p.padding.len, 0);
		/* cut anywhere, it is the capture's fault, and nothing beyond it is claimed */
		for (size_t len = 0; len < w.len; len++) {
			dissect(&p, link[i].linktype, frame, len, w.len);
			if (len < w.len - DATA_LEN)
				assert_true(p.stopped == V_SHORT && p.snapped);
			else
				assert_int_equal(p.stopped, V_OK);
			if (pkt_has(&p, PKT_TCP) && p.tcp_here >= 13)
				assert_int_equal(p.payload_wire, DATA_LEN);
		}
	}
}

/* Each is put between an IP header and the frame or packet that it carries. */
static void every_tunnel_is_gone_through(void **state)
{
	enum carries { AN_IP4, AN_IP6, A_FRAME };
	/* clang-format off */
	static const struct { uint8_t proto; uint16_t port; enum carries carries;
			      size_t len; uint8_t front[24]; uint8_t kind; } tunnel[] = {
		{ IP_PROTO_IP4, 0, AN_IP4, 0, { 0 }, PKT_IP4 },
		{ IP_PROTO_IP6, 0, AN_IP6, 0, { 0 }, PKT_IP6 },
		{ IP_PROTO_MPLS, 0, AN_IP4, 4, { 0, 1, 1, 64 }, PKT_MPLS },
		{ IP_PROTO_AH, 0, AN_IP4, 12, { IP_PROTO_IP4, 1 }, PKT_IP6_EXT },
		{ IP_PROTO_GRE, 0, AN_IP4, 4, { 0, 0, 0x08, 0x00 }, PKT_GRE },
		{ IP_PROTO_GRE, 0, AN_IP6, 8, { 0x20, 0, 0x86, 0xdd }, PKT_GRE },
		{ IP_PROTO_GRE, 0, A_FRAME, 16, { 0xb0, 0, 0x65, 0x58 }, PKT_GRE },
		{ IP_PROTO_GRE, 0, AN_IP4, 18, { 0x30, 0x81, 0x88, 0x0b, [16] = 0, 0x21 },
		  PKT_PPP },
		{ IP_PROTO_GRE, 0, A_FRAME, 4, { 0, 0, 0x88, 0xbe }, PKT_GRE },
		{ IP_PROTO_GRE, 0, A_FRAME, 16, { 0x10, 0, 0x88, 0xbe, [8] = 0x10 }, PKT_ERSPAN },
		{ IP_PROTO_GRE, 0, A_FRAME, 20, { 0x10, 0, 0x22, 0xeb, [8] = 0x20 }, PKT_ERSPAN },
		{ IP_PROTO_GRE, 0, AN_IP4, 20, { 0x10, 0, 0x22, 0xeb, [8] = 0x20, [18] = 0x08 },
		  PKT_ERSPAN },
		{ IP_PROTO_UDP, 4789, A_FRAME, 8, { 0x08, [6] = 5 }, PKT_VXLAN },
		{ IP_PROTO_UDP, 6081, A_FRAME, 8, { 0, 0, 0x65, 0x58 }, PKT_GENEVE },
		{ IP_PROTO_UDP, 6081, AN_IP6, 16, { 2, 0, 0x86, 0xdd }, PKT_GENEVE },
		{ IP_PROTO_UDP, 2152, AN_IP4, 8, { 0x30, 255, 0, 62 }, PKT_GTP },
		{ IP_PROTO_UDP, 2152, AN_IP6, 16, { 0x34, 255, 0, 90, [11] = 0x85, 1 }, PKT_GTP },
		{ IP_PROTO_UDP, 3544, AN_IP6, 0, { 0 }, PKT_TEREDO },
		{ IP_PROTO_UDP, 3544, AN_IP6, 8, { 0 }, PKT_TEREDO },
		{ IP_PROTO_UDP, 3544, AN_IP6, 21, { 0, 1, 0, 0 }, PKT_TEREDO },
		{ IP_PROTO_UDP, 1701, AN_IP4, 8, { 0, 2, 0, 1, 0, 2, 0, 0x21 }, PKT_L2TP },
		{ IP_PROTO_UDP, 1701, AN_IP6, 12, { 0x40, 2, 0, 94, 0, 1, 0, 2, 0xff, 3, 0, 0x57 },
		  PKT_L2TP },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < LENGTH(tunnel); i++) {
		uint8_t inner[200], frame[300];
		struct wr in = wr_over(inner, sizeof(inner)), w = wr_over(frame, sizeof(frame));
		struct pkt p;
		wr_copy(&in, tunnel[i].front, tunnel[i].len);
		if (tunnel[i].carries == A_FRAME)
			put_eth(&in, ETH_IPV4);
		if (tunnel[i].carries == AN_IP6)
			put_ip6_tcp(&in);
		else
			put_ip4_tcp(&in);
		put_eth(&w, ETH_IPV4);
		if (tunnel[i].port) {
			put_ip4(&w, IP_PROTO_UDP, 8 + in.len);
			put_udp(&w, tunnel[i].port, in.len);
		} else {
			put_ip4(&w, tunnel[i].proto, in.len);
		}
		wr_copy(&w, inner, in.len);
		wr_zero(&w, 3);
		dissect(&p, 1, frame, w.len, w.len);
		is_the_segment(&p);
		assert_true(pkt_has(&p, (enum pkt_kind)tunnel[i].kind));
		assert_int_equal(p.padding.len, 3);
		for (size_t len = 0; len < w.len; len++)
			dissect(&p, 1, frame, len, w.len);
	}
}

/* Teredo's bubbles carry an IPv6 header alone: the UDP checksum is not over its addresses. */
static void a_segment_in_front_of_another_ip_header_is_not_summed(void **state)
{
	uint8_t frame[100];
	struct wr w = wr_over(frame, sizeof(frame));
	struct pkt p;

	(void)state;
	put_ip4(&w, IP_PROTO_UDP, 8 + 40);
	put_udp(&w, 3544, 40);
	put_ip6(&w, IP_PROTO_NONE, 0);
	udp_seal4(frame + 20, 48, alice, bob);
	dissect(&p, 101, frame, w.len, w.len);
	assert_true(pkt_has(&p, PKT_TEREDO) && p.stopped == V_OK && p.ip_version == 6);
	assert_int_equal(p.segment_kind, PKT_NONE);
	assert_int_equal(pkt_check(&p, PKT_UDP), V_UNSUPPORTED);
}

static void a_tunnel_s_port_with_other_bytes_is_a_plain_datagram(void **state)
{
	static const uint16_t port[] = { 1701, 2152, 3544, 4789, 6081, 53 };

	(void)state;
	for (size_t i = 0; i < LENGTH(port); i++) {
		uint8_t frame[100];
		struct wr w = wr_over(frame, sizeof(frame));
		struct pkt p;
		put_ip4(&w, IP_PROTO_UDP, 8 + 20);
		put_udp(&w, port[i], 20);
		wr_copy(&w, "\xf7 plain words here..", 20);
		dissect(&p, 101, frame, w.len, w.len);
		assert_int_equal(p.stopped, V_OK);
		assert_int_equal(p.n_layers, 2);
		assert_int_equal(p.payload.len, 20);
		assert_int_equal(pkt_check(&p, PKT_UDP), V_OK);	/* none was computed */
	}
}

static void lengths_come_from_ip_not_from_the_capture(void **state)
{
	uint8_t frame[100];
	struct wr w = wr_over(frame, sizeof(frame));
	struct pkt p;

	(void)state;
	put_eth(&w, ETH_IPV4);
	put_ip4_tcp(&w);
	/* snapped in the data */
	dissect(&p, 1, frame, w.len - 4, w.len);
	assert_int_equal(p.stopped, V_OK);
	assert_int_equal(p.payload.len, DATA_LEN - 4);
	assert_int_equal(p.payload_wire, DATA_LEN);
	assert_int_equal(pkt_check(&p, PKT_TCP), V_SHORT);
	/* snapped in the options: how much data there was is known all the same */
	dissect(&p, 1, frame, 14 + 20 + 24, w.len);
	assert_true(p.stopped == V_SHORT && p.snapped);
	assert_int_equal(p.tcp_here, 24);
	assert_int_equal(p.payload_wire, DATA_LEN);
	/* snapped behind the ports and the sequence number */
	dissect(&p, 1, frame, 14 + 20 + 8, w.len);
	assert_true(pkt_has(&p, PKT_TCP) && p.tcp_here == 8);
	assert_true(p.tcp.dport == 80 && p.tcp.seq == 1000 && p.tcp.flags == 0);
	/* the packet says more than the wire had */
	dissect(&p, 1, frame, w.len - 4, w.len - 4);
	assert_true(p.overrun && p.stopped == V_OK);
	assert_int_equal(p.payload_wire, DATA_LEN - 4);
	assert_int_equal(pkt_check(&p, PKT_TCP), V_SHORT);
	/* before segmentation offload has filled it in */
	frame[14 + 2] = frame[14 + 3] = 0;
	dissect(&p, 1, frame, w.len, w.len);
	assert_true(p.no_length);
	assert_int_equal(p.payload_wire, DATA_LEN);
	/* a capture that claims fewer bytes on the wire than it holds */
	dissect(&p, 1, frame, w.len, 3);
	assert_int_equal(p.wirelen, w.len);
}

static void a_segment_whose_offset_lies_is_listed_and_said_to_lie(void **state)
{
	static const struct { uint8_t offset; bool lies; } kind[] = {
		{ 0x00, true }, { 0x40, true }, { 0x50, false }, { 0xa0, false }, { 0xb0, true },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(kind); i++) {
		uint8_t frame[100];
		struct wr w = wr_over(frame, sizeof(frame));
		struct pkt p;
		put_ip4_tcp(&w);
		frame[20 + 12] = kind[i].offset;
		dissect(&p, 101, frame, w.len, w.len);
		assert_int_equal(p.stopped, kind[i].lies ? V_LENGTH : V_OK);
		assert_true(pkt_has(&p, PKT_TCP) && p.tcp.dport == 80 && !p.snapped);
		if (kind[i].lies) {
			assert_int_equal(p.stopped_in, PKT_TCP);
			assert_int_equal(p.stopped_at, 20);
		}
	}
}

static void an_icmp_error_quotes_a_segment_that_is_not_the_frame_s_own(void **state)
{
	(void)state;
	for (size_t quoted = 0; quoted <= IP_TCP_LEN; quoted++) {
		uint8_t inner[100], frame[200];
		struct wr in = wr_over(inner, sizeof(inner)), w = wr_over(frame, sizeof(frame));
		struct pkt p;
		put_ip4_tcp(&in);
		put_ip4(&w, IP_PROTO_ICMP, 8 + quoted);
		wr_copy(&w, (uint8_t[]){ 3, 4, 0, 0, 0, 0, 0x02, 0x40 }, 8);
		wr_copy(&w, inner, quoted);
		dissect(&p, 101, frame, w.len, w.len);
		assert_int_equal(p.stopped, V_OK);
		assert_false(pkt_has(&p, PKT_TCP));
		assert_int_equal(p.icmp.mtu, 576);
		assert_int_equal(p.tcp_here, 0);
		assert_int_equal(p.quote.ip_version, quoted >= 20 ? 4 : 0);
		if (quoted < 20)
			continue;
		assert_ip(p.quote.src4, alice);
		assert_int_equal(p.quote.proto, quoted >= 24 ? PKT_TCP : PKT_NONE);
		assert_true(p.quote.has_seq == (quoted >= 28));
		if (p.quote.has_seq)
			assert_true(p.quote.seq == 1000 && p.quote.dport == 80);
		assert_true(p.layer[2].quoted && !p.layer[1].quoted);
	}
}

static void a_quote_that_is_nested_too_deeply_leaves_the_error_as_it_is(void **state)
{
	uint8_t frame[4000];
	struct wr w = wr_over(frame, sizeof(frame));
	struct pkt p;

	(void)state;
	put_ip4(&w, IP_PROTO_ICMP, 8 + 20 * 50);
	wr_copy(&w, (uint8_t[]){ 3, 4, 0, 0, 0, 0, 0x02, 0x40 }, 8);
	for (size_t i = 50; i-- > 0;)
		put_ip4(&w, IP_PROTO_IP4, 20 * i);
	dissect(&p, 101, frame, w.len, w.len);
	assert_int_equal(p.stopped, V_OK);
	assert_int_equal(p.n_layers, PKT_LAYERS);
	assert_int_equal(p.segment_kind, PKT_ICMP4);
	assert_int_equal(pkt_check(&p, PKT_ICMP4), V_CHECKSUM);
}

static void an_icmp6_error_quotes_too_and_is_checked_with_its_addresses(void **state)
{
	uint8_t frame[200];
	struct wr w = wr_over(frame, sizeof(frame));
	struct pkt p;

	(void)state;
	put_ip6(&w, IP_PROTO_ICMP6, 8 + 40 + 8 + 8);
	wr_copy(&w, (uint8_t[]){ 1, 4, 0, 0, 0, 0, 0, 0 }, 8);
	put_ip6(&w, IP_PROTO_UDP, 16);
	put_udp(&w, 53, 8);
	wr_zero(&w, 8);
	dissect(&p, 101, frame, w.len, w.len);
	assert_int_equal(p.quote.ip_version, 6);
	assert_int_equal(p.quote.proto, PKT_UDP);
	assert_int_equal(p.quote.dport, 53);
	assert_false(pkt_has(&p, PKT_UDP));
	assert_int_equal(pkt_check(&p, PKT_ICMP6), V_CHECKSUM);
}

static void a_fragment_is_a_piece_and_the_whole_is_dissected_when_it_is_there(void **state)
{
	uint8_t data[100], frame[200];
	struct wr d = wr_over(data, sizeof(data));
	struct pkt p, whole;

	(void)state;
	put_tcp(&d);
	tcp_seal4(data, d.len, alice, bob);
	for (uint16_t off = 0; off <= 24; off = (uint16_t)(off + 24)) {
		struct wr w = wr_over(frame, sizeof(frame));
		size_t n = off ? d.len - 24 : 24;
		struct ip4_hdr ip = { .total_len = (uint16_t)(20 + n), .id = 9, .ttl = 64,
				      .proto = IP_PROTO_TCP, .src = alice, .dst = bob,
				      .frag_offset = off, .more_fragments = off == 0 };
		ip4_build(&w, &ip);
		wr_copy(&w, data + off, n);
		dissect(&p, 101, frame, w.len, w.len);
		assert_true(p.is_fragment && p.stopped == V_OK && !pkt_has(&p, PKT_TCP));
		assert_true(p.frag.offset == off && p.frag.more == (off == 0) && p.frag.id == 9);
		assert_int_equal(p.payload.len, n);
	}
	pkt_dissect_datagram(&whole, &p, data, (uint32_t)d.len);
	holds_together(&whole);
	is_the_segment(&whole);
	assert_ip(whole.ip4.src, alice);
	assert_int_equal(whole.layer[0].off, 0);
	pkt_dissect_datagram(&p, &p, data, (uint32_t)d.len);	/* in place, too */
	is_the_segment(&p);
}

/* RFC 6946: a fragment header on a datagram that is whole changes nothing. */
static void rfc6946_an_atomic_fragment_is_read_on(void **state)
{
	uint8_t frame[200];
	struct pkt p;

	(void)state;
	for (uint8_t more = 0; more < 2; more++) {
		struct wr w = wr_over(frame, sizeof(frame));
		put_ip6(&w, IP_PROTO_DSTOPTS, 8 + 8 + 32 + DATA_LEN);
		wr_copy(&w, (uint8_t[]){ IP_PROTO_FRAGMENT, 0, 1, 4, 0, 0, 0, 0 }, 8);
		wr_copy(&w, (uint8_t[]){ IP_PROTO_TCP, 0, 0, more, 0, 0, 0, 5 }, 8);
		size_t from = w.len;
		put_tcp(&w);
		tcp_seal6(frame + from, w.len - from, alice6, bob6);
		dissect(&p, 101, frame, w.len, w.len);
		assert_true(p.is_fragment == (more == 1));
		if (more)
			assert_true(p.frag.id == 5 && p.frag.proto == IP_PROTO_TCP);
		else
			is_the_segment(&p);
	}
}

static void rfc2675_a_jumbogram_s_length_is_in_its_option(void **state)
{
	uint8_t frame[200];
	struct wr w = wr_over(frame, sizeof(frame));
	struct pkt p;

	(void)state;
	put_ip6(&w, IP_PROTO_HOPOPT, 0);
	wr_copy(&w, (uint8_t[]){ IP_PROTO_TCP, 0, 0xc2, 4, 0, 1, 0x11, 0x78 }, 8);
	put_tcp(&w);
	dissect(&p, 101, frame, w.len, 100000);
	assert_int_equal(p.stopped, V_OK);
	assert_false(p.no_length);
	assert_int_equal(p.payload_wire, 0x11178 - 8 - 32);
}

/* RFC 8200 8.1: while it is on a detour, the sum is over where it goes in the end. */
static void rfc8200_8_1_the_sum_is_over_the_final_destination(void **state)
{
	uint8_t frame[200];
	struct wr w = wr_over(frame, sizeof(frame));
	struct pkt p;

	(void)state;
	put_ip6(&w, IP_PROTO_ROUTING, 24 + 32 + DATA_LEN);
	wr_copy(&w, (uint8_t[]){ IP_PROTO_TCP, 2, 2, 1, 0, 0, 0, 0 }, 8);
	wr_copy(&w, alice6.b, 16);
	size_t from = w.len;
	put_tcp(&w);
	tcp_seal6(frame + from, w.len - from, alice6, alice6);
	dissect(&p, 101, frame, w.len, w.len);
	is_the_segment(&p);
	assert_true(ip6_equal(p.ip6.dst, bob6));
}

static void nesting_ends_somewhere(void **state)
{
	uint8_t frame[4000];
	struct wr v4 = wr_over(frame, sizeof(frame));
	struct pkt p;

	(void)state;
	for (size_t i = 100; i-- > 0;)
		put_ip4(&v4, IP_PROTO_IP4, 20 * i);
	dissect(&p, 101, frame, v4.len, v4.len);
	assert_int_equal(p.stopped, V_UNSUPPORTED);
	assert_int_equal(p.stopped_in, PKT_IP4);
	assert_int_equal(p.n_layers, PKT_LAYERS);

	/* what is told of an inner header is of one that is listed */
	struct wr in_udp = wr_over(frame, sizeof(frame));
	put_eth(&in_udp, ETH_VLAN);
	wr_copy(&in_udp, (uint8_t[]){ 0, 1, 0x08, 0x00 }, 4);
	for (size_t i = 12; i-- > 0;) {
		put_ip4(&in_udp, IP_PROTO_UDP, 3 * 36 * i + 200);
		put_udp(&in_udp, 2152, 3 * 36 * i + 192);
		wr_copy(&in_udp, (uint8_t[]){ 0x30, 255, 0x0f, 0xff, 0, 0, 0, (uint8_t)i }, 8);
	}
	dissect(&p, 1, frame, in_udp.len, in_udp.len);
	assert_int_equal(p.stopped, V_UNSUPPORTED);
	assert_int_equal(p.stopped_in, PKT_UDP);
	assert_int_equal(p.udp.len, p.frame[pkt_find(&p, PKT_UDP)->off + 4] << 8 |
				    p.frame[pkt_find(&p, PKT_UDP)->off + 5]);

	/* options behind options, each saying that more follow */
	struct wr v6 = wr_over(frame, sizeof(frame));
	put_ip6(&v6, IP_PROTO_DSTOPTS, 800);
	for (size_t i = 0; i < 100; i++)
		wr_copy(&v6, (uint8_t[]){ IP_PROTO_DSTOPTS, 0, 1, 4, 0, 0, 0, 0 }, 8);
	dissect(&p, 101, frame, v6.len, v6.len);
	assert_int_equal(p.stopped, V_UNSUPPORTED);
	assert_int_equal(p.stopped_in, PKT_IP6_EXT);

	struct wr tags = wr_over(frame, sizeof(frame));
	put_eth(&tags, ETH_VLAN);
	for (size_t i = 0; i < 100; i++)
		wr_copy(&tags, (uint8_t[]){ 0, 1, 0x81, 0x00 }, 4);
	dissect(&p, 1, frame, tags.len, tags.len);
	assert_int_equal(p.stopped_in, PKT_VLAN);
	assert_true(p.n_tags >= ETH_MAX_TAGS && p.eth.n_tags == ETH_MAX_TAGS);
	memset(frame + 14, 0, sizeof(frame) - 14);
	memcpy(frame + 12, (uint8_t[]){ 0x88, 0x47 }, 2);	/* labels without a bottom */
	dissect(&p, 1, frame, sizeof(frame), sizeof(frame));
	assert_true(p.stopped == V_SHORT && !p.snapped && p.stopped_in == PKT_MPLS);
}

static void a_tag_inside_a_tunnel_is_not_the_outer_frame_s(void **state)
{
	uint8_t frame[200];
	struct wr w = wr_over(frame, sizeof(frame));
	struct pkt p;

	(void)state;
	put_eth(&w, ETH_VLAN);
	wr_copy(&w, (uint8_t[]){ 0, 9, 0x08, 0x00 }, 4);
	put_ip4(&w, IP_PROTO_GRE, 8 + IP_TCP_LEN);
	wr_copy(&w, (uint8_t[]){ 0, 0, 0x81, 0x00, 0, 5, 0x08, 0x00 }, 8);
	put_ip4_tcp(&w);
	dissect(&p, 1, frame, w.len, w.len);
	is_the_segment(&p);
	assert_true(p.n_tags == 1 && p.eth.n_tags == 1 && p.eth.tag[0].tci == 9);
}

static void what_is_not_read_is_named_by_its_number(void **state)
{
	/* clang-format off */
	static const struct { uint32_t linktype; uint8_t bytes[40]; enum pkt_space space;
			      uint32_t value; } kind[] = {
		{ 105, { 0 }, PKT_BY_LINKTYPE, 105 },
		{ 1, { [12] = 0x88, 0xcc }, PKT_BY_ETHERTYPE, 0x88cc },
		{ 1, { [12] = 0, 20, 0x42, 0x42, 3 }, PKT_BY_SAP, 0x42 },
		{ 1, { [12] = 0, 20, 0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20 }, PKT_BY_SAP, 0xaa },
		{ 101, { 0x50 }, PKT_BY_VERSION, 5 },
		{ 101, { 0x45, [3] = 40, [9] = 89 }, PKT_BY_IP_PROTO, 89 },
		{ 101, { 0x45, [3] = 40, [9] = 60 }, PKT_BY_IP_PROTO, 60 },
		{ 0, { 7 }, PKT_BY_LOOPBACK, 7 },
		{ 9, { 0xc0, 0x21 }, PKT_BY_PPP, 0xc021 },
		{ 113, { [14] = 0x00, 0x0c }, PKT_BY_ETHERTYPE, 12 },
		{ 129, { 1, 2, 0, 0, 0xf1, 0, 7, 8, 0, 1, 4, 0, 1 }, PKT_BY_ARP_TYPE, 7 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < LENGTH(kind); i++) {
		struct pkt p;
		dissect(&p, kind[i].linktype, kind[i].bytes, sizeof(kind[i].bytes), 40);
		assert_int_equal(p.stopped, V_UNSUPPORTED);
		assert_int_equal(p.stopped_in, PKT_NONE);
		assert_int_equal(p.stopped_space, kind[i].space);
		assert_int_equal(p.stopped_value, kind[i].value);
	}
}

static void arp_is_read_whole_and_rarp_with_it(void **state)
{
	uint8_t frame[ARP_FRAME_MAX];
	struct eth_hdr eth = { .src = { { 2, 0, 0, 0, 0, 1 } }, .type = ETH_ARP };
	struct arp_msg ask = { .op = ARP_REQUEST, .sender_ip = alice, .target_ip = bob };
	size_t len = arp_frame_build(frame, &eth, &ask);
	struct pkt p;

	(void)state;
	dissect(&p, 1, frame, len, len);
	assert_int_equal(p.stopped, V_OK);
	assert_ip(p.arp.target_ip, bob);
	assert_int_equal(p.arp_fixed.op, ARP_REQUEST);
	assert_int_equal(p.padding.len, 18);
	assert_int_equal(p.payload_wire, 0);
	frame[12] = 0x80;
	frame[13] = 0x35;
	frame[21] = 3;
	dissect(&p, 1, frame, len, len);
	assert_true(pkt_has(&p, PKT_ARP) && p.arp_fixed.op == 3);
}

static void an_empty_frame_is_too_short(void **state)
{
	struct tcp_options o;
	struct pkt p;
	size_t at;

	(void)state;
	dissect(&p, 1, NULL, 0, 0);
	assert_int_equal(p.stopped, V_SHORT);
	assert_int_equal(p.n_layers, 0);
	assert_int_equal(pkt_tcp_options(&p, &o, &at), V_UNSUPPORTED);
	for (int k = 0; k < PKT_KINDS; k++)
		for (int l = 0; l < k; l++)
			assert_string_not_equal(pkt_kind_name((enum pkt_kind)k),
						pkt_kind_name((enum pkt_kind)l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_is_found_behind_ethernet_and_padding_is_what_is_left),
		cmocka_unit_test(every_link_type_leads_to_the_same_segment),
		cmocka_unit_test(every_tunnel_is_gone_through),
		cmocka_unit_test(a_segment_in_front_of_another_ip_header_is_not_summed),
		cmocka_unit_test(a_tunnel_s_port_with_other_bytes_is_a_plain_datagram),
		cmocka_unit_test(lengths_come_from_ip_not_from_the_capture),
		cmocka_unit_test(a_segment_whose_offset_lies_is_listed_and_said_to_lie),
		cmocka_unit_test(an_icmp_error_quotes_a_segment_that_is_not_the_frame_s_own),
		cmocka_unit_test(a_quote_that_is_nested_too_deeply_leaves_the_error_as_it_is),
		cmocka_unit_test(an_icmp6_error_quotes_too_and_is_checked_with_its_addresses),
		cmocka_unit_test(a_fragment_is_a_piece_and_the_whole_is_dissected_when_it_is_there),
		cmocka_unit_test(rfc6946_an_atomic_fragment_is_read_on),
		cmocka_unit_test(rfc2675_a_jumbogram_s_length_is_in_its_option),
		cmocka_unit_test(rfc8200_8_1_the_sum_is_over_the_final_destination),
		cmocka_unit_test(nesting_ends_somewhere),
		cmocka_unit_test(a_tag_inside_a_tunnel_is_not_the_outer_frame_s),
		cmocka_unit_test(what_is_not_read_is_named_by_its_number),
		cmocka_unit_test(arp_is_read_whole_and_rarp_with_it),
		cmocka_unit_test(an_empty_frame_is_too_short),
	};

	return cmocka_run_group_tests_name("pkt", tests, NULL, NULL);
}
