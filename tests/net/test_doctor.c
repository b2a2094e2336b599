/*
 * Machines on which labs cannot run, or not in every way.  Each is this machine with one
 * thing taken away for real (a limit, a mount, a capability, a system call), in a child, and the
 * doctor has to name what it was and the command that brings it back, and nothing else.
 *
 * Only what this kernel has no switch for is told by files: settings of Debian and Ubuntu,
 * and where modules lie, in a directory that the doctor takes for the root.
 */
#include "told.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns.h"
#include "wirelab/doctor.h"

enum { NOBODY = 65534 };

static char unusable[256];		/* why nothing can be tried here */
static char program[4096];		/* this test itself */
static char other_root[64];		/* a directory of files for a cause; empty at first */
static struct doctor_report report;	/* of the last examination */
static unsigned looked_at;		/* items of it that the test has spoken of */

/* ---- a child that is told what to take away --------------------------------------------- */

struct message {
	char skip[256];			/* why it cannot be tried here, or "" */
	bool child_left;		/* the doctor's own child is still there */
	struct doctor_report report;
};

static int message_fd;

static void tell(const struct message *m)
{
	_exit(write(message_fd, m, sizeof(*m)) == (ssize_t)sizeof(*m) ? 0 : 1);
}

/* In the child: this machine does not let us take it away. */
__attribute__((format(printf, 1, 2)))
static void cannot(const char *format, ...)
{
	struct message m = { .skip = "" };
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(m.skip, sizeof(m.skip), format, ap);
	va_end(ap);
	tell(&m);
}

/* In the child: what must work. */
#define must(call) \
	do { \
		if ((call) < 0) \
			cannot("%s: %s", #call, strerror(errno)); \
	} while (0)

/* A child that was killed may take a moment until it has gone; one that was not, stays. */
static bool a_child_stays(void)
{
	for (unsigned waited = 0; waited < 500; waited++) {
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return false;
		usleep(10000);
	}
	return true;
}

static void examine_and_tell(const struct doctor_options *options)
{
	struct message m = { .skip = "" };

	doctor_examine(&m.report, options);
	m.child_left = a_child_stays();
	tell(&m);
}

static void hear(int fd, pid_t pid)
{
	struct message m;
	ssize_t n = read(fd, &m, sizeof(m));
	int status = 0;

	close(fd);
	waitpid(pid, &status, 0);
	if (n != (ssize_t)sizeof(m))
		fail_msg("the child ended with status %#x", (unsigned)status);
	if (m.skip[0]) {
		print_message("skipped: %s\n", m.skip);
		skip();
	}
	assert_false(m.child_left);
	report = m.report;
	looked_at = 0;
}

/*
 * What the doctor says after take_away() in a child with mounts and a network of its own, in
 * which it is root, be it of a user namespace.
 */
static void examine_with(void (*take_away)(void), const struct doctor_options *options)
{
	int fd[2];

	if (unusable[0]) {
		print_message("skipped: %s\n", unusable);
		skip();
	}
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char why[256];
		message_fd = fd[1];
		if (netns_enter_private(why) < 0)
			cannot("%s", why);
		take_away();
		examine_and_tell(options);
	}
	close(fd[1]);
	assert_true(pid > 0);
	hear(fd[0], pid);
}

static void examine(void (*take_away)(void))
{
	examine_with(take_away, NULL);
}

/* With the files of other_root for the machine's own. */
static void examine_elsewhere(void (*take_away)(void))
{
	examine_with(take_away, &(struct doctor_options){ .root = other_root });
}

/* ---- what a test expects ---------------------------------------------------------------- */

static void explain_failure(void)
{
	char buf[DOCTOR_TEXT_MAX];
	struct txt t = txt_over(buf, sizeof(buf));

	doctor_text(&t, &report, LANG_EN);
	print_error("%s", buf);
}

static bool has_cure(enum doctor_item item, const char *command)
{
	char buf[512];

	for (unsigned n = 0;; n++) {
		struct txt t = txt_over(buf, sizeof(buf));
		if (!doctor_cure(&report, item, n, LANG_EN, &t))
			return false;
		if (strstr(buf, command) == buf)
			return true;
	}
}

/* The item's state and cause, and a command that begins like this among its cures. */
static void expect(enum doctor_item item, enum doctor_state state, enum doctor_cause cause,
		   const char *cure)
{
	const struct doctor_line *line = &report.line[item];

	looked_at |= 1u << item;
	if (line->state == state && line->cause == cause && has_cure(item, cure))
		return;
	explain_failure();
	fail_msg("%s: state %d, cause %s, errno %d; not state %d, cause %s, cured by %s",
		 doctor_item_name(item), (int)line->state, doctor_cause_name(line->cause),
		 line->error, (int)state, doctor_cause_name(cause), cure);
}

static void expect_untried(enum doctor_item first, enum doctor_item last)
{
	for (unsigned i = first; i <= last; i++) {
		looked_at |= 1u << i;
		assert_int_equal(report.line[i].state, DOCTOR_UNTRIED);
	}
}

/* Wireshark and tcpdump may be on the machine or not, but for the tests about them. */
static void expect_the_rest_to_be_fine(void)
{
	for (unsigned i = 0; i < DOCTOR_WIRESHARK; i++) {
		if ((looked_at >> i & 1) || report.line[i].state == DOCTOR_OK)
			continue;
		explain_failure();
		fail_msg("%s is not fine", doctor_item_name((enum doctor_item)i));
	}
}

