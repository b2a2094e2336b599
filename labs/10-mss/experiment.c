/*
 * Lab 10: Cut to fit, MSS and MTU.
 *
 * alice's program hands more to one send() than fits in a frame.  Three times: over a plain
 * cable, past somebody who lowers the MSS in both SYNs, and to a bob with a smaller MTU.
 */
#include "wirelab/lab.h"

#include "words.h"

enum { PLAIN, CLAMPED, NARROW };	/* the three parts: a connection each, to a port each */

#define MSS_OF(mtu) ((mtu) - 40u)	/* less the headers of IP and TCP: RFC 9293 3.7.1 */
#define USUAL_MSS MSS_OF(NETWORK_MTU)

static const struct lab_number numbers[] = {
	/* Each time no more than 10 segments: so many leave before an ACK is needed (RFC 6928). */
	{ "bytes", 10000, 8000, 14000 },	/* in the first send() */
	{ "fewer", 5000, 3000, 5000 },	/* in the others */
	{ "clamp", 536, 500, 1200 },	/* the MSS to which the wire lowers others */
	{ "mtu", 576, 576, 1280 },	/* bob's, in the third part */
	{ 0 }
};

/* ---- what happens ---------------------------------------------------------------------------- */

static uint32_t bytes_of(const struct lesson *l, unsigned which)
{
	return lesson_number(l, which == PLAIN ? "bytes" : "fewer");
}

static void part(struct stage *st, const struct lesson *l, unsigned which)
{
	struct host *alice = stage_host(st, ALICE), *bob = stage_host(st, BOB);
	struct connection c = stage_connect(st, alice, bob, lesson_port(l, which));

	host_send_fill(st, c.client, bytes_of(l, which));
	stage_run(st);
	(void)host_receive_all(st, c.server);
	host_close(st, c.client);
	stage_run(st);
	host_close(st, c.server);
	stage_run(st);
}

/* Room for all that is sent: no window has a part in this. */
static void configure(struct network_config *config, const struct lesson *l)
{
	(void)l;
	config->window = 30000;
}

static void run(struct stage *st, const struct lesson *l)
{
	struct wire *wire = stage_wire(st, 0);

	part(st, l, PLAIN);

	unsigned clamp = wire_rule(wire, &(struct wire_rule){
		.kinds = WIRE_SYN | WIRE_SYNACK, .action = WIRE_CLAMP_MSS,
		.mss = (uint16_t)lesson_number(l, "clamp") });
	part(st, l, CLAMPED);
	(void)wire_release(wire, clamp, stage_time(st));

	host_mtu(st, stage_host(st, BOB), lesson_number(l, "mtu"));
	part(st, l, NARROW);
}

/* ---- what must be on the wire ------------------------------------------------------------------ */

#define SEGMENTS 16u			/* more than are wanted, so that one too many shows */

/* Alice's segments with data. */
static struct wanted data(const struct lesson *l, const struct capture *c, unsigned which)
{
	return (struct wanted){ .stream = capture_stream_to(c, lesson_port(l, which)),
				.from = FROM_INITIATOR, .with_data = true };
}

/* The SYN, or the SYN+ACK, of a part; NULL: not in this capture. */
static const struct seen *opening(const struct lesson *l, const struct capture *c, unsigned which,
				  unsigned from)
{
	return capture_next(c, &(struct wanted){
		.stream = capture_stream_to(c, lesson_port(l, which)), .from = from,
		.flags = TCP_SYN });
}

static bool expect_mss(struct findings *f, const struct seen *syn, uint32_t wanted)
{
	return expect_there(f, syn, BOTH("SYN and SYN+ACK", "SYN 和 SYN+ACK")) &&
	       expect_number(f, syn, BOTH("MSS", "MSS"), wanted, syn->moment.mss);
}

/* All that one send() was given, in full segments and a rest. */
static bool expect_cut(struct findings *f, const struct lesson *l, const struct capture *c,
		       unsigned which, uint32_t mss)
{
	uint32_t left = bytes_of(l, which), wanted[SEGMENTS];
	const struct seen *segment[SEGMENTS];
	struct wanted w = data(l, c, which);
	size_t n = capture_all(c, &w, segment, SEGMENTS), n_wanted = 0;

	for (; left > 0; left -= wanted[n_wanted++])
		wanted[n_wanted] = left < mss ? left : mss;
	return expect_sizes(f, segment, n < SEGMENTS ? n : SEGMENTS, wanted, n_wanted);
}

/* A piece of a TCP segment that IP cut; NULL: there is none. */
static const struct seen *fragment(const struct capture *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->frame[i].pkt.is_fragment && c->frame[i].pkt.frag.proto == IP_PROTO_TCP)
			return &c->frame[i];
	return NULL;
}

