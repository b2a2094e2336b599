/*
 * file_server: what it sends, to guests of every kind, and file_client at the other end.
 *
 * DEMO_FULL=1: a file of 4 GiB and a byte instead of a small one.
 */
#include "file_world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "wirelab/bytes.h"
#include "wirelab/demo.h"

#define MIB ((size_t)1 << 20)

static const char *path_of_outside(const struct world *w, const char *name)
{
	static char path[PATH_ROOM];

	snprintf(path, sizeof(path), "%s/%s", w->outside, name);
	return path;
}

/* The server of that file, with an option or NULL. */
static void server_start(struct world *w, struct program *p, const char *name, const char *option)
{
	const char *path = path_of_outside(w, name);

	program_start(p, option ? ARGS("file_server", option, path, "127.0.0.1", "0")
				: ARGS("file_server", path, "127.0.0.1", "0"));
	(void)program_address(p);
}

/* file_client, called by that server. */
static void client_of(struct world *w, struct program *server, struct program *p)
{
	char port[8];

	snprintf(port, sizeof(port), "%u", ntohs(program_address(server).sin_port));
	program_start(p, ARGS("file_client", "--folder", w->in, "127.0.0.1", port));
}

/* ---- the bytes ----------------------------------------------------------------------------- */

static void the_header_comes_first_and_then_the_file_and_nothing_else(void **state)
{
	static const char expected[] =
		"\0\0\0\x28{\"filename\": \"hello.txt\", \"filesize\": 6}hello\n";
	struct world *w = *state;
	struct program p;
	size_t len;
	int error;

	write_file(w->outside, "hello.txt", "hello\n", 6);
	server_start(w, &p, "hello.txt", NULL);
	int fd = caller_of(&p);
	char *all = hear_all(fd, &len, &error);
	assert_int_equal(len, sizeof(expected) - 1);
	assert_memory_equal(all, expected, len);
	assert_int_equal(error, 0);
	free(all);
	close(fd);
	program_until(&p, &p.err, "has all 6 bytes");
	program_stop(&p);
}

static void native_is_least_significant_byte_first(void **state)
{
	struct world *w = *state;
	struct program p;
	uint8_t prefix[4];

	write_file(w->outside, "电影.mp4", "", 0);
	server_start(w, &p, "电影.mp4", "--native");
	int fd = caller_of(&p);
	hear_exactly(fd, prefix, sizeof(prefix));
	assert_memory_equal(prefix, "\x29\0\0\0", 4);
	char json[42] = "";
	hear_exactly(fd, json, 41);
	assert_string_equal(json, "{\"filename\": \"电影.mp4\", \"filesize\": 0}");
	close(fd);
	program_stop(&p);
}

/* printf 'hello\n' | sha256sum */
#define SUM_OF_HELLO "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

static void with_a_sum_the_header_has_it(void **state)
{
	struct world *w = *state;
	struct program p;
	size_t len;
	int error;

	write_file(w->outside, "hello.txt", "hello\n", 6);
	server_start(w, &p, "hello.txt", "--sha256");
	int fd = caller_of(&p);
	char *all = hear_all(fd, &len, &error);
	assert_non_null(
		strstr(all + 4, "\"filesize\": 6, \"sha256\": \"" SUM_OF_HELLO "\"}hello\n"));
	free(all);
	close(fd);
	program_stop(&p);
}

static void once_ends_after_one_guest(void **state)
{
	struct world *w = *state;
	struct program p, client;
	uint8_t *bytes = noise(3 * MIB);

	write_file(w->outside, "a", bytes, 3 * MIB);
	server_start(w, &p, "a", "--once");
	client_of(w, &p, &client);
	assert_int_equal(program_end(&client), EXIT_DONE);
	assert_int_equal(program_end(&p), EXIT_DONE);
	assert_true(file_has(w->in, "a", bytes, 3 * MIB));
	program_stop(&client);
	program_stop(&p);
	free(bytes);
}

/* ---- the file ------------------------------------------------------------------------------- */

static void only_an_ordinary_file_is_offered(void **state)
{
	struct world *w = *state;
	struct program p;

	assert_int_equal(mkfifo(path_of_outside(w, "fifo"), 0666), 0);
	program_start(&p, ARGS("file_server", path_of_outside(w, "fifo")));
	expect_complaint(&p, EXIT_USAGE, "is no ordinary file");
	program_start(&p, ARGS("file_server", w->outside));
	expect_complaint(&p, EXIT_USAGE, "is no ordinary file");
	program_start(&p, ARGS("file_server", path_of_outside(w, "nothing")));
	expect_complaint(&p, EXIT_USAGE, "No such file");
	write_file(w->outside, "\033[2J", "", 0);
	program_start(&p, ARGS("file_server", path_of_outside(w, "\033[2J")));
	expect_complaint(&p, EXIT_USAGE, "it has a control character");
	program_start(&p, ARGS("file_server", NULL));
	expect_complaint(&p, EXIT_USAGE, "a file, a host and a port");
}

