#include "recent.h"

size_t recent_size(uint32_t n)
{
	size_t size = n * (sizeof(struct recent_link) + sizeof(uint32_t));

	return (size + 7) / 8 * 8;
}

void recent_begin(struct recent *r, void *memory, uint32_t n)
{
	struct recent_link *link = memory;

	*r = (struct recent){ .n = n, .link = link, .bucket = (uint32_t *)(link + n) };
}

static uint32_t *bucket_of(const struct recent *r, uint64_t hash)
{
	return &r->bucket[hash % r->n];
}

/* Along a bucket's chain, from the place with number at - 1 on. */
static uint32_t with_hash(const struct recent *r, uint32_t at, uint64_t hash)
{
	while (at && r->link[at - 1].hash != hash)
		at = r->link[at - 1].next;
	return at ? at - 1 : RECENT_NONE;
}

uint32_t recent_first(const struct recent *r, uint64_t hash)
{
	return with_hash(r, *bucket_of(r, hash), hash);
}

uint32_t recent_next(const struct recent *r, uint32_t place)
{
	return with_hash(r, r->link[place].next, r->link[place].hash);
}

static void line_up(struct recent *r, uint32_t place)
{
	struct recent_link *l = &r->link[place];

	l->older = r->newest;
	l->newer = 0;
	if (r->newest)
		r->link[r->newest - 1].newer = place + 1;
	else
		r->oldest = place + 1;
	r->newest = place + 1;
}

static void step_out(struct recent *r, uint32_t place)
{
	const struct recent_link *l = &r->link[place];

	if (l->older)
		r->link[l->older - 1].newer = l->newer;
	else
		r->oldest = l->newer;
	if (l->newer)
		r->link[l->newer - 1].older = l->older;
	else
		r->newest = l->older;
}

static uint32_t free_place(struct recent *r)
{
	uint32_t place = r->returned;

	if (place) {
		r->returned = r->link[place - 1].next;
		return place - 1;
	}
	return r->fresh < r->n ? r->fresh++ : RECENT_NONE;
}

uint32_t recent_take(struct recent *r, uint64_t hash)
{
	uint32_t place = free_place(r), *bucket = bucket_of(r, hash);

	if (place == RECENT_NONE)
		return RECENT_NONE;
	r->link[place].hash = hash;
	r->link[place].next = *bucket;
	*bucket = place + 1;
	line_up(r, place);
	r->taken++;
	return place;
}

void recent_give_back(struct recent *r, uint32_t place)
{
	uint32_t *at = bucket_of(r, r->link[place].hash);

	while (*at != place + 1)
		at = &r->link[*at - 1].next;
	*at = r->link[place].next;
	step_out(r, place);
	r->link[place].next = r->returned;
	r->returned = place + 1;
	r->taken--;
}

void recent_use(struct recent *r, uint32_t place)
{
	step_out(r, place);
	line_up(r, place);
}

uint32_t recent_oldest(const struct recent *r)
{
	return r->oldest ? r->oldest - 1 : RECENT_NONE;
}

uint32_t recent_newer(const struct recent *r, uint32_t place)
{
	uint32_t newer = r->link[place].newer;

	return newer ? newer - 1 : RECENT_NONE;
}
