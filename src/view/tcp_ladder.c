/* A connection's moments as rows, and the rows as lines of text. */
#include "wirelab/tcp_ladder.h"

#include "wirelab/tcp_view.h"
#include "wirelab/width.h"

/* ---- folding ---------------------------------------------------------------------------- */

static bool changes_state(const struct tcp_moment *m)
{
	return m->before[0] != m->after[0] || m->before[1] != m->after[1];
}

/* Nothing is to be said of it but how much it carries. */
static bool is_plain(const struct tcp_moment *m)
{
	if (m->trouble || m->lost || changes_state(m) ||
	    (m->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_URG)))
		return false;
	switch ((enum tcp_why)m->why) {
	case TCP_WHY_UNKNOWN:
	case TCP_WHY_DATA:
	case TCP_WHY_DATA_CLOCKED:
	case TCP_WHY_DATA_ANSWERS:
	case TCP_WHY_ACKS:
	case TCP_WHY_ACKS_SEVERAL:
		return true;
	default:
		return false;
	}
}

static struct ladder_row row_of(const struct tcp_moment *moment, size_t first, size_t n)
{
	struct ladder_row row = { .first = first, .n = n };

	for (size_t i = first; i < first + n; i++) {
		row.bytes[moment[i].from & 1] += moment[i].payload;
		row.segments[moment[i].from & 1]++;
	}
	return row;
}

size_t ladder_fold(const struct tcp_moment *moment, size_t n, struct ladder_row *row, size_t max)
{
	size_t rows = 0;

	for (size_t at = 0, take; at < n; at += take, rows++) {
		size_t run = 0;
		/* A run is looked at from its third on: its first two have gone before. */
		while (at + run < n && is_plain(&moment[at + run]))
			run++;
		bool deep = at >= 2 && is_plain(&moment[at - 1]) && is_plain(&moment[at - 2]);
		take = deep && run > LADDER_RUN_MIN - 2 ? run - 1 : 1;
		if (rows < max)
			row[rows] = row_of(moment, at, take);
	}
	return rows;
}

/* ---- lines ------------------------------------------------------------------------------ */

enum { FRAME = 5, TIME = 9, STATE = 10, ARROW_MIN = 30, ARROW_MAX = 44 };

const char *ladder_state_name(enum tcp_state s)
{
	static const char *const name[] = {
		"?", "SYN-SENT", "SYN-RCVD", "ESTAB", "FINWAIT-1", "FINWAIT-2", "CLOSING",
		"CLOSE-WAIT", "LAST-ACK", "TIME-WAIT", "CLOSED",
	};

	return name[s];
}

/* Columns in front of the left life line, and of what stands below an arrow. */
static size_t left_width(const struct ladder *l)
{
	return l->frame_width + 1 + TIME + 1 + STATE + 1;
}

static size_t below_width(const struct ladder *l)
{
	return l->frame_width + 2;
}

static size_t digits(uint64_t n)
{
	size_t d = 1;

	for (; n >= 10; n /= 10)
		d++;
	return d;
}

static size_t arrow_width(const struct ladder *l)
{
	size_t room = l->style.columns - left_width(l) - 3, wide = room / 2;

	return wide < ARROW_MIN ? ARROW_MIN : wide > ARROW_MAX ? ARROW_MAX : wide;
}

static size_t margin_width(const struct ladder *l)
{
	return l->style.columns - left_width(l) - arrow_width(l) - 3;
}

static void blanks(struct txt *t, size_t n)
{
	while (n--)
		txt_char(t, ' ');
}

static void right_aligned(struct txt *t, const char *s, size_t width)
{
	size_t taken = txt_width(s, strlen(s));

	blanks(t, taken < width ? width - taken : 0);
	txt_str(t, s);
}

static void number(struct txt *t, uint64_t n, size_t width)
{
	char buf[24];
	struct txt d = txt_over(buf, sizeof(buf));

	txt_u64(&d, n);
	right_aligned(t, buf, width);
}

