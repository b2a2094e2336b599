/* What the doctor says: a table of words for every item and cause, and two views of a report. */
#include "doctor_impl.h"

#include <string.h>

#include "wirelab/json.h"
#include "wirelab/utf8.h"
#include "wirelab/width.h"

#define COLUMNS 80u
#define STATE_AT 20u		/* the column at which the state begins, */
#define WORDS_AT 28u		/* and what is said of it */
#define CURE_AT 6u

/* Of a sentence or a command: our own words are below 400 bytes, and a detail from outside
 * stands in a sentence once, each byte as four in the worst case. */
#define SENTENCE_MAX 1024u

/* ---- words: '@' stands for the detail of the line --------------------------------------- */

static const struct { const char *name; struct both title, fine; } items[DOCTOR_ITEMS] = {
	[DOCTOR_KERNEL] = { "kernel", { { "kernel", "内核" } }, { { "Linux @", "Linux @" } } },
	[DOCTOR_USERNS] = { "userns", { { "user namespaces", "用户命名空间" } },
		{ { "allowed: labs run without root", "允许使用：实验不需要 root 权限" } } },
	[DOCTOR_NETNS] = { "netns", { { "network namespaces", "网络命名空间" } },
		{ { "some were made, one for each host", "已建立，每台主机一个" } } },
	[DOCTOR_SETTINGS] = { "settings", { { "settings of TCP", "TCP 参数" } },
		{ { "every host has its own below /proc/sys/net",
		    "每台主机在 /proc/sys/net 下有自己的参数" } } },
	[DOCTOR_REPAIR] = { "repair", { { "sequence numbers", "序列号" } },
		{ { "can be chosen (TCP_REPAIR)", "可以指定（TCP_REPAIR）" } } },
	[DOCTOR_TAP] = { "tap", { { "TAP device", "TAP 设备" } },
		{ { "was made, and took a frame", "已建立，并接受了一个帧" } } },
	[DOCTOR_PACKET] = { "packet", { { "packet sockets", "数据包套接字" } },
		{ { "can be opened (AF_PACKET)", "可以打开（AF_PACKET）" } } },
	[DOCTOR_VETH] = { "veth", { { "veth pair", "veth 对" } },
		{ { "was made between two hosts", "已在两台主机之间建立" } } },
	[DOCTOR_OFFLOAD] = { "offload", { { "veth offloads", "veth 卸载功能" } },
		{ { "are off when told so", "可以关闭" } } },
	[DOCTOR_DESCRIPTORS] = { "descriptors", { { "descriptors", "文件描述符" } },
		{ { "@ for a process", "每个进程 @ 个" } } },
	[DOCTOR_WIRESHARK] = { "wireshark", { { "Wireshark", "Wireshark" } }, { { "@", "@" } } },
	[DOCTOR_TCPDUMP] = { "tcpdump", { { "tcpdump", "tcpdump" } }, { { "@", "@" } } },
};

static const struct both states[] = {
	[DOCTOR_UNTRIED] = { { "-", "-" } },
	[DOCTOR_OK] = { { "ok", "正常" } },
	[DOCTOR_NOTE] = { { "note", "注意" } },
	[DOCTOR_FAILED] = { { "FAILED", "失败" } },
};

static const char *const state_names[] = {
	[DOCTOR_UNTRIED] = "untried",
	[DOCTOR_OK] = "ok",
	[DOCTOR_NOTE] = "note",
	[DOCTOR_FAILED] = "failed",
};

static const struct both untried = { { "not tried: it needs something that failed above",
				       "没有测试：它所依赖的某一项已经失败" } };

/* A command for the shell, and when it is the one to take. */
struct cure {
	const char *command;
	struct both remark;
};

#define CURES_MAX 2u

