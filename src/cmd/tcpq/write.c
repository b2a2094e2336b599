/* -w: the same frames as pcapng, each with what is to be said of it. */
#include "tcpq.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "version.h"
#include "wirelab/packet_words.h"

static void note_segment(struct tcpq *q, const struct heard_tcp *tcp)
{
	struct txt t = txt_over(q->remark, sizeof(q->remark));
	struct tcp_story story;

	tcp_track_story(q->track, tcp->flow, &story);
	struct tcp_names who = tcp_names_of(story.initiator);
	tcp_words_long(&t, tcp->moment, &who);
}

static bool write_begin(struct tcpq *q)
{
	int fd = open(q->opt->write, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	q->capture = fd < 0 ? NULL : fdopen(fd, "wb");
	if (!q->capture) {
		complain("cannot write %s: %s", q->opt->write, strerror(errno));
		worst(q, EXIT_OUTPUT_LOST);
		return false;
	}
	capw_begin(&q->capw, q->capture, &(struct capw_section){
		.application = "tcpq " WIRELAB_VERSION,
		.comment = "Each frame has a remark: what it does, and why it was sent." });
	return true;
}

/* The number that this interface has in our file. */
static unsigned iface_of(struct tcpq *q, const struct capr_interface *iface)
{
	/* Searched from the last: captures of many interfaces come in sections. */
	for (size_t i = q->n_ifaces; i-- > 0;)
		if (q->iface[i] == iface)
			return (unsigned)i;
	q->iface = grown(q->iface, q->n_ifaces, &q->max_ifaces, sizeof(*q->iface));
	q->iface[q->n_ifaces++] = iface;
	return capw_interface(&q->capw, &(struct capw_if){
		.name = iface->name, .linktype = iface->linktype, .snaplen = iface->snaplen });
}

/* What the frame was said already comes first, unless it is what we say, too. */
static char *joined_remarks(const struct capr_record *rec, const char *ours)
{
	size_t len = strlen(ours) + 1, kept = rec->n_remarks;
	char *all, *at;

	kept = kept < CAPR_REMARKS_MAX ? kept : CAPR_REMARKS_MAX;
	for (size_t i = 0; i < kept; i++)
		len += rec->remark[i].len + 1;
	all = at = malloc(len);
	if (!all)
		out_of_memory();
	for (size_t i = 0; i < kept; i++) {
		const struct capr_text *r = &rec->remark[i];
		if (r->len == strlen(ours) && memcmp(r->text, ours, r->len) == 0)
			continue;
		at = (char *)memcpy(at, r->text, r->len) + r->len;
		*at++ = '\n';
	}
	memcpy(at, ours, strlen(ours) + 1);
	return all;
}

static void write_frame(struct tcpq *q, const struct heard *h)
{
	const struct capr_record *rec = h->rec;

	if (!*q->remark) {
		struct txt t = txt_over(q->remark, sizeof(q->remark));
		packet_words(&t, h->pkt);
	}
	char *remark = joined_remarks(rec, q->remark);
	capw_frame(&q->capw, iface_of(q, rec->iface), &(struct capw_frame){
		.data = rec->data, .caplen = rec->caplen,
		.wirelen = rec->wirelen > rec->caplen ? rec->wirelen : rec->caplen,
		.unix_ns = rec->unix_ns, .remark = remark,
		.direction = (enum capw_direction)(rec->flags & 3) });
	free(remark);
	*q->remark = '\0';
}

static void write_end(struct tcpq *q, const char *damage)
{
	(void)damage;
	bool whole = capw_end(&q->capw);
	int saved = errno;
	if (fclose(q->capture) != 0 && whole) {
		whole = false;
		saved = errno;
	}
	if (!whole) {
		complain("cannot write %s: %s", q->opt->write, strerror(saved));
		worst(q, EXIT_OUTPUT_LOST);
	}
	free(q->iface);
}

const struct view view_write = { .reasons = true, .begin = write_begin,
				  .segment = note_segment, .frame = write_frame,
				 .end = write_end };
