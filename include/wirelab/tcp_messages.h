/*
 * tcp_messages.h - the messages that a TCP connection carried, and the frames that carried them
 *
 * Joins tcp_bytes (segments to streams, both directions) with msg (a stream to messages):
 *
 *	m = tcp_messages_init(memory, tcp_messages_size(config.room), &config)
 *	for each segment of the connection:
 *		tcp_messages_hear(m, told.from, &segment, payload, caplen)
 *		while (tcp_messages_next(m, &event))
 *			a message, or the end of one direction's decoding and why
 *	when the connection is over, or the capture:
 *		tcp_messages_end(m), and next() as above; then the memory is the caller's again
 *
 * `from` is the side as tcp_track has it: 0 (a) sent the first segment seen.  Messages of one
 * direction come in their order; those of both as their last bytes came by.
 *
 * A length can only be found by counting from the stream's first byte.  Decoding begins
 * where a SYN, or the other side's SYN+ACK, tells that byte, and is over for a direction when
 * a length is lost or refused: whatever looks like a length behind it is a guess, and none is
 * made.  Lost bytes inside a message whose length is known do no such harm: they are counted
 * in the message, and it goes on behind it.  So a capture with a short snap length
 * can be read as long as the lengths are in it.
 */
#ifndef WIRELAB_TCP_MESSAGES_H
#define WIRELAB_TCP_MESSAGES_H

#include "wirelab/msg.h"
#include "wirelab/tcp_bytes.h"
#include "wirelab/tcp_track.h"

#define TCP_MESSAGES_ROOM 65536u	/* a fitting room: see tcp_bytes_init() */
#define TCP_MESSAGES_PREVIEW 64u	/* bytes of a message that are kept */
#define TCP_MESSAGES_FRAMES 16u		/* of its frames that are listed */

struct tcp_messages_config {
	/* MSG_EITHER: the first length of the connection that is not the same both ways tells,
	 * by msg_judge(), for both directions. */
	enum msg_order order;
	uint32_t limit;		/* bytes of a message: MSG_LIMIT */
	uint32_t room;		/* bytes that may wait out of order in each direction */
};

struct tcp_message {
	unsigned side;		/* 0: a sent it, 1: b */
	uint64_t number;	/* of this side's messages, from 1 */
	uint64_t offset;	/* of its prefix in the stream, from 0 */
	uint32_t length;	/* bytes, the prefix not counted */
	uint32_t missing;	/* of them the capture does not have */
	enum msg_order order;	/* as it was read; MSG_EITHER: the same both ways, so far */

	/* In the order of the stream, the prefix included.  A frame is listed once; all are
	 * counted, the first TCP_MESSAGES_FRAMES listed.  Lost bytes have no frame. */
	uint64_t frames, frame[TCP_MESSAGES_FRAMES];
	uint64_t first_frame, last_frame;	/* of its first byte; of its last that is here */
	unsigned prefix_frames;	/* that carried the prefix: more than 1, it was split */
	struct instant first_time;	/* of its first byte */
	struct instant whole_time;	/* when the last of its frames came, whichever that was */

	/* Other messages with bytes in its first or last frame: sticking, as a reader without
	 * lengths would see it.  Its frames in between carry nothing else.  A frame in whose
	 * middle bytes were already here from another counts as two. */
	uint32_t shared;

	uint8_t preview[TCP_MESSAGES_PREVIEW];
	uint32_t preview_len;	/* bytes at preview, up to the first that is missing */
};

/* Why the decoding of one direction is over. */
enum tcp_messages_why {
	TCP_MESSAGES_DONE,	/* the stream ended between two messages */
	TCP_MESSAGES_CUT_PREFIX,	/* ... inside the four bytes of a length */
	TCP_MESSAGES_CUT_BODY,	/* ... inside a message */
	TCP_MESSAGES_OVER_LIMIT,	/* a length is over the limit */
	TCP_MESSAGES_NEGATIVE,	/* a length is below zero */
	TCP_MESSAGES_GAP,	/* a length is among bytes that the capture lost: see gap */
	TCP_MESSAGES_MIDSTREAM,	/* the capture began later than the connection */
};

/* "done", "cut_prefix", "cut_body", "over_limit", "negative", "gap", "midstream" */
const char *tcp_messages_why_name(enum tcp_messages_why why);

/* What ended the stream, with the first three. */
enum tcp_messages_by {
	TCP_MESSAGES_BY_FIN,
	TCP_MESSAGES_BY_RST,	/* one was seen from either side, and no FIN from this one */
	TCP_MESSAGES_BY_CAPTURE,	/* neither was seen: the capture ended, or was said to */
};

struct tcp_messages_stop {
	unsigned side;
	enum tcp_messages_why why;
	enum tcp_messages_by by;
	enum tcp_bytes_why gap;	/* with TCP_MESSAGES_GAP: how the bytes were lost */
	enum msg_order order;	/* MSG_EITHER: nothing told which */
	uint64_t messages;	/* that were whole, or lacked only what the capture lost */
	/*
	 * Where in the stream, and in which frame (0: none), decoding stopped.
	 * DONE                        its end
	 * CUT_*, OVER_LIMIT, NEGATIVE the prefix of the message that could not be read
	 * GAP                         the first byte that is lost
	 * MIDSTREAM                   0: nothing is known of what was before
	 * The frame is the FIN's with BY_FIN, else the last one that was read.
	 */
	uint64_t offset, frame;
	struct instant when;	/* of that frame; with frame 0: nothing */
	int64_t length;		/* what the prefix says, with CUT_BODY, OVER_LIMIT, NEGATIVE */
	uint64_t missing;	/* bytes: with CUT_* to the end of the prefix or the message, with
				   GAP how many are lost */
	uint32_t limit;
	/* Segments that brought other bytes than were there before: see tcp_bytes.h. */
	uint64_t conflicts, conflict_frame;	/* how many; the first, or 0 */
};

struct tcp_messages_event {
	bool stopped;			/* stop, else message, is what happened */
	struct tcp_message message;
	struct tcp_messages_stop stop;	/* once for each direction that had a SYN or bytes */
};

struct tcp_messages;

/*
 * For one connection, both directions; with TCP_MESSAGES_ROOM about 170,000 bytes.  A
 * connection whose segments come in order touches the first 2,000 of them and, as it goes on,
 * two stretches of 8,192.  A direction that is over touches no more.
 */
size_t tcp_messages_size(uint32_t room);

/* memory: aligned for uint64_t, of any content, borrowed.  NULL when size is too small or
 * room is out of tcp_bytes_init()'s range. */
struct tcp_messages *tcp_messages_init(void *memory, size_t size,
				       const struct tcp_messages_config *config);

/*
 * segment: as for tcp_track_segment(); caplen (<= segment->payload) bytes of its payload are
 * at payload, borrowed until tcp_messages_next() says false.  A segment with its header cut is
 * nothing.  What an RST carries is words about the error, not data (RFC 1122 4.2.2.12).
 */
void tcp_messages_hear(struct tcp_messages *m, unsigned from, const struct tcp_segment *segment,
		       const uint8_t *payload, uint32_t caplen);

/* Nothing more will be heard of this connection. */
void tcp_messages_end(struct tcp_messages *m);

/* False, and *out as it was: nothing more to tell until something is heard. */
bool tcp_messages_next(struct tcp_messages *m, struct tcp_messages_event *out);

/* Both directions have stopped: there is no use in hearing more. */
bool tcp_messages_over(const struct tcp_messages *m);

#endif
