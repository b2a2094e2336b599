#include "tcp_world.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>

#include <cmocka.h>

#include "wirelab/bytes.h"
#include "wirelab/capfile.h"
#include "wirelab/csum.h"
#include "wirelab/instant.h"
#include "wirelab/pkt.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23	/* Linux 4.20 */
#endif

#define HELD_MAX 64u		/* a kernel sends again what is not acknowledged */
#define PATIENCE_NS (10 * SEC_NS)	/* for a machine that has other things to do */

static const struct ip6 IP6[] = {
	[CLIENT] = { { 0xfd, 0x60, [15] = 1 } },
	[SERVER] = { { 0xfd, 0x60, [15] = 2 } },
};

struct frame {
	uint32_t len;
	uint8_t data[2048];
};

enum fate { PASSES, HOLDS, LOSES };

/* One host, and its end of the cable. */
struct end {
	int sock;			/* of the connection, or -1 */
	uint16_t port;
	const char *path;
	FILE *file;
	struct capw capture;
	enum fate fate;			/* of what this host sends */
	struct frame held[HELD_MAX];
	size_t n_held;
	struct frame last;		/* TCP segment that it sent */
	uint64_t taken, given;		/* segments out of and into the host, for the cable */
	uint64_t left, came;		/* the same, counted by the recorder */
	uint64_t sent_flags[64];	/* of each combination of the low six flags: the most
					   payload that came with it, plus one; 0: never sent */
};

struct tcp_world {
	int family;
	int listener;
	struct end end[2];
	uint64_t began_ns;
	char *log;			/* what passed, for a test that fails */
	size_t log_len;
	FILE *told;
};

_Static_assert(CLIENT == 0 && SERVER == 1, "numbers of the ends");

/* ---- the two hosts and their wires ------------------------------------------------------- */

/*
 * One network for all tests, because a new link takes up to a second to wake up.  Each test
 * has ports of its own; what an earlier one's sockets still say is lost, and not recorded.
 */
static bool usable, has_ip6;
static char why_not[256];
static char tcpq_path[PATH_MAX];
static struct testnet net;
/* Packet sockets: behind the host's interface, and on it. */
static struct { int cable, recorder; } wire[2];

#define must(call) \
	do { \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, net.err); \
	} while (0)

#define must_errno(call) \
	do { \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, strerror(errno)); \
	} while (0)

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
}