static const struct { const char *name; struct both why; struct cure cures[CURES_MAX]; }
causes[DOCTOR_CAUSES] = {
	[DOCTOR_FINE] = { "fine", { { "", "" } }, { { NULL, { { NULL } } } } },
	[DOCTOR_IS_ROOT] = { "is_root", { { "root needs none", "root 用户不需要" } },
		{ { NULL, { { NULL } } } } },
	[DOCTOR_NO_PROC] = { "no_proc",
		{ { "there is no /proc, which @ needs", "没有 /proc，而 @ 需要它" } },
		{ { "sudo mount -t proc proc /proc", { { NULL } } } } },
	[DOCTOR_NO_CAPABILITY] = { "no_capability",
		{ { "this root lacks @: it is root of a container, or somebody took it away",
		    "当前 root 没有 @：可能是容器中的 root，或者该权能已被去掉" } },
		{ { "docker run --cap-add=@ IMAGE", { { "in a container", "在容器中" } } },
		  { "setpriv --reuid=nobody --regid=nogroup --clear-groups wirelab doctor",
		    { { NULL } } } } },
	[DOCTOR_APPARMOR] = { "apparmor",
		{ { "AppArmor refuses @: on this system an ordinary user's namespace has no "
		    "rights (kernel.apparmor_restrict_unprivileged_userns is 1). The first "
		    "command holds until the next boot.",
		    "AppArmor 拒绝了 @：本系统上普通用户的命名空间没有任何权限"
		    "（kernel.apparmor_restrict_unprivileged_userns 为 1）。"
		    "第一条命令在下次启动之前有效。" } },
		{ { "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
		    { { NULL } } },
		  { "sudo wirelab doctor", { { "or as root", "或者以 root 身份运行" } } } } },
	[DOCTOR_SECCOMP] = { "seccomp",
		{ { "a filter of system calls (seccomp) refuses @, as containers have one",
		    "系统调用过滤器（seccomp）拒绝了 @，容器通常带有这种过滤器" } },
		{ { "docker run --privileged IMAGE", { { "or podman", "或 podman" } } } } },
	[DOCTOR_REFUSED] = { "refused",
		{ { "the kernel refused @, and none of the usual reasons is to be found",
		    "内核拒绝了 @，并且没有找到任何常见原因" } },
		{ { "sudo dmesg | tail", { { "may say who refused it", "其中可能有拒绝的原因" } } },
		  { "sudo wirelab doctor", { { "or as root", "或者以 root 身份运行" } } } } },
	[DOCTOR_HUNG] = { "hung",
		{ { "did not come to an end, and was given up; the kernel may be stuck",
		    "一直没有结束，已放弃；内核可能卡住了" } },
		{ { "sudo dmesg | tail", { { "says where it hangs", "其中有卡住的位置" } } },
		  { "sudo reboot", { { NULL } } } } },
	[DOCTOR_DIED] = { "died",
		{ { "the process that tried it was killed (signal @), as some filters of "
		    "system calls do",
		    "执行测试的进程被杀死（信号 @），某些系统调用过滤器会这样做" } },
		{ { "sudo dmesg | tail", { { "may say who did it", "其中可能有原因" } } },
		  { "docker run --privileged IMAGE", { { "in a container", "在容器中" } } } } },
	[DOCTOR_NO_CHILD] = { "no_child",
		{ { "no process could be started to try it", "无法启动进程来测试" } },
		{ { "ulimit -a", { { "are processes (-u) or descriptors (-n) few?",
				     "检查进程数（-u）和描述符数（-n）是否太少" } } } } },
	[DOCTOR_KERNEL_OLD] = { "kernel_old",
		{ { "Linux @ is too old: since 4.15 every host has its own settings of TCP",
		    "Linux @ 太旧：从 4.15 起每台主机才有自己的 TCP 参数" } },
		{ { "sudo apt-get update && sudo apt-get full-upgrade && sudo reboot",
		    { { NULL } } },
		  { "sudo do-release-upgrade", { { "Ubuntu, where that was not enough",
						   "Ubuntu，如果上一条还不够" } } } } },
	[DOCTOR_KERNEL_UNAWARE] = { "kernel_unaware",
		{ { "this kernel does not know @; a newer one does",
		    "这个内核不认识 @，较新的内核才支持" } },
		{ { "sudo apt-get update && sudo apt-get full-upgrade && sudo reboot",
		    { { NULL } } },
		  { "sudo do-release-upgrade", { { "Ubuntu, where that was not enough",
						   "Ubuntu，如果上一条还不够" } } } } },
	[DOCTOR_KERNEL_LACKS] = { "kernel_lacks",
		{ { "this kernel was built without @, and no module for it is here; "
		    "install another kernel, and reboot",
		    "内核编译时没有 @，这里也没有相应的模块；请安装另一个内核并重启" } },
		{ { "sudo apt-get install linux-image-$(dpkg --print-architecture)",
		    { { "Debian", "Debian" } } },
		  { "sudo apt-get install linux-image-generic",
		    { { "Ubuntu", "Ubuntu" } } } } },
	[DOCTOR_USERNS_LIMIT] = { "userns_limit",
		{ { "there may be no more of them: user.max_user_namespaces is @. The first "
		    "command holds until the next boot.",
		    "数量已达上限：user.max_user_namespaces 为 @。"
		    "第一条命令在下次启动之前有效。" } },
		{ { "sudo sysctl -w user.max_user_namespaces=15000", { { NULL } } },
		  { "sudo wirelab doctor", { { "or as root", "或者以 root 身份运行" } } } } },
	[DOCTOR_USERNS_CLONE] = { "userns_clone",
		{ { "only root may make them: kernel.unprivileged_userns_clone is 0. The first "
		    "command holds until the next boot.",
		    "只有 root 可以建立：kernel.unprivileged_userns_clone 为 0。"
		    "第一条命令在下次启动之前有效。" } },
		{ { "sudo sysctl -w kernel.unprivileged_userns_clone=1", { { NULL } } },
		  { "sudo wirelab doctor", { { "or as root", "或者以 root 身份运行" } } } } },
	[DOCTOR_CHROOT] = { "chroot",
		{ { "the kernel allows none in a chroot, and this is one: leave it, or be root",
		    "内核不允许在 chroot 中建立，而这里正是 chroot：请离开它，或使用 root" } },
		{ { "sudo wirelab doctor", { { NULL } } } } },
	[DOCTOR_NETNS_LIMIT] = { "netns_limit",
		{ { "there may be no more of them: user.max_net_namespaces is @",
		    "数量已达上限：user.max_net_namespaces 为 @" } },
		{ { "sudo sysctl -w user.max_net_namespaces=15000", { { NULL } } } } },
	[DOCTOR_READ_ONLY] = { "read_only",
		{ { "@ cannot be written: /proc/sys is mounted read-only, as containers have it",
		    "@ 无法写入：/proc/sys 以只读方式挂载，容器中常常如此" } },
		{ { "sudo mount -o remount,bind,rw /proc/sys", { { NULL } } },
		  { "docker run --privileged IMAGE", { { "in a container", "在容器中" } } } } },
	[DOCTOR_NODE_MISSING] = { "node_missing",
		{ { "the kernel has its driver, but there is no @",
		    "内核有驱动程序，但是没有 @" } },
		{ { "sudo mkdir -p /dev/net && sudo mknod -m 666 @ c 10 200", { { NULL } } },
		  { "docker run --device @ IMAGE", { { "in a container", "在容器中" } } } } },
	[DOCTOR_NODE_FORBIDDEN] = { "node_forbidden",
		{ { "@ may not be opened by everybody: its mode forbids it",
		    "并非所有用户都可以打开 @：访问权限不允许" } },
		{ { "sudo chmod 666 @", { { NULL } } } } },
	[DOCTOR_NODE_BLOCKED] = { "node_blocked",
		{ { "@ may not be opened, whatever its mode: a container's list of devices "
		    "forbids it, or its file system is mounted nodev",
		    "无论访问权限如何都不能打开 @：容器的设备列表不允许，"
		    "或者所在文件系统以 nodev 方式挂载" } },
		{ { "docker run --device @ IMAGE", { { "in a container", "在容器中" } } },
		  { "sudo mount -o remount,dev /dev", { { "nodev", "nodev" } } } } },
	[DOCTOR_NODE_STRANGE] = { "node_strange",
		{ { "@ is there, but it is not the device of that name",
		    "@ 存在，但不是该名称对应的设备" } },
		{ { "sudo rm -r @ && sudo mknod -m 666 @ c 10 200", { { NULL } } } } },
	[DOCTOR_MODULE_UNLOADED] = { "module_unloaded",
		{ { "the kernel module @ is installed, but not loaded",
		    "内核模块 @ 已安装，但没有加载" } },
		{ { "sudo modprobe @", { { NULL } } } } },
	[DOCTOR_MODULE_ABSENT] = { "module_absent",
		{ { "the kernel module @ is not installed (on Debian, reboot afterwards)",
		    "没有安装内核模块 @（在 Debian 上，安装后请重启）" } },
		{ { "sudo apt-get install linux-modules-extra-$(uname -r)",
		    { { "Ubuntu", "Ubuntu" } } },
		  { "sudo apt-get install linux-image-$(dpkg --print-architecture)",
		    { { "Debian", "Debian" } } } } },
	[DOCTOR_MODULES_GONE] = { "modules_gone",
		{ { "the module @ cannot be loaded: the running kernel has been replaced by "
		    "another one since it was started",
		    "无法加载模块 @：正在运行的内核在启动后已被更换" } },
		{ { "sudo reboot", { { NULL } } } } },
	[DOCTOR_FEW_DESCRIPTORS] = { "few_descriptors",
		{ { "@ for a process; a lab takes up to 64",
		    "每个进程 @ 个；一个实验最多需要 64 个" } },
		{ { "ulimit -n 1024", { { NULL } } },
		  { "sudo prlimit --pid $$ --nofile=1024:4096",
		    { { "where that is refused", "如果上一条被拒绝" } } } } },
	[DOCTOR_NO_PROGRAM] = { "no_program",
		{ { "not to be found in PATH; labs run without it",
		    "在 PATH 中没有找到；没有它也可以运行实验" } },
		{ { "sudo apt-get install @", { { NULL } } } } },
};

