/* begin.c - the command line, what a program says of itself, and how it ends */
#include "wirelab/demo.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wirelab/text.h"

#define OPTIONS_MAX 16u
#define OPTION_BASE 256		/* above every letter */

static const char *program_name = "demo";

/* ---- what it says ------------------------------------------------------------------- */

static void say(const char *format, va_list args)
{
	char said[1024], safe[4 * sizeof(said)];
	struct txt t = txt_over(safe, sizeof(safe));

	(void)vsnprintf(said, sizeof(said), format, args);
	/* A host name or a file name from the command line may hold anything. */
	txt_foreign(&t, said, strlen(said));
	(void)fprintf(stderr, "%s: %s\n", program_name, safe);
}

void demo_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void demo_fail(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(status);
}

int demo_status(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return EXIT_NOT_PERMITTED;
	case EADDRNOTAVAIL:
	case ENODEV:
	case ENETDOWN:
		return EXIT_LINK_GONE;
	default:
		return EXIT_NO_ANSWER;
	}
}

void demo_die(const char *call)
{
	int error = errno;

	demo_fail(demo_status(error), "%s: %s", call, strerror(error));
}

/* stdio remembers that a write failed, but not why; demo_show() has ended us by then. */
int demo_end(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout) && close(STDOUT_FILENO) == 0)
		return status;
	demo_say("cannot write to standard output: %s", strerror(errno));
	return EXIT_OUTPUT_LOST;
}

/* ---- --help --------------------------------------------------------------------------- */

static void print_option(const struct demo_option *o)
{
	char left[64];

	(void)snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? " " : "",
		       o->value ? o->value : "");
	(void)printf("      %-18s %s\n", left, o->what);
}

static _Noreturn void help(const struct demo_program *p)
{
	(void)printf("usage: %s [options] %s\n%s\n%s\n", p->name,
		     p->arguments ? p->arguments : "[HOST [PORT]]", p->examples, p->what);
	for (const struct demo_option *o = p->option; o && o->name; o++)
		print_option(o);
	(void)printf("  -h, --help             this\n\n"
		     "exit: 0 done  1 nobody answers, or the other side is gone  2 usage  3 it said\n"
		     "      what it may not say  5 output lost  6 no such address here\n"
		     "      7 not permitted                                            see demos(7)\n");
	exit(demo_end(EXIT_DONE));
}

/* ---- options -------------------------------------------------------------------------- */

static void take_number(const struct demo_option *o, const char *value)
{
	bool digits = *value && strspn(value, "0123456789") == strlen(value);

	errno = 0;
	unsigned long long n = digits ? strtoull(value, NULL, 10) : 0;
	if (!digits || errno || n < o->least || n > o->most)
		demo_fail(EXIT_USAGE, "--%s: \"%s\" is not a number from %llu to %llu", o->name, value,
			  (unsigned long long)o->least, (unsigned long long)o->most);
	*o->number = n;
}

static void take_option(const struct demo_option *o, const char *value)
{
	if (o->flag)
		*o->flag = true;
	else if (o->number)
		take_number(o, value);
	else
		*o->text = value;
}

static void read_options(int argc, char **argv, const struct demo_program *p)
{
	struct option table[OPTIONS_MAX + 2] = { { "help", no_argument, NULL, 'h' } };
	int c;

	for (int i = 0; p->option && p->option[i].name; i++) {
		assert(i < (int)OPTIONS_MAX);
		table[i + 1] = (struct option){ .name = p->option[i].name, .val = OPTION_BASE + i,
			.has_arg = p->option[i].value ? required_argument : no_argument };
	}
	while ((c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (c == 'h')
			help(p);
		if (c < OPTION_BASE)
			exit(EXIT_USAGE);	/* getopt has said why */
		assert(p->option);
		take_option(&p->option[c - OPTION_BASE], optarg);
	}
}

static void open_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		/* Only to be read: what is written to a closed standard output is still lost. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			exit(EXIT_OUTPUT_LOST);
}

char **demo_begin(int argc, char **argv, const struct demo_program *program,
		  struct demo_place *place)
{
	open_descriptors();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	program_name = program->name;
	/* getopt's own messages begin with argv[0]. */
	static char name[64];
	(void)snprintf(name, sizeof(name), "%s", program->name);
	if (argc > 0)
		argv[0] = name;
	read_options(argc, argv, program);
	if (program->arguments)
		return argv + optind;
	if (argc - optind > 2)
		demo_fail(EXIT_USAGE, "a host and a port, and here are %d words; see %s --help",
			  argc - optind, program->name);
	if (optind < argc)
		place->host = argv[optind++];
	if (optind < argc)
		place->port = argv[optind++];
	return argv + optind;
}
