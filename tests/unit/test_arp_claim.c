/* arp_claim.h: taking an address and keeping it, by RFC 5227 */
#include "told.h"

#include "wirelab/arp_claim.h"

#define US "02:00:00:00:00:01"
#define OTHER "02:00:00:00:00:66"
#define WANTED "169.254.7.7"

enum { SEEDS = 20000 };

static struct arpclaim claim_with(enum arpclaim_defence defence, uint64_t seed)
{
	struct arpclaim c;

	arpclaim_init(&c, hw(US), addr(WANTED), 0, defence, seed);
	return c;
}

static struct arpclaim_step expect(struct arpclaim *c, struct instant now,
				   enum arpclaim_step_kind kind)
{
	struct arpclaim_step s;

	assert_true(instant_reached(now, arpclaim_deadline(c)));
	assert_true(arpclaim_next(c, now, &s));
	assert_int_equal(s.kind, kind);
	return s;
}

static void expect_quiet(struct arpclaim *c, struct instant now)
{
	struct arpclaim_step s;

	assert_false(arpclaim_next(c, now, &s));
	assert_true(arpclaim_deadline(c).ns > now.ns);
}

/* Steps until the claim is FREE; every step at its own deadline. */
static struct instant run_until_free(struct arpclaim *c, struct instant now)
{
	struct arpclaim_step s;

	while (c->state != ARPCLAIM_FREE) {
		now = arpclaim_deadline(c);
		assert_true(arpclaim_next(c, now, &s));
	}
	return now;
}

/* Announced as one's own at `now`, and HELD two seconds later. */
static struct arpclaim held_since(enum arpclaim_defence defence, struct instant now)
{
	struct arpclaim c = claim_with(defence, 1);

	arpclaim_announce(&c, now);
	expect(&c, now, ARPCLAIM_SEND_ANNOUNCEMENT);
	now = instant_after(now, ANNOUNCE_INTERVAL_NS);
	expect(&c, now, ARPCLAIM_SEND_ANNOUNCEMENT);
	expect(&c, now, ARPCLAIM_SAY_HELD);
	expect_quiet(&c, now);
	return c;
}

static struct arp_msg word(uint16_t op, const char *mac, const char *sender, const char *target)
{
	return (struct arp_msg){ .op = op, .sender_mac = hw(mac), .sender_ip = addr(sender),
				 .target_ip = addr(target) };
}

static struct arp_msg conflict(void)
{
	return word(ARP_REQUEST, OTHER, WANTED, WANTED);
}

static void an_address_is_probed_found_free_announced_held_defended_and_lost(void **state)
{
	struct arpclaim c = claim_with(ARPCLAIM_DEFEND_ONCE, 42);
	struct arp_msg theirs = conflict();
	struct instant now = at(0);

	(void)state;
	expect_quiet(&c, now);
	arpclaim_probe(&c, now);
	assert_int_equal(c.state, ARPCLAIM_WAITING);
	for (unsigned i = 1; i <= 3; i++) {
		now = arpclaim_deadline(&c);
		assert_int_equal(expect(&c, now, ARPCLAIM_SEND_PROBE).nth, i);
	}
	assert_int_equal(c.state, ARPCLAIM_LISTENING);
	now = arpclaim_deadline(&c);
	expect(&c, now, ARPCLAIM_SAY_FREE);
	expect_quiet(&c, now);

	arpclaim_announce(&c, now);
	assert_int_equal(expect(&c, now, ARPCLAIM_SEND_ANNOUNCEMENT).nth, 1);
	expect_quiet(&c, now);
	now = arpclaim_deadline(&c);
	assert_int_equal(expect(&c, now, ARPCLAIM_SEND_ANNOUNCEMENT).nth, 2);
	expect(&c, now, ARPCLAIM_SAY_HELD);
	assert_true(arpclaim_deadline(&c).ns == INSTANT_NEVER.ns);

	now = instant_after(now, 3600 * SEC_NS);
	assert_int_equal(arpclaim_hear(&c, now, &theirs), ARPCLAIM_CONFLICT_DEFENDED);
	expect(&c, now, ARPCLAIM_SEND_DEFENCE);
	now = instant_after(now, 3 * SEC_NS);
	assert_int_equal(arpclaim_hear(&c, now, &theirs), ARPCLAIM_CONFLICT_YIELDED);
	expect(&c, now, ARPCLAIM_SAY_LOST);
	expect_quiet(&c, now);
	assert_mac(c.other, hw(OTHER));
}

