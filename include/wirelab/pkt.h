/*
 * pkt.h - one captured frame, taken apart
 *
 * pkt_dissect() never fails: it goes as deep as it can, and says where and why it
 * stopped.  Everything it hands out lies inside the frame that it was given:
 *
 *	|<------------------------- caplen ------------------------->|
 *	| layer[0] | layer[1] | ... | layer[n-1] | payload | padding |
 *
 * Layers are headers in the order of the bytes, without gaps.  The payload is what
 * the innermost header carries, or what could not be read; padding is what the
 * lengths in the headers leave over (Ethernet's minimum, a trailer, an FCS).
 *
 * A frame may hold several headers of a kind (tunnels).  The structs below are those of
 * the innermost one; the others can be read again from their layer's offset.  A packet
 * that is quoted in an ICMP error is listed too, but its layers are marked, its ports and
 * numbers are in `quote`, and it is never taken for the frame's own TCP or UDP.
 */
#ifndef WIRELAB_PKT_H
#define WIRELAB_PKT_H

#include "wirelab/arp.h"
#include "wirelab/eth.h"
#include "wirelab/icmp.h"
#include "wirelab/ip4.h"
#include "wirelab/ip6.h"
#include "wirelab/tcp.h"
#include "wirelab/udp.h"

#define PKT_LAYERS 24u		/* deeper nesting is V_UNSUPPORTED */

enum pkt_kind {
	PKT_NONE,
	/* links */
	PKT_ETH, PKT_SLL, PKT_SLL2, PKT_LOOPBACK, PKT_PPP, PKT_CHDLC, PKT_ARCNET, PKT_IPOIB,
	/* between link and network */
	PKT_VLAN, PKT_LLC, PKT_PPPOE, PKT_MPLS,
	/* network */
	PKT_ARP,		/* and RARP, which differs in its operations (RFC 903) */
	PKT_IP4, PKT_IP6,
	PKT_IP6_EXT,		/* one layer for each extension header; AH behind IPv4, too */
	/* transport */
	PKT_ICMP4, PKT_ICMP6, PKT_UDP, PKT_TCP,
	/* tunnels */
	PKT_GRE, PKT_ERSPAN, PKT_VXLAN, PKT_GENEVE, PKT_GTP, PKT_TEREDO, PKT_L2TP,
	PKT_KINDS
};

/* "Ethernet", "IPv4", ...  Never NULL. */
const char *pkt_kind_name(enum pkt_kind kind);

struct pkt_layer {
	uint32_t off;		/* bytes from the start of the frame */
	uint16_t len;		/* bytes of the header that are here */
	uint8_t kind;		/* enum pkt_kind */
	bool quoted;		/* inside an ICMP error */
};

struct pkt_span { uint32_t off, len; };

/* Of the packet that an ICMP error quotes; 8 bytes of its transport header are enough. */
struct pkt_quote {
	uint8_t ip_version;	/* 4 or 6; 0: nothing legible is quoted */
	uint8_t proto;		/* PKT_TCP, PKT_UDP or PKT_NONE */
	bool has_seq;		/* TCP: seq is here, too */
	struct ip4 src4, dst4;
	struct ip6 src6, dst6;	/* only with ip_version 6 */
	uint16_t sport, dport;
	uint32_t seq;
};

struct pkt_frag {
	uint32_t id;
	uint32_t offset;	/* bytes into the datagram's payload */
	bool more;		/* this is not the last one */
	uint8_t proto;		/* what the whole datagram carries: IP_PROTO_... */
};

struct pkt {
	const uint8_t *frame;	/* borrowed; must outlive the struct */
	uint32_t caplen;	/* bytes that are here */
	uint32_t wirelen;	/* bytes that were on the wire, >= caplen */

	/*
	 * Why the dissection stopped.  V_OK: it came to the end, which is data, a fragment, or
	 * a header behind which nothing more is known to follow.  Otherwise stopped_in is the
	 * header that could not be read (PKT_NONE where nobody here knows it), and stopped_at is
	 * where it begins.
	 *
	 * V_SHORT        the header does not end before its packet does
	 * V_LENGTH       a length field contradicts another or its own minimum
	 * V_VALUE        no such version
	 * V_UNSUPPORTED  with PKT_NONE, stopped_value of stopped_space is not read here; else
	 *                that form of the header is not, or there is no place in layer[] for it
	 */
	enum verdict stopped;
	bool snapped;		/* with V_SHORT: the capture ends too early, not the packet */
	uint8_t stopped_in;	/* enum pkt_kind */
	uint8_t stopped_space;	/* enum pkt_space */
	uint32_t stopped_at;
	uint32_t stopped_value;

