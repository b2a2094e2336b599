/* tcp_reason.h: why each segment was sent */
#include "tcp_scene.h"

#include "wirelab/tcp_reason.h"

static struct scene scene;
static struct tcp_past past;
static struct tcp_moment m;

/* As tcp_scene.h's say(), `after` nanoseconds after the last one, with its reason in m. */
static void tell(uint64_t after, char who, const char *flags, uint32_t seq, uint32_t ack,
		 uint32_t payload)
{
	struct tcp_segment seg = segment_of(&scene, who);

	seg.flags = flags_of(flags);
	seg.seq = seq;
	seg.ack = ack;
	seg.payload = payload;
	seg.wire_bytes = 54 + payload;
	seg.options = scene.options;
	scene.options = NULL;
	scene.now = instant_after(scene.now, after);
	seg.when = scene.now;
	seg.frame = ++scene.frame;
	assert_int_equal(tcp_track_segment(scene.t, &seg, &scene.told), TCP_TRACK_OK);
	tcp_reason_hear(&past, &seg, &scene.told, &m);
}

static void because_of(enum tcp_why why, uint64_t cause_frame)
{
	assert_string_equal(tcp_why_info((enum tcp_why)m.why)->name, tcp_why_info(why)->name);
	assert_int_equal(m.cause_frame, cause_frame);
}

static const struct tcp_options mss_1460 = { .seen = TCP_SEEN_MSS, .mss = 1460 };

#define RTT (10 * MSEC_NS)

/* Captured beside a, the client; the server is 10 ms away.  Frames 1 to 3. */
static void shake_hands(void)
{
	scene_begin(&scene, 4);
	past = (struct tcp_past){ 0 };
	scene.options = &mss_1460;
	tell(0, 'a', "S", 1000, 0, 0);
	scene.options = &mss_1460;
	tell(RTT, 'b', "SA", 5000, 1001, 0);
	tell(20 * USEC_NS, 'a', "A", 1001, 5001, 0);
}

static void a_connection_explains_itself_from_syn_to_last_ack(void **state)
{
	(void)state;
	scene_begin(&scene, 4);
	past = (struct tcp_past){ 0 };
	tell(0, 'a', "S", 1000, 0, 0);
	because_of(TCP_WHY_OPENS, 0);
	tell(RTT, 'b', "SA", 5000, 1001, 0);
	because_of(TCP_WHY_ACCEPTS, 1);
	assert_int_equal(m.waited_ns, RTT);
	tell(20 * USEC_NS, 'a', "A", 1001, 5001, 0);
	because_of(TCP_WHY_COMPLETES, 2);
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 100);
	because_of(TCP_WHY_DATA, 0);
	assert_int_equal(m.notes, TCP_NOTE_FIRST_DATA);
	tell(RTT, 'b', "PA", 5001, 1101, 300);
	because_of(TCP_WHY_DATA_ANSWERS, 4);
	assert_int_equal(m.acked, 100);
	tell(20 * USEC_NS, 'a', "A", 1101, 5301, 0);
	because_of(TCP_WHY_ACKS, 5);
	assert_int_equal(m.acked, 300);
	tell(SEC_NS, 'a', "FA", 1101, 5301, 0);
	because_of(TCP_WHY_FINISHES, 0);
	tell(RTT, 'b', "A", 5301, 1102, 0);
	because_of(TCP_WHY_ACKS_FIN, 7);
	assert_int_equal(m.acked, 0);
	tell(MSEC_NS, 'b', "FA", 5301, 1102, 0);
	because_of(TCP_WHY_FINISHES_TOO, 7);
	tell(20 * USEC_NS, 'a', "A", 1102, 5302, 0);
	because_of(TCP_WHY_ACKS_FIN, 9);
	scene_end(&scene);
}

static void small_writes_wait_for_the_ack_of_the_first(void **state)
{
	(void)state;
	shake_hands();
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 1);
	because_of(TCP_WHY_DATA, 0);
	tell(RTT, 'b', "A", 5001, 1002, 0);
	because_of(TCP_WHY_ACKS, 4);
	tell(15 * USEC_NS, 'a', "PA", 1002, 5001, 9);
	because_of(TCP_WHY_DATA_RELEASED, 5);
	assert_int_equal(m.notes & TCP_NOTE_STALL, 0);
	scene_end(&scene);
}

