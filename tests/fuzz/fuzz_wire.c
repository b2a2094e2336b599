/*
 * Bytes as a script: a wire of some kind, rules, frames that are put and fetched.
 *
 * An account that knows nothing of the inside is kept: which frames were put, what became of
 * each as far as it was told, when each line was free again.  No frame may vanish, come twice
 * without a copy having been made, come to its sender, or before its bits can be there;
 * on a cable none may overtake another unless a rule has set one of them aside.  Frames that
 * no rule changes arrive as they were put.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/bytes.h"
#include "wirelab/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLACES = 6, LONGEST = 256, FRAMES = 256, HANDLES = 8, CONNECTIONS = 2 };

struct account {
	uint8_t bytes[LONGEST];
	size_t len;
	unsigned port, did;
	struct instant sent, put_at;
	uint64_t seen[WIRE_PORTS];	/* bit i: copy i came to that port */
};

struct script {
	struct rd r;
	struct wire *w;
	struct wire_pin *pin;
	struct wire_config config;
	struct instant now, last_arrival;
	unsigned handle[HANDLES];
	uint64_t taken, delivered, in_order[WIRE_PORTS];
	struct account account[FRAMES];
};

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_counts(const struct script *s)
{
	struct wire_counts c = wire_counts(s->w);

	require(c.taken == s->taken && c.delivered == s->delivered);
	require(c.taken + c.copied == c.ended + c.dropped + c.aside + c.moving);
	require(c.aside + c.moving <= PLACES);
	require(c.filtered <= c.ended);
	if (s->config.kind != WIRE_SWITCH)
		require(c.filtered == 0 && c.delivered >= c.ended * (s->config.n_ports - 1));
}

static void check_bytes(const struct script *s, const struct account *a,
			const struct wire_delivery *d)
{
	require(d->len == a->len);
	if (!(d->did & (WIRE_CORRUPTED | WIRE_CLAMPED)))
		require(memcmp(d->shown, a->bytes, a->len) == 0);
	if (!s->config.pin)
		require(memcmp(d->frame, d->shown, a->len) == 0);
}

static uint64_t airtime(const struct script *s, size_t len)
{
	return s->config.bits_per_s ? len * 8 * SEC_NS / s->config.bits_per_s : 0;
}

static void hear(struct script *s, const struct wire_delivery *d)
{
	const unsigned freely = WIRE_HELD | WIRE_REORDERED | WIRE_COPIED;
	struct account *a = &s->account[d->index - 1];

	require(d->index >= 1 && d->index <= s->taken);
	require(d->port < s->config.n_ports && d->port != d->from && d->from == a->port);
	require(d->arrived.ns <= s->now.ns && d->arrived.ns >= s->last_arrival.ns);
	require(d->sent.ns == a->sent.ns && d->sent.ns >= a->put_at.ns);
	require(d->arrived.ns >= d->sent.ns + airtime(s, d->len) + s->config.propagation_ns);
	/* The original was dropped, but a copy was made before. */
	require(!(a->did & WIRE_DROPPED) || d->copy > 0);
	require(d->copy == 0 || d->did & WIRE_COPIED);
	require(d->copy < 64 && !(a->seen[d->port] >> d->copy & 1));
	a->seen[d->port] |= UINT64_C(1) << d->copy;
	if (s->config.kind == WIRE_CABLE && !(d->did & freely)) {
		require(d->index > s->in_order[d->from]);
		s->in_order[d->from] = d->index;
	}
	check_bytes(s, a, d);
	s->last_arrival = d->arrived;
	s->delivered++;
}

static void fetch(struct script *s)
{
	struct wire_delivery d;

	while (wire_next(s->w, s->now, &d))
		hear(s, &d);
	require(wire_deadline(s->w).ns > s->now.ns);
}

/* ---- frames ---------------------------------------------------------------------------- */

/* Ethernet, IPv4 and TCP up to their numbers, between few hosts, so that pins and rules have
 * something to bite on. */
static size_t tcp_like(struct rd *r, uint8_t *out)
{
	static const uint8_t front[] = {
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
		0x45, 0, 0, 48, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x70, 0x10, 1, 0, 0, 0, 0, 0,
		2, 4, 5, 0xb4, 5, 10, 0, 0,
	};
	uint8_t way = rd_u8(r);

	memcpy(out, front, sizeof(front));
	if (way & 1) {
		out[5] = 1;
		out[11] = 2;
		out[29] = 2;
		out[33] = 1;
		out[35] = 2;
		out[37] = 1;
	}
	out[47] = rd_u8(r);		/* flags */
	out[41] = rd_u8(r);		/* seq */
	out[45] = rd_u8(r);		/* ack */
	out[20] = way & 0x3f;		/* fragments */
	out[51] = rd_u8(r);		/* checksum */
	if (way & 0x40)
		out[46] = 0x50;		/* no options */
	return sizeof(front);
}

