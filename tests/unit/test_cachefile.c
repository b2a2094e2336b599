/* The cache file: what one run of arpq tells the next, and what may happen to it between. */
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
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../src/io/cachefile_line.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"
#define OTHER_BOOT "fedcba98-7654-3210-fedc-ba9876543210"
#define NOBODY UINT32_MAX

static const struct cache_place eth0 = { .netns = 1, .ifindex = 2, .generation = 0x7e57 };
static const struct cache_place eth0_vlan5 = { .netns = 1, .ifindex = 2, .vlan = 5 };

struct world {
	char dir[128], path[160], lock[160], temp[160];
};

static struct instant at(double seconds)
{
	return (struct instant){ (uint64_t)(seconds * 1e9) };
}

static struct ip4 ip(const char *text)
{
	struct ip4 a;

	assert_true(ip4_parse(text, &a));
	return a;
}

static struct cache_entry heard(struct ip4 address, double seconds)
{
	struct cache_entry e = {
		.ip = address, .place = eth0, .ifname = "eth0", .state = CACHE_KNOWN,
		.how = CACHE_REPLY, .confirmed = at(seconds), .expires = at(seconds + 60),
	};
	e.mac = (struct mac){ { 2, 0, address.b[0], address.b[1], address.b[2], address.b[3] } };
	return e;
}

static struct cache_entry known(const char *address, double seconds)
{
	return heard(ip(address), seconds);
}

static struct cache_entry silent(const char *address, double seconds)
{
	struct cache_entry e = known(address, seconds);

	e.state = CACHE_FAILED;
	e.mac = MAC_ZERO;
	return e;
}

static int save(const struct world *w, const struct cache_entry *put, size_t n, double now,
		struct cachefile_error *err)
{
	struct cachefile_change change = { .put = put, .n_put = n, .now = at(now) };

	return cachefile_save(w->path, BOOT, &change, NULL, err);
}

static void must_save(const struct world *w, const struct cache_entry *put, size_t n, double now)
{
	struct cachefile_error err;

	if (save(w, put, n, now, &err) != 0 || err.trouble != CACHEFILE_OK)
		fail_msg("save: %s", err.why);
}

static struct cachefile *must_open(const struct world *w)
{
	struct cachefile_error err;
	struct cachefile *c = cachefile_open(w->path, BOOT, NOBODY, &err);

	if (!c)
		fail_msg("open: %s", err.why);
	assert_string_equal(err.why, "");
	assert_true(err.trouble == CACHEFILE_OK);
	return c;
}

static enum cachefile_trouble trouble_opening(const struct world *w)
{
	struct cachefile_error err;
	struct cachefile *c = cachefile_open(w->path, BOOT, NOBODY, &err);

	assert_true((c != NULL) == (err.trouble == CACHEFILE_OK));
	if (!c && err.trouble != CACHEFILE_ABSENT)
		assert_non_null(strstr(err.why, "cache: "));
	cachefile_close(c);
	return err.trouble;
}

/* The second a look-up of address at place says it was confirmed; -1 when it is not there. */
static long confirmed_at(const struct world *w, const char *address,
			 const struct cache_place *place)
{
	struct cachefile *c = must_open(w);
	struct cachefile_error err;
	struct cache_entry e;
	int r = cachefile_find(c, ip(address), place, &e, &err);

	cachefile_close(c);
	assert_true(r >= 0);
	return r == 1 ? (long)(e.confirmed.ns / SEC_NS) : -1;
}

static long confirmed(const struct world *w, const char *address)
{
	return confirmed_at(w, address, &eth0);
}

static uint64_t count(const struct world *w)
{
	struct cachefile *c = must_open(w);
	uint64_t n = cachefile_count(c);

	cachefile_close(c);
	return n;
}

struct blob {
	size_t len;
	char bytes[8192];
};

static struct blob slurp(const char *path)
{
	struct blob b = { 0 };
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, b.bytes, sizeof(b.bytes));

	assert_true(n >= 0 && (size_t)n < sizeof(b.bytes));
	b.len = (size_t)n;
	close(fd);
	return b;
}

