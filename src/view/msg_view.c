#include "wirelab/msg_view.h"

#include "wirelab/json.h"
#include "wirelab/utf8.h"
#include "wirelab/width.h"

/* ---- the table ---------------------------------------------------------------------- */

enum { ROW_MESSAGE = 6, ROW_TIME = 14, ROW_BYTES = 27, ROW_FRAMES = 36, ROW_SHARES = 47,
       ROW_TEXT = 54 };

#define TEXT_LEAST 10u		/* columns of a preview, however wide the rest is */

static const char *arrow(const struct msg_view_flow *flow, unsigned side)
{
	unsigned from = flow->initiator == 1;

	return side == from ? "->" : "<-";
}

/* "0.000412": microseconds are as fine as most captures are. */
static void seconds(struct txt *t, uint64_t ns)
{
	uint64_t us = ns % SEC_NS / USEC_NS;

	txt_u64(t, ns / SEC_NS);
	txt_char(t, '.');
	for (uint64_t digit = 100000; digit > 0; digit /= 10)
		txt_u64(t, us / digit % 10);
}

/* A character as it will be shown, and how many columns that takes; returns its bytes. */
static size_t shown(struct txt *out, const uint8_t *bytes, size_t len, size_t *columns)
{
	uint32_t c = 0;
	size_t n = utf8_decode(bytes, len, &c), take = n ? n : 1;

	txt_foreign(out, bytes, take);
	if (out->len != take || n == 0)
		*columns = out->len;	/* escaped */
	else
		*columns = width_of(c);
	return take;
}

/* A character that the preview's end cut in two is not broken: leave it out. */
static size_t whole_characters(const struct tcp_message *m)
{
	size_t len = m->preview_len;

	if (len == m->length)
		return len;
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		uint8_t b = m->preview[len - back];
		size_t wanted = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0xc2 ? 2 : 1;
		if ((b & 0xc0) == 0x80)
			continue;
		return wanted > back ? len - back : len;
	}
	return len;
}

/* As many characters as fit in so many columns; returns how many bytes they were. */
static size_t put_columns(struct txt *t, const uint8_t *bytes, size_t len, size_t columns)
{
	size_t done = 0, wide = 0;

	while (done < len) {
		char buf[20];
		struct txt one = txt_over(buf, sizeof(buf));
		size_t n = shown(&one, bytes + done, len - done, &wide);
		if (wide > columns)
			break;
		txt_str(t, buf);
		columns -= wide;
		done += n;
	}
	return done;
}

static void preview(struct txt *t, const struct tcp_message *m, size_t columns)
{
	size_t len = whole_characters(m), mark = t->len;

	if (len == m->length && put_columns(t, m->preview, len, columns) == len)
		return;
	/* It does not fit: once more, with room for the dots. */
	t->len = mark;
	t->buf[mark] = '\0';
	put_columns(t, m->preview, len, columns - 3);
	txt_str(t, "...");
}

static void heading(struct txt *t)
{
	static const char *const word[] = { "flow", "message", "seconds", "bytes", "frames",
					    "shares", "text" };
	static const size_t at[] = { 0, ROW_MESSAGE, ROW_TIME, ROW_BYTES, ROW_FRAMES, ROW_SHARES,
				     ROW_TEXT };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		txt_column(t, at[i]);
		txt_str(t, word[i]);
	}
}

void msg_view_row(struct txt *t, const struct msg_view_flow *flow, const struct tcp_message *m)
{
	if (!m) {
		heading(t);
		return;
	}
	txt_u64(t, flow->stream);
	txt_column(t, ROW_MESSAGE);
	txt_str(t, arrow(flow, m->side));
	txt_char(t, ' ');
	txt_u64(t, m->number);
	txt_column(t, ROW_TIME);
	seconds(t, instant_since(flow->zero, m->first_time));
	txt_column(t, ROW_BYTES);
	txt_u64(t, m->length);
	txt_column(t, ROW_FRAMES);
	txt_u64(t, m->first_frame);
	if (m->frames > 1) {
		txt_str(t, " +");
		txt_u64(t, m->frames - 1);
	}
	txt_column(t, ROW_SHARES);
	txt_u64(t, m->shared);
	if (m->length == 0)
		return;
	txt_column(t, ROW_TEXT);
	if (m->missing) {
		txt_char(t, '(');
		txt_u64(t, m->missing);
		txt_str(t, " lost) ");
	}
	preview(t, m, t->len + TEXT_LEAST < MSG_VIEW_COLUMNS ? MSG_VIEW_COLUMNS - t->len
							     : TEXT_LEAST);
}

