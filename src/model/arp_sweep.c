#include "wirelab/arp_sweep.h"

#define BLOCK 64u	/* targets that share a word of bits and a time */

struct span {
	uint64_t before;	/* targets in the spans before this one */
	struct ip4_range range;
};

struct block {
	uint64_t silent;	/* one bit a target: still to be asked */
	struct instant asked;	/* the latest request to any of them; NEVER: none yet */
};

struct arpsweep {
	struct arpsweep_config config;
	struct arpsweep_progress progress;
	uint64_t at;			/* next target of this pass, 0 .. targets */
	size_t span_at;			/* span that `at` lies in */
	uint64_t begun;			/* blocks up to here have been begun in this pass */
	struct instant next;		/* earliest time for the next request, by pace */
	struct instant last;		/* the latest request of all */
	size_t n_spans;
	uint64_t n_blocks;
	struct block *block;
	struct span span[];
};

/* Shell's sort with Tokuda's gaps, about 2.25 apart: short, in place, and one walk when the
 * ranges come sorted, as the lines of a file do as a rule. */
static void sort_ranges(struct ip4_range *range, size_t n)
{
	size_t gap = 1;

	while (gap < n / 9 * 4)
		gap = gap * 9 / 4 + 1;
	for (; gap > 0; gap = gap * 4 / 9) {
		for (size_t i = gap; i < n; i++) {
			struct ip4_range r = range[i];
			size_t j = i;
			for (; j >= gap && range[j - gap].first > r.first; j -= gap)
				range[j] = range[j - gap];
			range[j] = r;
		}
	}
}

size_t ip4_ranges_merge(struct ip4_range *range, size_t n)
{
	size_t kept = 0;

	sort_ranges(range, n);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && range[i].first <= range[kept - 1].last) {
			if (range[i].last > range[kept - 1].last)
				range[kept - 1].last = range[i].last;
		} else if (kept > 0 && range[i].first - 1 == range[kept - 1].last) {
			range[kept - 1].last = range[i].last;
		} else {
			range[kept++] = range[i];
		}
	}
	return kept;
}

static uint64_t count_targets(const struct ip4_range *ranges, size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += ip4_range_count(ranges[i]);
	return total;
}

size_t arpsweep_size(const struct ip4_range *ranges, size_t n)
{
	uint64_t blocks = (count_targets(ranges, n) + BLOCK - 1) / BLOCK;

	return sizeof(struct arpsweep) + n * sizeof(struct span) + blocks * sizeof(struct block);
}

struct arpsweep *arpsweep_init(void *memory, size_t size, const struct ip4_range *ranges, size_t n,
			       const struct arpsweep_config *config, struct instant now)
{
	struct arpsweep *s = memory;
	uint64_t targets = count_targets(ranges, n);

	if (targets == 0 || targets > UINT32_MAX || size < arpsweep_size(ranges, n))
		return NULL;
	*s = (struct arpsweep){ .config = *config, .progress = { .targets = targets },
				.next = now, .n_spans = n,
				.n_blocks = (targets + BLOCK - 1) / BLOCK };
	s->block = (struct block *)&s->span[n];
	uint64_t before = 0;
	for (size_t i = 0; i < n; i++) {
		s->span[i] = (struct span){ before, ranges[i] };
		before += ip4_range_count(ranges[i]);
	}
	for (uint64_t b = 0; b < s->n_blocks; b++)
		s->block[b] = (struct block){ UINT64_MAX, INSTANT_NEVER };
	/* The last block's bits beyond the last target stand for nobody. */
	if (targets % BLOCK)
		s->block[s->n_blocks - 1].silent = (UINT64_C(1) << targets % BLOCK) - 1;
	return s;
}

/* ---- addresses and their numbers -------------------------------------------------- */

/* The target's number, or targets when ip is none. */
static uint64_t number_of(const struct arpsweep *s, struct ip4 ip)
{
	uint32_t n = ip4_number(ip);
	size_t low = 0, high = s->n_spans;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (s->span[mid].range.last < n)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == s->n_spans || n < s->span[low].range.first)
		return s->progress.targets;
	return s->span[low].before + (n - s->span[low].range.first);
}

/* *span is where to begin to look; it is moved to the one that number lies in. */
static struct ip4 address_of(const struct arpsweep *s, size_t *span, uint64_t number)
{
	while (*span + 1 < s->n_spans && s->span[*span + 1].before <= number)
		++*span;
	return ip4_from_number(s->span[*span].range.first +
			       (uint32_t)(number - s->span[*span].before));
}

static uint64_t bit_of(uint64_t number)
{
	return UINT64_C(1) << number % BLOCK;
}

/* The first silent target from number on, or targets. */
static uint64_t skip_settled(const struct arpsweep *s, uint64_t number)
{
	while (number < s->progress.targets) {
		uint64_t rest = s->block[number / BLOCK].silent >> number % BLOCK;
		if (rest)
			return number + (unsigned)__builtin_ctzll(rest);
		number = (number / BLOCK + 1) * BLOCK;
	}
	return s->progress.targets;
}

