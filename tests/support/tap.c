#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23	/* Linux 4.20 */
#endif

/* Stripped of a tag, a frame shows its inner type here; the tag itself is in the auxdata. */
static int attach_filter(int fd)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_ARP, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_VLAN, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_QINQ, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, ETH_LENGTH_MAX, 1, 0),
		/* Not cut by what is returned here: a cut would hide the frame's true length. */
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

static int set_up(int fd, int ifindex, enum tap_ways ways)
{
	int one = 1, room = 256 << 20;
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex,
	};

	if (attach_filter(fd) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) < 0)
		return -1;
	if (ways == TAP_INCOMING &&
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0)
		return -1;
	return bind(fd, (struct sockaddr *)&addr, sizeof(addr));
}

int tap_open(struct tap_counter *tap, struct testnet *net, enum side side, const char *ifname,
	     enum tap_ways ways)
{
	*tap = (struct tap_counter){ .fd = -1 };
	int ifindex = testnet_ifindex(net, side, ifname);
	/* Protocol 0: nothing arrives before bind(), so nothing from another interface. */
	int fd = ifindex < 0 ? -1 : testnet_socket(net, side, AF_PACKET,
						   SOCK_RAW | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (set_up(fd, ifindex, ways) < 0) {
		int e = errno;
		snprintf(net->err, sizeof(net->err), "tap on %s: %s", ifname, strerror(e));
		close(fd);
		errno = e;
		return -1;
	}
	tap->fd = fd;
	return 0;
}

void tap_close(struct tap_counter *tap)
{
	if (tap->fd >= 0)
		close(tap->fd);
	free(tap->frames);
	*tap = (struct tap_counter){ .fd = -1 };
}

/* ---- collecting ---------------------------------------------------------------------- */

/* IEEE 802.1Q: the tag stands between the source address and the type. */
static void put_tag_back(struct tap_frame *f, const struct tpacket_auxdata *aux)
{
	uint16_t tpid = aux->tp_status & TP_STATUS_VLAN_TPID_VALID ? aux->tp_vlan_tpid : ETH_VLAN;

	if (f->caplen < 12)
		return;
	size_t keep = f->caplen - 12;
	if (keep > TAP_BYTES - 12 - ETH_TAG_LEN)
		keep = TAP_BYTES - 12 - ETH_TAG_LEN;
	memmove(f->data + 12 + ETH_TAG_LEN, f->data + 12, keep);
	struct wr w = wr_over(f->data + 12, ETH_TAG_LEN);
	wr_be16(&w, tpid);
	wr_be16(&w, aux->tp_vlan_tci);
	f->caplen = (uint32_t)(12 + ETH_TAG_LEN + keep);
	f->len += ETH_TAG_LEN;
}

static void read_controls(struct tap_frame *f, struct msghdr *msg)
{
	struct timespec t;
	struct tpacket_auxdata aux;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&t, CMSG_DATA(c), sizeof(t));
			f->unix_ns = (uint64_t)t.tv_sec * UINT64_C(1000000000) +
				     (uint64_t)t.tv_nsec;
		} else if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			if (aux.tp_status & TP_STATUS_VLAN_VALID)
				put_tag_back(f, &aux);
		}
	}
}

/* 1 a frame, 0 none is waiting, -1 and errno. */
static int receive(int fd, struct tap_frame *f)
{
	struct sockaddr_ll from;
	struct iovec iov = { f->data, sizeof(f->data) };
	union {
		struct cmsghdr align;
		char room[256];
	} control;
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t n;

	do {
		/* ENETDOWN only says that the link went; what came before it is still to come. */
		n = recvmsg(fd, &msg, MSG_TRUNC);
	} while (n < 0 && (errno == EINTR || errno == ENETDOWN));
	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	f->len = (uint32_t)n;
	f->caplen = (size_t)n < sizeof(f->data) ? (uint32_t)n : (uint32_t)sizeof(f->data);
	f->outgoing = from.sll_pkttype == PACKET_OUTGOING;
	read_controls(f, &msg);
	return 1;
}

static bool room_for_one_more(struct tap_counter *tap)
{
	if (tap->n < tap->cap)
		return true;
	size_t cap = tap->cap * 2 + 256;
	struct tap_frame *more = realloc(tap->frames, cap * sizeof(*more));
	if (!more)
		return false;
	tap->frames = more;
	tap->cap = cap;
	return true;
}

int tap_collect(struct tap_counter *tap)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);
	struct tap_frame f = { 0 };
	int got;

	while ((got = receive(tap->fd, &f)) > 0) {
		if (!room_for_one_more(tap)) {
			errno = ENOMEM;
			return -1;
		}
		tap->frames[tap->n++] = f;
	}
	if (got < 0)
		return -1;
	/* Reading the statistics sets them back to zero. */
	if (getsockopt(tap->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) < 0)
		return -1;
	tap->lost += stats.tp_drops;
	errno = ENOBUFS;
	return tap->lost ? -1 : 0;
}

void tap_forget(struct tap_counter *tap)
{
	(void)tap_collect(tap);
	tap->n = 0;
	tap->lost = 0;
}

/* ---- questions ------------------------------------------------------------------------- */

static bool addresses_match(const struct arp_frame *a, const struct tap_match *m)
{
	if (!m->op && !m->sender_ip && !m->target_ip && !m->sender_mac)
		return true;
	return a->verdict == V_OK && (!m->op || a->msg.op == m->op) &&
	       (!m->sender_ip || ip4_equal(a->msg.sender_ip, *m->sender_ip)) &&
	       (!m->target_ip || ip4_equal(a->msg.target_ip, *m->target_ip)) &&
	       (!m->sender_mac || mac_equal(a->msg.sender_mac, *m->sender_mac));
}

