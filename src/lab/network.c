#include "wirelab/network.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FRAMES 512u			/* on a wire at the same time */
#define PINNED 256u			/* connections */
#define LINK_OVERHEAD 18u		/* Ethernet's header and a tag */

/* ---- what the hosts are told ---------------------------------------------------------------- */

/*
 * Nothing that depends on the machine, its load or its past may be seen on the wire.  A lab
 * about one of these switches turns it on again.
 */
static const struct { const char *key, *value; bool optional; } quiet[] = {
	{ "ipv4/tcp_timestamps", "0", false },		/* they tell the time */
	{ "ipv4/tcp_ecn", "0", false },
	{ "ipv4/tcp_congestion_control", "reno", false },
	{ "ipv4/tcp_autocorking", "0", true },		/* it waits for the card's queue */
	{ "ipv4/tcp_early_retrans", "0", true },	/* loss probes, at microseconds' distances */
	{ "ipv4/tcp_no_metrics_save", "1", false },
	{ "ipv4/tcp_syncookies", "0", true },
	{ "ipv4/tcp_moderate_rcvbuf", "0", false },	/* windows that grow with the reader */
	{ "ipv4/tcp_rmem", "4096 131072 131072", false },
	{ "ipv4/tcp_wmem", "4096 262144 262144", false },
	{ "ipv4/tcp_mtu_probing", "0", true },
	{ "ipv4/tcp_comp_sack_delay_ns", "0", true },	/* ACKs that are saved up */
	{ "ipv4/icmp_ratelimit", "0", true },
};

/* Of a card: no neighbour is doubted while a lab runs, so no probe comes unasked. */
static const struct { const char *key, *value; } trusting[] = {
	{ "base_reachable_time_ms", "3600000" },
	{ "delay_first_probe_time", "3600" },
	{ "gc_stale_time", "3600" },
};

static int fail_as(struct network *n, const struct netspace *s)
{
	if (s->err && s->err != n->err)
		(void)snprintf(n->err, sizeof(n->err), "%s", s->err);
	return -1;
}

static int quieten(struct host *h)
{
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		if (netspace_sysctl(&h->space, quiet[i].key, quiet[i].value) < 0 &&
		    !(quiet[i].optional && errno == ENOENT))
			return -1;
	return 0;
}

static int trust(struct host *h, const struct card *c)
{
	char key[96];

	for (size_t i = 0; i < sizeof(trusting) / sizeof(trusting[0]); i++) {
		(void)snprintf(key, sizeof(key), "ipv4/neigh/%s/%s", c->ifname, trusting[i].key);
		if (netspace_sysctl(&h->space, key, trusting[i].value) < 0)
			return -1;
	}
	return 0;
}

/* ---- hosts and their cards ------------------------------------------------------------------ */

const char *const network_names[NETWORK_HOSTS] = { "alice", "bob", "carol", "router" };

struct plug { unsigned host, wire, port; };

/* Which card is plugged in where; a router's first card is on the first wire. */
static const struct plug pair[] = { { ALICE, 0, 0 }, { BOB, 0, 1 } };
static const struct plug trio[] = { { ALICE, 0, 0 }, { BOB, 0, 1 }, { CAROL, 0, 2 } };
static const struct plug routed[] = { { ALICE, 0, 0 }, { ROUTER, 0, 1 }, { ROUTER, 1, 0 },
				      { BOB, 1, 1 } };

static const struct {
	const struct plug *plug;
	unsigned n_plugs, n_wires;
	enum wire_kind wire;
} pictures[] = {
	[TOPOLOGY_P] = { pair, 2, 1, WIRE_CABLE },
	[TOPOLOGY_S] = { trio, 3, 1, WIRE_SWITCH },
	[TOPOLOGY_H] = { trio, 3, 1, WIRE_HUB },
	[TOPOLOGY_R] = { routed, 4, 2, WIRE_CABLE },
};

bool topology_has(enum topology topology, unsigned wire, unsigned host)
{
	for (unsigned i = 0; i < pictures[topology].n_plugs; i++)
		if (pictures[topology].plug[i].wire == wire && pictures[topology].plug[i].host == host)
			return true;
	return false;
}

/* A delayed ACK comes by a timer of 40 ms, and on a busy machine amid other things.  (A metric of 0
 * leaves the kernel its own.) */
