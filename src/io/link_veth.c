/*
 * A veth pair: one end is the host's card, on the other a packet socket is the far end.
 *
 * A veth pair that nobody told otherwise hands whole bundles of segments across, without
 * checksums: there is no wire that would need them (trap 11 of every capture on a
 * virtual link).  So everything is switched off, on both ends, and looked at afterwards.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carrier_impl.h"

#define RCVBUF (16 << 20)	/* bytes: more than any lab has on the wire at a time */

static const struct { uint32_t set, get; const char *name; } offloads[] = {
	/* Scatter-gather and segmentation rest on checksums, so those go last. */
	{ ETHTOOL_STSO, ETHTOOL_GTSO, "TSO" },
	{ ETHTOOL_SGSO, ETHTOOL_GGSO, "GSO" },
	{ ETHTOOL_SGRO, ETHTOOL_GGRO, "GRO" },
	{ ETHTOOL_SSG, ETHTOOL_GSG, "scatter-gather" },
	{ ETHTOOL_STXCSUM, ETHTOOL_GTXCSUM, "checksums (tx)" },
	{ ETHTOOL_SRXCSUM, ETHTOOL_GRXCSUM, "checksums (rx)" },
};

static int ethtool(int fd, const char *ifname, struct ethtool_value *v)
{
	struct ifreq r = { 0 };

	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", ifname);
	r.ifr_data = (void *)v;
	return ioctl(fd, SIOCETHTOOL, &r);
}

/* Each is off, or the name of the first that is not, with errno. */
static const char *switch_off(int fd, const char *ifname)
{
	for (size_t i = 0; i < sizeof(offloads) / sizeof(offloads[0]); i++) {
		struct ethtool_value v = { .cmd = offloads[i].set, .data = 0 };
		/* What a kernel cannot switch may be off already: what counts is read below. */
		(void)ethtool(fd, ifname, &v);
	}
	for (size_t i = 0; i < sizeof(offloads) / sizeof(offloads[0]); i++) {
		struct ethtool_value v = { .cmd = offloads[i].get };
		/* A veth has no checksums of its own to verify on receipt: nothing is lost. */
		if (offloads[i].get == ETHTOOL_GRXCSUM)
			continue;
		if (ethtool(fd, ifname, &v) < 0)
			return offloads[i].name;
		errno = EBUSY;
		if (v.data)
			return offloads[i].name;
	}
	return NULL;
}

int carrier_offloads_off(struct netspace *s, const char *ifname)
{
	int fd = netspace_socket(s, AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return -1;
	const char *stays = switch_off(fd, ifname);
	int e = errno;
	(void)close(fd);
	if (!stays)
		return 0;
	(void)snprintf(s->err, 256, "%s: switching off %s: %s", ifname, stays, strerror(e));
	errno = e;
	return -1;
}

static int lay(const struct carrier_config *c, bool *made)
{
	/* Both ends are up only when they are quiet. */
	if (netspace_veth(c->host, c->ifname, &c->mac, c->wire, c->far_name, NULL) < 0)
		return -1;
	*made = true;
	if (netspace_link_set_mtu(c->host, c->ifname, c->mtu) < 0 ||
	    netspace_link_set_mtu(c->wire, c->far_name, c->mtu) < 0 ||
	    netspace_link_single_segments(c->host, c->ifname) < 0 ||
	    carrier_offloads_off(c->host, c->ifname) < 0)
		return -1;
	return carrier_offloads_off(c->wire, c->far_name);
}

static int listen_on(struct netspace *s, const char *ifname, char err[static 256])
{
	/* Protocol 0 hears nothing until it is bound: no foreign frame slips in. */
	int fd = netspace_socket(s, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), on = 1, size = RCVBUF;
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = netspace_ifindex(s, ifname) };

	if (fd < 0 || ll.sll_ifindex < 0) {
		(void)snprintf(err, 256, "%s", s->err);
	} else if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
		   setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0 ||
		   bind(fd, (struct sockaddr *)&ll, sizeof(ll)) < 0) {
		(void)snprintf(err, 256, "packet socket on %s: %s", ifname, strerror(errno));
	} else {
		/* Past the system's limit where we may, else up to it. */
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
			(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		return fd;
	}
	int e = errno;
	if (fd >= 0)
		(void)close(fd);
	errno = e;
	return -1;
}

int link_veth_open(const struct carrier_config *c, char err[static 256])
{
	bool made = false;

	/* What failed earlier is not what fails now. */
	*c->host->err = *c->wire->err = '\0';
	*err = '\0';
	int fd = lay(c, &made) == 0 ? listen_on(c->wire, c->far_name, err) : -1, e = errno;
	if (fd >= 0)
		return fd;
	if (!*err)
		(void)snprintf(err, 256, "%s", *c->host->err ? c->host->err : c->wire->err);
	if (made)
		(void)netspace_link_delete(c->host, c->ifname);
	errno = e;
	return -1;
}
