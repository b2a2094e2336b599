/*
 * wirelab.h - what the parts of wirelab share
 *
 *	wirelab.c (one folder up)  the command line
 *	say.c                      output: folded lines, complaints, statuses
 *	memory.c                   what is remembered of a learner: answers, hints, passed checks
 *	quiz.c                     questions before a run, and what became of the answers after it
 *	play.c                     a run: the private network, the watchdog, --live
 *	write.c                    captures as files
 *	verdict.c                  findings, on a run and on a learner's file
 *	shell.c                    a shell on a host, with the wire in real time
 */
#ifndef WIRELAB_CMD_H
#define WIRELAB_CMD_H

#include "wirelab/doctor.h"
#include "wirelab/lab.h"

/* DESIGN 9: the same for every tool. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,		/* a check, or the experiment itself */
	EXIT_USAGE = 2,
	EXIT_DAMAGED = 3,
	EXIT_OUTPUT_LOST = 5,
	EXIT_NOT_PERMITTED = 7,
};

struct options {
	enum lang lang;
	const char *seed;		/* NULL: none was named */
	const char *out;		/* NULL: NN-name.pcapng here */
	bool json, live, predict;
	bool carrier_named;
	enum carrier_kind carrier;
	unsigned limit_s;		/* of real time; 0: the usual */
};

/* say.c ------------------------------------------------------------------------------ */

/* One line on standard error; what it is given may hold any bytes. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Our own words on standard output. */
void say(const char *text);
/* A paragraph: `lead` (at most `indent` columns) and then text, folded. */
void say_folded(const char *lead, size_t indent, const char *text);
void say_line(struct txt *t);		/* with a newline */
const char *in_words(const struct options *opt, const char *en, const char *zh);
/* status, or EXIT_OUTPUT_LOST when something said found no reader. */
int finish(int status);

/* memory.c ---------------------------------------------------------------------------- */

/* Of one lab and seed.  Reading and writing fail quietly but for a line on standard error:
 * nobody should be kept from a lab by a full disk. */
struct memory {
	char path[4096];		/* "": nothing can be remembered, ... */
	int error;			/* ... and why: an errno; ENOENT: there is no home directory */
};

void memory_open(struct memory *m, const struct lesson *l);
/* The first that was stored. */
bool memory_answer(const struct memory *m, const char *id, int64_t *answer);
void memory_store(const struct memory *m, const char *kind, const char *id, int64_t value);
bool memory_passed(const struct memory *m);
unsigned memory_hints(const struct memory *m);	/* that were given */
/* Has the check of this lab been passed with any seed? */
bool memory_passed_any(const struct lab *lab);

/* quiz.c -------------------------------------------------------------------------------- */

/* Ask what was not asked before.  False: the learner left (end of input). */
bool quiz_ask(const struct options *opt, const struct lesson *l, const struct memory *m);
void quiz_reconcile(const struct options *opt, const struct lesson *l, const struct memory *m,
		    const struct evidence *e);

/* verdict.c ----------------------------------------------------------------------------- */

void show_findings(const struct options *opt, const struct lesson *l, const struct findings *f);
int check_files(const struct options *opt, const struct lab *lab, char **path, int n);

/* write.c ------------------------------------------------------------------------------- */

/* The lab's captures, each to its file: `out`, and for further vantages out with "-bob" before its
 * suffix.  All or the first that fails. */
int write_captures(const struct options *opt, const struct lesson *l, struct stage *st);
const char *capture_path(const struct options *opt, const struct lesson *l, unsigned host,
			 char *buf, size_t size);
/* "lab 09-nagle, seed public, ..." of a section's comment: seed, or false. */
bool seed_of_comment(const char *comment, const struct lab *lab, char *seed, size_t size);

/* play.c, shell.c ----------------------------------------------------------------------- */

int run_lab(const struct options *opt, const struct lesson *l);
int shell_on(const struct options *opt, const struct lesson *l, const char *host, char **argv);
/* The carrier that was named, or the first that works.  In a private namespace.  -1: none does, which
 * was said. */
int choose_carrier(const struct options *opt, enum carrier_kind *out);
/* In a private network namespace from here on; false: it said why not. */
bool leave_the_machine(void);

#endif
