/* The pieces that drawing and page are put together from. */
#include "draw_impl.h"

#include "phrase.h"
#include "wirelab/tcp_view.h"
#include "wirelab/utf8.h"

void draw_put(const struct draw_out *out, const char *markup)
{
	out->put(out->context, markup, strlen(markup));
}

void draw_say(const struct draw_out *out, const char *en, const char *zh)
{
	draw_put(out, in_lang(&BOTH(en, zh), out->lang));
}

static void put_txt(const struct draw_out *out, const struct txt *t)
{
	out->put(out->context, t->buf, t->len);
}

void draw_number(const struct draw_out *out, uint64_t n)
{
	char buf[24];
	struct txt t = txt_over(buf, sizeof(buf));

	txt_u64(&t, n);
	put_txt(out, &t);
}

void draw_attribute(const struct draw_out *out, const char *name, uint64_t n)
{
	draw_put(out, " ");
	draw_put(out, name);
	draw_put(out, "=\"");
	draw_number(out, n);
	draw_put(out, "\"");
}

void draw_grouped(const struct draw_out *out, uint64_t n)
{
	char buf[32];
	struct txt t = txt_over(buf, sizeof(buf));

	txt_grouped(&t, n);
	put_txt(out, &t);
}

/* One character at a time, so that no length is too long and none is cut in two. */
void draw_text(const struct draw_out *out, const char *text, size_t len)
{
	while (len > 0) {
		char buf[64];
		struct txt t = txt_over(buf, sizeof(buf));
		uint32_t code;
		size_t n = utf8_decode((const uint8_t *)text, len, &code);

		if (n == 0)
			n = 1;
		txt_xml(&t, text, n);
		put_txt(out, &t);
		text += n;
		len -= n;
	}
}

void draw_seconds(const struct draw_out *out, uint64_t ns)
{
	char buf[32];
	struct txt t = txt_over(buf, sizeof(buf));

	txt_u64(&t, ns / SEC_NS);
	txt_char(&t, '.');
	for (uint64_t unit = SEC_NS / 10; unit >= USEC_NS; unit /= 10)
		txt_char(&t, (char)('0' + ns / unit % 10));
	put_txt(out, &t);
}

void draw_duration(const struct draw_out *out, uint64_t ns)
{
	char buf[48];
	struct txt t = txt_over(buf, sizeof(buf));

	phrase_duration(&t, ns, out->lang);
	put_txt(out, &t);
}

void draw_endpoint(const struct draw_out *out, const struct tcp_story *story, unsigned side)
{
	char buf[IP6_STRLEN + 16];
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_view_endpoint(&t, story->family, story->addr[side], story->port[side]);
	put_txt(out, &t);
}

/* ---- what is said of a row -------------------------------------------------------------- */

/* Not among them: probes, and news of a window.  They come when all is well, too. */
#define WRONG (1u << TCP_T_RETRANSMISSION | 1u << TCP_T_FAST_RETRANSMISSION | \
	       1u << TCP_T_SPURIOUS_RETRANSMISSION | 1u << TCP_T_OUT_OF_ORDER | \
	       1u << TCP_T_DUPLICATE_ACK | 1u << TCP_T_ZERO_WINDOW | 1u << TCP_T_LOST_SEGMENT | \
	       1u << TCP_T_ACK_LOST_SEGMENT)

/* Worth a mark, but it arrives, and is what its kind is. */
#define NOTABLE (1u << TCP_T_WINDOW_FULL | 1u << TCP_T_REUSED_PORTS)

bool draw_is_marked(const struct tcp_moment *m)
{
	return m->lost || m->why == TCP_WHY_ICMP || (m->flags & TCP_RST) ||
	       (m->trouble & (WRONG | NOTABLE));
}

bool draw_is_dashed(const struct tcp_moment *m)
{
	return m->why == TCP_WHY_ICMP ||
	       (!(m->flags & TCP_RST) && (m->lost || (m->trouble & WRONG)));
}

const char *draw_kind(const struct tcp_moment *m)
{
	if (m->why == TCP_WHY_ICMP)
		return "i";
	if (m->flags & TCP_RST)
		return "r";
	if (draw_is_dashed(m))
		return "t";
	if ((m->flags & TCP_SYN) || m->why == TCP_WHY_COMPLETES)
		return "o";
	if ((m->flags & TCP_FIN) || m->why == TCP_WHY_ACKS_FIN)
		return "c";
	return m->payload ? "d" : "a";
}

unsigned draw_left(const struct tcp_story *story)
{
	return story->initiator == 1;
}

uint64_t draw_since(const struct tcp_story *story, const struct tcp_moment *m)
{
	return instant_since(story->first_time, m->when);
}

void draw_run(struct txt *t, const struct ladder_row *row, unsigned side, enum lang lang)
{
	const char *segments = row->segments[side] == 1 ? " segment, " : " segments, ";

	txt_grouped(t, row->segments[side]);
	txt_str(t, in_lang(&BOTH(segments, " 个报文段，"), lang));
	phrase_bytes(t, row->bytes[side], lang);
}

void draw_run_words(struct txt *t, const struct draw_connection *c, const struct ladder_row *row,
		    const struct tcp_names *who)
{
	const struct tcp_moment *m = &c->moment[row->first];

	for (unsigned i = 0; i < 2; i++) {
		unsigned side = i ? !draw_left(c->story) : draw_left(c->story);
		if (row->segments[side] == 0)
			continue;
		txt_str(t, who->side[side]);
		txt_char(t, ' ');
		draw_run(t, row, side, who->lang);
		txt_str(t, in_lang(&BOTH("; ", "；"), who->lang));
	}
	txt_str(t, in_lang(&BOTH("in ", "历时 "), who->lang));
	phrase_duration(t, instant_since(m->when, m[row->n - 1].when), who->lang);
}
