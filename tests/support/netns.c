#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

/* ---- namespaces of our own --------------------------------------------------- */

static int refused(char why[static 256], const char *what)
{
	int e = errno;

	snprintf(why, 256, "%s: %s", what, strerror(e));
	errno = e;
	return -1;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;

	size_t len = strlen(text);
	ssize_t n = write(fd, text, len);
	int e = errno;
	close(fd);
	errno = e;
	return n == (ssize_t)len ? 0 : -1;
}

/* user_namespaces(7): one line, our own id, and groups given up beforehand. */
static int become_root_of_a_user_namespace(char why[static 256])
{
	char map[64];
	unsigned uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWUSER) < 0) {
		refused(why, "unshare(CLONE_NEWUSER)");
		strncat(why, " (run as root, or allow user namespaces: "
			     "sysctl user.max_user_namespaces)", 255 - strlen(why));
		return -1;
	}
	if (write_file("/proc/self/setgroups", "deny") < 0)
		return refused(why, "/proc/self/setgroups");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (write_file("/proc/self/uid_map", map) < 0)
		return refused(why, "/proc/self/uid_map");
	snprintf(map, sizeof(map), "0 %u 1", gid);
	if (write_file("/proc/self/gid_map", map) < 0)
		return refused(why, "/proc/self/gid_map");
	return 0;
}

/*
 * Nothing that is mounted from here on may show up outside.  In a chroot "/" is no mount
 * point and cannot be told so; the mounts it lies on can, from the real root.  Its
 * owner may step outside for that (chroot(2), NOTES) and back in.
 */
static int make_mounts_private(void)
{
	int inside, here, rc = -1;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	inside = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (inside >= 0 && here >= 0 && fchdir(inside) == 0 && chroot("/run") == 0) {
		for (int up = 0; up < 64; up++)
			(void)!chdir("..");
		rc = mount(NULL, ".", NULL, MS_REC | MS_PRIVATE, NULL);
		if (fchdir(inside) < 0 || chroot(".") < 0 || fchdir(here) < 0)
			rc = -1;
	}
	if (here >= 0)
		(void)close(here);
	if (inside >= 0)
		(void)close(inside);
	return rc;
}

int netns_enter_private(char why[static 256])
{
	int flags = CLONE_NEWNET | CLONE_NEWNS;

	/* Root of a container may be root in name only, and then goes the ordinary user's way. */
	if (geteuid() != 0 || unshare(flags) < 0) {
		if (become_root_of_a_user_namespace(why) < 0)
			return -1;
		if (unshare(flags) < 0) {
			refused(why, "unshare(CLONE_NEWNET | CLONE_NEWNS)");
			strncat(why, " (run as root; on Ubuntu: "
				     "sysctl kernel.apparmor_restrict_unprivileged_userns=0)",
				255 - strlen(why));
			return -1;
		}
	}
	if (make_mounts_private() < 0)
		return refused(why, "making the mounts private");
	if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
		return refused(why, "tmpfs on /run");
	/* /sys/class/net shows the namespace that mounted it.  Where a container forbids
	 * the mount the old view stays, which misleads but harms nobody. */
	(void)mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	return 0;
}

static void try_all(char why[static 256])
{
	struct testnet net;

	if (netns_enter_private(why) < 0)
		return;
	if (testnet_begin(&net, NULL) < 0) {
		memcpy(why, net.err, sizeof(net.err));
		return;
	}
	testnet_end(&net);
	why[0] = '\0';
}

