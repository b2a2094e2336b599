/* addr.h: addresses, their text, and runs of them */
#include "told.h"

#include <arpa/inet.h>

#include "wirelab/addr.h"

static void an_address_is_typed_counted_and_shown_again(void **state)
{
	struct ip4_range net;
	struct mac m;
	char text[IP4_STRLEN], mactext[MAC_STRLEN];

	(void)state;
	assert_true(ip4_range_parse("192.168.1.77/24", &net));
	assert_int_equal(ip4_range_count(net), 256);
	assert_string_equal(ip4_format(ip4_from_number(net.first), text), "192.168.1.0");
	assert_string_equal(ip4_format(ip4_from_number(net.last), text), "192.168.1.255");
	assert_true(ip4_parse("192.168.1.77", &(struct ip4){ { 0 } }));

	assert_true(mac_parse("02-AB-cd-00-00-fF", &m));
	assert_string_equal(mac_format(m, mactext), "02:ab:cd:00:00:ff");
	assert_true(mac_is_local(m));
	assert_false(mac_is_group(m));
}

static void every_octet_survives_the_way_to_text_and_back(void **state)
{
	char text[IP4_STRLEN], mactext[MAC_STRLEN];

	(void)state;
	for (unsigned v = 0; v < 256; v++) {
		uint8_t b = (uint8_t)v;
		struct ip4 a = { { b, (uint8_t)~b, (uint8_t)(b * 7), b ^ 1 } };
		struct mac m = { { b, 0, (uint8_t)~b, 9, (uint8_t)(b * 3), 255 } };
		assert_ip(addr(ip4_format(a, text)), a);
		assert_mac(hw(mac_format(m, mactext)), m);
		assert_ip(ip4_from_number(ip4_number(a)), a);
	}
}

static void what_is_not_exactly_an_ip4_address_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5", "1..2.3",
		"256.1.1.1", "1.2.3.256", "1.2.3.04", "01.2.3.4", "00.0.0.0", "1.2.3.4 ",
		" 1.2.3.4", "+1.2.3.4", "-1.2.3.4", "1.2.3.0x4", "1.2.3.4\n",
		"99999999999999999999.1.1.1",
		"a.b.c.d", "1.2.3.4/24", "4294967296.0.0.0",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		struct ip4 a = { { 9, 9, 9, 9 } };
		assert_false(ip4_parse(wrong[i], &a));
		assert_ip(a, ((struct ip4){ { 9, 9, 9, 9 } }));
	}
}

static void what_is_not_exactly_a_mac_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "0", "02", "02:", "02:00:00:00:00", "02:00:00:00:00:", "02:00:00:00:00:0",
		"02:00:00:00:00:000", "02:00:00:00:00:00:", "02:00:00-00:00:00",
		"02-00:00:00:00:00", "020000000000", "0:2:00:00:00:00", "g2:00:00:00:00:00",
		"02:00:00:00:00:0g", " 02:00:00:00:00:00", "02:00:00:00:00:00 ",
		"02.00.00.00.00.00",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		uint8_t *s = exactly(wrong[i], strlen(wrong[i]) + 1);
		struct mac m = { { 9 } };
		assert_false(mac_parse((const char *)s, &m));
		assert_mac(m, ((struct mac){ { 9 } }));
		free(s);
	}
}

static void a_range_is_a_prefix_two_ends_or_one_address(void **state)
{
	static const struct { const char *text, *first, *last; } right[] = {
		{ "10.0.0.1", "10.0.0.1", "10.0.0.1" },
		{ "10.0.0.1/32", "10.0.0.1", "10.0.0.1" },
		{ "10.0.0.1/31", "10.0.0.0", "10.0.0.1" },
		{ "10.9.8.7/8", "10.0.0.0", "10.255.255.255" },
		{ "1.2.3.4/0", "0.0.0.0", "255.255.255.255" },
		{ "10.0.0.1-9", "10.0.0.1", "10.0.0.9" },
		{ "10.0.0.1-10.0.1.9", "10.0.0.1", "10.0.1.9" },
		{ "10.0.0.1-10.0.0.1", "10.0.0.1", "10.0.0.1" },
		{ "10.0.0.0-0", "10.0.0.0", "10.0.0.0" },
		{ "0.0.0.0-255.255.255.255", "0.0.0.0", "255.255.255.255" },
	};
	static const char *const wrong[] = {
		"", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/08", "10.0.0.1/8 ",
		"10.0.0/8", "10.0.0.1-", "10.0.0.9-1", "10.0.1.0-10.0.0.0", "10.0.0.1-256",
		"10.0.0.1-01", "10.0.0.1-2-3", "10.0.0.1 - 9", "10.0.0.1,9",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(right); i++) {
		struct ip4_range r;
		assert_true(ip4_range_parse(right[i].text, &r));
		assert_int_equal(r.first, ip4_number(addr(right[i].first)));
		assert_int_equal(r.last, ip4_number(addr(right[i].last)));
	}
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		struct ip4_range r = { 5, 7 };
		assert_false(ip4_range_parse(wrong[i], &r));
		assert_true(r.first == 5 && r.last == 7);
	}
}

static void a_prefix_holds_two_to_the_power_of_its_host_bits(void **state)
{
	(void)state;
	for (unsigned len = 0; len <= 32; len++) {
		struct ip4_range r = ip4_prefix(addr("203.0.113.77"), len);
		assert_true(ip4_range_count(r) == UINT64_C(1) << (32 - len));
		assert_true(r.first % ip4_range_count(r) == 0);
		assert_true(r.first <= ip4_number(addr("203.0.113.77")));
		assert_true(r.last >= ip4_number(addr("203.0.113.77")));
	}
}

