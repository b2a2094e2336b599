/* tcp_track.h: a connection's story, whole and in pieces */
#include "tcp_scene.h"

static void a_whole_connection_from_syn_to_time_wait(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	say(&s, 'a', "S", 100, 0, 0);
	assert_true(s.told.fresh);
	states_are(&s, TCP_S_SYN_SENT, TCP_S_UNSEEN);
	say(&s, 'b', "SA", 500, 101, 0);
	states_are(&s, TCP_S_ESTABLISHED, TCP_S_SYN_RECEIVED);
	say(&s, 'a', "A", 101, 501, 0);
	states_are(&s, TCP_S_ESTABLISHED, TCP_S_ESTABLISHED);
	say(&s, 'a', "PA", 101, 501, 10);
	assert_true(s.told.rel_seq == 1 && s.told.rel_ack == 1);
	say(&s, 'b', "PA", 501, 111, 1000);
	say(&s, 'a', "FA", 111, 1501, 0);
	states_are(&s, TCP_S_FIN_WAIT_1, TCP_S_CLOSE_WAIT);
	say(&s, 'b', "A", 1501, 112, 0);
	states_are(&s, TCP_S_FIN_WAIT_2, TCP_S_CLOSE_WAIT);
	say(&s, 'b', "FA", 1501, 112, 0);
	states_are(&s, TCP_S_TIME_WAIT, TCP_S_LAST_ACK);
	say(&s, 'a', "A", 112, 1502, 0);
	states_are(&s, TCP_S_TIME_WAIT, TCP_S_CLOSED);
	assert_true(s.told.trouble == 0);

	struct tcp_story o = story_now(&s);
	opened(&s, TCP_OPEN_COMPLETE);
	closed(&s, TCP_CLOSE_FIN4);
	assert_true(o.initiator == 0 && o.first_fin_by == 0 && o.first_rst_by == TCP_NOBODY);
	assert_true(o.syn_frame == 1 && o.synack_frame == 2 && o.ack_frame == 3);
	assert_true(o.first_frame == 1 && o.last_frame == 9 && o.both_fins_acked);
	assert_true(o.has_rtt && o.rtt_ns == ms(2));
	assert_true(o.side[0].frames == 5 && o.side[1].frames == 4);
	assert_true(o.side[0].payload == 10 && o.side[1].payload == 1000);
	assert_true(o.side[0].bytes == 5 * 54 + 10 && o.side[1].bytes == 4 * 54 + 1000);
	assert_true(o.side[0].isn == 100 && o.side[1].isn == 500);
	assert_true(o.side[0].fin_frame == 6 && o.side[0].fin_acked_frame == 7);
	assert_true(o.side[1].fin_frame == 8 && o.side[1].fin_acked_frame == 9);
	assert_true(o.side[0].syn == 1 && o.side[1].synack == 1 && o.side[1].fin == 1);
	assert_true(o.completeness == (1 | 2 | 4 | 8 | 16));
	scene_end(&s);
}

/* One segment as text: "aSA 100 5 0" is who, flags, sequence number, ACK number, payload. */
struct line { char who; const char *flags; uint32_t seq, ack, payload; };

static void play(struct scene *s, const struct line *line)
{
	scene_begin(s, 4);
	for (; line->who; line++)
		say(s, line->who, line->flags, line->seq, line->ack, line->payload);
}

