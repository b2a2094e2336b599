/* The thin layer over the kernel: routes, links and their news, the raw socket, privileges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "netns.h"
#include "tap.h"
#include "wirelab/ask_frame.h"
#include "wirelab/clock.h"
#include "wirelab/link_raw.h"
#include "wirelab/netlink.h"
#include "wirelab/paths.h"
#include "wirelab/privs.h"

static bool available;
static struct testnet net;
static struct netctl *ctl;
static char err[256];

static void in_the_client(void)
{
	assert_int_equal(setns(net.space[SIDE_CLIENT].ns, CLONE_NEWNET), 0);
}

static int begin(void **state)
{
	(void)state;
	if (!available)
		return 0;
	assert_int_equal(testnet_begin(&net, NULL), 0);
	in_the_client();
	ctl = netctl_open(err);
	assert_non_null(ctl);
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (!available)
		return 0;
	netctl_close(ctl);
	assert_int_equal(setns(net.home, CLONE_NEWNET), 0);
	testnet_end(&net);
	return 0;
}

static void need_namespaces(void)
{
	if (!available)
		skip();
}

static struct netif client(void)
{
	struct netif iface;

	assert_int_equal(netctl_link_by_name(ctl, CLIENT_IF, &iface), 0);
	return iface;
}

/* ---- what the kernel knows ------------------------------------------------------------ */

