/* file_sum.h - SHA-256 of what is in a file (FIPS 180-4), by libnettle */
#ifndef WIRELAB_FILE_SUM_H
#define WIRELAB_FILE_SUM_H

#include <stdint.h>

#include <nettle/sha2.h>

/*
 * Add the n bytes of a file from offset `at` on to a sum that sha256_init() began.  The file's
 * position stays.  -1 and errno, EIO when the file ends before.
 */
int file_sum_add(struct sha256_ctx *sum, int file, uint64_t at, uint64_t n);

#endif
