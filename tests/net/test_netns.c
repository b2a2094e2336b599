/*
 * The test network itself: what other tests in this folder take for granted.
 * Needs namespaces (root, or user namespaces for everybody); skipped aloud without.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "netns.h"
#include "responder.h"
#include "run.h"
#include "tap.h"
#include "wirelab/instant.h"

struct world {
	bool usable;
	bool was_root;
	char why[256];
	struct testnet net;
};

static int enter_once(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	if (!w)
		return -1;
	*state = w;
	w->was_root = geteuid() == 0;
	if (!netns_available(w->why))
		return 0;
	if (netns_enter_private(w->why) < 0 || testnet_begin(&w->net, NULL) < 0) {
		fprintf(stderr, "%s%s\n", w->why, w->net.err);
		return -1;
	}
	w->usable = true;
	return 0;
}

static int leave(void **state)
{
	struct world *w = *state;

	if (w->usable)
		testnet_end(&w->net);
	free(w);
	return 0;
}

static struct testnet *net_of(void **state)
{
	struct world *w = *state;

	if (!w->usable) {
		print_message("skipped: no namespaces here: %s\n", w->why);
		skip();
	}
	return &w->net;
}

/* A network of the test's own, for those that break it. */
static void own_net(void **state, struct testnet *net, bool bridge)
{
	(void)net_of(state);
	if (testnet_begin(net, &(struct testnet_options){ .bridge = bridge }) == 0)
		return;
	if (bridge && errno == EOPNOTSUPP) {
		print_message("skipped: %s\n", net->err);
		skip();
	}
	fail_msg("%s", net->err);
}

#define must(net, call) \
	do { \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, (net)->err); \
	} while (0)

/* ---- asking by hand ---------------------------------------------------------------- */

/* A MAC that is nobody's. */
static const struct mac SOMEBODY = { { 0x02, 0, 0, 0, 0x0a, 0x99 } };

static void ask_in(const struct tap_counter *from, struct ip4 ip, struct mac dst, int vid)
{
	uint8_t buf[ARP_FRAME_MAX];
	struct eth_hdr eth = { .dst = dst, .src = CLIENT_MAC, .type = ETH_ARP };
	struct arp_msg msg = {
		.op = ARP_REQUEST, .sender_mac = CLIENT_MAC, .sender_ip = CLIENT_IP,
		.target_ip = ip,
	};

	if (vid >= 0) {
		eth.n_tags = 1;
		eth.tag[0] = (struct eth_tag){ ETH_VLAN, (uint16_t)vid };
	}
	assert_int_equal(tap_send(from, buf, arp_frame_build(buf, &eth, &msg)), 0);
}

static void ask(const struct tap_counter *from, struct ip4 ip)
{
	ask_in(from, ip, MAC_BROADCAST, -1);
}

static struct ip4 ip(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct ip4){ { a, b, c, d } };
}

static void expect_answer(struct tap_counter *tap, struct ip4 from, struct mac mac)
{
	struct tap_match m = { .op = ARP_REPLY, .sender_ip = &from, .sender_mac = &mac };

	ask(tap, from);
	if (tap_wait(tap, &m, 1, SEC_NS))
		return;
	tap_print(tap);
	fail_msg("no such answer");
}

/* ---- the network ------------------------------------------------------------------- */

static void a_kernel_answers_and_both_ends_are_counted(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter near, far;
	struct ip4 server = SERVER_IP;
	struct tap_match request = { .op = ARP_REQUEST, .target_ip = &server };

	must(net, tap_open(&near, net, SIDE_CLIENT, CLIENT_IF, TAP_BOTH));
	must(net, tap_open(&far, net, SIDE_SERVER, SERVER_IF, TAP_INCOMING));
	expect_answer(&near, SERVER_IP, SERVER_MAC);
	ask_in(&near, SERVER_IP, SERVER_MAC, -1);
	assert_true(tap_wait(&far, &request, 2, SEC_NS));

	assert_int_equal(tap_collect(&near), 0);
	request.way = TAP_OUT;
	assert_int_equal(tap_count(&near, &request), 2);
	request.way = TAP_IN;
	assert_int_equal(tap_count(&near, &request), 0);
	assert_int_equal(tap_count(&far, &request), 2);
	request.to = TAP_TO_BROADCAST;
	assert_int_equal(tap_count(&far, &request), 1);
	request.to = TAP_TO_ONE;
	assert_int_equal(tap_count(&far, &request), 1);
	assert_int_equal(tap_find(&far, &request, 0)->len, ETH_MIN_FRAME);
	assert_null(tap_find(&far, &request, 1));
	assert_int_equal(tap_count(&far, &(struct tap_match){ .op = ARP_REPLY }), 0);
	tap_close(&near);
	tap_close(&far);
}

