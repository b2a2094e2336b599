/* Claims: when they hold, when they fail, where and why, and when they are set aside. */
#include "told.h"

#include "wirelab/findings.h"

static struct findings f;

#define WHAT BOTH("it is so", "事情如此")
#define ANOTHER BOTH("another thing", "另一件事")

static int begin(void **state)
{
	(void)state;
	findings_init(&f, LANG_EN);
	return 0;
}

/* A segment with that number and so much data; cause: the frame that the tracker names. */
static struct seen segment(uint64_t number, uint32_t payload, uint64_t cause)
{
	return (struct seen){ .number = number, .has_moment = true,
			      .moment = { .frame = number, .payload = payload, .cause_frame = cause } };
}

/* One claim was made: it is in that state, at that frame, for that reason. */
static void is(enum claim_state state, uint64_t frame, const char *says)
{
	assert_int_equal(f.n, 1);
	assert_int_equal(findings_state(&f), state);
	assert_int_equal(findings_count(&f, state), 1);
	assert_int_equal(f.claim[0].frame, frame);
	assert_string_equal(f.claim[0].says, says);
}

/* ---- a claim by itself ------------------------------------------------------------------ */

static void a_claim_holds_when_all_that_is_expected_holds(void **state)
{
	(void)state;
	claim(&f, WHAT);
	assert_true(expect(&f, NULL, true, WHAT));
	assert_true(expect(&f, NULL, true, WHAT));
	assert_int_equal(f.claim[0].expected, 2);
	assert_string_equal(in_lang(&f.claim[0].what, LANG_EN), "it is so");
	is(CLAIM_HOLDS, 0, "");
}

static void a_claim_under_which_nothing_was_expected_fails(void **state)
{
	(void)state;
	claim(&f, WHAT);
	is(CLAIM_FAILS, 0, "");
	claim(&f, WHAT);
	assert_true(expect(&f, NULL, true, WHAT));
	/* The second holds, and does not help the first. */
	assert_int_equal(findings_count(&f, CLAIM_FAILS), 1);
	assert_int_equal(findings_state(&f), CLAIM_FAILS);
}

static void the_first_reason_is_kept(void **state)
{
	struct seen seven = segment(7, 0, 0), nine = segment(9, 0, 0);

	(void)state;
	claim(&f, WHAT);
	assert_true(expect(&f, &nine, true, ANOTHER));
	assert_false(expect(&f, &seven, false, WHAT));
	assert_false(expect(&f, &nine, false, ANOTHER));
	assert_false(expect_number(&f, &nine, ANOTHER, 1, 2));
	assert_false(expect_there(&f, NULL, ANOTHER));
	assert_true(expect(&f, &nine, true, ANOTHER));
	is(CLAIM_FAILS, 7, "expected: it is so");
}

static void what_is_expected_belongs_to_the_claim_before_it(void **state)
{
	(void)state;
	claim(&f, WHAT);
	assert_true(expect(&f, NULL, true, WHAT));
	claim(&f, ANOTHER);
	assert_false(expect(&f, NULL, false, ANOTHER));
	assert_int_equal(f.claim[0].state, CLAIM_HOLDS);
	assert_int_equal(f.claim[1].state, CLAIM_FAILS);
	assert_int_equal(findings_count(&f, CLAIM_HOLDS), 1);
	assert_int_equal(findings_count(&f, CLAIM_FAILS), 1);
	assert_int_equal(findings_state(&f), CLAIM_FAILS);
}

static void an_expectation_without_a_claim_makes_one(void **state)
{
	(void)state;
	assert_false(expect(&f, NULL, false, WHAT));
	is(CLAIM_FAILS, 0, "expected: it is so");
	assert_string_equal(in_lang(&f.claim[0].what, LANG_EN), "The capture is as expected.");
}

/* ---- aside -------------------------------------------------------------------------------- */

