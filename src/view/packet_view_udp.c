#include "packet_lines.h"
#include "wirelab/packet_view.h"
#include "wirelab/tcp_view.h"

enum { UDP_TIME = 7, UDP_FROM = 18, UDP_TO = 40, UDP_LEN = 62, UDP_DATA = 69, UDP_SUM = 76,
       UDP_REMARK = 18 };
enum { FLOW_TO = 22, FLOW_SENT = 50, FLOW_SENT_BYTES = 56, FLOW_BACK = 63,
       FLOW_BACK_BYTES = 69, FLOW_ERRORS = 76 };

const char *packet_view_icmp_error(uint8_t family, uint8_t type, uint8_t code)
{
	/* RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1 */
	static const char *const unreachable4[] = {
		"network unreachable", "host unreachable", "protocol unreachable",
		"port unreachable", "fragmentation needed", "source route failed",
		"network unknown", "host unknown", "source host isolated", "network prohibited",
		"host prohibited", "network unreachable for this service",
		"host unreachable for this service", "communication prohibited",
		"host precedence violation", "precedence cutoff" };
	/* RFC 4443 3.1 */
	static const char *const unreachable6[] = {
		"no route", "communication prohibited", "beyond scope of source address",
		"address unreachable", "port unreachable", "source address failed policy",
		"route rejected" };
	bool v4 = family == 4;

	if (v4 && type == ICMP4_UNREACHABLE)
		return code < sizeof(unreachable4) / sizeof(unreachable4[0]) ?
			unreachable4[code] : "unreachable";
	if (!v4 && type == ICMP6_UNREACHABLE)
		return code < sizeof(unreachable6) / sizeof(unreachable6[0]) ?
			unreachable6[code] : "unreachable";
	if (type == (v4 ? ICMP4_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED))
		return code == 0 ? (v4 ? "time to live exceeded" : "hop limit exceeded") :
				   "fragments missing for too long";
	if (type == (v4 ? ICMP4_PARAMETER : ICMP6_PARAMETER))
		return "parameter problem";
	if (v4 && type == ICMP4_SOURCE_QUENCH)
		return "source quench";
	if (v4 && type == ICMP4_REDIRECT)
		return "redirect";
	return !v4 && type == ICMP6_TOO_BIG ? "packet too big" : NULL;
}

/* ---- lines ------------------------------------------------------------------------------ */

enum { CLOCK_WIDTH = 10 };

/* Seconds since zero with six decimals, with fewer where they would leave the column; before
 * zero: "-". */
static void clock(struct txt *t, struct instant when, struct instant zero)
{
	char digits[32];
	struct txt s = txt_over(digits, sizeof(digits));

	if (when.ns < zero.ns) {
		txt_char(t, '-');
		return;
	}
	txt_seconds(&s, when.ns - zero.ns);
	size_t len = s.len - 3;
	if (len > CLOCK_WIDTH)
		len = digits[CLOCK_WIDTH - 1] == '.' ? CLOCK_WIDTH - 1 : CLOCK_WIDTH;
	digits[len] = '\0';
	txt_str(t, digits);
}

/* An IPv6 endpoint that is too long for its column pushes the second one to a line of its own,
 * where it ends in front of the numbers. */
static void endpoints(struct txt *t, unsigned family, const struct udp_endpoint *from,
		      const struct udp_endpoint *to, size_t at_from, size_t at_to, size_t end)
{
	char a[64], b[64];
	struct txt x = txt_over(a, sizeof(a)), y = txt_over(b, sizeof(b));

	tcp_view_endpoint(&x, family, from->addr, from->port);
	tcp_view_endpoint(&y, family, to->addr, to->port);
	line_column(t, at_from);
	txt_str(t, a);
	if (x.len < at_to - at_from && y.len < end - at_to) {
		line_column(t, at_to);
	} else {
		line_below(t, at_from < 7 ? at_from : 7);
		txt_str(t, "> ");
	}
	txt_str(t, b);
}

