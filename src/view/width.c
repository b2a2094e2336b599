#include "wirelab/width.h"

#include "wirelab/utf8.h"

struct range {
	uint32_t from, to;
};

#include "width_table.h"

static bool is_in(uint32_t code, const struct range *table, size_t n)
{
	size_t low = 0;

	while (low < n) {
		size_t mid = low + (n - low) / 2;
		if (code > table[mid].to)
			low = mid + 1;
		else if (code < table[mid].from)
			n = mid;
		else
			return true;
	}
	return false;
}

unsigned width_of(uint32_t code)
{
	/* Most text is this, and U+0300 is the first combining mark. */
	if (code < 0x300)
		return utf8_is_control(code) ? 0 : 1;
	if (is_in(code, widthless, sizeof(widthless) / sizeof(widthless[0])))
		return 0;
	return is_in(code, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
}

/* The character or stray byte at the front of len (>= 1) bytes: its length, and its columns. */
static size_t front(const char *s, size_t len, unsigned *columns)
{
	uint32_t code = 0;
	size_t n = utf8_decode((const uint8_t *)s, len, &code);

	*columns = n ? width_of(code) : 1;
	return n ? n : 1;
}

size_t txt_width(const char *s, size_t len)
{
	size_t sum = 0;
	unsigned columns;

	for (size_t at = 0; at < len; sum += columns)
		at += front(s + at, len - at, &columns);
	return sum;
}

size_t txt_beginning(const char *s, size_t len, size_t columns)
{
	size_t at = 0;

	while (at < len) {
		unsigned width;
		size_t n = front(s + at, len - at, &width);
		if (width > columns)
			break;
		columns -= width;
		at += n;
	}
	return at;
}

/* ---- lines ------------------------------------------------------------------------------ */

static bool is_one_of(const char *s, size_t n, const char *characters)
{
	char c[5] = "";

	/* No character begins within another, so searching their bytes is enough. */
	memcpy(c, s, n);
	return strstr(characters, c);
}

static bool begins_no_line(const char *s, size_t n)
{
	return is_one_of(s, n, "，。、；：？！）】》」』”’,.;:?!)]}%");
}

static bool ends_no_line(const char *s, size_t n)
{
	return is_one_of(s, n, "（【《「『“‘([{");
}

/* A character within a text, as lines are made of them. */
struct glyph { const char *s; size_t n; unsigned columns; };

static bool may_part(const struct glyph *before, const struct glyph *c)
{
	if (*c->s == ' ')
		return true;
	if (*before->s == ' ' || c->columns == 0 || (before->columns < 2 && c->columns < 2))
		return false;
	return !begins_no_line(c->s, c->n) && !ends_no_line(before->s, before->n);
}

size_t txt_line(const char *s, size_t len, size_t columns)
{
	struct glyph before = { 0 }, c;
	size_t end = 0;

	for (size_t at = 0; at < len; at += c.n) {
		c.s = s + at;
		c.n = front(c.s, len - at, &c.columns);
		if (at > 0 && may_part(&before, &c))
			end = at;
		if (c.columns > columns)
			return end;
		columns -= c.columns;
		before = c;
	}
	return len;
}

/* ---- cutting and filling ---------------------------------------------------------------- */

/* Character by character, so that a buffer which is too small holds whole ones. */
static void characters(struct txt *t, const char *s, size_t len)
{
	unsigned width;

	for (size_t n; len > 0 && !t->cut; s += n, len -= n) {
		n = front(s, len, &width);
		txt_bytes(t, s, n);
	}
}

void txt_cut_columns(struct txt *t, const char *s, size_t len, size_t columns, const char *mark)
{
	size_t mark_len = strlen(mark), mark_width = txt_width(mark, mark_len);

	if (txt_beginning(s, len, columns) == len) {
		characters(t, s, len);
		return;
	}
	if (mark_width <= columns)
		characters(t, s, txt_beginning(s, len, columns - mark_width));
	characters(t, mark, txt_beginning(mark, mark_len, columns));
}

void txt_pad(struct txt *t, size_t column)
{
	size_t at = txt_width(t->buf, t->len);

	if (at > 0 && at >= column)
		column = at + 1;
	for (; at < column && !t->cut; at++)
		txt_char(t, ' ');
}
