/*
 * arp_judge.h - what to make of an ARP frame: every refusal has a name
 *
 * ARP has no authentication: whoever is on the link may say anything.  What a
 * careful host can do is to believe nothing that nobody asked for, to check each
 * field against the others, and to say aloud what did not fit.  This module looks
 * at one frame by itself; whether a question is pending is the resolver's to know.
 */
#ifndef WIRELAB_ARP_JUDGE_H
#define WIRELAB_ARP_JUDGE_H

#include "wirelab/arp.h"

/* Who we are on the link, and on which VLAN we ask (0: untagged). */
struct arp_self {
	struct mac mac;
	struct ip4 ip;		/* 0.0.0.0 while we have none: we then ask as a probe does, and
				   replies to us are made out to 0.0.0.0 */
	uint16_t vlan;
};

enum arp_finding {
	/* An answer, if there was a question. */
	ARP_F_REPLY,		/* a reply to us, and nothing is odd about it */
	ARP_F_REPLY_BROADCAST,	/* ... sent to everybody */
	ARP_F_REPLY_RELAYED,	/* ... the Ethernet source is not the ARP sender */

	/* Ordinary talk of the link, no answer to anybody's question. */
	ARP_F_REQUEST,		/* somebody asks for somebody else */
	ARP_F_REQUEST_FOR_US,	/* somebody asks for our address */
	ARP_F_PROBE,		/* somebody asks whether an address is free */
	ARP_F_ANNOUNCEMENT,	/* a gratuitous request */
	ARP_F_GRATUITOUS_REPLY,
	ARP_F_REPLY_FOR_OTHER,	/* broadcast (RFC 3927 2.5), or handed up by chance */
	ARP_F_ECHO,		/* our own frame, come back to us */
	ARP_F_OTHER_VLAN,	/* tagged for another VLAN than ours, or not tagged for ours */
	ARP_F_NOT_ARP,

	/* Refused: the message cannot be right. */
	ARP_F_UNASKED,		/* a reply to us from an address we did not ask (resolver's word) */
	ARP_F_TRUNCATED,
	ARP_F_HARDWARE_TYPE,
	ARP_F_PROTOCOL_TYPE,
	ARP_F_ADDRESS_LENGTH,
	ARP_F_OPERATION,
	ARP_F_SENDER_MAC_BROADCAST,
	ARP_F_SENDER_MAC_MULTICAST,
	ARP_F_SENDER_MAC_ZERO,
	ARP_F_SENDER_MAC_OURS,
	ARP_F_SENDER_IP_ZERO,
	ARP_F_SENDER_IP_OURS,	/* somebody else uses our address (RFC 5227 2.4) */
	ARP_F_TARGET_IP_NOT_OURS,
	ARP_F_TARGET_MAC_NOT_OURS,
	ARP_F_COUNT
};

enum arp_weight {
	ARP_W_TAKEN,		/* may be believed */
	ARP_W_REMARKED,		/* may be believed, and is said aloud */
	ARP_W_ORDINARY,		/* not an answer; nothing wrong with it */
	ARP_W_REFUSED,		/* not believed, said aloud */
	ARP_W_FORGED,		/* said aloud, and the exit status tells of it (4) */
};

struct arp_finding_info {
	const char *name;	/* stable, for programs: "sender_mac_zero" */
	const char *says;	/* for people, a clause: "the sender MAC is all zeros" */
	const char *section;	/* the rule it breaks or keeps: "RFC 826" */
	enum arp_weight weight;
	bool taken;		/* may count as an answer */
};

const struct arp_finding_info *arp_finding_info(enum arp_finding f);

/*
 * Judge one parsed frame.  Order matters where several things are odd at once:
 * form first (lengths, types), then the sender, then the target, then the frame
 * around the message; the first that does not fit gives the name.
 */
enum arp_finding arp_judge(const struct arp_frame *frame, const struct arp_self *self);

#endif
