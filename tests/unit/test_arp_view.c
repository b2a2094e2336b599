/* What arpq says: the lines for people fit 80 columns, the lines for programs are JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "wirelab/arp_view.h"

static char buf[ARP_VIEW_LINE];

static struct txt fresh(void)
{
	return txt_over(buf, sizeof(buf));
}

static const struct ip4 longest_ip = { { 192, 168, 100, 200 } };
static const struct mac a_mac = { { 0x3c, 0x84, 0x6a, 0x12, 0x34, 0x56 } };
static const struct mac b_mac = { { 0x02, 0, 0, 0, 0x0b, 0x01 } };

static struct arp_result answer(void)
{
	return (struct arp_result){ .ip = longest_ip, .mac = a_mac, .ifname = "wlp0s20",
				    .vendor = "TP-LINK TECHNOLOGIES CO.,LTD.", .rtt_ns = 412345,
				    .requests = 1 };
}

static const char *line(const struct arp_result *r)
{
	struct txt t = fresh();

	arp_view_result(&t, r, 80);
	return buf;
}

static void an_answer_is_one_line_of_address_mac_link_time_and_vendor(void **state)
{
	struct arp_result r = answer();

	(void)state;
	assert_string_equal(line(&r), "192.168.100.200  3c:84:6a:12:34:56  wlp0s20  0.412 ms     "
				      "TP-LINK TECHNOLOGIES C");
}

static void a_cached_answer_says_so_with_its_age_and_the_time_left(void **state)
{
	struct arp_result r = answer();

	(void)state;
	r.source = ARP_FROM_CACHE;
	r.age_ns = 12300000000;
	r.left_ns = 47700000000;
	assert_string_equal(line(&r), "192.168.100.200  3c:84:6a:12:34:56  wlp0s20  "
				      "cached 12.3 s ago, 47.7 s left TP-L");
}

static void silence_is_a_line_too_and_a_remembered_one_says_since_when(void **state)
{
	struct arp_result r = answer();

	(void)state;
	r.outcome = ARP_SILENT;
	r.requests = 3;
	r.waited_ns = 3000000000;
	assert_string_equal(line(&r), "192.168.100.200  -                  wlp0s20  "
				      "no answer to 3 requests in 3.0 s");
	r.outcome = ARP_STILL_SILENT;
	r.age_ns = 2500000000;
	r.left_ns = 17500000000;
	assert_string_equal(line(&r), "192.168.100.200  -                  wlp0s20  "
				      "no answer 2.5 s ago, 17.5 s left");
}

static void no_ordinary_line_is_wider_than_a_terminal(void **state)
{
	struct arp_result r = answer();
	struct arp_row row = { .ip = longest_ip, .mac = a_mac, .state = "contested",
			       .how = "watched", .vendor = r.vendor, .ifname = "wlp0s20",
			       .age_ns = UINT64_C(3599) * 1000000000,
			       .left_ns = UINT64_C(3599) * 1000000000 };
	struct txt t = fresh();

	(void)state;
	for (int source = ARP_FROM_WIRE; source <= ARP_FROM_OWN; source++)
		for (int outcome = ARP_FOUND; outcome <= ARP_STILL_SILENT; outcome++) {
			r.source = (enum arp_source)source;
			r.outcome = (enum arp_outcome)outcome;
			r.age_ns = r.left_ns = 59900000000;
			r.waited_ns = 59900000000;
			r.requests = 255;
			assert_true(strlen(line(&r)) <= 80);
		}
	arp_view_row(&t, NULL, 80);
	assert_true(strlen(buf) <= 80);
	t = fresh();
	arp_view_row(&t, &row, 80);
	assert_true(strlen(buf) <= 80);
	t = fresh();
	arp_view_conflict(&t, longest_ip, a_mac, b_mac, "wlp0s20");
	assert_true(strlen(buf) <= 80);
}

static void an_interface_name_cannot_speak_to_the_terminal(void **state)
{
	struct arp_result r = answer();

	(void)state;
	r.ifname = "\033[31m";
	assert_non_null(strstr(line(&r), "\\x1b[31m"));
}

static void programs_get_every_fact_under_a_stable_name(void **state)
{
	struct arp_result r = answer();
	struct txt t = fresh();

	(void)state;
	arp_view_result_json(&t, &r);
	assert_string_equal(buf,
		"{\"type\":\"answer\",\"ip\":\"192.168.100.200\",\"outcome\":\"found\","
		"\"mac\":\"3c:84:6a:12:34:56\",\"vendor\":\"TP-LINK TECHNOLOGIES CO.,LTD.\","
		"\"interface\":\"wlp0s20\",\"vlan\":null,\"source\":\"wire\",\"requests\":1,"
		"\"rtt\":\"0.000412345\",\"age\":null,\"expires_in\":null,\"former_mac\":null}");
}

static void what_is_unknown_is_null_in_json_and_never_zero(void **state)
{
	struct arp_result r = { .ip = longest_ip, .outcome = ARP_SILENT, .ifname = "eth0",
				.requests = 3 };
	struct txt t = fresh();

	(void)state;
	arp_view_result_json(&t, &r);
	assert_non_null(strstr(buf, "\"mac\":null"));
	assert_non_null(strstr(buf, "\"rtt\":null"));
	assert_non_null(strstr(buf, "\"vendor\":null"));
	assert_non_null(strstr(buf, "\"outcome\":\"no_answer\""));
}

static void a_refusal_names_its_reason_and_section_but_no_mac(void **state)
{
	(void)state;
	for (enum arp_finding f = 0; f < ARP_F_COUNT; f++) {
		struct txt t = fresh();
		const struct arp_finding_info *info = arp_finding_info(f);
		arp_view_finding(&t, f, longest_ip, 3);
		assert_non_null(strstr(buf, info->says));
		assert_non_null(strstr(buf, info->section));
		assert_non_null(strstr(buf, "3 times"));
		/* Refused words are not to be taken for an answer by whoever reads along. */
		for (const char *p = buf; *p; p++)
			assert_false(p[0] == ':' && p[1] && p[2] && p[3] == ':');
		assert_false(t.cut);
	}
}

