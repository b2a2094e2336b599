/*
 * capfile.h - capture files: pcapng written, pcap and pcapng read
 *
 * pcapng, because a frame can carry a remark there, an interface a name, an
 * address a name, and a time nanoseconds (draft-ietf-opsawg-pcapng).  libpcap
 * can neither write it nor show its comments, so this reader and writer are ours.
 *
 * Writing is a stream of blocks to a FILE the caller owns:
 *
 *	capw_begin(&w, f, &section);
 *	unsigned eth0 = capw_interface(&w, &(struct capw_if){ .name = "eth0", ... });
 *	capw_frame(&w, eth0, &frame);
 *	if (!capw_end(&w)) ...		the disk was full, somewhere on the way
 *
 * Reading hands out one record a call, whatever the file's kind:
 *
 *	struct capr *r = capr_open(path, err);
 *	while ((n = capr_next(r, &rec)) > 0) ...
 */
#ifndef WIRELAB_CAPFILE_H
#define WIRELAB_CAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "wirelab/addr.h"

#define LINKTYPE_ETHERNET 1u	/* the registry of link types has the others */

/* ---- writing --------------------------------------------------------------- */

struct capw {
	FILE *f;		/* borrowed; never closed here */
	unsigned n_interfaces;
	bool failed;		/* a write failed; everything after it was dropped */
	int error;		/* errno of that write */
};

/*
 * Any of these may be NULL or empty: the option is then left out.  UTF-8, as all text
 * here; a byte that belongs to no character becomes U+FFFD, and more than 65,535
 * bytes are cut at a whole character.
 */
struct capw_section {
	const char *hardware, *os, *application, *comment;
};

struct capw_if {
	const char *name, *description, *filter;	/* each may be NULL */
	const struct mac *mac;				/* may be NULL */
	uint16_t linktype;				/* LINKTYPE_ETHERNET ... */
	uint32_t snaplen;				/* 0: no limit */
};

/* Direction bits of epb_flags (4.3.1): which way the frame went past the capture point. */
enum capw_direction { CAPW_UNKNOWN = 0, CAPW_INBOUND = 1, CAPW_OUTBOUND = 2 };

#define CAPW_FRAME_MAX 262144u	/* bytes; Wireshark calls a longer frame damage */

struct capw_frame {
	const void *data;
	uint32_t caplen;		/* bytes at data; no more than CAPW_FRAME_MAX are kept */
	uint32_t wirelen;		/* bytes the frame had, >= caplen */
	uint64_t unix_ns;		/* nanoseconds since 1970-01-01 UTC */
	enum capw_direction direction;
	const char *remark;		/* NULL or "" for none */
};

/* Section header block.  Forgets nothing on failure: look at capw_end(). */
void capw_begin(struct capw *w, FILE *f, const struct capw_section *section);

/* Interface description block; times of its frames are nanoseconds (if_tsresol 9).
 * Returns the number to give to capw_frame. */
unsigned capw_interface(struct capw *w, const struct capw_if *iface);

/* Name resolution block with one record: readers then show `name` for `ip`.  No block for "". */
void capw_name(struct capw *w, struct ip4 ip, const char *name);

/* Enhanced packet block. */
void capw_frame(struct capw *w, unsigned iface, const struct capw_frame *frame);

/* Flushes.  False when any byte since capw_begin found no place; errno then says why. */
bool capw_end(struct capw *w);

/* ---- reading --------------------------------------------------------------- */

struct capr;

struct capr_interface {
	uint16_t linktype;
	uint32_t snaplen;		/* 0: no limit */
	char name[64];			/* "" when the file does not say; cut to fit, raw bytes:
					   escape before showing */
	uint64_t ticks_per_second;	/* of the file's own times; informative; UINT64_MAX when the
					   file claims more than 64 bits hold */
};

struct capr_text {
	const char *text;		/* borrowed until the next capr_next(); NOT NUL-terminated, not
					   checked: escape before showing */
	size_t len;
};

#define CAPR_REMARKS_MAX 8u		/* of one frame; further ones are counted only */

