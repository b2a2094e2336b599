#include "wirelab/carrier.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "carrier_impl.h"

struct carrier { int fd; };

static const struct {
	const char *name;
	int (*open)(const struct carrier_config *config, char err[static 256]);
} kinds[] = {
	[CARRIER_TAP] = { "tap", link_tap_open },
	[CARRIER_VETH] = { "veth", link_veth_open },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *carrier_name(enum carrier_kind kind)
{
	return kinds[kind].name;
}

bool carrier_parse(const char *name, enum carrier_kind *out)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (strcmp(name, kinds[i].name) == 0) {
			*out = (enum carrier_kind)i;
			return true;
		}
	}
	return false;
}

struct carrier *carrier_open(const struct carrier_config *config, char err[static 256])
{
	struct carrier *c = malloc(sizeof(*c));

	if (!c) {
		(void)snprintf(err, 256, "out of memory");
		return NULL;
	}
	c->fd = kinds[config->kind].open(config, err);
	if (c->fd >= 0)
		return c;
	free(c);
	return NULL;
}

/* A device that was made only to see whether it can be takes a hundred times as long to go away
 * as this takes. */
static bool tap_usable(struct netspace *s, char why[static 256])
{
	unsigned features = 0;

	if (netspace_go_in(s) < 0) {
		(void)snprintf(why, 256, "%s", s->err);
		return false;
	}
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	bool usable = fd >= 0 && ioctl(fd, TUNGETFEATURES, &features) == 0 && (features & IFF_TAP);
	if (!usable)
		(void)snprintf(why, 256, "/dev/net/tun: %s", strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	netspace_go_home(s);
	return usable;
}

static bool veth_usable(struct netspace *s, char why[static 256])
{
	struct carrier_config config = { .kind = CARRIER_VETH, .host = s, .wire = s,
					 .ifname = "try0", .far_name = "try1", .mtu = 1500,
					 .mac = { { 2, 0, 0, 0, 0, 1 } } };
	struct carrier *c = carrier_open(&config, why);

	if (!c)
		return false;
	carrier_close(c);
	(void)netspace_link_delete(s, "try0");
	return true;
}

bool carrier_usable(enum carrier_kind kind, struct netspace *s, char why[static 256])
{
	return kind == CARRIER_TAP ? tap_usable(s, why) : veth_usable(s, why);
}

int carrier_fd(const struct carrier *c)
{
	return c->fd;
}

ssize_t carrier_recv(struct carrier *c, void *frame, size_t size)
{
	for (;;) {
		ssize_t n = read(c->fd, frame, size);
		if (n >= 0)
			return n;
		/* A link that goes down leaves an error behind, once. */
		if (errno == EINTR || errno == ENETDOWN)
			continue;
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	}
}

int carrier_send(struct carrier *c, const void *frame, size_t len)
{
	for (;;) {
		ssize_t n = write(c->fd, frame, len);
		if (n == (ssize_t)len)
			return 0;
		if (n >= 0) {
			errno = EMSGSIZE;
			return -1;
		}
		if (errno != EINTR)
			return -1;
	}
}

void carrier_close(struct carrier *c)
{
	if (!c)
		return;
	(void)close(c->fd);
	free(c);
}