static int pin_tcp(const struct network_config *config, struct host *h, const struct card *c)
{
	struct ip4 prefix = c->ip;

	if (config->delays_acks && !config->window)
		return 0;
	prefix.b[3] = 0;
	return netspace_route_metrics(&h->space, c->ifname, prefix, NETWORK_PREFIX,
				      &(struct netspace_metrics){
		.quickack = !config->delays_acks, .window = config->window });
}

static int add_card(struct network *n, const struct network_config *config, const struct plug *plug)
{
	struct host *h = &n->host[plug->host];
	struct card *c = &h->card[h->n_cards];
	unsigned mtu = config->mtu[plug->host];
	char far_name[16];

	*c = (struct card){ .mac = plan_mac(config->plan, plug->wire, plug->host),
			    .ip = plan_ip(config->plan, plug->wire, plug->host),
			    .mtu = mtu ? mtu : NETWORK_MTU, .wire = plug->wire, .port = plug->port };
	(void)snprintf(c->ifname, sizeof(c->ifname), "eth%u", h->n_cards);
	(void)snprintf(far_name, sizeof(far_name), "%s%u", h->name, h->n_cards);
	c->carrier = carrier_open(&(struct carrier_config){
		.kind = config->carrier, .host = &h->space, .wire = &n->closet, .ifname = c->ifname,
		.far_name = far_name, .mac = c->mac, .mtu = c->mtu }, n->err);
	if (!c->carrier)
		return -1;
	h->n_cards++;
	if (trust(h, c) < 0 ||
	    netspace_address_add(&h->space, c->ifname, c->ip, NETWORK_PREFIX) < 0 ||
	    pin_tcp(config, h, c) < 0)
		return fail_as(n, &h->space);
	return 0;
}

static int add_host(struct network *n, unsigned i)
{
	struct host *h = &n->host[i];

	if (h->name)
		return 0;
	h->name = network_names[i];
	if (netspace_new(&h->space, n->home, n->err) < 0)
		return -1;
	return quieten(h) < 0 ? fail_as(n, &h->space) : 0;
}

/* Everybody on a wire knows everybody else's card. */
static int introduce(struct network *n, struct host *h, const struct card *mine)
{
	for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
		struct host *other = &n->host[i];
		for (unsigned k = 0; k < other->n_cards; k++) {
			struct card *c = &other->card[k];
			if (other == h || c->wire != mine->wire)
				continue;
			if (netspace_neighbour_add(&h->space, mine->ifname, c->ip, c->mac) < 0)
				return fail_as(n, &h->space);
		}
	}
	return 0;
}

static int introduce_all(struct network *n)
{
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		for (unsigned k = 0; k < n->host[i].n_cards; k++)
			if (introduce(n, &n->host[i], &n->host[i].card[k]) < 0)
				return -1;
	return 0;
}

/* The router forwards, and each side sends through it what is for the other. */
static int route(struct network *n)
{
	struct host *router = &n->host[ROUTER], *hosts[] = { &n->host[ALICE], &n->host[BOB] };

	if (!router->name)
		return 0;
	if (netspace_sysctl(&router->space, "ipv4/ip_forward", "1") < 0)
		return fail_as(n, &router->space);
	for (unsigned i = 0; i < 2; i++) {
		struct ip4 there = hosts[!i]->card[0].ip;
		there.b[3] = 0;
		if (netspace_gateway_add(&hosts[i]->space, "eth0", there, NETWORK_PREFIX,
					 router->card[i].ip) < 0)
			return fail_as(n, &hosts[i]->space);
	}
	return 0;
}

/* ---- the wire ------------------------------------------------------------------------------- */

static struct wire_pin *make_pin(struct network *n, const struct network_config *config)
{
	size_t size = wire_pin_size(PINNED);

	n->memory[NETWORK_WIRES] = calloc(1, size);
	if (!n->memory[NETWORK_WIRES])
		return NULL;
	return wire_pin_init(n->memory[NETWORK_WIRES], size, PINNED, &(struct wire_pin_config){
		.pin_isn = true, .pin_id = true, .isn = plan_responder_isn(config->plan),
		.isn_step = 10000 });
}

/* Where hosts are that do not pass on others' packets: bits of a wire's ports. */
static unsigned ends_of(const struct network *n, unsigned wire)
{
	unsigned ports = 0;

	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		for (unsigned k = 0; i != ROUTER && k < n->host[i].n_cards; k++)
			if (n->host[i].card[k].wire == wire)
				ports |= WIRE_PORT(n->host[i].card[k].port);
	return ports;
}

