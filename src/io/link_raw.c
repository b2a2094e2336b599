#include "wirelab/link_raw.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wirelab/eth.h"
#include "wirelab/instant.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/* Room for the auxiliary data and a timestamp of one frame. */
union control {
	char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata)) + CMSG_SPACE(sizeof(struct timespec))];
	uint64_t align;
};

/* What one frame needs lies together: whoever hears a few frames touches a page or two. */
struct inbox {
	struct iovec vec;
	union control control;
	/* In front of the frame there is room for the tag that the kernel took off. */
	uint8_t buf[ETH_TAG_LEN + LINK_SNAPLEN];
};

struct link {
	int fd;
	struct mmsghdr in[LINK_BATCH];
	struct inbox inbox[LINK_BATCH];
	struct mmsghdr out[LINK_BATCH];
	struct iovec out_vec[LINK_BATCH];
};

/* ARP, behind no, one or two tags; never our own frames. */
static const struct sock_filter only_arp[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)SKF_AD_OFF + SKF_AD_PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 10, 0),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_ARP, 9, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_VLAN, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_QINQ, 0, 6),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 16),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_ARP, 5, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_VLAN, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_QINQ, 0, 2),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_ARP, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, 0),
	BPF_STMT(BPF_RET | BPF_K, 0x40000),
};

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* Frames to a MAC that is not the card's own are let through without listening to all. */
static int add_mac(int fd, const struct link_options *options)
{
	struct packet_mreq mr = { .mr_ifindex = (int)options->ifindex,
				  .mr_type = PACKET_MR_UNICAST, .mr_alen = sizeof(struct mac) };

	memcpy(mr.mr_address, options->own_mac->b, sizeof(options->own_mac->b));
	return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, sizeof(mr));
}

/* The order matters: filter first, then bind, and the socket is born deaf (protocol 0). */
static int prepare(int fd, const struct link_options *options)
{
	struct sock_fprog filter = { .len = sizeof(only_arp) / sizeof(only_arp[0]),
				     .filter = (struct sock_filter *)(uintptr_t)only_arp };
	struct sockaddr_ll where = { .sll_family = AF_PACKET, .sll_protocol = htobe16(ETH_P_ALL),
				     .sll_ifindex = (int)options->ifindex };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0)
		return -1;
	if (set(fd, SOL_PACKET, PACKET_AUXDATA, 1) < 0)
		return -1;
	/* Before Linux 4.20 the filter alone keeps our own frames out. */
	(void)set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	if (options->timestamps && set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) < 0)
		return -1;
	if (options->own_mac && add_mac(fd, options) < 0)
		return -1;
	/* More than the system's limit is for those who may; others get the limit. */
	if (options->rcvbuf && set(fd, SOL_SOCKET, SO_RCVBUFFORCE, (int)options->rcvbuf) < 0)
		(void)set(fd, SOL_SOCKET, SO_RCVBUF, (int)options->rcvbuf);
	return bind(fd, (struct sockaddr *)&where, sizeof(where));
}

struct link *link_raw_open(const struct link_options *options, char err[static 256])
{
	/* Not cleared: what is handed to the kernel is filled in first. */
	struct link *l = malloc(sizeof(*l));
	int saved;

	if (!l) {
		(void)snprintf(err, 256, "out of memory");
		return NULL;
	}
	l->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0 || prepare(l->fd, options) < 0) {
		saved = errno;
		(void)snprintf(err, 256, "cannot %s a raw socket: %s",
			       l->fd < 0 ? "open" : "prepare", strerror(saved));
		link_close(l);
		errno = saved;
		return NULL;
	}
	return l;
}

int link_fd(const struct link *l)
{
	return l->fd;
}

static void aim(struct link *l, size_t i)
{
	struct inbox *box = &l->inbox[i];

	box->vec = (struct iovec){ box->buf + ETH_TAG_LEN, LINK_SNAPLEN };
	l->in[i].msg_hdr = (struct msghdr){ .msg_iov = &box->vec, .msg_iovlen = 1,
					    .msg_control = box->control.bytes,
					    .msg_controllen = sizeof(box->control.bytes) };
}

/* MAC, MAC, tag, rest: the addresses move forward into the spare room. */
static void put_tag_back(struct link_frame *f, uint8_t *buf, const struct tpacket_auxdata *aux)
{
	uint16_t tpid = aux->tp_status & TP_STATUS_VLAN_TPID_VALID ? aux->tp_vlan_tpid : ETH_VLAN;
	struct wr w = wr_over(buf + 12, ETH_TAG_LEN);

	if (f->caplen < 12)
		return;
	memmove(buf, buf + ETH_TAG_LEN, 12);
	wr_be16(&w, tpid);
	wr_be16(&w, aux->tp_vlan_tci);
	f->data = buf;
	f->caplen += ETH_TAG_LEN;
	f->wirelen += ETH_TAG_LEN;
}

static void read_control(struct link *l, size_t i, struct link_frame *f)
{
	struct msghdr *m = &l->in[i].msg_hdr;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
			struct tpacket_auxdata aux;
			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			if (aux.tp_status & TP_STATUS_VLAN_VALID)
				put_tag_back(f, l->inbox[i].buf, &aux);
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
			struct timespec t;
			memcpy(&t, CMSG_DATA(c), sizeof(t));
			f->unix_ns = (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
		}
	}
}

int link_recv(struct link *l, struct link_frame *out, size_t max)
{
	int n;

	if (max > LINK_BATCH)
		max = LINK_BATCH;
	for (size_t i = 0; i < max; i++)
		aim(l, i);
	do {
		/* MSG_TRUNC: the length on the wire, though the tail is not kept. */
		n = recvmmsg(l->fd, l->in, (unsigned)max, MSG_DONTWAIT | MSG_TRUNC, NULL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	for (int i = 0; i < n; i++) {
		size_t len = l->in[i].msg_len;
		out[i] = (struct link_frame){
			.data = l->inbox[i].buf + ETH_TAG_LEN, .wirelen = len,
			.caplen = len < LINK_SNAPLEN ? len : LINK_SNAPLEN };
		read_control(l, (size_t)i, &out[i]);
	}
	return n;
}

int link_send(struct link *l, const struct link_out *frames, size_t n)
{
	int sent;

	if (n > LINK_BATCH)
		n = LINK_BATCH;
	for (size_t i = 0; i < n; i++) {
		l->out_vec[i] = (struct iovec){ (void *)(uintptr_t)frames[i].data, frames[i].len };
		l->out[i].msg_hdr = (struct msghdr){ .msg_iov = &l->out_vec[i], .msg_iovlen = 1 };
	}
	do {
		sent = sendmmsg(l->fd, l->out, (unsigned)n, MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	return sent;
}

uint64_t link_drops(struct link *l)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	/* Reading the counter sets it back to zero. */
	if (getsockopt(l->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) < 0)
		return 0;
	return stats.tp_drops;
}

void link_close(struct link *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		(void)close(l->fd);
	free(l);
}
