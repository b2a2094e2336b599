/* The child: the way of a lab, one step after the other, until one is refused. */
#include "doctor_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23	/* Linux 4.20 */
#endif

#ifndef TCP_REPAIR_ON
#define TCP_REPAIR_ON 1
#define TCP_REPAIR_OFF_NO_WP (-1)	/* Linux 4.19 */
#endif

#define TAP_NAME "tap0"
#define VETH_NAME "veth0"
#define HOSTS 4u		/* of the largest lab */

/* Nothing is ever closed: the end of the process does that, and takes everything along. */
struct trial {
	const char *root;
	bool in_userns;
	int host[HOSTS];	/* a network namespace each; the process is in the last one */
	int control;		/* any socket of the last, for ioctls */
	long max_netns;		/* that the caller may have: a namespace in it has another limit */
};

static struct doctor_attempt attempt(const struct trial *t, const char *call, int capability)
{
	return (struct doctor_attempt){ .root = t->root, .call = call, .capability = capability,
					.in_userns = t->in_userns };
}

/* The line says why `call`, which set errno, was refused.  The step ends with it. */
static void refused(struct doctor_line *line, const struct trial *t, const char *call,
		    int capability)
{
	struct doctor_attempt a = attempt(t, call, capability);

	doctor_explain(line, &a, errno);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0)
		return -1;
	ssize_t n = write(fd, text, len);
	int saved = errno;
	(void)close(fd);
	errno = saved;
	return n == (ssize_t)len ? 0 : -1;
}

/* ---- namespaces ------------------------------------------------------------------------- */

/* NULL, or what was refused, with errno.  user_namespaces(7): groups are given up first. */
static const char *become_root(void)
{
	char uid_map[32], gid_map[32];

	(void)snprintf(uid_map, sizeof(uid_map), "0 %u 1", (unsigned)geteuid());
	(void)snprintf(gid_map, sizeof(gid_map), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER) < 0)
		return "unshare(CLONE_NEWUSER)";
	if (write_file("/proc/self/setgroups", "deny") < 0)
		return "/proc/self/setgroups";
	if (write_file("/proc/self/uid_map", uid_map) < 0)
		return "/proc/self/uid_map";
	return write_file("/proc/self/gid_map", gid_map) < 0 ? "/proc/self/gid_map" : NULL;
}

static void try_userns(struct trial *t, struct doctor_line *line)
{
	struct doctor_attempt a = attempt(t, "", geteuid() == 0 ? CAP_SYS_ADMIN : -1);

	t->max_netns = doctor_number(t->root, "/proc/sys/user/max_net_namespaces");
	/* Root of a container may be root in name only, and then goes the ordinary user's way. */
	if (geteuid() == 0 && unshare(CLONE_NEWNET) == 0) {
		line->cause = DOCTOR_IS_ROOT;
		return;
	}
	t->in_userns = true;
	a.in_userns = true;
	a.call = become_root();
	if (a.call)
		doctor_explain_userns(line, &a, errno);
}

static void try_netns(struct trial *t, struct doctor_line *line)
{
	char number[24];

	(void)snprintf(number, sizeof(number), "%ld", t->max_netns);
	for (unsigned i = 0; i < HOSTS; i++) {
		if (unshare(CLONE_NEWNET) < 0) {
			if (errno == ENOSPC && t->max_netns >= 0)
				doctor_blame(line, DOCTOR_NETNS_LIMIT, errno, number);
			else if (errno == EINVAL)
				doctor_blame(line, DOCTOR_KERNEL_LACKS, errno, "CONFIG_NET_NS");
			else
				refused(line, t, "unshare(CLONE_NEWNET)", CAP_SYS_ADMIN);
			return;
		}
		t->host[i] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
		if (t->host[i] < 0) {
			refused(line, t, "/proc/thread-self/ns/net", -1);
			return;
		}
	}
	t->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t->control < 0)
		refused(line, t, "socket(AF_INET)", -1);
}

/* What a host must be told; other settings are younger, and a kernel without them behaves. */
static void try_settings(struct trial *t, struct doctor_line *line)
{
	static const struct { const char *path, *value; } settings[] = {
		{ "/proc/sys/net/ipv4/tcp_timestamps", "0" },
		{ "/proc/sys/net/ipv4/tcp_no_metrics_save", "1" },
		{ "/proc/sys/net/ipv4/tcp_moderate_rcvbuf", "0" },
		{ "/proc/sys/net/ipv4/tcp_rmem", "4096 131072 131072" },
		{ "/proc/sys/net/ipv4/tcp_wmem", "4096 262144 262144" },
		{ "/proc/sys/net/ipv4/tcp_congestion_control", "reno" },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (write_file(settings[i].path, settings[i].value) < 0) {
			refused(line, t, settings[i].path, CAP_NET_ADMIN);
			return;
		}
	}
}

/* ---- sockets ---------------------------------------------------------------------------- */

