/*
 * demo_bar.h - a progress bar on the terminal that standard error is, and nothing elsewhere
 *
 *	demo_bar_begin(&bar, "film.mp4", size);
 *	demo_bar_show(&bar, done);		as often as you like: it draws ten times a second
 *	demo_bar_end(&bar);			before anything else is written
 */
#ifndef WIRELAB_DEMO_BAR_H
#define WIRELAB_DEMO_BAR_H

#include <stdbool.h>
#include <stdint.h>

#include "wirelab/instant.h"

struct demo_bar {
	const char *name;		/* borrowed */
	uint64_t total;			/* bytes */
	struct instant began, drawn;
	bool on;			/* there is a terminal, wide enough */
	unsigned columns;		/* of what stands there now; 0: nothing */
};

void demo_bar_begin(struct demo_bar *b, const char *name, uint64_t total);
void demo_bar_show(struct demo_bar *b, uint64_t done);

/* Takes the bar away.  Drawing may go on afterwards. */
void demo_bar_end(struct demo_bar *b);

/* Nanoseconds since it began, terminal or not; at least 1. */
uint64_t demo_bar_ns(const struct demo_bar *b);

#endif
