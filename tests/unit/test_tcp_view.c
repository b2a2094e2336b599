/* What tcpq says of a connection, and of the ARP beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wirelab/arp_tally.h"
#include "wirelab/tcp_view.h"

static char buf[TCP_VIEW_LINE];

static struct tcp_story story(void)
{
	struct tcp_story s = { .stream = 3, .family = 4, .addr = { { 10, 0, 0, 7 }, { 192, 0, 2, 80 } },
			       .port = { 40112, 443 }, .open = TCP_OPEN_COMPLETE,
			       .close = TCP_CLOSE_FIN4, .initiator = 0, .first_fin_by = 1,
			       .first_rst_by = TCP_NOBODY };

	s.side[0].payload = 1312;
	s.side[1].payload = 48230;
	return s;
}

static const char *row(const struct tcp_story *s)
{
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_view_row(&t, s, 0);
	return buf;
}

static const char *json(const struct tcp_story *s)
{
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_view_json(&t, s);
	assert_false(t.cut);
	return buf;
}

static void a_connection_is_one_line_under_a_heading(void **state)
{
	struct tcp_story s = story();

	(void)state;
	assert_string_equal(row(NULL), "flow  from                  to                    "
				       "opened    sent   back   closed");
	assert_string_equal(row(&s), "3     10.0.0.7:40112        192.0.2.80:443        "
				     "complete  1312   48230  fin4");
	assert_true(strlen(row(&s)) <= 80);
}

static void the_line_goes_from_who_opened_it_whoever_was_seen_first(void **state)
{
	struct tcp_story s = story();

	(void)state;
	s.initiator = 1;
	assert_non_null(strstr(row(&s), "192.0.2.80:443        10.0.0.7:40112        complete  48230  1312"));
}

static void trouble_stands_at_the_end_of_the_line(void **state)
{
	struct tcp_story s = story();

	(void)state;
	s.side[0].trouble[TCP_T_RETRANSMISSION] = 2;
	s.side[1].trouble[TCP_T_RETRANSMISSION] = 1;
	s.side[1].trouble[TCP_T_ZERO_WINDOW] = 1;
	assert_non_null(strstr(row(&s), "fin4, 3 retransmission, 1 zero_window"));
}

static size_t widest(const char *s)
{
	size_t most = 0;

	for (; *s; s += strcspn(s, "\n"), s += *s == '\n')
		most = strcspn(s, "\n") > most ? strcspn(s, "\n") : most;
	return most;
}

static const char *narrow_row(const struct tcp_story *s)
{
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_view_row(&t, s, 80);
	return buf;
}

static void on_a_terminal_long_words_go_on_below(void **state)
{
	struct tcp_story s = story();

	(void)state;
	assert_string_equal(narrow_row(&s), row(&s));
	s.close = TCP_CLOSE_SIMULTANEOUS;
	s.side[0].trouble[TCP_T_RETRANSMISSION] = 2;
	assert_string_equal(narrow_row(&s),
			    "3     10.0.0.7:40112        192.0.2.80:443        complete  1312   48230\n"
			    "      simultaneous, 2 retransmission");
}

static void on_a_terminal_every_address_keeps_its_column(void **state)
{
	struct tcp_story s = story();

	(void)state;
	s.family = 6;
	memset(s.addr, 0xfe, sizeof(s.addr));
	assert_string_equal(narrow_row(&s),
		"3     [fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe]:40112\n"
		"                            [fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe]:443\n"
		"                                                  complete  1312   48230  fin4");
}

static void whatever_happens_no_line_is_wider_than_the_terminal(void **state)
{
	struct tcp_story s = story();

	(void)state;
	for (unsigned k = 0; k < TCP_T_COUNT; k++)
		s.side[0].trouble[k] = UINT32_MAX;
	for (unsigned o = TCP_OPEN_COMPLETE; o <= TCP_OPEN_ODD; o++)
		for (unsigned c = TCP_CLOSE_FIN4; c <= TCP_CLOSE_NONE; c++)
			for (unsigned six = 0; six < 2; six++) {
				s.open = (enum tcp_open)o;
				s.close = (enum tcp_close)c;
				s.family = six ? 6 : 4;
				s.stream = UINT32_MAX;
				s.side[0].payload = s.side[1].payload = UINT64_MAX;
				assert_true(widest(narrow_row(&s)) <= 80);
			}
}

static void ipv6_addresses_stand_in_brackets(void **state)
{
	static const uint8_t addr[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	struct txt t = txt_over(buf, sizeof(buf));

	(void)state;
	tcp_view_endpoint(&t, 6, addr, 80);
	assert_string_equal(buf, "[2001:db8::1]:80");
}

static void what_was_not_seen_is_null(void **state)
{
	struct tcp_story s = story();

	(void)state;
	s.initiator = TCP_NOBODY;
	assert_non_null(strstr(json(&s), "\"initiator\":null"));
	assert_non_null(strstr(json(&s), "\"first_rst\":null"));
	assert_non_null(strstr(json(&s), "\"rtt_ns\":null"));
	assert_non_null(strstr(json(&s), "\"isn\":null"));
	assert_non_null(strstr(json(&s), "\"syn_options\":{\"a\":null,\"b\":null}"));
	s.side[0].has_isn = true;
	assert_non_null(strstr(json(&s), "\"isn\":0"));
}

static void the_options_of_a_syn_keep_their_order(void **state)
{
	struct tcp_story s = story();

	(void)state;
	s.side[0].syn_options = (struct tcp_syn_options){
		.present = true, .seen = TCP_SEEN_MSS | TCP_SEEN_WSCALE | TCP_SEEN_TS, .mss = 1460,
		.wscale = 7, .ts_val = 1, .ts_ecr = 0, .n_kinds = 4, .kind = { 2, 8, 1, 3 } };
	assert_non_null(strstr(json(&s), "{\"kinds\":[2,8,1,3],\"mss\":1460,\"ws\":7,"
					 "\"sack_perm\":false,\"ts\":[1,0],\"tfo\":false}"));
}

/* ---- ARP ------------------------------------------------------------------------------- */

