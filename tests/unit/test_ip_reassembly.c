/* Fragments put together again: RFC 791, RFC 8200, RFC 5722, RFC 6946. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wirelab/ip_reassembly.h"

#define PLACES 4u

static struct ipasm *table;
static uint8_t sent[IPASM_MAX];		/* what was sent: each byte tells its place */
static struct ipasm_datagram whole;

static int begin(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 7 + i / 256);
	table = ipasm_init(calloc(1, ipasm_size(PLACES)), ipasm_size(PLACES), PLACES);
	whole = (struct ipasm_datagram){ .data = NULL };
	return table ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	free(table);
	return 0;
}

/* The piece of `sent` from offset on, as datagram number id has it. */
static struct ipasm_fragment piece(uint32_t id, uint32_t offset, size_t len, bool more)
{
	return (struct ipasm_fragment){
		.key = { .family = 4, .proto = 17, .id = id, .src = { 10, 0, 0, 1 },
			 .dst = { 10, 0, 0, 2 } },
		.when = { 1 * SEC_NS }, .frame = 1 + offset / 8, .offset = offset, .more = more,
		.data = sent + offset, .caplen = len, .len = len };
}

static enum ipasm_result hear(struct ipasm_fragment f)
{
	return ipasm_hear(table, &f, &whole);
}

static void assert_whole(size_t len)
{
	assert_true(whole.len == len);
	assert_memory_equal(whole.data, sent, len);
}

static void four_thousand_bytes_cross_an_ethernet_in_three_pieces(void **state)
{
	/* 4000 bytes of data and 8 of UDP header: offsets 0, 1480, 2960, as in lab 11. */
	(void)state;
	assert_int_equal(hear(piece(7, 0, 1480, true)), IPASM_HELD);
	assert_int_equal(hear(piece(7, 1480, 1480, true)), IPASM_HELD);
	assert_int_equal(ipasm_waiting(table), 1);
	assert_int_equal(hear(piece(7, 2960, 1048, false)), IPASM_WHOLE);
	assert_whole(4008);
	assert_int_equal(whole.fragments, 3);
	assert_int_equal(whole.first_frame, 1);
	assert_false(whole.overlap);
	assert_int_equal(ipasm_waiting(table), 0);
}

static void the_order_of_arrival_does_not_matter(void **state)
{
	static const int order[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	const struct ipasm_fragment part[] = { piece(1, 0, 800, true), piece(1, 800, 800, true),
					       piece(1, 1600, 13, false) };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(hear(part[order[i][0]]), IPASM_HELD);
		assert_int_equal(hear(part[order[i][1]]), IPASM_HELD);
		assert_int_equal(hear(part[order[i][2]]), IPASM_WHOLE);
		assert_whole(1613);
	}
}

static void a_lost_piece_means_that_nothing_arrives(void **state)
{
	(void)state;
	assert_int_equal(hear(piece(1, 0, 800, true)), IPASM_HELD);
	assert_int_equal(hear(piece(1, 1600, 8, false)), IPASM_HELD);
	assert_int_equal(ipasm_waiting(table), 1);
}

static void the_largest_datagram_there_can_be_is_put_together(void **state)
{
	enum ipasm_result r = IPASM_HELD;

	(void)state;
	for (uint32_t at = 0; at < IPASM_MAX; at += 1480) {
		size_t len = IPASM_MAX - at < 1480 ? IPASM_MAX - at : 1480;
		r = hear(piece(1, at, len, at + len < IPASM_MAX));
	}
	assert_int_equal(r, IPASM_WHOLE);
	assert_whole(IPASM_MAX);
}

