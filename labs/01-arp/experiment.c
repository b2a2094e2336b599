/*
 * Lab 01: ARP, who has?
 *
 * Three hosts on a switch that know nobody's MAC.  alice's program sends bob datagrams, and bob's
 * answers each of them.  carol has no part in it: what she sees is what everybody sees.
 */
#include <string.h>

#include "wirelab/lab.h"

#include "words.h"

static const struct lab_number numbers[] = {
	{ "datagrams", 3, 3, 6 },
	{ "bytes", 5, 1, 100 },		/* in each, and in each answer */
	{ 0 }
};

/* ---- what happens ---------------------------------------------------------------------------- */

static void exchange(struct stage *st, const struct lesson *l, int alices, int bobs)
{
	struct host *alice = stage_host(st, ALICE), *bob = stage_host(st, BOB);
	char text[100];
	size_t bytes = lesson_number(l, "bytes");

	memset(text, 'x', sizeof(text));
	host_send_to(st, alices, bob, lesson_port(l, 0), text, bytes);
	stage_run(st);
	if (host_receive(st, bobs, text, sizeof(text)) != (ssize_t)bytes)
		stage_fail(st, "bob did not get the datagram");
	host_send_to(st, bobs, alice, lesson_port(l, 1), text, bytes);
	stage_run(st);
	if (host_receive(st, alices, text, sizeof(text)) != (ssize_t)bytes)
		stage_fail(st, "alice did not get the answer");
}

static void run(struct stage *st, const struct lesson *l)
{
	int alices = host_socket(st, stage_host(st, ALICE), SOCK_DGRAM);
	int bobs = host_socket(st, stage_host(st, BOB), SOCK_DGRAM);

	host_bind(st, bobs, lesson_port(l, 0));
	host_bind(st, alices, lesson_port(l, 1));
	for (uint32_t i = 0; i < lesson_number(l, "datagrams"); i++)
		exchange(st, l, alices, bobs);
}

/* ---- what must be on the wire ------------------------------------------------------------------ */

/* Who says it to whom: requests and replies by the addresses in them, packets by those of IP. */
struct sought {
	enum { REQUEST, REPLY, PACKET } what;
	unsigned from, to;
};

static const struct sought question = { REQUEST, ALICE, BOB }, answer = { REPLY, BOB, ALICE },
			   packet = { PACKET, ALICE, BOB }, packet_back = { PACKET, BOB, ALICE },
			   question_back = { REQUEST, BOB, ALICE };

static bool is(const struct lesson *l, const struct seen *s, const struct sought *what)
{
	struct ip4 from = plan_ip(&l->plan, 0, what->from), to = plan_ip(&l->plan, 0, what->to);
	const struct pkt *p = &s->pkt;

	if (what->what == PACKET)
		return pkt_has(p, PKT_IP4) && ip4_equal(p->ip4.src, from) && ip4_equal(p->ip4.dst, to);
	return pkt_has(p, PKT_ARP) && p->stopped == V_OK &&
	       p->arp.op == (what->what == REQUEST ? ARP_REQUEST : ARP_REPLY) &&
	       ip4_equal(p->arp.sender_ip, from) && ip4_equal(p->arp.target_ip, to);
}

/* NULL: none. */
static const struct seen *first_of(const struct lesson *l, const struct capture *c,
				   const struct sought *what)
{
	for (size_t i = 0; i < c->n; i++)
		if (is(l, &c->frame[i], what))
			return &c->frame[i];
	return NULL;
}

/* How many there are; *last is the last, or NULL. */
static unsigned count(const struct lesson *l, const struct capture *c, const struct sought *what,
		      const struct seen **last)
{
	unsigned n = 0;

	*last = NULL;
	for (size_t i = 0; i < c->n; i++) {
		if (!is(l, &c->frame[i], what))
			continue;
		*last = &c->frame[i];
		n++;
	}
	return n;
}

/* One, or it fails at the last. */
static void expect_one(struct findings *f, const struct lesson *l, const struct capture *c,
		       const struct sought *what, struct both name)
{
	const struct seen *last;
	unsigned n = count(l, c, what, &last);

	expect_number(f, last, name, 1, n);
}