const char *doctor_item_title(enum doctor_item item, enum lang lang)
{
	return in_lang(&items[item].title, lang);
}

const char *doctor_item_name(enum doctor_item item)
{
	return items[item].name;
}

const char *doctor_cause_name(enum doctor_cause cause)
{
	return causes[cause].name;
}

/* `words` with the detail, which may come from outside, in place of each '@'. */
static void put_words(struct txt *t, const char *words, const char *detail)
{
	for (; *words; words++) {
		if (*words == '@')
			txt_foreign(t, detail, strlen(detail));
		else
			txt_bytes(t, words, 1);
	}
}

/* ---- cures ------------------------------------------------------------------------------ */

/* Root types no sudo, and needs no advice to become root. */
static bool is_for(const struct cure *c, bool root)
{
	return c->command && !(root && strncmp(c->command, "sudo wirelab", 12) == 0);
}

static void put_command(struct txt *t, const char *command, const char *detail, bool root)
{
	static const char sudo[] = "sudo ";

	for (const char *next; *command; command = next) {
		if (root && strncmp(command, sudo, strlen(sudo)) == 0)
			command += strlen(sudo);
		next = strstr(command + 1, sudo);
		if (!next)
			next = command + strlen(command);
		for (; command < next; command++) {
			if (*command == '@')
				txt_foreign(t, detail, strlen(detail));
			else
				txt_char(t, *command);
		}
	}
}

