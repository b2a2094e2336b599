#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab_scene.h"
#include "netns.h"

#define EDIT_ROOM 2048u

static char refusal[256];		/* why no test can run; "" when they can */

int scene_main(const struct CMUnitTest *tests, size_t n)
{
	if (netns_available(refusal)) {
		*refusal = '\0';
		if (netspace_enter_private(0, refusal) < 0) {
			(void)fprintf(stderr, "%s\n", refusal);
			return 1;
		}
	}
	return _cmocka_run_group_tests("labs", tests, n, NULL, NULL);
}

static void judge(struct scene *s)
{
	findings_init(&s->f, LANG_EN);
	s->lesson.lab->check(&s->f, &s->lesson, &s->e);
}

void scene_play(struct scene *s, const struct lab *lab, const char *seed, enum carrier_kind carrier)
{
	char err[256];

	*s = (struct scene){ .lesson = { .lab = lab } };
	if (*refusal) {
		print_message("skipped: %s\n", refusal);
		skip();
	}
	assert_true(plan_init(&s->lesson.plan, seed));
	s->st = lab_play(&s->lesson, &(struct lab_run){ .carrier = carrier }, err);
	if (!s->st)
		fail_msg("%s", err);
	lab_evidence(&s->whole, &s->lesson, s->st);
	s->e = s->whole;
	judge(s);
}

void scene_play_edited(struct scene *s, const struct lab *lab,
		       void (*run)(struct stage *st, const struct lesson *l))
{
	static struct lab edited;	/* it may be judged again */

	edited = *lab;
	edited.run = run;
	scene_play(s, &edited, PLAN_SEED_PUBLIC, CARRIER_TAP);
}

void scene_answers(const struct scene *s, const int64_t *right, size_t n)
{
	size_t i = 0;

	for (const struct question *q = s->lesson.lab->questions; q->id; q++, i++)
		if (i < n)
			assert_int_equal(q->right(&s->lesson, &s->whole), right[i]);
	assert_int_equal(i, n);
}

void scene_other_seeds(struct scene *s, const struct lab *lab, size_t question, int64_t answer,
		       unsigned least)
{
	char seed[32];
	unsigned different = 0;

	for (int i = 0; i < 10; i++) {
		(void)snprintf(seed, sizeof(seed), "learner%d", i);
		scene_play(s, lab, seed, CARRIER_TAP);
		scene_passes(s);
		different += lab->questions[question].right(&s->lesson, &s->whole) != answer;
		scene_end(s);
	}
	assert_in_range(different, least, 10);
}

static void forget_edits(struct scene *s)
{
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		if (s->edited[i].work)
			capture_end(&s->edited[i]);
}

void scene_end(struct scene *s)
{
	forget_edits(s);
	stage_end(s->st);
}

/* As a learner's own capture: what the run knows besides is not in it. */
static void copy_edited(struct capture *to, const struct capture *from, scene_edit_fn *edit,
			void *arg)
{
	uint8_t data[EDIT_ROOM];

	assert_int_equal(capture_init(to, from->vantage), 0);
	for (size_t i = 0; i < from->n; i++) {
		const struct seen *s = &from->frame[i];
		struct capture_frame f = { .data = data, .caplen = s->caplen, .wirelen = s->wirelen,
					   .unix_ns = s->unix_ns, .direction = s->direction };
		assert_true(s->caplen <= sizeof(data));
		memcpy(data, s->data, s->caplen);
		if (edit(arg, s->number, &f, data))
			assert_non_null(capture_add(to, &f));
	}
	capture_done(to);
}

void scene_edit(struct scene *s, unsigned host, scene_edit_fn *edit, void *arg)
{
	forget_edits(s);
	s->e = s->whole;
	copy_edited(&s->edited[host], s->whole.at[host], edit, arg);
	s->e.at[host] = &s->edited[host];
	judge(s);
}

void scene_without(struct scene *s, unsigned host)
{
	forget_edits(s);
	s->e = s->whole;
	s->e.at[host] = NULL;
	judge(s);
}

bool without_frame(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	(void)frame;
	(void)data;
	return index != *(uint64_t *)arg;
}

bool from_frame_on_nothing(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	(void)frame;
	(void)data;
	return index < *(uint64_t *)arg;
}

static void print_claims(const struct scene *s)
{
	for (unsigned i = 0; i < s->f.n; i++) {
		const struct claim *c = &s->f.claim[i];
		print_message("  %s %s  [frame %llu] %s\n",
			      c->state == CLAIM_HOLDS ? "ok  " :
			      c->state == CLAIM_FAILS ? "FAIL" : "-   ",
			      c->what.text[LANG_EN], (unsigned long long)c->frame, c->says);
	}
}

void scene_passes(const struct scene *s)
{
	if (findings_state(&s->f) == CLAIM_HOLDS && findings_count(&s->f, CLAIM_ASIDE) == 0)
		return;
	print_claims(s);
	fail_msg("lab %02u does not pass", s->lesson.lab->nr);
}

void scene_fails(const struct scene *s, uint64_t frame, const char *words)
{
	for (unsigned i = 0; i < s->f.n; i++) {
		const struct claim *c = &s->f.claim[i];
		if (c->state == CLAIM_FAILS && c->frame == frame && strstr(c->says, words))
			return;
	}
	print_claims(s);
	fail_msg("no claim fails in frame %llu because of \"%s\"", (unsigned long long)frame, words);
}
