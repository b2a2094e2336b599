/*
 * arp_sweep.h - whom to ask next, when a whole network is asked
 *
 * A sweep goes over its targets in passes, in order: everybody once, then once more
 * those who stayed silent.  It keeps one bit a target and one time for every 64 of
 * them, so a /16 costs 16 KiB and a /8 4 MiB.  Pure, like the resolver:
 *
 *	n = arpsweep_next(s, now, ip, max)	ask these n now
 *	arpsweep_settle(s, ip)			this one has answered
 *	poll until arpsweep_deadline(s, now)
 *	... until arpsweep_finished(s, now)
 */
#ifndef WIRELAB_ARP_SWEEP_H
#define WIRELAB_ARP_SWEEP_H

#include "wirelab/addr.h"
#include "wirelab/instant.h"

struct arpsweep_config {
	uint64_t gap_ns;	/* between two requests to anybody; 0: as fast as the link takes them */
	uint64_t retry_ns;	/* between two requests to one address (RFC 1122 2.3.2.1: 1 s), and how
				   long the last pass waits for answers */
	unsigned tries;		/* passes, 1..255 */
};

/* A late wake-up may catch up, but with no more than this at once. */
#define ARPSWEEP_BURST_NS (10 * MSEC_NS)

struct arpsweep_progress {
	uint64_t targets;	/* addresses in the sweep, settled ones included */
	uint64_t settled;	/* need no more asking */
	uint64_t asked;		/* requests handed out, not counting rewound ones */
	unsigned pass;		/* from 1; 0 before the first request */
};

struct arpsweep;

/*
 * Sorts ranges and joins those that touch or overlap, so that no address is asked
 * twice in a pass.  Returns how many are left.
 */
size_t ip4_ranges_merge(struct ip4_range *range, size_t n);

/* ranges: merged, and together at most 2^32 - 1 addresses. */
size_t arpsweep_size(const struct ip4_range *ranges, size_t n);

/* memory: aligned for uint64_t, need not be zeroed, borrowed.  ranges: copied. */
struct arpsweep *arpsweep_init(void *memory, size_t size, const struct ip4_range *ranges, size_t n,
			       const struct arpsweep_config *config, struct instant now);

/* ip needs no more asking: it answered, is our own, or is known.  False when ip is no
 * target or was settled before. */
bool arpsweep_settle(struct arpsweep *s, struct ip4 ip);

bool arpsweep_is_silent(const struct arpsweep *s, struct ip4 ip);

/* Its turn has come at least once: before that, a reply answers nothing.  What was rewound
 * in the first pass counts as not asked; of a settled target the word means nothing. */
bool arpsweep_was_asked(const struct arpsweep *s, struct ip4 ip);

/*
 * The addresses to ask now, at most max, in order; they count as asked at `now`.
 * 0 when nothing is due: arpsweep_deadline() says when.
 */
size_t arpsweep_next(struct arpsweep *s, struct instant now, struct ip4 *out, size_t max);

/*
 * Of the latest batch, ip and those behind it (n in all) were not sent: they will be
 * handed out again, not before `until`.
 */
void arpsweep_rewind(struct arpsweep *s, struct ip4 ip, size_t n, struct instant until);

/* When to call arpsweep_next() or arpsweep_finished() again. */
struct instant arpsweep_deadline(const struct arpsweep *s);

/* Everybody has answered, or the last pass has waited retry_ns for answers. */
bool arpsweep_finished(const struct arpsweep *s, struct instant now);

struct arpsweep_progress arpsweep_progress(const struct arpsweep *s);

/* The targets still silent, in order: a zeroed cursor to begin; false at the end. */
struct arpsweep_cursor { uint64_t number; size_t span; };
bool arpsweep_each_silent(const struct arpsweep *s, struct arpsweep_cursor *cursor,
			  struct ip4 *out);

#endif
