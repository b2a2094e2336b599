/*
 * msg.h - messages in a stream of bytes: a length, then that many bytes
 *
 *	|  4 bytes: length n  |  n bytes: the message  |  4 bytes: length  | ...
 *
 * TCP delivers bytes, not messages: what was sent at once may arrive in pieces, and what
 * was sent in pieces may arrive at once.  The length in front is what tells where a message
 * ends, wherever the network cut.  Feed the reader any pieces of the stream, in order:
 *
 *	msg_init(&m, MSG_NETWORK, MSG_LIMIT);
 *	for each piece:
 *		struct rd r = rd_over(piece, len);
 *		while (msg_next(&m, &r, &part))
 *			keep part.bytes, or do not: the reader holds none of the messages
 *		if (m.refused)
 *			nothing behind this can be read: close the connection
 *	at the end of the stream: msg_end(&m, &missing)
 *
 * A length over the limit is refused before a byte of the message is asked for, so that a
 * stranger's four bytes cannot make anybody set aside four gigabytes.
 */
#ifndef WIRELAB_MSG_H
#define WIRELAB_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/bytes.h"

#define MSG_PREFIX 4u			/* bytes of the length in front */
#define MSG_LIMIT (UINT32_C(1) << 20)	/* bytes of a message, where nobody said otherwise */

enum msg_order {
	MSG_NETWORK,	/* most significant byte first, unsigned: Python's "!I" */
	MSG_NATIVE,	/* least significant byte first, signed: Python's "i" on x86 */
	MSG_EITHER,	/* for a reader that is to judge by itself: see msg_judge() */
};

/* "network", "native"; NULL for MSG_EITHER, which is not known yet. */
const char *msg_order_name(enum msg_order order);

/* The length that four bytes tell; below zero only in MSG_NATIVE.  Not for MSG_EITHER. */
int64_t msg_prefix_parse(const uint8_t prefix[static MSG_PREFIX], enum msg_order order);

/*
 * Append the four bytes; the inverse of msg_prefix_parse().  False, and nothing appended:
 * the order cannot say that length (MSG_NATIVE over 2^31-1), or w has no room and is bad.
 */
bool msg_prefix_build(struct wr *w, enum msg_order order, uint32_t length);

/*
 * In which order are these first four bytes of a stream?  The one in which their length is
 * within the limit; of two, the one in which it is shorter.  MSG_EITHER: the length is the
 * same in both and within the limit, so that the next message has to tell.  MSG_NETWORK,
 * too, when it is within the limit in neither: then this may be no such stream at all.
 *
 * It is a guess.  With the default limit only lengths whose bytes read 00 xx yy 00 fit both
 * orders; 256 bytes in network order (00 00 01 00) are 65,536 in the other.
 */
enum msg_order msg_judge(const uint8_t prefix[static MSG_PREFIX], uint32_t limit);

enum msg_refusal {
	MSG_ACCEPTED,
	MSG_NEGATIVE,		/* a length below zero */
	MSG_OVER_LIMIT,
};

/* To be read by everybody, written by msg_ functions only. */
struct msg {
	enum msg_order order;	/* MSG_EITHER until it has been judged */
	uint32_t limit;
	enum msg_refusal refused;	/* sticky: nothing is read any more */
	int64_t length;		/* of the message begun, once its prefix is whole; of a refused
				   one what it claims */
	uint64_t number;	/* of the message that is begun or comes next, from 0 */
	uint64_t begins;	/* where in the stream it does: offset of its prefix */
	uint64_t offset;	/* bytes of the stream read */
	uint8_t prefix[MSG_PREFIX];
	uint8_t have;		/* bytes of the prefix; MSG_PREFIX: the message itself is next */
	uint32_t left;		/* bytes of the message itself still to come */
};

struct msg_part {
	bool is_prefix;		/* bytes of the length; else of the message itself */
	bool first, last;	/* this part begins its message (is_prefix, too); ends it */
	uint64_t number, begins;	/* its message, as in struct msg */
	uint32_t at;		/* offset of the bytes in the prefix or in the message */
	const uint8_t *bytes;	/* borrowed from what was fed */
	size_t len;		/* never 0 */
	uint32_t length;	/* of the message; with is_prefix only when at + len is
				   MSG_PREFIX, and 0 before */
};

/* limit: 0 .. 2^32-1; in native order no more than 2^31-1 can be said anyway. */
void msg_init(struct msg *m, enum msg_order order, uint32_t limit);

/*
 * The next part of a message from the front of r, however r was cut.  False, and *out as it
 * was: r is used up, or a length was refused.  The bytes that complete a refused length are
 * taken from r and not handed out; what is behind them stays in r.
 * A message of length 0 ends with its prefix.
 */
bool msg_next(struct msg *m, struct rd *r, struct msg_part *out);

/*
 * n bytes of the message itself will never be fed, and are passed over (an onlooker may
 * have lost them).  n is at most m->left, which is 0 while the prefix is not whole.  True:
 * the message ends with them.
 */
bool msg_skip(struct msg *m, uint32_t n);

enum msg_ending {
	MSG_CLEAN,	/* between two messages */
	MSG_IN_PREFIX,	/* *missing bytes of the prefix were still to come */
	MSG_IN_BODY,	/* *missing bytes of the message */
	MSG_REFUSED,	/* it had ended before: see refused */
};

/* What it means that the stream ends here.  *missing is 0 but for the two IN. */
enum msg_ending msg_end(const struct msg *m, uint32_t *missing);

#endif
