/* Lab 01, ARP: what is right passes, what is wrong is told where and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <linux/neighbour.h>
#include <stdio.h>
#include <string.h>

#include "lab_scene.h"
#include "wirelab/netlink.h"

extern const struct lab lab_arp;

static struct scene s;

/* At alice and bob, with the public seed: a question, its answer, then a datagram each way, thrice. */
enum { ASKED = 1, ANSWERED = 2, FIRST = 3, FIRST_BACK = 4, SECOND = 5, FRAMES = 8 };

static void play(void)
{
	scene_play(&s, &lab_arp, PLAN_SEED_PUBLIC, CARRIER_TAP);
}

static void one_question_for_all_and_one_answer_for_alice_on_either_carrier(void **state)
{
	(void)state;
	for (int carrier = CARRIER_TAP; carrier <= CARRIER_VETH; carrier++) {
		scene_play(&s, &lab_arp, PLAN_SEED_PUBLIC, (enum carrier_kind)carrier);
		scene_passes(&s);
		assert_int_equal(findings_count(&s.f, CLAIM_HOLDS), 7);
		assert_int_equal(s.whole.at[ALICE]->n, FRAMES);
		assert_int_equal(s.whole.at[CAROL]->n, 1);
		scene_end(&s);
	}
}

static void the_right_answers_are_those_of_the_text(void **state)
{
	const int64_t right[] = { 8, 1, 3, 42 };

	(void)state;
	play();
	scene_answers(&s, right, 4);
	scene_end(&s);
}

static void another_seed_has_other_numbers_and_passes(void **state)
{
	(void)state;
	scene_other_seeds(&s, &lab_arp, 0, 8, 5);
}

/* ---- what the hosts know afterwards ------------------------------------------------------------ */

static struct known { struct ip4 ip; struct mac mac; unsigned entries; bool usable; } known;

static void note(const struct neighbour *nb, void *arg)
{
	const uint16_t usable = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;

	(void)arg;
	if (ip4_is_multicast(nb->ip))
		return;
	known = (struct known){ nb->ip, nb->mac, known.entries + 1, nb->state & usable };
}

/* The kernel's table of that host: how many it holds, and the last of them. */
static void look_into_table(unsigned host)
{
	struct host *h = stage_host(s.st, host);
	char err[256];

	known = (struct known){ .entries = 0 };
	assert_int_equal(netspace_go_in(&h->space), 0);
	struct netctl *n = netctl_open(err);
	int rc = n ? netctl_neighbours(n, 0, note, NULL) : -1;
	if (n)
		netctl_close(n);
	netspace_go_home(&h->space);
	assert_int_equal(rc, 0);
}

static void expect_in_table(unsigned host, unsigned other)
{
	look_into_table(host);
	assert_int_equal(known.entries, 1);
	assert_true(known.usable);
	assert_true(ip4_equal(known.ip, plan_ip(&s.lesson.plan, 0, other)));
	assert_true(mac_equal(known.mac, plan_mac(&s.lesson.plan, 0, other)));
}

static void who_asked_and_who_was_asked_know_each_other_and_carol_knows_nobody(void **state)
{
	(void)state;
	play();
	expect_in_table(ALICE, BOB);
	expect_in_table(BOB, ALICE);
	look_into_table(CAROL);
	assert_int_equal(known.entries, 0);
	scene_end(&s);
}

static void only_a_question(struct stage *st, const struct lesson *l)
{
	int fd = host_socket(st, stage_host(st, ALICE), SOCK_DGRAM);

	/* bob has nothing to send, and so no reason of his own to know alice. */
	int bobs = host_socket(st, stage_host(st, BOB), SOCK_DGRAM);
	host_bind(st, bobs, lesson_port(l, 0));
	host_bind(st, fd, lesson_port(l, 1));
	host_send_to(st, fd, stage_host(st, BOB), lesson_port(l, 0), "x", 1);
}

static void bob_knows_alice_from_her_question_alone(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_arp, only_a_question);
	expect_in_table(BOB, ALICE);
	/* One packet, and none back: two claims cannot be judged. */
	assert_int_equal(findings_state(&s.f), CLAIM_HOLDS);
	assert_int_equal(findings_count(&s.f, CLAIM_ASIDE), 2);
	scene_end(&s);
}

