/* talk.c - a keyboard, a screen, and two people who talk at the same time */
#include "wirelab/demo.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wirelab/text.h"
#include "wirelab/utf8.h"

/* ---- the screen -------------------------------------------------------------------------- */

static void put(const char *s, size_t len)
{
	if (fwrite(s, 1, len, stdout) < len)
		demo_fail(EXIT_OUTPUT_LOST, "cannot write to standard output: %s", strerror(errno));
}

static void flush(void)
{
	if (fflush(stdout) != 0)
		demo_fail(EXIT_OUTPUT_LOST, "cannot write to standard output: %s", strerror(errno));
}

/* Whole characters, none of which is a line's end. */
static void put_harmless(const uint8_t *bytes, size_t len)
{
	char safe[4 * 256 + 1];

	while (len > 0) {
		size_t n = len < 256 ? len : 256;
		struct txt t = txt_over(safe, sizeof(safe));
		n -= n < len ? utf8_unfinished(bytes, n) : 0;
		if (bytes[0] == '\t') {
			n = 1;
			txt_char(&t, '\t');
		} else {
			const uint8_t *tab = memchr(bytes, '\t', n);
			n = tab ? (size_t)(tab - bytes) : n;
			txt_foreign(&t, bytes, n);
		}
		put(t.buf, t.len);
		bytes += n;
		len -= n;
	}
}

/* Lines of a text; *open: one is begun, and its end has not come. */
static void put_lines(const struct demo_screen *s, const uint8_t *bytes, size_t len, bool *open)
{
	while (len > 0) {
		const uint8_t *end = memchr(bytes, '\n', len);
		size_t line = end ? (size_t)(end - bytes) : len, whole = end ? line + 1 : line;
		if (!*open && s->who) {
			put(s->who, strlen(s->who));
			put(" ", 1);
		}
		/* Windows and telnet end their lines with two characters. */
		put_harmless(bytes, end && line > 0 && bytes[line - 1] == '\r' ? line - 1 : line);
		if (end)
			put("\n", 1);
		*open = !end;
		bytes += whole;
		len -= whole;
	}
}

static void hold(struct demo_screen *s, const uint8_t *bytes, size_t len)
{
	memmove(s->held, bytes, len);
	s->n_held = len;
}

/* Feed the character that is held back, until it is whole, or can be none any more; it is
 * at most DEMO_CHARACTER bytes then.  Returns how many bytes were taken. */
static size_t complete_held(struct demo_screen *s, const uint8_t *bytes, size_t len, bool *open)
{
	size_t taken = 0;

	while (s->n_held > 0 && taken < len) {
		s->held[s->n_held++] = bytes[taken++];
		size_t cut = utf8_unfinished(s->held, s->n_held);
		if (cut == s->n_held)
			continue;
		put_lines(s, s->held, s->n_held - cut, open);
		hold(s, s->held + s->n_held - cut, cut);
	}
	return taken;
}

/* One thread's lines stay together: hence the lock around all of them. */
void demo_show(struct demo_screen *s, const void *data, size_t len)
{
	bool open = false;

	flockfile(stdout);
	size_t taken = complete_held(s, data, len, &open);
	const uint8_t *rest = (const uint8_t *)data + taken;
	len -= taken;
	if (len > 0) {
		size_t cut = utf8_unfinished(rest, len);
		put_lines(s, rest, len - cut, &open);
		hold(s, rest + len - cut, cut);
	}
	if (open)
		put("\n", 1);
	flush();
	funlockfile(stdout);
}

void demo_show_whole(const struct demo_screen *s, const void *bytes, size_t len)
{
	bool open = false;

	flockfile(stdout);
	put_lines(s, bytes, len, &open);
	if (open)
		put("\n", 1);
	flush();
	funlockfile(stdout);
}

void demo_show_end(struct demo_screen *s)
{
	demo_show_whole(s, s->held, s->n_held);
	s->n_held = 0;
}

const char *demo_mark(void)
{
	return isatty(STDOUT_FILENO) ? "<<<" : NULL;
}

/* ---- the keyboard ----------------------------------------------------------------------- */

bool demo_line(struct demo_keyboard *k, const char **line, size_t *len)
{
	const char *at = k->buf + k->at;
	size_t left = k->used - k->at;
	const char *end = left ? memchr(at, '\n', left) : NULL;

	if (!end && left < sizeof(k->buf) && !(k->ended && left > 0))
		return false;
	*line = at;
	*len = end ? (size_t)(end - at) : left;
	k->at += *len + (end ? 1 : 0);
	return true;
}