static void a_claim_that_is_set_aside_neither_holds_nor_fails(void **state)
{
	(void)state;
	claim(&f, WHAT);
	claim_aside(&f, BOTH("there is no capture at bob", "没有 bob 处的抓包"));
	is(CLAIM_ASIDE, 0, "there is no capture at bob");
	/* Whatever is expected afterwards, and whatever else is a reason. */
	assert_false(expect(&f, NULL, false, ANOTHER));
	claim_aside(&f, ANOTHER);
	is(CLAIM_ASIDE, 0, "there is no capture at bob");
	assert_int_equal(findings_count(&f, CLAIM_HOLDS), 0);
	assert_int_equal(findings_count(&f, CLAIM_FAILS), 0);
}

static void what_has_failed_cannot_be_set_aside_any_more(void **state)
{
	struct seen seven = segment(7, 0, 0);

	(void)state;
	claim(&f, WHAT);
	assert_false(expect(&f, &seven, false, WHAT));
	claim_aside(&f, ANOTHER);
	is(CLAIM_FAILS, 7, "expected: it is so");
}

static void others_decide_where_one_is_aside(void **state)
{
	(void)state;
	claim(&f, WHAT);
	claim_aside(&f, WHAT);
	claim(&f, ANOTHER);
	assert_true(expect(&f, NULL, true, ANOTHER));
	assert_int_equal(findings_state(&f), CLAIM_HOLDS);
	claim(&f, ANOTHER);
	assert_false(expect(&f, NULL, false, ANOTHER));
	assert_int_equal(findings_state(&f), CLAIM_FAILS);
}

static void where_nothing_was_judged_all_is_aside(void **state)
{
	(void)state;
	assert_int_equal(findings_state(&f), CLAIM_ASIDE);
	claim(&f, WHAT);
	claim_aside(&f, WHAT);
	assert_int_equal(findings_state(&f), CLAIM_ASIDE);
}

/* ---- what can be expected ------------------------------------------------------------------- */

static void a_number_is_told_beside_what_it_should_be(void **state)
{
	struct seen s = segment(5, 0, 0);

	(void)state;
	claim(&f, WHAT);
	assert_true(expect_number(&f, &s, BOTH("bytes", "字节数"), 1460, 1460));
	is(CLAIM_HOLDS, 0, "");
	assert_false(expect_number(&f, &s, BOTH("bytes", "字节数"), 1460, UINT64_MAX));
	is(CLAIM_FAILS, 5, "bytes: expected 1,460, seen 18,446,744,073,709,551,615");
}

static void sizes_are_those_and_in_that_order(void **state)
{
	struct seen one = segment(4, 1, 0), nine = segment(6, 9, 0);
	const struct seen *both[] = { &one, &nine };

	(void)state;
	claim(&f, WHAT);
	assert_true(expect_sizes(&f, both, 2, (uint32_t[]){ 1, 9 }, 2));
	assert_true(expect_sizes(&f, NULL, 0, NULL, 0));
	is(CLAIM_HOLDS, 0, "");
	assert_false(expect_sizes(&f, both, 2, (uint32_t[]){ 9, 1 }, 2));
	is(CLAIM_FAILS, 4, "bytes of data, segment by segment: expected 9, 1; seen 1, 9");
}

static void the_first_segment_that_differs_is_named(void **state)
{
	struct seen s[3] = { segment(4, 1, 0), segment(6, 1, 0), segment(8, 1, 0) };
	const struct seen *all[] = { &s[0], &s[1], &s[2] };

	(void)state;
	claim(&f, WHAT);
	assert_false(expect_sizes(&f, all, 3, (uint32_t[]){ 1, 2, 1 }, 3));
	is(CLAIM_FAILS, 6, "bytes of data, segment by segment: expected 1, 2, 1; seen 1, 1, 1");
}

