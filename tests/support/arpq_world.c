#include "arpq_world.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define TEST_SECONDS 100u	/* after which a test is taken to hang */

struct world {
	bool usable, was_root;
	char why[256];
	struct testnet net;
};

/* ---- one world ------------------------------------------------------------------- */

static int begin(void **state, bool bridge)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	*state = w;
	w->was_root = geteuid() == 0;
	if (!netns_available(w->why))
		return 0;
	if (netns_enter_private(w->why) < 0) {
		print_error("%s\n", w->why);
		return -1;
	}
	if (testnet_begin(&w->net, &(struct testnet_options){ .bridge = bridge }) == 0) {
		w->usable = true;
		return 0;
	}
	memcpy(w->why, w->net.err, sizeof(w->why));
	if (bridge && errno == EOPNOTSUPP)
		return 0;
	print_error("%s\n", w->why);
	return -1;
}

int world_begin(void **state)
{
	return begin(state, false);
}

int world_with_bridge_begin(void **state)
{
	return begin(state, true);
}

int world_end(void **state)
{
	struct world *w = *state;

	if (w->usable)
		testnet_end(&w->net);
	free(w);
	return 0;
}

bool was_root(void **state)
{
	const struct world *w = *state;

	return w->was_root;
}

struct testnet *net_of(void **state)
{
	struct world *w = *state;

	if (!w->usable)
		skip_aloud(w->why);
	return &w->net;
}

_Noreturn void skip_aloud(const char *why)
{
	print_message("skipped: %s\n", why);
	skip();
	abort();
}

void need_program(const char *name)
{
	char *path = getenv("PATH"), *copy = strdup(path ? path : "/usr/bin:/bin"), *rest = copy;
	char file[PATH_MAX], why[128];
	bool found = false;

	for (char *dir; !found && (dir = strsep(&rest, ":"));) {
		snprintf(file, sizeof(file), "%s/%s", dir, name);
		found = access(file, X_OK) == 0;
	}
	free(copy);
	snprintf(why, sizeof(why), "%s is not installed", name);
	if (!found)
		skip_aloud(why);
}

/* ---- side by side ---------------------------------------------------------------- */

struct job {
	const struct CMUnitTest *test;
	pid_t pid;
	int status;		/* as of waitpid() */
	FILE *told;		/* what it said */
};

_Noreturn static void be_the_test(const struct job *j, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	alarm(TEST_SECONDS);
	dup2(fileno(j->told), STDOUT_FILENO);
	dup2(fileno(j->told), STDERR_FILENO);
	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 1);
	int failed = _cmocka_run_group_tests("one", j->test, 1, NULL, NULL);
	fflush(NULL);
	_exit(failed ? 1 : 0);
}

static int start_job(struct job *j)
{
	pid_t parent = getpid();

	j->told = tmpfile();
	if (!j->told)
		return -1;
	fflush(NULL);
	j->pid = fork();
	if (j->pid == 0)
		be_the_test(j, parent);
	return j->pid < 0 ? -1 : 0;
}

static void reap_one(struct job *jobs, size_t n)
{
	int status;
	pid_t pid = wait(&status);

	for (size_t i = 0; i < n; i++)
		if (jobs[i].pid == pid)
			jobs[i].status = status;
}

/* cmocka's test in this process: says again what was said in the other one. */
static void tell(void **state)
{
	struct job *j = *state;
	bool skipped = false, good = WIFEXITED(j->status) && WEXITSTATUS(j->status) == 0;
	char line[1024];

	rewind(j->told);
	while (fgets(line, sizeof(line), j->told)) {
		skipped = skipped || strstr(line, "# SKIP");
		if (!good || strncmp(line, "skipped: ", 9) == 0 || strncmp(line, "measured: ", 10) == 0)
			print_message("%s%s", good ? "" : "# ", line);
	}
	fclose(j->told);
	if (WIFSIGNALED(j->status))
		fail_msg("ended by signal %d%s", WTERMSIG(j->status),
			 WTERMSIG(j->status) == SIGALRM ? ": it hung" : "");
	/* cmocka 1.1.5 ends with 0 after a skip. */
	if (good && skipped)
		skip();
	if (!good)
		fail_msg("failed");
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

/*
 * bin/arpq beside the folder of this test program.  Found before any namespace is
 * entered: in a chroot the kernel then calls the program by its path outside.
 */
static char arpq_path[PATH_MAX];

static void find_arpq(void)
{
	ssize_t n = readlink("/proc/self/exe", arpq_path, sizeof(arpq_path) - 16);
	char *slash;

	assert_true(n > 0);
	arpq_path[n] = '\0';
	slash = strrchr(arpq_path, '/');
	assert_non_null(slash);
	strcpy(slash, "/../bin/arpq");
}

int run_side_by_side(const struct CMUnitTest *tests, size_t n, unsigned at_once, int argc,
		     char **argv)
{
	struct job *jobs = calloc(n, sizeof(*jobs));
	struct CMUnitTest *told = calloc(n, sizeof(*told));
	size_t wanted = 0, started = 0;
	int failed;

	if (!jobs || !told)
		return 1;
	find_arpq();
	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(tests[i].name, argc, argv))
			continue;
		jobs[wanted].test = &tests[i];
		told[wanted] = (struct CMUnitTest){ .name = tests[i].name, .test_func = tell,
						    .initial_state = &jobs[wanted] };
		wanted++;
	}
	for (; started < wanted; started++) {
		if (started >= at_once)
			reap_one(jobs, wanted);
		if (start_job(&jobs[started]) < 0) {
			perror("starting a test");
			return 1;
		}
	}
	for (size_t left = wanted < at_once ? wanted : at_once; left > 0; left--)
		reap_one(jobs, wanted);
	failed = wanted ? _cmocka_run_group_tests("tests", told, wanted, NULL, NULL) : 0;
	free(told);
	free(jobs);
	return failed;
}

