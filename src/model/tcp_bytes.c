#include "wirelab/tcp_bytes.h"

#include <assert.h>
#include <string.h>

#include "wirelab/tcp_seq.h"

#define NONE UINT64_MAX
#define BYTES_A_STRETCH 256u
#define STRETCHES_MORE 16u
#define PARAMETER_MAX (UINT32_C(1) << 30)

/* A stretch that waits behind the hole: bytes of one frame, or of one that was snapped there. */
struct stretch {
	uint64_t from, to;
	uint64_t frame;
	struct instant when;
	bool snapped;			/* nobody has these bytes */
};

/* What is left to do of the segment that was heard last: from .. seen are at data, seen .. to
 * were snapped.  Nothing when from == to. */
struct current {
	uint64_t from, seen, to;
	const uint8_t *data;
	uint64_t frame;
	struct instant when;
};

struct tcp_bytes {
	uint32_t room, past_room, stretches, waiting;
	bool begun, midstream, ended, hears_acks, has_fin, fin_told;
	bool settled;			/* base was acknowledged: no other SYN counts */
	uint32_t base;			/* number of the byte at offset 0 */
	uint64_t next;			/* offset that is told next */
	uint64_t acked;			/* highest offset acknowledged */
	uint64_t fin, fin_frame;
	struct instant fin_when;
	uint64_t past_from;		/* from here to next without a gap: may be compared */
	uint64_t let_go_from, let_go_to;	/* around what found no room */
	uint64_t differ_at, differ;	/* conflict to tell */
	struct current cur;
	uint64_t held_from;		/* offset that stands at held[0], with waiting > 0 */
	struct stretch *stretch;	/* in order, none touching the same byte, all >= next */
	uint8_t *held;			/* room bytes: straight, so that runs come in one piece */
	uint8_t *past;			/* past_room bytes, a ring: offset n stands at n % past_room */
};

static uint32_t stretches_for(uint32_t room)
{
	return room / BYTES_A_STRETCH + STRETCHES_MORE;
}

size_t tcp_bytes_size(uint32_t room, uint32_t past)
{
	return sizeof(struct tcp_bytes) + stretches_for(room) * sizeof(struct stretch) +
	       (size_t)past + room;
}

struct tcp_bytes *tcp_bytes_init(void *memory, size_t size, uint32_t room, uint32_t past)
{
	struct tcp_bytes *b = memory;

	if (room == 0 || room > PARAMETER_MAX || past > PARAMETER_MAX ||
	    size < tcp_bytes_size(room, past))
		return NULL;
	*b = (struct tcp_bytes){ .room = room, .past_room = past };
	b->stretch = (struct stretch *)(b + 1);
	b->past = (uint8_t *)(b->stretch + stretches_for(room));
	b->held = b->past + past;
	return b;
}

bool tcp_bytes_begun(const struct tcp_bytes *b)
{
	return b->begun;
}

bool tcp_bytes_midstream(const struct tcp_bytes *b)
{
	return b->midstream;
}

uint64_t tcp_bytes_told(const struct tcp_bytes *b)
{
	return b->next;
}

uint32_t tcp_bytes_waiting(const struct tcp_bytes *b)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < b->waiting; i++)
		n += b->stretch[i].to - b->stretch[i].from;
	return (uint32_t)n;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- what was told before, for comparison ----------------------------------------------- */

static void remember(struct tcp_bytes *b, uint64_t at, const uint8_t *data, uint64_t len)
{
	if (len > b->past_room) {
		uint64_t too_old = len - b->past_room;
		data += too_old;
		at += too_old;
		len = b->past_room;
	}
	while (len > 0) {
		size_t slot = (size_t)(at % b->past_room);
		size_t n = (size_t)lesser(len, b->past_room - slot);
		memcpy(b->past + slot, data, n);
		data += n;
		at += n;
		len -= n;
	}
}

static void compare(struct tcp_bytes *b, uint64_t at, const uint8_t *now, const uint8_t *was,
		    size_t n)
{
	if (memcmp(now, was, n) == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (now[i] == was[i])
			continue;
		if (b->differ++ == 0)
			b->differ_at = at + i;
	}
}

