/* What the socket demos share: messages, text and lines, through real sockets and pipes. */
#include "told.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo_world.h"
#include "wirelab/demo.h"

enum { MESSAGES = 200, LONGEST = 120, STREAM_MAX = MESSAGES * (LONGEST + (int)MSG_PREFIX) };

static void pair(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	with_patience(ends[1]);
}

/* ---- messages ------------------------------------------------------------------------------ */

/* 200 messages of chance's bytes and lengths, and the stream that they make. */
struct stream {
	uint8_t bytes[STREAM_MAX];
	size_t len, begins[MESSAGES + 1];
};

static struct stream *make_stream(enum msg_order order)
{
	struct stream *s = zeroed(sizeof(*s));
	struct chance c = { 1 };

	for (unsigned i = 0; i < MESSAGES; i++) {
		uint32_t len = (uint32_t)chance_below(&c, LONGEST + 1);
		struct wr w = wr_over(s->bytes + s->len, sizeof(s->bytes) - s->len);

		s->begins[i] = s->len;
		assert_true(msg_prefix_build(&w, order, len));
		chance_fill(&c, wr_room(&w, len), len);
		s->len += w.len;
	}
	s->begins[MESSAGES] = s->len;
	return s;
}

static void assert_is_message(int fd, struct msg *m, const struct stream *s, unsigned i)
{
	uint8_t *bytes;
	uint32_t len;

	assert_int_equal(demo_receive_message(fd, m, &bytes, &len), DEMO_MESSAGE);
	assert_int_equal(len, s->begins[i + 1] - s->begins[i] - MSG_PREFIX);
	assert_memory_equal(bytes, s->bytes + s->begins[i] + MSG_PREFIX, len);
	assert_int_equal(bytes[len], '\0');
	free(bytes);
}

/* Somebody who sends each message in two pieces, the second only when the first was read. */
struct cutter {
	const struct stream *s;
	int fd;
};

static void await_reader(int fd)
{
	int queued;

	do {
		(void)sched_yield();
		assert_int_equal(ioctl(fd, TIOCOUTQ, &queued), 0);
	} while (queued > 0);
}

static void *send_cut(void *arg)
{
	struct cutter *c = arg;

	for (unsigned i = 0; i < MESSAGES; i++) {
		const uint8_t *at = c->s->bytes + c->s->begins[i];
		size_t len = c->s->begins[i + 1] - c->s->begins[i];
		for (size_t cut = 0; cut < len; cut++) {
			(void)demo_send_all(c->fd, at, cut);
			await_reader(c->fd);
			(void)demo_send_all(c->fd, at + cut, len - cut);
		}
	}
	(void)shutdown(c->fd, SHUT_WR);
	return NULL;
}

static void two_hundred_messages_cut_at_every_byte_come_through_a_socket(void **state)
{
	enum msg_order order[] = { MSG_NETWORK, MSG_NATIVE };

	(void)state;
	for (unsigned o = 0; o < LENGTH(order); o++) {
		struct stream *s = make_stream(order[o]);
		int ends[2];
		pthread_t thread;
		struct msg m;
		uint8_t *bytes;
		uint32_t len;

		pair(ends);
		struct cutter c = { s, ends[0] };
		assert_int_equal(pthread_create(&thread, NULL, send_cut, &c), 0);
		msg_init(&m, order[o], MSG_LIMIT);
		for (unsigned i = 0; i < MESSAGES; i++)
			for (size_t cut = s->begins[i]; cut < s->begins[i + 1]; cut++)
				assert_is_message(ends[1], &m, s, i);
		assert_int_equal(demo_receive_message(ends[1], &m, &bytes, &len), DEMO_ENDED);
		assert_int_equal(pthread_join(thread, NULL), 0);
		close(ends[0]);
		close(ends[1]);
		free(s);
	}
}

