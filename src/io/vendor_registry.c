#include "vendor_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_MAX 24u		/* no row's prefix column is longer: "00:1B:C5:00:00:00/36\t" */
#define ROW_READ 512u		/* a row's beginning with its name */

static const char csv_file[CSV_FILES][10] = { "oui.csv", "mam.csv", "oui36.csv", "iab.csv" };

/* ---- prefixes --------------------------------------------------------------- */

void look_narrow(struct look *look, uint64_t lo, uint64_t hi)
{
	if (look->lo < lo)
		look->lo = lo;
	if (look->hi > hi)
		look->hi = hi;
}

void look_consider(struct look *look, const struct row *row)
{
	uint64_t last = block_last(row->first, row->bits);

	if (last < look->key) {
		look_narrow(look, last + 1, UINT64_MAX);
	} else if (row->first > look->key) {
		look_narrow(look, 0, row->first - 1);
	} else {
		look_narrow(look, row->first, last);
		if (!look->found || row->bits > look->best.bits)
			look->best = *row;
		look->found = true;
	}
}

struct look registry_look(uint64_t key)
{
	return (struct look){ .key = key, .lo = block_first(key, OUI_BITS),
			      .hi = block_last(key, OUI_BITS) };
}

/* ---- rows of the registry's files -------------------------------------------- */

bool registry_hex(const char *p, size_t digits, uint64_t *out)
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
		if (p[word + digits] != ',' || !registry_hex(p + word, digits, &n))
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
		if (given == 48 || len - at < 2 || !registry_hex(p + at, 2, &pair))
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

bool registry_open(struct registry *s, const char *dir, const char *manuf)
{
	bool any = false;

	*s = (struct registry){ .manuf = manuf };
	s->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
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

void registry_close(struct registry *s)
{
	if (s->dir >= 0)
		close(s->dir);
}

/* O_NONBLOCK, lest a FIFO that has taken the file's place makes us wait. */
static int source_open(const struct registry *s, unsigned source)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

	return source == MANUF ? open(s->manuf, flags) : openat(s->dir, csv_file[source], flags);
}

bool registry_name(const struct registry *s, const struct row *row,
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

bool registry_read(const struct registry *s, bool (*visit)(void *to, const struct row *row),
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
