#include "wirelab/clock.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;

	/* Fails only for a clock that the kernel does not have. */
	int rc = clock_gettime(id, &t);
	assert(rc == 0);
	(void)rc;
	return (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
}

struct instant clock_now(void)
{
	return (struct instant){ read_clock(CLOCK_BOOTTIME) };
}

uint64_t clock_unix_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

bool clock_boot_id(char buf[static BOOT_ID_LEN])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, BOOT_ID_LEN - 1);

	if (fd >= 0)
		(void)close(fd);
	buf[n == BOOT_ID_LEN - 1 ? BOOT_ID_LEN - 1 : 0] = '\0';
	return n == BOOT_ID_LEN - 1 && strlen(buf) == BOOT_ID_LEN - 1;
}

void random_bytes(void *buf, size_t len)
{
	/* Up to 256 bytes come whole or not at all (getrandom(2)). */
	ssize_t n = getrandom(buf, len, 0);
	assert(len <= 256 && n == (ssize_t)len);
	(void)n;
}
