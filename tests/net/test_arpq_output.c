/*
 * What arpq writes and what becomes of it: output that is lost is never status 0, a
 * terminal of 80 columns is enough, a capture can be read by others, and each exit
 * status has its cause.
 */
#include "arpq_world.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* ---- output that is lost --------------------------------------------------------- */

static void expect_lost(struct testnet *net, const char *args, const struct run_options *o,
			const char *says)
{
	struct runresult r = arpq_with(net, args, o);

	expect_exit(&r, 5);
	expect_err(&r, says);
	runresult_free(&r);
}

static const char *const TALKATIVE[] = {
	"10.60.0.2", "--json 10.60.0.2", "-q 10.60.0.2", "--cache", "--cache --json",
	"10.60.0.0/28 -t 100ms", "--help", "--version", "-t 50ms 10.60.0.9",
};

static void a_full_disk_behind_standard_output_is_status_5(void **state)
{
	struct testnet *net = net_of(state);
	struct run_options o = { .stdout_fd = full_device() };

	for (size_t i = 0; i < LENGTH(TALKATIVE); i++)
		expect_lost(net, TALKATIVE[i], &o, "No space left on device");
	close(o.stdout_fd);
}

static void a_reader_that_has_gone_is_status_5_and_no_signal(void **state)
{
	struct testnet *net = net_of(state);
	struct run_options o = { .stdout_fd = broken_pipe() };

	for (size_t i = 0; i < LENGTH(TALKATIVE); i++)
		expect_lost(net, TALKATIVE[i], &o, "Broken pipe");
	close(o.stdout_fd);
}

static void a_closed_standard_output_is_status_5_and_nothing_is_sent(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct run_options o = { .close_stdout = true };

	for (size_t i = 0; i < LENGTH(TALKATIVE); i++)
		expect_lost(net, TALKATIVE[i], &o, "standard output");
	assert_int_equal(frames_at(&far), 0);
	tap_close(&far);
}

static void a_watch_ends_when_nobody_reads_it_any_more(void **state)
{
	struct testnet *net = net_of(state);
	struct run_options o = { .stdout_fd = broken_pipe(), .timeout_ns = 5 * SEC_NS };
	struct tap_counter from = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct arp_msg msg = { .op = ARP_REQUEST, .sender_mac = SERVER_MAC,
			       .sender_ip = SERVER_IP, .target_ip = SERVER_IP };
	struct eth_hdr eth = { .dst = MAC_BROADCAST, .src = SERVER_MAC, .type = ETH_ARP };
	uint8_t frame[ARP_FRAME_MAX];
	struct running run;
	struct runresult r;
	struct args a;

	args_of(&a, "--watch");
	must(net, testnet_start(net, SIDE_CLIENT, a.v, &o, &run));
	for (int i = 0; i < 20 && !running_for(&run, 100 * MSEC_NS); i++)
		assert_int_equal(tap_send(&from, frame, arp_frame_build(frame, &eth, &msg)), 0);
	running_wait(&run, &r);
	expect_exit(&r, 5);
	expect_err(&r, "Broken pipe");
	runresult_free(&r);
	close(o.stdout_fd);
	tap_close(&from);
}

static void a_capture_that_cannot_be_written_is_status_5_and_the_answer_is_given(void **state)
{
	struct testnet *net = net_of(state);
	char junk[4096] = "";
	struct runresult r;

	assert_int_equal(mkdir("/run/tiny", 0755), 0);
	assert_int_equal(mount("tmpfs", "/run/tiny", "tmpfs", 0, "size=4k"), 0);
	put_file("/run/tiny/junk", junk, sizeof(junk));
	r = arpq(net, "-w /dev/full 10.60.0.2");
	expect_exit(&r, 5);
	expect_err(&r, "cannot write /dev/full: No space left on device");
	expect_out(&r, "02:00:00:00:0b:01");
	runresult_free(&r);
	r = arpq(net, "--fresh -w /run/tiny/x.pcapng 10.60.0.2");
	expect_exit(&r, 5);
	expect_err(&r, "cannot write /run/tiny/x.pcapng: No space left on device");
	expect_out(&r, "02:00:00:00:0b:01");
	runresult_free(&r);
	arpq_says(net, "-w /run/none/x.pcapng 10.60.0.2", 5, NULL,
		  "cannot write /run/none/x.pcapng: No such file or directory");
	arpq_says(net, "-w /run 10.60.0.2", 5, NULL, "cannot write /run: Is a directory");
	arpq_says(net, "-w /dev/full -q -t 50ms 10.60.0.8/30", 5, NULL, "cannot write /dev/full");
	arpq_says(net, "-w /dev/full -t 50ms --probe 10.60.0.9", 5, NULL, "cannot write /dev/full");
}

