/*
 * link_raw.h - ARP frames to and from one Ethernet interface, over an AF_PACKET socket
 *
 * The socket hears nothing until it is bound, and its BPF filter is attached before
 * that: no foreign frame slips in, and a flood of other traffic costs the reader
 * nothing.  Own frames do not come back.  The interface is not made promiscuous.
 * The kernel takes an outer VLAN tag off a received frame; it is put back here, so
 * that a frame reads as it was on the wire.
 *
 * One thread, one link.  Needs CAP_NET_RAW to open, nothing afterwards.
 */
#ifndef WIRELAB_LINK_RAW_H
#define WIRELAB_LINK_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/addr.h"

#define LINK_SNAPLEN 128u	/* bytes kept of a frame; ARP with two tags and padding has 68 */
#define LINK_BATCH 64u		/* frames a call to link_recv() or link_send() handles at most */

struct link_frame {
	const uint8_t *data;	/* valid until the next link_recv() */
	size_t caplen;		/* <= LINK_SNAPLEN */
	size_t wirelen;
	uint64_t unix_ns;	/* when the kernel took it; 0 unless timestamps were asked for */
};

struct link;

struct link_options {
	uint32_t ifindex;
	size_t rcvbuf;		/* bytes of kernel buffer wished for; 0: the system's default */
	bool timestamps;
	const struct mac *own_mac;	/* a further MAC to be heard under, besides the card's; NULL */
};

/* NULL with a filled err[] and errno: EPERM without CAP_NET_RAW, ENODEV, ENETDOWN. */
struct link *link_raw_open(const struct link_options *options, char err[static 256]);

int link_fd(const struct link *l);

/* Up to max (<= LINK_BATCH) frames that are there now, 0 for none, -1 with errno:
 * ENETDOWN and ENXIO mean that the interface is gone. */
int link_recv(struct link *l, struct link_frame *out, size_t max);

/* One frame to send. */
struct link_out {
	const void *data;
	size_t len;
};

/*
 * Sends n (<= LINK_BATCH) frames in order; returns how many went out, at least one, or
 * -1 with errno.  ENOBUFS and EAGAIN may pass; ENETDOWN and ENXIO will not.
 */
int link_send(struct link *l, const struct link_out *frames, size_t n);

/* Frames that the kernel had to drop because nobody read them, since the last call. */
uint64_t link_drops(struct link *l);

void link_close(struct link *l);

#endif
