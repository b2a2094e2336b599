/*
 * Links that go away under a waiting arpq, links it cannot use, and everything else that
 * keeps it from asking: one line with the cure, and the exit status that goes with it.
 */
#include "arpq_world.h"

#include <sys/stat.h>

/* ---- a link that goes away ------------------------------------------------------- */

enum fate { TAKEN_DOWN, DELETED, RENAMED, MOVED };

static const char *const SAYS[] = {
	"c0 was taken down", "c0 was deleted", "c0 was renamed to wifi0",
	"c0 was moved to another network namespace",
};

static void befall(struct testnet *net, enum fate fate)
{
	switch (fate) {
	case TAKEN_DOWN: must(net, testnet_link_up(net, SIDE_CLIENT, CLIENT_IF, false)); break;
	case DELETED: must(net, testnet_link_delete(net, SIDE_CLIENT, CLIENT_IF)); break;
	case RENAMED: must(net, testnet_link_rename(net, SIDE_CLIENT, CLIENT_IF, "wifi0")); break;
	case MOVED:
		must(net, testnet_link_move(net, SIDE_CLIENT, CLIENT_IF, SIDE_SERVER));
		break;
	}
}

static size_t lines_with(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		n++;
		text += strlen(part);
	}
	return n;
}

/* When it has asked (a watch: when it has had the time to begin). */
static void lose_the_link(struct testnet *net, const char *args, enum fate fate, size_t lines)
{
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct running run;
	struct runresult r;

	arpq_start(net, args, &run);
	if (strstr(args, "--watch"))
		sleep_ms(800);
	else
		assert_true(tap_wait(&far, &(struct tap_match){ .op = ARP_REQUEST }, 1, 2 * SEC_NS));
	tap_close(&far);
	/* The kernel takes its time, too: it has one lock for the links of all namespaces. */
	befall(net, fate);
	uint64_t since = monotonic_ns();
	running_wait(&run, &r);
	assert_in_range(monotonic_ns() - since, 0, SEC_NS);
	expect_exit(&r, 6);
	expect_err(&r, SAYS[fate]);
	if (lines_in(r.err) != lines || lines_with(r.err, "c0 ") != 1) {
		print_result(&r);
		fail_msg("that is not %zu lines", lines);
	}
	runresult_free(&r);
}

static void a_question_ends_when_its_link_is_taken_down(void **state)
{
	lose_the_link(net_of(state), "10.60.0.9", TAKEN_DOWN, 1);
}

static void a_question_ends_when_its_link_is_deleted(void **state)
{
	lose_the_link(net_of(state), "10.60.0.9", DELETED, 1);
}

static void a_question_ends_when_its_link_is_renamed(void **state)
{
	lose_the_link(net_of(state), "10.60.0.9", RENAMED, 1);
}

static void a_question_ends_when_its_link_is_moved(void **state)
{
	lose_the_link(net_of(state), "10.60.0.9", MOVED, 1);
}

/* A sweep and a watch also say what they had come to. */
static void a_sweep_ends_when_its_link_is_taken_down(void **state)
{
	lose_the_link(net_of(state), "10.60.7.0/24 --rate 100", TAKEN_DOWN, 2);
}

static void a_sweep_ends_when_its_link_is_deleted(void **state)
{
	lose_the_link(net_of(state), "10.60.7.0/24", DELETED, 2);
}

static void a_sweep_ends_when_its_link_is_renamed(void **state)
{
	lose_the_link(net_of(state), "10.60.7.0/24 --rate 100", RENAMED, 2);
}

static void a_sweep_at_full_speed_ends_when_its_link_is_moved(void **state)
{
	lose_the_link(net_of(state), "10.128.0.0/9 --rate max", MOVED, 2);
}

static void a_watch_ends_when_its_link_is_taken_down(void **state)
{
	lose_the_link(net_of(state), "--watch", TAKEN_DOWN, 2);
}

static void a_watch_ends_when_its_link_is_deleted(void **state)
{
	lose_the_link(net_of(state), "--watch", DELETED, 2);
}

static void a_watch_ends_when_its_link_is_renamed(void **state)
{
	lose_the_link(net_of(state), "--watch", RENAMED, 2);
}

static void a_watch_ends_when_its_link_is_moved(void **state)
{
	lose_the_link(net_of(state), "--watch", MOVED, 2);
}

static void a_probe_ends_when_its_link_is_deleted(void **state)
{
	lose_the_link(net_of(state), "--probe 10.60.0.9", DELETED, 1);
}

