/* Numbers that kernels draw at random, and that the wire replaces there and back. */
#include "wire_scene.h"

#include "wirelab/csum.h"
#include "wirelab/wire_pin.h"

enum { CLIENT = 1, SERVER = 2, OTHER = 3, PLACES = 2 };

#define RAW 3141592653u		/* what the server's kernel drew */
#define ISN 1000000u
#define STEP 500000u
#define C0 77u			/* the client's: it stays */

static struct wire_pin *pin;
static struct scene_frame before;	/* the frame, as it was before enter() or leave() */

static void begin_with(struct wire_pin_config c)
{
	free(pin);
	pin = wire_pin_init(zeroed(wire_pin_size(PLACES)), wire_pin_size(PLACES), PLACES, &c);
	assert_non_null(pin);
}

static int begin(void **state)
{
	(void)state;
	begin_with((struct wire_pin_config){ .pin_isn = true, .isn = ISN, .isn_step = STEP });
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(pin);
	pin = NULL;
	return 0;
}

/* The frame lies in a block of its own size; what summed up before does so after. */
static struct pkt through(void (*way)(struct wire_pin *, void *, size_t),
			  const struct scene_frame *f)
{
	static uint8_t *block;
	struct pkt p = seen_in(f->bytes, f->len), q;

	before = *f;
	free(block);
	block = exactly(f->bytes, f->len);
	way(pin, block, f->len);
	q = seen_in(block, f->len);
	assert_int_equal(pkt_check(&q, PKT_IP4), pkt_check(&p, PKT_IP4));
	if (p.segment_kind != PKT_NONE)
		assert_int_equal(pkt_check(&q, p.segment_kind), pkt_check(&p, p.segment_kind));
	return q;
}

static bool is_unchanged(const struct pkt *p)
{
	return p->caplen == before.len && memcmp(p->frame, before.bytes, before.len) == 0;
}

static struct scene_frame segment(unsigned from, uint16_t flags, uint32_t seq, uint32_t ack)
{
	return tcp_frame(&(struct scene_segment){
		.from = from, .to = from == CLIENT ? SERVER : CLIENT, .flags = flags, .seq = seq,
		.ack = ack, .payload = flags & TCP_PSH ? 7 : 0 });
}

static struct pkt enter(unsigned from, uint16_t flags, uint32_t seq, uint32_t ack)
{
	struct scene_frame f = segment(from, flags, seq, ack);

	return through(wire_pin_enter, &f);
}

static struct pkt leave(unsigned from, uint16_t flags, uint32_t seq, uint32_t ack)
{
	struct scene_frame f = segment(from, flags, seq, ack);

	return through(wire_pin_leave, &f);
}

static void open_one(uint32_t raw)
{
	enter(CLIENT, TCP_SYN, C0, 0);
	enter(SERVER, TCP_SYN | TCP_ACK, raw, C0 + 1);
}

static void the_server_begins_where_it_is_told_and_hears_its_own_numbers(void **state)
{
	struct pkt p;

	(void)state;
	p = enter(CLIENT, TCP_SYN, C0, 0);
	assert_true(is_unchanged(&p));
	p = leave(CLIENT, TCP_SYN, C0, 0);
	assert_true(is_unchanged(&p));
	p = enter(SERVER, TCP_SYN | TCP_ACK, RAW, C0 + 1);
	assert_true(p.tcp.seq == ISN && p.tcp.ack == C0 + 1);
	p = leave(SERVER, TCP_SYN | TCP_ACK, ISN, C0 + 1);
	assert_true(is_unchanged(&p));
	p = enter(CLIENT, TCP_ACK, C0 + 1, ISN + 1);
	assert_true(is_unchanged(&p));
	p = leave(CLIENT, TCP_ACK, C0 + 1, ISN + 1);
	assert_true(p.tcp.ack == RAW + 1 && p.tcp.seq == C0 + 1);
	p = enter(SERVER, TCP_ACK | TCP_PSH, RAW + 1, C0 + 1);
	assert_true(p.tcp.seq == ISN + 1);
	assert_int_equal(pkt_check(&p, PKT_TCP), V_OK);
}

