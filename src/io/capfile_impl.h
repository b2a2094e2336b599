/*
 * capfile_impl.h - what the files of the capture reader share; nobody else includes it
 *
 *	capfile_source.c	where bytes come from: memory, a file, a pipe
 *	capfile_pcap.c		pcap: a header, then records
 *	capfile_pcapng.c	pcapng: sections of blocks
 *	capfile_names.c		address -> name
 *	capfile_read.c		which of them it is, and the public functions
 */
#ifndef WIRELAB_CAPFILE_IMPL_H
#define WIRELAB_CAPFILE_IMPL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wirelab/capfile.h"

/* ---- bytes ------------------------------------------------------------------ */

/*
 * A capture is in the byte order of the machine that wrote it.  `swapped` means:
 * not in ours.  memcpy, because nothing in a file is aligned for certain.
 */
static inline uint16_t get16(const uint8_t *p, bool swapped)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return swapped ? __builtin_bswap16(v) : v;
}

static inline uint32_t get32(const uint8_t *p, bool swapped)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return swapped ? __builtin_bswap32(v) : v;
}

static inline uint64_t get64(const uint8_t *p, bool swapped)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return swapped ? __builtin_bswap64(v) : v;
}

/* Bytes to the next multiple of 4. */
static inline size_t pad4(size_t len)
{
	return -len & 3;
}

/*
 * All look the same to a parser: `left` bytes can be touched at `at`, and when
 * those are too few source_more() may find more.
 */
struct source {
	const uint8_t *at;
	size_t left;
	uint64_t end;		/* the offset in the file of at + left */
	int fd;			/* -1 over memory */
	bool owns_fd;
	int nothing;		/* /dev/null, to be put in fd's place; -1 over memory */
	volatile sig_atomic_t stopped;	/* a handler says: no more */
	int error;		/* errno of a read that failed, or 0 */
	uint8_t *buffer;	/* NULL over memory */
	size_t size;		/* of it */
};

void source_over(struct source *s, const void *data, size_t len);
/* -1 and errno when path cannot be opened or read */
int source_open(struct source *s, const char *path);
void source_close(struct source *s);
void source_stop(struct source *s);	/* async-signal-safe */

/* Try to have n bytes at s->at.  False: that many do not come, and error may say why. */
bool source_more(struct source *s, size_t n);

/* The next n bytes, not yet consumed, or NULL. */
static inline const uint8_t *source_need(struct source *s, size_t n)
{
	return n <= s->left || source_more(s, n) ? s->at : NULL;
}

/* Consume n bytes that source_need() gave; they stay valid until source_more(). */
static inline void source_eat(struct source *s, size_t n)
{
	s->at += n;
	s->left -= n;
}

static inline uint64_t source_offset(const struct source *s)
{
	return s->end - s->left;
}

/* ---- names ------------------------------------------------------------------ */

#define NAMES_MAX 65536u	/* further ones are counted, not kept: a pipe may never end */

struct name_node {
	uint32_t address;
	uint32_t child[2];	/* indices; 0 is nobody's child */
	char *name;
};

/* A digital search tree: at depth d, bit d of the address decides.  Never deeper than 32. */
struct names {
	struct name_node *node;
	uint32_t n, cap;
};

/* Keeps the first name an address was given.  False: no memory. */
bool names_add(struct names *names, uint32_t address, const uint8_t *name, size_t len);
const char *names_find(const struct names *names, uint32_t address);
void names_free(struct names *names);

/* ---- the reader ------------------------------------------------------------- */

struct interface {
	struct capr_interface pub;
	/* ticks below fast_limit are ticks * fast_ns nanoseconds; others take the long way */
	uint64_t fast_limit, fast_ns;
	int64_t offset_s;	/* if_tsoffset: seconds to add */
	uint8_t exponent;	/* if_tsresol: a tick is 10^-exponent s, or 2^-exponent s */
	bool binary;
	struct interface *older;
};

enum capr_state { CAPR_RUNNING, CAPR_OVER, CAPR_DAMAGED };

struct capr {
	struct source src;
	enum capr_state state;
	bool pcapng;
	bool swapped;			/* this section (or the pcap file) */

	/* pcap */
	uint32_t record_header;		/* 16, or 24 in the modified format */
	uint32_t fraction_ns;		/* 1000 or 1 */
	uint8_t lengths_version;	/* the minor version while it matters: 2, 3, else 4 */

	/* pcapng */
	struct interface **interface;	/* of this section, by number */
	uint32_t n_interfaces, cap_interfaces;
	uint64_t block_offset;		/* of the block being read, for messages */

	struct interface *newest;	/* every interface of the file, to be freed */
	struct names names;
	struct capr_totals totals;
	char comment[1024], application[1024];
	char damage[256];
};

/* Stops the reader for good with "offset N: ..."; always -1, for `return damage(...)`. */
int damage(struct capr *r, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4), cold));

/* source_need() found too little for `what` at this offset, where a file could end: 0 or -1. */
int file_ends(struct capr *r, const char *what, uint64_t claimed) __attribute__((cold));

/* A new interface of this section, times in microseconds; NULL: no memory, or too many. */
struct interface *interface_new(struct capr *r);
void interface_times(struct interface *i, uint8_t tsresol, int64_t offset_s);
/* False when the time is before 1970 or after 2554, where 64 bits of nanoseconds end. */
bool interface_ns(const struct interface *i, uint64_t ticks, uint64_t *ns);

/* Read the file's (first section's) header; on damage the state says so. */
void pcap_begin(struct capr *r, uint32_t magic);
int pcap_next(struct capr *r, struct capr_record *out);
void pcapng_begin(struct capr *r);
int pcapng_next(struct capr *r, struct capr_record *out);

#define PCAP_MICROSECONDS 0xa1b2c3d4u
#define PCAP_NANOSECONDS 0xa1b23c4du
#define PCAP_MODIFIED 0xa1b2cd34u	/* Kuznetzov's: longer record headers */
#define PCAPNG_SECTION 0x0a0d0d0au	/* a palindrome: the same in both orders */
#define PCAPNG_ORDER 0x1a2b3c4du

#endif
