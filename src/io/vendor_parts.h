/*
 * vendor_parts.h - what the files of the vendor look-up share; nobody else includes it
 *
 *	vendor.c		the public functions, and a look-up from top to bottom
 *	vendor_registry.c	the system's files: their rows and names
 *	vendor_index.c		making, checking and searching the index
 */
#ifndef WIRELAB_VENDOR_PARTS_H
#define WIRELAB_VENDOR_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/vendor.h"

#define ADDRESS_BITS 36u	/* the longest prefix that is handed out (MA-S, IAB) */
#define OUI_BITS 24u		/* the shortest (MA-L) */

/* The registry's files in the order in which the first of two equal rows wins. */
enum { CSV_FILES = 4, MANUF = 4, SOURCES = 5 };

/* What tells one state of a file from another, wherever it is mounted. */
struct identity { uint64_t size, mtime_ns; };

/* The registry as one look-up finds it. */
struct registry {
	int dir;		/* O_PATH, or -1 */
	const char *manuf;
	struct identity id[SOURCES];	/* size 0: absent */
};

/* One prefix, as the run of 36-bit numbers it stands for, and where its row begins. */
struct row {
	uint64_t first, offset;
	unsigned bits, source;
};

/*
 * A question and its answer so far.  Rows are shown to it one after another; what
 * is left in the end is the longest prefix around key, and the numbers lo..hi
 * around key that have the same answer: a sweep then asks only once a block.
 */
struct look {
	uint64_t key, lo, hi;
	bool found;
	struct row best;
};

static inline uint64_t block_first(uint64_t key, unsigned bits)
{
	return key >> (ADDRESS_BITS - bits) << (ADDRESS_BITS - bits);
}

static inline uint64_t block_last(uint64_t key, unsigned bits)
{
	return block_first(key, bits) + ((UINT64_C(1) << (ADDRESS_BITS - bits)) - 1);
}

/* No answer outside lo..hi, which is around the key. */
void look_narrow(struct look *look, uint64_t lo, uint64_t hi);
void look_consider(struct look *look, const struct row *row);

/* Nothing is ever handed out in one piece that is larger than an OUI. */
struct look registry_look(uint64_t key);

/*
 * Without a branch for each digit: which ones are letters is as good as random.
 * Reading the whole registry through is a quarter faster for it.
 */
bool registry_hex(const char *p, size_t digits, uint64_t *out);

/* False when there is no registry; close it all the same. */
bool registry_open(struct registry *s, const char *dir, const char *manuf);
void registry_close(struct registry *s);

/*
 * The name in row's place.  False when another row, or none, begins there: then
 * whoever said so was wrong.
 */
bool registry_name(const struct registry *s, const struct row *row,
		   char name[static VENDOR_STRLEN]);

/* Shows every row of the registry to visit; false when it cannot be read to its end. */
bool registry_read(const struct registry *s, bool (*visit)(void *to, const struct row *row),
		   void *to);

enum vendor_index_state {
	INDEX_READY,
	INDEX_RENEW,		/* missing, damaged, or of another registry */
	INDEX_FOREIGN,		/* something that is not ours to read, and not ours to replace */
};

/* READY: *look and name are the answer, be it that there is none. */
enum vendor_index_state vendor_index_find(const char *path, const struct registry *s,
					  struct look *look, char name[static VENDOR_STRLEN]);

/* False when it could not be made; whatever was there before is then still there. */
bool vendor_index_make(const char *path, const struct registry *s);

#endif
