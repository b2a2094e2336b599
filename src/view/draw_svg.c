/*
 * A connection drawn: two life lines, time going down, an arrow a segment.
 *
 *	frame  time      state |band|  label on the arrow  |band| state    remark
 *	                       |    |--------------------->|    |
 *
 * How high a row is depends on how many lines its words take, and an SVG begins with its
 * height.  Nothing is kept: each pass over the rows (height, bands, rows) places them anew.
 */
#include "draw_impl.h"
#include "wirelab/width.h"

/* ---- where things are, in pixels -------------------------------------------------------- */

#define WIDTH "1040"
enum {
	FRAME_END = 46, TIME_END = 116,		/* right edges */
	STATE_LEFT_END = 214, BAND_LEFT = 220,
	BAND_WIDTH = 12,
	BAND_RIGHT = 588, STATE_RIGHT = 608,
	TIP_LEFT = 234, TIP_RIGHT = 586,	/* between which arrows go */
	MIDDLE = 410,
	REMARK = 716,

	HEAD = 52,				/* names and addresses; then the life lines begin */
	LEAD = 26,				/* of a life line before the first and after the last row */
	LEGEND = 40,
	LINE = 15,				/* of text */
	SLANT = 12,				/* an arrow goes down on its way: time passes */
	CROSS = 5,				/* more room above an arrow that is crossed out */
	PAUSE = 34,
	REMIND = 640,				/* a state's name is repeated after so much */
};

/* In a page the sentences stand in the table as well.  Where there are many, a quarter of
 * the page would be the second copy. */
#define HINTED_ROWS 100u

/* In columns; what fits in these fonts with some to spare. */
#define LABEL_COLUMNS 46u
#define REMARK_COLUMNS 48u

/*
 * Colours are written out for both themes, not kept in variables: programs that turn SVG
 * into paper know style sheets, but var() not yet.  Dark is for screens only.
 */
const char draw_svg_style[] =
	".w{background:#fff;color:#1b2330;font:13px system-ui,-apple-system,\"Segoe UI\",Roboto,"
	"\"Noto Sans\",\"DejaVu Sans\",sans-serif}\n"
	".p{fill:#fff}\n"
	".w text{fill:currentColor}\n"
	".w path{stroke:currentColor;fill:currentColor;stroke-width:1.6}\n"
	".w .k,.w .b{font:12px ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\","
	"\"Liberation Mono\",monospace;text-anchor:middle}\n"
	".w .b{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}\n"
	".w .h{font-weight:700;font-size:15px;text-anchor:middle}\n"
	".w .n,.w .e{text-anchor:end;font-size:12px;font-variant-numeric:tabular-nums}\n"
	".w .z{font-size:11px;letter-spacing:.3px}\n"
	".w .e,.w .z{fill:#1b2330}\n"
	".w .y{text-anchor:end}\n"
	".w .g{font-size:12px}\n"
	".w .v{font-size:12px;font-style:italic;text-anchor:middle}\n"
	".w .n,.w .g,.w .v{fill:#566070}\n"
	".w .j{font-weight:700;fill:#b3201a}\n"
	".o{color:#0f6b39}.c{color:#7230ab}.d{color:#1457ad}.a{color:#566070}"
	".t,.r,.i{color:#b3201a}\n"
	".w .t path{stroke-dasharray:7 4}\n"
	".w .r path{stroke-width:3}\n"
	".w .i path{stroke-dasharray:2 3}\n"
	".w .f path{stroke-width:4;stroke-dasharray:1 7;stroke-linecap:round}\n"
	".w path.l{stroke-dasharray:none;stroke-width:1.6}\n"
	".w path.x{stroke-dasharray:none;stroke-width:2.4;fill:none}\n"
	".w path.u{stroke:#566070;stroke-dasharray:2 4;fill:none}\n"
	/* Its two long edges only. */
	".w path.q{stroke:#566070;stroke-width:1;stroke-dasharray:23.4 8;fill:#fff}\n"
	".s1,.s2{fill:#b57f17}.s3{fill:#3f9566}.s4,.s5,.s6{fill:#a678d8}.s7,.s8{fill:#c06a9f}"
	".s9{fill:#7f86bd}.s10{fill:#8d949f}\n"
	"@media screen and (prefers-color-scheme:dark){\n"
	".w{background:#14181f;color:#e4e8ee}\n"
	".p,.w path.q{fill:#14181f}\n"
	".w .b{stroke:#14181f}\n"
	".w .e,.w .z{fill:#e4e8ee}\n"
	".w .n,.w .g,.w .v{fill:#a4aebb}\n"
	".o{color:#62d391}.c{color:#cba3f7}.d{color:#84b9ff}.a{color:#a4aebb}"
	".t,.r,.i{color:#ff948a}\n"
	".w .j{fill:#ff948a}\n"
	".w path.u,.w path.q{stroke:#a4aebb}\n"
	".s1,.s2{fill:#b98322}.s3{fill:#3d9367}.s4,.s5,.s6{fill:#9068bd}.s7,.s8{fill:#a35d89}"
	".s9{fill:#747bb8}.s10{fill:#6f7988}\n"
	"}\n";

