/*
 * demo_world.h - start a socket demo on the loopback, talk to it, and look at what it costs
 *
 *	struct program p;
 *	program_start(&p, ARGS("multi_server", "127.0.0.1", "0"));
 *	int fd = caller_of(&p);			connected to where it says that it listens
 *	...
 *	program_stop(&p);
 *
 * Every wait ends after PATIENCE_NS, and the test has failed; a busy machine may take its time.
 * The programs are those beside this test's folder, and die with it.
 */
#ifndef SUPPORT_DEMO_WORLD_H
#define SUPPORT_DEMO_WORLD_H

#include <netinet/in.h>
#include <signal.h>
#include <sys/types.h>

#include "told.h"

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define PATIENCE_NS (30 * SEC_NS)

/* What a program wrote to one of its two outputs, so far. */
struct output {
	int fd;				/* -1: it is over */
	char *text;			/* NUL-terminated */
	size_t len, room;
};

struct program {
	pid_t pid;			/* 0: over */
	int in;				/* to its standard input; -1 once closed */
	struct output out, err;
	struct sockaddr_in where;	/* that it listens at, once asked for */
};

/* argv[0] is the name of a demo; found beside the tests. */
void program_start(struct program *p, const char *const argv[]);

/* The same, with standard output there (borrowed) instead of in p->out. */
void program_start_to(struct program *p, const char *const argv[], int stdout_fd);

void program_type(struct program *p, const char *text);		/* to its keyboard */
void program_type_end(struct program *p);

/* Collect what it has written by now. */
void program_glance(struct program *p);

/* Collect until the output has the text, or fail. */
void program_until(struct program *p, const struct output *o, const char *text);

/* Collect until it ends by itself: its exit status, or minus the signal that killed it. */
int program_end(struct program *p);

/* Kill it with SIGKILL, if it still runs, and forget its output. */
void program_stop(struct program *p);

/* What it says on standard error about where it is. */
struct sockaddr_in program_address(struct program *p);

/* A socket that is connected to it. */
int caller_of(struct program *p);

/* What was received until the peer ended or was lost, without its length; freed by the caller.
 * *error: the errno of the last recv(), or 0. */
char *hear_all(int fd, size_t *len, int *error);

/* Exactly len bytes, or fail. */
void hear_exactly(int fd, void *buf, size_t len);

/* Fail if recv() has not what it takes within PATIENCE_NS. */
void with_patience(int fd);

/* ---- what it costs ------------------------------------------------------------------------ */

size_t program_descriptors(const struct program *p);

/* A line of /proc/PID/status, as a number: "VmHWM" is in KiB. */
uint64_t program_status(const struct program *p, const char *key);

/* Of the processor, user's and system's, so far. */
uint64_t program_cpu_ns(const struct program *p);

uint64_t monotonic_now_ns(void);

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0		/* memory means what it says */
#endif

/* The environment variable DEMO_FULL: the size that the requirements name, instead of one that
 * does not keep everybody waiting. */
unsigned scaled(unsigned full, unsigned otherwise);

#endif