static void remark_length(struct txt *t, const struct udp_datagram *d)
{
	if (d->length == UDP_LENGTH_RIGHT)
		return;
	line_below(t, UDP_REMARK);
	switch (d->length) {
	case UDP_LENGTH_RIGHT:
		break;
	case UDP_LENGTH_ZERO:
		txt_str(t, "length 0: taken to reach to the end of the packet");
		break;
	case UDP_LENGTH_BELOW_HEADER:
		txt_str(t, "the length is less than the header's own 8 bytes");
		break;
	case UDP_LENGTH_BEYOND:
		txt_str(t, "the length lies: the IP packet holds ");
		packet_count(t, d->room, "byte");
		break;
	case UDP_LENGTH_SURPLUS:
		packet_count(t, d->room - d->len, "byte");
		txt_str(t, " behind the datagram that UDP does not count");
		break;
	}
}

void packet_view_udp(struct txt *t, const struct udp_datagram *d, struct instant zero)
{
	static const char *const name[] = { "frame", "time", "from", "to", "length", "data",
					    "sum" };
	static const size_t at[] = { 0, UDP_TIME, UDP_FROM, UDP_TO, UDP_LEN, UDP_DATA, UDP_SUM };

	if (!d) {
		line_heading(t, name, at, sizeof(at) / sizeof(at[0]));
		return;
	}
	txt_u64(t, d->frame);
	line_column(t, UDP_TIME);
	clock(t, d->when, zero);
	endpoints(t, d->family, &d->from, &d->to, UDP_FROM, UDP_TO, UDP_LEN);
	line_column(t, UDP_LEN);
	txt_u64(t, d->len);
	line_column(t, UDP_DATA);
	if (d->payload)
		txt_u64(t, d->payload);
	else
		txt_str(t, "empty");
	line_column(t, UDP_SUM);
	txt_str(t, udp_sum_name(d->sum) ? udp_sum_name(d->sum) : "-");
	if (d->fragments > 1) {
		line_below(t, UDP_REMARK);
		txt_str(t, "put together from ");
		packet_count(t, d->fragments, "fragment");
	}
	remark_length(t, d);
}

static void error_words(struct txt *t, const struct udp_error *e)
{
	const char *says = packet_view_icmp_error(e->family, e->type, e->code);

	txt_str(t, e->family == 4 ? "ICMP " : "ICMPv6 ");
	if (says) {
		txt_str(t, says);
	} else {
		txt_str(t, "type ");
		txt_u64(t, e->type);
		txt_str(t, " code ");
		txt_u64(t, e->code);
	}
	if (e->mtu) {
		txt_str(t, ", MTU ");
		txt_u64(t, e->mtu);
	}
}

/* What the quote says, where no frame can be named. */
static void error_quote(struct txt *t, const struct udp_error *e)
{
	txt_str(t, "about a datagram that was not seen, from");
	line_below(t, UDP_REMARK);
	tcp_view_endpoint(t, e->family, e->from.addr, e->from.port);
	txt_str(t, " to");
	line_below(t, UDP_REMARK);
	tcp_view_endpoint(t, e->family, e->to.addr, e->to.port);
}

void packet_view_udp_error(struct txt *t, const struct udp_error *e, struct instant zero)
{
	txt_u64(t, e->frame);
	line_column(t, UDP_TIME);
	clock(t, e->when, zero);
	line_column(t, UDP_FROM);
	txt_address(t, e->family, e->sender);
	if (e->family == 4) {
		line_column(t, UDP_TO);
	} else {
		line_below(t, UDP_FROM - 2);
		txt_str(t, "> ");
	}
	txt_address(t, e->family, e->receiver);
	line_below(t, UDP_REMARK);
	error_words(t, e);
	line_below(t, UDP_REMARK);
	if (!e->about_frame) {
		error_quote(t, e);
		return;
	}
	txt_str(t, "about the datagram in frame ");
	txt_u64(t, e->about_frame);
	txt_str(t, ", after ");
	txt_duration(t, e->after_ns);
}

