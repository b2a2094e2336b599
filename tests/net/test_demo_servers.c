/*
 * The many-clients server among rude clients, in both of its models, on the loopback.
 *
 * DEMO_FULL=1: with the numbers of the requirements (10,000 connections, 10,000 resets), which
 * wants a limit of some 11,000 descriptors here and as many there; otherwise with fewer.
 */
#include "demo_world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETING "hello there"
#define MODELS(test) \
	{ #test " (epoll)", test, NULL, stop_server, (void *)(uintptr_t)"epoll" }, \
	{ #test " (threads)", test, NULL, stop_server, (void *)(uintptr_t)"threads" }

static struct program server;

static void start_server(void **state)
{
	program_start(&server, ARGS("multi_server", "--quiet", "--model", *state, "--greeting",
				    GREETING, "127.0.0.1", "0"));
	(void)program_address(&server);
}

static int stop_server(void **state)
{
	(void)state;
	program_stop(&server);
	return 0;
}

static void assert_server_runs(void)
{
	struct pollfd p = { .fd = server.err.fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, 0), 0);	/* it says nothing, and has not closed it */
}

/* ---- well-behaved clients --------------------------------------------------------------------- */

static int guest(void)
{
	char greeting[sizeof(GREETING)] = "";
	int fd = caller_of(&server);

	hear_exactly(fd, greeting, sizeof(GREETING) - 1);
	assert_string_equal(greeting, GREETING);
	return fd;
}

static void says_and_hears(int fd, const char *text)
{
	char should[64], is[64];
	int len = snprintf(should, sizeof(should), "收到 %zu 字节", strlen(text));

	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	hear_exactly(fd, is, (size_t)len);
	assert_memory_equal(is, should, (size_t)len);
}

/* Nobody else's behaviour may be felt by an honest client. */
static void assert_serves_honest_clients(void)
{
	int fd = guest();

	for (int i = 0; i < 20; i++)
		says_and_hears(fd, "an honest line");
	close(fd);
}

/* When nobody is there; measured with a guest, whom it greets when it is all set up. */
static size_t descriptors_at_rest(void)
{
	int fd = guest();
	size_t n = program_descriptors(&server) - 1;

	close(fd);
	return n;
}

/* As many descriptors as there were: all who came have gone. */
static void assert_descriptors_come_back_to(size_t n)
{
	uint64_t deadline = monotonic_now_ns() + PATIENCE_NS;

	while (program_descriptors(&server) != n) {
		if (monotonic_now_ns() > deadline)
			fail_msg("%zu descriptors, and there were %zu", program_descriptors(&server), n);
		usleep(1000);
	}
}

static void everybody_is_greeted_and_every_piece_acknowledged(void **state)
{
	int fd[8];

	start_server(state);
	for (size_t i = 0; i < LENGTH(fd); i++)
		fd[i] = guest();
	for (size_t i = LENGTH(fd); i-- > 0;)
		says_and_hears(fd[i], "hello");
	for (size_t i = 0; i < LENGTH(fd); i++)
		says_and_hears(fd[i], "您好");
	for (size_t i = 0; i < LENGTH(fd); i++)
		close(fd[i]);
}

static void the_end_of_a_client_is_noticed_and_answered_by_the_servers(void **state)
{
	size_t before, len;
	int error;

	start_server(state);
	before = descriptors_at_rest();
	int fd = guest();
	assert_int_equal(send(fd, "last words", 10, 0), 10);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	/* What was said before the end is acknowledged, then the server ends, too. */
	char *rest = hear_all(fd, &len, &error);
	assert_string_equal(rest, "收到 10 字节");
	assert_int_equal(error, 0);
	free(rest);
	/* Our side is still open: that is no reason to keep its own. */
	assert_descriptors_come_back_to(before);
	close(fd);
	assert_server_runs();
}

/* A second of a loop that spins is a second of the processor, or what others leave of it. */
static void assert_it_rests(void)
{
	uint64_t cpu = program_cpu_ns(&server);

	usleep(700000);
	cpu = program_cpu_ns(&server) - cpu;
	if (cpu > 200 * MSEC_NS)
		fail_msg("%llu ms of the processor for nothing", (unsigned long long)(cpu / MSEC_NS));
}

/* ---- rude clients ----------------------------------------------------------------------------- */

/* Sends until nothing more is taken for a while, and reads nothing. */
static void stuff(int fd)
{
	static const char much[65536];
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	while (poll(&p, 1, 20) > 0)
		assert_true(send(fd, much, sizeof(much), MSG_DONTWAIT) > 0);
}

/* So that he is in the way soon. */
static int with_small_buffers(int fd)
{
	int small = 65536;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	return fd;
}

static int rude_guest(void)
{
	return with_small_buffers(guest());
}

static void one_who_talks_and_never_reads_is_waited_for_and_costs_no_memory(void **state)
{
	int fd[4];

	start_server(state);
	for (size_t i = 0; i < LENGTH(fd); i++)
		fd[i] = rude_guest();
	uint64_t before = program_status(&server, "VmHWM");
	for (size_t i = 0; i < LENGTH(fd); i++)
		stuff(fd[i]);
	assert_it_rests();
	assert_serves_honest_clients();
	uint64_t after = program_status(&server, "VmHWM");
	if (!SANITIZED && after > before + 512)
		fail_msg("%llu KiB more", (unsigned long long)(after - before));
	assert_server_runs();
	for (size_t i = 0; i < LENGTH(fd); i++)
		close(fd[i]);
}

static void one_who_never_read_gets_all_of_it_once_he_does(void **state)
{
	size_t len, n = 0;
	int error;

	start_server(state);
	int fd = rude_guest();
	stuff(fd);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	char *all = hear_all(fd, &len, &error);
	assert_int_equal(error, 0);
	/* No acknowledgement was lost or torn: the text is made of them, from end to end. */
	for (char *at = all; *at; n++) {
		assert_memory_equal(at, "收到 ", strlen("收到 "));
		assert_true(strtoul(at + strlen("收到 "), &at, 10) > 0);
		assert_memory_equal(at, " 字节", strlen(" 字节"));
		at += strlen(" 字节");
	}
	assert_true(n > 100);
	free(all);
	close(fd);
}

static void a_byte_now_and_then_is_acknowledged_like_any_other_piece(void **state)
{
	int fd[20];

	start_server(state);
	for (size_t i = 0; i < LENGTH(fd); i++)
		fd[i] = guest();
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < LENGTH(fd); i++)
			says_and_hears(fd[i], ".");
		assert_serves_honest_clients();
	}
	for (size_t i = 0; i < LENGTH(fd); i++)
		close(fd[i]);
}

