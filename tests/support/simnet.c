#include "simnet.h"

#include "wirelab/capfile.h"
#include "wirelab/wire.h"

#include <stdarg.h>
#include <stdlib.h>

/* The segment is a hub: a port for each resolver, one behind which all hosts live, one for the liar. */
enum { PORT_HOSTS = SIMNET_RESOLVERS, PORT_LIAR, PORTS };
#define ON_THE_WIRE 64u		/* frames at the same time; a run with more tells so */

enum event_kind { WAKE, ASK, LIE };

struct event {
	struct instant at;
	uint64_t order;			/* of those at the same time, the first made first */
	enum event_kind kind;
	unsigned who;
};

/* One owner of an address; an address may have none, one or two. */
struct host { struct ip4 ip; struct mac mac; };

/* The checker's account of one address at one resolver. */
struct account {
	bool asked_ever, open;
	struct instant sent;		/* latest request */
	struct instant latest_end;	/* of the open question */
	struct mac replied[4];		/* MACs whose owners sent their own reply to us */
	unsigned n_replied;
};

struct party {
	struct arp_self self;
	struct arp_cache *cache;
	struct arpres *res;
	struct instant wake;		/* earliest wake-up that is on its way */
	struct account account[SIMNET_HOSTS];
};

struct sent_frame { struct instant at; uint8_t frame[ETH_MIN_FRAME]; };

struct simnet {
	struct simnet_config config;
	uint64_t random;
	struct instant now;
	struct event *heap;
	size_t n_events, room;
	struct host host[2 * SIMNET_HOSTS];
	unsigned n_owners;
	unsigned owners[SIMNET_HOSTS];	/* of each address */
	struct party party[SIMNET_RESOLVERS];
	struct wire *wire;
	void *memory;			/* of the wire */
	struct sent_frame *sent;
	size_t n_sent, sent_room;
	struct simnet_totals totals;
	bool out_of_memory;
	char complaint[200];
};

static const struct mac LIAR = { { 0x02, 0x66, 0x66, 0x66, 0x66, 0x66 } };

/* ---- chance, complaints, addresses ----------------------------------------------- */

static uint64_t draw(struct simnet *net, uint64_t n)
{
	uint64_t z = net->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return n ? z % n : 0;
}

static bool happens(struct simnet *net, unsigned percent)
{
	return draw(net, 100) < percent;
}

__attribute__((format(printf, 2, 3)))
static void complain(struct simnet *net, const char *format, ...)
{
	va_list ap;

	if (net->complaint[0])
		return;
	int n = snprintf(net->complaint, sizeof(net->complaint), "at %.9f s: ",
			 (double)net->now.ns / 1e9);
	va_start(ap, format);
	vsnprintf(net->complaint + n, sizeof(net->complaint) - (size_t)n, format, ap);
	va_end(ap);
}

static struct ip4 address_of(unsigned number)
{
	return (struct ip4){ { 10, 0, 1, (uint8_t)number } };
}

/* The number of an address in the segment, or SIMNET_HOSTS. */
static unsigned number_of(const struct simnet *net, struct ip4 ip)
{
	struct ip4 same = address_of(ip.b[3]);

	return ip4_equal(ip, same) && ip.b[3] < net->config.n_hosts ? ip.b[3] : SIMNET_HOSTS;
}

/* ---- events ---------------------------------------------------------------------- */

static bool sooner(const struct event *a, const struct event *b)
{
	return a->at.ns != b->at.ns ? a->at.ns < b->at.ns : a->order < b->order;
}

static void push(struct simnet *net, struct event e)
{
	if (net->n_events == net->room) {
		size_t room = net->room ? 2 * net->room : 256;
		struct event *heap = realloc(net->heap, room * sizeof(*heap));
		if (!heap) {
			net->out_of_memory = true;
			return;
		}
		net->heap = heap;
		net->room = room;
	}
	size_t at = net->n_events++;
	e.order = net->totals.events++;
	for (; at > 0 && sooner(&e, &net->heap[(at - 1) / 2]); at = (at - 1) / 2)
		net->heap[at] = net->heap[(at - 1) / 2];
	net->heap[at] = e;
}

static struct event pop(struct simnet *net)
{
	struct event top = net->heap[0], last = net->heap[--net->n_events];
	size_t at = 0;

