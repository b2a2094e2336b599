/* The virtual cable, hub and switch: who hears what, when, and what mischief does. */
#include "wire_scene.h"

#include "wirelab/wire.h"
#include "wirelab/wire_clock.h"

#define MEGABIT UINT64_C(1000000)
#define PLACES 8u

enum { ALICE, BOB, CAROL };	/* ports; they are hosts 1, 2, 3 */

static struct wire *wire;
static struct wire_taken taken;

static void lay(struct wire_config c)
{
	size_t size = wire_size(PLACES, SCENE_FRAME_MAX);

	free(wire);
	wire = wire_init(zeroed(size), size, PLACES, SCENE_FRAME_MAX, &c);
	assert_non_null(wire);
}

/* 10 Mbit/s and 1 ms: 125 bytes take 0.1 ms to send. */
static int lay_a_cable(void **state)
{
	(void)state;
	lay((struct wire_config){ .kind = WIRE_CABLE, .n_ports = 2, .bits_per_s = 10 * MEGABIT,
				  .propagation_ns = ms(1), .seed = 1 });
	return 0;
}

static int clear_away(void **state)
{
	struct wire_counts c = wire_counts(wire);

	(void)state;
	/* In every story: no frame is lost sight of. */
	assert_true(c.taken + c.copied == c.ended + c.dropped + c.aside + c.moving);
	free(wire);
	wire = NULL;
	return 0;
}

static void send_at(struct instant now, unsigned port, size_t len)
{
	struct scene_frame f = plain_frame(mac_of(port == ALICE ? 2 : 1), mac_of(port + 1), len);

	assert_int_equal(wire_put(wire, port, f.bytes, f.len, now, &taken), WIRE_TAKEN);
}

static void say_at(struct instant now, unsigned port, uint16_t flags, uint32_t seq, size_t payload)
{
	struct scene_frame f = tcp_frame(&(struct scene_segment){
		.from = port + 1, .to = port == ALICE ? 2 : 1, .flags = flags, .seq = seq,
		.payload = payload });

	assert_int_equal(wire_put(wire, port, f.bytes, f.len, now, &taken), WIRE_TAKEN);
}

/* Time goes on until that frame reaches that port. */
static struct wire_delivery hear(unsigned port, uint64_t index)
{
	struct wire_delivery d;
	struct instant t;

	while (t = wire_deadline(wire), t.ns != INSTANT_NEVER.ns)
		if (wire_next(wire, t, &d)) {
			assert_int_equal(d.port, port);
			assert_true(d.index == index);
			return d;
		}
	fail_msg("frame %d does not come", (int)index);
	return (struct wire_delivery){ .port = 0 };
}

static void hear_at(unsigned port, uint64_t index, struct instant when)
{
	assert_true(hear(port, index).arrived.ns == when.ns);
}

static void silence(void)
{
	struct wire_delivery d;

	assert_false(wire_next(wire, at(1000), &d));
	assert_true(wire_deadline(wire).ns == INSTANT_NEVER.ns);
}

static unsigned rule(struct wire_rule r)
{
	unsigned handle = wire_rule(wire, &r);

	assert_true(handle != 0);
	return handle;
}

/* ---- lines ---------------------------------------------------------------------------- */

static void a_frame_takes_its_bits_and_its_way(void **state)
{
	struct wire_delivery d;

	(void)state;
	send_at(at(2), ALICE, 125);
	assert_true(taken.sent.ns == at(2).ns && taken.index == 1 && taken.did == 0);
	assert_true(wire_deadline(wire).ns == at(2.0011).ns);
	assert_false(wire_next(wire, at(2.001), &d));
	d = hear(BOB, 1);
	assert_true(d.arrived.ns == at(2.0011).ns && d.sent.ns == at(2).ns);
	assert_int_equal(d.from, ALICE);
	assert_int_equal(d.len, 125);
	assert_memory_equal(d.frame, plain_frame(mac_of(2), mac_of(1), 125).bytes, 125);
	silence();
}

static void frames_sent_at_once_follow_each_other_and_the_other_way_is_free(void **state)
{
	(void)state;
	send_at(at(0), ALICE, 1250);
	send_at(at(0), ALICE, 125);
	assert_true(taken.sent.ns == at(0.001).ns);
	send_at(at(0), BOB, 125);
	assert_true(taken.sent.ns == 0);
	hear_at(ALICE, 3, at(0.0011));
	hear_at(BOB, 1, at(0.002));
	hear_at(BOB, 2, at(0.0021));
	silence();
}

