#include "wirelab/netlink.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/neighbour.h>
#include <netlink/netlink.h>
#include <netlink/msg.h>
#include <netlink/attr.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

struct netctl {
	struct nl_sock *sk;
	uint64_t namespace;
};

/* One request and what to do with each answer. */
struct reply {
	void (*take)(struct nlmsghdr *nlh, void *arg);
	void *arg;
	int error;			/* errno of the kernel's refusal, 0: none */
	bool done;
};

static uint64_t namespace_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	struct stat st;

	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) == 0)
		return cookie;
	return stat("/proc/self/ns/net", &st) == 0 ? (uint64_t)st.st_ino : 0;
}

struct netctl *netctl_open(char err[static 256])
{
	struct netctl *n = calloc(1, sizeof(*n));
	int rc = -NLE_NOMEM;

	if (n)
		n->sk = nl_socket_alloc();
	if (n && n->sk) {
		nl_socket_disable_auto_ack(n->sk);
		/* To begin with: libnl asks how long a message is and makes room for it. */
		(void)nl_socket_set_msg_buf_size(n->sk, 4096);
		rc = nl_connect(n->sk, NETLINK_ROUTE);
	}
	if (rc < 0) {
		(void)snprintf(err, 256, "cannot talk to the kernel (rtnetlink): %s",
			       nl_geterror(rc));
		netctl_close(n);
		return NULL;
	}
	n->namespace = namespace_of(nl_socket_get_fd(n->sk));
	return n;
}

void netctl_close(struct netctl *n)
{
	if (!n)
		return;
	nl_socket_free(n->sk);
	free(n);
}

uint64_t netctl_namespace(const struct netctl *n)
{
	return n->namespace;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct reply *r = arg;

	r->take(nlmsg_hdr(msg), r->arg);
	r->done = true;
	return NL_OK;
}

static int on_finish(struct nl_msg *msg, void *arg)
{
	struct reply *r = arg;

	(void)msg;
	r->done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *nla, struct nlmsgerr *e, void *arg)
{
	struct reply *r = arg;

	(void)nla;
	r->error = -e->error;
	r->done = true;
	return NL_STOP;
}

/* Sends msg, frees it, and takes the answers.  0, or -1 with errno. */
static int talk(struct netctl *n, struct nl_msg *msg, struct reply *r)
{
	bool dump = (nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int rc = cb ? nl_send_auto(n->sk, msg) : -NLE_NOMEM;

	nlmsg_free(msg);
	if (rc >= 0) {
		nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, r);
		if (dump)
			nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, r);
		nl_cb_err(cb, NL_CB_CUSTOM, on_error, r);
		do {
			rc = nl_recvmsgs(n->sk, cb);
		} while (rc >= 0 && !r->done);
	}
	nl_cb_put(cb);
	if (rc >= 0 && r->error == 0)
		return 0;
	errno = r->error ? r->error : rc == -NLE_NOMEM ? ENOMEM : EIO;
	return -1;
}

/* ---- links -------------------------------------------------------------------------- */

/* FNV-1a over what changes when a link becomes another one. */
static uint32_t generation_of(struct mac mac, uint32_t carrier_changes)
{
	uint32_t h = 2166136261u;
	uint8_t bytes[10];

	memcpy(bytes, mac.b, sizeof(mac.b));
	memcpy(bytes + sizeof(mac.b), &carrier_changes, sizeof(carrier_changes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		h = (h ^ bytes[i]) * 16777619u;
	return h;
}

static void take_link(struct nlmsghdr *nlh, void *arg)
{
	struct netif *out = arg;
	struct ifinfomsg *info = nlmsg_data(nlh);
	struct nlattr *tb[IFLA_MAX + 1];
	uint32_t changes = 0;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(nlh, sizeof(*info), tb, IFLA_MAX, NULL) < 0)
		return;
	*out = (struct netif){
		.ifindex = (uint32_t)info->ifi_index,
		.up = (info->ifi_flags & IFF_UP) != 0,
		.carrier = (info->ifi_flags & IFF_LOWER_UP) != 0,
		.loopback = (info->ifi_flags & IFF_LOOPBACK) != 0,
		.ethernet = info->ifi_type == ARPHRD_ETHER && !(info->ifi_flags & IFF_NOARP),
	};
	if (tb[IFLA_IFNAME])
		(void)nla_strlcpy(out->name, tb[IFLA_IFNAME], sizeof(out->name));
	if (tb[IFLA_MTU])
		out->mtu = nla_get_u32(tb[IFLA_MTU]);
	if (tb[IFLA_CARRIER_CHANGES])
		changes = nla_get_u32(tb[IFLA_CARRIER_CHANGES]);
	if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == (int)sizeof(out->mac.b))
		memcpy(out->mac.b, nla_data(tb[IFLA_ADDRESS]), sizeof(out->mac.b));
	out->generation = generation_of(out->mac, changes);
}

