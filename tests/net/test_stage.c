/* The stage: real kernels, a wire that waits for us, and the same frames every time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netns.h"
#include "wirelab/clock.h"
#include "wirelab/stage.h"

static struct plan plan;
static char refusal[256];		/* why no test can run; "" when they can */

static struct stage *begin(enum topology topology, enum carrier_kind carrier)
{
	struct stage_config config = { .network = {
		.topology = topology, .plan = &plan, .carrier = carrier, .pinned = true,
		.bits_per_s = 100000000, .propagation_ns = 1 * MSEC_NS } };
	char err[256];

	if (*refusal) {
		print_message("skipped: %s\n", refusal);
		skip();
	}
	struct stage *st = stage_begin(&config, err);
	if (!st)
		fail_msg("%s", err);
	return st;
}

static void play(struct stage *st, void (*experiment)(struct stage *, void *))
{
	if (stage_play(st, experiment, NULL) < 0)
		fail_msg("%s", stage_error(st));
}

static void ten_writes(struct stage *st, void *arg)
{
	(void)arg;
	struct host *alice = stage_host(st, ALICE), *bob = stage_host(st, BOB);
	(void)stage_capture(st, alice);
	struct connection c = stage_connect(st, alice, bob, 7001);

	for (int i = 0; i < 10; i++)
		host_send(st, c.client, "x", 1);
	stage_run(st);
	if (host_receive_all(st, c.server) != 10)
		stage_fail(st, "not ten bytes");
	host_close(st, c.client);
	stage_run(st);
	host_close(st, c.server);
}

static void ten_small_writes_become_two_segments(void **state)
{
	struct stage *st = begin(TOPOLOGY_P, *(enum carrier_kind *)*state);
	struct instant t = clock_now();
	play(st, ten_writes);
	struct capture *c = stage_capture(st, stage_host(st, ALICE));
	printf("%.1f ms\n", (double)instant_since(t, clock_now()) / 1e6);
	for (size_t i = 0; i < c->n; i++)
		printf("%zu %llu %x %u %u why %d %s %s\n", i + 1, (unsigned long long)c->frame[i].unix_ns, c->frame[i].moment.flags,
			c->frame[i].moment.seq, c->frame[i].moment.payload, c->frame[i].moment.why, c->frame[i].host, c->frame[i].call ? c->frame[i].call : "-");
	stage_end(st);
}

int main(void)
{
	static enum carrier_kind tap = CARRIER_TAP, veth = CARRIER_VETH;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(ten_small_writes_become_two_segments, &tap),
		cmocka_unit_test_prestate(ten_small_writes_become_two_segments, &veth),
	};

	(void)plan_init(&plan, PLAN_SEED_PUBLIC);
	if (!netns_available(refusal))
		return cmocka_run_group_tests(tests, NULL, NULL);
	*refusal = '\0';
	if (netspace_enter_private(0, refusal) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
