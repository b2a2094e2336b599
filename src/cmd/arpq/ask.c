/* ask.c - one address or several: the resolver, on a real link */
#include "arpq.h"

#include <errno.h>
#include <stdlib.h>

/* Of the kernel's memory, and only while it is full: under a flood of a million frames a
 * second it holds 20 ms of them, so that the right answer outlasts a busy scheduler. */
#define ASK_RCVBUF ((size_t)16 << 20)
#define OTHERS_MAX 4u		/* owners of one address that are named; more are counted */

struct question {
	struct ip4 ip;
	struct port *port;
	bool open;			/* asked on the wire, and no answer yet */
	struct cache_entry held;	/* what the cache file had, though not fresh */
	bool has_held;
	struct mac mac;			/* the answer */
	struct mac other[OTHERS_MAX];
	unsigned n_others;
	uint64_t more_others;
	unsigned requests;
	struct instant since;		/* when it was opened */
};

struct asking {
	struct arpq *a;
	struct port *port;
	struct arpres **res;		/* of each port; NULL: nothing to ask there */
	size_t n_ports, max_ports;
	struct question *q;
	size_t n_q;
	size_t n_open;
	bool unanswered;
	struct instant listen_until;	/* for a second owner */
};

/* ---- before anything is sent ------------------------------------------------------------ */

/* The port for a target; those that share interface and source share a port. */
static int choose_port(struct asking *k, struct question *q)
{
	struct port p;
	int status = port_find(k->a, q->ip, &p);

	if (status)
		return status;
	for (size_t i = 0; i < k->n_ports; i++)
		if (k->port[i].iface.ifindex == p.iface.ifindex && k->port[i].local == p.local &&
		    ip4_equal(k->port[i].self.ip, p.self.ip)) {
			q->port = &k->port[i];
			return EXIT_DONE;
		}
	if (k->n_ports == k->max_ports) {
		complain("the addresses lie on more than %u interfaces: ask in parts", PORTS_MAX);
		return EXIT_USAGE;
	}
	k->port[k->n_ports] = p;
	q->port = &k->port[k->n_ports++];
	return EXIT_DONE;
}

static struct arp_result result_for(const struct question *q)
{
	return (struct arp_result){ .ip = q->ip, .ifname = q->port->iface.name,
				    .vlan = q->port->self.vlan };
}

/* One of our own addresses: the interface that has it knows the MAC. */
static bool answer_own(struct arpq *a, struct question *q)
{
	struct arp_result r = result_for(q);
	struct netif_addr addr[64];
	struct netif iface = q->port->iface;
	int n = netctl_addresses(a->net, 0, addr, 64);

	for (int i = 0; i < n && i < 64; i++)
		if (ip4_equal(addr[i].ip, q->ip) &&
		    netctl_link(a->net, addr[i].ifindex, &iface) == 0)
			break;
	r.source = ARP_FROM_OWN;
	r.mac = iface.mac;
	r.ifname = iface.name;
	say_result(a, &r);
	return true;
}

/* Is what the cache file says good enough to answer with? */
static bool usable(const struct arpq *a, const struct cache_entry *e)
{
	uint64_t age = instant_since(e->confirmed, a->now);

	if (e->state == CACHE_CONTESTED || instant_reached(a->now, e->expires))
		return false;
	return e->state == CACHE_FAILED || age < a->opt->ttl_ns;
}

static bool answer_from(struct asking *k, struct question *q, const struct cache_entry *e)
{
	struct arp_result r = result_for(q);
	bool found = e->state == CACHE_KNOWN;

	if (!usable(k->a, e))
		return false;
	r.source = ARP_FROM_CACHE;
	r.outcome = found ? ARP_FOUND : ARP_STILL_SILENT;
	r.mac = q->mac = e->mac;
	r.age_ns = instant_since(e->confirmed, k->a->now);
	r.left_ns = instant_since(k->a->now, e->expires);
	if (found && e->confirmed.ns + k->a->opt->ttl_ns < e->expires.ns)
		r.left_ns = k->a->opt->ttl_ns - r.age_ns;
	k->unanswered = k->unanswered || !found;
	say_result(k->a, &r);
	return true;
}

static bool answer_from_cache(struct asking *k, struct question *q)
{
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	bool found;

	if (k->a->opt->fresh)
		return false;
	q->has_held = recall(k->a, q->port, q->ip, &q->held);
	found = q->has_held && answer_from(k, q, &q->held);
	txt_str(&t, "ask    ");
	txt_ip(&t, q->ip);
	txt_str(&t, found ? ": the cache knows, so no frame is sent"
		    : q->has_held ? ": the cache has an entry, but it has expired (RFC 1122 2.3.2.1)"
				  : ": the cache knows nothing");
	trace(k->a, &t);
	return found;
}

