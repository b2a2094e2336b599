/*
 * Why a segment was sent.
 *
 * Flags and the tracker's judgement come first, for they are facts; then what had not been
 * answered; then time.  "At once" is measured against what the handshake showed: how long
 * after a segment passed here its receiver's reaction passed here.  Beside the sender that is
 * microseconds, beside the receiver a round trip.
 */
#include "wirelab/tcp_reason.h"

#include "wirelab/tcp_seq.h"

#define PROMPT_NS (50 * USEC_NS)	/* a kernel's time to react, when nothing else is known */
#define FAR_NS MSEC_NS		/* a reaction that takes longer comes over a network */
#define BURST_NS (500 * USEC_NS)	/* segments of one burst follow each other within */
#define LATE_NS (10 * MSEC_NS)		/* no ACK is this late but for a timer (Linux: 40 ms; RFC
					   1122 4.2.3.2: at most 500) */
#define TIMER_NS (150 * MSEC_NS)	/* no retransmission timer is shorter (Linux: 200 ms; RFC
					   6298 2.4: 1 s) */

#define SMALLEST_MSS 536u		/* what every IPv4 host takes (RFC 9293 3.7.1) */

struct scene {
	struct tcp_past *past;
	struct tcp_past_side *x, *y;	/* who sent it, who is to get it */
	const struct tcp_segment *seg;
	const struct tcp_told *told;
	struct tcp_moment *m;
	unsigned from;
	struct tcp_past_sent here;	/* the segment as it will be remembered */
};

static bool has(const struct scene *s, enum tcp_trouble t)
{
	return s->told->trouble >> t & 1;
}

static void because(const struct scene *s, enum tcp_why why, const struct tcp_past_sent *cause)
{
	s->m->why = (uint8_t)why;
	if (!cause || cause->frame == 0)
		return;
	s->m->cause_frame = cause->frame;
	s->m->waited_ns = instant_since(cause->when, s->seg->when);
}

/* The last of this side's segments that held the byte seq; NULL when it is forgotten. */
static const struct tcp_past_sent *sent_with(const struct tcp_past_side *x, uint32_t seq)
{
	uint32_t kept = x->n_sent < TCP_PAST_SENT ? x->n_sent : TCP_PAST_SENT;

	for (uint32_t i = 0; i < kept; i++) {
		const struct tcp_past_sent *p = &x->sent[(x->n_sent - 1 - i) % TCP_PAST_SENT];
		if (seq_before_eq(p->seq, seq) && seq_before(seq, p->end))
			return p;
	}
	return NULL;
}

/* ---- opening and closing ---------------------------------------------------------------- */

/* Of the other side's SYNs the last.  That two may be on the way at once cannot be told; that one
 * was lost is likelier.  Where both opened, its SYN+ACK is one, too, and says nothing. */
static const struct tcp_past_sent *asked_last(const struct scene *s)
{
	const struct tcp_past_sent *last = s->y->synack.frame ? NULL : sent_with(s->y, s->y->syn.seq);

	return last ? last : &s->y->syn;
}

static void why_accepts(const struct scene *s)
{
	const struct tcp_past_sent *asked = asked_last(s);
	const struct tcp_past_sent *answered = sent_with(s->x, s->x->synack.seq);

	if (!s->x->synack.frame)
		because(s, TCP_WHY_ACCEPTS, asked);
	/* Who is asked again after the answer answers again, and waits for no timer. */
	else if (answered && asked->frame > answered->frame &&
		 instant_since(asked->when, s->seg->when) < TIMER_NS)
		because(s, TCP_WHY_ACCEPTS_ANEW, answered);
	else
		because(s, TCP_WHY_ACCEPTS_AGAIN, &s->x->synack);
}

static void why_syn(const struct scene *s)
{
	if (s->seg->flags & TCP_ACK)
		why_accepts(s);
	else if (s->x->syn.frame)
		because(s, TCP_WHY_OPENS_AGAIN, &s->x->syn);
	else
		because(s, s->y->syn.frame ? TCP_WHY_OPENS_TOO : TCP_WHY_OPENS, &s->y->syn);
}

