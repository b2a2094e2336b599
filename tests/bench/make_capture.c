/*
 * make_capture FILE SHAPE PACKETS SNAPLEN SEED - a pcap file of many TCP connections at once
 *
 *	short		2,000 at a time: handshake, questions and answers with some loss, then a FIN
 *			from either side or both, or a RST; some are refused, some never answered
 *	bulk		64 at a time that only pull data, 300 to 60,000 segments each
 *	handshakes	each opens, three packets, and stays open; 1,000 are under way at a time
 *
 * The same arguments make the same bytes.  What it wrote is printed as "name number" pairs:
 * whoever reads the file can be asked for the same.  Checksums are right and times grow;
 * the 96 bytes of a usual snaplen hold every header.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/eth.h"
#include "wirelab/ip6.h"
#include "wirelab/tcp.h"

#define MSS 1448u		/* payload of a full segment with timestamps */
#define FRAME_MAX 1600u
#define FRONT_MAX (ETH_HEADER_LEN + IP6_HEADER_LEN)
#define PATTERN ((size_t)1 << 16)
#define LIVE_MAX 2000u
#define DUP_ACKS 3u		/* RFC 5681 3.2 */

enum shape { SHORT, BULK, HANDSHAKES, SHAPES };

static const struct shape_facts {
	const char *name;
	uint32_t live;			/* connections at a time */
} shapes[SHAPES] = {
	[SHORT] = { "short", LIVE_MAX }, [BULK] = { "bulk", 64 }, [HANDSHAKES] = { "handshakes", 1000 },
};

enum ending { END_FIN4, END_FIN3, END_HALF, END_RST, END_REFUSED, END_SILENT, END_OPEN };

enum phase {
	PH_SYN, PH_SYNACK, PH_ACK, PH_ASK, PH_ANSWER, PH_ANSWER_ACK, PH_DUP_ACK, PH_AGAIN, PH_CLOSE,
	PH_FIN_ACK, PH_LAST_WORD, PH_FIN2, PH_FIN2_ACK, PH_OVER
};

/* Side 0 opens it and asks, side 1 answers. */
struct flow {
	uint32_t id;
	enum ending ending;
	enum phase phase;
	bool ip6, timestamps;
	uint32_t questions, segments;	/* yet to come, and of the present answer */
	uint32_t next[2];		/* sequence number of each side's next byte */
	uint32_t got[2];		/* and how far each has the other's bytes */
	uint32_t stamp[2];		/* the timestamp that each sent last */
	uint32_t tries, dup_acks;
	uint32_t lost_at, lost_len;	/* of side 1; lost before it passed us */
};

struct maker {
	FILE *f;
	enum shape shape;
	uint32_t snaplen;
	uint64_t random, now_us;
	uint64_t packets, bytes;
	uint32_t flows, fins, resets, refused;
	struct flow live[LIVE_MAX];
	uint8_t pattern[PATTERN];
};

static uint32_t random_below(struct maker *m, uint32_t n)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (uint32_t)((m->random >> 32) * n >> 32);
}

static bool one_in(struct maker *m, uint32_t n)
{
	return random_below(m, n) == 0;
}

/* ---- a segment's bytes ------------------------------------------------------------------- */

struct seg {
	unsigned from;
	uint16_t flags;
	uint32_t seq, ack, len;
	uint32_t sack_from, sack_to;	/* equal: none */
};

static size_t put_options(const struct flow *fl, const struct seg *s,
			  uint8_t options[static TCP_OPTIONS_MAX])
{
	struct wr w = wr_over(options, TCP_OPTIONS_MAX);

	if (s->flags & TCP_SYN)
		wr_copy(&w, (uint8_t[]){ TCP_KIND_MSS, 4, 0x05, 0xb4, TCP_KIND_SACK_OK, 2 }, 6);
	else if (fl->timestamps)
		wr_copy(&w, (uint8_t[]){ TCP_KIND_NOP, TCP_KIND_NOP }, 2);
	if (fl->timestamps) {
		wr_copy(&w, (uint8_t[]){ TCP_KIND_TS, 10 }, 2);
		wr_be32(&w, fl->stamp[s->from]);
		wr_be32(&w, s->flags & TCP_ACK ? fl->stamp[!s->from] : 0);
	}
	if (s->flags & TCP_SYN)
		wr_copy(&w, (uint8_t[]){ TCP_KIND_NOP, TCP_KIND_WSCALE, 3, 7 }, 4);
	if (s->sack_from != s->sack_to) {
		wr_copy(&w, (uint8_t[]){ TCP_KIND_NOP, TCP_KIND_NOP, TCP_KIND_SACK, 10 }, 4);
		wr_be32(&w, s->sack_from);
		wr_be32(&w, s->sack_to);
	}
	return w.len;
}

