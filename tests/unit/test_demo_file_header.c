/* What is said of a file before it is sent, and which names a stranger may give to ours. */
#include "told.h"

#include "wirelab/file_header.h"

/* In a block of exactly that size: the reader must not look further. */
static bool reads(const char *json, size_t len, struct file_header *h, char why[static 256])
{
	uint8_t *block = exactly(json, len);
	bool good = file_header_parse(block, len, h, why);

	free(block);
	return good;
}

static struct file_header read_header(const char *json)
{
	struct file_header h;
	char why[256] = "";

	if (!reads(json, strlen(json), &h, why))
		fail_msg("%s: %s", json, why);
	return h;
}

static void expect_refusal(const char *json, size_t len, const char *part)
{
	struct file_header h, before;
	char why[256] = "";

	memset(&h, 0x5a, sizeof(h));
	memcpy(&before, &h, sizeof(h));
	if (reads(json, len, &h, why))
		fail_msg("%s: is taken", json);
	if (!strstr(why, part))
		fail_msg("%s: refused with \"%s\", not \"%s\"", json, why, part);
	assert_memory_equal(&h, &before, sizeof(h));
}

/* ---- the story -------------------------------------------------------------------------- */

static void the_header_of_a_program_in_python_is_read(void **state)
{
	struct file_header h = read_header("{\"filename\": \"film.mp4\", \"filesize\": 1048576}");

	(void)state;
	assert_string_equal(h.name, "film.mp4");
	assert_int_equal(h.size, 1048576);
	assert_false(h.has_sha256);
}

static void of_a_path_on_windows_the_name_is_kept(void **state)
{
	/* json.dumps() writes \u for what is not ASCII, and doubles each \. */
	struct file_header h = read_header("{\"filename\": \"D:\\\\\\u7535\\u5f71\\\\"
					   "\\u7b2c1\\u96c6.mp4\", \"filesize\": 7}");

	(void)state;
	assert_string_equal(h.name, "第1集.mp4");
}

static void keys_that_nobody_knows_are_passed_over(void **state)
{
	struct file_header h = read_header("{\"mode\":511,\"owner\":{\"name\":[null,1.5]},"
					   "\"filesize\":0,\"filename\":\"a\"}");

	(void)state;
	assert_string_equal(h.name, "a");
	assert_int_equal(h.size, 0);
}

static void a_sum_is_read_in_either_case(void **state)
{
	struct file_header h = read_header(
		"{\"filename\":\"a\",\"filesize\":1,\"sha256\":"
		"\"00FF10abcdefABCDEF0123456789012345678901234567890123456789012345\"}");
	static const uint8_t first[] = { 0x00, 0xff, 0x10, 0xab, 0xcd, 0xef, 0xab };

	(void)state;
	assert_true(h.has_sha256);
	assert_memory_equal(h.sha256, first, sizeof(first));
	assert_int_equal(h.sha256[31], 0x45);
}

/* ---- writing ------------------------------------------------------------------------------ */

static size_t put(const struct file_header *h, char *buf, size_t cap)
{
	struct txt t = txt_over(buf, cap);

	file_header_put(&t, h);
	assert_false(t.cut);
	return t.len;
}

static void what_is_written_is_what_python_would_write(void **state)
{
	char json[512];
	struct file_header h = { .name = "film.mp4", .size = UINT64_C(4294967297) };

	(void)state;
	put(&h, json, sizeof(json));
	assert_string_equal(json, "{\"filename\": \"film.mp4\", \"filesize\": 4294967297}");
	h.has_sha256 = true;
	h.sha256[0] = 0xe3;
	put(&h, json, sizeof(json));
	assert_string_equal(json, "{\"filename\": \"film.mp4\", \"filesize\": 4294967297, \"sha256\": "
			    "\"e300000000000000000000000000000000000000000000000000000000000000\"}");
}

