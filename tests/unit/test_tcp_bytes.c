/* One direction of a connection, whatever the network and the capture did to its segments. */
#include "told.h"

#include "wirelab/tcp_bytes.h"

enum { ROOM = 4096, PAST = 1024 };

struct told {
	struct tcp_bytes *b;
	void *memory;
	uint32_t isn;
	uint64_t frame;
	char text[512];			/* all events since the last look, in words */
};

static void listen_in(struct told *t, uint32_t isn, uint32_t room, uint32_t past)
{
	size_t size = tcp_bytes_size(room, past);

	*t = (struct told){ .isn = isn, .memory = malloc(size) };
	assert_non_null(t->memory);
	/* The memory need not be clean. */
	memset(t->memory, 0xa5, size);
	t->b = tcp_bytes_init(t->memory, size, room, past);
	assert_non_null(t->b);
}

static void done(struct told *t)
{
	free(t->memory);
}

static const char *why_name(enum tcp_bytes_why why)
{
	static const char *const name[] = { "lost", "snapped", "no room", "given up" };

	return name[why];
}

/* "hello@1 gap 5+3 lost; ..." : bytes and their frame; offset and length of a gap. */
static void collect(struct told *t)
{
	struct tcp_bytes_event e;

	while (tcp_bytes_next(t->b, &e)) {
		char *to = t->text + strlen(t->text);
		size_t left = sizeof(t->text) - strlen(t->text);
		if (*t->text)
			to += snprintf(to, left, " ");
		left = sizeof(t->text) - strlen(t->text);
		switch (e.what) {
		case TCP_BYTES_RUN:
			snprintf(to, left, "%.*s@%d", (int)e.len, (const char *)e.data, (int)e.frame);
			break;
		case TCP_BYTES_GAP:
			snprintf(to, left, "[%d+%d %s]", (int)e.offset, (int)e.len, why_name(e.why));
			break;
		case TCP_BYTES_CONFLICT:
			snprintf(to, left, "!%d+%d@%d", (int)e.offset, (int)e.len, (int)e.frame);
			break;
		case TCP_BYTES_FIN:
			snprintf(to, left, "FIN %d@%d", (int)e.offset, (int)e.frame);
			break;
		}
	}
}

static void hear(struct told *t, struct tcp_bytes_segment s)
{
	uint8_t *data = exactly(s.data, s.caplen);

	s.data = data;
	s.frame = ++t->frame;
	s.when = at(0.001 * (double)t->frame);
	tcp_bytes_hear(t->b, &s);
	collect(t);
	free(data);
}

static void syn(struct told *t)
{
	hear(t, (struct tcp_bytes_segment){ .seq = t->isn, .syn = true });
}

static struct tcp_bytes_segment piece(const struct told *t, uint32_t offset, const char *text)
{
	return (struct tcp_bytes_segment){ .seq = t->isn + 1 + offset,
					   .data = (const uint8_t *)text,
					   .caplen = (uint32_t)strlen(text),
					   .len = (uint32_t)strlen(text) };
}

static void data(struct told *t, uint32_t offset, const char *text)
{
	hear(t, piece(t, offset, text));
}

static void fin(struct told *t, uint32_t offset, const char *text)
{
	struct tcp_bytes_segment s = piece(t, offset, text);

	s.fin = true;
	hear(t, s);
}

/* Of len bytes the capture has only the text. */
static void snapped(struct told *t, uint32_t offset, const char *text, uint32_t len)
{
	struct tcp_bytes_segment s = piece(t, offset, text);

	s.len = len;
	hear(t, s);
}

static void acked(struct told *t, uint32_t offset)
{
	tcp_bytes_acked(t->b, t->isn + 1 + offset);
	collect(t);
}

static void end(struct told *t)
{
	tcp_bytes_end(t->b);
	collect(t);
}

#define comes_out(t, should)                          \
	do {                                          \
		assert_string_equal((t)->text, should); \
		(t)->text[0] = '\0';                  \
	} while (0)

/* ---- the story -------------------------------------------------------------------------- */