static void one_to_sixty_four_messages_that_arrive_at_once_are_told_apart(void **state)
{
	struct stream *s = make_stream(MSG_NETWORK);
	int ends[2];

	(void)state;
	pair(ends);
	for (unsigned glued = 1; glued <= 64; glued++) {
		struct msg m;

		msg_init(&m, MSG_NETWORK, MSG_LIMIT);
		assert_int_equal(demo_send_all(ends[0], s->bytes, s->begins[glued]), 0);
		for (unsigned i = 0; i < glued; i++)
			assert_is_message(ends[1], &m, s, i);
	}
	close(ends[0]);
	close(ends[1]);
	free(s);
}

static void what_follows_a_message_is_left_in_the_socket(void **state)
{
	int ends[2];
	struct msg m;
	uint8_t *bytes;
	uint32_t len;
	char rest[16];

	(void)state;
	pair(ends);
	msg_init(&m, MSG_NATIVE, MSG_LIMIT);
	assert_int_equal(demo_send_message(ends[0], MSG_NATIVE, "header", 6), 0);
	assert_int_equal(demo_send_all(ends[0], "raw bytes", 9), 0);
	assert_int_equal(demo_receive_message(ends[1], &m, &bytes, &len), DEMO_MESSAGE);
	assert_string_equal((char *)bytes, "header");
	assert_int_equal(demo_receive_all(ends[1], rest, 9), 9);
	assert_memory_equal(rest, "raw bytes", 9);
	free(bytes);
	close(ends[0]);
	close(ends[1]);
}

static void a_stream_that_ends_within_a_message_says_what_is_missing(void **state)
{
	static const struct { const char *bytes; size_t len; enum demo_got got; const char *words; } end[] = {
		{ "", 0, DEMO_ENDED, "the other side has ended" },
		{ "\0\0\0", 3, DEMO_CUT,
		  "the other side ended within a message: 1 bytes of its length are missing" },
		{ "\0\0\0\5hell", 8, DEMO_CUT,
		  "the other side ended within a message: 1 bytes of its text are missing" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(end); i++) {
		int ends[2];
		struct msg m;
		uint8_t *bytes;
		uint32_t len;
		char words[128];

		pair(ends);
		msg_init(&m, MSG_NETWORK, MSG_LIMIT);
		assert_int_equal(demo_send_all(ends[0], end[i].bytes, end[i].len), 0);
		close(ends[0]);
		enum demo_got got = demo_receive_message(ends[1], &m, &bytes, &len);
		assert_int_equal(got, end[i].got);
		assert_string_equal(demo_got_words(got, &m, words), end[i].words);
		close(ends[1]);
	}
}

static uint64_t kib_of_data(void)
{
	const struct program self = { .pid = getpid() };

	return program_status(&self, "VmData");
}

/* In a process that may have 64 KiB more than it has. */
static int receive_in_little_memory(int fd, enum msg_order order)
{
	struct msg m;
	uint8_t *bytes;
	uint32_t len;

	/* Where a block has come from, others may: so that the limit counts what is large. */
	free(malloc(2 * DEMO_STEP));
	if (!SANITIZED) {
		struct rlimit l = { .rlim_max = RLIM_INFINITY };
		l.rlim_cur = (kib_of_data() + 64) * 1024;
		if (setrlimit(RLIMIT_DATA, &l) < 0)
			return 99;
	}
	msg_init(&m, order, MSG_LIMIT);
	return (int)demo_receive_message(fd, &m, &bytes, &len);
}

static void a_length_is_not_believed_before_the_bytes_are_there(void **state)
{
	static const struct { const char *what; uint8_t prefix[4]; enum msg_order order; enum demo_got got; } say[] = {
		{ "0", { 0, 0, 0, 0 }, MSG_NETWORK, DEMO_MESSAGE },
		{ "1, of which none comes", { 0, 0, 0, 1 }, MSG_NETWORK, DEMO_CUT },
		{ "the limit, of which none comes", { 0, 0x10, 0, 0 }, MSG_NETWORK, DEMO_CUT },
		{ "the limit + 1", { 0, 0x10, 0, 1 }, MSG_NETWORK, DEMO_REFUSED },
		{ "2^31 - 1", { 0x7f, 0xff, 0xff, 0xff }, MSG_NETWORK, DEMO_REFUSED },
		{ "2^31", { 0x80, 0, 0, 0 }, MSG_NETWORK, DEMO_REFUSED },
		{ "2^32 - 1", { 0xff, 0xff, 0xff, 0xff }, MSG_NETWORK, DEMO_REFUSED },
		{ "the limit, native", { 0, 0, 0x10, 0 }, MSG_NATIVE, DEMO_CUT },
		{ "the limit + 1, native", { 1, 0, 0x10, 0 }, MSG_NATIVE, DEMO_REFUSED },
		{ "2^31 - 1, native", { 0xff, 0xff, 0xff, 0x7f }, MSG_NATIVE, DEMO_REFUSED },
		{ "-2^31, native", { 0, 0, 0, 0x80 }, MSG_NATIVE, DEMO_REFUSED },
		{ "-1, native", { 0xff, 0xff, 0xff, 0xff }, MSG_NATIVE, DEMO_REFUSED },
	};

	(void)state;
	fflush(stdout);
	for (size_t i = 0; i < LENGTH(say); i++) {
		int ends[2], status;

		pair(ends);
		assert_int_equal(demo_send_all(ends[0], say[i].prefix, MSG_PREFIX), 0);
		/* A refusal must come without the end of the stream being waited for. */
		if (say[i].got != DEMO_REFUSED)
			assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(receive_in_little_memory(ends[1], say[i].order));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != (int)say[i].got)
			fail_msg("%s: status %x", say[i].what, (unsigned)status);
		close(ends[0]);
		close(ends[1]);
	}
}

