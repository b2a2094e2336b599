/* What two programs said to each other, and which frames carried it. */
#include "told.h"

#include "wirelab/tcp_messages.h"

enum { LOG = 512 };

/* A connection told segment by segment; offsets count from each side's first byte. */
struct talk {
	struct tcp_messages *m;
	void *memory;
	uint64_t frame;
	uint32_t isn[2];
	uint32_t acks[2];		/* what each side acknowledges: an offset of the other's */
	size_t n, stops;
	struct tcp_message message[LOG];
	struct tcp_messages_stop stop[2];
};

static void begin_with(struct talk *t, struct tcp_messages_config config)
{
	size_t size = tcp_messages_size(config.room);

	*t = (struct talk){ .isn = { 1000, UINT32_MAX - 5 }, .memory = malloc(size) };
	assert_non_null(t->memory);
	memset(t->memory, 0x5a, size);
	t->m = tcp_messages_init(t->memory, size, &config);
	assert_non_null(t->m);
}

static void begin(struct talk *t)
{
	begin_with(t, (struct tcp_messages_config){ MSG_NETWORK, MSG_LIMIT, TCP_MESSAGES_ROOM });
}

static void collect(struct talk *t)
{
	struct tcp_messages_event e;

	while (tcp_messages_next(t->m, &e)) {
		if (e.stopped) {
			assert_true(t->stops < 2);
			t->stop[t->stops++] = e.stop;
		} else {
			assert_true(t->n < LOG);
			t->message[t->n++] = e.message;
		}
	}
}

/* len bytes on the wire, of which the capture has caplen, in a block of exactly that size. */
static void hear(struct talk *t, unsigned from, uint16_t flags, uint32_t offset, const void *bytes,
		 uint32_t caplen, uint32_t len)
{
	uint8_t *payload = exactly(bytes, caplen);
	struct tcp_segment s = { .flags = flags, .payload = len };

	s.seq = t->isn[from] + (flags & TCP_SYN ? 0 : 1) + offset;
	s.frame = ++t->frame;
	s.when = at(0.001 * (double)s.frame);
	if (flags & TCP_ACK)
		s.ack = t->isn[!from] + 1 + t->acks[from];
	tcp_messages_hear(t->m, from, &s, payload, caplen);
	collect(t);
	free(payload);
}

static void handshake(struct talk *t)
{
	hear(t, 0, TCP_SYN, 0, NULL, 0, 0);
	hear(t, 1, TCP_SYN | TCP_ACK, 0, NULL, 0, 0);
	hear(t, 0, TCP_ACK, 0, NULL, 0, 0);
}

/* A string literal with zeros inside; without the last one. */
#define SAY(t, from, offset, bytes) hear(t, from, TCP_ACK | TCP_PSH, offset, bytes, \
					 sizeof(bytes) - 1, sizeof(bytes) - 1)

static void end(struct talk *t)
{
	tcp_messages_end(t->m);
	collect(t);
	free(t->memory);
}

static const struct tcp_messages_stop *stop_of(const struct talk *t, unsigned side)
{
	for (size_t i = 0; i < t->stops; i++) {
		if (t->stop[i].side == side)
			return &t->stop[i];
	}
	fail_msg("side %u has not stopped", side);
	return NULL;
}

#define stopped(t, side, reason) \
	assert_string_equal(tcp_messages_why_name(stop_of(t, side)->why), reason)

/* ---- the story -------------------------------------------------------------------------- */

