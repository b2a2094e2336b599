#include "wirelab/arp_exchange.h"

#include "recent.h"
#include "wirelab/siphash.h"

/* What makes two messages parts of one exchange. */
struct key {
	enum arpx_kind kind;
	uint16_t op;		/* ARPX_OTHER only */
	uint16_t vlan;
	struct mac asker_mac;
	struct ip4 asker_ip, asked_ip;
};

struct place {
	bool closed;			/* nothing more belongs to it */
	struct arp_exchange x;
};

struct arpx {
	struct sip_key secret;
	struct arp_tally *tally;
	uint64_t lost;
	struct recent order;		/* by the first message */
	struct place *place;
};

size_t arpx_size(uint32_t n)
{
	return sizeof(struct arpx) + n * sizeof(struct place) + recent_size(n);
}

struct arpx *arpx_init(void *memory, size_t size, uint32_t n, struct arp_tally *tally,
		       const uint8_t secret[static 16])
{
	struct arpx *t = memory;

	if (n == 0 || n > 1u << 24 || size < arpx_size(n))
		return NULL;
	t->secret = sip_key_from(secret);
	t->tally = tally;
	t->place = (struct place *)(t + 1);
	recent_begin(&t->order, t->place + n, n);
	return t;
}

const char *arpx_kind_name(enum arpx_kind kind)
{
	static const char *const name[] = {
		[ARPX_QUESTION] = "question", [ARPX_PROBE] = "probe",
		[ARPX_ANNOUNCEMENT] = "announcement",
		[ARPX_GRATUITOUS_REPLY] = "gratuitous_reply",
		[ARPX_UNSOLICITED] = "unsolicited_reply", [ARPX_OTHER] = "other",
	};

	return name[kind];
}

/* ---- a dissected frame as a message ----------------------------------------------------- */

/* What the frame around it must have been, if nobody lied: the judge wants one. */
static struct eth_hdr made_up(const struct arp_msg *msg)
{
	return (struct eth_hdr){ .src = msg->sender_mac, .type = ETH_ARP,
				 .dst = msg->op == ARP_REPLY ? msg->target_mac : MAC_BROADCAST };
}

bool arpx_message_from(struct arpx_message *out, const struct pkt *p)
{
	bool readable = p->stopped == V_OK;

	if (!pkt_has(p, PKT_ARP))
		return false;
	out->has_eth = pkt_has(p, PKT_ETH);
	out->arp = (struct arp_frame){ .fixed = p->arp_fixed, .stage = ARP_AT_BODY,
				       .verdict = readable ? V_OK : V_UNSUPPORTED };
	if (readable)
		out->arp.msg = p->arp;
	out->arp.eth = out->has_eth ? p->eth : made_up(&out->arp.msg);
	return true;
}

/* ---- which exchange a message belongs to ------------------------------------------------ */

static uint16_t vlan_of(const struct eth_hdr *eth)
{
	return eth->n_tags ? eth->tag[eth->n_tags - 1].tci & ETH_VID_MASK : 0;
}

static struct key key_of(enum arpx_kind kind, const struct arpx_message *m)
{
	const struct arp_msg *msg = &m->arp.msg;
	struct key k = { .kind = kind, .vlan = vlan_of(&m->arp.eth) };

	if (kind == ARPX_OTHER)
		k.op = m->arp.fixed.op;
	if (m->arp.verdict == V_OK) {
		k.asker_mac = msg->sender_mac;
		k.asker_ip = msg->sender_ip;
		k.asked_ip = msg->target_ip;
	}
	return k;
}

static uint64_t mac_number(struct mac m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof(m.b); i++)
		n = n << 8 | m.b[i];
	return n;
}

static uint64_t hash_of(const struct arpx *t, const struct key *k)
{
	uint64_t word[] = { mac_number(k->asker_mac) << 16 | k->vlan,
			    (uint64_t)ip4_number(k->asker_ip) << 32 | ip4_number(k->asked_ip),
			    (uint64_t)k->kind << 16 | k->op };

	return siphash13_words(t->secret, word, sizeof(word) / sizeof(word[0]));
}

static bool is_about(const struct arp_exchange *x, const struct key *k)
{
	return x->kind == k->kind && x->vlan == k->vlan &&
	       (k->kind != ARPX_OTHER || x->op == k->op) &&
	       mac_equal(x->asker_mac, k->asker_mac) && ip4_equal(x->asker_ip, k->asker_ip) &&
	       ip4_equal(x->asked_ip, k->asked_ip);
}

