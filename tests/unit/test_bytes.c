/* bytes.h: a cursor that cannot leave its buffer */
#include "told.h"

#include "wirelab/bytes.h"

static void a_message_is_written_and_read_back_and_both_ends_stay_inside(void **state)
{
	uint8_t buf[16];
	struct wr w = wr_over(buf, sizeof(buf));

	(void)state;
	wr_u8(&w, 0x7f);
	wr_be16(&w, 0x8001);
	wr_be32(&w, 0xfedcba98);
	wr_copy(&w, "text", 4);
	wr_zero(&w, 2);
	assert_true(wr_ok(&w));
	assert_int_equal(w.len, 13);

	struct rd r = rd_over(buf, w.len);
	uint8_t text[4];
	assert_int_equal(rd_u8(&r), 0x7f);
	assert_int_equal(rd_be16(&r), 0x8001);
	assert_int_equal(rd_be32(&r), 0xfedcba98);
	rd_copy(&r, text, sizeof(text));
	assert_memory_equal(text, "text", 4);
	rd_skip(&r, 2);
	assert_true(rd_ok(&r));
	assert_int_equal(r.left, 0);

	assert_int_equal(rd_u8(&r), 0);		/* one byte too far ... */
	assert_false(rd_ok(&r));
	wr_be32(&w, 1);				/* ... and on the other side, too */
	assert_false(wr_ok(&w));
	assert_int_equal(w.len, 13);
}

static void numbers_travel_with_their_highest_byte_first(void **state)
{
	uint8_t buf[6];
	struct wr w = wr_over(buf, sizeof(buf));

	(void)state;
	wr_be16(&w, 0x0102);
	wr_be32(&w, 0x03040506);
	assert_memory_equal(buf, ((uint8_t[]){ 1, 2, 3, 4, 5, 6 }), 6);
}

static void a_number_is_there_whole_or_reads_as_zero(void **state)
{
	static const uint8_t bytes[4] = { 0xff, 0xff, 0xff, 0xff };

	(void)state;
	for (size_t len = 0; len < 4; len++) {
		uint8_t *p = exactly(bytes, len);
		struct rd r = rd_over(p, len);
		assert_int_equal(rd_be32(&r), 0);
		assert_false(rd_ok(&r));
		free(p);
	}
	uint8_t *p = exactly(bytes, 1);
	struct rd r = rd_over(p, 1);
	assert_int_equal(rd_be16(&r), 0);
	assert_false(rd_ok(&r));
	free(p);
}

static void once_past_the_end_every_later_read_is_refused(void **state)
{
	static const uint8_t bytes[3] = { 1, 2, 3 };
	struct rd r = rd_over(bytes, sizeof(bytes));
	uint8_t copy[2] = { 0xaa, 0xaa };

	(void)state;
	rd_skip(&r, 4);
	assert_false(rd_ok(&r));
	assert_int_equal(rd_u8(&r), 0);		/* three bytes are left, none is handed out */
	assert_null(rd_bytes(&r, 0));
	rd_copy(&r, copy, sizeof(copy));
	assert_memory_equal(copy, ((uint8_t[]){ 0, 0 }), 2);
}

static void a_length_near_the_top_of_size_t_is_too_long_not_short(void **state)
{
	static const uint8_t bytes[8];
	uint8_t out[8];
	struct rd r = rd_over(bytes, sizeof(bytes));
	struct wr w = wr_over(out, sizeof(out));

	(void)state;
	rd_skip(&r, 4);
	assert_null(rd_bytes(&r, SIZE_MAX - 2));
	wr_be32(&w, 0);
	assert_null(wr_room(&w, SIZE_MAX - 2));
	assert_int_equal(w.len, 4);
}

static void an_inner_cursor_cannot_see_past_its_own_length(void **state)
{
	static const uint8_t bytes[6] = { 1, 2, 3, 4, 5, 6 };
	struct rd outer = rd_over(bytes, sizeof(bytes));
	struct rd inner = rd_take(&outer, 2);

	(void)state;
	assert_int_equal(rd_be16(&inner), 0x0102);
	assert_int_equal(rd_u8(&inner), 0);
	assert_false(rd_ok(&inner));
	assert_true(rd_ok(&outer));		/* the inner one's mistake stays its own */
	assert_int_equal(rd_u8(&outer), 3);
}

static void an_inner_cursor_longer_than_the_outer_makes_both_bad(void **state)
{
	static const uint8_t bytes[2];
	struct rd outer = rd_over(bytes, sizeof(bytes));
	struct rd inner = rd_take(&outer, 3);

	(void)state;
	assert_false(rd_ok(&outer));
	assert_false(rd_ok(&inner));
	assert_int_equal(inner.left, 0);
}

/* An empty file is mapped at NULL. */
static void nothing_can_be_taken_from_nothing_and_that_is_no_error(void **state)
{
	struct rd r = rd_over(NULL, 0);
	struct rd inner = rd_take(&r, 0);

	(void)state;
	rd_skip(&r, 0);
	assert_true(rd_ok(&r));
	assert_true(rd_ok(&inner));
	assert_int_equal(inner.left, 0);
	assert_int_equal(rd_u8(&inner), 0);
	assert_false(rd_ok(&inner));
}

static void a_writer_stops_at_its_buffer_and_writes_nothing_from_there_on(void **state)
{
	(void)state;
	for (size_t cap = 0; cap < 4; cap++) {
		uint8_t *p = malloc(cap);
		struct wr w = wr_over(p, cap);
		wr_be32(&w, 0x01020304);
		wr_u8(&w, 9);			/* would fit, but order is order */
		assert_false(wr_ok(&w));
		assert_int_equal(w.len, 0);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_written_and_read_back_and_both_ends_stay_inside),
		cmocka_unit_test(numbers_travel_with_their_highest_byte_first),
		cmocka_unit_test(a_number_is_there_whole_or_reads_as_zero),
		cmocka_unit_test(once_past_the_end_every_later_read_is_refused),
		cmocka_unit_test(a_length_near_the_top_of_size_t_is_too_long_not_short),
		cmocka_unit_test(an_inner_cursor_cannot_see_past_its_own_length),
		cmocka_unit_test(an_inner_cursor_longer_than_the_outer_makes_both_bad),
		cmocka_unit_test(nothing_can_be_taken_from_nothing_and_that_is_no_error),
		cmocka_unit_test(a_writer_stops_at_its_buffer_and_writes_nothing_from_there_on),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