/* RFC 5227 section 1.1: the table of constants, number for number. */
static void rfc5227_1_1_the_constants_are_those_of_the_table(void **state)
{
	(void)state;
	assert_true(PROBE_WAIT_NS == UINT64_C(1000000000));		/* 1 second */
	assert_true(PROBE_NUM == 3);
	assert_true(PROBE_MIN_NS == UINT64_C(1000000000));		/* 1 second */
	assert_true(PROBE_MAX_NS == UINT64_C(2000000000));		/* 2 seconds */
	assert_true(ANNOUNCE_WAIT_NS == UINT64_C(2000000000));		/* 2 seconds */
	assert_true(ANNOUNCE_NUM == 2);
	assert_true(ANNOUNCE_INTERVAL_NS == UINT64_C(2000000000));	/* 2 seconds */
	assert_true(MAX_CONFLICTS == 10);
	assert_true(RATE_LIMIT_INTERVAL_NS == UINT64_C(60000000000));	/* 60 seconds */
	assert_true(DEFEND_INTERVAL_NS == UINT64_C(10000000000));	/* 10 seconds */
}

/* The least and the greatest of many waits: inside of the range, and near both ends. */
static void assert_fills(uint64_t least, uint64_t most, uint64_t from, uint64_t to)
{
	uint64_t margin = (to - from) / 500;

	assert_true(least >= from && least <= from + margin);
	assert_true(most <= to && most >= to - margin);
}

static void rfc5227_2_1_1_the_first_probe_waits_at_random_up_to_probe_wait(void **state)
{
	uint64_t least = UINT64_MAX, most = 0, sum = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct arpclaim c = claim_with(ARPCLAIM_YIELD, seed);
		arpclaim_probe(&c, at(100));
		uint64_t wait = instant_since(at(100), arpclaim_deadline(&c));
		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
		sum += wait / SEEDS;
	}
	assert_fills(least, most, 0, ms(1000));
	assert_true(sum > ms(490) && sum < ms(510));	/* "selected uniformly" */
}

static void rfc5227_2_1_1_probes_are_probe_min_to_probe_max_apart(void **state)
{
	uint64_t least = UINT64_MAX, most = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct arpclaim c = claim_with(ARPCLAIM_YIELD, seed);
		arpclaim_probe(&c, at(0));
		struct instant before = arpclaim_deadline(&c);
		expect(&c, before, ARPCLAIM_SEND_PROBE);
		for (unsigned i = 2; i <= PROBE_NUM; i++) {
			struct instant now = arpclaim_deadline(&c);
			uint64_t gap = instant_since(before, now);
			least = gap < least ? gap : least;
			most = gap > most ? gap : most;
			expect(&c, now, ARPCLAIM_SEND_PROBE);
			before = now;
		}
	}
	assert_fills(least, most, ms(1000), ms(2000));
}

static void rfc5227_2_1_1_a_probe_has_no_sender_address_and_no_target_mac(void **state)
{
	struct arpclaim c = claim_with(ARPCLAIM_YIELD, 3);

	(void)state;
	arpclaim_probe(&c, at(0));
	struct arpclaim_step s = expect(&c, at(1), ARPCLAIM_SEND_PROBE);
	assert_mac(s.eth.dst, MAC_BROADCAST);
	assert_mac(s.eth.src, hw(US));
	assert_int_equal(s.eth.type, ETH_ARP);
	assert_int_equal(s.msg.op, ARP_REQUEST);
	assert_mac(s.msg.sender_mac, hw(US));
	assert_ip(s.msg.sender_ip, IP4_UNSPECIFIED);
	assert_mac(s.msg.target_mac, MAC_ZERO);
	assert_ip(s.msg.target_ip, addr(WANTED));
	assert_true(arp_is_probe(&s.msg));
}

static void rfc5227_2_1_1_free_is_said_announce_wait_after_the_last_probe(void **state)
{
	struct arpclaim c = claim_with(ARPCLAIM_YIELD, 4);
	struct instant now = at(0);

	(void)state;
	arpclaim_probe(&c, now);
	for (unsigned i = 0; i < PROBE_NUM; i++) {
		now = arpclaim_deadline(&c);
		expect(&c, now, ARPCLAIM_SEND_PROBE);
	}
	expect_quiet(&c, instant_after(now, ms(1999)));
	expect(&c, instant_after(now, ms(2000)), ARPCLAIM_SAY_FREE);
}

