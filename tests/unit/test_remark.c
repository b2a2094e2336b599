/* What is written beside frames: something beside each, in both languages, and never too much. */
#include "chinese.h"
#include "wire_scene.h"

#include "wirelab/lab.h"
#include "wirelab/tcp_words.h"

#define CALL_LONGEST 128u	/* bytes: a host, and a call as text (stage.c) */

static bool on_all(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	(void)l;
	(void)c;
	(void)s;
	return true;
}

static bool on_none(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return !on_all(l, c, s);
}

static const struct lab_number numbers[] = { { "writes", 10, 5, 10 }, { 0 } };
static const struct notice some_notices[] = {
	{ on_all, { { "Notice: {writes} of them.", "注意：共有 {writes} 个。" } } },
	{ on_none, { { "Never.", "从不。" } } },
	{ on_all, { { "And: it is from {alice}.", "还有：它来自 {alice}。" } } },
	{ 0 }
};
static const struct lab plain = { .topology = TOPOLOGY_P, .numbers = numbers };
static const struct lab noticing = { .topology = TOPOLOGY_P, .numbers = numbers,
				     .notices = some_notices };

static struct capture c;

static int begin(void **state)
{
	(void)state;
	return capture_init(&c, "alice");
}

static int end(void **state)
{
	(void)state;
	capture_end(&c);
	return 0;
}

static const char *said(const struct lab *lab, enum lang lang, const struct seen *s)
{
	static char buf[REMARK_MAX];
	struct lesson l = { .lab = lab };
	struct txt t = txt_over(buf, sizeof(buf));

	assert_true(plan_init(&l.plan, PLAN_SEED_PUBLIC));
	remark(&t, &l, lang, &c, s);
	assert_false(t.cut);
	assert_int_equal(strlen(buf), t.len);
	return buf;
}

static struct seen *heard(const struct scene_frame *f, struct capture_frame more)
{
	more.data = f->bytes;
	more.caplen = more.caplen ? more.caplen : (uint32_t)f->len;
	more.wirelen = (uint32_t)f->len;
	struct seen *s = capture_add(&c, &more);
	assert_non_null(s);
	return s;
}

#define NO_MORE ((struct capture_frame){ 0 })

static struct scene_frame segment(unsigned from, uint16_t flags, uint32_t seq, uint32_t ack,
				  size_t payload)
{
	return tcp_frame(&(struct scene_segment){ .from = from, .to = 3 - from, .flags = flags,
						  .seq = seq, .ack = ack, .payload = payload });
}

static struct scene_frame a_syn(void)
{
	return segment(1, TCP_SYN, 1000, 0, 0);
}

static void begins(const char *text, const char *with)
{
	if (strncmp(text, with, strlen(with)) != 0)
		fail_msg("not \"%s\" in front: %s", with, text);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("not \"%s\" in it: %s", part, text);
}

/* Something, and in its language. */
static void assert_said(const struct seen *s)
{
	const char *text = said(&noticing, LANG_EN, s);

	assert_int_not_equal(text[0], '\n');
	for (const char *p = text; *p; p++)
		assert_true((*p >= ' ' && *p < 0x7f) || *p == '\n');
	text = said(&noticing, LANG_ZH, s);
	assert_int_not_equal(text[0], '\n');
	for (char line[REMARK_MAX]; *text; text += *text == '\n') {
		size_t len = strcspn(text, "\n");
		(void)snprintf(line, sizeof(line), "%.*s", (int)len, text);
		assert_chinese(line);
		text += len;
	}
}

/* ---- who and why -------------------------------------------------------------------------- */

static void a_call_stands_in_front_with_the_host_that_made_it(void **state)
{
	struct scene_frame f = a_syn();
	struct seen *s = heard(&f, (struct capture_frame){
		.cause = CAUSE_CALL, .call = "connect(10.0.0.2:80)", .host = "alice" });

	(void)state;
	capture_done(&c);
	begins(said(&plain, LANG_EN, s), "alice calls connect(10.0.0.2:80). alice");
	begins(said(&plain, LANG_ZH, s), "alice 调用 connect(10.0.0.2:80)。alice");
	assert_said(s);
}

static void a_timer_is_told_and_an_answer_needs_no_more_words(void **state)
{
	struct scene_frame f = a_syn();
	struct seen *timer, *arrival;

	(void)state;
	(void)heard(&f, NO_MORE);
	(void)heard(&f, (struct capture_frame){ .cause = CAUSE_TIMER, .host = "alice",
						.unix_ns = SEC_NS });
	(void)heard(&f, (struct capture_frame){ .cause = CAUSE_ARRIVAL, .host = "alice",
						.unix_ns = 2 * SEC_NS });
	capture_done(&c);
	timer = &c.frame[1];
	arrival = &c.frame[2];
	begins(said(&plain, LANG_EN, timer), "alice's kernel acts by a timer. ");
	begins(said(&plain, LANG_ZH, timer), "alice 的内核定时器到时。");
	assert_null(strstr(said(&plain, LANG_EN, arrival), "timer."));
	assert_null(strstr(said(&plain, LANG_EN, arrival), "calls"));
	assert_said(timer);
}

