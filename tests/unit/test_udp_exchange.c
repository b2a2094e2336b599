/* Datagrams as lab 07 sends them, lengths that lie, and the errors that come back. */
#include "told.h"

#include "wirelab/udp_exchange.h"

#define RECENT 4u
#define FLOWS 3u

enum { LINKTYPE_RAW = 101 };

static struct udpx *table;
static struct udp_datagram d;
static struct udp_error e;
static struct udp_flow flow;
static struct pkt p;
static uint8_t buf[4096];
static size_t len;

static int begin(void **state)
{
	static const uint8_t secret[16] = "unit";

	(void)state;
	table = udpx_init(zeroed(udpx_size(RECENT, FLOWS)), udpx_size(RECENT, FLOWS), RECENT, FLOWS,
			  secret);
	return table ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	free(table);
	return 0;
}

/* ---- frames of a raw IP link ------------------------------------------------------------ */

/* `data` bytes from one port to another; sealed, if asked for. */
static size_t build(uint8_t *at_buf, size_t room, uint16_t sport, uint16_t dport, size_t data,
		    uint16_t id, bool seal)
{
	struct wr w = wr_over(at_buf, room);
	uint16_t udp_len = (uint16_t)(UDP_HEADER_LEN + data);
	struct ip4 src = addr("10.0.0.1"), dst = addr("10.0.0.2");

	ip4_build(&w, &(struct ip4_hdr){ .total_len = (uint16_t)(IP4_HEADER_MIN + udp_len),
					 .id = id, .ttl = 64, .proto = IP_PROTO_UDP, .src = src,
					 .dst = dst });
	udp_build(&w, &(struct udp_hdr){ sport, dport, udp_len, 0 });
	wr_zero(&w, data);
	assert_true(wr_ok(&w));
	if (seal)
		udp_seal4(at_buf + IP4_HEADER_MIN, udp_len, src, dst);
	return w.len;
}

static void udp(uint16_t sport, uint16_t dport, size_t data)
{
	len = build(buf, sizeof(buf), sport, dport, data, 1, true);
}

static bool dissect(size_t here)
{
	pkt_dissect(&p, LINKTYPE_RAW, buf, (uint32_t)here, (uint32_t)len);
	return udp_datagram_from(&d, &p, NULL);
}

static void set_length(uint16_t n)
{
	buf[IP4_HEADER_MIN + 4] = (uint8_t)(n >> 8);
	buf[IP4_HEADER_MIN + 5] = (uint8_t)n;
}

/* ---- one datagram ----------------------------------------------------------------------- */

/* Lab 07: three sends of 1, 2 and 0 bytes: UDP lengths 9, 10, 8. */
static void three_sends_are_three_datagrams_and_one_is_empty(void **state)
{
	static const size_t sent[] = { 1, 2, 0 };

	(void)state;
	for (size_t i = 0; i < LENGTH(sent); i++) {
		udp(4000, 5000, sent[i]);
		assert_true(dissect(len));
		assert_int_equal(d.len, 8 + sent[i]);
		assert_int_equal(d.payload, sent[i]);
		assert_int_equal(d.length, UDP_LENGTH_RIGHT);
		assert_int_equal(d.sum, UDP_SUM_OK);
		assert_int_equal(d.from.port, 4000);
		assert_int_equal(d.to.port, 5000);
		assert_memory_equal(d.from.addr, "\x0a\0\0\1", 4);
	}
}

static void a_checksum_is_right_or_wrong_or_absent_or_cannot_be_told(void **state)
{
	(void)state;
	udp(4000, 5000, 20);
	buf[len - 1] ^= 1;
	assert_true(dissect(len));
	assert_int_equal(d.sum, UDP_SUM_BAD);
	assert_true(dissect(len - 1));
	assert_int_equal(d.sum, UDP_SUM_UNTOLD);
	assert_int_equal(d.payload, 20);
	len = build(buf, sizeof(buf), 4000, 5000, 20, 1, false);
	assert_true(dissect(len));
	assert_int_equal(d.sum, UDP_SUM_NONE);
}

static void a_length_beyond_the_ip_packet_is_a_lie(void **state)
{
	(void)state;
	udp(4000, 5000, 20);
	set_length(29);
	assert_true(dissect(len));
	assert_int_equal(d.length, UDP_LENGTH_BEYOND);
	assert_int_equal(d.len, 29);
	assert_int_equal(d.room, 28);
	assert_int_equal(d.payload, 20);
	assert_int_equal(d.sum, UDP_SUM_UNTOLD);
}