static void spill(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_true(write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A line with other text in it, and a CRC that is right again. */
static void forge(char *line, size_t column, const char *text)
{
	char crc[9];

	memcpy(line + column, text, strlen(text));
	snprintf(crc, sizeof(crc), "%08x", cacheline_crc(line, CACHELINE_SUMMED));
	memcpy(line + CACHELINE_SUMMED, crc, 8);
}

static int make_world(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct world *w = calloc(1, sizeof(*w));

	snprintf(w->dir, sizeof(w->dir), "%.80s/cachefile-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir))
		return -1;
	snprintf(w->path, sizeof(w->path), "%s/cache", w->dir);
	snprintf(w->lock, sizeof(w->lock), "%s/cache.lock", w->dir);
	snprintf(w->temp, sizeof(w->temp), "%s/cache.tmp", w->dir);
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

/* ---- the story ----------------------------------------------------------------- */

static void what_one_process_learned_the_next_one_finds(void **state)
{
	struct world *w = *state;
	struct cache_entry learned[] = { silent("10.0.0.7", 100.25), known("10.0.0.1", 100) };
	struct cachefile_error err;
	struct cache_entry e;

	must_save(w, learned, 2, 101);

	struct cachefile *c = must_open(w);
	assert_true(cachefile_count(c) == 2);
	assert_int_equal(cachefile_find(c, ip("10.0.0.1"), &eth0, &e, &err), 1);
	assert_true(mac_equal(e.mac, learned[1].mac));
	assert_true(e.state == CACHE_KNOWN && e.how == CACHE_REPLY);
	assert_string_equal(e.ifname, "eth0");
	assert_true(e.place.generation == 0x7e57);
	assert_true(e.confirmed.ns == at(100).ns && e.expires.ns == at(160).ns);

	assert_int_equal(cachefile_find(c, ip("10.0.0.7"), &eth0, &e, &err), 1);
	assert_true(e.state == CACHE_FAILED && mac_is_zero(e.mac));
	assert_true(e.confirmed.ns == at(100.25).ns);

	/* Another address, and the same address on another link, are not known. */
	assert_int_equal(cachefile_find(c, ip("10.0.0.2"), &eth0, &e, &err), 0);
	assert_int_equal(cachefile_find(c, ip("10.0.0.1"), &eth0_vlan5, &e, &err), 0);
	assert_int_equal(err.trouble, CACHEFILE_OK);
	cachefile_close(c);
}

static void the_file_is_a_table_for_people(void **state)
{
	struct world *w = *state;
	struct cache_entry learned[] = { silent("10.0.0.7", 100.25), known("10.0.0.1", 100) };
	static const char expected[] =
		"arpq-cache 1 boot " BOOT " entries       2 ip mac state how iface index vlan "
		"netns gen confirmed expires  XXXXXXXX\n"
		"10.0.0.1        02:00:0a:00:00:01 known   reply eth0                     2    0 "
		"0000000000000001 00007e57       100.000       160.000 XXXXXXXX\n"
		"10.0.0.7        -                 failed  reply eth0                     2    0 "
		"0000000000000001 00007e57       100.250       160.250 XXXXXXXX\n";

	must_save(w, learned, 2, 101);
	struct blob b = slurp(w->path);
	assert_true(b.len == 3 * CACHELINE_WIDTH && sizeof(expected) == b.len + 1);
	for (size_t i = 0; i < 3; i++)
		memset(b.bytes + i * CACHELINE_WIDTH + CACHELINE_SUMMED, 'X', 8);
	assert_string_equal(b.bytes, expected);

	struct stat st;
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, geteuid() == 0 ? 0644 : 0600);
}

static void a_missing_file_is_no_trouble(void **state)
{
	struct cachefile_error err;

	assert_null(cachefile_open(((struct world *)*state)->path, BOOT, NOBODY, &err));
	assert_int_equal(err.trouble, CACHEFILE_ABSENT);
	assert_string_equal(err.why, "");
}

static void entries_are_walked_in_the_order_of_addresses_as_numbers(void **state)
{
	struct world *w = *state;
	struct cache_entry put[] = { known("10.0.0.10", 1), known("9.255.0.1", 1),
				     known("10.0.0.9", 1), known("10.0.0.9", 1) };
	const char *order[] = { "9.255.0.1", "10.0.0.9", "10.0.0.9", "10.0.0.10" };
	struct cachefile_error err;
	struct cache_entry e;

	put[2].place = eth0_vlan5;
	put[2].how = CACHE_WATCHED;
	put[2].state = CACHE_CONTESTED;
	must_save(w, put, 4, 2);
	struct cachefile *c = must_open(w);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(cachefile_next(c, &e, &err), 1);
		assert_true(ip4_equal(e.ip, ip(order[i])));
		assert_int_equal(e.place.vlan, i == 2 ? 5 : 0);
		/* A look-up on the way does not disturb the walk. */
		assert_int_equal(cachefile_find(c, ip("9.255.0.1"), &eth0, &e, &err), 1);
	}
	assert_int_equal(cachefile_next(c, &e, &err), 0);
	assert_int_equal(cachefile_next(c, &e, &err), 0);
	assert_int_equal(err.trouble, CACHEFILE_OK);
	cachefile_close(c);
}

/* ---- what is refused ----------------------------------------------------------- */

/* Neither read nor replaced, whatever it is; the reason names the file and the cure. */
static void is_refused(const struct world *w, const char *reason)
{
	struct cache_entry e = known("10.0.0.1", 1);
	struct cachefile_error err;
	struct stat before, after;

	assert_int_equal(lstat(w->path, &before), 0);
	assert_null(cachefile_open(w->path, BOOT, NOBODY, &err));
	assert_int_equal(err.trouble, CACHEFILE_REFUSED);
	assert_non_null(strstr(err.why, reason));
	assert_non_null(strstr(err.why, w->path));

	assert_int_equal(save(w, &e, 1, 2, &err), -1);
	assert_int_equal(err.trouble, CACHEFILE_REFUSED);
	assert_non_null(strstr(err.why, reason));
	assert_int_equal(lstat(w->path, &after), 0);
	assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size &&
		    before.st_mode == after.st_mode);
	assert_false(exists(w->temp));
}

static void a_symbolic_link_is_refused(void **state)
{
	struct world *w = *state;
	struct cache_entry e = known("10.0.0.1", 1);
	char other[200];

	must_save(w, &e, 1, 2);
	snprintf(other, sizeof(other), "%s/elsewhere", w->dir);
	assert_int_equal(rename(w->path, other), 0);
	assert_int_equal(symlink(other, w->path), 0);
	is_refused(w, "symbolic link");
}

static void a_fifo_is_refused_and_not_waited_for(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkfifo(w->path, 0600), 0);
	is_refused(w, "is a FIFO");
}

static void a_directory_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkdir(w->path, 0700), 0);
	is_refused(w, "is a directory");
}

static void a_socket_is_refused(void **state)
{
	struct world *w = *state;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(w->path) >= sizeof(a.sun_path)) {
		close(fd);
		print_message("skipped: $TMPDIR is too long for the name of a socket\n");
		skip();
	}
	memcpy(a.sun_path, w->path, strlen(w->path));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	is_refused(w, "is a socket");
	close(fd);
}

static void a_file_that_others_can_write_is_refused(void **state)
{
	struct world *w = *state;
	struct cache_entry e = known("10.0.0.1", 1);

	must_save(w, &e, 1, 2);
	assert_int_equal(chmod(w->path, 0664), 0);
	is_refused(w, "written by others");
	assert_int_equal(chmod(w->path, 0646), 0);
	is_refused(w, "written by others");
	assert_int_equal(chmod(w->path, 0644), 0);
	assert_int_equal(confirmed(w, "10.0.0.1"), 1);
}

static void a_strangers_file_is_refused_unless_he_is_trusted(void **state)
{
	struct world *w = *state;
	struct cache_entry e = known("10.0.0.1", 1);
	struct cachefile_error err;

	if (geteuid() != 0) {
		print_message("skipped: only root can give a file away\n");
		skip();
	}
	must_save(w, &e, 1, 2);
	assert_int_equal(chown(w->path, 4242, 0), 0);
	is_refused(w, "belongs to user 4242");
	struct cachefile *c = cachefile_open(w->path, BOOT, 4242, &err);
	assert_non_null(c);
	cachefile_close(c);
}

