#include "wirelab/arp_view.h"

#include "wirelab/json.h"
#include "wirelab/utf8.h"

enum { COL_MAC = 17, COL_IF = 36, COL_HOW = 45, COL_VENDOR = 58 };

static void foreign_string(struct txt *t, const char *s)
{
	txt_foreign(t, s, strlen(s));
}

static void vlan_after(struct txt *t, uint16_t vlan)
{
	if (vlan) {
		txt_str(t, ".");
		txt_u64(t, vlan);
	}
}

/* The vendor goes last and gives way: an 80-column terminal keeps one line an address. */
static void vendor_at(struct txt *t, const char *vendor, size_t column, size_t columns)
{
	size_t room, n = 0;

	txt_column(t, column);
	if (!vendor || !*vendor) {
		txt_char(t, '-');
		return;
	}
	room = columns == 0 ? SIZE_MAX : columns > t->len ? columns - t->len : 0;
	/* Counted in characters, though a wide one takes two columns: names are Latin. */
	for (const char *p = vendor; *p && room > 0; room--, n = (size_t)(p - vendor)) {
		uint32_t code;
		size_t len = utf8_decode((const uint8_t *)p, strlen(p), &code);
		p += len ? len : 1;
	}
	txt_foreign(t, vendor, n);
}

/* "12.3 s ago, 47.7 s left" */
static void age_and_left(struct txt *t, const struct arp_result *r)
{
	txt_age(t, r->age_ns);
	txt_str(t, " ago, ");
	txt_age(t, r->left_ns);
	txt_str(t, " left");
}

static void how_long(struct txt *t, const struct arp_result *r)
{
	if (r->source == ARP_FROM_OWN) {
		txt_str(t, "this host");
	} else if (r->source == ARP_FROM_CACHE) {
		txt_str(t, "cached ");
		age_and_left(t, r);
	} else if (r->rtt_ns) {
		txt_duration(t, r->rtt_ns);
	} else {
		txt_str(t, "answered");
	}
}

static void requests(struct txt *t, unsigned n)
{
	txt_u64(t, n);
	txt_str(t, n == 1 ? " request" : " requests");
}

static void silence(struct txt *t, const struct arp_result *r)
{
	if (r->outcome == ARP_STILL_SILENT) {
		txt_str(t, "no answer ");
		age_and_left(t, r);
	} else {
		txt_str(t, "no answer to ");
		requests(t, r->requests);
		txt_str(t, " in ");
		txt_age(t, r->waited_ns);
	}
}

void arp_view_result(struct txt *t, const struct arp_result *r, size_t columns)
{
	txt_ip(t, r->ip);
	txt_column(t, COL_MAC);
	if (r->outcome == ARP_FOUND)
		txt_mac(t, r->mac);
	else
		txt_char(t, '-');
	txt_column(t, COL_IF);
	foreign_string(t, r->ifname);
	vlan_after(t, r->vlan);
	txt_column(t, COL_HOW);
	if (r->outcome != ARP_FOUND) {
		silence(t, r);
		return;
	}
	how_long(t, r);
	if (r->has_former) {
		txt_str(t, " was ");
		txt_mac(t, r->former);
	}
	vendor_at(t, r->vendor, COL_VENDOR, columns);
}

/* ---- JSON ------------------------------------------------------------------------- */

static void json_place(struct txt *t, const char *ifname, uint16_t vlan)
{
	json_string(t, "interface", ifname);
	json_key(t, "vlan");
	if (vlan)
		txt_u64(t, vlan);
	else
		txt_str(t, "null");
}

static const char *outcome_name(const struct arp_result *r)
{
	switch (r->outcome) {
	case ARP_FOUND: return "found";
	case ARP_SILENT: return "no_answer";
	case ARP_STILL_SILENT: return "no_answer";
	}
	return "no_answer";
}

static const char *source_name(const struct arp_result *r)
{
	if (r->outcome == ARP_STILL_SILENT)
		return "cache";
	switch (r->source) {
	case ARP_FROM_WIRE: return "wire";
	case ARP_FROM_CACHE: return "cache";
	case ARP_FROM_OWN: return "own";
	}
	return "wire";
}

