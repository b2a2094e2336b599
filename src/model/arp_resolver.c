#include "wirelab/arp_resolver.h"

#include <assert.h>

#include "keyed_hash.h"

enum question_state { FREE, ASKING, ANSWERED };

#define NOBODY UINT32_MAX	/* no question: end of a chain, or no place in the heap */

struct question {
	enum question_state state;
	struct ip4 ip;
	struct instant deadline;	/* next request or end; orders the heap */
	struct instant asked;		/* latest request; 0 before the first */
	struct instant asked_before;	/* the one before it, should it be taken back */
	uint32_t tries;			/* requests sent so far */
	uint32_t heap_at;		/* this question's place in the heap */
	uint32_t next;			/* in its hash chain, or in the list of free ones */
	struct mac known;		/* ASKING: the MAC to poll first; ANSWERED: the answer */
	struct mac claim;		/* who claimed the address without answering us; zero: nobody */
};

struct arpres {
	struct arpres_config config;
	struct hash_key key;
	struct arp_cache *cache;
	uint32_t n;
	uint32_t heap_len;
	uint32_t pending;
	uint32_t free;
	uint32_t *chain;		/* n heads */
	uint32_t *heap;			/* question numbers; heap[0] has the earliest deadline */
	struct question question[];
};

size_t arpres_size(size_t n)
{
	return sizeof(struct arpres) + n * (sizeof(struct question) + 2 * sizeof(uint32_t));
}

struct arpres *arpres_init(void *memory, size_t size, size_t n, const struct arpres_config *config,
			   const uint8_t secret[static 16], struct arp_cache *cache)
{
	struct arpres *res = memory;

	if (n == 0 || n > (size_t)1 << 24 || size < arpres_size(n))
		return NULL;
	*res = (struct arpres){ .config = *config, .cache = cache, .n = (uint32_t)n };
	memcpy(&res->key.a, secret, sizeof(res->key.a));
	memcpy(&res->key.b, secret + sizeof(res->key.a), sizeof(res->key.b));
	res->key.a |= 1;
	res->chain = (uint32_t *)&res->question[n];
	res->heap = res->chain + n;
	for (uint32_t i = 0; i < res->n; i++) {
		res->chain[i] = NOBODY;
		res->question[i] = (struct question){ .next = i + 1 < res->n ? i + 1 : NOBODY };
	}
	return res;
}

/* ---- the heap: which question is due first ------------------------------------ */

static bool earlier(const struct arpres *res, uint32_t a, uint32_t b)
{
	return res->question[a].deadline.ns < res->question[b].deadline.ns;
}

static void heap_set(struct arpres *res, uint32_t at, uint32_t q)
{
	res->heap[at] = q;
	res->question[q].heap_at = at;
}

/* Moves q, whose deadline has changed, from its place to the right one. */
static void heap_settle(struct arpres *res, uint32_t q)
{
	uint32_t at = res->question[q].heap_at;

	while (at > 0 && earlier(res, q, res->heap[(at - 1) / 2])) {
		heap_set(res, at, res->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= res->heap_len)
			break;
		if (child + 1 < res->heap_len &&
		    earlier(res, res->heap[child + 1], res->heap[child]))
			child++;
		if (!earlier(res, res->heap[child], q))
			break;
		heap_set(res, at, res->heap[child]);
		at = child;
	}
	heap_set(res, at, q);
}

static void due_at(struct arpres *res, struct question *q, struct instant deadline)
{
	q->deadline = deadline;
	heap_settle(res, (uint32_t)(q - res->question));
}

/* ---- finding, opening and closing questions ------------------------------------- */

static struct question *find(struct arpres *res, struct ip4 ip)
{
	uint32_t i = res->chain[keyed_slot(&res->key, ip, res->n)];

	while (i != NOBODY && !ip4_equal(res->question[i].ip, ip))
		i = res->question[i].next;
	return i == NOBODY ? NULL : &res->question[i];
}

static struct question *open_question(struct arpres *res, struct ip4 ip, struct instant deadline)
{
	uint32_t i = res->free;
	uint32_t *head = &res->chain[keyed_slot(&res->key, ip, res->n)];

	if (i == NOBODY)
		return NULL;
	res->free = res->question[i].next;
	res->question[i] = (struct question){ .state = ASKING, .ip = ip, .deadline = deadline,
					      .next = *head };
	*head = i;
	heap_set(res, res->heap_len++, i);
	heap_settle(res, i);
	res->pending++;
	return &res->question[i];
}

static void close_question(struct arpres *res, struct question *q)
{
	uint32_t i = (uint32_t)(q - res->question);
	uint32_t *link = &res->chain[keyed_slot(&res->key, q->ip, res->n)];
	uint32_t last = res->heap[--res->heap_len];

	while (*link != i)
		link = &res->question[*link].next;
	*link = q->next;
	if (last != i) {
		heap_set(res, q->heap_at, last);
		heap_settle(res, last);
	}
	if (q->state == ASKING)
		res->pending--;
	*q = (struct question){ .state = FREE, .next = res->free };
	res->free = i;
}

