#include "libnet_bytes.h"

#include <libnet.h>

static libnet_ptag_t build_header(libnet_t *l, const struct eth_hdr *eth)
{
	uint16_t tci = eth->tag[0].tci;

	if (eth->n_tags == 0)
		return libnet_build_ethernet(eth->dst.b, eth->src.b, eth->type, NULL, 0, l, 0);
	return libnet_build_802_1q(eth->dst.b, eth->src.b, eth->tag[0].tpid, (uint8_t)(tci >> 13),
				   (uint8_t)(tci >> 12 & 1), tci & 0x0fff, eth->type, NULL, 0,
				   l, 0);
}

static libnet_ptag_t build_arp(libnet_t *l, const struct arp_msg *msg, size_t trailer)
{
	static const uint8_t zeros[ARP_FRAME_MAX];

	return libnet_build_arp(ARPHRD_ETHER, ETHERTYPE_IP, 6, 4, msg->op, msg->sender_mac.b,
				msg->sender_ip.b, msg->target_mac.b, msg->target_ip.b,
				trailer ? zeros : NULL, (uint32_t)trailer, l, 0);
}

size_t libnet_bytes_arp(uint8_t *out, size_t cap, const struct eth_hdr *eth,
			const struct arp_msg *msg, size_t trailer)
{
	char err[LIBNET_ERRBUF_SIZE] = "";
	libnet_t *l = libnet_init(LIBNET_NONE, NULL, err);
	uint8_t *packet = NULL;
	uint32_t len = 0;

	if (!l) {
		fprintf(stderr, "libnet_init: %s\n", err);
		return 0;
	}
	if (build_arp(l, msg, trailer) == -1 || build_header(l, eth) == -1 ||
	    libnet_pblock_coalesce(l, &packet, &len) == -1 || len > cap) {
		fprintf(stderr, "libnet: %s\n", libnet_geterror(l));
		len = 0;
	} else {
		memcpy(out, packet, len);
		libnet_adv_free_packet(l, packet);
	}
	libnet_destroy(l);
	return len;
}

static uint32_t net(struct ip4 a)
{
	uint32_t n;

	memcpy(&n, a.b, sizeof(n));
	return n;
}

static libnet_ptag_t build_ip4(libnet_t *l, const struct ip4_hdr *ip)
{
	uint16_t frag = (uint16_t)((ip->reserved ? 0x8000 : 0) | (ip->dont_fragment ? 0x4000 : 0) |
				   (ip->more_fragments ? 0x2000 : 0) | ip->frag_offset / 8);

	return libnet_build_ipv4(ip->total_len, ip->tos, ip->id, frag, ip->ttl, ip->proto, 0,
				 net(ip->src), net(ip->dst), NULL, 0, l, 0);
}

/* What has been built on l, innermost block first, as bytes. */
static size_t coalesced(libnet_t *l, bool built, uint8_t *out, size_t cap)
{
	uint8_t *packet = NULL;
	uint32_t len = 0;

	if (!built || libnet_pblock_coalesce(l, &packet, &len) == -1 || len > cap) {
		fprintf(stderr, "libnet: %s\n", libnet_geterror(l));
		len = 0;
	} else {
		memcpy(out, packet, len);
		libnet_adv_free_packet(l, packet);
	}
	libnet_destroy(l);
	return len;
}

/* Packets without a link need LIBNET_RAW4_ADV, and that a raw socket; so an Ethernet header
 * goes in front, and is cut off again. */
static size_t without_link(libnet_t *l, bool built, uint8_t *out, size_t cap)
{
	static const uint8_t mac[6];
	uint8_t frame[2048];

	built = built && libnet_build_ethernet(mac, mac, ETHERTYPE_IP, NULL, 0, l, 0) != -1;
	size_t len = coalesced(l, built, frame, sizeof(frame));
	if (len < LIBNET_ETH_H || len - LIBNET_ETH_H > cap)
		return 0;
	memcpy(out, frame + LIBNET_ETH_H, len - LIBNET_ETH_H);
	return len - LIBNET_ETH_H;
}

size_t libnet_bytes_tcp4(uint8_t *out, size_t cap, const struct ip4_hdr *ip,
			 const struct tcp_hdr *tcp, const void *payload, size_t len)
{
	char err[LIBNET_ERRBUF_SIZE] = "";
	libnet_t *l = libnet_init(LIBNET_NONE, NULL, err);

	if (!l)
		return 0;
	bool built = libnet_build_tcp(tcp->sport, tcp->dport, tcp->seq, tcp->ack,
				      (uint8_t)tcp->flags, tcp->window, 0, tcp->urgent,
				      (uint16_t)(LIBNET_TCP_H + len), len ? payload : NULL,
				      (uint32_t)len, l, 0) != -1 &&
		     build_ip4(l, ip) != -1;
	return without_link(l, built, out, cap);
}

size_t libnet_bytes_udp4(uint8_t *out, size_t cap, const struct ip4_hdr *ip,
			 const struct udp_hdr *udp, const void *payload, size_t len)
{
	char err[LIBNET_ERRBUF_SIZE] = "";
	libnet_t *l = libnet_init(LIBNET_NONE, NULL, err);

	if (!l)
		return 0;
	bool built = libnet_build_udp(udp->sport, udp->dport, udp->len, 0, len ? payload : NULL,
				      (uint32_t)len, l, 0) != -1 &&
		     build_ip4(l, ip) != -1;
	return without_link(l, built, out, cap);
}