static void two_messages_share_a_segment_and_the_answer_comes_in_two(void **state)
{
	struct talk t;
	const struct tcp_message *m = t.message;

	(void)state;
	begin(&t);
	handshake(&t);
	SAY(&t, 0, 0, "\0\0\0\5hello\0\0\0\5again");		/* frame 4: two sends, stuck */
	assert_int_equal(t.n, 2);
	assert_true(m[0].side == 0 && m[0].number == 1 && m[0].offset == 0 && m[0].length == 5);
	assert_true(m[0].frames == 1 && m[0].first_frame == 4 && m[0].last_frame == 4);
	assert_true(m[0].shared == 1 && m[1].shared == 1);
	assert_true(m[1].number == 2 && m[1].offset == 9);
	assert_int_equal(m[1].preview_len, 5);
	assert_memory_equal(m[1].preview, "again", 5);

	SAY(&t, 1, 0, "\0\0\0\12read in ");			/* frames 5 and 6: one send, split */
	assert_int_equal(t.n, 2);
	SAY(&t, 1, 12, "2s");
	assert_int_equal(t.n, 3);
	assert_true(m[2].side == 1 && m[2].number == 1 && m[2].length == 10 && m[2].shared == 0);
	assert_true(m[2].frames == 2 && m[2].frame[0] == 5 && m[2].frame[1] == 6);
	assert_true(m[2].first_time.ns == at(0.005).ns && m[2].whole_time.ns == at(0.006).ns);
	assert_memory_equal(m[2].preview, "read in 2s", 10);

	hear(&t, 0, TCP_ACK | TCP_FIN, 18, NULL, 0, 0);		/* frame 7 */
	hear(&t, 1, TCP_ACK | TCP_FIN, 14, NULL, 0, 0);
	assert_true(tcp_messages_over(t.m));
	stopped(&t, 0, "done");
	stopped(&t, 1, "done");
	assert_true(stop_of(&t, 0)->messages == 2 && stop_of(&t, 0)->by == TCP_MESSAGES_BY_FIN);
	assert_true(stop_of(&t, 0)->offset == 18 && stop_of(&t, 0)->frame == 7);
	end(&t);
	assert_int_equal(t.stops, 2);
}

static void a_length_may_be_split_as_well(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	handshake(&t);
	SAY(&t, 0, 0, "\0\0");
	SAY(&t, 0, 2, "\0\2hi\0\0\0\0\0");
	assert_int_equal(t.n, 2);
	assert_true(t.message[0].prefix_frames == 2 && t.message[0].frames == 2);
	assert_true(t.message[1].prefix_frames == 1 && t.message[1].length == 0);
	/* The empty one, and the one that is only begun. */
	assert_int_equal(t.message[0].shared, 2);
	assert_int_equal(t.message[1].shared, 2);
	end(&t);
	stopped(&t, 0, "cut_prefix");
	assert_true(stop_of(&t, 0)->missing == 3 && stop_of(&t, 0)->offset == 10);
	assert_true(stop_of(&t, 0)->by == TCP_MESSAGES_BY_CAPTURE);
}

/* ---- any segmentation ------------------------------------------------------------------- */

enum { MESSAGES = 200, STREAM = 40000, SEGMENTS_MAX = STREAM };

struct stream {
	uint8_t bytes[STREAM];
	size_t len;
	size_t begins[MESSAGES + 1];
	size_t cut[SEGMENTS_MAX + 1];	/* segment i is cut[i] .. cut[i + 1] */
	size_t segments;
	uint64_t frame[SEGMENTS_MAX];
};

static struct stream *stream_of_messages(void)
{
	struct stream *s = zeroed(sizeof(*s));
	struct wr w = wr_over(s->bytes, sizeof(s->bytes));
	struct chance c = { 3 };

	for (size_t i = 0; i < MESSAGES; i++) {
		uint32_t length = (uint32_t)chance_below(&c, i % 9 == 0 ? 2000 : 30);
		s->begins[i] = w.len;
		msg_prefix_build(&w, MSG_NETWORK, length);
		chance_fill(&c, wr_room(&w, length), length);
	}
	assert_true(wr_ok(&w));
	s->begins[MESSAGES] = s->len = w.len;
	return s;
}

/* The pieces' sizes are most, or anything up to most. */
static void cut_up(struct stream *s, size_t most, struct chance *c)
{
	s->segments = 0;
	for (size_t done = 0; done < s->len; s->segments++) {
		size_t n = c ? 1 + (size_t)chance_below(c, most) : most;
		s->cut[s->segments] = done;
		done = n < s->len - done ? done + n : s->len;
	}
	s->cut[s->segments] = s->len;
}

static size_t segment_at(const struct stream *s, size_t offset)
{
	size_t i = 0;

	while (s->cut[i + 1] <= offset)
		i++;
	return i;
}

/* Messages with bytes in segments first or last, without itself: by looking at all. */
static uint32_t sharing(const struct stream *s, size_t self, size_t first, size_t last)
{
	uint32_t n = 0;

	for (size_t i = 0; i < MESSAGES; i++) {
		bool in_first = s->begins[i] < s->cut[first + 1] && s->begins[i + 1] > s->cut[first];
		bool in_last = s->begins[i] < s->cut[last + 1] && s->begins[i + 1] > s->cut[last];
		n += i != self && (in_first || in_last);
	}
	return n;
}

