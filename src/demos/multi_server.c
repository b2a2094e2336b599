/*
 * multi_server - many clients at the same time, in two ways that look the same from outside
 *
 * Whoever connects is greeted.  To each piece of what he sends, however TCP has cut it, he gets
 * an acknowledgement.  One client's silence, or that he never reads, is no other's trouble:
 *
 *	--model=threads		a thread for each client, which may wait for him: recv(), send()
 *	--model=epoll		one thread for all; the kernel tells who has something, and what
 *				a client does not take now is kept until he does
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "wirelab/demo.h"
#include "wirelab/text.h"

#define CHUNK 1024u		/* bytes that one recv() takes */
#define STACK ((size_t)256 << 10)
#define EVENTS 64
#define RETRY_MS 100		/* when there is no descriptor left */

static const char *model = "epoll", *greeting = "欢迎！Welcome to multi_server.";
static bool quiet;

static const struct demo_option options[] = {
	{ "model", "MODEL", "epoll, unless told, or threads", .text = &model },
	{ "greeting", "TEXT", "what a client gets first", .text = &greeting },
	{ "quiet", NULL, "do not show who comes, goes, and says what", .flag = &quiet },
	{ NULL, NULL, NULL, .flag = NULL },
};

static const struct demo_program program = {
	.name = "multi_server",
	.what = "Serves any number of clients at the same time (at 127.0.0.1 port 8000 unless\n"
		"told): greets each, and acknowledges each piece of what he sends.\n",
	.examples = "  multi_server                   wait for multi_client on this machine\n"
		    "  multi_server --model=threads   the same, with a thread for each client\n"
		    "  multi_server :: 8000           for anybody, by IPv4 and IPv6\n",
	.option = options,
};

/* ---- what both models do for a client ---------------------------------------------------- */

struct client {
	int fd;
	char name[DEMO_ADDRESS_STRLEN];
	struct demo_screen screen;
	char ack[40];
	const char *unsent;			/* of the greeting or of ack */
	size_t n_unsent;
	uint32_t watched;			/* by epoll: EPOLLIN or EPOLLOUT; 0: not yet */
};

static struct client *welcome(int fd)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		demo_fail(EXIT_NO_ANSWER, "out of memory");
	c->fd = fd;
	c->unsent = greeting;
	c->n_unsent = strlen(greeting);
	if (!quiet) {
		(void)demo_peer(fd, c->name);
		demo_say("%s has connected", c->name);
		c->screen.who = c->name;
	}
	return c;
}

static void acknowledge(struct client *c, const char *chunk, size_t len)
{
	if (!quiet)
		demo_show(&c->screen, chunk, len);
	struct txt t = txt_over(c->ack, sizeof(c->ack));
	txt_str(&t, "收到 ");
	txt_u64(&t, len);
	txt_str(&t, " 字节");
	c->unsent = c->ack;
	c->n_unsent = t.len;
}

/* n: what recv() or send() said last; 0: he has ended. */
static void part(struct client *c, ssize_t n)
{
	int error = errno;

	if (!quiet) {
		demo_show_end(&c->screen);
		demo_say("%s %s", c->name, n == 0 ? "has ended" : strerror(error));
	}
	(void)close(c->fd);
	free(c);
}

/* No descriptor or no memory is left.  To hear it once is enough. */
static void say_full(int error)
{
	static bool said;

	if (!said)
		demo_say("accept: %s; who comes now waits until somebody leaves", strerror(error));
	said = true;
}

/* ---- a thread for each ------------------------------------------------------------------- */

static void *serve(void *arg)
{
	struct client *c = arg;
	char chunk[CHUNK];
	ssize_t n = demo_send_all(c->fd, c->unsent, c->n_unsent);

	while (n == 0 && (n = demo_receive(c->fd, chunk, sizeof(chunk))) > 0) {
		acknowledge(c, chunk, (size_t)n);
		n = demo_send_all(c->fd, c->unsent, c->n_unsent);
	}
	part(c, n);
	return NULL;
}

/* Trying again at once would only make heat: a full house looks at the door now and then. */
static void wait_for_room(int error)
{
	say_full(error);
	(void)nanosleep(&(struct timespec){ .tv_nsec = RETRY_MS * 1000000L }, NULL);
}

