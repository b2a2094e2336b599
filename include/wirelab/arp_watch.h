/*
 * arp_watch.h - what one learns by only listening: who is there, who moved, who quarrels
 *
 * Nothing is asked and nothing is answered.  What is heard goes into the cache as
 * ARP_UNVERIFIED: enough to be shown, and to be asked first by unicast, but not to
 * be used unasked.
 */
#ifndef WIRELAB_ARP_WATCH_H
#define WIRELAB_ARP_WATCH_H

#include "wirelab/arp_cache.h"
#include "wirelab/arp_judge.h"

enum arpwatch_event {
	ARPWATCH_NOTHING,	/* known already, or nothing to do with addresses */
	ARPWATCH_APPEARED,	/* the first word from this address */
	ARPWATCH_RETURNED,	/* the first word after quiet_ns of silence */
	ARPWATCH_MOVED,		/* another MAC than before, and the old one is silent */
	ARPWATCH_CONFLICT,	/* two MACs claim the address at the same time */
	ARPWATCH_PROBING,	/* somebody asks whether an address is free (RFC 5227) */
	ARPWATCH_ODD,		/* a frame that cannot be right; see finding */
};

struct arpwatch_sighting {
	enum arpwatch_event event;
	enum arp_finding finding;
	struct ip4 ip;			/* who; with PROBING the address asked for */
	struct mac mac;
	struct mac before;		/* MOVED, CONFLICT: the other MAC */
	uint64_t silent_ns;		/* RETURNED, MOVED: since the last word before this one */
};

struct arpwatch {
	struct arp_self self;
	struct arp_cache *now;		/* address -> the MAC heard last */
	struct arp_cache *before;	/* address -> the MAC it had before that, and when last */
	uint64_t conflict_ns;		/* two MACs within this time quarrel */
	uint64_t quiet_ns;
};

/* RFC 5227 2.4 looks back DEFEND_INTERVAL, ten seconds; so do we. */
#define ARPWATCH_CONFLICT_NS (10 * SEC_NS)
#define ARPWATCH_QUIET_NS (300 * SEC_NS)

/* Both caches borrowed and for this watch alone (`before` may be small). */
void arpwatch_init(struct arpwatch *w, const struct arp_self *self, struct arp_cache *now,
		   struct arp_cache *before);

struct arpwatch_sighting arpwatch_hear(struct arpwatch *w, struct instant now,
				       const struct arp_frame *frame);

#endif