/* The first frame with data that routers may cut. */
static const struct seen *cuttable(const struct lesson *l, const struct capture *c)
{
	const struct seen *segment[SEGMENTS];
	struct wanted w = data(l, c, PLAIN);
	size_t n = capture_all(c, &w, segment, SEGMENTS);

	for (size_t i = 0; i < n && i < SEGMENTS; i++)
		if (!segment[i]->pkt.ip4.dont_fragment)
			return segment[i];
	return NULL;
}

/* True: there is such a connection.  Else the claim at hand is set aside. */
static bool is_there(struct findings *f, const struct lesson *l, const struct capture *c,
		     unsigned which)
{
	if (capture_stream_to(c, lesson_port(l, which)) != CAPTURE_NO_STREAM)
		return true;
	claim_aside(f, BOTH("there is no connection to this part's port in this capture",
			    "抓包中没有到这一部分的端口的连接"));
	return false;
}

static void check_plain(struct findings *f, const struct lesson *l, const struct capture *c)
{
	const struct seen *piece = fragment(c), *loose = cuttable(l, c);

	claim(f, CLAIM_ANNOUNCED);
	if (!is_there(f, l, c, PLAIN))
		return;
	expect_mss(f, opening(l, c, PLAIN, FROM_INITIATOR), USUAL_MSS);
	expect_mss(f, opening(l, c, PLAIN, FROM_RESPONDER), USUAL_MSS);
	claim(f, CLAIM_CUT);
	expect_cut(f, l, c, PLAIN, USUAL_MSS);
	claim(f, CLAIM_WHOLE);
	expect(f, piece, !piece, BOTH("no fragment of a TCP segment", "没有 TCP 报文段的 IP 分片"));
	expect(f, loose, !loose, BOTH("DF is set", "DF 置位"));
}

static void check_clamped(struct findings *f, const struct lesson *l, const struct evidence *e)
{
	const struct capture *c = e->at[ALICE], *bobs = e->at[BOB];

	claim(f, CLAIM_CLAMPED);
	if (!is_there(f, l, c, CLAMPED))
		return;
	if (expect_mss(f, opening(l, c, CLAMPED, FROM_RESPONDER), lesson_number(l, "clamp")))
		expect_cut(f, l, c, CLAMPED, lesson_number(l, "clamp"));

	claim(f, CLAIM_ON_THE_WAY);
	if (!bobs) {
		claim_aside(f, BOTH("for this, bob's capture is needed, too", "这需要 bob 处的抓包"));
		return;
	}
	/* Each is as it was sent where it was sent, and lower where it arrives. */
	expect_mss(f, opening(l, c, CLAMPED, FROM_INITIATOR), USUAL_MSS);
	expect_mss(f, opening(l, bobs, CLAMPED, FROM_INITIATOR), lesson_number(l, "clamp"));
	expect_mss(f, opening(l, bobs, CLAMPED, FROM_RESPONDER), USUAL_MSS);
}

static void check_narrow(struct findings *f, const struct lesson *l, const struct capture *c)
{
	uint32_t mss = MSS_OF(lesson_number(l, "mtu"));

	claim(f, CLAIM_OWN_MTU);
	if (!is_there(f, l, c, NARROW))
		return;
	expect_mss(f, opening(l, c, NARROW, FROM_INITIATOR), USUAL_MSS);
	if (!expect_mss(f, opening(l, c, NARROW, FROM_RESPONDER), mss))
		return;
	claim(f, CLAIM_OBEYED);
	expect_cut(f, l, c, NARROW, mss);
}

static void check(struct findings *f, const struct lesson *l, const struct evidence *e)
{
	check_plain(f, l, e->at[ALICE]);
	check_clamped(f, l, e);
	check_narrow(f, l, e->at[ALICE]);
}

/* ---- what is asked before ------------------------------------------------------------------------ */

static int64_t in_the_first(const struct lesson *l, const struct capture *c, unsigned which)
{
	struct wanted w = data(l, c, which);
	const struct seen *first = capture_next(c, &w);

	return first ? first->moment.payload : 0;
}

static int64_t first_plain(const struct lesson *l, const struct evidence *e)
{
	return in_the_first(l, e->at[ALICE], PLAIN);
}

static int64_t first_narrow(const struct lesson *l, const struct evidence *e)
{
	return in_the_first(l, e->at[ALICE], NARROW);
}

static int64_t segments(const struct lesson *l, const struct evidence *e)
{
	struct wanted w = data(l, e->at[ALICE], PLAIN);

	return (int64_t)capture_count(e->at[ALICE], &w);
}

