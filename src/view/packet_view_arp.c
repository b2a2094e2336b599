#include "packet_lines.h"
#include "wirelab/packet_view.h"

enum { ARP_ASKER = 7, ARP_ASKED = 23, ARP_SENT = 39, ARP_MAC = 48, ARP_IN = 66, ARP_AFTER = 73,
       ARP_REMARK = 7 };

static bool is_asking(const struct arp_exchange *x)
{
	return x->kind == ARPX_QUESTION || x->kind == ARPX_PROBE;
}

/* "2 bcast", "1 ucast", "3 mixed"; the number alone where the link has no such thing. */
static void sent(struct txt *t, const struct arp_exchange *x)
{
	txt_u64(t, x->messages);
	if (x->broadcast && x->unicast)
		txt_str(t, " mixed");
	else if (x->broadcast)
		txt_str(t, " bcast");
	else if (x->unicast)
		txt_str(t, " ucast");
}

/* What stands where the asker and the asked do: those who ask nothing say what they do. */
static void who(struct txt *t, const struct arp_exchange *x)
{
	line_column(t, ARP_ASKER);
	if (x->kind == ARPX_PROBE)
		txt_str(t, "probe");
	else if (x->has_addresses)
		txt_ip(t, x->asker_ip);
	else
		txt_char(t, '-');
	line_column(t, ARP_ASKED);
	switch (x->kind) {
	case ARPX_QUESTION:
	case ARPX_PROBE:
		txt_ip(t, x->asked_ip);
		break;
	case ARPX_ANNOUNCEMENT:
		txt_str(t, "announcement");
		break;
	case ARPX_GRATUITOUS_REPLY:
		txt_str(t, "gratuitous");
		break;
	case ARPX_UNSOLICITED:
		txt_str(t, "unasked reply");
		break;
	case ARPX_OTHER:
		txt_str(t, "operation ");
		txt_u64(t, x->op);
	}
}

static void answer(struct txt *t, const struct arp_exchange *x)
{
	line_column(t, ARP_MAC);
	if (!is_asking(x)) {
		if (x->has_addresses)
			txt_mac(t, x->asker_mac);
		else
			txt_char(t, '-');
		return;
	}
	if (x->n_answers == 0) {
		txt_str(t, "no answer");
		return;
	}
	txt_mac(t, x->answer[0].mac);
	line_column(t, ARP_IN);
	txt_u64(t, x->answer[0].frame);
	line_column(t, ARP_AFTER);
	packet_latency(t, x->answer[0].after_ns);
}

/* ---- below the row ---------------------------------------------------------------------- */

static void remark_finding(struct txt *t, enum arp_finding f, uint64_t frame)
{
	const struct arp_finding_info *info = arp_finding_info(f);

	line_below(t, ARP_REMARK);
	txt_str(t, "frame ");
	txt_u64(t, frame);
	txt_str(t, ": ");
	txt_str(t, info->says);
	/* The section goes where there is room for it. */
	if (strlen(info->says) + strlen(info->section) < 50) {
		txt_str(t, " (");
		txt_str(t, info->section);
		txt_char(t, ')');
	}
}

static bool is_remarkable(enum arp_finding f)
{
	enum arp_weight w = arp_finding_info(f)->weight;

	return w == ARP_W_REMARKED || w == ARP_W_REFUSED || w == ARP_W_FORGED;
}

static void remark_answers(struct txt *t, const struct arp_exchange *x)
{
	uint32_t kept = x->n_answers < ARPX_ANSWERS ? x->n_answers : ARPX_ANSWERS;

	for (uint32_t i = 0; i < kept; i++) {
		const struct arpx_answer *a = &x->answer[i];
		if (i > 0) {
			line_below(t, ARP_REMARK);
			txt_str(t, "conflict: answered, too, by");
			line_column(t, ARP_MAC);
			txt_mac(t, a->mac);
			line_column(t, ARP_IN);
			txt_u64(t, a->frame);
			line_column(t, ARP_AFTER);
			packet_latency(t, a->after_ns);
		}
		if (is_remarkable(a->finding))
			remark_finding(t, a->finding, a->frame);
	}
	if (x->n_answers > kept) {
		line_below(t, ARP_REMARK);
		txt_str(t, "conflict: and by ");
		packet_count(t, x->n_answers - kept, "more MAC");
	}
}

static void remark_other_owner(struct txt *t, const struct arp_exchange *x)
{
	line_below(t, ARP_REMARK);
	txt_ip(t, x->other_ip);
	txt_str(t, " was first heard with");
	line_column(t, ARP_MAC);
	txt_mac(t, x->other_mac);
}

