/* What the doctor says, in both languages, of everything that it can find. */
#include "told.h"

#include <errno.h>
#include <stdbool.h>

#include "wirelab/doctor.h"
#include "wirelab/utf8.h"
#include "wirelab/width.h"

static struct doctor_report report;
static char text[DOCTOR_TEXT_MAX];

/* Everything is fine. */
static void all_is_well(void)
{
	memset(&report, 0, sizeof(report));
	for (unsigned i = 0; i < DOCTOR_ITEMS; i++)
		report.line[i] = (struct doctor_line){ .state = DOCTOR_OK, .detail = "-" };
}

static void put(enum doctor_item item, enum doctor_state state, enum doctor_cause cause, int error,
		const char *detail)
{
	struct doctor_line *line = &report.line[item];

	*line = (struct doctor_line){ .state = state, .cause = cause, .error = error };
	(void)snprintf(line->detail, sizeof(line->detail), "%s", detail);
}

static const char *in_words(enum lang lang)
{
	struct txt t = txt_over(text, sizeof(text));

	doctor_text(&t, &report, lang);
	assert_false(t.cut);
	return text;
}

static const char *in_json(enum lang lang)
{
	struct txt t = txt_over(text, sizeof(text));

	doctor_json(&t, &report, lang);
	assert_false(t.cut);
	return text;
}

static const char *cure(enum doctor_item item, unsigned n, enum lang lang, char buf[static 512])
{
	struct txt t = txt_over(buf, 512);

	return doctor_cure(&report, item, n, lang, &t) ? buf : NULL;
}

/* A machine with a bit of everything. */
static void a_container_of_many_lacks(void)
{
	all_is_well();
	put(DOCTOR_KERNEL, DOCTOR_OK, DOCTOR_FINE, 0, "6.1.0-18-amd64");
	put(DOCTOR_SETTINGS, DOCTOR_FAILED, DOCTOR_READ_ONLY, EROFS,
	    "/proc/sys/net/ipv4/tcp_timestamps");
	put(DOCTOR_TAP, DOCTOR_NOTE, DOCTOR_NODE_MISSING, ENOENT, "/dev/net/tun");
	put(DOCTOR_DESCRIPTORS, DOCTOR_OK, DOCTOR_FINE, 0, "1024");
	put(DOCTOR_WIRESHARK, DOCTOR_NOTE, DOCTOR_NO_PROGRAM, 0, "wireshark tshark");
	put(DOCTOR_TCPDUMP, DOCTOR_OK, DOCTOR_FINE, 0, "/usr/bin/tcpdump");
}

/* ---- text ------------------------------------------------------------------------------- */

static void each_line_has_its_state_and_below_it_what_cures_it(void **state)
{
	(void)state;
	a_container_of_many_lacks();
	assert_string_equal(in_words(LANG_EN),
		"kernel              ok      Linux 6.1.0-18-amd64\n"
		"user namespaces     ok      allowed: labs run without root\n"
		"network namespaces  ok      some were made, one for each host\n"
		"settings of TCP     FAILED  /proc/sys/net/ipv4/tcp_timestamps cannot be written:\n"
		"                            /proc/sys is mounted read-only, as containers have\n"
		"                            it (Read-only file system)\n"
		"      sudo mount -o remount,bind,rw /proc/sys\n"
		"      docker run --privileged IMAGE   # in a container\n"
		"sequence numbers    ok      can be chosen (TCP_REPAIR)\n"
		"TAP device          note    the kernel has its driver, but there is no\n"
		"                            /dev/net/tun (No such file or directory)\n"
		"      sudo mkdir -p /dev/net && sudo mknod -m 666 /dev/net/tun c 10 200\n"
		"      docker run --device /dev/net/tun IMAGE   # in a container\n"
		"packet sockets      ok      can be opened (AF_PACKET)\n"
		"veth pair           ok      was made between two hosts\n"
		"veth offloads       ok      are off when told so\n"
		"descriptors         ok      1024 for a process\n"
		"Wireshark           note    not to be found in PATH; labs run without it\n"
		"      sudo apt-get install wireshark tshark\n"
		"tcpdump             ok      /usr/bin/tcpdump\n"
		"\n"
		"Labs cannot run here yet: cure what FAILED, and ask again.\n");
}

