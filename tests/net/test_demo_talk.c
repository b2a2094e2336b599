/*
 * The talking demos as their users meet them: who speaks when, whose end is whose, what is said
 * when something goes wrong, and what a stranger's length may do.  On the loopback only.
 */
#include "demo_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wirelab/demo.h"

static struct program server, client;

static int stop_both(void **state)
{
	(void)state;
	program_stop(&client);
	program_stop(&server);
	return 0;
}

/* The port of a program's address, as a word for another's command line. */
static const char *port_of(struct program *p, char buf[static 8])
{
	snprintf(buf, 8, "%u", ntohs(program_address(p).sin_port));
	return buf;
}

static void start_pair(const char *server_name, const char *client_name)
{
	char port[8];

	program_start(&server, ARGS(server_name, "127.0.0.1", "0"));
	program_start(&client, ARGS(client_name, "127.0.0.1", port_of(&server, port)));
}

/* ---- TCP ------------------------------------------------------------------------------------- */

static void first_the_client_then_the_server_then_both_as_they_like(void **state)
{
	(void)state;
	start_pair("tcp_server", "tcp_client");
	program_type(&client, "\n\n");			/* nothing cannot be sent */
	program_type(&client, "你好\n");
	program_until(&server, &server.out, "你好\n");
	program_type(&server, "你也好\n");
	program_until(&client, &client.out, "你也好\n");
	program_type(&server, "二\n");
	program_until(&client, &client.out, "你也好\n二\n");
	program_type(&server, "三\n");
	program_until(&client, &client.out, "二\n三\n");
	program_type(&client, "四\n");
	program_until(&server, &server.out, "你好\n四\n");
	program_type_end(&client);			/* Ctrl-D */
	program_until(&server, &server.err, "the other side has ended\n");
	assert_int_equal(program_end(&server), EXIT_DONE);
	assert_int_equal(program_end(&client), EXIT_DONE);
	assert_string_equal(client.out.text, "你也好\n二\n三\n");
	assert_string_equal(server.out.text, "你好\n四\n");
}

static void what_was_typed_before_the_other_side_ended_is_still_sent(void **state)
{
	(void)state;
	start_pair("tcp_server", "tcp_client");
	program_type(&client, "one\n");
	program_until(&server, &server.out, "one\n");
	/* The reply and more is in the pipe when the server learns that the client has ended. */
	program_type_end(&client);
	program_type(&server, "reply\nand more\n");
	program_type_end(&server);
	assert_int_equal(program_end(&client), EXIT_DONE);
	assert_int_equal(program_end(&server), EXIT_DONE);
	for (char *at; (at = strchr(client.out.text, '\n')) != NULL;)
		memmove(at, at + 1, strlen(at));	/* they may have arrived together */
	assert_string_equal(client.out.text, "replyand more");
}

static void a_server_that_dies_is_noticed_by_a_client_at_the_keyboard(void **state)
{
	(void)state;
	start_pair("tcp_server", "tcp_client");
	program_type(&client, "one\n");
	program_until(&server, &server.out, "one\n");
	program_type(&server, "two\n");
	program_until(&client, &client.out, "two\n");
	assert_int_equal(kill(server.pid, SIGKILL), 0);
	assert_int_equal(program_end(&client), EXIT_DONE);
	assert_non_null(strstr(client.err.text, "tcp_client: the other side has ended\n"));
}

static void a_connection_that_is_reset_is_told_as_such(void **state)
{
	struct linger now = { .l_onoff = 1 };

	(void)state;
	program_start(&server, ARGS("tcp_server", "127.0.0.1", "0"));
	int fd = caller_of(&server);
	assert_int_equal(send(fd, "one", 3, 0), 3);
	program_until(&server, &server.out, "one\n");
	program_type(&server, "two\n");
	program_until(&server, &server.err, "conversation\n");
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd);
	assert_int_equal(program_end(&server), EXIT_NO_ANSWER);
	assert_non_null(strstr(server.err.text, "tcp_server: recv: Connection reset by peer\n"));
}

