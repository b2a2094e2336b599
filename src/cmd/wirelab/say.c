/* What wirelab says, and whether it was heard. */
#include "wirelab.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "wirelab/fold.h"

#define COLUMNS_MAX 100u		/* longer lines are hard to read, on whatever terminal */

static int output_error;		/* errno of the first write that failed */

void complain(const char *format, ...)
{
	char said[2048], safe[4 * sizeof(said)];
	struct txt t = txt_over(safe, sizeof(safe));
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(said, sizeof(said), format, ap);
	va_end(ap);
	txt_foreign(&t, said, strlen(said));
	(void)fflush(stdout);
	(void)fprintf(stderr, "wirelab: %s\n", safe);
}

void say(const char *text)
{
	if (fputs(text, stdout) < 0 && !output_error)
		output_error = errno;
}

void say_line(struct txt *t)
{
	txt_char(t, '\n');
	say(t->buf);
}

static size_t columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
	    size.ws_col < 40)
		return 80;
	return size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
}

void say_folded(const char *lead, size_t indent, const char *text)
{
	char buf[16384];
	struct txt t = txt_over(buf, sizeof(buf));

	txt_str(&t, lead);
	for (size_t at = strlen(lead); at < indent; at++)
		txt_char(&t, ' ');
	txt_fold(&t, text, indent, indent, columns());
	say_line(&t);
}

const char *in_words(const struct options *opt, const char *en, const char *zh)
{
	return opt->lang == LANG_ZH ? zh : en;
}

int finish(int status)
{
	if (fflush(stdout) != 0 && !output_error)
		output_error = errno;
	if (!output_error && !ferror(stdout))
		return status;
	complain("standard output: %s", strerror(output_error ? output_error : EIO));
	return EXIT_OUTPUT_LOST;
}