static void all_told(const struct talk *t, const struct stream *s)
{
	assert_int_equal(t->n, MESSAGES);
	for (size_t i = 0; i < MESSAGES; i++) {
		const struct tcp_message *m = &t->message[i];
		size_t first = segment_at(s, s->begins[i]), last = segment_at(s, s->begins[i + 1] - 1);
		assert_true(m->number == i + 1 && m->offset == s->begins[i] && m->missing == 0);
		assert_true(m->length + MSG_PREFIX == s->begins[i + 1] - s->begins[i]);
		assert_true(m->frames == last - first + 1);
		assert_true(m->first_frame == s->frame[first] && m->last_frame == s->frame[last]);
		for (size_t f = 0; f < m->frames && f < TCP_MESSAGES_FRAMES; f++)
			assert_true(m->frame[f] == s->frame[first + f]);
		assert_int_equal(m->shared, sharing(s, i, first, last));
		assert_int_equal(m->preview_len, m->length < 64 ? m->length : 64);
		assert_memory_equal(m->preview, s->bytes + s->begins[i] + MSG_PREFIX,
				    m->preview_len);
	}
}

static void say_segment(struct talk *t, struct stream *s, size_t i)
{
	uint32_t len = (uint32_t)(s->cut[i + 1] - s->cut[i]);

	hear(t, 0, TCP_ACK, (uint32_t)s->cut[i], s->bytes + s->cut[i], len, len);
	if (!s->frame[i])
		s->frame[i] = t->frame;
}

static void however_it_is_segmented_the_messages_are_the_same(void **state)
{
	static const size_t size[] = { 1, 48, 536, 1460, 9000, STREAM };
	struct stream *s = stream_of_messages();
	struct chance c = { 8 };

	(void)state;
	for (size_t i = 0; i < LENGTH(size) + 6; i++) {
		struct talk *t = zeroed(sizeof(*t));
		begin(t);
		handshake(t);
		memset(s->frame, 0, sizeof(s->frame));
		cut_up(s, i < LENGTH(size) ? size[i] : (size_t)10 << i % 6, i < LENGTH(size) ? NULL : &c);
		for (size_t n = 0; n < s->segments; n++)
			say_segment(t, s, n);
		all_told(t, s);
		end(t);
		stopped(t, 0, "done");
		free(t);
	}
	free(s);
}

static void neither_order_nor_repetition_of_the_segments_matters(void **state)
{
	struct stream *s = stream_of_messages();

	(void)state;
	for (uint64_t round = 0; round < 20; round++) {
		struct talk *t = zeroed(sizeof(*t));
		struct chance c = { round };
		begin(t);
		handshake(t);
		memset(s->frame, 0, sizeof(s->frame));
		cut_up(s, 1460, &c);
		/* Each segment, and now and then one that was or will be there near by. */
		for (size_t n = 0; n < s->segments; n++) {
			while (chance_below(&c, 3) == 0) {
				size_t other = n + (size_t)chance_below(&c, 12);
				say_segment(t, s, other < 6 ? 0 : other - 6 < s->segments
								  ? other - 6 : n);
			}
			say_segment(t, s, n);
		}
		all_told(t, s);
		end(t);
		free(t);
	}
	free(s);
}

/* ---- why it stops ----------------------------------------------------------------------- */

static void a_length_over_the_limit_stops_its_direction_and_not_the_other(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	handshake(&t);
	SAY(&t, 0, 0, "\0\0\0\2hi\xff\xff\xff\xff" "and more");
	SAY(&t, 0, 18, "\0\0\0\2hi");
	SAY(&t, 1, 0, "\0\0\0\2ho");
	assert_int_equal(t.n, 2);
	stopped(&t, 0, "over_limit");
	assert_true(stop_of(&t, 0)->offset == 6 && stop_of(&t, 0)->frame == 4);
	assert_true(stop_of(&t, 0)->length == UINT32_MAX && stop_of(&t, 0)->messages == 1);
	assert_false(tcp_messages_over(t.m));
	end(&t);
	stopped(&t, 1, "done");
}

