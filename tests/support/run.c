#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cap-ng.h>

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

int broken_pipe(void)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -1;
	close(fd[0]);
	return fd[1];
}

int full_device(void)
{
	return open("/dev/full", O_WRONLY | O_CLOEXEC);
}

/* ---- in the child, between fork and execve ----------------------------------------- */

/* What the child tells the parent: "about to start", or the step that failed. */
struct birth {
	uint64_t ns;
	int error;		/* 0: execve() follows */
	char step[44];
};

struct plan {
	const struct testnet *net;
	enum side side;
	const char *const *argv;
	const struct run_options *opt;
	int in, out, err;	/* what becomes 0, 1, 2; -1 stays closed */
	int report;		/* struct birth; closed by a successful execve() */
	pid_t parent;
};

/* A copy of the mounts in which /sys shows this network namespace.  Where that is not
 * allowed the program sees the old /sys; nothing of ours reads it. */
static void own_sys(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		(void)mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static int set_map(const char *path, unsigned inside)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%u 0 1", inside);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	ssize_t written = write(fd, line, (size_t)n);
	close(fd);
	return written == n ? 0 : -1;
}

static const char *become(unsigned uid, enum run_caps caps)
{
	/* A user namespace of one user may not change groups, and has none to lose. */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return "setgroups";
	if (caps == RUN_CAPS_NET_RAW && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return "PR_SET_KEEPCAPS";
	if (setresgid(uid, uid, uid) == 0)
		return setresuid(uid, uid, uid) == 0 ? NULL : "setresuid";
	if (errno != EINVAL)
		return "setresgid";
	/* EINVAL: the number is not mapped here. */
	if (caps == RUN_CAPS_NET_RAW) {
		errno = ENOTSUP;
		return "CAP_NET_RAW for another user of a user namespace";
	}
	if (unshare(CLONE_NEWUSER) < 0)
		return "unshare(CLONE_NEWUSER)";
	if (set_map("/proc/self/uid_map", uid) < 0)
		return "uid_map";
	return set_map("/proc/self/gid_map", uid) < 0 ? "gid_map" : NULL;
}

static const char *set_caps(unsigned uid, enum run_caps caps)
{
	/* execve() leaves any user but 0 with the ambient set alone, which is empty. */
	if (caps == RUN_CAPS_AS_IS || (uid && caps == RUN_CAPS_NONE))
		return NULL;
	/* And would give user 0 everything back. */
	if (!uid && capng_lock() < 0)
		return "securebits";
	capng_clear(CAPNG_SELECT_ALL);
	if (caps == RUN_CAPS_NET_RAW &&
	    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE |
			 CAPNG_BOUNDING_SET | CAPNG_AMBIENT, CAP_NET_RAW) < 0)
		return "capng_update";
	/* Leaving the bounding set needs CAP_SETPCAP, so it goes first. */
	if (!uid && capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		return "bounding set";
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return "capabilities";
	if (caps == RUN_CAPS_NET_RAW && capng_apply(CAPNG_SELECT_AMBIENT) < 0)
		return "ambient capabilities";
	return NULL;
}

/* First to numbers above 2, so that none is overwritten before it is used. */
static const char *place_streams(const struct plan *p)
{
	int from[3] = { p->in, p->out, p->err };

	for (int i = 0; i < 3; i++) {
		if (from[i] >= 0 && (from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3)) < 0)
			return "F_DUPFD";
	}
	for (int i = 0; i < 3; i++) {
		if (from[i] < 0)
			close(i);
		else if (dup2(from[i], i) < 0)
			return "dup2";
	}
	return NULL;
}

static void default_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *set_environment(const char *const *env)
{
	for (; env && *env; env++) {
		/* putenv keeps the string, and without '=' removes: just what is wanted. */
		if (putenv((char *)(uintptr_t)*env) != 0)
			return "putenv";
	}
	return NULL;
}

/* Everything up to execve(); the name of the step that failed, or NULL. */
static const char *prepare(const struct plan *p)
{
	const char *wrong;

	setpgid(0, 0);
	default_signals();
	if (testnet_stay(p->net, p->side) < 0)
		return "setns";
	own_sys();
	if (p->opt->dir && chdir(p->opt->dir) < 0)
		return p->opt->dir;
	if ((wrong = set_environment(p->opt->env)) || (wrong = place_streams(p)))
		return wrong;
	if (p->opt->uid && (wrong = become(p->opt->uid, p->opt->caps)))
		return wrong;
	if ((wrong = set_caps(p->opt->uid, p->opt->caps)))
		return wrong;
	/* Only now: a change of credentials clears it (prctl(2)). */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return "PR_SET_PDEATHSIG";
	if (getppid() != p->parent)
		_exit(127);
	return NULL;
}

