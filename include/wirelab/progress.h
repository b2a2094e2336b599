/* progress.h - how far a transfer has come, in one line of a terminal */
#ifndef WIRELAB_PROGRESS_H
#define WIRELAB_PROGRESS_H

#include "wirelab/text.h"

struct progress {
	const char *name;	/* of what is transferred; any bytes, made safe here */
	uint64_t done, total;	/* bytes */
	uint64_t ns;		/* that it has taken so far */
};

/*
 * Append exactly `columns` columns (up to PROGRESS_COLUMNS_MAX), without an end of line:
 *
 *	film.mp4         50% [=============>             ]  512.0MB    1.0GB/s     0:00
 *
 * the name (cut, if need be), the percentage (100 only when all is there), the bytes that are
 * there, the rate on average, and the time that the rest will take, "-" for what is not known
 * yet.  On a narrow terminal the bar is left out first, then the fields from the right.
 */
#define PROGRESS_COLUMNS_MAX 512u
void progress_line(struct txt *t, const struct progress *p, size_t columns);

#endif
