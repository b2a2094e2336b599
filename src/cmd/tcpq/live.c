/* -i: frames as they pass, and connections told as they close. */
#include "tcpq.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "wirelab/link_live.h"
#include "wirelab/privs.h"

static int status_of(int error)
{
	switch (error) {
	case EPERM: return EXIT_NOT_PERMITTED;
	case ENODEV: return EXIT_USAGE;
	default: return EXIT_LINK_GONE;
	}
}

/* A signal between looking at the flag and poll() must not be slept over, so they are
 * blocked but for the time of ppoll(). */
static void wait_for_frames(struct live *l, const sigset_t *unblocked)
{
	struct pollfd fd = { .fd = live_fd(l), .events = POLLIN };
	int ms = live_timeout_ms(l);
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	(void)fflush(stdout);
	(void)ppoll(&fd, 1, ms < 0 ? NULL : &ts, unblocked);
}

static void say_drops(struct live *l)
{
	struct live_stats stats;

	if (live_stats(l, &stats) && stats.dropped_kernel + stats.dropped_interface > 0)
		complain("%llu frames were lost by the capture: %llu in the kernel, %llu at the"
			 " interface",
			 (unsigned long long)(stats.dropped_kernel + stats.dropped_interface),
			 (unsigned long long)stats.dropped_kernel,
			 (unsigned long long)stats.dropped_interface);
}

static bool is_enough(const struct tcpq *q)
{
	return interrupted() || ferror(stdout) ||
	       (q->opt->count && q->frames == q->opt->count);
}

static void listen_to(struct tcpq *q, struct live *l)
{
	struct capr_record rec;
	sigset_t ours, before;

	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &ours, &before);
	while (!is_enough(q)) {
		switch (live_next(l, &rec)) {
		case LIVE_FRAME: hear_record(q, &rec); break;
		case LIVE_NONE: wait_for_frames(l, &before); break;
		case LIVE_WENT_DOWN: complain("%s was switched off", q->opt->ifname); break;
		case LIVE_CAME_BACK: complain("%s is on again", q->opt->ifname); break;
		case LIVE_GONE:
		case LIVE_FAILED:
			complain("%s", live_why(l));
			worst(q, EXIT_LINK_GONE);
			(void)sigprocmask(SIG_SETMASK, &before, NULL);
			return;
		}
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

int read_interface(const struct options *opt)
{
	struct tcpq q = { .opt = opt, .path = opt->ifname, .live = true };
	char err[256];
	struct live *l = live_open(&(struct live_options){ .ifname = opt->ifname,
							   .snaplen = opt->snaplen,
							   .promiscuous = opt->promiscuous }, err);

	if (!l) {
		complain("%s", err);
		return status_of(errno);
	}
	if (*live_warning(l))
		complain("%s", live_warning(l));
	catch_signals();
	/* -w's file is opened before: it may be one that only root may write. */
	if (!session_begin(&q))
		return q.status;
	if (privs_drop(err) != 0) {
		complain("%s", err);
		return EXIT_NOT_PERMITTED;
	}
	if (opt->filter && !live_filter(l, opt->filter, err)) {
		complain_foreign(err);
		return EXIT_USAGE;
	}
	listen_to(&q, l);
	say_drops(l);
	session_end(&q, "");
	live_close(l);
	return q.status;
}
