/* tcp_ladder.h: moments folded into rows, rows drawn as lines */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "wirelab/tcp_ladder.h"
#include "wirelab/utf8.h"
#include "wirelab/width.h"

#define MOMENTS 64u

static struct tcp_moment moment[MOMENTS];
static struct ladder_row row[MOMENTS];
static size_t n_moments, n_rows;
static char out[64 * 1024];

static const struct tcp_story story = {
	.stream = 2, .family = 4, .addr = { { 10, 0, 0, 1 }, { 10, 0, 0, 2 } },
	.port = { 40112, 80 }, .open = TCP_OPEN_COMPLETE, .close = TCP_CLOSE_NONE,
	.initiator = 0, .first_fin_by = TCP_NOBODY, .first_rst_by = TCP_NOBODY,
};

static struct tcp_moment *add(unsigned from, uint16_t flags, uint32_t seq, uint32_t payload,
			      uint32_t ack, enum tcp_why why)
{
	struct tcp_moment *m = &moment[n_moments];

	*m = (struct tcp_moment){ .when = { n_moments * MSEC_NS }, .frame = n_moments + 1,
				  .from = (uint8_t)from, .flags = flags, .seq = seq,
				  .payload = payload, .ack = ack, .why = (uint8_t)why };
	if (n_moments) {
		memcpy(m->before, moment[n_moments - 1].after, sizeof(m->before));
		memcpy(m->after, m->before, sizeof(m->after));
	}
	n_moments++;
	return m;
}

static void becomes(struct tcp_moment *m, enum tcp_state a, enum tcp_state b)
{
	m->after[0] = (uint8_t)a;
	m->after[1] = (uint8_t)b;
}

static void shake_hands(void)
{
	n_moments = 0;
	becomes(add(0, TCP_SYN, 0, 0, 0, TCP_WHY_OPENS), TCP_S_SYN_SENT, TCP_S_UNSEEN);
	becomes(add(1, TCP_SYN | TCP_ACK, 0, 0, 1, TCP_WHY_ACCEPTS), TCP_S_ESTABLISHED,
		TCP_S_SYN_RECEIVED);
	becomes(add(0, TCP_ACK, 1, 0, 1, TCP_WHY_COMPLETES), TCP_S_ESTABLISHED,
		TCP_S_ESTABLISHED);
}

static void send_data(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		(void)add(0, TCP_ACK, 1 + i * 1000, 1000, 1, TCP_WHY_DATA);
}

static const char *draw(struct ladder_style style)
{
	struct ladder l;
	char line[LADDER_LINE_MAX];
	size_t len = 0;
	struct txt t = txt_over(line, sizeof(line));

	n_rows = ladder_fold(moment, n_moments, row, MOMENTS);
	ladder_begin(&l, &story, moment, row, n_rows, style);
	while (ladder_line(&l, &t)) {
		assert_false(t.cut);
		assert_true(len + t.len + 2 < sizeof(out));
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s\n", line);
		t = txt_over(line, sizeof(line));
	}
	return out;
}

static const struct ladder_style plain = { .columns = 80 };

static void a_handshake_is_three_arrows(void **state)
{
	(void)state;
	shake_hands();
	const char *s = draw(plain);
	assert_non_null(strstr(s, "client 10.0.0.1:40112\nserver 10.0.0.2:80\n"));
	assert_non_null(strstr(s,
		"frame   seconds            client                         server\n"
		"    1  0.000000   SYN-SENT |-- SYN 0 -------------------->| opens\n"
		"    2  0.001000      ESTAB |<---------- SYN ACK 0 ack 1 --| SYN-RCVD; accepts\n"));
}

static void what_was_lost_is_a_broken_arrow(void **state)
{
	(void)state;
	shake_hands();
	add(0, TCP_ACK, 1, 100, 1, TCP_WHY_DATA)->lost = true;
	assert_non_null(strstr(draw(plain), "|-- ACK 1:101 ack 1 --------X  | 100 bytes; lost"));
}

