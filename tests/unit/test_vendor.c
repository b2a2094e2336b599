/*
 * Who made the card: registries are made up in a temporary directory, so that a
 * test says what is in them; the last tests ask the system's own.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "wirelab/vendor.h"

#define HEADING "Registry,Assignment,Organization Name,Organization Address\r\n"

/* A directory to itself for each test. */
struct place {
	char dir[256], index[300], manuf[300];
};

static int begin(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *tmp = getenv("TMPDIR");

	snprintf(p->dir, sizeof(p->dir), "%.200s/vendor-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->index, sizeof(p->index), "%s/vendors.index", p->dir);
	snprintf(p->manuf, sizeof(p->manuf), "%s/manuf", p->dir);
	*state = p;
	return 0;
}

static int end(void **state)
{
	static const char *const names[] = { "oui.csv", "mam.csv", "oui36.csv", "iab.csv", "manuf",
					     "vendors.index", "elsewhere" };
	struct place *p = *state;
	char path[300];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", p->dir, names[i]);
		unlink(path);
	}
	/* Fails, and the test with it, when a temporary file was left behind. */
	int left = rmdir(p->dir);
	free(p);
	return left;
}

static void put(const char *path, const void *data, size_t len)
{
	/* ext4 writes out at once what replaces the contents of a file, but not a new file. */
	unlink(path);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fwrite(data, 1, len, f) == len);
	assert_int_equal(fclose(f), 0);
}

static void registry(const struct place *p, const char *name, const char *text)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	put(path, text, strlen(text));
}

static struct mac mac_of(const char *text)
{
	struct mac m;

	assert_true(mac_parse(text, &m));
	return m;
}

static void small_registry(const struct place *p)
{
	registry(p, "oui.csv", HEADING
		 "MA-L,8C1F64,IEEE Registration Authority,445 Hoes Lane US\r\n"
		 "MA-L,00005E,ICANN,\"4676 Admiralty Way\nMarina del Rey US\"\r\n"
		 "MA-L,F0F1F2,Far End,Nowhere\r\n"
		 "MA-L,100000,\"Ten, Ltd\",Nowhere\r\n"
		 "MA-L,0050C2,IEEE Registration Authority,445 Hoes Lane US\r\n");
	registry(p, "mam.csv", HEADING "MA-M,8C1F641,Middle Sized,Nowhere\r\n");
	registry(p, "oui36.csv", HEADING "MA-S,8C1F642C2,Small & Sons,Nowhere\r\n"
		 "MA-S,8C1F64100,Small in Middle,Nowhere\r\n");
	registry(p, "iab.csv", HEADING "IAB,0050C2004,Individual,Nowhere\r\n");
}

/* What small_registry() says; NULL for nobody. */
static const struct { const char *mac, *name; } facts[] = {
	{ "00:00:5e:00:01:01", "ICANN" },
	{ "00:00:5d:ff:ff:ff", NULL },
	{ "00:00:5f:00:00:00", NULL },
	{ "10:00:00:ff:ff:ff", "Ten, Ltd" },
	{ "f0:f1:f2:00:00:00", "Far End" },
	{ "fc:ff:ff:00:00:00", NULL },
	{ "8c:1f:64:00:00:00", "IEEE Registration Authority" },
	{ "8c:1f:64:10:00:ff", "Small in Middle" },
	{ "8c:1f:64:10:10:00", "Middle Sized" },
	{ "8c:1f:64:1f:ff:ff", "Middle Sized" },
	{ "8c:1f:64:20:00:00", "IEEE Registration Authority" },
	{ "8c:1f:64:2c:1f:ff", "IEEE Registration Authority" },
	{ "8c:1f:64:2c:20:00", "Small & Sons" },
	{ "8c:1f:64:2c:30:00", "IEEE Registration Authority" },
	{ "00:50:c2:00:40:00", "Individual" },
	{ "00:50:c2:00:30:00", "IEEE Registration Authority" },
	{ "00:50:c2:00:50:00", "IEEE Registration Authority" },
};
#define FACTS (sizeof(facts) / sizeof(facts[0]))

