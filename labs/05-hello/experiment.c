/*
 * Lab 05: hello in three.
 *
 * Five times alice opens a connection: as it should be, with each of the three segments lost
 * in turn, and at the very moment in which bob opens the same one.
 */
#include <string.h>

#include "wirelab/lab.h"

#include "words.h"

enum { PLAIN, LOST_SYN, LOST_SYNACK, LOST_ACK, BOTH_OPEN };
enum { ALICES_PORT = 5 };		/* from which she opens the last one */

static const struct lab_number numbers[] = {
	{ "bytes", 100, 20, 1000 },	/* of data, when the third segment was lost */
	{ 0 }
};

#define PATIENCE_NS (10 * SEC_NS)	/* for a timer of one second */

/* ---- what happens ------------------------------------------------------------------------- */

/* The first frame of this kind that the host sends: it is lost, or held. */
static unsigned first_one(struct stage *st, unsigned host, unsigned kind, enum wire_action action)
{
	return wire_rule(stage_wire(st, 0), &(struct wire_rule){
		.ports = from_host(stage_host(st, host)), .kinds = kind, .count = 1,
		.action = action });
}

/* A listener at bob's, and alice's SYN is in the wire. */
static struct connection call(struct stage *st, const struct lesson *l, unsigned part)
{
	struct host *alice = stage_host(st, ALICE), *bob = stage_host(st, BOB);
	struct connection c = { .server = host_listen(st, bob, lesson_port(l, part)),
				.client = host_socket(st, alice, SOCK_STREAM) };

	host_connect(st, c.client, bob, lesson_port(l, part));
	return c;
}

/* In place of the listener, the connection. */
static void answer(struct stage *st, struct connection *c)
{
	int listener = c->server;

	c->server = host_accept(st, listener);
	host_close(st, listener);
}

static void hang_up(struct stage *st, const struct connection *c)
{
	host_close(st, c->client);
	stage_run(st);
	host_close(st, c->server);
	stage_run(st);
}

static void plain(struct stage *st, const struct lesson *l)
{
	struct connection c = call(st, l, PLAIN);

	stage_run(st);
	answer(st, &c);
	hang_up(st, &c);
}

static void lost_syn(struct stage *st, const struct lesson *l)
{
	(void)first_one(st, ALICE, WIRE_SYN, WIRE_DROP);
	struct connection c = call(st, l, LOST_SYN);

	stage_await(st, stage_host(st, ALICE), WIRE_SYN, PATIENCE_NS);
	answer(st, &c);
	hang_up(st, &c);
}

/* The SYN is late, so that bob's timer for his SYN+ACK runs out clearly after alice's. */
static void lost_synack(struct stage *st, const struct lesson *l)
{
	unsigned late = first_one(st, ALICE, WIRE_SYN, WIRE_HOLD);

	(void)first_one(st, BOB, WIRE_SYNACK, WIRE_DROP);
	struct connection c = call(st, l, LOST_SYNACK);
	stage_wait(st, 200 * MSEC_NS);
	wire_release(stage_wire(st, 0), late, stage_time(st));
	stage_await(st, stage_host(st, ALICE), WIRE_SYN, PATIENCE_NS);
	answer(st, &c);
	hang_up(st, &c);
}

/* alice does not know that her ACK was lost.  She sends, and what she sends says it again. */
static void lost_ack(struct stage *st, const struct lesson *l)
{
	(void)first_one(st, ALICE, WIRE_ACK, WIRE_DROP);
	struct connection c = call(st, l, LOST_ACK);

	stage_run(st);
	host_send_fill(st, c.client, lesson_number(l, "bytes"));
	stage_run(st);
	answer(st, &c);
	(void)host_receive_all(st, c.server);
	hang_up(st, &c);
}