static void try_repair(struct trial *t, struct doctor_line *line)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = TCP_REPAIR_ON, off = TCP_REPAIR_OFF_NO_WP, queue = TCP_SEND_QUEUE;
	unsigned seq = 1000;

	if (fd < 0)
		refused(line, t, "socket(AF_INET)", -1);
	else if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) < 0)
		refused(line, t, "TCP_REPAIR", CAP_NET_ADMIN);
	else if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) < 0 ||
		 setsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &seq, sizeof(seq)) < 0)
		refused(line, t, "TCP_QUEUE_SEQ", CAP_NET_ADMIN);
	else if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)) < 0)
		doctor_blame(line, DOCTOR_KERNEL_UNAWARE, errno, "TCP_REPAIR_OFF_NO_WP");
}

static void try_packet(struct trial *t, struct doctor_line *line)
{
	struct doctor_attempt a = attempt(t, "socket(AF_PACKET)", CAP_NET_RAW);
	struct sockaddr_ll where = { .sll_family = AF_PACKET,
				     .sll_ifindex = (int)if_nametoindex("lo") };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 && errno == EAFNOSUPPORT)
		doctor_explain_lack(line, &a, errno, "af_packet", "CONFIG_PACKET");
	else if (fd < 0)
		doctor_explain(line, &a, errno);
	else if (bind(fd, (struct sockaddr *)&where, sizeof(where)) < 0)
		refused(line, t, "bind(AF_PACKET)", -1);
	else if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0)
		refused(line, t, "PACKET_IGNORE_OUTGOING", -1);
	else if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0)
		refused(line, t, "PACKET_QDISC_BYPASS", -1);
}

/* ---- TAP -------------------------------------------------------------------------------- */

static int link_up(const struct trial *t, const char *ifname)
{
	struct ifreq r = { .ifr_flags = IFF_UP };

	memcpy(r.ifr_name, ifname, strlen(ifname) + 1);
	return ioctl(t->control, SIOCSIFFLAGS, &r);
}

/* The node is there, and may not be opened: because of its mode, or in spite of it? */
static enum doctor_cause who_forbids(int error)
{
	struct stat st;
	bool for_all = stat("/dev/net/tun", &st) == 0 && (st.st_mode & 0006) == 0006;

	return error == EACCES && !for_all ? DOCTOR_NODE_FORBIDDEN : DOCTOR_NODE_BLOCKED;
}

static void explain_node(struct trial *t, struct doctor_line *line, int error)
{
	struct doctor_attempt a = attempt(t, "/dev/net/tun", -1);

	if (error == ENOENT && doctor_exists(t->root, "/sys/class/misc/tun"))
		doctor_blame(line, DOCTOR_NODE_MISSING, error, "/dev/net/tun");
	else if (error == ENOENT || error == ENODEV || error == ENXIO)
		doctor_explain_lack(line, &a, error, "tun", "CONFIG_TUN");
	else if (error == EACCES || error == EPERM)
		doctor_blame(line, who_forbids(error), error, "/dev/net/tun");
	else if (error == EISDIR || error == ENOTDIR)
		doctor_blame(line, DOCTOR_NODE_STRANGE, error, "/dev/net/tun");
	else
		doctor_explain(line, &a, error);
}

static void try_tap(struct trial *t, struct doctor_line *line)
{
	struct ifreq r = { .ifr_name = TAP_NAME, .ifr_flags = IFF_TAP | IFF_NO_PI };
	static const unsigned char frame[ETH_ZLEN];	/* to nobody, of no known type */
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	bool made = fd >= 0 && ioctl(fd, TUNSETIFF, &r) == 0;

	if (fd < 0)
		explain_node(t, line, errno);
	else if (!made && errno == ENOTTY)
		doctor_blame(line, DOCTOR_NODE_STRANGE, errno, "/dev/net/tun");
	else if (!made)
		refused(line, t, "TUNSETIFF", CAP_NET_ADMIN);
	else if (link_up(t, TAP_NAME) < 0)
		refused(line, t, "SIOCSIFFLAGS", CAP_NET_ADMIN);
	else if (write(fd, frame, sizeof(frame)) != (ssize_t)sizeof(frame))
		refused(line, t, "write(/dev/net/tun)", -1);
}

/* ---- veth ------------------------------------------------------------------------------- */

/* libnl folds many errors into few; these are the ones that have a cure. */
static int errno_of_nl(int code)
{
	switch (code < 0 ? -code : code) {
	case NLE_PERM: return EPERM;
	case NLE_NOACCESS: return EACCES;
	case NLE_OPNOTSUPP: return EOPNOTSUPP;
	case NLE_NOMEM: return ENOMEM;
	}
	return EIO;
}

