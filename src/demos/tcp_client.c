/*
 * tcp_client - calls somebody who listens, and talks to him
 *
 *	socket()  connect()          the call; the kernels shake hands three times
 *	send()    recv()             one exchange: we speak first, then he
 *	poll()                       a conversation: whoever has something to say
 *	shutdown()  recv() is 0      each side says that it has ended; close()
 *
 * The other side is tcp_server, or any program that reads and writes text.
 */
#include "wirelab/demo.h"

static const struct demo_program program = {
	.name = "tcp_client",
	.what = "Connects by TCP (to 127.0.0.1 port 8000 unless told) and sends the first line\n"
		"that you type, shows the answer, and then lets both of you talk at any time.\n"
		"Ctrl-D ends your side.\n",
	.examples = "  tcp_client                     talk to tcp_server on this machine\n"
		    "  tcp_client 192.0.2.7 8000      or on another\n"
		    "  echo hello | tcp_client ::1    by IPv6, and from a file or a pipe\n",
};

static struct demo_keyboard keyboard;

/* We speak first.  False: the keyboard or the other side has ended. */
static bool exchange(int fd, struct demo_screen *screen)
{
	char answer[1024];
	const char *line;
	size_t len;

	do {
		if (!demo_ask(&keyboard, &line, &len))
			return false;
	} while (len == 0);	/* nothing is sent by sending nothing, and he would wait */
	if (demo_send_all(fd, line, len) < 0)
		demo_die("send");

	/* As long as the answer ends within a character, there is more of it. */
	do {
		ssize_t n = demo_receive(fd, answer, sizeof(answer));
		if (n < 0)
			demo_die("recv");
		if (n == 0)
			return false;
		demo_show(screen, answer, (size_t)n);
	} while (screen->n_held > 0);
	return true;
}

int main(int argc, char **argv)
{
	struct demo_place place = { "127.0.0.1", "8000" };
	struct demo_screen screen = { .who = NULL };
	char peer[DEMO_ADDRESS_STRLEN];

	demo_begin(argc, argv, &program, &place);
	screen.who = demo_mark();
	int fd = demo_connect(&place, SOCK_STREAM);
	demo_say("connected to %s", demo_peer(fd, peer));
	if (exchange(fd, &screen))
		demo_say("and now a conversation");
	return demo_end(demo_converse(fd, &keyboard, &screen));
}
