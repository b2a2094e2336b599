/* A frame in a sentence.  Both languages stand side by side, as patterns with holes. */
#include "wirelab/packet_words.h"

#include "phrase.h"

struct facts {
	const struct pkt *p;
	const struct packet_names *who;
};

static const struct pkt *pkt_of(const void *facts)
{
	return ((const struct facts *)facts)->p;
}

static enum lang lang_of(const void *facts)
{
	return ((const struct facts *)facts)->who->lang;
}

/* ---- addresses -------------------------------------------------------------------------- */

/* "10.0.0.2", "bob (10.0.0.2)" */
static void host(struct txt *t, struct ip4 ip, const void *facts)
{
	static const struct both open = { { " (", "（" } }, close = { { ")", "）" } };
	const struct packet_names *who = ((const struct facts *)facts)->who;
	const char *name = who->name_of ? who->name_of(who->hosts, ip) : NULL;

	if (name) {
		txt_str(t, name);
		txt_str(t, in_lang(&open, who->lang));
	}
	txt_ip(t, ip);
	if (name)
		txt_str(t, in_lang(&close, who->lang));
}

static void host6(struct txt *t, struct ip6 ip)
{
	char buf[IP6_STRLEN];

	txt_str(t, ip6_format(ip, buf));
}

static void fill_from(struct txt *t, const void *facts)
{
	const struct pkt *p = pkt_of(facts);

	if (p->ip_version == 4)
		host(t, p->ip4.src, facts);
	else
		host6(t, p->ip6.src);
}

static void fill_to(struct txt *t, const void *facts)
{
	const struct pkt *p = pkt_of(facts);

	if (p->ip_version == 4)
		host(t, p->ip4.dst, facts);
	else
		host6(t, p->ip6.dst);
}

static void fill_sender(struct txt *t, const void *facts)
{
	host(t, pkt_of(facts)->arp.sender_ip, facts);
}

static void fill_target(struct txt *t, const void *facts)
{
	host(t, pkt_of(facts)->arp.target_ip, facts);
}

static void fill_mac(struct txt *t, const void *facts)
{
	txt_mac(t, pkt_of(facts)->arp.sender_mac);
}

/* ---- the other holes -------------------------------------------------------------------- */

static void fill_operation(struct txt *t, const void *facts)
{
	txt_u64(t, pkt_of(facts)->arp_fixed.op);
}

static void fill_identification(struct txt *t, const void *facts)
{
	txt_u64(t, pkt_of(facts)->frag.id);
}

static void fill_first(struct txt *t, const void *facts)
{
	txt_u64(t, pkt_of(facts)->frag.offset);
}

static void fill_last(struct txt *t, const void *facts)
{
	const struct pkt *p = pkt_of(facts);

	txt_u64(t, p->frag.offset + (p->payload_wire ? p->payload_wire - 1 : 0));
}

static void fill_echo(struct txt *t, const void *facts)
{
	static const struct both request = { { "echo request, ", "回显请求" } };
	static const struct both reply = { { "echo reply, ", "回显应答" } };
	static const struct both error = { { "error, ", "差错报文" } };
	const struct pkt *p = pkt_of(facts);
	bool v6 = pkt_has(p, PKT_ICMP6);

	if (p->icmp.type == (v6 ? ICMP6_ECHO : ICMP4_ECHO))
		txt_str(t, in_lang(&request, lang_of(facts)));
	else if (p->icmp.type == (v6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY))
		txt_str(t, in_lang(&reply, lang_of(facts)));
	else if (p->icmp.quotes)
		txt_str(t, in_lang(&error, lang_of(facts)));
}

static void fill_type(struct txt *t, const void *facts)
{
	txt_u64(t, pkt_of(facts)->icmp.type);
}

static void fill_code(struct txt *t, const void *facts)
{
	txt_u64(t, pkt_of(facts)->icmp.code);
}

