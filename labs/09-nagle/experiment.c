/*
 * Lab 09: Nagle's waiting room.
 *
 * alice's program writes a little, many times, without a pause.  Twice: as TCP does it when
 * nobody says otherwise, and with TCP_NODELAY.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "wirelab/lab.h"

#include "words.h"

enum { WITH_NAGLE, WITHOUT };		/* the two parts: a connection each, to a port each */

static const struct lab_number numbers[] = {
	{ "writes", 10, 5, 10 },	/* no more than the first window: ten segments (RFC 6928) */
	{ "bytes", 1, 1, 4 },		/* in each write */
	{ 0 }
};

/* ---- what happens ---------------------------------------------------------------------------- */

static void write_a_little_often(struct stage *st, const struct lesson *l, int fd)
{
	for (uint32_t i = 0; i < lesson_number(l, "writes"); i++)
		host_send_fill(st, fd, lesson_number(l, "bytes"));
}

static void part(struct stage *st, const struct lesson *l, unsigned which)
{
	struct host *alice = stage_host(st, ALICE), *bob = stage_host(st, BOB);
	struct connection c = stage_connect(st, alice, bob, lesson_port(l, which));

	if (which == WITHOUT)
		host_option(st, c.client, IPPROTO_TCP, TCP_NODELAY, 1);
	write_a_little_often(st, l, c.client);
	stage_run(st);
	(void)host_receive_all(st, c.server);
	host_close(st, c.client);
	stage_run(st);
	host_close(st, c.server);
	stage_run(st);
}

static void run(struct stage *st, const struct lesson *l)
{
	part(st, l, WITH_NAGLE);
	part(st, l, WITHOUT);
}

/* ---- what must be on the wire ------------------------------------------------------------------ */

static struct wanted data(const struct lesson *l, const struct capture *c, unsigned which)
{
	return (struct wanted){ .stream = capture_stream_to(c, lesson_port(l, which)),
				.from = FROM_INITIATOR, .with_data = true };
}

/* The ACK that bob sends after this frame. */
static const struct seen *ack_after(const struct capture *c, const struct seen *s)
{
	if (!s)
		return NULL;
	return capture_next(c, &(struct wanted){ .stream = s->stream, .from = FROM_RESPONDER,
						 .pure_ack = true, .after = s->number });
}

static void check_nagle(struct findings *f, const struct lesson *l, const struct capture *c)
{
	uint32_t bytes = lesson_number(l, "bytes"), writes = lesson_number(l, "writes");
	struct wanted w = data(l, c, WITH_NAGLE);
	const struct seen *segment[16];
	size_t n = capture_all(c, &w, segment, 16);

	claim(f, BOTH("The first write leaves at once and alone; all others follow in one segment.",
		      "第一次写入立即单独发出，其余各次合并成一个报文段。"));
	if (w.stream == CAPTURE_NO_STREAM) {
		claim_aside(f, BOTH("there is no connection to the first port in this capture",
				    "抓包中没有到第一个端口的连接"));
		return;
	}
	if (!expect_sizes(f, segment, n < 16 ? n : 16, (uint32_t[]){ bytes, bytes * (writes - 1) }, 2))
		return;
	claim(f, BOTH("What waits is set free by the ACK of the first segment, not by a timer.",
		      "等待中的数据由第一个报文段的 ACK 放行，而不是由定时器放行。"));
	expect_cause(f, segment[1], ack_after(c, segment[0]));
}

static void check_nodelay(struct findings *f, const struct lesson *l, const struct capture *c)
{
	uint32_t bytes = lesson_number(l, "bytes"), writes = lesson_number(l, "writes");
	uint32_t wanted[16];
	struct wanted w = data(l, c, WITHOUT);
	const struct seen *segment[16];
	size_t n = capture_all(c, &w, segment, 16);

	claim(f, BOTH("With TCP_NODELAY every write is a segment of its own.",
		      "设置 TCP_NODELAY 后，每次写入各成一个报文段。"));
	if (w.stream == CAPTURE_NO_STREAM) {
		claim_aside(f, BOTH("there is no connection to the second port in this capture",
				    "抓包中没有到第二个端口的连接"));
		return;
	}
	for (uint32_t i = 0; i < writes; i++)
		wanted[i] = bytes;
	if (!expect_sizes(f, segment, n < 16 ? n : 16, wanted, writes))
		return;
	claim(f, BOTH("None of them waits: the second leaves before the first is acknowledged.",
		      "没有一个报文段在等待：第一个尚未被确认，第二个就已发出。"));
	expect_order(f, segment[1], ack_after(c, segment[0]),
		     BOTH("the second segment before the ACK of the first",
			  "第二个报文段先于对第一个报文段的 ACK"));
}

