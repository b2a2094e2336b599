/* arp_judge.h: every refusal has a name */
#include "told.h"

#include "wirelab/arp_judge.h"

#define US "02:00:00:00:00:01"
#define PEER "02:00:00:00:00:07"
#define LIAR "02:00:00:00:00:66"

static struct arp_self self_in(uint16_t vlan)
{
	return (struct arp_self){ .mac = hw(US), .ip = addr("192.168.1.1"), .vlan = vlan };
}

/* One frame as text: what is on the wire, and the name it must get. */
struct told {
	const char *dst, *src;			/* of the frame */
	uint16_t op;
	const char *sender_mac, *sender_ip, *target_mac, *target_ip;
	enum arp_finding finding;
};

static struct arp_frame heard(const struct told *t)
{
	struct arp_msg msg = { .op = t->op, .sender_mac = hw(t->sender_mac),
			       .sender_ip = addr(t->sender_ip), .target_mac = hw(t->target_mac),
			       .target_ip = addr(t->target_ip) };

	return frame_of(hw(t->dst), hw(t->src), &msg);
}

#define ALL "ff:ff:ff:ff:ff:ff"
#define NIL "00:00:00:00:00:00"

/* clang-format off */
static const struct told whole[] = {
/* the answer, and the two odd ways in which it may come */
{ US,  PEER, 2, PEER, "192.168.1.7", US, "192.168.1.1", ARP_F_REPLY },
{ ALL, PEER, 2, PEER, "192.168.1.7", US, "192.168.1.1", ARP_F_REPLY_BROADCAST },
{ US,  LIAR, 2, PEER, "192.168.1.7", US, "192.168.1.1", ARP_F_REPLY_RELAYED },
/* ordinary talk */
{ ALL, PEER, 1, PEER, "192.168.1.7", NIL, "192.168.1.9", ARP_F_REQUEST },
{ ALL, PEER, 1, PEER, "192.168.1.7", NIL, "192.168.1.1", ARP_F_REQUEST_FOR_US },
{ ALL, PEER, 1, PEER, "0.0.0.0",     NIL, "192.168.1.7", ARP_F_PROBE },
{ ALL, PEER, 1, PEER, "0.0.0.0",     NIL, "192.168.1.1", ARP_F_PROBE },
{ ALL, PEER, 1, PEER, "192.168.1.7", NIL, "192.168.1.7", ARP_F_ANNOUNCEMENT },
{ ALL, PEER, 2, PEER, "192.168.1.7", ALL, "192.168.1.7", ARP_F_GRATUITOUS_REPLY },
{ US,  PEER, 2, PEER, "192.168.1.7", US,  "192.168.1.7", ARP_F_GRATUITOUS_REPLY },
{ ALL, PEER, 2, PEER, "192.168.1.7", LIAR, "192.168.1.9", ARP_F_REPLY_FOR_OTHER },
{ LIAR, PEER, 2, PEER, "192.168.1.7", LIAR, "192.168.1.9", ARP_F_REPLY_FOR_OTHER },
{ ALL, US,   1, US,   "192.168.1.1", NIL, "192.168.1.7", ARP_F_ECHO },
{ ALL, US,   1, US,   "0.0.0.0",     NIL, "192.168.1.7", ARP_F_ECHO },
/* what cannot be right */
{ US,  PEER, 0,     PEER, "192.168.1.7", US, "192.168.1.1", ARP_F_OPERATION },
{ US,  PEER, 3,     PEER, "192.168.1.7", US, "192.168.1.1", ARP_F_OPERATION },
{ US,  PEER, 0x200, PEER, "192.168.1.7", US, "192.168.1.1", ARP_F_OPERATION },
{ US,  PEER, 2, ALL,  "192.168.1.7", US, "192.168.1.1", ARP_F_SENDER_MAC_BROADCAST },
{ ALL, PEER, 1, ALL,  "192.168.1.7", NIL, "192.168.1.9", ARP_F_SENDER_MAC_BROADCAST },
{ US,  PEER, 2, "01:00:5e:00:00:07", "192.168.1.7", US, "192.168.1.1",
	ARP_F_SENDER_MAC_MULTICAST },
{ US,  PEER, 2, NIL,  "192.168.1.7", US, "192.168.1.1", ARP_F_SENDER_MAC_ZERO },
{ US,  PEER, 2, US,   "192.168.1.7", US, "192.168.1.1", ARP_F_SENDER_MAC_OURS },
{ US,  PEER, 2, PEER, "0.0.0.0",     US, "192.168.1.1", ARP_F_SENDER_IP_ZERO },
{ US,  PEER, 2, PEER, "192.168.1.1", US, "192.168.1.1", ARP_F_SENDER_IP_OURS },
{ ALL, PEER, 1, PEER, "192.168.1.1", NIL, "192.168.1.1", ARP_F_SENDER_IP_OURS },
{ US,  PEER, 2, PEER, "192.168.1.7", US, "192.168.1.9", ARP_F_TARGET_IP_NOT_OURS },
{ US,  PEER, 2, PEER, "192.168.1.7", LIAR, "192.168.1.1", ARP_F_TARGET_MAC_NOT_OURS },
{ US,  PEER, 2, PEER, "192.168.1.7", NIL, "192.168.1.1", ARP_F_TARGET_MAC_NOT_OURS },
/* several things odd at once: the sender goes before the target, the target before the frame */
{ US,  PEER, 9, ALL,  "0.0.0.0",     LIAR, "192.168.1.9", ARP_F_OPERATION },
{ ALL, LIAR, 2, NIL,  "192.168.1.7", LIAR, "192.168.1.9", ARP_F_SENDER_MAC_ZERO },
{ ALL, LIAR, 2, PEER, "192.168.1.7", US, "192.168.1.9", ARP_F_TARGET_IP_NOT_OURS },
{ ALL, LIAR, 2, PEER, "192.168.1.7", US, "192.168.1.1", ARP_F_REPLY_RELAYED },
};
/* clang-format on */

