/* tcp_track.h: what is the matter with a segment, and what only looks like it */
#include "tcp_scene.h"

#include "wirelab/csum.h"
#include "wirelab/tcp_segment.h"

#define IS(t) (1u << TCP_T_##t)

/* Numbers of a begin at 101, of b at 501; `base` moves both to where they go round. */
struct talk {
	struct scene s;
	uint32_t base;
};

static void begin(struct talk *t, uint32_t base)
{
	t->base = base;
	scene_begin(&t->s, 4);
	handshake(&t->s, base + 100, base + 500);
}

static uint32_t heard(struct talk *t, char who, const char *flags, uint32_t seq, uint32_t ack,
		      uint32_t payload)
{
	say(&t->s, who, flags, t->base + seq, t->base + ack, payload);
	return t->s.told.trouble;
}

static void wait_for(struct talk *t, uint64_t ns)
{
	t->s.now = instant_after(t->s.now, ns);
}

static void the_timer_runs_out_and_it_is_sent_again(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(heard(&t, 'a', "PA", 101, 501, 100) == 0);
	wait_for(&t, ms(200));
	assert_true(heard(&t, 'a', "PA", 101, 501, 100) == IS(RETRANSMISSION));
	assert_true(story_now(&t.s).side[0].trouble[TCP_T_RETRANSMISSION] == 1);
	scene_end(&t.s);
}

static void three_acks_ask_for_it_and_it_is_sent_fast(void **state)
{
	struct talk t;

	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		begin(&t, turn ? UINT32_MAX - 700 : 0);
		assert_true(heard(&t, 'b', "A", 501, 101, 100) == 0);
		assert_true(heard(&t, 'b', "A", 601, 101, 100) == 0);
		assert_true(heard(&t, 'b', "A", 701, 101, 100) == 0);
		assert_true(heard(&t, 'a', "A", 101, 601, 0) == 0);
		for (unsigned i = 0; i < 3; i++)
			assert_true(heard(&t, 'a', "A", 101, 601, 0) == IS(DUPLICATE_ACK));
		assert_true(heard(&t, 'b', "A", 601, 101, 100) ==
			    (IS(FAST_RETRANSMISSION) | IS(RETRANSMISSION)));
		scene_end(&t.s);
	}
}

static void sent_again_although_acknowledged_is_spurious(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	heard(&t, 'a', "PA", 101, 501, 100);
	heard(&t, 'b', "A", 501, 201, 0);
	assert_true(heard(&t, 'a', "PA", 101, 501, 100) ==
		    (IS(SPURIOUS_RETRANSMISSION) | IS(RETRANSMISSION)));
	/* nothing is missing, so the answer is no duplicate ACK (RFC 5681 section 2) */
	assert_true(heard(&t, 'b', "A", 501, 201, 0) == 0);
	scene_end(&t.s);
}

static void what_fills_a_gap_at_once_was_out_of_order(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(heard(&t, 'a', "A", 201, 501, 100) == IS(LOST_SEGMENT));
	assert_true(heard(&t, 'a', "A", 101, 501, 100) == IS(OUT_OF_ORDER));
	scene_end(&t.s);
}

static void what_fills_a_gap_late_was_lost_before_the_capture(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(heard(&t, 'a', "A", 201, 501, 100) == IS(LOST_SEGMENT));
	wait_for(&t, ms(300));
	assert_true(heard(&t, 'a', "A", 101, 501, 100) == IS(RETRANSMISSION));
	scene_end(&t.s);
}

static void what_was_seen_before_is_not_out_of_order_however_soon(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	heard(&t, 'a', "A", 101, 501, 100);
	heard(&t, 'a', "A", 201, 501, 100);
	assert_true(heard(&t, 'a', "A", 101, 501, 50) == IS(RETRANSMISSION));
	scene_end(&t.s);
}

static void an_ack_of_what_never_passed_tells_of_a_gap_once(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == IS(ACK_LOST_SEGMENT));
	assert_true(heard(&t, 'a', "A", 101, 601, 10) == 0);
	scene_end(&t.s);
}

