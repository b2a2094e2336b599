/* wire_impl.h - what the files of the wire share */
#ifndef WIRELAB_WIRE_IMPL_H
#define WIRELAB_WIRE_IMPL_H

#include "wirelab/wire.h"

/*
 *	FREE --put--> (rules) --> [INWARD -->] OUTWARD --last port--> FREE
 *	                 |          switch        ^
 *	                 +--> ASIDE --------------+  released, passed by enough, or time over
 *	                 +--> FREE                   dropped
 */
enum slot_state { SLOT_FREE, SLOT_ASIDE, SLOT_INWARD, SLOT_OUTWARD };

struct slot {
	enum slot_state state;
	unsigned from, copy, did;
	unsigned to;			/* OUTWARD: ports that it has still to reach */
	unsigned handle;		/* ASIDE: of the rule that put it there */
	unsigned behind;		/* ASIDE: goes on when so many passed; 0: not by that */
	bool ripe;			/* ... and they have */
	bool follows;			/* a copy, to go right behind its original */
	uint32_t len;
	uint64_t index;
	uint64_t order;			/* among those due at the same time */
	uint64_t extra_ns;		/* by delay rules */
	struct instant sent, ready;	/* first bit out; at the other end, without mischief */
	struct instant due;		/* ASIDE: goes on by itself; INWARD: at the switch */
	struct instant arrive[WIRE_PORTS];	/* OUTWARD */
};

struct line {
	struct instant free;		/* the sender can begin with the next frame */
	struct instant last;		/* when the frame before arrives: nobody overtakes */
};

struct rule {
	struct wire_rule is;
	unsigned handle;		/* 0: no rule here */
	uint64_t matched, acted;
	uint64_t random;		/* each rule has its own chance: another one beside it
					   changes nothing for it */
};

struct whereabouts { struct mac mac; bool taken; unsigned port; struct instant seen; };

struct wire {
	struct wire_config config;
	unsigned n;
	size_t frame_max;
	struct instant now;
	uint64_t index, order;
	unsigned handles;
	unsigned n_rules;
	struct wire_counts counts;
	struct line in[WIRE_PORTS], out[WIRE_PORTS];
	struct rule rule[WIRE_RULES];		/* the first n_rules, in order of handles */
	struct whereabouts known[WIRE_MACS];
	uint8_t *bytes;				/* n frames, and two that are shown */
	struct slot slot[];
};

static inline uint8_t *wire_bytes(struct wire *w, const struct slot *s)
{
	return w->bytes + (size_t)(s - w->slot) * w->frame_max;
}

/* What wire_taken and wire_delivery point to. */
static inline uint8_t *wire_as_taken(struct wire *w)
{
	return w->bytes + w->n * w->frame_max;
}

static inline uint8_t *wire_for_host(struct wire *w)
{
	return w->bytes + (w->n + 1) * w->frame_max;
}

/* A free place, taken as ASIDE; NULL when there is none. */
struct slot *wire_take_slot(struct wire *w);

/* wire_switch.c: what a switch does with a frame that has come in: ports to send it to. */
unsigned wire_switch_ports(struct wire *w, struct slot *s, struct instant when);

enum fate { GOES_ON, STAYS_ASIDE, IS_DROPPED };

/* wire_rules.c: all rules for a frame that was just put; its copies are taken, to follow. */
enum fate wire_apply_rules(struct wire *w, struct slot *s);

#endif
