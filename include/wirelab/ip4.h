/*
 * ip4.h - the IPv4 header (RFC 791 section 3.1)
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+-------+---------------+-------------------------------+
 *  |  4    |  IHL  | DSCP, ECN     |          total length         |
 *  +-------+-------+---------------+-----+-------------------------+
 *  |         identification        |0 D M|     fragment offset     |
 *  +---------------+---------------+-----+-------------------------+
 *  |  time to live |   protocol    |        header checksum        |
 *  +---------------+---------------+-------------------------------+
 *  |  source address               |  destination address
 *  +-------------------------------+-------------------------------
 *  |  options, up to 40 bytes ...
 */
#ifndef WIRELAB_IP4_H
#define WIRELAB_IP4_H

#include "wirelab/addr.h"
#include "wirelab/bytes.h"
#include "wirelab/verdict.h"

#define IP4_HEADER_MIN 20u
#define IP4_HEADER_MAX 60u

/* Protocol numbers (IANA), the same for IPv4 and as IPv6's next header. */
enum {
	IP_PROTO_HOPOPT = 0,
	IP_PROTO_ICMP = 1,
	IP_PROTO_IP4 = 4,
	IP_PROTO_TCP = 6,
	IP_PROTO_UDP = 17,
	IP_PROTO_IP6 = 41,
	IP_PROTO_ROUTING = 43,
	IP_PROTO_FRAGMENT = 44,
	IP_PROTO_GRE = 47,
	IP_PROTO_ESP = 50,
	IP_PROTO_AH = 51,
	IP_PROTO_ICMP6 = 58,
	IP_PROTO_NONE = 59,
	IP_PROTO_DSTOPTS = 60,
	IP_PROTO_MOBILITY = 135,
	IP_PROTO_MPLS = 137,
	IP_PROTO_HIP = 139,
	IP_PROTO_SHIM6 = 140,
};

struct ip4_hdr {
	uint8_t header_len;	/* bytes with options, 20..60 */
	uint8_t tos;		/* DSCP (6 bits), ECN (2) */
	uint16_t total_len;	/* bytes, header included; 0 before segmentation offload */
	uint16_t id;
	bool dont_fragment, more_fragments;
	bool reserved;		/* the bit that must be zero (RFC 3514 has another idea) */
	uint16_t frag_offset;	/* bytes, a multiple of 8 */
	uint8_t ttl;
	uint8_t proto;
	uint16_t checksum;
	struct ip4 src, dst;
};

/*
 * Read one header with its options from the front of r, leaving r behind it.
 *
 * V_SHORT   fewer bytes than the header says it has
 * V_VALUE   the version is not 4
 * V_LENGTH  IHL below 5, or a total length that is neither 0 nor as long as the header
 *
 * *out is filled when the 20 fixed bytes are there and the version is right, so that a
 * damaged header can be shown.
 *
 * Whether total_len bytes are there is the caller's to judge: captures are cut.
 * The checksum is not looked at; see ip4_check().
 */
enum verdict ip4_parse_header(struct rd *r, struct ip4_hdr *out);

/* Append a header of 20 bytes, its checksum computed, whatever header_len and checksum
 * say.  Inverse of ip4_parse_header for headers without options. */
void ip4_build(struct wr *w, const struct ip4_hdr *hdr);

/* V_CHECKSUM unless the sum over the header (len bytes, options included) adds up. */
enum verdict ip4_check(const void *header, size_t len);

/* True for every piece of a datagram that was cut: an offset, or more to come. */
static inline bool ip4_is_fragment(const struct ip4_hdr *h)
{
	return h->more_fragments || h->frag_offset;
}

/*
 * The pseudo-header that TCP (RFC 9293 3.1) and UDP (RFC 768) sum with their segment
 * of len bytes; to be handed to csum_add().
 */
uint32_t ip4_pseudo_sum(struct ip4 src, struct ip4 dst, uint8_t proto, uint32_t len);

#endif