static void without_a_host_or_a_call_nothing_is_made_up(void **state)
{
	struct scene_frame f = a_syn();
	char alone[REMARK_MAX];

	(void)state;
	(void)snprintf(alone, sizeof(alone), "%s", said(&plain, LANG_EN, heard(&f, NO_MORE)));
	/* Anew each time: the same frame again would be a retransmission. */
	end(NULL);
	begin(NULL);
	assert_string_equal(said(&plain, LANG_EN, heard(&f, (struct capture_frame){
				    .cause = CAUSE_CALL, .call = "send(1)" })), alone);
	end(NULL);
	begin(NULL);
	assert_string_equal(said(&plain, LANG_EN, heard(&f, (struct capture_frame){
				    .cause = CAUSE_CALL, .host = "alice" })), alone);
}

/* ---- what it is ------------------------------------------------------------------------------ */

static void hosts_have_the_names_of_the_plan(void **state)
{
	struct scene_frame syn = a_syn(), answer = segment(2, TCP_SYN | TCP_ACK, 5000, 1001, 0);
	struct scene_frame strange = tcp_frame(&(struct scene_segment){
		.from = 1, .to = 9, .flags = TCP_SYN, .seq = 1 });

	(void)state;
	(void)heard(&syn, NO_MORE);
	(void)heard(&answer, NO_MORE);
	(void)heard(&strange, NO_MORE);
	capture_done(&c);
	begins(said(&plain, LANG_EN, &c.frame[0]), "alice ");
	begins(said(&plain, LANG_EN, &c.frame[1]), "bob ");
	begins(said(&plain, LANG_ZH, &c.frame[1]), "bob ");
	/* Where the plan does not know one of them, by what they do. */
	has(said(&plain, LANG_EN, &c.frame[2]), "Client asks server");
	has(said(&plain, LANG_ZH, &c.frame[2]), "客户端");
}

static void notices_stand_below_each_in_a_line_of_its_own(void **state)
{
	struct scene_frame f = a_syn();
	const struct seen *s = heard(&f, NO_MORE);
	char text[REMARK_MAX];

	(void)state;
	capture_done(&c);
	(void)snprintf(text, sizeof(text), "%s\nNotice: 10 of them.\nAnd: it is from 10.0.0.1.",
		       said(&plain, LANG_EN, s));
	assert_string_equal(said(&noticing, LANG_EN, s), text);
	(void)snprintf(text, sizeof(text), "%s\n注意：共有 10 个。\n还有：它来自 10.0.0.1。",
		       said(&plain, LANG_ZH, s));
	assert_string_equal(said(&noticing, LANG_ZH, s), text);
}

/* ---- every kind of frame -------------------------------------------------------------------- */

static struct scene_frame with_payload(uint8_t proto, const void *bytes, size_t n)
{
	struct scene_frame f = { .len = 0 };
	struct wr w = wr_over(f.bytes, sizeof(f.bytes));

	scene_ip(&w, 1, 2, proto, 7, n);
	wr_copy(&w, bytes, n);
	f.len = w.len;
	return f;
}

static struct scene_frame fragment(uint16_t offset, bool more)
{
	struct scene_frame f = { .len = 0 };
	struct wr w = wr_over(f.bytes, sizeof(f.bytes));

	eth_build(&w, &(struct eth_hdr){ .dst = mac_of(2), .src = mac_of(1), .type = ETH_IPV4 });
	ip4_build(&w, &(struct ip4_hdr){ .total_len = IP4_HEADER_MIN + 64, .id = 9, .ttl = 64,
					 .proto = IP_PROTO_UDP, .src = ip_of(1), .dst = ip_of(2),
					 .frag_offset = offset, .more_fragments = more });
	wr_zero(&w, 64);
	f.len = w.len;
	return f;
}

static struct scene_frame arp(uint16_t op)
{
	struct scene_frame f = { .len = 0 };
	struct eth_hdr eth = { .dst = MAC_BROADCAST, .src = mac_of(1), .type = ETH_ARP };

	f.len = arp_frame_build(f.bytes, &eth, &(struct arp_msg){
		.op = op, .sender_mac = mac_of(1), .sender_ip = ip_of(1), .target_ip = ip_of(2) });
	return f;
}

