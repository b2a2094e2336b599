/*
 * ip_reassembly.h - fragments put together again (RFC 791 3.2, RFC 8200 4.5, RFC 5722)
 *
 *	n = ipasm_hear(table, &fragment, &whole)
 *
 * A table in the caller's memory, one place a datagram that is on its way, each with room
 * for the largest there can be.  When all places are taken, the datagram that was begun
 * first leaves; one that lacks a piece for IPASM_TIMEOUT_NS leaves, too.  Searching is
 * linear in the number of places: a few dozen are meant, not thousands.
 *
 * An onlooker is more curious than a host: overlaps are said, with whether the bytes
 * agree.  The bytes that came first are kept.
 */
#ifndef WIRELAB_IP_REASSEMBLY_H
#define WIRELAB_IP_REASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/instant.h"

#define IPASM_MAX 65535u		/* bytes of payload; the length field has 16 bits */
#define IPASM_UNIT 8u			/* offsets count in these (RFC 791 3.1) */
#define IPASM_TIMEOUT_NS (60 * SEC_NS)	/* RFC 1122 3.3.2 and RFC 8200 4.5: 60 seconds */

/* What must be equal for two fragments to belong together. */
struct ipasm_key {
	uint8_t family;			/* 4 or 6 */
	uint8_t proto;			/* RFC 791: yes; RFC 8200 4.5: no, so 0 with family 6 */
	uint32_t id;
	uint8_t src[16], dst[16];	/* of IPv4 addresses the first four bytes, the rest zero */
};

bool ipasm_same_key(const struct ipasm_key *a, const struct ipasm_key *b);

struct ipasm_fragment {
	struct ipasm_key key;
	struct instant when;
	uint64_t frame;
	uint32_t offset;		/* bytes, a multiple of IPASM_UNIT */
	bool more;			/* the flag "more fragments" */
	const uint8_t *data;
	size_t caplen;			/* bytes at data */
	size_t len;			/* bytes the fragment had on the wire, >= caplen */
};

enum ipasm_result {
	IPASM_HELD,		/* more is to come */
	IPASM_WHOLE,		/* *out is the datagram */
	IPASM_UNCAPTURED,	/* all pieces came by, but the capture cut some of them */
	IPASM_BAD_LENGTH,	/* not the last, and no multiple of 8; or beyond 65,535 bytes */
	IPASM_BAD_END,		/* a second end, elsewhere than the first, or bytes behind the end */
	IPASM_REFUSED,		/* IPv6, and it overlaps: RFC 5722 has the datagram dropped */
};

struct ipasm_datagram {
	const uint8_t *data;		/* with IPASM_WHOLE: valid until the next ipasm_hear() */
	size_t len;
	uint64_t first_frame;
	struct instant first_when;
	unsigned fragments;		/* that came, repeated ones included */
	bool overlap;			/* some bytes came twice */
	bool conflict;			/* and were not the same */
};

struct ipasm;

/* Bytes for n datagrams at the same time: about 68,000 each, touched only as they are used. */
size_t ipasm_size(unsigned n);

/* memory: zeroed, aligned for uint64_t, borrowed.  NULL when size is too small or n is 0. */
struct ipasm *ipasm_init(void *memory, size_t size, unsigned n);

/*
 * One fragment.  A whole datagram in one piece (offset 0, no more to come: RFC 6946's
 * atomic fragment) is IPASM_WHOLE at once and disturbs no other.  *out is filled but for
 * data and len with every result except the BAD ones.
 */
enum ipasm_result ipasm_hear(struct ipasm *t, const struct ipasm_fragment *f,
			     struct ipasm_datagram *out);

/* Datagrams that are still waiting for pieces. */
unsigned ipasm_waiting(const struct ipasm *t);

/* Bytes of a datagram's payload, `to` not among them. */
struct ipasm_range { uint32_t from, to; };

#define IPASM_END_UNKNOWN UINT32_MAX	/* as `to`: the last fragment did not come */

/*
 * What did not come by of a waiting datagram: up to max ranges in ascending order, the
 * last one open to IPASM_END_UNKNOWN when the end is not known.  Returns how many there are,
 * which may be more; 0 also when no such datagram waits.  What the capture cut off a fragment
 * did come by.
 */
size_t ipasm_missing(const struct ipasm *t, const struct ipasm_key *key, struct ipasm_range *out,
		     size_t max);

/* When every place is taken: true, and *key is the one whose place a new datagram would get. */
bool ipasm_next_to_leave(const struct ipasm *t, struct ipasm_key *key);

/* Gives up a waiting datagram; false when there is none. */
bool ipasm_forget(struct ipasm *t, const struct ipasm_key *key);

#endif
