/* -i: frames as they pass, and connections told as they close. */
#include "tcpq.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "wirelab/clock.h"
#include "wirelab/link_live.h"
#include "wirelab/privs.h"

/* Where traffic never pauses, lines wait for so many frames at most. */
#define FRAMES_UNTOLD 64u

static int status_of(int error)
{
	switch (error) {
	case EPERM: return EXIT_NOT_PERMITTED;
	case ENODEV: return EXIT_USAGE;
	default: return EXIT_LINK_GONE;
	}
}

/*
 * A signal between looking at the flag and poll() must not be slept over, so they are
 * blocked here but for the time of ppoll().  Only here: while frames keep coming we never
 * wait, and writing may wait for a reader.
 */
static void wait_for_frames(struct live *l)
{
	/* Asked for no event, a pipe still says when its reader has gone. */
	struct pollfd fd[] = { { .fd = live_fd(l), .events = POLLIN }, { .fd = STDOUT_FILENO } };
	int ms = live_timeout_ms(l);
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	sigset_t ours, before;

	flush_output();
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &ours, &before);
	if (!interrupted() && ppoll(fd, 2, ms < 0 ? NULL : &ts, &before) > 0 && fd[1].revents)
		output_is_lost(EPIPE);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
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

static bool had_enough(const struct tcpq *q)
{
	return !output_is_well() || (q->opt->count && q->frames == q->opt->count);
}

static void hear_frame(struct tcpq *q, const struct capr_record *rec)
{
	hear_record(q, rec);
	if (q->frames % FRAMES_UNTOLD == 0)
		flush_output();
}

/* A frame waits in the kernel for LIVE_DELAY_MS.  What passed before the signal is told, too. */
static void hear_what_had_passed(struct tcpq *q, struct live *l)
{
	uint64_t signalled = clock_unix_ns();
	struct instant deadline = instant_after(clock_now(), 3 * LIVE_DELAY_MS * MSEC_NS);
	struct capr_record rec;

	while (!had_enough(q) && instant_since(clock_now(), deadline) > 0) {
		enum live_news news = live_next(l, &rec);
		if (news == LIVE_NONE)
			(void)poll(&(struct pollfd){ .fd = live_fd(l), .events = POLLIN }, 1,
				   LIVE_DELAY_MS);
		else if (news == LIVE_FRAME && rec.unix_ns <= signalled)
			hear_frame(q, &rec);
		else
			return;
	}
}

static void listen_to(struct tcpq *q, struct live *l)
{
	struct capr_record rec;

	while (!interrupted() && !had_enough(q)) {
		switch (live_next(l, &rec)) {
		case LIVE_FRAME: hear_frame(q, &rec); break;
		case LIVE_NONE: wait_for_frames(l); break;
		case LIVE_WENT_DOWN: complain("%s was switched off", q->opt->ifname); break;
		case LIVE_CAME_BACK: complain("%s is on again", q->opt->ifname); break;
		case LIVE_GONE:
		case LIVE_FAILED:
			complain("%s", live_why(l));
			worst(q, EXIT_LINK_GONE);
			return;
		}
	}
	if (interrupted())
		hear_what_had_passed(q, l);
}

/* Gives up every privilege; false: it said why not, and q->status. */
static bool prepare(struct tcpq *q, struct live *l)
{
	char err[256];

	/* Before that, for it may be a file that only root may write. */
	if (q->opt->write && !write_open(q))
		return false;
	if (privs_drop(err) != 0) {
		complain("%s", err);
		worst(q, EXIT_NOT_PERMITTED);
	} else if (q->opt->filter && !live_filter(l, q->opt->filter, err)) {
		complain("%s", err);
		worst(q, EXIT_USAGE);
	} else {
		return session_begin(q);
	}
	write_forget(q);
	return false;
}

/* A closed descriptor 0..2 would be the capture's, and the table would go out on the wire. */
static bool descriptors_are_open(void)
{
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		output_is_lost(errno);
		return false;
	}
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	return true;
}

int read_interface(const struct options *opt)
{
	struct tcpq q = { .opt = opt, .path = opt->ifname, .live = true };
	char err[256];

	if (!descriptors_are_open())
		return EXIT_OUTPUT_LOST;
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
	if (prepare(&q, l)) {
		if (isatty(STDERR_FILENO))
			complain("listening on %s", opt->ifname);
		listen_to(&q, l);
		say_drops(l);
		session_end(&q, "");
	}
	live_close(l);
	return q.status;
}
