/*
 * What is the matter with a segment.
 *
 * Judged against the numbers of both sides as they were before it.  Where Wireshark has a
 * word it is used, and where it only guesses (a duplicate ACK while nothing is missing, a
 * keep-alive that is a retransmission of one byte) the RFC decides.
 */
#include "tcp_flow.h"

#define FAST_WITHIN_US 20000u	/* of the last duplicate ACK; later it was the timer's doing */
#define FAST_AFTER 2u		/* RFC 5681 3.2 asks for three; one may have been missed */
#define REORDER_NS UINT64_C(3000000)	/* a late segment's span while no round trip is known */

/* A packet seen twice is a copy only while no timer can have sent it again: RFC 6298 2.4 asks
 * for a second, the quickest in use takes 200 ms.  There are stacks that send again under the
 * same identification (RFC 1122 3.2.1.5 allows it). */
#define COPY_WITHIN_US 100000u
#define BARE_COPY_WITHIN_US 100u	/* without an identification, between two legs of a host */
#define COPIES_BEHIND 64u	/* identifications that a second leg may lag behind */

struct judge {
	const struct flow_hot *h;
	const struct flow_cold *c;
	const struct flow_notes *notes;
	const struct tcp_segment *seg;
	const struct flow_side *x, *y;
	unsigned from;
	uint32_t len, end, now_us;
	bool plain;		/* no SYN, FIN or RST */
};

static uint32_t now_us(const struct tcp_segment *seg)
{
	/* Wraps after 71 minutes; only short distances are ever asked for. */
	return (uint32_t)(seg->when.ns / USEC_NS);
}

static uint32_t end_of(const struct tcp_segment *seg)
{
	uint32_t syn = seg->flags & TCP_SYN ? 1 : 0, fin = seg->flags & TCP_FIN ? 1 : 0;

	return seg->seq + syn + seg->payload + fin;
}

static inline struct judge judge_of(const struct flow_hot *h, const struct flow_cold *c,
				    const struct flow_notes *notes, const struct tcp_segment *seg,
				    unsigned from)
{
	return (struct judge){ .h = h, .c = c, .notes = notes, .seg = seg, .from = from,
			       .x = &h->side[from], .y = &h->side[!from], .len = seg->payload,
			       .end = end_of(seg), .now_us = now_us(seg),
			       .plain = !(seg->flags & (TCP_SYN | TCP_FIN | TCP_RST)) };
}

static uint32_t bit(enum tcp_trouble t)
{
	return UINT32_C(1) << t;
}

/* ---- the same packet twice ------------------------------------------------------------ */

/* A side that numbers all its packets alike, or none, says nothing by the number. */
static bool id_proves(const struct flow_side *x, const struct tcp_segment *seg)
{
	return seg->ip_id && !knows(x, SIDE_ID_STUCK);
}

/* The checksum stands for options and payload; with an identification it is left out, for one
 * of two legs may lie before an offload. */
static uint16_t mark_of(const struct tcp_segment *seg)
{
	return seg->ip_id ? (uint16_t)(seg->seq ^ seg->payload ^ (uint32_t)seg->flags << 8) :
			    seg->checksum;
}

/* Neither bytes nor an acknowledgment that this side had not sent before. */
static bool says_nothing_new(const struct flow_side *x, const struct tcp_segment *seg,
			     uint32_t end)
{
	if (!knows(x, SIDE_NEXT) || seq_before(x->next, end))
		return false;
	return !(seg->flags & TCP_ACK) ||
	       (knows(x, SIDE_ACKED) && seq_before_eq(seg->ack, x->acked));
}

/* Since this side last said anything like it: if it is a copy, since the original. */
static uint32_t elapsed_us(const struct judge *j)
{
	return j->now_us - (j->seg->flags & TCP_ACK ? j->x->ack_us : j->x->advanced_us);
}

static bool peer_spoke_since(const struct judge *j)
{
	return knows(j->y, SIDE_ACKED) && j->now_us - j->y->ack_us < elapsed_us(j);
}

/*
 * Two segments alike may still be two: a timer, or the other side's segments, made the sender
 * say it again.  The identification tells them apart.  Where there is none (IPv6, or 0 as RFC
 * 6864 allows) the checksum must be the same, and the copy must come faster than any answer
 * could have called for it.  Even so, only what occupies sequence space is judged, with nobody
 * else having spoken: ACKs alike are what a receiver sends when segments are missing.
 */