static void a_dsack_reports_a_duplicate_and_is_none(void **state)
{
	static const struct tcp_options dsack = {
		.seen = TCP_SEEN_SACK, .n_sack = 1, .sack = { { 501, 601 } } };
	struct talk t;

	(void)state;
	begin(&t, 0);
	heard(&t, 'b', "A", 501, 101, 200);
	heard(&t, 'a', "A", 101, 601, 0);
	t.s.options = &dsack;		/* RFC 2883 section 4 */
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == 0);
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == IS(DUPLICATE_ACK));
	scene_end(&t.s);
}

static void are_you_there_and_i_am(void **state)
{
	struct talk t;

	(void)state;
	for (uint32_t bytes = 0; bytes < 2; bytes++) {
		begin(&t, 0);
		heard(&t, 'a', "A", 101, 501, 10);
		heard(&t, 'b', "A", 501, 111, 0);
		wait_for(&t, 60 * SEC_NS);
		assert_true(heard(&t, 'a', "A", 110, 501, bytes) == IS(KEEP_ALIVE));
		assert_true(heard(&t, 'b', "A", 501, 111, 0) == IS(KEEP_ALIVE_ACK));
		scene_end(&t.s);
	}
}

static void one_byte_sent_again_before_its_ack_is_no_keep_alive(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	heard(&t, 'a', "A", 101, 501, 1);
	wait_for(&t, ms(200));
	assert_true(heard(&t, 'a', "A", 101, 501, 1) == IS(RETRANSMISSION));
	scene_end(&t.s);
}

static void the_window_fills_closes_is_probed_and_opens(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	heard(&t, 'b', "A", 501, 101, 0);
	assert_true(heard(&t, 'a', "A", 101, 501, 2000) == IS(WINDOW_FULL));
	t.s.window[1] = 0;
	assert_true(heard(&t, 'b', "A", 501, 2101, 0) == IS(ZERO_WINDOW));
	wait_for(&t, ms(200));
	/* Linux asks with the byte before the window, empty; others with the next one. */
	assert_true(heard(&t, 'a', "A", 2100, 501, 0) == IS(ZERO_WINDOW_PROBE));
	assert_true(heard(&t, 'b', "A", 501, 2101, 0) ==
		    (IS(ZERO_WINDOW) | IS(ZERO_WINDOW_PROBE_ACK)));
	assert_true(heard(&t, 'a', "A", 2101, 501, 1) == IS(ZERO_WINDOW_PROBE));
	t.s.window[1] = 3000;
	assert_true(heard(&t, 'b', "A", 501, 2101, 0) == IS(WINDOW_UPDATE));
	/* the probe was not taken: the byte is sent for the first time now */
	assert_true(heard(&t, 'a', "A", 2101, 501, 100) == 0);
	scene_end(&t.s);
}

static void a_window_is_scaled_only_when_both_sides_offered_it(void **state)
{
	static const struct tcp_options scale = { .seen = TCP_SEEN_WSCALE, .wscale = 3,
						  .n_kinds = 1, .kind = { 3 } };
	struct scene s;

	(void)state;
	for (unsigned both = 0; both < 2; both++) {
		scene_begin(&s, 4);
		s.options = &scale;
		say(&s, 'a', "S", 100, 0, 0);
		s.options = both ? &scale : NULL;
		say(&s, 'b', "SA", 500, 101, 0);
		/* the window of a SYN is never scaled (RFC 7323 2.2) */
		say(&s, 'a', "A", 101, 501, 2000);
		assert_true(s.told.trouble == IS(WINDOW_FULL));
		say(&s, 'b', "A", 501, 2101, 0);
		say(&s, 'a', "A", 2101, 501, 2000);
		assert_true(s.told.trouble == (both ? 0 : IS(WINDOW_FULL)));
		say(&s, 'b', "A", 501, 4101, 0);
		say(&s, 'a', "A", 4101, 501, 16000);
		assert_true(!!(s.told.trouble & IS(WINDOW_FULL)) == (both == 1));
		scene_end(&s);
	}
}

static void a_window_that_was_never_scaled_for_us_is_not_called_full(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	say(&s, 'b', "A", 501, 101, 0);		/* met underway: the shift is not known */
	say(&s, 'a', "A", 101, 501, 2000);
	assert_true(s.told.trouble == 0);
	scene_end(&s);
}

static void where_one_side_is_not_captured_a_repeated_ack_is_a_duplicate(void **state)
{
	struct talk t;

	(void)state;
	t.base = 0;
	scene_begin(&t.s, 4);
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == 0);
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == IS(DUPLICATE_ACK));
	scene_end(&t.s);
}

