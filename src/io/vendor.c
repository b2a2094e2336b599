#include "wirelab/vendor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>		/* rename */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADDRESS_BITS 36u	/* the longest prefix that is handed out (MA-S, IAB) */
#define OUI_BITS 24u		/* the shortest (MA-L) */
#define HEAD_MAX 24u		/* no row's prefix column is longer: "00:1B:C5:00:00:00/36\t" */
#define ROW_READ 512u		/* a row's beginning with its name */

/* The registry's files in the order in which the first of two equal rows wins. */
enum { CSV_FILES = 4, MANUF = 4, SOURCES = 5 };
static const char csv_file[CSV_FILES][10] = { "oui.csv", "mam.csv", "oui36.csv", "iab.csv" };

/* What tells one state of a file from another, wherever it is mounted. */
struct identity { uint64_t size, mtime_ns; };

/* The registry as one look-up finds it. */
struct sources {
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

#define MEMO 8u

struct memo {
	uint64_t lo, hi;
	char name[VENDOR_STRLEN];	/* "" for nobody */
};

struct vendors {
	const char *dir, *manuf, *index;	/* index may be NULL */
	bool may_renew;		/* the index: once a process is enough */
	unsigned n_memo, next_memo;
	struct memo memo[MEMO];
	char paths[];
};

/* ---- prefixes --------------------------------------------------------------- */

static uint64_t block_first(uint64_t key, unsigned bits)
{
	return key >> (ADDRESS_BITS - bits) << (ADDRESS_BITS - bits);
}

static uint64_t block_last(uint64_t key, unsigned bits)
{
	return block_first(key, bits) + ((UINT64_C(1) << (ADDRESS_BITS - bits)) - 1);
}

static void narrow(struct look *look, uint64_t lo, uint64_t hi)
{
	if (look->lo < lo)
		look->lo = lo;
	if (look->hi > hi)
		look->hi = hi;
}

static void consider(struct look *look, const struct row *row)
{
	uint64_t last = block_last(row->first, row->bits);

	if (last < look->key) {
		narrow(look, last + 1, UINT64_MAX);
	} else if (row->first > look->key) {
		narrow(look, 0, row->first - 1);
	} else {
		narrow(look, row->first, last);
		if (!look->found || row->bits > look->best.bits)
			look->best = *row;
		look->found = true;
	}
}

/* Nothing is ever handed out in one piece that is larger than an OUI. */
static struct look look_for(uint64_t key)
{
	return (struct look){ .key = key, .lo = block_first(key, OUI_BITS),
			      .hi = block_last(key, OUI_BITS) };
}

/* ---- rows of the registry's files -------------------------------------------- */

/*
 * Without a branch for each digit: which ones are letters is as good as random.
 * Reading the whole registry through is a quarter faster for it.
 */
static bool hex_number(const char *p, size_t digits, uint64_t *out)
{
	uint64_t n = 0;
	bool good = true;

	for (size_t i = 0; i < digits; i++) {
		unsigned c = (unsigned char)p[i];
		bool digit = c - '0' < 10, letter = (c | 0x20) - 'a' < 6;

		good &= digit | letter;
		n = n << 4 | ((c & 0x0f) + 9u * letter);
	}
	if (good)
		*out = n;
	return good;
}

/* "MA-L,002272,": its length, or 0 when no such thing is at the front. */
static size_t csv_head(const char *p, size_t len, struct row *row)
{
	static const struct { char word[6]; uint8_t len, bits; } registry[] = {
		{ "MA-L,", 5, 24 }, { "MA-M,", 5, 28 }, { "MA-S,", 5, 36 }, { "IAB,", 4, 36 },
	};

	for (size_t i = 0; i < sizeof(registry) / sizeof(registry[0]); i++) {
		size_t word = registry[i].len, digits = registry[i].bits / 4u;
		uint64_t n;

		if (len <= word + digits || memcmp(p, registry[i].word, word) != 0)
			continue;
		if (p[word + digits] != ',' || !hex_number(p + word, digits, &n))
			return 0;
		row->bits = registry[i].bits;
		row->first = n << (ADDRESS_BITS - row->bits);
		return word + digits + 1;
	}
	return 0;
}

/* The "/36" that may follow a prefix of manuf: its length, 0 when there is none. */
static size_t mask_bits(const char *p, size_t len, unsigned *bits)
{
	if (len < 3 || p[0] != '/' || p[1] < '0' || p[1] > '9' || p[2] < '0' || p[2] > '9')
		return 0;
	*bits = (unsigned)(p[1] - '0') * 10 + (unsigned)(p[2] - '0');
	return 3;
}

/* "00:00:01\t" or "00:1B:C5:00:00:00/36\t": its length, or 0. */
static size_t manuf_head(const char *p, size_t len, struct row *row)
{
	uint64_t number = 0, pair;
	unsigned given = 0;
	size_t at = 0;

	for (;;) {
		if (given == 48 || len - at < 2 || !hex_number(p + at, 2, &pair))
			return 0;
		number |= pair << (40 - given);
		given += 8;
		at += 2;
		if (at == len || (p[at] != ':' && p[at] != '-'))
			break;
		at++;
	}
	unsigned bits = given;
	at += mask_bits(p + at, len - at, &bits);
	if (at == len || (p[at] != '\t' && p[at] != ' '))
		return 0;
	/* Other masks are single well-known addresses, not vendors. */
	if (bits > given || (bits != 24 && bits != 28 && bits != 36))
		return 0;
	row->bits = bits;
	row->first = block_first(number >> (48 - ADDRESS_BITS), bits);
	return at + 1;
}

static size_t row_head(unsigned source, const char *p, size_t len, struct row *row)
{
	row->source = source;
	return source == MANUF ? manuf_head(p, len, row) : csv_head(p, len, row);
}

/*
 * The CSV field at the front, without its quotes, into out, which has room for
 * len bytes.  It ends with its line even inside quotes: a quotation mark that was
 * forgotten must not make the next row part of a name.
 */
static size_t csv_name(const char *p, size_t len, char *out)
{
	bool quoted = len > 0 && p[0] == '"';
	size_t n = 0;

	for (size_t i = quoted; i < len && p[i] != '\n'; i++) {
		if (quoted && p[i] == '"') {
			if (len - i < 2 || p[i + 1] != '"')
				break;
			i++;
		} else if (!quoted && p[i] == ',') {
			break;
		}
		out[n++] = p[i];
	}
	return n;
}

/* manuf's short name is followed by the long one in newer versions, and maybe by a remark. */
static size_t manuf_name(const char *p, size_t len, char *out)
{
	const char *newline = memchr(p, '\n', len);
	const char *name = p;
	size_t name_len = 0;

	if (newline)
		len = (size_t)(newline - p);
	for (size_t column = 0, at = 0; column < 2; column++) {
		while (at < len && (p[at] == '\t' || p[at] == ' '))
			at++;
		const char *tab = memchr(p + at, '\t', len - at);
		size_t width = tab ? (size_t)(tab - p) - at : len - at;

		if (width > 0 && (column == 0 || p[at] != '#')) {
			name = p + at;
			name_len = width;
		}
		at += width;
	}
	memcpy(out, name, name_len);
	return name_len;
}

/* ---- text -------------------------------------------------------------------- */

/* Bytes of the UTF-8 character at the front (RFC 3629, 4), 0 when there is none. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3
		     : p[0] < 0xf5 ? 4 : 0;

	if (len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Too long a form, surrogates, beyond U+10FFFF. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static bool is_control(const unsigned char *p, size_t len)
{
	if (len == 1)
		return p[0] < 0x20 || p[0] == 0x7f;
	return len == 2 && p[0] == 0xc2 && p[1] < 0xa0;		/* C1: U+0080..U+009F */
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A name as it may be shown: without blanks around it, in UTF-8, cut to fit. */
static void tidy(const char *raw, size_t len, char name[static VENDOR_STRLEN])
{
	size_t n = 0;

	while (len > 0 && is_blank(raw[len - 1]))
		len--;
	while (len > 0 && is_blank(raw[0])) {
		raw++;
		len--;
	}
	while (len > 0) {
		const unsigned char *p = (const unsigned char *)raw;
		size_t width = utf8_len(p, len);
		bool shown = width > 0 && !is_control(p, width);

		if (width == 0)
			width = 1;
		if ((shown ? width : 1) > VENDOR_STRLEN - 1 - n)
			break;
		if (shown)
			memcpy(name + n, raw, width);
		else
			name[n] = '?';
		n += shown ? width : 1;
		raw += width;
		len -= width;
	}
	name[n] = '\0';
}

/* name is whole UTF-8. */
static void copy_cut(const char *name, char *buf, size_t size)
{
	size_t len = strlen(name);

	if (size == 0)
		return;
	if (len > size - 1) {
		len = size - 1;
		while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(buf, name, len);
	buf[len] = '\0';
}

/* ---- the registry's files ------------------------------------------------------ */

/* Follows symbolic links: packages use them to share these files. */
static struct identity identify(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, 0) != 0 || !S_ISREG(st.st_mode))
		return (struct identity){ 0, 0 };
	return (struct identity){
		.size = (uint64_t)st.st_size,
		.mtime_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u +
			    (uint64_t)st.st_mtim.tv_nsec,
	};
}