static void the_circle_closes_on_either_side(void **state)
{
	static const struct { uint32_t raw, pinned; } table[] = {
		{ UINT32_MAX, 5 }, { 5, UINT32_MAX }, { 0, 0 }, { 0, 1 }, { 0x80000000, 0 },
		{ 0xffff0000, 0x0000ffff },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(table); i++) {
		begin_with((struct wire_pin_config){ .pin_isn = true, .isn = table[i].pinned });
		open_one(table[i].raw);
		for (uint32_t n = 1; n < 200000; n += 65521) {
			struct pkt p = enter(SERVER, TCP_ACK | TCP_PSH, table[i].raw + n, C0 + 1);
			assert_true(p.tcp.seq == table[i].pinned + n);
			assert_int_equal(tcp_check4(p.frame + p.segment.off, p.segment.len,
						    ip_of(SERVER), ip_of(CLIENT)), V_OK);
			p = leave(CLIENT, TCP_ACK, C0 + 1, table[i].pinned + n);
			assert_true(p.tcp.ack == table[i].raw + n);
			assert_int_equal(pkt_check(&p, PKT_TCP), V_OK);
		}
	}
}

static void sack_blocks_follow_the_ack_at_an_odd_place_too(void **state)
{
	uint8_t list[24];
	struct tcp_options o;
	size_t wrong;

	(void)state;
	open_one(RAW);
	for (size_t nops = 0; nops < 4; nops++) {
		struct wr w = wr_over(list, sizeof(list));
		for (size_t i = 0; i < nops; i++)
			wr_u8(&w, TCP_KIND_NOP);
		wr_copy(&w, (uint8_t[]){ TCP_KIND_SACK, 18 }, 2);
		for (uint32_t i = 1; i <= 4; i++)
			wr_be32(&w, ISN + i * 1000);
		struct scene_frame f = tcp_frame(&(struct scene_segment){
			.from = CLIENT, .to = SERVER, .flags = TCP_ACK, .seq = C0 + 1,
			.ack = ISN + 1, .options = list, .n_options = w.len });
		struct pkt p = through(wire_pin_leave, &f);
		assert_int_equal(pkt_check(&p, PKT_TCP), V_OK);
		assert_int_equal(pkt_tcp_options(&p, &o, &wrong), V_OK);
		assert_int_equal(o.n_sack, 2);
		assert_true(o.sack[0].left == RAW + 1000 && o.sack[0].right == RAW + 2000);
		assert_true(o.sack[1].left == RAW + 3000 && o.sack[1].right == RAW + 4000);
	}
}

static void a_wrong_checksum_stays_wrong(void **state)
{
	struct scene_frame f = segment(SERVER, TCP_ACK | TCP_PSH, RAW + 1, C0 + 1);

	(void)state;
	open_one(RAW);
	f.bytes[f.len - 1] ^= 1;
	struct pkt p = through(wire_pin_enter, &f);
	assert_true(p.tcp.seq == ISN + 1);
	assert_int_equal(pkt_check(&p, PKT_TCP), V_CHECKSUM);
}

static void a_resent_syn_is_the_same_connection_and_a_new_one_is_not(void **state)
{
	struct pkt p;

	(void)state;
	open_one(RAW);
	enter(CLIENT, TCP_SYN, C0, 0);
	p = enter(SERVER, TCP_SYN | TCP_ACK, RAW, C0 + 1);
	assert_true(p.tcp.seq == ISN);
	/* the server forgot, and answers with another number: what is shown stays */
	p = enter(SERVER, TCP_SYN | TCP_ACK, 99, C0 + 1);
	assert_true(p.tcp.seq == ISN);
	assert_true(wire_pin_counts(pin).connections == 1);
	enter(CLIENT, TCP_SYN, C0 + 1000, 0);
	p = enter(SERVER, TCP_SYN | TCP_ACK, 4, C0 + 1001);
	assert_true(p.tcp.seq == ISN + STEP);
	assert_true(wire_pin_counts(pin).connections == 2);
	/* after its end, the same number begins a new one, too: clients' are chosen */
	enter(SERVER, TCP_RST, 5, 0);
	enter(CLIENT, TCP_SYN, C0 + 1000, 0);
	p = enter(SERVER, TCP_SYN | TCP_ACK, 6, C0 + 1001);
	assert_true(p.tcp.seq == ISN + 2 * STEP);
}

