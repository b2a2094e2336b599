/*
 * libnet_bytes.h - the same frames, built by libnet: a second opinion on every byte
 *
 * In a file of its own, because libnet brings system headers whose names (arp_op,
 * TH_SYN ...) the pure code does not want to meet.  Needs no privilege and no link.
 */
#ifndef WIRELAB_LIBNET_BYTES_H
#define WIRELAB_LIBNET_BYTES_H

#include "wirelab/arp.h"
#include "wirelab/ip4.h"
#include "wirelab/tcp.h"
#include "wirelab/udp.h"

/* Header, message and trailer into out; the length, or 0 when libnet says no (the reason
 * goes to stderr).  At most one tag: libnet has no blocks for two. */
size_t libnet_bytes_arp(uint8_t *out, size_t cap, const struct eth_hdr *eth,
			const struct arp_msg *msg, size_t trailer);

/* An IPv4 header without options around a TCP segment, or a UDP datagram, with all checksums
 * computed by libnet; the length, or 0 as above. */
size_t libnet_bytes_tcp4(uint8_t *out, size_t cap, const struct ip4_hdr *ip,
			 const struct tcp_hdr *tcp, const void *payload, size_t len);
size_t libnet_bytes_udp4(uint8_t *out, size_t cap, const struct ip4_hdr *ip,
			 const struct udp_hdr *udp, const void *payload, size_t len);

#endif