static void columns_stand_under_each_other_in_chinese_too(void **state)
{
	(void)state;
	a_container_of_many_lacks();
	assert_string_equal(in_words(LANG_ZH),
		"内核                正常    Linux 6.1.0-18-amd64\n"
		"用户命名空间        正常    允许使用：实验不需要 root 权限\n"
		"网络命名空间        正常    已建立，每台主机一个\n"
		"TCP 参数            失败    /proc/sys/net/ipv4/tcp_timestamps 无法写入：\n"
		"                            /proc/sys 以只读方式挂载，容器中常常如此 (Read-only\n"
		"                            file system)\n"
		"      sudo mount -o remount,bind,rw /proc/sys\n"
		"      docker run --privileged IMAGE   # 在容器中\n"
		"序列号              正常    可以指定（TCP_REPAIR）\n"
		"TAP 设备            注意    内核有驱动程序，但是没有 /dev/net/tun (No such file\n"
		"                            or directory)\n"
		"      sudo mkdir -p /dev/net && sudo mknod -m 666 /dev/net/tun c 10 200\n"
		"      docker run --device /dev/net/tun IMAGE   # 在容器中\n"
		"数据包套接字        正常    可以打开（AF_PACKET）\n"
		"veth 对             正常    已在两台主机之间建立\n"
		"veth 卸载功能       正常    可以关闭\n"
		"文件描述符          正常    每个进程 1024 个\n"
		"Wireshark           注意    在 PATH 中没有找到；没有它也可以运行实验\n"
		"      sudo apt-get install wireshark tshark\n"
		"tcpdump             正常    /usr/bin/tcpdump\n"
		"\n"
		"目前还不能在这里运行实验：请先解决“失败”的项目，再检查一次。\n");
}

static void the_last_line_says_what_carries_frames(void **state)
{
	(void)state;
	all_is_well();
	assert_non_null(strstr(in_words(LANG_EN), "\nLabs can run here. TAP devices carry"));
	put(DOCTOR_TAP, DOCTOR_NOTE, DOCTOR_NODE_FORBIDDEN, EACCES, "/dev/net/tun");
	assert_non_null(strstr(in_words(LANG_EN), "\nLabs can run here. Veth pairs carry"));
}

/* ---- whatever it is --------------------------------------------------------------------- */

/* Every item with every cause that can be found, in every language, for a user and for root. */
static void of_everything(void (*judge)(enum doctor_item item, enum lang lang))
{
	for (unsigned c = DOCTOR_NO_PROC; c < DOCTOR_CAUSES; c++) {
		for (unsigned i = 0; i < DOCTOR_ITEMS * 2; i++) {
			all_is_well();
			report.root = i % 2;
			put((enum doctor_item)(i / 2), DOCTOR_FAILED, (enum doctor_cause)c, EPERM,
			    "CAP_SYS_ADMIN");
			judge((enum doctor_item)(i / 2), LANG_EN);
			judge((enum doctor_item)(i / 2), LANG_ZH);
		}
	}
}

static void judge_width(enum doctor_item item, enum lang lang)
{
	(void)item;
	for (const char *line = in_words(lang); *line;) {
		size_t len = strcspn(line, "\n");
		if (txt_width(line, len) > 80 || (len > 0 && line[len - 1] == ' '))
			fail_msg("too wide, or blanks at its end: %s", line);
		line += len + 1;
	}
}

static void no_line_is_wider_than_a_terminal(void **state)
{
	(void)state;
	of_everything(judge_width);
}

static void judge_words(enum doctor_item item, enum lang lang)
{
	char first[512], other[512];

	assert_null(strchr(in_words(lang), '@'));
	assert_null(strstr(text, "(null)"));
	/* What is typed is the same in both languages. */
	for (unsigned n = 0; cure(item, n, LANG_EN, first); n++) {
		assert_non_null(cure(item, n, LANG_ZH, other));
		first[strcspn(first, "#")] = '\0';
		other[strcspn(other, "#")] = '\0';
		assert_string_equal(first, other);
	}
}

static void both_languages_have_words_and_the_same_commands(void **state)
{
	(void)state;
	of_everything(judge_words);
}

static void judge_cures(enum doctor_item item, enum lang lang)
{
	char buf[512];
	enum doctor_cause cause = report.line[item].cause;

	/* To a root in a chroot there is nothing to be said: it needs no user namespace. */
	if (!cure(item, 0, lang, buf) && !(report.root && cause == DOCTOR_CHROOT))
		fail_msg("nothing cures %s", doctor_cause_name(cause));
	for (unsigned n = 0; report.root && cure(item, n, lang, buf); n++)
		assert_null(strstr(buf, "sudo"));
}

static void there_is_a_cure_for_everything_and_root_needs_no_sudo(void **state)
{
	(void)state;
	of_everything(judge_cures);
}

static bool is_wide(const char *s)
{
	uint32_t code = 0;

	return utf8_decode((const uint8_t *)s, strlen(s), &code) && width_of(code) == 2;
}

