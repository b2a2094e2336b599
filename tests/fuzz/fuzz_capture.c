/*
 * Any bytes as a capture, all the way: read, dissected, put together, followed, written.
 *
 * What must hold at the end of it: every segment that went into the tracker is in one story,
 * no line of a view is too long for its buffer or wider than the terminal, and what is written
 * is UTF-8 without a control character, whatever the frames, remarks and names were; JSON's
 * brackets close, and so do a drawing's.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/capfile.h"
#include "wirelab/ip_reassembly.h"
#include "wirelab/pkt.h"
#include "wirelab/tcp_draw.h"
#include "wirelab/tcp_segment.h"
#include "wirelab/tcp_view.h"
#include "wirelab/utf8.h"
#include "wirelab/width.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLOWS = 4, REASSEMBLIES = 2, STREAMS = 8, MOMENTS = 64, DRAWING = 1 << 20 };

/* What is kept of a connection for its ladder: the first of them, and the first segments. */
struct kept {
	struct tcp_moment moment[MOMENTS];
	size_t n;
};

struct session {
	struct tcp_track *t;
	struct ipasm *ipasm;
	uint64_t segments, told;
	struct tcp_past past[FLOWS];
	struct kept kept[STREAMS];
	struct ladder_style style;
	struct txt drawing;
};

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Zeroed, and the same block every time, since they are large. */
static void *zeroed(void **block, size_t size)
{
	if (!*block)
		require(posix_memalign(block, 64, size) == 0);
	return memset(*block, 0, size);
}

/* ---- what is written ---------------------------------------------------------------------- */

/* One line, or with `lines` several. */
static void harmless(const struct txt *t, bool lines)
{
	uint32_t code;
	size_t n;

	require(!t->cut && strlen(t->buf) == t->len);
	for (size_t at = 0; at < t->len; at += n) {
		n = utf8_decode((const uint8_t *)t->buf + at, t->len - at, &code);
		require(n > 0 && (!utf8_is_control(code) || (lines && code == '\n')));
	}
}

/* An object up to its last member: one bracket more is open than closed. */
static void json_stands(const char *p)
{
	int depth = 0;
	bool quoted = false;

	require(*p == '{');
	for (; *p; p++) {
		if (*p == '\\' && quoted)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted)
			depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
		require(depth >= 1);
	}
	require(depth == 1 && !quoted);
}

static void write_ladder(struct session *s, const struct draw_connection *c)
{
	char line[LADDER_LINE_MAX];
	struct ladder ladder;
	struct txt t = txt_over(line, sizeof(line));

	ladder_begin(&ladder, c->story, c->moment, c->row, c->n_rows, s->style);
	while (ladder_line(&ladder, &t)) {
		harmless(&t, false);
		require(txt_width(t.buf, t.len) <= s->style.columns);
		t = txt_over(line, sizeof(line));
	}
}

static void put_drawing(void *context, const char *bytes, size_t len)
{
	txt_bytes(context, bytes, len);
}

/* Every element that begins ends, inside the one it began in; attributes are quoted. */
static void drawing_stands(const char *p)
{
	unsigned depth = 0;

	for (p = strchr(p, '<'); p; p = strchr(p + 1, '<')) {
		const char *tag = p;
		char quote = '\0';
		for (p++; *p && (quote || *p != '>'); p++)
			if (quote ? *p == quote : *p == '"' || *p == '\'')
				quote = quote ? '\0' : *p;
		require(*p == '>' && !quote);
		if (tag[1] == '?' || tag[1] == '!')
			continue;
		require(tag[1] != '/' || depth > 0);
		depth = tag[1] == '/' ? depth - 1 : p[-1] == '/' ? depth : depth + 1;
	}
	require(depth == 0);
}

static void write_drawing(struct session *s, const struct draw_connection *c)
{
	const struct draw_out out = { put_drawing, &s->drawing, s->style.lang };
	static const char name[] = "<a>\x1b&\xff'.pcap";

	s->drawing = txt_over(s->drawing.buf, s->drawing.cap);
	draw_svg(&out, c);
	harmless(&s->drawing, true);
	drawing_stands(s->drawing.buf);
	s->drawing = txt_over(s->drawing.buf, s->drawing.cap);
	draw_page_begin(&out, name, c->story, 1);
	draw_page_connection(&out, c);
	draw_page_end(&out);
	harmless(&s->drawing, true);
}

