/* Frames and packets inside packets: GRE with ERSPAN, and what travels in UDP. */
#include "pkt_impl.h"

/* ---- GRE (RFC 2784, RFC 2890, RFC 2637) and ERSPAN -------------------------------------- */

enum {
	GRE_CHECKSUM = 0x8000, GRE_ROUTING = 0x4000, GRE_KEY = 0x2000, GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080, GRE_VERSION = 0x0007,
};

enum { TYPE_ERSPAN2 = 0x88be, TYPE_ERSPAN3 = 0x22eb };

static uint32_t gre_length(uint16_t flags)
{
	uint32_t len = 4;

	for (unsigned bit = GRE_CHECKSUM; bit >= GRE_SEQUENCE; bit >>= 1)
		if (flags & bit && bit != GRE_ROUTING)
			len += 4;
	return (flags & GRE_VERSION) == 1 && flags & GRE_ACK ? len + 4 : len;
}

/* Type III (draft-foschiano-erspan 4.3): 12 bytes, 8 more with the O bit, and a frame type. */
static void walk_erspan3(struct walk *w)
{
	if (!need(w, PKT_ERSPAN, 12))
		return;
	uint16_t last = be16_at(w->at + 10);
	uint32_t len = last & 1 ? 20 : 12, frame_type = last >> 10 & 0x1f;
	if (!need(w, PKT_ERSPAN, len) || !layer(w, PKT_ERSPAN, len))
		return;
	if (frame_type == 0)
		walk_ethernet(w);
	else if (frame_type == 2)
		then(w, PKT_BY_VERSION, 0);
	else
		unsupported(w, PKT_BY_ETHERTYPE, TYPE_ERSPAN3);
}

/* Type I has no header of its own; it is told by the missing sequence number (4.1). */
static void walk_erspan(struct walk *w, bool numbered)
{
	if (!numbered) {
		walk_ethernet(w);
		return;
	}
	if (!need(w, PKT_ERSPAN, 8))
		return;
	if (w->at[0] >> 4 == 2)
		walk_erspan3(w);
	else if (w->at[0] >> 4 != 1)
		wrong(w, PKT_ERSPAN, V_VALUE);
	else if (layer(w, PKT_ERSPAN, 8))
		walk_ethernet(w);
}

void walk_gre(struct walk *w)
{
	if (!need(w, PKT_GRE, 4))
		return;
	uint16_t flags = be16_at(w->at), type = be16_at(w->at + 2);
	uint32_t len = gre_length(flags);
	/* RFC 2784 2.3 has the older routing information discarded, and versions are two. */
	if (flags & GRE_ROUTING || (flags & GRE_VERSION) > 1) {
		wrong(w, PKT_GRE, V_UNSUPPORTED);
		return;
	}
	if (!need(w, PKT_GRE, len) || !layer(w, PKT_GRE, len))
		return;
	if (w->cap == 0 && w->wire == 0)
		done(w);	/* an acknowledgment alone (RFC 2637 4.1), or a keep-alive */
	else if (type == TYPE_ERSPAN2)
		walk_erspan(w, flags & GRE_SEQUENCE);
	else if (type == TYPE_ERSPAN3)
		walk_erspan(w, true);
	else
		then(w, PKT_BY_ETHERTYPE, type);
}

/* ---- over UDP --------------------------------------------------------------------------- */
/*
 * A port promises little: each of these looks at its header first, and what does not
 * look right is left as a datagram's payload.
 */

enum { PORT_L2TP = 1701, PORT_GTP_U = 2152, PORT_TEREDO = 3544, PORT_VXLAN = 4789,
       PORT_GENEVE = 6081 };

/* RFC 7348 5: only the I flag says that there is an identifier. */
static bool walk_vxlan(struct walk *w)
{
	if (w->cap < 8 || !(w->at[0] & 0x08) || w->at[7])
		return false;
	if (layer(w, PKT_VXLAN, 8))
		walk_ethernet(w);
	return true;
}

