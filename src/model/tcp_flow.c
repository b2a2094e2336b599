/*
 * The table of connections.
 *
 * The index is open addressing with linear probing: eight slots are one cache line, at
 * most two thirds are taken, so a search reads one line and then the connection.  A slot
 * carries 32 bits of the hash: another's connection is hardly ever read in vain, and closing
 * a hole does not have to read connections at all.
 *
 * The connections stand in the order of their coming and never move, but the index is
 * scattered over all of its slots.  So it uses only as many as it needs, and doubles in
 * place: a table with room for millions touches no more memory than a small one.
 */
#include "tcp_flow.h"

#include <string.h>

#define FLOWS_MAX ((size_t)1 << 30)
#define FIRST_INDEX ((size_t)4096)	/* connections */
#define LINE 64u

static size_t slots_for(size_t n)
{
	return n + n / 2 + 1;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t lines(size_t bytes)
{
	return (bytes + LINE - 1) / LINE * LINE;
}

size_t tcp_track_dense_size(size_t n)
{
	return lines(sizeof(struct tcp_track)) + lines(n * sizeof(struct flow_hot)) +
	       lines(n * sizeof(struct flow_cold)) + lines(n * sizeof(struct flow_notes)) +
	       lines(n * sizeof(struct flow_troubles)) + lines(n * sizeof(uint32_t));
}

size_t tcp_track_size(size_t n)
{
	return tcp_track_dense_size(n) + lines(slots_for(n) * sizeof(struct flow_slot));
}

static void *cut(uint8_t **at, size_t bytes)
{
	void *p = *at;

	*at += lines(bytes);
	return p;
}

static struct tcp_track *lay_out(void *memory, size_t size, size_t n)
{
	uint8_t *at = memory;

	if (n == 0 || n > FLOWS_MAX || size < tcp_track_size(n))
		return NULL;
	struct tcp_track *t = cut(&at, sizeof(*t));
	*t = (struct tcp_track){ .capacity = (uint32_t)n };
	t->slots = (uint32_t)slots_for(smaller(n, FIRST_INDEX));
	t->hot = cut(&at, n * sizeof(*t->hot));
	t->cold = cut(&at, n * sizeof(*t->cold));
	t->notes = cut(&at, n * sizeof(*t->notes));
	t->troubles = cut(&at, n * sizeof(*t->troubles));
	t->stream = cut(&at, n * sizeof(*t->stream));
	t->slot = cut(&at, slots_for(n) * sizeof(*t->slot));
	return t;
}

struct tcp_track *tcp_track_init(void *memory, size_t size, size_t n,
				 const uint8_t secret[static 16])
{
	struct tcp_track *t = lay_out(memory, size, n);

	if (t)
		t->key = sip_key_from(secret);
	return t;
}

static inline uint32_t home_of(const struct tcp_track *t, uint32_t hash)
{
	/* The upper half of hash * slots spreads evenly over any number of slots. */
	return (uint32_t)((uint64_t)hash * t->slots >> 32);
}

static inline uint32_t next_slot(const struct tcp_track *t, uint32_t i)
{
	return i + 1 == t->slots ? 0 : i + 1;
}

struct tcp_track *tcp_track_move(void *memory, size_t size, size_t n, const struct tcp_track *old)
{
	struct tcp_track *t;

	if (n < old->capacity)
		return NULL;
	t = lay_out(memory, size, n);
	if (!t)
		return NULL;
	struct tcp_track places = *t;
	*t = *old;
	t->capacity = places.capacity;
	t->hot = memcpy(places.hot, old->hot, old->flows_made * sizeof(*old->hot));
	t->cold = memcpy(places.cold, old->cold, old->flows_made * sizeof(*old->cold));
	t->notes = memcpy(places.notes, old->notes, old->notes_made * sizeof(*old->notes));
	t->troubles = memcpy(places.troubles, old->troubles,
			     old->troubles_made * sizeof(*old->troubles));
	t->stream = memcpy(places.stream, old->stream, old->flows_made * sizeof(*old->stream));
	t->slot = memcpy(places.slot, old->slot, old->slots * sizeof(*old->slot));
	return t;
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Both directions must meet, so the endpoints are put in order before they are hashed. */
static uint32_t hash_of(const struct tcp_track *t, const struct tcp_segment *s)
{
	const uint8_t *x = s->addr[0], *y = s->addr[1];
	bool turned;

	if (s->family == 4) {
		uint64_t a = (uint64_t)load32(x) << 16 | s->port[0];
		uint64_t b = (uint64_t)load32(y) << 16 | s->port[1];
		turned = a > b;
		uint64_t word[] = { turned ? b : a, turned ? a : b };
		return (uint32_t)siphash13_words(t->key, word, 2);
	}
	int order = memcmp(x, y, 16);
	turned = order > 0 || (order == 0 && s->port[0] > s->port[1]);
	const uint8_t *first = turned ? y : x, *second = turned ? x : y;
	uint64_t ports = turned ? (uint64_t)s->port[1] << 16 | s->port[0] :
				  (uint64_t)s->port[0] << 16 | s->port[1];
	uint64_t word[] = { load64(first), load64(first + 8), load64(second), load64(second + 8),
			    ports };
	return (uint32_t)siphash13_words(t->key, word, 5);
}

static uint32_t hash_of_flow(const struct tcp_track *t, uint32_t flow)
{
	const struct flow_hot *h = &t->hot[flow];
	struct tcp_segment seg = { .family = h->bits & FLOW_IP6 ? 6 : 4 };

	memcpy(seg.addr, h->addr, sizeof(seg.addr));
	memcpy(seg.port, h->port, sizeof(seg.port));
	return hash_of(t, &seg);
}

static void enter(struct tcp_track *t, uint32_t hash, uint32_t flow)
{
	uint32_t i = home_of(t, hash);

	while (t->slot[i].flow)
		i = next_slot(t, i);
	t->slot[i] = (struct flow_slot){ hash, flow + 1 };
}

/* Twice the slots, or as many as there is memory for. */
static void grow_index(struct tcp_track *t)
{
	memset(t->slot, 0, t->slots * sizeof(*t->slot));
	t->slots = (uint32_t)smaller((size_t)t->slots * 2, slots_for(t->capacity));
	for (uint32_t flow = 0; flow < t->flows_made; flow++)
		if (t->hot[flow].bits & FLOW_USED)
			enter(t, hash_of_flow(t, flow), flow);
}

/* 0 or 1: which side of h sent seg; 2: it is of another connection. */
static inline unsigned sender(const struct flow_hot *h, const struct tcp_segment *seg)
{
	if (!(h->bits & FLOW_IP6) != (seg->family == 4))
		return 2;
	if (h->port[0] == seg->port[0] && h->port[1] == seg->port[1] &&
	    memcmp(h->addr, seg->addr, sizeof(h->addr)) == 0)
		return 0;
	if (h->port[0] == seg->port[1] && h->port[1] == seg->port[0] &&
	    memcmp(h->addr[0], seg->addr[1], 16) == 0 && memcmp(h->addr[1], seg->addr[0], 16) == 0)
		return 1;
	return 2;
}

uint32_t flow_find(const struct tcp_track *t, const struct tcp_segment *seg, unsigned *from,
		   uint32_t *hash)
{
	*hash = hash_of(t, seg);
	for (uint32_t i = home_of(t, *hash); t->slot[i].flow; i = next_slot(t, i)) {
		if (t->slot[i].hash != *hash)
			continue;
		/* All three lines at once: waiting for one is then waiting for all. */
		__builtin_prefetch(&t->hot[t->slot[i].flow - 1].side[0]);
		__builtin_prefetch(&t->hot[t->slot[i].flow - 1].side[1]);
		*from = sender(&t->hot[t->slot[i].flow - 1], seg);
		if (*from < 2)
			return t->slot[i].flow - 1;
	}
	*from = 0;
	return FLOW_NONE;
}

void tcp_track_prefetch(const struct tcp_track *t, const struct tcp_segment *seg)
{
	__builtin_prefetch(&t->slot[home_of(t, hash_of(t, seg))]);
}

static void begin(struct tcp_track *t, uint32_t flow, const struct tcp_segment *seg)
{
	struct flow_hot *h = &t->hot[flow];

	memcpy(h->addr, seg->addr, sizeof(h->addr));
	memcpy(h->port, seg->port, sizeof(h->port));
	h->bits = FLOW_USED | (seg->family == 4 ? 0 : FLOW_IP6);
	h->first_frame = seg->frame;
	t->cold[flow].first_time = seg->when;
	t->stream[flow] = t->streams++;
}

uint32_t flow_add(struct tcp_track *t, const struct tcp_segment *seg, uint32_t hash)
{
	uint32_t flow;

	if (slots_for(t->count + 1) > t->slots)
		grow_index(t);
	if (t->free_flow) {
		flow = t->free_flow - 1;
		t->free_flow = t->cold[flow].link;
	} else {
		flow = t->flows_made++;
	}
	t->hot[flow] = (struct flow_hot){ 0 };
	t->cold[flow] = (struct flow_cold){ 0 };
	begin(t, flow, seg);
	enter(t, hash, flow);
	t->count++;
	return flow;
}

struct flow_notes *flow_notes(struct tcp_track *t, struct flow_hot *h)
{
	if (h->notes)
		return &t->notes[h->notes - 1];
	if (t->free_notes) {
		h->notes = t->free_notes;
		t->free_notes = t->notes[h->notes - 1].link;
	} else {
		h->notes = ++t->notes_made;
	}
	t->notes[h->notes - 1] = (struct flow_notes){ 0 };
	return &t->notes[h->notes - 1];
}

struct flow_troubles *flow_troubles(struct tcp_track *t, struct flow_notes *n)
{
	if (n->troubles)
		return &t->troubles[n->troubles - 1];
	if (t->free_troubles) {
		n->troubles = t->free_troubles;
		t->free_troubles = t->troubles[n->troubles - 1].link;
	} else {
		n->troubles = ++t->troubles_made;
	}
	t->troubles[n->troubles - 1] = (struct flow_troubles){ 0 };
	return &t->troubles[n->troubles - 1];
}

static void drop_troubles(struct tcp_track *t, struct flow_notes *n)
{
	if (!n->troubles)
		return;
	t->troubles[n->troubles - 1].link = t->free_troubles;
	t->free_troubles = n->troubles;
	n->troubles = 0;
}

static void drop_notes(struct tcp_track *t, struct flow_hot *h)
{
	if (!h->notes)
		return;
	drop_troubles(t, &t->notes[h->notes - 1]);
	t->notes[h->notes - 1].link = t->free_notes;
	t->free_notes = h->notes;
	h->notes = 0;
}

void flow_restart(struct tcp_track *t, uint32_t flow, const struct tcp_segment *seg)
{
	/* It keeps its place in the row of the closed, if it had one; see tcp_track_give_up(). */
	uint32_t listed = t->hot[flow].bits & FLOW_LISTED, link = t->cold[flow].link;

	drop_notes(t, &t->hot[flow]);
	t->hot[flow] = (struct flow_hot){ 0 };
	t->cold[flow] = (struct flow_cold){ .link = link };
	begin(t, flow, seg);
	t->hot[flow].bits |= listed;
}

/* The slot that names this flow. */
static uint32_t slot_of(const struct tcp_track *t, uint32_t flow)
{
	uint32_t i = home_of(t, hash_of_flow(t, flow));

	while (t->slot[i].flow != flow + 1)
		i = next_slot(t, i);
	return i;
}

/* A search stops at a free slot, so what stands behind the hole and may stand in it moves
 * up (Knuth, TAOCP 6.4, algorithm R). */
static void close_hole(struct tcp_track *t, uint32_t hole)
{
	for (uint32_t i = next_slot(t, hole); t->slot[i].flow; i = next_slot(t, i)) {
		uint32_t home = home_of(t, t->slot[i].hash);
		bool stays = hole <= i ? hole < home && home <= i : hole < home || home <= i;
		if (!stays) {
			t->slot[hole] = t->slot[i];
			hole = i;
		}
	}
	t->slot[hole] = (struct flow_slot){ 0 };
}

void flow_remove(struct tcp_track *t, uint32_t flow)
{
	close_hole(t, slot_of(t, flow));
	drop_notes(t, &t->hot[flow]);
	t->hot[flow].bits = 0;
	t->cold[flow].link = t->free_flow;
	t->free_flow = flow + 1;
	t->count--;
}

void flow_closed(struct tcp_track *t, uint32_t flow)
{
	if (t->hot[flow].bits & FLOW_LISTED)
		return;
	t->hot[flow].bits |= FLOW_LISTED;
	t->cold[flow].link = 0;
	if (t->closed_last)
		t->cold[t->closed_last - 1].link = flow + 1;
	else
		t->closed_first = flow + 1;
	t->closed_last = flow + 1;
}

bool tcp_track_over(const struct tcp_track *t, uint32_t flow)
{
	return tcp_flow_over(&t->hot[flow]);
}

bool tcp_track_give_up(struct tcp_track *t, struct tcp_story *out)
{
	while (t->closed_first) {
		uint32_t flow = t->closed_first - 1;
		t->closed_first = t->cold[flow].link;
		if (!t->closed_first)
			t->closed_last = 0;
		t->hot[flow].bits &= ~(uint32_t)FLOW_LISTED;
		/* Its addresses were taken by a younger connection meanwhile: that one stays. */
		if (!tcp_flow_over(&t->hot[flow]))
			continue;
		tcp_track_story(t, flow, out);
		flow_remove(t, flow);
		return true;
	}
	return false;
}

size_t tcp_track_count(const struct tcp_track *t)
{
	return t->count;
}

bool tcp_track_next(const struct tcp_track *t, uint32_t *cursor)
{
	while (*cursor < t->flows_made)
		if (t->hot[(*cursor)++].bits & FLOW_USED)
			return true;
	return false;
}

bool tcp_track_each(const struct tcp_track *t, uint32_t *cursor, struct tcp_story *out)
{
	if (!tcp_track_next(t, cursor))
		return false;
	tcp_track_story(t, *cursor - 1, out);
	return true;
}
