/*
 * One address at a time, and what the far side of the cable sees of it: RFC 826's
 * question, RFC 1122 2.3.2.1's cache, its unicast poll and its one request a second.
 * Every count is taken on the far side, from the kernel's own record.
 */
#include "arpq_world.h"

#define CLOCK_SLACK_NS (5 * MSEC_NS)

static const struct ip4 DEAD_IP = { { 10, 60, 0, 9 } };

enum { UNICAST, BROADCAST };

static size_t count(struct tap_counter *tap, struct ip4 ip, int which)
{
	struct tap_match m = { .op = ARP_REQUEST, .target_ip = &ip,
			       .to = which == UNICAST ? TAP_TO_ONE : TAP_TO_BROADCAST };

	(void)requests_for(tap, ip);
	return tap_count(tap, &m);
}

static void expect_gaps(struct tap_counter *tap, struct ip4 ip, size_t n, uint64_t least,
			uint64_t most)
{
	struct tap_match m = { .op = ARP_REQUEST, .target_ip = &ip };
	uint64_t gap[64];

	assert_int_equal(tap_gaps(tap, &m, gap, LENGTH(gap)), n);
	for (size_t i = 0; i < n; i++)
		if (gap[i] < least || gap[i] > most) {
			tap_print(tap);
			fail_msg("gap %zu is %.6f s", i, (double)gap[i] / 1e9);
		}
}

/* ---- the cache ------------------------------------------------------------------- */

static void a_first_question_is_one_broadcast_request(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct runresult r = arpq(net, "10.60.0.2");
	struct tap_match request = { .op = ARP_REQUEST, .sender_mac = &CLIENT_MAC,
				     .sender_ip = &CLIENT_IP, .to = TAP_TO_BROADCAST };

	expect_exit(&r, 0);
	expect_out(&r, "10.60.0.2        02:00:00:00:0b:01  c0       ");
	assert_string_equal(r.err, "");
	assert_int_equal(lines_in(r.out), 1);
	assert_int_equal(frames_at(&far), 1);
	assert_int_equal(tap_count(&far, &request), 1);
	assert_int_equal(tap_find(&far, &request, 0)->len, ETH_MIN_FRAME);
	runresult_free(&r);
	tap_close(&far);
}

static void a_second_question_is_answered_from_the_cache_without_a_frame(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct runresult r;

	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	tap_forget(&far);
	r = arpq(net, "10.60.0.2");
	expect_exit(&r, 0);
	expect_out(&r, "02:00:00:00:0b:01");
	expect_out(&r, "cached ");
	expect_out(&r, " s left");
	runresult_free(&r);
	arpq_says(net, "10.60.0.2 --json", 0, "\"source\":\"cache\"", NULL);
	arpq_says(net, "-q 10.60.0.2", 0, "02:00:00:00:0b:01\n", NULL);
	arpq_says(net, "--cache", 0, "fresh", NULL);
	assert_int_equal(frames_at(&far), 0);
	tap_close(&far);
}

static void an_expired_answer_is_polled_by_unicast_and_nothing_follows_an_answer(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct tap_match m = { .op = ARP_REQUEST, .target_ip = &SERVER_IP, .to = TAP_TO_ONE };

	arpq_says(net, "10.60.0.2 --ttl 1s", 0, "02:00:00:00:0b:01", NULL);
	sleep_ms(1100);
	tap_forget(&far);
	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	assert_int_equal(frames_at(&far), 1);
	assert_int_equal(tap_count(&far, &m), 1);
	assert_memory_equal(tap_find(&far, &m, 0)->data, SERVER_MAC.b, 6);
	tap_close(&far);
}

