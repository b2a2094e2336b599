#include "starter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ORDER_MAX 4096u		/* bytes of one order: output file, then arguments, each with its NUL */
#define ARGS_MAX 32u

extern char **environ;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* ---- the starter's own side --------------------------------------------------------- */

/* What a starter is told when it is made. */
struct duty {
	const struct testnet *net;	/* NULL: stay where we are */
	enum side side;
	const char *ifname;		/* whose frames are counted; NULL: nobody's */
	uint64_t timeout_ns;
};

static uint64_t frames_sent(const char *ifname)
{
	FILE *f = ifname ? fopen("/proc/thread-self/net/dev", "r") : NULL;
	char line[512], name[32];
	unsigned long long sent = 0, n;

	while (f && fgets(line, sizeof(line), f))
		/* eight numbers of what came in, then bytes and packets of what went out */
		if (sscanf(line, " %31[^:]: %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu", name, &n) == 2 &&
		    strcmp(name, ifname) == 0)
			sent = n;
	if (f)
		fclose(f);
	return sent;
}

/* Waits for its end, and brings it about when the time is over. */
static void await(pid_t pid, uint64_t timeout_ns, struct timed *out)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	struct rusage use;
	int status;

	if (pidfd < 0 || poll(&p, 1, (int)(timeout_ns / 1000000)) != 1)
		kill(pid, SIGKILL);
	while (wait4(pid, &status, 0, &use) < 0 && errno == EINTR)
		;
	out->wall_ns = now_ns() - out->wall_ns;
	close(pidfd);
	out->cpu_ns = (uint64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000000u +
		      (uint64_t)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000u;
	out->peak_kib = use.ru_maxrss;
	out->faults = use.ru_minflt;
	out->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void start(char *output, char *const argv[], const struct duty *duty, struct timed *out)
{
	posix_spawn_file_actions_t files;
	uint64_t sent = frames_sent(duty->ifname);
	pid_t pid;

	*out = (struct timed){ .error = posix_spawn_file_actions_init(&files) };
	if (out->error)
		return;
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	out->wall_ns = now_ns();
	out->error = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	if (!out->error)
		await(pid, duty->timeout_ns, out);
	posix_spawn_file_actions_destroy(&files);
	out->frames = frames_sent(duty->ifname) - sent;
}

/* The strings of the order, one behind another. */
static void obey(char *order, size_t len, const struct duty *duty, struct timed *out)
{
	char *arg[ARGS_MAX + 1] = { NULL };
	size_t n = 0;

	for (size_t at = 0; at < len && n < ARGS_MAX; at += strlen(order + at) + 1)
		arg[n++] = order + at;
	start(arg[0], arg + 1, duty, out);
}

_Noreturn static void serve(int fd, const struct duty *duty)
{
	char order[ORDER_MAX + 1];
	struct timed t;

	for (;;) {
		ssize_t n = recv(fd, order, ORDER_MAX, 0);
		if (n <= 0)
			_exit(0);
		order[n] = '\0';
		obey(order, (size_t)n, duty, &t);
		if (send(fd, &t, sizeof(t), MSG_NOSIGNAL) != (ssize_t)sizeof(t))
			_exit(1);
	}
}

_Noreturn static void child(const struct duty *duty, int fd, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
		_exit(1);
	if (!duty->net)
		serve(fd, duty);
	if (testnet_stay(duty->net, duty->side) < 0)
		_exit(1);
	/* /sys shows the namespace that mounted it; where that is forbidden the old one stays. */
	if (unshare(CLONE_NEWNS) == 0)
		(void)mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	serve(fd, duty);
}

/* ---- the caller's side -------------------------------------------------------------- */

static int begin(struct starter *s, const struct duty *duty)
{
	pid_t parent = getpid();
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0)
		return -1;
	(void)fflush(NULL);
	s->pid = fork();
	if (s->pid == 0) {
		close(fd[0]);
		child(duty, fd[1], parent);
	}
	s->fd = fd[0];
	close(fd[1]);
	if (s->pid > 0)
		return 0;
	close(fd[0]);
	return -1;
}

int starter_begin(struct starter *s, const struct testnet *net, enum side side)
{
	return begin(s, &(struct duty){ net, side, testnet_ifname(side), STARTER_TIMEOUT_NS });
}

int starter_begin_here(struct starter *s, uint64_t timeout_ns)
{
	return begin(s, &(struct duty){ .timeout_ns = timeout_ns });
}

int starter_run(struct starter *s, const char *const argv[], const char *output,
		struct timed *out)
{
	char order[ORDER_MAX];
	size_t len = strlen(output) + 1;

	if (len > sizeof(order)) {
		errno = E2BIG;
		return -1;
	}
	memcpy(order, output, len);
	for (size_t i = 0; argv[i]; i++) {
		size_t more = strlen(argv[i]) + 1;
		if (more > sizeof(order) - len || i + 2 > ARGS_MAX) {
			errno = E2BIG;
			return -1;
		}
		memcpy(order + len, argv[i], more);
		len += more;
	}
	if (send(s->fd, order, len, MSG_NOSIGNAL) != (ssize_t)len)
		return -1;
	if (recv(s->fd, out, sizeof(*out), 0) == (ssize_t)sizeof(*out))
		return 0;
	errno = EPIPE;
	return -1;
}

void starter_end(struct starter *s)
{
	close(s->fd);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
