/*
 * wirelab - a private network of real TCP/IP stacks, and what there is to learn on its wire
 *
 * This file reads the command line; the work is done by the parts in wirelab/.
 */
#include "wirelab/wirelab.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "version.h"
#include "wirelab/json.h"

static const char help[] =
"usage: wirelab COMMAND [options]\n"
"       wirelab run 09                 predict, run, and look at 09-nagle.pcapng\n"
"       wirelab check 09 mine.pcapng   judge a capture of your own\n"
"       wirelab shell 09 alice         be on a host: ping, nc, python, tcpdump\n"
"\n"
"  doctor            does this machine have what the labs need?\n"
"  list              the labs, and which are passed\n"
"  run NN            questions, then the experiment; writes NN-name.pcapng\n"
"  check NN [FILE]   is in the capture what must be there? Without FILE that of\n"
"                    the last run in this directory\n"
"  hint NN           a hint; the next one each time\n"
"  explain NN        what it was about; after a passed check\n"
"  shell NN HOST [COMMAND...]  a shell on that host, with the wire in real time;\n"
"                    from another terminal: another host of the same network\n"
"\n"
"      --seed NAME   other addresses, ports and sizes, and so other answers\n"
"      --lang en|zh  the language; without it that of the environment\n"
"  -o, --out FILE    of the capture that run writes\n"
"      --carrier tap|veth   what carries frames; without it what works here\n"
"      --live        run: a line for each frame while they move\n"
"      --no-predict  run: ask nothing (nor is anything asked without a terminal)\n"
"      --limit SECONDS      of real time, after which a run is ended: 60\n"
"      --json        for programs: an object a line\n"
"  -h, --help        this;  -V, --version\n"
"\n"
"No root is needed where user namespaces are allowed; nothing leads out of a lab.\n"
"exit: 0 done and right  1 a check failed  2 usage  3 damaged capture\n"
"      5 output lost  7 not permitted                           see wirelab(1)\n";

enum { OPT_SEED = 256, OPT_LANG, OPT_CARRIER, OPT_LIVE, OPT_NO_PREDICT, OPT_LIMIT, OPT_JSON };

static const struct option long_options[] = {
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "lang", required_argument, NULL, OPT_LANG },
	{ "out", required_argument, NULL, 'o' },
	{ "carrier", required_argument, NULL, OPT_CARRIER },
	{ "live", no_argument, NULL, OPT_LIVE },
	{ "no-predict", no_argument, NULL, OPT_NO_PREDICT },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static _Noreturn void usage(const char *what, const char *value, const char *why)
{
	complain("%s: \"%s\" %s; see wirelab --help", what, value, why);
	exit(EXIT_USAGE);
}

static enum lang lang_of_environment(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return lang_of_locale(value);
	}
	return LANG_EN;
}

static unsigned number(const char *what, const char *text, unsigned most, const char *why)
{
	size_t len = strlen(text);

	if (len == 0 || len > 6 || strspn(text, "0123456789") != len || strtoul(text, NULL, 10) == 0 ||
	    strtoul(text, NULL, 10) > most)
		usage(what, text, why);
	return (unsigned)strtoul(text, NULL, 10);
}

static void read_options(struct options *opt, int argc, char **argv)
{
	struct plan plan;
	int c;

	/* What follows the first word that is none may be a command of its own: "shell 09 alice ls -l". */
	while ((c = getopt_long(argc, argv, "+ho:V", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_SEED:
			if (!plan_init(&plan, optarg))
				usage("--seed", optarg, "is not 1 to 63 letters, digits or -_.@");
			opt->seed = optarg;
			break;
		case OPT_LANG:
			if (!lang_parse(optarg, &opt->lang))
				usage("--lang", optarg, "is neither en nor zh");
			break;
		case OPT_CARRIER:
			if (!carrier_parse(optarg, &opt->carrier))
				usage("--carrier", optarg, "is neither tap nor veth");
			opt->carrier_named = true;
			break;
		case OPT_LIVE: opt->live = true; break;
		case OPT_NO_PREDICT: opt->predict = false; break;
		case OPT_LIMIT:
			opt->limit_s = number("--limit", optarg, 86400, "is not a number of seconds");
			break;
		case OPT_JSON: opt->json = true; break;
		case 'o': opt->out = optarg; break;
		case 'h':
			say(help);
			exit(finish(EXIT_DONE));
		case 'V':
			say("wirelab " WIRELAB_VERSION "\n");
			exit(finish(EXIT_DONE));
		default: exit(EXIT_USAGE);
		}
	}
}

/* Options may stand before, between and behind the words, but for shell's command. */
static int read_words(struct options *opt, int argc, char **argv, char **word, int max)
{
	int n = 0;

	for (;;) {
		read_options(opt, argc, argv);
		if (optind == argc)
			return n;
		if (n == max)
			usage("argument", argv[optind], "is one too many");
		word[n++] = argv[optind++];
		/* What follows shell's host is for that host. */
		if (n == 3 && strcmp(word[0], "shell") == 0)
			return n;
	}
}

/* ---- commands --------------------------------------------------------------------------------- */

static const struct lab *lab_named(const char *word)
{
	const struct lab *lab = lab_by_number(number("lab", word, 99, "is no lab's number"));

	if (!lab) {
		complain("there is no lab %s (yet); see wirelab list", word);
		exit(EXIT_USAGE);
	}
	return lab;
}

static struct lesson lesson_of(const struct options *opt, const char *word)
{
	struct lesson l = { .lab = lab_named(word) };

	(void)plan_init(&l.plan, opt->seed ? opt->seed : PLAN_SEED_PUBLIC);
	return l;
}

static int examine_machine(const struct options *opt)
{
	struct doctor_report report;
	char buf[DOCTOR_TEXT_MAX];
	struct txt t = txt_over(buf, sizeof(buf));

	doctor_examine(&report, NULL);
	if (opt->json)
		doctor_json(&t, &report, opt->lang);
	else
		doctor_text(&t, &report, opt->lang);
	say(buf);
	return doctor_usable(&report) ? EXIT_DONE : EXIT_FAILED;
}

static int list_labs(const struct options *opt)
{
	char buf[1024], name[LAB_NAME_MAX];

	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		struct txt t = txt_over(buf, sizeof(buf));
		bool passed = memory_passed_any(*lab);
		(void)lab_name(*lab, name);
		if (opt->json) {
			txt_char(&t, '{');
			json_word(&t, "type", "lab");
			json_string(&t, "lab", name);
			json_string(&t, "title", in_lang(&(*lab)->title, opt->lang));
			json_bool(&t, "timers", (*lab)->timers);
			json_bool(&t, "passed", passed);
			txt_char(&t, '}');
		} else {
			(void)snprintf(buf, sizeof(buf), "%02u  %-12s %s  %s", (*lab)->nr, (*lab)->slug,
				       passed ? in_words(opt, "passed", "已通过") :
						in_words(opt, "-     ", "-     "),
				       in_lang(&(*lab)->title, opt->lang));
			t.len = strlen(buf);
		}
		say_line(&t);
	}
	return EXIT_DONE;
}

