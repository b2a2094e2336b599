/* Messages behind a length of four bytes, however the stream was cut. */
#include "told.h"

#include "wirelab/msg.h"

enum { MESSAGES = 200, LONGEST = 300 };

/* What the reader said, message by message, put together by somebody who keeps them all. */
struct heard {
	struct msg m;
	size_t n;			/* messages that ended */
	uint32_t length[MESSAGES + 1];
	uint32_t at;			/* bytes of the one that is begun */
	uint8_t body[MESSAGES + 1][LONGEST];
	bool begun;
};

static void hear_part(struct heard *h, const struct msg_part *p)
{
	assert_true(p->len > 0 && p->number == h->n && h->n <= MESSAGES);
	assert_true(p->first == !h->begun);
	h->begun = !p->last;
	if (!p->is_prefix) {
		assert_true(p->at == h->at && p->at + p->len <= LONGEST);
		memcpy(h->body[h->n] + h->at, p->bytes, p->len);
		h->at += (uint32_t)p->len;
	}
	if (p->last) {
		assert_int_equal(h->at, p->length);
		h->length[h->n++] = p->length;
		h->at = 0;
	}
}

/* In a block of exactly that size: the reader must not look further. */
static void feed(struct heard *h, const void *bytes, size_t len)
{
	uint8_t *piece = exactly(bytes, len);
	struct rd r = rd_over(piece, len);
	struct msg_part part;

	while (msg_next(&h->m, &r, &part))
		hear_part(h, &part);
	free(piece);
}

static struct heard *reader(enum msg_order order, uint32_t limit)
{
	struct heard *h = zeroed(sizeof(*h));

	msg_init(&h->m, order, limit);
	return h;
}

static void assert_ends(const struct heard *h, enum msg_ending how, uint32_t missing)
{
	uint32_t is = 77;

	assert_int_equal(msg_end(&h->m, &is), how);
	assert_int_equal(is, missing);
}

/* ---- the story -------------------------------------------------------------------------- */

static void two_messages_sent_at_once_are_told_apart_and_one_in_two_pieces_is_joined(void **state)
{
	/* "hello" and "wirelab" in one piece, with the first half of "again!" stuck to them. */
	static const uint8_t first[] = "\0\0\0\5hello\0\0\0\7wirelab\0\0\0\6aga", rest[] = "in!";
	struct heard *h = reader(MSG_NETWORK, MSG_LIMIT);

	(void)state;
	feed(h, first, sizeof(first) - 1);
	assert_int_equal(h->n, 2);
	assert_memory_equal(h->body[0], "hello", 5);
	assert_memory_equal(h->body[1], "wirelab", 7);
	assert_ends(h, MSG_IN_BODY, 3);
	feed(h, rest, sizeof(rest) - 1);
	assert_int_equal(h->n, 3);
	assert_memory_equal(h->body[2], "again!", 6);
	assert_ends(h, MSG_CLEAN, 0);
	free(h);
}

static void each_part_says_where_it_belongs(void **state)
{
	static const uint8_t bytes[] = { 0, 0, 0, 0, 0, 0, 0, 2, 'h', 'i', 0, 0 };
	struct rd r = rd_over(bytes, sizeof(bytes));
	struct msg m;
	struct msg_part p;

	(void)state;
	msg_init(&m, MSG_NETWORK, 10);
	assert_true(msg_next(&m, &r, &p));
	assert_true(p.is_prefix && p.first && p.last && p.number == 0 && p.length == 0);
	assert_true(msg_next(&m, &r, &p));
	assert_true(p.is_prefix && p.first && !p.last && p.number == 1 && p.begins == 4);
	assert_true(p.at == 0 && p.len == 4 && p.length == 2);
	assert_true(msg_next(&m, &r, &p));
	assert_true(!p.is_prefix && !p.first && p.last && p.number == 1 && p.begins == 4);
	assert_true(p.at == 0 && p.len == 2 && p.bytes == bytes + 8);
	assert_true(msg_next(&m, &r, &p));
	assert_true(p.is_prefix && p.first && !p.last && p.number == 2 && p.begins == 10);
	assert_false(msg_next(&m, &r, &p));
	assert_true(m.offset == sizeof(bytes) && r.left == 0);
}

/* ---- any cut gives the same ------------------------------------------------------------- */

struct stream {
	uint8_t bytes[MESSAGES * (LONGEST + MSG_PREFIX)];
	size_t len;
	uint32_t length[MESSAGES];
	size_t begins[MESSAGES + 1];
};

