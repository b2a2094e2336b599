#include "wirelab/tcp.h"

#include "wirelab/csum.h"
#include "wirelab/ip6.h"

#define CHECKSUM_AT 16u

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

enum verdict tcp_parse(struct rd *r, struct tcp_hdr *out)
{
	const uint8_t *p = rd_bytes(r, TCP_HEADER_MIN);

	if (!p)
		return V_SHORT;
	out->sport = be16(p);
	out->dport = be16(p + 2);
	out->seq = be32(p + 4);
	out->ack = be32(p + 8);
	out->header_len = (uint8_t)((p[12] >> 4) * 4);
	out->flags = be16(p + 12) & 0x0fff;
	out->window = be16(p + 14);
	out->checksum = be16(p + CHECKSUM_AT);
	out->urgent = be16(p + 18);
	return out->header_len < TCP_HEADER_MIN ? V_LENGTH : V_OK;
}

void tcp_build(struct wr *w, const struct tcp_hdr *hdr, const void *options, size_t options_len)
{
	uint8_t bytes[TCP_HEADER_MIN + TCP_OPTIONS_MAX];
	struct wr h = wr_over(bytes, sizeof(bytes));
	size_t padded = (options_len + 3) / 4 * 4;

	if (options_len > TCP_OPTIONS_MAX) {
		w->bad = true;
		return;
	}
	wr_be16(&h, hdr->sport);
	wr_be16(&h, hdr->dport);
	wr_be32(&h, hdr->seq);
	wr_be32(&h, hdr->ack);
	wr_be16(&h, (uint16_t)((TCP_HEADER_MIN + padded) / 4 << 12 | (hdr->flags & 0x0fff)));
	wr_be16(&h, hdr->window);
	wr_be16(&h, hdr->checksum);
	wr_be16(&h, hdr->urgent);
	if (options_len)
		wr_copy(&h, options, options_len);
	wr_zero(&h, padded - options_len);
	wr_copy(w, bytes, h.len);
}

static void seal(uint8_t *p, size_t len, uint32_t pseudo)
{
	p[CHECKSUM_AT] = p[CHECKSUM_AT + 1] = 0;
	uint16_t sum = csum_fold(csum_add(pseudo, p, len));
	p[CHECKSUM_AT] = (uint8_t)(sum >> 8);
	p[CHECKSUM_AT + 1] = (uint8_t)sum;
}

void tcp_seal4(void *segment, size_t len, struct ip4 src, struct ip4 dst)
{
	seal(segment, len, ip4_pseudo_sum(src, dst, IP_PROTO_TCP, (uint32_t)len));
}

void tcp_seal6(void *segment, size_t len, struct ip6 src, struct ip6 dst)
{
	seal(segment, len, ip6_pseudo_sum(src, dst, IP_PROTO_TCP, (uint32_t)len));
}

enum verdict tcp_check4(const void *segment, size_t len, struct ip4 src, struct ip4 dst)
{
	uint32_t sum = ip4_pseudo_sum(src, dst, IP_PROTO_TCP, (uint32_t)len);

	return csum_fold(csum_add(sum, segment, len)) ? V_CHECKSUM : V_OK;
}

enum verdict tcp_check6(const void *segment, size_t len, struct ip6 src, struct ip6 dst)
{
	uint32_t sum = ip6_pseudo_sum(src, dst, IP_PROTO_TCP, (uint32_t)len);

	return csum_fold(csum_add(sum, segment, len)) ? V_CHECKSUM : V_OK;
}

/* ---- options ---------------------------------------------------------------------- */

static void see_sack(struct tcp_options *o, const uint8_t *p, size_t len)
{
	o->n_sack = (uint8_t)((len - 2) / 8);
	for (size_t i = 0; i < o->n_sack; i++)
		o->sack[i] = (struct tcp_sack){ be32(p + 2 + 8 * i), be32(p + 6 + 8 * i) };
	o->seen |= TCP_SEEN_SACK;
}

static void see_tfo(struct tcp_options *o, size_t at, size_t len)
{
	o->tfo_at = (uint8_t)at;
	o->tfo_len = (uint8_t)len;
	o->seen |= TCP_SEEN_TFO;
}

/* Options of which only the kind is told. */
static bool see_kind(struct tcp_options *o, uint16_t bit, bool fits)
{
	if (fits)
		o->seen |= bit;
	return fits;
}