static void a_link_that_is_down_is_said_to_be_down(void **state)
{
	struct testnet *net = net_of(state);

	must(net, testnet_link_up(net, SIDE_CLIENT, CLIENT_IF, false));
	arpq_says(net, "-i c0 10.60.0.2", 6, NULL, "c0 is down: ip link set c0 up\n");
}

static void a_cable_that_is_out_means_no_answer_and_the_question_goes_on(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct running run;
	struct runresult r;
	struct ip4 ip = { { 10, 60, 0, 9 } };

	arpq_start(net, "10.60.0.9", &run);
	assert_true(tap_wait(&far, &(struct tap_match){ .op = ARP_REQUEST }, 1, 2 * SEC_NS));
	must(net, testnet_link_up(net, SIDE_SERVER, SERVER_IF, false));
	sleep_ms(100);
	must(net, testnet_address_add(net, SIDE_SERVER, ip, 32));
	must(net, testnet_link_up(net, SIDE_SERVER, SERVER_IF, true));
	running_wait(&run, &r);
	expect_exit(&r, 0);
	expect_out(&r, "02:00:00:00:0b:01");
	runresult_free(&r);
	tap_close(&far);
}

/* Nobody could object, so nothing is known; a claim is no question that goes on. */
static void a_probe_on_a_cable_that_is_out_does_not_call_the_address_free(void **state)
{
	struct testnet *net = net_of(state);

	must(net, testnet_link_up(net, SIDE_SERVER, SERVER_IF, false));
	arpq_says(net, "--probe 10.60.0.9", 6, NULL, "c0 has no carrier");
	arpq_says(net, "--announce 10.60.0.9", 6, NULL, "c0 has no carrier");
}

static void a_probe_whose_cable_was_out_meanwhile_does_not_call_the_address_free(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct running run;
	struct runresult r;

	arpq_start(net, "--probe 10.60.0.9", &run);
	assert_true(tap_wait(&far, &(struct tap_match){ .op = ARP_REQUEST }, 1, 3 * SEC_NS));
	must(net, testnet_link_up(net, SIDE_SERVER, SERVER_IF, false));
	sleep_ms(100);
	must(net, testnet_link_up(net, SIDE_SERVER, SERVER_IF, true));
	running_wait(&run, &r);
	expect_exit(&r, 6);
	expect_err(&r, "or had none meanwhile");
	assert_string_equal(r.out, "");
	runresult_free(&r);
	tap_close(&far);
}

/* Whoever makes an interface may put anything but a slash and a blank into its name. */
static void an_interface_s_name_sends_no_escape_sequence_to_the_terminal(void **state)
{
	struct testnet *net = net_of(state);

	must(net, testnet_link_rename(net, SIDE_CLIENT, CLIENT_IF, "c\033[31m"));
	must(net, testnet_link_up(net, SIDE_CLIENT, "c\033[31m", false));
	arpq_says(net, "-i c\033[31m 10.60.0.2", 6, NULL, "arpq: c\\x1b[31m is down");
	arpq_says(net, "-i \033[2J 10.60.0.2", 2, NULL, "no interface \\x1b[2J");
}

/* ---- what cannot be asked -------------------------------------------------------- */

/* args, the exit status, and what standard error says; always one line, or with a usage
 * error a second one that tells where to read on. */
struct refusal {
	const char *args;
	int status;
	const char *says;
};

static void expect_refusals(struct testnet *net, const struct refusal *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct runresult r = arpq(net, t[i].args);
		size_t lines = lines_in(r.err);
		bool help = strstr(r.err, "try: arpq --help\n") != NULL;

		if (lines != (help ? 2u : 1u) || strncmp(r.err, "arpq: ", 6) != 0 || *r.out ||
		    strlen(r.err) > 400) {
			print_result(&r);
			fail_msg("arpq %s: not one line", t[i].args);
		}
		if (r.status != t[i].status || !strstr(r.err, t[i].says)) {
			print_result(&r);
			fail_msg("arpq %s: not %d, \"%s\"", t[i].args, t[i].status, t[i].says);
		}
		runresult_free(&r);
	}
}

