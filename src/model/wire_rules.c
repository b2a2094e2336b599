/* Which frames a rule is about, and what it does to them. */
#include "wire_impl.h"

#include "wire_edit.h"

#define MILLION 1000000u
#define FLIP_ALL 0xffu

/* ---- which ------------------------------------------------------------------------ */

static unsigned tcp_kinds(const struct pkt *p)
{
	uint16_t flags = p->tcp.flags;
	unsigned kinds = p->payload_wire ? WIRE_DATA : 0;

	if (flags & TCP_SYN)
		kinds |= flags & TCP_ACK ? WIRE_SYNACK : WIRE_SYN;
	if (flags & TCP_FIN)
		kinds |= WIRE_FIN;
	if (flags & TCP_RST)
		kinds |= WIRE_RST;
	if (!kinds)
		return flags & TCP_ACK ? WIRE_ACK : WIRE_OTHER;
	return kinds;
}

unsigned wire_kinds(const struct pkt *p)
{
	if (p->is_fragment)
		return WIRE_FRAGMENT;
	if (pkt_has(p, PKT_TCP))
		return tcp_kinds(p);
	if (pkt_has(p, PKT_UDP))
		return WIRE_UDP;
	if (pkt_has(p, PKT_ICMP4) || pkt_has(p, PKT_ICMP6))
		return WIRE_ICMP;
	return pkt_has(p, PKT_ARP) ? WIRE_ARP : WIRE_OTHER;
}

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do, zero included. */
static uint64_t draw(struct rule *r)
{
	uint64_t z = r->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static bool is_about(const struct wire_rule *r, const struct wire_seen *seen)
{
	return (!r->ports || r->ports & WIRE_PORT(seen->port)) &&
	       (!r->kinds || r->kinds & seen->kinds) && (!r->index || r->index == seen->index) &&
	       (!r->match || r->match(r->context, seen));
}

static bool acts_on(struct rule *r, const struct wire_seen *seen)
{
	if (!is_about(&r->is, seen) || ++r->matched <= r->is.skip)
		return false;
	if (r->is.count && r->acted >= r->is.count)
		return false;
	if (r->is.per_million && draw(r) % MILLION >= r->is.per_million)
		return false;
	r->acted++;
	return true;
}

/* ---- what ------------------------------------------------------------------------- */

static uint64_t how_long(struct rule *r)
{
	uint64_t delay = r->is.delay_ns, jitter = r->is.jitter_ns;

	if (jitter)
		jitter = jitter == UINT64_MAX ? draw(r) : draw(r) % (jitter + 1);
	return jitter > UINT64_MAX - delay ? UINT64_MAX : delay + jitter;
}

static enum fate set_aside(const struct rule *r, struct slot *s, unsigned did)
{
	s->handle = r->handle;
	s->did |= did;
	return STAYS_ASIDE;
}

static enum fate reorder(struct rule *r, struct slot *s)
{
	uint64_t wait = how_long(r);

	s->behind = r->is.behind;
	s->due = wait ? instant_after(s->ready, wait) : INSTANT_NEVER;
	return set_aside(r, s, WIRE_REORDERED);
}

static void duplicate(struct wire *w, struct rule *r, struct slot *s, unsigned *copies)
{
	struct slot *c = wire_take_slot(w);
	uint64_t wait = how_long(r);

	if (!c) {
		w->counts.not_copied++;
		return;
	}
	w->counts.copied++;
	s->did |= WIRE_COPIED;
	uint64_t order = c->order;
	*c = *s;
	c->order = order;
	c->handle = r->handle;
	c->copy = ++*copies;
	c->follows = wait == 0;
	c->due = wait ? instant_after(s->ready, wait) : INSTANT_NEVER;
	memcpy(wire_bytes(w, c), wire_bytes(w, s), s->len);
}

static uint64_t start_of(enum wire_base base, const struct pkt *p)
{
	switch (base) {
	case WIRE_FROM_FRAME: return 0;
	case WIRE_FROM_SEGMENT: return p->segment_kind == PKT_NONE ? p->caplen : p->segment.off;
	case WIRE_FROM_PAYLOAD: return p->payload.off;
	}
	return p->caplen;
}

/* What counts from the payload must not flip the padding behind it. */
static uint64_t end_of(enum wire_base base, const struct pkt *p)
{
	switch (base) {
	case WIRE_FROM_FRAME: return p->caplen;
	case WIRE_FROM_SEGMENT: return (uint64_t)p->segment.off + p->segment.len;
	case WIRE_FROM_PAYLOAD: return (uint64_t)p->payload.off + p->payload.len;
	}
	return 0;
}

static void corrupt(struct wire *w, const struct wire_rule *r, struct slot *s, const struct pkt *p)
{
	uint64_t at = start_of(r->base, p) + r->offset;

	if (at >= end_of(r->base, p))
		return;
	wire_bytes(w, s)[at] ^= r->flip ? r->flip : FLIP_ALL;
	s->did |= WIRE_CORRUPTED;
}

static void delay(struct rule *r, struct slot *s)
{
	uint64_t more = how_long(r);

	s->extra_ns = more > UINT64_MAX - s->extra_ns ? UINT64_MAX : s->extra_ns + more;
	s->did |= WIRE_DELAYED;
}

static enum fate act(struct wire *w, struct rule *r, struct slot *s, const struct pkt *p,
		     unsigned *copies)
{
	switch (r->is.action) {
	case WIRE_DROP:
		s->did |= WIRE_DROPPED;
		return IS_DROPPED;
	case WIRE_HOLD:
		s->due = INSTANT_NEVER;
		return set_aside(r, s, WIRE_HELD);
	case WIRE_REORDER: return reorder(r, s);
	case WIRE_DELAY: delay(r, s); break;
	case WIRE_DUPLICATE: duplicate(w, r, s, copies); break;
	case WIRE_CORRUPT: corrupt(w, &r->is, s, p); break;
	case WIRE_CLAMP_MSS:
		if (edit_clamp_mss(wire_bytes(w, s), p, r->is.mss))
			s->did |= WIRE_CLAMPED;
		break;
	}
	return GOES_ON;
}

enum fate wire_apply_rules(struct wire *w, struct slot *s)
{
	struct wire_seen seen = { .index = s->index, .port = s->from };
	unsigned copies = 0;
	struct pkt p;

	if (!w->n_rules)
		return GOES_ON;
	pkt_dissect(&p, WIRE_LINKTYPE, wire_as_taken(w), s->len, s->len);
	seen.kinds = wire_kinds(&p);
	seen.pkt = &p;
	for (unsigned i = 0; i < w->n_rules; i++) {
		struct rule *r = &w->rule[i];
		if (!acts_on(r, &seen))
			continue;
		enum fate fate = act(w, r, s, &p, &copies);
		if (fate != GOES_ON)
			return fate;
	}
	return GOES_ON;
}

/* ---- the table -------------------------------------------------------------------- */

unsigned wire_rule(struct wire *w, const struct wire_rule *rule)
{
	if (w->n_rules == WIRE_RULES || w->handles == UINT32_MAX)
		return 0;
	unsigned handle = ++w->handles;
	w->rule[w->n_rules++] = (struct rule){ .is = *rule, .handle = handle,
					       .random = w->config.seed ^ (uint64_t)handle << 32 };
	return handle;
}