static size_t frame(struct rd *r, uint8_t out[static LONGEST])
{
	uint8_t how = rd_u8(r);

	if (how & 0x80)
		return tcp_like(r, out);
	size_t len = how < r->left ? how : r->left;
	rd_copy(r, out, len);
	return len;
}

static void put(struct script *s, unsigned port)
{
	uint8_t bytes[LONGEST];
	size_t len = frame(&s->r, bytes);
	struct wire_counts before = wire_counts(s->w);
	struct wire_taken t;

	/* A block of exactly that size: one byte further is the sanitizer's. */
	uint8_t *exact = malloc(len ? len : 1);
	require(exact != NULL && s->taken < FRAMES);
	memcpy(exact, bytes, len);
	enum wire_put result = wire_put(s->w, port, exact, len, s->now, &t);
	require((result == WIRE_MISFIT) == (len == 0 || port >= s->config.n_ports));
	require(result != WIRE_FULL || before.aside + before.moving == PLACES);
	if (result == WIRE_TAKEN) {
		struct account *a = &s->account[s->taken++];
		require(t.index == s->taken && t.len == len && t.sent.ns >= s->now.ns);
		if (!s->config.pin)
			require(memcmp(t.frame, exact, len) == 0);
		*a = (struct account){ .len = len, .port = port, .did = t.did, .sent = t.sent,
				       .put_at = s->now };
		memcpy(a->bytes, t.frame, len);
	}
	free(exact);
}

/* ---- rules ----------------------------------------------------------------------------- */

static bool is_odd(void *context, const struct wire_seen *seen)
{
	const struct script *s = context;

	require(seen->port < s->config.n_ports && seen->index == s->taken + 1);
	require(seen->kinds != 0 && seen->pkt->caplen > 0);
	return seen->index & 1;
}

static void add_rule(struct script *s, unsigned slot)
{
	struct wire_rule r = { .action = (enum wire_action)(rd_u8(&s->r) % 7) };
	uint8_t which = rd_u8(&s->r), much = rd_u8(&s->r);

	r.ports = which & 3;
	r.kinds = which & 4 ? 1u << much % 11 : 0;
	r.match = which & 8 ? is_odd : NULL;
	r.context = s;
	r.skip = which >> 4 & 1;
	r.count = which >> 5 & 1;
	r.per_million = which & 0x40 ? 500000 : 0;
	r.delay_ns = much & 1 ? 0 : much * UINT64_C(1000);
	r.jitter_ns = which & 0x80 ? much * UINT64_C(700) : 0;
	r.behind = much % 4;
	r.base = (enum wire_base)(much % 3);
	r.offset = much;
	r.mss = much;
	(void)wire_release(s->w, s->handle[slot], s->now);
	s->handle[slot] = wire_rule(s->w, &r);
	require(s->handle[slot] != 0);
}

static void ends(struct script *s, uint8_t how, unsigned slot)
{
	struct wire_rule_story story = { .aside = 0 };
	bool is_there = wire_rule_story(s->w, s->handle[slot], &story);

	require(is_there == (s->handle[slot] != 0));
	require(story.acted <= story.matched);
	switch (how % 3) {
	case 0:
		/* Some may have gone on since, because their time was over. */
		require(wire_release(s->w, s->handle[slot], s->now) <= story.aside);
		break;
	case 1: require(wire_discard(s->w, s->handle[slot]) == story.aside); break;
	case 2:
		require(wire_let_go(s->w, s->handle[slot], 1, s->now) <= story.aside);
		return;
	}
	require(!wire_rule_story(s->w, s->handle[slot], &story));
	s->handle[slot] = 0;
}

/* ---- a script --------------------------------------------------------------------------- */

static void step(struct script *s)
{
	uint8_t what = rd_u8(&s->r);
	unsigned n = what >> 4;

	switch (what % 8) {
	case 0: add_rule(s, n % HANDLES); break;
	case 1: ends(s, what >> 3, n % HANDLES); break;
	case 2: s->now.ns += rd_be16(&s->r) * USEC_NS; break;
	case 3: fetch(s); break;
	default: put(s, n % (s->config.n_ports + (what & 4 && n == 15))); break;
	}
	check_counts(s);
}

static void begin(struct script *s, uint8_t how)
{
	static uint64_t memory[65536], pins[4096];
	const struct wire_pin_config p = { .pin_isn = true, .pin_id = how & 64, .isn = 0xfffffff0,
					   .isn_step = 7 };

	require(wire_size(PLACES, LONGEST) <= sizeof(memory));
	require(wire_pin_size(CONNECTIONS) <= sizeof(pins));
	memset(memory, 0, wire_size(PLACES, LONGEST));
	memset(pins, 0, wire_pin_size(CONNECTIONS));
	s->config = (struct wire_config){ .kind = (enum wire_kind)(how % 3), .seed = how,
					  .bits_per_s = how & 8 ? 0 : 10000000,
					  .propagation_ns = how & 16 ? 0 : 5000,
					  .age_ns = 1000000, .pin_ports = how >> 6 };
	s->config.n_ports = s->config.kind == WIRE_CABLE ? 2 : 4;
	if (how & 32)
		s->config.pin = wire_pin_init(pins, sizeof(pins), CONNECTIONS, &p);
	s->w = wire_init(memory, sizeof(memory), PLACES, LONGEST, &s->config);
	require(s->w != NULL && (!(how & 32) || s->config.pin));
}

