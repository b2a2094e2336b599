/* The frames of one card in memory: added one by one or from a file, and looked for. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire_scene.h"

#include "wirelab/capture.h"
#include "wirelab/ip6.h"
#include "wirelab/tcp_segment.h"

#define UNIX_NS UINT64_C(1700000000000000000)
#define FRAMES 64u

/* ---- a conversation --------------------------------------------------------------------------- */

/* What passed, to be handed to a capture or written to a file. */
struct passed {
	struct scene_frame frame[FRAMES];
	uint64_t unix_ns[FRAMES];
	size_t n;
};

static void pass(struct passed *p, uint64_t ms_later, const struct scene_frame *f)
{
	assert_true(p->n < FRAMES);
	p->unix_ns[p->n] = (p->n ? p->unix_ns[p->n - 1] : UNIX_NS) + ms(ms_later);
	p->frame[p->n++] = *f;
}

static void say(struct passed *p, uint64_t ms_later, struct scene_segment s)
{
	struct scene_frame f = tcp_frame(&s);

	pass(p, ms_later, &f);
}

static void alice(struct passed *p, uint64_t later, uint16_t flags, uint32_t seq, uint32_t ack,
		  size_t payload)
{
	say(p, later, (struct scene_segment){ .from = 1, .to = 2, .flags = flags, .seq = 1000 + seq,
					      .ack = flags & TCP_ACK ? 5000 + ack : 0,
					      .payload = payload });
}

static void bob(struct passed *p, uint64_t later, uint16_t flags, uint32_t seq, uint32_t ack,
		size_t payload)
{
	say(p, later, (struct scene_segment){ .from = 2, .to = 1, .flags = flags, .seq = 5000 + seq,
					      .ack = 1000 + ack, .payload = payload });
}

static struct scene_frame icmp_too_big(const struct scene_frame *about)
{
	enum { QUOTED = IP4_HEADER_MIN + 8 };
	struct scene_frame f = { .len = 0 };
	struct wr w = wr_over(f.bytes, sizeof(f.bytes));

	scene_ip(&w, 3, 1, IP_PROTO_ICMP, 0, 8 + QUOTED);
	wr_copy(&w, (uint8_t[]){ ICMP4_UNREACHABLE, ICMP4_CODE_FRAG_NEEDED, 0, 0, 0, 0, 0x02, 0x40 }, 8);
	wr_copy(&w, about->bytes + 14, QUOTED);
	f.len = w.len;
	return f;
}

/*
 *	1 alice SYN		 6 alice 50 bytes, lost		11 bob   7 bytes
 *	2 bob   SYN ACK		 7 a frame that nobody knows,12 alice ACK
 *	3 alice ACK		   and once more		13 ICMP about 9
 *	4 alice 100 bytes	 9 alice the 50 again		14 that frame again
 *	5 bob   ACK		10 bob   ACK			15 alice FIN, bob FIN, alice ACK
 */
static void converse(struct passed *p)
{
	struct scene_frame strange = plain_frame(mac_of(1), mac_of(2), 60), icmp;

	*p = (struct passed){ .n = 0 };
	alice(p, 0, TCP_SYN, 0, 0, 0);
	bob(p, 1, TCP_SYN | TCP_ACK, 0, 1, 0);
	alice(p, 1, TCP_ACK, 1, 1, 0);
	alice(p, 10, TCP_ACK | TCP_PSH, 1, 1, 100);
	bob(p, 1, TCP_ACK, 1, 101, 0);
	alice(p, 10, TCP_ACK | TCP_PSH, 101, 1, 50);
	pass(p, 1, &strange);
	pass(p, 1, &strange);
	alice(p, 300, TCP_ACK | TCP_PSH, 101, 1, 50);
	bob(p, 1, TCP_ACK, 1, 151, 0);
	bob(p, 5, TCP_ACK | TCP_PSH, 1, 151, 7);
	alice(p, 1, TCP_ACK, 151, 8, 0);
	icmp = icmp_too_big(&p->frame[8]);
	pass(p, 1, &icmp);
	pass(p, 1, &strange);
	alice(p, 10, TCP_FIN | TCP_ACK, 151, 8, 0);
	bob(p, 1, TCP_FIN | TCP_ACK, 8, 152, 0);
	alice(p, 1, TCP_ACK, 152, 9, 0);
}

