#include "phrase.h"

#include <assert.h>

#include "wirelab/instant.h"
#include "wirelab/utf8.h"

static bool is_chinese(uint32_t c)
{
	/* Ideographs only: the blank is part of what punctuation looks like already. */
	return (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
	       (c >= 0x20000 && c <= 0x3ffff);
}

/* An IPv6 address may begin or end with a colon. */
static bool is_latin(uint32_t c)
{
	return c == ':' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || (c >= 0xc0 && c < 0x2000);
}

static uint32_t first_of(const char *s, size_t len)
{
	uint32_t c = 0;

	(void)utf8_decode((const uint8_t *)s, len, &c);
	return c;
}

static uint32_t last_of(const char *s, size_t len)
{
	size_t at = len - 1;

	while (at > 0 && ((uint8_t)s[at] & 0xc0) == 0x80)
		at--;
	return first_of(s + at, len - at);
}

static void add(struct txt *t, const char *s, size_t len)
{
	if (len == 0)
		return;
	if (t->len > 0) {
		uint32_t left = last_of(t->buf, t->len), right = first_of(s, len);

		if ((is_chinese(left) && is_latin(right)) || (is_latin(left) && is_chinese(right)))
			txt_char(t, ' ');
	}
	txt_bytes(t, s, len);
}

void phrase_add(struct txt *t, const char *s)
{
	add(t, s, strlen(s));
}

static const struct phrase_hole *named(const struct phrase_hole *hole, const char *name, size_t len)
{
	while (hole->name && !(strlen(hole->name) == len && memcmp(hole->name, name, len) == 0))
		hole++;
	assert(hole->name);
	return hole;
}

static void add_filled(struct txt *t, const struct phrase_hole *hole, const void *facts)
{
	char buf[PHRASE_HOLE_MAX];
	struct txt filled = txt_over(buf, sizeof(buf));

	hole->fill(&filled, facts);
	t->cut = t->cut || filled.cut;
	add(t, filled.buf, filled.len);
}

void phrase_fill(struct txt *t, const char *pattern, const struct phrase_hole *hole,
		 const void *facts)
{
	while (*pattern) {
		size_t len = strcspn(pattern, "{");

		add(t, pattern, len);
		pattern += len;
		if (*pattern != '{')
			return;
		pattern++;
		len = strcspn(pattern, "}");
		add_filled(t, named(hole, pattern, len), facts);
		pattern += len + 1;
	}
}

void phrase_duration(struct txt *t, uint64_t ns, enum lang lang)
{
	const uint64_t day = 24 * 60 * 60 * SEC_NS;

	if (lang == LANG_EN || ns < 2 * day) {
		txt_duration(t, ns);
		return;
	}
	txt_u64(t, ns / day);
	txt_str(t, " 天");
}

void phrase_bytes(struct txt *t, uint64_t n, enum lang lang)
{
	static const struct both one = { { " byte", " 字节" } }, many = { { " bytes", " 字节" } };

	txt_grouped(t, n);
	txt_str(t, in_lang(n == 1 ? &one : &many, lang));
}