static void a_file_of_something_else_is_refused(void **state)
{
	struct world *w = *state;
	static const char other[] = "# my shopping list\n";

	spill(w->path, other, sizeof(other) - 1);
	is_refused(w, "not a cache of arpq");
}

static void a_lock_that_is_a_link_is_refused(void **state)
{
	struct world *w = *state;
	struct cache_entry e = known("10.0.0.1", 1);
	struct cachefile_error err;

	assert_int_equal(symlink("victim", w->lock), 0);
	assert_int_equal(save(w, &e, 1, 2, &err), -1);
	assert_non_null(strstr(err.why, "cache.lock"));
	assert_false(exists(w->path));
}

static void a_missing_directory_is_named_with_the_reason(void **state)
{
	struct world *w = *state, inside = *w;
	struct cache_entry e = known("10.0.0.1", 1);
	struct cachefile_error err;

	snprintf(inside.path, sizeof(inside.path), "%.120s/no/cache", w->dir);
	assert_int_equal(save(&inside, &e, 1, 2, &err), -1);
	assert_int_equal(err.trouble, CACHEFILE_SYSTEM);
	assert_non_null(strstr(err.why, "No such file or directory"));
	assert_int_equal(trouble_opening(&inside), CACHEFILE_ABSENT);
	snprintf(inside.path, sizeof(inside.path), "%.120s/", w->dir);
	assert_int_equal(save(&inside, &e, 1, 2, &err), -1);
	assert_int_equal(err.trouble, CACHEFILE_REFUSED);
}

static void a_long_path_leaves_room_for_the_reason(void **state)
{
	char path[600];
	struct cachefile_error err;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_null(cachefile_open(path, BOOT, NOBODY, &err));
	assert_int_equal(err.trouble, CACHEFILE_SYSTEM);
	assert_non_null(strstr(err.why, "File name too long"));
}

/* ---- damage -------------------------------------------------------------------- */

enum { SMALL = 5 };

/* 10.0.0.10, .20, ... at 1 s, 2 s, ... */
static void save_small(const struct world *w)
{
	struct cache_entry put[SMALL];

	for (uint8_t i = 0; i < SMALL; i++)
		put[i] = heard((struct ip4){ { 10, 0, 0, (uint8_t)(10 * (i + 1)) } }, i + 1);
	must_save(w, put, SMALL, 9);
}

/* Every address between, too: true when each was answered rightly or called damaged. */
static bool no_wrong_answer(struct cachefile *c)
{
	struct cachefile_error err;
	struct cache_entry e;

	for (uint8_t host = 5; host <= 55; host = (uint8_t)(host + 5)) {
		struct cache_entry right = heard((struct ip4){ { 10, 0, 0, host } }, host / 10);
		int r = cachefile_find(c, right.ip, &eth0, &e, &err);

		if (r < 0 && (err.trouble != CACHEFILE_DAMAGED || !strstr(err.why, "line ")))
			return false;
		if (r < 0)
			continue;
		if (r != (host % 10 == 0 && host <= 50))
			return false;
		if (r == 1 && (!ip4_equal(e.ip, right.ip) || !mac_equal(e.mac, right.mac) ||
			       e.confirmed.ns != right.confirmed.ns || e.state != CACHE_KNOWN ||
			       e.expires.ns != right.expires.ns))
			return false;
	}
	return true;
}

static bool walk_is_whole(struct cachefile *c)
{
	struct cachefile_error err;
	struct cache_entry e;
	int r;

	while ((r = cachefile_next(c, &e, &err)) == 1)
		continue;
	return r == 0;
}

static void a_flipped_bit_anywhere_never_gives_a_wrong_answer(void **state)
{
	struct world *w = *state;

	save_small(w);
	struct blob b = slurp(w->path);
	int fd = open(w->path, O_RDWR);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		char flipped = (char)(b.bytes[bit / 8] ^ 1 << bit % 8);
		struct cachefile_error err;

		assert_true(pwrite(fd, &flipped, 1, (off_t)(bit / 8)) == 1);
		struct cachefile *c = cachefile_open(w->path, BOOT, NOBODY, &err);
		assert_true(c || err.trouble == CACHEFILE_DAMAGED ||
			    (bit / 8 < strlen(CACHELINE_MAGIC) &&
			     err.trouble == CACHEFILE_REFUSED));
		assert_true((bit / 8 < CACHELINE_WIDTH) == (c == NULL));
		/* Whoever reads it all notices. */
		if (c && (!no_wrong_answer(c) || walk_is_whole(c)))
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		cachefile_close(c);
		assert_true(pwrite(fd, &b.bytes[bit / 8], 1, (off_t)(bit / 8)) == 1);
	}
	close(fd);
	assert_int_equal(trouble_opening(w), CACHEFILE_OK);
}

static void a_cut_file_is_damaged_wherever_it_is_cut(void **state)
{
	struct world *w = *state;

	save_small(w);
	struct blob b = slurp(w->path);
	for (size_t len = 0; len < b.len; len++) {
		spill(w->path, b.bytes, len);
		assert_int_equal(trouble_opening(w), CACHEFILE_DAMAGED);
	}
	b.bytes[b.len] = '\n';
	spill(w->path, b.bytes, b.len + 1);
	assert_int_equal(trouble_opening(w), CACHEFILE_DAMAGED);
}

static void a_save_keeps_what_a_damaged_file_still_tells(void **state)
{
	struct world *w = *state;
	struct cache_entry new = known("10.0.0.99", 9);
	struct cachefile_error err;

	/* Line 0 is the header; a cut after line 3 and a half is damage as well. */
	for (size_t line = 0; line <= SMALL + 1; line++) {
		unlink(w->path);
		save_small(w);
		struct blob b = slurp(w->path);
		if (line <= SMALL)
			b.bytes[line * CACHELINE_WIDTH + (line ? 3 : 70)] ^= 1;
		else
			b.len = 3 * CACHELINE_WIDTH + CACHELINE_WIDTH / 2;
		spill(w->path, b.bytes, b.len);

		assert_int_equal(save(w, &new, 1, 10, &err), 0);
		assert_int_equal(err.trouble, CACHEFILE_DAMAGED);
		assert_non_null(strstr(err.why, "damaged"));
		assert_int_equal(confirmed(w, "10.0.0.99"), 9);
		assert_int_equal(confirmed(w, "10.0.0.10"), line == 1 ? -1 : 1);
		assert_int_equal(confirmed(w, "10.0.0.50"), line >= 5 ? -1 : 5);
		assert_true(count(w) == (line == 0 ? 6u : line <= SMALL ? 5u : 3u));
	}
}

