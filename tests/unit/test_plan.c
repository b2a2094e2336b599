/* What a seed decides, and texts in which its numbers stand. */
#include "told.h"

#include "wirelab/lab.h"

#define SEEDS 200u

static struct plan plan_of(const char *seed)
{
	struct plan p;

	assert_true(plan_init(&p, seed));
	return p;
}

/* Seed i of a class of learners. */
static struct plan learner(unsigned i)
{
	char seed[32];

	(void)snprintf(seed, sizeof(seed), "learner-%u", i);
	return plan_of(seed);
}

/* ---- seeds ------------------------------------------------------------------------------ */

static void a_seed_is_1_to_63_letters_digits_and_four_marks(void **state)
{
	static const char *const bad[] = { "", "a b", "a/b", "a,b", "\xc3\xa4", "a\n", "{", "a\x7f" };
	char longest[PLAN_SEED_MAX + 2];
	struct plan p;

	(void)state;
	assert_true(plan_init(&p, "a"));
	assert_true(plan_init(&p, "azAZ09-_.@"));
	assert_string_equal(p.seed, "azAZ09-_.@");
	memset(longest, 'x', sizeof(longest));
	longest[PLAN_SEED_MAX] = '\0';
	assert_true(plan_init(&p, longest));
	assert_string_equal(p.seed, longest);
	longest[PLAN_SEED_MAX] = 'x';
	longest[PLAN_SEED_MAX + 1] = '\0';
	assert_false(plan_init(&p, longest));
	for (size_t i = 0; i < LENGTH(bad); i++)
		assert_false(plan_init(&p, bad[i]));
	/* A plan that was good stays as it was. */
	longest[PLAN_SEED_MAX] = '\0';
	assert_string_equal(p.seed, longest);
}

static void only_the_word_public_is_the_public_seed(void **state)
{
	struct plan p = plan_of("public"), other = plan_of("Public"), more = plan_of("public2");

	(void)state;
	assert_true(plan_is_public(&p));
	assert_false(plan_is_public(&other));
	assert_false(plan_is_public(&more));
}

/* ---- the public plan ---------------------------------------------------------------------- */

static void with_the_public_seed_everything_is_as_the_texts_say(void **state)
{
	struct plan p = plan_of(PLAN_SEED_PUBLIC);

	(void)state;
	assert_int_equal(plan_number(&p, "anything", 10, 5, 100), 10);
	assert_ip(plan_ip(&p, 0, 0), addr("10.0.0.1"));
	assert_ip(plan_ip(&p, 0, 1), addr("10.0.0.2"));
	assert_ip(plan_ip(&p, 0, 2), addr("10.0.0.3"));
	assert_ip(plan_ip(&p, 0, 3), addr("10.0.0.4"));
	assert_ip(plan_ip(&p, 1, 1), addr("10.1.0.2"));
	assert_mac(plan_mac(&p, 0, 0), hw("02:00:00:00:00:01"));
	assert_mac(plan_mac(&p, 0, 3), hw("02:00:00:00:00:04"));
	assert_mac(plan_mac(&p, 1, 1), hw("02:00:00:00:01:02"));
	assert_int_equal(plan_client_port(&p, 0), 40001);
	assert_int_equal(plan_client_port(&p, 1), 40002);
	assert_int_equal(plan_service_port(&p, 0), 7001);
	assert_int_equal(plan_service_port(&p, 1), 7002);
	assert_int_equal(plan_initiator_isn(&p, 0), 1000);
	assert_int_equal(plan_initiator_isn(&p, 1), 2000);
	assert_int_equal(plan_responder_isn(&p), 50000);
}

/* ---- other seeds ---------------------------------------------------------------------------- */

/* Learners compare their answers between machines: a plan may never change again. */
static void a_seed_gives_the_same_plan_on_every_machine(void **state)
{
	struct plan p = plan_of("learner-1");

	(void)state;
	assert_int_equal(plan_number(&p, "writes", 10, 0, UINT32_MAX), UINT32_C(657949258));
	assert_ip(plan_ip(&p, 0, 0), addr("10.16.16.173"));
	assert_mac(plan_mac(&p, 0, 0), hw("02:00:33:4e:00:01"));
	assert_int_equal(plan_client_port(&p, 0), 35624);
	assert_int_equal(plan_service_port(&p, 0), 14663);
	assert_int_equal(plan_initiator_isn(&p, 0), UINT32_C(2472253068));
	assert_int_equal(plan_responder_isn(&p), UINT32_C(389989938));
}

