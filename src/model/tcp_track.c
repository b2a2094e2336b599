/*
 * A connection's story: how it opened, what each side sent, how it closed.
 *
 * Everything is worked out segment by segment from raw header fields; nothing is kept of
 * a segment but what it changed.
 */
#include "tcp_flow.h"

#include <string.h>

/* One segment and the connection it is of. */
struct step {
	struct tcp_track *t;
	struct flow_hot *h;
	struct flow_cold *c;
	struct flow_side *x, *y;	/* who sent it, who is to get it */
	const struct tcp_segment *seg;
	unsigned from;
	uint32_t at;			/* its frame, as the connection keeps it */
};

static uint32_t offset_of(const struct flow_hot *h, uint64_t frame)
{
	uint64_t ahead = frame < h->first_frame ? 0 : frame - h->first_frame;

	return ahead >= UINT32_MAX ? UINT32_MAX : (uint32_t)ahead + 1;
}

static bool is_bare_syn(const struct tcp_segment *seg)
{
	return (seg->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static bool is_plain_ack(const struct tcp_segment *seg)
{
	return (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_ACK;
}

/* ---- counting -------------------------------------------------------------------- */

static void count(const struct step *s, enum tally which)
{
	unsigned shift = which % 2 * 4;

	if (tallied(s->x, which) == TALLY_MAX) {
		flow_notes(s->t, s->h)->side[s->from].carry[which]++;
		s->x->tally[which / 2] &= (uint8_t)~(TALLY_MAX << shift);
	}
	s->x->tally[which / 2] = (uint8_t)(s->x->tally[which / 2] + (1u << shift));
}

static void count_flags(const struct step *s)
{
	uint16_t flags = s->seg->flags;

	if (flags & TCP_SYN)
		count(s, flags & TCP_ACK ? TALLY_SYNACK : TALLY_SYN);
	if (s->seg->window == 0 && !(flags & TCP_RST))
		count(s, TALLY_ZERO_WINDOW);
	if (flags & TCP_URG)
		count(s, TALLY_URG);
	if (flags & TCP_ECE)
		count(s, TALLY_ECE);
	if (flags & TCP_CWR)
		count(s, TALLY_CWR);
}

/* Wireshark's tcp.completeness (4.0): a union of what was seen, with that program's ways.  A
 * segment with data counts as data, never as an ACK; a SYN only where it comes first. */
static unsigned completeness_of(const struct tcp_segment *seg, bool first)
{
	bool reset = seg->flags & TCP_RST, fin = seg->flags & TCP_FIN;
	unsigned seen = reset ? TCP_COMPLETE_RST : 0;

	if (is_bare_syn(seg))
		return seen | (first ? TCP_COMPLETE_SYN : 0) |
		       (seg->payload ? TCP_COMPLETE_DATA : 0);
	seen |= fin ? TCP_COMPLETE_FIN : 0;
	if (seg->flags & TCP_SYN)
		return seen | TCP_COMPLETE_SYNACK;
	if (seg->payload)
		return seen | TCP_COMPLETE_DATA;
	return seen | (seg->flags & TCP_ACK ? TCP_COMPLETE_ACK : 0);
}

static void count_completeness(const struct step *s)
{
	bool first = s->x->frames + s->y->frames == 1;

	s->h->bits |= completeness_of(s->seg, first) << FLOW_COMPLETENESS;
}

/* ---- the SYNs' options ------------------------------------------------------------- */

/* Four bits a kind: the known ones by their place here; 15 and two more for any other; 0 at
 * the end. */
static const uint8_t known_kinds[] = { [1] = TCP_KIND_NOP, TCP_KIND_MSS, TCP_KIND_WSCALE,
	TCP_KIND_SACK_OK, TCP_KIND_SACK, TCP_KIND_TS, TCP_KIND_MD5, TCP_KIND_UTO, TCP_KIND_AO,
	TCP_KIND_MPTCP, TCP_KIND_TFO, TCP_KIND_EXP1, TCP_KIND_EXP2, TCP_KIND_END };
enum { KIND_OTHER = 15, NIBBLES = 2 * sizeof(((struct flow_cold *)0)->kinds[0]) };

_Static_assert(sizeof(known_kinds) == KIND_OTHER, "a place for every code but two");

static void set_nibble(uint8_t *packed, unsigned at, unsigned v)
{
	packed[at / 2] = (uint8_t)(packed[at / 2] | v << (at % 2 * 4));
}

static unsigned nibble(const uint8_t *packed, unsigned at)
{
	return at < NIBBLES ? (unsigned)packed[at / 2] >> (at % 2 * 4) & 15 : 0;
}

static unsigned code_of(uint8_t kind)
{
	unsigned code = 1;

	while (code < KIND_OTHER && known_kinds[code] != kind)
		code++;
	return code;
}

/* False when they did not all find room. */
static bool pack_kinds(uint8_t *packed, const struct tcp_options *o)
{
	unsigned at = 0;

	for (unsigned i = 0; i < o->n_kinds; i++) {
		unsigned code = code_of(o->kind[i]), need = code == KIND_OTHER ? 3 : 1;
		if (need > NIBBLES - at)
			return false;
		set_nibble(packed, at++, code);
		if (code == KIND_OTHER) {
			set_nibble(packed, at++, o->kind[i] >> 4);
			set_nibble(packed, at++, o->kind[i] & 15);
		}
	}
	return true;
}

void tcp_unpack_kinds(const uint8_t packed[static 8], struct tcp_syn_options *out)
{
	unsigned at = 0, code;

	while ((code = nibble(packed, at++)) != 0) {
		uint8_t kind = code < KIND_OTHER ? known_kinds[code] : 0;
		if (code == KIND_OTHER) {
			kind = (uint8_t)(nibble(packed, at) << 4 | nibble(packed, at + 1));
			at += 2;
		}
		out->kind[out->n_kinds++] = kind;
	}
}

static void keep_ecr(const struct step *s, uint32_t ecr)
{
	/* A SYN echoes nothing and a SYN+ACK the SYN: hardly ever is there more to remember. */
	if (ecr == 0)
		return;
	if ((s->y->options_seen & TCP_SEEN_TS) && s->y->ts_val == ecr) {
		learn(s->x, SIDE_ECR_PEER);
		return;
	}
	learn(s->x, SIDE_ECR_NOTED);
	flow_notes(s->t, s->h)->side[s->from].ts_ecr = ecr;
}

static void keep_options(const struct step *s)
{
	const struct tcp_options *o = s->seg->options;

	if (!o)
		return;
	s->x->options_seen = o->seen;
	s->x->mss = o->mss;
	s->x->wscale = o->wscale;
	s->x->ts_val = o->ts_val;
	if (o->seen & TCP_SEEN_TS)
		keep_ecr(s, o->ts_ecr);
	if (!pack_kinds(s->c->kinds[s->from], o))
		learn(s->x, SIDE_KINDS_CUT);
}

/* ---- opening ----------------------------------------------------------------------- */

static unsigned initiator(const struct flow_hot *h)
{
	return h->bits & FLOW_STARTED_BY_B ? 1 : 0;
}

static void learn_base(const struct step *s)
{
	const struct tcp_segment *seg = s->seg;

	if ((seg->flags & TCP_SYN) && !knows(s->x, SIDE_ISN)) {
		s->x->base = seg->seq;
		learn(s->x, SIDE_ISN | SIDE_BASE);
		keep_options(s);
	} else if (!knows(s->x, SIDE_BASE)) {
		s->x->base = seg->seq - 1;
		learn(s->x, SIDE_BASE);
	}
	if ((seg->flags & TCP_ACK) && !knows(s->y, SIDE_BASE)) {
		s->y->base = seg->ack - 1;
		learn(s->y, SIDE_BASE);
	}
}

/* The SYN's number stands where the ACK's frame will: nobody needs both. */
static uint32_t number_awaited(const struct flow_cold *c)
{
	return c->ack_frame;
}

/* With TCP Fast Open it carries some (RFC 7413). */
static uint32_t syn_payload(const struct flow_cold *c)
{
	return (uint32_t)(c->hs >> FLOW_HS_BITS);
}

static void keep_syn(const struct step *s)
{
	uint64_t since = instant_since(s->c->first_time, s->seg->when);
	uint64_t payload = s->seg->payload < UINT16_MAX ? s->seg->payload : UINT16_MAX;

	s->c->hs = payload << FLOW_HS_BITS | (since < FLOW_HS_MAX ? since : FLOW_HS_MAX);
}

static void keep_round_trip(const struct step *s)
{
	uint64_t since = s->c->hs & FLOW_HS_MAX;

	if (!(s->h->bits & FLOW_SYN) || since == FLOW_HS_MAX)
		return;
	s->h->bits |= FLOW_RTT;
	s->c->hs = instant_since(instant_after(s->c->first_time, since), s->seg->when);
}

/* The SYN, and of its payload as much as there is. */
static bool acks_syn(const struct step *s)
{
	uint32_t acked = seq_ahead(number_awaited(s->c), s->seg->ack);

	return acked >= 1 && acked <= 1 + syn_payload(s->c);
}

/* A RST without ACK says nothing of what it answers; it is taken to be an answer
 * (RFC 9293 3.10.7.1 has a closed port acknowledge the SYN). */
static bool refuses_syn(const struct step *s)
{
	uint32_t syn = number_awaited(s->c), ack = s->seg->ack;

	return !(s->seg->flags & TCP_ACK) || ack == syn + 1 || ack == syn + 1 + syn_payload(s->c);
}

static void open_by_reset(const struct step *s)
{
	if (s->from == initiator(s->h) || !(s->h->bits & FLOW_SYN) ||
	    (s->h->bits & (FLOW_SYNACK | FLOW_REFUSED)) || !refuses_syn(s))
		return;
	s->h->bits |= FLOW_REFUSED;
	s->c->synack_frame = s->at;
}

static void open_by_initiator(const struct step *s)
{
	struct flow_cold *c = s->c;

	if (is_bare_syn(s->seg) && !(s->h->bits & FLOW_SYN)) {
		s->h->bits |= FLOW_SYN;
		c->syn_frame = s->at;
		keep_syn(s);
		if (!(s->h->bits & FLOW_SYNACK))
			c->ack_frame = s->seg->seq;
		return;
	}
	if (!is_plain_ack(s->seg) || (s->h->bits & (FLOW_SYNACK | FLOW_ACK)) != FLOW_SYNACK ||
	    !seq_before_eq(number_awaited(c) + 1, s->seg->ack))
		return;
	s->h->bits |= FLOW_ACK;
	c->ack_frame = s->at;
	keep_round_trip(s);
}

static void open_by_responder(const struct step *s)
{
	if ((s->seg->flags & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK) ||
	    (s->h->bits & FLOW_SYNACK) || ((s->h->bits & FLOW_SYN) && !acks_syn(s)))
		return;
	s->h->bits = (s->h->bits | FLOW_SYNACK) & ~(uint32_t)FLOW_REFUSED;
	s->c->synack_frame = s->at;
	s->c->ack_frame = s->seg->seq;
}

static void open_step(const struct step *s)
{
	uint16_t flags = s->seg->flags;

	if ((flags & TCP_SYN) && !(s->h->bits & FLOW_STARTED)) {
		bool by_b = flags & TCP_ACK ? s->from == 0 : s->from == 1;
		s->h->bits |= FLOW_STARTED | (by_b ? FLOW_STARTED_BY_B : 0);
	}
	if (is_bare_syn(s->seg) && !tallied(s->x, TALLY_SYNACK))
		learn(s->x, SIDE_SYN_FIRST);
	if (flags & TCP_ACK)
		learn(s->x, SIDE_ANY_ACK);
	if (!(s->h->bits & FLOW_STARTED))
		return;
	if (flags & TCP_RST)
		open_by_reset(s);
	else if (s->from == initiator(s->h))
		open_by_initiator(s);
	else
		open_by_responder(s);
}

/* ---- closing ------------------------------------------------------------------------ */

static void count_fin(const struct step *s, struct flow_notes *notes)
{
	struct notes_side *nx = &notes->side[s->from], *ny = &notes->side[!s->from];

	nx->fin++;
	if (knows(s->x, SIDE_FIN))
		return;
	learn(s->x, SIDE_FIN);
	nx->fin_frame = s->at;
	nx->fin_seq = s->seg->seq + s->seg->payload;
	if (!knows(s->y, SIDE_FIN))
		s->h->bits |= s->from ? FLOW_FIN_BY_B : 0;
	else if (acks_fin(s->y, ny, s->seg))
		s->h->bits |= FLOW_FIN2_ACKS;
}

static void close_step(const struct step *s)
{
	const struct tcp_segment *seg = s->seg;

	if (!s->h->notes && !(seg->flags & (TCP_FIN | TCP_RST)))
		return;
	struct flow_notes *notes = flow_notes(s->t, s->h);
	struct notes_side *nx = &notes->side[s->from], *ny = &notes->side[!s->from];

	if (knows(s->y, SIDE_FIN) && seg->payload) {
		nx->data_after_peer_fin++;
		nx->bytes_after_peer_fin += seg->payload;
	}
	if (!knows(s->y, SIDE_FIN_ACKED) && !(seg->flags & TCP_RST) && acks_fin(s->y, ny, seg)) {
		learn(s->y, SIDE_FIN_ACKED);
		ny->fin_acked_frame = s->at;
	}
	if ((seg->flags & TCP_FIN) && !(seg->flags & TCP_RST))
		count_fin(s, notes);
	if (seg->flags & TCP_RST) {
		nx->rst++;
		if (!notes->first_rst) {
			notes->first_rst = s->at;
			s->h->bits |= s->from ? FLOW_RST_BY_B : 0;
		}
	}
}

/* ---- one segment ---------------------------------------------------------------------- */

static void count_trouble(const struct step *s, uint32_t trouble)
{
	/* An offload is no trouble; that it was told is in the flow's bits. */
	trouble &= ~(1u << TCP_T_CHECKSUM_OFFLOAD);
	if (!trouble)
		return;
	uint32_t *count = flow_troubles(s->t, flow_notes(s->t, s->h))->count[s->from];
	for (unsigned i = 0; i < TCP_T_COUNT; i++)
		count[i] += trouble >> i & 1;
}

static uint32_t take(const struct step *s)
{
	const struct tcp_segment *seg = s->seg;

	s->h->last_frame = s->at;
	s->h->last_time = seg->when;
	s->x->frames++;
	s->x->bytes += seg->wire_bytes;
	if (seg->header_cut)
		return 0;
	s->x->payload += seg->payload;
	s->x->data_segments += seg->payload > 0;
	count_completeness(s);
	learn_base(s);
	open_step(s);
	count_flags(s);
	close_step(s);
	struct flow_notes *notes = flow_notes_of(s->t, s->h);
	if (notes)
		tcp_judge_sums(s->h, notes, seg, s->from);
	uint32_t trouble = tcp_judge(s->h, s->c, notes, seg, s->from);
	count_trouble(s, trouble);
	if (!(trouble & 1u << TCP_T_DUPLICATE_FRAME))
		tcp_states_step(s->h, flow_notes_of(s->t, s->h), seg, s->from);
	tcp_judge_learn(s->h, flow_notes_of(s->t, s->h), seg, s->from, trouble);
	return trouble;
}

/* RFC 9293 3.10.7.4: a SYN with another number is of another incarnation.  One that repeats
 * the number is the same SYN again, even after a RST: who was refused may ask again. */
static bool begins_anew(const struct tcp_track *t, const struct flow_hot *h,
			const struct tcp_segment *seg, unsigned from)
{
	return !seg->header_cut && is_bare_syn(seg) && knows(&h->side[from], SIDE_BASE) &&
	       seg->seq != h->side[from].base && !is_damaged(flow_notes_of(t, h), seg);
}

static void tell(const struct step *s, struct tcp_told *told, uint32_t flow)
{
	told->flow = flow;
	told->from = s->from;
	told->rel_seq = s->seg->seq - s->x->base;
	told->rel_ack = s->seg->flags & TCP_ACK ? s->seg->ack - s->y->base : 0;
	for (unsigned side = 0; side < 2; side++)
		told->after[side] = flow_state(s->h, side);
}

enum tcp_track_result tcp_track_segment(struct tcp_track *t, const struct tcp_segment *seg,
					struct tcp_told *told)
{
	unsigned from;
	uint32_t hash, flow = flow_find(t, seg, &from, &hash);

	told->ended = false;
	told->fresh = flow == FLOW_NONE;
	if (told->fresh) {
		if (t->count == t->capacity)
			return TCP_TRACK_FULL;
		flow = flow_add(t, seg, hash);
	} else if (begins_anew(t, &t->hot[flow], seg, from)) {
		tcp_track_story(t, flow, &told->story);
		told->ended = told->fresh = true;
		flow_restart(t, flow, seg);
		t->hot[flow].bits |= FLOW_REUSED;
		from = 0;
	}
	struct flow_hot *h = &t->hot[flow];
	struct step s = { .t = t, .h = h, .c = &t->cold[flow], .seg = seg, .from = from,
			  .x = &h->side[from], .y = &h->side[!from],
			  .at = offset_of(h, seg->frame) };
	told->before[0] = flow_state(h, 0);
	told->before[1] = flow_state(h, 1);
	told->trouble = take(&s);
	if (told->ended) {
		told->trouble |= 1u << TCP_T_REUSED_PORTS;
		count_trouble(&s, 1u << TCP_T_REUSED_PORTS);
	}
	tell(&s, told, flow);
	if (tcp_flow_over(h))
		flow_closed(t, flow);
	return TCP_TRACK_OK;
}

bool tcp_track_find(const struct tcp_track *t, const struct tcp_segment *seg, uint32_t *flow,
		    unsigned *from, uint32_t *rel_seq)
{
	uint32_t hash;

	*flow = flow_find(t, seg, from, &hash);
	if (*flow == FLOW_NONE)
		return false;
	*rel_seq = seg->seq - t->hot[*flow].side[*from].base;
	return true;
}