static void who_looks_late_is_told_when_it_was(void **state)
{
	struct wire_delivery d;

	(void)state;
	send_at(at(0), ALICE, 125);
	send_at(at(0), ALICE, 125);
	assert_true(wire_next(wire, at(9), &d));
	assert_true(d.arrived.ns == at(0.0011).ns);
	assert_true(wire_next(wire, at(9), &d));
	assert_true(d.arrived.ns == at(0.0012).ns);
	/* and time does not go back for those who say so */
	send_at(at(3), ALICE, 125);
	assert_true(taken.sent.ns == at(9).ns);
}

static void part_of_a_nanosecond_is_rounded_up(void **state)
{
	(void)state;
	lay((struct wire_config){ .n_ports = 2, .bits_per_s = 3000 * MEGABIT });
	send_at(at(0), ALICE, 14);	/* 112 bits: 37.33 ns */
	assert_true(hear(BOB, 1).arrived.ns == 38);
}

static void without_a_rate_and_a_way_frames_arrive_as_they_are_sent(void **state)
{
	(void)state;
	lay((struct wire_config){ .n_ports = 2 });
	send_at(at(5), ALICE, 1500);
	send_at(at(5), ALICE, 60);
	hear_at(BOB, 1, at(5));
	hear_at(BOB, 2, at(5));
}

static void a_hub_repeats_to_all_others_and_one_speaks_at_a_time(void **state)
{
	(void)state;
	lay((struct wire_config){ .kind = WIRE_HUB, .n_ports = 3, .bits_per_s = 10 * MEGABIT });
	send_at(at(0), BOB, 125);
	send_at(at(0), CAROL, 125);
	assert_true(taken.sent.ns == at(0.0001).ns);
	hear_at(ALICE, 1, at(0.0001));
	hear_at(CAROL, 1, at(0.0001));
	hear_at(ALICE, 2, at(0.0002));
	hear_at(BOB, 2, at(0.0002));
	silence();
}

/* ---- the switch ----------------------------------------------------------------------- */

static void lay_a_switch(void)
{
	lay((struct wire_config){ .kind = WIRE_SWITCH, .n_ports = 3, .bits_per_s = 10 * MEGABIT,
				  .propagation_ns = ms(1) });
}

static void from_to(struct instant now, unsigned port, struct mac dst, struct mac src)
{
	struct scene_frame f = plain_frame(dst, src, 125);

	assert_int_equal(wire_put(wire, port, f.bytes, f.len, now, &taken), WIRE_TAKEN);
}

static void a_switch_learns_who_is_where_and_then_tells_nobody_else(void **state)
{
	unsigned port = 99;

	(void)state;
	lay_a_switch();
	from_to(at(0), ALICE, MAC_BROADCAST, mac_of(1));
	/* two lines, and stored in between: twice 0.1 ms and 1 ms */
	hear_at(BOB, 1, at(0.0022));
	hear_at(CAROL, 1, at(0.0022));
	from_to(at(1), BOB, mac_of(1), mac_of(2));
	assert_int_equal(hear(ALICE, 2).did, 0);
	silence();
	assert_true(wire_where(wire, mac_of(2), at(1), &port));
	assert_int_equal(port, BOB);
	assert_false(wire_where(wire, mac_of(3), at(1), &port));
}

static void two_who_speak_to_one_at_once_are_heard_one_after_the_other(void **state)
{
	(void)state;
	lay_a_switch();
	from_to(at(0), ALICE, MAC_BROADCAST, mac_of(1));
	hear(BOB, 1);
	hear(CAROL, 1);
	from_to(at(1), BOB, mac_of(1), mac_of(2));
	from_to(at(1), CAROL, mac_of(1), mac_of(3));
	assert_true(taken.sent.ns == at(1).ns);	/* each has a line of its own */
	hear_at(ALICE, 2, at(1.0022));
	hear_at(ALICE, 3, at(1.0023));
	silence();
}

static void whom_the_switch_does_not_know_it_calls_everywhere(void **state)
{
	(void)state;
	lay_a_switch();
	from_to(at(0), ALICE, mac_of(3), mac_of(1));
	assert_int_equal(hear(BOB, 1).did, WIRE_FLOODED);
	assert_int_equal(hear(CAROL, 1).did, WIRE_FLOODED);
	/* a group is no unknown host */
	from_to(at(1), ALICE, (struct mac){ { 1, 0, 0x5e, 0, 0, 1 } }, mac_of(1));
	assert_int_equal(hear(BOB, 2).did, 0);
	hear(CAROL, 2);
	silence();
}

