/* Moments kept by connection until the capture is over; then ladders, drawings, pages. */
#include "tcpq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- keeping ----------------------------------------------------------------------------- */

static struct kept *kept_of(struct tcpq *q, uint32_t stream)
{
	while (stream >= q->n_kept) {
		q->kept = grown(q->kept, q->n_kept, &q->max_kept, sizeof(*q->kept));
		q->kept[q->n_kept++] = (struct kept){ 0 };
	}
	return &q->kept[stream];
}

static void keep_moment(struct tcpq *q, const struct heard_tcp *tcp)
{
	uint32_t stream = stream_of(q, tcp);

	if (!is_wanted(q, stream))
		return;
	struct kept *k = kept_of(q, stream);
	k->moment = grown(k->moment, k->n, &k->max, sizeof(*k->moment));
	k->moment[k->n++] = *tcp->moment;
	tcp_moments_lost(k->moment, k->n);
}

/* ---- in text ---------------------------------------------------------------------------------- */

static bool locale_is_unicode(void)
{
	static const char *const name[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL;

	/* The first that is set decides (POSIX 8.2). */
	for (size_t i = 0; i < 3 && !(value && *value); i++)
		value = getenv(name[i]);
	return value && (strstr(value, "UTF-8") || strstr(value, "utf8") ||
			 strstr(value, "UTF8") || strstr(value, "utf-8"));
}

static struct ladder_style style_of(const struct tcpq *q)
{
	return (struct ladder_style){ .columns = q->columns ? q->columns : 80,
				      .unicode = locale_is_unicode(), .colour = q->colour,
				      .long_words = q->opt->explain };
}

static struct ladder_row *rows_of(const struct kept *k, size_t *n)
{
	struct ladder_row *row = malloc((k->n ? k->n : 1) * sizeof(*row));

	if (!row)
		out_of_memory();
	*n = ladder_fold(k->moment, k->n, row, k->n);
	return row;
}

static void put_ladder(const struct kept *k, struct ladder_style style)
{
	char buf[LADDER_LINE_MAX];
	struct txt t = txt_over(buf, sizeof(buf));
	struct ladder ladder;
	size_t n;
	struct ladder_row *row = rows_of(k, &n);

	ladder_begin(&ladder, &k->story, k->moment, row, n, style);
	while (ladder_line(&ladder, &t)) {
		put_line(&t);
		t = txt_over(buf, sizeof(buf));
	}
	free(row);
}

/* What was told is let go. */
static void put_one(struct tcpq *q, struct kept *k)
{
	if (q->heading_said)
		(void)fputc('\n', stdout);
	q->heading_said = true;
	put_ladder(k, style_of(q));
	free(k->moment);
	*k = (struct kept){ 0 };
}

static void keep_story(struct tcpq *q, const struct tcp_story *story)
{
	if (!is_wanted(q, story->stream))
		return;
	struct kept *k = kept_of(q, story->stream);
	k->story = *story;
	k->over = true;
	if (q->live)
		put_one(q, k);
}

/* ---- the end -------------------------------------------------------------------------------------- */

static void ladder_end(struct tcpq *q, const char *damage)
{
	(void)damage;
	if (q->opt->stream != STREAM_ALL && q->opt->stream >= q->tcp_streams) {
		complain("%s: there is no connection %lu; it holds %llu", q->path,
			 (unsigned long)q->opt->stream, (unsigned long long)q->tcp_streams);
		worst(q, EXIT_NOTHING);
	}
	for (size_t i = 0; i < q->n_kept; i++) {
		if (q->kept[i].over)
			put_one(q, &q->kept[i]);
		free(q->kept[i].moment);
	}
	free(q->kept);
}

const struct view view_ladder = { .reasons = true, .segment = keep_moment, .story = keep_story,
				  .end = ladder_end };