static void says(struct vendors *v, const char *mac, const char *name)
{
	char buf[VENDOR_STRLEN] = "untouched";
	bool known = vendors_find(v, mac_of(mac), buf, sizeof(buf));

	if (strcmp(buf, name ? name : "") != 0)
		print_error("%s\n", mac);
	assert_string_equal(buf, name ? name : "");
	assert_true(known == (name != NULL));
}

static void all_facts(struct vendors *v)
{
	for (size_t i = 0; i < FACTS; i++)
		says(v, facts[i].mac, facts[i].name);
}

/* A new asker for every question, as one run of a program is. */
static void all_facts_singly(const struct place *p, const char *index)
{
	for (size_t i = 0; i < FACTS; i++) {
		struct vendors *v = vendors_open(p->dir, p->manuf, index);
		says(v, facts[i].mac, facts[i].name);
		vendors_close(v);
	}
}

static void one_says(const struct place *p, const char *index, const char *mac, const char *name)
{
	struct vendors *v = vendors_open(p->dir, p->manuf, index);

	says(v, mac, name);
	vendors_close(v);
}

static size_t slurp(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");

	if (!f)
		return 0;
	size_t len = fread(buf, 1, size, f);
	fclose(f);
	return len;
}

static void the_longest_prefix_wins(void **state)
{
	struct place *p = *state;

	small_registry(p);
	all_facts_singly(p, NULL);
	all_facts_singly(p, p->index);		/* the first one makes it */
	all_facts_singly(p, p->index);
}

static void what_is_remembered_is_right_for_the_neighbours_too(void **state)
{
	struct place *p = *state;
	char buf[VENDOR_STRLEN];

	small_registry(p);
	for (int with_index = 0; with_index < 2; with_index++) {
		/* Whichever is asked first leaves its block in the memory of the next. */
		for (size_t first = 0; first < FACTS; first++) {
			struct vendors *v = vendors_open(p->dir, p->manuf,
							 with_index ? p->index : NULL);
			vendors_find(v, mac_of(facts[first].mac), buf, sizeof(buf));
			all_facts(v);
			all_facts(v);
			vendors_close(v);
		}
	}
}

static void names_are_read_as_csv_has_them(void **state)
{
	struct place *p = *state;

	registry(p, "oui.csv", "\xef\xbb\xbf\"Registry\",Assignment,Organization Name\r\n"
		 "MA-L,000001,\"Cisco Systems, Inc\",\"80 West, Tasman\"\r\n"
		 "MA-L,000004,\"JSC \"\"MASSA-K\"\"\",Street\n"
		 "MA-L,000008,,Street\r\n"
		 "MA-L,00000C,\"\",Street\r\n"
		 "MA-L,000010,  blanks around \t,Street\r\n"
		 "MA-L,000014,\"never closed,Street\r\n"
		 "MA-L,000018,\"Two\nMA-L,00001C,after it,x\n"
		 "MA-L,0000zz,no number,x\nMA-L,0000,short,x\nMA-X,000020,no such registry,x\n"
		 "MA-L,000024,first,x\nMA-L,000024,second,x\n"
		 "MA-L,00abcd,small letters,x\n"
		 "MA-L,000028,last line");
	for (int round = 0; round < 3; round++) {
		const char *index = round == 0 ? NULL : p->index;

		one_says(p, index, "00:00:01:00:00:00", "Cisco Systems, Inc");
		one_says(p, index, "00:00:04:00:00:00", "JSC \"MASSA-K\"");
		one_says(p, index, "00:00:08:00:00:00", NULL);
		one_says(p, index, "00:00:0c:00:00:00", NULL);
		one_says(p, index, "00:00:10:00:00:00", "blanks around");
		one_says(p, index, "00:00:14:00:00:00", "never closed,Street");
		one_says(p, index, "00:00:18:00:00:00", "Two");
		one_says(p, index, "00:00:1c:00:00:00", "after it");
		one_says(p, index, "00:00:20:00:00:00", NULL);
		one_says(p, index, "00:00:24:00:00:00", "first");
		one_says(p, index, "00:ab:cd:00:00:00", "small letters");
		one_says(p, index, "00:00:28:00:00:00", "last line");
	}
}

