/*
 * file_client, and a server that means it no good.  Whatever is sent: nothing outside the folder,
 * nothing overwritten, no half of a file under its name, and one line that says why.
 *
 * DEMO_FULL=1: every broken transfer by the program itself, and a file of more than 4 GiB.
 */
#include "file_world.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "wirelab/demo.h"
#include "wirelab/inbox.h"

#define MIB ((size_t)1 << 20)

/* The programs that are started from here find no list of their descriptors, and so no way to
 * name a file that has no name. */
static bool hide_descriptors;
static const char *no_mounts;		/* why there can be no file systems of our own; or NULL */

static void in_the_child(void)
{
	if (hide_descriptors && mount("none", "/proc/self/fd", "tmpfs", 0, NULL) < 0)
		_exit(126);
}

static void need_mounts(void)
{
	if (!no_mounts)
		return;
	print_message("skipped: %s\n", no_mounts);
	skip();
}

/* ---- what it does meanwhile ---------------------------------------------------------------- */

/* A file with no name is seen in the list of its descriptors. */
static bool has_opened(const struct world *w, const struct program *p)
{
	char path[64], target[PATH_ROOM], *names_now = names_in(w->in);
	bool named = *names_now != '\0';
	int of_folder = 0;

	free(names_now);
	for (int fd = 3; fd < 20; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)p->pid, fd);
		ssize_t n = readlink(path, target, sizeof(target));
		of_folder += n > 0 && strncmp(target, w->in, strlen(w->in)) == 0;
	}
	return named || of_folder == 2;
}

static void wait_for_file(const struct world *w, const struct program *p)
{
	uint64_t deadline = monotonic_now_ns() + PATIENCE_NS;

	while (!has_opened(w, p))
		assert_true(monotonic_now_ns() < deadline);
}

/* ---- a good server --------------------------------------------------------------------------- */

/* A header of that name and size. */
static const char *header(const char *name, uint64_t size)
{
	static char json[512];

	snprintf(json, sizeof(json), "{\"filename\": \"%s\", \"filesize\": %llu}", name,
		 (unsigned long long)size);
	return json;
}

static void expect_stored(struct world *w, const char *name, const uint8_t *bytes, size_t len)
{
	struct program p;

	client_start(w, &p, NULL);
	server_says(w, header(name, len), bytes, len);
	server_hangs_up(w);
	int status = program_end(&p);
	if (status != EXIT_DONE || strncmp(p.out.text, name, strlen(name)) != 0)
		fail_msg("%s: %d: %s %s", name, status, p.out.text, p.err.text);
	program_stop(&p);
	assert_true(file_has(w->in, name, bytes, len));
}

static void a_file_of_any_size_arrives_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 65535, 65537, MIB, 3 * MIB + 7 };
	struct world *w = *state;
	uint8_t *bytes = noise(3 * MIB + 7);

	for (size_t i = 0; i < LENGTH(sizes); i++) {
		char name[32];
		snprintf(name, sizeof(name), "电影-%zu", sizes[i]);
		expect_stored(w, name, bytes, sizes[i]);
	}
	free(bytes);
}

static void bytes_behind_the_file_are_not_part_of_it(void **state)
{
	struct world *w = *state;
	struct program p;

	client_start(w, &p, NULL);
	server_says(w, header("a", 4), "fourmore", 8);
	assert_int_equal(program_end(&p), EXIT_DONE);
	assert_true(file_has(w->in, "a", "four", 4));
	program_stop(&p);
}

static void it_is_done_when_the_file_is_and_waits_for_no_end(void **state)
{
	struct world *w = *state;
	struct program p;

	client_start(w, &p, NULL);
	server_says(w, header("a", 4), "four", 4);
	assert_int_equal(program_end(&p), EXIT_DONE);	/* the connection is still open */
	program_stop(&p);
}