static void datagrams_are_kept_apart_by_every_part_of_the_key(void **state)
{
	struct ipasm_fragment first = piece(1, 0, 8, true), last;

	(void)state;
	for (int i = 0; i < 5; i++) {
		last = piece(1, 8, 8, false);
		assert_int_equal(hear(first), IPASM_HELD);
		switch (i) {
		case 0: last.key.id = 2; break;
		case 1: last.key.proto = 6; break;
		case 2: last.key.src[3] = 9; break;
		case 3: last.key.dst[3] = 9; break;
		case 4: last.key.family = 6; break;
		}
		assert_int_equal(hear(last), IPASM_HELD);
		assert_int_equal(hear(piece(1, 8, 8, false)), IPASM_WHOLE);
		/* and the stray one is completed, so that the table is empty again */
		last.offset = 0;
		last.more = true;
		assert_int_equal(hear(last), IPASM_WHOLE);
	}
}

static void a_piece_that_comes_twice_is_said_and_does_no_harm(void **state)
{
	(void)state;
	assert_int_equal(hear(piece(1, 0, 80, true)), IPASM_HELD);
	assert_int_equal(hear(piece(1, 0, 80, true)), IPASM_HELD);
	assert_int_equal(hear(piece(1, 80, 8, false)), IPASM_WHOLE);
	assert_whole(88);
	assert_true(whole.overlap);
	assert_false(whole.conflict);
	assert_int_equal(whole.fragments, 3);
}

static void of_two_that_overlap_and_differ_the_first_stays_and_it_is_said(void **state)
{
	struct ipasm_fragment liar = piece(1, 8, 16, true);

	(void)state;
	liar.data = (const uint8_t *)"sixteen bytes it";
	assert_int_equal(hear(piece(1, 0, 16, true)), IPASM_HELD);
	assert_int_equal(hear(liar), IPASM_HELD);
	assert_int_equal(hear(piece(1, 24, 8, false)), IPASM_WHOLE);
	assert_true(whole.conflict);
	assert_memory_equal(whole.data, sent, 16);
	assert_memory_equal(whole.data + 16, "bytes it", 8);
}

static void rfc5722_an_ipv6_datagram_that_overlaps_is_dropped(void **state)
{
	struct ipasm_fragment a = piece(1, 0, 16, true), b = piece(1, 8, 16, true),
			      c = piece(1, 24, 8, false);

	(void)state;
	a.key.family = b.key.family = c.key.family = 6;
	assert_int_equal(hear(a), IPASM_HELD);
	assert_int_equal(hear(b), IPASM_REFUSED);
	assert_int_equal(hear(c), IPASM_REFUSED);
}

static void rfc8200_an_exact_copy_of_an_ipv6_fragment_is_no_overlap(void **state)
{
	struct ipasm_fragment a = piece(1, 0, 16, true), c = piece(1, 16, 8, false);

	(void)state;
	a.key.family = c.key.family = 6;
	assert_int_equal(hear(a), IPASM_HELD);
	assert_int_equal(hear(a), IPASM_HELD);
	assert_int_equal(hear(c), IPASM_WHOLE);
}

static void an_exact_copy_does_not_open_the_door_to_an_overlap(void **state)
{
	struct ipasm_fragment a = piece(1, 0, 16, true), b = piece(1, 8, 16, true),
			      liar = piece(2, 0, 16, true), c = piece(2, 16, 8, false);

	(void)state;
	a.key.family = b.key.family = liar.key.family = c.key.family = 6;
	assert_int_equal(hear(a), IPASM_HELD);
	assert_int_equal(hear(a), IPASM_HELD);
	assert_int_equal(hear(b), IPASM_REFUSED);
	/* The same when it has nothing new but other bytes. */
	assert_int_equal(hear(liar), IPASM_HELD);
	assert_int_equal(hear(liar), IPASM_HELD);
	liar.data = sent + 1;
	assert_int_equal(hear(liar), IPASM_REFUSED);
	assert_int_equal(hear(c), IPASM_REFUSED);
}

static void rfc6946_an_atomic_fragment_is_whole_and_disturbs_nobody(void **state)
{
	(void)state;
	assert_int_equal(hear(piece(1, 0, 16, true)), IPASM_HELD);
	assert_int_equal(hear(piece(1, 0, 40, false)), IPASM_WHOLE);
	assert_whole(40);
	assert_int_equal(hear(piece(1, 16, 8, false)), IPASM_WHOLE);
	assert_whole(24);
}

