/*
 * Lab 05, hello in three: what is right passes, what is wrong is told where and why.
 *
 * A run takes two seconds, for kernels' timers.  So one is shared by all tests that only edit its
 * captures, and WIRELAB_TEST_SEEDS (1) says how many seeds are tried.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "lab_scene.h"
#include "wirelab/wire_clock.h"

extern const struct lab lab_hello;

enum { PLAIN, LOST_SYN, LOST_SYNACK, LOST_ACK, BOTH_OPEN };

static struct scene s, once;

/* The one run, as it was. */
static struct scene *played(void)
{
	if (!once.st)
		scene_play(&once, &lab_hello, PLAN_SEED_PUBLIC, CARRIER_TAP);
	return &once;
}

static void five_connections_open_in_five_ways(void **state)
{
	const struct scene *it = played();

	(void)state;
	scene_passes(it);
	assert_int_equal(it->whole.at[ALICE]->n_streams, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(it->whole.at[ALICE]->stream[i].open,
				 i == BOTH_OPEN ? TCP_OPEN_SIMULTANEOUS : TCP_OPEN_COMPLETE);
}

/* However late the kernel was: virtual time is on its grid (wire_clock.h), to the nanosecond. */
static void timers_keep_to_the_grid_of_virtual_time(void **state)
{
	const struct scene *it = played();
	const struct seen *at_alice = it->whole.at[ALICE]->frame;
	const struct seen *at_bob = it->whole.at[BOB]->frame;

	(void)state;
	assert_true((at_alice[8].unix_ns - at_alice[7].unix_ns) % WIRE_CLOCK_LONG_GRID_NS == 0);
	assert_true((at_alice[16].unix_ns - at_alice[15].unix_ns) % WIRE_CLOCK_LONG_GRID_NS == 0);
	/* bob's first SYN was let go on the grid; the second takes its bits and its way besides. */
	assert_true((at_bob[16].unix_ns - at_bob[14].unix_ns) % WIRE_CLOCK_LONG_GRID_NS ==
		    1 * MSEC_NS + 5280);
}

static void the_right_answers_are_those_of_the_notes(void **state)
{
	const int64_t right[] = { 1, 2, 2, 100 };
	const struct scene *it = played();

	(void)state;
	scene_answers(it, right, 4);
}

static void another_seed_and_carrier_have_other_numbers_and_pass(void **state)
{
	const char *wanted = getenv("WIRELAB_TEST_SEEDS");
	int n = wanted ? atoi(wanted) : 1;
	char seed[24];

	(void)state;
	for (int i = 0; i < n; i++) {
		(void)snprintf(seed, sizeof(seed), "learner%d", i);
		scene_play(&s, &lab_hello, seed, i % 2 ? CARRIER_TAP : CARRIER_VETH);
		scene_passes(&s);
		assert_int_not_equal(lab_hello.questions[3].right(&s.lesson, &s.whole), 100);
		scene_end(&s);
	}
}

/* ---- edits of the experiment ------------------------------------------------------------- */

static struct connection to_part(struct stage *st, const struct lesson *l, unsigned part)
{
	return stage_connect(st, stage_host(st, ALICE), stage_host(st, BOB), lesson_port(l, part));
}

static void without_losses(struct stage *st, const struct lesson *l)
{
	(void)to_part(st, l, LOST_SYN);
}

static void a_syn_that_is_not_lost_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_hello, without_losses);
	scene_fails(&s, 0, "a second SYN");
	scene_end(&s);
}

static void an_ack_that_arrives(struct stage *st, const struct lesson *l)
{
	host_send_fill(st, to_part(st, l, LOST_ACK).client, 100);
}

static void a_third_segment_that_arrives_fails_at_bob(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_hello, an_ack_that_arrives);
	scene_fails(&s, 3, "data, and no ACK before it");
	scene_end(&s);
}

