/*
 * sticky_client - several messages, each by a send() of its own
 *
 *	send()  send()  send() ...   how much of them a recv() gets is not for us to say
 *
 * and the cure, --framed:
 *
 *	4 bytes: how long the message is  |  the message
 *
 * Pauses between the calls, or TCP_NODELAY, make it rarer that messages stick together; they
 * do not cure it, for the receiver may be busy, and segments lost and sent again together.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <time.h>

#include "wirelab/demo.h"

static bool framed, native, nodelay;
static uint64_t count = 5, pause_ms;

static const struct demo_option options[] = {
	{ "framed", NULL, "the length in front of each, high byte first", .flag = &framed },
	{ "native", NULL, "the same as struct.pack('i') has it; implies --framed", .flag = &native },
	{ "count", "N", "so many messages, instead of 5", .number = &count, .least = 1,
	  .most = 1000000 },
	{ "pause", "MS", "wait between them, in milliseconds", .number = &pause_ms, .most = 60000 },
	{ "nodelay", NULL, "TCP_NODELAY: do not keep small segments back", .flag = &nodelay },
	{ NULL, NULL, NULL, .flag = NULL },
};

static const struct demo_program program = {
	.name = "sticky_client",
	.what = "Connects to sticky_server (127.0.0.1 port 8000 unless told) and sends a few\n"
		"short messages, each with a send() of its own.  Where one ends, TCP does not\n"
		"tell.\n",
	.examples = "  sticky_client                  five messages, and nothing between them\n"
		    "  sticky_client --framed         each behind its length: the cure\n"
		    "  sticky_client --pause 100      no cure, though it looks like one\n",
	.option = options,
};

static void send_one(int fd, unsigned long long number)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "第%llu条消息", number);
	int rc;

	if (framed)
		rc = demo_send_message(fd, native ? MSG_NATIVE : MSG_NETWORK, text, (size_t)len);
	else
		rc = demo_send_all(fd, text, (size_t)len);
	if (rc < 0)
		demo_die("send");
	if (number <= 10)
		demo_say("send %llu: %d bytes%s", number, len, framed ? " behind a length of 4" : "");
	else if (number == 11)
		demo_say("and so on");
}

static void rest(uint64_t ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) < 0)
		;
}

int main(int argc, char **argv)
{
	struct demo_place place = { "127.0.0.1", "8000" };
	const int on = 1;
	char end;

	demo_begin(argc, argv, &program, &place);
	framed = framed || native;
	int fd = demo_connect(&place, SOCK_STREAM);
	if (nodelay && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		demo_die("setsockopt TCP_NODELAY");
	for (uint64_t n = 1; n <= count; n++) {
		send_one(fd, n);
		if (n < count)
			rest(pause_ms);
	}
	/* We have ended; he will have read it all when he ends, too. */
	if (shutdown(fd, SHUT_WR) < 0)
		demo_die("shutdown");
	if (demo_receive(fd, &end, 1) < 0)
		demo_die("recv");
	return demo_end(EXIT_DONE);
}