static void beside_the_receiver_the_released_segment_comes_a_round_trip_after_the_ack(void **state)
{
	(void)state;
	scene_begin(&scene, 4);
	past = (struct tcp_past){ 0 };
	scene.options = &mss_1460;
	tell(0, 'a', "S", 1000, 0, 0);
	scene.options = &mss_1460;
	tell(20 * USEC_NS, 'b', "SA", 5000, 1001, 0);
	tell(RTT, 'a', "A", 1001, 5001, 0);
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 1);
	tell(20 * USEC_NS, 'b', "A", 5001, 1002, 0);
	tell(RTT, 'a', "PA", 1002, 5001, 9);
	because_of(TCP_WHY_DATA_RELEASED, 5);
	scene_end(&scene);
}

/* Beside the receiver a whole round trip must pass; what comes at once was under way. */
static void what_follows_sooner_than_a_reaction_can_did_not_wait(void **state)
{
	(void)state;
	scene_begin(&scene, 4);
	past = (struct tcp_past){ 0 };
	scene.options = &mss_1460;
	tell(0, 'a', "S", 1000, 0, 0);
	scene.options = &mss_1460;
	tell(20 * USEC_NS, 'b', "SA", 5000, 1001, 0);
	tell(RTT, 'a', "A", 1001, 5001, 0);
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 100);
	tell(20 * USEC_NS, 'b', "A", 5001, 1101, 0);
	tell(20 * USEC_NS, 'a', "PA", 1101, 5001, 900);
	because_of(TCP_WHY_DATA, 0);
	scene_end(&scene);
}

static void without_a_handshake_nobody_is_said_to_have_waited(void **state)
{
	(void)state;
	scene_begin(&scene, 4);
	past = (struct tcp_past){ 0 };
	tell(0, 'a', "PA", 1001, 5001, 1);
	tell(RTT, 'b', "A", 5001, 1002, 0);
	tell(10 * USEC_NS, 'a', "PA", 1002, 5001, 9);
	because_of(TCP_WHY_DATA, 0);
	scene_end(&scene);
}

static void a_delayed_ack_makes_of_it_the_forty_millisecond_stall(void **state)
{
	(void)state;
	shake_hands();
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 1);
	tell(RTT + 40 * MSEC_NS, 'b', "A", 5001, 1002, 0);
	because_of(TCP_WHY_ACKS_LATE, 4);
	tell(15 * USEC_NS, 'a', "PA", 1002, 5001, 9);
	because_of(TCP_WHY_DATA_RELEASED, 5);
	assert_true(m.notes & TCP_NOTE_STALL);
	scene_end(&scene);
}

static void who_writes_long_after_the_ack_was_not_held_back(void **state)
{
	(void)state;
	shake_hands();
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 1);
	tell(RTT, 'b', "A", 5001, 1002, 0);
	tell(8 * MSEC_NS, 'a', "PA", 1002, 5001, 9);
	because_of(TCP_WHY_DATA, 0);
	scene_end(&scene);
}

static void full_segments_after_an_ack_were_waiting_for_the_window_not_for_nagle(void **state)
{
	(void)state;
	shake_hands();
	for (uint32_t i = 0; i < 10; i++)
		tell(5 * USEC_NS, 'a', "A", 1001 + 1460 * i, 5001, 1460);
	because_of(TCP_WHY_DATA, 0);
	assert_true(m.notes & TCP_NOTE_FULL_SIZED);
	tell(RTT, 'b', "A", 5001, 1001 + 2 * 1460, 0);
	because_of(TCP_WHY_ACKS_SEVERAL, 4);
	assert_int_equal(m.count, 2);
	tell(10 * USEC_NS, 'a', "A", 1001 + 10 * 1460, 5001, 1460);
	because_of(TCP_WHY_DATA_CLOCKED, 14);
	tell(10 * USEC_NS, 'a', "A", 1001 + 11 * 1460, 5001, 1460);
	because_of(TCP_WHY_DATA_CLOCKED, 14);
	scene_end(&scene);
}

