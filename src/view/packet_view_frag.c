#include "packet_lines.h"
#include "wirelab/packet_view.h"

enum { FRAG_ID = 7, FRAG_BYTES = 18, FRAG_STATE = 25, FRAG_WHO = 41,
       PIECE_FRAME = 2, PIECE_OFFSET = 15, PIECE_LEN = 29, PIECE_MORE = 41, PIECE_REMARK = 47 };

static const char *proto_name(uint8_t proto)
{
	switch (proto) {
	case IP_PROTO_UDP:
		return pkt_kind_name(PKT_UDP);
	case IP_PROTO_TCP:
		return pkt_kind_name(PKT_TCP);
	case IP_PROTO_ICMP:
		return pkt_kind_name(PKT_ICMP4);
	case IP_PROTO_ICMP6:
		return pkt_kind_name(PKT_ICMP6);
	default:
		return NULL;
	}
}

static void protocol(struct txt *t, uint8_t proto)
{
	if (proto_name(proto)) {
		txt_str(t, proto_name(proto));
		return;
	}
	txt_str(t, "IP ");
	txt_u64(t, proto);
}

/* Identifications are shown as Wireshark and tcpdump -v show them side by side: in hex. */
static void hex(struct txt *t, uint32_t n, unsigned digits)
{
	static const char digit[] = "0123456789abcdef";

	txt_str(t, "0x");
	while (digits--)
		txt_char(t, digit[n >> 4 * digits & 0xf]);
}

static void state(struct txt *t, const struct ip_datagram *d)
{
	if (d->atomic) {
		txt_str(t, "atomic");
	} else if (d->state == IPFRAG_WHOLE) {
		txt_str(t, "whole in ");
		txt_u64(t, d->whole_frame);
	} else if (d->state == IPFRAG_UNCAPTURED) {
		txt_str(t, "cut by capture");
	} else {
		txt_str(t, ipfrag_state_name(d->state));
	}
}

/* Two IPv4 addresses always fit; of two IPv6 addresses the second may need a line of its own. */
static void from_to(struct txt *t, const struct ip_datagram *d)
{
	char src[IP6_STRLEN], dst[IP6_STRLEN];
	struct txt from = txt_over(src, sizeof(src)), to = txt_over(dst, sizeof(dst));

	txt_address(&from, d->key.family, d->key.src);
	txt_address(&to, d->key.family, d->key.dst);
	line_column(t, FRAG_WHO);
	txt_str(t, src);
	if (FRAG_WHO + from.len + 3 + to.len <= PACKET_COLUMNS)
		txt_char(t, ' ');
	else
		line_below(t, FRAG_WHO - 2);
	txt_str(t, "> ");
	txt_str(t, dst);
}

static void piece_remark(struct txt *t, const struct ipfrag_piece *p)
{
	const char *says = p->result == IPASM_BAD_LENGTH ? "a length that cannot be" :
			   p->result == IPASM_BAD_END ? "contradicts the end" :
			   p->differs ? "overlaps, and differs" :
			   p->again ? "overlaps" : p->cut ? "cut by the capture" : NULL;

	if (!says)
		return;
	line_column(t, PIECE_REMARK);
	txt_str(t, says);
}

static void piece_line(struct txt *t, const struct ipfrag_piece *p)
{
	line_below(t, PIECE_FRAME);
	txt_str(t, "frame ");
	txt_u64(t, p->frame);
	line_column(t, PIECE_OFFSET);
	txt_str(t, "offset ");
	txt_u64(t, p->offset);
	line_column(t, PIECE_LEN);
	txt_u64(t, p->len);
	txt_str(t, " bytes");
	line_column(t, PIECE_MORE);
	txt_str(t, p->more ? "MF 1" : "MF 0");
	piece_remark(t, p);
}

static void missing_line(struct txt *t, const struct ipasm_range *r)
{
	line_below(t, PIECE_FRAME);
	txt_str(t, "missing");
	line_column(t, PIECE_OFFSET);
	txt_str(t, "offset ");
	txt_u64(t, r->from);
	line_column(t, PIECE_LEN);
	if (r->to == IPASM_END_UNKNOWN) {
		txt_str(t, "to an end that did not come");
		return;
	}
	txt_u64(t, r->to - r->from);
	txt_str(t, " bytes");
}

static void content_line(struct txt *t, const struct ip_datagram *d)
{
	const struct ipfrag_content *c = &d->content;

	if (c->kind == PKT_NONE)
		return;
	line_below(t, PIECE_FRAME);
	txt_str(t, "carries ");
	txt_str(t, pkt_kind_name(c->kind));
	if (c->kind == PKT_UDP || c->kind == PKT_TCP) {
		txt_str(t, " from port ");
		txt_u64(t, c->sport);
		txt_str(t, " to ");
		txt_u64(t, c->dport);
	} else {
		txt_str(t, " type ");
		txt_u64(t, c->type);
		txt_str(t, " code ");
		txt_u64(t, c->code);
	}
}

