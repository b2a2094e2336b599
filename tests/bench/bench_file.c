/*
 * bench_file BIN - file_client fetching a gigabyte from file_server, beside iperf3
 *
 * BIN holds the programs.  The file is made below $TMPDIR and is in the page cache when it is
 * sent; it is stored there, too, and removed after each run.  iperf3 sends as many bytes from its
 * memory and forgets them: no file is read, none written.  The two take turns (A B A B ...), so
 * that whatever else the machine does hits both; what counts is the median of the ratios of
 * neighbours.  A time never fails; a file that is not whole does.
 *
 * Of file_client the whole process is timed, its start included; of iperf3 what it says itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "starter.h"
#include "wirelab/clock.h"

#define BYTES ((off_t)1 << 30)
#define DISK_SPARE (UINT64_C(256) << 20)	/* bytes that we leave to others */
#define PAIRS 7u
#define TIMEOUT_NS (120 * SEC_NS)
#define NOWHERE "/dev/null"

struct bench {
	struct starter starter;
	const char *bin;
	char dir[160], in[192], file[192], received[224], output[192];
	bool wrong;
};

static struct bench bench;

/* ---- servers ------------------------------------------------------------------------------ */

struct server {
	pid_t pid;
	char port[8];
};

static void server_end(struct server *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
}

/* With its standard error (and output) in a pipe, the end of which is returned; or -1. */
static int server_start(struct server *s, const char *const argv[])
{
	int said[2];

	if (pipe2(said, O_CLOEXEC) < 0)
		return -1;
	fflush(stdout);
	s->pid = fork();
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(said[1], STDOUT_FILENO);
		dup2(said[1], STDERR_FILENO);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(said[1]);
	return said[0];
}

/* Until it has said that; what it said is in text.  False: it has ended, or time is over. */
static bool said_so(int fd, const char *part, char *text, size_t cap)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n = 1;

	text[0] = '\0';
	while (!strstr(text, part) && n > 0 && len + 1 < cap && poll(&p, 1, 30000) > 0) {
		n = read(fd, text + len, cap - 1 - len);
		len += n > 0 ? (size_t)n : 0;
		text[len] = '\0';
	}
	return strstr(text, part) != NULL;
}

static bool file_server_start(const struct bench *b, struct server *s, const char *option)
{
	char path[256], text[512];

	snprintf(path, sizeof(path), "%.200s/file_server", b->bin);
	int fd = server_start(s, ARGV(path, option, b->file, "127.0.0.1", "0"));
	bool well = fd >= 0 && said_so(fd, "\n", text, sizeof(text)) && strrchr(text, ':') &&
		    sscanf(strrchr(text, ':'), ":%7[0-9]", s->port) == 1;
	/* The descriptor stays open: what it says of its guests has to go somewhere. */
	if (!well)
		printf("file_server does not start: %s\n", text);
	return well;
}

/* A port that is free at this moment: iperf3 cannot choose one by itself. */
static void find_port(char port[static 8])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&a, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		a.sin_port = htons(5201);
	close(fd);
	snprintf(port, 8, "%u", ntohs(a.sin_port));
}

static bool iperf_start(struct server *s)
{
	char text[512];

	find_port(s->port);
	int fd = server_start(s, ARGV("iperf3", "--server", "--forceflush", "--bind", "127.0.0.1",
				      "--port", s->port));
	return fd >= 0 && said_so(fd, "listening", text, sizeof(text));
}

/* ---- one run of each ------------------------------------------------------------------------- */

/* Bytes a second, or 0. */
static double fetch(struct bench *b, const struct server *s, struct timed *t)
{
	struct stat st;
	char path[256];

	snprintf(path, sizeof(path), "%.200s/file_client", b->bin);
	const char *const *argv = ARGV(path, "--folder", b->in, "127.0.0.1", s->port);
	if (starter_run(&b->starter, argv, b->output, t) < 0 || t->error || t->status != 0 ||
	    stat(b->received, &st) < 0 || st.st_size != BYTES) {
		printf("file_client: status %d, and the file is not whole\n", t->status);
		b->wrong = true;
		return 0;
	}
	(void)unlink(b->received);
	return (double)BYTES * 1e9 / (double)t->wall_ns;
}

/* In what iperf3 --json says, the rate at which all was received. */
static double rate_in(const char *path)
{
	char text[65536];
	FILE *f = fopen(path, "r");
	double bits = 0;

	if (!f)
		return 0;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	const char *at = strstr(text, "\"sum_received\"");
	at = at ? strstr(at, "\"bits_per_second\"") : NULL;
	return at && sscanf(at, "\"bits_per_second\": %lf", &bits) == 1 ? bits / 8 : 0;
}

static double iperf(struct bench *b, const struct server *s)
{
	char bytes[24];
	struct timed t;

	snprintf(bytes, sizeof(bytes), "%lld", (long long)BYTES);
	const char *const *argv = ARGV("iperf3", "--client", "127.0.0.1", "--port", s->port,
				       "--bytes", bytes, "--json");
	if (starter_run(&b->starter, argv, b->output, &t) < 0 || t.error)
		return 0;
	return rate_in(b->output);
}