static struct seen *add(struct capture *c, const struct passed *p, size_t i)
{
	return capture_add(c, &(struct capture_frame){
		.data = p->frame[i].bytes, .caplen = (uint32_t)p->frame[i].len,
		.wirelen = (uint32_t)p->frame[i].len, .unix_ns = p->unix_ns[i],
		.direction = i % 2 ? CAPW_INBOUND : CAPW_OUTBOUND });
}

static void add_all(struct capture *c, const struct passed *p)
{
	assert_int_equal(capture_init(c, "alice"), 0);
	for (size_t i = 0; i < p->n; i++)
		assert_non_null(add(c, p, i));
	capture_done(c);
}

static struct passed conversation;
static struct capture whole;	/* of the conversation */

static int begin(void **state)
{
	(void)state;
	converse(&conversation);
	add_all(&whole, &conversation);
	return 0;
}

static int end(void **state)
{
	(void)state;
	capture_end(&whole);
	return 0;
}

/* ---- the same as a file --------------------------------------------------------------------- */

struct file { char *bytes; size_t len; };

static struct file file_of(const struct passed *p)
{
	struct file f = { NULL, 0 };
	struct capw w;
	FILE *out = open_memstream(&f.bytes, &f.len);

	assert_non_null(out);
	capw_begin(&w, out, &(struct capw_section){ .comment = "a conversation" });
	(void)capw_interface(&w, &(struct capw_if){ .name = "alice", .linktype = LINKTYPE_ETHERNET });
	for (size_t i = 0; i < p->n; i++)
		capw_frame(&w, 0, &(struct capw_frame){
			.data = p->frame[i].bytes, .caplen = (uint32_t)p->frame[i].len,
			.wirelen = (uint32_t)p->frame[i].len, .unix_ns = p->unix_ns[i],
			.direction = i % 2 ? CAPW_INBOUND : CAPW_OUTBOUND });
	assert_true(capw_end(&w));
	assert_int_equal(fclose(out), 0);
	return f;
}

#define SAME(a, b, member) assert_int_equal((a)->member, (b)->member)

static void assert_same_moment(const struct tcp_moment *a, const struct tcp_moment *b)
{
	SAME(a, b, when.ns);
	SAME(a, b, frame);
	SAME(a, b, cause_frame);
	SAME(a, b, waited_ns);
	SAME(a, b, seq);
	SAME(a, b, ack);
	SAME(a, b, payload);
	SAME(a, b, wire_bytes);
	SAME(a, b, window);
	SAME(a, b, trouble);
	SAME(a, b, acked);
	SAME(a, b, count);
	SAME(a, b, flags);
	SAME(a, b, from);
	SAME(a, b, before[0]);
	SAME(a, b, after[1]);
	SAME(a, b, why);
	SAME(a, b, notes);
	SAME(a, b, lost);
}

static void assert_same(const struct capture *a, const struct capture *b)
{
	assert_string_equal(a->vantage, b->vantage);
	SAME(a, b, n);
	for (size_t i = 0; i < a->n; i++) {
		const struct seen *x = &a->frame[i], *y = &b->frame[i];
		SAME(x, y, number);
		SAME(x, y, unix_ns);
		SAME(x, y, caplen);
		SAME(x, y, wirelen);
		assert_memory_equal(x->data, y->data, x->caplen);
		assert_ptr_not_equal(x->data, y->data);
		SAME(x, y, direction);
		SAME(x, y, pkt.has);
		SAME(x, y, has_moment);
		SAME(x, y, stream);
		if (x->has_moment)
			assert_same_moment(&x->moment, &y->moment);
	}
	SAME(a, b, n_streams);
	for (size_t i = 0; i < a->n_streams; i++) {
		SAME(&a->stream[i], &b->stream[i], open);
		SAME(&a->stream[i], &b->stream[i], close);
		SAME(&a->stream[i], &b->stream[i], initiator);
		SAME(&a->stream[i], &b->stream[i], first_frame);
		SAME(&a->stream[i], &b->stream[i], last_frame);
		assert_memory_equal(a->stream[i].port, b->stream[i].port, sizeof(a->stream[i].port));
	}
}

static void frames_from_memory_are_those_that_were_added_one_by_one(void **state)
{
	struct file f = file_of(&conversation);
	struct capture c;
	char err[256];

	(void)state;
	assert_int_equal(capture_over(&c, f.bytes, f.len, err), 0);
	free(f.bytes);
	assert_same(&c, &whole);
	assert_string_equal(c.comment, "a conversation");
	assert_string_equal(whole.comment, "");
	capture_end(&c);
}