static void a_stream_comes_out_in_order_though_a_segment_was_late_and_another_came_twice(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 100, ROOM, PAST);
	syn(&t);
	data(&t, 0, "to be, ");
	comes_out(&t, "to be, @2");
	data(&t, 14, "to be: ");		/* overtook the one before it */
	comes_out(&t, "");
	assert_int_equal(tcp_bytes_waiting(t.b), 7);
	data(&t, 7, "or not ");
	comes_out(&t, "or not @4 to be: @3");
	data(&t, 7, "or not ");			/* sent again for nothing */
	comes_out(&t, "");
	fin(&t, 21, "that");
	comes_out(&t, "that@6 FIN 25@6");
	assert_true(tcp_bytes_told(t.b) == 25 && !tcp_bytes_midstream(t.b));
	end(&t);
	comes_out(&t, "");
	done(&t);
}

static void every_order_of_five_segments_gives_the_same_stream(void **state)
{
	static const char *const text[] = { "one ", "two ", "three ", "four ", "five" };
	static const uint32_t offset[] = { 0, 4, 8, 14, 19 };
	unsigned order[] = { 0, 1, 2, 3, 4 }, seen = 0;

	(void)state;
	for (;; seen++) {
		struct told t;
		char all[64] = "";
		struct tcp_bytes_event e;
		listen_in(&t, 0xfffffff8, ROOM, PAST);
		tcp_bytes_begin(t.b, t.isn + 1);
		for (unsigned i = 0; i < 5; i++) {
			struct tcp_bytes_segment s = piece(&t, offset[order[i]], text[order[i]]);
			s.frame = order[i] + 1;
			s.fin = order[i] == 4;
			tcp_bytes_hear(t.b, &s);
			while (tcp_bytes_next(t.b, &e)) {
				if (e.what == TCP_BYTES_RUN)
					strncat(all, (const char *)e.data, (size_t)e.len);
				else
					assert_int_equal(e.what, TCP_BYTES_FIN);
			}
		}
		assert_string_equal(all, "one two three four five");
		assert_int_equal(tcp_bytes_waiting(t.b), 0);
		done(&t);
		/* The next permutation in the order of a dictionary. */
		int i = 3, j = 4;
		while (i >= 0 && order[i] > order[i + 1])
			i--;
		if (i < 0)
			break;
		while (order[j] < order[i])
			j--;
		unsigned swap = order[i];
		order[i] = order[j];
		order[j] = swap;
		for (int l = i + 1, r = 4; l < r; l++, r--) {
			swap = order[l];
			order[l] = order[r];
			order[r] = swap;
		}
	}
	assert_int_equal(seen, 119);
}

/* ---- overlaps --------------------------------------------------------------------------- */

static void of_an_overlap_the_bytes_that_came_first_stay(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	data(&t, 3, "DEF");
	comes_out(&t, "");
	data(&t, 0, "abcdefghi");
	comes_out(&t, "!3+3@3 abc@3 DEF@2 ghi@3");
	data(&t, 7, "hij");
	comes_out(&t, "j@4");
	done(&t);
}

static void a_retransmission_with_other_bytes_is_a_conflict_and_changes_nothing(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	data(&t, 0, "send 10 to alice");
	data(&t, 0, "send 99 to mallo, please");
	comes_out(&t, "send 10 to alice@2 !5+7@3 , please@3");
	done(&t);
}

static void what_lies_further_back_than_is_remembered_is_not_compared(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, 4);
	syn(&t);
	data(&t, 0, "abcdefgh");
	data(&t, 2, "XXXX");		/* only e and f are remembered */
	comes_out(&t, "abcdefgh@2 !4+2@3");
	done(&t);
	listen_in(&t, 1, ROOM, 0);
	syn(&t);
	data(&t, 0, "abcd");
	data(&t, 0, "ABCD");
	comes_out(&t, "abcd@2");
	done(&t);
}

static void the_garbage_byte_of_a_keep_alive_is_no_conflict(void **state)
{
	struct told t;
	struct tcp_bytes_segment s;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	data(&t, 0, "abc");
	s = piece(&t, 2, "");
	s.data = (const uint8_t *)"\0";
	s.caplen = s.len = 1;
	hear(&t, s);
	comes_out(&t, "abc@2");
	data(&t, 2, "X");
	comes_out(&t, "!2+1@4");
	done(&t);
}

