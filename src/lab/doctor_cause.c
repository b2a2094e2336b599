/* Why the kernel said no: capabilities, settings, filters and modules, the likeliest first. */
#include "doctor_impl.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

void doctor_blame(struct doctor_line *line, enum doctor_cause cause, int error, const char *detail)
{
	*line = (struct doctor_line){ .state = DOCTOR_FAILED, .cause = cause, .error = error };
	(void)snprintf(line->detail, sizeof(line->detail), "%s", detail);
}

/* ---- files ------------------------------------------------------------------------------ */

static FILE *open_below(const char *root, const char *path)
{
	char whole[512];

	if (snprintf(whole, sizeof(whole), "%s%s", root, path) >= (int)sizeof(whole))
		return NULL;
	return fopen(whole, "re");
}

long doctor_number(const char *root, const char *path)
{
	FILE *f = open_below(root, path);
	long n = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	(void)fclose(f);
	return n;
}

bool doctor_exists(const char *root, const char *path)
{
	char whole[512];
	struct stat st;

	return snprintf(whole, sizeof(whole), "%s%s", root, path) < (int)sizeof(whole) &&
	       stat(whole, &st) == 0;
}

/* Does a line of the file hold this text? */
static bool holds(const char *root, const char *path, const char *text)
{
	FILE *f = open_below(root, path);
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (f && !found && getline(&line, &size, f) >= 0)
		found = strstr(line, text) != NULL;
	free(line);
	if (f)
		(void)fclose(f);
	return found;
}

/* ---- modules ---------------------------------------------------------------------------- */

static bool has_entries(const char *root, const char *path)
{
	char whole[512];
	bool any = false;

	if (snprintf(whole, sizeof(whole), "%s%s", root, path) >= (int)sizeof(whole))
		return false;
	DIR *d = opendir(whole);
	for (struct dirent *e; d && !any && (e = readdir(d)) != NULL;)
		any = e->d_name[0] != '.';
	if (d)
		(void)closedir(d);
	return any;
}

static enum doctor_cause where_is(const char *root, const char *module)
{
	struct utsname os;
	char path[256], file[80];

	(void)uname(&os);
	(void)snprintf(path, sizeof(path), "/sys/module/%s", module);
	if (doctor_exists(root, path))
		return DOCTOR_REFUSED;
	/* A kernel that was upgraded takes the old one's modules along before the reboot. */
	(void)snprintf(path, sizeof(path), "/lib/modules/%s", os.release);
	if (!doctor_exists(root, path))
		return has_entries(root, "/lib/modules") ? DOCTOR_MODULES_GONE :
							   DOCTOR_KERNEL_LACKS;
	(void)snprintf(file, sizeof(file), "/%s.ko", module);
	(void)snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin", os.release);
	if (holds(root, path, file))
		return DOCTOR_REFUSED;
	(void)snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", os.release);
	return holds(root, path, file) ? DOCTOR_MODULE_UNLOADED : DOCTOR_MODULE_ABSENT;
}

void doctor_explain_lack(struct doctor_line *line, const struct doctor_attempt *a, int error,
			 const char *module, const char *option)
{
	enum doctor_cause cause = where_is(a->root, module);

	doctor_blame(line, cause, error, cause == DOCTOR_REFUSED ? a->call :
					 cause == DOCTOR_KERNEL_LACKS ? option : module);
}

/* ---- refusals --------------------------------------------------------------------------- */

static bool lacks(int capability)
{
	if (capability < 0 || capng_get_caps_process() != 0)
		return false;
	return !capng_have_capability(CAPNG_EFFECTIVE, (unsigned)capability);
}

static void blame_capability(struct doctor_line *line, int capability, int error)
{
	const char *name = capng_capability_to_name((unsigned)capability);
	char full[32];
	size_t n = (size_t)snprintf(full, sizeof(full), "CAP_%s", name ? name : "?");

	for (size_t i = 0; i < n && i < sizeof(full); i++)
		if (full[i] >= 'a' && full[i] <= 'z')
			full[i] = (char)(full[i] - 'a' + 'A');
	doctor_blame(line, DOCTOR_NO_CAPABILITY, error, full);
}

static bool filtered(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}

/* There, the namespace itself is granted, and what it should allow is not. */
static bool apparmor_restricts(const char *root)
{
	return doctor_number(root, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1;
}

static bool is_permission(int error)
{
	return error == EPERM || error == EACCES;
}

void doctor_explain(struct doctor_line *line, const struct doctor_attempt *a, int error)
{
	enum doctor_cause cause = DOCTOR_REFUSED;

	if (is_permission(error) && lacks(a->capability)) {
		blame_capability(line, a->capability, error);
		return;
	}
	if (error == EROFS)
		cause = DOCTOR_READ_ONLY;
	else if (error == ENOPROTOOPT)
		cause = DOCTOR_KERNEL_UNAWARE;
	else if (error == ENOENT && !doctor_exists("", "/proc/self/status"))
		cause = DOCTOR_NO_PROC;
	else if (is_permission(error) && a->in_userns && apparmor_restricts(a->root))
		cause = DOCTOR_APPARMOR;
	else if (is_permission(error) && filtered())
		cause = DOCTOR_SECCOMP;
	doctor_blame(line, cause, error, a->call);
}

/* A process sees the mounts below its root only; so its root is among them unless a chroot
 * went to a directory that is none. */
static bool in_a_chroot(void)
{
	/* Mount point, then options: proc_pid_mountinfo(5). */
	return doctor_exists("", "/proc/self/mountinfo") &&
	       !holds("", "/proc/self/mountinfo", " / rw") &&
	       !holds("", "/proc/self/mountinfo", " / ro");
}

void doctor_explain_userns(struct doctor_line *line, const struct doctor_attempt *a, int error)
{
	long limit = doctor_number(a->root, "/proc/sys/user/max_user_namespaces");
	char number[24];

	(void)snprintf(number, sizeof(number), "%ld", limit);
	/* Linux before 4.9 said EUSERS. */
	if ((error == ENOSPC || error == EUSERS) && limit >= 0)
		doctor_blame(line, DOCTOR_USERNS_LIMIT, error, number);
	else if (error == EINVAL || error == ENOSYS)
		doctor_blame(line, DOCTOR_KERNEL_LACKS, error, "CONFIG_USER_NS");
	else if (is_permission(error) &&
		 doctor_number(a->root, "/proc/sys/kernel/unprivileged_userns_clone") == 0)
		doctor_blame(line, DOCTOR_USERNS_CLONE, error, a->call);
	else if (is_permission(error) && !apparmor_restricts(a->root) && in_a_chroot())
		doctor_blame(line, DOCTOR_CHROOT, error, a->call);
	else if (is_permission(error) && !apparmor_restricts(a->root) && filtered())
		/* A container's root lacks capabilities, too, but one cure is for both. */
		doctor_blame(line, DOCTOR_SECCOMP, error, a->call);
	else
		doctor_explain(line, a, error);
}
