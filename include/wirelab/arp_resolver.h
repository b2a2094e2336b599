/*
 * arp_resolver.h - "who has this address?", as a state machine that touches nothing
 *
 * The resolver never opens a socket, reads a clock, allocates, or prints.  The
 * caller tells it what happened and when; the resolver says what to send and
 * when to look again:
 *
 *	arpres_ask(res, now, ip, how, &entry)	somebody wants to talk to ip
 *	arpres_hear(res, now, &frame)		an ARP frame arrived
 *	while (arpres_next(res, now, &step))	what is due now: send it, or report it
 *	poll until arpres_deadline(res)
 *
 * The same object therefore runs on a live link, in a simulated one at thousands
 * of times real speed, and in a test that never sleeps.  Nothing is queued: what
 * is due is read off the questions themselves, so nothing can overflow.
 *
 * Questions live here; what is known lives in the arp_cache, which may be shared.
 */
#ifndef WIRELAB_ARP_RESOLVER_H
#define WIRELAB_ARP_RESOLVER_H

#include "wirelab/arp.h"
#include "wirelab/arp_cache.h"
#include "wirelab/arp_judge.h"
#include "wirelab/instant.h"

/*
 * A question's life:
 *
 *            ask                  reply                  time over
 *   (none) -------> ASKING ----------------> ANSWERED -------------> (none)
 *                    |  ^ retry_ns passed,       a second owner who shows
 *                    |  | tries left: send       up here is a conflict
 *                    v  |
 *                  tries used up, retry_ns passed: gave up -> (none)
 *
 * and what the cache then knows about the address:
 *
 *   ARP_MAPPED       it answered; used without asking for fresh_ns, then worth one
 *                    unicast request before the broadcast (RFC 1122 2.3.2.1 (4))
 *   ARP_FAILED       it did not; not asked again for dead_ns
 *   ARP_UNVERIFIED   an entry changed by a message nobody asked for (RFC 826 has it
 *                    merged): asked by unicast before it is used
 *   ARP_CONTESTED    two MACs claimed it: always asked anew
 */
struct arpres_config {
	struct arp_self self;
	uint64_t retry_ns;	/* between requests for one address; at least 1 s on a real link
				   (RFC 1122 2.3.2.1: no faster than one a second) */
	unsigned tries;		/* requests before giving up, 1..255 */
	uint64_t fresh_ns;	/* how long a mapping is used without asking again */
	uint64_t dead_ns;	/* how long a failure is remembered; not under retry_ns */
	uint64_t listen_ns;	/* how long after an answer another MAC is a conflict rather than
				   a change; no shorter than what is left of retry_ns */
};

enum arpres_how {
	ARPRES_FROM_CACHE,	/* what the cache knows will do, if it is fresh */
	ARPRES_ANEW,		/* ask the wire; the one-second limit still holds */
};

enum arpres_answer {
	ARPRES_KNOWN,		/* *out holds a fresh mapping; nothing will be sent */
	ARPRES_WAIT,		/* a question is open, or was just opened */
	ARPRES_UNREACHABLE,	/* *out: nobody answered, and dead_ns has not passed yet */
	ARPRES_FULL,		/* no room for a further question until arpres_deadline() */
};

enum arpres_step_kind { ARPRES_SEND, ARPRES_GAVE_UP };

enum arpres_why {
	ARPRES_WHY_UNKNOWN,	/* nothing is known: broadcast (RFC 826) */
	ARPRES_WHY_POLL,	/* a mapping grew old: unicast to it first (RFC 1122 2.3.2.1) */
	ARPRES_WHY_SILENCE,	/* no answer for retry_ns: broadcast again */
};

struct arpres_step {
	enum arpres_step_kind kind;
	struct ip4 ip;
	unsigned try;		/* SEND: which request this is, from 1; GAVE_UP: how many went out */
	enum arpres_why why;	/* SEND only */
	struct eth_hdr eth;	/* SEND only: frame header ... */
	struct arp_msg msg;	/* ... and message, ready for arp_frame_build() */
};

/* What a frame did; several may hold at once. */
enum {
	ARPRES_RESOLVED = 1 << 0,	/* it answered a question; `mac` is the answer */
	ARPRES_CONFIRMED = 1 << 1,	/* it repeated what the cache had: age starts anew */
	ARPRES_CHANGED = 1 << 2,	/* the mapping was other_mac before */
	ARPRES_CONFLICT = 1 << 3,	/* other_mac claims the address too */
};

struct arpres_heard {
	enum arp_finding finding;
	unsigned effect;		/* the bits above, or 0 */
	bool pending;			/* the sender's address is one we are asking for */
	struct ip4 ip;			/* the sender's address, where the frame has one */
	struct mac mac;			/* the sender's MAC; with RESOLVED the answer */
	struct mac other_mac;		/* with CHANGED or CONFLICT */
	uint64_t rtt_ns;		/* with RESOLVED: since our latest request; 0 if we sent none */
	unsigned tries;			/* with RESOLVED: requests sent */
};

struct arpres;

/* Bytes for n questions open at the same time, 1 .. 2^24. */
size_t arpres_size(size_t n);

/*
 * memory: arpres_size(n) bytes, aligned for uint64_t, zeroed; borrowed.
 * cache: borrowed; may hold entries already and be shared with others.
 * NULL when size is too small.
 */
struct arpres *arpres_init(void *memory, size_t size, size_t n, const struct arpres_config *config,
			   const uint8_t secret[static 16], struct arp_cache *cache);

/* out may be NULL.  With KNOWN and UNREACHABLE *out is the cache's entry. */
enum arpres_answer arpres_ask(struct arpres *res, struct instant now, struct ip4 ip,
			      enum arpres_how how, struct arp_entry *out);

/* RFC 826's reception, in its order: merge the sender, then look at the operation. */
struct arpres_heard arpres_hear(struct arpres *res, struct instant now,
				const struct arp_frame *frame);

/*
 * What is due at `now`, one step a call; false when nothing is.  A SEND counts as sent
 * at `now`.  However late the call comes, one address gets one request, not a burst.
 */
bool arpres_next(struct arpres *res, struct instant now, struct arpres_step *out);

/* The request that arpres_next() has just handed out for ip was not sent (another
 * process asked less than retry_ns ago, the link's queue is full): not before `until`. */
void arpres_postpone(struct arpres *res, struct ip4 ip, struct instant until);

/* The answer came some other way (another process found it): the question is closed. */
void arpres_settle(struct arpres *res, struct instant now, const struct arp_entry *entry);

/* When arpres_next() will next have something; INSTANT_NEVER with no question open.
 * Constant time. */
struct instant arpres_deadline(const struct arpres *res);

/* Questions without an answer yet. */
size_t arpres_pending(const struct arpres *res);

bool arpres_is_fresh(const struct arpres_config *config, const struct arp_entry *entry,
		     struct instant now);

#endif
