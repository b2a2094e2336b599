/*
 * tcp_bytes.h - one direction of a TCP connection as the stream of bytes it carries
 *
 * An onlooker sees segments: late, twice, overlapping, in another order, or not at all.
 * They go in as they were captured, and the stream comes out: each byte once, in order,
 * with the frame that carried it first.
 *
 *	b = tcp_bytes_init(memory, tcp_bytes_size(room, past), room, past)
 *	for each segment of this direction:
 *		tcp_bytes_hear(b, &segment)
 *		while (tcp_bytes_next(b, &event))	all of it, before anything else is heard
 *			...
 *	for each acknowledgement from the other side:
 *		tcp_bytes_acked(b, ack), and next() as above
 *	at the end of the capture: tcp_bytes_end(b), and next() as above
 *
 * Offsets count the bytes of the stream from 0, in 64 bits, however often the sequence
 * numbers go round; 0 is the byte behind the SYN (of several that differ, the first to be
 * acknowledged, or else the last before any byte).  Without a SYN (and without
 * tcp_bytes_begin()) it is the first byte seen: then the stream is `midstream`, and what
 * comes later but lies before is not told.
 *
 * Who comes first.  A byte is taken from the first frame that brought it.  Whoever brings
 * another value for it later is told as a conflict and changes nothing.  (An onlooker cannot
 * know which one the receiver kept; both may be looked up by their frames.)
 *
 * What is missing.  Bytes behind a hole wait for it to be filled, for the network may have
 * lost what the sender will send again.  The hole is a gap, and is told as one, when
 *   - the receiver has acknowledged all of it: it had the bytes, so the capture lost them.
 *     This is told only once bytes (or the FIN) behind the hole are here, because captures
 *     from several queues show an acknowledgement before what it acknowledges;
 *   - it passed by, but the capture kept only the first bytes of the frame (snap length);
 *   - there is no room left to wait in, and no acknowledgement was ever heard: a capture of
 *     one direction;
 *   - the capture ends.
 * Where acknowledgements are heard and there is no room left to wait in, it is the segment
 * that came last and too far ahead that is let go; its bytes are a gap later, unless they
 * come again.  A gap's bytes that come after all are not told.
 *
 * Segments and acknowledgements more than TCP_BYTES_REACH ahead of the stream are not
 * believed: no window is that large.
 */
#ifndef WIRELAB_TCP_BYTES_H
#define WIRELAB_TCP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/instant.h"

#define TCP_BYTES_REACH (UINT32_C(1) << 30)	/* RFC 7323 2.3: the largest window */

struct tcp_bytes_segment {
	uint32_t seq;		/* of the segment: a SYN's own number, where it has one */
	bool syn, fin;
	const uint8_t *data;	/* borrowed until tcp_bytes_next() says false */
	uint32_t caplen;	/* bytes at data */
	uint32_t len;		/* bytes on the wire, >= caplen */
	uint64_t frame;
	struct instant when;
};

enum tcp_bytes_what {
	TCP_BYTES_RUN,		/* len bytes at data continue the stream at offset */
	TCP_BYTES_GAP,		/* len bytes at offset will never be told; why says the reason */
	TCP_BYTES_CONFLICT,	/* len bytes were brought again with other values, the first of
				   them at offset; frame is the later one.  Neither the byte that
				   a keep-alive repeats as 0 (RFC 1122 4.2.3.6: "garbage"), nor
				   bytes more than `past` behind or in front of the last gap */
	TCP_BYTES_FIN,		/* the sender's stream ends at offset; nothing follows */
};

enum tcp_bytes_why {
	TCP_BYTES_LOST,		/* the receiver had it; the capture does not */
	TCP_BYTES_SNAPPED,	/* the capture kept only the front of the frame */
	TCP_BYTES_NO_ROOM,	/* some of it was seen too far ahead of a hole to be held */
	TCP_BYTES_GIVEN_UP,	/* nobody can tell: no acknowledgement, or the capture ended */
};

struct tcp_bytes_event {
	enum tcp_bytes_what what;
	enum tcp_bytes_why why;	/* of a gap */
	uint64_t offset, len;	/* len: 0 with FIN, else never 0 */
	const uint8_t *data;	/* of a run: valid until the next call with this b */
	uint64_t frame;		/* that carried it; of a gap that was not snapped 0 */
	struct instant when;	/* of that frame */
};

struct tcp_bytes;

/*
 * room: bytes that may wait behind a hole, counted from the hole (1 .. 2^30); also how far
 *       ahead of it a segment may reach.  65,536 suits most captures.
 * past: bytes told that are remembered to notice conflicts (0 .. 2^30); 8,192 is six segments.
 *
 * A run is never cut because of how it was stored: of one segment's bytes, those that nobody
 * brought before come in as few runs as there are stretches of them.  For every 256 bytes of
 * room one stretch can wait, and 16 more; when these are used up, there is no room.
 *
 * In bytes about room + past + room / 6.  Not all of it is touched: the first 256 at once,
 * past as the stream goes on, the rest only while something waits.
 */
size_t tcp_bytes_size(uint32_t room, uint32_t past);

/* memory: aligned for uint64_t, of any content, borrowed.  NULL when size is too small or
 * room or past is out of range. */
struct tcp_bytes *tcp_bytes_init(void *memory, size_t size, uint32_t room, uint32_t past);

/*
 * The stream's first byte has this number, known otherwise than by this side's SYN (the
 * other's SYN+ACK tells it).  No effect once the stream has begun.
 */
void tcp_bytes_begin(struct tcp_bytes *b, uint32_t first_seq);

/* A segment without bytes, SYN and FIN is nothing; an RST's text is not of the stream and
 * must not be given. */
void tcp_bytes_hear(struct tcp_bytes *b, const struct tcp_bytes_segment *segment);

/* The other side has acknowledged all before ack.  Nothing, as long as the stream has not
 * begun. */
void tcp_bytes_acked(struct tcp_bytes *b, uint32_t ack);

/*
 * Nothing more will be heard: what waits is told, with the gaps before it.  Bytes that were
 * acknowledged and never seen are a gap at the end; one alone may have been the FIN, and is
 * not told.
 */
void tcp_bytes_end(struct tcp_bytes *b);

/* False, and *out as it was: nothing more to tell until something is heard. */
bool tcp_bytes_next(struct tcp_bytes *b, struct tcp_bytes_event *out);

bool tcp_bytes_begun(const struct tcp_bytes *b);	/* where its bytes begin is known */
bool tcp_bytes_midstream(const struct tcp_bytes *b);	/* ... only from the first one seen */
uint64_t tcp_bytes_told(const struct tcp_bytes *b);	/* the offset that comes next */
uint32_t tcp_bytes_waiting(const struct tcp_bytes *b);	/* bytes behind a hole */

#endif
