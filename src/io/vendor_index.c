#include "vendor_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>		/* rename */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the index ----------------------------------------------------------------
 *
 *	wirelab-vendors 1 0000b5bd 00000000002e0ebe 170f0de4b5a7c000 ... 5d3f01c2
 *	000000    24 0 02315675 91a0c2f3	the heading; below it, from the
 *	...					top: every 48th line of the next
 *	000000    24 0 02315675 0b7e11d4	storey.  The lowest storey has all
 *	000001    24 0 01774012 77ab3c09	the rows, by prefix, the shorter
 *	...					of two first.
 *
 * A look-up reads one piece of 48 lines from each storey: system calls and page
 * faults, not comparisons, are what it costs.
 *
 * The last column is a check over the line and its number, so a line that was
 * changed, moved, or left out is noticed when it is met.  Searching always meets
 * the two lines between which the answer lies, or should have lain.
 */

#define MAGIC "wirelab-vendors 1 "
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define CHECK_LEN 8u
#define HEADER_LEN (MAGIC_LEN + 8 + SOURCES * 34u + 1 + CHECK_LEN + 1)
#define LINE_LEN (9u + 1 + 2 + 1 + 1 + 1 + 8 + 1 + CHECK_LEN + 1)
#define FAN 48u
#define STOREYS 6u			/* 48^6 rows are more than there are prefixes */
#define OFFSET_MAX UINT64_C(99999999)	/* eight digits */

struct index {
	int fd;
	unsigned storeys;		/* number 0 is the lowest */
	uint64_t lines[STOREYS], before[STOREYS];	/* its lines, and those above it */
};

static char *put_number(char *p, uint64_t n, unsigned digits, unsigned base)
{
	for (unsigned i = digits; i-- > 0; n /= base)
		p[i] = "0123456789abcdef"[n % base];
	return p + digits;
}

/* FNV-1a: each step is one-to-one, so no single wrong byte goes unnoticed. */
static char *put_check(char *p, const char *from, uint64_t number)
{
	uint32_t h = 2166136261u;

	for (unsigned i = 0; i < 4; i++)
		h = (h ^ (uint32_t)(number >> 8 * i & 0xff)) * 16777619u;
	for (; from < p; from++)
		h = (h ^ (unsigned char)*from) * 16777619u;
	p = put_number(p, h, CHECK_LEN, 16);
	*p++ = '\n';
	return p;
}

static void put_header(char out[static HEADER_LEN], const struct registry *s, uint64_t rows)
{
	char *p = out;

	memcpy(p, MAGIC, MAGIC_LEN);
	p = put_number(p + MAGIC_LEN, rows, 8, 16);
	for (unsigned i = 0; i < SOURCES; i++) {
		*p++ = ' ';
		p = put_number(p, s->id[i].size, 16, 16);
		*p++ = ' ';
		p = put_number(p, s->id[i].mtime_ns, 16, 16);
	}
	*p++ = ' ';
	put_check(p, out, 0);
}

/* number counts all lines of the file, from 1 below the heading. */
static void put_line(char out[static LINE_LEN], const struct row *row, uint64_t number)
{
	char *p = out;

	memset(p, ' ', LINE_LEN);
	put_number(p, row->first >> (ADDRESS_BITS - row->bits), row->bits / 4, 16);
	p = put_number(p + 10, row->bits, 2, 10) + 1;
	p = put_number(p, row->source, 1, 10) + 1;
	p = put_number(p, row->offset, 8, 10) + 1;
	put_check(p, out, number);
}

static bool decimal(const char *p, size_t digits, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < digits; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(p[i] - '0');
	}
	return true;
}

/* Good is a line that is to the byte what we would have written for what it says. */
static bool get_line(const char in[static LINE_LEN], uint64_t number, struct row *row)
{
	char again[LINE_LEN];
	uint64_t bits, source, first;

	if (!decimal(in + 10, 2, &bits) || !decimal(in + 13, 1, &source) ||
	    !decimal(in + 15, 8, &row->offset))
		return false;
	if ((bits != 24 && bits != 28 && bits != 36) || source >= SOURCES ||
	    !registry_hex(in, bits / 4, &first))
		return false;
	row->bits = (unsigned)bits;
	row->source = (unsigned)source;
	row->first = first << (ADDRESS_BITS - bits);
	put_line(again, row, number);
	return memcmp(again, in, LINE_LEN) == 0;
}

