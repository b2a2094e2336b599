/* arp.h: the ARP message and the frame around it (RFC 826) */
#include "told.h"

#include "libnet_bytes.h"
#include "wirelab/arp.h"

/* 192.168.1.1 asks everybody for 192.168.1.7; padded to the minimum by the card */
/* clang-format off */
static const uint8_t question[60] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0x02, 0x00, 0x00, 0x00, 0x00, 0x01,
	0x08, 0x06,
	0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01,
	0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 192, 168, 1, 1,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 192, 168, 1, 7,
};
/* the same, in VLAN 42 */
static const uint8_t tagged_question[64] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0x02, 0x00, 0x00, 0x00, 0x00, 0x01,
	0x81, 0x00, 0x00, 0x2a,
	0x08, 0x06,
	0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01,
	0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 192, 168, 1, 1,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 192, 168, 1, 7,
};
/* clang-format on */

static void a_question_is_read_from_the_wire_and_built_again_to_the_byte(void **state)
{
	uint8_t again[ARP_FRAME_MAX];
	struct arp_frame f;

	(void)state;
	arp_frame_parse(question, sizeof(question), &f);
	assert_int_equal(f.verdict, V_OK);
	assert_int_equal(f.eth.type, ETH_ARP);
	assert_int_equal(f.fixed.htype, ARP_HTYPE_ETHERNET);
	assert_int_equal(f.fixed.ptype, ARP_PTYPE_IPV4);
	assert_int_equal(f.msg.op, ARP_REQUEST);
	assert_mac(f.msg.sender_mac, hw("02:00:00:00:00:01"));
	assert_ip(f.msg.sender_ip, addr("192.168.1.1"));
	assert_mac(f.msg.target_mac, MAC_ZERO);
	assert_ip(f.msg.target_ip, addr("192.168.1.7"));
	assert_int_equal(f.trailer, 18);
	assert_int_equal(arp_frame_build(again, &f.eth, &f.msg), 60);
	assert_memory_equal(again, question, 60);
}

/* IEEE 802.1Q annex G.2.3: a switch that takes the tag off must not be left with a runt. */
static void frames_are_padded_to_60_bytes_and_4_more_for_each_tag(void **state)
{
	uint8_t buf[ARP_FRAME_MAX];
	struct arp_frame f;

	(void)state;
	arp_frame_parse(tagged_question, sizeof(tagged_question), &f);
	assert_int_equal(f.verdict, V_OK);
	for (unsigned tags = 0; tags <= ETH_MAX_TAGS; tags++) {
		memset(buf, 0xaa, sizeof(buf));
		f.eth.n_tags = tags;
		f.eth.tag[1] = f.eth.tag[0];
		assert_int_equal(arp_frame_build(buf, &f.eth, &f.msg), 60 + 4 * tags);
		for (size_t i = 42 + 4 * tags; i < 60 + 4 * tags; i++)
			assert_int_equal(buf[i], 0);	/* nothing of ours leaks in the padding */
		if (tags == 1)
			assert_memory_equal(buf, tagged_question, 64);
	}
}

static void a_frame_cut_anywhere_is_too_short_whatever_its_header_length(void **state)
{
	static const struct { const uint8_t *frame; size_t header; } whole[] = {
		{ question, 14 }, { tagged_question, 18 },
	};

	(void)state;
	for (size_t k = 0; k < LENGTH(whole); k++)
		for (size_t len = 0; len <= whole[k].header + ARP_IPV4_LEN; len++) {
			uint8_t *p = exactly(whole[k].frame, len);
			size_t header = whole[k].header;
			struct arp_frame f;
			arp_frame_parse(p, len, &f);
			assert_int_equal(f.verdict, len < header + ARP_IPV4_LEN ? V_SHORT : V_OK);
			assert_int_equal(f.stage, len < header ? ARP_AT_ETH
						  : len < header + 8 ? ARP_AT_FIXED : ARP_AT_BODY);
			free(p);
		}
}

