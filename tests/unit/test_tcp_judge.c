/* tcp_track.h: what is the matter with a segment, and what only looks like it */
#include "tcp_scene.h"

#define IS(t) (1u << TCP_T_##t)

/* Numbers of a begin at 101, of b at 501; `base` moves both to where they go round. */
struct talk {
	struct scene s;
	uint32_t base;
};

static void begin(struct talk *t, uint32_t base)
{
	t->base = base;
	scene_begin(&t->s, 4);
	handshake(&t->s, base + 100, base + 500);
}

static uint32_t heard(struct talk *t, char who, const char *flags, uint32_t seq, uint32_t ack,
		      uint32_t payload)
{
	say(&t->s, who, flags, t->base + seq, t->base + ack, payload);
	return t->s.told.trouble;
}

static void wait_for(struct talk *t, uint64_t ns)
{
	t->s.now = instant_after(t->s.now, ns);
}

static void the_timer_runs_out_and_it_is_sent_again(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(heard(&t, 'a', "PA", 101, 501, 100) == 0);
	wait_for(&t, ms(200));
	assert_true(heard(&t, 'a', "PA", 101, 501, 100) == IS(RETRANSMISSION));
	assert_true(story_now(&t.s).side[0].trouble[TCP_T_RETRANSMISSION] == 1);
	scene_end(&t.s);
}

static void three_acks_ask_for_it_and_it_is_sent_fast(void **state)
{
	struct talk t;

	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		begin(&t, turn ? UINT32_MAX - 700 : 0);
		assert_true(heard(&t, 'b', "A", 501, 101, 100) == 0);
		assert_true(heard(&t, 'b', "A", 601, 101, 100) == 0);
		assert_true(heard(&t, 'b', "A", 701, 101, 100) == 0);
		assert_true(heard(&t, 'a', "A", 101, 601, 0) == 0);
		for (unsigned i = 0; i < 3; i++)
			assert_true(heard(&t, 'a', "A", 101, 601, 0) == IS(DUPLICATE_ACK));
		assert_true(heard(&t, 'b', "A", 601, 101, 100) ==
			    (IS(FAST_RETRANSMISSION) | IS(RETRANSMISSION)));
		scene_end(&t.s);
	}
}

static void sent_again_although_acknowledged_is_spurious(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	heard(&t, 'a', "PA", 101, 501, 100);
	heard(&t, 'b', "A", 501, 201, 0);
	assert_true(heard(&t, 'a', "PA", 101, 501, 100) ==
		    (IS(SPURIOUS_RETRANSMISSION) | IS(RETRANSMISSION)));
	/* nothing is missing, so the answer is no duplicate ACK (RFC 5681 section 2) */
	assert_true(heard(&t, 'b', "A", 501, 201, 0) == 0);
	scene_end(&t.s);
}

static void what_fills_a_gap_at_once_was_out_of_order(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(heard(&t, 'a', "A", 201, 501, 100) == IS(LOST_SEGMENT));
	assert_true(heard(&t, 'a', "A", 101, 501, 100) == IS(OUT_OF_ORDER));
	scene_end(&t.s);
}

static void what_fills_a_gap_late_was_lost_before_the_capture(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(heard(&t, 'a', "A", 201, 501, 100) == IS(LOST_SEGMENT));
	wait_for(&t, ms(300));
	assert_true(heard(&t, 'a', "A", 101, 501, 100) == IS(RETRANSMISSION));
	scene_end(&t.s);
}

static void what_was_seen_before_is_not_out_of_order_however_soon(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	heard(&t, 'a', "A", 101, 501, 100);
	heard(&t, 'a', "A", 201, 501, 100);
	assert_true(heard(&t, 'a', "A", 101, 501, 50) == IS(RETRANSMISSION));
	scene_end(&t.s);
}

static void an_ack_of_what_never_passed_tells_of_a_gap_once(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == IS(ACK_LOST_SEGMENT));
	assert_true(heard(&t, 'a', "A", 101, 601, 10) == 0);
	scene_end(&t.s);
}

static void a_dsack_reports_a_duplicate_and_is_none(void **state)
{
	static const struct tcp_options dsack = {
		.seen = TCP_SEEN_SACK, .n_sack = 1, .sack = { { 501, 601 } } };
	struct talk t;

	(void)state;
	begin(&t, 0);
	heard(&t, 'b', "A", 501, 101, 200);
	heard(&t, 'a', "A", 101, 601, 0);
	t.s.options = &dsack;		/* RFC 2883 section 4 */
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == 0);
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == IS(DUPLICATE_ACK));
	scene_end(&t.s);
}

static void are_you_there_and_i_am(void **state)
{
	struct talk t;

	(void)state;
	for (uint32_t bytes = 0; bytes < 2; bytes++) {
		begin(&t, 0);
		heard(&t, 'a', "A", 101, 501, 10);
		heard(&t, 'b', "A", 501, 111, 0);
		wait_for(&t, 60 * SEC_NS);
		assert_true(heard(&t, 'a', "A", 110, 501, bytes) == IS(KEEP_ALIVE));
		assert_true(heard(&t, 'b', "A", 501, 111, 0) == IS(KEEP_ALIVE_ACK));
		scene_end(&t.s);
	}
}