static void a_message_over_four_gigabytes_cannot_be_said(void **state)
{
	(void)state;
	errno = 0;
	assert_int_equal(demo_send_message(-1, MSG_NATIVE, "", (size_t)INT32_MAX + 1), -1);
	assert_int_equal(errno, EMSGSIZE);
	errno = 0;
	assert_int_equal(demo_send_message(-1, MSG_NETWORK, "", (size_t)UINT32_MAX + 1), -1);
	assert_int_equal(errno, EMSGSIZE);
}

/* ---- all of it ------------------------------------------------------------------------------- */

struct reader {
	int fd;
	size_t total;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;
	uint8_t buf[1000];
	ssize_t n;

	while ((n = demo_receive(r->fd, buf, sizeof(buf))) > 0)
		r->total += (size_t)n;
	return NULL;
}

static void hear_signal(int signo)
{
	(void)signo;
}

/* A signal every 200 us, which no call is begun again after. */
static void alarms(bool on)
{
	const struct sigaction hear = { .sa_handler = hear_signal };
	const struct itimerval often = { { 0, on ? 200 : 0 }, { 0, on ? 200 : 0 } };

	assert_int_equal(sigaction(SIGALRM, &hear, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
}

/* Interrupted, send() has sent a part, or nothing and says EINTR. */
static void a_large_send_goes_out_whole_though_signals_interrupt_it(void **state)
{
	const size_t len = (size_t)8 << 20;
	uint8_t *bytes = zeroed(len);
	int ends[2], small = 4096;
	pthread_t thread;
	sigset_t alarm_only, before;

	(void)state;
	pair(ends);
	struct reader r = { .fd = ends[1] };
	assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	/* The reader inherits what is blocked: the signals are all for us. */
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &alarm_only, &before), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_all, &r), 0);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	alarms(true);
	int rc = demo_send_all(ends[0], bytes, len);
	alarms(false);
	assert_int_equal(rc, 0);
	close(ends[0]);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(r.total, len);
	close(ends[1]);
	free(bytes);
}

static void *send_late(void *arg)
{
	struct reader *r = arg;

	usleep(20000);
	(void)demo_send_all(r->fd, "late", 4);
	return NULL;
}

