/*
 * tcp_seq.h - 32-bit sequence numbers on the circle (RFC 9293 section 3.4)
 *
 * Sequence numbers wrap, so "smaller" has no meaning; "ahead by less than half the
 * circle" has.  Two numbers exactly half a circle apart are before neither: no window
 * is that large (RFC 7323 2.3), so nothing right ever asks.
 */
#ifndef WIRELAB_TCP_SEQ_H
#define WIRELAB_TCP_SEQ_H

#include <stdbool.h>
#include <stdint.h>

#define SEQ_HALF UINT32_C(0x80000000)

/* How far b lies ahead of a, walking forward: 0 .. 2^32-1. */
static inline uint32_t seq_ahead(uint32_t a, uint32_t b)
{
	return b - a;
}

/* True when b is ahead of a by less than half the circle.  a < b on numbers
 * is a different question, and the wrong one near 2^32. */
static inline bool seq_before(uint32_t a, uint32_t b)
{
	return a != b && seq_ahead(a, b) < SEQ_HALF;
}

static inline bool seq_before_eq(uint32_t a, uint32_t b)
{
	return seq_ahead(a, b) < SEQ_HALF;
}

/* The one further along; a when they are equal or half a circle apart. */
static inline uint32_t seq_later(uint32_t a, uint32_t b)
{
	return seq_before(a, b) ? b : a;
}

/* True when s falls in [left, left + width). An empty window holds nothing. */
static inline bool seq_in_window(uint32_t s, uint32_t left, uint32_t width)
{
	return seq_ahead(left, s) < width;
}

#endif
