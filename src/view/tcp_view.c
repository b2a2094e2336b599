#include "wirelab/tcp_view.h"

#include "wirelab/json.h"
#include "wirelab/tcp_words.h"

void tcp_view_endpoint(struct txt *t, unsigned family, const uint8_t addr[16], uint16_t port)
{
	if (family != 4)
		txt_char(t, '[');
	txt_address(t, family, addr);
	txt_str(t, family == 4 ? ":" : "]:");
	txt_u64(t, port);
}

/* ---- the table ---------------------------------------------------------------------- */

enum { ROW_A = 6, ROW_B = 28, ROW_OPEN = 50, ROW_SENT = 60, ROW_BACK = 67, ROW_CLOSE = 74 };

/* A row of the table, which may go on in further lines where the terminal ends. */
struct row {
	struct txt *t;
	size_t columns;		/* 0: no end */
	size_t begin;		/* of the line at hand */
};

static void go_on_below(struct row *r, size_t column)
{
	txt_char(r->t, '\n');
	r->begin = r->t->len;
	for (size_t i = 0; i < column; i++)
		txt_char(r->t, ' ');
}

/* Columns that are taken on the line at hand. */
static size_t here(const struct row *r)
{
	return r->t->len - r->begin;
}

/* All that stands here is ASCII: a byte is a column. */
static void cell(struct row *r, size_t column, const char *text)
{
	size_t len = strlen(text), at = here(r) < column ? column : here(r) + (here(r) > 0);

	if (r->columns && at + len > r->columns && here(r) > ROW_A)
		go_on_below(r, ROW_A);
	else
		while (here(r) < at)
			txt_char(r->t, ' ');
	txt_str(r->t, text);
}

static void troubles(struct row *r, const struct tcp_story *s)
{
	for (unsigned k = 0; k < TCP_T_COUNT; k++) {
		uint64_t n = s->side[0].trouble[k] + s->side[1].trouble[k];
		char buf[80];
		struct txt d = txt_over(buf, sizeof(buf));
		if (n == 0)
			continue;
		if (r->columns && here(r) == r->columns)
			go_on_below(r, ROW_A);
		txt_char(r->t, ',');
		txt_u64(&d, n);
		txt_char(&d, ' ');
		txt_str(&d, tcp_trouble_info((enum tcp_trouble)k)->name);
		cell(r, 0, buf);
	}
}

static void endpoint_cell(struct row *r, size_t column, const struct tcp_story *s, unsigned side)
{
	char buf[64];
	struct txt d = txt_over(buf, sizeof(buf));

	tcp_view_endpoint(&d, s->family, s->addr[side], s->port[side]);
	/* What is too long for its column stands alone, so that the next one keeps its place. */
	if (r->columns && here(r) >= column)
		go_on_below(r, column - 1);
	cell(r, column, buf);
}

static void amount_cell(struct row *r, size_t column, uint64_t n)
{
	char buf[24];
	struct txt d = txt_over(buf, sizeof(buf));

	txt_amount(&d, n);
	cell(r, column, buf);
}

void tcp_view_row(struct txt *t, const struct tcp_story *s, size_t columns)
{
	static const char *const heading[] = { "flow", "from", "to", "opened", "sent", "back",
					       "closed" };
	static const size_t at[] = { 0, ROW_A, ROW_B, ROW_OPEN, ROW_SENT, ROW_BACK, ROW_CLOSE };
	struct row r = { t, columns, t->len };

	if (!s) {
		for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
			cell(&r, at[i], heading[i]);
		return;
	}
	/* From whom to whom: the one that opened it, where that was seen. */
	unsigned from = s->initiator == 1;
	txt_u64(t, s->stream);
	endpoint_cell(&r, ROW_A, s, from);
	endpoint_cell(&r, ROW_B, s, !from);
	if (columns && here(&r) >= ROW_OPEN)
		go_on_below(&r, ROW_OPEN - 1);
	cell(&r, ROW_OPEN, tcp_open_name(s->open));
	amount_cell(&r, ROW_SENT, s->side[from].payload);
	amount_cell(&r, ROW_BACK, s->side[!from].payload);
	cell(&r, ROW_CLOSE, tcp_close_name(s->close));
	troubles(&r, s);
}

/* ---- JSON ------------------------------------------------------------------------------ */

static void endpoint_json(struct txt *t, const char *key, const struct tcp_story *s, unsigned side)
{
	json_key(t, key);
	txt_str(t, "[\"");
	txt_address(t, s->family, s->addr[side]);
	txt_str(t, "\",");
	txt_u64(t, s->port[side]);
	txt_char(t, ']');
}

static void who(struct txt *t, const char *key, int side)
{
	json_string(t, key, side == 0 ? "a" : side == 1 ? "b" : NULL);
}

static void facts_json(struct txt *t, const struct tcp_story *s)
{
	json_key(t, "facts");
	txt_char(t, '{');
	json_string(t, "open", tcp_open_name(s->open));
	json_string(t, "close", tcp_close_name(s->close));
	who(t, "initiator", s->initiator);
	json_frame(t, "syn_frame", s->syn_frame);
	json_frame(t, "synack_frame", s->synack_frame);
	json_frame(t, "ack_frame", s->ack_frame);
	json_frame(t, "refused_frame", s->refused_frame);
	who(t, "first_fin_by", s->first_fin_by);
	json_key(t, "first_rst");
	if (s->first_rst_frame) {
		txt_char(t, '{');
		json_frame(t, "frame", s->first_rst_frame);
		who(t, "by", s->first_rst_by);
		txt_char(t, '}');
	} else {
		txt_str(t, "null");
	}
	json_bool(t, "both_fins_acked", s->both_fins_acked);
	json_bool(t, "rst_after_close", s->rst_after_close);
	json_key(t, "rtt_ns");
	if (s->has_rtt)
		txt_u64(t, s->rtt_ns);
	else
		txt_str(t, "null");
	txt_char(t, '}');
}

