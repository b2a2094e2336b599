/* inbox.c - a folder that strangers may put files into, one at a time, and do no harm */
#include "wirelab/inbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wirelab/clock.h"

#define NAME_TRIES 8		/* of 2^64 names; a second one is never needed */

static void close_and_forget(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int inbox_open(struct inbox *in, const char *folder)
{
	*in = (struct inbox){ .dir = -1, .file = -1, .pipe = { -1, -1 } };
	/* O_PATH: it has to be written to, not read. */
	in->dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return in->dir < 0 ? -1 : 0;
}

/* A new one for each file: what is left in it of a broken transfer goes with it. */
static int open_pipe(struct inbox *in)
{
	if (pipe2(in->pipe, O_CLOEXEC) < 0)
		return -1;
	/* As much as anybody may have; with the 64 KiB of an ordinary pipe it works, too, but
	 * takes 16 times as many calls. */
	(void)fcntl(in->pipe[1], F_SETPIPE_SZ, INBOX_PIECE);
	return 0;
}

static void forget_file(struct inbox *in)
{
	in->temp[0] = '\0';
	close_and_forget(&in->file);
	close_and_forget(&in->pipe[0]);
	close_and_forget(&in->pipe[1]);
}

/* ---- a file that is not there yet ----------------------------------------------------------- */

/*
 * openat(2) that cannot leave the folder, whatever the name: neither upwards nor through a
 * link.  file_name() sees to that already; this is the second lock on the same door.  Linux
 * before 5.6 does not have it (ENOSYS), and some containers forbid it (EPERM).
 */
static int open_beneath(int dir, const char *name, int flags)
{
	struct open_how how = { .flags = (unsigned)flags, .mode = 0666,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return openat(dir, name, flags, 0666);
	return (int)fd;
}

/* The only way to a file without a name: the list of our descriptors. */
static void proc_path(int fd, char path[static 32])
{
	(void)snprintf(path, 32, "/proc/self/fd/%d", fd);
}

static bool open_nameless(struct inbox *in)
{
	char path[32];

	in->file = open_beneath(in->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC);
	if (in->file < 0)
		return false;
	proc_path(in->file, path);
	if (access(path, F_OK) == 0)
		return true;
	close_and_forget(&in->file);
	return false;
}

static bool open_named(struct inbox *in)
{
	for (int i = 0; i < NAME_TRIES && in->file < 0; i++) {
		uint64_t chance;
		random_bytes(&chance, sizeof(chance));
		(void)snprintf(in->temp, sizeof(in->temp), ".incoming-%016llx",
			       (unsigned long long)chance);
		in->file = open_beneath(in->dir, in->temp, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC);
		if (in->file < 0 && errno != EEXIST)
			break;
	}
	return in->file >= 0;
}

/* Sure to be too little; that it is enough is sure only once all is written. */
static bool lacks_room(int dir, uint64_t size)
{
	struct statvfs v;

	/* A file system that does not count its blocks has none. */
	if (fstatvfs(dir, &v) < 0 || v.f_blocks == 0 || v.f_frsize == 0)
		return false;
	/* Free, not available: of that, root may have more than others. */
	return size / v.f_frsize > v.f_bfree;
}

int inbox_begin(struct inbox *in, const char *name, uint64_t size)
{
	struct stat st;

	assert(in->file < 0 && *name && !strchr(name, '/'));
	in->stored = 0;
	/* inbox_keep() is the one who makes sure of this; here it saves the wait. */
	if (fstatat(in->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	if (errno != ENOENT)
		return -1;
	if (lacks_room(in->dir, size)) {
		errno = ENOSPC;
		return -1;
	}
	if (open_pipe(in) < 0)
		return -1;
	if (open_nameless(in) || open_named(in))
		return 0;
	int error = errno;
	forget_file(in);
	errno = error;
	return -1;
}

/* ---- bytes ------------------------------------------------------------------------------- */

ssize_t inbox_pull(struct inbox *in, int sock, uint64_t most)
{
	size_t n = most < INBOX_PIECE ? (size_t)most : INBOX_PIECE;
	ssize_t came;

	do
		came = splice(sock, NULL, in->pipe[1], NULL, n, SPLICE_F_MOVE);
	while (came < 0 && errno == EINTR);
	return came;
}

/* For a file system that knows nothing of splice(2). */
static ssize_t copy_out(struct inbox *in, size_t n)
{
	char bytes[4096];
	ssize_t got = read(in->pipe[0], bytes, n < sizeof(bytes) ? n : sizeof(bytes));

	for (ssize_t done = 0; done < got;) {
		ssize_t w = write(in->file, bytes + done, (size_t)(got - done));
		if (w < 0 && errno != EINTR)
			return -1;
		done += w > 0 ? w : 0;
	}
	return got;
}

int inbox_push(struct inbox *in, size_t n)
{
	while (n > 0) {
		ssize_t went = splice(in->pipe[0], NULL, in->file, NULL, n, SPLICE_F_MOVE);
		if (went < 0 && errno == EINVAL)
			went = copy_out(in, n);
		if (went < 0 && errno == EINTR)
			continue;
		if (went < 0)
			return -1;
		/* The pipe holds n bytes, so this is the file's doing. */
		if (went == 0) {
			errno = EIO;
			return -1;
		}
		n -= (size_t)went;
		in->stored += (uint64_t)went;
	}
	return 0;
}

/* ---- the name ------------------------------------------------------------------------------ */

/* Neither of these replaces what has the name already, not even when it comes in between. */
static int give_name(struct inbox *in, const char *name)
{
	char path[32];

	if (!in->temp[0]) {
		proc_path(in->file, path);
		return linkat(AT_FDCWD, path, in->dir, name, AT_SYMLINK_FOLLOW);
	}
	if (renameat2(in->dir, in->temp, in->dir, name, RENAME_NOREPLACE) == 0)
		return 0;
	/* EINVAL: a file system that cannot promise it, as NFS; a second name it can give. */
	if (errno != EINVAL || linkat(in->dir, in->temp, in->dir, name, 0) < 0)
		return -1;
	(void)unlinkat(in->dir, in->temp, 0);
	return 0;
}

int inbox_keep(struct inbox *in, const char *name)
{
	assert(in->file >= 0 && *name && !strchr(name, '/'));
	/* A network file system tells of a full disk when a descriptor is closed: be it a
	 * second one, as long as there is no name yet. */
	int second = fcntl(in->file, F_DUPFD_CLOEXEC, 0);
	if (second < 0 || close(second) < 0 || give_name(in, name) < 0)
		return -1;
	forget_file(in);
	return 0;
}

void inbox_drop(struct inbox *in)
{
	if (in->file >= 0 && in->temp[0])
		(void)unlinkat(in->dir, in->temp, 0);
	forget_file(in);
}

void inbox_close(struct inbox *in)
{
	inbox_drop(in);
	close_and_forget(&in->dir);
}
