/* arp_sweep.h: whom to ask next, when a whole network is asked */
#include "told.h"

#include "wirelab/arp_sweep.h"

static struct arpsweep *sweep(const char *const *text, size_t n, uint64_t gap_ns, unsigned tries)
{
	struct arpsweep_config config = { .gap_ns = gap_ns, .retry_ns = SEC_NS, .tries = tries };
	struct ip4_range range[8];

	assert_true(n <= LENGTH(range));
	for (size_t i = 0; i < n; i++)
		assert_true(ip4_range_parse(text[i], &range[i]));
	n = ip4_ranges_merge(range, n);
	size_t size = arpsweep_size(range, n);
	void *memory = malloc(size);	/* need not be zeroed */
	assert_non_null(memory);
	memset(memory, 0xa5, size);
	struct arpsweep *s = arpsweep_init(memory, size, range, n, &config, at(0));
	assert_non_null(s);
	return s;
}

static struct arpsweep *sweep_of(const char *range, uint64_t gap_ns, unsigned tries)
{
	return sweep(&range, 1, gap_ns, tries);
}

static size_t ask(struct arpsweep *s, double seconds, struct ip4 *out, size_t max)
{
	return arpsweep_next(s, at(seconds), out, max);
}

static void a_network_is_swept_the_silent_asked_again_and_the_rest_reported(void **state)
{
	struct arpsweep *s = sweep_of("10.0.0.0/30", 0, 2);
	struct arpsweep_cursor cursor = { 0, 0 };
	struct ip4 ip[8];

	(void)state;
	assert_int_equal(arpsweep_progress(s).pass, 0);
	assert_int_equal(ask(s, 0, ip, 8), 4);			/* everybody once, in order */
	for (uint32_t i = 0; i < 4; i++)
		assert_ip(ip[i], ip4_from_number(0x0a000000 + i));
	assert_true(arpsweep_settle(s, addr("10.0.0.1")));
	assert_false(arpsweep_settle(s, addr("10.0.0.1")));	/* twice tells nothing new */
	assert_false(arpsweep_settle(s, addr("10.0.0.4")));	/* not asked for */
	assert_false(arpsweep_is_silent(s, addr("10.0.0.1")));
	assert_true(arpsweep_is_silent(s, addr("10.0.0.2")));

	assert_int_equal(ask(s, 0.5, ip, 8), 0);
	assert_true(arpsweep_deadline(s).ns == at(1).ns);
	assert_int_equal(ask(s, 1, ip, 8), 3);			/* the silent once more */
	assert_ip(ip[0], addr("10.0.0.0"));
	assert_ip(ip[1], addr("10.0.0.2"));
	assert_true(arpsweep_settle(s, addr("10.0.0.2")));
	assert_false(arpsweep_finished(s, at(1.999)));
	assert_true(arpsweep_deadline(s).ns == at(2).ns);
	assert_true(arpsweep_finished(s, at(2)));

	struct arpsweep_progress p = arpsweep_progress(s);
	assert_true(p.targets == 4 && p.settled == 2 && p.asked == 7 && p.pass == 2);
	assert_true(arpsweep_each_silent(s, &cursor, &ip[0]));
	assert_ip(ip[0], addr("10.0.0.0"));
	assert_true(arpsweep_each_silent(s, &cursor, &ip[0]));
	assert_ip(ip[0], addr("10.0.0.3"));
	assert_false(arpsweep_each_silent(s, &cursor, &ip[0]));
	free(s);
}

static void it_stops_as_soon_as_all_have_answered(void **state)
{
	struct arpsweep *s = sweep_of("10.0.0.0/31", 0, 3);
	struct ip4 ip[4];

	(void)state;
	assert_int_equal(ask(s, 0, ip, 4), 2);
	assert_true(arpsweep_settle(s, ip[0]));
	assert_false(arpsweep_finished(s, at(0)));
	assert_true(arpsweep_settle(s, ip[1]));
	assert_true(arpsweep_finished(s, at(0)));
	assert_int_equal(ask(s, 5, ip, 4), 0);
	free(s);
}

