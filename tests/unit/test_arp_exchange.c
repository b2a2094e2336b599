/* What an onlooker makes of a link's ARP: who asked whom, who answered, who quarrels. */
#include "told.h"

#include "wirelab/arp_exchange.h"

#define PLACES 8u
#define OWNERS ((size_t)64)

static const struct mac EVERYBODY = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

static struct arpx *table;
static struct arp_cache *owners;
static struct arp_tally tally;
static struct arp_exchange x;
static uint64_t frames;
static struct mac alice, bob, mallory;

static int begin(void **state)
{
	static const uint8_t secret[16] = "unit";

	(void)state;
	owners = arp_cache_init(zeroed(arp_cache_size(OWNERS)), arp_cache_size(OWNERS), OWNERS,
				secret, at(0));
	arp_tally_init(&tally, owners);
	table = arpx_init(zeroed(arpx_size(PLACES)), arpx_size(PLACES), PLACES, &tally, secret);
	frames = 0;
	alice = hw("02:00:00:00:00:01");
	bob = hw("02:00:00:00:00:02");
	mallory = hw("02:00:00:00:00:66");
	return table ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	free(table);
	free(owners);
	return 0;
}

static unsigned hear(double when, struct mac dst, struct mac src, const struct arp_msg *msg)
{
	struct arpx_message m = { .when = at(when), .frame = ++frames, .has_eth = true,
				  .arp = frame_of(dst, src, msg) };

	return arpx_hear(table, &m);
}

static unsigned ask(double when, struct mac dst, struct mac who, const char *ip, const char *whom)
{
	struct arp_msg msg = { .op = ARP_REQUEST, .sender_mac = who, .sender_ip = addr(ip),
			       .target_ip = addr(whom) };

	return hear(when, dst, who, &msg);
}

static unsigned answer(double when, struct mac to, const char *to_ip, struct mac who,
		       const char *ip)
{
	struct arp_msg msg = { .op = ARP_REPLY, .sender_mac = who, .sender_ip = addr(ip),
			       .target_mac = to, .target_ip = addr(to_ip) };

	return hear(when, to, who, &msg);
}

static void assert_over(double when)
{
	assert_true(arpx_next(table, at(when), &x));
}

static void assert_nothing_over(double when)
{
	assert_false(arpx_next(table, at(when), &x));
}

/* Lab 01: one request to everybody, one reply to the asker alone. */
static void a_broadcast_question_and_its_unicast_answer_are_one_exchange(void **state)
{
	(void)state;
	assert_int_equal(ask(1, EVERYBODY, alice, "10.0.0.1", "10.0.0.2"), ARPX_SAID_REQUEST);
	assert_int_equal(answer(1.25, alice, "10.0.0.1", bob, "10.0.0.2"), ARPX_SAID_REPLY);
	assert_over(2.25);
	assert_int_equal(x.kind, ARPX_QUESTION);
	assert_mac(x.asker_mac, alice);
	assert_ip(x.asker_ip, addr("10.0.0.1"));
	assert_ip(x.asked_ip, addr("10.0.0.2"));
	assert_int_equal(x.first_frame, 1);
	assert_int_equal(x.last_frame, 2);
	assert_int_equal(x.messages, 1);
	assert_int_equal(x.broadcast, 1);
	assert_int_equal(x.unicast, 0);
	assert_int_equal(x.n_answers, 1);
	assert_mac(x.answer[0].mac, bob);
	assert_int_equal(x.answer[0].frame, 2);
	assert_true(x.answer[0].after_ns == ms(250));
	assert_int_equal(x.answer[0].finding, ARP_F_REPLY);
	assert_false(arpx_is_conflict(&x) || x.relayed || x.other_owner);
	assert_nothing_over(100);
}

static void an_answered_question_waits_a_second_for_another_owner(void **state)
{
	(void)state;
	ask(0, EVERYBODY, alice, "10.0.0.1", "10.0.0.2");
	answer(0.1, alice, "10.0.0.1", bob, "10.0.0.2");
	assert_nothing_over(1.0);
	answer(1.0, alice, "10.0.0.1", mallory, "10.0.0.2");
	assert_nothing_over(1.5);
	assert_over(2.0);
	assert_true(arpx_is_conflict(&x));
	assert_int_equal(x.n_answers, 2);
	assert_mac(x.answer[1].mac, mallory);
	assert_int_equal(x.answer[1].frame, 3);
	assert_true(x.answer[1].after_ns == ms(1000));
}