	for (size_t child; (child = 2 * at + 1) < net->n_events; at = child) {
		if (child + 1 < net->n_events && sooner(&net->heap[child + 1], &net->heap[child]))
			child++;
		if (!sooner(&net->heap[child], &last))
			break;
		net->heap[at] = net->heap[child];
	}
	net->heap[at] = last;
	return top;
}

/* ---- the segment ----------------------------------------------------------------- */

static void record(struct simnet *net, const uint8_t *frame)
{
	if (!net->config.record)
		return;
	if (net->n_sent == net->sent_room) {
		size_t room = net->sent_room ? 2 * net->sent_room : 256;
		struct sent_frame *sent = realloc(net->sent, room * sizeof(*sent));
		if (!sent) {
			net->out_of_memory = true;
			return;
		}
		net->sent = sent;
		net->sent_room = room;
	}
	net->sent[net->n_sent].at = net->now;
	memcpy(net->sent[net->n_sent++].frame, frame, ETH_MIN_FRAME);
}

static void transmit(struct simnet *net, unsigned port, struct mac dst, struct mac src,
		     const struct arp_msg *msg)
{
	struct eth_hdr eth = { .dst = dst, .src = src, .type = ETH_ARP };
	uint8_t frame[ARP_FRAME_MAX];

	arp_frame_build(frame, &eth, msg);
	record(net, frame);
	if (wire_put(net->wire, port, frame, ETH_MIN_FRAME, net->now, NULL) != WIRE_TAKEN)
		complain(net, "the wire is full");
}

/* What may happen to a frame on its way: it is lost, or comes twice, and each in its own time. */
static bool lay_wire(struct simnet *net)
{
	const struct simnet_config *c = &net->config;
	size_t size = wire_size(ON_THE_WIRE, ETH_MIN_FRAME);
	const struct wire_rule rules[] = {
		{ .per_million = c->loss_percent * 10000, .action = WIRE_DROP },
		{ .per_million = c->repeat_percent * 10000, .action = WIRE_DUPLICATE,
		  .jitter_ns = c->delay_ns },
		{ .action = WIRE_REORDER, .jitter_ns = c->delay_ns },
	};
	const bool wanted[] = { c->loss_percent > 0, c->repeat_percent > 0, c->delay_ns > 0 };

	net->memory = calloc(1, size);
	net->wire = net->memory ? wire_init(net->memory, size, ON_THE_WIRE, ETH_MIN_FRAME,
					    &(struct wire_config){ .kind = WIRE_HUB, .n_ports = PORTS,
								   .seed = c->seed }) : NULL;
	for (size_t i = 0; net->wire && i < sizeof(rules) / sizeof(rules[0]); i++)
		if (wanted[i] && !wire_rule(net->wire, &rules[i]))
			return false;
	return net->wire != NULL;
}

/* ---- hosts ----------------------------------------------------------------------- */

static void note_reply(struct simnet *net, struct ip4 owner, struct mac mac, struct ip4 to)
{
	unsigned number = number_of(net, owner);

	for (unsigned i = 0; i < net->config.n_resolvers; i++) {
		struct account *a = &net->party[i].account[number];
		bool known = false;
		if (!ip4_equal(net->party[i].self.ip, to))
			continue;
		for (unsigned k = 0; k < a->n_replied; k++)
			known |= mac_equal(a->replied[k], mac);
		if (!known && a->n_replied < 4)
			a->replied[a->n_replied++] = mac;
	}
}

static void host_hears(struct simnet *net, const struct host *h, const struct arp_frame *f)
{
	if (f->msg.op != ARP_REQUEST || !ip4_equal(f->msg.target_ip, h->ip))
		return;
	struct arp_msg reply = { ARP_REPLY, h->mac, h->ip, f->msg.sender_mac, f->msg.sender_ip };
	/* In the account before it is on the wire: nobody can believe it sooner. */
	note_reply(net, h->ip, h->mac, f->msg.sender_ip);
	transmit(net, PORT_HOSTS, f->msg.sender_mac, h->mac, &reply);
}

/*
 * Everything a forger can do but a reply that fits in every field: that one nobody
 * could refuse, and the rule "believe only who replied" would not be broken by it.
 */