static void check_question(struct findings *f, const struct lesson *l, const struct capture *c)
{
	const struct seen *asks = first_of(l, c, &question), *data = first_of(l, c, &packet);

	claim(f, CLAIM_BROADCAST);
	if (!expect_there(f, asks, A_REQUEST))
		return;
	expect(f, asks, mac_is_broadcast(asks->pkt.eth.dst), TO_ALL);
	expect_order(f, asks, data, BEFORE_ANY_PACKET);
	claim(f, CLAIM_42);
	/* Of a frame that arrives from a real card, its padding would be seen, too. */
	expect_number(f, asks, FRAME_BYTES, ETH_HEADER_LEN + ARP_IPV4_LEN, asks->wirelen);
}

static void check_answer(struct findings *f, const struct lesson *l, const struct capture *c)
{
	const struct seen *replies = first_of(l, c, &answer), *data = first_of(l, c, &packet);

	claim(f, CLAIM_UNICAST);
	if (!expect_there(f, replies, A_REPLY))
		return;
	expect(f, replies, mac_equal(replies->pkt.eth.dst, plan_mac(&l->plan, 0, ALICE)), TO_ALICE);
	expect(f, replies, mac_equal(replies->pkt.arp.sender_mac, plan_mac(&l->plan, 0, BOB)), BOBS_MAC);
	expect_order(f, replies, data, REPLY_FIRST);
	expect_one(f, l, c, &answer, REPLIES);
}

static void check_memory(struct findings *f, const struct lesson *l, const struct capture *c)
{
	const struct seen *back = first_of(l, c, &packet_back), *asks_back = first_of(l, c, &question_back);
	const struct seen *last;

	claim(f, CLAIM_REMEMBERS);
	if (count(l, c, &packet, &last) < 2)
		claim_aside(f, ONE_PACKET_ONLY);
	else
		expect_one(f, l, c, &question, REQUESTS);

	claim(f, CLAIM_LEARNED);
	if (!back) {
		claim_aside(f, NO_ANSWER);
		return;
	}
	expect(f, asks_back, !asks_back, BOB_ASKS_NOTHING);
}

/* What stood at the other ports of the switch; either capture may be missing. */
static void check_others(struct findings *f, const struct lesson *l, const struct evidence *e)
{
	const struct capture *bobs = e->at[BOB], *carols = e->at[CAROL];

	claim(f, CLAIM_EVERYBODY);
	if (!bobs && !carols)
		claim_aside(f, NEEDS_OTHERS);
	if (bobs)
		expect_one(f, l, bobs, &question, REQUESTS_AT_BOB);
	if (carols)
		expect_one(f, l, carols, &question, REQUESTS_AT_CAROL);

	claim(f, CLAIM_NOT_CAROL);
	if (!carols) {
		claim_aside(f, NEEDS_CAROL);
		return;
	}
	const struct seen *replies = first_of(l, carols, &answer);
	const struct seen *data = first_of(l, carols, &packet), *back = first_of(l, carols, &packet_back);
	expect(f, replies, !replies, NO_REPLY_AT_CAROL);
	expect(f, data ? data : back, !data && !back, NO_PACKET_AT_CAROL);
}

static void check(struct findings *f, const struct lesson *l, const struct evidence *e)
{
	const struct capture *c = e->at[ALICE];

	if (!first_of(l, c, &question) && !first_of(l, c, &packet)) {
		claim(f, CLAIM_BROADCAST);
		claim_aside(f, NOTHING_FROM_ALICE);
		return;
	}
	check_question(f, l, c);
	check_answer(f, l, c);
	check_memory(f, l, c);
	check_others(f, l, e);
}

/* ---- what is asked before ------------------------------------------------------------------------ */

static int64_t frames(const struct lesson *l, const struct evidence *e)
{
	(void)l;
	return (int64_t)e->at[ALICE]->n;
}

static int64_t frames_at_carol(const struct lesson *l, const struct evidence *e)
{
	(void)l;
	return e->at[CAROL] ? (int64_t)e->at[CAROL]->n : 0;
}

static const struct both before_answers[] = {
	BOB_BROADCASTS, BOB_ASKS_ALICE, BOB_KNOWS, BOB_ASKS_SWITCH, { { NULL } }
};

