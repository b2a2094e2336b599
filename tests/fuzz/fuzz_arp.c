/*
 * Any bytes as a frame: taking it apart, judging it, and building it again.
 *
 * What must hold: the parser stays inside (the sanitizers see to that); what it read
 * whole is built again to the byte; every frame has a name, and only a whole reply
 * made out to us may be taken.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/arp_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Header and message as they were; the padding is ours. */
static void builds_again(const struct arp_frame *f, const uint8_t *data, size_t size)
{
	uint8_t again[ARP_FRAME_MAX];
	size_t len = arp_frame_build(again, &f->eth, &f->msg);
	size_t read = eth_length(&f->eth) + ARP_IPV4_LEN;
	struct arp_frame twice;

	require(read + f->trailer == size);
	require(len == ETH_MIN_FRAME + f->eth.n_tags * ETH_TAG_LEN);
	require(memcmp(again, data, read) == 0);
	arp_frame_parse(again, len, &twice);
	require(twice.verdict == V_OK);
	require(memcmp(&twice.msg, &f->msg, sizeof(f->msg)) == 0);
}

static void judged(const struct arp_frame *f, const struct arp_self *self)
{
	enum arp_finding finding = arp_judge(f, self);

	require(finding >= 0 && finding < ARP_F_COUNT && finding != ARP_F_UNASKED);
	const struct arp_finding_info *info = arp_finding_info(finding);
	require(info->name && info->says && info->section);
	if (!info->taken)
		return;
	require(f->verdict == V_OK && f->msg.op == ARP_REPLY);
	require(mac_equal(f->msg.target_mac, self->mac) && ip4_equal(f->msg.target_ip, self->ip));
	require(!mac_is_group(f->msg.sender_mac) && !mac_is_zero(f->msg.sender_mac));
	require(!mac_equal(f->msg.sender_mac, self->mac));
	require(!ip4_is_unspecified(f->msg.sender_ip) && !ip4_equal(f->msg.sender_ip, self->ip));
}

/* Three points of view: a host with an address, one without, and whoever is the target. */
static void judged_by_all(const struct arp_frame *f)
{
	struct arp_self self = { .mac = { { 2, 0, 0, 0, 0, 1 } }, .ip = { { 192, 168, 1, 1 } } };

	judged(f, &self);
	self.vlan = 42;
	judged(f, &self);
	self = (struct arp_self){ .mac = { { 2, 0, 0, 0, 0, 1 } } };
	judged(f, &self);
	if (f->verdict != V_OK)
		return;
	self = (struct arp_self){ .mac = f->msg.target_mac, .ip = f->msg.target_ip };
	if (f->eth.n_tags)
		self.vlan = f->eth.tag[f->eth.n_tags - 1].tci & ETH_VID_MASK;
	judged(f, &self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arp_frame f;

	arp_frame_parse(data, size, &f);
	if (f.verdict == V_OK)
		builds_again(&f, data, size);
	judged_by_all(&f);

	/* The message without a frame around it. */
	struct rd r = rd_over(data, size);
	struct arp_msg msg;
	uint8_t bytes[ARP_IPV4_LEN];
	struct wr w = wr_over(bytes, sizeof(bytes));
	if (arp_parse(&r, &msg) == V_OK) {
		arp_build(&w, &msg);
		require(wr_ok(&w) && memcmp(bytes, data, sizeof(bytes)) == 0);
	}
	return 0;
}
