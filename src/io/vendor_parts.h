/*
 * vendor_parts.h - what the files of the vendor look-up share; nobody else includes it
 *
 *	vendor.c		the public functions, and a look-up from top to bottom
 *	vendor_registry.c	the system's files: their rows and names
 *	vendor_index.c		making, checking and searching the index
 *
 * Addresses are numbers of 36 bits here: the longest prefix that is handed out.
 */
#ifndef WIRELAB_VENDOR_PARTS_H
#define WIRELAB_VENDOR_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/vendor.h"

#define KEY_BITS 36u		/* MA-S, IAB */
#define KEY_END (UINT64_C(1) << KEY_BITS)

/* The registry's files in the order in which the first of two equal rows wins. */
enum { CSV_FILES = 4, MANUF = 4, SOURCES = 5, NOBODY = SOURCES };

/* The registry as one look-up finds it. */
struct registry {
	int dir;		/* O_PATH, or -1 */
	const char *manuf;
	bool has[SOURCES];
	uint64_t identity;	/* of all files' sizes and times: another number, other files */
};

/* One prefix, as the run of numbers it stands for, and where its row begins. */
struct row {
	uint64_t first, offset;
	unsigned bits, source;
};

/*
 * Numbers that all have one answer, and where that is written.  A block with smaller
 * ones inside is several of these: before, between, and behind them.
 */
struct block {
	uint64_t from, to;	/* without `to` itself */
	unsigned source;	/* or NOBODY */
	uint64_t offset;
};

/* The first number behind the block. */
static inline uint64_t row_end(const struct row *row)
{
	return row->first + (UINT64_C(1) << (KEY_BITS - row->bits));
}

/* ---- vendor_registry.c -------------------------------------------------------- */

/* False when there is no registry; close it all the same. */
bool registry_open(struct registry *r, const char *dir, const char *manuf);
void registry_close(struct registry *r);

/* Shows every row of the registry to visit; false when it cannot be read to its end. */
bool registry_read(const struct registry *r, bool (*visit)(void *to, const struct row *row),
		   void *to);

/* The block around the key, by reading the registry through; false as above. */
bool registry_find(const struct registry *r, uint64_t key, struct block *out);

/*
 * The name in the block's place, "" for nobody.  False when no row begins there, or
 * one that is not around the key: then whoever said so was wrong.
 */
bool registry_name(const struct registry *r, const struct block *b, uint64_t key,
		   char name[static VENDOR_STRLEN]);

/* False, *out untouched, when one of the digits is none. */
bool vendor_hex(const char *p, size_t digits, uint64_t *out);

/* FNV-1a over the bytes, begun with HASH_BEGIN or going on from the last one's result. */
#define HASH_BEGIN UINT64_C(14695981039346656037)
uint64_t vendor_hash(uint64_t h, const void *data, size_t len);

/* ---- vendor_index.c ------------------------------------------------------------- */

enum vendor_index_state {
	INDEX_READY,
	INDEX_RENEW,		/* missing, damaged, or of another registry */
	INDEX_FOREIGN,		/* something that is not ours to read, and not ours to replace */
};

/* READY: *out and name are the answer, be it that there is none. */
enum vendor_index_state vendor_index_find(const char *path, const struct registry *r,
					  uint64_t key, struct block *out,
					  char name[static VENDOR_STRLEN]);

/* Puts a new one in the place of what was there; false when it could not be made. */
bool vendor_index_make(const char *path, const struct registry *r);

#endif