static void every_way_to_open(void **state)
{
	static const struct { enum tcp_open open; int initiator; struct line line[6]; } way[] = {
		{ TCP_OPEN_COMPLETE, 0, { { 'a', "S", 9, 0, 0 }, { 'b', "SA", 70, 10, 0 },
					  { 'a', "A", 10, 71, 0 } } },
		/* TCP Fast Open: the SYN+ACK covers the SYN's data, or leaves it */
		{ TCP_OPEN_COMPLETE, 0, { { 'a', "S", 9, 0, 5 }, { 'b', "SA", 70, 15, 0 },
					  { 'a', "A", 15, 71, 0 } } },
		{ TCP_OPEN_COMPLETE, 0, { { 'a', "S", 9, 0, 5 }, { 'b', "SA", 70, 10, 0 },
					  { 'a', "PA", 10, 71, 5 } } },
		/* seen in the wrong order */
		{ TCP_OPEN_COMPLETE, 1, { { 'a', "SA", 70, 10, 0 }, { 'b', "S", 9, 0, 0 },
					  { 'b', "A", 10, 71, 0 } } },
		/* the numbers go round */
		{ TCP_OPEN_COMPLETE, 0, { { 'a', "S", UINT32_MAX, 0, 0 },
					  { 'b', "SA", UINT32_MAX, 0, 0 },
					  { 'a', "A", 0, 0, 0 } } },
		{ TCP_OPEN_SIMULTANEOUS, 0, { { 'a', "S", 9, 0, 0 }, { 'b', "S", 70, 0, 0 },
					      { 'a', "SA", 9, 71, 0 },
					      { 'b', "SA", 70, 10, 0 } } },
		{ TCP_OPEN_REFUSED, 0, { { 'a', "S", 9, 0, 0 }, { 'b', "RA", 0, 10, 0 } } },
		{ TCP_OPEN_REFUSED, 0, { { 'a', "S", 9, 0, 0 }, { 'b', "R", 0, 0, 0 } } },
		/* a RST that acknowledges something else refuses nothing */
		{ TCP_OPEN_ODD, 0, { { 'a', "S", 9, 0, 0 }, { 'b', "RA", 0, 77, 0 } } },
		{ TCP_OPEN_NO_ANSWER, 0, { { 'a', "S", 9, 0, 0 }, { 'a', "S", 9, 0, 0 } } },
		{ TCP_OPEN_ONE_WAY, 0, { { 'a', "S", 9, 0, 0 }, { 'a', "A", 10, 71, 0 } } },
		{ TCP_OPEN_SYNACK_NO_ACK, 0, { { 'a', "S", 9, 0, 0 }, { 'b', "SA", 70, 10, 0 } } },
		/* an ACK that does not reach the SYN+ACK */
		{ TCP_OPEN_SYNACK_NO_ACK, 0, { { 'a', "S", 9, 0, 0 }, { 'b', "SA", 70, 10, 0 },
					       { 'a', "A", 10, 70, 0 } } },
		/* a SYN+ACK for another SYN is none */
		{ TCP_OPEN_ODD, 0, { { 'a', "S", 9, 0, 0 }, { 'b', "SA", 70, 9, 0 },
				     { 'a', "A", 10, 71, 0 } } },
		{ TCP_OPEN_SYNACK_ONLY, 1, { { 'a', "SA", 70, 10, 0 } } },
		{ TCP_OPEN_NO_SYN, 1, { { 'a', "SA", 70, 10, 0 }, { 'b', "A", 10, 71, 0 } } },
		{ TCP_OPEN_MIDSTREAM, TCP_NOBODY, { { 'a', "A", 10, 71, 0 } } },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(way); i++) {
		struct scene s;
		play(&s, way[i].line);
		opened(&s, way[i].open);
		assert_true(story_now(&s).initiator == way[i].initiator);
		scene_end(&s);
	}
}