/* The option of len bytes at offset at, kind and length included; false: no length for it. */
static bool see(struct tcp_options *o, const uint8_t *list, size_t at, size_t len)
{
	const uint8_t *p = list + at;

	switch (p[0]) {
	case TCP_KIND_MSS:
		if (len != 4)
			return false;
		o->mss = be16(p + 2);
		o->seen |= TCP_SEEN_MSS;
		return true;
	case TCP_KIND_WSCALE:
		if (len != 3)
			return false;
		o->wscale = p[2];
		o->seen |= TCP_SEEN_WSCALE;
		return true;
	case TCP_KIND_SACK_OK:
		if (len != 2)
			return false;
		o->seen |= TCP_SEEN_SACK_OK;
		return true;
	case TCP_KIND_SACK:
		if (len < 10 || len % 8 != 2)
			return false;
		see_sack(o, p, len);
		return true;
	case TCP_KIND_TS:
		if (len != 10)
			return false;
		o->ts_val = be32(p + 2);
		o->ts_ecr = be32(p + 6);
		o->seen |= TCP_SEEN_TS;
		return true;
	case TCP_KIND_TFO:
		see_tfo(o, at + 2, len - 2);
		return true;
	case TCP_KIND_EXP1:
	case TCP_KIND_EXP2:
		if (len >= 4 && be16(p + 2) == TCP_EXP_TFO)
			see_tfo(o, at + 4, len - 4);
		else
			o->seen |= TCP_SEEN_OTHER;
		return true;
	case TCP_KIND_MD5:
		return see_kind(o, TCP_SEEN_MD5, len == 18);
	case TCP_KIND_UTO:
		return see_kind(o, TCP_SEEN_UTO, len == 4);
	case TCP_KIND_AO:
		return see_kind(o, TCP_SEEN_AO, len >= 4);
	case TCP_KIND_MPTCP:
		return see_kind(o, TCP_SEEN_MPTCP, len >= 3);
	default:
		o->seen |= TCP_SEEN_OTHER;
		return true;
	}
}

/* NOP NOP TS: what nearly every segment of our days carries (RFC 7323 appendix A). */
static bool is_the_common_one(const uint8_t *p, size_t len)
{
	static const uint8_t front[4] = { TCP_KIND_NOP, TCP_KIND_NOP, TCP_KIND_TS, 10 };

	return len == 12 && memcmp(p, front, sizeof(front)) == 0;
}

/* Bytes to the next option, with here of the list's left bytes at hand; 0 when this one has
 * no length, or one that cannot be. */
static size_t step_over(const uint8_t *p, size_t here, size_t left)
{
	if (p[0] == TCP_KIND_NOP)
		return 1;
	return here < 2 || p[1] < 2 || p[1] > left ? 0 : p[1];
}

/* RFC 9293 3.2 pads with zeros, which are listed; anything else there is nobody's. */
static void list_padding(const uint8_t *p, size_t len, struct tcp_options *o)
{
	for (size_t i = 0; i < len && p[i] == TCP_KIND_END; i++)
		o->kind[o->n_kinds++] = TCP_KIND_END;
}

static enum verdict walk_options(const uint8_t *p, size_t here, size_t len, struct tcp_options *o,
				 size_t *at)
{
	enum verdict verdict = V_OK, v;
	size_t step;

	for (size_t i = 0; i < len; i += step) {
		if (i < here && p[i] == TCP_KIND_END) {
			list_padding(p + i, here - i, o);
			break;
		}
		step = i < here ? step_over(p + i, here - i, len - i) : 0;
		if (here < len && (step ? step > here - i : here - i < 2))
			v = V_SHORT;
		else
			v = step == 1 || (step && see(o, p, i, step)) ? V_OK : V_LENGTH;
		if (v != V_OK && verdict == V_OK) {
			verdict = v;
			*at = i;
		}
		if (step)
			o->kind[o->n_kinds++] = p[i];
		if (!step || v == V_SHORT)
			break;
	}
	return verdict;
}

enum verdict tcp_parse_options(const void *options, size_t here, size_t len,
			       struct tcp_options *out, size_t *at)
{
	const uint8_t *p = options;

	out->n_kinds = 0;
	if (here == len && is_the_common_one(p, len)) {
		out->seen = TCP_SEEN_TS;
		out->ts_val = be32(p + 4);
		out->ts_ecr = be32(p + 8);
		memcpy(out->kind, (uint8_t[]){ TCP_KIND_NOP, TCP_KIND_NOP, TCP_KIND_TS }, 3);
		out->n_kinds = 3;
		return V_OK;
	}
	out->seen = 0;
	if (len > TCP_OPTIONS_MAX)
		len = TCP_OPTIONS_MAX;
	return walk_options(p, here < len ? here : len, len, out, at);
}