/* ---- what is missing -------------------------------------------------------------------- */

static void a_hole_is_a_gap_when_the_receiver_has_acknowledged_it(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	data(&t, 0, "abc");
	acked(&t, 3);
	data(&t, 6, "ghi");
	comes_out(&t, "abc@2");
	acked(&t, 3);			/* the receiver waits, too: the network lost it */
	comes_out(&t, "");
	acked(&t, 9);
	comes_out(&t, "[3+3 lost] ghi@3");
	data(&t, 3, "def");		/* too late */
	comes_out(&t, "");
	done(&t);
}

static void an_acknowledgement_that_was_captured_before_its_data_is_no_gap(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	acked(&t, 3);
	comes_out(&t, "");
	data(&t, 0, "abc");
	comes_out(&t, "abc@2");
	done(&t);
}

static void a_lost_end_is_told_at_the_end_and_a_fin_alone_is_no_byte(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	data(&t, 0, "abc");
	acked(&t, 4);
	end(&t);
	comes_out(&t, "abc@2");
	done(&t);
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	acked(&t, 10);
	end(&t);
	comes_out(&t, "[0+10 lost]");
	done(&t);
}

static void a_hole_before_the_fin_is_a_gap_as_well(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	fin(&t, 5, "");
	comes_out(&t, "");
	acked(&t, 6);
	comes_out(&t, "[0+5 lost] FIN 5@2");
	done(&t);
}

static void what_the_capture_cut_off_is_a_gap_of_its_own_kind(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	snapped(&t, 0, "abc", 10);
	data(&t, 10, "klm");
	comes_out(&t, "abc@2 [3+7 snapped] klm@3");
	snapped(&t, 16, "q", 4);	/* and also while it waits */
	data(&t, 13, "nop");
	comes_out(&t, "nop@5 q@4 [17+3 snapped]");
	snapped(&t, 20, "", 5);
	comes_out(&t, "[20+5 snapped]");
	done(&t);
}

static void at_the_end_of_the_capture_what_waits_is_told(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	data(&t, 3, "def");
	data(&t, 9, "jkl");
	comes_out(&t, "");
	end(&t);
	comes_out(&t, "[0+3 given up] def@2 [6+3 given up] jkl@3");
	done(&t);
}

static void in_a_capture_of_one_direction_a_full_buffer_ends_the_waiting(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, 8, PAST);
	syn(&t);
	data(&t, 2, "cdef");
	comes_out(&t, "");
	data(&t, 6, "ghi");		/* reaches 9 bytes ahead, and 8 may wait */
	comes_out(&t, "[0+2 given up] cdef@2 ghi@3");
	data(&t, 109, "z");
	comes_out(&t, "[9+100 given up] z@4");
	done(&t);
}

static void where_acknowledgements_are_heard_the_hole_is_waited_for_and_the_last_is_let_go(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, 8, PAST);
	syn(&t);
	acked(&t, 0);
	data(&t, 2, "cdef");
	data(&t, 6, "ghij");		/* gh may wait, ij finds no room */
	comes_out(&t, "");
	data(&t, 0, "ab");		/* sent again: the network, not the capture, lost it */
	comes_out(&t, "ab@4 cdef@2 gh@3");
	acked(&t, 10);
	comes_out(&t, "[8+2 no room]");
	data(&t, 10, "k");
	comes_out(&t, "k@5");
	done(&t);
}

static void what_was_let_go_and_comes_again_is_told(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, 8, PAST);
	syn(&t);
	acked(&t, 0);
	data(&t, 4, "efghijkl");
	data(&t, 0, "abcd");
	data(&t, 8, "ijkl");
	comes_out(&t, "abcd@3 efgh@2 ijkl@4");
	done(&t);
}

