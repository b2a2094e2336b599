#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "capfile_impl.h"

/*
 * Files are read, not mapped: what read(2) copies here is still in the processor's
 * cache when it is parsed, while each page of a mapping is met cold.  That made a
 * file of 1 GB five times slower, and one that somebody shortens a SIGBUS.
 */
#define FIRST_BUFFER ((size_t)1 << 18)

void source_over(struct source *s, const void *data, size_t len)
{
	*s = (struct source){ .fd = -1, .nothing = -1, .at = data, .left = len, .end = len };
}

int source_open(struct source *s, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;

	*s = (struct source){ .owns_fd = !is_stdin, .nothing = -1 };
	s->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (s->fd < 0)
		return -1;
	/* Without it, a reading that is stopped waits for the next bytes: no reason to give up. */
	s->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* Only advice; a pipe takes none. */
	(void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

void source_close(struct source *s)
{
	free(s->buffer);
	if (s->owns_fd)
		close(s->fd);
	if (s->nothing >= 0)
		close(s->nothing);
}

/*
 * A flag alone would be too late for a read(2) that begins just after it was looked at, and
 * waits.  With the end of a file in the descriptor's place, that read finds it.
 */
void source_stop(struct source *s)
{
	s->stopped = 1;
	if (s->nothing >= 0)
		(void)dup2(s->nothing, s->fd);
}

/* Doubling as the bytes arrive, never because a length field asks for it. */
static bool grow_buffer(struct source *s)
{
	size_t size = s->size ? s->size * 2 : FIRST_BUFFER;
	uint8_t *p = realloc(s->buffer, size);

	if (!p) {
		s->error = ENOMEM;
		return false;
	}
	s->buffer = p;
	s->size = size;
	return true;
}

/* One read(2): false at the end, and when it failed. */
static bool read_some(struct source *s)
{
	ssize_t got;

	do
		got = read(s->fd, s->buffer + s->left, s->size - s->left);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		s->error = errno;
	if (got <= 0)
		return false;
	s->left += (size_t)got;
	s->end += (uint64_t)got;
	return true;
}

bool source_more(struct source *s, size_t n)
{
	if (s->fd < 0 || s->error)
		return false;
	if (s->left > 0)
		memmove(s->buffer, s->at, s->left);
	s->at = s->buffer;
	/* Not until the buffer is full: somebody may be watching a live capture. */
	while (s->left < n) {
		if (s->left == s->size && !grow_buffer(s))
			return false;
		s->at = s->buffer;
		if (!read_some(s))
			return false;
	}
	return true;
}
