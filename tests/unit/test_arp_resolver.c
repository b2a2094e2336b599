/* arp_resolver.h: "who has this address?", from the first question to the last doubt */
#include "told.h"

#include "wirelab/arp_resolver.h"

#define US "02:00:00:00:00:01"
#define PEER "02:00:00:00:00:07"
#define LIAR "02:00:00:00:00:66"
#define HOST "192.168.1.7"

static const uint8_t secret[16] = "nobody knows it";

/* One resolver with its cache: a request a second, three of them; fresh for a minute,
 * a failure remembered for 20 s, a second owner listened for during 2 s. */
struct house {
	struct arp_cache *cache;
	struct arpres *res;
	struct arpres_config config;
};

static struct house house_for(size_t questions)
{
	struct house h = { .config = { .self = { .mac = hw(US), .ip = addr("192.168.1.1") },
				       .retry_ns = SEC_NS, .tries = 3, .fresh_ns = 60 * SEC_NS,
				       .dead_ns = 20 * SEC_NS, .listen_ns = 2 * SEC_NS } };
	size_t cache_size = arp_cache_size(256), size = arpres_size(questions);

	h.cache = arp_cache_init(zeroed(cache_size), cache_size, 256, secret, at(0));
	h.res = arpres_init(zeroed(size), size, questions, &h.config, secret, h.cache);
	assert_non_null(h.res);
	return h;
}

static struct house house(void)
{
	return house_for(8);
}

static void leave(struct house *h)
{
	free(h->res);
	free(h->cache);
}

static enum arpres_answer ask(struct house *h, double seconds, enum arpres_how how)
{
	return arpres_ask(h->res, at(seconds), addr(HOST), how, NULL);
}

static struct arpres_step expect(struct house *h, double seconds, enum arpres_step_kind kind)
{
	struct arpres_step s;

	assert_true(arpres_deadline(h->res).ns <= at(seconds).ns);
	assert_true(arpres_next(h->res, at(seconds), &s));
	assert_int_equal(s.kind, kind);
	return s;
}

static void expect_request(struct house *h, double seconds, enum arpres_why why, const char *dst)
{
	struct arpres_step s = expect(h, seconds, ARPRES_SEND);

	assert_int_equal(s.why, why);
	assert_mac(s.eth.dst, hw(dst));
}

static void expect_broadcast(struct house *h, double seconds, unsigned try)
{
	struct arpres_step s = expect(h, seconds, ARPRES_SEND);

	assert_int_equal(s.try, try);
	assert_int_equal(s.why, try == 1 ? ARPRES_WHY_UNKNOWN : ARPRES_WHY_SILENCE);
	assert_mac(s.eth.dst, MAC_BROADCAST);
}

static void expect_quiet(struct house *h, double seconds)
{
	struct arpres_step s;

	assert_false(arpres_next(h->res, at(seconds), &s));
	assert_true(arpres_deadline(h->res).ns > at(seconds).ns);
}

static struct arp_frame said(uint16_t op, const char *mac, const char *target)
{
	struct arp_msg msg = { .op = op, .sender_mac = hw(mac), .sender_ip = addr(HOST),
			       .target_mac = hw(US), .target_ip = addr(target) };

	return frame_of(op == ARP_REPLY ? hw(US) : MAC_BROADCAST, msg.sender_mac, &msg);
}

static struct arpres_heard hear(struct house *h, double seconds, const struct arp_frame *f)
{
	return arpres_hear(h->res, at(seconds), f);
}

static struct arpres_heard reply(struct house *h, double seconds, const char *mac)
{
	struct arp_frame f = said(ARP_REPLY, mac, "192.168.1.1");

	return hear(h, seconds, &f);
}

static struct arpres_heard announce(struct house *h, double seconds, const char *mac)
{
	struct arp_frame f = said(ARP_REQUEST, mac, HOST);

	return hear(h, seconds, &f);
}

/* The host asks us for our own address: the talk that comes before a conversation. */
static struct arpres_heard asks_us(struct house *h, double seconds, const char *mac)
{
	struct arp_frame f = said(ARP_REQUEST, mac, "192.168.1.1");

	return hear(h, seconds, &f);
}

/* The state of HOST's entry, 0 for none; its MAC must then be this one. */
static unsigned held(const struct house *h, const char *mac)
{
	struct arp_entry e;

	if (!arp_cache_find(h->cache, addr(HOST), &e))
		return 0;
	assert_mac(e.mac, mac ? hw(mac) : MAC_ZERO);
	return e.state;
}

/* Asked at 0 and answered at 0.2: what many tests begin with. */
static struct house resolved(void)
{
	struct house h = house();

	assert_int_equal(ask(&h, 0, ARPRES_FROM_CACHE), ARPRES_WAIT);
	expect_broadcast(&h, 0, 1);
	assert_int_equal(reply(&h, 0.2, PEER).effect, ARPRES_RESOLVED);
	return h;
}