static void a_host_with_a_new_card_is_found_by_the_broadcast_and_the_change_is_shown(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct runresult r;

	arpq_says(net, "10.60.0.2 --ttl 1s", 0, "02:00:00:00:0b:01", NULL);
	must(net, testnet_link_set_mac(net, SIDE_SERVER, SERVER_IF, RIVAL_MAC));
	sleep_ms(1100);
	tap_forget(&far);
	r = arpq(net, "10.60.0.2");
	expect_exit(&r, 0);
	expect_out(&r, "10.60.0.2        02:00:00:00:0c:01");
	expect_out(&r, "was 02:00:00:00:0b:01");
	assert_int_equal(count(&far, SERVER_IP, UNICAST), 1);
	assert_int_equal(count(&far, SERVER_IP, BROADCAST), 1);
	expect_gaps(&far, SERVER_IP, 1, SEC_NS - CLOCK_SLACK_NS, SEC_NS * 13 / 10);
	runresult_free(&r);
	tap_close(&far);
}

static void a_dead_host_is_asked_three_times_and_its_silence_is_remembered(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct runresult r = arpq(net, "10.60.0.9");

	expect_exit(&r, 1);
	expect_out(&r, "no answer to 3 requests");
	assert_int_equal(requests_for(&far, DEAD_IP), 3);
	expect_gaps(&far, DEAD_IP, 2, SEC_NS - CLOCK_SLACK_NS, SEC_NS * 13 / 10);
	runresult_free(&r);

	tap_forget(&far);
	arpq_says(net, "10.60.0.9", 1, "ago, ", NULL);
	arpq_says(net, "-q 10.60.0.9", 1, NULL, NULL);
	assert_int_equal(frames_at(&far), 0);
	/* Nobody has to believe it. */
	arpq_says(net, "--fresh -c 1 10.60.0.9", 1, "no answer to 1 request", NULL);
	assert_int_equal(requests_for(&far, DEAD_IP), 1);
	tap_close(&far);
}

static void what_was_flushed_is_asked_again(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);

	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	arpq_says(net, "--flush 10.60.0.3", 1, NULL, "0 entries forgotten");
	arpq_says(net, "--flush 10.60.0.2", 0, NULL, "1 entry forgotten");
	sleep_ms(1000);
	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	assert_int_equal(count(&far, SERVER_IP, BROADCAST), 2);
	tap_close(&far);
}

static void several_addresses_are_asked_at_once(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct runresult r = arpq(net, "10.60.0.2 10.60.0.9 10.60.0.8 10.60.0.1 10.60.0.2");

	expect_exit(&r, 1);
	assert_int_equal(lines_in(r.out), 4);
	expect_out(&r, "this host");
	assert_int_equal(requests_for(&far, SERVER_IP), 1);
	assert_int_equal(requests_for(&far, DEAD_IP), 3);
	assert_int_equal(requests_for(&far, CLIENT_IP), 0);
	assert_in_range(r.wall_ns, 3 * SEC_NS - CLOCK_SLACK_NS, 6 * SEC_NS);
	runresult_free(&r);
	tap_close(&far);
}

/* ---- one a second, however many ask ---------------------------------------------- */

static void fresh_asks_anew_but_not_within_the_second(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);

	for (int i = 0; i < 3; i++)
		arpq_says(net, "--fresh 10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	assert_int_equal(requests_for(&far, SERVER_IP), 3);
	expect_gaps(&far, SERVER_IP, 2, SEC_NS - CLOCK_SLACK_NS, SEC_NS * 13 / 10);
	tap_close(&far);
}

static void many_at_once(struct testnet *net, const char *args, size_t n, int status,
			 const char *out, struct ip4 ip)
{
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	/* With so many on two processors the far side's softirq may look at the clock late. */
	struct tap_counter near = tap_at(net, SIDE_CLIENT, TAP_BOTH);
	struct running run[10];
	struct tap_requests sum;
	struct runresult r;

	assert_true(n <= LENGTH(run));
	for (size_t i = 0; i < n; i++)
		arpq_start(net, args, &run[i]);
	for (size_t i = 0; i < n; i++) {
		running_wait(&run[i], &r);
		expect_exit(&r, status);
		expect_out(&r, out);
		assert_string_equal(r.err, "");
		runresult_free(&r);
	}
	size_t requests = requests_for(&far, ip);
	assert_true(requests > 0);
	assert_int_equal(frames_at(&near) - tap_count(&near, &(struct tap_match){ .way = TAP_IN }),
			 requests);
	assert_int_equal(tap_sum_requests(&near, &sum), 0);
	if (sum.least_gap_ns < SEC_NS - CLOCK_SLACK_NS) {
		tap_print(&near);
		fail_msg("%zu x arpq %s: a gap of %.3f s", n, args, (double)sum.least_gap_ns / 1e9);
	}
	tap_close(&near);
	tap_close(&far);
}

