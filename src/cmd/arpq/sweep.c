/* sweep.c - a whole network: everybody once, the silent ones again */
#include "arpq.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define SWEEP_RCVBUF ((size_t)32 << 20)	/* of the kernel's memory, and only while it is full */
#define CONFLICTS_SHOWN 1000u

struct sweeping {
	struct arpq *a;
	struct port port;
	struct arpsweep *sweep;
	struct arp_cache *found;	/* who answered, and with which MAC */
	uint64_t left_out;		/* own, network and broadcast addresses among the targets */
	uint64_t n_found, n_cached;
	uint64_t conflicts;
	struct instant last_shown;	/* progress */
	struct ask_frame frame[LINK_BATCH];
};

/* ---- before ----------------------------------------------------------------------------- */

/* --local: every network of the interface. */
static int local_ranges(struct arpq *a, const struct port *p, struct ip4_range **out, size_t *n)
{
	struct netif_addr addr[64];
	int found = netctl_addresses(a->net, p->iface.ifindex, addr, 64);

	if (found > 64)
		found = 64;
	*n = 0;
	*out = calloc(a->opt->n_ranges + 64, sizeof(**out));
	if (!*out || found < 1) {
		complain("%s has no IPv4 network to sweep", p->iface.name);
		return EXIT_USAGE;
	}
	for (int i = 0; i < found; i++)
		if (addr[i].prefix_len < 32)
			(*out)[(*n)++] = ip4_prefix(addr[i].ip, addr[i].prefix_len);
	if (*n == 0) {
		complain("%s has only /32 addresses: there is no network to sweep", p->iface.name);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

/* Our own addresses, and those of a network that no host can have. */
static void leave_out(struct sweeping *s)
{
	struct netif_addr addr[64];
	int n = netctl_addresses(s->a->net, s->port.iface.ifindex, addr, 64);

	s->left_out += arpsweep_settle(s->sweep, s->port.self.ip);
	for (int i = 0; i < n && i < 64; i++) {
		struct ip4_range net = ip4_prefix(addr[i].ip, addr[i].prefix_len);
		s->left_out += arpsweep_settle(s->sweep, addr[i].ip);
		/* A /31 and a /32 have neither (RFC 3021). */
		if (addr[i].prefix_len > 30)
			continue;
		s->left_out += arpsweep_settle(s->sweep, ip4_from_number(net.first));
		s->left_out += arpsweep_settle(s->sweep, ip4_from_number(net.last));
	}
}

static void say_found(struct sweeping *s, struct ip4 ip, struct mac mac, uint64_t age,
		      uint64_t left)
{
	struct arp_result r = { .ip = ip, .mac = mac, .ifname = s->port.iface.name,
				.vlan = s->port.self.vlan, .age_ns = age, .left_ns = left,
				.source = left ? ARP_FROM_CACHE : ARP_FROM_WIRE };

	say_result(s->a, &r);
}

/* Fresh answers of earlier runs stand; a remembered silence does not, because a sweep is
 * there to find out who has come. */
static void take_from_cache(struct sweeping *s)
{
	struct arpq *a = s->a;
	struct cachefile_error err;
	struct cachefile *c = a->opt->fresh ? NULL : open_cache(a, &err);
	struct cache_entry e;

	if (a->opt->fresh)
		return;
	a->now = clock_now();
	while (c && cachefile_next(c, &e, &err) == 1) {
		uint64_t age = instant_since(e.confirmed, a->now);
		if (e.state != CACHE_KNOWN || e.place.netns != s->port.place.netns ||
		    e.place.ifindex != s->port.place.ifindex ||
		    e.place.vlan != s->port.place.vlan ||
		    e.place.generation != s->port.place.generation ||
		    e.confirmed.ns > a->now.ns || instant_reached(a->now, e.expires) ||
		    age >= a->opt->ttl_ns || !arpsweep_settle(s->sweep, e.ip))
			continue;
		uint64_t left = instant_since(a->now, e.expires);
		s->n_cached++;
		say_found(s, e.ip, e.mac, age, left < a->opt->ttl_ns - age ? left
									  : a->opt->ttl_ns - age);
	}
	cache_trouble(a, &err);
	cachefile_close(c);
}

/* ---- asking ----------------------------------------------------------------------------- */

/* How many of the n addresses may be asked now; the first that may not waits until *until. */
static size_t claim_all(struct sweeping *s, const struct ip4 *ip, size_t n, struct instant *until)
{
	size_t i = 0;

	while (i < n && may_ask(s->a, &s->port, ip[i], until))
		i++;
	return i;
}

static void keep_copies(struct sweeping *s, const struct ip4 *ip, size_t sent, uint64_t when)
{
	struct arpres_step step = { .kind = ARPRES_SEND,
				    .try = arpsweep_progress(s->sweep).pass };
	char buf[ARP_VIEW_LINE];
	unsigned tries = s->a->opt->count ? s->a->opt->count : ARPQ_TRIES;

	if (!s->a->capture_file && !s->a->opt->trace)
		return;
	step.why = step.try == 1 ? ARPRES_WHY_UNKNOWN : ARPRES_WHY_SILENCE;
	for (size_t i = 0; i < sent; i++) {
		struct txt t = txt_over(buf, sizeof(buf));
		step.ip = ip[i];
		arp_view_remark_sent(&t, &step, tries);
		if (s->a->capture_file)
			capw_frame(&s->a->capture, s->port.capture_if, &(struct capw_frame){
				.data = s->frame[i].bytes, .unix_ns = when,
				.caplen = (uint32_t)s->frame[i].len,
				.wirelen = (uint32_t)s->frame[i].len,
				.direction = CAPW_OUTBOUND, .remark = t.buf });
		t = txt_over(buf, sizeof(buf));
		arp_view_step(&t, &step, tries);
		trace(s->a, &t);
	}
}

/* Sends the next batch.  *went is how many requests went out. */
static int ask_batch(struct sweeping *s, size_t *went)
{
	struct link_out out[LINK_BATCH];
	struct ip4 ip[LINK_BATCH];
	struct instant until = s->a->now;
	size_t n = arpsweep_next(s->sweep, s->a->now, ip, LINK_BATCH);
	size_t ready = claim_all(s, ip, n, &until);
	uint64_t when = clock_unix_ns();
	int sent = 0;

	for (size_t i = 0; i < ready; i++) {
		ask_frame_patch(&s->frame[i], MAC_BROADCAST, ip[i]);
		out[i] = (struct link_out){ s->frame[i].bytes, s->frame[i].len };
	}
	if (ready)
		sent = link_send(s->port.link, out, ready);
	if (sent < 0) {
		if (errno != ENOBUFS && errno != EAGAIN)
			return link_lost(&s->port, errno);
		sent = 0;
	}
	*went = (size_t)sent;
	s->a->sent += *went;
	did_ask(s->a, &s->port, ip, *went);
	keep_copies(s, ip, *went, when);
	for (size_t i = *went; i < ready; i++)
		did_not_ask(s->a, &s->port, ip[i]);
	if (*went < ready)
		until = instant_after(s->a->now, MSEC_NS);	/* the card's queue is full */
	if (*went < n)
		arpsweep_rewind(s->sweep, ip[*went], n - *went, until);
	return EXIT_DONE;
}

/* ---- hearing ---------------------------------------------------------------------------- */

static void second_owner(struct sweeping *s, const struct arp_entry *held, struct mac other)
{
	struct arp_entry e = { .ip = held->ip, .mac = held->mac, .state = ARP_CONTESTED,
			       .since = s->a->now };

	s->a->conflict = true;
	if (held->state == ARP_CONTESTED || ++s->conflicts > CONFLICTS_SHOWN)
		return;
	(void)arp_cache_put(s->found, &e, NULL);
	learn(s->a, &s->port, &e, CACHE_REPLY);
	say_conflict(s->a, &s->port, held->ip, held->mac, other);
}

/* What the frame means to the sweep, in the resolver's words. */
static struct arpres_heard take(struct sweeping *s, const struct arp_frame *frame)
{
	struct arpres_heard h = { .finding = arp_judge(frame, &s->port.self) };
	struct arp_entry e = { .state = ARP_MAPPED, .since = s->a->now };
	struct arp_entry held;

	if (frame->verdict != V_OK)
		return h;
	h.ip = e.ip = frame->msg.sender_ip;
	h.mac = e.mac = frame->msg.sender_mac;
	h.pending = arpsweep_is_silent(s->sweep, h.ip) || arp_cache_find(s->found, h.ip, &held);
	if (!arp_finding_info(h.finding)->taken)
		return h;
	/* Whose turn has not come has nothing to answer yet. */
	if (arpsweep_was_asked(s->sweep, h.ip) && arpsweep_settle(s->sweep, h.ip)) {
		h.effect = ARPRES_RESOLVED;
		s->n_found++;
		(void)arp_cache_put(s->found, &e, NULL);
		learn(s->a, &s->port, &e, CACHE_REPLY);
		say_found(s, h.ip, h.mac, 0, 0);
	} else if (!arp_cache_find(s->found, h.ip, &held)) {
		h.finding = ARP_F_UNASKED;
	} else if (mac_equal(held.mac, h.mac)) {
		h.effect = ARPRES_CONFIRMED;
	} else {
		h.effect = ARPRES_CONFLICT;
		h.other_mac = held.mac;
		second_owner(s, &held, h.mac);
	}
	return h;
}

static void hear(void *part, const struct link_frame *f)
{
	struct sweeping *s = part;
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	struct arp_frame frame;
	struct arpres_heard h;

	arp_frame_parse(f->data, f->caplen, &frame);
	h = take(s, &frame);
	take_note(s->a, h.finding, h.ip, h.pending && !h.effect);
	if (s->a->capture_file) {
		arp_view_remark_heard(&t, &h, &frame);
		capture_heard(s->a, &s->port, f, t.buf);
	}
	if (s->a->opt->trace) {
		t = txt_over(buf, sizeof(buf));
		arp_view_heard(&t, &h, &frame);
		trace(s->a, &t);
	}
}

static int hear_all(struct sweeping *s, bool *any)
{
	int n = port_hear(&s->port, LINK_BATCH, hear, s);

	*any = n > 0;
	return n < 0 ? link_lost(&s->port, errno) : EXIT_DONE;
}

/* ---- the sweep -------------------------------------------------------------------------- */

static void show_progress(struct sweeping *s, bool done)
{
	struct arpsweep_progress p = arpsweep_progress(s->sweep);
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));

	if (!isatty(STDERR_FILENO) || s->a->opt->trace ||
	    (!done && instant_since(s->last_shown, s->a->now) < SEC_NS / 4))
		return;
	s->last_shown = s->a->now;
	if (!done) {
		txt_str(&t, "pass ");
		txt_u64(&t, p.pass);
		txt_str(&t, ": ");
		txt_grouped(&t, p.asked);
		txt_str(&t, " requests, ");
		txt_grouped(&t, s->n_found);
		txt_str(&t, " answers");
	}
	(void)fprintf(stderr, "\r\033[K%s", t.buf);
}

