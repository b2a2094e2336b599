/*
 * netns.h - a network of real kernels for one test program, and nothing else
 *
 *	char why[256];
 *	if (!netns_available(why)) ...			skip, and print why
 *	netns_enter_private(why);			once, first thing
 *	testnet_begin(&net, NULL);
 *	testnet_run(&net, SIDE_CLIENT, argv, &result);	(run.h)
 *	testnet_end(&net);
 *
 * After netns_enter_private() this process, and whatever it starts, has its own
 * network namespace and its own /run; no interface and no file under /run of the
 * machine can be reached by mistake.  No namespace has a name: the last process
 * and the last descriptor hold it, so the kernel takes everything down however
 * the test dies.
 *
 *	     default                                with .bridge
 *
 *	client        server              client      server      rival
 *	 c0 ------------ s0                c0          s0           r0
 *	 10.60.0.1/8     10.60.0.2/8        \__________ | __________/   10.60.0.3/8
 *	 02:..:0a:01     02:..:0b:01                  br0               02:..:0c:01
 */
#ifndef SUPPORT_NETNS_H
#define SUPPORT_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/netspace.h"

enum side { SIDE_CLIENT, SIDE_SERVER, SIDE_RIVAL, SIDE_BRIDGE, N_SIDES };

#define CLIENT_IF "c0"
#define SERVER_IF "s0"
#define RIVAL_IF "r0"

static const struct mac CLIENT_MAC = { { 0x02, 0, 0, 0, 0x0a, 0x01 } };
static const struct mac SERVER_MAC = { { 0x02, 0, 0, 0, 0x0b, 0x01 } };
static const struct mac RIVAL_MAC = { { 0x02, 0, 0, 0, 0x0c, 0x01 } };
static const struct ip4 CLIENT_IP = { { 10, 60, 0, 1 } };
static const struct ip4 SERVER_IP = { { 10, 60, 0, 2 } };
static const struct ip4 RIVAL_IP = { { 10, 60, 0, 3 } };

/*
 * Whether all of this works here: a child tries it, so this process stays as it was.
 * When not, why is one line with the call that was refused and, where there is one, a cure.
 */
bool netns_available(char why[static 256]);

/*
 * Move this process into a new network and mount namespace with an empty tmpfs
 * on /run; without the privilege for that, into a new user namespace first, in
 * which it is root.  -1 and a filled why; the process is then in between, and
 * should end.  Call it before any thread is started.
 */
int netns_enter_private(char why[static 256]);

struct testnet_options {
	bool bridge;	/* a kernel bridge between the hosts, and a third host */
	bool cut;	/* instead: nothing between them.  What leaves c0 comes out of "to-client",
			   what leaves s0 of "to-server", both in SIDE_BRIDGE, where the test may
			   carry it across (or not) */
};

struct testnet {
	int home;			/* the namespace this process is in */
	struct netspace space[N_SIDES];	/* a host each */
	char err[256];			/* after a -1: what failed, as one line */
};

/*
 * All functions below: 0 or -1 with errno and net->err.  testnet_begin() leaves
 * nothing behind when it fails; opt may be NULL.
 */
int testnet_begin(struct testnet *net, const struct testnet_options *opt);
void testnet_end(struct testnet *net);

/* The one interface of a host: "c0", "s0", "r0"; "br0" for the bridge. */
const char *testnet_ifname(enum side side);

/* A descriptor that belongs to that host for ever, wherever it is used from. */
int testnet_socket(struct testnet *net, enum side side, int domain, int type, int protocol);

/* The interface's number, or -1. */
int testnet_ifindex(struct testnet *net, enum side side, const char *ifname);

/* /proc/sys/net/KEY of that host, e.g. "ipv4/conf/all/arp_ignore". */
int testnet_sysctl(struct testnet *net, enum side side, const char *key, const char *value);

/* One more address on the host's interface, or one less.  Its kernel then answers ARP for it. */
int testnet_address_add(struct testnet *net, enum side side, struct ip4 ip, unsigned prefix_len);
int testnet_address_delete(struct testnet *net, enum side side, struct ip4 ip, unsigned prefix_len);

/* The host owns (or no longer owns) every address of the prefix, and answers ARP for them all. */
int testnet_local_prefix_add(struct testnet *net, enum side side, struct ip4 ip,
			     unsigned prefix_len);
int testnet_local_prefix_delete(struct testnet *net, enum side side, struct ip4 ip,
				unsigned prefix_len);

/* A route via a gateway; prefix_len 0 is the default route. */
int testnet_gateway_add(struct testnet *net, enum side side, struct ip4 dst, unsigned prefix_len,
			struct ip4 gateway);

/*
 * What may happen to a link under a running program.  Taking a veth's far end
 * down (side server) costs the near end its carrier while it stays up.
 */
int testnet_link_up(struct testnet *net, enum side side, const char *ifname, bool up);

/*
 * Wait until a link can (or cannot) carry frames: its carrier changes at once, but
 * the kernel switches its queue on and off a little later.  -1 when the time is over (ETIMEDOUT).
 */
int testnet_link_wait(struct testnet *net, enum side side, const char *ifname, bool running,
		      uint64_t timeout_ns);

int testnet_link_delete(struct testnet *net, enum side side, const char *ifname);
int testnet_link_rename(struct testnet *net, enum side side, const char *from, const char *to);
int testnet_link_set_mac(struct testnet *net, enum side side, const char *ifname, struct mac mac);
int testnet_link_move(struct testnet *net, enum side from, const char *ifname, enum side to);

/* For the child of a fork: stay in that host's namespace.  -1 and errno. */
int testnet_stay(const struct testnet *net, enum side side);

#endif
