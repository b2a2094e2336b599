/*
 * Answers that nobody honest gives.  Each line of the responder's table is asked alone,
 * with the honest host's answer right behind it, and right before it.  Always: no MAC is
 * believed without a word that should not be, what was refused is named, and an honest
 * answer is found.
 */
#include "arpq_world.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "wirelab/arp_judge.h"

/* What arpq makes of the odd frame when no honest host is there. */
struct expected {
	enum odd odd;
	int status;
	bool found;		/* the MAC in the frame is on standard output */
	int finding;		/* enum arp_finding that standard error speaks of; -1: none */
};

enum { NOTHING_SAID = -1 };

static const struct expected EXPECTED[] = {
	{ ODD_NORMAL, 0, true, NOTHING_SAID },
	{ ODD_ETHER_SOURCE, 4, true, ARP_F_REPLY_RELAYED },
	{ ODD_BROADCAST_MAC, 4, false, ARP_F_SENDER_MAC_BROADCAST },
	{ ODD_MULTICAST_MAC, 4, false, ARP_F_SENDER_MAC_MULTICAST },
	{ ODD_HLEN_8, 1, false, ARP_F_ADDRESS_LENGTH },
	{ ODD_PLEN_16, 1, false, ARP_F_ADDRESS_LENGTH },
	{ ODD_OPCODE_3, 1, false, ARP_F_OPERATION },
	{ ODD_HTYPE_6, 1, false, ARP_F_HARDWARE_TYPE },
	{ ODD_PTYPE_IPV6, 1, false, ARP_F_PROTOCOL_TYPE },
	{ ODD_CUT_FRAME, 1, false, ARP_F_TRUNCATED },
	{ ODD_OTHER_SENDER_IP, 1, false, ARP_F_UNASKED },
	{ ODD_OTHER_TARGET_IP, 4, false, ARP_F_TARGET_IP_NOT_OURS },
	{ ODD_ZERO_SENDER_IP, 1, false, ARP_F_SENDER_IP_ZERO },
	{ ODD_TWO_HOSTS, 4, true, NOTHING_SAID },
	{ ODD_TWICE, 0, true, NOTHING_SAID },
	{ ODD_VLAN_5, 1, false, ARP_F_OTHER_VLAN },
	/* 802.3 framing is not ARP over Ethernet (RFC 1122 2.3.3): the socket's filter drops it. */
	{ ODD_SNAP, 1, false, NOTHING_SAID },
	{ ODD_TEXT_IN_PADDING, 0, true, NOTHING_SAID },
	{ ODD_BROADCAST_REPLY, 0, true, ARP_F_REPLY_BROADCAST },
	{ ODD_ZERO_MAC, 4, false, ARP_F_SENDER_MAC_ZERO },
	{ ODD_REQUEST_INSTEAD, 1, false, ARP_F_REQUEST_FOR_US },
	{ ODD_LATE, 0, true, NOTHING_SAID },
	{ ODD_SECOND_REQUEST, 0, true, NOTHING_SAID },
	{ ODD_OWN_MAC, 4, false, ARP_F_SENDER_MAC_OURS },
	{ ODD_OTHER_TARGET_MAC, 4, false, ARP_F_TARGET_MAC_NOT_OURS },
	{ ODD_GRATUITOUS_REQUEST, 1, false, ARP_F_ANNOUNCEMENT },
	{ ODD_GRATUITOUS_REPLY, 1, false, ARP_F_GRATUITOUS_REPLY },
	{ ODD_UNICAST_ONLY, 1, false, NOTHING_SAID },
	{ ODD_BROADCAST_ONLY, 0, true, NOTHING_SAID },
	{ ODD_VLAN, 1, false, ARP_F_OTHER_VLAN },
	{ ODD_PRIORITY_TAG, 0, true, NOTHING_SAID },
	{ ODD_TWO_TAGS, 1, false, ARP_F_OTHER_VLAN },
	{ ODD_OTHER_HOST, 4, false, ARP_F_TARGET_MAC_NOT_OURS },
	{ ODD_SILENT, 1, false, NOTHING_SAID },
	{ ODD_LONG, 0, true, NOTHING_SAID },
	{ ODD_OPCODE_0, 1, false, ARP_F_OPERATION },
	{ ODD_ETHER_SOURCE_OURS, 4, true, ARP_F_REPLY_RELAYED },
	{ ODD_GROUP_ETHER_SOURCE, 4, true, ARP_F_REPLY_RELAYED },
};

static struct expected expected_of(enum odd odd)
{
	for (size_t i = 0; i < LENGTH(EXPECTED); i++)
		if (EXPECTED[i].odd == odd)
			return EXPECTED[i];
	assert_in_range(odd, ODD_CUT_BODY, ODD_CUT_BODY_LAST);
	return (struct expected){ odd, 1, false, ARP_F_TRUNCATED };
}

