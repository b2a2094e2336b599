#include "wirelab/wire_clock.h"

void wire_clock_reach(struct wire_clock *c, struct instant then)
{
	if (then.ns != INSTANT_NEVER.ns)
		c->now = instant_later(c->now, then);
}

static uint64_t grid_of(uint64_t real_ns)
{
	if (real_ns < WIRE_CLOCK_LONG_NS)
		return WIRE_CLOCK_GRID_NS;
	return real_ns < WIRE_CLOCK_VERY_LONG_NS ? WIRE_CLOCK_LONG_GRID_NS :
						   WIRE_CLOCK_VERY_LONG_GRID_NS;
}

uint64_t wire_clock_idle(struct wire_clock *c, uint64_t real_ns)
{
	uint64_t grid = grid_of(real_ns), grids = real_ns / grid;

	/* By the remainder, for real_ns + a quarter may not fit. */
	if (real_ns % grid >= grid - grid / 4 && grids < UINT64_MAX / grid)
		grids++;
	c->now = instant_after(c->now, grids * grid);
	return grids * grid;
}

void wire_clock_wait(struct wire_clock *c, struct instant from, uint64_t nominal_ns)
{
	wire_clock_reach(c, instant_after(from, nominal_ns));
}
