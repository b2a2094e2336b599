/* port.c - which link a question goes out of, and what comes and goes there */
#include "arpq.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "wirelab/privs.h"

/* ---- which link ------------------------------------------------------------------------- */

/* Which of the interface's addresses to speak from: --src-ip, the route's, or its first. */
static bool choose_source(struct arpq *a, const struct netif *iface, const struct route *route,
			  struct ip4 *out)
{
	struct netif_addr addr;

	if (a->opt->has_src_ip) {
		*out = a->opt->src_ip;
		return true;
	}
	if (route && !ip4_is_unspecified(route->source)) {
		*out = route->source;
		return true;
	}
	if (netctl_addresses(a->net, iface->ifindex, &addr, 1) < 1)
		return false;
	*out = addr.ip;
	return true;
}

static int check_iface(const struct netif *iface)
{
	if (iface->loopback) {
		complain("%s is the loopback: there is no ARP on it; name a network interface with -i",
			 iface->name);
		return EXIT_USAGE;
	}
	if (!iface->ethernet) {
		complain("%s is no Ethernet interface that does ARP: name another with -i",
			 iface->name);
		return EXIT_USAGE;
	}
	if (!iface->up) {
		complain("%s is down: ip link set %s up", iface->name, iface->name);
		return EXIT_LINK_GONE;
	}
	return EXIT_DONE;
}

static void fill_port(struct arpq *a, struct port *p, struct ip4 source)
{
	const struct options *opt = a->opt;

	p->self = (struct arp_self){ .ip = source, .vlan = opt->vlan,
				     .mac = opt->has_src_mac ? opt->src_mac : p->iface.mac };
	p->place = (struct cache_place){ .netns = netctl_namespace(a->net),
					 .ifindex = p->iface.ifindex, .vlan = opt->vlan,
					 .generation = p->iface.generation };
}

static int no_address(const char *name)
{
	complain("%s has no IPv4 address to ask from: give one with --src-ip, or set one with "
		 "ip address add ADDRESS/LEN dev %s", name, name);
	return EXIT_USAGE;
}

/* The interface of -i, whatever the routes say. */
static int find_named(struct arpq *a, struct netif *out)
{
	if (netctl_link_by_name(a->net, a->opt->ifname, out) == 0)
		return check_iface(out);
	if (errno == ENODEV)
		complain("there is no interface %s: ip link shows those there are", a->opt->ifname);
	else
		complain("%s: %s", a->opt->ifname, strerror(errno));
	return EXIT_USAGE;
}

static int behind_gateway(struct ip4 target, struct ip4 gateway)
{
	char t[IP4_STRLEN], g[IP4_STRLEN];

	ip4_format(target, t);
	ip4_format(gateway, g);
	complain("%s is behind the gateway %s: ARP does not reach past the link; ask for the "
		 "gateway: arpq %s", t, g, g);
	return EXIT_NO_ANSWER;
}

