/*
 * Lab 06: goodbye in four, three or one.
 *
 * Five conversations, each to a port of its own, and each ends in another way.  What is said
 * before the end is the same: a question from alice, an answer from bob.
 */
#include "wirelab/lab.h"
#include "wirelab/tcp_seq.h"

#include "words.h"

enum { FOUR, THREE, HALF, RESET, CROSSING };

static const struct lab_number numbers[] = {
	{ "question", 20, 10, 200 },	/* bytes */
	{ "answer", 100, 50, 1000 },
	{ "late", 3000, 2000, 4000 },	/* what bob sends when alice has finished */
	{ 0 }
};

/* ---- what happens ------------------------------------------------------------------------- */

static struct connection connected(struct stage *st, const struct lesson *l, unsigned part)
{
	return stage_connect(st, stage_host(st, ALICE), stage_host(st, BOB), lesson_port(l, part));
}

static struct connection after_a_dialogue(struct stage *st, const struct lesson *l, unsigned part)
{
	struct connection c = connected(st, l, part);

	host_send_fill(st, c.client, lesson_number(l, "question"));
	stage_run(st);
	(void)host_receive_all(st, c.server);
	host_send_fill(st, c.server, lesson_number(l, "answer"));
	stage_run(st);
	(void)host_receive_all(st, c.client);
	return c;
}

/* bob's kernel acknowledges at once; his program closes when it comes to it. */
static void four(struct stage *st, const struct lesson *l)
{
	struct connection c = after_a_dialogue(st, l, FOUR);

	host_close(st, c.client);
	stage_run(st);
	host_close(st, c.server);
	stage_run(st);
}

/* The same calls.  But bob's kernel waits a little before it acknowledges, as kernels do when they
 * are left alone, and within that time his program has closed. */
static void three(struct stage *st, const struct lesson *l)
{
	host_delay_acks(st, stage_host(st, BOB), true);
	struct connection c = after_a_dialogue(st, l, THREE);

	host_close(st, c.client);
	stage_run(st);
	host_close(st, c.server);
	stage_run(st);
	host_delay_acks(st, stage_host(st, BOB), false);
}

/* alice has no more to say, and goes on listening. */
static void half(struct stage *st, const struct lesson *l)
{
	struct connection c = after_a_dialogue(st, l, HALF);

	host_shutdown(st, c.client);
	stage_run(st);
	host_send_fill(st, c.server, lesson_number(l, "late"));
	stage_run(st);
	host_close(st, c.server);
	stage_run(st);
	(void)host_receive_all(st, c.client);
	host_close(st, c.client);
}

/* bob closes, and has never read the question. */
static void reset(struct stage *st, const struct lesson *l)
{
	struct connection c = connected(st, l, RESET);

	host_send_fill(st, c.client, lesson_number(l, "question"));
	stage_run(st);
	host_close(st, c.server);
	stage_run(st);
	host_close(st, c.client);
}

/* Both close before either can have heard of it: the cable takes its time. */
static void crossing(struct stage *st, const struct lesson *l)
{
	struct connection c = after_a_dialogue(st, l, CROSSING);

	host_close(st, c.client);
	host_close(st, c.server);
	stage_run(st);
}

static void run(struct stage *st, const struct lesson *l)
{
	four(st, l);
	three(st, l);
	half(st, l);
	reset(st, l);
	crossing(st, l);
}

/* ---- how a connection ended --------------------------------------------------------------- */

/* Whoever says FIN first is the first here; in a capture of your own it may be either. */
struct goodbye {
	uint32_t stream;
	const struct seen *fin[2], *ack[2], *rst, *last;
	size_t segments;		/* from the first FIN on */
};

static bool acknowledges(const struct seen *s, const struct seen *it)
{
	uint32_t behind = it->moment.seq + it->moment.payload + !!(it->moment.flags & TCP_FIN);

	return s->moment.from != it->moment.from && (s->moment.flags & TCP_ACK) &&
	       !seq_before(s->moment.ack, behind);
}

