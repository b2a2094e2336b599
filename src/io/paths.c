#include "wirelab/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *runtime_root(void)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		return "/run";
	/* XDG Base Directory: "All paths must be absolute"; others are to be ignored. */
	return xdg && xdg[0] == '/' ? xdg : NULL;
}

static bool is_ours(const char *path, char err[static 256])
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		(void)snprintf(err, 256, "%.150s: %s", path, strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022)) {
		(void)snprintf(err, 256, "%.150s is not a directory that only we can write to", path);
		return false;
	}
	return true;
}

bool runtime_dir(const char *tool, bool make, char *buf, size_t size, char err[static 256])
{
	const char *root = runtime_root();
	int n = root ? snprintf(buf, size, "%s/%s", root, tool) : -1;

	if (n < 0 || (size_t)n >= size) {
		(void)snprintf(err, 256, "XDG_RUNTIME_DIR is not set");
		return false;
	}
	if (make && mkdir(buf, geteuid() == 0 ? 0755 : 0700) < 0 && errno != EEXIST) {
		(void)snprintf(err, 256, "cannot make %.150s: %s", buf, strerror(errno));
		return false;
	}
	return is_ours(buf, err);
}
