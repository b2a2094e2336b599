/*
 * tap.h - every ARP frame that passes an interface, with the kernel's own time
 *
 *	struct tap_counter tap;
 *	tap_open(&tap, &net, SIDE_SERVER, SERVER_IF, TAP_INCOMING);
 *	... run the tool ...
 *	tap_collect(&tap);
 *	assert_int_equal(tap_count(&tap, &(struct tap_match){ .op = ARP_REQUEST,
 *							      .target_ip = &ip }), 1);
 *	tap_close(&tap);
 *
 * Frames wait in the socket (room for 262,144) until they are collected, so
 * nothing has to run while the tool does.  "ARP" is taken broadly: EtherType
 * 0x0806, anything with a VLAN tag, and 802.3 frames, so that odd framing is
 * counted too.
 */
#ifndef SUPPORT_TAP_H
#define SUPPORT_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns.h"
#include "wirelab/arp.h"

#define TAP_BYTES 100u	/* kept of each frame */

enum tap_ways {
	TAP_BOTH,
	TAP_INCOMING,	/* without the frames that this host itself sends */
};

struct tap_frame {
	uint64_t unix_ns;	/* when the kernel saw it: CLOCK_REALTIME */
	bool outgoing;		/* sent by the host whose interface this is */
	uint32_t len;		/* on the wire, VLAN tag included, without FCS */
	uint32_t caplen;	/* <= TAP_BYTES */
	uint8_t data[TAP_BYTES];	/* a tag that the kernel had taken out is back in it */
};

struct tap_counter {
	int fd;
	int out;			/* another socket, to send from: a packet socket is not
					   shown what it sent itself */
	uint8_t *ring;			/* shared with the kernel */
	size_t next;			/* the ring's slot to be filled next */
	struct tap_frame *frames;	/* in the order of arrival */
	size_t n, cap;
	uint64_t lost;			/* the socket's ring was full: the counts are too low */
};

/* 0, or -1 with errno and net->err. */
int tap_open(struct tap_counter *tap, struct testnet *net, enum side side, const char *ifname,
	     enum tap_ways ways);
void tap_close(struct tap_counter *tap);

/* Send a frame as it is from this interface; a TAP_BOTH tap sees it too.  -1 and errno. */
int tap_send(const struct tap_counter *tap, const void *frame, size_t len);

/* The next frame, without keeping it; false when none is waiting. */
bool tap_next(struct tap_counter *tap, struct tap_frame *out);

/*
 * A link that goes down leaves an error on the socket, and poll() returns at once
 * until it is taken off.  When the link is up again, frames arrive as before.
 */
void tap_clear_error(const struct tap_counter *tap);

/* Fetch what has been seen so far.  -1 and errno: out of memory, or frames were lost (ENOBUFS). */
int tap_collect(struct tap_counter *tap);

/* Forget it (and what still waits in the socket). */
void tap_forget(struct tap_counter *tap);

/* Which frames; what is left zero does not matter. */
struct tap_match {
	uint16_t op;
	const struct ip4 *sender_ip, *target_ip;
	const struct mac *sender_mac;
	enum { TAP_TO_ANY, TAP_TO_BROADCAST, TAP_TO_ONE } to;	/* the Ethernet destination */
	enum { TAP_EITHER_WAY, TAP_IN, TAP_OUT } way;
	enum { TAP_ANY_TAG, TAP_UNTAGGED, TAP_VLAN } tagging;
	uint16_t vid;						/* with TAP_VLAN: the outer tag's */
};

bool tap_matches(const struct tap_frame *f, const struct tap_match *m);
size_t tap_count(const struct tap_counter *tap, const struct tap_match *m);

/* The nth of them, from 0; NULL when there are not so many. */
const struct tap_frame *tap_find(const struct tap_counter *tap, const struct tap_match *m,
				 size_t nth);

/*
 * The times between consecutive ones, the first max into gap_ns[].  Returns how
 * many gaps there are: one less than frames, and 0 when there is none.
 */
size_t tap_gaps(const struct tap_counter *tap, const struct tap_match *m, uint64_t *gap_ns,
		size_t max);

/* Collect until count frames match or the time is over; true when they do. */
bool tap_wait(struct tap_counter *tap, const struct tap_match *m, size_t count,
	      uint64_t timeout_ns);

/* All requests at once, for a sweep. */
struct tap_requests {
	size_t total, broadcast, unicast;
	size_t addresses;		/* different targets */
	size_t most;			/* requests for one of them ... */
	struct ip4 most_ip;		/* ... for this one, the lowest if several */
	uint64_t least_gap_ns;		/* between two for the same target; UINT64_MAX: never two */
	struct ip4 least_gap_ip;
	uint64_t first_ns, last_ns;	/* unix time of the first and last request */
};

/* Requests that came in (or, on the asker's own interface, went out: any way).  -1: no memory. */
int tap_sum_requests(const struct tap_counter *tap, struct tap_requests *out);

/* All frames as text on standard error, for a test that fails. */
void tap_print(const struct tap_counter *tap);

#endif