static void a_save_replaces_an_empty_file(void **state)
{
	struct world *w = *state;
	struct cache_entry e = known("10.0.0.1", 1);
	struct cachefile_error err;

	spill(w->path, "", 0);
	assert_int_equal(trouble_opening(w), CACHEFILE_DAMAGED);
	assert_int_equal(save(w, &e, 1, 2, &err), 0);
	assert_int_equal(err.trouble, CACHEFILE_DAMAGED);
	assert_int_equal(confirmed(w, "10.0.0.1"), 1);
}

static void lines_in_the_wrong_order_are_damage(void **state)
{
	struct world *w = *state;
	struct cachefile_error err;
	char line[CACHELINE_WIDTH];

	save_small(w);
	struct blob b = slurp(w->path);
	char *first = b.bytes + CACHELINE_WIDTH, *last = b.bytes + SMALL * CACHELINE_WIDTH;
	memcpy(line, first, sizeof(line));
	memcpy(first, last, sizeof(line));
	memcpy(last, line, sizeof(line));
	spill(w->path, b.bytes, b.len);
	struct cachefile *c = must_open(w);
	assert_false(walk_is_whole(c));
	struct cache_entry e;
	assert_int_equal(cachefile_find(c, ip("10.0.0.5"), &eth0, &e, &err), -1);
	assert_non_null(strstr(err.why, "line 2 is out of order"));
	cachefile_close(c);
	assert_int_equal(save(w, NULL, 0, 9, &err), 0);
	assert_int_equal(err.trouble, CACHEFILE_DAMAGED);
	c = must_open(w);
	assert_true(walk_is_whole(c));
	cachefile_close(c);
}

static void another_format_version_is_replaced_like_damage(void **state)
{
	struct world *w = *state;

	save_small(w);
	struct blob b = slurp(w->path);
	forge(b.bytes, strlen(CACHELINE_MAGIC), "2");
	spill(w->path, b.bytes, b.len);
	assert_int_equal(trouble_opening(w), CACHEFILE_DAMAGED);
}

/* ---- one line ------------------------------------------------------------------ */

static void the_sum_is_the_crc_32_of_ethernet(void **state)
{
	(void)state;
	assert_true(cacheline_crc("123456789", 9) == 0xcbf43926);
	assert_true(cacheline_crc("", 0) == 0);
	assert_true(cacheline_crc("The quick brown fox jumps over the lazy dog", 43) == 0x414fa339);
}

static void a_line_comes_back_as_it_was_written(void **state)
{
	char line[CACHELINE_WIDTH], again[CACHELINE_WIDTH];
	struct cache_entry e = known("255.255.255.255", 1), r;

	(void)state;
	e.place = (struct cache_place){ UINT64_MAX, UINT32_MAX, CACHEFILE_VLAN_MAX, UINT32_MAX };
	memcpy(e.ifname, "fifteen-letters", sizeof(e.ifname));
	e.mac = MAC_BROADCAST;
	e.confirmed.ns = e.expires.ns = CACHEFILE_TIME_MAX;
	cacheline_format(&e, line);
	assert_true(cacheline_parse(line, sizeof(line), &r));
	assert_true(r.place.netns == UINT64_MAX && r.place.ifindex == UINT32_MAX &&
		    r.place.vlan == CACHEFILE_VLAN_MAX && r.place.generation == UINT32_MAX);
	assert_true(r.expires.ns == CACHEFILE_TIME_MAX && mac_is_broadcast(r.mac));
	assert_string_equal(r.ifname, "fifteen-letters");
	cacheline_format(&r, again);
	assert_memory_equal(line, again, sizeof(line));
	/* Later than the columns can say is as late as they can say. */
	e.expires = INSTANT_NEVER;
	cacheline_format(&e, again);
	assert_memory_equal(line, again, sizeof(line));
}

static void a_name_cannot_command_the_terminal(void **state)
{
	char line[CACHELINE_WIDTH];
	struct cache_entry e = known("10.0.0.1", 1), r;

	(void)state;
	memcpy(e.ifname, "a\033[2J b\xc3\xa4", 10);
	cacheline_format(&e, line);
	assert_true(cacheline_parse(line, sizeof(line), &r));
	assert_string_equal(r.ifname, "a?[2J?b??");
	memset(e.ifname, 0, sizeof(e.ifname));
	cacheline_format(&e, line);
	assert_true(cacheline_parse(line, sizeof(line), &r));
	assert_string_equal(r.ifname, "");
}

static void a_right_sum_does_not_excuse_a_wrong_field(void **state)
{
	static const struct { size_t column; const char *text; } wrong[] = {
		{ 0, "10.0.0.01 " }, { 0, "10.0.0.256" }, { 0, "10.0.0   " }, { 0, " 10.0.0.1" },
		{ 0, "10.0.0.1 x" }, { 0, "1000.0.0.1" }, { 0, "10..0.1  " }, { 15, "x" },
		{ 16, "02:00:0A" }, { 16, "02-00" }, { 16, "-                " }, { 16, "-" },
		{ 16, "00:00:00:00:00:00" }, { 34, "KNOWN" }, { 34, "failed " }, { 42, "heard" },
		{ 48, " eth0" }, { 48, "et h0" }, { 48, "     " }, { 48, "et\x1b" },
		{ 48, "et\xff" },
		{ 64, "        02" }, { 64, "4294967296" }, { 64, "         x" },
		{ 64, "2         " },
		{ 64, "          " }, { 75, "4095" }, { 75, "0001" }, { 80, "g" }, { 80, "A" },
		{ 97, "X" }, { 106, "  0100.000" }, { 106, "      10 .000" },
		{ 106, "      100,000" },
		{ 106, "      100.00 " }, { 106, "      161.000" }, { 120, "       99.999" },
		{ 106, "         .000" }, { 120, "-" }, { 133, "\t" },
	};
	char good[CACHELINE_WIDTH], line[CACHELINE_WIDTH];
	struct cache_entry e = known("10.0.0.1", 100), r;

	(void)state;
	cacheline_format(&e, good);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memcpy(line, good, sizeof(line));
		forge(line, wrong[i].column, wrong[i].text);
		if (cacheline_parse(line, sizeof(line), &r))
			fail_msg("accepted: %.*s", (int)sizeof(line) - 1, line);
	}
	memcpy(line, good, sizeof(line));
	forge(line, 106, "      101.000");
	assert_true(cacheline_parse(line, sizeof(line), &r));
}