/* ---- the end of a direction ------------------------------------------------------------ */

static const char *const by_words[] = {
	[TCP_MESSAGES_BY_FIN] = "FIN",
	[TCP_MESSAGES_BY_RST] = "RST",
	[TCP_MESSAGES_BY_CAPTURE] = "the capture ends",
};

static const char *const gap_words[] = {
	[TCP_BYTES_LOST] = "acknowledged, but not in the capture",
	[TCP_BYTES_SNAPPED] = "cut off by the capture's snap length",
	[TCP_BYTES_NO_ROOM] = "too far ahead of a hole to be kept",
	[TCP_BYTES_GIVEN_UP] = "not in the capture",
};

static void counted(struct txt *t, uint64_t n, const char *one)
{
	txt_grouped(t, n);
	txt_char(t, ' ');
	txt_str(t, one);
	if (n != 1)
		txt_char(t, 's');
}

static void signed_grouped(struct txt *t, int64_t n)
{
	if (n < 0)
		txt_char(t, '-');
	txt_grouped(t, n < 0 ? (uint64_t)-n : (uint64_t)n);
}

/* What a refused length is in the other order, if that is one to be accepted. */
static void other_order(struct txt *t, const struct tcp_messages_stop *s)
{
	uint8_t bytes[MSG_PREFIX];
	struct wr w = wr_over(bytes, sizeof(bytes));
	enum msg_order as = s->order == MSG_NATIVE ? MSG_NETWORK : MSG_NATIVE;

	/* Written in the one and read in the other order, whichever is which. */
	(void)msg_prefix_build(&w, MSG_NETWORK, (uint32_t)s->length);
	int64_t n = msg_prefix_parse(bytes, MSG_NATIVE);
	if (as == MSG_NETWORK && n < 0)
		n += INT64_C(1) << 32;
	if (n < 0 || n > s->limit)
		return;
	txt_str(t, " (in ");
	txt_str(t, msg_order_name(as));
	txt_str(t, " order it is ");
	signed_grouped(t, n);
	txt_char(t, ')');
}

static void refused(struct txt *t, const struct tcp_messages_stop *s)
{
	txt_str(t, "the length of message ");
	txt_u64(t, s->messages + 1);
	txt_str(t, " is ");
	signed_grouped(t, s->length);
	if (s->why == TCP_MESSAGES_OVER_LIMIT) {
		txt_str(t, ", over the limit of ");
		txt_grouped(t, s->limit);
	}
	other_order(t, s);
}

static void cut(struct txt *t, const struct tcp_messages_stop *s)
{
	txt_str(t, by_words[s->by]);
	txt_str(t, ", ");
	counted(t, s->missing, "byte");
	if (s->why == TCP_MESSAGES_CUT_PREFIX) {
		txt_str(t, " before a length is whole");
		return;
	}
	txt_str(t, " before message ");
	txt_u64(t, s->messages + 1);
	txt_str(t, " of ");
	counted(t, (uint64_t)s->length, "byte");
	txt_str(t, " is whole");
}

static void reason(struct txt *t, const struct tcp_messages_stop *s)
{
	switch (s->why) {
	case TCP_MESSAGES_DONE:
		txt_str(t, by_words[s->by]);
		break;
	case TCP_MESSAGES_CUT_PREFIX:
	case TCP_MESSAGES_CUT_BODY:
		cut(t, s);
		break;
	case TCP_MESSAGES_OVER_LIMIT:
	case TCP_MESSAGES_NEGATIVE:
		refused(t, s);
		break;
	case TCP_MESSAGES_GAP:
		counted(t, s->missing, "byte");
		txt_str(t, " with a length among them are ");
		txt_str(t, gap_words[s->gap]);
		break;
	case TCP_MESSAGES_MIDSTREAM:
		txt_str(t, "the capture begins inside the connection, and where a message begins "
			   "cannot be told");
		break;
	}
}