static void remember(struct arpres *res, struct ip4 ip, struct mac mac, enum arp_state state,
		     struct instant since)
{
	struct arp_entry e = { .ip = ip, .mac = mac, .state = state, .since = since };

	(void)arp_cache_put(res->cache, &e, NULL);
}

/* ---- asking -------------------------------------------------------------------- */

bool arpres_is_fresh(const struct arpres_config *config, const struct arp_entry *entry,
		     struct instant now)
{
	switch (entry->state) {
	case ARP_MAPPED: return instant_since(entry->since, now) < config->fresh_ns;
	case ARP_FAILED: return instant_since(entry->since, now) < config->dead_ns;
	case ARP_UNVERIFIED:
	case ARP_CONTESTED: return false;
	}
	return false;
}

enum arpres_answer arpres_ask(struct arpres *res, struct instant now, struct ip4 ip,
			      enum arpres_how how, struct arp_entry *out)
{
	struct arp_entry e = { .state = ARP_FAILED };
	struct question *q = find(res, ip);
	bool held = arp_cache_find(res->cache, ip, &e);

	if (q && q->state == ASKING)
		return ARPRES_WAIT;
	if (how == ARPRES_FROM_CACHE && held && arpres_is_fresh(&res->config, &e, now)) {
		if (out)
			*out = e;
		return e.state == ARP_MAPPED ? ARPRES_KNOWN : ARPRES_UNREACHABLE;
	}
	if (q) {
		/* Answered a moment ago and asked anew: the second of RFC 1122 2.3.2.1 is
		 * counted from the request that was answered. */
		q->state = ASKING;
		q->tries = 0;
		q->claim = MAC_ZERO;
		res->pending++;
		due_at(res, q, instant_later(now, instant_after(q->asked, res->config.retry_ns)));
	} else {
		q = open_question(res, ip, now);
		if (!q)
			return ARPRES_FULL;
	}
	q->known = held && e.state != ARP_FAILED && e.state != ARP_CONTESTED ? e.mac : MAC_ZERO;
	return ARPRES_WAIT;
}

/* ---- what is due ---------------------------------------------------------------- */

static void build_request(const struct arpres *res, const struct question *q,
			  struct arpres_step *out)
{
	const struct arp_self *self = &res->config.self;
	bool poll = q->tries == 1 && !mac_is_zero(q->known);

	out->kind = ARPRES_SEND;
	out->why = poll ? ARPRES_WHY_POLL
		   : q->tries == 1 ? ARPRES_WHY_UNKNOWN : ARPRES_WHY_SILENCE;
	out->eth = (struct eth_hdr){ .dst = poll ? q->known : MAC_BROADCAST, .src = self->mac,
				     .type = ETH_ARP };
	if (self->vlan) {
		out->eth.tag[0] = (struct eth_tag){ .tpid = ETH_VLAN, .tci = self->vlan };
		out->eth.n_tags = 1;
	}
	/* RFC 826 leaves the target hardware address of a request open; zero is custom. */
	out->msg = (struct arp_msg){ .op = ARP_REQUEST, .sender_mac = self->mac,
				     .sender_ip = self->ip, .target_ip = q->ip };
}

static void send_request(struct arpres *res, struct question *q, struct instant now,
			 struct arpres_step *out)
{
	q->tries++;
	q->asked_before = q->asked;
	q->asked = now;
	build_request(res, q, out);
	/* From now, not from the deadline: a wake-up that came late must not be
	 * followed by an early one. */
	due_at(res, q, instant_after(now, res->config.retry_ns));
}

bool arpres_next(struct arpres *res, struct instant now, struct arpres_step *out)
{
	while (res->heap_len > 0) {
		struct question *q = &res->question[res->heap[0]];

		if (!instant_reached(now, q->deadline))
			return false;
		*out = (struct arpres_step){ .ip = q->ip };
		if (q->state == ANSWERED) {
			close_question(res, q);
			continue;
		}
		if (q->tries < res->config.tries) {
			send_request(res, q, now, out);
			out->try = q->tries;
			return true;
		}
		out->kind = ARPRES_GAVE_UP;
		out->try = q->tries;
		remember(res, q->ip, MAC_ZERO, ARP_FAILED, now);
		close_question(res, q);
		return true;
	}
	return false;
}

void arpres_postpone(struct arpres *res, struct ip4 ip, struct instant until)
{
	struct question *q = find(res, ip);

	if (!q || q->state != ASKING || q->tries == 0)
		return;
	q->tries--;
	q->asked = q->asked_before;
	due_at(res, q, until);
}

static void answered(struct arpres *res, struct question *q, struct instant now, struct mac mac)
{
	if (q->state == ASKING)
		res->pending--;
	q->state = ANSWERED;
	q->known = mac;
	/* Kept as long as a second owner is listened for, and as long as the one-second
	 * limit needs to remember the request. */
	due_at(res, q, instant_later(instant_after(now, res->config.listen_ns),
				     instant_after(q->asked, res->config.retry_ns)));
}

