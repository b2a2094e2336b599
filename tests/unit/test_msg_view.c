/* What is said of the messages of a connection. */
#include "told.h"

#include "wirelab/msg_view.h"

static char buf[MSG_VIEW_LINE];
static const struct msg_view_flow flow = { .stream = 3, .initiator = 0,
					   .zero = { 1000 * SEC_NS } };

static struct tcp_message message(const void *text, uint32_t len)
{
	struct tcp_message m = { .side = 0, .number = 1, .offset = 0, .length = len,
				 .order = MSG_NETWORK, .frames = 1, .frame = { 4 },
				 .first_frame = 4, .last_frame = 4, .prefix_frames = 1,
				 .first_time = at(1000.000412), .whole_time = at(1000.000412) };

	m.preview_len = len < TCP_MESSAGES_PREVIEW ? len : TCP_MESSAGES_PREVIEW;
	memcpy(m.preview, text, m.preview_len);
	return m;
}

static const char *row(const struct tcp_message *m)
{
	struct txt t = txt_over(buf, sizeof(buf));

	msg_view_row(&t, m ? &flow : NULL, m);
	assert_false(t.cut);
	return buf;
}

static const char *json(const struct tcp_message *m)
{
	struct txt t = txt_over(buf, sizeof(buf));

	msg_view_json(&t, &flow, m);
	assert_false(t.cut);
	return buf;
}

static struct tcp_messages_stop stop(enum tcp_messages_why why)
{
	return (struct tcp_messages_stop){ .side = 1, .why = why, .by = TCP_MESSAGES_BY_FIN,
					   .messages = 4, .offset = 120, .frame = 17,
					   .when = at(1000.5), .limit = MSG_LIMIT };
}

static const char *line(const struct tcp_messages_stop *s)
{
	struct txt t = txt_over(buf, sizeof(buf));

	msg_view_stop(&t, &flow, s);
	assert_false(t.cut);
	return buf;
}

static const char *stop_json(const struct tcp_messages_stop *s)
{
	struct txt t = txt_over(buf, sizeof(buf));

	msg_view_stop_json(&t, &flow, s);
	assert_false(t.cut);
	return buf;
}

static bool has(const char *text, const char *part)
{
	if (strstr(text, part))
		return true;
	print_error("not in: %s\n", text);
	return false;
}

/* ---- the table -------------------------------------------------------------------------- */

static void a_message_is_one_line_under_a_heading(void **state)
{
	struct tcp_message m = message("hello", 5);

	(void)state;
	assert_string_equal(row(NULL), "flow  message seconds      bytes    frames     shares text");
	assert_string_equal(row(&m), "3     -> 1    0.000412     5        4          0      hello");
	m.side = 1;
	m.number = 12;
	m.frames = 7;
	m.shared = 2;
	assert_string_equal(row(&m), "3     <- 12   0.000412     5        4 +6       2      hello");
}

static void an_empty_message_ends_with_the_numbers(void **state)
{
	struct tcp_message m = message("", 0);

	(void)state;
	assert_string_equal(row(&m), "3     -> 1    0.000412     0        4          0");
}

static void the_arrow_goes_from_who_opened_the_connection(void **state)
{
	struct tcp_message m = message("x", 1);
	struct msg_view_flow turned = { .initiator = 1 };
	struct txt t = txt_over(buf, sizeof(buf));

	(void)state;
	m.side = 1;
	msg_view_row(&t, &turned, &m);
	assert_true(has(buf, "-> 1"));
	turned.initiator = TCP_NOBODY;
	t = txt_over(buf, sizeof(buf));
	msg_view_row(&t, &turned, &m);
	assert_true(has(buf, "<- 1"));
}

static void a_long_text_is_cut_at_eighty_columns_and_says_so(void **state)
{
	struct tcp_message m = message("abcdefghijklmnopqrstuvwxyz", 26);
	char longer[1000];

	(void)state;
	assert_int_equal(strlen(row(&m)), 80);
	assert_true(has(buf, "xyz"));
	m = message("abcdefghijklmnopqrstuvwxyz!", 27);
	assert_int_equal(strlen(row(&m)), 80);
	assert_true(has(buf, "uvw..."));
	memset(longer, 'a', sizeof(longer));
	m = message(longer, sizeof(longer));
	assert_int_equal(strlen(row(&m)), 80);
	m.number = m.frames = m.first_frame = UINT64_MAX;
	m.first_time = INSTANT_NEVER;
	assert_true(has(row(&m), " aaaaaaa..."));
}

