/* packet_words.h: frames in a sentence */
#include "chinese.h"

#include "wirelab/packet_words.h"

static char buf[PACKET_WORDS_MAX];

static const char *alice_or_bob(const void *hosts, struct ip4 ip)
{
	const char *const *name = hosts;

	return ip4_equal(ip, addr("10.0.0.1")) ? name[0] : ip4_equal(ip, addr("10.0.0.2")) ? name[1] :
											   NULL;
}

static const char *said(const struct pkt *p, struct packet_names who)
{
	struct txt t = txt_over(buf, sizeof(buf));

	packet_words(&t, p, &who);
	assert_false(t.cut);
	if (who.lang == LANG_ZH)
		assert_chinese(buf);
	return buf;
}

static const struct packet_names english = { .lang = LANG_EN }, chinese = { .lang = LANG_ZH };

static struct packet_names named(enum lang lang)
{
	static const char *const hosts[] = { "alice", "bob" };

	return (struct packet_names){ lang, alice_or_bob, hosts };
}

/* ---- ARP -------------------------------------------------------------------------------- */

static struct pkt arp(uint16_t op, const char *sender, const char *target)
{
	return (struct pkt){ .has = 1u << PKT_ARP, .n_layers = 1, .layer = { { .kind = PKT_ARP } },
			     .arp_fixed = { .op = op },
			     .arp = { .op = op, .sender_mac = hw("02:00:00:00:00:01"),
				      .sender_ip = addr(sender), .target_ip = addr(target) } };
}

static void a_request_says_who_asks_for_whom(void **state)
{
	struct pkt p = arp(ARP_REQUEST, "10.0.0.1", "10.0.0.2");

	(void)state;
	assert_string_equal(said(&p, english), "ARP request: who has 10.0.0.2? 10.0.0.1 asks, from"
					       " 02:00:00:00:00:01.");
	assert_string_equal(said(&p, chinese),
			    "ARP 请求：谁是 10.0.0.2？10.0.0.1 在问，它的 MAC 地址是"
			    " 02:00:00:00:00:01。");
}

static void names_stand_before_their_addresses(void **state)
{
	struct pkt p = arp(ARP_REQUEST, "10.0.0.1", "10.0.0.2");

	(void)state;
	assert_string_equal(said(&p, named(LANG_EN)),
			    "ARP request: who has bob (10.0.0.2)? alice (10.0.0.1) asks, from"
			    " 02:00:00:00:00:01.");
	assert_string_equal(said(&p, named(LANG_ZH)),
			    "ARP 请求：谁是 bob（10.0.0.2）？alice（10.0.0.1）在问，它的 MAC 地址是"
			    " 02:00:00:00:00:01。");
	p = arp(ARP_REQUEST, "10.0.0.1", "10.0.0.9");
	assert_non_null(strstr(said(&p, named(LANG_EN)), "who has 10.0.0.9? alice (10.0.0.1)"));
}

static void a_reply_says_where_its_sender_is(void **state)
{
	struct pkt p = arp(ARP_REPLY, "10.0.0.2", "10.0.0.1");

	(void)state;
	assert_string_equal(said(&p, english), "ARP reply: 10.0.0.2 is at 02:00:00:00:00:01.");
	assert_string_equal(said(&p, named(LANG_ZH)),
			    "ARP 应答：bob（10.0.0.2）的 MAC 地址是 02:00:00:00:00:01。");
}

static void a_probe_asks_whether_an_address_is_free(void **state)
{
	struct pkt p = arp(ARP_REQUEST, "0.0.0.0", "10.0.0.7");

	(void)state;
	assert_string_equal(said(&p, english),
			    "ARP probe: does anybody use 10.0.0.7? (RFC 5227 2.1).");
	assert_string_equal(said(&p, chinese), "ARP 探测：有谁在使用 10.0.0.7 吗？[RFC 5227 2.1]");
}

static void an_announcement_says_whose_an_address_is_now(void **state)
{
	struct pkt p = arp(ARP_REQUEST, "10.0.0.7", "10.0.0.7");

	(void)state;
	assert_string_equal(said(&p, english),
			    "ARP announcement of 10.0.0.7: it is at 02:00:00:00:00:01.");
	assert_string_equal(said(&p, chinese),
			    "ARP 通告：10.0.0.7 的 MAC 地址是 02:00:00:00:00:01。");
}