static void lengths_that_cannot_be_are_refused(void **state)
{
	(void)state;
	assert_int_equal(hear(piece(1, 0, 0, true)), IPASM_BAD_LENGTH);
	assert_int_equal(hear(piece(1, 0, 13, true)), IPASM_BAD_LENGTH);
	assert_int_equal(hear(piece(1, 4, 8, true)), IPASM_BAD_LENGTH);
	struct ipasm_fragment f = piece(1, 0, 8, false);
	f.offset = 65528;	/* the ping of death: 65528 + 8 = 65536 */
	assert_int_equal(hear(f), IPASM_BAD_LENGTH);
	f.len = f.caplen = 7;
	assert_int_equal(hear(f), IPASM_HELD);
}

static void a_datagram_has_one_end(void **state)
{
	(void)state;
	assert_int_equal(hear(piece(1, 80, 8, false)), IPASM_HELD);
	assert_int_equal(hear(piece(1, 160, 8, false)), IPASM_BAD_END);
	assert_int_equal(hear(piece(1, 88, 8, true)), IPASM_BAD_END);
	assert_int_equal(hear(piece(2, 160, 8, true)), IPASM_HELD);
	assert_int_equal(hear(piece(2, 80, 8, false)), IPASM_BAD_END);
	assert_int_equal(hear(piece(1, 0, 80, true)), IPASM_WHOLE);
	assert_whole(88);
}

static void what_the_capture_cut_cannot_be_put_together(void **state)
{
	struct ipasm_fragment cut = piece(1, 0, 800, true);

	(void)state;
	cut.caplen = 60;
	assert_int_equal(hear(cut), IPASM_HELD);
	assert_int_equal(hear(piece(1, 800, 8, false)), IPASM_UNCAPTURED);
	/* The same bytes once more, whole this time, as a retransmission may bring them. */
	assert_int_equal(hear(piece(1, 0, 800, true)), IPASM_WHOLE);
	assert_whole(808);
}

static void one_that_waited_a_minute_is_given_up(void **state)
{
	struct ipasm_fragment last = piece(1, 8, 8, false);

	(void)state;
	assert_int_equal(hear(piece(1, 0, 8, true)), IPASM_HELD);
	last.when.ns += IPASM_TIMEOUT_NS;
	assert_int_equal(hear(last), IPASM_HELD);
	assert_int_equal(ipasm_waiting(table), 1);
}

static void when_all_places_are_taken_the_one_begun_first_leaves(void **state)
{
	(void)state;
	for (uint32_t id = 0; id <= PLACES; id++) {
		struct ipasm_fragment f = piece(id, 0, 8, true);
		f.when.ns += id;
		assert_int_equal(hear(f), IPASM_HELD);
	}
	assert_int_equal(ipasm_waiting(table), PLACES);
	assert_int_equal(hear(piece(1, 8, 8, false)), IPASM_WHOLE);
	assert_int_equal(hear(piece(0, 8, 8, false)), IPASM_HELD);
}

static void random_pieces_in_random_order_always_give_the_datagram(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct ipasm_fragment part[64];
		size_t n = 0, total;
		uint32_t at = 0;
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		total = 9 + (size_t)(random >> 40) % 4000;
		while (at < total && n < 63) {
			size_t len = 8 * (1 + (size_t)(random >> (at % 31)) % 40);
			if (n == 62 || at + len >= total)
				len = total - at;
			part[n++] = piece((uint32_t)round, at, len, at + len < total);
			at += (uint32_t)len;
		}
		for (size_t i = n; i-- > 1;) {
			struct ipasm_fragment swap = part[i];
			size_t j = (size_t)(random >> 33) % (i + 1);
			part[i] = part[j];
			part[j] = swap;
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		}
		for (size_t i = 0; i < n; i++)
			assert_int_equal(hear(part[i]), i + 1 < n ? IPASM_HELD : IPASM_WHOLE);
		assert_whole(total);
	}
}