struct capr_record {
	uint64_t number;		/* of the frame in the file, from 1, as Wireshark counts
					   (which numbers custom blocks and journals, too) */
	const uint8_t *data;		/* borrowed until the next capr_next() */
	uint32_t caplen, wirelen;	/* caplen <= wirelen, except where the file says otherwise */
	uint64_t unix_ns;		/* whole ones, rounded down; 0 with has_time false */
	bool has_time;			/* false: the block has none (simple packet blocks), or it
					   is before 1970 or after 2554, where 64 bits end */
	uint32_t flags;			/* epb_flags as in the file, 0 when absent */
	unsigned section;		/* from 0 */
	const struct capr_interface *iface;	/* valid until capr_close(); never NULL */
	struct capr_text remark[CAPR_REMARKS_MAX];
	unsigned n_remarks;		/* also counts those beyond the array */
};

/* What was met so far; for summaries and tests.  A pcap file is one section with one interface. */
struct capr_totals {
	uint64_t frames;
	uint64_t frame_bytes;		/* the sum of wirelen: capinfos's "data size" */
	unsigned sections, interfaces;
	uint64_t name_records;		/* addresses with names, IPv6 included */
	uint64_t comments;		/* of sections, interfaces and frames */
	uint64_t skipped_blocks;	/* not read: statistics, custom, unknown kinds */
	bool swapped;			/* any section in the other byte order */
};

/*
 * path "-" is standard input.  Files and pipes are read with a buffer that starts at
 * 256 KiB, grows to the largest block, and is bounded by CAPR_BLOCK_MAX.  Nothing is
 * mapped, so a file may be shortened by others while it is read: it then just ends.
 * NULL with a filled err[] (never empty; it begins with the path as it was given, raw
 * bytes: escape before showing): cannot be opened, or its first bytes are no known kind
 * of capture.  A known kind whose file header is cut or wrong is
 * opened, and the first capr_next() returns -1.
 */
struct capr *capr_open(const char *path, char err[static 256]);

/* The same over bytes in memory, borrowed until capr_close(). */
struct capr *capr_over(const void *data, size_t len, char err[static 256]);

/* What a file may cost us; more is called damage. */
#define CAPR_BLOCK_MAX (16u << 20)		/* bytes of a block or record */
#define CAPR_INTERFACES_MAX (1u << 18)		/* interfaces in all sections together */

/*
 * 1   *out is the next frame; remark[] beyond n_remarks is left as it was
 * 0   the file is over, and whole: it ends where a record or block ends.  (A file that
 *     was cut just there cannot be told from a whole one.)
 * -1  damage: what came before stands, nothing follows.  capr_damage() says what
 *     and at which offset.  Every frame that is whole before the damage was handed out.
 * Further calls repeat a 0 or -1.
 */
int capr_next(struct capr *r, struct capr_record *out);

/*
 * For a signal handler (async-signal-safe): no more is read.  A capr_next() that waits for
 * a pipe's writer returns, if the handler was installed without SA_RESTART; what it has
 * whole is still handed out, and then 0 comes, without damage, also amid a frame.
 * The descriptor stays open and leads to /dev/null from now on, standard input's too.
 */
void capr_stop(struct capr *r);

/* "" unless capr_next() returned -1.  One line without a newline, for a message. */
const char *capr_damage(const struct capr *r);

/* The section comment (shb opt_comment) and application of section 0; "" when absent.
 * Raw bytes, NUL-terminated, cut to 1,023 bytes: escape before showing. */
const char *capr_comment(const struct capr *r);
const char *capr_application(const struct capr *r);

struct capr_totals capr_totals(const struct capr *r);

/*
 * The first name that a name resolution block read so far gave to ip, cut to 255 bytes,
 * or NULL; raw bytes: escape before showing; valid until capr_close().  65,536
 * addresses are remembered; the names of further ones are only counted.
 */
const char *capr_name(const struct capr *r, struct ip4 ip);

void capr_close(struct capr *r);

#endif
