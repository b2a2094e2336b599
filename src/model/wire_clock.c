#include "wirelab/wire_clock.h"

void wire_clock_reach(struct wire_clock *c, struct instant then)
{
	if (then.ns != INSTANT_NEVER.ns)
		c->now = instant_later(c->now, then);
}

uint64_t wire_clock_idle(struct wire_clock *c, uint64_t real_ns)
{
	uint64_t grids = real_ns / WIRE_CLOCK_GRID_NS;

	/* By the remainder, for real_ns + EARLY may not fit. */
	if (real_ns % WIRE_CLOCK_GRID_NS >= WIRE_CLOCK_GRID_NS - WIRE_CLOCK_EARLY_NS &&
	    grids < UINT64_MAX / WIRE_CLOCK_GRID_NS)
		grids++;
	c->now = instant_after(c->now, grids * WIRE_CLOCK_GRID_NS);
	return grids * WIRE_CLOCK_GRID_NS;
}

void wire_clock_wait(struct wire_clock *c, struct instant from, uint64_t nominal_ns)
{
	wire_clock_reach(c, instant_after(from, nominal_ns));
}
