#include "wirelab/arp_judge.h"

static const struct arp_finding_info findings[ARP_F_COUNT] = {
	[ARP_F_REPLY] = {
		"reply", "a reply to our question", "RFC 826", ARP_W_TAKEN, true },
	[ARP_F_REPLY_BROADCAST] = {
		"reply_broadcast", "the reply was sent to everybody", "RFC 5227 2.6",
		ARP_W_REMARKED, true },
	[ARP_F_REPLY_RELAYED] = {
		"reply_relayed", "the frame's source MAC differs from the sender MAC inside",
		"RFC 826", ARP_W_FORGED, true },
	[ARP_F_REQUEST] = {
		"request", "a question for somebody else", "RFC 826", ARP_W_ORDINARY, false },
	[ARP_F_REQUEST_FOR_US] = {
		"request_for_us", "a question for our address, not an answer", "RFC 826",
		ARP_W_ORDINARY, false },
	[ARP_F_PROBE] = {
		"probe", "asks whether an address is free", "RFC 5227 1.1", ARP_W_ORDINARY, false },
	[ARP_F_ANNOUNCEMENT] = {
		"announcement", "a gratuitous request claims the address: not an answer",
		"RFC 5227 1.1", ARP_W_ORDINARY, false },
	[ARP_F_GRATUITOUS_REPLY] = {
		"gratuitous_reply", "a gratuitous reply claims the address: not an answer",
		"RFC 5944 4.6", ARP_W_ORDINARY, false },
	[ARP_F_REPLY_FOR_OTHER] = {
		"reply_for_other", "an answer to somebody else's question",
		"RFC 3927 2.5", ARP_W_ORDINARY, false },
	[ARP_F_ECHO] = {
		"echo", "our own frame came back", "RFC 826", ARP_W_ORDINARY, false },
	[ARP_F_OTHER_VLAN] = {
		"other_vlan", "the frame belongs to another VLAN", "IEEE 802.1Q",
		ARP_W_ORDINARY, false },
	[ARP_F_NOT_ARP] = {
		"not_arp", "not an ARP frame", "RFC 826", ARP_W_ORDINARY, false },
	[ARP_F_UNASKED] = {
		"unasked", "a reply from an address that was not asked", "RFC 826",
		ARP_W_REFUSED, false },
	[ARP_F_TRUNCATED] = {
		"truncated", "the message is cut short", "RFC 826", ARP_W_REFUSED, false },
	[ARP_F_HARDWARE_TYPE] = {
		"hardware_type", "the hardware type is not Ethernet (1)", "RFC 826",
		ARP_W_REFUSED, false },
	[ARP_F_PROTOCOL_TYPE] = {
		"protocol_type", "the protocol type is not IPv4 (0x0800)", "RFC 826",
		ARP_W_REFUSED, false },
	[ARP_F_ADDRESS_LENGTH] = {
		"address_length", "the address lengths are not 6 and 4", "RFC 826",
		ARP_W_REFUSED, false },
	[ARP_F_OPERATION] = {
		"operation", "the operation is neither request (1) nor reply (2)", "RFC 826",
		ARP_W_REFUSED, false },
	[ARP_F_SENDER_MAC_BROADCAST] = {
		"sender_mac_broadcast", "the sender MAC is the broadcast address, nobody's own",
		"RFC 1812 3.3.2", ARP_W_FORGED, false },
	[ARP_F_SENDER_MAC_MULTICAST] = {
		"sender_mac_multicast", "the sender MAC is a group address, nobody's own",
		"RFC 1812 3.3.2", ARP_W_FORGED, false },
	[ARP_F_SENDER_MAC_ZERO] = {
		"sender_mac_zero", "the sender MAC is all zeros", "RFC 826", ARP_W_FORGED, false },
	[ARP_F_SENDER_MAC_OURS] = {
		"sender_mac_ours", "the sender claims our own MAC", "RFC 826", ARP_W_FORGED, false },
	[ARP_F_SENDER_IP_ZERO] = {
		"sender_ip_zero", "the reply comes from 0.0.0.0", "RFC 5227 2.1.1",
		ARP_W_REFUSED, false },
	[ARP_F_SENDER_IP_OURS] = {
		"sender_ip_ours", "somebody else uses our own address", "RFC 5227 2.4",
		ARP_W_FORGED, false },
	[ARP_F_TARGET_IP_NOT_OURS] = {
		"target_ip_not_ours", "the reply is made out to another address than ours",
		"RFC 826", ARP_W_FORGED, false },
	[ARP_F_TARGET_MAC_NOT_OURS] = {
		"target_mac_not_ours", "the reply is made out to another MAC than ours",
		"RFC 826", ARP_W_FORGED, false },
};

