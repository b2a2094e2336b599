/*
 * bench_multi MULTI_SERVER EPOLL_ECHO - the many-clients server beside a minimal one, and in a crowd
 *
 * Exchanges: clients that each send 16 bytes and wait for the 16 that come back.  The servers
 * take turns (A B A B ...), so that whatever else the machine does hits both; what counts is the
 * median of the ratios of neighbours.
 *
 * The crowd: 10,000 connections, of which 1,000 send and never read, and 1,000 send a byte every
 * few seconds.  The others ask at a fixed rate; how long an answer takes is counted from when the
 * question was due, so that a stalled server cannot hide behind questions that were not asked.
 *
 * A time never fails; an answer that is missing does.  Everything is on the loopback.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wirelab/instant.h"

#define QUESTION 16u			/* "收到 16 字节" has as many bytes */
#define PAIRS 15u
#define TURN_NS (400 * MSEC_NS)
#define CROWD 10000u
#define RATE 2000u			/* questions a second, of the honest together */
#define CROWD_NS (10 * SEC_NS)
#define TRICKLE_NS (3 * SEC_NS)
#define SPARE 64u			/* descriptors for other things */

struct server {
	pid_t pid;
	struct sockaddr_in where;
};

struct conn {
	int fd;
	uint64_t due_ns;		/* of the question that is open; 0: none is */
	uint32_t heard;			/* bytes of its answer */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
}

