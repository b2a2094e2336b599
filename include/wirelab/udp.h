/* udp.h - the UDP header (RFC 768): two ports, a length with these 8 bytes in it, a checksum */
#ifndef WIRELAB_UDP_H
#define WIRELAB_UDP_H

#include "wirelab/addr.h"
#include "wirelab/bytes.h"
#include "wirelab/verdict.h"

#define UDP_HEADER_LEN 8u

struct udp_hdr {
	uint16_t sport, dport;
	uint16_t len;		/* bytes, header included; 0 in an IPv6 jumbogram (RFC 2675 4) */
	uint16_t checksum;	/* 0: none was computed */
};

/*
 * V_SHORT   fewer than 8 bytes
 * V_LENGTH  a length from 1 to 7
 *
 * Whether len bytes are there is the caller's to judge: captures are cut.
 */
enum verdict udp_parse(struct rd *r, struct udp_hdr *out);

/* Append the header, checksum as given.  Inverse of udp_parse. */
void udp_build(struct wr *w, const struct udp_hdr *hdr);

/* Compute the checksum of the datagram of len bytes, header included, and store it there. */
void udp_seal4(void *datagram, size_t len, struct ip4 src, struct ip4 dst);
void udp_seal6(void *datagram, size_t len, struct ip6 src, struct ip6 dst);

/* V_CHECKSUM unless the sum adds up.  A zero field is V_OK for IPv4, where it says that
 * nothing was summed, and V_CHECKSUM for IPv6 (RFC 8200 8.1). */
enum verdict udp_check4(const void *datagram, size_t len, struct ip4 src, struct ip4 dst);
enum verdict udp_check6(const void *datagram, size_t len, struct ip6 src, struct ip6 dst);

#endif
