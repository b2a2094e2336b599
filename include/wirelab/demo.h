/*
 * demo.h - what the socket demos share, so that each of them shows its own idea only
 *
 *	int main(int argc, char **argv)
 *	{
 *		demo_begin(argc, argv, &program, &place);	options; SIGPIPE ignored
 *		int fd = demo_connect(&place, SOCK_STREAM);	getaddrinfo, socket, connect
 *		demo_send_all(fd, "hello", 5);			send, until all of it is sent
 *		n = demo_receive(fd, buf, sizeof(buf));		recv, as much as there is
 *		demo_show(&screen, buf, n);			whole characters, made harmless
 *		return demo_end(EXIT_DONE);			is standard output well?
 *	}
 *
 * A function that says "or ends the program" does so with one line on standard error that
 * names the system call ("tcp_client: connect to 127.0.0.1:8000: Connection refused") and with
 * the exit status that is meant for it.  The others leave that to the caller: -1 and errno.
 * All of them go on when a signal interrupts them (EINTR).
 */
#ifndef WIRELAB_DEMO_H
#define WIRELAB_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "wirelab/msg.h"

/* The same for every tool of wirelab. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_NO_ANSWER = 1,		/* the other side is not there, or went in the middle */
	EXIT_USAGE = 2,
	EXIT_DAMAGED = 3,		/* it said what it may not say */
	EXIT_OUTPUT_LOST = 5,
	EXIT_LINK_GONE = 6,		/* no such address or network here, or not any more */
	EXIT_NOT_PERMITTED = 7,
};

/* ---- beginning and end ------------------------------------------------------------ */

/* Where to connect, or to be found: a name or an address, and a service or a number. */
struct demo_place {
	const char *host, *port;
};

/* An option, and where what is said goes: exactly one of flag, text and number. */
struct demo_option {
	const char *name;		/* "framed": --framed */
	const char *value;		/* what --help calls its value, "N"; NULL: it has none */
	const char *what;		/* for --help, up to 55 columns */
	bool *flag;
	const char **text;
	uint64_t *number;
	uint64_t least, most;		/* that number may be */
};

struct demo_program {
	const char *name;
	const char *arguments;		/* for --help; NULL: "[HOST [PORT]]" */
	const char *what;		/* one or more lines */
	const char *examples;		/* one or more lines, each of a command and what it does */
	const struct demo_option *option;	/* ended by one without a name; or NULL */
};

/*
 * Read the command line, and see to what every program with sockets needs: descriptors 0 to 2
 * are open (or the first socket would be standard output), and a peer who has gone is an
 * error of send(2), not a signal that ends the program.
 *
 * HOST and PORT go to *place, which keeps what it holds where they are not given.  What else
 * is not an option is returned, ended by NULL, if the program has `arguments` of its own (place
 * may then be NULL); without, it is a usage error.  --help and errors end the program.
 */
char **demo_begin(int argc, char **argv, const struct demo_program *program,
		  struct demo_place *place);

/* For main() to return: status, or EXIT_OUTPUT_LOST (said) when standard output lost a byte. */
int demo_end(int status);

/* One line on standard error, behind the program's name; any bytes may be in it. */
void demo_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, then the end of the program. */
_Noreturn void demo_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "NAME: call: Connection reset by peer", by errno; ends the program. */
_Noreturn void demo_die(const char *call);

/* The exit status for a system call that failed with that errno. */
int demo_status(int error);

/* ---- where ------------------------------------------------------------------------ */

#define DEMO_ADDRESS_STRLEN 80u		/* "[fe80::1%eth0]:8000", with its NUL */

/* "127.0.0.1:8000", "[::1]:8000". */
const char *demo_address(const struct sockaddr_storage *address, char buf[static DEMO_ADDRESS_STRLEN]);

/* The other end of a connected socket, or "?". */
const char *demo_peer(int fd, char buf[static DEMO_ADDRESS_STRLEN]);

/*
 * A socket of type SOCK_STREAM or SOCK_DGRAM, connected to the first of the place's addresses,
 * IPv4 or IPv6, that lets us; or ends the program.  (Connecting a SOCK_DGRAM sends nothing: it
 * fixes where send() goes, and from whom recv() takes.)
 */
int demo_connect(const struct demo_place *place, int type);

/*
 * A socket that is found at the place, SOCK_STREAM listening already; or ends the program.
 * Port "0" is one that is free; "::" takes IPv4, too.  Says where it is on standard error:
 * "NAME: listening on 127.0.0.1:8000", or "waiting at" for SOCK_DGRAM.
 */
int demo_listen(const struct demo_place *place, int type);

/*
 * The place's first address that a SOCK_DGRAM socket can be had for, and that socket, neither
 * connected nor bound; or ends the program.
 */
int demo_datagram(const struct demo_place *place, struct sockaddr_storage *address, socklen_t *len);

/* The next who connects, or ends the program.  A guest who left before we opened is passed over. */
int demo_accept(int listener);

