/*
 * What state each end is in (RFC 9293 section 3.3.2 and 3.10), as an onlooker can know it.
 *
 * Sending tells the sender's state at once.  The receiver's follows when the segment
 * arrives, which nobody here sees; it is supposed to, unless what comes later shows that
 * it did not (a FIN sent again, an ACK that stays behind).
 */
#include "tcp_flow.h"

struct ends {
	struct flow_hot *h;
	const struct tcp_segment *seg;
	unsigned from;
	struct flow_side *x, *y;
	bool acks_fin;		/* it acknowledges the receiver's FIN */
	bool reset_seen;
	bool damaged;		/* so the receiver dropped it */
};

static enum tcp_state sender(const struct ends *e)
{
	return flow_state(e->h, e->from);
}

static enum tcp_state receiver(const struct ends *e)
{
	return flow_state(e->h, !e->from);
}

static void sender_is(const struct ends *e, enum tcp_state s)
{
	flow_set_state(e->h, e->from, s);
}

static void receiver_is(const struct ends *e, enum tcp_state s)
{
	flow_set_state(e->h, !e->from, s);
}

/* RFC 9293 3.10.7.3 and RFC 5961 section 3: a reset must fit, or it is not heeded. */
static bool reset_fits(const struct ends *e)
{
	uint32_t seq = e->seg->seq;

	if (receiver(e) == TCP_S_SYN_SENT)
		return (e->seg->flags & TCP_ACK) &&
		       seq_in_window(e->seg->ack, e->y->base + 1, e->y->next - e->y->base);
	if (!knows(e->y, SIDE_ACKED) || !knows(e->x, SIDE_NEXT))
		return true;
	return seq == e->y->acked ||
	       (seq_before_eq(e->y->acked, seq) && seq_before_eq(seq, e->x->next));
}

/*
 * RFC 9293 3.10.7.3: who waits for an answer to its SYN and hears an ACK of some older
 * connection resets that one, with the number which was acknowledged, and goes on waiting.
 */
static bool resets_an_older_one(const struct ends *e)
{
	return sender(e) == TCP_S_SYN_SENT && knows(e->x, SIDE_NEXT) &&
	       !seq_in_window(e->seg->seq, e->x->base, e->x->next - e->x->base + 1);
}

static void on_reset(const struct ends *e)
{
	/* Of a side that never spoke here, nothing is guessed. */
	if (receiver(e) != TCP_S_UNSEEN && !e->damaged && reset_fits(e))
		receiver_is(e, TCP_S_CLOSED);
	if (!resets_an_older_one(e))
		sender_is(e, TCP_S_CLOSED);
}

/*
 * The reset that refused a SYN was lost, or ended an older connection: the SYN comes again, and
 * may be answered.  Once a handshake was complete, a SYN of its number is only a late copy.
 */
static bool opens_after_reset(const struct ends *e)
{
	return e->reset_seen && !(e->h->bits & FLOW_ACK);
}

/* What sending this, its FIN aside, tells of the sender. */
static void sender_speaks(const struct ends *e)
{
	bool syn = e->seg->flags & TCP_SYN, ack = e->seg->flags & TCP_ACK;

	switch (sender(e)) {
	case TCP_S_UNSEEN:
		if (!syn)
			sender_is(e, TCP_S_ESTABLISHED);
		else if (ack)
			sender_is(e, TCP_S_SYN_RECEIVED);
		else		/* the other's SYN is on its way here, too (3.5, figure 7) */
			sender_is(e, receiver(e) == TCP_S_SYN_SENT ? TCP_S_SYN_RECEIVED :
								     TCP_S_SYN_SENT);
		break;
	case TCP_S_SYN_SENT:
		if (ack)
			sender_is(e, syn ? TCP_S_SYN_RECEIVED : TCP_S_ESTABLISHED);
		break;
	case TCP_S_CLOSED:
		if (syn && opens_after_reset(e))
			sender_is(e, ack ? TCP_S_SYN_RECEIVED : TCP_S_SYN_SENT);
		break;
	default:
		break;
	}
}

/* It acknowledges a FIN, so it has that FIN, even if we thought that it was held up. */
static void sender_has_fin(const struct ends *e)
{
	switch (sender(e)) {
	case TCP_S_SYN_RECEIVED:
	case TCP_S_ESTABLISHED: sender_is(e, TCP_S_CLOSE_WAIT); break;
	case TCP_S_FIN_WAIT_1: sender_is(e, TCP_S_CLOSING); break;
	case TCP_S_FIN_WAIT_2: sender_is(e, TCP_S_TIME_WAIT); break;
	default: break;
	}
}

