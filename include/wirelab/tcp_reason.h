/*
 * tcp_reason.h - why a segment was sent, as far as an onlooker can tell
 *
 * The tracker (tcp_track.h) says what a segment did to a connection.  This says what made its
 * sender send it: a timer, an ACK that had been waited for, data that wants acknowledging.
 *
 *	struct tcp_past past = { 0 };			one a connection
 *	tcp_track_segment(t, &segment, &told);
 *	tcp_reason_hear(&past, &segment, &told, &moment);
 *
 * Only what came before is looked at, so a live capture and a file are told the same.  What a
 * moment holds is all that views need: they keep moments, never segments.
 *
 * Reasons with a time in them (a delayed ACK, a segment that Nagle's rule held back) compare
 * distances in this capture with the handshake's round trip, and so are judgements; those
 * about numbers and flags are facts.
 */
#ifndef WIRELAB_TCP_REASON_H
#define WIRELAB_TCP_REASON_H

#include "wirelab/tcp_track.h"

enum tcp_why {
	TCP_WHY_UNKNOWN,	/* nothing that was seen explains it */
	/* opening */
	TCP_WHY_OPENS,		/* a SYN */
	TCP_WHY_OPENS_TOO,	/* a SYN that crosses the other's */
	TCP_WHY_OPENS_AGAIN,	/* cause: the first SYN; no answer came */
	TCP_WHY_ACCEPTS,	/* a SYN+ACK; cause: the SYN, as it was sent last */
	TCP_WHY_ACCEPTS_AGAIN,	/* cause: the first SYN+ACK; no answer came */
	TCP_WHY_ACCEPTS_ANEW,	/* the SYN came again; cause: the last SYN+ACK before it */
	TCP_WHY_COMPLETES,	/* the handshake; cause: the SYN+ACK, as it was sent last */
	TCP_WHY_REFUSES,	/* cause: the SYN */
	/* data */
	TCP_WHY_DATA,		/* the application wrote, and nothing held it back */
	TCP_WHY_DATA_RELEASED,	/* small, and sent when the ACK (cause) of all that was outstanding
				   came: Nagle's rule held it back */
	TCP_WHY_DATA_CLOCKED,	/* the ACK (cause) made room in a window */
	TCP_WHY_DATA_ANSWERS,	/* it follows data of the other side (cause), and acknowledges it */
	/* acknowledging; cause: the first segment that had not been acknowledged */
	TCP_WHY_ACKS,
	TCP_WHY_ACKS_SEVERAL,	/* two or more: count */
	TCP_WHY_ACKS_LATE,	/* waited_ns: a delayed ACK */
	TCP_WHY_ACKS_GAP,	/* cause: the segment that came behind a gap */
	TCP_WHY_ACKS_FIN,	/* cause: the FIN */
	TCP_WHY_ACKS_AGAIN,	/* cause: the segment that came twice */
	/* closing */
	TCP_WHY_FINISHES,	/* the first FIN */
	TCP_WHY_FINISHES_TOO,	/* the second; cause: the first */
	TCP_WHY_FINISHES_AGAIN,	/* cause: the FIN as it was sent first */
	TCP_WHY_RESETS,		/* cause, if any: the segment that it answers */
	/* sent again; cause: when it was sent last */
	TCP_WHY_TIMEOUT,	/* waited_ns since then */
	TCP_WHY_FAST,		/* count duplicate ACKs asked for it */
	TCP_WHY_AFTER_TIMEOUT,	/* what follows a timeout is sent again, too */
	TCP_WHY_AFTER_FAST,	/* one more of those that were lost before a fast retransmission */
	TCP_WHY_EARLY,		/* sooner than a timer may run out: a loss probe, or SACK's repair */
	TCP_WHY_AFTER_ICMP,	/* cause: the ICMP error; smaller than before */
	TCP_WHY_NEEDLESS,	/* it had been acknowledged */
	TCP_WHY_LATE,		/* not sent again, but overtaken on the way */
	/* the window, and silence */
	TCP_WHY_KEEP_ALIVE,
	TCP_WHY_ANSWERS_KEEP_ALIVE,
	TCP_WHY_PROBES_WINDOW,
	TCP_WHY_ANSWERS_PROBE,
	TCP_WHY_OPENS_WINDOW,	/* wider than before */
	TCP_WHY_NARROWS_WINDOW,
	/* the capture's doing */
	TCP_WHY_SEEN_TWICE,
	TCP_WHY_ICMP,		/* not a segment: an ICMP error that quotes one (cause) */
	TCP_WHY_COUNT
};

struct tcp_why_info {
	const char *name;	/* stable, for programs */
	const char *section;	/* where it is written down: "RFC 9293 3.5" */
};

const struct tcp_why_info *tcp_why_info(enum tcp_why why);

