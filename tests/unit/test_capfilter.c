/*
 * pcap-filter(7) expressions over frames of any link type
 *
 * The second opinion is libpcap's own reader with the same expression.  Its captures are not
 * part of the repository: WIRELAB_CORPUS names their directory, else ../shared/corpus is
 * tried; without it that test is skipped.
 */
#include "told.h"

#include <dirent.h>
#include <limits.h>
#include <pcap/pcap.h>
#include <stdbool.h>

#include "wirelab/capfilter.h"

enum { LINK_NULL = 0, LINK_RAW_OPENBSD = 14, LINK_RAW = 101, LINK_LOOP = 108, LINK_SLL2 = 276,
       LINK_USER0 = 147, LINK_USB = 189 };

static char err[256];

/* ---- frames made by hand ---------------------------------------------------------------- */

#define MACS 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1
/* IPv4, TCP, from 10.0.0.1 to 10.0.0.2; ports, then a SYN. */
#define IP4_TCP 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2
#define SYN_TO(port) 0x30, 0x39, (port) >> 8, (port) & 0xff, 0, 0, 0, 1, 0, 0, 0, 0, \
		     0x50, 2, 0xff, 0xff, 0, 0, 0, 0
#define IP6_TCP 0x60, 0, 0, 0, 0, 20, 6, 64, \
		0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, \
		0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2

static const uint8_t web[] = { MACS, 8, 0, IP4_TCP, SYN_TO(80) };
static const uint8_t mail[] = { MACS, 8, 0, IP4_TCP, SYN_TO(25) };
static const uint8_t tagged_web[] = { MACS, 0x81, 0, 0, 7, 8, 0, IP4_TCP, SYN_TO(80) };
static const uint8_t web6[] = { MACS, 0x86, 0xdd, IP6_TCP, SYN_TO(80) };
static const uint8_t raw_web[] = { IP4_TCP, SYN_TO(80) };
/* BSD's loopback: the address family in the order of the machine, or always the network's. */
static const uint8_t little_web[] = { 2, 0, 0, 0, IP4_TCP, SYN_TO(80) };
static const uint8_t big_web[] = { 0, 0, 0, 2, IP4_TCP, SYN_TO(80) };
static const uint8_t cooked_web[] = { 8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0,
				      IP4_TCP, SYN_TO(80) };

static enum capfilter_answer ask(struct capfilter *f, unsigned linktype, const void *data,
				 size_t caplen, size_t wirelen)
{
	struct capr_interface iface = { .linktype = (uint16_t)linktype };
	uint8_t *block = exactly(data, caplen);
	struct capr_record rec = { .number = 1, .data = block, .caplen = (uint32_t)caplen,
				   .wirelen = (uint32_t)wirelen, .iface = &iface };
	enum capfilter_answer a = capfilter_ask(f, &rec);

	free(block);
	return a;
}

static struct capfilter *filter(const char *expression)
{
	struct capfilter *f = capfilter_open(expression, err);

	assert_non_null(f);
	return f;
}

static enum capfilter_answer one(const char *expression, unsigned linktype, const void *data,
				 size_t len)
{
	struct capfilter *f = filter(expression);
	enum capfilter_answer a = ask(f, linktype, data, len, len);

	if (a == CAPFILTER_UNFIT)
		print_message("%s\n", capfilter_error(f));
	capfilter_close(f);
	return a;
}

#define YES(expression, linktype, frame) \
	assert_int_equal(one(expression, linktype, frame, sizeof(frame)), CAPFILTER_YES)
#define NO(expression, linktype, frame) \
	assert_int_equal(one(expression, linktype, frame, sizeof(frame)), CAPFILTER_NO)

static void a_port_is_chosen_and_its_neighbour_is_not(void **state)
{
	(void)state;
	YES("tcp port 80", LINKTYPE_ETHERNET, web);
	NO("tcp port 80", LINKTYPE_ETHERNET, mail);
	NO("udp port 80", LINKTYPE_ETHERNET, web);
	YES("tcp[tcpflags] == tcp-syn", LINKTYPE_ETHERNET, mail);
	YES("src host 10.0.0.1", LINKTYPE_ETHERNET, web);
	NO("dst host 10.0.0.1", LINKTYPE_ETHERNET, web);
}

static void a_tag_hides_what_is_behind_it_unless_it_is_asked_for(void **state)
{
	(void)state;
	YES("vlan", LINKTYPE_ETHERNET, tagged_web);
	YES("vlan 7 and tcp port 80", LINKTYPE_ETHERNET, tagged_web);
	NO("vlan 8", LINKTYPE_ETHERNET, tagged_web);
	NO("tcp port 80", LINKTYPE_ETHERNET, tagged_web);
	NO("vlan", LINKTYPE_ETHERNET, web);
}

