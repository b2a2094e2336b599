/*
 * Any bytes as a captured frame: the first chooses the link type, the second how much of the
 * frame the capture has cut off.
 *
 * What must hold: nothing outside is read (the sanitizers see to that); layers follow each
 * other without a gap, then payload, then padding, to the last byte; what is said to be there
 * is there, and reads the same a second time; a stop has a place and a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/pkt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void spans_follow_each_other(const struct pkt *p)
{
	uint32_t end = 0, has = 0;

	require(p->n_layers <= PKT_LAYERS);
	for (unsigned i = 0; i < p->n_layers; i++) {
		const struct pkt_layer *l = &p->layer[i];
		require(l->kind > PKT_NONE && l->kind < PKT_KINDS);
		require(l->off == end && l->len <= p->caplen - end);
		require(i == 0 || l->quoted >= p->layer[i - 1].quoted);
		end += l->len;
		if (!l->quoted)
			has |= UINT32_C(1) << l->kind;
	}
	require(p->has == has);
	require(p->payload.off == end && p->payload.len <= p->caplen - end);
	require(p->padding.off == end + p->payload.len);
	require(p->padding.len == p->caplen - p->padding.off);
	require(p->payload_wire >= p->payload.len && p->payload_wire <= p->wirelen - end);
}

static void a_stop_has_a_place_and_a_reason(const struct pkt *p)
{
	require(p->stopped_at <= p->caplen);
	require(p->stopped != V_CHECKSUM && (unsigned)p->stopped <= V_UNSUPPORTED);
	require(!p->snapped || (p->stopped == V_SHORT && p->caplen < p->wirelen));
	require(p->stopped_in < PKT_KINDS);
	if (p->stopped == V_OK)
		require(p->stopped_in == PKT_NONE && p->stopped_space == PKT_BY_END);
	if (p->stopped_space != PKT_BY_END)
		require(p->stopped == V_UNSUPPORTED && p->stopped_in == PKT_NONE);
}

static void the_transport_is_inside(const struct pkt *p)
{
	struct tcp_options o;
	size_t at = 0;

	require(p->segment.off <= p->caplen && p->segment.len <= p->caplen - p->segment.off);
	require(p->segment_wire >= p->segment.len);
	require(p->segment_kind == PKT_NONE || pkt_has(p, (enum pkt_kind)p->segment_kind));
	require(p->segment_kind == PKT_NONE || p->segment_kind == PKT_TCP ||
		p->segment_kind == PKT_UDP || p->segment_kind == PKT_ICMP4 ||
		p->segment_kind == PKT_ICMP6);
	/* What an error quotes is not the frame's, however it ends. */
	if (p->n_layers && p->layer[p->n_layers - 1].quoted)
		require(p->stopped == V_OK && (p->segment_kind == PKT_ICMP4 ||
					       p->segment_kind == PKT_ICMP6));
	enum verdict v = pkt_tcp_options(p, &o, &at);
	require((v == V_UNSUPPORTED) == !pkt_has(p, PKT_TCP));
	if (v == V_UNSUPPORTED) {
		require(p->tcp_here == 0);
		return;
	}
	require(p->tcp_here >= 4 && p->tcp_here <= 60 && at <= TCP_OPTIONS_MAX);
	require(pkt_find(p, PKT_TCP)->off == p->segment.off);
	require(pkt_find(p, PKT_TCP)->len == p->tcp_here);
	require(o.n_kinds <= TCP_OPTIONS_MAX);
	if (o.seen & TCP_SEEN_SACK)
		require(o.n_sack >= 1 && o.n_sack <= TCP_SACK_MAX);
	if (o.seen & TCP_SEEN_TFO)
		require(o.tfo_at + o.tfo_len <= p->tcp_here - (int)TCP_HEADER_MIN);
	if (p->stopped == V_OK)
		require(p->segment_wire == p->tcp.header_len + p->payload_wire);
}

static void every_header_can_be_asked(const struct pkt *p)
{
	for (int kind = PKT_NONE; kind < PKT_KINDS; kind++) {
		const struct pkt_layer *l = pkt_find(p, (enum pkt_kind)kind);
		require((l != NULL) == pkt_has(p, (enum pkt_kind)kind));
		enum verdict v = pkt_check(p, (enum pkt_kind)kind);
		require(v != V_LENGTH && v != V_VALUE);
		require(l || v == V_UNSUPPORTED);
		require(pkt_kind_name((enum pkt_kind)kind)[0] != '\0');
	}
	require(!pkt_has(p, PKT_IP4) || p->ip_version);
	require(!p->is_fragment || p->ip_version);
}

/* Headers with builders come out as they went in. */
static void headers_build_again(const struct pkt *p)
{
	uint8_t bytes[64];
	struct wr w = wr_over(bytes, sizeof(bytes));

	if (p->ip_version == 6 && pkt_has(p, PKT_IP6)) {
		ip6_build(&w, &p->ip6);
		require(memcmp(bytes, p->frame + pkt_find(p, PKT_IP6)->off, w.len) == 0);
	}
	w = wr_over(bytes, sizeof(bytes));
	if (p->tcp_here >= TCP_HEADER_MIN && p->tcp_here == p->tcp.header_len) {
		const uint8_t *at = p->frame + p->segment.off;
		tcp_build(&w, &p->tcp, at + TCP_HEADER_MIN, p->tcp_here - TCP_HEADER_MIN);
		require(wr_ok(&w) && w.len == p->tcp_here);
		require(memcmp(bytes, at, w.len) == 0);
	}
	w = wr_over(bytes, sizeof(bytes));
	if (pkt_has(p, PKT_ETH)) {
		const struct pkt_layer *l = pkt_find(p, PKT_ETH);
		eth_build(&w, &p->eth);
		require(memcmp(bytes, p->frame + l->off, 12) == 0);
		/* one or two tags; further ones are listed, not kept */
		if (p->n_tags <= ETH_MAX_TAGS)
			require(memcmp(bytes, p->frame + l->off, w.len) == 0);
	}
	w = wr_over(bytes, sizeof(bytes));
	if (pkt_has(p, PKT_UDP)) {
		udp_build(&w, &p->udp);
		require(memcmp(bytes, p->frame + pkt_find(p, PKT_UDP)->off, w.len) == 0);
	}
}

static void all_of_it(const struct pkt *p)
{
	spans_follow_each_other(p);
	a_stop_has_a_place_and_a_reason(p);
	the_transport_is_inside(p);
	every_header_can_be_asked(p);
	headers_build_again(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t linktype[] = { 1, 113, 276, 101, 12, 14, 228, 229, 0, 108, 9, 50, 51,
					     104, 129, 242, 105 };
	struct pkt p, whole;

	if (size < 2)
		return 0;
	/* A block of its own, so that one byte beyond the frame is the sanitizer's. */
	uint32_t len = (uint32_t)size - 2;
	uint8_t *frame = malloc(len);
	require(frame || !len);
	if (len)
		memcpy(frame, data + 2, len);
	memset(&p, data[1], sizeof(p));
	pkt_dissect(&p, linktype[data[0] % (sizeof(linktype) / sizeof(linktype[0]))], frame, len,
		    len + data[1]);
	all_of_it(&p);
	if (p.is_fragment) {
		pkt_dissect_datagram(&whole, &p, frame + p.payload.off, p.payload.len);
		all_of_it(&whole);
	}
	free(frame);
	return 0;
}