/* Longer than what is read at a time; no beginning of a piece is taken for one of a line. */
static void an_endless_line_hides_no_row(void **state)
{
	static const char fake[] = "MA-L,000004,wrong,", rows[] = "\nMA-L,000004,right,x\n";
	const size_t piece = 262144, len = 3 * piece;
	struct place *p = *state;
	char path[300], *text = malloc(len + sizeof(rows));

	memset(text, 'x', len);
	memcpy(text, "MA-L,000001,first,", 18);
	for (size_t at = piece; at < len; at += piece)
		memcpy(text + at, fake, sizeof(fake) - 1);
	memcpy(text + len, rows, sizeof(rows));
	snprintf(path, sizeof(path), "%s/oui.csv", p->dir);
	put(path, text, len + sizeof(rows) - 1);
	free(text);
	for (int round = 0; round < 3; round++) {
		one_says(p, round == 0 ? NULL : p->index, "00:00:01:00:00:00", "first");
		one_says(p, round == 0 ? NULL : p->index, "00:00:04:00:00:00", "right");
	}
}

static void a_name_cannot_do_anything_to_a_terminal(void **state)
{
	struct place *p = *state;

	registry(p, "oui.csv", HEADING
		 "MA-L,000001,a\x1b[31mred\x07\x7f!,x\r\n"
		 "MA-L,000004,b\xc2\x9b" "31m C1,x\r\n"		/* U+009B, CSI in one */
		 "MA-L,000008,c\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80 d,x\r\n"
		 "MA-L,00000C,J\xc3\xb6rgen \xe2\x82\xac \xf0\x9f\x98\x80,x\r\n"
		 "MA-L,000010,cut \xe2\x82,x\r\n");
	one_says(p, NULL, "00:00:01:00:00:00", "a?[31mred?" "?!");
	one_says(p, NULL, "00:00:04:00:00:00", "b?31m C1");
	one_says(p, NULL, "00:00:08:00:00:00", "c?????" "????? d");
	one_says(p, NULL, "00:00:0c:00:00:00", "J\xc3\xb6rgen \xe2\x82\xac \xf0\x9f\x98\x80");
	one_says(p, NULL, "00:00:10:00:00:00", "cut ??");
}

static void a_long_name_is_cut_at_a_whole_character(void **state)
{
	struct place *p = *state;
	char text[2000] = HEADING "MA-L,000001,J\xc3\xb6rgen,x\nMA-L,000004,", buf[200];

	for (int i = 0; i < 400; i++)
		strcat(text, "\xe2\x82\xac");
	strcat(text, ",x\n");
	registry(p, "oui.csv", text);
	struct vendors *v = vendors_open(p->dir, p->manuf, NULL);
	for (size_t size = 0; size <= 8; size++) {
		/* In a block of exactly that size, so that the sanitizer sees a byte too many. */
		char *exact = malloc(size ? size : 1);
		assert_true(vendors_find(v, mac_of("00:00:01:00:00:00"), exact, size));
		if (size > 0)
			assert_int_equal(strlen(exact), size == 3 ? 1 : size == 8 ? 7 : size - 1);
		free(exact);
	}
	assert_true(vendors_find(v, mac_of("00:00:04:00:00:00"), buf, sizeof(buf)));
	assert_int_equal(strlen(buf), (VENDOR_STRLEN - 1) / 3 * 3);
	vendors_close(v);
}

static void an_address_that_software_chose_has_no_vendor(void **state)
{
	struct place *p = *state;

	registry(p, "oui.csv", HEADING "MA-L,020701,Old Racal,x\nMA-L,010000,Group,x\n");
	one_says(p, p->index, "02:07:01:00:00:00", NULL);
	one_says(p, p->index, "01:00:00:00:00:00", NULL);
	one_says(p, p->index, "ff:ff:ff:ff:ff:ff", NULL);
	/* ... and nothing was opened, let alone made, to find that out. */
	assert_int_equal(access(p->index, F_OK), -1);
}

