/* privs.h - may we open a raw socket, and giving up the right as soon as it is open */
#ifndef WIRELAB_PRIVS_H
#define WIRELAB_PRIVS_H

#include <stdbool.h>

/*
 * Gives up every capability for good: effective, permitted, inheritable, ambient and
 * bounding set (as far as the bounding set may be changed), so that a bug in what
 * follows has no more rights than its user.  0, or -1 with a filled err[].
 */
int privs_drop(char err[static 256]);

/*
 * What this process may do, programs that it becomes may do, too, without being root: all
 * permitted capabilities become inheritable and ambient (capabilities(7)).  Meant for one's own
 * user namespace, outside of which they are worth nothing.  0, or -1 with errno.
 */
int privs_hand_on(void);

#endif
