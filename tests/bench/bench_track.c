/*
 * What one segment costs the tracker, by the number of connections it is holding.
 *
 * Segments of all connections in an order drawn anew each round: nothing of the connection is
 * in the cache, unless all are.  Beside it, in the same order, the cache misses of one look-up
 * and nothing else: a line of an index of that size, then the three lines of the connection
 * that it names, and only then the next.  What a segment costs may grow with that, and no more.
 *
 * Times are the processor's own (CLOCK_THREAD_CPUTIME_ID), the best of a few rounds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "wirelab/tcp_track.h"

#define SEGMENTS 2000000u	/* a measurement, at least */
#define ROUNDS 3
#define LINE 64u
#define HOT 192u		/* bytes that a segment touches of its connection */
#define PAYLOAD 100u
#define AHEAD 8u		/* segments, for tcp_track_prefetch() */
#define HUGE ((size_t)2 << 20)

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Zeroed, from the boundary of a huge page on. */
static void *memory_of(size_t size)
{
	char *p = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("bench_track");
		exit(1);
	}
	p += HUGE - (uintptr_t)p % HUGE;
	(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}

static void shuffle(uint32_t *order, uint32_t n, uint64_t *random)
{
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = (uint32_t)(next_random(random) % i), other = order[i - 1];
		order[i - 1] = order[j];
		order[j] = other;
	}
}

static struct tcp_segment segment_of(uint32_t flow, uint32_t round, uint64_t frame)
{
	struct tcp_segment seg = { .when = { frame * USEC_NS }, .frame = frame, .family = 4,
				   .addr = { { 10, (uint8_t)(flow >> 24), (uint8_t)(flow >> 16),
					       (uint8_t)(flow >> 8) }, { 192, 0, 2, 1 } },
				   .port = { (uint16_t)(1024 + flow % 256), 443 }, .window = 501,
				   .flags = round ? TCP_ACK : TCP_SYN, .wire_bytes = 154,
				   .seq = flow + (round ? 1 + (round - 1) * PAYLOAD : 0),
				   .ack = round ? 1 : 0, .payload = round ? PAYLOAD : 0 };

	return seg;
}

struct run {
	uint32_t n, *order;
	struct tcp_track *track;
	uint64_t frame, fresh, random;
	uint32_t round;
	volatile uint64_t sink;
};

static void hear(struct run *r, uint32_t flow)
{
	struct tcp_segment seg = segment_of(flow, r->round, ++r->frame);
	struct tcp_told told;

	if (tcp_track_segment(r->track, &seg, &told) == TCP_TRACK_FULL)
		abort();
	r->fresh += told.fresh;
}

static void play_round(struct run *r, bool prefetch)
{
	for (uint32_t i = 0; i < r->n; i++) {
		if (prefetch) {
			uint32_t later = r->order[i + AHEAD < r->n ? i + AHEAD : i];
			struct tcp_segment seg = segment_of(later, r->round, 0);
			tcp_track_prefetch(r->track, &seg);
		}
		hear(r, r->order[i]);
	}
	r->round++;
}

/* The segments themselves, which somebody else has made by then, are taken off. */
static double making(struct run *r)
{
	double start = now_ns();

	for (uint32_t i = 0; i < r->n; i++) {
		struct tcp_segment seg = segment_of(r->order[i], 1, i);
		/* so that it is really made */
		__asm__ volatile("" : : "r"(&seg) : "memory");
	}
	return now_ns() - start;
}

static double least_of(double *best, double ns)
{
	if (*best == 0 || ns < *best)
		*best = ns;
	return *best;
}

static double per_segment(struct run *r, bool prefetch)
{
	double best = 0;

	for (int k = 0; k < ROUNDS; k++) {
		double ns = 0;
		uint64_t done = 0;
		for (; done < SEGMENTS / ROUNDS; done += r->n) {
			shuffle(r->order, r->n, &r->random);
			double made = making(r), start = now_ns();
			play_round(r, prefetch);
			ns += now_ns() - start - made * (prefetch ? 2 : 1);
		}
		least_of(&best, ns / (double)done);
	}
	return best;
}

static double bare_lookup(struct run *r)
{
	size_t slots = (size_t)r->n * 3 / 2;
	uint64_t *index = memory_of(slots * sizeof(*index));
	uint8_t *hot = memory_of((size_t)r->n * HOT);
	double best = 0;

	for (size_t i = 0; i < slots; i++)
		index[i] = i % r->n;
	/* Pages that nobody has written to are all one and the same. */
	memset(hot, 0, (size_t)r->n * HOT);
	for (int k = 0; k < ROUNDS; k++) {
		size_t sum = 0, done = 0;
		double ns = 0;
		for (; done < SEGMENTS / ROUNDS; done += r->n) {
			shuffle(r->order, r->n, &r->random);
			double start = now_ns();
			for (uint32_t i = 0; i < r->n; i++) {
				/* hot[] is all zeros, but the processor has to look */
				size_t slot = (size_t)r->order[i] * 3 / 2 + sum;
				const uint8_t *h = hot + index[slot] * HOT;
				sum += (size_t)h[0] + h[LINE] + h[2 * LINE];
			}
			ns += now_ns() - start;
		}
		r->sink += sum;
		least_of(&best, ns / (double)done);
	}
	(void)munmap(index, slots * sizeof(*index));
	(void)munmap(hot, (size_t)r->n * HOT);
	return best;
}

/* False: a connection was taken for another. */
static bool measure(uint32_t n)
{
	static const uint8_t secret[16] = "a bench's secret";
	struct run r = { .n = n, .order = calloc(n, sizeof(*r.order)), .random = 1 };
	size_t size = tcp_track_size(n);
	void *memory = memory_of(size);

	r.track = tcp_track_init(memory, size, n, secret);
	if (!r.order || !r.track)
		return false;
	for (uint32_t i = 0; i < n; i++)
		r.order[i] = i;
	play_round(&r, false);
	double plain = per_segment(&r, false), ahead = per_segment(&r, true);
	printf("  %9" PRIu32 " %12.1f %16.1f %16.1f\n", n, plain, ahead, bare_lookup(&r));
	bool right = r.fresh == n && tcp_track_count(r.track) == n;
	if (!right)
		printf("  WRONG: %" PRIu64 " connections were told apart\n", r.fresh);
	free(r.order);
	(void)munmap(memory, size);
	return right;
}

int main(void)
{
	bool right = true;

	printf("tcp_track: ns a segment, all connections in turn in a random order\n");
	printf("  %9s %12s %16s %16s\n", "flows", "tcp_track", "... prefetched", "misses alone");
	for (uint32_t n = 1000; n <= 1000000; n *= 10)
		right = measure(n) && right;
	return right ? 0 : 1;
}
