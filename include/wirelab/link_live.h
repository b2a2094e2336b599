/*
 * link_live.h - frames of one interface, or of all, as they pass (libpcap)
 *
 *	struct live *l = live_open(&(struct live_options){ .ifname = "eth0" }, err);
 *	privs_drop(err);				nothing below needs a privilege
 *	live_filter(l, "tcp port 80", err);
 *	for (;;) {
 *		switch (live_next(l, &rec)) {
 *		case LIVE_FRAME: ...; continue;
 *		case LIVE_NONE: break;
 *		case LIVE_WENT_DOWN: case LIVE_CAME_BACK: ... a remark, if you like; continue;
 *		case LIVE_GONE: case LIVE_FAILED: complain(live_why(l)); ... the end
 *		}
 *		poll(&(struct pollfd){ .fd = live_fd(l), .events = POLLIN }, 1,
 *		     live_timeout_ms(l));
 *	}
 *
 * Wait only after LIVE_NONE: the kernel hands over frames by the block, and the
 * descriptor does not speak of those that are here already.
 *
 *	 live_open      live_filter        kernel's ring (buffer)       live_next
 *	     |               |        +--------------------------+         |
 *	 frames -------> filter ----> | block | block | block .. | --> LIVE_FRAME
 *	                              +--------------------------+
 *	                               full: dropped, and counted
 *
 * What stands in the ring when the filter comes is sifted too: no foreign frame slips in
 * between live_open() and live_filter().
 *
 * One thread, one capture.  Needs CAP_NET_RAW to open, nothing afterwards.  It stays
 * in the network namespace in which it was opened.
 */
#ifndef WIRELAB_LINK_LIVE_H
#define WIRELAB_LINK_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "wirelab/capfile.h"

#define LIVE_ANY "any"			/* the name that stands for every interface */
#define LIVE_SNAPLEN 262144u		/* bytes kept of a frame; also the most */
#define LIVE_BUFFER (16u << 20)		/* bytes of the kernel's ring */
#define LIVE_DELAY_MS 20		/* a frame waits in its block this long at most */
#define LIVE_LOOK_MS 20			/* how often a link that is down is looked at */
#define LIVE_GRACE_MS 60		/* and this long it is not yet said to be down: an
					   interface that is being removed is down first */

struct live;

struct live_options {
	const char *ifname;	/* as ip-link(8) shows it, or LIVE_ANY */
	uint32_t snaplen;	/* 1 to LIVE_SNAPLEN; 0, and more: LIVE_SNAPLEN */
	uint32_t buffer;	/* 0: LIVE_BUFFER; at most INT32_MAX.  The kernel's own memory; it
				   gives less when it has less */
	bool promiscuous;	/* also frames to others' addresses; not possible with LIVE_ANY,
				   which live_warning() then says */
	/*
	 * No frame waits for its block.  The ring then has slots that each hold the longest
	 * frame there may be (LIVE_BUFFER: 256 where the kernel merges segments) instead of
	 * blocks filled to the brim (80,000 frames of 60 bytes): for a lone frame
	 * whose time of arrival matters, not for traffic.
	 */
	bool immediate;
};

/*
 * The name of an interface stands for the one that has it now; renaming that while it
 * is up does no harm.
 *
 * NULL with a filled err[] (one line that says what to do, where something can be done)
 * and errno:
 *	EPERM	not permitted; err[] has both cures, sudo and the setcap line for this program
 *	ENODEV	there is no interface of that name
 *	ENETDOWN  it is there, but switched off
 *	EIO	libpcap or the kernel refused for another reason; ENOMEM
 */
struct live *live_open(const struct live_options *options, char err[static 256]);

/* What libpcap remarked when the capture was opened, as one line; "" for nothing. */
const char *live_warning(const struct live *l);

/*
 * Only what matches a pcap-filter(7) expression is heard from now on; the kernel sifts.
 * Names in it are looked up, which may take its time.  False with libpcap's message
 * in err[]: the expression is wrong, or not for this link type; all is as before.
 * Call it after privs_drop(): the compiler reads what a user wrote.
 */
bool live_filter(struct live *l, const char *expression, char err[static 256]);

/* Link type (as in capture files), snap length and name; the one that each record points
 * to.  LIVE_ANY: Linux cooked v2.  Valid until live_close(). */
const struct capr_interface *live_interface(const struct live *l);

enum live_news {
	LIVE_FRAME,		/* *out is the next frame */
	LIVE_NONE,		/* none is here now: poll */
	LIVE_WENT_DOWN,		/* switched off.  The capture goes on, as tcpdump's does, and hears
				   nothing until the interface is switched on again */
	LIVE_CAME_BACK,		/* after LIVE_WENT_DOWN, though perhaps after its first frames */
	LIVE_GONE,		/* the interface was removed, moved to another network namespace, or
				   switched off and renamed; live_why() says it */
	LIVE_FAILED,		/* anything else that ends a capture; live_why() says it */
};

/*
 * Never waits.  *out as capr_next() fills it, so that the same loop serves both: number
 * counts from 1 what was handed out; unix_ns is the kernel's time of arrival in
 * nanoseconds; section, flags and n_remarks are 0; a VLAN tag that the card or the
 * kernel took off is back in its place.  data is borrowed until the next call.
 * *out changes only with LIVE_FRAME.  After LIVE_GONE and LIVE_FAILED, which come after
 * the last frame, every call says the same again.
 *
 * A lost carrier (a cable pulled out, the peer switched off) is no news: frames just
 * do not come.  With LIVE_ANY no interface's end is the capture's end.
 */
enum live_news live_next(struct live *l, struct capr_record *out);

/* A clause like "eth0 was removed"; "" before the end. */
const char *live_why(const struct live *l);

/* For poll(2), POLLIN; errors of the link wake it as well.  It stays the same. */
int live_fd(const struct live *l);

/* At most how long to wait in that poll(2): -1 for as long as you like, or LIVE_LOOK_MS
 * while the link is down, because its end would wake nobody. */
int live_timeout_ms(const struct live *l);

struct live_stats {
	uint64_t received;		/* matched the filter (with those dropped by the kernel) */
	uint64_t dropped_kernel;	/* of these: the ring was full, nobody read fast enough */
	uint64_t dropped_interface;	/* by the card or its driver, matching or not; libpcap looks
					   at their counters in promiscuous mode only, else 0 */
};

/* Since live_open().  To be asked at least once in four thousand million frames, where
 * libpcap's own counters end.  False when they cannot be had (any more); *out is untouched. */
bool live_stats(struct live *l, struct live_stats *out);

/* l may be NULL. */
void live_close(struct live *l);

#endif