static void a_line_is_not_read_beyond_its_length(void **state)
{
	char line[CACHELINE_WIDTH];
	struct cache_entry e = known("10.0.0.1", 100), r;
	struct cacheline_head head;

	(void)state;
	for (size_t len = 0; len < CACHELINE_WIDTH; len++) {
		char *exact = malloc(len + !len);

		cacheline_format(&e, line);
		memcpy(exact, line, len);
		assert_false(cacheline_parse(exact, len, &r));
		cacheline_header(BOOT, 1, line);
		memcpy(exact, line, len);
		assert_false(cacheline_header_parse(exact, len, &head));
		free(exact);
	}
}

/* ---- time ---------------------------------------------------------------------- */

static void after_a_reboot_nothing_counts(void **state)
{
	struct world *w = *state;
	struct cache_entry old = known("10.0.0.1", 1), new = known("10.0.0.2", 1);
	struct cachefile_change change = { .put = &old, .n_put = 1, .now = at(2) };
	struct cachefile_error err;

	assert_int_equal(cachefile_save(w->path, OTHER_BOOT, &change, NULL, &err), 0);
	assert_int_equal(trouble_opening(w), CACHEFILE_STALE_BOOT);
	must_save(w, &new, 1, 2);
	assert_int_equal(confirmed(w, "10.0.0.1"), -1);
	assert_int_equal(confirmed(w, "10.0.0.2"), 1);
}

static void a_damaged_header_of_another_boot_saves_nobody(void **state)
{
	struct world *w = *state;
	struct cachefile_error err;

	save_small(w);
	struct blob b = slurp(w->path);
	b.bytes[20] = 'f';
	spill(w->path, b.bytes, b.len);
	assert_int_equal(save(w, NULL, 0, 9, &err), 0);
	assert_int_equal(err.trouble, CACHEFILE_DAMAGED);
	assert_true(count(w) == 0);
}

static void what_comes_from_the_future_is_void(void **state)
{
	struct world *w = *state;
	/* Later than any machine has been up. */
	struct cache_entry future = known("10.0.0.1", 9e8), now = known("10.0.0.2", 5);

	must_save(w, &future, 1, 9e8);
	assert_true(count(w) == 1);
	must_save(w, &now, 1, 6);
	assert_int_equal(confirmed(w, "10.0.0.1"), -1);
	assert_int_equal(confirmed(w, "10.0.0.2"), 5);
	must_save(w, &future, 1, 6);
	assert_int_equal(confirmed(w, "10.0.0.1"), -1);
}

static void what_another_process_saved_a_moment_ago_is_not_the_future(void **state)
{
	struct world *w = *state;
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	struct cache_entry theirs = known("10.0.0.1", (double)t.tv_sec), ours = theirs;
	ours.ip = ip("10.0.0.2");
	ours.confirmed.ns -= SEC_NS;
	must_save(w, &theirs, 1, (double)t.tv_sec);
	/* We looked at the clock a second before they did, and then waited for the lock. */
	must_save(w, &ours, 1, (double)t.tv_sec - 1);
	assert_true(count(w) == 2);
}

static void an_hour_after_its_expiry_an_entry_leaves(void **state)
{
	struct world *w = *state;
	struct cache_entry e = known("10.0.0.1", 10);	/* expires at 70 s */

	must_save(w, &e, 1, 10);
	must_save(w, NULL, 0, 70 + 3600);
	assert_true(count(w) == 1);
	must_save(w, NULL, 0, 70 + 3601);
	assert_true(count(w) == 0);
}

/* ---- merging ------------------------------------------------------------------- */

static void of_two_answers_the_later_stays_in_whatever_order_they_are_saved(void **state)
{
	struct world *w = *state;
	struct cache_entry early = known("10.0.0.1", 10), late = known("10.0.0.1", 20);

	must_save(w, &early, 1, 30);
	must_save(w, &late, 1, 30);
	assert_int_equal(confirmed(w, "10.0.0.1"), 20);
	must_save(w, &early, 1, 30);
	assert_int_equal(confirmed(w, "10.0.0.1"), 20);
	unlink(w->path);
	must_save(w, (struct cache_entry[]){ late, early }, 2, 30);
	assert_int_equal(confirmed(w, "10.0.0.1"), 20);
	assert_true(count(w) == 1);
}

static void of_two_answers_of_one_millisecond_the_one_being_saved_stays(void **state)
{
	struct world *w = *state;
	struct cache_entry a = known("10.0.0.1", 10), b = silent("10.0.0.1", 10);
	struct cachefile_error err;
	struct cache_entry e;

	must_save(w, &a, 1, 30);
	must_save(w, &b, 1, 30);
	struct cachefile *c = must_open(w);
	assert_int_equal(cachefile_find(c, a.ip, &eth0, &e, &err), 1);
	assert_int_equal(e.state, CACHE_FAILED);
	cachefile_close(c);
}

static void the_order_of_what_is_saved_does_not_matter(void **state)
{
	struct world *w = *state;
	enum { N = 40 };
	struct cache_entry put[N];

	for (uint8_t i = 0; i < N; i++) {
		put[i] = heard((struct ip4){ { 10, 0, 0, (uint8_t)(i / 2) } }, i + 1);
		put[i].place.vlan = i % 3;
	}
	must_save(w, put, N, 99);
	struct blob all = slurp(w->path);
	/* In another order, and in eight saves. */
	unlink(w->path);
	for (size_t i = 0; i < N; i += 5) {
		struct cache_entry some[5];

		for (size_t j = 0; j < 5; j++)
			some[j] = put[(i + j) * 23 % N];
		must_save(w, some, 5, 99);
	}
	struct blob again = slurp(w->path);
	assert_true(all.len == again.len);
	assert_memory_equal(all.bytes, again.bytes, all.len);
	/* And once more changes nothing. */
	must_save(w, put, N, 99);
	again = slurp(w->path);
	assert_memory_equal(all.bytes, again.bytes, all.len);
}

