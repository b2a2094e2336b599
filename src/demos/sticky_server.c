/*
 * sticky_server - shows what each recv() gets, which is not what each send() was given
 *
 *	recv()                       bytes: the end of one message, a whole one, two at once ...
 *
 * and the cure, --framed, by which messages are told apart however they arrive:
 *
 *	4 bytes: how long the message is  |  the message
 *
 * It waits until everything has arrived, as a program does that has other work.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wirelab/demo.h"

static bool framed, native;
static uint64_t buffer = 1024, wait_ms = 50, limit = MSG_LIMIT;

static const struct demo_option options[] = {
	{ "framed", NULL, "the length in front of each, high byte first", .flag = &framed },
	{ "native", NULL, "the same as struct.pack('i') has it; implies --framed", .flag = &native },
	{ "limit", "BYTES", "refuse a longer message; unless told, 1048576", .number = &limit,
	  .most = UINT32_MAX },
	{ "buffer", "BYTES", "give recv() so much room, instead of 1024", .number = &buffer,
	  .least = 1, .most = 65536 },
	{ "wait", "MS", "for all to arrive, at most; unless told, 50", .number = &wait_ms,
	  .most = 60000 },
	{ NULL, NULL, NULL, .flag = NULL },
};

static const struct demo_program program = {
	.name = "sticky_server",
	.what = "Waits for sticky_client (at 127.0.0.1 port 8000 unless told), and shows what\n"
		"each recv() brings: several messages at once, or a piece of one.\n",
	.examples = "  sticky_server                  what five messages become\n"
		    "  sticky_server --buffer 10      the same with little room: cut anywhere\n"
		    "  sticky_server --framed         with their lengths they are messages again\n",
	.option = options,
};

/* The message that is begun.  Memory is taken for what has come and as much again, never for
 * what is announced. */
static uint8_t *message;
static size_t message_len, message_room;

static void keep(const struct msg_part *part)
{
	if (part->len > message_room - message_len) {
		message_room = 2 * (message_len + part->len);
		message = realloc(message, message_room);
		if (!message)
			demo_fail(EXIT_NO_ANSWER, "out of memory");
	}
	memcpy(message + message_len, part->bytes, part->len);
	message_len += part->len;
}

static void show_message(const struct msg_part *part)
{
	char who[64];
	struct demo_screen screen = { .who = who };

	(void)snprintf(who, sizeof(who), "    message %llu, %u bytes:",
		       (unsigned long long)part->number + 1, part->length);
	demo_show_whole(&screen, message_len ? message : (const uint8_t *)"\n",
			message_len ? message_len : 1);
	free(message);
	message = NULL;
	message_len = message_room = 0;
}

/* The bytes of one recv(), cut where the lengths say.  False: a length was refused. */
static bool show_messages(struct msg *m, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_over(bytes, len);
	struct msg_part part;

	while (msg_next(m, &r, &part)) {
		if (!part.is_prefix)
			keep(&part);
		if (part.last)
			show_message(&part);
	}
	return !m->refused;
}

/* Until the other side has ended, which comes behind its last byte, or the time is up. */
static void wait_for_all(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	if (poll(&p, 1, (int)wait_ms) < 0 && errno != EINTR)
		demo_die("poll");
}

/* The end of the stream: was it the end of a message? */
static int judge_end(const struct msg *m)
{
	char why[128];
	uint32_t missing;
	enum msg_ending end = msg_end(m, &missing);

	if (end == MSG_CLEAN)
		return EXIT_DONE;
	demo_say("%s", demo_got_words(end == MSG_REFUSED ? DEMO_REFUSED : DEMO_CUT, m, why));
	return EXIT_DAMAGED;
}

int main(int argc, char **argv)
{
	struct demo_place place = { "127.0.0.1", "8000" };
	struct demo_screen screen = { .who = NULL };
	unsigned receives = 0;
	static uint8_t text[65536];
	char who[64], peer[DEMO_ADDRESS_STRLEN];
	struct msg m;
	ssize_t n;

	demo_begin(argc, argv, &program, &place);
	framed = framed || native;
	msg_init(&m, native ? MSG_NATIVE : MSG_NETWORK, (uint32_t)limit);
	int fd = demo_accept(demo_listen(&place, SOCK_STREAM));
	demo_say("%s has connected", demo_peer(fd, peer));
	wait_for_all(fd);
	while ((n = demo_receive(fd, text, buffer)) > 0) {
		(void)snprintf(who, sizeof(who), "receive %u, %zd bytes:", ++receives, n);
		if (!framed) {
			screen.who = who;
			demo_show(&screen, text, (size_t)n);
			continue;
		}
		demo_show(&screen, who, strlen(who));
		if (!show_messages(&m, text, (size_t)n))
			break;
	}
	if (n < 0)
		demo_die("recv");
	/* At once: what is behind a length that was refused is not even waited for. */
	(void)close(fd);
	demo_show_end(&screen);
	return demo_end(framed ? judge_end(&m) : EXIT_DONE);
}
