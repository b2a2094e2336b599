#include "wirelab/arp_cache.h"

#include <assert.h>

#include "keyed_hash.h"

/* 16 bytes, four to a cache line.  state 0 is a free slot. */
struct slot {
	uint32_t ip;		/* as a number */
	uint8_t mac[6];
	uint8_t state;
	uint8_t since_high;	/* milliseconds since the epoch, 40 bits */
	uint32_t since_low;
};

struct arp_cache {
	struct hash_key key;
	struct instant epoch;
	uint32_t lines;		/* that a hash can name */
	uint32_t count;
	uint64_t reserved[4];	/* the slots start on a cache line of their own */
	struct slot slot[];	/* of those lines, and a window's length so that no search wraps */
};

_Static_assert(sizeof(struct slot) == 16, "a slot is a quarter of a cache line");
_Static_assert(sizeof(struct arp_cache) == 64, "the head is one cache line");

#define SLOTS_PER_ENTRY 2u	/* half full: a search then ends in its first cache line */
#define SLOTS_PER_LINE 4u

static uint32_t lines_for(size_t n)
{
	return (uint32_t)((n * SLOTS_PER_ENTRY + SLOTS_PER_LINE - 1) / SLOTS_PER_LINE);
}

static uint32_t slots(const struct arp_cache *c)
{
	return c->lines * SLOTS_PER_LINE + ARP_CACHE_WINDOW;
}

size_t arp_cache_size(size_t n)
{
	return sizeof(struct arp_cache) +
	       ((size_t)lines_for(n) * SLOTS_PER_LINE + ARP_CACHE_WINDOW) * sizeof(struct slot);
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

struct arp_cache *arp_cache_init(void *memory, size_t size, size_t n,
				 const uint8_t secret[static 16], struct instant epoch)
{
	struct arp_cache *c = memory;

	if (n == 0 || n > (size_t)1 << 30 || size < arp_cache_size(n))
		return NULL;
	/* An odd factor loses no bit of the address. */
	c->key = (struct hash_key){ load64(secret) | 1, load64(secret + 8) };
	c->epoch = epoch;
	c->lines = lines_for(n);
	c->count = 0;
	return c;
}

static uint64_t pack_since(const struct arp_cache *c, struct instant t)
{
	return instant_since(c->epoch, t) / MSEC_NS;
}

static struct instant slot_since(const struct arp_cache *c, const struct slot *s)
{
	uint64_t ms = (uint64_t)s->since_high << 32 | s->since_low;

	return instant_after(c->epoch, ms * MSEC_NS);
}

/* Field by field into its place: a copy of the whole, read back right after its bytes were
 * written one by one, makes the processor wait. */
static inline void unpack(const struct arp_cache *c, const struct slot *s, struct arp_entry *out)
{
	out->ip = ip4_from_number(s->ip);
	memcpy(out->mac.b, s->mac, sizeof(out->mac.b));
	out->state = (enum arp_state)s->state;
	out->since = slot_since(c, s);
}

static struct slot pack(const struct arp_cache *c, const struct arp_entry *e)
{
	uint64_t ms = pack_since(c, e->since);
	struct slot s = { .ip = ip4_number(e->ip), .state = (uint8_t)e->state,
			  .since_high = (uint8_t)(ms >> 32), .since_low = (uint32_t)ms };

	memcpy(s.mac, e->mac.b, sizeof(s.mac));
	return s;
}

/* Homes are the first slots of cache lines. */
static uint32_t home_of(const struct arp_cache *c, struct ip4 ip)
{
	return keyed_slot(&c->key, ip, c->lines) * SLOTS_PER_LINE;
}

/* The slot that holds ip; else the free slot where the search ended; else, when the
 * window is full, the slot past it. */
static uint32_t search(const struct arp_cache *c, struct ip4 ip)
{
	uint32_t i = home_of(c, ip);
	uint32_t end = i + ARP_CACHE_WINDOW;
	uint32_t number = ip4_number(ip);

	while (i < end && c->slot[i].state && c->slot[i].ip != number)
		i++;
	return i;
}

/*
 * Which slot of a line has this number, if any?  Sums, not branches: where in its line an
 * entry stands is as good as random, and a processor that guesses wrong about it also
 * stops fetching the lines of the look-ups that follow.
 */
static uint32_t pick(const struct slot *line, uint32_t number)
{
	bool one = line[1].ip == number, two = line[2].ip == number, three = line[3].ip == number;

	return (uint32_t)(one | three) | (uint32_t)(two | three) << 1;
}

static bool holds(const struct arp_cache *c, uint32_t i, struct ip4 ip)
{
	return i < slots(c) && c->slot[i].state && c->slot[i].ip == ip4_number(ip);
}

bool arp_cache_find(const struct arp_cache *c, struct ip4 ip, struct arp_entry *out)
{
	const struct slot *s = &c->slot[home_of(c, ip)];
	uint32_t number = ip4_number(ip);

	/* Nineteen of twenty are in their first line. */
	s += pick(s, number);
	if (s->ip != number || !s->state) {
		uint32_t i = search(c, ip);
		if (!holds(c, i, ip))
			return false;
		s = &c->slot[i];
	}
	unpack(c, s, out);
	return true;
}

/* Of the window that starts at home, the slot confirmed longest ago. */
static uint32_t oldest(const struct arp_cache *c, uint32_t home)
{
	uint32_t best = home;

	for (uint32_t i = home + 1; i < home + ARP_CACHE_WINDOW; i++)
		if (slot_since(c, &c->slot[i]).ns < slot_since(c, &c->slot[best]).ns)
			best = i;
	return best;
}

bool arp_cache_put(struct arp_cache *c, const struct arp_entry *entry, struct arp_entry *evicted)
{
	uint32_t home = home_of(c, entry->ip);
	uint32_t i = search(c, entry->ip);
	bool full = i == home + ARP_CACHE_WINDOW;

	assert(entry->state >= ARP_MAPPED && entry->state <= ARP_FAILED);
	if (full) {
		/* Every slot from home on is taken, so the newcomer is found from any of
		 * them, and the searches of others still run over an unbroken row. */
		i = oldest(c, home);
		if (evicted)
			unpack(c, &c->slot[i], evicted);
	} else if (!c->slot[i].state) {
		c->count++;
	}
	c->slot[i] = pack(c, entry);
	return full;
}

bool arp_cache_remove(struct arp_cache *c, struct ip4 ip)
{
	uint32_t hole = search(c, ip);

	if (!holds(c, hole, ip))
		return false;
	/* A search stops at a free slot, so what stands behind the hole and may stand
	 * in it moves up (Knuth, TAOCP 6.4, algorithm R). */
	for (uint32_t i = hole + 1; i < slots(c) && c->slot[i].state; i++) {
		uint32_t home = home_of(c, ip4_from_number(c->slot[i].ip));
		if (home <= hole) {
			c->slot[hole] = c->slot[i];
			hole = i;
		}
	}
	c->slot[hole] = (struct slot){ 0 };
	c->count--;
	return true;
}

size_t arp_cache_count(const struct arp_cache *c)
{
	return c->count;
}

bool arp_cache_each(const struct arp_cache *c, size_t *cursor, struct arp_entry *out)
{
	for (; *cursor < slots(c); (*cursor)++)
		if (c->slot[*cursor].state) {
			unpack(c, &c->slot[(*cursor)++], out);
			return true;
		}
	return false;
}
