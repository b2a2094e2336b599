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
