#include "wirelab/tcp_segment.h"

#include "wirelab/csum.h"

#include <string.h>

static void take_addresses(struct tcp_segment *out, const struct pkt *p)
{
	out->family = p->ip_version;
	if (p->ip_version == 4) {
		out->ip_id = p->ip4.id;
		memset(out->addr, 0, sizeof(out->addr));
		memcpy(out->addr[0], p->ip4.src.b, sizeof(p->ip4.src.b));
		memcpy(out->addr[1], p->ip4.dst.b, sizeof(p->ip4.dst.b));
	} else {
		out->ip_id = 0;
		memcpy(out->addr[0], p->ip6.src.b, sizeof(p->ip6.src.b));
		memcpy(out->addr[1], p->ip6.dst.b, sizeof(p->ip6.dst.b));
	}
}

bool tcp_segment_from(struct tcp_segment *out, struct tcp_options *options, const struct pkt *p)
{
	size_t at;

	if (!pkt_has(p, PKT_TCP) || p->tcp_here < 4 || p->ip_version == 0)
		return false;
	take_addresses(out, p);
	out->port[0] = p->tcp.sport;
	out->port[1] = p->tcp.dport;
	out->header_cut = p->tcp_here < TCP_HEADER_MIN;
	out->flags = p->tcp.flags;
	out->window = p->tcp.window;
	out->seq = p->tcp.seq;
	out->ack = p->tcp.ack;
	out->payload = p->payload_wire;
	out->checksum = p->tcp.checksum;
	out->sum = TCP_SUM_UNKNOWN;
	out->options = NULL;
	if (p->tcp_here > TCP_HEADER_MIN) {
		(void)pkt_tcp_options(p, options, &at);
		out->options = options;
	}
	return true;
}

bool tcp_segment_quoted(struct tcp_segment *out, const struct pkt *p)
{
	const struct pkt_quote *q = &p->quote;
	struct tcp_segment seg = { .family = q->ip_version, .seq = q->seq,
				   .port = { q->sport, q->dport } };

	if (!(pkt_has(p, PKT_ICMP4) || pkt_has(p, PKT_ICMP6)) || !p->icmp.quotes ||
	    q->proto != PKT_TCP || !q->has_seq)
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

static uint32_t pseudo_sum(const struct pkt *p, uint32_t len)
{
	return p->ip_version == 4 ? ip4_pseudo_sum(p->ip4.src, p->ip4.dst, IP_PROTO_TCP, len) :
				    ip6_pseudo_sum(p->ip6.src, p->ip6_final, IP_PROTO_TCP, len);
}

static bool is_partial(const struct pkt *p)
{
	/* A field is the complement of its sum; a partial one is the sum itself. */
	uint16_t field = (uint16_t)~p->tcp.checksum;

	return field == csum_fold(pseudo_sum(p, p->segment_wire)) ||
	       field == csum_fold(pseudo_sum(p, 0));
}

void tcp_segment_check(struct tcp_segment *seg, const struct pkt *p)
{
	switch (pkt_check(p, PKT_TCP)) {
	case V_OK:
		seg->sum = TCP_SUM_GOOD;
		break;
	case V_CHECKSUM:
		seg->sum = is_partial(p) ? TCP_SUM_PARTIAL : TCP_SUM_BAD;
		break;
	default:
		seg->sum = TCP_SUM_UNKNOWN;
	}
}