static void every_way_to_close(void **state)
{
	static const struct { enum tcp_close close; int first_fin, first_rst;
			      enum tcp_state a, b; struct line line[6]; } way[] = {
		{ TCP_CLOSE_NONE, TCP_NOBODY, TCP_NOBODY, TCP_S_ESTABLISHED, TCP_S_ESTABLISHED,
		  { { 'a', "A", 101, 501, 5 } } },
		{ TCP_CLOSE_FIN4, 1, TCP_NOBODY, TCP_S_CLOSED, TCP_S_TIME_WAIT,
		  { { 'b', "FA", 501, 101, 0 }, { 'a', "A", 101, 502, 0 },
		    { 'a', "FA", 101, 502, 0 }, { 'b', "A", 502, 102, 0 } } },
		{ TCP_CLOSE_FIN3, 0, TCP_NOBODY, TCP_S_TIME_WAIT, TCP_S_CLOSED,
		  { { 'a', "FA", 101, 501, 0 }, { 'b', "FA", 501, 102, 0 },
		    { 'a', "A", 102, 502, 0 } } },
		{ TCP_CLOSE_HALF, 0, TCP_NOBODY, TCP_S_TIME_WAIT, TCP_S_CLOSED,
		  { { 'a', "FA", 101, 501, 0 }, { 'b', "A", 501, 102, 0 },
		    { 'b', "PA", 501, 102, 300 }, { 'b', "FA", 801, 102, 0 },
		    { 'a', "A", 102, 802, 0 } } },
		{ TCP_CLOSE_SIMULTANEOUS, 0, TCP_NOBODY, TCP_S_CLOSING, TCP_S_CLOSING,
		  { { 'a', "FA", 101, 501, 0 }, { 'b', "FA", 501, 101, 0 } } },
		{ TCP_CLOSE_SIMULTANEOUS, 0, TCP_NOBODY, TCP_S_TIME_WAIT, TCP_S_TIME_WAIT,
		  { { 'a', "FA", 101, 501, 0 }, { 'b', "FA", 501, 101, 0 },
		    { 'a', "A", 102, 502, 0 }, { 'b', "A", 502, 102, 0 } } },
		{ TCP_CLOSE_ONE_FIN, 0, TCP_NOBODY, TCP_S_FIN_WAIT_2, TCP_S_CLOSE_WAIT,
		  { { 'a', "FA", 101, 501, 0 }, { 'b', "A", 501, 102, 0 } } },
		{ TCP_CLOSE_FIN_RST, 0, 0, TCP_S_CLOSED, TCP_S_CLOSED,
		  { { 'a', "FA", 101, 501, 0 }, { 'b', "PA", 501, 102, 5 },
		    { 'a', "R", 102, 0, 0 } } },
		{ TCP_CLOSE_RST_THEN_FIN, 1, 0, TCP_S_CLOSED, TCP_S_CLOSED,
		  { { 'a', "R", 101, 0, 0 }, { 'b', "FA", 501, 101, 0 } } },
		{ TCP_CLOSE_RST, TCP_NOBODY, 1, TCP_S_CLOSED, TCP_S_CLOSED,
		  { { 'b', "RA", 501, 101, 0 } } },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(way); i++) {
		struct scene s;
		scene_begin(&s, 4);
		handshake(&s, 100, 500);
		for (const struct line *l = way[i].line; l->who; l++)
			say(&s, l->who, l->flags, l->seq, l->ack, l->payload);
		closed(&s, way[i].close);
		states_are(&s, way[i].a, way[i].b);
		assert_true(story_now(&s).first_fin_by == way[i].first_fin);
		assert_true(story_now(&s).first_rst_by == way[i].first_rst);
		scene_end(&s);
	}
}

static void a_syn_that_comes_behind_its_ack_has_no_round_trip(void **state)
{
	static const struct line line[] = { { 'a', "SA", 70, 10, 0 }, { 'b', "A", 10, 71, 0 },
					    { 'b', "S", 9, 0, 0 }, { 0 } };
	struct scene s;

	(void)state;
	play(&s, line);
	opened(&s, TCP_OPEN_COMPLETE);
	assert_true(story_now(&s).syn_frame == 3 && !story_now(&s).has_rtt);
	scene_end(&s);
}

static void a_refused_syn_closes_as_it_opened(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	say(&s, 'a', "S", 9, 0, 0);
	say(&s, 'b', "RA", 0, 10, 0);
	closed(&s, TCP_CLOSE_REFUSED);
	states_are(&s, TCP_S_CLOSED, TCP_S_CLOSED);
	assert_true(story_now(&s).refused_frame == 2);
	/* Who was refused may ask again with the same number; that is the same connection. */
	say(&s, 'a', "S", 9, 0, 0);
	assert_false(s.told.ended);
	assert_true(story_now(&s).side[0].syn == 2);
	scene_end(&s);
}

