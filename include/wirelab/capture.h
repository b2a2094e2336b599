/*
 * capture.h - the frames of one vantage point in memory, taken apart, for checks and remarks
 *
 *	capture_init(&c, "alice");
 *	capture_add(&c, &(struct capture_frame){ ... });	as they pass, or
 *	capture_read(&c, path, err);				a whole file
 *	for (size_t i = 0; i < c.n; i++)
 *		c.frame[i].moment ...				as tcp_reason.h has it
 *	capture_end(&c);
 *
 * What a run knows besides (which call put a frame on the wire) stands beside the frame, and
 * is absent in a file that somebody else took: checks must do without it.
 */
#ifndef WIRELAB_CAPTURE_H
#define WIRELAB_CAPTURE_H

#include "wirelab/capfile.h"
#include "wirelab/pkt.h"
#include "wirelab/tcp_reason.h"

#define CAPTURE_FRAMES_MAX 100000u	/* of a lab there are some dozens */
#define CAPTURE_STREAMS_MAX 16384u

/* What made a host send a frame, where that is known. */
enum cause_kind {
	CAUSE_UNKNOWN,
	CAUSE_CALL,		/* a program called the kernel: call */
	CAUSE_ARRIVAL,		/* the kernel answered, or what it got made room */
	CAUSE_TIMER,		/* of the kernel */
};

struct seen {
	uint64_t number;		/* in the capture, from 1 */
	struct instant when;		/* as captured; only differences matter */
	uint64_t unix_ns;
	const uint8_t *data;		/* valid until capture_end() */
	uint32_t caplen, wirelen;
	enum capw_direction direction;
	struct pkt pkt;
	bool has_moment;		/* a TCP segment, or an ICMP error about one; fragments of a
					   datagram have none: */
	uint32_t stream;		/* its connection's number in the capture, from 0 */
	struct tcp_moment moment;
	enum cause_kind cause;
	char *call;			/* CAUSE_CALL: "connect(10.0.0.2:7001)"; else NULL */
	const char *host;		/* who sent it: a name that outlives the capture; or NULL */
	unsigned did;			/* WIRE_DROPPED ...: what became of it on the wire, in a run */
};

struct capture {
	char vantage[64];		/* whose interface; "" when it is not known.  From a file, raw
					   bytes, as in comment: escape before showing */
	struct seen *frame;
	size_t n;
	struct tcp_story *stream;	/* by number; until capture_done() without what is in it */
	size_t n_streams;
	char comment[1024];		/* of a file's first section */
	struct capture_work *work;	/* private */
};

/* 0, or -1 with ENOMEM. */
int capture_init(struct capture *c, const char *vantage);

struct capture_frame {
	const void *data;
	uint32_t caplen, wirelen;
	uint64_t unix_ns;
	uint32_t linktype;		/* 0: LINKTYPE_ETHERNET */
	enum capw_direction direction;
	enum cause_kind cause;
	const char *call, *host;	/* call is copied */
	unsigned did;
};

/*
 * The bytes are copied.  NULL: memory, or a bound above (errno ENOMEM or E2BIG); the frame is then
 * not there, and no further one should be added.  What is returned is valid until the next.
 */
struct seen *capture_add(struct capture *c, const struct capture_frame *frame);

/* No more frames come: stories and hindsight (moments' `lost`) are worked out. */
void capture_done(struct capture *c);

/*
 * The same from a file, done.  0; 1 when the file is damaged: what is whole was read, and err[]
 * says where it ends; -1 with a filled err[] when nothing can be read, or the file has more
 * than a capture of a lab may have.  The vantage is the first interface's name.
 */
int capture_read(struct capture *c, const char *path, char err[static 256]);

/* The same from a file's bytes in memory, which may go afterwards. */
int capture_over(struct capture *c, const void *data, size_t len, char err[static 256]);

void capture_end(struct capture *c);

/* ---- looking for frames; each is NULL when there is none -------------------------------- */

const struct seen *capture_frame(const struct capture *c, uint64_t number);

/* The first connection to that port, by who opened it; UINT32_MAX: none. */
#define CAPTURE_NO_STREAM UINT32_MAX
uint32_t capture_stream_to(const struct capture *c, uint16_t port);

enum { FROM_INITIATOR, FROM_RESPONDER, FROM_EITHER };

/* Segments of a connection, in order, that say all of what is asked for. */
struct wanted {
	uint32_t stream;
	unsigned from;			/* FROM_... */
	uint16_t flags;			/* all of these are set */
	uint16_t not_flags;		/* none of these */
	bool with_data;
	bool pure_ack;			/* ACK alone, without data */
	uint64_t after;			/* frame number: later than this one */
};

const struct seen *capture_next(const struct capture *c, const struct wanted *w);
size_t capture_count(const struct capture *c, const struct wanted *w);

/* Up to max of them; returns how many there are. */
size_t capture_all(const struct capture *c, const struct wanted *w, const struct seen **out,
		   size_t max);

#endif
