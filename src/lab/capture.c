#include "wirelab/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "wirelab/tcp_segment.h"

/* The tables behind a capture.  They hold no addresses of strangers that could aim at them: a
 * file that is too large is refused.  So the key need not be secret. */
static const uint8_t KEY[16] = "a lab's capture";

#define HINDSIGHT 4096u		/* frames; farther back, nothing is told to have been lost */

struct capture_work {
	void *memory;			/* of track */
	size_t size;
	struct tcp_track *track;
	struct tcp_past *past[CAPTURE_STREAMS_MAX];	/* by flow */
	size_t max_frames, max_streams;
	struct tcp_moment back[HINDSIGHT];
};

int capture_init(struct capture *c, const char *vantage)
{
	*c = (struct capture){ 0 };
	(void)snprintf(c->vantage, sizeof(c->vantage), "%s", vantage);
	c->work = calloc(1, sizeof(*c->work));
	if (!c->work)
		return -1;
	/* Pages come with their first use. */
	struct capture_work *w = c->work;
	w->size = tcp_track_size(CAPTURE_STREAMS_MAX);
	w->memory = mmap(NULL, w->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (w->memory == MAP_FAILED) {
		free(w);
		c->work = NULL;
		errno = ENOMEM;
		return -1;
	}
	w->track = tcp_track_init(w->memory, w->size, CAPTURE_STREAMS_MAX, KEY);
	return 0;
}

void capture_end(struct capture *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free((void *)(uintptr_t)c->frame[i].data);
		free(c->frame[i].call);
	}
	free(c->frame);
	free(c->stream);
	if (c->work) {
		for (size_t i = 0; i < CAPTURE_STREAMS_MAX; i++)
			free(c->work->past[i]);
		(void)munmap(c->work->memory, c->work->size);
	}
	free(c->work);
	*c = (struct capture){ 0 };
}

/* ---- what a frame is ---------------------------------------------------------------------- */

/* Room for one more, doubling; NULL with ENOMEM. */
static void *grown(void *list, size_t n, size_t *max, size_t size)
{
	if (n < *max)
		return list;
	size_t wish = *max ? 2 * *max : 64;
	void *more = realloc(list, wish * size);
	if (more)
		*max = wish;
	return more;
}

/* The place of its story is made when a connection begins, so that its end needs no memory. */
static bool has_place(struct capture *c, uint32_t stream)
{
	if (stream >= CAPTURE_STREAMS_MAX) {
		errno = E2BIG;
		return false;
	}
	while (c->n_streams <= stream) {
		struct tcp_story *list = grown(c->stream, c->n_streams, &c->work->max_streams,
					       sizeof(*list));
		if (!list)
			return false;
		c->stream = list;
		c->stream[c->n_streams++] = (struct tcp_story){ .initiator = TCP_NOBODY };
	}
	return true;
}

static struct tcp_past *past_of(struct capture_work *w, uint32_t flow)
{
	if (!w->past[flow])
		w->past[flow] = calloc(1, sizeof(*w->past[flow]));
	return w->past[flow];
}

static bool hear_tcp(struct capture *c, struct seen *s)
{
	struct capture_work *w = c->work;
	struct tcp_options options;
	struct tcp_segment seg;
	struct tcp_told told;

	if (!tcp_segment_from(&seg, &options, &s->pkt))
		return true;
	seg.when = s->when;
	seg.frame = s->number;
	seg.wire_bytes = s->wirelen;
	tcp_segment_check(&seg, &s->pkt);
	if (tcp_track_segment(w->track, &seg, &told) == TCP_TRACK_FULL) {
		errno = E2BIG;
		return false;
	}
	struct tcp_past *past = past_of(w, told.flow);
	s->stream = tcp_track_stream(w->track, told.flow);
	if (!past || !has_place(c, s->stream))
		return false;
	if (told.ended)
		c->stream[told.story.stream] = told.story;
	tcp_reason_hear(past, &seg, &told, &s->moment);
	s->has_moment = true;
	return true;
}

