/* tcp_seq.h: numbers on a circle (RFC 9293 section 3.4) */
#include "told.h"

#include "wirelab/tcp_seq.h"

static void before_goes_round_the_end(void **state)
{
	(void)state;
	assert_true(seq_before(1, 2) && !seq_before(2, 1) && !seq_before(2, 2));
	assert_true(seq_before(UINT32_MAX, 0) && !seq_before(0, UINT32_MAX));
	assert_true(seq_before(0xfffffff0, 0x10) && seq_before_eq(7, 7));
	assert_true(seq_ahead(0xfffffff0, 0x10) == 0x20);
}

static void half_a_circle_away_is_before_neither(void **state)
{
	(void)state;
	assert_false(seq_before(0, SEQ_HALF) || seq_before(SEQ_HALF, 0));
	assert_true(seq_before(0, SEQ_HALF - 1) && seq_before(SEQ_HALF + 1, 0));
	assert_true(seq_later(5, 5 + SEQ_HALF) == 5);
}

static void before_is_the_same_wherever_the_circle_is_cut(void **state)
{
	struct chance c = { 7 };

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		uint32_t at = (uint32_t)chance_next(&c);
		uint32_t step = (uint32_t)chance_below(&c, SEQ_HALF - 1) + 1;
		assert_true(seq_before(at, at + step) && !seq_before(at + step, at));
		assert_true(seq_later(at, at + step) == at + step);
		assert_true(seq_in_window(at + step, at, step + 1));
		assert_false(seq_in_window(at + step, at, step));
	}
}

static void an_empty_window_holds_nothing(void **state)
{
	(void)state;
	assert_false(seq_in_window(5, 5, 0));
	assert_true(seq_in_window(5, 5, 1) && seq_in_window(1, UINT32_MAX, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_goes_round_the_end),
		cmocka_unit_test(half_a_circle_away_is_before_neither),
		cmocka_unit_test(before_is_the_same_wherever_the_circle_is_cut),
		cmocka_unit_test(an_empty_window_holds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
