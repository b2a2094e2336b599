/*
 * wire.h - what lies between the hosts: a cable, a hub or a switch, and mischief in it
 *
 * The wire never touches an interface and never waits.  It is told which frame a host sent
 * and when, and says which frame reaches whom and when:
 *
 *	wire_put(w, port, frame, len, now, &taken)	a host sent a frame
 *	while (wire_next(w, now, &d))			what has arrived by now, in order
 *	move the clock to wire_deadline(w)
 *
 *	host --> port  pin  rules  line    [relay, line]     unpin  port --> host
 *	               |    |      |        |
 *	               |    |      |        a switch receives the whole frame first
 *	               |    |      serialisation, propagation; one frame after the other
 *	               |    drop, hold, delay, duplicate, reorder, corrupt, clamp
 *	               numbers that differ from run to run are replaced (wire_pin.h)
 *
 * The same calls in the same order give the same frames at the same times: chance comes from
 * a seed.  Of things that happen at the same time, the one that was put first comes first,
 * and a frame reaches the ports in the order of their numbers.
 */
#ifndef WIRELAB_WIRE_H
#define WIRELAB_WIRE_H

#include "wirelab/addr.h"
#include "wirelab/instant.h"
#include "wirelab/pkt.h"
#include "wirelab/wire_pin.h"

#define WIRE_PORTS 8u		/* at most; numbered from 0 */
#define WIRE_RULES 32u		/* at the same time */
#define WIRE_MACS 64u		/* that a switch remembers */
#define WIRE_AGE_NS (300 * SEC_NS)	/* IEEE 802.1Q table 8-6: recommended ageing time */

enum wire_kind {
	WIRE_CABLE,	/* two ports, full duplex: each direction is a line of its own */
	WIRE_HUB,	/* repeats to all other ports; all share one line, and wait for each other
			   (a real hub would have them collide) */
	WIRE_SWITCH,	/* learns who is where; stores, then forwards; a line in and a line out
			   for each port.  Tags are carried and not looked at */
};

struct wire_config {
	enum wire_kind kind;
	unsigned n_ports;	/* 2 for a cable, else 2..WIRE_PORTS */
	uint64_t bits_per_s;	/* of each line; 0: serialisation takes no time.  The frame's own
				   bytes are counted: no preamble, padding, FCS or gap, so that
				   the sum can be done by hand */
	uint64_t propagation_ns;	/* of each line: a switch has two on the way */
	uint64_t age_ns;	/* a switch forgets a MAC so long after its last frame; 0:
				   WIRE_AGE_NS */
	uint64_t seed;		/* for rules with chance or jitter */
	struct wire_pin *pin;	/* borrowed; NULL: nothing is pinned */
	unsigned pin_ports;	/* bits WIRE_PORT(n): where hosts are whose numbers are pinned on
				   the way in and unpinned on the way out */
};

struct wire;

/* Bytes for n_frames in the wire at the same time (1 .. 65536), held ones included, each of
 * at most frame_max bytes (1 .. 65536). */
size_t wire_size(unsigned n_frames, size_t frame_max);

/* memory: aligned for uint64_t, zeroed; borrowed.  NULL when size is too small, or the
 * config's port numbers do not fit its kind. */
struct wire *wire_init(void *memory, size_t size, unsigned n_frames, size_t frame_max,
		       const struct wire_config *config);

/* ---- frames ----------------------------------------------------------------------- */

/* What the wire did to a frame; several may hold at once. */
enum {
	WIRE_DROPPED = 1 << 0,
	WIRE_HELD = 1 << 1,		/* by a hold rule */
	WIRE_DELAYED = 1 << 2,
	WIRE_COPIED = 1 << 3,		/* a duplicate was made; in both, `copy` tells them apart */
	WIRE_REORDERED = 1 << 4,	/* set aside, for others to pass */
	WIRE_CORRUPTED = 1 << 5,
	WIRE_CLAMPED = 1 << 6,
	WIRE_FLOODED = 1 << 7,		/* the switch did not know to whom: to all other ports */
};

enum wire_put {
	WIRE_TAKEN,	/* it is in the wire, held, or dropped by a rule: taken->did */
	WIRE_FULL,	/* no place until something has been delivered or let go: the frame is
			   lost, as in a card whose queue is full */
	WIRE_MISFIT,	/* no such port, no bytes, or more than frame_max */
};

/* As an onlooker sees it who sits at the sender's port. */
struct wire_taken {
	uint64_t index;		/* frames are numbered from 1 as they are taken */
	unsigned did;		/* the bits above, as far as it is known now */
	struct instant sent;	/* its first bit left: not before the line was free */
	const uint8_t *frame;	/* pinned, and before any rule; valid until the next wire_put() */
	size_t len;
};

/*
 * A host sent this.  The bytes are copied.  now never goes back: an earlier one counts as
 * the latest that was told.  *out (may be NULL) is filled with WIRE_TAKEN only.
 */
enum wire_put wire_put(struct wire *w, unsigned port, const void *frame, size_t len,
		       struct instant now, struct wire_taken *out);

struct wire_delivery {
	unsigned port, from;
	uint64_t index;		/* of wire_taken */
	unsigned copy;		/* 0, or 1, 2 ... of duplicates */
	unsigned did;
	struct instant sent, arrived;	/* first bit out; last bit in */
	const uint8_t *frame;	/* for the host on `port`: its own numbers.  Both are ... */
	const uint8_t *shown;	/* for a capture: pinned.  ... valid until the next call */
	size_t len;
};

/*
 * What has arrived at `now`, one frame at one port a call, in the order of arrival; false
 * when there is nothing.  However late the call comes, arrived is when it was due.
 */
bool wire_next(struct wire *w, struct instant now, struct wire_delivery *out);