static void a_gap_that_an_ack_told_of_is_still_a_gap_before_the_next_bytes(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == IS(ACK_LOST_SEGMENT));
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == 0);
	assert_true(heard(&t, 'b', "A", 601, 101, 50) == IS(LOST_SEGMENT));
	assert_true(heard(&t, 'b', "A", 651, 101, 50) == 0);
	scene_end(&t.s);
}

static void bytes_that_fill_such_a_gap_leave_none(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == IS(ACK_LOST_SEGMENT));
	assert_true(!(heard(&t, 'b', "A", 501, 101, 100) & IS(LOST_SEGMENT)));
	assert_true(heard(&t, 'b', "A", 601, 101, 50) == 0);
	scene_end(&t.s);
}

static void a_keep_alive_before_bytes_that_were_only_acked_tells_of_no_gap(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(heard(&t, 'a', "A", 101, 601, 0) == IS(ACK_LOST_SEGMENT));
	assert_true(heard(&t, 'b', "A", 600, 101, 0) == IS(KEEP_ALIVE));
	scene_end(&t.s);
}

static void what_is_counted_past_fifteen_is_not_lost(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, 0);
	t.s.window[0] = 0;
	for (unsigned i = 0; i < 100; i++)
		heard(&t, 'a', "AEC", 101, 501, 0);
	struct tcp_story story = story_now(&t.s);
	assert_true(story.side[0].zero_windows == 100 && story.side[0].ece == 100);
	assert_true(story.side[0].cwr == 100 && story.side[0].urg == 0);
	assert_true(story.side[0].syn == 1 && story.side[0].synack == 0);
	assert_true(story.side[1].synack == 1 && story.side[1].zero_windows == 0);
	scene_end(&t.s);
}

/* ---- the same packet twice -------------------------------------------------------------- */

struct packet {
	char who;
	const char *flags;
	uint32_t seq, ack, payload;
	uint16_t id, checksum;
	enum tcp_sum sum;
	uint64_t after_ns;		/* the packet before it */
};

/* Of an IPv4 connection that begin() opened with packets that have no identification. */
static uint32_t caught(struct talk *t, struct packet p)
{
	struct tcp_segment seg = segment_of(&t->s, p.who);

	seg.flags = flags_of(p.flags);
	seg.seq = t->base + p.seq;
	seg.ack = t->base + p.ack;
	seg.payload = p.payload;
	seg.wire_bytes = 54 + p.payload;
	seg.ip_id = p.id;
	seg.checksum = p.checksum;
	seg.sum = p.sum;
	seg.when = t->s.now = instant_after(t->s.now, p.after_ns);
	seg.frame = ++t->s.frame;
	assert_int_equal(tcp_track_segment(t->s.t, &seg, &t->s.told), TCP_TRACK_OK);
	return t->s.told.trouble;
}

static void one_identification_twice_is_one_packet_captured_twice(void **state)
{
	const struct packet data = { .who = 'a', .flags = "PA", .seq = 101, .ack = 501,
				     .payload = 100, .id = 7, .after_ns = ms(2) };
	const struct packet ack = { .who = 'b', .flags = "A", .seq = 501, .ack = 201, .id = 70,
				    .after_ns = ms(2) };
	struct talk t;

	(void)state;
	begin(&t, UINT32_MAX - 150);
	assert_true(caught(&t, data) == 0);
	assert_true(caught(&t, data) == IS(DUPLICATE_FRAME));
	assert_true(caught(&t, data) == IS(DUPLICATE_FRAME));
	assert_true(caught(&t, ack) == 0);
	assert_true(caught(&t, ack) == IS(DUPLICATE_FRAME));
	struct tcp_story story = story_now(&t.s);
	assert_true(story.side[0].trouble[TCP_T_DUPLICATE_FRAME] == 2);
	assert_true(story.side[0].frames == 5 && story.side[0].payload == 300);
	scene_end(&t.s);
}

static void a_second_leg_before_the_offload_is_still_the_same_packet(void **state)
{
	struct packet data = { .who = 'a', .flags = "PA", .seq = 101, .ack = 501, .payload = 100,
			       .id = 7, .checksum = 1 };
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(caught(&t, data) == 0);
	data.checksum = 2;
	assert_true(caught(&t, data) == IS(DUPLICATE_FRAME));
	scene_end(&t.s);
}

