/*
 * Claims to an address: whether it is free, that it is ours (RFC 5227), what others say
 * while we only listen, and what the kernel thinks of it.  Most of these wait for
 * seconds, so all run side by side.
 */
#include "arpq_world.h"

#include <linux/neighbour.h>
#include <netlink/netlink.h>
#include <netlink/route/neighbour.h>

static const struct ip4 FREE_IP = { { 10, 60, 0, 9 } };
static const struct mac THIRD_MAC = { { 0x02, 0, 0, 0, 0x0d, 0x01 } };

#define SLACK_NS (5 * MSEC_NS)

static void tell_all(const struct tap_counter *from, uint16_t op, struct mac mac, struct ip4 sender,
		     struct ip4 target)
{
	struct eth_hdr eth = { .dst = MAC_BROADCAST, .src = mac, .type = ETH_ARP };
	struct arp_msg msg = { .op = op, .sender_mac = mac, .sender_ip = sender,
			       .target_ip = target };
	uint8_t frame[ARP_FRAME_MAX];

	assert_int_equal(tap_send(from, frame, arp_frame_build(frame, &eth, &msg)), 0);
}

static void announce(const struct tap_counter *from, struct mac mac, struct ip4 ip)
{
	tell_all(from, ARP_REQUEST, mac, ip, ip);
}

/* ---- RFC 5227 -------------------------------------------------------------------- */

static void a_free_address_is_probed_three_times_from_nowhere(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct tap_match probe = { .op = ARP_REQUEST, .sender_ip = &IP4_UNSPECIFIED,
				   .sender_mac = &CLIENT_MAC, .target_ip = &FREE_IP,
				   .to = TAP_TO_BROADCAST };
	struct runresult r = arpq(net, "--probe 10.60.0.9");
	uint64_t gap[8];

	expect_exit(&r, 0);
	expect_out(&r, "10.60.0.9 is free");
	/* PROBE_WAIT 0..1, two pauses of PROBE_MIN..PROBE_MAX, ANNOUNCE_WAIT 2. */
	assert_in_range(r.wall_ns, 4 * SEC_NS - SLACK_NS, 8 * SEC_NS);
	assert_int_equal(frames_at(&far), 3);
	assert_int_equal(tap_gaps(&far, &probe, gap, 8), 2);
	for (int i = 0; i < 2; i++)
		assert_in_range(gap[i], SEC_NS - SLACK_NS, 2 * SEC_NS + SEC_NS / 5);
	runresult_free(&r);
	tap_close(&far);
}

static void an_address_in_use_is_found_out_by_the_first_probe(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct runresult r = arpq(net, "--probe 10.60.0.2");

	expect_exit(&r, 4);
	expect_out(&r, "10.60.0.2 is in use by 02:00:00:00:0b:01");
	/* All three probes, and the wait behind them, take four seconds at least (RFC 5227 1.1). */
	assert_true(r.wall_ns < 4 * SEC_NS);
	assert_int_equal(frames_at(&far), 1);
	runresult_free(&r);
	arpq_says(net, "-q --probe 10.60.0.2", 4, "02:00:00:00:0b:01\n", NULL);
	tap_close(&far);
}

static void two_that_probe_for_one_address_do_not_both_get_it(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct running run;
	struct runresult r;

	arpq_start(net, "--probe 10.60.0.9", &run);
	assert_true(tap_wait(&far, &(struct tap_match){ .op = ARP_REQUEST }, 1, 3 * SEC_NS));
	tell_all(&far, ARP_REQUEST, SERVER_MAC, IP4_UNSPECIFIED, FREE_IP);
	running_wait(&run, &r);
	expect_exit(&r, 4);
	expect_out(&r, "in use by 02:00:00:00:0b:01");
	runresult_free(&r);
	tap_close(&far);
}

static void an_interrupted_probe_has_found_nothing_out(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct running run;
	struct runresult r;

	arpq_start(net, "--probe 10.60.0.9", &run);
	assert_true(tap_wait(&far, &(struct tap_match){ .op = ARP_REQUEST }, 1, 3 * SEC_NS));
	assert_int_equal(running_signal(&run, SIGINT), 0);
	running_wait(&run, &r);
	expect_exit(&r, 1);
	expect_out_lacks(&r, "is free");
	runresult_free(&r);
	tap_close(&far);
}

static void an_address_is_announced_twice_two_seconds_apart(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct tap_match claim = { .op = ARP_REQUEST, .sender_ip = &FREE_IP, .target_ip = &FREE_IP,
				   .sender_mac = &CLIENT_MAC, .to = TAP_TO_BROADCAST };
	struct runresult r = arpq(net, "--announce 10.60.0.9");
	uint64_t gap[8];

	expect_exit(&r, 0);
	expect_out(&r, "10.60.0.9 is announced");
	assert_int_equal(frames_at(&far), 2);
	assert_int_equal(tap_gaps(&far, &claim, gap, 8), 1);
	assert_in_range(gap[0], 2 * SEC_NS - SLACK_NS, 2 * SEC_NS + SEC_NS / 5);
	runresult_free(&r);
	tap_close(&far);
}

