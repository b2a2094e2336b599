/*
 * tcp_world.h - two kernels, the test as the cable between them, and what each end looks like
 *
 *	connected(w);
 *	loses(w, CLIENT);			from here on, what the client sends is lost
 *	finishes(w, CLIENT);			shutdown(SHUT_WR)
 *	finds(w, &(struct views){
 *		.kernels = { "FIN-WAIT-1", "ESTABLISHED" },
 *		.at_client = { "FIN-WAIT-1", "CLOSE-WAIT" },
 *		.at_server = { "ESTABLISHED", "ESTABLISHED" } });
 *
 *	client's kernel                                     server's kernel
 *	 port 40000...   c0 ====== the test: passes, ====== s0     port 20000...
 *	                  |        holds or loses            |
 *	           client.pcapng                       server.pcapng
 *
 * Three views of one connection.  The kernels' own is read from /proc/net/tcp, where
 * orphaned sockets, requests not yet accepted and TIME-WAIT stand, too.  The others are
 * tcpq's, of two captures, each taken on one host's own interface as tcpdump would there:
 * a frame that is held or lost on its way is in its sender's capture and not (yet) in the
 * other.  So each capture can tell its own host's state exactly, and supposes the other's.
 *
 * Only TCP is held and lost; what else the kernels say to find each other always passes.
 */
#ifndef SUPPORT_TCP_WORLD_H
#define SUPPORT_TCP_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns.h"
#include "wirelab/tcp.h"

enum { CLIENT = SIDE_CLIENT, SERVER = SIDE_SERVER };

struct tcp_world;

/* ---- a test's beginning and end ------------------------------------------------------ */

/* cmocka's setup and teardown of all tests: the two hosts. */
int tcp_worlds_begin(void **state);
int tcp_worlds_end(void **state);

/* And of one test: a connection's ports, and captures with nothing in them. */
int tcp_world_begin4(void **state);
int tcp_world_begin6(void **state);
int tcp_world_end(void **state);

/* Skips, aloud, where there can be no such world. */
struct tcp_world *tcp_world_of(void **state);

/* ---- what the hosts do: each call fails the test when the kernel refuses ---------------- */

/* Without it, nobody listens.  deferred: TCP_DEFER_ACCEPT. */
void listens(struct tcp_world *w, bool deferred);
/* From here: connect() has been called, and nothing is waited for. */
void connects(struct tcp_world *w, unsigned side);
/* The same with data in the SYN (TCP Fast Open, RFC 7413), on hosts that want no cookies for it. */
void connects_with(struct tcp_world *w, unsigned side, const char *text);
/* The connection that the server's listener has got. */
void accepts(struct tcp_world *w);
/* All three. */
void connected(struct tcp_world *w);

void sends(struct tcp_world *w, unsigned side, const char *text);
/* Text that waits in the socket for what follows it. */
void sends_later(struct tcp_world *w, unsigned side, const char *text);
/* More than the other end can store while it does not read. */
void sends_too_much(struct tcp_world *w, unsigned side);
/* Waits until all of text was read. */
void reads(struct tcp_world *w, unsigned side, const char *text);

void finishes(struct tcp_world *w, unsigned side);	/* shutdown(SHUT_WR) */
void closes(struct tcp_world *w, unsigned side);
void aborts(struct tcp_world *w, unsigned side);	/* close() with SO_LINGER 0 */

/* ---- what the cable does with the segments that a host sends ------------------------------ */

void passes(struct tcp_world *w, unsigned from);	/* and delivers what was held, in order */
void holds(struct tcp_world *w, unsigned from);
void loses(struct tcp_world *w, unsigned from);

/* Wait until a segment with all of these flags is held; deliver what is held up to it. */
void hands_over(struct tcp_world *w, unsigned from, uint16_t flags);
/* Wait for it in the same way; lose what is held up to it. */
void drops(struct tcp_world *w, unsigned from, uint16_t flags);

/*
 * Deliver the last segment of `from` once more, with other flags, no data, and its sequence
 * number moved: somebody in between has made it, so it is in the receiver's capture alone.
 */
void forges(struct tcp_world *w, unsigned from, uint16_t flags, uint32_t seq_moved);

/* Whether that host has sent a segment with all of these flags and at least so much data. */
bool has_sent(const struct tcp_world *w, unsigned from, uint16_t flags, size_t payload);

/* Both captures start here; what passed before is in neither. */
void captures_begin(struct tcp_world *w);

/* ---- what is found ------------------------------------------------------------------------ */

/*
 * RFC 9293's names, as tcpq writes them.
 *
 * A kernel has no socket for a connection that is over, nor for one that its listener has not
 * heard of (the listener, in LISTEN, is another one): both are "CLOSED" here.  tcpq says
 * "CLOSED" where it has seen why, and "?" of a side that has not spoken.
 */
struct pair { const char *client, *server; };

#define NOT_SEEN { "-", "-" }	/* the capture has no segment of it at all */

struct views { struct pair kernels, at_client, at_server; };

/*
 * Wait until nothing is on its way (what the cable holds is not) and all three views are as
 * they should be; fail with all of them when that does not come.
 */
void finds(struct tcp_world *w, const struct views *v);

/* The ordinary case, nothing held or lost: all three agree about both ends. */
void agree(struct tcp_world *w, const char *client, const char *server);

#endif
