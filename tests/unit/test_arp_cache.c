/* arp_cache.h: which MAC an address has, and since when */
#include "told.h"

#include "wirelab/arp_cache.h"

static const uint8_t secret[16] = "no one knows it";

static struct arp_cache *cache_for(size_t n, struct instant epoch)
{
	size_t size = arp_cache_size(n);
	struct arp_cache *c = arp_cache_init(zeroed(size), size, n, secret, epoch);

	assert_non_null(c);
	return c;
}

static struct arp_entry entry(uint32_t number, uint8_t tail, enum arp_state state, double since)
{
	return (struct arp_entry){ .ip = ip4_from_number(number),
				   .mac = { { 2, 0, 0, 0, 0, tail } }, .state = state,
				   .since = at(since) };
}

static void assert_entry(const struct arp_entry *is, const struct arp_entry *should)
{
	assert_ip(is->ip, should->ip);
	assert_mac(is->mac, should->mac);
	assert_int_equal(is->state, should->state);
	assert_true(is->since.ns == should->since.ns);
}

static void an_address_is_learned_changed_listed_and_forgotten(void **state)
{
	struct arp_cache *c = cache_for(8, at(0));
	struct arp_entry e = entry(0xc0a80107, 7, ARP_MAPPED, 5), out = entry(1, 1, ARP_FAILED, 1);
	size_t cursor = 0;

	(void)state;
	assert_false(arp_cache_find(c, e.ip, &out));
	assert_int_equal(out.ip.b[3], 1);			/* untouched */
	assert_false(arp_cache_put(c, &e, NULL));
	assert_true(arp_cache_find(c, e.ip, &out));
	assert_entry(&out, &e);

	e = entry(0xc0a80107, 8, ARP_CONTESTED, 9);
	assert_false(arp_cache_put(c, &e, NULL));
	assert_int_equal(arp_cache_count(c), 1);		/* replaced, not added */
	assert_true(arp_cache_each(c, &cursor, &out));
	assert_entry(&out, &e);
	assert_false(arp_cache_each(c, &cursor, &out));

	assert_true(arp_cache_remove(c, e.ip));
	assert_false(arp_cache_remove(c, e.ip));
	assert_false(arp_cache_find(c, e.ip, &out));
	assert_int_equal(arp_cache_count(c), 0);
	free(c);
}

static void times_are_kept_in_whole_milliseconds_for_34_years(void **state)
{
	struct instant epoch = at(1000.25);
	struct arp_cache *c = cache_for(4, epoch);
	uint64_t years = UINT64_C(34) * 365 * 86400 * SEC_NS;
	struct arp_entry e = entry(1, 1, ARP_MAPPED, 0), out;

	(void)state;
	e.since = instant_after(epoch, 1234 * MSEC_NS + 999999);
	arp_cache_put(c, &e, NULL);
	assert_true(arp_cache_find(c, e.ip, &out));
	assert_true(out.since.ns == epoch.ns + 1234 * MSEC_NS);
	e.since = instant_after(epoch, years);
	arp_cache_put(c, &e, NULL);
	assert_true(arp_cache_find(c, e.ip, &out));
	assert_true(out.since.ns == epoch.ns + years);
	free(c);
}

static void a_million_entries_cost_at_most_40_bytes_each(void **state)
{
	(void)state;
	assert_true(arp_cache_size(1000000) <= 40u * 1000000u);
}

static void memory_that_is_too_small_is_refused(void **state)
{
	size_t size = arp_cache_size(16);
	void *memory = zeroed(size);

	(void)state;
	assert_null(arp_cache_init(memory, size - 1, 16, secret, at(0)));
	assert_null(arp_cache_init(memory, size, 17, secret, at(0)));
	assert_null(arp_cache_init(memory, size, 0, secret, at(0)));
	assert_null(arp_cache_init(memory, SIZE_MAX, ((size_t)1 << 30) + 1, secret, at(0)));
	assert_non_null(arp_cache_init(memory, size, 16, secret, at(0)));
	free(memory);
}

