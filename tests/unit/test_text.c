/* Text that is safe to show: the gate that everything foreign passes on its way out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wirelab/text.h"
#include "wirelab/utf8.h"

static char buf[256];

static struct txt fresh(void)
{
	return txt_over(buf, sizeof(buf));
}

static const char *foreign(const char *bytes, size_t len)
{
	struct txt t = fresh();

	txt_foreign(&t, bytes, len);
	return buf;
}

static const char *json(const char *bytes, size_t len)
{
	struct txt t = fresh();

	txt_json(&t, bytes, len);
	return buf;
}

static const char *xml(const char *bytes, size_t len)
{
	struct txt t = fresh();

	txt_xml(&t, bytes, len);
	return buf;
}

static void a_line_is_put_together_and_what_does_not_fit_is_left_out(void **state)
{
	char small[16];
	struct txt t = txt_over(small, sizeof(small));

	(void)state;
	txt_str(&t, "port ");
	txt_u64(&t, 8080);
	txt_column(&t, 12);
	assert_string_equal(small, "port 8080   ");
	txt_str(&t, "abc");
	assert_false(t.cut);
	txt_str(&t, "d");
	assert_true(t.cut);
	assert_string_equal(small, "port 8080   abc");
	assert_int_equal(t.len, strlen(small));
}

static void times_read_as_people_say_them(void **state)
{
	static const struct { uint64_t ns; const char *says; } table[] = {
		{ 0, "0.000 ms" }, { 412345, "0.412 ms" }, { 999999999, "999.999 ms" },
		{ 1000000000, "1.0 s" }, { 59999999999, "59.9 s" }, { 60000000000, "1 min 0 s" },
		{ 3599999999999, "59 min 59 s" }, { 3600000000000, "1 h 0 min" },
		{ UINT64_C(172800) * 1000000000, "2 days" }, { UINT64_MAX, "213503 days" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct txt t = fresh();
		txt_duration(&t, table[i].ns);
		assert_string_equal(buf, table[i].says);
	}
}

static void times_for_programs_have_nine_decimals(void **state)
{
	struct txt t = fresh();

	(void)state;
	txt_seconds(&t, 12300000001);
	assert_string_equal(buf, "12.300000001");
}

static void large_numbers_are_grouped_by_three(void **state)
{
	struct txt t = fresh();

	(void)state;
	txt_grouped(&t, 999);
	txt_char(&t, ' ');
	txt_grouped(&t, 65536);
	txt_char(&t, ' ');
	txt_grouped(&t, UINT64_MAX);
	assert_string_equal(buf, "999 65,536 18,446,744,073,709,551,615");
}

static void an_escape_sequence_from_a_packet_is_shown_not_obeyed(void **state)
{
	(void)state;
	assert_string_equal(foreign("\033[2Jhi", 6), "\\x1b[2Jhi");
	assert_string_equal(foreign("a\0b", 3), "a\\x00b");
	assert_string_equal(foreign("\xc2\x9b" "1m", 4), "\\xc2\\x9b1m");	/* CSI as U+009B */
	assert_string_equal(foreign("\xe2\x80\xae" "gpj", 6), "\\xe2\\x80\\xaegpj");	/* RLO */
	assert_string_equal(foreign("\xc3\xbc", 2), "\xc3\xbc");
	assert_string_equal(foreign("\xe5\x9c\xb0", 3), "\xe5\x9c\xb0");
}

/* How many bytes the character at p has by RFC 3629's table of well-formed sequences. */
static size_t well_formed(const uint8_t *p, size_t len)
{
	static const struct { uint8_t from, to, second_from, second_to; size_t n; } row[] = {
		{ 0x00, 0x7f, 0, 0, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (p[0] < row[i].from || p[0] > row[i].to || row[i].n > len)
			continue;
		if (row[i].n > 1 && (p[1] < row[i].second_from || p[1] > row[i].second_to))
			return 0;
		for (size_t k = 2; k < row[i].n; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return row[i].n;
	}
	return 0;
}

static void utf8_is_told_from_what_is_not_for_every_start_of_four_bytes(void **state)
{
	/* All first and second bytes, and for the others the borders of each row. */
	static const uint8_t edge[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff };
	uint32_t code;

	(void)state;
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++)
			for (size_t c = 0; c < sizeof(edge); c++)
				for (size_t d = 0; d < sizeof(edge); d++)
					for (size_t len = 1; len <= 4; len++) {
						uint8_t p[] = { (uint8_t)a, (uint8_t)b, edge[c], edge[d] };
						if (utf8_decode(p, len, &code) != well_formed(p, len))
							fail_msg("%02x %02x %02x %02x, %zu bytes", a, b,
								 edge[c], edge[d], len);
					}
}

/* ---- everything that can come in, against what may go out --------------------------- */

/* Every byte, every pair of bytes, and every code point in UTF-8, surrogates included. */
static void for_everything(void (*check)(const uint8_t *bytes, size_t len))
{
	for (unsigned b = 0; b < 256; b++)
		check(&(uint8_t){ (uint8_t)b }, 1);
	for (unsigned b = 0; b < 65536; b++)
		check((uint8_t[]){ (uint8_t)(b >> 8), (uint8_t)b }, 2);
	for (uint32_t c = 0x80; c <= 0x10ffff; c++) {
		uint8_t utf8[4];
		size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		for (size_t i = n; i-- > 1;)
			utf8[i] = (uint8_t)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
		utf8[0] = (uint8_t)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c >> 6 * (n - 1));
		check(utf8, n);
	}
}

