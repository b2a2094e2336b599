/*
 * icmp.h - ICMP for IPv4 and IPv6 (RFC 792, RFC 4443)
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+---------------+-------------------------------+
 *  |     type      |     code      |           checksum            |
 *  +---------------+---------------+-------------------------------+
 *  |  by type: echo identifier and number, pointer, next-hop MTU   |
 *  +---------------------------------------------------------------+
 *  |  errors: the packet that caused it, from its IP header on
 */
#ifndef WIRELAB_ICMP_H
#define WIRELAB_ICMP_H

#include "wirelab/bytes.h"
#include "wirelab/verdict.h"

#define ICMP_HEADER_LEN 8u

enum {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACHABLE = 3,
	ICMP4_CODE_FRAG_NEEDED = 4,	/* of ICMP4_UNREACHABLE (RFC 1191 section 4) */
	ICMP4_SOURCE_QUENCH = 4,
	ICMP4_REDIRECT = 5,
	ICMP4_ECHO = 8,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER = 12,
};

enum {
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER = 4,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
};

struct icmp_hdr {
	uint8_t type, code;
	uint16_t checksum;
	uint32_t rest;		/* the second four bytes as one number */
	uint32_t mtu;		/* of the next hop; 0 when this message carries none, and from
				   routers that are older than RFC 1191 */
	bool quotes;		/* an error: the packet that caused it follows */
};

/*
 * Read the first eight bytes, leaving r on what follows: with quotes, the IP header of the
 * quoted packet.  V_SHORT when they are not there.
 */
enum verdict icmp4_parse(struct rd *r, struct icmp_hdr *out);
enum verdict icmp6_parse(struct rd *r, struct icmp_hdr *out);

#endif
