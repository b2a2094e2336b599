/*
 * eth.h - Ethernet II framing and one or two VLAN tags (IEEE 802.1Q, 802.1ad "QinQ")
 *
 *	 6 bytes      6 bytes     [4 bytes each]      2 bytes
 *	+------------+-----------+--------+--------+-----------+---------
 *	| dst MAC    | src MAC   | outer  | inner  | EtherType | payload
 *	+------------+-----------+--------+--------+-----------+---------
 *	                          TPID,TCI TPID,TCI
 */
#ifndef WIRELAB_ETH_H
#define WIRELAB_ETH_H

#include "wirelab/addr.h"
#include "wirelab/bytes.h"
#include "wirelab/verdict.h"

#define ETH_HEADER_LEN 14u
#define ETH_TAG_LEN 4u
#define ETH_MIN_FRAME 60u	/* without the 4-byte FCS, which captures rarely hold */
#define ETH_MAX_TAGS 2u
#define ETH_LENGTH_MAX 1500u	/* a smaller "type" is an 802.3 length (IEEE 802.3 3.2.6) */

enum {
	ETH_IPV4 = 0x0800,
	ETH_ARP = 0x0806,
	ETH_VLAN = 0x8100,	/* 802.1Q customer tag */
	ETH_QINQ = 0x88a8,	/* 802.1ad service tag */
	ETH_IPV6 = 0x86dd,
};

#define ETH_VID_MASK 0x0fffu	/* the tag's low 12 bits; above them priority and DEI */
#define ETH_VID_MAX 4094u	/* 0 means "priority only", 4095 is reserved */

struct eth_tag {
	uint16_t tpid;		/* ETH_VLAN or ETH_QINQ */
	uint16_t tci;		/* priority (3 bits), DEI (1), VLAN identifier (12) */
};

struct eth_hdr {
	struct mac dst;
	struct mac src;
	struct eth_tag tag[ETH_MAX_TAGS];	/* outermost first */
	unsigned n_tags;
	uint16_t type;		/* of the payload, after the tags; <= ETH_LENGTH_MAX: a length */
};

/*
 * Read one header from the front of r, leaving r on the first payload byte.
 *
 * V_SHORT        the header, or a tag it announces, is not all there
 * V_UNSUPPORTED  more than ETH_MAX_TAGS tags
 *
 * 802.3 frames (a length where the type should be) are V_OK: the caller sees
 * hdr.type <= ETH_LENGTH_MAX and decides.
 */
enum verdict eth_parse(struct rd *r, struct eth_hdr *out);

/* Append the header to w.  Inverse of eth_parse. */
void eth_build(struct wr *w, const struct eth_hdr *hdr);

/* Zero-fill w up to ETH_MIN_FRAME bytes, what a card would do with a short frame. */
void eth_pad(struct wr *w);

/* Bytes that eth_build will write for hdr: 14, 18 or 22. */
size_t eth_length(const struct eth_hdr *hdr);

#endif