/* ---- side by side ---------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Sorts them. */
static double median(double *of, unsigned n)
{
	qsort(of, n, sizeof(*of), compare);
	return of[n / 2];
}

static void side_by_side(struct bench *b, const char *title, const char *option,
			 const struct server *peer, double target)
{
	double ours[PAIRS], theirs[PAIRS], ratio[PAIRS];
	struct server s = { .pid = 0 };
	struct timed t;
	long peak_kib = 0;
	unsigned n = 0;

	if (!file_server_start(b, &s, option)) {
		b->wrong = true;
		server_end(&s);
		return;
	}
	for (; n < PAIRS && !b->wrong; n++) {
		ours[n] = fetch(b, &s, &t);
		theirs[n] = peer ? iperf(b, peer) : 0;
		ratio[n] = theirs[n] > 0 ? ours[n] / theirs[n] : 0;
		peak_kib = t.peak_kib > peak_kib ? t.peak_kib : peak_kib;
	}
	server_end(&s);
	if (b->wrong)
		return;
	printf("    %-34s %6.2f GB/s  %6.1f MiB", title, median(ours, n) / 1e9,
	       (double)peak_kib / 1024);
	if (!peer) {
		printf("\n");
		return;
	}
	double middle = median(ratio, n);
	printf("  %5.2f x (%u pairs: %.2f .. %.2f)\n    %-34s %6.2f GB/s\n", middle, n, ratio[0],
	       ratio[n - 1], "iperf3, one stream", median(theirs, n) / 1e9);
	if (target > 0)
		printf("    target: at least %.1f times as fast: %s\n", target,
		       middle >= target ? "reached" : "not reached");
}

/* ---- place --------------------------------------------------------------------------------- */

static void remove_place(struct bench *b)
{
	(void)unlink(b->received);
	(void)unlink(b->file);
	(void)unlink(b->output);
	(void)rmdir(b->in);
	(void)rmdir(b->dir);
}

/* Gigabytes are not left behind for others to find. */
static void interrupted(int signo)
{
	remove_place(&bench);
	_exit(128 + signo);
}

/* Bytes that no file system could make shorter, written so that all of them are cached. */
static bool make_file(struct bench *b)
{
	static uint8_t piece[1 << 20];
	FILE *f = fopen(b->file, "wb");

	for (size_t i = 0; i < sizeof(piece); i += 256)
		random_bytes(piece + i, 256);
	for (off_t done = 0; f && done < BYTES; done += (off_t)sizeof(piece)) {
		piece[0]++;
		if (fwrite(piece, 1, sizeof(piece), f) != sizeof(piece)) {
			fclose(f);
			return false;
		}
	}
	return f && fclose(f) == 0;
}

static bool make_place(struct bench *b)
{
	const char *tmp = getenv("TMPDIR");
	struct statvfs v;

	snprintf(b->dir, sizeof(b->dir), "%.100s/bench_file-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(b->dir))
		return false;
	snprintf(b->in, sizeof(b->in), "%s/in", b->dir);
	snprintf(b->file, sizeof(b->file), "%s/film", b->dir);
	snprintf(b->received, sizeof(b->received), "%s/film", b->in);
	snprintf(b->output, sizeof(b->output), "%s/output", b->dir);
	if (statvfs(b->dir, &v) == 0 &&
	    (uint64_t)v.f_bavail * v.f_frsize < 2 * (uint64_t)BYTES + DISK_SPARE) {
		printf("file_client is not timed: %s has no room for two gigabytes\n", b->dir);
		return false;
	}
	return mkdir(b->in, 0777) == 0 && make_file(b);
}

int main(int argc, char **argv)
{
	struct bench *b = &bench;
	struct server peer = { .pid = 0 };

	if (argc != 2) {
		fprintf(stderr, "usage: bench_file DIRECTORY-OF-THE-PROGRAMS\n");
		return 2;
	}
	b->bin = argv[1];
	(void)signal(SIGINT, interrupted);
	(void)signal(SIGTERM, interrupted);
	if (starter_begin_here(&b->starter, TIMEOUT_NS) < 0) {
		printf("fork: %s\n", strerror(errno));
		return 1;
	}
	if (make_place(b)) {
		printf("file_client: %lld bytes from the page cache over the loopback, into %s\n",
		       (long long)BYTES, b->in);
		bool there = iperf_start(&peer);
		if (!there)
			printf("    iperf3 is not installed: nothing to compare with\n");
		side_by_side(b, "file_client", "--timeout=60", there ? &peer : NULL, 0.9);
		side_by_side(b, "file_client, sha256 checked", "--sha256", there ? &peer : NULL, 0);
		server_end(&peer);
	}
	remove_place(b);
	starter_end(&b->starter);
	return b->wrong ? 1 : 0;
}
