/*
 * starter.h - time a program from outside, without the timing one's weight on it
 *
 *	starter_begin(&s, &net, SIDE_CLIENT);
 *	starter_run(&s, ARGV("build/bin/arpq", "10.60.0.2"), "/run/output", &t);
 *	starter_end(&s);
 *
 * What a process costs its parent to make grows with the parent, and the kernel
 * counts the parent's pages towards the child's peak.  So a small child of ours,
 * made before we grow, starts the programs (posix_spawn, which copies nothing) and
 * takes the times.  It sees its host's interfaces, its /proc/net and its /sys.
 */
#ifndef SUPPORT_STARTER_H
#define SUPPORT_STARTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "netns.h"

#define STARTER_TIMEOUT_NS UINT64_C(20000000000)	/* then it is killed */

struct starter {
	pid_t pid;
	int fd;
};

struct timed {
	uint64_t wall_ns;	/* from before posix_spawn() until its end was noticed */
	uint64_t cpu_ns;	/* user and system */
	uint64_t frames;	/* that the host's interface sent meanwhile, of any kind */
	long peak_kib;		/* resident; the starter's own, about 2 MiB, is the least there is */
	long faults;		/* minor page faults */
	int error;		/* errno when it could not be started, and nothing else is said */
	int status;		/* of exit(), or -1 */
	int signal;		/* that ended it, SIGKILL at the timeout; or 0 */
};

/* All: 0, or -1 and errno. */
int starter_begin(struct starter *s, const struct testnet *net, enum side side);

/* For programs that use no network: where we are, frames not counted, another timeout. */
int starter_begin_here(struct starter *s, uint64_t timeout_ns);

/* Standard input is empty; output and errors both go to the file, which is made anew. */
int starter_run(struct starter *s, const char *const argv[], const char *output,
		struct timed *out);

void starter_end(struct starter *s);

#endif
