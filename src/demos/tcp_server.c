/*
 * tcp_server - waits to be called, and talks to the caller
 *
 *	socket()  bind()  listen()   to be found at an address and a port
 *	accept()                     a caller: a second socket, which is the connection
 *	recv()    send()             one exchange: he speaks first, then we
 *	poll()                       a conversation: whoever has something to say
 *	shutdown()  recv() is 0      each side says that it has ended; close()
 *
 * One caller, then it is over.  For many at a time see multi_server.
 */
#include <unistd.h>

#include "wirelab/demo.h"

static const struct demo_program program = {
	.name = "tcp_server",
	.what = "Waits for one connection by TCP (at 127.0.0.1 port 8000 unless told), shows what\n"
		"arrives first, sends the line that you type, and then lets both of you talk at\n"
		"any time.  Ctrl-D ends your side.\n",
	.examples = "  tcp_server                     wait for tcp_client on this machine\n"
		    "  tcp_server 0.0.0.0 8000        for callers from the network, too\n"
		    "  tcp_server :: 8000             the same, by IPv4 and IPv6\n",
};

static struct demo_keyboard keyboard;

/* He speaks first.  False: he or the keyboard has ended. */
static bool exchange(int fd, struct demo_screen *screen)
{
	char question[1024];
	const char *line;
	size_t len;

	/* As long as the question ends within a character, there is more of it. */
	do {
		ssize_t n = demo_receive(fd, question, sizeof(question));
		if (n < 0)
			demo_die("recv");
		if (n == 0)
			return false;
		demo_show(screen, question, (size_t)n);
	} while (screen->n_held > 0);

	do {
		if (!demo_ask(&keyboard, &line, &len))
			return false;
	} while (len == 0);	/* nothing is sent by sending nothing, and he would wait */
	if (demo_send_all(fd, line, len) < 0)
		demo_die("send");
	return true;
}

int main(int argc, char **argv)
{
	struct demo_place place = { "127.0.0.1", "8000" };
	struct demo_screen screen = { .who = NULL };
	char peer[DEMO_ADDRESS_STRLEN];

	demo_begin(argc, argv, &program, &place);
	screen.who = demo_mark();
	int listener = demo_listen(&place, SOCK_STREAM);
	int fd = demo_accept(listener);
	/* Nobody else is wanted: who calls now is refused, and need not wait for us. */
	(void)close(listener);
	demo_say("%s has connected", demo_peer(fd, peer));
	if (exchange(fd, &screen))
		demo_say("and now a conversation");
	return demo_end(demo_converse(fd, &keyboard, &screen));
}
