/*
 * plan.h - what a seed decides: addresses, ports, sizes, numbers
 *
 * The public seed gives everybody the plan that the lesson's text speaks of: 10.0.0.1 is
 * alice.  Any other gives a plan of its own, the same for the same seed on every
 * machine, so that a teacher can give each learner other numbers, and other answers.
 *
 * Each number is drawn by its name: that an experiment draws one more changes no other.
 */
#ifndef WIRELAB_PLAN_H
#define WIRELAB_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "wirelab/addr.h"

#define PLAN_SEED_PUBLIC "public"
#define PLAN_SEED_MAX 63u		/* bytes of a seed: letters, digits, and -_.@ */
#define PLAN_HOSTS 4u			/* alice, bob, carol, router: 0 .. 3 */

struct plan { char seed[PLAN_SEED_MAX + 1]; };

/* False when seed is empty, too long or has other characters. */
bool plan_init(struct plan *p, const char *seed);
bool plan_is_public(const struct plan *p);

/* `usual` with the public seed; else drawn evenly from lo .. hi, both possible. */
uint32_t plan_number(const struct plan *p, const char *name, uint32_t usual, uint32_t lo,
		     uint32_t hi);

/* Of host `host` (see PLAN_HOSTS) on network `net` (0; 1 is the other side of a router): 10.net.0.1
 * and so on, of a /24; 02:00:00:00:net:01, ...  With other seeds as the seed has it. */
struct ip4 plan_ip(const struct plan *p, unsigned net, unsigned host);
struct mac plan_mac(const struct plan *p, unsigned net, unsigned host);

/* Ports of the clients' n connections and of the servers' services: 40001, 40002, ..., and 7001, ... */
uint16_t plan_client_port(const struct plan *p, unsigned n);
uint16_t plan_service_port(const struct plan *p, unsigned n);

/* Initial sequence numbers: of initiators 1,000, 2,000, ...; of responders 50,000 and on. */
uint32_t plan_initiator_isn(const struct plan *p, unsigned n);
uint32_t plan_responder_isn(const struct plan *p);

#endif