static void a_claim_is_defended_once_in_ten_seconds_and_the_quarrel_is_shown(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct tap_match claim = { .op = ARP_REQUEST, .sender_ip = &FREE_IP, .target_ip = &FREE_IP,
				   .sender_mac = &CLIENT_MAC };
	struct running run;
	struct runresult r;

	arpq_start(net, "--announce 10.60.0.9 --defend", &run);
	assert_true(tap_wait(&far, &claim, 2, 4 * SEC_NS));
	announce(&far, SERVER_MAC, FREE_IP);
	assert_true(tap_wait(&far, &claim, 3, SEC_NS));
	announce(&far, SERVER_MAC, FREE_IP);
	sleep_ms(300);
	assert_int_equal(running_signal(&run, SIGTERM), 0);
	running_wait(&run, &r);
	expect_exit(&r, 4);
	expect_err(&r, "02:00:00:00:0b:01 uses our address: defended");
	(void)frames_at(&far);
	assert_int_equal(tap_count(&far, &claim), 3);
	runresult_free(&r);
	tap_close(&far);
}

/* ---- listening ------------------------------------------------------------------- */

/* Returns when it hears. */
static void start_watch(struct testnet *net, const struct tap_counter *from, const char *args,
			struct running *run)
{
	struct ip4 somebody = { { 10, 60, 0, 200 } };

	arpq_start(net, args, run);
	for (int i = 0; i < 100 && !strstr(run->out.text ? run->out.text : "", "10.60.0.200"); i++) {
		announce(from, THIRD_MAC, somebody);
		assert_false(running_for(run, 50 * MSEC_NS));
	}
}

static void a_watch_tells_who_appears_who_changes_and_who_quarrels(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter from = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct running run;
	struct runresult r;

	start_watch(net, &from, "--watch", &run);
	announce(&from, SERVER_MAC, SERVER_IP);
	assert_true(running_until(&run, &run.out, "appeared  10.60.0.2        02:00:00:00:0b:01"));
	/* Once, and it is another card; when the old one speaks again, there are two. */
	announce(&from, RIVAL_MAC, SERVER_IP);
	assert_true(running_until(&run, &run.out, "changed   10.60.0.2        02:00:00:00:0c:01"));
	announce(&from, SERVER_MAC, SERVER_IP);
	assert_true(running_until(&run, &run.out, "CONFLICT  10.60.0.2        02:00:00:00:0b:01"));
	tell_all(&from, ARP_REQUEST, RIVAL_MAC, IP4_UNSPECIFIED, FREE_IP);
	assert_true(running_until(&run, &run.out, "probes    10.60.0.9"));
	assert_int_equal(running_signal(&run, SIGINT), 0);
	running_wait(&run, &r);
	expect_exit(&r, 4);
	expect_err(&r, "1 changed, 1 in conflict");
	runresult_free(&r);
	/* It sent nothing itself. */
	assert_int_equal(frames_at(&from), 0);
	arpq_says(net, "--cache", 0, "contested", NULL);
	tap_close(&from);
}

static void a_watch_that_is_ended_after_a_change_has_seen_no_conflict(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter from = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct running run;
	struct runresult r;

	start_watch(net, &from, "--watch", &run);
	announce(&from, SERVER_MAC, SERVER_IP);
	announce(&from, RIVAL_MAC, SERVER_IP);
	assert_true(running_until(&run, &run.out, "was 02:00:00:00:0b:01"));
	assert_int_equal(running_signal(&run, SIGINT), 0);
	running_wait(&run, &r);
	expect_exit(&r, 0);
	runresult_free(&r);
	tap_close(&from);
}

/* As under a bridge, or beside tcpdump: a veth hands up what is for other hosts, too. */
static void what_others_answer_one_another_is_no_forgery(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter from = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct eth_hdr eth = { .dst = THIRD_MAC, .src = SERVER_MAC, .type = ETH_ARP };
	struct arp_msg msg = { .op = ARP_REPLY, .sender_mac = SERVER_MAC, .sender_ip = SERVER_IP,
			       .target_mac = THIRD_MAC, .target_ip = { { 10, 60, 0, 200 } } };
	uint8_t frame[ARP_FRAME_MAX];
	struct running run;
	struct runresult r;

	start_watch(net, &from, "--watch", &run);
	assert_int_equal(tap_send(&from, frame, arp_frame_build(frame, &eth, &msg)), 0);
	assert_true(running_until(&run, &run.out, "appeared  10.60.0.2        02:00:00:00:0b:01"));
	assert_int_equal(running_signal(&run, SIGINT), 0);
	running_wait(&run, &r);
	expect_exit(&r, 0);
	expect_err(&r, "0 odd");
	runresult_free(&r);
	tap_close(&from);
}

