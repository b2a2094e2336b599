#include "wirelab/stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wirelab/clock.h"
#include "wirelab/wire_clock.h"

#define FDS 1024			/* descriptors that experiments use are below */
#define CALL_MAX 96u			/* bytes of a call as text */
#define STEPS_MAX 100000u		/* frames after which a run is a storm */
#define BASE_NS (1000 * SEC_NS)		/* of virtual time: nothing begins at 0 */

struct stage {
	struct stage_config config;
	struct plan plan;
	struct network net;
	struct wire_clock clock;
	struct instant waited;		/* in real time, when the last scripted wait should have ended;
					   0: a timer has moved the clock since */
	struct capture capture[NETWORK_HOSTS];
	bool captured[NETWORK_HOSTS];
	struct host *owner[FDS];	/* whose descriptor it is; NULL: not ours */
	bool bound[FDS], stream[FDS];
	unsigned clients, first_vantage;
	uint64_t steps;
	bool disturbed;

	/* By wire and number there: what made a host send each frame, for captures elsewhere. */
	struct sent { enum cause_kind cause; char call[CALL_MAX]; } *sent[NETWORK_WIRES];
	size_t max_sent[NETWORK_WIRES];

	/* What is going on, for the frames that come of it. */
	enum cause_kind cause;
	char call[CALL_MAX];
	char now[CALL_MAX + 32];
	unsigned sent_kinds[NETWORK_HOSTS];	/* of frames sent since stage_await() began */

	jmp_buf out;
	bool playing;
	char err[256];
};

/* ---- beginning and end ------------------------------------------------------------------------ */

struct stage *stage_begin(const struct stage_config *config, char err[static 256])
{
	struct stage *st = calloc(1, sizeof(*st));

	if (!st) {
		(void)snprintf(err, 256, "out of memory");
		return NULL;
	}
	st->config = *config;
	st->plan = *config->network.plan;
	st->config.network.plan = &st->plan;
	st->clock.now.ns = BASE_NS;
	st->first_vantage = NETWORK_HOSTS;
	if (network_begin(&st->net, &st->config.network) < 0) {
		memcpy(err, st->net.err, sizeof(st->net.err));
		free(st);
		return NULL;
	}
	return st;
}

void stage_end(struct stage *st)
{
	for (int fd = 0; fd < FDS; fd++)
		if (st->owner[fd])
			(void)close(fd);
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		if (st->captured[i])
			capture_end(&st->capture[i]);
	for (unsigned i = 0; i < NETWORK_WIRES; i++)
		free(st->sent[i]);
	network_end(&st->net);
	free(st);
}

const char *stage_error(const struct stage *st)
{
	return st->err;
}

bool stage_disturbed(const struct stage *st)
{
	return st->disturbed;
}

const char *stage_now(const struct stage *st)
{
	return st->now;
}

_Noreturn void stage_fail(struct stage *st, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(st->err, sizeof(st->err), format, ap);
	va_end(ap);
	if (!st->playing)
		abort();	/* an experiment's function was called outside stage_play() */
	longjmp(st->out, 1);
}

int stage_play(struct stage *st, void (*experiment)(struct stage *st, void *arg), void *arg)
{
	int rc = setjmp(st->out);

	if (rc == 0) {
		st->playing = true;
		experiment(st, arg);
		stage_run(st);
	}
	st->playing = false;
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		if (st->captured[i])
			capture_done(&st->capture[i]);
	return rc == 0 ? 0 : -1;
}

/* ---- who is who --------------------------------------------------------------------------- */

static unsigned number_of(const struct stage *st, const struct host *h)
{
	return (unsigned)(h - st->net.host);
}

struct host *stage_host(struct stage *st, unsigned host)
{
	if (host >= NETWORK_HOSTS || !st->net.host[host].name)
		stage_fail(st, "there is no host %u in this network", host);
	return &st->net.host[host];
}

const struct plan *stage_plan(const struct stage *st)
{
	return &st->plan;
}

struct wire *stage_wire(struct stage *st, unsigned wire)
{
	if (wire >= st->net.n_wires)
		stage_fail(st, "there is no wire %u in this network", wire);
	return st->net.wire[wire];
}

