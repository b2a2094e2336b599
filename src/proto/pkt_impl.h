/* pkt_impl.h - the walk through a frame, shared by the files of pkt.h and nobody else */
#ifndef WIRELAB_PKT_IMPL_H
#define WIRELAB_PKT_IMPL_H

#include "wirelab/pkt.h"

/*
 * Where the walk stands.  Two ends are kept: the packet's by its lengths, and the
 * capture's.  cap <= wire always; every header narrows both, nothing widens them.
 */
struct walk {
	struct pkt *p;
	const uint8_t *at;	/* == p->frame + off */
	uint32_t off;
	uint32_t cap;		/* bytes captured from here to the end of the current packet */
	uint32_t wire;		/* bytes to the end of the current packet */
	bool quoted;		/* inside an ICMP error */
	bool in_ip6;		/* behind an IPv6 header, where extension headers may stand */
	uint8_t space;		/* enum pkt_space: how number is meant */
	uint32_t number;	/* the next header */
};

static inline uint16_t be16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void then(struct walk *w, enum pkt_space space, uint32_t number)
{
	w->space = (uint8_t)space;
	w->number = number;
}

/* Nothing more to read, and nothing wrong. */
static inline void done(struct walk *w)
{
	w->space = PKT_BY_END;
}

/* The end of the current packet lies at most len bytes ahead. */
static inline void limit(struct walk *w, uint32_t len)
{
	if (len < w->wire)
		w->wire = len;
	if (w->cap > w->wire)
		w->cap = w->wire;
}

/* Stop in front of a header that is wrong.  A quoted packet is cut by nature (RFC 792,
 * RFC 4443 3.1), and none of its faults are this frame's. */
static inline void wrong(struct walk *w, enum pkt_kind kind, enum verdict verdict)
{
	w->space = PKT_BY_END;
	if (w->quoted)
		return;
	w->p->stopped = verdict;
	w->p->stopped_in = (uint8_t)kind;
	w->p->stopped_at = w->off;
}

/* Stop in front of something that nobody here reads. */
static inline void unsupported(struct walk *w, enum pkt_space space, uint32_t number)
{
	wrong(w, PKT_NONE, V_UNSUPPORTED);
	if (w->quoted)
		return;
	w->p->stopped_space = (uint8_t)space;
	w->p->stopped_value = number;
}

/* True when len bytes are here; else the walk has stopped, and knows whose fault it is. */
static inline bool need(struct walk *w, enum pkt_kind kind, uint32_t len)
{
	if (len <= w->cap)
		return true;
	wrong(w, kind, V_SHORT);
	w->p->snapped = !w->quoted && len <= w->wire;
	return false;
}

/* List the next len (<= cap) bytes as a layer and step over them; false when there is no
 * place: the walk has then stopped. */
static inline bool layer(struct walk *w, enum pkt_kind kind, uint32_t len)
{
	struct pkt *p = w->p;

	if (p->n_layers == PKT_LAYERS || len > UINT16_MAX) {
		wrong(w, kind, V_UNSUPPORTED);
		if (!w->quoted) {
			p->snapped = false;
			p->segment_kind = PKT_NONE;
		}
		return false;
	}
	p->layer[p->n_layers++] = (struct pkt_layer){ w->off, (uint16_t)len, (uint8_t)kind,
						      w->quoted };
	if (!w->quoted)
		p->has |= UINT32_C(1) << kind;
	w->at += len;
	w->off += len;
	w->cap -= len;
	w->wire -= len;
	return true;
}

/* pkt_link.c: what a link type, an EtherType, a PPP protocol or a SAP stands for */
void walk_linktype(struct walk *w);
void walk_ethertype(struct walk *w);
void walk_ppp(struct walk *w);
void walk_ethernet(struct walk *w);
void walk_mpls(struct walk *w);

/* pkt_ip.c: from the IP header to the transport's */
void walk_ip4(struct walk *w);
void walk_ip6(struct walk *w);
void walk_version(struct walk *w);	/* IPv4 or IPv6, as the first nibble says */
void walk_ip_proto(struct walk *w);

/* pkt_tunnel.c */
void walk_gre(struct walk *w);
void walk_udp_tunnel(struct walk *w);	/* what the ports of p->udp promise, or nothing */

#endif
