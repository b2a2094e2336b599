/*
 * tcp_flow.h - a connection as it lies in the table (private to model/tcp_*.c)
 *
 * A segment touches one line of the index, then three lines side by side: what the
 * sides share, and each side.  What only a handshake or an ending touches lies elsewhere,
 * and notes are taken only by those who need them.
 */
#ifndef WIRELAB_TCP_FLOW_H
#define WIRELAB_TCP_FLOW_H

#include "wirelab/siphash.h"
#include "wirelab/tcp_seq.h"
#include "wirelab/tcp_track.h"

/* Counters that stay small in nearly all connections: four bits here, carries in the notes. */
enum tally { TALLY_SYN, TALLY_SYNACK, TALLY_ZERO_WINDOW, TALLY_URG, TALLY_ECE, TALLY_CWR,
	     TALLIES };

/* Bits of flow_side.known */
enum {
	SIDE_ISN = 1 << 0,	/* base is the sequence number of a SYN that was seen */
	SIDE_BASE = 1 << 1,	/* base is that, or one less than the first number seen */
	SIDE_NEXT = 1 << 2,	/* next means something */
	SIDE_ACKED = 1 << 3,	/* acked means something */
	SIDE_SYN_FIRST = 1 << 4,	/* sent a bare SYN before any SYN+ACK */
	SIDE_ANY_ACK = 1 << 5,
	SIDE_FIN = 1 << 6,	/* notes->side.fin_seq means something */
	SIDE_FIN_ACKED = 1 << 7,
	SIDE_ECR_PEER = 1 << 8,	/* the SYN's TSecr is the other SYN's TSval; else NOTED */
	SIDE_ECR_NOTED = 1 << 9,	/* ... it is in the notes; else zero */
	SIDE_KINDS_CUT = 1 << 10,
	SIDE_KEEP_ALIVE = 1 << 11,	/* its last segment was a keep-alive */
	SIDE_PROBE = 1 << 12,		/* its last segment was a zero-window probe */
	SIDE_HOLE = 1 << 13,	/* next stands behind a gap that is not yet acknowledged */
	SIDE_SYN_WINDOW = 1 << 14,	/* window is that of a SYN: it is never scaled */
	SIDE_ID_STUCK = 1 << 15,	/* its last two packets had one identification, though they differ */
};

struct flow_side {
	uint64_t bytes, payload;
	uint32_t frames, data_segments;
	uint32_t base, next, acked;	/* next: end of what it sent; acked: its latest ACK */
	uint32_t advanced_us, ack_us;	/* when next and acked last moved */
	uint32_t ts_val;		/* of its SYN */
	uint16_t window, mss;
	uint16_t known;
	uint16_t options_seen;		/* of its SYN: TCP_SEEN_MSS ... */
	uint16_t last_id, last_mark;	/* of its last packet: IPv4 identification, fingerprint */
	uint8_t tally[TALLIES / 2];	/* four bits each */
	uint8_t wscale;
};

/* Bits of flow_hot.bits */
enum {
	FLOW_USED = 1u << 0,
	FLOW_IP6 = 1u << 1,
	FLOW_STARTED = 1u << 2,		/* a SYN of either kind was seen: who began is known */
	FLOW_STARTED_BY_B = 1u << 3,
	FLOW_SYN = 1u << 4,
	FLOW_SYNACK = 1u << 5,
	FLOW_ACK = 1u << 6,
	FLOW_REFUSED = 1u << 7,		/* the synack slot holds the refusing RST's frame */
	FLOW_FIN_BY_B = 1u << 8,	/* the first FIN */
	FLOW_FIN2_ACKS = 1u << 9,	/* the second FIN acknowledged the first */
	FLOW_RST_BY_B = 1u << 10,
	FLOW_LISTED = 1u << 11,		/* stands in the row of the closed */
	FLOW_RTT = 1u << 12,		/* hs is the round trip */
	FLOW_REUSED = 1u << 13,
	FLOW_OFFLOAD_A = 1u << 14,	/* a segment of a was captured before its checksum was there */
	FLOW_OFFLOAD_B = 1u << 15,
	FLOW_STATE_A = 16,		/* shifts: four bits each */
	FLOW_STATE_B = 20,
	FLOW_COMPLETENESS = 24,		/* six bits */
	FLOW_DOUBLED = 1u << 30,	/* a frame of it came twice */
};