static void fill_next_hop(struct txt *t, const void *facts)
{
	static const struct both words = { { ", MTU of the next hop ", "，下一跳的 MTU 是 " } };

	if (!pkt_of(facts)->icmp.mtu)
		return;
	txt_str(t, in_lang(&words, lang_of(facts)));
	txt_u64(t, pkt_of(facts)->icmp.mtu);
}

static void fill_sport(struct txt *t, const void *facts)
{
	txt_u64(t, pkt_of(facts)->udp.sport);
}

static void fill_dport(struct txt *t, const void *facts)
{
	txt_u64(t, pkt_of(facts)->udp.dport);
}

static void fill_payload(struct txt *t, const void *facts)
{
	phrase_bytes(t, pkt_of(facts)->payload_wire, lang_of(facts));
}

/* Most are names of protocols, which are the same everywhere. */
static const char *kind_name(enum pkt_kind kind, enum lang lang)
{
	static const char *const chinese[PKT_KINDS] = {
		[PKT_NONE] = "无", [PKT_ETH] = "以太网", [PKT_LOOPBACK] = "环回",
		[PKT_IP6_EXT] = "IPv6 扩展首部",
	};

	return lang == LANG_ZH && chinese[kind] ? chinese[kind] : pkt_kind_name(kind);
}

static void fill_layer(struct txt *t, const void *facts)
{
	static const struct both none = { { "A frame", "一个帧" } };
	const struct pkt *p = pkt_of(facts);
	enum lang lang = lang_of(facts);

	txt_str(t, p->n_layers ? kind_name((enum pkt_kind)p->layer[p->n_layers - 1].kind, lang) :
				 in_lang(&none, lang));
}

static void fill_stop(struct txt *t, const void *facts)
{
	packet_words_stop(t, pkt_of(facts), lang_of(facts));
}

static const struct phrase_hole holes[] = {
	{ "from", fill_from }, { "to", fill_to }, { "sender", fill_sender },
	{ "target", fill_target }, { "mac", fill_mac }, { "operation", fill_operation },
	{ "identification", fill_identification }, { "first", fill_first }, { "last", fill_last },
	{ "echo", fill_echo }, { "type", fill_type }, { "code", fill_code },
	{ "next hop", fill_next_hop }, { "sport", fill_sport }, { "dport", fill_dport },
	{ "payload", fill_payload }, { "layer", fill_layer }, { "stop", fill_stop }, { NULL, NULL },
};

/* ---- where it stopped ------------------------------------------------------------------- */

static const char *verdict_words(enum verdict v, enum lang lang)
{
	static const char *const chinese[] = {
		[V_OK] = "无误", [V_SHORT] = "太短", [V_LENGTH] = "长度有误",
		[V_VALUE] = "取值不允许", [V_CHECKSUM] = "校验和错误", [V_UNSUPPORTED] = "不支持",
	};

	return lang == LANG_ZH ? chinese[v] : verdict_name(v);
}

void packet_words_stop(struct txt *t, const struct pkt *p, enum lang lang)
{
	static const struct both space[] = {
		[PKT_BY_END] = { { "end ", "末尾 " } },
		[PKT_BY_LINKTYPE] = { { "link type ", "链路类型 " } },
		[PKT_BY_ETHERTYPE] = { { "EtherType ", "以太网类型 " } },
		[PKT_BY_IP_PROTO] = { { "IP protocol ", "IP 协议 " } },
		[PKT_BY_PPP] = { { "PPP protocol ", "PPP 协议 " } },
		[PKT_BY_SAP] = { { "LLC SAP ", "LLC SAP " } },
		[PKT_BY_LOOPBACK] = { { "loopback family ", "环回地址族 " } },
		[PKT_BY_VERSION] = { { "IP version ", "IP 版本 " } },
		[PKT_BY_ARP_TYPE] = { { "ARP hardware ", "ARP 硬件类型 " } },
	};
	static const struct both colon = { { ": ", "：" } };
	static const struct both cut = { { "cut by the capture", "被抓包截断" } };

	if (p->stopped == V_OK)
		return;
	if (p->stopped == V_UNSUPPORTED && p->stopped_in == PKT_NONE) {
		txt_str(t, in_lang(&space[p->stopped_space], lang));
		txt_u64(t, p->stopped_value);
		return;
	}
	txt_str(t, kind_name((enum pkt_kind)p->stopped_in, lang));
	txt_str(t, in_lang(&colon, lang));
	txt_str(t, p->snapped ? in_lang(&cut, lang) : verdict_words(p->stopped, lang));
}

