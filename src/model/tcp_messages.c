#include "wirelab/tcp_messages.h"

#include <assert.h>

#define PAST 8192u		/* bytes remembered to notice conflicts */

struct direction {
	struct tcp_bytes *bytes;
	struct msg reader;
	bool over;
	bool run_out;			/* nothing more will come: tcp_messages_end() */
	struct rd run;			/* what is left of the run that is being read */
	uint64_t run_frame;		/* the frame read last, and its time */
	struct instant run_when;
	uint32_t in_run;		/* messages with bytes in that run */
	uint64_t run_first;		/* number of the first of them, from 0 */
	struct tcp_message message;	/* that is begun */
	bool preview_broken;
	uint64_t conflicts, conflict_frame;
};

struct tcp_messages {
	bool reset;
	struct direction dir[2];	/* [0]: what a sent */
};

const char *tcp_messages_why_name(enum tcp_messages_why why)
{
	switch (why) {
	case TCP_MESSAGES_DONE: return "done";
	case TCP_MESSAGES_CUT_PREFIX: return "cut_prefix";
	case TCP_MESSAGES_CUT_BODY: return "cut_body";
	case TCP_MESSAGES_OVER_LIMIT: return "over_limit";
	case TCP_MESSAGES_NEGATIVE: return "negative";
	case TCP_MESSAGES_GAP: return "gap";
	case TCP_MESSAGES_MIDSTREAM: return "midstream";
	}
	return "?";
}

/* Two of them lie behind each other: a multiple of what a uint64_t needs. */
static size_t bytes_size(uint32_t room)
{
	return (tcp_bytes_size(room, PAST) + 7) / 8 * 8;
}

size_t tcp_messages_size(uint32_t room)
{
	return sizeof(struct tcp_messages) + 2 * bytes_size(room);
}

struct tcp_messages *tcp_messages_init(void *memory, size_t size,
				       const struct tcp_messages_config *config)
{
	struct tcp_messages *m = memory;
	size_t each = bytes_size(config->room);

	if (size < tcp_messages_size(config->room))
		return NULL;
	*m = (struct tcp_messages){ .reset = false };
	for (unsigned i = 0; i < 2; i++) {
		struct direction *d = &m->dir[i];
		d->bytes = tcp_bytes_init((uint8_t *)(m + 1) + i * each, each, config->room, PAST);
		if (!d->bytes)
			return NULL;
		msg_init(&d->reader, config->order, config->limit);
		d->message.side = i;
	}
	return m;
}

bool tcp_messages_over(const struct tcp_messages *m)
{
	return m->dir[0].over && m->dir[1].over;
}

/* ---- what goes in ----------------------------------------------------------------------- */

void tcp_messages_hear(struct tcp_messages *m, unsigned from, const struct tcp_segment *s,
		       const uint8_t *payload, uint32_t caplen)
{
	struct direction *d = &m->dir[from], *other = &m->dir[!from];
	bool syn = s->flags & TCP_SYN, rst = s->flags & TCP_RST;

	assert(from < 2 && caplen <= s->payload && !d->run_out);
	if (s->header_cut)
		return;
	m->reset = m->reset || rst;
	if (!d->over && !rst) {
		struct tcp_bytes_segment b = { .seq = s->seq, .syn = syn,
					       .fin = s->flags & TCP_FIN, .data = payload,
					       .caplen = caplen, .len = s->payload,
					       .frame = s->frame, .when = s->when };
		tcp_bytes_hear(d->bytes, &b);
	}
	/* The ACK of a RST is often made up. */
	if (other->over || rst || !(s->flags & TCP_ACK))
		return;
	if (syn)
		tcp_bytes_begin(other->bytes, s->ack);
	tcp_bytes_acked(other->bytes, s->ack);
}

void tcp_messages_end(struct tcp_messages *m)
{
	for (unsigned i = 0; i < 2; i++) {
		m->dir[i].run_out = true;
		tcp_bytes_end(m->dir[i].bytes);
	}
}

/* ---- the message that is begun ---------------------------------------------------------- */

