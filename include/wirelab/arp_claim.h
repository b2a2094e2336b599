/*
 * arp_claim.h - taking an address and keeping it: IPv4 Address Conflict Detection (RFC 5227)
 *
 *	 begin        PROBE_WAIT over    PROBE_NUM sent     ANNOUNCE_WAIT over
 *	------> WAITING ---------> PROBING --------> LISTENING ---------> FREE
 *	                                                                   | announce
 *	          ANNOUNCE_NUM sent                                        v
 *	     HELD <-------------------------------------------------- ANNOUNCING
 *
 *	Before FREE any word from another owner, or another's probe for the same
 *	address, means LOST.  From ANNOUNCING on it is a conflict to be defended
 *	against once in DEFEND_INTERVAL, or given up: see arpclaim_defence.
 */
#ifndef WIRELAB_ARP_CLAIM_H
#define WIRELAB_ARP_CLAIM_H

#include "wirelab/arp.h"
#include "wirelab/instant.h"

/* RFC 5227 section 1.1 */
#define PROBE_WAIT_NS (1 * SEC_NS)		/* initial random delay, up to this */
#define PROBE_NUM 3u				/* probe packets */
#define PROBE_MIN_NS (1 * SEC_NS)		/* minimum delay until repeated probe */
#define PROBE_MAX_NS (2 * SEC_NS)		/* maximum delay until repeated probe */
#define ANNOUNCE_WAIT_NS (2 * SEC_NS)		/* delay before announcing */
#define ANNOUNCE_NUM 2u				/* announcement packets */
#define ANNOUNCE_INTERVAL_NS (2 * SEC_NS)	/* time between announcement packets */
#define MAX_CONFLICTS 10u			/* max conflicts before rate-limiting */
#define RATE_LIMIT_INTERVAL_NS (60 * SEC_NS)	/* delay between successive attempts */
#define DEFEND_INTERVAL_NS (10 * SEC_NS)	/* minimum interval between defensive ARPs */

enum arpclaim_state {
	ARPCLAIM_IDLE,
	ARPCLAIM_WAITING,	/* PROBE_WAIT, and RATE_LIMIT_INTERVAL after too many conflicts */
	ARPCLAIM_PROBING,
	ARPCLAIM_LISTENING,	/* ANNOUNCE_WAIT after the last probe */
	ARPCLAIM_FREE,		/* nobody objected; not announced yet */
	ARPCLAIM_ANNOUNCING,
	ARPCLAIM_HELD,
	ARPCLAIM_LOST,		/* another host has it, or defends it better */
};

/* RFC 5227 2.4: what to do when somebody else uses the address we hold. */
enum arpclaim_defence {
	ARPCLAIM_YIELD,		/* (a) stop using it at once */
	ARPCLAIM_DEFEND_ONCE,	/* (b) one announcement; yield to a second conflict within
				   DEFEND_INTERVAL */
	ARPCLAIM_DEFEND_ALWAYS,	/* (c) never yield, but at most one announcement in
				   DEFEND_INTERVAL: for hosts that others are configured to find */
};

enum arpclaim_step_kind {
	ARPCLAIM_SEND_PROBE,
	ARPCLAIM_SEND_ANNOUNCEMENT,
	ARPCLAIM_SEND_DEFENCE,	/* an announcement, too */
	ARPCLAIM_SAY_FREE,
	ARPCLAIM_SAY_HELD,
	ARPCLAIM_SAY_LOST,
};

struct arpclaim_step {
	enum arpclaim_step_kind kind;
	unsigned nth;		/* SEND: of its kind, from 1 */
	struct eth_hdr eth;	/* SEND: ready for arp_frame_build() */
	struct arp_msg msg;
};

enum arpclaim_heard {
	ARPCLAIM_UNCONCERNED,		/* nothing to do with this address */
	ARPCLAIM_IN_USE,		/* while probing: somebody has it */
	ARPCLAIM_RIVAL_PROBE,		/* while probing: somebody else wants it, too (2.1.1) */
	ARPCLAIM_CONFLICT_DEFENDED,	/* held: an announcement will go out */
	ARPCLAIM_CONFLICT_QUIET,	/* held: defended a moment ago, so nothing is sent (2.4 (c)) */
	ARPCLAIM_CONFLICT_YIELDED,	/* held: given up */
};

struct arpclaim {
	struct mac mac;
	struct ip4 ip;
	uint16_t vlan;
	enum arpclaim_defence defence;
	enum arpclaim_state state;
	struct instant deadline;	/* of the state; arpclaim_deadline() also knows of a defence */
	struct instant conflicted;	/* the conflict last defended against (2.4); NEVER: none */
	unsigned sent;			/* probes or announcements so far in this state */
	unsigned defences;
	unsigned conflicts;		/* while acquiring, over all attempts (2.1.1) */
	bool defend_due;
	bool said;			/* the outcome was handed out */
	struct mac other;		/* IN_USE and the like: whose word it was */
	uint64_t random;
};

/* seed: any random number; two hosts that boot together must not have the same. */
void arpclaim_init(struct arpclaim *c, struct mac mac, struct ip4 ip, uint16_t vlan,
		   enum arpclaim_defence defence, uint64_t seed);

/* Probe; ends in ARPCLAIM_FREE or ARPCLAIM_LOST.  Called again after LOST (with c->ip
 * changed or not), it keeps RATE_LIMIT_INTERVAL once MAX_CONFLICTS were met. */
void arpclaim_probe(struct arpclaim *c, struct instant now);

/* Announce, from FREE as the RFC has it, or straight away when the caller knows that
 * the address is its own. */
void arpclaim_announce(struct arpclaim *c, struct instant now);

enum arpclaim_heard arpclaim_hear(struct arpclaim *c, struct instant now,
				  const struct arp_msg *msg);

/* What is due at `now`, one step a call; false when nothing is. */
bool arpclaim_next(struct arpclaim *c, struct instant now, struct arpclaim_step *out);

/* When arpclaim_next() has something; INSTANT_NEVER when only a frame can change anything. */
static inline struct instant arpclaim_deadline(const struct arpclaim *c)
{
	return c->defend_due ? (struct instant){ 0 } : c->deadline;
}

#endif