/* Controls, and what Unicode says is never to be a character: not raw, wherever it goes. */
static bool may_be_shown(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && c != 0x2028 && c != 0x2029;
}

/* On a terminal and on a page also nothing that turns text round or cannot be seen. */
static bool may_be_drawn(uint32_t c)
{
	static const uint32_t hides[] = { 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x180e, 0x200b, 0x200c,
					  0x200d, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d,
					  0x202e, 0x2060, 0x2066, 0x2067, 0x2068, 0x2069, 0x3164,
					  0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0xfffe, 0xffff, 0xfdd0,
					  0x1d173, 0xe0001, 0xe007f, 0xe0100, 0x1fffe, 0x10ffff };

	for (size_t i = 0; i < sizeof(hides) / sizeof(hides[0]); i++)
		if (c == hides[i])
			return false;
	return may_be_shown(c);
}

/* buf is UTF-8, and each character of it is allowed. */
static void assert_all(bool (*allowed)(uint32_t c))
{
	const uint8_t *p = (const uint8_t *)buf;
	size_t left = strlen(buf);

	while (left) {
		uint32_t code;
		size_t n = utf8_decode(p, left, &code);
		if (n == 0 || n != well_formed(p, left) || !allowed(code))
			fail_msg("byte 0x%02x of \"%s\"", *p, buf);
		p += n;
		left -= n;
	}
}

/* Each character as it is, or each of its bytes as \xHH: nothing else, nothing left out. */
static void check_foreign(const uint8_t *bytes, size_t len)
{
	const char *p = foreign((const char *)bytes, len);

	assert_all(may_be_drawn);
	while (len > 0) {
		size_t n = well_formed(bytes, len);
		if (n > 0 && memcmp(p, bytes, n) == 0) {
			p += n;
		} else {
			n = n ? n : 1;
			for (size_t i = 0; i < n; i++, p += 4) {
				char escape[5];
				snprintf(escape, sizeof(escape), "\\x%02x", bytes[i]);
				assert_memory_equal(p, escape, 4);
			}
		}
		bytes += n;
		len -= n;
	}
	assert_true(*p == '\0');
}

static unsigned hex4(const char *p)
{
	char digits[5] = { p[0], p[1], p[2], p[3], '\0' };
	char *end;
	unsigned long v = strtoul(digits, &end, 16);

	assert_true(end == digits + 4);
	return (unsigned)v;
}

/* A string of RFC 8259 section 7 read back, into out; false when it is none. */
static bool json_read(const char *p, char *out)
{
	if (*p++ != '"')
		return false;
	for (; *p != '"'; p++) {
		if ((uint8_t)*p < 0x20)
			return false;
		if (*p != '\\') {
			*out++ = *p;
			continue;
		}
		p++;
		if (*p == '"' || *p == '\\') {
			*out++ = *p;
		} else if (*p == 'u') {
			unsigned c = hex4(p + 1);
			p += 4;
			if (c < 0x80) {
				*out++ = (char)c;
			} else if (c < 0x800) {
				*out++ = (char)(0xc0 | c >> 6);
				*out++ = (char)(0x80 | (c & 0x3f));
			} else {
				*out++ = (char)(0xe0 | c >> 12);
				*out++ = (char)(0x80 | (c >> 6 & 0x3f));
				*out++ = (char)(0x80 | (c & 0x3f));
			}
		} else {
			return false;
		}
	}
	*out = '\0';
	return p[1] == '\0';
}

/* What a reader of the JSON gets: the text, and U+FFFD for each byte that is none. */
static void check_json(const uint8_t *bytes, size_t len)
{
	char back[64], want[64];
	size_t at = 0;

	json((const char *)bytes, len);
	assert_all(may_be_shown);
	assert_true(json_read(buf, back));
	while (len > 0) {
		size_t n = well_formed(bytes, len);
		memcpy(want + at, n ? (const char *)bytes : "\xef\xbf\xbd", n ? n : 3);
		at += n ? n : 3;
		bytes += n ? n : 1;
		len -= n ? n : 1;
	}
	/* memcmp: the text may hold a NUL. */
	assert_memory_equal(back, want, at);
	assert_true(back[at] == '\0');
}

