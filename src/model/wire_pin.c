#include "wirelab/wire_pin.h"

#include "wire_edit.h"

#define FLOWS_MAX 65536u
#define TCP_SEQ_AT 4u
#define TCP_ACK_AT 8u
#define TCP_FLAGS_AT 13u
#define IP4_ID_AT 4u
#define ICMP_QUOTE_SEQ 8u	/* bytes of a quoted TCP header that hold its seq; ... */
#define ICMP_QUOTE_FLAGS 14u	/* ... its flags, and so tell whether ack means something; ... */
#define ICMP_QUOTE_SUM 18u	/* ... and its checksum */

enum side { INITIATOR, RESPONDER };

struct endpoint { uint8_t addr[16]; uint16_t port; };

/* Of one segment: who sent it to whom. */
struct way { uint8_t family; struct endpoint src, dst; };

struct flow {
	bool taken, known;		/* known: the responder's own number was seen */
	bool fin[2], reset;
	struct way way;			/* of the initiator's segments */
	uint32_t first_seq;		/* of the initiator's SYN */
	uint32_t raw, pinned;		/* the responder's ISN: its own, and what is shown */
	uint64_t used;
};

struct source { bool taken; struct ip4 ip; uint16_t last; uint64_t used; };

struct piece {
	bool taken;
	struct ip4 src, dst;
	uint8_t proto;
	uint16_t raw, pinned;
	uint64_t used;
};

struct wire_pin {
	struct wire_pin_config config;
	uint64_t clock;			/* of uses, not of time */
	uint32_t next_isn;
	struct wire_pin_counts counts;
	struct source source[WIRE_PIN_SOURCES];
	struct piece piece[WIRE_PIN_PIECES];
	unsigned n;
	struct flow flow[];
};

size_t wire_pin_size(unsigned n)
{
	return sizeof(struct wire_pin) + n * sizeof(struct flow);
}

struct wire_pin *wire_pin_init(void *memory, size_t size, unsigned n,
			       const struct wire_pin_config *config)
{
	struct wire_pin *pin = memory;

	if (n < 1 || n > FLOWS_MAX || size < wire_pin_size(n))
		return NULL;
	pin->config = *config;
	pin->next_isn = config->isn;
	pin->n = n;
	return pin;
}

struct wire_pin_counts wire_pin_counts(const struct wire_pin *pin)
{
	return pin->counts;
}

/* ---- which frames ------------------------------------------------------------------- */

/* One IP header behind one Ethernet header: of anything else, sums further out would follow. */
static bool is_plain(const struct pkt *p)
{
	unsigned eth = 0, ip = 0;

	for (unsigned i = 0; i < p->n_layers; i++) {
		if (p->layer[i].quoted)
			break;
		switch (p->layer[i].kind) {
		case PKT_ETH: eth++; break;
		case PKT_IP4: case PKT_IP6: ip++; break;
		case PKT_VLAN: case PKT_ICMP4: case PKT_ICMP6: case PKT_UDP: case PKT_TCP: break;
		default: return false;
		}
	}
	return eth == 1 && ip == 1;
}

static struct endpoint endpoint4(struct ip4 a, uint16_t port)
{
	struct endpoint e = { .port = port };

	memcpy(e.addr, a.b, sizeof(a.b));
	return e;
}

static struct endpoint endpoint6(struct ip6 a, uint16_t port)
{
	struct endpoint e = { .port = port };

	memcpy(e.addr, a.b, sizeof(a.b));
	return e;
}

static struct way way_of(const struct pkt *p)
{
	uint16_t sport = p->tcp.sport, dport = p->tcp.dport;

	if (p->ip_version == 6)
		return (struct way){ 6, endpoint6(p->ip6.src, sport),
				     endpoint6(p->ip6.dst, dport) };
	return (struct way){ 4, endpoint4(p->ip4.src, sport), endpoint4(p->ip4.dst, dport) };
}

