/*
 * responder.h - a host that answers ARP as nobody should, on purpose
 *
 *	struct responder r;
 *	struct responder_config c = { .odd = true, .company = ODD_BEFORE_HONEST };
 *	responder_begin(&r, &net, SIDE_SERVER, &c);
 *	... ask for odd_ip(ODD_ZERO_MAC) ...
 *	responder_end(&r);
 *
 * It is a child process with a raw socket on the host's interface, answers
 * beside the host's own kernel, and dies with its parent.  Three things it does,
 * in any combination:
 *
 * odd     each address 10.50.9.N stands for one oddity: N picks it
 * prefix  every address of a prefix exists, each with its own MAC, 02:aa:<address>,
 *         so that pairs can be checked and not only counted
 * flood   a number of forged frames, as fast as the machine can
 */
#ifndef SUPPORT_RESPONDER_H
#define SUPPORT_RESPONDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netns.h"
#include "wirelab/addr.h"

/* ---- the oddities ---------------------------------------------------------------- */

enum odd {
	ODD_NORMAL = 1,
	ODD_ETHER_SOURCE,	/* 02:ee:00:00:00:NN in the Ethernet header */
	ODD_BROADCAST_MAC,
	ODD_MULTICAST_MAC,
	ODD_HLEN_8,
	ODD_PLEN_16,
	ODD_OPCODE_3,
	ODD_HTYPE_6,
	ODD_PTYPE_IPV6,
	ODD_CUT_FRAME,		/* to 30 bytes, header included */
	ODD_OTHER_SENDER_IP,	/* 10.50.9.200 */
	ODD_OTHER_TARGET_IP,	/* 10.60.0.77 */
	ODD_ZERO_SENDER_IP,
	ODD_TWO_HOSTS,		/* the second is 02:df:00:00:00:NN */
	ODD_TWICE,
	ODD_VLAN_5,
	ODD_SNAP,
	ODD_TEXT_IN_PADDING,
	ODD_BROADCAST_REPLY,
	ODD_ZERO_MAC,
	ODD_REQUEST_INSTEAD,	/* an ARP request of ours, with the wanted pair as its sender */
	ODD_LATE,		/* after 700 ms */
	ODD_SECOND_REQUEST,	/* odd requests are ignored, even ones answered */
	ODD_OWN_MAC,
	/* arpodd's table ends here (24) */
	ODD_OTHER_TARGET_MAC,	/* 02:00:00:00:0a:99 as ARP target, in a frame to us */
	ODD_GRATUITOUS_REQUEST,	/* broadcast, sender and target address both the asked one */
	ODD_GRATUITOUS_REPLY,
	ODD_UNICAST_ONLY,	/* deaf to broadcast requests */
	ODD_BROADCAST_ONLY,	/* deaf to unicast requests */
	ODD_VLAN,		/* tagged with responder_config.vid */
	ODD_PRIORITY_TAG,	/* VLAN identifier 0: priority only (802.1Q 6.9) */
	ODD_TWO_TAGS,		/* 802.1ad 7, 802.1Q 5 */
	ODD_OTHER_HOST,		/* a good answer in a frame to 02:00:00:00:0a:99 */
	ODD_SILENT,
	ODD_LONG,		/* 1,514 bytes: the message and a long trailer of 0xff */
	ODD_OPCODE_0,
	ODD_ETHER_SOURCE_OURS,	/* the asker's own address in the Ethernet header */
	ODD_GROUP_ETHER_SOURCE,	/* a multicast address there */
	ODD_TABLE_END,

	ODD_CUT_BODY = 100,	/* 100 + n: the ARP body ends after n bytes, n = 0 .. 27 */
	ODD_CUT_BODY_LAST = ODD_CUT_BODY + 27,
};

/* What a careful resolver makes of the odd host's frame. */
enum odd_verdict {
	ODD_ACCEPTED,		/* an answer like any other */
	ODD_FLAGGED,		/* an answer, and something must be said about it */
	ODD_REFUSED,		/* no answer, and the reason has a name */
	ODD_EITHER,		/* both can be defended; whichever, it is said and documented */
	ODD_CONFLICT,		/* all claimants are shown, exit status 4 */
	ODD_NOTHING,		/* there is nothing to be seen, or nothing that is meant for us */
};