static void the_user_may_choose_the_name(void **state)
{
	struct world *w = *state;
	struct program p;

	write_file(w->in, "a", "mine", 4);
	client_start(w, &p, "--name=another");
	server_says(w, header("a", 4), "four", 4);
	assert_int_equal(program_end(&p), EXIT_DONE);
	assert_string_equal(p.out.text, "another\n");
	assert_true(file_has(w->in, "a", "mine", 4) && file_has(w->in, "another", "four", 4));
	program_stop(&p);
}

/* printf four | sha256sum */
#define SUM_OF_FOUR "04efaf080f5a3e74e1c29d1ca6a48569382cbbcd324e8d59d2b83ef21c039f00"

static void a_sum_that_is_right_is_said_and_one_that_is_wrong_leaves_nothing(void **state)
{
	static const char json[] =
		"{\"filename\": \"a\", \"filesize\": 4, \"sha256\": \"" SUM_OF_FOUR "\"}";
	struct world *w = *state;
	struct program p;

	char *before = everything(w);
	client_start(w, &p, NULL);
	server_says(w, json, "f0ur", 4);
	server_hangs_up(w);
	expect_complaint(&p, EXIT_DAMAGED, "not the bytes that the sha256 was made of");
	char *after = everything(w);
	assert_string_equal(after, before);
	free(before);
	free(after);

	client_start(w, &p, NULL);
	server_says(w, json, "four", 4);
	assert_int_equal(program_end(&p), EXIT_DONE);
	assert_non_null(strstr(p.err.text, "the sha256 is right"));
	program_stop(&p);
}

/* ---- hostile names ------------------------------------------------------------------------- */

struct hostile {
	const char *name;		/* as JSON has it */
	const char *stored;		/* as what it is stored; NULL: it is refused */
	int status;			/* then */
};

#define AS(stored) stored, EXIT_DONE
#define REFUSED NULL, EXIT_DAMAGED
#define TAKEN NULL, EXIT_OUTPUT_LOST
#define N50 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define W17 "文文文文文文文文文文文文文文文文文"

static const struct hostile names[] = {
	/* no name */
	{ "", REFUSED }, { ".", REFUSED }, { "..", REFUSED }, { "/", REFUSED }, { "//", REFUSED },
	{ "../", REFUSED }, { "../..", REFUSED }, { "/..", REFUSED }, { "./.", REFUSED },
	{ "a/", REFUSED }, { "a/.", REFUSED }, { "/etc/", REFUSED }, { "\\\\", REFUSED },
	{ "..\\\\", REFUSED }, { "..\\\\..", REFUSED }, { "C:\\\\", REFUSED }, { "a\\\\.", REFUSED },
	{ "\\u002e\\u002e", REFUSED }, { "\\u002f\\u002e\\u002e", REFUSED },
	/* NUL, control characters, escape sequences */
	{ "\\u0000", REFUSED }, { "a\\u0000b", REFUSED }, { "../outside/a\\u0000", REFUSED },
	{ "a\\n", REFUSED }, { "a\\r\\nb", REFUSED }, { "\\t", REFUSED }, { "a\\b", REFUSED },
	{ "\\u0007", REFUSED }, { "\\u001b[2J", REFUSED }, { "\\u001b]0;title\\u0007", REFUSED },
	{ "\\u007f", REFUSED }, { "\\u009b31m", REFUSED }, { "\\u0085", REFUSED },
	{ "a\nb", REFUSED },
	/* not UTF-8 */
	{ "\xff", REFUSED }, { "\x80", REFUSED }, { "caf\xe9", REFUSED }, { "\xc3", REFUSED },
	{ "\xc0\xae\xc0\xae", REFUSED }, { "..\xc0\xafoutside\xc0\xafx", REFUSED },
	{ "\xe0\x80\xaf", REFUSED }, { "\xed\xa0\x80", REFUSED }, { "\xf4\x90\x80\x80", REFUSED },
	{ "\\ud800", REFUSED }, { "\\udc00\\ud800", REFUSED },
	/* too long */
	{ N50 N50 N50 N50 N50 "nnnnnn", REFUSED }, { W17 W17 W17 W17 W17 "文", REFUSED },
	{ "../outside/" N50 N50 N50 N50 N50 "nnnnnn", REFUSED },
	/* there is something already, and stays */
	{ "file", TAKEN }, { "folder", TAKEN }, { "link", TAKEN }, { "dangling", TAKEN },
	{ "fifo", TAKEN }, { "loop", TAKEN }, { "away", TAKEN }, { "../in/file", TAKEN },
	{ "/file", TAKEN }, { "C:\\\\file", TAKEN }, { "folder/file", TAKEN },
	/* somewhere else, but the name is one: it is stored here */
	{ "/etc/passwd", AS("passwd") }, { "../outside/canary", AS("canary") },
	{ "away/canary", AS("canary") }, { "folder/new", AS("new") },
	{ "..\\\\..\\\\win.ini", AS("win.ini") }, { "H:\\\\pycharm\\u6587\\u4ef6\\\\a", AS("a") },
	{ "\\\\\\\\host\\\\share\\\\b", AS("b") }, { "a/../../../c", AS("c") },
	{ "/proc/self/exe", AS("exe") },
	/* strange, but names */
	{ "...", AS("...") }, { "..a", AS("..a") }, { " ", AS(" ") }, { "-rf", AS("-rf") },
	{ "--help", AS("--help") },
	{ "~", AS("~") }, { "*", AS("*") }, { "$(id)", AS("$(id)") }, { "`id`; rm", AS("`id`; rm") },
	{ "%2e%2e%2fx", AS("%2e%2e%2fx") }, { "%s%n", AS("%s%n") }, { "a:b", AS("a:b") },
	{ "nul", AS("nul") },
	{ ".hidden", AS(".hidden") }, { ".incoming-0", AS(".incoming-0") },
	{ "\\u202egpj.exe", AS("\u202egpj.exe") },
	{ N50 N50 N50 N50 N50 "nnnnn", AS(N50 N50 N50 N50 N50 "nnnnn") },
	{ W17 W17 W17 W17 W17, AS(W17 W17 W17 W17 W17) },
};

