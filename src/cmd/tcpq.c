/*
 * tcpq - takes the TCP connections of a capture apart
 *
 * This file reads the command line; the work is done by the parts in tcpq/.
 */
#include "tcpq/tcpq.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "version.h"

static const char help[] =
"usage: tcpq [options] FILE...          every TCP connection of a capture\n"
"       tcpq [options] -i IF [EXPR]     live; EXPR as in tcpdump\n"
"       tcpq trouble.pcapng            one line a connection\n"
"       tcpq trouble.pcapng --ladder 3 connection 3, segment by segment\n"
"       tcpdump -w - | tcpq -          from standard input\n"
"\n"
"      --ladder [N]   time, arrows, both ends' states, remarks; of all, or of N\n"
"      --explain [N]  the same with the reason for each step and its RFC section\n"
"      --svg FILE, --html FILE  the ladder as a drawing; as a page with tables\n"
"      --messages     what was sent behind length prefixes, and in which frames\n"
"      --order ORDER  of these lengths: network, native (found out by itself)\n"
"      --arp, --frag, --udp   ARP exchanges, IP fragments, datagrams\n"
"      --json         one object a line: of connections and the rest\n"
"      --segments     the same with an object for each segment\n"
"  -f, --filter EXPR  only frames that match: \"tcp port 80\" (pcap-filter(7))\n"
"  -i, --interface IF live: a line as each connection closes; \"any\" for all\n"
"  -c, --count N      stop after N frames;  -s, --snaplen N  bytes kept of each\n"
"  -p, --promiscuous  live: frames to others, too\n"
"      --stream N     only connection N, numbered from 0 as in the table\n"
"  -w, --write FILE   pcapng: the same frames, the explanation as their comments\n"
"      --lang LANG    en or zh (Chinese): of ladders, drawings and comments\n"
"      --color WHEN   auto (a terminal, unless NO_COLOR is set), always, never\n"
"  -h, --help         this;  -V, --version\n"
"\n"
"Reads pcap and pcapng, whatever their byte order, link types and sections.\n"
"exit: 0 all of it was read  1 no such connection  2 usage  3 damaged (what could\n"
"      be read is shown)  5 output lost  6 interface gone  7 not permitted\n"
"                                                                   see tcpq(1)\n";

enum {
	OPT_JSON = 256, OPT_SEGMENTS, OPT_LADDER, OPT_EXPLAIN, OPT_SVG, OPT_HTML, OPT_MESSAGES,
	OPT_ORDER, OPT_ARP, OPT_FRAG, OPT_UDP, OPT_STREAM, OPT_COLOR, OPT_LANG,
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "segments", no_argument, NULL, OPT_SEGMENTS },
	{ "ladder", optional_argument, NULL, OPT_LADDER },
	{ "explain", optional_argument, NULL, OPT_EXPLAIN },
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "html", required_argument, NULL, OPT_HTML },
	{ "messages", no_argument, NULL, OPT_MESSAGES },
	{ "order", required_argument, NULL, OPT_ORDER },
	{ "arp", no_argument, NULL, OPT_ARP },
	{ "frag", no_argument, NULL, OPT_FRAG },
	{ "udp", no_argument, NULL, OPT_UDP },
	{ "stream", required_argument, NULL, OPT_STREAM },
	{ "filter", required_argument, NULL, 'f' },
	{ "interface", required_argument, NULL, 'i' },
	{ "count", required_argument, NULL, 'c' },
	{ "snaplen", required_argument, NULL, 's' },
	{ "promiscuous", no_argument, NULL, 'p' },
	{ "write", required_argument, NULL, 'w' },
	{ "color", required_argument, NULL, OPT_COLOR },
	{ "lang", required_argument, NULL, OPT_LANG },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static _Noreturn void usage(const char *option, const char *value, const char *why)
{
	complain("%s: \"%s\" %s", option, value, why);
	exit(EXIT_USAGE);
}

static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

static uint32_t stream_number(const char *option, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (!is_number(value) || n >= STREAM_ALL)
		usage(option, value, "is no connection's number; they count from 0");
	return (uint32_t)n;
}

static uint64_t number(const char *option, const char *value, uint64_t most)
{
	errno = 0;
	unsigned long long n = is_number(value) ? strtoull(value, NULL, 10) : 0;

	if (n == 0 || n > most || errno)
		usage(option, value, "is not a number from 1 on");
	return n;
}

/* "--ladder 3": a number that names no file is the connection's, wherever the file stands. */
static void optional_stream(struct options *opt, int argc, char **argv, const char *option)
{
	if (optarg) {
		opt->stream = stream_number(option, optarg);
	} else if (optind < argc && is_number(argv[optind]) && access(argv[optind], F_OK) != 0) {
		opt->stream = stream_number(option, argv[optind]);
		optind++;
	}
}

static void color(struct options *opt, const char *value)
{
	if (strcmp(value, "auto") == 0)
		opt->color = COLOR_AUTO;
	else if (strcmp(value, "always") == 0)
		opt->color = COLOR_ALWAYS;
	else if (strcmp(value, "never") == 0)
		opt->color = COLOR_NEVER;
	else
		usage("--color", value, "is not auto, always or never");
}

