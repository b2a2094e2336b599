#include "wirelab/cachefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cachefile_line.h"

/* ---- what went wrong ----------------------------------------------------------- */

/* The end of a path says more than its beginning; the reason must fit behind it. */
#define PATH_SHOWN 110u

void cachefile_say(struct cachefile_error *err, enum cachefile_trouble trouble, const char *path,
		   const char *format, ...)
{
	size_t len = strlen(path), used;
	bool cut = len > PATH_SHOWN;
	va_list args;

	err->trouble = trouble;
	snprintf(err->why, sizeof(err->why), "%s%s: ", cut ? "..." : "",
		 cut ? path + (len - PATH_SHOWN) : path);
	used = strlen(err->why);
	va_start(args, format);
	vsnprintf(err->why + used, sizeof(err->why) - used, format, args);
	va_end(args);
}

static void all_is_well(struct cachefile_error *err)
{
	err->trouble = CACHEFILE_OK;
	err->why[0] = '\0';
}

void cachefile_say_open(struct cachefile_error *err, const char *path)
{
	switch (errno) {
	case ENOENT:
		all_is_well(err);
		err->trouble = CACHEFILE_ABSENT;
		return;
	case ELOOP:	/* O_NOFOLLOW */
		cachefile_say(err, CACHEFILE_REFUSED, path,
			      "is a symbolic link, which is not followed: remove it, or name the "
			      "file it leads to");
		return;
	case ENXIO:
		cachefile_say(err, CACHEFILE_REFUSED, path, "is a socket, not a file: remove it");
		return;
	default:
		cachefile_say(err, CACHEFILE_SYSTEM, path, "cannot be opened: %s", strerror(errno));
	}
}

bool cachefile_vet(int fd, const char *path, uint32_t trusted_owner, struct stat *st,
		   struct cachefile_error *err)
{
	uid_t me = geteuid();

	if (fstat(fd, st) < 0) {
		cachefile_say(err, CACHEFILE_SYSTEM, path, "fstat: %s", strerror(errno));
		return false;
	}
	if (!S_ISREG(st->st_mode)) {
		cachefile_say(err, CACHEFILE_REFUSED, path, "is a %s, not a file: remove it",
			      S_ISDIR(st->st_mode) ? "directory"
			      : S_ISFIFO(st->st_mode) ? "FIFO" : "device");
		return false;
	}
	if (st->st_uid != me && (trusted_owner == UINT32_MAX || st->st_uid != trusted_owner)) {
		cachefile_say(err, CACHEFILE_REFUSED, path,
			      "belongs to user %u, not to you (%u): remove it, or use another file",
			      (unsigned)st->st_uid, (unsigned)me);
		return false;
	}
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		cachefile_say(err, CACHEFILE_REFUSED, path,
			      "can be written by others, so it cannot be trusted: remove it, or "
			      "chmod go-w it");
		return false;
	}
	return true;
}

bool cachefile_is_ours(const char *front, size_t len, const char *path,
		       struct cachefile_error *err)
{
	size_t magic = sizeof(CACHELINE_MAGIC) - 1;

	if (memcmp(front, CACHELINE_MAGIC, len < magic ? len : magic) == 0)
		return true;
	cachefile_say(err, CACHEFILE_REFUSED, path,
		      "is not a cache of arpq: name another file");
	return false;
}

ptrdiff_t cachefile_read(int fd, void *buf, size_t len, uint64_t offset)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(fd, (char *)buf + have, len - have, (off_t)(offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ptrdiff_t)have;
}

/* ---- looking up ---------------------------------------------------------------- */

/*
 * Lines are counted from the header, which is line 0: entry i is line i + 1.  The
 * block holds the last read, to begin with the front of the file; a file of one page
 * is therefore read by one system call, and the object fits in two pages of heap.
 */
struct cachefile {
	int fd;
	uint64_t count;				/* entries */
	uint64_t next;				/* entry that cachefile_next() is at */
	struct cache_entry last;		/* the one before it, if next > 0 */
	uint64_t first;				/* line at block[0] */
	size_t lines;				/* whole lines in block */
	char path[PATH_SHOWN + 4];		/* for messages: the end of it */
	char block[CACHELINE_BLOCK * CACHELINE_WIDTH];
};