static void two_seeds_give_two_plans_and_one_seed_one(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SEEDS; i++) {
		struct plan p = learner(i), again = learner(i), next = learner(i + 1);
		assert_int_equal(plan_number(&p, "n", 1, 0, UINT32_MAX),
				 plan_number(&again, "n", 1, 0, UINT32_MAX));
		assert_int_not_equal(plan_number(&p, "n", 1, 0, UINT32_MAX),
				     plan_number(&next, "n", 1, 0, UINT32_MAX));
		assert_false(ip4_equal(plan_ip(&p, 0, 0), plan_ip(&next, 0, 0)));
	}
}

static void a_number_is_drawn_by_its_name_alone(void **state)
{
	struct plan p = plan_of("class-7"), joined = plan_of("class-7n");

	(void)state;
	assert_int_not_equal(plan_number(&p, "writes", 1, 0, UINT32_MAX),
			     plan_number(&p, "bytes", 1, 0, UINT32_MAX));
	/* What is usual plays no part in it. */
	assert_int_equal(plan_number(&p, "writes", 1, 0, UINT32_MAX),
			 plan_number(&p, "writes", 9, 0, UINT32_MAX));
	/* Where the seed ends and the name begins makes a difference. */
	assert_int_not_equal(plan_number(&p, "name", 1, 0, UINT32_MAX),
			     plan_number(&joined, "ame", 1, 0, UINT32_MAX));
}

static void every_number_of_a_range_is_drawn_about_as_often(void **state)
{
	enum { LO = 7, HI = 16, DRAWN = 10000 };
	unsigned times[HI + 1] = { 0 };

	(void)state;
	for (unsigned i = 0; i < DRAWN; i++) {
		struct plan p = learner(i);
		uint32_t n = plan_number(&p, "n", 0, LO, HI);
		assert_in_range(n, LO, HI);
		times[n]++;
	}
	/* Ten numbers, a thousand times each; the deviation is thirty. */
	for (unsigned n = LO; n <= HI; n++)
		assert_in_range(times[n], 850, 1150);
}

static void a_range_may_be_one_number_or_all_there_are(void **state)
{
	bool low = false, high = false;

	(void)state;
	for (unsigned i = 0; i < SEEDS; i++) {
		struct plan p = learner(i);
		uint32_t n = plan_number(&p, "all", 0, 0, UINT32_MAX);
		assert_int_equal(plan_number(&p, "one", 0, 5, 5), 5);
		assert_int_equal(plan_number(&p, "last", 0, UINT32_MAX, UINT32_MAX), UINT32_MAX);
		low |= n < UINT32_MAX / 4;
		high |= n > UINT32_MAX / 4 * 3;
	}
	assert_true(low && high);
}

/* The other side of a router is another network, and no host is at a network's first or last. */
static void no_two_hosts_and_no_two_networks_have_the_same_address(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10 * SEEDS; i++) {
		struct plan p = learner(i);
		for (unsigned a = 0; a < 2 * PLAN_HOSTS; a++) {
			struct ip4 ip = plan_ip(&p, a / PLAN_HOSTS, a % PLAN_HOSTS);
			struct mac mac = plan_mac(&p, a / PLAN_HOSTS, a % PLAN_HOSTS);
			assert_int_equal(ip.b[0], 10);
			assert_in_range(ip.b[3], 1, 254);
			assert_int_equal(mac.b[0], 2);
			for (unsigned b = 0; b < a; b++) {
				struct ip4 its = plan_ip(&p, b / PLAN_HOSTS, b % PLAN_HOSTS);
				assert_false(ip4_equal(ip, its));
				assert_false(mac_equal(mac, plan_mac(&p, b / PLAN_HOSTS,
								     b % PLAN_HOSTS)));
				assert_int_equal(memcmp(ip.b, its.b, 3) == 0,
						 a / PLAN_HOSTS == b / PLAN_HOSTS);
			}
		}
	}
}