static void compare_with_past(struct tcp_bytes *b)
{
	const struct current *c = &b->cur;
	uint64_t oldest = greater(b->past_from, b->next - lesser(b->next, b->past_room));
	uint64_t at = greater(c->from, oldest), end = lesser(c->seen, b->next);

	while (at < end) {
		size_t slot = (size_t)(at % b->past_room);
		size_t n = (size_t)lesser(end - at, b->past_room - slot);
		compare(b, at, c->data + (at - c->from), b->past + slot, n);
		at += n;
	}
}

static void compare_with_held(struct tcp_bytes *b)
{
	const struct current *c = &b->cur;

	for (uint32_t i = 0; i < b->waiting && b->stretch[i].from < c->seen; i++) {
		const struct stretch *s = &b->stretch[i];
		uint64_t at = greater(s->from, c->from), end = lesser(s->to, c->seen);
		if (at < end && !s->snapped)
			compare(b, at, c->data + (at - c->from), b->held + (at - b->held_from),
				(size_t)(end - at));
	}
}

/* RFC 1122 4.2.3.6: a keep-alive may carry one byte of garbage, just behind what is new. */
static bool is_keep_alive(const struct tcp_bytes *b)
{
	const struct current *c = &b->cur;

	return c->to - c->from == 1 && c->seen == c->to && c->to == b->next && c->data[0] == 0;
}

/* ---- what goes in ----------------------------------------------------------------------- */

static void advance(struct current *c, uint64_t to)
{
	if (to <= c->from)
		return;
	to = lesser(to, c->to);
	/* Of an empty segment data may be NULL, to which nothing can be added. */
	if (c->from < c->seen)
		c->data += lesser(to, c->seen) - c->from;
	c->from = to;
	c->seen = greater(c->seen, to);
}

void tcp_bytes_begin(struct tcp_bytes *b, uint32_t first_seq)
{
	if (b->begun)
		return;
	b->begun = true;
	b->base = first_seq;
}

/*
 * Where in the stream the number seq is: *at, or *before how far in front of its beginning.
 * False: too far ahead to be believed.
 */
static bool locate(const struct tcp_bytes *b, uint32_t seq, uint64_t *at, uint64_t *before)
{
	uint32_t next = b->base + (uint32_t)b->next, behind = seq_ahead(seq, next);

	*before = 0;
	if (seq_before_eq(next, seq)) {
		*at = b->next + seq_ahead(next, seq);
		return seq_ahead(next, seq) <= TCP_BYTES_REACH;
	}
	*at = b->next - lesser(b->next, behind);
	*before = behind - lesser(b->next, behind);
	return true;
}

/* A FIN in front of bytes that are here is not believed; the first that is, stays. */
static void take_fin(struct tcp_bytes *b, const struct current *c)
{
	uint64_t end = b->waiting ? b->stretch[b->waiting - 1].to : b->next;

	if (b->has_fin || c->to < greater(end, b->let_go_to))
		return;
	b->has_fin = true;
	b->fin = c->to;
	b->fin_frame = c->frame;
	b->fin_when = c->when;
}

/* A server that has forgotten its first SYN+ACK sends one with another number: while there is
 * nothing else, and none has been acknowledged, the last one counts. */
static void take_syn(struct tcp_bytes *b, uint32_t first_seq)
{
	bool fresh = b->next == 0 && b->waiting == 0 && !b->has_fin && !b->settled;

	tcp_bytes_begin(b, first_seq);
	if (!fresh || b->base == first_seq)
		return;
	b->base = first_seq;
	b->acked = b->let_go_from = b->let_go_to = 0;
	b->hears_acks = false;
}