static void an_address_is_asked_answered_used_grown_old_polled_lost_and_given_up(void **state)
{
	struct house h = house();
	struct arp_entry e;

	(void)state;
	assert_true(arpres_deadline(h.res).ns == INSTANT_NEVER.ns);
	assert_int_equal(ask(&h, 0, ARPRES_FROM_CACHE), ARPRES_WAIT);
	assert_int_equal(arpres_pending(h.res), 1);
	expect_broadcast(&h, 0, 1);
	expect_quiet(&h, 0.1);

	struct arpres_heard heard = reply(&h, 0.2, PEER);
	assert_int_equal(heard.effect, ARPRES_RESOLVED);
	assert_mac(heard.mac, hw(PEER));
	assert_true(heard.rtt_ns == ms(200));
	assert_int_equal(heard.tries, 1);
	assert_int_equal(arpres_pending(h.res), 0);

	/* For a minute the answer comes from the cache, and nothing is sent. */
	assert_int_equal(arpres_ask(h.res, at(60.1), addr(HOST), ARPRES_FROM_CACHE, &e),
			 ARPRES_KNOWN);
	assert_mac(e.mac, hw(PEER));
	expect_quiet(&h, 1.9);
	assert_false(arpres_next(h.res, at(60.1), &(struct arpres_step){ 0 }));
	assert_true(arpres_deadline(h.res).ns == INSTANT_NEVER.ns);

	/* Then it is polled by unicast, then asked of everybody, then given up. */
	assert_int_equal(ask(&h, 60.2, ARPRES_FROM_CACHE), ARPRES_WAIT);
	expect_request(&h, 60.2, ARPRES_WHY_POLL, PEER);
	expect_broadcast(&h, 61.2, 2);
	expect_broadcast(&h, 62.2, 3);
	expect_quiet(&h, 63.1);
	assert_int_equal(expect(&h, 63.2, ARPRES_GAVE_UP).try, 3);
	assert_int_equal(held(&h, NULL), ARP_FAILED);
	assert_int_equal(ask(&h, 63.3, ARPRES_FROM_CACHE), ARPRES_UNREACHABLE);
	leave(&h);
}

/* ---- RFC 826 --------------------------------------------------------------------- */

static void rfc826_a_request_is_broadcast_with_our_addresses_and_no_target_mac(void **state)
{
	struct house h = house();
	uint8_t bytes[ARP_FRAME_MAX];

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	struct arpres_step s = expect(&h, 0, ARPRES_SEND);
	assert_mac(s.eth.dst, MAC_BROADCAST);
	assert_mac(s.eth.src, hw(US));
	assert_int_equal(s.msg.op, ARP_REQUEST);
	assert_mac(s.msg.sender_mac, hw(US));
	assert_ip(s.msg.sender_ip, addr("192.168.1.1"));
	assert_mac(s.msg.target_mac, MAC_ZERO);
	assert_ip(s.msg.target_ip, addr(HOST));
	assert_int_equal(arp_frame_build(bytes, &s.eth, &s.msg), 60);
	leave(&h);
}

/* "Merge_flag := true; update the sender hardware address" comes before "?Is the opcode". */
static void rfc826_the_sender_is_merged_before_the_operation_is_looked_at(void **state)
{
	struct house h = resolved();

	(void)state;
	/* a request, not an answer, and yet it renews what we know */
	assert_int_equal(asks_us(&h, 30, PEER).effect, ARPRES_CONFIRMED);
	assert_int_equal(ask(&h, 89, ARPRES_FROM_CACHE), ARPRES_KNOWN);
	/* ... or changes it, but then it is not believed before it has been asked */
	struct arpres_heard heard = asks_us(&h, 89, LIAR);
	assert_int_equal(heard.effect, ARPRES_CHANGED);
	assert_mac(heard.other_mac, hw(PEER));
	assert_int_equal(held(&h, LIAR), ARP_UNVERIFIED);
	assert_int_equal(ask(&h, 89, ARPRES_FROM_CACHE), ARPRES_WAIT);
	leave(&h);
}

static void rfc826_every_operation_and_every_target_is_merged(void **state)
{
	struct house h = resolved();
	const struct arp_frame words[] = {
		said(ARP_REQUEST, PEER, "192.168.1.9"), said(ARP_REQUEST, PEER, "192.168.1.1"),
		said(ARP_REQUEST, PEER, HOST), said(ARP_REPLY, PEER, HOST),
		said(ARP_REPLY, PEER, "192.168.1.1"),
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(words); i++)
		assert_int_equal(hear(&h, 50 + 50 * (double)i, &words[i]).effect, ARPRES_CONFIRMED);
	assert_int_equal(ask(&h, 309, ARPRES_FROM_CACHE), ARPRES_KNOWN);
	leave(&h);
}

static void rfc826_a_merge_changes_an_entry_but_only_an_answer_creates_one(void **state)
{
	struct house h = house();

	(void)state;
	assert_int_equal(asks_us(&h, 1, PEER).effect, 0);
	assert_int_equal(announce(&h, 2, PEER).effect, 0);
	struct arp_frame gratuitous = said(ARP_REPLY, PEER, HOST);
	assert_int_equal(hear(&h, 3, &gratuitous).effect, 0);
	struct arpres_heard heard = reply(&h, 4, PEER);
	assert_int_equal(heard.effect, 0);
	assert_int_equal(heard.finding, ARP_F_UNASKED);
	assert_false(heard.pending);
	assert_int_equal(arp_cache_count(h.cache), 0);
	leave(&h);
}

static void rfc826_an_announcement_is_no_answer_even_while_we_ask(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	struct arpres_heard heard = announce(&h, 0.1, PEER);
	assert_int_equal(heard.effect, 0);
	assert_true(heard.pending);
	assert_int_equal(held(&h, PEER), 0);
	assert_int_equal(arpres_pending(h.res), 1);
	assert_int_equal(reply(&h, 0.2, PEER).effect, ARPRES_RESOLVED);	/* the same MAC */
	assert_int_equal(held(&h, PEER), ARP_MAPPED);
	leave(&h);
}