static void a_late_wake_up_does_not_bring_the_next_probe_nearer(void **state)
{
	struct arpclaim c = claim_with(ARPCLAIM_YIELD, 5);

	(void)state;
	arpclaim_probe(&c, at(0));
	expect(&c, at(50), ARPCLAIM_SEND_PROBE);
	expect_quiet(&c, at(50.999));
	expect(&c, at(70), ARPCLAIM_SEND_PROBE);
	expect_quiet(&c, at(70.999));
	expect(&c, at(90), ARPCLAIM_SEND_PROBE);
	expect_quiet(&c, at(91.999));
	expect(&c, at(92), ARPCLAIM_SAY_FREE);
}

/* "from the beginning of the probing process until ANNOUNCE_WAIT seconds after the last" */
static void rfc5227_2_1_1_any_word_from_the_owner_while_probing_ends_it(void **state)
{
	static const struct { uint16_t op; const char *sender, *target; } owner[] = {
		{ ARP_REPLY, WANTED, "0.0.0.0" },	/* the answer to our probe */
		{ ARP_REQUEST, WANTED, "169.254.1.1" },	/* it asks for somebody else */
		{ ARP_REQUEST, WANTED, WANTED },
		{ ARP_REPLY, WANTED, WANTED },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(owner); i++)
		for (unsigned steps = 0; steps <= PROBE_NUM; steps++) {
			struct arpclaim c = claim_with(ARPCLAIM_DEFEND_ALWAYS, steps);
			struct arp_msg m =
				word(owner[i].op, OTHER, owner[i].sender, owner[i].target);
			struct instant now = at(10);
			arpclaim_probe(&c, now);
			for (unsigned k = 0; k < steps; k++) {
				now = arpclaim_deadline(&c);
				expect(&c, now, ARPCLAIM_SEND_PROBE);
			}
			assert_int_equal(arpclaim_hear(&c, now, &m), ARPCLAIM_IN_USE);
			expect(&c, now, ARPCLAIM_SAY_LOST);
			expect_quiet(&c, instant_after(now, ms(100000)));
			assert_mac(c.other, hw(OTHER));
		}
}

static void rfc5227_2_1_1_a_rivals_probe_for_the_same_address_ends_it_too(void **state)
{
	struct arp_msg rival = word(ARP_REQUEST, OTHER, "0.0.0.0", WANTED);
	struct arp_msg elsewhere = word(ARP_REQUEST, OTHER, "0.0.0.0", "169.254.1.1");
	struct arp_msg asks = word(ARP_REQUEST, OTHER, "169.254.1.1", WANTED);
	struct arpclaim c = claim_with(ARPCLAIM_YIELD, 6);

	(void)state;
	arpclaim_probe(&c, at(0));
	assert_int_equal(arpclaim_hear(&c, at(0), &elsewhere), ARPCLAIM_UNCONCERNED);
	assert_int_equal(arpclaim_hear(&c, at(0), &asks), ARPCLAIM_UNCONCERNED);
	assert_int_equal(c.state, ARPCLAIM_WAITING);
	assert_int_equal(arpclaim_hear(&c, at(0), &rival), ARPCLAIM_RIVAL_PROBE);
	expect(&c, at(0), ARPCLAIM_SAY_LOST);
}

static void rfc5227_2_1_1_our_own_probe_come_back_is_no_rival(void **state)
{
	struct arp_msg echo = word(ARP_REQUEST, US, "0.0.0.0", WANTED);
	struct arpclaim c = claim_with(ARPCLAIM_YIELD, 7);

	(void)state;
	arpclaim_probe(&c, at(0));
	expect(&c, at(1), ARPCLAIM_SEND_PROBE);
	assert_int_equal(arpclaim_hear(&c, at(1), &echo), ARPCLAIM_UNCONCERNED);
	assert_int_equal(c.state, ARPCLAIM_PROBING);
}

