/*
 * The stage: real kernels, a wire that waits for us, and the same frames every time.
 *
 * Every test is played twice, once on each carrier, where there are both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netns.h"
#include "wirelab/clock.h"
#include "wirelab/netlink.h"
#include "wirelab/stage.h"

static struct plan plan;
static char refusal[256];		/* why no test can run; "" when they can */
static struct in_addr outside[64];	/* the machine's own addresses, before we left it */
static size_t n_outside;

/* ---- a stage, and a play on it ------------------------------------------------------------- */

struct scene {
	enum carrier_kind carrier;
	struct stage *st;
};

static struct scene on_tap = { .carrier = CARRIER_TAP }, on_veth = { .carrier = CARRIER_VETH };

static struct stage *begin(void **state, const struct network_config *change)
{
	struct scene *s = *state;
	struct stage_config config = { .network = *change };
	char err[256];

	if (*refusal) {
		print_message("skipped: %s\n", refusal);
		skip();
	}
	config.network.plan = &plan;
	config.network.carrier = s->carrier;
	config.network.pinned = true;
	config.network.bits_per_s = 100000000;
	config.network.propagation_ns = 1 * MSEC_NS;
	s->st = stage_begin(&config, err);
	if (!s->st)
		fail_msg("%s", err);
	return s->st;
}

static int end(void **state)
{
	struct scene *s = *state;

	if (s->st)
		stage_end(s->st);
	s->st = NULL;
	return 0;
}

static void play(struct stage *st, void (*experiment)(struct stage *, void *), void *arg)
{
	if (stage_play(st, experiment, arg) < 0)
		fail_msg("%s", stage_error(st));
}

static const struct capture *at(struct stage *st, unsigned host)
{
	return stage_capture(st, stage_host(st, host));
}

static size_t count(const struct capture *c, enum pkt_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += pkt_has(&c->frame[i].pkt, kind);
	return n;
}

/* ---- the module's whole life ------------------------------------------------------------------ */

static void whole_life(struct stage *st, void *arg)
{
	struct host *alice = stage_host(st, ALICE), *bob = stage_host(st, BOB);
	char text[16];

	(void)arg;
	(void)stage_capture(st, alice);
	int listener = host_listen(st, bob, 7001);
	int client = host_socket(st, alice, SOCK_STREAM);

	/* The call returns at once; its SYN is in the wire, and nobody has heard of it. */
	struct instant called = stage_time(st);
	host_connect(st, client, bob, 7001);
	assert_int_equal(stage_time(st).ns, called.ns);
	assert_int_equal(at(st, ALICE)->n, 1);

	/* Frames move until nobody has anything left to send: two milliseconds there and back. */
	stage_run(st);
	assert_int_equal(at(st, ALICE)->n, 3);
	assert_in_range(stage_time(st).ns - called.ns, 3 * MSEC_NS, 4 * MSEC_NS);
	int server = host_accept(st, listener);

	host_send(st, client, "hello", 5);
	assert_int_equal(host_receive(st, server, text, sizeof(text)), -1);
	stage_run(st);
	assert_int_equal(host_receive(st, server, text, sizeof(text)), 5);
	assert_memory_equal(text, "hello", 5);

	host_close(st, client);
	stage_run(st);
	assert_int_equal(host_receive(st, server, text, sizeof(text)), 0);
	host_close(st, server);
}

static void a_call_returns_at_once_and_its_frames_move_when_the_stage_runs(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_P });
	play(st, whole_life, NULL);
	const struct capture *c = at(st, ALICE);

	assert_int_equal(c->n, 9);
	assert_int_equal(c->n_streams, 1);
	assert_int_equal(c->stream[0].open, TCP_OPEN_COMPLETE);
	assert_int_equal(c->stream[0].close, TCP_CLOSE_FIN4);

	/* Who sent what, and which call made them. */
	assert_string_equal(c->frame[0].host, "alice");
	assert_string_equal(c->frame[0].call, "connect(10.0.0.2:7001)");
	assert_int_equal(c->frame[0].direction, CAPW_OUTBOUND);
	assert_string_equal(c->frame[1].host, "bob");
	assert_int_equal(c->frame[1].cause, CAUSE_ARRIVAL);
	assert_string_equal(c->frame[3].call, "send(5)");
	assert_string_equal(c->frame[7].host, "bob");
	assert_string_equal(c->frame[7].call, "close()");

	/* Numbers that a kernel draws at random are the plan's. */
	assert_int_equal(c->frame[0].pkt.tcp.seq, 1000);
	assert_int_equal(c->frame[1].pkt.tcp.seq, 50000);
	assert_int_equal(c->frame[0].pkt.tcp.sport, 40001);
	assert_int_equal(c->frame[0].pkt.ip4.id, 1);
	assert_int_equal(c->frame[2].pkt.ip4.id, 2);
}

