/*
 * arpq - asks who has an IPv4 address, remembers the answer, and lets it expire
 *
 * This file reads the command line; the work is done by the parts in arpq/.
 */
#include "arpq/arpq.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>

#include "version.h"

static const char help[] =
"usage: arpq [options] ADDRESS...        who has it? The answer is remembered\n"
"       arpq 192.168.1.1                 MAC, interface, round trip, vendor\n"
"       arpq 192.168.1.0/24 --rate max   a whole network; also A-B, A-N, @FILE\n"
"       arpq --cache                     what is remembered, and for how long\n"
"\n"
"  --local              sweep every network of the interface\n"
"  --cache              show the cache;  --flush [ADDRESS]  forget\n"
"  --watch              only listen: who appears, changes, quarrels\n"
"  --probe ADDRESS      is it free? (RFC 5227)\n"
"  --announce ADDRESS   say that it is ours;  --defend  and stay to keep it\n"
"\n"
"  -i, --interface IF   default: by the kernel's route to the address\n"
"  -c, --count N        requests before giving up (3); with --watch: frames\n"
"  -t, --timeout TIME   give up after this long in all: 500ms, 2s, 1m\n"
"      --fresh          ask the wire, whatever the cache says\n"
"      --ttl TIME       how long an answer is used unasked (60s)\n"
"      --listen TIME    wait so long for a second owner (twice the round trip)\n"
"      --rate N|max     requests a second of a sweep (1000)\n"
"      --retry-interval TIME  between requests to one address (1s; RFC 1122\n"
"                       2.3.2.1 recommends no less, so only a sweep may go lower)\n"
"      --kernel         compare with the kernel's neighbour table\n"
"      --vlan ID        ask with an 802.1Q tag\n"
"      --src-ip ADDRESS, --src-mac MAC   speak as somebody else\n"
"      --cache-file FILE  default: /run/arpq/cache, for users in XDG_RUNTIME_DIR\n"
"  -w, --write FILE     pcapng of the exchange, a remark on each frame\n"
"      --json           one object a line;  -q, --quiet  just the MAC\n"
"      --color WHEN     auto (a terminal, unless NO_COLOR is set), always, never\n"
"      --trace          each step of the state machine, with its reason\n"
"  -h, --help           this;  -V, --version\n"
"\n"
"exit: 0 answered  1 no answer  2 usage  3 damaged cache  4 conflict or forgery\n"
"      5 output lost  6 interface gone  7 not permitted            see arpq(8)\n";

enum {
	OPT_LOCAL = 256, OPT_CACHE, OPT_FLUSH, OPT_WATCH, OPT_PROBE, OPT_ANNOUNCE, OPT_DEFEND,
	OPT_FRESH, OPT_TTL, OPT_LISTEN, OPT_RATE, OPT_RETRY, OPT_KERNEL, OPT_VLAN, OPT_SRC_IP,
	OPT_SRC_MAC, OPT_CACHE_FILE, OPT_JSON, OPT_TRACE, OPT_COLOR,
};