static bool is_copy_of_last(const struct judge *j)
{
	const struct tcp_segment *seg = j->seg;

	if (mark_of(seg) != j->x->last_mark || seg->window != j->x->window ||
	    ((seg->flags & TCP_ACK) && seg->ack != j->x->acked) ||
	    !says_nothing_new(j->x, seg, j->end))
		return false;
	if (seg->ip_id)
		return elapsed_us(j) < COPY_WITHIN_US;
	return j->end == j->x->next && j->end != seg->seq && !(seg->flags & TCP_RST) &&
	       !peer_spoke_since(j) && elapsed_us(j) < BARE_COPY_WITHIN_US;
}

static bool lags_behind(const struct flow_side *x, const struct tcp_segment *seg)
{
	uint16_t behind = (uint16_t)(x->last_id - seg->ip_id);

	return id_proves(x, seg) && behind > 0 && behind < COPIES_BEHIND;
}

static bool is_in_hole(const struct flow_side *x, const struct notes_side *nx, uint32_t seq)
{
	return knows(x, SIDE_HOLE) && seq_before_eq(nx->hole_from, seq) &&
	       seq_before(seq, nx->hole_to);
}

/* The second leg may lag by more than one packet.  An original that its own retransmission
 * overtook looks just like this, so it counts only where packets are known to come twice. */
static bool is_copy_from_behind(const struct judge *j)
{
	return j->notes && (j->h->bits & FLOW_DOUBLED) && lags_behind(j->x, j->seg) &&
	       says_nothing_new(j->x, j->seg, j->end) && j->end != j->seg->seq &&
	       !is_in_hole(j->x, &j->notes->side[j->from], j->seg->seq) &&
	       j->now_us - j->x->advanced_us < COPY_WITHIN_US;
}

/* Nearly every segment is told from the one before it by a glance at two numbers. */
static bool may_be_copy(const struct flow_hot *h, const struct flow_side *x,
			const struct tcp_segment *seg)
{
	if (seg->ip_id != x->last_id)
		return h->bits & FLOW_DOUBLED;
	return !knows(x, SIDE_ID_STUCK) && mark_of(seg) == x->last_mark;
}

/* Out of line: inlined, it costs tcp_judge() its registers, and every segment pays. */
__attribute__((noinline))
static bool is_copy(const struct flow_hot *h, const struct flow_cold *c,
		    const struct flow_notes *notes, const struct tcp_segment *seg, unsigned from)
{
	struct judge j = judge_of(h, c, notes, seg, from);

	return seg->ip_id == j.x->last_id ? is_copy_of_last(&j) : is_copy_from_behind(&j);
}

static void learn_identity(const struct flow_hot *h, struct flow_side *x,
			   const struct tcp_segment *seg)
{
	/* An older ACK from a leg that lags: its double does not come next. */
	if ((h->bits & FLOW_DOUBLED) && seg->payload == 0 && lags_behind(x, seg))
		return;
	if (seg->ip_id == x->last_id) {
		if (id_proves(x, seg) && !says_nothing_new(x, seg, end_of(seg)))
			learn(x, SIDE_ID_STUCK);
	} else if (knows(x, SIDE_ID_STUCK)) {
		unlearn(x, SIDE_ID_STUCK);
	}
	x->last_id = seg->ip_id;
	x->last_mark = mark_of(seg);
}

/* ---- what the numbers tell ------------------------------------------------------------ */

static bool peer_window_is_zero(const struct judge *j)
{
	return knows(j->y, SIDE_ACKED) && j->y->window == 0;
}

/* RFC 9293 3.8.6.1: a byte beyond the window; Linux sends the byte before it, empty. */
static bool is_zero_window_probe(const struct judge *j)
{
	if (!j->plain || !peer_window_is_zero(j))
		return false;
	return (j->len == 1 && j->seg->seq == j->x->next) ||
	       (j->len <= 1 && j->seg->seq == j->y->acked - 1);
}

