/* What tcpq begins and ends with: memory, output, one capture from its first frame to its last. */
#include "tcpq.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wirelab/clock.h"

#define FLOWS_BEGIN ((size_t)4096)
#define REASSEMBLIES 64u
#define ARP_OWNERS ((size_t)16384)

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("tcpq: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
	va_end(args);
}

_Noreturn void out_of_memory(void)
{
	complain("out of memory");
	exit(1);
}

void *pages(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		out_of_memory();
	return p;
}

void *grown(void *list, size_t n, size_t *max, size_t size)
{
	if (n < *max)
		return list;
	*max = *max ? *max * 2 : 64;
	list = realloc(list, *max * size);
	if (!list)
		out_of_memory();
	return list;
}

void put_line(struct txt *t)
{
	txt_char(t, '\n');
	(void)fwrite(t->buf, 1, t->len, stdout);
}

void worst(struct tcpq *q, int status)
{
	q->status = status > q->status ? status : q->status;
}

void tell_story(struct tcpq *q, const struct tcp_story *story)
{
	for (unsigned i = 0; i < q->n_views; i++)
		if (q->view[i]->story)
			q->view[i]->story(q, story);
}

static void choose_views(struct tcpq *q)
{
	static const struct view *const by_what[] = {
		[SHOW_TABLE] = &view_table, [SHOW_JSON] = &view_json,
		[SHOW_SEGMENTS] = &view_segments, [SHOW_LADDER] = &view_ladder };

	q->view[q->n_views++] = by_what[q->opt->what];
	if (q->opt->write)
		q->view[q->n_views++] = &view_write;
	for (unsigned i = 0; i < q->n_views; i++)
		q->reasons |= q->view[i]->reasons;
}

static void look_at_terminal(struct tcpq *q)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO))
		q->columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 80 ?
				     size.ws_col : 80;
	q->colour = q->opt->color == COLOR_ALWAYS ||
		    (q->opt->color == COLOR_AUTO && q->columns && !getenv("NO_COLOR"));
}

static struct arp_cache *owners(const uint8_t secret[static 16])
{
	size_t size = arp_cache_size(ARP_OWNERS);

	return arp_cache_init(pages(size), size, ARP_OWNERS, secret, (struct instant){ 0 });
}

static void begin(struct tcpq *q)
{
	size_t size = ipasm_size(REASSEMBLIES);

	choose_views(q);
	look_at_terminal(q);
	random_bytes(q->secret, sizeof(q->secret));
	q->ipasm = ipasm_init(pages(size), size, REASSEMBLIES);
	arp_tally_init(&q->arp, owners(q->secret));
	make_table(q, FLOWS_BEGIN);
}

static void end(struct tcpq *q, const char *damage)
{
	struct tcp_story story;
	uint32_t cursor = 0;

	while (tcp_track_each(q->track, &cursor, &story))
		tell_story(q, &story);
	for (unsigned i = 0; i < q->n_views; i++)
		if (q->view[i]->end)
			q->view[i]->end(q, damage);
	free(q->story);
	free(q->trouble);
	for (size_t i = 0; q->past && i < q->flows; i++)
		free(q->past[i]);
	free(q->past);
	(void)munmap(q->track_memory, q->track_size);
}

int read_capture(const struct options *opt, const char *path)
{
	struct tcpq q = { .opt = opt, .path = path };
	struct capr_record rec;
	char err[256];
	struct capr *r = capr_open(path, err);

	if (!r) {
		complain("%s", err);
		return EXIT_DAMAGED;
	}
	begin(&q);
	while (capr_next(r, &rec) == 1)
		hear_record(&q, &rec);
	end(&q, capr_damage(r));
	if (*capr_damage(r)) {
		complain("%s: %s", path, capr_damage(r));
		worst(&q, EXIT_DAMAGED);
	}
	capr_close(r);
	return q.status;
}

int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout) && close(STDOUT_FILENO) == 0)
		return status;
	complain("cannot write to standard output: %s", strerror(errno));
	return EXIT_OUTPUT_LOST;
}