static void serve_with_threads(int listener)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (;;) {
		int fd = demo_try_accept(listener, 0);
		if (fd < 0) {
			wait_for_room(errno);
			continue;
		}
		struct client *c = welcome(fd);
		while ((error = pthread_create(&thread, &attr, serve, c)) != 0)
			wait_for_room(error);
	}
}

/* ---- one thread for all ------------------------------------------------------------------ */

static int epoll, door;
static bool door_open = true;

static void open_door(bool open)
{
	struct epoll_event e = { .events = open ? EPOLLIN : 0 };

	door_open = open;
	(void)epoll_ctl(epoll, EPOLL_CTL_MOD, door, &e);
}

/* Wake up when the client sends, or, while he has not taken all, when he takes more; not both:
 * who does not read what he gets is not read either, and costs no memory.  False: errno. */
static bool watch(struct client *c, uint32_t what)
{
	struct epoll_event e = { .events = what, .data.ptr = c };
	int how = c->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (c->watched == what)
		return true;
	c->watched = what;
	return epoll_ctl(epoll, how, c->fd, &e) == 0;
}

/* As much as he takes now.  False: he is gone, errno. */
static bool deliver(struct client *c)
{
	while (c->n_unsent > 0) {
		ssize_t n = send(c->fd, c->unsent, c->n_unsent, 0);
		if (n < 0 && errno == EAGAIN)
			return watch(c, EPOLLOUT);
		if (n < 0 && errno != EINTR)
			return false;
		c->unsent += n > 0 ? n : 0;
		c->n_unsent -= n > 0 ? (size_t)n : 0;
	}
	return watch(c, EPOLLIN);	/* from now on epoll keeps the pointer */
}

/* He has something for us, or room for more.  One recv(), then it is the next one's turn. */
static void attend(struct client *c)
{
	char chunk[CHUNK];
	ssize_t n = 1;

	if (c->n_unsent == 0) {
		n = demo_receive(c->fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EAGAIN)
			return;
		if (n > 0)
			acknowledge(c, chunk, (size_t)n);
	}
	if (n > 0 && deliver(c))
		return;
	part(c, n == 0 ? 0 : -1);
	if (!door_open)
		open_door(true);
}

/* Everybody at the door, while there is room. */
static void admit(void)
{
	int fd;

	while ((fd = demo_try_accept(door, SOCK_NONBLOCK)) >= 0) {
		struct client *c = welcome(fd);
		if (!deliver(c))
			part(c, -1);
	}
	if (errno != EAGAIN) {
		say_full(errno);
		open_door(false);	/* or epoll_wait() would tell of them again and again */
	}
}

static void serve_with_epoll(int listener)
{
	struct epoll_event event[EVENTS], e = { .events = EPOLLIN };

	door = listener;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0 || fcntl(door, F_SETFL, O_NONBLOCK) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, door, &e) < 0)
		demo_die("epoll");
	for (;;) {
		int n = epoll_wait(epoll, event, EVENTS, door_open ? -1 : RETRY_MS);
		if (n < 0 && errno != EINTR)
			demo_die("epoll_wait");
		if (n == 0)
			open_door(true);	/* it may be others who had the descriptors */
		for (int i = 0; i < n; i++) {
			if (event[i].data.ptr)
				attend(event[i].data.ptr);
			else
				admit();
		}
	}
}

int main(int argc, char **argv)
{
	struct demo_place place = { "127.0.0.1", "8000" };
	const int kernel_keeps = 16 * 1024;	/* bytes for each client */

	demo_begin(argc, argv, &program, &place);
	if (strcmp(model, "epoll") != 0 && strcmp(model, "threads") != 0)
		demo_fail(EXIT_USAGE, "--model: \"%s\" is neither epoll nor threads", model);
	int listener = demo_listen(&place, SOCK_STREAM);
	/* Its children inherit it.  Unasked, the kernel would keep megabytes of acknowledgements for
	 * one who never reads, and a thousand times as much for a thousand like him.  What he
	 * sends needs no limit: that buffer grows only while it is read. */
	if (setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &kernel_keeps, sizeof(kernel_keeps)) < 0)
		demo_die("setsockopt SO_SNDBUF");
	if (model[0] == 't')
		serve_with_threads(listener);
	else
		serve_with_epoll(listener);
	return EXIT_DONE;
}