static void one_address_on_two_links_is_two_entries(void **state)
{
	struct world *w = *state;
	struct cache_entry put[] = { known("10.0.0.1", 1), known("10.0.0.1", 2),
				     known("10.0.0.1", 3), known("10.0.0.1", 4) };
	put[1].place.vlan = 5;
	put[2].place.ifindex = 3;
	put[3].place.netns = 2;
	must_save(w, put, 4, 9);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(confirmed_at(w, "10.0.0.1", &put[i].place), (long)i + 1);
	/* The generation is not part of the key: the new link's answer replaces the old one's. */
	put[0].place.generation++;
	put[0].confirmed = at(8);
	must_save(w, put, 1, 9);
	assert_true(count(w) == 4);
	assert_int_equal(confirmed_at(w, "10.0.0.1", &eth0), 8);
}

static void when_full_the_first_to_expire_leave(void **state)
{
	struct world *w = *state;
	struct cache_entry put[] = { known("10.0.0.1", 50), known("10.0.0.2", 20),
				     known("10.0.0.3", 40), known("10.0.0.4", 20),
				     known("10.0.0.5", 10) };
	struct cachefile_change change = { .put = put, .n_put = 3, .now = at(99),
					   .max_entries = 3 };
	struct cachefile_error err;

	assert_int_equal(cachefile_save(w->path, BOOT, &change, NULL, &err), 0);
	assert_true(count(w) == 3);
	change.put = put + 3;
	change.n_put = 2;
	assert_int_equal(cachefile_save(w->path, BOOT, &change, NULL, &err), 0);
	assert_true(count(w) == 3);
	assert_int_equal(confirmed(w, "10.0.0.1"), 50);
	assert_int_equal(confirmed(w, "10.0.0.3"), 40);
	/* Two expire at once: the lower address leaves. */
	assert_int_equal(confirmed(w, "10.0.0.2"), -1);
	assert_int_equal(confirmed(w, "10.0.0.4"), 20);
}

static void a_flush_of_one_address_takes_it_on_every_link(void **state)
{
	struct world *w = *state;
	struct cache_entry put[] = { known("10.0.0.1", 1), known("10.0.0.1", 1),
				     known("10.0.0.2", 1), known("10.0.0.1", 2) };
	struct ip4 victim = put[0].ip;
	struct cachefile_change change = { .flush = &victim, .now = at(9) };
	struct cachefile_error err;
	uint64_t flushed = 99;

	put[1].place = eth0_vlan5;
	must_save(w, put, 3, 9);
	assert_int_equal(cachefile_save(w->path, BOOT, &change, &flushed, &err), 0);
	assert_true(flushed == 2 && count(w) == 1);
	assert_int_equal(cachefile_save(w->path, BOOT, &change, &flushed, &err), 0);
	assert_true(flushed == 0 && count(w) == 1);
	/* What is saved with the flush is not flushed. */
	must_save(w, put, 1, 9);
	change.put = put + 3;
	change.n_put = 1;
	assert_int_equal(cachefile_save(w->path, BOOT, &change, &flushed, &err), 0);
	assert_true(flushed == 1 && confirmed(w, "10.0.0.1") == 2);
}

static void a_flush_of_all_leaves_an_empty_table(void **state)
{
	struct world *w = *state;
	struct cachefile_change change = { .flush_all = true, .now = at(9) };
	struct cachefile_error err;
	uint64_t flushed = 99;

	save_small(w);
	assert_int_equal(cachefile_save(w->path, BOOT, &change, &flushed, &err), 0);
	assert_true(flushed == SMALL && count(w) == 0);
}

/* ---- a large file -------------------------------------------------------------- */

/* Bytes this process has read by system calls, without those of asking. */
static long bytes_read(void)
{
	char text[512] = "";
	int fd = open("/proc/self/io", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 || strncmp(text, "rchar: ", 7) != 0)
		text[0] = '\0';
	close(fd);
	return text[0] ? strtol(text + 7, NULL, 10) : -1;
}

static struct cache_entry *many(uint32_t n)
{
	struct cache_entry *put = calloc(n, sizeof(*put));

	for (uint32_t i = 0; i < n; i++)
		put[i] = heard(ip4_from_number(0x0a000000 + 2 * i), 1);
	return put;
}

static void a_look_up_among_a_hundred_thousand_reads_little(void **state)
{
	struct world *w = *state;
	enum { N = 100000 };
	struct cache_entry *put = many(N), e;
	struct cachefile_error err;

	must_save(w, put, N, 2);
	free(put);
	long asking = bytes_read();
	asking = bytes_read() - asking;
	for (uint32_t i = 0; i < 2 * N; i += 1237) {
		long before = bytes_read();
		struct cachefile *c = must_open(w);
		int r = cachefile_find(c, ip4_from_number(0x0a000000 + i), &eth0, &e, &err);

		cachefile_close(c);
		assert_int_equal(r, i % 2 == 0);
		if (before < 0) {
			print_message("skipped: no /proc/self/io to count with\n");
			skip();
		}
		assert_in_range(bytes_read() - before - asking, 1, 16 << 10);
	}
	struct cachefile *c = must_open(w);
	assert_true(cachefile_count(c) == N && walk_is_whole(c));
	cachefile_close(c);
}

/* Evenly, in two lumps far apart, ever sparser, and one address on as many links. */
static struct cache_entry spread(unsigned how, uint32_t i)
{
	uint32_t n = how == 0 ? 0x0a000000 + 16 * i : how == 1 ? 2 * i + (i < 900 ? 0 : 1u << 31)
		   : how == 2 ? i * i * 400 : 0x0a000001;
	struct cache_entry e = heard(ip4_from_number(n), 1);

	e.place.ifindex = 2 + (how == 3 ? 2 * i : 0);
	return e;
}

