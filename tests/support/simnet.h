/*
 * simnet.h - an Ethernet segment that exists only in memory, with its own clock
 *
 * Hosts that answer ARP, hosts that are dead, addresses with two owners, and a liar
 * share a hub (wire.h) that loses, repeats, delays and reorders frames.  Several
 * resolvers, each with a cache of its own, ask over minutes of virtual time; their
 * wake-ups come late.  A discrete-event loop drives all of it from one seed, and
 * after every event the rules that must always hold are checked.
 *
 * The checker keeps its own account of what was sent and asked; it does not look
 * into the machines it checks.
 */
#ifndef WIRELAB_SIMNET_H
#define WIRELAB_SIMNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "wirelab/arp_resolver.h"

struct simnet_config {
	uint64_t seed;
	unsigned n_resolvers;		/* 1..SIMNET_RESOLVERS */
	unsigned n_hosts;		/* addresses, 1..SIMNET_HOSTS */
	unsigned dead_percent;		/* of the addresses have nobody behind them */
	unsigned shared_percent;	/* ... have two owners */
	bool liar;			/* one host forges, in every way but one: see simnet.c */
	bool perfect_liar;		/* ... and in that one, too: no rule can then hold */
	unsigned loss_percent, repeat_percent;
	uint64_t delay_ns;		/* each frame takes 0 .. delay_ns: so they overtake */
	uint64_t late_ns;		/* each wake-up comes 0 .. late_ns late */
	uint64_t duration_ns;		/* virtual */
	struct arpres_config rules;	/* what the resolvers keep; self is filled in */
	uint64_t checked_retry_ns;	/* what the checker holds them to: the same, except */
	unsigned checked_tries;		/* where the checker itself is tested */
	bool record;			/* keep every frame, for simnet_dump() */
};

#define SIMNET_RESOLVERS 4u
#define SIMNET_HOSTS 24u

struct simnet;

/* Runs the whole life of one segment.  NULL when there is no memory. */
struct simnet *simnet_run(const struct simnet_config *config);

/* The first rule that was broken, with its virtual time; "" when none was. */
const char *simnet_complaint(const struct simnet *net);

struct simnet_totals {
	uint64_t events, frames;	/* frames: one for each that hears it */
	uint64_t questions, answers, given_up, conflicts;
	uint64_t virtual_ns;
};

struct simnet_totals simnet_totals(const struct simnet *net);

/* The frames of a run with `record`, as they were sent, as a capture.  False when a
 * write failed.  Times are those of the virtual clock. */
bool simnet_dump(const struct simnet *net, FILE *f);

void simnet_free(struct simnet *net);

#endif