static void more_payload_than_the_mss_allows_was_not_on_the_wire_so(void **state)
{
	(void)state;
	shake_hands();
	tell(MSEC_NS, 'a', "A", 1001, 5001, 14480);
	assert_true(m.notes & TCP_NOTE_BEYOND_MSS);
	scene_end(&scene);
}

static void a_timeout_knows_when_the_segment_was_sent_before(void **state)
{
	(void)state;
	shake_hands();
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 100);
	tell(204 * MSEC_NS, 'a', "PA", 1001, 5001, 100);
	because_of(TCP_WHY_TIMEOUT, 4);
	assert_int_equal(m.waited_ns, 204 * MSEC_NS);
	tell(408 * MSEC_NS, 'a', "PA", 1001, 5001, 100);
	because_of(TCP_WHY_TIMEOUT, 5);
	scene_end(&scene);
}

static void an_ack_that_follows_what_was_sent_again_is_not_late(void **state)
{
	(void)state;
	shake_hands();
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 100);
	tell(204 * MSEC_NS, 'a', "PA", 1001, 5001, 100);
	tell(RTT, 'b', "A", 5001, 1101, 0);
	because_of(TCP_WHY_ACKS, 5);
	assert_int_equal(m.waited_ns, RTT);
	scene_end(&scene);
}

/* RFC 2883: the network delivered one segment twice, which only its receiver saw. */
static void a_dsack_points_at_the_segment_that_came_twice(void **state)
{
	struct tcp_options dsack = { .seen = TCP_SEEN_SACK, .n_sack = 1,
				     .sack = { { 1001, 1101 } } };

	(void)state;
	shake_hands();
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 100);
	tell(MSEC_NS, 'a', "PA", 1101, 5001, 100);
	tell(RTT, 'b', "A", 5001, 1201, 0);
	scene.options = &dsack;
	tell(MSEC_NS, 'b', "A", 5001, 1201, 0);
	because_of(TCP_WHY_ACKS_AGAIN, 4);
	scene_end(&scene);
}

static void duplicate_acks_ask_for_the_missing_one_and_get_it(void **state)
{
	(void)state;
	shake_hands();
	for (uint32_t i = 0; i < 5; i++)
		tell(5 * USEC_NS, 'a', "A", 1001 + 1460 * i, 5001, 1460);
	tell(RTT, 'b', "A", 5001, 2461, 0);
	for (unsigned i = 0; i < 3; i++) {
		tell(5 * USEC_NS, 'b', "A", 5001, 2461, 0);
		assert_int_equal(m.why, TCP_WHY_ACKS_GAP);
	}
	tell(10 * USEC_NS, 'a', "A", 2461, 5001, 1460);
	because_of(TCP_WHY_FAST, 5);
	assert_int_equal(m.count, 3);
	tell(RTT, 'b', "A", 5001, 2461 + 1460, 0);
	tell(10 * USEC_NS, 'a', "A", 2461 + 1460, 5001, 1460);
	because_of(TCP_WHY_AFTER_FAST, 6);
	scene_end(&scene);
}

static void a_segment_too_big_for_a_router_is_sent_again_in_smaller_pieces(void **state)
{
	struct tcp_icmp icmp = { .frame = 99, .type = 3, .code = 4, .mtu = 1000, .too_big = true,
				 .rel_seq = 1, .from = 0 };

	(void)state;
	shake_hands();
	tell(MSEC_NS, 'a', "A", 1001, 5001, 1460);
	icmp.when = instant_after(scene.now, MSEC_NS);
	tcp_reason_icmp(&past, &icmp, &m);
	because_of(TCP_WHY_ICMP, 4);
	assert_int_equal(m.from, 1);
	assert_int_equal(m.mss, 1000);
	scene.frame = 99;
	tell(2 * MSEC_NS, 'a', "A", 1001, 5001, 960);
	because_of(TCP_WHY_AFTER_ICMP, 99);
	scene_end(&scene);
}

