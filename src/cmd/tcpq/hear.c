/* Frames taken apart: segments for the tracker, fragments put together, and what was skipped. */
#include "tcpq.h"

#include <string.h>

#include "wirelab/packet_words.h"

/* ---- connections ------------------------------------------------------------------------ */

static void tell_segment(struct tcpq *q, const struct heard_tcp *tcp)
{
	for (unsigned i = 0; i < q->n_views; i++)
		if (q->view[i]->segment)
			q->view[i]->segment(q, tcp);
}

/* Refused, and then the same SYN again: what comes of it is worth a line of its own. */
static bool is_opening(const enum tcp_state state[2])
{
	return state[0] == TCP_S_SYN_SENT || state[1] == TCP_S_SYN_SENT;
}

static void tell_closed(struct tcpq *q, uint32_t flow)
{
	struct tcp_story story;

	tcp_track_story(q->track, flow, &story);
	q->told[flow] = true;
	tell_story(q, flow, &story);
}

static void hear_tcp(struct tcpq *q, const struct heard *h)
{
	struct tcp_options options;
	struct tcp_segment seg;
	struct tcp_told told;

	if (!tcp_segment_from(&seg, &options, h->pkt))
		return;
	seg.when = (struct instant){ h->rec->unix_ns };
	seg.frame = h->rec->number;
	seg.wire_bytes = h->rec->wirelen;
	tcp_segment_check(&seg, h->pkt);
	q->tcp_frames++;
	while (tcp_track_segment(q->track, &seg, &told) == TCP_TRACK_FULL)
		make_room(q);
	q->tcp_streams += told.fresh;
	if (told.ended && !is_told(q, told.flow))
		tell_story(q, told.flow, &told.story);
	if (q->told && told.fresh)
		q->told[told.flow] = false;
	struct heard_tcp tcp = { told.flow, seg.frame, told.trouble, NULL, &seg, h, told.from,
				 told.fresh };
	struct tcp_moment moment;
	if (q->reasons) {
		tcp_reason_hear(past_of(q, told.flow), &seg, &told, &moment);
		tcp.moment = &moment;
	}
	tell_segment(q, &tcp);
	if (q->told && is_opening(told.after))
		q->told[told.flow] = false;
	if (!tcp_is_over(told.after[0], told.after[1]) ||
	    tcp_is_over(told.before[0], told.before[1]))
		return;
	if (q->past)
		past_closed(q, told.flow);
	if (q->told && !is_told(q, told.flow))
		tell_closed(q, told.flow);
}

/* ICMP errors belong to the connection that they quote: they explain what it does next. */
static void hear_quote(struct tcpq *q, const struct heard *h)
{
	const struct pkt *p = h->pkt;
	struct tcp_segment quoted;
	struct tcp_moment moment;
	struct tcp_icmp icmp = {
		.when = { h->rec->unix_ns }, .frame = h->rec->number,
		.wire_bytes = h->rec->wirelen, .type = p->icmp.type, .code = p->icmp.code,
		.mtu = (uint16_t)(p->icmp.mtu < UINT16_MAX ? p->icmp.mtu : UINT16_MAX),
		.too_big = pkt_has(p, PKT_ICMP4) ? p->icmp.type == ICMP4_UNREACHABLE &&
						   p->icmp.code == ICMP4_CODE_FRAG_NEEDED :
						   p->icmp.type == ICMP6_TOO_BIG };
	uint32_t flow;

	if (!q->reasons || !tcp_segment_quoted(&quoted, p) ||
	    !tcp_track_find(q->track, &quoted, &flow, &icmp.from, &icmp.rel_seq))
		return;
	tcp_reason_icmp(past_of(q, flow), &icmp, &moment);
	tell_segment(q, &(struct heard_tcp){ .flow = flow, .frame = h->rec->number,
					     .moment = &moment, .heard = h });
}

/* ---- frames ----------------------------------------------------------------------------- */

static void skip_frame(struct tcpq *q, const struct pkt *p)
{
	char name[80];
	struct txt t = txt_over(name, sizeof(name));

	packet_words_stop(&t, p, LANG_EN);
	for (size_t i = 0; i < q->n_skips; i++)
		if (strcmp(q->skip[i].name, name) == 0) {
			q->skip[i].frames++;
			return;
		}
	if (q->n_skips == SKIPS_MAX) {
		q->more_skips++;
		return;
	}
	memcpy(q->skip[q->n_skips].name, name, sizeof(name));
	q->skip[q->n_skips++].frames = 1;
}