static void a_long_run_of_data_is_folded(void **state)
{
	(void)state;
	shake_hands();
	send_data(20);
	assert_non_null(strstr(draw(plain), "... 17 more, 17,000 bytes ..."));
	assert_int_equal(n_rows, 3 + 2 + 1 + 1);
	assert_int_equal(row[5].n, 17);
	assert_int_equal(row[5].segments[0], 17);
	assert_int_equal(row[6].first, n_moments - 1);
}

static void a_short_run_is_not(void **state)
{
	(void)state;
	shake_hands();
	send_data(LADDER_RUN_MIN - 1);
	draw(plain);
	assert_int_equal(n_rows, n_moments);
}

static void trouble_is_never_folded_away(void **state)
{
	(void)state;
	shake_hands();
	send_data(20);
	moment[12].trouble = 1u << TCP_T_RETRANSMISSION;
	draw(plain);
	for (size_t i = 0, at = 0; i < n_rows; at += row[i].n, i++) {
		assert_int_equal(row[i].first, at);
		assert_true(row[i].n == 1 || at > 12 || at + row[i].n <= 12);
	}
}

static void rows_hold_every_moment_once(void **state)
{
	size_t at = 0;

	(void)state;
	shake_hands();
	send_data(40);
	draw(plain);
	for (size_t i = 0; i < n_rows; i++) {
		assert_int_equal(row[i].first, at);
		at += row[i].n;
	}
	assert_int_equal(at, n_moments);
}

static void too_little_room_for_rows_is_told_by_their_number(void **state)
{
	(void)state;
	shake_hands();
	send_data(5);
	assert_int_equal(ladder_fold(moment, n_moments, row, 2), n_moments);
	assert_int_equal(ladder_fold(moment, 0, row, 2), 0);
}

/* Lines of s, each at most so wide, and made of whole characters. */
static void assert_within(const char *s, size_t columns)
{
	for (size_t len; *s; s += len + 1) {
		uint32_t code;
		len = strcspn(s, "\n");
		assert_true(txt_width(s, len) <= columns);
		for (size_t at = 0, n; at < len; at += n) {
			n = utf8_decode((const uint8_t *)s + at, len - at, &code);
			assert_true(n > 0);
		}
	}
}

/* Whatever a segment says and however long its words are. */
static void no_line_is_wider_than_the_terminal(void **state)
{
	(void)state;
	shake_hands();
	for (unsigned why = 0; why < TCP_WHY_COUNT; why++) {
		struct tcp_moment *m = add(why & 1, TCP_ACK | TCP_PSH, UINT32_MAX - 1000, 999999,
					   UINT32_MAX, (enum tcp_why)why);
		m->cause_frame = 99999;
		m->waited_ns = SEC_NS * 1000;
		m->trouble = why % 3 ? 0 : (1u << TCP_T_COUNT) - 1;
		m->lost = why % 5 == 0;
		m->flags |= why % 7 ? 0 : UINT16_MAX;
		becomes(m, TCP_S_CLOSE_WAIT, why % 2 ? TCP_S_CLOSE_WAIT : TCP_S_LAST_ACK);
	}
	for (unsigned columns = LADDER_COLUMNS_MIN; columns < 150; columns += 7)
		for (unsigned how = 0; how < 8; how++)
			assert_within(draw((struct ladder_style){
				.columns = columns, .unicode = how & 1, .long_words = how & 2,
				.lang = how & 4 ? LANG_ZH : LANG_EN }), columns);
}

static void colour_is_only_there_when_asked_for(void **state)
{
	(void)state;
	shake_hands();
	assert_null(strchr(draw(plain), '\033'));
	assert_non_null(strstr(draw((struct ladder_style){ .columns = 80, .colour = true }),
			       "\033[32m-- SYN"));
}

static void explanations_stand_below_their_arrow(void **state)
{
	(void)state;
	shake_hands();
	assert_non_null(strstr(draw((struct ladder_style){ .columns = 80, .long_words = true }),
			       ">|\n       Client asks server for a connection: the SYN"));
}

static void times_lose_decimals_not_seconds(void **state)
{
	(void)state;
	shake_hands();
	moment[1].when.ns = 12345 * SEC_NS + 678901000;
	moment[2].when.ns = 1234567890 * SEC_NS;
	const char *s = draw(plain);
	assert_non_null(strstr(s, "    2 12345.678"));
	assert_non_null(strstr(s, "    3 1234567890 "));
}

