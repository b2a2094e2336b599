/*
 * udp_client - sends datagrams to somebody, who may or may not be there
 *
 *	socket()                     that is all: nothing is agreed beforehand
 *	sendto()                     each line is one datagram, even an empty one
 *	recvfrom()                   one datagram, whole, and who sent it
 *
 * or, with --connected:
 *
 *	connect()                    sends nothing; it fixes who the other side is
 *	send()  recv()               to him, and from him only; that nobody is there is told
 */
#include <errno.h>
#include <string.h>

#include "wirelab/demo.h"

static bool connected;
static uint64_t wait_s;

static const struct demo_option options[] = {
	{ "connected", NULL, "connect() first: hear only him, and of errors", .flag = &connected },
	{ "wait", "SECONDS", "give up when no answer comes; 0: wait for ever", .number = &wait_s,
	  .most = 86400 },
	{ NULL, NULL, NULL, .flag = NULL },
};

static const struct demo_program program = {
	.name = "udp_client",
	.what = "Sends the first line that you type by UDP (to 127.0.0.1 port 8000 unless told),\n"
		"shows the answer, and then lets both of you talk at any time.  Ctrl-D ends your\n"
		"side; UDP has no way to tell the other.\n",
	.examples = "  udp_client                     talk to udp_server on this machine\n"
		    "  udp_client --wait 2 ::1 8000   by IPv6; is there an answer within 2 s?\n"
		    "  udp_client --connected         if nobody is there, say so\n",
	.option = options,
};

static struct demo_keyboard keyboard;
static struct sockaddr_storage server;		/* whom we write to ... */
static socklen_t server_len;			/* ... or 0: connect() has fixed it */

static void say(int fd, const char *line, size_t len)
{
	/* Without an address sendto() is send(). */
	const struct sockaddr *to = server_len ? (struct sockaddr *)&server : NULL;

	if (sendto(fd, line, len, 0, to, server_len) < 0)
		demo_die(connected ? "send" : "sendto");
}

static void hear(int fd)
{
	static char text[65536];	/* more than a datagram can hold */
	struct sockaddr_storage from = { 0 };
	socklen_t from_len = sizeof(from);
	char name[DEMO_ADDRESS_STRLEN];
	struct demo_screen screen = { .who = demo_mark() };
	ssize_t n;

	do
		n = recvfrom(fd, text, sizeof(text), 0, (struct sockaddr *)&from, &from_len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		demo_die(connected ? "recv" : "recvfrom");
	/* Anybody may write to a socket that is not connected. */
	if (server_len && (from_len != server_len || memcmp(&from, &server, server_len) != 0))
		demo_say("not from whom we wrote to, but from %s:", demo_address(&from, name));
	if (n == 0)
		demo_say("an empty datagram");
	demo_show_whole(&screen, text, (size_t)n);
}

/* False: nothing came in time. */
static bool await(int fd)
{
	if (demo_wait(NULL, fd, wait_s ? (int)wait_s * 1000 : -1) == 0) {
		demo_say("no answer within %llu s: it may be lost, as may be what was sent",
			 (unsigned long long)wait_s);
		return false;
	}
	hear(fd);
	return true;
}

/* False: the keyboard has ended, or no answer came. */
static bool exchange(int fd, int *status)
{
	const char *line;
	size_t len;

	if (!demo_ask(&keyboard, &line, &len))
		return false;
	say(fd, line, len);
	if (await(fd))
		return true;
	*status = EXIT_NO_ANSWER;
	return false;
}

static void converse(int fd)
{
	const char *line;
	size_t len;

	demo_say("and now a conversation");
	while (!keyboard.ended) {
		unsigned what = demo_wait(&keyboard, fd, -1);
		if (what & DEMO_ARRIVED)
			hear(fd);
		if (what & DEMO_TYPED)
			demo_read_keyboard(&keyboard);
		while (demo_line(&keyboard, &line, &len))
			say(fd, line, len);
	}
	/* What was said last may still be answered, if we are told to wait for that. */
	while (wait_s && demo_wait(NULL, fd, (int)wait_s * 1000))
		hear(fd);
}

int main(int argc, char **argv)
{
	struct demo_place place = { "127.0.0.1", "8000" };
	int fd, status = EXIT_DONE;

	demo_begin(argc, argv, &program, &place);
	if (connected)
		fd = demo_connect(&place, SOCK_DGRAM);
	else
		fd = demo_datagram(&place, &server, &server_len);
	if (exchange(fd, &status))
		converse(fd);
	return demo_end(status);
}