static void write_moments(struct session *s, const struct tcp_story *story)
{
	struct ladder_row row[MOMENTS];
	char line[TCP_VIEW_LINE];

	if (story->stream >= STREAMS)
		return;
	const struct kept *k = &s->kept[story->stream];
	for (size_t i = 0; i < k->n; i++) {
		struct txt t = txt_over(line, sizeof(line));
		tcp_view_segment_json(&t, story->stream, &k->moment[i]);
		harmless(&t, false);
		require(t.buf[0] == '{' && t.buf[t.len - 1] == '}');
	}
	size_t n = ladder_fold(k->moment, k->n, row, MOMENTS);
	struct draw_connection c = { story, k->moment, k->n, row, n };
	require(n <= k->n);
	write_ladder(s, &c);
	write_drawing(s, &c);
}

/* Of a row that goes on below, no line is wider than 80 columns. */
static void write_rows(const struct tcp_story *story)
{
	char line[TCP_VIEW_LINE];
	struct txt t = txt_over(line, sizeof(line));

	tcp_view_row(&t, story, 0);
	harmless(&t, false);
	t = txt_over(line, sizeof(line));
	tcp_view_row(&t, story, 80);
	harmless(&t, true);
	for (char *p = line, *end; p; p = end ? end + 1 : NULL) {
		end = strchr(p, '\n');
		require(txt_width(p, end ? (size_t)(end - p) : strlen(p)) <= 80);
	}
}

static void write_story(struct session *s, const struct tcp_story *story)
{
	char line[TCP_VIEW_LINE];
	struct txt t = txt_over(line, sizeof(line));

	write_rows(story);
	tcp_view_json(&t, story);
	harmless(&t, false);
	json_stands(line);
	write_moments(s, story);
	s->told += story->side[0].frames + story->side[1].frames;
}

static void write_text(const char *text, size_t len)
{
	size_t cap = 6 * len + 3;
	char *out = malloc(cap);
	struct txt t;

	require(out != NULL);
	t = txt_over(out, cap);
	txt_foreign(&t, text, len);
	harmless(&t, false);
	t = txt_over(out, cap);
	txt_xml(&t, text, len);
	harmless(&t, false);
	t = txt_over(out, cap);
	txt_json(&t, text, len);
	harmless(&t, false);
	free(out);
}

/* ---- what is read --------------------------------------------------------------------------- */

static void keep_moment(struct session *s, uint32_t stream, const struct tcp_moment *m)
{
	struct kept *k = &s->kept[stream < STREAMS ? stream : 0];

	if (stream >= STREAMS || k->n == MOMENTS)
		return;
	k->moment[k->n++] = *m;
	tcp_moments_lost(k->moment, k->n);
}

static void hear_segment(struct session *s, const struct pkt *p, const struct capr_record *rec)
{
	struct tcp_options options;
	struct tcp_segment seg;
	struct tcp_story story;
	struct tcp_told told;

	if (!tcp_segment_from(&seg, &options, p))
		return;
	seg.when = (struct instant){ rec->unix_ns };
	seg.frame = rec->number;
	seg.wire_bytes = rec->wirelen;
	tcp_segment_check(&seg, p);
	while (tcp_track_segment(s->t, &seg, &told) == TCP_TRACK_FULL) {
		if (!tcp_track_give_up(s->t, &story))
			return;
		write_story(s, &story);
	}
	s->segments++;
	if (told.ended)
		write_story(s, &told.story);
	struct tcp_moment moment;
	require(told.flow < FLOWS);
	tcp_reason_hear(&s->past[told.flow], &seg, &told, &moment);
	require(moment.why < TCP_WHY_COUNT && moment.cause_frame <= seg.frame);
	keep_moment(s, tcp_track_stream(s->t, told.flow), &moment);
}

