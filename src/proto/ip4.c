#include "wirelab/ip4.h"

#include "wirelab/csum.h"

#define RESERVED 0x8000u
#define DONT_FRAGMENT 0x4000u
#define MORE_FRAGMENTS 0x2000u
#define OFFSET_MASK 0x1fffu

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void read_fixed(const uint8_t *p, struct ip4_hdr *h)
{
	uint16_t frag = be16(p + 6);

	h->header_len = (uint8_t)((p[0] & 0xf) * 4);
	h->tos = p[1];
	h->total_len = be16(p + 2);
	h->id = be16(p + 4);
	h->reserved = (frag & RESERVED) != 0;
	h->dont_fragment = (frag & DONT_FRAGMENT) != 0;
	h->more_fragments = (frag & MORE_FRAGMENTS) != 0;
	h->frag_offset = (uint16_t)((frag & OFFSET_MASK) * 8);
	h->ttl = p[8];
	h->proto = p[9];
	h->checksum = be16(p + 10);
	memcpy(h->src.b, p + 12, sizeof(h->src.b));
	memcpy(h->dst.b, p + 16, sizeof(h->dst.b));
}

enum verdict ip4_parse_header(struct rd *r, struct ip4_hdr *out)
{
	const uint8_t *p = rd_bytes(r, IP4_HEADER_MIN);

	if (!p)
		return V_SHORT;
	if (p[0] >> 4 != 4)
		return V_VALUE;
	read_fixed(p, out);
	if (out->header_len < IP4_HEADER_MIN ||
	    (out->total_len && out->total_len < out->header_len))
		return V_LENGTH;
	rd_skip(r, out->header_len - IP4_HEADER_MIN);
	return rd_ok(r) ? V_OK : V_SHORT;
}

void ip4_build(struct wr *w, const struct ip4_hdr *hdr)
{
	uint8_t bytes[IP4_HEADER_MIN];
	struct wr h = wr_over(bytes, sizeof(bytes));
	uint16_t frag = (uint16_t)((hdr->reserved ? RESERVED : 0) |
				   (hdr->dont_fragment ? DONT_FRAGMENT : 0) |
				   (hdr->more_fragments ? MORE_FRAGMENTS : 0) |
				   hdr->frag_offset / 8);

	wr_u8(&h, 0x45);
	wr_u8(&h, hdr->tos);
	wr_be16(&h, hdr->total_len);
	wr_be16(&h, hdr->id);
	wr_be16(&h, frag);
	wr_u8(&h, hdr->ttl);
	wr_u8(&h, hdr->proto);
	wr_be16(&h, 0);
	wr_copy(&h, hdr->src.b, sizeof(hdr->src.b));
	wr_copy(&h, hdr->dst.b, sizeof(hdr->dst.b));
	uint16_t sum = csum_fold(csum_add(0, bytes, sizeof(bytes)));
	bytes[10] = (uint8_t)(sum >> 8);
	bytes[11] = (uint8_t)sum;
	wr_copy(w, bytes, sizeof(bytes));
}

enum verdict ip4_check(const void *header, size_t len)
{
	return csum_fold(csum_add(0, header, len)) ? V_CHECKSUM : V_OK;
}

uint32_t ip4_pseudo_sum(struct ip4 src, struct ip4 dst, uint8_t proto, uint32_t len)
{
	uint32_t sum = csum_add(0, src.b, sizeof(src.b));

	sum = csum_add(sum, dst.b, sizeof(dst.b));
	/* A length over 16 bits is a segment before offload; the field then holds its low half. */
	return csum_add(sum, (uint8_t[]){ 0, proto, (uint8_t)(len >> 8), (uint8_t)len }, 4);
}