/* ---- against an array that does the same the slow way ---------------------------- */

#define PEOPLE 64u

struct model { bool there[PEOPLE]; struct arp_entry entry[PEOPLE]; };

static void assert_same(const struct arp_cache *c, const struct model *m)
{
	size_t count = 0, cursor = 0, listed = 0;
	struct arp_entry out;

	for (uint32_t i = 0; i < PEOPLE; i++) {
		bool found = arp_cache_find(c, ip4_from_number(i * 256), &out);
		assert_int_equal(found, m->there[i]);
		if (found)
			assert_entry(&out, &m->entry[i]);
		count += m->there[i];
	}
	assert_int_equal(arp_cache_count(c), count);
	while (arp_cache_each(c, &cursor, &out)) {
		assert_true(m->there[ip4_number(out.ip) / 256]);
		listed++;
	}
	assert_int_equal(listed, count);
}

static void whatever_is_put_and_removed_it_says_what_a_plain_array_says(void **state)
{
	struct chance c = { 8 };

	(void)state;
	for (unsigned run = 0; run < 100; run++) {
		/* Nearly full, so that rows grow long and removal has something to move. */
		struct arp_cache *cache = cache_for(PEOPLE / 2 + run % 20, at(0));
		struct model m = { .there = { false } };
		for (unsigned step = 0; step < 600; step++) {
			uint32_t who = (uint32_t)chance_below(&c, PEOPLE);
			struct arp_entry e = entry(who * 256, (uint8_t)chance_next(&c),
						   (enum arp_state)(1 + chance_below(&c, 4)), step);
			struct arp_entry gone;
			if (chance_below(&c, 5) < 2) {
				assert_int_equal(arp_cache_remove(cache, e.ip), m.there[who]);
				m.there[who] = false;
			} else {
				if (arp_cache_put(cache, &e, &gone))
					m.there[ip4_number(gone.ip) / 256] = false;
				m.there[who] = true;
				m.entry[who] = e;
			}
			if (step % 16 == 0)
				assert_same(cache, &m);
		}
		assert_same(cache, &m);
		free(cache);
	}
}

static void removal_keeps_every_other_entry_findable(void **state)
{
	(void)state;
	for (uint32_t gone = 0; gone < 40; gone++) {
		struct arp_cache *c = cache_for(20, at(0));
		struct arp_entry out;
		for (uint32_t i = 0; i < 40; i++) {
			struct arp_entry e = entry(i, (uint8_t)i, ARP_MAPPED, i);
			assert_false(arp_cache_put(c, &e, NULL));	/* 40 in 72 slots */
		}
		assert_true(arp_cache_remove(c, ip4_from_number(gone)));
		for (uint32_t i = 0; i < 40; i++)
			assert_int_equal(arp_cache_find(c, ip4_from_number(i), &out), i != gone);
		assert_int_equal(arp_cache_count(c), 39);
		free(c);
	}
}

/* Room for one: every slot but two lies behind the last that a hash can name. */
static void removal_does_so_at_the_end_of_the_table_too(void **state)
{
	(void)state;
	for (uint32_t gone = 0; gone < 20; gone++) {
		struct arp_cache *c = cache_for(1, at(0));
		struct arp_entry out;
		for (uint32_t i = 0; i < 20; i++) {
			struct arp_entry e = entry(i, (uint8_t)i, ARP_MAPPED, i);
			assert_false(arp_cache_put(c, &e, NULL));
		}
		assert_true(arp_cache_remove(c, ip4_from_number(gone)));
		for (uint32_t i = 0; i < 20; i++)
			assert_int_equal(arp_cache_find(c, ip4_from_number(i), &out), i != gone);
		free(c);
	}
}

