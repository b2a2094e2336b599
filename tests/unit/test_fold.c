/* Paragraphs at the width of a terminal: what fits, where lines end, and what stays whole. */
#include "told.h"

#include "wirelab/fold.h"
#include "wirelab/width.h"

static char buf[8192];

static const char *folded_at(const char *text, size_t at, size_t indent, size_t columns)
{
	struct txt t = txt_over(buf, sizeof(buf));

	txt_fold(&t, text, at, indent, columns);
	assert_false(t.cut);
	return buf;
}

static const char *folded(const char *text, size_t columns)
{
	return folded_at(text, 0, 0, columns);
}

/* ---- words ------------------------------------------------------------------------------ */

static void words_go_below_where_they_would_stick_out(void **state)
{
	(void)state;
	assert_string_equal(folded("one two three", 13), "one two three");
	assert_string_equal(folded("one two three", 12), "one two\nthree");
	assert_string_equal(folded("one two three", 7), "one two\nthree");
	assert_string_equal(folded("one two three", 6), "one\ntwo\nthree");
	assert_string_equal(folded("", 40), "");
}

static void a_word_longer_than_a_line_has_one_to_itself(void **state)
{
	(void)state;
	assert_string_equal(folded("see captures/09-nagle.pcapng there", 10),
			    "see\ncaptures/09-nagle.pcapng\nthere");
	assert_string_equal(folded("incomprehensibilities", 5), "incomprehensibilities");
	assert_string_equal(folded_at("a incomprehensibilities b", 3, 3, 5),
			    "a\n   incomprehensibilities\n   b");
}

static void blanks_stay_between_words_and_vanish_at_the_ends_of_lines(void **state)
{
	(void)state;
	assert_string_equal(folded("a   b", 40), "a   b");
	assert_string_equal(folded("one   two", 4), "one\ntwo");
	assert_string_equal(folded("one   two", 5), "one\ntwo");
	assert_string_equal(folded("  one two  ", 40), "one two");
	assert_string_equal(folded("one \n two", 40), "one\ntwo");
	assert_string_equal(folded("   ", 40), "");
	assert_string_equal(folded("one \n  \n two", 40), "one\n\ntwo");
}

/* ---- where a line begins ------------------------------------------------------------------ */

static void further_lines_begin_with_the_indent(void **state)
{
	(void)state;
	assert_string_equal(folded_at("one two three", 4, 4, 11), "one two\n    three");
	assert_string_equal(folded_at("one\ntwo", 4, 4, 40), "one\n    two");
	/* The indent is as wide as the terminal: then every word is a line. */
	assert_string_equal(folded_at("a b", 10, 10, 10), "a\n          b");
	assert_string_equal(folded_at("a b", 12, 12, 10), "a\n            b");
}

static void behind_something_else_the_first_word_may_have_to_go_below(void **state)
{
	(void)state;
	assert_string_equal(folded_at("one two", 6, 2, 9), "one\n  two");
	assert_string_equal(folded_at("one two", 7, 2, 9), "\n  one two");
	assert_string_equal(folded_at("one two", 30, 2, 9), "\n  one two");
	assert_string_equal(folded_at("一二三", 6, 2, 9), "一\n  二三");
}

static void a_newline_ends_a_line_and_empty_lines_have_no_blanks(void **state)
{
	(void)state;
	assert_string_equal(folded_at("one\n\ntwo", 2, 2, 40), "one\n\n  two");
	assert_string_equal(folded_at("one\n\n\ntwo", 2, 2, 40), "one\n\n\n  two");
	assert_string_equal(folded_at("\none", 2, 2, 40), "\n  one");
	assert_string_equal(folded_at("one\n", 2, 2, 40), "one\n");
	assert_string_equal(folded_at("one two\nthree", 0, 0, 5), "one\ntwo\nthree");
}

/* ---- Chinese ------------------------------------------------------------------------------ */

static void chinese_may_be_broken_anywhere_but_not_before_a_closing_mark(void **state)
{
	(void)state;
	assert_string_equal(folded("三次握手", 4), "三次\n握手");
	assert_string_equal(folded("三次握手", 5), "三次\n握手");
	assert_string_equal(folded("三次握，手", 7), "三次\n握，手");
	assert_string_equal(folded("三次（握）手", 6), "三次\n（握）\n手");
	assert_string_equal(folded("发送 100 字节。", 8), "发送 100\n字节。");
	assert_string_equal(folded("使用TCP_NODELAY选项", 12), "使用\nTCP_NODELAY\n选项");
}

