/* The page around the drawings: a list of the connections, then each with its story, its
 * drawing and a table of the same rows.  Well-formed as XML, too, so that more can check it. */
#include "draw_impl.h"

/* A table in words, where the tool's own has names for programs (tcp_open_name). */
static const struct both opened[] = {
	[TCP_OPEN_COMPLETE] = { { "handshake", "三次握手" } },
	[TCP_OPEN_SIMULTANEOUS] = { { "both at once", "双方同时" } },
	[TCP_OPEN_REFUSED] = { { "refused", "被拒绝" } },
	[TCP_OPEN_NO_ANSWER] = { { "no answer", "没有回答" } },
	[TCP_OPEN_ONE_WAY] = { { "one side seen", "只见到一方" } },
	[TCP_OPEN_SYNACK_NO_ACK] = { { "handshake without its last ACK", "握手缺最后的 ACK" } },
	[TCP_OPEN_SYNACK_ONLY] = { { "only a SYN ACK", "只有 SYN ACK" } },
	[TCP_OPEN_NO_SYN] = { { "handshake without its SYN", "握手缺 SYN" } },
	[TCP_OPEN_MIDSTREAM] = { { "before the capture", "在抓包之前" } },
	[TCP_OPEN_ODD] = { { "oddly", "不常见" } },
};

static const struct both closed[] = {
	[TCP_CLOSE_FIN4] = { { "FIN, ACK, FIN, ACK", "FIN、ACK、FIN、ACK" } },
	[TCP_CLOSE_FIN3] = { { "FIN, FIN ACK, ACK", "FIN、FIN+ACK、ACK" } },
	[TCP_CLOSE_HALF] = { { "one half first", "先半关闭" } },
	[TCP_CLOSE_SIMULTANEOUS] = { { "both at once", "双方同时" } },
	[TCP_CLOSE_ONE_FIN] = { { "one half only", "只关闭一半" } },
	[TCP_CLOSE_FIN_RST] = { { "FIN, then RST", "先 FIN，后 RST" } },
	[TCP_CLOSE_RST_THEN_FIN] = { { "RST, then FIN", "先 RST，后 FIN" } },
	[TCP_CLOSE_RST] = { { "RST", "RST" } },
	[TCP_CLOSE_REFUSED] = { { "refused", "被拒绝" } },
	[TCP_CLOSE_NONE] = { { "not seen", "没有见到" } },
};

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
	"flex-basis:100%}\n";

/* Of a cell in such a row. */
static const struct { const char *table; unsigned nth; struct both name; } cell_names[] = {
	{ "list", 3, { { "to ", "到 " } } }, { "list", 4, { { "opened: ", "打开：" } } },
	{ "list", 5, { { "bytes there: ", "发往对方的字节：" } } },
	{ "list", 6, { { "back: ", "返回的：" } } }, { "list", 7, { { "closed: ", "关闭：" } } },
	{ "list", 8, { { "trouble: ", "问题：" } } }, { "rows", 5, { { "seq ", "seq " } } },
	{ "rows", 6, { { "ack ", "ack " } } }, { "rows", 7, { { "length ", "长度 " } } },
};

static const char style_after_names[] =
	"\n"
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

static void put_style(const struct draw_out *out)
{
	draw_put(out, style);
	for (size_t i = 0; i < sizeof(cell_names) / sizeof(cell_names[0]); i++) {
		draw_put(out, ".");
		draw_put(out, cell_names[i].table);
		draw_put(out, " td:nth-child(");
		draw_number(out, cell_names[i].nth);
		draw_put(out, ")::before{content:\"");
		draw_put(out, in_lang(&cell_names[i].name, out->lang));
		draw_put(out, "\"}");
	}
	draw_put(out, style_after_names);
	/* A Chinese word may be broken anywhere, and in a narrow cell it would be. */
	draw_say(out, "", ".list{word-break:keep-all}\n");
	draw_put(out, draw_svg_style);
}

/* ---- cells ------------------------------------------------------------------------------ */

static void number_cell(const struct draw_out *out, uint64_t n)
{
	draw_put(out, "<td>");
	draw_grouped(out, n);
	draw_put(out, "</td>");
}

static void text_cell(const struct draw_out *out, const struct both *text)
{
	draw_put(out, "<td>");
	draw_put(out, in_lang(text, out->lang));
	draw_put(out, "</td>");
}

static void endpoint_cell(const struct draw_out *out, const struct tcp_story *s, unsigned side)
{
	draw_put(out, "<td><code>");
	draw_endpoint(out, s, side);
	draw_put(out, "</code></td>");
}