/* False when there is no registry; close it all the same. */
static bool sources_open(const struct vendors *v, struct sources *s)
{
	bool any = false;

	*s = (struct sources){ .manuf = v->manuf };
	s->dir = open(v->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; s->dir >= 0 && i < CSV_FILES; i++) {
		s->id[i] = identify(s->dir, csv_file[i]);
		any = any || s->id[i].size > 0;
	}
	if (!any) {
		s->id[MANUF] = identify(AT_FDCWD, s->manuf);
		any = s->id[MANUF].size > 0;
	}
	return any;
}

static void sources_close(struct sources *s)
{
	if (s->dir >= 0)
		close(s->dir);
}

/* O_NONBLOCK, lest a FIFO that has taken the file's place makes us wait. */
static int source_open(const struct sources *s, unsigned source)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

	return source == MANUF ? open(s->manuf, flags) : openat(s->dir, csv_file[source], flags);
}

/*
 * The name in row's place.  False when another row, or none, begins there: then
 * whoever said so was wrong.
 */
static bool row_name(const struct sources *s, const struct row *row,
		     char name[static VENDOR_STRLEN])
{
	char text[ROW_READ], raw[ROW_READ];
	size_t before = row->offset > 0;	/* the end of the line before belongs to the proof */
	struct row here;

	int fd = source_open(s, row->source);
	if (fd < 0)
		return false;
	ssize_t got = pread(fd, text, sizeof(text), (off_t)(row->offset - before));
	close(fd);
	if (got <= (ssize_t)before || (before && text[0] != '\n'))
		return false;

	const char *p = text + before;
	size_t len = (size_t)got - before;
	size_t head = row_head(row->source, p, len, &here);
	if (head == 0 || here.first != row->first || here.bits != row->bits)
		return false;
	p += head;
	len -= head;
	tidy(raw, row->source == MANUF ? manuf_name(p, len, raw) : csv_name(p, len, raw), name);
	return true;
}

