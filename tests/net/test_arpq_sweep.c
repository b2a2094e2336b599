/*
 * Whole networks: everybody is asked once, the silent ones twice more, everyone who is
 * there is found with the right MAC, and nobody is asked faster than was allowed.
 */
#include "arpq_world.h"

#define SLACK_NS (5 * MSEC_NS)

static const struct responder_config NETWORK = { .prefix = { { 10, 50, 0, 0 } }, .prefix_len = 16 };

static struct responder everyone(struct testnet *net, unsigned every, unsigned loss)
{
	struct responder_config c = NETWORK;
	struct responder r;

	c.exists_every = every;
	c.loss_percent = loss;
	c.seed = 7;
	must(net, responder_begin(&r, net, SIDE_SERVER, &c));
	return r;
}

/* Each line is an address of the prefix and its own MAC, and no address is there twice. */
static size_t right_pairs(const struct runresult *r)
{
	static uint8_t seen[65536];
	char copy[IP4_STRLEN], want[MAC_STRLEN];
	struct ip4 ip;
	size_t n = 0;

	memset(seen, 0, sizeof(seen));
	for (const char *p = r->out, *end; (end = strchr(p, '\n')); p = end + 1, n++) {
		snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(p, " "), p);
		assert_true(ip4_parse(copy, &ip));
		assert_memory_equal(p + 17, mac_format(responder_mac(ip), want), 17);
		assert_int_equal(seen[ip4_number(ip) & 0xffff]++, 0);
	}
	return n;
}

static struct tap_requests sum_of(struct tap_counter *far)
{
	struct tap_requests sum;

	(void)frames_at(far);
	assert_int_equal(tap_sum_requests(far, &sum), 0);
	return sum;
}

static void everyone_who_is_there_is_found_and_the_silent_are_asked_three_times(void **state)
{
	struct testnet *net = net_of(state);
	struct responder responder = everyone(net, 5, 0);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct runresult r = arpq(net, "10.50.1.0/24");
	struct tap_requests sum = sum_of(&far);
	size_t n = right_pairs(&r);

	expect_exit(&r, 0);
	assert_in_range(n, 51, 52);
	assert_int_equal(sum.addresses, 256);
	assert_int_equal(sum.most, 3);
	assert_int_equal(sum.total, n + 3 * (256 - n));
	assert_int_equal(sum.unicast, 0);
	assert_true(sum.least_gap_ns >= SEC_NS - SLACK_NS);
	assert_in_range(r.wall_ns, 3 * SEC_NS - SLACK_NS, 5 * SEC_NS);
	runresult_free(&r);
	responder_end(&responder, NULL);
	tap_close(&far);
}

static void a_sweep_ends_as_soon_as_all_have_answered(void **state)
{
	struct testnet *net = net_of(state);
	struct responder responder = everyone(net, 0, 0);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct runresult r = arpq(net, "10.50.1.0/24");

	expect_exit(&r, 0);
	assert_int_equal(right_pairs(&r), 256);
	assert_true(r.wall_ns < 3 * SEC_NS);
	assert_int_equal(sum_of(&far).total, 256);
	expect_err(&r, "256 addresses: 256 answered, 0 silent; 256 requests in");
	runresult_free(&r);

	/* The second one sends nothing. */
	tap_forget(&far);
	r = arpq(net, "10.50.1.0/24");
	expect_exit(&r, 0);
	assert_int_equal(right_pairs(&r), 256);
	expect_out(&r, "cached");
	expect_err(&r, "256 cached");
	assert_int_equal(frames_at(&far), 0);
	runresult_free(&r);
	r = arpq(net, "-q 10.50.1.0/24");
	expect_exit(&r, 0);
	assert_int_equal(lines_in(r.out), 256);
	assert_non_null(strstr(r.out, "10.50.1.77 "));
	assert_string_equal(r.err, "");
	runresult_free(&r);
	arpq_says(net, "10.50.1.77", 0, "cached", NULL);
	assert_int_equal(frames_at(&far), 0);
	responder_end(&responder, NULL);
	tap_close(&far);
}

static void a_large_network_at_full_speed_is_found_whole(void **state)
{
	struct testnet *net = net_of(state);
	struct responder responder = everyone(net, 0, 0);
	struct runresult r = arpq(net, "10.50.0.0/18 --rate max");

	expect_exit(&r, 0);
	assert_int_equal(right_pairs(&r), 16384);
	print_message("measured: 16,384 addresses in %.3f s\n", (double)r.wall_ns / 1e9);
	runresult_free(&r);
	responder_end(&responder, NULL);
}

static void lost_answers_are_asked_for_again(void **state)
{
	struct testnet *net = net_of(state);
	struct responder responder = everyone(net, 0, 5);
	struct responder_stats stats;
	struct runresult r = arpq(net, "10.50.1.0/24 10.50.2.0/24 --rate max -c 6 --retry-interval 200ms");

	expect_exit(&r, 0);
	assert_int_equal(right_pairs(&r), 512);
	assert_true(responder_end(&responder, &stats));
	assert_true(stats.lost > 5);
	runresult_free(&r);
}