static void expect_labs_by(enum doctor_carrier carrier)
{
	assert_int_equal(doctor_usable(&report), carrier != DOCTOR_NO_CARRIER);
	assert_int_equal(doctor_carrier(&report), carrier);
}

static void expect_no_labs(void)
{
	assert_false(doctor_usable(&report));
}

static const char *detail(enum doctor_item item)
{
	return report.line[item].detail;
}

/* ---- files for a cause ------------------------------------------------------------------ */

static void make_below_other_root(const char *path, const char *text)
{
	char whole[512];

	assert_true(snprintf(whole, sizeof(whole), "%s%s", other_root, path) < (int)sizeof(whole));
	for (char *slash = strchr(whole + strlen(other_root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(whole, 0755);
		*slash = '/';
	}
	FILE *f = fopen(whole, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* Below /lib/modules/RELEASE, of the kernel that runs. */
static void make_module_file(const char *name, const char *text)
{
	struct utsname os;
	char path[256];

	assert_int_equal(uname(&os), 0);
	(void)snprintf(path, sizeof(path), "/lib/modules/%s/%s", os.release, name);
	make_below_other_root(path, text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level == 0 ? 0 : remove(path);
}

static int empty_other_root(void **state)
{
	(void)state;
	return nftw(other_root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- ways to take something away -------------------------------------------------------- */

static void nothing(void)
{
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		cannot("%s: %s", path, strerror(errno));
	close(fd);
}

/* A user namespace in which we are `id`, and still have every capability. */
static void enter_user_namespace_as(unsigned id)
{
	char map[32];
	unsigned uid = geteuid(), gid = getegid();

	must(unshare(CLONE_NEWUSER));
	write_text("/proc/self/setgroups", "deny");
	(void)snprintf(map, sizeof(map), "%u %u 1", id, uid);
	write_text("/proc/self/uid_map", map);
	(void)snprintf(map, sizeof(map), "%u %u 1", id, gid);
	write_text("/proc/self/gid_map", map);
}

static void drop_all_capabilities(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		cannot("capabilities stay");
}

static void drop_capability(unsigned capability)
{
	must(capng_get_caps_process());
	must(capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE,
			  capability));
	must(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0));
	must(capng_apply(CAPNG_SELECT_CAPS));
}

/* Somebody without any right, as far as the kernel can see. */
static void become_ordinary(void)
{
	enter_user_namespace_as(NOBODY);
	drop_all_capabilities();
}

/* A true user of the machine, which only its root can become; for others it is no change. */
static void become_another_user(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0) {
		become_ordinary();
		return;
	}
	/* As after the execve(2) with which a user's programs begin. */
	must(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/* The kernel answers this system call with that, where the low half of an argument is value. */
static void answer_call(int nr, unsigned argument, uint32_t value, uint32_t answer)
{
	const uint32_t at = (uint32_t)offsetof(struct seccomp_data, args) + 8 * argument;
	const uint32_t half = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at + half),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	unsigned flags = answer == SECCOMP_RET_USER_NOTIF ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter));
}

static void refuse_call(int nr, unsigned argument, uint32_t value, int error)
{
	answer_call(nr, argument, value, SECCOMP_RET_ERRNO | (uint32_t)error);
}

static void refuse_user_namespaces(void)
{
	become_ordinary();
	refuse_call(SYS_unshare, 0, CLONE_NEWUSER, EPERM);
}

/* ---- nothing is missing ----------------------------------------------------------------- */

static void with_everything_there_labs_run_and_tap_carries(void **state)
{
	(void)state;
	examine(nothing);
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
	assert_int_equal(report.line[DOCTOR_USERNS].cause, DOCTOR_IS_ROOT);
}

static void as_an_ordinary_user_too(void **state)
{
	(void)state;
	examine(become_another_user);
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
	assert_int_equal(report.line[DOCTOR_USERNS].cause, DOCTOR_FINE);
}

/* ---- no user namespaces ----------------------------------------------------------------- */

static void allow_no_user_namespaces(void)
{
	enter_user_namespace_as(NOBODY);
	write_text("/proc/sys/user/max_user_namespaces", "0");
	drop_all_capabilities();
}

static void user_namespaces_can_be_limited_to_none(void **state)
{
	(void)state;
	examine(allow_no_user_namespaces);
	expect(DOCTOR_USERNS, DOCTOR_FAILED, DOCTOR_USERNS_LIMIT,
	       "sudo sysctl -w user.max_user_namespaces=");
	assert_string_equal(detail(DOCTOR_USERNS), "0");
	assert_true(has_cure(DOCTOR_USERNS, "sudo wirelab doctor"));
	expect_untried(DOCTOR_NETNS, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

static void an_older_debian_keeps_them_for_root(void **state)
{
	(void)state;
	make_below_other_root("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
	examine_elsewhere(refuse_user_namespaces);
	expect(DOCTOR_USERNS, DOCTOR_FAILED, DOCTOR_USERNS_CLONE,
	       "sudo sysctl -w kernel.unprivileged_userns_clone=1");
	expect_untried(DOCTOR_NETNS, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

#define APPARMOR_SETTING "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
#define APPARMOR_CURE "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"

static void make_namespaces_without_rights(void)
{
	become_ordinary();
	refuse_call(SYS_unshare, 0, CLONE_NEWNET, EPERM);
}

static void ubuntu_grants_a_user_namespace_that_has_no_rights(void **state)
{
	(void)state;
	make_below_other_root(APPARMOR_SETTING, "1\n");
	examine_elsewhere(make_namespaces_without_rights);
	expect(DOCTOR_NETNS, DOCTOR_FAILED, DOCTOR_APPARMOR, APPARMOR_CURE);
	expect_untried(DOCTOR_SETTINGS, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

/* The doctor, and strace(1) in the kernel's place where it opens a file. */
static void examine_while_one_file_is_refused(void)
{
	char fd[16];

	if (system("command -v strace >/dev/null") != 0)
		cannot("there is no strace");
	must(fcntl(message_fd, F_SETFD, 0));
	(void)snprintf(fd, sizeof(fd), "%d", message_fd);
	(void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	/* It tells everybody what the path resolves to, but the doctor's own is another. */
	must(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO));
	(void)execlp("strace", "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=openat",
		     "-P", "/proc/self/uid_map", "-e", "inject=openat:error=EACCES",
		     program, fd, other_root, (char *)NULL);
	cannot("strace: %s", strerror(errno));
}

static void lose_the_map(void)
{
	become_ordinary();
	examine_while_one_file_is_refused();
}

static void or_one_in_which_nobody_may_become_root(void **state)
{
	(void)state;
	make_below_other_root(APPARMOR_SETTING, "1\n");
	examine(lose_the_map);
	expect(DOCTOR_USERNS, DOCTOR_FAILED, DOCTOR_APPARMOR, APPARMOR_CURE);
	assert_string_equal(detail(DOCTOR_USERNS), "/proc/self/uid_map");
	expect_untried(DOCTOR_NETNS, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

static void a_container_filters_the_call(void **state)
{
	(void)state;
	examine_elsewhere(refuse_user_namespaces);
	expect(DOCTOR_USERNS, DOCTOR_FAILED, DOCTOR_SECCOMP, "docker run --privileged");
	expect_untried(DOCTOR_NETNS, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

static void enter_a_chroot(void)
{
	char dir[128];

	(void)snprintf(dir, sizeof(dir), "%s/chroot/proc", other_root);
	must(mount("/proc", dir, NULL, MS_BIND | MS_REC, NULL));
	*strrchr(dir, '/') = '\0';
	enter_user_namespace_as(NOBODY);
	must(chroot(dir));
	must(chdir("/"));
	drop_all_capabilities();
}

static void in_a_chroot_the_kernel_makes_none(void **state)
{
	(void)state;
	make_below_other_root("/chroot/proc/file", "");
	examine(enter_a_chroot);
	expect(DOCTOR_USERNS, DOCTOR_FAILED, DOCTOR_CHROOT, "sudo wirelab doctor");
	expect_untried(DOCTOR_NETNS, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

/* ---- network namespaces, and what belongs to them --------------------------------------- */

static void allow_one_network_namespace(void)
{
	enter_user_namespace_as(0);
	write_text("/proc/sys/user/max_net_namespaces", "1");
}

static void network_namespaces_can_be_limited(void **state)
{
	(void)state;
	examine(allow_one_network_namespace);
	/* Root types no sudo. */
	expect(DOCTOR_NETNS, DOCTOR_FAILED, DOCTOR_NETNS_LIMIT,
	       "sysctl -w user.max_net_namespaces=");
	assert_string_equal(detail(DOCTOR_NETNS), "1");
	expect_untried(DOCTOR_SETTINGS, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

static void hide_proc(void)
{
	must(mount("tmpfs", "/proc", "tmpfs", 0, NULL));
}

static void without_proc_a_namespace_cannot_be_held(void **state)
{
	(void)state;
	examine(hide_proc);
	expect(DOCTOR_NETNS, DOCTOR_FAILED, DOCTOR_NO_PROC, "mount -t proc proc /proc");
	expect_untried(DOCTOR_SETTINGS, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

static void make_settings_read_only(void)
{
	must(mount("/proc/sys", "/proc/sys", NULL, MS_BIND | MS_REC, NULL));
	must(mount(NULL, "/proc/sys", NULL,
		   MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
}

static void a_container_mounts_settings_read_only(void **state)
{
	(void)state;
	examine(make_settings_read_only);
	expect(DOCTOR_SETTINGS, DOCTOR_FAILED, DOCTOR_READ_ONLY,
	       "mount -o remount,bind,rw /proc/sys");
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

static void refuse_repair(void)
{
	refuse_call(SYS_setsockopt, 2, TCP_REPAIR, ENOPROTOOPT);
}

static void a_kernel_can_be_too_old_to_choose_sequence_numbers(void **state)
{
	(void)state;
	examine(refuse_repair);
	expect(DOCTOR_REPAIR, DOCTOR_FAILED, DOCTOR_KERNEL_UNAWARE,
	       "apt-get update && apt-get full-upgrade && reboot");
	assert_string_equal(detail(DOCTOR_REPAIR), "TCP_REPAIR");
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

/* ---- capabilities ----------------------------------------------------------------------- */

static void be_root_without_net_admin(void)
{
	drop_capability(CAP_NET_ADMIN);
}

static void root_without_net_admin_can_make_no_link(void **state)
{
	(void)state;
	examine(be_root_without_net_admin);
	static const enum doctor_item links[] = { DOCTOR_REPAIR, DOCTOR_TAP, DOCTOR_VETH };
	for (size_t i = 0; i < LENGTH(links); i++) {
		expect(links[i], DOCTOR_FAILED, DOCTOR_NO_CAPABILITY,
		       "docker run --cap-add=CAP_NET_ADMIN");
		assert_string_equal(detail(links[i]), "CAP_NET_ADMIN");
	}
	expect_untried(DOCTOR_OFFLOAD, DOCTOR_OFFLOAD);
	/* Settings are files of the machine's root; whoever else is root needs it for them, too. */
	if (report.line[DOCTOR_SETTINGS].state != DOCTOR_OK)
		expect(DOCTOR_SETTINGS, DOCTOR_FAILED, DOCTOR_NO_CAPABILITY,
		       "docker run --cap-add=CAP_NET_ADMIN");
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

static void be_a_user_where_root_lacks_net_admin(void)
{
	drop_capability(CAP_NET_ADMIN);
	become_another_user();
}

static void where_root_lacks_it_an_ordinary_user_may_not(void **state)
{
	(void)state;
	examine(be_a_user_where_root_lacks_net_admin);
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
}

static void be_root_without_net_raw(void)
{
	drop_capability(CAP_NET_RAW);
}

static void without_net_raw_tap_still_carries(void **state)
{
	(void)state;
	examine(be_root_without_net_raw);
	expect(DOCTOR_PACKET, DOCTOR_NOTE, DOCTOR_NO_CAPABILITY,
	       "docker run --cap-add=CAP_NET_RAW");
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
}

static void be_root_without_sys_admin(void)
{
	drop_capability(CAP_SYS_ADMIN);
}

static void root_without_sys_admin_goes_the_ordinary_way(void **state)
{
	(void)state;
	examine(be_root_without_sys_admin);
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
	assert_int_equal(report.line[DOCTOR_USERNS].cause, DOCTOR_FINE);
}

/* ---- TAP -------------------------------------------------------------------------------- */

static void hide_tun(void)
{
	must(mount("tmpfs", "/dev/net", "tmpfs", 0, NULL));
}

static void expect_veth_instead(enum doctor_cause cause, const char *cure)
{
	expect(DOCTOR_TAP, DOCTOR_NOTE, cause, cure);
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_VETH);
}

static void the_device_can_be_missing_while_the_driver_is_there(void **state)
{
	(void)state;
	make_below_other_root("/sys/class/misc/tun/dev", "10:200\n");
	examine_elsewhere(hide_tun);
	expect_veth_instead(DOCTOR_NODE_MISSING, "mkdir -p /dev/net && mknod -m 666 /dev/net/tun");
	assert_true(has_cure(DOCTOR_TAP, "docker run --device /dev/net/tun"));
}

static void the_module_may_only_have_to_be_loaded(void **state)
{
	(void)state;
	make_module_file("modules.dep", "kernel/net/tunnel4.ko:\nkernel/drivers/net/tun.ko.xz:\n");
	make_module_file("modules.builtin", "kernel/fs/ext4/ext4.ko\n");
	examine_elsewhere(hide_tun);
	expect_veth_instead(DOCTOR_MODULE_UNLOADED, "modprobe tun");
}

static void the_module_may_be_in_another_package(void **state)
{
	(void)state;
	make_module_file("modules.dep", "kernel/net/tunnel4.ko:\nkernel/drivers/net/veth.ko:\n");
	examine_elsewhere(hide_tun);
	expect_veth_instead(DOCTOR_MODULE_ABSENT,
			    "apt-get install linux-modules-extra-$(uname -r)");
}

static void the_kernel_may_have_been_replaced_under_it(void **state)
{
	(void)state;
	make_below_other_root("/lib/modules/999.9-later/modules.dep", "");
	examine_elsewhere(hide_tun);
	expect_veth_instead(DOCTOR_MODULES_GONE, "reboot");
}

static void the_kernel_may_have_been_built_without_it(void **state)
{
	(void)state;
	examine_elsewhere(hide_tun);
	expect_veth_instead(DOCTOR_KERNEL_LACKS, "apt-get install linux-image-");
	assert_string_equal(detail(DOCTOR_TAP), "CONFIG_TUN");
}

/* A file over /dev/net/tun that is another one. */
static void cover_tun_with(const char *path)
{
	must(mount(path, "/dev/net/tun", NULL, MS_BIND, NULL));
}

static void cover_tun_with_null(void)
{
	cover_tun_with("/dev/null");
}

static void something_else_can_have_its_name(void **state)
{
	(void)state;
	examine(cover_tun_with_null);
	expect_veth_instead(DOCTOR_NODE_STRANGE, "rm -r /dev/net/tun && mknod");
}

static void make_tun(mode_t mode, unsigned minor)
{
	mode_t mask = umask(0);

	must(mount("tmpfs", "/dev/net", "tmpfs", 0, "mode=755"));
	must(mknod("/dev/net/tun", S_IFCHR | mode, makedev(10, minor)));
	(void)umask(mask);
}

/* Of the machine, not of a user namespace: it may make devices and become other users. */
static bool is_true_root(void)
{
	return setresgid(NOBODY, NOBODY, 0) == 0 && setresgid(0, 0, 0) == 0;
}

/* For us alone, if we are root; else something that is root's alone takes its place. */
static void keep_tun_for_root(void)
{
	static const char *const roots_own[] = { "/dev/loop-control", "/dev/mem", "/etc/shadow" };

	if (is_true_root()) {
		make_tun(0600, 200);
		become_another_user();
		return;
	}
	for (size_t i = 0; i < LENGTH(roots_own); i++) {
		if (access(roots_own[i], R_OK | W_OK) < 0 && errno == EACCES) {
			cover_tun_with(roots_own[i]);
			become_ordinary();
			return;
		}
	}
	cannot("no file here is root's alone");
}

static void its_mode_can_forbid_it(void **state)
{
	(void)state;
	examine(keep_tun_for_root);
	expect_veth_instead(DOCTOR_NODE_FORBIDDEN, "sudo chmod 666 /dev/net/tun");
}

static void forbid_devices_by_mount(void)
{
	cover_tun_with("/dev/net/tun");
	must(mount(NULL, "/dev/net/tun", NULL,
		   MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOSUID | MS_NOEXEC, NULL));
}

static void a_mount_can_forbid_it(void **state)
{
	(void)state;
	examine(forbid_devices_by_mount);
	expect_veth_instead(DOCTOR_NODE_BLOCKED, "docker run --device /dev/net/tun");
}

/* A number in the same range that no driver has taken; or as if it were one. */
static void make_tun_without_driver(void)
{
	if (is_true_root())
		make_tun(0666, 250);
	else
		refuse_call(SYS_openat, 2, O_RDWR | O_CLOEXEC | O_NONBLOCK, ENODEV);
}

static void the_device_can_be_there_without_the_driver(void **state)
{
	(void)state;
	make_module_file("modules.dep", "kernel/drivers/net/tun.ko:\n");
	examine_elsewhere(make_tun_without_driver);
	expect_veth_instead(DOCTOR_MODULE_UNLOADED, "modprobe tun");
}

static void filter_tap(void)
{
	refuse_call(SYS_ioctl, 1, TUNSETIFF, EPERM);
}

static void a_filter_can_forbid_it(void **state)
{
	(void)state;
	examine(filter_tap);
	expect_veth_instead(DOCTOR_SECCOMP, "docker run --privileged");
}

/* ---- veth ------------------------------------------------------------------------------- */

static void refuse_links_as_unknown(void)
{
	refuse_call(SYS_sendmsg, 2, 0, EOPNOTSUPP);
}

static void a_kernel_without_veth_has_tap(void **state)
{
	(void)state;
	make_module_file("modules.dep", "kernel/drivers/net/veth.ko:\n");
	examine_elsewhere(refuse_links_as_unknown);
	expect(DOCTOR_VETH, DOCTOR_NOTE, DOCTOR_MODULE_UNLOADED, "modprobe veth");
	expect_untried(DOCTOR_OFFLOAD, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
}

static void without_its_module_it_is_the_kernel_that_lacks_veth(void **state)
{
	(void)state;
	examine_elsewhere(refuse_links_as_unknown);
	expect(DOCTOR_VETH, DOCTOR_NOTE, DOCTOR_KERNEL_LACKS, "apt-get install linux-image-");
	assert_string_equal(detail(DOCTOR_VETH), "CONFIG_VETH");
	expect_untried(DOCTOR_OFFLOAD, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
}

static void lose_both_carriers(void)
{
	hide_tun();
	refuse_links_as_unknown();
}

static void without_either_carrier_both_have_failed(void **state)
{
	(void)state;
	make_module_file("modules.dep", "kernel/net/veth.ko:\nkernel/net/tun.ko:\n");
	examine_elsewhere(lose_both_carriers);
	expect(DOCTOR_TAP, DOCTOR_FAILED, DOCTOR_MODULE_UNLOADED, "modprobe tun");
	expect(DOCTOR_VETH, DOCTOR_FAILED, DOCTOR_MODULE_UNLOADED, "modprobe veth");
	expect_untried(DOCTOR_OFFLOAD, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_NO_CARRIER);
}

static void refuse_packet_sockets(void)
{
	refuse_call(SYS_socket, 0, AF_PACKET, EAFNOSUPPORT);
}

static void packet_sockets_are_a_module_too(void **state)
{
	(void)state;
	make_module_file("modules.dep", "kernel/net/packet/af_packet.ko:\n");
	examine_elsewhere(refuse_packet_sockets);
	expect(DOCTOR_PACKET, DOCTOR_NOTE, DOCTOR_MODULE_UNLOADED, "modprobe af_packet");
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
}

static void refuse_the_youngest_packet_option(void)
{
	refuse_call(SYS_setsockopt, 2, 23, ENOPROTOOPT);	/* PACKET_IGNORE_OUTGOING */
}

static void a_kernel_can_be_too_old_for_veth_and_not_for_tap(void **state)
{
	(void)state;
	examine(refuse_the_youngest_packet_option);
	expect(DOCTOR_PACKET, DOCTOR_NOTE, DOCTOR_KERNEL_UNAWARE,
	       "apt-get update && apt-get full-upgrade && reboot");
	assert_string_equal(detail(DOCTOR_PACKET), "PACKET_IGNORE_OUTGOING");
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
}

static void refuse_ethtool(void)
{
	refuse_call(SYS_ioctl, 1, SIOCETHTOOL, EOPNOTSUPP);
}

static void offloads_that_stay_on_are_no_matter_with_tap(void **state)
{
	(void)state;
	examine(refuse_ethtool);
	expect(DOCTOR_OFFLOAD, DOCTOR_NOTE, DOCTOR_REFUSED, "dmesg");
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
}

static void lose_tap_and_ethtool(void)
{
	hide_tun();
	refuse_ethtool();
}

static void but_they_are_with_veth(void **state)
{
	(void)state;
	make_below_other_root("/sys/class/misc/tun/dev", "10:200\n");
	examine_elsewhere(lose_tap_and_ethtool);
	expect(DOCTOR_TAP, DOCTOR_FAILED, DOCTOR_NODE_MISSING, "mkdir -p /dev/net");
	expect(DOCTOR_OFFLOAD, DOCTOR_FAILED, DOCTOR_REFUSED, "dmesg");
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_NO_CARRIER);
}

/* ---- outside ---------------------------------------------------------------------------- */

static void name_the_kernel_as_of_old(void)
{
	/* uname(2) then speaks of 2.6. */
	must(personality(PER_LINUX | UNAME26));
}

static void a_kernel_can_be_too_old(void **state)
{
	(void)state;
	examine(name_the_kernel_as_of_old);
	expect(DOCTOR_KERNEL, DOCTOR_FAILED, DOCTOR_KERNEL_OLD,
	       "apt-get update && apt-get full-upgrade && reboot");
	assert_memory_equal(detail(DOCTOR_KERNEL), "2.6.", 4);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

static void allow_few_descriptors(void)
{
	must(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 10, 64 }));
}

static void allow_few_descriptors_for_good(void)
{
	must(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 40, 40 }));
}

static void descriptors_can_be_few(void **state)
{
	(void)state;
	examine(allow_few_descriptors);
	expect(DOCTOR_DESCRIPTORS, DOCTOR_FAILED, DOCTOR_FEW_DESCRIPTORS,
	       "ulimit -n 1024");
	assert_string_equal(detail(DOCTOR_DESCRIPTORS), "10");
	expect_the_rest_to_be_fine();
	expect_no_labs();

	examine(allow_few_descriptors_for_good);
	expect(DOCTOR_DESCRIPTORS, DOCTOR_FAILED, DOCTOR_FEW_DESCRIPTORS,
	       "ulimit -n 1024");
	assert_true(has_cure(DOCTOR_DESCRIPTORS, "prlimit --pid $$ --nofile=1024"));
	expect_the_rest_to_be_fine();
}

static void look_for_programs_elsewhere(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/nowhere:%s/bin", other_root);
	must(setenv("PATH", path, 1));
}

static void what_is_not_in_the_path_is_only_missed(void **state)
{
	(void)state;
	/* Not to be executed, and a directory. */
	make_below_other_root("/bin/tshark", "");
	make_below_other_root("/bin/tcpdump/file", "");
	examine(look_for_programs_elsewhere);
	expect(DOCTOR_WIRESHARK, DOCTOR_NOTE, DOCTOR_NO_PROGRAM,
	       "apt-get install wireshark tshark");
	expect(DOCTOR_TCPDUMP, DOCTOR_NOTE, DOCTOR_NO_PROGRAM, "apt-get install tcpdump");
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
}

static void either_of_the_two_sharks_will_do(void **state)
{
	char path[128];

	(void)state;
	make_below_other_root("/bin/tshark", "");
	(void)snprintf(path, sizeof(path), "%s/bin/tshark", other_root);
	assert_int_equal(chmod(path, 0755), 0);
	examine(look_for_programs_elsewhere);
	assert_int_equal(report.line[DOCTOR_WIRESHARK].state, DOCTOR_OK);
	assert_string_equal(detail(DOCTOR_WIRESHARK), path);
}

/* ---- cures ------------------------------------------------------------------------------ */

static enum doctor_item patient;	/* what is to be cured */

/*
 * In the child: a shell types the first cure of the patient, and then asks the doctor
 * again.  We are root as far as sudo is concerned.
 */
static void cure_and_examine(void)
{
	static const char script[] = "sudo() { \"$@\"; }; "
				     "eval \"$1\" >/dev/null && exec \"$2\" \"$3\"";
	struct doctor_report sick;
	char command[512], fd[16];
	struct txt t = txt_over(command, sizeof(command));

	doctor_examine(&sick, NULL);
	if (!doctor_cure(&sick, patient, 0, LANG_EN, &t))
		return;
	must(fcntl(message_fd, F_SETFD, 0));
	(void)snprintf(fd, sizeof(fd), "%d", message_fd);
	must(setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1));
	(void)execl("/bin/sh", "sh", "-c", script, "sh", command, program, fd, (char *)NULL);
	cannot("sh: %s", strerror(errno));
}

static void (*take_from_the_patient)(void);

static void make_ill_and_cure(void)
{
	take_from_the_patient();
	cure_and_examine();
}

/* take_away() makes `item` fail, its first cure makes all of it well. */
static void expect_a_cure(enum doctor_item item, void (*take_away)(void))
{
	patient = item;
	take_from_the_patient = take_away;
	examine(make_ill_and_cure);
	expect_the_rest_to_be_fine();
	expect_labs_by(DOCTOR_BY_TAP);
}

static void the_cure_of_read_only_settings_works(void **state)
{
	(void)state;
	expect_a_cure(DOCTOR_SETTINGS, make_settings_read_only);
}

/* Of whose processes we are root: only then may it be mounted again. */
static void hide_proc_of_our_own(void)
{
	must(unshare(CLONE_NEWPID));
	pid_t pid = fork();
	must(pid);
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		_exit(0);
	}
	must(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
	hide_proc();
}

static void the_cure_of_a_missing_proc_works(void **state)
{
	(void)state;
	expect_a_cure(DOCTOR_NETNS, hide_proc_of_our_own);
}

static void the_cure_of_few_network_namespaces_works(void **state)
{
	(void)state;
	expect_a_cure(DOCTOR_NETNS, allow_one_network_namespace);
}

/* As allow_no_user_namespaces(), but the shell may change the limit, as with sudo. */
static void allow_no_user_namespaces_for_now(void)
{
	enter_user_namespace_as(NOBODY);
	write_text("/proc/sys/user/max_user_namespaces", "0");
	capng_clear(CAPNG_SELECT_BOTH);
	must(capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE,
			  CAP_SYS_RESOURCE));
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		cannot("capabilities stay");
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_RESOURCE, 0, 0));
}

static void the_cure_of_few_user_namespaces_works(void **state)
{
	(void)state;
	expect_a_cure(DOCTOR_USERNS, allow_no_user_namespaces_for_now);
}

static void take_32_descriptors_of_many(void)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 32;
	must(setrlimit(RLIMIT_NOFILE, &limit));
}

static void the_cure_of_few_descriptors_works(void **state)
{
	(void)state;
	expect_a_cure(DOCTOR_DESCRIPTORS, take_32_descriptors_of_many);
}

static void hide_tun_where_devices_can_be_made(void)
{
	if (!is_true_root())
		cannot("only root can make a device");
	must(mount("tmpfs", "/dev/net", "tmpfs", 0, "mode=755"));
}

static void the_cure_of_a_missing_device_works(void **state)
{
	(void)state;
	expect_a_cure(DOCTOR_TAP, hide_tun_where_devices_can_be_made);
}

/* ---- a child in trouble ----------------------------------------------------------------- */

static void let_the_first_step_wait_for_ever(void)
{
	/* Nobody ever answers the notice. */
	enter_user_namespace_as(0);
	answer_call(SYS_unshare, 0, CLONE_NEWNET, SECCOMP_RET_USER_NOTIF);
}

static void a_step_that_hangs_is_ended_and_named(void **state)
{
	(void)state;
	examine_with(let_the_first_step_wait_for_ever,
		     &(struct doctor_options){ .step_ns = ms(50) });
	expect(DOCTOR_USERNS, DOCTOR_FAILED, DOCTOR_HUNG, "dmesg");
	expect_untried(DOCTOR_NETNS, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

static void kill_for_tap(void)
{
	answer_call(SYS_ioctl, 1, TUNSETIFF, SECCOMP_RET_KILL_PROCESS);
}

static void a_step_that_kills_is_named(void **state)
{
	(void)state;
	examine(kill_for_tap);
	expect(DOCTOR_TAP, DOCTOR_FAILED, DOCTOR_DIED, "dmesg");
	assert_string_equal(detail(DOCTOR_TAP), "31");		/* SIGSYS */
	expect_untried(DOCTOR_PACKET, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

static void allow_no_more_processes(void)
{
	/* fork(3): the child goes on on its parent's stack. */
	refuse_call(SYS_clone, 1, 0, EAGAIN);
}

static void without_a_child_nothing_is_tried(void **state)
{
	(void)state;
	examine(allow_no_more_processes);
	expect(DOCTOR_USERNS, DOCTOR_FAILED, DOCTOR_NO_CHILD, "ulimit -a");
	expect_untried(DOCTOR_NETNS, DOCTOR_OFFLOAD);
	expect_the_rest_to_be_fine();
	expect_no_labs();
}

/* ---- nothing is left -------------------------------------------------------------------- */

struct traces {
	unsigned links, descriptors, mounts;
	ino_t user, net, mnt;
};

static unsigned entries_of(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static ino_t inode_of(const char *path)
{
	struct stat st = { .st_ino = 0 };

	must(stat(path, &st));
	return st.st_ino;
}

static unsigned lines_of(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned n = 0;

	for (int c; f && (c = getc(f)) != EOF;)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static struct traces traces_now(void)
{
	struct traces t;

	memset(&t, 0, sizeof(t));
	t.links = entries_of("/sys/class/net");
	t.descriptors = entries_of("/proc/self/fd");
	t.mounts = lines_of("/proc/self/mountinfo");
	t.user = inode_of("/proc/self/ns/user");
	t.net = inode_of("/proc/self/ns/net");
	t.mnt = inode_of("/proc/self/ns/mnt");
	return t;
}

/*
 * In a user namespace that may have five network namespaces, which is what one examination
 * takes.  The kernel ends them a little after their last process, so the next one may have to
 * come back later and later; but if anything were left, it would come back for ever.
 */
static void examine_again_and_again(void)
{
	enum { TIMES = 4, PATIENCE_US = 4000000 };
	struct message m = { .skip = "" };
	struct traces before, after;

	enter_user_namespace_as(0);
	write_text("/proc/sys/user/max_net_namespaces", "5");
	before = traces_now();
	for (unsigned i = 0; i < TIMES; i++) {
		for (unsigned us = 30000; us < PATIENCE_US; us *= 2) {
			doctor_examine(&m.report, NULL);
			if (m.report.line[DOCTOR_NETNS].cause != DOCTOR_NETNS_LIMIT)
				break;
			usleep(us);
		}
	}
	after = traces_now();
	if (memcmp(&before, &after, sizeof(before)) != 0)
		m.report.line[DOCTOR_KERNEL].state = DOCTOR_FAILED;
	m.child_left = a_child_stays();
	tell(&m);
}

static void nothing_is_left_of_it(void **state)
{
	(void)state;
	examine(examine_again_and_again);
	expect_the_rest_to_be_fine();
}

/* ---- the command ------------------------------------------------------------------------ */

static int status_of_doctor(void (*take_away)(void), const char *stdout_path)
{
	char why[256];
	int status = -1;

	if (unusable[0]) {
		print_message("skipped: %s\n", unusable);
		skip();
	}
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open(stdout_path, O_WRONLY);
		if (netns_enter_private(why) < 0 || fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
			_exit(99);
		take_away();
		/* The tool lies beside the tests. */
		char tool[sizeof(program) + 32], *slash = strstr(program, "/tests/");
		(void)snprintf(tool, sizeof(tool), "%.*s/bin/wirelab",
			       slash ? (int)(slash - program) : 0, program);
		(void)execl(tool, tool, "doctor", (char *)NULL);
		_exit(98);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void its_exit_status_says_whether_labs_can_run(void **state)
{
	(void)state;
	assert_int_equal(status_of_doctor(nothing, "/dev/null"), 0);
	assert_int_equal(status_of_doctor(hide_tun, "/dev/null"), 0);
	assert_int_equal(status_of_doctor(lose_both_carriers, "/dev/null"), 1);
	assert_int_equal(status_of_doctor(nothing, "/dev/full"), 5);
}

/* ---- all of it -------------------------------------------------------------------------- */

/* What this machine lacks itself cannot be told from what a test took away. */
static int begin(void **state)
{
	char why[256];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	(void)state;
	program[n < 0 ? 0 : n] = '\0';
	const char *tmp = getenv("TMPDIR");
	(void)snprintf(other_root, sizeof(other_root), "%.40s/doctor.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(other_root) || chmod(other_root, 0755) < 0)
		return -1;
	if (!netns_available(why)) {
		(void)snprintf(unusable, sizeof(unusable), "%s", why);
		return 0;
	}
	doctor_examine(&report, NULL);
	for (unsigned i = 0; i < DOCTOR_WIRESHARK; i++) {
		if (report.line[i].state != DOCTOR_OK)
			(void)snprintf(unusable, sizeof(unusable), "this machine lacks %s",
				       doctor_item_name((enum doctor_item)i));
	}
	return 0;
}

static int end(void **state)
{
	int rc = empty_other_root(state);

	return rmdir(other_root) < 0 ? -1 : rc;
}

#define in_its_own_files(test) cmocka_unit_test_teardown(test, empty_other_root)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		in_its_own_files(with_everything_there_labs_run_and_tap_carries),
		in_its_own_files(as_an_ordinary_user_too),
		in_its_own_files(user_namespaces_can_be_limited_to_none),
		in_its_own_files(an_older_debian_keeps_them_for_root),
		in_its_own_files(ubuntu_grants_a_user_namespace_that_has_no_rights),
		in_its_own_files(or_one_in_which_nobody_may_become_root),
		in_its_own_files(a_container_filters_the_call),
		in_its_own_files(in_a_chroot_the_kernel_makes_none),
		in_its_own_files(network_namespaces_can_be_limited),
		in_its_own_files(without_proc_a_namespace_cannot_be_held),
		in_its_own_files(a_container_mounts_settings_read_only),
		in_its_own_files(a_kernel_can_be_too_old_to_choose_sequence_numbers),
		in_its_own_files(root_without_net_admin_can_make_no_link),
		in_its_own_files(where_root_lacks_it_an_ordinary_user_may_not),
		in_its_own_files(without_net_raw_tap_still_carries),
		in_its_own_files(root_without_sys_admin_goes_the_ordinary_way),
		in_its_own_files(the_device_can_be_missing_while_the_driver_is_there),
		in_its_own_files(the_module_may_only_have_to_be_loaded),
		in_its_own_files(the_module_may_be_in_another_package),
		in_its_own_files(the_kernel_may_have_been_replaced_under_it),
		in_its_own_files(the_kernel_may_have_been_built_without_it),
		in_its_own_files(something_else_can_have_its_name),
		in_its_own_files(its_mode_can_forbid_it),
		in_its_own_files(a_mount_can_forbid_it),
		in_its_own_files(the_device_can_be_there_without_the_driver),
		in_its_own_files(a_filter_can_forbid_it),
		in_its_own_files(a_kernel_without_veth_has_tap),
		in_its_own_files(without_its_module_it_is_the_kernel_that_lacks_veth),
		in_its_own_files(without_either_carrier_both_have_failed),
		in_its_own_files(packet_sockets_are_a_module_too),
		in_its_own_files(a_kernel_can_be_too_old_for_veth_and_not_for_tap),
		in_its_own_files(offloads_that_stay_on_are_no_matter_with_tap),
		in_its_own_files(but_they_are_with_veth),
		in_its_own_files(the_cure_of_read_only_settings_works),
		in_its_own_files(the_cure_of_a_missing_proc_works),
		in_its_own_files(the_cure_of_few_network_namespaces_works),
		in_its_own_files(the_cure_of_few_user_namespaces_works),
		in_its_own_files(the_cure_of_few_descriptors_works),
		in_its_own_files(the_cure_of_a_missing_device_works),
		in_its_own_files(a_kernel_can_be_too_old),
		in_its_own_files(descriptors_can_be_few),
		in_its_own_files(what_is_not_in_the_path_is_only_missed),
		in_its_own_files(either_of_the_two_sharks_will_do),
		in_its_own_files(a_step_that_hangs_is_ended_and_named),
		in_its_own_files(a_step_that_kills_is_named),
		in_its_own_files(without_a_child_nothing_is_tried),
		in_its_own_files(nothing_is_left_of_it),
		in_its_own_files(its_exit_status_says_whether_labs_can_run),
	};

	/* From strace or a shell: one examination, told to whoever reads that descriptor. */
	if (argc >= 2) {
		message_fd = atoi(argv[1]);
		examine_and_tell(&(struct doctor_options){ .root = argv[2] });
	}
	return cmocka_run_group_tests_name("doctor", tests, begin, end);
}
