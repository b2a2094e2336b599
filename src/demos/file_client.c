/*
 * file_client - fetches a file from file_server, and keeps it only if it is whole
 *
 *	connect()  recv()   a message: the file's name and its size, as JSON (file_header.h)
 *	splice()            so many bytes, from the connection into a file without a name
 *	linkat()            when all of them are there and have the promised sum, the name
 *
 * What arrives is a stranger's.  He may choose neither the folder nor a file that is there
 * already (inbox.h), and half of his file is none: if the transfer breaks, or you break it off,
 * nothing is left of it, and the way to go on is to start again.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "wirelab/demo.h"
#include "wirelab/demo_bar.h"
#include "wirelab/file_header.h"
#include "wirelab/file_sum.h"
#include "wirelab/inbox.h"

static bool native;
static uint64_t patience_s = 30;
static const char *folder = ".", *own_name;

static const struct demo_program program = {
	.name = "file_client",
	.what = "Fetches a file by TCP (from 127.0.0.1 port 9000 unless told) and stores it in\n"
		"this folder, under its own name, once it is complete.  Overwrites nothing.\n",
	.examples = "  file_client                       from file_server on this machine\n"
		    "  file_client --folder /tmp ::1     by IPv6, into another folder\n"
		    "  file_client --native 192.0.2.7    from a Python program with pack('i', ...)\n",
	.option = (const struct demo_option[]){
		{ .name = "folder", .value = "FOLDER", .text = &folder, .what = "store it there" },
		{ .name = "name", .value = "NAME", .text = &own_name,
		  .what = "store it under that name" },
		{ .name = "native", .flag = &native, .what = "length least significant byte first" },
		{ .name = "timeout", .value = "SECONDS", .number = &patience_s, .most = 86400,
		  .what = "give up when nothing comes for so long (30)" },
		{ .name = NULL } },
};

static struct inbox inbox;
static struct demo_bar bar;

/* ---- Ctrl-C --------------------------------------------------------------------------------- */

static volatile sig_atomic_t stopped;
static int connection;

/* The receive that waits just now, or the next one, finds the end, and the ordinary way out
 * of a broken transfer is taken. */
static void stop(int signo)
{
	stopped = signo;
	(void)shutdown(connection, SHUT_RDWR);
}

static void stop_in_good_order(int fd)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = stop };

	connection = fd;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction before;
		/* nohup(1) has said that a hangup is to be ignored. */
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
	}
}

/* Who started us learns from the signal that it was one. */
static _Noreturn void end_stopped(void)
{
	inbox_close(&inbox);
	(void)signal(stopped, SIG_DFL);
	(void)raise(stopped);
	abort();
}

/* ---- the header ---------------------------------------------------------------------------- */

static _Noreturn void no_header(enum demo_got got, const struct msg *m)
{
	int64_t other = msg_prefix_parse(m->prefix, native ? MSG_NETWORK : MSG_NATIVE);
	char words[128];

	if (stopped)
		end_stopped();
	if (got == DEMO_ERROR && errno == EAGAIN)
		demo_fail(EXIT_NO_ANSWER, "nothing came for %" PRIu64 " s", patience_s);
	demo_got_words(got, m, words);
	if (got == DEMO_REFUSED && other >= 0 && other <= FILE_HEADER_MAX)
		demo_fail(EXIT_DAMAGED,
			  "%s; from the other end its length reads %" PRId64 ": try %s --native",
			  words, other, native ? "without" : "with");
	demo_fail(got == DEMO_REFUSED || got == DEMO_CUT ? EXIT_DAMAGED : EXIT_NO_ANSWER, "%s",
		  words);
}

static void receive_header(int fd, struct file_header *h)
{
	char why[256];
	struct msg m;
	uint8_t *json;
	uint32_t len;

	msg_init(&m, native ? MSG_NATIVE : MSG_NETWORK, FILE_HEADER_MAX);
	enum demo_got got = demo_receive_message(fd, &m, &json, &len);
	if (got != DEMO_MESSAGE)
		no_header(got, &m);
	bool good = file_header_parse(json, len, h, why);
	free(json);
	if (!good)
		demo_fail(EXIT_DAMAGED, "the header is refused: %s", why);
}