static void a_syn_is_sent_again_and_then_refused(void **state)
{
	(void)state;
	scene_begin(&scene, 4);
	past = (struct tcp_past){ 0 };
	tell(0, 'a', "S", 1000, 0, 0);
	tell(SEC_NS, 'a', "S", 1000, 0, 0);
	because_of(TCP_WHY_OPENS_AGAIN, 1);
	assert_int_equal(m.waited_ns, SEC_NS);
	tell(MSEC_NS, 'b', "RA", 0, 1001, 0);
	because_of(TCP_WHY_REFUSES, 1);
	scene_end(&scene);
}

static void what_is_asked_twice_is_answered_once_to_the_second(void **state)
{
	(void)state;
	scene_begin(&scene, 4);
	past = (struct tcp_past){ 0 };
	tell(0, 'a', "S", 1000, 0, 0);
	tell(SEC_NS, 'a', "S", 1000, 0, 0);
	tell(RTT, 'b', "SA", 5000, 1001, 0);
	because_of(TCP_WHY_ACCEPTS, 2);
	assert_int_equal(m.waited_ns, RTT);
	tell(20 * USEC_NS, 'a', "A", 1001, 5001, 0);
	because_of(TCP_WHY_COMPLETES, 3);
	scene_end(&scene);
}

/* Captured beside b: that its SYN+ACK was lost is learnt from the SYN, long before its own timer. */
static void a_syn_that_comes_again_is_answered_again_without_a_timer(void **state)
{
	(void)state;
	scene_begin(&scene, 4);
	past = (struct tcp_past){ 0 };
	tell(0, 'a', "S", 1000, 0, 0);
	tell(20 * USEC_NS, 'b', "SA", 5000, 1001, 0);
	tell(800 * MSEC_NS, 'a', "S", 1000, 0, 0);
	because_of(TCP_WHY_OPENS_AGAIN, 1);
	tell(20 * USEC_NS, 'b', "SA", 5000, 1001, 0);
	because_of(TCP_WHY_ACCEPTS_ANEW, 2);
	tell(SEC_NS, 'b', "SA", 5000, 1001, 0);
	because_of(TCP_WHY_ACCEPTS_AGAIN, 2);
	tell(RTT, 'a', "A", 1001, 5001, 0);
	because_of(TCP_WHY_COMPLETES, 5);
	scene_end(&scene);
}

static void a_synack_that_nobody_asked_for_again_comes_by_a_timer(void **state)
{
	(void)state;
	scene_begin(&scene, 4);
	past = (struct tcp_past){ 0 };
	tell(0, 'a', "S", 1000, 0, 0);
	tell(RTT, 'b', "SA", 5000, 1001, 0);
	tell(SEC_NS, 'b', "SA", 5000, 1001, 0);
	because_of(TCP_WHY_ACCEPTS_AGAIN, 2);
	assert_int_equal(m.waited_ns, SEC_NS);
	scene_end(&scene);
}

/* As Linux does it: to the SYN in the other's SYN+ACK, which it had, it answers with a D-SACK. */
static void who_opened_at_once_hears_each_syn_twice_and_says_so(void **state)
{
	struct tcp_options dsack = { .seen = TCP_SEEN_SACK, .n_sack = 1,
				     .sack = { { 5000, 5001 } } };

	(void)state;
	scene_begin(&scene, 4);
	past = (struct tcp_past){ 0 };
	tell(0, 'a', "S", 1000, 0, 0);
	tell(MSEC_NS, 'b', "S", 5000, 0, 0);
	because_of(TCP_WHY_OPENS_TOO, 1);
	tell(20 * USEC_NS, 'a', "SA", 1000, 5001, 0);
	because_of(TCP_WHY_ACCEPTS, 2);
	tell(MSEC_NS, 'b', "SA", 5000, 1001, 0);
	because_of(TCP_WHY_ACCEPTS, 1);
	scene.options = &dsack;
	tell(20 * USEC_NS, 'a', "A", 1001, 5001, 0);
	because_of(TCP_WHY_ACKS_AGAIN, 4);
	scene_end(&scene);
}

static void a_reset_answers_what_came_just_before_it(void **state)
{
	(void)state;
	shake_hands();
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 10);
	tell(RTT, 'b', "R", 5001, 0, 0);
	because_of(TCP_WHY_RESETS, 4);
	scene_end(&scene);
}

