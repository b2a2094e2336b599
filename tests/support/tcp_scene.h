/*
 * tcp_scene.h - connections told segment by segment, for tests of the tracker
 *
 *	scene_begin(&s, 4);
 *	say(&s, 'a', "S", 100, 0, 0);		a: SYN, sequence number 100
 *	say(&s, 'b', "SA", 500, 101, 0);	b: its answer
 *	struct tcp_story story = story_now(&s);
 *
 * Frames are numbered from 1; a millisecond passes before each unless the test says more.
 */
#ifndef WIRELAB_TESTS_TCP_SCENE_H
#define WIRELAB_TESTS_TCP_SCENE_H

#include "told.h"

#include "wirelab/tcp_track.h"

struct scene {
	struct tcp_track *t;
	void *memory;
	size_t n;
	uint64_t frame;
	struct instant now;
	uint16_t port;			/* a's; b's is 80 */
	uint16_t window[2];		/* what a and b say from here on */
	const struct tcp_options *options;	/* of the next segment only */
	struct tcp_told told;		/* of the last segment */
};

static inline void *lines_of(size_t size)
{
	void *p = NULL;

	assert_int_equal(posix_memalign(&p, 64, size), 0);
	memset(p, 0, size);
	return p;
}

static inline void scene_begin(struct scene *s, size_t n)
{
	static const uint8_t secret[16] = "a test's secret";

	*s = (struct scene){ .n = n, .port = 1000, .window = { 1000, 2000 }, .now = at(100) };
	s->memory = lines_of(tcp_track_size(n));
	s->t = tcp_track_init(s->memory, tcp_track_size(n), n, secret);
	assert_non_null(s->t);
}

static inline void scene_end(struct scene *s)
{
	free(s->memory);
}

static inline uint16_t flags_of(const char *letters)
{
	static const char order[] = "FSRPAUEC";
	uint16_t flags = 0;

	for (; *letters; letters++)
		flags = (uint16_t)(flags | 1u << (strchr(order, *letters) - order));
	return flags;
}

static inline struct tcp_segment segment_of(const struct scene *s, char who)
{
	struct tcp_segment seg = { .family = 4 };
	unsigned a = who == 'a' ? 0 : 1;

	memcpy(seg.addr[a], (uint8_t[]){ 10, 0, 0, 1 }, 4);
	memcpy(seg.addr[!a], (uint8_t[]){ 10, 0, 0, 2 }, 4);
	seg.port[a] = s->port;
	seg.port[!a] = 80;
	seg.window = s->window[a];
	return seg;
}

static inline enum tcp_track_result put(struct scene *s, struct tcp_segment *seg)
{
	s->now = instant_after(s->now, MSEC_NS);
	seg->when = s->now;
	seg->frame = ++s->frame;
	return tcp_track_segment(s->t, seg, &s->told);
}

/* who: 'a' or 'b'; flags: letters of FSRPAUEC. */
static inline void say(struct scene *s, char who, const char *flags, uint32_t seq, uint32_t ack,
		       uint32_t payload)
{
	struct tcp_segment seg = segment_of(s, who);

	seg.flags = flags_of(flags);
	seg.seq = seq;
	seg.ack = ack;
	seg.payload = payload;
	seg.wire_bytes = 54 + payload;
	seg.options = s->options;
	s->options = NULL;
	assert_int_equal(put(s, &seg), TCP_TRACK_OK);
}

static inline struct tcp_story story_now(const struct scene *s)
{
	struct tcp_story story;

	tcp_track_story(s->t, s->told.flow, &story);
	return story;
}

static inline void states_are(const struct scene *s, enum tcp_state a, enum tcp_state b)
{
	assert_string_equal(tcp_state_name(s->told.after[0]), tcp_state_name(a));
	assert_string_equal(tcp_state_name(s->told.after[1]), tcp_state_name(b));
}

static inline void opened(const struct scene *s, enum tcp_open open)
{
	assert_string_equal(tcp_open_name(story_now(s).open), tcp_open_name(open));
}

static inline void closed(const struct scene *s, enum tcp_close close)
{
	assert_string_equal(tcp_close_name(story_now(s).close), tcp_close_name(close));
}

/* a's numbers begin at a0, b's at b0; three frames. */
static inline void handshake(struct scene *s, uint32_t a0, uint32_t b0)
{
	say(s, 'a', "S", a0, 0, 0);
	say(s, 'b', "SA", b0, a0 + 1, 0);
	say(s, 'a', "A", a0 + 1, b0 + 1, 0);
}

#endif