static void put_point(const struct draw_out *out, const char *command, uint64_t x, uint64_t y)
{
	draw_put(out, command);
	draw_number(out, x);
	draw_put(out, " ");
	draw_number(out, y);
}

/* ---- lines of words --------------------------------------------------------------------- */

/* SVG 1.1 breaks no lines, so it is done by hand.  How many bytes of s the next line has; a
 * word that is longer than a line stands on one by itself. */
static size_t line_of(const char *s, size_t columns)
{
	size_t len = strlen(s), line = txt_line(s, len, columns);

	while (line == 0 && len > 0)
		line = txt_line(s, len, ++columns);
	return line;
}

static const char *line_after(const char *s, size_t len)
{
	s += len;
	while (*s == ' ')
		s++;
	return s;
}

static unsigned lines_of(const char *s, size_t columns)
{
	unsigned n = 0;

	while (*s) {
		s = line_after(s, line_of(s, columns));
		n++;
	}
	return n;
}

/* The blank before each further line is for those who copy the text. */
static void put_lines(const struct draw_out *out, const char *s, size_t columns, uint64_t x)
{
	for (bool further = false; *s; further = true) {
		size_t len = line_of(s, columns);

		if (further) {
			draw_put(out, " <tspan");
			draw_attribute(out, "x", x);
			draw_attribute(out, "dy", LINE);
			draw_put(out, ">");
		}
		draw_text(out, s, len);
		if (further)
			draw_put(out, "</tspan>");
		s = line_after(s, len);
	}
}

/* ---- where a row stands ----------------------------------------------------------------- */

struct sketch {
	const struct draw_out *out;
	const struct draw_connection *c;
	struct tcp_names who;
	unsigned left;			/* side whose life line is at the left */
	bool hints;			/* sentences that show when an arrow is pointed at */
};

/* All but top within the row. */
struct place {
	const struct ladder_row *row;
	const struct tcp_moment *first, *last;
	uint64_t pause_ns;		/* that is marked above it; 0: none */
	uint64_t top;
	unsigned arrow;			/* where the (first) arrow begins */
	unsigned remark_at;		/* baseline of its first line */
	unsigned height;
	char label[TCP_WORDS_MAX];	/* on the arrow; not of a folded row */
	char remark[TCP_WORDS_MAX];
};

/*
 * Which silence is long is a matter of taste: many round trips, and what a person or a timer,
 * not the path, must have caused.
 */
static uint64_t long_pause(const struct tcp_story *s)
{
	const uint64_t least = 20 * MSEC_NS;

	if (!s->has_rtt)
		return 100 * MSEC_NS;
	return s->rtt_ns > least / 3 ? 3 * s->rtt_ns : least;
}

