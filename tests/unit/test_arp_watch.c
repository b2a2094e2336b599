/* arp_watch.h: what one learns by only listening */
#include "told.h"

#include "wirelab/arp_watch.h"

#define US "02:00:00:00:00:01"
#define OLD "02:00:00:00:00:07"
#define NEW "02:00:00:00:00:08"
#define THIRD "02:00:00:00:00:09"
#define HOST "192.168.1.7"

struct watchman { struct arpwatch w; };

static struct arp_cache *cache_for(size_t n)
{
	static const uint8_t secret[16] = "watching";
	size_t size = arp_cache_size(n);

	return arp_cache_init(zeroed(size), size, n, secret, at(0));
}

static struct watchman watch(void)
{
	struct arp_self self = { .mac = hw(US), .ip = addr("192.168.1.1") };
	struct watchman m;

	arpwatch_init(&m.w, &self, cache_for(64), cache_for(16));
	return m;
}

static void go_home(struct watchman *m)
{
	free(m->w.now);
	free(m->w.before);
}

static struct arpwatch_sighting hear(struct watchman *m, struct instant now, uint16_t op,
				     const char *mac, const char *sender, const char *target)
{
	struct arp_msg msg = { .op = op, .sender_mac = hw(mac), .sender_ip = addr(sender),
			       .target_ip = addr(target) };
	struct arp_frame f = frame_of(MAC_BROADCAST, msg.sender_mac, &msg);

	return arpwatch_hear(&m->w, now, &f);
}

/* The host with this MAC asks for somebody: the most ordinary word there is. */
static struct arpwatch_sighting asks(struct watchman *m, double seconds, const char *mac)
{
	return hear(m, at(seconds), ARP_REQUEST, mac, HOST, "192.168.1.9");
}

static void a_host_appears_talks_falls_silent_returns_and_gets_a_new_card(void **state)
{
	struct watchman m = watch();
	struct arpwatch_sighting s = asks(&m, 0, OLD);

	(void)state;
	assert_int_equal(s.event, ARPWATCH_APPEARED);
	assert_ip(s.ip, addr(HOST));
	assert_mac(s.mac, hw(OLD));
	assert_int_equal(asks(&m, 10, OLD).event, ARPWATCH_NOTHING);
	assert_int_equal(asks(&m, 309.9, OLD).event, ARPWATCH_NOTHING);
	s = asks(&m, 609.9, OLD);
	assert_int_equal(s.event, ARPWATCH_RETURNED);
	assert_true(s.silent_ns == 300 * SEC_NS);
	s = asks(&m, 700, NEW);
	assert_int_equal(s.event, ARPWATCH_MOVED);
	assert_mac(s.before, hw(OLD));
	assert_true(s.silent_ns == ms(90100));
	assert_int_equal(asks(&m, 701, NEW).event, ARPWATCH_NOTHING);
	go_home(&m);
}

static void what_is_heard_is_shown_but_not_to_be_used_unasked(void **state)
{
	struct watchman m = watch();
	struct arp_entry e;

	(void)state;
	asks(&m, 3, OLD);
	assert_true(arp_cache_find(m.w.now, addr(HOST), &e));
	assert_int_equal(e.state, ARP_UNVERIFIED);
	assert_mac(e.mac, hw(OLD));
	assert_true(e.since.ns == at(3).ns);
	go_home(&m);
}

static void the_old_mac_speaking_again_soon_means_that_two_quarrel(void **state)
{
	struct watchman m = watch();

	(void)state;
	asks(&m, 0, OLD);
	assert_int_equal(asks(&m, 1, NEW).event, ARPWATCH_MOVED);
	struct arpwatch_sighting s = asks(&m, 2, OLD);
	assert_int_equal(s.event, ARPWATCH_CONFLICT);
	assert_mac(s.mac, hw(OLD));
	assert_mac(s.before, hw(NEW));
	assert_int_equal(asks(&m, 3, NEW).event, ARPWATCH_CONFLICT);
	go_home(&m);
}