static const struct mac one = { { 2, 0, 0, 0, 0, 1 } }, two = { { 2, 0, 0, 0, 0, 2 } };

static struct arp_msg says(uint16_t op, struct mac mac, uint8_t sender, uint8_t target)
{
	struct arp_msg m = { .op = op, .sender_mac = mac };

	if (sender)
		m.sender_ip = (struct ip4){ { 10, 0, 0, sender } };
	m.target_ip = (struct ip4){ { 10, 0, 0, target } };
	return m;
}

static void arp_is_counted_by_what_it_is(void **state)
{
	static const uint8_t secret[16] = { 1 };
	size_t size = arp_cache_size(16);
	void *memory = calloc(1, size);
	struct arp_tally t;
	const struct arp_msg m[] = {
		says(ARP_REQUEST, one, 0, 7),	/* a probe */
		says(ARP_REQUEST, one, 7, 7),	/* an announcement, gratuitous */
		says(ARP_REQUEST, two, 8, 7),	/* a question */
		says(ARP_REPLY, one, 7, 8),	/* its answer */
		says(ARP_REPLY, two, 7, 8),	/* and one from another */
	};

	(void)state;
	arp_tally_init(&t, arp_cache_init(memory, size, 16, secret, (struct instant){ 0 }));
	for (size_t i = 0; i < sizeof(m) / sizeof(m[0]); i++)
		arp_tally_hear(&t, (struct instant){ SEC_NS * i }, m[i].op, &m[i]);
	arp_tally_hear(&t, (struct instant){ 0 }, 9, NULL);
	assert_true(t.request == 3 && t.reply == 2 && t.other == 1);
	assert_true(t.probe == 1 && t.announcement == 1 && t.gratuitous == 1);
	assert_true(t.duplicate_address == 1);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_one_line_under_a_heading),
		cmocka_unit_test(the_line_goes_from_who_opened_it_whoever_was_seen_first),
		cmocka_unit_test(trouble_stands_at_the_end_of_the_line),
		cmocka_unit_test(on_a_terminal_long_words_go_on_below),
		cmocka_unit_test(on_a_terminal_every_address_keeps_its_column),
		cmocka_unit_test(whatever_happens_no_line_is_wider_than_the_terminal),
		cmocka_unit_test(ipv6_addresses_stand_in_brackets),
		cmocka_unit_test(what_was_not_seen_is_null),
		cmocka_unit_test(the_options_of_a_syn_keep_their_order),
		cmocka_unit_test(arp_is_counted_by_what_it_is),
	};

	return cmocka_run_group_tests_name("tcp_view", tests, NULL, NULL);
}