void packet_view_udp_flow(struct txt *t, const struct udp_flow *f)
{
	static const char *const name[] = { "from", "to", "sent", "bytes", "back", "bytes",
					    "ICMP" };
	static const size_t at[] = { 0, FLOW_TO, FLOW_SENT, FLOW_SENT_BYTES, FLOW_BACK,
				     FLOW_BACK_BYTES, FLOW_ERRORS };

	if (!f) {
		line_heading(t, name, at, sizeof(at) / sizeof(at[0]));
		return;
	}
	endpoints(t, f->family, &f->end[0], &f->end[1], 0, FLOW_TO, FLOW_SENT);
	line_column(t, FLOW_SENT);
	txt_amount(t, f->sent[0].datagrams);
	line_column(t, FLOW_SENT_BYTES);
	txt_amount(t, f->sent[0].bytes);
	line_column(t, FLOW_BACK);
	txt_amount(t, f->sent[1].datagrams);
	line_column(t, FLOW_BACK_BYTES);
	txt_amount(t, f->sent[1].bytes);
	line_column(t, FLOW_ERRORS);
	txt_amount(t, f->errors);
}

/* ---- JSON ------------------------------------------------------------------------------- */

void packet_view_udp_json(struct txt *t, const struct udp_datagram *d)
{
	txt_char(t, '{');
	json_string(t, "type", "udp");
	json_frame(t, "frame", d->frame);
	json_seconds(t, "time", d->when.ns, true);
	packet_endpoint_json(t, "from", d->family, &d->from);
	packet_endpoint_json(t, "to", d->family, &d->to);
	json_number(t, "length", d->len);
	json_number(t, "payload", d->payload);
	json_string(t, "length_field", udp_length_name(d->length));
	json_string(t, "checksum", udp_sum_name(d->sum));
	json_number(t, "fragments", d->fragments);
	txt_char(t, '}');
}

void packet_view_udp_error_json(struct txt *t, const struct udp_error *e)
{
	txt_char(t, '{');
	json_string(t, "type", "udp_error");
	json_frame(t, "frame", e->frame);
	json_seconds(t, "time", e->when.ns, true);
	packet_address_json(t, "sender", e->family, e->sender);
	packet_address_json(t, "receiver", e->family, e->receiver);
	json_number(t, "icmp_type", e->type);
	json_number(t, "icmp_code", e->code);
	json_string(t, "says", packet_view_icmp_error(e->family, e->type, e->code));
	json_frame(t, "mtu", e->mtu);
	packet_endpoint_json(t, "from", e->family, &e->from);
	packet_endpoint_json(t, "to", e->family, &e->to);
	json_frame(t, "datagram_frame", e->about_frame);
	json_seconds(t, "after", e->after_ns, e->about_frame != 0);
	txt_char(t, '}');
}

static void sent_json(struct txt *t, const char *key, uint64_t datagrams, uint64_t bytes)
{
	json_key(t, key);
	txt_char(t, '{');
	json_number(t, "datagrams", datagrams);
	json_number(t, "bytes", bytes);
	txt_char(t, '}');
}

void packet_view_udp_flow_json(struct txt *t, const struct udp_flow *f)
{
	txt_char(t, '{');
	json_string(t, "type", "udp_flow");
	packet_endpoint_json(t, "a", f->family, &f->end[0]);
	packet_endpoint_json(t, "b", f->family, &f->end[1]);
	json_frame(t, "first_frame", f->first_frame);
	json_frame(t, "last_frame", f->last_frame);
	json_seconds(t, "first_time", f->first.ns, true);
	json_seconds(t, "last_time", f->last.ns, true);
	sent_json(t, "ab", f->sent[0].datagrams, f->sent[0].bytes);
	sent_json(t, "ba", f->sent[1].datagrams, f->sent[1].bytes);
	json_number(t, "icmp_errors", f->errors);
	txt_char(t, '}');
}