/* Not from the locale: scripts read this, too. */
static void language(struct options *opt, const char *value)
{
	if (!lang_parse(value, &opt->lang))
		usage("--lang", value, "is neither en nor zh");
}

/* Two views at once would be two answers in one stream. */
static void show(struct options *opt, enum what what)
{
	if (opt->what != SHOW_TABLE && opt->what != what) {
		complain("one view at a time, please; see tcpq --help");
		exit(EXIT_USAGE);
	}
	opt->what = what;
}

static void show_ladder(struct options *opt, int argc, char **argv, const char *option)
{
	show(opt, SHOW_LADDER);
	optional_stream(opt, argc, argv, option);
}

static void order(struct options *opt, const char *value)
{
	if (strcmp(value, "network") == 0)
		opt->order = MSG_NETWORK;
	else if (strcmp(value, "native") == 0)
		opt->order = MSG_NATIVE;
	else
		usage("--order", value, "is neither network nor native");
}

static void settle(struct options *opt)
{
	if (opt->write && strcmp(opt->write, "-") == 0)
		usage("--write", "-", "is where the table goes; name a file");
	if (opt->svg && opt->html) {
		complain("--svg and --html at a time are two answers; see tcpq --help");
		exit(EXIT_USAGE);
	}
	if (opt->json && (opt->what == SHOW_LADDER || opt->what == SHOW_DRAWING)) {
		complain("a ladder is for people: --segments is its JSON");
		exit(EXIT_USAGE);
	}
	if (opt->json && opt->what == SHOW_TABLE)
		opt->what = SHOW_JSON;
}

static void read_options(struct options *opt, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "hVw:f:i:c:s:p", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_JSON: opt->json = true; break;
		case OPT_SEGMENTS: show(opt, SHOW_SEGMENTS); break;
		case OPT_LADDER: show_ladder(opt, argc, argv, "--ladder"); break;
		case OPT_EXPLAIN:
			show_ladder(opt, argc, argv, "--explain");
			opt->explain = true;
			break;
		case OPT_SVG:
			show(opt, SHOW_DRAWING);
			opt->svg = optarg;
			break;
		case OPT_HTML:
			show(opt, SHOW_DRAWING);
			opt->html = optarg;
			break;
		case OPT_MESSAGES: show(opt, SHOW_MESSAGES); break;
		case OPT_ORDER: order(opt, optarg); break;
		case OPT_ARP: show(opt, SHOW_ARP); break;
		case OPT_FRAG: show(opt, SHOW_FRAG); break;
		case OPT_UDP: show(opt, SHOW_UDP); break;
		case OPT_STREAM: opt->stream = stream_number("--stream", optarg); break;
		case OPT_COLOR: color(opt, optarg); break;
		case OPT_LANG: language(opt, optarg); break;
		case 'w': opt->write = optarg; break;
		case 'f': opt->filter = optarg; break;
		case 'i': opt->ifname = optarg; break;
		case 'c': opt->count = number("--count", optarg, UINT64_MAX); break;
		case 's': opt->snaplen = (uint32_t)number("--snaplen", optarg, UINT32_MAX); break;
		case 'p': opt->promiscuous = true; break;
		case 'h':
			(void)fputs(help, stdout);
			exit(finish(EXIT_DONE));
		case 'V':
			(void)fputs("tcpq (wirelab) " WIRELAB_VERSION "\n", stdout);
			exit(finish(EXIT_DONE));
		default: exit(EXIT_USAGE);
		}
	}
	settle(opt);
}

/* "tcpq -i eth0 tcp port 80", as with tcpdump: the words make one expression. */
static char *joined(char **word)
{
	size_t len = 1;

	for (char **w = word; *w; w++)
		len += strlen(*w) + 1;
	char *all = calloc(1, len);
	if (!all)
		out_of_memory();
	for (char **w = word; *w; w++) {
		(void)strcat(all, *w);
		(void)strcat(all, w[1] ? " " : "");
	}
	return all;
}

static int listen_live(struct options *opt, char **word)
{
	if (opt->filter && *word) {
		complain("one expression, please: \"%s\", or what follows the options", opt->filter);
		return EXIT_USAGE;
	}
	char *expression = *word ? joined(word) : NULL;
	if (expression)
		opt->filter = expression;
	int status = read_interface(opt);
	free(expression);
	return status;
}

int main(int argc, char **argv)
{
	static char name[] = "tcpq", buffer[1 << 16];
	struct options opt = { .stream = STREAM_ALL, .order = MSG_EITHER };
	int status = EXIT_DONE;

	/* getopt's own messages begin with argv[0]. */
	if (argc > 0)
		argv[0] = name;
	/* A reader that has gone and a file that may not grow are errors of write(2). */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (!isatty(STDOUT_FILENO))
		(void)setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	read_options(&opt, argc, argv);
	if (opt.ifname)
		return finish(listen_live(&opt, argv + optind));
	if (optind == argc) {
		complain("name a capture; see tcpq --help");
		return EXIT_USAGE;
	}
	if ((opt.write || opt.what == SHOW_DRAWING) && argc - optind > 1) {
		complain("one capture makes one file, and here are %d", argc - optind);
		return EXIT_USAGE;
	}
	for (int i = optind; i < argc; i++) {
		int one = read_capture(&opt, argv[i]);
		status = one > status ? one : status;
	}
	return finish(status);
}
