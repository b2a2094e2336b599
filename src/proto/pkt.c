/* The walk from header to header, and what can be asked of a frame afterwards. */
#include "pkt_impl.h"

#include "wirelab/csum.h"

const char *pkt_kind_name(enum pkt_kind kind)
{
	static const char *const name[PKT_KINDS] = {
		[PKT_NONE] = "nothing", [PKT_ETH] = "Ethernet", [PKT_SLL] = "Linux cooked",
		[PKT_SLL2] = "Linux cooked v2", [PKT_LOOPBACK] = "loopback", [PKT_PPP] = "PPP",
		[PKT_CHDLC] = "Cisco HDLC", [PKT_ARCNET] = "ARCnet", [PKT_IPOIB] = "IPoIB",
		[PKT_VLAN] = "VLAN", [PKT_LLC] = "LLC", [PKT_PPPOE] = "PPPoE",
		[PKT_MPLS] = "MPLS", [PKT_ARP] = "ARP", [PKT_IP4] = "IPv4", [PKT_IP6] = "IPv6",
		[PKT_IP6_EXT] = "IPv6 extension", [PKT_ICMP4] = "ICMP", [PKT_ICMP6] = "ICMPv6",
		[PKT_UDP] = "UDP", [PKT_TCP] = "TCP", [PKT_GRE] = "GRE",
		[PKT_ERSPAN] = "ERSPAN", [PKT_VXLAN] = "VXLAN", [PKT_GENEVE] = "Geneve",
		[PKT_GTP] = "GTP-U", [PKT_TEREDO] = "Teredo", [PKT_L2TP] = "L2TP",
	};

	return kind < PKT_KINDS ? name[kind] : "unknown layer";
}

/* Every round lists a layer or ends the walk, so PKT_LAYERS bounds the rounds. */
static void walk_on(struct walk *w)
{
	while (w->space != PKT_BY_END) {
		switch ((enum pkt_space)w->space) {
		case PKT_BY_LINKTYPE:
			walk_linktype(w);
			break;
		case PKT_BY_ETHERTYPE:
			walk_ethertype(w);
			break;
		case PKT_BY_IP_PROTO:
			walk_ip_proto(w);
			break;
		case PKT_BY_PPP:
			walk_ppp(w);
			break;
		case PKT_BY_VERSION:
			walk_version(w);
			break;
		case PKT_BY_END:
		case PKT_BY_SAP:
		case PKT_BY_LOOPBACK:
		case PKT_BY_ARP_TYPE:
			done(w);
			break;
		}
	}
}

/* Only what tells whether the rest means anything is cleared: a million frames a second
 * have no time for the whole struct. */
static void begin(struct pkt *p, const void *frame, uint32_t caplen, uint32_t wirelen)
{
	p->frame = frame;
	p->caplen = caplen;
	p->wirelen = wirelen < caplen ? caplen : wirelen;
	p->stopped = V_OK;
	p->snapped = false;
	p->stopped_in = PKT_NONE;
	p->stopped_space = PKT_BY_END;
	p->stopped_at = 0;
	p->stopped_value = 0;
	p->n_layers = p->n_tags = p->tcp_here = 0;
	p->is_fragment = p->overrun = p->no_length = false;
	p->has = 0;
	p->segment_kind = PKT_NONE;
	p->segment = (struct pkt_span){ 0, 0 };
	p->segment_wire = 0;
}

static void finish(struct walk *w)
{
	struct pkt *p = w->p;

	p->payload = (struct pkt_span){ w->off, w->cap };
	p->payload_wire = w->wire;
	p->padding = (struct pkt_span){ w->off + w->cap, p->caplen - w->off - w->cap };
	if (p->stopped == V_OK)
		p->stopped_at = w->off;
}

void pkt_dissect(struct pkt *p, uint32_t linktype, const void *frame, uint32_t caplen,
		 uint32_t wirelen)
{
	struct walk w = { .p = p, .at = frame, .cap = caplen, .number = linktype,
			  .space = PKT_BY_LINKTYPE };

	begin(p, frame, caplen, wirelen);
	p->ip_version = 0;
	w.wire = p->wirelen;
	walk_on(&w);
	finish(&w);
}

void pkt_dissect_datagram(struct pkt *p, const struct pkt *piece, const void *data, uint32_t len)
{
	struct walk w = { .p = p, .at = data, .cap = len, .wire = len,
			  .space = PKT_BY_IP_PROTO, .number = piece->frag.proto,
			  .in_ip6 = piece->ip_version == 6 };

	p->ip_version = piece->ip_version;
	p->frag = piece->frag;
	if (piece->ip_version == 4) {
		p->ip4 = piece->ip4;
	} else {
		p->ip6 = piece->ip6;
		p->ip6_final = piece->ip6_final;
	}
	begin(p, data, len, len);
	walk_on(&w);
	finish(&w);
}

const struct pkt_layer *pkt_find(const struct pkt *p, enum pkt_kind kind)
{
	for (unsigned i = p->n_layers; i-- > 0;)
		if (p->layer[i].kind == kind && !p->layer[i].quoted)
			return &p->layer[i];
	return NULL;
}

enum verdict pkt_tcp_options(const struct pkt *p, struct tcp_options *out, size_t *at)
{
	*at = 0;
	if (!pkt_has(p, PKT_TCP))
		return V_UNSUPPORTED;
	bool lies = p->stopped == V_LENGTH;
	size_t here = p->tcp_here > TCP_HEADER_MIN ? p->tcp_here - TCP_HEADER_MIN : 0;
	size_t len = !lies && p->tcp.header_len > TCP_HEADER_MIN
		   ? p->tcp.header_len - TCP_HEADER_MIN : 0;
	const uint8_t *options = p->frame + p->segment.off + (here ? TCP_HEADER_MIN : 0);
	enum verdict v = tcp_parse_options(options, here, len, out, at);
	if (lies)
		return V_LENGTH;
	return p->tcp_here < TCP_HEADER_MIN ? V_SHORT : v;
}

static enum verdict check_segment(const struct pkt *p, enum pkt_kind kind)
{
	const uint8_t *at = p->frame + p->segment.off;
	bool v4 = p->ip_version == 4;
	uint32_t len = p->segment_wire, sum;

	if (p->segment.len < len || p->overrun)
		return V_SHORT;
	switch (kind) {
	case PKT_TCP:
		return v4 ? tcp_check4(at, len, p->ip4.src, p->ip4.dst)
			  : tcp_check6(at, len, p->ip6.src, p->ip6_final);
	case PKT_UDP:
		return v4 ? udp_check4(at, len, p->ip4.src, p->ip4.dst)
			  : udp_check6(at, len, p->ip6.src, p->ip6_final);
	case PKT_ICMP6:
		/* RFC 4443 2.3; behind IPv4 it has nothing to stand on */
		if (v4)
			return V_UNSUPPORTED;
		sum = ip6_pseudo_sum(p->ip6.src, p->ip6_final, IP_PROTO_ICMP6, len);
		return csum_fold(csum_add(sum, at, len)) ? V_CHECKSUM : V_OK;
	default:
		return csum_fold(csum_add(0, at, len)) ? V_CHECKSUM : V_OK;
	}
}

enum verdict pkt_check(const struct pkt *p, enum pkt_kind kind)
{
	const struct pkt_layer *l = kind == PKT_IP4 ? pkt_find(p, PKT_IP4) : NULL;

	if (l)
		return ip4_check(p->frame + l->off, l->len);
	return kind != PKT_NONE && kind == p->segment_kind ? check_segment(p, kind) : V_UNSUPPORTED;
}