/* Each connection has its own pair of address and port. */
static uint32_t client_number(const struct flow *fl)
{
	return fl->id / 50000;
}

static uint16_t port_of(const struct flow *fl, unsigned side)
{
	return side ? 443 : (uint16_t)(10000 + fl->id % 50000);
}

static struct ip4 address4(const struct flow *fl, unsigned side)
{
	return ip4_from_number(side ? 0x0a800001 : 0x0a000001 + client_number(fl));
}

static struct ip6 address6(const struct flow *fl, unsigned side)
{
	return (struct ip6){ { 0x20, 0x01, 0x0d, 0xb8, [14] = side ? 0 : (uint8_t)client_number(fl),
			       [15] = side ? 1 : 2 } };
}

static void put_network(struct wr *w, const struct flow *fl, unsigned from, uint32_t len)
{
	struct eth_hdr eth = { .type = fl->ip6 ? ETH_IPV6 : ETH_IPV4,
			       .dst = { { 2, 0, 0, 0, 0, (uint8_t)(2 - from) } },
			       .src = { { 2, 0, 0, 0, 0, (uint8_t)(1 + from) } } };

	eth_build(w, &eth);
	if (fl->ip6)
		ip6_build(w, &(struct ip6_hdr){ .payload_len = (uint16_t)len, .next = IP_PROTO_TCP,
						.hop_limit = 64, .src = address6(fl, from),
						.dst = address6(fl, !from) });
	else
		ip4_build(w, &(struct ip4_hdr){ .total_len = (uint16_t)(IP4_HEADER_MIN + len),
						.id = (uint16_t)fl->next[from], .ttl = 64,
						.dont_fragment = true, .proto = IP_PROTO_TCP,
						.src = address4(fl, from), .dst = address4(fl, !from) });
}

/* The segment is built first: the headers in front of it want its length. */
static void put_frame(const struct maker *m, struct wr *w, const struct flow *fl,
		      const struct seg *s)
{
	uint8_t options[TCP_OPTIONS_MAX], segment[FRAME_MAX];
	size_t options_len = put_options(fl, s, options);
	struct wr t = wr_over(segment, sizeof(segment));
	struct tcp_hdr h = { .sport = port_of(fl, s->from), .dport = port_of(fl, !s->from),
			     .seq = s->seq, .ack = s->flags & TCP_ACK ? s->ack : 0,
			     .flags = s->flags, .window = s->flags & TCP_SYN ? 64240 : 501 };

	tcp_build(&t, &h, options, options_len);
	wr_copy(&t, m->pattern + s->seq % (PATTERN - MSS), s->len);
	if (fl->ip6)
		tcp_seal6(segment, t.len, address6(fl, s->from), address6(fl, !s->from));
	else
		tcp_seal4(segment, t.len, address4(fl, s->from), address4(fl, !s->from));
	put_network(w, fl, s->from, (uint32_t)t.len);
	wr_copy(w, segment, t.len);
	eth_pad(w);
}

static void put_segment(struct maker *m, struct flow *fl, const struct seg *s)
{
	uint8_t frame[FRAME_MAX];
	struct wr w = wr_over(frame, sizeof(frame));

	m->now_us += 1 + random_below(m, 20);
	fl->stamp[s->from] = (uint32_t)(m->now_us / 1000);
	put_frame(m, &w, fl, s);
	uint32_t kept = w.len < m->snaplen ? (uint32_t)w.len : m->snaplen;
	uint32_t record[4] = { (uint32_t)(1700000000 + m->now_us / 1000000),
			       (uint32_t)(m->now_us % 1000000), kept, (uint32_t)w.len };
	(void)fwrite(record, sizeof(record), 1, m->f);
	(void)fwrite(frame, kept, 1, m->f);
	m->packets++;
	m->bytes += sizeof(record) + kept;
}

/* ---- a connection's course ------------------------------------------------------------------ */

