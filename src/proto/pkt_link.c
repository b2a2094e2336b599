/* What lies below IP: link types, EtherTypes, PPP protocols, service access points. */
#include "pkt_impl.h"

/* The registry of capture link types, as far as it is read here. */
enum {
	LINK_NULL = 0, LINK_ETHERNET = 1, LINK_PPP = 9, LINK_RAW_OPENBSD = 14, LINK_RAW = 12,
	LINK_PPP_HDLC = 50, LINK_PPP_ETHER = 51, LINK_RAW_LINKTYPE = 101, LINK_C_HDLC = 104,
	LINK_LOOP = 108, LINK_SLL = 113, LINK_ARCNET = 129, LINK_IPV4 = 228, LINK_IPV6 = 229,
	LINK_IPOIB = 242, LINK_SLL2 = 276,
};

enum {
	TYPE_SVLAN_OLD = 0x9100, TYPE_SVLAN_OLDER = 0x9200, TYPE_SVLAN_OLDEST = 0x9300,
	TYPE_RARP = 0x8035,
	TYPE_BRIDGED = 0x6558,		/* RFC 1701: transparent Ethernet bridging */
	TYPE_PPP = 0x880b,		/* RFC 2637 */
	TYPE_MPLS = 0x8847, TYPE_MPLS_MULTICAST = 0x8848,
	TYPE_PPPOE_DISCOVERY = 0x8863, TYPE_PPPOE = 0x8864,
};

enum { PPP_IP4 = 0x0021, PPP_IP6 = 0x0057, PPP_MPLS = 0x0281, PPP_MPLS_MULTICAST = 0x0283 };
enum { SAP_IP = 0x06, SAP_SNAP = 0xaa, LLC_UI = 0x03 };

/* ---- Ethernet, VLAN, LLC ---------------------------------------------------------------- */

static void walk_llc(struct walk *w)
{
	uint8_t sap, ui;
	uint32_t oui;

	if (!need(w, PKT_LLC, 3))
		return;
	sap = w->at[0];
	ui = w->at[2];
	if (sap != SAP_SNAP || w->at[1] != SAP_SNAP || ui != LLC_UI) {
		uint32_t len = (ui & 3) == 3 || w->cap < 4 ? 3 : 4;
		bool ip = sap == SAP_IP && ui == LLC_UI;
		if (!layer(w, PKT_LLC, len))
			return;
		if (ip)
			then(w, PKT_BY_ETHERTYPE, ETH_IPV4);
		else
			unsupported(w, PKT_BY_SAP, sap);
		return;
	}
	if (!need(w, PKT_LLC, 8))
		return;
	oui = be32_at(w->at + 2) & 0xffffff;
	uint16_t type = be16_at(w->at + 6);
	if (!layer(w, PKT_LLC, 8))
		return;
	/* RFC 1042: an organisation of zeros means EtherTypes; so does 802.1H's 00-00-f8. */
	if (oui == 0 || oui == 0x0000f8)
		then(w, PKT_BY_ETHERTYPE, type);
	else
		unsupported(w, PKT_BY_SAP, SAP_SNAP);
}

/* Below 1501 it is a length, and LLC follows (IEEE 802.3 3.2.6). */
static void type_or_length(struct walk *w, uint16_t type)
{
	if (type > ETH_LENGTH_MAX) {
		then(w, PKT_BY_ETHERTYPE, type);
		return;
	}
	limit(w, type);
	walk_llc(w);
}

void walk_ethernet(struct walk *w)
{
	struct pkt *p = w->p;

	if (!need(w, PKT_ETH, ETH_HEADER_LEN))
		return;
	const uint8_t *at = w->at;
	if (!layer(w, PKT_ETH, ETH_HEADER_LEN))
		return;
	uint16_t type = be16_at(at + 12);
	/* A tunnel that an ICMP error quotes holds somebody else's frame, not this one. */
	if (!w->quoted) {
		memcpy(p->eth.dst.b, at, sizeof(p->eth.dst.b));
		memcpy(p->eth.src.b, at + 6, sizeof(p->eth.src.b));
		p->eth.n_tags = 0;
		p->eth.type = type;
		p->n_tags = 0;
	}
	type_or_length(w, type);
}

/* A tag that stands behind the Ethernet header and its other tags, not behind a tunnel's. */
static void keep_tag(struct pkt *p, uint16_t tpid, uint16_t tci, uint16_t type)
{
	unsigned before = p->n_tags + 2u;	/* this tag, those in front of it, the header */

	if (p->n_layers < before || p->layer[p->n_layers - before].kind != PKT_ETH)
		return;
	if (p->n_tags < ETH_MAX_TAGS) {
		p->eth.tag[p->n_tags] = (struct eth_tag){ tpid, tci };
		p->eth.n_tags = p->n_tags + 1u;
	}
	p->n_tags++;
	p->eth.type = type;
}