/* ---- edits of the experiment ------------------------------------------------------------- */

static void bob_begins(struct stage *st, const struct lesson *l)
{
	int alices = host_socket(st, stage_host(st, ALICE), SOCK_DGRAM);
	int bobs = host_socket(st, stage_host(st, BOB), SOCK_DGRAM);

	host_bind(st, bobs, lesson_port(l, 0));
	host_bind(st, alices, lesson_port(l, 1));
	host_send_to(st, bobs, stage_host(st, ALICE), lesson_port(l, 1), "x", 1);
	stage_run(st);
	host_send_to(st, alices, stage_host(st, BOB), lesson_port(l, 0), "x", 1);
}

static void bob_asking_first_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_arp, bob_begins);
	scene_fails(&s, 0, "not in the capture: a request of alice's");
	scene_fails(&s, 1, "no request of bob's for alice's address");
	assert_int_equal(lab_arp.questions[2].right(&s.lesson, &s.e), 1);
	scene_end(&s);
}

static void hosts_that_know_each_other_from_the_start_fail(void **state)
{
	struct lab edited = lab_arp;

	(void)state;
	edited.asks = false;
	scene_play(&s, &edited, PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_fails(&s, 0, "not in the capture: a request of alice's");
	scene_end(&s);
}

static void a_hub_in_the_place_of_the_switch_fails(void **state)
{
	struct lab edited = lab_arp;

	(void)state;
	edited.topology = TOPOLOGY_H;
	scene_play(&s, &edited, PLAN_SEED_PUBLIC, CARRIER_TAP);
	scene_fails(&s, ANSWERED, "no reply to alice at carol's card");
	scene_end(&s);
}

static void the_answer_twice(struct stage *st, const struct lesson *l)
{
	(void)wire_rule(stage_wire(st, 0), &(struct wire_rule){
		.ports = from_host(stage_host(st, BOB)), .kinds = WIRE_ARP,
		.action = WIRE_DUPLICATE });
	lab_arp.run(st, l);
}

static void a_second_answer_fails(void **state)
{
	(void)state;
	scene_play_edited(&s, &lab_arp, the_answer_twice);
	scene_fails(&s, FIRST + 1, "replies: expected 1, seen 2");
	scene_end(&s);
}

/* ---- other captures ------------------------------------------------------------------------ */

static void an_answer_that_was_not_captured_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, without_frame, &(uint64_t){ ANSWERED });
	scene_fails(&s, 0, "not in the capture: a reply of bob's");
	scene_end(&s);
}

/* These bytes at that place of that frame. */
struct change { uint64_t index; size_t at; struct mac mac; };

static bool changed(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	const struct change *c = arg;

	(void)frame;
	if (index == c->index)
		memcpy(data + c->at, c->mac.b, sizeof(c->mac.b));
	return true;
}

static const struct mac somebody = { { 2, 0, 0, 0, 0, 9 } };

static void a_question_to_one_host_alone_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, changed, &(struct change){ ASKED, 0, plan_mac(&s.lesson.plan, 0, BOB) });
	scene_fails(&s, ASKED, "it goes to ff:ff:ff:ff:ff:ff");
	scene_end(&s);
}

static void an_answer_to_everybody_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, changed, &(struct change){ ANSWERED, 0, MAC_BROADCAST });
	scene_fails(&s, ANSWERED, "it goes to alice's MAC");
	scene_end(&s);
}

static void an_answer_with_a_strangers_mac_fails(void **state)
{
	(void)state;
	play();
	/* The sender's MAC, 8 bytes into the message. */
	scene_edit(&s, ALICE, changed, &(struct change){ ANSWERED, 14 + 8, somebody });
	scene_fails(&s, ANSWERED, "the MAC in it is bob's");
	scene_end(&s);
}

static bool padded(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	(void)arg;
	if (index == ASKED) {
		memset(data + frame->caplen, 0, 60 - frame->caplen);
		frame->caplen = frame->wirelen = 60;
	}
	return true;
}