static int64_t what_bob_does(const struct lesson *l, const struct evidence *e)
{
	const struct seen *asks = first_of(l, e->at[ALICE], &question_back);

	return !asks ? 3 : mac_is_broadcast(asks->pkt.eth.dst) ? 1 : 2;
}

static int64_t bytes_of_request(const struct lesson *l, const struct evidence *e)
{
	const struct seen *asks = first_of(l, e->at[ALICE], &question);

	return asks ? asks->wirelen : 0;
}

static int64_t datagrams(const struct lesson *l) { return lesson_number(l, "datagrams"); }
static int64_t without_arp(const struct lesson *l) { return 2 * datagrams(l); }
static int64_t both_ask(const struct lesson *l) { return 2 * datagrams(l) + 4; }
static int64_t each_asks(const struct lesson *l) { return 4 * datagrams(l); }
static int64_t all_frames(const struct lesson *l) { return 2 * datagrams(l) + 2; }

static const struct question questions[] = {
	{ .id = "frames", .ask = ASK_FRAMES, .right = frames,
	  .wrong = (const struct wrong[]){
		  { .answer = without_arp, .believes = IP_IS_ENOUGH },
		  { .answer = both_ask, .believes = BOTH_ASK },
		  { .answer = each_asks, .believes = EACH_ASKS },
		  { 0 } },
	  .because = WHY_FRAMES },
	{ .id = "carol", .ask = ASK_CAROL, .right = frames_at_carol,
	  .wrong = (const struct wrong[]){
		  { .fixed = 0, .believes = NONE_OF_HERS },
		  { .fixed = 2, .believes = REPLY_TO_ALL },
		  { .answer = all_frames, .believes = LIKE_A_HUB },
		  { 0 } },
	  .because = WHY_CAROL },
	{ .id = "bob", .ask = ASK_BOB, .choice = before_answers, .right = what_bob_does,
	  .wrong = (const struct wrong[]){
		  { .fixed = 1, .believes = MUST_ASK_TOO },
		  { .fixed = 2, .believes = MUST_ASK_TOO },
		  { .fixed = 4, .believes = SWITCH_ANSWERS },
		  { 0 } },
	  .because = WHY_BOB },
	{ .id = "size", .ask = ASK_SIZE, .right = bytes_of_request,
	  .wrong = (const struct wrong[]){
		  { .fixed = ARP_IPV4_LEN, .believes = MESSAGE_ALONE },
		  { .fixed = ETH_MIN_FRAME, .believes = ALREADY_PADDED },
		  { .fixed = ETH_MIN_FRAME + 4, .believes = ALREADY_PADDED },
		  { 0 } },
	  .because = WHY_SIZE },
	{ 0 }
};

/* ---- what is to be noticed -------------------------------------------------------------------------- */

static bool at_carol(const struct capture *c)
{
	return strcmp(c->vantage, "carol") == 0;
}

static bool is_request(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return !at_carol(c) && first_of(l, c, &question) == s;
}

static bool is_request_at_carol(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return at_carol(c) && is(l, s, &question);
}

static bool is_reply(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return first_of(l, c, &answer) == s;
}

static bool is_first_packet(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return first_of(l, c, &packet) == s;
}

static bool is_first_back(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return first_of(l, c, &packet_back) == s;
}

static bool is_later_packet(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return is(l, s, &packet) && !is_first_packet(l, c, s);
}

static const struct notice notices[] = {
	{ is_request, NOTICE_REQUEST },
	{ is_request_at_carol, NOTICE_AT_CAROL },
	{ is_reply, NOTICE_REPLY },
	{ is_first_packet, NOTICE_FIRST },
	{ is_first_back, NOTICE_BACK },
	{ is_later_packet, NOTICE_LATER },
	{ 0 }
};

static const struct both hints[] = {
	HINT_FILTER,
	HINT_ADDRESSES,
	HINT_CAROL,
	HINT_FLUSH,
	{ { NULL } }
};

const struct lab lab_arp = {
	.nr = 1, .slug = "arp",
	.title = TITLE,
	.topology = TOPOLOGY_S, .asks = true, .numbers = numbers,
	.vantage = ALICE, .more_vantages = LAB_VANTAGE(BOB) | LAB_VANTAGE(CAROL),
	.run = run, .check = check, .questions = questions, .notices = notices, .hints = hints,
	.explain = EXPLAIN,
};
