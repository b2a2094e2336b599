#include "wirelab/arp_tally.h"

void arp_tally_init(struct arp_tally *t, struct arp_cache *owners)
{
	*t = (struct arp_tally){ .owners = owners };
}

/* The first to be heard with an address stays its owner here: a later one is the duplicate. */
static bool is_second_owner(struct arp_tally *t, struct instant when, struct ip4 ip, struct mac mac)
{
	struct arp_entry e;

	if (ip4_is_unspecified(ip) || mac_is_zero(mac) || mac_is_group(mac))
		return false;
	if (arp_cache_find(t->owners, ip, &e))
		return !mac_equal(e.mac, mac);
	e = (struct arp_entry){ .ip = ip, .mac = mac, .state = ARP_UNVERIFIED, .since = when };
	(void)arp_cache_put(t->owners, &e, NULL);
	return false;
}

/* A reply also says whom it takes the asker for. */
static bool is_duplicate(struct arp_tally *t, struct instant when, const struct arp_msg *msg)
{
	bool sender = is_second_owner(t, when, msg->sender_ip, msg->sender_mac);
	bool target = msg->op == ARP_REPLY && !arp_is_gratuitous(msg) &&
		      is_second_owner(t, when, msg->target_ip, msg->target_mac);

	return sender || target;
}

void arp_tally_hear(struct arp_tally *t, struct instant when, uint16_t op,
		    const struct arp_msg *msg)
{
	if (op == ARP_REQUEST)
		t->request++;
	else if (op == ARP_REPLY)
		t->reply++;
	else
		t->other++;
	if (!msg)
		return;
	t->gratuitous += arp_is_gratuitous(msg);
	t->probe += arp_is_probe(msg);
	t->announcement += arp_is_announcement(msg);
	t->duplicate_address += is_duplicate(t, when, msg);
}