void tcp_bytes_hear(struct tcp_bytes *b, const struct tcp_bytes_segment *s)
{
	uint32_t seq = s->seq + (s->syn ? 1 : 0);
	struct current *c = &b->cur;
	uint64_t at, before;

	assert(c->from == c->to && b->differ == 0 && !b->ended && s->caplen <= s->len);
	if (s->syn)
		take_syn(b, seq);
	if (!b->begun && (s->len > 0 || s->fin)) {
		tcp_bytes_begin(b, seq);
		b->midstream = true;
	}
	if ((s->len == 0 && !s->fin) || !locate(b, seq, &at, &before) ||
	    s->len + (s->fin ? 1u : 0u) <= before)
		return;
	before = lesser(before, s->len);
	*c = (struct current){ .from = at, .to = at + s->len - before, .data = s->data,
			       .frame = s->frame, .when = s->when };
	c->seen = at + (s->caplen - lesser(before, s->caplen));
	if (c->seen > at)
		c->data += before;
	if (s->fin)
		take_fin(b, c);
	if (b->has_fin) {
		c->to = greater(c->from, lesser(c->to, b->fin));
		c->seen = lesser(c->seen, c->to);
	}
	if (!is_keep_alive(b)) {
		compare_with_past(b);
		compare_with_held(b);
	}
	advance(c, b->next);
}

void tcp_bytes_acked(struct tcp_bytes *b, uint32_t ack)
{
	uint64_t at, before;

	if (!b->begun || !locate(b, ack, &at, &before))
		return;
	b->hears_acks = true;
	b->settled = b->settled || ack == b->base;
	b->acked = greater(b->acked, at);
}

void tcp_bytes_end(struct tcp_bytes *b)
{
	b->ended = true;
}

/* ---- waiting behind a hole -------------------------------------------------------------- */

/* All that waits to the front of held[], so that its end has room for what reaches further. */
static void slide(struct tcp_bytes *b)
{
	uint64_t from = b->stretch[0].from, to = b->stretch[b->waiting - 1].to;

	memmove(b->held + (from - b->next), b->held + (from - b->held_from), (size_t)(to - from));
	b->held_from = b->next;
}

/* The current segment's bytes up to `to`, in front of stretch i.  False: no room. */
static bool hold(struct tcp_bytes *b, uint32_t i, uint64_t to)
{
	const struct current *c = &b->cur;

	if (b->waiting == stretches_for(b->room) || to - b->next > b->room)
		return false;
	if (b->waiting == 0)
		b->held_from = b->next;
	else if (to - b->held_from > b->room)
		slide(b);
	memmove(&b->stretch[i + 1], &b->stretch[i], (b->waiting - i) * sizeof(b->stretch[0]));
	b->stretch[i] = (struct stretch){ .from = c->from, .to = to, .frame = c->frame,
					  .when = c->when, .snapped = c->from >= c->seen };
	b->waiting++;
	if (!b->stretch[i].snapped)
		memcpy(b->held + (c->from - b->held_from), c->data, (size_t)(to - c->from));
	return true;
}

static void let_go(struct tcp_bytes *b, uint64_t from, uint64_t to)
{
	bool first = b->let_go_to <= b->next;

	b->let_go_from = first ? from : lesser(b->let_go_from, from);
	b->let_go_to = first ? to : greater(b->let_go_to, to);
}

/* What the current segment brings and nobody brought before, put to wait.  False: there is no
 * room, and the stream must go on over the hole. */
static bool put_to_wait(struct tcp_bytes *b)
{
	struct current *c = &b->cur;

	for (uint32_t i = 0; c->from < c->to;) {
		if (i < b->waiting && b->stretch[i].from <= c->from) {
			advance(c, b->stretch[i++].to);
			continue;
		}
		uint64_t to = i < b->waiting ? lesser(c->to, b->stretch[i].from) : c->to;
		if (c->from < c->seen)
			to = lesser(to, c->seen);
		/* Half of it, if the rest is to be let go; else all of it or none. */
		if (b->hears_acks && c->from - b->next < b->room)
			to = lesser(to, b->next + b->room);
		if (!hold(b, i, to)) {
			if (!b->hears_acks)
				return false;
			let_go(b, c->from, to);
		}
		advance(c, to);
	}
	return true;
}

/* ---- what comes out --------------------------------------------------------------------- */

static struct tcp_bytes_event run(struct tcp_bytes *b, const uint8_t *data, uint64_t to,
				  uint64_t frame, struct instant when)
{
	struct tcp_bytes_event e = { .what = TCP_BYTES_RUN, .offset = b->next, .len = to - b->next,
				     .data = data, .frame = frame, .when = when };

	remember(b, b->next, data, e.len);
	b->next = to;
	return e;
}

