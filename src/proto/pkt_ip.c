/* From the IP header to the transport's: IPv4, IPv6, ICMP with what it quotes, UDP, TCP. */
#include "pkt_impl.h"

/* The length that an IP header gives its packet, header included, when cap is still whole. */
static void ip_length(struct walk *w, uint32_t total)
{
	if (!w->quoted && total > w->wire)
		w->p->overrun = true;
	limit(w, total);
}

static void fragment(struct walk *w, uint32_t id, uint32_t offset, bool more, uint8_t proto)
{
	/* The first piece that an error quotes still has the ports at its front. */
	if (w->quoted) {
		if (offset)
			done(w);
		return;
	}
	w->p->is_fragment = true;
	w->p->frag = (struct pkt_frag){ id, offset, more, proto };
	done(w);
}

/* How long the header is cannot be told before its first byte is here. */
static bool need_ip4(struct walk *w)
{
	uint32_t len = w->cap ? (w->at[0] & 0xfu) * 4 : 0;

	return need(w, PKT_IP4, len < IP4_HEADER_MIN ? IP4_HEADER_MIN : len);
}

static void quote_ip4(struct walk *w, const struct ip4_hdr *h)
{
	w->p->quote = (struct pkt_quote){ .ip_version = 4, .src4 = h->src, .dst4 = h->dst };
}

static void ip4_length(struct walk *w, const struct ip4_hdr *h)
{
	if (h->total_len)
		ip_length(w, h->total_len);
	else if (!w->quoted)
		w->p->no_length = true;
}

void walk_ip4(struct walk *w)
{
	struct pkt *p = w->p;
	struct rd r = rd_over(w->at, w->cap);
	struct ip4_hdr h;

	enum verdict v = ip4_parse_header(&r, &h);
	if (v != V_OK) {
		if (v != V_SHORT || need_ip4(w))
			wrong(w, PKT_IP4, v);
		return;
	}
	ip4_length(w, &h);
	if (!layer(w, PKT_IP4, h.header_len))
		return;
	w->in_ip6 = false;
	if (w->quoted) {
		quote_ip4(w, &h);
	} else {
		p->ip_version = 4;
		p->segment_kind = PKT_NONE;
		p->ip4 = h;
	}
	then(w, PKT_BY_IP_PROTO, h.proto);
	if (ip4_is_fragment(&h))
		fragment(w, h.id, h.frag_offset, h.more_fragments, h.proto);
}

static void quote_ip6(struct walk *w, const struct ip6_hdr *h)
{
	w->p->quote = (struct pkt_quote){ .ip_version = 6, .src6 = h->src, .dst6 = h->dst };
}

static void ip6_length(struct walk *w, const struct ip6_hdr *h)
{
	if (h->payload_len || h->next == IP_PROTO_NONE)
		ip_length(w, IP6_HEADER_LEN + h->payload_len);
	else if (!w->quoted)
		w->p->no_length = true;
}

void walk_ip6(struct walk *w)
{
	struct pkt *p = w->p;
	struct rd r = rd_over(w->at, w->cap);
	struct ip6_hdr h;

	if (!need(w, PKT_IP6, IP6_HEADER_LEN))
		return;
	enum verdict v = ip6_parse_header(&r, &h);
	if (v != V_OK) {
		wrong(w, PKT_IP6, v);
		return;
	}
	ip6_length(w, &h);
	if (!layer(w, PKT_IP6, IP6_HEADER_LEN))
		return;
	w->in_ip6 = true;
	if (w->quoted) {
		quote_ip6(w, &h);
	} else {
		p->ip_version = 6;
		p->segment_kind = PKT_NONE;
		p->ip6 = h;
		p->ip6_final = h.dst;
	}
	then(w, PKT_BY_IP_PROTO, h.next);
}

void walk_version(struct walk *w)
{
	if (!need(w, PKT_NONE, 1))
		return;
	if (w->at[0] >> 4 == 4)
		walk_ip4(w);
	else if (w->at[0] >> 4 == 6)
		walk_ip6(w);
	else
		unsupported(w, PKT_BY_VERSION, w->at[0] >> 4);
}

