/*
 * stage.h - where an experiment is played: hosts, their system calls, and a wire that waits
 *
 *	int listener = host_listen(st, bob, port);
 *	int client = host_socket(st, alice, SOCK_STREAM);
 *	host_connect(st, client, bob, port);		the SYN is in the wire
 *	stage_run(st);					frames move until nobody has anything to send
 *	int server = host_accept(st, listener);
 *
 * An experiment reads like a program in which client and server stand on one page.  Each call
 * goes to a real kernel and never waits; what it makes the kernel send is in the wire when
 * it returns, and stays there until the stage runs.  Time is virtual (wire_clock.h): a call
 * takes none, a frame takes what the wire says, and a kernel's timer is waited for in real
 * time (stage_await, stage_wait).  So the same experiment gives the same frames, every time.
 *
 * A call that the kernel refuses, and a wait that is in vain, end the experiment there and then:
 * stage_play() returns -1, with what happened in stage_error().
 */
#ifndef WIRELAB_STAGE_H
#define WIRELAB_STAGE_H

#include <sys/socket.h>

#include "wirelab/capture.h"
#include "wirelab/network.h"

#define STAGE_UNIX_NS UINT64_C(1735689600000000000)	/* 2025-01-01 00:00 UTC: when every play begins */

struct stage;

struct stage_config {
	struct network_config network;	/* plan included */
	void (*heard)(void *arg, const struct capture *c, const struct seen *s);	/* NULL: */
	void *heard_arg;		/* nobody watches; else each frame of the first vantage, when
					   it is captured */
};

/* In a private namespace (netspace_enter_private).  NULL with a filled err[]. */
struct stage *stage_begin(const struct stage_config *config, char err[static 256]);
void stage_end(struct stage *st);

/* Plays the experiment to its end.  0, or -1: it was broken off. */
int stage_play(struct stage *st, void (*experiment)(struct stage *st, void *arg), void *arg);
const char *stage_error(const struct stage *st);

/*
 * A kernel's timer ran out while the experiment did not wait for one: the machine was too busy for
 * this process to be in time, and what was captured may be right, but not what it would be
 * another time.
 */
bool stage_disturbed(const struct stage *st);

/* What it is doing now, for whoever asks from a signal handler: "alice: connect(10.0.0.2:7001)". */
const char *stage_now(const struct stage *st);

/*
 * Captures: one for each host that was asked for (stage_capture) before the first frame.
 * Borrowed; whole when the experiment has been played.
 */
struct capture *stage_capture(struct stage *st, struct host *h);

/* ---- for experiments ---------------------------------------------------------------------- */

/* ALICE, BOB, CAROL, ROUTER.  One that is not there ends the experiment. */
struct host *stage_host(struct stage *st, unsigned host);
const struct plan *stage_plan(const struct stage *st);

/* The wire's rules are the experiment's to make (wire.h); wire 1 is the router's other side. */
struct wire *stage_wire(struct stage *st, unsigned wire);

/* WIRE_PORT() of where this host is plugged in: "frames that bob sends". */
unsigned from_host(const struct host *h);

struct instant stage_time(const struct stage *st);

/* Frames move until nobody has anything left to send. */
void stage_run(struct stage *st);

/* The same until the nominal time is over, kernels' timers included. */
void stage_wait(struct stage *st, uint64_t nominal_ns);

/*
 * The same until a frame of one of these kinds (WIRE_SYN ...) has been sent by this host (NULL: any),
 * for which its kernel's timer has to run out; then on until nobody has anything left to send.  In
 * vain after limit_ns of real time.
 */
void stage_await(struct stage *st, const struct host *h, unsigned kinds, uint64_t limit_ns);

/* What the experiment says when its own expectations are not met. */
_Noreturn void stage_fail(struct stage *st, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- system calls of hosts ---------------------------------------------------------------- */

/* All descriptors are closed with the stage, if not before. */
int host_socket(struct stage *st, struct host *h, int type);	/* SOCK_STREAM, SOCK_DGRAM: IPv4 */
void host_option(struct stage *st, int fd, int level, int name, int value);
void host_bind(struct stage *st, int fd, uint16_t port);	/* the host's first address */
int host_listen(struct stage *st, struct host *h, uint16_t port);	/* socket, bind, listen */

/*
 * Never waits.  The initial sequence number of a TCP socket, and the port of one that is not
 * bound, are the plan's next.
 */
void host_connect(struct stage *st, int fd, const struct host *to, uint16_t port);
int host_accept(struct stage *st, int listener);

/* All of it is taken by the kernel at once, or the experiment ends. */
void host_send(struct stage *st, int fd, const void *data, size_t len);
void host_send_fill(struct stage *st, int fd, size_t len);	/* len bytes of something */
void host_send_to(struct stage *st, int fd, const struct host *to, uint16_t port,
		  const void *data, size_t len);

/* Bytes, 0 at the end of the stream, -1 when there is nothing now or errno says more. */
ssize_t host_receive(struct stage *st, int fd, void *buf, size_t size);
size_t host_receive_all(struct stage *st, int fd);	/* read until nothing is there; how much */

void host_shutdown(struct stage *st, int fd);		/* SHUT_WR: no more is sent */
void host_close(struct stage *st, int fd);
void host_abort(struct stage *st, int fd);		/* close with SO_LINGER 0: a RST */

int host_error(struct stage *st, int fd);		/* SO_ERROR */
void host_sysctl(struct stage *st, struct host *h, const char *key, const char *value);
void host_mtu(struct stage *st, struct host *h, unsigned mtu);	/* no more than it began with */

/*
 * Its next connections acknowledge as kernels do that are left alone: perhaps 40 ms later, in the
 * hope of something to send with it (RFC 9293 3.8.6.3); or again at once.  What an ACK is
 * to be merged into must be called for right after the stage has run, for those 40 ms are
 * real time.
 */
void host_delay_acks(struct stage *st, struct host *h, bool delay);

/* socket and connect, the handshake, and accept. */
struct connection { int client, server; };
struct connection stage_connect(struct stage *st, struct host *from, struct host *to,
				uint16_t port);

#endif
