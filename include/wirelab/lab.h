/*
 * lab.h - what a lab is: an experiment, and what is to be learned from it
 *
 * labs/NN-name/experiment.c fills in one struct lab and nothing else.  Whoever reads it from top
 * to bottom has seen the whole lesson: numbers, what happens, what must then be on the wire,
 * what is asked before, and what is said of single frames.
 *
 *	run	plays it on a stage: ordinary system calls on hosts (stage.h)
 *	check	judges captures, those of a run and those of a learner alike (findings.h)
 *
 * Numbers are drawn from the seed.  In every text for learners {name} stands for the number of
 * that name, {alice}, {bob}, {carol}, {router} for addresses, and {port0} .. {port9} for the
 * ports of the lab's parts, so that texts are right with every seed.
 */
#ifndef WIRELAB_LAB_H
#define WIRELAB_LAB_H

#include "wirelab/findings.h"
#include "wirelab/lang.h"
#include "wirelab/stage.h"
#include "wirelab/text.h"

/* Named, and drawn from lo .. hi; `usual` with the public seed.  The list ends with an empty name. */
struct lab_number {
	const char *name;
	uint32_t usual, lo, hi;
};

/* A lab, and the seed with which it is done. */
struct lesson {
	const struct lab *lab;
	struct plan plan;
};

/* 0: the lab has no such number. */
uint32_t lesson_number(const struct lesson *l, const char *name);

/* text with its {names} replaced.  One that nobody knows is a fault of the lab: it stays. */
void lesson_text(struct txt *t, const struct lesson *l, const char *text);

/* "alice" for one of the plan's addresses, NULL for others. */
const char *lesson_host_name(const struct lesson *l, struct ip4 ip);

/* The service ports of a lab's parts, from 0: plan_service_port(). */
uint16_t lesson_port(const struct lesson *l, unsigned part);

/* ---- questions --------------------------------------------------------------------------- */

/* An answer that learners give, and what they believe who give it. */
struct wrong {
	int64_t (*answer)(const struct lesson *l);	/* NULL: fixed */
	int64_t fixed;
	struct both believes;		/* one sentence, and the experiment that refutes it */
};

/*
 * Asked before the run; the right answer is computed from the capture.  With choices it is the number
 * of one of them, from 1.
 */
struct question {
	const char *id;			/* stable: answers are stored under it.  NULL ends the list */
	struct both ask;
	const struct both *choice;	/* ends with an empty text; NULL: a number is asked for */
	int64_t (*right)(const struct lesson *l, const struct evidence *e);
	const struct wrong *wrong;	/* ends with an empty text */
	struct both because;		/* why the right answer is right: one or two sentences */
};

/* ---- remarks ------------------------------------------------------------------------------ */

/* What this lab wants noticed of a frame, behind what is said of every frame. */
struct notice {
	bool (*of)(const struct lesson *l, const struct capture *c, const struct seen *s);
	struct both text;		/* NULL ends the list */
};

/*
 * What is written beside a frame: which call or timer sent it, what it does and why (as tcpq
 * --explain says it), and what to notice.
 */
#define REMARK_MAX 3072u
void remark(struct txt *t, const struct lesson *l, enum lang lang, const struct capture *c,
	    const struct seen *s);

/* ---- a lab --------------------------------------------------------------------------------- */

#define LAB_VANTAGE(host) (1u << (host))

struct lab {
	unsigned nr;
	const char *slug;		/* "nagle": the folder is labs/09-nagle */
	struct both title;
	enum topology topology;
	const struct lab_number *numbers;
	bool asks;			/* hosts find each other by ARP, else they know each other */
	uint64_t propagation_ns;	/* of each line; 0: LAB_PROPAGATION_NS */
	void (*configure)(struct network_config *config, const struct lesson *l);	/* NULL: no more */
	unsigned vantage;		/* whose capture is NN-name.pcapng: ALICE ... */
	unsigned more_vantages;		/* bits LAB_VANTAGE(BOB): NN-name-bob.pcapng besides */
	bool timers;			/* kernel timers are waited for: it takes seconds */

	void (*run)(struct stage *st, const struct lesson *l);
	void (*check)(struct findings *f, const struct lesson *l, const struct evidence *e);

	const struct question *questions;
	const struct notice *notices;
	const struct both *hints;	/* ends with an empty text */
	struct both explain;		/* after a passed check: a few paragraphs */
};

#define LAB_PROPAGATION_NS (1 * MSEC_NS)
#define LAB_BITS_PER_S UINT64_C(100000000)

/* All of them, by number; ends with NULL. */
extern const struct lab *const all_labs[];
const struct lab *lab_by_number(unsigned nr);		/* NULL: there is none */

/* "09-nagle" */
#define LAB_NAME_MAX 64u
const char *lab_name(const struct lab *lab, char buf[static LAB_NAME_MAX]);

/*
 * Play it: the stage with the lab's network, captures at its vantages, and the experiment; on a
 * machine that was too busy for it (stage_disturbed) again, up to LAB_TRIES times.  The
 * process is in a private namespace.  NULL with a filled err[]; else a stage that is the caller's
 * to end, with captures that are evidence (lab_evidence).
 */
#define LAB_TRIES 10u
struct lab_run {
	enum carrier_kind carrier;
	void (*heard)(void *arg, const struct capture *c, const struct seen *s);	/* or NULL */
	void *heard_arg;
	/* Or NULL: before each play's first frame; with st NULL, before a play that was disturbed is
	 * taken down, and another begins. */
	void (*begun)(void *arg, struct stage *st);
};
struct stage *lab_play(const struct lesson *l, const struct lab_run *run, char err[static 256]);
void lab_evidence(struct evidence *e, const struct lesson *l, struct stage *st);

#endif
