/*
 * bench_tcpq TCPQ DIR - tcpq beside a bare libpcap loop and the tools that do the same
 *
 * DIR holds this bench's other programs.  Captures are made anew (make_capture), one at a
 * time, below $TMPDIR, and are in the page cache when they are read.  Programs take turns
 * (A B A B ...), so that whatever else the machine does hits both; what counts is the median
 * of the ratios of neighbours.  A time never fails; a connection too few or too many does.
 *
 * BENCH_FULL=1: the large captures, and the peers that take minutes.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "run.h"
#include "starter.h"
#include "wirelab/instant.h"

#define PAIRS_MAX 15u
#define PAIRS_MIN 3u
#define PAIRS_NS (15 * SEC_NS)		/* then no further pair is begun */
#define TIMEOUT_NS (300 * SEC_NS)
#define DISK_SPARE (UINT64_C(128) << 20)	/* bytes that we leave to others */
#define NOWHERE "/dev/null"

/* What make_capture says that it wrote. */
struct facts {
	unsigned long long packets, bytes;
	unsigned flows, fins, resets, refused;
};

struct bench {
	struct starter starter;
	const char *tcpq;
	char loop[256], table[256], make[256];	/* the bench's other programs */
	const char *loop_argv[3], *table_argv[3];
	char dir[160], file[192], output[192];
	struct facts facts;			/* of file */
	bool full, wrong;
};

struct entrant {
	const char *name;
	const char *const *argv;
	uint64_t wall_ns[PAIRS_MAX];
	long peak_kib;				/* most of any run */
};

/* ---- numbers ---------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median_s(const struct entrant *e, unsigned runs)
{
	double s[PAIRS_MAX];

	for (unsigned i = 0; i < runs; i++)
		s[i] = (double)e->wall_ns[i] / 1e9;
	qsort(s, runs, sizeof(*s), compare);
	return s[runs / 2];
}

/* Sorted: how many times as long as its neighbour each run took. */
static double ratios(const struct entrant *e, const struct entrant *base, unsigned runs,
		     double ratio[static PAIRS_MAX])
{
	for (unsigned i = 0; i < runs; i++)
		ratio[i] = (double)e->wall_ns[i] / (double)base->wall_ns[i];
	qsort(ratio, runs, sizeof(*ratio), compare);
	return ratio[runs / 2];
}

static const char *word(bool reached)
{
	return reached ? "reached" : "not reached";
}

/* ---- running ---------------------------------------------------------------------------- */

static bool start(struct bench *b, const char *const *argv, const char *output, struct timed *t)
{
	if (starter_run(&b->starter, argv, output, t) == 0 && !t->error)
		return true;
	printf("    %s could not be started: %s\n", argv[0], strerror(t->error ? t->error : errno));
	return false;
}

static bool run_once(struct bench *b, struct entrant *e, unsigned i)
{
	struct timed t = { 0 };

	if (!start(b, e->argv, NOWHERE, &t))
		return false;
	e->wall_ns[i] = t.wall_ns;
	if (t.peak_kib > e->peak_kib)
		e->peak_kib = t.peak_kib;
	if (t.status == 0)
		return true;
	printf("    %s ended with status %d, signal %d\n", e->name, t.status, t.signal);
	return false;
}

/* How many pairs came about: as many as asked for, or as fit the time. */
static unsigned take_turns(struct bench *b, struct entrant *base, struct entrant *e, unsigned pairs)
{
	uint64_t spent = 0;
	unsigned i = 0;

	while (i < pairs && (i < PAIRS_MIN || spent < PAIRS_NS)) {
		if (!run_once(b, base, i) || !run_once(b, e, i))
			return 0;
		spent += base->wall_ns[i] + e->wall_ns[i];
		i++;
	}
	return i;
}

static void say_entrant(const struct bench *b, const struct entrant *e, unsigned runs)
{
	double s = median_s(e, runs);

	printf("    %-36s %8.3f s %7.0f ns/packet %8.1f MiB", e->name, s,
	       s * 1e9 / (double)b->facts.packets, (double)e->peak_kib / 1024);
}

/* ---- was it right ------------------------------------------------------------------------ */