/* Where the storeys of so many rows lie; the number of all lines. */
static uint64_t storeys(struct index *ix, uint64_t rows)
{
	uint64_t above = 0;

	ix->storeys = 0;
	do {
		ix->lines[ix->storeys++] = rows;
		rows = (rows + FAN - 1) / FAN;
	} while (ix->storeys < STOREYS && ix->lines[ix->storeys - 1] > FAN);
	for (unsigned i = ix->storeys; i-- > 0; above += ix->lines[i])
		ix->before[i] = above;
	return above;
}

/* ---- looking up in the index ---- */

/* The neighbours of a place in the order of (first, bits). */
struct gap {
	bool has_at, has_above;
	struct row at, above;		/* the last row that is not above the place; the next */
};

static bool is_above(const struct row *row, uint64_t first, unsigned bits)
{
	return row->first != first ? row->first > first : row->bits > bits;
}

/*
 * One storey: of its lines start.., at most FAN, how many are not above the
 * place?  -1 for damage.
 */
static int storey_search(const struct index *ix, unsigned storey, uint64_t start, uint64_t first,
			 unsigned bits, struct gap *gap)
{
	char text[FAN * LINE_LEN];
	uint64_t number = ix->before[storey] + start;
	size_t n = ix->lines[storey] - start < FAN ? (size_t)(ix->lines[storey] - start) : FAN;
	size_t lo = 0, hi = n;

	ssize_t got = pread(ix->fd, text, n * LINE_LEN, (off_t)(HEADER_LEN + number * LINE_LEN));
	if (got < 0 || (size_t)got != n * LINE_LEN)
		return -1;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct row row;

		if (!get_line(text + mid * LINE_LEN, number + mid + 1, &row))
			return -1;
		if (is_above(&row, first, bits)) {
			hi = mid;
			gap->above = row;
			gap->has_above = true;
		} else {
			lo = mid + 1;
			gap->at = row;
			gap->has_at = true;
		}
	}
	return (int)lo;
}

static bool index_search(const struct index *ix, uint64_t first, unsigned bits, struct gap *gap)
{
	uint64_t start = 0;

	*gap = (struct gap){ .has_at = false };
	for (unsigned storey = ix->storeys; storey-- > 0;) {
		int below = storey_search(ix, storey, start, first, bits, gap);

		/* The storey above has said that the first of these is not above the place. */
		if (below < 0 || (below == 0 && gap->has_at))
			return false;
		if (below == 0)
			return true;
		start = (start + (unsigned)below - 1) * FAN;
	}
	return true;
}

/*
 * The longest prefix around the key either is the row before the key's place, or
 * it is around that row as well: then it is looked for by name.
 */
static bool index_find(const struct index *ix, struct look *look)
{
	struct gap gap, at;

	if (!index_search(ix, look->key, ADDRESS_BITS, &gap))
		return false;
	if (gap.has_above)
		look_consider(look, &gap.above);
	if (gap.has_at)
		look_consider(look, &gap.at);
	for (unsigned bits = 28; gap.has_at && !look->found && bits >= OUI_BITS; bits -= 4) {
		uint64_t first = block_first(look->key, bits);

		if (first != block_first(gap.at.first, bits)) {
			look_narrow(look, first, block_last(first, bits));
			continue;
		}
		if (!index_search(ix, first, bits, &at))
			return false;
		if (at.has_at && at.at.first == first && at.at.bits == bits)
			look_consider(look, &at.at);
	}
	return true;
}