static int judge_route(struct arpq *a, struct ip4 target, const struct route *r)
{
	char t[IP4_STRLEN];

	ip4_format(target, t);
	if (r->kind == ROUTE_GATEWAY && !a->opt->has_src_ip)
		return behind_gateway(target, r->gateway);
	if (r->kind == ROUTE_OTHER) {
		complain("%s is not one host's address: nobody answers for it", t);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

int port_find(struct arpq *a, struct ip4 target, struct port *out)
{
	struct port p = { .link = NULL };
	struct route r = { .kind = ROUTE_LINK };
	struct ip4 source;
	char t[IP4_STRLEN];
	int status = EXIT_DONE;
	bool routed;

	if (a->opt->ifname)
		status = find_named(a, &p.iface);
	if (status)
		return status;
	routed = netctl_route(a->net, target, p.iface.ifindex, &r) == 0;
	if (!routed && !a->opt->ifname) {
		complain("no route to %s: name the interface with -i", ip4_format(target, t));
		return EXIT_NO_ANSWER;
	}
	if (routed)
		status = judge_route(a, target, &r);
	if (status)
		return status;
	if (!a->opt->ifname) {
		if (netctl_link(a->net, r.ifindex, &p.iface) < 0) {
			complain("interface %u: %s", r.ifindex, strerror(errno));
			return EXIT_LINK_GONE;
		}
		/* The route to one of our own addresses goes over lo, and needs no ARP. */
		if (r.kind != ROUTE_LOCAL || ip4_number(target) >> 24 == 127)
			status = check_iface(&p.iface);
		if (status)
			return status;
	}
	if (!choose_source(a, &p.iface, routed ? &r : NULL, &source))
		return no_address(p.iface.name);
	fill_port(a, &p, source);
	p.local = r.kind == ROUTE_LOCAL;
	*out = p;
	return EXIT_DONE;
}

/* Without -i: the one Ethernet interface that is up and has an address. */
static int find_only(struct arpq *a, struct netif *out)
{
	struct netif_addr addr[64];
	int n = netctl_addresses(a->net, 0, addr, 64);
	uint32_t found = 0;

	for (int i = 0; i < n && i < 64; i++) {
		struct netif iface;
		if (addr[i].ifindex == found || netctl_link(a->net, addr[i].ifindex, &iface) < 0 ||
		    !iface.ethernet || iface.loopback || !iface.up)
			continue;
		if (found) {
			complain("there is more than one network interface: name one with -i");
			return EXIT_USAGE;
		}
		found = iface.ifindex;
		*out = iface;
	}
	if (found)
		return EXIT_DONE;
	complain("no network interface is up and has an IPv4 address: name one with -i");
	return EXIT_USAGE;
}

int port_named(struct arpq *a, bool need_ip, struct port *out)
{
	struct port p = { .link = NULL };
	struct ip4 source = IP4_UNSPECIFIED;
	int status = a->opt->ifname ? find_named(a, &p.iface) : find_only(a, &p.iface);

	if (status)
		return status;
	if (!choose_source(a, &p.iface, NULL, &source) && need_ip)
		return no_address(p.iface.name);
	fill_port(a, &p, source);
	*out = p;
	return EXIT_DONE;
}

/* ---- open and closed -------------------------------------------------------------------- */

static int refuse_open(const struct port *p, const char *err, int error)
{
	char self[PATH_MAX] = "arpq";
	ssize_t n;

	if (error == ENODEV || error == ENXIO || error == ENETDOWN) {
		complain("%s is gone: %s", p->iface.name, strerror(error));
		return EXIT_LINK_GONE;
	}
	if (error != EPERM && error != EACCES) {
		complain("%s: %s", p->iface.name, err);
		return EXIT_NO_ANSWER;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0)
		self[n] = '\0';
	complain("not permitted to open a raw socket: use sudo, or once and for all: "
		 "sudo setcap cap_net_raw+ep %s", self);
	return EXIT_NOT_PERMITTED;
}

int port_open(struct arpq *a, struct port *p, size_t rcvbuf)
{
	struct eth_hdr eth = { .dst = MAC_BROADCAST, .src = p->self.mac, .type = ETH_ARP };
	struct arp_msg msg = { .op = ARP_REQUEST, .sender_mac = p->self.mac,
			       .sender_ip = p->self.ip };
	struct link_options options = { .ifindex = p->iface.ifindex, .rcvbuf = rcvbuf,
					.timestamps = a->capture_file != NULL };
	char err[256];

	if (p->self.vlan) {
		eth.tag[0] = (struct eth_tag){ .tpid = ETH_VLAN, .tci = p->self.vlan };
		eth.n_tags = 1;
	}
	if (ask_frame_build(&p->frame, &eth, &msg, err) < 0) {
		complain("%s", err);
		return EXIT_NO_ANSWER;
	}
	if (a->opt->has_src_mac)
		options.own_mac = &a->opt->src_mac;
	p->link = link_raw_open(&options, err);
	if (!p->link)
		return refuse_open(p, err, errno);
	open_asked(a);
	p->watch = linkwatch_open(&p->iface, err);
	if (!p->watch) {
		complain("%s", err);
		return EXIT_NO_ANSWER;
	}
	if (a->capture_file)
		p->capture_if = capw_interface(&a->capture, &(struct capw_if){
			.name = p->iface.name, .mac = &p->iface.mac, .filter = "arp",
			.linktype = LINKTYPE_ETHERNET, .snaplen = LINK_SNAPLEN });
	return EXIT_DONE;
}

void port_close(struct port *p)
{
	link_close(p->link);
	linkwatch_close(p->watch);
	p->link = NULL;
	p->watch = NULL;
}

int drop_privileges(void)
{
	char err[256];

	if (privs_drop(err) == 0)
		return EXIT_DONE;
	complain("%s", err);
	return EXIT_NOT_PERMITTED;
}

int link_lost(const struct port *p, int error)
{
	char why[256];

	/* The socket knows that the link is gone, the news know what became of it. */
	if (p->watch && linkwatch_gone(p->watch, why))
		complain("%s", why);
	else
		complain("%s: %s", p->iface.name, strerror(error));
	return EXIT_LINK_GONE;
}

/* ---- waiting, hearing and sending ------------------------------------------------------- */

int port_wait(struct arpq *a, struct port *p, size_t n_ports, struct instant deadline)
{
	struct pollfd fd[2 * PORTS_MAX];
	uint64_t wait = instant_since(clock_now(), deadline);
	/* A signal that comes just before ppoll() is noticed within a second. */
	if (wait > SEC_NS)
		wait = SEC_NS;
	struct timespec limit = { .tv_sec = (time_t)(wait / SEC_NS),
				  .tv_nsec = (long)(wait % SEC_NS) };
	char why[256];
	int n;

	if (n_ports > PORTS_MAX)
		n_ports = PORTS_MAX;
	for (size_t i = 0; i < n_ports; i++) {
		fd[2 * i] = (struct pollfd){ .fd = link_fd(p[i].link), .events = POLLIN };
		fd[2 * i + 1] = (struct pollfd){ .fd = linkwatch_fd(p[i].watch), .events = POLLIN };
	}
	n = ppoll(fd, 2 * n_ports, &limit, NULL);
	a->now = clock_now();
	for (size_t i = 0; n > 0 && i < n_ports; i++)
		if (fd[2 * i + 1].revents && linkwatch_gone(p[i].watch, why)) {
			complain("%s", why);
			return EXIT_LINK_GONE;
		}
	return EXIT_DONE;
}

int port_hear(struct port *p, size_t batch, void (*hear)(void *part, const struct link_frame *f),
	      void *part)
{
	struct link_frame f[LINK_BATCH];
	int heard = 0, n = (int)batch;

	for (unsigned round = 0; n == (int)batch && round < ROUND_BATCHES; round++) {
		n = link_recv(p->link, f, batch);
		if (n < 0)
			return -1;
		for (int i = 0; i < n; i++)
			hear(part, &f[i]);
		heard += n;
	}
	return heard;
}

bool port_send(struct arpq *a, struct port *p, const void *frame, size_t len, const char *why)
{
	struct link_out out = { frame, len };
	/* Read before sending: on a fast link the answer is there before send() returns. */
	uint64_t when = a->capture_file ? clock_unix_ns() : 0;

	if (link_send(p->link, &out, 1) != 1)
		return false;
	a->sent++;
	if (a->capture_file)
		capw_frame(&a->capture, p->capture_if, &(struct capw_frame){
			.data = frame, .caplen = (uint32_t)len, .wirelen = (uint32_t)len,
			.unix_ns = when, .direction = CAPW_OUTBOUND, .remark = why });
	return true;
}

void capture_heard(struct arpq *a, const struct port *p, const struct link_frame *f,
		   const char *why)
{
	if (a->capture_file)
		capw_frame(&a->capture, p->capture_if, &(struct capw_frame){
			.data = f->data, .caplen = (uint32_t)f->caplen,
			.wirelen = (uint32_t)f->wirelen, .direction = CAPW_INBOUND, .remark = why,
			.unix_ns = f->unix_ns ? f->unix_ns : clock_unix_ns() });
}
