/*
 * tcp_track.h - what an onlooker can know about TCP connections
 *
 * The tracker is not an endpoint.  It sees segments at one point of the path, may
 * have missed some, and so speaks of what each side must believe given what was
 * seen.  Segments and their capture times go in; what each segment did comes out,
 * and at the end of a connection its story.  No clock, no allocation, no I/O:
 *
 *	t = tcp_track_init(memory, tcp_track_size(n), n, secret);
 *	while (tcp_track_segment(t, &segment, &told) == TCP_TRACK_FULL)
 *		make room: tcp_track_give_up(), or tcp_track_move() to a larger memory
 *	if (told.ended)
 *		told.story is that of an older connection on the same addresses and ports
 *	at the end: tcp_track_each() for all that are left
 *
 * Which is which: side a (index 0) sent the first segment seen, b (1) is the other.
 */
#ifndef WIRELAB_TCP_TRACK_H
#define WIRELAB_TCP_TRACK_H

#include "wirelab/instant.h"
#include "wirelab/tcp.h"

/* ---- what goes in ------------------------------------------------------------- */

/* What is known of a segment's checksum: it is the caller who sees the bytes. */
enum tcp_sum {
	TCP_SUM_UNKNOWN,	/* nobody asked, or the capture does not hold all of the segment */
	TCP_SUM_GOOD,
	TCP_SUM_BAD,
	TCP_SUM_PARTIAL,	/* the pseudo-header alone is summed: captured before the network
				   card (or nobody, on a virtual one) did the rest */
};

struct tcp_segment {
	struct instant when;		/* of the capture; only differences matter */
	uint64_t frame;			/* number in the capture, from 1, growing */
	uint8_t addr[2][16];		/* [0] the sender's; an IPv4 address stands in the first
					   four bytes, the other twelve are zero */
	uint16_t port[2];
	uint8_t family;			/* 4 or 6 */
	bool header_cut;		/* fewer than TCP_HEADER_MIN bytes of it were there: what
					   follows, but for wire_bytes, is not looked at */
	uint16_t flags;			/* TCP_SYN ... */
	uint16_t window;		/* as sent */
	uint32_t seq, ack;
	uint32_t payload;		/* bytes on the wire, by the lengths in the headers */
	uint32_t wire_bytes;		/* of the whole frame */
	uint16_t ip_id;			/* IPv4 identification; 0 where there is none */
	uint16_t checksum;		/* as stored */
	enum tcp_sum sum;
	const struct tcp_options *options;	/* borrowed for the call; NULL: none */
};

/* ---- what comes out ------------------------------------------------------------ */

/* How a connection opened.  Raw header fields only, bad checksum or not; no timing. */
enum tcp_open {
	TCP_OPEN_COMPLETE,	/* SYN, a SYN+ACK that acknowledges it, an ACK that covers that */
	TCP_OPEN_SIMULTANEOUS,	/* both sent a bare SYN before the responder's SYN+ACK
				   (RFC 9293 3.5, figure 7) */
	TCP_OPEN_REFUSED,	/* the SYN was answered by a RST that acknowledges it */
	TCP_OPEN_NO_ANSWER,	/* only SYNs */
	TCP_OPEN_ONE_WAY,	/* a SYN and more, all from one side */
	TCP_OPEN_SYNACK_NO_ACK,
	TCP_OPEN_SYNACK_ONLY,
	TCP_OPEN_NO_SYN,	/* SYN+ACK and ACK, but no SYN */
	TCP_OPEN_MIDSTREAM,	/* no SYN of either kind */
	TCP_OPEN_ODD,		/* none of these */
};

enum tcp_close {
	TCP_CLOSE_FIN4,		/* first FIN acknowledged before the second FIN */
	TCP_CLOSE_FIN3,		/* the second FIN is what acknowledges the first */
	TCP_CLOSE_HALF,		/* as FIN4, and the second closer sent payload after that FIN */
	TCP_CLOSE_SIMULTANEOUS,	/* the second FIN does not acknowledge the first */
	TCP_CLOSE_ONE_FIN,
	TCP_CLOSE_FIN_RST,	/* a FIN, then a RST, no second FIN before it */
	TCP_CLOSE_RST_THEN_FIN,
	TCP_CLOSE_RST,
	TCP_CLOSE_REFUSED,
	TCP_CLOSE_NONE,
};

/* "complete", "fin4": the names of tcpq's JSON. */
const char *tcp_open_name(enum tcp_open o);
const char *tcp_close_name(enum tcp_close c);

/*
 * RFC 9293 section 3.3.2, as far as it can be told from outside, supposing that what was
 * seen arrived, a bad checksum aside.  UNSEEN: nothing tells (LISTEN and CLOSED look alike
 * from here).
 */
