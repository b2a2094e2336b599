/* ARP exchanges, datagrams in pieces and UDP, as tcpq shows them. */
#include "told.h"

#include "wirelab/packet_view.h"

static char buf[PACKET_VIEW_MAX];

#define SHOWN(call) (t = txt_over(buf, sizeof(buf)), (call), assert_false(t.cut), buf)

/* No line of a view may be wider than a terminal. */
static void assert_narrow(const char *text)
{
	for (const char *line = text; *line; line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		assert_true(len <= 80);
		line += len;
	}
}

/* ---- ARP -------------------------------------------------------------------------------- */

static struct arp_exchange exchange(void)
{
	return (struct arp_exchange){
		.kind = ARPX_QUESTION, .has_addresses = true, .op = ARP_REQUEST,
		.asker_mac = hw("02:00:00:00:00:01"), .asker_ip = addr("10.0.0.1"),
		.asked_ip = addr("10.0.0.2"), .first_frame = 1, .last_frame = 2, .messages = 1,
		.broadcast = 1, .replies = 1, .n_answers = 1, .finding = ARP_F_REQUEST,
		.answer[0] = { .mac = hw("02:00:00:00:00:02"), .frame = 2, .after_ns = 41000,
			       .count = 1, .finding = ARP_F_REPLY } };
}

static void an_arp_exchange_is_one_line_under_a_heading(void **state)
{
	struct arp_exchange x = exchange();
	struct txt t;

	(void)state;
	assert_string_equal(SHOWN(packet_view_arp(&t, NULL)),
			    "frame  asks            for             sent     MAC               "
			    "frame  after");
	assert_string_equal(SHOWN(packet_view_arp(&t, &x)),
			    "1      10.0.0.1        10.0.0.2        1 bcast  02:00:00:00:00:02 "
			    "2      41 us");
	assert_narrow(buf);
}

static void a_second_owner_stands_below_the_first(void **state)
{
	struct arp_exchange x = exchange();
	struct txt t;

	(void)state;
	x.n_answers = 2;
	x.answer[1] = (struct arpx_answer){ .mac = hw("02:00:00:00:00:66"), .frame = 3,
					    .after_ns = ms(52), .count = 1 };
	assert_string_equal(SHOWN(packet_view_arp(&t, &x)),
			    "1      10.0.0.1        10.0.0.2        1 bcast  02:00:00:00:00:02 "
			    "2      41 us\n"
			    "       conflict: answered, too, by              02:00:00:00:00:66 "
			    "3      52 ms");
}

static void a_question_without_an_answer_says_so(void **state)
{
	struct arp_exchange x = exchange();
	struct txt t;

	(void)state;
	x.n_answers = x.replies = 0;
	x.messages = x.broadcast = 3;
	x.first = at(10);
	x.last_request = at(12);
	assert_string_equal(SHOWN(packet_view_arp(&t, &x)),
			    "1      10.0.0.1        10.0.0.2        3 bcast  no answer\n"
			    "       asked 3 times in 2.0 s");
}

static void what_is_odd_about_an_answer_stands_below_it(void **state)
{
	struct arp_exchange x = exchange();
	struct txt t;

	(void)state;
	x.relayed = true;
	x.answer[0].finding = ARP_F_REPLY_RELAYED;
	x.other_owner = true;
	x.other_ip = addr("10.0.0.2");
	x.other_mac = hw("02:00:00:00:00:77");
	(void)SHOWN(packet_view_arp(&t, &x));
	assert_non_null(strstr(buf, "\n       frame 2: the frame's source MAC differs from the "
				    "sender MAC inside"));
	assert_non_null(strstr(buf, "\n       10.0.0.2 was first heard with            "
				    "02:00:00:00:00:77"));
	assert_narrow(buf);
}

