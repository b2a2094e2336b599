/* --messages: what connections carried, by the lengths in front of each message. */
#include "tcpq.h"

#include <stdlib.h>
#include <string.h>

#include "wirelab/msg_view.h"

static struct msg_view_flow flow_of(const struct tcpq *q, uint32_t flow)
{
	struct tcp_story story;

	tcp_track_story(q->track, flow, &story);
	return (struct msg_view_flow){ story.stream, story.initiator, story.first_time };
}

static void put_event(struct tcpq *q, const struct msg_view_flow *flow,
		      const struct tcp_messages_event *e)
{
	char buf[MSG_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));

	if (!q->opt->json && !q->heading_said) {
		q->heading_said = true;
		msg_view_row(&t, NULL, NULL);
		put_line(&t);
		t = txt_over(buf, sizeof(buf));
	}
	if (e->stopped && q->opt->json)
		msg_view_stop_json(&t, flow, &e->stop);
	else if (e->stopped)
		msg_view_stop(&t, flow, &e->stop);
	else if (q->opt->json)
		msg_view_json(&t, flow, &e->message);
	else
		msg_view_row(&t, flow, &e->message);
	put_line(&t);
}

static void put_events(struct tcpq *q, struct tcp_messages *m, const struct msg_view_flow *flow)
{
	struct tcp_messages_event e;

	while (tcp_messages_next(m, &e))
		put_event(q, flow, &e);
}

/* The place of a connection's messages; live, where streams never end, by flow. */
static struct tcp_messages **messages_of(struct tcpq *q, uint32_t flow, uint32_t stream)
{
	uint32_t at = q->live ? flow : stream;

	while (at >= q->n_spoken) {
		q->spoken = grown(q->spoken, q->n_spoken, &q->max_spoken, sizeof(*q->spoken));
		q->spoken[q->n_spoken++] = NULL;
	}
	return &q->spoken[at];
}

static struct tcp_messages *begin_messages(const struct tcpq *q)
{
	struct tcp_messages_config config = { q->opt->order, MSG_LIMIT, TCP_MESSAGES_ROOM };
	size_t size = tcp_messages_size(config.room);
	void *memory = malloc(size);

	if (!memory)
		out_of_memory();
	return tcp_messages_init(memory, size, &config);
}

static void end_messages(struct tcp_messages **m)
{
	free(*m);
	*m = NULL;
}

static void hear_segment(struct tcpq *q, const struct heard_tcp *tcp)
{
	const struct pkt *p = tcp->heard->pkt;

	if (!tcp->seg || is_told(q, tcp->flow) || !is_wanted(q, stream_of(q, tcp)))
		return;
	struct tcp_messages **m = messages_of(q, tcp->flow, stream_of(q, tcp));
	if (tcp->fresh)
		*m = begin_messages(q);
	if (!*m)
		return;		/* over, and let go */
	struct msg_view_flow flow = flow_of(q, tcp->flow);
	tcp_messages_hear(*m, tcp->from, tcp->seg, p->frame + p->payload.off, p->payload.len);
	put_events(q, *m, &flow);
	if (tcp_messages_over(*m))
		end_messages(m);
}

static void end_story(struct tcpq *q, const struct tcp_story *story)
{
	struct msg_view_flow flow = { story->stream, story->initiator, story->first_time };

	if (!is_wanted(q, story->stream))
		return;
	struct tcp_messages **m = messages_of(q, q->telling, story->stream);
	if (!*m)
		return;
	tcp_messages_end(*m);
	put_events(q, *m, &flow);
	end_messages(m);
}

static void messages_end(struct tcpq *q, const char *damage)
{
	(void)damage;
	free(q->spoken);
}

const struct view view_messages = { .segment = hear_segment, .story = end_story,
				    .end = messages_end };