static void frames_from_a_file_are_the_same_again(void **state)
{
	char path[] = "/tmp/wirelab-capture-XXXXXX", err[256];
	struct file f = file_of(&conversation);
	struct capture c;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, f.bytes, f.len), f.len);
	assert_int_equal(close(fd), 0);
	int rc = capture_read(&c, path, err);
	(void)unlink(path);
	free(f.bytes);
	assert_int_equal(rc, 0);
	assert_same(&c, &whole);
	capture_end(&c);
}

/* ---- what is known of a frame ----------------------------------------------------------------- */

static void frames_are_copied_and_numbered_from_one(void **state)
{
	struct passed p = { .n = 0 };
	struct capture c;

	(void)state;
	alice(&p, 0, TCP_SYN, 0, 0, 0);
	assert_int_equal(capture_init(&c, "bob"), 0);
	const struct seen *s = add(&c, &p, 0);
	assert_int_equal(s->number, 1);
	uint8_t first = p.frame[0].bytes[0];
	memset(p.frame[0].bytes, 0xff, sizeof(p.frame[0].bytes));
	assert_int_equal(s->data[0], first);
	assert_ptr_equal(s->pkt.frame, s->data);
	assert_true(pkt_has(&s->pkt, PKT_TCP));
	assert_string_equal(c.vantage, "bob");
	capture_end(&c);
}

static void what_a_run_knows_stands_beside_the_frame(void **state)
{
	struct capture c;
	char call[32] = "connect(10.0.0.2:7001)";
	static const char host[] = "alice";

	(void)state;
	assert_int_equal(capture_init(&c, "alice"), 0);
	const struct seen *s = capture_add(&c, &(struct capture_frame){
		.data = "abc", .caplen = 3, .wirelen = 60, .unix_ns = 5, .cause = CAUSE_CALL,
		.call = call, .host = host, .did = 4 });
	assert_non_null(s);
	memset(call, 'x', sizeof(call));
	assert_string_equal(s->call, "connect(10.0.0.2:7001)");
	assert_ptr_equal(s->host, host);
	assert_int_equal(s->cause, CAUSE_CALL);
	assert_int_equal(s->did, 4);
	assert_int_equal(s->wirelen, 60);
	capture_end(&c);
}

static void of_somebody_elses_file_nothing_of_that_is_known(void **state)
{
	struct file f = file_of(&conversation);
	struct capture c;
	char err[256];

	(void)state;
	assert_int_equal(capture_over(&c, f.bytes, f.len, err), 0);
	free(f.bytes);
	for (size_t i = 0; i < c.n; i++) {
		assert_int_equal(c.frame[i].cause, CAUSE_UNKNOWN);
		assert_null(c.frame[i].call);
		assert_null(c.frame[i].host);
		assert_int_equal(c.frame[i].did, 0);
	}
	capture_end(&c);
}

static void a_frame_of_which_nothing_was_captured_is_one_all_the_same(void **state)
{
	struct capture c;

	(void)state;
	assert_int_equal(capture_init(&c, ""), 0);
	const struct seen *s = capture_add(&c, &(struct capture_frame){ .data = NULL, .wirelen = 60 });
	assert_non_null(s);
	assert_false(s->has_moment);
	capture_done(&c);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.n_streams, 0);
	capture_end(&c);
}

static void a_capture_that_was_ended_is_empty(void **state)
{
	struct capture c;

	(void)state;
	add_all(&c, &conversation);
	capture_end(&c);
	assert_int_equal(c.n, 0);
	assert_null(c.work);
	assert_null(capture_frame(&c, 1));
	assert_int_equal(capture_stream_to(&c, 80), CAPTURE_NO_STREAM);
	/* And once more is harmless. */
	capture_end(&c);
}

/* ---- moments -------------------------------------------------------------------------------- */