static void what_is_written_can_be_read_again(void **state)
{
	static const char *const names[] = { "a", "\"quoted\"", "电影 第1集.mp4", "{}", "'", "%s%n",
					     "\xf0\x9f\x8e\xac.mp4" };
	static const uint64_t sizes[] = { 0, 1, UINT32_MAX, INT64_MAX };
	struct chance chance = { 5 };
	char json[2048];

	(void)state;
	for (size_t i = 0; i < LENGTH(names) * LENGTH(sizes) * 2; i++) {
		struct file_header h = { .size = sizes[i / 2 % LENGTH(sizes)], .has_sha256 = i % 2 }, is;
		char why[256];
		strcpy(h.name, names[i / 2 / LENGTH(sizes)]);
		if (h.has_sha256)
			chance_fill(&chance, h.sha256, sizeof(h.sha256));
		memset(&is, 0, sizeof(is));
		assert_true(reads(json, put(&h, json, sizeof(json)), &is, why));
		assert_string_equal(is.name, h.name);
		assert_int_equal(is.size, h.size);
		assert_int_equal(is.has_sha256, h.has_sha256);
		assert_memory_equal(is.sha256, h.sha256, sizeof(h.sha256));
	}
}

/* ---- names ---------------------------------------------------------------------------------- */

static void the_name_is_behind_the_last_divider(void **state)
{
	static const struct { const char *sent, *is; } names[] = {
		{ "/etc/passwd", "passwd" }, { "../../x", "x" }, { "a/../b", "b" },
		{ "C:\\Users\\x\\y.txt", "y.txt" }, { "/mixed\\up/z", "z" }, { "a/b\\c", "c" },
		{ "...", "..." }, { "..a", "..a" }, { ".hidden", ".hidden" }, { " ", " " },
		{ "-rf", "-rf" }, { "C:", "C:" }, { "文件", "文件" },
	};
	char out[FILE_NAME_MAX + 1];
	const char *why;

	(void)state;
	for (size_t i = 0; i < LENGTH(names); i++) {
		char *sent = (char *)exactly(names[i].sent, strlen(names[i].sent));
		assert_ptr_equal(file_name(sent, strlen(names[i].sent), out, &why), out);
		assert_string_equal(out, names[i].is);
		free(sent);
	}
}

static void what_is_no_name_is_refused_with_the_reason(void **state)
{
	static const struct { const char *sent; size_t len; const char *why; } names[] = {
		{ "", 0, "it is empty" }, { "/", 1, "it is empty" }, { "a/", 2, "it is empty" },
		{ "a\\", 2, "it is empty" }, { ".", 1, "it is a folder" }, { "..", 2, "it is a folder" },
		{ "/..", 3, "it is a folder" }, { "x\\.", 3, "it is a folder" },
		{ "a\0b", 3, "control" }, { "a\nb", 3, "control" }, { "\033[2J", 4, "control" },
		{ "a\x7f", 2, "control" }, { "\xc2\x9b" "31m", 5, "control" },
		{ "\xff", 1, "not UTF-8" }, { "caf\xe9", 4, "not UTF-8" },
		{ "\xc0\xae\xc0\xae", 4, "not UTF-8" },		/* ".." in two bytes each */
		{ "\xc0\xaf" "x", 3, "not UTF-8" },		/* "/" likewise */
		{ "\xed\xa0\x80", 3, "not UTF-8" },		/* half of a pair of UTF-16 */
		{ "\xe7\x94", 2, "not UTF-8" },			/* a character that is cut */
	};
	char out[FILE_NAME_MAX + 1] = "before";

	(void)state;
	for (size_t i = 0; i < LENGTH(names); i++) {
		char *sent = (char *)exactly(names[i].sent, names[i].len);
		const char *why = "";
		assert_null(file_name(sent, names[i].len, out, &why));
		assert_non_null(strstr(why, names[i].why));
		assert_string_equal(out, "before");
		free(sent);
	}
}