static void lie(struct simnet *net)
{
	const struct arp_self *victim = &net->party[draw(net, net->config.n_resolvers)].self;
	struct ip4 claimed = address_of((unsigned)draw(net, net->config.n_hosts));
	struct arp_msg m = { ARP_REPLY, LIAR, claimed, victim->mac, victim->ip };
	struct mac dst = victim->mac;

	switch (draw(net, net->config.perfect_liar ? 9 : 8)) {
	case 0: m.op = ARP_REQUEST; m.target_ip = claimed; dst = MAC_BROADCAST; break;
	case 1: m.op = ARP_REQUEST; m.target_mac = MAC_ZERO; break;
	case 2: m.target_ip = claimed; break;
	case 3: m.target_mac = LIAR; break;
	case 4: m.target_ip = address_of(200); break;
	case 5: m.sender_mac = (struct mac){ { 0x01, 0, 0x5e, 0, 0, 1 } }; break;
	case 6: m.op = 9; break;
	case 7: m.sender_ip = victim->ip; break;
	default: break;
	}
	transmit(net, PORT_LIAR, dst, LIAR, &m);
	push(net, (struct event){ .at = instant_after(net->now, draw(net, 4 * SEC_NS)),
				  .kind = LIE });
}

/* ---- resolvers, and what they must keep to --------------------------------------- */

static void check_request(struct simnet *net, unsigned who, unsigned number)
{
	struct account *a = &net->party[who].account[number];

	if (!a->open)
		complain(net, "resolver %u asks for address %u, but nobody wants it", who, number);
	if (a->asked_ever && instant_since(a->sent, net->now) < net->config.checked_retry_ns)
		complain(net, "resolver %u asks for address %u again after %.3f s", who, number,
			 (double)instant_since(a->sent, net->now) / 1e9);
	a->asked_ever = true;
	a->sent = net->now;
}

static void check_given_up(struct simnet *net, unsigned who, unsigned number)
{
	const struct simnet_config *c = &net->config;

	net->party[who].account[number].open = false;
	net->totals.given_up++;
	/* There and back within the time of two requests: even when the first of three was a
	 * poll that went to the wrong MAC, the answer comes in time. */
	if (net->owners[number] == 1 && c->loss_percent == 0 &&
	    2 * c->delay_ns < (c->checked_tries - 1) * c->checked_retry_ns)
		complain(net, "resolver %u does not find address %u, which lives", who, number);
}

static void run_due(struct simnet *net, unsigned who)
{
	struct party *p = &net->party[who];
	struct arpres_step s;

	while (arpres_next(p->res, net->now, &s)) {
		unsigned number = number_of(net, s.ip);
		if (s.kind == ARPRES_SEND) {
			check_request(net, who, number);
			transmit(net, who, s.eth.dst, s.eth.src, &s.msg);
		} else {
			check_given_up(net, who, number);
		}
	}
}

/* A wake-up is on its way for every deadline, each a little late. */
static void set_alarm(struct simnet *net, unsigned who)
{
	struct party *p = &net->party[who];
	struct instant t = arpres_deadline(p->res);

	if (t.ns == INSTANT_NEVER.ns || t.ns >= p->wake.ns)
		return;
	p->wake = t;
	t = instant_later(t, net->now);
	push(net, (struct event){ .at = instant_after(t, draw(net, net->config.late_ns + 1)),
				  .kind = WAKE, .who = who });
}

static void open_account(struct simnet *net, struct account *a)
{
	const struct simnet_config *c = &net->config;
	struct instant from = net->now;

	if (a->open)
		return;
	a->open = true;
	net->totals.questions++;
	if (a->asked_ever)
		from = instant_later(from, instant_after(a->sent, c->checked_retry_ns));
	/* Each request and the giving up may be late by as much. */
	a->latest_end = instant_after(from, c->checked_tries * c->checked_retry_ns +
						    (c->checked_tries + 1) * c->late_ns);
}

static void ask(struct simnet *net, unsigned who)
{
	struct party *p = &net->party[who];
	unsigned number = (unsigned)draw(net, net->config.n_hosts);
	enum arpres_how how = happens(net, 30) ? ARPRES_ANEW : ARPRES_FROM_CACHE;
	struct arp_entry e = { .state = ARP_CONTESTED };

	switch (arpres_ask(p->res, net->now, address_of(number), how, &e)) {
	case ARPRES_KNOWN:
		if (e.state != ARP_MAPPED || mac_is_zero(e.mac) || p->account[number].open)
			complain(net, "address %u is known and is not", number);
		break;
	case ARPRES_UNREACHABLE:
		if (e.state != ARP_FAILED || p->account[number].open)
			complain(net, "address %u is dead and is not", number);
		break;
	case ARPRES_WAIT:
		open_account(net, &p->account[number]);
		break;
	case ARPRES_FULL:
		complain(net, "resolver %u is full with %zu pending", who, arpres_pending(p->res));
	}
	push(net, (struct event){ .at = instant_after(net->now, draw(net, 3 * SEC_NS)), .kind = ASK,
				  .who = who });
}