static void a_day_on_the_link_every_frame_gets_its_name(void **state)
{
	struct arp_self self = self_in(0);

	(void)state;
	for (size_t i = 0; i < LENGTH(whole); i++) {
		struct arp_frame f = heard(&whole[i]);
		enum arp_finding is = arp_judge(&f, &self);
		if (is != whole[i].finding)
			fail_msg("row %zu is called %s, should be %s", i,
				 arp_finding_info(is)->name,
				 arp_finding_info(whole[i].finding)->name);
	}
}

/* a good reply to us; the rows below each break one field of its form */
/* clang-format off */
static const uint8_t reply[42] = {
	0x02, 0, 0, 0, 0, 0x01,  0x02, 0, 0, 0, 0, 0x07,  0x08, 0x06,
	0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x02,
	0x02, 0, 0, 0, 0, 0x07, 192, 168, 1, 7,
	0x02, 0, 0, 0, 0, 0x01, 192, 168, 1, 1,
};
/* clang-format on */

static void a_message_of_the_wrong_form_is_named_before_its_addresses_are_read(void **state)
{
	static const struct { size_t at; uint8_t value; enum arp_finding finding; } wrong[] = {
		{ 12, 0x86, ARP_F_NOT_ARP },
		{ 15, 6, ARP_F_HARDWARE_TYPE },
		{ 14, 1, ARP_F_HARDWARE_TYPE },
		{ 16, 0x86, ARP_F_PROTOCOL_TYPE },
		{ 17, 6, ARP_F_PROTOCOL_TYPE },
		{ 18, 8, ARP_F_ADDRESS_LENGTH },
		{ 18, 0, ARP_F_ADDRESS_LENGTH },
		{ 19, 16, ARP_F_ADDRESS_LENGTH },
		{ 20, 0, ARP_F_REPLY },		/* the high byte of the operation: as it was */
		{ 20, 1, ARP_F_OPERATION },
	};
	struct arp_self self = self_in(0);

	(void)state;
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		uint8_t bytes[sizeof(reply)];
		struct arp_frame f;
		memcpy(bytes, reply, sizeof(bytes));
		bytes[wrong[i].at] = wrong[i].value;
		arp_frame_parse(bytes, sizeof(bytes), &f);
		assert_int_equal(arp_judge(&f, &self), wrong[i].finding);
	}
}

static void a_frame_cut_anywhere_is_truncated_and_a_whole_one_is_not(void **state)
{
	struct arp_self self = self_in(0);

	(void)state;
	for (size_t len = 0; len <= sizeof(reply); len++) {
		uint8_t *p = exactly(reply, len);
		struct arp_frame f;
		arp_frame_parse(p, len, &f);
		assert_int_equal(arp_judge(&f, &self),
				 len < sizeof(reply) ? ARP_F_TRUNCATED : ARP_F_REPLY);
		free(p);
	}
}

static enum arp_finding in_vlan(uint16_t ours, unsigned n_tags, uint16_t outer, uint16_t inner)
{
	struct eth_hdr eth = { .dst = hw(US), .src = hw(PEER), .type = ETH_ARP, .n_tags = n_tags,
			       .tag = { { ETH_VLAN, outer }, { ETH_VLAN, inner } } };
	struct arp_msg msg = { 2, hw(PEER), addr("192.168.1.7"), hw(US), addr("192.168.1.1") };
	struct arp_self self = self_in(ours);
	uint8_t bytes[ARP_FRAME_MAX];
	struct arp_frame f;

	arp_frame_parse(bytes, arp_frame_build(bytes, &eth, &msg), &f);
	return arp_judge(&f, &self);
}