static void an_interface_is_found_by_name_and_by_number(void **state)
{
	struct netif by_name, by_number;

	(void)state;
	need_namespaces();
	by_name = client();
	assert_int_equal(netctl_link(ctl, by_name.ifindex, &by_number), 0);
	assert_string_equal(by_number.name, CLIENT_IF);
	assert_true(mac_equal(by_number.mac, CLIENT_MAC));
	assert_true(by_number.up && by_number.carrier && by_number.ethernet && !by_number.loopback);
	assert_int_equal(by_number.mtu, 1500);
	assert_int_equal(netctl_link_by_name(ctl, "lo", &by_name), 0);
	assert_true(by_name.loopback && !by_name.ethernet);
	assert_int_equal(netctl_link_by_name(ctl, "nosuch0", &by_name), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(netctl_link_by_name(ctl, "a-name-longer-than-any", &by_name), -1);
	assert_int_equal(errno, ENODEV);
}

static void the_route_tells_link_gateway_and_own_address_apart(void **state)
{
	struct route r;

	(void)state;
	need_namespaces();
	assert_int_equal(netctl_route(ctl, SERVER_IP, 0, &r), 0);
	assert_int_equal(r.kind, ROUTE_LINK);
	assert_int_equal(r.ifindex, client().ifindex);
	assert_true(ip4_equal(r.source, CLIENT_IP));
	assert_int_equal(netctl_route(ctl, CLIENT_IP, 0, &r), 0);
	assert_int_equal(r.kind, ROUTE_LOCAL);
	assert_int_equal(netctl_route(ctl, (struct ip4){ { 10, 255, 255, 255 } }, 0, &r), 0);
	assert_int_equal(r.kind, ROUTE_OTHER);
	assert_int_equal(netctl_route(ctl, (struct ip4){ { 192, 0, 2, 1 } }, 0, &r), -1);
	assert_int_equal(errno, ENETUNREACH);
	assert_int_equal(testnet_gateway_add(&net, SIDE_CLIENT, (struct ip4){ { 192, 0, 2, 0 } }, 24,
					     SERVER_IP), 0);
	assert_int_equal(netctl_route(ctl, (struct ip4){ { 192, 0, 2, 1 } }, 0, &r), 0);
	assert_int_equal(r.kind, ROUTE_GATEWAY);
	assert_true(ip4_equal(r.gateway, SERVER_IP));
}

static void an_interface_lists_its_addresses_with_their_prefixes(void **state)
{
	struct netif_addr addr[4];

	(void)state;
	need_namespaces();
	assert_int_equal(testnet_address_add(&net, SIDE_CLIENT, (struct ip4){ { 172, 16, 0, 9 } }, 30), 0);
	assert_int_equal(netctl_addresses(ctl, client().ifindex, addr, 4), 2);
	assert_true(ip4_equal(addr[0].ip, CLIENT_IP));
	assert_int_equal(addr[0].prefix_len, 8);
	assert_int_equal(addr[1].prefix_len, 30);
	/* More than there is room for are counted, not written. */
	assert_int_equal(netctl_addresses(ctl, client().ifindex, addr, 1), 2);
}

static void two_namespaces_are_never_taken_for_one_another(void **state)
{
	struct netctl *server;

	(void)state;
	need_namespaces();
	assert_int_equal(setns(net.space[SIDE_SERVER].ns, CLONE_NEWNET), 0);
	server = netctl_open(err);
	in_the_client();
	assert_non_null(server);
	assert_true(netctl_namespace(server) != netctl_namespace(ctl));
	assert_true(netctl_namespace(server) != 0);
	netctl_close(server);
}

static void a_link_is_another_one_after_its_carrier_was_gone_or_its_mac_changed(void **state)
{
	uint32_t first, second;

	(void)state;
	need_namespaces();
	first = client().generation;
	assert_int_equal(client().generation, first);
	assert_int_equal(testnet_link_up(&net, SIDE_SERVER, SERVER_IF, false), 0);
	assert_int_equal(testnet_link_up(&net, SIDE_SERVER, SERVER_IF, true), 0);
	assert_int_equal(testnet_link_wait(&net, SIDE_CLIENT, CLIENT_IF, true, 2 * SEC_NS), 0);
	second = client().generation;
	assert_true(second != first);
	assert_int_equal(testnet_link_set_mac(&net, SIDE_CLIENT, CLIENT_IF, RIVAL_MAC), 0);
	assert_true(client().generation != second);
}

/* ---- news ------------------------------------------------------------------------------- */

static bool news_within_a_second(struct linkwatch *w, char why[static 256])
{
	struct pollfd p = { .fd = linkwatch_fd(w), .events = POLLIN };
	struct instant limit = instant_after(clock_now(), SEC_NS);

	while (!instant_reached(clock_now(), limit))
		if (poll(&p, 1, 100) > 0 && linkwatch_gone(w, why))
			return true;
	return false;
}

static void what_became_of_a_link_is_told_in_words(void **state)
{
	struct netif iface;
	struct linkwatch *w;
	char why[256];

	(void)state;
	need_namespaces();
	iface = client();
	w = linkwatch_open(&iface, err);
	assert_non_null(w);
	assert_false(linkwatch_gone(w, why));
	assert_int_equal(testnet_link_up(&net, SIDE_CLIENT, CLIENT_IF, false), 0);
	assert_true(news_within_a_second(w, why));
	assert_string_equal(why, CLIENT_IF " was taken down");
	linkwatch_close(w);

	assert_int_equal(testnet_link_up(&net, SIDE_CLIENT, CLIENT_IF, true), 0);
	iface = client();
	w = linkwatch_open(&iface, err);
	assert_int_equal(testnet_link_delete(&net, SIDE_CLIENT, CLIENT_IF), 0);
	assert_true(news_within_a_second(w, why));
	assert_string_equal(why, CLIENT_IF " was deleted");
	linkwatch_close(w);
}

/* ---- the raw link -------------------------------------------------------------------------- */

static struct link *open_link(void)
{
	struct link_options o = { .ifindex = client().ifindex, .timestamps = true };
	struct link *l = link_raw_open(&o, err);

	if (!l)
		fail_msg("%s", err);
	return l;
}

static int receive(struct link *l, struct link_frame *f)
{
	struct pollfd p = { .fd = link_fd(l), .events = POLLIN };

	return poll(&p, 1, 500) > 0 ? link_recv(l, f, LINK_BATCH) : 0;
}

static struct ask_frame request_for(struct ip4 target, uint16_t vlan)
{
	struct eth_hdr eth = { .dst = MAC_BROADCAST, .src = CLIENT_MAC, .type = ETH_ARP };
	struct arp_msg msg = { .op = ARP_REQUEST, .sender_mac = CLIENT_MAC, .sender_ip = CLIENT_IP };
	struct ask_frame f;

	if (vlan) {
		eth.tag[0] = (struct eth_tag){ ETH_VLAN, vlan };
		eth.n_tags = 1;
	}
	assert_int_equal(ask_frame_build(&f, &eth, &msg, err), 0);
	ask_frame_patch(&f, MAC_BROADCAST, target);
	return f;
}

static void a_question_goes_out_and_the_kernel_next_door_answers(void **state)
{
	struct ask_frame ask;
	struct link_frame f[LINK_BATCH];
	struct arp_frame reply;
	struct link *l;

	(void)state;
	need_namespaces();
	ask = request_for(SERVER_IP, 0);
	l = open_link();
	assert_int_equal(link_send(l, &(struct link_out){ ask.bytes, ask.len }, 1), 1);
	/* One frame: the answer.  Our own question does not come back. */
	assert_int_equal(receive(l, f), 1);
	arp_frame_parse(f[0].data, f[0].caplen, &reply);
	assert_int_equal(reply.verdict, V_OK);
	assert_int_equal(reply.msg.op, ARP_REPLY);
	assert_true(mac_equal(reply.msg.sender_mac, SERVER_MAC));
	assert_true(f[0].unix_ns > UINT64_C(1600000000) * SEC_NS);
	assert_int_equal(link_drops(l), 0);
	link_close(l);
}

static void libnets_frame_is_ours_byte_for_byte(void **state)
{
	struct eth_hdr eth = { .dst = MAC_BROADCAST, .src = CLIENT_MAC, .type = ETH_ARP };
	struct arp_msg msg = { .op = ARP_REQUEST, .sender_mac = CLIENT_MAC, .sender_ip = CLIENT_IP,
			       .target_ip = SERVER_IP };
	uint8_t ours[ARP_FRAME_MAX];
	struct ask_frame f = request_for(SERVER_IP, 0);

	(void)state;
	assert_int_equal(arp_frame_build(ours, &eth, &msg), f.len);
	assert_int_equal(f.len, ETH_MIN_FRAME);
	assert_memory_equal(ours, f.bytes, f.len);
	f = request_for(SERVER_IP, 4000);
	eth.tag[0] = (struct eth_tag){ ETH_VLAN, 4000 };
	eth.n_tags = 1;
	assert_int_equal(arp_frame_build(ours, &eth, &msg), f.len);
	assert_memory_equal(ours, f.bytes, f.len);
}

static void only_arp_gets_through_the_filter_and_a_tag_is_put_back(void **state)
{
	struct tap_counter far;
	struct ask_frame tagged;
	struct link_frame f[LINK_BATCH];
	struct arp_frame heard;
	struct link *l;
	uint8_t ip4[60] = { 0 };
	int n;

	(void)state;
	need_namespaces();
	tagged = request_for(CLIENT_IP, 5);
	assert_int_equal(tap_open(&far, &net, SIDE_SERVER, SERVER_IF, TAP_BOTH), 0);
	in_the_client();	/* the support code goes home after each of its steps */
	l = open_link();
	memcpy(ip4, CLIENT_MAC.b, 6);
	memcpy(ip4 + 6, SERVER_MAC.b, 6);
	ip4[12] = 0x08;
	assert_int_equal(tap_send(&far, ip4, sizeof(ip4)), 0);
	assert_int_equal(tap_send(&far, tagged.bytes, tagged.len), 0);
	n = receive(l, f);
	assert_int_equal(n, 1);
	assert_int_equal(f[0].wirelen, tagged.len);
	assert_memory_equal(f[0].data, tagged.bytes, tagged.len);
	arp_frame_parse(f[0].data, f[0].caplen, &heard);
	assert_int_equal(heard.eth.n_tags, 1);
	assert_int_equal(heard.eth.tag[0].tci, 5);
	link_close(l);
	tap_close(&far);
}

static void frames_that_nobody_read_are_counted(void **state)
{
	struct link_options o = { .rcvbuf = 4096 };
	struct tap_counter far;
	struct ask_frame ask;
	struct link *l;

	(void)state;
	need_namespaces();
	o.ifindex = client().ifindex;
	ask = request_for((struct ip4){ { 10, 60, 0, 9 } }, 0);
	assert_int_equal(tap_open(&far, &net, SIDE_SERVER, SERVER_IF, TAP_BOTH), 0);
	in_the_client();	/* the support code goes home after each of its steps */
	l = link_raw_open(&o, err);
	assert_non_null(l);
	for (int i = 0; i < 500; i++)
		assert_int_equal(tap_send(&far, ask.bytes, ask.len), 0);
	assert_true(link_drops(l) > 0);
	assert_true(link_drops(l) == 0);
	link_close(l);
	tap_close(&far);
}

/* ---- privileges and places ----------------------------------------------------------------------- */

/* In a child, because what is given up does not come back. */
static int status_of(int (*child)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(child());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int open_drop_open(void)
{
	struct link_options o = { .ifindex = client().ifindex };
	struct link *before = link_raw_open(&o, err);

	if (!before || privs_drop(err) < 0)
		return 1;
	if (link_raw_open(&o, err) || errno != EPERM)
		return 2;
	/* What was open stays usable. */
	struct ask_frame ask = request_for(SERVER_IP, 0);
	return link_send(before, &(struct link_out){ ask.bytes, ask.len }, 1) == 1 ? 0 : 3;
}

static void after_the_drop_the_socket_works_and_no_second_one_opens(void **state)
{
	(void)state;
	need_namespaces();
	assert_int_equal(status_of(open_drop_open), 0);
}

static void the_runtime_folder_is_made_once_and_refused_when_others_may_write(void **state)
{
	char dir[128], again[128];

	(void)state;
	need_namespaces();
	assert_false(runtime_dir("io-test", false, dir, sizeof(dir), err));
	assert_true(runtime_dir("io-test", true, dir, sizeof(dir), err));
	assert_string_equal(dir, "/run/io-test");
	assert_true(runtime_dir("io-test", true, again, sizeof(again), err));
	assert_int_equal(chmod(dir, 0777), 0);
	assert_false(runtime_dir("io-test", true, again, sizeof(again), err));
	assert_non_null(strstr(err, dir));
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(symlink("/tmp", dir), 0);
	assert_false(runtime_dir("io-test", true, again, sizeof(again), err));
	assert_int_equal(unlink(dir), 0);
	assert_false(runtime_dir("io-test", true, again, 4, err));
}

static void the_boot_id_is_a_uuid_and_the_clock_goes_forward(void **state)
{
	char id[BOOT_ID_LEN];
	struct instant a = clock_now();

	(void)state;
	assert_true(clock_boot_id(id));
	assert_int_equal(id[8], '-');
	assert_true(clock_now().ns >= a.ns);
}

int main(void)
{
	char why[256];
#define IN_A_NETWORK(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		IN_A_NETWORK(an_interface_is_found_by_name_and_by_number),
		IN_A_NETWORK(the_route_tells_link_gateway_and_own_address_apart),
		IN_A_NETWORK(an_interface_lists_its_addresses_with_their_prefixes),
		IN_A_NETWORK(two_namespaces_are_never_taken_for_one_another),
		IN_A_NETWORK(a_link_is_another_one_after_its_carrier_was_gone_or_its_mac_changed),
		IN_A_NETWORK(what_became_of_a_link_is_told_in_words),
		IN_A_NETWORK(a_question_goes_out_and_the_kernel_next_door_answers),
		cmocka_unit_test(libnets_frame_is_ours_byte_for_byte),
		IN_A_NETWORK(only_arp_gets_through_the_filter_and_a_tag_is_put_back),
		IN_A_NETWORK(frames_that_nobody_read_are_counted),
		IN_A_NETWORK(after_the_drop_the_socket_works_and_no_second_one_opens),
		IN_A_NETWORK(the_runtime_folder_is_made_once_and_refused_when_others_may_write),
		cmocka_unit_test(the_boot_id_is_a_uuid_and_the_clock_goes_forward),
	};

	available = netns_available(why) && netns_enter_private(why) == 0;
	if (!available)
		printf("skipped: no private network here: %s\n", why);
	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
