/*
 * doctor.h - can labs run on this machine, and if not: why not, and what cures it
 *
 *	struct doctor_report r;
 *	doctor_examine(&r, NULL);
 *	if (!doctor_usable(&r)) ...
 *
 * Everything that a lab needs is tried, not looked up: a child enters namespaces as a lab
 * does, makes both kinds of link in them, and tells step by step how far it came.  Files
 * below /proc, /sys and /lib/modules are read only to find out why the kernel said no.
 * The caller stays as it was, and with the child everything is gone that it made.
 *
 * The report is plain numbers and a few names; words, in two languages, come afterwards.
 */
#ifndef WIRELAB_DOCTOR_H
#define WIRELAB_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/lang.h"
#include "wirelab/text.h"

/* What is tried, in this order; in brackets, what each needs of those before it. */
enum doctor_item {
	DOCTOR_KERNEL,
	DOCTOR_USERNS,		/* to be root of a network without being root */
	DOCTOR_NETNS,		/* one for each host [userns] */
	DOCTOR_SETTINGS,	/* /proc/sys/net of a host [netns] */
	DOCTOR_REPAIR,		/* TCP_REPAIR, which chooses sequence numbers [netns] */
	DOCTOR_TAP,		/* frames carried by /dev/net/tun [netns] */
	DOCTOR_PACKET,		/* AF_PACKET [netns] */
	DOCTOR_VETH,		/* frames carried by a veth pair and AF_PACKET [netns] */
	DOCTOR_OFFLOAD,		/* nothing left for a network card to do [veth] */
	DOCTOR_DESCRIPTORS,
	DOCTOR_WIRESHARK,	/* wireshark or tshark */
	DOCTOR_TCPDUMP,
	DOCTOR_ITEMS
};

enum doctor_state {
	DOCTOR_UNTRIED,		/* something that it needs has failed already */
	DOCTOR_OK,
	DOCTOR_NOTE,		/* missing, and labs run without it */
	DOCTOR_FAILED,
};

enum doctor_cause {
	DOCTOR_FINE,			/* with DOCTOR_OK and DOCTOR_UNTRIED */
	DOCTOR_IS_ROOT,			/* user namespaces: root needs none */
	/* Anywhere; detail is what the kernel refused */
	DOCTOR_NO_PROC,
	DOCTOR_NO_CAPABILITY,		/* root, but without the capability in detail */
	DOCTOR_APPARMOR,		/* kernel.apparmor_restrict_unprivileged_userns (Ubuntu) */
	DOCTOR_SECCOMP,			/* a filter of system calls, most often a container's */
	DOCTOR_REFUSED,			/* none of these; see the error */
	DOCTOR_HUNG,			/* the step never came to its end */
	DOCTOR_DIED,			/* the step was killed, by the signal in detail */
	DOCTOR_NO_CHILD,		/* there could be no child at all */
	/* The kernel */
	DOCTOR_KERNEL_OLD,
	DOCTOR_KERNEL_UNAWARE,		/* it has never heard of the option in detail */
	DOCTOR_KERNEL_LACKS,		/* built without the option in detail */
	/* Namespaces */
	DOCTOR_USERNS_LIMIT,		/* user.max_user_namespaces is in detail */
	DOCTOR_USERNS_CLONE,		/* kernel.unprivileged_userns_clone is 0 (Debian) */
	DOCTOR_CHROOT,			/* clone(2), EPERM: no user namespace in a chroot */
	DOCTOR_NETNS_LIMIT,		/* user.max_net_namespaces is in detail */
	DOCTOR_READ_ONLY,		/* /proc/sys is mounted so */
	/* Devices and modules */
	DOCTOR_NODE_MISSING,		/* no /dev/net/tun, though there is a driver */
	DOCTOR_NODE_FORBIDDEN,		/* its mode forbids it */
	DOCTOR_NODE_BLOCKED,		/* a container's list of devices forbids it */
	DOCTOR_NODE_STRANGE,		/* something else has that name */
	DOCTOR_MODULE_UNLOADED,		/* the module in detail can be loaded, and is not */
	DOCTOR_MODULE_ABSENT,		/* it is in another package */
	DOCTOR_MODULES_GONE,		/* the running kernel has been replaced: reboot */
	/* Outside */
	DOCTOR_FEW_DESCRIPTORS,		/* detail: how many this process may have */
	DOCTOR_NO_PROGRAM,
	DOCTOR_CAUSES
};

/*
 * Since Linux 4.15 the settings of TCP (tcp_rmem, tcp_autocorking, tcp_early_retrans, ...)
 * belong to a network namespace; with older ones no host has any, and captures would differ.
 */
#define DOCTOR_KERNEL_MAJOR 4u
#define DOCTOR_KERNEL_MINOR 15u

/* A lab of four hosts holds a namespace, rtnetlink, a carrier and some sockets of each. */
#define DOCTOR_DESCRIPTORS_MIN 64u

/* How long one step may take.  Each is a matter of microseconds, but the kernel makes and
 * ends network namespaces one at a time, for all processes together. */
#define DOCTOR_STEP_NS UINT64_C(5000000000)

struct doctor_line {
	enum doctor_state state;
	enum doctor_cause cause;
	int error;			/* errno of what was refused, or 0 */
	char detail[128];		/* a name or number for state and cause, or "" */
};

struct doctor_report {
	struct doctor_line line[DOCTOR_ITEMS];
	bool root;			/* sudo is not needed for a cure */
};

enum doctor_carrier { DOCTOR_NO_CARRIER, DOCTOR_BY_TAP, DOCTOR_BY_VETH };

/* All zero, as NULL, is the ordinary case. */
struct doctor_options {
	const char *root;	/* in front of the files that are read for a cause: "/tmp/other" */
	uint64_t step_ns;	/* in place of DOCTOR_STEP_NS */
};

/* Fills every line.  Cannot fail: what cannot be tried is a line as well. */
void doctor_examine(struct doctor_report *report, const struct doctor_options *options);

/* What frames would travel by: TAP where that works. */
enum doctor_carrier doctor_carrier(const struct doctor_report *report);

/* Labs can run: a carrier, and nothing has failed. */
bool doctor_usable(const struct doctor_report *report);

/* ---- views ------------------------------------------------------------------------------ */

#define DOCTOR_TEXT_MAX 16384u	/* enough for either, whatever is examined */

/* "user namespaces", for people; "userns" and "no_capability", for programs. */
const char *doctor_item_title(enum doctor_item item, enum lang lang);
const char *doctor_item_name(enum doctor_item item);
const char *doctor_cause_name(enum doctor_cause cause);

/* The n-th command that cures it, from 0, for a shell; false when there are not so many. */
bool doctor_cure(const struct doctor_report *report, enum doctor_item item, unsigned n,
		 enum lang lang, struct txt *out);

/* A line or more for each item and a last one that sums up, none wider than 80 columns. */
void doctor_text(struct txt *t, const struct doctor_report *report, enum lang lang);

/*
 * The same, an object a line: for each item
 *	{"type":"doctor","item":"tap","state":"ok|note|failed|untried","cause":null,"detail":null,
 *	 "errno":null,"words":"...","cures":["sudo ...",...]}
 * and last {"type":"doctor_verdict","usable":true,"carrier":"tap|veth"}, carrier null for none.
 */
void doctor_json(struct txt *t, const struct doctor_report *report, enum lang lang);

#endif