static void two_that_ask_at_once_share_the_second(void **state)
{
	many_at_once(net_of(state), "10.60.0.2", 2, 0, "02:00:00:00:0b:01", SERVER_IP);
}

static void ten_that_ask_at_once_share_the_second(void **state)
{
	many_at_once(net_of(state), "10.60.0.2", 10, 0, "02:00:00:00:0b:01", SERVER_IP);
}

static void four_that_want_it_fresh_share_the_second(void **state)
{
	many_at_once(net_of(state), "--fresh 10.60.0.2", 4, 0, "02:00:00:00:0b:01", SERVER_IP);
}

static void ten_that_want_it_fresh_share_the_second(void **state)
{
	many_at_once(net_of(state), "--fresh 10.60.0.2", 10, 0, "02:00:00:00:0b:01", SERVER_IP);
}

static void ten_that_ask_a_dead_host_share_the_second(void **state)
{
	many_at_once(net_of(state), "10.60.0.9", 10, 1, "no answer", DEAD_IP);
}

static void two_that_want_a_dead_host_fresh_share_the_second(void **state)
{
	many_at_once(net_of(state), "--fresh -c 2 10.60.0.9", 2, 1, "no answer", DEAD_IP);
}

static void who_was_killed_right_after_asking_is_still_waited_for(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct tap_match m = { .op = ARP_REQUEST, .target_ip = &DEAD_IP };
	struct running run;
	struct runresult r;

	arpq_start(net, "10.60.0.9", &run);
	assert_true(tap_wait(&far, &m, 1, 2 * SEC_NS));
	assert_int_equal(running_signal(&run, SIGKILL), 0);
	running_wait(&run, &r);
	assert_int_equal(r.signal, SIGKILL);
	runresult_free(&r);
	arpq_says(net, "-c 2 10.60.0.9", 1, "no answer to 2 requests", NULL);
	assert_int_equal(requests_for(&far, DEAD_IP), 3);
	expect_gaps(&far, DEAD_IP, 2, SEC_NS - CLOCK_SLACK_NS, SEC_NS * 13 / 10);
	tap_close(&far);
}

/* ---- who speaks, and on which VLAN ----------------------------------------------- */

static void a_question_with_a_tag_is_tagged_and_only_a_tagged_answer_counts(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct tap_match on_5 = { .op = ARP_REQUEST, .tagging = TAP_VLAN, .vid = 5 };
	struct responder_config c = { .prefix = { { 10, 50, 0, 0 } }, .prefix_len = 16 };
	struct runresult answered;
	struct responder r;

	must(net, responder_begin(&r, net, SIDE_SERVER, &c));
	answered = arpq(net, "--vlan 5 10.50.1.2");
	expect_exit(&answered, 0);
	expect_out(&answered, "02:aa:0a:32:01:02  c0.5");
	runresult_free(&answered);
	assert_int_equal(frames_at(&far), 1);
	assert_int_equal(tap_count(&far, &on_5), 1);
	/* What was learned there is not for the untagged network. */
	arpq_says(net, "10.50.1.2", 0, "02:aa:0a:32:01:02  c0 ", NULL);
	assert_int_equal(frames_at(&far), 2);
	responder_end(&r, NULL);
	tap_close(&far);
}