static void hear(struct goodbye *g, const struct seen *s)
{
	bool fin = s->moment.flags & TCP_FIN;

	for (unsigned i = 0; i < 2; i++)
		if (g->fin[i] && !g->ack[i] && acknowledges(s, g->fin[i]))
			g->ack[i] = s;
	if (fin && !g->fin[0])
		g->fin[0] = s;
	else if (fin && !g->fin[1] && s->moment.from != g->fin[0]->moment.from)
		g->fin[1] = s;
	if ((s->moment.flags & TCP_RST) && !g->rst)
		g->rst = s;
	g->segments += g->fin[0] != NULL;
	g->last = s;
}

static struct goodbye ending(const struct lesson *l, const struct capture *c, unsigned part)
{
	struct goodbye g = { .stream = capture_stream_to(c, lesson_port(l, part)) };
	struct wanted any = { .stream = g.stream, .from = FROM_EITHER };
	const struct seen *s;

	for (; (s = capture_next(c, &any)); any.after = s->number)
		hear(&g, s);
	return g;
}

/* The first segment of the other side that acknowledges this one. */
static const struct seen *ack_of(const struct capture *c, const struct seen *it)
{
	struct wanted any = { .stream = it->stream, .from = FROM_EITHER, .after = it->number };
	const struct seen *s;

	while ((s = capture_next(c, &any)) && !acknowledges(s, it))
		any.after = s->number;
	return s;
}

static bool is_there(struct findings *f, const struct goodbye *g)
{
	if (g->stream == CAPTURE_NO_STREAM)
		claim_aside(f, BOTH("there is no connection to this part's port in the capture",
				    "抓包中没有到这一部分端口的连接"));
	return g->stream != CAPTURE_NO_STREAM;
}

static bool both_finish(struct findings *f, const struct goodbye *g)
{
	return expect_there(f, g->fin[0], BOTH("a FIN", "FIN")) &&
	       expect_there(f, g->fin[1], BOTH("a FIN of the other side", "另一方的 FIN")) &&
	       expect_there(f, g->ack[0], BOTH("an ACK of the first FIN", "对第一个 FIN 的 ACK")) &&
	       expect_there(f, g->ack[1], BOTH("an ACK of the second FIN", "对第二个 FIN 的 ACK"));
}

static enum tcp_state left_in(const struct goodbye *g, unsigned side)
{
	return g->last->moment.after[side];
}

/* ---- what must be on the wire ------------------------------------------------------------- */

static void check_four(struct findings *f, const struct lesson *l, const struct capture *c)
{
	struct goodbye g = ending(l, c, FOUR);

	claim(f, CLAIM_FOUR);
	if (!is_there(f, &g) || !both_finish(f, &g) ||
	    !expect_number(f, g.last, BOTH("segments from the first FIN on",
					   "从第一个 FIN 起的报文段数"), 4, g.segments))
		return;
	claim(f, CLAIM_ACK_FIRST);
	expect_order(f, g.ack[0], g.fin[1],
		     BOTH("the ACK of the first FIN before the second FIN",
			  "对第一个 FIN 的 ACK 先于第二个 FIN"));
	expect_cause(f, g.ack[0], g.fin[0]);
	expect_cause(f, g.ack[1], g.fin[1]);
	claim(f, CLAIM_TIME_WAIT);
	expect(f, g.last, left_in(&g, g.fin[0]->moment.from) == TCP_S_TIME_WAIT,
	       BOTH("TIME-WAIT where the first FIN came from", "先发 FIN 的一方处于 TIME-WAIT"));
	expect(f, g.last, left_in(&g, g.fin[1]->moment.from) == TCP_S_CLOSED,
	       BOTH("CLOSED where the second FIN came from", "后发 FIN 的一方处于 CLOSED"));
}

static void check_three(struct findings *f, const struct lesson *l, const struct capture *c)
{
	struct goodbye g = ending(l, c, THREE);

	claim(f, CLAIM_THREE);
	if (!is_there(f, &g) || !both_finish(f, &g))
		return;
	expect(f, g.ack[0], g.ack[0] == g.fin[1],
	       BOTH("the first FIN is acknowledged by the second FIN",
		    "第一个 FIN 由第二个 FIN 确认"));
	expect_number(f, g.last, BOTH("segments from the first FIN on",
				      "从第一个 FIN 起的报文段数"), 3, g.segments);
}

/* What the other side has sent behind the first FIN. */
static struct wanted late_data(const struct capture *c, const struct goodbye *g)
{
	bool by_initiator = g->fin[0] &&
			    (int)g->fin[0]->moment.from == c->stream[g->stream].initiator;