bool doctor_cure(const struct doctor_report *report, enum doctor_item item, unsigned n,
		 enum lang lang, struct txt *out)
{
	const struct doctor_line *line = &report->line[item];

	for (unsigned i = 0; i < CURES_MAX; i++) {
		const struct cure *c = &causes[line->cause].cures[i];
		if (!is_for(c, report->root) || n-- > 0)
			continue;
		put_command(out, c->command, line->detail, report->root);
		if (in_lang(&c->remark, lang)) {
			txt_str(out, "   # ");
			txt_str(out, in_lang(&c->remark, lang));
		}
		return true;
	}
	return false;
}

/* ---- text ------------------------------------------------------------------------------- */

static const char *words_of(const struct doctor_line *line, enum doctor_item item, enum lang lang)
{
	if (line->state == DOCTOR_UNTRIED)
		return in_lang(&untried, lang);
	if (line->cause == DOCTOR_FINE)
		return in_lang(&items[item].fine, lang);
	return in_lang(&causes[line->cause].why, lang);
}

/* What is said of a line, in full. */
static void put_sentence(struct txt *t, const struct doctor_report *report, enum doctor_item item,
			 enum lang lang)
{
	const struct doctor_line *line = &report->line[item];

	put_words(t, words_of(line, item, lang), line->detail);
	if (line->error) {
		txt_str(t, " (");
		txt_str(t, strerror(line->error));
		txt_char(t, ')');
	}
}