static void each_step_says_why_it_is_taken_and_where_that_is_written(void **state)
{
	static const enum arpres_why why[] = { ARPRES_WHY_UNKNOWN, ARPRES_WHY_POLL,
					       ARPRES_WHY_SILENCE };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct arpres_step s = { .kind = ARPRES_SEND, .ip = longest_ip, .try = 1,
					 .why = why[i] };
		struct txt t = fresh();
		arp_view_step(&t, &s, 3);
		assert_non_null(strstr(buf, "who has 192.168.100.200?"));
		assert_non_null(strstr(buf, "RFC "));
		t = fresh();
		arp_view_remark_sent(&t, &s, 3);
		assert_non_null(strstr(buf, "RFC "));
	}
}

static void a_conflict_shows_both_macs_to_people_and_to_programs(void **state)
{
	struct txt t = fresh();

	(void)state;
	arp_view_conflict(&t, longest_ip, a_mac, b_mac, "eth0");
	assert_non_null(strstr(buf, "3c:84:6a:12:34:56"));
	assert_non_null(strstr(buf, "02:00:00:00:0b:01"));
	t = fresh();
	arp_view_conflict_json(&t, longest_ip, a_mac, b_mac, "eth0");
	assert_string_equal(buf, "{\"type\":\"conflict\",\"ip\":\"192.168.100.200\","
				 "\"mac\":\"3c:84:6a:12:34:56\",\"other_mac\":\"02:00:00:00:0b:01\","
				 "\"interface\":\"eth0\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_one_line_of_address_mac_link_time_and_vendor),
		cmocka_unit_test(a_cached_answer_says_so_with_its_age_and_the_time_left),
		cmocka_unit_test(silence_is_a_line_too_and_a_remembered_one_says_since_when),
		cmocka_unit_test(no_ordinary_line_is_wider_than_a_terminal),
		cmocka_unit_test(an_interface_name_cannot_speak_to_the_terminal),
		cmocka_unit_test(programs_get_every_fact_under_a_stable_name),
		cmocka_unit_test(what_is_unknown_is_null_in_json_and_never_zero),
		cmocka_unit_test(a_refusal_names_its_reason_and_section_but_no_mac),
		cmocka_unit_test(each_step_says_why_it_is_taken_and_where_that_is_written),
		cmocka_unit_test(a_conflict_shows_both_macs_to_people_and_to_programs),
	};

	return cmocka_run_group_tests_name("arp_view", tests, NULL, NULL);
}
