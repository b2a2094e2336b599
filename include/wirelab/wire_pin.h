/*
 * wire_pin.h - numbers that a kernel draws at random, replaced by numbers that stay the same
 *
 * A client's initial sequence number can be chosen (TCP_REPAIR); that of a server cannot, nor
 * can the identification of IPv4 packets.  So the wire replaces both where a host's frames
 * enter it, and puts the host's own numbers back where frames leave it:
 *
 *	        server's numbers        pinned numbers
 *	server  -- seq 3141592653 -->  |  -- seq 1000000 -->   client, capture
 *	server  <-- ack 3141592654 --  |  <-- ack 1000001 --   client, capture
 *
 *	wire_pin_enter(pin, frame, len)		what a host has sent: now it is pinned
 *	wire_pin_leave(pin, frame, len)		what a host is to hear: its own numbers again
 *
 * Edited are, of a connection's responder, seq (entering) and what the other side says of it
 * (leaving): ack and SACK blocks, also those of a segment quoted in an ICMP error; its own
 * ack in a quote is edited on entering.  IPv4 identifications are counted from 1 for each
 * source, 65535 being followed by 1; fragments of one datagram keep together.
 *
 * Checksums are updated, not computed (RFC 1624): one that was wrong stays wrong.  (A field of
 * 0xffff, which nobody computes, becomes the 0 that means the same.)  A segment whose
 * checksum a card was to fill in would be spoilt, so offloading must be off.
 *
 * Untouched stay: tunnels, whose outer checksums would follow; TCP in fragments, or behind
 * extension headers of IPv6; IPv6's fragment identification; connections whose SYN did not
 * come by.  A RST with seq 0 that answers a SYN is as it was: there is no number of the
 * responder's in it.
 *
 * Hosts that route must not be pinned where they pass on what was pinned before: the pin
 * belongs to the ports at which the responders live.
 */
#ifndef WIRELAB_WIRE_PIN_H
#define WIRELAB_WIRE_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_PIN_SOURCES 16u	/* IPv4 sources with a count of their own; of more, the one that
				   was used longest ago begins anew */
#define WIRE_PIN_PIECES 16u	/* datagrams in fragments that are remembered */

struct wire_pin_config {
	bool pin_isn, pin_id;
	uint32_t isn;		/* of the first connection's responder */
	uint32_t isn_step;	/* that much more for each further one */
};

struct wire_pin;

/* Bytes for n connections at the same time, 1 .. 65536. */
size_t wire_pin_size(unsigned n);

/* memory: aligned for uint64_t, zeroed; borrowed.  NULL when size is too small. */
struct wire_pin *wire_pin_init(void *memory, size_t size, unsigned n,
			       const struct wire_pin_config *config);

/*
 * Ethernet frames, edited in place; their length does not change.  A connection begins with a
 * SYN that enters, and whoever sends it is the initiator; a SYN with another number on the
 * same addresses and ports begins a new one.  When there is no place, the connection that
 * was closed (reset, or FIN both ways) and silent longest leaves; when all are open, the new
 * one is not pinned, and counted.
 */
void wire_pin_enter(struct wire_pin *pin, void *frame, size_t len);
void wire_pin_leave(struct wire_pin *pin, void *frame, size_t len);

struct wire_pin_counts { uint64_t connections, not_pinned; };

struct wire_pin_counts wire_pin_counts(const struct wire_pin *pin);

#endif