/* Two that speak once a minute, but right after one another. */
static void the_quarrel_is_seen_although_the_old_mac_was_silent_for_long_before(void **state)
{
	struct watchman m = watch();

	(void)state;
	asks(&m, 0, OLD);
	assert_int_equal(asks(&m, 100, NEW).event, ARPWATCH_MOVED);
	assert_int_equal(asks(&m, 101, OLD).event, ARPWATCH_CONFLICT);
	go_home(&m);
}

static void a_host_that_moves_back_after_a_while_has_moved_twice(void **state)
{
	struct watchman m = watch();

	(void)state;
	asks(&m, 0, OLD);
	assert_int_equal(asks(&m, 1, NEW).event, ARPWATCH_MOVED);
	assert_int_equal(asks(&m, 11, OLD).event, ARPWATCH_MOVED);
	assert_int_equal(asks(&m, 12, THIRD).event, ARPWATCH_MOVED);
	go_home(&m);
}

/* RFC 5227 2.4: DEFEND_INTERVAL is how far back a conflict is looked for. */
static void rfc5227_2_4_looks_back_ten_seconds(void **state)
{
	struct watchman just = watch(), late = watch();

	(void)state;
	assert_true(ARPWATCH_CONFLICT_NS == 10 * SEC_NS);
	asks(&just, 0, OLD);
	asks(&just, 1, NEW);
	assert_int_equal(asks(&just, 10.999, OLD).event, ARPWATCH_CONFLICT);
	asks(&late, 0, OLD);
	asks(&late, 1, NEW);
	assert_int_equal(asks(&late, 11, OLD).event, ARPWATCH_MOVED);
	go_home(&just);
	go_home(&late);
}

static void rfc5227_1_1_a_probe_tells_of_the_wish_not_of_an_owner(void **state)
{
	struct watchman m = watch();
	struct arpwatch_sighting s = hear(&m, at(0), ARP_REQUEST, OLD, "0.0.0.0", HOST);

	(void)state;
	assert_int_equal(s.event, ARPWATCH_PROBING);
	assert_ip(s.ip, addr(HOST));
	assert_mac(s.mac, hw(OLD));
	assert_int_equal(arp_cache_count(m.w.now), 0);
	go_home(&m);
}

static void announcements_and_gratuitous_replies_make_a_host_appear(void **state)
{
	struct watchman m = watch();

	(void)state;
	assert_int_equal(hear(&m, at(0), ARP_REQUEST, OLD, HOST, HOST).event, ARPWATCH_APPEARED);
	assert_int_equal(hear(&m, at(1), ARP_REPLY, NEW, HOST, HOST).event, ARPWATCH_MOVED);
	go_home(&m);
}

static void a_frame_that_cannot_be_right_is_odd_and_teaches_nothing(void **state)
{
	static const struct {
		uint16_t op;
		const char *mac, *sender;
		enum arp_finding name;
	} odd[] = {
		{ ARP_REQUEST, "ff:ff:ff:ff:ff:ff", HOST, ARP_F_SENDER_MAC_BROADCAST },
		{ ARP_REQUEST, "00:00:00:00:00:00", HOST, ARP_F_SENDER_MAC_ZERO },
		{ ARP_REQUEST, "01:00:5e:00:00:01", HOST, ARP_F_SENDER_MAC_MULTICAST },
		{ ARP_REQUEST, US, HOST, ARP_F_SENDER_MAC_OURS },
		{ ARP_REQUEST, OLD, "192.168.1.1", ARP_F_SENDER_IP_OURS },
		{ 8, OLD, HOST, ARP_F_OPERATION },
	};
	struct watchman m = watch();

	(void)state;
	for (size_t i = 0; i < LENGTH(odd); i++) {
		struct arpwatch_sighting s =
			hear(&m, at((double)i), odd[i].op, odd[i].mac, odd[i].sender,
			     "192.168.1.9");
		assert_int_equal(s.event, ARPWATCH_ODD);
		assert_int_equal(s.finding, odd[i].name);
	}
	assert_int_equal(arp_cache_count(m.w.now), 0);
	go_home(&m);
}

