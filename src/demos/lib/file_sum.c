/* file_sum.c - SHA-256 of what is in a file */
#include "wirelab/file_sum.h"

#include <errno.h>
#include <unistd.h>

int file_sum_add(struct sha256_ctx *sum, int file, uint64_t at, uint64_t n)
{
	uint8_t bytes[16384];

	while (n > 0) {
		ssize_t got = pread(file, bytes, n < sizeof(bytes) ? (size_t)n : sizeof(bytes),
				    (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = EIO;
		if (got <= 0)
			return -1;
		sha256_update(sum, (size_t)got, bytes);
		at += (uint64_t)got;
		n -= (uint64_t)got;
	}
	return 0;
}
