/* Datagrams that came in pieces, told with their pieces: lab 11, and what goes wrong. */
#include "told.h"

#include "wirelab/ip_fragments.h"

#define PLACES 3u
#define ROOM (PLACES + 1)

enum { LINKTYPE_RAW = 101 };

static struct ipasm *bytes;
static struct ipfrag *table;
static struct ip_datagram d;
static struct ipasm_datagram whole;
static struct pkt p;
static uint64_t frames;

static int begin(void **state)
{
	(void)state;
	bytes = ipasm_init(zeroed(ipasm_size(PLACES)), ipasm_size(PLACES), PLACES);
	table = ipfrag_init(zeroed(ipfrag_size(ROOM)), ipfrag_size(ROOM), ROOM, bytes);
	frames = 0;
	return bytes && table ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	free(bytes);
	free(table);
	return 0;
}

static uint8_t filling = 0x5a;		/* what data consist of; a liar changes it */

/* A piece of a UDP datagram from port 4000 to 5000, as a frame of a raw IP link. */
static size_t build4(uint8_t *buf, size_t room, uint16_t id, uint16_t offset, uint16_t len,
		     bool more)
{
	struct wr w = wr_over(buf, room);
	struct ip4_hdr h = { .total_len = (uint16_t)(IP4_HEADER_MIN + len), .id = id,
			     .more_fragments = more, .frag_offset = offset, .ttl = 64,
			     .proto = IP_PROTO_UDP, .src = addr("10.55.0.1"),
			     .dst = addr("10.55.0.2") };

	ip4_build(&w, &h);
	uint8_t *data = wr_room(&w, len);
	assert_non_null(data);
	memset(data, filling, len);
	if (offset == 0 && len >= UDP_HEADER_LEN) {
		struct wr u = wr_over(data, len);
		udp_build(&u, &(struct udp_hdr){ 4000, 5000, 4008, 0 });
	}
	return w.len;
}

/* `here` bytes of it are captured. */
static enum ipasm_result hear_cut(double when, uint16_t id, uint16_t offset, uint16_t len,
				  bool more, size_t here)
{
	static uint8_t buf[65536];
	struct ipasm_fragment f;
	size_t n = build4(buf, sizeof(buf), id, offset, len, more);

	pkt_dissect(&p, LINKTYPE_RAW, buf, (uint32_t)(here < n ? here : n), (uint32_t)n);
	assert_int_equal(ipfrag_fragment_from(&f, &p), IPFRAG_PIECE);
	f.when = at(when);
	f.frame = ++frames;
	return ipfrag_hear(table, &f, &p, &whole);
}

static enum ipasm_result hear(double when, uint16_t id, uint16_t offset, uint16_t len, bool more)
{
	return hear_cut(when, id, offset, len, more, SIZE_MAX);
}

static void assert_piece(unsigned i, uint64_t frame, unsigned offset, unsigned len, bool more)
{
	assert_int_equal(d.piece[i].frame, frame);
	assert_int_equal(d.piece[i].offset, offset);
	assert_int_equal(d.piece[i].len, len);
	assert_int_equal(d.piece[i].more, more);
}

static void assert_out(double when)
{
	assert_true(ipfrag_next(table, at(when), &d));
}

static void assert_no_more(double when)
{
	assert_false(ipfrag_next(table, at(when), &d));
}

/* Lab 11: offsets 0, 1480, 2960, MF 1 1 0, one ID. */
static void a_datagram_of_4000_bytes_is_told_with_its_three_fragments(void **state)
{
	(void)state;
	assert_int_equal(hear(0, 0xd182, 0, 1480, true), IPASM_HELD);
	assert_no_more(0);
	assert_int_equal(hear(0, 0xd182, 1480, 1480, true), IPASM_HELD);
	assert_int_equal(hear(0, 0xd182, 2960, 1048, false), IPASM_WHOLE);
	assert_int_equal(whole.len, 4008);
	assert_out(0);
	assert_int_equal(d.state, IPFRAG_WHOLE);
	assert_int_equal(d.key.id, 0xd182);
	assert_int_equal(d.proto, IP_PROTO_UDP);
	assert_int_equal(d.fragments, 3);
	assert_piece(0, 1, 0, 1480, true);
	assert_piece(1, 2, 1480, 1480, true);
	assert_piece(2, 3, 2960, 1048, false);
	assert_int_equal(d.whole_frame, 3);
	assert_int_equal(d.len, 4008);
	assert_int_equal(d.n_missing, 0);
	assert_int_equal(d.content.kind, PKT_UDP);
	assert_int_equal(d.content.sport, 4000);
	assert_int_equal(d.content.dport, 5000);
	assert_no_more(0);
}

/* Lab 11: lose one fragment, and nothing arrives. */
static void a_datagram_that_lacks_a_fragment_is_given_up_after_a_minute(void **state)
{
	(void)state;
	hear(1, 7, 0, 1480, true);
	hear(2, 7, 2960, 1048, false);
	assert_no_more(60.9);
	assert_out(61);
	assert_int_equal(d.state, IPFRAG_INCOMPLETE);
	assert_int_equal(d.whole_frame, 0);
	assert_int_equal(d.len, 4008);
	assert_int_equal(d.n_missing, 1);
	assert_int_equal(d.missing[0].from, 1480);
	assert_int_equal(d.missing[0].to, 2960);
	assert_int_equal(d.content.kind, PKT_UDP);
	assert_int_equal(ipasm_waiting(bytes), 0);
}

