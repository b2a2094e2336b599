/* doctor_impl.h - what the doctor's files share: the steps, and who is to blame (private) */
#ifndef WIRELAB_DOCTOR_IMPL_H
#define WIRELAB_DOCTOR_IMPL_H

#include "wirelab/doctor.h"

/* What the child says of one step: written in one piece, as PIPE_BUF allows. */
struct doctor_news {
	enum doctor_item item;
	struct doctor_line line;
};

/*
 * The child: goes through the steps from DOCTOR_USERNS to DOCTOR_OFFLOAD and writes news of each
 * to `out` as soon as it is over.  The process has then no way back, and ends.
 */
_Noreturn void doctor_try_all(int out, const struct doctor_options *options);

/* What a step is doing, so that a refusal can be explained. */
struct doctor_attempt {
	const char *root;	/* as in the options; never NULL */
	const char *call;	/* what was refused: a system call or a file */
	int capability;		/* CAP_..., which it takes; -1: none */
	bool in_userns;		/* we are root of a user namespace only */
};

/* The line says: failed, because of that. */
void doctor_blame(struct doctor_line *line, enum doctor_cause cause, int error, const char *detail);

/* errno came back: find out why, as far as it can be known. */
void doctor_explain(struct doctor_line *line, const struct doctor_attempt *a, int error);

/* The same where a user namespace was refused, or did not make us root. */
void doctor_explain_userns(struct doctor_line *line, const struct doctor_attempt *a, int error);

/* The same where a part of the kernel is not there: a module, or built in with `option`. */
void doctor_explain_lack(struct doctor_line *line, const struct doctor_attempt *a, int error,
			 const char *module, const char *option);

/* The number in a file below root, or -1 when there is none. */
long doctor_number(const char *root, const char *path);

/* Is there such a file or directory below root? */
bool doctor_exists(const char *root, const char *path);

#endif