static bool hear_icmp(struct capture *c, struct seen *s)
{
	const struct pkt *p = &s->pkt;
	struct tcp_segment quoted;
	struct tcp_icmp icmp = {
		.when = s->when, .frame = s->number, .wire_bytes = s->wirelen,
		.type = p->icmp.type, .code = p->icmp.code,
		.mtu = (uint16_t)(p->icmp.mtu < UINT16_MAX ? p->icmp.mtu : UINT16_MAX),
		.too_big = pkt_has(p, PKT_ICMP4) ? p->icmp.type == ICMP4_UNREACHABLE &&
						   p->icmp.code == ICMP4_CODE_FRAG_NEEDED :
						   p->icmp.type == ICMP6_TOO_BIG };
	uint32_t flow;

	if (!tcp_segment_quoted(&quoted, p) ||
	    !tcp_track_find(c->work->track, &quoted, &flow, &icmp.from, &icmp.rel_seq))
		return true;
	struct tcp_past *past = past_of(c->work, flow);
	if (!past)
		return false;
	tcp_reason_icmp(past, &icmp, &s->moment);
	s->has_moment = true;
	s->stream = tcp_track_stream(c->work->track, flow);
	return true;
}

static bool hear(struct capture *c, struct seen *s)
{
	if (s->pkt.is_fragment)
		return true;
	if (pkt_has(&s->pkt, PKT_ICMP4) || pkt_has(&s->pkt, PKT_ICMP6))
		return hear_icmp(c, s);
	return !pkt_has(&s->pkt, PKT_TCP) || hear_tcp(c, s);
}

struct seen *capture_add(struct capture *c, const struct capture_frame *f)
{
	if (c->n == CAPTURE_FRAMES_MAX) {
		errno = E2BIG;
		return NULL;
	}
	struct seen *list = grown(c->frame, c->n, &c->work->max_frames, sizeof(*list));
	uint8_t *data = malloc(f->caplen ? f->caplen : 1);
	char *call = f->call ? strdup(f->call) : NULL;
	if (list)
		c->frame = list;
	if (!list || !data || (f->call && !call)) {
		free(data);
		free(call);
		errno = ENOMEM;
		return NULL;
	}
	if (f->caplen)
		memcpy(data, f->data, f->caplen);
	struct seen *s = &c->frame[c->n];
	*s = (struct seen){ .number = c->n + 1, .when = { f->unix_ns }, .unix_ns = f->unix_ns,
			    .data = data, .caplen = f->caplen, .wirelen = f->wirelen,
			    .direction = f->direction, .cause = f->cause, .call = call,
			    .host = f->host, .did = f->did };
	c->n++;
	pkt_dissect(&s->pkt, f->linktype ? f->linktype : LINKTYPE_ETHERNET, data, f->caplen,
		    f->wirelen);
	if (hear(c, s))
		return s;
	/* What could not be heard is not there. */
	int e = errno;
	free(data);
	free(call);
	c->n--;
	errno = e;
	return NULL;
}

/* A segment that is sent again tells of the one before that it was lost. */
static void look_back(struct capture *c, const struct seen *s)
{
	struct tcp_moment *moment = c->work->back;
	size_t first = (size_t)s->moment.cause_frame - 1, n = 0;

	if (s->number - s->moment.cause_frame >= HINDSIGHT)
		return;
	for (size_t i = first; i < s->number; i++)
		if (c->frame[i].has_moment && c->frame[i].stream == s->stream)
			moment[n++] = c->frame[i].moment;
	tcp_moments_lost(moment, n);
	c->frame[first].moment.lost |= n > 0 && moment[0].lost;
}

void capture_done(struct capture *c)
{
	uint32_t cursor = 0;
	struct tcp_story story;

	while (tcp_track_each(c->work->track, &cursor, &story))
		if (story.stream < c->n_streams)
			c->stream[story.stream] = story;
	for (size_t i = 0; i < c->n; i++)
		if (c->frame[i].has_moment && c->frame[i].moment.cause_frame)
			look_back(c, &c->frame[i]);
}

/* ---- files ---------------------------------------------------------------------------------- */