static void walk_vlan(struct walk *w)
{
	if (!need(w, PKT_VLAN, ETH_TAG_LEN))
		return;
	uint16_t tci = be16_at(w->at), type = be16_at(w->at + 2);
	if (!layer(w, PKT_VLAN, ETH_TAG_LEN))
		return;
	if (!w->quoted)
		keep_tag(w->p, (uint16_t)w->number, tci, type);
	type_or_length(w, type);
}

/* ---- PPP, MPLS, ARP --------------------------------------------------------------------- */

/* All stations, unnumbered: no protocol begins with 0xff. */
static uint32_t ppp_front(const struct walk *w)
{
	return w->cap && w->at[0] == 0xff && (w->cap == 1 || w->at[1] == 0x03) ? 2 : 0;
}

/* Address and control may be left out, and so may the protocol's first byte when it is
 * zero: the second one is odd (RFC 1661 2 and 6.5). */
void walk_ppp(struct walk *w)
{
	uint32_t front = ppp_front(w);

	if (!need(w, PKT_PPP, front + 1))
		return;
	uint32_t len = front + (w->at[front] & 1 ? 1 : 2);
	if (!need(w, PKT_PPP, len))
		return;
	uint16_t protocol = len == front + 1 ? w->at[front] : be16_at(w->at + front);
	if (!layer(w, PKT_PPP, len))
		return;
	switch (protocol) {
	case PPP_IP4:
		then(w, PKT_BY_ETHERTYPE, ETH_IPV4);
		break;
	case PPP_IP6:
		then(w, PKT_BY_ETHERTYPE, ETH_IPV6);
		break;
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		then(w, PKT_BY_ETHERTYPE, TYPE_MPLS);
		break;
	default:
		unsupported(w, PKT_BY_PPP, protocol);
	}
}

static void walk_chdlc(struct walk *w)
{
	if (!need(w, PKT_CHDLC, 4))
		return;
	uint16_t type = be16_at(w->at + 2);
	if (layer(w, PKT_CHDLC, 4))
		then(w, PKT_BY_ETHERTYPE, type);
}

static void walk_pppoe(struct walk *w, bool session)
{
	if (!need(w, PKT_PPPOE, 6))
		return;
	limit(w, 6u + be16_at(w->at + 4));
	if (!layer(w, PKT_PPPOE, 6))
		return;
	if (session)
		then(w, PKT_BY_PPP, 0);
	else
		done(w);
}

/* Nothing names what a label stack carries.  IP is told by its version; a zero nibble is a
 * pseudo-wire's control word, with Ethernet behind it (RFC 4385 3, RFC 4448 4.6). */
static void behind_labels(struct walk *w)
{
	uint8_t nibble = w->cap ? w->at[0] >> 4 : 4;

	if (nibble == 4 || nibble == 6)
		then(w, PKT_BY_VERSION, 0);
	else if (nibble == 0 && w->cap >= 4 + ETH_HEADER_LEN && layer(w, PKT_MPLS, 4))
		walk_ethernet(w);
	else if (w->space != PKT_BY_END)
		unsupported(w, PKT_BY_VERSION, nibble);
}

void walk_mpls(struct walk *w)
{
	uint32_t len = 0;
	bool bottom = false;

	while (!bottom) {
		if (!need(w, PKT_MPLS, len + 4))
			return;
		bottom = w->at[len + 2] & 1;	/* RFC 3032 2.1 */
		len += 4;
	}
	if (layer(w, PKT_MPLS, len))
		behind_labels(w);
}

static void walk_arp(struct walk *w)
{
	struct pkt *p = w->p;
	struct rd r = rd_over(w->at, w->cap);
	struct arp_fixed f;

	if (!need(w, PKT_ARP, 8))
		return;
	struct rd whole = r;
	(void)arp_parse_fixed(&r, &f);
	uint32_t len = 8 + 2u * f.hlen + 2u * f.plen;
	if (!need(w, PKT_ARP, len))
		return;
	struct arp_msg quoted;
	if (!w->quoted)
		p->arp_fixed = f;
	enum verdict v = arp_parse(&whole, w->quoted ? &quoted : &p->arp);
	done(w);
	if (!layer(w, PKT_ARP, len))
		return;
	/* ARP is a protocol's end: what is left is the link's padding. */
	limit(w, 0);
	if (v != V_OK)
		unsupported(w, PKT_BY_ARP_TYPE, f.htype);
}

void walk_ethertype(struct walk *w)
{
	switch (w->number) {
	case ETH_IPV4:
		walk_ip4(w);
		return;
	case ETH_IPV6:
		walk_ip6(w);
		return;
	case ETH_ARP:
	case TYPE_RARP:
		walk_arp(w);
		return;
	case ETH_VLAN:
	case ETH_QINQ:
	case TYPE_SVLAN_OLD:
	case TYPE_SVLAN_OLDER:
	case TYPE_SVLAN_OLDEST:
		walk_vlan(w);
		return;
	case TYPE_MPLS:
	case TYPE_MPLS_MULTICAST:
		walk_mpls(w);
		return;
	case TYPE_PPPOE:
	case TYPE_PPPOE_DISCOVERY:
		walk_pppoe(w, w->number == TYPE_PPPOE);
		return;
	case TYPE_BRIDGED:
		walk_ethernet(w);
		return;
	case TYPE_PPP:
		walk_ppp(w);
		return;
	default:
		unsupported(w, PKT_BY_ETHERTYPE, w->number);
	}
}

