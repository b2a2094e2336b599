/*
 * Carriers: a host's card and its far end in our hands, with nothing done in between.
 *
 * Every test with a card is done on each carrier, where there are both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns.h"
#include "wirelab/carrier.h"
#include "wirelab/pkt.h"

static char refusal[256];		/* why no test can run; "" when they can */
static const struct mac CARD = { { 0x02, 0, 0, 0, 0, 0x01 } };
static const struct mac PEER = { { 0x02, 0, 0, 0, 0, 0x02 } };

/* A host, the namespace of its wire, and perhaps a card. */
struct scene {
	enum carrier_kind kind;
	int home;
	struct netspace host, wire;
	struct carrier *card;
	char err[256], host_err[256], wire_err[256];
};

static struct scene on_tap = { .kind = CARRIER_TAP }, on_veth = { .kind = CARRIER_VETH };

static int begin(void **state)
{
	struct scene *s = *state;

	s->card = NULL;
	if (*refusal)
		return 0;
	s->home = netspace_open_own();
	return s->home < 0 || netspace_new(&s->host, s->home, s->host_err) < 0 ||
	       netspace_new(&s->wire, s->home, s->wire_err) < 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	if (*refusal)
		return 0;
	carrier_close(s->card);
	netspace_close(&s->host);
	netspace_close(&s->wire);
	return close(s->home);
}

/* Skips, aloud, where it cannot be. */
static struct scene *needs(void **state)
{
	struct scene *s = *state;
	char why[256];

	if (*refusal) {
		print_message("skipped: %s\n", refusal);
		skip();
	}
	if (!carrier_usable(s->kind, &s->host, why)) {
		print_message("skipped: no %s here: %s\n", carrier_name(s->kind), why);
		skip();
	}
	return s;
}

static struct carrier_config config_of(struct scene *s, unsigned mtu)
{
	return (struct carrier_config){ .kind = s->kind, .host = &s->host, .wire = &s->wire,
					.ifname = "eth0", .far_name = "far0", .mac = CARD, .mtu = mtu };
}

static struct scene *with_card(void **state, unsigned mtu)
{
	struct scene *s = needs(state);
	struct carrier_config config = config_of(s, mtu);

	s->card = carrier_open(&config, s->err);
	if (!s->card)
		fail_msg("%s", s->err);
	return s;
}

/* ---- what is seen from the host ---------------------------------------------------------------- */

static struct ifreq asked(struct netspace *in, const char *ifname, unsigned long what)
{
	struct ifreq r = { 0 };
	int fd = netspace_socket(in, AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", ifname);
	assert_int_equal(ioctl(fd, what, &r), 0);
	(void)close(fd);
	return r;
}

static bool is_there(struct netspace *in, const char *ifname)
{
	return netspace_ifindex(in, ifname) >= 0;
}

/* A socket on the host that hears and sends whole frames on its card. */
static int ears(struct scene *s)
{
	int fd = netspace_socket(&s->host, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = netspace_ifindex(&s->host, "eth0") };

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&ll, sizeof(ll)), 0);
	return fd;
}

/* A frame of a type that nobody uses, so that it is told from all others. */
static void make_frame(uint8_t *frame, size_t len, struct mac to)
{
	memset(frame, 'x', len);
	memcpy(frame, to.b, 6);
	memcpy(frame + 6, PEER.b, 6);
	frame[12] = 0x88;
	frame[13] = 0xb5;
}

static bool is_ours(const uint8_t *frame, ssize_t n)
{
	return n >= 14 && frame[12] == 0x88 && frame[13] == 0xb5;
}

/* The next of ours that comes out at the far end, within a second. */
static ssize_t next_of_ours(struct scene *s, uint8_t *frame, size_t size)
{
	struct pollfd p = { .fd = carrier_fd(s->card), .events = POLLIN };

	while (poll(&p, 1, 1000) > 0) {
		ssize_t n = carrier_recv(s->card, frame, size);
		assert_true(n >= 0);
		if (is_ours(frame, n))
			return n;
	}
	return -1;
}