/* One attempt that meets the owner at once; returns the wait before its first probe. */
static uint64_t fail_once(struct arpclaim *c, struct instant now)
{
	struct arp_msg owner = conflict();

	arpclaim_probe(c, now);
	uint64_t wait = instant_since(now, arpclaim_deadline(c));
	assert_int_equal(arpclaim_hear(c, now, &owner), ARPCLAIM_IN_USE);
	expect(c, now, ARPCLAIM_SAY_LOST);
	return wait;
}

static void rfc5227_2_1_1_after_max_conflicts_one_attempt_in_rate_limit_interval(void **state)
{
	struct arpclaim c = claim_with(ARPCLAIM_YIELD, 8);

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		c.ip = ip4_from_number(0xa9fe0100 + i);		/* another address each time */
		struct arp_msg owner = word(ARP_REPLY, OTHER, "0.0.0.0", "0.0.0.0");
		owner.sender_ip = c.ip;
		arpclaim_probe(&c, at(i));
		assert_true(instant_since(at(i), arpclaim_deadline(&c)) <= ms(1000));
		assert_int_equal(arpclaim_hear(&c, at(i), &owner), ARPCLAIM_IN_USE);
	}
	c.ip = addr(WANTED);
	assert_true(fail_once(&c, at(20)) >= ms(60000));
	assert_true(fail_once(&c, at(90)) >= ms(60000));
	assert_true(fail_once(&c, at(90)) <= ms(61000));
}

/* Two machines that were started together and met ten times must not go on in step. */
static void rfc5227_2_1_1_the_random_wait_comes_on_top_of_the_rate_limit(void **state)
{
	uint64_t least = UINT64_MAX, most = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 3000; seed++) {
		struct arpclaim c = claim_with(ARPCLAIM_YIELD, seed);
		c.conflicts = MAX_CONFLICTS;
		arpclaim_probe(&c, at(7));
		uint64_t wait = instant_since(at(7), arpclaim_deadline(&c));
		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	assert_fills(least, most, ms(60000), ms(61000));
}

static void rfc5227_2_3_two_announcements_announce_interval_apart(void **state)
{
	struct arpclaim c = claim_with(ARPCLAIM_YIELD, 9);
	struct instant now;

	(void)state;
	arpclaim_probe(&c, at(0));
	now = run_until_free(&c, at(0));
	arpclaim_announce(&c, now);
	struct arpclaim_step s = expect(&c, now, ARPCLAIM_SEND_ANNOUNCEMENT);
	assert_ip(s.msg.sender_ip, addr(WANTED));
	assert_ip(s.msg.target_ip, addr(WANTED));
	assert_mac(s.msg.target_mac, MAC_ZERO);
	assert_mac(s.eth.dst, MAC_BROADCAST);
	assert_true(arp_is_announcement(&s.msg));
	expect_quiet(&c, instant_after(now, ms(1999)));
	now = instant_after(now, ms(2000));
	expect(&c, now, ARPCLAIM_SEND_ANNOUNCEMENT);
	expect(&c, now, ARPCLAIM_SAY_HELD);
	expect_quiet(&c, instant_after(now, ms(1000000)));
}

static void rfc5227_2_4_a_a_host_that_yields_stops_at_the_first_conflict(void **state)
{
	struct arpclaim c = held_since(ARPCLAIM_YIELD, at(0));
	struct arp_msg theirs = conflict();

	(void)state;
	assert_int_equal(arpclaim_hear(&c, at(5), &theirs), ARPCLAIM_CONFLICT_YIELDED);
	expect(&c, at(5), ARPCLAIM_SAY_LOST);
	expect_quiet(&c, at(100));
}

static void rfc5227_2_4_b_one_defence_and_a_second_conflict_in_ten_seconds_loses(void **state)
{
	struct arpclaim c = held_since(ARPCLAIM_DEFEND_ONCE, at(0));
	struct arp_msg theirs = conflict();

	(void)state;
	assert_int_equal(arpclaim_hear(&c, at(5), &theirs), ARPCLAIM_CONFLICT_DEFENDED);
	struct arpclaim_step s = expect(&c, at(5), ARPCLAIM_SEND_DEFENCE);
	assert_true(arp_is_announcement(&s.msg));	/* "one single ARP Announcement" */
	expect_quiet(&c, at(5));
	/* Ten seconds later it counts as the first again ... */
	assert_int_equal(arpclaim_hear(&c, at(15), &theirs), ARPCLAIM_CONFLICT_DEFENDED);
	assert_int_equal(expect(&c, at(15), ARPCLAIM_SEND_DEFENCE).nth, 2);
	/* ... but not a moment sooner. */
	assert_int_equal(arpclaim_hear(&c, at(24.999), &theirs), ARPCLAIM_CONFLICT_YIELDED);
	expect(&c, at(24.999), ARPCLAIM_SAY_LOST);
}