static void those_who_ask_nothing_say_what_they_do(void **state)
{
	static const struct { enum arpx_kind kind; const char *row; } told[] = {
		{ ARPX_PROBE, "1      probe           10.0.0.2        1 bcast  no answer\n" },
		{ ARPX_ANNOUNCEMENT, "1      10.0.0.1        announcement    1 bcast  02:00:" },
		{ ARPX_GRATUITOUS_REPLY, "1      10.0.0.1        gratuitous      1 bcast  02:" },
		{ ARPX_UNSOLICITED, "1      10.0.0.1        unasked reply   1 bcast  02:00:" },
		{ ARPX_OTHER, "1      10.0.0.1        operation 3     1 bcast  02:00:00" } };
	struct arp_exchange x = exchange();
	struct txt t;

	(void)state;
	x.n_answers = x.replies = 0;
	x.op = 3;
	for (size_t i = 0; i < LENGTH(told); i++) {
		x.kind = told[i].kind;
		(void)SHOWN(packet_view_arp(&t, &x));
		assert_memory_equal(buf, told[i].row, strlen(told[i].row));
		assert_narrow(buf);
	}
}

static void the_longest_arp_line_still_fits(void **state)
{
	struct arp_exchange x = exchange();
	struct txt t;

	(void)state;
	x.asker_ip = x.asked_ip = x.other_ip = addr("255.255.255.255");
	x.first_frame = x.last_frame = x.answer[0].frame = 999999;
	x.messages = x.broadcast = 60;
	x.unicast = 1;
	x.answer[0].after_ns = 999999999;
	x.other_owner = true;
	for (unsigned f = 0; f < ARP_F_COUNT; f++) {
		x.finding = x.answer[0].finding = (enum arp_finding)f;
		assert_narrow(SHOWN(packet_view_arp(&t, &x)));
	}
}

static void an_arp_exchange_is_one_object(void **state)
{
	struct arp_exchange x = exchange();
	struct txt t;

	(void)state;
	x.first = at(1);
	x.last = at(1.5);
	assert_string_equal(SHOWN(packet_view_arp_json(&t, &x)),
		"{\"type\":\"arp_exchange\",\"kind\":\"question\",\"operation\":1,\"vlan\":null,"
		"\"asker\":\"10.0.0.1\",\"asker_mac\":\"02:00:00:00:00:01\",\"asked\":\"10.0.0.2\","
		"\"first_frame\":1,\"last_frame\":2,\"first_time\":\"1.000000000\","
		"\"last_time\":\"1.500000000\",\"messages\":1,\"broadcast\":1,\"unicast\":0,"
		"\"finding\":null,\"replies\":1,\"answering_macs\":1,\"answers\":[{"
		"\"mac\":\"02:00:00:00:00:02\",\"frame\":2,\"after\":\"0.000041000\",\"replies\":1,"
		"\"finding\":\"reply\"}],\"conflict\":false,\"relayed\":false,"
		"\"other_owner_of\":null,\"other_owner\":null}");
}

static void what_the_link_does_not_tell_is_null(void **state)
{
	struct arp_exchange x = exchange();
	struct txt t;

	(void)state;
	x.broadcast = 0;
	x.has_addresses = false;
	x.kind = ARPX_OTHER;
	(void)SHOWN(packet_view_arp_json(&t, &x));
	assert_non_null(strstr(buf, "\"asker\":null,\"asker_mac\":null,\"asked\":null,"));
	assert_non_null(strstr(buf, "\"broadcast\":null,\"unicast\":null,"));
}

/* ---- fragments -------------------------------------------------------------------------- */

static struct ip_datagram in_pieces(void)
{
	return (struct ip_datagram){
		.key = { .family = 4, .proto = IP_PROTO_UDP, .id = 0xd182,
			 .src = { 10, 55, 0, 1 }, .dst = { 10, 55, 0, 2 } },
		.proto = IP_PROTO_UDP, .state = IPFRAG_WHOLE, .first_frame = 1, .last_frame = 3,
		.whole_frame = 3, .len = 4008, .fragments = 3,
		.piece = { { .frame = 1, .offset = 0, .len = 1480, .more = true },
			   { .frame = 2, .offset = 1480, .len = 1480, .more = true },
			   { .frame = 3, .offset = 2960, .len = 1048 } },
		.content = { .kind = PKT_UDP, .sport = 4000, .dport = 5000 } };
}