/* ---- all cases, one after the other ---------------------------------------------- */

/* On one wire each would hear what the others are told. */
struct answer {
	const struct odd_case *c;
	struct runresult r;
};

static const char *patience(enum odd odd)
{
	switch ((int)odd) {
	case ODD_LATE: return "1s";
	case ODD_SECOND_REQUEST: return "1500ms";
	}
	return "80ms";
}

/* The number of cases that is_wrong() finds fault with. */
static size_t count_wrong(struct testnet *net, enum odd_company company,
			  bool (*is_wrong)(const struct answer *a), size_t *cases)
{
	struct responder_config config = { .odd = true, .company = company, .vid = 42 };
	struct responder responder;
	struct answer a;
	size_t bad = 0;
	char args[64];

	must(net, responder_begin(&responder, net, SIDE_SERVER, &config));
	for (*cases = 0; (a.c = odd_case_at(*cases)); ++*cases) {
		snprintf(args, sizeof(args), "-t %s --listen 20ms 10.50.9.%d", patience(a.c->odd),
			 (int)a.c->odd);
		a.r = arpq(net, args);
		bad += is_wrong(&a);
		runresult_free(&a.r);
	}
	assert_true(responder_end(&responder, NULL));
	return bad;
}

static bool wrong(const struct answer *a, const char *what)
{
	printf("%s: %s\n", a->c->name, what);
	print_result(&a->r);
	return true;
}

static bool shows(const struct runresult *r, struct mac mac)
{
	char text[MAC_STRLEN];

	return strstr(r->out, mac_format(mac, text)) != NULL;
}

static bool is_wrong_alone(const struct answer *a)
{
	enum odd odd = a->c->odd;
	struct expected e = expected_of(odd);
	const struct runresult *r = &a->r;

	if (r->status != e.status)
		return wrong(a, "the exit status");
	if (shows(r, odd_honest_mac(odd)) != e.found)
		return wrong(a, e.found ? "not found" : "believed");
	if (e.finding != NOTHING_SAID &&
	    !strstr(r->err, arp_finding_info((enum arp_finding)e.finding)->says))
		return wrong(a, "the reason is not named");
	if (e.finding == NOTHING_SAID && *r->err)
		return wrong(a, "something is said");
	if (e.finding == NOTHING_SAID ? 0 : lines_in(r->err) != 1)
		return wrong(a, "more than one reason");
	return false;
}

static void every_odd_answer_alone_is_refused_by_name_or_believed_with_a_word(void **state)
{
	size_t cases;

	assert_int_equal(count_wrong(net_of(state), ODD_ALONE, is_wrong_alone, &cases), 0);
	assert_int_equal(cases, LENGTH(EXPECTED) + ARP_IPV4_LEN);
}

static bool is_offence(int finding)
{
	enum arp_weight w = finding == NOTHING_SAID ? ARP_W_TAKEN
			    : arp_finding_info((enum arp_finding)finding)->weight;

	return w == ARP_W_REFUSED || w == ARP_W_FORGED;
}

/* In company the odd host's MAC is not the honest one's. */
static bool is_wrong_in_company(const struct answer *a)
{
	enum odd odd = a->c->odd;
	struct expected e = expected_of(odd);
	const struct runresult *r = &a->r;
	/* A claim that is no answer, too, makes a second owner. */
	bool shown = shows(r, odd_forged_mac(odd, true));

	if (odd != ODD_UNICAST_ONLY && odd != ODD_SILENT && !shows(r, odd_honest_mac(odd)))
		return wrong(a, "the honest answer is lost");
	if (shown && (r->status != 4 || !strstr(r->out, "conflict: also")))
		return wrong(a, "the forged MAC is shown without a word");
	if (e.found && !shown && odd != ODD_LATE && odd != ODD_SECOND_REQUEST)
		return wrong(a, "the second owner is not shown");
	if (!e.found && !shown && e.status == 4 && r->status != 4)
		return wrong(a, "the forgery is not in the exit status");
	if (is_offence(e.finding) &&
	    !strstr(r->err, arp_finding_info((enum arp_finding)e.finding)->says))
		return wrong(a, "the reason is not named");
	return false;
}

static void an_honest_answer_right_behind_a_forged_one_is_found(void **state)
{
	size_t cases;

	assert_int_equal(count_wrong(net_of(state), ODD_BEFORE_HONEST, is_wrong_in_company, &cases),
			 0);
}

static void a_forged_answer_right_behind_an_honest_one_changes_nothing_in_silence(void **state)
{
	size_t cases;

	assert_int_equal(count_wrong(net_of(state), ODD_AFTER_HONEST, is_wrong_in_company, &cases),
			 0);
}