static void another_identification_means_that_it_was_sent_again(void **state)
{
	struct packet data = { .who = 'a', .flags = "PA", .seq = 101, .ack = 501, .payload = 100,
			       .id = 7, .after_ns = ms(2) };
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(caught(&t, data) == 0);
	data.id = 8;
	assert_true(caught(&t, data) == IS(RETRANSMISSION));
	scene_end(&t.s);
}

/* RFC 1122 3.2.1.5 lets a host send again under the same identification; such hosts exist. */
static void the_same_identification_after_a_timer_is_sent_again(void **state)
{
	struct packet data = { .who = 'a', .flags = "PA", .seq = 101, .ack = 501, .payload = 100,
			       .id = 7 };
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(caught(&t, data) == 0);
	data.after_ns = ms(200);
	assert_true(caught(&t, data) == IS(RETRANSMISSION));
	scene_end(&t.s);
}

static void who_numbers_all_packets_alike_proves_nothing_by_it(void **state)
{
	struct packet p = { .who = 'a', .flags = "PA", .seq = 101, .ack = 501, .payload = 100,
			    .id = 1, .checksum = 1, .after_ns = ms(2) };
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(caught(&t, p) == 0);
	p.seq = 201;
	p.checksum = 2;
	assert_true(caught(&t, p) == 0);
	assert_true(caught(&t, p) == IS(RETRANSMISSION));
	scene_end(&t.s);
}

static void a_reset_after_a_syn_under_one_identification_is_another_packet(void **state)
{
	struct packet p = { .who = 'a', .flags = "S", .seq = 100, .id = 7 };
	struct talk t = { .base = 0 };

	(void)state;
	scene_begin(&t.s, 4);
	assert_true(caught(&t, p) == 0);
	p.flags = "R";
	assert_true(caught(&t, p) == 0);
	scene_end(&t.s);
}

static void without_an_identification_only_haste_and_the_checksum_prove_a_copy(void **state)
{
	static const struct { uint64_t after_ns; uint16_t checksum; uint32_t is; } turns[] = {
		{ 10 * USEC_NS, 5, IS(DUPLICATE_FRAME) },
		{ 10 * USEC_NS, 6, IS(RETRANSMISSION) },
		{ 500 * USEC_NS, 5, IS(RETRANSMISSION) },
	};

	(void)state;
	for (unsigned i = 0; i < LENGTH(turns); i++) {
		struct packet data = { .who = 'a', .flags = "PA", .seq = 101, .ack = 501,
				       .payload = 100, .checksum = 5, .after_ns = ms(1) };
		struct talk t;
		begin(&t, 0);
		assert_true(caught(&t, data) == 0);
		data.after_ns = turns[i].after_ns;
		data.checksum = turns[i].checksum;
		assert_true(caught(&t, data) == turns[i].is);
		scene_end(&t.s);
	}
}

static void without_an_identification_two_acks_alike_are_two(void **state)
{
	struct packet data = { .who = 'b', .flags = "A", .seq = 501, .ack = 101, .payload = 100 };
	struct packet ack = { .who = 'a', .flags = "A", .seq = 101, .ack = 501, .checksum = 5 };
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(caught(&t, data) == 0);
	assert_true(caught(&t, ack) == IS(DUPLICATE_ACK));
	assert_true(caught(&t, ack) == IS(DUPLICATE_ACK));
	scene_end(&t.s);
}

static void copies_change_no_state_and_call_for_no_fast_retransmission(void **state)
{
	struct packet fin = { .who = 'a', .flags = "FA", .seq = 101, .ack = 501, .id = 7 };
	struct packet ack = { .who = 'b', .flags = "A", .seq = 501, .ack = 102, .id = 70 };
	struct talk t;

	(void)state;
	begin(&t, 0);
	caught(&t, fin);
	caught(&t, ack);
	states_are(&t.s, TCP_S_FIN_WAIT_2, TCP_S_CLOSE_WAIT);
	assert_true(caught(&t, fin) == IS(DUPLICATE_FRAME));
	assert_true(caught(&t, ack) == IS(DUPLICATE_FRAME));
	states_are(&t.s, TCP_S_FIN_WAIT_2, TCP_S_CLOSE_WAIT);
	assert_true(story_now(&t.s).side[1].trouble[TCP_T_DUPLICATE_ACK] == 0);
	scene_end(&t.s);
}