static void a_look_up_is_right_however_the_addresses_are_spread(void **state)
{
	struct world *w = *state;
	enum { N = 1000 };
	struct cache_entry put[N], e;
	struct cachefile_error err;

	for (unsigned how = 0; how < 4; how++) {
		for (uint32_t i = 0; i < N; i++)
			put[i] = spread(how, i);
		unlink(w->path);
		must_save(w, put, N, 2);
		struct cachefile *c = must_open(w);
		for (uint32_t i = 0; i < N; i++) {
			struct cache_place beside = put[i].place;

			beside.ifindex++;
			assert_int_equal(cachefile_find(c, put[i].ip, &put[i].place, &e, &err), 1);
			assert_true(ip4_equal(e.ip, put[i].ip) &&
				    e.place.ifindex == put[i].place.ifindex);
			assert_int_equal(cachefile_find(c, put[i].ip, &beside, &e, &err), 0);
		}
		assert_int_equal(cachefile_find(c, ip("255.255.255.255"), &eth0, &e, &err), 0);
		assert_int_equal(cachefile_find(c, ip("0.0.0.0"), &eth0, &e, &err),
				 how == 1 || how == 2);
		cachefile_close(c);
	}
}

static void a_large_file_is_merged_and_cut_like_a_small_one(void **state)
{
	struct world *w = *state;
	enum { N = 3000 };	/* several chunks */
	struct cache_entry *put = many(N), extra = heard(ip4_from_number(0x0a000001), 1);
	struct cachefile_change change = { .put = put, .now = at(2), .max_entries = 1000 };
	struct cachefile_error err;

	must_save(w, put, N, 2);
	must_save(w, &extra, 1, 2);
	assert_true(count(w) == N + 1);
	assert_int_equal(cachefile_save(w->path, BOOT, &change, NULL, &err), 0);
	assert_true(count(w) == 1000);
	/* All expire at once, so the lower addresses have left. */
	assert_int_equal(confirmed(w, "10.0.0.1"), -1);
	struct cachefile *c = must_open(w);
	struct cache_entry e;
	assert_int_equal(cachefile_find(c, put[N - 1].ip, &eth0, &e, &err), 1);
	assert_int_equal(cachefile_find(c, put[N - 1000].ip, &eth0, &e, &err), 1);
	assert_int_equal(cachefile_find(c, put[N - 1001].ip, &eth0, &e, &err), 0);
	cachefile_close(c);
	free(put);
}

/* ---- saving that fails, and saving at once ------------------------------------- */