static void an_operation_nobody_knows_is_named_and_merges_nothing(void **state)
{
	struct house h = resolved();
	struct arp_frame f = said(9, LIAR, "192.168.1.1");

	(void)state;
	assert_int_equal(hear(&h, 30, &f).finding, ARP_F_OPERATION);
	assert_int_equal(held(&h, PEER), ARP_MAPPED);
	leave(&h);
}

static void what_has_expired_comes_back_by_an_answer_only(void **state)
{
	struct house h = resolved();

	(void)state;
	assert_int_equal(announce(&h, 61, PEER).effect, 0);
	assert_int_equal(ask(&h, 61, ARPRES_FROM_CACHE), ARPRES_WAIT);
	expect_request(&h, 61, ARPRES_WHY_POLL, PEER);
	assert_int_equal(reply(&h, 61.1, PEER).effect, ARPRES_RESOLVED);
	assert_int_equal(ask(&h, 61.1, ARPRES_FROM_CACHE), ARPRES_KNOWN);
	leave(&h);
}

/* ---- RFC 1122 2.3.2.1 ------------------------------------------------------------ */

static void rfc1122_2_3_2_1_an_entry_times_out(void **state)
{
	struct house h = resolved();

	(void)state;
	assert_int_equal(ask(&h, 60.199, ARPRES_FROM_CACHE), ARPRES_KNOWN);
	assert_int_equal(ask(&h, 60.2, ARPRES_FROM_CACHE), ARPRES_WAIT);
	leave(&h);
}

static void rfc1122_2_3_2_1_4_an_old_entry_is_polled_by_unicast_before_the_broadcast(void **state)
{
	struct house h = resolved();

	(void)state;
	ask(&h, 100, ARPRES_FROM_CACHE);
	expect_request(&h, 100, ARPRES_WHY_POLL, PEER);
	expect_quiet(&h, 100.999);
	expect_request(&h, 101, ARPRES_WHY_SILENCE, "ff:ff:ff:ff:ff:ff");
	struct arpres_heard heard = reply(&h, 101.1, LIAR);	/* it has a new card */
	assert_int_equal(heard.effect, ARPRES_RESOLVED | ARPRES_CHANGED);
	assert_mac(heard.other_mac, hw(PEER));
	assert_int_equal(held(&h, LIAR), ARP_MAPPED);
	leave(&h);
}

static void rfc1122_2_3_2_1_one_request_a_second_when_asked_twice(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	assert_int_equal(ask(&h, 0, ARPRES_FROM_CACHE), ARPRES_WAIT);
	assert_int_equal(ask(&h, 0.5, ARPRES_ANEW), ARPRES_WAIT);
	assert_int_equal(arpres_pending(h.res), 1);
	expect_quiet(&h, 0.999);
	expect_broadcast(&h, 1, 2);
	leave(&h);
}

static void rfc1122_2_3_2_1_one_request_a_second_when_asked_anew(void **state)
{
	struct house h = resolved();

	(void)state;
	assert_int_equal(ask(&h, 0.3, ARPRES_ANEW), ARPRES_WAIT);
	expect_quiet(&h, 0.999);
	expect_request(&h, 1, ARPRES_WHY_POLL, PEER);
	reply(&h, 1.1, PEER);
	assert_int_equal(ask(&h, 1.2, ARPRES_ANEW), ARPRES_WAIT);
	expect_quiet(&h, 1.999);
	expect_request(&h, 2, ARPRES_WHY_POLL, PEER);
	leave(&h);
}

static void rfc1122_2_3_2_1_one_request_a_second_when_a_wake_up_is_late(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0.7, 1);
	expect_quiet(&h, 1.699);
	expect_broadcast(&h, 9, 2);		/* eight seconds late: one request, not eight */
	expect_quiet(&h, 9.999);
	expect_broadcast(&h, 10, 3);
	expect_quiet(&h, 10.999);
	expect(&h, 11, ARPRES_GAVE_UP);
	leave(&h);
}

static void rfc1122_2_3_2_1_one_request_a_second_after_giving_up(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	for (unsigned i = 0; i < 3; i++)
		expect_broadcast(&h, i, i + 1);
	expect(&h, 3, ARPRES_GAVE_UP);
	assert_int_equal(ask(&h, 3, ARPRES_ANEW), ARPRES_WAIT);
	expect_broadcast(&h, 3, 1);		/* the last one was at 2 */
	leave(&h);
}

/* Another process found that nobody is there; ours had just sent a request. */
static void rfc1122_2_3_2_1_one_request_a_second_after_a_failure_found_elsewhere(void **state)
{
	struct house h = house();
	struct arp_entry failed = { .ip = addr(HOST), .state = ARP_FAILED, .since = at(0.1) };

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	arpres_settle(h.res, at(0.1), &failed);
	assert_int_equal(arpres_pending(h.res), 0);
	assert_int_equal(ask(&h, 0.2, ARPRES_FROM_CACHE), ARPRES_UNREACHABLE);
	assert_int_equal(ask(&h, 0.2, ARPRES_ANEW), ARPRES_WAIT);
	expect_quiet(&h, 0.999);
	expect_broadcast(&h, 1, 1);
	leave(&h);
}

static void rfc1122_2_3_2_1_a_request_another_process_just_sent_is_waited_for(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	expect_broadcast(&h, 1, 2);
	arpres_postpone(h.res, addr(HOST), at(1.6));	/* it asked at 0.6 */
	expect_quiet(&h, 1.599);
	expect_broadcast(&h, 1.6, 2);			/* still the second of three */
	struct arpres_heard heard = reply(&h, 1.7, PEER);
	assert_true(heard.rtt_ns == ms(100));
	assert_int_equal(heard.tries, 2);
	leave(&h);
}

