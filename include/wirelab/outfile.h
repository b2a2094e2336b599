/*
 * outfile.h - a file that is there as a whole or not at all
 *
 *	FILE *f = outfile_open(&o, "09-nagle.pcapng", err);
 *	fwrite(...);
 *	if (outfile_close(&o, true) < 0) ...		the disk was full; nothing was replaced
 *
 * While it is written it has no name (O_TMPFILE), so that nothing is left when the process is
 * killed; where a file system cannot do that, it has the name with ".new" behind it, or
 * ".new1" and so on where that is taken.  Several may write the same file: each is whole, and
 * the last to close stays.  With sudo(8) it belongs to whoever called that.
 *
 * Devices, pipes and /dev/stdout are written to as they are.  Of another symbolic link the
 * target is replaced, and the link stays.
 */
#ifndef WIRELAB_OUTFILE_H
#define WIRELAB_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

struct outfile {
	FILE *f;
	char path[4096], made[4096 + 8];	/* made: its name meanwhile, "" for none */
	bool special;				/* no ordinary file: written to as it is */
};

/* NULL and a filled err[]: it cannot be made there. */
FILE *outfile_open(struct outfile *o, const char *path, char err[static 256]);

/*
 * With keep, it takes the place of what had its name; else it is gone.  0, or -1 with errno: a byte
 * found no place (EIO where it was not the last write that failed), or the name cannot be
 * given; what was there before is there still.
 */
int outfile_close(struct outfile *o, bool keep);

#endif