static void every_closing_mark_stays_with_what_it_closes(void **state)
{
	static const char *const marks[] = { "，", "。", "；", "：", "、", "？", "！", "）", "”", "’",
					     "》", "】", "」", "』", ".", ",", ")" };
	char text[64], should[64];

	(void)state;
	for (size_t i = 0; i < LENGTH(marks); i++) {
		(void)snprintf(text, sizeof(text), "三次握%s", marks[i]);
		(void)snprintf(should, sizeof(should), "三次\n握%s", marks[i]);
		/* The three characters would fit, but not with their mark. */
		assert_string_equal(folded(text, 6), should);
	}
}

/* ---- whatever the width -------------------------------------------------------------------- */

static const char english[] =
	"Nagle's rule (RFC 896, RFC 1122 4.2.3.4): while data is unacknowledged, a segment that is "
	"not full waits, until the ACK comes or it is full. So the network decides how much is "
	"merged.\n\nFor a reader this means that writes have no boundaries (lab 08).";
static const char chinese[] =
	"纳格算法（RFC 896，RFC 1122 4.2.3.4）：只要还有未确认的数据，没装满的报文段就要等待，直到 ACK 到来"
	"或者装满为止。\n\n最吃亏的是“写、写、读”：第二次写入等的 ACK 又被对方延迟（实验 19）。";

/* A text without any blank or newline: nothing else may come or go. */
static void assert_same_but_for_room(const char *text, const char *lines)
{
	for (;;) {
		text += strspn(text, " \n");
		lines += strspn(lines, " \n");
		assert_int_equal(*text, *lines);
		if (!*text)
			return;
		text++;
		lines++;
	}
}

static void assert_fits(const char *lines, size_t at, size_t columns)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		assert_true(at + txt_width(lines, len) <= columns);
		assert_true(len == 0 || lines[len - 1] != ' ');
		lines += len + (lines[len] == '\n');
		at = 0;
	}
}

static void lines_fit_at_every_width_and_nothing_is_lost(void **state)
{
	static const char *const text[] = { english, chinese };

	(void)state;
	for (size_t i = 0; i < LENGTH(text); i++) {
		for (size_t columns = 40; columns <= 100; columns++) {
			for (size_t indent = 0; indent <= 8; indent += 4) {
				const char *lines = folded_at(text[i], indent, indent, columns);
				assert_fits(lines, indent, columns);
				assert_same_but_for_room(text[i], lines);
			}
		}
	}
}

/* A line that ended early had its reason: the next piece did not fit any more. */
static void lines_are_as_full_as_they_can_be(void **state)
{
	(void)state;
	for (size_t columns = 40; columns <= 100; columns++) {
		const char *line = folded(english, columns);
		for (size_t len = strcspn(line, "\n"); line[len]; len = strcspn(line, "\n")) {
			const char *next = line + len + 1;
			size_t word = strcspn(next, " \n");
			/* Between paragraphs it is the text that ends the line. */
			if (len > 0 && word > 0)
				assert_true(txt_width(line, len) + 1 + word > columns);
			line = next;
		}
	}
}

static void a_buffer_that_is_too_small_holds_a_string(void **state)
{
	char small[64];

	(void)state;
	for (size_t size = 1; size <= sizeof(small); size++) {
		struct txt t = txt_over(small, size);
		txt_fold(&t, chinese, 0, 0, 40);
		assert_true(t.cut);
		assert_int_equal(strlen(small), t.len);
		assert_true(t.len < size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_go_below_where_they_would_stick_out),
		cmocka_unit_test(a_word_longer_than_a_line_has_one_to_itself),
		cmocka_unit_test(blanks_stay_between_words_and_vanish_at_the_ends_of_lines),
		cmocka_unit_test(further_lines_begin_with_the_indent),
		cmocka_unit_test(behind_something_else_the_first_word_may_have_to_go_below),
		cmocka_unit_test(a_newline_ends_a_line_and_empty_lines_have_no_blanks),
		cmocka_unit_test(chinese_may_be_broken_anywhere_but_not_before_a_closing_mark),
		cmocka_unit_test(every_closing_mark_stays_with_what_it_closes),
		cmocka_unit_test(lines_fit_at_every_width_and_nothing_is_lost),
		cmocka_unit_test(lines_are_as_full_as_they_can_be),
		cmocka_unit_test(a_buffer_that_is_too_small_holds_a_string),
	};

	return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
