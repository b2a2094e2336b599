/*
 * Files that are there as a whole or not at all: on a full disk, beside others, and when the process
 * is killed.
 *
 * Most is tried twice: as it is, and where a file system knows no O_TMPFILE.  For that a child is
 * forked whose open(2) refuses the flag, by a system call filter (seccomp(2)); what such a
 * child finds wrong it tells by its exit status, the line in this file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "told.h"

#include "wirelab/outfile.h"

static char dir[64], path[96], err[256];
static struct outfile o;

/* ---- a directory for each test, and what is in it --------------------------------------------- */

static int begin(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/wirelab-outfile.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/out.pcapng", dir);
	(void)umask(022);
	return 0;
}

static int end(void **state)
{
	DIR *d = opendir(dir);
	char name[512];

	(void)state;
	for (struct dirent *e; d && (e = readdir(d));) {
		(void)snprintf(name, sizeof(name), "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.')
			(void)unlink(name);
	}
	if (d)
		(void)closedir(d);
	return rmdir(dir);
}

static unsigned files_here(void)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	if (d)
		(void)closedir(d);
	return n;
}

/* Two of them can be used at a time. */
static const char *in_dir(const char *name)
{
	static char full[2][96];
	static unsigned n;

	n = !n;
	(void)snprintf(full[n], sizeof(full[n]), "%s/%s", dir, name);
	return full[n];
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static bool holds(const char *name, const char *text)
{
	char buf[128];
	FILE *f = fopen(name, "r");

	if (!f)
		return false;
	size_t n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	(void)fclose(f);
	return strcmp(buf, text) == 0;
}

static bool is_absent(const char *name)
{
	struct stat st;

	return lstat(name, &st) < 0 && errno == ENOENT;
}

/* ---- with and without nameless files ------------------------------------------------------------ */

/* openat() with O_TMPFILE fails as on a file system that cannot do it. */
static bool forget_nameless_files(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { LENGTH(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

#define NO_FILTER 250
#define MUST(what) do { if (!(what)) return __LINE__; } while (0)

/* The story, told by a child: with nameless files, or without.  0, or the line where it went wrong. */
static int told(int (*story)(void), bool nameless)
{
	int line = -1, status, fd[2];

	assert_int_equal(pipe(fd), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		line = nameless || forget_nameless_files() ? story() : -NO_FILTER;
		(void)!write(fd[1], &line, sizeof(line));
		_exit(0);
	}
	(void)close(fd[1]);
	assert_int_equal(read(fd[0], &line, sizeof(line)), sizeof(line));
	(void)close(fd[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return line;
}

static void tell_both(int (*story)(void))
{
	int line = told(story, true);

	if (line)
		fail_msg("%s:%d", __FILE__, line);
	end(NULL);
	begin(NULL);
	line = told(story, false);
	if (line == -NO_FILTER) {
		print_message("no system call filters here: only with O_TMPFILE\n");
		return;
	}
	if (line)
		fail_msg("%s:%d, without O_TMPFILE", __FILE__, line);
}

/* ---- whole ------------------------------------------------------------------------------------ */

static int write_anew(void)
{
	MUST(outfile_open(&o, path, err) == o.f && o.f);
	MUST(fputs("whole", o.f) >= 0);
	/* Under its own name it is not there before it is whole. */
	MUST(is_absent(path));
	MUST(outfile_close(&o, true) == 0 && !o.f);
	MUST(holds(path, "whole") && files_here() == 1);
	return 0;
}

static void a_file_is_there_when_it_is_closed(void **state)
{
	(void)state;
	tell_both(write_anew);
}

static int write_over(void)
{
	put(path, "old");
	MUST(outfile_open(&o, path, err));
	MUST(fputs("new", o.f) >= 0 && fflush(o.f) == 0);
	MUST(holds(path, "old"));
	MUST(outfile_close(&o, true) == 0);
	MUST(holds(path, "new") && files_here() == 1);
	return 0;
}

static void an_old_file_stays_until_the_new_one_is_whole(void **state)
{
	(void)state;
	tell_both(write_over);
}

static int write_not_at_all(void)
{
	MUST(outfile_open(&o, path, err));
	MUST(fputs("new", o.f) >= 0);
	MUST(outfile_close(&o, false) == 0);
	MUST(files_here() == 0);
	put(path, "old");
	MUST(outfile_open(&o, path, err));
	MUST(fputs("new", o.f) >= 0);
	MUST(outfile_close(&o, false) == 0);
	MUST(holds(path, "old") && files_here() == 1);
	return 0;
}

static void a_file_that_is_not_kept_leaves_nothing(void **state)
{
	(void)state;
	tell_both(write_not_at_all);
}

static void a_path_without_a_directory_is_in_this_one(void **state)
{
	char *here = getcwd(NULL, 0);

	(void)state;
	assert_non_null(here);
	assert_int_equal(chdir(dir), 0);
	FILE *f = outfile_open(&o, "plain", err);
	bool done = f && fputs("x", f) >= 0 && outfile_close(&o, true) == 0 && holds("plain", "x");
	assert_int_equal(chdir(here), 0);
	free(here);
	assert_true(done);
}

/* ---- when it cannot be whole ---------------------------------------------------------------------- */

/* A disk with room for 64 KiB, which the file outgrows only when it is closed, or before. */
static int fill_the_disk_with(size_t size)
{
	struct rlimit limit = { 65536, 65536 };
	static char bytes[262144];

	(void)signal(SIGXFSZ, SIG_IGN);
	put(path, "old");
	MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	MUST(outfile_open(&o, path, err));
	(void)setvbuf(o.f, NULL, _IOFBF, 131072);
	(void)fwrite(bytes, 1, size, o.f);
	errno = ENOENT;
	MUST(outfile_close(&o, true) == -1);
	/* Which call failed decides what is still known, but a name it never is. */
	MUST(errno == EFBIG || errno == EIO);
	MUST(holds(path, "old") && files_here() == 1);
	return 0;
}

static int fill_at_the_end(void) { return fill_the_disk_with(70000); }
static int fill_on_the_way(void) { return fill_the_disk_with(262144); }

static void on_a_full_disk_the_old_file_stays(void **state)
{
	(void)state;
	tell_both(fill_at_the_end);
	end(NULL);
	begin(NULL);
	tell_both(fill_on_the_way);
}

static int lose_the_directory(void)
{
	const char *sub = in_dir("sub");

	MUST(mkdir(sub, 0755) == 0);
	MUST(outfile_open(&o, in_dir("sub/out"), err));
	MUST(fputs("new", o.f) >= 0);
	if (*o.made)
		MUST(unlink(o.made) == 0);
	MUST(rmdir(sub) == 0);
	MUST(outfile_close(&o, true) == -1 && errno == ENOENT);
	return 0;
}

static void where_the_name_cannot_be_given_it_is_told(void **state)
{
	(void)state;
	tell_both(lose_the_directory);
}

/* Something that is no file has come to have the name meanwhile. */
static int find_a_directory(void)
{
	MUST(outfile_open(&o, path, err));
	MUST(fputs("new", o.f) >= 0);
	MUST(mkdir(path, 0755) == 0);
	MUST(outfile_close(&o, true) == -1 && errno == EISDIR);
	MUST(files_here() == 1 && rmdir(path) == 0);
	return 0;
}

static void a_directory_that_came_to_have_the_name_stays(void **state)
{
	(void)state;
	tell_both(find_a_directory);
}

/* ---- where there can be none --------------------------------------------------------------------- */

static void refused(const char *name, int why, const char *says)
{
	errno = 0;
	assert_null(outfile_open(&o, name, err));
	assert_int_equal(errno, why);
	if (!strstr(err, says))
		fail_msg("not \"%s\": %s", says, err);
	assert_int_equal(files_here(), 0);
}

static void a_path_that_leads_nowhere_is_refused_at_once(void **state)
{
	char name[256];

	(void)state;
	(void)snprintf(name, sizeof(name), "%s/absent/out", dir);
	refused(name, ENOENT, "/absent/out: No such file or directory");
	refused("", ENOENT, "No such file or directory");
	refused(dir, EISDIR, "Is a directory");
	refused("/dev/null/out", ENOTDIR, "Not a directory");
}

static void a_path_of_4096_bytes_is_too_long(void **state)
{
	char *name = malloc(5001);

	(void)state;
	assert_non_null(name);
	memset(name, 'x', 5000);
	name[5000] = '\0';
	refused(name, ENAMETOOLONG, "a path of more than 4095 bytes");
	name[4096] = '\0';
	refused(name, ENAMETOOLONG, "a path of more than 4095 bytes");
	/* One less is the system's to judge, and the message still has its reason. */
	name[4095] = '\0';
	for (size_t i = 100; i < 4095; i += 100)
		name[i] = '/';
	refused(name, ENOENT, "No such file or directory");
	free(name);
}

static int write_without_the_right(void)
{
	MUST(chmod(dir, 0555) == 0);
	/* Root may write everywhere, but need not stay root. */
	if (geteuid() == 0)
		MUST(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	MUST(!outfile_open(&o, path, err) && errno == EACCES);
	MUST(strstr(err, "out.pcapng: Permission denied"));
	return 0;
}

static void without_the_right_to_write_there_it_is_refused(void **state)
{
	(void)state;
	tell_both(write_without_the_right);
}

/* ---- what is no ordinary file ----------------------------------------------------------------- */

static void a_device_is_written_to_as_it_is(void **state)
{
	struct stat st;

	(void)state;
	assert_non_null(outfile_open(&o, "/dev/null", err));
	assert_true(fputs("x", o.f) >= 0);
	assert_int_equal(outfile_close(&o, true), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_non_null(outfile_open(&o, "/dev/full", err));
	assert_true(fputs("x", o.f) >= 0);
	assert_int_equal(outfile_close(&o, true), -1);
	assert_int_equal(errno, ENOSPC);
}

static void a_pipe_is_written_to_as_it_is(void **state)
{
	char got[8] = "";

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_non_null(outfile_open(&o, path, err));
	assert_true(fputs("x", o.f) >= 0);
	/* What was a pipe is one until the end, whatever its name is given to. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(outfile_close(&o, true), 0);
	assert_int_equal(read(fd, got, sizeof(got)), 1);
	(void)close(fd);
	assert_int_equal(files_here(), 0);
}

/* /dev/stdout is a link, and must stay one: a file would take its place for everybody. */
static void a_descriptor_by_name_is_written_to_as_it_is(void **state)
{
	char name[64];

	(void)state;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "before ", 7), 7);
	(void)snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	FILE *f = outfile_open(&o, name, err);
	assert_non_null(f);
	assert_true(fputs("behind", f) >= 0);
	assert_int_equal(outfile_close(&o, true), 0);
	(void)close(fd);
	assert_true(holds(path, "before behind"));
	assert_int_equal(files_here(), 1);
}

static int write_through_a_link(void)
{
	const char *link = in_dir("link"), *to = in_dir("target");
	struct stat st;

	put(to, "old");
	MUST(symlink("target", link) == 0);
	MUST(outfile_open(&o, link, err));
	MUST(fputs("new", o.f) >= 0 && fflush(o.f) == 0);
	MUST(holds(to, "old"));
	MUST(outfile_close(&o, true) == 0);
	MUST(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
	MUST(holds(to, "new") && files_here() == 2);
	return 0;
}

static void behind_a_link_its_target_is_replaced(void **state)
{
	(void)state;
	tell_both(write_through_a_link);
}

/* ---- others at the same time ---------------------------------------------------------------------- */

static int write_two_at_once(void)
{
	struct outfile first, second;

	MUST(outfile_open(&first, path, err));
	MUST(fputs("first", first.f) >= 0 && fflush(first.f) == 0);
	MUST(outfile_open(&second, path, err));
	MUST(fputs("sec", second.f) >= 0 && fflush(second.f) == 0);
	MUST(outfile_close(&first, true) == 0);
	MUST(holds(path, "first"));
	MUST(fputs("ond", second.f) >= 0);
	MUST(outfile_close(&second, true) == 0);
	MUST(holds(path, "second") && files_here() == 1);
	return 0;
}

static void of_two_at_once_each_is_whole_and_the_later_one_stays(void **state)
{
	(void)state;
	tell_both(write_two_at_once);
}

/* Many processes, one path: every one succeeds, and at any time the file is one of theirs. */
static int write_from_many(void)
{
	enum { WRITERS = 8, TIMES = 20 };
	pid_t pid[WRITERS];
	bool good = true;
	int status;

	for (unsigned i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		if (pid[i] != 0)
			continue;
		for (unsigned k = 0; k < TIMES; k++) {
			if (!outfile_open(&o, path, err) || fprintf(o.f, "%04u", i) != 4 ||
			    fflush(o.f) != 0 || fprintf(o.f, "%04u", i) != 4 ||
			    outfile_close(&o, true) < 0)
				_exit(1);
		}
		_exit(0);
	}
	for (unsigned i = 0; i < WRITERS; i++)
		good &= pid[i] > 0 && waitpid(pid[i], &status, 0) == pid[i] && status == 0;
	MUST(good);
	char buf[16] = "";
	FILE *f = fopen(path, "r");
	MUST(f);
	size_t n = fread(buf, 1, sizeof(buf), f);
	(void)fclose(f);
	MUST(n == 8 && memcmp(buf, buf + 4, 4) == 0 && files_here() == 1);
	return 0;
}

static void many_at_once_do_not_disturb_each_other(void **state)
{
	(void)state;
	tell_both(write_from_many);
}

/* Somebody's own file may be called that. */
static int write_beside_a_namesake(void)
{
	char other[160];

	(void)snprintf(other, sizeof(other), "%s.new", path);
	put(path, "old");
	put(other, "mine");
	MUST(outfile_open(&o, path, err));
	MUST(fputs("new", o.f) >= 0);
	MUST(outfile_close(&o, true) == 0);
	MUST(holds(path, "new") && holds(other, "mine") && files_here() == 2);
	return 0;
}

static void a_file_called_new_that_is_not_ours_stays(void **state)
{
	(void)state;
	tell_both(write_beside_a_namesake);
}

static void who_is_killed_half_way_leaves_nothing(void **state)
{
	char c;
	int fd[2], status;

	(void)state;
	put(path, "old");
	assert_int_equal(pipe(fd), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (outfile_open(&o, path, err) && fputs("half", o.f) >= 0 && fflush(o.f) == 0)
			(void)!write(fd[1], *o.made ? "n" : "-", 1);
		for (;;)
			(void)pause();
	}
	ssize_t n = read(fd[0], &c, 1);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	(void)close(fd[0]);
	(void)close(fd[1]);
	assert_int_equal(n, 1);
	assert_true(holds(path, "old"));
	if (c == 'n') {
		print_message("skipped: /tmp has no O_TMPFILE\n");
		skip();
	}
	assert_int_equal(files_here(), 1);
}

/* ---- whose it is ------------------------------------------------------------------------------ */

static int write_with_a_mask(void)
{
	struct stat st;

	MUST(outfile_open(&o, path, err) && outfile_close(&o, true) == 0);
	MUST(stat(path, &st) == 0 && (st.st_mode & 07777) == 0644 && st.st_uid == geteuid());
	(void)umask(077);
	MUST(outfile_open(&o, path, err) && outfile_close(&o, true) == 0);
	MUST(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
	(void)umask(0);
	MUST(outfile_open(&o, path, err) && outfile_close(&o, true) == 0);
	MUST(stat(path, &st) == 0 && (st.st_mode & 07777) == 0644);
	return 0;
}

static void all_may_read_it_as_far_as_the_umask_lets_them(void **state)
{
	(void)state;
	tell_both(write_with_a_mask);
}

static int write_with_sudo(void)
{
	struct stat st;

	MUST(setenv("SUDO_UID", "12345", 1) == 0 && setenv("SUDO_GID", "54321", 1) == 0);
	MUST(outfile_open(&o, path, err) && outfile_close(&o, true) == 0);
	MUST(stat(path, &st) == 0);
	if (geteuid() == 0)
		MUST(st.st_uid == 12345 && st.st_gid == 54321);
	else	/* Who is not root cannot give anything away, and need not. */
		MUST(st.st_uid == geteuid());
	return 0;
}

static void with_sudo_it_belongs_to_who_called_that(void **state)
{
	(void)state;
	tell_both(write_with_sudo);
}

#define IN_ITS_DIRECTORY(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ITS_DIRECTORY(a_file_is_there_when_it_is_closed),
		IN_ITS_DIRECTORY(an_old_file_stays_until_the_new_one_is_whole),
		IN_ITS_DIRECTORY(a_file_that_is_not_kept_leaves_nothing),
		IN_ITS_DIRECTORY(a_path_without_a_directory_is_in_this_one),
		IN_ITS_DIRECTORY(on_a_full_disk_the_old_file_stays),
		IN_ITS_DIRECTORY(where_the_name_cannot_be_given_it_is_told),
		IN_ITS_DIRECTORY(a_directory_that_came_to_have_the_name_stays),
		IN_ITS_DIRECTORY(a_path_that_leads_nowhere_is_refused_at_once),
		IN_ITS_DIRECTORY(a_path_of_4096_bytes_is_too_long),
		IN_ITS_DIRECTORY(without_the_right_to_write_there_it_is_refused),
		IN_ITS_DIRECTORY(a_device_is_written_to_as_it_is),
		IN_ITS_DIRECTORY(a_pipe_is_written_to_as_it_is),
		IN_ITS_DIRECTORY(a_descriptor_by_name_is_written_to_as_it_is),
		IN_ITS_DIRECTORY(behind_a_link_its_target_is_replaced),
		IN_ITS_DIRECTORY(of_two_at_once_each_is_whole_and_the_later_one_stays),
		IN_ITS_DIRECTORY(many_at_once_do_not_disturb_each_other),
		IN_ITS_DIRECTORY(a_file_called_new_that_is_not_ours_stays),
		IN_ITS_DIRECTORY(who_is_killed_half_way_leaves_nothing),
		IN_ITS_DIRECTORY(all_may_read_it_as_far_as_the_umask_lets_them),
		IN_ITS_DIRECTORY(with_sudo_it_belongs_to_who_called_that),
	};

	return cmocka_run_group_tests_name("outfile", tests, NULL, NULL);
}