/* ---- names ---------------------------------------------------------------------------------- */

static void kinds_have_names_and_no_others(void **state)
{
	static const char *const none[] = { "", "TAP", "tap ", "ta", "bridge" };
	enum carrier_kind kind = CARRIER_TAP;

	(void)state;
	assert_string_equal(carrier_name(CARRIER_TAP), "tap");
	assert_string_equal(carrier_name(CARRIER_VETH), "veth");
	assert_true(carrier_parse("veth", &kind));
	assert_int_equal(kind, CARRIER_VETH);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(carrier_parse(none[i], &kind));
	assert_int_equal(kind, CARRIER_VETH);
	assert_true(carrier_parse("tap", &kind));
	assert_int_equal(kind, CARRIER_TAP);
}

/* ---- a card ----------------------------------------------------------------------------------- */

static void a_card_is_up_with_its_mac_and_mtu_and_no_address(void **state)
{
	struct scene *s = with_card(state, 1400);
	struct ifreq r = asked(&s->host, "eth0", SIOCGIFFLAGS);

	assert_true(r.ifr_flags & IFF_UP);
	r = asked(&s->host, "eth0", SIOCGIFHWADDR);
	assert_memory_equal(r.ifr_hwaddr.sa_data, CARD.b, 6);
	r = asked(&s->host, "eth0", SIOCGIFMTU);
	assert_int_equal(r.ifr_mtu, 1400);
	int fd = netspace_socket(&s->host, AF_INET, SOCK_DGRAM, 0);
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "eth0");
	assert_int_equal(ioctl(fd, SIOCGIFADDR, &r), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);
	(void)close(fd);
}

static void what_is_sent_into_the_wire_the_host_has_heard(void **state)
{
	struct scene *s = with_card(state, 1500);
	uint8_t frame[60], got[100];
	int fd = ears(s);

	make_frame(frame, sizeof(frame), CARD);
	assert_int_equal(carrier_send(s->card, frame, sizeof(frame)), 0);
	/* When the call returns, it has it. */
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), sizeof(frame));
	assert_memory_equal(got, frame, sizeof(frame));
	(void)close(fd);
}

static void what_the_host_sends_comes_out_and_then_there_is_none(void **state)
{
	struct scene *s = with_card(state, 1500);
	uint8_t frame[60], got[100];
	int fd = ears(s);

	make_frame(frame, sizeof(frame), PEER);
	assert_int_equal(send(fd, frame, sizeof(frame), 0), sizeof(frame));
	assert_int_equal(next_of_ours(s, got, sizeof(got)), sizeof(frame));
	assert_memory_equal(got, frame, sizeof(frame));
	assert_int_equal(carrier_recv(s->card, got, sizeof(got)), 0);
	(void)close(fd);
}

static void a_frame_longer_than_the_buffer_is_cut_to_it(void **state)
{
	struct scene *s = with_card(state, 1500);
	uint8_t frame[1000], got[64];
	int fd = ears(s);

	make_frame(frame, sizeof(frame), PEER);
	memset(got, 0, sizeof(got));
	assert_int_equal(send(fd, frame, sizeof(frame), 0), sizeof(frame));
	assert_int_equal(next_of_ours(s, got, 50), 50);
	assert_memory_equal(got, frame, 50);
	assert_int_equal(got[50], 0);
	/* What did not fit is gone, and is not the next frame. */
	assert_int_equal(carrier_recv(s->card, got, sizeof(got)), 0);
	(void)close(fd);
}