static void a_watch_that_is_ended_has_saved_what_it_heard_and_it_is_asked_before_use(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter from = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct tap_match poll = { .op = ARP_REQUEST, .target_ip = &SERVER_IP, .to = TAP_TO_ONE };
	struct running run;
	struct runresult r;

	start_watch(net, &from, "--watch", &run);
	announce(&from, SERVER_MAC, SERVER_IP);
	assert_true(running_until(&run, &run.out, "02:00:00:00:0b:01"));
	assert_int_equal(running_signal(&run, SIGTERM), 0);
	running_wait(&run, &r);
	expect_exit(&r, 0);
	runresult_free(&r);
	arpq_says(net, "--cache", 0, "watched", NULL);
	r = arpq(net, "10.60.0.2");
	expect_exit(&r, 0);
	expect_out_lacks(&r, "cached");
	assert_int_equal(frames_at(&from), 1);
	assert_int_equal(tap_count(&from, &poll), 1);
	runresult_free(&r);
	tap_close(&from);
}

static void a_watch_ends_after_so_many_frames_or_after_its_time(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter from = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct running run;
	struct runresult r;

	r = arpq(net, "--watch -t 300ms");
	expect_exit(&r, 0);
	assert_in_range(r.wall_ns, 300 * MSEC_NS - SLACK_NS, 5 * SEC_NS);
	expect_err(&r, "0 ARP frames in");
	runresult_free(&r);
	arpq_start(net, "--watch -c 3", &run);
	while (!running_for(&run, 50 * MSEC_NS))
		announce(&from, SERVER_MAC, SERVER_IP);
	running_wait(&run, &r);
	expect_exit(&r, 0);
	expect_err(&r, "ARP frames in");
	runresult_free(&r);
	tap_close(&from);
}

/* ---- the kernel's table ---------------------------------------------------------- */

static void set_neighbour(struct testnet *net, struct ip4 ip, struct mac mac)
{
	struct rtnl_neigh *n = rtnl_neigh_alloc();
	struct nl_addr *dst = nl_addr_build(AF_INET, ip.b, sizeof(ip.b));
	struct nl_addr *ll = nl_addr_build(AF_LLC, mac.b, sizeof(mac.b));

	assert_non_null(n);
	assert_non_null(dst);
	assert_non_null(ll);
	rtnl_neigh_set_ifindex(n, testnet_ifindex(net, SIDE_CLIENT, CLIENT_IF));
	rtnl_neigh_set_dst(n, dst);
	rtnl_neigh_set_lladdr(n, ll);
	rtnl_neigh_set_state(n, NUD_PERMANENT);
	assert_int_equal(rtnl_neigh_add(net->space[SIDE_CLIENT].rt, n, NLM_F_CREATE | NLM_F_REPLACE), 0);
	nl_addr_put(dst);
	nl_addr_put(ll);
	rtnl_neigh_put(n);
}

static void the_kernel_is_asked_for_its_opinion(void **state)
{
	struct testnet *net = net_of(state);

	arpq_says(net, "--kernel 10.60.0.2", 0, "the kernel:    -                  knows nothing of it",
		  NULL);
	set_neighbour(net, SERVER_IP, SERVER_MAC);
	arpq_says(net, "--kernel 10.60.0.2", 0, "02:00:00:00:0b:01  permanent, agrees", NULL);
	set_neighbour(net, SERVER_IP, RIVAL_MAC);
	arpq_says(net, "--kernel 10.60.0.2", 4, "02:00:00:00:0c:01  permanent, DIFFERS", NULL);
	arpq_says(net, "--kernel --json 10.60.0.2", 4, "\"agrees\":false", NULL);
	arpq_says(net, "--kernel --cache", 4, "DIFFERS", NULL);
	arpq_says(net, "--kernel -q 10.60.0.2", 4, "02:00:00:00:0b:01\n", NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(a_free_address_is_probed_three_times_from_nowhere),
		IN_A_WORLD(an_address_in_use_is_found_out_by_the_first_probe),
		IN_A_WORLD(two_that_probe_for_one_address_do_not_both_get_it),
		IN_A_WORLD(an_interrupted_probe_has_found_nothing_out),
		IN_A_WORLD(an_address_is_announced_twice_two_seconds_apart),
		IN_A_WORLD(a_claim_is_defended_once_in_ten_seconds_and_the_quarrel_is_shown),
		IN_A_WORLD(a_watch_tells_who_appears_who_changes_and_who_quarrels),
		IN_A_WORLD(a_watch_that_is_ended_after_a_change_has_seen_no_conflict),
		IN_A_WORLD(what_others_answer_one_another_is_no_forgery),
		IN_A_WORLD(a_watch_that_is_ended_has_saved_what_it_heard_and_it_is_asked_before_use),
		IN_A_WORLD(a_watch_ends_after_so_many_frames_or_after_its_time),
		IN_A_WORLD(the_kernel_is_asked_for_its_opinion),
	};

	return run_side_by_side(tests, LENGTH(tests), LENGTH(tests), argc, argv);
}