static struct way way_of_quote(const struct pkt_quote *q)
{
	if (q->ip_version == 6)
		return (struct way){ 6, endpoint6(q->src6, q->sport),
				     endpoint6(q->dst6, q->dport) };
	return (struct way){ 4, endpoint4(q->src4, q->sport), endpoint4(q->dst4, q->dport) };
}

/* ---- connections -------------------------------------------------------------------- */

static bool same_end(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

static struct flow *find(struct wire_pin *pin, const struct way *w, enum side *side)
{
	for (unsigned i = 0; i < pin->n; i++) {
		struct flow *f = &pin->flow[i];
		if (!f->taken || f->way.family != w->family)
			continue;
		bool forth = same_end(&f->way.src, &w->src) && same_end(&f->way.dst, &w->dst);
		if (!forth && !(same_end(&f->way.src, &w->dst) && same_end(&f->way.dst, &w->src)))
			continue;
		*side = forth ? INITIATOR : RESPONDER;
		f->used = ++pin->clock;
		return f;
	}
	return NULL;
}

static bool is_over(const struct flow *f)
{
	return f->reset || (f->fin[0] && f->fin[1]);
}

/* A free place, else the one of those that are over which was silent longest, else NULL. */
static struct flow *place(struct wire_pin *pin)
{
	struct flow *best = NULL;

	for (unsigned i = 0; i < pin->n; i++) {
		struct flow *f = &pin->flow[i];
		if (!f->taken)
			return f;
		if (is_over(f) && (!best || f->used < best->used))
			best = f;
	}
	return best;
}

/* f: the place of an earlier connection between the same two, or NULL. */
static struct flow *begin(struct wire_pin *pin, struct flow *f, const struct way *w, uint32_t seq)
{
	f = f ? f : place(pin);
	if (!f) {
		pin->counts.not_pinned++;
		return NULL;
	}
	*f = (struct flow){ .taken = true, .way = *w, .first_seq = seq, .pinned = pin->next_isn,
			    .used = ++pin->clock };
	pin->next_isn += pin->config.isn_step;
	pin->counts.connections++;
	return f;
}

static bool is_first_syn(const struct pkt *p)
{
	return (p->tcp.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

/* The connection of a segment, a new one where it begins one; NULL: it is not pinned. */
static struct flow *flow_entering(struct wire_pin *pin, const struct pkt *p, enum side *side)
{
	struct way w = way_of(p);
	struct flow *f = find(pin, &w, side);

	if (!is_first_syn(p))
		return f;
	/* Both may say SYN (RFC 9293 figure 8): the second one is then the responder. */
	bool again = f && !is_over(f) && (*side == RESPONDER || p->tcp.seq == f->first_seq);
	if (again)
		return f;
	*side = INITIATOR;
	return begin(pin, f, &w, p->tcp.seq);
}

/* A SYN of somebody behind a port that is not pinned is first seen here; one that was held
 * on its way may come late, and must not begin anything twice. */
static struct flow *flow_leaving(struct wire_pin *pin, const struct pkt *p, enum side *side)
{
	struct way w = way_of(p);
	struct flow *f = find(pin, &w, side);

	if (!is_first_syn(p) || (f && (*side == RESPONDER || p->tcp.seq == f->first_seq)))
		return f;
	*side = INITIATOR;
	return begin(pin, f, &w, p->tcp.seq);
}

static void note(struct flow *f, enum side side, const struct pkt *p)
{
	if (side == RESPONDER && p->tcp.flags & TCP_SYN) {
		f->raw = p->tcp.seq;
		f->known = true;
	}
	if (p->tcp.flags & TCP_FIN)
		f->fin[side] = true;
	if (p->tcp.flags & TCP_RST)
		f->reset = true;
}

/* ---- sequence numbers ---------------------------------------------------------------- */

/* What is to be added to the responder's own numbers; the circle does the rest. */
static uint32_t shift_of(const struct flow *f)
{
	return f->known ? f->pinned - f->raw : 0;
}

/* RFC 9293 3.10.7.1: what answers a segment without ACK has no number of its own. */
static bool is_reset_without_number(const struct pkt *p)
{
	return p->tcp.flags & TCP_RST && p->tcp.flags & TCP_ACK && p->tcp.seq == 0;
}

static void shift_at(struct edit *e, size_t at, uint32_t by)
{
	edit_be32(e, at, edit_read32(e->frame + at) + by);
}

/* ack and SACK blocks of the TCP header of `len` bytes at off. */
static void shift_ack(struct edit *e, size_t off, size_t len, uint32_t by)
{
	size_t at, size;

	if (!(e->frame[off + TCP_FLAGS_AT] & TCP_ACK))
		return;
	shift_at(e, off + TCP_ACK_AT, by);
	if (len <= TCP_HEADER_MIN ||
	    !edit_find_option(e->frame + off + TCP_HEADER_MIN, len - TCP_HEADER_MIN, TCP_KIND_SACK,
			      &at, &size))
		return;
	for (; size >= 4; at += 4, size -= 4)
		shift_at(e, off + TCP_HEADER_MIN + at, by);
}

static struct edit edit_segment(uint8_t *frame, const struct pkt_layer *tcp)
{
	struct edit e = edit_in(frame);

	edit_sum(&e, tcp->off + EDIT_TCP_SUM, tcp->off);
	return e;
}

static void enter_tcp(struct wire_pin *pin, uint8_t *frame, const struct pkt *p,
		      const struct pkt_layer *tcp)
{
	enum side side = INITIATOR;
	struct flow *f = flow_entering(pin, p, &side);
	struct edit e = edit_segment(frame, tcp);

	if (!f)
		return;
	note(f, side, p);
	if (side == RESPONDER && !is_reset_without_number(p))
		shift_at(&e, tcp->off + TCP_SEQ_AT, shift_of(f));
}

static void leave_tcp(struct wire_pin *pin, uint8_t *frame, const struct pkt *p,
		      const struct pkt_layer *tcp)
{
	enum side side = INITIATOR;
	struct flow *f = flow_leaving(pin, p, &side);
	struct edit e = edit_segment(frame, tcp);

	if (!f || side == RESPONDER)
		return;
	note(f, side, p);
	shift_ack(&e, tcp->off, tcp->len, -shift_of(f));
}

/* ---- segments that ICMP errors quote --------------------------------------------------- */

static const struct pkt_layer *quoted_tcp(const struct pkt *p)
{
	for (unsigned i = 0; i < p->n_layers; i++)
		if (p->layer[i].quoted && p->layer[i].kind == PKT_TCP)
			return &p->layer[i];
	return NULL;
}

/* Both sums: the segment's own, where the quote goes that far, and ICMP's over all of it. */
static struct edit edit_quote(uint8_t *frame, const struct pkt *p, const struct pkt_layer *tcp)
{
	struct edit e = edit_in(frame);
	size_t icmp = p->segment.off;

	if (tcp->len >= ICMP_QUOTE_SUM)
		edit_sum(&e, tcp->off + EDIT_TCP_SUM, tcp->off);
	edit_sum(&e, icmp + EDIT_ICMP_SUM, icmp);
	return e;
}

/*
 * Who quotes what it has heard quotes its own numbers: so on entering it is the ack of the
 * initiator's segment.  Who hears itself quoted must find its own numbers: so on leaving it
 * is the seq of the responder's.
 */
static void quote(struct wire_pin *pin, uint8_t *frame, const struct pkt *p, bool entering)
{
	const struct pkt_layer *tcp = quoted_tcp(p);
	struct way w = way_of_quote(&p->quote);
	enum side side;

	if (!tcp || p->quote.proto != PKT_TCP)
		return;
	struct flow *f = find(pin, &w, &side);
	if (!f)
		return;
	struct edit e = edit_quote(frame, p, tcp);
	if (entering && side == INITIATOR && tcp->len >= ICMP_QUOTE_FLAGS)
		shift_ack(&e, tcp->off, tcp->len, shift_of(f));
	if (!entering && side == RESPONDER && tcp->len >= ICMP_QUOTE_SEQ)
		shift_at(&e, tcp->off + TCP_SEQ_AT, -shift_of(f));
}

/* ---- identifications ------------------------------------------------------------------ */

static uint16_t count_on(struct wire_pin *pin, struct ip4 ip)
{
	struct source *best = &pin->source[0];

	for (unsigned i = 0; i < WIRE_PIN_SOURCES; i++) {
		struct source *s = &pin->source[i];
		if (s->taken && ip4_equal(s->ip, ip)) {
			best = s;
			break;
		}
		if (best->taken && (!s->taken || s->used < best->used))
			best = s;
	}
	if (!best->taken || !ip4_equal(best->ip, ip))
		*best = (struct source){ .taken = true, .ip = ip };
	best->used = ++pin->clock;
	best->last = best->last == UINT16_MAX ? 1 : (uint16_t)(best->last + 1);
	return best->last;
}

static bool is_piece_of(const struct piece *d, const struct ip4_hdr *h)
{
	return d->taken && d->raw == h->id && d->proto == h->proto && ip4_equal(d->src, h->src) &&
	       ip4_equal(d->dst, h->dst);
}

static uint16_t id_of_piece(struct wire_pin *pin, const struct ip4_hdr *h)
{
	struct piece *best = &pin->piece[0];

	for (unsigned i = 0; i < WIRE_PIN_PIECES; i++) {
		struct piece *d = &pin->piece[i];
		if (is_piece_of(d, h)) {
			d->used = ++pin->clock;
			return d->pinned;
		}
		if (best->taken && (!d->taken || d->used < best->used))
			best = d;
	}
	*best = (struct piece){ true, h->src, h->dst, h->proto, h->id, count_on(pin, h->src),
				++pin->clock };
	return best->pinned;
}

static void pin_id(struct wire_pin *pin, uint8_t *frame, const struct pkt *p)
{
	const struct pkt_layer *ip = pkt_find(p, PKT_IP4);
	struct edit e = edit_in(frame);

	if (!ip)
		return;
	edit_sum(&e, ip->off + EDIT_IP4_SUM, ip->off);
	edit_be16(&e, ip->off + IP4_ID_AT,
		  ip4_is_fragment(&p->ip4) ? id_of_piece(pin, &p->ip4) : count_on(pin, p->ip4.src));
}

/* ---- in and out ----------------------------------------------------------------------- */

void wire_pin_enter(struct wire_pin *pin, void *frame, size_t len)
{
	const struct pkt_layer *tcp;
	struct pkt p;

	pkt_dissect(&p, WIRE_LINKTYPE, frame, (uint32_t)len, (uint32_t)len);
	if (!is_plain(&p))
		return;
	if (pin->config.pin_id)
		pin_id(pin, frame, &p);
	if (!pin->config.pin_isn)
		return;
	if ((tcp = edit_whole_tcp(&p)))
		enter_tcp(pin, frame, &p, tcp);
	else
		quote(pin, frame, &p, true);
}

void wire_pin_leave(struct wire_pin *pin, void *frame, size_t len)
{
	const struct pkt_layer *tcp;
	struct pkt p;

	pkt_dissect(&p, WIRE_LINKTYPE, frame, (uint32_t)len, (uint32_t)len);
	if (!pin->config.pin_isn || !is_plain(&p))
		return;
	if ((tcp = edit_whole_tcp(&p)))
		leave_tcp(pin, frame, &p, tcp);
	else
		quote(pin, frame, &p, false);
}
