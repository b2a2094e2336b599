/*
 * Bytes as a script of segments, acknowledgements and an end, for one direction whose numbers
 * soon go round the circle.  After each: what comes out continues where it ended before, a
 * run has been brought by the frame that is named with exactly these bytes, and what waits
 * fits in the room there is.  Every segment lies in a block of exactly its size.
 */
#include <stdlib.h>
#include <string.h>

#include "wirelab/bytes.h"
#include "wirelab/tcp_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEGMENTS = 256, LONGEST = 64 };
#define BASE UINT32_C(0xffffff80)

struct script {
	struct rd r;
	struct tcp_bytes *b;
	uint32_t room;
	uint64_t next;
	bool fin;
	size_t n;
	struct sent { uint32_t seq, len, caplen; uint8_t bytes[LONGEST]; } sent[SEGMENTS];
};

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_run(const struct script *s, const struct tcp_bytes_event *e)
{
	require(e->frame >= 1 && e->frame <= s->n);
	const struct sent *from = &s->sent[e->frame - 1];

	require(e->len <= from->caplen);
	for (uint32_t at = 0; at + e->len <= from->caplen; at++) {
		if (memcmp(from->bytes + at, e->data, (size_t)e->len) == 0)
			return;
	}
	require(0);
}

static void drain(struct script *s)
{
	struct tcp_bytes_event e;

	while (tcp_bytes_next(s->b, &e)) {
		if (e.what == TCP_BYTES_CONFLICT) {
			require(e.len > 0 && e.len <= LONGEST && e.frame == s->n);
			continue;
		}
		require(!s->fin && e.offset == s->next);
		require((e.len == 0) == (e.what == TCP_BYTES_FIN));
		s->fin = e.what == TCP_BYTES_FIN;
		s->next += e.len;
		if (e.what == TCP_BYTES_RUN)
			check_run(s, &e);
		if (e.what == TCP_BYTES_GAP)
			require((e.frame != 0) == (e.why == TCP_BYTES_SNAPPED));
	}
	require(tcp_bytes_told(s->b) == s->next);
	require(tcp_bytes_waiting(s->b) <= s->room);
}

static void put_segment(struct script *s, uint8_t how)
{
	struct sent *x = &s->sent[s->n++];
	uint32_t near_by = rd_u8(&s->r);

	/* Mostly near where the stream is; sometimes anywhere. */
	x->seq = BASE + (uint32_t)s->next + near_by - 64;
	if (how & 8)
		x->seq = rd_be32(&s->r);
	x->len = rd_u8(&s->r) % LONGEST;
	x->caplen = how & 16 ? x->len / 2 : x->len;
	for (uint32_t i = 0; i < x->caplen; i++)
		x->bytes[i] = (uint8_t)(how & 32 ? s->n : x->seq + i);
	uint8_t *block = malloc(x->caplen);
	require(block != NULL || x->caplen == 0);
	if (x->caplen)
		memcpy(block, x->bytes, x->caplen);
	struct tcp_bytes_segment seg = { .seq = x->seq, .syn = (how & 0xc0) == 0xc0,
					 .fin = (how & 0xc0) == 0x80, .data = block,
					 .caplen = x->caplen, .len = x->len, .frame = s->n };
	tcp_bytes_hear(s->b, &seg);
	drain(s);
	free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct script s;
	uint32_t past;

	memset(&s, 0, sizeof(s));
	s.r = rd_over(data, size);
	uint8_t how = rd_u8(&s.r);
	s.room = 1 + rd_u8(&s.r) * (how & 1 ? 16u : 1u);
	past = rd_u8(&s.r);
	size_t need = tcp_bytes_size(s.room, past);
	void *memory = malloc(need);
	require(memory != NULL);
	s.b = tcp_bytes_init(memory, need, s.room, past);
	require(s.b != NULL);
	if (how & 2)
		tcp_bytes_begin(s.b, BASE);
	while (s.r.left > 0 && rd_ok(&s.r) && s.n < SEGMENTS) {
		how = rd_u8(&s.r);
		if (how & 7)
			put_segment(&s, how);
		else
			tcp_bytes_acked(s.b, BASE + (uint32_t)s.next + rd_u8(&s.r) - 64);
		drain(&s);
	}
	tcp_bytes_end(s.b);
	drain(&s);
	require(tcp_bytes_waiting(s.b) == 0);
	free(memory);
	return 0;
}