static void kinds_of_addresses_are_told_by_their_bits(void **state)
{
	(void)state;
	assert_true(mac_is_group(hw("01:00:5e:00:00:01")));
	assert_true(mac_is_group(MAC_BROADCAST));
	assert_true(mac_is_broadcast(MAC_BROADCAST));
	assert_false(mac_is_broadcast(hw("ff:ff:ff:ff:ff:fe")));
	assert_true(mac_is_zero(MAC_ZERO));
	assert_false(mac_is_local(hw("00:1b:21:00:00:01")));
	assert_true(ip4_is_unspecified(addr("0.0.0.0")));
	assert_true(ip4_is_multicast(addr("224.0.0.1")));	/* RFC 5771 */
	assert_true(ip4_is_multicast(addr("239.255.255.255")));
	assert_false(ip4_is_multicast(addr("240.0.0.1")));
	assert_false(ip4_is_multicast(addr("223.255.255.255")));
}

static struct ip6 addr6(const char *text)
{
	struct ip6 a = { { 0 } };

	assert_true(ip6_parse(text, &a));
	return a;
}

static void rfc5952_an_ip6_address_has_one_text_however_it_was_written(void **state)
{
	static const struct { const char *written, *shown; } same[] = {
		{ "2001:db8::1", "2001:db8::1" },
		{ "2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },	/* 4.2.3: the first */
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },		/* 4.2.3: the longest */
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },	/* 4.2.2: not one alone */
		{ "::", "::" }, { "::1", "::1" }, { "1::", "1::" },
		{ "0:0:0:0:0:0:0:0", "::" }, { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" }, { "fe80::ABCD", "fe80::abcd" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },		/* 5 */
		{ "::ffff:c000:201", "::ffff:192.0.2.1" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
		{ "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
	};
	char text[IP6_STRLEN];

	(void)state;
	for (size_t i = 0; i < LENGTH(same); i++)
		assert_string_equal(ip6_format(addr6(same[i].written), text), same[i].shown);
}

static void what_is_not_exactly_an_ip6_address_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", ":", ":::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "::1:",
		"1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4::5:6:7:8", "12345::", "g::", "::1 ",
		" ::1", "::1%eth0", "1.2.3.4", "::1.2.3", "::1.2.3.4:5", "::256.0.0.1",
		"::01.2.3.4",
		"1:2:3:4:5:6:7:1.2.3.4", ":1::", "fe80::1/64", "0x1::", "1:2:3:4:5:6:7:8::",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		uint8_t *s = exactly(wrong[i], strlen(wrong[i]) + 1);
		struct ip6 a = { { 9 } };
		assert_false(ip6_parse((const char *)s, &a));
		assert_int_equal(a.b[0], 9);
		free(s);
	}
}

/* Sparse addresses, so that runs of zeros of every length occur at every place. */
static void every_ip6_address_survives_the_way_to_text_and_back(void **state)
{
	struct chance c = { 8 };
	char text[IP6_STRLEN], theirs[INET6_ADDRSTRLEN];

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		struct ip6 a;
		chance_fill(&c, a.b, sizeof(a.b));
		for (size_t g = 0; g < 8; g++)
			if (chance_below(&c, 2))
				a.b[2 * g] = a.b[2 * g + 1] = 0;
		assert_true(ip6_equal(addr6(ip6_format(a, text)), a));
		assert_non_null(inet_ntop(AF_INET6, a.b, theirs, sizeof(theirs)));
		/* glibc writes dots into addresses of RFC 4291 2.5.5.1, too: a form long gone */
		if (!strchr(theirs, '.'))
			assert_string_equal(text, theirs);
	}
	memset(text, 'x', sizeof(text));
	ip6_format(addr6("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"), text);
	assert_true(strlen(text) < IP6_STRLEN);
	assert_true(ip6_is_multicast(addr6("ff02::1")) && !ip6_is_multicast(addr6("fe80::1")));
	assert_true(ip6_is_unspecified(addr6("::")) && !ip6_is_unspecified(addr6("::1")));
}

static void random_text_never_makes_the_parsers_leave_the_string(void **state)
{
	static const char letter[] = "0123456789.:-/afAFg ";
	struct chance c = { 1 };

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		size_t len = chance_below(&c, 22);
		char *s = malloc(len + 1);
		struct ip4_range r;
		struct ip4 a;
		struct ip6 a6;
		struct mac m;
		assert_non_null(s);
		for (size_t j = 0; j < len; j++)
			s[j] = letter[chance_below(&c, sizeof(letter) - 1)];
		s[len] = '\0';
		if (ip4_range_parse(s, &r))
			assert_true(r.first <= r.last);
		(void)ip4_parse(s, &a);
		(void)ip6_parse(s, &a6);
		(void)mac_parse(s, &m);
		free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_typed_counted_and_shown_again),
		cmocka_unit_test(every_octet_survives_the_way_to_text_and_back),
		cmocka_unit_test(what_is_not_exactly_an_ip4_address_is_refused),
		cmocka_unit_test(what_is_not_exactly_a_mac_is_refused),
		cmocka_unit_test(a_range_is_a_prefix_two_ends_or_one_address),
		cmocka_unit_test(a_prefix_holds_two_to_the_power_of_its_host_bits),
		cmocka_unit_test(kinds_of_addresses_are_told_by_their_bits),
		cmocka_unit_test(rfc5952_an_ip6_address_has_one_text_however_it_was_written),
		cmocka_unit_test(what_is_not_exactly_an_ip6_address_is_refused),
		cmocka_unit_test(every_ip6_address_survives_the_way_to_text_and_back),
		cmocka_unit_test(random_text_never_makes_the_parsers_leave_the_string),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