static void a_reset_that_was_lost_leaves_a_syn_to_be_answered(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	say(&s, 'a', "S", 9, 0, 0);
	say(&s, 'b', "RA", 0, 10, 0);
	states_are(&s, TCP_S_CLOSED, TCP_S_CLOSED);
	say(&s, 'a', "S", 9, 0, 0);
	states_are(&s, TCP_S_SYN_SENT, TCP_S_CLOSED);
	say(&s, 'b', "SA", 70, 10, 0);
	states_are(&s, TCP_S_ESTABLISHED, TCP_S_SYN_RECEIVED);
	say(&s, 'a', "A", 10, 71, 0);
	states_are(&s, TCP_S_ESTABLISHED, TCP_S_ESTABLISHED);
	/* After a handshake, what looks like its beginning is an old copy. */
	say(&s, 'a', "R", 10, 0, 0);
	say(&s, 'a', "S", 9, 0, 0);
	say(&s, 'b', "SA", 70, 10, 0);
	states_are(&s, TCP_S_CLOSED, TCP_S_CLOSED);
	scene_end(&s);
}

/* RFC 9293 3.5.1, figure 9: b still has a connection that a has forgotten. */
static void who_resets_an_older_connection_still_waits_for_its_own(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	say(&s, 'a', "S", 4000, 0, 0);
	say(&s, 'b', "A", 300, 100, 0);
	states_are(&s, TCP_S_SYN_SENT, TCP_S_ESTABLISHED);
	say(&s, 'a', "R", 100, 0, 0);
	states_are(&s, TCP_S_SYN_SENT, TCP_S_CLOSED);
	say(&s, 'a', "S", 4000, 0, 0);
	say(&s, 'b', "SA", 9000, 4001, 0);
	states_are(&s, TCP_S_ESTABLISHED, TCP_S_SYN_RECEIVED);
	say(&s, 'a', "A", 4001, 9001, 0);
	states_are(&s, TCP_S_ESTABLISHED, TCP_S_ESTABLISHED);
	scene_end(&s);

	/* One with a number of its own ends its own. */
	for (uint32_t seq = 4000; seq <= 4001; seq++) {
		scene_begin(&s, 4);
		say(&s, 'a', "S", 4000, 0, 0);
		say(&s, 'a', "R", seq, 0, 0);
		states_are(&s, TCP_S_CLOSED, TCP_S_UNSEEN);
		scene_end(&s);
	}
}

static void both_ask_at_once_and_both_are_established(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	say(&s, 'a', "S", 9, 0, 0);
	say(&s, 'b', "S", 70, 0, 0);
	states_are(&s, TCP_S_SYN_RECEIVED, TCP_S_SYN_RECEIVED);
	say(&s, 'a', "SA", 9, 71, 0);
	/* RFC 9293 3.5, figure 7; Wireshark calls this SYN+ACK a retransmission */
	assert_true(s.told.trouble == 0);
	say(&s, 'b', "SA", 70, 10, 0);
	states_are(&s, TCP_S_ESTABLISHED, TCP_S_ESTABLISHED);
	scene_end(&s);
}

static void the_last_ack_is_lost_and_the_fin_comes_again(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	handshake(&s, 100, 500);
	say(&s, 'a', "FA", 101, 501, 0);
	say(&s, 'b', "FA", 501, 102, 0);
	say(&s, 'a', "A", 102, 502, 0);
	states_are(&s, TCP_S_TIME_WAIT, TCP_S_CLOSED);
	say(&s, 'b', "FA", 501, 102, 0);
	states_are(&s, TCP_S_TIME_WAIT, TCP_S_LAST_ACK);
	say(&s, 'a', "A", 102, 502, 0);
	states_are(&s, TCP_S_TIME_WAIT, TCP_S_CLOSED);
	/* the answer of TIME-WAIT asks for nothing: no duplicate ACK (RFC 5681 section 2) */
	assert_true(s.told.trouble == 0);
	assert_true(story_now(&s).side[1].fin == 2 && tcp_track_count(s.t) == 1);
	scene_end(&s);
}

