/* When was this address last asked, by any process?  RFC 1122 2.3.2.1: once a second at most. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "wirelab/askfile.h"

static const struct cache_place eth0 = { .netns = 1, .ifindex = 2 };
static const struct ip4 alice = { { 10, 0, 0, 1 } }, bob = { { 10, 0, 0, 2 } };

struct world {
	char dir[128], path[160];
};

static struct instant at(double seconds)
{
	return (struct instant){ (uint64_t)(seconds * 1e9) };
}

static struct instant boottime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (struct instant){ (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec };
}

static struct askfile *must_open(const struct world *w)
{
	char err[256];
	struct askfile *a = askfile_open(w->path, err);

	if (!a)
		fail_msg("%s", err);
	return a;
}

/* 0 when it may go; otherwise the time it has to wait for, in milliseconds. */
static long claim_at(struct askfile *a, struct ip4 ip, double seconds)
{
	struct instant until = at(0);

	return askfile_claim(a, ip, &eth0, at(seconds), SEC_NS, &until)
		       ? 0 : (long)(until.ns / MSEC_NS);
}

static int make_world(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct world *w = calloc(1, sizeof(*w));

	snprintf(w->dir, sizeof(w->dir), "%.80s/askfile-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir))
		return -1;
	snprintf(w->path, sizeof(w->path), "%s/cache.asked", w->dir);
	*state = w;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static int end_world(void **state)
{
	struct world *w = *state;

	nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

static int status_of(pid_t child)
{
	int status;

	assert_true(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- the story ----------------------------------------------------------------- */

static void an_address_is_asked_once_a_second_by_all_processes_together(void **state)
{
	struct askfile *mine = must_open(*state), *theirs = must_open(*state);

	assert_int_equal(claim_at(mine, alice, 100), 0);
	assert_int_equal(claim_at(theirs, alice, 100.4), 101000);
	assert_int_equal(claim_at(theirs, bob, 100.4), 0);
	assert_int_equal(claim_at(mine, alice, 100.999), 101000);
	assert_int_equal(claim_at(theirs, alice, 101), 0);
	assert_int_equal(claim_at(mine, alice, 101.5), 102000);
	askfile_close(mine);
	askfile_close(theirs);
	/* And by those that come later. */
	mine = must_open(*state);
	assert_int_equal(claim_at(mine, alice, 101.9), 102000);
	assert_int_equal(claim_at(mine, alice, 102), 0);
	askfile_close(mine);
}

static void another_link_is_another_address(void **state)
{
	struct askfile *a = must_open(*state);
	struct cache_place other = eth0;
	struct instant until;

	assert_int_equal(claim_at(a, alice, 100), 0);
	other.vlan = 5;
	assert_true(askfile_claim(a, alice, &other, at(100), SEC_NS, &until));
	other = eth0;
	other.ifindex = 3;
	assert_true(askfile_claim(a, alice, &other, at(100), SEC_NS, &until));
	other = eth0;
	other.netns = 2;
	assert_true(askfile_claim(a, alice, &other, at(100), SEC_NS, &until));
	/* A carrier that went and came is still the same wire. */
	other = eth0;
	other.generation = 99;
	assert_false(askfile_claim(a, alice, &other, at(100), SEC_NS, &until));
	askfile_close(a);
}

static void neighbours_do_not_wait_for_one_another(void **state)
{
	struct askfile *a = must_open(*state);

	for (uint32_t i = 0; i < 65536; i++)
		assert_int_equal(claim_at(a, ip4_from_number(0x0a000000 + i), 100), 0);
	for (uint32_t i = 0; i < 65536; i++)
		assert_int_equal(claim_at(a, ip4_from_number(0x0a000000 + i), 100.5), 101000);
	askfile_close(a);
	/* Half a megabyte of the eight has been touched, and no more is on the disk. */
	struct stat st;
	assert_int_equal(stat(((struct world *)*state)->path, &st), 0);
	assert_true((uint64_t)st.st_size == ASKFILE_SIZE);
	assert_in_range(st.st_blocks * 512, 1, 600 << 10);
}

static void two_that_share_a_word_wait_but_are_never_early(void **state)
{
	struct askfile *a = must_open(*state);
	struct ip4 far = ip4_from_number(ip4_number(alice) + ASKFILE_WORDS);

	assert_int_equal(claim_at(a, alice, 100), 0);
	assert_int_equal(claim_at(a, far, 100.5), 101000);
	assert_int_equal(claim_at(a, far, 101), 0);
	askfile_close(a);
}

static void a_claim_that_could_not_be_sent_is_given_back(void **state)
{
	struct askfile *a = must_open(*state);

	assert_int_equal(claim_at(a, alice, 100), 0);
	askfile_unclaim(a, alice, &eth0, at(100), SEC_NS);
	assert_int_equal(claim_at(a, alice, 100), 0);
	/* Not when somebody else has asked since. */
	assert_int_equal(claim_at(a, alice, 101), 0);
	askfile_unclaim(a, alice, &eth0, at(100), SEC_NS);
	assert_int_equal(claim_at(a, alice, 101.5), 102000);
	/* What was there before counts for whoever leaves more time between two. */
	struct instant until;
	askfile_unclaim(a, alice, &eth0, at(101), SEC_NS);
	assert_false(askfile_claim(a, alice, &eth0, at(101.5), 2 * SEC_NS, &until));
	assert_true(until.ns == at(102).ns);
	/* In the first second after boot, too. */
	assert_int_equal(claim_at(a, bob, 0.5), 0);
	askfile_unclaim(a, bob, &eth0, at(0.5), SEC_NS);
	assert_int_equal(claim_at(a, bob, 0.6), 0);
	assert_int_equal(claim_at(a, bob, 0), 1600);
	askfile_close(a);
}

static void the_second_is_counted_from_when_the_request_went_out(void **state)
{
	struct askfile *a = must_open(*state);

	assert_int_equal(claim_at(a, alice, 100), 0);
	askfile_sent(a, alice, &eth0, at(100), at(100.25));
	assert_int_equal(claim_at(a, alice, 101), 101250);
	assert_int_equal(claim_at(a, alice, 101.25), 0);
	/* Not when somebody else has claimed since, and never backwards. */
	askfile_sent(a, alice, &eth0, at(100.25), at(101.5));
	assert_int_equal(claim_at(a, alice, 102), 102250);
	askfile_sent(a, alice, &eth0, at(101.25), at(101));
	assert_int_equal(claim_at(a, alice, 102), 102250);
	askfile_close(a);
}

static void times_of_another_boot_are_void(void **state)
{
	struct askfile *a = must_open(*state);
	double far = (double)(boottime().ns / SEC_NS) + 1e6;

	assert_int_equal(claim_at(a, alice, far), 0);
	assert_int_equal(claim_at(a, alice, 100), 0);
	assert_int_equal(claim_at(a, alice, 100.5), 101000);
	askfile_close(a);
}

static void who_looked_at_the_clock_too_early_waits_all_the_same(void **state)
{
	struct askfile *a = must_open(*state);
	struct instant now = boottime(), early = { now.ns - 5 * MSEC_NS }, until;

	assert_true(askfile_claim(a, alice, &eth0, now, SEC_NS, &until));
	assert_false(askfile_claim(a, alice, &eth0, early, SEC_NS, &until));
	assert_true(until.ns == now.ns + SEC_NS);
	askfile_close(a);
}

static void the_very_first_nanosecond_counts(void **state)
{
	struct askfile *a = must_open(*state);

	assert_int_equal(claim_at(a, alice, 0), 0);
	assert_int_equal(claim_at(a, alice, 0), 1000);
	askfile_close(a);
}

/* Eight processes ask for one address as fast as they can, for this long. */
enum { RACERS = 8, ROUNDS = 100 };
#define RACE_INTERVAL_NS (4 * MSEC_NS)

/* Claims until ROUNDS intervals are over; reports each success, with its time, to fd. */
static int race(const struct world *w, struct instant start, int fd)
{
	char err[256];
	struct askfile *a = askfile_open(w->path, err);
	struct instant now, until;

	if (!a)
		return 1;
	while ((now = boottime()).ns < start.ns + ROUNDS * RACE_INTERVAL_NS) {
		if (!instant_reached(now, start) ||
		    !askfile_claim(a, alice, &eth0, now, RACE_INTERVAL_NS, &until))
			continue;
		if (write(fd, &now, sizeof(now)) != sizeof(now))
			return 2;
	}
	askfile_close(a);
	return 0;
}

static int compare_instants(const void *a, const void *b)
{
	const struct instant *x = a, *y = b;

	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

static void of_eight_that_race_exactly_one_wins_each_interval(void **state)
{
	struct instant start = { boottime().ns + 20 * MSEC_NS }, won[RACERS * ROUNDS];
	pid_t child[RACERS];
	size_t n = 0;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	for (size_t i = 0; i < RACERS; i++) {
		child[i] = fork();
		if (child[i] == 0)
			_exit(race(*state, start, fds[1]));
	}
	close(fds[1]);
	while (n < RACERS * ROUNDS && read(fds[0], &won[n], sizeof(won[n])) == sizeof(won[n]))
		n++;
	close(fds[0]);
	for (size_t i = 0; i < RACERS; i++)
		assert_int_equal(status_of(child[i]), 0);
	qsort(won, n, sizeof(won[0]), compare_instants);
	for (size_t i = 1; i < n; i++)
		assert_true(won[i].ns - won[i - 1].ns >= RACE_INTERVAL_NS);
	/* Somebody did win, nearly every time: a slow machine misses some. */
	assert_in_range(n, ROUNDS / 4, ROUNDS);
}

/* ---- what is refused ----------------------------------------------------------- */

static void is_refused(const struct world *w, const char *reason)
{
	char err[256] = "";
	struct stat before, after;

	assert_int_equal(lstat(w->path, &before), 0);
	assert_null(askfile_open(w->path, err));
	assert_non_null(strstr(err, reason));
	assert_non_null(strstr(err, w->path));
	assert_int_equal(lstat(w->path, &after), 0);
	assert_true(before.st_size == after.st_size && before.st_ino == after.st_ino);
}

static void what_is_no_file_of_ours_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(symlink("elsewhere", w->path), 0);
	is_refused(w, "symbolic link");
	unlink(w->path);
	assert_int_equal(mkfifo(w->path, 0600), 0);
	is_refused(w, "is a FIFO");
	unlink(w->path);
	assert_int_equal(mkdir(w->path, 0700), 0);
	is_refused(w, "is a directory");
	rmdir(w->path);
	askfile_close(must_open(w));
	assert_int_equal(chmod(w->path, 0620), 0);
	is_refused(w, "written by others");
	assert_int_equal(chmod(w->path, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(w->path, 4242, 0), 0);
		is_refused(w, "belongs to user 4242");
	}
}

static void a_file_of_another_size_is_refused_before_it_is_a_sigbus(void **state)
{
	struct world *w = *state;
	struct stat st;

	askfile_close(must_open(w));
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(truncate(w->path, (off_t)ASKFILE_SIZE - 1), 0);
	is_refused(w, "bytes instead of 8388608");
	assert_int_equal(truncate(w->path, (off_t)ASKFILE_SIZE + 4096), 0);
	is_refused(w, "bytes instead of 8388608");
	/* Empty is what a process leaves that was killed at its first step. */
	assert_int_equal(truncate(w->path, 0), 0);
	struct askfile *a = must_open(w);
	assert_int_equal(claim_at(a, alice, 100), 0);
	askfile_close(a);
}

static void a_missing_directory_is_named(void **state)
{
	struct world inside = *(struct world *)*state;
	char err[256];

	snprintf(inside.path, sizeof(inside.path), "%.120s/no/cache.asked", inside.dir);
	assert_null(askfile_open(inside.path, err));
	assert_non_null(strstr(err, "directory does not exist"));
}

/* ---- a disk without room ------------------------------------------------------- */

/* In a child: 0 when two pages' worth of claims are granted although the disk has no room. */
static int claim_on_a_full_disk(const struct world *w)
{
	char err[256];
	struct askfile *a = askfile_open(w->path, err);
	char other[200], junk[4096] = { 1 };
	long granted = 0;

	if (!a)
		return 1;
	if (claim_at(a, alice, 100) != 0 || claim_at(a, alice, 100) == 0)
		return 2;
	snprintf(other, sizeof(other), "%s.filler", w->path);
	int fd = open(other, O_WRONLY | O_CREAT, 0600);
	while (write(fd, junk, sizeof(junk)) > 0)
		continue;
	for (uint32_t i = 0; i < 4096; i++)
		granted += claim_at(a, ip4_from_number(0x0a010000 + i), 100) == 0;
	/* What has its place already is still kept. */
	return granted == 4096 && claim_at(a, alice, 100) != 0 ? 0 : 3;
}

static void a_full_disk_grants_claims_and_is_no_sigbus(void **state)
{
	struct world *w = *state;
	enum { NO_PRIVILEGE = 77 };

	pid_t child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("none", w->dir, "tmpfs", 0, "size=64k") < 0)
			_exit(NO_PRIVILEGE);
		_exit(claim_on_a_full_disk(w));
	}
	int status = status_of(child);
	if (status == NO_PRIVILEGE) {
		print_message("skipped: no privilege for a mount namespace\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void a_file_size_limit_is_said_so(void **state)
{
	struct world *w = *state;

	pid_t child = fork();
	if (child == 0) {
		char err[256];

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 100000, 100000 });
		_exit(!askfile_open(w->path, err) && strstr(err, "File too large") ? 0 : 1);
	}
	assert_int_equal(status_of(child), 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(an_address_is_asked_once_a_second_by_all_processes_together),
		IN_WORLD(another_link_is_another_address),
		IN_WORLD(neighbours_do_not_wait_for_one_another),
		IN_WORLD(two_that_share_a_word_wait_but_are_never_early),
		IN_WORLD(a_claim_that_could_not_be_sent_is_given_back),
		IN_WORLD(the_second_is_counted_from_when_the_request_went_out),
		IN_WORLD(times_of_another_boot_are_void),
		IN_WORLD(who_looked_at_the_clock_too_early_waits_all_the_same),
		IN_WORLD(the_very_first_nanosecond_counts),
		IN_WORLD(of_eight_that_race_exactly_one_wins_each_interval),
		IN_WORLD(what_is_no_file_of_ours_is_refused),
		IN_WORLD(a_file_of_another_size_is_refused_before_it_is_a_sigbus),
		IN_WORLD(a_missing_directory_is_named),
		IN_WORLD(a_full_disk_grants_claims_and_is_no_sigbus),
		IN_WORLD(a_file_size_limit_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