/* RFC 8926 3.4 */
static bool walk_geneve(struct walk *w)
{
	if (w->cap < 8 || w->at[0] >> 6)
		return false;
	uint32_t len = 8 + (w->at[0] & 0x3fu) * 4;
	uint16_t type = be16_at(w->at + 2);
	if (len > w->cap)
		return false;
	if (layer(w, PKT_GENEVE, len))
		then(w, PKT_BY_ETHERTYPE, type);
	return true;
}

/* The chain of extension headers (3GPP TS 29.281 5.2.1), or 0 when it leaves the packet. */
static uint32_t gtp_length(const struct walk *w)
{
	enum { OPTIONAL = 0x07, EXTENSION = 0x04 };
	uint32_t len = 12;

	if (!(w->at[0] & OPTIONAL))
		return 8;
	if (len > w->cap)
		return 0;
	uint8_t next = w->at[0] & EXTENSION ? w->at[11] : 0;
	while (next) {
		uint32_t step = len < w->cap ? w->at[len] * 4u : 0;
		if (!step || step > w->cap - len)
			return 0;
		len += step;
		next = w->at[len - 1];
	}
	return len;
}

static bool walk_gtp(struct walk *w)
{
	enum { VERSION_AND_PROTOCOL = 0xf0, GTP1 = 0x30, G_PDU = 255 };

	if (w->cap < 8 || (w->at[0] & VERSION_AND_PROTOCOL) != GTP1)
		return false;
	uint32_t len = gtp_length(w);
	uint8_t type = w->at[1];
	if (!len || len > 8u + be16_at(w->at + 2))
		return false;
	limit(w, 8u + be16_at(w->at + 2));
	if (layer(w, PKT_GTP, len) && type == G_PDU)
		then(w, PKT_BY_VERSION, 0);
	return true;
}

/* Authentication and origin indications in front of the IPv6 packet (RFC 4380 5.1.1). */
static uint32_t teredo_length(const struct walk *w)
{
	uint32_t len = 0;

	if (w->cap >= 4 && be16_at(w->at) == 1)
		len = 13u + w->at[2] + w->at[3];
	if (w->cap >= 8 && len <= w->cap - 8 && be16_at(w->at + len) == 0)
		len += 8;
	return len;
}

static bool walk_teredo(struct walk *w)
{
	uint32_t len = teredo_length(w);

	if (len > w->cap || w->cap - len < IP6_HEADER_LEN || w->at[len] >> 4 != 6)
		return false;
	if (IP6_HEADER_LEN + be16_at(w->at + len + 4) > w->wire - len)
		return false;
	if (layer(w, PKT_TEREDO, len))
		walk_ip6(w);
	return true;
}

/* RFC 2661 3.1; control messages are left as payload. */
static bool walk_l2tp(struct walk *w)
{
	enum { CONTROL = 0x8000, LENGTH = 0x4000, SEQUENCE = 0x0800, OFFSET = 0x0200 };

	if (w->cap < 6)
		return false;
	uint16_t flags = be16_at(w->at);
	uint32_t len = 6u + (flags & LENGTH ? 2 : 0) + (flags & SEQUENCE ? 4 : 0);
	if (flags & CONTROL || (flags & 0xf) != 2)
		return false;
	if (flags & OFFSET) {
		if (len + 2 > w->cap)
			return false;
		len += 2u + be16_at(w->at + len);
	}
	if (len > w->cap)
		return false;
	if (flags & LENGTH && be16_at(w->at + 2) >= len)
		limit(w, be16_at(w->at + 2));
	if (layer(w, PKT_L2TP, len))
		then(w, PKT_BY_PPP, 0);
	return true;
}

static bool tunnel_on(struct walk *w, uint16_t port)
{
	switch (port) {
	case PORT_VXLAN:
		return walk_vxlan(w);
	case PORT_GENEVE:
		return walk_geneve(w);
	case PORT_GTP_U:
		return walk_gtp(w);
	case PORT_TEREDO:
		return walk_teredo(w);
	case PORT_L2TP:
		return walk_l2tp(w);
	default:
		return false;
	}
}

void walk_udp_tunnel(struct walk *w)
{
	uint16_t sport = w->p->udp.sport, dport = w->p->udp.dport;

	if (!tunnel_on(w, dport) && sport != dport)
		(void)tunnel_on(w, sport);
}
