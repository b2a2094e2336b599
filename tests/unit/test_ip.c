/* ip4.h, ip6.h, icmp.h, udp.h: the headers around a segment */
#include "told.h"

#include "libnet_bytes.h"
#include "wirelab/icmp.h"
#include "wirelab/ip4.h"
#include "wirelab/ip6.h"
#include "wirelab/udp.h"

/* clang-format off */
/* 192.0.2.1 > 192.0.2.2, UDP, 4 bytes of data; options: router alert (RFC 2113) */
static const uint8_t alert[24] = {
	0x46, 0x00, 0x00, 0x24, 0x12, 0x34, 0x40, 0x00,
	0x40, 0x11, 0x0f, 0x8d,
	192, 0, 2, 1,  192, 0, 2, 2,
	0x94, 0x04, 0x00, 0x00,
};
/* 2001:db8::1 > 2001:db8::2, traffic class 0xb8, flow label 0xabcde, TCP, hop limit 64 */
static const uint8_t six[40] = {
	0x6b, 0x8a, 0xbc, 0xde, 0x00, 0x14, 6, 64,
	0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 1,
	0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 2,
};
/* clang-format on */

static enum verdict parse4(const void *bytes, size_t len, struct ip4_hdr *h, size_t *left)
{
	uint8_t *p = exactly(bytes, len);
	struct rd r = rd_over(p, len);
	enum verdict v = ip4_parse_header(&r, h);

	*left = r.left;
	free(p);
	return v;
}

static void a_header_with_options_is_read_whole_and_its_sum_is_right(void **state)
{
	struct ip4_hdr h;
	size_t left;

	(void)state;
	assert_int_equal(parse4(alert, sizeof(alert), &h, &left), V_OK);
	assert_int_equal(left, 0);
	assert_int_equal(h.header_len, 24);
	assert_int_equal(h.total_len, 36);
	assert_int_equal(h.id, 0x1234);
	assert_true(h.dont_fragment && !h.more_fragments && !h.reserved);
	assert_false(ip4_is_fragment(&h));
	assert_int_equal(h.ttl, 64);
	assert_int_equal(h.proto, IP_PROTO_UDP);
	assert_ip(h.src, addr("192.0.2.1"));
	assert_ip(h.dst, addr("192.0.2.2"));
	assert_int_equal(ip4_check(alert, sizeof(alert)), V_OK);
	for (size_t len = 0; len < sizeof(alert); len++)
		assert_int_equal(parse4(alert, len, &h, &left), V_SHORT);
}

static void a_header_that_contradicts_itself_is_refused(void **state)
{
	static const struct { size_t at; uint8_t value; enum verdict verdict; } wrong[] = {
		{ 0, 0x66, V_VALUE }, { 0, 0x06, V_VALUE }, { 0, 0x40, V_LENGTH },
		{ 0, 0x44, V_LENGTH }, { 3, 0x17, V_LENGTH }, { 0, 0x47, V_SHORT },
		{ 0, 0x4f, V_LENGTH },		/* 60 bytes of header in 36 of packet */
		{ 3, 0x00, V_OK },		/* offload has not filled it in */
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		uint8_t bytes[24];
		struct ip4_hdr h;
		size_t left;
		memcpy(bytes, alert, sizeof(bytes));
		bytes[wrong[i].at] = wrong[i].value;
		assert_int_equal(parse4(bytes, sizeof(bytes), &h, &left), wrong[i].verdict);
	}
}

static void draw4(struct chance *c, struct ip4_hdr *h)
{
	*h = (struct ip4_hdr){ .header_len = 20 };
	h->tos = (uint8_t)chance_next(c);
	h->total_len = (uint16_t)(20 + chance_below(c, 60000));
	h->id = (uint16_t)chance_next(c);
	h->dont_fragment = chance_below(c, 2);
	h->more_fragments = chance_below(c, 2);
	h->reserved = chance_below(c, 2);
	h->frag_offset = (uint16_t)(chance_below(c, 8192) * 8);
	h->ttl = (uint8_t)chance_next(c);
	h->proto = (uint8_t)chance_next(c);
	chance_fill(c, h->src.b, 4);
	chance_fill(c, h->dst.b, 4);
}

