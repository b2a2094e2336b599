#include "wirelab/askfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cachefile_line.h"

#define PAGE_WORDS 512u			/* what is reserved at a time: 4 KiB */
#define PAGES (ASKFILE_WORDS / PAGE_WORDS)

enum page { PAGE_UNKNOWN, PAGE_RESERVED, PAGE_REFUSED };

struct askfile {
	int fd;
	uint64_t *words;		/* shared with other processes: only atomic accesses */
	uint8_t pages[PAGES];		/* enum page of each */
};

/* ---- opening ------------------------------------------------------------------- */

static bool vet(int fd, const char *path, struct cachefile_error *err)
{
	struct stat st;

	if (!cachefile_vet(fd, path, UINT32_MAX, &st, err))
		return false;
	/* Needs no lock: whoever else grows it grows it to the same size, and loses nothing. */
	if (st.st_size == 0 && ftruncate(fd, (off_t)ASKFILE_SIZE) == 0)
		return true;
	if (st.st_size == 0) {
		cachefile_say(err, CACHEFILE_SYSTEM, path, "ftruncate: %s", strerror(errno));
		return false;
	}
	if ((uint64_t)st.st_size == ASKFILE_SIZE)
		return true;
	/* Too short, and the first access behind its end would be a SIGBUS. */
	cachefile_say(err, CACHEFILE_REFUSED, path, "has %lld bytes instead of %llu: remove it",
		      (long long)st.st_size, (unsigned long long)ASKFILE_SIZE);
	return false;
}

static struct askfile *map(int fd, const char *path, struct cachefile_error *err)
{
	struct askfile *a = calloc(1, sizeof(*a));
	void *words = MAP_FAILED;

	if (a)
		words = mmap(NULL, ASKFILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED) {
		cachefile_say(err, CACHEFILE_SYSTEM, path, "%s", strerror(errno));
		free(a);
		return NULL;
	}
	a->fd = fd;
	a->words = words;
	return a;
}

struct askfile *askfile_open(const char *path, char err[static 256])
{
	struct cachefile_error e = { .trouble = CACHEFILE_OK };
	struct askfile *a = NULL;
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd >= 0) {
		if (vet(fd, path, &e))
			a = map(fd, path, &e);
		if (!a)
			close(fd);
	} else if (errno == ENOENT) {
		cachefile_say(&e, CACHEFILE_SYSTEM, path, "its directory does not exist");
	} else if (errno == EISDIR) {
		cachefile_say(&e, CACHEFILE_REFUSED, path, "is a directory, not a file: remove it");
	} else {
		cachefile_say_open(&e, path);
	}
	if (!a)
		memcpy(err, e.why, sizeof(e.why));
	return a;
}

void askfile_close(struct askfile *a)
{
	if (!a)
		return;
	munmap(a->words, ASKFILE_SIZE);
	close(a->fd);
	free(a);
}

/* ---- claiming ------------------------------------------------------------------ */

/* The last steps of splitmix64: every bit of the place moves every bit of the result. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint32_t word_of(struct ip4 ip, const struct cache_place *place)
{
	uint64_t link = (uint64_t)place->ifindex << 16 | place->vlan;

	return (ip4_number(ip) ^ (uint32_t)mix(mix(place->netns) + link)) & (ASKFILE_WORDS - 1);
}

/*
 * Writing to a hole of a mapped file on a full disk is a SIGBUS; fallocate(2) says
 * ENOSPC instead.  A file system that has no fallocate is taken at its word.
 */
static uint64_t *word_at(struct askfile *a, uint32_t word)
{
	uint32_t page = word / PAGE_WORDS;

	if (a->pages[page] == PAGE_UNKNOWN) {
		int r;

		do {
			r = fallocate(a->fd, FALLOC_FL_KEEP_SIZE, (off_t)page * PAGE_WORDS * 8,
				      PAGE_WORDS * 8);
		} while (r < 0 && errno == EINTR);
		a->pages[page] = r == 0 || errno == EOPNOTSUPP || errno == ENOSYS ? PAGE_RESERVED
										  : PAGE_REFUSED;
	}
	return a->pages[page] == PAGE_RESERVED ? &a->words[word] : NULL;
}

static bool exchange(uint64_t *word, uint64_t *expected, uint64_t desired)
{
	return __atomic_compare_exchange_n(word, expected, desired, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* Later than our reading of the clock, which may be old by now, is not yet the future. */
static bool is_future(uint64_t last_ns, struct instant now)
{
	struct timespec t = { 0 };

	if (last_ns <= now.ns)
		return false;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return last_ns > (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
}

bool askfile_claim(struct askfile *a, struct ip4 ip, const struct cache_place *place,
		   struct instant now, uint64_t interval_ns, struct instant *until)
{
	uint64_t *word = word_at(a, word_of(ip, place));
	/* Most words are zero.  Guessing so makes the first access a write: one page fault
	 * instead of one for reading and another for writing. */
	uint64_t last = 0, sent = now.ns > 0 ? now.ns : 1;

	if (!word)
		return true;
	while (!exchange(word, &last, sent)) {
		struct instant free_at = instant_after((struct instant){ last }, interval_ns);

		if (last != 0 && !is_future(last, now) && !instant_reached(now, free_at)) {
			*until = free_at;
			return false;
		}
	}
	return true;
}

void askfile_unclaim(struct askfile *a, struct ip4 ip, const struct cache_place *place,
		     struct instant now, uint64_t interval_ns)
{
	uint64_t *word = word_at(a, word_of(ip, place));
	uint64_t sent = now.ns > 0 ? now.ns : 1;

	/* What stood there before is forgotten, but it was at least interval_ns old. */
	if (word)
		exchange(word, &sent, sent > interval_ns ? sent - interval_ns : 0);
}

void askfile_sent(struct askfile *a, struct ip4 ip, const struct cache_place *place,
		  struct instant claimed, struct instant sent)
{
	uint64_t *word = word_at(a, word_of(ip, place));
	uint64_t stood = claimed.ns > 0 ? claimed.ns : 1;

	if (word)
		exchange(word, &stood, sent.ns > stood ? sent.ns : stood);
}