/* Writes and reads a megabyte at the same time, so that nobody waits for us. */
static void a_megabyte_each_way_at_once_does_not_make_both_wait_for_ever(void **state)
{
	enum { LINES = 16384, LINE = 64 };
	char *text = zeroed(LINES * LINE + 1);
	size_t typed[2] = { 0, 0 };
	struct program *p[2] = { &client, &server };
	uint64_t deadline = monotonic_now_ns() + PATIENCE_NS;

	(void)state;
	for (size_t i = 0; i < LINES; i++)
		snprintf(text + i * LINE, LINE + 1, "%062zu.\n", i);
	start_pair("tcp_server", "tcp_client");
	for (int i = 0; i < 2; i++)
		assert_int_equal(fcntl(p[i]->in, F_SETFL, O_NONBLOCK), 0);
	while (typed[0] < LINES * LINE || typed[1] < LINES * LINE) {
		assert_true(monotonic_now_ns() < deadline);
		for (int i = 0; i < 2; i++) {
			ssize_t n = write(p[i]->in, text + typed[i], LINES * LINE - typed[i]);
			typed[i] += n > 0 ? (size_t)n : 0;
		}
		program_glance(&client);
		program_glance(&server);
	}
	program_type_end(&client);
	program_type_end(&server);
	while (client.out.fd >= 0 || server.out.fd >= 0) {
		assert_true(monotonic_now_ns() < deadline);
		program_glance(&client);
		program_glance(&server);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(program_end(p[i]), EXIT_DONE);
		/* Line ends are not sent; receives make others. */
		size_t dots = 0;
		for (char *at = p[i]->out.text; *at; at++)
			dots += *at == '.';
		assert_int_equal(dots, LINES);
	}
	free(text);
}

/* ---- UDP ------------------------------------------------------------------------------------- */

static void the_same_by_udp_where_even_an_empty_line_is_a_datagram(void **state)
{
	char port[8];

	(void)state;
	program_start(&server, ARGS("udp_server", "127.0.0.1", "0"));
	port_of(&server, port);
	program_start(&client, ARGS("udp_client", "127.0.0.1", port));
	program_type(&client, "你好\n");
	program_until(&server, &server.out, " 你好\n");
	program_type(&server, "你也好\n");
	program_until(&client, &client.out, "你也好\n");
	program_type(&client, "\n");
	program_until(&server, &server.err, "an empty datagram from 127.0.0.1:");
	/* Two datagrams stay two, however fast they follow each other. */
	program_type(&client, "two\nthree\n");
	program_until(&server, &server.out, " three\n");
	program_until(&server, &server.out, " two\n");
	program_type_end(&client);
	assert_int_equal(program_end(&client), EXIT_DONE);
	program_type_end(&server);
	assert_int_equal(program_end(&server), EXIT_DONE);
}

static void a_datagram_that_is_longer_than_the_buffer_loses_its_end(void **state)
{
	char port[8];

	(void)state;
	program_start(&server, ARGS("udp_server", "--buffer", "5", "127.0.0.1", "0"));
	port_of(&server, port);
	program_start(&client, ARGS("udp_client", "127.0.0.1", port));
	program_type(&client, "你好\n");
	program_until(&server, &server.err, "udp_server: 1 bytes of it had no room, and are lost\n");
	/* And with it a part of a character. */
	program_until(&server, &server.out, " 你\\xe5\\xa5\n");
}

static int datagram_socket(struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)a, sizeof(*a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)a, &len), 0);
	with_patience(fd);
	return fd;
}

static void nobody_there_is_told_only_when_connected(void **state)
{
	struct sockaddr_in a;
	char port[8];
	int fd = datagram_socket(&a);

	(void)state;
	snprintf(port, sizeof(port), "%u", ntohs(a.sin_port));
	close(fd);				/* a port at which nobody is */
	program_start(&client, ARGS("udp_client", "--connected", "127.0.0.1", port));
	program_type(&client, "hello\n");
	assert_int_equal(program_end(&client), EXIT_NO_ANSWER);
	assert_string_equal(client.err.text, "udp_client: recv: Connection refused\n");
	program_stop(&client);
	program_start(&client, ARGS("udp_client", "--wait", "1", "127.0.0.1", port));
	program_type(&client, "hello\n");
	assert_int_equal(program_end(&client), EXIT_NO_ANSWER);
	assert_string_equal(client.err.text,
			    "udp_client: no answer within 1 s: it may be lost, as may be what was sent\n");
}

