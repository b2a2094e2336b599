#include "wirelab/cachefile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cachefile_line.h"

#define CHUNK_LINES 458u			/* read and written at a time: just under 64 KiB */
#define LOCK_NAP_NS (500 * USEC_NS)

/* An entry of change->put, by its address and its place in the array. */
struct put {
	uint32_t ip;
	uint32_t index;
};

/* What was found in the old file besides its good lines. */
struct old_file {
	int fd;					/* -1: there is none */
	uint64_t size;
	bool void_all;				/* another boot's: nothing counts */
	bool bad;				/* damaged; err says where first */
};

struct save {
	const struct cachefile_change *change;
	const char *path, *boot_id;
	struct cachefile_error *err;

	/* The directory is opened once; every name after that is one within it. */
	int dir, lock;
	char name[NAME_MAX + 1], lock_name[NAME_MAX + 1], temp_name[NAME_MAX + 1];

	uint64_t clock_ms;			/* later than this is the future */
	struct put *puts;			/* sorted as the file is, one a key */
	size_t n_puts;
	struct old_file old;
	uint64_t flushed;

	/* Beyond max_entries: expiring before this many ms go, and `ties` of those at it. */
	uint64_t limit_ms, ties;
	uint64_t *expiries;			/* while they are only being measured; else NULL */
	size_t n_expiries;

	int temp;
	uint64_t entries, written;		/* lines put into out; bytes already in the file */
	size_t used;				/* of out */
	size_t room;				/* in each of these, whole lines */
	char *in, *out;
};

static bool fail(const struct save *s, const char *what, const char *suffix)
{
	cachefile_say(s->err, CACHEFILE_SYSTEM, s->path, "%s%s%s: %s", what, *suffix ? " " : "",
		      suffix, strerror(errno));
	return false;
}

/* ---- the directory and the lock ------------------------------------------------ */

static bool open_directory(struct save *s)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(s->path, '/');
	const char *name = slash ? slash + 1 : s->path;
	size_t dir_len = slash ? (size_t)(slash - s->path) : 0, name_len = strlen(name);

	if (dir_len >= sizeof(dir) || name_len > NAME_MAX - strlen(".lock")) {
		errno = ENAMETOOLONG;
		return fail(s, "open", "");
	}
	if (name_len == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		cachefile_say(s->err, CACHEFILE_REFUSED, s->path,
			      "is a directory, not a file: name a file in it");
		return false;
	}
	memcpy(dir, s->path, dir_len);
	dir[dir_len] = '\0';
	memcpy(s->name, name, name_len + 1);
	snprintf(s->lock_name, sizeof(s->lock_name), "%.*s.lock", NAME_MAX - 5, name);
	snprintf(s->temp_name, sizeof(s->temp_name), "%.*s.tmp", NAME_MAX - 5, name);
	s->dir = open(!slash ? "." : dir_len == 0 ? "/" : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->dir >= 0 || fail(s, "open its directory", "");
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
}