static void a_message_that_is_refused_leaves_the_struct_alone(void **state)
{
	static const struct { size_t at; uint8_t value; enum verdict verdict; } wrong[] = {
		{ 1, 6, V_UNSUPPORTED },	/* hardware type 6: IEEE 802 */
		{ 2, 0x86, V_UNSUPPORTED },	/* protocol type 0x8600 */
		{ 4, 8, V_UNSUPPORTED },
		{ 4, 0, V_UNSUPPORTED },
		{ 5, 16, V_UNSUPPORTED },
		{ 5, 255, V_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		uint8_t *p = exactly(question + 14, ARP_IPV4_LEN);
		p[wrong[i].at] = wrong[i].value;
		struct rd r = rd_over(p, ARP_IPV4_LEN);
		struct arp_msg msg = { .op = 77 };
		assert_int_equal(arp_parse(&r, &msg), wrong[i].verdict);
		assert_int_equal(msg.op, 77);
		free(p);
	}
	for (size_t len = 0; len < ARP_IPV4_LEN; len++) {
		uint8_t *p = exactly(question + 14, len);
		struct rd r = rd_over(p, len);
		struct arp_msg msg = { .op = 77 };
		assert_int_equal(arp_parse(&r, &msg), V_SHORT);
		assert_int_equal(msg.op, 77);
		free(p);
	}
}

/* RFC 826 merges the sender before it looks at the operation. */
static void rfc826_an_unknown_operation_is_read_like_any_other(void **state)
{
	uint8_t bytes[ARP_IPV4_LEN];
	struct arp_msg msg;

	(void)state;
	memcpy(bytes, question + 14, sizeof(bytes));
	bytes[6] = 0xbe;
	bytes[7] = 0xef;
	struct rd r = rd_over(bytes, sizeof(bytes));
	assert_int_equal(arp_parse(&r, &msg), V_OK);
	assert_int_equal(msg.op, 0xbeef);
	assert_int_equal(r.left, 0);
}

static void other_frames_are_not_arp(void **state)
{
	uint8_t frame[60];
	struct arp_frame f;

	(void)state;
	memcpy(frame, question, sizeof(frame));
	frame[12] = 0x86;
	frame[13] = 0xdd;
	arp_frame_parse(frame, sizeof(frame), &f);
	assert_int_equal(f.verdict, V_UNSUPPORTED);
	assert_int_equal(f.stage, ARP_AT_ETH);
	assert_int_equal(f.eth.type, ETH_IPV6);
}

static void a_message_is_written_whole_or_not_at_all(void **state)
{
	struct arp_frame f;

	(void)state;
	arp_frame_parse(question, sizeof(question), &f);
	for (size_t cap = 0; cap < ARP_IPV4_LEN; cap++) {
		uint8_t *p = malloc(cap);
		struct wr w = wr_over(p, cap);
		arp_build(&w, &f.msg);
		assert_false(wr_ok(&w));
		assert_int_equal(w.len, 0);
		free(p);
	}
}

/* RFC 5227 1.1 and RFC 5944 4.6: three kinds told from ordinary talk by two addresses. */
static void rfc5227_1_1_probe_announcement_and_gratuitous_reply_are_told_apart(void **state)
{
	static const struct {
		uint16_t op;
		const char *sender, *target;
		bool probe, announcement, gratuitous;
	} kind[] = {
		{ ARP_REQUEST, "0.0.0.0", "10.0.0.7", true, false, false },
		{ ARP_REPLY, "0.0.0.0", "10.0.0.7", false, false, false },
		{ ARP_REQUEST, "10.0.0.7", "10.0.0.7", false, true, true },
		{ ARP_REPLY, "10.0.0.7", "10.0.0.7", false, false, true },
		{ ARP_REQUEST, "10.0.0.1", "10.0.0.7", false, false, false },
		{ ARP_REQUEST, "0.0.0.0", "0.0.0.0", false, false, false },
		{ ARP_REPLY, "0.0.0.0", "0.0.0.0", false, false, false },
		{ 9, "10.0.0.7", "10.0.0.7", false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(kind); i++) {
		struct arp_msg m = { .op = kind[i].op, .sender_ip = addr(kind[i].sender),
				     .target_ip = addr(kind[i].target) };
		assert_int_equal(arp_is_probe(&m), kind[i].probe);
		assert_int_equal(arp_is_announcement(&m), kind[i].announcement);
		assert_int_equal(arp_is_gratuitous(&m), kind[i].gratuitous);
	}
}

static void draw_frame(struct chance *c, struct eth_hdr *eth, struct arp_msg *msg)
{
	*eth = (struct eth_hdr){ .type = ETH_ARP, .n_tags = (unsigned)chance_below(c, 2) };
	chance_fill(c, eth->dst.b, 6);
	chance_fill(c, eth->src.b, 6);
	if (eth->n_tags)
		eth->tag[0] = (struct eth_tag){ chance_below(c, 2) ? ETH_VLAN : ETH_QINQ,
						(uint16_t)chance_next(c) };
	msg->op = (uint16_t)chance_next(c);
	chance_fill(c, msg->sender_mac.b, 6);
	chance_fill(c, msg->sender_ip.b, 4);
	chance_fill(c, msg->target_mac.b, 6);
	chance_fill(c, msg->target_ip.b, 4);
}

static void libnet_builds_the_same_bytes_from_the_same_fields(void **state)
{
	struct chance c = { 6 };

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t ours[ARP_FRAME_MAX], theirs[ARP_FRAME_MAX];
		struct eth_hdr eth;
		struct arp_msg msg;
		draw_frame(&c, &eth, &msg);
		size_t len = arp_frame_build(ours, &eth, &msg);
		assert_int_equal(libnet_bytes_arp(theirs, sizeof(theirs), &eth, &msg, 18), len);
		assert_memory_equal(ours, theirs, len);
	}
}

static void what_is_parsed_is_built_again_and_what_is_built_is_parsed_again(void **state)
{
	struct chance c = { 7 };

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		uint8_t bytes[ARP_FRAME_MAX], again[ARP_FRAME_MAX];
		struct eth_hdr eth;
		struct arp_msg msg;
		struct arp_frame f;
		draw_frame(&c, &eth, &msg);
		size_t len = arp_frame_build(bytes, &eth, &msg);
		uint8_t *p = exactly(bytes, len);
		arp_frame_parse(p, len, &f);
		free(p);
		assert_int_equal(f.verdict, V_OK);
		assert_int_equal(f.trailer, 18);
		assert_memory_equal(&f.msg, &msg, sizeof(msg));
		assert_int_equal(arp_frame_build(again, &f.eth, &f.msg), len);
		assert_memory_equal(again, bytes, len);
	}
}