static void a_full_disk_under_the_cache_costs_no_answer(void **state)
{
	struct testnet *net = net_of(state);
	char junk[8192] = "";
	struct runresult r;

	assert_int_equal(mkdir("/run/arpq", 0755), 0);
	assert_int_equal(mount("tmpfs", "/run/arpq", "tmpfs", 0, "size=8k,mode=755"), 0);
	put_file("/run/arpq/junk", junk, sizeof(junk));
	r = arpq(net, "10.60.0.2");
	expect_exit(&r, 0);
	expect_out(&r, "02:00:00:00:0b:01");
	expect_err(&r, "No space left on device");
	runresult_free(&r);
}

/* ---- a terminal ------------------------------------------------------------------ */

/* Visible columns: bytes that begin a character. */
static size_t columns_of(const char *line, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)line[i] & 0xc0) != 0x80 && line[i] != '\r';
	return n;
}

static void on_a_terminal(struct testnet *net, const char *args, int status)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	char text[8192];
	int master, slave;
	ssize_t n;
	struct runresult r;

	/* A bare root file system may have no /dev/pts. */
	if (openpty(&master, &slave, NULL, NULL, &size) < 0)
		skip_aloud("no pseudo-terminal can be opened here");
	r = arpq_with(net, args, &(struct run_options){ .stdout_fd = slave });
	expect_exit(&r, status);
	runresult_free(&r);
	n = read(master, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	for (const char *p = text, *end; (end = strchr(p, '\n')); p = end + 1)
		if (columns_of(p, (size_t)(end - p)) > 80) {
			printf("%s\n", text);
			fail_msg("arpq %s: a line of %zu columns", args,
				 columns_of(p, (size_t)(end - p)));
		}
	close(master);
	close(slave);
}

static void every_line_fits_into_80_columns(void **state)
{
	struct testnet *net = net_of(state);
	/* A card whose vendor has a long name, and the longest name that an interface may have. */
	struct mac intel = { { 0x00, 0x1b, 0x21, 1, 2, 3 } };
	struct mac cisco = { { 0x00, 0x00, 0x0c, 1, 2, 3 } };

	must(net, testnet_link_set_mac(net, SIDE_SERVER, SERVER_IF, intel));
	on_a_terminal(net, "--ttl 1s 10.60.0.2", 0);
	on_a_terminal(net, "10.60.0.2 --ttl 100d", 0);
	sleep_ms(1100);
	on_a_terminal(net, "--ttl 90d --kernel 10.60.0.2", 0);
	on_a_terminal(net, "--ttl 90d 10.60.0.2", 0);
	on_a_terminal(net, "-c 1 10.60.0.9 10.60.0.1", 1);
	on_a_terminal(net, "10.60.0.9", 1);
	on_a_terminal(net, "--vlan 4094 -t 100ms 10.60.0.9", 1);
	on_a_terminal(net, "--cache", 0);
	on_a_terminal(net, "-t 100ms 10.60.0.0/29", 0);
	must(net, testnet_link_set_mac(net, SIDE_SERVER, SERVER_IF, cisco));
	on_a_terminal(net, "--fresh 10.60.0.2", 0);
	on_a_terminal(net, "--help", 0);
}

/* ---- captures -------------------------------------------------------------------- */