static void the_second_owner_is_said_to_be_one(void **state)
{
	(void)state;
	ask(0, EVERYBODY, alice, "10.0.0.1", "10.0.0.2");
	answer(0.1, alice, "10.0.0.1", bob, "10.0.0.2");
	assert_int_equal(answer(0.2, alice, "10.0.0.1", mallory, "10.0.0.2"),
			 ARPX_SAID_REPLY | ARPX_SAID_DUPLICATE);
	assert_over(10);
	assert_true(x.other_owner);
	assert_ip(x.other_ip, addr("10.0.0.2"));
	assert_mac(x.other_mac, bob);
	assert_int_equal(tally.duplicate_address, 1);
}

/* Lab 02: a dead host is asked three times, a second apart. */
static void three_questions_without_an_answer_are_one_exchange(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		ask(i, EVERYBODY, alice, "10.0.0.1", "10.0.0.77");
	assert_nothing_over(6.9);
	assert_over(7);
	assert_int_equal(x.messages, 3);
	assert_int_equal(x.n_answers, 0);
	assert_true(x.last_request.ns == at(2).ns);
}

static void the_time_to_an_answer_counts_from_the_last_question(void **state)
{
	(void)state;
	ask(0, EVERYBODY, alice, "10.0.0.1", "10.0.0.2");
	ask(1, EVERYBODY, alice, "10.0.0.1", "10.0.0.2");
	answer(1.001, alice, "10.0.0.1", bob, "10.0.0.2");
	assert_over(9);
	assert_int_equal(x.messages, 2);
	assert_true(x.answer[0].after_ns == ms(1));
}

/* Lab 02: expiry, then one unicast question. */
static void asking_again_after_an_answer_is_another_exchange(void **state)
{
	(void)state;
	ask(0, EVERYBODY, alice, "10.0.0.1", "10.0.0.2");
	answer(0.1, alice, "10.0.0.1", bob, "10.0.0.2");
	ask(0.5, bob, alice, "10.0.0.1", "10.0.0.2");
	answer(0.6, alice, "10.0.0.1", bob, "10.0.0.2");
	assert_over(0.6);
	assert_int_equal(x.first_frame, 1);
	assert_int_equal(x.replies, 1);
	assert_over(2);
	assert_int_equal(x.first_frame, 3);
	assert_int_equal(x.unicast, 1);
	assert_int_equal(x.broadcast, 0);
}

static void a_reply_that_nobody_asked_for_stands_by_itself(void **state)
{
	(void)state;
	assert_int_equal(answer(0, alice, "10.0.0.1", mallory, "10.0.0.2"),
			 ARPX_SAID_REPLY | ARPX_SAID_UNSOLICITED);
	assert_over(5);
	assert_int_equal(x.kind, ARPX_UNSOLICITED);
	assert_mac(x.asker_mac, mallory);
	assert_ip(x.asker_ip, addr("10.0.0.2"));
	assert_ip(x.asked_ip, addr("10.0.0.1"));
	assert_int_equal(x.messages, 1);
	assert_int_equal(x.replies, 0);
}

static void an_answer_belongs_to_the_one_who_asked(void **state)
{
	struct mac carol = hw("02:00:00:00:00:03");

	(void)state;
	ask(0, EVERYBODY, alice, "10.0.0.1", "10.0.0.2");
	ask(0, EVERYBODY, carol, "10.0.0.3", "10.0.0.2");
	answer(0.1, carol, "10.0.0.3", bob, "10.0.0.2");
	assert_over(9);
	assert_mac(x.asker_mac, alice);
	assert_int_equal(x.n_answers, 0);
	assert_over(9);
	assert_mac(x.asker_mac, carol);
	assert_int_equal(x.n_answers, 1);
}