/* Seconds since the first row: as many decimals as there is room for, at most six. */
static void seconds(struct txt *t, uint64_t ns)
{
	char buf[40];
	struct txt d = txt_over(buf, sizeof(buf));

	txt_seconds(&d, ns);
	size_t point = d.len - 10, keep = point + 7;
	if (keep > TIME)
		keep = point >= TIME - 1 ? point : TIME;
	buf[keep] = '\0';
	right_aligned(t, buf, TIME);
}

enum ink { INK_PLAIN, INK_OPEN, INK_CLOSE, INK_DATA, INK_TROUBLE, INK_DIM };

static void ink(struct txt *t, const struct ladder *l, enum ink which)
{
	static const char *const sgr[] = {
		[INK_PLAIN] = "\033[0m", [INK_OPEN] = "\033[32m", [INK_CLOSE] = "\033[33m",
		[INK_DATA] = "\033[36m", [INK_TROUBLE] = "\033[1;31m", [INK_DIM] = "\033[2m",
	};

	if (l->style.colour)
		txt_str(t, sgr[which]);
}

static enum ink ink_of(const struct tcp_moment *m)
{
	if (m->trouble & ~(1u << TCP_T_WINDOW_UPDATE) || m->lost || m->why == TCP_WHY_ICMP)
		return INK_TROUBLE;
	if (m->flags & TCP_SYN)
		return INK_OPEN;
	if (m->flags & (TCP_FIN | TCP_RST))
		return INK_CLOSE;
	return m->payload ? INK_DATA : INK_PLAIN;
}

struct strokes { const char *life, *dash, *to_right, *to_left, *broken; };

static const struct strokes *strokes(const struct ladder *l)
{
	static const struct strokes ascii = { "|", "-", ">", "<", "X" };
	static const struct strokes unicode = { "\xe2\x94\x82", "\xe2\x94\x80", "\xe2\x96\xb6",
						"\xe2\x97\x80", "\xe2\x95\xb3" };

	return l->style.unicode ? &unicode : &ascii;
}

static void strokes_of(struct txt *t, const char *stroke, size_t n)
{
	while (n--)
		txt_str(t, stroke);
}

/* Cut off the label where `piece` begins, if that makes it fit. */
static void drop(struct txt *t, const char *piece, size_t room)
{
	char *at = t->len > room ? strstr(t->buf, piece) : NULL;

	if (!at)
		return;
	*at = '\0';
	t->len = (size_t)(at - t->buf);
}

/* What fits on an arrow of that width, whole numbers only: the least telling goes first. */
static void label(struct txt *t, const struct tcp_moment *m, size_t room)
{
	tcp_words_arrow(t, m);
	drop(t, " mss ", room);
	drop(t, " ack ", room);
	drop(t, ":", room);
	/* All flags at once, as scanners set them. */
	while (t->len > room) {
		t->len = (size_t)(strrchr(t->buf, ' ') - t->buf);
		t->buf[t->len] = '\0';
	}
}

/*
 *	--- PSH ACK 1:101 ack 1 ---->		from the left
 *	<---- PSH ACK 1:101 ack 1 ---		from the right
 *	--- PSH ACK 1:101 ack 1 --X  		lost
 */
static void arrow(struct txt *t, const struct ladder *l, const struct tcp_moment *m)
{
	const struct strokes *s = strokes(l);
	size_t width = arrow_width(l);
	char buf[160];
	struct txt d = txt_over(buf, sizeof(buf));

	label(&d, m, width - (m->lost ? 8 : 6));
	size_t dashes = width - d.len - 2, near = 2, far = dashes - near;
	size_t gap = m->lost && far > 3 ? 2 : 0;
	if (m->from == l->left) {
		strokes_of(t, s->dash, near);
		txt_char(t, ' ');
		txt_str(t, buf);
		txt_char(t, ' ');
		strokes_of(t, s->dash, far - 1 - gap);
		txt_str(t, m->lost ? s->broken : s->to_right);
		blanks(t, gap);
	} else {
		blanks(t, gap);
		txt_str(t, m->lost ? s->broken : s->to_left);
		strokes_of(t, s->dash, far - 1 - gap);
		txt_char(t, ' ');
		txt_str(t, buf);
		txt_char(t, ' ');
		strokes_of(t, s->dash, near);
	}
}