static void damaged(const struct cachefile *c, uint64_t line, const char *what,
		    struct cachefile_error *err)
{
	cachefile_say(err, CACHEFILE_DAMAGED, c->path, "is damaged: line %llu %s",
		      (unsigned long long)line + 1, what);
}

static bool at_hand(const struct cachefile *c, uint64_t i)
{
	return i + 1 >= c->first && i + 1 - c->first < c->lines;
}

/* Read n entries from i on into the block; false unless at least the first is there. */
static bool bring(struct cachefile *c, uint64_t i, uint64_t n, struct cachefile_error *err)
{
	ptrdiff_t got = cachefile_read(c->fd, c->block, (size_t)n * CACHELINE_WIDTH,
				       (i + 1) * CACHELINE_WIDTH);

	c->first = i + 1;
	c->lines = got > 0 ? (size_t)got / CACHELINE_WIDTH : 0;
	if (got < 0)
		cachefile_say(err, CACHEFILE_SYSTEM, c->path, "read: %s", strerror(errno));
	else if (c->lines == 0)
		damaged(c, i + 1, "was cut off while it was being read", err);
	return c->lines > 0;
}

static bool entry_at(struct cachefile *c, uint64_t i, struct cache_entry *out,
		     struct cachefile_error *err)
{
	if (!at_hand(c, i) && !bring(c, i, 1, err))
		return false;
	if (cacheline_parse(c->block + (i + 1 - c->first) * CACHELINE_WIDTH, CACHELINE_WIDTH, out))
		return true;
	damaged(c, i + 1, "does not add up", err);
	return false;
}

/* Read the front of the file; do the header and the size make sense together? */
static bool begin(struct cachefile *c, const char *boot_id, uint64_t size,
		  struct cachefile_error *err)
{
	struct cacheline_head head;
	ptrdiff_t n = cachefile_read(c->fd, c->block, sizeof(c->block), 0);

	if (n < 0) {
		cachefile_say(err, CACHEFILE_SYSTEM, c->path, "read: %s", strerror(errno));
		return false;
	}
	if (!cachefile_is_ours(c->block, (size_t)n, c->path, err))
		return false;
	if (n < (ptrdiff_t)CACHELINE_WIDTH) {
		cachefile_say(err, CACHEFILE_DAMAGED, c->path, n == 0 ? "is empty"
			      : "is damaged: it ends within its first line");
		return false;
	}
	if (!cacheline_header_parse(c->block, CACHELINE_WIDTH, &head)) {
		damaged(c, 0, "does not add up, or is another version's", err);
		return false;
	}
	if (strcmp(head.boot_id, boot_id) != 0) {
		cachefile_say(err, CACHEFILE_STALE_BOOT, c->path, "is from before the last reboot");
		return false;
	}
	if (size != (head.entries + 1) * CACHELINE_WIDTH) {
		cachefile_say(err, CACHEFILE_DAMAGED, c->path,
			      "is damaged: %llu bytes, but %llu entries take %llu",
			      (unsigned long long)size, (unsigned long long)head.entries,
			      (unsigned long long)(head.entries + 1) * CACHELINE_WIDTH);
		return false;
	}
	c->count = head.entries;
	c->lines = (size_t)n / CACHELINE_WIDTH;
	return true;
}

struct cachefile *cachefile_open_fd(int fd, const char *path, const char *boot_id,
				    uint32_t trusted_owner, struct cachefile_error *err)
{
	struct stat st;
	struct cachefile *c = NULL;
	size_t len = strlen(path);

	all_is_well(err);
	if (!cachefile_vet(fd, path, trusted_owner, &st, err))
		goto refused;
	c = malloc(sizeof(*c));
	if (!c) {
		cachefile_say(err, CACHEFILE_SYSTEM, path, "%s", strerror(errno));
		goto refused;
	}
	c->fd = fd;
	c->next = 0;
	c->first = 0;
	c->lines = 0;
	snprintf(c->path, sizeof(c->path), "%s%s", len > PATH_SHOWN ? "..." : "",
		 len > PATH_SHOWN ? path + (len - PATH_SHOWN) : path);
	if (begin(c, boot_id, (uint64_t)st.st_size, err))
		return c;
refused:
	free(c);
	close(fd);
	return NULL;
}