static const struct option long_options[] = {
	{ "local", no_argument, NULL, OPT_LOCAL },
	{ "cache", no_argument, NULL, OPT_CACHE },
	{ "flush", no_argument, NULL, OPT_FLUSH },
	{ "watch", no_argument, NULL, OPT_WATCH },
	{ "probe", required_argument, NULL, OPT_PROBE },
	{ "announce", required_argument, NULL, OPT_ANNOUNCE },
	{ "defend", no_argument, NULL, OPT_DEFEND },
	{ "interface", required_argument, NULL, 'i' },
	{ "count", required_argument, NULL, 'c' },
	{ "timeout", required_argument, NULL, 't' },
	{ "fresh", no_argument, NULL, OPT_FRESH },
	{ "ttl", required_argument, NULL, OPT_TTL },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "retry-interval", required_argument, NULL, OPT_RETRY },
	{ "kernel", no_argument, NULL, OPT_KERNEL },
	{ "vlan", required_argument, NULL, OPT_VLAN },
	{ "src-ip", required_argument, NULL, OPT_SRC_IP },
	{ "src-mac", required_argument, NULL, OPT_SRC_MAC },
	{ "cache-file", required_argument, NULL, OPT_CACHE_FILE },
	{ "write", required_argument, NULL, 'w' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "color", required_argument, NULL, OPT_COLOR },
	{ "quiet", no_argument, NULL, 'q' },
	{ "trace", no_argument, NULL, OPT_TRACE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static _Noreturn void usage(const char *format, const char *what)
{
	complain(format, what);
	(void)fputs("try: arpq --help\n", stderr);
	exit(EXIT_USAGE);
}

static _Noreturn void tell(const char *text)
{
	/* A reader that has gone is an error of write(2), and no signal. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)fputs(text, stdout);
	if (fflush(stdout) == 0)
		exit(EXIT_DONE);
	complain("cannot write to standard output: %s", strerror(errno));
	exit(EXIT_OUTPUT_LOST);
}

/* ---- values ---------------------------------------------------------------------------- */

/* A whole number least..most and nothing behind it. */
static uint64_t number(const char *option, const char *text, uint64_t least, uint64_t most)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n < least || n > most) {
		complain("%s: \"%s\" is no number from %llu to %llu", option, text,
			 (unsigned long long)least, (unsigned long long)most);
		exit(EXIT_USAGE);
	}
	return n;
}

#define LONGEST_NS (UINT64_C(86400) * 365 * SEC_NS)

/* "500ms", "2s", "1.5", "1m", "2h": nanoseconds; seconds when no unit is named. */
static uint64_t duration(const char *option, const char *text)
{
	static const struct { const char *name; double ns; } unit[] = {
		{ "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "m", 60e9 },
		{ "min", 60e9 }, { "h", 3600e9 }, { "d", 86400e9 } };
	char *end;
	double value = strtod(text, &end);

	/* Digits and a point, and then the unit: strtod() would also read 0x10 and 1e3. */
	if (end != text && end == text + strspn(text, "0123456789."))
		for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++)
			if (strcmp(end, unit[i].name) == 0 &&
			    value * unit[i].ns <= (double)LONGEST_NS)
				return (uint64_t)(value * unit[i].ns);
	complain("%s: \"%s\" is no time of up to a year: 500ms, 2s, 1m, 1h", option, text);
	exit(EXIT_USAGE);
}

static struct ip4 address(const char *text)
{
	struct ip4 ip;

	if (!ip4_parse(text, &ip))
		usage("\"%s\" is not an IPv4 address (names are not looked up)", text);
	return ip;
}

/* ---- targets ---------------------------------------------------------------------------- */

static void add_range(struct options *o, const char *text)
{
	struct ip4_range r;

	if (!ip4_range_parse(text, &r))
		usage("\"%s\" is not an IPv4 address, a prefix (10.0.0.0/24) or a range "
		      "(10.0.0.1-20); names are not looked up", text);
	/* Doubled, so that a file of a million lines is no quadratic affair. */
	if ((o->n_ranges & (o->n_ranges - 1)) == 0) {
		size_t room = o->n_ranges ? o->n_ranges * 2 : 1;
		struct ip4_range *more = realloc(o->range, room * sizeof(*more));
		if (!more)
			usage("out of memory at %s", text);
		o->range = more;
	}
	o->range[o->n_ranges++] = r;
	o->sweep = o->sweep || r.first != r.last;
}