static void rfc5227_2_4_c_a_host_that_never_yields_defends_once_in_ten_seconds(void **state)
{
	struct arpclaim c = held_since(ARPCLAIM_DEFEND_ALWAYS, at(0));
	struct arp_msg theirs = conflict();
	struct arpclaim_step s;
	unsigned sent = 0;

	(void)state;
	for (unsigned tenth = 50; tenth < 650; tenth++) {	/* a conflict every 100 ms */
		struct instant now = at(tenth / 10.0);
		enum arpclaim_heard how = arpclaim_hear(&c, now, &theirs);
		assert_true(how == ARPCLAIM_CONFLICT_DEFENDED || how == ARPCLAIM_CONFLICT_QUIET);
		while (arpclaim_next(&c, now, &s)) {
			assert_int_equal(s.kind, ARPCLAIM_SEND_DEFENCE);
			assert_int_equal(tenth % 100, 50);
			sent++;
		}
	}
	assert_int_equal(sent, 6);
	assert_int_equal(c.state, ARPCLAIM_HELD);
}

/* (b) has the host "immediately cease using this address": a defence under way is dropped. */
static void rfc5227_2_4_b_who_yields_sends_no_defence_that_was_still_due(void **state)
{
	struct arpclaim c = held_since(ARPCLAIM_DEFEND_ONCE, at(0));
	struct arp_msg theirs = conflict();

	(void)state;
	assert_int_equal(arpclaim_hear(&c, at(5), &theirs), ARPCLAIM_CONFLICT_DEFENDED);
	assert_int_equal(arpclaim_hear(&c, at(5), &theirs), ARPCLAIM_CONFLICT_YIELDED);
	expect(&c, at(5), ARPCLAIM_SAY_LOST);
	expect_quiet(&c, at(5));
}

static void rfc5227_2_4_a_conflict_at_the_zero_of_the_clock_counts_like_any_other(void **state)
{
	struct arpclaim c = claim_with(ARPCLAIM_DEFEND_ONCE, 1);
	struct arp_msg theirs = conflict();

	(void)state;
	arpclaim_announce(&c, at(0));
	expect(&c, at(0), ARPCLAIM_SEND_ANNOUNCEMENT);
	assert_int_equal(arpclaim_hear(&c, at(0), &theirs), ARPCLAIM_CONFLICT_DEFENDED);
	expect(&c, at(0), ARPCLAIM_SEND_DEFENCE);
	assert_int_equal(arpclaim_hear(&c, at(1), &theirs), ARPCLAIM_CONFLICT_YIELDED);
}

static void rfc5227_2_4_a_conflict_while_announcing_is_defended_too(void **state)
{
	struct arpclaim c = claim_with(ARPCLAIM_DEFEND_ALWAYS, 1);
	struct arp_msg theirs = conflict();

	(void)state;
	arpclaim_announce(&c, at(1));
	expect(&c, at(1), ARPCLAIM_SEND_ANNOUNCEMENT);
	assert_int_equal(arpclaim_hear(&c, at(2), &theirs), ARPCLAIM_CONFLICT_DEFENDED);
	expect(&c, at(2), ARPCLAIM_SEND_DEFENCE);
	expect_quiet(&c, at(2.999));
	expect(&c, at(3), ARPCLAIM_SEND_ANNOUNCEMENT);		/* the second, in its time */
	expect(&c, at(3), ARPCLAIM_SAY_HELD);
}

static void rfc5227_2_4_only_our_address_with_anothers_mac_is_a_conflict(void **state)
{
	static const struct { uint16_t op; const char *mac, *sender, *target; } talk[] = {
		{ ARP_REQUEST, US, WANTED, WANTED },			/* ourselves */
		{ ARP_REQUEST, OTHER, "169.254.1.1", WANTED },		/* asks for us */
		{ ARP_REQUEST, OTHER, "0.0.0.0", WANTED },		/* probes for ours */
		{ ARP_REPLY, OTHER, "169.254.1.1", WANTED },
	};
	struct arpclaim c = held_since(ARPCLAIM_YIELD, at(0));

	(void)state;
	for (size_t i = 0; i < LENGTH(talk); i++) {
		struct arp_msg m = word(talk[i].op, talk[i].mac, talk[i].sender, talk[i].target);
		assert_int_equal(arpclaim_hear(&c, at(5), &m), ARPCLAIM_UNCONCERNED);
	}
	assert_int_equal(c.state, ARPCLAIM_HELD);
}

