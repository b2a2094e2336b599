/* A thousand segments, minutes of life each, in seconds: what must hold always */
#define _POSIX_C_SOURCE 200809L		/* clock_gettime, for the one line about speed */
#include "told.h"

#include <time.h>

#include "simnet.h"
#include "wirelab/capfile.h"

static const struct arpres_config rules = {
	.retry_ns = SEC_NS, .tries = 3, .fresh_ns = 20 * SEC_NS, .dead_ns = 10 * SEC_NS,
	.listen_ns = 2 * SEC_NS,
};

/* The kinds of segment; the seed gives the number of resolvers and of addresses. */
static const struct kind {
	const char *name;
	struct simnet_config config;
} kinds[] = {
	{ "calm", { .dead_percent = 20 } },
	{ "far", { .dead_percent = 20, .delay_ns = 900 * MSEC_NS, .late_ns = 50 * MSEC_NS } },
	{ "two owners", { .shared_percent = 40, .delay_ns = 3 * SEC_NS, .repeat_percent = 10,
			  .late_ns = 2 * SEC_NS } },
	{ "lossy", { .dead_percent = 10, .loss_percent = 30, .repeat_percent = 20,
		     .delay_ns = 3 * SEC_NS, .late_ns = 300 * MSEC_NS } },
	{ "a liar", { .dead_percent = 20, .shared_percent = 10, .liar = true,
		      .delay_ns = 500 * MSEC_NS } },
	{ "all of it", { .dead_percent = 20, .shared_percent = 20, .liar = true, .loss_percent = 10,
			 .repeat_percent = 10, .delay_ns = 3 * SEC_NS, .late_ns = 5 * SEC_NS } },
};

enum { SEEDS = 1200 };

static struct simnet_config segment(uint64_t seed)
{
	struct simnet_config c = kinds[seed % LENGTH(kinds)].config;

	c.seed = seed;
	c.n_resolvers = 1 + (unsigned)(seed / 7 % SIMNET_RESOLVERS);
	c.n_hosts = 2 + (unsigned)(seed / 5 % (SIMNET_HOSTS - 2));
	c.duration_ns = 180 * SEC_NS;
	c.rules = rules;
	c.checked_retry_ns = rules.retry_ns;
	c.checked_tries = rules.tries;
	return c;
}

static const char *write_frames(struct simnet_config c, char path[static 300])
{
	const char *dir = getenv("TMPDIR");
	struct simnet *net;
	FILE *f;

	snprintf(path, 300, "%s/arp-simulation-%llu.pcapng", dir && *dir ? dir : "/tmp",
		 (unsigned long long)c.seed);
	c.record = true;
	net = simnet_run(&c);
	f = net ? fopen(path, "wb") : NULL;
	bool ok = f && simnet_dump(net, f);
	if (f && fclose(f) != 0)
		ok = false;
	simnet_free(net);
	return ok ? path : "(not written)";
}

static void must_hold(const struct simnet_config *c, struct simnet_totals *sum)
{
	struct simnet *net = simnet_run(c);
	char path[300];

	assert_non_null(net);
	if (simnet_complaint(net)[0])
		fail_msg("seed %llu (%s): %s; frames: %s", (unsigned long long)c->seed,
			 kinds[c->seed % LENGTH(kinds)].name, simnet_complaint(net),
			 write_frames(*c, path));
	struct simnet_totals t = simnet_totals(net);
	sum->events += t.events;
	sum->frames += t.frames;
	sum->questions += t.questions;
	sum->answers += t.answers;
	sum->given_up += t.given_up;
	sum->conflicts += t.conflicts;
	sum->virtual_ns += t.virtual_ns;
	simnet_free(net);
}

static double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void on_a_thousand_segments_no_rule_is_ever_broken(void **state)
{
	struct simnet_totals sum = { 0 };
	double begun = seconds_now();

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct simnet_config c = segment(seed);
		must_hold(&c, &sum);
	}
	double real = seconds_now() - begun;
	printf("             %d seeds, %llu events, %llu frames heard, %llu questions: "
	       "%llu answered, %llu given up, %llu conflicts\n"
	       "             %.0f virtual seconds in %.2f real ones: %.0f times real time\n",
	       SEEDS, (unsigned long long)sum.events, (unsigned long long)sum.frames,
	       (unsigned long long)sum.questions, (unsigned long long)sum.answers,
	       (unsigned long long)sum.given_up, (unsigned long long)sum.conflicts,
	       (double)sum.virtual_ns / 1e9, real, (double)sum.virtual_ns / 1e9 / real);
	/* It was not silence that broke no rule. */
	assert_true(sum.answers > 10000 && sum.given_up > 1000 && sum.conflicts > 1000);
}