static struct stream *two_hundred(enum msg_order order)
{
	struct stream *s = zeroed(sizeof(*s));
	struct wr w = wr_over(s->bytes, sizeof(s->bytes));
	struct chance c = { 12 };

	for (size_t i = 0; i < MESSAGES; i++) {
		s->begins[i] = w.len;
		/* Short ones most of the time; every tenth is empty. */
		uint64_t most = i % 7 == 0 ? LONGEST + 1 : 20;
		s->length[i] = i % 10 == 3 ? 0 : (uint32_t)chance_below(&c, most);
		assert_true(msg_prefix_build(&w, order, s->length[i]));
		chance_fill(&c, wr_room(&w, s->length[i]), s->length[i]);
	}
	s->begins[MESSAGES] = s->len = w.len;
	return s;
}

static void assert_all_heard(const struct heard *h, const struct stream *s)
{
	assert_int_equal(h->n, MESSAGES);
	for (size_t i = 0; i < MESSAGES; i++) {
		assert_int_equal(h->length[i], s->length[i]);
		assert_memory_equal(h->body[i], s->bytes + s->begins[i] + MSG_PREFIX,
				    s->length[i]);
	}
	assert_ends(h, MSG_CLEAN, 0);
}

static void two_hundred_messages_cut_in_two_at_every_byte(void **state)
{
	(void)state;
	for (enum msg_order order = MSG_NETWORK; order <= MSG_NATIVE; order++) {
		struct stream *s = two_hundred(order);
		struct heard *h = reader(order, LONGEST);
		for (size_t cut = 0; cut <= s->len; cut++) {
			memset(h, 0, sizeof(*h));
			msg_init(&h->m, order, LONGEST);
			feed(h, s->bytes, cut);
			feed(h, s->bytes + cut, s->len - cut);
			assert_all_heard(h, s);
		}
		free(h);
		free(s);
	}
}

static void two_hundred_messages_in_pieces_of_one_size(void **state)
{
	static const size_t size[] = { 1, 2, 3, 4, 5, 48, 536, 1460 };
	struct stream *s = two_hundred(MSG_NETWORK);

	(void)state;
	for (size_t i = 0; i < LENGTH(size); i++) {
		struct heard *h = reader(MSG_NETWORK, LONGEST);
		for (size_t done = 0; done < s->len; done += size[i])
			feed(h, s->bytes + done,
			     s->len - done < size[i] ? s->len - done : size[i]);
		assert_all_heard(h, s);
		free(h);
	}
	free(s);
}

static void one_to_sixty_four_messages_glued_together(void **state)
{
	struct stream *s = two_hundred(MSG_NETWORK);

	(void)state;
	for (size_t glued = 1; glued <= 64; glued++) {
		struct heard *h = reader(MSG_NETWORK, LONGEST);
		for (size_t i = 0; i < MESSAGES; i += glued) {
			size_t end = i + glued < MESSAGES ? i + glued : MESSAGES;
			feed(h, s->bytes + s->begins[i], s->begins[end] - s->begins[i]);
			assert_int_equal(h->n, end);
		}
		assert_all_heard(h, s);
		free(h);
	}
	free(s);
}

/* ---- lengths ---------------------------------------------------------------------------- */

static void the_same_four_bytes_are_another_number_in_the_other_order(void **state)
{
	static const uint8_t a_thousand_natively[] = { 0xe8, 3, 0, 0 };

	(void)state;
	assert_true(msg_prefix_parse(a_thousand_natively, MSG_NATIVE) == 1000);
	assert_true(msg_prefix_parse(a_thousand_natively, MSG_NETWORK) == 3892510720);
}

static void a_length_is_built_as_it_is_read(void **state)
{
	static const uint32_t some[] = { 0, 1, 255, 256, 65536, 0x12345678, INT32_MAX,
					 UINT32_C(1) << 31, UINT32_MAX };
	uint8_t bytes[MSG_PREFIX];

	(void)state;
	for (size_t i = 0; i < LENGTH(some); i++) {
		struct wr w = wr_over(bytes, sizeof(bytes));
		assert_true(msg_prefix_build(&w, MSG_NETWORK, some[i]));
		assert_true(msg_prefix_parse(bytes, MSG_NETWORK) == some[i]);
		w = wr_over(bytes, sizeof(bytes));
		assert_int_equal(msg_prefix_build(&w, MSG_NATIVE, some[i]), some[i] <= INT32_MAX);
		assert_int_equal(w.len, some[i] <= INT32_MAX ? 4 : 0);
		if (w.len)
			assert_true(msg_prefix_parse(bytes, MSG_NATIVE) == some[i]);
	}
	struct wr narrow = wr_over(bytes, 3);
	assert_false(msg_prefix_build(&narrow, MSG_NETWORK, 1));
	assert_int_equal(narrow.len, 0);
}