static void a_receive_that_is_interrupted_goes_on_waiting(void **state)
{
	int ends[2];
	char buf[8];
	pthread_t thread;
	sigset_t alarm_only, before;

	(void)state;
	pair(ends);
	struct reader r = { .fd = ends[0] };
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &alarm_only, &before), 0);
	assert_int_equal(pthread_create(&thread, NULL, send_late, &r), 0);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	alarms(true);
	unsigned what = demo_wait(NULL, ends[1], -1);
	ssize_t n = demo_receive_all(ends[1], buf, 4);
	alarms(false);
	assert_int_equal(what, DEMO_ARRIVED);
	assert_int_equal(n, 4);
	assert_int_equal(pthread_join(thread, NULL), 0);
	close(ends[0]);
	close(ends[1]);
}

static void exactly_so_many_bytes_are_received_unless_the_stream_ends(void **state)
{
	int ends[2];
	char buf[8];

	(void)state;
	pair(ends);
	assert_int_equal(demo_send_all(ends[0], "abcdefgh", 8), 0);
	assert_int_equal(demo_receive_all(ends[1], buf, 5), 5);
	close(ends[0]);
	assert_int_equal(demo_receive_all(ends[1], buf, 5), 3);
	assert_int_equal(demo_receive_all(ends[1], buf, 5), 0);
	close(ends[1]);
	assert_int_equal(demo_receive_all(ends[1], buf, 5), -1);
	assert_int_equal(errno, EBADF);
}

/* ---- the screen ------------------------------------------------------------------------------- */

/* What demo_show() prints, through a file in standard output's place. */
struct screen {
	int fd, stdout_fd;
	char text[1 << 16];
};

static void watch_begins(struct screen *s)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	fflush(stdout);
	s->fd = dup(fileno(f));
	s->stdout_fd = dup(STDOUT_FILENO);
	fclose(f);
	assert_true(s->fd >= 0 && s->stdout_fd >= 0);
	assert_int_equal(dup2(s->fd, STDOUT_FILENO), STDOUT_FILENO);
}

static const char *watch_ends(struct screen *s)
{
	fflush(stdout);
	assert_int_equal(dup2(s->stdout_fd, STDOUT_FILENO), STDOUT_FILENO);
	ssize_t n = pread(s->fd, s->text, sizeof(s->text) - 1, 0);
	assert_true(n >= 0);
	s->text[n] = '\0';
	close(s->fd);
	close(s->stdout_fd);
	return s->text;
}

static void remove_line_ends(char *s)
{
	char *to = s;

	for (; *s; s++)
		if (*s != '\n')
			*to++ = *s;
	*to = '\0';
}

/* Characters of one to four bytes, and bytes that are none, some of which look like beginnings. */
#define MIXED "春a眠é🌸\xe6\x98z\xf0\x9f\x8c\xff晓"
#define MIXED_SHOWN "春a眠é🌸\\xe6\\x98z\\xf0\\x9f\\x8c\\xff晓"

static void text_is_shown_the_same_however_it_was_cut(void **state)
{
	const size_t len = sizeof(MIXED) - 1;

	(void)state;
	for (size_t i = 0; i <= len; i++)
		for (size_t j = i; j <= len; j++) {
			struct demo_screen screen = { .who = NULL };
			struct screen s;
			uint8_t *a = exactly(MIXED, i), *b = exactly(&MIXED[i], j - i),
				*c = exactly(&MIXED[j], len - j);

			watch_begins(&s);
			demo_show(&screen, a, i);
			demo_show(&screen, b, j - i);
			demo_show(&screen, c, len - j);
			demo_show_end(&screen);
			watch_ends(&s);
			free(a);
			free(b);
			free(c);
			remove_line_ends(s.text);
			assert_string_equal(s.text, MIXED_SHOWN);
		}
}

static void a_beginning_that_never_becomes_a_character_does_not_hold_up_the_next(void **state)
{
	/* Four first bytes, one behind the other, each in a piece of its own; then a whole one. */
	static const char *const piece[] = { "\xe4", "\xe5", "\xf0", "\x9f", "\xe4", "\xbd", "\xa0" };
	struct demo_screen screen = { .who = NULL };
	struct screen s;

	(void)state;
	watch_begins(&s);
	for (size_t i = 0; i < LENGTH(piece); i++)
		demo_show(&screen, piece[i], 1);
	watch_ends(&s);
	assert_string_equal(s.text, "\\xe4\n\\xe5\n\\xf0\\x9f\n你\n");
	assert_int_equal(screen.n_held, 0);
}