static void begin_message(struct direction *d, const struct msg_part *p)
{
	d->message = (struct tcp_message){
		.side = d->message.side, .number = p->number + 1, .offset = p->begins,
		.first_frame = d->run_frame, .first_time = d->run_when,
		/* The ones before it in this run; those behind its end are added there. */
		.shared = (uint32_t)(p->number - d->run_first) };
	d->preview_broken = false;
}

static bool is_listed(const struct tcp_message *msg, uint64_t frame)
{
	for (uint64_t i = 0; i < msg->frames && i < TCP_MESSAGES_FRAMES; i++) {
		if (msg->frame[i] == frame)
			return true;
	}
	/* Beyond the list only the last one is known: a frame seldom comes back. */
	return msg->frames > 0 && msg->last_frame == frame;
}

static void add_frame(struct tcp_message *msg, uint64_t frame, struct instant when)
{
	if (!is_listed(msg, frame)) {
		if (msg->frames < TCP_MESSAGES_FRAMES)
			msg->frame[msg->frames] = frame;
		msg->frames++;
	}
	msg->last_frame = frame;
	msg->whole_time = instant_later(msg->whole_time, when);
}

static void add_preview(struct direction *d, const struct msg_part *p)
{
	struct tcp_message *msg = &d->message;
	size_t n = TCP_MESSAGES_PREVIEW - msg->preview_len;

	if (p->is_prefix || d->preview_broken)
		return;
	n = p->len < n ? p->len : n;
	memcpy(msg->preview + msg->preview_len, p->bytes, n);
	msg->preview_len += (uint32_t)n;
}

static void add_part(struct direction *d, const struct msg_part *p)
{
	struct tcp_message *msg = &d->message;

	if (p->first)
		begin_message(d, p);
	add_frame(msg, d->run_frame, d->run_when);
	if (p->is_prefix)
		msg->prefix_frames++;
	if (p->length)
		msg->length = p->length;
	add_preview(d, p);
}

static void tell_message(struct direction *d, struct tcp_messages_event *out)
{
	d->message.order = d->reader.order;
	out->stopped = false;
	out->message = d->message;
}

/* ---- the end of a direction ------------------------------------------------------------- */

static struct tcp_messages_stop stop(struct direction *d, enum tcp_messages_why why)
{
	d->over = true;
	d->run = rd_over(NULL, 0);
	return (struct tcp_messages_stop){
		.side = d->message.side, .why = why, .by = TCP_MESSAGES_BY_CAPTURE,
		.order = d->reader.order, .messages = d->reader.number,
		.offset = d->reader.begins, .frame = d->run_frame, .when = d->run_when,
		.length = d->reader.length, .limit = d->reader.limit,
		.conflicts = d->conflicts, .conflict_frame = d->conflict_frame };
}

static bool tell_stop(struct tcp_messages_event *out, struct tcp_messages_stop s)
{
	out->stopped = true;
	out->stop = s;
	return true;
}

static bool stop_at_end(struct direction *d, enum tcp_messages_by by,
			struct tcp_messages_event *out)
{
	enum tcp_messages_why why = TCP_MESSAGES_DONE;
	uint32_t missing = 0;

	switch (msg_end(&d->reader, &missing)) {
	case MSG_CLEAN: why = TCP_MESSAGES_DONE; break;
	case MSG_IN_PREFIX: why = TCP_MESSAGES_CUT_PREFIX; break;
	case MSG_IN_BODY: why = TCP_MESSAGES_CUT_BODY; break;
	case MSG_REFUSED: break;	/* not here: such a direction is over at once */
	}
	tell_stop(out, stop(d, why));
	out->stop.by = by;
	out->stop.missing = missing;
	return true;
}

/* ---- runs and gaps ---------------------------------------------------------------------- */

/* How many messages have bytes in this run?  A copy of the reader goes ahead and counts. */
static uint32_t messages_in(struct msg reader, struct rd run)
{
	uint64_t first = reader.number;
	bool inside = false;
	struct msg_part p;

	while (msg_next(&reader, &run, &p))
		inside = !p.last;
	return (uint32_t)(reader.number - first) + inside;
}