static uint64_t pause_before(const struct sketch *k, const struct ladder_row *row)
{
	if (row->first == 0)
		return 0;
	const struct tcp_moment *m = &k->c->moment[row->first];
	uint64_t ns = instant_since(m[-1].when, m->when);
	return ns >= long_pause(k->c->story) ? ns : 0;
}

static void place_row(const struct sketch *k, size_t i, uint64_t top, struct place *p)
{
	const struct ladder_row *row = &k->c->row[i];
	struct txt label = txt_over(p->label, sizeof(p->label));
	struct txt remark = txt_over(p->remark, sizeof(p->remark));
	unsigned arrows = 1;

	p->row = row;
	p->first = &k->c->moment[row->first];
	p->last = &k->c->moment[row->first + row->n - 1];
	p->pause_ns = pause_before(k, row);
	p->top = top;
	if (row->n > 1) {
		draw_run_words(&remark, k->c, row, &k->who);
		arrows = row->segments[0] && row->segments[1] ? 2 : 1;
	} else {
		tcp_words_arrow(&label, p->first);
		tcp_words_short(&remark, p->first, k->who.lang);
	}
	unsigned label_lines = row->n > 1 ? 1 : lines_of(p->label, LABEL_COLUMNS);
	unsigned remark_lines = lines_of(p->remark, REMARK_COLUMNS);
	p->arrow = (p->pause_ns ? PAUSE : 0) + LINE * label_lines + 2 + (p->first->lost ? CROSS : 0);
	p->height = p->arrow + SLANT + 8;
	if (arrows > 1)
		p->height += LINE + SLANT + 8;
	/* In the middle beside the arrow, as far as there is room above. */
	p->remark_at = p->arrow + SLANT;
	if (remark_lines > 1 && arrows == 1)
		p->remark_at -= remark_lines == 2 ? LINE / 2 : LINE - 1;
	unsigned below = p->remark_at + LINE * (remark_lines ? remark_lines - 1 : 0) + 9;
	if (below > p->height)
		p->height = below;
}

/* Where side learns of what the row's last segment did. */
static uint64_t changes_at(const struct place *p, unsigned side)
{
	return p->top + p->arrow + (p->last->from == side ? 0 : SLANT);
}

static uint64_t life_ends(const struct sketch *k)
{
	uint64_t y = HEAD + LEAD;

	for (size_t i = 0; i < k->c->n_rows; i++) {
		struct place p;
		place_row(k, i, y, &p);
		y += p.height;
	}
	return y + LEAD;
}

/* ---- life lines ------------------------------------------------------------------------- */

static void put_band(const struct sketch *k, unsigned side, unsigned state, uint64_t from,
		     uint64_t to)
{
	unsigned x = side == k->left ? BAND_LEFT : BAND_RIGHT;

	if (to <= from + 2)
		return;
	if (state == TCP_S_UNSEEN) {
		put_point(k->out, "<path class=\"u\" d=\"M", x + BAND_WIDTH / 2, from);
		draw_put(k->out, "V");
		draw_number(k->out, to);
		draw_put(k->out, "\"/>\n");
		return;
	}
	draw_put(k->out, "<rect class=\"s");
	draw_number(k->out, state);
	draw_put(k->out, "\"");
	draw_attribute(k->out, "x", x);
	draw_attribute(k->out, "y", from);
	draw_attribute(k->out, "width", BAND_WIDTH);
	/* A gap between two states, whatever their colours. */
	draw_attribute(k->out, "height", to - from - 2);
	draw_put(k->out, " rx=\"2\"/>\n");
}

/* Below all else: one piece a state. */
static void put_life(const struct sketch *k, unsigned side, uint64_t end)
{
	uint64_t y = HEAD + LEAD, since = HEAD;

	if (k->c->n_rows == 0)
		return;
	unsigned state = k->c->moment[k->c->row[0].first].before[side];
	for (size_t i = 0; i < k->c->n_rows; i++) {
		struct place p;
		place_row(k, i, y, &p);
		y += p.height;
		if (p.last->after[side] == state)
			continue;
		put_band(k, side, state, since, changes_at(&p, side));
		since = changes_at(&p, side);
		state = p.last->after[side];
	}
	put_band(k, side, state, since, end);
}