static void what_a_terminal_would_obey_is_shown_instead(void **state)
{
	static const char text[] = "red \x1b[31m, bell \a, back \b, C1 \xc2\x9b, turned \xe2\x80\xae, NUL ";
	struct demo_screen screen = { .who = NULL };
	struct screen s;

	(void)state;
	watch_begins(&s);
	demo_show(&screen, text, sizeof(text));	/* with its NUL */
	demo_show(&screen, "a\tb\r\nc\rd", 8);
	watch_ends(&s);
	assert_string_equal(s.text, "red \\x1b[31m, bell \\x07, back \\x08, C1 \\xc2\\x9b, "
			    "turned \\xe2\\x80\\xae, NUL \\x00\na\tb\nc\\x0dd\n");
}

static void each_line_says_who_it_is_from(void **state)
{
	struct demo_screen screen = { .who = "bob:" };
	struct screen s;

	(void)state;
	watch_begins(&s);
	demo_show(&screen, "one\ntwo\n\nthree", 14);
	demo_show(&screen, "你"  "\xe5", 4);
	demo_show(&screen, "\xa5\xbd", 2);
	watch_ends(&s);
	assert_string_equal(s.text, "bob: one\nbob: two\nbob: \nbob: three\nbob: 你\nbob: 好\n");
}

static void a_whole_text_is_one_line_even_if_it_ends_within_a_character(void **state)
{
	const struct demo_screen screen = { .who = "bob" };
	struct screen s;

	(void)state;
	watch_begins(&s);
	demo_show_whole(&screen, "你\xe5\xa5", 5);
	demo_show_whole(&screen, "", 0);
	demo_show_whole(&screen, "好", 3);
	watch_ends(&s);
	assert_string_equal(s.text, "bob 你\\xe5\\xa5\nbob 好\n");
}

static void a_text_longer_than_every_buffer_stays_one_line(void **state)
{
	enum { CHARACTERS = 5000 };
	static char text[3 * CHARACTERS + 1];
	struct demo_screen screen = { .who = NULL };
	struct screen s;

	(void)state;
	for (size_t i = 0; i < CHARACTERS; i++)
		memcpy(text + 3 * i, "你", 3);
	watch_begins(&s);
	demo_show(&screen, text, 3 * CHARACTERS);
	watch_ends(&s);
	text[3 * CHARACTERS] = '\n';
	assert_int_equal(strlen(s.text), sizeof(text));
	assert_memory_equal(s.text, text, sizeof(text));
}

/* ---- the keyboard ------------------------------------------------------------------------------- */

static struct demo_keyboard keyboard;

/* What the pipe at descriptor 0 has, as lines with a bar behind each. */
static void lines_of(char out[static 256])
{
	const char *line;
	size_t len;

	out[0] = '\0';
	while (demo_line(&keyboard, &line, &len)) {
		strncat(out, line, len);
		strcat(out, "|");
	}
}

static void lines_come_one_by_one_and_half_a_line_is_none(void **state)
{
	int ends[2], stdin_fd = dup(STDIN_FILENO);
	char lines[256];

	(void)state;
	memset(&keyboard, 0, sizeof(keyboard));
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(write(ends[1], "one\n\ntwo\nthr", 12), 12);
	demo_read_keyboard(&keyboard);
	lines_of(lines);
	assert_string_equal(lines, "one||two|");
	assert_int_equal(write(ends[1], "ee\nrest", 7), 7);
	close(ends[1]);
	demo_read_keyboard(&keyboard);
	lines_of(lines);
	assert_string_equal(lines, "three|");
	assert_false(keyboard.ended);
	demo_read_keyboard(&keyboard);
	assert_true(keyboard.ended);
	lines_of(lines);
	assert_string_equal(lines, "rest|");
	close(ends[0]);
	if (stdin_fd >= 0) {
		dup2(stdin_fd, STDIN_FILENO);
		close(stdin_fd);
	}
}