static void whose_turn_has_not_come_was_not_asked(void **state)
{
	struct arpsweep *s = sweep_of("10.0.0.0/30", 0, 2);
	struct ip4 ip[4];

	(void)state;
	assert_false(arpsweep_was_asked(s, addr("10.0.0.0")));
	assert_int_equal(ask(s, 0, ip, 3), 3);
	assert_true(arpsweep_was_asked(s, addr("10.0.0.2")));
	assert_false(arpsweep_was_asked(s, addr("10.0.0.3")));
	assert_false(arpsweep_was_asked(s, addr("10.0.0.4")));	/* no target */
	arpsweep_rewind(s, addr("10.0.0.2"), 1, at(0.1));	/* it did not go out after all */
	assert_false(arpsweep_was_asked(s, addr("10.0.0.2")));
	assert_int_equal(ask(s, 0.1, ip, 4), 2);
	assert_int_equal(ask(s, 1.1, ip, 1), 1);		/* the second pass begins */
	assert_true(arpsweep_was_asked(s, addr("10.0.0.3")));
	free(s);
}

static void a_sweep_of_all_addresses_or_of_none_is_refused(void **state)
{
	struct arpsweep_config config = { .retry_ns = SEC_NS, .tries = 1 };
	struct ip4_range all = { 0, UINT32_MAX };
	uint64_t memory[64] = { 0 };

	(void)state;
	assert_null(arpsweep_init(memory, SIZE_MAX, &all, 1, &config, at(0)));
	assert_null(arpsweep_init(memory, sizeof(memory), NULL, 0, &config, at(0)));
	struct ip4_range one = { 5, 5 };
	assert_null(arpsweep_init(memory, arpsweep_size(&one, 1) - 1, &one, 1, &config, at(0)));
	assert_non_null(arpsweep_init(memory, arpsweep_size(&one, 1), &one, 1, &config, at(0)));
}

static void a_slash_16_costs_16_kib_and_the_head(void **state)
{
	struct ip4_range r = ip4_prefix(addr("10.1.0.0"), 16);
	struct ip4_range one = { 1, 1 };

	(void)state;
	assert_true(arpsweep_size(&r, 1) - arpsweep_size(&one, 1) <= 16 * 1024);
}

/* ---- ranges against a set -------------------------------------------------------- */

enum { WORLD = 120 };

static void merged_ranges_hold_the_same_addresses_apart_and_in_order(void **state)
{
	static const uint32_t base[] = { 0, 1000, UINT32_MAX - (WORLD - 1) };
	struct chance c = { 9 };

	(void)state;
	for (unsigned run = 0; run < 20000; run++) {
		bool set[WORLD] = { false }, merged[WORLD] = { false };
		uint32_t from = base[run % 3];
		struct ip4_range r[40];
		size_t n = chance_below(&c, LENGTH(r) + 1);
		for (size_t i = 0; i < n; i++) {
			uint32_t a = (uint32_t)chance_below(&c, WORLD);
			uint32_t b = a + (uint32_t)chance_below(&c, WORLD - a) / (1 + run % 16);
			r[i] = (struct ip4_range){ from + a, from + b };
			memset(set + a, 1, b - a + 1);
		}
		size_t kept = ip4_ranges_merge(r, n);
		assert_true(kept <= n);
		for (size_t i = 0; i < kept; i++) {
			assert_true(r[i].first <= r[i].last);
			if (i > 0)	/* they do not even touch */
				assert_true(r[i].first - r[i - 1].last >= 2 &&
					    r[i].first > r[i - 1].last);
			memset(merged + (r[i].first - from), 1, r[i].last - r[i].first + 1);
		}
		assert_memory_equal(set, merged, sizeof(set));
	}
}