/* Protocol 0: it hears nothing before it is bound, and so nothing of another interface. */
static int packet_socket(enum side side, const char *ifname)
{
	int fd, index = testnet_ifindex(&net, side, ifname);
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				    .sll_ifindex = index };

	must(index);
	fd = testnet_socket(&net, side, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	must(fd);
	must_errno(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

/*
 * A veth leaves checksums to hardware that it does not have.  A frame that was carried by
 * hand would arrive with half of one, and be thrown away.
 */
static void compute_checksums(enum side side)
{
	struct ethtool_value off = { .cmd = ETHTOOL_STXCSUM };
	struct ifreq r = { .ifr_data = (void *)&off };
	int fd = testnet_socket(&net, side, AF_INET, SOCK_DGRAM, 0);

	must(fd);
	strcpy(r.ifr_name, testnet_ifname(side));
	must_errno(ioctl(fd, SIOCETHTOOL, &r));
	close(fd);
}

/* Without duplicate address detection, which takes a second and finds nobody. */
static void give_ip6(enum side side)
{
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local = nl_addr_build(AF_INET6, IP6[side].b, sizeof(IP6[side].b));
	char key[64];

	snprintf(key, sizeof(key), "ipv6/conf/%s/disable_ipv6", testnet_ifname(side));
	must(testnet_sysctl(&net, side, key, "0"));
	assert_true(addr && local);
	nl_addr_set_prefixlen(local, 64);
	rtnl_addr_set_ifindex(addr, testnet_ifindex(&net, side, testnet_ifname(side)));
	rtnl_addr_set_flags(addr, IFA_F_NODAD);
	assert_int_equal(rtnl_addr_set_local(addr, local), 0);
	assert_int_equal(rtnl_addr_add(net.space[side].rt, addr, 0), 0);
	nl_addr_put(local);
	rtnl_addr_put(addr);
}

static void begin_host(enum side side, const char *far)
{
	int one = 1;

	/* Before its queue is switched on, a link swallows what it is given. */
	must(testnet_link_wait(&net, side, testnet_ifname(side), true, PATIENCE_NS));
	must(testnet_link_wait(&net, SIDE_BRIDGE, far, true, PATIENCE_NS));
	/* Round trips that a test has made long are nothing for the next one to learn from. */
	must(testnet_sysctl(&net, side, "ipv4/tcp_no_metrics_save", "1"));
	/* The bits of ip-sysctl.rst: client, server, and neither needs a cookie or an option. */
	must(testnet_sysctl(&net, side, "ipv4/tcp_fastopen", "1543"));
	compute_checksums(side);
	if (has_ip6)
		give_ip6(side);
	wire[side].recorder = packet_socket(side, testnet_ifname(side));
	must_errno(setsockopt(wire[side].recorder, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)));
	wire[side].cable = packet_socket(SIDE_BRIDGE, far);
	must_errno(setsockopt(wire[side].cable, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
			      sizeof(one)));
}

static void find_tcpq(void)
{
	ssize_t n = readlink("/proc/self/exe", tcpq_path, sizeof(tcpq_path) - 16);

	must_errno(n);
	tcpq_path[n] = '\0';
	char *slash = strrchr(tcpq_path, '/');
	assert_non_null(slash);
	strcpy(slash, "/../bin/tcpq");
}

int tcp_worlds_begin(void **state)
{
	(void)state;
	find_tcpq();
	usable = netns_available(why_not);
	if (!usable)
		return 0;
	if (netns_enter_private(why_not) < 0)
		fail_msg("%s", why_not);
	/* A kernel without IPv6 has no such file. */
	has_ip6 = access("/proc/net/if_inet6", F_OK) == 0;
	must(testnet_begin(&net, &(struct testnet_options){ .cut = true }));
	begin_host(SIDE_CLIENT, "to-client");
	begin_host(SIDE_SERVER, "to-server");
	return 0;
}

int tcp_worlds_end(void **state)
{
	(void)state;
	if (!usable)
		return 0;
	for (unsigned side = 0; side < 2; side++) {
		close(wire[side].recorder);
		close(wire[side].cable);
	}
	testnet_end(&net);
	return 0;
}

/* ---- one test's world -------------------------------------------------------------------- */

static void begin_capture(struct end *e)
{
	if (e->file)
		fclose(e->file);
	e->file = fopen(e->path, "wb");
	if (!e->file)
		fail_msg("%s: %s", e->path, strerror(errno));
	capw_begin(&e->capture, e->file, &(struct capw_section){ 0 });
	capw_interface(&e->capture, &(struct capw_if){ .linktype = LINKTYPE_ETHERNET });
}

static void begin_end(struct end *e, uint16_t port, const char *path)
{
	e->sock = -1;
	e->port = port;
	e->path = path;
	begin_capture(e);
}

static int begin(void **state, int family)
{
	static uint16_t tests;
	struct tcp_world *w;

	*state = NULL;
	if (!usable || (family == AF_INET6 && !has_ip6))
		return 0;
	w = calloc(1, sizeof(*w));
	assert_non_null(w);
	*state = w;
	w->family = family;
	w->began_ns = now_ns(CLOCK_REALTIME);
	w->listener = -1;
	w->told = open_memstream(&w->log, &w->log_len);
	assert_non_null(w->told);
	begin_end(&w->end[CLIENT], (uint16_t)(40000 + tests), "/run/client.pcapng");
	begin_end(&w->end[SERVER], (uint16_t)(20000 + tests), "/run/server.pcapng");
	tests++;
	return 0;
}

int tcp_world_begin4(void **state)
{
	return begin(state, AF_INET);
}

int tcp_world_begin6(void **state)
{
	return begin(state, AF_INET6);
}

static void shut(int fd)
{
	if (fd >= 0)
		close(fd);
}

int tcp_world_end(void **state)
{
	struct tcp_world *w = *state;

	if (!w)
		return 0;
	shut(w->listener);
	for (unsigned side = 0; side < 2; side++) {
		shut(w->end[side].sock);
		fclose(w->end[side].file);
	}
	fclose(w->told);
	free(w->log);
	free(w);
	return 0;
}

struct tcp_world *tcp_world_of(void **state)
{
	if (!*state) {
		print_message("skipped: %s\n", usable ? "this kernel has no IPv6" : why_not);
		skip();
	}
	return *state;
}

/* ---- the cable --------------------------------------------------------------------------- */

static const char *name_of(unsigned side)
{
	return side == CLIENT ? "client" : "server";
}

static void tell(struct tcp_world *w, unsigned from, const struct pkt *p, const char *what)
{
	static const char letter[] = "FSRPA";
	char flags[sizeof(letter)];
	size_t n = 0;

	for (size_t i = 0; i + 1 < sizeof(letter); i++)
		if (p->tcp.flags & 1u << i)
			flags[n++] = letter[i];
	flags[n] = '\0';
	fprintf(w->told, "%10.3f ms  %s %-3s seq %" PRIu32 " ack %" PRIu32 " len %" PRIu32 "%s\n",
		(double)(now_ns(CLOCK_REALTIME) - w->began_ns) / 1e6, name_of(from), flags,
		p->tcp.seq, p->tcp.ack, p->payload_wire, what);
}

/* No TCP; of this test's connection; of an earlier one's. */
enum kind { OTHER, OURS, STRAY };

static enum kind kind_of(const struct tcp_world *w, const struct frame *f, struct pkt *p)
{
	uint16_t client = w->end[CLIENT].port, server = w->end[SERVER].port;

	pkt_dissect(p, LINKTYPE_ETHERNET, f->data, f->len, f->len);
	if (!pkt_has(p, PKT_TCP))
		return OTHER;
	return (p->tcp.sport == client && p->tcp.dport == server) ||
	       (p->tcp.sport == server && p->tcp.dport == client) ? OURS : STRAY;
}

static void hand(unsigned to, const struct frame *f)
{
	/* A frame that it cannot take now it would not take later: the link is up. */
	assert_int_equal(send(wire[to].cable, f->data, f->len, 0), f->len);
}

static void deliver(struct tcp_world *w, unsigned from, const struct frame *f)
{
	hand(!from, f);
	w->end[!from].given++;
}

static void remember(struct end *e, const struct frame *f, const struct pkt *p)
{
	uint64_t *most = &e->sent_flags[p->tcp.flags & 63];

	e->last = *f;
	if (*most < p->payload_wire + 1u)
		*most = p->payload_wire + 1u;
}

static void take_segment(struct tcp_world *w, unsigned from, const struct frame *f,
			 const struct pkt *p)
{
	struct end *e = &w->end[from];

	remember(e, f, p);
	switch (e->fate) {
	case PASSES:
		tell(w, from, p, "");
		deliver(w, from, f);
		break;
	case HOLDS:
		tell(w, from, p, "  held");
		assert_true(e->n_held < HELD_MAX);
		e->held[e->n_held++] = *f;
		break;
	case LOSES:
		tell(w, from, p, "  lost");
		break;
	}
}

/* False: the host has sent nothing more. */
static bool take_one(struct tcp_world *w, unsigned from)
{
	struct frame f;
	struct pkt p;
	ssize_t n = recv(wire[from].cable, f.data, sizeof(f.data), MSG_TRUNC);

	if (n < 0)
		return false;
	assert_true((size_t)n <= sizeof(f.data));
	f.len = (uint32_t)n;
	switch (kind_of(w, &f, &p)) {
	case OTHER:
		hand(!from, &f);
		break;
	case OURS:
		w->end[from].taken++;
		take_segment(w, from, &f, &p);
		break;
	case STRAY:
		break;
	}
	return true;
}

static uint64_t time_of(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct timespec t;

	assert_true(c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS);
	memcpy(&t, CMSG_DATA(c), sizeof(t));
	return (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
}

/* False: nothing more has passed the host's interface. */
static bool record_one(struct tcp_world *w, unsigned side)
{
	struct end *e = &w->end[side];
	struct frame f;
	struct pkt p;
	struct sockaddr_ll from;
	union { char bytes[128]; struct cmsghdr align; } control;
	struct iovec io = { f.data, sizeof(f.data) };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &io,
			    .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(wire[side].recorder, &m, MSG_TRUNC);

	if (n < 0)
		return false;
	assert_true((size_t)n <= sizeof(f.data));
	f.len = (uint32_t)n;
	if (kind_of(w, &f, &p) != OURS)
		return true;
	if (from.sll_pkttype == PACKET_OUTGOING)
		e->left++;
	else
		e->came++;
	capw_frame(&e->capture, 0,
		   &(struct capw_frame){ .data = f.data, .caplen = f.len, .wirelen = f.len,
					 .unix_ns = time_of(&m) });
	return true;
}

static void carry(struct tcp_world *w)
{
	bool more;

	do {
		bool a = take_one(w, CLIENT), b = take_one(w, SERVER);
		more = a || b;
	} while (more);
	for (unsigned side = 0; side < 2; side++)
		while (record_one(w, side))
			;
}

/* What a host has sent has reached the cable, and what the cable has given has reached it. */
static bool is_quiet(const struct tcp_world *w)
{
	for (unsigned side = 0; side < 2; side++) {
		const struct end *e = &w->end[side];
		if (e->taken != e->left || e->given != e->came)
			return false;
	}
	return true;
}

static void wait_a_little(void)
{
	struct pollfd p[] = { { .fd = wire[CLIENT].cable, .events = POLLIN },
			      { .fd = wire[SERVER].cable, .events = POLLIN } };

	(void)poll(p, 2, 2);
}

static bool have_patience(uint64_t since_ns)
{
	return now_ns(CLOCK_MONOTONIC) - since_ns < PATIENCE_NS;
}

_Noreturn static void give_up(struct tcp_world *w, const char *what)
{
	fflush(w->told);
	print_error("%s\n", what);
	/* Line by line: cmocka cuts what is longer than 1,023 bytes. */
	for (char *line = w->log, *end; *line; line = end) {
		end = strchr(line, '\n') + 1;
		print_error("%.*s", (int)(end - line), line);
	}
	fail();
	abort();
}

#define wait_until(w, condition) \
	do { \
		uint64_t since_ns = now_ns(CLOCK_MONOTONIC); \
		while (carry(w), !(condition)) { \
			if (!have_patience(since_ns)) \
				give_up((w), "waited in vain: " #condition); \
			wait_a_little(); \
		} \
	} while (0)

/* A new fate is for what the host sends from here on. */
static void decide(struct tcp_world *w, unsigned from, enum fate fate)
{
	wait_until(w, is_quiet(w));
	w->end[from].fate = fate;
}

static void let_go(struct tcp_world *w, unsigned from, size_t n, bool lost)
{
	struct end *e = &w->end[from];
	struct pkt p;

	for (size_t i = 0; i < n; i++) {
		(void)kind_of(w, &e->held[i], &p);
		tell(w, from, &p, lost ? "  dropped" : "  handed over");
		if (!lost)
			deliver(w, from, &e->held[i]);
	}
	e->n_held -= n;
	memmove(e->held, e->held + n, e->n_held * sizeof(e->held[0]));
}

/* How many are held up to the first one with these flags; 0: there is none. */
static size_t held_up_to(const struct tcp_world *w, unsigned from, uint16_t flags)
{
	const struct end *e = &w->end[from];
	struct pkt p;

	for (size_t i = 0; i < e->n_held; i++)
		if (kind_of(w, &e->held[i], &p) == OURS && (p.tcp.flags & flags) == flags)
			return i + 1;
	return 0;
}

void passes(struct tcp_world *w, unsigned from)
{
	decide(w, from, PASSES);
	let_go(w, from, w->end[from].n_held, false);
}

void holds(struct tcp_world *w, unsigned from)
{
	decide(w, from, HOLDS);
}

void loses(struct tcp_world *w, unsigned from)
{
	decide(w, from, LOSES);
}

void hands_over(struct tcp_world *w, unsigned from, uint16_t flags)
{
	wait_until(w, held_up_to(w, from, flags) > 0);
	let_go(w, from, held_up_to(w, from, flags), false);
}

void drops(struct tcp_world *w, unsigned from, uint16_t flags)
{
	wait_until(w, held_up_to(w, from, flags) > 0);
	let_go(w, from, held_up_to(w, from, flags), true);
}

bool has_sent(const struct tcp_world *w, unsigned from, uint16_t flags, size_t payload)
{
	for (unsigned f = 0; f < 64; f++)
		if ((f & flags) == flags && w->end[from].sent_flags[f] > payload)
			return true;
	return false;
}

void captures_begin(struct tcp_world *w)
{
	wait_until(w, is_quiet(w));
	begin_capture(&w->end[CLIENT]);
	begin_capture(&w->end[SERVER]);
}

/* ---- a forger ---------------------------------------------------------------------------- */

/* The header without options or data, and the lengths in front of it made to fit. */
static void shorten(struct frame *f, const struct pkt *p)
{
	struct wr w;

	f->len = p->segment.off + TCP_HEADER_MIN;
	if (pkt_has(p, PKT_IP4)) {
		/* RFC 791 3.1: the total length at 2; its checksum, at 10, is that of 20 bytes. */
		uint8_t *ip = f->data + ETH_HLEN;
		uint16_t was = (uint16_t)(ip[2] << 8 | ip[3]);
		uint16_t sum = (uint16_t)(ip[10] << 8 | ip[11]);
		uint16_t len = (uint16_t)(f->len - ETH_HLEN);
		w = wr_over(ip + 2, 2);
		wr_be16(&w, len);
		w = wr_over(ip + 10, 2);
		wr_be16(&w, csum_update16(sum, was, len));
	} else {
		/* RFC 8200 3: the payload length at 4. */
		w = wr_over(f->data + ETH_HLEN + 4, 2);
		wr_be16(&w, TCP_HEADER_MIN);
	}
}

void forges(struct tcp_world *w, unsigned from, uint16_t flags, uint32_t seq_moved)
{
	struct frame f = w->end[from].last;
	struct pkt p;

	assert_true(kind_of(w, &f, &p) == OURS);
	shorten(&f, &p);
	uint8_t *tcp = f.data + p.segment.off;
	struct wr out = wr_over(tcp + 4, 4);
	wr_be32(&out, p.tcp.seq + p.payload_wire + seq_moved);
	tcp[12] = TCP_HEADER_MIN / 4 << 4;
	tcp[13] = (uint8_t)flags;
	if (pkt_has(&p, PKT_IP4))
		tcp_seal4(tcp, TCP_HEADER_MIN, p.ip4.src, p.ip4.dst);
	else
		tcp_seal6(tcp, TCP_HEADER_MIN, p.ip6.src, p.ip6.dst);
	(void)kind_of(w, &f, &p);
	wait_until(w, is_quiet(w));
	tell(w, from, &p, "  forged");
	deliver(w, from, &f);
}

/* ---- sockets ----------------------------------------------------------------------------- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static union address address_of(const struct tcp_world *w, unsigned side)
{
	union address a = { .v4.sin_family = AF_INET };

	if (w->family == AF_INET6) {
		a.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					      .sin6_port = htons(w->end[side].port) };
		memcpy(&a.v6.sin6_addr, IP6[side].b, sizeof(IP6[side].b));
		return a;
	}
	a.v4.sin_port = htons(w->end[side].port);
	memcpy(&a.v4.sin_addr, side == CLIENT ? CLIENT_IP.b : SERVER_IP.b, sizeof(CLIENT_IP.b));
	return a;
}

/* A socket on that host's own address and port. */
static int bound(struct tcp_world *w, unsigned side)
{
	union address own = address_of(w, side);
	int one = 1;
	int fd = testnet_socket(&net, side, w->family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	must(fd);
	/* A port that an earlier connection still holds in TIME-WAIT is free for a new one. */
	must_errno(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	must_errno(bind(fd, &own.any, sizeof(own)));
	return fd;
}

void listens(struct tcp_world *w, bool deferred)
{
	int seconds = 60;

	w->listener = bound(w, SERVER);
	if (deferred)
		must_errno(setsockopt(w->listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds,
				      sizeof(seconds)));
	must_errno(listen(w->listener, 5));
}

void connects(struct tcp_world *w, unsigned side)
{
	union address peer = address_of(w, !side);
	int fd = bound(w, side);

	assert_int_equal(connect(fd, &peer.any, sizeof(peer)), -1);
	assert_int_equal(errno, EINPROGRESS);
	shut(w->end[side].sock);
	w->end[side].sock = fd;
}

void connects_with(struct tcp_world *w, unsigned side, const char *text)
{
	union address peer = address_of(w, !side);
	size_t len = strlen(text);
	int fd = bound(w, side);

	assert_int_equal(sendto(fd, text, len, MSG_FASTOPEN, &peer.any, sizeof(peer)), len);
	shut(w->end[side].sock);
	w->end[side].sock = fd;
}

static bool accepted(struct tcp_world *w)
{
	int fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return false;
	shut(w->end[SERVER].sock);
	w->end[SERVER].sock = fd;
	return true;
}

void accepts(struct tcp_world *w)
{
	wait_until(w, accepted(w));
}

void connected(struct tcp_world *w)
{
	if (w->listener < 0)
		listens(w, false);
	connects(w, CLIENT);
	accepts(w);
	agree(w, "ESTABLISHED", "ESTABLISHED");
}

void sends(struct tcp_world *w, unsigned side, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(w->end[side].sock, text, len, MSG_NOSIGNAL), len);
}

void sends_later(struct tcp_world *w, unsigned side, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(w->end[side].sock, text, len, MSG_NOSIGNAL | MSG_MORE), len);
}

void sends_too_much(struct tcp_world *w, unsigned side)
{
	static const char nothing[1000];
	ssize_t n;

	/* The other's window closes and our own buffer fills: EAGAIN, and still after a while. */
	do {
		while ((n = send(w->end[side].sock, nothing, sizeof(nothing), MSG_NOSIGNAL)) > 0)
			carry(w);
		assert_int_equal(errno, EAGAIN);
		wait_until(w, is_quiet(w));
	} while (send(w->end[side].sock, nothing, 1, MSG_NOSIGNAL) > 0);
}

static bool has_read(struct tcp_world *w, unsigned side, const char *text)
{
	char got[256];
	size_t len = strlen(text);

	assert_true(len <= sizeof(got));
	if (recv(w->end[side].sock, got, len, MSG_PEEK) < (ssize_t)len)
		return false;
	assert_int_equal(recv(w->end[side].sock, got, len, 0), len);
	assert_memory_equal(got, text, len);
	return true;
}

void reads(struct tcp_world *w, unsigned side, const char *text)
{
	wait_until(w, has_read(w, side, text));
}

void finishes(struct tcp_world *w, unsigned side)
{
	must_errno(shutdown(w->end[side].sock, SHUT_WR));
}

void closes(struct tcp_world *w, unsigned side)
{
	must_errno(close(w->end[side].sock));
	w->end[side].sock = -1;
}

void aborts(struct tcp_world *w, unsigned side)
{
	struct linger at_once = { .l_onoff = 1 };

	must_errno(setsockopt(w->end[side].sock, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
	closes(w, side);
}

/* ---- the kernels' view ------------------------------------------------------------------- */

/* proc(5), /proc/net/tcp: the "st" of a line, as RFC 9293 3.3.2 calls it. */
static const char *state_name(unsigned st)
{
	static const char *const name[] = {
		[1] = "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2",
		"TIME-WAIT", "CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING",
		"SYN-RECEIVED",		/* a request that no socket has been made for yet */
	};

	return st > 0 && st < sizeof(name) / sizeof(name[0]) ? name[st] : "unknown";
}

/* The thread's own: /proc/self is the process's first thread, and its namespace may differ. */
static FILE *open_table(struct tcp_world *w, unsigned side)
{
	bool ip6 = w->family == AF_INET6;

	must_errno(testnet_stay(&net, (enum side)side));
	FILE *f = fopen(ip6 ? "/proc/thread-self/net/tcp6" : "/proc/thread-self/net/tcp", "re");
	if (setns(net.home, CLONE_NEWNET) < 0)
		abort();
	assert_non_null(f);
	return f;
}

/* The listener's line has another remote port: it is not this connection. */
static const char *kernel_state(struct tcp_world *w, unsigned side)
{
	FILE *f = open_table(w, side);
	const char *state = "CLOSED";
	char line[512];
	unsigned local, remote, st;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " %*u: %*32[0-9A-F]:%x %*32[0-9A-F]:%x %x", &local, &remote,
			   &st) == 3 &&
		    local == w->end[side].port && remote == w->end[!side].port)
			state = state_name(st);
	fclose(f);
	return state;
}

/* ---- tcpq's views ------------------------------------------------------------------------ */

struct seen { char client[16], server[16]; };

/* The state in the object under key, "ab" or "ba". */
static void state_in(const char *line, const char *key, char out[static 16])
{
	char start[16];

	snprintf(start, sizeof(start), "\"%s\":{", key);
	const char *object = strstr(line, start);
	const char *state = object ? strstr(object, "\"state\":\"") : NULL;
	if (!state || sscanf(state + 9, "%15[^\"]", out) != 1)
		fail_msg("no state under %s: %s", key, line);
}

static bool is_from_client(const struct tcp_world *w, const char *line)
{
	char end[16];
	const char *a = strstr(line, "\"a\":["), *close = a ? strchr(a, ']') : NULL;

	assert_non_null(close);
	snprintf(end, sizeof(end), ",%u]", w->end[CLIENT].port);
	return close - a > 6 && strncmp(close - 6, end, 7) == 0;
}

static void read_connection(const struct tcp_world *w, const char *line, struct seen *out)
{
	bool from_client = is_from_client(w, line);

	state_in(line, "ab", from_client ? out->client : out->server);
	state_in(line, "ba", from_client ? out->server : out->client);
}

/* Of connections on the same ports, the last; the object of type "capture" ends each file's. */
static void read_json(const struct tcp_world *w, char *text, struct seen at[static 2])
{
	char *line, *rest = text;
	unsigned side = CLIENT;

	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "{\"type\":\"capture\",", 18) == 0)
			side++;
		else if (side < 2 && strncmp(line, "{\"type\":\"tcp\",", 14) == 0)
			read_connection(w, line, &at[side]);
	}
	assert_int_equal(side, 2);
}

