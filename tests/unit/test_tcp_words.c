/* tcp_words.h: what happened, in words */
#include "chinese.h"
#include "wirelab/tcp_words.h"

static char buf[TCP_WORDS_MAX];

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

static const char *short_in(enum lang lang, struct tcp_moment m)
{
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_words_short(&t, &m, lang);
	assert_false(t.cut);
	return buf;
}

static const char *short_words(struct tcp_moment m)
{
	return short_in(LANG_EN, m);
}

static const char *long_of(struct tcp_names who, struct tcp_moment m)
{
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_words_long(&t, &m, &who);
	assert_false(t.cut);
	return buf;
}

static const char *long_words(struct tcp_moment m)
{
	return long_of(tcp_names_of(0, LANG_EN), m);
}

static const char *in_chinese(struct tcp_moment m)
{
	return long_of(tcp_names_of(0, LANG_ZH), m);
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

/* ---- names ------------------------------------------------------------------------------ */

static void a_host_keeps_the_letters_of_its_name(void **state)
{
	struct tcp_names hosts = { .side = { "alice", "bob" } };
	struct tcp_moment m = { .why = TCP_WHY_OPENS, .flags = TCP_SYN };

	(void)state;
	assert_non_null(strstr(long_of(hosts, m), "alice asks bob for a connection: "));
	assert_ptr_equal(strstr(buf, "alice"), buf);
	assert_ptr_equal(strstr(long_words(m), "Client asks server for"), buf);
	hosts.lang = LANG_ZH;
	assert_ptr_equal(strstr(long_of(hosts, m), "alice 请求与 bob 建立连接："), buf);
	assert_ptr_equal(strstr(in_chinese(m), "客户端请求与服务器建立连接："), buf);
}

static void the_sides_are_called_by_what_they_did(void **state)
{
	static const struct { int initiator; const char *name[LANG_COUNT][2]; } known[] = {
		{ 0, { { "client", "server" }, { "客户端", "服务器" } } },
		{ 1, { { "server", "client" }, { "服务器", "客户端" } } },
		{ TCP_NOBODY, { { "a", "b" }, { "A 方", "B 方" } } },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(known); i++)
		for (unsigned lang = 0; lang < LANG_COUNT; lang++) {
			struct tcp_names who = tcp_names_of(known[i].initiator, (enum lang)lang);
			assert_int_equal(who.lang, lang);
			assert_string_equal(who.side[0], known[i].name[lang][0]);
			assert_string_equal(who.side[1], known[i].name[lang][1]);
		}
}

/* ---- in Chinese ------------------------------------------------------------------------- */

static void chinese_sentences_name_the_frame_and_the_section_too(void **state)
{
	(void)state;
	assert_string_equal(in_chinese((struct tcp_moment){ .why = TCP_WHY_FINISHES_TOO, .from = 1,
							    .cause_frame = 9 }),
			    "服务器也不再发送数据；第 9 帧已经关闭了另一个方向。[RFC 9293 3.6]");
	assert_string_equal(in_chinese((struct tcp_moment){ .why = TCP_WHY_ACKS_LATE, .from = 1,
							    .acked = 1, .cause_frame = 4,
							    .waited_ns = 40 * MSEC_NS }),
			    "服务器在 40.000 ms 之后才确认第 4 帧的 1 字节：这是延迟确认，"
			    "它本想随数据一起捎带出去。[RFC 1122 4.2.3.2]");
	assert_string_equal(in_chinese((struct tcp_moment){ .why = TCP_WHY_DATA, .payload = 1500,
							    .trouble = 1u << TCP_T_WINDOW_FULL,
							    .lost = true }),
			    "客户端发送 1,500 字节。[RFC 9293 3.7] 窗口已满：一个字节不差地填满了"
			    "接收方给出的窗口。[RFC 9293 3.8.6] "
			    "它后来被重传：没有迹象表明它到达过。");
}

static void what_a_syn_offers_is_told_in_chinese(void **state)
{
	struct tcp_moment m = { .why = TCP_WHY_OPENS, .flags = TCP_SYN, .mss = 1460, .wscale = 7,
				.options = TCP_SEEN_MSS | TCP_SEEN_WSCALE | TCP_SEEN_SACK_OK };

	(void)state;
	assert_non_null(strstr(in_chinese(m), "。选项表明：它接收的报文段最多带 1,460 字节数据，"
					      "窗口以 128 字节为单位，允许选择确认。[RFC"));
	m.mss = 0;
	m.options = 0;
	assert_null(strstr(in_chinese(m), "选项"));
}

static void the_margin_is_short_in_chinese(void **state)
{
	struct tcp_moment m = { .why = TCP_WHY_TIMEOUT, .cause_frame = 4,
				.waited_ns = 204 * MSEC_NS };

	(void)state;
	assert_string_equal(short_in(LANG_ZH, m), "超时：204.000 ms 后重传");
	m.waited_ns = 3 * 24 * 3600 * SEC_NS;
	assert_string_equal(short_in(LANG_ZH, m), "超时：3 天后重传");
	m = (struct tcp_moment){ .why = TCP_WHY_DATA, .payload = 1500, .lost = true,
				 .trouble = 1u << TCP_T_WINDOW_FULL };
	assert_string_equal(short_in(LANG_ZH, m), "1,500 字节；填满窗口；丢失");
}

/* A moment of that reason, with and without a known cause, small and large. */
static struct tcp_moment moment_for(unsigned why, unsigned variant)
{
	return (struct tcp_moment){ .why = (uint8_t)why, .flags = TCP_ACK, .count = 3 << 8 | 4,
				    .cause_frame = variant & 1 ? 12 : 0, .waited_ns = MSEC_NS,
				    .payload = variant & 2 ? 7 : 0, .acked = variant & 2 ? 7 : 0,
				    .mss = variant & 2 ? 1460 : 0, .window = 2896,
				    .window_scaled = variant & 2,
				    .options = variant & 2 ? UINT16_MAX : 0 };
}

static void every_reason_is_a_chinese_sentence(void **state)
{
	struct tcp_names hosts = { .side = { "alice", "bob" }, .lang = LANG_ZH };

	(void)state;
	for (unsigned why = 0; why < TCP_WHY_COUNT; why++)
		for (unsigned variant = 0; variant < 4; variant++) {
			struct tcp_moment m = moment_for(why, variant);
			for (unsigned named = 0; named < 2; named++) {
				const char *s = named ? long_of(hosts, m) : in_chinese(m);
				assert_chinese(s);
				assert_non_null(strstr(s, "。"));
				assert_null(strstr(s, "第 0 帧"));
				assert_null(strchr(s, '{'));
			}
		}
}

/* Where the one language has nothing to say in the margin, the other has nothing either. */
static void the_margin_speaks_in_both_languages_or_in_neither(void **state)
{
	(void)state;
	for (unsigned why = 0; why < TCP_WHY_COUNT; why++)
		for (unsigned variant = 0; variant < 4; variant++) {
			struct tcp_moment m = moment_for(why, variant);
			bool english = *short_words(m);
			assert_int_equal(*short_in(LANG_ZH, m) != '\0', english);
			assert_chinese(buf);
			assert_null(strstr(buf, "第 0 帧"));
		}
}

static void every_trouble_has_its_words_in_both_languages(void **state)
{
	(void)state;
	for (unsigned k = 0; k < TCP_T_COUNT; k++) {
		struct tcp_moment m = { .why = TCP_WHY_DATA, .payload = 1, .trouble = 1u << k };
		const char *section = tcp_trouble_info((enum tcp_trouble)k)->section;
		bool told = strstr(long_words(m), section) != NULL;
		bool margin = strchr(short_words(m), ';') != NULL;

		/* What the reason has told already is in neither. */
		assert_int_equal(strstr(in_chinese(m), section) != NULL, told);
		assert_chinese(buf);
		assert_int_equal(strstr(buf, "] ") != NULL, told);
		assert_int_equal(strstr(short_in(LANG_ZH, m), "；") != NULL, margin);
		assert_chinese(buf);
	}
}

static void every_note_has_its_words_in_both_languages(void **state)
{
	static const struct { uint8_t notes; const char *words[LANG_COUNT]; } note[] = {
		{ TCP_NOTE_STALL, { "write, write, read", "先写、再写、后读" } },
		{ TCP_NOTE_BEYOND_MSS, { "the network card", "网卡" } },
		{ TCP_NOTE_FIRST_DATA, { "its first data", "第一批数据" } },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(note); i++) {
		struct tcp_moment m = { .why = TCP_WHY_DATA, .payload = 9, .notes = note[i].notes };
		assert_non_null(strstr(long_words(m), note[i].words[LANG_EN]));
		assert_non_null(strstr(in_chinese(m), note[i].words[LANG_ZH]));
		assert_chinese(buf);
	}
}

/* ---- room ------------------------------------------------------------------------------- */

/* All at once: nothing is longer than was promised. */
static void the_longest_words_fit(void **state)
{
	struct tcp_moment m = { .payload = UINT32_MAX, .acked = UINT32_MAX, .seq = UINT32_MAX,
				.ack = UINT32_MAX, .flags = UINT16_MAX, .count = UINT32_MAX,
				.waited_ns = UINT64_MAX, .mss = 65535, .window = UINT32_MAX,
				.options = UINT16_MAX, .notes = UINT8_MAX, .lost = true,
				.wscale = UINT8_MAX, .trouble = (1u << TCP_T_COUNT) - 1 };
	char name[TCP_NAME_MAX + 1];

	(void)state;
	memset(name, 'x', TCP_NAME_MAX);
	name[TCP_NAME_MAX] = '\0';
	for (unsigned lang = 0; lang < LANG_COUNT; lang++)
		for (unsigned why = 0; why < TCP_WHY_COUNT; why++)
			for (unsigned known = 0; known < 2; known++) {
				m.why = (uint8_t)why;
				m.cause_frame = known ? UINT64_MAX : 0;
				(void)long_of((struct tcp_names){ .side = { name, name },
								  .lang = (enum lang)lang }, m);
				(void)short_in((enum lang)lang, m);
			}
}

/* ---- a whole connection ----------------------------------------------------------------- */

static const char *story_of(const struct tcp_story *s, struct tcp_names who)
{
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_words_story(&t, s, &who);
	assert_false(t.cut);
	return buf;
}

static void a_connection_is_told_in_a_sentence(void **state)
{
	struct tcp_story s = { .initiator = 0, .open = TCP_OPEN_COMPLETE, .has_rtt = true,
			       .rtt_ns = 500 * USEC_NS, .close = TCP_CLOSE_FIN3, .first_fin_by = 1 };

	(void)state;
	s.side[0].payload = 1312;
	s.side[1].payload = 48230;
	s.side[0].trouble[TCP_T_RETRANSMISSION] = 2;
	assert_string_equal(story_of(&s, tcp_names_of(0, LANG_EN)),
			    "A complete handshake in 0.500 ms; 1,312 bytes from client, 48,230 from"
			    " server; closed in three segments: the second FIN acknowledged the"
			    " first, server first. Trouble: retransmission (2).");
	assert_string_equal(story_of(&s, tcp_names_of(0, LANG_ZH)),
			    "完整的三次握手，用时 0.500 ms；客户端发送 1,312 字节，"
			    "服务器发送 48,230 字节；用三个报文段关闭，"
			    "第二个 FIN 同时确认了第一个，第一个 FIN 来自服务器。"
			    "问题：重传 2 次。");
}

static void every_story_is_told_in_chinese(void **state)
{
	struct tcp_names hosts = { .side = { "alice", "bob" }, .lang = LANG_ZH };

	(void)state;
	for (unsigned open = 0; open <= TCP_OPEN_ODD; open++)
		for (unsigned close = 0; close <= TCP_CLOSE_NONE; close++) {
			struct tcp_story s = { .open = (enum tcp_open)open, .has_rtt = true,
					       .close = (enum tcp_close)close, .first_fin_by = 0 };
			s.side[0].trouble[(open + close) % TCP_T_COUNT] = 1;
			assert_chinese(story_of(&s, hosts));
			assert_non_null(strstr(buf, " 1 次。"));
		}
}

static void a_story_with_all_troubles_fits(void **state)
{
	struct tcp_story s = { .open = TCP_OPEN_COMPLETE, .has_rtt = true, .rtt_ns = UINT64_MAX,
			       .close = TCP_CLOSE_HALF, .first_fin_by = 1 };
	char name[TCP_NAME_MAX + 1];

	(void)state;
	memset(name, 'x', TCP_NAME_MAX);
	name[TCP_NAME_MAX] = '\0';
	s.side[0].payload = s.side[1].payload = UINT64_MAX;
	for (unsigned k = 0; k < TCP_T_COUNT; k++)
		s.side[0].trouble[k] = UINT64_MAX;
	for (unsigned lang = 0; lang < LANG_COUNT; lang++)
		(void)story_of(&s, (struct tcp_names){ .side = { name, name },
						       .lang = (enum lang)lang });
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
		cmocka_unit_test(a_host_keeps_the_letters_of_its_name),
		cmocka_unit_test(the_sides_are_called_by_what_they_did),
		cmocka_unit_test(chinese_sentences_name_the_frame_and_the_section_too),
		cmocka_unit_test(what_a_syn_offers_is_told_in_chinese),
		cmocka_unit_test(the_margin_is_short_in_chinese),
		cmocka_unit_test(every_reason_is_a_chinese_sentence),
		cmocka_unit_test(the_margin_speaks_in_both_languages_or_in_neither),
		cmocka_unit_test(every_trouble_has_its_words_in_both_languages),
		cmocka_unit_test(every_note_has_its_words_in_both_languages),
		cmocka_unit_test(the_longest_words_fit),
		cmocka_unit_test(a_connection_is_told_in_a_sentence),
		cmocka_unit_test(every_story_is_told_in_chinese),
		cmocka_unit_test(a_story_with_all_troubles_fits),
	};

	return cmocka_run_group_tests_name("tcp_words", tests, NULL, NULL);
}