static int get_link(struct netctl *n, uint32_t ifindex, const char *name, struct netif *out)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct netif found = { .ifindex = 0 };
	struct reply r = { .take = take_link, .arg = &found };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST);

	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    (name && nla_put_string(msg, IFLA_IFNAME, name) < 0)) {
		nlmsg_free(msg);
		errno = ENOMEM;
		return -1;
	}
	if (talk(n, msg, &r) < 0)
		return -1;
	if (!found.ifindex) {
		errno = ENODEV;
		return -1;
	}
	*out = found;
	return 0;
}

int netctl_link(struct netctl *n, uint32_t ifindex, struct netif *out)
{
	return get_link(n, ifindex, NULL, out);
}

int netctl_link_by_name(struct netctl *n, const char *name, struct netif *out)
{
	/* The kernel calls a name that cannot be one ERANGE or EINVAL; to the user it is a
	 * name that no interface has. */
	if (!*name || strlen(name) >= NETIF_NAME) {
		errno = ENODEV;
		return -1;
	}
	return get_link(n, 0, name, out);
}

/* ---- routes ------------------------------------------------------------------------- */

static void take_route(struct nlmsghdr *nlh, void *arg)
{
	struct route *out = arg;
	struct rtmsg *rt = nlmsg_data(nlh);
	struct nlattr *tb[RTA_MAX + 1];

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(nlh, sizeof(*rt), tb, RTA_MAX, NULL) < 0)
		return;
	*out = (struct route){ .kind = ROUTE_OTHER };
	if (rt->rtm_type == RTN_LOCAL)
		out->kind = ROUTE_LOCAL;
	else if (rt->rtm_type == RTN_UNICAST)
		out->kind = tb[RTA_GATEWAY] || tb[RTA_VIA] ? ROUTE_GATEWAY : ROUTE_LINK;
	if (tb[RTA_OIF])
		out->ifindex = nla_get_u32(tb[RTA_OIF]);
	if (tb[RTA_PREFSRC] && nla_len(tb[RTA_PREFSRC]) == (int)sizeof(out->source.b))
		memcpy(out->source.b, nla_data(tb[RTA_PREFSRC]), sizeof(out->source.b));
	if (tb[RTA_GATEWAY] && nla_len(tb[RTA_GATEWAY]) == (int)sizeof(out->gateway.b))
		memcpy(out->gateway.b, nla_data(tb[RTA_GATEWAY]), sizeof(out->gateway.b));
}

int netctl_route(struct netctl *n, struct ip4 target, uint32_t ifindex, struct route *out)
{
	struct rtmsg rt = { .rtm_family = AF_INET, .rtm_dst_len = 32 };
	struct route found = { .kind = ROUTE_OTHER };
	struct reply r = { .take = take_route, .arg = &found };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST);

	if (!msg || nlmsg_append(msg, &rt, sizeof(rt), NLMSG_ALIGNTO) < 0 ||
	    nla_put(msg, RTA_DST, sizeof(target.b), target.b) < 0 ||
	    (ifindex && nla_put_u32(msg, RTA_OIF, ifindex) < 0)) {
		nlmsg_free(msg);
		errno = ENOMEM;
		return -1;
	}
	if (talk(n, msg, &r) < 0)
		return -1;
	*out = found;
	return 0;
}