static void both_versions_of_ip_are_known(void **state)
{
	(void)state;
	YES("ip6", LINKTYPE_ETHERNET, web6);
	YES("tcp port 80", LINKTYPE_ETHERNET, web6);
	YES("ip6 host 2001:db8::2", LINKTYPE_ETHERNET, web6);
	NO("ip", LINKTYPE_ETHERNET, web6);
	NO("ip6", LINKTYPE_ETHERNET, web);
}

static void an_empty_expression_chooses_every_frame(void **state)
{
	(void)state;
	YES("", LINKTYPE_ETHERNET, web);
	YES(NULL, LINKTYPE_ETHERNET, tagged_web);
}

static void the_numbers_of_link_types_are_those_of_files(void **state)
{
	(void)state;
	YES("tcp port 80", LINK_RAW, raw_web);
	YES("tcp port 80", LINK_RAW_OPENBSD, raw_web);
	YES("tcp port 80", LINK_SLL2, cooked_web);
	NO("tcp port 25", LINK_RAW, raw_web);
	YES("tcp port 80", LINK_LOOP, big_web);
	NO("tcp port 80", LINK_LOOP, little_web);
}

static void a_loopback_of_either_byte_order_is_read(void **state)
{
	struct capfilter *f = filter("tcp port 80");

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ask(f, LINK_NULL, little_web, sizeof(little_web), 44),
				 CAPFILTER_YES);
		assert_int_equal(ask(f, LINK_NULL, big_web, sizeof(big_web), 44), CAPFILTER_YES);
	}
	capfilter_close(f);
	NO("tcp port 25", LINK_NULL, little_web);
	NO("tcp port 25", LINK_NULL, big_web);
}

static void one_filter_serves_frames_of_several_link_types(void **state)
{
	struct capfilter *f = filter("tcp port 80");

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(f, LINKTYPE_ETHERNET, web, sizeof(web), 54), CAPFILTER_YES);
		assert_int_equal(ask(f, LINK_RAW, raw_web, sizeof(raw_web), 40), CAPFILTER_YES);
		assert_int_equal(ask(f, LINKTYPE_ETHERNET, mail, sizeof(mail), 54), CAPFILTER_NO);
		assert_int_equal(ask(f, LINK_SLL2, cooked_web, sizeof(cooked_web), 60),
				 CAPFILTER_YES);
		assert_int_equal(ask(f, LINK_USER0, web, sizeof(web), 54), CAPFILTER_UNFIT);
		assert_int_equal(ask(f, LINK_NULL, little_web, sizeof(little_web), 44),
				 CAPFILTER_YES);
		assert_string_equal(capfilter_error(f), "");
	}
	capfilter_close(f);
}

/* In blocks of exactly that size: a read too far is the sanitizer's. */
static void a_frame_cut_before_what_is_asked_for_is_not_chosen(void **state)
{
	struct capfilter *f = filter("tcp dst port 80");
	const size_t port_ends = 14 + 20 + 4;

	(void)state;
	for (size_t n = 0; n <= sizeof(web); n++)
		assert_int_equal(ask(f, LINKTYPE_ETHERNET, web, n, sizeof(web)),
				 n >= port_ends ? CAPFILTER_YES : CAPFILTER_NO);
	capfilter_close(f);
	/* The length is that on the wire, whatever was kept. */
	f = filter("greater 1000");
	assert_int_equal(ask(f, LINKTYPE_ETHERNET, web, sizeof(web), 1000), CAPFILTER_YES);
	assert_int_equal(ask(f, LINKTYPE_ETHERNET, web, sizeof(web), 999), CAPFILTER_NO);
	capfilter_close(f);
}

/* ---- what does not fit ------------------------------------------------------------------ */

static void a_mistake_is_said_in_libpcaps_words_before_any_frame(void **state)
{
	struct capfilter *f = filter("tcp prot 80");

	(void)state;
	assert_string_equal(capfilter_error(f), "");
	assert_false(capfilter_compile(f, LINKTYPE_ETHERNET));
	assert_string_equal(capfilter_error(f),
			    "filter \"tcp prot 80\" on link type 1 (EN10MB): can't parse filter "
			    "expression: syntax error");
	assert_int_equal(ask(f, LINKTYPE_ETHERNET, web, sizeof(web), 54), CAPFILTER_UNFIT);
	capfilter_close(f);
	f = filter("tcp port 80");
	assert_true(capfilter_compile(f, LINKTYPE_ETHERNET));
	capfilter_close(f);
}