static unsigned largest_mtu(const struct network *n)
{
	unsigned mtu = 0;

	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		for (unsigned k = 0; k < n->host[i].n_cards; k++)
			if (n->host[i].card[k].mtu > mtu)
				mtu = n->host[i].card[k].mtu;
	return mtu;
}

static int make_wires(struct network *n, const struct network_config *config)
{
	struct wire_pin *pin = config->pinned ? make_pin(n, config) : NULL;
	size_t frame_max = largest_mtu(n) + LINK_OVERHEAD, size = wire_size(FRAMES, frame_max);
	unsigned n_wires = pictures[config->topology].n_wires;

	if (config->pinned && !pin)
		goto no_memory;
	for (unsigned i = 0; i < n_wires; i++, n->n_wires++) {
		n->memory[i] = calloc(1, size);
		n->wire[i] = n->memory[i] ? wire_init(n->memory[i], size, FRAMES, frame_max,
						      &(struct wire_config){
			.kind = pictures[config->topology].wire,
			.n_ports = n_wires > 1 ? 2 : pictures[config->topology].n_plugs,
			.bits_per_s = config->bits_per_s,
			.propagation_ns = config->propagation_ns,
			.seed = plan_number(config->plan, "wire", 1, 0, UINT32_MAX - 1),
			.pin = pin, .pin_ports = pin ? ends_of(n, i) : 0 }) : NULL;
		if (!n->wire[i])
			goto no_memory;
	}
	return 0;
no_memory:
	(void)snprintf(n->err, sizeof(n->err), "out of memory");
	errno = ENOMEM;
	return -1;
}

/* ---- beginning and end ------------------------------------------------------------------------ */

static int begin(struct network *n, const struct network_config *config)
{
	n->home = netspace_open_own();
	n->frame = malloc(CARRIER_FRAME_MAX);
	n->carrier = config->carrier;
	if (n->home < 0 || !n->frame) {
		(void)snprintf(n->err, sizeof(n->err), "beginning: %s", strerror(errno));
		return -1;
	}
	if (config->carrier == CARRIER_VETH && netspace_new(&n->closet, n->home, n->err) < 0)
		return -1;
	for (unsigned i = 0; i < pictures[config->topology].n_plugs; i++) {
		const struct plug *plug = &pictures[config->topology].plug[i];
		if (add_host(n, plug->host) < 0 || add_card(n, config, plug) < 0)
			return -1;
	}
	if (!config->asks && introduce_all(n) < 0)
		return -1;
	return route(n) < 0 ? -1 : make_wires(n, config);
}

int network_begin(struct network *n, const struct network_config *config)
{
	*n = (struct network){ .home = -1, .closet = NETSPACE_NONE };
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		n->host[i].space = NETSPACE_NONE;
	if (begin(n, config) == 0)
		return 0;
	int e = errno;
	network_end(n);
	errno = e;
	return -1;
}

void network_end(struct network *n)
{
	for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
		struct host *h = &n->host[i];
		for (unsigned k = 0; k < h->n_cards; k++)
			carrier_close(h->card[k].carrier);
		h->n_cards = 0;
		netspace_close(&h->space);
		h->name = NULL;
	}
	netspace_close(&n->closet);
	for (unsigned i = 0; i <= NETWORK_WIRES; i++) {
		free(n->memory[i]);
		n->memory[i] = NULL;
	}
	free(n->frame);
	n->frame = NULL;
	if (n->home >= 0)
		(void)close(n->home);
	n->home = -1;
}

struct host *network_host(struct network *n, const char *name)
{
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		if (n->host[i].name && strcmp(n->host[i].name, name) == 0)
			return &n->host[i];
	return NULL;
}

/* ---- frames ----------------------------------------------------------------------------------- */

static int put(struct network *n, struct host *h, struct card *c, size_t len, struct instant now,
	       network_hear *heard, void *arg)
{
	struct wire_taken taken;

	switch (wire_put(n->wire[c->wire], c->port, n->frame, len, now, &taken)) {
	case WIRE_TAKEN:
		if (heard)
			heard(arg, &(struct passing){
				.host = h, .card = c, .sent = true, .frame = taken.frame,
				.len = taken.len, .when = now, .wire = c->wire,
				.index = taken.index, .did = taken.did });
		return 0;
	case WIRE_FULL:
		(void)snprintf(n->err, sizeof(n->err), "%u frames are on the wire already", FRAMES);
		errno = ENOBUFS;
		return -1;
	case WIRE_MISFIT: break;
	}
	(void)snprintf(n->err, sizeof(n->err), "%s sent a frame of %zu bytes", h->name, len);
	errno = EMSGSIZE;
	return -1;
}

