/*
 * told.h - what a unit test needs to tell its story: times, addresses, frames, chance
 *
 * Everything is handed in and nothing is drawn from the outside: a test tells the
 * same story each time.  at(0) is the zero of the clock on purpose, because code
 * that takes a zero for "not yet" must then show itself.
 */
#ifndef WIRELAB_TOLD_H
#define WIRELAB_TOLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wirelab/arp.h"
#include "wirelab/instant.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static inline struct instant at(double seconds)
{
	return (struct instant){ (uint64_t)(seconds * 1e9 + 0.5) };
}

static inline uint64_t ms(uint64_t n)
{
	return n * MSEC_NS;
}

static inline struct ip4 addr(const char *text)
{
	struct ip4 a = IP4_UNSPECIFIED;

	assert_true(ip4_parse(text, &a));
	return a;
}

static inline struct mac hw(const char *text)
{
	struct mac m = MAC_ZERO;

	assert_true(mac_parse(text, &m));
	return m;
}

#define assert_ip(is, should) assert_true(ip4_equal((is), (should)))
#define assert_mac(is, should) assert_true(mac_equal((is), (should)))

/* A copy in a block of exactly len bytes: one byte further is the sanitizer's. */
static inline uint8_t *exactly(const void *bytes, size_t len)
{
	uint8_t *p = malloc(len);

	assert_true(p || len == 0);
	if (len)
		memcpy(p, bytes, len);
	return p;
}

static inline void *zeroed(size_t size)
{
	void *p = calloc(1, size);

	assert_non_null(p);
	return p;
}

/* splitmix64: small, and the same on every machine. */
struct chance { uint64_t state; };

static inline uint64_t chance_next(struct chance *c)
{
	uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline uint64_t chance_below(struct chance *c, uint64_t n)
{
	return chance_next(c) % n;
}

static inline void chance_fill(struct chance *c, void *out, size_t len)
{
	uint8_t *p = out;

	while (len--)
		*p++ = (uint8_t)chance_next(c);
}

/* An untagged frame as the other side of the link hears it: built, then taken apart. */
static inline struct arp_frame frame_of(struct mac dst, struct mac src, const struct arp_msg *msg)
{
	uint8_t bytes[ARP_FRAME_MAX];
	struct eth_hdr eth = { .dst = dst, .src = src, .type = ETH_ARP };
	struct arp_frame f;

	arp_frame_parse(bytes, arp_frame_build(bytes, &eth, msg), &f);
	return f;
}

#endif
