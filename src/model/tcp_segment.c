#include "wirelab/tcp_segment.h"

#include <string.h>

static bool take_addresses(struct tcp_segment *out, const struct pkt *p)
{
	out->family = p->ip_version;
	if (p->ip_version == 4) {
		memcpy(out->addr[0], p->ip4.src.b, sizeof(p->ip4.src.b));
		memcpy(out->addr[1], p->ip4.dst.b, sizeof(p->ip4.dst.b));
	} else if (p->ip_version == 6) {
		memcpy(out->addr[0], p->ip6.src.b, sizeof(p->ip6.src.b));
		memcpy(out->addr[1], p->ip6.dst.b, sizeof(p->ip6.dst.b));
	}
	return p->ip_version != 0;
}

bool tcp_segment_from(struct tcp_segment *out, struct tcp_options *options, const struct pkt *p)
{
	struct tcp_segment seg = { 0 };
	size_t at;

	if (!pkt_has(p, PKT_TCP) || p->tcp_here < 4 || !take_addresses(&seg, p))
		return false;
	seg.port[0] = p->tcp.sport;
	seg.port[1] = p->tcp.dport;
	seg.header_cut = p->tcp_here < TCP_HEADER_MIN;
	seg.flags = p->tcp.flags;
	seg.window = p->tcp.window;
	seg.seq = p->tcp.seq;
	seg.ack = p->tcp.ack;
	seg.payload = p->payload_wire;
	if (p->tcp_here > TCP_HEADER_MIN) {
		(void)pkt_tcp_options(p, options, &at);
		seg.options = options;
	}
	seg.when = out->when;
	seg.frame = out->frame;
	seg.wire_bytes = out->wire_bytes;
	*out = seg;
	return true;
}

bool tcp_segment_quoted(struct tcp_segment *out, const struct pkt *p)
{
	const struct pkt_quote *q = &p->quote;
	struct tcp_segment seg = { .family = q->ip_version, .seq = q->seq,
				   .port = { q->sport, q->dport } };

	if (!p->icmp.quotes || q->proto != PKT_TCP || !q->has_seq)
		return false;
	if (q->ip_version == 4) {
		memcpy(seg.addr[0], q->src4.b, sizeof(q->src4.b));
		memcpy(seg.addr[1], q->dst4.b, sizeof(q->dst4.b));
	} else {
		memcpy(seg.addr[0], q->src6.b, sizeof(q->src6.b));
		memcpy(seg.addr[1], q->dst6.b, sizeof(q->dst6.b));
	}
	*out = seg;
	return true;
}