static void a_fin_behind_a_gap_waits_for_the_ack(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	handshake(&s, 100, 500);
	say(&s, 'a', "FA", 201, 501, 0);
	states_are(&s, TCP_S_FIN_WAIT_1, TCP_S_ESTABLISHED);
	say(&s, 'a', "A", 101, 501, 100);
	say(&s, 'b', "A", 501, 202, 0);
	states_are(&s, TCP_S_FIN_WAIT_2, TCP_S_CLOSE_WAIT);
	scene_end(&s);
}

static void of_a_side_that_is_not_captured_nothing_is_guessed(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	say(&s, 'a', "S", 100, 0, 0);
	say(&s, 'a', "A", 101, 501, 0);
	say(&s, 'a', "FA", 101, 501, 0);
	states_are(&s, TCP_S_FIN_WAIT_1, TCP_S_UNSEEN);
	say(&s, 'a', "RA", 102, 501, 0);
	states_are(&s, TCP_S_CLOSED, TCP_S_UNSEEN);
	/* b speaks after all, and acknowledges the FIN: now it is known */
	scene_end(&s);
	scene_begin(&s, 4);
	say(&s, 'a', "FA", 101, 501, 0);
	say(&s, 'b', "A", 501, 102, 0);
	states_are(&s, TCP_S_FIN_WAIT_2, TCP_S_CLOSE_WAIT);
	scene_end(&s);
}

static void a_reset_that_does_not_fit_is_not_heeded(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	handshake(&s, 100, 500);
	say(&s, 'b', "R", 99999, 0, 0);		/* RFC 5961 section 3 */
	states_are(&s, TCP_S_ESTABLISHED, TCP_S_CLOSED);
	scene_end(&s);
}

static void a_syn_with_another_number_is_another_connection(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	handshake(&s, 100, 500);
	say(&s, 'b', "S", 7777, 0, 0);
	assert_true(s.told.ended && s.told.fresh && s.told.from == 0);
	assert_true(s.told.trouble == 1u << TCP_T_REUSED_PORTS);
	assert_true(s.told.story.stream == 0 && s.told.story.last_frame == 3);
	assert_true(s.told.story.open == TCP_OPEN_COMPLETE);
	assert_true(tcp_track_stream(s.t, s.told.flow) == 1 && tcp_track_count(s.t) == 1);
	/* who speaks first is a */
	assert_true(story_now(&s).port[0] == 80 && story_now(&s).first_frame == 4);
	scene_end(&s);
}

static void counters_do_not_stop_at_a_byte(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	for (unsigned i = 0; i < 1000; i++)
		say(&s, 'a', "SUEC", 100, 0, 0);
	struct tcp_story o = story_now(&s);
	assert_true(o.side[0].syn == 1000 && o.side[0].urg == 1000 && o.side[0].ece == 1000);
	assert_true(o.side[0].cwr == 1000 && o.open == TCP_OPEN_NO_ANSWER);
	scene_end(&s);
}

static void the_syns_options_are_kept_in_their_order(void **state)
{
	static const struct tcp_options rare = {
		.seen = TCP_SEEN_MSS | TCP_SEEN_TS | TCP_SEEN_WSCALE, .mss = 1460, .wscale = 7,
		.ts_val = 11, .ts_ecr = 99, .n_kinds = 6, .kind = { 2, 8, 77, 1, 3, 0 } };
	static const struct tcp_options echo = { .seen = TCP_SEEN_TS, .ts_val = 40, .ts_ecr = 11,
						 .n_kinds = 1, .kind = { 8 } };
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	s.options = &rare;
	say(&s, 'a', "S", 9, 0, 0);
	s.options = &echo;
	say(&s, 'b', "SA", 70, 10, 0);
	struct tcp_syn_options a = story_now(&s).side[0].syn_options;
	struct tcp_syn_options b = story_now(&s).side[1].syn_options;
	assert_true(a.present && a.mss == 1460 && a.wscale == 7);
	assert_true(a.ts_val == 11 && a.ts_ecr == 99);
	assert_true(a.n_kinds == 6 && memcmp(a.kind, rare.kind, 6) == 0 && !a.kinds_cut);
	assert_true(b.present && b.ts_val == 40 && b.ts_ecr == 11 && b.seen == TCP_SEEN_TS);
	scene_end(&s);
}