static void our_own_frames_and_foreign_protocols_are_nothing(void **state)
{
	struct watchman m = watch();
	uint8_t ipv6[60] = { [12] = 0x86, [13] = 0xdd };
	struct arp_frame f;

	(void)state;
	assert_int_equal(hear(&m, at(0), ARP_REQUEST, US, "192.168.1.1", HOST).event,
			 ARPWATCH_NOTHING);
	arp_frame_parse(ipv6, sizeof(ipv6), &f);
	assert_int_equal(arpwatch_hear(&m.w, at(0), &f).event, ARPWATCH_NOTHING);
	assert_int_equal(arp_cache_count(m.w.now), 0);
	go_home(&m);
}

static void a_relayed_reply_is_odd_even_when_its_content_is_known(void **state)
{
	struct arp_msg msg = { ARP_REPLY, hw(OLD), addr(HOST), hw(US), addr("192.168.1.1") };
	struct arp_frame f = frame_of(hw(US), hw(NEW), &msg);
	struct watchman m = watch();

	(void)state;
	asks(&m, 0, OLD);
	struct arpwatch_sighting s = arpwatch_hear(&m.w, at(1), &f);
	assert_int_equal(s.event, ARPWATCH_ODD);
	assert_int_equal(s.finding, ARP_F_REPLY_RELAYED);
	go_home(&m);
}

/* On a hub one hears every reply, and RFC 3927 2.5 has link-local hosts broadcast theirs. */
static void a_reply_between_two_others_is_heard_like_any_other_word(void **state)
{
	struct arp_msg msg = { ARP_REPLY, hw(OLD), addr(HOST), hw(THIRD), addr("192.168.1.9") };
	struct arp_frame on_hub = frame_of(hw(THIRD), hw(OLD), &msg);
	struct arp_frame to_all = frame_of(MAC_BROADCAST, hw(OLD), &msg);
	struct arp_frame to_us = frame_of(hw(US), hw(OLD), &msg);
	struct arp_frame relayed = frame_of(hw(THIRD), hw(NEW), &msg);
	struct watchman m = watch();

	(void)state;
	assert_int_equal(arpwatch_hear(&m.w, at(0), &on_hub).event, ARPWATCH_APPEARED);
	assert_int_equal(arpwatch_hear(&m.w, at(1), &to_all).event, ARPWATCH_NOTHING);
	/* Brought to our door but made out to another: that is odd, and so is a relayed one. */
	assert_int_equal(arpwatch_hear(&m.w, at(2), &to_us).event, ARPWATCH_ODD);
	assert_int_equal(arpwatch_hear(&m.w, at(3), &relayed).event, ARPWATCH_ODD);
	go_home(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_appears_talks_falls_silent_returns_and_gets_a_new_card),
		cmocka_unit_test(what_is_heard_is_shown_but_not_to_be_used_unasked),
		cmocka_unit_test(the_old_mac_speaking_again_soon_means_that_two_quarrel),
		cmocka_unit_test(
			the_quarrel_is_seen_although_the_old_mac_was_silent_for_long_before),
		cmocka_unit_test(a_host_that_moves_back_after_a_while_has_moved_twice),
		cmocka_unit_test(rfc5227_2_4_looks_back_ten_seconds),
		cmocka_unit_test(rfc5227_1_1_a_probe_tells_of_the_wish_not_of_an_owner),
		cmocka_unit_test(announcements_and_gratuitous_replies_make_a_host_appear),
		cmocka_unit_test(a_frame_that_cannot_be_right_is_odd_and_teaches_nothing),
		cmocka_unit_test(our_own_frames_and_foreign_protocols_are_nothing),
		cmocka_unit_test(a_relayed_reply_is_odd_even_when_its_content_is_known),
		cmocka_unit_test(a_reply_between_two_others_is_heard_like_any_other_word),
	};

	return cmocka_run_group_tests_name("arp_watch", tests, NULL, NULL);
}