static bool is_over(const struct place *p, struct instant now)
{
	uint64_t patience = p->x.replies ? ARPX_SETTLE_NS : ARPX_QUIET_NS;

	return p->closed || instant_reached(now, INSTANT_NEVER) ||
	       instant_since(p->x.last, now) >= patience ||
	       instant_since(p->x.first, now) >= ARPX_LONGEST_NS;
}

/* The exchange with that key that is still going on, or NULL. */
static struct place *find(struct arpx *t, const struct key *k, struct instant now)
{
	uint32_t i = recent_first(&t->order, hash_of(t, k));

	for (; i != RECENT_NONE; i = recent_next(&t->order, i))
		if (is_about(&t->place[i].x, k) && !is_over(&t->place[i], now))
			return &t->place[i];
	return NULL;
}

/* As an onlooker judges, to whom no address and no MAC is "ours". */
static enum arp_finding judge_unasked(const struct arpx_message *m, uint16_t vlan)
{
	struct arp_self anybody = { .vlan = vlan };
	enum arp_finding f = arp_judge(&m->arp, &anybody);

	return f == ARP_F_TARGET_IP_NOT_OURS || f == ARP_F_TARGET_MAC_NOT_OURS ?
		ARP_F_REPLY_FOR_OTHER : f;
}

static struct place *begin(struct arpx *t, const struct key *k, const struct arpx_message *m)
{
	uint64_t hash = hash_of(t, k);
	uint32_t i = recent_take(&t->order, hash);

	if (i == RECENT_NONE) {
		t->lost++;
		recent_give_back(&t->order, recent_oldest(&t->order));
		i = recent_take(&t->order, hash);
	}
	t->place[i] = (struct place){ .x = {
		.kind = k->kind, .asker_mac = k->asker_mac, .asker_ip = k->asker_ip,
		.asked_ip = k->asked_ip, .vlan = k->vlan, .op = m->arp.fixed.op,
		.has_addresses = m->arp.verdict == V_OK, .first_frame = m->frame,
		.first = m->when, .finding = judge_unasked(m, k->vlan) } };
	return &t->place[i];
}

/* ---- what is added to it ---------------------------------------------------------------- */

static void heard_in(struct arp_exchange *x, const struct arpx_message *m)
{
	x->last_frame = m->frame;
	x->last = m->when;
	if (m->arp.verdict == V_OK && !mac_equal(m->arp.eth.src, m->arp.msg.sender_mac))
		x->relayed = true;
}

static struct arp_exchange *add_message(struct arpx *t, enum arpx_kind kind,
					const struct arpx_message *m)
{
	struct key k = key_of(kind, m);
	struct place *p = find(t, &k, m->when);

	/* Asked again after an answer: the asker has forgotten it. */
	if (p && p->x.replies) {
		p->closed = true;
		p = NULL;
	}
	if (!p)
		p = begin(t, &k, m);
	p->x.messages++;
	p->x.last_request = m->when;
	p->x.broadcast += m->has_eth && mac_is_group(m->arp.eth.dst);
	p->x.unicast += m->has_eth && !mac_is_group(m->arp.eth.dst);
	heard_in(&p->x, m);
	return &p->x;
}

static void add_answer(struct arp_exchange *x, const struct arpx_message *m)
{
	struct arp_self asker = { x->asker_mac, x->asker_ip, x->vlan };
	struct mac mac = m->arp.msg.sender_mac;
	uint32_t kept = x->n_answers < ARPX_ANSWERS ? x->n_answers : ARPX_ANSWERS;

	x->replies++;
	heard_in(x, m);
	for (uint32_t i = 0; i < kept; i++)
		if (mac_equal(x->answer[i].mac, mac)) {
			x->answer[i].count++;
			return;
		}
	if (kept < ARPX_ANSWERS)
		x->answer[kept] = (struct arpx_answer){
			.mac = mac, .frame = m->frame, .count = 1,
			.after_ns = instant_since(x->last_request, m->when),
			.finding = arp_judge(&m->arp, &asker) };
	x->n_answers++;
}

/* The question that a reply answers: whose target says who had asked, and if that lies,
 * the frame's destination does. */