/* ---- the same, every time -------------------------------------------------------------------- */

static void talk(struct stage *st, void *arg)
{
	(void)arg;
	(void)stage_capture(st, stage_host(st, BOB));
	struct connection c = stage_connect(st, stage_host(st, ALICE), stage_host(st, BOB), 7001);

	for (int i = 0; i < 5; i++) {
		host_send_fill(st, c.client, 700);
		host_send_fill(st, c.server, 3000);
		stage_run(st);
		(void)host_receive_all(st, c.client);
		(void)host_receive_all(st, c.server);
	}
	host_close(st, c.server);
	stage_run(st);
	host_close(st, c.client);
}

static void the_same_experiment_gives_the_same_bytes_at_the_same_times(void **state)
{
	struct scene again = **(struct scene **)state;
	void *other = &again;
	struct stage *a = begin(state, &(struct network_config){ .topology = TOPOLOGY_P });
	struct stage *b = begin(&other, &(struct network_config){ .topology = TOPOLOGY_P });

	play(a, talk, NULL);
	play(b, talk, NULL);
	const struct capture *one = at(a, BOB), *two = at(b, BOB);
	assert_true(one->n > 20);
	assert_int_equal(one->n, two->n);
	for (size_t i = 0; i < one->n; i++) {
		assert_int_equal(one->frame[i].unix_ns, two->frame[i].unix_ns);
		assert_int_equal(one->frame[i].caplen, two->frame[i].caplen);
		assert_memory_equal(one->frame[i].data, two->frame[i].data, one->frame[i].caplen);
	}
	end(&other);
}

static void no_segment_is_larger_than_a_wire_carries_and_all_sums_are_right(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_P });
	play(st, talk, NULL);
	const struct capture *c = at(st, BOB);

	for (size_t i = 0; i < c->n; i++) {
		assert_in_range(c->frame[i].caplen, 54, 1514);
		assert_int_equal(pkt_check(&c->frame[i].pkt, PKT_IP4), V_OK);
		assert_int_equal(pkt_check(&c->frame[i].pkt, PKT_TCP), V_OK);
	}
}

static void silence(struct stage *st, void *arg)
{
	(void)arg;
	for (unsigned i = ALICE; i <= CAROL; i++)
		(void)stage_capture(st, stage_host(st, i));
	stage_wait(st, 700 * MSEC_NS);
}

static void hosts_that_nobody_tells_to_speak_are_silent(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_S });
	play(st, silence, NULL);

	for (unsigned i = ALICE; i <= CAROL; i++)
		assert_int_equal(at(st, i)->n, 0);
}

/* ---- time ---------------------------------------------------------------------------------------- */

static void wait_as_told(struct stage *st, void *arg)
{
	struct instant from = stage_time(st);

	(void)arg;
	stage_wait(st, 123 * MSEC_NS);
	assert_int_equal(stage_time(st).ns - from.ns, 123 * MSEC_NS);
}

static void a_wait_takes_what_the_script_says_to_the_nanosecond(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_P });
	play(st, wait_as_told, NULL);
}

static void lose_one(struct stage *st, void *arg)
{
	struct host *alice = stage_host(st, ALICE), *bob = stage_host(st, BOB);

	(void)arg;
	(void)stage_capture(st, alice);
	struct connection c = stage_connect(st, alice, bob, 7001);
	(void)wire_rule(stage_wire(st, 0), &(struct wire_rule){
		.ports = from_host(alice), .kinds = WIRE_DATA, .count = 1, .action = WIRE_DROP });
	host_send_fill(st, c.client, 100);
	stage_await(st, alice, WIRE_DATA, 5 * SEC_NS);
}