/* ---- the bytes ----------------------------------------------------------------------------- */

static _Noreturn void broken_off(ssize_t got, uint64_t size)
{
	const char *why = got == 0 ? "the other side has ended" : strerror(errno);

	if (got < 0 && errno == EAGAIN)
		why = "nothing comes any more";
	demo_bar_end(&bar);
	demo_say("after %" PRIu64 " of %" PRIu64 " bytes: %s; nothing is kept", inbox.stored, size,
		 stopped ? "stopped" : why);
	if (stopped)
		end_stopped();
	exit(EXIT_NO_ANSWER);
}

static _Noreturn void cannot_store(const char *call, const char *name)
{
	int error = errno;

	demo_bar_end(&bar);
	if (error == EEXIST)
		demo_fail(EXIT_OUTPUT_LOST, "%s is there already, and stays as it is: --name gives "
			  "another name", name);
	demo_fail(error == EACCES ? EXIT_NOT_PERMITTED : EXIT_OUTPUT_LOST,
		  "%s %s: %s; nothing is kept", call, name, strerror(error));
}

static void receive_bytes(int fd, const struct file_header *h)
{
	uint8_t digest[FILE_SHA256_LEN];
	struct sha256_ctx sum;

	sha256_init(&sum);
	while (inbox.stored < h->size) {
		ssize_t n = inbox_pull(&inbox, fd, h->size - inbox.stored);
		if (n <= 0)
			broken_off(n, h->size);
		if (inbox_push(&inbox, (size_t)n) < 0)
			cannot_store("write", h->name);
		/* Of what is in the file, not of what was put there. */
		uint64_t at = inbox.stored - (uint64_t)n;
		if (h->has_sha256 && file_sum_add(&sum, inbox.file, at, (uint64_t)n) < 0)
			cannot_store("read", h->name);
		demo_bar_show(&bar, inbox.stored);
	}
	sha256_digest(&sum, sizeof(digest), digest);
	demo_bar_end(&bar);
	if (h->has_sha256 && memcmp(digest, h->sha256, sizeof(digest)) != 0)
		demo_fail(EXIT_DAMAGED,
			  "these are not the bytes that the sha256 was made of; nothing is kept");
}

static void tell(const struct file_header *h)
{
	double seconds = (double)demo_bar_ns(&bar) / 1e9;
	char safe[4 * FILE_NAME_MAX + 1];
	struct txt t = txt_over(safe, sizeof(safe));

	txt_foreign(&t, h->name, strlen(h->name));
	(void)printf("%s\n", safe);
	demo_say("%" PRIu64 " bytes in %.2f s%s", h->size, seconds,
		 h->has_sha256 ? "; the sha256 is right" : "");
}

static void drop(void)
{
	inbox_close(&inbox);
}

int main(int argc, char **argv)
{
	struct demo_place place = { "127.0.0.1", "9000" };
	struct file_header h;
	char name[FILE_NAME_MAX + 1];
	const char *why;

	demo_begin(argc, argv, &program, &place);
	if (own_name &&
	    (strchr(own_name, '/') || !file_name(own_name, strlen(own_name), name, &why)))
		demo_fail(EXIT_USAGE, "--name: \"%s\" is not a name for a file", own_name);
	if (inbox_open(&inbox, folder) < 0)
		demo_fail(errno == EACCES ? EXIT_NOT_PERMITTED : EXIT_USAGE, "--folder: %s: %s",
			  folder, strerror(errno));
	(void)atexit(drop);

	int fd = demo_connect(&place, SOCK_STREAM);
	const struct timeval patience = { .tv_sec = (time_t)patience_s };
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	stop_in_good_order(fd);

	receive_header(fd, &h);
	if (own_name)
		memcpy(h.name, name, sizeof(name));
	if (inbox_begin(&inbox, h.name, h.size) < 0)
		cannot_store("create", h.name);
	demo_bar_begin(&bar, h.name, h.size);
	receive_bytes(fd, &h);
	if (inbox_keep(&inbox, h.name) < 0)
		cannot_store("link", h.name);
	tell(&h);
	return demo_end(EXIT_DONE);
}
