/*
 * How long the lab takes: making its network, playing a lab on it, and all of `wirelab run`.
 *
 *	bench_lab WIRELAB
 *
 * What is asked for: a network in less than 30 ms, and less than 300 ms from the command to
 * the capture of a lab that waits for no kernel timer.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wirelab/clock.h"
#include "wirelab/lab.h"

#define ROUNDS 21

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(const char *what, double *ms)
{
	qsort(ms, ROUNDS, sizeof(*ms), by_size);
	(void)printf("  %-44s median %7.2f ms, slowest %7.2f ms\n", what, ms[ROUNDS / 2],
		     ms[ROUNDS - 1]);
}

static double since(struct instant t)
{
	return (double)instant_since(t, clock_now()) / 1e6;
}

static void network(enum carrier_kind carrier, const struct plan *plan)
{
	double ms[ROUNDS];
	char what[64];

	for (int i = 0; i < ROUNDS; i++) {
		struct network n;
		struct instant t = clock_now();
		if (network_begin(&n, &(struct network_config){
			    .topology = TOPOLOGY_P, .plan = plan, .carrier = carrier, .pinned = true,
			    .propagation_ns = MSEC_NS }) < 0) {
			(void)printf("  %s: %s\n", carrier_name(carrier), n.err);
			return;
		}
		ms[i] = since(t);
		network_end(&n);
	}
	(void)snprintf(what, sizeof(what), "two hosts and a cable, on %s", carrier_name(carrier));
	print(what, ms);
}

static void play(const struct lab *lab)
{
	struct lesson l = { .lab = lab };
	double ms[ROUNDS];
	char err[256], what[64], name[LAB_NAME_MAX];

	(void)plan_init(&l.plan, PLAN_SEED_PUBLIC);
	for (int i = 0; i < ROUNDS; i++) {
		struct instant t = clock_now();
		struct stage *st = lab_play(&l, &(struct lab_run){ .carrier = CARRIER_TAP }, err);
		ms[i] = since(t);
		if (!st) {
			(void)printf("  %s: %s\n", lab_name(lab, name), err);
			return;
		}
		stage_end(st);
	}
	(void)snprintf(what, sizeof(what), "%s: from nothing to its last frame", lab_name(lab, name));
	print(what, ms);
}

/* The whole process, as somebody waits for it. */
static void run(const char *wirelab, const struct lab *lab)
{
	double ms[ROUNDS];
	char nr[8], what[64];

	(void)snprintf(nr, sizeof(nr), "%02u", lab->nr);
	for (int i = 0; i < ROUNDS; i++) {
		struct instant t = clock_now();
		int status = 0;
		pid_t pid = fork();
		if (pid == 0) {
			int null = open("/dev/null", O_RDWR);
			(void)dup2(null, STDOUT_FILENO);
			(void)dup2(null, STDIN_FILENO);
			(void)execl(wirelab, wirelab, "run", nr, "-o", "/dev/null", (char *)NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
			(void)printf("  wirelab run %s does not work here\n", nr);
			return;
		}
		ms[i] = since(t);
	}
	(void)snprintf(what, sizeof(what), "wirelab run %s, the whole process", nr);
	print(what, ms);
}

int main(int argc, char **argv)
{
	struct plan plan;
	char why[256];

	(void)puts("\nThe lab (asked: a network in 30 ms, a run without timers in 300 ms)");
	(void)fflush(stdout);
	for (const struct lab *const *lab = all_labs; argc > 1 && *lab; lab++)
		if (!(*lab)->timers)
			run(argv[1], *lab);
	if (netspace_enter_private(0, why) < 0) {
		(void)printf("  skipped: %s\n", why);
		return 0;
	}
	(void)plan_init(&plan, PLAN_SEED_PUBLIC);
	network(CARRIER_TAP, &plan);
	network(CARRIER_VETH, &plan);
	for (const struct lab *const *lab = all_labs; *lab; lab++)
		if (!(*lab)->timers)
			play(*lab);
	return 0;
}