/* A client's port, and a stranger who writes to it. */
static void stranger_and_server_write(const char *const argv[])
{
	struct sockaddr_in here, there, from;
	socklen_t len = sizeof(from);
	char buf[16];
	int fd = datagram_socket(&here), stranger = datagram_socket(&there);
	const char *with_port[8];
	char port[8];
	size_t n = 0;

	snprintf(port, sizeof(port), "%u", ntohs(here.sin_port));
	for (; argv[n]; n++)
		with_port[n] = argv[n];
	with_port[n] = port;
	with_port[n + 1] = NULL;
	program_start(&client, with_port);
	program_type(&client, "hello\n");
	assert_int_equal(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 5);
	assert_int_equal(sendto(stranger, "I am he", 7, 0, (struct sockaddr *)&from, len), 7);
	assert_int_equal(sendto(fd, "welcome", 7, 0, (struct sockaddr *)&from, len), 7);
	program_until(&client, &client.out, "welcome\n");
	close(fd);
	close(stranger);
}

static void a_stranger_can_write_to_a_client_unless_it_is_connected(void **state)
{
	(void)state;
	stranger_and_server_write(ARGS("udp_client", "127.0.0.1"));
	assert_string_equal(client.out.text, "I am he\nwelcome\n");
	assert_non_null(strstr(client.err.text, "not from whom we wrote to, but from 127.0.0.1:"));
	program_stop(&client);
	stranger_and_server_write(ARGS("udp_client", "--connected", "127.0.0.1"));
	assert_string_equal(client.out.text, "welcome\n");
}

/* ---- messages that stick ---------------------------------------------------------------------- */

static void five_sends_arrive_in_one_receive_and_lengths_tell_them_apart(void **state)
{
	char port[8];

	(void)state;
	start_pair("sticky_server", "sticky_client");
	assert_int_equal(program_end(&client), EXIT_DONE);
	assert_int_equal(program_end(&server), EXIT_DONE);
	/* It waits until all has arrived, for a while: on a busy machine that may be too short. */
	if (!strstr(server.out.text, "receive 2"))
		assert_string_equal(server.out.text, "receive 1, 65 bytes: 第1条消息第2条消息第3条消息"
				    "第4条消息第5条消息\n");
	stop_both(state);
	program_start(&server, ARGS("sticky_server", "--framed", "127.0.0.1", "0"));
	port_of(&server, port);
	program_start(&client, ARGS("sticky_client", "--framed", "127.0.0.1", port));
	assert_int_equal(program_end(&client), EXIT_DONE);
	assert_int_equal(program_end(&server), EXIT_DONE);
	for (int i = 1; i <= 5; i++) {
		char line[64];
		snprintf(line, sizeof(line), "    message %d, 13 bytes: 第%d条消息\n", i, i);
		assert_non_null(strstr(server.out.text, line));
	}
}

/* Two hundred messages with a pause behind every byte, as far as the kernel lets pieces be. */
static void messages_sent_byte_by_byte_or_all_at_once_are_the_same(void **state)
{
	enum { MESSAGES = 200 };
	char *shown[2] = { NULL, NULL }, bytes[MESSAGES * 16];
	struct wr w = wr_over(bytes, sizeof(bytes));

	(void)state;
	for (unsigned i = 0; i < MESSAGES; i++) {
		char text[16];
		int len = snprintf(text, sizeof(text), "第%u", i);
		assert_true(msg_prefix_build(&w, MSG_NETWORK, i % 7 ? (uint32_t)len : 0));
		wr_copy(&w, text, i % 7 ? (size_t)len : 0);
	}
	assert_true(wr_ok(&w));
	for (int slow = 0; slow < 2; slow++) {
		program_start(&server, ARGS("sticky_server", "--framed", "--wait", "0",
					    "--buffer", slow ? "3" : "65536", "127.0.0.1", "0"));
		int fd = caller_of(&server);
		for (size_t at = 0, n = slow ? 1 : w.len; at < w.len; at += n)
			assert_int_equal(send(fd, bytes + at, n, slow ? 0 : MSG_MORE), n);
		close(fd);
		assert_int_equal(program_end(&server), EXIT_DONE);
		/* Without the lines about receives, of which there are more or fewer. */
		shown[slow] = zeroed(server.out.len + 1);
		for (char *line = strtok(server.out.text, "\n"); line; line = strtok(NULL, "\n"))
			if (strncmp(line, "receive", 7) != 0)
				strcat(strcat(shown[slow], line), "\n");
		program_stop(&server);
	}
	assert_string_equal(shown[0], shown[1]);
	assert_non_null(strstr(shown[0], "    message 1, 0 bytes: \n    message 2, 4 bytes: 第1\n"));
	assert_non_null(strstr(shown[0], "    message 200, 6 bytes: 第199\n"));
	free(shown[0]);
	free(shown[1]);
}