/* Nobody listens.  Each connects to the other's port, and the SYNs cross in the cable. */
static void both_open(struct stage *st, const struct lesson *l)
{
	struct host *alice = stage_host(st, ALICE), *bob = stage_host(st, BOB);
	struct connection c = { .client = host_socket(st, alice, SOCK_STREAM),
				.server = host_socket(st, bob, SOCK_STREAM) };

	host_bind(st, c.client, lesson_port(l, ALICES_PORT));
	host_bind(st, c.server, lesson_port(l, BOTH_OPEN));
	host_connect(st, c.client, bob, lesson_port(l, BOTH_OPEN));
	host_connect(st, c.server, alice, lesson_port(l, ALICES_PORT));
	stage_run(st);
	hang_up(st, &c);
}

static void run(struct stage *st, const struct lesson *l)
{
	plain(st, l);
	lost_syn(st, l);
	lost_synack(st, l);
	lost_ack(st, l);
	both_open(st, l);
}

/* ---- how a connection began --------------------------------------------------------------- */

struct hello {
	uint32_t stream;
	const struct seen *syn[2], *synack[2];
	const struct seen *third;	/* of the initiator, behind a SYN+ACK */
	size_t syns, synacks;
};

static struct hello opening(const struct lesson *l, const struct capture *c, unsigned part)
{
	struct hello h = { .stream = capture_stream_to(c, lesson_port(l, part)) };
	struct wanted syn = { .stream = h.stream, .from = FROM_INITIATOR, .flags = TCP_SYN,
			      .not_flags = TCP_ACK };
	struct wanted synack = { .stream = h.stream, .from = FROM_RESPONDER,
				 .flags = TCP_SYN | TCP_ACK };

	h.syns = capture_all(c, &syn, h.syn, 2);
	h.synacks = capture_all(c, &synack, h.synack, 2);
	if (h.synacks)
		h.third = capture_next(c, &(struct wanted){
			.stream = h.stream, .from = FROM_INITIATOR, .flags = TCP_ACK,
			.not_flags = TCP_SYN, .after = h.synack[0]->number });
	return h;
}

static bool is_there(struct findings *f, uint32_t stream)
{
	if (stream == CAPTURE_NO_STREAM)
		claim_aside(f, BOTH("there is no connection to this part's port in the capture",
				    "抓包中没有到这一部分端口的连接"));
	return stream != CAPTURE_NO_STREAM;
}

/* A claim about what passed at bob's, of which a run has a capture, and a learner perhaps none. */
static bool is_seen_at_bob(struct findings *f, const struct evidence *e)
{
	if (!e->at[BOB])
		claim_aside(f, BOTH("only a capture at bob could show it",
				    "只有在 bob 处抓包才看得到"));
	return e->at[BOB] != NULL;
}

/* The numbers as the headers have them; Wireshark counts from 0 unless told otherwise. */
static void expect_acknowledged(struct findings *f, const struct seen *answer,
				const struct seen *syn)
{
	expect_number(f, answer, BOTH("acknowledgment number", "确认号"),
		      (uint32_t)(syn->pkt.tcp.seq + 1), answer->pkt.tcp.ack);
}

/* ---- what must be on the wire ------------------------------------------------------------- */

static void check_plain(struct findings *f, const struct lesson *l, const struct capture *c)
{
	struct hello h = opening(l, c, PLAIN);

	claim(f, CLAIM_PLUS_ONE);
	if (!is_there(f, h.stream) || !expect_there(f, h.syn[0], BOTH("a SYN", "SYN")) ||
	    !expect_there(f, h.synack[0], BOTH("a SYN+ACK", "SYN+ACK")) ||
	    !expect_there(f, h.third, BOTH("an ACK of the SYN+ACK", "对 SYN+ACK 的 ACK")))
		return;
	expect_acknowledged(f, h.synack[0], h.syn[0]);
	expect_acknowledged(f, h.third, h.synack[0]);
	expect_number(f, h.third, BOTH("sequence number", "序号"),
		      (uint32_t)(h.syn[0]->pkt.tcp.seq + 1), h.third->pkt.tcp.seq);
	claim(f, CLAIM_OPTIONS);
	for (unsigned i = 0; i < 2; i++) {
		const struct seen *s = i ? h.synack[0] : h.syn[0];
		expect(f, s, s->moment.options & TCP_SEEN_MSS, BOTH("the option MSS", "MSS 选项"));
		expect(f, s, s->moment.options & TCP_SEEN_WSCALE,
		       BOTH("the option window scale", "窗口扩大选项"));
	}
}