/* Lab 11: offsets 0, 1480, 2960, MF 1 1 0, one ID. */
static void the_fragments_stand_below_their_datagram(void **state)
{
	struct ip_datagram d = in_pieces();
	struct txt t;

	(void)state;
	assert_string_equal(SHOWN(packet_view_fragments(&t, NULL)),
			    "proto  id         bytes  state           from > to");
	assert_string_equal(SHOWN(packet_view_fragments(&t, &d)),
			    "UDP    0xd182     4008   whole in 3      10.55.0.1 > 10.55.0.2\n"
			    "  frame 1      offset 0      1480 bytes  MF 1\n"
			    "  frame 2      offset 1480   1480 bytes  MF 1\n"
			    "  frame 3      offset 2960   1048 bytes  MF 0\n"
			    "  carries UDP from port 4000 to 5000");
}

static void what_is_missing_is_said_with_its_place(void **state)
{
	struct ip_datagram d = in_pieces();
	struct txt t;

	(void)state;
	d.state = IPFRAG_INCOMPLETE;
	d.len = 0;
	d.fragments = 1;
	d.n_missing = 2;
	d.missing[0] = (struct ipasm_range){ 1480, 2960 };
	d.missing[1] = (struct ipasm_range){ 4440, IPASM_END_UNKNOWN };
	assert_string_equal(SHOWN(packet_view_fragments(&t, &d)),
			    "UDP    0xd182     -      incomplete      10.55.0.1 > 10.55.0.2\n"
			    "  frame 1      offset 0      1480 bytes  MF 1\n"
			    "  missing      offset 1480   1480 bytes\n"
			    "  missing      offset 4440   to an end that did not come\n"
			    "  carries UDP from port 4000 to 5000");
}

static void what_is_odd_about_a_fragment_stands_behind_it(void **state)
{
	static const struct { struct ipfrag_piece piece; const char *says; } told[] = {
		{ { .again = true }, "MF 0  overlaps" },
		{ { .again = true, .differs = true }, "MF 0  overlaps, and differs" },
		{ { .cut = true }, "MF 0  cut by the capture" },
		{ { .result = IPASM_BAD_LENGTH }, "MF 0  a length that cannot be" },
		{ { .result = IPASM_BAD_END }, "MF 0  contradicts the end" } };
	struct ip_datagram d = in_pieces();
	struct txt t;

	(void)state;
	d.fragments = 1;
	for (size_t i = 0; i < LENGTH(told); i++) {
		d.piece[0] = told[i].piece;
		assert_non_null(strstr(SHOWN(packet_view_fragments(&t, &d)), told[i].says));
		assert_narrow(buf);
	}
}

static void two_long_ipv6_addresses_take_two_lines(void **state)
{
	struct ip_datagram d = in_pieces();
	struct txt t;

	(void)state;
	d.key.family = 6;
	memset(d.key.src, 0xab, sizeof(d.key.src));
	memset(d.key.dst, 0xcd, sizeof(d.key.dst));
	d.whole_frame = 999999;
	(void)SHOWN(packet_view_fragments(&t, &d));
	assert_non_null(strstr(buf, "whole in 999999 abab:abab:abab:abab:abab:abab:abab:abab\n"
				    "                                       > cdcd:"));
	assert_narrow(buf);
}

static void the_largest_datagram_that_is_kept_fits_into_the_buffer(void **state)
{
	struct ip_datagram d = in_pieces();
	struct txt t;

	(void)state;
	d.key.family = 6;
	memset(d.key.src, 0xab, sizeof(d.key.src));
	memset(d.key.dst, 0xcd, sizeof(d.key.dst));
	d.fragments = d.n_missing = UINT32_MAX;
	for (unsigned i = 0; i < IPFRAG_PIECES; i++)
		d.piece[i] = (struct ipfrag_piece){ UINT64_MAX, UINT32_MAX, UINT32_MAX, false,
						    false, false, false, IPASM_BAD_LENGTH };
	for (unsigned i = 0; i < IPFRAG_RANGES; i++)
		d.missing[i] = (struct ipasm_range){ UINT32_MAX - 1, UINT32_MAX - 1 };
	(void)SHOWN(packet_view_fragments_json(&t, &d));
	(void)SHOWN(packet_view_fragments(&t, &d));
	assert_non_null(strstr(buf, "\n  and 4294967231 more fragments\n"));
}