static void a_hole_wider_than_the_room_is_left_behind_in_the_end(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, 8, PAST);
	syn(&t);
	acked(&t, 0);
	for (uint32_t i = 0; i < 10; i++) {
		data(&t, 100 + 4 * i, "abcd");
		acked(&t, 100 + 4 * i);		/* always a segment behind */
	}
	/* The bytes of the first were let go; from the second on they wait, and are told. */
	assert_non_null(strstr(t.text, "no room]"));
	assert_non_null(strstr(t.text, "abcd@11"));
	done(&t);
}

static void too_many_small_stretches_find_no_room_either(void **state)
{
	struct told t;
	uint32_t n = ROOM / 256 + 16;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	for (uint32_t i = 1; i <= n; i++)
		data(&t, 2 * i, "x");
	assert_int_equal(tcp_bytes_waiting(t.b), n);
	comes_out(&t, "");
	data(&t, 2 * n + 2, "y");
	assert_int_equal(tcp_bytes_waiting(t.b), n);
	comes_out(&t, "[0+2 given up] x@2");
	done(&t);
}

/* ---- numbers ---------------------------------------------------------------------------- */

static void without_a_syn_the_stream_begins_with_the_first_byte_seen(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	assert_false(tcp_bytes_begun(t.b));
	acked(&t, 500);
	data(&t, 500, "abc");
	data(&t, 498, "yzabcd");
	comes_out(&t, "abc@1 d@2");
	assert_true(tcp_bytes_midstream(t.b) && tcp_bytes_told(t.b) == 4);
	data(&t, 10, "long ago");
	fin(&t, 10, "");
	comes_out(&t, "");
	done(&t);
}

static void the_other_sides_synack_tells_where_a_stream_begins(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 100, ROOM, PAST);
	tcp_bytes_begin(t.b, 101);
	tcp_bytes_begin(t.b, 999);
	data(&t, 2, "c");
	data(&t, 0, "ab");
	comes_out(&t, "ab@2 c@1");
	assert_false(tcp_bytes_midstream(t.b));
	done(&t);
}

static void the_last_of_several_different_syns_counts_until_one_is_acknowledged(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 3212050950, ROOM, PAST);
	syn(&t);
	t.isn = 97572840;
	syn(&t);
	acked(&t, 0);
	t.isn = 3212050950;
	syn(&t);			/* an old copy */
	t.isn = 97572840;
	data(&t, 0, "abc");
	comes_out(&t, "abc@4");
	done(&t);
	listen_in(&t, 100, ROOM, PAST);
	syn(&t);
	t.isn = 90;
	syn(&t);
	data(&t, 0, "abc");
	t.isn = 7;
	syn(&t);			/* too late */
	t.isn = 90;
	data(&t, 3, "def");
	comes_out(&t, "abc@3 def@5");
	done(&t);
}

static void data_on_a_syn_comes_behind_it(void **state)
{
	struct told t;
	struct tcp_bytes_segment s;

	(void)state;
	listen_in(&t, UINT32_MAX, ROOM, PAST);
	s = piece(&t, 0, "fast");	/* RFC 7413 */
	s.seq = t.isn;
	s.syn = true;
	hear(&t, s);
	data(&t, 0, "fast open");
	comes_out(&t, "fast@1  open@2");
	done(&t);
}

static void numbers_further_ahead_than_any_window_are_not_believed(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	data(&t, TCP_BYTES_REACH + 1, "x");
	acked(&t, TCP_BYTES_REACH + 1);
	fin(&t, TCP_BYTES_REACH + 1, "");
	data(&t, 0, "a");
	comes_out(&t, "a@4");
	end(&t);
	comes_out(&t, "");
	done(&t);
}

static void behind_the_first_fin_nothing_follows(void **state)
{
	struct told t;

	(void)state;
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	fin(&t, 3, "");
	data(&t, 0, "abcdef");
	fin(&t, 6, "");
	comes_out(&t, "abc@3 FIN 3@2");
	done(&t);
	listen_in(&t, 1, ROOM, PAST);
	syn(&t);
	data(&t, 6, "ghi");
	fin(&t, 3, "");			/* in front of what is here: not believed */
	data(&t, 0, "abcdef");
	fin(&t, 9, "");
	comes_out(&t, "abcdef@4 ghi@2 FIN 9@5");
	done(&t);
}

