/*
 * How long a look-up in arp_cache takes, in memory, beside uthash where that is installed
 * (uthash-dev: a header, needed by nothing else).  Every answer is compared; a time never fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "wirelab/arp_cache.h"

#if defined(__has_include)
#if __has_include(<uthash.h>)
#include <uthash.h>
#define HAVE_UTHASH 1
#endif
#endif

#define ROUNDS 5
#define LOOKUPS 2000000u		/* a round, at least */
#define HUGE ((size_t)2 << 20)

struct keys {
	uint32_t n;
	struct ip4 *ip;			/* in the order of their insertion */
	struct ip4 *asked;		/* the same in another order */
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void shuffle(struct ip4 *ip, uint32_t n, uint64_t *random)
{
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = (uint32_t)(next_random(random) % i);
		struct ip4 other = ip[i - 1];

		ip[i - 1] = ip[j];
		ip[j] = other;
	}
}

static bool make_keys(struct keys *k, uint32_t n)
{
	uint64_t random = UINT64_C(0x9e3779b97f4a7c15);

	k->n = n;
	k->ip = calloc(n, sizeof(*k->ip));
	k->asked = calloc(n, sizeof(*k->asked));
	if (!k->ip || !k->asked)
		return false;
	for (uint32_t i = 0; i < n; i++)
		k->ip[i] = ip4_from_number(0x0a000000u + i);
	shuffle(k->ip, n, &random);
	memcpy(k->asked, k->ip, n * sizeof(*k->ip));
	shuffle(k->asked, n, &random);
	return true;
}

static struct mac mac_for(struct ip4 ip)
{
	return (struct mac){ { 2, 0, ip.b[0], ip.b[1], ip.b[2], ip.b[3] } };
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

/* ---- arp_cache --------------------------------------------------------------------------- */

/* Zeroed and aligned to a huge page; in small pages that are there in one go, or huge ones
 * where the kernel gives them to those who ask.  arpq asks for them from 4 MiB on. */
static void *table_memory(size_t size, bool huge)
{
	size_t room = (size + 2 * HUGE - 1) / HUGE * HUGE + HUGE;
	char *p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	p += HUGE - (uintptr_t)p % HUGE;
	if (huge)
		(void)madvise(p, room - HUGE, MADV_HUGEPAGE);
	else
		(void)madvise(p, size, MADV_POPULATE_WRITE);
	return p;
}

static bool fill(struct arp_cache *c, const struct keys *k)
{
	for (uint32_t i = 0; i < k->n; i++) {
		struct arp_entry e = { .ip = k->ip[i], .mac = mac_for(k->ip[i]),
				       .state = ARP_MAPPED, .since = { i * MSEC_NS } };
		if (arp_cache_put(c, &e, NULL))
			return false;
	}
	return true;
}

static bool all_there(const struct arp_cache *c, const struct keys *k)
{
	struct arp_entry e;

	for (uint32_t i = 0; i < k->n; i++)
		if (!arp_cache_find(c, k->ip[i], &e) || !mac_equal(e.mac, mac_for(k->ip[i])))
			return false;
	return true;
}

static double time_finds(const struct arp_cache *c, const struct keys *k, uint64_t *sum)
{
	uint32_t repeats = 1 + LOOKUPS / k->n;
	double begun = now_ns();

	for (uint32_t r = 0; r < repeats; r++)
		for (uint32_t i = 0; i < k->n; i++) {
			const struct arp_slot *e = arp_cache_peek(c, k->asked[i]);
			*sum += e ? e->mac.b[5] : 1000u;
		}
	return (now_ns() - begun) / k->n / repeats;
}

static uint64_t right_sum(const struct keys *k)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < k->n; i++)
		sum += k->ip[i].b[3];
	return sum * (1 + LOOKUPS / k->n);
}

/* A table of those keys, or NULL when it is not right. */
static struct arp_cache *make_table(const struct keys *k, bool huge)
{
	static const uint8_t secret[16] = "sixteen letters";
	size_t size = arp_cache_size(k->n);
	void *memory = table_memory(size, huge);
	struct arp_cache *c = memory ? arp_cache_init(memory, size, k->n, secret,
						      (struct instant){ 0 }) : NULL;