/* Targets, divided by blanks and line ends; what follows a # does not count. */
static void add_file(struct options *o, const char *path)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	char *line = NULL;
	size_t size = 0;

	if (!f) {
		complain("%s: %s", path, strerror(errno));
		exit(EXIT_USAGE);
	}
	while (getline(&line, &size, f) >= 0) {
		char *rest = NULL;
		line[strcspn(line, "#\r\n")] = '\0';
		for (char *word = strtok_r(line, " \t", &rest); word;
		     word = strtok_r(NULL, " \t", &rest))
			add_range(o, word);
	}
	if (ferror(f)) {
		complain("%s: %s", path, strerror(errno));
		exit(EXIT_USAGE);
	}
	free(line);
	if (f != stdin)
		(void)fclose(f);
	o->sweep = true;
}

#define ASK_MAX 256u	/* single addresses that are asked one by one; more of them are a sweep */

static void drop_repeated(struct options *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->n_ranges; i++) {
		size_t j = 0;
		while (j < kept && o->range[j].first != o->range[i].first)
			j++;
		if (j == kept)
			o->range[kept++] = o->range[i];
	}
	o->n_ranges = kept;
}

/* Nobody answers for these, and a question for them would only make noise. */
static void refuse_nobody(struct ip4 ip)
{
	char text[IP4_STRLEN];

	if (ip4_is_multicast(ip) || ip4_number(ip) == UINT32_MAX || ip.b[0] == 0)
		usage("%s is not one host's address: nobody answers for it", ip4_format(ip, text));
}

static void take_targets(struct options *o, char **arg)
{
	for (; *arg; arg++) {
		if (**arg == '@')
			add_file(o, *arg + 1);
		else
			add_range(o, *arg);
	}
	for (size_t i = 0; i < o->n_ranges; i++)
		if (o->range[i].first == o->range[i].last)
			refuse_nobody(ip4_from_number(o->range[i].first));
	if (o->n_ranges > ASK_MAX)
		o->sweep = true;
	if (!o->sweep)
		drop_repeated(o);
}

/* ---- options ---------------------------------------------------------------------------- */

static void set_job(struct options *o, enum job job)
{
	if (o->job != JOB_ASK && o->job != job)
		usage("%s", "--cache, --flush, --watch, --probe and --announce exclude one another");
	o->job = job;
}

static void take_option(struct options *o, int c)
{
	switch (c) {
	case OPT_LOCAL: o->local = o->sweep = true; break;
	case OPT_CACHE: set_job(o, JOB_CACHE); break;
	case OPT_FLUSH: set_job(o, JOB_FLUSH); break;
	case OPT_WATCH: set_job(o, JOB_WATCH); break;
	case OPT_PROBE:
	case OPT_ANNOUNCE:
		set_job(o, c == OPT_PROBE ? JOB_PROBE : JOB_ANNOUNCE);
		o->address = address(optarg);
		o->has_address = true;
		refuse_nobody(o->address);
		break;
	case OPT_DEFEND: o->defend = true; break;
	case 'i': o->ifname = optarg; break;
	case 'c': o->count = (unsigned)number("--count", optarg, 1, 255); break;
	case 't':
		o->timeout_ns = duration("--timeout", optarg);
		if (o->timeout_ns == 0)
			usage("--timeout: \"%s\" leaves no time for an answer", optarg);
		break;
	case OPT_FRESH: o->fresh = true; break;
	case OPT_TTL: o->ttl_ns = duration("--ttl", optarg); break;
	case OPT_LISTEN: o->listen_ns = duration("--listen", optarg); break;
	case OPT_RATE:
		o->rate = strcmp(optarg, "max") == 0 ? 0 : number("--rate", optarg, 1, 100000000);
		break;
	case OPT_RETRY: o->retry_ns = duration("--retry-interval", optarg); break;
	case OPT_KERNEL: o->kernel = true; break;
	case OPT_VLAN: o->vlan = (uint16_t)number("--vlan", optarg, 1, ETH_VID_MAX); break;
	case OPT_SRC_IP: o->src_ip = address(optarg); o->has_src_ip = true; break;
	case OPT_SRC_MAC:
		if (!mac_parse(optarg, &o->src_mac) || mac_is_group(o->src_mac) ||
		    mac_is_zero(o->src_mac))
			usage("--src-mac: \"%s\" is not one card's MAC", optarg);
		o->has_src_mac = true;
		break;
	case OPT_CACHE_FILE:
		/* A path cut to fit would be another file's. */
		if (!*optarg || strlen(optarg) > CACHE_PATH_MAX)
			usage("--cache-file: \"%.64s\" is no path of a file", optarg);
		o->cache = optarg;
		break;
	case 'w':
		if (strcmp(optarg, "-") == 0)
			usage("%s", "--write: standard output is for the answers: name a file");
		o->capture = optarg;
		break;
	case OPT_JSON: o->json = true; break;
	case OPT_COLOR:
		if (strcmp(optarg, "auto") && strcmp(optarg, "always") && strcmp(optarg, "never"))
			usage("--color: \"%s\" is none of auto, always, never", optarg);
		o->color = *optarg == 'n' ? COLOR_NEVER : optarg[1] == 'l' ? COLOR_ALWAYS : COLOR_AUTO;
		break;
	case 'q': o->quiet = true; break;
	case OPT_TRACE: o->trace = true; break;
	case 'h': tell(help);
	case 'V': tell("arpq (wirelab) " WIRELAB_VERSION "\n");
	default:
		(void)fputs("try: arpq --help\n", stderr);
		exit(EXIT_USAGE);
	}
}