/* ---- addresses and neighbours: dumps ------------------------------------------------ */

static int dump(struct netctl *n, int type, const void *head, size_t len, struct reply *r)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_DUMP);

	if (!msg || nlmsg_append(msg, (void *)(uintptr_t)head, len, NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		errno = ENOMEM;
		return -1;
	}
	return talk(n, msg, r);
}

struct address_list {
	uint32_t ifindex;
	struct netif_addr *out;
	int max, n;
};

static void take_address(struct nlmsghdr *nlh, void *arg)
{
	struct address_list *list = arg;
	struct ifaddrmsg *ifa = nlmsg_data(nlh);
	struct nlattr *tb[IFA_MAX + 1];
	struct nlattr *ip;

	if (nlh->nlmsg_type != RTM_NEWADDR || ifa->ifa_family != AF_INET ||
	    nlmsg_parse(nlh, sizeof(*ifa), tb, IFA_MAX, NULL) < 0)
		return;
	/* On a point-to-point link IFA_ADDRESS is the other end's. */
	ip = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	if (!ip || nla_len(ip) != (int)sizeof(struct ip4) ||
	    (list->ifindex && ifa->ifa_index != list->ifindex))
		return;
	if (list->n < list->max) {
		struct netif_addr *a = &list->out[list->n];
		*a = (struct netif_addr){ .prefix_len = ifa->ifa_prefixlen,
					  .ifindex = ifa->ifa_index,
					  .secondary = (ifa->ifa_flags & IFA_F_SECONDARY) != 0 };
		memcpy(a->ip.b, nla_data(ip), sizeof(a->ip.b));
	}
	list->n++;
}

int netctl_addresses(struct netctl *n, uint32_t ifindex, struct netif_addr *out, int max)
{
	struct ifaddrmsg head = { .ifa_family = AF_INET };
	struct address_list list = { .ifindex = ifindex, .out = out, .max = max };
	struct reply r = { .take = take_address, .arg = &list };

	return dump(n, RTM_GETADDR, &head, sizeof(head), &r) < 0 ? -1 : list.n;
}

struct neighbour_list {
	uint32_t ifindex;
	void (*entry)(const struct neighbour *nb, void *arg);
	void *arg;
};

static void take_neighbour(struct nlmsghdr *nlh, void *arg)
{
	struct neighbour_list *list = arg;
	struct ndmsg *nd = nlmsg_data(nlh);
	struct nlattr *tb[NDA_MAX + 1];
	struct neighbour nb = { .state = nd->ndm_state, .ifindex = (uint32_t)nd->ndm_ifindex };

	if (nlh->nlmsg_type != RTM_NEWNEIGH || nd->ndm_family != AF_INET ||
	    nlmsg_parse(nlh, sizeof(*nd), tb, NDA_MAX, NULL) < 0 || !tb[NDA_DST] ||
	    nla_len(tb[NDA_DST]) != (int)sizeof(nb.ip.b) ||
	    (list->ifindex && nb.ifindex != list->ifindex))
		return;
	memcpy(nb.ip.b, nla_data(tb[NDA_DST]), sizeof(nb.ip.b));
	if (tb[NDA_LLADDR] && nla_len(tb[NDA_LLADDR]) == (int)sizeof(nb.mac.b))
		memcpy(nb.mac.b, nla_data(tb[NDA_LLADDR]), sizeof(nb.mac.b));
	list->entry(&nb, list->arg);
}

int netctl_neighbours(struct netctl *n, uint32_t ifindex,
		      void (*entry)(const struct neighbour *nb, void *arg), void *arg)
{
	struct ndmsg head = { .ndm_family = AF_INET };
	struct neighbour_list list = { ifindex, entry, arg };
	struct reply r = { .take = take_neighbour, .arg = &list };

	return dump(n, RTM_GETNEIGH, &head, sizeof(head), &r);
}

const char *neighbour_state_name(uint16_t state)
{
	switch (state) {
	case NUD_INCOMPLETE: return "incomplete";
	case NUD_REACHABLE: return "reachable";
	case NUD_STALE: return "stale";
	case NUD_DELAY: return "delay";
	case NUD_PROBE: return "probe";
	case NUD_FAILED: return "failed";
	case NUD_NOARP: return "noarp";
	case NUD_PERMANENT: return "permanent";
	default: return "none";
	}
}