/* RFC 9293 3.8.4: a sequence number that is known to be acknowledged, with or without a byte. */
static bool is_keep_alive(const struct judge *j)
{
	return j->plain && j->len <= 1 && knows(j->x, SIDE_NEXT) &&
	       j->seg->seq == j->x->next - 1 &&
	       (j->len == 0 || (knows(j->y, SIDE_ACKED) && j->y->acked == j->x->next));
}

/* An ACK that says nothing that its sender has not said before, its window aside. */
static bool repeats_ack(const struct judge *j)
{
	return j->plain && (j->seg->flags & TCP_ACK) && j->len == 0 && knows(j->x, SIDE_ACKED) &&
	       j->seg->seq == j->x->next && j->seg->ack == j->x->acked;
}

/* RFC 2883 section 4: the first block is below the ACK, or inside the second. */
static bool is_dsack(const struct tcp_segment *seg)
{
	const struct tcp_options *o = seg->options;

	if (!o || !(o->seen & TCP_SEEN_SACK))
		return false;
	if (seq_before(o->sack[0].left, seg->ack))
		return true;
	return o->n_sack > 1 && seq_before_eq(o->sack[1].left, o->sack[0].left) &&
	       seq_before_eq(o->sack[0].right, o->sack[1].right);
}

/* RFC 5681 section 2 (a).  When the capture holds nothing of the other side, an ACK that
 * is repeated is all that can be known of its data. */
static bool has_outstanding(const struct judge *j)
{
	return !knows(j->y, SIDE_NEXT) || seq_before(j->x->acked, j->y->next);
}

static uint32_t judge_repeated_ack(const struct judge *j)
{
	if (!repeats_ack(j))
		return 0;
	if (j->seg->window != j->x->window)
		return j->seg->window ? bit(TCP_T_WINDOW_UPDATE) : 0;
	if (knows(j->y, SIDE_PROBE) && j->seg->window == 0)
		return bit(TCP_T_ZERO_WINDOW_PROBE_ACK);
	if (knows(j->y, SIDE_KEEP_ALIVE))
		return bit(TCP_T_KEEP_ALIVE_ACK);
	if (has_outstanding(j) && j->seg->window && !is_dsack(j->seg))
		return bit(TCP_T_DUPLICATE_ACK);
	return 0;
}

/* The shift of y's windows; false when it cannot be known (RFC 7323 2.2: only if both SYNs
 * have the option, and never for the window of a SYN itself). */
static bool shift_of(const struct judge *j, unsigned *shift)
{
	bool both = j->x->options_seen & j->y->options_seen & TCP_SEEN_WSCALE;

	if (!knows(j->x, SIDE_ISN) || !knows(j->y, SIDE_ISN))
		return false;
	*shift = !both || knows(j->y, SIDE_SYN_WINDOW) ? 0 :
		 j->y->wscale > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : j->y->wscale;
	return true;
}

static bool fills_window(const struct judge *j)
{
	unsigned shift;

	return j->plain && j->len && knows(j->y, SIDE_ACKED) && shift_of(j, &shift) &&
	       j->end == j->y->acked + ((uint32_t)j->y->window << shift);
}

static bool is_just_late(const struct judge *j)
{
	uint64_t span_ns = j->h->bits & FLOW_RTT ? j->c->hs : REORDER_NS;

	/* In a gap, it was never seen here before. */
	return j->notes && is_in_hole(j->x, &j->notes->side[j->from], j->seg->seq) &&
	       (j->now_us - j->x->advanced_us) * USEC_NS < span_ns;
}

/* A simultaneous open repeats the SYN with an ACK (RFC 9293 3.5, figure 7). */
static bool is_first_synack(const struct judge *j)
{
	return (j->seg->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) &&
	       tallied(j->x, TALLY_SYNACK) <= 1;
}

static uint32_t judge_sent_again(const struct judge *j)
{
	const struct tcp_segment *seg = j->seg;

	if (seg->flags & TCP_RST || j->end == seg->seq || !knows(j->x, SIDE_NEXT) ||
	    !seq_before(seg->seq, j->x->next) || is_first_synack(j))
		return 0;
	if (j->notes && j->notes->side[!j->from].dup_acks >= FAST_AFTER && j->y->acked == seg->seq &&
	    j->now_us - j->y->ack_us < FAST_WITHIN_US)
		return bit(TCP_T_FAST_RETRANSMISSION) | bit(TCP_T_RETRANSMISSION);
	if (j->len && knows(j->y, SIDE_ACKED) && seq_before_eq(seg->seq + j->len, j->y->acked))
		return bit(TCP_T_SPURIOUS_RETRANSMISSION) | bit(TCP_T_RETRANSMISSION);
	return is_just_late(j) ? bit(TCP_T_OUT_OF_ORDER) : bit(TCP_T_RETRANSMISSION);
}