static void a_kernel_answers_for_a_whole_prefix_until_it_is_taken_away(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter tap;
	struct ip4 gone = ip(10, 50, 200, 3);

	must(net, tap_open(&tap, net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
	must(net, testnet_local_prefix_add(net, SIDE_SERVER, ip(10, 50, 0, 0), 16));
	expect_answer(&tap, ip(10, 50, 0, 0), SERVER_MAC);
	expect_answer(&tap, ip(10, 50, 200, 3), SERVER_MAC);
	expect_answer(&tap, ip(10, 50, 255, 255), SERVER_MAC);
	must(net, testnet_local_prefix_delete(net, SIDE_SERVER, ip(10, 50, 0, 0), 16));
	tap_forget(&tap);
	ask(&tap, gone);
	assert_false(tap_wait(&tap, &(struct tap_match){ .sender_ip = &gone }, 1, 30 * MSEC_NS));

	must(net, testnet_address_add(net, SIDE_SERVER, gone, 32));
	expect_answer(&tap, gone, SERVER_MAC);
	must(net, testnet_address_delete(net, SIDE_SERVER, gone, 32));
	assert_int_equal(testnet_address_delete(net, SIDE_SERVER, gone, 32), -1);
	assert_non_null(strstr(net->err, "10.50.200.3"));
	tap_close(&tap);
}

static void a_bridge_joins_three_hosts(void **state)
{
	struct testnet net;
	struct tap_counter tap;

	own_net(state, &net, true);
	must(&net, tap_open(&tap, &net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
	expect_answer(&tap, SERVER_IP, SERVER_MAC);
	expect_answer(&tap, RIVAL_IP, RIVAL_MAC);
	/* Two claim one address: the duplicate of RFC 5227. */
	must(&net, testnet_address_add(&net, SIDE_RIVAL, ip(10, 60, 0, 9), 32));
	must(&net, testnet_address_add(&net, SIDE_SERVER, ip(10, 60, 0, 9), 32));
	tap_forget(&tap);
	ask(&tap, ip(10, 60, 0, 9));
	assert_true(tap_wait(&tap, &(struct tap_match){ .op = ARP_REPLY }, 2, SEC_NS));
	tap_close(&tap);
	testnet_end(&net);
}

static void nobody_speaks_unasked(void **state)
{
	struct testnet net;
	struct tap_counter tap;

	own_net(state, &net, false);
	must(&net, tap_open(&tap, &net, SIDE_CLIENT, CLIENT_IF, TAP_BOTH));
	nanosleep(&(struct timespec){ .tv_nsec = 50 * (long)MSEC_NS }, NULL);
	tap_collect(&tap);
	assert_int_equal(tap.n, 0);
	tap_close(&tap);
	testnet_end(&net);
}

static void a_vlan_tag_that_the_kernel_took_out_is_back_in_its_place(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter near, far;
	struct tap_match on_42 = { .op = ARP_REQUEST, .tagging = TAP_VLAN, .vid = 42 };

	must(net, tap_open(&near, net, SIDE_CLIENT, CLIENT_IF, TAP_BOTH));
	must(net, tap_open(&far, net, SIDE_SERVER, SERVER_IF, TAP_INCOMING));
	ask_in(&near, SERVER_IP, MAC_BROADCAST, 42);
	assert_true(tap_wait(&far, &on_42, 1, SEC_NS));
	assert_true(tap_wait(&near, &on_42, 1, SEC_NS));
	const struct tap_frame *a = tap_find(&near, &on_42, 0), *b = tap_find(&far, &on_42, 0);
	assert_int_equal(a->len, ETH_MIN_FRAME + ETH_TAG_LEN);
	assert_int_equal(b->len, a->len);
	assert_int_equal(b->caplen, a->caplen);
	assert_memory_equal(a->data, b->data, a->caplen);
	on_42.tagging = TAP_UNTAGGED;
	assert_int_equal(tap_count(&far, &on_42), 0);
	tap_close(&near);
	tap_close(&far);
}

static void gaps_between_requests_are_measured_by_the_kernel(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter near, far;
	struct tap_requests sum;
	struct ip4 a = ip(10, 50, 1, 1), b = ip(10, 50, 1, 2);
	uint64_t gap[4];

	must(net, tap_open(&near, net, SIDE_CLIENT, CLIENT_IF, TAP_BOTH));
	must(net, tap_open(&far, net, SIDE_SERVER, SERVER_IF, TAP_INCOMING));
	ask(&near, a);
	ask(&near, b);
	nanosleep(&(struct timespec){ .tv_nsec = 20 * (long)MSEC_NS }, NULL);
	ask(&near, a);
	assert_true(tap_wait(&far, &(struct tap_match){ .op = ARP_REQUEST }, 3, SEC_NS));
	/* Whoever looks late still sees when it was. */
	assert_int_equal(tap_gaps(&far, &(struct tap_match){ .target_ip = &a }, gap, 4), 1);
	assert_in_range(gap[0], 20 * MSEC_NS, 2 * SEC_NS);
	assert_int_equal(tap_gaps(&far, &(struct tap_match){ .target_ip = &b }, gap, 4), 0);

	assert_int_equal(tap_sum_requests(&far, &sum), 0);
	assert_int_equal(sum.total, 3);
	assert_int_equal(sum.broadcast, 3);
	assert_int_equal(sum.addresses, 2);
	assert_int_equal(sum.most, 2);
	assert_true(ip4_equal(sum.most_ip, a));
	assert_true(sum.least_gap_ns == gap[0] || sum.least_gap_ns >= 20 * MSEC_NS);
	tap_close(&near);
	tap_close(&far);
}

static void a_tap_holds_a_hundred_thousand_frames_without_being_read(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter tap;
	struct tap_requests sum;

	/* The near end: the far end's softirq queue may drop some of such a burst. */
	must(net, tap_open(&tap, net, SIDE_CLIENT, CLIENT_IF, TAP_BOTH));
	for (uint32_t i = 0; i < 100000; i++)
		ask(&tap, ip4_from_number(UINT32_C(0x0a330000) + i));
	assert_int_equal(tap_collect(&tap), 0);
	assert_int_equal(tap_sum_requests(&tap, &sum), 0);
	assert_int_equal(sum.total, 100000);
	assert_int_equal(sum.addresses, 100000);
	assert_true(sum.least_gap_ns == UINT64_MAX);
	tap_close(&tap);
}

/* ---- links under a running program ------------------------------------------------- */

/* What `ls /sys/class/net` says on that host. */
static void expect_links(struct testnet *net, enum side side, const char *links)
{
	struct runresult r;

	must(net, testnet_run(net, side, ARGV("ls", "/sys/class/net"), &r));
	assert_string_equal(r.out, links);
	runresult_free(&r);
}

static void a_link_can_be_renamed_moved_and_deleted(void **state)
{
	struct testnet net;

	own_net(state, &net, false);
	expect_links(&net, SIDE_CLIENT, "c0\nlo\n");
	expect_links(&net, SIDE_SERVER, "lo\ns0\n");
	must(&net, testnet_link_rename(&net, SIDE_CLIENT, CLIENT_IF, "wifi0"));
	expect_links(&net, SIDE_CLIENT, "lo\nwifi0\n");
	must(&net, testnet_link_move(&net, SIDE_CLIENT, "wifi0", SIDE_SERVER));
	expect_links(&net, SIDE_CLIENT, "lo\n");
	expect_links(&net, SIDE_SERVER, "lo\ns0\nwifi0\n");
	must(&net, testnet_link_delete(&net, SIDE_SERVER, "wifi0"));
	expect_links(&net, SIDE_SERVER, "lo\n");
	assert_int_equal(testnet_link_delete(&net, SIDE_SERVER, "wifi0"), -1);
	assert_int_equal(errno, ENODEV);
	testnet_end(&net);
}

static void a_link_that_went_down_comes_back_and_may_have_another_mac(void **state)
{
	struct testnet net;
	struct tap_counter tap;
	struct runresult r;

	own_net(state, &net, false);
	must(&net, tap_open(&tap, &net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
	must(&net, testnet_link_up(&net, SIDE_SERVER, SERVER_IF, false));
	must(&net, testnet_run(&net, SIDE_CLIENT, ARGV("cat", "/sys/class/net/c0/carrier"), &r));
	assert_string_equal(r.out, "0\n");
	runresult_free(&r);
	must(&net, testnet_link_set_mac(&net, SIDE_SERVER, SERVER_IF, RIVAL_MAC));
	must(&net, testnet_link_up(&net, SIDE_SERVER, SERVER_IF, true));
	must(&net, testnet_link_wait(&net, SIDE_CLIENT, CLIENT_IF, true, 3 * SEC_NS));
	expect_answer(&tap, SERVER_IP, RIVAL_MAC);

	must(&net, testnet_link_up(&net, SIDE_CLIENT, CLIENT_IF, false));
	must(&net, testnet_link_up(&net, SIDE_CLIENT, CLIENT_IF, true));
	must(&net, testnet_link_wait(&net, SIDE_CLIENT, CLIENT_IF, true, 3 * SEC_NS));
	tap_forget(&tap);
	expect_answer(&tap, SERVER_IP, RIVAL_MAC);
	tap_close(&tap);
	testnet_end(&net);
}

/* ---- programs ---------------------------------------------------------------------- */

static void a_program_is_seen_whole(void **state)
{
	struct testnet *net = net_of(state);
	struct runresult r;
	struct run_options o = {
		.env = (const char *const[]){ "COLOUR=green", "HOME", NULL },
		.input = "from the test\n", .dir = "/",
	};
	const char *const argv[] = {
		"sh", "-c", "cat; pwd; echo \"$COLOUR ${HOME-homeless}\"; echo oops >&2; exit 7",
		NULL,
	};

	must(net, testnet_run_with(net, SIDE_CLIENT, argv, &o, &r));
	assert_string_equal(r.out, "from the test\n/\ngreen homeless\n");
	assert_string_equal(r.err, "oops\n");
	assert_int_equal(r.status, 7);
	assert_int_equal(r.signal, 0);
	assert_false(r.timed_out);
	assert_in_range(r.wall_ns, 1, 5 * SEC_NS);
	runresult_free(&r);

	/* Without any of these, its input is empty. */
	must(net, testnet_run(net, SIDE_CLIENT, ARGV("cat"), &r));
	assert_int_equal(r.status, 0);
	assert_int_equal(r.out_len, 0);
	runresult_free(&r);
}

static void a_long_output_is_kept_and_an_endless_one_is_cut(void **state)
{
	struct testnet *net = net_of(state);
	struct runresult r;

	must(net, testnet_run(net, SIDE_CLIENT,
			      ARGV("head", "-c", "5000000", "/dev/zero"), &r));
	assert_int_equal(r.out_len, 5000000);
	assert_false(r.out_cut);
	runresult_free(&r);
	must(net, testnet_run(net, SIDE_CLIENT,
			      ARGV("head", "-c", "70000000", "/dev/zero"), &r));
	assert_in_range(r.out_len, RUN_OUTPUT_MAX - 65536, RUN_OUTPUT_MAX);
	assert_true(r.out_cut);
	assert_int_equal(r.status, 0);
	runresult_free(&r);
}

/* Dead, or a zombie that init has not yet buried. */
static bool is_gone(pid_t pid)
{
	char path[64], line[512] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return true;
	bool read = fgets(line, sizeof(line), f) != NULL;
	fclose(f);
	return !read || strstr(line, ") Z ") || strstr(line, ") X ");
}

static bool goes_within_a_second(pid_t pid)
{
	for (int ms = 0; ms < 1000; ms++) {
		if (is_gone(pid))
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = (long)MSEC_NS }, NULL);
	}
	return false;
}

static void a_program_that_does_not_end_is_killed_with_all_it_started(void **state)
{
	struct testnet *net = net_of(state);
	struct run_options o = { .timeout_ns = 100 * MSEC_NS };
	struct runresult r;

	must(net, testnet_run_with(net, SIDE_CLIENT,
				   ARGV("sh", "-c", "sleep 60 & echo $!; sleep 60"), &o, &r));
	assert_true(r.timed_out);
	assert_int_equal(r.status, -1);
	assert_int_equal(r.signal, SIGKILL);
	assert_in_range(r.wall_ns, 100 * MSEC_NS, 5 * SEC_NS);
	pid_t grandchild = (pid_t)strtol(r.out, NULL, 10);
	assert_true(grandchild > 0);
	assert_true(goes_within_a_second(grandchild));
	runresult_free(&r);
}

static void a_program_that_is_not_there_is_an_error_of_ours(void **state)
{
	struct testnet *net = net_of(state);
	struct runresult r;

	assert_int_equal(testnet_run(net, SIDE_CLIENT, ARGV("/nonexistent/tool"), &r), -1);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(net->err, "starting /nonexistent/tool: execve: "
				      "No such file or directory");
	runresult_free(&r);
}

static void a_program_can_be_watched_and_signalled_while_it_runs(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;

	must(net, testnet_start(net, SIDE_CLIENT,
				ARGV("sh", "-c", "trap 'echo bye; exit 3' INT; echo ready; "
				     "while :; do sleep 0.01; done"), NULL, &run));
	assert_true(running_until(&run, &run.out, "ready\n"));
	assert_false(running_for(&run, 10 * MSEC_NS));
	assert_int_equal(running_signal(&run, SIGINT), 0);
	assert_true(running_until(&run, &run.out, "bye\n"));
	running_wait(&run, &r);
	assert_int_equal(r.status, 3);
	assert_string_equal(r.out, "ready\nbye\n");
	runresult_free(&r);
	running_kill(&run);

	must(net, testnet_start(net, SIDE_CLIENT, ARGV("true"), NULL, &run));
	assert_false(running_until(&run, &run.out, "never"));
	running_kill(&run);
}

static void a_write_can_be_made_to_fail(void **state)
{
	struct testnet *net = net_of(state);
	struct runresult r;
	struct run_options o = { .stdout_fd = full_device() };

	assert_true(o.stdout_fd > 0);
	o.env = (const char *const[]){ "LC_ALL=C", NULL };
	must(net, testnet_run_with(net, SIDE_CLIENT, ARGV("cat", "/proc/version"), &o, &r));
	assert_int_equal(r.status, 1);
	assert_non_null(strstr(r.err, "No space left on device"));
	runresult_free(&r);
	close(o.stdout_fd);

	o.stdout_fd = broken_pipe();
	must(net, testnet_run_with(net, SIDE_CLIENT, ARGV("cat", "/proc/version"), &o, &r));
	assert_int_equal(r.signal, SIGPIPE);
	runresult_free(&r);
	close(o.stdout_fd);

	o = (struct run_options){ .close_stdout = true };
	must(net, testnet_run_with(net, SIDE_CLIENT, ARGV("sh", "-c", "test ! -e /proc/self/fd/1"),
				   &o, &r));
	assert_int_equal(r.status, 0);
	runresult_free(&r);
}

static void expect_status_lines(struct testnet *net, const struct run_options *o, const char *uid,
				const char *caps)
{
	struct runresult r;
	char want[128];

	must(net, testnet_run_with(net, SIDE_CLIENT,
				   ARGV("sh", "-c", "id -u; grep CapEff /proc/self/status"),
				   o, &r));
	snprintf(want, sizeof(want), "%s\nCapEff:\t%s\n", uid, caps);
	assert_string_equal(r.out, want);
	runresult_free(&r);
}

static void a_program_can_be_without_privileges(void **state)
{
	struct testnet *net = net_of(state);
	const struct world *w = *state;

	expect_status_lines(net, &(struct run_options){ .caps = RUN_CAPS_NONE }, "0",
			    "0000000000000000");
	expect_status_lines(net, &(struct run_options){ .caps = RUN_CAPS_NET_RAW }, "0",
			    "0000000000002000");
	expect_status_lines(net, &(struct run_options){ .uid = 1234 }, "1234",
			    "0000000000000000");
	struct run_options both = { .uid = 1234, .caps = RUN_CAPS_NET_RAW };
	struct runresult r;
	if (w->was_root) {
		expect_status_lines(net, &both, "1234", "0000000000002000");
	} else {
		assert_int_equal(testnet_run_with(net, SIDE_CLIENT, ARGV("true"), &both, &r), -1);
		assert_int_equal(errno, ENOTSUP);
	}
}

static void run_is_empty_and_ours(void **state)
{
	struct testnet *net = net_of(state);
	struct runresult r;

	must(net, testnet_run(net, SIDE_CLIENT, ARGV("ls", "-A", "/run"), &r));
	assert_string_equal(r.out, "");
	runresult_free(&r);
	assert_int_equal(mkdir("/run/arpq", 0755), 0);
	must(net, testnet_run(net, SIDE_SERVER, ARGV("ls", "-A", "/run"), &r));
	assert_string_equal(r.out, "arpq\n");
	runresult_free(&r);
	assert_int_equal(rmdir("/run/arpq"), 0);
}

/* ---- the responder ----------------------------------------------------------------- */

/* The frame that every resolver in the world believes. */
static bool is_plain_answer(const struct tap_frame *f, struct ip4 asked, struct mac mac)
{
	struct arp_frame a;

	arp_frame_parse(f->data, f->caplen, &a);
	return a.verdict == V_OK && (a.eth.n_tags == 0 || (a.eth.tag[0].tci & ETH_VID_MASK) == 0) &&
	       a.msg.op == ARP_REPLY && ip4_equal(a.msg.sender_ip, asked) &&
	       mac_equal(a.msg.sender_mac, mac) && mac_equal(a.eth.src, mac) &&
	       ip4_equal(a.msg.target_ip, CLIENT_IP) && mac_equal(a.msg.target_mac, CLIENT_MAC) &&
	       mac_equal(a.eth.dst, CLIENT_MAC);
}

static size_t plain_answers(const struct tap_counter *tap, struct ip4 asked, struct mac mac)
{
	size_t n = 0;

	for (size_t i = 0; i < tap->n; i++)
		n += is_plain_answer(&tap->frames[i], asked, mac);
	return n;
}

static size_t frames_of(enum odd odd)
{
	switch ((int)odd) {
	case ODD_TWO_HOSTS:
	case ODD_TWICE: return 2;
	case ODD_SILENT:
	case ODD_UNICAST_ONLY: return 0;
	}
	return 1;
}

/* What reaches the asker, for the verdict that the table gives. */
static void expect_case(const struct odd_case *c, const struct tap_counter *tap)
{
	size_t plain = plain_answers(tap, odd_ip(c->odd), odd_honest_mac(c->odd));

	if (tap->n != frames_of(c->odd)) {
		tap_print(tap);
		fail_msg("%s: %zu frames", c->name, tap->n);
	}
	switch (c->verdict) {
	case ODD_ACCEPTED:
		assert_int_equal(plain, frames_of(c->odd));
		break;
	case ODD_CONFLICT:
		assert_int_equal(plain, 1);
		break;
	case ODD_FLAGGED:
	case ODD_REFUSED:
	case ODD_EITHER:
	case ODD_NOTHING:
		assert_int_equal(plain, 0);
		break;
	}
}

static void every_oddity_is_answered_as_its_line_in_the_table_says(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter tap;
	struct responder r;
	struct responder_stats stats;
	const struct odd_case *c;

	must(net, responder_begin(&r, net, SIDE_SERVER,
				  &(struct responder_config){ .odd = true, .vid = 42 }));
	must(net, tap_open(&tap, net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
	for (size_t i = 0; (c = odd_case_at(i)); i++) {
		uint64_t patience = c->odd == ODD_LATE ? SEC_NS : 200 * MSEC_NS;
		tap_forget(&tap);
		ask(&tap, odd_ip(c->odd));
		if (c->odd == ODD_SECOND_REQUEST)
			ask(&tap, odd_ip(c->odd));
		if (frames_of(c->odd) == 0)
			nanosleep(&(struct timespec){ .tv_nsec = 20 * (long)MSEC_NS }, NULL);
		tap_wait(&tap, &(struct tap_match){ 0 }, frames_of(c->odd), patience);
		expect_case(c, &tap);
		assert_ptr_equal(odd_case_of(c->odd), c);
	}
	assert_true(responder_end(&r, &stats));
	assert_int_equal(stats.requests, ODD_TABLE_END - 1 + 28 + 1);
	assert_int_equal(stats.refused_sends, 0);
	assert_int_equal(stats.unheard, 0);
	tap_close(&tap);
}

static void the_cuts_are_cut_where_they_say(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter tap;
	struct responder r;

	must(net, responder_begin(&r, net, SIDE_SERVER, &(struct responder_config){ .odd = true }));
	must(net, tap_open(&tap, net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
	for (unsigned n = 0; n < ARP_IPV4_LEN; n++) {
		tap_forget(&tap);
		ask(&tap, odd_ip((enum odd)(ODD_CUT_BODY + n)));
		assert_true(tap_wait(&tap, &(struct tap_match){ 0 }, 1, SEC_NS));
		assert_int_equal(tap.frames[0].len, ETH_HEADER_LEN + n);
	}
	tap_forget(&tap);
	ask(&tap, odd_ip(ODD_LONG));
	assert_true(tap_wait(&tap, &(struct tap_match){ 0 }, 1, SEC_NS));
	assert_int_equal(tap.frames[0].len, 1514);
	assert_int_equal(tap.frames[0].caplen, TAP_BYTES);
	responder_end(&r, NULL);
	tap_close(&tap);
}

static void an_honest_host_can_answer_before_or_after_the_odd_one(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter tap;
	struct ip4 asked = odd_ip(ODD_ZERO_MAC);
	struct mac honest = odd_honest_mac(ODD_ZERO_MAC);

	must(net, tap_open(&tap, net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
	for (int after = 0; after < 2; after++) {
		struct responder r;
		struct responder_config c = {
			.odd = true, .company = after ? ODD_AFTER_HONEST : ODD_BEFORE_HONEST,
		};
		must(net, responder_begin(&r, net, SIDE_SERVER, &c));
		tap_forget(&tap);
		ask(&tap, asked);
		assert_true(tap_wait(&tap, &(struct tap_match){ .op = ARP_REPLY }, 2, SEC_NS));
		assert_int_equal(tap.n, 2);
		assert_true(is_plain_answer(&tap.frames[after ? 0 : 1], asked, honest));
		assert_false(is_plain_answer(&tap.frames[after ? 1 : 0], asked, honest));
		assert_true(responder_end(&r, NULL));
	}
	tap_close(&tap);
}

static void some_hosts_hear_only_unicast_or_only_broadcast(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter tap;
	struct responder r;
	struct ip4 a = odd_ip(ODD_UNICAST_ONLY), b = odd_ip(ODD_BROADCAST_ONLY);

	must(net, responder_begin(&r, net, SIDE_SERVER, &(struct responder_config){ .odd = true }));
	must(net, tap_open(&tap, net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
	ask(&tap, a);
	ask_in(&tap, a, SOMEBODY, -1);		/* an old MAC: nobody's now */
	ask_in(&tap, b, odd_honest_mac(ODD_BROADCAST_ONLY), -1);
	ask_in(&tap, a, odd_honest_mac(ODD_UNICAST_ONLY), -1);
	ask(&tap, b);
	assert_true(tap_wait(&tap, &(struct tap_match){ .op = ARP_REPLY }, 2, SEC_NS));
	assert_int_equal(tap.n, 2);
	assert_true(is_plain_answer(&tap.frames[0], a, odd_honest_mac(ODD_UNICAST_ONLY)));
	assert_true(is_plain_answer(&tap.frames[1], b, odd_honest_mac(ODD_BROADCAST_ONLY)));
	responder_end(&r, NULL);
	tap_close(&tap);
}

static void an_answer_stays_on_the_vlan_of_the_question(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter tap;
	struct responder r;
	struct responder_config c = { .prefix = { { 10, 50, 0, 0 } }, .prefix_len = 16 };
	struct tap_match on_7 = { .op = ARP_REPLY, .tagging = TAP_VLAN, .vid = 7 };

	must(net, responder_begin(&r, net, SIDE_SERVER, &c));
	must(net, tap_open(&tap, net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
	ask_in(&tap, ip(10, 50, 3, 4), MAC_BROADCAST, 7);
	assert_true(tap_wait(&tap, &on_7, 1, SEC_NS));
	assert_int_equal(tap.n, 1);
	responder_end(&r, NULL);
	tap_close(&tap);
}

/* The answers to one question each for 10.50.0.0 .. 10.50.3.255, as a set of 1,024 flags. */
static size_t sweep_a_lossy_prefix(struct testnet *net, uint64_t seed, uint8_t there[1024])
{
	struct tap_counter tap;
	struct responder r;
	struct responder_stats stats;
	struct responder_config c = {
		.prefix = { { 10, 50, 0, 0 } }, .prefix_len = 16, .loss_percent = 20, .seed = seed,
	};
	struct arp_frame a;
	size_t n;

	memset(there, 0, 1024);
	must(net, responder_begin(&r, net, SIDE_SERVER, &c));
	must(net, tap_open(&tap, net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
	for (uint32_t i = 0; i < 1024; i++) {
		/* Slowly enough for the far end's softirq queue. */
		if (i % 64 == 0)
			nanosleep(&(struct timespec){ .tv_nsec = (long)MSEC_NS }, NULL);
		ask(&tap, ip4_from_number(UINT32_C(0x0a320000) + i));
	}
	for (int ms = 0; ms < 1000 && responder_stats(&r).requests < 1024; ms++)
		nanosleep(&(struct timespec){ .tv_nsec = (long)MSEC_NS }, NULL);
	nanosleep(&(struct timespec){ .tv_nsec = 10 * (long)MSEC_NS }, NULL);
	assert_int_equal(tap_collect(&tap), 0);
	assert_true(responder_end(&r, &stats));
	assert_int_equal(stats.requests, 1024);
	assert_int_equal(stats.replies + stats.lost, 1024);
	for (size_t i = 0; i < tap.n; i++) {
		arp_frame_parse(tap.frames[i].data, tap.frames[i].caplen, &a);
		assert_true(mac_equal(a.msg.sender_mac, responder_mac(a.msg.sender_ip)));
		there[ip4_number(a.msg.sender_ip) & 1023] = 1;
	}
	n = tap.n;
	tap_close(&tap);
	return n;
}

static void losses_are_repeated_by_the_same_seed(void **state)
{
	struct testnet *net = net_of(state);
	uint8_t first[1024], again[1024], other[1024];

	size_t n = sweep_a_lossy_prefix(net, 1, first);
	assert_in_range(n, 1024 * 70 / 100, 1024 * 90 / 100);
	assert_int_equal(sweep_a_lossy_prefix(net, 1, again), n);
	assert_memory_equal(first, again, sizeof(first));
	sweep_a_lossy_prefix(net, 2, other);
	assert_memory_not_equal(first, other, sizeof(first));
}

static void a_host_may_be_slow_sparse_and_hard_of_hearing(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter tap;
	struct responder r;
	struct responder_config c = {
		.prefix = { { 10, 50, 0, 0 } }, .prefix_len = 16, .delay_ns = 30 * MSEC_NS,
		.exists_every = 100, .deaf_to_first = 2,
	};
	struct ip4 there = ip(10, 50, 0, 107);
	struct tap_match reply = { .op = ARP_REPLY, .sender_ip = &there };

	must(net, responder_begin(&r, net, SIDE_SERVER, &c));
	must(net, tap_open(&tap, net, SIDE_CLIENT, CLIENT_IF, TAP_BOTH));
	ask(&tap, ip(10, 50, 0, 108));
	ask(&tap, there);
	ask(&tap, there);
	ask(&tap, there);
	assert_true(tap_wait(&tap, &reply, 1, SEC_NS));
	assert_int_equal(tap.n, 5);
	assert_in_range(tap.frames[4].unix_ns - tap.frames[3].unix_ns, 30 * MSEC_NS, SEC_NS);
	responder_end(&r, NULL);
	tap_close(&tap);
}

static void a_flood_is_sent_and_questions_are_still_answered(void **state)
{
	struct testnet *net = net_of(state);
	enum { FRAMES = 100000 };

	for (enum flood_kind kind = FLOOD_OTHER_SENDERS; kind <= FLOOD_MALFORMED; kind++) {
		struct tap_counter tap;
		struct responder r;
		struct responder_stats stats;
		struct responder_config c = {
			.odd = true, .flood = kind, .flood_frames = FRAMES,
			.flood_when_asked = true,
			.flood_senders = { UINT32_C(0x0a330000), UINT32_C(0x0a33ffff) },
		};
		must(net, responder_begin(&r, net, SIDE_SERVER, &c));
		must(net, tap_open(&tap, net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
		expect_answer(&tap, odd_ip(ODD_NORMAL), odd_honest_mac(ODD_NORMAL));
		assert_true(responder_flooded(&r, 5 * SEC_NS));
		expect_answer(&tap, odd_ip(ODD_TWICE), odd_honest_mac(ODD_TWICE));
		assert_true(responder_end(&r, &stats));
		assert_int_equal(stats.flooded, FRAMES);
		assert_int_equal(stats.refused_sends, 0);
		/* A veth's queue drops what comes too fast, more so on a busy machine. */
		assert_int_equal(tap_collect(&tap), 0);
		assert_in_range(tap.n, FRAMES / 10, FRAMES + 3);
		print_message("flood %d: %.0f frames a second\n", (int)kind,
			      FRAMES * 1e9 / (double)stats.flood_ns);
		tap_close(&tap);
	}
}

static void a_forger_beside_a_real_host(void **state)
{
	struct testnet net;
	struct tap_counter tap;
	struct responder r;

	own_net(state, &net, true);
	must(&net, testnet_local_prefix_add(&net, SIDE_SERVER, ip(10, 50, 9, 0), 24));
	must(&net, responder_begin(&r, &net, SIDE_RIVAL,
				   &(struct responder_config){ .odd = true }));
	must(&net, tap_open(&tap, &net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
	ask(&tap, odd_ip(ODD_NORMAL));
	assert_true(tap_wait(&tap, &(struct tap_match){ .op = ARP_REPLY }, 2, SEC_NS));
	assert_int_equal(plain_answers(&tap, odd_ip(ODD_NORMAL), SERVER_MAC), 1);
	assert_int_equal(plain_answers(&tap, odd_ip(ODD_NORMAL), odd_honest_mac(ODD_NORMAL)), 1);
	responder_end(&r, NULL);
	tap_close(&tap);
	testnet_end(&net);
}

static uint64_t cpu_ticks(pid_t pid)
{
	char path[64], line[512];
	unsigned long user = 0, sys = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	/* proc(5): 14 and 15, counted from behind the name, which is 2. */
	assert_int_equal(sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
				"%*u %lu %lu", &user, &sys), 2);
	return user + sys;
}

static void a_responder_and_a_tap_survive_a_link_that_goes_and_comes(void **state)
{
	struct testnet net;
	struct tap_counter tap;
	struct responder r;

	own_net(state, &net, false);
	must(&net, responder_begin(&r, &net, SIDE_SERVER,
				   &(struct responder_config){ .odd = true }));
	must(&net, tap_open(&tap, &net, SIDE_CLIENT, CLIENT_IF, TAP_INCOMING));
	must(&net, testnet_link_up(&net, SIDE_SERVER, SERVER_IF, false));
	must(&net, testnet_link_up(&net, SIDE_CLIENT, CLIENT_IF, false));
	uint64_t before = cpu_ticks(r.pid);
	nanosleep(&(struct timespec){ .tv_nsec = 200 * (long)MSEC_NS }, NULL);
	/* It sleeps meanwhile: of 20 ticks it takes hardly one. */
	assert_in_range(cpu_ticks(r.pid) - before, 0, 3);
	must(&net, testnet_link_up(&net, SIDE_CLIENT, CLIENT_IF, true));
	must(&net, testnet_link_up(&net, SIDE_SERVER, SERVER_IF, true));
	must(&net, testnet_link_wait(&net, SIDE_CLIENT, CLIENT_IF, true, 3 * SEC_NS));
	must(&net, testnet_link_wait(&net, SIDE_SERVER, SERVER_IF, true, 3 * SEC_NS));
	expect_answer(&tap, odd_ip(ODD_NORMAL), odd_honest_mac(ODD_NORMAL));
	assert_true(responder_end(&r, NULL));
	tap_close(&tap);
	testnet_end(&net);
}

/* ---- nothing is left --------------------------------------------------------------- */

/* In a child: a network with a program and a responder in it, then wait to be killed. */
_Noreturn static void be_busy(int out)
{
	struct testnet net;
	struct running run;
	struct responder r;
	pid_t pids[2];

	if (testnet_begin(&net, NULL) < 0 ||
	    testnet_start(&net, SIDE_CLIENT, ARGV("sleep", "600"), NULL, &run) < 0 ||
	    responder_begin(&r, &net, SIDE_SERVER, &(struct responder_config){ .odd = true }) < 0)
		_exit(1);
	pids[0] = run.pid;
	pids[1] = r.pid;
	if (write(out, pids, sizeof(pids)) != sizeof(pids))
		_exit(1);
	for (;;)
		pause();
}

static void nothing_is_left_when_a_test_is_killed(void **state)
{
	int fd[2];
	pid_t pids[2];

	(void)net_of(state);
	assert_int_equal(pipe(fd), 0);
	pid_t pid = fork();
	if (pid == 0)
		be_busy(fd[1]);
	close(fd[1]);
	assert_int_equal(read(fd[0], pids, sizeof(pids)), sizeof(pids));
	close(fd[0]);
	assert_false(is_gone(pids[0]));
	assert_false(is_gone(pids[1]));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(goes_within_a_second(pids[0]));
	assert_true(goes_within_a_second(pids[1]));
}

static void descriptors_are_given_back(void **state)
{
	struct testnet net;
	struct responder r;
	struct tap_counter tap;
	struct runresult out;

	(void)net_of(state);
	int before = dup(0);
	close(before);
	for (int i = 0; i < 3; i++) {
		own_net(state, &net, false);
		must(&net, responder_begin(&r, &net, SIDE_SERVER,
					   &(struct responder_config){ .odd = true }));
		must(&net, tap_open(&tap, &net, SIDE_CLIENT, CLIENT_IF, TAP_BOTH));
		must(&net, testnet_run(&net, SIDE_CLIENT, ARGV("true"), &out));
		runresult_free(&out);
		tap_close(&tap);
		assert_true(responder_end(&r, NULL));
		testnet_end(&net);
	}
	int after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_answers_and_both_ends_are_counted),
		cmocka_unit_test(a_kernel_answers_for_a_whole_prefix_until_it_is_taken_away),
		cmocka_unit_test(a_bridge_joins_three_hosts),
		cmocka_unit_test(nobody_speaks_unasked),
		cmocka_unit_test(a_vlan_tag_that_the_kernel_took_out_is_back_in_its_place),
		cmocka_unit_test(gaps_between_requests_are_measured_by_the_kernel),
		cmocka_unit_test(a_tap_holds_a_hundred_thousand_frames_without_being_read),
		cmocka_unit_test(a_link_can_be_renamed_moved_and_deleted),
		cmocka_unit_test(a_link_that_went_down_comes_back_and_may_have_another_mac),
		cmocka_unit_test(a_program_is_seen_whole),
		cmocka_unit_test(a_long_output_is_kept_and_an_endless_one_is_cut),
		cmocka_unit_test(a_program_that_does_not_end_is_killed_with_all_it_started),
		cmocka_unit_test(a_program_that_is_not_there_is_an_error_of_ours),
		cmocka_unit_test(a_program_can_be_watched_and_signalled_while_it_runs),
		cmocka_unit_test(a_write_can_be_made_to_fail),
		cmocka_unit_test(a_program_can_be_without_privileges),
		cmocka_unit_test(run_is_empty_and_ours),
		cmocka_unit_test(every_oddity_is_answered_as_its_line_in_the_table_says),
		cmocka_unit_test(the_cuts_are_cut_where_they_say),
		cmocka_unit_test(an_honest_host_can_answer_before_or_after_the_odd_one),
		cmocka_unit_test(some_hosts_hear_only_unicast_or_only_broadcast),
		cmocka_unit_test(an_answer_stays_on_the_vlan_of_the_question),
		cmocka_unit_test(losses_are_repeated_by_the_same_seed),
		cmocka_unit_test(a_host_may_be_slow_sparse_and_hard_of_hearing),
		cmocka_unit_test(a_flood_is_sent_and_questions_are_still_answered),
		cmocka_unit_test(a_forger_beside_a_real_host),
		cmocka_unit_test(a_responder_and_a_tap_survive_a_link_that_goes_and_comes),
		cmocka_unit_test(nothing_is_left_when_a_test_is_killed),
		cmocka_unit_test(descriptors_are_given_back),
	};

	return cmocka_run_group_tests(tests, enter_once, leave);
}
