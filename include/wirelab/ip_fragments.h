/*
 * ip_fragments.h - every datagram that came in pieces, with its pieces (RFC 791 3.2, RFC 8200 4.5)
 *
 *	asm = ipasm_init(...);				(ip_reassembly.h: the bytes)
 *	t = ipfrag_init(memory, size, n, asm);		(this: the story)
 *	for each frame:
 *		pkt_dissect(&p, ...);
 *		switch (ipfrag_fragment_from(&f, &p)) {
 *		case IPFRAG_PIECE:
 *		case IPFRAG_ATOMIC:
 *			f.when = ...; f.frame = ...;
 *			result = ipfrag_hear(t, &f, &p, &whole);	instead of ipasm_hear()
 *		}
 *		while (ipfrag_next(t, now, &datagram))	print it
 *	at the end:
 *		while (ipfrag_next(t, INSTANT_NEVER, &datagram))	print it
 *
 * `result` and `whole` are ipasm_hear's, so that what was put together can be taken apart
 * (pkt_dissect_datagram) as without this table.  Only not after IPFRAG_ATOMIC: such a
 * frame is no piece of anything, and pkt_dissect() has already looked into it.
 *
 * A datagram comes out as soon as it is whole; else when it lacks a piece for
 * IPASM_TIMEOUT_NS, when its place is needed, or at the end.
 */
#ifndef WIRELAB_IP_FRAGMENTS_H
#define WIRELAB_IP_FRAGMENTS_H

#include "wirelab/ip_reassembly.h"
#include "wirelab/pkt.h"

#define IPFRAG_PIECES 64u	/* that are kept of a datagram: 1500 bytes each, and there are 45 */
#define IPFRAG_RANGES 16u	/* that are kept of what is missing */

enum ipfrag_form {
	IPFRAG_NONE,		/* not a fragment */
	IPFRAG_PIECE,
	IPFRAG_ATOMIC,		/* a fragment header on a whole packet (RFC 6946) */
};

/* All of *out but when and frame, which are the caller's to give; the bytes are p's. */
enum ipfrag_form ipfrag_fragment_from(struct ipasm_fragment *out, const struct pkt *p);

struct ipfrag_piece {
	uint64_t frame;
	uint32_t offset, len;		/* bytes; on the wire */
	bool more;			/* MF */
	bool cut;			/* the capture does not hold all of it */
	bool again;			/* bytes of it had come before */
	bool differs;			/* and were others: the first piece that lies so */
	enum ipasm_result result;	/* what the reassembler made of it; BAD: not taken */
};

/* What the datagram's first bytes say that it carries. */
struct ipfrag_content {
	enum pkt_kind kind;		/* PKT_UDP, PKT_TCP, PKT_ICMP4, PKT_ICMP6; or PKT_NONE:
					   another, or the first fragment is not here */
	uint16_t sport, dport;		/* UDP, TCP */
	uint8_t type, code;		/* ICMP */
};

enum ipfrag_state {
	IPFRAG_WHOLE,
	IPFRAG_INCOMPLETE,		/* `missing` says what did not come by */
	IPFRAG_UNCAPTURED,		/* everything came by, but the capture cut some of it */
	IPFRAG_REFUSED,			/* IPv6 and overlapping: hosts drop it (RFC 5722) */
};

/* "whole", "incomplete", ...: stable, for programs. */
const char *ipfrag_state_name(enum ipfrag_state state);

struct ip_datagram {
	struct ipasm_key key;		/* source, destination, identification */
	uint8_t proto;			/* what the fragments say that it carries: IP_PROTO_... */
	enum ipfrag_state state;
	bool atomic;
	bool overlap, conflict;		/* bytes came twice; and were not the same */
	uint64_t first_frame, last_frame;
	uint64_t whole_frame;		/* the one that completed it; 0: none did */
	struct instant first, last;
	uint32_t len;			/* bytes of IP payload; 0: not known */
	uint32_t fragments;		/* all that came; the first IPFRAG_PIECES of them: */
	struct ipfrag_piece piece[IPFRAG_PIECES];
	uint32_t n_missing;		/* ranges; the first IPFRAG_RANGES of them: */
	struct ipasm_range missing[IPFRAG_RANGES];	/* see ipasm_missing() */
	struct ipfrag_content content;
};

struct ipfrag;

/* Bytes for n datagrams at a time, 1 .. 4096: about 1,800 each.  As many as the reassembler
 * has places, and one more, is right; searching is linear, as there. */
size_t ipfrag_size(unsigned n);

/* memory: ALREADY ZERO, aligned for uint64_t, borrowed; reassembly: borrowed, and heard by
 * nobody else from now on.  NULL when size is too small or n out of range. */
struct ipfrag *ipfrag_init(void *memory, size_t size, unsigned n, struct ipasm *reassembly);

/*
 * One fragment; p is the dissected frame that it was taken from.  Returns and fills what
 * ipasm_hear() does.  Between two calls ipfrag_next() must have been called until it says
 * false; else a full table forgets its first datagram, which ipfrag_lost() counts.
 */
enum ipasm_result ipfrag_hear(struct ipfrag *t, const struct ipasm_fragment *f, const struct pkt *p,
			      struct ipasm_datagram *whole);

/* The next datagram that is whole, or given up at `now`; with INSTANT_NEVER every one. */
bool ipfrag_next(struct ipfrag *t, struct instant now, struct ip_datagram *out);

uint64_t ipfrag_lost(const struct ipfrag *t);

#endif
