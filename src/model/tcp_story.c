/* A connection as it lies in the table, told in full. */
#include "tcp_flow.h"

#include <string.h>

static uint64_t frame_of(const struct flow_hot *h, uint32_t offset)
{
	return offset ? h->first_frame + offset - 1 : 0;
}

static void tell_options(const struct flow_hot *h, const struct flow_cold *c,
			 const struct flow_notes *notes, unsigned side,
			 struct tcp_syn_options *out)
{
	const struct flow_side *s = &h->side[side];

	*out = (struct tcp_syn_options){ .present = knows(s, SIDE_ISN) };
	if (!out->present)
		return;
	out->seen = s->options_seen;
	out->mss = s->mss;
	out->wscale = s->wscale;
	out->ts_val = s->ts_val;
	if (knows(s, SIDE_ECR_PEER))
		out->ts_ecr = h->side[!side].ts_val;
	else if (knows(s, SIDE_ECR_NOTED))
		out->ts_ecr = notes->side[side].ts_ecr;
	tcp_unpack_kinds(c->kinds[side], out);
	out->kinds_cut = knows(s, SIDE_KINDS_CUT);
}

static uint64_t total(const struct flow_side *s, const struct notes_side *n, enum tally which)
{
	return tallied(s, which) + (n ? (uint64_t)n->carry[which] * TALLY_MAX : 0);
}

static void tell_notes(const struct flow_hot *h, const struct notes_side *n, struct tcp_side *out)
{
	if (!n)
		return;
	out->fin = n->fin;
	out->rst = n->rst;
	out->fin_frame = frame_of(h, n->fin_frame);
	out->fin_acked_frame = frame_of(h, n->fin_acked_frame);
	out->data_after_peer_fin = n->data_after_peer_fin;
	out->bytes_after_peer_fin = n->bytes_after_peer_fin;
}

static void tell_troubles(const uint32_t count[static TCP_T_COUNT], struct tcp_side *out)
{
	for (unsigned i = 0; i < TCP_T_COUNT; i++)
		out->trouble[i] = count[i];
}

static void tell_side(const struct flow_hot *h, const struct flow_notes *notes,
		      const struct flow_troubles *troubles, unsigned side, struct tcp_side *out)
{
	const struct flow_side *s = &h->side[side];
	const struct notes_side *n = notes ? &notes->side[side] : NULL;

	*out = (struct tcp_side){
		.frames = s->frames, .bytes = s->bytes, .payload = s->payload,
		.data_segments = s->data_segments, .has_isn = knows(s, SIDE_ISN),
		.syn = total(s, n, TALLY_SYN), .synack = total(s, n, TALLY_SYNACK),
		.zero_windows = total(s, n, TALLY_ZERO_WINDOW), .urg = total(s, n, TALLY_URG),
		.ece = total(s, n, TALLY_ECE), .cwr = total(s, n, TALLY_CWR),
		.state = flow_state(h, side),
	};
	if (out->has_isn)
		out->isn = s->base;
	tell_notes(h, n, out);
	if (troubles)
		tell_troubles(troubles->count[side], out);
	out->trouble[TCP_T_CHECKSUM_OFFLOAD] =
		h->bits & (side ? FLOW_OFFLOAD_B : FLOW_OFFLOAD_A) ? 1 : 0;
}

static bool is_simultaneous(const struct flow_hot *h, unsigned initiator)
{
	return tallied(&h->side[initiator], TALLY_SYN) && knows(&h->side[!initiator], SIDE_SYN_FIRST);
}

static enum tcp_open how_opened(const struct flow_hot *h, unsigned initiator)
{
	bool syn = h->bits & FLOW_SYN, synack = h->bits & FLOW_SYNACK, ack = h->bits & FLOW_ACK;

	if (!(h->bits & FLOW_STARTED))
		return TCP_OPEN_MIDSTREAM;
	if (is_simultaneous(h, initiator))
		return TCP_OPEN_SIMULTANEOUS;
	if (synack && ack)
		return syn ? TCP_OPEN_COMPLETE : TCP_OPEN_NO_SYN;
	if (synack)
		return syn ? TCP_OPEN_SYNACK_NO_ACK : TCP_OPEN_SYNACK_ONLY;
	if (h->bits & FLOW_REFUSED)
		return TCP_OPEN_REFUSED;
	if (syn && h->side[!initiator].frames == 0)
		return knows(&h->side[initiator], SIDE_ANY_ACK) ? TCP_OPEN_ONE_WAY :
								  TCP_OPEN_NO_ANSWER;
	return TCP_OPEN_ODD;
}

static enum tcp_close how_closed_by_two(const struct tcp_story *o, uint32_t bits)
{
	const struct tcp_side *first = &o->side[o->first_fin_by];
	const struct tcp_side *second = &o->side[!o->first_fin_by];
	bool acked = first->fin_acked_frame != 0;

	if (o->first_rst_frame && o->first_rst_frame < second->fin_frame)
		return TCP_CLOSE_RST_THEN_FIN;
	if (acked && first->fin_acked_frame < second->fin_frame)
		return second->data_after_peer_fin ? TCP_CLOSE_HALF : TCP_CLOSE_FIN4;
	return bits & FLOW_FIN2_ACKS ? TCP_CLOSE_FIN3 : TCP_CLOSE_SIMULTANEOUS;
}