bool tap_matches(const struct tap_frame *f, const struct tap_match *m)
{
	struct arp_frame a;

	arp_frame_parse(f->data, f->caplen, &a);
	if (m->way != TAP_EITHER_WAY && f->outgoing != (m->way == TAP_OUT))
		return false;
	if (m->to != TAP_TO_ANY && mac_is_broadcast(a.eth.dst) != (m->to == TAP_TO_BROADCAST))
		return false;
	if (m->tagging == TAP_UNTAGGED && a.eth.n_tags > 0)
		return false;
	if (m->tagging == TAP_VLAN &&
	    (a.eth.n_tags == 0 || (a.eth.tag[0].tci & ETH_VID_MASK) != m->vid))
		return false;
	return addresses_match(&a, m);
}

const struct tap_frame *tap_find(const struct tap_counter *tap, const struct tap_match *m,
				 size_t nth)
{
	for (size_t i = 0; i < tap->n; i++) {
		if (tap_matches(&tap->frames[i], m) && nth-- == 0)
			return &tap->frames[i];
	}
	return NULL;
}

size_t tap_count(const struct tap_counter *tap, const struct tap_match *m)
{
	size_t n = 0;

	for (size_t i = 0; i < tap->n; i++)
		n += tap_matches(&tap->frames[i], m);
	return n;
}

size_t tap_gaps(const struct tap_counter *tap, const struct tap_match *m, uint64_t *gap_ns,
		size_t max)
{
	const struct tap_frame *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < tap->n; i++) {
		const struct tap_frame *f = &tap->frames[i];
		if (!tap_matches(f, m))
			continue;
		if (last && n++ < max)
			gap_ns[n - 1] = f->unix_ns - last->unix_ns;
		last = f;
	}
	return n;
}

bool tap_wait(struct tap_counter *tap, const struct tap_match *m, size_t count,
	      uint64_t timeout_ns)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	uint64_t start = (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
	for (;;) {
		(void)tap_collect(tap);
		if (tap_count(tap, m) >= count)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &t);
		uint64_t now = (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
		if (now - start >= timeout_ns)
			return false;
		struct pollfd p = { .fd = tap->fd, .events = POLLIN };
		(void)poll(&p, 1, (int)((timeout_ns - (now - start)) / 1000000) + 1);
	}
}

/* ---- a sweep's worth of requests --------------------------------------------------------- */

struct request {
	uint32_t target;
	uint64_t unix_ns;
};

static int by_target_then_time(const void *a, const void *b)
{
	const struct request *x = a, *y = b;

	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return (x->unix_ns > y->unix_ns) - (x->unix_ns < y->unix_ns);
}

static size_t list_requests(const struct tap_counter *tap, struct request *list,
			    struct tap_requests *sum)
{
	struct arp_frame a;

	for (size_t i = 0; i < tap->n; i++) {
		const struct tap_frame *f = &tap->frames[i];
		arp_frame_parse(f->data, f->caplen, &a);
		if (a.verdict != V_OK || a.msg.op != ARP_REQUEST)
			continue;
		list[sum->total] = (struct request){ ip4_number(a.msg.target_ip), f->unix_ns };
		if (sum->total++ == 0)
			sum->first_ns = f->unix_ns;
		sum->last_ns = f->unix_ns;
		sum->broadcast += mac_is_broadcast(a.eth.dst);
	}
	sum->unicast = sum->total - sum->broadcast;
	return sum->total;
}

int tap_sum_requests(const struct tap_counter *tap, struct tap_requests *out)
{
	struct tap_requests sum = { .least_gap_ns = UINT64_MAX };
	struct request *list = malloc((tap->n + 1) * sizeof(*list));
	if (!list)
		return -1;

	size_t n = list_requests(tap, list, &sum), same = 0;
	qsort(list, n, sizeof(*list), by_target_then_time);
	for (size_t i = 0; i < n; i++) {
		struct ip4 ip = ip4_from_number(list[i].target);
		bool again = i > 0 && list[i - 1].target == list[i].target;
		same = again ? same + 1 : 1;
		sum.addresses += !again;
		if (same > sum.most) {
			sum.most = same;
			sum.most_ip = ip;
		}
		if (again && list[i].unix_ns - list[i - 1].unix_ns < sum.least_gap_ns) {
			sum.least_gap_ns = list[i].unix_ns - list[i - 1].unix_ns;
			sum.least_gap_ip = ip;
		}
	}
	free(list);
	*out = sum;
	return 0;
}

void tap_print(const struct tap_counter *tap)
{
	char smac[MAC_STRLEN], dst[MAC_STRLEN], sip[IP4_STRLEN], tip[IP4_STRLEN];
	struct arp_frame a;

	for (size_t i = 0; i < tap->n; i++) {
		const struct tap_frame *f = &tap->frames[i];
		double ms = (double)(int64_t)(f->unix_ns - tap->frames[0].unix_ns) / 1e6;
		arp_frame_parse(f->data, f->caplen, &a);
		fprintf(stderr, "%10.3f ms %s %3u bytes, to %s: ", ms, f->outgoing ? "out" : "in ",
			f->len, mac_format(a.eth.dst, dst));
		if (a.verdict == V_OK)
			fprintf(stderr, "op %u, %s at %s, target %s\n", a.msg.op,
				ip4_format(a.msg.sender_ip, sip), mac_format(a.msg.sender_mac, smac),
				ip4_format(a.msg.target_ip, tip));
		else
			fprintf(stderr, "%s\n", verdict_name(a.verdict));
	}
}