static _Noreturn void broken(const char *what)
{
	printf("    SOMETHING WAS WRONG: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- servers and connections ----------------------------------------------------------------- */

static struct server start(const char *const argv[])
{
	struct server s = { .pid = -1 };
	unsigned port = 0;
	char line[256];
	int ends[2];

	if (pipe(ends) < 0)
		broken("pipe");
	fflush(stdout);
	s.pid = fork();
	if (s.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(ends[1]);
	FILE *f = fdopen(ends[0], "r");
	if (s.pid < 0 || !f || !fgets(line, sizeof(line), f) ||
	    sscanf(line, "%*s listening on 127.0.0.1:%u", &port) != 1)
		broken(argv[0]);
	/* The pipe stays open, or what the server says later would kill it. */
	s.where = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return s;
}

static void stop(struct server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}

static struct server start_multi(const char *path)
{
	return start((const char *const[]){ path, "--quiet", "--greeting", "hi", "127.0.0.1", "0",
					    NULL });
}

/* Connected, greeted if it greets, and not blocking. */
static int connected(const struct server *s, bool greets)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char greeting[2];

	if (fd < 0 || connect(fd, (const struct sockaddr *)&s->where, sizeof(s->where)) < 0)
		broken("connect");
	if (greets && recv(fd, greeting, sizeof(greeting), MSG_WAITALL) != sizeof(greeting))
		broken("no greeting");
	return fd;
}

/* By a reset, so that no port of this machine has to wait. */
static void leave(int fd)
{
	struct linger at_once = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

static void ask(struct conn *c, uint64_t due_ns)
{
	static const char question[QUESTION] = "0123456789abcdef";

	if (send(c->fd, question, QUESTION, MSG_NOSIGNAL) != QUESTION)
		broken("send");
	c->due_ns = due_ns;
	c->heard = 0;
}

/* True: the answer is whole. */
static bool hear(struct conn *c)
{
	char buf[256];
	ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0)
		broken("recv");
	c->heard += (uint32_t)n;
	return c->due_ns && c->heard >= QUESTION;
}

/* ---- exchanges a second ------------------------------------------------------------------------ */

/* Of the processor, in seconds, so far. */
static double cpu_s(pid_t pid)
{
	unsigned long long user = 0, kernel = 0;
	char path[64], text[1024] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f) || !strrchr(text, ')') ||
	    sscanf(strrchr(text, ')') + 2,
		   "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &kernel) != 2)
		broken(path);
	fclose(f);
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static double exchanges(const struct server *s, bool greets, unsigned n, uint64_t *total)
{
	struct conn *c = calloc(n, sizeof(*c));
	struct epoll_event event[64];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t done = 0;

	for (unsigned i = 0; c && i < n; i++) {
		c[i].fd = connected(s, greets);
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &c[i] };
		epoll_ctl(epoll, EPOLL_CTL_ADD, c[i].fd, &e);
	}
	uint64_t begin = now_ns(), end = begin + TURN_NS, now = begin;
	for (unsigned i = 0; c && i < n; i++)
		ask(&c[i], begin);
	while (now < end) {
		int got = epoll_wait(epoll, event, 64, 1000);
		if (got <= 0)
			broken("no answer within a second");
		for (int i = 0; i < got; i++) {
			struct conn *one = event[i].data.ptr;
			if (hear(one)) {
				done++;
				ask(one, begin);
			}
		}
		now = now_ns();
	}
	for (unsigned i = 0; c && i < n; i++)
		leave(c[i].fd);
	close(epoll);
	free(c);
	*total += done;
	return (double)done * 1e9 / (double)(now - begin);
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

static void time_exchanges(const char *multi, const char *echo, unsigned clients)
{
	struct server a = start((const char *const[]){ echo, NULL }), b = start_multi(multi);
	double theirs[PAIRS], ours[PAIRS], ratio[PAIRS];
	uint64_t n_theirs = 0, n_ours = 0;

	for (unsigned i = 0; i < PAIRS; i++) {
		theirs[i] = exchanges(&a, false, clients, &n_theirs);
		ours[i] = exchanges(&b, true, clients, &n_ours);
		ratio[i] = ours[i] / theirs[i];
	}
	double cpu_theirs = cpu_s(a.pid) * 1e6 / (double)n_theirs,
	       cpu_ours = cpu_s(b.pid) * 1e6 / (double)n_ours;
	stop(&a);
	stop(&b);
	double r = median(ratio, PAIRS);
	printf("    %3u clients: epoll_echo %8.0f/s  multi_server %8.0f/s  %5.2f x (%.2f .. %.2f)\n",
	       clients, median(theirs, PAIRS), median(ours, PAIRS), r, ratio[0], ratio[PAIRS - 1]);
	printf("    of the processor, each:     %8.2f us            %8.2f us %5.2f x\n", cpu_theirs,
	       cpu_ours, cpu_ours / cpu_theirs);
	printf("    target: at least as many: %s\n", r >= 1.0 ? "reached" : "not reached");
}

/* ---- in a crowd --------------------------------------------------------------------------------- */

static uint64_t peak_kib(pid_t pid)
{
	unsigned long long kib = 0;
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %llu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

/* They send until nothing is taken any more, and read nothing. */
static void stuff(struct conn *rude, unsigned n)
{
	static const char much[65536];
	unsigned calm = 0;

	while (calm < 3) {
		size_t sent = 0;
		for (unsigned i = 0; i < n; i++) {
			ssize_t got = send(rude[i].fd, much, sizeof(much), MSG_DONTWAIT | MSG_NOSIGNAL);
			sent += got > 0 ? (size_t)got : 0;
		}
		calm = sent ? 0 : calm + 1;
		if (!sent)
			poll(NULL, 0, 50);
	}
}

struct crowd {
	struct conn *conn;
	unsigned rude, trickling, all;	/* in this order; the rest is honest */
	double *took_ms;
	unsigned asked, answered, skipped;
};

static void ask_honest(struct crowd *w, uint64_t due_ns)
{
	unsigned honest = w->all - w->rude - w->trickling;
	struct conn *c = &w->conn[w->rude + w->trickling + w->asked++ % honest];

	/* Whose last question is still open would be slow by our fault: he is slow already. */
	if (c->due_ns)
		w->skipped++;
	else
		ask(c, due_ns);
}

static void trickle(struct crowd *w, unsigned n)
{
	struct conn *c = &w->conn[w->rude + n % w->trickling];

	if (send(c->fd, ".", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		broken("send");
}

static void hear_one(struct crowd *w, struct conn *c)
{
	if (!hear(c))
		return;
	w->took_ms[w->answered++] = (double)(now_ns() - c->due_ns) / 1e6;
	c->due_ns = 0;
}

static void measure(struct crowd *w, int epoll)
{
	const uint64_t gap = SEC_NS / RATE, small_gap = TRICKLE_NS / w->trickling;
	uint64_t begin = now_ns(), due = begin, small_due = begin, end = begin + CROWD_NS;
	struct epoll_event event[64];
	unsigned dots = 0;

	while (now_ns() < end + SEC_NS) {
		uint64_t now = now_ns();
		for (; due <= now && due < end; due += gap)
			ask_honest(w, due);
		for (; small_due <= now && small_due < end; small_due += small_gap)
			trickle(w, dots++);
		int got = epoll_wait(epoll, event, 64, due < end ? (gap >= 2 * MSEC_NS) : 10);
		for (int i = 0; i < got; i++)
			hear_one(w, event[i].data.ptr);
	}
}

static void say_crowd(struct crowd *w, uint64_t kib)
{
	double *ms = w->took_ms;
	unsigned n = w->answered;

	if (!n || n + w->skipped != w->asked)
		broken("answers are missing");
	qsort(ms, n, sizeof(*ms), compare);
	printf("    %u answers to honest clients: median %.3f ms, 99th percentile %.3f ms, longest %.3f "
	       "ms\n    the server's memory: %.1f MiB\n", n, ms[n / 2], ms[n - 1 - n / 100], ms[n - 1],
	       (double)kib / 1024);
	printf("    target: 99th percentile under 10 ms: %s; at most 64 MiB: %s\n",
	       ms[n - 1 - n / 100] < 10 && !w->skipped ? "reached" : "not reached",
	       kib <= 64 * 1024 ? "reached" : "not reached");
}

static void join_crowd(struct crowd *w, const struct server *s, int epoll)
{
	const int small = 4096, medium = 65536;

	for (unsigned i = 0; i < w->all; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &w->conn[i] };
		w->conn[i].fd = connected(s, true);
		if (i < w->rude) {
			setsockopt(w->conn[i].fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
			setsockopt(w->conn[i].fd, SOL_SOCKET, SO_SNDBUF, &medium, sizeof(medium));
		} else {
			epoll_ctl(epoll, EPOLL_CTL_ADD, w->conn[i].fd, &e);
		}
	}
}

static unsigned room_for_connections(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return 256;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);		/* the server's, too */
	return l.rlim_cur > CROWD + SPARE ? CROWD : (unsigned)l.rlim_cur - SPARE;
}

static void time_crowd(const char *multi)
{
	struct crowd w = { .all = room_for_connections() };
	struct server s = start_multi(multi);
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	w.rude = w.trickling = w.all / 10;
	w.conn = calloc(w.all, sizeof(*w.conn));
	w.took_ms = calloc(CROWD_NS / SEC_NS * RATE + 1, sizeof(*w.took_ms));
	if (!w.conn || !w.took_ms)
		broken("calloc");
	printf("    %u connections%s, %u of them never read, %u send a byte every %u s\n", w.all,
	       w.all < CROWD ? " (the limit of descriptors allows no more)" : "", w.rude, w.trickling,
	       (unsigned)(TRICKLE_NS / SEC_NS));
	fflush(stdout);
	join_crowd(&w, &s, epoll);
	stuff(w.conn, w.rude);
	measure(&w, epoll);
	say_crowd(&w, peak_kib(s.pid));
	stop(&s);
	for (unsigned i = 0; i < w.all; i++)
		leave(w.conn[i].fd);
	close(epoll);
	free(w.conn);
	free(w.took_ms);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: bench_multi MULTI_SERVER EPOLL_ECHO\n");
		return 2;
	}
	printf("multi_server --model=epoll beside a minimal epoll server: exchanges a second\n");
	time_exchanges(argv[1], argv[2], 1);
	time_exchanges(argv[1], argv[2], 50);
	printf("\nmulti_server --model=epoll in a crowd\n");
	time_crowd(argv[1]);
	return 0;
}
