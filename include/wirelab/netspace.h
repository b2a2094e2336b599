/*
 * netspace.h - network namespaces of our own, and what is in them
 *
 *	netspace_enter_private(0, err);			once, first thing
 *	home = netspace_open_own();
 *	netspace_new(&alice, home, err);		a kernel's whole network, with nothing in it
 *	netspace_veth(&alice, "eth0", &mac, &bob, "eth0", NULL);
 *	netspace_address_add(&alice, "eth0", ip, 24);
 *	fd = netspace_socket(&alice, AF_INET, SOCK_STREAM, 0);
 *	netspace_close(&alice);
 *
 * No namespace has a name or a file: descriptors and sockets hold it, so the kernel takes
 * everything down however the process ends.  A socket belongs to the namespace in which
 * it was made, wherever it is used from; so one thread can speak for many hosts.
 *
 * Changes go through rtnetlink(7), never through other programs.  A thread at a time.
 */
#ifndef WIRELAB_NETSPACE_H
#define WIRELAB_NETSPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/addr.h"

struct nl_sock;

/* To be read by everybody. */
struct netspace {
	int home;		/* the namespace this process is in; borrowed */
	int ns;			/* a descriptor of it, or -1 */
	struct nl_sock *rt;	/* rtnetlink inside it, or NULL */
	char *err;		/* 256 bytes, borrowed: what failed last, as one line */
};

#define NETSPACE_NONE ((struct netspace){ .home = -1, .ns = -1 })

enum {
	/* Mounts of its own, too: an empty tmpfs on /run, and a /sys that shows the new network. */
	NETSPACE_MOUNTS = 1 << 0,
	/* In a user namespace, be who one was, with all capabilities, and not root.  Programs that
	 * are started then need them handed on (privs_hand_on). */
	NETSPACE_SAME_USER = 1 << 1,
};

/*
 * Move this process into a new network namespace, without the privilege for that into a new
 * user namespace first, in which it is root (or as the flags say).  Then no interface of the machine can be
 * reached by mistake.  -1 and a filled why; the process is then in between, and should end.
 * Call it before any thread is started.
 */
int netspace_enter_private(unsigned flags, char why[static 256]);

/* A descriptor of the namespace that the calling thread is in; -1 and errno. */
int netspace_open_own(void);

/* All functions below: 0 (or what they promise), or -1 with errno and a line in err. */

/* With its loopback up, IPv6 off and return paths unchecked. */
int netspace_new(struct netspace *s, int home, char err[static 256]);
void netspace_close(struct netspace *s);	/* of NETSPACE_NONE nothing is to be closed */

/* Go in, for more than one call, and come back.  That cannot fail: where it does, the process
 * ends, since whatever followed would happen in the wrong network. */
int netspace_go_in(struct netspace *s);
void netspace_go_home(const struct netspace *s);

/* For the child of a fork: stay there.  -1 and errno only. */
int netspace_stay(const struct netspace *s);

/* A descriptor that belongs to it for ever (SOCK_CLOEXEC). */
int netspace_socket(struct netspace *s, int domain, int type, int protocol);

/* /proc/sys/net/KEY, e.g. "ipv4/conf/all/arp_ignore". */
int netspace_sysctl(struct netspace *s, const char *key, const char *value);

/* ---- links ---------------------------------------------------------------------- */

int netspace_ifindex(struct netspace *s, const char *ifname);
int netspace_link_up(struct netspace *s, const char *ifname, bool up);

/*
 * Wait until a link can (or cannot) carry frames: its carrier changes at once, but
 * the kernel switches its queue on and off a little later.  ETIMEDOUT.
 */
int netspace_link_wait(struct netspace *s, const char *ifname, bool running, uint64_t timeout_ns);

int netspace_link_delete(struct netspace *s, const char *ifname);
int netspace_link_rename(struct netspace *s, const char *from, const char *to);
int netspace_link_set_mac(struct netspace *s, const char *ifname, struct mac mac);
int netspace_link_set_mtu(struct netspace *s, const char *ifname, unsigned mtu);

/*
 * TCP hands this link its segments one by one.  Otherwise it makes bundles for it, which are cut
 * behind the capture's back where the card can and before it where it cannot (GSO, which ethtool
 * does not switch off for TCP); how large they are depends on the round trip that was measured, and
 * with it where PSH stands and what waits for an ACK (IFLA_GSO_MAX_SEGS).
 */
int netspace_link_single_segments(struct netspace *s, const char *ifname);
int netspace_link_move(struct netspace *s, const char *ifname, const struct netspace *to);

/* A pair, born in its two namespaces: it is never seen in a third.  Both ends are up.  A mac may be
 * NULL: the kernel chooses. */
int netspace_veth(struct netspace *a, const char *a_name, const struct mac *a_mac,
		  struct netspace *b, const char *b_name, const struct mac *b_mac);

int netspace_bridge(struct netspace *s, const char *ifname);
int netspace_bridge_port(struct netspace *s, const char *bridge, const char *ifname);

/* ---- addresses, routes, neighbours ---------------------------------------------------- */

int netspace_address_add(struct netspace *s, const char *ifname, struct ip4 ip,
			 unsigned prefix_len);
int netspace_address_delete(struct netspace *s, const char *ifname, struct ip4 ip,
			    unsigned prefix_len);

/* Every address of the prefix is (or no longer is) its own, and ARP is answered for them all. */
int netspace_local_prefix_add(struct netspace *s, struct ip4 ip, unsigned prefix_len);
int netspace_local_prefix_delete(struct netspace *s, struct ip4 ip, unsigned prefix_len);

/* A route via a gateway; prefix_len 0 is the default route. */
int netspace_gateway_add(struct netspace *s, const char *ifname, struct ip4 dst,
			 unsigned prefix_len, struct ip4 gateway);

/* RTAX_RTO_MIN, RTAX_QUICKACK and RTAX_WINDOW (bytes) of the interface's own prefix: 0 leaves each
 * as it is. */
struct netspace_metrics { unsigned rto_min_ms, quickack, window; };
int netspace_route_metrics(struct netspace *s, const char *ifname, struct ip4 prefix,
			   unsigned prefix_len, const struct netspace_metrics *metrics);

/* Known for ever: it is never asked for. */
int netspace_neighbour_add(struct netspace *s, const char *ifname, struct ip4 ip, struct mac mac);

#endif