static void say_summary(struct sweeping *s)
{
	struct arpsweep_progress p = arpsweep_progress(s->sweep);
	uint64_t silent = p.targets - p.settled;
	/* An interrupt, -t or a lost link came before everybody's turn: the rest is no silence. */
	uint64_t unasked = p.pass > 1 ? 0 : silent - (p.asked - s->n_found);
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));

	if (s->a->opt->quiet || s->a->opt->json)
		return;
	txt_grouped(&t, p.targets - s->left_out);
	txt_str(&t, " addresses: ");
	txt_grouped(&t, s->n_found);
	txt_str(&t, " answered, ");
	if (s->n_cached) {
		txt_grouped(&t, s->n_cached);
		txt_str(&t, " cached, ");
	}
	txt_grouped(&t, silent - unasked);
	txt_str(&t, " silent");
	if (unasked) {
		txt_str(&t, ", ");
		txt_grouped(&t, unasked);
		txt_str(&t, " not asked");
	}
	txt_str(&t, "; ");
	txt_grouped(&t, s->a->sent);
	txt_str(&t, s->a->sent == 1 ? " request in " : " requests in ");
	txt_duration(&t, instant_since(s->a->started, s->a->now));
	if (s->conflicts) {
		txt_str(&t, "; ");
		txt_grouped(&t, s->conflicts);
		txt_str(&t, s->conflicts == 1 ? " conflict" : " conflicts");
	}
	remark(&t);
}

