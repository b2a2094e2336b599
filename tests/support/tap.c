#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
	struct sock_filter code[] = {
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

/*
 * A ring, because a socket's buffer cannot be made large by the root of a user
 * namespace (SO_RCVBUFFORCE asks for the machine's); version 2, because its frames
 * can be seen at once and not only by the block.
 */
#define SLOT 176u	/* header and address (66 bytes), then TAP_BYTES; a multiple of 16 */
#define BLOCK (SLOT * 4096u)	/* 176 pages' worth: whole pages, whole slots */
#define BLOCKS 64u
#define RING_BYTES ((size_t)BLOCK * BLOCKS)

static int set_up(struct tap_counter *tap, int ifindex, enum tap_ways ways)
{
	int one = 1, version = TPACKET_V2;
	struct tpacket_req ring = {
		.tp_block_size = BLOCK, .tp_block_nr = BLOCKS,
		.tp_frame_size = SLOT, .tp_frame_nr = RING_BYTES / SLOT,
	};
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex,
	};

	if (attach_filter(tap->fd) < 0 ||
	    setsockopt(tap->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(tap->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) < 0)
		return -1;
	if (ways == TAP_INCOMING &&
	    setsockopt(tap->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0)
		return -1;
	void *map = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, tap->fd, 0);
	if (map == MAP_FAILED)
		return -1;
	tap->ring = map;
	/* No child needs it, and copying its page tables would slow every fork. */
	(void)madvise(map, RING_BYTES, MADV_DONTFORK);
	return bind(tap->fd, (struct sockaddr *)&addr, sizeof(addr));
}

/* Protocol 0: it hears nothing. */
static int bind_sender(int fd, int ifindex)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_ifindex = ifindex };

	return bind(fd, (struct sockaddr *)&addr, sizeof(addr));
}

int tap_open(struct tap_counter *tap, struct testnet *net, enum side side, const char *ifname,
	     enum tap_ways ways)
{
	*tap = (struct tap_counter){ .fd = -1, .out = -1 };
	int ifindex = testnet_ifindex(net, side, ifname);
	if (ifindex < 0)
		return -1;
	/* Protocol 0: nothing arrives before bind(), so nothing from another interface. */
	tap->fd = testnet_socket(net, side, AF_PACKET, SOCK_RAW, 0);
	tap->out = tap->fd < 0 ? -1 : testnet_socket(net, side, AF_PACKET, SOCK_RAW, 0);
	if (tap->out >= 0) {
		if (set_up(tap, ifindex, ways) == 0 && bind_sender(tap->out, ifindex) == 0)
			return 0;
		snprintf(net->err, sizeof(net->err), "tap on %s: %s", ifname, strerror(errno));
	}
	int e = errno;
	tap_close(tap);
	errno = e;
	return -1;
}

int tap_send(const struct tap_counter *tap, const void *frame, size_t len)
{
	ssize_t n;

	do {
		n = send(tap->out, frame, len, 0);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)len ? 0 : -1;
}

void tap_close(struct tap_counter *tap)
{
	if (tap->ring)
		munmap(tap->ring, RING_BYTES);
	if (tap->fd >= 0)
		close(tap->fd);
	if (tap->out >= 0)
		close(tap->out);
	free(tap->frames);
	*tap = (struct tap_counter){ .fd = -1, .out = -1 };
}

/* ---- collecting -------------------------------------------------------------------- */

/* IEEE 802.1Q: the tag stands between the source address and the type. */
static void put_tag_back(struct tap_frame *f, uint16_t tpid, uint16_t tci)
{
	if (f->caplen < 12)
		return;
	size_t keep = f->caplen - 12;
	if (keep > TAP_BYTES - 12 - ETH_TAG_LEN)
		keep = TAP_BYTES - 12 - ETH_TAG_LEN;
	memmove(f->data + 12 + ETH_TAG_LEN, f->data + 12, keep);
	struct wr w = wr_over(f->data + 12, ETH_TAG_LEN);
	wr_be16(&w, tpid);
	wr_be16(&w, tci);
	f->caplen = (uint32_t)(12 + ETH_TAG_LEN + keep);
	f->len += ETH_TAG_LEN;
}

static void read_slot(const uint8_t *slot, struct tap_frame *f)
{
	struct tpacket2_hdr h;
	struct sockaddr_ll from;

	memcpy(&h, slot, sizeof(h));
	_Static_assert(sizeof(h) % TPACKET_ALIGNMENT == 0, "the address follows the header");
	memcpy(&from, slot + sizeof(h), sizeof(from));
	*f = (struct tap_frame){
		.unix_ns = h.tp_sec * UINT64_C(1000000000) + h.tp_nsec,
		.outgoing = from.sll_pkttype == PACKET_OUTGOING,
		.len = h.tp_len,
		.caplen = h.tp_snaplen < TAP_BYTES ? h.tp_snaplen : TAP_BYTES,
	};
	memcpy(f->data, slot + h.tp_mac, f->caplen);
	if (h.tp_status & TP_STATUS_VLAN_VALID)
		put_tag_back(f, h.tp_status & TP_STATUS_VLAN_TPID_VALID ? h.tp_vlan_tpid : ETH_VLAN,
			     h.tp_vlan_tci);
}

/* The next slot's status word, which says whose it is. */
static uint32_t *next_status(const struct tap_counter *tap)
{
	return (uint32_t *)(void *)(tap->ring + tap->next * SLOT);
}

bool tap_next(struct tap_counter *tap, struct tap_frame *out)
{
	uint32_t *status = next_status(tap);

	if (!(__atomic_load_n(status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	read_slot((const uint8_t *)status, out);
	__atomic_store_n(status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	tap->next = (tap->next + 1) % (RING_BYTES / SLOT);
	return true;
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

void tap_clear_error(const struct tap_counter *tap)
{
	int error;
	socklen_t len = sizeof(error);

	(void)getsockopt(tap->fd, SOL_SOCKET, SO_ERROR, &error, &len);
}

int tap_collect(struct tap_counter *tap)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	while (room_for_one_more(tap)) {
		if (tap_next(tap, &tap->frames[tap->n])) {
			tap->n++;
			continue;
		}
		tap_clear_error(tap);
		/* Reading the statistics sets them back to zero. */
		if (getsockopt(tap->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) < 0)
			return -1;
		tap->lost += stats.tp_drops;
		if (tap->lost == 0)
			return 0;
		errno = ENOBUFS;
		return -1;
	}
	errno = ENOMEM;
	return -1;
}

void tap_forget(struct tap_counter *tap)
{
	(void)tap_collect(tap);
	tap->n = 0;
	tap->lost = 0;
}

/* ---- questions --------------------------------------------------------------------- */

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

/* ---- a sweep's worth of requests --------------------------------------------------- */

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
				ip4_format(a.msg.sender_ip, sip),
				mac_format(a.msg.sender_mac, smac),
				ip4_format(a.msg.target_ip, tip));
		else
			fprintf(stderr, "%s\n", verdict_name(a.verdict));
	}
}
