/* A TAP device in the host's namespace; its descriptor is the far end (tuntap.txt of the kernel). */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "carrier_impl.h"

static int refused(int fd, char err[static 256], const char *what)
{
	int e = errno;

	(void)snprintf(err, 256, "%s: %s", what, strerror(e));
	if (fd >= 0)
		(void)close(fd);
	errno = e;
	return -1;
}

/* A TAP device belongs to the namespace in which its descriptor was opened. */
static int open_device(const struct carrier_config *c, char err[static 256])
{
	struct ifreq r = { 0 };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return refused(fd, err, "/dev/net/tun");
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", c->ifname);
	/* No TUNSETOFFLOAD: a TAP device that was not asked to do anything does nothing. */
	r.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &r) < 0)
		return refused(fd, err, "making a TAP device");
	return fd;
}

int link_tap_open(const struct carrier_config *c, char err[static 256])
{
	if (netspace_go_in(c->host) < 0)
		return refused(-1, err, "setns");
	int fd = open_device(c, err);
	netspace_go_home(c->host);
	if (fd < 0)
		return -1;
	if (netspace_link_set_mac(c->host, c->ifname, c->mac) < 0 ||
	    netspace_link_set_mtu(c->host, c->ifname, c->mtu) < 0 ||
	    netspace_link_single_segments(c->host, c->ifname) < 0 ||
	    netspace_link_up(c->host, c->ifname, true) < 0) {
		int e = errno;
		(void)snprintf(err, 256, "%s", c->host->err);
		(void)close(fd);
		errno = e;
		return -1;
	}
	return fd;
}