/* ---- news of one link ----------------------------------------------------------------- */

#define LINKWATCH_MORE_MS 300	/* on a busy machine the rest comes that much later */

struct linkwatch {
	struct nl_sock *sk;
	struct nl_cb *cb;
	struct netif iface;
	char why[256];
};

static void judge_news(struct linkwatch *w, struct nlmsghdr *nlh)
{
	struct ifinfomsg *info = nlmsg_data(nlh);
	struct nlattr *tb[IFLA_MAX + 1];
	struct netif is;
	const char *name = w->iface.name;

	if ((uint32_t)info->ifi_index != w->iface.ifindex || info->ifi_family != AF_UNSPEC)
		return;
	if (nlh->nlmsg_type == RTM_DELLINK) {
		bool moved = nlmsg_parse(nlh, sizeof(*info), tb, IFLA_MAX, NULL) == 0 &&
			     tb[IFLA_NEW_NETNSID];
		(void)snprintf(w->why, sizeof(w->why), moved
			       ? "%s was moved to another network namespace"
			       : "%s was deleted", name);
		return;
	}
	is = w->iface;
	take_link(nlh, &is);
	if (strcmp(is.name, name) != 0)
		(void)snprintf(w->why, sizeof(w->why), "%s was renamed to %s", name, is.name);
	else if (!is.up)
		(void)snprintf(w->why, sizeof(w->why), "%s was taken down", name);
	else if (!mac_equal(is.mac, w->iface.mac))
		(void)snprintf(w->why, sizeof(w->why), "%s got another MAC", name);
}

static int on_news(struct nl_msg *msg, void *arg)
{
	struct linkwatch *w = arg;
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	if (nlh->nlmsg_type == RTM_NEWLINK || nlh->nlmsg_type == RTM_DELLINK)
		judge_news(w, nlh);
	return NL_OK;
}

/* News answer no request of ours and have no number to compare. */
static int any_sequence(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

struct linkwatch *linkwatch_open(const struct netif *iface, char err[static 256])
{
	struct linkwatch *w = calloc(1, sizeof(*w));
	int rc = -NLE_NOMEM;

	if (w) {
		w->iface = *iface;
		w->sk = nl_socket_alloc();
		w->cb = nl_cb_alloc(NL_CB_DEFAULT);
	}
	if (w && w->sk && w->cb) {
		nl_socket_disable_auto_ack(w->sk);
		nl_cb_set(w->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, any_sequence, NULL);
		nl_cb_set(w->cb, NL_CB_VALID, NL_CB_CUSTOM, on_news, w);
		nl_join_groups(w->sk, RTMGRP_LINK);
		rc = nl_connect(w->sk, NETLINK_ROUTE);
		if (rc >= 0)
			rc = nl_socket_set_nonblocking(w->sk);
	}
	if (rc < 0) {
		(void)snprintf(err, 256, "cannot watch %s: %s", iface->name, nl_geterror(rc));
		linkwatch_close(w);
		return NULL;
	}
	return w;
}

int linkwatch_fd(const struct linkwatch *w)
{
	return nl_socket_get_fd(w->sk);
}

bool linkwatch_gone(struct linkwatch *w, char why[static 256])
{
	while (nl_recvmsgs(w->sk, w->cb) >= 0)
		;
	if (!*w->why)
		return false;
	/* A link that is deleted or moved is taken down first: the last news tell best what
	 * became of it, so a moment is given to them. */
	struct pollfd more = { .fd = linkwatch_fd(w), .events = POLLIN };
	while (poll(&more, 1, LINKWATCH_MORE_MS) > 0 && nl_recvmsgs(w->sk, w->cb) >= 0)
		;
	(void)snprintf(why, 256, "%s", w->why);
	return true;
}

void linkwatch_close(struct linkwatch *w)
{
	if (!w)
		return;
	nl_cb_put(w->cb);
	nl_socket_free(w->sk);
	free(w);
}
