/* Lab 10, MSS and MTU: what is right passes, what is wrong is told where and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "lab_scene.h"

extern const struct lab lab_mss;

static struct scene s;

/* With the public seed: three connections, 21, 27 and 27 frames of it at either card. */
enum { PLAIN_DATA = 4, PLAIN_REST = 10, CLAMPED_SYN = 22, CLAMPED_SYNACK = 23, CLAMPED_DATA = 25,
       NARROW_SYN = 49, NARROW_SYNACK = 50, NARROW_DATA = 52 };

static void play(void)
{
	scene_play(&s, &lab_mss, PLAN_SEED_PUBLIC, CARRIER_TAP);
}

static void three_sends_are_cut_to_three_measures_on_either_carrier(void **state)
{
	(void)state;
	play();
	scene_passes(&s);
	assert_int_equal(findings_count(&s.f, CLAIM_HOLDS), 7);
	scene_end(&s);
	scene_play(&s, &lab_mss, PLAN_SEED_PUBLIC, CARRIER_VETH);
	scene_passes(&s);
	scene_end(&s);
}

static void the_right_answers_are_those_of_the_text(void **state)
{
	const int64_t right[] = { 1460, 7, 2, 536 };

	(void)state;
	play();
	scene_answers(&s, right, 4);
	scene_end(&s);
}

static void another_seed_has_other_numbers_and_passes(void **state)
{
	(void)state;
	scene_other_seeds(&s, &lab_mss, 3, 536, 8);
}

/* Were it not for this, PSH would stand inside the burst, at places that the round trip decides. */
static void tcp_hands_its_segments_over_one_by_one(void **state)
{
	(void)state;
	for (int carrier = CARRIER_TAP; carrier <= CARRIER_VETH; carrier++) {
		scene_play(&s, &lab_mss, PLAN_SEED_PUBLIC, (enum carrier_kind)carrier);
		for (uint64_t i = PLAIN_DATA; i <= PLAIN_REST; i++)
			assert_int_equal(capture_frame(s.whole.at[ALICE], i)->moment.flags,
					 TCP_ACK | (i == PLAIN_REST ? TCP_PSH : 0));
		scene_end(&s);
	}
}

/* ---- edits of the experiment ------------------------------------------------------------- */

static struct connection to_part(struct stage *st, const struct lesson *l, unsigned part)
{
	return stage_connect(st, stage_host(st, ALICE), stage_host(st, BOB), lesson_port(l, part));
}

static void in_two_sends(struct stage *st, const struct lesson *l)
{
	struct connection c = to_part(st, l, 0);

	host_send_fill(st, c.client, 9000);
	stage_run(st);
	host_send_fill(st, c.client, 1000);
}

static void two_sends_far_apart_instead_of_one_fail(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_mss, in_two_sends);
	scene_fails(&s, PLAIN_REST, "seen 1460, 1460, 1460, 1460, 1460, 1460, 240, 1000");
	scene_end(&s);
}

static void with_timestamps(struct stage *st, const struct lesson *l)
{
	host_sysctl(st, stage_host(st, ALICE), "ipv4/tcp_timestamps", "1");
	host_sysctl(st, stage_host(st, BOB), "ipv4/tcp_timestamps", "1");
	host_send_fill(st, to_part(st, l, 0).client, 10000);
}

static void options_that_take_their_place_from_the_data_fail(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_mss, with_timestamps);
	scene_fails(&s, PLAIN_DATA, "seen 1448, 1448, 1448, 1448, 1448, 1448, 1312");
	scene_end(&s);
}

static void nobody_clamps(struct stage *st, const struct lesson *l)
{
	host_send_fill(st, to_part(st, l, 1).client, 5000);
}

static void a_wire_that_lowers_nothing_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_mss, nobody_clamps);
	scene_fails(&s, 2, "MSS: expected 536, seen 1,460");
	scene_end(&s);
}

static void bob_himself_says_less(struct stage *st, const struct lesson *l)
{
	host_mtu(st, stage_host(st, BOB), 576);
	host_send_fill(st, to_part(st, l, 1).client, 5000);
}

static void a_low_mss_that_is_bobs_own_is_seen_in_his_capture(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_mss, bob_himself_says_less);
	/* At alice it looks right.  Her SYN came to him as she sent it. */
	scene_fails(&s, 1, "MSS: expected 536, seen 1,460");
	scene_without(&s, BOB);
	assert_int_equal(findings_state(&s.f), CLAIM_HOLDS);
	scene_end(&s);
}

static void alice_is_narrow(struct stage *st, const struct lesson *l)
{
	host_mtu(st, stage_host(st, ALICE), 576);
	host_send_fill(st, to_part(st, l, 2).client, 5000);
}

