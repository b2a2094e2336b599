/* Lab 06, goodbye in four, three or one: what is right passes, what is wrong is told where and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "lab_scene.h"

extern const struct lab lab_goodbye;

enum { FOUR, THREE, HALF, RESET, CROSSING };

static struct scene s;

static void play(const char *seed, enum carrier_kind carrier)
{
	scene_play(&s, &lab_goodbye, seed, carrier);
}

static void five_connections_end_in_five_ways_on_either_carrier(void **state)
{
	static const enum tcp_close wanted[] = {
		TCP_CLOSE_FIN4, TCP_CLOSE_FIN3, TCP_CLOSE_HALF, TCP_CLOSE_RST, TCP_CLOSE_SIMULTANEOUS,
	};

	(void)state;
	for (int carrier = 0; carrier < 2; carrier++) {
		play(PLAN_SEED_PUBLIC, carrier ? CARRIER_VETH : CARRIER_TAP);
		scene_passes(&s);
		assert_int_equal(s.whole.at[ALICE]->n_streams, 5);
		for (unsigned i = 0; i < 5; i++)
			assert_int_equal(s.whole.at[ALICE]->stream[i].close, wanted[i]);
		scene_end(&s);
	}
}

static void the_right_answers_are_those_of_the_notes(void **state)
{
	const int64_t right[] = { 4, 3000, 0, 1 };

	(void)state;
	play(PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_answers(&s, right, 4);
	scene_end(&s);
}

static void another_seed_has_other_numbers_and_passes(void **state)
{
	(void)state;
	scene_other_seeds(&s, &lab_goodbye, 1, 3000, 8);
}

/* ---- edits of the experiment ------------------------------------------------------------- */

/* Frames 1 to 5: the handshake, alice's bytes and their ACK. */
static struct connection asked(struct stage *st, const struct lesson *l, unsigned part)
{
	struct connection c = stage_connect(st, stage_host(st, ALICE), stage_host(st, BOB),
					    lesson_port(l, part));

	host_send_fill(st, c.client, 20);
	stage_run(st);
	return c;
}

static void close_in_turn(struct stage *st, int first, int second)
{
	host_close(st, first);
	stage_run(st);
	host_close(st, second);
	stage_run(st);
}

static void bob_first(struct stage *st, const struct lesson *l)
{
	struct connection c = asked(st, l, FOUR);

	(void)host_receive_all(st, c.server);
	close_in_turn(st, c.server, c.client);
}

static void whoever_closes_first_is_left_in_time_wait(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_goodbye, bob_first);
	assert_int_equal(findings_state(&s.f), CLAIM_HOLDS);
	assert_int_equal(findings_count(&s.f, CLAIM_HOLDS), 3);
	assert_int_equal(lab_goodbye.questions[3].right(&s.lesson, &s.whole), 2);
	scene_end(&s);
}

static void quick_where_four_are_wanted(struct stage *st, const struct lesson *l)
{
	host_delay_acks(st, stage_host(st, BOB), true);
	struct connection c = asked(st, l, FOUR);

	(void)host_receive_all(st, c.server);
	close_in_turn(st, c.client, c.server);
}

static void three_segments_where_four_are_wanted_fail(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_goodbye, quick_where_four_are_wanted);
	scene_fails(&s, 8, "from the first FIN on: expected 4, seen 3");
	scene_end(&s);
}

static void slow_where_three_are_wanted(struct stage *st, const struct lesson *l)
{
	struct connection c = asked(st, l, THREE);

	(void)host_receive_all(st, c.server);
	close_in_turn(st, c.client, c.server);
}

static void an_ack_of_its_own_where_three_are_wanted_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_goodbye, slow_where_three_are_wanted);
	scene_fails(&s, 7, "acknowledged by the second FIN");
	scene_end(&s);
}

static void nothing_more_to_say(struct stage *st, const struct lesson *l)
{
	struct connection c = asked(st, l, HALF);

	(void)host_receive_all(st, c.server);
	host_shutdown(st, c.client);
	stage_run(st);
	host_close(st, c.server);
}

static void a_half_close_that_nobody_uses_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_goodbye, nothing_more_to_say);
	scene_fails(&s, 6, "data of the other side behind this FIN");
	scene_end(&s);
}

static void close_for_shutdown(struct stage *st, const struct lesson *l)
{
	struct connection c = asked(st, l, HALF);

	(void)host_receive_all(st, c.server);
	host_close(st, c.client);
	stage_run(st);
	host_send_fill(st, c.server, 100);
	stage_run(st);
}

static void data_that_meets_a_closed_socket_is_not_acknowledged(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_goodbye, close_for_shutdown);
	/* 6 is the FIN, 7 its ACK, 8 bob's data; 9 is alice's RST. */
	scene_fails(&s, 8, "these bytes are acknowledged");
	assert_true(s.whole.at[ALICE]->frame[8].moment.flags & TCP_RST);
	scene_end(&s);
}

static void read_before_closing(struct stage *st, const struct lesson *l)
{
	struct connection c = asked(st, l, RESET);

	(void)host_receive_all(st, c.server);
	close_in_turn(st, c.server, c.client);
}

static void a_server_that_reads_before_it_closes_sends_no_rst_and_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_goodbye, read_before_closing);
	scene_fails(&s, 0, "a RST");
	scene_end(&s);
}