const struct arp_finding_info *arp_finding_info(enum arp_finding f)
{
	return &findings[f];
}

static enum arp_finding judge_form(const struct arp_frame *frame)
{
	if (frame->stage == ARP_AT_ETH && frame->verdict != V_SHORT)
		return ARP_F_NOT_ARP;
	if (frame->verdict == V_SHORT)
		return ARP_F_TRUNCATED;
	if (frame->fixed.htype != ARP_HTYPE_ETHERNET)
		return ARP_F_HARDWARE_TYPE;
	if (frame->fixed.ptype != ARP_PTYPE_IPV4)
		return ARP_F_PROTOCOL_TYPE;
	return ARP_F_ADDRESS_LENGTH;
}

/* ARP_F_REPLY stands for "nothing wrong so far". */
static enum arp_finding judge_sender(const struct arp_msg *msg, const struct arp_self *self)
{
	if (mac_is_broadcast(msg->sender_mac))
		return ARP_F_SENDER_MAC_BROADCAST;
	if (mac_is_group(msg->sender_mac))
		return ARP_F_SENDER_MAC_MULTICAST;
	if (mac_is_zero(msg->sender_mac))
		return ARP_F_SENDER_MAC_ZERO;
	if (mac_equal(msg->sender_mac, self->mac)) {
		/* A hub or a reflecting port may hand us our own words. */
		if (ip4_equal(msg->sender_ip, self->ip) || ip4_is_unspecified(msg->sender_ip))
			return ARP_F_ECHO;
		return ARP_F_SENDER_MAC_OURS;
	}
	if (!ip4_is_unspecified(self->ip) && ip4_equal(msg->sender_ip, self->ip))
		return ARP_F_SENDER_IP_OURS;
	return ARP_F_REPLY;
}

static enum arp_finding judge_request(const struct arp_msg *msg, const struct arp_self *self)
{
	if (arp_is_probe(msg))
		return ARP_F_PROBE;
	if (arp_is_announcement(msg))
		return ARP_F_ANNOUNCEMENT;
	return ip4_equal(msg->target_ip, self->ip) ? ARP_F_REQUEST_FOR_US : ARP_F_REQUEST;
}

/* Nothing in it speaks to us; we hear it because it was sent to everybody, or because a
 * switch or our own card hands up what is for others. */
static bool is_for_other(const struct arp_frame *frame, const struct arp_self *self)
{
	return !mac_equal(frame->eth.dst, self->mac) &&
	       !mac_equal(frame->msg.target_mac, self->mac);
}

static enum arp_finding judge_reply(const struct arp_frame *frame, const struct arp_self *self)
{
	const struct arp_msg *msg = &frame->msg;

	if (ip4_is_unspecified(msg->sender_ip))
		return ARP_F_SENDER_IP_ZERO;
	if (arp_is_gratuitous(msg))
		return ARP_F_GRATUITOUS_REPLY;
	if (!ip4_equal(msg->target_ip, self->ip))
		return is_for_other(frame, self) ? ARP_F_REPLY_FOR_OTHER : ARP_F_TARGET_IP_NOT_OURS;
	/* A card in promiscuous mode hears what is for others; that is no answer to us,
	 * whatever the message inside says. */
	if (!mac_equal(msg->target_mac, self->mac) ||
	    (!mac_is_group(frame->eth.dst) && !mac_equal(frame->eth.dst, self->mac)))
		return ARP_F_TARGET_MAC_NOT_OURS;
	if (!mac_equal(frame->eth.src, msg->sender_mac))
		return ARP_F_REPLY_RELAYED;
	/* RFC 5227 2.6 lets hosts broadcast replies, so this is only worth a word. */
	return mac_is_group(frame->eth.dst) ? ARP_F_REPLY_BROADCAST : ARP_F_REPLY;
}

static uint16_t vlan_of(const struct eth_hdr *eth)
{
	/* A tag with identifier 0 carries a priority only (IEEE 802.1Q 9.6). */
	return eth->n_tags ? eth->tag[eth->n_tags - 1].tci & ETH_VID_MASK : 0;
}

enum arp_finding arp_judge(const struct arp_frame *frame, const struct arp_self *self)
{
	enum arp_finding f;

	if (frame->stage > ARP_AT_ETH && vlan_of(&frame->eth) != self->vlan)
		return ARP_F_OTHER_VLAN;
	if (frame->verdict != V_OK)
		return judge_form(frame);
	if (frame->msg.op != ARP_REQUEST && frame->msg.op != ARP_REPLY)
		return ARP_F_OPERATION;
	f = judge_sender(&frame->msg, self);
	if (f != ARP_F_REPLY)
		return f;
	if (frame->msg.op == ARP_REQUEST)
		return judge_request(&frame->msg, self);
	return judge_reply(frame, self);
}