static void a_thousand_ranges_in_any_order_are_sorted(void **state)
{
	enum { N = 1000 };
	static struct ip4_range r[N];
	struct chance c = { 10 };

	(void)state;
	for (unsigned run = 0; run < 20; run++) {
		for (uint32_t i = 0; i < N; i++)
			r[i] = (struct ip4_range){ i * 10, i * 10 + 3 };
		for (uint32_t i = N - 1; i > 0; i--) {
			size_t j = chance_below(&c, i + 1);
			struct ip4_range swap = r[i];
			r[i] = r[j];
			r[j] = swap;
		}
		assert_int_equal(ip4_ranges_merge(r, N), N);
		for (uint32_t i = 0; i < N; i++)
			assert_int_equal(r[i].first, i * 10);
	}
}

static void overlapping_lists_are_asked_once(void **state)
{
	static const char *const text[] = { "10.0.0.4-9", "10.0.0.0/29", "10.0.0.9", "10.0.1.0" };
	struct arpsweep *s = sweep(text, LENGTH(text), 0, 1);
	struct ip4 ip[32];

	(void)state;
	assert_int_equal(ask(s, 0, ip, 32), 11);
	assert_ip(ip[9], addr("10.0.0.9"));
	assert_ip(ip[10], addr("10.0.1.0"));
	assert_int_equal(ask(s, 0, ip, 32), 0);
	free(s);
}

/* ---- a whole sweep, watched ------------------------------------------------------ */

enum { MOST = 1000 };

struct watched {
	struct arpsweep *s;
	uint32_t base, targets;
	uint64_t gap_ns;
	unsigned tries;
	struct instant now;
	struct instant last[MOST];		/* of each target's requests */
	unsigned times[MOST];
	bool settled[MOST];
	uint32_t at;				/* the next target in this pass is not before */
	unsigned pass;
	struct instant sent[3 * MOST];		/* of all requests */
	size_t n_sent;
};

static void note_request(struct watched *w, struct ip4 ip)
{
	uint32_t i = ip4_number(ip) - w->base;

	assert_true(i < w->targets);
	assert_false(w->settled[i]);			/* settled ones are not asked again */
	if (w->times[i] > 0)				/* RFC 1122 2.3.2.1 */
		assert_true(instant_since(w->last[i], w->now) >= SEC_NS);
	if (arpsweep_progress(w->s).pass != w->pass) {
		w->pass++;
		w->at = 0;
	}
	assert_int_equal(arpsweep_progress(w->s).pass, w->pass);
	assert_true(i >= w->at);			/* in order */
	w->at = i + 1;
	w->last[i] = w->now;
	w->times[i]++;
	assert_true(w->times[i] <= w->tries);
	w->sent[w->n_sent++] = w->now;
}

static void answer_some(struct watched *w, struct chance *c, unsigned percent)
{
	for (uint32_t i = 0; i < w->targets; i++)
		if (w->times[i] > 0 && !w->settled[i] && chance_below(c, 100) < percent)
			w->settled[i] = arpsweep_settle(w->s, ip4_from_number(w->base + i));
}

/* Of any run of requests: no faster than the pace, but for what a late wake-up catches up. */
static void assert_pace(const struct watched *w)
{
	for (size_t i = 0; i < w->n_sent; i++)
		for (size_t j = i + 1; j < w->n_sent; j++)
			assert_true(instant_since(w->sent[i], w->sent[j]) + ARPSWEEP_BURST_NS >=
				    (j - i) * w->gap_ns);
}

static void run_watched(struct watched *w, struct chance *c, unsigned percent, uint64_t late_ns)
{
	unsigned rounds = 0;

	while (!arpsweep_finished(w->s, w->now)) {
		struct ip4 ip[64];
		size_t n = arpsweep_next(w->s, w->now, ip, 1 + chance_below(c, 64));
		for (size_t i = 0; i < n; i++)
			note_request(w, ip[i]);
		if (n > 0)
			answer_some(w, c, percent);
		if (n > 0 || arpsweep_finished(w->s, w->now))
			continue;
		/* Nothing to send and not finished: then there is a time to wait for. */
		struct instant deadline = arpsweep_deadline(w->s);
		assert_true(deadline.ns > w->now.ns);
		w->now = instant_after(deadline, late_ns ? chance_below(c, late_ns) : 0);
		assert_true(++rounds < 100000);
	}
}