/* How many bytes come before the end. */
static size_t heard_until_end(int fd)
{
	static char bytes[65536];
	size_t all = 0;
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		all += (size_t)n;
	assert_true(n == 0 || errno == ECONNRESET);
	return all;
}

/* A guest who stops after the header, as the file is still under way; then it is changed. */
static void expect_no_mixture(struct world *w, bool shorter)
{
	enum { LEN = 24 << 20 };	/* more than any socket takes */
	uint8_t *bytes = noise(LEN);
	struct program p, client;

	write_file(w->outside, "a", bytes, LEN);
	server_start(w, &p, "a", NULL);
	int fd = caller_of(&p);
	uint8_t first[100];
	hear_exactly(fd, first, sizeof(first));
	if (shorter)
		assert_int_equal(truncate(path_of_outside(w, "a"), LEN / 2), 0);
	else
		write_file(w->outside, "a", "other", 5);
	assert_true(sizeof(first) + heard_until_end(fd) < LEN);
	close(fd);
	program_until(&p, &p.err, "the file has been written to");
	/* Who comes now is not promised what there is no more. */
	client_of(w, &p, &client);
	assert_int_equal(program_end(&client), EXIT_NO_ANSWER);
	program_stop(&client);
	char *names_now = names_in(w->in);
	assert_string_equal(names_now, "");
	free(names_now);
	program_stop(&p);
	free(bytes);
}

static void a_file_that_becomes_shorter_is_broken_off_and_not_filled_up(void **state)
{
	expect_no_mixture(*state, true);
}

static void a_file_that_is_written_to_is_broken_off(void **state)
{
	expect_no_mixture(*state, false);
}

static void a_file_that_is_replaced_stays_what_it_was_for_the_guests(void **state)
{
	struct world *w = *state;
	struct program p, client;
	char path[PATH_ROOM];

	write_file(w->outside, "a", "the old one", 11);
	server_start(w, &p, "a", NULL);
	write_file(w->outside, "b", "new", 3);
	snprintf(path, sizeof(path), "%s", path_of_outside(w, "b"));
	assert_int_equal(rename(path, path_of_outside(w, "a")), 0);
	client_of(w, &p, &client);
	assert_int_equal(program_end(&client), EXIT_DONE);
	assert_true(file_has(w->in, "a", "the old one", 11));
	program_stop(&client);
	program_stop(&p);
}

/* ---- guests --------------------------------------------------------------------------------- */

static void a_guest_who_never_reads_keeps_nobody_waiting(void **state)
{
	enum { LEN = 24 << 20, RUDE = 5 };
	struct world *w = *state;
	uint8_t *bytes = noise(LEN);
	struct program p, client;
	int rude[RUDE];

	write_file(w->outside, "a", bytes, LEN);
	server_start(w, &p, "a", NULL);
	for (int i = 0; i < RUDE; i++)
		rude[i] = caller_of(&p);
	client_of(w, &p, &client);
	assert_int_equal(program_end(&client), EXIT_DONE);
	assert_true(file_has(w->in, "a", bytes, LEN));
	for (int i = 0; i < RUDE; i++)
		close(rude[i]);
	program_stop(&client);
	program_stop(&p);
	free(bytes);
}

static void a_guest_who_takes_nothing_is_left_after_a_while(void **state)
{
	struct world *w = *state;
	struct program p;
	int fd = open(path_of_outside(w, "a"), O_CREAT | O_WRONLY | O_CLOEXEC, 0666);

	assert_int_equal(ftruncate(fd, 64 << 20), 0);
	close(fd);
	server_start(w, &p, "a", "--timeout=1");
	fd = caller_of(&p);
	program_until(&p, &p.err, "nothing was taken for too long");
	close(fd);
	program_stop(&p);
}

/* What it says of each guest would fill the pipe between us, and then it waits. */
static void discard_remarks(struct program *p)
{
	struct pollfd f = { .fd = p->err.fd, .events = POLLIN };
	char said[4096];

	while (poll(&f, 1, 0) > 0 && read(p->err.fd, said, sizeof(said)) > 0)
		;
}