static void a_stream_of_more_than_four_gigabytes_counts_on(void **state)
{
	enum { STEP = 1 << 20 };
	static uint8_t block[STEP];
	struct tcp_bytes_event e;
	struct told t;
	uint64_t sent = 0;

	(void)state;
	listen_in(&t, 77, ROOM, PAST);
	syn(&t);
	for (unsigned i = 0; i < 4200; i++, sent += STEP) {
		struct tcp_bytes_segment s = { .seq = t.isn + 1 + (uint32_t)sent, .data = block,
					       .caplen = STEP, .len = STEP, .frame = i };
		tcp_bytes_hear(t.b, &s);
		assert_true(tcp_bytes_next(t.b, &e));
		assert_true(e.what == TCP_BYTES_RUN && e.offset == sent && e.len == STEP);
		assert_false(tcp_bytes_next(t.b, &e));
	}
	assert_true(tcp_bytes_told(t.b) > UINT64_C(1) << 32);
	t.frame = 6000;
	data(&t, (uint32_t)sent + 1, "b");
	data(&t, (uint32_t)sent, "a");
	comes_out(&t, "a@6002 b@6001");
	done(&t);
}

static void the_memory_has_the_size_that_is_said(void **state)
{
	size_t size = tcp_bytes_size(65536, 8192);
	void *memory = malloc(size);

	(void)state;
	assert_true(size < 65536 + 8192 + 65536 / 6 + 1024);
	assert_non_null(tcp_bytes_init(memory, size, 65536, 8192));
	assert_null(tcp_bytes_init(memory, size - 1, 65536, 8192));
	assert_null(tcp_bytes_init(memory, size, 0, 8192));
	assert_null(tcp_bytes_init(memory, SIZE_MAX, (UINT32_C(1) << 30) + 1, 0));
	free(memory);
}

/* ---- against a simple reference --------------------------------------------------------- */

enum { STREAM = 6000 };

/* For each byte of the stream what came first, in an array, without any cleverness. */
struct reference {
	enum { UNSEEN, VALUE, CUT_OFF } kind[STREAM];
	uint8_t value[STREAM];
	uint64_t frame[STREAM];
	bool fate[STREAM];		/* the capture never has it */
};

struct trial {
	struct told t;
	struct reference r;
	struct chance c;
	uint64_t next;			/* told so far */
	uint64_t past;			/* end of the last gap: what is before is not compared */
	bool tight;			/* there may be no room */
	uint64_t conflicts, conflicts_told;
	bool fin_told;
};

/* Each byte exactly once, by the frame that brought it first; a gap only where it must be. */
static void check(struct trial *x, const struct tcp_bytes_event *e)
{
	struct reference *r = &x->r;

	if (e->what == TCP_BYTES_CONFLICT) {
		assert_true(e->len > 0);
		x->conflicts_told += e->len;
		return;
	}
	assert_true(e->offset == x->next && !x->fin_told);
	x->fin_told = e->what == TCP_BYTES_FIN;
	assert_true((e->len == 0) == x->fin_told && e->offset + e->len <= STREAM);
	for (uint64_t i = 0; i < e->len; i++) {
		uint64_t o = e->offset + i;
		if (e->what == TCP_BYTES_RUN) {
			assert_true(r->kind[o] == VALUE || (x->tight && r->kind[o] == CUT_OFF));
			/* The first to bring it may have been let go. */
			assert_true(e->frame == r->frame[o] || (x->tight && e->frame > r->frame[o]));
			if (e->frame == r->frame[o])
				assert_int_equal(e->data[i], r->value[o]);
		} else if (e->why == TCP_BYTES_SNAPPED) {
			assert_true(r->kind[o] == CUT_OFF || x->tight);
		} else if (e->why == TCP_BYTES_NO_ROOM) {
			assert_true(x->tight);
		} else {
			assert_true(r->fate[o] && e->why == TCP_BYTES_LOST);
		}
	}
	x->next += e->len;
	if (e->what == TCP_BYTES_GAP)
		x->past = x->next;
}