struct flow_hot {
	uint8_t addr[2][16];
	uint16_t port[2];
	uint32_t bits;
	uint64_t first_frame;
	struct instant last_time;
	uint32_t last_frame;		/* as all below: from first_frame, plus one; 0: none */
	uint32_t notes;			/* number of the notes, plus one; 0: none */
	struct flow_side side[2];
};

/* 78 hours; a SYN that comes later after other segments has no round trip. */
#define FLOW_HS_BITS 48
#define FLOW_HS_MAX ((UINT64_C(1) << FLOW_HS_BITS) - 1)

struct flow_cold {
	struct instant first_time;
	uint64_t hs;			/* until the handshake's ACK: the SYN's payload and, in the lower
					   FLOW_HS_BITS, its ns since first_time; then the round trip */
	uint32_t syn_frame, synack_frame;
	uint32_t ack_frame;		/* until there is one: the SYN's number, then the SYN+ACK's */
	uint32_t link;			/* next of the free or of the closed, plus one */
	uint8_t kinds[2][8];		/* of the SYNs' options, four bits a kind */
};

struct notes_side {
	uint64_t bytes_after_peer_fin;
	uint32_t fin_frame, fin_acked_frame, fin_seq;
	uint32_t data_after_peer_fin, fin, rst;
	uint32_t ts_ecr;
	uint32_t hole_from, hole_to;	/* with SIDE_HOLE: what never passed */
	uint32_t carry[TALLIES];	/* of TALLY_MAX each */
	uint32_t seen_end;		/* with acked_unseen: where what was seen of it ends */
	uint32_t damaged_end;		/* with damaged: of the last segment with a bad checksum */
	uint8_t dup_acks;		/* in a row, from this side */
	bool acked_unseen;		/* next was moved by an ACK of what never passed */
	bool damaged;
};

struct flow_notes {
	struct notes_side side[2];
	uint32_t first_rst;
	uint32_t troubles;		/* number of the counts, plus one; 0: none */
	uint32_t link;			/* next of the free, plus one */
	bool sums_lie;			/* a segment with a bad checksum was taken by its receiver */
};

/* How many segments of each side were in which trouble. */
struct flow_troubles {
	uint32_t count[2][TCP_T_COUNT];
	uint32_t link;			/* next of the free, plus one */
};

/* The index: where a connection's hash says, or close behind. */
struct flow_slot {
	uint32_t hash;
	uint32_t flow;			/* plus one; 0: free */
};

struct tcp_track {
	struct sip_key key;
	uint32_t capacity, slots;
	uint32_t count;
	uint32_t flows_made, notes_made, troubles_made;	/* ever taken: beyond, memory is untouched */
	uint32_t free_flow, free_notes, free_troubles;	/* rows linked by link */
	uint32_t closed_first, closed_last;
	uint32_t streams;
	struct flow_slot *slot;
	struct flow_hot *hot;
	struct flow_cold *cold;
	struct flow_notes *notes;
	struct flow_troubles *troubles;
	uint32_t *stream;
};

_Static_assert(sizeof(struct flow_side) == 64, "a side is one cache line");
_Static_assert(sizeof(struct flow_hot) == 192, "what every segment touches is three");
_Static_assert(sizeof(struct flow_hot) + sizeof(struct flow_cold) + sizeof(uint32_t) +
	       2 * sizeof(struct flow_slot) * 3 / 4 <= TCP_TRACK_LIVE_COST, "as promised");
_Static_assert(sizeof(struct flow_notes) <= TCP_TRACK_NOTES_COST, "as promised");
_Static_assert(sizeof(struct flow_troubles) <= TCP_TRACK_TROUBLE_COST, "as promised");

#define FLOW_NONE UINT32_MAX

/* The connection of these addresses and ports, whichever way, and who sends; or FLOW_NONE.
 * *hash is for flow_add(). */
uint32_t flow_find(const struct tcp_track *t, const struct tcp_segment *seg, unsigned *from,
		   uint32_t *hash);

/* A zeroed one with its addresses; the caller has seen that there is room. */
uint32_t flow_add(struct tcp_track *t, const struct tcp_segment *seg, uint32_t hash);