static void bytes_behind_the_datagram_are_surplus(void **state)
{
	(void)state;
	udp(4000, 5000, 20);
	set_length(18);
	assert_true(dissect(len));
	assert_int_equal(d.length, UDP_LENGTH_SURPLUS);
	assert_int_equal(d.room - d.len, 10);
	assert_int_equal(d.payload, 10);
}

static void a_length_below_the_headers_own_is_shown_all_the_same(void **state)
{
	(void)state;
	udp(4000, 5000, 20);
	set_length(7);
	assert_true(dissect(len));
	assert_int_equal(d.length, UDP_LENGTH_BELOW_HEADER);
	assert_int_equal(d.from.port, 4000);
	assert_int_equal(d.len, 7);
	assert_int_equal(d.payload, 0);
}

static void a_length_of_zero_reaches_to_the_end(void **state)
{
	(void)state;
	udp(4000, 5000, 20);
	set_length(0);
	assert_true(dissect(len));
	assert_int_equal(d.length, UDP_LENGTH_ZERO);
	assert_int_equal(d.payload, 20);
}

static void every_truncation_is_read_as_far_as_it_goes(void **state)
{
	(void)state;
	udp(4000, 5000, 20);
	for (size_t here = 0; here <= len; here++) {
		uint8_t *exact = exactly(buf, here);
		pkt_dissect(&p, LINKTYPE_RAW, exact, (uint32_t)here, (uint32_t)len);
		assert_int_equal(udp_datagram_from(&d, &p, NULL), here >= 28);
		assert_false(udp_error_from(&e, &p));
		free(exact);
	}
}

static void one_that_was_put_together_has_the_addresses_of_its_pieces(void **state)
{
	struct pkt piece = { .ip_version = 4, .is_fragment = true };
	uint8_t *data = buf + IP4_HEADER_MIN;

	(void)state;
	udp(4000, 5000, 2000);
	piece.frag = (struct pkt_frag){ .id = 1, .proto = IP_PROTO_UDP };
	piece.ip4 = (struct ip4_hdr){ .src = addr("10.0.0.1"), .dst = addr("10.0.0.2") };
	pkt_dissect_datagram(&p, &piece, data, (uint32_t)(len - IP4_HEADER_MIN));
	assert_false(udp_datagram_from(&d, &p, NULL));
	assert_true(udp_datagram_from(&d, &p, &piece));
	assert_int_equal(d.payload, 2000);
	assert_int_equal(d.length, UDP_LENGTH_RIGHT);
	assert_int_equal(d.sum, UDP_SUM_OK);
	assert_memory_equal(d.to.addr, "\x0a\0\0\2", 4);
	set_length(2009);
	pkt_dissect_datagram(&p, &piece, data, (uint32_t)(len - IP4_HEADER_MIN));
	assert_true(udp_datagram_from(&d, &p, &piece));
	assert_int_equal(d.length, UDP_LENGTH_BEYOND);
	assert_int_equal(d.room, 2008);
}

/* VXLAN (RFC 7348): what is inside has addresses of its own. */
static void of_a_tunnel_the_ends_of_the_tunnel_are_told(void **state)
{
	static const uint8_t inside[] = {
		0x08, 0, 0, 0, 0, 0, 7, 0,			/* VXLAN: network 7 */
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00,	/* Ethernet */
		0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0,	/* IPv4, ICMP */
		192, 0, 2, 1, 192, 0, 2, 2, 8, 0, 0, 0, 0, 0, 0, 0 };

	(void)state;
	udp(4000, 4789, sizeof(inside));
	memcpy(buf + len - sizeof(inside), inside, sizeof(inside));
	assert_true(dissect(len));
	assert_memory_equal(d.from.addr, "\x0a\0\0\1", 4);
	assert_int_equal(d.to.port, 4789);
	assert_int_equal(d.payload, sizeof(inside));
	assert_int_equal(d.sum, UDP_SUM_UNTOLD);
}

/* ---- conversations ---------------------------------------------------------------------- */

