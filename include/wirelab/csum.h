/*
 * csum.h - the Internet checksum (RFC 1071)
 *
 * A sum is built up over one or more runs of bytes and folded at the end:
 *
 *	uint32_t sum = csum_add(0, pseudo, sizeof(pseudo));
 *	sum = csum_add(sum, segment, len);
 *	uint16_t field = csum_fold(sum);
 *
 * Over data that already holds its checksum the fold is 0 when all is well.
 */
#ifndef WIRELAB_CSUM_H
#define WIRELAB_CSUM_H

#include <stddef.h>
#include <stdint.h>

/* Adds len bytes as big-endian 16-bit words.  Only the last run of several may
 * have an odd length (its missing byte counts as zero, RFC 1071 section 1). */
uint32_t csum_add(uint32_t sum, const void *data, size_t len);

/* The value for the checksum field, as an ordinary integer. */
uint16_t csum_fold(uint32_t sum);

/* RFC 1624 eqn. 3: the new field after one 16-bit word changed from old to new_word. */
uint16_t csum_update16(uint16_t field, uint16_t old, uint16_t new_word);

#endif
