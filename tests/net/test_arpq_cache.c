/*
 * The cache as the tool meets it: whatever lies where the file should be, an answer is
 * given; and whatever became of the link, of the boot or of the clock, an old answer is
 * not taken for a new one.
 */
#include "arpq_world.h"

#include <sys/mount.h>
#include <sys/stat.h>

/* ---- a file that is not what it should be ---------------------------------------- */

/* The answer, status 0, and one line with the reason, whatever lies at CACHE. */
static void expect_answer_and(struct testnet *net, const char *reason)
{
	struct runresult r = arpq(net, "10.60.0.2");

	expect_exit(&r, 0);
	expect_out(&r, "02:00:00:00:0b:01");
	expect_out_lacks(&r, "cached");
	expect_err(&r, reason);
	assert_int_equal(lines_in(r.err), 1);
	runresult_free(&r);
}

static void make_dir(void)
{
	assert_int_equal(mkdir("/run/arpq", 0755), 0);
}

static void a_symbolic_link_is_not_followed(void **state)
{
	struct testnet *net = net_of(state);
	char *text;
	size_t len;

	make_dir();
	put_file("/run/precious", "do not touch\n", 13);
	assert_int_equal(symlink("/run/precious", CACHE), 0);
	expect_answer_and(net, "is a symbolic link");
	text = get_file("/run/precious", &len);
	assert_string_equal(text, "do not touch\n");
	free(text);
}

static void a_fifo_does_not_block(void **state)
{
	struct testnet *net = net_of(state);

	make_dir();
	assert_int_equal(mkfifo(CACHE, 0600), 0);
	expect_answer_and(net, "is a FIFO");
}

static void a_directory_is_left_alone(void **state)
{
	struct testnet *net = net_of(state);

	make_dir();
	assert_int_equal(mkdir(CACHE, 0755), 0);
	expect_answer_and(net, "is a directory");
}

static void a_file_of_something_else_is_left_alone(void **state)
{
	struct testnet *net = net_of(state);
	char *text;
	size_t len;

	make_dir();
	put_file(CACHE, "my diary\n", 9);
	expect_answer_and(net, "is not a cache of arpq");
	text = get_file(CACHE, &len);
	assert_string_equal(text, "my diary\n");
	free(text);
	/* Nor is anything put beside it: /etc/passwd.lock would keep others out. */
	assert_int_equal(access(CACHE ".lock", F_OK), -1);
	assert_int_equal(access(CACHE ".asked", F_OK), -1);
}

static void a_file_that_others_may_write_is_refused(void **state)
{
	struct testnet *net = net_of(state);

	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	assert_int_equal(chmod(CACHE, 0666), 0);
	expect_answer_and(net, "can be written by others");
}

static void a_file_of_another_user_is_refused(void **state)
{
	struct testnet *net = net_of(state);

	if (!was_root(state))
		skip_aloud("only root can give a file away");
	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	assert_int_equal(chown(CACHE, 1234, 1234), 0);
	expect_answer_and(net, "belongs to user 1234");
}

static void a_file_cut_short_anywhere_is_mended_by_the_next_answer(void **state)
{
	struct testnet *net = net_of(state);
	char *text;
	size_t len;

	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	text = get_file(CACHE, &len);
	for (size_t i = 1; i <= 3; i++) {
		put_file(CACHE, text, len * i / 4);
		expect_answer_and(net, CACHE);
		arpq_says(net, "10.60.0.2", 0, "cached", NULL);
	}
	free(text);
}

static void a_flipped_bit_is_noticed_and_never_an_answer(void **state)
{
	struct testnet *net = net_of(state);
	char *text;
	size_t len, mac;

	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	text = get_file(CACHE, &len);
	mac = (size_t)(strstr(text, "02:00:00:00:0b:01") - text);
	/* In the MAC, and in the header. */
	for (int i = 0; i < 2; i++) {
		text[i == 0 ? mac + 16 : 13] ^= 2;
		put_file(CACHE, text, len);
		text[i == 0 ? mac + 16 : 13] ^= 2;
		arpq_says(net, "--cache", 3, NULL, CACHE);
		expect_answer_and(net, CACHE);
		arpq_says(net, "10.60.0.2", 0, "cached", NULL);
	}
	free(text);
}