static void say_text(const struct options *opt, const struct lesson *l, const struct both *text)
{
	char buf[8192];
	struct txt t = txt_over(buf, sizeof(buf));

	lesson_text(&t, l, in_lang(text, opt->lang));
	say_folded("", 0, buf);
}

static int hint(const struct options *opt, const struct lesson *l)
{
	struct memory m;
	unsigned n = 0, given;
	char lead[64];

	while (l->lab->hints[n].text[LANG_EN])
		n++;
	memory_open(&m, l);
	given = memory_hints(&m);
	unsigned i = given < n ? given : n - 1;
	(void)snprintf(lead, sizeof(lead), in_words(opt, "hint %u of %u:\n", "提示 %u/%u：\n"), i + 1, n);
	say(lead);
	say_text(opt, l, &l->lab->hints[i]);
	if (given < n)
		memory_store(&m, "hint", "-", (int64_t)i + 1);
	return EXIT_DONE;
}

static int explain(const struct options *opt, const struct lesson *l)
{
	if (!memory_passed_any(l->lab)) {
		complain("lab %02u: the explanation comes after a passed check (wirelab run %02u, "
			 "wirelab check %02u)", l->lab->nr, l->lab->nr, l->lab->nr);
		return EXIT_FAILED;
	}
	say_text(opt, l, &l->lab->explain);
	return EXIT_DONE;
}

static int run_command(struct options *opt, const struct lesson *l)
{
	/* Nobody is there to be asked. */
	if (opt->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		opt->predict = false;
	return run_lab(opt, l);
}

static void need(int have, int least, int most, const char *command)
{
	if (have >= least && have <= most)
		return;
	complain("%s: %s; see wirelab --help", command,
		 have < least ? least == 3 ? "name a lab and a host" : "name a lab, as in \"wirelab list\"" :
				"too many words");
	exit(EXIT_USAGE);
}

static int command(struct options *opt, char **word, int n, char **rest)
{
	const char *c = word[0];
	struct lesson l;

	if (strcmp(c, "doctor") == 0) {
		need(n, 1, 1, c);
		return examine_machine(opt);
	}
	if (strcmp(c, "list") == 0) {
		need(n, 1, 1, c);
		return list_labs(opt);
	}
	if (strcmp(c, "check") == 0) {
		need(n, 2, 2 + NETWORK_HOSTS, c);
		return check_files(opt, lab_named(word[1]), word + 2, n - 2);
	}
	if (strcmp(c, "shell") == 0) {
		need(n, 3, 3, c);
		rest += *rest && strcmp(*rest, "--") == 0;
		l = lesson_of(opt, word[1]);
		return shell_on(opt, &l, word[2], rest);
	}
	if (strcmp(c, "run") != 0 && strcmp(c, "hint") != 0 && strcmp(c, "explain") != 0)
		usage("command", c, "is none of doctor, list, run, check, hint, explain, shell");
	need(n, 2, 2, c);
	l = lesson_of(opt, word[1]);
	return strcmp(c, "run") == 0 ? run_command(opt, &l) :
	       strcmp(c, "hint") == 0 ? hint(opt, &l) : explain(opt, &l);
}

int main(int argc, char **argv)
{
	static char name[] = "wirelab";
	struct options opt = { .lang = lang_of_environment(), .predict = true };
	char *word[8];

	/* getopt's own messages begin with argv[0]. */
	if (argc > 0)
		argv[0] = name;
	/* A reader that has gone and a file that may not grow are errors of write(2). */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	int n = read_words(&opt, argc, argv, word, 8);
	if (n == 0) {
		complain("name a command: run 09, list, doctor ...; see wirelab --help");
		return EXIT_USAGE;
	}
	return finish(command(&opt, word, n, argv + optind));
}
