/*
 * bench_arpq ARPQ EMPTY - arpq beside the tools that do the same, in one run, on one link
 *
 * Two private namespaces and a veth; the far side's kernel answers for 10.50.0.0/16.
 * Programs take turns (A B A B ...), so that whatever else the machine does hits both;
 * what counts is the median of the ratios of neighbours.  A time never fails; a wrong
 * or missing address, or a frame where none was due, does.
 *
 * None of these questions goes through the kernel's own neighbour table (packet sockets
 * pass it by, and nobody here is spoken to by IP), so it needs neither flushing nor a
 * larger gc_thresh3, which would be one number for the whole machine.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns.h"
#include "responder.h"
#include "run.h"
#include "starter.h"
#include "wirelab/instant.h"

#define OUTPUT "/run/output"		/* tmpfs, and ours alone: netns_enter_private() */
#define PREFIX_LEN 16u
#define HOSTS 65536u
#define SPARSE 100u			/* 1 address in so many answers */
#define RUNS_MAX 64u

static const struct ip4 PREFIX = { { 10, 50, 0, 0 } };
/* A maker's prefix (Intel), so that there is a vendor's name to look up. */
static const struct mac FAR_MAC = { { 0x00, 0x1b, 0x21, 0x00, 0x0b, 0x01 } };

struct bench {
	struct testnet net;
	struct starter starter;
	const char *arpq, *empty;
	const char *arping, *arp_scan;	/* NULL: not here */
	char memory_dir[64], disk_dir[160];	/* for cache files */
	bool wrong;
};

/* ---- what a tool has found ----------------------------------------------------------- */

struct expected {
	uint32_t first, hosts, every;	/* hosts first, first + every, ... */
	bool own_macs;			/* each its own (responder.h); else all the far interface's */
};

static const struct expected EVERYBODY = { 0x0a320000, HOSTS, 1, false };
static const struct expected ONE = { 0x0a320304, 1, 1, false };
static const struct expected NOBODY = { 0, 0, 1, false };

struct found {
	uint32_t right, missed, wrong;	/* wrong: another MAC, or an address that nobody has */
};

static uint32_t count_of(const struct expected *e)
{
	return (e->hosts + e->every - 1) / e->every;
}

/* The first address and the first MAC of a line, whatever stands around them. */
static bool read_pair(char *line, struct ip4 *ip, struct mac *mac)
{
	bool has_ip = false, has_mac = false;

	for (char *p = strtok(line, " \t\r\n[]()"); p; p = strtok(NULL, " \t\r\n[]()")) {
		if (!has_ip)
			has_ip = ip4_parse(p, ip);
		if (!has_mac)
			has_mac = mac_parse(p, mac);
	}
	return has_ip && has_mac;
}

static bool is_right(const struct expected *e, struct ip4 ip, struct mac mac)
{
	uint32_t host = ip4_number(ip) - e->first;

	return host < e->hosts && host % e->every == 0 &&
	       mac_equal(mac, e->own_macs ? responder_mac(ip) : FAR_MAC);
}

static struct found judge_output(const struct expected *e)
{
	static uint8_t seen[HOSTS];
	struct found f = { 0 };
	FILE *in = fopen(OUTPUT, "r");
	char line[512];
	struct ip4 ip;
	struct mac mac;

	memset(seen, 0, sizeof(seen));
	while (in && fgets(line, sizeof(line), in)) {
		if (!read_pair(line, &ip, &mac))
			continue;
		if (!is_right(e, ip, mac))
			f.wrong++;
		else if (!seen[ip4_number(ip) - e->first]++)
			f.right++;
	}
	if (in)
		fclose(in);
	f.missed = count_of(e) - f.right;
	return f;
}

static void show_output(void)
{
	FILE *in = fopen(OUTPUT, "r");
	char line[512];

	for (int i = 0; in && i < 5 && fgets(line, sizeof(line), in); i++)
		printf("    | %s", line);
	if (in)
		fclose(in);
}

/* ---- one program after another --------------------------------------------------------- */

struct entrant {
	const char *name;
	const char *const *argv;	/* NULL: not here */
	struct expected expected;
	uint64_t wall_ns[RUNS_MAX];
	uint64_t frames;		/* most of any run, as are the following */
	long peak_kib;
	struct found worst;		/* fewest right, most wrong */
};

struct contest {
	const char *title;
	struct entrant ours, peer;
	double target;			/* of the ratio ours : peer; 0: none */
	unsigned runs;
	const char *cache_dir;		/* emptied before each of our runs; NULL: is left alone */
	long most_kib;			/* 0: no matter */
	uint64_t most_frames;		/* UINT64_MAX: no matter */
};