static void without_the_registry_wiresharks_list_answers(void **state)
{
	struct place *p = *state;

	registry(p, "manuf", "# a remark\n\n"
		 "00:00:01\tXerox\tXerox Corporation\n"
		 "00:00:04\tOnlyShort\n"
		 "00:00:08               \tPadded   \tPadded with blanks\r\n"
		 "00:00:0C\tRemarked\tRemarked Ltd\t# really\n"
		 "00:00:10\tShort\t# remark only\n"
		 "00-00-14\tDashes\tWith dashes\n"
		 "00:1B:C5\tIEEERegi\tIEEE Registration Authority\n"
		 "00:1B:C5:00:00:00/36\tConverging\tConverging Systems Inc.\n"
		 "00:55:DA\tIEEERegi\tIEEE Registration Authority\n"
		 "00:55:DA:10:00:00/28\tKoyaElec\tKoya Electronics\n"
		 "00:00:18:00:00:01\tWell-known-address\n"
		 "00:00:1C:00:00:00/40\tOtherMask\n"
		 "00:00:20/99\tWrong\n00:00:24:\tWrong\n00:00\tWrong\n"
		 "FC:FF:FF\tLast\tThe last");
	for (int round = 0; round < 3; round++) {
		const char *index = round == 0 ? NULL : p->index;

		one_says(p, index, "00:00:01:02:03:04", "Xerox Corporation");
		one_says(p, index, "00:00:04:02:03:04", "OnlyShort");
		one_says(p, index, "00:00:08:02:03:04", "Padded with blanks");
		one_says(p, index, "00:00:0c:02:03:04", "Remarked Ltd");
		one_says(p, index, "00:00:10:02:03:04", "Short");
		one_says(p, index, "00:00:14:02:03:04", "With dashes");
		one_says(p, index, "00:1b:c5:00:0f:ff", "Converging Systems Inc.");
		one_says(p, index, "00:1b:c5:00:10:00", "IEEE Registration Authority");
		one_says(p, index, "00:55:da:1f:ff:ff", "Koya Electronics");
		one_says(p, index, "00:55:da:20:00:00", "IEEE Registration Authority");
		one_says(p, index, "00:00:18:00:00:01", NULL);
		one_says(p, index, "00:00:1c:00:00:00", NULL);
		one_says(p, index, "00:00:20:00:00:00", NULL);
		one_says(p, index, "00:00:24:00:00:00", NULL);
		one_says(p, index, "fc:ff:ff:00:00:00", "The last");
	}
	struct vendors *v = vendors_open(p->dir, p->manuf, NULL);
	assert_string_equal(vendors_source(v), p->manuf);
	/* One file of the registry is enough for it to be the registry. */
	registry(p, "mam.csv", HEADING);
	assert_string_equal(vendors_source(v), p->dir);
	says(v, "00:00:01:02:03:04", NULL);
	vendors_close(v);
}