static bool send(uint64_t frame, uint16_t sport, uint16_t dport, size_t data, uint16_t id)
{
	len = build(buf, sizeof(buf), sport, dport, data, id, true);
	assert_true(dissect(len));
	d.frame = frame;
	d.when = at((double)frame);
	return udpx_datagram(table, &d, &flow);
}

static bool answer(uint64_t frame)
{
	struct udp_datagram back = d;

	back.from = d.to;
	back.to = d.from;
	back.frame = frame;
	back.when = at((double)frame);
	return udpx_datagram(table, &back, &flow);
}

static void datagrams_between_two_endpoints_are_one_flow(void **state)
{
	uint32_t cursor = 0;

	(void)state;
	assert_false(send(1, 4000, 5000, 10, 1));
	assert_false(send(2, 4000, 5000, 20, 2));
	assert_false(answer(3));
	assert_true(udpx_each_flow(table, &cursor, &flow));
	assert_int_equal(flow.end[0].port, 4000);
	assert_int_equal(flow.sent[0].datagrams, 2);
	assert_int_equal(flow.sent[0].bytes, 30);
	assert_int_equal(flow.sent[1].datagrams, 1);
	assert_int_equal(flow.sent[1].bytes, 20);
	assert_int_equal(flow.first_frame, 1);
	assert_int_equal(flow.last_frame, 3);
	assert_false(udpx_each_flow(table, &cursor, &flow));
}

static void assert_next_flow(uint32_t *cursor, uint16_t sport)
{
	assert_true(udpx_each_flow(table, cursor, &flow));
	assert_int_equal(flow.end[0].port, sport);
}

static void flows_come_in_the_order_in_which_they_were_heard_last(void **state)
{
	uint32_t cursor = 0;

	(void)state;
	send(1, 1, 5000, 1, 1);
	send(2, 2, 5000, 1, 1);
	send(3, 3, 5000, 1, 1);
	send(4, 2, 5000, 1, 1);
	assert_next_flow(&cursor, 1);
	assert_next_flow(&cursor, 3);
	assert_next_flow(&cursor, 2);
	assert_false(udpx_each_flow(table, &cursor, &flow));
}

static void when_all_places_are_taken_the_flow_that_was_silent_longest_leaves(void **state)
{
	uint32_t cursor = 0;

	(void)state;
	assert_false(send(1, 1, 5000, 1, 1));
	assert_false(send(2, 2, 5000, 1, 1));
	assert_false(send(3, 3, 5000, 1, 1));
	assert_false(send(4, 1, 5000, 1, 1));
	assert_true(send(5, 4, 5000, 1, 1));
	assert_int_equal(flow.end[0].port, 2);
	assert_next_flow(&cursor, 3);
	assert_next_flow(&cursor, 1);
	assert_next_flow(&cursor, 4);
	assert_false(udpx_each_flow(table, &cursor, &flow));
}

/* ---- errors ----------------------------------------------------------------------------- */

/* ICMP port unreachable from 10.0.0.2, quoting what send() would build, up to `quoted` bytes. */
static bool refuse(uint64_t frame, uint16_t sport, uint16_t dport, size_t data, uint16_t id,
		   size_t quoted)
{
	struct wr w = wr_over(buf, sizeof(buf));
	uint8_t quote[2048];

	(void)build(quote, sizeof(quote), sport, dport, data, id, true);
	ip4_build(&w, &(struct ip4_hdr){ .total_len = (uint16_t)(28 + quoted), .ttl = 64,
					 .proto = IP_PROTO_ICMP, .src = addr("10.0.0.2"),
					 .dst = addr("10.0.0.1") });
	wr_copy(&w, (uint8_t[]){ ICMP4_UNREACHABLE, 3, 0, 0, 0, 0, 0, 0 }, ICMP_HEADER_LEN);
	wr_copy(&w, quote, quoted);
	pkt_dissect(&p, LINKTYPE_RAW, buf, (uint32_t)w.len, (uint32_t)w.len);
	assert_false(udp_datagram_from(&d, &p, NULL));
	if (!udp_error_from(&e, &p))
		return false;
	e.frame = frame;
	e.when = at((double)frame);
	return udpx_error(table, &e);
}

