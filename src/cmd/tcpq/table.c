/* The table of connections, and what is kept beside it for each. */
#include "tcpq.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Enough for most captures.  For the others there is room at once that costs what is used of
 * it: nothing is copied, and the pages may be large. */
#define FLOWS_BEGIN ((size_t)4096)
#define FLOWS_MANY ((size_t)1 << 22)
#define HUGE_PAGE ((size_t)2 << 20)

/* Zeroed pages that cost nothing until they are used; NULL when not even that is allowed. */
static void *try_pages(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void *pages(size_t size)
{
	void *p = try_pages(size);

	if (!p)
		out_of_memory();
	return p;
}

/* A list by flow, with room for more flows; what is new in it is zero. */
static void *widened(void *list, size_t old, size_t flows, size_t size)
{
	void *wider = pages(flows * size);

	if (list) {
		memcpy(wider, list, old * size);
		(void)munmap(list, old * size);
	}
	return wider;
}

/* False: there is no memory for so many. */
static bool make_table(struct tcpq *q, size_t flows)
{
	size_t size = tcp_track_size(flows);
	uint8_t *memory = try_pages(size + HUGE_PAGE);

	if (!memory)
		return false;
	void *at = memory + (-(uintptr_t)memory & (HUGE_PAGE - 1));
	/* For a small capture, filling one would take longer than all the rest. */
	if (flows > FLOWS_BEGIN)
		(void)madvise(at, tcp_track_dense_size(flows), MADV_HUGEPAGE);
	if (q->track) {
		q->track = tcp_track_move(at, size, flows, q->track);
		(void)munmap(q->track_memory, q->track_size);
	} else {
		q->track = tcp_track_init(at, size, flows, q->secret);
	}
	q->track_memory = memory;
	q->track_size = size + HUGE_PAGE;
	if (q->reasons)
		q->past = widened(q->past, q->flows, flows, sizeof(*q->past));
	if (q->live)
		q->told = widened(q->told, q->flows, flows, sizeof(*q->told));
	q->flows = flows;
	return true;
}

void begin_table(struct tcpq *q)
{
	if (!make_table(q, FLOWS_BEGIN))
		out_of_memory();
}

/* Where address space is short (ulimit -v), it has to be less at a time. */
static void widen_table(struct tcpq *q)
{
	size_t flows = q->flows < FLOWS_MANY ? FLOWS_MANY : q->flows * 2;

	while (!make_table(q, flows)) {
		flows /= 2;
		if (flows <= q->flows)
			out_of_memory();
	}
}

/* Live, a closed connection has been told: it may be forgotten before the table grows. */
void make_room(struct tcpq *q)
{
	struct tcp_story story;

	if (!q->told || !tcp_track_give_up(q->track, &story))
		widen_table(q);
}

struct tcp_past *past_of(struct tcpq *q, uint32_t flow)
{
	if (flow >= q->n_past)
		q->n_past = flow + 1;
	if (!q->past[flow] && !(q->past[flow] = calloc(1, sizeof(*q->past[flow]))))
		out_of_memory();
	return q->past[flow];
}

/*
 * A closed connection hardly speaks again, but if so it is at once: of those that closed last the
 * past is kept, of the others given up.  Whoever does speak again is then answered without
 * reasons, not without facts.
 */
void past_closed(struct tcpq *q, uint32_t flow)
{
	uint32_t *place = &q->closed[q->n_closed++ % CLOSED_MAX], oldest = *place;

	*place = flow;
	/* Others may have begun in its place; and what was listed twice is given up once. */
	if (q->n_closed > CLOSED_MAX && tcp_track_over(q->track, oldest)) {
		free(q->past[oldest]);
		q->past[oldest] = NULL;
	}
}

void end_table(struct tcpq *q)
{
	for (size_t i = 0; i < q->n_past; i++)
		free(q->past[i]);
	if (q->past)
		(void)munmap(q->past, q->flows * sizeof(*q->past));
	if (q->told)
		(void)munmap(q->told, q->flows * sizeof(*q->told));
	(void)munmap(q->track_memory, q->track_size);
}