static void check(struct findings *f, const struct lesson *l, const struct evidence *e)
{
	check_nagle(f, l, e->at[ALICE]);
	check_nodelay(f, l, e->at[ALICE]);
}

/* ---- what is asked before ------------------------------------------------------------------------ */

static int64_t segments(const struct lesson *l, const struct evidence *e)
{
	struct wanted w = data(l, e->at[ALICE], WITH_NAGLE);

	return (int64_t)capture_count(e->at[ALICE], &w);
}

static int64_t in_the_second(const struct lesson *l, const struct evidence *e)
{
	struct wanted w = data(l, e->at[ALICE], WITH_NAGLE);
	const struct seen *segment[2] = { NULL, NULL };

	(void)capture_all(e->at[ALICE], &w, segment, 2);
	return segment[1] ? segment[1]->moment.payload : 0;
}

static const struct both releases[] = {
	RELEASE_TIMER, RELEASE_ACK, RELEASE_FULL, RELEASE_SEND, { { NULL } }
};

static int64_t what_releases(const struct lesson *l, const struct evidence *e)
{
	struct wanted w = data(l, e->at[ALICE], WITH_NAGLE);
	const struct seen *segment[2] = { NULL, NULL };

	(void)capture_all(e->at[ALICE], &w, segment, 2);
	if (!segment[1] || segment[1]->moment.why != TCP_WHY_DATA_RELEASED)
		return 0;
	return 2;
}

static int64_t without_nagle(const struct lesson *l, const struct evidence *e)
{
	struct wanted w = data(l, e->at[ALICE], WITHOUT);

	return (int64_t)capture_count(e->at[ALICE], &w);
}

static int64_t writes(const struct lesson *l) { return lesson_number(l, "writes"); }
static int64_t bytes(const struct lesson *l) { return lesson_number(l, "bytes"); }
static int64_t all_bytes(const struct lesson *l) { return writes(l) * bytes(l); }

static const struct question questions[] = {
	{ .id = "segments", .ask = ASK_SEGMENTS, .right = segments,
	  .wrong = (const struct wrong[]){
		  { .answer = writes, .believes = ONE_SEND_ONE_SEGMENT },
		  { .fixed = 1, .believes = COLLECTED_FIRST },
		  { 0 } },
	  .because = WHY_SEGMENTS },
	{ .id = "second", .ask = ASK_SECOND, .right = in_the_second,
	  .wrong = (const struct wrong[]){
		  { .answer = bytes, .believes = BOUNDARIES_KEPT },
		  { .answer = all_bytes, .believes = FIRST_AMONG_THEM },
		  { 0 } },
	  .because = WHY_SECOND },
	{ .id = "release", .ask = ASK_RELEASE,
	  .choice = releases, .right = what_releases,
	  .wrong = (const struct wrong[]){
		  { .fixed = 1, .believes = BY_TIMER },
		  { .fixed = 3, .believes = BY_FULL },
		  { .fixed = 4, .believes = BY_SEND },
		  { 0 } },
	  .because = WHY_RELEASE },
	{ .id = "nodelay", .ask = ASK_NODELAY, .right = without_nagle,
	  .wrong = (const struct wrong[]){
		  { .fixed = 2, .believes = STILL_NAGLE },
		  { 0 } },
	  .because = WHY_NODELAY },
	{ 0 }
};

/* ---- what is to be noticed -------------------------------------------------------------------------- */

static bool is_first_data(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	struct wanted w = data(l, c, WITH_NAGLE);

	return capture_next(c, &w) == s;
}

static bool is_released(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	(void)l;
	(void)c;
	return s->has_moment && s->moment.why == TCP_WHY_DATA_RELEASED;
}

static bool is_first_without(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	struct wanted w = data(l, c, WITHOUT);

	return capture_next(c, &w) == s;
}

static const struct notice notices[] = {
	{ is_first_data, NOTICE_FIRST },
	{ is_released, NOTICE_RELEASED },
	{ is_first_without, NOTICE_NODELAY },
	{ 0 }
};

static const struct both hints[] = {
	HINT_FILTER,
	HINT_TIMES,
	HINT_PORTS,
	{ { NULL } }
};

const struct lab lab_nagle = {
	.nr = 9, .slug = "nagle",
	.title = TITLE,
	.topology = TOPOLOGY_P, .numbers = numbers, .vantage = ALICE,
	.run = run, .check = check, .questions = questions, .notices = notices, .hints = hints,
	.explain = EXPLAIN,
};