static void more_options_than_there_is_room_for_are_said_to_be_more(void **state)
{
	struct tcp_options many = { .n_kinds = 40 };
	struct scene s;

	(void)state;
	memset(many.kind, TCP_KIND_NOP, 40);
	scene_begin(&s, 4);
	s.options = &many;
	say(&s, 'a', "S", 9, 0, 0);
	struct tcp_syn_options o = story_now(&s).side[0].syn_options;
	assert_true(o.n_kinds == TCP_KINDS_KEPT && o.kinds_cut && o.kind[15] == TCP_KIND_NOP);
	scene_end(&s);
}

static void a_cut_header_counts_and_says_no_more(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	struct tcp_segment seg = segment_of(&s, 'a');
	seg.header_cut = true;
	seg.wire_bytes = 60;
	seg.flags = TCP_SYN;
	assert_int_equal(put(&s, &seg), TCP_TRACK_OK);
	struct tcp_story o = story_now(&s);
	assert_true(o.side[0].frames == 1 && o.side[0].bytes == 60 && o.side[0].syn == 0);
	opened(&s, TCP_OPEN_MIDSTREAM);
	scene_end(&s);
}

/* ---- the table -------------------------------------------------------------------- */

static void the_two_families_do_not_meet(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 4);
	say(&s, 'a', "S", 9, 0, 0);
	struct tcp_segment seg = segment_of(&s, 'a');
	seg.family = 6;			/* a00:1:: and a00:2:: */
	assert_int_equal(put(&s, &seg), TCP_TRACK_OK);
	assert_true(s.told.fresh && tcp_track_count(s.t) == 2);
	struct tcp_segment back = segment_of(&s, 'b');
	back.family = 6;
	assert_int_equal(put(&s, &back), TCP_TRACK_OK);
	assert_true(!s.told.fresh && s.told.from == 1);
	scene_end(&s);
}

static void a_socket_that_talks_to_itself_is_all_side_a(void **state)
{
	struct scene s;
	struct tcp_segment seg = { .family = 4, .port = { 5, 5 }, .flags = TCP_SYN };

	(void)state;
	scene_begin(&s, 4);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(put(&s, &seg), TCP_TRACK_OK);
	assert_true(story_now(&s).side[0].frames == 2 && story_now(&s).side[1].frames == 0);
	scene_end(&s);
}

static void grow(struct scene *s, size_t n)
{
	void *larger = lines_of(tcp_track_size(n));

	s->t = tcp_track_move(larger, tcp_track_size(n), n, s->t);
	assert_non_null(s->t);
	free(s->memory);
	s->memory = larger;
	s->n = n;
}

static void a_full_table_takes_nothing_and_grows_with_all_that_it_held(void **state)
{
	enum { MANY = 5000 };
	struct scene s;

	(void)state;
	scene_begin(&s, 2);
	for (unsigned i = 0; i < MANY; i++) {
		s.port = (uint16_t)(1000 + i);
		struct tcp_segment seg = segment_of(&s, 'a');
		seg.flags = TCP_SYN;
		seg.seq = i;
		if (put(&s, &seg) == TCP_TRACK_FULL) {
			assert_true(tcp_track_count(s.t) == s.n);
			grow(&s, s.n * 2);
			assert_int_equal(put(&s, &seg), TCP_TRACK_OK);
		}
		assert_true(tcp_track_stream(s.t, s.told.flow) == i);
	}
	for (unsigned i = 0; i < MANY; i++) {
		s.port = (uint16_t)(1000 + i);
		say(&s, 'b', "RA", 0, i + 1, 0);
		assert_true(!s.told.fresh && tcp_track_stream(s.t, s.told.flow) == i);
	}
	scene_end(&s);
}

