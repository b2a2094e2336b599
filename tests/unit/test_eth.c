/* eth.h: Ethernet II headers and up to two VLAN tags */
#include "told.h"

#include "wirelab/eth.h"

/* QinQ: service tag 100, customer tag 7 with priority 5, ARP behind them */
/* clang-format off */
static const uint8_t two_tags[] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0x02, 0x00, 0x00, 0x00, 0x00, 0x01,
	0x88, 0xa8, 0x00, 0x64,
	0x81, 0x00, 0xa0, 0x07,
	0x08, 0x06,
};
/* clang-format on */

static void a_header_with_two_tags_is_read_understood_and_built_again(void **state)
{
	uint8_t payload[] = { 0xde, 0xad }, frame[sizeof(two_tags) + 2], again[60];
	struct eth_hdr h;

	(void)state;
	memcpy(frame, two_tags, sizeof(two_tags));
	memcpy(frame + sizeof(two_tags), payload, 2);
	struct rd r = rd_over(frame, sizeof(frame));
	assert_int_equal(eth_parse(&r, &h), V_OK);
	assert_mac(h.dst, MAC_BROADCAST);
	assert_mac(h.src, hw("02:00:00:00:00:01"));
	assert_int_equal(h.n_tags, 2);
	assert_int_equal(h.tag[0].tpid, ETH_QINQ);
	assert_int_equal(h.tag[0].tci & ETH_VID_MASK, 100);
	assert_int_equal(h.tag[1].tpid, ETH_VLAN);
	assert_int_equal(h.tag[1].tci & ETH_VID_MASK, 7);
	assert_int_equal(h.tag[1].tci >> 13, 5);
	assert_int_equal(h.type, ETH_ARP);
	assert_int_equal(rd_be16(&r), 0xdead);		/* r stands on the payload */

	struct wr w = wr_over(again, sizeof(again));
	eth_build(&w, &h);
	assert_int_equal(w.len, eth_length(&h));
	assert_memory_equal(again, two_tags, sizeof(two_tags));
	eth_pad(&w);
	assert_int_equal(w.len, ETH_MIN_FRAME);
	assert_true(wr_ok(&w));
}

static void a_header_cut_anywhere_is_too_short_and_leaves_the_struct_alone(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(two_tags); len++) {
		uint8_t *p = exactly(two_tags, len);
		struct rd r = rd_over(p, len);
		struct eth_hdr h = { .type = 0x1234, .n_tags = 9 };
		assert_int_equal(eth_parse(&r, &h), V_SHORT);
		assert_true(h.type == 0x1234 && h.n_tags == 9);
		free(p);
	}
}

static void a_third_tag_is_more_than_this_code_reads(void **state)
{
	uint8_t frame[26];
	struct eth_hdr h = { .type = 0x1234 };

	(void)state;
	memcpy(frame, two_tags, 20);
	memcpy(frame + 20, two_tags + 16, 4);
	memcpy(frame + 24, two_tags + 20, 2);
	struct rd r = rd_over(frame, sizeof(frame));
	assert_int_equal(eth_parse(&r, &h), V_UNSUPPORTED);
	assert_int_equal(h.type, 0x1234);
}

/* IEEE 802.3 3.2.6: up to 1,500 it is a length. */
static void an_802_3_frame_is_handed_on_with_its_length_for_a_type(void **state)
{
	uint8_t frame[14] = { 0x01, 0x80, 0xc2, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0x00, 0x26 };
	struct rd r = rd_over(frame, sizeof(frame));
	struct eth_hdr h;

	(void)state;
	assert_int_equal(eth_parse(&r, &h), V_OK);
	assert_true(h.type <= ETH_LENGTH_MAX);
}

static void what_any_random_frame_is_read_as_is_built_again_to_the_byte(void **state)
{
	struct chance c = { 5 };
	unsigned tags[ETH_MAX_TAGS + 1] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		uint8_t bytes[22], again[22];
		chance_fill(&c, bytes, sizeof(bytes));
		for (size_t at_tag = 12; at_tag < 20 && chance_below(&c, 2); at_tag += 4)
			memcpy(bytes + at_tag, two_tags + 12 + 4 * chance_below(&c, 2), 2);
		struct rd r = rd_over(bytes, sizeof(bytes));
		struct wr w = wr_over(again, sizeof(again));
		struct eth_hdr h;
		if (eth_parse(&r, &h) != V_OK)
			continue;
		tags[h.n_tags]++;
		eth_build(&w, &h);
		assert_true(wr_ok(&w));
		assert_int_equal(w.len, sizeof(bytes) - r.left);
		assert_memory_equal(again, bytes, w.len);
	}
	assert_true(tags[0] > 1000 && tags[1] > 1000 && tags[2] > 1000);
}

static void a_long_frame_is_not_padded_and_a_full_buffer_says_so(void **state)
{
	uint8_t buf[100];
	struct wr w = wr_over(buf, sizeof(buf));

	(void)state;
	wr_zero(&w, 61);
	eth_pad(&w);
	assert_int_equal(w.len, 61);
	w = wr_over(buf, 59);
	wr_u8(&w, 1);
	eth_pad(&w);
	assert_false(wr_ok(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_with_two_tags_is_read_understood_and_built_again),
		cmocka_unit_test(a_header_cut_anywhere_is_too_short_and_leaves_the_struct_alone),
		cmocka_unit_test(a_third_tag_is_more_than_this_code_reads),
		cmocka_unit_test(an_802_3_frame_is_handed_on_with_its_length_for_a_type),
		cmocka_unit_test(what_any_random_frame_is_read_as_is_built_again_to_the_byte),
		cmocka_unit_test(a_long_frame_is_not_padded_and_a_full_buffer_says_so),
	};

	return cmocka_run_group_tests_name("eth", tests, NULL, NULL);
}
