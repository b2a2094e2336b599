#include "packet_lines.h"

void packet_address_json(struct txt *t, const char *key, unsigned family, const uint8_t addr[16])
{
	json_key(t, key);
	txt_char(t, '"');
	txt_address(t, family, addr);
	txt_char(t, '"');
}

void packet_endpoint_json(struct txt *t, const char *key, unsigned family,
			  const struct udp_endpoint *end)
{
	json_key(t, key);
	txt_str(t, "[\"");
	txt_address(t, family, end->addr);
	txt_str(t, "\",");
	txt_u64(t, end->port);
	txt_char(t, ']');
}

void packet_count(struct txt *t, uint64_t n, const char *what)
{
	txt_u64(t, n);
	txt_char(t, ' ');
	txt_str(t, what);
	if (n != 1)
		txt_char(t, 's');
}

void packet_latency(struct txt *t, uint64_t ns)
{
	if (ns < 10 * USEC_NS) {
		txt_u64(t, ns);
		txt_str(t, " ns");
	} else if (ns < 10 * MSEC_NS) {
		txt_u64(t, ns / USEC_NS);
		txt_str(t, " us");
	} else if (ns < SEC_NS) {
		txt_u64(t, ns / MSEC_NS);
		txt_str(t, " ms");
	} else {
		txt_age(t, ns);
	}
}
