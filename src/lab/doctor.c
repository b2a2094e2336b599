/* The doctor: sends a child ahead, looks around by itself, and puts together what was found. */
#include "doctor_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wirelab/clock.h"

#define CHILD_FIRST DOCTOR_USERNS
#define CHILD_LAST DOCTOR_OFFLOAD

/* ---- the child -------------------------------------------------------------------------- */

struct child {
	pid_t pid;
	int news;		/* where it writes to us */
	enum doctor_item at;	/* the step that it is in */
};

static bool start(struct child *c, const struct doctor_options *options)
{
	int ends[2];
	pid_t parent = getpid();

	_Static_assert(sizeof(struct doctor_news) <= PIPE_BUF, "news come whole");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	c->pid = fork();
	if (c->pid == 0) {
		/* It must not outlive us; and if we are gone already, it was too late for that. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			_exit(1);
		doctor_try_all(ends[1], options);
	}
	int saved = errno;
	(void)close(ends[1]);
	if (c->pid < 0)
		(void)close(ends[0]);
	errno = saved;
	c->news = ends[0];
	return c->pid > 0;
}

/* 1: a line has come; 0: no more will; -1: none came within the time. */
static int one_line(struct child *c, struct doctor_report *report, uint64_t within_ns)
{
	struct instant deadline = instant_after(clock_now(), within_ns);
	struct pollfd p = { .fd = c->news, .events = POLLIN };
	struct doctor_news news;

	for (;;) {
		uint64_t left = instant_since(clock_now(), deadline);
		struct timespec wait = { .tv_sec = (time_t)(left / SEC_NS),
					 .tv_nsec = (long)(left % SEC_NS) };
		int n = ppoll(&p, 1, &wait, NULL);
		if (n == 0)
			return -1;
		if (n > 0)
			break;
		if (errno != EINTR)
			return 0;
	}
	if (read(c->news, &news, sizeof(news)) != (ssize_t)sizeof(news))
		return 0;
	report->line[news.item] = news.line;
	c->at = (enum doctor_item)(news.item + 1);
	return 1;
}

/* Its status, or 0 when it does not end: a process that hangs in the kernel cannot be killed,
 * and it is better to say so than to hang as well. */
static int reap(struct child *c)
{
	int status = 0;

	for (unsigned ms = 0; ms < 200; ms++) {
		pid_t pid = waitpid(c->pid, &status, WNOHANG);
		if (pid == c->pid)
			return status;
		if (pid < 0 && errno != EINTR)
			return 0;
		(void)nanosleep(&(struct timespec){ .tv_nsec = (long)MSEC_NS }, NULL);
	}
	return 0;
}

static void say_how_it_died(const struct child *c, struct doctor_report *report, int status)
{
	char what[32] = "";

	if (WIFSIGNALED(status))
		(void)snprintf(what, sizeof(what), "%d", WTERMSIG(status));
	doctor_blame(&report->line[c->at], DOCTOR_DIED, 0, what);
}

static void try_in_a_child(struct doctor_report *report, const struct doctor_options *options)
{
	struct child c = { .at = CHILD_FIRST };
	uint64_t step_ns = options->step_ns ? options->step_ns : DOCTOR_STEP_NS;
	int come;

	if (!start(&c, options)) {
		doctor_blame(&report->line[CHILD_FIRST], DOCTOR_NO_CHILD, errno, "fork");
		return;
	}
	do {
		come = one_line(&c, report, step_ns);
	} while (come > 0 && c.at <= CHILD_LAST);
	if (come < 0) {
		(void)kill(c.pid, SIGKILL);
		doctor_blame(&report->line[c.at], DOCTOR_HUNG, 0, "");
	}
	(void)close(c.news);
	int status = reap(&c);
	if (come == 0)
		say_how_it_died(&c, report, status);
}

/* ---- around here ------------------------------------------------------------------------ */

static void fine(struct doctor_line *line, const char *detail)
{
	*line = (struct doctor_line){ .state = DOCTOR_OK };
	(void)snprintf(line->detail, sizeof(line->detail), "%.*s",
		       (int)sizeof(line->detail) - 1, detail);
}

static void look_at_the_kernel(struct doctor_line *line)
{
	struct utsname os;
	unsigned major = 0, minor = 0;

	(void)uname(&os);
	bool known = sscanf(os.release, "%u.%u", &major, &minor) == 2;
	if (known && (major < DOCTOR_KERNEL_MAJOR ||
		      (major == DOCTOR_KERNEL_MAJOR && minor < DOCTOR_KERNEL_MINOR)))
		doctor_blame(line, DOCTOR_KERNEL_OLD, 0, os.release);
	else
		fine(line, os.release);
}

static void count_descriptors(struct doctor_line *line)
{
	struct rlimit limit = { .rlim_cur = 0 };
	char number[24] = "-";

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)limit.rlim_cur);
	if (limit.rlim_cur < DOCTOR_DESCRIPTORS_MIN)
		doctor_blame(line, DOCTOR_FEW_DESCRIPTORS, 0, number);
	else
		fine(line, number);
}