static const struct both cutters[] = {
	CUTTER_IP, CUTTER_TCP, CUTTER_CARD, CUTTER_WIRE, { { NULL } }
};

static int64_t who_cuts(const struct lesson *l, const struct evidence *e)
{
	if (fragment(e->at[ALICE]))
		return 1;
	return segments(l, e) > 1 ? 2 : 0;
}

static int64_t bytes(const struct lesson *l) { return lesson_number(l, "bytes"); }
static int64_t full_ones(const struct lesson *l) { return bytes(l) / USUAL_MSS; }
static int64_t mtu(const struct lesson *l) { return lesson_number(l, "mtu"); }
static int64_t mtu_less_ip(const struct lesson *l) { return mtu(l) - 20; }

static const struct question questions[] = {
	{ .id = "first", .ask = ASK_FIRST, .right = first_plain,
	  .wrong = (const struct wrong[]){
		  { .fixed = NETWORK_MTU, .believes = MTU_IS_DATA },
		  { .fixed = NETWORK_MTU - 20, .believes = ONE_HEADER_ONLY },
		  { .answer = bytes, .believes = ONE_SEND_ONE_FRAME },
		  { 0 } },
	  .because = WHY_FIRST },
	{ .id = "segments", .ask = ASK_SEGMENTS, .right = segments,
	  .wrong = (const struct wrong[]){
		  { .fixed = 1, .believes = ONE_SEND_ONE_FRAME },
		  { .answer = full_ones, .believes = REST_FORGOTTEN },
		  { 0 } },
	  .because = WHY_SEGMENTS },
	{ .id = "who", .ask = ASK_WHO, .choice = cutters, .right = who_cuts,
	  .wrong = (const struct wrong[]){
		  { .fixed = 1, .believes = BY_IP },
		  { .fixed = 3, .believes = BY_CARD },
		  { .fixed = 4, .believes = BY_WIRE },
		  { 0 } },
	  .because = WHY_WHO },
	{ .id = "narrow", .ask = ASK_NARROW, .right = first_narrow,
	  .wrong = (const struct wrong[]){
		  { .fixed = USUAL_MSS, .believes = OWN_MTU_ALONE },
		  { .answer = mtu, .believes = MTU_IS_DATA },
		  { .answer = mtu_less_ip, .believes = ONE_HEADER_ONLY },
		  { 0 } },
	  .because = WHY_NARROW },
	{ 0 }
};

/* ---- what is to be noticed -------------------------------------------------------------------------- */

static bool is_first_syn(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return opening(l, c, PLAIN, FROM_INITIATOR) == s;
}

static bool is_first_of(const struct lesson *l, const struct capture *c, const struct seen *s,
			unsigned which)
{
	struct wanted w = data(l, c, which);

	return capture_next(c, &w) == s;
}

static bool is_first_data(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return is_first_of(l, c, s, PLAIN);
}

static bool is_rest(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	struct wanted w = data(l, c, PLAIN);

	return s->has_moment && s->stream == w.stream && s->moment.payload > 0 &&
	       s->moment.payload < USUAL_MSS;
}

/* At alice, where it has arrived: at bob it is still as he sent it. */
static bool is_lowered(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return opening(l, c, CLAMPED, FROM_RESPONDER) == s &&
	       s->moment.mss == lesson_number(l, "clamp");
}

static bool is_narrow(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return opening(l, c, NARROW, FROM_RESPONDER) == s;
}

static bool is_first_narrow(const struct lesson *l, const struct capture *c, const struct seen *s)
{
	return is_first_of(l, c, s, NARROW);
}

static const struct notice notices[] = {
	{ is_first_syn, NOTICE_SYN },
	{ is_first_data, NOTICE_FIRST },
	{ is_rest, NOTICE_REST },
	{ is_lowered, NOTICE_LOWERED },
	{ is_narrow, NOTICE_NARROW },
	{ is_first_narrow, NOTICE_OBEYED },
	{ 0 }
};

static const struct both hints[] = {
	HINT_SYN,
	HINT_FILTER,
	HINT_SUM,
	HINT_PORTS,
	{ { NULL } }
};

const struct lab lab_mss = {
	.nr = 10, .slug = "mss",
	.title = TITLE,
	.topology = TOPOLOGY_P, .numbers = numbers, .configure = configure,
	.vantage = ALICE, .more_vantages = LAB_VANTAGE(BOB),
	.run = run, .check = check, .questions = questions, .notices = notices, .hints = hints,
	.explain = EXPLAIN,
};
