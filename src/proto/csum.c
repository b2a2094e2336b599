#include "wirelab/csum.h"

#include <string.h>

/* One's complement addition: the carry out of the top comes in at the bottom. */
static inline uint64_t add_around(uint64_t a, uint64_t b)
{
	a += b;
	return a + (a < b);
}

static inline uint64_t load_native(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

#define BLOCK 32u

/*
 * The sum of len bytes, a multiple of BLOCK, as 16-bit words.  Words may be summed four at a
 * time and in the machine's own order: stored as it reads, the sum has its bytes where they
 * belong (RFC 1071 section 2 B and D).  Four sums, for each must wait for its own last carry.
 */
static uint32_t sum_blocks(const uint8_t *p, size_t len)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;
	uint8_t stored[2];

	for (; len; p += BLOCK, len -= BLOCK) {
		a = add_around(a, load_native(p));
		b = add_around(b, load_native(p + 8));
		c = add_around(c, load_native(p + 16));
		d = add_around(d, load_native(p + 24));
	}
	a = add_around(add_around(a, b), add_around(c, d));
	a = (a & UINT32_MAX) + (a >> 32);
	while (a >> 16)
		a = (a & UINT16_MAX) + (a >> 16);
	memcpy(stored, &(uint16_t){ (uint16_t)a }, sizeof(stored));
	return (uint32_t)(stored[0] << 8 | stored[1]);
}

uint32_t csum_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t blocks = len / BLOCK * BLOCK;
	uint64_t total = (uint64_t)sum + sum_blocks(p, blocks);

	p += blocks;
	len -= blocks;
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