	uint8_t n_layers;
	uint8_t n_tags;		/* VLAN tags of the innermost Ethernet header, all of them */
	uint8_t ip_version;	/* innermost IP header: 4, 6, or 0 for none */
	bool is_fragment;	/* the innermost IP packet is a piece: frag, and payload */
	bool overrun;		/* an IP length says more than its frame had on the wire */
	bool no_length;		/* an IP length is 0 (offload): taken to reach to the frame's end */
	uint8_t tcp_here;	/* bytes of the TCP header that are captured, 4..60; the
				   fixed fields beyond them read 0 */
	uint32_t has;		/* bit 1 << kind for each kind that is listed unquoted */

	/* The transport header behind the innermost IP header, with its data: offset, bytes
	 * captured, and bytes by the lengths in the headers. */
	uint8_t segment_kind;	/* PKT_TCP, PKT_UDP, PKT_ICMP4, PKT_ICMP6, or PKT_NONE */
	struct pkt_span segment;
	uint32_t segment_wire;

	struct pkt_span payload;	/* captured part */
	uint32_t payload_wire;	/* bytes on the wire, by the lengths in the headers; with tcp_here
				   below 13, what is missing of the header is counted with them */
	struct pkt_span padding;

	/* Each valid only if pkt_has() its kind (frag: is_fragment; quote: pkt_has ICMP and
	 * icmp.quotes). */
	struct eth_hdr eth;	/* type is the one behind the tags */
	struct arp_fixed arp_fixed;
	struct arp_msg arp;	/* only if for IPv4 over Ethernet: else stopped is V_UNSUPPORTED */
	struct ip4_hdr ip4;
	struct ip6_hdr ip6;
	struct ip6 ip6_final;	/* ip6.dst, or where a routing header sends it in the end */
	struct pkt_frag frag;
	struct icmp_hdr icmp;
	struct udp_hdr udp;
	struct tcp_hdr tcp;
	struct pkt_quote quote;
	struct pkt_layer layer[PKT_LAYERS];
};

/* What numbers name the next header by; for stopped_value. */
enum pkt_space {
	PKT_BY_END,		/* nothing follows */
	PKT_BY_LINKTYPE,	/* the registry of capture link types */
	PKT_BY_ETHERTYPE,
	PKT_BY_IP_PROTO,
	PKT_BY_PPP,
	PKT_BY_SAP,		/* IEEE 802.2 destination service access point */
	PKT_BY_LOOPBACK,	/* address family of a BSD loopback header */
	PKT_BY_VERSION,		/* the version nibble where only IP can be */
	PKT_BY_ARP_TYPE,	/* ARP's hardware type */
};

/* linktype: a number as in capture files.  A wirelen below caplen is taken as caplen. */
void pkt_dissect(struct pkt *p, uint32_t linktype, const void *frame, uint32_t caplen,
		 uint32_t wirelen);

/*
 * The same for a datagram put together from fragments: data is what the IP header carries,
 * whose addresses and frag.proto come from `piece`, a dissected fragment (may be p itself).
 * Offsets are into data; no IP layer is listed, but ip_version and ip4 or ip6 are those of piece.
 */
void pkt_dissect_datagram(struct pkt *p, const struct pkt *piece, const void *data, uint32_t len);

static inline bool pkt_has(const struct pkt *p, enum pkt_kind kind)
{
	return p->has >> kind & 1;
}

/* The innermost unquoted layer of that kind, or NULL. */
const struct pkt_layer *pkt_find(const struct pkt *p, enum pkt_kind kind);

/* The options of the frame's TCP header, as far as they are here; as tcp_parse_options, and
 * V_LENGTH without any when the data offset lies, V_UNSUPPORTED without a TCP header. */
enum verdict pkt_tcp_options(const struct pkt *p, struct tcp_options *out, size_t *at);

/*
 * Does it sum up: the innermost IPv4 header with PKT_IP4, or the segment with its segment_kind?
 *
 * V_OK           yes, or it is UDP over IPv4 without a checksum
 * V_CHECKSUM     no
 * V_SHORT        cannot be told: the capture does not hold all of it
 * V_UNSUPPORTED  no such header in this frame, or another IP header behind it
 */
enum verdict pkt_check(const struct pkt *p, enum pkt_kind kind);

#endif