static void a_datagram_in_pieces_is_one_object(void **state)
{
	struct ip_datagram d = in_pieces();
	struct txt t;

	(void)state;
	d.fragments = 1;
	d.state = IPFRAG_INCOMPLETE;
	d.len = 0;
	d.whole_frame = 0;
	d.n_missing = 1;
	d.missing[0] = (struct ipasm_range){ 1480, IPASM_END_UNKNOWN };
	d.first = d.last = at(1);
	assert_string_equal(SHOWN(packet_view_fragments_json(&t, &d)),
		"{\"type\":\"ip_datagram\",\"family\":4,"
		"\"src\":\"10.55.0.1\",\"dst\":\"10.55.0.2\","
		"\"proto\":17,\"id\":53634,\"state\":\"incomplete\",\"atomic\":false,"
		"\"whole_frame\":null,\"length\":null,\"first_frame\":1,\"last_frame\":3,"
		"\"first_time\":\"1.000000000\",\"last_time\":\"1.000000000\",\"overlap\":false,"
		"\"conflict\":false,\"fragment_count\":1,\"fragments\":[{\"frame\":1,\"offset\":0,"
		"\"length\":1480,\"more\":true,\"captured\":true,\"overlap\":false,"
		"\"conflict\":false,\"taken\":true}],\"missing_count\":1,\"missing\":[[1480,null]],"
		"\"carries\":{\"kind\":\"UDP\",\"sport\":4000,\"dport\":5000}}");
}

/* ---- UDP -------------------------------------------------------------------------------- */

static struct udp_datagram datagram(void)
{
	return (struct udp_datagram){ .when = at(10.000132), .frame = 4, .fragments = 1,
				      .family = 4,
				      .from = { { 10, 0, 0, 1 }, 40000 },
				      .to = { { 10, 0, 0, 2 }, 5000 }, .len = 9, .room = 9,
				      .payload = 1, .sum = UDP_SUM_OK };
}

static void a_datagram_is_one_line_under_a_heading(void **state)
{
	struct udp_datagram d = datagram();
	struct txt t;

	(void)state;
	assert_string_equal(SHOWN(packet_view_udp(&t, NULL, at(0))),
			    "frame  time       from                  to                    length "
			    "data   sum");
	assert_string_equal(SHOWN(packet_view_udp(&t, &d, at(10))),
			    "4      0.000132   10.0.0.1:40000        10.0.0.2:5000         9      "
			    "1      ok");
}

static void an_empty_datagram_is_called_empty(void **state)
{
	struct udp_datagram d = datagram();
	struct txt t;

	(void)state;
	d.len = 8;
	d.payload = 0;
	d.sum = UDP_SUM_UNTOLD;
	assert_non_null(strstr(SHOWN(packet_view_udp(&t, &d, at(10))), "  8      empty  -"));
}

static void what_a_length_hides_stands_below(void **state)
{
	struct udp_datagram d = datagram();
	struct txt t;

	(void)state;
	d.fragments = 3;
	d.length = UDP_LENGTH_BEYOND;
	(void)SHOWN(packet_view_udp(&t, &d, at(10)));
	assert_non_null(strstr(buf, "\n                  put together from 3 fragments\n"
				    "                  the length lies: "
				    "the IP packet holds 9 bytes"));
	d.length = UDP_LENGTH_SURPLUS;
	d.len = 8;
	assert_non_null(strstr(SHOWN(packet_view_udp(&t, &d, at(10))),
			       "1 byte behind the datagram that UDP does not count"));
}

static void a_long_ipv6_endpoint_takes_a_line_and_the_columns_stay(void **state)
{
	struct udp_datagram d = datagram();
	struct txt t;

	(void)state;
	d.family = 6;
	memset(d.from.addr, 0xab, sizeof(d.from.addr));
	memset(d.to.addr, 0xcd, sizeof(d.to.addr));
	d.from.port = d.to.port = 65535;
	assert_string_equal(SHOWN(packet_view_udp(&t, &d, at(10))),
			    "4      0.000132   [abab:abab:abab:abab:abab:abab:abab:abab]:65535\n"
			    "       > [cdcd:cdcd:cdcd:cdcd:cdcd:cdcd:cdcd:cdcd]:65535      9      "
			    "1      ok");
	assert_narrow(buf);
}