static bool relay_is_said(const struct arp_exchange *x)
{
	for (uint32_t i = 0; i < x->n_answers && i < ARPX_ANSWERS; i++)
		if (x->answer[i].finding == ARP_F_REPLY_RELAYED)
			return true;
	return false;
}

static void remarks(struct txt *t, const struct arp_exchange *x)
{
	if (x->kind == ARPX_PROBE) {
		line_below(t, ARP_REMARK);
		txt_str(t, "asked without an address of its own by");
		line_column(t, ARP_MAC);
		txt_mac(t, x->asker_mac);
	}
	if (x->kind == ARPX_UNSOLICITED) {
		line_below(t, ARP_REMARK);
		txt_str(t, "sent to ");
		txt_ip(t, x->asked_ip);
		txt_str(t, ", which was not heard asking");
	}
	if (is_asking(x) && x->messages > 1) {
		line_below(t, ARP_REMARK);
		txt_str(t, "asked ");
		txt_u64(t, x->messages);
		txt_str(t, " times in ");
		txt_duration(t, instant_since(x->first, x->last_request));
	}
	if (is_remarkable(x->finding))
		remark_finding(t, x->finding, x->first_frame);
	remark_answers(t, x);
	if (x->relayed && !relay_is_said(x)) {
		line_below(t, ARP_REMARK);
		txt_str(t, arp_finding_info(ARP_F_REPLY_RELAYED)->says);
	}
	if (x->other_owner)
		remark_other_owner(t, x);
}

void packet_view_arp(struct txt *t, const struct arp_exchange *x)
{
	static const char *const name[] = { "frame", "asks", "for", "sent", "MAC", "frame",
					    "after" };
	static const size_t at[] = { 0, ARP_ASKER, ARP_ASKED, ARP_SENT, ARP_MAC, ARP_IN,
				     ARP_AFTER };

	if (!x) {
		line_heading(t, name, at, sizeof(at) / sizeof(at[0]));
		return;
	}
	txt_u64(t, x->first_frame);
	who(t, x);
	line_column(t, ARP_SENT);
	sent(t, x);
	answer(t, x);
	remarks(t, x);
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void ip_json(struct txt *t, const char *key, struct ip4 ip, bool known)
{
	if (known)
		json_ip(t, key, ip);
	else
		json_null(t, key);
}

static void number_json(struct txt *t, const char *key, uint64_t n, bool known)
{
	if (known)
		json_number(t, key, n);
	else
		json_null(t, key);
}

static void answers_json(struct txt *t, const struct arp_exchange *x)
{
	json_key(t, "answers");
	txt_char(t, '[');
	for (uint32_t i = 0; i < x->n_answers && i < ARPX_ANSWERS; i++) {
		const struct arpx_answer *a = &x->answer[i];
		txt_str(t, i ? ",{" : "{");
		json_mac(t, "mac", a->mac, true);
		json_frame(t, "frame", a->frame);
		json_seconds(t, "after", a->after_ns, true);
		json_number(t, "replies", a->count);
		json_string(t, "finding", arp_finding_info(a->finding)->name);
		txt_char(t, '}');
	}
	txt_char(t, ']');
}

void packet_view_arp_json(struct txt *t, const struct arp_exchange *x)
{
	bool link_tells = x->broadcast + x->unicast > 0;

	txt_char(t, '{');
	json_string(t, "type", "arp_exchange");
	json_string(t, "kind", arpx_kind_name(x->kind));
	json_number(t, "operation", x->op);
	number_json(t, "vlan", x->vlan, x->vlan != 0);
	ip_json(t, "asker", x->asker_ip, x->has_addresses && !ip4_is_unspecified(x->asker_ip));
	json_mac(t, "asker_mac", x->asker_mac, x->has_addresses);
	ip_json(t, "asked", x->asked_ip, x->has_addresses);
	json_frame(t, "first_frame", x->first_frame);
	json_frame(t, "last_frame", x->last_frame);
	json_seconds(t, "first_time", x->first.ns, true);
	json_seconds(t, "last_time", x->last.ns, true);
	json_number(t, "messages", x->messages);
	number_json(t, "broadcast", x->broadcast, link_tells);
	number_json(t, "unicast", x->unicast, link_tells);
	json_string(t, "finding", is_remarkable(x->finding) ? arp_finding_info(x->finding)->name
							    : NULL);
	json_number(t, "replies", x->replies);
	json_number(t, "answering_macs", x->n_answers);
	answers_json(t, x);
	json_bool(t, "conflict", arpx_is_conflict(x));
	json_bool(t, "relayed", x->relayed);
	ip_json(t, "other_owner_of", x->other_ip, x->other_owner);
	json_mac(t, "other_owner", x->other_mac, x->other_owner);
	txt_char(t, '}');
}
