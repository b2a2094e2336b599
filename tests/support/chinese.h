/* chinese.h - what must hold of any sentence in Chinese, for the tests of words */
#ifndef WIRELAB_CHINESE_H
#define WIRELAB_CHINESE_H

#include <ctype.h>

#include "told.h"
#include "wirelab/utf8.h"
#include "wirelab/width.h"

static inline bool is_ideograph(uint32_t c)
{
	return c >= 0x4e00 && c <= 0x9fff;
}

static inline bool is_letter_or_digit(uint32_t c)
{
	return c < 0x80 && isalnum((int)c);
}

/* Words of small letters in a row: three of them are a piece of English; "Linux" and "v2" are
 * none, for names and fields are the same in every language. */
static inline unsigned english_words(const char *s)
{
	unsigned most = 0, n = 0;

	for (size_t len; *s; s += len) {
		len = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
		bool word = len > 0 && strspn(s, "abcdefghijklmnopqrstuvwxyz") == len;
		/* Only blanks and commas keep words together. */
		if (len > 0 || (*s != ' ' && *s != ','))
			n = word ? n + 1 : 0;
		most = n > most ? n : most;
		len = len ? len : 1;
	}
	return most;
}

/* What must hold of each character and the one before it; 0: there is none. */
static inline void assert_neighbours(const char *text, uint32_t before, uint32_t c)
{
	bool apart = (is_ideograph(before) && is_letter_or_digit(c)) ||
		     (is_letter_or_digit(before) && is_ideograph(c));
	bool ascii = is_ideograph(before) && c < 0x80 && strchr(",.;:?!()", (int)c);
	/* Full-width punctuation brings its own room. */
	bool room = (before == ' ' && c == ' ') ||
		    (before == ' ' && c > 0x80 && !is_ideograph(c)) ||
		    (before > 0x80 && !is_ideograph(before) && c == ' ');

	if (apart || ascii || room)
		fail_msg("U+%04X beside U+%04X: %s", before, c, text);
}

/* No English is left in it, its punctuation is Chinese, and each character has one width. */
static inline void assert_chinese(const char *text)
{
	uint32_t before = 0;

	if (english_words(text) >= 3)
		fail_msg("English is left: %s", text);
	for (const char *s = text; *s;) {
		uint32_t c = 0;
		size_t n = utf8_decode((const uint8_t *)s, strlen(s), &c);
		assert_true(n > 0);
		assert_int_equal(width_of(c), c < 0x80 ? 1 : 2);
		assert_neighbours(text, before, c);
		before = c;
		s += n;
	}
}

#endif
