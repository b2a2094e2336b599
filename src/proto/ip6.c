#include "wirelab/ip6.h"

#include "wirelab/csum.h"

enum { OPTION_PAD1 = 0, OPTION_JUMBO = 0xc2 };
enum { ROUTING_SOURCE = 0, ROUTING_MOBILE = 2, ROUTING_SEGMENTS = 4 };

enum verdict ip6_parse_header(struct rd *r, struct ip6_hdr *out)
{
	const uint8_t *p = rd_bytes(r, IP6_HEADER_LEN);

	if (!p)
		return V_SHORT;
	if (p[0] >> 4 != 6)
		return V_VALUE;
	out->traffic_class = (uint8_t)(p[0] << 4 | p[1] >> 4);
	out->flow_label = (uint32_t)(p[1] & 0xf) << 16 | (uint32_t)p[2] << 8 | p[3];
	out->payload_len = (uint16_t)(p[4] << 8 | p[5]);
	out->next = p[6];
	out->hop_limit = p[7];
	memcpy(out->src.b, p + 8, sizeof(out->src.b));
	memcpy(out->dst.b, p + 24, sizeof(out->dst.b));
	return V_OK;
}

void ip6_build(struct wr *w, const struct ip6_hdr *hdr)
{
	uint8_t bytes[IP6_HEADER_LEN];
	struct wr h = wr_over(bytes, sizeof(bytes));

	wr_be32(&h, UINT32_C(6) << 28 | (uint32_t)hdr->traffic_class << 20 |
		    (hdr->flow_label & 0xfffff));
	wr_be16(&h, hdr->payload_len);
	wr_u8(&h, hdr->next);
	wr_u8(&h, hdr->hop_limit);
	wr_copy(&h, hdr->src.b, sizeof(hdr->src.b));
	wr_copy(&h, hdr->dst.b, sizeof(hdr->dst.b));
	wr_copy(w, bytes, sizeof(bytes));
}

bool ip6_is_ext(uint8_t proto)
{
	switch (proto) {
	case IP_PROTO_HOPOPT:
	case IP_PROTO_ROUTING:
	case IP_PROTO_FRAGMENT:
	case IP_PROTO_AH:
	case IP_PROTO_DSTOPTS:
	case IP_PROTO_MOBILITY:
	case IP_PROTO_HIP:
	case IP_PROTO_SHIM6:
		return true;
	}
	return false;
}

/* RFC 2675 section 2: a length of 32 bits, where the header's 16 do not do. */
static uint32_t jumbo_length(struct rd options)
{
	while (rd_ok(&options) && options.left) {
		uint8_t kind = rd_u8(&options);
		if (kind == OPTION_PAD1)
			continue;
		struct rd body = rd_take(&options, rd_u8(&options));
		if (kind == OPTION_JUMBO)
			return rd_be32(&body);
	}
	return 0;
}

/* Where the datagram is going in the end, while it is still on a detour. */
static void read_routing(struct rd body, struct ip6_ext *e)
{
	uint8_t type = rd_u8(&body), left = rd_u8(&body);

	rd_skip(&body, 4);
	/* Segment routing lists the last one first (RFC 8754 2), the others in their order. */
	if (type == ROUTING_SOURCE || type == ROUTING_MOBILE)
		rd_skip(&body, body.left < 16 ? 0 : (body.left - 16) / 16 * 16);
	else if (type != ROUTING_SEGMENTS)
		return;
	rd_copy(&body, e->final.b, sizeof(e->final.b));
	e->has_final = left && rd_ok(&body);
}

static void read_fragment(struct rd body, struct ip6_ext *e)
{
	uint16_t field = rd_be16(&body);

	e->frag_offset = field & 0xfff8;
	e->more_fragments = field & 1;
	e->id = rd_be32(&body);
}

/* Three headers count three different things in their second byte. */
static size_t ext_length(uint8_t proto, uint8_t field)
{
	if (proto == IP_PROTO_FRAGMENT)
		return IP6_FRAGMENT_LEN;		/* the byte is reserved (4.5) */
	if (proto == IP_PROTO_AH)
		return (field + 2u) * 4;		/* words, less two (RFC 4302 2.2) */
	return (field + 1u) * 8;			/* 8 bytes, not counting the first */
}

enum verdict ip6_parse_ext(struct rd *r, uint8_t proto, struct ip6_ext *out)
{
	struct rd whole = *r;
	struct ip6_ext e = { .proto = proto };

	if (!ip6_is_ext(proto))
		return V_UNSUPPORTED;
	e.next = rd_u8(&whole);
	e.len = (uint16_t)ext_length(proto, rd_u8(&whole));
	if (!rd_ok(&whole))
		return V_SHORT;
	if (e.len < 8 || (proto == IP_PROTO_AH && e.len < 12))
		return V_LENGTH;
	struct rd body = rd_take(r, e.len);
	if (!rd_ok(r))
		return V_SHORT;
	rd_skip(&body, 2);
	if (proto == IP_PROTO_FRAGMENT)
		read_fragment(body, &e);
	else if (proto == IP_PROTO_ROUTING)
		read_routing(body, &e);
	else if (proto == IP_PROTO_HOPOPT)
		e.jumbo_len = jumbo_length(body);
	*out = e;
	return V_OK;
}

uint32_t ip6_pseudo_sum(struct ip6 src, struct ip6 dst, uint8_t proto, uint32_t len)
{
	uint32_t sum = csum_add(0, src.b, sizeof(src.b));

	sum = csum_add(sum, dst.b, sizeof(dst.b));
	return csum_add(sum, (uint8_t[]){ (uint8_t)(len >> 24), (uint8_t)(len >> 16),
					  (uint8_t)(len >> 8), (uint8_t)len, 0, 0, 0, proto }, 8);
}