/* An ACK tells that bytes were sent, and moves next; they did not pass here for all that. */
static uint32_t seen_end(const struct flow_side *x, const struct flow_notes *notes, unsigned from)
{
	const struct notes_side *nx = notes ? &notes->side[from] : NULL;

	return nx && nx->acked_unseen ? nx->seen_end : x->next;
}

static uint32_t judge_gaps(const struct judge *j)
{
	const struct tcp_segment *seg = j->seg;
	uint32_t found = 0;

	if (!(seg->flags & TCP_RST) && knows(j->x, SIDE_NEXT) &&
	    seq_before(seen_end(j->x, j->notes, j->from), seg->seq))
		found |= bit(TCP_T_LOST_SEGMENT);
	if ((seg->flags & TCP_ACK) && !(seg->flags & TCP_RST) && knows(j->y, SIDE_NEXT) &&
	    seq_before(j->y->next + knows(j->y, SIDE_PROBE), seg->ack))
		found |= bit(TCP_T_ACK_LOST_SEGMENT);
	return found;
}

/* Once a side: all that follows from the same machine is the same. */
static uint32_t judge_sum(const struct judge *j)
{
	uint32_t told = j->from ? FLOW_OFFLOAD_B : FLOW_OFFLOAD_A;

	if (j->seg->sum == TCP_SUM_PARTIAL && !(j->h->bits & told))
		return bit(TCP_T_CHECKSUM_OFFLOAD);
	return j->seg->sum == TCP_SUM_BAD ? bit(TCP_T_BAD_CHECKSUM) : 0;
}

uint32_t tcp_judge(const struct flow_hot *h, const struct flow_cold *c,
		   const struct flow_notes *notes, const struct tcp_segment *seg, unsigned from)
{
	struct judge j = judge_of(h, c, notes, seg, from);
	uint32_t found = j.plain && seg->window == 0 ? bit(TCP_T_ZERO_WINDOW) : 0;

	if (may_be_copy(h, j.x, seg) && is_copy(h, c, notes, seg, from))
		return found | bit(TCP_T_DUPLICATE_FRAME);
	if (seg->sum > TCP_SUM_GOOD) {
		if (is_damaged(notes, seg))
			return bit(TCP_T_BAD_CHECKSUM);
		found |= judge_sum(&j);
	}
	found |= judge_gaps(&j);
	if (is_zero_window_probe(&j))
		return found | bit(TCP_T_ZERO_WINDOW_PROBE);
	if (fills_window(&j))
		found |= bit(TCP_T_WINDOW_FULL);
	if (is_keep_alive(&j))	/* which stands before what is to come, so it tells of no gap */
		return (found & ~bit(TCP_T_LOST_SEGMENT)) | bit(TCP_T_KEEP_ALIVE);
	return found | judge_repeated_ack(&j) | judge_sent_again(&j);
}

/* ---- what the next one will be judged against ---------------------------------------- */

static void open_hole(struct flow_side *s, struct notes_side *n, uint32_t from, uint32_t to)
{
	/* One gap is remembered; a second makes it one long gap. */
	if (!knows(s, SIDE_HOLE))
		n->hole_from = from;
	n->hole_to = to;
	learn(s, SIDE_HOLE);
}

static void learn_sent(struct flow_side *x, struct notes_side *nx, const struct tcp_segment *seg,
		       uint32_t us)
{
	uint32_t end = end_of(seg);

	if (seg->flags & TCP_RST)
		return;
	if (!knows(x, SIDE_NEXT)) {
		x->next = end;
		x->advanced_us = us;
		learn(x, SIDE_NEXT);
		return;
	}
	if (nx && seq_before(x->next, seg->seq))
		open_hole(x, nx, x->next, seg->seq);
	if (nx && nx->acked_unseen && seq_before(nx->seen_end, end)) {
		nx->seen_end = end;
		nx->acked_unseen = seq_before(end, x->next);
	}
	if (seq_before(x->next, end)) {
		x->next = end;
		x->advanced_us = us;
	}
}