static void what_is_no_neighbour_is_said_in_one_line_with_the_cure(void **state)
{
	static const struct refusal cannot[] = {
		{ "127.0.0.1", 2, "loopback" },
		{ "-i lo 127.0.0.1", 2, "loopback" },
		{ "-i nope0 10.60.0.2", 2, "there is no interface nope0: ip link" },
		{ "-i a-name-that-is-far-too-long-for-one 10.60.0.2", 2, "there is no interface" },
		{ "--watch -i nope0", 2, "there is no interface nope0" },
		{ "192.0.2.1", 1, "192.0.2.1 is behind the gateway 10.60.0.2" },
		{ "192.0.2.1", 1, "arpq 10.60.0.2\n" },
		{ "192.0.2.0/24", 1, "gateway 10.60.0.2" },
		{ "224.0.0.1", 2, "224.0.0.1 is not one host's address" },
		{ "239.255.255.250", 2, "not one host's address" },
		{ "255.255.255.255", 2, "not one host's address" },
		{ "10.255.255.255", 2, "not one host's address" },
		{ "-i c0 10.255.255.255", 2, "not one host's address" },
		{ "0.0.0.0", 2, "not one host's address" },
		{ "0.1.2.3", 2, "not one host's address" },
	};
	struct testnet *net = net_of(state);

	must(net, testnet_gateway_add(net, SIDE_CLIENT, (struct ip4){ { 0, 0, 0, 0 } }, 0, SERVER_IP));
	expect_refusals(net, cannot, LENGTH(cannot));
}

static void without_a_route_or_an_address_it_says_what_to_name(void **state)
{
	static const struct refusal no_route[] = {
		{ "192.0.2.1", 1, "no route to 192.0.2.1: name the interface with -i" },
	};
	static const struct refusal no_address[] = {
		{ "10.60.0.2", 1, "no route to 10.60.0.2" },
		{ "-i c0 10.60.0.2", 2, "c0 has no IPv4 address to ask from: give one with --src-ip" },
		{ "--local", 2, "name one with -i" },
		{ "--local -i c0", 2, "c0 has no IPv4 address" },
		{ "--watch", 2, "name one with -i" },
	};
	struct testnet *net = net_of(state);
	struct runresult r;

	expect_refusals(net, no_route, LENGTH(no_route));
	must(net, testnet_address_delete(net, SIDE_CLIENT, CLIENT_IP, 8));
	expect_refusals(net, no_address, LENGTH(no_address));
	r = arpq(net, "-i c0 --src-ip 10.60.0.1 10.60.0.2");
	expect_exit(&r, 0);
	expect_out(&r, "02:00:00:00:0b:01");
	runresult_free(&r);
}

static void every_slip_of_the_pen_is_one_line_and_status_2(void **state)
{
	static const struct refusal slips[] = {
		{ "", 2, "whom to ask?" },
		{ "--fersh 10.60.0.2", 2, "unrecognized option '--fersh'" },
		{ "-x 10.60.0.2", 2, "invalid option -- 'x'" },
		{ "10.60.0.2 -i", 2, "option requires an argument -- 'i'" },
		{ "--f 10.60.0.2", 2, "ambiguous" },
		{ "--fresh=yes 10.60.0.2", 2, "doesn't allow an argument" },
		{ "router", 2, "names are not looked up" },
		{ "10.60.0.2.", 2, "is not an IPv4 address" },
		{ "10.60.0.256", 2, "is not an IPv4 address" },
		{ "10.60.0.02", 2, "is not an IPv4 address" },
		{ "10.60.0", 2, "is not an IPv4 address" },
		{ "10.60.0.2 ::1", 2, "\"::1\" is not an IPv4 address" },
		{ "10.60.0.0/33", 2, "is not an IPv4 address" },
		{ "10.60.0.9-3", 2, "is not an IPv4 address" },
		{ "@/nonexistent", 2, "/nonexistent: No such file" },
		{ "@/run", 2, "/run: " },
		{ "-c 0 10.60.0.2", 2, "--count: \"0\" is no number from 1 to 255" },
		{ "-c 256 10.60.0.2", 2, "--count: " },
		{ "-c -1 10.60.0.2", 2, "--count: " },
		{ "-c 3x 10.60.0.2", 2, "--count: " },
		{ "-t soon 10.60.0.2", 2, "--timeout: \"soon\" is no time" },
		{ "-t -1s 10.60.0.2", 2, "--timeout: " },
		{ "-t 0 10.60.0.2", 2, "--timeout: " },
		{ "-t 1w 10.60.0.2", 2, "--timeout: " },
		{ "-t nan 10.60.0.2", 2, "--timeout: " },
		{ "-t 1e300 10.60.0.2", 2, "--timeout: " },
		{ "-t 366d 10.60.0.2", 2, "--timeout: " },
		{ "--ttl x 10.60.0.2", 2, "--ttl: " },
		{ "--listen x 10.60.0.2", 2, "--listen: " },
		{ "--rate 0 10.60.0.0/24", 2, "--rate: " },
		{ "--rate fast 10.60.0.0/24", 2, "--rate: " },
		{ "--retry-interval x 10.60.0.0/24", 2, "--retry-interval: " },
		{ "--retry-interval 200ms 10.60.0.2", 2, "RFC 1122 2.3.2.1" },
		{ "--vlan 0 10.60.0.2", 2, "--vlan: " },
		{ "--vlan 4095 10.60.0.2", 2, "--vlan: " },
		{ "--cache-file= 10.60.0.2", 2, "is no path of a file" },
		{ "--src-ip x 10.60.0.2", 2, "\"x\" is not an IPv4 address" },
		{ "--src-mac 02:00:00:00:00 10.60.0.2", 2, "is not one card's MAC" },
		{ "--src-mac ff:ff:ff:ff:ff:ff 10.60.0.2", 2, "is not one card's MAC" },
		{ "--src-mac 00:00:00:00:00:00 10.60.0.2", 2, "is not one card's MAC" },
		{ "--probe x", 2, "\"x\" is not an IPv4 address" },
		{ "--probe 10.60.0.9 10.60.0.8", 2, "one argument too many" },
		{ "--probe 0.0.0.0", 2, "is not one host's address" },
		{ "--announce 224.0.0.5", 2, "is not one host's address" },
		{ "--probe 255.255.255.255", 2, "is not one host's address" },
		{ "--cache --watch", 2, "exclude one another" },
		{ "--flush x", 2, "\"x\" is not an IPv4 address" },
		{ "--local 10.60.0.2", 2, "--local takes its addresses from the interface" },
		{ "0.0.0.0/0 -i c0", 2, "whole Internet" },
	};

	expect_refusals(net_of(state), slips, LENGTH(slips));
}

