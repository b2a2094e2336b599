#include "wirelab/packet_words.h"

static void ip_addresses(struct txt *t, const struct pkt *p)
{
	char src[IP6_STRLEN], dst[IP6_STRLEN];

	if (p->ip_version == 4) {
		txt_ip(t, p->ip4.src);
		txt_str(t, " to ");
		txt_ip(t, p->ip4.dst);
	} else if (p->ip_version == 6) {
		txt_str(t, ip6_format(p->ip6.src, src));
		txt_str(t, " to ");
		txt_str(t, ip6_format(p->ip6.dst, dst));
	}
}

static void bytes(struct txt *t, uint64_t n)
{
	txt_grouped(t, n);
	txt_str(t, n == 1 ? " byte" : " bytes");
}

static void arp(struct txt *t, const struct pkt *p)
{
	const struct arp_msg *m = &p->arp;

	if (p->stopped != V_OK) {
		txt_str(t, "ARP, operation ");
		txt_u64(t, p->arp_fixed.op);
		return;
	}
	if (m->op == ARP_REPLY) {
		txt_str(t, "ARP reply: ");
		txt_ip(t, m->sender_ip);
		txt_str(t, " is at ");
		txt_mac(t, m->sender_mac);
		return;
	}
	txt_str(t, arp_is_probe(m) ? "ARP probe: does anybody use " :
		   arp_is_gratuitous(m) ? "ARP announcement of " : "ARP request: who has ");
	txt_ip(t, m->target_ip);
	if (arp_is_probe(m)) {
		txt_str(t, "? (RFC 5227 2.1)");
		return;
	}
	txt_str(t, arp_is_gratuitous(m) ? ": it is at " : "? ");
	if (!arp_is_gratuitous(m)) {
		txt_ip(t, m->sender_ip);
		txt_str(t, " asks, from ");
	}
	txt_mac(t, m->sender_mac);
}

static void fragment(struct txt *t, const struct pkt *p)
{
	txt_str(t, "IP fragment, ");
	ip_addresses(t, p);
	txt_str(t, ": identification ");
	txt_u64(t, p->frag.id);
	txt_str(t, ", bytes ");
	txt_u64(t, p->frag.offset);
	txt_str(t, " to ");
	txt_u64(t, p->frag.offset + (p->payload_wire ? p->payload_wire - 1 : 0));
	txt_str(t, p->frag.more ? ", more to come" : ", the last");
}

static void icmp(struct txt *t, const struct pkt *p)
{
	bool v6 = pkt_has(p, PKT_ICMP6);

	txt_str(t, v6 ? "ICMPv6 " : "ICMP ");
	if (p->icmp.type == (v6 ? ICMP6_ECHO : ICMP4_ECHO))
		txt_str(t, "echo request, ");
	else if (p->icmp.type == (v6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY))
		txt_str(t, "echo reply, ");
	else if (p->icmp.quotes)
		txt_str(t, "error, ");
	ip_addresses(t, p);
	txt_str(t, ": type ");
	txt_u64(t, p->icmp.type);
	txt_str(t, ", code ");
	txt_u64(t, p->icmp.code);
	if (p->icmp.mtu) {
		txt_str(t, ", MTU of the next hop ");
		txt_u64(t, p->icmp.mtu);
	}
}

static void udp(struct txt *t, const struct pkt *p)
{
	txt_str(t, "UDP, ");
	ip_addresses(t, p);
	txt_str(t, ", port ");
	txt_u64(t, p->udp.sport);
	txt_str(t, " to ");
	txt_u64(t, p->udp.dport);
	txt_str(t, ": ");
	bytes(t, p->payload_wire);
}

static void others(struct txt *t, const struct pkt *p)
{
	const struct pkt_layer *last = p->n_layers ? &p->layer[p->n_layers - 1] : NULL;

	txt_str(t, last ? pkt_kind_name((enum pkt_kind)last->kind) : "A frame");
	if (p->ip_version) {
		txt_str(t, ", ");
		ip_addresses(t, p);
	}
	txt_str(t, ": ");
	bytes(t, p->payload_wire);
}

void packet_words_stop(struct txt *t, const struct pkt *p)
{
	static const char *const space[] = {
		[PKT_BY_END] = "end", [PKT_BY_LINKTYPE] = "link type",
		[PKT_BY_ETHERTYPE] = "EtherType", [PKT_BY_IP_PROTO] = "IP protocol",
		[PKT_BY_PPP] = "PPP protocol", [PKT_BY_SAP] = "LLC SAP",
		[PKT_BY_LOOPBACK] = "loopback family", [PKT_BY_VERSION] = "IP version",
		[PKT_BY_ARP_TYPE] = "ARP hardware" };

	if (p->stopped == V_OK)
		return;
	if (p->stopped == V_UNSUPPORTED && p->stopped_in == PKT_NONE) {
		txt_str(t, space[p->stopped_space]);
		txt_char(t, ' ');
		txt_u64(t, p->stopped_value);
		return;
	}
	txt_str(t, pkt_kind_name((enum pkt_kind)p->stopped_in));
	txt_str(t, ": ");
	txt_str(t, p->snapped ? "cut by the capture" : verdict_name(p->stopped));
}

void packet_words(struct txt *t, const struct pkt *p)
{
	if (pkt_has(p, PKT_ARP))
		arp(t, p);
	else if (p->is_fragment)
		fragment(t, p);
	else if (pkt_has(p, PKT_ICMP4) || pkt_has(p, PKT_ICMP6))
		icmp(t, p);
	else if (pkt_has(p, PKT_UDP))
		udp(t, p);
	else
		others(t, p);
	txt_char(t, '.');
	if (p->stopped != V_OK) {
		txt_str(t, " Not read further: ");
		packet_words_stop(t, p);
		txt_char(t, '.');
	}
}