static void assert_end(const struct watched *w)
{
	for (uint32_t i = 0; i < w->targets; i++)
		if (!w->settled[i])		/* who stayed silent was asked `tries` times */
			assert_int_equal(w->times[i], w->tries);
	struct arpsweep_progress p = arpsweep_progress(w->s);
	assert_true(p.asked == w->n_sent);
	assert_true(p.targets == w->targets);
}

static void whatever_they_answer_pace_order_and_the_second_are_kept(void **state)
{
	static const uint64_t gaps[] = { 0, MSEC_NS, 3 * MSEC_NS, 40 * MSEC_NS };
	struct chance c = { 11 };

	(void)state;
	for (unsigned run = 0; run < 240; run++) {
		uint32_t targets = (uint32_t)(1 + chance_below(&c, run % 8 ? 150 : MOST));
		struct ip4_range r = { 0x0a000000, 0x0a000000 + targets - 1 };
		struct watched *w = zeroed(sizeof(*w));
		w->base = r.first;
		w->targets = targets;
		w->gap_ns = gaps[run % 4];
		w->tries = 1 + run % 3;
		w->now = at(0);
		struct arpsweep_config config = { w->gap_ns, SEC_NS, w->tries };
		void *memory = zeroed(arpsweep_size(&r, 1));
		w->s = arpsweep_init(memory, arpsweep_size(&r, 1), &r, 1, &config, w->now);
		run_watched(w, &c, (unsigned[]){ 0, 1, 10, 60 }[run / 4 % 4],
			    (uint64_t[]){ 0, ms(5), ms(700) }[run / 16 % 3]);
		assert_end(w);
		if (w->n_sent <= 500)
			assert_pace(w);
		free(memory);
		free(w);
	}
}

static void at_a_thousand_a_second_a_slash_24_takes_a_quarter_of_a_second_a_pass(void **state)
{
	struct arpsweep *s = sweep_of("10.0.0.0/24", MSEC_NS, 1);
	struct instant now = at(0);
	struct ip4 ip[300];
	size_t asked = 0;

	(void)state;
	while (asked < 256) {
		asked += arpsweep_next(s, now, ip, LENGTH(ip));
		if (asked < 256)
			now = arpsweep_deadline(s);
	}
	assert_true(now.ns == at(0.255).ns);
	free(s);
}

static void a_late_wake_up_catches_up_by_ten_milliseconds_no_more(void **state)
{
	struct arpsweep *s = sweep_of("10.0.0.0/16", MSEC_NS, 1);
	struct ip4 ip[300];

	(void)state;
	assert_int_equal(ask(s, 0, ip, 300), 1);
	assert_int_equal(ask(s, 60, ip, 300), 11);
	assert_int_equal(ask(s, 60, ip, 300), 0);
	assert_int_equal(ask(s, 60.001, ip, 300), 1);
	free(s);
}

static void the_last_block_has_only_as_many_as_there_are(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 200; n++) {
		struct ip4_range r = { 500, 500 + n - 1 };
		struct arpsweep_config config = { 0, SEC_NS, 1 };
		void *memory = zeroed(arpsweep_size(&r, 1));
		struct arpsweep *s =
			arpsweep_init(memory, arpsweep_size(&r, 1), &r, 1, &config, at(0));
		struct ip4 ip[256];
		assert_int_equal(arpsweep_next(s, at(0), ip, 256), n);
		assert_int_equal(ip4_number(ip[n - 1]), 500 + n - 1);
		for (uint32_t i = 0; i < n; i++)
			assert_true(arpsweep_settle(s, ip[i]));
		assert_true(arpsweep_finished(s, at(0)));
		free(memory);
	}
}