/* Lab 07: nobody listens. */
static void a_port_unreachable_names_the_datagram_that_it_answers(void **state)
{
	uint32_t cursor = 0;

	(void)state;
	send(1, 4000, 5000, 1, 7);
	send(2, 4000, 5001, 1, 8);
	assert_true(refuse(4, 4000, 5000, 1, 7, 28));
	assert_int_equal(e.about_frame, 1);
	assert_true(e.after_ns == 3 * SEC_NS);
	assert_int_equal(e.type, ICMP4_UNREACHABLE);
	assert_int_equal(e.code, 3);
	assert_memory_equal(e.sender, "\x0a\0\0\2", 4);
	assert_true(udpx_each_flow(table, &cursor, &flow));
	assert_int_equal(flow.errors, 1);
	assert_true(udpx_each_flow(table, &cursor, &flow));
	assert_int_equal(flow.errors, 0);
}

static void of_several_the_identification_and_the_length_tell_which(void **state)
{
	(void)state;
	send(1, 4000, 5000, 1, 7);
	send(2, 4000, 5000, 1, 8);
	send(3, 4000, 5000, 2, 8);
	assert_true(refuse(4, 4000, 5000, 1, 8, 28));
	assert_int_equal(e.about_frame, 2);
}

/* Linux numbers datagrams that must not be fragmented all with 0. */
static void of_equal_ones_each_error_takes_the_next(void **state)
{
	(void)state;
	send(1, 4000, 5000, 1, 0);
	send(2, 4000, 5000, 1, 0);
	refuse(3, 4000, 5000, 1, 0, 28);
	assert_int_equal(e.about_frame, 1);
	refuse(4, 4000, 5000, 1, 0, 28);
	assert_int_equal(e.about_frame, 2);
	refuse(5, 4000, 5000, 1, 0, 28);
	assert_int_equal(e.about_frame, 2);
}

static void an_identification_that_was_rewritten_does_not_hide_the_datagram(void **state)
{
	(void)state;
	send(1, 4000, 5000, 1, 7);
	assert_true(refuse(2, 4000, 5000, 1, 99, 28));
	assert_int_equal(e.about_frame, 1);
}

static void a_datagram_long_gone_or_never_seen_is_not_guessed(void **state)
{
	(void)state;
	assert_false(refuse(1, 4000, 5000, 1, 7, 28));
	send(1, 4000, 5000, 1, 7);
	for (unsigned i = 0; i < RECENT; i++)
		send(2 + i, 4000, 5001, 1, 7);
	assert_false(refuse(9, 4000, 5000, 1, 7, 28));
	assert_int_equal(e.about_frame, 0);
	assert_int_equal(e.to.port, 5000);
}

static void a_quote_that_holds_the_ports_alone_is_enough(void **state)
{
	(void)state;
	send(1, 4000, 5000, 1, 7);
	assert_true(refuse(2, 4000, 5000, 1, 7, 24));
	assert_false(e.has_len);
	assert_int_equal(e.about_frame, 1);
	assert_false(refuse(3, 4000, 5000, 1, 7, 20));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(three_sends_are_three_datagrams_and_one_is_empty),
		TEST(a_checksum_is_right_or_wrong_or_absent_or_cannot_be_told),
		TEST(a_length_beyond_the_ip_packet_is_a_lie),
		TEST(bytes_behind_the_datagram_are_surplus),
		TEST(a_length_below_the_headers_own_is_shown_all_the_same),
		TEST(a_length_of_zero_reaches_to_the_end),
		TEST(every_truncation_is_read_as_far_as_it_goes),
		TEST(one_that_was_put_together_has_the_addresses_of_its_pieces),
		TEST(of_a_tunnel_the_ends_of_the_tunnel_are_told),
		TEST(datagrams_between_two_endpoints_are_one_flow),
		TEST(flows_come_in_the_order_in_which_they_were_heard_last),
		TEST(when_all_places_are_taken_the_flow_that_was_silent_longest_leaves),
		TEST(a_port_unreachable_names_the_datagram_that_it_answers),
		TEST(of_several_the_identification_and_the_length_tell_which),
		TEST(of_equal_ones_each_error_takes_the_next),
		TEST(an_identification_that_was_rewritten_does_not_hide_the_datagram),
		TEST(a_datagram_long_gone_or_never_seen_is_not_guessed),
		TEST(a_quote_that_holds_the_ports_alone_is_enough),
	};

	return cmocka_run_group_tests_name("udp_exchange", tests, NULL, NULL);
}