static void one_byte_sent_again_before_its_ack_is_no_keep_alive(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	heard(&t, 'a', "A", 101, 501, 1);
	wait_for(&t, ms(200));
	assert_true(heard(&t, 'a', "A", 101, 501, 1) == IS(RETRANSMISSION));
	scene_end(&t.s);
}

static void the_window_fills_closes_is_probed_and_opens(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	heard(&t, 'b', "A", 501, 101, 0);
	assert_true(heard(&t, 'a', "A", 101, 501, 2000) == IS(WINDOW_FULL));
	t.s.window[1] = 0;
	assert_true(heard(&t, 'b', "A", 501, 2101, 0) == IS(ZERO_WINDOW));
	wait_for(&t, ms(200));
	/* Linux asks with the byte before the window, empty; others with the next one. */
	assert_true(heard(&t, 'a', "A", 2100, 501, 0) == IS(ZERO_WINDOW_PROBE));
	assert_true(heard(&t, 'b', "A", 501, 2101, 0) ==
		    (IS(ZERO_WINDOW) | IS(ZERO_WINDOW_PROBE_ACK)));
	assert_true(heard(&t, 'a', "A", 2101, 501, 1) == IS(ZERO_WINDOW_PROBE));
	t.s.window[1] = 3000;
	assert_true(heard(&t, 'b', "A", 501, 2101, 0) == IS(WINDOW_UPDATE));
	/* the probe was not taken: the byte is sent for the first time now */
	assert_true(heard(&t, 'a', "A", 2101, 501, 100) == 0);
	scene_end(&t.s);
}

static void a_window_is_scaled_only_when_both_sides_offered_it(void **state)
{
	static const struct tcp_options scale = { .seen = TCP_SEEN_WSCALE, .wscale = 3,
						  .n_kinds = 1, .kind = { 3 } };
	struct scene s;

	(void)state;
	for (unsigned both = 0; both < 2; both++) {
		scene_begin(&s, 4);
		s.options = &scale;
		say(&s, 'a', "S", 100, 0, 0);
		s.options = both ? &scale : NULL;
		say(&s, 'b', "SA", 500, 101, 0);
		/* the window of a SYN is never scaled (RFC 7323 2.2) */
		say(&s, 'a', "A", 101, 501, 2000);
		assert_true(s.told.trouble == IS(WINDOW_FULL));
		say(&s, 'b', "A", 501, 2101, 0);
		say(&s, 'a', "A", 2101, 501, 2000);
		assert_true(s.told.trouble == (both ? 0 : IS(WINDOW_FULL)));
		say(&s, 'b', "A", 501, 4101, 0);
		say(&s, 'a', "A", 4101, 501, 16000);
		assert_true(!!(s.told.trouble & IS(WINDOW_FULL)) == (both == 1));
		scene_end(&s);
	}
}

static void a_window_that_was_never_scaled_for_us_is_not_called_full(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	say(&s, 'b', "A", 501, 101, 0);		/* met underway: the shift is not known */
	say(&s, 'a', "A", 101, 501, 2000);
	assert_true(s.told.trouble == 0);
	scene_end(&s);
}

static void where_one_side_is_not_captured_a_repeated_ack_is_a_duplicate(void **state)
{
	struct talk t;

	(void)state;
	t.base = 0;
	scene_begin(&t.s, 4);
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == 0);
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == IS(DUPLICATE_ACK));
	scene_end(&t.s);
}

static void every_trouble_has_a_name_a_clause_and_a_section(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TCP_T_COUNT; i++) {
		const struct tcp_trouble_info *info = tcp_trouble_info((enum tcp_trouble)i);
		assert_true(info->name && info->says && strncmp(info->section, "RFC ", 4) == 0);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(info->name,
						tcp_trouble_info((enum tcp_trouble)k)->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_timer_runs_out_and_it_is_sent_again),
		cmocka_unit_test(three_acks_ask_for_it_and_it_is_sent_fast),
		cmocka_unit_test(sent_again_although_acknowledged_is_spurious),
		cmocka_unit_test(what_fills_a_gap_at_once_was_out_of_order),
		cmocka_unit_test(what_fills_a_gap_late_was_lost_before_the_capture),
		cmocka_unit_test(what_was_seen_before_is_not_out_of_order_however_soon),
		cmocka_unit_test(an_ack_of_what_never_passed_tells_of_a_gap_once),
		cmocka_unit_test(a_dsack_reports_a_duplicate_and_is_none),
		cmocka_unit_test(are_you_there_and_i_am),
		cmocka_unit_test(one_byte_sent_again_before_its_ack_is_no_keep_alive),
		cmocka_unit_test(the_window_fills_closes_is_probed_and_opens),
		cmocka_unit_test(a_window_is_scaled_only_when_both_sides_offered_it),
		cmocka_unit_test(a_window_that_was_never_scaled_for_us_is_not_called_full),
		cmocka_unit_test(where_one_side_is_not_captured_a_repeated_ack_is_a_duplicate),
		cmocka_unit_test(every_trouble_has_a_name_a_clause_and_a_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