static void what_the_link_did_not_take_is_handed_out_again_and_not_counted(void **state)
{
	struct arpsweep *s = sweep_of("10.0.0.0/24", 0, 2);
	struct ip4 ip[256];

	(void)state;
	assert_int_equal(ask(s, 0, ip, 100), 100);
	arpsweep_rewind(s, ip[40], 60, at(0.05));	/* the queue was full at the 41st */
	assert_true(arpsweep_progress(s).asked == 40);
	assert_int_equal(ask(s, 0.049, ip, 256), 0);
	assert_true(arpsweep_deadline(s).ns == at(0.05).ns);
	assert_int_equal(ask(s, 0.05, ip, 256), 216);
	assert_ip(ip[0], addr("10.0.0.40"));
	/* Each has its second before it is asked again, the late ones from 0.05 on. */
	assert_int_equal(ask(s, 1.049, ip, 256), 0);
	assert_int_equal(ask(s, 1.05, ip, 256), 256);
	assert_true(arpsweep_progress(s).asked == 512);
	free(s);
}

static void the_last_batch_of_a_pass_can_be_taken_back_too(void **state)
{
	struct arpsweep *s = sweep_of("10.0.0.0/29", 0, 1);
	struct ip4 ip[8];

	(void)state;
	assert_int_equal(ask(s, 0, ip, 8), 8);
	arpsweep_rewind(s, ip[6], 2, at(0.1));
	assert_false(arpsweep_finished(s, at(2)));
	assert_int_equal(ask(s, 2, ip, 8), 2);
	assert_ip(ip[0], addr("10.0.0.6"));
	assert_false(arpsweep_finished(s, at(2.999)));
	assert_true(arpsweep_finished(s, at(3)));
	free(s);
}

/* At the zero of the clock, "asked at 0" is not "never asked". */
static void rfc1122_2_3_2_1_the_second_is_kept_from_the_zero_of_the_clock(void **state)
{
	struct arpsweep *s = sweep_of("10.0.0.0/30", 0, 2);
	struct ip4 ip[8];

	(void)state;
	assert_int_equal(ask(s, 0, ip, 8), 4);
	assert_int_equal(ask(s, 0, ip, 8), 0);
	assert_int_equal(ask(s, 0.999, ip, 8), 0);
	assert_int_equal(ask(s, 1, ip, 8), 4);
	free(s);
}

/* The rest of a pass settles by itself, long after the first was asked. */
static void a_pass_whose_rest_has_answered_leads_into_the_next_at_once(void **state)
{
	struct arpsweep *s = sweep_of("10.0.0.0/30", 600 * MSEC_NS, 2);
	struct ip4 ip[8];

	(void)state;
	assert_int_equal(ask(s, 0, ip, 8), 1);
	assert_int_equal(ask(s, 0.6, ip, 8), 1);
	assert_true(arpsweep_settle(s, addr("10.0.0.2")));
	assert_true(arpsweep_settle(s, addr("10.0.0.3")));
	assert_int_equal(ask(s, 1.7, ip, 8), 1);
	assert_ip(ip[0], addr("10.0.0.0"));
	free(s);
}