static void nothing_to_say(struct stage *st, const struct lesson *l)
{
	(void)to_part(st, l, LOST_ACK);
}

static void an_opener_without_data_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_hello, nothing_to_say);
	scene_fails(&s, 0, "data of who opened");
	scene_end(&s);
}

static void only_one_opens(struct stage *st, const struct lesson *l)
{
	(void)to_part(st, l, BOTH_OPEN);
}

static void one_that_listens_is_no_simultaneous_open(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_hello, only_one_opens);
	scene_fails(&s, 0, "two SYNs and two SYN+ACKs");
	scene_end(&s);
}

static void nobody_is_there(struct stage *st, const struct lesson *l)
{
	int fd = host_socket(st, stage_host(st, ALICE), SOCK_STREAM);

	host_connect(st, fd, stage_host(st, BOB), lesson_port(l, PLAIN));
	stage_run(st);
}

static void a_refused_syn_is_no_handshake(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_hello, nobody_is_there);
	scene_fails(&s, 0, "a SYN+ACK");
	scene_end(&s);
}

/* ---- other captures ------------------------------------------------------------------------ */

#define TCP_AT 34u			/* behind Ethernet's and IPv4's headers */

/* A byte of a frame's TCP header becomes something else. */
struct change { uint64_t frame; unsigned at; int by; };

static bool changed(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	const struct change *c = arg;

	(void)frame;
	if (index == c->frame)
		data[TCP_AT + c->at] = (uint8_t)(data[TCP_AT + c->at] + c->by);
	return true;
}

static void numbers_that_are_not_one_more_fail(void **state)
{
	(void)state;
	scene_edit(played(), ALICE, changed, &(struct change){ 2, 11, -1 });
	scene_fails(&once, 2, "acknowledgment number: expected 1,001, seen 1,000");
	scene_edit(&once, ALICE, changed, &(struct change){ 3, 11, 1 });
	scene_fails(&once, 3, "acknowledgment number: expected 50,001, seen 50,002");
	scene_edit(&once, ALICE, changed, &(struct change){ 3, 7, 1 });
	scene_fails(&once, 3, "sequence number: expected 1,001, seen 1,002");
	scene_edit(&once, ALICE, changed, &(struct change){ 36, 11, 1 });
	scene_fails(&once, 36, "acknowledgment number: expected 5,001, seen 5,002");
}

/* MSS, NOP, NOP, SACK permitted, NOP, window scale, as Linux has it without timestamps. */
static bool without_mss(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	(void)frame;
	for (unsigned i = 0; index == *(uint64_t *)arg && i < 4; i++)
		data[TCP_AT + 20 + i] = 1;	/* a NOP */
	return true;
}

static void a_syn_without_the_option_fails(void **state)
{
	(void)state;
	scene_edit(played(), ALICE, without_mss, &(uint64_t){ 1 });
	scene_fails(&once, 1, "the option MSS");
	scene_edit(&once, ALICE, without_mss, &(uint64_t){ 2 });
	scene_fails(&once, 2, "the option MSS");
}

static void a_capture_that_lost_the_second_syn_fails(void **state)
{
	(void)state;
	scene_edit(played(), ALICE, without_frame, &(uint64_t){ 9 });
	scene_fails(&once, 0, "a second SYN");
}

/* All from frame 9 on comes so much sooner: the SYN is sent again after less than a second. */
static bool sooner(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	(void)data;
	if (index >= 9)
		frame->unix_ns -= *(uint64_t *)arg;
	return true;
}

static void a_syn_that_comes_again_too_soon_fails(void **state)
{
	(void)state;
	scene_edit(played(), ALICE, sooner, &(uint64_t){ 50 * MSEC_NS });
	assert_int_equal(findings_state(&once.f), CLAIM_HOLDS);
	scene_edit(&once, ALICE, sooner, &(uint64_t){ 200 * MSEC_NS });
	scene_fails(&once, 9, "0.9 to 1.3 s");
}

