/*
 * ip6.h - the IPv6 header and its extension headers (RFC 8200)
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+---------------+---------------------------------------+
 *  |  6    | traffic class |              flow label               |
 *  +-------+---------------+-------+---------------+---------------+
 *  |         payload length        |  next header  |   hop limit   |
 *  +-------------------------------+---------------+---------------+
 *  |  source address (16)             destination address (16)
 */
#ifndef WIRELAB_IP6_H
#define WIRELAB_IP6_H

#include "wirelab/addr.h"
#include "wirelab/bytes.h"
#include "wirelab/ip4.h"
#include "wirelab/verdict.h"

#define IP6_HEADER_LEN 40u
#define IP6_FRAGMENT_LEN 8u

struct ip6_hdr {
	uint8_t traffic_class;
	uint32_t flow_label;	/* 20 bits */
	uint16_t payload_len;	/* bytes behind these 40; 0: jumbogram, offload or nothing */
	uint8_t next;		/* the first header behind: enum IP_PROTO_... */
	uint8_t hop_limit;
	struct ip6 src, dst;
};

/* V_SHORT: fewer than 40 bytes; V_VALUE: the version is not 6.  r is left behind the header. */
enum verdict ip6_parse_header(struct rd *r, struct ip6_hdr *out);

/* Append exactly IP6_HEADER_LEN bytes, or mark w bad.  Inverse of ip6_parse_header. */
void ip6_build(struct wr *w, const struct ip6_hdr *hdr);

/* True for the headers that ip6_parse_ext reads: all but ESP, which hides what it carries. */
bool ip6_is_ext(uint8_t proto);

struct ip6_ext {
	uint8_t proto;		/* which one it is, as asked for */
	uint8_t next;
	uint16_t len;		/* bytes, itself included: 8..2048 */

	/* IP_PROTO_FRAGMENT only (4.5) */
	uint16_t frag_offset;	/* bytes, a multiple of 8 */
	bool more_fragments;
	uint32_t id;

	/* IP_PROTO_ROUTING only (4.4, RFC 6275 6.4, RFC 8754 2) */
	bool has_final;		/* segments are left, and the last address is here */
	struct ip6 final;	/* what upper layers sum as destination (8.1) */

	uint32_t jumbo_len;	/* IP_PROTO_HOPOPT only: jumbo payload (RFC 2675 2), all bytes
				   behind the IPv6 header; 0 without that option */
};

/*
 * Read the extension header `proto` from the front of r, leaving r behind it.
 *
 * V_SHORT        fewer bytes than it says it has
 * V_LENGTH       an authentication header below its minimum (RFC 4302 2.2)
 * V_UNSUPPORTED  proto is no extension header
 */
enum verdict ip6_parse_ext(struct rd *r, uint8_t proto, struct ip6_ext *out);

/* As ip4_pseudo_sum (RFC 8200 8.1); dst is the final destination. */
uint32_t ip6_pseudo_sum(struct ip6 src, struct ip6 dst, uint8_t proto, uint32_t len);

#endif
