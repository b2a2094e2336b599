/*
 * The index tells for every number whose it is:
 *
 *	wirelab-vendors 2 0000b9c1 5d3f01c2bb0a7e11
 *	000000000 0 002315c5 91a0c2f3
 *	000001000 0 001774e2 0b7e11d4
 *	...
 *	8c1f64100 2 00012345 77ab3c09	from this number on until the next line's,
 *	8c1f64101 1 00023456 5e0c88d7	the row in this file at this offset; all in
 *	...				hexadecimal, file 5 is nobody
 *
 * Which of several prefixes is the longest was settled when it was made: blocks inside
 * blocks became runs side by side.  A search halves the lines, each read by itself:
 * a score of small reads costs less than the first page of a mapping, and no file
 * that is cut meanwhile can kill us.
 *
 * The heading has the number of lines and the registry's identity.  A line's last column
 * is a check over the line and its number, so a line that was changed, moved, or left out
 * is noticed when it is met.  Searching always meets the two lines that the key lies
 * between, or should have lain.
 */
#include "vendor_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "wirelab-vendors 2 "
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define HEADER_LEN (MAGIC_LEN + 9 + 17)
#define CHECKED 21u			/* bytes of a line before its check */
#define LINE_LEN (CHECKED + 9)

/* ---- lines -------------------------------------------------------------------- */

/* And a blank. */
static char *put_hex(char *p, uint64_t n, unsigned digits)
{
	for (unsigned i = digits; i-- > 0; n >>= 4)
		p[i] = "0123456789abcdef"[n & 0xf];
	p[digits] = ' ';
	return p + digits + 1;
}

static void put_header(char out[static HEADER_LEN], const struct registry *r, uint64_t lines)
{
	memcpy(out, MAGIC, MAGIC_LEN);
	put_hex(put_hex(out + MAGIC_LEN, lines, 8), r->identity, 16);
	out[HEADER_LEN - 1] = '\n';
}

/* The hash's low half: as in the whole of it no single wrong byte goes unnoticed. */
static void put_line(char out[static LINE_LEN], const struct block *b, uint64_t number)
{
	char *p = put_hex(put_hex(put_hex(out, b->from, 9), b->source, 1), b->offset, 8);

	put_hex(p, vendor_hash(HASH_BEGIN + number, out, CHECKED), 8);
	out[LINE_LEN - 1] = '\n';
}

/* Good is a line that is to the byte what we would have written for what it says. */
static bool get_line(int fd, uint64_t number, struct block *b)
{
	char in[LINE_LEN], again[LINE_LEN];
	uint64_t source;

	if (pread(fd, in, LINE_LEN, (off_t)(HEADER_LEN + number * LINE_LEN)) != LINE_LEN ||
	    !vendor_hex(in, 9, &b->from) || !vendor_hex(in + 10, 1, &source) ||
	    !vendor_hex(in + 12, 8, &b->offset) || source > NOBODY)
		return false;
	b->source = (unsigned)source;
	put_line(again, b, number);
	return memcmp(again, in, LINE_LEN) == 0;
}

/* ---- looking up ----------------------------------------------------------------- */

/* INDEX_READY: *fd is open, and there are so many lines. */
static enum vendor_index_state index_open(const char *path, const struct registry *r, int *fd,
					  uint64_t *lines)
{
	char is[HEADER_LEN], should[HEADER_LEN];
	struct stat st;

	*fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT ? INDEX_RENEW : INDEX_FOREIGN;
	if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (st.st_uid != 0 && st.st_uid != geteuid()))
		return INDEX_FOREIGN;
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return INDEX_RENEW;
	if (pread(*fd, is, sizeof(is), 0) != (ssize_t)sizeof(is))
		return INDEX_RENEW;
	*lines = ((uint64_t)st.st_size - HEADER_LEN) / LINE_LEN;
	put_header(should, r, *lines);
	if (memcmp(is, should, sizeof(is)) != 0 ||
	    (uint64_t)st.st_size != HEADER_LEN + *lines * LINE_LEN)
		return INDEX_RENEW;
	return INDEX_READY;
}

/* False for damage: the first line is not above any key. */
static bool search(int fd, uint64_t lines, uint64_t key, struct block *out)
{
	uint64_t lo = 0, hi = lines, to = KEY_END;
	struct block line;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (!get_line(fd, mid, &line))
			return false;
		if (line.from > key) {
			hi = mid;
			to = line.from;
		} else {
			lo = mid + 1;
			*out = line;
		}
	}
	out->to = to;
	return lo > 0;
}