	return (struct wanted){ .stream = g->fin[0] ? g->stream : CAPTURE_NO_STREAM,
				.from = by_initiator ? FROM_RESPONDER : FROM_INITIATOR,
				.with_data = true, .after = g->fin[0] ? g->fin[0]->number : 0 };
}

static void check_half(struct findings *f, const struct lesson *l, const struct capture *c)
{
	struct goodbye g = ending(l, c, HALF);
	struct wanted w = late_data(c, &g);
	const struct seen *segment[16];
	size_t n = capture_all(c, &w, segment, 16);

	claim(f, CLAIM_HALF);
	if (!is_there(f, &g) || !expect_there(f, g.fin[0], BOTH("a FIN", "FIN")))
		return;
	expect(f, g.fin[0], n > 0,
	       BOTH("data of the other side behind this FIN",
		    "这个 FIN 之后有对方发来的数据"));
	claim(f, CLAIM_HALF_ACKED);
	for (size_t i = 0; i < n && i < 16; i++)
		expect(f, segment[i], ack_of(c, segment[i]),
		       BOTH("these bytes are acknowledged", "这些字节得到确认"));
}

static void check_reset(struct findings *f, const struct lesson *l, const struct capture *c)
{
	struct goodbye g = ending(l, c, RESET);
	struct wanted w = { .stream = g.stream, .from = FROM_EITHER, .flags = TCP_FIN };

	claim(f, CLAIM_RESET);
	if (!is_there(f, &g) || !expect_there(f, g.rst, BOTH("a RST", "RST")))
		return;
	expect_number(f, g.rst, BOTH("FINs", "FIN 的个数"), 0, capture_count(c, &w));
	claim(f, CLAIM_ACKED_UNREAD);
	const struct seen *data = capture_next(c, &(struct wanted){
		.stream = g.stream, .from = FROM_EITHER, .with_data = true });
	if (expect_there(f, data, BOTH("data", "数据")))
		expect_order(f, ack_of(c, data), g.rst,
			     BOTH("the ACK of the data before the RST", "对数据的 ACK 先于 RST"));
}

static void check_crossing(struct findings *f, const struct lesson *l, const struct capture *c)
{
	struct goodbye g = ending(l, c, CROSSING);

	claim(f, CLAIM_CROSSING);
	if (!is_there(f, &g) || !both_finish(f, &g))
		return;
	expect(f, g.fin[1], !acknowledges(g.fin[1], g.fin[0]),
	       BOTH("this FIN does not acknowledge the other one", "这个 FIN 不确认另一个 FIN"));
	claim(f, CLAIM_BOTH_WAIT);
	for (unsigned i = 0; i < 2; i++)
		expect(f, g.last, left_in(&g, i) == TCP_S_TIME_WAIT,
		       BOTH("TIME-WAIT at both ends", "两端都处于 TIME-WAIT"));
}

static void check(struct findings *f, const struct lesson *l, const struct evidence *e)
{
	check_four(f, l, e->at[ALICE]);
	check_three(f, l, e->at[ALICE]);
	check_half(f, l, e->at[ALICE]);
	check_reset(f, l, e->at[ALICE]);
	check_crossing(f, l, e->at[ALICE]);
}

/* ---- what is asked before ----------------------------------------------------------------- */

static int64_t closing_segments(const struct lesson *l, const struct evidence *e)
{
	return (int64_t)ending(l, e->at[ALICE], FOUR).segments;
}

static int64_t bytes_after_fin(const struct lesson *l, const struct evidence *e)
{
	struct goodbye g = ending(l, e->at[ALICE], HALF);
	struct wanted w = late_data(e->at[ALICE], &g);
	const struct seen *s;
	int64_t bytes = 0;

	for (; (s = capture_next(e->at[ALICE], &w)); w.after = s->number)
		bytes += s->moment.payload;
	return bytes;
}

static int64_t fins_of_bob(const struct lesson *l, const struct evidence *e)
{
	struct wanted w = { .stream = capture_stream_to(e->at[ALICE], lesson_port(l, RESET)),
			    .from = FROM_RESPONDER, .flags = TCP_FIN };

	return (int64_t)capture_count(e->at[ALICE], &w);
}

static const struct both who[] = { WHO_ALICE, WHO_BOB, WHO_BOTH, WHO_NOBODY, { { NULL } } };