static void a_link_type_that_cannot_be_filtered_is_named_with_the_expression(void **state)
{
	struct capfilter *f = filter("tcp port 80");

	(void)state;
	assert_int_equal(ask(f, LINK_USB, web, sizeof(web), 54), CAPFILTER_UNFIT);
	assert_non_null(strstr(capfilter_error(f), "on link type 189 (USB_LINUX): "));
	assert_non_null(strstr(capfilter_error(f), "\"tcp port 80\""));
	/* Numbers that libpcap has no name for. */
	assert_int_equal(ask(f, LINK_USER0, web, sizeof(web), 54), CAPFILTER_UNFIT);
	assert_non_null(strstr(capfilter_error(f), "\"tcp port 80\" on link type 147: "));
	assert_int_equal(ask(f, 0xfffe, web, sizeof(web), 54), CAPFILTER_UNFIT);
	assert_non_null(strstr(capfilter_error(f), "\"tcp port 80\" on link type 65534: "));
	capfilter_close(f);
}

static void what_only_a_live_capture_knows_is_not_asked_of_a_file(void **state)
{
	struct capfilter *f = filter("inbound");

	(void)state;
	assert_int_equal(ask(f, LINKTYPE_ETHERNET, web, sizeof(web), 54), CAPFILTER_UNFIT);
	assert_non_null(strstr(capfilter_error(f), "savefiles"));
	capfilter_close(f);
	/* Cooked frames say it themselves; this one came in. */
	YES("inbound", LINK_SLL2, cooked_web);
}

static void what_no_frame_of_a_link_type_can_match_is_no_mistake(void **state)
{
	(void)state;
	NO("arp", LINK_NULL, little_web);
	NO("arp and tcp", LINKTYPE_ETHERNET, web);
}

static void a_long_expression_leaves_room_for_the_reason(void **state)
{
	char text[2000] = "tcp", *at = text + 3;
	struct capfilter *f;

	(void)state;
	for (int i = 0; i < 150; i++)
		at += sprintf(at, " or port %d", i);
	strcpy(at, " or or");
	f = filter(text);
	assert_false(capfilter_compile(f, LINKTYPE_ETHERNET));
	assert_non_null(strstr(capfilter_error(f), "...\" on link type 1 (EN10MB): "));
	assert_non_null(strstr(capfilter_error(f), "syntax error"));
	capfilter_close(f);
}

/* ---- the second opinion ----------------------------------------------------------------- */

static const char *const expressions[] = {
	"tcp", "udp", "ip", "ip6", "arp", "icmp or icmp6", "vlan", "vlan and tcp", "mpls",
	"tcp port 80", "tcp port 80 or udp port 53", "portrange 1024-65535", "not tcp",
	"tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0", "ip[6:2] & 0x3fff != 0",
	"net 192.168.0.0/16", "src net 10.0.0.0/8", "len > 500", "less 64",
	"ip proto 47", "ip6 proto 6", "ether multicast", "ether[12:2] > 1500", "inbound",
	"tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420", "",
};

/* How often an expression chose, and did not: one that never did either shows nothing. */
static struct tally { unsigned long yes, no; unsigned unfit; } tally[LENGTH(expressions)];

/* libpcap leaves out what a file holds beyond its own snap length. */
static bool is_same(const struct capr_record *rec, const struct pcap_pkthdr *h, const u_char *data)
{
	return rec->caplen >= h->caplen && rec->wirelen == h->len &&
	       memcmp(rec->data, data, h->caplen) == 0;
}

/* How many of the frames libpcap can read: it stops at a second link type, for one. */
static unsigned long readable(const char *path)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, text);
	struct pcap_pkthdr *h;
	const u_char *data;
	unsigned long n = 0;

	assert_non_null(p);
	while (pcap_next_ex(p, &h, &data) == 1)
		n++;
	pcap_close(p);
	return n;
}

