/* tcp_words.h: what happened, in words */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "wirelab/tcp_words.h"

static char buf[TCP_WORDS_MAX];
static const struct tcp_names names = { { "client", "server" } };

static const char *flags(uint16_t f)
{
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_words_flags(&t, f);
	return buf;
}

static const char *on_arrow(struct tcp_moment m)
{
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_words_arrow(&t, &m);
	return buf;
}

static const char *short_words(struct tcp_moment m)
{
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_words_short(&t, &m);
	return buf;
}

static const char *long_words(struct tcp_moment m)
{
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_words_long(&t, &m, &names);
	assert_false(t.cut);
	return buf;
}

static void flags_stand_in_one_order(void **state)
{
	(void)state;
	assert_string_equal(flags(TCP_ACK | TCP_SYN), "SYN ACK");
	assert_string_equal(flags(TCP_CWR | TCP_ECE | TCP_SYN), "SYN ECE CWR");
	assert_string_equal(flags(0), "-");
}

static void an_arrow_bears_the_bytes_and_what_is_acknowledged(void **state)
{
	(void)state;
	assert_string_equal(on_arrow((struct tcp_moment){ .flags = TCP_SYN, .mss = 1460 }),
			    "SYN 0 mss 1460");
	assert_string_equal(on_arrow((struct tcp_moment){ .flags = TCP_SYN | TCP_ACK, .ack = 1 }),
			    "SYN ACK 0 ack 1");
	assert_string_equal(on_arrow((struct tcp_moment){ .flags = TCP_PSH | TCP_ACK, .seq = 1,
							  .ack = 1, .payload = 100 }),
			    "PSH ACK 1:101 ack 1");
	assert_string_equal(on_arrow((struct tcp_moment){ .flags = TCP_ACK, .seq = 9, .ack = 101 }),
			    "ACK 101");
	assert_string_equal(on_arrow((struct tcp_moment){ .why = TCP_WHY_ICMP, .mss = 1000,
							  .count = 3 << 8 | 4 }),
			    "ICMP 3/4 mtu 1000");
}

/* The numbers of the data that a fast open's SYN carries begin behind the SYN. */
static void the_bytes_of_a_syn_are_counted_behind_it(void **state)
{
	(void)state;
	assert_string_equal(on_arrow((struct tcp_moment){ .flags = TCP_SYN, .payload = 10 }),
			    "SYN 0:11");
}

static void the_margin_says_it_in_a_few_words(void **state)
{
	(void)state;
	assert_string_equal(short_words((struct tcp_moment){ .why = TCP_WHY_OPENS }), "opens");
	assert_string_equal(short_words((struct tcp_moment){ .why = TCP_WHY_TIMEOUT,
							     .cause_frame = 4,
							     .waited_ns = 204 * MSEC_NS }),
			    "timeout: again after 204.000 ms");
	assert_string_equal(short_words((struct tcp_moment){ .why = TCP_WHY_FAST, .count = 3 }),
			    "fast: 3 duplicate ACKs");
	assert_string_equal(short_words((struct tcp_moment){ .why = TCP_WHY_DATA_RELEASED,
							     .payload = 1 }),
			    "1 byte, held for the ACK (Nagle)");
	assert_string_equal(short_words((struct tcp_moment){ .why = TCP_WHY_ACKS,
							     .trouble = 1u << TCP_T_ZERO_WINDOW }),
			    "no room left");
	assert_string_equal(short_words((struct tcp_moment){ .why = TCP_WHY_DATA, .payload = 1500,
							     .lost = true }),
			    "1,500 bytes; lost");
}

static void sentences_name_both_sides_the_frame_and_the_section(void **state)
{
	(void)state;
	assert_string_equal(
		long_words((struct tcp_moment){ .why = TCP_WHY_FINISHES_TOO, .from = 1,
						.cause_frame = 9 }),
		"Server has no more to send either; frame 9 closed the other direction."
		" [RFC 9293 3.6]");
	assert_string_equal(
		long_words((struct tcp_moment){ .why = TCP_WHY_ACKS_LATE, .from = 1, .acked = 1,
						.cause_frame = 4, .waited_ns = 40 * MSEC_NS }),
		"Server acknowledges 1 byte of frame 4 only after 40.000 ms: a delayed ACK, which"
		" hoped to travel with data. [RFC 1122 4.2.3.2]");
}