/*
 * Not with run.h, which gives a program its host's view of the machine: that takes longer than
 * all that tcpq does here, and a file is the same file everywhere.
 */
static void run_tcpq(const struct tcp_world *w, char *out, size_t size)
{
	char json[] = "--json", client[32], server[32];
	char *const argv[] = { tcpq_path, json, client, server, NULL };
	posix_spawn_file_actions_t actions;
	int fd[2], status, error;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	snprintf(client, sizeof(client), "%s", w->end[CLIENT].path);
	snprintf(server, sizeof(server), "%s", w->end[SERVER].path);
	must_errno(pipe2(fd, O_CLOEXEC));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd[1], STDOUT_FILENO);
	error = posix_spawn(&pid, tcpq_path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fd[1]);
	if (error)
		fail_msg("%s: %s", tcpq_path, strerror(error));
	while ((n = read(fd[0], out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("tcpq: wait status %#x: %s", (unsigned)status, out);
}

static void ask_tcpq(struct tcp_world *w, struct seen at[static 2])
{
	char out[8192];

	at[CLIENT] = at[SERVER] = (struct seen)NOT_SEEN;
	assert_int_equal(fflush(w->end[CLIENT].file), 0);
	assert_int_equal(fflush(w->end[SERVER].file), 0);
	run_tcpq(w, out, sizeof(out));
	read_json(w, out, at);
}

/* ---- all of them ------------------------------------------------------------------------- */

struct found { struct seen kernels, at[2]; };

static bool is_pair(const struct seen *is, const struct pair *should)
{
	return strcmp(is->client, should->client) == 0 && strcmp(is->server, should->server) == 0;
}

static void ask_kernels(struct tcp_world *w, struct seen *out)
{
	snprintf(out->client, sizeof(out->client), "%s", kernel_state(w, CLIENT));
	snprintf(out->server, sizeof(out->server), "%s", kernel_state(w, SERVER));
}

static uint64_t frames_so_far(const struct tcp_world *w)
{
	return w->end[CLIENT].left + w->end[CLIENT].came + w->end[SERVER].left +
	       w->end[SERVER].came;
}

static bool is_found(struct tcp_world *w, const struct views *v, struct found *f)
{
	uint64_t frames = frames_so_far(w);

	ask_kernels(w, &f->kernels);
	if (!is_pair(&f->kernels, &v->kernels) || !is_quiet(w))
		return false;
	ask_tcpq(w, f->at);
	if (!is_pair(&f->at[CLIENT], &v->at_client) || !is_pair(&f->at[SERVER], &v->at_server))
		return false;
	/* A frame is in the capture a moment before it is in the kernel's hands: if it has changed
	 * anything, it has by now. */
	ask_kernels(w, &f->kernels);
	carry(w);
	return is_pair(&f->kernels, &v->kernels) && frames_so_far(w) == frames;
}

static void tell_view(struct tcp_world *w, const char *whose, const struct pair *should,
		      const struct seen *is)
{
	bool same = is_pair(is, should);

	fprintf(w->told, "%-10s %s, %s", whose, is->client, is->server);
	if (same)
		fprintf(w->told, "\n");
	else
		fprintf(w->told, "    but should be: %s, %s\n", should->client, should->server);
}

void finds(struct tcp_world *w, const struct views *v)
{
	uint64_t since = now_ns(CLOCK_MONOTONIC);
	struct found f = { .at = { { "?", "?" }, { "?", "?" } } };

	while (carry(w), !is_found(w, v, &f)) {
		if (!have_patience(since)) {
			tell_view(w, "kernels", &v->kernels, &f.kernels);
			tell_view(w, "at client", &v->at_client, &f.at[CLIENT]);
			tell_view(w, "at server", &v->at_server, &f.at[SERVER]);
			give_up(w, "the views differ");
		}
		wait_a_little();
	}
	fprintf(w->told, "%*s %s, %s\n", 14, "", v->kernels.client, v->kernels.server);
}

void agree(struct tcp_world *w, const char *client, const char *server)
{
	struct pair both = { client, server };

	finds(w, &(struct views){ both, both, both });
}
