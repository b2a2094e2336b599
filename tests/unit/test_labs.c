/*
 * Every lab, judged from its own captures: whole, begun late, ended early, and with a frame missing.
 *
 * A learner's capture may lack anything: then a claim fails or is set aside, and nothing worse.
 */
#include "told.h"

#include "wirelab/lab.h"

static const char *const hosts[NETWORK_HOSTS] = { "alice", "bob", "carol", "router" };

struct scene {
	struct lesson lesson;
	struct capture whole[NETWORK_HOSTS];
	struct evidence e;
};

static bool is_vantage(const struct lab *lab, unsigned host)
{
	return host == lab->vantage || (lab->more_vantages & LAB_VANTAGE(host));
}

static void scene_begin(struct scene *s, const struct lab *lab)
{
	char path[LAB_NAME_MAX + 32], name[LAB_NAME_MAX], err[256];

	*s = (struct scene){ .lesson = { .lab = lab } };
	assert_true(plan_init(&s->lesson.plan, PLAN_SEED_PUBLIC));
	for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
		if (!is_vantage(lab, i))
			continue;
		bool main_one = i == lab->vantage;
		(void)snprintf(path, sizeof(path), "captures/%s%s%s.pcapng", lab_name(lab, name),
			       main_one ? "" : "-", main_one ? "" : hosts[i]);
		if (capture_read(&s->whole[i], path, err) != 0)
			fail_msg("%s (\"make captures\" makes it)", err);
		s->e.at[i] = &s->whole[i];
	}
}

static void scene_end(struct scene *s)
{
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		if (s->e.at[i])
			capture_end(&s->whole[i]);
}

static enum claim_state judged(const struct scene *s, const struct evidence *e)
{
	enum claim_state state = CLAIM_ASIDE;

	for (enum lang lang = 0; lang < LANG_COUNT; lang++) {
		struct findings f;
		findings_init(&f, lang);
		s->lesson.lab->check(&f, &s->lesson, e);
		assert_in_range(f.n, 1, FINDINGS_CLAIMS);
		/* In either language the same is found. */
		assert_true(lang == 0 || findings_state(&f) == state);
		state = findings_state(&f);
	}
	for (const struct question *q = s->lesson.lab->questions; q && q->id; q++)
		(void)q->right(&s->lesson, e);
	return state;
}

/* The frames first .. last of a capture, but for one (0: for none), judged beside the others. */
static enum claim_state with_only(const struct scene *s, unsigned host, size_t first, size_t last,
				  size_t without)
{
	struct capture part;
	struct evidence e = s->e;
	char text[REMARK_MAX];

	assert_int_equal(capture_init(&part, s->whole[host].vantage), 0);
	for (size_t i = first; i <= last; i++) {
		const struct seen *f = capture_frame(&s->whole[host], i);
		if (i != without)
			assert_non_null(capture_add(&part, &(struct capture_frame){
				.data = f->data, .caplen = f->caplen, .wirelen = f->wirelen,
				.unix_ns = f->unix_ns, .direction = f->direction }));
	}
	capture_done(&part);
	e.at[host] = &part;
	enum claim_state state = judged(s, &e);
	for (size_t i = 0; i < part.n; i++) {
		struct txt t = txt_over(text, sizeof(text));
		remark(&t, &s->lesson, LANG_EN, &part, &part.frame[i]);
		assert_true(t.len > 0 && !t.cut);
	}
	capture_end(&part);
	return state;
}

/* ---- the tests ---------------------------------------------------------------------------------- */

static void each_labs_own_captures_pass(void **state)
{
	struct scene s;

	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		scene_begin(&s, *lab);
		if (judged(&s, &s.e) != CLAIM_HOLDS)
			fail_msg("lab %02u does not hold", (*lab)->nr);
		scene_end(&s);
	}
}

static void captures_that_began_late_or_ended_early_are_judged(void **state)
{
	struct scene s;

	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		scene_begin(&s, *lab);
		for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
			size_t n = s.e.at[i] ? s.whole[i].n : 0;
			for (size_t k = 1; k <= n; k++) {
				(void)with_only(&s, i, k, n, 0);
				(void)with_only(&s, i, 1, k, 0);
			}
		}
		scene_end(&s);
	}
}

static void captures_that_lack_a_frame_are_judged(void **state)
{
	struct scene s;

	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		scene_begin(&s, *lab);
		for (unsigned i = 0; i < NETWORK_HOSTS; i++)
			for (size_t k = 1; s.e.at[i] && k <= s.whole[i].n; k++)
				(void)with_only(&s, i, 1, s.whole[i].n, k);
		scene_end(&s);
	}
}

/* With no frame at all, nothing is shown. */
static void an_empty_capture_shows_nothing(void **state)
{
	struct scene s;

	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		scene_begin(&s, *lab);
		if (with_only(&s, (*lab)->vantage, 1, 0, 0) == CLAIM_HOLDS)
			fail_msg("lab %02u holds without a frame", (*lab)->nr);
		scene_end(&s);
	}
}

/* One capture handed in as everybody's, and another lab's as this one's. */
static void captures_under_the_wrong_name_are_judged(void **state)
{
	struct scene s, other;

	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		scene_begin(&s, *lab);
		struct evidence e = s.e;
		for (unsigned i = 0; i < NETWORK_HOSTS; i++)
			e.at[i] = s.e.at[(*lab)->vantage];
		(void)judged(&s, &e);
		for (const struct lab *const *its = all_labs; *its; its++) {
			if (its == lab)
				continue;
			scene_begin(&other, *its);
			e = (struct evidence){ { NULL } };
			e.at[(*lab)->vantage] = other.e.at[(*its)->vantage];
			if (judged(&s, &e) == CLAIM_HOLDS)
				fail_msg("lab %02u holds with the capture of %02u", (*lab)->nr,
					 (*its)->nr);
			scene_end(&other);
		}
		scene_end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_labs_own_captures_pass),
		cmocka_unit_test(captures_that_began_late_or_ended_early_are_judged),
		cmocka_unit_test(captures_that_lack_a_frame_are_judged),
		cmocka_unit_test(an_empty_capture_shows_nothing),
		cmocka_unit_test(captures_under_the_wrong_name_are_judged),
	};

	return cmocka_run_group_tests_name("labs", tests, NULL, NULL);
}
