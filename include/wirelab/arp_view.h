/*
 * arp_view.h - what arpq found, for people, for programs, and for the reader of a capture
 *
 * A view gets finished facts and a buffer.  It decides nothing and keeps nothing.
 * All write one line, without its newline, or several where that is said.
 */
#ifndef WIRELAB_ARP_VIEW_H
#define WIRELAB_ARP_VIEW_H

#include "wirelab/arp_claim.h"
#include "wirelab/arp_resolver.h"
#include "wirelab/arp_sweep.h"
#include "wirelab/arp_watch.h"
#include "wirelab/text.h"

#define ARP_VIEW_LINE 512u	/* bytes that no line exceeds */

enum arp_source {
	ARP_FROM_WIRE,		/* asked and answered just now */
	ARP_FROM_CACHE,		/* remembered; no frame was sent */
	ARP_FROM_OWN,		/* one of this machine's own addresses */
};

enum arp_outcome {
	ARP_FOUND,
	ARP_SILENT,		/* asked, and no answer */
	ARP_STILL_SILENT,	/* a remembered failure; no frame was sent */
};

/* What there is to say about one address. */
struct arp_result {
	struct ip4 ip;
	enum arp_outcome outcome;
	enum arp_source source;
	struct mac mac;			/* ARP_FOUND */
	const char *vendor;		/* sanitised UTF-8; NULL: unknown */
	const char *ifname;
	uint16_t vlan;			/* 0: untagged */
	uint64_t rtt_ns;		/* ARP_FROM_WIRE; 0: another process had asked */
	unsigned requests;		/* sent for this answer, or in vain */
	uint64_t age_ns, left_ns;	/* ARP_FROM_CACHE: since when known, until when used */
	uint64_t waited_ns;		/* ARP_SILENT */
	bool has_former;
	struct mac former;		/* what the cache had before */
};

/* columns: of the terminal; 0: do not cut the vendor's name. */
void arp_view_result(struct txt *t, const struct arp_result *r, size_t columns);
void arp_view_result_json(struct txt *t, const struct arp_result *r);

/* A second owner of r->ip; both MACs are in the line. */
void arp_view_conflict(struct txt *t, struct ip4 ip, struct mac first, struct mac other,
		       const char *ifname);
void arp_view_conflict_json(struct txt *t, struct ip4 ip, struct mac first, struct mac other,
			    const char *ifname);

/* What was refused or remarked, counted: "10.0.0.7: refused 3 messages: ... (RFC 826)".
 * No MAC is named here: one that was refused is not to be taken for an answer. */
void arp_view_finding(struct txt *t, enum arp_finding f, struct ip4 ip, uint64_t count);
void arp_view_finding_json(struct txt *t, enum arp_finding f, struct ip4 ip, uint64_t count);

/* One step of the machine, with its reason and its section (--trace). */
void arp_view_step(struct txt *t, const struct arpres_step *s, unsigned tries);
void arp_view_heard(struct txt *t, const struct arpres_heard *h, const struct arp_frame *frame);

/* Whether the heard frame was believed, and why: the remark on a frame of a capture. */
void arp_view_remark_heard(struct txt *t, const struct arpres_heard *h,
			   const struct arp_frame *frame);
void arp_view_remark_sent(struct txt *t, const struct arpres_step *s, unsigned tries);

void arp_view_sighting(struct txt *t, const struct arpwatch_sighting *s, const char *vendor);
void arp_view_sighting_json(struct txt *t, const struct arpwatch_sighting *s, const char *vendor,
			    const char *ifname);

void arp_view_claim_step(struct txt *t, const struct arpclaim_step *s, const struct arpclaim *c);
void arp_view_claim_heard(struct txt *t, enum arpclaim_heard h, const struct arpclaim *c);

/* A row of the cache; the heading first (entry NULL). */
struct arp_row {
	struct ip4 ip;
	struct mac mac;
	const char *state;		/* "fresh", "stale", "failed", "contested" */
	const char *how;		/* "reply", "watched" */
	const char *vendor;		/* NULL: unknown */
	const char *ifname;
	uint16_t vlan;
	uint64_t age_ns;
	uint64_t left_ns;		/* 0: over */
};
void arp_view_row(struct txt *t, const struct arp_row *row, size_t columns);
void arp_view_row_json(struct txt *t, const struct arp_row *row);

#endif