static void a_line_longer_than_the_buffer_comes_in_parts(void **state)
{
	const char *line;
	size_t len;

	(void)state;
	memset(&keyboard, 0, sizeof(keyboard));
	memset(keyboard.buf, 'x', sizeof(keyboard.buf));
	keyboard.used = sizeof(keyboard.buf);
	assert_true(demo_line(&keyboard, &line, &len));
	assert_int_equal(len, DEMO_LINE_MAX);
	assert_false(demo_line(&keyboard, &line, &len));
}

/* ---- a conversation ----------------------------------------------------------------------------- */

#define MUCH ((size_t)256 << 10)
#define LONG_LINE (16 << 10)		/* bytes: more than the socket holds */

/* A process that talks over that socket, with a keyboard that has typed much already. */
static pid_t talker(int ends[2], unsigned which, FILE *typed, FILE *shown)
{
	struct demo_screen screen = { .who = NULL };

	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	(void)signal(SIGALRM, SIG_DFL);
	alarm((unsigned)(PATIENCE_NS / SEC_NS));
	close(ends[!which]);
	dup2(fileno(typed), STDIN_FILENO);
	dup2(fileno(shown), STDOUT_FILENO);
	lseek(STDIN_FILENO, 0, SEEK_SET);
	memset(&keyboard, 0, sizeof(keyboard));
	_exit(demo_converse(ends[which], &keyboard, &screen));
}

static void two_who_both_say_more_than_the_socket_holds_do_not_wait_for_each_other(void **state)
{
	int ends[2], small = 4096, status;
	FILE *typed[2], *shown[2];
	pid_t pid[2];

	(void)state;
	pair(ends);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
		/* Two files: a seek of one reader would be the other's, too. */
		assert_non_null(typed[i] = tmpfile());
		assert_non_null(shown[i] = tmpfile());
		for (size_t n = 0; n < MUCH; n += LONG_LINE)
			fprintf(typed[i], "%0*d\n", LONG_LINE - 1, 0);
	}
	for (unsigned i = 0; i < 2; i++)
		pid[i] = talker(ends, i, typed[i], shown[i]);
	close(ends[0]);
	close(ends[1]);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
		size_t zeros = 0;
		rewind(shown[i]);
		for (int c; (c = getc(shown[i])) != EOF;)
			zeros += c == '0';
		assert_int_equal(zeros, MUCH / LONG_LINE * (LONG_LINE - 1));
		fclose(typed[i]);
		fclose(shown[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_hundred_messages_cut_at_every_byte_come_through_a_socket),
		cmocka_unit_test(one_to_sixty_four_messages_that_arrive_at_once_are_told_apart),
		cmocka_unit_test(what_follows_a_message_is_left_in_the_socket),
		cmocka_unit_test(a_stream_that_ends_within_a_message_says_what_is_missing),
		cmocka_unit_test(a_length_is_not_believed_before_the_bytes_are_there),
		cmocka_unit_test(a_message_over_four_gigabytes_cannot_be_said),
		cmocka_unit_test(a_large_send_goes_out_whole_though_signals_interrupt_it),
		cmocka_unit_test(a_receive_that_is_interrupted_goes_on_waiting),
		cmocka_unit_test(exactly_so_many_bytes_are_received_unless_the_stream_ends),
		cmocka_unit_test(text_is_shown_the_same_however_it_was_cut),
		cmocka_unit_test(a_beginning_that_never_becomes_a_character_does_not_hold_up_the_next),
		cmocka_unit_test(what_a_terminal_would_obey_is_shown_instead),
		cmocka_unit_test(each_line_says_who_it_is_from),
		cmocka_unit_test(a_whole_text_is_one_line_even_if_it_ends_within_a_character),
		cmocka_unit_test(a_text_longer_than_every_buffer_stays_one_line),
		cmocka_unit_test(lines_come_one_by_one_and_half_a_line_is_none),
		cmocka_unit_test(a_line_longer_than_the_buffer_comes_in_parts),
		cmocka_unit_test(two_who_both_say_more_than_the_socket_holds_do_not_wait_for_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
