#include "wirelab/netspace.h"

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
#include <time.h>
#include <unistd.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#define ERR_SIZE 256u

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
static int enter_user_namespace(bool as_root, char why[static 256])
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
	snprintf(map, sizeof(map), "%u %u 1", as_root ? 0 : uid, uid);
	if (write_file("/proc/self/uid_map", map) < 0)
		return refused(why, "/proc/self/uid_map");
	snprintf(map, sizeof(map), "%u %u 1", as_root ? 0 : gid, gid);
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

int netspace_enter_private(unsigned wish, char why[static 256])
{
	bool mounts = wish & NETSPACE_MOUNTS;
	int flags = CLONE_NEWNET | (mounts ? CLONE_NEWNS : 0);

	/* Root of a container may be root in name only, and then goes the ordinary user's way. */
	if (geteuid() != 0 || unshare(flags) < 0) {
		if (enter_user_namespace(!(wish & NETSPACE_SAME_USER), why) < 0)
			return -1;
		if (unshare(flags) < 0) {
			refused(why, mounts ? "unshare(CLONE_NEWNET | CLONE_NEWNS)" :
					      "unshare(CLONE_NEWNET)");
			strncat(why, " (run as root; on Ubuntu: "
				     "sysctl kernel.apparmor_restrict_unprivileged_userns=0)",
				255 - strlen(why));
			return -1;
		}
	}
	if (!mounts)
		return 0;
	if (make_mounts_private() < 0)
		return refused(why, "making the mounts private");
	if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
		return refused(why, "tmpfs on /run");
	/* /sys/class/net shows the namespace that mounted it.  Where a container forbids
	 * the mount the old view stays, which misleads but harms nobody. */
	(void)mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	return 0;
}

/* ---- what went wrong ----------------------------------------------------------- */

__attribute__((format(printf, 3, 4)))
static int fail(struct netspace *s, int e, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(s->err, ERR_SIZE, format, ap);
	va_end(ap);
	size_t n = strlen(s->err);
	snprintf(s->err + n, ERR_SIZE - n, ": %s", strerror(e));
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

int netspace_stay(const struct netspace *s)
{
	return setns(s->ns, CLONE_NEWNET);
}

int netspace_go_in(struct netspace *s)
{
	return netspace_stay(s) < 0 ? fail(s, errno, "setns") : 0;
}

void netspace_go_home(const struct netspace *s)
{
	int e = errno;

	/* Anything done from here on in the wrong namespace would prove nothing. */
	if (setns(s->home, CLONE_NEWNET) < 0)
		abort();
	errno = e;
}

/* The thread's own entry: /proc/self is the main thread's. */
int netspace_open_own(void)
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
static int quiet_defaults(struct netspace *s)
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
			return fail(s, errno, "/proc/sys/net/%s", quiet[i].key);
	}
	return 0;
}

static int open_rtnetlink(struct netspace *s)
{
	struct nl_sock *sk = nl_socket_alloc();
	if (!sk)
		return fail(s, ENOMEM, "nl_socket_alloc");

	int code = nl_connect(sk, NETLINK_ROUTE);
	if (code < 0) {
		nl_socket_free(sk);
		return fail(s, errno_of_nl(code), "rtnetlink");
	}
	s->rt = sk;
	return 0;
}

static int begin(struct netspace *s)
{
	if (unshare(CLONE_NEWNET) < 0)
		return fail(s, errno, "unshare(CLONE_NEWNET)");
	s->ns = netspace_open_own();
	int rc = s->ns < 0 ? fail(s, errno, "/proc/thread-self/ns/net") : quiet_defaults(s);
	if (rc == 0)
		rc = open_rtnetlink(s);
	netspace_go_home(s);
	return rc == 0 ? netspace_link_up(s, "lo", true) : rc;
}