static bool has_tool(const char *name)
{
	const char *path = getenv("PATH");
	char dirs[4096], file[4352];

	snprintf(dirs, sizeof(dirs), "%s", path ? path : "/usr/bin:/bin");
	for (char *at = dirs, *dir; (dir = strsep(&at, ":")) != NULL;) {
		snprintf(file, sizeof(file), "%s/%s", dir, name);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

static void count_line(const char *line, struct facts *f)
{
	/* A FIN from both sides, whichever way. */
	static const char *const fins[] = { " fin3", " fin4", " half_close" };
	bool refused = strstr(line, " refused") != NULL;

	f->flows++;
	f->refused += refused;
	f->resets += !refused && strstr(line, " rst") != NULL;
	for (size_t i = 0; i < sizeof(fins) / sizeof(fins[0]); i++)
		f->fins += strstr(line, fins[i]) != NULL;
}

/* Does tcpq see the connections that were made, and each kind of ending as often? */
static void judge(struct bench *b)
{
	struct facts seen = { 0 }, *made = &b->facts;
	char line[512];
	struct timed t;

	if (!start(b, ARGV(b->tcpq, b->file), b->output, &t))
		return;
	FILE *in = fopen(b->output, "r");
	while (in && fgets(line, sizeof(line), in))
		if (line[0] >= '0' && line[0] <= '9')
			count_line(line, &seen);
	if (in)
		fclose(in);
	(void)unlink(b->output);
	if (t.status == 0 && seen.flows == made->flows && seen.fins == made->fins &&
	    seen.resets == made->resets && seen.refused == made->refused)
		return;
	printf("    WRONG: tcpq (status %d) tells of %u connections, %u ended by FINs, %u by a RST, "
	       "%u refused;\n    there are %u, %u, %u, %u\n", t.status, seen.flows, seen.fins,
	       seen.resets, seen.refused, made->flows, made->fins, made->resets, made->refused);
	b->wrong = true;
}

/* ---- a capture --------------------------------------------------------------------------- */

struct row {
	const char *title, *shape, *packets, *snaplen;
	uint64_t disk;			/* bytes it takes, at most */
	double target;			/* times as long as the base */
	long most_mib;			/* 0: no matter */
	bool beside_table;		/* the base is a bare flow table, not the loop */
	bool peers, slow_peers, segments;
};

static bool has_room(const struct bench *b, const struct row *r)
{
	struct statvfs v;

	if (statvfs(b->dir, &v) < 0)
		return false;
	uint64_t free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	if (free_bytes >= r->disk + DISK_SPARE)
		return true;
	printf("    LEFT OUT: %s has %llu MB, and %llu are wanted\n", b->dir,
	       (unsigned long long)(free_bytes / 1000000),
	       (unsigned long long)((r->disk + DISK_SPARE) / 1000000));
	return false;
}

static bool read_facts(struct bench *b)
{
	struct facts *f = &b->facts;
	FILE *in = fopen(b->output, "r");
	int n = in ? fscanf(in, "packets %llu bytes %llu flows %u fins %u resets %u refused %u",
			    &f->packets, &f->bytes, &f->flows, &f->fins, &f->resets, &f->refused) : 0;

	if (in)
		fclose(in);
	(void)unlink(b->output);
	return n == 6;
}

static bool make_input(struct bench *b, const struct row *r)
{
	struct timed t;

	if (!has_room(b, r))
		return false;
	if (!start(b, ARGV(b->make, b->file, r->shape, r->packets, r->snaplen, "1"), b->output, &t) ||
	    t.status != 0 || !read_facts(b)) {
		printf("    %s could not be made\n", b->file);
		b->wrong = true;
		return false;
	}
	printf("    %llu packets, %u connections, %.1f MB\n", b->facts.packets, b->facts.flows,
	       (double)b->facts.bytes / 1e6);
	return true;
}

static struct entrant base_of(const struct bench *b, const struct row *r)
{
	if (r->beside_table)
		return (struct entrant){ .name = "libpcap and a bare flow table",
					 .argv = b->table_argv };
	return (struct entrant){ .name = "a libpcap loop", .argv = b->loop_argv };
}

/* ---- a row of the table ------------------------------------------------------------------- */

static void say_target(const struct row *r, const struct entrant *e, double ratio)
{
	printf("    target: at most %.1f times as long: %s", r->target, word(ratio <= r->target));
	if (r->most_mib)
		printf("; at most %ld MiB: %s", r->most_mib, word(e->peak_kib <= r->most_mib * 1024));
	printf("\n");
}

static void hold(struct bench *b, const struct row *r)
{
	struct entrant base = base_of(b, r),
		       ours = { .name = "tcpq FILE", .argv = ARGV(b->tcpq, b->file) };
	double ratio[PAIRS_MAX];
	unsigned pairs = take_turns(b, &base, &ours, PAIRS_MAX);

	if (!pairs) {
		b->wrong = true;
		return;
	}
	double median = ratios(&ours, &base, pairs, ratio);
	say_entrant(b, &base, pairs);
	printf("\n");
	say_entrant(b, &ours, pairs);
	printf("  %6.2f x (four fifths of %u pairs: %.2f .. %.2f)\n", median, pairs,
	       ratio[pairs / 10], ratio[pairs - 1 - pairs / 10]);
	say_target(r, &ours, median);
}

static void hold_peer(struct bench *b, const struct row *r, const char *name,
		      const char *const *argv, unsigned pairs)
{
	struct entrant base = base_of(b, r), peer = { .name = name, .argv = argv };
	double ratio[PAIRS_MAX];

	if (!has_tool(argv[0])) {
		printf("    %-36s left out: not installed\n", name);
		return;
	}
	fflush(stdout);
	pairs = take_turns(b, &base, &peer, pairs);
	if (!pairs)
		return;
	double median = ratios(&peer, &base, pairs, ratio);
	say_entrant(b, &peer, pairs);
	printf("  %6.2f x\n", median);
}

/* What a peer takes for a large capture is not everybody's to give. */
static bool has_memory(uint64_t mib)
{
	FILE *in = fopen("/proc/meminfo", "r");
	unsigned long long kib = 0;
	char line[128];

	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
			break;
	if (in)
		fclose(in);
	return kib / 1024 >= mib;
}

static void hold_peers(struct bench *b, const struct row *r)
{
	unsigned pairs = b->full && !r->slow_peers ? 3 : 1;

	if (r->slow_peers && !has_memory(6144)) {
		printf("    the peers are left out: they need 3 GiB, and have not twice that\n");
		return;
	}
	/* Of a million open connections, tcptrace makes 8 GiB. */
	if (!r->beside_table)
		hold_peer(b, r, "tcptrace -l", ARGV("tcptrace", "-n", "-l", b->file), pairs);
	hold_peer(b, r, "tshark -q -z conv,tcp",
		  ARGV("tshark", "-n", "-q", "-z", "conv,tcp", "-r", b->file), pairs);
	if (!r->slow_peers)
		hold_peer(b, r, "tcpdump -n", ARGV("tcpdump", "-n", "-r", b->file), pairs);
}

/* One object a segment, beside the peer that can say what is the matter with each. */
static void segments(struct bench *b)
{
	struct entrant ours = { .name = "tcpq --segments FILE",
				.argv = ARGV(b->tcpq, "--segments", b->file) },
		       peer = { .name = "tshark -T fields, analysis flags",
				.argv = ARGV("tshark", "-n", "-T", "fields", "-e", "frame.number",
					     "-e", "tcp.stream", "-e", "tcp.analysis.flags", "-e",
					     "tcp.completeness", "-r", b->file) };
	double ratio[PAIRS_MAX];
	struct timed t;

	printf("\n  every segment, the same capture\n");
	fflush(stdout);
	if (!start(b, ours.argv, NOWHERE, &t))
		return;
	bool there = t.status != 2;
	if (!there)
		printf("    tcpq --segments: not there yet\n");
	if (!has_tool("tshark")) {
		printf("    tshark is not installed: nothing to compare with\n");
		return;
	}
	/* The peer stands for itself, then; the ratio is against the loop. */
	struct entrant other = there ? ours : base_of(b, &(struct row){ .beside_table = false });
	unsigned pairs = 0, wanted = b->full ? 3 : 1;
	while (pairs < wanted && run_once(b, &other, pairs) && run_once(b, &peer, pairs))
		pairs++;
	if (!pairs)
		return;
	double median = ratios(&peer, &other, pairs, ratio);
	say_entrant(b, &other, pairs);
	printf("\n");
	say_entrant(b, &peer, pairs);
	printf("  %6.2f x\n", median);
	if (there)
		printf("    target: at least 15 times as fast: %s\n", word(median >= 15));
}

static void row(struct bench *b, const struct row *r)
{
	printf("\n  %s\n", r->title);
	fflush(stdout);
	if (make_input(b, r)) {
		judge(b);
		hold(b, r);
		if (r->peers)
			hold_peers(b, r);
		if (r->segments)
			segments(b);
	}
	(void)unlink(b->file);
}

#define MB UINT64_C(1000000)

static void run_all(struct bench *b)
{
	row(b, &(struct row){ .title = "summary, a million packets of at most 96 bytes",
			      .shape = "short", .packets = "1000000", .snaplen = "96",
			      .disk = 110 * MB, .target = 3, .peers = true, .segments = true });
	if (b->full)
		row(b, &(struct row){ .title = "summary, five million packets",
				      .shape = "short", .packets = "5000000", .snaplen = "96",
				      .disk = 520 * MB, .target = 3, .most_mib = 150,
				      .peers = true, .slow_peers = true });
	row(b, &(struct row){ .title = b->full ? "summary, 1 GB with all of the payload"
					       : "summary, a quarter of a GB with all of the payload",
			      .shape = "bulk", .packets = b->full ? "880000" : "220000",
			      .snaplen = "65535", .disk = b->full ? 1100 * MB : 280 * MB,
			      .target = 0.5, .peers = true });
	row(b, &(struct row){ .title = "a million connections at once, three million packets",
			      .shape = "handshakes", .packets = "3000000", .snaplen = "96",
			      .disk = 400 * MB, .target = 2, .most_mib = 350,
			      .beside_table = true, .peers = b->full, .slow_peers = true });
}

/* ---- place -------------------------------------------------------------------------------- */

static bool make_place(struct bench *b, const char *programs)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(b->loop, sizeof(b->loop), "%.200s/pcap_loop", programs);
	snprintf(b->table, sizeof(b->table), "%.200s/flow_table", programs);
	snprintf(b->make, sizeof(b->make), "%.200s/make_capture", programs);
	snprintf(b->dir, sizeof(b->dir), "%.100s/bench_tcpq-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(b->dir)) {
		printf("%s: %s\n", b->dir, strerror(errno));
		return false;
	}
	snprintf(b->file, sizeof(b->file), "%s/capture.pcap", b->dir);
	snprintf(b->output, sizeof(b->output), "%s/output", b->dir);
	b->loop_argv[0] = b->loop;
	b->table_argv[0] = b->table;
	b->loop_argv[1] = b->table_argv[1] = b->file;
	return true;
}

static struct bench bench;

static void remove_place(struct bench *b)
{
	(void)unlink(b->file);
	(void)unlink(b->output);
	(void)rmdir(b->dir);
}

/* A gigabyte is not left behind for others to find. */
static void interrupted(int signo)
{
	remove_place(&bench);
	_exit(128 + signo);
}

int main(int argc, char **argv)
{
	struct bench *b = &bench;
	const char *full = getenv("BENCH_FULL");

	if (argc != 3) {
		fprintf(stderr, "usage: bench_tcpq TCPQ DIRECTORY-OF-THE-BENCH\n");
		return 2;
	}
	b->tcpq = argv[1];
	b->full = full && *full && strcmp(full, "0") != 0;
	if (!make_place(b, argv[2]))
		return 1;
	(void)signal(SIGINT, interrupted);
	(void)signal(SIGTERM, interrupted);
	if (access(b->loop, X_OK) < 0 || access(b->table, X_OK) < 0) {
		printf("tcpq is not timed: libpcap, with which it is compared, is not here "
		       "(libpcap-dev)\n");
	} else if (starter_begin_here(&b->starter, TIMEOUT_NS) < 0) {
		printf("fork: %s\n", strerror(errno));
		b->wrong = true;
	} else {
		printf("tcpq beside its peers: median wall time of a whole process, most memory of "
		       "any run%s\n", b->full ? "" : " (BENCH_FULL=1: larger captures)");
		run_all(b);
		starter_end(&b->starter);
		printf("\n%s\n", b->wrong ? "SOMETHING WAS WRONG" : "every connection was told");
	}
	remove_place(b);
	return b->wrong ? 1 : 0;
}