static bool need_ext(struct walk *w, uint8_t proto)
{
	uint32_t len = 8;

	if (w->cap >= 2 && proto == IP_PROTO_AH)
		len = (w->at[1] + 2u) * 4;
	else if (w->cap >= 2 && proto != IP_PROTO_FRAGMENT)
		len = (w->at[1] + 1u) * 8;
	return need(w, PKT_IP6_EXT, len);
}

static void ext_facts(struct walk *w, const struct ip6_ext *e)
{
	if (w->quoted)
		return;
	if (e->has_final)
		w->p->ip6_final = e->final;
	/* Only where the header itself could not say it (RFC 2675 3). */
	if (e->jumbo_len && w->in_ip6 && w->p->ip6.payload_len == 0) {
		w->p->no_length = false;
		ip_length(w, e->jumbo_len < e->len ? e->len : e->jumbo_len);
	}
}

static void walk_ext(struct walk *w, uint8_t proto)
{
	struct rd r = rd_over(w->at, w->cap);
	struct ip6_ext e;

	enum verdict v = ip6_parse_ext(&r, proto, &e);
	if (v != V_OK) {
		if (v != V_SHORT || need_ext(w, proto))
			wrong(w, PKT_IP6_EXT, v);
		return;
	}
	ext_facts(w, &e);
	if (!layer(w, PKT_IP6_EXT, e.len))
		return;
	then(w, PKT_BY_IP_PROTO, e.next);
	/* A fragment that is the whole datagram is processed at once (RFC 6946 4). */
	if (proto == IP_PROTO_FRAGMENT && (e.frag_offset || e.more_fragments))
		fragment(w, e.id, e.frag_offset, e.more_fragments, e.next);
}

static void segment_here(struct walk *w, enum pkt_kind kind)
{
	w->p->segment_kind = (uint8_t)kind;
	w->p->segment = (struct pkt_span){ w->off, w->cap };
	w->p->segment_wire = w->wire;
}

/* ---- TCP ---------------------------------------------------------------------------- */

/* Eight bytes hold the ports and the sequence number: RFC 792 quotes no more than that. */
static void quote_tcp(struct walk *w)
{
	struct pkt_quote *q = &w->p->quote;
	uint32_t len = w->cap < TCP_HEADER_MIN ? w->cap : (w->at[12] >> 4) * 4u;

	done(w);
	if (w->cap < 4)
		return;
	q->proto = PKT_TCP;
	q->sport = be16_at(w->at);
	q->dport = be16_at(w->at + 2);
	q->has_seq = w->cap >= 8;
	q->seq = q->has_seq ? be32_at(w->at + 4) : 0;
	if (len < TCP_HEADER_MIN && w->cap >= TCP_HEADER_MIN)
		len = TCP_HEADER_MIN;
	(void)layer(w, PKT_TCP, len < w->cap ? len : w->cap);
}

/* What was not captured of the header is not payload. */
static void hidden(struct walk *w)
{
	uint32_t header_len = w->p->tcp.header_len, here = w->p->tcp_here;

	if (header_len > here && header_len - here <= w->wire)
		w->wire -= header_len - here;
}

/* The capture, or the packet, ends in the fixed part: the ports at least, as far as it goes. */
static void tcp_cut(struct walk *w)
{
	uint8_t bytes[TCP_HEADER_MIN] = { 0 };
	uint8_t here = (uint8_t)w->cap;

	(void)need(w, PKT_TCP, TCP_HEADER_MIN);
	if (here < 4) {
		w->p->segment_kind = PKT_NONE;
		return;
	}
	memcpy(bytes, w->at, here);
	struct rd r = rd_over(bytes, sizeof(bytes));
	(void)tcp_parse(&r, &w->p->tcp);
	if (!layer(w, PKT_TCP, here))
		return;
	w->p->tcp_here = here;
	hidden(w);
}

/* The fixed part is here, the options are not, or cannot be. */
static void tcp_odd(struct walk *w)
{
	uint32_t header_len = w->p->tcp.header_len;
	bool lies = header_len < TCP_HEADER_MIN || header_len > w->wire;
	uint32_t here = lies ? TCP_HEADER_MIN : w->cap;

	wrong(w, PKT_TCP, lies ? V_LENGTH : V_SHORT);
	w->p->snapped = !lies;
	if (!layer(w, PKT_TCP, here))
		return;
	w->p->tcp_here = (uint8_t)here;
	if (!lies)
		hidden(w);
}