/* 20 bytes of a UDP datagram and of ICMP messages. */
static const uint8_t udp[] = { 0x9c, 0x41, 0x1b, 0x59, 0, 20, 0, 0, 'd', 'a', 't', 'a', 'd', 'a', 't',
			       'a', 'd', 'a', 't', 'a' };
static const uint8_t echo[20] = { 8, 0, 0, 0, 0, 1, 0, 1 };
static const uint8_t redirect[20] = { 5, 1 };

static void every_kind_of_frame_is_remarked_on_in_both_languages(void **state)
{
	const struct scene_frame all[] = {
		arp(ARP_REQUEST), arp(ARP_REPLY), arp(99),
		with_payload(IP_PROTO_UDP, udp, sizeof(udp)),
		with_payload(IP_PROTO_ICMP, echo, sizeof(echo)),
		with_payload(IP_PROTO_ICMP, redirect, sizeof(redirect)),
		with_payload(IP_PROTO_TCP, echo, sizeof(echo)),		/* nonsense as TCP */
		with_payload(132, echo, sizeof(echo)),			/* SCTP */
		with_payload(IP_PROTO_UDP, "", 0),
		fragment(0, true), fragment(64, true), fragment(128, false),
		plain_frame(mac_of(2), mac_of(1), 60),			/* an unknown type */
		plain_frame(MAC_BROADCAST, mac_of(1), 14),
		a_syn(), segment(2, TCP_RST, 0, 0, 0), segment(1, 0, 0, 0, 0),
		segment(1, 0xff, 1, 1, 1), segment(2, TCP_ACK, 1, 1, 1400),
	};

	(void)state;
	/* Each whole, and cut at every length: snapped captures are read, too. */
	for (size_t i = 0; i < LENGTH(all); i++)
		for (uint32_t len = 1; len <= all[i].len; len += len < 60 ? 1 : 97)
			(void)heard(&all[i], (struct capture_frame){ .caplen = len });
	for (size_t i = 0; i < LENGTH(all); i++)
		(void)heard(&all[i], NO_MORE);
	assert_non_null(capture_add(&c, &(struct capture_frame){ .wirelen = 60 }));
	assert_non_null(capture_add(&c, &(struct capture_frame){
		.data = "abcd", .caplen = 4, .wirelen = 4, .linktype = 147 }));
	capture_done(&c);
	for (size_t i = 0; i < c.n; i++)
		assert_said(&c.frame[i]);
}

/* Before it is done, too: a run may show frames as they pass. */
static void while_frames_still_come_there_are_remarks_already(void **state)
{
	struct scene_frame syn = a_syn(), answer = segment(2, TCP_SYN | TCP_ACK, 5000, 1001, 0);

	(void)state;
	assert_said(heard(&syn, NO_MORE));
	assert_said(heard(&answer, NO_MORE));
}

/* ---- what the wire does ------------------------------------------------------------------------ */

static void what_the_wire_did_is_told_at_the_card_that_sent_it(void **state)
{
	static const struct { unsigned did; const char *en, *zh; } fates[] = {
		{ WIRE_DROPPED, "The wire loses this frame", "线路丢弃了这一帧" },
		{ WIRE_HELD, "The wire holds this frame back", "线路把这一帧扣留了一会儿" },
		{ WIRE_CORRUPTED, "The wire damages this frame", "线路在途中损坏了这一帧" },
		{ WIRE_CLAMPED, "somebody lowers the MSS", "途中有设备调低了其中的 MSS" },
		{ WIRE_COPIED, "The wire delivers this frame twice", "线路把这一帧送达了两次" },
		{ WIRE_REORDERED, "others overtake this frame", "途中有别的帧超过了这一帧" },
	};
	struct scene_frame f = a_syn();

	(void)state;
	for (size_t i = 0; i < LENGTH(fates); i++) {
		struct capture_frame out = { .did = fates[i].did, .direction = CAPW_OUTBOUND };
		struct capture_frame in = { .did = fates[i].did, .direction = CAPW_INBOUND };
		const struct seen *s = heard(&f, out);
		has(said(&plain, LANG_EN, s), fates[i].en);
		has(said(&plain, LANG_ZH, s), fates[i].zh);
		assert_said(s);
		/* Whoever receives it cannot know. */
		s = heard(&f, in);
		assert_null(strstr(said(&plain, LANG_EN, s), fates[i].en));
	}
}

/* ---- the labs --------------------------------------------------------------------------------- */