/* How many bytes of the words at `at` make a line of that width; *next is where the next begins.
 * With no room at all, none. */
static size_t one_line(const char *words, size_t at, size_t width, size_t *next)
{
	size_t len = strlen(words + at), cut = txt_line(words + at, len, width);

	/* One long word; of one column there is no room for every character. */
	if (cut == 0 && width > 0)
		cut = txt_beginning(words + at, len, width > 1 ? width : 2);
	*next = at + cut + (words[at + cut] == ' ');
	return cut;
}

static bool more_words(const struct ladder *l)
{
	return l->words[l->words_at] != '\0';
}

static void wrapped(struct ladder *l, struct txt *t, size_t width)
{
	size_t next, len = one_line(l->words, l->words_at, width, &next);

	for (size_t i = 0; i < len; i++)
		txt_char(t, l->words[l->words_at + i]);
	l->words_at = next;
}

static const struct tcp_moment *moment_of(const struct ladder *l)
{
	return &l->moment[l->row[l->at].first];
}

static const char *new_state(struct ladder *l, const struct tcp_moment *m, unsigned side)
{
	if (l->shown[side] == m->after[side] || m->why == TCP_WHY_ICMP)
		return "";
	l->shown[side] = m->after[side];
	return ladder_state_name((enum tcp_state)m->after[side]);
}

static void begin_words(struct ladder *l, const struct tcp_moment *m)
{
	struct txt w = txt_over(l->words, sizeof(l->words));

	l->words_at = 0;
	txt_str(&w, new_state(l, m, !l->left));
	if (l->style.long_words)
		return;
	char buf[TCP_WORDS_MAX];
	struct txt s = txt_over(buf, sizeof(buf));
	tcp_words_short(&s, m, l->who.lang);
	if (w.len && s.len)
		txt_str(&w, in_lang(&BOTH("; ", "；"), l->style.lang));
	txt_str(&w, buf);
}

/* How much less than `most` there is when `taken` is. */
static size_t rest(size_t most, size_t taken)
{
	return taken < most ? most - taken : 0;
}

/* Where the time is too long, the arrow stands farther right, and there is less room for words. */
static void first_line(struct ladder *l, struct txt *t)
{
	const struct tcp_moment *m = moment_of(l);
	const struct strokes *s = strokes(l);

	number(t, m->frame, l->frame_width);
	txt_char(t, ' ');
	seconds(t, instant_since(l->moment[0].when, m->when));
	txt_char(t, ' ');
	right_aligned(t, new_state(l, m, l->left), STATE);
	txt_char(t, ' ');
	size_t beyond = rest(t->len, left_width(l));
	txt_str(t, s->life);
	ink(t, l, ink_of(m));
	arrow(t, l, m);
	ink(t, l, INK_PLAIN);
	txt_str(t, s->life);
	begin_words(l, m);
	if (more_words(l)) {
		txt_char(t, ' ');
		wrapped(l, t, rest(margin_width(l), beyond));
	}
}

static void next_line(struct ladder *l, struct txt *t)
{
	blanks(t, left_width(l));
	txt_str(t, strokes(l)->life);
	blanks(t, arrow_width(l));
	txt_str(t, strokes(l)->life);
	txt_char(t, ' ');
	wrapped(l, t, margin_width(l));
}

static void line_below(struct ladder *l, struct txt *t)
{
	blanks(t, below_width(l));
	wrapped(l, t, l->style.columns - below_width(l));
}

static void folded(struct ladder *l, struct txt *t)
{
	const struct ladder_row *r = &l->row[l->at];
	char buf[96];
	struct txt d = txt_over(buf, sizeof(buf));
	enum lang lang = l->style.lang;

	txt_str(&d, "... ");
	txt_grouped(&d, r->n);
	txt_str(&d, in_lang(&BOTH(" more, ", " 段，"), lang));
	txt_grouped(&d, r->bytes[0] + r->bytes[1]);
	txt_str(&d, in_lang(&BOTH(" bytes ...", " 字节 ..."), lang));
	blanks(t, left_width(l));
	txt_str(t, strokes(l)->life);
	ink(t, l, INK_DIM);
	size_t width = arrow_width(l), taken = txt_width(d.buf, d.len);
	size_t left = rest(width, taken) / 2;
	blanks(t, left);
	txt_str(t, buf);
	ink(t, l, INK_PLAIN);
	if (taken < width) {
		blanks(t, width - taken - left);
		txt_str(t, strokes(l)->life);
	}
}