static void resets_in_the_middle_cost_neither_its_life_nor_descriptors(void **state)
{
	const struct linger reset = { .l_onoff = 1 };
	unsigned times = scaled(10000, 200);
	struct world *w = *state;
	struct program p, client;
	uint8_t *bytes = noise(MIB), first[20];

	write_file(w->outside, "a", bytes, MIB);
	server_start(w, &p, "a", NULL);
	size_t before = program_descriptors(&p);
	for (unsigned i = 0; i < times; i++) {
		int fd = caller_of(&p);
		if (i % 2)
			hear_exactly(fd, first, sizeof(first));
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
		close(fd);
		discard_remarks(&p);
	}
	client_of(w, &p, &client);
	assert_int_equal(program_end(&client), EXIT_DONE);
	assert_true(file_has(w->in, "a", bytes, MIB));
	uint64_t deadline = monotonic_now_ns() + PATIENCE_NS;
	while (discard_remarks(&p), program_descriptors(&p) != before)
		assert_true(monotonic_now_ns() < deadline);
	program_stop(&client);
	program_stop(&p);
	free(bytes);
}

static void what_a_guest_says_unasked_does_not_cost_him_the_file(void **state)
{
	enum { LEN = 1 << 20 };
	struct world *w = *state;
	uint8_t *bytes = noise(LEN);
	struct program p;
	size_t len;
	int error;

	write_file(w->outside, "a", bytes, LEN);
	server_start(w, &p, "a", NULL);
	int fd = caller_of(&p);
	/* Unread at close(), this would have the kernel send a reset, which overtakes the file. */
	assert_int_equal(send(fd, "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
	char *all = hear_all(fd, &len, &error);
	assert_int_equal(error, 0);
	assert_true(len > LEN && memcmp(all + len - LEN, bytes, LEN) == 0);
	free(all);
	close(fd);
	program_stop(&p);
	free(bytes);
}

/* ---- a large file ---------------------------------------------------------------------------- */

/* Most memory of file_client so far; 0 once it has ended. */
static uint64_t peak_kib(pid_t pid)
{
	char path[64], line[128];
	unsigned long long kib = 0;
	bool itself = false;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f) && sscanf(line, "VmHWM: %llu", &kib) != 1)
		itself = itself || strcmp(line, "Name:\tfile_client\n") == 0;
	if (f)
		fclose(f);
	/* Until it has begun it is a copy of this test. */
	return kib && !itself ? 1 : kib;
}

/* Most of it a hole, and something at its very end. */
static void a_large_file_arrives_whole_in_flat_memory(void **state)
{
	off_t len = scaled(1, 0) ? ((off_t)4 << 30) + 1 : ((off_t)24 << 20) + 1;
	struct world *w = *state;
	struct program p, client;
	char path[PATH_ROOM];
	struct stat st;
	char last = 0;

	int fd = open(path_of_outside(w, "large"), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	assert_true(fd >= 0 && pwrite(fd, "!", 1, len - 1) == 1);
	close(fd);
	server_start(w, &p, "large", NULL);
	client_of(w, &p, &client);
	uint64_t most = 0;
	for (uint64_t now; (now = peak_kib(client.pid)) > 0;) {
		struct timespec moment = { .tv_nsec = 5000000 };
		most = now > most ? now : most;
		nanosleep(&moment, NULL);
	}
	assert_int_equal(program_end(&client), EXIT_DONE);
	uint64_t of_server = program_status(&p, "VmHWM");
	print_message("%lld bytes; most memory: %llu KiB of the client, %llu KiB of the server\n",
		      (long long)len, (unsigned long long)most, (unsigned long long)of_server);
	assert_true(SANITIZED || (most < 8192 && of_server < 8192));
	snprintf(path, sizeof(path), "%s/large", w->in);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	assert_int_equal(st.st_size, len);
	assert_int_equal(pread(fd, &last, 1, len - 1), 1);
	assert_int_equal(last, '!');
	close(fd);
	program_stop(&client);
	program_stop(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(the_header_comes_first_and_then_the_file_and_nothing_else),
		IN_A_FOLDER(native_is_least_significant_byte_first),
		IN_A_FOLDER(with_a_sum_the_header_has_it),
		IN_A_FOLDER(once_ends_after_one_guest),
		IN_A_FOLDER(only_an_ordinary_file_is_offered),
		IN_A_FOLDER(a_file_that_becomes_shorter_is_broken_off_and_not_filled_up),
		IN_A_FOLDER(a_file_that_is_written_to_is_broken_off),
		IN_A_FOLDER(a_file_that_is_replaced_stays_what_it_was_for_the_guests),
		IN_A_FOLDER(a_guest_who_never_reads_keeps_nobody_waiting),
		IN_A_FOLDER(a_guest_who_takes_nothing_is_left_after_a_while),
		IN_A_FOLDER(resets_in_the_middle_cost_neither_its_life_nor_descriptors),
		IN_A_FOLDER(what_a_guest_says_unasked_does_not_cost_him_the_file),
		IN_A_FOLDER(a_large_file_arrives_whole_in_flat_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