/* The longest words of a segment, every fate, the longest call, and two notices on one frame. */
static void no_remark_of_any_lab_can_be_too_long(void **state)
{
	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		struct lesson l = { .lab = *lab };
		assert_true(plan_init(&l.plan, PLAN_SEED_PUBLIC));
		for (enum lang lang = 0; lang < LANG_COUNT; lang++) {
			size_t longest = 0, second = 0;
			for (const struct notice *n = (*lab)->notices; n && n->of; n++) {
				char buf[REMARK_MAX];
				struct txt t = txt_over(buf, sizeof(buf));
				lesson_text(&t, &l, in_lang(&n->text, lang));
				assert_false(t.cut);
				assert_null(strpbrk(buf, "{}"));
				if (lang == LANG_ZH)
					assert_chinese(buf);
				second = t.len > longest ? longest : t.len > second ? t.len : second;
				longest = t.len > longest ? t.len : longest;
			}
			assert_true(CALL_LONGEST + TCP_WORDS_MAX + 6 * 70 + longest + second + 2 <
				    REMARK_MAX);
		}
	}
}

/* How many remarks of the lab's capture at that host, as it is handed out, have each notice in them. */
static void count_notices(const struct lesson *l, unsigned host, unsigned *times)
{
	static const char *const hosts[NETWORK_HOSTS] = { "alice", "bob", "carol", "router" };
	char path[LAB_NAME_MAX + 32], name[LAB_NAME_MAX], err[256], text[REMARK_MAX + 1];
	char notice[REMARK_MAX];
	bool main_one = host == l->lab->vantage;
	struct capr_record rec;

	(void)snprintf(path, sizeof(path), "captures/%s%s%s.pcapng", lab_name(l->lab, name),
		       main_one ? "" : "-", main_one ? "" : hosts[host]);
	struct capr *r = capr_open(path, err);
	if (!r)
		fail_msg("%s (\"make captures\" makes it)", err);
	while (capr_next(r, &rec) > 0) {
		assert_int_equal(rec.n_remarks, 1);
		(void)snprintf(text, sizeof(text), "%.*s", (int)rec.remark[0].len, rec.remark[0].text);
		for (size_t k = 0; l->lab->notices && l->lab->notices[k].of; k++) {
			struct txt t = txt_over(notice, sizeof(notice));
			lesson_text(&t, l, in_lang(&l->lab->notices[k].text, LANG_EN));
			times[k] += strstr(text, notice) != NULL;
		}
	}
	capr_close(r);
}

static void every_notice_of_a_lab_stands_beside_a_frame_of_its_captures(void **state)
{
	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		struct lesson l = { .lab = *lab };
		unsigned times[64] = { 0 };
		assert_true(plan_init(&l.plan, PLAN_SEED_PUBLIC));
		for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
			if (i != (*lab)->vantage && !((*lab)->more_vantages & LAB_VANTAGE(i)))
				continue;
			count_notices(&l, i, times);
		}
		for (size_t k = 0; (*lab)->notices && (*lab)->notices[k].of; k++)
			if (times[k] == 0)
				fail_msg("lab %02u, beside no frame: %s", (*lab)->nr,
					 in_lang(&(*lab)->notices[k].text, LANG_EN));
	}
}

/* What a run wrote beside its frames can be told from the frames: all but who called what. */
static void the_remarks_of_a_file_are_told_again_from_its_bytes(void **state)
{
	struct capr_record rec;
	char err[256], text[REMARK_MAX];
	struct capr *r = capr_open("captures/09-nagle.pcapng", err);
	const struct lab *lab = lab_by_number(9);

	(void)state;
	assert_non_null(r);
	capture_end(&c);
	assert_int_equal(capture_read(&c, "captures/09-nagle.pcapng", err), 0);
	while (capr_next(r, &rec) > 0) {
		assert_int_equal(rec.n_remarks, 1);
		(void)snprintf(text, sizeof(text), "%.*s", (int)rec.remark[0].len, rec.remark[0].text);
		has(text, said(lab, LANG_EN, capture_frame(&c, rec.number)));
	}
	capr_close(r);
}

#define OF_FRAMES(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_FRAMES(a_call_stands_in_front_with_the_host_that_made_it),
		OF_FRAMES(a_timer_is_told_and_an_answer_needs_no_more_words),
		OF_FRAMES(without_a_host_or_a_call_nothing_is_made_up),
		OF_FRAMES(hosts_have_the_names_of_the_plan),
		OF_FRAMES(notices_stand_below_each_in_a_line_of_its_own),
		OF_FRAMES(every_kind_of_frame_is_remarked_on_in_both_languages),
		OF_FRAMES(while_frames_still_come_there_are_remarks_already),
		OF_FRAMES(what_the_wire_did_is_told_at_the_card_that_sent_it),
		cmocka_unit_test(no_remark_of_any_lab_can_be_too_long),
		OF_FRAMES(every_notice_of_a_lab_stands_beside_a_frame_of_its_captures),
		OF_FRAMES(the_remarks_of_a_file_are_told_again_from_its_bytes),
	};

	return cmocka_run_group_tests_name("remark", tests, NULL, NULL);
}