enum tcp_state {
	TCP_S_UNSEEN, TCP_S_SYN_SENT, TCP_S_SYN_RECEIVED, TCP_S_ESTABLISHED, TCP_S_FIN_WAIT_1,
	TCP_S_FIN_WAIT_2, TCP_S_CLOSING, TCP_S_CLOSE_WAIT, TCP_S_LAST_ACK, TCP_S_TIME_WAIT,
	TCP_S_CLOSED,
};

const char *tcp_state_name(enum tcp_state s);	/* "SYN-SENT", as the RFC writes it; "?" */

/* Nothing more is to be expected: both ends are closed, or as good as (TIME-WAIT); after a RST,
 * of a side that was never seen either. */
static inline bool tcp_is_over(enum tcp_state a, enum tcp_state b)
{
	if (a == TCP_S_UNSEEN || b == TCP_S_UNSEEN)
		return a == TCP_S_CLOSED || b == TCP_S_CLOSED;
	return (a == TCP_S_CLOSED || a == TCP_S_TIME_WAIT) &&
	       (b == TCP_S_CLOSED || b == TCP_S_TIME_WAIT);
}

/*
 * What is the matter with a segment.  Several may hold at once.
 *
 * A frame that came twice is judged the first time only: of its double nothing is said but
 * that (and that its window is zero, if it is).  Nor is more said of a segment with a bad
 * checksum, unless the connection has shown that its checksums prove nothing: its receivers
 * take such segments, as in a capture whose addresses were replaced.
 */
enum tcp_trouble {
	TCP_T_RETRANSMISSION,	/* stands beside FAST and SPURIOUS, too */
	TCP_T_FAST_RETRANSMISSION,
	TCP_T_SPURIOUS_RETRANSMISSION,
	TCP_T_OUT_OF_ORDER,
	TCP_T_DUPLICATE_ACK,
	TCP_T_KEEP_ALIVE,
	TCP_T_KEEP_ALIVE_ACK,
	TCP_T_ZERO_WINDOW,
	TCP_T_WINDOW_FULL,
	TCP_T_ZERO_WINDOW_PROBE,
	TCP_T_ZERO_WINDOW_PROBE_ACK,
	TCP_T_WINDOW_UPDATE,
	TCP_T_LOST_SEGMENT,	/* bytes before this one never passed here */
	TCP_T_ACK_LOST_SEGMENT,	/* acknowledges what never passed here */
	TCP_T_REUSED_PORTS,
	TCP_T_DUPLICATE_FRAME,	/* the same packet again: a bridge's other leg, a mirrored port */
	TCP_T_BAD_CHECKSUM,
	TCP_T_CHECKSUM_OFFLOAD,	/* TCP_SUM_PARTIAL; said of a side's first such segment only */
	TCP_T_COUNT
};

struct tcp_trouble_info {
	const char *name;	/* stable, for programs; Wireshark's word where it has one */
	const char *says;	/* for people: a clause */
	const char *section;	/* where it is written down */
};

const struct tcp_trouble_info *tcp_trouble_info(enum tcp_trouble t);

#define TCP_KINDS_KEPT 16u	/* of a SYN's options; fewer when rare kinds are among them */

struct tcp_syn_options {
	bool present;		/* a SYN of either kind was seen, with or without options */
	uint16_t seen;		/* TCP_SEEN_MSS ...; what follows is valid only with its bit */
	uint16_t mss;
	uint8_t wscale;		/* as sent */
	uint32_t ts_val, ts_ecr;
	uint8_t n_kinds;	/* in order, padding and repeats included */
	uint8_t kind[TCP_KINDS_KEPT];
	bool kinds_cut;		/* there were more */
};

/* A frame number of 0 is "none" throughout. */
struct tcp_side {
	uint64_t frames, bytes, payload, data_segments;
	uint64_t syn, synack, fin, rst;		/* how many */
	uint64_t zero_windows, urg, ece, cwr;
	bool has_isn;
	uint32_t isn;
	uint64_t fin_frame, fin_acked_frame;
	uint64_t data_after_peer_fin, bytes_after_peer_fin;	/* segments; bytes */
	uint64_t trouble[TCP_T_COUNT];		/* segments of this side, each kind */
	enum tcp_state state;			/* after the last segment seen */
	struct tcp_syn_options syn_options;	/* of its first SYN or SYN+ACK */
};

/* Bits of tcp_story.completeness: Wireshark's tcp.completeness. */
enum {
	TCP_COMPLETE_SYN = 1, TCP_COMPLETE_SYNACK = 2, TCP_COMPLETE_ACK = 4,
	TCP_COMPLETE_DATA = 8, TCP_COMPLETE_FIN = 16, TCP_COMPLETE_RST = 32,
};

#define TCP_NOBODY (-1)