/* A line of Chinese must not begin with one of these. */
static bool closes(uint32_t code)
{
	/* ， 。 ： ； ） 、 */
	return code == 0xff0c || code == 0x3002 || code == 0xff1a || code == 0xff1b ||
	       code == 0xff09 || code == 0x3001;
}

/* Nor end with this: （ */
static bool opens(uint32_t code)
{
	return code == 0xff08;
}

/* The character at `at`, or 0 and no length at the end. */
static size_t character(const char *s, size_t at, uint32_t *code)
{
	size_t n;

	*code = 0;
	if (!s[at])
		return 0;
	n = utf8_decode((const uint8_t *)s + at, strlen(s + at), code);
	return n ? n : 1;
}

/*
 * How many bytes of s go into a line of that many columns: up to a blank, or between two
 * characters of which one is wide.  A word longer than a line is cut.
 */
static size_t fitting(const char *s, size_t columns)
{
	size_t at = 0, fits = 0, n;
	uint32_t code = 0, before = 0;

	for (size_t width = 0; (n = character(s, at, &code)) > 0; at += n, before = code) {
		if (at > 0 && (code == ' ' || ((width_of(code) == 2 || width_of(before) == 2) &&
					       !closes(code) && !opens(before) && before != ' ')))
			fits = at;
		width += width_of(code);
		if (width > columns)
			return fits ? fits : at ? at : n;
	}
	return at;
}

/* From column `column` on, with blanks before each further line, and a newline at the end. */
static void put_wrapped(struct txt *t, const char *s, size_t column)
{
	size_t len = fitting(s, COLUMNS - column);

	txt_bytes(t, s, len);
	for (s += len; *s; s += len) {
		s += strspn(s, " ");
		txt_char(t, '\n');
		for (size_t i = 0; i < column; i++)
			txt_char(t, ' ');
		len = fitting(s, COLUMNS - column);
		txt_bytes(t, s, len);
	}
	txt_char(t, '\n');
}

/* Blanks until the line that began at byte `begin` is `column` wide, at least one. */
static void pad_line(struct txt *t, size_t begin, size_t column)
{
	do {
		txt_char(t, ' ');
	} while (!t->cut && txt_width(t->buf + begin, t->len - begin) < column);
}

static void put_line(struct txt *t, const struct doctor_report *report, enum doctor_item item,
		     enum lang lang)
{
	char sentence[SENTENCE_MAX];
	struct txt s = txt_over(sentence, sizeof(sentence));
	size_t begin = t->len;