	return c && fill(c, k) && all_there(c, k) ? c : NULL;
}

/* ---- uthash ------------------------------------------------------------------------------- */

#ifdef HAVE_UTHASH
struct peer {
	uint32_t ip;
	struct mac mac;
	uint64_t since;
	UT_hash_handle hh;
};

static struct peer *make_peer(const struct keys *k)
{
	struct peer *table = NULL;

	for (uint32_t i = 0; i < k->n; i++) {
		struct peer *e = calloc(1, sizeof(*e));
		if (!e)
			return NULL;
		e->ip = ip4_number(k->ip[i]);
		e->mac = mac_for(k->ip[i]);
		HASH_ADD(hh, table, ip, sizeof(e->ip), e);
	}
	return table;
}

static double time_peer(struct peer *table, const struct keys *k, uint64_t *sum)
{
	uint32_t repeats = 1 + LOOKUPS / k->n;
	double begun = now_ns();

	for (uint32_t r = 0; r < repeats; r++)
		for (uint32_t i = 0; i < k->n; i++) {
			uint32_t ip = ip4_number(k->asked[i]);
			struct peer *e;
			HASH_FIND(hh, table, &ip, sizeof(ip), e);
			*sum += e ? e->mac.b[5] : 1000u;
		}
	return (now_ns() - begun) / k->n / repeats;
}
#else
struct peer;

static struct peer *make_peer(const struct keys *k)
{
	(void)k;
	return NULL;
}

static double time_peer(struct peer *table, const struct keys *k, uint64_t *sum)
{
	(void)table;
	*sum += right_sum(k);
	return 0;
}
#endif

/* ---- the comparison ------------------------------------------------------------------------ */

/* How much of our memory is in huge pages just now, in KiB. */
static unsigned long huge_kib(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[128];
	unsigned long kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "AnonHugePages: %lu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

#define ARPQ_HUGE ((size_t)4 << 20)	/* as zeroed() in src/cmd/arpq/session.c */

static void say_ratio(double ours, double peer, double target_ns, double peer_ns)
{
	double target = target_ns / peer_ns;

	printf("  ratio to uthash %.2f; target: at most %.2f (%.0f ns where uthash takes %.0f): %s\n",
	       ours / peer, target, target_ns, peer_ns,
	       ours / peer <= target ? "reached" : "not reached");
}

static bool bench(uint32_t n, double target_ns, double peer_ns)
{
	struct keys k;
	double small_ns[ROUNDS], huge_ns[ROUNDS], uthash_ns[ROUNDS];
	uint64_t sum = 0;

	if (!make_keys(&k, n))
		return false;
	struct arp_cache *c = make_table(&k, false), *huge = make_table(&k, true);
	struct peer *peer = make_peer(&k);
	if (!c || !huge)
		return false;
	for (int i = 0; i < ROUNDS; i++) {
		small_ns[i] = time_finds(c, &k, &sum);
		huge_ns[i] = time_finds(huge, &k, &sum);
		uthash_ns[i] = time_peer(peer, &k, &sum);
	}
	printf("cache look-up, %u entries, a hit:\n"
	       "  arp_cache %.1f ns; huge pages asked for (%lu KiB given) %.1f ns; ", n,
	       median(small_ns), huge_kib(), median(huge_ns));
	if (peer) {
		printf("uthash %.1f ns\n", median(uthash_ns));
		say_ratio(arp_cache_size(n) >= ARPQ_HUGE ? median(huge_ns) : median(small_ns),
			  median(uthash_ns), target_ns, peer_ns);
	} else {
		printf("uthash is not installed (uthash-dev)\n");
	}
	printf("  %.1f bytes an entry; target: at most 40: %s\n", (double)arp_cache_size(n) / n,
	       arp_cache_size(n) <= 40 * (size_t)n ? "reached" : "not reached");
	bool right = sum == right_sum(&k) * ROUNDS * 3;
	free(k.ip);
	free(k.asked);
	return right;
}

int main(void)
{
	if (bench(65536, 8, 30) && bench(1000000, 15, 114))
		return 0;
	printf("SOMETHING WAS WRONG: an entry was lost, or there was no memory\n");
	return 1;
}