void arp_view_result_json(struct txt *t, const struct arp_result *r)
{
	bool found = r->outcome == ARP_FOUND;
	bool cached = strcmp(source_name(r), "cache") == 0;

	txt_str(t, "{");
	json_string(t, "type", "answer");
	json_ip(t, "ip", r->ip);
	json_string(t, "outcome", outcome_name(r));
	json_mac(t, "mac", r->mac, found);
	json_string(t, "vendor", found ? r->vendor : NULL);
	json_place(t, r->ifname, r->vlan);
	json_string(t, "source", source_name(r));
	json_key(t, "requests");
	if (r->requests || r->source != ARP_FROM_WIRE || r->outcome != ARP_FOUND)
		txt_u64(t, r->requests);
	else
		txt_str(t, "null");
	json_seconds(t, "rtt", r->rtt_ns, found && r->rtt_ns);
	json_seconds(t, "age", r->age_ns, cached);
	json_seconds(t, "expires_in", r->left_ns, cached);
	json_mac(t, "former_mac", r->former, r->has_former);
	txt_str(t, "}");
}

void arp_view_conflict(struct txt *t, struct ip4 ip, struct mac first, struct mac other,
		       const char *ifname)
{
	txt_ip(t, ip);
	txt_column(t, COL_MAC);
	txt_mac(t, other);
	txt_column(t, COL_IF);
	foreign_string(t, ifname);
	txt_column(t, COL_HOW);
	txt_str(t, "conflict: also ");
	txt_mac(t, first);
}

void arp_view_conflict_json(struct txt *t, struct ip4 ip, struct mac first, struct mac other,
			    const char *ifname)
{
	txt_str(t, "{");
	json_string(t, "type", "conflict");
	json_ip(t, "ip", ip);
	json_mac(t, "mac", first, true);
	json_mac(t, "other_mac", other, true);
	json_string(t, "interface", ifname);
	txt_str(t, "}");
}

/* ---- findings ---------------------------------------------------------------------- */

static const char *weight_name(enum arp_weight w)
{
	switch (w) {
	case ARP_W_TAKEN: return "taken";
	case ARP_W_REMARKED: return "remarked";
	case ARP_W_ORDINARY: return "ignored";
	case ARP_W_REFUSED: return "refused";
	case ARP_W_FORGED: return "forged";
	}
	return "refused";
}

void arp_view_finding(struct txt *t, enum arp_finding f, struct ip4 ip, uint64_t count)
{
	const struct arp_finding_info *info = arp_finding_info(f);

	if (!ip4_is_unspecified(ip)) {
		txt_ip(t, ip);
		txt_str(t, ": ");
	}
	txt_str(t, info->taken ? "believed with a remark: " : "not believed: ");
	txt_str(t, info->says);
	txt_str(t, " (");
	txt_str(t, info->section);
	txt_char(t, ')');
	if (count > 1) {
		txt_str(t, ", ");
		txt_grouped(t, count);
		txt_str(t, " times");
	}
}

void arp_view_finding_json(struct txt *t, enum arp_finding f, struct ip4 ip, uint64_t count)
{
	const struct arp_finding_info *info = arp_finding_info(f);

	txt_str(t, "{");
	json_string(t, "type", "finding");
	json_string(t, "name", info->name);
	json_string(t, "weight", weight_name(info->weight));
	json_string(t, "says", info->says);
	json_string(t, "section", info->section);
	json_key(t, "ip");
	if (ip4_is_unspecified(ip)) {
		txt_str(t, "null");
	} else {
		txt_char(t, '"');
		txt_ip(t, ip);
		txt_char(t, '"');
	}
	json_number(t, "count", count);
	txt_str(t, "}");
}

/* ---- steps: what --trace says, and what a capture's remarks say ------------------------ */

static void reason_to_send(struct txt *t, const struct arpres_step *s)
{
	switch (s->why) {
	case ARPRES_WHY_UNKNOWN:
		txt_str(t, "to everybody, with nothing known to go by (RFC 826)");
		break;
	case ARPRES_WHY_POLL:
		txt_str(t, "to the MAC it had, because that grew old (unicast poll, "
			   "RFC 1122 2.3.2.1)");
		break;
	case ARPRES_WHY_SILENCE:
		txt_str(t, "to everybody, because no answer came (at most one a second, "
			   "RFC 1122 2.3.2.1)");
		break;
	}
}

