/*
 * packet_view.h - ARP exchanges, datagrams in pieces and UDP, for people and for programs
 *
 * A row function writes the heading when its struct is NULL; else a line in steady columns,
 * and below it, each on an indented line of its own, what is remarkable.  No line is longer
 * than 80 columns while frame numbers have six digits at most; an IPv6 address that is too long
 * for its column moves to a line of its own.  Lines are separated by newlines; the last one
 * has none.  A JSON function writes one object.  Everything goes into the caller's buffer.
 *
 * Addresses and numbers are all that comes from the capture here: no text of strangers.
 */
#ifndef WIRELAB_PACKET_VIEW_H
#define WIRELAB_PACKET_VIEW_H

#include "wirelab/arp_exchange.h"
#include "wirelab/ip_fragments.h"
#include "wirelab/text.h"
#include "wirelab/udp_exchange.h"

#define PACKET_VIEW_MAX 16384u	/* bytes that suffice for any of them */

/* {"type":"arp_exchange",...} */
void packet_view_arp(struct txt *t, const struct arp_exchange *x);
void packet_view_arp_json(struct txt *t, const struct arp_exchange *x);

/* A datagram, its fragments indented below; {"type":"ip_datagram",...,"fragments":[...]} */
void packet_view_fragments(struct txt *t, const struct ip_datagram *d);
void packet_view_fragments_json(struct txt *t, const struct ip_datagram *d);

/* zero: the time that counts as 0 in lines for people, as a rule that of the first frame.
 * {"type":"udp",...}, {"type":"udp_error",...}, {"type":"udp_flow",...} */
void packet_view_udp(struct txt *t, const struct udp_datagram *d, struct instant zero);
void packet_view_udp_json(struct txt *t, const struct udp_datagram *d);
void packet_view_udp_error(struct txt *t, const struct udp_error *e, struct instant zero);
void packet_view_udp_error_json(struct txt *t, const struct udp_error *e);

/* Heading and rows of their own: endpoints, and datagrams and bytes each way. */
void packet_view_udp_flow(struct txt *t, const struct udp_flow *f);
void packet_view_udp_flow_json(struct txt *t, const struct udp_flow *f);

/* "port unreachable", "fragmentation needed", ... or NULL for what has no name here. */
const char *packet_view_icmp_error(uint8_t family, uint8_t type, uint8_t code);

#endif