static void a_directory_that_cannot_be_written_costs_no_answer(void **state)
{
	struct testnet *net = net_of(state);

	make_dir();
	assert_int_equal(mount("tmpfs", "/run/arpq", "tmpfs", 0, "size=64k,mode=755"), 0);
	assert_int_equal(mount(NULL, "/run/arpq", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	expect_answer_and(net, "Read-only file system");
	arpq_says(net, "--cache-file /run/none/cache 10.60.0.3 -t 50ms", 1, "no answer",
		  "its directory does not exist");
}

static void a_read_only_cache_is_still_read(void **state)
{
	struct testnet *net = net_of(state);

	make_dir();
	assert_int_equal(mount("tmpfs", "/run/arpq", "tmpfs", 0, "size=64k,mode=755"), 0);
	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	assert_int_equal(mount(NULL, "/run/arpq", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	arpq_says(net, "10.60.0.2", 0, "cached", NULL);
}

/* ---- another boot, another clock ------------------------------------------------- */

static void expect_asked_anew(struct testnet *net)
{
	struct tap_counter far = tap_at(net, SIDE_SERVER, TAP_INCOMING);
	struct runresult r = arpq(net, "10.60.0.2");

	expect_exit(&r, 0);
	expect_out_lacks(&r, "cached");
	expect_out(&r, "02:00:00:00:0b:01");
	assert_int_equal(requests_for(&far, SERVER_IP), 1);
	runresult_free(&r);
	tap_close(&far);
}

static void answers_from_before_the_last_boot_are_void_and_nothing_is_said(void **state)
{
	struct testnet *net = net_of(state);
	const char *id = "11111111-2222-3333-4444-555555555555\n";

	arpq_says(net, "10.60.0.2 --ttl 1h", 0, "02:00:00:00:0b:01", NULL);
	arpq_says(net, "10.60.0.2 --ttl 1h", 0, "cached", NULL);
	put_file("/run/boot_id", id, strlen(id));
	assert_int_equal(mount("/run/boot_id", "/proc/sys/kernel/random/boot_id", NULL, MS_BIND,
			       NULL), 0);
	arpq_says(net, "--cache", 0, NULL, "boot");
	expect_asked_anew(net);
	arpq_says(net, "10.60.0.2", 0, "cached", NULL);
}

/* arpq with CLOCK_BOOTTIME moved by so many seconds (time_namespaces(7)). */
static struct runresult arpq_in_time(struct testnet *net, const char *offset, const char *args)
{
	struct runresult r;
	char command[512];
	struct args a;

	args_of(&a, "");
	snprintf(command, sizeof(command), "exec unshare --time --boottime %s --fork '%s' %s", offset,
		 a.v[0], args);
	must(net, testnet_run(net, SIDE_CLIENT, ARGV("sh", "-c", command), &r));
	return r;
}

static void a_clock_that_jumps_by_years_revives_nothing(void **state)
{
	struct testnet *net = net_of(state);
	struct runresult r;

	need_program("unshare");
	r = arpq_in_time(net, "315360000", "--version");
	if (r.status != 0)
		skip_aloud("no time namespaces here");
	runresult_free(&r);
	/* Ten years ahead it has expired. */
	arpq_says(net, "10.60.0.2 --ttl 1h", 0, "02:00:00:00:0b:01", NULL);
	r = arpq_in_time(net, "315360000", "10.60.0.2 --ttl 1h");
	expect_exit(&r, 0);
	expect_out_lacks(&r, "cached");
	runresult_free(&r);
	/* What was learned in the future is, now, from the future. */
	r = arpq(net, "10.60.0.2 --ttl 1h");
	expect_exit(&r, 0);
	expect_out_lacks(&r, "cached");
	expect_out(&r, "02:00:00:00:0b:01");
	assert_true(r.wall_ns < 3 * SEC_NS);
	runresult_free(&r);
	arpq_says(net, "10.60.0.2", 0, "cached", NULL);
}

/* ---- another link ---------------------------------------------------------------- */

static void an_answer_does_not_outlive_the_carrier(void **state)
{
	struct testnet *net = net_of(state);

	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	must(net, testnet_link_up(net, SIDE_SERVER, SERVER_IF, false));
	must(net, testnet_link_wait(net, SIDE_CLIENT, CLIENT_IF, false, 3 * SEC_NS));
	must(net, testnet_link_up(net, SIDE_SERVER, SERVER_IF, true));
	must(net, testnet_link_wait(net, SIDE_CLIENT, CLIENT_IF, true, 3 * SEC_NS));
	struct runresult r = arpq(net, "--cache");
	expect_exit(&r, 0);
	expect_err(&r, "1 entry of other links");
	expect_err_lacks(&r, "is empty");
	runresult_free(&r);
	expect_asked_anew(net);
}

static void an_answer_does_not_outlive_our_own_mac(void **state)
{
	struct testnet *net = net_of(state);

	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	must(net, testnet_link_set_mac(net, SIDE_CLIENT, CLIENT_IF, RIVAL_MAC));
	expect_asked_anew(net);
}

static void a_remembered_silence_does_not_outlive_the_carrier_either(void **state)
{
	struct testnet *net = net_of(state);

	arpq_says(net, "-c 1 10.60.0.9", 1, "no answer to 1 request", NULL);
	must(net, testnet_link_up(net, SIDE_SERVER, SERVER_IF, false));
	must(net, testnet_address_add(net, SIDE_SERVER, (struct ip4){ { 10, 60, 0, 9 } }, 32));
	must(net, testnet_link_up(net, SIDE_SERVER, SERVER_IF, true));
	must(net, testnet_link_wait(net, SIDE_CLIENT, CLIENT_IF, true, 3 * SEC_NS));
	arpq_says(net, "10.60.0.9", 0, "02:00:00:00:0b:01", NULL);
}

static void an_answer_of_one_network_is_not_for_another_with_the_same_addresses(void **state)
{
	struct testnet *net = net_of(state), other;
	struct args a;
	struct runresult r;

	must(&other, testnet_begin(&other, NULL));
	must(&other, testnet_link_set_mac(&other, SIDE_SERVER, SERVER_IF, RIVAL_MAC));
	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01", NULL);
	args_of(&a, "10.60.0.2");
	must(&other, testnet_run(&other, SIDE_CLIENT, a.v, &r));
	expect_exit(&r, 0);
	expect_out(&r, "02:00:00:00:0c:01");
	expect_out_lacks(&r, "cached");
	expect_out_lacks(&r, "was ");
	runresult_free(&r);
	/* Both are kept, each for its own. */
	arpq_says(net, "10.60.0.2", 0, "02:00:00:00:0b:01  c0       cached", NULL);
	must(&other, testnet_run(&other, SIDE_CLIENT, a.v, &r));
	expect_out(&r, "02:00:00:00:0c:01  c0       cached");
	runresult_free(&r);
	testnet_end(&other);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(a_symbolic_link_is_not_followed),
		IN_A_WORLD(a_fifo_does_not_block),
		IN_A_WORLD(a_directory_is_left_alone),
		IN_A_WORLD(a_file_of_something_else_is_left_alone),
		IN_A_WORLD(a_file_that_others_may_write_is_refused),
		IN_A_WORLD(a_file_of_another_user_is_refused),
		IN_A_WORLD(a_file_cut_short_anywhere_is_mended_by_the_next_answer),
		IN_A_WORLD(a_flipped_bit_is_noticed_and_never_an_answer),
		IN_A_WORLD(a_directory_that_cannot_be_written_costs_no_answer),
		IN_A_WORLD(a_read_only_cache_is_still_read),
		IN_A_WORLD(answers_from_before_the_last_boot_are_void_and_nothing_is_said),
		IN_A_WORLD(a_clock_that_jumps_by_years_revives_nothing),
		IN_A_WORLD(an_answer_does_not_outlive_the_carrier),
		IN_A_WORLD(an_answer_does_not_outlive_our_own_mac),
		IN_A_WORLD(a_remembered_silence_does_not_outlive_the_carrier_either),
		IN_A_WORLD(an_answer_of_one_network_is_not_for_another_with_the_same_addresses),
	};

	return run_side_by_side(tests, LENGTH(tests), 12, argc, argv);
}