static void sender_finishes(const struct ends *e)
{
	switch (sender(e)) {
	case TCP_S_SYN_RECEIVED:
	case TCP_S_ESTABLISHED: sender_is(e, TCP_S_FIN_WAIT_1); break;
	/* Without an ACK of the other's FIN, it cannot have had that when it sent its own. */
	case TCP_S_CLOSE_WAIT:
		sender_is(e, e->acks_fin ? TCP_S_LAST_ACK : TCP_S_CLOSING);
		break;
	/* Sent again: the ACK that we saw did not arrive, or not in time. */
	case TCP_S_FIN_WAIT_2: sender_is(e, TCP_S_FIN_WAIT_1); break;
	case TCP_S_TIME_WAIT:
		sender_is(e, e->acks_fin ? TCP_S_CLOSING : TCP_S_FIN_WAIT_1);
		break;
	case TCP_S_CLOSED:
		if (!e->reset_seen)
			sender_is(e, TCP_S_LAST_ACK);
		break;
	default: break;
	}
}

static void receiver_hears_syn(const struct ends *e)
{
	bool ack = e->seg->flags & TCP_ACK;

	if (receiver(e) == TCP_S_SYN_SENT && !ack)
		receiver_is(e, TCP_S_SYN_RECEIVED);
	else if (ack && (receiver(e) == TCP_S_UNSEEN ||
			 (receiver(e) == TCP_S_SYN_SENT &&
			  seq_before(e->y->base, e->seg->ack))))
		receiver_is(e, TCP_S_ESTABLISHED);
}

static void receiver_hears_ack(const struct ends *e)
{
	if (receiver(e) == TCP_S_SYN_RECEIVED && seq_before(e->y->base, e->seg->ack))
		receiver_is(e, TCP_S_ESTABLISHED);
	if (!e->acks_fin)
		return;
	switch (receiver(e)) {
	case TCP_S_FIN_WAIT_1: receiver_is(e, TCP_S_FIN_WAIT_2); break;
	case TCP_S_CLOSING: receiver_is(e, TCP_S_TIME_WAIT); break;
	case TCP_S_LAST_ACK: receiver_is(e, TCP_S_CLOSED); break;
	default: break;
	}
}

/* A FIN behind a gap waits until the gap is filled: the ACK will tell. */
static bool is_held_up(const struct ends *e)
{
	return knows(e->x, SIDE_NEXT) &&
	       (seq_before(e->x->next, e->seg->seq) || knows(e->x, SIDE_HOLE));
}

static void receiver_hears_fin(const struct ends *e)
{
	if (is_held_up(e))
		return;
	switch (receiver(e)) {
	case TCP_S_SYN_RECEIVED:
	case TCP_S_ESTABLISHED: receiver_is(e, TCP_S_CLOSE_WAIT); break;
	case TCP_S_FIN_WAIT_1: receiver_is(e, TCP_S_CLOSING); break;
	case TCP_S_FIN_WAIT_2: receiver_is(e, TCP_S_TIME_WAIT); break;
	default: break;
	}
}

void tcp_states_step(struct flow_hot *h, const struct flow_notes *notes,
		     const struct tcp_segment *seg, unsigned from)
{
	struct ends e = { .h = h, .seg = seg, .from = from, .x = &h->side[from],
			  .y = &h->side[!from], .damaged = is_damaged(notes, seg) };

	if (seg->flags & TCP_RST) {
		on_reset(&e);
		return;
	}
	if (notes) {
		e.acks_fin = acks_fin(e.y, &notes->side[!from], seg);
		e.reset_seen = notes->first_rst != 0;
	}
	sender_speaks(&e);
	if (e.acks_fin)
		sender_has_fin(&e);
	if (seg->flags & TCP_FIN)
		sender_finishes(&e);
	if (e.damaged)
		return;
	if (seg->flags & TCP_SYN)
		receiver_hears_syn(&e);
	if (seg->flags & TCP_ACK)
		receiver_hears_ack(&e);
	if (seg->flags & TCP_FIN)
		receiver_hears_fin(&e);
}