/* For other networks, say; then the message was not read. */
static void of_an_unread_message_the_operation_is_told(void **state)
{
	struct pkt p = arp(ARP_REQUEST, "10.0.0.1", "10.0.0.2");

	(void)state;
	p.stopped = V_UNSUPPORTED;
	p.stopped_space = PKT_BY_ARP_TYPE;
	p.stopped_value = 6;
	assert_string_equal(said(&p, english),
			    "ARP, operation 1. Not read further: ARP hardware 6.");
	assert_string_equal(said(&p, chinese), "ARP，操作码 1。没有继续解析：ARP 硬件类型 6。");
}

/* ---- over IP ---------------------------------------------------------------------------- */

static struct pkt over_ip(enum pkt_kind kind)
{
	return (struct pkt){ .has = 1u << kind, .ip_version = 4, .n_layers = 1,
			     .layer = { { .kind = (uint8_t)kind } },
			     .ip4 = { .src = addr("10.0.0.1"), .dst = addr("10.0.0.2") } };
}

static void a_datagram_has_its_ports_and_its_size(void **state)
{
	struct pkt p = over_ip(PKT_UDP);

	(void)state;
	p.udp.sport = 5000;
	p.udp.dport = 53;
	p.payload_wire = 1200;
	assert_string_equal(said(&p, english),
			    "UDP, 10.0.0.1 to 10.0.0.2, port 5000 to 53: 1,200 bytes.");
	assert_string_equal(said(&p, named(LANG_ZH)),
			    "UDP，alice（10.0.0.1）到 bob（10.0.0.2），"
			    "端口 5000 到 53：1,200 字节。");
	p.payload_wire = 1;
	assert_non_null(strstr(said(&p, english), ": 1 byte."));
}

static void an_echo_is_told_from_an_error(void **state)
{
	struct pkt p = over_ip(PKT_ICMP4);

	(void)state;
	p.icmp.type = ICMP4_ECHO;
	assert_string_equal(said(&p, english),
			    "ICMP echo request, 10.0.0.1 to 10.0.0.2: type 8, code 0.");
	assert_string_equal(said(&p, chinese),
			    "ICMP 回显请求，10.0.0.1 到 10.0.0.2：类型 8，代码 0。");
	p.icmp.type = ICMP4_ECHO_REPLY;
	assert_non_null(strstr(said(&p, english), "ICMP echo reply, "));
	assert_non_null(strstr(said(&p, chinese), "ICMP 回显应答，"));
	p.icmp = (struct icmp_hdr){ .type = ICMP4_UNREACHABLE, .code = ICMP4_CODE_FRAG_NEEDED,
				    .quotes = true, .mtu = 1000 };
	assert_string_equal(said(&p, named(LANG_EN)),
			    "ICMP error, alice (10.0.0.1) to bob (10.0.0.2): type 3, code 4,"
			    " MTU of the next hop 1000.");
	assert_string_equal(said(&p, chinese),
			    "ICMP 差错报文，10.0.0.1 到 10.0.0.2：类型 3，代码 4，"
			    "下一跳的 MTU 是 1000。");
	p.icmp = (struct icmp_hdr){ .type = 13 };
	assert_string_equal(said(&p, english), "ICMP 10.0.0.1 to 10.0.0.2: type 13, code 0.");
	assert_string_equal(said(&p, chinese), "ICMP，10.0.0.1 到 10.0.0.2：类型 13，代码 0。");
}

static void icmp_of_the_other_version_has_its_own_numbers(void **state)
{
	struct pkt p = { .has = 1u << PKT_ICMP6, .ip_version = 6, .icmp = { .type = ICMP6_ECHO } };

	(void)state;
	p.ip6.dst.b[15] = 1;
	assert_string_equal(said(&p, english), "ICMPv6 echo request, :: to ::1: type 128, code 0.");
	assert_string_equal(said(&p, named(LANG_ZH)),
			    "ICMPv6 回显请求，:: 到 ::1：类型 128，代码 0。");
}

static void a_fragment_says_which_bytes_it_is(void **state)
{
	struct pkt p = over_ip(PKT_IP4);

	(void)state;
	p.is_fragment = true;
	p.frag = (struct pkt_frag){ .id = 7, .offset = 1480, .more = true };
	p.payload_wire = 1480;
	assert_string_equal(said(&p, english),
			    "IP fragment, 10.0.0.1 to 10.0.0.2: identification 7,"
			    " bytes 1480 to 2959, more to come.");
	assert_string_equal(said(&p, chinese),
			    "IP 分片，10.0.0.1 到 10.0.0.2：标识 7，第 1480 到 2959"
			    " 字节，后面还有。");
	p.frag.more = false;
	assert_non_null(strstr(said(&p, english), ", the last."));
	assert_non_null(strstr(said(&p, chinese), "，是最后一片。"));
}

