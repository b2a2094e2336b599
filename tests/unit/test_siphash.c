/* siphash.h: the published numbers, and the variant that our tables use */
#include "told.h"

#include "wirelab/siphash.h"

static struct sip_key key_of_the_paper(void)
{
	uint8_t secret[16];

	for (uint8_t i = 0; i < sizeof(secret); i++)
		secret[i] = i;
	return sip_key_from(secret);
}

static void the_paper_s_example_comes_out(void **state)
{
	uint8_t message[15];

	(void)state;
	for (uint8_t i = 0; i < sizeof(message); i++)
		message[i] = i;
	/* Aumasson and Bernstein 2012, appendix A; the others from the authors' vectors.h */
	assert_true(siphash24(key_of_the_paper(), message, 15) == UINT64_C(0xa129ca6149be45e5));
	assert_true(siphash24(key_of_the_paper(), message, 0) == UINT64_C(0x726fdb47dd0e0e31));
	assert_true(siphash24(key_of_the_paper(), message, 1) == UINT64_C(0x74f839c593dc67fd));
	assert_true(siphash24(key_of_the_paper(), message, 8) == UINT64_C(0x93f5f5799a932462));
}

static void one_three_is_what_python_hashes_strings_with(void **state)
{
	struct sip_key zero = { 0, 0 };

	(void)state;
	/* PYTHONHASHSEED=0 python3.11 -c 'print(hash(b"..."))' */
	assert_true(siphash13(zero, "a", 1) == (uint64_t)INT64_C(4644417185603328019));
	assert_true(siphash13(zero, "wirelab", 7) == (uint64_t)INT64_C(-7189831365166855526));
	assert_true(siphash13(zero, "0123456789abcdef", 16) == (uint64_t)INT64_C(2108444454683020324));
}

static void words_hash_as_their_bytes_do(void **state)
{
	const uint8_t bytes[24] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, [23] = 0x80 };
	const uint64_t word[3] = { UINT64_C(0x0807060504030201), 9, UINT64_C(0x8000000000000000) };

	(void)state;
	assert_true(siphash13_words(key_of_the_paper(), word, 3) ==
		    siphash13(key_of_the_paper(), bytes, sizeof(bytes)));
}

static void another_key_is_another_hash(void **state)
{
	struct sip_key one = { 1, 0 }, two = { 0, 1 };

	(void)state;
	assert_true(siphash13(one, "x", 1) != siphash13(two, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_paper_s_example_comes_out),
		cmocka_unit_test(one_three_is_what_python_hashes_strings_with),
		cmocka_unit_test(words_hash_as_their_bytes_do),
		cmocka_unit_test(another_key_is_another_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