/* A state's name beside its life line.  again: for those whose screen shows only a part. */
static void put_state(const struct sketch *k, unsigned side, unsigned state, uint64_t y, bool again)
{
	bool left = side == k->left;

	draw_put(k->out, left ? "<text class=\"z y" : "<text class=\"z");
	draw_put(k->out, again ? " g\" aria-hidden=\"true\"" : "\"");
	draw_attribute(k->out, "x", left ? STATE_LEFT_END : STATE_RIGHT);
	draw_attribute(k->out, "y", y);
	draw_put(k->out, ">");
	draw_put(k->out, tcp_state_name((enum tcp_state)state));
	draw_put(k->out, "</text>");
}

/* What is written at a life line so far. */
struct shown {
	unsigned state;
	uint64_t y;
};

static void put_states(const struct sketch *k, const struct place *p, struct shown shown[2])
{
	for (unsigned side = 0; side < 2; side++) {
		unsigned state = p->last->after[side];
		uint64_t y = changes_at(p, side) + 4;
		bool again = state == shown[side].state;

		if (again && (y - shown[side].y < REMIND || state == TCP_S_UNSEEN))
			continue;
		shown[side] = (struct shown){ state, y };
		put_state(k, side, state, y - p->top, again);
	}
}

static void put_first_states(const struct sketch *k, struct shown shown[2])
{
	const struct tcp_moment *m = &k->c->moment[k->c->row[0].first];

	for (unsigned side = 0; side < 2; side++) {
		shown[side] = (struct shown){ m->before[side], HEAD + 12 };
		if (m->before[side] != TCP_S_UNSEEN)
			put_state(k, side, m->before[side], HEAD + 12, false);
	}
	draw_put(k->out, "\n");
}

/* ---- arrows ----------------------------------------------------------------------------- */

/* Line and head are one path, for a marker would need a name that no other of the page has;
 * two, where the line is not drawn through. */
static void put_arrow(const struct draw_out *out, unsigned from_x, bool to_right, unsigned y,
		      bool dashed)
{
	unsigned tip = to_right ? TIP_RIGHT : TIP_LEFT;

	put_point(out, "<path d=\"M", from_x, from_x == MIDDLE ? y + SLANT / 2 : y);
	put_point(out, "L", tip, y + SLANT);
	if (dashed)
		put_point(out, "\"/><path class=\"l\" d=\"M", tip, y + SLANT);
	draw_put(out, to_right ? "m-10-5l10 5-10 4z\"/>" : "m10-5l-10 5 10 4z\"/>");
}

/* One that was sent again ends on the way. */
static void put_broken(const struct draw_out *out, bool to_right, unsigned y)
{
	put_point(out, "<path d=\"M", to_right ? TIP_LEFT : TIP_RIGHT, y);
	put_point(out, "L", MIDDLE, y + SLANT / 2);
	put_point(out, "\"/><path class=\"x\" d=\"M", MIDDLE - 6, y);
	draw_put(out, "l12 12m0-12l-12 12\"/>");
}

static void put_label(const struct draw_out *out, unsigned y, const char *label)
{
	draw_put(out, "<text class=\"b\"");
	draw_attribute(out, "x", MIDDLE);
	draw_attribute(out, "y", y);
	draw_put(out, ">");
	put_lines(out, label, LABEL_COLUMNS, MIDDLE);
	draw_put(out, "</text>");
}