/* ---- opening ---------------------------------------------------------------------------- */

static void seed(const struct question *q, struct arp_cache *cache)
{
	struct arp_entry e = { .ip = q->ip, .mac = q->held.mac, .since = q->held.confirmed,
			       .state = q->held.how == CACHE_WATCHED ? ARP_UNVERIFIED : ARP_MAPPED };

	if (q->has_held && q->held.state == CACHE_KNOWN)
		(void)arp_cache_put(cache, &e, NULL);
}

/* A resolver for the open questions of one port. */
static int open_resolver(struct asking *k, size_t port)
{
	struct arpres_config config = resolver_config(k->a->opt, &k->port[port].self);
	struct arp_cache *cache;
	uint8_t secret[16];
	size_t n = 0;

	for (size_t i = 0; i < k->n_q; i++)
		n += k->q[i].open && k->q[i].port == &k->port[port];
	if (n == 0)
		return EXIT_DONE;
	random_bytes(secret, sizeof(secret));
	cache = arp_cache_init(zeroed(arp_cache_size(n)), arp_cache_size(n), n, secret,
			       (struct instant){ 0 });
	k->res[port] = arpres_init(zeroed(arpres_size(n)), arpres_size(n), n, &config, secret, cache);
	for (size_t i = 0; i < k->n_q; i++) {
		struct question *q = &k->q[i];
		if (!q->open || q->port != &k->port[port])
			continue;
		seed(q, cache);
		q->since = k->a->now;
		(void)arpres_ask(k->res[port], k->a->now, q->ip, ARPRES_ANEW, NULL);
	}
	return port_open(k->a, &k->port[port], ASK_RCVBUF);
}

/* ---- while questions are open ----------------------------------------------------------- */

static struct question *question_for(struct asking *k, size_t port, struct ip4 ip)
{
	for (size_t i = 0; i < k->n_q; i++)
		if (ip4_equal(k->q[i].ip, ip) && k->q[i].port == &k->port[port])
			return &k->q[i];
	return NULL;
}

static void close_question(struct asking *k, struct question *q)
{
	if (q->open)
		k->n_open--;
	q->open = false;
}

static void say_silence(struct asking *k, struct question *q)
{
	struct arp_result r = result_for(q);

	r.outcome = ARP_SILENT;
	r.requests = q->requests;
	r.waited_ns = instant_since(q->since, k->a->now);
	say_result(k->a, &r);
	k->unanswered = true;
	close_question(k, q);
}

static void gave_up(struct asking *k, struct question *q)
{
	struct arp_entry e = { .ip = q->ip, .state = ARP_FAILED, .since = k->a->now };

	learn(k->a, q->port, &e, CACHE_REPLY);
	say_silence(k, q);
}

/* Less than a second ago somebody asked, as a rule another run: it may have the answer by now. */
static void wait_our_turn(struct asking *k, size_t port, struct question *q, struct instant until)
{
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	struct cache_entry e;
	struct arp_entry known = { .ip = q->ip, .state = ARP_MAPPED };

	if (!k->a->opt->fresh && recall(k->a, q->port, q->ip, &e) && answer_from(k, q, &e)) {
		known.mac = e.mac;
		known.since = e.confirmed;
		known.state = e.state == CACHE_FAILED ? ARP_FAILED : ARP_MAPPED;
		arpres_settle(k->res[port], k->a->now, &known);
		close_question(k, q);
		return;
	}
	txt_str(&t, "wait   ");
	txt_ip(&t, q->ip);
	txt_str(&t, " was asked less than a second ago (RFC 1122 2.3.2.1)");
	trace(k->a, &t);
	arpres_postpone(k->res[port], q->ip, until);
}

static int send_request(struct asking *k, size_t port, struct question *q,
			const struct arpres_step *s)
{
	char buf[ARP_VIEW_LINE], remark_buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf)), r = txt_over(remark_buf, sizeof(remark_buf));
	unsigned tries = k->a->opt->count ? k->a->opt->count : ARPQ_TRIES;
	struct port *p = &k->port[port];
	struct instant until;

	if (!may_ask(k->a, p, s->ip, &until)) {
		wait_our_turn(k, port, q, until);
		return EXIT_DONE;
	}
	ask_frame_patch(&p->frame, s->eth.dst, s->ip);
	arp_view_remark_sent(&r, s, tries);
	if (port_send(k->a, p, p->frame.bytes, p->frame.len, r.buf)) {
		did_ask(k->a, p, &s->ip, 1);
		q->requests = s->try;
		arp_view_step(&t, s, tries);
		trace(k->a, &t);
		return EXIT_DONE;
	}
	did_not_ask(k->a, p, s->ip);
	if (errno != ENOBUFS && errno != EAGAIN)
		return link_lost(p, errno);
	/* The card's queue is full; that passes. */
	arpres_postpone(k->res[port], s->ip, instant_after(k->a->now, 10 * MSEC_NS));
	return EXIT_DONE;
}