/* ---- link types ------------------------------------------------------------------------- */

/* linux/if_ether.h numbers frames without an EtherType from 1 up. */
static void cooked_protocol(struct walk *w, uint16_t protocol)
{
	enum { COOKED_LLC = 0x0004 };

	if (protocol == COOKED_LLC)
		walk_llc(w);
	else
		then(w, PKT_BY_ETHERTYPE, protocol);
}

static void walk_cooked(struct walk *w, enum pkt_kind kind, uint32_t len, uint32_t protocol_at)
{
	if (!need(w, kind, len))
		return;
	uint16_t protocol = be16_at(w->at + protocol_at);
	if (layer(w, kind, len))
		cooked_protocol(w, protocol);
}

/* The address family in the byte order of whoever captured it; every BSD has its own AF_INET6. */
static void walk_loopback(struct walk *w)
{
	if (!need(w, PKT_LOOPBACK, 4))
		return;
	uint32_t family = be32_at(w->at);
	if (family > 0xffff)
		family = (uint32_t)w->at[1] << 8 | w->at[0];
	if (!layer(w, PKT_LOOPBACK, 4))
		return;
	switch (family) {
	case 2:
		then(w, PKT_BY_ETHERTYPE, ETH_IPV4);
		break;
	case 10: case 23: case 24: case 28: case 30:
		then(w, PKT_BY_ETHERTYPE, ETH_IPV6);
		break;
	default:
		unsupported(w, PKT_BY_LOOPBACK, family);
	}
}

/* On serial lines PPP and Cisco's framing are told apart by the first byte. */
static void walk_serial(struct walk *w)
{
	if (w->cap && (w->at[0] == 0x0f || w->at[0] == 0x8f))
		walk_chdlc(w);
	else
		walk_ppp(w);
}

/* Linux shows the hardware header without the fields that its cards make up; RFC 1201
 * has a flag and a sequence number behind the type, RFC 1051 does not. */
static void walk_arcnet(struct walk *w)
{
	enum { ARC_IP6 = 0xc4, ARC_IP4 = 0xd4, ARC_ARP = 0xd5, ARC_IP4_OLD = 0xf0,
	       ARC_ARP_OLD = 0xf1 };

	if (!need(w, PKT_ARCNET, 5))
		return;
	uint8_t type = w->at[4];
	bool numbered = type == ARC_IP4 || type == ARC_ARP || type == ARC_IP6;
	uint32_t len = numbered ? 8 : 5;
	if (!need(w, PKT_ARCNET, len) || !layer(w, PKT_ARCNET, len))
		return;
	if (type == ARC_IP4 || type == ARC_IP4_OLD)
		then(w, PKT_BY_ETHERTYPE, ETH_IPV4);
	else if (type == ARC_ARP || type == ARC_ARP_OLD)
		then(w, PKT_BY_ETHERTYPE, ETH_ARP);
	else if (type == ARC_IP6)
		then(w, PKT_BY_ETHERTYPE, ETH_IPV6);
	else
		unsupported(w, PKT_BY_ETHERTYPE, type);
}

void walk_linktype(struct walk *w)
{
	switch (w->number) {
	case LINK_ETHERNET:
		walk_ethernet(w);
		return;
	case LINK_SLL:
		walk_cooked(w, PKT_SLL, 16, 14);
		return;
	case LINK_SLL2:
		walk_cooked(w, PKT_SLL2, 20, 0);
		return;
	case LINK_RAW:
	case LINK_RAW_OPENBSD:
	case LINK_RAW_LINKTYPE:
		then(w, PKT_BY_VERSION, 0);
		return;
	case LINK_IPV4:
		then(w, PKT_BY_ETHERTYPE, ETH_IPV4);
		return;
	case LINK_IPV6:
		then(w, PKT_BY_ETHERTYPE, ETH_IPV6);
		return;
	case LINK_NULL:
	case LINK_LOOP:
		walk_loopback(w);
		return;
	case LINK_PPP:
	case LINK_PPP_HDLC:
		walk_serial(w);
		return;
	case LINK_PPP_ETHER:
		walk_pppoe(w, true);
		return;
	case LINK_C_HDLC:
		walk_chdlc(w);
		return;
	case LINK_ARCNET:
		walk_arcnet(w);
		return;
	case LINK_IPOIB:
		walk_cooked(w, PKT_IPOIB, 44, 40);
		return;
	default:
		unsupported(w, PKT_BY_LINKTYPE, w->number);
	}
}
