/* Moments kept by connection until the capture is over; then ladders, drawings, pages. */
#include "tcpq.h"

#include "wirelab/tcp_draw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* ---- keeping ---------------------------------------------------------------------------- */

static struct kept *kept_of(struct tcpq *q, uint32_t flow, uint32_t stream)
{
	uint32_t at = q->live ? flow : stream;

	while (at >= q->n_kept) {
		q->kept = grown(q->kept, q->n_kept, &q->max_kept, sizeof(*q->kept));
		q->kept[q->n_kept++] = (struct kept){ 0 };
	}
	return &q->kept[at];
}

static void keep_moment(struct tcpq *q, const struct heard_tcp *tcp)
{
	uint32_t stream = stream_of(q, tcp);

	if (is_told(q, tcp->flow) || !is_wanted(q, stream))
		return;
	struct kept *k = kept_of(q, tcp->flow, stream);
	k->moment = grown(k->moment, k->n, &k->max, sizeof(*k->moment));
	k->moment[k->n++] = *tcp->moment;
	tcp_moments_lost(k->moment, k->n);
}

/* NULL: it is not wanted. */
static struct kept *keep_story(struct tcpq *q, const struct tcp_story *story)
{
	if (!is_wanted(q, story->stream))
		return NULL;
	struct kept *k = kept_of(q, q->telling, story->stream);
	k->story = *story;
	k->over = true;
	return k;
}

/* ---- in text ---------------------------------------------------------------------------- */

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
				      .long_words = q->opt->explain, .lang = q->opt->lang };
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

/* ---- the end ---------------------------------------------------------------------------- */

static void let_go(struct tcpq *q)
{
	for (size_t i = 0; i < q->n_kept; i++)
		free(q->kept[i].moment);
	free(q->kept);
	q->kept = NULL;
	q->n_kept = q->max_kept = 0;
}

static void ladder_story(struct tcpq *q, const struct tcp_story *story)
{
	struct kept *k = keep_story(q, story);

	if (k && q->live)
		put_one(q, k);
}

static void ladder_end(struct tcpq *q, const char *damage)
{
	(void)damage;
	for (size_t i = 0; i < q->n_kept; i++)
		if (q->kept[i].over)
			put_one(q, &q->kept[i]);
	let_go(q);
}

const struct view view_ladder = { .reasons = true, .segment = keep_moment, .story = ladder_story,
				  .end = ladder_end };

/* ---- drawings --------------------------------------------------------------------------- */

static void put_bytes(void *context, const char *bytes, size_t len)
{
	(void)fwrite(bytes, 1, len, context);
}

static bool draw_begin(struct tcpq *q)
{
	const char *path = q->opt->svg ? q->opt->svg : q->opt->html;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	q->drawing = fd < 0 ? NULL : fdopen(fd, "wb");
	if (!q->drawing) {
		complain("cannot write %s: %s", path, strerror(errno));
		worst(q, EXIT_OUTPUT_LOST);
	}
	return q->drawing;
}

static void draw_one(const struct draw_out *out, const struct kept *k,
		     void (*draw)(const struct draw_out *, const struct draw_connection *))
{
	size_t n;
	struct ladder_row *row = rows_of(k, &n);

	draw(out, &(struct draw_connection){ &k->story, k->moment, k->n, row, n });
	free(row);
}

/* One drawing is one connection: which, must be said where there are several. */
static void draw_the_only(struct tcpq *q, const struct draw_out *out)
{
	const struct kept *only = NULL;

	for (size_t i = 0; i < q->n_kept; i++) {
		if (!q->kept[i].over)
			continue;
		if (only) {
			complain("%s: --stream N says which of %llu connections to draw", q->path,
				 (unsigned long long)q->tcp_streams);
			worst(q, EXIT_USAGE);
			return;
		}
		only = &q->kept[i];
	}
	if (only) {
		draw_one(out, only, draw_svg);
	} else if (q->opt->stream == STREAM_ALL) {
		complain("%s: there is no TCP connection to draw", q->path);
		worst(q, EXIT_NOTHING);
	}
}

static void draw_page(struct tcpq *q, const struct draw_out *out)
{
	size_t n = 0;
	struct tcp_story *story = calloc(q->n_kept + 1, sizeof(*story));

	if (!story)
		out_of_memory();
	for (size_t i = 0; i < q->n_kept; i++)
		if (q->kept[i].over)
			story[n++] = q->kept[i].story;
	draw_page_begin(out, q->path, story, n);
	for (size_t i = 0; i < q->n_kept; i++)
		if (q->kept[i].over)
			draw_one(out, &q->kept[i], draw_page_connection);
	draw_page_end(out);
	free(story);
}

static void draw_end(struct tcpq *q, const char *damage)
{
	struct draw_out out = { put_bytes, q->drawing, q->opt->lang };

	(void)damage;
	if (q->opt->svg)
		draw_the_only(q, &out);
	else
		draw_page(q, &out);
	bool lost = ferror(q->drawing) || fflush(q->drawing) != 0;
	if (fclose(q->drawing) != 0 || lost) {
		complain("cannot write %s: %s", q->opt->svg ? q->opt->svg : q->opt->html,
			 strerror(errno));
		worst(q, EXIT_OUTPUT_LOST);
	}
	let_go(q);
}

static void draw_story(struct tcpq *q, const struct tcp_story *story)
{
	(void)keep_story(q, story);
}

const struct view view_draw = { .reasons = true, .begin = draw_begin, .segment = keep_moment,
				.story = draw_story, .end = draw_end };