struct odd_case {
	enum odd odd;
	const char *name;	/* a few words, for a test's message */
	enum odd_verdict verdict;	/* with no other host for the address */
	const char *careful;	/* in words */
};

/* The table's i-th line, from 0, the 28 cuts at its end; NULL behind the last. */
const struct odd_case *odd_case_at(size_t i);
const struct odd_case *odd_case_of(enum odd odd);	/* NULL: no such case */

struct ip4 odd_ip(enum odd odd);	/* 10.50.9.N */
struct mac odd_honest_mac(enum odd odd);	/* 02:dd:00:00:00:NN */

/*
 * The odd host's own MAC: with no other host the honest one, so that accepting
 * its frame gives the right answer; in company 02:df:00:00:00:NN.
 */
struct mac odd_forged_mac(enum odd odd, bool in_company);

/* ---- the process ------------------------------------------------------------------- */

enum odd_company {
	ODD_ALONE,
	ODD_BEFORE_HONEST,	/* then, in the same breath, the honest host's reply */
	ODD_AFTER_HONEST,
};

enum flood_kind {
	FLOOD_NONE,
	FLOOD_OTHER_SENDERS,	/* good replies to the asker, from addresses out of flood_senders */
	FLOOD_CLAIMANTS,	/* the same, with another sender MAC (02:f0:..) in every frame */
	FLOOD_OTHER_TARGETS,	/* from flood_senders, but broadcast to another asker */
	FLOOD_MALFORMED,	/* cuts, wrong lengths and types, random bytes */
};

/* All zero does nothing.  Copied by responder_begin. */
struct responder_config {
	bool odd;
	enum odd_company company;
	uint16_t vid;			/* of ODD_VLAN */

	struct ip4 prefix;		/* 10.50.9.0/24 stays odd inside it when odd is set */
	unsigned prefix_len;		/* 0: none; else 8 .. 32 */
	unsigned exists_every;		/* n > 1: only hosts with number % n == 7 % n exist */
	unsigned loss_percent;		/* of the replies, drawn with seed */
	unsigned deaf_to_first;		/* so many requests for each address go unanswered */
	uint64_t delay_ns;
	uint64_t seed;

	enum flood_kind flood;
	uint64_t flood_frames;
	struct ip4_range flood_senders;	/* gone through in a circle */
	bool flood_when_asked;		/* it starts with the first ARP request that is heard */
	bool flood_tagged;		/* every frame with VLAN identifier vid */
};

/* Counted by the child while it runs; read them when it is quiet, or ended. */
struct responder_stats {
	uint64_t requests;		/* heard, for addresses that are its own */
	uint64_t replies;		/* frames sent in answer, odd ones included */
	uint64_t lost;			/* answers dropped by loss_percent */
	uint64_t flooded;		/* forged frames handed to the kernel */
	uint64_t flood_ns;		/* how long that took; 0 until the last one was sent */
	uint64_t refused_sends;		/* frames the kernel would not send */
	uint64_t unheard;		/* frames that came too fast; known when it has ended */
};

struct responder {
	pid_t pid;			/* 0 when not running */
	int control;			/* its end is the end of the child */
	struct responder_shared *shared;
};

/*
 * Returns when it is listening.  0, or -1 with errno and net->err.  Several may run
 * at once, on one host or on several.
 */
int responder_begin(struct responder *r, struct testnet *net, enum side side,
		    const struct responder_config *config);

struct responder_stats responder_stats(const struct responder *r);

/* Wait until the flood has been sent; false when the time is over. */
bool responder_flooded(const struct responder *r, uint64_t timeout_ns);

/* Ends it; its last counts, or all zero when it was not running.  false: it had died. */
bool responder_end(struct responder *r, struct responder_stats *last);

/* The MAC of an address under a prefix: 02:aa:<address>. */
struct mac responder_mac(struct ip4 ip);

#endif