void arp_view_step(struct txt *t, const struct arpres_step *s, unsigned tries)
{
	if (s->kind == ARPRES_GAVE_UP) {
		txt_str(t, "fail   ");
		txt_ip(t, s->ip);
		txt_str(t, " gave no answer to ");
		requests(t, s->try);
		txt_str(t, ": the failure is remembered, too (RFC 1122 2.3.2.1)");
		return;
	}
	txt_str(t, "send   request ");
	txt_u64(t, s->try);
	txt_str(t, " of ");
	txt_u64(t, tries);
	txt_str(t, ": who has ");
	txt_ip(t, s->ip);
	txt_str(t, "? ");
	reason_to_send(t, s);
}

static void speaker(struct txt *t, const struct arp_frame *frame)
{
	const struct arp_msg *m = &frame->msg;

	if (frame->verdict != V_OK) {
		txt_mac(t, frame->eth.src);
		txt_str(t, " sent something");
		return;
	}
	txt_mac(t, m->sender_mac);
	if (arp_is_probe(m)) {
		txt_str(t, " asks whether ");
		txt_ip(t, m->target_ip);
		txt_str(t, " is free");
	} else if (arp_is_gratuitous(m)) {
		txt_str(t, " says it is ");
		txt_ip(t, m->sender_ip);
	} else {
		txt_str(t, " as ");
		txt_ip(t, m->sender_ip);
		txt_str(t, m->op == ARP_REQUEST ? " asks for "
			   : m->op == ARP_REPLY ? " answers " : " says something to ");
		txt_ip(t, m->target_ip);
	}
}

static void effect_of(struct txt *t, const struct arpres_heard *h)
{
	const struct arp_finding_info *info = arp_finding_info(h->finding);

	if (h->effect & ARPRES_RESOLVED)
		txt_str(t, "believed, it answers our question");
	else if (h->effect & ARPRES_CONFIRMED)
		txt_str(t, "known already, its age starts anew");
	else if (h->effect & ARPRES_CHANGED)
		txt_str(t, "merged, but to be asked before it is used");
	else if (!(h->effect & ARPRES_CONFLICT))
		txt_str(t, info->weight == ARP_W_ORDINARY && !h->pending ? "not for us"
								       : "not believed");
	if (h->effect & ARPRES_CONFLICT) {
		txt_str(t, h->effect & ARPRES_RESOLVED ? "; CONFLICT with " : "CONFLICT with ");
		txt_mac(t, h->other_mac);
		txt_str(t, ", which claims the address, too (RFC 5227 2.4)");
		return;
	}
	if (h->effect & ARPRES_CHANGED) {
		txt_str(t, "; it was ");
		txt_mac(t, h->other_mac);
	}
	txt_str(t, ": ");
	txt_str(t, info->says);
	txt_str(t, " (");
	txt_str(t, info->section);
	txt_char(t, ')');
}

void arp_view_heard(struct txt *t, const struct arpres_heard *h, const struct arp_frame *frame)
{
	txt_str(t, "hear   ");
	speaker(t, frame);
	txt_str(t, ": ");
	effect_of(t, h);
}

void arp_view_remark_heard(struct txt *t, const struct arpres_heard *h,
			   const struct arp_frame *frame)
{
	speaker(t, frame);
	txt_str(t, ": ");
	effect_of(t, h);
	txt_char(t, '.');
}

void arp_view_remark_sent(struct txt *t, const struct arpres_step *s, unsigned tries)
{
	txt_str(t, "Request ");
	txt_u64(t, s->try);
	txt_str(t, " of ");
	txt_u64(t, tries);
	txt_str(t, ": who has ");
	txt_ip(t, s->ip);
	txt_str(t, "? Sent ");
	reason_to_send(t, s);
	txt_char(t, '.');
}

/* ---- watching ---------------------------------------------------------------------- */