/* With room for one there is one window, and a second one slot further. */
static void when_the_window_is_full_the_oldest_of_it_leaves_and_nothing_else(void **state)
{
	struct arp_cache *c = cache_for(1, at(0));
	struct arp_entry evicted, out;
	bool there[500] = { false };
	unsigned left = 0;

	(void)state;
	for (uint32_t i = 0; i < 500; i++) {
		/* Later ones are younger, but for the shuffle of the seconds in each ten. */
		struct arp_entry e = entry(i, (uint8_t)i, ARP_MAPPED, i + (i * 7) % 10);
		there[i] = true;
		if (!arp_cache_put(c, &e, &evicted))
			continue;
		left++;
		there[ip4_number(evicted.ip)] = false;
		/* Of 33 slots one may lie outside of the window: at most one is older. */
		unsigned older = 0;
		for (uint32_t j = 0; j < i; j++)
			if (arp_cache_find(c, ip4_from_number(j), &out))
				older += out.since.ns < evicted.since.ns;
		assert_true(older <= 1);
		for (uint32_t j = 0; j <= i; j++)
			assert_int_equal(arp_cache_find(c, ip4_from_number(j), &out), there[j]);
	}
	assert_true(left >= 500 - (2 + ARP_CACHE_WINDOW));
	assert_int_equal(arp_cache_count(c), 500 - left);
	free(c);
}

static void a_table_filled_beyond_its_size_loses_only_what_it_says_it_lost(void **state)
{
	enum { N = 2000, PUT = 6000 };
	struct arp_cache *c = cache_for(N, at(0));
	bool *there = zeroed(PUT);
	struct arp_entry evicted, out;
	size_t count = 0;

	(void)state;
	for (uint32_t i = 0; i < PUT; i++) {
		struct arp_entry e = entry(0x0a000000 + i, 1, ARP_MAPPED, i);
		if (arp_cache_put(c, &e, &evicted))
			there[ip4_number(evicted.ip) - 0x0a000000] = false;
		there[i] = true;
		if (i < N)
			assert_int_equal(arp_cache_count(c), i + 1);	/* n fit, always */
	}
	for (uint32_t i = 0; i < PUT; i++) {
		bool found = arp_cache_find(c, ip4_from_number(0x0a000000 + i), &out);
		assert_int_equal(found, there[i]);
		count += there[i];
	}
	assert_int_equal(arp_cache_count(c), count);
	free(there);
	free(c);
}

static void a_million_neighbours_fit_and_are_all_found(void **state)
{
	enum { MILLION = 1000000 };
	struct arp_cache *c = cache_for(MILLION, at(0));
	struct arp_entry out;

	(void)state;
	for (uint32_t i = 0; i < MILLION; i++) {
		struct arp_entry e = entry(0x0a000000 + i, (uint8_t)i, ARP_MAPPED, 1);
		if (arp_cache_put(c, &e, NULL))
			fail_msg("an entry had to leave at %u", i);
	}
	for (uint32_t i = 0; i < MILLION; i++)
		if (!arp_cache_find(c, ip4_from_number(0x0a000000 + i), &out) ||
		    out.mac.b[5] != (uint8_t)i)
			fail_msg("%u is lost", i);
	assert_int_equal(arp_cache_count(c), MILLION);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_learned_changed_listed_and_forgotten),
		cmocka_unit_test(times_are_kept_in_whole_milliseconds_for_34_years),
		cmocka_unit_test(a_million_entries_cost_at_most_40_bytes_each),
		cmocka_unit_test(memory_that_is_too_small_is_refused),
		cmocka_unit_test(whatever_is_put_and_removed_it_says_what_a_plain_array_says),
		cmocka_unit_test(removal_keeps_every_other_entry_findable),
		cmocka_unit_test(removal_does_so_at_the_end_of_the_table_too),
		cmocka_unit_test(when_the_window_is_full_the_oldest_of_it_leaves_and_nothing_else),
		cmocka_unit_test(a_table_filled_beyond_its_size_loses_only_what_it_says_it_lost),
		cmocka_unit_test(a_million_neighbours_fit_and_are_all_found),
	};

	return cmocka_run_group_tests_name("arp_cache", tests, NULL, NULL);
}
