/*
 * tcpq -i as its user meets it: real connections between two hosts, and what is told of them,
 * when, and what ends it.  The tool listens at the client's end of the cable.
 */
#include "arpq_world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "wirelab/capfile.h"

#define PATIENCE_NS (20 * SEC_NS)	/* for what must come; a busy machine may take its time */
#define NOBODY 65534u
#define SAVED "/run/saved.pcapng"

/* ---- connections -------------------------------------------------------------------- */

static struct sockaddr_in end_of_cable(struct ip4 ip, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	memcpy(&a.sin_addr, ip.b, sizeof(ip.b));
	return a;
}

static int bound(struct testnet *net, enum side side, struct ip4 ip, uint16_t port)
{
	struct sockaddr_in a = end_of_cable(ip, port);
	int on = 1, fd = testnet_socket(net, side, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static int listener(struct testnet *net, uint16_t port)
{
	int fd = bound(net, SIDE_SERVER, SERVER_IP, port);

	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

struct connection {
	int client, server;
};

/* From any port when it is 0. */
static struct connection opened_at(struct testnet *net, int at, uint16_t from, uint16_t to)
{
	struct sockaddr_in a = end_of_cable(SERVER_IP, to);
	struct connection c = { .client = bound(net, SIDE_CLIENT, CLIENT_IP, from) };

	assert_int_equal(connect(c.client, (struct sockaddr *)&a, sizeof(a)), 0);
	c.server = accept4(at, NULL, NULL, SOCK_CLOEXEC);
	assert_true(c.server >= 0);
	return c;
}

static struct connection opened(struct testnet *net, uint16_t from, uint16_t to)
{
	int at = listener(net, to);
	struct connection c = opened_at(net, at, from, to);

	close(at);
	return c;
}

static void send_over(const struct connection *c, size_t len)
{
	char buf[1000] = { 0 };

	assert_true(len <= sizeof(buf));
	assert_int_equal(send(c->client, buf, len, 0), len);
	assert_int_equal(recv(c->server, buf, len, MSG_WAITALL), len);
}

/* The server goes first, and its side waits out the TIME-WAIT: the client's port is free again. */
static void closed(const struct connection *c)
{
	char end;

	assert_int_equal(shutdown(c->server, SHUT_WR), 0);
	assert_int_equal(recv(c->client, &end, 1, 0), 0);
	close(c->client);
	assert_int_equal(recv(c->server, &end, 1, 0), 0);
	close(c->server);
}

static void a_short_connection(struct testnet *net, uint16_t from, uint16_t to)
{
	struct connection c = opened(net, from, to);

	send_over(&c, 100);
	closed(&c);
}

/* ---- the tool ----------------------------------------------------------------------- */

static void tcpq_args(struct args *a, const char *text)
{
	static char path[PATH_MAX];
	const char *slash;

	args_of(a, text);
	slash = strrchr(a->v[0], '/');
	snprintf(path, sizeof(path), "%.*s/tcpq", (int)(slash - a->v[0]), a->v[0]);
	a->v[0] = path;
}

static struct runresult tcpq_with(struct testnet *net, const char *text,
				  const struct run_options *opt)
{
	struct runresult r;
	struct args a;

	tcpq_args(&a, text);
	must(net, testnet_run_with(net, SIDE_CLIENT, a.v, opt, &r));
	return r;
}

static struct runresult tcpq(struct testnet *net, const char *text)
{
	return tcpq_with(net, text, &(struct run_options){ 0 });
}

/* A line of /proc/PID/status, as a number; hexadecimal or in kB, as that has it. */
static uint64_t status_number(const struct running *run, const char *key, int base)
{
	char path[64], line[256];
	size_t len = strlen(key);
	uint64_t value = UINT64_MAX;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)run->pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, key, len) == 0 && line[len] == ':')
			value = strtoull(line + len + 1, NULL, base);
	fclose(f);
	return value;
}

static void fail_after(struct running *run, const char *why)
{
	struct runresult r;

	running_signal(run, SIGKILL);
	running_wait(run, &r);
	print_result(&r);
	fail_msg("%s", why);
}

static bool kernel_tells_calls(void)
{
	return access("/proc/self/syscall", R_OK) == 0;
}

/* Asleep in that system call. */
static bool waits_in(const struct running *run, long number)
{
	char path[64], at[128] = "";

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)run->pid);
	FILE *f = fopen(path, "r");
	if (!f || !fgets(at, sizeof(at), f))
		at[0] = '\0';
	if (f)
		fclose(f);
	return at[0] >= '0' && at[0] <= '9' && strtol(at, NULL, 10) == number;
}

/* Without privileges, and waiting for frames: the expression is then in force, too. */
static bool listens(const struct running *run)
{
	return status_number(run, "CapPrm", 16) == 0 &&
	       (!kernel_tells_calls() || waits_in(run, SYS_ppoll));
}