static void side_json(struct txt *t, const char *key, const struct tcp_side *d)
{
	json_key(t, key);
	txt_char(t, '{');
	json_number(t, "frames", d->frames);
	json_number(t, "bytes", d->bytes);
	json_number(t, "payload", d->payload);
	json_number(t, "data_segments", d->data_segments);
	json_number(t, "syn", d->syn);
	json_number(t, "synack", d->synack);
	json_number(t, "fin", d->fin);
	json_number(t, "rst", d->rst);
	json_key(t, "isn");
	if (d->has_isn)
		txt_u64(t, d->isn);
	else
		txt_str(t, "null");
	json_frame(t, "fin_frame", d->fin_frame);
	json_frame(t, "fin_acked_frame", d->fin_acked_frame);
	json_number(t, "zero_windows", d->zero_windows);
	json_number(t, "urg", d->urg);
	json_number(t, "ece", d->ece);
	json_number(t, "cwr", d->cwr);
	json_number(t, "data_after_peer_fin", d->data_after_peer_fin);
	json_number(t, "bytes_after_peer_fin", d->bytes_after_peer_fin);
	json_string(t, "state", tcp_state_name(d->state));
	txt_char(t, '}');
}

static void option_number(struct txt *t, const char *key, bool there, uint64_t n)
{
	if (there)
		json_number(t, key, n);
	else
		json_null(t, key);
}

static void options_json(struct txt *t, const char *key, const struct tcp_syn_options *o)
{
	if (!o->present) {
		json_null(t, key);
		return;
	}
	json_key(t, key);
	txt_str(t, "{\"kinds\":[");
	for (unsigned i = 0; i < o->n_kinds && i < TCP_KINDS_KEPT; i++) {
		if (i > 0)
			txt_char(t, ',');
		txt_u64(t, o->kind[i]);
	}
	txt_char(t, ']');
	option_number(t, "mss", o->seen & TCP_SEEN_MSS, o->mss);
	option_number(t, "ws", o->seen & TCP_SEEN_WSCALE, o->wscale);
	json_bool(t, "sack_perm", o->seen & TCP_SEEN_SACK_OK);
	json_key(t, "ts");
	if (o->seen & TCP_SEEN_TS) {
		txt_char(t, '[');
		txt_u64(t, o->ts_val);
		txt_char(t, ',');
		txt_u64(t, o->ts_ecr);
		txt_char(t, ']');
	} else {
		txt_str(t, "null");
	}
	json_bool(t, "tfo", o->seen & TCP_SEEN_TFO);
	txt_char(t, '}');
}

void tcp_view_json(struct txt *t, const struct tcp_story *s)
{
	txt_char(t, '{');
	json_string(t, "type", "tcp");
	json_number(t, "stream", s->stream);
	endpoint_json(t, "a", s, 0);
	endpoint_json(t, "b", s, 1);
	json_frame(t, "first_frame", s->first_frame);
	json_frame(t, "last_frame", s->last_frame);
	json_seconds(t, "first_time", s->first_time.ns, true);
	json_seconds(t, "last_time", s->last_time.ns, true);
	facts_json(t, s);
	side_json(t, "ab", &s->side[0]);
	side_json(t, "ba", &s->side[1]);
	json_key(t, "syn_options");
	txt_char(t, '{');
	options_json(t, "a", &s->side[0].syn_options);
	options_json(t, "b", &s->side[1].syn_options);
	txt_char(t, '}');
	json_number(t, "completeness", s->completeness);
}

static void list_troubles(struct txt *t, uint32_t trouble)
{
	json_key(t, "trouble");
	txt_char(t, '[');
	for (unsigned k = 0; k < TCP_T_COUNT; k++) {
		if (!(trouble >> k & 1))
			continue;
		txt_str(t, t->buf[t->len - 1] == '[' ? "\"" : ",\"");
		txt_str(t, tcp_trouble_info((enum tcp_trouble)k)->name);
		txt_char(t, '"');
	}
	txt_char(t, ']');
}

void tcp_view_segment_json(struct txt *t, uint32_t stream, const struct tcp_moment *m)
{
	char flags[64];
	struct txt f = txt_over(flags, sizeof(flags));

	tcp_words_flags(&f, m->flags);
	txt_char(t, '{');
	json_word(t, "type", "segment");
	json_number(t, "stream", stream);
	json_number(t, "frame", m->frame);
	json_seconds(t, "time", m->when.ns, true);
	json_word(t, "from", m->from ? "b" : "a");
	json_word(t, "flags", flags);
	json_number(t, "seq", m->seq);
	json_key(t, "ack");
	if (m->flags & TCP_ACK)
		txt_u64(t, m->ack);
	else
		txt_str(t, "null");
	json_number(t, "payload", m->payload);
	json_number(t, "window", m->window);
	json_bool(t, "window_scaled", m->window_scaled);
	json_word(t, "state_a", tcp_state_name((enum tcp_state)m->after[0]));
	json_word(t, "state_b", tcp_state_name((enum tcp_state)m->after[1]));
	json_word(t, "why", tcp_why_info((enum tcp_why)m->why)->name);
	json_frame(t, "cause_frame", m->cause_frame);
	json_key(t, "waited_ns");
	if (m->cause_frame)
		txt_u64(t, m->waited_ns);
	else
		txt_str(t, "null");
	list_troubles(t, m->trouble);
	json_bool(t, "beyond_mss", m->notes & TCP_NOTE_BEYOND_MSS);
	json_bool(t, "stall", m->notes & TCP_NOTE_STALL);
	txt_char(t, '}');
}
