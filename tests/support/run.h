/*
 * run.h - start a program on a host of the test network, and see all that it did
 *
 *	struct runresult r;
 *	testnet_run(&net, SIDE_CLIENT, ARGV("build/bin/arpq", "10.60.0.2"), &r);
 *	assert_int_equal(r.status, 0);
 *	assert_string_equal(r.out, "...");
 *	runresult_free(&r);
 *
 * The program sees its host's interfaces (its /sys is mounted for it), this
 * process's /run, an empty standard input, default signal dispositions, and is
 * the leader of its own process group.  It is killed at its timeout, and when
 * this process dies.
 */
#ifndef SUPPORT_RUN_H
#define SUPPORT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netns.h"

/* An argument vector in place. */
#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum run_caps {
	RUN_CAPS_AS_IS,
	RUN_CAPS_NONE,		/* none, even when the user is 0 */
	RUN_CAPS_NET_RAW,	/* CAP_NET_RAW alone, as if setcap had been used */
};

#define RUN_TIMEOUT_NS UINT64_C(10000000000)
#define RUN_OUTPUT_MAX ((size_t)64 << 20)	/* bytes kept of each stream; the rest is dropped */

/* All zero is the ordinary case. */
struct run_options {
	uint64_t timeout_ns;		/* 0: RUN_TIMEOUT_NS */
	const char *const *env;		/* "NAME=VALUE" sets, "NAME" unsets; then NULL */
	const char *dir;		/* working directory */
	const char *input;		/* standard input, as a file with this text */
	int stdin_fd, stdout_fd, stderr_fd;	/* > 0: borrowed, in place of what is said above */
	bool close_stdout;		/* start without a descriptor 1 */
	/*
	 * > 0: as this user and group.  Where the private namespace has no such user (we
	 * were not root), the program gets a further user namespace in which it has this
	 * number and no capability; files then still know it as our own user, and
	 * RUN_CAPS_NET_RAW is refused with ENOTSUP.
	 */
	unsigned uid;
	enum run_caps caps;		/* with a uid, AS_IS means none */
};

struct runresult {
	int status;			/* of exit(), or -1 when a signal ended it */
	int signal;			/* that signal, or 0 */
	bool timed_out;			/* it was we who killed it */
	char *out, *err;		/* never NULL after success; a NUL follows */
	size_t out_len, err_len;
	bool out_cut, err_cut;		/* there was more than RUN_OUTPUT_MAX */
	uint64_t wall_ns;		/* from just before execve() to when its end was noticed */
};

/*
 * Run to the end.  0, or -1 with errno and net->err when it could not be started
 * (execve's own error included); out is then all zero, and free to free.
 */
int testnet_run(struct testnet *net, enum side side, const char *const argv[],
		struct runresult *out);
int testnet_run_with(struct testnet *net, enum side side, const char *const argv[],
		     const struct run_options *opt, struct runresult *out);

void runresult_free(struct runresult *r);

/* ---- the same in pieces --------------------------------------------------------- */

struct run_stream {
	int fd;				/* our end of the pipe, -1 when it is over or elsewhere */
	char *text;
	size_t len, cap;
	bool cut;
};

struct running {
	pid_t pid;			/* 0 when over */
	int pidfd;
	uint64_t started_ns, deadline_ns;	/* CLOCK_MONOTONIC */
	struct run_stream out, err;
	bool timed_out;
};

/* Returns when the program is running (execve() succeeded).  opt may be NULL. */
int testnet_start(struct testnet *net, enum side side, const char *const argv[],
		  const struct run_options *opt, struct running *run);

/* Collect output for that long, or until the program ends (then true). */
bool running_for(struct running *run, uint64_t duration_ns);

/* Collect until the stream holds text.  False: the program ended, or its time was up, first. */
bool running_until(struct running *run, const struct run_stream *stream, const char *text);

/* 0, or -1 and errno. */
int running_signal(struct running *run, int signo);

/* To its end; run is then over. */
void running_wait(struct running *run, struct runresult *out);

/* For a teardown: kill it and forget its output.  Harmless when over or all zero. */
void running_kill(struct running *run);

/* A descriptor every write to which fails: EPIPE (and SIGPIPE), ENOSPC.  -1 and errno. */
int broken_pipe(void);
int full_device(void);

#endif
