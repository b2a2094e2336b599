/*
 * arp_exchange.h - questions and answers of a link's ARP, paired as an onlooker hears them
 *
 *	arp_tally_init(&tally, owners);			(arp_tally.h: counts, and who owns what)
 *	t = arpx_init(memory, size, n, &tally, secret);
 *	for each frame:
 *		pkt_dissect(&p, ...);
 *		if (arpx_message_from(&m, &p)) {
 *			m.when = ...; m.frame = ...;
 *			arpx_hear(t, &m);
 *		}
 *		while (arpx_next(t, now, &exchange))	print it
 *	at the end:
 *		while (arpx_next(t, INSTANT_NEVER, &exchange))	print it
 *
 * An exchange is what one host asked about one address, however often, and what was answered;
 * or a run of equal messages that want no answer.  Exchanges come out in the order in which
 * they began, each when it is over:
 *
 *	question, probe   ARPX_SETTLE_NS after its last answer, so that a second owner is
 *	                  heard, too; ARPX_QUIET_NS after the last request without one
 *	others            ARPX_QUIET_NS after the last of its kind
 *	any               after ARPX_LONGEST_NS, and the first when the table is full
 *
 * A request that follows an answer begins a new exchange (the asker's cache has expired).
 */
#ifndef WIRELAB_ARP_EXCHANGE_H
#define WIRELAB_ARP_EXCHANGE_H

#include "wirelab/arp_judge.h"
#include "wirelab/arp_tally.h"
#include "wirelab/pkt.h"

#define ARPX_SETTLE_NS (1 * SEC_NS)
#define ARPX_QUIET_NS (5 * SEC_NS)	/* longer than between two announcements, or a retry */
#define ARPX_LONGEST_NS (60 * SEC_NS)
#define ARPX_ANSWERS 4u			/* MACs that are kept of those that answered */

/* One ARP message of a capture. */
struct arpx_message {
	struct instant when;		/* the caller's to give */
	uint64_t frame;			/* the caller's to give: from 1 */
	bool has_eth;			/* the link is Ethernet: arp.eth is what was captured */
	struct arp_frame arp;		/* without has_eth, eth is made up from the message */
};

/* False: the frame holds no ARP, or it is cut short.  A message that is not for IPv4 over
 * Ethernet is one all the same: its operation is told, and no more. */
bool arpx_message_from(struct arpx_message *out, const struct pkt *p);

enum arpx_kind {
	ARPX_QUESTION,
	ARPX_PROBE,			/* RFC 5227 1.1: is this address free? */
	ARPX_ANNOUNCEMENT,		/* RFC 5227 1.1: a request for the sender's own address */
	ARPX_GRATUITOUS_REPLY,		/* a reply to nobody, about the sender's own address */
	ARPX_UNSOLICITED,		/* a reply to somebody who was not heard asking */
	ARPX_OTHER,			/* another operation (RARP, InARP), or other addresses */
};

/* "question", "probe", ...: stable, for programs. */
const char *arpx_kind_name(enum arpx_kind kind);

/* Replies with one MAC in them. */
struct arpx_answer {
	struct mac mac;			/* the sender's, inside the message */
	uint64_t frame;			/* the first of them */
	uint64_t after_ns;		/* from the last request before it to that one */
	uint32_t count;
	enum arp_finding finding;	/* of the first, judged as the asker would: what is not
					   ARP_F_REPLY is worth a word (arp_finding_info) */
};

struct arp_exchange {
	enum arpx_kind kind;
	struct mac asker_mac;		/* who sent it: the sender inside the first message; with */
	struct ip4 asker_ip;		/* ARPX_OTHER and has_addresses not set, both are zero */
	struct ip4 asked_ip;		/* the target; with ARPX_UNSOLICITED whom it was sent to */
	uint16_t vlan;			/* of the innermost tag; 0: none */
	uint16_t op;			/* of the first message */
	bool has_addresses;
	uint64_t first_frame, last_frame;	/* of requests and answers */
	struct instant first, last, last_request;
	uint32_t messages;		/* requests; of kinds without answers, all */
	uint32_t broadcast, unicast;	/* of these, by the Ethernet destination; neither counts
					   where the link is not Ethernet */
	uint32_t replies;
	uint32_t n_answers;		/* MACs that answered; beyond ARPX_ANSWERS, too */
	struct arpx_answer answer[ARPX_ANSWERS];
	bool relayed;			/* a message's Ethernet source is not its sender */
	bool other_owner;		/* an address in it was heard with another MAC before: */
	struct ip4 other_ip;		/* this one, */
	struct mac other_mac;		/* first heard with this one */
	enum arp_finding finding;	/* of the first message, as anybody would judge it: with
					   ARP_W_REFUSED or _FORGED it cannot be right */
};

/* Two MACs answered one question: a conflict, or a forger. */
static inline bool arpx_is_conflict(const struct arp_exchange *x)
{
	return x->n_answers > 1;
}

/* What one message was, as bits: for those who list frames. */
enum {
	ARPX_SAID_REQUEST = 1 << 0,
	ARPX_SAID_REPLY = 1 << 1,
	ARPX_SAID_OTHER = 1 << 2,
	ARPX_SAID_GRATUITOUS = 1 << 3,		/* sender and target address equal */
	ARPX_SAID_PROBE = 1 << 4,
	ARPX_SAID_ANNOUNCEMENT = 1 << 5,
	ARPX_SAID_DUPLICATE = 1 << 6,		/* arp_tally's duplicate_address */
	ARPX_SAID_UNSOLICITED = 1 << 7,		/* a reply, gratuitous or not, to no question */
};

struct arpx;

/* Bytes for n exchanges at a time, 1 .. 2^24: about 260 each.  1024 are plenty for a LAN. */
size_t arpx_size(uint32_t n);

/*
 * memory: ALREADY ZERO, aligned for uint64_t, borrowed until the table is no longer used.
 * tally: borrowed, initialised; arpx_hear counts in it, so nobody else should.
 * secret: 16 random bytes.  NULL when size is too small or n is 0.
 */
struct arpx *arpx_init(void *memory, size_t size, uint32_t n, struct arp_tally *tally,
		       const uint8_t secret[static 16]);

/*
 * Returns bits ARPX_SAID_....  Between two calls arpx_next() must have been called until it
 * says false; else a full table forgets its first exchange, which arpx_lost() counts.
 */
unsigned arpx_hear(struct arpx *t, const struct arpx_message *m);

/* The next exchange that is over at `now`; with INSTANT_NEVER every one.  False: none. */
bool arpx_next(struct arpx *t, struct instant now, struct arp_exchange *out);

uint64_t arpx_lost(const struct arpx *t);

#endif
