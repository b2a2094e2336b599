/* How long a look-up and a save take, by the number of entries.  TMPDIR chooses the disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "wirelab/askfile.h"
#include "wirelab/cachefile.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct cache_entry *sweep(uint32_t n, uint64_t confirmed_ns)
{
	struct cache_entry *put = calloc(n, sizeof(*put));

	for (uint32_t i = 0; i < n; i++) {
		put[i] = (struct cache_entry){
			.ip = ip4_from_number(0x0a000000 + i),
			.place = { .netns = 0x1234, .ifindex = 2, .generation = 0xabcdef },
			.ifname = "enp3s0", .state = CACHE_KNOWN, .how = CACHE_REPLY,
			.confirmed = { confirmed_ns }, .expires = { confirmed_ns + 60 * SEC_NS },
		};
		put[i].mac = (struct mac){ { 2, 0, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
					     (uint8_t)i } };
	}
	return put;
}

static void shuffle(struct cache_entry *put, uint32_t n)
{
	uint32_t x = 1;

	for (uint32_t i = n; i > 1; i--) {
		x = x * 1664525 + 1013904223;
		uint32_t j = (uint32_t)((uint64_t)x * i >> 32);
		struct cache_entry e = put[i - 1];

		put[i - 1] = put[j];
		put[j] = e;
	}
}

static void time_save(const char *what, const char *path, const struct cache_entry *put, size_t n)
{
	struct cachefile_change change = { .put = put, .n_put = n, .now = { 20 * SEC_NS } };
	struct cachefile_error err;
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);

	if (cachefile_save(path, BOOT, &change, NULL, &err) != 0) {
		fprintf(stderr, "%s\n", err.why);
		exit(1);
	}
	printf("  save %-38s %8.2f ms CPU %8.2f ms\n", what,
	       (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e3,
	       (seconds(CLOCK_MONOTONIC) - wall) * 1e3);
}

static void time_find(const char *path, uint32_t n)
{
	enum { TIMES = 2000 };
	struct cachefile_error err;
	struct cache_entry e;
	struct cache_place place = { .netns = 0x1234, .ifindex = 2 };
	double wall = seconds(CLOCK_MONOTONIC);
	uint64_t found = 0;

	for (uint32_t i = 0; i < TIMES; i++) {
		struct cachefile *c = cachefile_open(path, BOOT, UINT32_MAX, &err);
		uint32_t ip = 0x0a000000 + (uint32_t)((uint64_t)i * 2654435761u % n);

		if (!c || cachefile_find(c, ip4_from_number(ip), &place, &e, &err) < 0) {
			fprintf(stderr, "%s\n", err.why);
			exit(1);
		}
		found += ip4_number(e.ip) == ip;
		cachefile_close(c);
	}
	printf("  open, find, close                          %8.2f us (%u of %u found)\n",
	       (seconds(CLOCK_MONOTONIC) - wall) * 1e6 / TIMES, (unsigned)found, (unsigned)TIMES);
}

static void bench(const char *path, uint32_t n)
{
	struct cache_entry *first = sweep(n, 5 * SEC_NS), *later = sweep(n, 6 * SEC_NS);

	printf("%u entries:\n", n);
	unlink(path);
	time_save("all, into no file", path, first, n);
	time_save("one, into all", path, later + n / 2, 1);
	time_save("all again, later", path, later, n);
	shuffle(first, n);
	unlink(path);
	time_save("all, shuffled, into no file", path, first, n);
	time_find(path, n);
	free(first);
	free(later);
}

static void time_claims(const char *path)
{
	enum { N = 65536 };
	struct cache_place place = { .netns = 1, .ifindex = 2 };
	struct instant until;
	char err[256];
	double wall = seconds(CLOCK_MONOTONIC);
	struct askfile *a = askfile_open(path, err);

	if (!a) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	for (uint32_t i = 0; i < N; i++)
		askfile_claim(a, ip4_from_number(0x0a000000 + i), &place,
			      (struct instant){ SEC_NS }, SEC_NS, &until);
	askfile_close(a);
	printf("%d claims, file opened and closed:            %8.2f ms\n", N,
	       (seconds(CLOCK_MONOTONIC) - wall) * 1e3);
	wall = seconds(CLOCK_MONOTONIC);
	a = askfile_open(path, err);
	if (a)
		askfile_claim(a, ip4_from_number(1), &place, (struct instant){ SEC_NS }, SEC_NS, &until);
	askfile_close(a);
	printf("one claim, file opened and closed:               %8.2f us\n",
	       (seconds(CLOCK_MONOTONIC) - wall) * 1e6);
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	char dir[128], path[160], other[180];
	const uint32_t sizes[] = { 1, 27, 1000, 65536, 1000000 };

	snprintf(dir, sizeof(dir), "%.80s/cachebench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/cache", dir);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		bench(path, sizes[i]);
	unlink(path);
	snprintf(other, sizeof(other), "%s.lock", path);
	unlink(other);
	snprintf(other, sizeof(other), "%s.asked", path);
	time_claims(other);
	unlink(other);
	return rmdir(dir) == 0 ? 0 : 1;
}
