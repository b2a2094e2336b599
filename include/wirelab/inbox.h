/*
 * inbox.h - a folder that strangers may put files into, one at a time, and do no harm
 *
 *	inbox_open(&in, "downloads");
 *	inbox_begin(&in, name, size);		something without a name is made in the folder
 *	while (left > 0) {
 *		n = inbox_pull(&in, socket, left);	bytes leave the connection ...
 *		inbox_push(&in, n);			... and go into it
 *	}
 *	inbox_keep(&in, name);			now it has the name, all at once
 *	inbox_close(&in);
 *
 * However this ends, by kill -9 and a full disk included, there is nothing under the name or
 * the whole file; nothing that was there before is changed, and nothing outside the folder.
 * (A power failure is another matter: nobody waits for the disk here.)
 *
 * The file has no name at all until it is complete (O_TMPFILE, open(2)), so that the kernel
 * itself removes what is left of a broken transfer.  Where the file system cannot do that, or
 * there is no /proc to give it a name through, its name is ".incoming-" and 16 digits
 * meanwhile; that one is left behind by kill -9.
 *
 * The bytes themselves are never in this program's memory: splice(2) moves pages from the
 * socket to a pipe and from there to the file.
 */
#ifndef WIRELAB_INBOX_H
#define WIRELAB_INBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define INBOX_PIECE ((size_t)1 << 20)	/* bytes that inbox_pull() takes at most */

/* To be read by everybody, written by inbox_ functions only. */
struct inbox {
	int dir;		/* the folder */
	int file;		/* being written, may be read back; or -1 */
	int pipe[2];		/* between the connection and the file */
	uint64_t stored;	/* bytes of the file so far */
	char temp[32];		/* its name meanwhile; "": it has none */
};

/* All functions below but for inbox_drop() and inbox_close(): -1 and errno on failure. */

/* The folder itself may be reached through symbolic links: its path is the user's own. */
int inbox_open(struct inbox *in, const char *folder);

/*
 * Make room for a file that will be called `name`, which is file_name()'s (a /, which would
 * lead away from the folder, is a bug of the caller), and have `size` bytes.
 * EEXIST  there is something of that name, be it a link that leads nowhere
 * ENOSPC  the disk has less room than that, and it is no use to begin
 */
int inbox_begin(struct inbox *in, const char *name, uint64_t size);

/*
 * Take up to `most` (> 0) bytes from a connected socket; how many came.  0: the other side has
 * ended.  Waits for the first of them, unless the socket has a time limit (EAGAIN).  They
 * have to be pushed before more can be pulled.
 */
ssize_t inbox_pull(struct inbox *in, int sock, uint64_t most);

/* Append the n bytes that inbox_pull() took to the file.  After an error, drop it. */
int inbox_push(struct inbox *in, size_t n);

/*
 * Give the file its name; only now it is there.  EEXIST: somebody else was faster, and theirs
 * stays.  What the disk says only when asked for the last time (EDQUOT, EIO) comes here, too.
 * After success there is no file any more in the inbox; after a failure it can still be dropped.
 */
int inbox_keep(struct inbox *in, const char *name);

/* Forget the file, if there is one. */
void inbox_drop(struct inbox *in);

/* Also drops. */
void inbox_close(struct inbox *in);

#endif