static void plant(const struct world *w)
{
	char path[PATH_ROOM];

#define IN(name) (snprintf(path, sizeof(path), "%s/%s", w->in, name), path)
	write_file(w->outside, "canary", "sings", 5);
	write_file(w->in, "file", "mine", 4);
	assert_int_equal(mkdir(IN("folder"), 0777), 0);
	assert_int_equal(symlink("../outside/canary", IN("link")), 0);
	assert_int_equal(symlink("../outside/nothing", IN("dangling")), 0);
	assert_int_equal(symlink("loop", IN("loop")), 0);
	assert_int_equal(symlink("../outside", IN("away")), 0);
	assert_int_equal(mkfifo(IN("fifo"), 0666), 0);
#undef IN
}

static void expect_good(struct world *w, struct program *p, const struct hostile *h)
{
	char path[PATH_ROOM];
	int status = program_end(p);

	if (status != EXIT_DONE || !file_has(w->in, h->stored, "evil", 4))
		fail_msg("\"%s\": status %d: %s", h->name, status, p->err.text);
	/* Whatever stands in the name, it does not reach the terminal as it is. */
	assert_null(strchr(p->out.text, '\033'));
	assert_null(strstr(p->out.text, "\u202e"));
	program_stop(p);
	snprintf(path, sizeof(path), "%s/%s", w->in, h->stored);
	assert_int_equal(unlink(path), 0);
}

static void a_hostile_name_neither_leaves_the_folder_nor_replaces_anything(void **state)
{
	struct world *w = *state;

	size_t step = hide_descriptors ? scaled(1, 5) : 1;

	assert_true(LENGTH(names) >= 60);
	plant(w);
	char *before = everything(w);
	for (size_t i = 0; i < LENGTH(names); i += step) {
		struct program p;
		client_start(w, &p, NULL);
		server_says(w, header(names[i].name, 4), "evil", 4);
		server_hangs_up(w);
		if (names[i].stored)
			expect_good(w, &p, &names[i]);
		else
			expect_complaint(&p, names[i].status, "file_client: ");
		char *after = everything(w);
		if (strcmp(before, after) != 0)
			fail_msg("\"%s\" has changed something:\n%s%s", names[i].name, before,
				 after);
		free(after);
	}
	free(before);
}

