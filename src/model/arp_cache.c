#include "wirelab/arp_cache.h"

#include <assert.h>

#include "keyed_hash.h"

struct arp_cache {
	struct hash_key key;
	struct instant epoch;
	uint32_t homes;		/* slots that a hash can name */
	uint32_t count;
	uint64_t reserved[4];	/* the slots start on a cache line of their own */
	struct arp_slot slot[];	/* homes, and a window's length so that no search wraps */
};

_Static_assert(sizeof(struct arp_slot) == 16, "a slot is a quarter of a cache line");
_Static_assert(sizeof(struct arp_cache) == 64, "the head is one cache line");

#define SLOTS_PER_ENTRY 2u	/* half full: a search then ends after one or two slots */

static uint32_t slots(const struct arp_cache *c)
{
	return c->homes + ARP_CACHE_WINDOW;
}

size_t arp_cache_size(size_t n)
{
	return sizeof(struct arp_cache) +
	       (n * SLOTS_PER_ENTRY + ARP_CACHE_WINDOW) * sizeof(struct arp_slot);
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
	c->homes = (uint32_t)(n * SLOTS_PER_ENTRY);
	c->count = 0;
	return c;
}

static uint64_t pack_since(const struct arp_cache *c, struct instant t)
{
	return instant_since(c->epoch, t) / MSEC_NS;
}

static struct instant slot_since(const struct arp_cache *c, const struct arp_slot *s)
{
	uint64_t ms = (uint64_t)s->since_high << 32 | s->since_low;

	return instant_after(c->epoch, ms * MSEC_NS);
}

static void unpack(const struct arp_cache *c, const struct arp_slot *s, struct arp_entry *out)
{
	out->ip = ip4_from_number(s->number);
	out->mac = s->mac;
	out->state = (enum arp_state)s->state;
	out->since = slot_since(c, s);
}

static struct arp_slot pack(const struct arp_cache *c, const struct arp_entry *e)
{
	uint64_t ms = pack_since(c, e->since);
	struct arp_slot s = { .number = ip4_number(e->ip), .mac = e->mac,
			      .state = (uint8_t)e->state, .since_high = (uint8_t)(ms >> 32),
			      .since_low = (uint32_t)ms };

	return s;
}

static uint32_t home_of(const struct arp_cache *c, struct ip4 ip)
{
	return keyed_slot(&c->key, ip, c->homes);
}

/* The slot that holds ip; else the free slot where the search ended; else, when the
 * window is full, the slot past it. */
static uint32_t search(const struct arp_cache *c, struct ip4 ip)
{
	uint32_t i = home_of(c, ip);
	uint32_t end = i + ARP_CACHE_WINDOW;
	uint32_t number = ip4_number(ip);

	while (i < end && c->slot[i].state && c->slot[i].number != number)
		i++;
	return i;
}

static bool holds(const struct arp_cache *c, uint32_t i, struct ip4 ip)
{
	return i < slots(c) && c->slot[i].state && c->slot[i].number == ip4_number(ip);
}

const struct arp_slot *arp_cache_peek(const struct arp_cache *c, struct ip4 ip)
{
	const struct arp_slot *s = &c->slot[home_of(c, ip)];
	uint32_t number = ip4_number(ip), i;

	/* Neighbouring addresses have homes far apart (the hash is a multiplication), so nearly
	 * all of a network's are found at home: one comparison that the processor guesses right,
	 * and it goes on to fetch what the next look-ups need.  0.0.0.0 looks like a free slot. */
	if (s->number == number && number != 0)
		return s;
	i = search(c, ip);
	return holds(c, i, ip) ? &c->slot[i] : NULL;
}

bool arp_cache_find(const struct arp_cache *c, struct ip4 ip, struct arp_entry *out)
{
	const struct arp_slot *s = arp_cache_peek(c, ip);

	if (s)
		unpack(c, s, out);
	return s != NULL;
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
		uint32_t home = home_of(c, ip4_from_number(c->slot[i].number));
		if (home <= hole) {
			c->slot[hole] = c->slot[i];
			hole = i;
		}
	}
	c->slot[hole] = (struct arp_slot){ 0 };
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