void arp_view_sighting(struct txt *t, const struct arpwatch_sighting *s, const char *vendor)
{
	static const char *const word[] = {
		[ARPWATCH_NOTHING] = "nothing", [ARPWATCH_APPEARED] = "appeared",
		[ARPWATCH_RETURNED] = "returned", [ARPWATCH_MOVED] = "changed",
		[ARPWATCH_CONFLICT] = "CONFLICT", [ARPWATCH_PROBING] = "probes",
		[ARPWATCH_ODD] = "odd",
	};

	txt_str(t, word[s->event]);
	txt_column(t, 10);
	if (ip4_is_unspecified(s->ip))
		txt_char(t, '-');
	else
		txt_ip(t, s->ip);
	txt_column(t, 27);
	if (mac_is_zero(s->mac))
		txt_char(t, '-');
	else
		txt_mac(t, s->mac);
	txt_column(t, 46);
	switch (s->event) {
	case ARPWATCH_MOVED:
	case ARPWATCH_CONFLICT:
		txt_str(t, s->event == ARPWATCH_MOVED ? "was " : "and ");
		txt_mac(t, s->before);
		break;
	case ARPWATCH_RETURNED:
		txt_str(t, "after ");
		txt_duration(t, s->silent_ns);
		break;
	case ARPWATCH_PROBING:
		txt_str(t, "is the address free?");
		break;
	case ARPWATCH_ODD:
		txt_str(t, arp_finding_info(s->finding)->says);
		break;
	case ARPWATCH_NOTHING:
	case ARPWATCH_APPEARED:
		vendor_at(t, vendor, 46, 0);
		break;
	}
}

void arp_view_sighting_json(struct txt *t, const struct arpwatch_sighting *s, const char *vendor,
			    const char *ifname)
{
	static const char *const word[] = {
		[ARPWATCH_NOTHING] = "nothing", [ARPWATCH_APPEARED] = "appeared",
		[ARPWATCH_RETURNED] = "returned", [ARPWATCH_MOVED] = "changed",
		[ARPWATCH_CONFLICT] = "conflict", [ARPWATCH_PROBING] = "probe",
		[ARPWATCH_ODD] = "odd",
	};
	bool other = s->event == ARPWATCH_MOVED || s->event == ARPWATCH_CONFLICT;

	txt_str(t, "{");
	json_string(t, "type", "sighting");
	json_string(t, "event", word[s->event]);
	json_ip(t, "ip", s->ip);
	json_mac(t, "mac", s->mac, !mac_is_zero(s->mac));
	json_mac(t, "former_mac", s->before, other);
	json_string(t, "vendor", vendor);
	json_string(t, "interface", ifname);
	json_string(t, "finding", arp_finding_info(s->finding)->name);
	txt_str(t, "}");
}

/* ---- claiming ----------------------------------------------------------------------- */

void arp_view_claim_step(struct txt *t, const struct arpclaim_step *s, const struct arpclaim *c)
{
	switch (s->kind) {
	case ARPCLAIM_SEND_PROBE:
		txt_str(t, "probe ");
		txt_u64(t, s->nth);
		txt_str(t, " of ");
		txt_u64(t, PROBE_NUM);
		txt_str(t, ": is ");
		txt_ip(t, c->ip);
		txt_str(t, " free? From 0.0.0.0, so that nobody learns anything (RFC 5227 2.1.1)");
		break;
	case ARPCLAIM_SEND_ANNOUNCEMENT:
		txt_str(t, "announcement ");
		txt_u64(t, s->nth);
		txt_str(t, " of ");
		txt_u64(t, ANNOUNCE_NUM);
		txt_str(t, ": ");
		txt_ip(t, c->ip);
		txt_str(t, " is ours (RFC 5227 2.3)");
		break;
	case ARPCLAIM_SEND_DEFENCE:
		txt_str(t, "defence: ");
		txt_ip(t, c->ip);
		txt_str(t, " is ours, whatever the other one says (RFC 5227 2.4)");
		break;
	case ARPCLAIM_SAY_FREE:
		txt_str(t, "nobody objected within ANNOUNCE_WAIT (RFC 5227 2.1.1)");
		break;
	case ARPCLAIM_SAY_HELD:
		txt_str(t, "announced (RFC 5227 2.3)");
		break;
	case ARPCLAIM_SAY_LOST:
		txt_str(t, "another host has it");
		break;
	}
}

