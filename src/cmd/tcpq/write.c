/* -w: the same frames as pcapng, each with what is to be said of it. */
#include "tcpq.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "version.h"
#include "wirelab/packet_words.h"

static void note_segment(struct tcpq *q, const struct heard_tcp *tcp)
{
	struct txt t = txt_over(q->remark, sizeof(q->remark));
	struct tcp_story story;

	tcp_track_story(q->track, tcp->flow, &story);
	struct tcp_names who = tcp_names_of(story.initiator, q->opt->lang);
	tcp_words_long(&t, tcp->moment, &who);
}

/* ---- the file --------------------------------------------------------------------------- */

static bool cannot_write(struct tcpq *q)
{
	complain("cannot write %s: %s", q->opt->write, strerror(errno));
	worst(q, EXIT_OUTPUT_LOST);
	return false;
}

/*
 * With sudo(8), in the name of who called it, so that they can read what they asked for;
 * where that name does not get them as far, in root's.  Handing them the file afterwards
 * would let them make files of their own in places that are not theirs.
 */
static int make_as_caller(const char *path, mode_t mode)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");
	int fd;

	if (geteuid() != 0 || !uid || !gid) {
		errno = EACCES;
		return -1;
	}
	/* Without the kernel's consent (a number that is unknown here) we stay who we are. */
	(void)setfsgid((gid_t)strtoul(gid, NULL, 10));
	(void)setfsuid((uid_t)strtoul(uid, NULL, 10));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int saved = errno;
	(void)setfsuid(geteuid());
	(void)setfsgid(getegid());
	errno = saved;
	return fd;
}

static int open_file(struct tcpq *q)
{
	/* Of a capture that was there before, others may know already; of what passes by, not. */
	mode_t mode = q->live ? 0600 : 0644;
	int fd = make_as_caller(q->opt->write, mode);

	if (fd < 0 && errno == EACCES)
		fd = open(q->opt->write, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	q->capture_made = fd >= 0;
	/* One that is there keeps its owner and who may read it. */
	return fd < 0 && errno == EEXIST ? open(q->opt->write, O_WRONLY | O_CLOEXEC) : fd;
}

bool write_open(struct tcpq *q)
{
	int fd = open_file(q);

	q->capture = fd < 0 ? NULL : fdopen(fd, "wb");
	return q->capture || cannot_write(q);
}

void write_forget(struct tcpq *q)
{
	if (!q->capture)
		return;
	(void)fclose(q->capture);
	if (q->capture_made)
		(void)unlink(q->opt->write);
}

/* ---- what is written -------------------------------------------------------------------- */

static bool write_begin(struct tcpq *q)
{
	static const struct both comment = { {
		"Each frame has a remark: what it does, and why it was sent.",
		"每个帧都有一条注释：它做了什么，为什么发送。" } };

	if (!q->capture && !write_open(q))
		return false;
	/* EINVAL: a pipe or a device, where nothing is to be cut off. */
	if (ftruncate(fileno(q->capture), 0) < 0 && errno != EINVAL)
		return cannot_write(q);
	capw_begin(&q->capw, q->capture, &(struct capw_section){
		.application = "tcpq " WIRELAB_VERSION,
		.comment = in_lang(&comment, q->opt->lang) });
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
		packet_words(&t, h->pkt, &(struct packet_names){ .lang = q->opt->lang });
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