static void requests_keep_to_the_rate(void **state)
{
	struct testnet *net = net_of(state);
	struct responder responder = everyone(net, 2, 0);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct runresult r = arpq(net, "10.50.1.0/24 --rate 200");
	struct tap_requests sum = sum_of(&far);
	enum { WINDOW = 50 };

	expect_exit(&r, 0);
	assert_int_equal(right_pairs(&r), 128);
	assert_int_equal(sum.total, 128 + 3 * 128);
	/* 50 requests never take less than 49 gaps of 5 ms; a late one may be followed early. */
	for (size_t i = 0; i + WINDOW <= far.n; i++)
		assert_true(far.frames[i + WINDOW - 1].unix_ns - far.frames[i].unix_ns >=
			    (WINDOW - 1) * 5 * MSEC_NS * 9 / 10);
	assert_true(sum.least_gap_ns >= SEC_NS - SLACK_NS);
	runresult_free(&r);
	responder_end(&responder, NULL);
	tap_close(&far);
}

static void a_shorter_interval_is_for_those_who_name_it(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct runresult r = arpq(net, "10.60.7.0/28 --retry-interval 100ms");
	struct tap_requests sum = sum_of(&far);

	expect_exit(&r, 1);
	assert_int_equal(sum.total, 48);
	assert_true(sum.least_gap_ns >= 100 * MSEC_NS - SLACK_NS);
	/* As often at the usual interval takes three seconds. */
	assert_true(r.wall_ns < 3 * SEC_NS);
	runresult_free(&r);
	tap_close(&far);
}

static void two_sweeps_at_once_share_the_second_of_each_address(void **state)
{
	struct testnet *net = net_of(state);
	struct responder responder = everyone(net, 3, 0);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct running run[2];
	struct runresult r;

	for (int i = 0; i < 2; i++)
		arpq_start(net, "10.50.1.0/26", &run[i]);
	for (int i = 0; i < 2; i++) {
		running_wait(&run[i], &r);
		expect_exit(&r, 0);
		assert_in_range(right_pairs(&r), 21, 22);
		runresult_free(&r);
	}
	assert_true(sum_of(&far).least_gap_ns >= SEC_NS - SLACK_NS);
	responder_end(&responder, NULL);
	tap_close(&far);
}

/* ---- who is asked ---------------------------------------------------------------- */

static void the_local_network_is_asked_but_for_ourselves_and_its_two_ends(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct ip4 first = { { 10, 60, 0, 0 } }, last = { { 10, 60, 0, 255 } };
	struct runresult r;

	must(net, testnet_address_delete(net, SIDE_CLIENT, CLIENT_IP, 8));
	must(net, testnet_address_add(net, SIDE_CLIENT, CLIENT_IP, 24));
	r = arpq(net, "--local -c 1 --rate max");
	expect_exit(&r, 0);
	expect_out(&r, "10.60.0.2        02:00:00:00:0b:01");
	assert_int_equal(lines_in(r.out), 1);
	assert_int_equal(sum_of(&far).total, 253);
	assert_int_equal(requests_for(&far, CLIENT_IP), 0);
	assert_int_equal(requests_for(&far, first), 0);
	assert_int_equal(requests_for(&far, last), 0);
	runresult_free(&r);
	/* By its name it is the same. */
	tap_forget(&far);
	r = arpq(net, "--fresh -c 1 10.60.0.0/24");
	expect_exit(&r, 0);
	assert_int_equal(sum_of(&far).total, 253);
	expect_err(&r, "253 addresses: 1 answered, 252 silent");
	runresult_free(&r);
	tap_close(&far);
}

static void ranges_prefixes_and_a_file_may_be_mixed_and_overlap(void **state)
{
	struct testnet *net = net_of(state);
	struct responder responder = everyone(net, 0, 0);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	static const char list[] = "# the printers\n10.50.3.1\n\n 10.50.3.4-6   # three\r\n"
				   "10.50.3.64/30\n10.50.1.9";
	struct runresult r;

	put_file("/run/list", list, sizeof(list) - 1);
	r = arpq(net, "10.50.1.5-9 10.50.2.0/30 10.50.1.8-10.50.1.12 10.50.4.1 @/run/list");
	expect_exit(&r, 0);
	/* 5..12, 4, 1, and 1 + 3 + 4 of the file, which names one twice. */
	assert_int_equal(right_pairs(&r), 8 + 4 + 1 + 8);
	assert_int_equal(sum_of(&far).total, 21);
	runresult_free(&r);
	r = arpq_with(net, "-q --fresh @-", &(struct run_options){ .input = "10.50.5.1\n10.50.5.2\n" });
	expect_exit(&r, 0);
	assert_int_equal(lines_in(r.out), 2);
	runresult_free(&r);
	r = arpq_with(net, "@-", &(struct run_options){ .input = "10.50.5.1\nprinter\n" });
	expect_exit(&r, 2);
	expect_err(&r, "printer");
	runresult_free(&r);
	responder_end(&responder, NULL);
	tap_close(&far);
}