/* What passes from now on will be told. */
static void wait_until_it_listens(struct running *run)
{
	uint64_t deadline = monotonic_ns() + PATIENCE_NS;

	while (!listens(run))
		if (running_for(run, MSEC_NS) || monotonic_ns() > deadline)
			fail_after(run, "it does not begin to listen");
}

static void tcpq_start_with(struct testnet *net, const char *text, struct run_options o,
			    struct running *run)
{
	struct args a;

	o.timeout_ns = 90 * SEC_NS;
	tcpq_args(&a, text);
	must(net, testnet_start(net, SIDE_CLIENT, a.v, &o, run));
	wait_until_it_listens(run);
}

static void tcpq_start(struct testnet *net, const char *text, struct running *run)
{
	tcpq_start_with(net, text, (struct run_options){ 0 }, run);
}

/* Its output (or its remarks) has text, sooner or later. */
static void wait_for(struct running *run, const struct run_stream *stream, const char *text)
{
	uint64_t deadline = monotonic_ns() + PATIENCE_NS;

	while (!strstr(stream->text, text)) {
		bool over = running_for(run, MSEC_NS);
		if (!strstr(stream->text, text) && (over || monotonic_ns() > deadline)) {
			print_message("waited for: %s\n", text);
			fail_after(run, "it does not come");
		}
	}
}

static struct runresult ended_by(struct running *run, int signo)
{
	struct runresult r;

	if (signo)
		assert_int_equal(running_signal(run, signo), 0);
	running_wait(run, &r);
	assert_false(r.timed_out);
	return r;
}

static size_t count_of(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

#define expect_count(r, part, n) \
	do { \
		if (count_of((r)->out, (part)) != (n)) { \
			print_result(r); \
			fail_msg("not %d times: %s", (int)(n), (part)); \
		} \
	} while (0)

#define expect_no_remark(r) assert_string_equal((r)->err, "")

/* ---- frames, to be timed and sent again --------------------------------------------- */

struct seen {
	uint8_t bytes[128];
	size_t len;
	uint64_t unix_ns;		/* when it passed, by the kernel's clock */
};

static int watcher(struct testnet *net, enum side side)
{
	int on = 1, type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = testnet_socket(net, side, AF_PACKET, type, htons(ETH_P_ALL));

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)), 0);
	return fd;
}

static bool see(int fd, struct seen *s)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct timespec))];
	} control;
	struct iovec v = { s->bytes, sizeof(s->bytes) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &m, MSG_TRUNC);
	struct timespec t;

	if (n < 0)
		return false;
	assert_non_null(CMSG_FIRSTHDR(&m));
	memcpy(&t, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(t));
	s->len = (size_t)n;
	s->unix_ns = (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
	return true;
}

/* Ethernet, IPv4 without options, TCP. */
static bool is_tcp_from(const struct seen *s, uint16_t port)
{
	return s->len >= 54 && s->bytes[12] == 8 && s->bytes[13] == 0 && s->bytes[23] == 6 &&
	       (s->bytes[34] << 8 | s->bytes[35]) == port;
}

