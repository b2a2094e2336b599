#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capfile_impl.h"

#define STRETCH ((size_t)1 << 20)	/* of a mapped file, vouched for at a time */
#define FIRST_BUFFER ((size_t)1 << 16)	/* holds any ordinary frame; grows when one is larger */

void source_over(struct source *s, const void *data, size_t len)
{
	*s = (struct source){ .kind = SOURCE_MEMORY, .fd = -1 };
	s->at = data;
	s->left = len;
	s->end = len;
}

/* A regular file that has bytes; everything else (also /proc, which claims 0) is a stream. */
static void map_file(struct source *s)
{
	struct stat st;
	off_t start;

	if (fstat(s->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (uint64_t)st.st_size > SIZE_MAX / 2)
		return;
	/* Standard input may have been read up to here by somebody else. */
	start = lseek(s->fd, 0, SEEK_CUR);
	if (start < 0 || start >= st.st_size)
		return;
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, s->fd, 0);
	if (p == MAP_FAILED)
		return;
	(void)madvise(p, (size_t)st.st_size, MADV_SEQUENTIAL);
	s->kind = SOURCE_MAPPED;
	s->base = p;
	s->size = (size_t)st.st_size;
	s->at = s->base + start;
	s->end = (uint64_t)start;
}

int source_open(struct source *s, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;

	*s = (struct source){ .kind = SOURCE_STREAM, .owns_fd = !is_stdin };
	s->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (s->fd < 0)
		return -1;
	map_file(s);
	return 0;
}

void source_close(struct source *s)
{
	if (s->kind == SOURCE_MAPPED)
		munmap(s->base, s->size);
	else if (s->kind == SOURCE_STREAM)
		free(s->base);
	if (s->owns_fd && s->fd >= 0)
		close(s->fd);
}

/*
 * Fault the pages in with one call instead of one fault each.  And where a touch
 * would be a SIGBUS (a shortened file, a bad disk), this says EFAULT instead.
 */
static bool can_touch(const struct source *s, size_t from, size_t to)
{
#ifdef MADV_POPULATE_READ
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t start = from - from % page;

	if (madvise(s->base + start, to - start, MADV_POPULATE_READ) < 0)
		return errno != EFAULT && errno != EHWPOISON;	/* EINVAL: a kernel before 5.14 */
#else
	(void)s, (void)from, (void)to;
#endif
	return true;
}

/* What lies behind us is only ever read again by mistake: a 10 GB file need not stay resident. */
static void release_behind(struct source *s, size_t pos)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t to = pos - pos % page;

	if (to > s->released && to - s->released >= STRETCH) {
		(void)madvise(s->base + s->released, to - s->released, MADV_DONTNEED);
		s->released = to;
	}
}

/*
 * The file may be shortened by somebody at any time, and touching a page behind
 * its end is a SIGBUS.  Asking for its size before each stretch leaves only the
 * time it takes to read a stretch; a lock that others respect does not exist.
 */
static bool more_mapped(struct source *s, size_t n)
{
	struct stat st;
	size_t pos = (size_t)source_offset(s);
	size_t end = (size_t)s->end;
	size_t grow = n - s->left > STRETCH ? n - s->left : STRETCH;

	end += grow > s->size - end ? s->size - end : grow;
	if (fstat(s->fd, &st) == 0 && (uint64_t)st.st_size < end) {
		end = (uint64_t)st.st_size > pos ? (size_t)st.st_size : pos;
		s->shrunk = true;
	}
	release_behind(s, pos);
	if (end > s->end && !can_touch(s, (size_t)s->end, end)) {
		s->error = EIO;
		return false;
	}
	s->end = end;
	s->left = end - pos;
	return n <= s->left;
}

/* Doubling as the bytes arrive, never because a length field asks for it. */
static bool grow_buffer(struct source *s)
{
	size_t size = s->size ? s->size * 2 : FIRST_BUFFER;
	uint8_t *p = realloc(s->base, size);

	if (!p) {
		s->error = ENOMEM;
		return false;
	}
	s->base = p;
	s->size = size;
	return true;
}

static bool more_stream(struct source *s, size_t n)
{
	if (s->error)
		return false;
	if (s->left > 0)
		memmove(s->base, s->at, s->left);
	s->at = s->base;
	while (s->left < n) {
		if (s->left == s->size && !grow_buffer(s))
			return false;
		s->at = s->base;
		/* Not until the buffer is full: somebody may be watching a live capture. */
		ssize_t got = read(s->fd, s->base + s->left, s->size - s->left);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			s->error = errno;
		if (got <= 0)
			return false;
		s->left += (size_t)got;
		s->end += (uint64_t)got;
	}
	return true;
}

bool source_more(struct source *s, size_t n)
{
	switch (s->kind) {
	case SOURCE_MEMORY: return false;
	case SOURCE_MAPPED: return more_mapped(s, n);
	case SOURCE_STREAM: return more_stream(s, n);
	}
	return false;
}