/* ---- the rest --------------------------------------------------------------------------- */

static void of_other_frames_the_last_header_and_the_size_are_told(void **state)
{
	struct pkt p = { .payload_wire = 46, .n_layers = 1, .layer = { { .kind = PKT_ETH } },
			 .stopped = V_UNSUPPORTED, .stopped_space = PKT_BY_ETHERTYPE,
			 .stopped_value = 35020 };

	(void)state;
	assert_string_equal(said(&p, english),
			    "Ethernet: 46 bytes. Not read further: EtherType 35020.");
	assert_string_equal(said(&p, chinese), "以太网：46 字节。没有继续解析：以太网类型 35020。");
	p.n_layers = 0;
	assert_non_null(strstr(said(&p, english), "A frame: 46 bytes."));
	assert_non_null(strstr(said(&p, chinese), "一个帧：46 字节。"));
	p = over_ip(PKT_GRE);
	assert_string_equal(said(&p, english), "GRE, 10.0.0.1 to 10.0.0.2: 0 bytes.");
	assert_string_equal(said(&p, chinese), "GRE，10.0.0.1 到 10.0.0.2：0 字节。");
}

static void why_it_was_not_read_further_is_told_in_both_languages(void **state)
{
	(void)state;
	for (unsigned v = V_SHORT; v <= V_UNSUPPORTED; v++)
		for (unsigned kind = PKT_ETH; kind < PKT_KINDS; kind++)
			for (unsigned snapped = 0; snapped < 2; snapped++) {
				struct pkt p = { .stopped = (enum verdict)v, .snapped = snapped,
						 .stopped_in = (uint8_t)kind };
				assert_non_null(strstr(said(&p, english), "Not read further: "));
				assert_non_null(strstr(said(&p, chinese), "没有继续解析："));
				assert_int_equal(strstr(buf, "被抓包截断") != NULL, snapped);
			}
	for (unsigned space = PKT_BY_END; space <= PKT_BY_ARP_TYPE; space++) {
		struct pkt p = { .stopped = V_UNSUPPORTED, .stopped_space = (uint8_t)space };
		assert_non_null(strstr(said(&p, english), " 0."));
		assert_non_null(strstr(said(&p, chinese), " 0。"));
	}
}

static const char *long_name(const void *hosts, struct ip4 ip)
{
	(void)ip;
	return hosts;
}

static void the_longest_words_fit(void **state)
{
	char name[PACKET_NAME_MAX + 1];
	struct pkt p = arp(ARP_REQUEST, "223.255.255.254", "223.255.255.253");
	struct pkt udp = over_ip(PKT_UDP);

	(void)state;
	memset(name, 'x', PACKET_NAME_MAX);
	name[PACKET_NAME_MAX] = '\0';
	udp.ip4.src = udp.ip4.dst = addr("223.255.255.254");
	udp.udp = (struct udp_hdr){ .sport = UINT16_MAX, .dport = UINT16_MAX };
	udp.payload_wire = udp.stopped_value = UINT32_MAX;
	udp.stopped = V_UNSUPPORTED;
	udp.stopped_space = PKT_BY_LOOPBACK;
	for (unsigned lang = 0; lang < LANG_COUNT; lang++) {
		struct packet_names who = { (enum lang)lang, long_name, name };
		(void)said(&p, who);
		(void)said(&udp, who);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_says_who_asks_for_whom),
		cmocka_unit_test(names_stand_before_their_addresses),
		cmocka_unit_test(a_reply_says_where_its_sender_is),
		cmocka_unit_test(a_probe_asks_whether_an_address_is_free),
		cmocka_unit_test(an_announcement_says_whose_an_address_is_now),
		cmocka_unit_test(of_an_unread_message_the_operation_is_told),
		cmocka_unit_test(a_datagram_has_its_ports_and_its_size),
		cmocka_unit_test(an_echo_is_told_from_an_error),
		cmocka_unit_test(icmp_of_the_other_version_has_its_own_numbers),
		cmocka_unit_test(a_fragment_says_which_bytes_it_is),
		cmocka_unit_test(of_other_frames_the_last_header_and_the_size_are_told),
		cmocka_unit_test(why_it_was_not_read_further_is_told_in_both_languages),
		cmocka_unit_test(the_longest_words_fit),
	};

	return cmocka_run_group_tests_name("packet_words", tests, NULL, NULL);
}