static void a_kernel_that_owns_a_whole_prefix_is_found_at_each_address(void **state)
{
	struct testnet *net = net_of(state);
	struct runresult r;

	must(net, testnet_local_prefix_add(net, SIDE_SERVER, (struct ip4){ { 10, 70, 0, 0 } }, 24));
	r = arpq(net, "-q 10.70.0.0/24");
	expect_exit(&r, 0);
	assert_int_equal(lines_in(r.out), 256);
	for (const char *p = r.out; *p; p = strchr(p, '\n') + 1)
		assert_memory_equal(strchr(p, ' '), " 02:00:00:00:0b:01\n", 19);
	runresult_free(&r);
}

static void a_sweep_shows_both_owners_of_an_address(void **state)
{
	struct testnet *net = net_of(state);
	struct responder_config c = { .odd = true };
	struct responder responder;
	struct runresult r;

	must(net, responder_begin(&responder, net, SIDE_SERVER, &c));
	r = arpq(net, "10.50.9.13-15 -c 1");
	expect_exit(&r, 4);
	expect_out(&r, "02:dd:00:00:00:0e");
	expect_out(&r, "conflict: also");
	expect_err(&r, "comes from 0.0.0.0");
	expect_err(&r, "1 conflict");
	runresult_free(&r);
	responder_end(&responder, NULL);
}

/* The liar answers for everybody before the first of them is asked. */
static void a_reply_that_comes_before_its_question_is_not_believed(void **state)
{
	struct testnet *net = net_of(state);
	struct responder responder = everyone(net, 0, 0);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	const struct ip4 last = { { 10, 50, 1, 63 } };
	struct eth_hdr eth = { .dst = CLIENT_MAC, .src = RIVAL_MAC, .type = ETH_ARP };
	struct arp_msg lie = { .op = ARP_REPLY, .sender_mac = RIVAL_MAC, .sender_ip = last,
			       .target_mac = CLIENT_MAC, .target_ip = CLIENT_IP };
	uint8_t frame[ARP_FRAME_MAX];
	struct running run;
	struct runresult r;

	arpq_start(net, "10.50.1.0/26 --rate 100", &run);
	assert_true(tap_wait(&far, &(struct tap_match){ .op = ARP_REQUEST }, 2, 2 * SEC_NS));
	assert_int_equal(tap_send(&far, frame, arp_frame_build(frame, &eth, &lie)), 0);
	running_wait(&run, &r);
	expect_exit(&r, 0);
	assert_int_equal(right_pairs(&r), 64);
	expect_err(&r, "10.50.1.63: not believed: a reply from an address that was not asked");
	runresult_free(&r);
	responder_end(&responder, NULL);
	tap_close(&far);
}

static void a_sweep_stops_at_a_signal_and_keeps_what_it_has(void **state)
{
	struct testnet *net = net_of(state);
	struct responder responder = everyone(net, 2, 0);
	struct running run;
	struct runresult r;

	arpq_start(net, "10.50.1.0/24 --rate 100", &run);
	assert_true(running_until(&run, &run.out, "02:aa:0a:32:01:1f"));
	assert_int_equal(running_signal(&run, SIGINT), 0);
	running_wait(&run, &r);
	expect_exit(&r, 0);
	assert_true(right_pairs(&r) < 128);
	expect_err(&r, "256 addresses: ");
	/* Whom it had not come to is not called silent. */
	expect_err(&r, " not asked; ");
	runresult_free(&r);
	arpq_says(net, "10.50.1.31", 0, "cached", NULL);
	responder_end(&responder, NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(everyone_who_is_there_is_found_and_the_silent_are_asked_three_times),
		IN_A_WORLD(a_sweep_ends_as_soon_as_all_have_answered),
		IN_A_WORLD(lost_answers_are_asked_for_again),
		IN_A_WORLD(requests_keep_to_the_rate),
		IN_A_WORLD(a_shorter_interval_is_for_those_who_name_it),
		IN_A_WORLD(two_sweeps_at_once_share_the_second_of_each_address),
		IN_A_WORLD(the_local_network_is_asked_but_for_ourselves_and_its_two_ends),
		IN_A_WORLD(ranges_prefixes_and_a_file_may_be_mixed_and_overlap),
		IN_A_WORLD(a_kernel_that_owns_a_whole_prefix_is_found_at_each_address),
		IN_A_WORLD(a_sweep_shows_both_owners_of_an_address),
		IN_A_WORLD(a_reply_that_comes_before_its_question_is_not_believed),
		IN_A_WORLD(a_sweep_stops_at_a_signal_and_keeps_what_it_has),
		IN_A_WORLD(a_large_network_at_full_speed_is_found_whole),
	};

	return run_side_by_side(tests, LENGTH(tests), 8, argc, argv);
}