static void report(int fd, int error, const char *step)
{
	struct birth b = { .ns = now_ns(), .error = error };

	snprintf(b.step, sizeof(b.step), "%s", step);
	(void)!write(fd, &b, sizeof(b));
}

_Noreturn static void child(const struct plan *p)
{
	const char *wrong = prepare(p);

	if (!wrong) {
		report(p->report, 0, "");
		/* execvp changes no string; its prototype is older than const. */
		execvp(p->argv[0], (char *const *)(uintptr_t)p->argv);
		wrong = "execve";
	}
	report(p->report, errno, wrong);
	_exit(127);
}

/* ---- its output -------------------------------------------------------------------- */

static void stream_close(struct run_stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* Room for len more and a NUL; false when the stream is as long as it may get. */
static bool stream_room(struct run_stream *s, size_t len)
{
	if (len < s->cap - s->len)
		return true;
	size_t cap = s->cap * 2 + 65536;
	if (cap > RUN_OUTPUT_MAX)
		cap = RUN_OUTPUT_MAX;
	if (len >= cap - s->len)
		return false;
	char *text = realloc(s->text, cap);
	if (!text)
		return false;
	s->text = text;
	s->cap = cap;
	return true;
}

/* All that is there, without waiting. */
static void stream_drain(struct run_stream *s)
{
	char chunk[16384];

	while (s->fd >= 0) {
		ssize_t n = read(s->fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			stream_close(s);
			return;
		}
		if (!stream_room(s, (size_t)n)) {
			s->cut = true;
			continue;
		}
		memcpy(s->text + s->len, chunk, (size_t)n);
		s->len += (size_t)n;
		s->text[s->len] = '\0';
	}
}

/* Never NULL afterwards. */
static bool stream_begin(struct run_stream *s)
{
	*s = (struct run_stream){ .fd = -1 };
	if (!stream_room(s, 0))
		return false;
	s->text[0] = '\0';
	return true;
}

/* ---- starting ---------------------------------------------------------------------- */

static int cannot_start(struct testnet *net, int e, const char *program, const char *step)
{
	snprintf(net->err, sizeof(net->err), "starting %s: %s: %s", program, step, strerror(e));
	errno = e;
	return -1;
}

/* Standard input: a file, so that a program which never reads it cannot block anybody. */
static int open_input(const struct run_options *opt)
{
	if (!opt->input)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("input", MFD_CLOEXEC);
	size_t len = strlen(opt->input);
	if (fd >= 0 && (write(fd, opt->input, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Our end stays with s; the other end is returned. */
static int open_output(struct run_stream *s)
{
	int fd[2];

	if (!stream_begin(s) || pipe2(fd, O_CLOEXEC) < 0)
		return -1;
	/* A full pipe would add our scheduling to the program's time. */
	(void)fcntl(fd[1], F_SETPIPE_SZ, 1 << 20);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	s->fd = fd[0];
	return fd[1];
}

static int fork_child(struct testnet *net, struct plan *plan, struct running *run)
{
	int pipe_fd[2];
	struct birth birth = { .error = EPIPE, .step = "before it could say why" }, last;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return cannot_start(net, errno, plan->argv[0], "pipe");
	plan->report = pipe_fd[1];
	plan->parent = getpid();
	run->pid = fork();
	if (run->pid == 0)
		child(plan);
	close(pipe_fd[1]);
	if (run->pid < 0) {
		run->pid = 0;
		close(pipe_fd[0]);
		return cannot_start(net, errno, plan->argv[0], "fork");
	}
	/* One birth and the end of the file: it runs.  A second birth: it does not. */
	while (read(pipe_fd[0], &last, sizeof(last)) == (ssize_t)sizeof(last))
		birth = last;
	close(pipe_fd[0]);
	if (birth.error)
		return cannot_start(net, birth.error, plan->argv[0], birth.step);
	run->started_ns = birth.ns;
	run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	return run->pidfd < 0 ? cannot_start(net, errno, plan->argv[0], "pidfd_open") : 0;
}

int testnet_start(struct testnet *net, enum side side, const char *const argv[],
		  const struct run_options *opt, struct running *run)
{
	static const struct run_options plain = { .timeout_ns = RUN_TIMEOUT_NS };

	opt = opt ? opt : &plain;
	*run = (struct running){ .pidfd = -1 };
	int in = open_input(opt), out = open_output(&run->out), err = open_output(&run->err);
	struct plan plan = {
		.net = net, .side = side, .argv = argv, .opt = opt,
		.in = opt->stdin_fd > 0 ? opt->stdin_fd : in,
		.out = opt->close_stdout ? -1 : opt->stdout_fd > 0 ? opt->stdout_fd : out,
		.err = opt->stderr_fd > 0 ? opt->stderr_fd : err,
	};
	int rc = in < 0 || out < 0 || err < 0 ?
		 cannot_start(net, errno, argv[0], "its streams") : fork_child(net, &plan, run);
	int e = errno;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
	if (rc < 0)
		running_kill(run);
	uint64_t timeout = opt->timeout_ns ? opt->timeout_ns : RUN_TIMEOUT_NS;
	run->deadline_ns = run->started_ns + timeout;
	errno = e;
	return rc;
}

/* ---- while it runs ----------------------------------------------------------------- */

/*
 * One wait for output, the end, or the given time.  True when the program has ended;
 * it is then still to be reaped.
 */
static bool pump(struct running *run, uint64_t until_ns)
{
	struct pollfd p[3] = {
		{ .fd = run->pidfd, .events = POLLIN },
		{ .fd = run->out.fd, .events = POLLIN },
		{ .fd = run->err.fd, .events = POLLIN },
	};
	uint64_t now = now_ns();
	uint64_t left = until_ns > now ? until_ns - now : 0;
	struct timespec t = { (time_t)(left / UINT64_C(1000000000)),
			      (long)(left % UINT64_C(1000000000)) };

	if (ppoll(p, 3, &t, NULL) < 0)
		return false;
	stream_drain(&run->out);
	stream_drain(&run->err);
	return (p[0].revents & POLLIN) != 0;
}

/* To the end, to until_ns, or to the program's deadline, at which it is killed. */
static bool pump_until(struct running *run, uint64_t until_ns)
{
	for (;;) {
		uint64_t now = now_ns();
		if (!run->timed_out && now >= run->deadline_ns) {
			run->timed_out = true;
			kill(-run->pid, SIGKILL);
		}
		if (now >= until_ns)
			return pump(run, 0);
		bool hurry = !run->timed_out && run->deadline_ns < until_ns;
		if (pump(run, hurry ? run->deadline_ns : until_ns))
			return true;
	}
}

bool running_for(struct running *run, uint64_t duration_ns)
{
	return pump_until(run, now_ns() + duration_ns);
}

bool running_until(struct running *run, const struct run_stream *stream, const char *text)
{
	bool over = false;

	while (!strstr(stream->text, text)) {
		/* One more look after the end: its last words may still be in the pipe. */
		if (over)
			return false;
		uint64_t soon = now_ns() + 1000000;
		over = pump_until(run, soon) || run->timed_out;
	}
	return true;
}

int running_signal(struct running *run, int signo)
{
	return kill(run->pid, signo);
}

static void reap(struct running *run, struct runresult *out)
{
	int status = 0;

	/* Whatever it had started would keep the pipes open.  While it is not yet
	 * reaped, its number is nobody else's. */
	kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
		;
	out->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

void running_wait(struct running *run, struct runresult *out)
{
	*out = (struct runresult){ .status = -1 };
	pump_until(run, UINT64_MAX);
	out->wall_ns = now_ns() - run->started_ns;
	reap(run, out);
	stream_drain(&run->out);
	stream_drain(&run->err);
	stream_close(&run->out);
	stream_close(&run->err);
	close(run->pidfd);
	out->timed_out = run->timed_out;
	out->out = run->out.text;
	out->out_len = run->out.len;
	out->out_cut = run->out.cut;
	out->err = run->err.text;
	out->err_len = run->err.len;
	out->err_cut = run->err.cut;
	*run = (struct running){ .pidfd = -1, .out.fd = -1, .err.fd = -1 };
}

void running_kill(struct running *run)
{
	struct runresult ignored;

	if (run->pid > 0) {
		reap(run, &ignored);
		if (run->pidfd >= 0)
			close(run->pidfd);
	}
	/* All zero stands for "never started", and 0 is not a pipe of ours. */
	if (run->out.text)
		stream_close(&run->out);
	if (run->err.text)
		stream_close(&run->err);
	free(run->out.text);
	free(run->err.text);
	*run = (struct running){ .pidfd = -1, .out.fd = -1, .err.fd = -1 };
}

int testnet_run_with(struct testnet *net, enum side side, const char *const argv[],
		     const struct run_options *opt, struct runresult *out)
{
	struct running run;

	*out = (struct runresult){ .status = -1 };
	if (testnet_start(net, side, argv, opt, &run) < 0)
		return -1;
	running_wait(&run, out);
	return 0;
}

int testnet_run(struct testnet *net, enum side side, const char *const argv[],
		struct runresult *out)
{
	return testnet_run_with(net, side, argv, NULL, out);
}

void runresult_free(struct runresult *r)
{
	free(r->out);
	free(r->err);
	*r = (struct runresult){ .status = -1 };
}