static void the_same_with_a_file_that_has_a_name_meanwhile(void **state)
{
	need_mounts();
	hide_descriptors = true;
	a_hostile_name_neither_leaves_the_folder_nor_replaces_anything(state);
	hide_descriptors = false;
}

static void a_name_that_is_taken_meanwhile_stays_with_who_took_it(void **state)
{
	struct world *w = *state;

	for (int named = 0; named <= !no_mounts; named++) {
		struct program p;
		hide_descriptors = named;
		client_start(w, &p, NULL);
		server_says(w, header("a", 8), "half", 4);
		wait_for_file(w, &p);
		write_file(w->in, "a", "first", 5);
		server_sends(w, "rest", 4);
		expect_complaint(&p, EXIT_OUTPUT_LOST, "a is there already");
		assert_true(file_has(w->in, "a", "first", 5));
		char *names_now = names_in(w->in);
		assert_string_equal(names_now, "a\n");
		free(names_now);
		server_hangs_up(w);
		char path[PATH_ROOM];
		snprintf(path, sizeof(path), "%s/a", w->in);
		assert_int_equal(unlink(path), 0);
		hide_descriptors = false;
	}
}

/* ---- hostile headers ----------------------------------------------------------------------- */

static void expect_nothing_of(struct world *w, const void *bytes, size_t len, int status,
			      const char *part)
{
	struct program p;

	client_start(w, &p, NULL);
	server_sends(w, bytes, len);
	expect_complaint(&p, status, part);	/* it hangs up, not we */
	server_hangs_up(w);
	char *names_now = names_in(w->in);
	assert_string_equal(names_now, "");
	free(names_now);
}

static void a_length_over_the_limit_is_refused_unread(void **state)
{
	static const struct { const char bytes[5]; const char *part; } lengths[] = {
		{ "\x00\x01\x00\x01", "65537 bytes is announced, more than 65536" },
		{ "\x7f\xff\xff\xff", "2147483647 bytes" },
		{ "\x80\x00\x00\x00", "2147483648 bytes" },
		{ "\xff\xff\xff\xff", "4294967295 bytes" },
		{ "\x3a\x00\x00\x00", "its length reads 58: try with --native" },
	};

	for (size_t i = 0; i < LENGTH(lengths); i++)
		expect_nothing_of(*state, lengths[i].bytes, 4, EXIT_DAMAGED, lengths[i].part);
}

static void a_hostile_header_is_refused(void **state)
{
	/* What is in which is for test_demo_file_header to tell. */
	static const char *const bad[] = {
		"", "{}", "[]", "{\"filename\":\"a\",\"filename\":\"b\",\"filesize\":1}",
		"{\"filename\":\"a\",\"filesize\":-1}", "{\"filename\":\"a\",\"filesize\":1e999}",
		"{\"filename\":\"a\",\"filesize\":NaN}",
		"{\"filename\":\"a\",\"filesize\":9223372036854775808}",
		"{\"filename\":\"a\",\"filesize\":1}\033[2J",
	};
	struct world *w = *state;
	uint8_t message[4 + 65536];

	for (size_t i = 0; i < LENGTH(bad); i++) {
		struct wr wr = wr_over(message, sizeof(message));
		wr_be32(&wr, (uint32_t)strlen(bad[i]));
		wr_copy(&wr, bad[i], strlen(bad[i]));
		expect_nothing_of(w, message, wr.len, EXIT_DAMAGED, "the header is refused: ");
	}
	struct wr wr = wr_over(message, sizeof(message));
	wr_be32(&wr, 65536);
	memset(message + 4, '[', 65536);
	expect_nothing_of(w, message, sizeof(message), EXIT_DAMAGED, "the header is refused: ");
}