void demo_read_keyboard(struct demo_keyboard *k)
{
	ssize_t n;

	k->used -= k->at;
	memmove(k->buf, k->buf + k->at, k->used);
	k->at = 0;
	do
		n = read(STDIN_FILENO, k->buf + k->used, sizeof(k->buf) - k->used);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		demo_die("read from standard input");
	k->ended = n == 0;
	k->used += (size_t)n;
}

unsigned demo_wait(const struct demo_keyboard *k, int fd, int timeout_ms)
{
	struct pollfd p[] = {
		{ .fd = k && !k->ended ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	int n;

	do
		n = poll(p, 2, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		demo_die("poll");
	/* An end or an error is something to read, too: recv(2) tells which. */
	return (p[0].revents ? DEMO_TYPED : 0u) | (p[1].revents ? DEMO_ARRIVED : 0u);
}

static bool somebody_types(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

void demo_prompt(void)
{
	if (somebody_types())
		(void)fputs(">>> ", stderr);
}

bool demo_ask(struct demo_keyboard *k, const char **line, size_t *len)
{
	if (demo_line(k, line, len))
		return true;
	demo_prompt();
	while (!k->ended) {
		demo_read_keyboard(k);
		if (demo_line(k, line, len))
			return true;
	}
	if (somebody_types())
		(void)fputc('\n', stderr);	/* Ctrl-D leaves the cursor behind the prompt */
	return false;
}

/* ---- both at the same time --------------------------------------------------------------- */

struct talk {
	int fd;
	struct demo_keyboard *keyboard;
	struct demo_screen *screen;
	const char *unsent;		/* of the line typed last */
	size_t n_unsent;
	bool we_ended, they_ended;
};

static int lost(const char *call)
{
	int error = errno;

	demo_say("%s: %s", call, strerror(error));
	return demo_status(error);
}

/* What has come; or the end. */
static int hear(struct talk *t)
{
	char buf[DEMO_STEP];
	ssize_t n = demo_receive(t->fd, buf, sizeof(buf));

	if (n < 0)
		return lost("recv");
	if (n > 0) {
		demo_show(t->screen, buf, (size_t)n);
		return EXIT_DONE;
	}
	demo_show_end(t->screen);
	demo_say("the other side has ended");
	t->they_ended = true;
	return EXIT_DONE;
}

/*
 * As much as the socket takes now.  If we waited until it takes the rest, and the other side
 * did the same, nobody would read, and both would wait for ever.
 */
static int speak(struct talk *t)
{
	ssize_t n = send(t->fd, t->unsent, t->n_unsent, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? EXIT_DONE : lost("send");
	t->unsent += n;
	t->n_unsent -= (size_t)n;
	return EXIT_DONE;
}

/* A line that is there, but for empty ones: TCP cannot send nothing.  At the end, say so. */
static int next_line(struct talk *t)
{
	while (t->n_unsent == 0 && demo_line(t->keyboard, &t->unsent, &t->n_unsent))
		;
	if (t->n_unsent > 0 || !t->keyboard->ended || t->we_ended)
		return EXIT_DONE;
	t->we_ended = true;
	return shutdown(t->fd, SHUT_WR) < 0 ? lost("shutdown") : EXIT_DONE;
}

/* Wait until there is something to do, and do it.  *idle: there was nothing. */
static int one_round(struct talk *t, bool *idle)
{
	bool full = t->n_unsent > 0;
	struct pollfd p[] = {
		{ .fd = full || t->we_ended ? -1 : STDIN_FILENO, .events = POLLIN },
		{ .fd = t->they_ended && !full ? -1 : t->fd,
		  .events = (short)((t->they_ended ? 0 : POLLIN) | (full ? POLLOUT : 0)) },
	};
	int status = EXIT_DONE;
	/* After the end only what was typed before it is still sent. */
	int n = poll(p, 2, t->they_ended && !full ? 0 : -1);

	if (n < 0)
		return errno == EINTR ? EXIT_DONE : lost("poll");
	*idle = n == 0;
	if (p[1].revents && !t->they_ended && (p[1].revents & ~POLLOUT))
		status = hear(t);
	if (status == EXIT_DONE && p[1].revents && full)
		status = speak(t);
	if (status == EXIT_DONE && p[0].revents)
		demo_read_keyboard(t->keyboard);
	return status;
}

int demo_converse(int fd, struct demo_keyboard *k, struct demo_screen *s)
{
	struct talk t = { .fd = fd, .keyboard = k, .screen = s };
	bool idle = false;
	int status = EXIT_DONE;

	while (status == EXIT_DONE && !(t.they_ended && (idle || t.we_ended))) {
		status = next_line(&t);
		if (status == EXIT_DONE)
			status = one_round(&t, &idle);
	}
	demo_show_end(s);
	return status;
}
