/*
 * file_server - hands a file to everybody who connects
 *
 *	accept()     a guest: a thread of his own, so that a slow one keeps nobody waiting
 *	send()       a message: the file's name and its size, as JSON (file_header.h)
 *	sendfile()   its bytes, which the kernel moves from its cache of the disk to the connection;
 *	             they never pass through this program
 *	shutdown()   that was all; recv() is 0 when he has taken it, and hangs up
 *
 * The receiver is file_client.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "wirelab/demo.h"
#include "wirelab/demo_bar.h"
#include "wirelab/file_header.h"
#include "wirelab/file_sum.h"

#define GUESTS 64u			/* at a time; who comes then waits at the door */
#define PIECE ((size_t)256 << 10)	/* bytes between two looks at the progress bar */

static bool native, with_sha256, once;
static uint64_t patience_s = 30;

static const struct demo_program program = {
	.name = "file_server",
	.arguments = "FILE [HOST [PORT]]",
	.what = "Sends FILE to everybody who connects by TCP (at 127.0.0.1 port 9000 unless\n"
		"told): first its name and size, then its bytes.\n",
	.examples = "  file_server film.mp4              for file_client on this machine\n"
		    "  file_server --sha256 film.mp4 ::  for the network, with a sum to check it by\n"
		    "  file_server --native film.mp4     for Python programs with unpack('i', ...)\n",
	.option = (const struct demo_option[]){
		{ .name = "sha256", .flag = &with_sha256, .what = "send the file's SHA-256, too" },
		{ .name = "native", .flag = &native, .what = "length least significant byte first" },
		{ .name = "once", .flag = &once, .what = "end after one guest" },
		{ .name = "timeout", .value = "SECONDS", .number = &patience_s, .most = 86400,
		  .what = "leave a guest who takes nothing for so long (30)" },
		{ .name = NULL } },
};

/* ---- the file ----------------------------------------------------------------------------- */

/* As it was when we began, which every guest is promised: opened once, and never written to. */
static int file;
static struct stat known;
static struct file_header header;

static void open_file(const char *path)
{
	struct sha256_ctx sum;
	const char *why;

	/* O_NONBLOCK: a FIFO must not keep us here until it has a writer. */
	file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (file < 0 || fstat(file, &known) < 0)
		demo_fail(errno == EACCES ? EXIT_NOT_PERMITTED : EXIT_USAGE, "%s: %s", path,
			  strerror(errno));
	if (!S_ISREG(known.st_mode))
		demo_fail(EXIT_USAGE, "%s is no ordinary file, whose size is known beforehand",
			  path);
	if (!file_name(path, strlen(path), header.name, &why))
		demo_fail(EXIT_USAGE, "nobody would take a file of the name %s: %s", path, why);
	header.size = (uint64_t)known.st_size;
	header.has_sha256 = with_sha256;
	sha256_init(&sum);
	if (with_sha256 && file_sum_add(&sum, file, 0, header.size) < 0)
		demo_die("read");
	sha256_digest(&sum, sizeof(header.sha256), header.sha256);
}

static bool has_changed(void)
{
	struct stat now;

	return fstat(file, &now) < 0 || now.st_size != known.st_size ||
	       now.st_mtim.tv_sec != known.st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != known.st_mtim.tv_nsec;
}

/* ---- one guest ------------------------------------------------------------------------------ */

static int send_header(int fd)
{
	char json[2048];
	struct txt t = txt_over(json, sizeof(json));

	file_header_put(&t, &header);
	return demo_send_message(fd, native ? MSG_NATIVE : MSG_NETWORK, json, t.len);
}

/* NULL, or why not all was sent; *sent is what was. */
static const char *send_bytes(int fd, struct demo_bar *bar, off_t *sent)
{
	while (*sent < known.st_size) {
		size_t left = (size_t)(known.st_size - *sent);
		/* Half of the old one and half of a new one is neither.  To hang up before the end
		 * is how the guest learns that what he has is no file. */
		if (has_changed())
			return "the file has been written to: start again with what it is now";
		ssize_t n = sendfile(fd, file, sent, left < PIECE ? left : PIECE);
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? "nothing was taken for too long" : strerror(errno);
		if (bar)
			demo_bar_show(bar, (uint64_t)*sent);
	}
	return NULL;
}

/* What was sent may still be on its way: only his own end tells that he has it. */
static const char *wait_for_end(int fd)
{
	char unasked[4096];
	ssize_t n = 1;

	(void)shutdown(fd, SHUT_WR);
	for (int i = 0; n > 0 && i < 64; i++)
		n = demo_receive(fd, unasked, sizeof(unasked));
	return n == 0 ? NULL : "all was sent, but he did not hang up in good order";
}

static bool serve(int fd)
{
	static atomic_flag bar_taken = ATOMIC_FLAG_INIT;	/* one screen, one bar */
	const struct timeval patience = { .tv_sec = (time_t)patience_s };
	bool mine = !atomic_flag_test_and_set(&bar_taken);
	char peer[DEMO_ADDRESS_STRLEN];
	struct demo_bar bar;
	const char *why;
	off_t sent = 0;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	demo_peer(fd, peer);
	demo_bar_begin(&bar, header.name, header.size);
	if (send_header(fd) < 0)
		why = strerror(errno);
	else if (!(why = send_bytes(fd, mine ? &bar : NULL, &sent)))
		why = wait_for_end(fd);
	if (mine) {
		demo_bar_end(&bar);
		atomic_flag_clear(&bar_taken);
	}
	if (why)
		demo_say("%s: after %jd of %jd bytes: %s", peer, (intmax_t)sent,
			 (intmax_t)known.st_size, why);
	else
		demo_say("%s has all %jd bytes, in %.2f s", peer, (intmax_t)known.st_size,
			 (double)demo_bar_ns(&bar) / 1e9);
	(void)close(fd);
	return !why;
}

/* ---- all of them --------------------------------------------------------------------------- */

static sem_t room;

static void *guest(void *arg)
{
	(void)serve((int)(intptr_t)arg);
	(void)sem_post(&room);
	return NULL;
}

static _Noreturn void serve_all(int listener)
{
	/* For somebody to leave, when there is nothing left to serve one more with. */
	const struct timespec a_moment = { .tv_nsec = 100000000 };
	pthread_t thread;

	(void)sem_init(&room, 0, GUESTS);
	for (;;) {
		while (sem_wait(&room) < 0)
			;	/* a signal */
		int fd = demo_try_accept(listener, 0);
		if (fd >= 0 && pthread_create(&thread, NULL, guest, (void *)(intptr_t)fd) == 0) {
			(void)pthread_detach(thread);
			continue;
		}
		if (fd >= 0)
			(void)close(fd);
		(void)sem_post(&room);
		(void)nanosleep(&a_moment, NULL);
	}
}

int main(int argc, char **argv)
{
	struct demo_place place = { "127.0.0.1", "9000" };
	char **word = demo_begin(argc, argv, &program, NULL);

	if (!word[0] || (word[1] && word[2] && word[3]))
		demo_fail(EXIT_USAGE, "a file, a host and a port, please; see file_server --help");
	if (word[1])
		place.host = word[1];
	if (word[1] && word[2])
		place.port = word[2];
	open_file(word[0]);
	int listener = demo_listen(&place, SOCK_STREAM);
	if (!once)
		serve_all(listener);
	return demo_end(serve(demo_accept(listener)) ? EXIT_DONE : EXIT_NO_ANSWER);
}