static void a_file_that_no_disk_could_hold_is_refused_at_once(void **state)
{
	struct world *w = *state;
	struct program p;

	client_start(w, &p, NULL);
	server_says(w, header("a", INT64_MAX), "", 0);
	expect_complaint(&p, EXIT_OUTPUT_LOST, "No space left on device");
}

static void a_header_that_is_cut_is_none(void **state)
{
	static const char message[] = "\0\0\0\x22{\"filename\": \"a\", \"filesize\": 1000}";
	struct world *w = *state;

	for (size_t len = 0; len < sizeof(message) - 1; len += 3) {
		struct program p;
		client_start(w, &p, NULL);
		server_sends(w, message, len);
		server_hangs_up(w);
		expect_complaint(&p, len > 0 ? EXIT_DAMAGED : EXIT_NO_ANSWER, "the other side");
	}
}

static void a_server_that_says_nothing_is_left(void **state)
{
	struct world *w = *state;
	struct program p;

	client_start(w, &p, "--timeout=1");
	expect_complaint(&p, EXIT_NO_ANSWER, "nothing came for 1 s");
	server_hangs_up(w);
	client_start(w, &p, "--timeout=1");
	server_says(w, header("a", 4), "two", 2);
	expect_complaint(&p, EXIT_NO_ANSWER, "after 2 of 4 bytes: nothing comes any more");
}

/* ---- broken transfers ---------------------------------------------------------------------- */

/* `sent` of `len` bytes through a pair of sockets into the inbox; was it all? */
static bool transfer(struct inbox *in, const uint8_t *bytes, size_t sent, size_t len)
{
	int pair[2], n = 4 * (int)MIB;
	size_t at = 0;
	ssize_t got = 1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &n, sizeof(n));
	while (in->stored < len && got > 0) {
		ssize_t went = at < sent ? send(pair[0], bytes + at, sent - at, MSG_DONTWAIT) : 0;
		at += went > 0 ? (size_t)went : 0;
		if (at == sent)
			(void)shutdown(pair[0], SHUT_WR);
		got = inbox_pull(in, pair[1], len - in->stored);
		assert_true(got >= 0);
		if (got > 0)
			assert_int_equal(inbox_push(in, (size_t)got), 0);
	}
	close(pair[0]);
	close(pair[1]);
	return in->stored == len;
}

static void broken_off_at_every_4_kib_nothing_is_there_and_the_next_attempt_is_good(void **state)
{
	enum { LEN = 4 << 20, STEP = 4096 };
	struct world *w = *state;
	uint8_t *bytes = noise(LEN);
	struct inbox in;

	assert_int_equal(inbox_open(&in, w->in), 0);
	for (size_t sent = 0; sent < LEN; sent += STEP) {
		assert_int_equal(inbox_begin(&in, "a", LEN), 0);
		assert_false(transfer(&in, bytes, sent, LEN));
		assert_int_equal(in.stored, sent);
		inbox_drop(&in);
		char *names_now = names_in(w->in);
		assert_string_equal(names_now, "");
		free(names_now);
	}
	assert_int_equal(inbox_begin(&in, "a", LEN), 0);
	assert_true(transfer(&in, bytes, LEN, LEN));
	assert_false(file_has(w->in, "a", bytes, LEN));
	assert_int_equal(inbox_keep(&in, "a"), 0);
	assert_true(file_has(w->in, "a", bytes, LEN));
	assert_int_equal(inbox_begin(&in, "a", LEN), -1);
	assert_int_equal(errno, EEXIST);
	inbox_close(&in);
	free(bytes);
}