static void a_request_that_was_put_off_does_not_count_as_sent(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 10, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 10, 1);
	expect_broadcast(&h, 11, 2);
	arpres_postpone(h.res, addr(HOST), at(11.6));
	struct arpres_heard heard = reply(&h, 11.1, PEER);
	assert_true(heard.rtt_ns == ms(1100));		/* the answer to the first */
	assert_int_equal(heard.tries, 1);
	leave(&h);
}

/* Here a second owner is listened for during a tenth of the second. */
static void rfc1122_2_3_2_1_the_second_outlives_the_listening(void **state)
{
	struct house h = house();
	size_t size = arpres_size(8);

	(void)state;
	h.config.listen_ns = ms(100);
	memset(h.res, 0, size);
	h.res = arpres_init(h.res, size, 8, &h.config, secret, h.cache);
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	reply(&h, 0.2, PEER);
	expect_quiet(&h, 0.35);
	assert_int_equal(ask(&h, 0.4, ARPRES_ANEW), ARPRES_WAIT);
	expect_quiet(&h, 0.999);
	expect_request(&h, 1, ARPRES_WHY_POLL, PEER);
	leave(&h);
}

static void a_postponed_first_request_may_be_answered_before_it_is_sent(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	arpres_postpone(h.res, addr(HOST), at(0.6));
	struct arpres_heard heard = reply(&h, 0.3, PEER);
	assert_int_equal(heard.effect, ARPRES_RESOLVED);
	assert_true(heard.rtt_ns == 0 && heard.tries == 0);
	leave(&h);
}

/* ---- failures -------------------------------------------------------------------- */

static void a_failure_is_remembered_for_twenty_seconds_then_asked_again(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	for (unsigned i = 0; i < 3; i++)
		expect_broadcast(&h, i, i + 1);
	expect(&h, 3, ARPRES_GAVE_UP);
	assert_int_equal(arpres_pending(h.res), 0);
	assert_int_equal(ask(&h, 22.999, ARPRES_FROM_CACHE), ARPRES_UNREACHABLE);
	assert_true(arpres_deadline(h.res).ns == INSTANT_NEVER.ns);
	assert_int_equal(ask(&h, 23, ARPRES_FROM_CACHE), ARPRES_WAIT);
	expect_broadcast(&h, 23, 1);		/* nobody to poll */
	leave(&h);
}

static void a_failure_is_bypassed_by_asking_anew_and_mended_by_the_answer(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	for (unsigned i = 0; i < 3; i++)
		expect_broadcast(&h, i, i + 1);
	expect(&h, 3, ARPRES_GAVE_UP);
	assert_int_equal(announce(&h, 4, PEER).effect, 0);	/* nobody asked it */
	assert_int_equal(ask(&h, 5, ARPRES_ANEW), ARPRES_WAIT);
	expect_broadcast(&h, 5, 1);
	assert_int_equal(reply(&h, 5.1, PEER).effect, ARPRES_RESOLVED);
	assert_int_equal(held(&h, PEER), ARP_MAPPED);
	leave(&h);
}

static void a_reply_that_comes_after_giving_up_was_not_asked_for(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	for (unsigned i = 0; i < 3; i++)
		expect_broadcast(&h, i, i + 1);
	expect(&h, 3, ARPRES_GAVE_UP);
	assert_int_equal(reply(&h, 3.1, PEER).finding, ARP_F_UNASKED);
	assert_int_equal(held(&h, NULL), ARP_FAILED);
	leave(&h);
}

static void an_answer_found_by_another_process_closes_the_question(void **state)
{
	struct house h = house();
	struct arp_entry e = { addr(HOST), hw(PEER), ARP_MAPPED, at(0.4) };

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	arpres_settle(h.res, at(0.4), &e);
	assert_int_equal(arpres_pending(h.res), 0);
	assert_int_equal(ask(&h, 0.5, ARPRES_FROM_CACHE), ARPRES_KNOWN);
	expect_quiet(&h, 1.5);
	assert_int_equal(reply(&h, 1.5, LIAR).effect, ARPRES_CONFLICT);
	leave(&h);
}

static void news_of_an_address_that_is_not_asked_for_is_kept_for_later(void **state)
{
	struct house h = house();
	struct arp_entry e = { addr(HOST), hw(PEER), ARP_MAPPED, at(1) };

	(void)state;
	arpres_postpone(h.res, addr(HOST), at(5));	/* no question: nothing to put off */
	arpres_settle(h.res, at(1), &e);
	assert_true(arpres_deadline(h.res).ns == INSTANT_NEVER.ns);
	assert_int_equal(ask(&h, 2, ARPRES_FROM_CACHE), ARPRES_KNOWN);
	leave(&h);
}

/* ---- two owners ------------------------------------------------------------------ */

static void two_owners_that_both_answer_are_both_shown(void **state)
{
	struct house h = resolved();
	struct arpres_heard second = reply(&h, 0.25, LIAR);

	(void)state;
	assert_int_equal(second.effect, ARPRES_CONFLICT);
	assert_mac(second.mac, hw(LIAR));
	assert_mac(second.other_mac, hw(PEER));
	assert_int_equal(held(&h, PEER), ARP_CONTESTED);
	/* What is contested is asked anew each time, of everybody. */
	assert_int_equal(ask(&h, 5, ARPRES_FROM_CACHE), ARPRES_WAIT);
	expect_broadcast(&h, 5, 1);
	leave(&h);
}

