/* paths.h - where a tool keeps what it remembers between two runs */
#ifndef WIRELAB_PATHS_H
#define WIRELAB_PATHS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * /run/TOOL for root, $XDG_RUNTIME_DIR/TOOL for everybody else, into buf.  With `make` the
 * directory is made when it is missing (0755 for root: everybody may read root's cache;
 * 0700 otherwise).  False with a filled err[]: there is none, it cannot be made, or
 * it is not a directory of our own that nobody else can write to.
 */
bool runtime_dir(const char *tool, bool make, char *buf, size_t size, char err[static 256]);

#endif
