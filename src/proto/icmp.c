#include "wirelab/icmp.h"

static enum verdict parse_fixed(struct rd *r, struct icmp_hdr *out)
{
	struct icmp_hdr h = { .type = rd_u8(r) };

	h.code = rd_u8(r);
	h.checksum = rd_be16(r);
	h.rest = rd_be32(r);
	if (!rd_ok(r))
		return V_SHORT;
	*out = h;
	return V_OK;
}

enum verdict icmp4_parse(struct rd *r, struct icmp_hdr *out)
{
	enum verdict v = parse_fixed(r, out);

	if (v != V_OK)
		return v;
	/* RFC 1122 3.2.2: these are the error messages. */
	switch (out->type) {
	case ICMP4_UNREACHABLE:
	case ICMP4_SOURCE_QUENCH:
	case ICMP4_REDIRECT:
	case ICMP4_TIME_EXCEEDED:
	case ICMP4_PARAMETER:
		out->quotes = true;
	}
	if (out->type == ICMP4_UNREACHABLE && out->code == ICMP4_CODE_FRAG_NEEDED)
		out->mtu = out->rest & 0xffff;
	return V_OK;
}

enum verdict icmp6_parse(struct rd *r, struct icmp_hdr *out)
{
	enum verdict v = parse_fixed(r, out);

	if (v != V_OK)
		return v;
	/* The high bit tells errors (RFC 4443 2.1), but of unknown ones not what they quote. */
	out->quotes = out->type >= ICMP6_UNREACHABLE && out->type <= ICMP6_PARAMETER;
	if (out->type == ICMP6_TOO_BIG)
		out->mtu = out->rest;
	return V_OK;
}