static void what_an_option_cannot_do_with_another_is_said(void **state)
{
	static const struct refusal together[] = {
		{ "--defend 10.60.0.2", 2, "--defend" },
		{ "--defend --probe 10.60.0.9", 2, "--defend" },
	};

	expect_refusals(net_of(state), together, LENGTH(together));
}

static void help_and_version_need_nothing(void **state)
{
	struct testnet *net = net_of(state);
	struct run_options powerless = { .caps = RUN_CAPS_NONE };
	struct runresult r = arpq_with(net, "--help", &powerless);

	expect_exit(&r, 0);
	assert_true(lines_in(r.out) <= 45);
	for (const char *p = r.out, *end; (end = strchr(p, '\n')); p = end + 1)
		assert_true(end - p <= 80);
	runresult_free(&r);
	r = arpq_with(net, "-V", &powerless);
	expect_exit(&r, 0);
	expect_out(&r, "arpq (wirelab) ");
	runresult_free(&r);
}

/* ---- privileges ------------------------------------------------------------------ */

/* A copy that another user can reach, whatever the path to this folder allows. */
static const char *public_copy(struct testnet *net)
{
	struct args a;
	struct runresult r;

	args_of(&a, "");
	must(net, testnet_run(net, SIDE_CLIENT, ARGV("cp", a.v[0], "/run/arpq-copy"), &r));
	expect_exit(&r, 0);
	runresult_free(&r);
	assert_int_equal(chmod("/run/arpq-copy", 0755), 0);
	return "/run/arpq-copy";
}

static struct runresult as_user(struct testnet *net, const struct run_options *o,
				const char *target)
{
	struct runresult r;

	must(net, testnet_run_with(net, SIDE_CLIENT, ARGV("/run/arpq-copy", target), o, &r));
	return r;
}

static void who_may_not_open_a_raw_socket_is_told_both_cures(void **state)
{
	struct testnet *net = net_of(state);
	struct run_options nobody = { .uid = 1234, .env = ARGV("XDG_RUNTIME_DIR") };
	struct run_options powerless = { .caps = RUN_CAPS_NONE };
	struct runresult r = arpq_with(net, "10.60.0.2", &powerless);

	expect_exit(&r, 7);
	expect_err(&r, "sudo setcap cap_net_raw+ep /");
	expect_err(&r, "use sudo");
	assert_int_equal(lines_in(r.err), 1);
	assert_string_equal(r.out, "");
	runresult_free(&r);

	(void)public_copy(net);
	r = as_user(net, &nobody, "10.60.0.2");
	expect_exit(&r, 7);
	expect_err(&r, "sudo setcap cap_net_raw+ep /run/arpq-copy");
	runresult_free(&r);
}

