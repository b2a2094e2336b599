/*
 * cachefile.h - the cache between two runs of arpq: a text file that a learner can cat
 *
 * A header line, then one line an entry, all of one fixed width, sorted by address
 * (as a number), then network namespace, interface and VLAN.  Line k starts at byte
 * k * width, so one address is found by searching, with a handful of small reads
 * however long the file is, and without any lock: a save replaces the file by
 * rename(2), so a reader has either the old file or the new one open, never a
 * mixture.  Reads are pread(2), not a mapping: a file that somebody shortens under
 * our feet is then a short read to be reported, not a SIGBUS.
 *
 *	arpq-cache 1 boot 662896a3-... entries       2 ip mac state how iface ... 6b0f9d52
 *	10.0.0.1        02:00:00:00:00:01 known   reply eth0       2    0 0000000000000001 ...
 *	10.0.0.7        -                 failed  reply eth0       2    0 0000000000000001 ...
 *
 * The header names the columns: address, MAC ("-" for none), state, how it was
 * learned, interface name and index, VLAN, namespace and generation (hexadecimal),
 * when it was confirmed and when it expires (seconds since boot), CRC-32.
 *
 * Every line, the header too, ends in the CRC-32 of the rest of the line.  One that
 * is met in a search and does not add up makes the file "damaged"; what is damaged
 * is never believed.  Lines that a search does not meet are not judged by it, and
 * cannot change its answer; cachefile_next() judges them all.
 *
 * Times are CLOCK_BOOTTIME and go with the boot id in the header: no jump of the
 * wall clock can revive or kill an entry, and after a reboot every entry is void.
 * A time that lies in the future is void too.  Look-ups hand it out all the same:
 * only the caller knows the time.  Read the clock after cachefile_open(), or an
 * entry that another process has just saved seems to come from the future.
 *
 * Saving: lock (flock on FILE.lock, bounded wait), read again, merge, write FILE.tmp
 * beside it (O_EXCL, O_NOFOLLOW), check every error, fsync, rename, fsync the directory;
 * no fsync where `fleeting` says that there is no tomorrow.
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
	uint16_t vlan;			/* 0 for untagged, up to CACHEFILE_VLAN_MAX */
	uint32_t generation;		/* changes with the link's carrier and own MAC: entries of
					   another generation are void */
};

#define CACHEFILE_VLAN_MAX 4094u	/* IEEE 802.1Q 9.6: 4095 is reserved */

enum cache_state { CACHE_KNOWN = 'K', CACHE_FAILED = 'F', CACHE_CONTESTED = 'C' };

/* How it was learned: an answer to our own question, or a message overheard by --watch. */
enum cache_how { CACHE_REPLY = 'R', CACHE_WATCHED = 'W' };

struct cache_entry {
	struct ip4 ip;
	struct cache_place place;
	char ifname[CACHEFILE_IFNAME];	/* for people; the index decides.  Bytes that a terminal
					   might obey come back from the file as '?' */
	struct mac mac;			/* zero for CACHE_FAILED, and for no other state */
	enum cache_state state;
	enum cache_how how;
	struct instant confirmed;	/* CLOCK_BOOTTIME; stored in whole milliseconds, rounded
					   down, at most CACHEFILE_TIME_MAX */
	struct instant expires;		/* when it stops being an answer without asking again;
					   stored alike, never before confirmed */
};

/* The last time the columns have room for: nine digits of seconds, 31 years after boot. */
#define CACHEFILE_TIME_MAX (UINT64_C(999999999999) * MSEC_NS)

/* An open file to look things up in. */
struct cachefile;

enum cachefile_trouble {
	CACHEFILE_OK,
	CACHEFILE_ABSENT,	/* there is no such file: nothing is known, and nothing is wrong */
	CACHEFILE_STALE_BOOT,	/* from before the last reboot: nothing in it counts */
	CACHEFILE_REFUSED,	/* symlink, FIFO, directory, foreign owner, writable by others, not ours */
	CACHEFILE_DAMAGED,	/* a line that does not add up, a cut end, another format version */
	CACHEFILE_SYSTEM,	/* the system said no: errno's text is in why */
};

