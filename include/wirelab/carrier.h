/*
 * carrier.h - a host's network card, and its far end, which is in our hands
 *
 *	host's kernel                          this process
 *	 eth0 = the card          --frames-->   carrier_recv()
 *	                          <--frames--   carrier_send()
 *
 * Two makers behind one interface:
 *
 *	TAP	the card is a TUN/TAP device, the far end its descriptor (/dev/net/tun)
 *	VETH	the card is one end of a veth pair, the far end a packet socket on the
 *		other, which lies in a namespace of the wire's own
 *
 * What a card may do for the kernel (filling in checksums, cutting segments, putting them
 * together) is off on both, so that what is carried is what a wire would carry.
 *
 * The kernel takes a frame in before carrier_send() returns, and answers before it
 * returns, too, where it has an answer: with softirqs run at the end of the call.
 */
#ifndef WIRELAB_CARRIER_H
#define WIRELAB_CARRIER_H

#include <sys/types.h>

#include "wirelab/netspace.h"

#define CARRIER_FRAME_MAX 65550u	/* bytes: the largest IP packet behind an Ethernet header */
#define CARRIER_MTU_MAX 65521u		/* bytes of an IP packet: a TAP device counts the header, too */

enum carrier_kind { CARRIER_TAP, CARRIER_VETH };

const char *carrier_name(enum carrier_kind kind);		/* "tap", "veth" */
bool carrier_parse(const char *name, enum carrier_kind *out);	/* false: no such kind */

struct carrier_config {
	enum carrier_kind kind;
	struct netspace *host;		/* where the card is put; borrowed */
	struct netspace *wire;		/* VETH: where the pair's other end is; borrowed.  May be
					   NULL with TAP */
	const char *ifname;		/* of the card */
	const char *far_name;		/* VETH: of the other end, unique in `wire` */
	struct mac mac;
	unsigned mtu;			/* bytes of an IP packet, 68 .. CARRIER_MTU_MAX */
};

struct carrier;

/* The card is up, and has no address yet.  NULL and a filled err[]: there is none. */
struct carrier *carrier_open(const struct carrier_config *config, char err[static 256]);

/*
 * Whether this kind can be used here: its first step is tried, inside `s`.  False and why, as one
 * line.
 */
bool carrier_usable(enum carrier_kind kind, struct netspace *s, char why[static 256]);

/* For poll(2). */
int carrier_fd(const struct carrier *c);

/*
 * A frame that the host has sent: its length, 0 when there is none now, or -1 with errno.  One
 * that is longer than size is cut, and its length is size.
 */
ssize_t carrier_recv(struct carrier *c, void *frame, size_t size);

/* The host receives this frame.  0, or -1 with errno. */
int carrier_send(struct carrier *c, const void *frame, size_t len);

/* A TAP card is gone with it; a pair goes with its namespaces, sooner than it could be deleted. */
void carrier_close(struct carrier *c);

/*
 * Switches off what the card would do for the kernel, and looks whether it is off.  For veth
 * pairs that are made elsewhere, too.  -1 with errno and s->err.
 */
int carrier_offloads_off(struct netspace *s, const char *ifname);

#endif
