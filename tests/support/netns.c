#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int netns_enter_private(char why[static 256])
{
	return netspace_enter_private(NETSPACE_MOUNTS, why);
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
		{
		snprintf(why, 256, "pipe: %s", strerror(errno));
		return false;
	}
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

/* ---- netspace.h, by side ----------------------------------------------------------- */

int testnet_stay(const struct testnet *net, enum side side)
{
	return netspace_stay(&net->space[side]);
}

int testnet_socket(struct testnet *net, enum side side, int domain, int type, int protocol)
{
	return netspace_socket(&net->space[side], domain, type, protocol);
}

int testnet_ifindex(struct testnet *net, enum side side, const char *ifname)
{
	return netspace_ifindex(&net->space[side], ifname);
}

int testnet_sysctl(struct testnet *net, enum side side, const char *key, const char *value)
{
	return netspace_sysctl(&net->space[side], key, value);
}

int testnet_address_add(struct testnet *net, enum side side, struct ip4 ip, unsigned prefix_len)
{
	return netspace_address_add(&net->space[side], testnet_ifname(side), ip, prefix_len);
}

int testnet_address_delete(struct testnet *net, enum side side, struct ip4 ip, unsigned prefix_len)
{
	return netspace_address_delete(&net->space[side], testnet_ifname(side), ip, prefix_len);
}

int testnet_local_prefix_add(struct testnet *net, enum side side, struct ip4 ip,
			     unsigned prefix_len)
{
	return netspace_local_prefix_add(&net->space[side], ip, prefix_len);
}

int testnet_local_prefix_delete(struct testnet *net, enum side side, struct ip4 ip,
				unsigned prefix_len)
{
	return netspace_local_prefix_delete(&net->space[side], ip, prefix_len);
}

int testnet_gateway_add(struct testnet *net, enum side side, struct ip4 dst, unsigned prefix_len,
			struct ip4 gateway)
{
	return netspace_gateway_add(&net->space[side], testnet_ifname(side), dst, prefix_len,
				    gateway);
}

int testnet_link_up(struct testnet *net, enum side side, const char *ifname, bool up)
{
	return netspace_link_up(&net->space[side], ifname, up);
}

int testnet_link_wait(struct testnet *net, enum side side, const char *ifname, bool running,
		      uint64_t timeout_ns)
{
	return netspace_link_wait(&net->space[side], ifname, running, timeout_ns);
}

int testnet_link_delete(struct testnet *net, enum side side, const char *ifname)
{
	return netspace_link_delete(&net->space[side], ifname);
}

int testnet_link_rename(struct testnet *net, enum side side, const char *from, const char *to)
{
	return netspace_link_rename(&net->space[side], from, to);
}

int testnet_link_set_mac(struct testnet *net, enum side side, const char *ifname, struct mac mac)
{
	return netspace_link_set_mac(&net->space[side], ifname, mac);
}

int testnet_link_move(struct testnet *net, enum side from, const char *ifname, enum side to)
{
	return netspace_link_move(&net->space[from], ifname, &net->space[to]);
}

/* ---- the pictures of netns.h --------------------------------------------------- */

static int new_host(struct testnet *net, enum side side)
{
	return netspace_new(&net->space[side], net->home, net->err);
}

static const struct mac *mac_of(enum side side)
{
	return side == SIDE_CLIENT ? &CLIENT_MAC : side == SIDE_SERVER ? &SERVER_MAC : &RIVAL_MAC;
}

/* A cable from a host to where all are joined. */
static int lay_cable(struct testnet *net, enum side side, const char *port)
{
	return netspace_veth(&net->space[side], testnet_ifname(side), mac_of(side),
			     &net->space[SIDE_BRIDGE], port, NULL);
}

static int plug_in(struct testnet *net, enum side side, const char *port)
{
	if (lay_cable(net, side, port) < 0)
		return -1;
	return netspace_bridge_port(&net->space[SIDE_BRIDGE], "br0", port);
}

static int begin_bridged(struct testnet *net)
{
	if (new_host(net, SIDE_RIVAL) < 0 || new_host(net, SIDE_BRIDGE) < 0 ||
	    netspace_bridge(&net->space[SIDE_BRIDGE], "br0") < 0 ||
	    plug_in(net, SIDE_CLIENT, "to-client") < 0 ||
	    plug_in(net, SIDE_SERVER, "to-server") < 0 ||
	    plug_in(net, SIDE_RIVAL, "to-rival") < 0)
		return -1;
	return testnet_address_add(net, SIDE_RIVAL, RIVAL_IP, 8);
}

static int begin_cut(struct testnet *net)
{
	if (new_host(net, SIDE_BRIDGE) < 0 || lay_cable(net, SIDE_CLIENT, "to-client") < 0)
		return -1;
	return lay_cable(net, SIDE_SERVER, "to-server");
}

static int join(struct testnet *net, const struct testnet_options *opt)
{
	if (opt && opt->bridge)
		return begin_bridged(net);
	if (opt && opt->cut)
		return begin_cut(net);
	return netspace_veth(&net->space[SIDE_CLIENT], CLIENT_IF, &CLIENT_MAC,
			     &net->space[SIDE_SERVER], SERVER_IF, &SERVER_MAC);
}

static int begin(struct testnet *net, const struct testnet_options *opt)
{
	net->home = netspace_open_own();
	if (net->home < 0) {
		snprintf(net->err, sizeof(net->err), "/proc/thread-self/ns/net: %s", strerror(errno));
		return -1;
	}
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
		net->space[i] = NETSPACE_NONE;
	if (begin(net, opt) == 0)
		return 0;
	int e = errno;
	testnet_end(net);
	errno = e;
	return -1;
}

void testnet_end(struct testnet *net)
{
	for (int i = 0; i < N_SIDES; i++)
		netspace_close(&net->space[i]);
	if (net->home >= 0)
		close(net->home);
	net->home = -1;
}