/*
 * A walk over the rows of one file.  A row is a line that begins like one; other
 * lines (the heading, the second line of an address) are passed over.  Read in
 * pieces, not mapped: the file may be replaced or cut meanwhile, and it costs the
 * same.
 */
struct walk {
	int fd;
	unsigned source;
	bool failed;
	uint64_t start;			/* offset of buf[0] in the file */
	size_t at, len;			/* the next line's beginning; bytes in buf */
	char buf[32768];
};

/* Makes buf begin at the given offset. */
static void walk_load(struct walk *w, uint64_t offset)
{
	ssize_t got;

	do {
		got = pread(w->fd, w->buf, sizeof(w->buf), (off_t)offset);
	} while (got < 0 && errno == EINTR);
	w->failed = w->failed || got < 0;
	w->start = offset;
	w->at = 0;
	w->len = got > 0 ? (size_t)got : 0;
}

/* To the line after the one at w->at; false at the end of the file. */
static bool walk_line(struct walk *w)
{
	const char *newline;

	while (!(newline = memchr(w->buf + w->at, '\n', w->len - w->at))) {
		walk_load(w, w->start + w->len);
		if (w->len == 0)
			return false;
	}
	w->at = (size_t)(newline - w->buf) + 1;
	if (w->len - w->at < HEAD_MAX)
		walk_load(w, w->start + w->at);
	return w->at < w->len;
}

