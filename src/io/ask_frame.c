#include "wirelab/ask_frame.h"

#include <libnet.h>
#include <stdio.h>

/* libnet's header defines names that ours also have (trap 17), hence no more of ours here. */

static int build(libnet_t *net, const struct eth_hdr *eth, const struct arp_msg *msg)
{
	uint8_t pad[ETH_MIN_FRAME - ETH_HEADER_LEN - ARP_IPV4_LEN] = { 0 };

	if (libnet_build_arp(ARP_HTYPE_ETHERNET, ARP_PTYPE_IPV4, ARP_HLEN, ARP_PLEN, msg->op,
			     msg->sender_mac.b, msg->sender_ip.b, msg->target_mac.b,
			     msg->target_ip.b, pad, sizeof(pad), net, 0) < 0)
		return -1;
	if (eth->n_tags == 0)
		return libnet_build_ethernet(eth->dst.b, eth->src.b, eth->type, NULL, 0, net, 0);
	return libnet_build_802_1q(eth->dst.b, eth->src.b, eth->tag[0].tpid,
				   (uint8_t)(eth->tag[0].tci >> 13),
				   (uint8_t)(eth->tag[0].tci >> 12 & 1),
				   eth->tag[0].tci & ETH_VID_MASK, eth->type, NULL, 0, net, 0);
}

int ask_frame_build(struct ask_frame *f, const struct eth_hdr *eth, const struct arp_msg *msg,
		    char err[static 256])
{
	char why[LIBNET_ERRBUF_SIZE] = "";
	libnet_t *net = libnet_init(LIBNET_NONE, NULL, why);
	uint8_t *packet = NULL;
	uint32_t len = 0;
	int rc = -1;

	if (!net) {
		(void)snprintf(err, 256, "libnet: %.200s", why);
		return -1;
	}
	if (build(net, eth, msg) < 0 || libnet_pblock_coalesce(net, &packet, &len) < 0) {
		(void)snprintf(err, 256, "libnet: %.200s", libnet_geterror(net));
	} else if (len > sizeof(f->bytes)) {
		(void)snprintf(err, 256, "libnet built %u bytes where %zu were due", len,
			       sizeof(f->bytes));
	} else {
		memcpy(f->bytes, packet, len);
		f->len = len;
		f->target_at = eth_length(eth) + ARP_IPV4_LEN - sizeof(msg->target_ip.b);
		rc = 0;
	}
	/* libnet_pblock_coalesce() may hand out a pointer inside its allocation. */
	if (packet)
		libnet_adv_free_packet(net, packet);
	libnet_destroy(net);
	return rc;
}
