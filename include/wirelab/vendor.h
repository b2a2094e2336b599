/*
 * vendor.h - who made the card: from a MAC to the name in the IEEE's registry
 *
 * The registry is the system's (package ieee-data, else Wireshark's manuf); it is
 * never shipped with the project.  Its files are large and in no useful order, and
 * one look-up is all that most runs need, so they are not parsed: an index of
 * fixed-width text lines (prefix, file, offset), made once, is searched by halving, and
 * the name is then read from its place in the registry.  Without a place for the
 * index the registry itself is searched as a string.
 *
 * A block may be handed on in smaller parts (MA-M: 28 bits, MA-S and IAB: 36
 * bits): the longest prefix wins.
 */
#ifndef WIRELAB_VENDOR_H
#define WIRELAB_VENDOR_H

#include <stdbool.h>
#include <stddef.h>

#include "wirelab/addr.h"

struct vendors;

/*
 * registry_dir: where oui.csv, mam.csv, oui36.csv and iab.csv lie (NULL: /usr/share/ieee-data);
 * manuf: the fall-back, sorted by prefix (NULL: /usr/share/wireshark/manuf).
 * index: path of the index file, made or renewed when it is missing, damaged, or older
 * than the registry and its directory is writable; NULL: do without.
 * Never NULL for a missing registry (every look-up then finds nothing); NULL only
 * when out of memory.  Nothing is opened before the first look-up.
 */
struct vendors *vendors_open(const char *registry_dir, const char *manuf, const char *index);

/*
 * The vendor's name in UTF-8, cut at a whole character to fit; control characters
 * replaced by '?'.  False when unknown, locally administered, or a group address;
 * buf is then "".
 */
bool vendors_find(struct vendors *v, struct mac mac, char *buf, size_t size);

/* A path of a registry that was found, for messages; NULL when there is none. */
const char *vendors_source(struct vendors *v);

void vendors_close(struct vendors *v);

#endif
