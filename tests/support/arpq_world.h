/*
 * arpq_world.h - arpq in a world of its own: what every tests/net/test_arpq_*.c begins with
 *
 *	static void a_second_question_sends_nothing(void **state)
 *	{
 *		struct testnet *net = net_of(state);
 *		struct runresult r = arpq(net, "10.60.0.2");
 *		expect_exit(&r, 0);
 *		...
 *	}
 *
 * Each test is a process that has its own namespaces, its own network and its own
 * /run, so its cache (/run/arpq/cache) is nobody else's, and several tests can run
 * side by side: most of what arpq does is to wait.
 */
#ifndef SUPPORT_ARPQ_WORLD_H
#define SUPPORT_ARPQ_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "netns.h"
#include "responder.h"
#include "run.h"
#include "tap.h"
#include "wirelab/instant.h"

#define CACHE "/run/arpq/cache"
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the tests of a file --------------------------------------------------------- */

/* A test with two hosts, or with a bridge and three. */
#define IN_A_WORLD(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)
#define IN_A_WORLD_WITH_BRIDGE(f) \
	cmocka_unit_test_setup_teardown(f, world_with_bridge_begin, world_end)

int world_begin(void **state);
int world_with_bridge_begin(void **state);
int world_end(void **state);

/* Whether arpq here has more than the powers of one user (files of other owners, clocks). */
bool was_root(void **state);

/* The test's network; skips, aloud, where there can be none. */
struct testnet *net_of(void **state);

/*
 * All of them, at_once side by side, and then their outcome in order.  With arguments:
 * only the tests whose names contain one of them.  What main() returns.
 */
int run_side_by_side(const struct CMUnitTest *tests, size_t n, unsigned at_once, int argc,
		     char **argv);

_Noreturn void skip_aloud(const char *why);
/* Skips where the program is missing. */
void need_program(const char *name);

/* ---- arpq ------------------------------------------------------------------------ */

#define ARGS_MAX 24u

struct args {
	char text[1024];
	const char *v[ARGS_MAX + 2];
};

/* The arguments in text, divided by blanks, behind the program's own path. */
void args_of(struct args *a, const char *text);

/* On the client, to its end. */
struct runresult arpq(struct testnet *net, const char *args);
struct runresult arpq_with(struct testnet *net, const char *args, const struct run_options *opt);
/* On the client, until running_wait(). */
void arpq_start(struct testnet *net, const char *args, struct running *run);

void print_result(const struct runresult *r);
void expect_exit_at(const struct runresult *r, int status, const char *file, int line);
void expect_has_at(const struct runresult *r, const char *text, const char *part, bool has,
		   const char *file, int line);

#define expect_exit(r, status) expect_exit_at((r), (status), __FILE__, __LINE__)
#define expect_out(r, part) expect_has_at((r), (r)->out, (part), true, __FILE__, __LINE__)
#define expect_err(r, part) expect_has_at((r), (r)->err, (part), true, __FILE__, __LINE__)
#define expect_out_lacks(r, part) expect_has_at((r), (r)->out, (part), false, __FILE__, __LINE__)
#define expect_err_lacks(r, part) expect_has_at((r), (r)->err, (part), false, __FILE__, __LINE__)

/* Runs, judges, and forgets: for what only has a status and a text to it. */
void arpq_says(struct testnet *net, const char *args, int status, const char *out, const char *err);

size_t lines_in(const char *text);

#define must(net, call) \
	do { \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, (net)->err); \
	} while (0)

/* ---- counting -------------------------------------------------------------------- */

struct tap_counter tap_at(struct testnet *net, enum side side, enum tap_ways ways);

/* Requests for ip that reached the far side; after a moment for the last one to arrive. */
size_t requests_for(struct tap_counter *tap, struct ip4 ip);
/* Any ARP frame at all. */
size_t frames_at(struct tap_counter *tap);

/* ---- time and files -------------------------------------------------------------- */

void sleep_ms(unsigned ms);
uint64_t monotonic_ns(void);
void put_file(const char *path, const void *data, size_t len);
char *get_file(const char *path, size_t *len);	/* free() it */

#endif