static void the_switch_forgets_after_five_minutes_and_learns_of_a_move_at_once(void **state)
{
	unsigned port;

	(void)state;
	lay_a_switch();
	from_to(at(0), ALICE, MAC_BROADCAST, mac_of(1));
	hear(BOB, 1);
	hear(CAROL, 1);
	assert_true(wire_where(wire, mac_of(1), at(300.001), &port));
	assert_false(wire_where(wire, mac_of(1), at(300.002), &port));
	from_to(at(10), CAROL, MAC_BROADCAST, mac_of(1));
	hear(ALICE, 2);
	hear(BOB, 2);
	assert_true(wire_where(wire, mac_of(1), at(300.002), &port));
	assert_int_equal(port, CAROL);
}

static void a_switch_keeps_what_is_not_for_others(void **state)
{
	struct scene_frame f = plain_frame(mac_of(2), mac_of(1), 14);

	(void)state;
	lay_a_switch();
	/* its destination is where it comes from; the neighbour only; no whole header; no sender */
	from_to(at(0), ALICE, mac_of(1), mac_of(1));
	from_to(at(0), ALICE, (struct mac){ { 1, 0x80, 0xc2, 0, 0, 0x0f } }, mac_of(1));
	assert_int_equal(wire_put(wire, ALICE, f.bytes, 13, at(0), NULL), WIRE_TAKEN);
	silence();
	assert_true(wire_counts(wire).filtered == 3);
	from_to(at(1000), ALICE, (struct mac){ { 1, 0x80, 0xc2, 0, 0, 0x10 } }, MAC_BROADCAST);
	hear(BOB, 4);
	hear(CAROL, 4);
	assert_false(wire_where(wire, MAC_BROADCAST, at(0), &(unsigned){ 0 }));
}

static void when_the_switch_is_full_the_one_silent_longest_is_forgotten(void **state)
{
	struct wire_delivery d;
	unsigned port;

	(void)state;
	lay_a_switch();
	for (unsigned i = 0; i <= WIRE_MACS; i++) {
		from_to(at(i), ALICE, MAC_BROADCAST, mac_of(100 + i));
		while (wire_next(wire, at(i + 0.5), &d))
			;
		/* 100 speaks again and again */
		from_to(at(i + 0.5), ALICE, MAC_BROADCAST, mac_of(100));
		while (wire_next(wire, at(i + 0.9), &d))
			;
	}
	assert_true(wire_where(wire, mac_of(100), at(65), &port));
	assert_false(wire_where(wire, mac_of(101), at(65), &port));
	assert_true(wire_where(wire, mac_of(102), at(65), &port));
	assert_true(wire_where(wire, mac_of(100 + WIRE_MACS), at(65), &port));
}

/* ---- rules ---------------------------------------------------------------------------- */

static void the_second_syn_is_dropped_and_no_other(void **state)
{
	struct wire_rule_story story;
	unsigned handle = rule((struct wire_rule){ .ports = WIRE_PORT(ALICE), .kinds = WIRE_SYN,
						   .skip = 1, .count = 1, .action = WIRE_DROP });

	(void)state;
	say_at(at(0), ALICE, TCP_SYN, 1, 0);
	say_at(at(1), ALICE, TCP_SYN, 1, 0);
	assert_int_equal(taken.did, WIRE_DROPPED);
	assert_int_equal(seen_in(taken.frame, taken.len).tcp.flags, TCP_SYN);
	say_at(at(3), ALICE, TCP_SYN, 1, 0);
	hear(BOB, 1);
	hear(BOB, 3);
	silence();
	assert_true(wire_rule_story(wire, handle, &story));
	assert_true(story.matched == 3 && story.acted == 1 && story.aside == 0);
	assert_true(wire_counts(wire).dropped == 1);
}