static struct runresult reader(struct testnet *net, const char *const argv[])
{
	struct run_options o = { .env = ARGV("HOME=/run"), .timeout_ns = 60 * SEC_NS };
	struct runresult r;

	must(net, testnet_run_with(net, SIDE_CLIENT, argv, &o, &r));
	expect_exit(&r, 0);
	/* Root is warned that it is root. */
	if (*r.err && (strncmp(r.err, "Running as user ", 16) != 0 || lines_in(r.err) != 1)) {
		print_result(&r);
		fail_msg("%s complains", argv[0]);
	}
	return r;
}

/* One line a frame of the capture: a number, then what the frame's remark says. */
static void expect_capture(struct testnet *net, const char *args, int status, size_t frames)
{
	struct tap_counter near = tap_at(net, SIDE_CLIENT, TAP_BOTH);
	struct runresult r = arpq(net, args);
	size_t n = 0;

	expect_exit(&r, status);
	runresult_free(&r);
	if (frames == 0)
		frames = frames_at(&near);
	assert_true(frames_at(&near) >= frames);
	tap_close(&near);
	r = reader(net, ARGV("tshark", "-n", "-r", "/run/x.pcapng", "-T", "fields", "-e",
			     "frame.number", "-e", "arp.opcode", "-e", "frame.comment"));
	for (char *line = r.out, *end; (end = strchr(line, '\n')); line = end + 1, n++) {
		*end = '\0';
		char *comment = strrchr(line, '\t');
		if (!comment || strlen(comment) < 20)
			fail_msg("frame without a remark: %s", line);
	}
	assert_int_equal(n, frames);
	runresult_free(&r);
}

static void a_capture_of_a_question_is_read_by_others_and_each_frame_has_a_remark(void **state)
{
	struct testnet *net = net_of(state);

	need_program("tshark");
	need_program("capinfos");
	expect_capture(net, "-w /run/x.pcapng 10.60.0.2 10.60.0.9", 1, 0);
	expect_capture(net, "-w /run/x.pcapng --vlan 7 -c 1 10.60.0.9", 1, 0);
	expect_capture(net, "-w /run/x.pcapng -c 2 --retry-interval 100ms 10.60.3.0/24", 1, 0);
	struct runresult r = reader(net, ARGV("capinfos", "-c", "-M", "/run/x.pcapng"));
	runresult_free(&r);
	/* Nothing was sent, and that, too, is a capture. */
	expect_capture(net, "-w /run/x.pcapng 10.60.0.2", 0, 0);
}

static void a_capture_of_forgeries_is_read_by_others_and_each_frame_has_a_remark(void **state)
{
	struct testnet *net = net_of(state);
	struct responder_config c = { .odd = true, .company = ODD_BEFORE_HONEST };
	struct responder r;

	need_program("tshark");
	must(net, responder_begin(&r, net, SIDE_SERVER, &c));
	/* A request and two answers each; of two hosts, and of one that says it twice, three. */
	expect_capture(net, "-w /run/x.pcapng --listen 100ms -t 300ms 10.50.9.1-16", 4, 50);
	responder_end(&r, NULL);
}

static void a_capture_of_a_watch_and_of_a_probe_has_remarks(void **state)
{
	struct testnet *net = net_of(state);

	need_program("tshark");
	expect_capture(net, "-w /run/x.pcapng --probe 10.60.0.2", 4, 0);
	expect_capture(net, "-w /run/x.pcapng --announce 10.60.0.9", 0, 0);
}

/* ---- JSON ------------------------------------------------------------------------ */

