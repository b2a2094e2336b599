/*
 * ask_frame.h - the ARP request as bytes: built once by libnet, patched for each target
 */
#ifndef WIRELAB_ASK_FRAME_H
#define WIRELAB_ASK_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "wirelab/arp.h"

struct ask_frame {
	uint8_t bytes[ARP_FRAME_MAX];
	size_t len;		/* 60 (64 with a tag): the padding is there */
	size_t target_at;	/* offset of the target's IPv4 address */
};

/* Ethernet header (with one VLAN tag, if any), ARP and padding.  0, or -1 with a filled
 * err[].  Needs no privilege: libnet builds, it does not send. */
int ask_frame_build(struct ask_frame *f, const struct eth_hdr *eth, const struct arp_msg *msg,
		    char err[static 256]);

/* Make f the question for another target; `to` is the destination of the frame. */
static inline void ask_frame_patch(struct ask_frame *f, struct mac to, struct ip4 target)
{
	memcpy(f->bytes, to.b, sizeof(to.b));
	memcpy(f->bytes + f->target_at, target.b, sizeof(target.b));
}

#endif