static int do_what_is_due(struct asking *k, size_t port)
{
	struct arpres_step s;
	int status = EXIT_DONE;

	while (!status && arpres_next(k->res[port], k->a->now, &s)) {
		struct question *q = question_for(k, port, s.ip);
		char buf[ARP_VIEW_LINE];
		struct txt t = txt_over(buf, sizeof(buf));
		if (!q)
			continue;
		if (s.kind == ARPRES_SEND) {
			status = send_request(k, port, q, &s);
			continue;
		}
		arp_view_step(&t, &s, s.try);
		trace(k->a, &t);
		gave_up(k, q);
	}
	return status;
}

static void resolved(struct asking *k, struct question *q, const struct arpres_heard *h)
{
	struct arp_result r = result_for(q);
	struct arp_entry e = { .ip = q->ip, .mac = h->mac, .state = ARP_MAPPED, .since = k->a->now };
	uint64_t listen = k->a->opt->listen_ns;

	r.mac = q->mac = h->mac;
	r.rtt_ns = h->rtt_ns;
	r.requests = h->tries;
	r.has_former = (h->effect & ARPRES_CHANGED) != 0;
	r.former = h->other_mac;
	say_result(k->a, &r);
	learn(k->a, q->port, &e, CACHE_REPLY);
	close_question(k, q);
	/* As long again as the answer took: a second owner on the same link is hardly slower. */
	if (listen == UINT64_MAX)
		listen = h->rtt_ns * 2 > MSEC_NS / 5 ? h->rtt_ns * 2 : MSEC_NS / 5;
	k->listen_until = instant_later(k->listen_until, instant_after(k->a->now, listen));
}

static void conflict(struct asking *k, struct question *q, struct mac other)
{
	struct arp_entry e = { .ip = q->ip, .mac = q->mac, .state = ARP_CONTESTED,
			       .since = k->a->now };

	for (unsigned i = 0; i < q->n_others; i++)
		if (mac_equal(q->other[i], other))
			return;
	if (q->n_others == OTHERS_MAX) {
		q->more_others++;
		return;
	}
	q->other[q->n_others++] = other;
	say_conflict(k->a, q->port, q->ip, q->mac, other);
	learn(k->a, q->port, &e, CACHE_REPLY);
}

static void hear(struct asking *k, size_t port, const struct link_frame *f)
{
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	struct arp_frame frame;
	struct arpres_heard h;
	struct question *q;

	arp_frame_parse(f->data, f->caplen, &frame);
	h = arpres_hear(k->res[port], k->a->now, &frame);
	q = question_for(k, port, h.ip);
	take_note(k->a, h.finding, h.ip, q && !h.effect);
	if (k->a->capture_file) {
		arp_view_remark_heard(&t, &h, &frame);
		capture_heard(k->a, &k->port[port], f, t.buf);
	}
	if (k->a->opt->trace) {
		t = txt_over(buf, sizeof(buf));
		arp_view_heard(&t, &h, &frame);
		trace(k->a, &t);
	}
	if (q && h.effect & ARPRES_RESOLVED)
		resolved(k, q, &h);
	/* Two that claim the address while nobody has answered: neither is believed, so
	 * neither is shown; an answer will be shown with the claim that contradicts it. */
	if (h.effect & ARPRES_CONFLICT)
		k->a->conflict = true;
	if (q && h.effect & ARPRES_CONFLICT && !mac_is_zero(q->mac))
		conflict(k, q, mac_equal(h.mac, q->mac) ? h.other_mac : h.mac);
}

struct hearing { struct asking *k; size_t port; };

static void hear_on(void *part, const struct link_frame *f)
{
	const struct hearing *h = part;

	hear(h->k, h->port, f);
}

static int hear_all(struct asking *k, size_t port)
{
	struct hearing h = { k, port };

	/* A single question touches no more memory than it needs. */
	if (port_hear(&k->port[port], k->n_q < 8 ? 8 : LINK_BATCH, hear_on, &h) < 0)
		return link_lost(&k->port[port], errno);
	return EXIT_DONE;
}