static void learn_acked(struct flow_side *x, struct flow_side *y, struct notes_side *ny,
			const struct tcp_segment *seg, uint32_t us)
{
	if (!knows(x, SIDE_ACKED) || seq_before(x->acked, seg->ack))
		x->acked = seg->ack;
	x->ack_us = us;
	learn(x, SIDE_ACKED);
	if (ny && knows(y, SIDE_HOLE) && seq_before_eq(ny->hole_to, seg->ack) &&
	    seq_before_eq(seg->ack, y->next))
		unlearn(y, SIDE_HOLE);
	if (knows(y, SIDE_NEXT) && seq_before(y->next, seg->ack)) {
		if (ny) {
			open_hole(y, ny, y->next, seg->ack);
			ny->seen_end = ny->acked_unseen ? ny->seen_end : y->next;
			ny->acked_unseen = true;
		}
		y->next = seg->ack;
	}
}

static void learn_dup_acks(const struct flow_side *x, struct notes_side *nx,
			   const struct tcp_segment *seg, uint32_t trouble)
{
	if (!nx)
		return;
	if (trouble & bit(TCP_T_DUPLICATE_ACK))
		nx->dup_acks = (uint8_t)(nx->dup_acks + (nx->dup_acks < UINT8_MAX));
	else if (knows(x, SIDE_ACKED) && seq_before(x->acked, seg->ack))
		nx->dup_acks = 0;
}

/*
 * The receiver drops it, so nothing in it is known to have been said to anybody.  But it was
 * sent: where its number is the one expected, it is what comes next, and what is sent again
 * later is a retransmission.
 */
static void learn_damaged(struct flow_side *x, struct notes_side *nx,
			  const struct tcp_segment *seg, uint32_t us)
{
	bool expected = !knows(x, SIDE_NEXT) || seg->seq == x->next;

	if (!expected || (seg->flags & TCP_RST) || end_of(seg) == seg->seq)
		return;
	x->next = nx->damaged_end = end_of(seg);
	x->advanced_us = us;
	learn(x, SIDE_NEXT);
	nx->damaged = true;
}

/* Acknowledged, and never sent again whole: then its receiver had no fault to find with it. */
void tcp_judge_sums(const struct flow_hot *h, struct flow_notes *notes,
		    const struct tcp_segment *seg, unsigned from)
{
	struct notes_side *nx = &notes->side[from], *ny = &notes->side[!from];

	if (ny->damaged && (seg->flags & TCP_ACK) && seq_before_eq(ny->damaged_end, seg->ack) &&
	    seq_before_eq(seg->ack, h->side[!from].next))
		notes->sums_lie = true;
	if (nx->damaged && seg->sum != TCP_SUM_BAD && seq_before(seg->seq, nx->damaged_end) &&
	    seq_before_eq(nx->damaged_end, end_of(seg)))
		nx->damaged = false;
}

static void note_bit(struct flow_side *s, unsigned known, bool on)
{
	if (on)
		learn(s, known);
	else
		unlearn(s, known);
}

/* False: nothing else is to be learnt from it. */
static bool learn_odd(struct flow_hot *h, struct flow_notes *notes, const struct tcp_segment *seg,
		      unsigned from, uint32_t trouble)
{
	if (trouble & bit(TCP_T_DUPLICATE_FRAME)) {
		h->bits |= FLOW_DOUBLED;
		return false;
	}
	if (trouble & bit(TCP_T_CHECKSUM_OFFLOAD))
		h->bits |= from ? FLOW_OFFLOAD_B : FLOW_OFFLOAD_A;
	if (!is_damaged(notes, seg))
		return true;
	learn_identity(h, &h->side[from], seg);
	learn_damaged(&h->side[from], &notes->side[from], seg, now_us(seg));
	return false;
}

