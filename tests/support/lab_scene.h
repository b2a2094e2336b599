/*
 * lab_scene.h - labs played and judged in tests, as they are and with something changed
 *
 *	static struct scene s;
 *	scene_play(&s, &lab_nagle, "public", CARRIER_TAP);
 *	scene_passes(&s);
 *	scene_edit(&s, ALICE, without_frame, &(uint64_t){ 6 });		the same capture without frame 6
 *	scene_fails(&s, 5, "expected 1, 9");				in frame 5, and for that reason
 *	scene_end(&s);
 *
 * main() of such a test: return scene_main(tests, n).
 */
#ifndef SUPPORT_LAB_SCENE_H
#define SUPPORT_LAB_SCENE_H

#include "wirelab/lab.h"

struct CMUnitTest;

struct scene {
	struct lesson lesson;
	struct stage *st;
	struct evidence whole;			/* what the run captured */
	struct capture edited[NETWORK_HOSTS];	/* what scene_edit() made of it */
	struct evidence e;			/* what is judged: the one or the other */
	struct findings f;
};

/* Enters a private network, or has every test skipped, aloud. */
int scene_main(const struct CMUnitTest *tests, size_t n);
#define SCENE_MAIN(tests) scene_main(tests, sizeof(tests) / sizeof((tests)[0]))

/* Each of these fails the test when it cannot be done.  The lab may be an edited copy. */
void scene_play(struct scene *s, const struct lab *lab, const char *seed, enum carrier_kind carrier);
void scene_end(struct scene *s);

/* The same lab with another experiment; the public seed, on TAP. */
void scene_play_edited(struct scene *s, const struct lab *lab,
		       void (*run)(struct stage *st, const struct lesson *l));

/* The answers to the lab's questions, in their order, are these and no more. */
void scene_answers(const struct scene *s, const int64_t *right, size_t n);

/* Ten other seeds pass; with at least `least` of them this question (from 0) has another answer. */
void scene_other_seeds(struct scene *s, const struct lab *lab, size_t question, int64_t answer,
		       unsigned least);

/*
 * The capture at `host` again, frame by frame: edit may change what it is handed (data is
 * a copy of at least 2048 bytes, so that a frame may grow), and says whether the frame stays.
 * index counts from 1.  Judged anew.
 */
typedef bool scene_edit_fn(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data);
void scene_edit(struct scene *s, unsigned host, scene_edit_fn *edit, void *arg);

/* Two edits that every lab can use.  arg: the frame's number as a uint64_t. */
scene_edit_fn without_frame, from_frame_on_nothing;

/* Without this host's capture. */
void scene_without(struct scene *s, unsigned host);

void scene_passes(const struct scene *s);

/* Some claim fails, in that frame (0: in none), with a reason that contains the words. */
void scene_fails(const struct scene *s, uint64_t frame, const char *words);

#endif