/* 40,000 come, each third one is refused and forgotten again, IPv6 among them. */
static void all_are_found_again_while_the_index_grows_under_them(void **state)
{
	enum { MANY = 40000 };
	struct tcp_story o;
	struct scene s;

	(void)state;
	scene_begin(&s, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		struct tcp_segment seg = segment_of(&s, 'a');
		seg.family = i % 2 ? 4 : 6;
		seg.port[0] = (uint16_t)(1000 + i);
		seg.flags = TCP_SYN;
		assert_true(put(&s, &seg) == TCP_TRACK_OK && s.told.fresh);
		if (i % 3 == 0) {
			s.port = seg.port[0];
			seg = segment_of(&s, 'b');
			seg.family = i % 2 ? 4 : 6;
			seg.flags = TCP_RST | TCP_ACK;
			seg.ack = 1;
			assert_true(put(&s, &seg) == TCP_TRACK_OK && !s.told.fresh);
			assert_true(tcp_track_give_up(s.t, &o) && o.stream == i);
		}
	}
	for (unsigned i = 0; i < MANY; i++) {
		s.port = (uint16_t)(1000 + i);
		struct tcp_segment seg = segment_of(&s, 'b');
		seg.family = i % 2 ? 4 : 6;
		seg.flags = TCP_SYN | TCP_ACK;
		if (i % 3 == 0)
			continue;
		assert_true(put(&s, &seg) == TCP_TRACK_OK && !s.told.fresh);
		assert_true(tcp_track_stream(s.t, s.told.flow) == i);
	}
	scene_end(&s);
}

static void room_that_nobody_takes_is_never_touched(void **state)
{
	enum { MANY = 1 << 16, FEW = 1000 };
	struct scene s;

	(void)state;
	scene_begin(&s, MANY);
	for (s.port = 1; s.port <= FEW; s.port++)
		say(&s, 'a', "S", 9, 0, 0);
	const uint8_t *memory = s.memory;
	size_t touched = 0;
	for (size_t i = 0; i < tcp_track_size(MANY); i += 4096) {
		size_t j = i, end = i + 4096 < tcp_track_size(MANY) ? i + 4096 : tcp_track_size(MANY);
		while (j < end && memory[j] == 0)
			j++;
		touched += j < end ? 4096 : 0;
	}
	/* A page more at either end of each of the five places, and an index for 4,096. */
	assert_true(touched <= FEW * TCP_TRACK_LIVE_COST + 10 * 4096 + 4096 * 12);
	assert_true(tcp_track_dense_size(MANY) < tcp_track_size(MANY));
	scene_end(&s);
}

static void who_closed_first_is_given_up_first(void **state)
{
	struct tcp_story o;
	struct scene s;

	(void)state;
	scene_begin(&s, 3);
	for (s.port = 1; s.port <= 3; s.port++)
		say(&s, 'a', "S", 9, 0, 0);
	assert_false(tcp_track_give_up(s.t, &o));
	s.port = 3;
	say(&s, 'b', "RA", 0, 10, 0);
	s.port = 1;
	say(&s, 'b', "RA", 0, 10, 0);
	assert_true(tcp_track_give_up(s.t, &o) && o.port[0] == 3);
	assert_true(o.close == TCP_CLOSE_REFUSED && tcp_track_count(s.t) == 2);
	/* its place serves another, and the others are still found */
	s.port = 4;
	say(&s, 'a', "S", 9, 0, 0);
	s.port = 2;
	say(&s, 'a', "S", 9, 0, 0);
	assert_false(s.told.fresh);
	assert_true(tcp_track_give_up(s.t, &o) && o.port[0] == 1);
	assert_false(tcp_track_give_up(s.t, &o));
	uint32_t cursor = 0;
	unsigned left = 0;
	while (tcp_track_each(s.t, &cursor, &o))
		left += o.port[0];
	assert_true(left == 2 + 4);
	scene_end(&s);
}