/* As execvp(3) looks for it: an empty part of PATH is the current directory. */
static bool find_program(const char *name, char *out, size_t size)
{
	const char *path = getenv("PATH");
	struct stat st;

	for (const char *next; path; path = next) {
		size_t len = strcspn(path, ":");
		next = path[len] ? path + len + 1 : NULL;
		int n = snprintf(out, size, "%.*s%s%s", (int)len, path, len ? "/" : "", name);
		if (n > 0 && (size_t)n < size && stat(out, &st) == 0 && S_ISREG(st.st_mode) &&
		    access(out, X_OK) == 0)
			return true;
	}
	return false;
}

static void look_for(struct doctor_line *line, const char *name, const char *other,
		     const char *packages)
{
	char where[PATH_MAX];

	if (find_program(name, where, sizeof(where)) ||
	    (other && find_program(other, where, sizeof(where)))) {
		fine(line, where);
		return;
	}
	doctor_blame(line, DOCTOR_NO_PROGRAM, 0, packages);
	line->state = DOCTOR_NOTE;
}

/* ---- the report ------------------------------------------------------------------------- */

static bool is_ok(const struct doctor_report *report, enum doctor_item item)
{
	return report->line[item].state == DOCTOR_OK;
}

enum doctor_carrier doctor_carrier(const struct doctor_report *report)
{
	if (is_ok(report, DOCTOR_TAP))
		return DOCTOR_BY_TAP;
	if (is_ok(report, DOCTOR_VETH) && is_ok(report, DOCTOR_PACKET) &&
	    is_ok(report, DOCTOR_OFFLOAD))
		return DOCTOR_BY_VETH;
	return DOCTOR_NO_CARRIER;
}

/* One carrier is enough: what the other one lacks is good to know. */
static void forgive_the_other_carrier(struct doctor_report *report)
{
	static const enum doctor_item carriers[] = { DOCTOR_TAP, DOCTOR_PACKET, DOCTOR_VETH,
						     DOCTOR_OFFLOAD };

	if (doctor_carrier(report) == DOCTOR_NO_CARRIER)
		return;
	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++) {
		struct doctor_line *line = &report->line[carriers[i]];
		if (line->state == DOCTOR_FAILED)
			line->state = DOCTOR_NOTE;
	}
}

bool doctor_usable(const struct doctor_report *report)
{
	static const enum doctor_item needed[] = { DOCTOR_KERNEL, DOCTOR_USERNS, DOCTOR_NETNS,
						   DOCTOR_SETTINGS, DOCTOR_REPAIR,
						   DOCTOR_DESCRIPTORS };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!is_ok(report, needed[i]))
			return false;
	return doctor_carrier(report) != DOCTOR_NO_CARRIER;
}

void doctor_examine(struct doctor_report *report, const struct doctor_options *options)
{
	static const struct doctor_options ordinary;

	memset(report, 0, sizeof(*report));
	report->root = geteuid() == 0;
	look_at_the_kernel(&report->line[DOCTOR_KERNEL]);
	try_in_a_child(report, options ? options : &ordinary);
	forgive_the_other_carrier(report);
	count_descriptors(&report->line[DOCTOR_DESCRIPTORS]);
	look_for(&report->line[DOCTOR_WIRESHARK], "wireshark", "tshark", "wireshark tshark");
	look_for(&report->line[DOCTOR_TCPDUMP], "tcpdump", NULL, "tcpdump");
}