static void a_kernels_timer_is_waited_for_and_its_time_stands_on_the_grid(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_P });
	play(st, lose_one, NULL);
	const struct seen *sent[3];
	struct wanted data = { .from = FROM_INITIATOR, .with_data = true };

	assert_int_equal(capture_all(at(st, ALICE), &data, sent, 3), 2);
	assert_true(sent[0]->did & WIRE_DROPPED);
	assert_true(sent[0]->moment.lost);
	assert_int_equal(sent[1]->moment.why, TCP_WHY_TIMEOUT);
	assert_int_equal(sent[1]->cause, CAUSE_TIMER);
	/* RFC 6298 2.4 has 1 s at least; Linux 200 ms (TCP_RTO_MIN), and a multiple of 20 ms here. */
	uint64_t waited = sent[1]->unix_ns - sent[0]->unix_ns;
	assert_in_range(waited, 200 * MSEC_NS, 400 * MSEC_NS);
	assert_int_equal(waited % (20 * MSEC_NS), 0);
}

static void in_vain(struct stage *st, void *arg)
{
	(void)arg;
	stage_await(st, stage_host(st, ALICE), WIRE_SYN, 50 * MSEC_NS);
}

static void a_wait_in_vain_ends_the_experiment_and_says_for_whom(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_P });

	assert_int_equal(stage_play(st, in_vain, NULL), -1);
	assert_non_null(strstr(stage_error(st), "alice did not send"));
}

/* ---- what goes wrong ------------------------------------------------------------------------------ */

static void accept_nobody(struct stage *st, void *arg)
{
	(void)arg;
	(void)host_accept(st, host_listen(st, stage_host(st, BOB), 7001));
}

static void a_call_that_the_kernel_refuses_ends_the_experiment_and_is_named(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_P });

	assert_int_equal(stage_play(st, accept_nobody, NULL), -1);
	assert_string_equal(stage_error(st), "bob: accept(): Resource temporarily unavailable");
	assert_string_equal(stage_now(st), "bob: accept()");
}

static void write_too_much(struct stage *st, void *arg)
{
	struct connection c = stage_connect(st, stage_host(st, ALICE), stage_host(st, BOB), 7001);

	(void)arg;
	host_send_fill(st, c.client, 10000000);
}

static void a_write_that_the_kernel_takes_in_part_only_is_told(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_P });

	assert_int_equal(stage_play(st, write_too_much, NULL), -1);
	assert_non_null(strstr(stage_error(st), "alice: send(10000000): the kernel took"));
}

static void speak_to_carol(struct stage *st, void *arg)
{
	(void)arg;
	(void)stage_host(st, CAROL);
}

static void a_host_that_is_not_in_the_picture_is_told(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_P });

	assert_int_equal(stage_play(st, speak_to_carol, NULL), -1);
	assert_string_equal(stage_error(st), "there is no host 2 in this network");
}

/* ---- pictures -------------------------------------------------------------------------------------- */

static void datagram_to_bob(struct stage *st, void *arg)
{
	struct host *alice = stage_host(st, ALICE), *bob = stage_host(st, BOB);

	(void)arg;
	for (unsigned i = ALICE; i <= CAROL; i++)
		(void)stage_capture(st, stage_host(st, i));
	int a = host_socket(st, alice, SOCK_DGRAM), b = host_socket(st, bob, SOCK_DGRAM);
	host_bind(st, a, 5000);
	host_bind(st, b, 5000);
	host_send_to(st, a, bob, 5000, "ping", 4);
	stage_run(st);
	host_send_to(st, b, alice, 5000, "pong", 4);
}

static void a_switch_carries_to_one_what_it_knows_and_to_all_what_is_for_all(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_S,
								   .asks = true });
	play(st, datagram_to_bob, NULL);

	/* carol hears the question, which is for all, and nothing else. */
	assert_int_equal(at(st, CAROL)->n, 1);
	assert_int_equal(at(st, CAROL)->frame[0].pkt.arp.op, ARP_REQUEST);
	assert_int_equal(at(st, CAROL)->frame[0].caplen, 42);
	assert_int_equal(at(st, BOB)->n, 4);
	assert_int_equal(count(at(st, BOB), PKT_UDP), 2);
}

static void a_hub_carries_everything_to_everybody(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_H,
								   .asks = true });
	play(st, datagram_to_bob, NULL);

	assert_int_equal(at(st, CAROL)->n, 4);
	assert_int_equal(at(st, BOB)->n, 4);
}

static void through_the_router(struct stage *st, void *arg)
{
	struct host *alice = stage_host(st, ALICE), *bob = stage_host(st, BOB);

	(void)arg;
	(void)stage_capture(st, alice);
	(void)stage_capture(st, bob);
	struct connection c = stage_connect(st, alice, bob, 7001);
	host_send(st, c.client, "x", 1);
	stage_run(st);
	(void)host_receive_all(st, c.server);
}