static void an_answer_in_another_vlan_answers_nothing(void **state)
{
	struct arp_msg msg = { .op = ARP_REPLY, .sender_mac = bob, .sender_ip = addr("10.0.0.2"),
			       .target_mac = alice, .target_ip = addr("10.0.0.1") };
	struct arpx_message m = { .when = at(0.1), .frame = 2, .has_eth = true,
				  .arp = frame_of(alice, bob, &msg) };

	(void)state;
	ask(0, EVERYBODY, alice, "10.0.0.1", "10.0.0.2");
	m.arp.eth.n_tags = 1;
	m.arp.eth.tag[0] = (struct eth_tag){ ETH_VLAN, 7 };
	assert_true(arpx_hear(table, &m) & ARPX_SAID_UNSOLICITED);
	assert_over(9);
	assert_int_equal(x.n_answers, 0);
	assert_over(9);
	assert_int_equal(x.vlan, 7);
}

/* The frame came from one card, the message speaks for another: a proxy, or a forger. */
static void an_answer_from_another_card_than_it_says_is_remarked(void **state)
{
	struct arp_msg msg = { .op = ARP_REPLY, .sender_mac = bob, .sender_ip = addr("10.0.0.2"),
			       .target_mac = alice, .target_ip = addr("10.0.0.1") };

	(void)state;
	ask(0, EVERYBODY, alice, "10.0.0.1", "10.0.0.2");
	hear(0.1, alice, mallory, &msg);
	assert_over(9);
	assert_true(x.relayed);
	assert_int_equal(x.answer[0].finding, ARP_F_REPLY_RELAYED);
}

static void a_sender_that_can_be_nobody_has_its_name(void **state)
{
	struct arp_msg msg = { .op = ARP_REPLY, .sender_ip = addr("10.0.0.2"),
			       .target_mac = alice, .target_ip = addr("10.0.0.1") };

	(void)state;
	ask(0, EVERYBODY, alice, "10.0.0.1", "10.0.0.2");
	hear(0.1, alice, bob, &msg);
	hear(0.2, bob, bob, &(struct arp_msg){ .op = ARP_REPLY, .sender_mac = EVERYBODY,
					       .sender_ip = addr("10.0.0.9"), .target_mac = bob,
					       .target_ip = addr("10.0.0.2") });
	assert_over(9);
	assert_int_equal(x.answer[0].finding, ARP_F_SENDER_MAC_ZERO);
	assert_over(9);
	assert_int_equal(x.finding, ARP_F_SENDER_MAC_BROADCAST);
}

/* RFC 5227 2.1 and 2.3: three probes, two announcements. */
static void probes_and_announcements_are_told_apart_and_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(i, EVERYBODY, alice, "0.0.0.0", "10.0.0.9"),
				 ARPX_SAID_REQUEST | ARPX_SAID_PROBE);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ask(4 + 2 * i, EVERYBODY, alice, "10.0.0.9", "10.0.0.9"),
				 ARPX_SAID_REQUEST | ARPX_SAID_ANNOUNCEMENT | ARPX_SAID_GRATUITOUS);
	assert_over(20);
	assert_int_equal(x.kind, ARPX_PROBE);
	assert_int_equal(x.messages, 3);
	assert_over(20);
	assert_int_equal(x.kind, ARPX_ANNOUNCEMENT);
	assert_int_equal(x.messages, 2);
	assert_nothing_over(20);
}

static void a_probe_is_answered_by_the_one_who_has_the_address(void **state)
{
	(void)state;
	ask(0, EVERYBODY, alice, "0.0.0.0", "10.0.0.9");
	answer(0.1, alice, "0.0.0.0", bob, "10.0.0.9");
	assert_over(9);
	assert_int_equal(x.kind, ARPX_PROBE);
	assert_int_equal(x.n_answers, 1);
	assert_mac(x.answer[0].mac, bob);
}

static void a_poisoner_who_repeats_himself_is_one_line_a_minute(void **state)
{
	unsigned lines = 0, said = 0;

	(void)state;
	for (int i = 0; i < 90; i++) {
		answer(i, EVERYBODY, "10.0.0.1", mallory, "10.0.0.1");
		while (arpx_next(table, at(i), &x))
			lines++, said += x.messages;
	}
	assert_int_equal(lines, 1);
	assert_int_equal(x.kind, ARPX_GRATUITOUS_REPLY);
	assert_true(arpx_next(table, INSTANT_NEVER, &x));
	assert_int_equal(said + x.messages, 90);
}