static void put_segment(const struct sketch *k, const struct place *p)
{
	const struct tcp_moment *m = p->first;
	bool to_right = m->from == k->left;
	unsigned from_x = to_right ? TIP_LEFT : TIP_RIGHT;

	if (m->why == TCP_WHY_ICMP)
		from_x = MIDDLE;	/* from wherever on the way */
	if (m->lost)
		put_broken(k->out, to_right, p->arrow);
	else
		put_arrow(k->out, from_x, to_right, p->arrow, draw_is_dashed(m));
	/* Its last line stands on the arrow. */
	unsigned lines = lines_of(p->label, LABEL_COLUMNS);
	if (lines)
		put_label(k->out, p->arrow - (m->lost ? 3 + CROSS : 3) - LINE * (lines - 1), p->label);
}

/* Of a long run an arrow for each side that sent. */
static void put_run(const struct sketch *k, const struct place *p)
{
	unsigned y = p->arrow, first = p->first->from;

	for (unsigned i = 0; i < 2; i++) {
		unsigned side = i ? !first : first;
		char buf[96];
		struct txt t = txt_over(buf, sizeof(buf));

		if (p->row->segments[side] == 0)
			continue;
		txt_str(&t, "\xe2\x80\xa6 ");
		draw_run(&t, p->row, side, k->who.lang);
		txt_str(&t, " \xe2\x80\xa6");
		put_arrow(k->out, side == k->left ? TIP_LEFT : TIP_RIGHT, side == k->left, y, true);
		put_label(k->out, y - 3, buf);
		y += LINE + SLANT + 8;
	}
}

/* ---- what stands beside ----------------------------------------------------------------- */

static void put_when(const struct sketch *k, const struct place *p)
{
	draw_put(k->out, "<text class=\"n\"");
	draw_attribute(k->out, "x", FRAME_END);
	draw_attribute(k->out, "y", p->arrow + 4);
	draw_put(k->out, ">");
	draw_number(k->out, p->first->frame);
	/* The last of a run stands below: both would not fit beside the time. */
	if (p->row->n > 1) {
		draw_put(k->out, " <tspan");
		draw_attribute(k->out, "x", FRAME_END);
		draw_attribute(k->out, "dy", LINE);
		draw_put(k->out, ">\xe2\x80\x93");
		draw_number(k->out, p->last->frame);
		draw_put(k->out, "</tspan>");
	}
	draw_put(k->out, "</text> <text class=\"e\"");
	draw_attribute(k->out, "x", TIME_END);
	draw_attribute(k->out, "y", p->arrow + 4);
	draw_put(k->out, ">");
	draw_seconds(k->out, draw_since(k->c->story, p->first));
	draw_put(k->out, "</text> ");
}

static void put_remark(const struct sketch *k, const struct place *p)
{
	bool mark = p->row->n == 1 && draw_is_marked(p->first);

	if (!p->remark[0] && !mark)
		return;
	draw_put(k->out, " <text");
	draw_attribute(k->out, "x", REMARK);
	draw_attribute(k->out, "y", p->remark_at);
	draw_put(k->out, mark ? "><tspan class=\"j\">! </tspan>" : ">");
	put_lines(k->out, p->remark, REMARK_COLUMNS, REMARK);
	draw_put(k->out, "</text>");
}

/* The life lines are broken, as axes are where they leave out something. */
static void put_pause(const struct sketch *k, const struct place *p)
{
	static const unsigned band[] = { BAND_LEFT, BAND_RIGHT };

	for (unsigned i = 0; i < 2; i++) {
		put_point(k->out, "<path class=\"q\" d=\"M", band[i] - 5, 16);
		draw_put(k->out, "l22-8v8l-22 8z\"/>");
	}
	draw_put(k->out, "<text class=\"v\"");
	draw_attribute(k->out, "x", MIDDLE);
	draw_attribute(k->out, "y", 20);
	draw_say(k->out, ">nothing for ", ">静默 ");
	draw_duration(k->out, p->pause_ns);
	draw_put(k->out, "</text> ");
}

