/*
 * Answers that nobody honest gives.  Each line of the responder's table is asked alone,
 * with the honest host's answer right behind it, and right before it.  Always: no MAC is
 * believed without a word that should not be, what was refused is named, and an honest
 * answer is found.
 */
#include "arpq_world.h"

#include "wirelab/arp_judge.h"

/* What arpq makes of the odd frame when no honest host is there. */
struct expected {
	enum odd odd;
	int status;
	bool found;		/* the MAC in the frame is on standard output */
	int finding;		/* enum arp_finding that standard error speaks of; -1: none */
};

enum { NOTHING_SAID = -1 };

static const struct expected EXPECTED[] = {
	{ ODD_NORMAL, 0, true, NOTHING_SAID },
	{ ODD_ETHER_SOURCE, 4, true, ARP_F_REPLY_RELAYED },
	{ ODD_BROADCAST_MAC, 4, false, ARP_F_SENDER_MAC_BROADCAST },
	{ ODD_MULTICAST_MAC, 4, false, ARP_F_SENDER_MAC_MULTICAST },
	{ ODD_HLEN_8, 1, false, ARP_F_ADDRESS_LENGTH },
	{ ODD_PLEN_16, 1, false, ARP_F_ADDRESS_LENGTH },
	{ ODD_OPCODE_3, 1, false, ARP_F_OPERATION },
	{ ODD_HTYPE_6, 1, false, ARP_F_HARDWARE_TYPE },
	{ ODD_PTYPE_IPV6, 1, false, ARP_F_PROTOCOL_TYPE },
	{ ODD_CUT_FRAME, 1, false, ARP_F_TRUNCATED },
	{ ODD_OTHER_SENDER_IP, 1, false, ARP_F_UNASKED },
	{ ODD_OTHER_TARGET_IP, 4, false, ARP_F_TARGET_IP_NOT_OURS },
	{ ODD_ZERO_SENDER_IP, 1, false, ARP_F_SENDER_IP_ZERO },
	{ ODD_TWO_HOSTS, 4, true, NOTHING_SAID },
	{ ODD_TWICE, 0, true, NOTHING_SAID },
	{ ODD_VLAN_5, 1, false, ARP_F_OTHER_VLAN },
	/* 802.3 framing is not ARP over Ethernet (RFC 1122 2.3.3): the socket's filter drops it. */
	{ ODD_SNAP, 1, false, NOTHING_SAID },
	{ ODD_TEXT_IN_PADDING, 0, true, NOTHING_SAID },
	{ ODD_BROADCAST_REPLY, 0, true, ARP_F_REPLY_BROADCAST },
	{ ODD_ZERO_MAC, 4, false, ARP_F_SENDER_MAC_ZERO },
	{ ODD_REQUEST_INSTEAD, 1, false, ARP_F_REQUEST_FOR_US },
	{ ODD_LATE, 0, true, NOTHING_SAID },
	{ ODD_SECOND_REQUEST, 0, true, NOTHING_SAID },
	{ ODD_OWN_MAC, 4, false, ARP_F_SENDER_MAC_OURS },
	{ ODD_OTHER_TARGET_MAC, 4, false, ARP_F_TARGET_MAC_NOT_OURS },
	{ ODD_GRATUITOUS_REQUEST, 1, false, ARP_F_ANNOUNCEMENT },
	{ ODD_GRATUITOUS_REPLY, 1, false, ARP_F_GRATUITOUS_REPLY },
	{ ODD_UNICAST_ONLY, 1, false, NOTHING_SAID },
	{ ODD_BROADCAST_ONLY, 0, true, NOTHING_SAID },
	{ ODD_VLAN, 1, false, ARP_F_OTHER_VLAN },
	{ ODD_PRIORITY_TAG, 0, true, NOTHING_SAID },
	{ ODD_TWO_TAGS, 1, false, ARP_F_OTHER_VLAN },
	{ ODD_OTHER_HOST, 4, false, ARP_F_TARGET_MAC_NOT_OURS },
	{ ODD_SILENT, 1, false, NOTHING_SAID },
	{ ODD_LONG, 0, true, NOTHING_SAID },
	{ ODD_OPCODE_0, 1, false, ARP_F_OPERATION },
	{ ODD_ETHER_SOURCE_OURS, 4, true, ARP_F_REPLY_RELAYED },
	{ ODD_GROUP_ETHER_SOURCE, 4, true, ARP_F_REPLY_RELAYED },
};

static struct expected expected_of(enum odd odd)
{
	for (size_t i = 0; i < LENGTH(EXPECTED); i++)
		if (EXPECTED[i].odd == odd)
			return EXPECTED[i];
	assert_in_range(odd, ODD_CUT_BODY, ODD_CUT_BODY_LAST);
	return (struct expected){ odd, 1, false, ARP_F_TRUNCATED };
}