/* Frame by frame: what we choose is what libpcap hands out next.  NULL, or what went wrong. */
static const char *compare_frames(struct capr *r, unsigned long n, struct capfilter *f, pcap_t *p,
				  bool compiled, struct tally *t)
{
	struct capr_record rec;
	struct pcap_pkthdr *h;
	const u_char *data;

	while (n-- && capr_next(r, &rec) > 0) {
		enum capfilter_answer a = capfilter_ask(f, &rec);
		if ((a == CAPFILTER_UNFIT) == compiled)
			return "one can compile it and the other cannot";
		t->yes += a == CAPFILTER_YES;
		t->no += a == CAPFILTER_NO;
		if (a == CAPFILTER_UNFIT)
			return t->unfit++, NULL;
		if (a == CAPFILTER_NO)
			continue;
		if (pcap_next_ex(p, &h, &data) != 1)
			return "a frame that libpcap does not choose";
		if (!is_same(&rec, h, data))
			return "another frame than libpcap's";
	}
	return pcap_next_ex(p, &h, &data) == 1 ? "not a frame that libpcap chooses" : NULL;
}

/* Where its optimiser sees that nothing can match, it is asked for less zeal, as we do. */
static bool set_filter(pcap_t *p, const char *expression)
{
	struct bpf_program program;

	if (pcap_compile(p, &program, expression, 1, PCAP_NETMASK_UNKNOWN) < 0 &&
	    pcap_compile(p, &program, expression, 0, PCAP_NETMASK_UNKNOWN) < 0)
		return false;
	assert_int_equal(pcap_setfilter(p, &program), 0);
	pcap_freecode(&program);
	return true;
}

static void compare(const char *path, unsigned which)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, text);
	struct capr *r = capr_open(path, err);
	struct capfilter *f = filter(expressions[which]);
	const char *wrong;
	bool compiled;

	assert_non_null(p);
	assert_non_null(r);
	compiled = set_filter(p, expressions[which]);
	wrong = compare_frames(r, readable(path), f, p, compiled, &tally[which]);
	if (!wrong && *capfilter_error(f) && !strstr(capfilter_error(f), pcap_geterr(p)))
		wrong = "another message";
	if (wrong)
		fail_msg("%s, \"%s\": %s (%s; %s)", path, expressions[which], wrong,
			 capfilter_error(f), pcap_geterr(p));
	capfilter_close(f);
	capr_close(r);
	pcap_close(p);
}

static bool libpcap_opens(const char *path)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, text);

	if (p)
		pcap_close(p);
	return p != NULL;
}

static void the_frames_chosen_are_those_that_libpcap_chooses(void **state)
{
	const char *root = getenv("WIRELAB_CORPUS");
	char folder[PATH_MAX], path[PATH_MAX + 300];
	unsigned files = 0, refused = 0;
	DIR *d;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/pcaps", root ? root : "../shared/corpus");
	d = opendir(folder);
	if (!d) {
		print_message("skipped: no corpus at %s (WIRELAB_CORPUS names another place)\n",
			      folder);
		skip();
	}
	for (struct dirent *e; (e = readdir(d)); ) {
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (e->d_name[0] == '.')
			continue;
		if (!libpcap_opens(path)) {
			refused++;
			continue;
		}
		files++;
		for (unsigned i = 0; i < LENGTH(expressions); i++)
			compare(path, i);
	}
	closedir(d);
	print_message("%u captures, %u that libpcap does not open\n", files, refused);
	assert_true(files > 100);
	for (unsigned i = 0; i < LENGTH(expressions); i++) {
		print_message("%8lu yes %8lu no %3u unfit  %s\n", tally[i].yes, tally[i].no,
			      tally[i].unfit, expressions[i]);
		assert_true(tally[i].yes > 0);
		assert_true(tally[i].no > 0 || !*expressions[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_is_chosen_and_its_neighbour_is_not),
		cmocka_unit_test(a_tag_hides_what_is_behind_it_unless_it_is_asked_for),
		cmocka_unit_test(both_versions_of_ip_are_known),
		cmocka_unit_test(an_empty_expression_chooses_every_frame),
		cmocka_unit_test(the_numbers_of_link_types_are_those_of_files),
		cmocka_unit_test(a_loopback_of_either_byte_order_is_read),
		cmocka_unit_test(one_filter_serves_frames_of_several_link_types),
		cmocka_unit_test(a_frame_cut_before_what_is_asked_for_is_not_chosen),
		cmocka_unit_test(a_mistake_is_said_in_libpcaps_words_before_any_frame),
		cmocka_unit_test(a_link_type_that_cannot_be_filtered_is_named_with_the_expression),
		cmocka_unit_test(what_only_a_live_capture_knows_is_not_asked_of_a_file),
		cmocka_unit_test(what_no_frame_of_a_link_type_can_match_is_no_mistake),
		cmocka_unit_test(a_long_expression_leaves_room_for_the_reason),
		cmocka_unit_test(the_frames_chosen_are_those_that_libpcap_chooses),
	};

	return cmocka_run_group_tests_name("capfilter", tests, NULL, NULL);
}