static void every_verdict_has_its_own_words(void **state)
{
	(void)state;
	assert_string_equal(verdict_name(V_OK), "ok");
	for (int v = V_OK; v <= V_UNSUPPORTED + 1; v++)
		for (int w = V_OK; w < v; w++)
			assert_string_not_equal(verdict_name((enum verdict)v),
						verdict_name((enum verdict)w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_read_from_the_wire_and_built_again_to_the_byte),
		cmocka_unit_test(frames_are_padded_to_60_bytes_and_4_more_for_each_tag),
		cmocka_unit_test(a_frame_cut_anywhere_is_too_short_whatever_its_header_length),
		cmocka_unit_test(a_message_that_is_refused_leaves_the_struct_alone),
		cmocka_unit_test(rfc826_an_unknown_operation_is_read_like_any_other),
		cmocka_unit_test(other_frames_are_not_arp),
		cmocka_unit_test(a_message_is_written_whole_or_not_at_all),
		cmocka_unit_test(
			rfc5227_1_1_probe_announcement_and_gratuitous_reply_are_told_apart),
		cmocka_unit_test(every_verdict_has_its_own_words),
		cmocka_unit_test(libnet_builds_the_same_bytes_from_the_same_fields),
		cmocka_unit_test(what_is_parsed_is_built_again_and_what_is_built_is_parsed_again),
	};

	return cmocka_run_group_tests_name("arp", tests, NULL, NULL);
}