/* Bits of tcp_moment.notes: true beside any reason. */
enum {
	TCP_NOTE_BEYOND_MSS = 1 << 0,	/* more payload than the receiver's MSS allows in one packet:
					   captured before segmentation or after reassembly by a
					   network card, not what the wire carried */
	TCP_NOTE_STALL = 1 << 1,	/* a DATA_RELEASED that waited for a delayed ACK */
	TCP_NOTE_FULL_SIZED = 1 << 2,	/* payload as large as the MSS, options counted; or as the
					   largest of this side before, for a path may take less */
	TCP_NOTE_FIRST_DATA = 1 << 3,	/* of this side */
};

/* One segment with all that is known of it. */
struct tcp_moment {
	struct instant when;
	uint64_t frame;
	uint64_t cause_frame;		/* 0: none, or too long ago */
	uint64_t waited_ns;		/* since the cause; 0 without one */
	uint32_t seq, ack;		/* relative, as in tcp_told */
	uint32_t payload, wire_bytes;	/* bytes */
	uint32_t window;		/* bytes, shifted when both SYNs' scales are known */
	uint32_t trouble;		/* bits 1 << TCP_T_... */
	uint32_t acked;			/* bytes of the other side, newly acknowledged, SYN and FIN
					   not counted; 0 without a known one before */
	uint32_t count;			/* as the reason says; of an ICMP error type * 256 + code */
	uint16_t flags;			/* TCP_SYN ...; 0 with TCP_WHY_ICMP */
	uint16_t mss;			/* 0: none; with a SYN its option; with ICMP the next hop's MTU */
	uint16_t options;		/* TCP_SEEN_... of this segment */
	uint8_t wscale;			/* of a SYN's option */
	uint8_t from;			/* 0: side a sent it */
	uint8_t before[2], after[2];	/* enum tcp_state of a and b */
	uint8_t why;			/* enum tcp_why */
	uint8_t notes;			/* TCP_NOTE_... */
	bool window_scaled;		/* window is known in bytes; else as sent */
	bool lost;			/* for those who keep moments: it was sent again (tcp_moments_lost) */
};

/* ---- what is remembered of a connection ------------------------------------------- */

#define TCP_PAST_SENT 32u	/* segments of each side that are remembered */

struct tcp_past_sent {
	uint64_t frame;
	struct instant when;
	uint32_t seq, end;
};

/* What one side sent, and what of the other side's it has not answered yet. */
struct tcp_past_side {
	struct tcp_past_sent sent[TCP_PAST_SENT];	/* a ring */
	uint32_t n_sent;		/* ever */
	uint32_t next;			/* end of what it sent */
	uint32_t acked;			/* its highest ACK */
	uint32_t window;		/* it gave last, bytes */
	uint32_t dup_acks;		/* it sent in a row */
	uint32_t owed;			/* segments that it has not acknowledged */
	struct tcp_past_sent owed_first, owed_last;
	struct tcp_past_sent odd;	/* the last that came behind a gap, or came twice; frame 0:
					   none since it last sent an ACK */
	struct tcp_past_sent syn, synack, fin;	/* as it sent them first; frame 0: not yet */
	struct tcp_past_sent icmp;	/* told it to send smaller packets; frame 0: none */
	uint32_t recover;		/* what it had sent when its repair began */
	uint8_t repair;			/* enum tcp_why: TIMEOUT or FAST; UNKNOWN: none under way */
	uint8_t burst_why;		/* of its last data, for what follows at once */
	uint64_t burst_cause;
	uint64_t turn_ns;		/* with has_turn: from a segment that goes to it to its
					   reaction, as the handshake showed */
	uint32_t largest;		/* payload so far */
	uint16_t mss;			/* in its SYN; 0: not seen */
	uint8_t wscale;
	bool has_scale, has_acked, has_next, has_turn, sent_data, acked_late;
};

/* About 2 KiB; zeroed it is a connection of which nothing was seen. */
struct tcp_past {
	struct tcp_past_side side[2];
	struct tcp_past_sent last;	/* segment of either side; frame 0: none */
	uint8_t last_from;
	bool last_acked;		/* it was a pure ACK of something new ... */
	bool last_acked_all;		/* ... and of all there was */
};

/*
 * told is what tcp_track_segment() said of seg.  With told->fresh the past is forgotten first:
 * a new connection may have taken the place of an old one.
 */
void tcp_reason_hear(struct tcp_past *past, const struct tcp_segment *seg,
		     const struct tcp_told *told, struct tcp_moment *out);

/*
 * An ICMP error came by that quotes a segment of this connection.
 */
struct tcp_icmp {
	struct instant when;
	uint64_t frame;
	uint32_t wire_bytes;
	uint32_t rel_seq;		/* of the quoted segment, as in tcp_told */
	uint8_t type, code;
	uint16_t mtu;			/* of the next hop; 0: not told */
	bool too_big;			/* "fragmentation needed", or ICMPv6's "packet too big" */
	unsigned from;			/* who sent the quoted segment */
};

void tcp_reason_icmp(struct tcp_past *past, const struct tcp_icmp *icmp, struct tcp_moment *out);

/*
 * Hindsight, for those who keep a connection's moments in order: the segment that m, the last of
 * the n moments, sends again is marked lost.  Looks back no further than to m's cause.
 */
void tcp_moments_lost(struct tcp_moment *moment, size_t n);

#endif
