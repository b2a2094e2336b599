/*
 * capfilter.h - pcap-filter(7) expressions over the frames of a capture file
 *
 *	struct capfilter *f = capfilter_open("tcp port 80", err);
 *	while (capr_next(r, &rec) > 0)
 *		switch (capfilter_ask(f, &rec)) {
 *		case CAPFILTER_YES: ...
 *		case CAPFILTER_NO: continue;
 *		case CAPFILTER_UNFIT: complain(capfilter_error(f)) ...
 *		}
 *	capfilter_close(f);
 *
 * A filter is a program over the bytes of one link type, and a capture file may hold
 * several: the expression is compiled (libpcap, optimised) for each when its first
 * frame comes along.  It means what it means to "tcpdump -r": what only a
 * live capture can know (inbound, ifindex where the link type does not say) is an
 * error, "ip broadcast" needs a netmask that nobody has, and names of hosts are looked
 * up, which may take as long as the name service takes.  One thing differs: an expression
 * that no frame of a link type can match ("arp" on a loopback; "arp and tcp") is no
 * error, it chooses none of them.
 *
 * For live captures there is live_filter(): the kernel then does the work.
 */
#ifndef WIRELAB_CAPFILTER_H
#define WIRELAB_CAPFILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "wirelab/capfile.h"

struct capfilter;

enum capfilter_answer {
	CAPFILTER_NO,
	CAPFILTER_YES,		/* "" and NULL expressions say so of every frame */
	CAPFILTER_UNFIT,	/* the expression cannot be compiled for this link type;
				   capfilter_error() says why */
};

/* expression is copied, and not looked at yet.  NULL with a filled err[]: out of memory. */
struct capfilter *capfilter_open(const char *expression, char err[static 256]);

/*
 * Compiles the expression for a link type (a number as in capture files) now, when
 * capfilter_ask() would later: so that a mistake in the expression is found before the
 * capture is read, or in a capture without frames.  False: capfilter_error() says why.
 */
bool capfilter_compile(struct capfilter *f, uint16_t linktype);

/*
 * Reads data, caplen, wirelen and iface->linktype of rec.  A frame that was cut before the
 * bytes that the expression looks at is not chosen.  An expression that does not fit a
 * link type is tried once; each further frame of it is CAPFILTER_UNFIT without delay.
 */
enum capfilter_answer capfilter_ask(struct capfilter *f, const struct capr_record *rec);

/*
 * Of the latest CAPFILTER_UNFIT or false, else "": one line that names the expression,
 * the link type, and what libpcap has against it.  Holds the user's own bytes: escape
 * before showing.  Valid until the next call.
 */
const char *capfilter_error(const struct capfilter *f);

void capfilter_close(struct capfilter *f);

#endif