static void a_leg_that_lags_by_packets_is_known_once_packets_come_twice(void **state)
{
	struct packet first = { .who = 'a', .flags = "A", .seq = 101, .ack = 501, .payload = 100,
				.id = 7 };
	struct packet second = { .who = 'a', .flags = "A", .seq = 201, .ack = 501, .payload = 100,
				 .id = 8 };
	const struct packet answer = { .who = 'b', .flags = "A", .seq = 501, .ack = 101, .id = 70 };

	(void)state;
	for (unsigned twice = 0; twice < 2; twice++) {
		struct talk t;
		begin(&t, 0);
		caught(&t, answer);
		if (twice)
			assert_true(caught(&t, answer) == IS(DUPLICATE_FRAME));
		assert_true(caught(&t, first) == 0);
		assert_true(caught(&t, second) == 0);
		assert_true(caught(&t, first) == (twice ? IS(DUPLICATE_FRAME) : IS(RETRANSMISSION)));
		if (twice)
			assert_true(caught(&t, second) == IS(DUPLICATE_FRAME));
		scene_end(&t.s);
	}
}

/* ---- checksums -------------------------------------------------------------------------- */

static void a_damaged_segment_is_sent_but_not_received(void **state)
{
	struct packet fin = { .who = 'a', .flags = "FA", .seq = 101, .ack = 501, .payload = 100,
			      .id = 7, .sum = TCP_SUM_BAD };
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(caught(&t, fin) == IS(BAD_CHECKSUM));
	states_are(&t.s, TCP_S_FIN_WAIT_1, TCP_S_ESTABLISHED);
	fin.sum = TCP_SUM_GOOD;
	fin.id = 8;
	fin.after_ns = ms(300);
	assert_true(caught(&t, fin) == IS(RETRANSMISSION));
	states_are(&t.s, TCP_S_FIN_WAIT_1, TCP_S_CLOSE_WAIT);
	scene_end(&t.s);
}

static void a_damaged_reset_resets_nobody_else(void **state)
{
	struct packet rst = { .who = 'a', .flags = "R", .seq = 101, .id = 7, .sum = TCP_SUM_BAD };
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(caught(&t, rst) == IS(BAD_CHECKSUM));
	states_are(&t.s, TCP_S_CLOSED, TCP_S_ESTABLISHED);
	scene_end(&t.s);
}

static void a_damaged_syn_begins_no_new_connection(void **state)
{
	struct packet syn = { .who = 'a', .flags = "S", .seq = 90000, .sum = TCP_SUM_BAD };
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(caught(&t, syn) == IS(BAD_CHECKSUM) && !t.s.told.ended);
	syn.sum = TCP_SUM_GOOD;
	assert_true((caught(&t, syn) & IS(REUSED_PORTS)) && t.s.told.ended);
	scene_end(&t.s);
}

static void numbers_that_do_not_fit_in_a_damaged_segment_are_not_learnt(void **state)
{
	const struct packet wild = { .who = 'a', .flags = "A", .seq = 5101, .ack = 9501,
				     .payload = 100, .id = 7, .sum = TCP_SUM_BAD };
	const struct packet next = { .who = 'a', .flags = "A", .seq = 101, .ack = 501,
				     .payload = 100, .id = 8, .sum = TCP_SUM_GOOD };
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(caught(&t, wild) == IS(BAD_CHECKSUM));
	assert_true(caught(&t, next) == 0);
	scene_end(&t.s);
}

static void checksums_that_receivers_do_not_mind_prove_nothing(void **state)
{
	struct packet data = { .who = 'a', .flags = "A", .seq = 101, .ack = 501, .payload = 100,
			       .id = 7, .sum = TCP_SUM_BAD };
	struct packet ack = { .who = 'b', .flags = "A", .seq = 501, .ack = 201, .id = 70,
			      .sum = TCP_SUM_BAD };
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(caught(&t, data) == IS(BAD_CHECKSUM));
	assert_true(caught(&t, ack) == IS(BAD_CHECKSUM));
	data.seq = 201;
	data.id++;
	assert_true(caught(&t, data) == IS(BAD_CHECKSUM));
	data.id++;
	data.after_ns = ms(300);
	/* all else is judged as ever */
	assert_true(caught(&t, data) == (IS(BAD_CHECKSUM) | IS(RETRANSMISSION)));
	scene_end(&t.s);
}

