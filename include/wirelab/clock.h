/* clock.h - the one place where clocks are read; everything below is handed the time */
#ifndef WIRELAB_CLOCK_H
#define WIRELAB_CLOCK_H

#include <stddef.h>

#include "wirelab/instant.h"

/* CLOCK_BOOTTIME: runs on while the machine sleeps, and no one can set it. */
struct instant clock_now(void);

/* Nanoseconds since 1970-01-01 UTC, for the times in captures. */
uint64_t clock_unix_ns(void);

#define BOOT_ID_LEN 37u		/* a UUID as text, with its NUL */

/* The kernel's identifier of this boot; false (and "") without a /proc. */
bool clock_boot_id(char buf[static BOOT_ID_LEN]);

/* len random bytes from the kernel. */
void random_bytes(void *buf, size_t len);

#endif