static void every_item_and_cause_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DOCTOR_CAUSES; i++)
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(doctor_cause_name((enum doctor_cause)i),
						doctor_cause_name((enum doctor_cause)k));
	for (unsigned i = 0; i < DOCTOR_ITEMS; i++) {
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(doctor_item_name((enum doctor_item)i),
						doctor_item_name((enum doctor_item)k));
		assert_non_null(doctor_item_title((enum doctor_item)i, LANG_EN));
		assert_non_null(doctor_item_title((enum doctor_item)i, LANG_ZH));
	}
	assert_true(is_wide(doctor_item_title(DOCTOR_KERNEL, LANG_ZH)));
}

/* ---- from outside ----------------------------------------------------------------------- */

static void a_path_cannot_write_to_the_terminal(void **state)
{
	(void)state;
	all_is_well();
	put(DOCTOR_TCPDUMP, DOCTOR_OK, DOCTOR_FINE, 0, "/tmp/\033[2J\n/tcpdump");
	assert_non_null(strstr(in_words(LANG_EN), "/tmp/\\x1b[2J\\x0a/tcpdump\n"));
}

/* Only the kernel's release and the paths of programs are not our own words. */
static void the_widest_report_fits(void **state)
{
	static const enum doctor_item foreign[] = { DOCTOR_KERNEL, DOCTOR_WIRESHARK,
						    DOCTOR_TCPDUMP };

	(void)state;
	for (unsigned c = DOCTOR_NO_PROC; c < DOCTOR_CAUSES; c++) {
		all_is_well();
		for (unsigned i = 0; i < DOCTOR_ITEMS; i++)
			put((enum doctor_item)i, DOCTOR_FAILED, (enum doctor_cause)c, EPERM,
			    "/proc/sys/net/ipv4/tcp_congestion_control");
		put(DOCTOR_KERNEL, DOCTOR_FAILED, DOCTOR_KERNEL_OLD, 0, "");
		for (unsigned i = 0; i < LENGTH(foreign); i++) {
			struct doctor_line *line = &report.line[foreign[i]];
			memset(line->detail, '\001', sizeof(line->detail) - 1);
		}
		(void)in_words(LANG_EN);
		(void)in_words(LANG_ZH);
		(void)in_json(LANG_EN);
		(void)in_json(LANG_ZH);
	}
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void json_has_the_same_facts_one_object_a_line(void **state)
{
	(void)state;
	a_container_of_many_lacks();
	put(DOCTOR_OFFLOAD, DOCTOR_UNTRIED, DOCTOR_FINE, 0, "");
	assert_non_null(strstr(in_json(LANG_EN),
		"\n{\"type\":\"doctor\",\"item\":\"tap\",\"state\":\"note\",\"cause\":"
		"\"node_missing\",\"detail\":\"/dev/net/tun\",\"errno\":2,\"words\":"
		"\"the kernel has its driver, but there is no /dev/net/tun (No such file "
		"or directory)\",\"cures\":["
		"\"sudo mkdir -p /dev/net && sudo mknod -m 666 /dev/net/tun c 10 200\","
		"\"docker run --device /dev/net/tun IMAGE   # in a container\"]}\n"));
	assert_non_null(strstr(text,
		"\n{\"type\":\"doctor\",\"item\":\"offload\",\"state\":\"untried\",\"cause\":null,"
		"\"detail\":null,\"errno\":null,\"words\":\"not tried: it needs something that "
		"failed above\",\"cures\":[]}\n"));
	assert_non_null(strstr(text,
		"\n{\"type\":\"doctor_verdict\",\"usable\":false,\"carrier\":null}\n"));
	unsigned lines = 0;
	for (const char *s = text; *s; s++)
		lines += *s == '\n';
	assert_int_equal(lines, DOCTOR_ITEMS + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_has_its_state_and_below_it_what_cures_it),
		cmocka_unit_test(columns_stand_under_each_other_in_chinese_too),
		cmocka_unit_test(the_last_line_says_what_carries_frames),
		cmocka_unit_test(no_line_is_wider_than_a_terminal),
		cmocka_unit_test(both_languages_have_words_and_the_same_commands),
		cmocka_unit_test(there_is_a_cure_for_everything_and_root_needs_no_sudo),
		cmocka_unit_test(every_item_and_cause_has_a_name_of_its_own),
		cmocka_unit_test(a_path_cannot_write_to_the_terminal),
		cmocka_unit_test(the_widest_report_fits),
		cmocka_unit_test(json_has_the_same_facts_one_object_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