static void without_the_last_fragment_nobody_knows_the_length(void **state)
{
	(void)state;
	hear(0, 7, 0, 1480, true);
	assert_true(ipfrag_next(table, INSTANT_NEVER, &d));
	assert_int_equal(d.len, 0);
	assert_int_equal(d.n_missing, 1);
	assert_int_equal(d.missing[0].from, 1480);
	assert_true(d.missing[0].to == IPASM_END_UNKNOWN);
}

static void without_the_first_fragment_nobody_knows_the_ports(void **state)
{
	(void)state;
	hear(0, 7, 1480, 1480, true);
	assert_true(ipfrag_next(table, INSTANT_NEVER, &d));
	assert_int_equal(d.content.kind, PKT_NONE);
	assert_int_equal(d.proto, IP_PROTO_UDP);
	assert_int_equal(d.n_missing, 2);
}

static void a_late_piece_begins_another_datagram(void **state)
{
	(void)state;
	hear(0, 7, 0, 1480, true);
	assert_int_equal(hear(60, 7, 1480, 8, false), IPASM_HELD);
	assert_out(60);
	assert_int_equal(d.first_frame, 1);
	assert_int_equal(d.n_missing, 1);
	assert_no_more(60);
}

static void a_fragment_that_comes_twice_is_marked(void **state)
{
	(void)state;
	hear(0, 7, 0, 1480, true);
	hear(0, 7, 0, 1480, true);
	hear(0, 7, 1480, 8, false);
	assert_out(0);
	assert_true(d.overlap);
	assert_false(d.conflict);
	assert_false(d.piece[0].again);
	assert_true(d.piece[1].again);
	assert_false(d.piece[1].differs || d.piece[2].again);
}

static void a_fragment_that_says_something_else_is_marked(void **state)
{
	(void)state;
	hear(0, 7, 0, 1480, true);
	filling = 0x66;
	hear(0, 7, 1472, 16, true);
	filling = 0x5a;
	hear(0, 7, 1488, 8, false);
	assert_out(0);
	assert_true(d.conflict);
	assert_true(d.piece[1].differs);
	assert_false(d.piece[2].differs);
}

static void a_fragment_that_cannot_be_is_listed_and_not_taken(void **state)
{
	(void)state;
	hear(0, 7, 0, 1480, true);
	assert_int_equal(hear(0, 7, 65528, 9, false), IPASM_BAD_LENGTH);
	hear(0, 7, 1480, 8, false);
	assert_out(0);
	assert_int_equal(d.state, IPFRAG_WHOLE);
	assert_int_equal(d.len, 1488);
	assert_int_equal(d.fragments, 3);
	assert_int_equal(d.piece[1].result, IPASM_BAD_LENGTH);
}

static void what_the_capture_cut_is_not_called_lost(void **state)
{
	(void)state;
	hear_cut(0, 7, 0, 1480, true, 68);
	assert_int_equal(hear_cut(0, 7, 1480, 1480, false, 68), IPASM_UNCAPTURED);
	assert_no_more(0);
	assert_true(ipfrag_next(table, INSTANT_NEVER, &d));
	assert_int_equal(d.state, IPFRAG_UNCAPTURED);
	assert_int_equal(d.n_missing, 0);
	assert_true(d.piece[0].cut);
	assert_int_equal(d.piece[0].len, 1480);
	assert_int_equal(d.content.sport, 4000);
}

static void of_more_fragments_than_are_kept_the_rest_is_counted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		hear(0, 7, (uint16_t)(i * 8), 8, i < 99);
	assert_out(0);
	assert_int_equal(d.state, IPFRAG_WHOLE);
	assert_int_equal(d.fragments, 100);
	assert_piece(IPFRAG_PIECES - 1, IPFRAG_PIECES, (IPFRAG_PIECES - 1) * 8, 8, true);
}

static void one_that_has_to_leave_the_reassembler_says_what_it_lacked(void **state)
{
	(void)state;
	for (uint16_t id = 0; id <= PLACES; id++) {
		assert_no_more(id);
		hear(id, id, 8, 8, true);
	}
	assert_out(PLACES);
	assert_int_equal(d.key.id, 0);
	assert_int_equal(d.n_missing, 2);
	assert_int_equal(hear(PLACES, 1, 0, 8, true), IPASM_HELD);
	assert_no_more(PLACES);
	assert_int_equal(ipfrag_lost(table), 0);
}

/* The newcomer was no fragment that can be, so nobody had to leave for it. */
static void one_that_need_not_leave_after_all_lacks_nothing_when_it_is_whole(void **state)
{
	(void)state;
	for (uint16_t id = 1; id <= PLACES; id++)
		assert_int_equal(hear(0, id, 0, 1480, true), IPASM_HELD);
	assert_int_equal(hear(0, 9, 1480, 1483, true), IPASM_BAD_LENGTH);
	assert_int_equal(hear(0, 1, 1480, 100, false), IPASM_WHOLE);
	assert_out(0);
	assert_int_equal(d.key.id, 1);
	assert_int_equal(d.n_missing, 0);
}

