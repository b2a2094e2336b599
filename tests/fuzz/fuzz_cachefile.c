/*
 * Any bytes as a cache file.  The first byte chooses what is done with the rest:
 *
 *	bit 0	one line straight into the parser, or the whole as a file
 *	bit 1	first make the CRC of every line right, so that the parsers of the
 *		fields are reached: otherwise one input in four billion gets past it
 *	bit 2	(a file) also make a header that fits, so that the look-up is reached
 *
 * What must hold: what is accepted is written again as the same bytes; a look-up finds
 * only what was asked for; and what a whole walk calls sound, look-ups agree with.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/io/cachefile_line.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"
#define MOST_LINES 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void mend_sum(char *line)
{
	char sum[9];

	snprintf(sum, sizeof(sum), "%08x", (unsigned)cacheline_crc(line, CACHELINE_SUMMED));
	memcpy(line + CACHELINE_SUMMED, sum, 8);
}

static void try_line(const char *line, size_t len)
{
	struct cache_entry e;
	char again[CACHELINE_WIDTH];

	if (!cacheline_parse(line, len, &e))
		return;
	demand(len == CACHELINE_WIDTH && cacheline_can_hold(&e));
	cacheline_format(&e, again);
	demand(memcmp(line, again, CACHELINE_WIDTH) == 0);
}

static void try_header(const char *line, size_t len)
{
	struct cacheline_head head;

	if (cacheline_header_parse(line, len, &head))
		demand(len == CACHELINE_WIDTH && cacheline_is_boot_id(head.boot_id));
}

/* One memfd for all inputs: making one takes longer than everything else here. */
static int as_file(const char *bytes, size_t len)
{
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("cache", MFD_CLOEXEC);
		demand(fd >= 0 && fchmod(fd, 0600) == 0);
	}
	demand(ftruncate(fd, 0) == 0);
	demand(pwrite(fd, bytes, len, 0) == (ssize_t)len);
	return dup(fd);
}

static void find_one(struct cachefile *c, const struct cache_entry *wanted, bool whole)
{
	struct cachefile_error err;
	struct cache_entry e;
	int r = cachefile_find(c, wanted->ip, &wanted->place, &e, &err);

	demand((r < 0) == (err.trouble != CACHEFILE_OK) && (r < 0) == (*err.why != '\0'));
	demand(!whole || r == 1);
	if (r == 1)
		demand(cacheline_order(e.ip, &e.place, wanted->ip, &wanted->place) == 0);
}

static void try_file(const char *bytes, size_t len)
{
	struct cachefile_error err;
	struct cache_entry all[MOST_LINES], missing = { .ip = { { 10, 0, 0, 77 } } };
	struct cachefile *c = cachefile_open_fd(as_file(bytes, len), "fuzz", BOOT, UINT32_MAX, &err);
	size_t n = 0;
	int r;

	demand((c == NULL) == (*err.why != '\0'));
	if (!c)
		return;
	demand((cachefile_count(c) + 1) * CACHELINE_WIDTH == len);
	while (n < MOST_LINES && (r = cachefile_next(c, &all[n], &err)) == 1)
		n++;
	for (size_t i = 0; i < n; i++)
		find_one(c, &all[i], n == cachefile_count(c));
	find_one(c, &missing, false);
	cachefile_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Blocks of exactly the size, so that the sanitizer sees one byte too many. */
	if (size < 1 || size - 1 > MOST_LINES * CACHELINE_WIDTH)
		return 0;
	uint8_t how = data[0];
	size_t len = size - 1;
	char *bytes = malloc(len > 0 ? len : 1);
	demand(bytes != NULL);
	memcpy(bytes, data + 1, len);
	if ((how & 4) && len >= CACHELINE_WIDTH)
		cacheline_header(BOOT, len / CACHELINE_WIDTH - 1, bytes);
	for (size_t at = 0; (how & 2) && len - at >= CACHELINE_WIDTH; at += CACHELINE_WIDTH)
		mend_sum(bytes + at);
	if (how & 1) {
		try_file(bytes, len);
	} else {
		try_line(bytes, len);
		try_header(bytes, len);
	}
	free(bytes);
	return 0;
}
