/* claim.c - --probe: is an address free?  --announce: it is ours now (RFC 5227) */
#include "arpq.h"

#include <errno.h>

struct claiming {
	struct arpq *a;
	struct port port;
	struct arpclaim claim;
	bool over;
};

static void say_outcome(struct claiming *k, const char *outcome, const char *words,
			bool with_other)
{
	char buf[ARP_VIEW_LINE], vendor[VENDOR_STRLEN];
	struct txt t = txt_over(buf, sizeof(buf));
	const struct arpclaim *c = &k->claim;

	if (k->a->opt->quiet && !with_other)
		return;
	if (k->a->opt->quiet) {
		txt_mac(&t, c->other);
	} else if (k->a->opt->json) {
		txt_str(&t, "{\"type\":\"claim\",\"ip\":\"");
		txt_ip(&t, c->ip);
		txt_str(&t, "\",\"outcome\":\"");
		txt_str(&t, outcome);
		txt_str(&t, "\",\"mac\":");
		txt_str(&t, with_other ? "\"" : "null");
		if (with_other) {
			txt_mac(&t, c->other);
			txt_char(&t, '"');
		}
		txt_str(&t, ",\"interface\":");
		txt_json(&t, k->port.iface.name, strlen(k->port.iface.name));
		txt_char(&t, '}');
	} else {
		txt_ip(&t, c->ip);
		txt_char(&t, ' ');
		txt_str(&t, words);
		if (with_other) {
			const char *name = vendor_name(k->a, c->other, vendor);
			txt_char(&t, ' ');
			txt_mac(&t, c->other);
			if (name) {
				txt_str(&t, ", ");
				txt_foreign(&t, name, strlen(name));
			}
		}
	}
	say(k->a, &t);
}

static int send_step(struct claiming *k, const struct arpclaim_step *s)
{
	uint8_t frame[ARP_FRAME_MAX];
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	size_t len = arp_frame_build(frame, &s->eth, &s->msg);

	arp_view_claim_step(&t, s, &k->claim);
	trace(k->a, &t);
	if (port_send(k->a, &k->port, frame, len, buf))
		return EXIT_DONE;
	/* A probe that the card had no room for is not repeated: the next one is due anyway. */
	return errno == ENOBUFS || errno == EAGAIN ? EXIT_DONE : link_lost(&k->port, errno);
}

/* Silence proves nothing, and an announcement tells nobody, when no frame left the cable. */
static int check_carrier(struct claiming *k)
{
	const struct netif *was = &k->port.iface;
	struct netif is;

	if (netctl_link(k->a->net, was->ifindex, &is) == 0 && is.carrier &&
	    is.generation == was->generation)
		return EXIT_DONE;
	complain("%s has no carrier, or had none meanwhile: nobody could hear what was sent",
		 was->name);
	return EXIT_LINK_GONE;
}

static int do_step(struct claiming *k, const struct arpclaim_step *s)
{
	bool hold = k->a->opt->defend;
	int status;

	switch (s->kind) {
	case ARPCLAIM_SEND_PROBE:
	case ARPCLAIM_SEND_ANNOUNCEMENT:
	case ARPCLAIM_SEND_DEFENCE:
		return send_step(k, s);
	case ARPCLAIM_SAY_FREE:
		status = check_carrier(k);
		if (status)
			return status;
		say_outcome(k, "free", "is free: nobody answered the probes", false);
		k->over = true;
		break;
	case ARPCLAIM_SAY_HELD:
		status = check_carrier(k);
		if (status)
			return status;
		say_outcome(k, "announced", "is announced as ours", false);
		k->over = !hold;
		break;
	case ARPCLAIM_SAY_LOST:
		say_outcome(k, "in_use", "is in use by", true);
		k->a->conflict = true;
		k->over = true;
		break;
	}
	return EXIT_DONE;
}