static void every_line_of_json_is_an_object(void **state)
{
	struct testnet *net = net_of(state);
	struct responder_config c = { .odd = true, .prefix = { { 10, 51, 0, 0 } }, .prefix_len = 24 };
	static const char *const args[] = {
		"--json 10.60.0.2 10.60.0.1", "--json --kernel 10.60.0.2", "--json -t 100ms 10.60.0.9",
		"--json 10.50.9.14", "--json -t 100ms 10.50.9.3", "--json --cache",
		"--json 10.51.0.0/24", "--json --probe 10.60.0.2", "--json -t 50ms --watch",
	};
	struct responder responder;

	need_program("python3");
	must(net, responder_begin(&responder, net, SIDE_SERVER, &c));
	char *all = calloc(1, 1 << 20);
	assert_non_null(all);
	for (size_t i = 0; i < LENGTH(args); i++) {
		struct runresult r = arpq(net, args[i]);
		assert_true(lines_in(r.out) > 0 || strstr(args[i], "watch"));
		assert_true(strlen(all) + r.out_len < 1 << 20);
		strcat(all, r.out);
		runresult_free(&r);
	}
	responder_end(&responder, NULL);
	struct run_options o = { .input = all };
	struct runresult judged;
	must(net, testnet_run_with(net, SIDE_CLIENT, ARGV("python3", "-c", "import sys,json\n"
				   "for l in sys.stdin:\n"
				   "    o = json.loads(l)\n"
				   "    assert isinstance(o, dict) and o['type'], l\n"), &o, &judged));
	expect_exit(&judged, 0);
	runresult_free(&judged);
	free(all);
}

/* ---- exit status ----------------------------------------------------------------- */

static void each_exit_status_has_its_cause(void **state)
{
	struct testnet *net = net_of(state);
	struct run_options full = { .stdout_fd = full_device() };
	struct run_options powerless = { .caps = RUN_CAPS_NONE };
	struct run_options ordinary = { 0 };
	struct ip4 contested = { { 10, 60, 0, 7 } };
	const struct { int status; const char *args; const struct run_options *o; } table[] = {
		{ 0, "10.60.0.2", &ordinary },
		{ 0, "--cache", &ordinary },
		{ 1, "-t 100ms 10.60.0.9", &ordinary },
		{ 2, "--no-such-option", &ordinary },
		{ 3, "--cache --cache-file /run/damaged", &ordinary },
		{ 4, "10.60.0.7", &ordinary },
		{ 5, "10.60.0.2", &full },
		{ 7, "--fresh 10.60.0.3", &powerless },
	};

	must(net, testnet_address_add(net, SIDE_SERVER, contested, 32));
	must(net, testnet_address_add(net, SIDE_RIVAL, contested, 32));
	put_file("/run/damaged", "arpq-cache 1 but not quite\n", 27);
	for (size_t i = 0; i < LENGTH(table); i++) {
		struct runresult r = arpq_with(net, table[i].args, table[i].o);
		expect_exit(&r, table[i].status);
		runresult_free(&r);
	}
	must(net, testnet_link_up(net, SIDE_CLIENT, CLIENT_IF, false));
	struct runresult r = arpq(net, "-i c0 10.60.0.2");
	expect_exit(&r, 6);
	runresult_free(&r);
	close(full.stdout_fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(a_capture_of_a_watch_and_of_a_probe_has_remarks),
		IN_A_WORLD(a_capture_of_a_question_is_read_by_others_and_each_frame_has_a_remark),
		IN_A_WORLD(a_capture_of_forgeries_is_read_by_others_and_each_frame_has_a_remark),
		IN_A_WORLD(every_line_fits_into_80_columns),
		IN_A_WORLD(every_line_of_json_is_an_object),
		IN_A_WORLD(a_full_disk_behind_standard_output_is_status_5),
		IN_A_WORLD(a_reader_that_has_gone_is_status_5_and_no_signal),
		IN_A_WORLD(a_closed_standard_output_is_status_5_and_nothing_is_sent),
		IN_A_WORLD(a_watch_ends_when_nobody_reads_it_any_more),
		IN_A_WORLD(a_capture_that_cannot_be_written_is_status_5_and_the_answer_is_given),
		IN_A_WORLD(a_full_disk_under_the_cache_costs_no_answer),
		IN_A_WORLD_WITH_BRIDGE(each_exit_status_has_its_cause),
	};

	return run_side_by_side(tests, LENGTH(tests), 12, argc, argv);
}