static void what_is_built_sums_up_and_is_read_the_same(void **state)
{
	struct chance c = { 11 };

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		uint8_t bytes[20], again[20];
		struct wr w = wr_over(bytes, sizeof(bytes)), w2 = wr_over(again, sizeof(again));
		struct ip4_hdr h, read;
		size_t left;
		draw4(&c, &h);
		ip4_build(&w, &h);
		assert_true(wr_ok(&w) && w.len == 20);
		assert_int_equal(ip4_check(bytes, 20), V_OK);
		assert_int_equal(parse4(bytes, 20, &read, &left), V_OK);
		ip4_build(&w2, &read);
		assert_memory_equal(bytes, again, 20);
		h.checksum = read.checksum;
		assert_int_equal(read.frag_offset, h.frag_offset);
		assert_true(read.reserved == h.reserved && read.tos == h.tos);
		bytes[chance_below(&c, 20)] ^= (uint8_t)(1 + chance_below(&c, 255));
		assert_int_equal(ip4_check(bytes, 20), V_CHECKSUM);
	}
}

static void libnet_builds_the_same_udp_packets(void **state)
{
	struct chance c = { 12 };
	uint8_t data[64];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t ours[128], theirs[128];
		struct wr w = wr_over(ours, sizeof(ours));
		size_t len = chance_below(&c, sizeof(data));
		struct ip4_hdr ip;
		struct udp_hdr udp = { .sport = (uint16_t)chance_next(&c),
				       .dport = (uint16_t)chance_next(&c),
				       .len = (uint16_t)(8 + len) };
		chance_fill(&c, data, len);
		draw4(&c, &ip);
		ip.proto = IP_PROTO_UDP;
		ip.more_fragments = false;
		ip.frag_offset = 0;
		ip.total_len = (uint16_t)(28 + len);
		ip4_build(&w, &ip);
		udp_build(&w, &udp);
		wr_copy(&w, data, len);
		udp_seal4(ours + 20, 8 + len, ip.src, ip.dst);
		assert_int_equal(udp_check4(ours + 20, 8 + len, ip.src, ip.dst), V_OK);
		assert_int_equal(libnet_bytes_udp4(theirs, sizeof(theirs), &ip, &udp, data, len),
				 w.len);
		assert_memory_equal(ours, theirs, w.len);
	}
}

static void an_ip6_header_is_read_and_built_again_to_the_byte(void **state)
{
	uint8_t again[40];
	struct wr w = wr_over(again, sizeof(again));
	struct ip6_hdr h;
	char text[IP6_STRLEN];

	(void)state;
	for (size_t len = 0; len <= sizeof(six); len++) {
		uint8_t *p = exactly(six, len);
		struct rd r = rd_over(p, len);
		assert_int_equal(ip6_parse_header(&r, &h), len < 40 ? V_SHORT : V_OK);
		free(p);
	}
	assert_int_equal(h.traffic_class, 0xb8);
	assert_int_equal(h.flow_label, 0xabcde);
	assert_int_equal(h.payload_len, 20);
	assert_int_equal(h.next, IP_PROTO_TCP);
	assert_int_equal(h.hop_limit, 64);
	assert_string_equal(ip6_format(h.dst, text), "2001:db8::2");
	ip6_build(&w, &h);
	assert_memory_equal(again, six, sizeof(six));
	again[0] = 0x45;
	struct rd r = rd_over(again, sizeof(again));
	assert_int_equal(ip6_parse_header(&r, &h), V_VALUE);
}

static enum verdict ext(uint8_t proto, const void *bytes, size_t len, struct ip6_ext *e)
{
	uint8_t *p = exactly(bytes, len);
	struct rd r = rd_over(p, len);
	enum verdict v = ip6_parse_ext(&r, proto, e);

	if (v == V_OK)
		assert_int_equal(len - r.left, e->len);
	free(p);
	return v;
}