static void the_longest_line_of_a_datagram_still_fits(void **state)
{
	struct udp_datagram d = datagram();
	struct txt t;

	(void)state;
	memset(d.from.addr, 255, 4);
	memset(d.to.addr, 255, 4);
	d.from.port = d.to.port = d.len = 65535;
	d.payload = 65527;
	d.sum = UDP_SUM_NONE;
	d.frame = 999999;
	d.when = at(1234567.25);
	assert_string_equal(SHOWN(packet_view_udp(&t, &d, at(0))),
			    "999999 1234567.25 255.255.255.255:65535 255.255.255.255:65535 65535  "
			    "65527  none");
	assert_narrow(buf);
}

static struct udp_error error(void)
{
	return (struct udp_error){ .when = at(10.002), .frame = 6, .family = 4,
				   .type = ICMP4_UNREACHABLE, .code = 3,
				   .sender = { 10, 0, 0, 2 }, .receiver = { 10, 0, 0, 1 },
				   .from = { { 10, 0, 0, 1 }, 40000 },
				   .to = { { 10, 0, 0, 2 }, 5000 }, .about_frame = 5,
				   .after_ns = 1505000 };
}

static void an_error_names_the_datagram_that_it_is_about(void **state)
{
	struct udp_error e = error();
	struct txt t;

	(void)state;
	assert_string_equal(SHOWN(packet_view_udp_error(&t, &e, at(10))),
			    "6      0.002000   10.0.0.2              10.0.0.1\n"
			    "                  ICMP port unreachable\n"
			    "                  about the datagram in frame 5, after 1.505 ms");
	e.about_frame = 0;
	assert_non_null(strstr(SHOWN(packet_view_udp_error(&t, &e, at(10))),
			       "\n                  about a datagram that was not seen, from\n"
			       "                  10.0.0.1:40000 to\n"
			       "                  10.0.0.2:5000"));
}

static void every_error_has_its_name_or_its_numbers(void **state)
{
	struct udp_error e = error();
	struct txt t;

	(void)state;
	assert_string_equal(packet_view_icmp_error(4, 3, 4), "fragmentation needed");
	assert_string_equal(packet_view_icmp_error(4, 3, 200), "unreachable");
	assert_string_equal(packet_view_icmp_error(4, 11, 0), "time to live exceeded");
	assert_string_equal(packet_view_icmp_error(6, 1, 4), "port unreachable");
	assert_string_equal(packet_view_icmp_error(6, 2, 0), "packet too big");
	assert_string_equal(packet_view_icmp_error(6, 3, 1), "fragments missing for too long");
	assert_null(packet_view_icmp_error(4, 99, 0));
	e.type = 99;
	e.mtu = 1280;
	assert_non_null(strstr(SHOWN(packet_view_udp_error(&t, &e, at(0))),
			       "ICMP type 99 code 3, MTU 1280"));
	for (unsigned i = 0; i < 512; i++) {
		e.family = i & 256 ? 6 : 4;
		e.type = (uint8_t)(i & 255);
		memset(e.sender, 0xab, sizeof(e.sender));
		memset(e.receiver, 0xab, sizeof(e.receiver));
		assert_narrow(SHOWN(packet_view_udp_error(&t, &e, at(0))));
	}
}

static void a_flow_is_one_line_with_both_ways(void **state)
{
	struct udp_flow f = { .family = 4, .end = { { { 10, 0, 0, 1 }, 40000 },
						    { { 10, 0, 0, 2 }, 5000 } },
			      .first_frame = 1, .last_frame = 9, .first = at(1), .last = at(2),
			      .sent = { { 3, 3 }, { 1, 2500000 } }, .errors = 1 };
	struct txt t;

	(void)state;
	assert_string_equal(SHOWN(packet_view_udp_flow(&t, NULL)),
			    "from                  to                          sent  bytes  back  "
			    "bytes  ICMP");
	assert_string_equal(SHOWN(packet_view_udp_flow(&t, &f)),
			    "10.0.0.1:40000        10.0.0.2:5000               3     3      1     "
			    "2.5M   1");
	assert_narrow(buf);
}