static void hear(void *part, const struct link_frame *f)
{
	struct claiming *k = part;
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	struct arp_frame frame;
	enum arp_finding finding;
	enum arpclaim_heard h = ARPCLAIM_UNCONCERNED;

	arp_frame_parse(f->data, f->caplen, &frame);
	finding = arp_judge(&frame, &k->port.self);
	if (frame.verdict == V_OK && finding != ARP_F_OTHER_VLAN && finding != ARP_F_OPERATION)
		h = arpclaim_hear(&k->claim, k->a->now, &frame.msg);
	if (h == ARPCLAIM_UNCONCERNED) {
		struct arpres_heard unconcerned = { .finding = finding };
		arp_view_remark_heard(&t, &unconcerned, &frame);
	} else {
		arp_view_claim_heard(&t, h, &k->claim);
		trace(k->a, &t);
	}
	capture_heard(k->a, &k->port, f, t.buf);
	if (h == ARPCLAIM_CONFLICT_DEFENDED || h == ARPCLAIM_CONFLICT_QUIET) {
		k->a->conflict = true;
		if (!k->a->opt->trace && !k->a->opt->quiet)
			remark(&t);
	}
}

static int round_once(struct claiming *k, struct instant limit)
{
	struct arpclaim_step s;
	int status = port_wait(k->a, &k->port, 1,
			   instant_earlier(limit, arpclaim_deadline(&k->claim)));

	if (status)
		return status;
	if (port_hear(&k->port, LINK_BATCH, hear, k) < 0)
		return link_lost(&k->port, errno);
	while (!status && !k->over && arpclaim_next(&k->claim, k->a->now, &s))
		status = do_step(k, &s);
	return status;
}

/* Our own kernel does not answer our own probes: whether we have it, it tells us itself. */
static bool is_own(struct arpq *a, struct ip4 ip)
{
	struct netif_addr addr[64];
	int n = netctl_addresses(a->net, 0, addr, 64);

	for (int i = 0; i < n && i < 64; i++)
		if (ip4_equal(addr[i].ip, ip))
			return true;
	return false;
}

int claim(struct arpq *a)
{
	struct claiming k = { .a = a };
	struct instant limit = a->opt->timeout_ns ? instant_after(a->started, a->opt->timeout_ns)
						  : INSTANT_NEVER;
	uint64_t seed;
	int status = port_named(a, false, &k.port);

	if (status)
		return status;
	if (a->opt->job == JOB_PROBE && is_own(a, a->opt->address)) {
		k.claim = (struct arpclaim){ .ip = a->opt->address, .other = k.port.iface.mac };
		say_outcome(&k, "in_use", "is in use by this host itself,", true);
		return EXIT_CONFLICT;
	}
	/* While it probes, a host has no address: what others say to ours is not its affair. */
	k.port.self.ip = IP4_UNSPECIFIED;
	status = port_open(a, &k.port, (size_t)1 << 20);
	if (!status)
		status = drop_privileges();
	if (!status)
		status = check_carrier(&k);
	if (status)
		return status;
	random_bytes(&seed, sizeof(seed));
	arpclaim_init(&k.claim, k.port.self.mac, a->opt->address, a->opt->vlan,
		      a->opt->defend ? ARPCLAIM_DEFEND_ALWAYS : ARPCLAIM_DEFEND_ONCE, seed);
	a->now = clock_now();
	if (a->opt->job == JOB_PROBE)
		arpclaim_probe(&k.claim, a->now);
	else
		arpclaim_announce(&k.claim, a->now);
	while (!status && !k.over && !interrupted() && !instant_reached(a->now, limit) &&
	       flush_output(a))
		status = round_once(&k, limit);
	port_close(&k.port);
	if (status)
		return status;
	if (k.over || k.claim.state == ARPCLAIM_HELD)
		return EXIT_DONE;
	complain("cut short: RFC 5227 takes up to nine seconds to tell");
	return EXIT_NO_ANSWER;
}