static void why_reset(const struct scene *s)
{
	bool refuses = s->told->before[!s->from] == TCP_S_SYN_SENT &&
		       s->told->after[!s->from] == TCP_S_CLOSED;
	bool answers = s->past->last.frame && s->past->last_from != s->from;

	if (refuses)
		because(s, TCP_WHY_REFUSES, &s->y->syn);
	else
		because(s, TCP_WHY_RESETS, answers ? &s->past->last : NULL);
}

static void why_fin(const struct scene *s)
{
	if (s->x->fin.frame)
		because(s, TCP_WHY_FINISHES_AGAIN, &s->x->fin);
	else
		because(s, s->y->fin.frame ? TCP_WHY_FINISHES_TOO : TCP_WHY_FINISHES, &s->y->fin);
}

/* ---- sent again ------------------------------------------------------------------------- */

static enum tcp_why why_repaired(const struct scene *s, const struct tcp_past_sent *before)
{
	const struct tcp_past_side *x = s->x;

	if (x->icmp.frame && (!before || before->frame < x->icmp.frame))
		return TCP_WHY_AFTER_ICMP;
	/* Silence, and then this: so it was a timer, of whichever repair this is part. */
	if (instant_since(s->past->last.when, s->seg->when) >= TIMER_NS)
		return TCP_WHY_TIMEOUT;
	if (x->repair != TCP_WHY_UNKNOWN && seq_before(s->m->seq, x->recover))
		return x->repair == TCP_WHY_FAST ? TCP_WHY_AFTER_FAST : TCP_WHY_AFTER_TIMEOUT;
	if (before && instant_since(before->when, s->seg->when) < TIMER_NS)
		return TCP_WHY_EARLY;
	return TCP_WHY_TIMEOUT;
}

/* False: it is not sent again. */
static bool why_again(const struct scene *s)
{
	const struct tcp_past_sent *before = sent_with(s->x, s->m->seq);

	if (has(s, TCP_T_OUT_OF_ORDER)) {
		because(s, TCP_WHY_LATE, NULL);
		return true;
	}
	if (!has(s, TCP_T_RETRANSMISSION))
		return false;
	if (has(s, TCP_T_SPURIOUS_RETRANSMISSION)) {
		because(s, TCP_WHY_NEEDLESS, before);
	} else if (has(s, TCP_T_FAST_RETRANSMISSION)) {
		because(s, TCP_WHY_FAST, before);
		s->m->count = s->y->dup_acks;
	} else {
		enum tcp_why why = why_repaired(s, before);
		because(s, why, why == TCP_WHY_AFTER_ICMP ? &s->x->icmp : before);
	}
	return true;
}

/* ---- data ------------------------------------------------------------------------------- */

/*
 * Does it follow `cause` so soon that it must have been waiting for it?  The wait may be
 * longer, the longer what it waited for took.  What follows sooner than a reaction can get
 * here was on its way already; and without a handshake nobody knows how soon that is.
 */
static bool at_once_after(const struct scene *s, const struct tcp_past_sent *cause,
			  uint64_t waited_ns)
{
	uint64_t slack = waited_ns / 2 > PROMPT_NS ? waited_ns / 2 : PROMPT_NS;
	uint64_t since = instant_since(cause->when, s->seg->when), turn = s->x->turn_ns;

	return s->x->has_turn && since <= turn + slack &&
	       (turn < FAR_NS || since >= turn - turn / 4);
}

static bool full_sized(const struct scene *s)
{
	return s->m->notes & TCP_NOTE_FULL_SIZED;
}

static void why_data(const struct scene *s)
{
	const struct tcp_past *past = s->past;
	const struct tcp_past_sent *last = &past->last;
	const struct tcp_past_sent *before =
		s->x->n_sent ? &s->x->sent[(s->x->n_sent - 1) % TCP_PAST_SENT] : NULL;

	if (last->frame && past->last_from != s->from && past->last_acked && before &&
	    at_once_after(s, last, instant_since(before->when, last->when))) {
		bool held = past->last_acked_all && !full_sized(s);
		because(s, held ? TCP_WHY_DATA_RELEASED : TCP_WHY_DATA_CLOCKED, last);
		if (held && s->y->acked_late)
			s->m->notes |= TCP_NOTE_STALL;
	} else if (last->frame && past->last_from == s->from &&
		   s->x->burst_why == TCP_WHY_DATA_CLOCKED &&
		   instant_since(last->when, s->seg->when) <= BURST_NS) {
		s->m->why = TCP_WHY_DATA_CLOCKED;
		s->m->cause_frame = s->x->burst_cause;
	} else if (s->x->owed) {
		because(s, TCP_WHY_DATA_ANSWERS, &s->x->owed_last);
	} else {
		because(s, TCP_WHY_DATA, NULL);
	}
}