void arp_view_claim_heard(struct txt *t, enum arpclaim_heard h, const struct arpclaim *c)
{
	txt_mac(t, c->other);
	switch (h) {
	case ARPCLAIM_UNCONCERNED:
		txt_str(t, " speaks of something else");
		break;
	case ARPCLAIM_IN_USE:
		txt_str(t, " uses the address (RFC 5227 2.1.1)");
		break;
	case ARPCLAIM_RIVAL_PROBE:
		txt_str(t, " probes for the same address at the same time (RFC 5227 2.1.1)");
		break;
	case ARPCLAIM_CONFLICT_DEFENDED:
		txt_str(t, " uses our address: defended (RFC 5227 2.4)");
		break;
	case ARPCLAIM_CONFLICT_QUIET:
		txt_str(t, " uses our address: defended less than DEFEND_INTERVAL ago, so nothing "
			   "is sent (RFC 5227 2.4 (c))");
		break;
	case ARPCLAIM_CONFLICT_YIELDED:
		txt_str(t, " uses our address: given up (RFC 5227 2.4)");
		break;
	}
}

/* ---- the cache ------------------------------------------------------------------------ */

enum { ROW_MAC = 16, ROW_LINK = 34, ROW_STATE = 42, ROW_AGE = 52, ROW_LEFT = 59, ROW_HOW = 66,
       ROW_VENDOR = 74 };

/* At most six columns: "59s", "3m20s", "2h05m", "12d". */
static void short_duration(struct txt *t, uint64_t ns)
{
	uint64_t s = ns / UINT64_C(1000000000);
	uint64_t big = s < 3600 ? s / 60 : s / 3600;
	uint64_t small = s < 3600 ? s % 60 : s / 60 % 60;

	if (s < 60 || s >= 100 * 3600) {
		txt_u64(t, s < 60 ? s : s / 86400);
		txt_char(t, s < 60 ? 's' : 'd');
		return;
	}
	txt_u64(t, big);
	txt_char(t, s < 3600 ? 'm' : 'h');
	txt_char(t, (char)('0' + small / 10));
	txt_char(t, (char)('0' + small % 10));
	txt_char(t, s < 3600 ? 's' : 'm');
}

static void row_heading(struct txt *t)
{
	txt_str(t, "address");
	txt_column(t, ROW_MAC);
	txt_str(t, "mac");
	txt_column(t, ROW_LINK);
	txt_str(t, "link");
	txt_column(t, ROW_STATE);
	txt_str(t, "state");
	txt_column(t, ROW_AGE);
	txt_str(t, "age");
	txt_column(t, ROW_LEFT);
	txt_str(t, "left");
	txt_column(t, ROW_HOW);
	txt_str(t, "how");
	txt_column(t, ROW_VENDOR);
	txt_str(t, "vendor");
}

void arp_view_row(struct txt *t, const struct arp_row *row, size_t columns)
{
	if (!row) {
		row_heading(t);
		return;
	}
	txt_ip(t, row->ip);
	txt_column(t, ROW_MAC);
	if (mac_is_zero(row->mac))
		txt_char(t, '-');
	else
		txt_mac(t, row->mac);
	txt_column(t, ROW_LINK);
	foreign_string(t, row->ifname);
	vlan_after(t, row->vlan);
	txt_column(t, ROW_STATE);
	txt_str(t, row->state);
	txt_column(t, ROW_AGE);
	short_duration(t, row->age_ns);
	txt_column(t, ROW_LEFT);
	if (row->left_ns)
		short_duration(t, row->left_ns);
	else
		txt_char(t, '-');
	txt_column(t, ROW_HOW);
	txt_str(t, row->how);
	vendor_at(t, row->vendor, ROW_VENDOR, columns);
}

void arp_view_row_json(struct txt *t, const struct arp_row *row)
{
	txt_str(t, "{");
	json_string(t, "type", "entry");
	json_ip(t, "ip", row->ip);
	json_mac(t, "mac", row->mac, !mac_is_zero(row->mac));
	json_string(t, "vendor", row->vendor);
	json_place(t, row->ifname, row->vlan);
	json_string(t, "state", row->state);
	json_string(t, "how", row->how);
	json_seconds(t, "age", row->age_ns, true);
	json_seconds(t, "expires_in", row->left_ns, row->left_ns != 0);
	txt_str(t, "}");
}
