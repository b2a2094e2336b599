#include "wirelab/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory of a path, as a path. */
static void directory_of(const char *path, char *dir, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!slash)
		(void)snprintf(dir, size, ".");
	else
		(void)snprintf(dir, size, "%.*s", (int)(len ? len : 1), path);
}

static int open_nameless(const char *path)
{
	char dir[4096];

	directory_of(path, dir, sizeof(dir));
	return open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);
}

#define NAMES 100u	/* that are tried: of others who write here, and of what they left behind */

/* The n-th name that it may have meanwhile. */
static void call(struct outfile *o, unsigned n)
{
	if (n == 0)
		(void)snprintf(o->made, sizeof(o->made), "%s.new", o->path);
	else
		(void)snprintf(o->made, sizeof(o->made), "%s.new%u", o->path, n);
}

/* Nobody's file is taken away: it may be the half-written one of another process. */
static int open_named(struct outfile *o)
{
	int fd = -1;

	for (unsigned n = 0; n < NAMES; n++) {
		call(o, n);
		fd = open(o->made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	return fd;
}

/* Whoever called sudo is to have it.  The file has no name yet, so there is no other to be hit. */
static void give_to_caller(int fd)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");

	if (geteuid() == 0 && uid && gid)
		(void)!fchown(fd, (uid_t)strtoul(uid, NULL, 10), (gid_t)strtoul(gid, NULL, 10));
}

static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static bool begins(const char *path, const char *with)
{
	return strncmp(path, with, strlen(with)) == 0;
}

/* Devices and pipes are written to as they are; so are descriptors that are called by a name
 * (/dev/stdout, /dev/fd/3): they are links, in whose place a file would be there for everybody. */
static bool is_special(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return true;
	return (begins(path, "/dev/") || begins(path, "/proc/")) && is_link(path);
}

/* Another link stays, and what it leads to is replaced. */
static void follow_link(struct outfile *o)
{
	char *to = is_link(o->path) ? realpath(o->path, NULL) : NULL;

	if (to && strlen(to) < sizeof(o->path))
		memcpy(o->path, to, strlen(to) + 1);
	free(to);
}

static int open_any(struct outfile *o)
{
	o->special = is_special(o->path);
	if (o->special)
		return open(o->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	follow_link(o);
	int fd = open_nameless(o->path);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		fd = open_named(o);
	if (fd >= 0)
		give_to_caller(fd);
	return fd;
}

FILE *outfile_open(struct outfile *o, const char *path, char err[static 256])
{
	*o = (struct outfile){ 0 };
	if (strlen(path) >= sizeof(o->path)) {
		(void)snprintf(err, 256, "a path of more than %zu bytes", sizeof(o->path) - 1);
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(o->path, path, strlen(path) + 1);
	errno = ENOENT;		/* no file is called "" */
	int fd = *path ? open_any(o) : -1;
	o->f = fd < 0 ? NULL : fdopen(fd, "wb");
	if (o->f)
		return o->f;
	int e = errno;
	(void)snprintf(err, 256, "cannot write %.200s: %s", path, strerror(e));
	if (fd >= 0) {
		(void)close(fd);
		if (*o->made)
			(void)unlink(o->made);
	}
	errno = e;
	return NULL;
}

static int link_as(const struct outfile *o, const char *name)
{
	char proc[64];

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fileno(o->f));
	return linkat(AT_FDCWD, proc, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

/* The nameless file gets its name; one that is taken goes over by a rename, which is one step. */
static int give_name(struct outfile *o)
{
	if (link_as(o, o->path) == 0)
		return 0;
	for (unsigned n = 0; n < NAMES && errno == EEXIST; n++) {
		call(o, n);
		if (link_as(o, o->made) == 0)
			return rename(o->made, o->path);
	}
	*o->made = '\0';	/* it is somebody else's */
	return -1;
}

int outfile_close(struct outfile *o, bool keep)
{
	int rc = fflush(o->f) == 0 ? 0 : -1, e = errno;

	if (rc == 0 && ferror(o->f)) {
		/* Why an earlier write failed, stdio does not remember. */
		rc = -1;
		e = EIO;
	} else if (rc == 0 && keep && !o->special &&
		   (*o->made ? rename(o->made, o->path) : give_name(o)) < 0) {
		rc = -1;
		e = errno;
	}
	if (*o->made && (rc < 0 || !keep))
		(void)unlink(o->made);
	if (fclose(o->f) != 0 && rc == 0) {
		rc = -1;
		e = errno;
	}
	o->f = NULL;
	errno = e;
	return rc;
}