unsigned from_host(const struct host *h)
{
	return WIRE_PORT(h->card[0].port);
}

struct instant stage_time(const struct stage *st)
{
	return st->clock.now;
}

struct capture *stage_capture(struct stage *st, struct host *h)
{
	unsigned i = number_of(st, h);

	if (!st->captured[i]) {
		if (capture_init(&st->capture[i], h->name) < 0)
			return NULL;
		st->captured[i] = true;
		if (st->first_vantage == NETWORK_HOSTS)
			st->first_vantage = i;
	}
	return &st->capture[i];
}

/* ---- frames and time ------------------------------------------------------------------------- */

static unsigned kinds_of(const struct passing *p)
{
	struct pkt pkt;

	pkt_dissect(&pkt, LINKTYPE_ETHERNET, p->frame, (uint32_t)p->len, (uint32_t)p->len);
	return wire_kinds(&pkt);
}

/* Who sent it is known where it was sent; who receives it looks among the cards. */
static const struct host *sender_of(const struct stage *st, const struct passing *p)
{
	if (p->sent)
		return p->host;
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		for (unsigned k = 0; k < st->net.host[i].n_cards; k++)
			if (p->len >= 12 && memcmp(st->net.host[i].card[k].mac.b, p->frame + 6, 6) == 0)
				return &st->net.host[i];
	return NULL;
}

static void remember(struct stage *st, const struct passing *p)
{
	size_t *max = &st->max_sent[p->wire];

	while (p->index >= *max) {
		size_t more = *max ? 2 * *max : 256;
		struct sent *list = realloc(st->sent[p->wire], more * sizeof(*list));
		if (!list)
			stage_fail(st, "out of memory");
		st->sent[p->wire] = list;
		*max = more;
	}
	struct sent *s = &st->sent[p->wire][p->index];
	s->cause = st->cause;
	memcpy(s->call, st->call, sizeof(s->call));
}

static void hear(void *arg, const struct passing *p)
{
	struct stage *st = arg;
	unsigned i = number_of(st, p->host);
	const struct host *sender = sender_of(st, p);

	if (p->sent) {
		st->sent_kinds[i] |= kinds_of(p);
		remember(st, p);
	}
	/* The router's captures are those of its first card. */
	if (!st->captured[i] || p->card != &p->host->card[0])
		return;
	const struct sent *why = &st->sent[p->wire][p->index];
	struct seen *s = capture_add(&st->capture[i], &(struct capture_frame){
		.data = p->frame, .caplen = (uint32_t)p->len, .wirelen = (uint32_t)p->len,
		.unix_ns = STAGE_UNIX_NS + (p->when.ns - BASE_NS),
		.direction = p->sent ? CAPW_OUTBOUND : CAPW_INBOUND,
		.cause = why->cause, .call = why->cause == CAUSE_CALL ? why->call : NULL,
		.host = sender ? sender->name : NULL, .did = p->did });
	if (!s)
		stage_fail(st, "the capture at %s: %s", p->host->name, strerror(errno));
	if (st->config.heard && i == st->first_vantage)
		st->config.heard(st->config.heard_arg, &st->capture[i], s);
}

static int collect(struct stage *st, struct host *h, enum cause_kind cause)
{
	st->cause = cause;
	int n = network_collect(&st->net, h, st->clock.now, hear, st);
	if (n < 0)
		stage_fail(st, "%s", st->net.err);
	st->steps += (uint64_t)n;
	if (st->steps > STEPS_MAX)
		stage_fail(st, "more than %u frames: the hosts do not come to rest", STEPS_MAX);
	return n;
}

/* One frame reaches its host, and what that answers goes into the wire.  False: none is on its way. */
static bool step(struct stage *st)
{
	struct instant next = network_deadline(&st->net);
	struct host *to = NULL;

	if (next.ns == INSTANT_NEVER.ns)
		return false;
	wire_clock_reach(&st->clock, next);
	int rc = network_deliver(&st->net, st->clock.now, hear, st, &to);
	if (rc < 0)
		stage_fail(st, "%s", st->net.err);
	if (rc > 0) {
		network_settle(&st->net);
		(void)collect(st, to, CAUSE_ARRIVAL);
	}
	return true;
}