bool arpsweep_settle(struct arpsweep *s, struct ip4 ip)
{
	uint64_t number = number_of(s, ip);

	if (number == s->progress.targets ||
	    !(s->block[number / BLOCK].silent & bit_of(number)))
		return false;
	s->block[number / BLOCK].silent &= ~bit_of(number);
	s->progress.settled++;
	return true;
}

bool arpsweep_is_silent(const struct arpsweep *s, struct ip4 ip)
{
	uint64_t number = number_of(s, ip);

	return number < s->progress.targets &&
	       (s->block[number / BLOCK].silent & bit_of(number)) != 0;
}

bool arpsweep_was_asked(const struct arpsweep *s, struct ip4 ip)
{
	uint64_t number = number_of(s, ip);

	return number < s->progress.targets && (s->progress.pass > 1 || number < s->at);
}

/* ---- asking ------------------------------------------------------------------------ */

/*
 * When may this target be asked?  A block's time is that of its latest request, so it
 * holds for all of its targets; but once a pass has begun to ask in a block, that
 * time is the pass's own and holds up only the next one.
 */
static struct instant rested(const struct arpsweep *s, uint64_t number)
{
	const struct block *b = &s->block[number / BLOCK];

	if (b->asked.ns == INSTANT_NEVER.ns || number / BLOCK < s->begun)
		return (struct instant){ 0 };
	return instant_after(b->asked, s->config.retry_ns);
}

/* Steps over the end of a pass, when there is another. */
static void enter_pass(struct arpsweep *s)
{
	if (s->progress.pass == 0)
		s->progress.pass = 1;
	/* First this: those behind the last one asked may all have answered since. */
	s->at = skip_settled(s, s->at);
	if (s->at == s->progress.targets && s->progress.pass < s->config.tries) {
		s->progress.pass++;
		s->at = skip_settled(s, 0);
		s->span_at = 0;
		s->begun = 0;
	}
}

static bool all_asked(const struct arpsweep *s)
{
	return s->progress.pass >= s->config.tries &&
	       skip_settled(s, s->at) == s->progress.targets;
}

size_t arpsweep_next(struct arpsweep *s, struct instant now, struct ip4 *out, size_t max)
{
	size_t n = 0;

	if (s->progress.settled == s->progress.targets)
		return 0;
	enter_pass(s);
	if (s->config.gap_ns && instant_since(s->next, now) > ARPSWEEP_BURST_NS)
		s->next = (struct instant){ now.ns - ARPSWEEP_BURST_NS };
	while (n < max && s->at < s->progress.targets && instant_reached(now, s->next)) {
		if (!instant_reached(now, rested(s, s->at)))
			break;
		out[n++] = address_of(s, &s->span_at, s->at);
		s->block[s->at / BLOCK].asked = now;
		/* It never goes back: what was rewound has had its rest already. */
		if (s->begun < s->at / BLOCK + 1)
			s->begun = s->at / BLOCK + 1;
		s->at = skip_settled(s, s->at + 1);
		if (s->config.gap_ns)
			s->next = instant_after(s->next, s->config.gap_ns);
	}
	if (n) {
		s->last = now;
		s->progress.asked += n;
	}
	return n;
}

void arpsweep_rewind(struct arpsweep *s, struct ip4 ip, size_t n, struct instant until)
{
	uint64_t number = number_of(s, ip);

	if (number == s->progress.targets)
		return;
	s->at = number;
	s->span_at = 0;
	s->progress.asked -= n;
	s->next = instant_later(s->next, until);
}

struct instant arpsweep_deadline(const struct arpsweep *s)
{
	uint64_t at = skip_settled(s, s->at);
	struct instant t = s->next;

	if (s->progress.settled == s->progress.targets)
		return (struct instant){ 0 };
	if (all_asked(s))
		return instant_after(s->last, s->config.retry_ns);
	if (at < s->progress.targets)
		return instant_later(t, rested(s, at));
	/* The next pass begins where the first silent target is. */
	at = skip_settled(s, 0);
	return instant_later(t, instant_after(s->block[at / BLOCK].asked, s->config.retry_ns));
}

bool arpsweep_finished(const struct arpsweep *s, struct instant now)
{
	if (s->progress.settled == s->progress.targets)
		return true;
	return all_asked(s) && instant_reached(now, instant_after(s->last, s->config.retry_ns));
}

struct arpsweep_progress arpsweep_progress(const struct arpsweep *s)
{
	return s->progress;
}

bool arpsweep_each_silent(const struct arpsweep *s, struct arpsweep_cursor *cursor,
			  struct ip4 *out)
{
	uint64_t number = skip_settled(s, cursor->number);

	if (number == s->progress.targets)
		return false;
	*out = address_of(s, &cursor->span, number);
	cursor->number = number + 1;
	return true;
}
