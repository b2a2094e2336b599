/*
 * siphash.h - a keyed hash that strangers cannot aim at (Aumasson and Bernstein, 2012)
 *
 * Whoever sends packets chooses the addresses and ports that end up in our tables.
 * With a secret key drawn for each run, nobody can choose many that collide, even
 * when he can watch which of them are slow.  1-3 is the variant that hash tables
 * use (one round a word, three at the end); 2-4 is the one with published vectors.
 */
#ifndef WIRELAB_SIPHASH_H
#define WIRELAB_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct sip_key { uint64_t k0, k1; };

/* Sixteen random bytes as a key. */
struct sip_key sip_key_from(const uint8_t secret[static 16]);

uint64_t siphash13(struct sip_key key, const void *data, size_t len);
uint64_t siphash24(struct sip_key key, const void *data, size_t len);

/* siphash13 over n words as if they stood in memory little-endian: no byte is loaded. */
uint64_t siphash13_words(struct sip_key key, const uint64_t *word, size_t n);

#endif