void stage_run(struct stage *st)
{
	for (;;) {
		while (step(st))
			;
		network_settle(&st->net);
		if (collect(st, NULL, CAUSE_TIMER) == 0)
			return;
		/* A kernel's timer, while nobody waited for one. */
		st->disturbed = true;
	}
}

/*
 * Real time in which nothing moved, since `from`.  A timer that was set before a scripted wait has
 * run through it, so by how much the wait took too long belongs to its time.  Not so where the
 * grid is fine: there it would only spoil the times of those that were set afterwards.
 */
static uint64_t idle_time(struct stage *st, struct instant from)
{
	struct instant now = clock_now();
	uint64_t since_wait = st->waited.ns ? instant_since(st->waited, now) : 0;

	st->waited.ns = 0;
	return since_wait >= WIRE_CLOCK_LONG_NS ? since_wait : instant_since(from, now);
}

/* Waits for a kernel's timer, at most real_ns.  True when something was sent. */
static bool idle(struct stage *st, uint64_t real_ns)
{
	struct instant from = clock_now();
	int rc = network_wait(&st->net, real_ns);

	if (rc < 0 && errno != EINTR)
		stage_fail(st, "waiting: %s", strerror(errno));
	if (rc <= 0)
		return false;
	(void)wire_clock_idle(&st->clock, idle_time(st, from));
	return collect(st, NULL, CAUSE_TIMER) > 0;
}

void stage_wait(struct stage *st, uint64_t nominal_ns)
{
	struct instant from = st->clock.now, real = clock_now(), end = instant_after(real, nominal_ns);

	st->waited.ns = 0;
	stage_run(st);
	for (;;) {
		uint64_t left = instant_since(clock_now(), end);
		if (left == 0)
			break;
		if (idle(st, left))
			stage_run(st);
	}
	wire_clock_wait(&st->clock, from, nominal_ns);
	st->waited = end;
}

static bool has_sent(const struct stage *st, const struct host *h, unsigned kinds)
{
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		if ((!h || h == &st->net.host[i]) && (st->sent_kinds[i] & kinds))
			return true;
	return false;
}

void stage_await(struct stage *st, const struct host *h, unsigned kinds, uint64_t limit_ns)
{
	struct instant end = instant_after(clock_now(), limit_ns);

	stage_run(st);
	memset(st->sent_kinds, 0, sizeof(st->sent_kinds));
	while (!has_sent(st, h, kinds)) {
		uint64_t left = instant_since(clock_now(), end);
		if (left == 0)
			stage_fail(st, "%s did not send again what was waited for, in %.1f s",
				   h ? h->name : "nobody", (double)limit_ns / 1e9);
		if (idle(st, left))
			stage_run(st);
	}
}

/* ---- system calls ------------------------------------------------------------------------------ */

/* What is being called, for error messages and for the remark of what comes of it. */
__attribute__((format(printf, 3, 4)))
static void calling(struct stage *st, const struct host *h, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(st->call, sizeof(st->call), format, ap);
	va_end(ap);
	/* What is there already did not come of this call: this process was too slow. */
	if (collect(st, NULL, CAUSE_TIMER) > 0)
		st->disturbed = true;
	(void)snprintf(st->now, sizeof(st->now), "%s: %s", h->name, st->call);
}

static _Noreturn void refused(struct stage *st)
{
	stage_fail(st, "%s: %s", st->now, strerror(errno));
}

static struct host *owner_of(struct stage *st, int fd)
{
	if (fd < 0 || fd >= FDS || !st->owner[fd])
		stage_fail(st, "%d is no descriptor of any host", fd);
	return st->owner[fd];
}

static int adopt(struct stage *st, struct host *h, int fd, bool stream)
{
	if (fd >= FDS) {
		(void)close(fd);
		stage_fail(st, "%s: more than %d descriptors", h->name, FDS);
	}
	st->owner[fd] = h;
	st->bound[fd] = false;
	st->stream[fd] = stream;
	return fd;
}