/* 0, or libnl's code. */
static int make_pair(const struct trial *t)
{
	struct nl_sock *sk = nl_socket_alloc();
	struct rtnl_link *link = rtnl_link_veth_alloc();
	struct rtnl_link *peer = link ? rtnl_link_veth_get_peer(link) : NULL;
	int code = sk && peer ? nl_connect(sk, NETLINK_ROUTE) : -NLE_NOMEM;

	if (code == 0) {
		rtnl_link_set_name(link, VETH_NAME);
		rtnl_link_set_name(peer, VETH_NAME);
		rtnl_link_set_ns_fd(peer, t->host[0]);
		code = rtnl_link_add(sk, link, NLM_F_CREATE | NLM_F_EXCL);
	}
	if (peer)
		rtnl_link_put(peer);
	if (link)
		rtnl_link_put(link);
	nl_socket_free(sk);
	return code;
}

static void try_veth(struct trial *t, struct doctor_line *line)
{
	struct doctor_attempt a = attempt(t, "RTM_NEWLINK (veth)", CAP_NET_ADMIN);
	int code = make_pair(t);

	if (code == -NLE_OPNOTSUPP)
		doctor_explain_lack(line, &a, EOPNOTSUPP, "veth", "CONFIG_VETH");
	else if (code < 0)
		doctor_explain(line, &a, errno_of_nl(code));
	else if (link_up(t, VETH_NAME) < 0)
		refused(line, t, "SIOCSIFFLAGS", CAP_NET_ADMIN);
}

/* 0, or -1 with errno; EALREADY: no error, and it is on all the same. */
static int switch_off(const struct trial *t, uint32_t set, uint32_t get)
{
	struct ethtool_value value = { .cmd = set };
	struct ifreq r = { .ifr_name = VETH_NAME, .ifr_data = (void *)&value };

	if (ioctl(t->control, SIOCETHTOOL, &r) < 0)
		return -1;
	value.cmd = get;
	if (ioctl(t->control, SIOCETHTOOL, &r) < 0)
		return -1;
	errno = EALREADY;
	return value.data == 0 ? 0 : -1;
}

/* On a veth as it is made, one long write is one long "segment" without a checksum. */
static void try_offload(struct trial *t, struct doctor_line *line)
{
	static const struct { uint32_t set, get; const char *name; } offloads[] = {
		{ ETHTOOL_STSO, ETHTOOL_GTSO, "ETHTOOL_STSO" },
		{ ETHTOOL_SGSO, ETHTOOL_GGSO, "ETHTOOL_SGSO" },
		{ ETHTOOL_SGRO, ETHTOOL_GGRO, "ETHTOOL_SGRO" },
		{ ETHTOOL_SSG, ETHTOOL_GSG, "ETHTOOL_SSG" },
		{ ETHTOOL_STXCSUM, ETHTOOL_GTXCSUM, "ETHTOOL_STXCSUM" },
	};

	for (size_t i = 0; i < sizeof(offloads) / sizeof(offloads[0]); i++) {
		if (switch_off(t, offloads[i].set, offloads[i].get) < 0) {
			refused(line, t, offloads[i].name, CAP_NET_ADMIN);
			return;
		}
	}
}

/* ---- all of it -------------------------------------------------------------------------- */

struct step {
	enum doctor_item item, needs;
	void (*run)(struct trial *t, struct doctor_line *line);
};

/* DOCTOR_KERNEL: nothing that could have failed here. */
static const struct step steps[] = {
	{ DOCTOR_USERNS, DOCTOR_KERNEL, try_userns },
	{ DOCTOR_NETNS, DOCTOR_USERNS, try_netns },
	{ DOCTOR_SETTINGS, DOCTOR_NETNS, try_settings },
	{ DOCTOR_REPAIR, DOCTOR_NETNS, try_repair },
	{ DOCTOR_TAP, DOCTOR_NETNS, try_tap },
	{ DOCTOR_PACKET, DOCTOR_NETNS, try_packet },
	{ DOCTOR_VETH, DOCTOR_NETNS, try_veth },
	{ DOCTOR_OFFLOAD, DOCTOR_VETH, try_offload },
};

/* Few descriptors have a line of their own, and should not spoil the others. */
static void take_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DOCTOR_DESCRIPTORS_MIN) {
		limit.rlim_cur = limit.rlim_max < DOCTOR_DESCRIPTORS_MIN ? limit.rlim_max :
									   DOCTOR_DESCRIPTORS_MIN;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

_Noreturn void doctor_try_all(int out, const struct doctor_options *options)
{
	struct trial t = { .root = options->root ? options->root : "" };
	bool failed[DOCTOR_ITEMS] = { false };
	struct doctor_news news;

	take_descriptors();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct step *s = &steps[i];
		memset(&news, 0, sizeof(news));
		news.item = s->item;
		if (failed[s->needs]) {
			failed[s->item] = true;
		} else {
			news.line.state = DOCTOR_OK;
			s->run(&t, &news.line);
			failed[s->item] = news.line.state == DOCTOR_FAILED;
		}
		if (write(out, &news, sizeof(news)) != (ssize_t)sizeof(news))
			_exit(1);
	}
	_exit(0);
}