static void when_both_say_syn_the_second_is_the_responder(void **state)
{
	struct pkt p;

	(void)state;
	enter(CLIENT, TCP_SYN, C0, 0);
	p = enter(SERVER, TCP_SYN, RAW, 0);
	assert_true(p.tcp.seq == ISN);
	p = enter(CLIENT, TCP_SYN | TCP_ACK, C0, ISN + 1);
	assert_true(is_unchanged(&p));
	p = leave(CLIENT, TCP_SYN | TCP_ACK, C0, ISN + 1);
	assert_true(p.tcp.ack == RAW + 1);
	p = enter(SERVER, TCP_SYN | TCP_ACK, RAW, C0 + 1);
	assert_true(p.tcp.seq == ISN);
}

static void a_refusal_has_no_number_to_replace(void **state)
{
	struct pkt p;

	(void)state;
	enter(CLIENT, TCP_SYN, C0, 0);
	p = enter(SERVER, TCP_RST | TCP_ACK, 0, C0 + 1);
	assert_true(is_unchanged(&p));
	/* the next try, with the same number, is the second connection */
	open_one(RAW);
	p = enter(SERVER, TCP_RST | TCP_ACK, 0, C0 + 1);
	assert_true(is_unchanged(&p));
	p = enter(SERVER, TCP_RST, RAW + 5, 0);
	assert_true(p.tcp.seq == ISN + STEP + 5);
}

static void a_connection_whose_syn_did_not_come_by_is_left_alone(void **state)
{
	struct pkt p;

	(void)state;
	p = enter(SERVER, TCP_ACK | TCP_PSH, RAW, C0);
	assert_true(is_unchanged(&p));
	/* a client behind a port that is not pinned: its SYN is first seen as it leaves */
	leave(CLIENT, TCP_SYN, C0, 0);
	p = enter(SERVER, TCP_SYN | TCP_ACK, RAW, C0 + 1);
	assert_true(p.tcp.seq == ISN);
}

static struct pkt syn_to(unsigned server)
{
	struct scene_frame f = tcp_frame(&(struct scene_segment){
		.from = CLIENT, .to = server, .flags = TCP_SYN, .seq = C0 });

	return through(wire_pin_enter, &f);
}

static void when_all_are_open_a_new_one_is_not_pinned_and_a_closed_one_leaves(void **state)
{
	struct wire_pin_counts c;

	(void)state;
	open_one(RAW);
	syn_to(3);
	syn_to(4);
	c = wire_pin_counts(pin);
	assert_true(c.connections == 2 && c.not_pinned == 1);
	struct pkt p = enter(SERVER, TCP_FIN | TCP_ACK, RAW + 1, C0 + 1);
	assert_true(p.tcp.seq == ISN + 1);
	syn_to(4);	/* half closed is not closed */
	assert_true(wire_pin_counts(pin).not_pinned == 2);
	enter(CLIENT, TCP_FIN | TCP_ACK, C0 + 1, ISN + 2);
	syn_to(4);
	assert_true(wire_pin_counts(pin).connections == 3);
	p = enter(SERVER, TCP_ACK, RAW + 2, C0 + 2);
	assert_true(is_unchanged(&p));
}