static void numbers_beyond_their_columns_push_no_line_over_the_edge(void **state)
{
	(void)state;
	shake_hands();
	for (unsigned i = 0; i < 3; i++) {
		moment[i].frame += UINT64_C(10000000000);
		moment[i].when.ns += i * 1234567890 * SEC_NS;
	}
	moment[2].why = TCP_WHY_TIMEOUT;
	moment[2].waited_ns = moment[1].when.ns;
	for (unsigned columns = LADDER_COLUMNS_MIN; columns < 100; columns++)
		for (unsigned lang = 0; lang < LANG_COUNT; lang++)
			assert_within(draw((struct ladder_style){ .columns = columns,
								  .lang = (enum lang)lang }),
				      columns);
}

/* One column is left for words, and no Chinese character fits: it is said all the same. */
static void the_narrowest_margin_comes_to_an_end(void **state)
{
	(void)state;
	shake_hands();
	for (unsigned i = 0; i < 3; i++)
		moment[i].frame = UINT64_MAX - 2 + i;
	assert_non_null(strstr(draw((struct ladder_style){ .columns = LADDER_COLUMNS_MIN,
							   .lang = LANG_ZH }), "| 请\n"));
}

/* ---- in Chinese ------------------------------------------------------------------------- */

static const struct ladder_style chinese = { .columns = 80, .lang = LANG_ZH };

static void a_chinese_ladder_keeps_its_columns(void **state)
{
	(void)state;
	shake_hands();
	send_data(20);
	const char *s = draw(chinese);
	assert_ptr_equal(strstr(s, "连接 2：完整的三次握手；"), s);
	assert_non_null(strstr(s, "客户端 10.0.0.1:40112\n服务器 10.0.0.2:80\n"));
	assert_non_null(strstr(s,
		"   帧        秒            客户端                         服务器\n"
		"    1  0.000000   SYN-SENT |-- SYN 0 -------------------->| 请求连接\n"
		"    2  0.001000      ESTAB |<---------- SYN ACK 0 ack 1 --| SYN-RCVD；接受连接\n"));
	assert_non_null(strstr(s, "|  ... 17 段，17,000 字节 ...  |\n"));
}

static void chinese_explanations_are_wrapped_between_characters(void **state)
{
	(void)state;
	shake_hands();
	assert_non_null(strstr(draw((struct ladder_style){ .columns = 80, .long_words = true,
							   .lang = LANG_ZH }),
			       "| SYN-RCVD\n       服务器接受连接：确认对方的 SYN，"
			       "并给出自己的初始序号。[RFC 9293 3.5]\n"));
	assert_non_null(strstr(out, "\n       客户端确认对方的 SYN，握手完成："
				    "双方都已知道对方能收到自己的报文段。[RFC\n"
				    "       9293 3.5]\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_is_three_arrows),
		cmocka_unit_test(what_was_lost_is_a_broken_arrow),
		cmocka_unit_test(a_long_run_of_data_is_folded),
		cmocka_unit_test(a_short_run_is_not),
		cmocka_unit_test(trouble_is_never_folded_away),
		cmocka_unit_test(rows_hold_every_moment_once),
		cmocka_unit_test(too_little_room_for_rows_is_told_by_their_number),
		cmocka_unit_test(no_line_is_wider_than_the_terminal),
		cmocka_unit_test(numbers_beyond_their_columns_push_no_line_over_the_edge),
		cmocka_unit_test(colour_is_only_there_when_asked_for),
		cmocka_unit_test(explanations_stand_below_their_arrow),
		cmocka_unit_test(times_lose_decimals_not_seconds),
		cmocka_unit_test(the_narrowest_margin_comes_to_an_end),
		cmocka_unit_test(a_chinese_ladder_keeps_its_columns),
		cmocka_unit_test(chinese_explanations_are_wrapped_between_characters),
	};

	return cmocka_run_group_tests_name("tcp_ladder", tests, NULL, NULL);
}