static bool expect_syn_again(struct findings *f, const struct hello *h)
{
	return expect_there(f, h->syn[1], BOTH("a second SYN", "第二个 SYN")) &&
	       expect_number(f, h->syn[1], BOTH("sequence number", "序号"),
			     h->syn[0]->pkt.tcp.seq, h->syn[1]->pkt.tcp.seq) &&
	       expect_order(f, h->syn[1], h->synack[0],
			    BOTH("no SYN+ACK before the second SYN",
				 "第二个 SYN 之前没有 SYN+ACK"));
}

static bool about_a_second(const struct hello *h)
{
	uint64_t waited = instant_since(h->syn[0]->when, h->syn[1]->when);

	return waited > 900 * MSEC_NS && waited < 1300 * MSEC_NS;
}

static void check_lost_syn(struct findings *f, const struct lesson *l, const struct capture *c)
{
	struct hello h = opening(l, c, LOST_SYN);

	claim(f, CLAIM_SYN_AGAIN);
	if (!is_there(f, h.stream) || !expect_syn_again(f, &h))
		return;
	claim(f, CLAIM_ONE_SECOND);
	expect(f, h.syn[1], about_a_second(&h),
	       BOTH("0.9 to 1.3 s after the first SYN", "在第一个 SYN 之后 0.9 至 1.3 秒"));
}

static void check_lost_synack(struct findings *f, const struct lesson *l, const struct evidence *e)
{
	struct hello h = opening(l, e->at[ALICE], LOST_SYNACK);

	claim(f, CLAIM_LOOKS_ALIKE);
	if (!is_there(f, h.stream) || !expect_syn_again(f, &h))
		return;
	claim(f, CLAIM_BOB_KNOWS);
	if (!is_seen_at_bob(f, e))
		return;
	struct hello at_bob = opening(l, e->at[BOB], LOST_SYNACK);
	if (!expect_there(f, at_bob.synack[1], BOTH("a second SYN+ACK", "第二个 SYN+ACK")))
		return;
	expect_number(f, at_bob.synack[1], BOTH("sequence number", "序号"),
		      at_bob.synack[0]->pkt.tcp.seq, at_bob.synack[1]->pkt.tcp.seq);
	expect(f, at_bob.synack[1], at_bob.synack[1]->moment.why == TCP_WHY_ACCEPTS_ANEW,
	       BOTH("it follows a second SYN at once", "它紧跟在第二个 SYN 之后"));
}

static const struct seen *first_data(const struct capture *c, uint32_t stream)
{
	return capture_next(c, &(struct wanted){ .stream = stream, .from = FROM_INITIATOR,
						 .with_data = true });
}

static const struct seen *ack_after(const struct capture *c, const struct seen *data)
{
	return capture_next(c, &(struct wanted){ .stream = data->stream, .from = FROM_RESPONDER,
						 .pure_ack = true, .after = data->number });
}

static void check_lost_ack(struct findings *f, const struct lesson *l, const struct evidence *e)
{
	struct hello h = opening(l, e->at[ALICE], LOST_ACK);
	const struct seen *data = first_data(e->at[ALICE], h.stream);

	claim(f, CLAIM_DATA_GOES_ON);
	if (!is_there(f, h.stream) ||
	    !expect_there(f, data, BOTH("data of who opened", "连接发起方的数据")))
		return;
	expect_cause(f, ack_after(e->at[ALICE], data), data);
	expect_number(f, data, BOTH("SYN+ACKs", "SYN+ACK 的个数"), 1, h.synacks);
	claim(f, CLAIM_DATA_SAYS_IT);
	if (!is_seen_at_bob(f, e))
		return;
	struct hello at_bob = opening(l, e->at[BOB], LOST_ACK);
	if (!expect_there(f, at_bob.third, BOTH("what follows the SYN+ACK",
						"SYN+ACK 之后的报文段")))
		return;
	expect(f, at_bob.third, at_bob.third->moment.payload > 0,
	       BOTH("data, and no ACK before it", "数据，并且它之前没有 ACK"));
	expect_acknowledged(f, at_bob.third, at_bob.synack[0]);
}

