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