/* ---- all cases, one after the other -------------------------------------------------------- */

/* On one wire each would hear what the others are told. */
struct answer {
	const struct odd_case *c;
	struct runresult r;
};

static const char *patience(enum odd odd)
{
	switch ((int)odd) {
	case ODD_LATE: return "1s";
	case ODD_SECOND_REQUEST: return "1500ms";
	}
	return "80ms";
}

/* The number of cases that is_wrong() finds fault with. */
static size_t count_wrong(struct testnet *net, enum odd_company company,
			  bool (*is_wrong)(const struct answer *a), size_t *cases)
{
	struct responder_config config = { .odd = true, .company = company, .vid = 42 };
	struct responder responder;
	struct answer a;
	size_t bad = 0;
	char args[64];

	must(net, responder_begin(&responder, net, SIDE_SERVER, &config));
	for (*cases = 0; (a.c = odd_case_at(*cases)); ++*cases) {
		snprintf(args, sizeof(args), "-t %s --listen 20ms 10.50.9.%d", patience(a.c->odd),
			 (int)a.c->odd);
		a.r = arpq(net, args);
		bad += is_wrong(&a);
		runresult_free(&a.r);
	}
	assert_true(responder_end(&responder, NULL));
	return bad;
}

static bool wrong(const struct answer *a, const char *what)
{
	printf("%s: %s\n", a->c->name, what);
	print_result(&a->r);
	return true;
}

static bool shows(const struct runresult *r, struct mac mac)
{
	char text[MAC_STRLEN];

	return strstr(r->out, mac_format(mac, text)) != NULL;
}

static bool is_wrong_alone(const struct answer *a)
{
	enum odd odd = a->c->odd;
	struct expected e = expected_of(odd);
	const struct runresult *r = &a->r;

	if (r->status != e.status)
		return wrong(a, "the exit status");
	if (shows(r, odd_honest_mac(odd)) != e.found)
		return wrong(a, e.found ? "not found" : "believed");
	if (e.finding != NOTHING_SAID &&
	    !strstr(r->err, arp_finding_info((enum arp_finding)e.finding)->says))
		return wrong(a, "the reason is not named");
	if (e.finding == NOTHING_SAID && *r->err)
		return wrong(a, "something is said");
	if (e.finding == NOTHING_SAID ? 0 : lines_in(r->err) != 1)
		return wrong(a, "more than one reason");
	return false;
}

static void every_odd_answer_alone_is_refused_by_name_or_believed_with_a_word(void **state)
{
	size_t cases;

	assert_int_equal(count_wrong(net_of(state), ODD_ALONE, is_wrong_alone, &cases), 0);
	assert_int_equal(cases, LENGTH(EXPECTED) + ARP_IPV4_LEN);
}

/* In company the odd host's MAC is not the honest one's. */
static bool is_wrong_in_company(const struct answer *a)
{
	enum odd odd = a->c->odd;
	struct expected e = expected_of(odd);
	const struct runresult *r = &a->r;
	/* A claim that is no answer, too, makes a second owner. */
	bool shown = shows(r, odd_forged_mac(odd, true));

	if (odd != ODD_UNICAST_ONLY && odd != ODD_SILENT && !shows(r, odd_honest_mac(odd)))
		return wrong(a, "the honest answer is lost");
	if (shown && (r->status != 4 || !strstr(r->out, "conflict: also")))
		return wrong(a, "the forged MAC is shown without a word");
	if (e.found && !shown && odd != ODD_LATE && odd != ODD_SECOND_REQUEST)
		return wrong(a, "the second owner is not shown");
	if (!e.found && !shown && e.status == 4 && r->status != 4)
		return wrong(a, "the forgery is not in the exit status");
	return false;
}

static void an_honest_answer_right_behind_a_forged_one_is_found(void **state)
{
	size_t cases;

	assert_int_equal(count_wrong(net_of(state), ODD_BEFORE_HONEST, is_wrong_in_company, &cases),
			 0);
}

static void a_forged_answer_right_behind_an_honest_one_changes_nothing_in_silence(void **state)
{
	size_t cases;

	assert_int_equal(count_wrong(net_of(state), ODD_AFTER_HONEST, is_wrong_in_company, &cases),
			 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(every_odd_answer_alone_is_refused_by_name_or_believed_with_a_word),
		IN_A_WORLD(an_honest_answer_right_behind_a_forged_one_is_found),
		IN_A_WORLD(a_forged_answer_right_behind_an_honest_one_changes_nothing_in_silence),
	};

	return run_side_by_side(tests, LENGTH(tests), 3, argc, argv);
}
