/*
 * arp_cache.h - which MAC an address has, and since when we know it
 *
 * A fixed table in the caller's memory: open addressing, 16 bytes a slot, two
 * slots an entry, and every search begins with a cache line, so that a look-up
 * touches one cache line as a rule (if the memory is aligned to 64).  It holds
 * facts and the time they were learned, and no timers: whether a fact is still
 * fresh is the asker's to decide, from `since` and the time of day it was given.
 *
 * One address has one entry, so it cannot be alive and dead at the same time.
 */
#ifndef WIRELAB_ARP_CACHE_H
#define WIRELAB_ARP_CACHE_H

#include "wirelab/addr.h"
#include "wirelab/instant.h"

enum arp_state {
	ARP_MAPPED = 1,		/* it answered our question with this MAC */
	ARP_UNVERIFIED,		/* we heard it say so, but had not asked */
	ARP_CONTESTED,		/* two MACs claimed it; this is the one that came first */
	ARP_FAILED,		/* it did not answer; there is no MAC */
};

struct arp_entry {
	struct ip4 ip;
	struct mac mac;			/* zero when ARP_FAILED */
	enum arp_state state;
	struct instant since;		/* last confirmed, or failed; kept in whole milliseconds */
};

struct arp_cache;

/* Searches end after this many slots; a newcomer that finds no free slot in its
 * window takes the place of the entry there that was confirmed longest ago. */
#define ARP_CACHE_WINDOW 32u

/* Bytes for n entries, 1 .. 2^30: 32 each and a fixed rest. */
size_t arp_cache_size(size_t n);

/*
 * memory: at least arp_cache_size(n) bytes, aligned for uint64_t (to 64 is faster),
 * borrowed until the cache is no longer used, and ALREADY ZERO (calloc, mmap): a
 * large table then costs only the pages it comes to use.
 * secret: 16 random bytes that nobody on the link knows.
 * epoch: no `since` may be earlier, nor more than 34 years later.
 * NULL when size is too small.
 */
struct arp_cache *arp_cache_init(void *memory, size_t size, size_t n,
				 const uint8_t secret[static 16], struct instant epoch);

/*
 * An entry as it lies in the table, four to a cache line.  For those who look up a million
 * addresses a second; everybody else is better served by arp_cache_find().
 */
struct arp_slot {
	uint32_t number;	/* the address, ip4_number(); 0 with state 0: a free slot */
	struct mac mac;
	uint8_t state;		/* enum arp_state */
	uint8_t since_high;	/* milliseconds since the epoch, 40 bits */
	uint32_t since_low;
};

/* NULL: nothing is known of ip.  Valid until the next put or remove. */
const struct arp_slot *arp_cache_peek(const struct arp_cache *c, struct ip4 ip);

/* The same, taken apart.  False: nothing is known of ip, and *out is untouched. */
bool arp_cache_find(const struct arp_cache *c, struct ip4 ip, struct arp_entry *out);

/*
 * Put or replace.  Returns false when all is well; true when something had to leave
 * for it, which is then in *evicted (may be NULL).  More than n entries may fit.
 */
bool arp_cache_put(struct arp_cache *c, const struct arp_entry *entry, struct arp_entry *evicted);

/* False when it was not there. */
bool arp_cache_remove(struct arp_cache *c, struct ip4 ip);

size_t arp_cache_count(const struct arp_cache *c);

/* Every entry, in no useful order: start with *cursor = 0; false at the end. */
bool arp_cache_each(const struct arp_cache *c, size_t *cursor, struct arp_entry *out);

#endif
