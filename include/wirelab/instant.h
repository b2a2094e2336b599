/* instant.h - time as the pure code sees it: a number handed in, never read from a clock */
#ifndef WIRELAB_INSTANT_H
#define WIRELAB_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds on some monotonic clock whose zero means nothing.  A struct, so
 * that an instant cannot be passed where a duration is meant. */
struct instant { uint64_t ns; };

#define MSEC_NS UINT64_C(1000000)
#define USEC_NS UINT64_C(1000)
#define SEC_NS UINT64_C(1000000000)
#define INSTANT_NEVER ((struct instant){ UINT64_MAX })

static inline struct instant instant_after(struct instant t, uint64_t duration_ns)
{
	return (struct instant){ duration_ns > UINT64_MAX - t.ns ? UINT64_MAX : t.ns + duration_ns };
}

/* How long from `from` to `to`; 0 when `to` is not later. */
static inline uint64_t instant_since(struct instant from, struct instant to)
{
	return to.ns > from.ns ? to.ns - from.ns : 0;
}

static inline bool instant_reached(struct instant now, struct instant deadline)
{
	return now.ns >= deadline.ns;
}

static inline struct instant instant_earlier(struct instant a, struct instant b)
{
	return a.ns < b.ns ? a : b;
}

static inline struct instant instant_later(struct instant a, struct instant b)
{
	return a.ns > b.ns ? a : b;
}

#endif