/*
 * For a server that is to outlive a full house: with accept4(2)'s flags the next who connects,
 * or -1 and errno, which is EAGAIN (nobody is at the door of a SOCK_NONBLOCK listener) or says
 * that this process or the system has no descriptor or memory left.  The guest stays at the
 * door then, and the listener ready: who asks again at once, asks for ever.
 */
int demo_try_accept(int listener, int flags);

/* ---- bytes ------------------------------------------------------------------------ */

/* All of them, or -1 and errno; some may have been sent then. */
int demo_send_all(int fd, const void *bytes, size_t len);

/* What there is, up to cap bytes, and at least one; 0: the other side has ended; -1 and errno. */
ssize_t demo_receive(int fd, void *buf, size_t cap);

/* len bytes; fewer when the other side ended before; -1 and errno. */
ssize_t demo_receive_all(int fd, void *buf, size_t len);

/* ---- messages: a length, then that many bytes (msg.h) --------------------------------- */

/* Prefix and message, or -1 and errno: EMSGSIZE when the order cannot say that length. */
int demo_send_message(int fd, enum msg_order order, const void *bytes, size_t len);

enum demo_got {
	DEMO_MESSAGE,
	DEMO_ENDED,		/* the other side has ended, between two messages */
	DEMO_CUT,		/* it has ended within one */
	DEMO_REFUSED,		/* the length is not acceptable: see m->refused */
	DEMO_ERROR,		/* of the system: errno */
};

/*
 * The next message, and not a byte beyond it: what follows can be read from fd by other means.
 * m is msg_init()'s, and keeps account from one message to the next.  With DEMO_MESSAGE
 * *bytes is a block of *len bytes (and a NUL behind them) for the caller to free().
 *
 * Memory is taken as bytes arrive, never for what is only announced: DEMO_STEP at a time at
 * first, later as much again as has arrived.
 */
#define DEMO_STEP 4096u
enum demo_got demo_receive_message(int fd, struct msg *m, uint8_t **bytes, uint32_t *len);

/* Why there is no message, in words, errno's included: "a message of 4294967295 bytes is
 * announced, more than 1048576". */
const char *demo_got_words(enum demo_got got, const struct msg *m, char buf[static 128]);

/* ---- the screen ------------------------------------------------------------------- */

#define DEMO_CHARACTER 4u		/* bytes of one character of UTF-8, at most */

/* All zero is the beginning of a text. */
struct demo_screen {
	const char *who;		/* in front of each line; NULL: nothing */
	uint8_t held[DEMO_CHARACTER];	/* a character that is not whole yet */
	size_t n_held;
};

/*
 * Bytes of a text to standard output, as they came, as a line of their own or several.  A
 * character whose end has not arrived is held back until it has.  Line ends and tabs are
 * obeyed, other control characters and what is not UTF-8 are shown as \xHH.
 * Ends the program (EXIT_OUTPUT_LOST) when standard output cannot be written.
 */
void demo_show(struct demo_screen *s, const void *bytes, size_t len);

/* A text of which nothing is still to come: a message, a datagram.  Nothing is held back. */
void demo_show_whole(const struct demo_screen *s, const void *bytes, size_t len);

/* The text is over: a character that never became whole is shown as it is. */
void demo_show_end(struct demo_screen *s);

/* "<<<" on a terminal, where what is typed stands beside what is shown; else NULL. */
const char *demo_mark(void);

/* ---- the keyboard ----------------------------------------------------------------- */

#define DEMO_LINE_MAX ((size_t)64 << 10)

/* All zero is the beginning.  Lines are kept here, not by stdio, so that poll(2) on descriptor 0
 * tells the truth once demo_line() has returned false. */
struct demo_keyboard {
	char buf[DEMO_LINE_MAX];
	size_t used, at;		/* bytes in buf; of which were handed out already */
	bool ended;
};

/* A line that is there already, without its end; up to DEMO_LINE_MAX bytes of a longer one.
 * Borrowed until the next call.  False: none is there. */
bool demo_line(struct demo_keyboard *k, const char **line, size_t *len);

/* Read what descriptor 0 has; waits if that is nothing.  Once it has ended, k->ended. */
void demo_read_keyboard(struct demo_keyboard *k);

/*
 * Wait until the keyboard or the socket has something to read; for timeout_ms at most (below 0:
 * for ever).  Some of DEMO_TYPED | DEMO_ARRIVED, or 0: the time is up.  A keyboard that has
 * ended has nothing, nor has one that is NULL.
 */
enum { DEMO_TYPED = 1, DEMO_ARRIVED = 2 };
unsigned demo_wait(const struct demo_keyboard *k, int fd, int timeout_ms);

/* The next line, waited for, with a prompt.  False: there are no more. */
bool demo_ask(struct demo_keyboard *k, const char **line, size_t *len);

/* ">>> " on standard error, where somebody sits at a terminal. */
void demo_prompt(void);

/*
 * Both talk whenever they like: lines typed go out, without their ends, and what comes in is
 * shown, until the other side ends.  When the keyboard ends (Ctrl-D) the other side is told so
 * (shutdown(2)), and what it still says is shown.  EXIT_DONE, or a status whose reason was said.
 */
int demo_converse(int fd, struct demo_keyboard *k, struct demo_screen *s);

#endif