static void put_hint(const struct sketch *k, const struct place *p)
{
	char words[TCP_WORDS_MAX];
	struct txt t = txt_over(words, sizeof(words));

	if (!k->hints || p->row->n > 1)
		return;
	tcp_words_long(&t, p->first, &k->who);
	if (t.len == 0)
		return;
	draw_put(k->out, "<title>");
	draw_text(k->out, words, t.len);
	draw_put(k->out, "</title>");
}

static void put_row(const struct sketch *k, const struct place *p, struct shown shown[2])
{
	draw_put(k->out, "<g class=\"");
	draw_put(k->out, p->row->n == 1 ? draw_kind(p->first)
					: p->row->bytes[0] + p->row->bytes[1] ? "d f" : "a f");
	draw_put(k->out, "\" transform=\"translate(0 ");
	draw_number(k->out, p->top);
	draw_put(k->out, ")\">");
	put_hint(k, p);
	if (p->pause_ns)
		put_pause(k, p);
	put_when(k, p);
	if (p->row->n > 1)
		put_run(k, p);
	else
		put_segment(k, p);
	put_states(k, p, shown);
	put_remark(k, p);
	draw_put(k->out, "</g>\n");
}

static void put_rows(const struct sketch *k)
{
	struct shown shown[2];
	uint64_t y = HEAD + LEAD;

	if (k->c->n_rows == 0) {
		draw_put(k->out, "<text class=\"v\"");
		draw_attribute(k->out, "x", MIDDLE);
		draw_attribute(k->out, "y", y);
		draw_say(k->out, ">none of its segments were kept</text>\n",
			 ">它的报文段一个也没有留下</text>\n");
		return;
	}
	put_first_states(k, shown);
	for (size_t i = 0; i < k->c->n_rows; i++) {
		struct place p;
		place_row(k, i, y, &p);
		put_row(k, &p, shown);
		y += p.height;
	}
}

/* ---- around it -------------------------------------------------------------------------- */

static void put_name(const struct sketch *k, unsigned side)
{
	unsigned x = (side == k->left ? BAND_LEFT : BAND_RIGHT) + BAND_WIDTH / 2;

	draw_put(k->out, "<text class=\"h\"");
	draw_attribute(k->out, "x", x);
	draw_put(k->out, " y=\"22\">");
	draw_put(k->out, k->who.side[side]);
	draw_put(k->out, "</text> <text class=\"k\"");
	draw_attribute(k->out, "x", x);
	draw_put(k->out, " y=\"41\">");
	draw_endpoint(k->out, k->c->story, side);
	draw_put(k->out, "</text>\n");
}

static void put_head(const struct sketch *k)
{
	draw_put(k->out, "<text class=\"n\" x=\"46\" y=\"22\">");
	draw_say(k->out, "frame", "帧");
	draw_put(k->out, "</text> <text class=\"n\" x=\"116\" y=\"22\">");
	draw_say(k->out, "seconds", "秒");
	draw_put(k->out, "</text>\n");
	put_name(k, k->left);
	put_name(k, !k->left);
	draw_put(k->out, "<text class=\"g\" x=\"716\" y=\"22\">");
	draw_say(k->out, "what and why", "做什么，为什么");
	draw_put(k->out, "</text>\n");
}

static void put_legend(const struct sketch *k, uint64_t y)
{
	static const struct { const char *kind, *en, *zh; unsigned x; } samples[] = {
		{ "o", "opening", "建立连接", 60 }, { "d", "data", "数据", 180 },
		{ "a", "acknowledging", "确认", 282 }, { "c", "closing", "关闭连接", 442 },
		{ "r", "reset", "复位", 560 }, { "t", "! trouble", "! 有问题", 666 },
		{ "t", "lost: it was sent again", "丢失：后来重传", 788 },
	};
	const size_t n = sizeof(samples) / sizeof(samples[0]);

	for (size_t i = 0; i < n; i++) {
		bool lost = i == n - 1;
		draw_put(k->out, "<g class=\"");
		draw_put(k->out, samples[i].kind);
		draw_put(k->out, "\" transform=\"translate(");
		draw_number(k->out, samples[i].x);
		draw_put(k->out, " ");
		draw_number(k->out, y);
		draw_put(k->out, lost ? ")\"><path d=\"M0 0h25\"/><path class=\"x\" d=\"M20-5l10 10m0-10"
					"l-10 10\"/>"
				      : ")\"><path d=\"M0 0h28\"/><path class=\"l\" d=\"M34 0l-10-5v10z\"/>");
		draw_put(k->out, "<text x=\"42\" y=\"4\">");
		draw_say(k->out, samples[i].en, samples[i].zh);
		draw_put(k->out, "</text></g>\n");
	}
}