static void wide_characters_take_two_columns_and_are_never_cut_in_half(void **state)
{
	/* 22 characters of three bytes, of which the preview holds 21 and one byte. */
	static const char text[] = "你好世界你好世界你好世界你好世界你好世界你好";
	struct tcp_message m = message(text, sizeof(text) - 1);

	(void)state;
	assert_int_equal(m.preview_len, 64);
	/* 26 columns: 11 of them and the dots. */
	assert_string_equal(row(&m) + 54, "你好世界你好世界你好世...");
	assert_true(has(json(&m), "\"preview\":\"你好世界你好世界你好世界你好世界你好世界你\","));
}

static void what_a_terminal_would_obey_is_shown_and_not_sent(void **state)
{
	struct tcp_message m = message("\x1b[2J\n\xff", 6);

	(void)state;
	assert_string_equal(row(&m) + 54, "\\x1b[2J\\x0a\\xff");
	m = message("\x1b\x1b\x1b\x1b\x1b\x1b\x1b", 7);
	assert_string_equal(row(&m) + 54, "\\x1b\\x1b\\x1b\\x1b\\x1b...");
}

static void lost_bytes_stand_before_the_text(void **state)
{
	struct tcp_message m = message("hello", 5);

	(void)state;
	m.length = 12;
	m.missing = 7;
	assert_string_equal(row(&m) + 54, "(7 lost) hello...");
}

/* ---- the end of a direction ------------------------------------------------------------- */

static void the_end_says_how_many_there_were_and_why_there_are_no_more(void **state)
{
	struct tcp_messages_stop s = stop(TCP_MESSAGES_DONE);

	(void)state;
	assert_string_equal(line(&s), "3     <- 4 messages, then FIN (byte 120, frame 17)");
	s = stop(TCP_MESSAGES_CUT_PREFIX);
	s.missing = 1;
	s.messages = 1;
	assert_true(has(line(&s), "<- 1 message, then FIN, 1 byte before a length is whole (byte"));
	s = stop(TCP_MESSAGES_CUT_BODY);
	s.missing = 300;
	s.length = 1000;
	s.by = TCP_MESSAGES_BY_RST;
	assert_true(has(line(&s), "then RST, 300 bytes before message 5 of 1,000 bytes is whole"));
	s = stop(TCP_MESSAGES_GAP);
	s.missing = 1460;
	s.gap = TCP_BYTES_LOST;
	assert_true(has(line(&s), "then 1,460 bytes with a length among them are acknowledged, "
				  "but not in the capture (byte 120"));
	s = stop(TCP_MESSAGES_MIDSTREAM);
	s.messages = 0;
	assert_true(has(line(&s), "<- 0 messages, then the capture begins inside the connection"));
	assert_null(strstr(buf, "byte"));
	s.conflicts = 2;
	s.conflict_frame = 9;
	assert_true(has(line(&s), "; 2 segments with other bytes than came before, first frame 9"));
}

