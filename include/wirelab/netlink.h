/*
 * netlink.h - what the kernel knows: routes, links, addresses, neighbours (rtnetlink(7))
 */
#ifndef WIRELAB_NETLINK_H
#define WIRELAB_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/addr.h"

#define NETIF_NAME 16u		/* IFNAMSIZ, with its NUL */

/* An interface as it was when it was asked for. */
struct netif {
	uint32_t ifindex;
	char name[NETIF_NAME];
	struct mac mac;			/* zero unless ethernet */
	uint32_t mtu;
	bool up;			/* IFF_UP: switched on by the administrator */
	bool carrier;			/* IFF_LOWER_UP: and somebody is at the other end */
	bool loopback;
	bool ethernet;			/* ARPHRD_ETHER, and does ARP (no IFF_NOARP) */
	uint32_t generation;		/* another number after the carrier was lost or the MAC
					   changed: what was known on the link is then void */
};

enum route_kind {
	ROUTE_LINK,			/* on the interface's own network: ARP reaches it */
	ROUTE_GATEWAY,			/* behind a gateway: ARP reaches only that */
	ROUTE_LOCAL,			/* one of this machine's own addresses */
	ROUTE_OTHER,			/* broadcast, multicast, unreachable, blackhole */
};

struct route {
	enum route_kind kind;
	uint32_t ifindex;
	struct ip4 source;		/* the address the kernel would send from; 0.0.0.0: none */
	struct ip4 gateway;		/* ROUTE_GATEWAY */
};

struct netif_addr {
	struct ip4 ip;
	uint8_t prefix_len;
	uint32_t ifindex;
	bool secondary;
};

struct neighbour {
	struct ip4 ip;
	struct mac mac;			/* zero when the kernel has none */
	uint32_t ifindex;
	uint16_t state;			/* NUD_REACHABLE ... as in linux/neighbour.h */
};

struct netctl;

/* NULL with a filled err[]. */
struct netctl *netctl_open(char err[static 256]);
void netctl_close(struct netctl *n);

/* A number for the network namespace that no other will have until the next boot
 * (SO_NETNS_COOKIE, Linux 5.14), or on older kernels its inode. */
uint64_t netctl_namespace(const struct netctl *n);

/* All: 0 and *out, or -1 with errno.  ENODEV: no such interface; ENETUNREACH: no route. */
int netctl_link(struct netctl *n, uint32_t ifindex, struct netif *out);
int netctl_link_by_name(struct netctl *n, const char *name, struct netif *out);
int netctl_route(struct netctl *n, struct ip4 target, uint32_t ifindex, struct route *out);

/* IPv4 addresses of an interface (0: of all); returns how many there are, though at most
 * max are stored, or -1. */
int netctl_addresses(struct netctl *n, uint32_t ifindex, struct netif_addr *out, int max);

/* The kernel's IPv4 neighbour table for an interface (0: all), one call an entry. */
int netctl_neighbours(struct netctl *n, uint32_t ifindex,
		      void (*entry)(const struct neighbour *nb, void *arg), void *arg);

/* "reachable", "stale", ...: ip-neighbour(8)'s words. */
const char *neighbour_state_name(uint16_t state);

/* ---- news of one link ------------------------------------------------------------- */

struct linkwatch;

/* Watches ifindex from now on. */
struct linkwatch *linkwatch_open(const struct netif *iface, char err[static 256]);
int linkwatch_fd(const struct linkwatch *w);

/*
 * True when the link can no longer be used as it was: taken down, deleted, renamed,
 * moved to another namespace, or its MAC changed; why[] says which, as a clause that
 * begins with the interface's name.
 */
bool linkwatch_gone(struct linkwatch *w, char why[static 256]);
void linkwatch_close(struct linkwatch *w);

#endif