static void a_segment_too_many_is_named_and_one_too_few_is_behind_the_last(void **state)
{
	struct seen s[3] = { segment(4, 1, 0), segment(6, 1, 0), segment(8, 1, 0) };
	const struct seen *all[] = { &s[0], &s[1], &s[2] };
	static const uint32_t wanted[] = { 1, 1, 1, 1 };

	(void)state;
	claim(&f, WHAT);
	assert_false(expect_sizes(&f, all, 3, wanted, 2));
	is(CLAIM_FAILS, 8, "bytes of data, segment by segment: expected 1, 1; seen 1, 1, 1");
	begin(NULL);
	claim(&f, WHAT);
	assert_false(expect_sizes(&f, all, 3, wanted, 4));
	is(CLAIM_FAILS, 8, "bytes of data, segment by segment: expected 1, 1, 1, 1; seen 1, 1, 1");
	begin(NULL);
	claim(&f, WHAT);
	assert_false(expect_sizes(&f, all, 0, wanted, 1));
	is(CLAIM_FAILS, 0, "bytes of data, segment by segment: expected 1; seen -");
}

static void more_than_sixteen_sizes_are_compared_and_not_all_shown(void **state)
{
	struct seen s[20];
	const struct seen *all[20];
	uint32_t wanted[20];

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		s[i] = segment(i + 1, UINT32_MAX, 0);
		all[i] = &s[i];
		wanted[i] = UINT32_MAX;
	}
	claim(&f, WHAT);
	assert_true(expect_sizes(&f, all, 20, wanted, 20));
	wanted[19] = UINT32_MAX - 1;
	assert_false(expect_sizes(&f, all, 20, wanted, 20));
	assert_int_equal(f.claim[0].frame, 20);
	/* The longest there can be: it ends as it should. */
	const char *end = f.claim[0].says + strlen(f.claim[0].says) - strlen("4294967295, ...");
	assert_string_equal(end, "4294967295, ...");
	assert_non_null(strstr(f.claim[0].says, "4294967295, ...; seen 4294967295"));
}

static void what_should_be_there_is_there_or_not(void **state)
{
	struct seen s = segment(5, 0, 0);

	(void)state;
	claim(&f, WHAT);
	assert_true(expect_there(&f, &s, BOTH("a FIN", "FIN")));
	is(CLAIM_HOLDS, 0, "");
	assert_false(expect_there(&f, NULL, BOTH("a FIN", "FIN")));
	is(CLAIM_FAILS, 0, "not in the capture: a FIN");
}

static void an_effect_names_its_cause_and_follows_it(void **state)
{
	struct seen cause = segment(5, 1, 0), effect = segment(6, 9, 5), other = segment(8, 9, 7);

	(void)state;
	claim(&f, WHAT);
	assert_true(expect_cause(&f, &effect, &cause));
	is(CLAIM_HOLDS, 0, "");
	assert_false(expect_cause(&f, &other, &cause));
	is(CLAIM_FAILS, 8, "this should be caused by frame 5; seen is frame 7");
}

static void without_a_known_cause_only_the_right_one_is_named(void **state)
{
	struct seen cause = segment(5, 1, 0), effect = segment(6, 9, 0);

	(void)state;
	claim(&f, WHAT);
	assert_false(expect_cause(&f, &effect, &cause));
	is(CLAIM_FAILS, 6, "this should be caused by frame 5");
}

/* A tracker that names a later frame would be wrong: time has one direction. */
static void a_cause_is_never_behind_its_effect(void **state)
{
	struct seen cause = segment(5, 1, 0), effect = segment(5, 9, 5);

	(void)state;
	claim(&f, WHAT);
	assert_false(expect_cause(&f, &effect, &cause));
	assert_int_equal(findings_state(&f), CLAIM_FAILS);
}