static void reset(int fd)
{
	struct linger now = { .l_onoff = 1 };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd);
}

static void resets_at_any_moment_kill_nobody_and_leave_no_descriptor_behind(void **state)
{
	unsigned n = scaled(10000, 600);
	static const char much[65536];
	size_t before;
	char first;

	start_server(state);
	before = descriptors_at_rest();
	for (unsigned i = 0; i < n; i++) {
		int fd = caller_of(&server);
		/* Before the greeting, within it, while the server writes, with bytes unread. */
		if (i % 4 == 1)
			hear_exactly(fd, &first, 1);
		if (i % 4 >= 2)
			assert_int_equal(send(fd, "hello", 5, 0), 5);
		if (i % 4 == 3)
			assert_true(send(fd, much, sizeof(much), MSG_DONTWAIT) > 0);
		reset(fd);
	}
	assert_descriptors_come_back_to(before);
	assert_serves_honest_clients();
	assert_server_runs();
}

/* The first word to one who has sent his FIN and then a RST is EPIPE, and a signal that kills. */
static void those_who_were_gone_before_they_were_greeted_kill_nobody(void **state)
{
	size_t before;

	start_server(state);
	before = descriptors_at_rest();
	assert_int_equal(kill(server.pid, SIGSTOP), 0);
	for (int i = 0; i < 20; i++) {
		int fd = caller_of(&server);
		assert_int_equal(send(fd, "hello", 5, 0), 5);
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		reset(fd);
	}
	assert_int_equal(kill(server.pid, SIGCONT), 0);
	assert_serves_honest_clients();
	assert_descriptors_come_back_to(before);
	assert_server_runs();
}