/* ---- the head --------------------------------------------------------------------------- */

static void head(struct txt *t, const struct ladder *l, unsigned side)
{
	txt_str(t, l->who.side[side]);
	txt_char(t, ' ');
	tcp_view_endpoint(t, l->story->family, l->story->addr[side], l->story->port[side]);
}

static void columns_named(struct ladder *l, struct txt *t)
{
	right_aligned(t, in_lang(&BOTH("frame", "帧"), l->style.lang), l->frame_width);
	txt_char(t, ' ');
	right_aligned(t, in_lang(&BOTH("seconds", "秒"), l->style.lang), TIME);
	txt_pad(t, left_width(l));
	txt_str(t, l->who.side[l->left]);
	txt_pad(t, left_width(l) + 1 + arrow_width(l));
	txt_str(t, l->who.side[!l->left]);
}

void ladder_begin(struct ladder *l, const struct tcp_story *story, const struct tcp_moment *moment,
		  const struct ladder_row *row, size_t n_rows, struct ladder_style style)
{
	*l = (struct ladder){ .story = story, .moment = moment, .row = row, .n_rows = n_rows,
			      .style = style, .who = tcp_names_of(story->initiator, style.lang),
			      .left = story->initiator == 1 };
	const struct ladder_row *last = n_rows ? &row[n_rows - 1] : NULL;
	size_t longest = last ? digits(moment[last->first + last->n - 1].frame) : 0;
	l->frame_width = longest > FRAME ? (unsigned)longest : FRAME;
	if (l->style.columns < LADDER_COLUMNS_MIN)
		l->style.columns = LADDER_COLUMNS_MIN;
	struct txt w = txt_over(l->words, sizeof(l->words));
	txt_str(&w, in_lang(&BOTH("Connection ", "连接 "), style.lang));
	txt_u64(&w, story->stream);
	txt_str(&w, in_lang(&BOTH(". ", "："), style.lang));
	struct txt rest = txt_over(w.buf + w.len, sizeof(l->words) - w.len);
	tcp_words_story(&rest, story, &l->who);
}

enum { PART_STORY, PART_A, PART_B, PART_COLUMNS, PART_ROW, PART_BESIDE, PART_BELOW };

static void head_line(struct ladder *l, struct txt *t)
{
	if (l->part == PART_STORY) {
		wrapped(l, t, l->style.columns);
		l->part += !more_words(l);
		return;
	}
	if (l->part == PART_COLUMNS)
		columns_named(l, t);
	else
		head(t, l, l->part == PART_A ? l->left : !l->left);
	l->part++;
}

static void row_done(struct ladder *l)
{
	l->part = PART_ROW;
	l->at++;
}

/* What of this row remains to be written? */
static void after_line(struct ladder *l)
{
	if (more_words(l)) {
		if (l->part == PART_ROW)
			l->part = PART_BESIDE;
		return;
	}
	if (l->style.long_words && l->part != PART_BELOW) {
		struct txt w = txt_over(l->words, sizeof(l->words));
		l->words_at = 0;
		tcp_words_long(&w, moment_of(l), &l->who);
		l->part = PART_BELOW;
		return;
	}
	row_done(l);
}

bool ladder_line(struct ladder *l, struct txt *t)
{
	if (l->part < PART_ROW) {
		head_line(l, t);
		return true;
	}
	if (l->at == l->n_rows)
		return false;
	if (l->row[l->at].n > 1) {
		folded(l, t);
		row_done(l);
		return true;
	}
	if (l->part == PART_ROW)
		first_line(l, t);
	else if (l->part == PART_BESIDE)
		next_line(l, t);
	else
		line_below(l, t);
	after_line(l);
	return true;
}