static void an_ack_of_what_was_sent_again_whole_proves_no_checksum_wrong(void **state)
{
	struct packet data = { .who = 'a', .flags = "A", .seq = 101, .ack = 501, .payload = 100,
			       .id = 7, .sum = TCP_SUM_BAD };
	const struct packet ack = { .who = 'b', .flags = "A", .seq = 501, .ack = 201, .id = 70,
				    .sum = TCP_SUM_GOOD };
	struct packet fin = { .who = 'a', .flags = "FA", .seq = 201, .ack = 501, .id = 9,
			      .sum = TCP_SUM_BAD };
	struct talk t;

	(void)state;
	begin(&t, 0);
	caught(&t, data);
	data.sum = TCP_SUM_GOOD;
	data.id = 8;
	data.after_ns = ms(300);
	assert_true(caught(&t, data) == IS(RETRANSMISSION));
	assert_true(caught(&t, ack) == 0);
	assert_true(caught(&t, fin) == IS(BAD_CHECKSUM));
	states_are(&t.s, TCP_S_FIN_WAIT_1, TCP_S_ESTABLISHED);
	scene_end(&t.s);
}

static void a_checksum_yet_to_be_filled_in_is_told_once_and_held_against_nobody(void **state)
{
	struct packet data = { .who = 'a', .flags = "A", .seq = 101, .ack = 501, .payload = 100,
			       .id = 7, .sum = TCP_SUM_PARTIAL };
	struct talk t;

	(void)state;
	begin(&t, 0);
	assert_true(caught(&t, data) == IS(CHECKSUM_OFFLOAD));
	data.seq = 201;
	data.id = 8;
	data.flags = "FA";
	assert_true(caught(&t, data) == 0);
	states_are(&t.s, TCP_S_FIN_WAIT_1, TCP_S_CLOSE_WAIT);
	struct tcp_story story = story_now(&t.s);
	assert_true(story.side[0].trouble[TCP_T_CHECKSUM_OFFLOAD] == 1);
	assert_true(story.side[1].trouble[TCP_T_CHECKSUM_OFFLOAD] == 0);
	scene_end(&t.s);
}

/* IPv4 and TCP, 10.0.0.1 to 10.0.0.2, "hi!" */
static const uint8_t hi[43] = {
	0x45, 0, 0, 43, 0x12, 0x34, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	0x03, 0xe8, 0, 80, 0, 0, 0, 101, 0, 0, 1, 0xf5, 0x50, 0x18, 0x03, 0xe8, 0, 0, 0, 0,
	'h', 'i', '!',
};
enum { HI_TCP = 20, HI_SUM = HI_TCP + 16, RAW_IP = 101 };

static enum tcp_sum sum_of(const uint8_t *frame, uint32_t here, uint16_t *id)
{
	struct tcp_segment seg;
	struct tcp_options options;
	struct pkt p;

	pkt_dissect(&p, RAW_IP, frame, here, sizeof(hi));
	assert_true(tcp_segment_from(&seg, &options, &p));
	assert_true(seg.sum == TCP_SUM_UNKNOWN);
	tcp_segment_check(&seg, &p);
	*id = seg.ip_id;
	return seg.sum;
}

static void a_checksum_is_good_bad_partial_or_not_known(void **state)
{
	const struct ip4 a = { { 10, 0, 0, 1 } }, b = { { 10, 0, 0, 2 } };
	uint8_t frame[sizeof(hi)];
	uint16_t id;

	(void)state;
	memcpy(frame, hi, sizeof(hi));
	tcp_seal4(frame + HI_TCP, sizeof(hi) - HI_TCP, a, b);
	assert_true(sum_of(frame, sizeof(hi), &id) == TCP_SUM_GOOD && id == 0x1234);
	frame[sizeof(hi) - 1] ^= 1;
	assert_true(sum_of(frame, sizeof(hi), &id) == TCP_SUM_BAD);
	assert_true(sum_of(frame, sizeof(hi) - 1, &id) == TCP_SUM_UNKNOWN);
	/* What a driver is handed: with the length, or without where it is to cut the segment. */
	for (uint32_t len = 0; len < sizeof(hi); len += sizeof(hi) - HI_TCP) {
		uint16_t field = (uint16_t)~csum_fold(ip4_pseudo_sum(a, b, IP_PROTO_TCP, len));
		frame[HI_SUM] = (uint8_t)(field >> 8);
		frame[HI_SUM + 1] = (uint8_t)field;
		assert_true(sum_of(frame, sizeof(hi), &id) == TCP_SUM_PARTIAL);
	}
}