static void check_both_open(struct findings *f, const struct lesson *l, const struct capture *c)
{
	struct wanted w = { .stream = capture_stream_to(c, lesson_port(l, BOTH_OPEN)),
			    .from = FROM_EITHER, .flags = TCP_SYN };
	const struct seen *s[4] = { NULL };

	(void)capture_all(c, &w, s, 4);
	claim(f, CLAIM_CROSSING);
	if (!is_there(f, w.stream))
		return;
	for (unsigned i = 0; i < 4; i++)
		if (!expect_there(f, s[i], BOTH("two SYNs and two SYN+ACKs",
						"两个 SYN 和两个 SYN+ACK")))
			return;
	expect(f, s[1], !(s[1]->moment.flags & TCP_ACK) && s[1]->moment.from != s[0]->moment.from,
	       BOTH("a SYN of the other side, without ACK", "另一方的 SYN，不带 ACK"));
	claim(f, CLAIM_ONE_CONNECTION);
	for (unsigned i = 2; i < 4; i++) {
		const struct seen *own = s[i]->moment.from == s[0]->moment.from ? s[0] : s[1];
		expect_number(f, s[i], BOTH("sequence number", "序号"), own->pkt.tcp.seq,
			      s[i]->pkt.tcp.seq);
		expect_acknowledged(f, s[i], own == s[0] ? s[1] : s[0]);
	}
}

static void check(struct findings *f, const struct lesson *l, const struct evidence *e)
{
	check_plain(f, l, e->at[ALICE]);
	check_lost_syn(f, l, e->at[ALICE]);
	check_lost_synack(f, l, e);
	check_lost_ack(f, l, e);
	check_both_open(f, l, e->at[ALICE]);
}

/* ---- what is asked before ----------------------------------------------------------------- */

static int64_t plus_what(const struct lesson *l, const struct evidence *e)
{
	struct hello h = opening(l, e->at[ALICE], PLAIN);

	/* A capture that began late may have the one without the other. */
	if (!h.syn[0] || !h.synack[0])
		return -1;
	return (int64_t)(h.synack[0]->pkt.tcp.ack - h.syn[0]->pkt.tcp.seq);
}

static const struct both whens[] = { WHEN_200_MS, WHEN_1_S, WHEN_3_S, WHEN_NEVER, { { NULL } } };

static int64_t when_again(const struct lesson *l, const struct evidence *e)
{
	struct hello h = opening(l, e->at[ALICE], LOST_SYN);

	if (!h.syn[1])
		return 4;
	if (about_a_second(&h))
		return 2;
	return instant_since(h.syn[0]->when, h.syn[1]->when) < SEC_NS ? 1 : 3;
}

static int64_t syns_of_alice(const struct lesson *l, const struct evidence *e)
{
	return (int64_t)opening(l, e->at[ALICE], LOST_SYNACK).syns;
}

/* Of what alice wrote, what bob acknowledged though nothing was sent twice. */
static int64_t bytes_at_once(const struct lesson *l, const struct evidence *e)
{
	struct hello h = opening(l, e->at[ALICE], LOST_ACK);
	const struct seen *data = first_data(e->at[ALICE], h.stream);
	const struct seen *ack = data ? ack_after(e->at[ALICE], data) : NULL;

	return ack && h.syns == 1 && h.synacks == 1 ? ack->moment.acked : 0;
}

static int64_t bytes(const struct lesson *l) { return lesson_number(l, "bytes"); }
static int64_t bytes_and_syn(const struct lesson *l) { return bytes(l) + 1; }