/* ---- two owners ------------------------------------------------------------------ */

static void two_real_hosts_with_one_address_are_both_shown(void **state)
{
	struct testnet *net = net_of(state);
	struct ip4 ip = { { 10, 60, 0, 9 } };
	struct runresult r;

	must(net, testnet_address_add(net, SIDE_SERVER, ip, 32));
	must(net, testnet_address_add(net, SIDE_RIVAL, ip, 32));
	r = arpq(net, "10.60.0.9");
	expect_exit(&r, 4);
	expect_out(&r, "02:00:00:00:0b:01");
	expect_out(&r, "02:00:00:00:0c:01");
	expect_out(&r, "conflict: also");
	runresult_free(&r);
	/* A contested answer is nobody's to use: the wire is asked again, and it is said again. */
	r = arpq(net, "--json 10.60.0.9");
	expect_exit(&r, 4);
	expect_out(&r, "\"source\":\"wire\"");
	expect_out(&r, "\"type\":\"conflict\"");
	runresult_free(&r);
	arpq_says(net, "--cache", 0, "contested", NULL);
}

/* ---- floods ---------------------------------------------------------------------- */

#define FLOOD_FRAMES UINT64_C(1000000)
/* The sanitizers' shadow memory is not arpq's. */
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_KIB (512l * 1024)
#define AT_ONCE_NS SEC_NS
#else
#define MEMORY_KIB (16l * 1024)
#define AT_ONCE_NS (100 * MSEC_NS)
#endif

/* In a process of its own, because a parent is told only the largest of all its children. */
static int measure(const char *file, char **argv)
{
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status))
		return 126;
	FILE *f = fopen(file, "w");
	if (!f || fprintf(f, "%ld\n", usage.ru_maxrss) < 0 || fclose(f) != 0)
		return 126;
	return WEXITSTATUS(status);
}

static struct runresult arpq_measured(struct testnet *net, const char *args, long *kib)
{
	const char *v[ARGS_MAX + 6] = { "/proc/self/exe", "--measure", "/run/kib" };
	struct runresult r;
	struct args a;
	size_t len;

	args_of(&a, args);
	for (size_t i = 0; i + 4 < LENGTH(v) && (v[3 + i] = a.v[i]); i++)
		;
	must(net, testnet_run(net, SIDE_CLIENT, v, &r));
	char *text = get_file("/run/kib", &len);
	*kib = strtol(text, NULL, 10);
	free(text);
	return r;
}

static void begin_flood(struct testnet *net, struct responder *r,
			const struct responder_config *config)
{
	struct eth_hdr eth = { .dst = MAC_BROADCAST, .src = CLIENT_MAC, .type = ETH_ARP };
	struct arp_msg msg = { .op = ARP_REQUEST, .sender_mac = CLIENT_MAC, .sender_ip = CLIENT_IP,
			       .target_ip = { { 10, 60, 0, 200 } } };
	uint8_t frame[ARP_FRAME_MAX];

	must(net, responder_begin(r, net, SIDE_SERVER, config));
	struct tap_counter near = tap_at(net, SIDE_CLIENT, TAP_INCOMING);
	assert_int_equal(tap_send(&near, frame, arp_frame_build(frame, &eth, &msg)), 0);
	while (responder_stats(r).flooded == 0)
		sleep_ms(1);
	tap_close(&near);
}

static struct responder_config flood_of(enum flood_kind kind)
{
	return (struct responder_config){
		.odd = true, .flood = kind, .flood_frames = FLOOD_FRAMES,
		.flood_when_asked = true,
		.flood_senders = { UINT32_C(0x0a330000), UINT32_C(0x0a33ffff) } };
}

static void ask_under_flood(struct testnet *net, enum flood_kind kind)
{
	struct responder_config config = flood_of(kind);
	uint64_t best = UINT64_MAX;

	/* The machine may be busy with something else: once more, then. */
	for (int try = 0; try < 3 && best > AT_ONCE_NS; try++) {
		struct responder responder;
		struct runresult r;
		long kib;

		begin_flood(net, &responder, &config);
		r = arpq_measured(net, "--fresh -q 10.50.9.1", &kib);
		bool all_the_while = responder_stats(&responder).flooded < FLOOD_FRAMES;
		expect_out(&r, "02:dd:00:00:00:01\n");
		assert_int_equal(lines_in(r.out), 1);
		assert_true(lines_in(r.err) <= 10);
		assert_true(kib > 0 && kib <= MEMORY_KIB);
		print_message("measured: flood %d: %.1f ms, %ld KiB%s\n", (int)kind,
			      (double)r.wall_ns / 1e6, kib,
			      all_the_while ? "" : " (the flood was over first)");
		if (all_the_while && r.wall_ns < best)
			best = r.wall_ns;
		runresult_free(&r);
		responder_end(&responder, NULL);
	}
	assert_true(best <= AT_ONCE_NS);
}