int netspace_new(struct netspace *s, int home, char err[static 256])
{
	*s = (struct netspace){ .home = home, .ns = -1, .err = err };
	if (begin(s) == 0)
		return 0;
	int e = errno;
	netspace_close(s);
	errno = e;
	return -1;
}

void netspace_close(struct netspace *s)
{
	if (s->rt)
		nl_socket_free(s->rt);
	if (s->ns >= 0)
		close(s->ns);
	*s = NETSPACE_NONE;
}

int netspace_socket(struct netspace *s, int domain, int type, int protocol)
{
	if (netspace_go_in(s) < 0)
		return -1;
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol);
	netspace_go_home(s);
	return fd < 0 ? fail(s, errno, "socket") : fd;
}

int netspace_ifindex(struct netspace *s, const char *ifname)
{
	if (netspace_go_in(s) < 0)
		return -1;
	unsigned index = if_nametoindex(ifname);
	netspace_go_home(s);
	return index == 0 ? fail(s, errno, "%s", ifname) : (int)index;
}

int netspace_sysctl(struct netspace *s, const char *key, const char *value)
{
	if (netspace_go_in(s) < 0)
		return -1;
	int rc = write_sysctl(key, value);
	netspace_go_home(s);
	return rc < 0 ? fail(s, errno, "/proc/sys/net/%s", key) : 0;
}

/* ---- links ---------------------------------------------------------------------- */

/*
 * The wish for a link: filled in by the caller, then handed to change_link().  The
 * kernel is told the index, so that a name in the wish is a new name.
 */
static struct rtnl_link *wish(struct netspace *s)
{
	struct rtnl_link *w = rtnl_link_alloc();

	if (!w)
		fail(s, ENOMEM, "rtnl_link_alloc");
	return w;
}

/* Puts w in either way. */
static int change_link(struct netspace *s, const char *ifname,
		       struct rtnl_link *w)
{
	struct rtnl_link *link = NULL;
	int code = rtnl_link_get_kernel(s->rt, 0, ifname, &link);

	if (code == 0)
		code = rtnl_link_change(s->rt, link, w, 0);
	if (link)
		rtnl_link_put(link);
	rtnl_link_put(w);
	return code < 0 ? fail(s, errno_of_nl(code), "changing %s", ifname) : 0;
}

int netspace_link_up(struct netspace *s, const char *ifname, bool up)
{
	struct rtnl_link *w = wish(s);
	if (!w)
		return -1;
	if (up)
		rtnl_link_set_flags(w, IFF_UP);
	else
		rtnl_link_unset_flags(w, IFF_UP);
	return change_link(s, ifname, w);
}

