/*
 * A shell on a host, with the wire in real time.
 *
 * The first shell of a lab and seed makes the network and carries its frames.  Further ones, from
 * other terminals of the same user, ask it for a host's namespaces, over a socket whose name is
 * abstract: it is no file, and gone with its owner.
 */
#include "wirelab.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wirelab/clock.h"
#include "wirelab/privs.h"

#define PROPAGATION_NS (10 * MSEC_NS)	/* one way: slow enough to see what waits for an ACK */
#define GUESTS 16u
#define NOT_A_HOST 'n'

struct shell {
	const struct options *opt;
	const struct lesson *lesson;
	struct network net;
	int door;			/* where others ask; -1: none */
	int guest[GUESTS];		/* connections of those inside; -1 */
	int user_ns;
	pid_t child;
};

/* ---- inside the host ------------------------------------------------------------------------ */

/*
 * /sys of this network, and /etc/hosts with the hosts' names.  The names' file lies on a tmpfs that
 * is then covered by the new /sys.  All of this is comfort: what cannot be had is done without.
 */
static void furnish(const struct lesson *l)
{
	char ip[IP4_STRLEN];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return;
	if (mount("tmpfs", "/sys", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755") < 0)
		return;
	FILE *f = fopen("/sys/hosts", "we");
	if (f) {
		(void)fputs("127.0.0.1 localhost\n", f);
		for (unsigned net = 0; net < NETWORK_WIRES; net++)
			for (unsigned i = 0; i < NETWORK_HOSTS; i++)
				if (topology_has(l->lab->topology, net, i))
					(void)fprintf(f, "%s %s\n",
						      ip4_format(plan_ip(&l->plan, net, i), ip),
						      network_names[i]);
		(void)fclose(f);
		(void)mount("/sys/hosts", "/etc/hosts", NULL, MS_BIND, NULL);
	}
	(void)mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* bash's start: the user's own, then what tells where one is.  Real root's tcpdump becomes another user,
 * who may not write its file here. */
static int write_rc(const struct lesson *l, const char *host)
{
	char text[512], name[LAB_NAME_MAX];
	int fd = memfd_create("wirelab", 0);	/* the shell inherits it */
	int len = snprintf(text, sizeof(text),
			   "[ -r ~/.bashrc ] && . ~/.bashrc\n"
			   "PS1='%s (%s)\\$ '\n"
			   "[ \"$(id -u)\" != 0 ] || tcpdump() { command tcpdump -Z root \"$@\"; }\n",
			   host, lab_name(l->lab, name));

	if (fd >= 0 && write(fd, text, (size_t)len) != len) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static _Noreturn void become_shell(const struct lesson *l, const char *host, char **argv)
{
	char rc[64], prompt[96];

	furnish(l);
	/* In a user namespace of our own; root needs nothing handed on. */
	if (geteuid() != 0 && privs_hand_on() < 0)
		complain("programs here may not use the network's devices: %s", strerror(errno));
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	if (*argv) {
		(void)execvp(*argv, argv);
		complain("%s: %s", *argv, strerror(errno));
		_exit(127);
	}
	int fd = write_rc(l, host);
	(void)snprintf(rc, sizeof(rc), "/proc/self/fd/%d", fd);
	if (fd >= 0)
		(void)execlp("bash", "bash", "--rcfile", rc, "-i", (char *)NULL);
	(void)snprintf(prompt, sizeof(prompt), "%s$ ", host);
	(void)setenv("PS1", prompt, 1);
	(void)execlp("sh", "sh", "-i", (char *)NULL);
	complain("sh: %s", strerror(errno));
	_exit(127);
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The terminal's keys are for the shell; this process ends after it. */
static void leave_keys_alone(void)
{
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
}

/* ---- the door --------------------------------------------------------------------------------- */

static socklen_t door_name(const struct lesson *l, struct sockaddr_un *sun)
{
	char name[LAB_NAME_MAX];

	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int n = snprintf(sun->sun_path + 1, sizeof(sun->sun_path) - 1, "wirelab/%u/%.20s/%s", getuid(),
			 lab_name(l->lab, name), l->plan.seed);
	size_t len = (size_t)n < sizeof(sun->sun_path) - 1 ? (size_t)n : sizeof(sun->sun_path) - 2;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

/* One message with two descriptors: the user and the network namespace. */
static bool hand_over(int fd, int user_ns, int net_ns)
{
	union { struct cmsghdr align; char buf[CMSG_SPACE(2 * sizeof(int))]; } u = { 0 };
	char yes = 'y';
	struct iovec iov = { &yes, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.buf,
			      .msg_controllen = sizeof(u.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fds[2] = { user_ns, net_ns };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == 1;
}

static bool receive(int fd, int out[2])
{
	union { struct cmsghdr align; char buf[CMSG_SPACE(2 * sizeof(int))]; } u = { 0 };
	char answer = 0;
	struct iovec iov = { &answer, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.buf,
			      .msg_controllen = sizeof(u.buf) };

	if (recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) != 1 || answer != 'y')
		return false;
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(2 * sizeof(int)))
		return false;
	memcpy(out, CMSG_DATA(c), 2 * sizeof(int));
	return true;
}

/* Only the same user is let in. */
static bool is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	/* In our user namespace that user is root, as we are. */
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == getuid();
}

static void let_in(struct shell *sh)
{
	char name[32] = "";
	int fd = accept4(sh->door, NULL, NULL, SOCK_CLOEXEC);
	unsigned i = 0;

	while (i < GUESTS && sh->guest[i] >= 0)
		i++;
	/* Whoever connects sends a name at once: it is short, and there already. */
	ssize_t n = fd >= 0 && i < GUESTS && is_ours(fd) ?
			    recv(fd, name, sizeof(name) - 1, 0) : -1;
	struct host *h = n > 0 ? network_host(&sh->net, name) : NULL;
	if (h && hand_over(fd, sh->user_ns, h->space.ns)) {
		sh->guest[i] = fd;
		return;
	}
	if (n > 0)
		(void)!send(fd, &(char){ NOT_A_HOST }, 1, MSG_NOSIGNAL);
	if (fd >= 0)
		(void)close(fd);
}

/* ---- the wire in real time -------------------------------------------------------------------- */

static void carry(struct shell *sh)
{
	struct instant now = clock_now();
	struct host *to;

	if (network_collect(&sh->net, NULL, now, NULL, NULL) < 0 && errno != ENOBUFS &&
	    errno != EMSGSIZE)
		return;
	while (network_deliver(&sh->net, now, NULL, NULL, &to) > 0)
		(void)network_collect(&sh->net, to, now, NULL, NULL);
}

static unsigned fill_fds(const struct shell *sh, struct pollfd *fd)
{
	unsigned n = 0;

	fd[n++] = (struct pollfd){ .fd = sh->door, .events = POLLIN };
	for (unsigned i = 0; i < GUESTS; i++)
		fd[n++] = (struct pollfd){ .fd = sh->guest[i], .events = POLLIN };
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		for (unsigned k = 0; k < sh->net.host[i].n_cards; k++)
			fd[n++] = (struct pollfd){
				.fd = carrier_fd(sh->net.host[i].card[k].carrier),
				.events = POLLIN };
	return n;
}

/* Those whose shell has ended have closed their connection. */
static unsigned count_guests(struct shell *sh, const struct pollfd *fd)
{
	unsigned n = 0;

	for (unsigned i = 0; i < GUESTS; i++) {
		if (sh->guest[i] >= 0 && fd && (fd[1 + i].revents & (POLLIN | POLLHUP | POLLERR))) {
			(void)close(sh->guest[i]);
			sh->guest[i] = -1;
		}
		n += sh->guest[i] >= 0;
	}
	return n;
}

/* At most a tenth of a second, so that the end of the shell is noticed soon. */
static void turn(struct shell *sh)
{
	struct pollfd fd[1 + GUESTS + NETWORK_HOSTS * NETWORK_CARDS];
	uint64_t left = instant_since(clock_now(), network_deadline(&sh->net)), most = 100 * MSEC_NS;
	uint64_t wait = left < most ? left : most;
	unsigned n = fill_fds(sh, fd);

	if (ppoll(fd, n, &(struct timespec){ .tv_nsec = (long)wait }, NULL) > 0) {
		if (fd[0].revents & POLLIN)
			let_in(sh);
		(void)count_guests(sh, fd);
	}
	carry(sh);
}

static int carry_until_all_have_left(struct shell *sh)
{
	int status = 0;
	bool told = false;

	while (sh->child > 0 || count_guests(sh, NULL) > 0) {
		turn(sh);
		if (sh->child > 0 && waitpid(sh->child, &status, WNOHANG) == sh->child)
			sh->child = 0;
		if (sh->child == 0 && count_guests(sh, NULL) > 0 && !told) {
			complain("other shells are on this network still; it ends with the last");
			told = true;
		}
	}
	return status_of(status);
}

/* ---- the first shell, and the others ------------------------------------------------------------ */

static int open_door(const struct lesson *l)
{
	struct sockaddr_un sun;
	socklen_t len = door_name(l, &sun);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (bind(fd, (struct sockaddr *)&sun, len) < 0 || listen(fd, 8) < 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool make_network(struct shell *sh)
{
	const struct lab *lab = sh->lesson->lab;
	struct network_config config = { .topology = lab->topology, .plan = &sh->lesson->plan,
					 .asks = true, .delays_acks = true,
					 .bits_per_s = LAB_BITS_PER_S,
					 .propagation_ns = PROPAGATION_NS };

	if (choose_carrier(sh->opt, &config.carrier) < 0)
		return false;
	if (lab->configure)
		lab->configure(&config, sh->lesson);
	if (network_begin(&sh->net, &config) == 0)
		return true;
	complain("%s", sh->net.err);
	return false;
}

static int first_shell(struct shell *sh, const char *host, char **argv)
{
	sh->door = open_door(sh->lesson);
	if (!leave_the_machine())
		return EXIT_NOT_PERMITTED;
	sh->user_ns = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	if (!make_network(sh))
		return EXIT_NOT_PERMITTED;
	struct host *h = network_host(&sh->net, host);
	if (!h) {
		complain("there is no host \"%s\" in lab %02u", host, sh->lesson->lab->nr);
		return EXIT_USAGE;
	}
	leave_keys_alone();
	(void)fflush(stdout);
	sh->child = fork();
	if (sh->child == 0) {
		/* A shell without its wire would hang at the first packet. */
		(void)prctl(PR_SET_PDEATHSIG, SIGHUP);
		if (netspace_stay(&h->space) < 0)
			_exit(EXIT_NOT_PERMITTED);
		become_shell(sh->lesson, host, argv);
	}
	if (sh->child < 0) {
		complain("fork: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return carry_until_all_have_left(sh);
}

/* A host of the network that somebody else carries. */
static int join(const struct options *opt, const struct lesson *l, int fd, const char *host,
		char **argv)
{
	int ns[2], status = 0;

	(void)opt;
	if (send(fd, host, strlen(host), MSG_NOSIGNAL) < 0 || !receive(fd, ns)) {
		complain("there is no host \"%s\" in lab %02u, or nobody may join it", host,
			 l->lab->nr);
		return EXIT_USAGE;
	}
	leave_keys_alone();
	(void)fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGHUP);
		/* Root that made no user namespace is in that one already: EINVAL. */
		if (setns(ns[0], CLONE_NEWUSER) < 0 && errno != EINVAL)
			complain("entering the lab's user namespace: %s", strerror(errno));
		if (setns(ns[1], CLONE_NEWNET) < 0) {
			complain("entering %s: %s", host, strerror(errno));
			_exit(EXIT_NOT_PERMITTED);
		}
		become_shell(l, host, argv);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 ? status_of(status) : EXIT_FAILED;
}

int shell_on(const struct options *opt, const struct lesson *l, const char *host, char **argv)
{
	struct shell sh = { .opt = opt, .lesson = l, .door = -1, .user_ns = -1 };
	struct sockaddr_un sun;
	socklen_t len = door_name(l, &sun);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), status;

	for (unsigned i = 0; i < GUESTS; i++)
		sh.guest[i] = -1;
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sun, len) == 0) {
		status = join(opt, l, fd, host, argv);
	} else {
		status = first_shell(&sh, host, argv);
		if (sh.net.frame)
			network_end(&sh.net);
	}
	if (fd >= 0)
		(void)close(fd);
	return status;
}
