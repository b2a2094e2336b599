/*
 * udp_server - waits for datagrams, and answers whoever sent the last one
 *
 *	socket()  bind()             to be found; there is no listen() and no accept()
 *	recvfrom()                   one datagram, whole, and who sent it
 *	sendto()                     an answer to that address
 *
 * With --connected it answers the first sender only, and hears no other from then on.
 */
#include <errno.h>

#include "wirelab/demo.h"

static bool connected;
static uint64_t buffer = 65536;		/* more than a datagram can hold */

static const struct demo_option options[] = {
	{ "connected", NULL, "connect() to the first sender: hear no other", .flag = &connected },
	{ "buffer", "BYTES", "give recvfrom() so much room: the rest is lost", .number = &buffer,
	  .least = 1, .most = 65536 },
	{ NULL, NULL, NULL, .flag = NULL },
};

static const struct demo_program program = {
	.name = "udp_server",
	.what = "Waits for datagrams (at 127.0.0.1 port 8000 unless told), shows the first,\n"
		"answers it with the line that you type, and then shows whatever comes, and sends\n"
		"whatever you type to whom the last one came from.  Ctrl-D ends it.\n",
	.examples = "  udp_server                     wait for udp_client on this machine\n"
		    "  udp_server :: 8000             for anybody, by IPv4 and IPv6\n"
		    "  udp_server --buffer 4          what becomes of a datagram that is too long?\n",
	.option = options,
};

static struct demo_keyboard keyboard;
static struct sockaddr_storage sender;		/* of the last datagram */
static socklen_t sender_len;

/* One datagram.  It is a text by itself: no character goes on in the next. */
static void hear(int fd)
{
	static char text[65536];
	char name[DEMO_ADDRESS_STRLEN];
	struct demo_screen screen = { .who = name };

	ssize_t n;

	/* MSG_TRUNC: tell how long the datagram was, not how much of it found room. */
	do {
		sender_len = sizeof(sender);
		n = recvfrom(fd, text, buffer, MSG_TRUNC, (struct sockaddr *)&sender, &sender_len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		demo_die("recvfrom");
	demo_address(&sender, name);
	if (n == 0)
		demo_say("an empty datagram from %s", name);
	demo_show_whole(&screen, text, (uint64_t)n < buffer ? (size_t)n : buffer);
	if ((uint64_t)n > buffer)
		demo_say("%llu bytes of it had no room, and are lost", (unsigned long long)n - buffer);
}

static void answer(int fd, const char *line, size_t len)
{
	if (sendto(fd, line, len, 0, (struct sockaddr *)&sender, sender_len) < 0)
		demo_die("sendto");
}

/* False: the keyboard has ended. */
static bool exchange(int fd)
{
	const char *line;
	size_t len;

	hear(fd);
	if (connected && connect(fd, (struct sockaddr *)&sender, sender_len) < 0)
		demo_die("connect");
	if (!demo_ask(&keyboard, &line, &len))
		return false;
	answer(fd, line, len);
	return true;
}

static void converse(int fd)
{
	const char *line;
	size_t len;

	demo_say("and now a conversation");
	for (;;) {
		while (demo_line(&keyboard, &line, &len))
			answer(fd, line, len);
		if (keyboard.ended)
			return;
		unsigned what = demo_wait(&keyboard, fd, -1);
		if (what & DEMO_ARRIVED)
			hear(fd);
		if (what & DEMO_TYPED)
			demo_read_keyboard(&keyboard);
	}
}

int main(int argc, char **argv)
{
	struct demo_place place = { "127.0.0.1", "8000" };

	demo_begin(argc, argv, &program, &place);
	int fd = demo_listen(&place, SOCK_DGRAM);
	if (exchange(fd))
		converse(fd);
	return demo_end(EXIT_DONE);
}