static struct place *question_of(struct arpx *t, const struct arpx_message *m)
{
	const struct arp_msg *msg = &m->arp.msg;
	struct key k = { .kind = ip4_is_unspecified(msg->target_ip) ? ARPX_PROBE : ARPX_QUESTION,
			 .vlan = vlan_of(&m->arp.eth), .asker_mac = msg->target_mac,
			 .asker_ip = msg->target_ip, .asked_ip = msg->sender_ip };
	struct place *p = find(t, &k, m->when);

	if (!p && m->has_eth) {
		k.asker_mac = m->arp.eth.dst;
		p = find(t, &k, m->when);
	}
	return p;
}

static struct arp_exchange *hear_reply(struct arpx *t, const struct arpx_message *m, unsigned *said)
{
	struct place *p;

	if (arp_is_gratuitous(&m->arp.msg)) {
		*said |= ARPX_SAID_UNSOLICITED;
		return add_message(t, ARPX_GRATUITOUS_REPLY, m);
	}
	p = question_of(t, m);
	if (!p) {
		*said |= ARPX_SAID_UNSOLICITED;
		return add_message(t, ARPX_UNSOLICITED, m);
	}
	add_answer(&p->x, m);
	return &p->x;
}

static struct arp_exchange *hear_request(struct arpx *t, const struct arpx_message *m)
{
	if (arp_is_probe(&m->arp.msg))
		return add_message(t, ARPX_PROBE, m);
	return add_message(t, arp_is_announcement(&m->arp.msg) ? ARPX_ANNOUNCEMENT : ARPX_QUESTION,
			   m);
}

/* Which of the two addresses in msg is known with another MAC, and which one that is. */
static void name_other_owner(const struct arp_tally *tally, const struct arp_msg *msg,
			     struct arp_exchange *x)
{
	struct arp_entry e;

	x->other_owner = true;
	x->other_ip = msg->sender_ip;
	if (arp_cache_find(tally->owners, msg->sender_ip, &e) &&
	    !mac_equal(e.mac, msg->sender_mac)) {
		x->other_mac = e.mac;
		return;
	}
	x->other_ip = msg->target_ip;
	if (arp_cache_find(tally->owners, msg->target_ip, &e))
		x->other_mac = e.mac;
}

static unsigned form_of(const struct arpx_message *m)
{
	uint16_t op = m->arp.fixed.op;
	unsigned said = op == ARP_REQUEST ? ARPX_SAID_REQUEST :
			op == ARP_REPLY ? ARPX_SAID_REPLY : ARPX_SAID_OTHER;

	if (m->arp.verdict != V_OK)
		return said;
	if (arp_is_gratuitous(&m->arp.msg))
		said |= ARPX_SAID_GRATUITOUS;
	if (arp_is_probe(&m->arp.msg))
		said |= ARPX_SAID_PROBE;
	if (arp_is_announcement(&m->arp.msg))
		said |= ARPX_SAID_ANNOUNCEMENT;
	return said;
}

unsigned arpx_hear(struct arpx *t, const struct arpx_message *m)
{
	const struct arp_msg *msg = m->arp.verdict == V_OK ? &m->arp.msg : NULL;
	uint64_t duplicates = t->tally->duplicate_address;
	unsigned said = form_of(m);
	struct arp_exchange *x;

	arp_tally_hear(t->tally, m->when, m->arp.fixed.op, msg);
	if (!msg || said & ARPX_SAID_OTHER)
		x = add_message(t, ARPX_OTHER, m);
	else if (said & ARPX_SAID_REQUEST)
		x = hear_request(t, m);
	else
		x = hear_reply(t, m, &said);
	if (t->tally->duplicate_address > duplicates) {
		said |= ARPX_SAID_DUPLICATE;
		name_other_owner(t->tally, msg, x);
	}
	return said;
}

/* ---- what is over ----------------------------------------------------------------------- */

bool arpx_next(struct arpx *t, struct instant now, struct arp_exchange *out)
{
	uint32_t i = recent_oldest(&t->order);

	if (i == RECENT_NONE)
		return false;
	if (!is_over(&t->place[i], now) && t->order.taken < t->order.n)
		return false;
	*out = t->place[i].x;
	recent_give_back(&t->order, i);
	return true;
}

uint64_t arpx_lost(const struct arpx *t)
{
	return t->lost;
}