static void walk_tcp(struct walk *w)
{
	struct pkt *p = w->p;

	if (w->quoted) {
		quote_tcp(w);
		return;
	}
	segment_here(w, PKT_TCP);
	if (w->cap < TCP_HEADER_MIN) {
		tcp_cut(w);
		return;
	}
	struct rd r = rd_over(w->at, TCP_HEADER_MIN);
	enum verdict v = tcp_parse(&r, &p->tcp);
	if (v != V_OK || p->tcp.header_len > w->cap) {
		tcp_odd(w);
		return;
	}
	done(w);
	if (layer(w, PKT_TCP, p->tcp.header_len))
		p->tcp_here = p->tcp.header_len;
}

/* ---- UDP, ICMP ------------------------------------------------------------------------ */

static void quote_udp(struct walk *w)
{
	done(w);
	if (w->cap < 4)
		return;
	w->p->quote.proto = PKT_UDP;
	w->p->quote.sport = be16_at(w->at);
	w->p->quote.dport = be16_at(w->at + 2);
	(void)layer(w, PKT_UDP, w->cap < UDP_HEADER_LEN ? w->cap : UDP_HEADER_LEN);
}

static void walk_udp(struct walk *w)
{
	struct rd r = rd_over(w->at, w->cap);
	struct udp_hdr h;

	if (w->quoted) {
		quote_udp(w);
		return;
	}
	if (!need(w, PKT_UDP, UDP_HEADER_LEN))
		return;
	enum verdict v = udp_parse(&r, &h);
	if (v != V_OK) {
		wrong(w, PKT_UDP, v);
		return;
	}
	if (h.len)
		ip_length(w, h.len);
	segment_here(w, PKT_UDP);
	done(w);
	if (!layer(w, PKT_UDP, UDP_HEADER_LEN))
		return;
	w->p->udp = h;
	walk_udp_tunnel(w);
}

static void walk_icmp(struct walk *w, enum pkt_kind kind)
{
	struct pkt *p = w->p;
	struct rd r = rd_over(w->at, w->cap);
	struct icmp_hdr quoted, *h = w->quoted ? &quoted : &p->icmp;

	if (!need(w, kind, ICMP_HEADER_LEN))
		return;
	(void)(kind == PKT_ICMP4 ? icmp4_parse(&r, h) : icmp6_parse(&r, h));
	if (!w->quoted) {
		segment_here(w, kind);
		p->quote = (struct pkt_quote){ .ip_version = 0 };
	}
	done(w);
	if (!layer(w, kind, ICMP_HEADER_LEN))
		return;
	/* An error is never sent about an error (RFC 1122 3.2.2), so one level is all. */
	if (h->quotes && !w->quoted) {
		w->quoted = true;
		then(w, PKT_BY_VERSION, 0);
	}
}

void walk_ip_proto(struct walk *w)
{
	uint8_t proto = (uint8_t)w->number;

	switch (proto) {
	case IP_PROTO_TCP:
		walk_tcp(w);
		return;
	case IP_PROTO_UDP:
		walk_udp(w);
		return;
	case IP_PROTO_ICMP:
		walk_icmp(w, PKT_ICMP4);
		return;
	case IP_PROTO_ICMP6:
		walk_icmp(w, PKT_ICMP6);
		return;
	case IP_PROTO_IP4:
		walk_ip4(w);
		return;
	case IP_PROTO_IP6:
		walk_ip6(w);
		return;
	case IP_PROTO_GRE:
		walk_gre(w);
		return;
	case IP_PROTO_MPLS:
		walk_mpls(w);
		return;
	case IP_PROTO_NONE:
		done(w);
		return;
	default:
		if (proto == IP_PROTO_AH || (w->in_ip6 && ip6_is_ext(proto)))
			walk_ext(w, proto);
		else
			unsupported(w, PKT_BY_IP_PROTO, proto);
	}
}