/* As tcpq hears frames, and as its ladder keeps them: each moment with hindsight. */
static size_t as_tcpq_tells(const struct passed *p, struct tcp_moment *moment)
{
	static const uint8_t secret[16] = "another secret";
	void *memory = NULL;
	struct tcp_past past = { 0 };
	size_t n = 0, size = tcp_track_size(1);

	assert_int_equal(posix_memalign(&memory, 64, size), 0);
	struct tcp_track *t = tcp_track_init(memset(memory, 0, size), size, 1, secret);
	for (size_t i = 0; i < p->n; i++) {
		struct pkt pkt = seen_in(p->frame[i].bytes, p->frame[i].len);
		struct tcp_options options;
		struct tcp_segment seg;
		struct tcp_told told;
		struct tcp_icmp icmp = { .when = { p->unix_ns[i] }, .frame = i + 1,
					 .wire_bytes = (uint32_t)p->frame[i].len,
					 .type = pkt.icmp.type, .code = pkt.icmp.code,
					 .mtu = (uint16_t)pkt.icmp.mtu, .too_big = true };
		uint32_t flow;
		if (tcp_segment_from(&seg, &options, &pkt)) {
			seg.when = (struct instant){ p->unix_ns[i] };
			seg.frame = i + 1;
			seg.wire_bytes = (uint32_t)p->frame[i].len;
			tcp_segment_check(&seg, &pkt);
			assert_int_equal(tcp_track_segment(t, &seg, &told), TCP_TRACK_OK);
			tcp_reason_hear(&past, &seg, &told, &moment[n++]);
		} else if (tcp_segment_quoted(&seg, &pkt) &&
			   tcp_track_find(t, &seg, &flow, &icmp.from, &icmp.rel_seq)) {
			tcp_reason_icmp(&past, &icmp, &moment[n++]);
		} else {
			continue;
		}
		tcp_moments_lost(moment, n);
	}
	free(memory);
	return n;
}

static void moments_are_what_tcpq_says_of_the_same_frames(void **state)
{
	struct tcp_moment moment[FRAMES];
	size_t n = as_tcpq_tells(&conversation, moment), k = 0;

	(void)state;
	for (size_t i = 0; i < whole.n; i++)
		if (whole.frame[i].has_moment) {
			assert_true(k < n);
			assert_same_moment(&whole.frame[i].moment, &moment[k++]);
		}
	assert_int_equal(k, n);
	/* All but the three that nobody knows. */
	assert_int_equal(n, conversation.n - 3);
}

static void what_is_sent_again_was_lost(void **state)
{
	(void)state;
	assert_int_equal(capture_frame(&whole, 9)->moment.why, TCP_WHY_TIMEOUT);
	assert_int_equal(capture_frame(&whole, 9)->moment.cause_frame, 6);
	for (uint64_t i = 1; i <= whole.n; i++)
		assert_int_equal(capture_frame(&whole, i)->moment.lost, i == 6);
}

static void who_was_acknowledged_was_not_lost(void **state)
{
	struct passed p;
	struct capture c;

	(void)state;
	converse(&p);
	/* bob's ACK of the 50 bytes stands in front of the second copy: that was not needed. */
	struct scene_frame ack = p.frame[9];
	p.frame[9] = p.frame[8];
	p.frame[8] = ack;
	add_all(&c, &p);
	for (size_t i = 0; i < c.n; i++)
		assert_false(c.frame[i].moment.lost);
	capture_end(&c);
}

static void without_done_there_is_no_hindsight_yet(void **state)
{
	struct capture c;

	(void)state;
	assert_int_equal(capture_init(&c, "alice"), 0);
	for (size_t i = 0; i < conversation.n; i++)
		assert_non_null(add(&c, &conversation, i));
	assert_false(c.frame[5].moment.lost);
	assert_int_equal(c.frame[8].moment.why, TCP_WHY_TIMEOUT);
	/* Who opened it is part of its story. */
	assert_int_equal(capture_stream_to(&c, 80), CAPTURE_NO_STREAM);
	capture_done(&c);
	assert_true(c.frame[5].moment.lost);
	assert_int_equal(capture_stream_to(&c, 80), 0);
	capture_end(&c);
}

/* An IPv6 packet that begins so, from fd00::from to fd00::to. */
static void ip6(struct wr *w, unsigned from, unsigned to, uint8_t proto, size_t payload)
{
	struct ip6_hdr h = { .payload_len = (uint16_t)payload, .next = proto, .hop_limit = 64 };

	h.src.b[0] = h.dst.b[0] = 0xfd;
	h.src.b[15] = (uint8_t)from;
	h.dst.b[15] = (uint8_t)to;
	ip6_build(w, &h);
}

