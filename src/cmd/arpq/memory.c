/* memory.c - what one run of arpq tells the next: the cache, and who was asked when */
#include "arpq.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- the cache -------------------------------------------------------------------------- */

void cache_trouble(struct arpq *a, const struct cachefile_error *err)
{
	if (!*err->why || a->cache_warned || err->trouble == CACHEFILE_STALE_BOOT)
		return;
	a->cache_warned = true;
	complain("%s", err->why);
}

struct cachefile *open_cache(struct arpq *a, struct cachefile_error *err)
{
	struct cachefile *c = NULL;

	*err = (struct cachefile_error){ .trouble = CACHEFILE_ABSENT };
	if (!*a->boot_id)
		return NULL;
	c = *a->cache_path ? cachefile_open(a->cache_path, a->boot_id, 0, err) : NULL;
	/* Root's answers may be read by everybody. */
	if (!c && err->trouble == CACHEFILE_ABSENT && geteuid() != 0 && !a->opt->cache)
		c = cachefile_open("/run/arpq/cache", a->boot_id, 0, err);
	return c;
}

bool recall(struct arpq *a, const struct port *p, struct ip4 ip, struct cache_entry *out)
{
	struct cachefile_error err;
	struct cachefile *c = open_cache(a, &err);
	int found = c ? cachefile_find(c, ip, &p->place, out, &err) : 0;

	cache_trouble(a, &err);
	cachefile_close(c);
	/* Read again: what another process has saved meanwhile is not from the future. */
	a->now = clock_now();
	return found == 1 && out->place.generation == p->place.generation &&
	       out->confirmed.ns <= a->now.ns;
}

#define PAGE ((uintptr_t)4096)

/* The whole pages within these bytes, in one go if the kernel can (5.14), as in zeroed(). */
static void bring_in(void *start, size_t size)
{
#ifdef MADV_POPULATE_WRITE
	uintptr_t first = ((uintptr_t)start + PAGE - 1) / PAGE * PAGE;
	uintptr_t end = ((uintptr_t)start + size) / PAGE * PAGE;

	if (end > first)
		(void)madvise((char *)start + (first - (uintptr_t)start), end - first,
			      MADV_POPULATE_WRITE);
#else
	(void)start;
	(void)size;
#endif
}

/* Twice as much, or 16 to begin with. */
static bool more_room(struct arpq *a)
{
	size_t max = a->max_learned ? a->max_learned * 2 : 16;
	struct cache_entry *to = realloc(a->learned, max * sizeof(*to));

	if (!to)
		return false;
	a->learned = to;
	a->max_learned = max;
	bring_in(to + a->n_learned, (max - a->n_learned) * sizeof(*to));
	return true;
}

void learn(struct arpq *a, const struct port *p, const struct arp_entry *e, enum cache_how how)
{
	struct cache_entry *to;

	if (a->n_learned == a->max_learned && !more_room(a))
		return;
	to = &a->learned[a->n_learned++];
	*to = (struct cache_entry){
		.ip = e->ip, .place = p->place, .mac = e->mac, .how = how, .confirmed = e->since,
		.state = e->state == ARP_FAILED ? CACHE_FAILED
			 : e->state == ARP_CONTESTED ? CACHE_CONTESTED : CACHE_KNOWN,
		.expires = instant_after(e->since, e->state == ARP_FAILED ? ARPQ_DEAD_NS
						   : e->state == ARP_MAPPED ? a->opt->ttl_ns : 0) };
	(void)snprintf(to->ifname, sizeof(to->ifname), "%s", p->iface.name);
}

void save_learned(struct arpq *a)
{
	struct cachefile_change change = { .put = a->learned, .n_put = a->n_learned,
					   .fleeting = !a->opt->cache,
					   .now = a->now };
	struct cachefile_error err;

	if (a->n_learned == 0)
		return;
	if (!*a->cache_path) {
		(void)snprintf(err.why, sizeof(err.why), "%.180s: answers are not remembered "
			       "%s", a->no_cache,
			       *a->boot_id ? " (--cache-file names a place)" : "");
		err.trouble = CACHEFILE_SYSTEM;
		cache_trouble(a, &err);
		return;
	}
	/* An answer is not lost because it could not be kept: a word, and no more. */
	(void)cachefile_save(a->cache_path, a->boot_id, &change, NULL, &err);
	cache_trouble(a, &err);
	a->n_learned = 0;
}

/* ---- who was asked when ----------------------------------------------------------------- */

void open_asked(struct arpq *a)
{
	char path[PATH_MAX + 8], err[256];

	if (a->asked || !*a->cache_path)
		return;
	/* Nothing is put beside a file that is not ours to write. */
	struct cachefile_error refusal;
	cachefile_close(cachefile_open(a->cache_path, a->boot_id, UINT32_MAX, &refusal));
	if (refusal.trouble == CACHEFILE_REFUSED) {
		cache_trouble(a, &refusal);
		return;
	}
	(void)snprintf(path, sizeof(path), "%s.asked", a->cache_path);
	a->asked = askfile_open(path, err);
	if (!a->asked && !a->cache_warned)
		complain("%s", err);
	a->cache_warned = a->cache_warned || !a->asked;
}

bool may_ask(struct arpq *a, const struct port *p, struct ip4 ip, struct instant *until)
{
	return !a->asked ||
	       askfile_claim(a->asked, ip, &p->place, a->now, a->opt->retry_ns, until);
}

/* On a busy machine a request may leave long after the clock was read for it, and the
 * next one would follow too soon. */
void did_ask(struct arpq *a, const struct port *p, const struct ip4 *ip, size_t n)
{
	struct instant sent = clock_now();

	if (!a->asked || instant_since(a->now, sent) < MSEC_NS)
		return;
	for (size_t i = 0; i < n; i++)
		askfile_sent(a->asked, ip[i], &p->place, a->now, sent);
}

void did_not_ask(struct arpq *a, const struct port *p, struct ip4 ip)
{
	if (a->asked)
		askfile_unclaim(a->asked, ip, &p->place, a->now, a->opt->retry_ns);
}
