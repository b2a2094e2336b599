/* tcp.h, tcp_seq.h: the TCP header, its options, and numbers on a circle (RFC 9293) */
#include "told.h"

#include "libnet_bytes.h"
#include "wirelab/tcp.h"
#include "wirelab/tcp_seq.h"

/* clang-format off */
/* a SYN as Linux sends it: MSS 1460, SACK permitted, timestamps, NOP, window scale 7 */
static const uint8_t syn[40] = {
	0xc0, 0x00, 0x00, 0x50,
	0x12, 0x34, 0x56, 0x78,
	0x00, 0x00, 0x00, 0x00,
	0xa0, 0x02, 0xfa, 0xf0,
	0x00, 0x00, 0x00, 0x00,
	2, 4, 0x05, 0xb4,
	4, 2,
	8, 10, 0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0,
	1,
	3, 3, 7,
};
/* clang-format on */

static enum verdict options(const void *bytes, size_t len, struct tcp_options *o, size_t *at)
{
	uint8_t *p = exactly(bytes, len);
	enum verdict v = tcp_parse_options(p, len, len, o, at);

	free(p);
	return v;
}

static void a_syn_is_read_with_its_options_in_their_order(void **state)
{
	static const uint8_t order[] = { 2, 4, 8, 1, 3 };
	struct rd r = rd_over(syn, sizeof(syn));
	struct tcp_options o;
	struct tcp_hdr h;
	size_t at;

	(void)state;
	assert_int_equal(tcp_parse(&r, &h), V_OK);
	assert_int_equal(h.sport, 49152);
	assert_int_equal(h.dport, 80);
	assert_true(h.seq == 0x12345678 && h.ack == 0);
	assert_int_equal(h.flags, TCP_SYN);
	assert_int_equal(h.window, 64240);
	assert_int_equal(h.header_len, 40);
	assert_int_equal(r.left, 20);
	assert_int_equal(options(r.at, r.left, &o, &at), V_OK);
	assert_int_equal(o.seen,
			 TCP_SEEN_MSS | TCP_SEEN_SACK_OK | TCP_SEEN_TS | TCP_SEEN_WSCALE);
	assert_int_equal(o.mss, 1460);
	assert_int_equal(o.wscale, 7);
	assert_true(o.ts_val == 0x11223344 && o.ts_ecr == 0);
	assert_int_equal(o.n_kinds, sizeof(order));
	assert_memory_equal(o.kind, order, sizeof(order));
}

static void a_header_cut_anywhere_is_too_short(void **state)
{
	(void)state;
	for (size_t len = 0; len < TCP_HEADER_MIN; len++) {
		uint8_t *p = exactly(syn, len);
		struct rd r = rd_over(p, len);
		struct tcp_hdr h = { .sport = 77 };
		assert_int_equal(tcp_parse(&r, &h), V_SHORT);
		assert_int_equal(h.sport, 77);
		free(p);
	}
}

static void a_data_offset_below_five_is_wrong_but_the_ports_are_told(void **state)
{
	(void)state;
	for (unsigned offset = 0; offset < 16; offset++) {
		uint8_t bytes[20];
		struct rd r = rd_over(bytes, sizeof(bytes));
		struct tcp_hdr h;
		memcpy(bytes, syn, sizeof(bytes));
		bytes[12] = (uint8_t)(offset << 4);
		assert_int_equal(tcp_parse(&r, &h), offset < 5 ? V_LENGTH : V_OK);
		assert_int_equal(h.header_len, offset * 4);
		assert_int_equal(h.sport, 49152);
	}
}

static void all_twelve_flag_bits_are_kept(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 0x1000; flags++) {
		uint8_t bytes[20];
		struct wr w = wr_over(bytes, sizeof(bytes));
		struct rd r = rd_over(bytes, sizeof(bytes));
		struct tcp_hdr h = { .flags = (uint16_t)flags };
		tcp_build(&w, &h, NULL, 0);
		assert_int_equal(tcp_parse(&r, &h), V_OK);
		assert_int_equal(h.flags, flags);
		assert_int_equal(h.header_len, 20);
	}
}