static void begin_run(struct direction *d, const struct tcp_bytes_event *e)
{
	d->run = rd_over(e->data, (size_t)e->len);
	d->run_frame = e->frame;
	d->run_when = e->when;
	d->run_first = d->reader.number;
	d->in_run = messages_in(d->reader, d->run);
}

/* What one side's first length tells of the order holds for the other as well. */
static void agree_on_order(struct tcp_messages *m, const struct direction *d)
{
	for (unsigned i = 0; i < 2; i++) {
		if (m->dir[i].reader.order == MSG_EITHER)
			m->dir[i].reader.order = d->reader.order;
	}
}

/* True: something is told.  False: the run is used up. */
static bool read_run(struct tcp_messages *m, struct direction *d, struct tcp_messages_event *out)
{
	struct msg_part p;

	while (msg_next(&d->reader, &d->run, &p)) {
		add_part(d, &p);
		agree_on_order(m, d);
		if (!p.last)
			continue;
		d->message.shared += d->in_run - 1 - (uint32_t)(p.number - d->run_first);
		tell_message(d, out);
		return true;
	}
	if (!d->reader.refused)
		return false;
	return tell_stop(out, stop(d, d->reader.refused == MSG_NEGATIVE ? TCP_MESSAGES_NEGATIVE
									: TCP_MESSAGES_OVER_LIMIT));
}

/* True: something is told. */
static bool pass_gap(struct direction *d, const struct tcp_bytes_event *e,
		     struct tcp_messages_event *out)
{
	/* left is 0 while a length is awaited, and then every gap is too long. */
	if (e->len <= d->reader.left) {
		d->message.missing += (uint32_t)e->len;
		d->preview_broken = true;
		if (e->frame) {
			d->run_frame = e->frame;
			d->run_when = e->when;
			add_frame(&d->message, e->frame, e->when);
		}
		if (!msg_skip(&d->reader, (uint32_t)e->len))
			return false;
		tell_message(d, out);
		return true;
	}
	struct tcp_messages_stop s = stop(d, TCP_MESSAGES_GAP);
	s.offset = e->offset;
	s.missing = e->len;
	s.gap = e->why;
	return tell_stop(out, s);
}

/* One event of the stream.  True: it tells something; false: go on. */
static bool take(struct tcp_messages *m, struct direction *d, const struct tcp_bytes_event *e,
		 struct tcp_messages_event *out)
{
	if (tcp_bytes_midstream(d->bytes)) {
		d->run_frame = e->frame;
		d->run_when = e->when;
		return tell_stop(out, stop(d, TCP_MESSAGES_MIDSTREAM));
	}
	switch (e->what) {
	case TCP_BYTES_RUN:
		begin_run(d, e);
		return read_run(m, d, out);
	case TCP_BYTES_GAP:
		return pass_gap(d, e, out);
	case TCP_BYTES_CONFLICT:
		if (d->conflicts++ == 0)
			d->conflict_frame = e->frame;
		return false;
	case TCP_BYTES_FIN:
		d->run_frame = e->frame;
		d->run_when = e->when;
		return stop_at_end(d, TCP_MESSAGES_BY_FIN, out);
	}
	return false;
}

static bool next_of(struct tcp_messages *m, struct direction *d, struct tcp_messages_event *out)
{
	struct tcp_bytes_event e;

	if (d->over)
		return false;
	if (d->run.left > 0 && read_run(m, d, out))
		return true;
	while (tcp_bytes_next(d->bytes, &e)) {
		if (take(m, d, &e, out))
			return true;
	}
	if (!d->run_out || !tcp_bytes_begun(d->bytes))
		return false;
	return stop_at_end(d, m->reset ? TCP_MESSAGES_BY_RST : TCP_MESSAGES_BY_CAPTURE, out);
}

bool tcp_messages_next(struct tcp_messages *m, struct tcp_messages_event *out)
{
	return next_of(m, &m->dir[0], out) || next_of(m, &m->dir[1], out);
}
