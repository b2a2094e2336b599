/*
 * keyed_hash.h - where an IPv4 address lives in a table, without the neighbours knowing
 *
 * Whoever is on the link chooses the addresses that we store.  With a fixed hash
 * they could choose a thousand that collide; so the hash has a secret, drawn at
 * random for each run: h(x) = the upper half of a*x + b modulo 2^64.  For 32-bit
 * keys this is strongly universal (Dietzfelbinger 1996, "Universal hashing and
 * k-wise independent random variables via integer arithmetic without primes"):
 * any two addresses meet with probability 1/slots, whatever they are, for an
 * attacker who does not know a and b.  One multiplication is all that it costs,
 * and tables bound the length of a search besides.
 */
#ifndef WIRELAB_KEYED_HASH_H
#define WIRELAB_KEYED_HASH_H

#include <stdint.h>

#include "wirelab/addr.h"

struct hash_key { uint64_t a, b; };

/* A slot number, 0 .. slots-1. */
static inline uint32_t keyed_slot(const struct hash_key *key, struct ip4 ip, uint32_t slots)
{
	uint64_t h = (key->a * ip4_number(ip) + key->b) >> 32;

	/* The upper half of h * slots spreads h evenly over any number of slots. */
	return (uint32_t)(h * slots >> 32);
}

#endif
