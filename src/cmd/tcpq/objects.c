/* One line a connection, or one JSON object for everything there is. */
#include "tcpq.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/json.h"

/* ---- the table -------------------------------------------------------------------------- */

static void table_story(struct tcpq *q, const struct tcp_story *story)
{
	char buf[TCP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));

	if (!is_wanted(q, story->stream))
		return;
	if (!q->heading_said) {
		q->heading_said = true;
		tcp_view_row(&t, NULL, q->columns);
		put_line(&t);
		t = txt_over(buf, sizeof(buf));
	}
	tcp_view_row(&t, story, q->columns);
	put_line(&t);
}

/* What the table does not show is remarked where a person looks at it; --json counts it all. */
static void table_end(struct tcpq *q, const char *damage)
{
	char buf[512];
	struct txt t = txt_over(buf, sizeof(buf));

	(void)damage;
	if (!q->columns)
		return;
	if (q->tcp_streams == 0)
		complain("%s: no TCP connection in %llu frames", q->path,
			 (unsigned long long)q->frames);
	for (size_t i = 0; i < q->n_skips; i++) {
		txt_str(&t, i ? ", " : "");
		txt_str(&t, q->skip[i].name);
		txt_str(&t, " (");
		txt_u64(&t, q->skip[i].frames);
		txt_char(&t, ')');
	}
	if (q->n_skips)
		complain("%s: not read to the end: %s", q->path, buf);
}

const struct view view_table = { .story = table_story, .end = table_end };

/* ---- JSON ------------------------------------------------------------------------------- */

static void keep_trouble(struct tcpq *q, const struct heard_tcp *tcp)
{
	if (!tcp->trouble || is_told(q, tcp->flow) || !is_wanted(q, stream_of(q, tcp)))
		return;
	q->trouble = grown(q->trouble, q->n_trouble, &q->max_trouble, sizeof(*q->trouble));
	q->trouble[q->n_trouble++] =
		(struct trouble){ stream_of(q, tcp), tcp->trouble, tcp->frame };
}

/* {"retransmission":[4,9],...}: of one connection, whose n troubles begin at first. */
static void put_troubles(const struct trouble *first, size_t n)
{
	bool any = false;

	(void)fputs(",\"trouble\":{", stdout);
	for (unsigned k = 0; k < TCP_T_COUNT; k++) {
		bool opened = false;
		for (size_t i = 0; i < n; i++) {
			if (!(first[i].kinds >> k & 1))
				continue;
			if (!opened)
				(void)printf("%s\"%s\":[", any ? "," : "",
					     tcp_trouble_info((enum tcp_trouble)k)->name);
			(void)printf("%s%llu", opened ? "," : "", (unsigned long long)first[i].frame);
			opened = any = true;
		}
		if (opened)
			(void)putchar(']');
	}
	(void)fputs("}}\n", stdout);
}

static int by_stream(const void *a, const void *b)
{
	const struct tcp_story *x = a, *y = b;

	return (x->stream > y->stream) - (x->stream < y->stream);
}

static int by_stream_and_frame(const void *a, const void *b)
{
	const struct trouble *x = a, *y = b;

	if (x->stream != y->stream)
		return x->stream < y->stream ? -1 : 1;
	return (x->frame > y->frame) - (x->frame < y->frame);
}

static void put_story(const struct tcp_story *story, const struct trouble *first, size_t n)
{
	char buf[TCP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));

	tcp_view_json(&t, story);
	(void)fwrite(t.buf, 1, t.len, stdout);
	put_troubles(first, n);
}

/* Its troubles lie in the list behind those of all before it. */
static void put_next(struct tcpq *q, const struct tcp_story *story)
{
	size_t begin = q->trouble_put;

	while (q->trouble_put < q->n_trouble &&
	       q->trouble[q->trouble_put].stream == story->stream)
		q->trouble_put++;
	put_story(story, q->trouble + begin, q->trouble_put - begin);
}

static void put_kept_before(struct tcpq *q, uint64_t stream)
{
	while (q->stories_put < q->n_stories && q->story[q->stories_put].stream < stream)
		put_next(q, &q->story[q->stories_put++]);
}

/* At the end all are told in the order of their numbers; those that are kept fall in. */
static void put_in_order(struct tcpq *q, const struct tcp_story *story)
{
	if (!q->sorted) {
		if (q->n_stories)
			qsort(q->story, q->n_stories, sizeof(*q->story), by_stream);
		if (q->n_trouble)
			qsort(q->trouble, q->n_trouble, sizeof(*q->trouble), by_stream_and_frame);
		q->sorted = true;
	}
	put_kept_before(q, story->stream);
	put_next(q, story);
}

