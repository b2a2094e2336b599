/* What tcpq begins and ends with: memory, output, one capture from its first frame to its last. */
#include "tcpq.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wirelab/capfilter.h"
#include "wirelab/clock.h"

#define ARP_OWNERS ((size_t)16384)

/* Names of files and what libpcap says of an expression hold bytes from outside. */
void complain(const char *format, ...)
{
	char said[2048], safe[4 * sizeof(said)];
	struct txt t = txt_over(safe, sizeof(safe));
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	txt_foreign(&t, said, strlen(said));
	(void)fprintf(stderr, "tcpq: %s\n", safe);
}

_Noreturn void out_of_memory(void)
{
	complain("out of memory");
	exit(1);
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

/* What the first lost write failed with: stdio keeps only that one did. */
static int output_error;

void put_line(struct txt *t)
{
	txt_char(t, '\n');
	if (fwrite(t->buf, 1, t->len, stdout) < t->len && !output_error)
		output_error = errno;
}

void flush_output(void)
{
	if (fflush(stdout) != 0 && !output_error)
		output_error = errno;
}

void output_is_lost(int error)
{
	output_error = output_error ? output_error : error;
}

bool output_is_well(void)
{
	return !output_error && !ferror(stdout);
}

void worst(struct tcpq *q, int status)
{
	q->status = status > q->status ? status : q->status;
}

void tell_story(struct tcpq *q, uint32_t flow, const struct tcp_story *story)
{
	q->telling = flow;
	for (unsigned i = 0; i < q->n_views; i++)
		if (q->view[i]->story)
			q->view[i]->story(q, story);
}

static void choose_views(struct tcpq *q)
{
	static const struct view *const by_what[] = {
		[SHOW_TABLE] = &view_table, [SHOW_JSON] = &view_json,
		[SHOW_SEGMENTS] = &view_segments, [SHOW_LADDER] = &view_ladder,
		[SHOW_MESSAGES] = &view_messages, [SHOW_ARP] = &view_arp,
		[SHOW_FRAG] = &view_frag, [SHOW_UDP] = &view_udp,
		[SHOW_DRAWING] = &view_draw };

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

bool session_begin(struct tcpq *q)
{
	size_t size = ipasm_size(REASSEMBLIES);

	choose_views(q);
	look_at_terminal(q);
	random_bytes(q->secret, sizeof(q->secret));
	q->ipasm = ipasm_init(pages(size), size, REASSEMBLIES);
	arp_tally_init(&q->arp, owners(q->secret));
	begin_table(q);
	for (unsigned i = 0; i < q->n_views; i++)
		if (q->view[i]->begin && !q->view[i]->begin(q))
			return false;
	return true;
}

struct order { uint32_t stream, flow; };

static int by_stream(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	return (x->stream > y->stream) - (x->stream < y->stream);
}

/* Those that are left, in the order of their numbers. */
static void tell_the_rest(struct tcpq *q)
{
	struct order *order = malloc((tcp_track_count(q->track) + 1) * sizeof(*order));
	struct tcp_story story;
	uint32_t cursor = 0;
	size_t n = 0;

	if (!order)
		out_of_memory();
	/* The cursor stands behind the flow. */
	while (tcp_track_next(q->track, &cursor))
		if (!q->told || !q->told[cursor - 1])
			order[n++] = (struct order){ tcp_track_stream(q->track, cursor - 1),
						     cursor - 1 };
	if (n)
		qsort(order, n, sizeof(*order), by_stream);
	q->ending = true;
	for (size_t i = 0; i < n; i++) {
		tcp_track_story(q->track, order[i].flow, &story);
		tell_story(q, order[i].flow, &story);
	}
	free(order);
}

static bool is_about_tcp(enum what what)
{
	return what != SHOW_ARP && what != SHOW_FRAG && what != SHOW_UDP;
}

static void look_for_stream(struct tcpq *q)
{
	if (q->opt->stream == STREAM_ALL || q->opt->stream < q->tcp_streams ||
	    !is_about_tcp(q->opt->what))
		return;
	complain("%s: there is no connection %lu; it holds %llu", q->path,
		 (unsigned long)q->opt->stream, (unsigned long long)q->tcp_streams);
	worst(q, EXIT_NOTHING);
}

void session_end(struct tcpq *q, const char *damage)
{
	look_for_stream(q);
	tell_the_rest(q);
	for (unsigned i = 0; i < q->n_views; i++)
		if (q->view[i]->end)
			q->view[i]->end(q, damage);
	free(q->story);
	free(q->trouble);
	end_table(q);
}

/* ---- a file ----------------------------------------------------------------------------- */

static volatile sig_atomic_t stop;
static _Atomic(struct capr *) reading;

/* Who writes into our pipe may live on, and be silent: what waits for it is woken. */
static void on_signal(int sig)
{
	int saved = errno;
	struct capr *r = reading;

	(void)sig;
	stop = 1;
	if (r)
		capr_stop(r);
	errno = saved;
}

bool interrupted(void)
{
	return stop;
}

/* Ctrl-C ends the reading, not the telling; a second one ends everything. */
void catch_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	(void)sigaction(SIGINT, &act, NULL);
	(void)sigaction(SIGTERM, &act, NULL);
}

static bool is_chosen(struct tcpq *q, struct capfilter *filter, const struct capr_record *rec)
{
	switch (capfilter_ask(filter, rec)) {
	case CAPFILTER_YES: return true;
	case CAPFILTER_NO: return false;
	case CAPFILTER_UNFIT: break;
	}
	if (q->status != EXIT_USAGE)
		complain("%s", capfilter_error(filter));
	worst(q, EXIT_USAGE);
	return false;
}

static bool is_enough(const struct tcpq *q)
{
	return interrupted() || (q->opt->count && q->frames == q->opt->count);
}

/* To write over what is being read would lose it. */
static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return a && stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool writes_over(const struct options *opt, const char *path)
{
	return is_same_file(opt->write, path) || is_same_file(opt->svg, path) ||
	       is_same_file(opt->html, path);
}

/* Frames, from the first one, which was read to try the filter on it. */
static void read_frames(struct tcpq *q, struct capr *r, struct capfilter *filter,
			struct capr_record *rec, int got)
{
	for (; got == 1; got = is_enough(q) ? 0 : capr_next(r, rec))
		if (!filter || is_chosen(q, filter, rec))
			hear_record(q, rec);
}

static void read_open(struct tcpq *q, struct capr *r, struct capfilter *filter)
{
	struct capr_record rec;
	int got = capr_next(r, &rec);

	/* A mistake in the expression is found before any file is opened for writing. */
	if (filter && got == 1 && capfilter_ask(filter, &rec) == CAPFILTER_UNFIT) {
		(void)is_chosen(q, filter, &rec);
		return;
	}
	if (!session_begin(q))
		return;
	read_frames(q, r, filter, &rec, got);
	reading = NULL;
	session_end(q, capr_damage(r));
	if (*capr_damage(r)) {
		complain("%s: %s", q->path, capr_damage(r));
		worst(q, EXIT_DAMAGED);
	}
}

int read_capture(const struct options *opt, const char *path)
{
	struct tcpq q = { .opt = opt, .path = path };
	struct capfilter *filter = NULL;
	char err[256];

	if (writes_over(opt, path)) {
		complain("%s is the capture that is read: it is not written over", path);
		return EXIT_USAGE;
	}
	struct capr *r = capr_open(path, err);
	if (!r) {
		complain("%s", err);
		return EXIT_DAMAGED;
	}
	if (opt->filter && !(filter = capfilter_open(opt->filter, err)))
		out_of_memory();
	reading = r;
	catch_signals();
	read_open(&q, r, filter);
	reading = NULL;
	capfilter_close(filter);
	capr_close(r);
	return q.status;
}

int finish(int status)
{
	flush_output();
	if (output_is_well() && close(STDOUT_FILENO) == 0)
		return status;
	output_is_lost(errno);
	complain("cannot write to standard output: %s", strerror(output_error));
	return EXIT_OUTPUT_LOST;
}