/* When wire_next() will next have something to do (perhaps inside the wire only);
 * INSTANT_NEVER when nothing is on its way, though frames may be held.  Linear in the
 * number of places, as wire_next() is: some hundreds are meant. */
struct instant wire_deadline(const struct wire *w);

/*
 * taken + copied = ended + dropped + aside + moving, always.
 */
struct wire_counts {
	uint64_t taken, full, misfit;	/* what became of wire_put() */
	uint64_t copied, not_copied;	/* duplicates; those for which there was no place */
	uint64_t dropped;		/* by rules */
	uint64_t ended;			/* frames that have reached every port they go to, ... */
	uint64_t filtered;		/* ... of which so many go to none (switch: too short for a
					   header, a group nobody forwards, or already there) */
	uint64_t delivered;		/* deliveries: one for each port */
	unsigned aside, moving;		/* now: held or set aside; on a line */
};

struct wire_counts wire_counts(const struct wire *w);

/* Where a switch would send frames to mac; false: it does not know (yet, or any more). */
bool wire_where(const struct wire *w, struct mac mac, struct instant now, unsigned *port);

/* ---- rules ------------------------------------------------------------------------ */

#define WIRE_PORT(n) (1u << (n))

/* What a frame is; a FIN with data is both.  Fragments are never more than that. */
enum {
	WIRE_SYN = 1 << 0,	/* without ACK */
	WIRE_SYNACK = 1 << 1,
	WIRE_ACK = 1 << 2,	/* pure: no SYN, FIN, RST or data */
	WIRE_DATA = 1 << 3,	/* TCP with payload */
	WIRE_FIN = 1 << 4,
	WIRE_RST = 1 << 5,
	WIRE_UDP = 1 << 6,
	WIRE_ICMP = 1 << 7,	/* of either version */
	WIRE_ARP = 1 << 8,
	WIRE_FRAGMENT = 1 << 9,
	WIRE_OTHER = 1 << 10,
};

unsigned wire_kinds(const struct pkt *p);

/* For a rule's own predicate.  Borrowed for the call. */
struct wire_seen {
	uint64_t index;
	unsigned port;		/* where it came from */
	unsigned kinds;
	const struct pkt *pkt;	/* as it was put (and pinned), whatever earlier rules did */
};

enum wire_action {
	WIRE_DROP,
	WIRE_HOLD,	/* it leaves the queue, and waits for wire_release(); others pass it */
	WIRE_DELAY,	/* it takes delay_ns longer, and what comes behind it stays behind it */
	WIRE_DUPLICATE,	/* a copy goes right behind it; with delay_ns, set aside for so long.  It
			   is made as the frame is then: no later rule touches it, and it goes
			   even when one drops or holds the frame */
	WIRE_REORDER,	/* set aside: goes right behind the next `behind` that go on from the same
			   port, or delay_ns later, whichever is first; 0: not by that */
	WIRE_CORRUPT,	/* flip bits of the byte at `offset` */
	WIRE_CLAMP_MSS,	/* lower the option of a SYN to `mss`; the checksum follows.  A SYN
			   without the option, or with less, stays as it is */
};

enum wire_base { WIRE_FROM_FRAME, WIRE_FROM_SEGMENT, WIRE_FROM_PAYLOAD };

/*
 * Which frames, and what is done to them.  All conditions must hold; a condition that is 0 or
 * NULL always does, so `{ .kinds = WIRE_SYN, .count = 1 }` drops the first SYN.
 */
struct wire_rule {
	unsigned ports;		/* WIRE_PORT(n) | ...: sent by one of these */
	unsigned kinds;		/* has one of these bits */
	uint64_t index;		/* this one frame */
	bool (*match)(void *context, const struct wire_seen *seen);	/* asked last; must leave
									   the wire alone */
	void *context;		/* borrowed for as long as the rule is there */
	unsigned skip;		/* of those that match so far, leave the first ones alone */
	unsigned count;		/* then act on so many (0: all) ... */
	unsigned per_million;	/* ... each with this chance (0: always) */

	enum wire_action action;
	uint64_t delay_ns;	/* DELAY, DUPLICATE, REORDER: ... */
	uint64_t jitter_ns;	/* ... and by chance up to so much more */
	unsigned behind;	/* REORDER */
	enum wire_base base;	/* CORRUPT: what the offset counts from */
	uint32_t offset;	/* CORRUPT: one that is beyond the frame harms nothing */
	uint8_t flip;		/* CORRUPT: exclusive or; 0 stands for 0xff */
	uint16_t mss;		/* CLAMP_MSS */
};

/*
 * Adds a rule; rules are tried in the order in which they were added, and all that match are
 * applied.  One that drops the frame or sets it aside is the last.  Returns a handle, never
 * one that was used before; 0 when there are WIRE_RULES already.
 */
unsigned wire_rule(struct wire *w, const struct wire_rule *rule);

/* Ends the rule.  What it has set aside goes on at `now`, in the order in which it came;
 * returns how many frames that were.  An unknown handle is no rule: 0. */
unsigned wire_release(struct wire *w, unsigned handle, struct instant now);

/* The first n of what the rule has set aside go on, and what waited to be passed by them; the
 * rule stays.  Returns how many of its frames went. */
unsigned wire_let_go(struct wire *w, unsigned handle, unsigned n, struct instant now);

/* Ends the rule, and drops what it has set aside; returns how many frames that were. */
unsigned wire_discard(struct wire *w, unsigned handle);

/* So far: frames that met the conditions above `skip`; those acted on; those set aside now. */
struct wire_rule_story { uint64_t matched, acted; unsigned aside; };

/* False: no such rule. */
bool wire_rule_story(const struct wire *w, unsigned handle, struct wire_rule_story *out);

#endif
