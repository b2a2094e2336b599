/*
 * cachefile_line.h - the lines of the cache file, and what its reader and writer share
 *
 *	column	  0 address 15	 16 MAC 17	 34 state 7	 42 how 5
 *		 48 interface 15 64 index 10	 75 VLAN 4	 80 namespace 16
 *		 97 generation 8 106 confirmed 13 120 expires 13 134 CRC-32 8	142 newline
 *
 * One blank between two columns.  Words stand left and numbers right in their column;
 * hexadecimal numbers are padded with zeros, decimal ones with blanks.  There is one way
 * to write an entry, and parsing accepts no other: format(parse(x)) == x.
 */
#ifndef WIRELAB_CACHEFILE_LINE_H
#define WIRELAB_CACHEFILE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "wirelab/cachefile.h"

#define CACHELINE_WIDTH 143u		/* with the newline */
#define CACHELINE_SUMMED 134u		/* bytes the CRC is over: the columns before it */
#define CACHELINE_BLOCK 28u		/* lines in one small read: just under a page */
#define CACHELINE_COUNT_MAX 9999999u	/* the header has seven digits for the entries */

#define CACHELINE_MAGIC "arpq-cache "

/* CRC-32 as in IEEE 802.3 4.2 and zlib. */
uint32_t cacheline_crc(const char *data, size_t len);

/* False, *out untouched: not len == CACHELINE_WIDTH bytes as cacheline_format() writes them. */
bool cacheline_parse(const char *line, size_t len, struct cache_entry *out);

/* e must be well-formed: cacheline_can_hold(). */
void cacheline_format(const struct cache_entry *e, char line[static CACHELINE_WIDTH]);
bool cacheline_can_hold(const struct cache_entry *e);

/* boot_id must be 36 characters of a UUID, lower case: cacheline_is_boot_id(). */
void cacheline_header(const char *boot_id, uint64_t entries, char line[static CACHELINE_WIDTH]);
bool cacheline_is_boot_id(const char *boot_id);

struct cacheline_head {
	char boot_id[CACHEFILE_BOOT_ID];
	uint64_t entries;
};

bool cacheline_header_parse(const char *line, size_t len, struct cacheline_head *out);

/* A time as the file keeps it. */
uint64_t cacheline_ms(struct instant t);

/* Order of the file: <0, 0, >0.  Generations are not part of the key. */
int cacheline_order(struct ip4 a_ip, const struct cache_place *a, struct ip4 b_ip,
		    const struct cache_place *b);

/* ---- shared by reading and saving ------------------------------------------- */

/* Fills err; "%s: " and path, shortened from the left, go in front of the message.  */
void cachefile_say(struct cachefile_error *err, enum cachefile_trouble trouble, const char *path,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What a failed open(2) of path means, by errno. */
void cachefile_say_open(struct cachefile_error *err, const char *path);

/* May what is open as fd be a cache at all?  Fills *st, or err. */
bool cachefile_vet(int fd, const char *path, uint32_t trusted_owner, struct stat *st,
		   struct cachefile_error *err);

/* Do the file's first bytes, as many as there are, begin like ours?  Or fills err. */
bool cachefile_is_ours(const char *front, size_t len, const char *path,
		       struct cachefile_error *err);

/* len bytes from offset, fewer only at the end of the file; -1 and errno. */
ptrdiff_t cachefile_read(int fd, void *buf, size_t len, uint64_t offset);

/* cachefile_open() of what is open already; fd now belongs to the cachefile, or is closed. */
struct cachefile *cachefile_open_fd(int fd, const char *path, const char *boot_id,
				    uint32_t trusted_owner, struct cachefile_error *err);

#endif