static void unread(struct stage *st, const struct lesson *l)
{
	struct connection c = asked(st, l, RESET);

	host_close(st, c.server);
	stage_run(st);
	if (host_error(st, c.client) != ECONNRESET)
		stage_fail(st, "alice was told nothing");
}

static void alice_learns_of_the_reset(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_goodbye, unread);
	assert_int_equal(findings_state(&s.f), CLAIM_HOLDS);
	scene_end(&s);
}

static void one_after_the_other(struct stage *st, const struct lesson *l)
{
	struct connection c = asked(st, l, CROSSING);

	(void)host_receive_all(st, c.server);
	close_in_turn(st, c.client, c.server);
}

static void fins_that_do_not_cross_fail(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_goodbye, one_after_the_other);
	scene_fails(&s, 8, "does not acknowledge the other");
	scene_end(&s);
}

/* ---- other captures ------------------------------------------------------------------------ */

static void a_capture_that_lost_the_ack_of_the_first_fin_fails(void **state)
{
	(void)state;
	play(PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_edit(&s, ALICE, without_frame, &(uint64_t){ 9 });
	scene_fails(&s, 10, "expected 4, seen 3");
	scene_end(&s);
}

static void a_capture_that_ends_before_the_last_ack_fails(void **state)
{
	(void)state;
	play(PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_edit(&s, ALICE, from_frame_on_nothing, &(uint64_t){ 11 });
	scene_fails(&s, 0, "an ACK of the second FIN");
	scene_end(&s);
}

static void a_capture_that_lost_what_alice_says_to_late_data_fails(void **state)
{
	(void)state;
	play(PLAN_SEED_PUBLIC, CARRIER_TAP);
	/* 35 is the last of bob's late data; 37 his FIN, whose ACK would cover it. */
	scene_edit(&s, ALICE, from_frame_on_nothing, &(uint64_t){ 36 });
	scene_fails(&s, 35, "these bytes are acknowledged");
	scene_end(&s);
}

#define TCP_AT 34u			/* behind Ethernet's and IPv4's headers */

/* The RST of frame 44 becomes a FIN: what close() would have sent. */
static bool rst_to_fin(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	(void)arg;
	(void)frame;
	if (index == 44)
		data[TCP_AT + 13] = TCP_FIN | TCP_ACK;
	return true;
}

static void a_fin_in_place_of_the_rst_fails(void **state)
{
	(void)state;
	play(PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_edit(&s, ALICE, rst_to_fin, NULL);
	scene_fails(&s, 0, "a RST");
	scene_end(&s);
}

/* The FIN of frame 53 acknowledges one byte more: that of 52. */
static bool cover_the_fin(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	(void)arg;
	(void)frame;
	if (index == 53)
		data[TCP_AT + 11]++;
	return true;
}

static void a_second_fin_that_knows_the_first_is_no_crossing(void **state)
{
	(void)state;
	play(PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_edit(&s, ALICE, cover_the_fin, NULL);
	scene_fails(&s, 53, "does not acknowledge the other");
	scene_end(&s);
}

static bool only_the_second(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	(void)arg;
	(void)frame;
	(void)data;
	return index >= 12 && index <= 21;
}

static void parts_that_are_not_in_the_capture_are_set_aside(void **state)
{
	(void)state;
	play(PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_edit(&s, ALICE, only_the_second, NULL);
	assert_int_equal(findings_state(&s.f), CLAIM_HOLDS);
	assert_int_equal(findings_count(&s.f, CLAIM_HOLDS), 1);
	assert_true(findings_count(&s.f, CLAIM_ASIDE) >= 4);
	assert_int_equal(findings_count(&s.f, CLAIM_FAILS), 0);
	scene_end(&s);
}

static void a_capture_of_something_else_is_not_judged(void **state)
{
	(void)state;
	play(PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_edit(&s, ALICE, from_frame_on_nothing, &(uint64_t){ 1 });
	assert_int_equal(findings_state(&s.f), CLAIM_ASIDE);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_connections_end_in_five_ways_on_either_carrier),
		cmocka_unit_test(the_right_answers_are_those_of_the_notes),
		cmocka_unit_test(another_seed_has_other_numbers_and_passes),
		cmocka_unit_test(whoever_closes_first_is_left_in_time_wait),
		cmocka_unit_test(three_segments_where_four_are_wanted_fail),
		cmocka_unit_test(an_ack_of_its_own_where_three_are_wanted_fails),
		cmocka_unit_test(a_half_close_that_nobody_uses_fails),
		cmocka_unit_test(data_that_meets_a_closed_socket_is_not_acknowledged),
		cmocka_unit_test(a_server_that_reads_before_it_closes_sends_no_rst_and_fails),
		cmocka_unit_test(alice_learns_of_the_reset),
		cmocka_unit_test(fins_that_do_not_cross_fail),
		cmocka_unit_test(a_capture_that_lost_the_ack_of_the_first_fin_fails),
		cmocka_unit_test(a_capture_that_ends_before_the_last_ack_fails),
		cmocka_unit_test(a_capture_that_lost_what_alice_says_to_late_data_fails),
		cmocka_unit_test(a_fin_in_place_of_the_rst_fails),
		cmocka_unit_test(a_second_fin_that_knows_the_first_is_no_crossing),
		cmocka_unit_test(parts_that_are_not_in_the_capture_are_set_aside),
		cmocka_unit_test(a_capture_of_something_else_is_not_judged),
	};

	return SCENE_MAIN(tests);
}