static void the_largest_frame_passes_both_ways(void **state)
{
	struct scene *s = with_card(state, CARRIER_MTU_MAX);
	size_t len = CARRIER_MTU_MAX + 14;
	uint8_t *frame = malloc(CARRIER_FRAME_MAX), *got = malloc(CARRIER_FRAME_MAX);
	int fd = ears(s);

	assert_true(frame && got && len <= CARRIER_FRAME_MAX);
	make_frame(frame, len, CARD);
	assert_int_equal(carrier_send(s->card, frame, len), 0);
	assert_int_equal(recv(fd, got, CARRIER_FRAME_MAX, MSG_DONTWAIT), len);
	assert_memory_equal(got, frame, len);
	make_frame(frame, len, PEER);
	assert_int_equal(send(fd, frame, len, 0), len);
	assert_int_equal(next_of_ours(s, got, CARRIER_FRAME_MAX), len);
	assert_memory_equal(got, frame, len);
	free(frame);
	free(got);
	(void)close(fd);
}

static void a_frame_without_a_header_is_refused(void **state)
{
	struct scene *s = with_card(state, 1500);

	assert_int_equal(carrier_send(s->card, "short", 5), -1);
	assert_int_equal(errno, EINVAL);
}

static void a_wire_that_is_cut_is_only_silence(void **state)
{
	struct scene *s = with_card(state, 1500);
	uint8_t got[64];

	if (s->kind == CARRIER_VETH)
		assert_int_equal(netspace_link_up(&s->wire, "far0", false), 0);
	else
		assert_int_equal(netspace_link_up(&s->host, "eth0", false), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(carrier_recv(s->card, got, sizeof(got)), 0);
}

/* ---- nothing is done for the kernel ---------------------------------------------------------------- */

static const struct { uint32_t get; const char *name; } offloads[] = {
	{ ETHTOOL_GTSO, "TSO" }, { ETHTOOL_GGSO, "GSO" }, { ETHTOOL_GGRO, "GRO" },
	{ ETHTOOL_GSG, "scatter-gather" }, { ETHTOOL_GTXCSUM, "checksums" },
};

static void assert_all_off(struct netspace *in, const char *ifname)
{
	int fd = netspace_socket(in, AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(offloads) / sizeof(offloads[0]); i++) {
		struct ethtool_value v = { .cmd = offloads[i].get };
		struct ifreq r = { 0 };
		(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", ifname);
		r.ifr_data = (void *)&v;
		assert_int_equal(ioctl(fd, SIOCETHTOOL, &r), 0);
		if (v.data)
			fail_msg("%s: %s is on", ifname, offloads[i].name);
	}
	(void)close(fd);
}

static void a_pair_does_nothing_for_the_kernel_on_either_end(void **state)
{
	struct scene *s = with_card(state, 1500);

	assert_all_off(&s->host, "eth0");
	assert_all_off(&s->wire, "far0");
}

/* A pair as it comes has them on, or the test above would prove nothing. */
static void a_pair_that_nobody_told_otherwise_can_be_told(void **state)
{
	struct scene *s = needs(state);
	struct ethtool_value v = { .cmd = ETHTOOL_GTXCSUM };
	struct ifreq r = { .ifr_name = "a0", .ifr_data = (void *)&v };
	int fd = netspace_socket(&s->host, AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(netspace_veth(&s->host, "a0", NULL, &s->wire, "b0", NULL), 0);
	assert_int_equal(ioctl(fd, SIOCETHTOOL, &r), 0);
	assert_int_not_equal(v.data, 0);
	(void)close(fd);
	assert_int_equal(carrier_offloads_off(&s->host, "a0"), 0);
	assert_all_off(&s->host, "a0");
	/* And again: what is off stays off. */
	assert_int_equal(carrier_offloads_off(&s->host, "a0"), 0);
	assert_int_equal(carrier_offloads_off(&s->host, "nosuch0"), -1);
	assert_int_equal(errno, ENODEV);
	assert_non_null(strstr(s->host.err, "nosuch0"));
}

/* The proof of it: what leaves the card has its checksums, and no more than the MTU in it. */
static void what_leaves_the_card_is_what_a_wire_would_carry(void **state)
{
	struct scene *s = with_card(state, 1500);
	struct ip4 mine = { { 10, 0, 0, 1 } }, peer = { { 10, 0, 0, 2 } };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7001) };
	uint8_t got[2000];
	char data[4000];
	unsigned frames = 0;

	memset(data, 'd', sizeof(data));
	memcpy(&to.sin_addr, peer.b, 4);
	assert_int_equal(netspace_address_add(&s->host, "eth0", mine, 24), 0);
	assert_int_equal(netspace_neighbour_add(&s->host, "eth0", peer, PEER), 0);
	int fd = netspace_socket(&s->host, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(sendto(fd, data, 1000, 0, (struct sockaddr *)&to, sizeof(to)), 1000);
	assert_int_equal(sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(data));
	struct pollfd p = { .fd = carrier_fd(s->card), .events = POLLIN };
	while (frames < 4 && poll(&p, 1, 1000) > 0) {
		ssize_t n = carrier_recv(s->card, got, sizeof(got));
		struct pkt pkt;
		assert_in_range(n, 14, 1514);
		pkt_dissect(&pkt, 1, got, (uint32_t)n, (uint32_t)n);
		if (!pkt_has(&pkt, PKT_IP4))
			continue;
		frames++;
		assert_int_equal(pkt_check(&pkt, PKT_IP4), V_OK);
		if (pkt_has(&pkt, PKT_UDP) && !pkt.is_fragment)
			assert_int_equal(pkt_check(&pkt, PKT_UDP), V_OK);
	}
	/* One datagram whole, the other in three pieces. */
	assert_int_equal(frames, 4);
	(void)close(fd);
}

/* ---- what stays and what goes ------------------------------------------------------------------- */

static void a_tap_card_goes_with_its_carrier_and_a_pair_with_its_namespaces(void **state)
{
	struct scene *s = with_card(state, 1500);

	assert_true(is_there(&s->host, "eth0"));
	carrier_close(s->card);
	s->card = NULL;
	assert_int_equal(is_there(&s->host, "eth0"), s->kind == CARRIER_VETH);
	netspace_close(&s->host);
	if (s->kind == CARRIER_VETH) {
		/* Namespaces are cleared away a little later. */
		for (int i = 0; i < 300 && is_there(&s->wire, "far0"); i++)
			(void)usleep(10000);
		assert_false(is_there(&s->wire, "far0"));
	}
	s->host = NETSPACE_NONE;
	carrier_close(NULL);
}

static void a_card_that_cannot_be_made_leaves_nothing_and_says_why(void **state)
{
	struct scene *s = needs(state);
	struct carrier_config config = config_of(s, 70000);

	/* An earlier failure is not the reason. */
	assert_int_equal(netspace_ifindex(&s->host, "earlier0"), -1);
	assert_null(carrier_open(&config, s->err));
	assert_non_null(strstr(s->err, "eth0"));
	assert_null(strstr(s->err, "earlier0"));
	assert_false(is_there(&s->host, "eth0"));
	assert_false(is_there(&s->wire, "far0"));
	/* So it can be made now. */
	config.mtu = 1500;
	s->card = carrier_open(&config, s->err);
	assert_non_null(s->card);
}

static void a_second_card_of_the_same_name_is_refused_and_the_first_stays(void **state)
{
	struct scene *s = with_card(state, 1500);
	struct carrier_config config = config_of(s, 1500);

	assert_null(carrier_open(&config, s->err));
	assert_int_not_equal(s->err[0], '\0');
	assert_true(is_there(&s->host, "eth0"));
	/* And it still works. */
	uint8_t frame[60];
	make_frame(frame, sizeof(frame), CARD);
	assert_int_equal(carrier_send(s->card, frame, sizeof(frame)), 0);
}

/* ---- whether it can be used ------------------------------------------------------------------------ */

static void to_look_whether_it_can_be_used_leaves_nothing(void **state)
{
	struct scene *s = needs(state);
	char why[256] = "";

	for (int i = 0; i < 3; i++)
		assert_true(carrier_usable(s->kind, &s->host, why));
	assert_string_equal(why, "");
	assert_false(is_there(&s->host, "try0"));
	assert_false(is_there(&s->host, "try1"));
}

/* In a child with its own mounts, after hide(): whether each is usable, and why not. */
struct usable { bool tap, veth; char why[256]; };

static struct usable look_after(struct scene *s, bool (*hide)(void))
{
	struct usable u = { .why = "the mounts could not be made" };
	int fd[2], status;

	assert_int_equal(pipe(fd), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char none[256];
		if (unshare(CLONE_NEWNS) == 0 &&
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && hide()) {
			u.tap = carrier_usable(CARRIER_TAP, &s->host, u.why);
			u.veth = carrier_usable(CARRIER_VETH, &s->host, none);
		}
		_exit(write(fd[1], &u, sizeof(u)) != sizeof(u));
	}
	(void)close(fd[1]);
	assert_int_equal(read(fd[0], &u, sizeof(u)), sizeof(u));
	(void)close(fd[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	return u;
}

static bool without_the_node(void)
{
	return mount("none", "/dev/net", "tmpfs", 0, NULL) == 0;
}

static bool with_another_node(void)
{
	return mount("/dev/null", "/dev/net/tun", NULL, MS_BIND, NULL) == 0;
}

static void without_the_node_tap_cannot_be_used_and_that_is_why(void **state)
{
	struct usable u = look_after(needs(state), without_the_node);

	assert_string_equal(u.why, "/dev/net/tun: No such file or directory");
	assert_false(u.tap);
	assert_true(u.veth);
}

static void another_file_in_its_place_is_found_out(void **state)
{
	struct usable u = look_after(needs(state), with_another_node);

	assert_string_equal(u.why, "/dev/net/tun: Inappropriate ioctl for device");
	assert_false(u.tap);
	assert_true(u.veth);
}

#define ON(scene, f) { #f, f, begin, end, &scene }
#define ON_BOTH(f) { #f " (tap)", f, begin, end, &on_tap }, { #f " (veth)", f, begin, end, &on_veth }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_have_names_and_no_others),
		ON_BOTH(a_card_is_up_with_its_mac_and_mtu_and_no_address),
		ON_BOTH(what_is_sent_into_the_wire_the_host_has_heard),
		ON_BOTH(what_the_host_sends_comes_out_and_then_there_is_none),
		ON_BOTH(a_frame_longer_than_the_buffer_is_cut_to_it),
		ON_BOTH(the_largest_frame_passes_both_ways),
		ON_BOTH(a_frame_without_a_header_is_refused),
		ON_BOTH(a_wire_that_is_cut_is_only_silence),
		ON(on_veth, a_pair_does_nothing_for_the_kernel_on_either_end),
		ON(on_veth, a_pair_that_nobody_told_otherwise_can_be_told),
		ON_BOTH(what_leaves_the_card_is_what_a_wire_would_carry),
		ON_BOTH(a_tap_card_goes_with_its_carrier_and_a_pair_with_its_namespaces),
		ON_BOTH(a_card_that_cannot_be_made_leaves_nothing_and_says_why),
		ON_BOTH(a_second_card_of_the_same_name_is_refused_and_the_first_stays),
		ON_BOTH(to_look_whether_it_can_be_used_leaves_nothing),
		ON(on_tap, without_the_node_tap_cannot_be_used_and_that_is_why),
		ON(on_tap, another_file_in_its_place_is_found_out),
	};

	if (netns_available(refusal)) {
		*refusal = '\0';
		if (netspace_enter_private(NETSPACE_MOUNTS, refusal) < 0) {
			(void)fprintf(stderr, "%s\n", refusal);
			return 1;
		}
	}
	return cmocka_run_group_tests_name("carrier", tests, NULL, NULL);
}