static enum vendor_index_state index_open(struct index *ix, const char *path,
					  const struct registry *s)
{
	char is[HEADER_LEN], should[HEADER_LEN];
	struct stat st;
	uint64_t rows;

	ix->fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (ix->fd < 0)
		return errno == ENOENT ? INDEX_RENEW : INDEX_FOREIGN;
	if (fstat(ix->fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (st.st_uid != 0 && st.st_uid != geteuid()))
		return INDEX_FOREIGN;
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return INDEX_RENEW;
	if (pread(ix->fd, is, sizeof(is), 0) != (ssize_t)sizeof(is) ||
	    !registry_hex(is + MAGIC_LEN, 8, &rows))
		return INDEX_RENEW;
	put_header(should, s, rows);
	if (memcmp(is, should, sizeof(is)) != 0 ||
	    (uint64_t)st.st_size != HEADER_LEN + storeys(ix, rows) * LINE_LEN)
		return INDEX_RENEW;
	return INDEX_READY;
}

enum vendor_index_state vendor_index_find(const char *path, const struct registry *s,
					  struct look *look, char name[static VENDOR_STRLEN])
{
	struct index ix;
	struct look l = *look;

	enum vendor_index_state state = index_open(&ix, path, s);
	if (state == INDEX_READY && !index_find(&ix, &l))
		state = INDEX_RENEW;
	if (ix.fd >= 0)
		close(ix.fd);
	if (state == INDEX_READY && l.found && !registry_name(s, &l.best, name))
		state = INDEX_RENEW;
	if (state == INDEX_READY)
		*look = l;
	return state;
}

/* ---- making the index ---- */

struct rows {
	struct row *row;
	size_t n, room;
};

static bool rows_add(void *to, const struct row *row)
{
	struct rows *rows = to;

	if (row->offset > OFFSET_MAX)
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

static void rows_sort(struct rows *rows)
{
	size_t kept = 0;

	if (rows->n > 0)
		qsort(rows->row, rows->n, sizeof(*rows->row), compare_rows);
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *last = kept > 0 ? &rows->row[kept - 1] : NULL;

		if (last && last->first == rows->row[i].first && last->bits == rows->row[i].bits)
			continue;
		rows->row[kept++] = rows->row[i];
	}
	rows->n = kept;
}

static bool write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t done = write(fd, p, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		len -= (size_t)done;
	}
	return true;
}

static bool index_write(int fd, const struct registry *s, const struct rows *rows)
{
	char text[512 * LINE_LEN];
	size_t len = HEADER_LEN;
	struct index ix;
	uint64_t number = 0;

	put_header(text, s, rows->n);
	storeys(&ix, rows->n);
	for (unsigned storey = ix.storeys; storey-- > 0;) {
		uint64_t every = 1;

		for (unsigned i = 0; i < storey; i++)
			every *= FAN;
		for (uint64_t i = 0; i < ix.lines[storey]; i++) {
			if (sizeof(text) - len < LINE_LEN) {
				if (!write_all(fd, text, len))
					return false;
				len = 0;
			}
			put_line(text + len, &rows->row[i * every], ++number);
			len += LINE_LEN;
		}
	}
	return write_all(fd, text, len);
}

bool vendor_index_make(const char *path, const struct registry *s)
{
	static const char suffix[] = ".XXXXXX";
	struct rows rows = { .n = 0 };
	size_t len = strlen(path);

	char *temp = malloc(len + sizeof(suffix));
	if (!temp)
		return false;
	memcpy(temp, path, len);
	memcpy(temp + len, suffix, sizeof(suffix));
	int fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0) {
		free(temp);
		return false;
	}
	/* root's index serves everybody; another's is nobody else's business */
	bool ok = fchmod(fd, geteuid() == 0 ? 0644 : 0600) == 0 &&
		  registry_read(s, rows_add, &rows);
	if (ok) {
		rows_sort(&rows);
		ok = index_write(fd, s, &rows);
	}
	ok = close(fd) == 0 && ok;
	/* No fsync: an index that a crash has torn is noticed and made again. */
	ok = ok && rename(temp, path) == 0;
	if (!ok)
		unlink(temp);
	free(rows.row);
	free(temp);
	return ok;
}