static int status_of(pid_t child)
{
	int status;

	assert_true(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* In a child, where nothing can be asserted: 0 when a large save fails for `reason` alone. */
static int failing_save(const struct world *w, const char *reason)
{
	struct cache_entry *put = many(3000);
	struct cachefile_error err;

	if (save(w, put, 3000, 2, &err) != -1)
		return 1;
	if (err.trouble != CACHEFILE_SYSTEM || !strstr(err.why, reason) ||
	    !strstr(err.why, "cache.tmp"))
		return 2;
	if (exists(w->temp))
		return 3;
	struct cachefile *c = cachefile_open(w->path, BOOT, NOBODY, &err);
	return c && cachefile_count(c) == 1 ? 0 : 4;
}

static void a_file_size_limit_leaves_the_old_file(void **state)
{
	struct world *w = *state;
	struct cache_entry e = known("10.0.0.1", 1);

	must_save(w, &e, 1, 2);
	pid_t child = fork();
	if (child == 0) {
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 100000, 100000 });
		_exit(failing_save(w, "File too large"));
	}
	assert_int_equal(status_of(child), 0);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
	struct world *w = *state;
	enum { NO_PRIVILEGE = 77 };
	struct cache_entry e = known("10.0.0.1", 1);

	pid_t child = fork();
	if (child == 0) {
		struct cachefile_error err;

		/* The tmpfs is gone with the namespace, which ends with this process. */
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("none", w->dir, "tmpfs", 0, "size=64k") < 0)
			_exit(NO_PRIVILEGE);
		if (save(w, &e, 1, 2, &err) != 0)
			_exit(5);
		_exit(failing_save(w, "No space left"));
	}
	int status = status_of(child);
	if (status == NO_PRIVILEGE) {
		print_message("skipped: no privilege for a mount namespace\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void what_a_killed_process_left_is_cleared_away(void **state)
{
	struct world *w = *state;
	struct cache_entry e = known("10.0.0.1", 1);

	spill(w->temp, "half a li", 9);
	must_save(w, &e, 1, 2);
	assert_false(exists(w->temp));
	assert_int_equal(confirmed(w, "10.0.0.1"), 1);
	/* Not followed, should it be a link: whoever it leads to is left alone. */
	assert_int_equal(symlink("lock", w->temp), 0);
	must_save(w, &e, 1, 2);
	assert_false(exists(w->temp));
}

static void a_save_does_not_wait_for_ever(void **state)
{
	struct world *w = *state;
	struct cache_entry e = known("10.0.0.1", 1);
	struct cachefile_error err;

	must_save(w, &e, 1, 2);
	int fd = open(w->lock, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(save(w, &e, 1, 2, &err), -1);
	assert_int_equal(err.trouble, CACHEFILE_SYSTEM);
	assert_non_null(strstr(err.why, "locked by another process for 2 s"));
	/* Reading needs no lock. */
	assert_int_equal(confirmed(w, "10.0.0.1"), 1);
	close(fd);
}

static void fifty_processes_at_once_lose_nothing(void **state)
{
	struct world *w = *state;
	enum { N = 50 };
	pid_t child[N];
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	for (uint8_t i = 0; i < N; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			struct cache_entry e = heard((struct ip4){ { 10, 0, 0, i } }, i + 1);
			struct cachefile_error err;
			char c;

			close(gate[1]);
			if (read(gate[0], &c, 1) != 0)
				_exit(2);
			_exit(save(w, &e, 1, 99, &err) == 0 && err.trouble == CACHEFILE_OK ? 0 : 1);
		}
	}
	close(gate[0]);
	close(gate[1]);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(status_of(child[i]), 0);
	assert_true(count(w) == N);
	assert_false(exists(w->temp));
}

/* All entries of one save carry its number as their generation. */
static bool is_of_one_save(struct cachefile *c)
{
	struct cachefile_error err;
	struct cache_entry first, e;
	uint64_t n = 1;

	if (cachefile_next(c, &first, &err) != 1)
		return false;
	while (cachefile_next(c, &e, &err) == 1)
		n += e.place.generation == first.place.generation;
	return n == cachefile_count(c);
}

static void a_reader_sees_one_save_or_the_next_and_never_half(void **state)
{
	struct world *w = *state;
	enum { N = 600, SAVES = 60 };	/* more than one chunk, and many blocks */
	struct cache_entry *put = many(N);

	must_save(w, put, N, 2);
	pid_t child = fork();
	if (child == 0) {
		struct cachefile_error err;
		int r = 0;

		for (uint32_t k = 1; k <= SAVES && r == 0; k++) {
			for (size_t i = 0; i < N; i++)
				put[i].place.generation = k;
			r = save(w, put, N, 2, &err);
		}
		_exit(r == 0 ? 0 : 1);
	}
	size_t torn = 0;
	int status;
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct cachefile *c = must_open(w);

		torn += !is_of_one_save(c);
		cachefile_close(c);
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(torn == 0);
	free(put);
}

static void a_file_that_is_cut_while_it_is_open_is_damage_not_a_crash(void **state)
{
	struct world *w = *state;
	struct cache_entry *put = many(3000), e;
	struct cachefile_error err;

	must_save(w, put, 3000, 2);
	struct cachefile *c = must_open(w);
	assert_int_equal(truncate(w->path, 5000), 0);
	assert_int_equal(cachefile_find(c, put[2000].ip, &eth0, &e, &err), -1);
	assert_int_equal(err.trouble, CACHEFILE_DAMAGED);
	assert_false(walk_is_whole(c));
	cachefile_close(c);
	free(put);
}

/* ---- for test_cachefile_crash.sh ----------------------------------------------- */

/* --save PATH FIRST COUNT: entries 10.0.0.0 + FIRST and so on, the same bytes every time. */
static int save_as_told(char **arg)
{
	struct cachefile_error err;
	uint32_t first = (uint32_t)strtoul(arg[1], NULL, 10);
	uint32_t n = (uint32_t)strtoul(arg[2], NULL, 10);
	struct cache_entry *put = calloc(n + 1, sizeof(*put));
	struct cachefile_change change = { .put = put, .n_put = n, .now = at(10) };

	if (!put)
		return 1;
	for (uint32_t i = 0; i < n; i++)
		put[i] = heard(ip4_from_number(0x0a000000 + first + i), 1);
	int r = cachefile_save(arg[0], BOOT, &change, NULL, &err);
	if (*err.why)
		fprintf(stderr, "%s\n", err.why);
	free(put);
	return r == 0 ? 0 : 1;
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(what_one_process_learned_the_next_one_finds),
		IN_WORLD(the_file_is_a_table_for_people),
		IN_WORLD(a_missing_file_is_no_trouble),
		IN_WORLD(entries_are_walked_in_the_order_of_addresses_as_numbers),
		IN_WORLD(a_symbolic_link_is_refused),
		IN_WORLD(a_fifo_is_refused_and_not_waited_for),
		IN_WORLD(a_directory_is_refused),
		IN_WORLD(a_socket_is_refused),
		IN_WORLD(a_file_that_others_can_write_is_refused),
		IN_WORLD(a_strangers_file_is_refused_unless_he_is_trusted),
		IN_WORLD(a_file_of_something_else_is_refused),
		IN_WORLD(a_lock_that_is_a_link_is_refused),
		IN_WORLD(a_missing_directory_is_named_with_the_reason),
		cmocka_unit_test(a_long_path_leaves_room_for_the_reason),
		IN_WORLD(a_flipped_bit_anywhere_never_gives_a_wrong_answer),
		IN_WORLD(a_cut_file_is_damaged_wherever_it_is_cut),
		IN_WORLD(a_save_keeps_what_a_damaged_file_still_tells),
		IN_WORLD(a_save_replaces_an_empty_file),
		IN_WORLD(lines_in_the_wrong_order_are_damage),
		IN_WORLD(another_format_version_is_replaced_like_damage),
		cmocka_unit_test(the_sum_is_the_crc_32_of_ethernet),
		cmocka_unit_test(a_line_comes_back_as_it_was_written),
		cmocka_unit_test(a_name_cannot_command_the_terminal),
		cmocka_unit_test(a_right_sum_does_not_excuse_a_wrong_field),
		cmocka_unit_test(a_line_is_not_read_beyond_its_length),
		IN_WORLD(after_a_reboot_nothing_counts),
		IN_WORLD(a_damaged_header_of_another_boot_saves_nobody),
		IN_WORLD(what_comes_from_the_future_is_void),
		IN_WORLD(what_another_process_saved_a_moment_ago_is_not_the_future),
		IN_WORLD(an_hour_after_its_expiry_an_entry_leaves),
		IN_WORLD(of_two_answers_the_later_stays_in_whatever_order_they_are_saved),
		IN_WORLD(of_two_answers_of_one_millisecond_the_one_being_saved_stays),
		IN_WORLD(the_order_of_what_is_saved_does_not_matter),
		IN_WORLD(one_address_on_two_links_is_two_entries),
		IN_WORLD(when_full_the_first_to_expire_leave),
		IN_WORLD(a_flush_of_one_address_takes_it_on_every_link),
		IN_WORLD(a_flush_of_all_leaves_an_empty_table),
		IN_WORLD(a_look_up_among_a_hundred_thousand_reads_little),
		IN_WORLD(a_look_up_is_right_however_the_addresses_are_spread),
		IN_WORLD(a_large_file_is_merged_and_cut_like_a_small_one),
		IN_WORLD(a_file_size_limit_leaves_the_old_file),
		IN_WORLD(a_full_disk_leaves_the_old_file),
		IN_WORLD(what_a_killed_process_left_is_cleared_away),
		IN_WORLD(a_save_does_not_wait_for_ever),
		IN_WORLD(fifty_processes_at_once_lose_nothing),
		IN_WORLD(a_reader_sees_one_save_or_the_next_and_never_half),
		IN_WORLD(a_file_that_is_cut_while_it_is_open_is_damage_not_a_crash),
	};

	if (argc == 5 && strcmp(argv[1], "--save") == 0)
		return save_as_told(argv + 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