/* ---- acknowledgments -------------------------------------------------------------------- */

static bool acks_new(const struct scene *s)
{
	return s->x->has_acked && seq_before(s->x->acked, s->m->ack);
}

/* Segments of the other side that it acknowledges and the one before did not, as remembered. */
static uint32_t count_acked(const struct scene *s)
{
	const struct tcp_past_side *y = s->y;
	uint32_t kept = y->n_sent < TCP_PAST_SENT ? y->n_sent : TCP_PAST_SENT, n = 0;

	for (uint32_t i = 0; i < kept; i++) {
		const struct tcp_past_sent *p = &y->sent[i];
		/* What was sent twice is still one. */
		n += seq_before(s->x->acked, p->end) && seq_before_eq(p->end, s->m->ack) &&
		     sent_with(y, p->seq) == p;
	}
	return n;
}

static void why_owed(const struct scene *s)
{
	const struct tcp_past_side *x = s->x;
	uint64_t since_last = instant_since(x->owed_last.when, s->seg->when);

	s->m->count = count_acked(s);
	if (since_last >= x->turn_ns + LATE_NS)
		because(s, TCP_WHY_ACKS_LATE, &x->owed_first);
	else
		because(s, s->m->count > 1 ? TCP_WHY_ACKS_SEVERAL : TCP_WHY_ACKS, &x->owed_first);
}

static bool acks_fin(const struct scene *s)
{
	return s->y->fin.frame && seq_before_eq(s->y->fin.end, s->m->ack);
}

/* RFC 2883 section 4: the first block tells which bytes came twice.  Where they lie is
 * reckoned back from the ACK; NULL: none came, or it is too long ago. */
static const struct tcp_past_sent *came_twice(const struct scene *s)
{
	const struct tcp_options *o = s->seg->options;
	const struct tcp_past_sent *sent = NULL;

	if (!o || !(o->seen & TCP_SEEN_SACK))
		return NULL;
	if (seq_before(o->sack[0].left, s->seg->ack) ||
	    (o->n_sack > 1 && seq_before_eq(o->sack[1].left, o->sack[0].left) &&
	     seq_before_eq(o->sack[0].right, o->sack[1].right)))
		sent = sent_with(s->y, s->m->ack - (s->seg->ack - o->sack[0].left));
	return sent;
}

static const struct tcp_past_sent *answered_last(const struct scene *s)
{
	const struct tcp_past_sent *last = sent_with(s->y, s->y->synack.seq);

	return s->y->synack.frame && last ? last : &s->y->synack;
}

static void why_ack(const struct scene *s)
{
	unsigned y = !s->from;
	const struct tcp_past_sent *twice = came_twice(s);

	if (!(s->seg->flags & TCP_ACK))
		return;
	if (s->told->before[y] == TCP_S_SYN_RECEIVED && s->told->after[y] == TCP_S_ESTABLISHED)
		because(s, TCP_WHY_COMPLETES, answered_last(s));
	else if (has(s, TCP_T_DUPLICATE_ACK))
		because(s, TCP_WHY_ACKS_GAP, s->x->odd.frame ? &s->x->odd : NULL);
	else if (acks_new(s) && acks_fin(s))
		because(s, TCP_WHY_ACKS_FIN, &s->y->fin);
	else if (acks_new(s) && s->x->owed)
		why_owed(s);
	else if (twice)
		because(s, TCP_WHY_ACKS_AGAIN, twice);
	else if (has(s, TCP_T_WINDOW_UPDATE))
		because(s, s->m->window < s->x->window ? TCP_WHY_NARROWS_WINDOW :
							 TCP_WHY_OPENS_WINDOW, NULL);
	else if (s->x->odd.frame)
		because(s, TCP_WHY_ACKS_AGAIN, &s->x->odd);
	else if (acks_new(s))
		because(s, TCP_WHY_ACKS, NULL);
}

