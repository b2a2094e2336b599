/* progress.c - how far a transfer has come, in one line of a terminal */
#include "wirelab/progress.h"

#include "wirelab/instant.h"
#include "wirelab/width.h"

enum { PERCENT, AMOUNT, RATE, LEFT, N_FIELDS };

/* Columns, with the blank in front of each. */
static const size_t width[N_FIELDS] = { 5, 9, 11, 9 };

#define NAME_LEAST 8u		/* columns of a name that still tell something */
#define BAR_LEAST 10u		/* of a bar, its brackets and the blank in front included */
#define RATE_MOST 1e18			/* bytes a second that fit their field, and a uint64_t */
#define LONGEST_S (100.0 * 3600)	/* of the time left: below, it fits its field */

/* ---- the fields --------------------------------------------------------------------------- */

/* From 0 to 1, which only the whole is; of an empty file that is there at once. */
static double part(const struct progress *p)
{
	double ratio = p->done < p->total ? (double)p->done / (double)p->total : 1;

	return p->done < p->total && ratio > 0.999 ? 0.999 : ratio;
}

static void percent(struct txt *t, const struct progress *p)
{
	txt_u64(t, (uint64_t)(part(p) * 100));
	txt_char(t, '%');
}

static void amount(struct txt *t, const struct progress *p)
{
	txt_amount(t, p->done);
	txt_char(t, 'B');
}

static void speed(struct txt *t, const struct progress *p)
{
	double rate = p->ns ? (double)p->done / (double)p->ns * (double)SEC_NS : 0;

	if (rate == 0 || rate > RATE_MOST) {
		txt_char(t, '-');
		return;
	}
	txt_amount(t, (uint64_t)rate);
	txt_str(t, "B/s");
}

static void two_digits(struct txt *t, uint64_t n)
{
	txt_char(t, (char)('0' + n / 10));
	txt_char(t, (char)('0' + n % 10));
}

static void left(struct txt *t, const struct progress *p)
{
	double rest = p->done < p->total ? (double)(p->total - p->done) : 0;
	double seconds =
		p->done ? rest / (double)p->done * ((double)p->ns / (double)SEC_NS) : LONGEST_S;

	if (seconds >= LONGEST_S) {
		txt_char(t, '-');
		return;
	}
	uint64_t s = (uint64_t)seconds;
	if (s >= 3600) {
		txt_u64(t, s / 3600);
		txt_char(t, ':');
		two_digits(t, s / 60 % 60);
	} else {
		txt_u64(t, s / 60);
	}
	txt_char(t, ':');
	two_digits(t, s % 60);
}

static void field(struct txt *t, const struct progress *p, unsigned which)
{
	static void (*const put[N_FIELDS])(struct txt *, const struct progress *) = {
		[PERCENT] = percent, [AMOUNT] = amount, [RATE] = speed, [LEFT] = left };
	char buf[32];
	struct txt f = txt_over(buf, sizeof(buf));

	put[which](&f, p);
	for (size_t i = f.len; i < width[which]; i++)
		txt_char(t, ' ');
	txt_bytes(t, buf, f.len);
}

static void bar(struct txt *t, const struct progress *p, size_t columns)
{
	size_t inside = columns - 3;
	size_t full = (size_t)(part(p) * (double)inside);

	txt_str(t, " [");
	for (size_t i = 0; i < inside; i++)
		txt_char(t, i < full ? '=' : i == full ? '>' : ' ');
	txt_char(t, ']');
}

/* ---- the line ----------------------------------------------------------------------------- */

static void name(struct txt *t, const char *text, size_t columns)
{
	char safe[4 * 256];
	struct txt s = txt_over(safe, sizeof(safe));
	size_t begin = txt_width(t->buf, t->len);

	txt_foreign(&s, text, strlen(text));
	txt_cut_columns(t, safe, s.len, columns, "...");
	for (size_t at = txt_width(t->buf, t->len); at < begin + columns; at++)
		txt_char(t, ' ');
}

void progress_line(struct txt *t, const struct progress *p, size_t columns)
{
	size_t fields = 0, n = 0;

	if (columns > PROGRESS_COLUMNS_MAX)
		columns = PROGRESS_COLUMNS_MAX;
	while (n < N_FIELDS && fields + width[n] + NAME_LEAST <= columns)
		fields += width[n++];
	size_t rest = columns - fields;
	/* To the name a third of what the fields leave, the bar has the other two. */
	size_t bar_columns = n == N_FIELDS ? rest - rest / 3 : 0;
	if (bar_columns < BAR_LEAST)
		bar_columns = 0;

	name(t, p->name, rest - bar_columns);
	for (unsigned i = 0; i < n; i++) {
		field(t, p, i);
		if (i == PERCENT && bar_columns)
			bar(t, p, bar_columns);
	}
}
