/*
 * cachefile.h - the cache between two runs of arpq: a text file that a learner can cat
 *
 * A header line, then lines of one fixed width, sorted by address (as a number),
 * then network namespace, interface and VLAN.  One address is therefore found by
 * binary search with a handful of small reads, however long the file is, and
 * without any lock: a save replaces the file by rename(2), so a reader has either
 * the old file or the new one open, never a mixture.  Reads are pread(2), not a
 * mapping: a file that somebody shortens under our feet is then a short read to
 * be reported, not a SIGBUS.
 *
 * Every line, the header's too, ends in a CRC-32 of the rest of the line.  A line
 * that was met in a search and does not add up makes the file "damaged"; what is
 * damaged is never believed.
 *
 * Times are CLOCK_BOOTTIME and go with the boot id in the header: no jump of the
 * wall clock can revive or kill an entry, and after a reboot every entry is void.
 * A time that lies in the future is void too.
 *
 * Saving: lock (flock on FILE.lock, bounded wait), read again, merge, write a
 * temporary file beside it (O_EXCL, O_NOFOLLOW), check every error, fsync, rename,
 * fsync the directory.
 */
#ifndef WIRELAB_CACHEFILE_H
#define WIRELAB_CACHEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/addr.h"
#include "wirelab/instant.h"

#define CACHEFILE_IFNAME 16u		/* IFNAMSIZ, with its NUL */
#define CACHEFILE_BOOT_ID 37u		/* a UUID as text, with its NUL */

/* Where an answer is valid: the same address may be another host on another link. */
struct cache_place {
	uint64_t netns;			/* the network namespace's cookie (SO_NETNS_COOKIE) */
	uint32_t ifindex;
	uint16_t vlan;			/* 0 for untagged */
	uint32_t generation;		/* changes with the link's carrier and own MAC: entries of
					   another generation are void */
};

enum cache_state { CACHE_KNOWN = 'K', CACHE_FAILED = 'F', CACHE_CONTESTED = 'C' };

/* How it was learned: an answer to our own question, or a message overheard by --watch. */
enum cache_how { CACHE_REPLY = 'R', CACHE_WATCHED = 'W' };

struct cache_entry {
	struct ip4 ip;
	struct cache_place place;
	char ifname[CACHEFILE_IFNAME];	/* for people; the index decides */
	struct mac mac;			/* zero for CACHE_FAILED */
	enum cache_state state;
	enum cache_how how;
	struct instant confirmed;	/* CLOCK_BOOTTIME; stored in whole milliseconds */
	struct instant expires;		/* when it stops being an answer without asking again */
};

/* An open file to look things up in. */
struct cachefile;

enum cachefile_trouble {
	CACHEFILE_OK,
	CACHEFILE_ABSENT,	/* there is no such file: nothing is known, and nothing is wrong */
	CACHEFILE_STALE_BOOT,	/* from before the last reboot: nothing in it counts */
	CACHEFILE_REFUSED,	/* symlink, FIFO, directory, foreign owner, writable by others, not ours */
	CACHEFILE_DAMAGED,	/* a line that does not add up, or a cut end */
	CACHEFILE_SYSTEM,	/* the system said no: errno's text is in why */
};

/* What went wrong and where, as one line that names the file; "" with CACHEFILE_OK and ABSENT. */
struct cachefile_error {
	enum cachefile_trouble trouble;
	char why[256];
};

/*
 * Open path for look-ups.  boot_id is the machine's own; trusted_owner is a
 * further uid whose file is accepted besides our own effective uid (root's, when
 * an ordinary user reads root's cache), or (uid_t)-1 as UINT32_MAX for none.
 * NULL unless CACHEFILE_OK; err is always filled.
 */
struct cachefile *cachefile_open(const char *path, const char *boot_id, uint32_t trusted_owner,
				 struct cachefile_error *err);

/*
 * The entry for ip at place (its generation is NOT compared: the caller sees the
 * entry's own and decides).  1 found, 0 not there, -1 damaged (err filled).
 */
int cachefile_find(struct cachefile *c, struct ip4 ip, const struct cache_place *place,
		   struct cache_entry *out, struct cachefile_error *err);

/* All entries in order, reading the whole file in turn and checking each line: 1, 0 at the end, -1. */
int cachefile_next(struct cachefile *c, struct cache_entry *out, struct cachefile_error *err);

/* Entries in the file, by its size. */
uint64_t cachefile_count(const struct cachefile *c);

void cachefile_close(struct cachefile *c);

/* What a save changes.  Of two entries for one key, the later of the two in time stays. */
struct cachefile_change {
	const struct cache_entry *put;	/* n_put entries in any order; sorted in place when not const
					   would do: the file sorts a table of pointers */
	size_t n_put;
	bool flush_all;			/* drop everything else */
	const struct ip4 *flush;	/* drop this one address, wherever it is (NULL: none) */
	struct instant now;		/* entries that expired over CACHEFILE_KEEP_NS ago are dropped */
	uint32_t max_entries;		/* 0: CACHEFILE_MAX; beyond it the longest expired leave first */
};

#define CACHEFILE_KEEP_NS (UINT64_C(3600) * SEC_NS)	/* an expired MAC is worth a unicast question */
#define CACHEFILE_MAX 1000000u
#define CACHEFILE_LOCK_NS (UINT64_C(2) * SEC_NS)	/* how long a save waits for its turn */

/*
 * Save.  A damaged file that is ours is replaced (what can be read of it is kept, and
 * err says that it was damaged); a refused one is left alone.  Returns 0, or -1 with
 * err filled; the old file is then untouched and no temporary file is left.
 * *flushed (may be NULL) is how many entries the flush removed.
 */
int cachefile_save(const char *path, const char *boot_id, const struct cachefile_change *change,
		   uint64_t *flushed, struct cachefile_error *err);

#endif
