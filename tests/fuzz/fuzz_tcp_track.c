/*
 * Bytes as a script of segments for one small tracker.
 *
 * Each segment is a handful of bytes: who, between which ports, flags, how far the
 * numbers lie from where the side stands, payload, time.  After each: the counters add up
 * with what was put in, states and names are legal, and the table knows how many it holds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/tcp_track.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLOWS = 4, PORTS = 8, FLOWS_LATER = 9 };

struct script {
	struct rd r;
	struct instant now;
	uint64_t frame;
	uint32_t sent[PORTS][2];	/* where each side's numbers stand */
	uint64_t frames_in, payload_in, frames_out, payload_out;
	void *memory;
	struct tcp_track *t;
	size_t room;
	struct tcp_told told;
};

static void require(int holds)
{
	if (!holds)
		abort();
}

static void *lines_of(size_t size)
{
	void *p = NULL;

	require(posix_memalign(&p, 64, size) == 0);
	memset(p, 0, size);
	return p;
}

static void check_side(const struct tcp_story *o, const struct tcp_side *s)
{
	require(s->syn + s->synack <= s->frames && s->fin <= s->frames && s->rst <= s->frames);
	require(s->data_segments <= s->frames && s->payload >= s->data_segments);
	require(s->zero_windows <= s->frames && s->data_after_peer_fin <= s->data_segments);
	require(s->bytes_after_peer_fin <= s->payload);
	require((s->fin > 0) == (s->fin_frame != 0));
	require(!s->fin_acked_frame || s->fin_acked_frame > s->fin_frame);
	require((s->syn + s->synack > 0) == s->has_isn && s->syn_options.present == s->has_isn);
	require(s->syn_options.n_kinds <= TCP_KINDS_KEPT);
	require(s->fin_frame <= o->last_frame && s->fin_acked_frame <= o->last_frame);
	require(tcp_state_name(s->state) != NULL && s->state <= TCP_S_CLOSED);
	for (unsigned i = 0; i < TCP_T_COUNT; i++)
		require(s->trouble[i] <= s->frames);
}

static void check_story(const struct tcp_story *o)
{
	bool fins = o->side[0].fin + o->side[1].fin > 0, rsts = o->side[0].rst + o->side[1].rst > 0;

	check_side(o, &o->side[0]);
	check_side(o, &o->side[1]);
	require(o->first_frame <= o->last_frame);
	require(tcp_open_name(o->open) && tcp_close_name(o->close));
	require((o->first_fin_by == TCP_NOBODY) == !fins);
	require((o->first_rst_by == TCP_NOBODY) == !rsts);
	require((o->close == TCP_CLOSE_NONE) == (!fins && !rsts));
	require((o->initiator == TCP_NOBODY) == (o->open == TCP_OPEN_MIDSTREAM));
	if (o->open == TCP_OPEN_COMPLETE)
		require(o->syn_frame && o->synack_frame && o->ack_frame);
	/* A SYN that comes after its own ACK (a capture in the wrong order) has no round trip. */
	if (o->open == TCP_OPEN_COMPLETE && o->syn_frame < o->ack_frame)
		require(o->has_rtt);
	require(!(o->synack_frame && o->refused_frame));
}

static void gone(struct script *s, const struct tcp_story *o)
{
	check_story(o);
	s->frames_out += o->side[0].frames + o->side[1].frames;
	s->payload_out += o->side[0].payload + o->side[1].payload;
}

static void make_room(struct script *s)
{
	struct tcp_story o;

	require(tcp_track_count(s->t) == s->room);
	if (tcp_track_give_up(s->t, &o)) {
		gone(s, &o);
		return;
	}
	size_t n = s->room < FLOWS_LATER ? FLOWS_LATER : s->room * 2;
	void *larger = lines_of(tcp_track_size(n));
	s->t = tcp_track_move(larger, tcp_track_size(n), n, s->t);
	require(s->t != NULL);
	free(s->memory);
	s->memory = larger;
	s->room = n;
}

static void choose_options(struct script *s, struct tcp_options *o)
{
	size_t at, n = rd_u8(&s->r) % (TCP_OPTIONS_MAX + 1);
	uint8_t bytes[TCP_OPTIONS_MAX];

	if (n > s->r.left)
		n = s->r.left;
	rd_copy(&s->r, bytes, n);
	(void)tcp_parse_options(bytes, n, n, o, &at);
}

static void put(struct script *s)
{
	struct tcp_options options;
	uint8_t who = rd_u8(&s->r), how = rd_u8(&s->r);
	unsigned a = who & 1, port = who >> 1 & (PORTS - 1);
	struct tcp_segment seg = { .family = who & 0x40 ? 6 : 4, .header_cut = who >= 0xf0 };

	seg.addr[a][0] = 1;
	seg.addr[!a][0] = 2;
	seg.port[a] = (uint16_t)(port + 1);
	seg.flags = rd_u8(&s->r);
	seg.payload = how & 1 ? rd_be16(&s->r) : 0;
	seg.window = how & 2 ? rd_be16(&s->r) : 1000;
	/* Mostly where one expects it, or a little off; sometimes anywhere. */
	seg.seq = s->sent[port][a] + (how & 4 ? (uint32_t)(int8_t)rd_u8(&s->r) : 0);
	seg.ack = s->sent[port][!a] + (how & 8 ? (uint32_t)(int8_t)rd_u8(&s->r) : 0);
	if (how & 16)
		seg.seq = rd_be32(&s->r);
	if (how & 32)
		choose_options(s, &options);
	seg.options = how & 32 ? &options : NULL;
	if (how & 128) {	/* few identifications and checksums, so that some repeat */
		uint8_t marks = rd_u8(&s->r);
		seg.ip_id = marks & 7;
		seg.checksum = marks >> 3 & 7;
		seg.sum = (enum tcp_sum)(marks >> 6);
	}
	s->now.ns += how & 64 ? rd_be32(&s->r) : 1000;
	seg.when = s->now;
	seg.frame = ++s->frame;
	seg.wire_bytes = 54 + seg.payload;
	s->sent[port][a] = seg.seq + seg.payload + (seg.flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
	while (tcp_track_segment(s->t, &seg, &s->told) == TCP_TRACK_FULL)
		make_room(s);
	s->frames_in++;
	s->payload_in += seg.header_cut ? 0 : seg.payload;
	if (s->told.ended)
		gone(s, &s->told.story);
	require(s->told.after[0] <= TCP_S_CLOSED && s->told.after[1] <= TCP_S_CLOSED);
	require(s->told.trouble < 1u << TCP_T_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[16] = "fuzz";
	struct script s = { .r = rd_over(data, size), .room = FLOWS };
	struct tcp_story o;
	uint32_t cursor = 0;

	s.memory = lines_of(tcp_track_size(FLOWS));
	s.t = tcp_track_init(s.memory, tcp_track_size(FLOWS), FLOWS, secret);
	require(s.t != NULL);
	/* Near the end of the circle: a few bytes later the numbers go round. */
	for (unsigned i = 0; i < PORTS; i++)
		s.sent[i][0] = s.sent[i][1] = UINT32_MAX - 40 * i;
	while (s.r.left > 0 && rd_ok(&s.r))
		put(&s);
	size_t left = 0;
	for (; tcp_track_each(s.t, &cursor, &o); left++)
		gone(&s, &o);
	require(left == tcp_track_count(s.t));
	require(s.frames_in == s.frames_out && s.payload_in == s.payload_out);
	free(s.memory);
	return 0;
}