/* What single options cannot know of one another. */
static void check(struct options *o, char **rest)
{
	char seconds[32];

	if (o->defend && o->job != JOB_ANNOUNCE)
		usage("%s", "--defend keeps an address that was announced: it needs --announce");
	if (o->json && o->quiet)
		usage("%s", "--json and --quiet exclude one another");
	if (o->quiet && o->job == JOB_WATCH)
		usage("%s", "--quiet leaves nothing of what --watch has to say");
	if (o->job == JOB_FLUSH && *rest) {
		o->address = address(*rest++);
		o->has_address = true;
	}
	if (o->job != JOB_ASK) {
		if (*rest)
			usage("\"%s\" is one argument too many", *rest);
		return;
	}
	take_targets(o, rest);
	if (o->kernel && o->sweep)
		usage("%s", "--kernel compares single addresses, not a sweep");
	if (o->local && o->n_ranges)
		usage("%s", "--local takes its addresses from the interface: name none");
	if (o->n_ranges == 0 && !o->local)
		usage("%s", "whom to ask? Name an IPv4 address, or --local for all");
	if (!o->sweep && o->retry_ns < ARPQ_RETRY_NS) {
		(void)snprintf(seconds, sizeof(seconds), "%.3gs", (double)o->retry_ns / 1e9);
		usage("--retry-interval: \"%s\" is under one second (RFC 1122 2.3.2.1)", seconds);
	}
}

int main(int argc, char **argv)
{
	struct options o = { .ttl_ns = ARPQ_TTL_NS, .retry_ns = ARPQ_RETRY_NS, .rate = ARPQ_RATE,
			     .listen_ns = UINT64_MAX };
	static struct arpq a;
	static char name[] = "arpq";
	int c, status;

	/* getopt's own messages begin with argv[0]. */
	if (argc > 0)
		argv[0] = name;
	while ((c = getopt_long(argc, argv, "i:c:t:w:qhV", long_options, NULL)) != -1)
		take_option(&o, c);
	check(&o, argv + optind);
	status = session_begin(&a, &o);
	if (status)
		return status;
	switch (o.job) {
	case JOB_ASK: status = o.sweep ? sweep(&a) : ask(&a); break;
	case JOB_CACHE: status = show_cache(&a); break;
	case JOB_FLUSH: status = flush_cache(&a); break;
	case JOB_WATCH: status = watch(&a); break;
	case JOB_PROBE:
	case JOB_ANNOUNCE: status = claim(&a); break;
	}
	status = session_end(&a, status);
	free(o.range);
	return status;
}