static void a_new_connection_on_the_same_ports_owes_the_old_one_nothing(void **state)
{
	(void)state;
	shake_hands();
	tell(SEC_NS, 'a', "S", 900000, 0, 0);
	assert_true(scene.told.fresh);
	because_of(TCP_WHY_OPENS, 0);
	assert_int_equal(past.side[1].mss, 0);
	scene_end(&scene);
}

/* ---- hindsight -------------------------------------------------------------------------- */

static void what_is_sent_again_unanswered_was_lost(void **state)
{
	struct tcp_moment list[2];

	(void)state;
	shake_hands();
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 100);
	list[0] = m;
	tell(204 * MSEC_NS, 'a', "PA", 1001, 5001, 100);
	list[1] = m;
	tcp_moments_lost(list, 2);
	assert_true(list[0].lost);
	assert_false(list[1].lost);
	scene_end(&scene);
}

static void what_was_acknowledged_is_sent_again_for_nothing_and_was_not_lost(void **state)
{
	struct tcp_moment list[3];

	(void)state;
	shake_hands();
	tell(MSEC_NS, 'a', "PA", 1001, 5001, 100);
	list[0] = m;
	tell(RTT, 'b', "A", 5001, 1101, 0);
	list[1] = m;
	tell(204 * MSEC_NS, 'a', "PA", 1001, 5001, 100);
	list[2] = m;
	because_of(TCP_WHY_NEEDLESS, 4);
	tcp_moments_lost(list, 3);
	assert_false(list[0].lost);
	scene_end(&scene);
}

static void every_reason_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TCP_WHY_COUNT; i++) {
		assert_non_null(tcp_why_info((enum tcp_why)i)->name);
		assert_non_null(tcp_why_info((enum tcp_why)i)->section);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(tcp_why_info((enum tcp_why)i)->name,
						tcp_why_info((enum tcp_why)j)->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_explains_itself_from_syn_to_last_ack),
		cmocka_unit_test(small_writes_wait_for_the_ack_of_the_first),
		cmocka_unit_test(
			beside_the_receiver_the_released_segment_comes_a_round_trip_after_the_ack),
		cmocka_unit_test(what_follows_sooner_than_a_reaction_can_did_not_wait),
		cmocka_unit_test(without_a_handshake_nobody_is_said_to_have_waited),
		cmocka_unit_test(a_delayed_ack_makes_of_it_the_forty_millisecond_stall),
		cmocka_unit_test(who_writes_long_after_the_ack_was_not_held_back),
		cmocka_unit_test(
			full_segments_after_an_ack_were_waiting_for_the_window_not_for_nagle),
		cmocka_unit_test(more_payload_than_the_mss_allows_was_not_on_the_wire_so),
		cmocka_unit_test(a_timeout_knows_when_the_segment_was_sent_before),
		cmocka_unit_test(an_ack_that_follows_what_was_sent_again_is_not_late),
		cmocka_unit_test(a_dsack_points_at_the_segment_that_came_twice),
		cmocka_unit_test(duplicate_acks_ask_for_the_missing_one_and_get_it),
		cmocka_unit_test(a_segment_too_big_for_a_router_is_sent_again_in_smaller_pieces),
		cmocka_unit_test(a_syn_is_sent_again_and_then_refused),
		cmocka_unit_test(what_is_asked_twice_is_answered_once_to_the_second),
		cmocka_unit_test(a_syn_that_comes_again_is_answered_again_without_a_timer),
		cmocka_unit_test(a_synack_that_nobody_asked_for_again_comes_by_a_timer),
		cmocka_unit_test(who_opened_at_once_hears_each_syn_twice_and_says_so),
		cmocka_unit_test(a_reset_answers_what_came_just_before_it),
		cmocka_unit_test(a_new_connection_on_the_same_ports_owes_the_old_one_nothing),
		cmocka_unit_test(what_is_sent_again_unanswered_was_lost),
		cmocka_unit_test(what_was_acknowledged_is_sent_again_for_nothing_and_was_not_lost),
		cmocka_unit_test(every_reason_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests_name("tcp_reason", tests, NULL, NULL);
}