/*
 * What went wrong, as one line that names the file (its end, when the path is long),
 * and with CACHEFILE_REFUSED the cure.  "" with CACHEFILE_OK and CACHEFILE_ABSENT.
 */
struct cachefile_error {
	enum cachefile_trouble trouble;
	char why[256];
};

/*
 * Open path for look-ups.  boot_id is the machine's own; trusted_owner is a
 * further uid whose file is accepted besides our own effective uid (root's, when
 * an ordinary user reads root's cache), or UINT32_MAX, which is (uid_t)-1, for none.
 * NULL unless CACHEFILE_OK; err is always filled.
 */
struct cachefile *cachefile_open(const char *path, const char *boot_id, uint32_t trusted_owner,
				 struct cachefile_error *err);

/*
 * The entry for ip at place.  place->generation is NOT compared: the caller sees the
 * entry's own and decides.  1 found, 0 not there, -1 damaged or unreadable; err is
 * always filled, *out only with 1.
 */
int cachefile_find(struct cachefile *c, struct ip4 ip, const struct cache_place *place,
		   struct cache_entry *out, struct cachefile_error *err);

/*
 * All entries in order, one a call, each line checked: 1, 0 at the end, -1 as above.
 * Further calls repeat a 0 or -1.  Look-ups in between do not disturb it.
 */
int cachefile_next(struct cachefile *c, struct cache_entry *out, struct cachefile_error *err);

/* Entries in the file: what the header says, which its size has confirmed. */
uint64_t cachefile_count(const struct cachefile *c);

/* NULL is allowed. */
void cachefile_close(struct cachefile *c);

/*
 * What a save changes.  Of two entries for one key, the one confirmed later stays; at
 * the same millisecond, the one in `put`.  Entries confirmed in the future are dropped,
 * the file's and `put`'s: later than `now` and than the clock, which is read again under the
 * lock, because what others saved while we waited for it is not the future.
 */
struct cachefile_change {
	const struct cache_entry *put;	/* n_put entries in any order, only read; a state, how,
					   MAC, VLAN or expiry that struct cache_entry does not
					   allow is a bug in the caller and ends in an assert */
	size_t n_put;
	bool fleeting;			/* The directory does not outlive the boot (/run,
					   XDG_RUNTIME_DIR), and neither do the entries: nothing
					   is to be made durable, so nobody waits for a disk.
					   Otherwise the file and its directory get an fsync. */
	bool flush_all;			/* drop everything that the file holds; `put` still goes in */
	const struct ip4 *flush;	/* drop this one address, wherever it is (NULL: none) */
	struct instant now;		/* entries that expired over CACHEFILE_KEEP_NS ago are dropped */
	uint32_t max_entries;		/* 0 or more than CACHEFILE_MAX: CACHEFILE_MAX.  Beyond it
					   those leave whose expiry is earliest, of equal ones the
					   lowest addresses */
};

#define CACHEFILE_KEEP_NS (UINT64_C(3600) * SEC_NS)	/* an expired MAC is worth a unicast question */
#define CACHEFILE_MAX 1000000u
#define CACHEFILE_LOCK_NS (UINT64_C(2) * SEC_NS)	/* how long a save waits for its turn */

/*
 * Save.  The file is root's and world-readable (0644), or 0600 for anybody else; the
 * directory must exist.
 *
 * 0   saved.  err->trouble is CACHEFILE_OK; or CACHEFILE_DAMAGED when the old file was: the
 *     lines of it that add up were kept, why says which was the first that did not.
 *     Entries of another boot are dropped in silence.
 * -1  not saved, err filled: CACHEFILE_REFUSED (as for cachefile_open(); the file is left
 *     alone) or CACHEFILE_SYSTEM.  The old file is untouched and no temporary file is left,
 *     with one exception: when only the directory's fsync failed, the new file is in place.
 *
 * A process killed on the way leaves the old file or the new one, and perhaps FILE.tmp,
 * which the next save removes.  FILE.lock stays for good.
 * *flushed (may be NULL) is how many entries the flush removed that would have stayed.
 * The caller ignores SIGXFSZ, or a file size limit kills it instead of being reported.
 */
int cachefile_save(const char *path, const char *boot_id, const struct cachefile_change *change,
		   uint64_t *flushed, struct cachefile_error *err);

#endif