static void a_name_has_255_bytes_and_not_256(void **state)
{
	char sent[300], out[FILE_NAME_MAX + 1];
	const char *why = "";

	(void)state;
	memset(sent, 'n', sizeof(sent));
	assert_non_null(file_name(sent, 255, out, &why));
	assert_int_equal(strlen(out), 255);
	assert_null(file_name(sent, 256, out, &why));
	assert_string_equal(why, "it is over 255 bytes");
	sent[20] = '/';		/* what is in front of it does not count */
	assert_non_null(file_name(sent, 255 + 21, out, &why));
	/* 85 characters of three bytes. */
	for (size_t i = 0; i < 258; i += 3)
		memcpy(sent + i, "\xe6\x96\x87", 3);
	assert_non_null(file_name(sent, 255, out, &why));
	assert_null(file_name(sent, 258, out, &why));
}

/* ---- what is refused -------------------------------------------------------------------------- */

#define NAMED(rest) "{\"filename\":\"a\"," rest "}"
#define DIGITS64 "0123456789012345678901234567890123456789012345678901234567890123"

static void no_two_programs_may_read_a_header_differently(void **state)
{
	static const struct { const char *json, *why; } bad[] = {
		{ NAMED("\"filesize\":1,\"filesize\":2"), "duplicate" },
		{ NAMED("\"filename\":\"b\",\"filesize\":2"), "duplicate" },
		{ "{\"filename\":\"a\",\"file\\u006eame\":\"b\",\"filesize\":1}", "duplicate" },
		{ NAMED("\"filesize\":1,\"x\":{\"y\":1,\"y\":2}"), "duplicate" },
		{ NAMED("\"filesize\":-1"), "below 0" },
		{ NAMED("\"filesize\":9223372036854775808"), "too big" },
		{ NAMED("\"filesize\":-9223372036854775809"), "too big" },
		{ NAMED("\"filesize\":18446744073709551616"), "too big" },
		{ NAMED("\"filesize\":1e999"), "overflow" },
		{ NAMED("\"filesize\":1,\"x\":-1e999"), "overflow" },
		{ NAMED("\"filesize\":1e3"), "whole number" },
		{ NAMED("\"filesize\":5.0"), "whole number" },
		{ NAMED("\"filesize\":NaN"), "" }, { NAMED("\"filesize\":Infinity"), "" },
		{ NAMED("\"filesize\":0x10"), "" }, { NAMED("\"filesize\":010"), "" },
		{ NAMED("\"filesize\":+1"), "" }, { NAMED("\"filesize\":1_000"), "" },
		{ NAMED("\"filesize\":\"5\""), "whole number" },
		{ NAMED("\"filesize\":true"), "whole number" },
		{ NAMED("\"filesize\":null"), "whole number" },
		{ NAMED("\"filesize\":[1]"), "whole number" },
		{ "{\"filename\":\"a\"}", "whole number" },
		{ "{\"filesize\":1}", "filename" },
		{ "{\"FileName\":\"a\",\"filesize\":1}", "filename" },
		{ "{\"filename\":5,\"filesize\":1}", "filename" },
		{ "{\"filename\":null,\"filesize\":1}", "filename" },
		{ "{\"filename\":[\"a\"],\"filesize\":1}", "filename" },
		{ "{\"filename\":\"..\",\"filesize\":1}", "folder" },
		{ "{\"filename\":\"a\\u0000b\",\"filesize\":1}", "\\u0000" },
		{ "{\"filename\":\"a\\ud800\",\"filesize\":1}", "Unicode" },
		{ "{\"filename\":\"a\\u001b[2J\",\"filesize\":1}", "control" },
		{ "{\"filename\":\"a\nb\",\"filesize\":1}", "newline" },
		{ "{\"filename\":\"\xff\",\"filesize\":1}", "" },
		{ NAMED("\"filesize\":1,\"sha256\":\"\""), "sha256" },
		{ NAMED("\"filesize\":1,\"sha256\":\"" DIGITS64 "0\""), "sha256" },
		{ NAMED("\"filesize\":1,\"sha256\":\"g" DIGITS64 "\""), "sha256" },
		{ NAMED("\"filesize\":1,\"sha256\":null"), "sha256" },
		{ NAMED("\"filesize\":1,\"sha256\":0"), "sha256" },
		{ NAMED("\"filesize\":1") "x", "" }, { NAMED("\"filesize\":1") NAMED("\"filesize\":1"), "" },
		{ NAMED("\"filesize\":1,"), "" }, { "\xef\xbb\xbf" NAMED("\"filesize\":1"), "" },
		{ "{'filename':'a','filesize':1}", "" }, { "", "" }, { " ", "" }, { "null", "" },
		{ "[]", "object" }, { "5", "" }, { "\"a\"", "" },
		{ "[{\"filename\":\"a\",\"filesize\":1}]", "object" },
		{ NAMED("/*size*/\"filesize\":1"), "" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(bad); i++)
		expect_refusal(bad[i].json, strlen(bad[i].json), bad[i].why);
	/* A NUL ends a string in C, but neither a name nor JSON. */
	expect_refusal("{\"filename\":\"a\0b\",\"filesize\":1}", 30, "");
	expect_refusal("{\"filename\":\"a\",\"filesize\":1}\0", 30, "");
}

static void a_thousand_boxes_in_each_other_are_opened_and_thirty_thousand_are_not(void **state)
{
	static const char head[] = "{\"filename\":\"a\",\"filesize\":1,\"x\":";
	enum { FEW = 1000, MANY = 30000 };
	char *json = zeroed(sizeof(head) + 2 * MANY + 2), why[256];
	struct file_header h;

	(void)state;
	for (size_t n = FEW; n <= MANY; n += MANY - FEW) {
		size_t len = sizeof(head) - 1;
		memcpy(json, head, len);
		memset(json + len, '[', n);
		memset(json + len + n, ']', n);
		json[len + 2 * n] = '}';
		assert_int_equal(reads(json, len + 2 * n + 1, &h, why), n == FEW);
	}
	/* Never closed, as much of it as a header may have. */
	memset(json, '{', 2 * MANY);
	expect_refusal(json, 2 * MANY, "");
	memset(json, '[', 2 * MANY);
	expect_refusal(json, 2 * MANY, "depth");
	free(json);
}

static void a_header_has_64_kib_and_no_byte_more(void **state)
{
	static const char head[] = "{\"filename\":\"a\",\"filesize\":1,\"x\":\"";
	char *json = zeroed(FILE_HEADER_MAX + 2), why[256];
	struct file_header h;

	(void)state;
	memset(json, 'x', FILE_HEADER_MAX + 1);
	memcpy(json, head, sizeof(head) - 1);
	memcpy(json + FILE_HEADER_MAX - 2, "\"}", 2);
	assert_true(reads(json, FILE_HEADER_MAX, &h, why));
	memcpy(json + FILE_HEADER_MAX - 2, "x\"}", 3);
	expect_refusal(json, FILE_HEADER_MAX + 1, "65537 bytes long, more than 65536");
	free(json);
}

static void no_beginning_of_a_header_is_one(void **state)
{
	static const char json[] = "{\"filename\": \"\\u7535\xe5\xbd\xb1\", \"filesize\": 12, \"sha256\": \""
				   DIGITS64 "\"}";
	struct file_header h;
	char why[256];

	(void)state;
	assert_true(reads(json, sizeof(json) - 1, &h, why));
	for (size_t len = 0; len < sizeof(json) - 1; len++)
		expect_refusal(json, len, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_of_a_program_in_python_is_read),
		cmocka_unit_test(of_a_path_on_windows_the_name_is_kept),
		cmocka_unit_test(keys_that_nobody_knows_are_passed_over),
		cmocka_unit_test(a_sum_is_read_in_either_case),
		cmocka_unit_test(what_is_written_is_what_python_would_write),
		cmocka_unit_test(what_is_written_can_be_read_again),
		cmocka_unit_test(the_name_is_behind_the_last_divider),
		cmocka_unit_test(what_is_no_name_is_refused_with_the_reason),
		cmocka_unit_test(a_name_has_255_bytes_and_not_256),
		cmocka_unit_test(no_two_programs_may_read_a_header_differently),
		cmocka_unit_test(a_thousand_boxes_in_each_other_are_opened_and_thirty_thousand_are_not),
		cmocka_unit_test(a_header_has_64_kib_and_no_byte_more),
		cmocka_unit_test(no_beginning_of_a_header_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