static void an_icmpv6_error_belongs_to_what_it_quotes_too(void **state)
{
	enum { TCP_BYTES = TCP_HEADER_MIN + 10, QUOTED = IP6_HEADER_LEN + TCP_BYTES };
	struct eth_hdr eth = { .dst = mac_of(2), .src = mac_of(1), .type = ETH_IPV6 };
	struct scene_frame f = { .len = 0 }, icmp = { .len = 0 };
	struct wr w = wr_over(f.bytes, sizeof(f.bytes)), v = wr_over(icmp.bytes, sizeof(icmp.bytes));
	struct passed p = { .n = 0 };
	struct capture c;

	(void)state;
	eth_build(&w, &eth);
	ip6(&w, 1, 2, IP_PROTO_TCP, TCP_BYTES);
	tcp_build(&w, &(struct tcp_hdr){ .sport = 1000, .dport = 80, .seq = 7, .ack = 9,
					 .flags = TCP_ACK }, NULL, 0);
	wr_zero(&w, 10);
	f.len = w.len;
	eth_build(&v, &eth);
	ip6(&v, 3, 1, IP_PROTO_ICMP6, 8 + QUOTED);
	wr_copy(&v, (uint8_t[]){ ICMP6_TOO_BIG, 0, 0, 0, 0, 0, 0x05, 0x00 }, 8);
	wr_copy(&v, f.bytes + 14, QUOTED);
	icmp.len = v.len;
	pass(&p, 0, &f);
	pass(&p, 1, &icmp);
	add_all(&c, &p);
	const struct seen *s = capture_frame(&c, 2);
	assert_true(s->has_moment);
	assert_int_equal(s->moment.why, TCP_WHY_ICMP);
	assert_int_equal(s->moment.mss, 1280);
	assert_int_equal(s->stream, 0);
	capture_end(&c);
}

/* ---- looking for frames --------------------------------------------------------------------------- */

static void a_frame_is_found_by_its_number(void **state)
{
	(void)state;
	assert_null(capture_frame(&whole, 0));
	assert_ptr_equal(capture_frame(&whole, 1), &whole.frame[0]);
	assert_int_equal(capture_frame(&whole, 17)->number, 17);
	assert_null(capture_frame(&whole, 18));
	assert_null(capture_frame(&whole, UINT64_MAX));
}

static void a_connection_is_found_by_the_port_it_was_opened_to(void **state)
{
	struct passed p = { .n = 0 };
	struct capture c;

	(void)state;
	assert_int_equal(capture_stream_to(&whole, 80), 0);
	assert_int_equal(capture_stream_to(&whole, 1000), CAPTURE_NO_STREAM);
	assert_int_equal(capture_stream_to(&whole, 0), CAPTURE_NO_STREAM);
	/* Nobody saw who opened it. */
	alice(&p, 0, TCP_ACK, 1, 1, 10);
	/* Two to the same port, and the first is meant. */
	say(&p, 1, (struct scene_segment){ .from = 1, .to = 3, .flags = TCP_SYN, .seq = 1 });
	say(&p, 1, (struct scene_segment){ .from = 2, .to = 3, .flags = TCP_SYN, .seq = 1 });
	add_all(&c, &p);
	assert_int_equal(c.n_streams, 3);
	assert_int_equal(capture_stream_to(&c, 80), 1);
	capture_end(&c);
}

/* The numbers of the frames that are wanted, one after the other. */
static const char *frames(struct wanted w)
{
	static char buf[256];
	const struct seen *all[FRAMES];
	char *out = buf;
	size_t n = capture_all(&whole, &w, all, FRAMES);

	buf[0] = '\0';
	assert_int_equal(capture_count(&whole, &w), n);
	assert_ptr_equal(capture_next(&whole, &w), n ? all[0] : NULL);
	for (size_t i = 0; i < n; i++)
		out += sprintf(out, "%s%u", i ? " " : "", (unsigned)all[i]->number);
	/* One by one the same are found. */
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(capture_next(&whole, &w), all[i]);
		w.after = all[i]->number;
	}
	assert_null(capture_next(&whole, &w));
	return buf;
}