/* An ICMP error belongs to the connection of the segment that it quotes. */
static void hear_quote(struct session *s, const struct pkt *p, const struct capr_record *rec)
{
	struct tcp_segment quoted;
	struct tcp_moment moment;
	struct tcp_icmp icmp = { .when = { rec->unix_ns }, .frame = rec->number,
				 .wire_bytes = rec->wirelen };
	uint32_t flow;

	/* Without the header p->icmp is nobody's. */
	if (!(pkt_has(p, PKT_ICMP4) || pkt_has(p, PKT_ICMP6)) || !tcp_segment_quoted(&quoted, p))
		return;
	if (!tcp_track_find(s->t, &quoted, &flow, &icmp.from, &icmp.rel_seq))
		return;
	icmp.type = p->icmp.type;
	icmp.code = p->icmp.code;
	icmp.mtu = (uint16_t)p->icmp.mtu;
	icmp.too_big = p->icmp.mtu != 0;
	tcp_reason_icmp(&s->past[flow], &icmp, &moment);
	keep_moment(s, tcp_track_stream(s->t, flow), &moment);
}

static struct ipasm_fragment fragment_of(const struct pkt *p, const struct capr_record *rec)
{
	struct ipasm_fragment f = {
		.key = { .family = p->ip_version, .id = p->frag.id }, .when = { rec->unix_ns },
		.frame = rec->number, .offset = p->frag.offset, .more = p->frag.more,
		.data = p->frame + p->payload.off, .caplen = p->payload.len,
		.len = p->payload_wire };

	if (p->ip_version == 4) {
		f.key.proto = p->frag.proto;
		memcpy(f.key.src, p->ip4.src.b, sizeof(p->ip4.src.b));
		memcpy(f.key.dst, p->ip4.dst.b, sizeof(p->ip4.dst.b));
	} else {
		memcpy(f.key.src, p->ip6.src.b, sizeof(p->ip6.src.b));
		memcpy(f.key.dst, p->ip6.dst.b, sizeof(p->ip6.dst.b));
	}
	return f;
}

static void hear_frame(struct session *s, const struct capr_record *rec)
{
	struct ipasm_datagram whole;
	struct pkt p, inner;

	pkt_dissect(&p, rec->iface->linktype, rec->data, rec->caplen, rec->wirelen);
	if (!p.is_fragment) {
		hear_segment(s, &p, rec);
		hear_quote(s, &p, rec);
		return;
	}
	struct ipasm_fragment f = fragment_of(&p, rec);
	if (ipasm_hear(s->ipasm, &f, &whole) != IPASM_WHOLE)
		return;
	require(whole.len <= IPASM_MAX);
	pkt_dissect_datagram(&inner, &p, whole.data, (uint32_t)whole.len);
	/* A datagram in pieces may hold a datagram in pieces: one level is enough here. */
	if (!inner.is_fragment)
		hear_segment(s, &inner, rec);
}

static void read_all(struct session *s, struct capr *r)
{
	struct capr_record rec;
	struct tcp_story story;
	uint32_t cursor = 0;

	while (capr_next(r, &rec) > 0) {
		hear_frame(s, &rec);
		for (unsigned i = 0; i < rec.n_remarks && i < CAPR_REMARKS_MAX; i++)
			write_text(rec.remark[i].text, rec.remark[i].len);
		write_text(rec.iface->name, strlen(rec.iface->name));
	}
	while (tcp_track_each(s->t, &cursor, &story))
		write_story(s, &story);
	require(s->told == s->segments);
	write_text(capr_comment(r), strlen(capr_comment(r)));
	write_text(capr_application(r), strlen(capr_application(r)));
	write_text(capr_damage(r), strlen(capr_damage(r)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[16] = "fuzz";
	static void *flows, *places;
	static char drawing[DRAWING];
	static struct session s;
	char err[256];
	struct capr *r = capr_over(data, size, err);

	if (!r)
		return 0;
	memset(&s, 0, sizeof(s));
	s.drawing = txt_over(drawing, sizeof(drawing));
	/* How it is drawn is chosen by what nothing else depends on. */
	s.style = (struct ladder_style){ .columns = LADDER_COLUMNS_MIN + size % 64,
					 .unicode = size & 1, .long_words = size & 2,
					 .lang = size & 4 ? LANG_ZH : LANG_EN };
	s.t = tcp_track_init(zeroed(&flows, tcp_track_size(FLOWS)), tcp_track_size(FLOWS), FLOWS,
			     secret);
	s.ipasm = ipasm_init(zeroed(&places, ipasm_size(REASSEMBLIES)), ipasm_size(REASSEMBLIES),
			     REASSEMBLIES);
	require(s.t && s.ipasm);
	read_all(&s, r);
	capr_close(r);
	return 0;
}