/* The call was made: what it let the kernel send is in the wire now. */
static void called(struct stage *st, struct host *h)
{
	(void)collect(st, h, CAUSE_CALL);
}

static struct sockaddr_in address(const struct host *h, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	memcpy(&sin.sin_addr, h->card[0].ip.b, sizeof(sin.sin_addr));
	return sin;
}

int host_socket(struct stage *st, struct host *h, int type)
{
	calling(st, h, "socket(%s)", type == SOCK_STREAM ? "SOCK_STREAM" : "SOCK_DGRAM");
	int fd = netspace_socket(&h->space, AF_INET, type | SOCK_NONBLOCK, 0);
	if (fd < 0)
		stage_fail(st, "%s: %s", st->now, h->space.err);
	return adopt(st, h, fd, type == SOCK_STREAM);
}

void host_option(struct stage *st, int fd, int level, int name, int value)
{
	struct host *h = owner_of(st, fd);

	calling(st, h, "setsockopt(%d, %d, %d)", level, name, value);
	if (setsockopt(fd, level, name, &value, sizeof(value)) < 0)
		refused(st);
	called(st, h);
}

static void bind_at(struct stage *st, int fd, uint16_t port)
{
	struct sockaddr_in sin = address(owner_of(st, fd), port);
	int on = 1;

	/* Ports are the plan's, and a lab may use one again after it was closed. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
		refused(st);
	st->bound[fd] = true;
}

void host_bind(struct stage *st, int fd, uint16_t port)
{
	calling(st, owner_of(st, fd), "bind(%u)", port);
	bind_at(st, fd, port);
}

int host_listen(struct stage *st, struct host *h, uint16_t port)
{
	int fd = host_socket(st, h, SOCK_STREAM);

	host_bind(st, fd, port);
	calling(st, h, "listen()");
	if (listen(fd, 16) < 0)
		refused(st);
	called(st, h);
	return fd;
}

/* tcp(7) does not tell: under TCP_REPAIR a closed socket's next number can be set, and connect()
 * keeps it.  It is switched off again before anything is sent. */
static void choose_isn(struct stage *st, int fd, uint32_t isn)
{
	int on = TCP_REPAIR_ON, off = TCP_REPAIR_OFF, queue = TCP_SEND_QUEUE;

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &isn, sizeof(isn)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)) < 0)
		stage_fail(st, "%s: choosing the sequence number (TCP_REPAIR): %s", st->now,
			   strerror(errno));
}

void host_connect(struct stage *st, int fd, const struct host *to, uint16_t port)
{
	struct host *h = owner_of(st, fd);
	struct sockaddr_in sin = address(to, port);
	char ip[IP4_STRLEN];

	calling(st, h, "connect(%s:%u)", ip4_format(to->card[0].ip, ip), port);
	if (!st->bound[fd])
		bind_at(st, fd, plan_client_port(&st->plan, st->clients));
	if (st->stream[fd])
		choose_isn(st, fd, plan_initiator_isn(&st->plan, st->clients));
	st->clients++;
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 && errno != EINPROGRESS)
		refused(st);
	called(st, h);
}

int host_accept(struct stage *st, int listener)
{
	struct host *h = owner_of(st, listener);

	calling(st, h, "accept()");
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		refused(st);
	(void)adopt(st, h, fd, true);
	called(st, h);
	return fd;
}

/* What send() said; errno is its. */
static void sent(struct stage *st, int fd, ssize_t n, size_t len)
{
	if (n < 0)
		refused(st);
	if ((size_t)n != len)
		stage_fail(st, "%s: the kernel took %zd bytes only", st->now, n);
	called(st, owner_of(st, fd));
}

void host_send(struct stage *st, int fd, const void *data, size_t len)
{
	calling(st, owner_of(st, fd), "send(%zu)", len);
	sent(st, fd, send(fd, data, len, MSG_NOSIGNAL), len);
}