static void segments_are_found_by_all_that_is_asked_of_them(void **state)
{
	(void)state;
	assert_string_equal(frames((struct wanted){ .from = FROM_EITHER }),
			    "1 2 3 4 5 6 9 10 11 12 15 16 17");
	assert_string_equal(frames((struct wanted){ .from = FROM_INITIATOR }), "1 3 4 6 9 12 15 17");
	assert_string_equal(frames((struct wanted){ .from = FROM_RESPONDER }), "2 5 10 11 16");
	assert_string_equal(frames((struct wanted){ .from = FROM_EITHER, .flags = TCP_SYN }), "1 2");
	assert_string_equal(frames((struct wanted){ .from = FROM_EITHER,
						    .flags = TCP_SYN | TCP_ACK }), "2");
	assert_string_equal(frames((struct wanted){ .from = FROM_EITHER, .flags = TCP_SYN,
						    .not_flags = TCP_ACK }), "1");
	assert_string_equal(frames((struct wanted){ .from = FROM_EITHER,
						    .not_flags = TCP_ACK | TCP_FIN }), "1");
	assert_string_equal(frames((struct wanted){ .from = FROM_EITHER, .with_data = true }),
			    "4 6 9 11");
	assert_string_equal(frames((struct wanted){ .from = FROM_RESPONDER, .with_data = true }), "11");
	assert_string_equal(frames((struct wanted){ .from = FROM_EITHER, .pure_ack = true }),
			    "3 5 10 12 17");
	assert_string_equal(frames((struct wanted){ .from = FROM_EITHER, .pure_ack = true,
						    .with_data = true }), "");
	assert_string_equal(frames((struct wanted){ .from = FROM_EITHER, .after = 12 }), "15 16 17");
	assert_string_equal(frames((struct wanted){ .from = FROM_EITHER, .after = 17 }), "");
	assert_string_equal(frames((struct wanted){ .stream = 1, .from = FROM_EITHER }), "");
	assert_string_equal(frames((struct wanted){ .stream = CAPTURE_NO_STREAM,
						    .from = FROM_EITHER }), "");
}

static void more_than_there_is_room_for_are_counted(void **state)
{
	const struct seen *two[3] = { NULL, NULL, NULL };
	struct wanted w = { .from = FROM_INITIATOR };

	(void)state;
	assert_int_equal(capture_all(&whole, &w, two, 2), 8);
	assert_int_equal(two[0]->number, 1);
	assert_int_equal(two[1]->number, 3);
	assert_null(two[2]);
	assert_int_equal(capture_all(&whole, &w, NULL, 0), 8);
}

static void whose_opening_was_not_seen_has_no_initiator(void **state)
{
	struct passed p = { .n = 0 };
	struct capture c;

	(void)state;
	alice(&p, 0, TCP_ACK, 1, 1, 10);
	bob(&p, 1, TCP_ACK, 1, 11, 0);
	add_all(&c, &p);
	struct wanted w = { .from = FROM_INITIATOR };
	assert_int_equal(capture_count(&c, &w), 0);
	w.from = FROM_RESPONDER;
	assert_int_equal(capture_count(&c, &w), 0);
	w.from = FROM_EITHER;
	assert_int_equal(capture_count(&c, &w), 2);
	capture_end(&c);
}

/* The same two ports again, with another initial sequence number: another connection. */
static void ports_that_are_used_again_are_two_connections(void **state)
{
	struct passed p;
	struct capture c;

	(void)state;
	converse(&p);
	say(&p, 1000, (struct scene_segment){ .from = 1, .to = 2, .flags = TCP_SYN, .seq = 900000 });
	add_all(&c, &p);
	assert_int_equal(c.n_streams, 2);
	assert_int_equal(c.stream[0].last_frame, 17);
	assert_int_equal(c.stream[1].first_frame, 18);
	assert_int_equal(c.frame[17].stream, 1);
	struct wanted w = { .stream = 1, .from = FROM_INITIATOR };
	assert_int_equal(capture_count(&c, &w), 1);
	capture_end(&c);
}

/* ---- files that are not as they should be ------------------------------------------------------- */

static void what_is_no_capture_is_refused_with_a_reason(void **state)
{
	struct capture c;
	char err[256] = "";

	(void)state;
	assert_int_equal(capture_over(&c, "", 0, err), -1);
	assert_int_not_equal(err[0], '\0');
	assert_null(c.work);
	assert_int_equal(capture_over(&c, "This is no capture.", 19, err), -1);
	assert_int_equal(capture_read(&c, "/nonexistent/file", err), -1);
	assert_non_null(strstr(err, "/nonexistent/file: No such file or directory"));
	assert_int_equal(capture_read(&c, "/tmp", err), -1);
	assert_int_equal(capture_read(&c, "/dev/null", err), -1);
	/* Harmless, as of any that was refused. */
	capture_end(&c);
}

static void a_file_without_frames_is_an_empty_capture(void **state)
{
	struct passed none = { .n = 0 };
	struct file f = file_of(&none);
	struct capture c;
	char err[256];

	(void)state;
	assert_int_equal(capture_over(&c, f.bytes, f.len, err), 0);
	free(f.bytes);
	assert_int_equal(c.n, 0);
	assert_int_equal(c.n_streams, 0);
	assert_string_equal(c.comment, "a conversation");
	capture_end(&c);
}