static void the_same_seed_lives_the_same_life(void **state)
{
	struct simnet_config c = segment(5);
	struct simnet *one = simnet_run(&c), *two = simnet_run(&c);

	(void)state;
	assert_non_null(one);
	assert_non_null(two);
	struct simnet_totals a = simnet_totals(one), b = simnet_totals(two);
	assert_memory_equal(&a, &b, sizeof(a));
	simnet_free(one);
	simnet_free(two);
}

/* ---- the checker can complain ---------------------------------------------------- */

static void expect_complaint(const struct simnet_config *c, const char *about)
{
	struct simnet *net = simnet_run(c);

	assert_non_null(net);
	if (!strstr(simnet_complaint(net), about))
		fail_msg("expected \"...%s...\", the checker says \"%s\"", about,
			 simnet_complaint(net));
	simnet_free(net);
}

/* A calm segment of fourteen addresses. */
static struct simnet_config calm(unsigned dead_percent)
{
	struct simnet_config c = segment(60);

	c.dead_percent = dead_percent;
	return c;
}

static void a_resolver_that_asks_too_often_is_found_out(void **state)
{
	struct simnet_config c = calm(100);

	(void)state;
	c.rules.retry_ns = SEC_NS - 1;		/* one nanosecond under the limit */
	expect_complaint(&c, "asks for address");
}

static void a_question_that_does_not_end_in_time_is_found_out(void **state)
{
	struct simnet_config c = calm(100);

	(void)state;
	c.rules.tries = 4;
	expect_complaint(&c, "does not end");
}

static void a_living_host_that_is_not_found_is_found_out(void **state)
{
	struct simnet_config c = calm(0);

	(void)state;
	c.rules.tries = 1;			/* gone before the answer is back */
	c.delay_ns = 900 * MSEC_NS;
	expect_complaint(&c, "does not find address");
}

static void a_lie_that_was_believed_is_found_out(void **state)
{
	struct simnet_config c = calm(0);

	(void)state;
	c.liar = c.perfect_liar = true;
	c.delay_ns = 500 * MSEC_NS;
	c.duration_ns = 3600 * SEC_NS;
	expect_complaint(&c, "a MAC that never replied");
}

static void the_frames_of_a_run_make_a_capture(void **state)
{
	struct simnet_config c = segment(0);
	FILE *f = tmpfile();
	char err[256];

	(void)state;
	c.record = true;
	struct simnet *net = simnet_run(&c);
	assert_non_null(net);
	assert_non_null(f);
	assert_true(simnet_dump(net, f));
	static char bytes[1 << 22];
	rewind(f);
	size_t len = fread(bytes, 1, sizeof(bytes), f);
	struct capr *r = capr_over(bytes, len, err);
	struct capr_record rec;
	uint64_t frames = 0;
	assert_non_null(r);
	while (capr_next(r, &rec) == 1)
		frames++;
	assert_string_equal(capr_damage(r), "");
	assert_true(len < sizeof(bytes) && frames > 0 && frames <= simnet_totals(net).frames);
	assert_non_null(strstr(capr_comment(r), "seed 0"));
	capr_close(r);
	fclose(f);
	simnet_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_a_thousand_segments_no_rule_is_ever_broken),
		cmocka_unit_test(the_same_seed_lives_the_same_life),
		cmocka_unit_test(a_resolver_that_asks_too_often_is_found_out),
		cmocka_unit_test(a_question_that_does_not_end_in_time_is_found_out),
		cmocka_unit_test(a_living_host_that_is_not_found_is_found_out),
		cmocka_unit_test(a_lie_that_was_believed_is_found_out),
		cmocka_unit_test(the_frames_of_a_run_make_a_capture),
	};

	return cmocka_run_group_tests_name("arp_simulation", tests, NULL, NULL);
}