void arpres_settle(struct arpres *res, struct instant now, const struct arp_entry *entry)
{
	struct question *q = find(res, entry->ip);

	(void)arp_cache_put(res->cache, entry, NULL);
	if (!q || q->state != ASKING)
		return;
	/* A failure, too, must not make us forget when we asked last. */
	answered(res, q, now, entry->mac);
}

struct instant arpres_deadline(const struct arpres *res)
{
	return res->heap_len ? res->question[res->heap[0]].deadline : INSTANT_NEVER;
}

size_t arpres_pending(const struct arpres *res)
{
	return res->pending;
}

/* ---- hearing -------------------------------------------------------------------- */

/* While we ask: only a reply to us is an answer. */
static void hear_asking(struct arpres *res, struct question *q, struct instant now,
			struct arpres_heard *h)
{
	if (!arp_finding_info(h->finding)->taken) {
		/* Somebody speaks as the owner without having been asked by us.  That is no
		 * answer, but when the answer names another MAC, there are two of them.  The
		 * first claim is kept, or the owner's own word would wipe out a liar's. */
		if (mac_is_zero(q->claim)) {
			q->claim = h->mac;
		} else if (!mac_equal(q->claim, h->mac)) {
			h->effect |= ARPRES_CONFLICT;
			h->other_mac = q->claim;
		}
		return;
	}
	h->effect |= ARPRES_RESOLVED;
	/* Another process may have asked while we waited for our turn: then there is no
	 * round trip of ours to tell of. */
	h->rtt_ns = q->tries ? instant_since(q->asked, now) : 0;
	h->tries = q->tries;
	if (!mac_is_zero(q->claim) && !mac_equal(q->claim, h->mac)) {
		h->effect |= ARPRES_CONFLICT;
		h->other_mac = q->claim;
	} else if (!mac_is_zero(q->known) && !mac_equal(q->known, h->mac)) {
		h->effect |= ARPRES_CHANGED;
		h->other_mac = q->known;
	}
	remember(res, h->ip, h->mac,
		 h->effect & ARPRES_CONFLICT ? ARP_CONTESTED : ARP_MAPPED, now);
	answered(res, q, now, h->mac);
}

/* RFC 826: "If the pair <protocol type, sender protocol address> is already in my
 * translation table, update the sender hardware address field", whatever the operation. */
static void merge(struct arpres *res, bool listening, struct instant now,
		  const struct arp_entry *held, struct arpres_heard *h)
{
	if (mac_equal(held->mac, h->mac)) {
		/* Renewed while it is fresh; what has expired comes back only by an answer
		 * to a question, not because somebody says it again. */
		if (arpres_is_fresh(&res->config, held, now)) {
			h->effect |= ARPRES_CONFIRMED;
			remember(res, h->ip, h->mac, held->state, now);
		}
		return;
	}
	h->other_mac = held->mac;
	if (listening || held->state == ARP_CONTESTED) {
		/* The first answer is a moment old: that is no change, those are two. */
		h->effect |= ARPRES_CONFLICT;
		remember(res, h->ip, held->mac, ARP_CONTESTED, held->since);
		return;
	}
	/* Merged, as RFC 826 has it, but not believed: nobody had asked.  The next
	 * question goes to the new MAC by unicast before anybody uses it. */
	h->effect |= ARPRES_CHANGED;
	remember(res, h->ip, h->mac, ARP_UNVERIFIED, now);
}

/* May this frame's sender be merged into what we know? */
static bool speaks_for_sender(enum arp_finding f)
{
	switch (f) {
	case ARP_F_REPLY:
	case ARP_F_REPLY_BROADCAST:
	case ARP_F_REPLY_RELAYED:
	case ARP_F_REQUEST:
	case ARP_F_REQUEST_FOR_US:
	case ARP_F_ANNOUNCEMENT:
	case ARP_F_GRATUITOUS_REPLY:
		return true;
	default:
		return false;
	}
}

struct arpres_heard arpres_hear(struct arpres *res, struct instant now,
				const struct arp_frame *frame)
{
	struct arpres_heard h = { .finding = arp_judge(frame, &res->config.self) };
	struct arp_entry held;
	struct question *q;

	if (frame->verdict != V_OK)
		return h;
	h.ip = frame->msg.sender_ip;
	h.mac = frame->msg.sender_mac;
	q = find(res, h.ip);
	h.pending = q && q->state == ASKING;
	if (!speaks_for_sender(h.finding))
		return h;
	if (h.pending) {
		hear_asking(res, q, now, &h);
	} else if (arp_cache_find(res->cache, h.ip, &held) && held.state != ARP_FAILED) {
		/* The wake-up that closes the question may be late: its time decides. */
		bool listening = q && !instant_reached(now, q->deadline);
		merge(res, listening, now, &held, &h);
	} else if (arp_finding_info(h.finding)->taken) {
		/* No question, no entry: RFC 826 would learn only if it were the target of
		 * a request; a reply nobody waits for teaches us nothing. */
		h.finding = ARP_F_UNASKED;
	}
	return h;
}