static void an_answer_that_root_has_cached_needs_no_privilege(void **state)
{
	struct testnet *net = net_of(state);
	struct run_options nobody = { .uid = 1234, .env = ARGV("XDG_RUNTIME_DIR") };
	struct run_options powerless = { .caps = RUN_CAPS_NONE };
	struct runresult r;

	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	r = arpq_with(net, "10.60.0.2", &powerless);
	expect_exit(&r, 0);
	expect_out(&r, "cached");
	runresult_free(&r);
	/* In a namespace of one user, root's file is another one's: his own uid is not mapped. */
	if (!was_root(state))
		return;
	(void)public_copy(net);
	r = as_user(net, &nobody, "10.60.0.2");
	expect_exit(&r, 0);
	expect_out(&r, "cached");
	runresult_free(&r);
}

static void a_user_with_cap_net_raw_alone_asks_like_root(void **state)
{
	struct testnet *net = net_of(state);
	struct run_options both = { .uid = 1234, .caps = RUN_CAPS_NET_RAW,
				    .env = ARGV("XDG_RUNTIME_DIR=/run/user") };
	struct run_options root_with_one = { .caps = RUN_CAPS_NET_RAW };
	struct runresult r = arpq_with(net, "10.60.0.2", &root_with_one);

	expect_exit(&r, 0);
	expect_out(&r, "02:00:00:00:0b:01");
	assert_string_equal(r.err, "");
	runresult_free(&r);
	if (!was_root(state))
		skip_aloud("only root can give one capability to another user");
	(void)public_copy(net);
	assert_int_equal(mkdir("/run/user", 0700), 0);
	assert_int_equal(chown("/run/user", 1234, 1234), 0);
	r = as_user(net, &both, "10.60.0.3");
	expect_exit(&r, 1);
	runresult_free(&r);
	must(net, testnet_address_add(net, SIDE_SERVER, RIVAL_IP, 32));
	sleep_ms(1000);
	r = as_user(net, &both, "10.60.0.3");
	expect_exit(&r, 1);
	expect_out(&r, " s left");
	runresult_free(&r);
	must(net, testnet_run_with(net, SIDE_CLIENT, ARGV("/run/arpq-copy", "--fresh", "10.60.0.3"),
				   &both, &r));
	expect_exit(&r, 0);
	expect_out(&r, "02:00:00:00:0b:01");
	assert_string_equal(r.err, "");
	runresult_free(&r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(a_question_ends_when_its_link_is_taken_down),
		IN_A_WORLD(a_question_ends_when_its_link_is_deleted),
		IN_A_WORLD(a_question_ends_when_its_link_is_renamed),
		IN_A_WORLD(a_question_ends_when_its_link_is_moved),
		IN_A_WORLD(a_sweep_ends_when_its_link_is_taken_down),
		IN_A_WORLD(a_sweep_ends_when_its_link_is_deleted),
		IN_A_WORLD(a_sweep_ends_when_its_link_is_renamed),
		IN_A_WORLD(a_sweep_at_full_speed_ends_when_its_link_is_moved),
		IN_A_WORLD(a_watch_ends_when_its_link_is_taken_down),
		IN_A_WORLD(a_watch_ends_when_its_link_is_deleted),
		IN_A_WORLD(a_watch_ends_when_its_link_is_renamed),
		IN_A_WORLD(a_watch_ends_when_its_link_is_moved),
		IN_A_WORLD(a_probe_ends_when_its_link_is_deleted),
		IN_A_WORLD(a_link_that_is_down_is_said_to_be_down),
		IN_A_WORLD(a_cable_that_is_out_means_no_answer_and_the_question_goes_on),
		IN_A_WORLD(a_probe_on_a_cable_that_is_out_does_not_call_the_address_free),
		IN_A_WORLD(a_probe_whose_cable_was_out_meanwhile_does_not_call_the_address_free),
		IN_A_WORLD(an_interface_s_name_sends_no_escape_sequence_to_the_terminal),
		IN_A_WORLD(what_is_no_neighbour_is_said_in_one_line_with_the_cure),
		IN_A_WORLD(without_a_route_or_an_address_it_says_what_to_name),
		IN_A_WORLD(every_slip_of_the_pen_is_one_line_and_status_2),
		IN_A_WORLD(what_an_option_cannot_do_with_another_is_said),
		IN_A_WORLD(help_and_version_need_nothing),
		IN_A_WORLD(who_may_not_open_a_raw_socket_is_told_both_cures),
		IN_A_WORLD(an_answer_that_root_has_cached_needs_no_privilege),
		IN_A_WORLD(a_user_with_cap_net_raw_alone_asks_like_root),
	};

	return run_side_by_side(tests, LENGTH(tests), 6, argc, argv);
}
