/*
 * The same streams twice: each side's in one segment, and cut in pieces that come out of
 * order, twice and overlapping, as the first bytes of the input say.  The messages and the
 * reason for the end must be the same; frames, times and sharing may differ.
 */
#include <stdlib.h>
#include <string.h>

#include "wirelab/tcp_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS = 12, ISN = 0x7ffffff0 };

struct listener {
	struct tcp_messages *m;
	uint64_t frame, messages[2], sum[2];
	struct tcp_messages_stop stop[2];
	unsigned stops[2];
};

static void require(int holds)
{
	if (!holds)
		abort();
}

static void add(uint64_t *sum, uint64_t n)
{
	*sum = (*sum ^ n) * UINT64_C(0x100000001b3);
}

static void hear_message(struct listener *l, const struct tcp_message *m)
{
	require(m->side < 2 && !l->stops[m->side] && m->number == ++l->messages[m->side]);
	require(m->missing == 0 && m->frames > 0 && m->first_frame == m->frame[0]);
	require(m->preview_len == (m->length < TCP_MESSAGES_PREVIEW ? m->length
								    : TCP_MESSAGES_PREVIEW));
	require(m->first_time.ns <= m->whole_time.ns && m->prefix_frames >= 1);
	for (uint64_t i = 0; i < m->frames && i < TCP_MESSAGES_FRAMES; i++)
		require(m->frame[i] > 0 && m->frame[i] <= l->frame);
	add(&l->sum[m->side], m->offset);
	add(&l->sum[m->side], m->length);
	for (uint32_t i = 0; i < m->preview_len; i++)
		add(&l->sum[m->side], m->preview[i]);
}

static void collect(struct listener *l)
{
	struct tcp_messages_event e;

	while (tcp_messages_next(l->m, &e)) {
		if (e.stopped) {
			require(l->stops[e.stop.side]++ == 0);
			require(e.stop.messages == l->messages[e.stop.side]);
			l->stop[e.stop.side] = e.stop;
		} else {
			hear_message(l, &e.message);
		}
	}
}

static void say(struct listener *l, unsigned side, uint16_t flags, uint32_t offset,
		const uint8_t *bytes, size_t len)
{
	uint8_t *block = malloc(len);
	struct tcp_segment s = { .seq = (uint32_t)ISN + (flags & TCP_SYN ? 0 : 1) + offset,
				 .payload = (uint32_t)len, .flags = flags };

	require(block != NULL || len == 0);
	if (len)
		memcpy(block, bytes, len);
	s.frame = ++l->frame;
	s.when.ns = l->frame;
	tcp_messages_hear(l->m, side, &s, block, (uint32_t)len);
	collect(l);
	free(block);
}

static void begin(struct listener *l, void *memory, const struct tcp_messages_config *config)
{
	memset(l, 0, sizeof(*l));
	l->m = tcp_messages_init(memory, tcp_messages_size(config->room), config);
	require(l->m != NULL);
	say(l, 0, TCP_SYN, 0, NULL, 0);
	say(l, 1, TCP_SYN, 0, NULL, 0);
}

static void end(struct listener *l)
{
	tcp_messages_end(l->m);
	collect(l);
	require(l->stops[0] == 1 && l->stops[1] == 1);
}

/* A piece a step; some steps are taken in the wrong order, some twice, some too far. */
static void say_in_pieces(struct listener *l, unsigned side, const uint8_t *bytes, size_t len,
			  const uint8_t cuts[CUTS])
{
	size_t at = 0;

	for (unsigned i = 0; at < len; i++) {
		uint8_t how = cuts[i % CUTS];
		size_t n = how % 23 + 1u, more = how & 0x40 ? 5 : 0;
		n = n < len - at ? n : len - at;
		more = more < len - at - n ? more : len - at - n;
		if (how & 0x20) {	/* the second half overtakes */
			size_t half = n / 2;
			say(l, side, TCP_ACK, (uint32_t)(at + half), bytes + at + half, n - half);
			say(l, side, TCP_ACK, (uint32_t)at, bytes + at, half);
		} else {
			say(l, side, TCP_ACK, (uint32_t)at, bytes + at, n + more);
		}
		if (how & 0x80)
			say(l, side, TCP_ACK, (uint32_t)at, bytes + at, n);
		at += n;
	}
	say(l, side, TCP_FIN, (uint32_t)len, NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_over(data, size);
	struct listener one, many;
	uint8_t how = rd_u8(&r), cuts[CUTS];
	struct tcp_messages_config config = { .order = (enum msg_order)(how % 3),
					      .limit = how & 4 ? MSG_LIMIT : how >> 3,
					      .room = 4096 };
	void *memory = malloc(tcp_messages_size(config.room));

	require(memory != NULL);
	rd_copy(&r, cuts, sizeof(cuts));
	size_t first = rd_u8(&r);
	if (rd_ok(&r)) {
		first = first < r.left ? first : r.left;
		begin(&one, memory, &config);
		say(&one, 0, TCP_ACK | TCP_FIN, 0, r.at, first);
		say(&one, 1, TCP_ACK | TCP_FIN, 0, r.at + first, r.left - first);
		end(&one);
		begin(&many, memory, &config);
		say_in_pieces(&many, 0, r.at, first, cuts);
		say_in_pieces(&many, 1, r.at + first, r.left - first, cuts);
		end(&many);
		for (unsigned i = 0; i < 2; i++) {
			require(one.messages[i] == many.messages[i] && one.sum[i] == many.sum[i]);
			require(one.stop[i].why == many.stop[i].why);
			require(one.stop[i].offset == many.stop[i].offset);
			require(one.stop[i].length == many.stop[i].length);
			require(one.stop[i].missing == many.stop[i].missing);
		}
	}
	free(memory);
	return 0;
}