static int collect_card(struct network *n, struct host *h, struct card *c, struct instant now,
			network_hear *heard, void *arg)
{
	int count = 0;
	ssize_t len;

	while ((len = carrier_recv(c->carrier, n->frame, CARRIER_FRAME_MAX)) > 0) {
		if (put(n, h, c, (size_t)len, now, heard, arg) < 0)
			return -1;
		count++;
	}
	if (len == 0)
		return count;
	(void)snprintf(n->err, sizeof(n->err), "%s's card: %s", h->name, strerror(errno));
	return -1;
}

int network_collect(struct network *n, struct host *host, struct instant now, network_hear *heard,
		    void *arg)
{
	int all = 0;

	for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
		struct host *h = &n->host[i];
		if (host && h != host)
			continue;
		for (unsigned k = 0; k < h->n_cards; k++) {
			int count = collect_card(n, h, &h->card[k], now, heard, arg);
			if (count < 0)
				return -1;
			all += count;
		}
	}
	return all;
}

static struct host *host_at(struct network *n, unsigned wire, unsigned port, struct card **card)
{
	for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
		for (unsigned k = 0; k < n->host[i].n_cards; k++) {
			*card = &n->host[i].card[k];
			if ((*card)->wire == wire && (*card)->port == port)
				return &n->host[i];
		}
	}
	return NULL;
}

/* Of two wires, the one on which something is due first. */
static unsigned first_wire(const struct network *n)
{
	unsigned first = 0;

	for (unsigned i = 1; i < n->n_wires; i++)
		if (wire_deadline(n->wire[i]).ns < wire_deadline(n->wire[first]).ns)
			first = i;
	return first;
}

int network_deliver(struct network *n, struct instant now, network_hear *heard, void *arg,
		    struct host **to)
{
	unsigned wire = first_wire(n);
	struct wire_delivery d;
	struct card *card = NULL;

	if (!wire_next(n->wire[wire], now, &d))
		return 0;
	struct host *h = host_at(n, wire, d.port, &card);
	if (heard)
		heard(arg, &(struct passing){ .host = h, .card = card, .frame = d.shown,
					      .len = d.len, .when = d.arrived, .wire = wire,
					      .index = d.index, .did = d.did });
	if (to)
		*to = h;
	if (carrier_send(card->carrier, d.frame, d.len) == 0)
		return 1;
	(void)snprintf(n->err, sizeof(n->err), "a frame for %s: %s", h->name, strerror(errno));
	return -1;
}

struct instant network_deadline(const struct network *n)
{
	return wire_deadline(n->wire[first_wire(n)]);
}

int network_wait(struct network *n, uint64_t timeout_ns)
{
	struct pollfd fds[NETWORK_HOSTS * NETWORK_CARDS];
	struct timespec t = { .tv_sec = (time_t)(timeout_ns / SEC_NS),
			      .tv_nsec = (long)(timeout_ns % SEC_NS) };
	nfds_t count = 0;

	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		for (unsigned k = 0; k < n->host[i].n_cards; k++)
			fds[count++] = (struct pollfd){
				.fd = carrier_fd(n->host[i].card[k].carrier), .events = POLLIN };
	int rc = ppoll(fds, count, timeout_ns == UINT64_MAX ? NULL : &t, NULL);
	return rc > 0 ? 1 : rc;
}

/* ---- kernels that work later ------------------------------------------------------------------ */

/*
 * Frames that a CPU has taken in and not yet looked at (softnet_stat's twelfth column since
 * Linux 5.10).  On a busy CPU they wait for ksoftirqd.
 */
static bool is_backlogged(void)
{
	char text[4096], *line = text, *rest;
	int fd = open("/proc/net/softnet_stat", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		(void)close(fd);
	if (len < 0)
		return false;
	text[len] = '\0';
	for (; (rest = strchr(line, '\n')); line = rest + 1) {
		unsigned backlog = 0;
		*rest = '\0';
		if (sscanf(line, "%*x %*x %*x %*x %*x %*x %*x %*x %*x %*x %*x %x", &backlog) == 1 &&
		    backlog > 0)
			return true;
	}
	return false;
}

void network_settle(const struct network *n)
{
	if (n->carrier == CARRIER_TAP)
		return;
	for (int i = 0; i < 100 && is_backlogged(); i++)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}