static void a_message_for_other_addresses_is_told_by_its_operation(void **state)
{
	struct arpx_message m = { .when = at(0), .frame = 1, .has_eth = true,
				  .arp = { .verdict = V_UNSUPPORTED, .stage = ARP_AT_BODY,
					   .fixed = { .htype = 7, .op = ARP_REQUEST } } };

	(void)state;
	assert_int_equal(arpx_hear(table, &m), ARPX_SAID_REQUEST);
	assert_over(9);
	assert_int_equal(x.kind, ARPX_OTHER);
	assert_false(x.has_addresses);
	assert_int_equal(x.op, ARP_REQUEST);
	assert_int_equal(x.finding, ARP_F_HARDWARE_TYPE);
}

static void exchanges_come_out_in_the_order_in_which_they_began(void **state)
{
	(void)state;
	ask(0, EVERYBODY, alice, "10.0.0.1", "10.0.0.77");
	ask(0.1, EVERYBODY, alice, "10.0.0.1", "10.0.0.2");
	answer(0.2, alice, "10.0.0.1", bob, "10.0.0.2");
	assert_nothing_over(3);
	assert_over(5);
	assert_ip(x.asked_ip, addr("10.0.0.77"));
	assert_over(5);
	assert_ip(x.asked_ip, addr("10.0.0.2"));
}

static void a_full_table_hands_out_its_first_exchange_early(void **state)
{
	char whom[IP4_STRLEN];

	(void)state;
	for (unsigned i = 0; i < PLACES; i++) {
		assert_nothing_over(0);
		snprintf(whom, sizeof(whom), "10.0.1.%u", i);
		ask(0, EVERYBODY, alice, "10.0.0.1", whom);
	}
	assert_over(0);
	assert_ip(x.asked_ip, addr("10.0.1.0"));
	assert_nothing_over(0);
	assert_int_equal(arpx_lost(table), 0);
}

static void who_does_not_pull_loses_the_first_and_is_told_so(void **state)
{
	char whom[IP4_STRLEN];

	(void)state;
	for (unsigned i = 0; i < PLACES + 2; i++) {
		snprintf(whom, sizeof(whom), "10.0.1.%u", i);
		ask(0, EVERYBODY, alice, "10.0.0.1", whom);
	}
	assert_int_equal(arpx_lost(table), 2);
	assert_over(0);
	assert_ip(x.asked_ip, addr("10.0.1.2"));
}

static void at_the_end_everything_comes_out(void **state)
{
	(void)state;
	ask(0, EVERYBODY, alice, "10.0.0.1", "10.0.0.2");
	answer(0, alice, "10.0.0.1", bob, "10.0.0.2");
	assert_nothing_over(0);
	assert_true(arpx_next(table, INSTANT_NEVER, &x));
	assert_false(arpx_next(table, INSTANT_NEVER, &x));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_broadcast_question_and_its_unicast_answer_are_one_exchange),
		TEST(an_answered_question_waits_a_second_for_another_owner),
		TEST(the_second_owner_is_said_to_be_one),
		TEST(three_questions_without_an_answer_are_one_exchange),
		TEST(the_time_to_an_answer_counts_from_the_last_question),
		TEST(asking_again_after_an_answer_is_another_exchange),
		TEST(a_reply_that_nobody_asked_for_stands_by_itself),
		TEST(an_answer_belongs_to_the_one_who_asked),
		TEST(an_answer_in_another_vlan_answers_nothing),
		TEST(an_answer_from_another_card_than_it_says_is_remarked),
		TEST(a_sender_that_can_be_nobody_has_its_name),
		TEST(probes_and_announcements_are_told_apart_and_counted),
		TEST(a_probe_is_answered_by_the_one_who_has_the_address),
		TEST(a_poisoner_who_repeats_himself_is_one_line_a_minute),
		TEST(a_message_for_other_addresses_is_told_by_its_operation),
		TEST(exchanges_come_out_in_the_order_in_which_they_began),
		TEST(a_full_table_hands_out_its_first_exchange_early),
		TEST(who_does_not_pull_loses_the_first_and_is_told_so),
		TEST(at_the_end_everything_comes_out),
	};

	return cmocka_run_group_tests_name("arp_exchange", tests, NULL, NULL);
}