static void who_does_not_pull_loses_the_first_datagram(void **state)
{
	(void)state;
	for (uint16_t id = 0; id <= ROOM; id++) {
		hear(0, id, 0, 8, true);
		hear(0, id, 8, 8, false);
	}
	assert_int_equal(ipfrag_lost(table), 1);
	assert_out(0);
	assert_int_equal(d.key.id, 1);
}

/* ---- IPv6 ------------------------------------------------------------------------------- */

/* IPv6, a fragment header, then 8 bytes of UDP: ports 4000 and 5000, length 8, no checksum. */
static enum ipfrag_form dissect6(uint8_t more_and_offset, struct ipasm_fragment *f)
{
	static uint8_t frame[] = {
		0x60, 0, 0, 0, 0, 16, IP_PROTO_FRAGMENT, 64,
		0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
		IP_PROTO_UDP, 0, 0, 0, 0x12, 0x34, 0x56, 0x78,
		0x0f, 0xa0, 0x13, 0x88, 0, 8, 0, 0 };

	frame[43] = more_and_offset;
	pkt_dissect(&p, LINKTYPE_RAW, frame, sizeof(frame), sizeof(frame));
	enum ipfrag_form form = ipfrag_fragment_from(f, &p);
	f->when = at(0);
	f->frame = ++frames;
	return form;
}

static void rfc6946_an_atomic_fragment_is_told_at_once_and_by_itself(void **state)
{
	struct ipasm_fragment f;

	(void)state;
	assert_int_equal(dissect6(0x01, &f), IPFRAG_PIECE);
	assert_int_equal(ipfrag_hear(table, &f, &p, &whole), IPASM_HELD);
	assert_int_equal(dissect6(0x00, &f), IPFRAG_ATOMIC);
	assert_int_equal(f.len, 8);
	assert_int_equal(f.key.id, 0x12345678);
	assert_int_equal(ipfrag_hear(table, &f, &p, &whole), IPASM_WHOLE);
	assert_out(0);
	assert_true(d.atomic);
	assert_int_equal(d.fragments, 1);
	assert_int_equal(d.whole_frame, 2);
	assert_int_equal(d.proto, IP_PROTO_UDP);
	assert_int_equal(d.content.dport, 5000);
	assert_no_more(0);
	assert_int_equal(ipasm_waiting(bytes), 1);
}

static void rfc5722_ipv6_fragments_that_overlap_are_refused(void **state)
{
	static const uint8_t other[] = "sixteen others..";
	struct ipasm_fragment f;

	(void)state;
	assert_int_equal(dissect6(0x01, &f), IPFRAG_PIECE);
	ipfrag_hear(table, &f, &p, &whole);
	f.data = other;
	f.caplen = f.len = 16;
	f.frame++;
	assert_int_equal(ipfrag_hear(table, &f, &p, &whole), IPASM_REFUSED);
	assert_true(ipfrag_next(table, INSTANT_NEVER, &d));
	assert_int_equal(d.state, IPFRAG_REFUSED);
	assert_true(d.piece[1].differs);
}

static void an_ordinary_packet_is_no_fragment(void **state)
{
	struct ipasm_fragment f;
	uint8_t buf[64];
	size_t n = build4(buf, sizeof(buf), 1, 0, 12, false);

	(void)state;
	pkt_dissect(&p, LINKTYPE_RAW, buf, (uint32_t)n, (uint32_t)n);
	assert_int_equal(ipfrag_fragment_from(&f, &p), IPFRAG_NONE);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_datagram_of_4000_bytes_is_told_with_its_three_fragments),
		TEST(a_datagram_that_lacks_a_fragment_is_given_up_after_a_minute),
		TEST(without_the_last_fragment_nobody_knows_the_length),
		TEST(without_the_first_fragment_nobody_knows_the_ports),
		TEST(a_late_piece_begins_another_datagram),
		TEST(a_fragment_that_comes_twice_is_marked),
		TEST(a_fragment_that_says_something_else_is_marked),
		TEST(a_fragment_that_cannot_be_is_listed_and_not_taken),
		TEST(what_the_capture_cut_is_not_called_lost),
		TEST(of_more_fragments_than_are_kept_the_rest_is_counted),
		TEST(one_that_has_to_leave_the_reassembler_says_what_it_lacked),
		TEST(one_that_need_not_leave_after_all_lacks_nothing_when_it_is_whole),
		TEST(who_does_not_pull_loses_the_first_datagram),
		TEST(rfc6946_an_atomic_fragment_is_told_at_once_and_by_itself),
		TEST(rfc5722_ipv6_fragments_that_overlap_are_refused),
		TEST(an_ordinary_packet_is_no_fragment),
	};

	return cmocka_run_group_tests_name("ip_fragments", tests, NULL, NULL);
}