static void what_a_syn_offers_is_told(void **state)
{
	struct tcp_moment m = { .why = TCP_WHY_OPENS, .flags = TCP_SYN, .mss = 1460, .wscale = 7,
				.options = TCP_SEEN_MSS | TCP_SEEN_WSCALE | TCP_SEEN_SACK_OK };

	(void)state;
	assert_non_null(strstr(long_words(m), "It offers segments of up to 1,460 bytes, windows in"
					      " units of 128 bytes, selective acknowledgments."));
}

static void trouble_and_notes_follow_the_reason(void **state)
{
	struct tcp_moment m = { .why = TCP_WHY_DATA, .payload = 14480,
				.notes = TCP_NOTE_BEYOND_MSS,
				.trouble = 1u << TCP_T_WINDOW_FULL | 1u << TCP_T_RETRANSMISSION };

	(void)state;
	assert_non_null(strstr(long_words(m), " Window full: "));
	assert_non_null(strstr(long_words(m), "more than one segment may hold"));
	assert_null(strstr(long_words(m), "Retransmission: "));
}

/* Every reason, with and without the frame that it points to, is a sentence that ends. */
static void every_reason_is_a_sentence(void **state)
{
	struct tcp_moment m = { .payload = 7, .acked = 7, .flags = TCP_ACK, .count = 2,
				.waited_ns = MSEC_NS };

	(void)state;
	for (unsigned why = 0; why < TCP_WHY_COUNT; why++) {
		m.why = (uint8_t)why;
		for (unsigned known = 0; known < 2; known++) {
			m.cause_frame = known ? 12 : 0;
			const char *s = long_words(m);
			assert_true(s[0] >= 'A' && s[0] <= 'Z');
			assert_non_null(strchr(s, '.'));
			assert_null(strstr(s, "  "));
			assert_null(strstr(s, " ,"));
			assert_null(strstr(s, " ."));
			assert_int_equal(strstr(s, "frame 0") != NULL, 0);
			assert_null(strstr(short_words(m), "frame 0"));
		}
	}
}

/* All at once: nothing is longer than was promised. */
static void the_longest_words_fit(void **state)
{
	struct tcp_moment m = { .payload = UINT32_MAX, .acked = UINT32_MAX, .seq = UINT32_MAX,
				.ack = UINT32_MAX, .flags = UINT16_MAX, .count = UINT32_MAX,
				.waited_ns = UINT64_MAX, .cause_frame = UINT64_MAX, .mss = 65535,
				.options = UINT16_MAX, .notes = UINT8_MAX, .lost = true,
				.trouble = (1u << TCP_T_COUNT) - 1 };
	struct txt t;

	(void)state;
	for (unsigned why = 0; why < TCP_WHY_COUNT; why++) {
		m.why = (uint8_t)why;
		(void)long_words(m);
		t = txt_over(buf, sizeof(buf));
		tcp_words_short(&t, &m);
		assert_false(t.cut);
	}
}

static void a_connection_is_told_in_a_sentence(void **state)
{
	struct tcp_story s = { .initiator = 0, .open = TCP_OPEN_COMPLETE, .has_rtt = true,
			       .rtt_ns = 500 * USEC_NS, .close = TCP_CLOSE_FIN3, .first_fin_by = 1 };
	struct txt t = txt_over(buf, sizeof(buf));

	(void)state;
	s.side[0].payload = 1312;
	s.side[1].payload = 48230;
	s.side[0].trouble[TCP_T_RETRANSMISSION] = 2;
	tcp_words_story(&t, &s);
	assert_string_equal(buf, "A complete handshake in 0.500 ms; 1,312 bytes from client, 48,230 from"
				 " server; closed in three segments: the second FIN acknowledged the"
				 " first, server first. Trouble: retransmission (2).");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_stand_in_one_order),
		cmocka_unit_test(an_arrow_bears_the_bytes_and_what_is_acknowledged),
		cmocka_unit_test(the_bytes_of_a_syn_are_counted_behind_it),
		cmocka_unit_test(the_margin_says_it_in_a_few_words),
		cmocka_unit_test(sentences_name_both_sides_the_frame_and_the_section),
		cmocka_unit_test(what_a_syn_offers_is_told),
		cmocka_unit_test(trouble_and_notes_follow_the_reason),
		cmocka_unit_test(every_reason_is_a_sentence),
		cmocka_unit_test(the_longest_words_fit),
		cmocka_unit_test(a_connection_is_told_in_a_sentence),
	};

	return cmocka_run_group_tests_name("tcp_words", tests, NULL, NULL);
}
