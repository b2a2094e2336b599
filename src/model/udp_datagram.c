/* A dissected frame as a datagram, or as an error about one. */
#include "wirelab/udp_exchange.h"

const char *udp_sum_name(enum udp_sum sum)
{
	static const char *const name[] = {
		[UDP_SUM_OK] = "ok", [UDP_SUM_BAD] = "bad", [UDP_SUM_NONE] = "none",
	};

	return name[sum];
}

const char *udp_length_name(enum udp_length length)
{
	static const char *const name[] = {
		[UDP_LENGTH_RIGHT] = "right", [UDP_LENGTH_ZERO] = "zero",
		[UDP_LENGTH_BELOW_HEADER] = "below_header", [UDP_LENGTH_BEYOND] = "beyond",
		[UDP_LENGTH_SURPLUS] = "surplus",
	};

	return name[length];
}

/* Where the innermost UDP header is, all of it: refused for its length (1 to 7), or listed. */
static bool find_header(const struct pkt *p, uint32_t *off)
{
	const struct pkt_layer *l = pkt_find(p, PKT_UDP);

	if (p->stopped == V_LENGTH && p->stopped_in == PKT_UDP)
		*off = p->stopped_at;
	else if (l)
		*off = l->off;
	else
		return false;
	return *off < p->caplen && p->caplen - *off >= UDP_HEADER_LEN;
}

/* The IP header in front of `off`, or NULL: then the datagram was put together. */
static const struct pkt_layer *ip_before(const struct pkt *p, uint32_t off)
{
	for (unsigned i = p->n_layers; i-- > 0;) {
		const struct pkt_layer *l = &p->layer[i];
		if (l->off < off && !l->quoted && (l->kind == PKT_IP4 || l->kind == PKT_IP6))
			return l;
	}
	return NULL;
}

static void set4(struct udp_datagram *d, const struct ip4_hdr *h)
{
	d->family = 4;
	d->ip_id = h->id;
	memcpy(d->from.addr, h->src.b, sizeof(h->src.b));
	memcpy(d->to.addr, h->dst.b, sizeof(h->dst.b));
}

static void set6(struct udp_datagram *d, const struct ip6_hdr *h)
{
	d->family = 6;
	memcpy(d->from.addr, h->src.b, sizeof(h->src.b));
	memcpy(d->to.addr, h->dst.b, sizeof(h->dst.b));
}

/* Addresses, and how many bytes from off on belong to the IP packet. */
static bool set_ip(struct udp_datagram *d, const struct pkt *p, const struct pkt_layer *ip,
		   uint32_t off)
{
	struct rd r = rd_over(p->frame + ip->off, ip->len);
	uint32_t before = off - ip->off, total = 0;

	if (ip->kind == PKT_IP4) {
		struct ip4_hdr h;
		if (ip4_parse_header(&r, &h) != V_OK)
			return false;
		set4(d, &h);
		total = h.total_len;
	} else {
		struct ip6_hdr h;
		if (ip6_parse_header(&r, &h) != V_OK)
			return false;
		set6(d, &h);
		/* 0 is a jumbogram, whose length an option has, or a lie. */
		total = h.payload_len ? IP6_HEADER_LEN + h.payload_len : 0;
	}
	d->room = total > before ? total - before : 0;
	return true;
}

static enum udp_length judge_length(const struct udp_datagram *d, const struct pkt *p)
{
	/* RFC 2675 4: in a jumbogram 0 is right. */
	bool jumbo = d->family == 6 && d->room == 0 && !p->no_length;

	if (d->len == 0)
		return jumbo ? UDP_LENGTH_RIGHT : UDP_LENGTH_ZERO;
	if (d->len < UDP_HEADER_LEN)
		return UDP_LENGTH_BELOW_HEADER;
	if (d->room == 0 || d->len == d->room)
		return UDP_LENGTH_RIGHT;
	return d->len > d->room ? UDP_LENGTH_BEYOND : UDP_LENGTH_SURPLUS;
}

static uint32_t payload_of(const struct udp_datagram *d, const struct pkt *p)
{
	uint32_t all = d->len;

	if (d->length == UDP_LENGTH_BELOW_HEADER)
		return 0;
	if (d->len == 0)
		all = d->room ? d->room : p->segment_kind == PKT_UDP ? p->segment_wire : 0;
	else if (d->length == UDP_LENGTH_BEYOND)
		all = d->room;
	return all > UDP_HEADER_LEN ? all - UDP_HEADER_LEN : 0;
}