static void datagrams_errors_and_flows_are_objects(void **state)
{
	struct udp_datagram d = datagram();
	struct udp_error e = error();
	struct udp_flow f = { .family = 6, .end = { { { 0 }, 1 }, { { [15] = 1 }, 2 } },
			      .first_frame = 1, .last_frame = 9, .first = at(1), .last = at(2),
			      .sent = { { 3, 30 }, { 1, 10 } }, .errors = 1 };
	struct txt t;

	(void)state;
	d.sum = UDP_SUM_UNTOLD;
	assert_string_equal(SHOWN(packet_view_udp_json(&t, &d)),
		"{\"type\":\"udp\",\"frame\":4,\"time\":\"10.000132000\","
		"\"from\":[\"10.0.0.1\",40000],"
		"\"to\":[\"10.0.0.2\",5000],\"length\":9,\"payload\":1,\"length_field\":\"right\","
		"\"checksum\":null,\"fragments\":1}");
	assert_string_equal(SHOWN(packet_view_udp_error_json(&t, &e)),
		"{\"type\":\"udp_error\",\"frame\":6,\"time\":\"10.002000000\","
		"\"sender\":\"10.0.0.2\","
		"\"receiver\":\"10.0.0.1\",\"icmp_type\":3,\"icmp_code\":3,"
		"\"says\":\"port unreachable\",\"mtu\":null,\"from\":[\"10.0.0.1\",40000],"
		"\"to\":[\"10.0.0.2\",5000],\"datagram_frame\":5,\"after\":\"0.001505000\"}");
	assert_string_equal(SHOWN(packet_view_udp_flow_json(&t, &f)),
		"{\"type\":\"udp_flow\",\"a\":[\"::\",1],\"b\":[\"::1\",2],\"first_frame\":1,"
		"\"last_frame\":9,\"first_time\":\"1.000000000\",\"last_time\":\"2.000000000\","
		"\"ab\":{\"datagrams\":3,\"bytes\":30},\"ba\":{\"datagrams\":1,\"bytes\":10},"
		"\"icmp_errors\":1}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arp_exchange_is_one_line_under_a_heading),
		cmocka_unit_test(a_second_owner_stands_below_the_first),
		cmocka_unit_test(a_question_without_an_answer_says_so),
		cmocka_unit_test(what_is_odd_about_an_answer_stands_below_it),
		cmocka_unit_test(those_who_ask_nothing_say_what_they_do),
		cmocka_unit_test(the_longest_arp_line_still_fits),
		cmocka_unit_test(an_arp_exchange_is_one_object),
		cmocka_unit_test(what_the_link_does_not_tell_is_null),
		cmocka_unit_test(the_fragments_stand_below_their_datagram),
		cmocka_unit_test(what_is_missing_is_said_with_its_place),
		cmocka_unit_test(what_is_odd_about_a_fragment_stands_behind_it),
		cmocka_unit_test(two_long_ipv6_addresses_take_two_lines),
		cmocka_unit_test(the_largest_datagram_that_is_kept_fits_into_the_buffer),
		cmocka_unit_test(a_datagram_in_pieces_is_one_object),
		cmocka_unit_test(a_datagram_is_one_line_under_a_heading),
		cmocka_unit_test(an_empty_datagram_is_called_empty),
		cmocka_unit_test(what_a_length_hides_stands_below),
		cmocka_unit_test(a_long_ipv6_endpoint_takes_a_line_and_the_columns_stay),
		cmocka_unit_test(the_longest_line_of_a_datagram_still_fits),
		cmocka_unit_test(an_error_names_the_datagram_that_it_is_about),
		cmocka_unit_test(every_error_has_its_name_or_its_numbers),
		cmocka_unit_test(a_flow_is_one_line_with_both_ways),
		cmocka_unit_test(datagrams_errors_and_flows_are_objects),
	};

	return cmocka_run_group_tests_name("packet_view", tests, NULL, NULL);
}