/* "fragmentation needed", by `from`, about the segment, of which `quoted` bytes are quoted. */
static struct scene_frame icmp_about(const struct scene_frame *s, unsigned from, unsigned to,
				     size_t quoted)
{
	struct scene_frame f = { .len = 0 };
	struct wr w = wr_over(f.bytes, sizeof(f.bytes));
	size_t at = scene_ip(&w, from, to, IP_PROTO_ICMP, 0,
			     ICMP_HEADER_LEN + IP4_HEADER_MIN + quoted);

	wr_copy(&w, (uint8_t[ICMP_HEADER_LEN]){ ICMP4_UNREACHABLE, ICMP4_CODE_FRAG_NEEDED }, 8);
	wr_copy(&w, s->bytes + ETH_HEADER_LEN, IP4_HEADER_MIN + quoted);
	uint16_t sum = csum_fold(csum_add(0, f.bytes + at, w.len - at));
	f.bytes[at + 2] = (uint8_t)(sum >> 8);
	f.bytes[at + 3] = (uint8_t)sum;
	f.len = w.len;
	return f;
}

/* The quoted segment, when all of it was quoted. */
static bool quote_sums_up(const struct pkt *p)
{
	size_t at = ETH_HEADER_LEN + IP4_HEADER_MIN + ICMP_HEADER_LEN + IP4_HEADER_MIN;

	return tcp_check4(p->frame + at, p->caplen - at, p->quote.src4, p->quote.dst4) == V_OK;
}

static void whoever_is_quoted_finds_its_own_numbers(void **state)
{
	struct scene_frame s = segment(SERVER, TCP_ACK | TCP_PSH, ISN + 1, C0 + 1), f;

	(void)state;
	open_one(RAW);
	f = icmp_about(&s, OTHER, SERVER, 8);
	struct pkt p = through(wire_pin_leave, &f);
	assert_true(p.quote.seq == RAW + 1);
	assert_int_equal(pkt_check(&p, PKT_ICMP4), V_OK);
	f = icmp_about(&s, OTHER, SERVER, TCP_HEADER_MIN + 7);
	p = through(wire_pin_leave, &f);
	assert_true(p.quote.seq == RAW + 1);
	assert_true(quote_sums_up(&p));
	/* it is about the server: nothing to do where it enters */
	p = through(wire_pin_enter, &f);
	assert_true(is_unchanged(&p));
}

static void what_the_server_quotes_is_shown_with_pinned_numbers(void **state)
{
	struct scene_frame s = segment(CLIENT, TCP_ACK | TCP_PSH, C0 + 1, RAW + 1), f;

	(void)state;
	open_one(RAW);
	f = icmp_about(&s, SERVER, CLIENT, TCP_HEADER_MIN + 7);
	struct pkt p = through(wire_pin_enter, &f);
	assert_true(p.quote.seq == C0 + 1);
	assert_true(quote_sums_up(&p));
	s = segment(CLIENT, TCP_ACK | TCP_PSH, C0 + 1, ISN + 1);
	f = icmp_about(&s, SERVER, CLIENT, TCP_HEADER_MIN + 7);
	assert_memory_equal(p.frame, f.bytes, f.len);
	/* of eight bytes no ack is there */
	f = icmp_about(&s, SERVER, CLIENT, 8);
	p = through(wire_pin_enter, &f);
	assert_true(is_unchanged(&p));
}

/* ---- identifications ------------------------------------------------------------------ */

static void count_ids(void)
{
	begin_with((struct wire_pin_config){ .pin_id = true });
}

static struct pkt packet(unsigned from, uint16_t id)
{
	struct scene_frame f = tcp_frame(&(struct scene_segment){
		.from = from, .to = from == 1 ? 2 : 1, .flags = TCP_ACK, .id = id });

	return through(wire_pin_enter, &f);
}

