/*
 * arp.h - ARP for IPv4 over Ethernet (RFC 826)
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------------------------------+-------------------------------+
 *  |     hardware type = 1         |     protocol type = 0x0800    |
 *  +---------------+---------------+-------------------------------+
 *  | hw len = 6    | proto len = 4 |          operation            |
 *  +---------------+---------------+-------------------------------+
 *  |  sender MAC (6)   sender IPv4 (4)   target MAC (6)   target IPv4 (4)
 */
#ifndef WIRELAB_ARP_H
#define WIRELAB_ARP_H

#include "wirelab/addr.h"
#include "wirelab/bytes.h"
#include "wirelab/eth.h"
#include "wirelab/verdict.h"

#define ARP_IPV4_LEN 28u	/* bytes; Ethernet pads the frame to 60, so more may follow */
#define ARP_FRAME_MAX (ETH_MIN_FRAME + ETH_MAX_TAGS * ETH_TAG_LEN)

enum {
	ARP_HTYPE_ETHERNET = 1,
	ARP_PTYPE_IPV4 = 0x0800,
	ARP_HLEN = 6,
	ARP_PLEN = 4,
};

enum arp_operation { ARP_REQUEST = 1, ARP_REPLY = 2 };	/* others: RFC 903, RFC 2390 */

/* The first eight bytes, which say what the rest is. */
struct arp_fixed {
	uint16_t htype, ptype;
	uint8_t hlen, plen;
	uint16_t op;
};

struct arp_msg {
	uint16_t op;		/* kept even when it is not in enum arp_operation */
	struct mac sender_mac;
	struct ip4 sender_ip;
	struct mac target_mac;
	struct ip4 target_ip;
};

/* V_SHORT when fewer than 8 bytes are left; r is then spent. */
enum verdict arp_parse_fixed(struct rd *r, struct arp_fixed *out);

/*
 * Read one ARP message from the front of r, leaving r on the byte after it.
 *
 * V_SHORT        fewer than 28 bytes were left
 * V_UNSUPPORTED  hardware type, protocol type or either length is not
 *                Ethernet/IPv4's
 *
 * out is untouched unless V_OK.  An unknown operation is V_OK: RFC 826 merges
 * the sender before it looks at the operation, and so must our callers.
 */
enum verdict arp_parse(struct rd *r, struct arp_msg *out);

/* Append exactly ARP_IPV4_LEN bytes to w, or mark w bad.  Inverse of arp_parse. */
void arp_build(struct wr *w, const struct arp_msg *msg);

/* RFC 5227 section 1.1: a request with sender address 0.0.0.0 asks "is it free?" */
bool arp_is_probe(const struct arp_msg *msg);

/* ... and a request for the sender's own address says "it is mine now". */
bool arp_is_announcement(const struct arp_msg *msg);

/* Sender and target address equal, in a request or a reply (RFC 5944 4.6 "gratuitous"). */
bool arp_is_gratuitous(const struct arp_msg *msg);

/* A whole frame as captured, header and message, with the place where reading stopped. */
struct arp_frame {
	struct eth_hdr eth;	/* valid from stage ARP_AT_FIXED on, and where another type than
				   ARP stopped it at ARP_AT_ETH; else zero */
	struct arp_fixed fixed;	/* valid from stage ARP_AT_BODY on */
	struct arp_msg msg;	/* valid when verdict is V_OK */
	enum verdict verdict;
	enum arp_stage { ARP_AT_ETH, ARP_AT_FIXED, ARP_AT_BODY } stage;
	size_t trailer;		/* bytes behind the message: padding, as a rule */
};

/*
 * Take a frame apart; never fails, out->verdict says how far it got.
 * V_UNSUPPORTED at ARP_AT_ETH means that the frame is not ARP at all.
 */
void arp_frame_parse(const void *frame, size_t len, struct arp_frame *out);

/*
 * Build header, message and padding into buf (at least ARP_FRAME_MAX bytes).
 * Returns the frame's length: 60 without a tag, 4 more for each.
 */
size_t arp_frame_build(uint8_t buf[static ARP_FRAME_MAX], const struct eth_hdr *eth,
		       const struct arp_msg *msg);

#endif