/* Where a table is wider than the window it is moved, not the page; by keyboard, too. */
static void begin_wide(const struct draw_out *out, const char *en, const char *zh)
{
	draw_put(out, "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"");
	draw_say(out, en, zh);
	draw_put(out, "\">\n");
}

static void column(const struct draw_out *out, const char *en, const char *zh)
{
	draw_put(out, "<th scope=\"col\">");
	draw_say(out, en, zh);
	draw_put(out, "</th>");
}

/* ---- the list of connections ------------------------------------------------------------ */

static void put_trouble(const struct draw_out *out, enum tcp_trouble k, uint64_t n)
{
	char words[128];
	struct txt t = txt_over(words, sizeof(words));

	if (out->lang == LANG_EN) {
		txt_grouped(&t, n);
		txt_char(&t, ' ');
	}
	tcp_words_trouble(&t, k, out->lang);
	if (out->lang == LANG_ZH) {
		txt_char(&t, ' ');
		txt_grouped(&t, n);
		txt_str(&t, " 次");
	}
	draw_text(out, words, t.len);
}

static void trouble_cell(const struct draw_out *out, const struct tcp_story *s)
{
	bool any = false;

	draw_put(out, "<td>");
	for (unsigned i = 0; i < TCP_T_COUNT; i++) {
		uint64_t n = s->side[0].trouble[i] + s->side[1].trouble[i];
		if (n == 0)
			continue;
		if (any)
			draw_say(out, ", ", "，");
		put_trouble(out, (enum tcp_trouble)i, n);
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
	text_cell(out, &opened[s->open]);
	number_cell(out, s->side[left].payload);
	number_cell(out, s->side[!left].payload);
	text_cell(out, &closed[s->close]);
	trouble_cell(out, s);
	draw_put(out, "</tr>\n");
}

static void list(const struct draw_out *out, const struct tcp_story *story, size_t n)
{
	begin_wide(out, "TCP connections", "TCP 连接");
	draw_put(out, "<table class=\"list\">\n<caption>");
	draw_grouped(out, n);
	draw_say(out, n == 1 ? " TCP connection" : " TCP connections", " 个 TCP 连接");
	draw_say(out, "; bytes are those of the application, sent again or not",
		 "；字节是应用数据的字节，重传的也算在内");
	draw_put(out, "</caption>\n<thead><tr>");
	column(out, "no.", "编号");
	column(out, "from", "从");
	column(out, "to", "到");
	column(out, "opened", "打开");
	column(out, "bytes there", "发往对方的字节");
	column(out, "bytes back", "返回的字节");
	column(out, "closed", "关闭");
	column(out, "trouble", "问题");
	draw_put(out, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < n; i++)
		list_row(out, &story[i]);
	draw_put(out, "</tbody>\n</table>\n</div>\n");
}

void draw_page_begin(const struct draw_out *out, const char *file, const struct tcp_story *story,
		     size_t n)
{
	/* Nothing is loaded and nothing runs; a browser is told to see to that as well. */
	draw_say(out, "<!DOCTYPE html>\n<html lang=\"en\">\n", "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n");
	draw_put(out, "<head>\n<meta charset=\"utf-8\"/>\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		      "<meta http-equiv=\"Content-Security-Policy\" "
		      "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n<title>");
	draw_text(out, file, strlen(file));
	draw_say(out, ": TCP connections", "：TCP 连接");
	draw_put(out, "</title>\n<style>\n");
	put_style(out);
	draw_put(out, "</style>\n</head>\n<body>\n<main>\n<h1>");
	draw_say(out, "TCP connections in ", "TCP 连接：");
	draw_put(out, "<code>");
	draw_text(out, file, strlen(file));
	draw_put(out, "</code></h1>\n");
	if (n > 0)
		list(out, story, n);
	else
		draw_say(out, "<p>There are none.</p>\n", "<p>一个也没有。</p>\n");
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
	draw_say(s->out, "\">Connection ", "\">连接 ");
	draw_number(s->out, s->c->story->stream);
	draw_say(s->out, ": ", "：");
	for (unsigned i = 0; i < 2; i++) {
		unsigned side = i ? !s->left : s->left;
		if (i)
			draw_say(s->out, " and ", " 与");
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
	const struct draw_out *out = s->out;

	draw_put(out, "<table class=\"rows\">\n<caption>");
	draw_say(out, "The same, in a table. seq and ack count from each side's first number; "
		      "states are those after the segment, ? where nothing tells",
		 "同样的内容，列成表格。seq 和 ack 从各方的初始序号数起；"
		 "状态是这个报文段之后的状态，无从得知的写作 ?");
	draw_put(out, "</caption>\n<thead><tr>");
	column(out, "frame", "帧");
	column(out, "seconds", "秒");
	column(out, "from", "来自");
	column(out, "flags", "标志");
	column(out, "seq", "seq");
	column(out, "ack", "ack");
	column(out, "length", "长度");
	for (unsigned i = 0; i < 2; i++) {
		draw_put(out, "<th scope=\"col\">");
		draw_put(out, s->who.side[i ? !s->left : s->left]);
		draw_say(out, " after</th>", "状态</th>");
	}
	column(out, "what and why", "做什么，为什么");
	draw_put(out, "</tr></thead>\n<tbody>\n");
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
	if (m->why == TCP_WHY_ICMP)
		draw_say(s->out, "the way", "途中");
	else
		draw_put(s->out, s->who.side[m->from]);
	draw_put(s->out, "</td><td class=\"");
	draw_put(s->out, draw_kind(m));
	draw_put(s->out, "\">");
	tcp_words_flags(&t, m->flags);
	draw_text(s->out, words, t.len);
	if (m->lost)
		draw_say(s->out, " (lost)", "（丢失）");
	draw_put(s->out, "</td>");
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
	if (both)
		draw_say(s->out, "both", "双方");
	else
		draw_put(s->out, s->who.side[row->segments[1] > 0]);
	draw_put(s->out, "</td><td>-</td><td>-</td><td>-</td>");
	number_cell(s->out, row->bytes[0] + row->bytes[1]);
	states(s, last);
	draw_put(s->out, "<td>");
	draw_run_words(&t, s->c, row, &s->who);
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
	struct section s = { out, c, tcp_names_of(c->story->initiator, out->lang), draw_left(c->story) };

	heading(&s);
	story(&s);
	begin_wide(out, "Ladder", "时序图");
	draw_svg_inline(out, c);
	draw_put(out, "</div>\n");
	if (c->n_rows > 0) {
		begin_wide(out, "Segments", "报文段");
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
