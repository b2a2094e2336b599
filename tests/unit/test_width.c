/* Columns of a terminal: what takes two, what takes none, and text cut and filled by them. */
#include <gnu/libc-version.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include <cmocka.h>

#include "wirelab/utf8.h"
#include "wirelab/width.h"

static char buf[256];

static size_t width(const char *s)
{
	return txt_width(s, strlen(s));
}

static const char *cut(const char *s, size_t columns, const char *mark)
{
	struct txt t = txt_over(buf, sizeof(buf));

	txt_cut_columns(&t, s, strlen(s), columns, mark);
	return buf;
}

static void letters_take_one_column_and_chinese_and_emoji_two(void **state)
{
	(void)state;
	assert_int_equal(width(""), 0);
	assert_int_equal(width("port 80"), 7);
	assert_int_equal(width("M\xc3\xbcller"), 6);
	assert_int_equal(width("\xe5\x9c\xb0\xe5\x9d\x80"), 4);		/* an address */
	assert_int_equal(width("\xef\xbc\xa1"), 2);			/* fullwidth A */
	assert_int_equal(width("\xef\xbd\xb1"), 1);			/* halfwidth katakana A */
	assert_int_equal(width("\xf0\x9f\x98\x80"), 2);			/* a grinning face */
	assert_int_equal(width("\xed\x95\x9c"), 2);			/* a Hangul syllable */
	assert_int_equal(width("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), 2);	/* from its letters */
	assert_int_equal(width("\xe2\x86\x92"), 1);			/* an arrow */
}

static void a_combining_mark_takes_no_column_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(width("e\xcc\x81"), 1);			/* e, acute */
	assert_int_equal(width("\xe0\xb8\x81\xe0\xb8\xb3"), 2);		/* Thai: a vowel beside */
	assert_int_equal(width("\xe0\xb8\x81\xe0\xb8\xb4"), 1);		/* and one above */
}

static void bytes_that_are_no_character_count_one_by_one(void **state)
{
	(void)state;
	assert_int_equal(width("\xff\xe5\x9c"), 3);
	assert_int_equal(txt_width("a\0b\033", 4), 2);
}

static void text_that_fits_stays_and_longer_text_ends_in_the_mark(void **state)
{
	(void)state;
	assert_string_equal(cut("192.0.2.1", 9, "..."), "192.0.2.1");
	assert_string_equal(cut("192.0.2.1", 8, "..."), "192.0...");
	assert_string_equal(cut("192.0.2.1", 8, "\xe2\x80\xa6"), "192.0.2\xe2\x80\xa6");
	assert_string_equal(cut("192.0.2.1", 8, ""), "192.0.2.");
	assert_string_equal(cut("", 0, "..."), "");
}

static void where_not_even_the_mark_fits_it_is_cut(void **state)
{
	(void)state;
	assert_string_equal(cut("192.0.2.1", 3, "..."), "...");
	assert_string_equal(cut("192.0.2.1", 2, "..."), "..");
	assert_string_equal(cut("192.0.2.1", 0, "..."), "");
}

static void a_wide_character_at_the_edge_leaves_its_column_empty(void **state)
{
	(void)state;
	assert_string_equal(cut("\xe5\x9c\xb0\xe5\x9d\x80\xe5\x9c\xb0", 6, "~"),
			    "\xe5\x9c\xb0\xe5\x9d\x80\xe5\x9c\xb0");
	assert_string_equal(cut("\xe5\x9c\xb0\xe5\x9d\x80\xe5\x9c\xb0", 5, "~"),
			    "\xe5\x9c\xb0\xe5\x9d\x80~");
	assert_string_equal(cut("\xe5\x9c\xb0\xe5\x9d\x80\xe5\x9c\xb0", 4, "~"), "\xe5\x9c\xb0~");
}

static void marks_stay_with_the_letter_before_the_cut(void **state)
{
	(void)state;
	assert_string_equal(cut("ae\xcc\x81\xcc\xa3xyz", 3, "~"), "ae\xcc\x81\xcc\xa3~");
}

static void blanks_fill_up_to_a_column_whatever_stands_before(void **state)
{
	struct txt t = txt_over(buf, sizeof(buf));

	(void)state;
	txt_pad(&t, 1);
	txt_str(&t, "\xe5\x9c\xb0");
	txt_pad(&t, 6);
	txt_str(&t, "e\xcc\x81");
	txt_pad(&t, 3);
	assert_string_equal(buf, " \xe5\x9c\xb0   e\xcc\x81 ");
	assert_int_equal(txt_width(t.buf, t.len), 8);
	t = txt_over(buf, sizeof(buf));
	txt_pad(&t, 0);
	assert_string_equal(buf, "");
}

static void a_buffer_that_is_too_small_holds_whole_characters(void **state)
{
	static const char text[] = "\xf0\x9f\x98\x80" "a\xcc\x81\xe5\x9c\xb0 and more of it";
	uint32_t code;

	(void)state;
	for (size_t cap = 1; cap < sizeof(text) + 4; cap++) {
		char *exact = malloc(cap);
		assert_non_null(exact);
		struct txt t = txt_over(exact, cap);
		txt_cut_columns(&t, text, strlen(text), 12, "\xe2\x80\xa6");
		txt_pad(&t, 30);
		assert_true(t.len < cap && strlen(exact) == t.len);
		for (size_t at = 0; at < t.len;) {
			size_t n = utf8_decode((uint8_t *)exact + at, t.len - at, &code);
			assert_true(n > 0);
			at += n;
		}
		free(exact);
	}
}

/* Whatever is cut, at every number of columns: never wider, and never more than needed. */
static void no_cut_is_wider_than_asked_or_narrower_than_it_must_be(void **state)
{
	static const char *const text[] = { "plain words", "\xe5\x9c\xb0\xe5\x9d\x80 is an address",
					    "e\xcc\x81\xe5\x9c\xb0\x65\xcc\x81\xf0\x9f\x98\x80!" };

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		for (size_t columns = 0; columns < 30; columns++) {
			size_t full = width(text[i]), is = width(cut(text[i], columns, "..."));
			assert_true(is <= columns);
			assert_true(full <= columns ? is == full : is + 1 >= columns);
		}
}

/* ---- lines ------------------------------------------------------------------------------ */

/* The first line of s, of at most that many columns. */
static const char *line_of(const char *s, size_t columns)
{
	static char line[256];

	(void)snprintf(line, sizeof(line), "%.*s", (int)txt_line(s, strlen(s), columns), s);
	return line;
}

static void a_line_of_words_ends_at_a_blank(void **state)
{
	(void)state;
	assert_string_equal(line_of("one two three", 80), "one two three");
	assert_string_equal(line_of("one two three", 12), "one two");
	assert_string_equal(line_of("one two three", 7), "one two");
	assert_string_equal(line_of("one two three", 6), "one");
	assert_string_equal(line_of("one two three", 2), "");
	assert_string_equal(line_of("", 0), "");
}

static void a_line_of_chinese_may_end_anywhere(void **state)
{
	(void)state;
	assert_string_equal(line_of("三次握手", 7), "三次握");
	assert_string_equal(line_of("三次握手", 6), "三次握");
	assert_string_equal(line_of("三次握手", 1), "");
	assert_string_equal(line_of("发送 100 字节", 10), "发送 100");
	assert_string_equal(line_of("发送 100 字节", 11), "发送 100 字");
	assert_string_equal(line_of("发送abc", 6), "发送");
}

static void no_line_begins_with_a_comma_or_ends_with_an_open_bracket(void **state)
{
	(void)state;
	assert_string_equal(line_of("三次，握手", 4), "三");
	assert_string_equal(line_of("三次，握手", 6), "三次，");
	assert_string_equal(line_of("三次（握）手", 6), "三次");
	assert_string_equal(line_of("三次（握）手", 8), "三次");
	assert_string_equal(line_of("三次（握）手", 10), "三次（握）");
	assert_string_equal(line_of("完成。[RFC 793]", 8), "完成。");
}

static void a_mark_stays_with_its_letter_at_the_end_of_a_line(void **state)
{
	(void)state;
	assert_string_equal(line_of("三\xcc\x81次", 2), "三\xcc\x81");
}

/* Whatever it ends with, it fits, and where one could be made it is not empty. */
static void lines_are_never_too_wide_and_all_of_the_text_is_in_them(void **state)
{
	static const char text[] = "服务器在 43.317 ms 之后才确认第 29 帧的 30 字节："
				   "这是延迟确认（delayed ACK），它本想随数据一起捎带出去。"
				   "[RFC 1122 4.2.3.2]";

	(void)state;
	for (size_t columns = 10; columns < 100; columns++) {
		size_t at = 0, taken = 0;
		for (size_t len; text[at]; at += len) {
			len = txt_line(text + at, strlen(text + at), columns);
			assert_true(len > 0);
			assert_true(txt_width(text + at, len) <= columns);
			taken += len;
			if (text[at + len] == ' ') {
				at++;
				taken++;
			}
		}
		assert_int_equal(taken, strlen(text));
	}
}

/*
 * The C library's table is made from the same files.  Its Unicode is 14.0 in glibc 2.35 and
 * 2.36; others know characters that are new, or a few whose width was changed since, and
 * what they do not know (-1) nobody can compare.
 */
static void widths_are_those_of_the_c_library(void **state)
{
	enum { NEWS_OF_OTHER_VERSIONS = 600 };
	const char *version = gnu_get_libc_version();
	unsigned differ = 0, compared = 0;

	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8") && !setlocale(LC_CTYPE, "en_US.UTF-8")) {
		print_message("there is no UTF-8 locale here\n");
		skip();
	}
	for (uint32_t c = 0x20; c <= 0x10ffff; c++) {
		int theirs = c >= 0xd800 && c <= 0xdfff ? -1 : wcwidth((wchar_t)c);
		unsigned ours = width_of(c);
		assert_true(ours <= 2);
		if (theirs < 0)
			continue;
		compared++;
		if (ours == (unsigned)theirs)
			continue;
		differ++;
		if (differ <= 20)
			print_message("U+%04X: %u here, %d by glibc %s\n", (unsigned)c, ours,
				      theirs, version);
	}
	setlocale(LC_CTYPE, "C");
	print_message("%u characters compared with glibc %s, %u differ\n", compared, version, differ);
	assert_true(compared > 100000);
	if (strcmp(version, "2.35") == 0 || strcmp(version, "2.36") == 0)
		assert_int_equal(differ, 0);
	else
		assert_true(differ <= NEWS_OF_OTHER_VERSIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_take_one_column_and_chinese_and_emoji_two),
		cmocka_unit_test(a_combining_mark_takes_no_column_of_its_own),
		cmocka_unit_test(bytes_that_are_no_character_count_one_by_one),
		cmocka_unit_test(text_that_fits_stays_and_longer_text_ends_in_the_mark),
		cmocka_unit_test(where_not_even_the_mark_fits_it_is_cut),
		cmocka_unit_test(a_wide_character_at_the_edge_leaves_its_column_empty),
		cmocka_unit_test(marks_stay_with_the_letter_before_the_cut),
		cmocka_unit_test(blanks_fill_up_to_a_column_whatever_stands_before),
		cmocka_unit_test(a_buffer_that_is_too_small_holds_whole_characters),
		cmocka_unit_test(no_cut_is_wider_than_asked_or_narrower_than_it_must_be),
		cmocka_unit_test(a_line_of_words_ends_at_a_blank),
		cmocka_unit_test(a_line_of_chinese_may_end_anywhere),
		cmocka_unit_test(no_line_begins_with_a_comma_or_ends_with_an_open_bracket),
		cmocka_unit_test(a_mark_stays_with_its_letter_at_the_end_of_a_line),
		cmocka_unit_test(lines_are_never_too_wide_and_all_of_the_text_is_in_them),
		cmocka_unit_test(widths_are_those_of_the_c_library),
	};

	return cmocka_run_group_tests_name("width", tests, NULL, NULL);
}