static void put_title(const struct sketch *k)
{
	draw_say(k->out, "<title>TCP connection ", "<title>TCP 连接 ");
	draw_number(k->out, k->c->story->stream);
	draw_say(k->out, ": ", "：");
	draw_endpoint(k->out, k->c->story, k->left);
	draw_say(k->out, " and ", " 与 ");
	draw_endpoint(k->out, k->c->story, !k->left);
	draw_put(k->out, "</title>\n<desc>");
	draw_say(k->out, "A ladder: time goes down, the life line of ",
		 "时序图：时间自上而下，左边是");
	draw_put(k->out, k->who.side[k->left]);
	draw_say(k->out, " is at the left and that of ", "的生命线，右边是");
	draw_put(k->out, k->who.side[!k->left]);
	draw_say(k->out, " at the right, each with its TCP states; an arrow from one to the other "
			 "is a segment.",
		 "的生命线，旁边标有各自的 TCP 状态；从一条到另一条的箭头是一个报文段。");
	draw_put(k->out, "</desc>\n");
}

static void put_drawing(const struct sketch *k, uint64_t life, uint64_t height)
{
	put_head(k);
	put_life(k, k->left, life);
	put_life(k, !k->left, life);
	put_rows(k);
	put_legend(k, height - LEGEND / 2);
}

static struct sketch sketch_of(const struct draw_out *out, const struct draw_connection *c)
{
	return (struct sketch){ .out = out, .c = c, .left = draw_left(c->story), .hints = true,
				.who = tcp_names_of(c->story->initiator, out->lang) };
}

static void put_size(const struct draw_out *out, uint64_t height)
{
	draw_put(out, " width=\"" WIDTH "\"");
	draw_attribute(out, "height", height);
	draw_put(out, " viewBox=\"0 0 " WIDTH " ");
	draw_number(out, height);
	draw_put(out, "\">\n");
}

void draw_svg_inline(const struct draw_out *out, const struct draw_connection *c)
{
	struct sketch k = sketch_of(out, c);
	uint64_t life = life_ends(&k), height = life + LEGEND;

	k.hints = c->n_rows <= HINTED_ROWS;
	/* What it shows stands in the table below it, too, and there is read better. */
	draw_put(out, "<svg class=\"w\" role=\"img\"");
	put_size(out, height);
	put_title(&k);
	put_drawing(&k, life, height);
	draw_put(out, "</svg>\n");
}

void draw_svg(const struct draw_out *out, const struct draw_connection *c)
{
	struct sketch k = sketch_of(out, c);
	uint64_t life = life_ends(&k), height = life + LEGEND;

	/* Here there is no table, so its text must be read: whoever knows "graphics-document"
	 * (WAI-ARIA Graphics Module) does so. */
	draw_put(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"w\" "
		      "role=\"graphics-document img\"");
	draw_say(out, " xml:lang=\"en\"", " xml:lang=\"zh-CN\"");
	put_size(out, height);
	put_title(&k);
	draw_put(out, "<style>\n");
	draw_put(out, draw_svg_style);
	draw_put(out, "</style>\n<rect class=\"p\" width=\"100%\" height=\"100%\"/>\n");
	put_drawing(&k, life, height);
	draw_put(out, "</svg>\n");
}