/* The notes of a flow, taken now if it has none. */
struct flow_notes *flow_notes(struct tcp_track *t, struct flow_hot *h);

/* The counts beside a flow's notes, taken now if there are none. */
struct flow_troubles *flow_troubles(struct tcp_track *t, struct flow_notes *n);

/* Forget what the connection did, keep its place: another begins on the same addresses. */
void flow_restart(struct tcp_track *t, uint32_t flow, const struct tcp_segment *seg);

void flow_remove(struct tcp_track *t, uint32_t flow);

/* Put it last in the row of the closed. */
void flow_closed(struct tcp_track *t, uint32_t flow);

static inline enum tcp_state flow_state(const struct flow_hot *h, unsigned side)
{
	return (enum tcp_state)(h->bits >> (side ? FLOW_STATE_B : FLOW_STATE_A) & 15);
}

static inline void flow_set_state(struct flow_hot *h, unsigned side, enum tcp_state s)
{
	unsigned shift = side ? FLOW_STATE_B : FLOW_STATE_A;

	h->bits = (h->bits & ~(UINT32_C(15) << shift)) | (uint32_t)s << shift;
}

static inline bool tcp_flow_over(const struct flow_hot *h)
{
	return tcp_is_over(flow_state(h, 0), flow_state(h, 1));
}

#define TALLY_MAX 15u

static inline unsigned tallied(const struct flow_side *s, enum tally which)
{
	return (unsigned)s->tally[which / 2] >> (which % 2 * 4) & TALLY_MAX;
}

static inline bool knows(const struct flow_side *s, unsigned bits)
{
	return (s->known & bits) == bits;
}

static inline void learn(struct flow_side *s, unsigned bits)
{
	s->known = (uint16_t)(s->known | bits);
}

static inline void unlearn(struct flow_side *s, unsigned bits)
{
	s->known = (uint16_t)(s->known & ~bits);
}

/* The kinds of a SYN's options out of flow_cold.kinds; appends to out->kind. */
void tcp_unpack_kinds(const uint8_t packed[static 8], struct tcp_syn_options *out);

/* tcp_states.c: both ends' states after seg; the sides' numbers are still those before it,
 * but for the FINs.  A damaged segment tells of its sender only. */
void tcp_states_step(struct flow_hot *h, const struct flow_notes *notes,
		     const struct tcp_segment *seg, unsigned from);

/* Does seg acknowledge the FIN of the side that it is sent to? */
static inline bool acks_fin(const struct flow_side *y, const struct notes_side *ny,
			    const struct tcp_segment *seg)
{
	return knows(y, SIDE_FIN) && (seg->flags & TCP_ACK) &&
	       seq_before_eq(ny->fin_seq + 1, seg->ack);
}

/* A bad checksum that is to be believed: its receiver drops the segment (RFC 9293 3.1). */
static inline bool is_damaged(const struct flow_notes *notes, const struct tcp_segment *seg)
{
	return seg->sum == TCP_SUM_BAD && !(notes && notes->sums_lie);
}

/* tcp_judge.c: trouble bits of one segment, against the sides' numbers before it; notes may be
 * NULL.  Afterwards the numbers that judging needs; then notes is NULL only without trouble. */
uint32_t tcp_judge(const struct flow_hot *h, const struct flow_cold *c,
		   const struct flow_notes *notes, const struct tcp_segment *seg, unsigned from);
void tcp_judge_sums(const struct flow_hot *h, struct flow_notes *notes,
		    const struct tcp_segment *seg, unsigned from);
void tcp_judge_learn(struct flow_hot *h, struct flow_notes *notes, const struct tcp_segment *seg,
		     unsigned from, uint32_t trouble);

/* NULL when it has none. */
static inline const struct flow_troubles *flow_troubles_of(const struct tcp_track *t,
							   const struct flow_notes *n)
{
	return n && n->troubles ? &t->troubles[n->troubles - 1] : NULL;
}

/* NULL when it has none. */
static inline struct flow_notes *flow_notes_of(const struct tcp_track *t, const struct flow_hot *h)
{
	return h->notes ? &t->notes[h->notes - 1] : NULL;
}

#endif
