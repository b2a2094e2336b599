/*
 * vendor.h - who made the card: from a MAC to the name in the IEEE's registry
 *
 * The registry is the system's (package ieee-data, else Wireshark's manuf); it is
 * never shipped with the project.  Its files are large and in no useful order, and
 * one look-up is all that most runs need, so they are not parsed: an index of
 * fixed-width text lines (number, file, offset), made once, is searched with a
 * score of small reads, and the name is then read from its place in the registry.
 * Without a place for the index the registry itself is read through.
 *
 * A block may be handed on in smaller parts (MA-M: 28 bits, MA-S and IAB: 36
 * bits): the longest prefix wins.  Of two rows for one prefix the first wins.
 */
#ifndef WIRELAB_VENDOR_H
#define WIRELAB_VENDOR_H

#include <stdbool.h>
#include <stddef.h>

#include "wirelab/addr.h"

#define VENDOR_STRLEN 128u	/* longer names (the registry has none) are cut; with the NUL */

struct vendors;

/*
 * registry_dir: where oui.csv, mam.csv, oui36.csv and iab.csv lie (NULL: /usr/share/ieee-data);
 * manuf: the fall-back when none of the four is there (NULL: /usr/share/wireshark/manuf).
 * index: path of the index file; NULL: do without.  It is made or renewed by the first
 * look-up that finds it missing, damaged, or made from other files (their sizes and
 * times are in it) and its directory writable, on a file system with O_TMPFILE (a process
 * that is killed leaves nothing behind).  A symbolic link, a FIFO, or a file that is
 * neither ours nor root's is neither used nor replaced.
 * Never NULL for a missing registry (every look-up then finds nothing); NULL only
 * when out of memory.  Nothing is opened before the first look-up, and nothing stays
 * open after one.
 */
struct vendors *vendors_open(const char *registry_dir, const char *manuf, const char *index);

/*
 * The vendor's name in UTF-8 without blanks around it, cut at a whole character to
 * fit; control characters and what is not UTF-8 replaced by '?'.  False when
 * unknown, nameless, locally administered, or a group address; buf is then "".
 * The last few blocks asked for are remembered: a sweep over one vendor's addresses
 * costs one search.
 */
bool vendors_find(struct vendors *v, struct mac mac, char *buf, size_t size);

/* The registry that is there (its directory, or manuf), for messages; NULL when there is none. */
const char *vendors_source(struct vendors *v);

void vendors_close(struct vendors *v);

#endif