static int run(struct sweeping *s)
{
	struct arpq *a = s->a;
	struct instant limit = INSTANT_NEVER;
	int status = EXIT_DONE;

	a->now = clock_now();
	if (a->opt->timeout_ns)
		limit = instant_after(a->now, a->opt->timeout_ns);
	while (!status && !arpsweep_finished(s->sweep, a->now) && !interrupted() &&
	       !instant_reached(a->now, limit)) {
		size_t went = 0;
		bool heard = false;
		status = ask_batch(s, &went);
		if (!status)
			status = hear_all(s, &heard);
		if (!status && went == 0 && !heard && !arpsweep_finished(s->sweep, a->now)) {
			if (!flush_output(a))
				break;
			show_progress(s, false);
			status = port_wait(a, &s->port, 1,
					   instant_earlier(limit, arpsweep_deadline(s->sweep)));
		}
		a->now = clock_now();
	}
	/* The last to answer may have a rival, too. */
	limit = instant_after(a->now, a->opt->listen_ns == UINT64_MAX ? MSEC_NS : a->opt->listen_ns);
	while (!status && s->n_found && !interrupted() && !instant_reached(a->now, limit)) {
		bool heard = false;
		status = port_wait(a, &s->port, 1, limit);
		if (!status)
			status = hear_all(s, &heard);
	}
	show_progress(s, true);
	return status;
}