static const struct { uint8_t trouble, why; } plain_reasons[] = {
	{ TCP_T_DUPLICATE_FRAME, TCP_WHY_SEEN_TWICE },
	{ TCP_T_ZERO_WINDOW_PROBE, TCP_WHY_PROBES_WINDOW },
	{ TCP_T_ZERO_WINDOW_PROBE_ACK, TCP_WHY_ANSWERS_PROBE },
	{ TCP_T_KEEP_ALIVE, TCP_WHY_KEEP_ALIVE },
	{ TCP_T_KEEP_ALIVE_ACK, TCP_WHY_ANSWERS_KEEP_ALIVE },
};

static void find_reason(const struct scene *s)
{
	uint16_t flags = s->seg->flags;

	for (size_t i = 0; i < sizeof(plain_reasons) / sizeof(plain_reasons[0]); i++)
		if (has(s, plain_reasons[i].trouble)) {
			because(s, plain_reasons[i].why,
				s->past->last_from != s->from ? &s->past->last : NULL);
			return;
		}
	if (flags & TCP_RST)
		why_reset(s);
	else if (flags & TCP_SYN)
		why_syn(s);
	else if (flags & TCP_FIN)
		why_fin(s);
	else if (why_again(s))
		;
	else if (s->seg->payload)
		why_data(s);
	else
		why_ack(s);
}

/* ---- remembering ------------------------------------------------------------------------ */

static void learn_syn(const struct scene *s)
{
	const struct tcp_options *o = s->seg->options;
	struct tcp_past_sent *slot = s->seg->flags & TCP_ACK ? &s->x->synack : &s->x->syn;

	if (slot->frame == 0)
		*slot = s->here;
	if (s->m->why == TCP_WHY_ACCEPTS && s->m->cause_frame) {
		s->x->turn_ns = s->m->waited_ns;
		s->x->has_turn = true;
	}
	if (!o)
		return;
	s->x->mss = o->seen & TCP_SEEN_MSS ? o->mss : 0;
	s->x->has_scale = o->seen & TCP_SEEN_WSCALE;
	s->x->wscale = o->wscale > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : o->wscale;
}

static void learn_sent(const struct scene *s)
{
	struct tcp_past_side *x = s->x, *y = s->y;
	bool fresh = !x->has_next || seq_before(x->next, s->here.end);
	bool in_order = !x->has_next || s->here.seq == x->next;

	if (s->here.seq == s->here.end)
		return;
	x->sent[x->n_sent++ % TCP_PAST_SENT] = s->here;
	if (!fresh || !in_order)
		y->odd = s->here;
	if (fresh) {
		y->owed_first = y->owed++ ? y->owed_first : s->here;
		y->owed_last = s->here;
		x->next = s->here.end;
	} else if (y->owed && seq_before(y->acked, s->here.end)) {
		/* What was lost is answered when it comes again: that is where waiting begins. */
		if (seq_before_eq(s->here.seq, y->owed_first.seq))
			y->owed_first = s->here;
		y->owed_last = s->here;
	}
	x->has_next = true;
	if (!s->seg->payload)
		return;
	x->sent_data = true;
	x->largest = s->seg->payload > x->largest ? s->seg->payload : x->largest;
	x->burst_why = s->m->why;
	x->burst_cause = s->m->cause_frame;
}

static void learn_repair(const struct scene *s)
{
	if (s->m->why != TCP_WHY_TIMEOUT && s->m->why != TCP_WHY_FAST)
		return;
	s->x->repair = s->m->why;
	s->x->recover = s->x->next;
}

/* What of y's is still unanswered after an ACK that leaves some of it out. */
static void recount_owed(const struct scene *s)
{
	struct tcp_past_side *x = s->x;
	const struct tcp_past_side *y = s->y;
	uint32_t kept = y->n_sent < TCP_PAST_SENT ? y->n_sent : TCP_PAST_SENT;

	x->owed = 0;
	for (uint32_t i = kept; i > 0; i--) {
		const struct tcp_past_sent *p = &y->sent[(y->n_sent - i) % TCP_PAST_SENT];
		if (!seq_before(s->m->ack, p->end))
			continue;
		x->owed_first = x->owed++ ? x->owed_first : *p;
		x->owed_last = *p;
	}
}

