/*
 * recent.h - n places found by a hash, and the order in which they were begun or last used
 *
 * What a place holds, and what makes two of them the same, is its owner's: this keeps
 * numbers only.  A bucket is a chain, and every place stands in one line from the oldest to
 * the newest; taking, finding, moving to the end and giving back cost the same however large
 * the table.
 */
#ifndef WIRELAB_RECENT_H
#define WIRELAB_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECENT_NONE UINT32_MAX

/* All numbers of places are stored plus one: memory that is still zero is an empty table. */
struct recent_link {
	uint64_t hash;
	uint32_t next;			/* in the bucket, or of the places that were given back */
	uint32_t older, newer;
};

struct recent {
	uint32_t n;
	uint32_t taken;
	uint32_t fresh;			/* places from here on were never used */
	uint32_t returned;
	uint32_t oldest, newest;
	struct recent_link *link;	/* n */
	uint32_t *bucket;		/* n */
};

/* Bytes for n places, a multiple of 8; recent_begin takes that much of zeroed memory. */
size_t recent_size(uint32_t n);
void recent_begin(struct recent *r, void *memory, uint32_t n);

/* The places whose hash is this one, the one taken last first; RECENT_NONE at the end. */
uint32_t recent_first(const struct recent *r, uint64_t hash);
uint32_t recent_next(const struct recent *r, uint32_t place);

/* RECENT_NONE when all are taken. */
uint32_t recent_take(struct recent *r, uint64_t hash);
void recent_give_back(struct recent *r, uint32_t place);

/* To the end of the line. */
void recent_use(struct recent *r, uint32_t place);

/* The head of the line, or RECENT_NONE; and the one behind `place`. */
uint32_t recent_oldest(const struct recent *r);
uint32_t recent_newer(const struct recent *r, uint32_t place);

#endif