static int read_frames(struct capture *c, struct capr *r, const char *path, char err[static 256])
{
	struct capr_record rec;
	int n;

	while ((n = capr_next(r, &rec)) > 0) {
		if (c->n == 0)
			(void)snprintf(c->vantage, sizeof(c->vantage), "%s", rec.iface->name);
		if (!capture_add(c, &(struct capture_frame){
			    .data = rec.data, .caplen = rec.caplen,
			    .wirelen = rec.wirelen > rec.caplen ? rec.wirelen : rec.caplen,
			    .unix_ns = rec.unix_ns, .linktype = rec.iface->linktype,
			    .direction = (enum capw_direction)(rec.flags & 3) })) {
			(void)snprintf(err, 256, errno == E2BIG ?
				       "%s: more frames or connections than a lab has" :
				       "%s: out of memory", path);
			return -1;
		}
	}
	(void)snprintf(c->comment, sizeof(c->comment), "%s", capr_comment(r));
	capture_done(c);
	if (n == 0)
		return 0;
	(void)snprintf(err, 256, "%.100s: %.140s", path, capr_damage(r));
	return 1;
}

/* All that r holds; r is closed. */
static int take_all(struct capture *c, struct capr *r, const char *path, char err[static 256])
{
	int rc = r ? read_frames(c, r, path, err) : -1;

	if (r)
		capr_close(r);
	if (rc < 0)
		capture_end(c);
	return rc;
}

static int begin_empty(struct capture *c, char err[static 256])
{
	if (capture_init(c, "") == 0)
		return 0;
	(void)snprintf(err, 256, "out of memory");
	return -1;
}

int capture_read(struct capture *c, const char *path, char err[static 256])
{
	if (begin_empty(c, err) < 0)
		return -1;
	return take_all(c, capr_open(path, err), path, err);
}

int capture_over(struct capture *c, const void *data, size_t len, char err[static 256])
{
	if (begin_empty(c, err) < 0)
		return -1;
	return take_all(c, capr_over(data, len, err), "capture in memory", err);
}

/* ---- looking for frames ------------------------------------------------------------------ */

const struct seen *capture_frame(const struct capture *c, uint64_t number)
{
	return number >= 1 && number <= c->n ? &c->frame[number - 1] : NULL;
}

uint32_t capture_stream_to(const struct capture *c, uint16_t port)
{
	for (size_t i = 0; i < c->n_streams; i++) {
		const struct tcp_story *s = &c->stream[i];
		/* Whoever opened it, the service is at the other end. */
		if (s->initiator >= 0 && s->initiator <= 1 && s->port[!s->initiator] == port)
			return (uint32_t)i;
	}
	return CAPTURE_NO_STREAM;
}

static bool is_wanted(const struct capture *c, const struct seen *s, const struct wanted *w)
{
	const struct tcp_moment *m = &s->moment;

	if (!s->has_moment || s->stream != w->stream || s->number <= w->after ||
	    m->why == TCP_WHY_ICMP)
		return false;
	if (w->from != FROM_EITHER) {
		int initiator = c->stream[s->stream].initiator;
		if (initiator < 0 || (m->from == (unsigned)initiator) != (w->from == FROM_INITIATOR))
			return false;
	}
	if (w->pure_ack && (m->payload || (m->flags & (TCP_SYN | TCP_FIN | TCP_RST)) ||
			    !(m->flags & TCP_ACK)))
		return false;
	return (m->flags & w->flags) == w->flags && !(m->flags & w->not_flags) &&
	       (!w->with_data || m->payload > 0);
}

const struct seen *capture_next(const struct capture *c, const struct wanted *w)
{
	const struct seen *one = NULL;

	(void)capture_all(c, w, &one, 1);
	return one;
}

size_t capture_count(const struct capture *c, const struct wanted *w)
{
	return capture_all(c, w, NULL, 0);
}

size_t capture_all(const struct capture *c, const struct wanted *w, const struct seen **out,
		   size_t max)
{
	size_t n = 0;

	if (w->stream >= c->n_streams)
		return 0;
	for (size_t i = 0; i < c->n; i++) {
		if (!is_wanted(c, &c->frame[i], w))
			continue;
		if (n < max)
			out[n] = &c->frame[i];
		n++;
	}
	return n;
}
