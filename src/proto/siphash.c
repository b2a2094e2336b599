#include "wirelab/siphash.h"

struct sip { uint64_t v0, v1, v2, v3; };

static inline uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void rounds(struct sip *s, unsigned n)
{
	while (n--) {
		s->v0 += s->v1;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v3;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 += s->v3;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 += s->v1;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v2 = rotate(s->v2, 32);
	}
}

/* Section 2.1: "somepseudorandomlygeneratedbytes" */
static inline struct sip begin(struct sip_key key)
{
	return (struct sip){ key.k0 ^ UINT64_C(0x736f6d6570736575),
			     key.k1 ^ UINT64_C(0x646f72616e646f6d),
			     key.k0 ^ UINT64_C(0x6c7967656e657261),
			     key.k1 ^ UINT64_C(0x7465646279746573) };
}

static inline void compress(struct sip *s, uint64_t word, unsigned c)
{
	s->v3 ^= word;
	rounds(s, c);
	s->v0 ^= word;
}

static inline uint64_t finish(struct sip *s, uint64_t last, unsigned c, unsigned d)
{
	compress(s, last, c);
	s->v2 ^= 0xff;
	rounds(s, d);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* Up to eight bytes, the first the least significant. */
static inline uint64_t load(const uint8_t *p, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)p[i] << (8 * i);
	return word;
}

static inline uint64_t hash(struct sip_key key, const uint8_t *p, size_t len, unsigned c,
			    unsigned d)
{
	struct sip s = begin(key);
	size_t at = 0;

	for (; len - at >= 8; at += 8)
		compress(&s, load(p + at, 8), c);
	/* The last word carries the length, so that no two inputs are padded alike. */
	return finish(&s, (len - at ? load(p + at, len - at) : 0) | (uint64_t)len << 56, c, d);
}

struct sip_key sip_key_from(const uint8_t secret[static 16])
{
	return (struct sip_key){ load(secret, 8), load(secret + 8, 8) };
}

uint64_t siphash13(struct sip_key key, const void *data, size_t len)
{
	return hash(key, data, len, 1, 3);
}

uint64_t siphash24(struct sip_key key, const void *data, size_t len)
{
	return hash(key, data, len, 2, 4);
}

uint64_t siphash13_words(struct sip_key key, const uint64_t *word, size_t n)
{
	struct sip s = begin(key);

	for (size_t i = 0; i < n; i++)
		compress(&s, word[i], 1);
	return finish(&s, (uint64_t)n << 59, 1, 3);
}