/* One round over all ports: wait, hear, do what is due. */
static int do_round(struct asking *k, struct instant limit)
{
	struct instant deadline = limit;
	int status;

	for (size_t i = 0; i < k->n_ports; i++)
		if (k->n_open)
			deadline = instant_earlier(deadline, arpres_deadline(k->res[i]));
	status = port_wait(k->a, k->port, k->n_ports, deadline);
	for (size_t i = 0; !status && i < k->n_ports; i++) {
		status = hear_all(k, i);
		if (!status && k->n_open && !instant_reached(k->a->now, limit))
			status = do_what_is_due(k, i);
	}
	return status;
}

/* Ports that nothing is asked on are not opened, and not waited for. */
static void keep_open_ports(struct asking *k)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->n_ports; i++) {
		if (!k->res[i])
			continue;
		for (size_t j = 0; j < k->n_q && i != kept; j++)
			if (k->q[j].port == &k->port[i])
				k->q[j].port = &k->port[kept];
		if (i != kept) {
			k->port[kept] = k->port[i];
			k->res[kept] = k->res[i];
		}
		kept++;
	}
	k->n_ports = kept;
}

static int ask_the_wire(struct asking *k)
{
	struct arpq *a = k->a;
	struct instant limit = INSTANT_NEVER;
	int status = EXIT_DONE;

	for (size_t i = 0; !status && i < k->n_ports; i++)
		status = open_resolver(k, i);
	if (!status)
		status = drop_privileges();
	keep_open_ports(k);
	a->now = clock_now();
	/* Counted from the first question: a slow start is not the other host's silence. */
	if (a->opt->timeout_ns)
		limit = instant_after(a->now, a->opt->timeout_ns);
	for (size_t i = 0; !status && i < k->n_ports; i++)
		status = do_what_is_due(k, i);
	while (!status && k->n_open && !interrupted() && !instant_reached(a->now, limit) &&
	       flush_output(a))
		status = do_round(k, limit);
	for (size_t i = 0; !status && i < k->n_q; i++)
		if (k->q[i].open)
			say_silence(k, &k->q[i]);
	(void)flush_output(a);
	/* Saving takes the time that a second owner needs to speak up. */
	save_learned(a);
	while (!status && !interrupted() && !instant_reached(a->now, k->listen_until))
		status = do_round(k, k->listen_until);
	for (size_t i = 0; i < k->n_ports; i++)
		port_close(&k->port[i]);
	return status;
}

static int prepare(struct asking *k)
{
	int status = EXIT_DONE, worst = EXIT_DONE;

	for (size_t i = 0; i < k->n_q; i++) {
		struct question *q = &k->q[i];
		status = choose_port(k, q);
		if (status > EXIT_NO_ANSWER)
			return status;
		/* Of several addresses one may have no route; the others are asked all the same. */
		if (status) {
			worst = status;
			q->port = NULL;
			continue;
		}
		if ((q->port->local && answer_own(k->a, q)) || answer_from_cache(k, q))
			continue;
		q->open = true;
		k->n_open++;
	}
	k->unanswered = k->unanswered || worst == EXIT_NO_ANSWER;
	return EXIT_DONE;
}

int ask(struct arpq *a)
{
	struct asking k = { .a = a, .n_q = a->opt->n_ranges };
	bool agrees = true;
	int status;

	k.max_ports = k.n_q < PORTS_MAX ? k.n_q : PORTS_MAX;
	k.q = calloc(k.n_q, sizeof(*k.q));
	k.port = calloc(k.max_ports, sizeof(*k.port));
	k.res = calloc(k.max_ports, sizeof(struct arpres *));
	if (!k.q || !k.port || !k.res) {
		complain("out of memory");
		return EXIT_NO_ANSWER;
	}
	for (size_t i = 0; i < k.n_q; i++)
		k.q[i].ip = ip4_from_number(a->opt->range[i].first);
	status = prepare(&k);
	if (!status && k.n_open)
		status = ask_the_wire(&k);
	for (size_t i = 0; i < k.n_q; i++) {
		struct question *q = &k.q[i];
		if (!status && a->opt->kernel && q->port && !q->port->local)
			agrees = kernel_agrees(a, q->port, q->ip,
					       mac_is_zero(q->mac) ? NULL : &q->mac) && agrees;
		if (q->more_others)
			complain("%u.%u.%u.%u: %llu further claims by yet other MACs", q->ip.b[0],
				 q->ip.b[1], q->ip.b[2], q->ip.b[3],
				 (unsigned long long)q->more_others);
	}
	free(k.q);
	free(k.port);
	free(k.res);
	a->conflict = a->conflict || !agrees;
	return status ? status : k.unanswered ? EXIT_NO_ANSWER : EXIT_DONE;
}