static void drain(struct trial *x)
{
	struct tcp_bytes_event e;

	while (tcp_bytes_next(x->t.b, &e))
		check(x, &e);
}

/* Bytes from .. to of the stream; here and there another value, now and then cut. */
static void bring(struct trial *x, uint32_t from, uint32_t to)
{
	uint8_t bytes[STREAM];
	uint32_t len = to - from, here = chance_below(&x->c, 8) ? len : len / 2;

	x->t.frame++;
	for (uint32_t i = 0; i < len; i++) {
		uint32_t o = from + i;
		if (x->r.fate[o])
			return;
	}
	for (uint32_t i = 0; i < len; i++) {
		uint32_t o = from + i;
		bytes[i] = (uint8_t)(o * 7 + o / 256 + (chance_below(&x->c, 50) ? 0 : 1));
		if (x->r.kind[o] == UNSEEN) {
			x->r.kind[o] = i < here ? VALUE : CUT_OFF;
			x->r.value[o] = bytes[i];
			x->r.frame[o] = x->t.frame;
		} else if (x->r.kind[o] == VALUE && i < here && o >= x->past &&
			   x->r.value[o] != bytes[i]) {
			bool keep_alive = len == 1 && to == x->next && bytes[0] == 0;
			x->conflicts += !keep_alive;
		}
	}
	struct tcp_bytes_segment s = { .seq = x->t.isn + 1 + from, .data = bytes, .caplen = here,
				       .len = len, .fin = to == STREAM, .frame = x->t.frame };
	tcp_bytes_hear(x->t.b, &s);
	drain(x);
}

static void ack(struct trial *x, uint64_t offset)
{
	tcp_bytes_acked(x->t.b, x->t.isn + 1 + (uint32_t)offset);
	drain(x);
}

/* How far all is seen: no receiver would acknowledge more. */
static uint64_t contiguous(const struct trial *x)
{
	uint64_t o = x->next;

	while (o < STREAM && x->r.kind[o] != UNSEEN)
		o++;
	return o;
}

/* The round's numbers go round the circle in the middle of the stream. */
static struct trial *trial(uint64_t seed, uint32_t room)
{
	struct trial *x = zeroed(sizeof(*x));

	x->c.state = seed;
	listen_in(&x->t, UINT32_MAX - (uint32_t)chance_below(&x->c, STREAM), room, STREAM);
	tcp_bytes_begin(x->t.b, x->t.isn + 1);
	return x;
}

static void fill_holes(struct trial *x)
{
	for (uint32_t o = 0; o < STREAM; o++) {
		if (x->r.kind[o] == UNSEEN && !x->r.fate[o])
			bring(x, o, o + 1);
	}
}

static void ends_well(struct trial *x)
{
	tcp_bytes_end(x->t.b);
	drain(x);
	assert_true(x->next == STREAM && x->fin_told);
	assert_true(x->tight || x->conflicts == x->conflicts_told);
	assert_int_equal(tcp_bytes_waiting(x->t.b), 0);
	done(&x->t);
	free(x);
}

static void any_order_any_overlap_and_any_copy_give_what_the_reference_says(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < 300; round++) {
		struct trial *x = trial(round, 60000);
		for (unsigned i = 0; i < 120; i++) {
			uint32_t from = (uint32_t)chance_below(&x->c, STREAM);
			uint32_t most = chance_below(&x->c, 3) ? 30 : 400;
			uint32_t to = from + 1 + (uint32_t)chance_below(&x->c, most);
			bring(x, from, to < STREAM ? to : STREAM);
			if (chance_below(&x->c, 4) == 0)
				ack(x, chance_below(&x->c, contiguous(x) + 1));
		}
		fill_holes(x);
		/* Without the FIN's own segment the stream would not end. */
		bring(x, STREAM - 1, STREAM);
		ends_well(x);
	}
}