enum vendor_index_state vendor_index_find(const char *path, const struct registry *r,
					  uint64_t key, struct block *out,
					  char name[static VENDOR_STRLEN])
{
	uint64_t lines;
	int fd;

	enum vendor_index_state state = index_open(path, r, &fd, &lines);
	if (state == INDEX_READY &&
	    (!search(fd, lines, key, out) || !registry_name(r, out, key, name)))
		state = INDEX_RENEW;
	if (fd >= 0)
		close(fd);
	return state;
}

/* ---- making --------------------------------------------------------------------- */

struct rows {
	struct row *row;
	size_t n, room;
};

static bool rows_add(void *to, const struct row *row)
{
	struct rows *rows = to;

	if (row->offset > UINT32_MAX)		/* eight digits */
		return false;
	if (rows->n == rows->room) {
		size_t room = rows->room ? rows->room * 2 : 4096;
		struct row *more = reallocarray(rows->row, room, sizeof(*more));
		if (!more)
			return false;
		rows->row = more;
		rows->room = room;
	}
	rows->row[rows->n++] = *row;
	return true;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Of two rows for one prefix the one that is read first comes first. */
static int compare_rows(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	int order = compare_numbers(a->first, b->first);

	if (order == 0)
		order = compare_numbers(a->bits, b->bits);
	if (order == 0)
		order = compare_numbers(a->source, b->source);
	return order ? order : compare_numbers(a->offset, b->offset);
}

/* The lines on their way into the file; the last may yet be overruled. */
struct writer {
	int fd;
	bool failed;
	uint64_t lines;			/* in the file or in text */
	size_t len;			/* of text */
	struct block last;
	char text[512 * LINE_LEN];
};

static void flush(struct writer *w, uint64_t offset)
{
	size_t done = 0;

	while (!w->failed && done < w->len) {
		ssize_t n = pwrite(w->fd, w->text + done, w->len - done, (off_t)(offset + done));

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			w->failed = true;
	}
	w->len = 0;
}

static void flush_lines(struct writer *w)
{
	flush(w, HEADER_LEN + w->lines * LINE_LEN - w->len);
}

static void write_last(struct writer *w)
{
	if (sizeof(w->text) - w->len < LINE_LEN)
		flush_lines(w);
	put_line(w->text + w->len, &w->last, w->lines++);
	w->len += LINE_LEN;
}

/* From this number on the answer is row, or nobody. */
static void begin(struct writer *w, uint64_t from, const struct row *row)
{
	if (w->last.from != from)
		write_last(w);
	w->last = (struct block){ .from = from, .source = row ? row->source : NOBODY,
				  .offset = row ? row->offset : 0 };
}

/* Where a row's block ends, that of the one around it goes on. */
static bool index_write(int fd, const struct registry *r, const struct rows *rows)
{
	struct writer w = { .fd = fd, .last.source = NOBODY };
	const struct row *around[3];		/* of 24, 28 and 36 bits */
	size_t depth = 0;

	for (size_t i = 0; i <= rows->n; i++) {
		const struct row *row = i < rows->n ? &rows->row[i] : NULL;

		while (depth > 0 && (!row || row_end(around[depth - 1]) <= row->first)) {
			uint64_t end = row_end(around[--depth]);
			begin(&w, end, depth > 0 ? around[depth - 1] : NULL);
		}
		/* Not the second row for one prefix. */
		if (row && (depth == 0 || around[depth - 1]->bits != row->bits)) {
			around[depth++] = row;
			begin(&w, row->first, row);
		}
	}
	if (w.last.from != KEY_END)
		write_last(&w);
	flush_lines(&w);
	put_header(w.text, r, w.lines);
	w.len = HEADER_LEN;
	flush(&w, 0);
	return !w.failed;
}

/*
 * A file without a name until it is whole: nothing is left behind by a process that is
 * killed meanwhile, and nobody finds half an index.
 */
static int open_nameless(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

	int fd = dir ? open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) : -1;
	free(dir);
	return fd;
}

/* No fsync: an index that a crash has torn is noticed and made again. */
static bool give_name(int fd, const char *path)
{
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	unlink(path);		/* linkat() replaces nothing */
	/* Another process was faster: its index is as good. */
	return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 || errno == EEXIST;
}

bool vendor_index_make(const char *path, const struct registry *r)
{
	struct rows rows = { .n = 0 };

	int fd = open_nameless(path);
	if (fd < 0)
		return false;
	bool ok = registry_read(r, rows_add, &rows);
	if (ok && rows.n > 0)
		qsort(rows.row, rows.n, sizeof(*rows.row), compare_rows);
	/* root's index serves everybody; another's is nobody else's business */
	ok = ok && index_write(fd, r, &rows) && fchmod(fd, geteuid() == 0 ? 0644 : 0600) == 0 &&
	     give_name(fd, path);
	close(fd);
	free(rows.row);
	return ok;
}