static void after_listening_another_mac_is_a_change_not_a_conflict(void **state)
{
	struct house soon = resolved(), late = resolved(), overslept = resolved();

	(void)state;
	assert_int_equal(reply(&soon, 2.199, LIAR).effect, ARPRES_CONFLICT);
	assert_false(arpres_next(late.res, at(2.2), &(struct arpres_step){ 0 }));
	assert_int_equal(reply(&late, 2.2, LIAR).effect, ARPRES_CHANGED);
	assert_int_equal(held(&late, LIAR), ARP_UNVERIFIED);
	/* The same without the wake-up in between. */
	assert_int_equal(reply(&overslept, 30, LIAR).effect, ARPRES_CHANGED);
	leave(&soon);
	leave(&late);
	leave(&overslept);
}

static void a_claim_before_the_answer_makes_the_answer_a_conflict(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	assert_int_equal(announce(&h, 0.1, LIAR).effect, 0);
	struct arpres_heard heard = reply(&h, 0.2, PEER);
	assert_int_equal(heard.effect, ARPRES_RESOLVED | ARPRES_CONFLICT);
	assert_mac(heard.mac, hw(PEER));
	assert_mac(heard.other_mac, hw(LIAR));
	assert_int_equal(held(&h, PEER), ARP_CONTESTED);
	leave(&h);
}

static void a_claim_is_forgotten_with_the_question_it_disturbed(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	announce(&h, 0.1, LIAR);
	assert_true(reply(&h, 0.2, PEER).effect & ARPRES_CONFLICT);
	ask(&h, 0.3, ARPRES_ANEW);
	expect_broadcast(&h, 1, 1);
	assert_int_equal(reply(&h, 1.1, PEER).effect, ARPRES_RESOLVED);
	assert_int_equal(held(&h, PEER), ARP_MAPPED);
	leave(&h);
}

static void what_is_contested_does_not_go_over_to_the_next_who_claims_it(void **state)
{
	struct house h = resolved();

	(void)state;
	reply(&h, 0.3, LIAR);
	assert_false(arpres_next(h.res, at(20), &(struct arpres_step){ 0 }));
	struct arpres_heard heard = announce(&h, 30, "02:00:00:00:00:67");
	assert_int_equal(heard.effect, ARPRES_CONFLICT);
	assert_mac(heard.other_mac, hw(PEER));
	assert_int_equal(held(&h, PEER), ARP_CONTESTED);
	leave(&h);
}

/* The honest host's own announcement must not wipe out the liar's that came before. */
static void two_claims_before_the_answer_are_a_conflict_already(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	assert_int_equal(announce(&h, 0.1, LIAR).effect, 0);
	struct arpres_heard heard = announce(&h, 0.15, PEER);
	assert_int_equal(heard.effect, ARPRES_CONFLICT);
	assert_mac(heard.other_mac, hw(LIAR));
	heard = reply(&h, 0.2, PEER);
	assert_int_equal(heard.effect, ARPRES_RESOLVED | ARPRES_CONFLICT);
	assert_mac(heard.other_mac, hw(LIAR));
	leave(&h);
}

/* ---- forged answers -------------------------------------------------------------- */

struct forgery {
	const char *dst, *src;
	uint16_t op;
	const char *sender_mac, *sender_ip, *target_mac, *target_ip;
	enum arp_finding finding;
};

#define ALL "ff:ff:ff:ff:ff:ff"
#define NIL "00:00:00:00:00:00"

/* clang-format off */
static const struct forgery forgeries[] = {
{ ALL, LIAR, 2, LIAR, HOST, US, "192.168.1.1", ARP_F_REPLY_BROADCAST },
{ US,  PEER, 2, LIAR, HOST, US, "192.168.1.1", ARP_F_REPLY_RELAYED },
{ ALL, LIAR, 1, LIAR, HOST, NIL, "192.168.1.9", ARP_F_REQUEST },
{ ALL, LIAR, 1, LIAR, HOST, NIL, "192.168.1.1", ARP_F_REQUEST_FOR_US },
{ ALL, LIAR, 1, LIAR, "0.0.0.0", NIL, HOST, ARP_F_PROBE },
{ ALL, LIAR, 1, LIAR, HOST, NIL, HOST, ARP_F_ANNOUNCEMENT },
{ ALL, LIAR, 2, LIAR, HOST, ALL, HOST, ARP_F_GRATUITOUS_REPLY },
{ US,  LIAR, 2, LIAR, HOST, US, HOST, ARP_F_GRATUITOUS_REPLY },
{ US,  LIAR, 2, LIAR, "192.168.1.99", US, "192.168.1.1", ARP_F_UNASKED },
{ US,  LIAR, 0, LIAR, HOST, US, "192.168.1.1", ARP_F_OPERATION },
{ US,  LIAR, 4, LIAR, HOST, US, "192.168.1.1", ARP_F_OPERATION },
{ US,  LIAR, 2, ALL,  HOST, US, "192.168.1.1", ARP_F_SENDER_MAC_BROADCAST },
{ US,  LIAR, 2, "01:00:5e:00:00:07", HOST, US, "192.168.1.1", ARP_F_SENDER_MAC_MULTICAST },
{ US,  LIAR, 2, NIL,  HOST, US, "192.168.1.1", ARP_F_SENDER_MAC_ZERO },
{ US,  LIAR, 2, US,   HOST, US, "192.168.1.1", ARP_F_SENDER_MAC_OURS },
{ US,  LIAR, 2, LIAR, "0.0.0.0", US, "192.168.1.1", ARP_F_SENDER_IP_ZERO },
{ US,  LIAR, 2, LIAR, "192.168.1.1", US, "192.168.1.1", ARP_F_SENDER_IP_OURS },
{ US,  LIAR, 2, LIAR, HOST, US, "192.168.1.9", ARP_F_TARGET_IP_NOT_OURS },
{ US,  LIAR, 2, LIAR, HOST, LIAR, "192.168.1.1", ARP_F_TARGET_MAC_NOT_OURS },
{ US,  LIAR, 2, LIAR, HOST, NIL, "192.168.1.1", ARP_F_TARGET_MAC_NOT_OURS },
};
/* clang-format on */