struct tcp_story {
	uint32_t stream;		/* 0 is the first connection of the capture */
	uint8_t family;
	uint8_t addr[2][16];
	uint16_t port[2];
	uint64_t first_frame, last_frame;
	struct instant first_time, last_time;
	enum tcp_open open;
	enum tcp_close close;
	int initiator, first_fin_by, first_rst_by;	/* 0, 1 or TCP_NOBODY */
	uint64_t syn_frame, synack_frame, ack_frame, refused_frame, first_rst_frame;
	bool has_rtt;
	uint64_t rtt_ns;		/* from the SYN to the ACK that completes the handshake */
	bool both_fins_acked;		/* false, too, where there were not two */
	bool rst_after_close;		/* the first RST came after both FINs were acknowledged */
	uint8_t completeness;		/* TCP_COMPLETE_SYN ... */
	struct tcp_side side[2];
};

struct tcp_told {
	uint32_t flow;			/* for tcp_track_story() and tcp_track_stream() */
	bool fresh;			/* the first segment of its connection */
	unsigned from;			/* 0: side a sent it */
	enum tcp_state before[2], after[2];
	uint32_t trouble;		/* bits 1 << TCP_T_... */
	uint32_t rel_seq, rel_ack;	/* counted from the initial sequence numbers, or from the
					   first seen less one where those were not */
	bool ended;			/* story tells of the connection that this one replaces */
	struct tcp_story story;		/* only with ended */
};

/* ---- the table ------------------------------------------------------------------- */

struct tcp_track;

enum tcp_track_result { TCP_TRACK_OK, TCP_TRACK_FULL };

/* What a connection costs, share of the table included.  One that is still open and has had
 * no trouble costs the first; FINs, RSTs, and counts of rare flags beyond 15 are kept in the
 * second, trouble in second and third, taken when the first of them comes.  Memory never
 * taken is never written to. */
#define TCP_TRACK_LIVE_COST 256u
#define TCP_TRACK_NOTES_COST 184u
#define TCP_TRACK_TROUBLE_COST 152u

/*
 * Bytes for n connections, 1 .. 2^30.  Those for whom there is room, but who never come, cost
 * address space alone: n may be generous where pages come with their first use.
 */
size_t tcp_track_size(size_t n);

/* Of these, the bytes in front that are filled one behind another, in five places: huge pages
 * suit them.  The index behind them is scattered, and small while the connections are few. */
size_t tcp_track_dense_size(size_t n);

/* memory: aligned to 64 bytes, zeroed (fresh pages from mmap are), borrowed.  NULL when size is
 * too small. */
struct tcp_track *tcp_track_init(void *memory, size_t size, size_t n,
				 const uint8_t secret[static 16]);

/* The same connections in a larger memory, n at least as large; the old one may go. */
struct tcp_track *tcp_track_move(void *memory, size_t size, size_t n, const struct tcp_track *old);

/*
 * FULL: nothing was done or counted; make room and hand in the segment again.
 *
 * A SYN with another initial sequence number than its side's begins a new connection; the
 * old one is handed out and forgotten.  Everything else on the same addresses and ports,
 * however late, belongs to the connection there is.
 */
enum tcp_track_result tcp_track_segment(struct tcp_track *t, const struct tcp_segment *seg,
					struct tcp_told *told);

/* Begin to fetch what tcp_track_segment() will want; worth it a few segments ahead. */
void tcp_track_prefetch(const struct tcp_track *t, const struct tcp_segment *seg);

/* Hand out and forget the connection that was closed first; false: none is closed. */
bool tcp_track_give_up(struct tcp_track *t, struct tcp_story *out);

size_t tcp_track_count(const struct tcp_track *t);

/* All connections, in no order that matters; start with *cursor 0.  It is left one behind the flow
 * that was told. */
bool tcp_track_each(const struct tcp_track *t, uint32_t *cursor, struct tcp_story *out);

/*
 * Which connection, if it is known, has these addresses and ports, which of its sides is the
 * sender, and what seg->seq is as one of tcp_told's numbers.  Nothing is counted: for what
 * quotes a segment.
 */
bool tcp_track_find(const struct tcp_track *t, const struct tcp_segment *seg, uint32_t *flow,
		    unsigned *from, uint32_t *rel_seq);

/* The same without the story: the flow is *cursor - 1. */
bool tcp_track_next(const struct tcp_track *t, uint32_t *cursor);

/* flow is from tcp_told, of a connection not forgotten since. */
void tcp_track_story(const struct tcp_track *t, uint32_t flow, struct tcp_story *out);

/* tcp_is_over() of its ends: tcp_track_give_up() may take it. */
bool tcp_track_over(const struct tcp_track *t, uint32_t flow);

/* tcp_story.stream alone.  It is not in tcp_told: looking it up costs a cache line. */
uint32_t tcp_track_stream(const struct tcp_track *t, uint32_t flow);

#endif