/* Live, a connection is told when it closes: its troubles are taken out of the list, where those
 * of the others keep their order. */
static void put_story_now(struct tcpq *q, const struct tcp_story *story)
{
	size_t kept = 0, taken = 0;

	for (size_t i = 0; i < q->n_trouble; i++)
		taken += q->trouble[i].stream == story->stream;
	struct trouble *mine = malloc((taken + 1) * sizeof(*mine));
	if (!mine)
		out_of_memory();
	taken = 0;
	for (size_t i = 0; i < q->n_trouble; i++)
		if (q->trouble[i].stream == story->stream)
			mine[taken++] = q->trouble[i];
		else
			q->trouble[kept++] = q->trouble[i];
	q->n_trouble = kept;
	put_story(story, mine, taken);
	free(mine);
}

static void hear_story(struct tcpq *q, const struct tcp_story *story)
{
	if (!is_wanted(q, story->stream))
		return;
	if (q->live || q->ending) {
		(q->live ? put_story_now : put_in_order)(q, story);
		return;
	}
	q->story = grown(q->story, q->n_stories, &q->max_stories, sizeof(*q->story));
	q->story[q->n_stories++] = *story;
}

static void put_arp(const struct tcpq *q)
{
	const struct arp_tally *a = &q->arp;
	char buf[512];
	struct txt t = txt_over(buf, sizeof(buf));

	if (a->request + a->reply + a->other == 0)
		return;
	txt_str(&t, "{");
	json_string(&t, "type", "arp");
	json_key(&t, "counts");
	txt_str(&t, "{");
	json_number(&t, "request", a->request);
	json_number(&t, "reply", a->reply);
	json_number(&t, "other", a->other);
	json_number(&t, "gratuitous", a->gratuitous);
	json_number(&t, "probe", a->probe);
	json_number(&t, "announcement", a->announcement);
	json_number(&t, "duplicate_address", a->duplicate_address);
	txt_str(&t, "}}");
	put_line(&t);
}

static void put_fragments(const struct tcpq *q)
{
	char buf[512];
	struct txt t = txt_over(buf, sizeof(buf));

	if (q->frag4_frames + q->frag6_frames == 0)
		return;
	txt_str(&t, "{");
	json_string(&t, "type", "ip_fragments");
	json_number(&t, "ip4_fragment_frames", q->frag4_frames);
	json_number(&t, "ip4_datagrams", q->frag4);
	json_number(&t, "ip4_reassembled", q->frag4_whole);
	json_number(&t, "ip6_fragment_frames", q->frag6_frames);
	json_number(&t, "ip6_datagrams", q->frag6);
	json_number(&t, "ip6_reassembled", q->frag6_whole);
	txt_str(&t, "}");
	put_line(&t);
}

static void put_capture(const struct tcpq *q, const char *damage)
{
	char buf[PATH_MAX * 6 + SKIPS_MAX * 120 + 1024];	/* a byte may become \u00XX */
	struct txt t = txt_over(buf, sizeof(buf));

	txt_str(&t, "{");
	json_string(&t, "type", "capture");
	json_string(&t, "file", q->path);
	json_number(&t, "frames", q->frames);
	json_number(&t, "bytes", q->bytes);
	json_number(&t, "tcp_streams", q->tcp_streams);
	json_number(&t, "tcp_frames", q->tcp_frames);
	json_key(&t, "skipped");
	txt_str(&t, "{");
	for (size_t i = 0; i < q->n_skips; i++)
		json_number(&t, q->skip[i].name, q->skip[i].frames);
	if (q->more_skips)
		json_number(&t, "other", q->more_skips);
	txt_str(&t, "}");
	json_string(&t, "damage", damage);
	txt_str(&t, "}");
	put_line(&t);
}

static void json_end(struct tcpq *q, const char *damage)
{
	put_kept_before(q, UINT64_MAX);
	put_arp(q);
	put_fragments(q);
	put_capture(q, damage);
}

const struct view view_json = { .segment = keep_trouble, .story = hear_story, .end = json_end };

/* ---- segments --------------------------------------------------------------------------- */

static void put_segment(struct tcpq *q, const struct heard_tcp *tcp)
{
	char buf[TCP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));

	keep_trouble(q, tcp);
	if (tcp->moment->why == TCP_WHY_ICMP || !is_wanted(q, stream_of(q, tcp)))
		return;
	tcp_view_segment_json(&t, stream_of(q, tcp), tcp->moment);
	put_line(&t);
}

const struct view view_segments = { .reasons = true, .segment = put_segment, .story = hear_story,
				    .end = json_end };