static struct arp_frame forged(const struct forgery *f)
{
	struct arp_msg msg = { .op = f->op, .sender_mac = hw(f->sender_mac),
			       .sender_ip = addr(f->sender_ip), .target_mac = hw(f->target_mac),
			       .target_ip = addr(f->target_ip) };

	return frame_of(hw(f->dst), hw(f->src), &msg);
}

/* Has the liar's MAC become what we use for HOST? */
static bool believed(const struct house *h)
{
	struct arp_entry e;

	return arp_cache_find(h->cache, addr(HOST), &e) && e.state == ARP_MAPPED &&
	       !mac_equal(e.mac, hw(PEER));
}

static void a_forged_answer_alone_is_not_taken_without_a_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(forgeries); i++) {
		struct house h = house();
		struct arp_frame f = forged(&forgeries[i]);
		ask(&h, 0, ARPRES_FROM_CACHE);
		expect_broadcast(&h, 0, 1);
		struct arpres_heard heard = hear(&h, 0.1, &f);
		const struct arp_finding_info *info = arp_finding_info(heard.finding);
		assert_int_equal(heard.finding, forgeries[i].finding);
		if (believed(&h))
			assert_true(info->taken && info->weight != ARP_W_TAKEN);
		else
			assert_int_equal(arpres_pending(h.res), 1);	/* we go on asking */
		leave(&h);
	}
}

static void before_the_honest_reply_a_forged_one_does_not_hide_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(forgeries); i++) {
		struct house h = house();
		struct arp_frame f = forged(&forgeries[i]);
		ask(&h, 0, ARPRES_FROM_CACHE);
		expect_broadcast(&h, 0, 1);
		struct arpres_heard lie = hear(&h, 0.1, &f);
		struct arpres_heard honest = reply(&h, 0.2, PEER);
		assert_false(believed(&h));
		if (lie.effect & ARPRES_RESOLVED) {	/* taken with a word; now there are two */
			assert_int_equal(honest.effect, ARPRES_CONFLICT);
			assert_mac(honest.other_mac, lie.mac);
		} else {
			assert_true(honest.effect & ARPRES_RESOLVED);
		}
		assert_mac(honest.mac, hw(PEER));
		leave(&h);
	}
}

static void after_the_honest_reply_a_forged_one_does_not_replace_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(forgeries); i++) {
		struct house h = resolved();
		struct arp_frame f = forged(&forgeries[i]);
		struct arpres_heard lie = hear(&h, 0.3, &f);
		unsigned now = held(&h, PEER);
		assert_int_equal(now, lie.effect & ARPRES_CONFLICT ? ARP_CONTESTED : ARP_MAPPED);
		/* It left a trace: a conflict, or a name of its own. */
		assert_true((lie.effect & ARPRES_CONFLICT) || lie.finding != ARP_F_REPLY);
		leave(&h);
	}
}

/* Fully consistent: nobody can tell it from the truth, but two truths can be told. */
static void a_perfect_lie_and_the_truth_are_a_conflict_in_either_order(void **state)
{
	struct house h = house();

	(void)state;
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	assert_int_equal(reply(&h, 0.1, LIAR).effect, ARPRES_RESOLVED);
	struct arpres_heard heard = reply(&h, 0.2, PEER);
	assert_int_equal(heard.effect, ARPRES_CONFLICT);
	assert_mac(heard.mac, hw(PEER));
	assert_mac(heard.other_mac, hw(LIAR));
	assert_int_equal(held(&h, LIAR), ARP_CONTESTED);
	leave(&h);
}

static void truncated_and_misshapen_frames_leave_the_question_open(void **state)
{
	struct house h = house();
	struct arp_msg msg = { ARP_REPLY, hw(LIAR), addr(HOST), hw(US), addr("192.168.1.1") };
	struct eth_hdr eth = { .dst = hw(US), .src = hw(LIAR), .type = ETH_ARP };
	uint8_t bytes[ARP_FRAME_MAX];
	struct arp_frame f;

	(void)state;
	arp_frame_build(bytes, &eth, &msg);
	ask(&h, 0, ARPRES_FROM_CACHE);
	expect_broadcast(&h, 0, 1);
	for (size_t len = 0; len < 42; len++) {
		arp_frame_parse(bytes, len, &f);
		assert_int_equal(hear(&h, 0.1, &f).finding, ARP_F_TRUNCATED);
	}
	for (size_t at_byte = 14; at_byte < 20; at_byte++) {
		bytes[at_byte] ^= 0x40;
		arp_frame_parse(bytes, 60, &f);
		bytes[at_byte] ^= 0x40;
		enum arp_finding name = hear(&h, 0.1, &f).finding;
		assert_int_equal(arp_finding_info(name)->weight, ARP_W_REFUSED);
	}
	assert_int_equal(arpres_pending(h.res), 1);
	assert_int_equal(arp_cache_count(h.cache), 0);
	leave(&h);
}