bool netns_available(char why[static 256])
{
	int fd[2], status;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return refused(why, "pipe"), false;
	pid_t pid = fork();
	if (pid == 0) {
		char text[256] = "unknown";
		try_all(text);
		_exit(write(fd[1], text, sizeof(text)) == sizeof(text) ? 0 : 1);
	}
	close(fd[1]);
	bool answered = pid > 0 && read(fd[0], why, 256) == 256;
	close(fd[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (!answered)
		snprintf(why, 256, "the child that was to try it died");
	why[255] = '\0';
	return answered && why[0] == '\0';
}

/* ---- what went wrong ----------------------------------------------------------- */

__attribute__((format(printf, 3, 4)))
static int fail(struct testnet *net, int e, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(net->err, sizeof(net->err), format, ap);
	va_end(ap);
	size_t n = strlen(net->err);
	snprintf(net->err + n, sizeof(net->err) - n, ": %s", strerror(e));
	errno = e;
	return -1;
}

/* libnl folds many errors into few; these are the ones a test may tell apart. */
static int errno_of_nl(int code)
{
	switch (code < 0 ? -code : code) {
	case NLE_EXIST: return EEXIST;
	case NLE_PERM: return EPERM;
	case NLE_NOACCESS: return EACCES;
	case NLE_NODEV:
	case NLE_OBJ_NOTFOUND: return ENODEV;
	case NLE_OPNOTSUPP: return EOPNOTSUPP;
	case NLE_NOADDR: return EADDRNOTAVAIL;
	case NLE_BUSY: return EBUSY;
	case NLE_INVAL: return EINVAL;
	case NLE_NOMEM: return ENOMEM;
	}
	return EIO;
}

/* ---- being in a host for the length of one call -------------------------------- */

int testnet_stay(const struct testnet *net, enum side side)
{
	return setns(net->ns[side], CLONE_NEWNET);
}

static void go_home(const struct testnet *net)
{
	int e = errno;

	/* Anything done from here on in the wrong namespace would prove nothing. */
	if (setns(net->home, CLONE_NEWNET) < 0)
		abort();
	errno = e;
}

/* The thread's own entry: /proc/self is the main thread's. */
static int open_own_namespace(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int write_sysctl(const char *key, const char *value)
{
	char path[256];

	if (snprintf(path, sizeof(path), "/proc/sys/net/%s", key) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return write_file(path, value);
}

/* Before the first interface is there, so that none ever speaks IPv6 or checks return paths. */
static int quiet_defaults(struct testnet *net)
{
	static const struct { const char *key, *value; bool optional; } quiet[] = {
		{ "ipv6/conf/all/disable_ipv6", "1", true },
		{ "ipv6/conf/default/disable_ipv6", "1", true },
		{ "ipv4/conf/all/rp_filter", "0", false },
		{ "ipv4/conf/default/rp_filter", "0", false },
	};

	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		/* A kernel without IPv6 is as quiet as can be. */
		if (write_sysctl(quiet[i].key, quiet[i].value) < 0 &&
		    !(quiet[i].optional && errno == ENOENT))
			return fail(net, errno, "/proc/sys/net/%s", quiet[i].key);
	}
	return 0;
}

static int open_rtnetlink(struct testnet *net, enum side side)
{
	struct nl_sock *sk = nl_socket_alloc();
	if (!sk)
		return fail(net, ENOMEM, "nl_socket_alloc");

	int code = nl_connect(sk, NETLINK_ROUTE);
	if (code < 0) {
		nl_socket_free(sk);
		return fail(net, errno_of_nl(code), "rtnetlink");
	}
	net->rt[side] = sk;
	return 0;
}

static int new_host(struct testnet *net, enum side side)
{
	if (unshare(CLONE_NEWNET) < 0)
		return fail(net, errno, "unshare(CLONE_NEWNET)");
	net->ns[side] = open_own_namespace();
	int rc = net->ns[side] < 0 ? fail(net, errno, "/proc/thread-self/ns/net") :
				     quiet_defaults(net);
	if (rc == 0)
		rc = open_rtnetlink(net, side);
	go_home(net);
	return rc == 0 ? testnet_link_up(net, side, "lo", true) : rc;
}

int testnet_socket(struct testnet *net, enum side side, int domain, int type, int protocol)
{
	if (testnet_stay(net, side) < 0)
		return fail(net, errno, "setns");
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol);
	go_home(net);
	return fd < 0 ? fail(net, errno, "socket") : fd;
}

int testnet_ifindex(struct testnet *net, enum side side, const char *ifname)
{
	if (testnet_stay(net, side) < 0)
		return fail(net, errno, "setns");
	unsigned index = if_nametoindex(ifname);
	go_home(net);
	return index == 0 ? fail(net, errno, "%s", ifname) : (int)index;
}

int testnet_sysctl(struct testnet *net, enum side side, const char *key, const char *value)
{
	if (testnet_stay(net, side) < 0)
		return fail(net, errno, "setns");
	int rc = write_sysctl(key, value);
	go_home(net);
	return rc < 0 ? fail(net, errno, "/proc/sys/net/%s", key) : 0;
}

/* ---- links ---------------------------------------------------------------------- */

const char *testnet_ifname(enum side side)
{
	switch (side) {
	case SIDE_CLIENT: return CLIENT_IF;
	case SIDE_SERVER: return SERVER_IF;
	case SIDE_RIVAL: return RIVAL_IF;
	case SIDE_BRIDGE:
	case N_SIDES: break;
	}
	return "br0";
}

/*
 * The wish for a link: filled in by the caller, then handed to change_link().  The
 * kernel is told the index, so that a name in the wish is a new name.
 */
static struct rtnl_link *wish(struct testnet *net)
{
	struct rtnl_link *w = rtnl_link_alloc();

	if (!w)
		fail(net, ENOMEM, "rtnl_link_alloc");
	return w;
}

/* Puts w in either way. */
static int change_link(struct testnet *net, enum side side, const char *ifname,
		       struct rtnl_link *w)
{
	struct rtnl_link *link = NULL;
	int code = rtnl_link_get_kernel(net->rt[side], 0, ifname, &link);

	if (code == 0)
		code = rtnl_link_change(net->rt[side], link, w, 0);
	if (link)
		rtnl_link_put(link);
	rtnl_link_put(w);
	return code < 0 ? fail(net, errno_of_nl(code), "changing %s", ifname) : 0;
}

int testnet_link_up(struct testnet *net, enum side side, const char *ifname, bool up)
{
	struct rtnl_link *w = wish(net);
	if (!w)
		return -1;
	if (up)
		rtnl_link_set_flags(w, IFF_UP);
	else
		rtnl_link_unset_flags(w, IFF_UP);
	return change_link(net, side, ifname, w);
}

/* IFF_RUNNING is RFC 2863's "operational": 1, 0, or -1. */
static int is_running(struct testnet *net, int fd, const char *ifname)
{
	struct ifreq r = { 0 };

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", ifname);
	if (ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return fail(net, errno, "%s", ifname);
	return (r.ifr_flags & IFF_RUNNING) != 0;
}

static int wait_running(struct testnet *net, int fd, const char *ifname, bool running,
			uint64_t timeout_ns)
{
	for (uint64_t waited = 0;; waited += 1000000) {
		int is = is_running(net, fd, ifname);
		if (is < 0)
			return -1;
		if ((is > 0) == running)
			return 0;
		if (waited >= timeout_ns)
			return fail(net, ETIMEDOUT, "%s", ifname);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

int testnet_link_wait(struct testnet *net, enum side side, const char *ifname, bool running,
		      uint64_t timeout_ns)
{
	int fd = testnet_socket(net, side, AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return -1;
	int rc = wait_running(net, fd, ifname, running, timeout_ns);
	int e = errno;
	close(fd);
	errno = e;
	/* The queue is switched after the flag, but under one lock; so take that lock once. */
	return rc == 0 && running ? testnet_link_up(net, side, ifname, true) : rc;
}

int testnet_link_delete(struct testnet *net, enum side side, const char *ifname)
{
	int index = testnet_ifindex(net, side, ifname);
	struct rtnl_link *w = index < 0 ? NULL : wish(net);
	if (!w)
		return -1;
	rtnl_link_set_ifindex(w, index);
	int code = rtnl_link_delete(net->rt[side], w);
	rtnl_link_put(w);
	return code < 0 ? fail(net, errno_of_nl(code), "deleting %s", ifname) : 0;
}

/* Kernels before 6.2 (and libnl still) refuse to rename a link that is up. */
int testnet_link_rename(struct testnet *net, enum side side, const char *from, const char *to)
{
	if (testnet_link_up(net, side, from, false) < 0)
		return -1;
	struct rtnl_link *w = wish(net);
	if (!w)
		return -1;
	rtnl_link_set_name(w, to);
	if (change_link(net, side, from, w) < 0)
		return -1;
	return testnet_link_up(net, side, to, true);
}

static int set_link_address(struct rtnl_link *w, struct mac mac)
{
	struct nl_addr *a = nl_addr_build(AF_LLC, mac.b, sizeof(mac.b));
	if (!a)
		return -1;
	rtnl_link_set_addr(w, a);
	nl_addr_put(a);
	return 0;
}

int testnet_link_set_mac(struct testnet *net, enum side side, const char *ifname, struct mac mac)
{
	struct rtnl_link *w = wish(net);
	if (!w)
		return -1;
	if (set_link_address(w, mac) < 0) {
		rtnl_link_put(w);
		return fail(net, ENOMEM, "nl_addr_build");
	}
	return change_link(net, side, ifname, w);
}

int testnet_link_move(struct testnet *net, enum side from, const char *ifname, enum side to)
{
	struct rtnl_link *w = wish(net);
	if (!w)
		return -1;
	rtnl_link_set_ns_fd(w, net->ns[to]);
	return change_link(net, from, ifname, w);
}

struct cable_end {
	enum side side;
	const char *ifname;
	const struct mac *mac;		/* NULL: whatever the kernel chooses */
};

static int describe_end(struct testnet *net, struct rtnl_link *link, const struct cable_end *end)
{
	rtnl_link_set_name(link, end->ifname);
	rtnl_link_set_ns_fd(link, net->ns[end->side]);
	return end->mac ? set_link_address(link, *end->mac) : 0;
}

/* A veth pair, born in its two namespaces: it is never seen in a third. */
static int lay_cable(struct testnet *net, const struct cable_end *a, const struct cable_end *b)
{
	struct rtnl_link *link = rtnl_link_veth_alloc();
	struct rtnl_link *peer = link ? rtnl_link_veth_get_peer(link) : NULL;
	int code = -NLE_NOMEM;

	if (peer && describe_end(net, link, a) == 0 && describe_end(net, peer, b) == 0)
		code = rtnl_link_add(net->rt[a->side], link, NLM_F_CREATE | NLM_F_EXCL);
	if (peer)
		rtnl_link_put(peer);
	if (link)
		rtnl_link_put(link);
	if (code < 0)
		return fail(net, errno_of_nl(code), "veth %s-%s", a->ifname, b->ifname);
	if (testnet_link_up(net, a->side, a->ifname, true) < 0)
		return -1;
	return testnet_link_up(net, b->side, b->ifname, true);
}

/* ---- addresses and routes --------------------------------------------------------- */

static struct nl_addr *nl_ip(struct ip4 ip, unsigned prefix_len)
{
	struct nl_addr *a = nl_addr_build(AF_INET, ip.b, sizeof(ip.b));

	if (a)
		nl_addr_set_prefixlen(a, (int)prefix_len);
	return a;
}

static int change_address(struct testnet *net, enum side side, struct ip4 ip, unsigned prefix_len,
			  int (*change)(struct nl_sock *, struct rtnl_addr *, int))
{
	int index = testnet_ifindex(net, side, testnet_ifname(side));
	if (index < 0)
		return -1;

	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local = nl_ip(ip, prefix_len);
	int code = -NLE_NOMEM;
	if (addr && local) {
		rtnl_addr_set_ifindex(addr, index);
		code = rtnl_addr_set_local(addr, local);
		if (code == 0)
			code = change(net->rt[side], addr, 0);
	}
	nl_addr_put(local);
	if (addr)
		rtnl_addr_put(addr);
	return code < 0 ? fail(net, errno_of_nl(code), "address %u.%u.%u.%u/%u", ip.b[0], ip.b[1],
			       ip.b[2], ip.b[3], prefix_len) : 0;
}

int testnet_address_add(struct testnet *net, enum side side, struct ip4 ip, unsigned prefix_len)
{
	return change_address(net, side, ip, prefix_len, rtnl_addr_add);
}

int testnet_address_delete(struct testnet *net, enum side side, struct ip4 ip, unsigned prefix_len)
{
	return change_address(net, side, ip, prefix_len, rtnl_addr_delete);
}

struct route_wish {
	struct ip4 dst;
	unsigned prefix_len;
	const struct ip4 *gateway;	/* NULL: the prefix is the host's own */
};

/* False when out of memory. */
static bool fill_route(struct rtnl_route *route, const struct route_wish *r, int index)
{
	struct nl_addr *dst = nl_ip(r->dst, r->prefix_len);
	struct nl_addr *gw = r->gateway ? nl_ip(*r->gateway, 32) : NULL;
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	bool ok = dst && hop && (gw || !r->gateway);

	if (ok) {
		rtnl_route_set_family(route, AF_INET);
		rtnl_route_set_dst(route, dst);
		rtnl_route_set_type(route, r->gateway ? RTN_UNICAST : RTN_LOCAL);
		rtnl_route_set_table(route, r->gateway ? RT_TABLE_MAIN : RT_TABLE_LOCAL);
		rtnl_route_set_scope(route, r->gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_HOST);
		rtnl_route_nh_set_ifindex(hop, index);
		if (gw)
			rtnl_route_nh_set_gateway(hop, gw);
		rtnl_route_add_nexthop(route, hop);	/* takes hop over */
	} else if (hop) {
		rtnl_route_nh_free(hop);
	}
	nl_addr_put(dst);
	nl_addr_put(gw);
	return ok;
}

static int change_route(struct testnet *net, enum side side, const struct route_wish *r,
			int (*change)(struct nl_sock *, struct rtnl_route *, int), int flags)
{
	int index = testnet_ifindex(net, side, r->gateway ? testnet_ifname(side) : "lo");
	if (index < 0)
		return -1;

	struct rtnl_route *route = rtnl_route_alloc();
	int code = -NLE_NOMEM;
	if (route && fill_route(route, r, index))
		code = change(net->rt[side], route, flags);
	if (route)
		rtnl_route_put(route);
	return code < 0 ? fail(net, errno_of_nl(code), "route %u.%u.%u.%u/%u", r->dst.b[0],
			       r->dst.b[1], r->dst.b[2], r->dst.b[3], r->prefix_len) : 0;
}

int testnet_local_prefix_add(struct testnet *net, enum side side, struct ip4 ip,
			     unsigned prefix_len)
{
	struct route_wish r = { .dst = ip, .prefix_len = prefix_len };

	return change_route(net, side, &r, rtnl_route_add, NLM_F_CREATE | NLM_F_EXCL);
}

int testnet_local_prefix_delete(struct testnet *net, enum side side, struct ip4 ip,
				unsigned prefix_len)
{
	struct route_wish r = { .dst = ip, .prefix_len = prefix_len };

	return change_route(net, side, &r, rtnl_route_delete, 0);
}

int testnet_gateway_add(struct testnet *net, enum side side, struct ip4 dst, unsigned prefix_len,
			struct ip4 gateway)
{
	struct route_wish r = { .dst = dst, .prefix_len = prefix_len, .gateway = &gateway };

	return change_route(net, side, &r, rtnl_route_add, NLM_F_CREATE | NLM_F_EXCL);
}

/* ---- the pictures of netns.h --------------------------------------------------- */

static const struct cable_end CLIENT_END = { SIDE_CLIENT, CLIENT_IF, &CLIENT_MAC };
static const struct cable_end SERVER_END = { SIDE_SERVER, SERVER_IF, &SERVER_MAC };
static const struct cable_end RIVAL_END = { SIDE_RIVAL, RIVAL_IF, &RIVAL_MAC };

static int make_bridge(struct testnet *net)
{
	struct rtnl_link *w = wish(net);
	if (!w)
		return -1;

	rtnl_link_set_name(w, "br0");
	int code = rtnl_link_set_type(w, "bridge");
	if (code == 0)
		code = rtnl_link_add(net->rt[SIDE_BRIDGE], w, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(w);
	if (code < 0)
		return fail(net, errno_of_nl(code), "bridge br0");
	return testnet_link_up(net, SIDE_BRIDGE, "br0", true);
}

static int plug_in(struct testnet *net, const struct cable_end *host, const char *port)
{
	struct cable_end end = { .side = SIDE_BRIDGE, .ifname = port };

	if (lay_cable(net, host, &end) < 0)
		return -1;
	int master = testnet_ifindex(net, SIDE_BRIDGE, "br0");
	int index = testnet_ifindex(net, SIDE_BRIDGE, port);
	if (master < 0 || index < 0)
		return -1;
	int code = rtnl_link_enslave_ifindex(net->rt[SIDE_BRIDGE], master, index);
	return code < 0 ? fail(net, errno_of_nl(code), "%s into br0", port) : 0;
}

static int begin_bridged(struct testnet *net)
{
	if (new_host(net, SIDE_RIVAL) < 0 || new_host(net, SIDE_BRIDGE) < 0 ||
	    make_bridge(net) < 0 ||
	    plug_in(net, &CLIENT_END, "to-client") < 0 ||
	    plug_in(net, &SERVER_END, "to-server") < 0 ||
	    plug_in(net, &RIVAL_END, "to-rival") < 0)
		return -1;
	return testnet_address_add(net, SIDE_RIVAL, RIVAL_IP, 8);
}

static int begin_cut(struct testnet *net)
{
	static const struct cable_end to_client = { .side = SIDE_BRIDGE, .ifname = "to-client" };
	static const struct cable_end to_server = { .side = SIDE_BRIDGE, .ifname = "to-server" };

	if (new_host(net, SIDE_BRIDGE) < 0 || lay_cable(net, &CLIENT_END, &to_client) < 0)
		return -1;
	return lay_cable(net, &SERVER_END, &to_server);
}

static int join(struct testnet *net, const struct testnet_options *opt)
{
	if (opt && opt->bridge)
		return begin_bridged(net);
	return opt && opt->cut ? begin_cut(net) : lay_cable(net, &CLIENT_END, &SERVER_END);
}

static int begin(struct testnet *net, const struct testnet_options *opt)
{
	net->home = open_own_namespace();
	if (net->home < 0)
		return fail(net, errno, "/proc/thread-self/ns/net");
	if (new_host(net, SIDE_CLIENT) < 0 || new_host(net, SIDE_SERVER) < 0)
		return -1;
	if (join(net, opt) < 0)
		return -1;
	if (testnet_address_add(net, SIDE_CLIENT, CLIENT_IP, 8) < 0)
		return -1;
	return testnet_address_add(net, SIDE_SERVER, SERVER_IP, 8);
}

int testnet_begin(struct testnet *net, const struct testnet_options *opt)
{
	*net = (struct testnet){ .home = -1 };
	for (int i = 0; i < N_SIDES; i++)
		net->ns[i] = -1;
	if (begin(net, opt) == 0)
		return 0;
	int e = errno;
	testnet_end(net);
	errno = e;
	return -1;
}

void testnet_end(struct testnet *net)
{
	for (int i = 0; i < N_SIDES; i++) {
		if (net->rt[i])
			nl_socket_free(net->rt[i]);
		if (net->ns[i] >= 0)
			close(net->ns[i]);
		net->rt[i] = NULL;
		net->ns[i] = -1;
	}
	if (net->home >= 0)
		close(net->home);
	net->home = -1;
}