struct cachefile *cachefile_open(const char *path, const char *boot_id, uint32_t trusted_owner,
				 struct cachefile_error *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for somebody to write to it. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		cachefile_say_open(err, path);
		return NULL;
	}
	return cachefile_open_fd(fd, path, boot_id, trusted_owner, err);
}

/* Entries [from, to) are left; low is the one before them and high the one behind, once met. */
struct search {
	uint64_t from, to;
	struct cache_entry low, high;
	bool has_low, has_high;
	unsigned steps;
};

/*
 * Which entry to look at next?  A sweep leaves its addresses evenly spread, so that a
 * rule of three between the two ends hits at once or nearly so: two or three reads
 * instead of a dozen.  Every other step halves, for the tables where it does not.
 */
static uint64_t next_probe(const struct search *s, struct ip4 ip)
{
	uint64_t left = s->to - s->from, middle = s->from + left / 2;

	if (left <= CACHELINE_BLOCK)
		return middle;
	if (s->steps < 2)
		return s->steps == 0 ? s->from : s->to - 1;
	if (s->steps % 2 == 1 || !s->has_low || !s->has_high)
		return middle;
	uint64_t low = ip4_number(s->low.ip), span = ip4_number(s->high.ip) - low;
	if (span == 0)
		return middle;
	/* 32 bits times the 24 of CACHELINE_COUNT_MAX: no overflow. */
	uint64_t guess = s->from - 1 + (ip4_number(ip) - low) * (left + 1) / span;
	return guess < s->from ? s->from : guess >= s->to ? s->to - 1 : guess;
}

static bool is_between(const struct search *s, const struct cache_entry *e)
{
	return (!s->has_low || cacheline_order(s->low.ip, &s->low.place, e->ip, &e->place) < 0) &&
	       (!s->has_high || cacheline_order(e->ip, &e->place, s->high.ip, &s->high.place) < 0);
}

int cachefile_find(struct cachefile *c, struct ip4 ip, const struct cache_place *place,
		   struct cache_entry *out, struct cachefile_error *err)
{
	struct search s = { .to = c->count };
	struct cache_entry e;

	all_is_well(err);
	for (; s.from < s.to; s.steps++) {
		uint64_t at = next_probe(&s, ip), left = s.to - s.from;

		/* One line a step while they are far apart, then all that remain at once. */
		if (left <= CACHELINE_BLOCK && !(at_hand(c, s.from) && at_hand(c, s.to - 1)) &&
		    !bring(c, s.from, left, err))
			return -1;
		if (!entry_at(c, at, &e, err))
			return -1;
		if (!is_between(&s, &e)) {
			damaged(c, at + 1, "is out of order", err);
			return -1;
		}
		int order = cacheline_order(ip, place, e.ip, &e.place);
		if (order == 0) {
			*out = e;
			return 1;
		}
		if (order < 0) {
			s.to = at;
			s.high = e;
			s.has_high = true;
		} else {
			s.from = at + 1;
			s.low = e;
			s.has_low = true;
		}
	}
	return 0;
}

int cachefile_next(struct cachefile *c, struct cache_entry *out, struct cachefile_error *err)
{
	struct cache_entry e;

	all_is_well(err);
	if (c->next == c->count)
		return 0;
	uint64_t left = c->count - c->next;
	if (!at_hand(c, c->next) &&
	    !bring(c, c->next, left < CACHELINE_BLOCK ? left : CACHELINE_BLOCK, err))
		return -1;
	if (!entry_at(c, c->next, &e, err))
		return -1;
	if (c->next > 0 && cacheline_order(c->last.ip, &c->last.place, e.ip, &e.place) >= 0) {
		damaged(c, c->next + 1, "is out of order", err);
		return -1;
	}
	c->last = e;
	c->next++;
	*out = e;
	return 1;
}

uint64_t cachefile_count(const struct cachefile *c)
{
	return c->count;
}

void cachefile_close(struct cachefile *c)
{
	if (!c)
		return;
	close(c->fd);
	free(c);
}