/* ---- a full house ----------------------------------------------------------------------------- */

static bool has_something(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static void without_descriptors_it_rests_and_goes_on_when_somebody_leaves(void **state)
{
	enum { CALLERS = 40, ROOM = 25 };
	int fd[CALLERS], patience_ms = (int)(PATIENCE_NS / MSEC_NS);
	size_t in = 0;

	start_server(state);
	struct rlimit l = { ROOM, ROOM };
	assert_int_equal(prlimit(server.pid, RLIMIT_NOFILE, &l, NULL), 0);
	for (size_t i = 0; i < CALLERS; i++)
		fd[i] = caller_of(&server);	/* the kernel shakes hands for it */
	program_until(&server, &server.err, "accept: Too many open files; who comes now waits");
	while (in < CALLERS && has_something(fd[in], 200))
		in++;
	assert_true(in > 10 && in < ROOM);

	assert_it_rests();
	/* Those inside are served, those outside wait, and come in as others leave. */
	for (size_t i = 0; i < in; i++) {
		char greeting[sizeof(GREETING) - 1];
		hear_exactly(fd[i], greeting, sizeof(greeting));
		says_and_hears(fd[i], "meanwhile");
	}
	for (size_t i = 0; i < CALLERS; i++) {
		assert_true(i < in || has_something(fd[i], patience_ms));
		close(fd[i]);
	}
	assert_serves_honest_clients();
	/* To have said it once is enough. */
	assert_null(strchr(strstr(server.err.text, "accept:"), '\n')[1] ? server.err.text : NULL);
}

/* ---- a crowd ---------------------------------------------------------------------------------- */

static void allow_descriptors(void)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &l), 0);
	l.rlim_cur = l.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);	/* the server inherits it */
}

/* A tenth of them talk and never read, a tenth send single bytes. */
static void a_crowd_is_served_in_little_memory(void **state)
{
	unsigned n = scaled(10000, 150), most_kib = 64 * 1024;
	int *fd = zeroed(n * sizeof(*fd));
	size_t before;

	if (strcmp(*state, "threads") == 0)
		n = scaled(2000, 100);		/* a thread's stack and the kernel's are a few pages */
	allow_descriptors();
	start_server(state);
	before = descriptors_at_rest();
	for (unsigned i = 0; i < n; i++)
		fd[i] = i % 10 == 0 ? rude_guest() : guest();
	for (unsigned i = 0; i < n; i++) {
		if (i % 10 == 0)
			stuff(fd[i]);
		else if (i % 10 == 1)
			assert_int_equal(send(fd[i], ".", 1, 0), 1);
	}
	for (unsigned i = 2; i < n; i++)
		if (i % 10 > 1)
			says_and_hears(fd[i], "hello");
	assert_serves_honest_clients();
	uint64_t kib = program_status(&server, "VmHWM");
	if (scaled(1, 0))
		print_message("# %u connections (%s): %llu KiB\n", n, (const char *)*state,
			      (unsigned long long)kib);
	if (!SANITIZED)
		assert_in_range(kib, 1, most_kib);
	for (unsigned i = 0; i < n; i++)
		close(fd[i]);
	assert_descriptors_come_back_to(before);
	assert_server_runs();
	free(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MODELS(everybody_is_greeted_and_every_piece_acknowledged),
		MODELS(the_end_of_a_client_is_noticed_and_answered_by_the_servers),
		MODELS(one_who_talks_and_never_reads_is_waited_for_and_costs_no_memory),
		MODELS(one_who_never_read_gets_all_of_it_once_he_does),
		MODELS(a_byte_now_and_then_is_acknowledged_like_any_other_piece),
		MODELS(resets_at_any_moment_kill_nobody_and_leave_no_descriptor_behind),
		MODELS(those_who_were_gone_before_they_were_greeted_kill_nobody),
		MODELS(without_descriptors_it_rests_and_goes_on_when_somebody_leaves),
		MODELS(a_crowd_is_served_in_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