/* ---- sentences -------------------------------------------------------------------------- */

static const struct both arp_unread = { {
	"ARP, operation {operation}.",
	"ARP，操作码{operation}。" } };
static const struct both arp_reply = { {
	"ARP reply: {sender} is at {mac}.",
	"ARP 应答：{sender}的 MAC 地址是{mac}。" } };
static const struct both arp_probe = { {
	"ARP probe: does anybody use {target}? (RFC 5227 2.1).",
	"ARP 探测：有谁在使用{target}吗？[RFC 5227 2.1]" } };
static const struct both arp_announcement = { {
	"ARP announcement of {target}: it is at {mac}.",
	"ARP 通告：{target}的 MAC 地址是{mac}。" } };
static const struct both arp_request = { {
	"ARP request: who has {target}? {sender} asks, from {mac}.",
	"ARP 请求：谁是{target}？{sender}在问，它的 MAC 地址是{mac}。" } };

static const struct both piece = { {
	"IP fragment, {from} to {to}: identification {identification}, bytes {first} to {last},"
	" more to come.",
	"IP 分片，{from}到{to}：标识{identification}，第{first}到{last}字节，后面还有。" } };
static const struct both last_piece = { {
	"IP fragment, {from} to {to}: identification {identification}, bytes {first} to {last},"
	" the last.",
	"IP 分片，{from}到{to}：标识{identification}，第{first}到{last}字节，是最后一片。" } };

static const struct both icmp4 = { {
	"ICMP {echo}{from} to {to}: type {type}, code {code}{next hop}.",
	"ICMP{echo}，{from}到{to}：类型{type}，代码{code}{next hop}。" } };
static const struct both icmp6 = { {
	"ICMPv6 {echo}{from} to {to}: type {type}, code {code}{next hop}.",
	"ICMPv6{echo}，{from}到{to}：类型{type}，代码{code}{next hop}。" } };

static const struct both udp = { {
	"UDP, {from} to {to}, port {sport} to {dport}: {payload}.",
	"UDP，{from}到{to}，端口{sport}到{dport}：{payload}。" } };

static const struct both other_ip = { {
	"{layer}, {from} to {to}: {payload}.",
	"{layer}，{from}到{to}：{payload}。" } };
static const struct both other = { {
	"{layer}: {payload}.",
	"{layer}：{payload}。" } };

static const struct both not_further = { {
	" Not read further: {stop}.",
	"没有继续解析：{stop}。" } };

static const struct both *arp_words(const struct pkt *p)
{
	if (p->stopped != V_OK)
		return &arp_unread;
	if (p->arp.op == ARP_REPLY)
		return &arp_reply;
	if (arp_is_probe(&p->arp))
		return &arp_probe;
	return arp_is_gratuitous(&p->arp) ? &arp_announcement : &arp_request;
}

static const struct both *words_of(const struct pkt *p)
{
	if (pkt_has(p, PKT_ARP))
		return arp_words(p);
	if (p->is_fragment)
		return p->frag.more ? &piece : &last_piece;
	if (pkt_has(p, PKT_ICMP4) || pkt_has(p, PKT_ICMP6))
		return pkt_has(p, PKT_ICMP6) ? &icmp6 : &icmp4;
	if (pkt_has(p, PKT_UDP))
		return &udp;
	return p->ip_version ? &other_ip : &other;
}

void packet_words(struct txt *t, const struct pkt *p, const struct packet_names *who)
{
	const struct facts facts = { p, who };

	phrase_fill(t, in_lang(words_of(p), who->lang), holes, &facts);
	if (p->stopped != V_OK)
		phrase_fill(t, in_lang(&not_further, who->lang), holes, &facts);
}