/* Polled, not waited for: a wait would need a signal to end it, and signals are the caller's. */
static bool wait_for_lock(struct save *s)
{
	uint64_t begun = clock_ns(CLOCK_MONOTONIC);
	const struct timespec nap = { .tv_nsec = LOCK_NAP_NS };

	while (flock(s->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(s, "flock", s->lock_name);
		if (clock_ns(CLOCK_MONOTONIC) - begun > CACHEFILE_LOCK_NS) {
			cachefile_say(s->err, CACHEFILE_SYSTEM, s->path,
				      "is locked by another process for %u s",
				      (unsigned)(CACHEFILE_LOCK_NS / SEC_NS));
			return false;
		}
		nanosleep(&nap, NULL);
	}
	return true;
}

/* The lock is a file of its own, because the cache is replaced by every save. */
static bool take_lock(struct save *s)
{
	struct stat st;

	s->lock = openat(s->dir, s->lock_name,
			 O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return fail(s, "open", s->lock_name);
	if (fstat(s->lock, &st) < 0)
		return fail(s, "fstat", s->lock_name);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
		cachefile_say(s->err, CACHEFILE_REFUSED, s->path,
			      "its %.60s is not a file of yours: remove that", s->lock_name);
		return false;
	}
	return wait_for_lock(s);
}

/* ---- the old file -------------------------------------------------------------- */

static void old_is_damaged(struct save *s, const char *what, uint64_t line)
{
	if (s->old.bad)
		return;
	s->old.bad = true;
	cachefile_say(s->err, CACHEFILE_DAMAGED, s->path,
		      "was damaged (line %llu %s); what could be read of it was kept",
		      (unsigned long long)line + 1, what);
}

/*
 * A header that does not add up may still tell whose boot the entries are of: that a
 * damaged boot id would be the right one is out of the question.
 */
static bool is_of_this_boot(const char *header, const char *boot_id)
{
	char same[CACHELINE_WIDTH];
	size_t before = strlen(CACHELINE_MAGIC "1 boot ");

	cacheline_header(boot_id, 0, same);
	return memcmp(header + before, same + before, CACHEFILE_BOOT_ID - 1) == 0;
}

static bool read_header(struct save *s)
{
	struct cacheline_head head;
	char line[CACHELINE_WIDTH];
	ptrdiff_t n = cachefile_read(s->old.fd, line, sizeof(line), 0);

	if (n < 0)
		return fail(s, "read", "");
	if (!cachefile_is_ours(line, (size_t)n, s->path, s->err))
		return false;
	if (!cacheline_header_parse(line, (size_t)n, &head)) {
		old_is_damaged(s, "does not add up, or is another version's", 0);
		s->old.void_all = n < (ptrdiff_t)CACHELINE_WIDTH ||
				  !is_of_this_boot(line, s->boot_id);
		return true;
	}
	s->old.void_all = strcmp(head.boot_id, s->boot_id) != 0;
	/* A file of another boot is thrown away: its entries are of no interest, nor its end. */
	if (!s->old.void_all && s->old.size != (head.entries + 1) * CACHELINE_WIDTH)
		old_is_damaged(s, "is the last by the header, but not by the size", head.entries);
	return true;
}

static bool open_old(struct save *s)
{
	struct stat st;

	s->old.fd = openat(s->dir, s->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (s->old.fd < 0) {
		cachefile_say_open(s->err, s->path);
		if (s->err->trouble != CACHEFILE_ABSENT)
			return false;
		s->err->trouble = CACHEFILE_OK;
		return true;
	}
	if (!cachefile_vet(s->old.fd, s->path, UINT32_MAX, &st, s->err))
		return false;
	s->old.size = (uint64_t)st.st_size;
	if (s->old.size > (CACHELINE_COUNT_MAX + UINT64_C(1)) * CACHELINE_WIDTH)
		s->old.size = (CACHELINE_COUNT_MAX + UINT64_C(1)) * CACHELINE_WIDTH;
	return read_header(s);
}

/* ---- what goes in -------------------------------------------------------------- */

static const struct cache_entry *put_at(const struct save *s, size_t i)
{
	return &s->change->put[s->puts[i].index];
}

static int order_of(const struct cache_entry *a, const struct cache_entry *b)
{
	return cacheline_order(a->ip, &a->place, b->ip, &b->place);
}

/* As in the file; within a key by time, then as the caller had them. */
static int compare_puts(const void *a, const void *b, void *arg)
{
	const struct put *x = a, *y = b;
	const struct cache_entry *all = arg, *p = &all[x->index], *q = &all[y->index];

	if (x->ip != y->ip)
		return x->ip < y->ip ? -1 : 1;
	int order = order_of(p, q);
	if (order != 0)
		return order;
	if (p->confirmed.ns != q->confirmed.ns)
		return p->confirmed.ns < q->confirmed.ns ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Void: from the future, or so old that its MAC is not worth asking. */
static bool is_void(const struct save *s, const struct cache_entry *e)
{
	return cacheline_ms(e->confirmed) > s->clock_ms ||
	       instant_since(e->expires, s->change->now) > CACHEFILE_KEEP_NS;
}

/* One a key, the latest: the last of its run. */
static void drop_repeats(struct save *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_puts; i++) {
		if (kept > 0 && order_of(put_at(s, kept - 1), put_at(s, i)) == 0)
			kept--;
		s->puts[kept++] = s->puts[i];
	}
	s->n_puts = kept;
}

static bool sort_puts(struct save *s)
{
	const struct cache_entry *put = s->change->put;
	size_t n = s->change->n_put;
	bool sorted = true;

	assert(n <= UINT32_MAX);
	s->puts = malloc((n + 1) * sizeof(*s->puts));
	if (!s->puts)
		return fail(s, "malloc", "");
	for (size_t i = 0; i < n; i++) {
		assert(cacheline_can_hold(&put[i]));
		if (is_void(s, &put[i]))
			continue;
		s->puts[s->n_puts++] = (struct put){ ip4_number(put[i].ip), (uint32_t)i };
		/* A sweep hands its answers over in order already. */
		if (s->n_puts > 1 && sorted)
			sorted = compare_puts(&s->puts[s->n_puts - 2], &s->puts[s->n_puts - 1],
					      (void *)(uintptr_t)put) < 0;
	}
	if (!sorted)
		qsort_r(s->puts, s->n_puts, sizeof(*s->puts), compare_puts, (void *)(uintptr_t)put);
	drop_repeats(s);
	return true;
}

/* ---- the new file -------------------------------------------------------------- */

static bool write_all(struct save *s, const char *data, size_t len, uint64_t offset)
{
	while (len > 0) {
		ssize_t n = pwrite(s->temp, data, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(s, "write", s->temp_name);
		data += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

static bool write_chunk(struct save *s)
{
	if (!write_all(s, s->out, s->used, s->written))
		return false;
	s->written += s->used;
	s->used = 0;
	return true;
}

/* Is there room for one that expires at ms?  Asked once for each entry, in order. */
static bool within_limit(struct save *s, uint64_t ms)
{
	if (ms != s->limit_ms)
		return ms > s->limit_ms;
	if (s->ties == 0)
		return true;
	s->ties--;
	return false;
}

/* line is e as text, or NULL: it has yet to be written. */
static bool emit(struct save *s, const struct cache_entry *e, const char *line)
{
	uint64_t expires_ms = cacheline_ms(e->expires);

	if (s->expiries) {
		s->expiries[s->n_expiries++] = expires_ms;
		return true;
	}
	if (!within_limit(s, expires_ms))
		return true;
	if (s->used == s->room && !write_chunk(s))
		return false;
	if (line)
		memcpy(s->out + s->used, line, CACHELINE_WIDTH);
	else
		cacheline_format(e, s->out + s->used);
	s->used += CACHELINE_WIDTH;
	s->entries++;
	return true;
}

/* Does an entry of the old file stay, for all that is known without `put`? */
static bool old_stays(struct save *s, const struct cache_entry *e)
{
	const struct ip4 *flush = s->change->flush;

	if (is_void(s, e))
		return false;
	if (!s->change->flush_all && !(flush && ip4_equal(*flush, e->ip)))
		return true;
	s->flushed++;
	return false;
}

/* The puts that come before the old entry, then the later of the two, if they are two. */
static bool merge_one(struct save *s, size_t *next, const struct cache_entry *old, const char *line)
{
	for (; *next < s->n_puts; (*next)++) {
		const struct cache_entry *put = put_at(s, *next);
		int order = order_of(put, old);

		if (order > 0)
			break;
		if (order < 0) {
			if (!emit(s, put, NULL))
				return false;
			continue;
		}
		(*next)++;
		if (cacheline_ms(put->confirmed) >= cacheline_ms(old->confirmed))
			return emit(s, put, NULL);
		break;
	}
	return emit(s, old, line);
}

/* One chunk of the old file's lines; *last is the last good one before, if *have_last. */
struct position {
	size_t next_put;
	uint64_t line;
	struct cache_entry last;		/* of the old file */
	bool have_last;
};

static bool merge_chunk(struct save *s, struct position *at, size_t n_lines)
{
	for (size_t i = 0; i < n_lines; i++, at->line++) {
		const char *line = s->in + i * CACHELINE_WIDTH;
		struct cache_entry e;

		if (!cacheline_parse(line, CACHELINE_WIDTH, &e)) {
			old_is_damaged(s, "does not add up", at->line);
			continue;
		}
		if (at->have_last && order_of(&at->last, &e) >= 0) {
			old_is_damaged(s, "is out of order", at->line);
			continue;
		}
		at->last = e;
		at->have_last = true;
		if (old_stays(s, &e) && !merge_one(s, &at->next_put, &e, line))
			return false;
	}
	return true;
}

static bool merge_old(struct save *s, struct position *at)
{
	while (s->old.fd >= 0 && !s->old.void_all) {
		uint64_t offset = at->line * CACHELINE_WIDTH;
		size_t want = s->room;

		if (offset >= s->old.size)
			break;
		if (want > s->old.size - offset)
			want = (size_t)(s->old.size - offset);
		ptrdiff_t n = cachefile_read(s->old.fd, s->in, want, offset);
		if (n < 0)
			return fail(s, "read", "");
		if (!merge_chunk(s, at, (size_t)n / CACHELINE_WIDTH))
			return false;
		/* A piece of a line, or nothing because somebody has cut the file just now. */
		if ((size_t)n % CACHELINE_WIDTH > 0 || n == 0) {
			old_is_damaged(s, "is cut off", at->line);
			break;
		}
	}
	return true;
}

/* Old and new in order, each once, through emit(). */
static bool merge(struct save *s)
{
	struct position at = { .line = 1 };

	s->flushed = 0;
	if (!merge_old(s, &at))
		return false;
	for (; at.next_put < s->n_puts; at.next_put++) {
		if (!emit(s, put_at(s, at.next_put), NULL))
			return false;
	}
	return true;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Who has to leave?  Only asked when there might be too many, and then by a merge in which
 * nothing is written. */
static bool find_limit(struct save *s)
{
	uint32_t max = s->change->max_entries;
	uint64_t at_most = s->old.size / CACHELINE_WIDTH + s->n_puts;
	bool ok;

	if (max == 0 || max > CACHEFILE_MAX)
		max = CACHEFILE_MAX;
	if (at_most <= max)
		return true;
	s->expiries = malloc(at_most * sizeof(*s->expiries));
	if (!s->expiries)
		return fail(s, "malloc", "");
	ok = merge(s);
	if (ok && s->n_expiries > max) {
		size_t leave = s->n_expiries - max;

		qsort(s->expiries, s->n_expiries, sizeof(*s->expiries), compare_numbers);
		s->limit_ms = s->expiries[leave - 1];
		for (size_t i = leave; i > 0 && s->expiries[i - 1] == s->limit_ms; i--)
			s->ties++;
	}
	free(s->expiries);
	s->expiries = NULL;
	return ok;
}

/* The header goes in last, because only then the entries have been counted. */
static bool write_header(struct save *s)
{
	char header[CACHELINE_WIDTH];

	cacheline_header(s->boot_id, s->entries, header);
	if (s->written > 0)
		return write_chunk(s) && write_all(s, header, sizeof(header), 0);
	memcpy(s->out, header, sizeof(header));
	return write_chunk(s);
}

static bool fill_temp(struct save *s)
{
	/* Others may read root's cache whatever its umask says; that is what it is for. */
	if (geteuid() == 0 && fchmod(s->temp, 0644) < 0)
		return fail(s, "fchmod", s->temp_name);
	/* Room for the header, which comes last. */
	memset(s->out, ' ', CACHELINE_WIDTH);
	s->used = CACHELINE_WIDTH;
	if (!merge(s) || !write_header(s))
		return false;
	while (!s->change->fleeting && fsync(s->temp) < 0) {
		if (errno != EINTR)
			return fail(s, "fsync", s->temp_name);
	}
	return true;
}

static bool open_temp(struct save *s)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	s->temp = openat(s->dir, s->temp_name, flags, 0600);
	/* We hold the lock, so whoever wrote this one was killed on the way. */
	if (s->temp < 0 && errno == EEXIST) {
		if (unlinkat(s->dir, s->temp_name, 0) < 0 && errno != ENOENT)
			return fail(s, "remove", s->temp_name);
		s->temp = openat(s->dir, s->temp_name, flags, 0600);
	}
	return s->temp >= 0 || fail(s, "create", s->temp_name);
}

static bool replace(struct save *s)
{
	if (!open_temp(s))
		return false;
	bool ok = fill_temp(s);
	/* Linux has closed it even where close(2) reports EINTR. */
	if (close(s->temp) < 0 && errno != EINTR && ok)
		ok = fail(s, "close", s->temp_name);
	if (ok && renameat(s->dir, s->temp_name, s->dir, s->name) < 0)
		ok = fail(s, "rename", s->temp_name);
	if (!ok) {
		unlinkat(s->dir, s->temp_name, 0);
		return false;
	}
	while (!s->change->fleeting && fsync(s->dir) < 0) {
		/* EINVAL: a file system that has no such thing. */
		if (errno == EINVAL)
			break;
		if (errno != EINTR)
			return fail(s, "fsync its directory", "");
	}
	return true;
}

/* Room for all that there is, if that is little: one answer needs no 128 KiB. */
static bool get_buffers(struct save *s)
{
	uint64_t lines = 1 + s->old.size / CACHELINE_WIDTH + s->n_puts;

	s->room = (size_t)(lines < CHUNK_LINES ? lines : CHUNK_LINES) * CACHELINE_WIDTH;
	s->in = malloc(s->room);
	s->out = malloc(s->room);
	return (s->in && s->out) || fail(s, "malloc", "");
}

static bool save_locked(struct save *s)
{
	uint64_t now_ms = cacheline_ms(s->change->now);

	s->clock_ms = cacheline_ms((struct instant){ clock_ns(CLOCK_BOOTTIME) });
	if (s->clock_ms < now_ms)
		s->clock_ms = now_ms;
	return open_old(s) && sort_puts(s) && get_buffers(s) && find_limit(s) && replace(s);
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

int cachefile_save(const char *path, const char *boot_id, const struct cachefile_change *change,
		   uint64_t *flushed, struct cachefile_error *err)
{
	struct save s = { .change = change, .path = path, .boot_id = boot_id, .err = err,
			  .dir = -1, .lock = -1, .old.fd = -1 };
	bool ok;

	*err = (struct cachefile_error){ .trouble = CACHEFILE_OK };
	if (!cacheline_is_boot_id(boot_id)) {
		cachefile_say(err, CACHEFILE_SYSTEM, path, "this machine's boot id is not known");
		return -1;
	}
	/* A file that is not ours gets no lock file put beside it either. */
	cachefile_close(cachefile_open(path, boot_id, UINT32_MAX, err));
	if (err->trouble == CACHEFILE_REFUSED)
		return -1;
	*err = (struct cachefile_error){ .trouble = CACHEFILE_OK };
	ok = open_directory(&s) && take_lock(&s) && save_locked(&s);
	if (ok && flushed)
		*flushed = s.flushed;
	close_if_open(s.old.fd);
	close_if_open(s.dir);
	close_if_open(s.lock);			/* which releases it */
	free(s.puts);
	free(s.in);
	free(s.out);
	return ok ? 0 : -1;
}
