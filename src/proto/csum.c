#include "wirelab/csum.h"

uint32_t csum_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t total = sum;

	for (; len >= 2; p += 2, len -= 2)
		total += (uint32_t)(p[0] << 8 | p[1]);
	if (len)
		total += (uint32_t)(p[0] << 8);
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
