/*
 * arpq.h - what the parts of arpq share
 *
 *	arpq.c (one folder up)  options, and which part does the work
 *	session.c               beginning and end, and all that is said
 *	port.c                  the link that questions go out of
 *	memory.c                the cache, and the memory of who was asked when
 *	ask.c                   one address or several: the resolver on a real link
 *	sweep.c                 a whole network
 *	watch.c                 listening only
 *	claim.c                 --probe and --announce (RFC 5227)
 *	table.c                 --cache, --flush, --kernel
 */
#ifndef ARPQ_H
#define ARPQ_H

#include <limits.h>
#include <stdio.h>

#include "wirelab/arp_resolver.h"
#include "wirelab/arp_view.h"
#include "wirelab/ask_frame.h"
#include "wirelab/askfile.h"
#include "wirelab/cachefile.h"
#include "wirelab/capfile.h"
#include "wirelab/clock.h"
#include "wirelab/link_raw.h"
#include "wirelab/netlink.h"
#include "wirelab/vendor.h"

/* DESIGN 9: the same for every tool. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_NO_ANSWER = 1,
	EXIT_USAGE = 2,
	EXIT_DAMAGED = 3,
	EXIT_CONFLICT = 4,
	EXIT_OUTPUT_LOST = 5,
	EXIT_LINK_GONE = 6,
	EXIT_NOT_PERMITTED = 7,
};

enum job { JOB_ASK, JOB_CACHE, JOB_FLUSH, JOB_WATCH, JOB_PROBE, JOB_ANNOUNCE };

struct options {
	enum job job;
	const char *ifname;		/* -i; NULL: by the route */
	unsigned count;			/* -c: requests; 0: not given */
	uint64_t timeout_ns;		/* -t; 0: not given */
	uint64_t ttl_ns;		/* --ttl */
	uint64_t retry_ns;		/* --retry-interval */
	uint64_t listen_ns;		/* --listen; UINT64_MAX: not given */
	uint64_t rate;			/* --rate, requests a second; 0: max */
	bool fresh, kernel, json, quiet, trace, local, defend;
	enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } color;
	const char *capture;		/* -w */
	const char *cache;		/* --cache-file */
	uint16_t vlan;
	bool has_src_ip, has_src_mac;
	struct ip4 src_ip;
	struct mac src_mac;
	struct ip4_range *range;	/* what to ask; single addresses are ranges of one */
	size_t n_ranges;
	bool sweep;			/* a range, a prefix or a file was among them */
	struct ip4 address;		/* --probe, --announce, --flush */
	bool has_address;
};

/* Longer ones have no room for what lies beside the cache: .lock, .asked, .tmp. */
#define CACHE_PATH_MAX (PATH_MAX - 16u)

#define ARPQ_TRIES 3u			/* requests at 0, 1 and 2 s ... */
#define ARPQ_RETRY_NS SEC_NS		/* RFC 1122 2.3.2.1: no more than one a second */
#define ARPQ_TTL_NS (60 * SEC_NS)	/* RFC 1122 2.3.2.1 (1): on the order of a minute */
#define ARPQ_DEAD_NS (20 * SEC_NS)	/* how long a failure is remembered */
#define ARPQ_RATE 1000u			/* requests a second of a sweep */

#define ROUND_BATCHES 16u		/* read at most in one round: however many frames come,
					   what is due is done, and the clock is read again */

struct note {
	uint64_t count;
	struct ip4 ip;			/* whose, first seen; 0.0.0.0: the frame did not say */
};

struct arpq {
	const struct options *opt;
	struct netctl *net;
	struct vendors *vendors;
	struct askfile *asked;		/* NULL: no memory of requests across runs */
	struct instant now;		/* the clock, read once a round */
	struct instant started;
	char boot_id[BOOT_ID_LEN];
	FILE *capture_file;
	struct capw capture;
	size_t columns;			/* of the terminal; 0: standard output is none */
	struct note note[ARP_F_COUNT];
	struct cache_entry *learned;	/* to be saved */
	size_t n_learned, max_learned;
	uint64_t sent;			/* frames */
	int output_error;		/* errno of the first write to standard output that failed */
	bool conflict;			/* exit 4 */
	bool color;			/* a conflict is shown in red */
	bool cache_warned;
	char no_cache[256];		/* why there is no cache; "" when there is one */
	/* Last, as of these long ones little is used: each page that is touched costs time. */
	char cache_path[PATH_MAX];	/* "": there is no cache */
	char vendor_index[PATH_MAX];
};