static void an_answer_comes_at_once_though_a_million_unasked_replies_do(void **state)
{
	ask_under_flood(net_of(state), FLOOD_OTHER_SENDERS);
}

static void an_answer_comes_at_once_though_a_million_macs_claim_addresses(void **state)
{
	ask_under_flood(net_of(state), FLOOD_CLAIMANTS);
}

static void an_answer_comes_at_once_though_a_million_replies_to_others_do(void **state)
{
	ask_under_flood(net_of(state), FLOOD_OTHER_TARGETS);
}

static void an_answer_comes_at_once_though_a_million_malformed_frames_do(void **state)
{
	ask_under_flood(net_of(state), FLOOD_MALFORMED);
}

static void a_silent_host_is_given_up_in_time_under_a_flood_without_end(void **state)
{
	struct testnet *net = net_of(state);
	struct responder_config config = flood_of(FLOOD_OTHER_SENDERS);
	struct responder responder;
	struct runresult r;

	config.flood_frames = 100 * FLOOD_FRAMES;
	begin_flood(net, &responder, &config);
	r = arpq(net, "-c 2 10.50.9.34");
	expect_exit(&r, 1);
	expect_out(&r, "no answer to 2 requests");
	assert_in_range(r.wall_ns, 2 * SEC_NS - 5 * MSEC_NS, 5 * SEC_NS);
	runresult_free(&r);
	/* Slower than the flood, which then never leaves the socket empty. */
	r = arpq(net, "--fresh -c 2 --trace -w /dev/null 10.50.9.34");
	expect_exit(&r, 1);
	assert_in_range(r.wall_ns, 2 * SEC_NS - 5 * MSEC_NS, 6 * SEC_NS);
	runresult_free(&r);
	r = arpq(net, "--fresh --listen 50ms 10.50.9.1");
	expect_exit(&r, 0);
	assert_true(r.wall_ns <= 3 * SEC_NS);
	runresult_free(&r);
	r = arpq(net, "-t 500ms 10.50.9.32/29");
	assert_true(r.wall_ns <= 3 * SEC_NS);
	runresult_free(&r);
	r = arpq(net, "-t 500ms --watch");
	assert_true(r.wall_ns <= 3 * SEC_NS);
	assert_true(lines_in(r.out) > 1000);
	runresult_free(&r);
	responder_end(&responder, NULL);
}

static void a_million_claims_to_the_asked_address_are_a_handful_of_lines(void **state)
{
	struct testnet *net = net_of(state);
	struct responder_config config = flood_of(FLOOD_CLAIMANTS);
	struct responder responder;
	struct runresult r;
	long kib;

	config.flood_senders.first = config.flood_senders.last = ip4_number(odd_ip(ODD_NORMAL));
	begin_flood(net, &responder, &config);
	r = arpq_measured(net, "--listen 200ms 10.50.9.1", &kib);
	expect_exit(&r, 4);
	expect_out(&r, "conflict: also");
	expect_err(&r, "further claims by yet other MACs");
	assert_true(lines_in(r.out) <= 8 && lines_in(r.err) <= 8);
	assert_true(kib <= MEMORY_KIB);
	runresult_free(&r);
	responder_end(&responder, NULL);
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "--measure") == 0)
		return measure(argv[2], argv + 3);

	/* These measure, so each has the machine for itself. */
	const struct CMUnitTest floods[] = {
		IN_A_WORLD(an_answer_comes_at_once_though_a_million_unasked_replies_do),
		IN_A_WORLD(an_answer_comes_at_once_though_a_million_macs_claim_addresses),
		IN_A_WORLD(an_answer_comes_at_once_though_a_million_replies_to_others_do),
		IN_A_WORLD(an_answer_comes_at_once_though_a_million_malformed_frames_do),
		IN_A_WORLD(a_silent_host_is_given_up_in_time_under_a_flood_without_end),
		IN_A_WORLD(a_million_claims_to_the_asked_address_are_a_handful_of_lines),
	};
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(every_odd_answer_alone_is_refused_by_name_or_believed_with_a_word),
		IN_A_WORLD(an_honest_answer_right_behind_a_forged_one_is_found),
		IN_A_WORLD(a_forged_answer_right_behind_an_honest_one_changes_nothing_in_silence),
		IN_A_WORLD_WITH_BRIDGE(two_real_hosts_with_one_address_are_both_shown),
	};
	int failed = run_side_by_side(tests, LENGTH(tests), 4, argc, argv);

	return failed + run_side_by_side(floods, LENGTH(floods), 1, argc, argv);
}
