/* Which bytes make a character, which do not, and which do not yet. */
#include "told.h"

#include "wirelab/utf8.h"

enum { GREATEST = 0x10ffff };

/* RFC 3629 section 3, the other way round. */
static size_t encode(uint32_t c, uint8_t out[static 4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(n == 1 ? c : (0xf00u >> n) | c);
	return n;
}

static bool is_character(uint32_t c)
{
	return c <= GREATEST && !(c >= 0xd800 && c <= 0xdfff);
}

static void every_character_is_read_as_it_is_written(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= GREATEST; c++) {
		uint8_t bytes[4] = { 0 };
		uint32_t is = UINT32_MAX;
		size_t n = encode(c, bytes);

		assert_int_equal(utf8_decode(bytes, n, &is), is_character(c) ? n : 0);
		assert_int_equal(is, is_character(c) ? c : UINT32_MAX);
	}
}

static void the_beginning_of_every_character_waits_for_the_rest(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= GREATEST; c++) {
		uint8_t bytes[5] = { 'x' };
		size_t n = encode(c, bytes + 1);

		if (!is_character(c))
			continue;
		for (size_t cut = 1; cut < n; cut++)
			assert_int_equal(utf8_unfinished(bytes, 1 + cut), cut);
		assert_int_equal(utf8_unfinished(bytes, 1 + n), 0);
	}
}

/* One bit for each string of up to three bytes that begins a character and is not all of it. */
struct beginnings {
	uint8_t one[256], two[1 << 16], three[1 << 24];
};

static void what_begins_no_character_is_not_waited_for(void **state)
{
	struct beginnings *b = zeroed(sizeof(*b));
	uint8_t s[4];

	(void)state;
	for (uint32_t c = 0; c <= GREATEST; c++) {
		size_t n = is_character(c) ? encode(c, s) : 0;
		b->one[s[0]] |= n > 1;
		b->two[s[0] << 8 | s[1]] |= n > 2;
		b->three[s[0] << 16 | s[1] << 8 | s[2]] |= n > 3;
	}
	/* Only bytes from 0x80 on can be in the middle; 0x41 stands for all others. */
	for (unsigned i = 0x7f; i < 256; i++)
		for (unsigned j = 0x7f; j < 256; j++)
			for (unsigned k = 0x7f; k < 256; k++) {
				s[0] = (uint8_t)(i == 0x7f ? 0x41 : i);
				s[1] = (uint8_t)(j == 0x7f ? 0x41 : j);
				s[2] = (uint8_t)(k == 0x7f ? 0x41 : k);
				size_t should = b->three[s[0] << 16 | s[1] << 8 | s[2]] ? 3
					      : b->two[s[1] << 8 | s[2]] ? 2 : b->one[s[2]] ? 1 : 0;
				if (utf8_unfinished(s, 3) != should)
					fail_msg("%02x %02x %02x", s[0], s[1], s[2]);
			}
	free(b);
}

static void nothing_is_read_in_front_of_the_bytes(void **state)
{
	/* Continuations only: their beginning would be further to the left. */
	uint8_t *bytes = exactly("\x80\x80\x80", 3);

	(void)state;
	for (size_t len = 0; len <= 3; len++)
		assert_int_equal(utf8_unfinished(bytes, len), 0);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_read_as_it_is_written),
		cmocka_unit_test(the_beginning_of_every_character_waits_for_the_rest),
		cmocka_unit_test(what_begins_no_character_is_not_waited_for),
		cmocka_unit_test(nothing_is_read_in_front_of_the_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