static void without_any_registry_nobody_is_known(void **state)
{
	struct place *p = *state;
	char nowhere[300];

	snprintf(nowhere, sizeof(nowhere), "%s/nowhere", p->dir);
	struct vendors *v = vendors_open(nowhere, nowhere, p->index);
	assert_null(vendors_source(v));
	says(v, "00:00:01:00:00:00", NULL);
	vendors_close(v);
	assert_int_equal(access(p->index, F_OK), -1);
	/* A directory or a FIFO in the registry's place is none either, and nobody waits. */
	char fifo[300];
	snprintf(fifo, sizeof(fifo), "%s/oui.csv", p->dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	v = vendors_open(p->dir, p->dir, p->index);
	assert_null(vendors_source(v));
	says(v, "00:00:01:00:00:00", NULL);
	vendors_close(v);
}

/* Same size, same time: only who reads the file itself can see that it has changed. */
static void change_unseen(const struct place *p, const char *name, const char *from, const char *to)
{
	char path[300], text[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	assert_int_equal(stat(path, &st), 0);
	size_t len = slurp(path, text, sizeof(text) - 1);
	text[len] = '\0';
	char *at = strstr(text, from);
	assert_non_null(at);
	assert_int_equal(strlen(from), strlen(to));
	memcpy(at, to, strlen(to));
	put(path, text, len);
	struct timespec times[2] = { st.st_atim, st.st_mtim };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void the_index_is_what_is_searched(void **state)
{
	struct place *p = *state;

	small_registry(p);
	one_says(p, p->index, "00:00:5e:00:00:00", "ICANN");
	change_unseen(p, "oui.csv", "MA-L,F0F1F2", "MA-L,F0F1F4");
	one_says(p, NULL, "f0:f1:f4:00:00:00", "Far End");
	one_says(p, p->index, "f0:f1:f4:00:00:00", NULL);
	/* But where it leads to another row than it says, it is not believed, and renewed. */
	one_says(p, p->index, "f0:f1:f2:00:00:00", NULL);
	one_says(p, p->index, "f0:f1:f4:00:00:00", "Far End");
}

static void an_index_older_than_the_registry_is_renewed(void **state)
{
	struct place *p = *state;

	small_registry(p);
	all_facts_singly(p, p->index);
	registry(p, "mam.csv", HEADING "MA-M,8C1F64E,New in the Middle,x\r\n"
		 "MA-M,8C1F641,Middle Sized,Nowhere\r\n");
	one_says(p, p->index, "8c:1f:64:e0:00:00", "New in the Middle");
	all_facts_singly(p, p->index);
	registry(p, "mam.csv", HEADING);
	one_says(p, p->index, "8c:1f:64:e0:00:00", "IEEE Registration Authority");
	one_says(p, p->index, "8c:1f:64:10:10:00", "IEEE Registration Authority");
}

static void no_wrong_byte_in_the_index_makes_a_wrong_name(void **state)
{
	struct place *p = *state;
	char good[4096], bad[4096], now[4096];

	small_registry(p);
	one_says(p, p->index, "00:00:5e:00:00:00", "ICANN");
	size_t len = slurp(p->index, good, sizeof(good));
	assert_true(len > 300 && len < sizeof(good));
	for (size_t at = 0; at < len; at++) {
		memcpy(bad, good, len);
		bad[at] = (char)(bad[at] ^ (1 << at % 8));
		for (size_t i = at % 3; i < FACTS; i += 3) {
			put(p->index, bad, len);
			one_says(p, p->index, facts[i].mac, facts[i].name);
			/* Either it was not met, or all is good again. */
			size_t n = slurp(p->index, now, sizeof(now));
			assert_int_equal(n, len);
			assert_true(memcmp(now, bad, len) == 0 || memcmp(now, good, len) == 0);
		}
	}
}

static void a_cut_or_stretched_or_shuffled_index_makes_no_wrong_name(void **state)
{
	struct place *p = *state;
	char good[4096], bad[4096];
	const size_t line = 30;

	small_registry(p);
	one_says(p, p->index, "00:00:5e:00:00:00", "ICANN");
	size_t len = slurp(p->index, good, sizeof(good) - line);
	for (size_t cut = 0; cut < len; cut += 7) {
		put(p->index, good, cut);
		one_says(p, p->index, facts[cut % FACTS].mac, facts[cut % FACTS].name);
	}
	memcpy(bad, good, len);
	memset(bad + len, '0', line);
	put(p->index, bad, len + line);
	all_facts_singly(p, p->index);
	/* Each line good by itself, but in another's place. */
	for (size_t at = len - 2 * line; at >= 44; at -= line) {
		memcpy(bad, good, len);
		memcpy(bad + at, good + at + line, line);
		memcpy(bad + at + line, good + at, line);
		for (size_t i = 0; i < FACTS; i++) {
			put(p->index, bad, len);
			one_says(p, p->index, facts[i].mac, facts[i].name);
		}
	}
}

/* What stands in the index's place is looked through neither for reading nor for writing. */
static void a_symlink_or_a_fifo_for_an_index_is_left_alone(void **state)
{
	struct place *p = *state;
	char elsewhere[300];
	struct stat st;

	small_registry(p);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", p->dir);
	put(elsewhere, "precious", 8);
	assert_int_equal(symlink(elsewhere, p->index), 0);
	all_facts_singly(p, p->index);
	assert_int_equal(lstat(p->index, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(elsewhere, &st), 0);
	assert_true(st.st_size == 8);
	assert_int_equal(unlink(p->index), 0);

	assert_int_equal(mkfifo(p->index, 0600), 0);
	all_facts_singly(p, p->index);
	assert_int_equal(lstat(p->index, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

static void where_no_index_can_be_made_the_registry_answers(void **state)
{
	struct place *p = *state;
	char nowhere[300];

	small_registry(p);
	snprintf(nowhere, sizeof(nowhere), "%s/no/such/directory", p->dir);
	all_facts_singly(p, nowhere);
	/* A file where a directory should be. */
	snprintf(nowhere, sizeof(nowhere), "%s/oui.csv/index", p->dir);
	all_facts_singly(p, nowhere);
	if (geteuid() != 0) {
		assert_int_equal(chmod(p->dir, 0500), 0);
		all_facts_singly(p, p->index);
		assert_int_equal(chmod(p->dir, 0700), 0);
		assert_int_equal(access(p->index, F_OK), -1);
	}
}

static void the_index_may_be_written_by_its_owner_only(void **state)
{
	struct place *p = *state;
	mode_t mode = geteuid() == 0 ? 0644 : 0600, old = umask(0);
	struct stat st;

	small_registry(p);
	all_facts_singly(p, p->index);
	umask(old);
	assert_int_equal(stat(p->index, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	/* What others could have written to is made again. */
	assert_int_equal(chmod(p->index, 0666), 0);
	all_facts_singly(p, p->index);
	assert_int_equal(stat(p->index, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

/* The end of the test finds out whether anything was left behind. */
static void who_is_killed_while_making_the_index_leaves_nothing(void **state)
{
	struct place *p = *state;
	int status = 0;

	small_registry(p);
	pid_t child = fork();
	if (child == 0) {
		/* The kernel kills who writes more than this. */
		const struct rlimit core = { 0, 0 }, size = { 100, 100 };
		char buf[VENDOR_STRLEN];

		if (setrlimit(RLIMIT_CORE, &core) != 0 || setrlimit(RLIMIT_FSIZE, &size) != 0)
			_exit(2);
		struct vendors *v = vendors_open(p->dir, p->manuf, p->index);
		_exit(vendors_find(v, mac_of("f0:f1:f2:00:00:00"), buf, sizeof(buf)) ? 0 : 1);
	}
	assert_true(child > 0 && waitpid(child, &status, 0) == child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
	assert_int_equal(access(p->index, F_OK), -1);
}

static const uid_t nobody = 65534;

/* Does a process of that user get the answer that the index alone has? */
static bool reads_the_index_as(const struct place *p, uid_t uid)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		char buf[VENDOR_STRLEN];
		if (setresuid(uid, uid, uid) != 0)
			_exit(2);
		struct vendors *v = vendors_open(p->dir, p->manuf, p->index);
		/* Was moved to F0F1F4 unseen: who reads the registry itself finds it there. */
		_exit(vendors_find(v, mac_of("f0:f1:f4:00:00:00"), buf, sizeof(buf)) ? 1 : 0);
	}
	assert_true(child > 0 && waitpid(child, &status, 0) == child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 0;
}

static void only_our_own_index_and_roots_are_trusted(void **state)
{
	struct place *p = *state;
	struct stat st;

	if (geteuid() != 0) {
		print_message("skipped: a foreign owner can only be pretended by root\n");
		skip();
	}
	small_registry(p);
	all_facts_singly(p, p->index);
	change_unseen(p, "oui.csv", "MA-L,F0F1F2", "MA-L,F0F1F4");
	assert_int_equal(chmod(p->dir, 0755), 0);
	assert_true(reads_the_index_as(p, 0));
	assert_true(reads_the_index_as(p, nobody));
	assert_int_equal(chown(p->index, nobody, nobody), 0);
	assert_true(reads_the_index_as(p, nobody));
	assert_false(reads_the_index_as(p, 0));
	/* ... nor was it replaced. */
	assert_int_equal(stat(p->index, &st), 0);
	assert_true(st.st_uid == nobody);
}

static void a_registry_of_any_size_is_found_in_whole(void **state)
{
	struct place *p = *state;
	/* Around powers of two: the search halves what is left. */
	static const unsigned sizes[] = { 0, 1, 2, 3, 4, 7, 8, 9, 127, 128, 129, 1024, 3000 };
	char *text = malloc(3000 * 40 + 100), mac[MAC_STRLEN], name[40];

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		size_t len = (size_t)sprintf(text, HEADING);

		/* Every second one is assigned, the last first. */
		for (unsigned i = sizes[s]; i-- > 0;)
			len += (size_t)sprintf(text + len, "MA-L,00%04X,vendor %u,x\r\n", i * 2 + 1,
					       i);
		registry(p, "oui.csv", text);
		for (unsigned i = 0; i < 2 * sizes[s] + 2; i += 1 + i % 50 / 4) {
			mac_format((struct mac){ { 0, (uint8_t)(i >> 8), (uint8_t)i } }, mac);
			snprintf(name, sizeof(name), "vendor %u", i / 2);
			one_says(p, p->index, mac, i % 2 && i / 2 < sizes[s] ? name : NULL);
		}
	}
	free(text);
}

/* ---- the system's own registry ------------------------------------------------- */

#define SYSTEM_DIR "/usr/share/ieee-data"

/* One row at a time, as one would write it without a thought of speed. */
static bool name_by_reading_lines(const char *file, const char *word, const char *digits,
				  char *name, size_t size)
{
	char path[100], line[4096], head[40];
	bool found = false;

	snprintf(path, sizeof(path), SYSTEM_DIR "/%s", file);
	size_t head_len = (size_t)snprintf(head, sizeof(head), "%s,%s,", word, digits);
	FILE *f = fopen(path, "r");
	while (f && !found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, head, head_len) != 0)
			continue;
		found = true;
		const char *p = line + head_len;
		char *out = name;
		bool quoted = *p == '"';
		for (p += quoted; *p && (quoted || *p != ','); p++) {
			if (quoted && *p == '"' && *++p != '"')
				break;
			if (out < name + size - 1)
				*out++ = *p;
		}
		*out = '\0';
		while (out > name && strchr(" \t\r\n", out[-1]))
			*--out = '\0';
		size_t blanks = strspn(name, " \t");
		memmove(name, name + blanks, strlen(name + blanks) + 1);
	}
	if (f)
		fclose(f);
	return found && name[0];
}

static void by_reading_lines(struct mac m, char *name, size_t size)
{
	static const struct { const char *file, *word; int digits; } in[] = {
		{ "oui36.csv", "MA-S", 9 }, { "iab.csv", "IAB", 9 },
		{ "mam.csv", "MA-M", 7 }, { "oui.csv", "MA-L", 6 },
	};
	char hex[13];

	snprintf(hex, sizeof(hex), "%02X%02X%02X%02X%02X%02X", m.b[0], m.b[1], m.b[2], m.b[3],
		 m.b[4], m.b[5]);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		char digits[13];
		snprintf(digits, sizeof(digits), "%.*s", in[i].digits, hex);
		if (name_by_reading_lines(in[i].file, in[i].word, digits, name, size))
			return;
	}
	name[0] = '\0';
}

/* Takes the prefix of the n-th line as an address; some lines have none. */
static bool prefix_on_line(const char *file, unsigned n, struct mac *out)
{
	char path[100], line[4096];
	unsigned b[6] = { 0 };
	int fields = 0;

	snprintf(path, sizeof(path), SYSTEM_DIR "/%s", file);
	FILE *f = fopen(path, "r");
	if (!f)
		return false;
	for (unsigned i = 0; i <= n && fgets(line, sizeof(line), f); i++)
		fields = 0;
	const char *comma = strchr(line, ',');
	if (comma)
		fields = sscanf(comma + 1, "%2x%2x%2x%2x%2x", &b[0], &b[1], &b[2], &b[3], &b[4]);
	fclose(f);
	if (fields < 3)
		return false;
	if (strchr(comma + 1, ',') == comma + 8)	/* seven digits: the last is a high one */
		b[3] <<= 4;
	if (strchr(comma + 1, ',') == comma + 10)
		b[4] <<= 4;
	for (size_t i = 0; i < 6; i++)
		out->b[i] = (uint8_t)b[i];
	out->b[5] = (uint8_t)n;
	return true;
}

static void two_hundred_prefixes_of_the_systems_registry_agree(void **state)
{
	static const struct { const char *file; unsigned lines; } in[] = {
		{ "oui.csv", 32000 }, { "mam.csv", 4000 }, { "oui36.csv", 4000 }, { "iab.csv", 4000 },
	};
	struct place *p = *state;
	uint32_t random = 2463534242u;		/* xorshift; the same prefixes each time */
	unsigned agreed = 0, named = 0;

	if (access(SYSTEM_DIR "/oui.csv", R_OK) != 0) {
		print_message("skipped: no " SYSTEM_DIR "/oui.csv (package ieee-data)\n");
		skip();
	}
	for (unsigned i = 0; i < 200; i++) {
		char should[VENDOR_STRLEN], with[VENDOR_STRLEN], without[VENDOR_STRLEN];
		struct mac m;

		random ^= random << 13, random ^= random >> 17, random ^= random << 5;
		if (i % 8 == 7) {		/* most likely nobody's */
			for (size_t k = 0; k < 6; k++)
				m.b[k] = (uint8_t)(random >> 4 * k);
		} else if (!prefix_on_line(in[i % 4].file, random % in[i % 4].lines, &m)) {
			continue;
		}
		if (mac_is_local(m) || mac_is_group(m))
			continue;
		by_reading_lines(m, should, sizeof(should));
		struct vendors *a = vendors_open(NULL, NULL, p->index);
		struct vendors *b = vendors_open(NULL, NULL, NULL);
		assert_true(vendors_find(a, m, with, sizeof(with)) == (should[0] != '\0'));
		assert_true(vendors_find(b, m, without, sizeof(without)) == (should[0] != '\0'));
		assert_string_equal(with, should);
		assert_string_equal(without, should);
		vendors_close(a);
		vendors_close(b);
		agreed++;
		named += should[0] != '\0';
	}
	print_message("%u agreed, %u of them named\n", agreed, named);
	assert_true(agreed > 150 && named > 120);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_longest_prefix_wins),
		TEST(what_is_remembered_is_right_for_the_neighbours_too),
		TEST(names_are_read_as_csv_has_them),
		TEST(an_endless_line_hides_no_row),
		TEST(a_name_cannot_do_anything_to_a_terminal),
		TEST(a_long_name_is_cut_at_a_whole_character),
		TEST(an_address_that_software_chose_has_no_vendor),
		TEST(without_the_registry_wiresharks_list_answers),
		TEST(without_any_registry_nobody_is_known),
		TEST(the_index_is_what_is_searched),
		TEST(an_index_older_than_the_registry_is_renewed),
		TEST(no_wrong_byte_in_the_index_makes_a_wrong_name),
		TEST(a_cut_or_stretched_or_shuffled_index_makes_no_wrong_name),
		TEST(a_symlink_or_a_fifo_for_an_index_is_left_alone),
		TEST(where_no_index_can_be_made_the_registry_answers),
		TEST(the_index_may_be_written_by_its_owner_only),
		TEST(who_is_killed_while_making_the_index_leaves_nothing),
		TEST(only_our_own_index_and_roots_are_trusted),
		TEST(a_registry_of_any_size_is_found_in_whole),
		TEST(two_hundred_prefixes_of_the_systems_registry_agree),
	};

	return cmocka_run_group_tests_name("vendor", tests, NULL, NULL);
}