static void half_a_pair_is_no_cause_and_effect(void **state)
{
	struct seen s = segment(6, 9, 5);
	static const char says[] = "there is no such pair of frames: a cause and what it causes";

	(void)state;
	claim(&f, WHAT);
	assert_false(expect_cause(&f, &s, NULL));
	is(CLAIM_FAILS, 6, says);
	begin(NULL);
	claim(&f, WHAT);
	assert_false(expect_cause(&f, NULL, &s));
	is(CLAIM_FAILS, 0, says);
	begin(NULL);
	claim(&f, WHAT);
	assert_false(expect_cause(&f, NULL, NULL));
	is(CLAIM_FAILS, 0, says);
}

static void order_is_where_frames_stand_in_the_capture(void **state)
{
	struct seen five = segment(5, 0, 0), six = segment(6, 0, 0);

	(void)state;
	claim(&f, WHAT);
	assert_true(expect_order(&f, &five, &six, ANOTHER));
	is(CLAIM_HOLDS, 0, "");
	assert_false(expect_order(&f, &six, &five, ANOTHER));
	is(CLAIM_FAILS, 5, "expected: another thing");
	begin(NULL);
	assert_false(expect_order(&f, &five, &five, ANOTHER));
	begin(NULL);
	assert_false(expect_order(&f, NULL, NULL, ANOTHER));
	is(CLAIM_FAILS, 0, "expected: another thing");
	begin(NULL);
	assert_false(expect_order(&f, &five, NULL, ANOTHER));
	is(CLAIM_FAILS, 5, "expected: another thing");
	begin(NULL);
	assert_false(expect_order(&f, NULL, &six, ANOTHER));
	is(CLAIM_FAILS, 6, "expected: another thing");
}

/* ---- words ------------------------------------------------------------------------------------ */

static void begin_chinese(void)
{
	findings_init(&f, LANG_ZH);
	claim(&f, WHAT);
}

static void reasons_are_given_in_chinese_too(void **state)
{
	struct seen five = segment(5, 1, 0), eight = segment(8, 9, 7);
	const struct seen *all[] = { &five };

	(void)state;
	begin_chinese();
	assert_false(expect(&f, NULL, false, WHAT));
	is(CLAIM_FAILS, 0, "应当是：事情如此");
	begin_chinese();
	assert_false(expect_number(&f, NULL, BOTH("bytes", "字节数"), 1000, 2));
	is(CLAIM_FAILS, 0, "字节数：应为 1,000，实为 2");
	begin_chinese();
	assert_false(expect_sizes(&f, all, 1, (uint32_t[]){ 1, 9 }, 2));
	is(CLAIM_FAILS, 5, "各报文段的数据字节数：应为 1, 9；实为 1");
	begin_chinese();
	assert_false(expect_there(&f, NULL, BOTH("a FIN", "FIN")));
	is(CLAIM_FAILS, 0, "抓包中没有：FIN");
	begin_chinese();
	assert_false(expect_cause(&f, &eight, &five));
	is(CLAIM_FAILS, 8, "它应由第 5 帧引起；实为第 7 帧");
	begin_chinese();
	claim_aside(&f, ANOTHER);
	is(CLAIM_ASIDE, 0, "另一件事");
}

/* ---- bounds --------------------------------------------------------------------------------- */

static void a_reason_longer_than_its_place_is_still_a_string(void **state)
{
	char words[2 * FINDINGS_SAYS];

	(void)state;
	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	claim(&f, WHAT);
	assert_false(expect(&f, NULL, false, BOTH(words, words)));
	assert_true(strlen(f.claim[0].says) < FINDINGS_SAYS);
	assert_int_equal(findings_state(&f), CLAIM_FAILS);
}

static void claims_beyond_the_last_place_take_its_place(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * FINDINGS_CLAIMS; i++) {
		claim(&f, i < FINDINGS_CLAIMS ? WHAT : ANOTHER);
		assert_true(expect(&f, NULL, true, WHAT));
	}
	assert_int_equal(f.n, FINDINGS_CLAIMS);
	assert_int_equal(findings_state(&f), CLAIM_HOLDS);
	assert_int_equal(f.claim[FINDINGS_CLAIMS - 1].expected, 1);
	assert_string_equal(in_lang(&f.claim[FINDINGS_CLAIMS - 1].what, LANG_EN), "another thing");
	/* Nothing was expected under the newest. */
	claim(&f, ANOTHER);
	assert_int_equal(findings_state(&f), CLAIM_FAILS);
}