static void each_kind_of_frame_is_told_from_the_others(void **state)
{
	static const struct { uint16_t flags; size_t payload; unsigned kinds; } table[] = {
		{ TCP_SYN, 0, WIRE_SYN }, { TCP_SYN | TCP_ACK, 0, WIRE_SYNACK },
		{ TCP_ACK, 0, WIRE_ACK }, { TCP_ACK | TCP_PSH, 5, WIRE_DATA },
		{ TCP_FIN | TCP_ACK, 0, WIRE_FIN }, { TCP_FIN | TCP_ACK, 1, WIRE_FIN | WIRE_DATA },
		{ TCP_RST, 0, WIRE_RST }, { 0, 0, WIRE_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(table); i++) {
		struct scene_frame f = tcp_frame(&(struct scene_segment){
			.from = 1, .to = 2, .flags = table[i].flags, .payload = table[i].payload });
		struct pkt p = seen_in(f.bytes, f.len);
		assert_int_equal(wire_kinds(&p), table[i].kinds);
	}
	struct scene_frame f = { .len = 0 };
	struct wr w = wr_over(f.bytes, sizeof(f.bytes));
	scene_ip(&w, 1, 2, IP_PROTO_UDP, 1, UDP_HEADER_LEN);
	udp_build(&w, &(struct udp_hdr){ .sport = 1, .dport = 2, .len = UDP_HEADER_LEN });
	struct pkt p = seen_in(f.bytes, w.len);
	assert_int_equal(wire_kinds(&p), WIRE_UDP);
	f.bytes[ETH_HEADER_LEN + 6] |= 0x20;	/* more fragments */
	p = seen_in(f.bytes, w.len);
	assert_int_equal(wire_kinds(&p), WIRE_FRAGMENT);
}

static void the_ack_is_held_while_others_pass_until_it_is_let_go(void **state)
{
	unsigned hold = rule((struct wire_rule){ .ports = WIRE_PORT(BOB), .kinds = WIRE_ACK,
						 .action = WIRE_HOLD });

	(void)state;
	say_at(at(0), BOB, TCP_ACK, 1, 0);
	assert_int_equal(taken.did, WIRE_HELD);
	say_at(at(0), BOB, TCP_ACK, 1, 3);
	say_at(at(0), ALICE, TCP_ACK, 1, 0);
	say_at(at(0.5), BOB, TCP_ACK, 4, 0);
	hear(BOB, 3);
	hear(ALICE, 2);
	silence();
	assert_int_equal(wire_counts(wire).aside, 2);
	/* it waited at the other end: there is no way left to go */
	assert_int_equal(wire_release(wire, hold, at(1000)), 2);
	struct wire_delivery d = hear(ALICE, 1);
	assert_true(d.arrived.ns == at(1000).ns && d.sent.ns == 0 && d.did == WIRE_HELD);
	assert_true(hear(ALICE, 4).arrived.ns > at(1000).ns);
	/* with the release the rule has ended */
	say_at(at(1001), BOB, TCP_ACK, 1, 0);
	hear(ALICE, 5);
	assert_int_equal(wire_release(wire, hold, at(1001)), 0);
}

static void what_is_released_comes_behind_what_arrives_at_the_same_time(void **state)
{
	(void)state;
	lay((struct wire_config){ .n_ports = 2 });
	unsigned hold = rule((struct wire_rule){ .index = 1, .action = WIRE_HOLD });
	send_at(at(0), ALICE, 60);
	send_at(at(5), ALICE, 60);
	assert_int_equal(wire_release(wire, hold, at(5)), 1);
	hear_at(BOB, 2, at(5));
	hear_at(BOB, 1, at(5));
}

static void held_frames_can_go_one_by_one_or_not_at_all(void **state)
{
	unsigned hold = rule((struct wire_rule){ .action = WIRE_HOLD });
	struct wire_rule_story story;

	(void)state;
	for (int i = 0; i < 4; i++)
		send_at(at(0), ALICE, 60);
	assert_int_equal(wire_let_go(wire, hold, 2, at(1)), 2);
	hear(BOB, 1);
	hear(BOB, 2);
	silence();
	send_at(at(2), ALICE, 60);
	assert_true(wire_rule_story(wire, hold, &story));
	assert_int_equal(story.aside, 3);
	assert_int_equal(wire_discard(wire, hold), 3);
	silence();
	assert_true(wire_counts(wire).dropped == 3);
	assert_false(wire_rule_story(wire, hold, &story));
}

static void what_is_released_too_early_still_takes_its_way(void **state)
{
	unsigned hold = rule((struct wire_rule){ .action = WIRE_HOLD });

	(void)state;
	send_at(at(0), ALICE, 125);
	assert_int_equal(wire_release(wire, hold, at(0.0002)), 1);
	hear_at(BOB, 1, at(0.0011));
}

static void nobody_overtakes_a_delayed_frame(void **state)
{
	(void)state;
	rule((struct wire_rule){ .index = 1, .action = WIRE_DELAY, .delay_ns = ms(50) });
	send_at(at(0), ALICE, 125);
	assert_int_equal(taken.did, WIRE_DELAYED);
	send_at(at(0), ALICE, 125);
	send_at(at(0), BOB, 125);
	hear_at(ALICE, 3, at(0.0011));
	hear_at(BOB, 1, at(0.0511));
	hear_at(BOB, 2, at(0.0512));
}

static void on_a_cable_the_order_stays_whatever_the_delays(void **state)
{
	struct wire_delivery d;
	uint64_t last = 0;

	(void)state;
	rule((struct wire_rule){ .per_million = 500000, .action = WIRE_DELAY,
				 .jitter_ns = ms(200) });
	for (unsigned i = 0; i < 200; i++) {
		send_at((struct instant){ i * ms(30) }, ALICE, 60 + i * 7 % 1000);
		while (wire_next(wire, (struct instant){ i * ms(30) + ms(29) }, &d)) {
			assert_true(d.index == last + 1);
			last = d.index;
		}
	}
	assert_true(last > 150);
}

static void one_frame_is_set_behind_the_next_two(void **state)
{
	(void)state;
	rule((struct wire_rule){ .index = 1, .action = WIRE_REORDER, .behind = 2 });
	send_at(at(0), ALICE, 125);
	assert_int_equal(taken.did, WIRE_REORDERED);
	send_at(at(0), BOB, 125);	/* the other direction does not count */
	send_at(at(1), ALICE, 125);
	send_at(at(1), ALICE, 125);
	send_at(at(1), ALICE, 125);
	hear(ALICE, 2);
	hear_at(BOB, 3, at(1.0011));
	hear_at(BOB, 4, at(1.0012));
	hear_at(BOB, 1, at(1.0013));
	hear_at(BOB, 5, at(1.0014));
	silence();
}

static void a_frame_that_nobody_passes_waits_no_longer_than_its_rule_says(void **state)
{
	(void)state;
	rule((struct wire_rule){ .index = 1, .action = WIRE_REORDER, .behind = 9,
				 .delay_ns = ms(10) });
	send_at(at(0), ALICE, 125);
	send_at(at(0), ALICE, 125);
	hear_at(BOB, 2, at(0.0012));
	assert_true(wire_deadline(wire).ns == at(0.0111).ns);
	/* and is on its way before whatever is sent later, even when nobody looked */
	send_at(at(0.1), ALICE, 125);
	hear_at(BOB, 1, at(0.0111));
	hear(BOB, 3);
}

static void a_copy_follows_at_once_or_later(void **state)
{
	struct wire_delivery d;

	(void)state;
	rule((struct wire_rule){ .index = 1, .action = WIRE_DUPLICATE });
	rule((struct wire_rule){ .index = 1, .action = WIRE_DUPLICATE, .delay_ns = ms(100) });
	send_at(at(0), ALICE, 125);
	send_at(at(0), ALICE, 125);
	assert_int_equal(hear(BOB, 1).copy, 0);
	d = hear(BOB, 1);
	assert_true(d.copy == 1 && d.arrived.ns == at(0.0012).ns && d.did == WIRE_COPIED);
	hear_at(BOB, 2, at(0.0013));
	d = hear(BOB, 1);
	assert_true(d.copy == 2 && d.arrived.ns == at(0.1011).ns);
	silence();
	assert_true(wire_counts(wire).copied == 2);
}

static void damage_hits_one_byte_and_the_sender_does_not_see_it(void **state)
{
	struct scene_frame f = tcp_frame(&(struct scene_segment){
		.from = 1, .to = 2, .flags = TCP_ACK, .payload = 10 });
	struct wire_delivery d;

	(void)state;
	rule((struct wire_rule){ .kinds = WIRE_DATA, .action = WIRE_CORRUPT,
				 .base = WIRE_FROM_PAYLOAD, .offset = 3, .flip = 0x20 });
	rule((struct wire_rule){ .action = WIRE_CORRUPT, .base = WIRE_FROM_PAYLOAD,
				 .offset = 10 });
	wire_put(wire, ALICE, f.bytes, f.len, at(0), &taken);
	assert_int_equal(taken.did, WIRE_CORRUPTED);
	assert_memory_equal(taken.frame, f.bytes, f.len);
	d = hear(BOB, 1);
	f.bytes[f.len - 10 + 3] ^= 0x20;
	assert_memory_equal(d.frame, f.bytes, f.len);
	struct pkt p = seen_in(d.frame, d.len);
	assert_int_equal(pkt_check(&p, PKT_TCP), V_CHECKSUM);
}

static void a_clamped_syn_offers_536_and_still_sums_up(void **state)
{
	/* a NOP in front, so that the value begins in the middle of a word */
	static const uint8_t list[] = { TCP_KIND_NOP, TCP_KIND_MSS, 4, 1460 >> 8, 1460 & 0xff };
	struct scene_segment s = { .from = 1, .to = 2, .flags = TCP_SYN, .options = list,
				   .n_options = sizeof(list) };
	struct scene_frame f = tcp_frame(&s);
	struct tcp_options o;
	size_t wrong;

	(void)state;
	rule((struct wire_rule){ .action = WIRE_CLAMP_MSS, .mss = 536 });
	wire_put(wire, ALICE, f.bytes, f.len, at(0), &taken);
	assert_int_equal(taken.did, WIRE_CLAMPED);
	struct wire_delivery d = hear(BOB, 1);
	struct pkt p = seen_in(d.frame, d.len);
	assert_int_equal(pkt_check(&p, PKT_TCP), V_OK);
	assert_int_equal(pkt_tcp_options(&p, &o, &wrong), V_OK);
	assert_int_equal(o.mss, 536);
	/* only in a SYN, and never raised */
	s.flags = TCP_ACK;
	f = tcp_frame(&s);
	wire_put(wire, ALICE, f.bytes, f.len, at(1), &taken);
	assert_int_equal(taken.did, 0);
	d = hear(BOB, 2);
	assert_memory_equal(d.frame, f.bytes, f.len);
	rule((struct wire_rule){ .action = WIRE_CLAMP_MSS, .mss = 9000 });
	s.flags = TCP_SYN | TCP_ACK;
	f = tcp_frame(&s);
	wire_put(wire, ALICE, f.bytes, f.len, at(2), &taken);
	d = hear(BOB, 3);
	p = seen_in(d.frame, d.len);
	assert_int_equal(pkt_tcp_options(&p, &o, &wrong), V_OK);
	assert_int_equal(o.mss, 536);
}

static bool has_even_seq(void *context, const struct wire_seen *seen)
{
	unsigned *asked = context;

	(*asked)++;
	return seen->port == ALICE && pkt_has(seen->pkt, PKT_TCP) && seen->pkt->tcp.seq % 2 == 0;
}

static void what_the_fields_cannot_say_a_function_says(void **state)
{
	unsigned asked = 0;

	(void)state;
	rule((struct wire_rule){ .kinds = WIRE_DATA, .match = has_even_seq, .context = &asked,
				 .action = WIRE_DROP });
	for (uint32_t seq = 1; seq <= 4; seq++)
		say_at(at(0), ALICE, TCP_ACK, seq, 1);
	say_at(at(0), ALICE, TCP_ACK, 6, 0);
	hear(BOB, 1);
	hear(BOB, 3);
	hear(BOB, 5);
	silence();
	assert_int_equal(asked, 4);	/* not for what fails by its fields */
}

/* Bit i: frame i of 64 was dropped. */
static uint64_t dropped_by_chance(uint64_t seed, bool other_rule)
{
	uint64_t lost = 0;

	lay((struct wire_config){ .n_ports = 2, .seed = seed });
	rule((struct wire_rule){ .per_million = 300000, .action = WIRE_DROP });
	if (other_rule)
		rule((struct wire_rule){ .per_million = 500000, .action = WIRE_CORRUPT });
	for (unsigned i = 0; i < 64; i++) {
		struct wire_delivery d;
		send_at(at(i), ALICE, 60);
		lost |= (uint64_t)!wire_next(wire, at(i), &d) << i;
	}
	return lost;
}

static void chance_repeats_with_its_seed_and_not_with_another(void **state)
{
	uint64_t lost = dropped_by_chance(7, false);
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		n += (unsigned)(lost >> i & 1);
	assert_in_range(n, 8, 32);
	assert_true(lost == dropped_by_chance(7, false));
	assert_true(lost == dropped_by_chance(7, true));
	assert_true(lost != dropped_by_chance(8, false));
}

static void rules_come_in_the_order_in_which_they_were_added(void **state)
{
	struct wire_rule_story story;
	unsigned behind;

	(void)state;
	rule((struct wire_rule){ .index = 1, .action = WIRE_DUPLICATE });
	rule((struct wire_rule){ .index = 1, .action = WIRE_CORRUPT, .offset = 20 });
	rule((struct wire_rule){ .index = 1, .action = WIRE_DROP });
	behind = rule((struct wire_rule){ .index = 1, .action = WIRE_HOLD });
	send_at(at(0), ALICE, 60);
	assert_int_equal(taken.did, WIRE_COPIED | WIRE_CORRUPTED | WIRE_DROPPED);
	/* the copy was made before the damage and the loss */
	struct wire_delivery d = hear(BOB, 1);
	assert_true(d.copy == 1 && d.frame[20] == 0);
	assert_true(wire_rule_story(wire, behind, &story));
	assert_true(story.matched == 0);
}

static void hosts_hear_their_own_numbers_and_captures_show_pinned_ones(void **state)
{
	struct wire_pin_config config = { .pin_isn = true, .isn = 5000 };
	struct wire_pin *pin = wire_pin_init(zeroed(wire_pin_size(1)), wire_pin_size(1), 1,
					     &config);
	struct wire_delivery d;

	(void)state;
	lay((struct wire_config){ .kind = WIRE_CABLE, .n_ports = 2, .pin = pin,
				  .pin_ports = WIRE_PORT(BOB) });
	say_at(at(0), ALICE, TCP_SYN, 77, 0);
	hear(BOB, 1);
	say_at(at(0), BOB, TCP_SYN | TCP_ACK, 123456789, 0);
	assert_true(seen_in(taken.frame, taken.len).tcp.seq == 5000);
	d = hear(ALICE, 2);
	assert_true(seen_in(d.frame, d.len).tcp.seq == 5000);
	say_at(at(0), ALICE, TCP_ACK, 78, 0);
	d = hear(BOB, 3);
	assert_true(seen_in(d.shown, d.len).tcp.ack == 0);
	assert_true(seen_in(d.frame, d.len).tcp.ack == 123456789 - 5000);
	free(pin);
}

static void the_table_of_rules_has_an_end_and_handles_are_not_used_again(void **state)
{
	unsigned first = 0, last = 0;

	(void)state;
	for (unsigned i = 0; i < WIRE_RULES; i++) {
		last = rule((struct wire_rule){ .action = WIRE_DELAY });
		first = first ? first : last;
	}
	assert_int_equal(wire_rule(wire, &(struct wire_rule){ .action = WIRE_DROP }), 0);
	assert_int_equal(wire_release(wire, first, at(0)), 0);
	assert_true(rule((struct wire_rule){ .action = WIRE_DELAY }) > last);
	assert_false(wire_rule_story(wire, first, &(struct wire_rule_story){ 0 }));
}

/* ---- limits --------------------------------------------------------------------------- */

static void when_all_places_are_taken_a_frame_is_refused_and_counted(void **state)
{
	struct scene_frame f = plain_frame(mac_of(2), mac_of(1), 60);
	struct wire_delivery d;

	(void)state;
	rule((struct wire_rule){ .index = PLACES, .action = WIRE_DUPLICATE });
	for (unsigned i = 0; i < PLACES; i++)
		send_at(at(0), ALICE, 60);
	assert_int_equal(wire_put(wire, BOB, f.bytes, f.len, at(0), &taken), WIRE_FULL);
	assert_true(wire_counts(wire).full == 1 && wire_counts(wire).not_copied == 1);
	assert_true(wire_next(wire, at(1), &d));
	send_at(at(1), ALICE, 60);
	assert_true(taken.index == PLACES + 1);	/* what was refused has no number */
}

static void what_does_not_fit_is_refused(void **state)
{
	uint8_t bytes[SCENE_FRAME_MAX + 1] = { 0 };

	(void)state;
	assert_int_equal(wire_put(wire, 2, bytes, 60, at(0), NULL), WIRE_MISFIT);
	assert_int_equal(wire_put(wire, ALICE, bytes, 0, at(0), NULL), WIRE_MISFIT);
	assert_int_equal(wire_put(wire, ALICE, bytes, sizeof(bytes), at(0), NULL), WIRE_MISFIT);
	assert_int_equal(wire_put(wire, ALICE, bytes, sizeof(bytes) - 1, at(0), NULL), WIRE_TAKEN);
	assert_true(wire_counts(wire).misfit == 3);
}

static void a_wire_that_cannot_be_is_not_made(void **state)
{
	size_t size = wire_size(2, 100);
	void *memory = zeroed(size);
	struct wire_config c = { .kind = WIRE_CABLE, .n_ports = 3 };

	(void)state;
	assert_null(wire_init(memory, size, 2, 100, &c));
	c.kind = WIRE_HUB;
	assert_null(wire_init(memory, size - 1, 2, 100, &c));
	assert_null(wire_init(memory, size, 0, 100, &c));
	c.n_ports = WIRE_PORTS + 1;
	assert_null(wire_init(memory, size, 2, 100, &c));
	c.n_ports = WIRE_PORTS;
	assert_non_null(wire_init(memory, size, 2, 100, &c));
	free(memory);
}

/* ---- the clock ------------------------------------------------------------------------ */

static void carried_frames_move_the_clock_and_it_never_goes_back(void **state)
{
	struct wire_clock c = { at(1) };

	(void)state;
	wire_clock_reach(&c, at(1.5));
	wire_clock_reach(&c, at(1.2));
	wire_clock_reach(&c, INSTANT_NEVER);
	assert_true(c.now.ns == at(1.5).ns);
}

static void idle_time_falls_on_a_grid(void **state)
{
	static const struct { uint64_t real_us, virtual_ms; } table[] = {
		{ 0, 0 }, { 14999, 0 }, { 15000, 20 }, { 20000, 20 }, { 34999, 20 },
		{ 40100, 40 }, { 43999, 40 },	/* a delayed ACK */
		{ 195000, 200 }, { 200000, 200 }, { 214999, 200 }, { 215000, 220 }, /* an RTO */
		{ 349999, 340 }, { 350000, 400 }, { 432000, 400 },	/* doubled, a slot late */
		{ 768000, 800 }, { 832000, 800 }, { 949999, 800 },
		{ 950000, 1000 }, { 1064000, 1000 }, { 1149999, 1000 }, { 1150000, 1200 }, /* SYN */
		{ 2032000, 2000 }, { 2749999, 2600 }, { 2750000, 3000 },
		{ 4256000, 4000 }, { 8512000, 8000 },
	};

	(void)state;
	assert_true(WIRE_CLOCK_GRID_NS == ms(20));
	for (size_t i = 0; i < LENGTH(table); i++) {
		struct wire_clock c = { at(1) };
		uint64_t went = wire_clock_idle(&c, table[i].real_us * 1000);
		assert_true(went == ms(table[i].virtual_ms));
		assert_true(c.now.ns == at(1).ns + went);
	}
	struct wire_clock c = { at(1) };
	(void)wire_clock_idle(&c, UINT64_MAX);
	assert_true(c.now.ns == UINT64_MAX);
}

static void longer_real_time_is_never_shorter_virtual_time(void **state)
{
	uint64_t last = 0;

	(void)state;
	for (uint64_t real = 0; real < 10 * SEC_NS; real += MSEC_NS) {
		struct wire_clock c = { at(1) };
		uint64_t went = wire_clock_idle(&c, real);
		assert_true(went >= last);
		last = went;
	}
}

static void a_scripted_wait_lasts_as_long_as_it_says(void **state)
{
	struct wire_clock c = { at(10) };
	struct instant from = c.now;

	(void)state;
	(void)wire_clock_idle(&c, 203 * MSEC_NS);	/* a timer fires meanwhile */
	wire_clock_wait(&c, from, SEC_NS);
	assert_true(c.now.ns == at(11).ns);
}

#define story(f) cmocka_unit_test_setup_teardown(f, lay_a_cable, clear_away)

int main(void)
{
	const struct CMUnitTest tests[] = {
		story(a_frame_takes_its_bits_and_its_way),
		story(frames_sent_at_once_follow_each_other_and_the_other_way_is_free),
		story(who_looks_late_is_told_when_it_was),
		story(part_of_a_nanosecond_is_rounded_up),
		story(without_a_rate_and_a_way_frames_arrive_as_they_are_sent),
		story(a_hub_repeats_to_all_others_and_one_speaks_at_a_time),
		story(a_switch_learns_who_is_where_and_then_tells_nobody_else),
		story(two_who_speak_to_one_at_once_are_heard_one_after_the_other),
		story(whom_the_switch_does_not_know_it_calls_everywhere),
		story(the_switch_forgets_after_five_minutes_and_learns_of_a_move_at_once),
		story(a_switch_keeps_what_is_not_for_others),
		story(when_the_switch_is_full_the_one_silent_longest_is_forgotten),
		story(the_second_syn_is_dropped_and_no_other),
		story(each_kind_of_frame_is_told_from_the_others),
		story(the_ack_is_held_while_others_pass_until_it_is_let_go),
		story(what_is_released_comes_behind_what_arrives_at_the_same_time),
		story(held_frames_can_go_one_by_one_or_not_at_all),
		story(what_is_released_too_early_still_takes_its_way),
		story(nobody_overtakes_a_delayed_frame),
		story(on_a_cable_the_order_stays_whatever_the_delays),
		story(one_frame_is_set_behind_the_next_two),
		story(a_frame_that_nobody_passes_waits_no_longer_than_its_rule_says),
		story(a_copy_follows_at_once_or_later),
		story(damage_hits_one_byte_and_the_sender_does_not_see_it),
		story(a_clamped_syn_offers_536_and_still_sums_up),
		story(what_the_fields_cannot_say_a_function_says),
		story(chance_repeats_with_its_seed_and_not_with_another),
		story(rules_come_in_the_order_in_which_they_were_added),
		story(hosts_hear_their_own_numbers_and_captures_show_pinned_ones),
		story(the_table_of_rules_has_an_end_and_handles_are_not_used_again),
		story(when_all_places_are_taken_a_frame_is_refused_and_counted),
		story(what_does_not_fit_is_refused),
		story(a_wire_that_cannot_be_is_not_made),
		cmocka_unit_test(carried_frames_move_the_clock_and_it_never_goes_back),
		cmocka_unit_test(idle_time_falls_on_a_grid),
		cmocka_unit_test(longer_real_time_is_never_shorter_virtual_time),
		cmocka_unit_test(a_scripted_wait_lasts_as_long_as_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