/* At each length a block of exactly so many bytes: what is whole is read, and the rest is told. */
static void of_a_file_that_was_cut_what_is_whole_is_read(void **state)
{
	struct passed few = conversation;
	size_t before = 0;

	(void)state;
	few.n = 6;
	struct file f = file_of(&few);
	for (size_t len = 1; len < f.len; len++) {
		struct capture c;
		char err[256] = "";
		uint8_t *bytes = exactly(f.bytes, len);
		int rc = capture_over(&c, bytes, len, err);
		free(bytes);
		assert_true(rc == 0 || err[0]);
		if (rc < 0)
			continue;
		assert_in_range(c.n, before, before + 1);
		before = c.n;
		for (size_t i = 0; i < c.n; i++)
			assert_memory_equal(c.frame[i].data, whole.frame[i].data, c.frame[i].caplen);
		capture_end(&c);
	}
	free(f.bytes);
	assert_int_equal(before, few.n - 1);
}

static void le(struct wr *w, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		wr_u8(w, (uint8_t)(v >> 8 * i));
}

/* A pcap file of n times the same frame, made by hand. */
static struct wr pcap_of(size_t n, const struct scene_frame *f)
{
	size_t size = 24 + n * (16 + f->len);
	struct wr w = wr_over(malloc(size), size);

	assert_non_null(w.buf);
	le(&w, 0xa1b2c3d4, 4);
	le(&w, 2 | 4 << 16, 4);
	le(&w, 0, 8);
	le(&w, 65535, 4);
	le(&w, LINKTYPE_ETHERNET, 4);
	for (size_t i = 0; i < n; i++) {
		le(&w, 1700000000 + i, 4);
		le(&w, 0, 4);
		le(&w, f->len, 4);
		le(&w, f->len, 4);
		wr_copy(&w, f->bytes, f->len);
	}
	assert_true(wr_ok(&w));
	return w;
}

static void a_hundred_thousand_frames_are_taken_and_no_more(void **state)
{
	struct scene_frame f = plain_frame(mac_of(1), mac_of(2), 14);
	struct wr w = pcap_of(CAPTURE_FRAMES_MAX + 1, &f);
	struct capture c;
	char err[256];

	(void)state;
	assert_int_equal(capture_over(&c, w.buf, w.len - 30, err), 0);
	assert_int_equal(c.n, CAPTURE_FRAMES_MAX);
	errno = 0;
	assert_null(capture_add(&c, &(struct capture_frame){ .data = "x", .caplen = 1, .wirelen = 1 }));
	assert_int_equal(errno, E2BIG);
	assert_int_equal(c.n, CAPTURE_FRAMES_MAX);
	capture_end(&c);
	assert_int_equal(capture_over(&c, w.buf, w.len, err), -1);
	assert_non_null(strstr(err, "more frames or connections than a lab has"));
	assert_null(c.work);
	free(w.buf);
}

static struct seen *add_syn(struct capture *c, unsigned hosts, uint32_t seq)
{
	struct scene_frame f = tcp_frame(&(struct scene_segment){
		.from = 1, .to = 2, .flags = TCP_SYN, .seq = seq });
	struct ip4 client = { { 10, 0, (uint8_t)(hosts >> 8), (uint8_t)hosts } };

	/* Another client each time: the last two bytes of its address. */
	f.bytes[28] = client.b[2];
	f.bytes[29] = client.b[3];
	tcp_seal4(f.bytes + 34, f.len - 34, client, ip_of(2));
	return capture_add(c, &(struct capture_frame){
		.data = f.bytes, .caplen = (uint32_t)f.len, .wirelen = (uint32_t)f.len });
}

static void more_connections_than_a_lab_has_are_refused(void **state)
{
	struct capture c;

	(void)state;
	assert_int_equal(capture_init(&c, ""), 0);
	for (unsigned i = 0; i < CAPTURE_STREAMS_MAX; i++)
		assert_non_null(add_syn(&c, i, 1));
	errno = 0;
	assert_null(add_syn(&c, CAPTURE_STREAMS_MAX, 1));
	assert_int_equal(errno, E2BIG);
	/* The frame that was refused is not there. */
	assert_int_equal(c.n, CAPTURE_STREAMS_MAX);
	capture_done(&c);
	assert_int_equal(c.n_streams, CAPTURE_STREAMS_MAX);
	assert_int_equal(c.stream[CAPTURE_STREAMS_MAX - 1].initiator, 0);
	capture_end(&c);
}

