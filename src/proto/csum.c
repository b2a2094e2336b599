#include "wirelab/csum.h"

/* The compiler makes of this one load, and a swap where the machine wants it. */
static inline uint64_t load_be64(const uint8_t *p)
{
	return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
	       (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
	       (uint64_t)p[6] << 8 | p[7];
}

uint32_t csum_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t total = sum, more = 0;

	/* Words of 32 bits sum up to the same (RFC 1071 section 2 A, D), and 2^32 of them fit. */
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t words = load_be64(p);
		total += words >> 32;
		more += words & UINT32_MAX;
	}
	for (; len >= 2; p += 2, len -= 2)
		more += (uint32_t)(p[0] << 8 | p[1]);
	if (len)
		more += (uint32_t)(p[0] << 8);
	total = (total & UINT32_MAX) + (total >> 32) + (more & UINT32_MAX) + (more >> 32);
	/* End-around carry (RFC 1071 section 2 C), early enough that 32 bits hold the rest. */
	while (total >> 32)
		total = (total & UINT32_MAX) + (total >> 32);
	return (uint32_t)total;
}

uint16_t csum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t csum_update16(uint16_t field, uint16_t old, uint16_t new_word)
{
	/* HC' = ~(~HC + ~m + m'): eqn. 3, because eqn. 2 of RFC 1141 can yield -0. */
	return csum_fold((uint32_t)(uint16_t)~field + (uint16_t)~old + new_word);
}