static void each_source_counts_its_packets_from_1(void **state)
{
	static const uint16_t drawn[] = { 51234, 51235, 0, 51236 };

	(void)state;
	count_ids();
	for (unsigned i = 0; i < LENGTH(drawn); i++) {
		struct pkt p = packet(1, drawn[i]);
		assert_int_equal(p.ip4.id, 1 + i);
		assert_int_equal(pkt_check(&p, PKT_IP4), V_OK);
	}
	assert_int_equal(packet(2, 9).ip4.id, 1);
	assert_int_equal(packet(1, 9).ip4.id, 5);
}

static void after_65535_comes_1(void **state)
{
	struct pkt p = { .caplen = 0 };

	(void)state;
	count_ids();
	for (unsigned i = 1; i <= UINT16_MAX; i++)
		p = packet(1, 7);
	assert_int_equal(p.ip4.id, UINT16_MAX);
	assert_int_equal(packet(1, 7).ip4.id, 1);
}

static struct pkt fragment(uint16_t id, uint16_t offset, bool more)
{
	struct scene_frame f = { .len = 0 };
	struct wr w = wr_over(f.bytes, sizeof(f.bytes));
	struct eth_hdr eth = { .dst = mac_of(2), .src = mac_of(1), .type = ETH_IPV4 };
	struct ip4_hdr ip = { .total_len = IP4_HEADER_MIN + 16, .id = id, .ttl = 64,
			      .frag_offset = offset, .more_fragments = more,
			      .proto = IP_PROTO_UDP, .src = ip_of(1), .dst = ip_of(2) };

	eth_build(&w, &eth);
	ip4_build(&w, &ip);
	wr_zero(&w, 16);
	f.len = w.len;
	return through(wire_pin_enter, &f);
}

static void fragments_of_one_datagram_keep_together(void **state)
{
	(void)state;
	count_ids();
	assert_int_equal(packet(1, 500).ip4.id, 1);
	assert_int_equal(fragment(501, 16, true).ip4.id, 2);
	assert_int_equal(fragment(777, 0, true).ip4.id, 3);
	assert_int_equal(packet(1, 501).ip4.id, 4);
	assert_int_equal(fragment(501, 32, false).ip4.id, 2);
	assert_int_equal(fragment(777, 16, false).ip4.id, 3);
	assert_int_equal(fragment(501, 0, true).ip4.id, 2);
}

static void nothing_else_of_a_frame_is_touched(void **state)
{
	struct scene_frame f = plain_frame(mac_of(2), mac_of(1), 60);
	struct pkt p;

	(void)state;
	begin_with((struct wire_pin_config){ .pin_isn = true, .pin_id = true, .isn = ISN });
	p = through(wire_pin_enter, &f);
	assert_true(is_unchanged(&p));
	for (size_t len = 1; len < ETH_HEADER_LEN; len++) {
		f.len = len;
		p = through(wire_pin_enter, &f);
		assert_true(is_unchanged(&p));
	}
	begin_with((struct wire_pin_config){ .isn = ISN });
	open_one(RAW);
	p = enter(SERVER, TCP_ACK, RAW, C0);
	assert_true(is_unchanged(&p));
}

#define story(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		story(the_server_begins_where_it_is_told_and_hears_its_own_numbers),
		story(the_circle_closes_on_either_side),
		story(sack_blocks_follow_the_ack_at_an_odd_place_too),
		story(a_wrong_checksum_stays_wrong),
		story(a_resent_syn_is_the_same_connection_and_a_new_one_is_not),
		story(when_both_say_syn_the_second_is_the_responder),
		story(a_refusal_has_no_number_to_replace),
		story(a_connection_whose_syn_did_not_come_by_is_left_alone),
		story(when_all_are_open_a_new_one_is_not_pinned_and_a_closed_one_leaves),
		story(whoever_is_quoted_finds_its_own_numbers),
		story(what_the_server_quotes_is_shown_with_pinned_numbers),
		story(each_source_counts_its_packets_from_1),
		story(after_65535_comes_1),
		story(fragments_of_one_datagram_keep_together),
		story(nothing_else_of_a_frame_is_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