/* The side's next segment; what it takes of the sequence space is sent, and received. */
static void say(struct maker *m, struct flow *fl, unsigned from, uint16_t flags, uint32_t len)
{
	struct seg s = { .from = from, .flags = flags, .seq = fl->next[from], .ack = fl->got[from],
			 .len = len };

	put_segment(m, fl, &s);
	fl->next[from] += len + !!(flags & TCP_SYN) + (flags & TCP_FIN);
	if (!fl->lost_len)
		fl->got[!from] = fl->next[from];
}

static void say_missing(struct maker *m, struct flow *fl)
{
	struct seg s = { .from = 0, .flags = TCP_ACK, .seq = fl->next[0], .ack = fl->lost_at,
			 .sack_from = fl->lost_at + fl->lost_len, .sack_to = fl->next[1] };

	put_segment(m, fl, &s);
}

static void send_again(struct maker *m, struct flow *fl)
{
	struct seg s = { .from = 1, .flags = TCP_ACK | TCP_PSH, .seq = fl->lost_at,
			 .ack = fl->got[1], .len = fl->lost_len };

	put_segment(m, fl, &s);
	fl->lost_len = 0;
	fl->got[0] = fl->next[1];
}

/* One segment of the answer; one in 200 that is followed by others never passes us. */
static enum phase answer(struct maker *m, struct flow *fl)
{
	if (!fl->lost_len && fl->segments > DUP_ACKS + 1 && one_in(m, 200)) {
		fl->lost_at = fl->next[1];
		fl->lost_len = MSS;
		fl->next[1] += MSS;
		fl->segments--;
		fl->dup_acks = 0;
	}
	fl->segments--;
	say(m, fl, 1, fl->segments ? TCP_ACK : TCP_ACK | TCP_PSH,
	    fl->segments ? MSS : 1 + random_below(m, MSS));
	if (fl->lost_len)
		return PH_DUP_ACK;
	/* Two at a time are acknowledged (RFC 1122 4.2.3.2); fast receivers take more. */
	bool due = fl->segments == 0 || fl->segments % (m->shape == BULK ? 4 : 2) == 0;
	return due ? PH_ANSWER_ACK : PH_ANSWER;
}

static enum phase behind_answer(struct maker *m, struct flow *fl)
{
	if (fl->segments)
		return PH_ANSWER;
	if (--fl->questions) {
		fl->segments = 1 + random_below(m, 5);
		return PH_ASK;
	}
	return PH_CLOSE;
}

static enum phase begin_close(struct maker *m, struct flow *fl)
{
	if (fl->ending == END_RST) {
		say(m, fl, 0, TCP_RST | TCP_ACK, 0);
		m->resets++;
		return PH_OVER;
	}
	say(m, fl, 0, TCP_FIN | TCP_ACK, 0);
	return fl->ending == END_FIN3 ? PH_FIN2 : PH_FIN_ACK;
}

static enum phase answer_syn(struct maker *m, struct flow *fl)
{
	if (fl->ending == END_REFUSED) {
		fl->next[1] = 0;
		say(m, fl, 1, TCP_RST | TCP_ACK, 0);
		m->refused++;
		return PH_OVER;
	}
	say(m, fl, 1, TCP_SYN | TCP_ACK, 0);
	return PH_ACK;
}

static enum phase send_syn(struct maker *m, struct flow *fl)
{
	uint32_t isn = fl->next[0];

	say(m, fl, 0, TCP_SYN, 0);
	if (fl->ending != END_SILENT)
		return PH_SYNACK;
	fl->next[0] = isn;
	return ++fl->tries == 3 ? PH_OVER : PH_SYN;
}

/* Exactly one packet. */
static enum phase step(struct maker *m, struct flow *fl)
{
	switch (fl->phase) {
	case PH_SYN:
		return send_syn(m, fl);
	case PH_SYNACK:
		return answer_syn(m, fl);
	case PH_ACK:
		say(m, fl, 0, TCP_ACK, 0);
		return m->shape == HANDSHAKES ? PH_OVER : PH_ASK;
	case PH_ASK:
		say(m, fl, 0, TCP_ACK | TCP_PSH, 60 + random_below(m, 500));
		return PH_ANSWER;
	case PH_ANSWER:
		return answer(m, fl);
	case PH_ANSWER_ACK:
		say(m, fl, 0, TCP_ACK, 0);
		return behind_answer(m, fl);
	case PH_DUP_ACK:
		say_missing(m, fl);
		return ++fl->dup_acks == DUP_ACKS || !fl->segments ? PH_AGAIN : PH_ANSWER;
	case PH_AGAIN:
		send_again(m, fl);
		return PH_ANSWER_ACK;
	case PH_CLOSE:
		return begin_close(m, fl);
	case PH_FIN_ACK:
		say(m, fl, 1, TCP_ACK, 0);
		return fl->ending == END_HALF ? PH_LAST_WORD : PH_FIN2;
	case PH_LAST_WORD:
		say(m, fl, 1, TCP_ACK | TCP_PSH, 1 + random_below(m, MSS));
		return PH_FIN2;
	case PH_FIN2:
		say(m, fl, 1, TCP_FIN | TCP_ACK, 0);
		m->fins++;
		return PH_FIN2_ACK;
	case PH_FIN2_ACK:
		say(m, fl, 0, TCP_ACK, 0);
		return PH_OVER;
	case PH_OVER:
		break;
	}
	return PH_OVER;
}