/* ---- many questions -------------------------------------------------------------- */

static void a_full_table_says_so_and_has_room_when_it_said_it_would(void **state)
{
	struct house h = house_for(2);
	struct arpres_step s;

	(void)state;
	assert_int_equal(arpres_ask(h.res, at(0), addr("10.0.0.1"), ARPRES_FROM_CACHE, NULL),
			 ARPRES_WAIT);
	assert_int_equal(arpres_ask(h.res, at(0), addr("10.0.0.2"), ARPRES_FROM_CACHE, NULL),
			 ARPRES_WAIT);
	assert_int_equal(ask(&h, 0, ARPRES_FROM_CACHE), ARPRES_FULL);
	double now = 0;
	for (unsigned step = 0; step < 8; step++) {
		now = (double)arpres_deadline(h.res).ns / 1e9;
		assert_true(arpres_next(h.res, at(now), &s));
		if (s.kind == ARPRES_GAVE_UP)
			break;
	}
	assert_int_equal(s.kind, ARPRES_GAVE_UP);
	assert_int_equal(ask(&h, now, ARPRES_FROM_CACHE), ARPRES_WAIT);
	leave(&h);
}

static void sixty_four_questions_at_once_are_sixty_four_requests_none_lost(void **state)
{
	struct house h = house_for(64);
	bool sent[64] = { false };
	struct arpres_step s;

	(void)state;
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(arpres_ask(h.res, at(0), ip4_from_number(i), ARPRES_FROM_CACHE,
					    NULL), ARPRES_WAIT);
	for (unsigned i = 0; i < 64; i++) {
		assert_true(arpres_next(h.res, at(0), &s));
		assert_false(sent[ip4_number(s.ip)]);
		sent[ip4_number(s.ip)] = true;
	}
	assert_false(arpres_next(h.res, at(0), &s));
	leave(&h);
}

static void in_a_vlan_requests_are_tagged_and_untagged_replies_ignored(void **state)
{
	struct house h = house();
	struct arpres_config config = h.config;

	(void)state;
	config.self.vlan = 42;
	size_t size = arpres_size(8);
	memset(h.res, 0, size);
	h.res = arpres_init(h.res, size, 8, &config, secret, h.cache);
	ask(&h, 0, ARPRES_FROM_CACHE);
	struct arpres_step s = expect(&h, 0, ARPRES_SEND);
	assert_int_equal(s.eth.n_tags, 1);
	assert_int_equal(s.eth.tag[0].tci, 42);
	assert_int_equal(reply(&h, 0.1, PEER).finding, ARP_F_OTHER_VLAN);
	assert_int_equal(arpres_pending(h.res), 1);
	leave(&h);
}

static void memory_that_is_too_small_is_refused(void **state)
{
	struct house h = house();
	void *memory = zeroed(arpres_size(4));

	(void)state;
	assert_null(arpres_init(memory, arpres_size(4) - 1, 4, &h.config, secret, h.cache));
	assert_null(arpres_init(memory, arpres_size(4), 0, &h.config, secret, h.cache));
	assert_null(arpres_init(memory, SIZE_MAX, ((size_t)1 << 24) + 1, &h.config, secret,
				h.cache));
	free(memory);
	leave(&h);
}

/* ---- the deadline against a model that looks at every question ------------------- */

enum { MANY = 40 };

/* What the header promises about one question's time, kept the slow way. */
struct plain { bool open, asking; struct instant due, asked; unsigned tries; };

static void plain_ask(struct plain *p, struct instant now)
{
	if (p->open && p->asking)
		return;
	*p = (struct plain){ .open = true, .asking = true, .asked = p->asked,
			     .due = p->open ? instant_later(now, instant_after(p->asked, SEC_NS))
					    : now };
}

static void plain_reply(struct plain *p, struct instant now)
{
	if (!p->open || !p->asking)
		return;
	p->asking = false;
	p->due = instant_later(instant_after(now, 2 * SEC_NS), instant_after(p->asked, SEC_NS));
}

/* One step of the machine, which must be due in the model too, and leaves it as the model. */
static void plain_step(struct plain *all, const struct arpres_step *s, struct instant now)
{
	struct plain *p = &all[s->ip.b[3]];

	assert_true(p->open && p->asking && instant_reached(now, p->due));
	if (p->tries < 3) {
		assert_int_equal(s->kind, ARPRES_SEND);
		p->asked = now;
		p->due = instant_after(now, SEC_NS);
		assert_int_equal(s->try, ++p->tries);
	} else {
		assert_int_equal(s->kind, ARPRES_GAVE_UP);
		p->open = false;
	}
}

static struct instant plain_deadline(const struct plain *all)
{
	struct instant t = INSTANT_NEVER;

	for (unsigned i = 0; i < MANY; i++)
		if (all[i].open)
			t = instant_earlier(t, all[i].due);
	return t;
}

static void plain_wake(struct house *h, struct plain *all, struct instant now)
{
	struct arpres_step s;

	while (arpres_next(h->res, now, &s))
		plain_step(all, &s, now);
	for (unsigned i = 0; i < MANY; i++)
		if (all[i].open && instant_reached(now, all[i].due)) {
			assert_false(all[i].asking);	/* else a request was forgotten */
			all[i].open = false;
		}
}