/* ---- arpq ------------------------------------------------------------------------ */

void args_of(struct args *a, const char *text)
{
	char *rest = a->text, *word;
	size_t n = 0;

	a->v[n++] = arpq_path;
	assert_true(strlen(text) < sizeof(a->text));
	strcpy(a->text, text);
	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		assert_true(n <= ARGS_MAX);
		a->v[n++] = word;
	}
	a->v[n] = NULL;
}

struct runresult arpq_with(struct testnet *net, const char *args, const struct run_options *opt)
{
	struct runresult r;
	struct args a;

	args_of(&a, args);
	must(net, testnet_run_with(net, SIDE_CLIENT, a.v, opt, &r));
	return r;
}

struct runresult arpq(struct testnet *net, const char *args)
{
	return arpq_with(net, args, &(struct run_options){ 0 });
}

void arpq_start(struct testnet *net, const char *args, struct running *run)
{
	struct run_options o = { .timeout_ns = 30 * SEC_NS };
	struct args a;

	args_of(&a, args);
	must(net, testnet_start(net, SIDE_CLIENT, a.v, &o, run));
}

void print_result(const struct runresult *r)
{
	/* cmocka's own print_message() cuts what is longer than 1,023 bytes. */
	printf("exit %d, signal %d%s, after %.3f s\nstdout: %s\nstderr: %s\n", r->status, r->signal,
	       r->timed_out ? " (it hung)" : "", (double)r->wall_ns / 1e9, r->out, r->err);
}

void expect_exit_at(const struct runresult *r, int status, const char *file, int line)
{
	if (r->status == status)
		return;
	print_result(r);
	print_message("%s:%d: exit status %d expected\n", file, line, status);
	fail();
}

void expect_has_at(const struct runresult *r, const char *text, const char *part, bool has,
		   const char *file, int line)
{
	if ((strstr(text, part) != NULL) == has)
		return;
	print_result(r);
	print_message("%s:%d: std%s %s \"%s\"\n", file, line, text == r->out ? "out" : "err",
		      has ? "lacks" : "has", part);
	fail();
}

void arpq_says(struct testnet *net, const char *args, int status, const char *out, const char *err)
{
	struct runresult r = arpq(net, args);

	expect_exit(&r, status);
	if (out)
		expect_out(&r, out);
	else
		assert_string_equal(r.out, "");
	if (err)
		expect_err(&r, err);
	else
		assert_string_equal(r.err, "");
	runresult_free(&r);
}

size_t lines_in(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* ---- counting -------------------------------------------------------------------- */

struct tap_counter tap_at(struct testnet *net, enum side side, enum tap_ways ways)
{
	struct tap_counter tap;

	must(net, tap_open(&tap, net, side, testnet_ifname(side), ways));
	return tap;
}

size_t requests_for(struct tap_counter *tap, struct ip4 ip)
{
	struct tap_match m = { .op = ARP_REQUEST, .target_ip = &ip };

	sleep_ms(20);
	assert_int_equal(tap_collect(tap), 0);
	return tap_count(tap, &m);
}

size_t frames_at(struct tap_counter *tap)
{
	sleep_ms(20);
	assert_int_equal(tap_collect(tap), 0);
	return tap->n;
}

/* ---- time and files -------------------------------------------------------------- */

void sleep_ms(unsigned ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
}

void put_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

char *get_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(text);
	*len = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	return text;
}