static void a_failure_in_the_last_place_is_not_forgotten(void **state)
{
	struct seen seven = segment(7, 0, 0);

	(void)state;
	for (unsigned i = 0; i < FINDINGS_CLAIMS; i++) {
		claim(&f, WHAT);
		assert_true(expect(&f, NULL, true, WHAT));
	}
	claim(&f, ANOTHER);
	assert_false(expect(&f, &seven, false, ANOTHER));
	claim(&f, WHAT);
	assert_true(expect(&f, NULL, true, WHAT));
	assert_int_equal(findings_state(&f), CLAIM_FAILS);
	assert_int_equal(f.claim[FINDINGS_CLAIMS - 1].frame, 7);
	assert_string_equal(f.claim[FINDINGS_CLAIMS - 1].says, "expected: another thing");
	/* Nor is it when it failed because nothing was expected. */
	begin(NULL);
	for (unsigned i = 0; i < FINDINGS_CLAIMS + 2; i++)
		claim(&f, WHAT);
	for (unsigned i = 0; i < 2; i++)
		assert_true(expect(&f, NULL, true, WHAT));
	assert_int_equal(findings_count(&f, CLAIM_FAILS), FINDINGS_CLAIMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_claim_holds_when_all_that_is_expected_holds, begin),
		cmocka_unit_test_setup(a_claim_under_which_nothing_was_expected_fails, begin),
		cmocka_unit_test_setup(the_first_reason_is_kept, begin),
		cmocka_unit_test_setup(what_is_expected_belongs_to_the_claim_before_it, begin),
		cmocka_unit_test_setup(an_expectation_without_a_claim_makes_one, begin),
		cmocka_unit_test_setup(a_claim_that_is_set_aside_neither_holds_nor_fails, begin),
		cmocka_unit_test_setup(what_has_failed_cannot_be_set_aside_any_more, begin),
		cmocka_unit_test_setup(others_decide_where_one_is_aside, begin),
		cmocka_unit_test_setup(where_nothing_was_judged_all_is_aside, begin),
		cmocka_unit_test_setup(a_number_is_told_beside_what_it_should_be, begin),
		cmocka_unit_test_setup(sizes_are_those_and_in_that_order, begin),
		cmocka_unit_test_setup(the_first_segment_that_differs_is_named, begin),
		cmocka_unit_test_setup(
			a_segment_too_many_is_named_and_one_too_few_is_behind_the_last, begin),
		cmocka_unit_test_setup(more_than_sixteen_sizes_are_compared_and_not_all_shown, begin),
		cmocka_unit_test_setup(what_should_be_there_is_there_or_not, begin),
		cmocka_unit_test_setup(an_effect_names_its_cause_and_follows_it, begin),
		cmocka_unit_test_setup(without_a_known_cause_only_the_right_one_is_named, begin),
		cmocka_unit_test_setup(a_cause_is_never_behind_its_effect, begin),
		cmocka_unit_test_setup(half_a_pair_is_no_cause_and_effect, begin),
		cmocka_unit_test_setup(order_is_where_frames_stand_in_the_capture, begin),
		cmocka_unit_test_setup(reasons_are_given_in_chinese_too, begin),
		cmocka_unit_test_setup(a_reason_longer_than_its_place_is_still_a_string, begin),
		cmocka_unit_test_setup(claims_beyond_the_last_place_take_its_place, begin),
		cmocka_unit_test_setup(a_failure_in_the_last_place_is_not_forgotten, begin),
	};

	return cmocka_run_group_tests_name("findings", tests, NULL, NULL);
}