static void count_line(struct txt *t, uint32_t n, const char *what)
{
	if (n == 0)
		return;
	line_below(t, PIECE_FRAME);
	txt_str(t, "and ");
	packet_count(t, n, what);
}

static uint32_t beyond(uint32_t n, uint32_t kept)
{
	return n > kept ? n - kept : 0;
}

static void lines_below(struct txt *t, const struct ip_datagram *d)
{
	for (uint32_t i = 0; i < d->fragments && i < IPFRAG_PIECES; i++)
		piece_line(t, &d->piece[i]);
	count_line(t, beyond(d->fragments, IPFRAG_PIECES), "more fragment");
	for (uint32_t i = 0; i < d->n_missing && i < IPFRAG_RANGES; i++)
		missing_line(t, &d->missing[i]);
	count_line(t, beyond(d->n_missing, IPFRAG_RANGES), "more gap");
	content_line(t, d);
}

void packet_view_fragments(struct txt *t, const struct ip_datagram *d)
{
	static const char *const name[] = { "proto", "id", "bytes", "state", "from > to" };
	static const size_t at[] = { 0, FRAG_ID, FRAG_BYTES, FRAG_STATE, FRAG_WHO };

	if (!d) {
		line_heading(t, name, at, sizeof(at) / sizeof(at[0]));
		return;
	}
	protocol(t, d->proto);
	line_column(t, FRAG_ID);
	hex(t, d->key.id, d->key.family == 4 ? 4 : 8);
	line_column(t, FRAG_BYTES);
	if (d->len)
		txt_u64(t, d->len);
	else
		txt_char(t, '-');
	line_column(t, FRAG_STATE);
	state(t, d);
	from_to(t, d);
	lines_below(t, d);
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void pieces_json(struct txt *t, const struct ip_datagram *d)
{
	json_key(t, "fragments");
	txt_char(t, '[');
	for (uint32_t i = 0; i < d->fragments && i < IPFRAG_PIECES; i++) {
		const struct ipfrag_piece *p = &d->piece[i];
		txt_str(t, i ? ",{" : "{");
		json_frame(t, "frame", p->frame);
		json_number(t, "offset", p->offset);
		json_number(t, "length", p->len);
		json_bool(t, "more", p->more);
		json_bool(t, "captured", !p->cut);
		json_bool(t, "overlap", p->again);
		json_bool(t, "conflict", p->differs);
		json_bool(t, "taken", p->result != IPASM_BAD_LENGTH && p->result != IPASM_BAD_END);
		txt_char(t, '}');
	}
	txt_char(t, ']');
}

/* [[1480,2960],[4440,null]]: from, and the offset behind; null where the end is not known. */
static void missing_json(struct txt *t, const struct ip_datagram *d)
{
	json_key(t, "missing");
	txt_char(t, '[');
	for (uint32_t i = 0; i < d->n_missing && i < IPFRAG_RANGES; i++) {
		txt_str(t, i ? ",[" : "[");
		txt_u64(t, d->missing[i].from);
		txt_char(t, ',');
		if (d->missing[i].to == IPASM_END_UNKNOWN)
			txt_str(t, "null");
		else
			txt_u64(t, d->missing[i].to);
		txt_char(t, ']');
	}
	txt_char(t, ']');
}

static void content_json(struct txt *t, const struct ipfrag_content *c)
{
	if (c->kind == PKT_NONE) {
		json_null(t, "carries");
		return;
	}
	json_key(t, "carries");
	txt_char(t, '{');
	json_string(t, "kind", pkt_kind_name(c->kind));
	if (c->kind == PKT_UDP || c->kind == PKT_TCP) {
		json_number(t, "sport", c->sport);
		json_number(t, "dport", c->dport);
	} else {
		json_number(t, "icmp_type", c->type);
		json_number(t, "icmp_code", c->code);
	}
	txt_char(t, '}');
}

void packet_view_fragments_json(struct txt *t, const struct ip_datagram *d)
{
	txt_char(t, '{');
	json_string(t, "type", "ip_datagram");
	json_number(t, "family", d->key.family);
	packet_address_json(t, "src", d->key.family, d->key.src);
	packet_address_json(t, "dst", d->key.family, d->key.dst);
	json_number(t, "proto", d->proto);
	json_number(t, "id", d->key.id);
	json_string(t, "state", ipfrag_state_name(d->state));
	json_bool(t, "atomic", d->atomic);
	json_frame(t, "whole_frame", d->whole_frame);
	json_frame(t, "length", d->len);
	json_frame(t, "first_frame", d->first_frame);
	json_frame(t, "last_frame", d->last_frame);
	json_seconds(t, "first_time", d->first.ns, true);
	json_seconds(t, "last_time", d->last.ns, true);
	json_bool(t, "overlap", d->overlap);
	json_bool(t, "conflict", d->conflict);
	json_number(t, "fragment_count", d->fragments);
	pieces_json(t, d);
	json_number(t, "missing_count", d->n_missing);
	missing_json(t, d);
	content_json(t, &d->content);
	txt_char(t, '}');
}
