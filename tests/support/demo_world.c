#include "demo_world.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

uint64_t monotonic_now_ns(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
}

unsigned scaled(unsigned full, unsigned otherwise)
{
	const char *set = getenv("DEMO_FULL");

	return set && *set && strcmp(set, "0") != 0 ? full : otherwise;
}

/* ---- starting --------------------------------------------------------------------------- */

static void path_of(const char *name, char path[static PATH_MAX])
{
	char self[PATH_MAX / 2];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(path, PATH_MAX, "%s/../bin/%s", self, name);
}

static void pipe_to(int ends[2])
{
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
}

void program_start_to(struct program *p, const char *const argv[], int stdout_fd)
{
	int in[2], out[2], err[2];
	char path[PATH_MAX];

	path_of(argv[0], path);
	pipe_to(in);
	pipe_to(out);
	pipe_to(err);
	fflush(stdout);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], STDIN_FILENO);
		dup2(stdout_fd >= 0 ? stdout_fd : out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		execv(path, (char *const *)argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	*p = (struct program){ .pid = pid, .in = in[1], .out.fd = out[0], .err.fd = err[0] };
	p->out.text = zeroed(1);
	p->err.text = zeroed(1);
}

void program_start(struct program *p, const char *const argv[])
{
	program_start_to(p, argv, -1);
}

void program_type(struct program *p, const char *text)
{
	assert_int_equal(write(p->in, text, strlen(text)), strlen(text));
}

void program_type_end(struct program *p)
{
	if (p->in >= 0)
		close(p->in);
	p->in = -1;
}

/* ---- listening to it --------------------------------------------------------------------- */

static void collect(struct output *o)
{
	/* As much again as there is: the more there is, the seldomer it is copied. */
	if (o->room - o->len < 4096) {
		o->room = 2 * o->len + 8192;
		o->text = realloc(o->text, o->room + 1);
		assert_non_null(o->text);
	}
	ssize_t n = read(o->fd, o->text + o->len, o->room - o->len);

	if (n <= 0) {
		close(o->fd);
		o->fd = -1;
		return;
	}
	o->len += (size_t)n;
	o->text[o->len] = '\0';
}

static void fail_of(struct program *p, const char *what)
{
	printf("# standard output: %.500s\n# standard error: %.500s\n", p->out.text, p->err.text);
	program_stop(p);
	fail_msg("%s", what);
}

/* False: both outputs are over. */
static bool collect_for(struct program *p, uint64_t deadline_ns, int timeout_ms)
{
	struct pollfd f[] = { { .fd = p->out.fd, .events = POLLIN },
			      { .fd = p->err.fd, .events = POLLIN } };

	if (p->out.fd < 0 && p->err.fd < 0)
		return false;
	if (monotonic_now_ns() > deadline_ns)
		fail_of(p, "the program keeps us waiting");
	if (poll(f, 2, timeout_ms) <= 0)
		return true;
	if (f[0].revents)
		collect(&p->out);
	if (f[1].revents)
		collect(&p->err);
	return true;
}

static bool collect_both(struct program *p, uint64_t deadline_ns)
{
	return collect_for(p, deadline_ns, 100);
}

void program_glance(struct program *p)
{
	(void)collect_for(p, UINT64_MAX, 0);
}

void program_until(struct program *p, const struct output *o, const char *text)
{
	uint64_t deadline = monotonic_now_ns() + PATIENCE_NS;

	while (!strstr(o->text, text))
		if (!collect_both(p, deadline))
			fail_of(p, text);
}

int program_end(struct program *p)
{
	uint64_t deadline = monotonic_now_ns() + PATIENCE_NS;
	int status;

	while (collect_both(p, deadline))
		;
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	p->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void program_stop(struct program *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	program_type_end(p);
	if (p->out.fd >= 0)
		close(p->out.fd);
	if (p->err.fd >= 0)
		close(p->err.fd);
	free(p->out.text);
	free(p->err.text);
	*p = (struct program){ .in = -1, .out.fd = -1, .err.fd = -1 };
}

struct sockaddr_in program_address(struct program *p)
{
	char host[16];
	unsigned port = 0;

	if (p->where.sin_port)
		return p->where;
	program_until(p, &p->err, "\n");
	const char *at = strstr(p->err.text, " on ");
	at = at ? at : strstr(p->err.text, " at ");
	if (!at || sscanf(at + 4, "%15[0-9.]:%u", host, &port) != 2)
		fail_of(p, "the program does not say where it is");
	p->where = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	assert_int_equal(inet_pton(AF_INET, host, &p->where.sin_addr), 1);
	return p->where;
}

/* ---- sockets ------------------------------------------------------------------------------ */

void with_patience(int fd)
{
	struct timeval t = { .tv_sec = (time_t)(PATIENCE_NS / SEC_NS) };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)), 0);
}

int caller_of(struct program *p)
{
	struct sockaddr_in a = program_address(p);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	with_patience(fd);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

char *hear_all(int fd, size_t *len, int *error)
{
	char *text = NULL;
	ssize_t n;

	*len = 0;
	do {
		text = realloc(text, *len + 4096 + 1);
		assert_non_null(text);
		n = recv(fd, text + *len, 4096, 0);
		*len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	*error = n < 0 ? errno : 0;
	assert_int_not_equal(*error, EAGAIN);	/* our patience has ended */
	text[*len] = '\0';
	return text;
}

void hear_exactly(int fd, void *buf, size_t len)
{
	assert_int_equal(recv(fd, buf, len, MSG_WAITALL), len);
}

/* ---- what it costs -------------------------------------------------------------------------- */

size_t program_descriptors(const struct program *p)
{
	char path[64];
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)p->pid);
	DIR *d = opendir(path);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

uint64_t program_status(const struct program *p, const char *key)
{
	char path[64], line[256];
	size_t len = strlen(key);
	uint64_t value = UINT64_MAX;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)p->pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, key, len) == 0 && line[len] == ':')
			value = strtoull(line + len + 1, NULL, 10);
	fclose(f);
	assert_true(value != UINT64_MAX);
	return value;
}

uint64_t program_cpu_ns(const struct program *p)
{
	char path[64], text[1024];
	unsigned long long user = 0, system = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)p->pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	/* Fields 14 and 15 (proc(5)); the name, field 2, may hold blanks, and ends with ')'. */
	assert_int_equal(sscanf(strrchr(text, ')') + 2,
				"%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
				&user, &system), 2);
	return (uint64_t)(user + system) * SEC_NS / (uint64_t)sysconf(_SC_CLK_TCK);
}