void host_send_fill(struct stage *st, int fd, size_t len)
{
	calling(st, owner_of(st, fd), "send(%zu)", len);
	char *data = malloc(len ? len : 1);
	if (!data)
		stage_fail(st, "%s: out of memory", st->now);
	for (size_t i = 0; i < len; i++)
		data[i] = (char)('a' + i % 26);
	ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
	int e = errno;
	/* Before anything leaves by longjmp(). */
	free(data);
	errno = e;
	sent(st, fd, n, len);
}

void host_send_to(struct stage *st, int fd, const struct host *to, uint16_t port,
		  const void *data, size_t len)
{
	struct host *h = owner_of(st, fd);
	struct sockaddr_in sin = address(to, port);
	char ip[IP4_STRLEN];

	calling(st, h, "sendto(%zu, %s:%u)", len, ip4_format(to->card[0].ip, ip), port);
	if (sendto(fd, data, len, MSG_NOSIGNAL, (struct sockaddr *)&sin, sizeof(sin)) != (ssize_t)len)
		refused(st);
	called(st, h);
}

ssize_t host_receive(struct stage *st, int fd, void *buf, size_t size)
{
	struct host *h = owner_of(st, fd);

	calling(st, h, "recv(%zu)", size);
	ssize_t n = recv(fd, buf, size, MSG_DONTWAIT);
	int e = errno;
	/* Reading may open a window, which is told. */
	called(st, h);
	errno = e;
	return n;
}

size_t host_receive_all(struct stage *st, int fd)
{
	char buf[65536];
	size_t all = 0;
	ssize_t n;

	while ((n = host_receive(st, fd, buf, sizeof(buf))) > 0)
		all += (size_t)n;
	return all;
}

void host_shutdown(struct stage *st, int fd)
{
	struct host *h = owner_of(st, fd);

	calling(st, h, "shutdown(SHUT_WR)");
	if (shutdown(fd, SHUT_WR) < 0)
		refused(st);
	called(st, h);
}

static void close_fd(struct stage *st, int fd)
{
	struct host *h = owner_of(st, fd);

	st->owner[fd] = NULL;
	(void)close(fd);
	called(st, h);
}

void host_close(struct stage *st, int fd)
{
	calling(st, owner_of(st, fd), "close()");
	close_fd(st, fd);
}

void host_abort(struct stage *st, int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	calling(st, owner_of(st, fd), "close() with SO_LINGER 0");
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) < 0)
		refused(st);
	close_fd(st, fd);
}

int host_error(struct stage *st, int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	calling(st, owner_of(st, fd), "getsockopt(SO_ERROR)");
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		refused(st);
	return error;
}

void host_sysctl(struct stage *st, struct host *h, const char *key, const char *value)
{
	calling(st, h, "sysctl(%s)", key);
	if (netspace_sysctl(&h->space, key, value) < 0)
		stage_fail(st, "%s: %s", st->now, h->space.err);
}

void host_mtu(struct stage *st, struct host *h, unsigned mtu)
{
	calling(st, h, "MTU %u", mtu);
	if (netspace_link_set_mtu(&h->space, h->card[0].ifname, mtu) < 0)
		stage_fail(st, "%s: %s", st->now, h->space.err);
}

void host_delay_acks(struct stage *st, struct host *h, bool delay)
{
	calling(st, h, "quickack %d", !delay);
	for (unsigned i = 0; i < h->n_cards; i++) {
		struct ip4 prefix = h->card[i].ip;
		prefix.b[3] = 0;
		if (netspace_route_metrics(&h->space, h->card[i].ifname, prefix, NETWORK_PREFIX,
					   &(struct netspace_metrics){
				.quickack = !delay, .window = st->config.network.window }) < 0)
			stage_fail(st, "%s: %s", st->now, h->space.err);
	}
}

struct connection stage_connect(struct stage *st, struct host *from, struct host *to, uint16_t port)
{
	int listener = host_listen(st, to, port);
	struct connection c = { .client = host_socket(st, from, SOCK_STREAM) };

	host_connect(st, c.client, to, port);
	stage_run(st);
	c.server = host_accept(st, listener);
	/* The connection has a socket of its own: nobody else is expected at the listener. */
	host_close(st, listener);
	stage_run(st);
	return c;
}