static void resolver_hears(struct simnet *net, unsigned who, const struct arp_frame *f)
{
	struct party *p = &net->party[who];
	struct arpres_heard h = arpres_hear(p->res, net->now, f);
	unsigned number = number_of(net, h.ip);

	if (h.effect & ARPRES_CONFLICT)
		net->totals.conflicts++;
	if (!(h.effect & ARPRES_RESOLVED))
		return;
	net->totals.answers++;
	if (!p->account[number].open)
		complain(net, "resolver %u has an answer for address %u unasked", who, number);
	p->account[number].open = false;
}

/* ---- what must hold after every event -------------------------------------------- */

static bool has_replied(const struct account *a, struct mac mac)
{
	for (unsigned k = 0; k < a->n_replied; k++)
		if (mac_equal(a->replied[k], mac))
			return true;
	return false;
}

static void check_address(struct simnet *net, unsigned who, unsigned number)
{
	struct party *p = &net->party[who];
	struct account *a = &p->account[number];
	struct arp_entry e;

	if (a->open && net->now.ns > a->latest_end.ns)
		complain(net, "resolver %u: the question for address %u does not end", who, number);
	if (!arp_cache_find(p->cache, address_of(number), &e))
		return;
	if (e.state == ARP_MAPPED && !has_replied(a, e.mac))
		complain(net, "resolver %u believes for address %u a MAC that never replied", who,
			 number);
	if (e.state == ARP_FAILED && !mac_is_zero(e.mac))
		complain(net, "resolver %u: address %u is dead and has a MAC", who, number);
	if (e.state != ARP_FAILED && (mac_is_zero(e.mac) || mac_is_group(e.mac)))
		complain(net, "resolver %u: address %u has nobody's MAC", who, number);
}

static void check_party(struct simnet *net, unsigned who)
{
	size_t pending = 0, listed = 0, cursor = 0;
	bool seen[SIMNET_HOSTS] = { false };
	struct party *p = &net->party[who];
	struct arp_entry e;

	for (unsigned i = 0; i < net->config.n_hosts; i++) {
		check_address(net, who, i);
		pending += p->account[i].open;
	}
	if (pending != arpres_pending(p->res))
		complain(net, "resolver %u counts %zu questions, there are %zu", who,
			 arpres_pending(p->res), pending);
	for (; arp_cache_each(p->cache, &cursor, &e); listed++) {
		unsigned number = number_of(net, e.ip);
		if (number == SIMNET_HOSTS || seen[number])
			complain(net, "resolver %u has an entry twice, or nobody's", who);
		else
			seen[number] = true;
	}
	if (listed != arp_cache_count(p->cache))
		complain(net, "resolver %u: the cache cannot count", who);
}

/* ---- a life ---------------------------------------------------------------------- */

static void settle_hosts(struct simnet *net)
{
	for (unsigned i = 0; i < net->config.n_hosts; i++) {
		net->owners[i] = happens(net, net->config.dead_percent) ? 0
				 : happens(net, net->config.shared_percent) ? 2 : 1;
		for (unsigned k = 0; k < net->owners[i]; k++)
			net->host[net->n_owners++] = (struct host){
				address_of(i), { { 2, 0, 0, (uint8_t)k, 1, (uint8_t)i } } };
	}
}

static bool settle_resolver(struct simnet *net, unsigned who)
{
	struct party *p = &net->party[who];
	size_t cache_size = arp_cache_size(SIMNET_HOSTS), size = arpres_size(SIMNET_HOSTS);
	void *cache = calloc(1, cache_size), *memory = calloc(1, size);
	struct arpres_config rules = net->config.rules;
	uint8_t secret[16];

	for (unsigned i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)draw(net, 256);
	p->self = (struct arp_self){ .mac = { { 2, 0xa, 0, 0, 0, (uint8_t)who } },
				     .ip = { { 10, 0, 2, (uint8_t)who } } };
	rules.self = p->self;
	p->wake = INSTANT_NEVER;
	if (!cache || !memory) {
		free(cache);
		free(memory);
		return false;
	}
	p->cache = arp_cache_init(cache, cache_size, SIMNET_HOSTS, secret, (struct instant){ 0 });
	p->res = arpres_init(memory, size, SIMNET_HOSTS, &rules, secret, p->cache);
	push(net, (struct event){ .at = { draw(net, 3 * SEC_NS) }, .kind = ASK, .who = who });
	return true;
}