/* Eight bytes follow the prefix; says how the reader took it, and that all cuts agree. */
static enum msg_refusal refusal(enum msg_order order, uint32_t limit, uint32_t length)
{
	uint8_t bytes[MSG_PREFIX + 8] = { 0 };
	struct wr w = wr_over(bytes, sizeof(bytes));
	struct heard *h = NULL;
	enum msg_refusal first = MSG_ACCEPTED;

	/* In native order as its unsigned twin, so that a negative length can be said, too. */
	if (order == MSG_NETWORK)
		wr_be32(&w, length);
	else
		for (unsigned i = 0; i < 4; i++)
			wr_u8(&w, (uint8_t)(length >> 8 * i));
	for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
		h = reader(order, limit);
		feed(h, bytes, cut);
		feed(h, bytes + cut, sizeof(bytes) - cut);
		if (cut == 0)
			first = h->m.refused;
		assert_int_equal(h->m.refused, first);
		if (first) {
			assert_int_equal(h->n, 0);
			assert_true(h->m.offset == MSG_PREFIX && h->m.begins == 0);
			assert_true(h->m.length == (order == MSG_NATIVE ? (int64_t)(int32_t)length
									: (int64_t)length));
			assert_ends(h, MSG_REFUSED, 0);
		}
		free(h);
	}
	return first;
}

static void a_length_up_to_the_limit_is_accepted_and_one_more_is_not(void **state)
{
	(void)state;
	for (enum msg_order order = MSG_NETWORK; order <= MSG_NATIVE; order++) {
		assert_int_equal(refusal(order, MSG_LIMIT, 1), MSG_ACCEPTED);
		assert_int_equal(refusal(order, MSG_LIMIT, MSG_LIMIT), MSG_ACCEPTED);
		assert_int_equal(refusal(order, MSG_LIMIT, MSG_LIMIT + 1), MSG_OVER_LIMIT);
		assert_int_equal(refusal(order, MSG_LIMIT, INT32_MAX), MSG_OVER_LIMIT);
		assert_int_equal(refusal(order, 0, 0), MSG_ACCEPTED);
		assert_int_equal(refusal(order, 0, 1), MSG_OVER_LIMIT);
		assert_int_equal(refusal(order, UINT32_MAX, INT32_MAX), MSG_ACCEPTED);
	}
}

static void beyond_two_gigabytes_is_large_in_one_order_and_negative_in_the_other(void **state)
{
	(void)state;
	assert_int_equal(refusal(MSG_NETWORK, MSG_LIMIT, UINT32_C(1) << 31), MSG_OVER_LIMIT);
	assert_int_equal(refusal(MSG_NETWORK, MSG_LIMIT, UINT32_MAX), MSG_OVER_LIMIT);
	assert_int_equal(refusal(MSG_NETWORK, UINT32_MAX, UINT32_MAX), MSG_ACCEPTED);
	assert_int_equal(refusal(MSG_NATIVE, UINT32_MAX, UINT32_C(1) << 31), MSG_NEGATIVE);
	assert_int_equal(refusal(MSG_NATIVE, UINT32_MAX, UINT32_MAX), MSG_NEGATIVE);
}

static void after_a_refusal_nothing_is_read_any_more(void **state)
{
	static const uint8_t bytes[] = "\0\0\0\2hi\0\0\0\xff" "and \0\0\0\2ho";
	struct heard *h = reader(MSG_NETWORK, 10);

	(void)state;
	feed(h, bytes, sizeof(bytes) - 1);
	feed(h, bytes, sizeof(bytes) - 1);
	assert_int_equal(h->n, 1);
	assert_int_equal(h->m.refused, MSG_OVER_LIMIT);
	assert_true(h->m.number == 1 && h->m.begins == 6 && h->m.length == 255);
	free(h);
}