static uint32_t sum_of(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

/* A host leaves the checksum of what it sends to the card; whoever sends it again must not. */
static void fill_checksum(struct seen *s)
{
	size_t len = (size_t)(s->bytes[16] << 8 | s->bytes[17]) - 20;

	assert_true(14 + 20 + len <= sizeof(s->bytes));
	s->bytes[50] = s->bytes[51] = 0;
	uint32_t sum = sum_of(s->bytes + 26, 8) + 6 + (uint32_t)len + sum_of(s->bytes + 34, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	s->bytes[50] = (uint8_t)(~sum >> 8);
	s->bytes[51] = (uint8_t)~sum;
}

static uint64_t realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
}

/* ---- when connections are told ------------------------------------------------------ */

enum { TIMED = 20 };

static void a_line_appears_right_after_its_connection_closed(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;
	int fd = watcher(net, SIDE_CLIENT);
	uint64_t worst = 0, sum = 0;

	tcpq_start(net, "-i c0", &run);
	for (uint16_t i = 0; i < TIMED; i++) {
		uint16_t port = (uint16_t)(5001 + i);
		char line[32];
		struct seen s, last = { .unix_ns = 0 };
		snprintf(line, sizeof(line), "10.60.0.2:%d", port);
		a_short_connection(net, 0, port);
		wait_for(&run, &run.out, line);
		uint64_t now = realtime_ns();
		while (see(fd, &s))
			if (is_tcp_from(&s, port) || s.len == 66)
				last = s;
		assert_true(last.unix_ns != 0 && last.unix_ns <= now);
		sum += now - last.unix_ns;
		worst = now - last.unix_ns > worst ? now - last.unix_ns : worst;
	}
	print_message("measured: line after the last segment: %.1f ms on average, %.1f at worst"
		      " (200 asked)\n", (double)sum / TIMED / 1e6, (double)worst / 1e6);
	assert_in_range(worst, 0, 2 * SEC_NS);
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	expect_no_remark(&r);
	assert_int_equal(lines_in(r.out), 1 + TIMED);
	expect_count(&r, " fin", TIMED);
	runresult_free(&r);
	close(fd);
}

static void what_is_open_is_told_at(struct testnet *net, int signo)
{
	struct running run;
	struct connection c;
	struct runresult r;

	tcpq_start(net, "-i c0", &run);
	c = opened(net, 5100, 5000);
	send_over(&c, 321);
	a_short_connection(net, 0, 5001);
	wait_for(&run, &run.out, "10.60.0.2:5001");
	assert_null(strstr(run.out.text, "10.60.0.1:5100"));
	r = ended_by(&run, signo);
	expect_exit(&r, 0);
	expect_no_remark(&r);
	assert_int_equal(lines_in(r.out), 3);
	expect_count(&r, "10.60.0.1:5100", 1);
	expect_count(&r, "10.60.0.2:5001", 1);
	expect_out(&r, " 321 ");
	runresult_free(&r);
	closed(&c);
}

static void an_open_connection_is_told_at_ctrl_c(void **state)
{
	what_is_open_is_told_at(net_of(state), SIGINT);
}

static void and_at_sigterm(void **state)
{
	what_is_open_is_told_at(net_of(state), SIGTERM);
}

/* How long the kernel keeps a frame back is its own affair: one success in ten will do. */
static void what_passed_just_before_ctrl_c_is_told(void **state)
{
	struct testnet *net = net_of(state);
	bool told = false;

	for (int i = 0; i < 10 && !told; i++) {
		struct running run;
		struct runresult r;
		tcpq_start(net, "-i c0", &run);
		a_short_connection(net, 0, 5000);
		r = ended_by(&run, SIGINT);
		expect_exit(&r, 0);
		told = count_of(r.out, " fin") == 1;
		runresult_free(&r);
	}
	assert_true(told);
}

static void a_fin_again_and_its_ack_in_time_wait_make_no_second_line(void **state)
{
	struct testnet *net = net_of(state);
	struct tap_counter tap = tap_at(net, SIDE_CLIENT, TAP_INCOMING);
	int fd = watcher(net, SIDE_CLIENT);
	struct seen s, fin = { .len = 0 };
	struct running run;
	struct runresult r;
	size_t again = 0;

	tcpq_start(net, "-i c0", &run);
	a_short_connection(net, 5100, 5000);
	wait_for(&run, &run.out, "10.60.0.1:5100");
	while (see(fd, &s))
		if (is_tcp_from(&s, 5100) && s.bytes[47] & 1)
			fin = s;
	assert_int_equal(fin.len, 66);
	fill_checksum(&fin);
	assert_int_equal(tap_send(&tap, fin.bytes, fin.len), 0);
	/* The server is in TIME-WAIT, and acknowledges it anew (RFC 9293 3.10.7.4). */
	for (uint64_t end = monotonic_ns() + PATIENCE_NS; !again && monotonic_ns() < end;) {
		(void)poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 100);
		while (see(fd, &s))
			again += is_tcp_from(&s, 5000);
	}
	assert_true(again > 0);
	a_short_connection(net, 0, 5001);
	wait_for(&run, &run.out, "10.60.0.2:5001");
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	expect_count(&r, "10.60.0.1:5100", 1);
	assert_int_equal(lines_in(r.out), 3);
	runresult_free(&r);
	tap_close(&tap);
	close(fd);
}

static void two_connections_on_the_same_ports_are_two_lines(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;

	tcpq_start(net, "-i c0", &run);
	a_short_connection(net, 5100, 5000);
	a_short_connection(net, 5100, 5000);
	a_short_connection(net, 0, 5001);
	wait_for(&run, &run.out, "10.60.0.2:5001");
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	expect_count(&r, "10.60.0.1:5100", 2);
	expect_out(&r, "reused_ports");
	assert_int_equal(lines_in(r.out), 4);
	runresult_free(&r);
}