static bool walk_next(struct walk *w, struct row *out)
{
	while (w->at < w->len) {
		bool hit = row_head(w->source, w->buf + w->at, w->len - w->at, out) > 0;

		out->offset = w->start + w->at;
		if (!walk_line(w))
			w->at = w->len = 0;
		if (hit)
			return true;
	}
	return false;
}

/* Shows every row of the registry to visit; false when it cannot be read to its end. */
static bool walk_all(const struct sources *s, bool (*visit)(void *to, const struct row *row),
		     void *to)
{
	struct walk *w = malloc(sizeof(*w));
	bool ok = w != NULL;

	for (unsigned i = 0; ok && i < SOURCES; i++) {
		struct row row;

		if (s->id[i].size == 0)
			continue;
		w->fd = source_open(s, i);
		w->source = i;
		w->failed = w->fd < 0;
		if (w->fd < 0) {
			ok = false;
			break;
		}
		walk_load(w, 0);
		while (ok && walk_next(w, &row))
			ok = visit(to, &row);
		ok = ok && !w->failed;
		close(w->fd);
	}
	free(w);
	return ok;
}

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

static void put_header(char out[static HEADER_LEN], const struct sources *s, uint64_t rows)
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
	    !hex_number(in, bits / 4, &first))
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
		consider(look, &gap.above);
	if (gap.has_at)
		consider(look, &gap.at);
	for (unsigned bits = 28; gap.has_at && !look->found && bits >= OUI_BITS; bits -= 4) {
		uint64_t first = block_first(look->key, bits);

		if (first != block_first(gap.at.first, bits)) {
			narrow(look, first, block_last(first, bits));
			continue;
		}
		if (!index_search(ix, first, bits, &at))
			return false;
		if (at.has_at && at.at.first == first && at.at.bits == bits)
			consider(look, &at.at);
	}
	return true;
}

enum index_state {
	INDEX_READY,
	INDEX_RENEW,		/* missing, damaged, or of another registry */
	INDEX_FOREIGN,		/* something that is not ours to read, and not ours to replace */
};

static enum index_state index_open(struct index *ix, const char *path, const struct sources *s)
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
	    !hex_number(is + MAGIC_LEN, 8, &rows))
		return INDEX_RENEW;
	put_header(should, s, rows);
	if (memcmp(is, should, sizeof(is)) != 0 ||
	    (uint64_t)st.st_size != HEADER_LEN + storeys(ix, rows) * LINE_LEN)
		return INDEX_RENEW;
	return INDEX_READY;
}