static void before_the_first_attempt_and_after_the_loss_nothing_concerns_it(void **state)
{
	struct arpclaim c = claim_with(ARPCLAIM_DEFEND_ALWAYS, 1);
	struct arp_msg theirs = conflict();

	(void)state;
	assert_int_equal(arpclaim_hear(&c, at(0), &theirs), ARPCLAIM_UNCONCERNED);
	arpclaim_probe(&c, at(0));
	assert_int_equal(arpclaim_hear(&c, at(0), &theirs), ARPCLAIM_IN_USE);
	assert_int_equal(arpclaim_hear(&c, at(0), &theirs), ARPCLAIM_UNCONCERNED);
	assert_int_equal(c.conflicts, 1);
}

static void in_a_vlan_every_frame_carries_its_tag(void **state)
{
	struct arpclaim c;

	(void)state;
	arpclaim_init(&c, hw(US), addr(WANTED), 42, ARPCLAIM_YIELD, 1);
	arpclaim_announce(&c, at(0));
	struct arpclaim_step s = expect(&c, at(0), ARPCLAIM_SEND_ANNOUNCEMENT);
	assert_int_equal(s.eth.n_tags, 1);
	assert_int_equal(s.eth.tag[0].tpid, ETH_VLAN);
	assert_int_equal(s.eth.tag[0].tci, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_probed_found_free_announced_held_defended_and_lost),
		cmocka_unit_test(rfc5227_1_1_the_constants_are_those_of_the_table),
		cmocka_unit_test(rfc5227_2_1_1_the_first_probe_waits_at_random_up_to_probe_wait),
		cmocka_unit_test(rfc5227_2_1_1_probes_are_probe_min_to_probe_max_apart),
		cmocka_unit_test(rfc5227_2_1_1_a_probe_has_no_sender_address_and_no_target_mac),
		cmocka_unit_test(rfc5227_2_1_1_free_is_said_announce_wait_after_the_last_probe),
		cmocka_unit_test(a_late_wake_up_does_not_bring_the_next_probe_nearer),
		cmocka_unit_test(rfc5227_2_1_1_any_word_from_the_owner_while_probing_ends_it),
		cmocka_unit_test(rfc5227_2_1_1_a_rivals_probe_for_the_same_address_ends_it_too),
		cmocka_unit_test(rfc5227_2_1_1_our_own_probe_come_back_is_no_rival),
		cmocka_unit_test(
			rfc5227_2_1_1_after_max_conflicts_one_attempt_in_rate_limit_interval),
		cmocka_unit_test(rfc5227_2_1_1_the_random_wait_comes_on_top_of_the_rate_limit),
		cmocka_unit_test(rfc5227_2_3_two_announcements_announce_interval_apart),
		cmocka_unit_test(rfc5227_2_4_a_a_host_that_yields_stops_at_the_first_conflict),
		cmocka_unit_test(
			rfc5227_2_4_b_one_defence_and_a_second_conflict_in_ten_seconds_loses),
		cmocka_unit_test(
			rfc5227_2_4_c_a_host_that_never_yields_defends_once_in_ten_seconds),
		cmocka_unit_test(rfc5227_2_4_b_who_yields_sends_no_defence_that_was_still_due),
		cmocka_unit_test(
			rfc5227_2_4_a_conflict_at_the_zero_of_the_clock_counts_like_any_other),
		cmocka_unit_test(rfc5227_2_4_a_conflict_while_announcing_is_defended_too),
		cmocka_unit_test(rfc5227_2_4_only_our_address_with_anothers_mac_is_a_conflict),
		cmocka_unit_test(before_the_first_attempt_and_after_the_loss_nothing_concerns_it),
		cmocka_unit_test(in_a_vlan_every_frame_carries_its_tag),
	};

	return cmocka_run_group_tests_name("arp_claim", tests, NULL, NULL);
}