static void learn_ack(const struct scene *s)
{
	struct tcp_past_side *x = s->x, *y = s->y;
	bool newly = !x->has_acked || seq_before(x->acked, s->m->ack);

	if (has(s, TCP_T_DUPLICATE_ACK))
		x->dup_acks++;
	else if (newly)
		x->dup_acks = 0;
	x->acked_late = s->m->why == TCP_WHY_ACKS_LATE;
	if (s->m->why == TCP_WHY_COMPLETES && s->m->cause_frame) {
		x->turn_ns = s->m->waited_ns;
		x->has_turn = true;
	}
	x->odd.frame = 0;
	if (!newly)
		return;
	x->acked = s->m->ack;
	x->has_acked = true;
	if (y->has_next && seq_before(x->acked, y->next))
		recount_owed(s);
	else
		x->owed = 0;
	if (y->repair != TCP_WHY_UNKNOWN && !seq_before(x->acked, y->recover))
		y->repair = TCP_WHY_UNKNOWN;
}

static bool is_pure_ack(const struct tcp_segment *seg)
{
	return (seg->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK && !seg->payload;
}

static void learn(const struct scene *s)
{
	struct tcp_past *past = s->past;
	uint16_t flags = s->seg->flags;
	bool acks = is_pure_ack(s->seg) && s->m->acked > 0;

	past->last = s->here;
	past->last_from = (uint8_t)s->from;
	past->last_acked = acks;
	past->last_acked_all = acks && s->y->has_next && s->m->ack == s->y->next;
	if (flags & TCP_RST)
		return;
	if (flags & TCP_SYN)
		learn_syn(s);
	if ((flags & TCP_FIN) && s->x->fin.frame == 0) {
		s->x->fin = s->here;
		s->x->fin.seq = s->here.end - 1;
	}
	learn_repair(s);
	/* The probing byte and the keep-alive's are no part of the stream (RFC 9293 3.8.4). */
	if (s->m->why != TCP_WHY_PROBES_WINDOW && s->m->why != TCP_WHY_KEEP_ALIVE)
		learn_sent(s);
	if (flags & TCP_ACK)
		learn_ack(s);
	s->x->window = s->m->window;
}

/* ---- the facts -------------------------------------------------------------------------- */

/* Payload bytes among those that an ACK adds: a SYN and a FIN take a number, too. */
static uint32_t newly_acked(const struct scene *s)
{
	uint32_t n = s->m->ack - s->x->acked;

	if (!(s->seg->flags & TCP_ACK) || !acks_new(s))
		return 0;
	n -= s->x->acked == 0;
	n -= acks_fin(s) && seq_before(s->x->acked, s->y->fin.end);
	return n;
}

static void note_size(const struct scene *s)
{
	uint32_t len = s->seg->payload, mss = s->y->mss;
	bool stamped = s->m->options & TCP_SEEN_TS;

	if (len == 0)
		return;
	if (!s->x->sent_data)
		s->m->notes |= TCP_NOTE_FIRST_DATA;
	if (len >= SMALLEST_MSS && len == s->x->largest)
		s->m->notes |= TCP_NOTE_FULL_SIZED;
	if (mss == 0)
		return;
	if (len > mss)
		s->m->notes |= TCP_NOTE_BEYOND_MSS;
	/* RFC 6691: the MSS does not count options, but they take its room. */
	if (len + (stamped ? 12 : 0) >= mss)
		s->m->notes |= TCP_NOTE_FULL_SIZED;
}

static void note_window(const struct scene *s)
{
	bool syn = s->seg->flags & TCP_SYN, both = s->x->has_scale && s->y->has_scale;
	bool syns = (s->x->syn.frame || s->x->synack.frame) &&
		    (s->y->syn.frame || s->y->synack.frame);

	s->m->window_scaled = syn || syns;
	s->m->window = (uint32_t)s->seg->window << (both && !syn ? s->x->wscale : 0);
}

static void note_options(const struct scene *s)
{
	const struct tcp_options *o = s->seg->options;

	if (!o)
		return;
	s->m->options = o->seen;
	if (!(s->seg->flags & TCP_SYN))
		return;
	s->m->mss = o->seen & TCP_SEEN_MSS ? o->mss : 0;
	s->m->wscale = o->wscale;
}

static uint32_t end_of(const struct tcp_segment *seg, uint32_t rel_seq)
{
	return rel_seq + (seg->flags & TCP_SYN ? 1 : 0) + seg->payload +
	       (seg->flags & TCP_FIN ? 1 : 0);
}

void tcp_reason_hear(struct tcp_past *past, const struct tcp_segment *seg,
		     const struct tcp_told *told, struct tcp_moment *out)
{
	struct scene s = { .past = past, .seg = seg, .told = told, .m = out, .from = told->from,
			   .x = &past->side[told->from], .y = &past->side[!told->from],
			   .here = { seg->frame, seg->when, told->rel_seq,
				     end_of(seg, told->rel_seq) } };

	if (told->fresh)
		*past = (struct tcp_past){ 0 };
	*out = (struct tcp_moment){ .when = seg->when, .frame = seg->frame,
				    .seq = told->rel_seq, .ack = told->rel_ack,
				    .payload = seg->payload, .wire_bytes = seg->wire_bytes,
				    .trouble = told->trouble, .flags = seg->flags,
				    .from = (uint8_t)told->from };
	for (unsigned i = 0; i < 2; i++) {
		out->before[i] = (uint8_t)told->before[i];
		out->after[i] = (uint8_t)told->after[i];
	}
	if (seg->header_cut)
		return;
	note_options(&s);
	note_window(&s);
	note_size(&s);
	out->acked = newly_acked(&s);
	find_reason(&s);
	learn(&s);
}

void tcp_reason_icmp(struct tcp_past *past, const struct tcp_icmp *icmp, struct tcp_moment *out)
{
	struct tcp_past_side *x = &past->side[icmp->from];
	const struct tcp_past_sent *quoted = sent_with(x, icmp->rel_seq);

	*out = (struct tcp_moment){ .when = icmp->when, .frame = icmp->frame,
				    .wire_bytes = icmp->wire_bytes, .seq = icmp->rel_seq,
				    .mss = icmp->mtu, .from = (uint8_t)!icmp->from,
				    .why = TCP_WHY_ICMP,
				    .count = (uint32_t)icmp->type << 8 | icmp->code };
	if (quoted) {
		out->cause_frame = quoted->frame;
		out->waited_ns = instant_since(quoted->when, icmp->when);
	}
	if (icmp->too_big)
		x->icmp = (struct tcp_past_sent){ icmp->frame, icmp->when, icmp->rel_seq,
						  icmp->rel_seq };
}

/* ---- hindsight -------------------------------------------------------------------------- */

static bool is_repair(enum tcp_why why)
{
	switch (why) {
	case TCP_WHY_OPENS_AGAIN:
	case TCP_WHY_ACCEPTS_AGAIN:
	case TCP_WHY_ACCEPTS_ANEW:
	case TCP_WHY_FINISHES_AGAIN:
	case TCP_WHY_TIMEOUT:
	case TCP_WHY_FAST:
	case TCP_WHY_AFTER_TIMEOUT:
	case TCP_WHY_AFTER_FAST:
	case TCP_WHY_EARLY:
		return true;
	default:
		return false;
	}
}

void tcp_moments_lost(struct tcp_moment *moment, size_t n)
{
	const struct tcp_moment *again = &moment[n - 1];

	if (!is_repair((enum tcp_why)again->why) || again->cause_frame == 0)
		return;
	for (size_t i = n - 1; i-- > 0;) {
		struct tcp_moment *m = &moment[i];
		if (m->frame == again->cause_frame) {
			m->lost = true;
			return;
		}
		/* It did arrive, for the other side acknowledges it: then the ACK was lost. */
		if (m->from != again->from && (m->flags & TCP_ACK) &&
		    seq_before(again->seq, m->ack))
			return;
	}
}

static const struct tcp_why_info why_infos[TCP_WHY_COUNT] = {
	[TCP_WHY_UNKNOWN] = { "unknown", "" },
	[TCP_WHY_OPENS] = { "opens", "RFC 9293 3.5" },
	[TCP_WHY_OPENS_TOO] = { "opens_too", "RFC 9293 3.5" },
	[TCP_WHY_OPENS_AGAIN] = { "opens_again", "RFC 6298 2" },
	[TCP_WHY_ACCEPTS] = { "accepts", "RFC 9293 3.5" },
	[TCP_WHY_ACCEPTS_AGAIN] = { "accepts_again", "RFC 6298 2" },
	[TCP_WHY_ACCEPTS_ANEW] = { "accepts_anew", "RFC 9293 3.10.7.4" },
	[TCP_WHY_COMPLETES] = { "completes", "RFC 9293 3.5" },
	[TCP_WHY_REFUSES] = { "refuses", "RFC 9293 3.5.2" },
	[TCP_WHY_DATA] = { "data", "RFC 9293 3.7" },
	[TCP_WHY_DATA_RELEASED] = { "data_released", "RFC 896, RFC 1122 4.2.3.4" },
	[TCP_WHY_DATA_CLOCKED] = { "data_clocked", "RFC 5681 3.1" },
	[TCP_WHY_DATA_ANSWERS] = { "data_answers", "RFC 9293 3.8" },
	[TCP_WHY_ACKS] = { "acks", "RFC 9293 3.10.7.4" },
	[TCP_WHY_ACKS_SEVERAL] = { "acks_several", "RFC 1122 4.2.3.2" },
	[TCP_WHY_ACKS_LATE] = { "acks_late", "RFC 1122 4.2.3.2" },
	[TCP_WHY_ACKS_GAP] = { "acks_gap", "RFC 5681 4.2" },
	[TCP_WHY_ACKS_FIN] = { "acks_fin", "RFC 9293 3.6" },
	[TCP_WHY_ACKS_AGAIN] = { "acks_again", "RFC 9293 3.10.7.4" },
	[TCP_WHY_FINISHES] = { "finishes", "RFC 9293 3.6" },
	[TCP_WHY_FINISHES_TOO] = { "finishes_too", "RFC 9293 3.6" },
	[TCP_WHY_FINISHES_AGAIN] = { "finishes_again", "RFC 6298 5" },
	[TCP_WHY_RESETS] = { "resets", "RFC 9293 3.5.2" },
	[TCP_WHY_TIMEOUT] = { "timeout", "RFC 6298 5" },
	[TCP_WHY_FAST] = { "fast", "RFC 5681 3.2" },
	[TCP_WHY_AFTER_TIMEOUT] = { "after_timeout", "RFC 5681 3.1" },
	[TCP_WHY_AFTER_FAST] = { "after_fast", "RFC 6582 3.2" },
	[TCP_WHY_EARLY] = { "early", "RFC 8985 7" },
	[TCP_WHY_AFTER_ICMP] = { "after_icmp", "RFC 1191 6.4" },
	[TCP_WHY_NEEDLESS] = { "needless", "RFC 5682 1" },
	[TCP_WHY_LATE] = { "late", "RFC 9293 3.10.7.4" },
	[TCP_WHY_KEEP_ALIVE] = { "keep_alive", "RFC 9293 3.8.4" },
	[TCP_WHY_ANSWERS_KEEP_ALIVE] = { "answers_keep_alive", "RFC 9293 3.8.4" },
	[TCP_WHY_PROBES_WINDOW] = { "probes_window", "RFC 9293 3.8.6.1" },
	[TCP_WHY_ANSWERS_PROBE] = { "answers_probe", "RFC 9293 3.8.6.1" },
	[TCP_WHY_OPENS_WINDOW] = { "opens_window", "RFC 9293 3.8.6" },
	[TCP_WHY_NARROWS_WINDOW] = { "narrows_window", "RFC 9293 3.8.6" },
	[TCP_WHY_SEEN_TWICE] = { "seen_twice", "" },
	[TCP_WHY_ICMP] = { "icmp", "RFC 792" },
};

const struct tcp_why_info *tcp_why_info(enum tcp_why why)
{
	return &why_infos[why];
}
