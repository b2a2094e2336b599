#include "vendor_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wirelab/utf8.h"

#define PIECE 262144u		/* of a file that is read through */
#define ROW_READ 512u		/* a row's beginning with its name */

/* Each file has the rows of its own registry only. */
static const struct { char file[10], word[6]; uint8_t word_len, bits; } csv[CSV_FILES] = {
	{ "oui.csv", "MA-L,", 5, 24 },
	{ "mam.csv", "MA-M,", 5, 28 },
	{ "oui36.csv", "MA-S,", 5, 36 },
	{ "iab.csv", "IAB,", 4, 36 },
};

/* ---- rows of the registry's files -------------------------------------------- */

/*
 * Without a branch for each digit: which ones are letters is as good as random.
 * Reading the whole registry through is a quarter faster for it.
 */
bool vendor_hex(const char *p, size_t digits, uint64_t *out)
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
static size_t csv_head(unsigned source, const char *p, size_t len, struct row *row)
{
	size_t word = csv[source].word_len, digits = csv[source].bits / 4u;
	uint64_t n;

	if (len <= word + digits || memcmp(p, csv[source].word, word) != 0 ||
	    p[word + digits] != ',' || !vendor_hex(p + word, digits, &n))
		return 0;
	row->bits = csv[source].bits;
	row->first = n << (KEY_BITS - row->bits);
	return word + digits + 1;
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
		if (given == 48 || len - at < 2 || !vendor_hex(p + at, 2, &pair))
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
	row->first = number >> (48 - bits) << (KEY_BITS - bits);
	return at + 1;
}

static size_t row_head(unsigned source, const char *p, size_t len, struct row *row)
{
	row->source = source;
	return source == MANUF ? manuf_head(p, len, row) : csv_head(source, p, len, row);
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
		uint32_t code = 0;
		size_t width = utf8_decode(p, len, &code);
		bool shown = width > 0 && !utf8_is_control(code);

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

uint64_t vendor_hash(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Follows symbolic links: packages use them to share these files. */
static bool examine(int dir, const char *name, uint64_t *identity)
{
	uint64_t state[3] = { 0 };
	struct stat st;

	if (fstatat(dir, name, &st, 0) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		state[0] = (uint64_t)st.st_size;
		state[1] = (uint64_t)st.st_mtim.tv_sec;
		state[2] = (uint64_t)st.st_mtim.tv_nsec;
	}
	*identity = vendor_hash(*identity, state, sizeof(state));
	return state[0] > 0;
}

bool registry_open(struct registry *r, const char *dir, const char *manuf)
{
	bool any = false;

	*r = (struct registry){ .manuf = manuf, .identity = HASH_BEGIN };
	r->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; r->dir >= 0 && i < CSV_FILES; i++) {
		r->has[i] = examine(r->dir, csv[i].file, &r->identity);
		any = any || r->has[i];
	}
	if (!any)
		any = r->has[MANUF] = examine(AT_FDCWD, r->manuf, &r->identity);
	return any;
}

void registry_close(struct registry *r)
{
	if (r->dir >= 0)
		close(r->dir);
}

/* O_NONBLOCK, lest a FIFO that has taken the file's place makes us wait. */
static int source_open(const struct registry *r, unsigned source)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

	return source == MANUF ? open(r->manuf, flags) : openat(r->dir, csv[source].file, flags);
}

bool registry_name(const struct registry *r, const struct block *b, uint64_t key,
		   char name[static VENDOR_STRLEN])
{
	char text[ROW_READ], raw[ROW_READ];
	size_t before = b->offset > 0;	/* the end of the line before belongs to the proof */
	struct row row;

	name[0] = '\0';
	if (b->source == NOBODY)
		return true;
	int fd = source_open(r, b->source);
	if (fd < 0)
		return false;
	ssize_t got = pread(fd, text, sizeof(text), (off_t)(b->offset - before));
	close(fd);
	if (got <= (ssize_t)before || (before && text[0] != '\n'))
		return false;

	const char *p = text + before;
	size_t len = (size_t)got - before;
	size_t head = row_head(b->source, p, len, &row);
	if (head == 0 || key < row.first || key >= row_end(&row))
		return false;
	p += head;
	len -= head;
	tidy(raw, b->source == MANUF ? manuf_name(p, len, raw) : csv_name(p, len, raw), name);
	return true;
}

/*
 * Shows the rows of one file.  A row is a line that begins like one; other lines (the
 * heading, the second line of an address) are passed over.  Read in pieces, not mapped:
 * a file that is cut meanwhile cannot kill us, and page faults cost more than copying.
 */
static bool read_rows(int fd, unsigned source, char buf[static PIECE],
		      bool (*visit)(void *to, const struct row *row), void *to)
{
	bool whole = true;		/* the piece begins with the beginning of a line */
	uint64_t start = 0;
	ssize_t got;

	while ((got = pread(fd, buf, PIECE, (off_t)start)) != 0) {
		size_t len = got > 0 ? (size_t)got : 0, at = 0;

		if (got < 0 && errno != EINTR)
			return false;
		while (at < len) {
			const char *newline = memchr(buf + at, '\n', len - at);
			struct row row = { .offset = start + at };

			/* Cut off at the end of the piece: the next one begins with it. */
			if (!newline && at > 0)
				break;
			if (whole && row_head(source, buf + at, len - at, &row) > 0 &&
			    !visit(to, &row))
				return false;
			whole = newline != NULL;
			at = newline ? (size_t)(newline - buf) + 1 : len;
		}
		start += at;
	}
	return true;
}

bool registry_read(const struct registry *r, bool (*visit)(void *to, const struct row *row),
		   void *to)
{
	char *buf = malloc(PIECE);
	bool ok = buf != NULL;

	for (unsigned i = 0; ok && i < SOURCES; i++) {
		if (!r->has[i])
			continue;
		int fd = source_open(r, i);
		ok = fd >= 0 && read_rows(fd, i, buf, visit, to);
		if (fd >= 0)
			close(fd);
	}
	free(buf);
	return ok;
}

/* A question and its answer so far; rows are shown to it one after another. */
struct look {
	uint64_t key;
	unsigned bits;		/* of the longest prefix around key */
	struct block *block;	/* reaches to the nearest edges */
};

static void edge(struct look *look, uint64_t at)
{
	struct block *b = look->block;

	if (at <= look->key && at > b->from)
		b->from = at;
	if (at > look->key && at < b->to)
		b->to = at;
}

static bool consider(void *to, const struct row *row)
{
	struct look *look = to;
	uint64_t end = row_end(row);

	edge(look, row->first);
	edge(look, end);
	if (row->first <= look->key && look->key < end && row->bits > look->bits) {
		look->bits = row->bits;
		look->block->source = row->source;
		look->block->offset = row->offset;
	}
	return true;
}

bool registry_find(const struct registry *r, uint64_t key, struct block *out)
{
	struct look look = { .key = key, .block = out };

	*out = (struct block){ .to = KEY_END, .source = NOBODY };
	return registry_read(r, consider, &look);
}