static void happen(struct simnet *net, const struct event *e)
{
	switch (e->kind) {
	case LIE: lie(net); return;
	case WAKE:
		net->party[e->who].wake = INSTANT_NEVER;
		run_due(net, e->who);
		break;
	case ASK: ask(net, e->who); break;
	}
	set_alarm(net, e->who);
	check_party(net, e->who);
}

static bool is_for(struct mac dst, struct mac mine)
{
	return mac_is_broadcast(dst) || mac_equal(dst, mine);
}

static void arrive(struct simnet *net, const struct wire_delivery *d)
{
	struct arp_frame f;

	arp_frame_parse(d->frame, d->len, &f);
	net->totals.events++;
	for (unsigned i = 0; d->port == PORT_HOSTS && i < net->n_owners; i++) {
		if (!is_for(f.eth.dst, net->host[i].mac))
			continue;
		net->totals.frames++;
		host_hears(net, &net->host[i], &f);
	}
	if (d->port >= net->config.n_resolvers || !is_for(f.eth.dst, net->party[d->port].self.mac))
		return;
	net->totals.frames++;
	resolver_hears(net, d->port, &f);
	/* A caller may look for due steps after each frame, or only when woken. */
	if (happens(net, 50))
		run_due(net, d->port);
	set_alarm(net, d->port);
	check_party(net, d->port);
}

/* What comes next: something in the plan, or a frame.  False: neither, within the time. */
static bool step(struct simnet *net)
{
	struct instant end = { net->config.duration_ns }, due = wire_deadline(net->wire);
	struct instant planned = net->n_events ? net->heap[0].at : INSTANT_NEVER;
	struct wire_delivery d;

	if (instant_earlier(due, planned).ns > end.ns)
		return false;
	net->now = instant_earlier(due, planned);
	if (due.ns <= planned.ns) {
		if (wire_next(net->wire, net->now, &d))
			arrive(net, &d);
		return true;
	}
	struct event e = pop(net);
	happen(net, &e);
	return true;
}

static void live(struct simnet *net)
{
	settle_hosts(net);
	if (!lay_wire(net)) {
		net->out_of_memory = true;
		return;
	}
	for (unsigned i = 0; i < net->config.n_resolvers; i++)
		if (!settle_resolver(net, i))
			net->out_of_memory = true;
	if (net->config.liar)
		push(net, (struct event){ .kind = LIE });
	while (!net->complaint[0] && !net->out_of_memory && step(net))
		;
	net->totals.virtual_ns = net->now.ns;
}

struct simnet *simnet_run(const struct simnet_config *config)
{
	struct simnet *net = calloc(1, sizeof(*net));

	if (!net)
		return NULL;
	net->config = *config;
	net->random = config->seed;
	live(net);
	if (net->out_of_memory) {
		simnet_free(net);
		return NULL;
	}
	return net;
}

const char *simnet_complaint(const struct simnet *net)
{
	return net->complaint;
}

struct simnet_totals simnet_totals(const struct simnet *net)
{
	return net->totals;
}

bool simnet_dump(const struct simnet *net, FILE *f)
{
	char comment[80];
	struct capw w;

	(void)snprintf(comment, sizeof(comment), "a simulated segment, seed %llu",
		       (unsigned long long)net->config.seed);
	capw_begin(&w, f, &(struct capw_section){ .application = "simnet", .comment = comment });
	(void)capw_interface(&w, &(struct capw_if){ .name = "segment",
						    .linktype = LINKTYPE_ETHERNET });
	for (size_t i = 0; i < net->n_sent; i++)
		capw_frame(&w, 0, &(struct capw_frame){
			.data = net->sent[i].frame, .caplen = ETH_MIN_FRAME,
			.wirelen = ETH_MIN_FRAME, .unix_ns = net->sent[i].at.ns });
	return capw_end(&w);
}

void simnet_free(struct simnet *net)
{
	if (!net)
		return;
	for (unsigned i = 0; i < SIMNET_RESOLVERS; i++) {
		free(net->party[i].cache);
		free(net->party[i].res);
	}
	free(net->memory);
	free(net->heap);
	free(net->sent);
	free(net);
}