static void the_smaller_mtu_on_the_other_side_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_mss, alice_is_narrow);
	/* The sizes are the same; who announced what is not. */
	scene_fails(&s, 1, "MSS: expected 1,460, seen 536");
	scene_end(&s);
}

/* ---- other captures ------------------------------------------------------------------------ */

static void a_capture_that_lost_a_segment_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, without_frame, &(uint64_t){ 6 });
	scene_fails(&s, 9, "seen 1460, 1460, 1460, 1460, 1460, 1240");
	scene_end(&s);
}

static void a_capture_that_ends_amid_the_data_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, from_frame_on_nothing, &(uint64_t){ NARROW_DATA + 3 });
	scene_fails(&s, NARROW_DATA + 2, "seen 536, 536, 536");
	scene_end(&s);
}

static void a_connection_whose_handshake_was_missed_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, without_frame, &(uint64_t){ NARROW_SYNACK });
	scene_fails(&s, 0, "not in the capture: SYN and SYN+ACK");
	scene_end(&s);
}

/* Other bits where DF and MF are: byte 20 of the frame. */
struct flag_bits { uint64_t index; uint8_t bits; };

static bool other_flags(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	const struct flag_bits *f = arg;

	(void)frame;
	if (index == f->index)
		data[20] = f->bits;
	return true;
}

static void a_segment_that_may_be_cut_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, other_flags, &(struct flag_bits){ PLAIN_DATA + 1, 0 });
	scene_fails(&s, PLAIN_DATA + 1, "DF is set");
	scene_end(&s);
}

static void a_fragment_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, other_flags, &(struct flag_bits){ CLAMPED_DATA, 0x20 });
	scene_fails(&s, CLAMPED_DATA, "no fragment of a TCP segment");
	assert_int_equal(lab_mss.questions[2].right(&s.lesson, &s.e), 1);
	scene_end(&s);
}

/* NOPs stand in the place of the option, which is the first. */
static bool without_mss(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	(void)frame;
	if (index == *(uint64_t *)arg)
		memcpy(data + 54, "\1\1\1\1", 4);
	return true;
}

static void a_syn_without_an_mss_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, without_mss, &(uint64_t){ NARROW_SYN });
	scene_fails(&s, NARROW_SYN, "MSS: expected 1,460, seen 0");
	scene_end(&s);
}

static void bobs_capture_of_another_run_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, BOB, without_mss, &(uint64_t){ CLAMPED_SYN });
	scene_fails(&s, CLAMPED_SYN, "MSS: expected 536, seen 0");
	scene_end(&s);
}

/* ---- parts that are not there ------------------------------------------------------------------ */

static void without_bobs_capture_one_claim_is_set_aside(void **state)
{
	(void)state;
	play();
	scene_without(&s, BOB);
	assert_int_equal(findings_state(&s.f), CLAIM_HOLDS);
	assert_int_equal(findings_count(&s.f, CLAIM_ASIDE), 1);
	scene_end(&s);
}

static void parts_that_are_not_in_the_capture_are_set_aside(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, from_frame_on_nothing, &(uint64_t){ CLAMPED_SYN });
	assert_int_equal(findings_state(&s.f), CLAIM_HOLDS);
	assert_int_equal(findings_count(&s.f, CLAIM_ASIDE), 2);
	scene_edit(&s, ALICE, from_frame_on_nothing, &(uint64_t){ 1 });
	assert_int_equal(findings_state(&s.f), CLAIM_ASIDE);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_sends_are_cut_to_three_measures_on_either_carrier),
		cmocka_unit_test(the_right_answers_are_those_of_the_text),
		cmocka_unit_test(another_seed_has_other_numbers_and_passes),
		cmocka_unit_test(tcp_hands_its_segments_over_one_by_one),
		cmocka_unit_test(two_sends_far_apart_instead_of_one_fail),
		cmocka_unit_test(options_that_take_their_place_from_the_data_fail),
		cmocka_unit_test(a_wire_that_lowers_nothing_fails),
		cmocka_unit_test(a_low_mss_that_is_bobs_own_is_seen_in_his_capture),
		cmocka_unit_test(the_smaller_mtu_on_the_other_side_fails),
		cmocka_unit_test(a_capture_that_lost_a_segment_fails),
		cmocka_unit_test(a_capture_that_ends_amid_the_data_fails),
		cmocka_unit_test(a_connection_whose_handshake_was_missed_fails),
		cmocka_unit_test(a_segment_that_may_be_cut_fails),
		cmocka_unit_test(a_fragment_fails),
		cmocka_unit_test(a_syn_without_an_mss_fails),
		cmocka_unit_test(bobs_capture_of_another_run_fails),
		cmocka_unit_test(without_bobs_capture_one_claim_is_set_aside),
		cmocka_unit_test(parts_that_are_not_in_the_capture_are_set_aside),
	};

	return SCENE_MAIN(tests);
}