static void hear_packet(struct tcpq *q, const struct heard *h);

/* With --frag, its table hears the piece on the way to the reassembler. */
static enum ipasm_result hear_piece(struct tcpq *q, const struct heard *h,
				    struct ipasm_datagram *whole)
{
	struct ipasm_fragment f;

	(void)ipfrag_fragment_from(&f, h->pkt);
	f.when = (struct instant){ h->rec->unix_ns };
	f.frame = h->rec->number;
	return q->ipfrag ? ipfrag_hear(q->ipfrag, &f, h->pkt, whole) :
			   ipasm_hear(q->ipasm, &f, whole);
}

static void hear_fragment(struct tcpq *q, const struct heard *h)
{
	const struct pkt *p = h->pkt;
	struct ipasm_datagram whole;
	enum ipasm_result r = hear_piece(q, h, &whole);
	bool v4 = p->ip_version == 4, good = r != IPASM_BAD_LENGTH && r != IPASM_BAD_END;
	struct pkt inner;

	q->frag4_frames += v4;
	q->frag6_frames += !v4;
	q->frag4 += v4 && good && whole.fragments == 1;
	q->frag6 += !v4 && good && whole.fragments == 1;
	if (r != IPASM_WHOLE)
		return;
	q->frag4_whole += v4;
	q->frag6_whole += !v4 && whole.fragments > 1;
	pkt_dissect_datagram(&inner, p, whole.data, (uint32_t)whole.len);
	hear_packet(q, &(struct heard){ h->rec, &inner, p, whole.fragments });
}

/*
 * A fragment header on a packet that is whole (RFC 6946): no reassembly, but a fragment all
 * the same.  Those of one pair of hosts with one identification are one datagram here, as
 * readers of captures count them.
 */
static void count_atomic(struct tcpq *q, const struct heard *h)
{
	struct ipasm_fragment f;
	struct ipasm_datagram whole;

	if (ipfrag_fragment_from(&f, h->pkt) != IPFRAG_ATOMIC)
		return;
	if (q->ipfrag && !h->piece)
		(void)hear_piece(q, h, &whole);
	q->frag6_frames++;
	for (size_t i = 0; i < q->n_atomic; i++)
		if (ipasm_same_key(&q->atomic[i], &f.key))
			return;
	q->frag6++;
	if (q->n_atomic < ATOMIC_MAX)
		q->atomic[q->n_atomic++] = f.key;
}

static void hear_packet(struct tcpq *q, const struct heard *h)
{
	const struct pkt *p = h->pkt;

	if (p->stopped != V_OK)
		skip_frame(q, p);
	for (unsigned i = 0; i < q->n_views; i++)
		if (q->view[i]->packet)
			q->view[i]->packet(q, h);
	/* --arp's table hands what it hears to the same tally. */
	if (pkt_has(p, PKT_ARP) && !q->arpx)
		arp_tally_hear(&q->arp, (struct instant){ h->rec->unix_ns }, p->arp_fixed.op,
			       p->stopped == V_OK ? &p->arp : NULL);
	if (p->is_fragment) {
		hear_fragment(q, h);
		return;
	}
	if (pkt_has(p, PKT_IP6_EXT))
		count_atomic(q, h);
	if (pkt_has(p, PKT_ICMP4) || pkt_has(p, PKT_ICMP6))
		hear_quote(q, h);
	if (pkt_has(p, PKT_TCP))
		hear_tcp(q, h);
}

void hear_record(struct tcpq *q, const struct capr_record *rec)
{
	struct pkt p;
	struct heard h = { .rec = rec, .pkt = &p };
	struct capr_record mine;

	if (q->frames++ == 0)
		q->zero = (struct instant){ rec->unix_ns };
	/* Remarks name frames by the numbers that they have in the file that -w writes. */
	if (q->opt->write) {
		mine = *rec;
		mine.number = q->frames;
		h.rec = rec = &mine;
	}
	q->bytes += rec->wirelen;
	pkt_dissect(&p, rec->iface->linktype, rec->data, rec->caplen, rec->wirelen);
	hear_packet(q, &h);
	for (unsigned i = 0; i < q->n_views; i++)
		if (q->view[i]->frame)
			q->view[i]->frame(q, &h);
}
