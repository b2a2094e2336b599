/*
 * network.h - hosts with real kernels, and the wire between them
 *
 *	network_begin(&n, &config)			alice, bob and what lies between
 *	network_collect(&n, now, heard, arg)		what the hosts have sent goes into the wire
 *	network_deliver(&n, now, heard, arg)		what has arrived goes into its host
 *	network_deadline(&n)				when the wire has more to do
 *	network_end(&n)
 *
 *	P  alice ===== bob			a cable
 *	S  alice --(switch)-- bob, carol	all on one network
 *	H  the same on a hub
 *	R  alice ===== router ===== bob		two networks, and a kernel that routes between them
 *
 * This module moves frames; whether time is real or virtual is its caller's affair.  Nothing
 * leads out: a host's only card ends in this process, and it has no route to anywhere else.
 */
#ifndef WIRELAB_NETWORK_H
#define WIRELAB_NETWORK_H

#include "wirelab/carrier.h"
#include "wirelab/plan.h"
#include "wirelab/wire.h"

enum topology { TOPOLOGY_P, TOPOLOGY_S, TOPOLOGY_H, TOPOLOGY_R };

enum { ALICE, BOB, CAROL, ROUTER, NETWORK_HOSTS };

extern const char *const network_names[NETWORK_HOSTS];	/* "alice", ... */

#define NETWORK_WIRES 2u
#define NETWORK_CARDS 2u
#define NETWORK_PREFIX 24u		/* bits of each network's prefix */
#define NETWORK_MTU 1500u

struct card {
	char ifname[16];		/* "eth0"; the router's second is "eth1" */
	struct mac mac;
	struct ip4 ip;
	unsigned mtu;
	unsigned wire, port;		/* where the other end of it is plugged in */
	struct carrier *carrier;
};

struct host {
	const char *name;		/* "alice"; NULL: not in this topology */
	struct netspace space;
	struct card card[NETWORK_CARDS];
	unsigned n_cards;
};

/* Is this host on that wire (0, or 1: the router's other side)? */
bool topology_has(enum topology topology, unsigned wire, unsigned host);

struct network_config {
	enum topology topology;
	const struct plan *plan;	/* borrowed for the call */
	enum carrier_kind carrier;
	unsigned mtu[NETWORK_HOSTS];	/* 0: NETWORK_MTU */
	bool asks;			/* hosts find each other by ARP; else they know each other */
	bool delays_acks;		/* as kernels do; else every segment is acknowledged at once */
	unsigned window;		/* bytes that a host lets others send, whatever it has room for; 0:
					   as its kernel has it, which reckons with the memory that
					   each frame takes, and so differs from carrier to carrier */
	bool pinned;			/* numbers are replaced by the plan's (wire_pin.h) */
	uint64_t bits_per_s, propagation_ns;	/* of each line */
};

struct network {
	struct host host[NETWORK_HOSTS];
	struct wire *wire[NETWORK_WIRES];
	unsigned n_wires;
	enum carrier_kind carrier;
	struct netspace closet;		/* VETH: where the far ends lie */
	int home;
	void *memory[NETWORK_WIRES + 1];	/* of the wires and the pin */
	uint8_t *frame;			/* room for one */
	char err[256];			/* after a -1: what failed, as one line */
};

/* The process is in a private namespace already (netspace_enter_private).  0, or -1 with err;
 * nothing is left then. */
int network_begin(struct network *n, const struct network_config *config);
void network_end(struct network *n);

/* By name; NULL when there is no such host. */
struct host *network_host(struct network *n, const char *name);

/* What passes a host's card, as somebody sees it who captures there. */
struct passing {
	struct host *host;
	const struct card *card;
	bool sent;			/* by the host; else it arrives there */
	const uint8_t *frame;		/* borrowed for the call */
	size_t len;
	struct instant when;		/* the host handed it to the card, whether or not the line was free;
					   or its last bit came */
	unsigned wire;			/* the wire ... */
	uint64_t index;			/* ... and the frame's number there */
	unsigned did;			/* WIRE_DROPPED ... */
};

typedef void network_hear(void *arg, const struct passing *p);

/*
 * Takes what this host (NULL: each) has sent so far.  heard is told each frame, and may be NULL.
 * The number of frames, or -1 with errno and err: a card is gone, or the wire is full.
 */
int network_collect(struct network *n, struct host *host, struct instant now, network_hear *heard,
		    void *arg);

/*
 * The next frame that has arrived at `now` reaches its host, which heard is told before the
 * host's kernel is.  *to (may be NULL) is the host.  1, or 0 when there is none; -1.
 */
int network_deliver(struct network *n, struct instant now, network_hear *heard, void *arg,
		    struct host **to);

struct instant network_deadline(const struct network *n);

/*
 * Wait in real time until some host has sent something, at most timeout_ns (UINT64_MAX: for
 * ever).  1, or 0 when the time is over; -1 with EINTR or another errno.
 */
int network_wait(struct network *n, uint64_t timeout_ns);

/* Where a kernel works on frames later than when they are handed to it, wait until it has: a few
 * milliseconds at most.  On a TAP device there is nothing to wait for. */
void network_settle(const struct network *n);

#endif
