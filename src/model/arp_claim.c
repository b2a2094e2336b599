#include "wirelab/arp_claim.h"

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do, zero included. */
static uint64_t draw(struct arpclaim *c)
{
	uint64_t z = c->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t draw_between(struct arpclaim *c, uint64_t least, uint64_t most)
{
	return least + draw(c) % (most - least + 1);
}

void arpclaim_init(struct arpclaim *c, struct mac mac, struct ip4 ip, uint16_t vlan,
		   enum arpclaim_defence defence, uint64_t seed)
{
	*c = (struct arpclaim){ .mac = mac, .ip = ip, .vlan = vlan, .defence = defence,
				.state = ARPCLAIM_IDLE, .deadline = INSTANT_NEVER,
				.conflicted = INSTANT_NEVER, .random = seed };
}

static void enter(struct arpclaim *c, enum arpclaim_state state, struct instant deadline)
{
	c->state = state;
	c->deadline = deadline;
	c->sent = 0;
	c->said = false;
	/* 2.4 (b): who gives up does so at once, and a defence still due is none any more. */
	c->defend_due = false;
}

void arpclaim_probe(struct arpclaim *c, struct instant now)
{
	uint64_t wait = draw_between(c, 0, PROBE_WAIT_NS);

	/* 2.1.1: after MAX_CONFLICTS or more conflicts, no more than one new attempt in
	 * RATE_LIMIT_INTERVAL.  The random wait stays: two hosts that met ten times must
	 * not come back in step. */
	if (c->conflicts >= MAX_CONFLICTS)
		wait += RATE_LIMIT_INTERVAL_NS;
	enter(c, ARPCLAIM_WAITING, instant_after(now, wait));
}

void arpclaim_announce(struct arpclaim *c, struct instant now)
{
	enter(c, ARPCLAIM_ANNOUNCING, now);
}

/* ---- sending ---------------------------------------------------------------------- */

static void build(const struct arpclaim *c, struct ip4 sender, struct arpclaim_step *out)
{
	out->eth = (struct eth_hdr){ .dst = MAC_BROADCAST, .src = c->mac, .type = ETH_ARP };
	if (c->vlan) {
		out->eth.tag[0] = (struct eth_tag){ .tpid = ETH_VLAN, .tci = c->vlan };
		out->eth.n_tags = 1;
	}
	/* 2.1.1 and 2.3: the target hardware address SHOULD be all zeroes. */
	out->msg = (struct arp_msg){ .op = ARP_REQUEST, .sender_mac = c->mac,
				     .sender_ip = sender, .target_ip = c->ip };
}

/* A probe has no sender address, so that nobody's cache is spoilt should it be taken. */
static bool probe(struct arpclaim *c, struct instant now, struct arpclaim_step *out)
{
	if (c->state == ARPCLAIM_WAITING)
		enter(c, ARPCLAIM_PROBING, now);
	build(c, IP4_UNSPECIFIED, out);
	out->kind = ARPCLAIM_SEND_PROBE;
	out->nth = ++c->sent;
	if (c->sent < PROBE_NUM)
		c->deadline = instant_after(now, draw_between(c, PROBE_MIN_NS, PROBE_MAX_NS));
	else
		enter(c, ARPCLAIM_LISTENING, instant_after(now, ANNOUNCE_WAIT_NS));
	return true;
}

static bool announce(struct arpclaim *c, struct instant now, struct arpclaim_step *out)
{
	build(c, c->ip, out);
	out->kind = ARPCLAIM_SEND_ANNOUNCEMENT;
	out->nth = ++c->sent;
	if (c->sent < ANNOUNCE_NUM)
		c->deadline = instant_after(now, ANNOUNCE_INTERVAL_NS);
	else
		enter(c, ARPCLAIM_HELD, now);
	return true;
}

static bool say(struct arpclaim *c, enum arpclaim_step_kind kind, struct arpclaim_step *out)
{
	c->deadline = INSTANT_NEVER;
	if (c->said)
		return false;
	c->said = true;
	out->kind = kind;
	return true;
}

static bool defend(struct arpclaim *c, struct arpclaim_step *out)
{
	c->defend_due = false;
	build(c, c->ip, out);
	out->kind = ARPCLAIM_SEND_DEFENCE;
	out->nth = ++c->defences;
	return true;
}

bool arpclaim_next(struct arpclaim *c, struct instant now, struct arpclaim_step *out)
{
	if (!c->defend_due && !instant_reached(now, c->deadline))
		return false;
	*out = (struct arpclaim_step){ .kind = ARPCLAIM_SAY_LOST };
	if (c->defend_due)
		return defend(c, out);
	switch (c->state) {
	case ARPCLAIM_IDLE: return false;
	case ARPCLAIM_WAITING:
	case ARPCLAIM_PROBING: return probe(c, now, out);
	case ARPCLAIM_LISTENING:
		enter(c, ARPCLAIM_FREE, now);
		return say(c, ARPCLAIM_SAY_FREE, out);
	case ARPCLAIM_FREE: return say(c, ARPCLAIM_SAY_FREE, out);
	case ARPCLAIM_ANNOUNCING: return announce(c, now, out);
	case ARPCLAIM_HELD: return say(c, ARPCLAIM_SAY_HELD, out);
	case ARPCLAIM_LOST: return say(c, ARPCLAIM_SAY_LOST, out);
	}
	return false;
}

/* ---- hearing ----------------------------------------------------------------------- */

static enum arpclaim_heard lose(struct arpclaim *c, struct instant now, struct mac other,
				enum arpclaim_heard how)
{
	c->other = other;
	enter(c, ARPCLAIM_LOST, now);
	return how;
}

/* 2.1.1: from the start of probing until ANNOUNCE_WAIT after the last probe. */
static enum arpclaim_heard hear_probing(struct arpclaim *c, struct instant now,
					const struct arp_msg *msg)
{
	if (ip4_equal(msg->sender_ip, c->ip)) {
		c->conflicts++;
		return lose(c, now, msg->sender_mac, ARPCLAIM_IN_USE);
	}
	if (arp_is_probe(msg) && ip4_equal(msg->target_ip, c->ip)) {
		c->conflicts++;
		return lose(c, now, msg->sender_mac, ARPCLAIM_RIVAL_PROBE);
	}
	return ARPCLAIM_UNCONCERNED;
}

/* 2.4: ongoing conflict detection. */
static enum arpclaim_heard hear_holding(struct arpclaim *c, struct instant now,
					const struct arp_msg *msg)
{
	bool recent = c->conflicted.ns != INSTANT_NEVER.ns &&
		      instant_since(c->conflicted, now) < DEFEND_INTERVAL_NS;

	if (!ip4_equal(msg->sender_ip, c->ip))
		return ARPCLAIM_UNCONCERNED;
	c->other = msg->sender_mac;
	if (c->defence == ARPCLAIM_YIELD || (c->defence == ARPCLAIM_DEFEND_ONCE && recent))
		return lose(c, now, msg->sender_mac, ARPCLAIM_CONFLICT_YIELDED);
	/* (c): two hosts that both never yield must not answer one another for ever. */
	if (recent)
		return ARPCLAIM_CONFLICT_QUIET;
	c->conflicted = now;
	c->defend_due = true;
	return ARPCLAIM_CONFLICT_DEFENDED;
}

enum arpclaim_heard arpclaim_hear(struct arpclaim *c, struct instant now,
				  const struct arp_msg *msg)
{
	if (mac_equal(msg->sender_mac, c->mac))
		return ARPCLAIM_UNCONCERNED;
	switch (c->state) {
	case ARPCLAIM_IDLE:
	case ARPCLAIM_LOST:
		return ARPCLAIM_UNCONCERNED;
	case ARPCLAIM_WAITING:
	case ARPCLAIM_PROBING:
	case ARPCLAIM_LISTENING:
	case ARPCLAIM_FREE:
		return hear_probing(c, now, msg);
	case ARPCLAIM_ANNOUNCING:
	case ARPCLAIM_HELD:
		return hear_holding(c, now, msg);
	}
	return ARPCLAIM_UNCONCERNED;
}