static void who_was_reset_while_nothing_else_passed_is_told_at_once(void **state)
{
	struct testnet *net = net_of(state);
	struct connection c = opened(net, 5100, 5000);
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };
	struct running run;
	struct runresult r;

	tcpq_start(net, "-i c0", &run);
	assert_int_equal(setsockopt(c.client, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(c.client);
	wait_for(&run, &run.out, "10.60.0.1:5100");
	close(c.server);
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	expect_count(&r, "10.60.0.1:5100", 1);
	runresult_free(&r);
}

static void every_interface_at_once_is_any(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;

	tcpq_start(net, "-i any", &run);
	a_short_connection(net, 5100, 5000);
	wait_for(&run, &run.out, "10.60.0.1:5100");
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	expect_no_remark(&r);
	expect_count(&r, "10.60.0.1:5100", 1);
	runresult_free(&r);
}

/* ---- the interface ------------------------------------------------------------------ */

static void a_removed_interface_is_the_end_and_what_was_open_is_told(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct connection c;
	struct runresult r;

	tcpq_start(net, "-i c0", &run);
	c = opened(net, 5100, 5000);
	a_short_connection(net, 0, 5001);
	wait_for(&run, &run.out, "10.60.0.2:5001");
	must(net, testnet_link_delete(net, SIDE_CLIENT, CLIENT_IF));
	r = ended_by(&run, 0);
	expect_exit(&r, 6);
	expect_count(&r, "10.60.0.1:5100", 1);
	expect_err(&r, "tcpq: c0 was removed\n");
	/* Where the kernel is slow to remove it, it is seen to go down first. */
	assert_int_equal(lines_in(r.err), strstr(r.err, "switched off") ? 2 : 1);
	runresult_free(&r);
	close(c.client);
	close(c.server);
}

static void an_interface_that_is_switched_off_and_on_is_heard_again(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;

	tcpq_start(net, "-i c0", &run);
	a_short_connection(net, 5100, 5000);
	wait_for(&run, &run.out, "10.60.0.1:5100");
	must(net, testnet_link_up(net, SIDE_CLIENT, CLIENT_IF, false));
	wait_for(&run, &run.err, "tcpq: c0 was switched off\n");
	must(net, testnet_link_up(net, SIDE_CLIENT, CLIENT_IF, true));
	wait_for(&run, &run.err, "tcpq: c0 is on again\n");
	must(net, testnet_link_wait(net, SIDE_CLIENT, CLIENT_IF, true, PATIENCE_NS));
	a_short_connection(net, 5101, 5000);
	wait_for(&run, &run.out, "10.60.0.1:5101");
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	assert_int_equal(lines_in(r.err), 2);
	runresult_free(&r);
}

static void an_unknown_interface_is_a_question_of_usage(void **state)
{
	struct runresult r = tcpq(net_of(state), "-i nosuch0");

	expect_exit(&r, 2);
	assert_string_equal(r.out, "");
	assert_int_equal(lines_in(r.err), 1);
	expect_err(&r, "nosuch0");
	runresult_free(&r);
}

/* ---- the expression ----------------------------------------------------------------- */

static void with_an_expression_only_what_matches_is_told(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;

	tcpq_start(net, "-i c0 tcp port 5001", &run);
	a_short_connection(net, 5100, 5000);
	a_short_connection(net, 5101, 5001);
	wait_for(&run, &run.out, "10.60.0.1:5101");
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	expect_out_lacks(&r, "10.60.0.1:5100");
	assert_int_equal(lines_in(r.out), 2);
	runresult_free(&r);
}

static void a_wrong_expression_is_one_line_and_costs_no_file(void **state)
{
	struct testnet *net = net_of(state);
	struct runresult r;
	size_t len;
	char *kept;

	put_file("/run/precious", "precious\n", 9);
	r = tcpq(net, "-i c0 -w /run/precious tcp prot 80");
	expect_exit(&r, 2);
	assert_string_equal(r.out, "");
	assert_int_equal(lines_in(r.err), 1);
	runresult_free(&r);
	kept = get_file("/run/precious", &len);
	assert_string_equal(kept, "precious\n");
	free(kept);
	r = tcpq(net, "-i c0 -w " SAVED " tcp prot 80");
	expect_exit(&r, 2);
	assert_int_equal(access(SAVED, F_OK), -1);
	runresult_free(&r);
}

/* ---- privileges --------------------------------------------------------------------- */

static void without_the_right_both_cures_are_named_and_no_file_is_touched(void **state)
{
	struct testnet *net = net_of(state);
	struct run_options nobody = { .uid = NOBODY };
	struct runresult r;
	size_t len;
	char *kept;

	assert_int_equal(mkdir("/run/open", 0777), 0);
	assert_int_equal(chmod("/run/open", 0777), 0);
	put_file("/run/open/precious", "precious\n", 9);
	assert_int_equal(chmod("/run/open/precious", 0666), 0);
	r = tcpq_with(net, "-i c0 -w /run/open/precious", &nobody);
	expect_exit(&r, 7);
	assert_string_equal(r.out, "");
	assert_int_equal(lines_in(r.err), 1);
	expect_err(&r, "sudo, or");
	expect_err(&r, "setcap cap_net_raw+ep ");
	expect_err(&r, "/tcpq");
	runresult_free(&r);
	kept = get_file("/run/open/precious", &len);
	assert_string_equal(kept, "precious\n");
	free(kept);
	r = tcpq_with(net, "-i c0 -w /run/open/new", &nobody);
	expect_exit(&r, 7);
	assert_int_equal(access("/run/open/new", F_OK), -1);
	runresult_free(&r);
}

static void no_privilege_is_left_while_it_listens(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;

	tcpq_start(net, "-i c0", &run);
	assert_int_equal(status_number(&run, "CapEff", 16), 0);
	assert_int_equal(status_number(&run, "CapPrm", 16), 0);
	assert_int_equal(status_number(&run, "CapInh", 16), 0);
	assert_int_equal(status_number(&run, "CapAmb", 16), 0);
	assert_int_equal(status_number(&run, "NoNewPrivs", 10), 1);
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	runresult_free(&r);
}

/* ---- -w ------------------------------------------------------------------------------ */

static void expect_remarks(const char *path, size_t least)
{
	char err[256];
	struct capr *c = capr_open(path, err);
	struct capr_record rec;
	size_t frames = 0;
	int n;

	if (!c)
		fail_msg("%s", err);
	while ((n = capr_next(c, &rec)) > 0) {
		frames++;
		assert_int_equal(rec.n_remarks, 1);
		assert_true(rec.remark[0].len > 0);
	}
	assert_int_equal(n, 0);
	assert_true(frames >= least);
	capr_close(c);
}

static void what_passes_is_saved_with_a_remark_on_every_frame(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;

	tcpq_start(net, "-i c0 -w " SAVED, &run);
	a_short_connection(net, 5100, 5000);
	wait_for(&run, &run.out, "10.60.0.1:5100");
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	expect_no_remark(&r);
	runresult_free(&r);
	expect_remarks(SAVED, 8);
}

static void tshark_reads_it_and_its_remarks(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;
	struct connection c;
	size_t lines = 0;

	need_program("tshark");
	tcpq_start(net, "-i c0 -w " SAVED " tcp", &run);
	/* Without data, in which it would look for the protocol of the port. */
	c = opened(net, 5100, 5000);
	closed(&c);
	wait_for(&run, &run.out, "10.60.0.1:5100");
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	runresult_free(&r);
	must(net, testnet_run_with(net, SIDE_CLIENT,
				   ARGV("tshark", "-n", "-r", SAVED, "-T", "fields", "-e",
					"frame.number", "-e", "frame.comment", "-e",
					"_ws.malformed"),
				   &(struct run_options){ .timeout_ns = 60 * SEC_NS }, &r));
	expect_exit(&r, 0);
	expect_err_lacks(&r, "tshark: ");
	for (char *rest = r.out, *line; (line = strsep(&rest, "\n")) && *line; lines++) {
		char *tab = strchr(line, '\t');
		assert_non_null(tab);
		assert_true(tab[1] != '\t' && tab[1] != '\0');
		assert_null(strstr(tab, "alformed"));
	}
	assert_true(lines >= 6);
	runresult_free(&r);
}

static void save_as(struct testnet *net, const char *args, const char *const env[])
{
	struct running run;
	struct runresult r;

	tcpq_start_with(net, args, (struct run_options){ .env = env }, &run);
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	runresult_free(&r);
}

static void what_was_overheard_is_for_nobody_elses_eyes(void **state)
{
	struct testnet *net = net_of(state);
	struct stat st;

	save_as(net, "-i c0 -w " SAVED, ARGV("SUDO_UID", "SUDO_GID"));
	assert_int_equal(stat(SAVED, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, geteuid());
	/* Who may read a file that is there is its owner's business. */
	assert_int_equal(chmod(SAVED, 0640), 0);
	save_as(net, "-i c0 -w " SAVED, ARGV("SUDO_UID", "SUDO_GID"));
	assert_int_equal(stat(SAVED, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void with_sudo_the_file_is_the_callers_where_they_could_have_made_it(void **state)
{
	struct testnet *net = net_of(state);
	const char *const env[] = { "SUDO_UID=65534", "SUDO_GID=65534", NULL };
	struct stat st;

	if (!was_root(state))
		skip_aloud("only root can make files for others");
	assert_int_equal(mkdir("/run/theirs", 0755), 0);
	assert_int_equal(chown("/run/theirs", NOBODY, NOBODY), 0);
	save_as(net, "-i c0 -w /run/theirs/f", env);
	assert_int_equal(stat("/run/theirs/f", &st), 0);
	assert_int_equal(st.st_uid, NOBODY);
	assert_int_equal(st.st_gid, NOBODY);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(mkdir("/run/ours", 0755), 0);
	save_as(net, "-i c0 -w /run/ours/f", env);
	assert_int_equal(stat("/run/ours/f", &st), 0);
	assert_int_equal(st.st_uid, 0);
}

static void on_a_full_disk_the_table_goes_on(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct connection c;
	struct runresult r;

	tcpq_start(net, "-i c0 -w /dev/full", &run);
	c = opened(net, 5100, 5000);
	for (int i = 0; i < 20; i++)
		send_over(&c, 1000);
	closed(&c);
	wait_for(&run, &run.out, "10.60.0.1:5100");
	a_short_connection(net, 5101, 5000);
	wait_for(&run, &run.out, "10.60.0.1:5101");
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 5);
	assert_string_equal(r.err, "tcpq: cannot write /dev/full: No space left on device\n");
	runresult_free(&r);
}

/* ---- other views -------------------------------------------------------------------- */

static void as_json_a_closed_connection_is_an_object_at_once(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;

	tcpq_start(net, "-i c0 --json", &run);
	a_short_connection(net, 5100, 5000);
	wait_for(&run, &run.out, "\"trouble\":{");
	assert_null(strstr(run.out.text, "{\"type\":\"capture\""));
	a_short_connection(net, 5101, 5000);
	wait_for(&run, &run.out, "\"stream\":1,");
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	expect_count(&r, "{\"type\":\"tcp\"", 2);
	expect_count(&r, "{\"type\":\"capture\",\"file\":\"c0\"", 1);
	expect_count(&r, "\"tcp_streams\":2", 1);
	runresult_free(&r);
}

static void each_segment_is_an_object_before_its_connection_closes(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct connection c;
	struct runresult r;

	tcpq_start(net, "-i c0 --segments", &run);
	c = opened(net, 5100, 5000);
	send_over(&c, 321);
	wait_for(&run, &run.out, "321");
	assert_null(strstr(run.out.text, "{\"type\":\"tcp\""));
	closed(&c);
	wait_for(&run, &run.out, "{\"type\":\"tcp\"");
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	expect_count(&r, "{\"type\":\"tcp\"", 1);
	runresult_free(&r);
}

static void a_ladder_is_drawn_when_its_connection_closes(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct connection c;
	struct runresult r;

	tcpq_start(net, "-i c0 --ladder", &run);
	c = opened(net, 5102, 5000);
	a_short_connection(net, 5100, 5000);
	a_short_connection(net, 5100, 5000);
	a_short_connection(net, 5101, 5000);
	wait_for(&run, &run.out, "10.60.0.1:5101");
	assert_null(strstr(run.out.text, "10.60.0.1:5102"));
	r = ended_by(&run, SIGINT);
	expect_exit(&r, 0);
	expect_count(&r, "10.60.0.1:5100", 2);
	expect_count(&r, "10.60.0.1:5101", 1);
	expect_count(&r, "10.60.0.1:5102", 1);
	expect_count(&r, "SYN-SENT", 4);
	runresult_free(&r);
	closed(&c);
}

/* ---- what ends it ------------------------------------------------------------------- */

static void it_ends_after_as_many_frames_as_asked(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;

	tcpq_start(net, "-i c0 --json -c 5 tcp", &run);
	a_short_connection(net, 5100, 5000);
	r = ended_by(&run, 0);
	expect_exit(&r, 0);
	expect_no_remark(&r);
	expect_out(&r, "\"frames\":5,");
	expect_count(&r, "{\"type\":\"tcp\"", 1);
	runresult_free(&r);
}

static void it_ends_when_its_reader_has_gone(void **state)
{
	struct testnet *net = net_of(state);
	struct running run;
	struct runresult r;
	int fd[2];
	char c;

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	tcpq_start_with(net, "-i c0", (struct run_options){ .stdout_fd = fd[1] }, &run);
	close(fd[1]);
	a_short_connection(net, 5100, 5000);
	assert_int_equal(read(fd[0], &c, 1), 1);
	/* And no further line is needed for that. */
	close(fd[0]);
	r = ended_by(&run, 0);
	expect_exit(&r, 5);
	assert_string_equal(r.err, "tcpq: cannot write to standard output: Broken pipe\n");
	runresult_free(&r);
}

static void a_full_disk_behind_its_output_ends_it(void **state)
{
	struct testnet *net = net_of(state);
	int full = full_device();
	struct running run;
	struct runresult r;

	assert_true(full >= 0);
	tcpq_start_with(net, "-i c0", (struct run_options){ .stdout_fd = full }, &run);
	a_short_connection(net, 5100, 5000);
	r = ended_by(&run, 0);
	expect_exit(&r, 5);
	assert_string_equal(r.err,
			    "tcpq: cannot write to standard output: No space left on device\n");
	runresult_free(&r);
	close(full);
}

static void without_a_standard_output_nothing_goes_out_on_the_wire(void **state)
{
	struct testnet *net = net_of(state);
	struct runresult r = tcpq_with(net, "-i c0 -c 1",
				       &(struct run_options){ .close_stdout = true });

	expect_exit(&r, 5);
	assert_int_equal(lines_in(r.err), 1);
	runresult_free(&r);
}

/* A capture of one frame, the SYN from port 0x1234, and of half a second one. */
static const uint8_t piped[] = {
	0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
	1, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 54, 0, 0, 0,
	0x02, 0, 0, 0, 0x0b, 0x01,  0x02, 0, 0, 0, 0x0a, 0x01,  0x08, 0x00,
	0x45, 0, 0, 40,  0, 0, 0x40, 0,  64, 6, 0, 0,  10, 60, 0, 1,  10, 60, 0, 2,
	0x12, 0x34, 0, 80,  0, 0, 0, 1,  0, 0, 0, 0,  0x50, 0x02, 0xff, 0xff,  0, 0, 0, 0,
	1, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 54, 0, 0, 0,
	0x02, 0, 0, 0, 0x0b,
};

/* The pipe is empty, and what was in it is worked through. */
static void wait_until_it_waits(struct running *run, int pipe_fd)
{
	uint64_t deadline = monotonic_ns() + PATIENCE_NS, sigint = (uint64_t)1 << (SIGINT - 1);
	int unread = 1;

	while (unread || !(status_number(run, "SigCgt", 16) & sigint) || !waits_in(run, SYS_read)) {
		if (running_for(run, MSEC_NS) || monotonic_ns() > deadline)
			fail_after(run, "it does not read on");
		assert_int_equal(ioctl(pipe_fd, FIONREAD, &unread), 0);
	}
}

static void a_pipe_is_read_until(struct testnet *net, int signo, size_t len)
{
	struct running run;
	struct runresult r;
	struct args a;
	int fd[2];

	if (!kernel_tells_calls())
		skip_aloud("this kernel does not say what a process waits for");
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	assert_int_equal(write(fd[1], piped, len), len);
	tcpq_args(&a, "--json -");
	must(net, testnet_start(net, SIDE_CLIENT, a.v, &(struct run_options){ .stdin_fd = fd[0] },
				&run));
	wait_until_it_waits(&run, fd[0]);
	/* fd[1] stays open: no end of the file comes. */
	r = ended_by(&run, signo);
	expect_exit(&r, 0);
	expect_no_remark(&r);
	expect_count(&r, "\"a\":[\"10.60.0.1\",4660]", 1);
	expect_count(&r, "\"frames\":1,\"bytes\":54,\"tcp_streams\":1,", 1);
	expect_count(&r, "\"damage\":null", 1);
	runresult_free(&r);
	close(fd[0]);
	close(fd[1]);
}

static void a_pipe_whose_writer_lives_on_is_told_at_ctrl_c(void **state)
{
	a_pipe_is_read_until(net_of(state), SIGINT, sizeof(piped) - 21);
}

static void and_half_a_frame_in_it_is_no_damage_then(void **state)
{
	a_pipe_is_read_until(net_of(state), SIGTERM, sizeof(piped));
}

/* ---- for long ----------------------------------------------------------------------- */

#define MANY 20000u
#define WARM 6000u		/* more than the 4,096 with which the table begins */

struct listener {
	const char *args, *output;
	const char *mark[2];	/* what stands in its output for the last connections */
	uint64_t before, after;	/* KiB */
	struct running run;
};

/* On a busy machine the kernel may have dropped a frame of that connection: then one more. */
static void wait_for_mark(struct testnet *net, struct listener *l, const char *mark, uint16_t port)
{
	uint64_t deadline = monotonic_ns() + PATIENCE_NS, again = monotonic_ns() + SEC_NS;

	for (;;) {
		/* The mark is the last connection so far. */
		char tail[65536 + 1];
		int fd = open(l->output, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		off_t size = lseek(fd, 0, SEEK_END);
		ssize_t got = pread(fd, tail, 65536, size > 65536 ? size - 65536 : 0);
		close(fd);
		assert_true(got >= 0);
		tail[got] = '\0';
		if (strstr(tail, mark))
			return;
		if (running_for(&l->run, 5 * MSEC_NS) || monotonic_ns() > deadline)
			fail_after(&l->run, l->args);
		if (monotonic_ns() > again) {
			a_short_connection(net, 0, port);
			again = monotonic_ns() + SEC_NS;
		}
	}
}

/* The last of them to the port by which it is known to have been told. */
static void connect_often(struct testnet *net, unsigned n, uint16_t mark)
{
	int at = listener(net, 5000);

	while (n-- > 0) {
		struct connection c = opened_at(net, at, 0, 5000);
		closed(&c);
	}
	close(at);
	a_short_connection(net, 0, mark);
}

static void memory_does_not_grow_with_the_connections_that_were(void **state)
{
	struct testnet *net = net_of(state);
	struct listener l[] = {
		{ "-i c0", "/run/table", .mark = { "10.60.0.2:7777", "10.60.0.2:8888" } },
		{ "-i c0 --json", "/run/json",
		  .mark = { "\"10.60.0.2\",7777", "\"10.60.0.2\",8888" } },
		{ "-i c0 --ladder", "/run/ladder", .mark = { "10.60.0.2:7777", "10.60.0.2:8888" } },
	};
	char told[512] = "";

	for (size_t i = 0; i < LENGTH(l); i++) {
		int fd = open(l[i].output, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		tcpq_start_with(net, l[i].args, (struct run_options){ .stdout_fd = fd }, &l[i].run);
		close(fd);
	}
	connect_often(net, WARM, 7777);
	for (size_t i = 0; i < LENGTH(l); i++) {
		wait_for_mark(net, &l[i], l[i].mark[0], 7777);
		l[i].before = status_number(&l[i].run, "VmHWM", 10);
	}
	connect_often(net, MANY - WARM, 8888);
	for (size_t i = 0; i < LENGTH(l); i++) {
		struct runresult r;
		wait_for_mark(net, &l[i], l[i].mark[1], 8888);
		l[i].after = status_number(&l[i].run, "VmHWM", 10);
		r = ended_by(&l[i].run, SIGINT);
		expect_exit(&r, 0);
		runresult_free(&r);
		size_t len = strlen(told);
		snprintf(told + len, sizeof(told) - len, "; %s %lu then %lu", l[i].args,
			 (unsigned long)l[i].before, (unsigned long)l[i].after);
	}
	print_message("measured: KiB at the most after %u and %u connections%s\n", WARM, MANY,
		      told);
#ifndef __SANITIZE_ADDRESS__	/* which keeps what was freed for a while */
	for (size_t i = 0; i < LENGTH(l); i++)
		assert_true(l[i].after <= l[i].before + 1024);
#endif
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(memory_does_not_grow_with_the_connections_that_were),
		IN_A_WORLD(a_line_appears_right_after_its_connection_closed),
		IN_A_WORLD(an_open_connection_is_told_at_ctrl_c),
		IN_A_WORLD(and_at_sigterm),
		IN_A_WORLD(what_passed_just_before_ctrl_c_is_told),
		IN_A_WORLD(a_fin_again_and_its_ack_in_time_wait_make_no_second_line),
		IN_A_WORLD(two_connections_on_the_same_ports_are_two_lines),
		IN_A_WORLD(who_was_reset_while_nothing_else_passed_is_told_at_once),
		IN_A_WORLD(every_interface_at_once_is_any),
		IN_A_WORLD(a_removed_interface_is_the_end_and_what_was_open_is_told),
		IN_A_WORLD(an_interface_that_is_switched_off_and_on_is_heard_again),
		IN_A_WORLD(an_unknown_interface_is_a_question_of_usage),
		IN_A_WORLD(with_an_expression_only_what_matches_is_told),
		IN_A_WORLD(a_wrong_expression_is_one_line_and_costs_no_file),
		IN_A_WORLD(without_the_right_both_cures_are_named_and_no_file_is_touched),
		IN_A_WORLD(no_privilege_is_left_while_it_listens),
		IN_A_WORLD(what_passes_is_saved_with_a_remark_on_every_frame),
		IN_A_WORLD(tshark_reads_it_and_its_remarks),
		IN_A_WORLD(what_was_overheard_is_for_nobody_elses_eyes),
		IN_A_WORLD(with_sudo_the_file_is_the_callers_where_they_could_have_made_it),
		IN_A_WORLD(on_a_full_disk_the_table_goes_on),
		IN_A_WORLD(as_json_a_closed_connection_is_an_object_at_once),
		IN_A_WORLD(each_segment_is_an_object_before_its_connection_closes),
		IN_A_WORLD(a_ladder_is_drawn_when_its_connection_closes),
		IN_A_WORLD(it_ends_after_as_many_frames_as_asked),
		IN_A_WORLD(it_ends_when_its_reader_has_gone),
		IN_A_WORLD(a_full_disk_behind_its_output_ends_it),
		IN_A_WORLD(without_a_standard_output_nothing_goes_out_on_the_wire),
		IN_A_WORLD(a_pipe_whose_writer_lives_on_is_told_at_ctrl_c),
		IN_A_WORLD(and_half_a_frame_in_it_is_no_damage_then),
	};

	return run_side_by_side(tests, LENGTH(tests), 4, argc, argv);
}