static int compare_ns(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int compare_ratios(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median_ms(const struct entrant *e, unsigned runs)
{
	uint64_t sorted[RUNS_MAX];

	memcpy(sorted, e->wall_ns, runs * sizeof(*sorted));
	qsort(sorted, runs, sizeof(*sorted), compare_ns);
	return (double)sorted[runs / 2] / 1e6;
}

/* Every run is asked for the same: what went wrong once is not averaged away. */
static bool run_once(struct bench *b, struct entrant *e, unsigned i)
{
	struct timed t;

	if (starter_run(&b->starter, e->argv, OUTPUT, &t) < 0 || t.error) {
		printf("  %s could not be started: %s\n", e->argv[0],
		       strerror(t.error ? t.error : errno));
		return false;
	}
	struct found f = judge_output(&e->expected);
	e->wall_ns[i] = t.wall_ns;
	if (t.frames > e->frames)
		e->frames = t.frames;
	if (t.peak_kib > e->peak_kib)
		e->peak_kib = t.peak_kib;
	if (i == 0 || f.right < e->worst.right)
		e->worst.right = f.right;
	if (f.missed > e->worst.missed)
		e->worst.missed = f.missed;
	if (f.wrong > e->worst.wrong)
		e->worst.wrong = f.wrong;
	if (t.status == 0)
		return true;
	printf("  %s ended with status %d, signal %d:\n", e->name, t.status, t.signal);
	show_output();
	return false;
}

static bool make_fresh(const char *dir)
{
	static const char *const file[] = { "cache", "cache.lock", "cache.asked" };
	char path[256];

	for (size_t i = 0; i < sizeof(file) / sizeof(file[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, file[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
	return mkdir(dir, 0700) == 0;
}

static void say_entrant(const struct entrant *e, unsigned runs)
{
	uint32_t all = count_of(&e->expected);

	printf("    %-34s %9.3f ms  %7llu frames %7ld KiB", e->name, median_ms(e, runs),
	       (unsigned long long)e->frames, e->peak_kib);
	if (all)
		printf("  %u of %u right, %u wrong", e->worst.right, all, e->worst.wrong);
	printf("\n");
}

static const char *word(bool reached)
{
	return reached ? "reached" : "not reached";
}

static void say_ratio(const struct contest *c)
{
	double ratio[RUNS_MAX];

	for (unsigned i = 0; i < c->runs; i++)
		ratio[i] = (double)c->ours.wall_ns[i] / (double)c->peer.wall_ns[i];
	qsort(ratio, c->runs, sizeof(*ratio), compare_ratios);
	printf("    ratio %.2f (four fifths of %u pairs of runs: %.2f .. %.2f); ",
	       ratio[c->runs / 2], c->runs, ratio[c->runs / 10],
	       ratio[c->runs - 1 - c->runs / 10]);
	if (c->target > 0)
		printf("target: at most %.2f: %s\n", c->target,
		       word(ratio[c->runs / 2] <= c->target));
	else
		printf("no target\n");
}

static void say_contest(struct bench *b, const struct contest *c)
{
	const struct found *f = &c->ours.worst;

	say_entrant(&c->ours, c->runs);
	if (c->peer.argv) {
		say_entrant(&c->peer, c->runs);
		say_ratio(c);
	} else {
		printf("    %s is not installed: nothing to compare with\n", c->peer.name);
	}
	if (c->most_kib)
		printf("    memory %.1f MiB; target: at most %ld MiB: %s\n",
		       (double)c->ours.peak_kib / 1024, c->most_kib / 1024,
		       word(c->ours.peak_kib <= c->most_kib));
	if (f->wrong || f->missed || c->ours.frames > c->most_frames) {
		printf("    WRONG: %u addresses missed, %u with a wrong MAC, %llu frames\n",
		       f->missed, f->wrong, (unsigned long long)c->ours.frames);
		b->wrong = true;
	}
}

static void hold(struct bench *b, struct contest *c)
{
	printf("\n  %s\n", c->title);
	fflush(stdout);
	for (unsigned i = 0; i < c->runs; i++) {
		if (c->cache_dir && !make_fresh(c->cache_dir)) {
			printf("  %s: %s\n", c->cache_dir, strerror(errno));
			b->wrong = true;
			return;
		}
		if (!run_once(b, &c->ours, i)) {
			b->wrong = true;
			return;
		}
		if (c->peer.argv && !run_once(b, &c->peer, i)) {
			printf("    the peer failed; nothing to compare with\n");
			c->peer.argv = NULL;
		}
	}
	say_contest(b, c);
}

/* ---- the rows ---------------------------------------------------------------------------- */

static const char one[] = "10.50.3.4", all[] = "10.50.0.0/16";

static void cached(struct bench *b)
{
	char path[96];
	struct contest c = { .title = "answer from the cache, whole process", .target = 1.25,
			     .runs = 61 };

	snprintf(path, sizeof(path), "%s/cache", b->memory_dir);
	c.ours = (struct entrant){ .name = "arpq ADDRESS", .expected = ONE,
				   .argv = ARGV(b->arpq, "--cache-file", path, one) };
	c.peer = (struct entrant){ .name = "an empty C program", .expected = NOBODY,
				   .argv = ARGV(b->empty) };
	/* The answer that is cached.  It also makes the vendor index, as a first run does. */
	if (!make_fresh(b->memory_dir) || !run_once(b, &c.ours, 0)) {
		b->wrong = true;
		return;
	}
	c.ours = (struct entrant){ .name = c.ours.name, .expected = ONE, .argv = c.ours.argv };
	hold(b, &c);
}

static void cold(struct bench *b, const char *dir, const char *title, double target)
{
	char path[192];
	struct contest c = { .title = title, .target = target, .runs = target > 0 ? 61 : 15,
			     .cache_dir = dir, .most_frames = 1 };

	snprintf(path, sizeof(path), "%s/cache", dir);
	c.ours = (struct entrant){ .name = "arpq ADDRESS", .expected = ONE,
				   .argv = ARGV(b->arpq, "--cache-file", path, one) };
	c.peer = (struct entrant){ .name = "arping -c1 -f (iputils)", .expected = ONE,
				   .argv = ARGV(b->arping, "-c1", "-f", "-I", CLIENT_IF, one) };
	if (!b->arping)
		c.peer.argv = NULL;
	hold(b, &c);
}

struct sweep_row {
	const char *title, *name, *tries;
	struct expected expected;
	double target;
	long most_kib;
};

static void sweep(struct bench *b, const struct sweep_row *row)
{
	char path[96];
	struct contest c = { .title = row->title, .target = row->target, .runs = 5,
			     .cache_dir = b->memory_dir, .most_kib = row->most_kib,
			     .most_frames = UINT64_MAX };

	snprintf(path, sizeof(path), "%s/cache", b->memory_dir);
	c.ours = (struct entrant){ .name = row->name, .expected = row->expected,
				   .argv = ARGV(b->arpq, "--cache-file", path, "--rate", "max",
						"--retry-interval", "100ms", "-c", row->tries, all) };
	c.peer = (struct entrant){ .name = "arp-scan -q -N -x -B 1000M", .expected = row->expected,
				   .argv = ARGV(b->arp_scan, "-q", "-N", "-x", "-B", "1000M", "-I",
						CLIENT_IF, all) };
	if (!b->arp_scan)
		c.peer.argv = NULL;
	hold(b, &c);
}

/* ---- what answers ------------------------------------------------------------------------- */

static bool broken(struct bench *b, const char *what)
{
	printf("  %s: %s\n", what, b->net.err);
	b->wrong = true;
	return false;
}

static void full_row(struct bench *b)
{
	sweep(b, &(struct sweep_row){
		"/16, every address answers", "arpq --rate max", "3", EVERYBODY, 0.4, 16 * 1024 });
}

static bool own_some(struct bench *b, bool add)
{
	for (uint32_t i = 7; i < HOSTS; i += SPARSE) {
		struct ip4 ip = ip4_from_number(ip4_number(PREFIX) + i);
		int rc = add ? testnet_local_prefix_add(&b->net, SIDE_SERVER, ip, 32)
			     : testnet_local_prefix_delete(&b->net, SIDE_SERVER, ip, 32);
		if (rc < 0)
			return broken(b, "a host route");
	}
	return true;
}

static void sparse_row(struct bench *b)
{
	struct expected some = { ip4_number(PREFIX) + 7, HOSTS - 7, SPARSE, false };

	if (own_some(b, true))
		sweep(b, &(struct sweep_row){
			"/16, 1 address in 100 answers, three tries",
			"arpq --rate max --retry-interval 100ms", "3", some, 0.5, 0 });
	own_some(b, false);
}

/*
 * Loss needs a responder of our own in user space: it competes for the processors
 * (for both tools alike), but needs no nftables, and gives each address its own MAC.
 * With n tries each lost with probability 1/20, (1/20)^n of the hosts stay unseen:
 * 8 of 65,536 with three.  So we ask up to eight times; only the silent are asked again.
 */
static void lossy_row(struct bench *b)
{
	struct responder_config config = { .prefix = PREFIX, .prefix_len = PREFIX_LEN,
					   .loss_percent = 5, .seed = 1 };
	struct expected own = EVERYBODY;
	struct responder r;

	own.own_macs = true;
	if (responder_begin(&r, &b->net, SIDE_SERVER, &config) < 0) {
		broken(b, "the responder");
		return;
	}
	sweep(b, &(struct sweep_row){
		"/16, every address answers (from user space), 5 % of the replies are lost",
		"arpq --rate max ... 100ms -c 8", "8", own, 0.6, 0 });
	if (!responder_end(&r, NULL))
		broken(b, "the responder died");
}

static void run_all(struct bench *b)
{
	if (testnet_local_prefix_add(&b->net, SIDE_SERVER, PREFIX, PREFIX_LEN) < 0) {
		broken(b, "10.50.0.0/16");
		return;
	}
	cached(b);
	cold(b, b->memory_dir, "one host, cold; the cache file in memory, as /run is", 0.9);
	cold(b, b->disk_dir, "one host, cold; the cache file on a disk ($TMPDIR), which it waits for", 0);
	full_row(b);
	if (testnet_local_prefix_delete(&b->net, SIDE_SERVER, PREFIX, PREFIX_LEN) < 0) {
		broken(b, "10.50.0.0/16");
		return;
	}
	sparse_row(b);
	lossy_row(b);
}

/* ---- peers and place ------------------------------------------------------------------------ */

/* Does what `tool option` says contain the word? */
static bool says(struct bench *b, const char *tool, const char *option, const char *it)
{
	char text[512] = "";
	struct timed t;

	if (starter_run(&b->starter, ARGV(tool, option), OUTPUT, &t) < 0 || t.error)
		return false;
	FILE *in = fopen(OUTPUT, "r");
	size_t n = in ? fread(text, 1, sizeof(text) - 1, in) : 0;
	if (in)
		fclose(in);
	text[n] = '\0';
	return strstr(text, it) != NULL;
}

/* There are two tools called arping, and Debian installs one at a time. */
static void find_peers(struct bench *b)
{
	const char *named = getenv("IPUTILS_ARPING");
	const char *try[] = { named && *named ? named : "arping", "arping", "/usr/bin/arping",
			      "/usr/sbin/arping", "/sbin/arping" };

	for (size_t i = 0; i < sizeof(try) / sizeof(try[0]) && !b->arping; i++)
		if (says(b, try[i], "-V", "iputils"))
			b->arping = try[i];
	if (says(b, "arp-scan", "--version", "arp-scan"))
		b->arp_scan = "arp-scan";
	if (!b->arping)
		printf("iputils' arping is not here: install iputils-arping, or name it in "
		       "IPUTILS_ARPING\n");
	if (!b->arp_scan)
		printf("arp-scan is not here\n");
}

/* The far interface gets a maker's MAC before anybody has heard of the other one. */
static bool make_network(struct bench *b)
{
	struct testnet *net = &b->net;
	char why[256];

	if (netns_enter_private(why) < 0) {
		printf("no private network: %s\n", why);
		return false;
	}
	if (testnet_begin(net, NULL) < 0 ||
	    testnet_link_up(net, SIDE_SERVER, SERVER_IF, false) < 0 ||
	    testnet_link_set_mac(net, SIDE_SERVER, SERVER_IF, FAR_MAC) < 0 ||
	    testnet_link_up(net, SIDE_SERVER, SERVER_IF, true) < 0 ||
	    testnet_link_wait(net, SIDE_CLIENT, CLIENT_IF, true, SEC_NS) < 0)
		return broken(b, "the network");
	if (starter_begin(&b->starter, net, SIDE_CLIENT) < 0) {
		printf("fork: %s\n", strerror(errno));
		return false;
	}
	return true;
}

static bool make_places(struct bench *b)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(b->memory_dir, sizeof(b->memory_dir), "/run/bench");
	snprintf(b->disk_dir, sizeof(b->disk_dir), "%.100s/bench_arpq-XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	if (mkdir(b->memory_dir, 0700) == 0 && mkdtemp(b->disk_dir))
		return true;
	printf("%s: %s\n", b->disk_dir, strerror(errno));
	return false;
}

int main(int argc, char **argv)
{
	struct bench b = { .wrong = false };

	if (argc != 3) {
		fprintf(stderr, "usage: bench_arpq ARPQ EMPTY-PROGRAM\n");
		return 2;
	}
	b.arpq = argv[1];
	b.empty = argv[2];
	if (!make_network(&b))
		return 1;
	find_peers(&b);
	if (make_places(&b)) {
		printf("arpq beside its peers: median wall time of a whole process; "
		       "most frames, memory and errors of any run\n");
		run_all(&b);
		(void)make_fresh(b.disk_dir);
		(void)rmdir(b.disk_dir);
	} else {
		b.wrong = true;
	}
	starter_end(&b.starter);
	testnet_end(&b.net);
	printf("\n%s\n", b.wrong ? "SOMETHING WAS WRONG" : "every answer was right");
	return b.wrong ? 1 : 0;
}