void tcp_judge_learn(struct flow_hot *h, struct flow_notes *notes, const struct tcp_segment *seg,
		     unsigned from, uint32_t trouble)
{
	static const uint32_t odd = UINT32_C(1) << TCP_T_DUPLICATE_FRAME |
		UINT32_C(1) << TCP_T_CHECKSUM_OFFLOAD | UINT32_C(1) << TCP_T_BAD_CHECKSUM;
	struct flow_side *x = &h->side[from], *y = &h->side[!from];
	struct notes_side *nx = notes ? &notes->side[from] : NULL;
	bool probe = trouble & bit(TCP_T_ZERO_WINDOW_PROBE);
	uint32_t us = now_us(seg);

	if ((trouble & odd) && !learn_odd(h, notes, seg, from, trouble))
		return;
	learn_identity(h, x, seg);
	/* The probing byte is not counted as sent: the window forbids it (RFC 9293 3.8.6.1). */
	if (!probe)
		learn_sent(x, nx, seg, us);
	if ((seg->flags & TCP_ACK) && !(seg->flags & TCP_RST)) {
		learn_dup_acks(x, nx, seg, trouble);
		learn_acked(x, y, notes ? &notes->side[!from] : NULL, seg, us);
	}
	x->window = seg->window;
	note_bit(x, SIDE_SYN_WINDOW, seg->flags & TCP_SYN);
	note_bit(x, SIDE_PROBE, probe);
	note_bit(x, SIDE_KEEP_ALIVE, trouble & bit(TCP_T_KEEP_ALIVE));
}

const struct tcp_trouble_info *tcp_trouble_info(enum tcp_trouble t)
{
	static const struct tcp_trouble_info info[TCP_T_COUNT] = {
		[TCP_T_RETRANSMISSION] = { "retransmission",
			"bytes that were sent before are sent again", "RFC 6298 5" },
		[TCP_T_FAST_RETRANSMISSION] = { "fast_retransmission",
			"duplicate ACKs asked for it, the timer had not run out", "RFC 5681 3.2" },
		[TCP_T_SPURIOUS_RETRANSMISSION] = { "spurious_retransmission",
			"all of it had been acknowledged already", "RFC 5682 1" },
		[TCP_T_OUT_OF_ORDER] = { "out_of_order",
			"it comes behind bytes that follow it", "RFC 9293 3.10.7.4" },
		[TCP_T_DUPLICATE_ACK] = { "duplicate_ack",
			"the same ACK again while data is outstanding", "RFC 5681 2" },
		[TCP_T_KEEP_ALIVE] = { "keep_alive",
			"asks whether the other side still lives", "RFC 9293 3.8.4" },
		[TCP_T_KEEP_ALIVE_ACK] = { "keep_alive_ack",
			"answers that this side lives", "RFC 9293 3.8.4" },
		[TCP_T_ZERO_WINDOW] = { "zero_window",
			"has no room for a single byte", "RFC 9293 3.8.6" },
		[TCP_T_WINDOW_FULL] = { "window_full",
			"fills the window that the receiver gave, to the byte", "RFC 9293 3.8.6" },
		[TCP_T_ZERO_WINDOW_PROBE] = { "zero_window_probe",
			"asks whether the window is still closed", "RFC 9293 3.8.6.1" },
		[TCP_T_ZERO_WINDOW_PROBE_ACK] = { "zero_window_probe_ack",
			"answers that it is", "RFC 9293 3.8.6.1" },
		[TCP_T_WINDOW_UPDATE] = { "window_update",
			"acknowledges nothing new, but gives another window", "RFC 9293 3.8.6" },
		[TCP_T_LOST_SEGMENT] = { "lost_segment",
			"bytes before this one never passed the capture point", "RFC 9293 3.4" },
		[TCP_T_ACK_LOST_SEGMENT] = { "ack_lost_segment",
			"acknowledges bytes that never passed the capture point", "RFC 9293 3.4" },
		[TCP_T_REUSED_PORTS] = { "reused_ports",
			"a new connection on the addresses and ports of an old one",
			"RFC 9293 3.6.1" },
		[TCP_T_DUPLICATE_FRAME] = { "duplicate_frame",
			"the very packet that came before: captured twice, not sent twice",
			"RFC 791 3.2" },
		[TCP_T_BAD_CHECKSUM] = { "bad_checksum",
			"the checksum is wrong, so its receiver drops it", "RFC 9293 3.1" },
		[TCP_T_CHECKSUM_OFFLOAD] = { "checksum_offload",
			"captured before its checksum was filled in, like all from this side",
			"RFC 9293 3.1" },
	};

	return &info[t];
}