static struct tcp_bytes_event gap(struct tcp_bytes *b, uint64_t to, enum tcp_bytes_why why,
				  uint64_t frame, struct instant when)
{
	struct tcp_bytes_event e = { .what = TCP_BYTES_GAP, .why = why, .offset = b->next,
				     .len = to - b->next, .frame = frame, .when = when };

	b->next = b->past_from = to;
	return e;
}

static struct tcp_bytes_event tell_waiting(struct tcp_bytes *b)
{
	struct stretch s = b->stretch[0];

	b->waiting--;
	memmove(&b->stretch[0], &b->stretch[1], b->waiting * sizeof(b->stretch[0]));
	if (s.snapped)
		return gap(b, s.to, TCP_BYTES_SNAPPED, s.frame, s.when);
	return run(b, b->held + (s.from - b->held_from), s.to, s.frame, s.when);
}

static struct tcp_bytes_event tell_current(struct tcp_bytes *b)
{
	struct current *c = &b->cur;
	const uint8_t *data = c->data;
	bool snapped = c->from >= c->seen;
	uint64_t to = snapped ? c->to : c->seen;

	/* What waits there was here first. */
	if (b->waiting)
		to = lesser(to, b->stretch[0].from);
	advance(c, to);
	if (snapped)
		return gap(b, to, TCP_BYTES_SNAPPED, c->frame, c->when);
	return run(b, data, to, c->frame, c->when);
}

static struct tcp_bytes_event tell_conflict(struct tcp_bytes *b)
{
	struct tcp_bytes_event e = { .what = TCP_BYTES_CONFLICT, .offset = b->differ_at,
				     .len = b->differ, .frame = b->cur.frame,
				     .when = b->cur.when };

	b->differ = 0;
	return e;
}

static struct tcp_bytes_event tell_fin(struct tcp_bytes *b)
{
	b->fin_told = true;
	return (struct tcp_bytes_event){ .what = TCP_BYTES_FIN, .offset = b->fin,
					 .frame = b->fin_frame, .when = b->fin_when };
}

/* Where the hole at the front ends; NONE: nothing behind it is known. */
static uint64_t end_of_hole(const struct tcp_bytes *b)
{
	uint64_t end = b->has_fin && !b->fin_told ? b->fin : NONE;

	if (b->waiting)
		end = lesser(end, b->stretch[0].from);
	if (b->cur.from < b->cur.to)
		end = lesser(end, b->cur.from);
	return end;
}

static struct tcp_bytes_event tell_hole(struct tcp_bytes *b, uint64_t to)
{
	enum tcp_bytes_why why = to <= b->acked ? TCP_BYTES_LOST : TCP_BYTES_GIVEN_UP;

	if (b->let_go_from < to && b->next < b->let_go_to)
		why = TCP_BYTES_NO_ROOM;
	return gap(b, to, why, 0, (struct instant){ 0 });
}

/* How far the hole may be told to be one; at most next: not yet.  end: end_of_hole(). */
static uint64_t tellable(const struct tcp_bytes *b, uint64_t end)
{
	if (end <= b->acked)
		return end;
	if (b->ended && end != NONE)
		return end;
	/* All of it, and a FIN alone is no byte. */
	if (b->ended && !b->fin_told)
		return greater(b->let_go_to, b->acked == b->next + 1 ? 0 : b->acked);
	/* What was let go is behind the hole as well as what waits, but for its bytes. */
	if (b->let_go_to > b->next && b->acked > b->let_go_from)
		return lesser(end, lesser(b->acked, b->let_go_to));
	return 0;
}

bool tcp_bytes_next(struct tcp_bytes *b, struct tcp_bytes_event *out)
{
	struct current *c = &b->cur;
	uint64_t end, to;

	advance(c, b->next);
	end = end_of_hole(b);
	to = tellable(b, end);
	if (b->differ)
		*out = tell_conflict(b);
	else if (b->waiting && b->stretch[0].from == b->next)
		*out = tell_waiting(b);
	else if (c->from < c->to && c->from == b->next)
		*out = tell_current(b);
	else if (end == b->next)
		*out = tell_fin(b);
	else if (to > b->next)
		*out = tell_hole(b, to);
	else if (!put_to_wait(b))
		*out = tell_hole(b, end);
	else
		return false;
	return true;
}
