#include "wirelab/udp.h"

#include "wirelab/csum.h"
#include "wirelab/ip6.h"

#define CHECKSUM_AT 6u

enum verdict udp_parse(struct rd *r, struct udp_hdr *out)
{
	struct udp_hdr h = { .sport = rd_be16(r) };

	h.dport = rd_be16(r);
	h.len = rd_be16(r);
	h.checksum = rd_be16(r);
	if (!rd_ok(r))
		return V_SHORT;
	if (h.len && h.len < UDP_HEADER_LEN)
		return V_LENGTH;
	*out = h;
	return V_OK;
}

void udp_build(struct wr *w, const struct udp_hdr *hdr)
{
	uint8_t bytes[UDP_HEADER_LEN];
	struct wr h = wr_over(bytes, sizeof(bytes));

	wr_be16(&h, hdr->sport);
	wr_be16(&h, hdr->dport);
	wr_be16(&h, hdr->len);
	wr_be16(&h, hdr->checksum);
	wr_copy(w, bytes, sizeof(bytes));
}

static void seal(uint8_t *p, size_t len, uint32_t pseudo)
{
	p[CHECKSUM_AT] = p[CHECKSUM_AT + 1] = 0;
	uint16_t sum = csum_fold(csum_add(pseudo, p, len));
	/* A zero would say that nothing was summed; both zeros verify (RFC 768). */
	if (sum == 0)
		sum = 0xffff;
	p[CHECKSUM_AT] = (uint8_t)(sum >> 8);
	p[CHECKSUM_AT + 1] = (uint8_t)sum;
}

void udp_seal4(void *datagram, size_t len, struct ip4 src, struct ip4 dst)
{
	seal(datagram, len, ip4_pseudo_sum(src, dst, IP_PROTO_UDP, (uint32_t)len));
}

void udp_seal6(void *datagram, size_t len, struct ip6 src, struct ip6 dst)
{
	seal(datagram, len, ip6_pseudo_sum(src, dst, IP_PROTO_UDP, (uint32_t)len));
}

static bool is_summed(const uint8_t *p, size_t len)
{
	return len >= UDP_HEADER_LEN && (p[CHECKSUM_AT] || p[CHECKSUM_AT + 1]);
}

enum verdict udp_check4(const void *datagram, size_t len, struct ip4 src, struct ip4 dst)
{
	uint32_t sum = ip4_pseudo_sum(src, dst, IP_PROTO_UDP, (uint32_t)len);

	if (!is_summed(datagram, len))
		return V_OK;
	return csum_fold(csum_add(sum, datagram, len)) ? V_CHECKSUM : V_OK;
}

enum verdict udp_check6(const void *datagram, size_t len, struct ip6 src, struct ip6 dst)
{
	uint32_t sum = ip6_pseudo_sum(src, dst, IP_PROTO_UDP, (uint32_t)len);

	if (!is_summed(datagram, len))
		return V_CHECKSUM;
	return csum_fold(csum_add(sum, datagram, len)) ? V_CHECKSUM : V_OK;
}