/* One interface that questions go out of. */
struct port {
	struct netif iface;
	struct arp_self self;
	struct cache_place place;
	struct link *link;		/* NULL until port_open() */
	struct linkwatch *watch;
	struct ask_frame frame;
	unsigned capture_if;
	bool local;			/* the target is one of this machine's own addresses */
};

#define PORTS_MAX 32u			/* interfaces that one call can ask on */

/* ---- session.c ------------------------------------------------------------------------ */

/* All that end in a message return an exit status; EXIT_DONE means go on. */
int session_begin(struct arpq *a, const struct options *opt);	/* a: all zero */
int session_end(struct arpq *a, int status);

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say(struct arpq *a, struct txt *t);	/* one line on standard output */
/* Before waiting: what was said is to be seen.  False when it finds no place any more. */
bool flush_output(struct arpq *a);
void remark(struct txt *t);			/* one line on standard error, "arpq: " before it */
void trace(struct arpq *a, struct txt *t);	/* one line on standard error, with the time */

/* SIGINT or SIGTERM has come. */
bool interrupted(void);

/* Counts what was refused or remarked; session_end() says it. */
void take_note(struct arpq *a, enum arp_finding f, struct ip4 ip, bool pending);

struct arpres_config resolver_config(const struct options *opt, const struct arp_self *self);
const char *vendor_name(struct arpq *a, struct mac mac, char buf[static VENDOR_STRLEN]);
void say_result(struct arpq *a, const struct arp_result *r);
void say_conflict(struct arpq *a, const struct port *p, struct ip4 ip, struct mac first,
		  struct mac other);

void *zeroed(size_t size);	/* memory that arrives in one go; ends the program when there is none */

/* ---- port.c ---------------------------------------------------------------------------- */

/* The port whose link reaches target; says why not. */
int port_find(struct arpq *a, struct ip4 target, struct port *out);
/* The port that -i names (or the only one there is), for --local, --watch and claims. */
int port_named(struct arpq *a, bool need_ip, struct port *out);
/* Opens the link and the memory of requests; then privileges may be dropped. */
int port_open(struct arpq *a, struct port *p, size_t rcvbuf);
void port_close(struct port *p);
int drop_privileges(void);

/* Until a frame may be there, or the deadline; EXIT_LINK_GONE with a message. */
int port_wait(struct arpq *a, struct port *p, size_t n_ports, struct instant deadline);

/*
 * Hands what is there to hear(), in batches (<= LINK_BATCH frames), and not for ever:
 * how many there were, or -1 with errno.
 */
int port_hear(struct port *p, size_t batch, void (*hear)(void *part, const struct link_frame *f),
	      void *part);

/* Sends and keeps a copy for -w.  False: not sent, errno says why. */
bool port_send(struct arpq *a, struct port *p, const void *frame, size_t len, const char *why);
int link_lost(const struct port *p, int error);

void capture_heard(struct arpq *a, const struct port *p, const struct link_frame *f,
		   const char *why);

/* ---- memory.c -------------------------------------------------------------------------- */

/* The cache entry for ip on this port, if it is of this link's generation. */
bool recall(struct arpq *a, const struct port *p, struct ip4 ip, struct cache_entry *out);
void learn(struct arpq *a, const struct port *p, const struct arp_entry *e, enum cache_how how);
void save_learned(struct arpq *a);
/* The cache's complaint, once. */
void cache_trouble(struct arpq *a, const struct cachefile_error *err);
struct cachefile *open_cache(struct arpq *a, struct cachefile_error *err);

/*
 * May a request for ip go now?  Asks the memory that all runs of arpq share; false: not
 * before *until.
 */
bool may_ask(struct arpq *a, const struct port *p, struct ip4 ip, struct instant *until);
/* The n requests that may_ask() allowed have gone out. */
void did_ask(struct arpq *a, const struct port *p, const struct ip4 *ip, size_t n);
void did_not_ask(struct arpq *a, const struct port *p, struct ip4 ip);

void open_asked(struct arpq *a);

/* ---- the parts: each returns an exit status ---------------------------------------------- */

int ask(struct arpq *a);
int sweep(struct arpq *a);
int watch(struct arpq *a);
int claim(struct arpq *a);
int show_cache(struct arpq *a);
int flush_cache(struct arpq *a);
bool kernel_agrees(struct arpq *a, const struct port *p, struct ip4 ip, const struct mac *mac);

#endif