static void lossy_captures(uint64_t rounds, uint32_t room)
{
	for (uint64_t round = 0; round < rounds; round++) {
		struct trial *x = trial(round + 1000, room);
		x->tight = room < STREAM;
		ack(x, 0);
		for (unsigned i = 0; i < 12; i++) {
			uint64_t o = chance_below(&x->c, STREAM - 100);
			memset(x->r.fate + o, true, chance_below(&x->c, 80));
		}
		/* A window at a time, its bytes in any order, until all that can be seen was. */
		for (uint32_t window = 0; window < STREAM; window += 500) {
			for (unsigned i = 0; i < 20; i++) {
				uint32_t from = window + (uint32_t)chance_below(&x->c, 500);
				uint32_t to = from + 1 + (uint32_t)chance_below(&x->c, 60);
				bring(x, from, to < window + 500 ? to : window + 500);
			}
			for (uint32_t o = window; o < window + 500; o++) {
				if (x->r.kind[o] == UNSEEN && !x->r.fate[o])
					bring(x, o, o + 1);
			}
			ack(x, window + 500);
		}
		ends_well(x);
	}
}

static void what_the_capture_lost_is_told_byte_for_byte_and_nothing_else(void **state)
{
	(void)state;
	lossy_captures(300, 200000);
}

static void with_little_room_bytes_are_missing_but_none_is_wrong_or_told_twice(void **state)
{
	(void)state;
	lossy_captures(100, 1000);
	lossy_captures(100, 300);
	lossy_captures(100, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_comes_out_in_order_though_a_segment_was_late_and_another_came_twice),
		cmocka_unit_test(every_order_of_five_segments_gives_the_same_stream),
		cmocka_unit_test(of_an_overlap_the_bytes_that_came_first_stay),
		cmocka_unit_test(a_retransmission_with_other_bytes_is_a_conflict_and_changes_nothing),
		cmocka_unit_test(what_lies_further_back_than_is_remembered_is_not_compared),
		cmocka_unit_test(the_garbage_byte_of_a_keep_alive_is_no_conflict),
		cmocka_unit_test(a_hole_is_a_gap_when_the_receiver_has_acknowledged_it),
		cmocka_unit_test(an_acknowledgement_that_was_captured_before_its_data_is_no_gap),
		cmocka_unit_test(a_lost_end_is_told_at_the_end_and_a_fin_alone_is_no_byte),
		cmocka_unit_test(a_hole_before_the_fin_is_a_gap_as_well),
		cmocka_unit_test(what_the_capture_cut_off_is_a_gap_of_its_own_kind),
		cmocka_unit_test(at_the_end_of_the_capture_what_waits_is_told),
		cmocka_unit_test(in_a_capture_of_one_direction_a_full_buffer_ends_the_waiting),
		cmocka_unit_test(where_acknowledgements_are_heard_the_hole_is_waited_for_and_the_last_is_let_go),
		cmocka_unit_test(what_was_let_go_and_comes_again_is_told),
		cmocka_unit_test(a_hole_wider_than_the_room_is_left_behind_in_the_end),
		cmocka_unit_test(too_many_small_stretches_find_no_room_either),
		cmocka_unit_test(without_a_syn_the_stream_begins_with_the_first_byte_seen),
		cmocka_unit_test(the_other_sides_synack_tells_where_a_stream_begins),
		cmocka_unit_test(the_last_of_several_different_syns_counts_until_one_is_acknowledged),
		cmocka_unit_test(data_on_a_syn_comes_behind_it),
		cmocka_unit_test(numbers_further_ahead_than_any_window_are_not_believed),
		cmocka_unit_test(behind_the_first_fin_nothing_follows),
		cmocka_unit_test(a_stream_of_more_than_four_gigabytes_counts_on),
		cmocka_unit_test(the_memory_has_the_size_that_is_said),
		cmocka_unit_test(any_order_any_overlap_and_any_copy_give_what_the_reference_says),
		cmocka_unit_test(what_the_capture_lost_is_told_byte_for_byte_and_nothing_else),
		cmocka_unit_test(with_little_room_bytes_are_missing_but_none_is_wrong_or_told_twice),
	};

	return cmocka_run_group_tests_name("tcp_bytes", tests, NULL, NULL);
}