static void the_deadline_is_the_earliest_of_all_whatever_happened(void **state)
{
	struct chance c = { 12 };

	(void)state;
	for (unsigned run = 0; run < 200; run++) {
		struct house h = house_for(MANY);
		struct plain all[MANY] = { { .open = false } };
		struct instant now = at(1);
		for (unsigned step = 0; step < 400; step++) {
			uint32_t who = (uint32_t)chance_below(&c, MANY);
			struct ip4 ip = ip4_from_number(0x0a000000 + who);
			struct arp_msg msg = { ARP_REPLY, hw(PEER), ip, hw(US),
					       addr("192.168.1.1") };
			struct arp_frame f = frame_of(hw(US), hw(PEER), &msg);
			now = instant_after(now, chance_below(&c, 150) * MSEC_NS);
			switch (chance_below(&c, 4)) {
			case 0:
			case 1:
				plain_wake(&h, all, now);
				assert_int_equal(arpres_ask(h.res, now, ip, ARPRES_ANEW, NULL),
						 ARPRES_WAIT);
				plain_ask(&all[who], now);
				break;
			case 2:
				arpres_hear(h.res, now, &f);
				plain_reply(&all[who], now);
				break;
			default:
				plain_wake(&h, all, now);
			}
			assert_true(arpres_deadline(h.res).ns == plain_deadline(all).ns);
		}
		leave(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_address_is_asked_answered_used_grown_old_polled_lost_and_given_up),
		cmocka_unit_test(
			rfc826_a_request_is_broadcast_with_our_addresses_and_no_target_mac),
		cmocka_unit_test(rfc826_the_sender_is_merged_before_the_operation_is_looked_at),
		cmocka_unit_test(rfc826_every_operation_and_every_target_is_merged),
		cmocka_unit_test(rfc826_a_merge_changes_an_entry_but_only_an_answer_creates_one),
		cmocka_unit_test(rfc826_an_announcement_is_no_answer_even_while_we_ask),
		cmocka_unit_test(an_operation_nobody_knows_is_named_and_merges_nothing),
		cmocka_unit_test(what_has_expired_comes_back_by_an_answer_only),
		cmocka_unit_test(rfc1122_2_3_2_1_an_entry_times_out),
		cmocka_unit_test(
			rfc1122_2_3_2_1_4_an_old_entry_is_polled_by_unicast_before_the_broadcast),
		cmocka_unit_test(rfc1122_2_3_2_1_one_request_a_second_when_asked_twice),
		cmocka_unit_test(rfc1122_2_3_2_1_one_request_a_second_when_asked_anew),
		cmocka_unit_test(rfc1122_2_3_2_1_one_request_a_second_when_a_wake_up_is_late),
		cmocka_unit_test(rfc1122_2_3_2_1_one_request_a_second_after_giving_up),
		cmocka_unit_test(
			rfc1122_2_3_2_1_one_request_a_second_after_a_failure_found_elsewhere),
		cmocka_unit_test(rfc1122_2_3_2_1_a_request_another_process_just_sent_is_waited_for),
		cmocka_unit_test(a_request_that_was_put_off_does_not_count_as_sent),
		cmocka_unit_test(rfc1122_2_3_2_1_the_second_outlives_the_listening),
		cmocka_unit_test(a_postponed_first_request_may_be_answered_before_it_is_sent),
		cmocka_unit_test(a_failure_is_remembered_for_twenty_seconds_then_asked_again),
		cmocka_unit_test(a_failure_is_bypassed_by_asking_anew_and_mended_by_the_answer),
		cmocka_unit_test(a_reply_that_comes_after_giving_up_was_not_asked_for),
		cmocka_unit_test(an_answer_found_by_another_process_closes_the_question),
		cmocka_unit_test(news_of_an_address_that_is_not_asked_for_is_kept_for_later),
		cmocka_unit_test(two_owners_that_both_answer_are_both_shown),
		cmocka_unit_test(after_listening_another_mac_is_a_change_not_a_conflict),
		cmocka_unit_test(a_claim_before_the_answer_makes_the_answer_a_conflict),
		cmocka_unit_test(a_claim_is_forgotten_with_the_question_it_disturbed),
		cmocka_unit_test(what_is_contested_does_not_go_over_to_the_next_who_claims_it),
		cmocka_unit_test(two_claims_before_the_answer_are_a_conflict_already),
		cmocka_unit_test(a_forged_answer_alone_is_not_taken_without_a_word),
		cmocka_unit_test(before_the_honest_reply_a_forged_one_does_not_hide_it),
		cmocka_unit_test(after_the_honest_reply_a_forged_one_does_not_replace_it),
		cmocka_unit_test(a_perfect_lie_and_the_truth_are_a_conflict_in_either_order),
		cmocka_unit_test(truncated_and_misshapen_frames_leave_the_question_open),
		cmocka_unit_test(a_full_table_says_so_and_has_room_when_it_said_it_would),
		cmocka_unit_test(sixty_four_questions_at_once_are_sixty_four_requests_none_lost),
		cmocka_unit_test(in_a_vlan_requests_are_tagged_and_untagged_replies_ignored),
		cmocka_unit_test(memory_that_is_too_small_is_refused),
		cmocka_unit_test(the_deadline_is_the_earliest_of_all_whatever_happened),
	};

	return cmocka_run_group_tests_name("arp_resolver", tests, NULL, NULL);
}
