#include "xml_check.h"

#include <string.h>

#include "wirelab/utf8.h"

#define DEEP 32u		/* elements within elements */
#define ATTRIBUTES 16u		/* of one element */

struct slice {
	const char *s;
	size_t len;
};

struct xml {
	const char *text;
	size_t len, at;
	struct slice open[DEEP];
	size_t depth;
	bool rooted;
	const char *wrong;
};

static bool fail(struct xml *x, const char *why)
{
	if (!x->wrong)
		x->wrong = why;
	return false;
}

static bool same(struct slice a, struct slice b)
{
	return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

static bool take(struct xml *x, const char *s)
{
	size_t n = strlen(s);

	if (x->len - x->at < n || memcmp(x->text + x->at, s, n) != 0)
		return false;
	x->at += n;
	return true;
}

static char peek(const struct xml *x)
{
	return x->at < x->len ? x->text[x->at] : '\0';
}

static bool blanks(struct xml *x)
{
	size_t before = x->at;

	while (x->at < x->len && strchr(" \t\n", x->text[x->at]))
		x->at++;
	return x->at > before;
}

static struct slice name(struct xml *x)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:";
	static const char more[] = "0123456789-.";
	struct slice n = { x->text + x->at, 0 };

	while (x->at < x->len && (strchr(letters, x->text[x->at]) ||
				  (n.len > 0 && strchr(more, x->text[x->at])))) {
		x->at++;
		n.len++;
	}
	return n;
}

/* One byte of text or of a value, or an entity. */
static bool character(struct xml *x)
{
	static const char *const entity[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&apos;" };

	if (peek(x) != '&') {
		x->at++;
		return true;
	}
	for (size_t i = 0; i < sizeof(entity) / sizeof(entity[0]); i++)
		if (take(x, entity[i]))
			return true;
	return fail(x, "an ampersand that begins no entity");
}

static bool value(struct xml *x)
{
	if (!take(x, "=\""))
		return fail(x, "an attribute without a value in double quotes");
	while (x->at < x->len && peek(x) != '"') {
		if (peek(x) == '<')
			return fail(x, "a < in a value");
		if (!character(x))
			return false;
	}
	return take(x, "\"") || fail(x, "a value without an end");
}

static bool attributes(struct xml *x)
{
	struct slice seen[ATTRIBUTES];

	for (size_t n = 0; blanks(x) && peek(x) != '/' && peek(x) != '>' && peek(x) != '?'; n++) {
		if (n == ATTRIBUTES)
			return fail(x, "more attributes than we ever give");
		seen[n] = name(x);
		if (seen[n].len == 0)
			return fail(x, "no name of an attribute");
		for (size_t i = 0; i < n; i++)
			if (same(seen[i], seen[n]))
				return fail(x, "an attribute twice");
		if (!value(x))
			return false;
	}
	return true;
}

static bool end_tag(struct xml *x)
{
	struct slice n = name(x);

	if (x->depth == 0 || !same(n, x->open[x->depth - 1]))
		return fail(x, "an end tag of another element");
	x->depth--;
	return take(x, ">") || fail(x, "an end tag without its end");
}

static bool tag(struct xml *x)
{
	if (take(x, "/"))
		return end_tag(x);
	struct slice n = name(x);
	if (n.len == 0)
		return fail(x, "a < that begins no tag");
	if (x->depth == 0 && x->rooted)
		return fail(x, "a second root");
	x->rooted = true;
	if (!attributes(x))
		return false;
	if (take(x, "/>"))
		return true;
	if (!take(x, ">"))
		return fail(x, "a tag without its end");
	if (x->depth == DEEP)
		return fail(x, "deeper than we ever go");
	x->open[x->depth++] = n;
	return true;
}

static bool prolog(struct xml *x)
{
	if (take(x, "<?xml") && !(attributes(x) && take(x, "?>")))
		return fail(x, "a bad declaration");
	blanks(x);
	if (take(x, "<!DOCTYPE ") && !(name(x).len > 0 && take(x, ">")))
		return fail(x, "a bad document type");
	blanks(x);
	return true;
}

static bool characters_are_clean(struct xml *x)
{
	while (x->at < x->len) {
		uint32_t code = 0;
		size_t n = utf8_decode((const uint8_t *)x->text + x->at, x->len - x->at, &code);
		if (n == 0)
			return fail(x, "not UTF-8");
		if (utf8_is_control(code) && code != '\n')
			return fail(x, "a control character");
		x->at += n;
	}
	x->at = 0;
	return true;
}

const char *xml_wrong(const char *text, size_t len, size_t *at)
{
	struct xml x = { .text = text, .len = len };

	if (characters_are_clean(&x) && prolog(&x)) {
		while (!x.wrong && x.at < x.len) {
			if (take(&x, "<"))
				tag(&x);
			else if (x.depth > 0)
				character(&x);
			else if (!blanks(&x))
				fail(&x, "text outside the root");
		}
		if (!x.wrong && (x.depth > 0 || !x.rooted))
			fail(&x, "an element without its end");
	}
	*at = x.at;
	return x.wrong;
}