static void every_trouble_has_a_name_a_clause_and_a_section(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TCP_T_COUNT; i++) {
		const struct tcp_trouble_info *info = tcp_trouble_info((enum tcp_trouble)i);
		assert_true(info->name && info->says && strncmp(info->section, "RFC ", 4) == 0);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(info->name,
						tcp_trouble_info((enum tcp_trouble)k)->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_timer_runs_out_and_it_is_sent_again),
		cmocka_unit_test(three_acks_ask_for_it_and_it_is_sent_fast),
		cmocka_unit_test(sent_again_although_acknowledged_is_spurious),
		cmocka_unit_test(what_fills_a_gap_at_once_was_out_of_order),
		cmocka_unit_test(what_fills_a_gap_late_was_lost_before_the_capture),
		cmocka_unit_test(what_was_seen_before_is_not_out_of_order_however_soon),
		cmocka_unit_test(an_ack_of_what_never_passed_tells_of_a_gap_once),
		cmocka_unit_test(a_dsack_reports_a_duplicate_and_is_none),
		cmocka_unit_test(are_you_there_and_i_am),
		cmocka_unit_test(one_byte_sent_again_before_its_ack_is_no_keep_alive),
		cmocka_unit_test(the_window_fills_closes_is_probed_and_opens),
		cmocka_unit_test(a_window_is_scaled_only_when_both_sides_offered_it),
		cmocka_unit_test(a_window_that_was_never_scaled_for_us_is_not_called_full),
		cmocka_unit_test(where_one_side_is_not_captured_a_repeated_ack_is_a_duplicate),
		cmocka_unit_test(a_gap_that_an_ack_told_of_is_still_a_gap_before_the_next_bytes),
		cmocka_unit_test(bytes_that_fill_such_a_gap_leave_none),
		cmocka_unit_test(a_keep_alive_before_bytes_that_were_only_acked_tells_of_no_gap),
		cmocka_unit_test(what_is_counted_past_fifteen_is_not_lost),
		cmocka_unit_test(one_identification_twice_is_one_packet_captured_twice),
		cmocka_unit_test(a_second_leg_before_the_offload_is_still_the_same_packet),
		cmocka_unit_test(another_identification_means_that_it_was_sent_again),
		cmocka_unit_test(the_same_identification_after_a_timer_is_sent_again),
		cmocka_unit_test(who_numbers_all_packets_alike_proves_nothing_by_it),
		cmocka_unit_test(a_reset_after_a_syn_under_one_identification_is_another_packet),
		cmocka_unit_test(without_an_identification_only_haste_and_the_checksum_prove_a_copy),
		cmocka_unit_test(without_an_identification_two_acks_alike_are_two),
		cmocka_unit_test(copies_change_no_state_and_call_for_no_fast_retransmission),
		cmocka_unit_test(a_leg_that_lags_by_packets_is_known_once_packets_come_twice),
		cmocka_unit_test(a_damaged_segment_is_sent_but_not_received),
		cmocka_unit_test(a_damaged_reset_resets_nobody_else),
		cmocka_unit_test(a_damaged_syn_begins_no_new_connection),
		cmocka_unit_test(numbers_that_do_not_fit_in_a_damaged_segment_are_not_learnt),
		cmocka_unit_test(checksums_that_receivers_do_not_mind_prove_nothing),
		cmocka_unit_test(an_ack_of_what_was_sent_again_whole_proves_no_checksum_wrong),
		cmocka_unit_test(a_checksum_yet_to_be_filled_in_is_told_once_and_held_against_nobody),
		cmocka_unit_test(a_checksum_is_good_bad_partial_or_not_known),
		cmocka_unit_test(every_trouble_has_a_name_a_clause_and_a_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
