/*
 * arp_tally.h - the ARP of a capture, counted: who asked, who answered, who quarrelled
 */
#ifndef WIRELAB_ARP_TALLY_H
#define WIRELAB_ARP_TALLY_H

#include "wirelab/arp.h"
#include "wirelab/arp_cache.h"

struct arp_tally {
	struct arp_cache *owners;	/* borrowed: who was heard to have an address, first */
	uint64_t request, reply, other;
	uint64_t gratuitous;		/* sender and target address equal */
	uint64_t probe, announcement;	/* RFC 5227 1.1 */
	uint64_t duplicate_address;	/* the address was heard with another MAC before */
};

void arp_tally_init(struct arp_tally *t, struct arp_cache *owners);
/* msg is NULL where the message is not for IPv4 over Ethernet: only op counts then. */
void arp_tally_hear(struct arp_tally *t, struct instant when, uint16_t op,
		    const struct arp_msg *msg);

#endif