static void talk_of_another_vlan_is_not_for_us(void **state)
{
	(void)state;
	assert_int_equal(in_vlan(42, 1, 42, 0), ARP_F_REPLY);
	assert_int_equal(in_vlan(42, 1, 0xa000 | 42, 0), ARP_F_REPLY);	/* with a priority */
	assert_int_equal(in_vlan(42, 1, 43, 0), ARP_F_OTHER_VLAN);
	assert_int_equal(in_vlan(42, 0, 0, 0), ARP_F_OTHER_VLAN);
	assert_int_equal(in_vlan(0, 1, 42, 0), ARP_F_OTHER_VLAN);
	assert_int_equal(in_vlan(0, 1, 0xe000, 0), ARP_F_REPLY);	/* IEEE 802.1Q 9.6 */
	assert_int_equal(in_vlan(42, 2, 100, 42), ARP_F_REPLY);		/* the inner one counts */
	assert_int_equal(in_vlan(100, 2, 100, 42), ARP_F_OTHER_VLAN);
}

/* RFC 5227 2.1.1: a request from 0.0.0.0 is a probe, and its reply is made out to 0.0.0.0. */
static void while_we_have_no_address_replies_are_made_out_to_none(void **state)
{
	struct arp_self self = { .mac = hw(US) };
	struct told to_us = { US, PEER, 2, PEER, "192.168.1.7", US, "0.0.0.0", ARP_F_REPLY };
	struct told to_other = { US, PEER, 2, PEER, "192.168.1.7", US, "192.168.1.9",
				 ARP_F_TARGET_IP_NOT_OURS };
	struct arp_frame f = heard(&to_us);

	(void)state;
	assert_int_equal(arp_judge(&f, &self), to_us.finding);
	f = heard(&to_other);
	assert_int_equal(arp_judge(&f, &self), to_other.finding);
}

static void every_finding_has_a_name_a_clause_and_a_rule(void **state)
{
	(void)state;
	for (int f = 0; f < ARP_F_COUNT; f++) {
		const struct arp_finding_info *info = arp_finding_info((enum arp_finding)f);
		assert_non_null(info->name);
		assert_non_null(info->says);
		assert_non_null(info->section);
		for (int g = 0; g < f; g++)
			assert_string_not_equal(info->name,
						arp_finding_info((enum arp_finding)g)->name);
	}
}

static void only_a_reply_to_us_is_ever_taken(void **state)
{
	(void)state;
	for (int f = 0; f < ARP_F_COUNT; f++) {
		const struct arp_finding_info *info = arp_finding_info((enum arp_finding)f);
		bool reply_to_us = f == ARP_F_REPLY || f == ARP_F_REPLY_BROADCAST ||
				   f == ARP_F_REPLY_RELAYED;
		assert_int_equal(info->taken, reply_to_us);
		/* Without a word, only the plain one. */
		assert_int_equal(info->weight == ARP_W_TAKEN, f == ARP_F_REPLY);
		if (info->weight == ARP_W_REFUSED)
			assert_false(info->taken);
	}
}

static void each_finding_but_the_resolvers_own_is_produced_by_a_frame_above(void **state)
{
	bool seen[ARP_F_COUNT] = {
		/* by a_message_of_the_wrong_form..., a_frame_cut..., talk_of_another_vlan... */
		[ARP_F_NOT_ARP] = true, [ARP_F_HARDWARE_TYPE] = true, [ARP_F_PROTOCOL_TYPE] = true,
		[ARP_F_ADDRESS_LENGTH] = true, [ARP_F_TRUNCATED] = true, [ARP_F_OTHER_VLAN] = true,
		/* by test_arp_resolver */
		[ARP_F_UNASKED] = true,
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(whole); i++)
		seen[whole[i].finding] = true;
	for (int f = 0; f < ARP_F_COUNT; f++)
		if (!seen[f])
			fail_msg("no frame is called %s",
				 arp_finding_info((enum arp_finding)f)->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_on_the_link_every_frame_gets_its_name),
		cmocka_unit_test(
			a_message_of_the_wrong_form_is_named_before_its_addresses_are_read),
		cmocka_unit_test(a_frame_cut_anywhere_is_truncated_and_a_whole_one_is_not),
		cmocka_unit_test(talk_of_another_vlan_is_not_for_us),
		cmocka_unit_test(while_we_have_no_address_replies_are_made_out_to_none),
		cmocka_unit_test(every_finding_has_a_name_a_clause_and_a_rule),
		cmocka_unit_test(only_a_reply_to_us_is_ever_taken),
		cmocka_unit_test(each_finding_but_the_resolvers_own_is_produced_by_a_frame_above),
	};

	return cmocka_run_group_tests_name("arp_judge", tests, NULL, NULL);
}
