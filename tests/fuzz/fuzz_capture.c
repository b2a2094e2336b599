/*
 * Any bytes as a capture, all the way: read, dissected, put together, followed, written.
 *
 * What must hold at the end of it: every segment that went into the tracker is in one story,
 * no line of a view is too long for its buffer, and what is written is UTF-8 without a control
 * character, whatever the frames, remarks and names were; JSON's brackets close.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/capfile.h"
#include "wirelab/ip_reassembly.h"
#include "wirelab/pkt.h"
#include "wirelab/tcp_segment.h"
#include "wirelab/tcp_view.h"
#include "wirelab/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLOWS = 4, REASSEMBLIES = 2 };

struct session {
	struct tcp_track *t;
	struct ipasm *ipasm;
	uint64_t segments, told;
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

static void harmless(const struct txt *t)
{
	uint32_t code;
	size_t n;

	require(!t->cut && strlen(t->buf) == t->len);
	for (size_t at = 0; at < t->len; at += n) {
		n = utf8_decode((const uint8_t *)t->buf + at, t->len - at, &code);
		require(n > 0 && !utf8_is_control(code));
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

static void write_story(struct session *s, const struct tcp_story *story)
{
	char line[TCP_VIEW_LINE];
	struct txt t = txt_over(line, sizeof(line));

	tcp_view_row(&t, story, 0);
	harmless(&t);
	t = txt_over(line, sizeof(line));
	tcp_view_json(&t, story);
	harmless(&t);
	json_stands(line);
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
	harmless(&t);
	t = txt_over(out, cap);
	txt_xml(&t, text, len);
	harmless(&t);
	t = txt_over(out, cap);
	txt_json(&t, text, len);
	harmless(&t);
	free(out);
}

/* ---- what is read --------------------------------------------------------------------------- */

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
	struct session s = { 0 };
	char err[256];
	struct capr *r = capr_over(data, size, err);

	if (!r)
		return 0;
	s.t = tcp_track_init(zeroed(&flows, tcp_track_size(FLOWS)), tcp_track_size(FLOWS), FLOWS,
			     secret);
	s.ipasm = ipasm_init(zeroed(&places, ipasm_size(REASSEMBLIES)), ipasm_size(REASSEMBLIES),
			     REASSEMBLIES);
	require(s.t && s.ipasm);
	read_all(&s, r);
	capr_close(r);
	return 0;
}