static void the_end_says_what_is_missing(void **state)
{
	static const uint8_t bytes[] = "\0\0\0\5hello";
	static const struct { enum msg_ending how; uint32_t missing; } after[] = {
		{ MSG_CLEAN, 0 }, { MSG_IN_PREFIX, 3 }, { MSG_IN_PREFIX, 2 }, { MSG_IN_PREFIX, 1 },
		{ MSG_IN_BODY, 5 }, { MSG_IN_BODY, 4 }, { MSG_IN_BODY, 3 }, { MSG_IN_BODY, 2 },
		{ MSG_IN_BODY, 1 }, { MSG_CLEAN, 0 },
	};

	(void)state;
	for (size_t len = 0; len < LENGTH(after); len++) {
		struct heard *h = reader(MSG_NETWORK, 10);
		feed(h, bytes, len);
		assert_ends(h, after[len].how, after[len].missing);
		free(h);
	}
}

static void bytes_that_nobody_has_are_passed_over_within_their_message(void **state)
{
	static const uint8_t bytes[] = "\0\0\0\5he", next[] = "\0\0\0\1!";
	struct heard *h = reader(MSG_NETWORK, 10);

	(void)state;
	assert_false(msg_skip(&h->m, 0));
	feed(h, bytes, sizeof(bytes) - 1);
	assert_int_equal(h->m.left, 3);
	assert_false(msg_skip(&h->m, 2));
	assert_true(msg_skip(&h->m, 1));
	assert_true(h->m.number == 1 && h->m.begins == 9 && h->m.left == 0);
	h->n = 1;
	h->at = 0;
	h->begun = false;
	feed(h, next, sizeof(next) - 1);
	assert_int_equal(h->n, 2);
	assert_int_equal(h->body[1][0], '!');
	free(h);
}

/* ---- which order is it? ----------------------------------------------------------------- */

static enum msg_order judged(const char *prefix)
{
	return msg_judge((const uint8_t *)prefix, MSG_LIMIT);
}

static void the_first_length_tells_the_order(void **state)
{
	(void)state;
	assert_int_equal(judged("\0\0\0\5"), MSG_NETWORK);
	assert_int_equal(judged("\5\0\0\0"), MSG_NATIVE);
	assert_int_equal(judged("\0\0\1\0"), MSG_NETWORK);	/* 256, not 65,536 */
	assert_int_equal(judged("\0\1\0\0"), MSG_NATIVE);	/* 256 again */
	assert_int_equal(judged("GET "), MSG_NETWORK);		/* no such stream */
	assert_int_equal(judged("\xff\xff\xff\xff"), MSG_NETWORK);
}

static void a_length_that_is_the_same_both_ways_leaves_it_to_the_next(void **state)
{
	static const uint8_t bytes[] = "\0\0\0\0\0\1\1\0";
	struct heard *h = reader(MSG_EITHER, MSG_LIMIT);

	(void)state;
	assert_int_equal(judged("\0\0\0\0"), MSG_EITHER);
	assert_int_equal(judged("\0\1\1\0"), MSG_EITHER);
	assert_null(msg_order_name(MSG_EITHER));
	feed(h, bytes, 4);
	assert_int_equal(h->m.order, MSG_EITHER);
	assert_int_equal(h->n, 1);
	feed(h, "\2\0\0\0hi", 6);
	assert_string_equal(msg_order_name(h->m.order), "native");
	assert_int_equal(h->n, 2);
	feed(h, "\0\0\0\2", 4);
	assert_int_equal(h->m.refused, MSG_OVER_LIMIT);
	free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_messages_sent_at_once_are_told_apart_and_one_in_two_pieces_is_joined),
		cmocka_unit_test(each_part_says_where_it_belongs),
		cmocka_unit_test(two_hundred_messages_cut_in_two_at_every_byte),
		cmocka_unit_test(two_hundred_messages_in_pieces_of_one_size),
		cmocka_unit_test(one_to_sixty_four_messages_glued_together),
		cmocka_unit_test(the_same_four_bytes_are_another_number_in_the_other_order),
		cmocka_unit_test(a_length_is_built_as_it_is_read),
		cmocka_unit_test(a_length_up_to_the_limit_is_accepted_and_one_more_is_not),
		cmocka_unit_test(beyond_two_gigabytes_is_large_in_one_order_and_negative_in_the_other),
		cmocka_unit_test(after_a_refusal_nothing_is_read_any_more),
		cmocka_unit_test(the_end_says_what_is_missing),
		cmocka_unit_test(bytes_that_nobody_has_are_passed_over_within_their_message),
		cmocka_unit_test(the_first_length_tells_the_order),
		cmocka_unit_test(a_length_that_is_the_same_both_ways_leaves_it_to_the_next),
	};

	return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