static void a_refused_length_says_what_it_would_be_in_the_other_order(void **state)
{
	struct tcp_messages_stop s = stop(TCP_MESSAGES_OVER_LIMIT);

	(void)state;
	s.length = 3892510720;		/* 1000 packed natively */
	assert_true(has(line(&s), "then the length of message 5 is 3,892,510,720, over the limit of "
				  "1,048,576 (in native order it is 1,000) (byte 120, frame 17)"));
	s.length = 0x47455420;		/* "GET ": neither */
	assert_true(has(line(&s), "is 1,195,725,856, over the limit of 1,048,576 (byte 120"));
	s.order = MSG_NATIVE;
	s.length = 0x01000000;
	assert_true(has(line(&s), "(in network order it is 1)"));
	s = stop(TCP_MESSAGES_NEGATIVE);
	s.order = MSG_NATIVE;
	s.length = -256;		/* 00 ff ff ff */
	assert_true(has(line(&s), "is -256 (byte 120"));
	s.length = INT64_C(-2147483648) + 1;	/* 01 00 00 80 */
	assert_true(has(line(&s), "is -2,147,483,647 (byte 120"));
	s.length = INT64_C(-2147483648);	/* 00 00 00 80: 128 */
	assert_true(has(line(&s), "is -2,147,483,648 (in network order it is 128)"));
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void a_message_is_an_object_of_one_line(void **state)
{
	struct tcp_message m = message("a\"\xff\n", 4);

	(void)state;
	m.frames = 2;
	m.frame[1] = m.last_frame = 6;
	assert_string_equal(json(&m),
		"{\"type\":\"message\",\"stream\":3,\"from\":\"a\",\"number\":1,\"offset\":0,"
		"\"length\":4,\"missing\":0,\"order\":\"network\",\"first_frame\":4,"
		"\"last_frame\":6,\"frame_count\":2,\"frames\":[4,6],\"prefix_frames\":1,"
		"\"first_time\":\"1000.000412000\",\"whole_time\":\"1000.000412000\","
		"\"shared\":0,\"preview\":\"a\\\"\xef\xbf\xbd\\u000a\","
		"\"preview_hex\":\"6122ff0a\"}");
	m = message("", 0);
	m.order = MSG_EITHER;
	assert_true(has(json(&m), "\"order\":null"));
	assert_true(has(buf, "\"preview\":null,\"preview_hex\":null}"));
}

static void of_many_frames_the_first_are_listed_and_all_are_counted(void **state)
{
	struct tcp_message m = message("x", 1);

	(void)state;
	m.frames = 1000;
	for (unsigned i = 0; i < TCP_MESSAGES_FRAMES; i++)
		m.frame[i] = i + 1;
	assert_true(has(json(&m), "\"frame_count\":1000,\"frames\":[1,2,3,4,5,6,7,8,9,10,11,12,13,"
				  "14,15,16],"));
}

static void the_end_is_an_object_in_which_what_has_no_meaning_is_null(void **state)
{
	struct tcp_messages_stop s = stop(TCP_MESSAGES_DONE);

	(void)state;
	s.order = MSG_NATIVE;
	assert_string_equal(stop_json(&s),
		"{\"type\":\"message_end\",\"stream\":3,\"from\":\"b\",\"why\":\"done\","
		"\"by\":\"fin\",\"gap\":null,\"order\":\"native\",\"messages\":4,\"offset\":120,"
		"\"frame\":17,\"time\":\"1000.500000000\",\"length\":null,\"missing\":null,"
		"\"limit\":1048576,\"conflicts\":0,\"conflict_frame\":null}");
	s = stop(TCP_MESSAGES_NEGATIVE);
	s.length = -5;
	assert_true(has(stop_json(&s), "\"why\":\"negative\",\"by\":null"));
	assert_true(has(buf, "\"length\":-5,\"missing\":null"));
	s = stop(TCP_MESSAGES_GAP);
	s.gap = TCP_BYTES_NO_ROOM;
	s.missing = 7;
	s.frame = 0;
	assert_true(has(stop_json(&s), "\"gap\":\"no_room\""));
	assert_true(has(buf, "\"frame\":null,\"time\":null,\"length\":null,\"missing\":7"));
	s = stop(TCP_MESSAGES_MIDSTREAM);
	assert_true(has(stop_json(&s), "\"offset\":null"));
}

static void the_longest_lines_there_can_be_fit(void **state)
{
	struct tcp_message m = message("", 0);
	struct tcp_messages_stop s = stop(TCP_MESSAGES_CUT_BODY);

	(void)state;
	memset(&m, 0xff, sizeof(m));
	m.side = 1;
	m.order = MSG_NETWORK;
	m.preview_len = TCP_MESSAGES_PREVIEW;
	memset(m.preview, 1, sizeof(m.preview));
	(void)json(&m);
	(void)row(&m);
	s.messages = s.offset = s.frame = s.missing = s.conflicts = s.conflict_frame = UINT64_MAX;
	s.length = INT64_MAX;
	s.when = INSTANT_NEVER;
	for (unsigned why = 0; why <= TCP_MESSAGES_MIDSTREAM; why++) {
		s.why = (enum tcp_messages_why)why;
		(void)line(&s);
		(void)stop_json(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_one_line_under_a_heading),
		cmocka_unit_test(an_empty_message_ends_with_the_numbers),
		cmocka_unit_test(the_arrow_goes_from_who_opened_the_connection),
		cmocka_unit_test(a_long_text_is_cut_at_eighty_columns_and_says_so),
		cmocka_unit_test(wide_characters_take_two_columns_and_are_never_cut_in_half),
		cmocka_unit_test(what_a_terminal_would_obey_is_shown_and_not_sent),
		cmocka_unit_test(lost_bytes_stand_before_the_text),
		cmocka_unit_test(the_end_says_how_many_there_were_and_why_there_are_no_more),
		cmocka_unit_test(a_refused_length_says_what_it_would_be_in_the_other_order),
		cmocka_unit_test(a_message_is_an_object_of_one_line),
		cmocka_unit_test(of_many_frames_the_first_are_listed_and_all_are_counted),
		cmocka_unit_test(the_end_is_an_object_in_which_what_has_no_meaning_is_null),
		cmocka_unit_test(the_longest_lines_there_can_be_fit),
	};

	return cmocka_run_group_tests_name("msg_view", tests, NULL, NULL);
}
