/*
 * multi_client - one of many clients of multi_server
 *
 *	connect()  recv()            the greeting comes by itself
 *	send()     recv()            each line, and its acknowledgement before the next
 *	shutdown()  recv() is 0      we have nothing more to say; he has read it all
 *
 * Start several.  While one waits for its user, the others are served.
 */
#include "wirelab/demo.h"

static const struct demo_program program = {
	.name = "multi_client",
	.what = "Connects to multi_server (127.0.0.1 port 8000 unless told), shows its greeting,\n"
		"sends each line that you type and waits for its acknowledgement.  Ctrl-D ends\n"
		"it.\n",
	.examples = "  multi_client                   one client; start others in other windows\n"
		    "  multi_client 192.0.2.7 8000    of a server on another machine\n"
		    "  seq 100 | multi_client         a hundred lines, each acknowledged\n",
};

static struct demo_keyboard keyboard;

/* What the server says.  False: it has ended. */
static bool hear(int fd, struct demo_screen *screen)
{
	char text[1024];
	ssize_t n = demo_receive(fd, text, sizeof(text));

	if (n < 0)
		demo_die("recv");
	demo_show(screen, text, (size_t)n);
	return n > 0;
}

/* A line, sent; an empty one is none.  False: none is there. */
static bool say(int fd)
{
	const char *line;
	size_t len = 0;

	while (len == 0)
		if (!demo_line(&keyboard, &line, &len))
			return false;
	if (demo_send_all(fd, line, len) < 0)
		demo_die("send");
	return true;
}

/* Every line waits for the answer to the one before, so that no two stick together.  The
 * server is listened to all the time: it may go while we wait for the keyboard. */
static void converse(int fd, struct demo_screen *screen)
{
	bool answered = true;

	while (!(answered && keyboard.ended)) {
		unsigned what = demo_wait(answered ? &keyboard : NULL, fd, -1);
		if (what & DEMO_TYPED)
			demo_read_keyboard(&keyboard);
		if (what & DEMO_ARRIVED) {
			if (!hear(fd, screen))
				demo_fail(EXIT_NO_ANSWER, "the server has ended");
			/* Cut within a character, there is more of it. */
			answered = screen->n_held == 0;
		}
		if (answered)
			answered = !say(fd);
		if (answered && !keyboard.ended)
			demo_prompt();
	}
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
	do {
		if (!hear(fd, &screen))
			demo_fail(EXIT_NO_ANSWER, "the server has ended without a greeting");
	} while (screen.n_held > 0);
	demo_prompt();
	converse(fd, &screen);
	if (shutdown(fd, SHUT_WR) < 0)
		demo_die("shutdown");
	while (hear(fd, &screen))
		;
	return demo_end(EXIT_DONE);
}