static void each_extension_header_counts_its_length_in_its_own_way(void **state)
{
	static const struct { uint8_t proto, field; size_t len; enum verdict verdict; } kind[] = {
		{ IP_PROTO_HOPOPT, 0, 8, V_OK }, { IP_PROTO_DSTOPTS, 2, 24, V_OK },
		{ IP_PROTO_ROUTING, 255, 2048, V_OK }, { IP_PROTO_FRAGMENT, 77, 8, V_OK },
		{ IP_PROTO_AH, 4, 24, V_OK }, { IP_PROTO_AH, 0, 8, V_LENGTH },
		{ IP_PROTO_MOBILITY, 1, 16, V_OK }, { IP_PROTO_ESP, 0, 8, V_UNSUPPORTED },
		{ IP_PROTO_TCP, 0, 8, V_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(kind); i++) {
		uint8_t bytes[2048] = { IP_PROTO_TCP, kind[i].field };
		struct ip6_ext e = { .next = 0 };
		assert_int_equal(ext(kind[i].proto, bytes, kind[i].len, &e), kind[i].verdict);
		if (kind[i].verdict != V_OK)
			continue;
		assert_int_equal(e.next, IP_PROTO_TCP);
		for (size_t len = 0; len < kind[i].len; len++)
			assert_int_equal(ext(kind[i].proto, bytes, len, &e), V_SHORT);
	}
}

static void extension_headers_tell_fragments_detours_and_jumbograms(void **state)
{
	/* clang-format off */
	static const uint8_t piece[8] = { 17, 0, 0x05, 0xa9, 0xde, 0xad, 0xbe, 0xef };
	static const uint8_t jumbo[8] = { 6, 0, 0xc2, 4, 0, 1, 0, 8 };
	static const uint8_t runs_out[8] = { 6, 0, 5, 200, 0, 0, 0, 0 };
	static const uint8_t cut_jumbo[8] = { 6, 0, 1, 2, 0, 0, 0xc2, 4 };
	/* type 0, one segment left, two addresses */
	static const uint8_t detour[40] = {
		6, 4, 0, 1, 0, 0, 0, 0,
		0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	};
	/* clang-format on */
	struct ip6_ext e;
	char text[IP6_STRLEN];
	uint8_t arrived[40];

	(void)state;
	assert_int_equal(ext(IP_PROTO_FRAGMENT, piece, 8, &e), V_OK);
	assert_int_equal(e.frag_offset, 1448);
	assert_true(e.more_fragments);
	assert_true(e.id == 0xdeadbeef);
	assert_int_equal(ext(IP_PROTO_HOPOPT, jumbo, 8, &e), V_OK);
	assert_int_equal(e.jumbo_len, 65544);
	assert_int_equal(ext(IP_PROTO_HOPOPT, cut_jumbo, 8, &e), V_OK);
	assert_int_equal(e.jumbo_len, 0);
	assert_int_equal(ext(IP_PROTO_HOPOPT, runs_out, 8, &e), V_OK);
	assert_int_equal(e.jumbo_len, 0);
	assert_int_equal(ext(IP_PROTO_ROUTING, detour, 40, &e), V_OK);
	assert_true(e.has_final);
	assert_string_equal(ip6_format(e.final, text), "fd00::2");
	memcpy(arrived, detour, sizeof(arrived));
	arrived[2] = 4;		/* RFC 8754: the last segment stands first */
	assert_int_equal(ext(IP_PROTO_ROUTING, arrived, 40, &e), V_OK);
	assert_string_equal(ip6_format(e.final, text), "fd00::1");
	arrived[3] = 0;
	assert_int_equal(ext(IP_PROTO_ROUTING, arrived, 40, &e), V_OK);
	assert_false(e.has_final);
	assert_int_equal(ext(IP_PROTO_ROUTING, (uint8_t[8]){ 6, 0, 0, 1 }, 8, &e), V_OK);
	assert_false(e.has_final);
}

static void icmp_errors_quote_and_tell_the_mtu_of_the_next_hop(void **state)
{
	static const struct { bool v6; uint8_t bytes[8]; bool quotes; uint32_t mtu; } kind[] = {
		{ false, { 3, 4, 0, 0, 0, 0, 0x02, 0x40 }, true, 576 },
		{ false, { 3, 4, 0, 0, 0, 0, 0, 0 }, true, 0 },		/* before RFC 1191 */
		{ false, { 3, 1, 0, 0, 0, 0, 0x02, 0x40 }, true, 0 },
		{ false, { 11, 0 }, true, 0 }, { false, { 5, 1 }, true, 0 },
		{ false, { 8, 0 }, false, 0 }, { false, { 0, 0 }, false, 0 },
		{ true, { 2, 0, 0, 0, 0, 0, 0x05, 0x00 }, true, 1280 },
		{ true, { 1, 4 }, true, 0 }, { true, { 128, 0 }, false, 0 },
		{ true, { 135, 0 }, false, 0 }, { true, { 5, 0 }, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(kind); i++)
		for (size_t len = 0; len <= 8; len++) {
			uint8_t *p = exactly(kind[i].bytes, len);
			struct rd r = rd_over(p, len);
			struct icmp_hdr h = { .type = 77 };
			enum verdict v = kind[i].v6 ? icmp6_parse(&r, &h) : icmp4_parse(&r, &h);
			assert_int_equal(v, len < 8 ? V_SHORT : V_OK);
			assert_int_equal(h.type, len < 8 ? 77 : kind[i].bytes[0]);
			if (v == V_OK)
				assert_true(h.quotes == kind[i].quotes && h.mtu == kind[i].mtu);
			free(p);
		}
}

static void a_datagram_is_read_and_its_length_has_a_minimum(void **state)
{
	uint8_t bytes[8] = { 0x04, 0x00, 0x00, 0x35, 0, 8, 0xab, 0xcd }, again[8];

	(void)state;
	for (size_t len = 0; len <= 8; len++) {
		uint8_t *p = exactly(bytes, len);
		struct rd r = rd_over(p, len);
		struct udp_hdr h;
		struct wr w = wr_over(again, sizeof(again));
		assert_int_equal(udp_parse(&r, &h), len < 8 ? V_SHORT : V_OK);
		if (len == 8) {
			assert_int_equal(h.dport, 53);
			udp_build(&w, &h);
			assert_memory_equal(again, bytes, 8);
		}
		free(p);
	}
	for (uint8_t len = 0; len < 8; len++) {
		struct rd r = rd_over(bytes, 8);
		struct udp_hdr h;
		bytes[5] = len;
		assert_int_equal(udp_parse(&r, &h), len ? V_LENGTH : V_OK);
	}
}

/* RFC 768: an all zero field says that nothing was summed, so a sum of zero is sent as ones. */
static void rfc768_no_checksum_is_no_error_over_ip4_and_one_over_ip6(void **state)
{
	uint8_t d[10] = { 0x04, 0x00, 0x00, 0x35, 0, 10, 0, 0, 0, 0 };
	struct ip4 a = addr("192.0.2.1"), b = addr("192.0.2.2");
	struct ip6 z = { { 0 } };

	(void)state;
	assert_int_equal(udp_check4(d, 10, a, b), V_OK);
	assert_int_equal(udp_check6(d, 10, z, z), V_CHECKSUM);
	udp_seal6(d, 10, z, z);
	assert_int_equal(udp_check6(d, 10, z, z), V_OK);
	udp_seal4(d, 10, a, b);
	assert_int_equal(udp_check4(d, 10, a, b), V_OK);
	/* data that makes the sum zero */
	d[8] = d[6];
	d[9] = d[7];
	udp_seal4(d, 10, a, b);
	assert_int_equal(d[6] << 8 | d[7], 0xffff);
	assert_int_equal(udp_check4(d, 10, a, b), V_OK);
	d[9] ^= 1;
	assert_int_equal(udp_check4(d, 10, a, b), V_CHECKSUM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_with_options_is_read_whole_and_its_sum_is_right),
		cmocka_unit_test(a_header_that_contradicts_itself_is_refused),
		cmocka_unit_test(what_is_built_sums_up_and_is_read_the_same),
		cmocka_unit_test(libnet_builds_the_same_udp_packets),
		cmocka_unit_test(an_ip6_header_is_read_and_built_again_to_the_byte),
		cmocka_unit_test(each_extension_header_counts_its_length_in_its_own_way),
		cmocka_unit_test(extension_headers_tell_fragments_detours_and_jumbograms),
		cmocka_unit_test(icmp_errors_quote_and_tell_the_mtu_of_the_next_hop),
		cmocka_unit_test(a_datagram_is_read_and_its_length_has_a_minimum),
		cmocka_unit_test(rfc768_no_checksum_is_no_error_over_ip4_and_one_over_ip6),
	};

	return cmocka_run_group_tests_name("ip", tests, NULL, NULL);
}