/* The caller's loop: ask, then sleep until the deadline, which must be neither late nor early. */
static void between_two_passes_the_deadline_is_the_first_silent_ones_second(void **state)
{
	struct arpsweep *s = sweep_of("10.0.0.0/24", 0, 2);
	struct ip4 ip[256];

	(void)state;
	assert_true(arpsweep_deadline(s).ns == at(0).ns);
	assert_int_equal(ask(s, 3, ip, 100), 100);
	assert_true(arpsweep_deadline(s).ns <= at(3).ns);	/* the rest may go at once */
	assert_int_equal(ask(s, 3.5, ip, 256), 156);
	/* The first block was asked at 3, the second from 3 to 3.5. */
	assert_true(arpsweep_deadline(s).ns == at(4).ns);
	for (uint32_t i = 0; i < 64; i++)
		arpsweep_settle(s, ip4_from_number(0x0a000000 + i));
	assert_true(arpsweep_deadline(s).ns == at(4.5).ns);
	assert_int_equal(ask(s, 4.499, ip, 256), 0);
	assert_int_equal(ask(s, 4.5, ip, 256), 192);
	assert_true(arpsweep_deadline(s).ns == at(5.5).ns);
	for (uint32_t i = 64; i < 256; i++)
		arpsweep_settle(s, ip4_from_number(0x0a000000 + i));
	assert_true(arpsweep_deadline(s).ns <= at(4.5).ns);	/* there is nothing to wait for */
	assert_true(arpsweep_finished(s, at(4.5)));
	free(s);
}

static void what_is_taken_back_over_the_border_of_two_ranges_keeps_its_addresses(void **state)
{
	static const char *const text[] = { "10.0.0.1-3", "10.7.7.7", "172.16.0.1-2" };
	struct arpsweep *s = sweep(text, LENGTH(text), 0, 1);
	struct ip4 first[8], again[8];

	(void)state;
	assert_int_equal(ask(s, 0, first, 8), 6);
	arpsweep_rewind(s, first[1], 5, at(0.1));
	assert_int_equal(ask(s, 0.1, again, 8), 5);
	for (size_t i = 0; i < 5; i++)
		assert_ip(again[i], first[i + 1]);
	assert_ip(again[2], addr("10.7.7.7"));
	free(s);
}

static void rewinding_to_an_address_that_is_no_target_changes_nothing(void **state)
{
	struct arpsweep *s = sweep_of("10.0.0.0/30", 0, 1);
	struct ip4 ip[8];

	(void)state;
	assert_int_equal(ask(s, 0, ip, 8), 4);
	arpsweep_rewind(s, addr("10.9.9.9"), 4, at(7));
	assert_true(arpsweep_progress(s).asked == 4);
	assert_true(arpsweep_deadline(s).ns == at(1).ns);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_swept_the_silent_asked_again_and_the_rest_reported),
		cmocka_unit_test(it_stops_as_soon_as_all_have_answered),
		cmocka_unit_test(whose_turn_has_not_come_was_not_asked),
		cmocka_unit_test(a_sweep_of_all_addresses_or_of_none_is_refused),
		cmocka_unit_test(a_slash_16_costs_16_kib_and_the_head),
		cmocka_unit_test(merged_ranges_hold_the_same_addresses_apart_and_in_order),
		cmocka_unit_test(a_thousand_ranges_in_any_order_are_sorted),
		cmocka_unit_test(overlapping_lists_are_asked_once),
		cmocka_unit_test(whatever_they_answer_pace_order_and_the_second_are_kept),
		cmocka_unit_test(
			at_a_thousand_a_second_a_slash_24_takes_a_quarter_of_a_second_a_pass),
		cmocka_unit_test(a_late_wake_up_catches_up_by_ten_milliseconds_no_more),
		cmocka_unit_test(the_last_block_has_only_as_many_as_there_are),
		cmocka_unit_test(what_the_link_did_not_take_is_handed_out_again_and_not_counted),
		cmocka_unit_test(the_last_batch_of_a_pass_can_be_taken_back_too),
		cmocka_unit_test(rfc1122_2_3_2_1_the_second_is_kept_from_the_zero_of_the_clock),
		cmocka_unit_test(a_pass_whose_rest_has_answered_leads_into_the_next_at_once),
		cmocka_unit_test(between_two_passes_the_deadline_is_the_first_silent_ones_second),
		cmocka_unit_test(
			what_is_taken_back_over_the_border_of_two_ranges_keeps_its_addresses),
		cmocka_unit_test(rewinding_to_an_address_that_is_no_target_changes_nothing),
	};

	return cmocka_run_group_tests_name("arp_sweep", tests, NULL, NULL);
}
