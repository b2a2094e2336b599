/* wire_scene.h - frames that hosts of a small network send, for tests of the wire */
#ifndef WIRELAB_TESTS_WIRE_SCENE_H
#define WIRELAB_TESTS_WIRE_SCENE_H

#include "told.h"

#include "wirelab/pkt.h"

#define SCENE_FRAME_MAX 1600u

/* Host n of the network: 02:00:00:00:00:0n, 10.0.0.n. */
static inline struct mac mac_of(unsigned n)
{
	return (struct mac){ { 2, 0, 0, 0, 0, (uint8_t)n } };
}

static inline struct ip4 ip_of(unsigned n)
{
	return (struct ip4){ { 10, 0, 0, (uint8_t)n } };
}

struct scene_frame {
	uint8_t bytes[SCENE_FRAME_MAX];
	size_t len;
};

struct scene_segment {
	unsigned from, to;		/* hosts; the one with the lower number has port 1000 */
	uint16_t flags, id;
	uint32_t seq, ack;
	size_t payload;
	const void *options;
	size_t n_options;
};

static inline size_t scene_ip(struct wr *w, unsigned from, unsigned to, uint8_t proto, uint16_t id,
			      size_t payload)
{
	struct eth_hdr eth = { .dst = mac_of(to), .src = mac_of(from), .type = ETH_IPV4 };
	struct ip4_hdr ip = { .total_len = (uint16_t)(IP4_HEADER_MIN + payload), .id = id,
			      .ttl = 64, .proto = proto, .src = ip_of(from), .dst = ip_of(to) };

	eth_build(w, &eth);
	ip4_build(w, &ip);
	return w->len;
}

static inline struct scene_frame tcp_frame(const struct scene_segment *s)
{
	struct scene_frame f = { .len = 0 };
	struct wr w = wr_over(f.bytes, sizeof(f.bytes));
	bool forth = s->from < s->to;
	struct tcp_hdr h = { .sport = forth ? 1000 : 80, .dport = forth ? 80 : 1000, .seq = s->seq,
			     .ack = s->ack, .flags = s->flags, .window = 500 };
	size_t options = (s->n_options + 3) / 4 * 4, len = TCP_HEADER_MIN + options + s->payload;
	size_t at = scene_ip(&w, s->from, s->to, IP_PROTO_TCP, s->id, len);

	tcp_build(&w, &h, s->options, s->n_options);
	for (size_t i = 0; i < s->payload; i++)
		wr_u8(&w, (uint8_t)('a' + i % 26));
	assert_true(wr_ok(&w));
	tcp_seal4(f.bytes + at, len, ip_of(s->from), ip_of(s->to));
	f.len = w.len;
	return f;
}

/* len bytes in all, at least the 14 of the header: nothing that anybody understands. */
static inline struct scene_frame plain_frame(struct mac dst, struct mac src, size_t len)
{
	struct scene_frame f = { .len = len };
	struct wr w = wr_over(f.bytes, sizeof(f.bytes));

	eth_build(&w, &(struct eth_hdr){ .dst = dst, .src = src, .type = 0x88b5 });
	return f;
}

static inline struct pkt seen_in(const uint8_t *frame, size_t len)
{
	struct pkt p;

	pkt_dissect(&p, 1, frame, (uint32_t)len, (uint32_t)len);
	return p;
}

#endif