static void bobs_second_synack_must_be_there_and_asked_for(void **state)
{
	(void)state;
	scene_edit(played(), BOB, without_frame, &(uint64_t){ 18 });
	scene_fails(&once, 0, "a second SYN+ACK");
	/* Without the SYN that asked for it, it came by a timer. */
	scene_edit(&once, BOB, without_frame, &(uint64_t){ 17 });
	scene_fails(&once, 17, "follows a second SYN");
	scene_edit(&once, BOB, changed, &(struct change){ 18, 7, 1 });
	scene_fails(&once, 18, "sequence number: expected 70,000, seen 70,001");
}

static void data_that_nobody_acknowledges_fails(void **state)
{
	(void)state;
	scene_edit(played(), ALICE, without_frame, &(uint64_t){ 28 });
	/* What comes next from bob is the ACK of the FIN, frame 30 that was. */
	scene_fails(&once, 29, "should be caused by frame 27");
}

static void a_capture_that_lost_a_crossing_syn_fails(void **state)
{
	(void)state;
	scene_edit(played(), ALICE, without_frame, &(uint64_t){ 34 });
	scene_fails(&once, 0, "two SYNs and two SYN+ACKs");
}

static void what_only_bob_can_show_is_set_aside_without_his_capture(void **state)
{
	(void)state;
	scene_without(played(), BOB);
	assert_int_equal(findings_state(&once.f), CLAIM_HOLDS);
	assert_int_equal(findings_count(&once.f, CLAIM_ASIDE), 2);
}

static bool only_the_second(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	(void)arg;
	(void)frame;
	(void)data;
	return index >= 8 && index <= 15;
}

static void parts_that_are_not_in_the_capture_are_set_aside(void **state)
{
	(void)state;
	scene_edit(played(), ALICE, only_the_second, NULL);
	assert_int_equal(findings_state(&once.f), CLAIM_HOLDS);
	assert_int_equal(findings_count(&once.f, CLAIM_HOLDS), 2);
	assert_int_equal(findings_count(&once.f, CLAIM_FAILS), 0);
}

static void a_capture_of_something_else_is_not_judged(void **state)
{
	(void)state;
	scene_edit(played(), ALICE, from_frame_on_nothing, &(uint64_t){ 1 });
	assert_int_equal(findings_state(&once.f), CLAIM_ASIDE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_connections_open_in_five_ways),
		cmocka_unit_test(timers_keep_to_the_grid_of_virtual_time),
		cmocka_unit_test(the_right_answers_are_those_of_the_notes),
		cmocka_unit_test(another_seed_and_carrier_have_other_numbers_and_pass),
		cmocka_unit_test(a_syn_that_is_not_lost_fails),
		cmocka_unit_test(a_third_segment_that_arrives_fails_at_bob),
		cmocka_unit_test(an_opener_without_data_fails),
		cmocka_unit_test(one_that_listens_is_no_simultaneous_open),
		cmocka_unit_test(a_refused_syn_is_no_handshake),
		cmocka_unit_test(numbers_that_are_not_one_more_fail),
		cmocka_unit_test(a_syn_without_the_option_fails),
		cmocka_unit_test(a_capture_that_lost_the_second_syn_fails),
		cmocka_unit_test(a_syn_that_comes_again_too_soon_fails),
		cmocka_unit_test(bobs_second_synack_must_be_there_and_asked_for),
		cmocka_unit_test(data_that_nobody_acknowledges_fails),
		cmocka_unit_test(a_capture_that_lost_a_crossing_syn_fails),
		cmocka_unit_test(what_only_bob_can_show_is_set_aside_without_his_capture),
		cmocka_unit_test(parts_that_are_not_in_the_capture_are_set_aside),
		cmocka_unit_test(a_capture_of_something_else_is_not_judged),
	};
	int failed = SCENE_MAIN(tests);

	if (once.st)
		scene_end(&once);
	return failed;
}