static void connections_one_after_the_other_on_the_same_ports_count_as_many(void **state)
{
	struct capture c;

	(void)state;
	assert_int_equal(capture_init(&c, ""), 0);
	for (unsigned i = 0; i < CAPTURE_STREAMS_MAX; i++)
		assert_non_null(add_syn(&c, 0, 1000 * i));
	errno = 0;
	assert_null(add_syn(&c, 0, 1000 * CAPTURE_STREAMS_MAX));
	assert_int_equal(errno, E2BIG);
	assert_int_equal(c.n, CAPTURE_STREAMS_MAX);
	capture_end(&c);
}

/* ---- memory that ends ------------------------------------------------------------------------- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifndef __SANITIZE_ADDRESS__	/* which needs more memory for itself than may be left */

enum { READ, REFUSED, WRONG };

/* In a child: with so much memory more than it has. */
static int read_within(const struct wr *w, size_t n, size_t more)
{
	struct capture c;
	char err[256] = "";
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%lu", &pages) != 1)
		return WRONG;
	(void)fclose(f);
	rlim_t limit = pages * (rlim_t)sysconf(_SC_PAGESIZE) + more;
	if (setrlimit(RLIMIT_AS, &(struct rlimit){ limit, limit }) < 0)
		return WRONG;
	int rc = capture_over(&c, w->buf, w->len, err);
	if (rc < 0)
		return strstr(err, "memory") ? REFUSED : WRONG;
	/* Who has read it all has all the stories, too. */
	bool good = rc == 0 && c.n == n && c.n_streams == 1 && c.stream[0].last_frame == n;
	capture_end(&c);
	return good ? READ : WRONG;
}

static void where_memory_ends_a_capture_is_refused_and_nothing_worse(void **state)
{
	enum { N = 1000 };
	struct scene_frame f = tcp_frame(&(struct scene_segment){
		.from = 1, .to = 2, .flags = TCP_ACK, .seq = 1, .payload = 1000 });
	struct wr w = pcap_of(N, &f);
	unsigned times[3] = { 0 };
	int status;

	(void)state;
	for (size_t more = 0; more <= (16u << 20); more += 512u << 10) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			_exit(read_within(&w, N, more));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_in_range(WEXITSTATUS(status), READ, REFUSED);
		times[WEXITSTATUS(status)]++;
	}
	free(w.buf);
	assert_true(times[READ] > 0 && times[REFUSED] > 0);
}

#endif

#define OF_THE_CONVERSATION(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_THE_CONVERSATION(frames_from_memory_are_those_that_were_added_one_by_one),
		OF_THE_CONVERSATION(frames_from_a_file_are_the_same_again),
		cmocka_unit_test(frames_are_copied_and_numbered_from_one),
		cmocka_unit_test(what_a_run_knows_stands_beside_the_frame),
		OF_THE_CONVERSATION(of_somebody_elses_file_nothing_of_that_is_known),
		cmocka_unit_test(a_frame_of_which_nothing_was_captured_is_one_all_the_same),
		OF_THE_CONVERSATION(a_capture_that_was_ended_is_empty),
		OF_THE_CONVERSATION(moments_are_what_tcpq_says_of_the_same_frames),
		OF_THE_CONVERSATION(what_is_sent_again_was_lost),
		cmocka_unit_test(who_was_acknowledged_was_not_lost),
		OF_THE_CONVERSATION(without_done_there_is_no_hindsight_yet),
		cmocka_unit_test(an_icmpv6_error_belongs_to_what_it_quotes_too),
		OF_THE_CONVERSATION(a_frame_is_found_by_its_number),
		OF_THE_CONVERSATION(a_connection_is_found_by_the_port_it_was_opened_to),
		OF_THE_CONVERSATION(segments_are_found_by_all_that_is_asked_of_them),
		OF_THE_CONVERSATION(more_than_there_is_room_for_are_counted),
		cmocka_unit_test(whose_opening_was_not_seen_has_no_initiator),
		cmocka_unit_test(ports_that_are_used_again_are_two_connections),
		cmocka_unit_test(what_is_no_capture_is_refused_with_a_reason),
		cmocka_unit_test(a_file_without_frames_is_an_empty_capture),
		OF_THE_CONVERSATION(of_a_file_that_was_cut_what_is_whole_is_read),
		cmocka_unit_test(a_hundred_thousand_frames_are_taken_and_no_more),
		cmocka_unit_test(more_connections_than_a_lab_has_are_refused),
		cmocka_unit_test(connections_one_after_the_other_on_the_same_ports_count_as_many),
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(where_memory_ends_a_capture_is_refused_and_nothing_worse),
#endif
	};

	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