static void a_capture_that_cuts_does_not_hide_that_a_piece_is_lost(void **state)
{
	struct ipasm_fragment cut = piece(1, 0, 800, true);

	(void)state;
	cut.caplen = 60;
	assert_int_equal(hear(cut), IPASM_HELD);
	assert_int_equal(hear(piece(1, 1600, 8, false)), IPASM_HELD);
	assert_int_equal(hear(piece(1, 800, 800, true)), IPASM_UNCAPTURED);
}

static void what_did_not_come_by_is_told_as_ranges(void **state)
{
	struct ipasm_range hole[2];
	struct ipasm_key key = piece(1, 0, 8, true).key;
	struct ipasm_fragment cut = piece(1, 1480, 1480, true);

	(void)state;
	cut.caplen = 20;
	assert_int_equal(ipasm_missing(table, &key, hole, 2), 0);
	(void)hear(cut);
	assert_int_equal(ipasm_missing(table, &key, hole, 2), 2);
	assert_int_equal(hole[0].from, 0);
	assert_int_equal(hole[0].to, 1480);
	assert_int_equal(hole[1].from, 2960);
	assert_true(hole[1].to == IPASM_END_UNKNOWN);
	(void)hear(piece(1, 4440, 13, false));
	assert_int_equal(ipasm_missing(table, &key, hole, 2), 2);
	assert_int_equal(hole[1].from, 2960);
	assert_int_equal(hole[1].to, 4440);
	(void)hear(piece(1, 8, 8, true));
	assert_int_equal(ipasm_missing(table, &key, hole, 2), 3);
	assert_int_equal(hole[0].to, 8);
	assert_int_equal(hole[1].from, 16);
}

static void who_is_next_to_leave_can_be_asked_and_made_to_go(void **state)
{
	struct ipasm_key key;

	(void)state;
	for (uint32_t id = 0; id < PLACES; id++) {
		struct ipasm_fragment f = piece(id, 0, 8, true);
		assert_false(ipasm_next_to_leave(table, &key));
		f.when.ns += 10 - id;
		assert_int_equal(hear(f), IPASM_HELD);
	}
	assert_true(ipasm_next_to_leave(table, &key));
	assert_int_equal(key.id, PLACES - 1);
	assert_true(ipasm_forget(table, &key));
	assert_false(ipasm_forget(table, &key));
	assert_int_equal(ipasm_waiting(table), PLACES - 1);
	assert_false(ipasm_next_to_leave(table, &key));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(four_thousand_bytes_cross_an_ethernet_in_three_pieces),
		TEST(the_order_of_arrival_does_not_matter),
		TEST(a_lost_piece_means_that_nothing_arrives),
		TEST(the_largest_datagram_there_can_be_is_put_together),
		TEST(datagrams_are_kept_apart_by_every_part_of_the_key),
		TEST(a_piece_that_comes_twice_is_said_and_does_no_harm),
		TEST(of_two_that_overlap_and_differ_the_first_stays_and_it_is_said),
		TEST(rfc5722_an_ipv6_datagram_that_overlaps_is_dropped),
		TEST(rfc8200_an_exact_copy_of_an_ipv6_fragment_is_no_overlap),
		TEST(an_exact_copy_does_not_open_the_door_to_an_overlap),
		TEST(rfc6946_an_atomic_fragment_is_whole_and_disturbs_nobody),
		TEST(lengths_that_cannot_be_are_refused),
		TEST(a_datagram_has_one_end),
		TEST(what_the_capture_cut_cannot_be_put_together),
		TEST(a_capture_that_cuts_does_not_hide_that_a_piece_is_lost),
		TEST(what_did_not_come_by_is_told_as_ranges),
		TEST(who_is_next_to_leave_can_be_asked_and_made_to_go),
		TEST(one_that_waited_a_minute_is_given_up),
		TEST(when_all_places_are_taken_the_one_begun_first_leaves),
		TEST(random_pieces_in_random_order_always_give_the_datagram),
	};

	return cmocka_run_group_tests_name("ip_reassembly", tests, NULL, NULL);
}