static int64_t who_waits(const struct lesson *l, const struct evidence *e)
{
	struct goodbye g = ending(l, e->at[ALICE], FOUR);

	if (!g.last)
		return 0;
	int initiator = e->at[ALICE]->stream[g.stream].initiator;
	bool alice = left_in(&g, initiator == 1) == TCP_S_TIME_WAIT;
	bool bob = left_in(&g, initiator != 1) == TCP_S_TIME_WAIT;
	return alice ? (bob ? 3 : 1) : (bob ? 2 : 4);
}

static const struct question questions[] = {
	{ .id = "segments", .ask = ASK_SEGMENTS, .right = closing_segments,
	  .wrong = (const struct wrong[]){
		  { .fixed = 2, .believes = ONE_CLOSE_CLOSES_BOTH },
		  { .fixed = 3, .believes = HELLO_BACKWARDS },
		  { 0 } },
	  .because = WHY_SEGMENTS },
	{ .id = "half", .ask = ASK_HALF, .right = bytes_after_fin,
	  .wrong = (const struct wrong[]){
		  { .fixed = 0, .believes = FIN_ENDS_ALL },
		  { 0 } },
	  .because = WHY_HALF },
	{ .id = "unread", .ask = ASK_UNREAD, .right = fins_of_bob,
	  .wrong = (const struct wrong[]){
		  { .fixed = 1, .believes = CLOSE_IS_FIN },
		  { 0 } },
	  .because = WHY_UNREAD },
	{ .id = "waits", .ask = ASK_WAITS, .choice = who, .right = who_waits,
	  .wrong = (const struct wrong[]){
		  { .fixed = 2, .believes = THE_SERVER_WAITS },
		  { .fixed = 3, .believes = BOTH_WAIT },
		  { .fixed = 4, .believes = NOBODY_WAITS },
		  { 0 } },
	  .because = WHY_WAITS },
	{ 0 }
};

/* ---- what is to be noticed ---------------------------------------------------------------- */

static bool is_ack_alone(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	struct goodbye g = ending(l, c, FOUR);

	return g.ack[0] == s && s->moment.payload == 0;
}

static bool ends_four(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return ending(l, c, FOUR).ack[1] == s;
}

static bool is_merged(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	struct goodbye g = ending(l, c, THREE);

	return g.fin[1] == s && g.ack[0] == s;
}

static bool is_half_closed(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return ending(l, c, HALF).fin[0] == s;
}

static bool is_first_late(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	struct goodbye g = ending(l, c, HALF);
	struct wanted w = late_data(c, &g);

	return capture_next(c, &w) == s;
}

static bool acks_unread(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	struct goodbye g = ending(l, c, RESET);
	struct wanted w = { .stream = g.stream, .from = FROM_RESPONDER, .pure_ack = true };

	return g.stream != CAPTURE_NO_STREAM && capture_next(c, &w) == s;
}

static bool is_reset(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return ending(l, c, RESET).rst == s;
}

static bool is_crossing_fin(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	struct goodbye g = ending(l, c, CROSSING);

	return g.fin[1] == s && !acknowledges(s, g.fin[0]);
}

static bool ends_crossing(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	struct goodbye g = ending(l, c, CROSSING);

	return g.last == s && g.ack[0] && g.ack[1];
}

static const struct notice notices[] = {
	{ is_ack_alone, NOTICE_ACK },
	{ ends_four, NOTICE_TIME_WAIT },
	{ is_merged, NOTICE_MERGED },
	{ is_half_closed, NOTICE_HALF },
	{ is_first_late, NOTICE_LATE },
	{ acks_unread, NOTICE_UNREAD },
	{ is_reset, NOTICE_RESET },
	{ is_crossing_fin, NOTICE_CROSSING },
	{ ends_crossing, NOTICE_BOTH_WAIT },
	{ 0 }
};

static const struct both hints[] = { HINT_FILTER, HINT_PORTS, HINT_STATES, { { NULL } } };

const struct lab lab_goodbye = {
	.nr = 6, .slug = "goodbye",
	.title = TITLE,
	.topology = TOPOLOGY_P, .numbers = numbers, .vantage = ALICE,
	.run = run, .check = check, .questions = questions, .notices = notices, .hints = hints,
	.explain = EXPLAIN,
};
