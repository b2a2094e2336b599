#include "wirelab/udp_exchange.h"

#include "recent.h"
#include "wirelab/siphash.h"

/* What is kept of a datagram, for an error to find it. */
struct trace {
	struct udp_endpoint from, to;
	struct instant when;
	uint64_t frame;
	uint16_t len, ip_id;
	uint8_t family;
	bool answered;		/* by an ICMP error */
};

struct udpx {
	struct sip_key secret;
	uint32_t n_traces;
	uint64_t heard;			/* datagrams; the last of them is in heard - 1 % n_traces */
	struct trace *trace;		/* a ring */
	struct udp_flow *flow;
	struct recent order;		/* of flows, by the last datagram */
};

static bool in_range(uint32_t n)
{
	return n > 0 && n <= 1u << 24;
}

size_t udpx_size(uint32_t recent, uint32_t flows)
{
	return sizeof(struct udpx) + recent * sizeof(struct trace) +
	       flows * sizeof(struct udp_flow) + recent_size(flows);
}

struct udpx *udpx_init(void *memory, size_t size, uint32_t recent, uint32_t flows,
		       const uint8_t secret[static 16])
{
	struct udpx *t = memory;

	if (!in_range(recent) || !in_range(flows) || size < udpx_size(recent, flows))
		return NULL;
	t->secret = sip_key_from(secret);
	t->n_traces = recent;
	t->trace = (struct trace *)(t + 1);
	t->flow = (struct udp_flow *)(t->trace + recent);
	recent_begin(&t->order, t->flow + flows, flows);
	return t;
}

static bool same_end(const struct udp_endpoint *a, const struct udp_endpoint *b)
{
	return a->port == b->port && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

/* ---- flows ------------------------------------------------------------------------------ */

/* The same for both directions: what one end adds, the other adds, too. */
static uint64_t hash_of(const struct udpx *t, uint8_t family, const struct udp_endpoint *a,
			const struct udp_endpoint *b)
{
	uint64_t word[3] = { 0 }, sum = 0;

	for (unsigned i = 0; i < 2; i++) {
		const struct udp_endpoint *end = i ? b : a;
		memcpy(word, end->addr, sizeof(end->addr));
		word[2] = (uint64_t)family << 16 | end->port;
		sum += siphash13_words(t->secret, word, 3);
	}
	return sum;
}

/* Which of the flow's ends `from` is, when `to` is the other one; -1: neither. */
static int direction(const struct udp_flow *f, uint8_t family, const struct udp_endpoint *from,
		     const struct udp_endpoint *to)
{
	if (f->family != family)
		return -1;
	if (same_end(&f->end[0], from) && same_end(&f->end[1], to))
		return 0;
	return same_end(&f->end[1], from) && same_end(&f->end[0], to) ? 1 : -1;
}

static struct udp_flow *find_flow(struct udpx *t, uint8_t family, const struct udp_endpoint *from,
				  const struct udp_endpoint *to, int *side, uint32_t *place)
{
	uint32_t i = recent_first(&t->order, hash_of(t, family, from, to));

	for (; i != RECENT_NONE; i = recent_next(&t->order, i)) {
		*side = direction(&t->flow[i], family, from, to);
		*place = i;
		if (*side >= 0)
			return &t->flow[i];
	}
	return NULL;
}

/* True: *gone had to leave. */
static bool new_flow(struct udpx *t, const struct udp_datagram *d, uint32_t *place,
		     struct udp_flow *gone)
{
	uint64_t hash = hash_of(t, d->family, &d->from, &d->to);
	uint32_t i = recent_take(&t->order, hash);
	bool full = i == RECENT_NONE;

	if (full) {
		i = recent_oldest(&t->order);
		*gone = t->flow[i];
		recent_give_back(&t->order, i);
		i = recent_take(&t->order, hash);
	}
	t->flow[i] = (struct udp_flow){ .family = d->family, .end = { d->from, d->to },
					.first_frame = d->frame, .first = d->when };
	*place = i;
	return full;
}

static void remember(struct udpx *t, const struct udp_datagram *d)
{
	t->trace[t->heard++ % t->n_traces] = (struct trace){
		.from = d->from, .to = d->to, .when = d->when, .frame = d->frame, .len = d->len,
		.ip_id = d->ip_id, .family = d->family };
}

bool udpx_datagram(struct udpx *t, const struct udp_datagram *d, struct udp_flow *gone)
{
	uint32_t place;
	int side = 0;
	struct udp_flow *f = find_flow(t, d->family, &d->from, &d->to, &side, &place);
	bool left = false;

	remember(t, d);
	if (f) {
		recent_use(&t->order, place);
	} else {
		left = new_flow(t, d, &place, gone);
		f = &t->flow[place];
		side = 0;
	}
	f->sent[side].datagrams++;
	f->sent[side].bytes += d->payload;
	f->last_frame = d->frame;
	f->last = d->when;
	return left;
}

bool udpx_each_flow(const struct udpx *t, uint32_t *cursor, struct udp_flow *out)
{
	/* The place after the one handed out last, which stands in the cursor plus one. */
	uint32_t i = *cursor ? recent_newer(&t->order, *cursor - 1) : recent_oldest(&t->order);

	if (i == RECENT_NONE)
		return false;
	*out = t->flow[i];
	*cursor = i + 1;
	return true;
}

/* ---- errors ----------------------------------------------------------------------------- */

static bool is_quoted(const struct trace *d, const struct udp_error *e, bool same_id)
{
	return d->family == e->family && same_end(&d->from, &e->from) && same_end(&d->to, &e->to) &&
	       (!e->has_len || d->len == e->len) && (!same_id || d->ip_id == e->ip_id);
}

static struct trace *quoted(struct udpx *t, const struct udp_error *e, bool same_id)
{
	uint64_t kept = t->heard < t->n_traces ? t->heard : t->n_traces;
	struct trace *found = NULL;

	for (uint64_t i = t->heard - kept; i < t->heard; i++) {
		struct trace *d = &t->trace[i % t->n_traces];
		if (!is_quoted(d, e, same_id))
			continue;
		if (!d->answered)
			return d;
		found = d;
	}
	return found;
}

bool udpx_error(struct udpx *t, struct udp_error *e)
{
	struct trace *d = quoted(t, e, true);
	uint32_t place;
	int side;
	struct udp_flow *f = find_flow(t, e->family, &e->from, &e->to, &side, &place);

	if (f)
		f->errors++;
	if (!d)
		d = quoted(t, e, false);
	e->about_frame = 0;
	if (!d)
		return false;
	d->answered = true;
	e->about_frame = d->frame;
	e->after_ns = instant_since(d->when, e->when);
	return true;
}