static void every_kind_is_read_at_its_own_length_only(void **state)
{
	static const struct { uint8_t kind; uint64_t fits; unsigned seen; } kind[] = {
		{ TCP_KIND_MSS, 1u << 4, TCP_SEEN_MSS },
		{ TCP_KIND_WSCALE, 1u << 3, TCP_SEEN_WSCALE },
		{ TCP_KIND_SACK_OK, 1u << 2, TCP_SEEN_SACK_OK },
		{ TCP_KIND_SACK, 1ull << 10 | 1ull << 18 | 1ull << 26 | 1ull << 34,
		  TCP_SEEN_SACK },
		{ TCP_KIND_TS, 1u << 10, TCP_SEEN_TS },
		{ TCP_KIND_MD5, 1u << 18, TCP_SEEN_MD5 },
		{ TCP_KIND_UTO, 1u << 4, TCP_SEEN_UTO },
		{ TCP_KIND_AO, ~UINT64_C(0xf), TCP_SEEN_AO },
		{ TCP_KIND_MPTCP, ~UINT64_C(0x7), TCP_SEEN_MPTCP },
		{ TCP_KIND_TFO, ~UINT64_C(0), TCP_SEEN_TFO },
		{ 77, ~UINT64_C(0), TCP_SEEN_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(kind); i++)
		for (size_t len = 2; len <= 37; len++) {
			uint8_t list[40] = { kind[i].kind, (uint8_t)len };
			bool fits = kind[i].fits >> len & 1;
			struct tcp_options o;
			size_t at = 99;
			memcpy(list + len, (uint8_t[]){ 3, 3, 9 }, 3);
			assert_int_equal(options(list, len + 3, &o, &at),
					 fits ? V_OK : V_LENGTH);
			assert_int_equal(at, fits ? 99 : 0);
			/* whatever it was, the window scale behind it is found */
			if (kind[i].kind != TCP_KIND_WSCALE)
				assert_int_equal(o.seen & ~TCP_SEEN_WSCALE,
						 fits ? kind[i].seen : 0);
			assert_int_equal(o.wscale, 9);
			assert_int_equal(o.n_kinds, 2);
		}
}

static void a_length_that_cannot_be_ends_the_list_there(void **state)
{
	static const struct { uint8_t list[6]; size_t len; size_t at; unsigned kinds; } bad[] = {
		{ { 1, 2, 0, 4, 2 }, 5, 1, 1 },		/* 0: it would never end */
		{ { 1, 2, 1, 4, 2 }, 5, 1, 1 },		/* 1 */
		{ { 1, 77, 0, 4, 2 }, 5, 1, 1 },
		{ { 1, 1, 2, 4, 5 }, 5, 2, 2 },		/* one byte past the end */
		{ { 4, 2, 8, 10, 0, 0 }, 6, 2, 1 },
		{ { 4, 2, 77, 255 }, 4, 2, 1 },
		{ { 1, 1, 1, 3 }, 4, 3, 3 },		/* a kind, and no length */
		{ { 3 }, 1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(bad); i++) {
		struct tcp_options o;
		size_t at = 99;
		assert_int_equal(options(bad[i].list, bad[i].len, &o, &at), V_LENGTH);
		assert_int_equal(at, bad[i].at);
		assert_int_equal(o.n_kinds, bad[i].kinds);
	}
}

static void behind_the_end_of_options_there_is_padding_and_nothing_else(void **state)
{
	static const uint8_t list[8] = { 4, 2, 0, 3, 3, 7, 2, 0 };
	static const uint8_t padded[8] = { 4, 2, 0, 0, 0, 0, 1, 0 };
	struct tcp_options o;
	size_t at;

	(void)state;
	assert_int_equal(options(list, sizeof(list), &o, &at), V_OK);
	assert_int_equal(o.seen, TCP_SEEN_SACK_OK);
	assert_int_equal(o.n_kinds, 2);
	assert_int_equal(o.kind[1], TCP_KIND_END);
	assert_int_equal(options(padded, sizeof(padded), &o, &at), V_OK);
	assert_int_equal(o.n_kinds, 5);
	assert_int_equal(options(NULL, 0, &o, &at), V_OK);
	assert_int_equal(o.n_kinds, 0);
}

static void a_list_that_the_capture_cuts_is_short_and_not_wrong(void **state)
{
	/* offset at which the option begins that each byte belongs to */
	static const uint8_t start[20] = { 0, 0, 0, 0, 4, 4, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 16,
					   17, 17, 17 };
	static const uint8_t kinds[21] = { 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4,
					   4, 5, 5 };

	(void)state;
	for (size_t here = 0; here <= 20; here++) {
		uint8_t *p = exactly(syn + 20, here);
		struct tcp_options o;
		size_t at = 99;
		assert_int_equal(tcp_parse_options(p, here, 20, &o, &at),
				 here < 20 ? V_SHORT : V_OK);
		assert_int_equal(at, here < 20 ? start[here] : 99);
		assert_int_equal(o.n_kinds, kinds[here]);
		assert_int_equal((o.seen & TCP_SEEN_MSS) != 0, here >= 4);
		assert_int_equal((o.seen & TCP_SEEN_TS) != 0, here >= 16);
		assert_int_equal((o.seen & TCP_SEEN_WSCALE) != 0, here >= 20);
		free(p);
	}
}

static void rfc2018_blocks_are_read_up_to_four(void **state)
{
	uint8_t list[36] = { 1, 1, 5, 34 };
	struct tcp_options o;
	size_t at;

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		list[4 + i] = i;
	assert_int_equal(options(list, sizeof(list), &o, &at), V_OK);
	assert_int_equal(o.n_sack, 4);
	assert_true(o.sack[0].left == 0x00010203 && o.sack[0].right == 0x04050607);
	assert_true(o.sack[3].left == 0x18191a1b && o.sack[3].right == 0x1c1d1e1f);
}

/* RFC 7413 4.1.1 and its appendix A: before it had a number, it had a magic. */
static void rfc7413_a_cookie_is_found_under_both_kinds(void **state)
{
	static const uint8_t asked[4] = { 34, 2, 1, 1 };
	static const uint8_t given[12] = { 1, 1, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t early[12] = { 254, 12, 0xf9, 0x89, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t another[8] = { 253, 6, 0x12, 0x34, 1, 2, 1, 1 };
	struct tcp_options o;
	size_t at;

	(void)state;
	assert_int_equal(options(asked, sizeof(asked), &o, &at), V_OK);
	assert_true(o.seen == TCP_SEEN_TFO && o.tfo_len == 0);
	assert_int_equal(options(given, sizeof(given), &o, &at), V_OK);
	assert_true(o.seen == TCP_SEEN_TFO && o.tfo_len == 8 && o.tfo_at == 4);
	assert_int_equal(options(early, sizeof(early), &o, &at), V_OK);
	assert_true(o.seen == TCP_SEEN_TFO && o.tfo_len == 8 && o.tfo_at == 4);
	assert_int_equal(o.kind[0], TCP_KIND_EXP2);
	assert_int_equal(options(another, sizeof(another), &o, &at), V_OK);
	assert_int_equal(o.seen, TCP_SEEN_OTHER);
}

static void rfc7323_2_3_a_shift_beyond_14_is_used_as_14(void **state)
{
	(void)state;
	for (unsigned shift = 0; shift < 256; shift++) {
		struct tcp_options o;
		size_t at;
		assert_int_equal(options((uint8_t[]){ 3, 3, (uint8_t)shift }, 3, &o, &at), V_OK);
		assert_int_equal(o.wscale, shift);
		assert_int_equal(tcp_shift(&o), shift < 14 ? shift : 14);
	}
}

/* Every byte of the layout that has a path of its own, changed one at a time. */
static void the_common_layout_is_read_as_any_other_would_be(void **state)
{
	static const uint8_t common[12] = { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	uint8_t longer[13] = { 0 };
	struct tcp_options fast, slow;
	size_t at;

	(void)state;
	memcpy(longer, common, sizeof(common));
	longer[12] = 1;		/* one NOP more, and the short cut is not taken */
	assert_int_equal(options(common, 12, &fast, &at), V_OK);
	assert_int_equal(options(longer, 13, &slow, &at), V_OK);
	assert_true(fast.seen == slow.seen && fast.ts_val == slow.ts_val);
	assert_true(fast.ts_val == 0x01020304 && fast.ts_ecr == 0x05060708);
	assert_memory_equal(fast.kind, slow.kind, 3);
	assert_int_equal(fast.n_kinds, 3);
}

static void what_is_built_is_parsed_again_and_its_sum_is_right(void **state)
{
	struct chance c = { 13 };

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t bytes[100], list[40];
		struct wr w = wr_over(bytes, sizeof(bytes));
		struct tcp_hdr h = { .sport = (uint16_t)chance_next(&c),
				     .dport = (uint16_t)chance_next(&c),
				     .seq = (uint32_t)chance_next(&c),
				     .ack = (uint32_t)chance_next(&c),
				     .flags = (uint16_t)chance_below(&c, 4096),
				     .window = (uint16_t)chance_next(&c),
				     .urgent = (uint16_t)chance_next(&c) }, read;
		struct ip4 a, b;
		size_t n = chance_below(&c, 41), data = chance_below(&c, 40);
		chance_fill(&c, a.b, 4);
		chance_fill(&c, b.b, 4);
		chance_fill(&c, list, n);
		tcp_build(&w, &h, list, n);
		wr_zero(&w, data);
		assert_true(wr_ok(&w) && w.len == 20 + (n + 3) / 4 * 4 + data);
		tcp_seal4(bytes, w.len, a, b);
		assert_int_equal(tcp_check4(bytes, w.len, a, b), V_OK);
		struct rd r = rd_over(bytes, w.len);
		assert_int_equal(tcp_parse(&r, &read), V_OK);
		assert_true(read.sport == h.sport && read.dport == h.dport && read.seq == h.seq);
		assert_true(read.ack == h.ack && read.flags == h.flags && read.urgent == h.urgent);
		assert_int_equal(read.header_len, 20 + (n + 3) / 4 * 4);
		assert_true(n == 0 || memcmp(r.at, list, n) == 0);
		bytes[chance_below(&c, w.len)] ^= (uint8_t)(1 + chance_below(&c, 255));
		assert_int_equal(tcp_check4(bytes, w.len, a, b), V_CHECKSUM);
	}
	struct wr w = wr_over((uint8_t[80]){ 0 }, 80);
	tcp_build(&w, &(struct tcp_hdr){ .sport = 1 }, (uint8_t[41]){ 0 }, 41);
	assert_true(!wr_ok(&w) && w.len == 0);
}

static void libnet_builds_the_same_segments(void **state)
{
	struct chance c = { 14 };
	uint8_t data[64];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t ours[128], theirs[128];
		struct wr w = wr_over(ours, sizeof(ours));
		size_t len = chance_below(&c, sizeof(data));
		struct ip4_hdr ip = { .total_len = (uint16_t)(40 + len), .ttl = 64,
				      .proto = IP_PROTO_TCP };
		struct tcp_hdr h = { .sport = (uint16_t)chance_next(&c), .dport = 80,
				     .seq = (uint32_t)chance_next(&c),
				     .ack = (uint32_t)chance_next(&c),
				     .flags = (uint8_t)chance_next(&c),
				     .window = (uint16_t)chance_next(&c) };
		chance_fill(&c, data, len);
		chance_fill(&c, ip.src.b, 4);
		chance_fill(&c, ip.dst.b, 4);
		ip4_build(&w, &ip);
		tcp_build(&w, &h, NULL, 0);
		wr_copy(&w, data, len);
		tcp_seal4(ours + 20, 20 + len, ip.src, ip.dst);
		assert_int_equal(libnet_bytes_tcp4(theirs, sizeof(theirs), &ip, &h, data, len),
				 w.len);
		assert_memory_equal(ours, theirs, w.len);
	}
}

static void over_ip6_the_addresses_are_summed_too(void **state)
{
	uint8_t bytes[40];
	struct ip6 a = { { 0x20, 1 } }, b = { { 0xfd } };

	(void)state;
	memcpy(bytes, syn, sizeof(bytes));
	tcp_seal6(bytes, sizeof(bytes), a, b);
	assert_int_equal(tcp_check6(bytes, sizeof(bytes), a, b), V_OK);
	b.b[15] = 1;
	assert_int_equal(tcp_check6(bytes, sizeof(bytes), a, b), V_CHECKSUM);
}

static void rfc9293_3_4_numbers_go_round_and_before_is_half_the_circle(void **state)
{
	static const uint32_t from[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < LENGTH(from); i++) {
		uint32_t a = from[i];
		assert_false(seq_before(a, a));
		assert_true(seq_before_eq(a, a));
		assert_true(seq_before(a, a + 1) && !seq_before(a + 1, a));
		assert_true(seq_before(a, a + 0x7fffffff) && !seq_before(a + 0x7fffffff, a));
		/* half a circle apart: neither is before the other */
		assert_true(!seq_before(a, a + SEQ_HALF) && !seq_before(a + SEQ_HALF, a));
		assert_true(seq_later(a, a + 9) == a + 9 && seq_later(a + 9, a) == a + 9);
		assert_true(seq_ahead(a, a + 5) == 5);
		assert_true(seq_in_window(a, a, 1) && !seq_in_window(a, a, 0));
		assert_true(seq_in_window(a + 9, a, 10) && !seq_in_window(a + 10, a, 10));
		assert_false(seq_in_window(a - 1, a, 10));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_is_read_with_its_options_in_their_order),
		cmocka_unit_test(a_header_cut_anywhere_is_too_short),
		cmocka_unit_test(a_data_offset_below_five_is_wrong_but_the_ports_are_told),
		cmocka_unit_test(all_twelve_flag_bits_are_kept),
		cmocka_unit_test(every_kind_is_read_at_its_own_length_only),
		cmocka_unit_test(a_length_that_cannot_be_ends_the_list_there),
		cmocka_unit_test(behind_the_end_of_options_there_is_padding_and_nothing_else),
		cmocka_unit_test(a_list_that_the_capture_cuts_is_short_and_not_wrong),
		cmocka_unit_test(rfc2018_blocks_are_read_up_to_four),
		cmocka_unit_test(rfc7413_a_cookie_is_found_under_both_kinds),
		cmocka_unit_test(rfc7323_2_3_a_shift_beyond_14_is_used_as_14),
		cmocka_unit_test(the_common_layout_is_read_as_any_other_would_be),
		cmocka_unit_test(what_is_built_is_parsed_again_and_its_sum_is_right),
		cmocka_unit_test(libnet_builds_the_same_segments),
		cmocka_unit_test(over_ip6_the_addresses_are_summed_too),
		cmocka_unit_test(rfc9293_3_4_numbers_go_round_and_before_is_half_the_circle),
	};

	return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
