#include "wirelab/privs.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

int privs_drop(char err[static 256])
{
	/* No exec may win anything back, set-user-ID programs included. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		(void)snprintf(err, 256, "prctl(PR_SET_NO_NEW_PRIVS): %s", strerror(errno));
		return -1;
	}
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0) {
		(void)snprintf(err, 256, "cannot give up capabilities: %s", strerror(errno));
		return -1;
	}
	/* Needs CAP_SETPCAP, which an arpq with only cap_net_raw does not have; what is
	 * not permitted any more cannot come back without an exec, and that is closed. */
	return 0;
}

int privs_hand_on(void)
{
	if (capng_get_caps_process() != 0) {
		errno = EIO;
		return -1;
	}
	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (capng_have_capability(CAPNG_PERMITTED, cap))
			(void)capng_update(CAPNG_ADD, CAPNG_INHERITABLE, cap);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0) {
		errno = EPERM;
		return -1;
	}
	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (capng_have_capability(CAPNG_PERMITTED, cap) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -1;
	return 0;
}