static void an_untagged_answer_to_a_tagged_question_is_no_answer(void **state)
{
	struct testnet *net = net_of(state);
	struct responder_config c = { .odd = true, .vid = 5 };
	struct responder r;
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	uint8_t frame[ARP_FRAME_MAX];
	struct eth_hdr eth = { .dst = CLIENT_MAC, .src = SERVER_MAC, .type = ETH_ARP };
	struct arp_msg msg = { .op = ARP_REPLY, .sender_mac = SERVER_MAC, .sender_ip = DEAD_IP,
			       .target_mac = CLIENT_MAC, .target_ip = CLIENT_IP };
	struct running run;
	struct runresult result;

	must(net, responder_begin(&r, net, SIDE_SERVER, &c));
	arpq_start(net, "--vlan 5 -t 400ms 10.60.0.9", &run);
	assert_true(tap_wait(&far, &(struct tap_match){ .op = ARP_REQUEST }, 1, 2 * SEC_NS));
	assert_int_equal(tap_send(&far, frame, arp_frame_build(frame, &eth, &msg)), 0);
	running_wait(&run, &result);
	expect_exit(&result, 1);
	expect_out_lacks(&result, "02:00:00:00:0b:01");
	expect_err(&result, "belongs to another VLAN");
	runresult_free(&result);
	/* And the other way round: a tagged answer to an untagged question. */
	result = arpq(net, "-t 300ms 10.50.9.30");
	expect_exit(&result, 1);
	expect_err(&result, "belongs to another VLAN");
	runresult_free(&result);
	responder_end(&r, NULL);
	tap_close(&far);
}

static void a_borrowed_name_is_on_the_wire_and_answered(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct ip4 ip = { { 10, 60, 0, 55 } };
	struct mac mac = { { 2, 0, 0, 0, 0x0a, 0x55 } };
	struct tap_match m = { .op = ARP_REQUEST, .sender_ip = &ip, .sender_mac = &mac };

	arpq_says(net, "--src-ip 10.60.0.55 --src-mac 02:00:00:00:0a:55 10.60.0.2", 0,
		  "02:00:00:00:0b:01", NULL);
	assert_int_equal(frames_at(&far), 1);
	assert_int_equal(tap_count(&far, &m), 1);
	assert_memory_equal(far.frames[0].data + 6, mac.b, 6);
	tap_close(&far);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(a_first_question_is_one_broadcast_request),
		IN_A_WORLD(a_second_question_is_answered_from_the_cache_without_a_frame),
		IN_A_WORLD(an_expired_answer_is_polled_by_unicast_and_nothing_follows_an_answer),
		IN_A_WORLD(a_host_with_a_new_card_is_found_by_the_broadcast_and_the_change_is_shown),
		IN_A_WORLD(a_dead_host_is_asked_three_times_and_its_silence_is_remembered),
		IN_A_WORLD(what_was_flushed_is_asked_again),
		IN_A_WORLD(several_addresses_are_asked_at_once),
		IN_A_WORLD(fresh_asks_anew_but_not_within_the_second),
		IN_A_WORLD(two_that_ask_at_once_share_the_second),
		IN_A_WORLD(ten_that_ask_at_once_share_the_second),
		IN_A_WORLD(four_that_want_it_fresh_share_the_second),
		IN_A_WORLD(ten_that_want_it_fresh_share_the_second),
		IN_A_WORLD(ten_that_ask_a_dead_host_share_the_second),
		IN_A_WORLD(two_that_want_a_dead_host_fresh_share_the_second),
		IN_A_WORLD(who_was_killed_right_after_asking_is_still_waited_for),
		IN_A_WORLD(a_question_with_a_tag_is_tagged_and_only_a_tagged_answer_counts),
		IN_A_WORLD(an_untagged_answer_to_a_tagged_question_is_no_answer),
		IN_A_WORLD(a_borrowed_name_is_on_the_wire_and_answered),
	};

	return run_side_by_side(tests, LENGTH(tests), 8, argc, argv);
}