static void a_router_changes_macs_ttl_and_sum_and_nothing_else(void **state)
{
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_R });
	play(st, through_the_router, NULL);
	const struct seen *a = &at(st, ALICE)->frame[3], *b = &at(st, BOB)->frame[3];

	assert_int_equal(a->moment.payload, 1);
	assert_int_equal(a->caplen, b->caplen);
	assert_memory_not_equal(a->data, b->data, 12);
	assert_int_equal(a->pkt.ip4.ttl, 64);
	assert_int_equal(b->pkt.ip4.ttl, 63);
	assert_int_not_equal(a->pkt.ip4.checksum, b->pkt.ip4.checksum);
	for (size_t i = 14; i < a->caplen; i++)
		if (i != 22 && i != 24 && i != 25)	/* TTL, header checksum */
			assert_int_equal(a->data[i], b->data[i]);
}

/* ---- sealed ------------------------------------------------------------------------------------------ */

static void reach_out(struct stage *st, void *arg)
{
	struct host *alice = stage_host(st, ALICE);
	uint16_t port = *(uint16_t *)arg;

	for (size_t i = 0; i < n_outside; i++) {
		struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port),
					   .sin_addr = outside[i] };
		int fd = host_socket(st, alice, SOCK_STREAM);
		int rc = connect(fd, (struct sockaddr *)&sin, sizeof(sin)), e = errno;
		stage_run(st);
		/* 127.0.0.1 is alice's own, where nobody listens; there is no way to the others. */
		if (rc == 0 || (e != ENETUNREACH && e != ECONNREFUSED && e != EINPROGRESS))
			stage_fail(st, "connect: %d, %s", rc, strerror(e));
		if (e == EINPROGRESS && host_error(st, fd) != ECONNREFUSED)
			stage_fail(st, "somebody may be there");
		host_close(st, fd);
	}
}

static void no_host_reaches_the_machine_on_which_it_is(void **state)
{
	/* A service of this process outside the stage: in the namespace that alice was made from. */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	struct stage *st = begin(state, &(struct network_config){ .topology = TOPOLOGY_P });

	assert_return_code(bind(fd, (struct sockaddr *)&sin, len), errno);
	assert_return_code(listen(fd, 1), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&sin, &len), errno);
	uint16_t port = ntohs(sin.sin_port);
	assert_true(n_outside >= 1);
	play(st, reach_out, &port);
	(void)close(fd);
}

static void remember_outside(void)
{
	struct ifaddrs *list;

	if (getifaddrs(&list) < 0)
		return;
	for (struct ifaddrs *i = list; i && n_outside < 64; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET)
			outside[n_outside++] = ((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr;
	freeifaddrs(list);
}

#define ON_BOTH(test) \
	{ #test " (tap)", test, NULL, end, &on_tap }, \
	{ #test " (veth)", test, NULL, end, &on_veth }

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_call_returns_at_once_and_its_frames_move_when_the_stage_runs),
		ON_BOTH(the_same_experiment_gives_the_same_bytes_at_the_same_times),
		ON_BOTH(no_segment_is_larger_than_a_wire_carries_and_all_sums_are_right),
		ON_BOTH(hosts_that_nobody_tells_to_speak_are_silent),
		ON_BOTH(a_wait_takes_what_the_script_says_to_the_nanosecond),
		ON_BOTH(a_kernels_timer_is_waited_for_and_its_time_stands_on_the_grid),
		ON_BOTH(a_wait_in_vain_ends_the_experiment_and_says_for_whom),
		ON_BOTH(a_call_that_the_kernel_refuses_ends_the_experiment_and_is_named),
		ON_BOTH(a_write_that_the_kernel_takes_in_part_only_is_told),
		ON_BOTH(a_host_that_is_not_in_the_picture_is_told),
		ON_BOTH(a_switch_carries_to_one_what_it_knows_and_to_all_what_is_for_all),
		ON_BOTH(a_hub_carries_everything_to_everybody),
		ON_BOTH(a_router_changes_macs_ttl_and_sum_and_nothing_else),
		ON_BOTH(no_host_reaches_the_machine_on_which_it_is),
	};

	(void)plan_init(&plan, PLAN_SEED_PUBLIC);
	remember_outside();
	if (netns_available(refusal)) {
		*refusal = '\0';
		if (netspace_enter_private(0, refusal) < 0) {
			(void)fprintf(stderr, "%s\n", refusal);
			return 1;
		}
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