/* READY: *look and name are the answer, be it that there is none. */
static enum index_state index_answer(const char *path, const struct sources *s, struct look *look,
				     char name[static VENDOR_STRLEN])
{
	struct index ix;
	struct look l = *look;

	enum index_state state = index_open(&ix, path, s);
	if (state == INDEX_READY && !index_find(&ix, &l))
		state = INDEX_RENEW;
	if (ix.fd >= 0)
		close(ix.fd);
	if (state == INDEX_READY && l.found && !row_name(s, &l.best, name))
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

static bool index_write(int fd, const struct sources *s, const struct rows *rows)
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

/* False when it could not be made; whatever was there before is then still there. */
static bool index_make(const char *path, const struct sources *s)
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
		  walk_all(s, rows_add, &rows);
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

/* ---- the whole ------------------------------------------------------------------ */

static bool look_at(void *to, const struct row *row)
{
	consider(to, row);
	return true;
}

/* False when the registry would not be read, or changed under our eyes. */
static bool answer(struct vendors *v, const struct sources *s, struct look *look,
		   char name[static VENDOR_STRLEN])
{
	if (v->index) {
		enum index_state state = index_answer(v->index, s, look, name);

		if (state == INDEX_RENEW && v->may_renew) {
			v->may_renew = false;
			if (index_make(v->index, s))
				state = index_answer(v->index, s, look, name);
		}
		if (state == INDEX_READY)
			return true;
	}
	return walk_all(s, look_at, look) && (!look->found || row_name(s, &look->best, name));
}

static void remember(struct vendors *v, const struct look *look, const char *name)
{
	struct memo *m = &v->memo[v->next_memo];

	m->lo = look->lo;
	m->hi = look->hi;
	memcpy(m->name, name, sizeof(m->name));
	v->next_memo = (v->next_memo + 1) % MEMO;
	if (v->n_memo < MEMO)
		v->n_memo++;
}

bool vendors_find(struct vendors *v, struct mac mac, char *buf, size_t size)
{
	char name[VENDOR_STRLEN] = "";
	struct sources s;
	uint64_t key = 0;

	if (size > 0)
		buf[0] = '\0';
	if (mac_is_local(mac) || mac_is_group(mac))
		return false;
	for (size_t i = 0; i < sizeof(mac.b); i++)
		key = key << 8 | mac.b[i];
	key >>= 48 - ADDRESS_BITS;

	for (unsigned i = 0; i < v->n_memo; i++) {
		if (key < v->memo[i].lo || key > v->memo[i].hi)
			continue;
		copy_cut(v->memo[i].name, buf, size);
		return v->memo[i].name[0] != '\0';
	}
	struct look look = look_for(key);
	if (sources_open(v, &s) && answer(v, &s, &look, name))
		remember(v, &look, name);
	else
		name[0] = '\0';
	sources_close(&s);
	copy_cut(name, buf, size);
	return name[0] != '\0';
}

const char *vendors_source(struct vendors *v)
{
	struct sources s;
	bool any = sources_open(v, &s);

	sources_close(&s);
	if (!any)
		return NULL;
	return s.id[MANUF].size > 0 ? v->manuf : v->dir;
}

struct vendors *vendors_open(const char *registry_dir, const char *manuf, const char *index)
{
	if (!registry_dir)
		registry_dir = "/usr/share/ieee-data";
	if (!manuf)
		manuf = "/usr/share/wireshark/manuf";
	size_t dir_len = strlen(registry_dir) + 1, manuf_len = strlen(manuf) + 1;
	size_t index_len = index ? strlen(index) + 1 : 0;

	struct vendors *v = malloc(sizeof(*v) + dir_len + manuf_len + index_len);
	if (!v)
		return NULL;
	v->dir = memcpy(v->paths, registry_dir, dir_len);
	v->manuf = memcpy(v->paths + dir_len, manuf, manuf_len);
	v->index = index ? memcpy(v->paths + dir_len + manuf_len, index, index_len) : NULL;
	v->may_renew = true;
	v->n_memo = v->next_memo = 0;
	return v;
}

void vendors_close(struct vendors *v)
{
	free(v);
}
