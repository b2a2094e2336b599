/*
 * wire_clock.h - virtual time: a capture that is made twice has the same times twice
 *
 * Real kernels sit at both ends of the wire, and no two runs of theirs take equally long.
 * The time in a capture is therefore not measured but told, by what made it pass:
 *
 *	a frame was carried	serialisation and propagation, as the wire works them out:
 *				wire_clock_reach(clock, wire_deadline(wire))
 *	nothing moved, then a	the real time that passed meanwhile, brought to a grid:
 *	kernel's timer fired	wire_clock_idle()
 *	the experiment waits	what its script says: wire_clock_wait()
 *
 * What a kernel or this program needs to compute takes no time at all.
 */
#ifndef WIRELAB_WIRE_CLOCK_H
#define WIRELAB_WIRE_CLOCK_H

#include "wirelab/instant.h"

/*
 * Linux lets timers come late, never early: by a tick of 1 to 10 ms, and, since it keeps them in
 * a wheel whose slots grow with the delay, by up to an eighth of it: a SYN is sent again after
 * 1.000 to 1.032 s where a tick is 4 ms, and to 1.064 s where it is 1 ms.  But the caller's
 * measuring begins a little after the timer's, and of two timers that overlap the second seems
 * early by what the first was late.  So a real time belongs to the last multiple of the grid
 * that it has reached or lacks less than a quarter of the grid of, and the grid grows as well:
 *
 *	real time		grid	these timers keep their time
 *	below 350 ms		20 ms	delayed ACKs, the first RTO: 195 to 214.9 ms are 200 ms
 *	350 ms to 2.75 s	200 ms	an RTO of 400, 800 ms; SYN and ARP: 0.95 to 1.149 s are 1 s
 *	above			1 s	what has been doubled some times
 */
#define WIRE_CLOCK_GRID_NS (20 * MSEC_NS)
#define WIRE_CLOCK_LONG_NS (350 * MSEC_NS)
#define WIRE_CLOCK_LONG_GRID_NS (200 * MSEC_NS)
#define WIRE_CLOCK_VERY_LONG_NS (2750 * MSEC_NS)
#define WIRE_CLOCK_VERY_LONG_GRID_NS (1 * SEC_NS)

struct wire_clock { struct instant now; };

/* To `then`, unless it is past already or INSTANT_NEVER: virtual time never goes back. */
void wire_clock_reach(struct wire_clock *c, struct instant then);

/*
 * Nothing has moved for real_ns of real time, and now something did without being caused
 * by a frame.  Returns by how much virtual time went on, a multiple of real_ns's grid.
 */
uint64_t wire_clock_idle(struct wire_clock *c, uint64_t real_ns);

/*
 * The script waited, since `from` of virtual time, for nominal_ns.  Frames and timers may have
 * moved the clock meanwhile: those times are part of the wait, not added to it.
 */
void wire_clock_wait(struct wire_clock *c, struct instant from, uint64_t nominal_ns);

#endif