static enum udp_sum judge_sum(const struct udp_datagram *d, const struct pkt *p)
{
	if (d->checksum == 0)
		return UDP_SUM_NONE;
	/* How many bytes were summed is not known, then. */
	if (d->length == UDP_LENGTH_BEYOND || d->length == UDP_LENGTH_BELOW_HEADER)
		return UDP_SUM_UNTOLD;
	switch (pkt_check(p, PKT_UDP)) {
	case V_OK:
		return UDP_SUM_OK;
	case V_CHECKSUM:
		return UDP_SUM_BAD;
	default:
		return UDP_SUM_UNTOLD;
	}
}

/* The fields of a header that udp_parse refused for its length, too. */
static void set_fields(struct udp_datagram *d, const uint8_t *header)
{
	struct rd r = rd_over(header, UDP_HEADER_LEN);

	d->from.port = rd_be16(&r);
	d->to.port = rd_be16(&r);
	d->len = rd_be16(&r);
	d->checksum = rd_be16(&r);
}

bool udp_datagram_from(struct udp_datagram *out, const struct pkt *p, const struct pkt *piece)
{
	struct udp_datagram d = { .fragments = 1 };
	const struct pkt_layer *ip;
	uint32_t off;

	if (!find_header(p, &off))
		return false;
	ip = ip_before(p, off);
	if (ip) {
		if (!set_ip(&d, p, ip, off))
			return false;
	} else if (piece) {
		if (piece->ip_version == 4)
			set4(&d, &piece->ip4);
		else
			set6(&d, &piece->ip6);
		d.room = p->wirelen - off;
	} else {
		return false;
	}
	set_fields(&d, p->frame + off);
	d.length = judge_length(&d, p);
	d.payload = payload_of(&d, p);
	d.sum = judge_sum(&d, p);
	*out = d;
	return true;
}

/* ---- errors ----------------------------------------------------------------------------- */

static const struct pkt_layer *quoted_layer(const struct pkt *p, enum pkt_kind kind)
{
	for (unsigned i = p->n_layers; i-- > 0;)
		if (p->layer[i].kind == kind && p->layer[i].quoted)
			return &p->layer[i];
	return NULL;
}

static void set_sender(struct udp_error *e, const struct pkt *p)
{
	if (p->ip_version == 4) {
		memcpy(e->sender, p->ip4.src.b, sizeof(p->ip4.src.b));
		memcpy(e->receiver, p->ip4.dst.b, sizeof(p->ip4.dst.b));
	} else {
		memcpy(e->sender, p->ip6.src.b, sizeof(e->sender));
		memcpy(e->receiver, p->ip6.dst.b, sizeof(e->receiver));
	}
}

static void set_quote(struct udp_error *e, const struct pkt *p)
{
	const struct pkt_layer *ip = quoted_layer(p, PKT_IP4), *udp = quoted_layer(p, PKT_UDP);
	const struct pkt_quote *q = &p->quote;

	e->from.port = q->sport;
	e->to.port = q->dport;
	if (q->ip_version == 4) {
		memcpy(e->from.addr, q->src4.b, sizeof(q->src4.b));
		memcpy(e->to.addr, q->dst4.b, sizeof(q->dst4.b));
	} else {
		memcpy(e->from.addr, q->src6.b, sizeof(q->src6.b));
		memcpy(e->to.addr, q->dst6.b, sizeof(q->dst6.b));
	}
	if (q->ip_version == 4 && ip && ip->len >= IP4_HEADER_MIN) {
		struct rd r = rd_over(p->frame + ip->off + 4, 2);
		e->ip_id = rd_be16(&r);
	}
	if (udp && udp->len >= UDP_HEADER_LEN) {
		struct rd r = rd_over(p->frame + udp->off + 4, 2);
		e->len = rd_be16(&r);
		e->has_len = true;
	}
}

bool udp_error_from(struct udp_error *out, const struct pkt *p)
{
	struct udp_error e = { .family = p->ip_version };

	if (!(pkt_has(p, PKT_ICMP4) || pkt_has(p, PKT_ICMP6)) || !p->icmp.quotes ||
	    p->quote.proto != PKT_UDP || p->quote.ip_version != p->ip_version)
		return false;
	e.type = p->icmp.type;
	e.code = p->icmp.code;
	e.mtu = p->icmp.mtu;
	set_sender(&e, p);
	set_quote(&e, p);
	*out = e;
	return true;
}
