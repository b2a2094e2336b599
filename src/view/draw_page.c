/* The page around the drawings: a list of the connections, then each with its story, its
 * drawing and a table of the same rows.  Well-formed as XML, too, so that more can check it. */
#include "draw_impl.h"

/* A table in words, where the tool's own has names for programs (tcp_open_name). */
static const char *opened(enum tcp_open o)
{
	switch (o) {
	case TCP_OPEN_COMPLETE: return "handshake";
	case TCP_OPEN_SIMULTANEOUS: return "both at once";
	case TCP_OPEN_REFUSED: return "refused";
	case TCP_OPEN_NO_ANSWER: return "no answer";
	case TCP_OPEN_ONE_WAY: return "one side seen";
	case TCP_OPEN_SYNACK_NO_ACK: return "handshake without its last ACK";
	case TCP_OPEN_SYNACK_ONLY: return "only a SYN ACK";
	case TCP_OPEN_NO_SYN: return "handshake without its SYN";
	case TCP_OPEN_MIDSTREAM: return "before the capture";
	case TCP_OPEN_ODD: return "oddly";
	}
	return "-";
}

static const char *closed(enum tcp_close c)
{
	switch (c) {
	case TCP_CLOSE_FIN4: return "FIN, ACK, FIN, ACK";
	case TCP_CLOSE_FIN3: return "FIN, FIN ACK, ACK";
	case TCP_CLOSE_HALF: return "one half first";
	case TCP_CLOSE_SIMULTANEOUS: return "both at once";
	case TCP_CLOSE_ONE_FIN: return "one half only";
	case TCP_CLOSE_FIN_RST: return "FIN, then RST";
	case TCP_CLOSE_RST_THEN_FIN: return "RST, then FIN";
	case TCP_CLOSE_RST: return "RST";
	case TCP_CLOSE_REFUSED: return "refused";
	case TCP_CLOSE_NONE: return "not seen";
	}
	return "-";
}

static const char style[] =
	":root{color-scheme:light dark}\n"
	"body{margin:0 auto;padding:1rem;max-width:70rem;background:#fff;color:#1b2330;"
	"font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\","
	"sans-serif}\n"
	"h1,h2{line-height:1.25;overflow-wrap:anywhere}\n"
	"h1{font-size:1.5rem}\n"
	"h2{font-size:1.2rem;margin-top:2.5rem;border-top:1px solid #8a93a0;padding-top:1.5rem}\n"
	"p{max-width:44rem}\n"
	".wide{overflow-x:auto;margin:1rem 0;border:1px solid #c8cfd8;border-radius:6px}\n"
	".wide svg{display:block}\n"
	"table{border-collapse:collapse;font-size:.875rem;width:100%}\n"
	"caption{text-align:left;padding:.5rem .6rem;color:#566070}\n"
	"th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-top:1px solid #c8cfd8}\n"
	"thead th{border-top:0;white-space:nowrap;background:#eef1f5}\n"
	/* By their place, so that a row of numbers is not mostly markup. */
	".rows tr>:nth-child(-n+2),.rows tr>:nth-child(n+5):nth-child(-n+7),.list tr>:first-child,"
	".list tr>:nth-child(5),.list tr>:nth-child(6){text-align:right;"
	"font-variant-numeric:tabular-nums}\n"
	".rows tr>:not(:last-child){white-space:nowrap}\n"
	"tbody th{font-weight:600}\n"
	".rows td:last-child{min-width:20rem;width:50%}\n"
	"code{font:.95em ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\",\"Liberation Mono\","
	"monospace}\n"
	"a{color:#1457ad}\n"
	"a:focus-visible,.wide:focus-visible{outline:3px solid #1457ad;outline-offset:2px}\n"
	/* In a narrow window a row is a few lines, each number with its name. */
	"@media screen and (max-width:44rem){\n"
	"body{padding:.75rem}\n"
	"table,caption,tbody{display:block}\n"
	"thead{position:absolute;left:-9999px}\n"
	"tr{display:flex;flex-wrap:wrap;gap:0 1rem;padding:.4rem .6rem;border-top:1px solid #c8cfd8}\n"
	"table th,table td{border:0;padding:.1rem 0;min-width:0;overflow-wrap:anywhere;"
	"text-align:left!important}\n"
	".rows td:last-child,.list td:nth-child(3),.list td:last-child{min-width:0;"
	"flex-basis:100%}\n"
	".list td:nth-child(3)::before{content:\"to \"}"
	".list td:nth-child(4)::before{content:\"opened: \"}"
	".list td:nth-child(5)::before{content:\"bytes there: \"}"
	".list td:nth-child(6)::before{content:\"back: \"}"
	".list td:nth-child(7)::before{content:\"closed: \"}"
	".list td:nth-child(8)::before{content:\"trouble: \"}\n"
	".rows td:nth-child(5)::before{content:\"seq \"}"
	".rows td:nth-child(6)::before{content:\"ack \"}"
	".rows td:nth-child(7)::before{content:\"length \"}\n"
	".rows td:nth-child(9)::before{content:\"| \"}\n"
	"}\n"
	"@media screen and (prefers-color-scheme:dark){\n"
	"body{background:#14181f;color:#e4e8ee}\n"
	"thead th{background:#212833}\n"
	".wide,tr,th,td{border-color:#3a4350}\n"
	"caption{color:#a4aebb}\n"
	"a{color:#84b9ff}\n"
	"}\n"
	"@media print{.wide{overflow:visible;border:0}.wide svg{width:100%;height:auto}"
	"tr{break-inside:avoid}thead{display:table-header-group}h2{break-after:avoid}"
	"body{max-width:none;padding:0}table{font-size:8pt}}\n";