static void the_program_too_keeps_nothing_of_a_broken_transfer(void **state)
{
	enum { LEN = 4 << 20 };
	size_t step = scaled(4096, 512 * 1024);
	struct world *w = *state;
	uint8_t *bytes = noise(LEN);

	for (size_t sent = 0; sent < LEN; sent += step) {
		struct linger reset = { .l_onoff = sent / step % 2 };
		struct program p;
		client_start(w, &p, NULL);
		server_says(w, header("a", LEN), bytes, sent);
		/* Every second time by a reset instead of an end. */
		(void)setsockopt(w->guest, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		server_hangs_up(w);
		expect_complaint(&p, EXIT_NO_ANSWER, "");
		char *names_now = names_in(w->in);
		assert_string_equal(names_now, "");
		free(names_now);
	}
	expect_stored(w, "a", bytes, LEN);
	free(bytes);
}

/* Only names that file_client gives to what is not complete yet. */
static bool all_incoming(const char *list)
{
	for (; *list; list = strchr(list, '\n') + 1)
		if (strncmp(list, ".incoming-", 10) != 0)
			return false;
	return true;
}

static void killed_at_any_time_it_leaves_the_whole_file_or_none(void **state)
{
	enum { LEN = 1 << 20, PIECE = 64 << 10 };
	unsigned times = scaled(64, 8);
	struct world *w = *state;
	uint8_t *bytes = noise(LEN);

	for (int named = 0; named <= !no_mounts; named++) {
		hide_descriptors = named;
		for (unsigned i = 0; i < times; i++) {
			struct program p;
			client_start(w, &p, NULL);
			server_says(w, header("a", LEN), bytes, (size_t)LEN * i / times);
			struct timespec moment = { .tv_nsec = (long)(i % 7) * 300000 };
			nanosleep(&moment, NULL);
			program_stop(&p);		/* by SIGKILL */
			server_hangs_up(w);
			char *names_now = names_in(w->in);
			if (named ? !all_incoming(names_now) : *names_now != '\0')
				fail_msg("killed after %u of %u parts, it leaves %s", i, times,
					 names_now);
			free(names_now);
		}
		hide_descriptors = false;
	}
	expect_stored(w, "a", bytes, LEN);
	free(bytes);
}

static void stopped_by_ctrl_c_it_says_so_and_leaves_nothing(void **state)
{
	struct world *w = *state;

	for (int named = 0; named <= !no_mounts; named++) {
		struct program p;
		hide_descriptors = named;
		client_start(w, &p, NULL);
		server_says(w, header("a", 1000), "some", 4);
		wait_for_file(w, &p);
		char *meanwhile = names_in(w->in);
		assert_int_equal(strncmp(meanwhile, ".incoming-", 10) == 0, named);
		free(meanwhile);
		kill(p.pid, SIGINT);
		expect_complaint(&p, -SIGINT, "bytes: stopped; nothing is kept");
		char *names_now = names_in(w->in);
		assert_string_equal(names_now, "");
		free(names_now);
		server_hangs_up(w);
		hide_descriptors = false;
	}
}

/* ---- a full disk --------------------------------------------------------------------------- */

static void a_disk_that_fills_up_meanwhile_leaves_nothing(void **state)
{
	struct world *w = *state;
	uint8_t *bytes = noise(MIB);

	need_mounts();
	assert_int_equal(mount("none", w->in, "tmpfs", 0, "size=1m"), 0);
	for (int named = 0; named <= 1; named++) {
		struct program p;
		hide_descriptors = named;
		client_start(w, &p, NULL);
		server_says(w, header("big", 2 * MIB), "", 0);
		expect_complaint(&p, EXIT_OUTPUT_LOST, "create big: No space left on device");
		server_hangs_up(w);

		client_start(w, &p, NULL);
		server_says(w, header("a", MIB / 2), bytes, MIB / 8);
		wait_for_file(w, &p);
		write_file(w->in, "somebody else's", bytes, MIB * 3 / 4);
		server_sends(w, bytes, MIB * 3 / 8);
		expect_complaint(&p, EXIT_OUTPUT_LOST,
				 "write a: No space left on device; nothing is kept");
		server_hangs_up(w);
		char *names_now = names_in(w->in);
		assert_string_equal(names_now, "somebody else's\n");
		free(names_now);
		char path[PATH_ROOM];
		snprintf(path, sizeof(path), "%s/somebody else's", w->in);
		assert_int_equal(unlink(path), 0);
		hide_descriptors = false;
	}
	expect_stored(w, "a", bytes, MIB / 2);
	assert_int_equal(umount(w->in), 0);
	free(bytes);
}

static void a_limit_on_the_size_of_files_is_an_error_and_no_signal(void **state)
{
	struct rlimit was, low;
	struct world *w = *state;
	uint8_t *bytes = noise(MIB);
	struct program p;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	low = (struct rlimit){ .rlim_cur = 100000, .rlim_max = was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	client_start(w, &p, NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	server_says(w, header("a", MIB), bytes, MIB);
	expect_complaint(&p, EXIT_OUTPUT_LOST, "write a: File too large; nothing is kept");
	char *names_now = names_in(w->in);
	assert_string_equal(names_now, "");
	free(names_now);
	free(bytes);
}

static void a_folder_that_is_not_there_or_is_a_file_is_a_question_of_usage(void **state)
{
	struct world *w = *state;
	struct program p;

	write_file(w->outside, "file", "", 0);
	char path[PATH_ROOM];
	snprintf(path, sizeof(path), "%s/file", w->outside);
	program_start(&p, ARGS("file_client", "--folder", path, "127.0.0.1", w->port));
	expect_complaint(&p, EXIT_USAGE, "Not a directory");
	program_start(&p, ARGS("file_client", "--name", "../a", "127.0.0.1", w->port));
	expect_complaint(&p, EXIT_USAGE, "is not a name for a file");
}

/* ---- all of them --------------------------------------------------------------------------- */

/* Mounts of our own, that nobody else sees and that go when we do; why not, or NULL. */
static const char *get_mounts(void)
{
	static char why[128];
	unsigned uid = geteuid(), gid = getegid();
	char map[64];

	if (uid != 0 && unshare(CLONE_NEWUSER) == 0) {
		write_file("/proc/self", "setgroups", "deny", 4);
		write_file("/proc/self", "uid_map", map, (size_t)sprintf(map, "0 %u 1", uid));
		write_file("/proc/self", "gid_map", map, (size_t)sprintf(map, "0 %u 1", gid));
	}
	if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return NULL;
	snprintf(why, sizeof(why), "no mounts of our own are allowed here: %s", strerror(errno));
	return why;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(a_file_of_any_size_arrives_whole),
		IN_A_FOLDER(bytes_behind_the_file_are_not_part_of_it),
		IN_A_FOLDER(it_is_done_when_the_file_is_and_waits_for_no_end),
		IN_A_FOLDER(the_user_may_choose_the_name),
		IN_A_FOLDER(a_sum_that_is_right_is_said_and_one_that_is_wrong_leaves_nothing),
		IN_A_FOLDER(a_hostile_name_neither_leaves_the_folder_nor_replaces_anything),
		IN_A_FOLDER(the_same_with_a_file_that_has_a_name_meanwhile),
		IN_A_FOLDER(a_name_that_is_taken_meanwhile_stays_with_who_took_it),
		IN_A_FOLDER(a_length_over_the_limit_is_refused_unread),
		IN_A_FOLDER(a_hostile_header_is_refused),
		IN_A_FOLDER(a_file_that_no_disk_could_hold_is_refused_at_once),
		IN_A_FOLDER(a_header_that_is_cut_is_none),
		IN_A_FOLDER(a_server_that_says_nothing_is_left),
		IN_A_FOLDER(broken_off_at_every_4_kib_nothing_is_there_and_the_next_attempt_is_good),
		IN_A_FOLDER(the_program_too_keeps_nothing_of_a_broken_transfer),
		IN_A_FOLDER(killed_at_any_time_it_leaves_the_whole_file_or_none),
		IN_A_FOLDER(stopped_by_ctrl_c_it_says_so_and_leaves_nothing),
		IN_A_FOLDER(a_disk_that_fills_up_meanwhile_leaves_nothing),
		IN_A_FOLDER(a_limit_on_the_size_of_files_is_an_error_and_no_signal),
		IN_A_FOLDER(a_folder_that_is_not_there_or_is_a_file_is_a_question_of_usage),
	};

	no_mounts = get_mounts();
	pthread_atfork(NULL, NULL, in_the_child);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