static void a_closed_one_whose_ports_were_reused_is_not_given_up(void **state)
{
	struct tcp_story o;
	struct scene s;

	(void)state;
	scene_begin(&s, 2);
	say(&s, 'a', "S", 9, 0, 0);
	say(&s, 'b', "RA", 0, 10, 0);
	say(&s, 'a', "S", 5000, 0, 0);
	assert_true(s.told.ended);
	assert_false(tcp_track_give_up(s.t, &o));
	say(&s, 'b', "RA", 0, 5001, 0);
	assert_true(tcp_track_give_up(s.t, &o) && o.stream == 1 && tcp_track_count(s.t) == 0);
	scene_end(&s);
}

static void churn_leaves_no_hole_in_the_index(void **state)
{
	struct chance c = { 1 };
	struct tcp_story o;
	struct scene s;
	bool open[200] = { false };

	(void)state;
	scene_begin(&s, 200);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned k = (unsigned)chance_below(&c, LENGTH(open));
		s.port = (uint16_t)(k + 1);
		say(&s, 'a', "S", 9, 0, 0);
		assert_true(s.told.fresh == !open[k]);
		open[k] = true;
		if (chance_below(&c, 2)) {
			say(&s, 'b', "RA", 0, 10, 0);
			assert_false(s.told.fresh);
			while (tcp_track_give_up(s.t, &o))
				open[o.port[0] - 1] = false;
		}
	}
	scene_end(&s);
}

static void too_small_a_memory_is_refused(void **state)
{
	uint8_t secret[16] = { 0 };
	struct scene s;

	(void)state;
	scene_begin(&s, 8);
	assert_null(tcp_track_init(s.memory, tcp_track_size(8) - 1, 8, secret));
	assert_null(tcp_track_init(s.memory, tcp_track_size(8), 0, secret));
	assert_null(tcp_track_move(s.memory, tcp_track_size(8), 7, s.t));
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_connection_from_syn_to_time_wait),
		cmocka_unit_test(every_way_to_open),
		cmocka_unit_test(every_way_to_close),
		cmocka_unit_test(a_syn_that_comes_behind_its_ack_has_no_round_trip),
		cmocka_unit_test(a_refused_syn_closes_as_it_opened),
		cmocka_unit_test(a_reset_that_was_lost_leaves_a_syn_to_be_answered),
		cmocka_unit_test(who_resets_an_older_connection_still_waits_for_its_own),
		cmocka_unit_test(both_ask_at_once_and_both_are_established),
		cmocka_unit_test(the_last_ack_is_lost_and_the_fin_comes_again),
		cmocka_unit_test(a_fin_behind_a_gap_waits_for_the_ack),
		cmocka_unit_test(of_a_side_that_is_not_captured_nothing_is_guessed),
		cmocka_unit_test(a_reset_that_does_not_fit_is_not_heeded),
		cmocka_unit_test(a_syn_with_another_number_is_another_connection),
		cmocka_unit_test(counters_do_not_stop_at_a_byte),
		cmocka_unit_test(the_syns_options_are_kept_in_their_order),
		cmocka_unit_test(more_options_than_there_is_room_for_are_said_to_be_more),
		cmocka_unit_test(a_cut_header_counts_and_says_no_more),
		cmocka_unit_test(the_two_families_do_not_meet),
		cmocka_unit_test(a_socket_that_talks_to_itself_is_all_side_a),
		cmocka_unit_test(a_full_table_takes_nothing_and_grows_with_all_that_it_held),
		cmocka_unit_test(all_are_found_again_while_the_index_grows_under_them),
		cmocka_unit_test(room_that_nobody_takes_is_never_touched),
		cmocka_unit_test(who_closed_first_is_given_up_first),
		cmocka_unit_test(a_closed_one_whose_ports_were_reused_is_not_given_up),
		cmocka_unit_test(churn_leaves_no_hole_in_the_index),
		cmocka_unit_test(too_small_a_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