/* Labs have at most a few hundred connections and a few services. */
static void ports_follow_each_other_and_never_meet(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10 * SEEDS; i++) {
		struct plan p = learner(i);
		uint16_t client = plan_client_port(&p, 0), service = plan_service_port(&p, 0);
		assert_in_range(service, 1024, 32000);
		assert_in_range(client, 32768, UINT16_MAX - 1000);
		assert_int_equal(plan_client_port(&p, 1000), client + 1000);
		assert_int_equal(plan_service_port(&p, 9), service + 9);
	}
}

static void numbers_of_connections_begin_a_thousand_apart(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SEEDS; i++) {
		struct plan p = learner(i);
		assert_int_equal(plan_initiator_isn(&p, 3), plan_initiator_isn(&p, 0) + 3000);
		assert_true(plan_initiator_isn(&p, 0) >= 1000);
		assert_true(plan_responder_isn(&p) >= 1000);
	}
}

/* ---- texts ------------------------------------------------------------------------------------ */

static const struct lab_number numbers[] = {
	{ "writes", 10, 5, 10 },
	{ "size", 1460, 1000, 3000 },
	{ 0 }
};
static const struct lab cabled = { .topology = TOPOLOGY_P, .numbers = numbers };
static const struct lab routed = { .topology = TOPOLOGY_R, .numbers = numbers };
static const struct lab numberless = { .topology = TOPOLOGY_P };

static struct lesson lesson_of(const struct lab *lab, const char *seed)
{
	return (struct lesson){ .lab = lab, .plan = plan_of(seed) };
}

/* As it is told with the public seed. */
static const char *told(const struct lab *lab, const char *text)
{
	static char buf[256];
	struct lesson l = lesson_of(lab, PLAN_SEED_PUBLIC);
	struct txt t = txt_over(buf, sizeof(buf));

	lesson_text(&t, &l, text);
	assert_false(t.cut);
	return buf;
}

static void a_lesson_knows_its_own_numbers(void **state)
{
	struct lesson l = lesson_of(&cabled, PLAN_SEED_PUBLIC), none = lesson_of(&numberless, "x");

	(void)state;
	assert_int_equal(lesson_number(&l, "writes"), 10);
	assert_int_equal(lesson_number(&l, "size"), 1460);
	assert_int_equal(lesson_number(&l, "writ"), 0);
	assert_int_equal(lesson_number(&none, "writes"), 0);
	assert_int_equal(lesson_port(&l, 2), 7003);
	for (unsigned i = 0; i < SEEDS; i++) {
		l.plan = learner(i);
		assert_in_range(lesson_number(&l, "writes"), 5, 10);
		assert_in_range(lesson_number(&l, "size"), 1000, 3000);
	}
}

static void names_in_braces_become_numbers_addresses_and_ports(void **state)
{
	(void)state;
	assert_string_equal(told(&cabled, "{writes} of {size} bytes"), "10 of 1,460 bytes");
	assert_string_equal(told(&cabled, "{alice}{bob} {carol},{router}"),
			    "10.0.0.110.0.0.2 10.0.0.3,10.0.0.4");
	assert_string_equal(told(&cabled, "to port {port0} or {port9}"), "to port 7001 or 7010");
	assert_string_equal(told(&cabled, "写入 {writes} 次"), "写入 10 次");
	assert_string_equal(told(&numberless, "from {alice}"), "from 10.0.0.1");
	assert_string_equal(told(&cabled, ""), "");
}

static void behind_a_router_bob_is_on_the_other_network(void **state)
{
	struct lesson l = lesson_of(&routed, PLAN_SEED_PUBLIC);

	(void)state;
	assert_string_equal(told(&routed, "{alice} {router} {bob}"), "10.0.0.1 10.0.0.4 10.1.0.2");
	assert_string_equal(lesson_host_name(&l, addr("10.1.0.2")), "bob");
	assert_string_equal(lesson_host_name(&l, addr("10.0.0.4")), "router");
	assert_string_equal(lesson_host_name(&l, addr("10.1.0.4")), "router");
}

static void a_name_that_nobody_knows_stays_as_it_is(void **state)
{
	(void)state;
	assert_string_equal(told(&cabled, "{unknown} {} {Alice}"), "{unknown} {} {Alice}");
	assert_string_equal(told(&cabled, "{writes2} {write} { writes}"), "{writes2} {write} { writes}");
	assert_string_equal(told(&cabled, "{port} {port10} {portx} {port:}"),
			    "{port} {port10} {portx} {port:}");
	assert_string_equal(told(&numberless, "{writes}"), "{writes}");
}