	txt_str(t, doctor_item_title(item, lang));
	pad_line(t, begin, STATE_AT);
	txt_str(t, in_lang(&states[report->line[item].state], lang));
	pad_line(t, begin, WORDS_AT);
	put_sentence(&s, report, item, lang);
	put_wrapped(t, sentence, WORDS_AT);
	for (unsigned n = 0;; n++) {
		char command[SENTENCE_MAX];
		struct txt c = txt_over(command, sizeof(command));
		if (!doctor_cure(report, item, n, lang, &c))
			break;
		for (unsigned i = 0; i < CURE_AT; i++)
			txt_char(t, ' ');
		txt_str(t, command);
		txt_char(t, '\n');
	}
}

static const struct both verdicts[] = {
	[DOCTOR_NO_CARRIER] = {
		{ "Labs cannot run here yet: cure what FAILED, and ask again.",
		  "目前还不能在这里运行实验：请先解决“失败”的项目，再检查一次。" } },
	[DOCTOR_BY_TAP] = {
		{ "Labs can run here. TAP devices carry their frames.",
		  "可以在这里运行实验，帧由 TAP 设备传送。" } },
	[DOCTOR_BY_VETH] = {
		{ "Labs can run here. Veth pairs carry their frames.",
		  "可以在这里运行实验，帧由 veth 对传送。" } },
};

void doctor_text(struct txt *t, const struct doctor_report *report, enum lang lang)
{
	enum doctor_carrier by = doctor_usable(report) ? doctor_carrier(report) : DOCTOR_NO_CARRIER;

	for (unsigned i = 0; i < DOCTOR_ITEMS; i++)
		put_line(t, report, (enum doctor_item)i, lang);
	txt_char(t, '\n');
	put_wrapped(t, in_lang(&verdicts[by], lang), 0);
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void put_cures(struct txt *t, const struct doctor_report *report, enum doctor_item item,
		      enum lang lang)
{
	json_key(t, "cures");
	txt_char(t, '[');
	for (unsigned n = 0;; n++) {
		char command[SENTENCE_MAX];
		struct txt c = txt_over(command, sizeof(command));
		if (!doctor_cure(report, item, n, lang, &c))
			break;
		if (n > 0)
			txt_char(t, ',');
		txt_json(t, c.buf, c.len);
	}
	txt_char(t, ']');
}

static void put_object(struct txt *t, const struct doctor_report *report, enum doctor_item item,
		       enum lang lang)
{
	const struct doctor_line *line = &report->line[item];
	char sentence[SENTENCE_MAX];
	struct txt s = txt_over(sentence, sizeof(sentence));

	put_sentence(&s, report, item, lang);
	txt_char(t, '{');
	json_word(t, "type", "doctor");
	json_word(t, "item", items[item].name);
	json_word(t, "state", state_names[line->state]);
	if (line->cause == DOCTOR_FINE)
		json_null(t, "cause");
	else
		json_word(t, "cause", causes[line->cause].name);
	json_string(t, "detail", line->detail);
	if (line->error)
		json_number(t, "errno", (uint64_t)line->error);
	else
		json_null(t, "errno");
	json_string(t, "words", sentence);
	put_cures(t, report, item, lang);
	txt_str(t, "}\n");
}

void doctor_json(struct txt *t, const struct doctor_report *report, enum lang lang)
{
	static const char *const carriers[] = { NULL, "tap", "veth" };

	for (unsigned i = 0; i < DOCTOR_ITEMS; i++)
		put_object(t, report, (enum doctor_item)i, lang);
	txt_char(t, '{');
	json_word(t, "type", "doctor_verdict");
	json_bool(t, "usable", doctor_usable(report));
	json_string(t, "carrier", carriers[doctor_carrier(report)]);
	txt_str(t, "}\n");
}