void msg_view_stop(struct txt *t, const struct msg_view_flow *flow,
		   const struct tcp_messages_stop *s)
{
	txt_u64(t, flow->stream);
	txt_column(t, ROW_MESSAGE);
	txt_str(t, arrow(flow, s->side));
	txt_char(t, ' ');
	counted(t, s->messages, "message");
	txt_str(t, ", then ");
	reason(t, s);
	if (s->why != TCP_MESSAGES_MIDSTREAM) {
		txt_str(t, " (byte ");
		txt_u64(t, s->offset);
		if (s->frame) {
			txt_str(t, ", frame ");
			txt_u64(t, s->frame);
		}
		txt_char(t, ')');
	}
	if (s->conflicts) {
		txt_str(t, "; ");
		counted(t, s->conflicts, "segment");
		txt_str(t, " with other bytes than came before, first frame ");
		txt_u64(t, s->conflict_frame);
	}
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void begin_json(struct txt *t, const char *type, const struct msg_view_flow *flow,
		       unsigned side)
{
	txt_char(t, '{');
	json_string(t, "type", type);
	json_number(t, "stream", flow->stream);
	json_string(t, "from", side == 0 ? "a" : "b");
}

static void frames_json(struct txt *t, const struct tcp_message *m)
{
	json_key(t, "frames");
	txt_char(t, '[');
	for (uint64_t i = 0; i < m->frames && i < TCP_MESSAGES_FRAMES; i++) {
		if (i > 0)
			txt_char(t, ',');
		txt_u64(t, m->frame[i]);
	}
	txt_char(t, ']');
}

static void preview_json(struct txt *t, const struct tcp_message *m)
{
	static const char digit[] = "0123456789abcdef";

	if (m->preview_len == 0) {
		json_null(t, "preview");
		json_null(t, "preview_hex");
		return;
	}
	json_key(t, "preview");
	txt_json(t, m->preview, whole_characters(m));
	json_key(t, "preview_hex");
	txt_char(t, '"');
	for (uint32_t i = 0; i < m->preview_len; i++) {
		txt_char(t, digit[m->preview[i] >> 4]);
		txt_char(t, digit[m->preview[i] & 0x0f]);
	}
	txt_char(t, '"');
}

void msg_view_json(struct txt *t, const struct msg_view_flow *flow, const struct tcp_message *m)
{
	begin_json(t, "message", flow, m->side);
	json_number(t, "number", m->number);
	json_number(t, "offset", m->offset);
	json_number(t, "length", m->length);
	json_number(t, "missing", m->missing);
	json_string(t, "order", msg_order_name(m->order));
	json_frame(t, "first_frame", m->first_frame);
	json_frame(t, "last_frame", m->last_frame);
	json_number(t, "frame_count", m->frames);
	frames_json(t, m);
	json_number(t, "prefix_frames", m->prefix_frames);
	json_seconds(t, "first_time", m->first_time.ns, true);
	json_seconds(t, "whole_time", m->whole_time.ns, true);
	json_number(t, "shared", m->shared);
	preview_json(t, m);
	txt_char(t, '}');
}

static void number_or_null(struct txt *t, const char *key, uint64_t n, bool known)
{
	if (known)
		json_number(t, key, n);
	else
		json_null(t, key);
}

static void length_json(struct txt *t, const struct tcp_messages_stop *s)
{
	bool known = s->why == TCP_MESSAGES_CUT_BODY || s->why == TCP_MESSAGES_OVER_LIMIT ||
		     s->why == TCP_MESSAGES_NEGATIVE;

	if (!known) {
		json_null(t, "length");
		return;
	}
	json_key(t, "length");
	if (s->length < 0)
		txt_char(t, '-');
	txt_u64(t, s->length < 0 ? (uint64_t)-s->length : (uint64_t)s->length);
}

void msg_view_stop_json(struct txt *t, const struct msg_view_flow *flow,
			const struct tcp_messages_stop *s)
{
	static const char *const by[] = { "fin", "rst", "capture" };
	static const char *const gap[] = { "lost", "snapped", "no_room", "given_up" };
	bool is_gap = s->why == TCP_MESSAGES_GAP;
	bool is_cut = s->why == TCP_MESSAGES_CUT_PREFIX || s->why == TCP_MESSAGES_CUT_BODY;

	begin_json(t, "message_end", flow, s->side);
	json_string(t, "why", tcp_messages_why_name(s->why));
	json_string(t, "by", is_cut || s->why == TCP_MESSAGES_DONE ? by[s->by] : NULL);
	json_string(t, "gap", is_gap ? gap[s->gap] : NULL);
	json_string(t, "order", msg_order_name(s->order));
	json_number(t, "messages", s->messages);
	number_or_null(t, "offset", s->offset, s->why != TCP_MESSAGES_MIDSTREAM);
	json_frame(t, "frame", s->frame);
	json_seconds(t, "time", s->when.ns, s->frame != 0);
	length_json(t, s);
	number_or_null(t, "missing", s->missing, is_gap || is_cut);
	json_number(t, "limit", s->limit);
	json_number(t, "conflicts", s->conflicts);
	json_frame(t, "conflict_frame", s->conflict_frame);
	txt_char(t, '}');
}