static const struct question questions[] = {
	{ .id = "plus", .ask = ASK_PLUS, .right = plus_what,
	  .wrong = (const struct wrong[]){
		  { .fixed = 0, .believes = A_SYN_IS_NOTHING },
		  { 0 } },
	  .because = WHY_PLUS },
	{ .id = "again", .ask = ASK_AGAIN, .choice = whens, .right = when_again,
	  .wrong = (const struct wrong[]){
		  { .fixed = 1, .believes = AS_DATA },
		  { .fixed = 3, .believes = AS_IT_WAS_ONCE },
		  { .fixed = 4, .believes = PROGRAMS_CARE },
		  { 0 } },
	  .because = WHY_AGAIN },
	{ .id = "synack", .ask = ASK_SYNACK, .right = syns_of_alice,
	  .wrong = (const struct wrong[]){
		  { .fixed = 1, .believes = BOB_CARES },
		  { 0 } },
	  .because = WHY_SYNACK },
	{ .id = "ack", .ask = ASK_ACK, .right = bytes_at_once,
	  .wrong = (const struct wrong[]){
		  { .fixed = 0, .believes = THREE_OR_NOTHING },
		  { .answer = bytes_and_syn, .believes = SYN_IS_DATA },
		  { 0 } },
	  .because = WHY_ACK },
	{ 0 }
};

/* ---- what is to be noticed ---------------------------------------------------------------- */

static bool at_bob(const struct capture *c) { return strcmp(c->vantage, "bob") == 0; }

static bool is_plain_synack(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return opening(l, c, PLAIN).synack[0] == s;
}

static bool is_second_syn(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return opening(l, c, LOST_SYN).syn[1] == s;
}

static bool is_only_syn(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	struct hello h = opening(l, c, LOST_SYN);

	return at_bob(c) && h.syn[0] == s && h.syns == 1;
}

static bool is_needless_syn(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return !at_bob(c) && opening(l, c, LOST_SYNACK).syn[1] == s;
}

static bool is_second_at_bob(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return at_bob(c) && opening(l, c, LOST_SYNACK).syn[1] == s;
}

static bool is_second_synack(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return opening(l, c, LOST_SYNACK).synack[1] == s;
}

static bool is_lost_third(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return (s->did & WIRE_DROPPED) && opening(l, c, LOST_ACK).third == s;
}

static bool is_data(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return !at_bob(c) && first_data(c, opening(l, c, LOST_ACK).stream) == s;
}

static bool is_data_at_bob(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return at_bob(c) && first_data(c, opening(l, c, LOST_ACK).stream) == s;
}

/* Who opened the last one differs: each hears the other later than itself. */
static bool of_both(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return s->has_moment && s->stream == capture_stream_to(c, lesson_port(l, at_bob(c) ?
									ALICES_PORT : BOTH_OPEN));
}

static bool is_crossing(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return of_both(l, c, s) && s->moment.why == TCP_WHY_OPENS_TOO;
}

static bool is_own_synack(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return of_both(l, c, s) && s->moment.why == TCP_WHY_ACCEPTS;
}

static bool has_it_already(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return of_both(l, c, s) && s->moment.why == TCP_WHY_ACKS_AGAIN;
}

static const struct notice notices[] = {
	{ is_plain_synack, NOTICE_PLUS_ONE },
	{ is_second_syn, NOTICE_RTO },
	{ is_only_syn, NOTICE_ONLY_SYN },
	{ is_needless_syn, NOTICE_LOOKS_ALIKE },
	{ is_second_at_bob, NOTICE_SECOND_AT_BOB },
	{ is_second_synack, NOTICE_ASKED_AGAIN },
	{ is_lost_third, NOTICE_LOST_THIRD },
	{ is_data, NOTICE_DATA },
	{ is_data_at_bob, NOTICE_DATA_AT_BOB },
	{ is_crossing, NOTICE_CROSSING },
	{ is_own_synack, NOTICE_OWN_SYNACK },
	{ has_it_already, NOTICE_HAS_IT },
	{ 0 }
};

static const struct both hints[] = { HINT_FILTER, HINT_NUMBERS, HINT_BOB, { { NULL } } };

const struct lab lab_hello = {
	.nr = 5, .slug = "hello",
	.title = TITLE,
	.topology = TOPOLOGY_P, .numbers = numbers, .vantage = ALICE,
	.more_vantages = LAB_VANTAGE(BOB), .timers = true,
	.run = run, .check = check, .questions = questions, .notices = notices, .hints = hints,
	.explain = EXPLAIN,
};