static void a_negative_length_is_a_reason_of_its_own(void **state)
{
	struct talk t;

	(void)state;
	begin_with(&t, (struct tcp_messages_config){ MSG_NATIVE, 10, 4096 });
	handshake(&t);
	SAY(&t, 0, 0, "\2\0\0\0hi\xff\xff\xff\xff");
	assert_int_equal(t.n, 1);
	stopped(&t, 0, "negative");
	assert_true(stop_of(&t, 0)->length == -1);
	end(&t);
}

static void a_lost_length_stops_the_decoding(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	handshake(&t);
	SAY(&t, 0, 0, "\0\0\0\2hi");
	SAY(&t, 0, 12, "\0\0\0\2yo");		/* 6 bytes before it were never captured */
	assert_int_equal(t.n, 1);
	t.acks[1] = 18;
	hear(&t, 1, TCP_ACK, 0, NULL, 0, 0);
	assert_int_equal(t.n, 1);
	stopped(&t, 0, "gap");
	assert_true(stop_of(&t, 0)->gap == TCP_BYTES_LOST && stop_of(&t, 0)->offset == 6);
	assert_true(stop_of(&t, 0)->missing == 6 && stop_of(&t, 0)->frame == 4);
	end(&t);
}

static void bytes_lost_inside_a_message_are_counted_and_it_goes_on_behind_it(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	handshake(&t);
	SAY(&t, 0, 0, "\0\0\0\12hello");
	SAY(&t, 0, 12, "ld\0\0\0\1!");
	assert_int_equal(t.n, 0);
	t.acks[1] = 19;
	hear(&t, 1, TCP_ACK, 0, NULL, 0, 0);
	assert_int_equal(t.n, 2);
	assert_true(t.message[0].missing == 3 && t.message[0].length == 10);
	assert_int_equal(t.message[0].preview_len, 5);
	assert_true(t.message[0].frames == 2 && t.message[0].last_frame == 5);
	assert_true(t.message[0].shared == 1 && t.message[1].shared == 1);
	assert_int_equal(t.message[1].preview[0], '!');
	end(&t);
	stopped(&t, 0, "done");
	assert_true(stop_of(&t, 0)->messages == 2);
}

static void a_capture_with_a_short_snap_length_can_be_read_while_it_has_the_lengths(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	handshake(&t);
	hear(&t, 0, TCP_ACK, 0, "\0\0\3\350abcd", 8, 1004);	/* 1000 bytes, of them four */
	assert_int_equal(t.n, 1);
	assert_true(t.message[0].missing == 996 && t.message[0].preview_len == 4);
	assert_true(t.message[0].frames == 1);
	hear(&t, 0, TCP_ACK, 1004, "\0\0\0\1a\0\0", 7, 10);
	assert_int_equal(t.n, 2);
	stopped(&t, 0, "gap");
	assert_true(stop_of(&t, 0)->gap == TCP_BYTES_SNAPPED && stop_of(&t, 0)->missing == 3);
	end(&t);
}

static void inside_a_connection_nothing_tells_where_a_message_begins(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	SAY(&t, 0, 500, "\0\0\0\2hi");
	assert_int_equal(t.n, 0);
	stopped(&t, 0, "midstream");
	end(&t);
	/* The other side said nothing: nothing is said of it. */
	assert_int_equal(t.stops, 1);
}

static void the_synack_alone_tells_where_both_begin(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	hear(&t, 1, TCP_SYN | TCP_ACK, 0, NULL, 0, 0);
	SAY(&t, 0, 0, "\0\0\0\2hi");
	SAY(&t, 1, 0, "\0\0\0\2ho");
	assert_int_equal(t.n, 2);
	end(&t);
}

static void an_end_inside_a_message_says_how_much_is_missing_and_what_ended_it(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	handshake(&t);
	SAY(&t, 0, 0, "\0\0\0\12four");
	SAY(&t, 1, 0, "\0\0\0\12fives");
	hear(&t, 0, TCP_ACK | TCP_FIN, 8, NULL, 0, 0);
	stopped(&t, 0, "cut_body");
	assert_true(stop_of(&t, 0)->missing == 6 && stop_of(&t, 0)->length == 10);
	assert_true(stop_of(&t, 0)->by == TCP_MESSAGES_BY_FIN && stop_of(&t, 0)->frame == 6);
	hear(&t, 1, TCP_RST, 9, "go away", 7, 7);		/* words, no data */
	assert_int_equal(t.stops, 1);
	end(&t);
	stopped(&t, 1, "cut_body");
	assert_true(stop_of(&t, 1)->missing == 5 && stop_of(&t, 1)->by == TCP_MESSAGES_BY_RST);
	assert_int_equal(t.n, 0);
}