/* ---- cells ------------------------------------------------------------------------------ */

static void number_cell(const struct draw_out *out, uint64_t n)
{
	draw_put(out, "<td>");
	draw_grouped(out, n);
	draw_put(out, "</td>");
}

static void text_cell(const struct draw_out *out, const char *text)
{
	draw_put(out, "<td>");
	draw_put(out, text);
	draw_put(out, "</td>");
}

static void endpoint_cell(const struct draw_out *out, const struct tcp_story *s, unsigned side)
{
	draw_put(out, "<td><code>");
	draw_endpoint(out, s, side);
	draw_put(out, "</code></td>");
}

/* Where a table is wider than the window it is moved, not the page; by keyboard, too. */
static void begin_wide(const struct draw_out *out, const char *label)
{
	draw_put(out, "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"");
	draw_put(out, label);
	draw_put(out, "\">\n");
}

/* ---- the list of connections ------------------------------------------------------------ */

/* "zero_window" is for programs. */
static void put_name(const struct draw_out *out, const char *name)
{
	for (; *name; name++)
		out->put(out->context, *name == '_' ? " " : name, 1);
}

static void trouble_cell(const struct draw_out *out, const struct tcp_story *s)
{
	bool any = false;

	draw_put(out, "<td>");
	for (unsigned i = 0; i < TCP_T_COUNT; i++) {
		uint64_t n = s->side[0].trouble[i] + s->side[1].trouble[i];
		if (n == 0)
			continue;
		draw_put(out, any ? ", " : "");
		draw_grouped(out, n);
		draw_put(out, " ");
		put_name(out, tcp_trouble_info((enum tcp_trouble)i)->name);
		any = true;
	}
	draw_put(out, any ? "</td>" : "-</td>");
}

static void list_row(const struct draw_out *out, const struct tcp_story *s)
{
	unsigned left = draw_left(s);

	draw_put(out, "<tr><th scope=\"row\"><a href=\"#c");
	draw_number(out, s->stream);
	draw_put(out, "\">");
	draw_number(out, s->stream);
	draw_put(out, "</a></th>");
	endpoint_cell(out, s, left);
	endpoint_cell(out, s, !left);
	text_cell(out, opened(s->open));
	number_cell(out, s->side[left].payload);
	number_cell(out, s->side[!left].payload);
	text_cell(out, closed(s->close));
	trouble_cell(out, s);
	draw_put(out, "</tr>\n");
}

static void list(const struct draw_out *out, const struct tcp_story *story, size_t n)
{
	begin_wide(out, "TCP connections");
	draw_put(out, "<table class=\"list\">\n<caption>");
	draw_grouped(out, n);
	draw_put(out, n == 1 ? " TCP connection" : " TCP connections");
	draw_put(out, "; bytes are those of the application, sent again or not</caption>\n"
		      "<thead><tr><th scope=\"col\">no.</th><th scope=\"col\">from</th>"
		      "<th scope=\"col\">to</th><th scope=\"col\">opened</th>"
		      "<th scope=\"col\">bytes there</th><th scope=\"col\">bytes back</th>"
		      "<th scope=\"col\">closed</th><th scope=\"col\">trouble</th></tr></thead>\n"
		      "<tbody>\n");
	for (size_t i = 0; i < n; i++)
		list_row(out, &story[i]);
	draw_put(out, "</tbody>\n</table>\n</div>\n");
}

void draw_page_begin(const struct draw_out *out, const char *file, const struct tcp_story *story,
		     size_t n)
{
	/* Nothing is loaded and nothing runs; a browser is told to see to that as well. */
	draw_put(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		      "<meta http-equiv=\"Content-Security-Policy\" "
		      "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n<title>");
	draw_text(out, file, strlen(file));
	draw_put(out, ": TCP connections</title>\n<style>\n");
	draw_put(out, style);
	draw_put(out, draw_svg_style);
	draw_put(out, "</style>\n</head>\n<body>\n<main>\n<h1>TCP connections in <code>");
	draw_text(out, file, strlen(file));
	draw_put(out, "</code></h1>\n");
	if (n > 0)
		list(out, story, n);
	else
		draw_put(out, "<p>There are none.</p>\n");
}

/* ---- a connection ----------------------------------------------------------------------- */

struct section {
	const struct draw_out *out;
	const struct draw_connection *c;
	struct tcp_names who;
	unsigned left;
};

static void heading(const struct section *s)
{
	draw_put(s->out, "<section>\n<h2 id=\"c");
	draw_number(s->out, s->c->story->stream);
	draw_put(s->out, "\">Connection ");
	draw_number(s->out, s->c->story->stream);
	draw_put(s->out, ": ");
	for (unsigned i = 0; i < 2; i++) {
		unsigned side = i ? !s->left : s->left;
		draw_put(s->out, i ? " and " : "");
		draw_put(s->out, s->who.side[side]);
		draw_put(s->out, " <code>");
		draw_endpoint(s->out, s->c->story, side);
		draw_put(s->out, "</code>");
	}
	draw_put(s->out, "</h2>\n");
}

static void story(const struct section *s)
{
	char words[TCP_WORDS_MAX];
	struct txt t = txt_over(words, sizeof(words));

	tcp_words_story(&t, s->c->story, &s->who);
	draw_put(s->out, "<p>");
	draw_text(s->out, words, t.len);
	draw_put(s->out, "</p>\n");
}

static void table_head(const struct section *s)
{
	draw_put(s->out, "<table class=\"rows\">\n<caption>The same, in a table. seq and ack count "
			 "from each side's first number; states are those after the segment, "
			 "? where nothing tells</caption>\n<thead><tr>"
			 "<th scope=\"col\">frame</th><th scope=\"col\">seconds</th>"
			 "<th scope=\"col\">from</th><th scope=\"col\">flags</th>"
			 "<th scope=\"col\">seq</th><th scope=\"col\">ack</th>"
			 "<th scope=\"col\">length</th>");
	for (unsigned i = 0; i < 2; i++) {
		draw_put(s->out, "<th scope=\"col\">");
		draw_put(s->out, s->who.side[i ? !s->left : s->left]);
		draw_put(s->out, " after</th>");
	}
	draw_put(s->out, "<th scope=\"col\">what and why</th></tr></thead>\n<tbody>\n");
}

static void states(const struct section *s, const struct tcp_moment *m)
{
	for (unsigned i = 0; i < 2; i++) {
		unsigned side = i ? !s->left : s->left;
		draw_put(s->out, "<td>");
		draw_put(s->out, tcp_state_name((enum tcp_state)m->after[side]));
		draw_put(s->out, "</td>");
	}
}

static void numbers(const struct section *s, const struct tcp_moment *m)
{
	if (m->why == TCP_WHY_ICMP) {
		draw_put(s->out, "<td>-</td><td>-</td><td>-</td>");
		return;
	}
	number_cell(s->out, m->seq);
	if (m->flags & TCP_ACK)
		number_cell(s->out, m->ack);
	else
		draw_put(s->out, "<td>-</td>");
	number_cell(s->out, m->payload);
}

static void segment_row(const struct section *s, const struct tcp_moment *m)
{
	char words[TCP_WORDS_MAX];
	struct txt t = txt_over(words, sizeof(words));

	draw_put(s->out, "<td>");
	draw_put(s->out, m->why == TCP_WHY_ICMP ? "the way" : s->who.side[m->from]);
	draw_put(s->out, "</td><td class=\"");
	draw_put(s->out, draw_kind(m));
	draw_put(s->out, "\">");
	tcp_words_flags(&t, m->flags);
	draw_text(s->out, words, t.len);
	draw_put(s->out, m->lost ? " (lost)</td>" : "</td>");
	numbers(s, m);
	states(s, m);
	t = txt_over(words, sizeof(words));
	tcp_words_long(&t, m, &s->who);
	draw_put(s->out, draw_is_marked(m) ? "<td><b class=\"t\">!</b> "
					   : "<td>");
	draw_text(s->out, words, t.len);
	draw_put(s->out, "</td>");
}

static void run_row(const struct section *s, const struct ladder_row *row,
		    const struct tcp_moment *last)
{
	char words[2 * 96];
	struct txt t = txt_over(words, sizeof(words));
	bool both = row->segments[0] && row->segments[1];

	draw_put(s->out, "<td>");
	draw_put(s->out, both ? "both" : s->who.side[row->segments[1] > 0]);
	draw_put(s->out, "</td><td>-</td><td>-</td><td>-</td>");
	number_cell(s->out, row->bytes[0] + row->bytes[1]);
	states(s, last);
	draw_put(s->out, "<td>");
	draw_run_words(&t, s->c, row);
	draw_text(s->out, words, t.len);
	draw_put(s->out, "</td>");
}

static void table_row(const struct section *s, const struct ladder_row *row)
{
	const struct tcp_moment *first = &s->c->moment[row->first], *last = first + row->n - 1;

	draw_put(s->out, "<tr><th scope=\"row\">");
	draw_number(s->out, first->frame);
	if (row->n > 1) {
		draw_put(s->out, "\xe2\x80\x93");
		draw_number(s->out, last->frame);
	}
	draw_put(s->out, "</th><td>");
	draw_seconds(s->out, draw_since(s->c->story, first));
	draw_put(s->out, "</td>");
	if (row->n > 1)
		run_row(s, row, last);
	else
		segment_row(s, first);
	draw_put(s->out, "</tr>\n");
}

void draw_page_connection(const struct draw_out *out, const struct draw_connection *c)
{
	struct section s = { out, c, tcp_names_of(c->story->initiator, LANG_EN), draw_left(c->story) };

	heading(&s);
	story(&s);
	begin_wide(out, "Ladder");
	draw_svg_inline(out, c);
	draw_put(out, "</div>\n");
	if (c->n_rows > 0) {
		begin_wide(out, "Segments");
		table_head(&s);
		for (size_t i = 0; i < c->n_rows; i++)
			table_row(&s, &c->row[i]);
		draw_put(out, "</tbody>\n</table>\n</div>\n");
	}
	draw_put(out, "</section>\n");
}

void draw_page_end(const struct draw_out *out)
{
	draw_put(out, "</main>\n</body>\n</html>\n");
}