/* IFF_RUNNING is RFC 2863's "operational": 1, 0, or -1. */
static int is_running(struct netspace *s, int fd, const char *ifname)
{
	struct ifreq r = { 0 };

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", ifname);
	if (ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return fail(s, errno, "%s", ifname);
	return (r.ifr_flags & IFF_RUNNING) != 0;
}

static int wait_running(struct netspace *s, int fd, const char *ifname, bool running,
			uint64_t timeout_ns)
{
	for (uint64_t waited = 0;; waited += 1000000) {
		int is = is_running(s, fd, ifname);
		if (is < 0)
			return -1;
		if ((is > 0) == running)
			return 0;
		if (waited >= timeout_ns)
			return fail(s, ETIMEDOUT, "%s", ifname);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

int netspace_link_wait(struct netspace *s, const char *ifname, bool running,
		      uint64_t timeout_ns)
{
	int fd = netspace_socket(s, AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return -1;
	int rc = wait_running(s, fd, ifname, running, timeout_ns);
	int e = errno;
	close(fd);
	errno = e;
	/* The queue is switched after the flag, but under one lock; so take that lock once. */
	return rc == 0 && running ? netspace_link_up(s, ifname, true) : rc;
}

int netspace_link_delete(struct netspace *s, const char *ifname)
{
	int index = netspace_ifindex(s, ifname);
	struct rtnl_link *w = index < 0 ? NULL : wish(s);
	if (!w)
		return -1;
	rtnl_link_set_ifindex(w, index);
	int code = rtnl_link_delete(s->rt, w);
	rtnl_link_put(w);
	return code < 0 ? fail(s, errno_of_nl(code), "deleting %s", ifname) : 0;
}

/* Kernels before 6.2 (and libnl still) refuse to rename a link that is up. */
int netspace_link_rename(struct netspace *s, const char *from, const char *to)
{
	if (netspace_link_up(s, from, false) < 0)
		return -1;
	struct rtnl_link *w = wish(s);
	if (!w)
		return -1;
	rtnl_link_set_name(w, to);
	if (change_link(s, from, w) < 0)
		return -1;
	return netspace_link_up(s, to, true);
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

int netspace_link_set_mac(struct netspace *s, const char *ifname, struct mac mac)
{
	struct rtnl_link *w = wish(s);
	if (!w)
		return -1;
	if (set_link_address(w, mac) < 0) {
		rtnl_link_put(w);
		return fail(s, ENOMEM, "nl_addr_build");
	}
	return change_link(s, ifname, w);
}

int netspace_link_set_mtu(struct netspace *s, const char *ifname, unsigned mtu)
{
	struct rtnl_link *w = wish(s);
	if (!w)
		return -1;
	rtnl_link_set_mtu(w, mtu);
	return change_link(s, ifname, w);
}

/* libnl reads this attribute, and has nothing to set it with. */
int netspace_link_single_segments(struct netspace *s, const char *ifname)
{
	struct nl_msg *msg = NULL;
	struct rtnl_link *w = wish(s);
	int index = netspace_ifindex(s, ifname), code = -NLE_NOMEM;

	if (w && index >= 0) {
		rtnl_link_set_ifindex(w, index);
		code = rtnl_link_build_change_request(w, w, 0, &msg);
		if (code == 0)
			code = nla_put_u32(msg, IFLA_GSO_MAX_SEGS, 1);
		if (code == 0)
			code = nl_send_sync(s->rt, msg);	/* frees it */
		else
			nlmsg_free(msg);
	}
	if (w)
		rtnl_link_put(w);
	if (index < 0)
		return -1;
	return code < 0 ? fail(s, errno_of_nl(code), "%s: segments one by one", ifname) : 0;
}

int netspace_link_move(struct netspace *s, const char *ifname, const struct netspace *to)
{
	struct rtnl_link *w = wish(s);
	if (!w)
		return -1;
	rtnl_link_set_ns_fd(w, to->ns);
	return change_link(s, ifname, w);
}

static int describe_end(struct rtnl_link *link, const struct netspace *s, const char *ifname,
			const struct mac *mac)
{
	rtnl_link_set_name(link, ifname);
	rtnl_link_set_ns_fd(link, s->ns);
	return mac ? set_link_address(link, *mac) : 0;
}

int netspace_veth(struct netspace *a, const char *a_name, const struct mac *a_mac,
		  struct netspace *b, const char *b_name, const struct mac *b_mac)
{
	struct rtnl_link *link = rtnl_link_veth_alloc();
	struct rtnl_link *peer = link ? rtnl_link_veth_get_peer(link) : NULL;
	int code = -NLE_NOMEM;

	if (peer && describe_end(link, a, a_name, a_mac) == 0 &&
	    describe_end(peer, b, b_name, b_mac) == 0)
		code = rtnl_link_add(a->rt, link, NLM_F_CREATE | NLM_F_EXCL);
	if (peer)
		rtnl_link_put(peer);
	if (link)
		rtnl_link_put(link);
	if (code < 0)
		return fail(a, errno_of_nl(code), "veth %s-%s", a_name, b_name);
	if (netspace_link_up(a, a_name, true) < 0)
		return -1;
	return netspace_link_up(b, b_name, true);
}

int netspace_bridge(struct netspace *s, const char *ifname)
{
	struct rtnl_link *w = wish(s);
	if (!w)
		return -1;

	rtnl_link_set_name(w, ifname);
	int code = rtnl_link_set_type(w, "bridge");
	if (code == 0)
		code = rtnl_link_add(s->rt, w, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(w);
	if (code < 0)
		return fail(s, errno_of_nl(code), "bridge %s", ifname);
	return netspace_link_up(s, ifname, true);
}

int netspace_bridge_port(struct netspace *s, const char *bridge, const char *ifname)
{
	int master = netspace_ifindex(s, bridge);
	int index = netspace_ifindex(s, ifname);
	if (master < 0 || index < 0)
		return -1;
	int code = rtnl_link_enslave_ifindex(s->rt, master, index);
	return code < 0 ? fail(s, errno_of_nl(code), "%s into %s", ifname, bridge) : 0;
}

/* ---- addresses and routes --------------------------------------------------------- */

static struct nl_addr *nl_ip(struct ip4 ip, unsigned prefix_len)
{
	struct nl_addr *a = nl_addr_build(AF_INET, ip.b, sizeof(ip.b));

	if (a)
		nl_addr_set_prefixlen(a, (int)prefix_len);
	return a;
}

static int change_address(struct netspace *s, const char *ifname, struct ip4 ip,
			  unsigned prefix_len, int (*change)(struct nl_sock *, struct rtnl_addr *, int))
{
	int index = netspace_ifindex(s, ifname);
	if (index < 0)
		return -1;

	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local = nl_ip(ip, prefix_len);
	int code = -NLE_NOMEM;
	if (addr && local) {
		rtnl_addr_set_ifindex(addr, index);
		code = rtnl_addr_set_local(addr, local);
		if (code == 0)
			code = change(s->rt, addr, 0);
	}
	nl_addr_put(local);
	if (addr)
		rtnl_addr_put(addr);
	return code < 0 ? fail(s, errno_of_nl(code), "address %u.%u.%u.%u/%u", ip.b[0], ip.b[1],
			       ip.b[2], ip.b[3], prefix_len) : 0;
}

int netspace_address_add(struct netspace *s, const char *ifname, struct ip4 ip,
			 unsigned prefix_len)
{
	return change_address(s, ifname, ip, prefix_len, rtnl_addr_add);
}

int netspace_address_delete(struct netspace *s, const char *ifname, struct ip4 ip,
			    unsigned prefix_len)
{
	return change_address(s, ifname, ip, prefix_len, rtnl_addr_delete);
}

struct route_wish {
	const char *ifname;
	struct ip4 dst;
	unsigned prefix_len;
	const struct ip4 *gateway;	/* NULL: dst is reached without one */
	bool own;			/* the prefix is the host's own */
	const struct netspace_metrics *metrics;	/* NULL: none */
};

static int fill_metrics(struct rtnl_route *route, const struct netspace_metrics *m)
{
	int code = 0;

	/* In units of 1 ms where they are read from a message (RTAX_RTO_MIN). */
	if (m && m->rto_min_ms)
		code = rtnl_route_set_metric(route, RTAX_RTO_MIN, m->rto_min_ms);
	if (code == 0 && m && m->quickack)
		code = rtnl_route_set_metric(route, RTAX_QUICKACK, m->quickack);
	if (code == 0 && m && m->window)
		code = rtnl_route_set_metric(route, RTAX_WINDOW, m->window);
	return code;
}

/* False when out of memory. */
static bool fill_route(struct rtnl_route *route, const struct route_wish *r, int index)
{
	struct nl_addr *dst = nl_ip(r->dst, r->prefix_len);
	struct nl_addr *gw = r->gateway ? nl_ip(*r->gateway, 32) : NULL;
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	bool ok = dst && hop && (gw || !r->gateway) && fill_metrics(route, r->metrics) == 0;

	if (ok) {
		rtnl_route_set_family(route, AF_INET);
		rtnl_route_set_dst(route, dst);
		rtnl_route_set_type(route, r->own ? RTN_LOCAL : RTN_UNICAST);
		rtnl_route_set_table(route, r->own ? RT_TABLE_LOCAL : RT_TABLE_MAIN);
		rtnl_route_set_scope(route, r->own ? RT_SCOPE_HOST :
					    r->gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
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

static int change_route(struct netspace *s, const struct route_wish *r,
			int (*change)(struct nl_sock *, struct rtnl_route *, int), int flags)
{
	int index = netspace_ifindex(s, r->ifname);
	if (index < 0)
		return -1;

	struct rtnl_route *route = rtnl_route_alloc();
	int code = -NLE_NOMEM;
	if (route && fill_route(route, r, index))
		code = change(s->rt, route, flags);
	if (route)
		rtnl_route_put(route);
	return code < 0 ? fail(s, errno_of_nl(code), "route %u.%u.%u.%u/%u", r->dst.b[0],
			       r->dst.b[1], r->dst.b[2], r->dst.b[3], r->prefix_len) : 0;
}

int netspace_local_prefix_add(struct netspace *s, struct ip4 ip, unsigned prefix_len)
{
	struct route_wish r = { .ifname = "lo", .dst = ip, .prefix_len = prefix_len, .own = true };

	return change_route(s, &r, rtnl_route_add, NLM_F_CREATE | NLM_F_EXCL);
}

int netspace_local_prefix_delete(struct netspace *s, struct ip4 ip, unsigned prefix_len)
{
	struct route_wish r = { .ifname = "lo", .dst = ip, .prefix_len = prefix_len, .own = true };

	return change_route(s, &r, rtnl_route_delete, 0);
}

int netspace_gateway_add(struct netspace *s, const char *ifname, struct ip4 dst,
			 unsigned prefix_len, struct ip4 gateway)
{
	struct route_wish r = { .ifname = ifname, .dst = dst, .prefix_len = prefix_len,
				.gateway = &gateway };

	return change_route(s, &r, rtnl_route_add, NLM_F_CREATE | NLM_F_EXCL);
}

int netspace_route_metrics(struct netspace *s, const char *ifname, struct ip4 prefix,
			   unsigned prefix_len, const struct netspace_metrics *metrics)
{
	struct route_wish r = { .ifname = ifname, .dst = prefix, .prefix_len = prefix_len,
				.metrics = metrics };

	return change_route(s, &r, rtnl_route_add, NLM_F_CREATE | NLM_F_REPLACE);
}

int netspace_neighbour_add(struct netspace *s, const char *ifname, struct ip4 ip, struct mac mac)
{
	int index = netspace_ifindex(s, ifname);
	if (index < 0)
		return -1;

	struct rtnl_neigh *n = rtnl_neigh_alloc();
	struct nl_addr *dst = nl_ip(ip, 32);
	struct nl_addr *lladdr = nl_addr_build(AF_LLC, mac.b, sizeof(mac.b));
	int code = -NLE_NOMEM;
	if (n && dst && lladdr) {
		rtnl_neigh_set_ifindex(n, index);
		rtnl_neigh_set_state(n, NUD_PERMANENT);
		rtnl_neigh_set_lladdr(n, lladdr);
		code = rtnl_neigh_set_dst(n, dst);
		if (code == 0)
			code = rtnl_neigh_add(s->rt, n, NLM_F_CREATE | NLM_F_REPLACE);
	}
	nl_addr_put(lladdr);
	nl_addr_put(dst);
	if (n)
		rtnl_neigh_put(n);
	return code < 0 ? fail(s, errno_of_nl(code), "neighbour %u.%u.%u.%u", ip.b[0], ip.b[1],
			       ip.b[2], ip.b[3]) : 0;
}