static enum ending draw_ending(struct maker *m)
{
	static const struct { uint32_t below; enum ending ending; } part[] = {
		{ 40, END_FIN4 }, { 65, END_FIN3 }, { 75, END_HALF }, { 87, END_RST },
		{ 93, END_REFUSED }, { 96, END_SILENT }, { 100, END_OPEN } };
	uint32_t drawn = random_below(m, 100);
	size_t i = 0;

	while (drawn >= part[i].below)
		i++;
	return part[i].ending;
}

static void begin_flow(struct maker *m, struct flow *fl)
{
	*fl = (struct flow){ .id = m->flows++, .timestamps = !one_in(m, 10), .ip6 = one_in(m, 20) };
	fl->next[0] = random_below(m, UINT32_MAX);
	fl->next[1] = random_below(m, UINT32_MAX);
	if (m->shape == HANDSHAKES)
		return;
	if (m->shape == BULK) {
		fl->questions = 1;
		fl->segments = 300u << random_below(m, 8);
		return;
	}
	fl->ending = draw_ending(m);
	fl->questions = 1 + random_below(m, 3);
	fl->segments = 1 + random_below(m, 6);
}

/* Somebody's next few packets: they come in bursts. */
static void round_of(struct maker *m, uint64_t packets)
{
	struct flow *fl = &m->live[random_below(m, shapes[m->shape].live)];
	uint32_t burst = 1 + random_below(m, m->shape == BULK ? 16 : 4);

	while (burst-- && m->packets < packets) {
		if (fl->phase == PH_OVER)
			begin_flow(m, fl);
		enum phase then = step(m, fl);
		/* An ending without a packet of its own; the slot is another's next time. */
		fl->phase = then == PH_CLOSE && fl->ending == END_OPEN ? PH_OVER : then;
	}
}

/* False: not everything could be written. */
static bool make(struct maker *m, uint64_t packets)
{
	uint32_t header[6] = { 0xa1b2c3d4, 4u << 16 | 2u, 0, 0, m->snaplen, 1 };

	for (size_t i = 0; i < PATTERN; i++)
		m->pattern[i] = (uint8_t)random_below(m, 256);
	for (size_t i = 0; i < LIVE_MAX; i++)
		m->live[i].phase = PH_OVER;
	(void)fwrite(header, sizeof(header), 1, m->f);
	m->bytes = sizeof(header);
	while (m->packets < packets)
		round_of(m, packets);
	bool lost = ferror(m->f);
	return fclose(m->f) == 0 && !lost;
}

static bool shape_of(const char *name, enum shape *out)
{
	for (unsigned i = 0; i < SHAPES; i++)
		if (strcmp(shapes[i].name, name) == 0) {
			*out = (enum shape)i;
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	static struct maker m;

	if (argc != 6 || !shape_of(argv[2], &m.shape)) {
		fprintf(stderr, "usage: make_capture FILE short|bulk|handshakes PACKETS SNAPLEN SEED\n");
		return 2;
	}
	m.snaplen = (uint32_t)strtoul(argv[4], NULL, 10);
	/* Zero is the one state that xorshift never leaves. */
	m.random = (strtoull(argv[5], NULL, 10) + 1) * UINT64_C(0x9e3779b97f4a7c15);
	m.f = fopen(argv[1], "wb");
	if (!m.f || !make(&m, strtoull(argv[3], NULL, 10))) {
		perror(argv[1]);
		return 1;
	}
	printf("packets %llu bytes %llu flows %u fins %u resets %u refused %u\n",
	       (unsigned long long)m.packets, (unsigned long long)m.bytes, m.flows, m.fins,
	       m.resets, m.refused);
	return 0;
}
