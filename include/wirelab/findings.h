/*
 * findings.h - claims about captures, and whether they hold
 *
 *	claim(f, BOTH("The first write goes at once.", "..."));
 *	expect_sizes(f, segment, n, (uint32_t[]){ 1, 9 }, 2);
 *	expect_cause(f, segment[1], ack);
 *
 * A claim is a sentence about the wire.  What is expected after it belongs to it; it holds
 * when all that holds and something was expected at all.  One that this evidence cannot show
 * (a vantage point is missing) is set aside, and neither holds nor fails.
 *
 * Expected are order, sizes and cause: never wall time, windows, or PSH inside a burst.
 */
#ifndef WIRELAB_FINDINGS_H
#define WIRELAB_FINDINGS_H

#include "wirelab/capture.h"
#include "wirelab/lang.h"
#include "wirelab/network.h"

/* What is judged: a capture from each host's card, where there is one. */
struct evidence { const struct capture *at[NETWORK_HOSTS]; };

#define FINDINGS_CLAIMS 32u
#define FINDINGS_SAYS 512u		/* bytes of a reason */

enum claim_state { CLAIM_HOLDS, CLAIM_FAILS, CLAIM_ASIDE };

struct claim {
	struct both what;
	enum claim_state state;
	unsigned expected;		/* how much was */
	uint64_t frame;			/* where it fails; 0: nowhere in particular */
	char says[FINDINGS_SAYS];	/* why it fails or was set aside: the first reason */
};

struct findings {
	enum lang lang;
	struct claim claim[FINDINGS_CLAIMS];
	unsigned n;
};

void findings_init(struct findings *f, enum lang lang);

/* HOLDS only where something was expected: a claim that nobody looked at has not been shown. */
enum claim_state claim_state(const struct claim *c);

/* Of all together: FAILS when one does, ASIDE when none was judged.  A last claim under which
 * nothing was expected fails. */
enum claim_state findings_state(const struct findings *f);
unsigned findings_count(const struct findings *f, enum claim_state state);

/* ---- for checks ----------------------------------------------------------------------------- */

/* Beyond FINDINGS_CLAIMS, it takes the place of the last, unless that one failed. */
void claim(struct findings *f, struct both what);

/* The claim at hand cannot be judged from this evidence: why.  One that failed has been judged. */
void claim_aside(struct findings *f, struct both why);

/* Each: true when it holds.  where is the frame at which it is to be seen; NULL: none. */

/* `wanted` as a sentence: what should be the case. */
bool expect(struct findings *f, const struct seen *where, bool holds, struct both wanted);

/* what: "bytes of data", "requests". */
bool expect_number(struct findings *f, const struct seen *where, struct both what, uint64_t wanted,
		   uint64_t got);

/* Payloads of these segments, in this order.  More than 16 are compared, and not all shown. */
bool expect_sizes(struct findings *f, const struct seen *const *segment, size_t n,
		  const uint32_t *wanted, size_t n_wanted);

/* The frame is there at all: `what` should be. */
bool expect_there(struct findings *f, const struct seen *it, struct both what);

/* effect was sent because cause came: it follows it, and the tracker (tcp_reason.h) names it. */
bool expect_cause(struct findings *f, const struct seen *effect, const struct seen *cause);

/* later stands behind earlier in the capture; both must be there. */
bool expect_order(struct findings *f, const struct seen *earlier, const struct seen *later,
		  struct both what);

#endif
