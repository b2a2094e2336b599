/* Lab 09, Nagle's waiting room: what is right passes, what is wrong is told where and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "lab_scene.h"

extern const struct lab lab_nagle;

static struct scene s;

static void ten_writes_leave_as_one_byte_and_nine_on_either_carrier(void **state)
{
	(void)state;
	scene_play(&s, &lab_nagle, PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_passes(&s);
	scene_end(&s);
	scene_play(&s, &lab_nagle, PLAN_SEED_PUBLIC, CARRIER_VETH);
	scene_passes(&s);
	scene_end(&s);
}

static void the_right_answers_are_those_of_the_notes(void **state)
{
	const int64_t right[] = { 2, 9, 2, 10 };

	(void)state;
	scene_play(&s, &lab_nagle, PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_answers(&s, right, 4);
	scene_end(&s);
}

static void another_seed_has_other_numbers_and_passes(void **state)
{
	(void)state;
	scene_other_seeds(&s, &lab_nagle, 1, 9, 8);
}

/* ---- edits of the experiment ------------------------------------------------------------- */

static struct connection to_part(struct stage *st, const struct lesson *l, unsigned part)
{
	return stage_connect(st, stage_host(st, ALICE), stage_host(st, BOB), lesson_port(l, part));
}

static void pausing(struct stage *st, const struct lesson *l)
{
	struct connection c = to_part(st, l, 0);

	for (int i = 0; i < 10; i++) {
		host_send_fill(st, c.client, 1);
		stage_run(st);
	}
}

static void a_program_that_pauses_after_each_write_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_nagle, pausing);
	/* Frame 4 is the first byte, 5 its ACK, 6 the second byte alone. */
	scene_fails(&s, 6, "expected 1, 9; seen 1, 1, 1");
	scene_end(&s);
}

static void one_large_write(struct stage *st, const struct lesson *l)
{
	host_send_fill(st, to_part(st, l, 0).client, 10);
}

static void one_write_of_all_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_nagle, one_large_write);
	scene_fails(&s, 4, "expected 1, 9; seen 10");
	scene_end(&s);
}

static void ten_writes(struct stage *st, int fd)
{
	for (int i = 0; i < 10; i++)
		host_send_fill(st, fd, 1);
}

static void never_nagle(struct stage *st, const struct lesson *l)
{
	struct connection c = to_part(st, l, 0);

	host_option(st, c.client, IPPROTO_TCP, TCP_NODELAY, 1);
	ten_writes(st, c.client);
}

static void nodelay_in_the_first_part_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_nagle, never_nagle);
	scene_fails(&s, 5, "expected 1, 9; seen 1, 1, 1");
	scene_end(&s);
}

static void always_nagle(struct stage *st, const struct lesson *l)
{
	ten_writes(st, to_part(st, l, 0).client);
	stage_run(st);
	ten_writes(st, to_part(st, l, 1).client);
}

static void nagle_in_the_second_part_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_nagle, always_nagle);
	/* Frames 1 to 7 are the first connection. */
	scene_fails(&s, 13, "expected 1, 1, 1, 1, 1, 1, 1, 1, 1, 1; seen 1, 9");
	scene_end(&s);
}

static void unfinished(struct stage *st, const struct lesson *l)
{
	struct connection c = to_part(st, l, 0);

	/* What bob says is lost for good: nobody sets the rest free. */
	(void)wire_rule(stage_wire(st, 0), &(struct wire_rule){
		.ports = from_host(stage_host(st, BOB)), .action = WIRE_DROP });
	ten_writes(st, c.client);
}

static void writes_whose_ack_never_comes_fail(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_nagle, unfinished);
	scene_fails(&s, 4, "expected 1, 9; seen 1");
	scene_end(&s);
}

/* ---- other captures ------------------------------------------------------------------------ */

static void a_capture_that_lost_the_ack_fails_for_want_of_a_cause(void **state)
{
	(void)state;
	scene_play(&s, &lab_nagle, PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_edit(&s, ALICE, without_frame, &(uint64_t){ 5 });
	/* The nine bytes are frame 5 now, and the next ACK stands behind them. */
	scene_fails(&s, 5, "should be caused by frame 6");
	scene_end(&s);
}

static void a_capture_that_ends_before_the_second_segment_fails(void **state)
{
	(void)state;
	scene_play(&s, &lab_nagle, PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_edit(&s, ALICE, from_frame_on_nothing, &(uint64_t){ 6 });
	scene_fails(&s, 4, "expected 1, 9; seen 1");
	scene_end(&s);
}

static void a_capture_that_lost_one_of_the_ten_fails(void **state)
{
	(void)state;
	scene_play(&s, &lab_nagle, PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_edit(&s, ALICE, without_frame, &(uint64_t){ 20 });
	scene_fails(&s, 23, "seen 1, 1, 1, 1, 1, 1, 1, 1, 1");
	scene_end(&s);
}

/* The port of the TCP header, of frames to or from it. */
static bool other_port(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	uint16_t from = *(uint16_t *)arg;

	(void)index;
	(void)frame;
	for (unsigned at = 34; at <= 36; at += 2) {
		if ((data[at] << 8 | data[at + 1]) == from) {
			data[at] = 99 >> 8;
			data[at + 1] = 99;
		}
	}
	return true;
}

static void a_part_that_is_not_in_the_capture_is_set_aside(void **state)
{
	(void)state;
	scene_play(&s, &lab_nagle, PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_edit(&s, ALICE, other_port, &(uint16_t){ 7002 });
	assert_int_equal(findings_state(&s.f), CLAIM_HOLDS);
	assert_int_equal(findings_count(&s.f, CLAIM_ASIDE), 1);
	scene_end(&s);
}

static void a_capture_of_something_else_is_not_judged(void **state)
{
	(void)state;
	scene_play(&s, &lab_nagle, PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_edit(&s, ALICE, from_frame_on_nothing, &(uint64_t){ 1 });
	assert_int_equal(findings_state(&s.f), CLAIM_ASIDE);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_writes_leave_as_one_byte_and_nine_on_either_carrier),
		cmocka_unit_test(the_right_answers_are_those_of_the_notes),
		cmocka_unit_test(another_seed_has_other_numbers_and_passes),
		cmocka_unit_test(a_program_that_pauses_after_each_write_fails),
		cmocka_unit_test(one_write_of_all_fails),
		cmocka_unit_test(nodelay_in_the_first_part_fails),
		cmocka_unit_test(nagle_in_the_second_part_fails),
		cmocka_unit_test(writes_whose_ack_never_comes_fail),
		cmocka_unit_test(a_capture_that_lost_the_ack_fails_for_want_of_a_cause),
		cmocka_unit_test(a_capture_that_ends_before_the_second_segment_fails),
		cmocka_unit_test(a_capture_that_lost_one_of_the_ten_fails),
		cmocka_unit_test(a_part_that_is_not_in_the_capture_is_set_aside),
		cmocka_unit_test(a_capture_of_something_else_is_not_judged),
	};

	return SCENE_MAIN(tests);
}
