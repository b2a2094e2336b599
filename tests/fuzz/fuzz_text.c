/*
 * Any bytes at all on their way out: to a terminal, as JSON, as XML, cut to columns.
 *
 * The first byte chooses how small the buffer is, the second how many columns there are.
 * What must hold: UTF-8 comes out, without a control character, and in XML without markup; a
 * buffer that is too small holds the beginning of what a large one would; a cut text and its
 * lines are never wider than asked.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/utf8.h"
#include "wirelab/width.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LONGEST 6u	/* characters out for one byte in: \u0000, &quot; */

static void require(int holds)
{
	if (!holds)
		abort();
}

static void harmless(const struct txt *t, const char *never)
{
	uint32_t code;
	size_t n;

	require(t->len < t->cap && strlen(t->buf) == t->len);
	for (size_t at = 0; at < t->len; at += n) {
		n = utf8_decode((const uint8_t *)t->buf + at, t->len - at, &code);
		require(n > 0 && !utf8_is_control(code));
		require(n > 1 || !strchr(never, t->buf[at]));
	}
}

/* A block of exactly that size: one byte beyond is the sanitizer's. */
static struct txt room(size_t cap)
{
	char *p = malloc(cap);

	require(p != NULL);
	return txt_over(p, cap);
}

typedef void gate(struct txt *t, const void *bytes, size_t len);

/* Into a buffer with room for all of it, which is returned, and into a small one. */
static struct txt through(gate *gate, const uint8_t *bytes, size_t len, size_t small_cap,
			  const char *never, size_t closing)
{
	struct txt whole = room(len * LONGEST + 3), small = room(small_cap);

	gate(&whole, bytes, len);
	gate(&small, bytes, len);
	require(!whole.cut);
	harmless(&whole, never);
	harmless(&small, never);
	require(small.cut == (whole.len >= small_cap));
	/* The quote that ends a JSON string stands also where the string was cut. */
	size_t same = small.cut && small.len > closing ? small.len - closing : 0;
	require(memcmp(small.buf, whole.buf, small.cut ? same : whole.len) == 0);
	free(small.buf);
	return whole;
}

/* Line by line: each fits, ends with a whole character, and has something in it. */
static void wrap(const char *s, size_t len, size_t columns)
{
	while (len > 0) {
		size_t line = txt_line(s, len, columns), fits = txt_beginning(s, len, columns);
		require(line <= fits && txt_width(s, fits) <= columns);
		require(txt_width(s, line) + txt_width(s + line, len - line) == txt_width(s, len));
		/* One long word is cut, and no character is wider than two columns. */
		line = line ? line : txt_beginning(s, len, columns > 2 ? columns : 2);
		require(line > 0);
		s += line;
		len -= line;
	}
}

/* Any bytes, and then what is safe to show of them. */
static void cut(const char *s, size_t len, size_t columns, bool safe)
{
	static const char mark[] = "\xe2\x80\xa6";
	struct txt t = room(len + sizeof(mark));
	size_t wide = txt_width(s, len);

	require(wide <= 2 * len);
	wrap(s, len, columns);
	txt_cut_columns(&t, s, len, columns, mark);
	require(!t.cut && txt_width(t.buf, t.len) <= columns);
	if (wide <= columns)
		require(t.len == len && (len == 0 || memcmp(t.buf, s, len) == 0));
	else
		require(columns == 0 || strstr(t.buf, mark));
	if (safe)
		harmless(&t, "");
	free(t.buf);
	t = room(columns + len + 2);
	txt_bytes(&t, s, len);
	txt_pad(&t, columns);
	require(!t.cut && (wide == 0 || txt_width(t.buf, t.len) > wide));
	require(txt_width(t.buf, t.len) >= columns);
	free(t.buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	size_t small = data[0] + 1u, columns = data[1];
	const uint8_t *bytes = data + 2;
	size_t len = size - 2;

	struct txt t = through(txt_foreign, bytes, len, small, "", 0);
	cut(t.buf, t.len, columns, true);
	free(t.buf);
	t = through(txt_xml, bytes, len, small, "<>\"'", 0);
	free(t.buf);
	t = through(txt_json, bytes, len, small, "", 1);
	require(t.len >= 2 && t.buf[0] == '"' && t.buf[t.len - 1] == '"');
	free(t.buf);
	/* A NUL ends the string that a struct txt is. */
	if (!memchr(bytes, '\0', len))
		cut((const char *)bytes, len, columns, false);
	return 0;
}