static enum tcp_close how_closed(const struct tcp_story *o, uint32_t bits)
{
	if (o->first_fin_by == TCP_NOBODY) {
		if (!o->first_rst_frame)
			return TCP_CLOSE_NONE;
		return o->open == TCP_OPEN_REFUSED ? TCP_CLOSE_REFUSED : TCP_CLOSE_RST;
	}
	if (o->side[!o->first_fin_by].fin_frame)
		return how_closed_by_two(o, bits);
	if (!o->first_rst_frame)
		return TCP_CLOSE_ONE_FIN;
	return o->first_rst_frame < o->side[o->first_fin_by].fin_frame ? TCP_CLOSE_RST_THEN_FIN :
									 TCP_CLOSE_FIN_RST;
}

static void tell_opening(const struct flow_hot *h, const struct flow_cold *c, struct tcp_story *o)
{
	unsigned who = h->bits & FLOW_STARTED_BY_B ? 1 : 0;

	o->initiator = h->bits & FLOW_STARTED ? (int)who : TCP_NOBODY;
	o->open = how_opened(h, who);
	o->syn_frame = frame_of(h, c->syn_frame);
	if (h->bits & FLOW_SYNACK)
		o->synack_frame = frame_of(h, c->synack_frame);
	if (h->bits & FLOW_REFUSED)
		o->refused_frame = frame_of(h, c->synack_frame);
	if (h->bits & FLOW_ACK)
		o->ack_frame = frame_of(h, c->ack_frame);
	o->has_rtt = h->bits & FLOW_RTT;
	o->rtt_ns = o->has_rtt ? c->hs : 0;
}

static void tell_closing(const struct flow_hot *h, const struct flow_notes *notes,
			 struct tcp_story *o)
{
	uint64_t a = o->side[0].fin_acked_frame, b = o->side[1].fin_acked_frame;

	o->first_fin_by = o->first_rst_by = TCP_NOBODY;
	if (o->side[0].fin_frame || o->side[1].fin_frame)
		o->first_fin_by = h->bits & FLOW_FIN_BY_B ? 1 : 0;
	if (notes && notes->first_rst) {
		o->first_rst_frame = frame_of(h, notes->first_rst);
		o->first_rst_by = h->bits & FLOW_RST_BY_B ? 1 : 0;
	}
	o->both_fins_acked = a && b;
	o->rst_after_close = o->both_fins_acked && o->first_rst_frame > (a > b ? a : b);
	o->close = how_closed(o, h->bits);
}

/* Wireshark counts the first segment of a connection when it has seen a second; a SYN at once. */
static uint8_t completeness(const struct flow_hot *h)
{
	unsigned seen = h->bits >> FLOW_COMPLETENESS & 63;
	bool alone = h->side[0].frames + h->side[1].frames == 1;

	return (uint8_t)(alone && !(seen & TCP_COMPLETE_SYN) ? 0 : seen);
}

void tcp_track_story(const struct tcp_track *t, uint32_t flow, struct tcp_story *o)
{
	const struct flow_hot *h = &t->hot[flow];
	const struct flow_cold *c = &t->cold[flow];
	const struct flow_notes *notes = flow_notes_of(t, h);
	const struct flow_troubles *troubles = flow_troubles_of(t, notes);

	*o = (struct tcp_story){ .stream = t->stream[flow], .family = h->bits & FLOW_IP6 ? 6 : 4,
				 .port = { h->port[0], h->port[1] },
				 .first_frame = h->first_frame,
				 .last_frame = frame_of(h, h->last_frame),
				 .first_time = c->first_time, .last_time = h->last_time,
				 .completeness = completeness(h) };
	memcpy(o->addr, h->addr, sizeof(o->addr));
	for (unsigned side = 0; side < 2; side++) {
		tell_side(h, notes, troubles, side, &o->side[side]);
		tell_options(h, c, notes, side, &o->side[side].syn_options);
	}
	tell_opening(h, c, o);
	tell_closing(h, notes, o);
}

uint32_t tcp_track_stream(const struct tcp_track *t, uint32_t flow)
{
	return t->stream[flow];
}

const char *tcp_open_name(enum tcp_open open)
{
	static const char *const name[] = {
		"complete", "simultaneous", "refused", "no_answer", "one_way", "synack_no_ack",
		"synack_only", "no_syn", "midstream", "odd",
	};

	return name[open];
}

const char *tcp_close_name(enum tcp_close close)
{
	static const char *const name[] = {
		"fin4", "fin3", "half_close", "simultaneous", "one_fin", "fin_rst",
		"rst_then_fin", "rst", "refused", "none",
	};

	return name[close];
}

const char *tcp_state_name(enum tcp_state s)
{
	static const char *const name[] = {
		"?", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
		"CLOSING", "CLOSE-WAIT", "LAST-ACK", "TIME-WAIT", "CLOSED",
	};

	return name[s];
}
