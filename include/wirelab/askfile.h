/*
 * askfile.h - when was this address last asked, by any process?
 *
 * RFC 1122 2.3.2.1 has no more than one request a second go to one address, and a
 * second arpq beside the first, or right behind it, counts as well.  So there is a
 * file beside the cache, FILE.asked, that all of them map: ASKFILE_WORDS words of
 * eight bytes, each the CLOCK_BOOTTIME in nanoseconds of the last request to any of
 * the addresses that share the word; zero for none.
 *
 *	word = (address as a number XOR mix(namespace, interface, VLAN)) mod ASKFILE_WORDS
 *
 * Neighbouring addresses are in neighbouring words: a sweep of a /24 touches one or two
 * pages, and the file, eight megabytes by name, is sparse.  There are no tags: two
 * addresses that share a word wait for one another.  Late, but never too often.
 *
 * A claim is one compare-and-swap, so of several processes exactly one may send.  No
 * lock, and no fsync: after a crash the boot is another one, and its times are void.
 *
 * A disk without room costs nobody an answer: the block is reserved before it is
 * touched, and when that fails the claim is granted without being written down.
 * What remains is a SIGBUS when somebody shortens the file while it is mapped; only
 * its owner can, and nothing here does.
 */
#ifndef WIRELAB_ASKFILE_H
#define WIRELAB_ASKFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "wirelab/addr.h"
#include "wirelab/cachefile.h"
#include "wirelab/instant.h"

#define ASKFILE_WORDS (UINT32_C(1) << 20)
#define ASKFILE_SIZE (8u * (uint64_t)ASKFILE_WORDS)

struct askfile;

/*
 * Open path, or make it (0600).  NULL and one line in err that names the file: it is no
 * regular file, not ours, a symbolic link, writable by others, of another size than
 * ASKFILE_SIZE (an empty one is grown), or the system said no.
 * The caller ignores SIGXFSZ, or a file size limit kills it instead of being reported.
 */
struct askfile *askfile_open(const char *path, char err[static 256]);

/*
 * May a request for ip at place (its generation does not matter) go now?
 *
 * True: it may, and is written down as sent at `now`, a CLOCK_BOOTTIME.
 * False: the last one is less than interval_ns old.  *until is when to claim again; it
 * is left alone with true.
 *
 * Read the clock just before, and send just after: what lies between is missing from the
 * interval to the next request of somebody else.
 *
 * A time in the file that is later than `now` is void, another boot's, unless it is
 * not later than the clock, which is then read again: another process has claimed since.
 */
bool askfile_claim(struct askfile *a, struct ip4 ip, const struct cache_place *place,
		   struct instant now, uint64_t interval_ns, struct instant *until);

/*
 * Take back a claim whose request could not be sent, with the arguments that it was
 * granted for.  Nothing happens when somebody else has claimed the word since.
 */
void askfile_unclaim(struct askfile *a, struct ip4 ip, const struct cache_place *place,
		     struct instant now, uint64_t interval_ns);

/*
 * The request that was claimed at `claimed` went out at `sent`, noticeably later: the
 * second is counted from there.  Nothing happens when somebody else has claimed since.
 */
void askfile_sent(struct askfile *a, struct ip4 ip, const struct cache_place *place,
		  struct instant claimed, struct instant sent);

/* NULL is allowed.  A process about to end may leave it open: ending unmaps it for less. */
void askfile_close(struct askfile *a);

#endif