static void a_question_that_is_padded_already_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, padded, NULL);
	scene_fails(&s, ASKED, "bytes of the frame: expected 42, seen 60");
	scene_end(&s);
}

/* The question once more, in the place of the second datagram. */
static bool asked_again(void *arg, uint64_t index, struct capture_frame *frame, uint8_t *data)
{
	const struct seen *question = capture_frame(s.whole.at[ALICE], ASKED);

	(void)arg;
	if (index == SECOND) {
		memcpy(data, question->data, question->caplen);
		frame->caplen = frame->wirelen = question->caplen;
	}
	return true;
}

static void a_second_question_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, asked_again, NULL);
	scene_fails(&s, SECOND, "requests: expected 1, seen 2");
	scene_end(&s);
}

/* The datagram that waited stands before the answer. */
static bool first_where_the_answer_was(void *arg, uint64_t index, struct capture_frame *frame,
				       uint8_t *data)
{
	uint64_t other = index == ANSWERED ? FIRST : index == FIRST ? ANSWERED : index;
	const struct seen *it = capture_frame(s.whole.at[ALICE], other);

	(void)arg;
	memcpy(data, it->data, it->caplen);
	frame->caplen = frame->wirelen = it->caplen;
	return true;
}

static void a_datagram_that_does_not_wait_for_the_answer_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, first_where_the_answer_was, NULL);
	scene_fails(&s, ANSWERED, "the reply before the first packet");
	scene_end(&s);
}

static void a_capture_of_carols_without_the_question_fails(void **state)
{
	(void)state;
	play();
	scene_edit(&s, CAROL, without_frame, &(uint64_t){ 1 });
	scene_fails(&s, 0, "requests at carol's card: expected 1, seen 0");
	scene_end(&s);
}

/* ---- captures that are not there ---------------------------------------------------------------- */

static void what_only_carol_can_show_is_set_aside_without_her_capture(void **state)
{
	(void)state;
	play();
	scene_without(&s, CAROL);
	assert_int_equal(findings_state(&s.f), CLAIM_HOLDS);
	assert_int_equal(findings_count(&s.f, CLAIM_ASIDE), 1);
	s.whole.at[BOB] = NULL;
	scene_without(&s, CAROL);
	assert_int_equal(findings_state(&s.f), CLAIM_HOLDS);
	assert_int_equal(findings_count(&s.f, CLAIM_ASIDE), 2);
	scene_end(&s);
}

static void a_capture_of_something_else_is_not_judged(void **state)
{
	(void)state;
	play();
	scene_edit(&s, ALICE, from_frame_on_nothing, &(uint64_t){ ASKED });
	assert_int_equal(findings_state(&s.f), CLAIM_ASIDE);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_question_for_all_and_one_answer_for_alice_on_either_carrier),
		cmocka_unit_test(the_right_answers_are_those_of_the_text),
		cmocka_unit_test(another_seed_has_other_numbers_and_passes),
		cmocka_unit_test(who_asked_and_who_was_asked_know_each_other_and_carol_knows_nobody),
		cmocka_unit_test(bob_knows_alice_from_her_question_alone),
		cmocka_unit_test(bob_asking_first_fails),
		cmocka_unit_test(hosts_that_know_each_other_from_the_start_fail),
		cmocka_unit_test(a_hub_in_the_place_of_the_switch_fails),
		cmocka_unit_test(a_second_answer_fails),
		cmocka_unit_test(an_answer_that_was_not_captured_fails),
		cmocka_unit_test(a_question_to_one_host_alone_fails),
		cmocka_unit_test(an_answer_to_everybody_fails),
		cmocka_unit_test(an_answer_with_a_strangers_mac_fails),
		cmocka_unit_test(a_question_that_is_padded_already_fails),
		cmocka_unit_test(a_second_question_fails),
		cmocka_unit_test(a_datagram_that_does_not_wait_for_the_answer_fails),
		cmocka_unit_test(a_capture_of_carols_without_the_question_fails),
		cmocka_unit_test(what_only_carol_can_show_is_set_aside_without_her_capture),
		cmocka_unit_test(a_capture_of_something_else_is_not_judged),
	};

	return SCENE_MAIN(tests);
}