/* In the end everything comes out: what moves arrives, what is aside is released. */
static void finish(struct script *s)
{
	struct wire_counts c;

	for (unsigned i = 0; i < HANDLES; i++)
		if (s->handle[i])
			(void)wire_release(s->w, s->handle[i], s->now);
	s->now.ns += 1000 * SEC_NS;
	fetch(s);
	check_counts(s);
	c = wire_counts(s->w);
	require(c.aside == 0 && c.moving == 0);
	require(wire_deadline(s->w).ns == INSTANT_NEVER.ns);
	for (uint64_t i = 0; i < s->taken && s->config.kind != WIRE_SWITCH; i++)
		for (unsigned port = 0; port < s->config.n_ports; port++)
			if (port != s->account[i].port &&
			    !(s->account[i].did & (WIRE_DROPPED | WIRE_HELD | WIRE_REORDERED)))
				require(s->account[i].seen[port] & 1);
}

static struct pkt dissected(const uint8_t *bytes, size_t len)
{
	struct pkt p;

	pkt_dissect(&p, 1, bytes, (uint32_t)len, (uint32_t)len);
	return p;
}

/* Lengths, layers and verdicts are as they were. */
static void same_but_for_numbers(const struct pkt *p, const struct pkt *q)
{
	require(p->n_layers == q->n_layers && p->payload.off == q->payload.off);
	require(p->stopped == q->stopped && p->segment_kind == q->segment_kind);
	require(pkt_check(p, PKT_IP4) == pkt_check(q, PKT_IP4));
	if (p->segment_kind != PKT_NONE)
		require(pkt_check(p, p->segment_kind) == pkt_check(q, p->segment_kind));
}

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = a[i];
		a[i] = b[i];
		b[i] = c;
	}
}

/* The other side acknowledges what it was shown; the sender must hear its own number. */
static void answer(struct wire_pin *pin, const struct pkt *sent, const struct pkt *shown)
{
	const struct pkt_layer *ip = pkt_find(sent, PKT_IP4), *tcp = pkt_find(sent, PKT_TCP);
	uint8_t f[LONGEST];
	struct pkt before, p;

	memcpy(f, sent->frame, sent->caplen);
	swap(f + ip->off + 12, f + ip->off + 16, 4);
	swap(f + tcp->off, f + tcp->off + 2, 2);
	memcpy(f + tcp->off + 8, shown->frame + tcp->off + 4, 4);
	f[tcp->off + 13] = 0x10;
	uint8_t was[LONGEST];
	memcpy(was, f, sent->caplen);
	before = dissected(was, sent->caplen);
	wire_pin_leave(pin, f, sent->caplen);
	p = dissected(f, sent->caplen);
	require(p.tcp.ack == sent->tcp.seq);
	same_but_for_numbers(&before, &p);
}

static void pins_are_undone(struct rd r)
{
	static uint64_t memory[4096];
	const struct wire_pin_config c = { .pin_isn = true, .pin_id = true, .isn = 0xfffff000,
					   .isn_step = 12345 };
	uint8_t f[LONGEST], was[LONGEST];

	memset(memory, 0, wire_pin_size(CONNECTIONS));
	struct wire_pin *pin = wire_pin_init(memory, sizeof(memory), CONNECTIONS, &c);
	require(pin != NULL);
	while (r.left > 0 && rd_ok(&r)) {
		size_t len = frame(&r, f);
		memcpy(was, f, len);
		struct pkt p = dissected(was, len);
		wire_pin_enter(pin, f, len);
		struct pkt q = dissected(f, len);
		same_but_for_numbers(&p, &q);
		/* What answers a SYN with a reset shows no number of its own. */
		bool has_number = !(p.tcp_here >= TCP_HEADER_MIN && p.tcp.flags & TCP_RST);
		if (p.n_layers == 3 && p.layer[1].kind == PKT_IP4 && p.layer[2].kind == PKT_TCP &&
		    p.tcp_here == p.tcp.header_len && has_number)
			answer(pin, &p, &q);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct script s;

	if (size < 1)
		return 0;
	memset(&s, 0, sizeof(s));
	begin(&s, data[0]);
	s.r = rd_over(data + 1, size - 1);
	while (s.r.left > 0 && rd_ok(&s.r) && s.taken < FRAMES)
		step(&s);
	finish(&s);
	pins_are_undone(rd_over(data + 1, size - 1));
	return 0;
}