/* The link, the frames and the memory that only a sweep with something to ask needs. */
static int open_sweep(struct sweeping *s)
{
	struct arpsweep_progress p = arpsweep_progress(s->sweep);
	uint64_t silent = p.targets - p.settled;
	/* A /12 is what the table has room for; in larger ones old answers leave, and with
	 * them only the power to notice a second owner. */
	size_t n = silent < (1u << 20) ? (size_t)silent : 1u << 20;
	uint8_t secret[16];
	int status;

	random_bytes(secret, sizeof(secret));
	s->found = arp_cache_init(zeroed(arp_cache_size(n)), arp_cache_size(n), n, secret,
				  (struct instant){ 0 });
	status = port_open(s->a, &s->port, SWEEP_RCVBUF);
	if (!status)
		status = drop_privileges();
	for (size_t i = 0; i < LINK_BATCH; i++)
		s->frame[i] = s->port.frame;
	return status;
}

/* The link of a range.  Its middle tells as a rule; but one of our own addresses has a
 * route over lo, and then a neighbour tells. */
static int port_for(struct arpq *a, struct ip4_range r, struct port *out)
{
	uint32_t middle = r.first + (r.last - r.first) / 2;
	int status = port_find(a, ip4_from_number(middle), out);

	if (!status && out->local && !a->opt->ifname && middle < r.last)
		status = port_find(a, ip4_from_number(middle + 1), out);
	return status;
}

static int choose_targets(struct sweeping *s, struct ip4_range **range, size_t *n)
{
	struct arpq *a = s->a;
	int status;

	if (a->opt->local) {
		status = port_named(a, true, &s->port);
		return status ? status : local_ranges(a, &s->port, range, n);
	}
	*n = a->opt->n_ranges;
	*range = calloc(*n, sizeof(**range));
	if (!*range) {
		complain("out of memory");
		return EXIT_NO_ANSWER;
	}
	memcpy(*range, a->opt->range, *n * sizeof(**range));
	return port_for(a, (*range)[0], &s->port);
}

/* All of it must lie on one link: routes differ, and so does who hears the question.  Of
 * a range both ends and the middle are looked at; -i decides where that is not enough. */
static int check_link(struct sweeping *s, const struct ip4_range *range, size_t n)
{
	for (size_t i = 0; i < 3 * n && !s->a->opt->ifname; i++) {
		struct ip4_range r = range[i / 3];
		struct port p;
		if (i % 3 != 1)
			r.first = r.last = i % 3 == 0 ? r.first : r.last;
		/* The first and the last of a network are nobody's, and have no route to a host. */
		struct route route;
		if (i % 3 != 1 && netctl_route(s->a->net, ip4_from_number(r.first), 0, &route) == 0 &&
		    route.kind == ROUTE_OTHER)
			continue;
		int status = port_for(s->a, r, &p);
		if (status)
			return status;
		if (!p.local && p.iface.ifindex != s->port.iface.ifindex) {
			complain("the addresses lie on %s and on %s: sweep one link at a time",
				 s->port.iface.name, p.iface.name);
			return EXIT_USAGE;
		}
	}
	return EXIT_DONE;
}

int sweep(struct arpq *a)
{
	struct sweeping *s = zeroed(sizeof(*s));
	struct arpsweep_config config = { .retry_ns = a->opt->retry_ns,
					  .gap_ns = a->opt->rate ? SEC_NS / a->opt->rate : 0,
					  .tries = a->opt->count ? a->opt->count : ARPQ_TRIES };
	struct ip4_range *range = NULL;
	size_t n = 0, size;
	int status;

	s->a = a;
	status = choose_targets(s, &range, &n);
	if (!status && !a->opt->local)
		status = check_link(s, range, n);
	if (status) {
		free(range);
		return status;
	}
	n = ip4_ranges_merge(range, n);
	if (ip4_range_count(range[0]) > UINT32_MAX) {
		complain("that is the whole Internet: a sweep asks at most 2^32 - 1 addresses");
		free(range);
		return EXIT_USAGE;
	}
	size = arpsweep_size(range, n);
	s->sweep = arpsweep_init(zeroed(size), size, range, n, &config, a->now);
	free(range);
	leave_out(s);
	take_from_cache(s);
	if (!arpsweep_finished(s->sweep, a->now)) {
		status = open_sweep(s);
		if (status)
			return status;
		status = run(s);
		port_close(&s->port);
	}
	say_summary(s);
	return status ? status : s->n_found + s->n_cached ? EXIT_DONE : EXIT_NO_ANSWER;
}
