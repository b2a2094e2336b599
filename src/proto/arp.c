#include "wirelab/arp.h"

enum verdict arp_parse_fixed(struct rd *r, struct arp_fixed *out)
{
	struct arp_fixed f;

	f.htype = rd_be16(r);
	f.ptype = rd_be16(r);
	f.hlen = rd_u8(r);
	f.plen = rd_u8(r);
	f.op = rd_be16(r);
	if (!rd_ok(r))
		return V_SHORT;
	*out = f;
	return V_OK;
}

/* The 20 bytes of addresses behind the fixed part. */
static enum verdict arp_parse_body(struct rd *r, const struct arp_fixed *f, struct arp_msg *out)
{
	struct arp_msg msg = { .op = f->op };

	if (f->htype != ARP_HTYPE_ETHERNET || f->ptype != ARP_PTYPE_IPV4 ||
	    f->hlen != ARP_HLEN || f->plen != ARP_PLEN)
		return V_UNSUPPORTED;
	rd_copy(r, msg.sender_mac.b, sizeof(msg.sender_mac.b));
	rd_copy(r, msg.sender_ip.b, sizeof(msg.sender_ip.b));
	rd_copy(r, msg.target_mac.b, sizeof(msg.target_mac.b));
	rd_copy(r, msg.target_ip.b, sizeof(msg.target_ip.b));
	if (!rd_ok(r))
		return V_SHORT;
	*out = msg;
	return V_OK;
}

enum verdict arp_parse(struct rd *r, struct arp_msg *out)
{
	struct arp_fixed fixed;
	enum verdict v = arp_parse_fixed(r, &fixed);

	return v == V_OK ? arp_parse_body(r, &fixed, out) : v;
}

void arp_build(struct wr *w, const struct arp_msg *msg)
{
	uint8_t bytes[ARP_IPV4_LEN];
	struct wr m = wr_over(bytes, sizeof(bytes));

	wr_be16(&m, ARP_HTYPE_ETHERNET);
	wr_be16(&m, ARP_PTYPE_IPV4);
	wr_u8(&m, ARP_HLEN);
	wr_u8(&m, ARP_PLEN);
	wr_be16(&m, msg->op);
	wr_copy(&m, msg->sender_mac.b, sizeof(msg->sender_mac.b));
	wr_copy(&m, msg->sender_ip.b, sizeof(msg->sender_ip.b));
	wr_copy(&m, msg->target_mac.b, sizeof(msg->target_mac.b));
	wr_copy(&m, msg->target_ip.b, sizeof(msg->target_ip.b));
	/* In one piece: a message is there whole or not at all. */
	wr_copy(w, bytes, sizeof(bytes));
}

bool arp_is_probe(const struct arp_msg *msg)
{
	return msg->op == ARP_REQUEST && ip4_is_unspecified(msg->sender_ip) &&
	       !ip4_is_unspecified(msg->target_ip);
}

bool arp_is_gratuitous(const struct arp_msg *msg)
{
	return ip4_equal(msg->sender_ip, msg->target_ip) &&
	       !ip4_is_unspecified(msg->sender_ip);
}

bool arp_is_announcement(const struct arp_msg *msg)
{
	return msg->op == ARP_REQUEST && arp_is_gratuitous(msg);
}

void arp_frame_parse(const void *frame, size_t len, struct arp_frame *out)
{
	struct rd r = rd_over(frame, len);

	*out = (struct arp_frame){ .stage = ARP_AT_ETH };
	out->verdict = eth_parse(&r, &out->eth);
	if (out->verdict != V_OK)
		return;
	if (out->eth.type != ETH_ARP) {
		out->verdict = V_UNSUPPORTED;
		return;
	}
	out->stage = ARP_AT_FIXED;
	out->verdict = arp_parse_fixed(&r, &out->fixed);
	if (out->verdict != V_OK)
		return;
	out->stage = ARP_AT_BODY;
	out->verdict = arp_parse_body(&r, &out->fixed, &out->msg);
	out->trailer = r.left;
}

size_t arp_frame_build(uint8_t buf[static ARP_FRAME_MAX], const struct eth_hdr *eth,
		       const struct arp_msg *msg)
{
	struct wr w = wr_over(buf, ARP_FRAME_MAX);

	eth_build(&w, eth);
	arp_build(&w, msg);
	/* The minimum counts with the tags: a switch that strips one must not
	 * be left with a runt (IEEE 802.1Q Annex G.2.3). */
	size_t least = ETH_MIN_FRAME + (eth->n_tags ? eth->n_tags * ETH_TAG_LEN : 0);
	if (w.len < least)
		wr_zero(&w, least - w.len);
	return w.len;
}