static void a_segment_that_says_something_else_than_before_is_counted(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	handshake(&t);
	SAY(&t, 0, 0, "\0\0\0\2hi");
	SAY(&t, 0, 4, "ho");
	assert_int_equal(t.n, 1);
	assert_memory_equal(t.message[0].preview, "hi", 2);
	end(&t);
	assert_true(stop_of(&t, 0)->conflicts == 1 && stop_of(&t, 0)->conflict_frame == 5);
}

/* ---- byte order ------------------------------------------------------------------------- */

static void the_first_length_tells_the_order_of_both_directions(void **state)
{
	struct talk t;

	(void)state;
	begin_with(&t, (struct tcp_messages_config){ MSG_EITHER, MSG_LIMIT, 4096 });
	handshake(&t);
	SAY(&t, 0, 0, "\0\0\0\0");
	SAY(&t, 1, 0, "\0\1\0");		/* 65,536 or 256? */
	SAY(&t, 0, 4, "\5\0\0\0hello");
	SAY(&t, 1, 3, "\0");
	assert_int_equal(t.n, 2);
	assert_int_equal(t.message[0].order, MSG_EITHER);
	assert_int_equal(t.message[1].order, MSG_NATIVE);
	end(&t);
	stopped(&t, 1, "cut_body");
	assert_true(stop_of(&t, 1)->length == 256 && stop_of(&t, 1)->order == MSG_NATIVE);
}

static void what_is_no_such_protocol_is_refused_at_once(void **state)
{
	struct talk t;

	(void)state;
	begin_with(&t, (struct tcp_messages_config){ MSG_EITHER, MSG_LIMIT, 4096 });
	handshake(&t);
	SAY(&t, 0, 0, "GET / HTTP/1.1\r\n");
	stopped(&t, 0, "over_limit");
	assert_true(stop_of(&t, 0)->length == 0x47455420);
	/* It told nothing of the order; the other side is judged by itself. */
	SAY(&t, 1, 0, "\2\0\0\0hi");
	assert_int_equal(t.n, 1);
	end(&t);
}

static void the_memory_has_the_size_that_is_said(void **state)
{
	struct tcp_messages_config config = { MSG_NETWORK, MSG_LIMIT, TCP_MESSAGES_ROOM };
	size_t size = tcp_messages_size(config.room);
	void *memory = malloc(size);

	(void)state;
	assert_true(size < 175000);
	assert_null(tcp_messages_init(memory, size - 1, &config));
	assert_non_null(tcp_messages_init(memory, size, &config));
	config.room = 0;
	assert_null(tcp_messages_init(memory, size, &config));
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_messages_share_a_segment_and_the_answer_comes_in_two),
		cmocka_unit_test(a_length_may_be_split_as_well),
		cmocka_unit_test(however_it_is_segmented_the_messages_are_the_same),
		cmocka_unit_test(neither_order_nor_repetition_of_the_segments_matters),
		cmocka_unit_test(a_length_over_the_limit_stops_its_direction_and_not_the_other),
		cmocka_unit_test(a_negative_length_is_a_reason_of_its_own),
		cmocka_unit_test(a_lost_length_stops_the_decoding),
		cmocka_unit_test(bytes_lost_inside_a_message_are_counted_and_it_goes_on_behind_it),
		cmocka_unit_test(a_capture_with_a_short_snap_length_can_be_read_while_it_has_the_lengths),
		cmocka_unit_test(inside_a_connection_nothing_tells_where_a_message_begins),
		cmocka_unit_test(the_synack_alone_tells_where_both_begin),
		cmocka_unit_test(an_end_inside_a_message_says_how_much_is_missing_and_what_ended_it),
		cmocka_unit_test(a_segment_that_says_something_else_than_before_is_counted),
		cmocka_unit_test(the_first_length_tells_the_order_of_both_directions),
		cmocka_unit_test(what_is_no_such_protocol_is_refused_at_once),
		cmocka_unit_test(the_memory_has_the_size_that_is_said),
	};

	return cmocka_run_group_tests_name("tcp_messages", tests, NULL, NULL);
}
