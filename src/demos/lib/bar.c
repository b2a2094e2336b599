/* bar.c - a progress bar on the terminal that standard error is, and nothing elsewhere */
#include "wirelab/demo_bar.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "wirelab/clock.h"
#include "wirelab/progress.h"

#define PERIOD_NS (100 * MSEC_NS)	/* faster than that nobody can read */
#define COLUMNS_LEAST 20u

/* One less than there are: some terminals begin a new line after the last column. */
static unsigned columns_of_terminal(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col < COLUMNS_LEAST)
		return 0;
	return (w.ws_col < PROGRESS_COLUMNS_MAX ? w.ws_col : PROGRESS_COLUMNS_MAX) - 1u;
}

void demo_bar_begin(struct demo_bar *b, const char *name, uint64_t total)
{
	*b = (struct demo_bar){ .name = name, .total = total, .began = clock_now(),
				.on = isatty(STDERR_FILENO) };
}

uint64_t demo_bar_ns(const struct demo_bar *b)
{
	uint64_t ns = clock_now().ns - b->began.ns;

	return ns > 0 ? ns : 1;
}

void demo_bar_show(struct demo_bar *b, uint64_t done)
{
	/* Room for a character of four bytes in each column. */
	char line[4 * PROGRESS_COLUMNS_MAX + 2];
	struct txt t = txt_over(line, sizeof(line));

	if (!b->on)
		return;
	struct instant now = clock_now();
	if (b->columns > 0 && now.ns - b->drawn.ns < PERIOD_NS)
		return;
	b->drawn = now;
	/* Asked each time: a window changes its size. */
	b->columns = columns_of_terminal();
	if (b->columns == 0)
		return;
	progress_line(&t, &(struct progress){ .name = b->name, .done = done, .total = b->total,
					      .ns = now.ns - b->began.ns }, b->columns);
	/* Back to its beginning, where the next one, or a remark, covers it. */
	(void)fprintf(stderr, "%s\r", line);
}

void demo_bar_end(struct demo_bar *b)
{
	if (b->on && b->columns > 0)
		(void)fprintf(stderr, "%*s\r", (int)b->columns, "");
	b->columns = 0;
}