static void braces_without_their_other_half_are_only_characters(void **state)
{
	(void)state;
	assert_string_equal(told(&cabled, "{writes"), "{writes");
	assert_string_equal(told(&cabled, "writes}"), "writes}");
	assert_string_equal(told(&cabled, "{"), "{");
	assert_string_equal(told(&cabled, "}{"), "}{");
	assert_string_equal(told(&cabled, "{a {writes}"), "{a 10");
	assert_string_equal(told(&cabled, "{{writes}}"), "{10}");
}

static void only_addresses_of_the_plan_are_hosts(void **state)
{
	struct lesson l = lesson_of(&cabled, PLAN_SEED_PUBLIC);

	(void)state;
	assert_string_equal(lesson_host_name(&l, addr("10.0.0.1")), "alice");
	assert_string_equal(lesson_host_name(&l, addr("10.0.0.2")), "bob");
	assert_string_equal(lesson_host_name(&l, addr("10.0.0.3")), "carol");
	assert_null(lesson_host_name(&l, addr("10.0.0.5")));
	assert_null(lesson_host_name(&l, addr("10.0.0.0")));
	assert_null(lesson_host_name(&l, addr("0.0.0.0")));
	/* On a cable there is no other side of a router. */
	assert_null(lesson_host_name(&l, addr("10.1.0.1")));
	l.plan = learner(1);
	assert_null(lesson_host_name(&l, addr("10.0.0.1")));
	assert_string_equal(lesson_host_name(&l, plan_ip(&l.plan, 0, 1)), "bob");
}

/* What does not fit is left out, but no character is cut, whatever the size. */
static void a_text_that_is_too_long_ends_with_a_whole_character(void **state)
{
	struct lesson l = lesson_of(&cabled, PLAN_SEED_PUBLIC);
	static const char text[] = "写入 {writes} 次，每次 {size} 字节";
	static const char all[] = "写入 10 次，每次 1,460 字节";
	char buf[sizeof(text)];

	(void)state;
	for (size_t size = 1; size < sizeof(all); size++) {
		struct txt t = txt_over(buf, size);
		lesson_text(&t, &l, text);
		assert_true(t.cut);
		assert_memory_equal(buf, all, t.len);
		/* Behind it a character begins. */
		assert_int_not_equal(all[t.len] & 0xc0, 0x80);
	}
}

static void a_lab_is_found_by_its_number_and_named_by_number_and_slug(void **state)
{
	char buf[LAB_NAME_MAX];

	(void)state;
	assert_null(lab_by_number(0));
	assert_null(lab_by_number(1000));
	for (const struct lab *const *lab = all_labs; *lab; lab++)
		assert_ptr_equal(lab_by_number((*lab)->nr), *lab);
	assert_string_equal(lab_name(lab_by_number(9), buf), "09-nagle");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_is_1_to_63_letters_digits_and_four_marks),
		cmocka_unit_test(only_the_word_public_is_the_public_seed),
		cmocka_unit_test(with_the_public_seed_everything_is_as_the_texts_say),
		cmocka_unit_test(a_seed_gives_the_same_plan_on_every_machine),
		cmocka_unit_test(two_seeds_give_two_plans_and_one_seed_one),
		cmocka_unit_test(a_number_is_drawn_by_its_name_alone),
		cmocka_unit_test(every_number_of_a_range_is_drawn_about_as_often),
		cmocka_unit_test(a_range_may_be_one_number_or_all_there_are),
		cmocka_unit_test(no_two_hosts_and_no_two_networks_have_the_same_address),
		cmocka_unit_test(ports_follow_each_other_and_never_meet),
		cmocka_unit_test(numbers_of_connections_begin_a_thousand_apart),
		cmocka_unit_test(a_lesson_knows_its_own_numbers),
		cmocka_unit_test(names_in_braces_become_numbers_addresses_and_ports),
		cmocka_unit_test(behind_a_router_bob_is_on_the_other_network),
		cmocka_unit_test(a_name_that_nobody_knows_stays_as_it_is),
		cmocka_unit_test(braces_without_their_other_half_are_only_characters),
		cmocka_unit_test(only_addresses_of_the_plan_are_hosts),
		cmocka_unit_test(a_text_that_is_too_long_ends_with_a_whole_character),
		cmocka_unit_test(a_lab_is_found_by_its_number_and_named_by_number_and_slug),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