/* The page shows what a terminal would: entities apart, it is the same text. */
static void check_xml(const uint8_t *bytes, size_t len)
{
	static const struct { const char *entity, *is; } table[] = {
		{ "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" },
		{ "&#39;", "'" },
	};
	char shown[64] = "", *to = shown;

	xml((const char *)bytes, len);
	assert_all(may_be_drawn);
	assert_null(strpbrk(buf, "<>\"'"));
	for (const char *p = buf; *p;) {
		size_t i = 0, n = sizeof(table) / sizeof(table[0]);
		if (*p != '&') {
			*to++ = *p++;
			continue;
		}
		while (i < n && strncmp(p, table[i].entity, strlen(table[i].entity)) != 0)
			i++;
		assert_true(i < n);
		*to++ = *table[i].is;
		p += strlen(table[i].entity);
	}
	*to = '\0';
	assert_string_equal(shown, foreign((const char *)bytes, len));
}

static void nothing_that_comes_in_reaches_a_terminal_raw(void **state)
{
	(void)state;
	for_everything(check_foreign);
}

static void nothing_that_comes_in_breaks_json_or_is_lost_in_it(void **state)
{
	(void)state;
	for_everything(check_json);
}

static void nothing_that_comes_in_breaks_xml_or_is_lost_in_it(void **state)
{
	(void)state;
	for_everything(check_xml);
}

static void markup_from_a_packet_is_shown_not_obeyed(void **state)
{
	(void)state;
	assert_string_equal(xml("</text><script>alert('&')", 25),
			    "&lt;/text&gt;&lt;script&gt;alert(&#39;&amp;&#39;)");
	assert_string_equal(xml("\" onload=\"x", 11), "&quot; onload=&quot;x");
	assert_string_equal(xml("a\tb\r\nc\0d", 8), "a\\x09b\\x0d\\x0ac\\x00d");
	assert_string_equal(xml("&amp;&#0;", 9), "&amp;amp;&amp;#0;");
	assert_string_equal(xml("\xef\xbf\xbf\xed\xa0\x80", 6),
			    "\\xef\\xbf\\xbf\\xed\\xa0\\x80");	/* U+FFFF; a surrogate */
	assert_string_equal(xml("]]>\xe5\x9c\xb0", 6), "]]&gt;\xe5\x9c\xb0");
}

static void json_strings_are_quoted_as_rfc_8259_has_it(void **state)
{
	(void)state;
	assert_string_equal(json("a\"b\\c", 5), "\"a\\\"b\\\\c\"");
	assert_string_equal(json("\n\x7f", 2), "\"\\u000a\\u007f\"");
	assert_string_equal(json("\xff", 1), "\"\xef\xbf\xbd\"");
	assert_string_equal(json("\xe2\x80\xa8", 3), "\"\\u2028\"");
}

static void a_buffer_of_exactly_the_size_is_never_overrun(void **state)
{
	static const char nasty[] = "x\033\xff\xe2\x80\xae\"\\\xf0\x9f\x98\x80";

	(void)state;
	for (size_t cap = 1; cap < 80; cap++) {
		char *exact = malloc(cap);
		struct txt t = txt_over(exact, cap);
		txt_foreign(&t, nasty, sizeof(nasty));
		txt_json(&t, nasty, sizeof(nasty));
		txt_xml(&t, nasty, sizeof(nasty));
		txt_grouped(&t, UINT64_MAX);
		txt_column(&t, 100);
		assert_true(t.len < cap);
		assert_true(strlen(exact) == t.len);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_put_together_and_what_does_not_fit_is_left_out),
		cmocka_unit_test(times_read_as_people_say_them),
		cmocka_unit_test(times_for_programs_have_nine_decimals),
		cmocka_unit_test(large_numbers_are_grouped_by_three),
		cmocka_unit_test(an_escape_sequence_from_a_packet_is_shown_not_obeyed),
		cmocka_unit_test(utf8_is_told_from_what_is_not_for_every_start_of_four_bytes),
		cmocka_unit_test(nothing_that_comes_in_reaches_a_terminal_raw),
		cmocka_unit_test(nothing_that_comes_in_breaks_json_or_is_lost_in_it),
		cmocka_unit_test(nothing_that_comes_in_breaks_xml_or_is_lost_in_it),
		cmocka_unit_test(markup_from_a_packet_is_shown_not_obeyed),
		cmocka_unit_test(json_strings_are_quoted_as_rfc_8259_has_it),
		cmocka_unit_test(a_buffer_of_exactly_the_size_is_never_overrun),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