/* From when the prefix was sent until the connection was closed, in ns. */
static uint64_t refusal_of(const uint8_t prefix[static MSG_PREFIX], const char *option, const char *why)
{
	char end;

	program_start(&server, ARGS("sticky_server", option, "127.0.0.1", "0"));
	int fd = caller_of(&server);
	program_until(&server, &server.err, "has connected");
	/* What it may take from now on: 64 KiB. */
	struct rlimit l = { .rlim_max = RLIM_INFINITY };
	l.rlim_cur = (program_status(&server, "VmData") + 64) * 1024;
	if (!SANITIZED)
		assert_int_equal(prlimit(server.pid, RLIMIT_DATA, &l, NULL), 0);
	uint64_t begin = monotonic_now_ns();
	assert_int_equal(send(fd, prefix, MSG_PREFIX, 0), MSG_PREFIX);
	assert_int_equal(recv(fd, &end, 1, 0), 0);
	uint64_t took = monotonic_now_ns() - begin;
	assert_int_equal(program_end(&server), EXIT_DAMAGED);
	if (!strstr(server.err.text, why))
		fail_msg("%s: \"%s\"", why, server.err.text);
	close(fd);
	program_stop(&server);
	return took;
}

static void a_length_over_the_limit_closes_the_connection_with_a_reason(void **state)
{
	static const struct { uint8_t prefix[4]; const char *option, *why; } say[] = {
		{ { 0, 0x10, 0, 1 }, "--framed", "a message of 1048577 bytes is announced, more than 1048576" },
		{ { 0x7f, 0xff, 0xff, 0xff }, "--framed", "a message of 2147483647 bytes is announced" },
		{ { 0x80, 0, 0, 0 }, "--framed", "a message of 2147483648 bytes is announced" },
		{ { 0xff, 0xff, 0xff, 0xff }, "--framed", "a message of 4294967295 bytes is announced" },
		{ { 1, 0, 0x10, 0 }, "--native", "a message of 1048577 bytes is announced, more than 1048576" },
		{ { 0xff, 0xff, 0xff, 0x7f }, "--native", "a message of 2147483647 bytes is announced" },
		{ { 0, 0, 0, 0x80 }, "--native", "a message of -2147483648 bytes is announced, less than none" },
		{ { 0xff, 0xff, 0xff, 0xff }, "--native", "a message of -1 bytes is announced, less than none" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(say); i++) {
		uint64_t best = UINT64_MAX;
		/* The machine may be busy with other things, but hardly five times. */
		for (int n = 0; n < 5 && best > 100 * MSEC_NS; n++) {
			uint64_t took = refusal_of(say[i].prefix, say[i].option, say[i].why);
			best = took < best ? took : best;
		}
		assert_in_range(best, 0, 100 * MSEC_NS);
	}
}

static void a_message_up_to_the_limit_is_taken_and_its_memory_only_as_it_arrives(void **state)
{
	static const uint8_t prefix[] = { 0, 0x10, 0, 0 };
	static char text[1 << 20];
	struct rlimit l = { RLIM_INFINITY, RLIM_INFINITY };

	(void)state;
	program_start(&server, ARGS("sticky_server", "--framed", "--wait", "0", "--buffer",
				    "4096", "127.0.0.1", "0"));
	int fd = caller_of(&server);
	program_until(&server, &server.err, "has connected");
	l.rlim_cur = (program_status(&server, "VmData") + 64) * 1024;
	if (!SANITIZED)
		assert_int_equal(prlimit(server.pid, RLIMIT_DATA, &l, NULL), 0);
	memset(text, 'x', sizeof(text));
	assert_int_equal(send(fd, prefix, sizeof(prefix), 0), sizeof(prefix));
	assert_int_equal(send(fd, text, 1000, 0), 1000);
	/* 1,000 of a million bytes need no million. */
	program_until(&server, &server.out, "bytes:");
	usleep(50000);
	l.rlim_cur = RLIM_INFINITY;
	assert_int_equal(prlimit(server.pid, RLIMIT_DATA, &l, NULL), 0);
	assert_int_equal(demo_send_all(fd, text, sizeof(text) - 1000), 0);
	close(fd);
	assert_int_equal(program_end(&server), EXIT_DONE);
	assert_non_null(strstr(server.out.text, "    message 1, 1048576 bytes: xx"));
}

static void a_stream_that_ends_within_a_message_is_damaged(void **state)
{
	(void)state;
	program_start(&server, ARGS("sticky_server", "--framed", "127.0.0.1", "0"));
	int fd = caller_of(&server);
	assert_int_equal(send(fd, "\0\0\0\5hel", 7, 0), 7);
	close(fd);
	assert_int_equal(program_end(&server), EXIT_DAMAGED);
	assert_non_null(strstr(server.err.text, "ended within a message: 2 bytes of its text are missing\n"));
}

/* ---- many clients ------------------------------------------------------------------------------ */

static void a_client_hears_that_its_server_has_gone_while_it_waits_for_the_keyboard(void **state)
{
	(void)state;
	start_pair("multi_server", "multi_client");
	program_until(&client, &client.out, "multi_server.\n");
	program_type(&client, "one\ntwo\n");
	program_until(&client, &client.out, "收到 3 字节\n收到 3 字节\n");
	assert_int_equal(kill(server.pid, SIGKILL), 0);
	assert_int_equal(program_end(&client), EXIT_NO_ANSWER);
	assert_non_null(strstr(client.err.text, "multi_client: the server has ended\n"));
}

static void a_character_that_is_cut_between_two_sends_is_shown_whole_by_the_server(void **state)
{
	static const char *const model[] = { "epoll", "threads" };
	char ack[32];

	(void)state;
	for (size_t i = 0; i < LENGTH(model); i++) {
		program_start(&server, ARGS("multi_server", "--model", model[i], "--greeting", "g",
					    "127.0.0.1", "0"));
		int fd = caller_of(&server);
		hear_exactly(fd, ack, 1);
		for (int at = 0; at < 3; at++) {
			assert_int_equal(send(fd, &"晓"[at], 1, 0), 1);
			hear_exactly(fd, ack, strlen("收到 1 字节"));
		}
		program_until(&server, &server.out, " 晓\n");
		close(fd);
		program_stop(&server);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, stop_both)
	const struct CMUnitTest tests[] = {
		TEST(first_the_client_then_the_server_then_both_as_they_like),
		TEST(what_was_typed_before_the_other_side_ended_is_still_sent),
		TEST(a_server_that_dies_is_noticed_by_a_client_at_the_keyboard),
		TEST(a_connection_that_is_reset_is_told_as_such),
		TEST(a_megabyte_each_way_at_once_does_not_make_both_wait_for_ever),
		TEST(the_same_by_udp_where_even_an_empty_line_is_a_datagram),
		TEST(a_datagram_that_is_longer_than_the_buffer_loses_its_end),
		TEST(nobody_there_is_told_only_when_connected),
		TEST(a_stranger_can_write_to_a_client_unless_it_is_connected),
		TEST(five_sends_arrive_in_one_receive_and_lengths_tell_them_apart),
		TEST(messages_sent_byte_by_byte_or_all_at_once_are_the_same),
		TEST(a_length_over_the_limit_closes_the_connection_with_a_reason),
		TEST(a_message_up_to_the_limit_is_taken_and_its_memory_only_as_it_arrives),
		TEST(a_stream_that_ends_within_a_message_is_damaged),
		TEST(a_client_hears_that_its_server_has_gone_while_it_waits_for_the_keyboard),
		TEST(a_character_that_is_cut_between_two_sends_is_shown_whole_by_the_server),
	};

	/* A program that has ended is an error of write(2), here, too. */
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
