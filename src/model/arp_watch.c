#include "wirelab/arp_watch.h"

void arpwatch_init(struct arpwatch *w, const struct arp_self *self, struct arp_cache *now,
		   struct arp_cache *before)
{
	*w = (struct arpwatch){ .self = *self, .now = now, .before = before,
				.conflict_ns = ARPWATCH_CONFLICT_NS, .quiet_ns = ARPWATCH_QUIET_NS };
}

static void note(struct arp_cache *c, struct ip4 ip, struct mac mac, struct instant since)
{
	struct arp_entry e = { .ip = ip, .mac = mac, .state = ARP_UNVERIFIED, .since = since };

	(void)arp_cache_put(c, &e, NULL);
}

/* Another MAC than the one heard last: has the host moved, or are there two? */
static void other_mac(struct arpwatch *w, struct instant now, const struct arp_entry *last,
		      struct arpwatch_sighting *s)
{
	struct arp_entry former;
	bool returns = arp_cache_find(w->before, s->ip, &former) &&
		       mac_equal(former.mac, s->mac) &&
		       instant_since(last->since, now) < w->conflict_ns;

	/* A host that got a new card goes over once.  Where the old MAC speaks again soon
	 * after the new one did, both are alive. */
	s->event = returns ? ARPWATCH_CONFLICT : ARPWATCH_MOVED;
	s->before = last->mac;
	s->silent_ns = instant_since(last->since, now);
	note(w->before, s->ip, last->mac, last->since);
	note(w->now, s->ip, s->mac, now);
}

static void heard_from(struct arpwatch *w, struct instant now, struct arpwatch_sighting *s)
{
	struct arp_entry last;

	if (!arp_cache_find(w->now, s->ip, &last)) {
		s->event = ARPWATCH_APPEARED;
	} else if (!mac_equal(last.mac, s->mac)) {
		other_mac(w, now, &last, s);
		return;
	} else if (instant_since(last.since, now) >= w->quiet_ns) {
		s->event = ARPWATCH_RETURNED;
		s->silent_ns = instant_since(last.since, now);
	}
	note(w->now, s->ip, s->mac, now);
}

/* A frame from one card that speaks for another is odd, whoever it is meant for. */
static bool is_relayed(const struct arp_frame *frame)
{
	return frame->verdict == V_OK && frame->msg.op == ARP_REPLY &&
	       !mac_equal(frame->eth.src, frame->msg.sender_mac);
}

struct arpwatch_sighting arpwatch_hear(struct arpwatch *w, struct instant now,
				       const struct arp_frame *frame)
{
	struct arpwatch_sighting s = { .finding = arp_judge(frame, &w->self) };
	enum arp_weight weight = arp_finding_info(s.finding)->weight;

	if (frame->verdict == V_OK) {
		s.ip = frame->msg.sender_ip;
		s.mac = frame->msg.sender_mac;
	}
	if (s.finding == ARP_F_PROBE) {
		s.event = ARPWATCH_PROBING;
		s.ip = frame->msg.target_ip;
	} else if (s.finding == ARP_F_ECHO || s.finding == ARP_F_OTHER_VLAN ||
		   s.finding == ARP_F_NOT_ARP) {
		s.event = ARPWATCH_NOTHING;
	} else if (weight == ARP_W_REFUSED ||
		   (weight == ARP_W_FORGED && s.finding != ARP_F_REPLY_RELAYED)) {
		s.event = ARPWATCH_ODD;
	} else if (!ip4_is_unspecified(s.ip)) {
		heard_from(w, now, &s);
		if (s.event == ARPWATCH_NOTHING && is_relayed(frame))
			s.event = ARPWATCH_ODD;
	}
	return s;
}
