/* Frames on their way: lines, times, and the order of what happens. */
#include "wire_impl.h"

#define PLACES_MAX 65536u
#define FRAME_MAX 65536u

/* ---- memory ------------------------------------------------------------------------ */

size_t wire_size(unsigned n_frames, size_t frame_max)
{
	return sizeof(struct wire) + n_frames * sizeof(struct slot) + (n_frames + 2u) * frame_max;
}

static bool fits(const struct wire_config *c)
{
	return c->n_ports >= 2 && c->n_ports <= (c->kind == WIRE_CABLE ? 2 : WIRE_PORTS);
}

struct wire *wire_init(void *memory, size_t size, unsigned n_frames, size_t frame_max,
		       const struct wire_config *config)
{
	struct wire *w = memory;

	if (n_frames < 1 || n_frames > PLACES_MAX || frame_max < 1 || frame_max > FRAME_MAX ||
	    size < wire_size(n_frames, frame_max) || !fits(config))
		return NULL;
	w->config = *config;
	if (!w->config.age_ns)
		w->config.age_ns = WIRE_AGE_NS;
	w->n = n_frames;
	w->frame_max = frame_max;
	w->bytes = (uint8_t *)(w->slot + n_frames);
	return w;
}

struct slot *wire_take_slot(struct wire *w)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->slot[i].state == SLOT_FREE) {
			w->slot[i] = (struct slot){ .state = SLOT_ASIDE, .due = INSTANT_NEVER,
						    .order = ++w->order };
			return &w->slot[i];
		}
	return NULL;
}

/* ---- lines ------------------------------------------------------------------------- */

static uint64_t serialisation(const struct wire *w, uint32_t len)
{
	uint64_t rate = w->config.bits_per_s, bits_ns = len * 8 * SEC_NS;

	/* Rounded up: no frame is faster than its line. */
	return rate ? bits_ns / rate + (bits_ns % rate != 0) : 0;
}

static struct line *line_in(struct wire *w, unsigned port)
{
	return &w->in[w->config.kind == WIRE_HUB ? 0 : port];
}

/* The sender's part, which no rule changes: it cannot know what happens to its frame. */
static void transmit(struct wire *w, struct slot *s)
{
	struct line *l = line_in(w, s->from);

	s->sent = instant_later(w->now, l->free);
	l->free = instant_after(s->sent, serialisation(w, s->len));
	s->ready = instant_after(l->free, w->config.propagation_ns);
}

/* From the rules to the other end: behind everything that is there already. */
static void launch(struct wire *w, struct slot *s, struct instant when)
{
	struct line *l = line_in(w, s->from);
	struct instant t = instant_after(instant_later(s->ready, when), s->extra_ns);

	t = instant_later(t, instant_after(l->last, serialisation(w, s->len)));
	l->last = t;
	s->order = ++w->order;
	s->ripe = s->follows = false;
	s->behind = 0;
	if (w->config.kind == WIRE_SWITCH) {
		s->state = SLOT_INWARD;
		s->due = t;
		return;
	}
	s->state = SLOT_OUTWARD;
	s->to = (WIRE_PORT(w->config.n_ports) - 1) & ~WIRE_PORT(s->from);
	for (unsigned port = 0; port < w->config.n_ports; port++)
		s->arrive[port] = t;
}

static void end(struct wire *w, struct slot *s)
{
	s->state = SLOT_FREE;
	w->counts.ended++;
}

static void relay(struct wire *w, struct slot *s)
{
	s->to = wire_switch_ports(w, s, s->due);
	if (!s->to) {
		w->counts.filtered++;
		end(w, s);
		return;
	}
	s->state = SLOT_OUTWARD;
	for (unsigned port = 0; port < w->config.n_ports; port++) {
		struct line *l = &w->out[port];
		if (!(s->to & WIRE_PORT(port)))
			continue;
		l->free = instant_after(instant_later(s->due, l->free), serialisation(w, s->len));
		s->arrive[port] = instant_after(l->free, w->config.propagation_ns);
	}
}

/* ---- set aside, and going on ------------------------------------------------------- */

typedef bool which(const struct slot *s, uint64_t key);

/* The one that came first of those set aside. */
static struct slot *first_aside(struct wire *w, which *is_meant, uint64_t key)
{
	struct slot *first = NULL;

	for (unsigned i = 0; i < w->n; i++) {
		struct slot *s = &w->slot[i];
		if (s->state == SLOT_ASIDE && is_meant(s, key) &&
		    (!first || s->order < first->order))
			first = s;
	}
	return first;
}

static bool is_ripe(const struct slot *s, uint64_t port)
{
	return s->ripe && s->from == port;
}

static bool follows(const struct slot *s, uint64_t index)
{
	return s->follows && s->index == index;
}

static bool is_of_rule(const struct slot *s, uint64_t handle)
{
	return s->handle == handle;
}

static void one_has_passed(struct wire *w, unsigned port)
{
	for (unsigned i = 0; i < w->n; i++) {
		struct slot *s = &w->slot[i];
		if (s->state == SLOT_ASIDE && s->from == port && s->behind && --s->behind == 0)
			s->ripe = true;
	}
}

/* The frame, and then those that were waiting for just this one to pass. */
static void go_on(struct wire *w, struct slot *s, struct instant when)
{
	unsigned port = s->from;

	for (; s; s = first_aside(w, is_ripe, port)) {
		launch(w, s, when);
		one_has_passed(w, port);
	}
}

static struct slot *next_awake(struct wire *w)
{
	struct slot *next = NULL;

	for (unsigned i = 0; i < w->n; i++) {
		struct slot *s = &w->slot[i];
		if (s->state == SLOT_ASIDE && s->due.ns != INSTANT_NEVER.ns &&
		    (!next || s->due.ns < next->due.ns ||
		     (s->due.ns == next->due.ns && s->order < next->order)))
			next = s;
	}
	return next;
}

/* Whose time aside is over goes on before anything else happens at `now`. */
static void advance(struct wire *w, struct instant now)
{
	struct slot *s;

	w->now = instant_later(w->now, now);
	while ((s = next_awake(w)) && instant_reached(w->now, s->due))
		go_on(w, s, s->due);
}

/* ---- put ---------------------------------------------------------------------------- */

static bool is_pinned(const struct wire *w, unsigned port)
{
	return w->config.pin && w->config.pin_ports & WIRE_PORT(port);
}

static void settle(struct wire *w, struct slot *s, enum fate fate)
{
	uint64_t index = s->index;

	switch (fate) {
	case GOES_ON: go_on(w, s, w->now); break;
	case STAYS_ASIDE: break;
	case IS_DROPPED:
		s->state = SLOT_FREE;
		w->counts.dropped++;
		break;
	}
	while ((s = first_aside(w, follows, index)))
		go_on(w, s, w->now);
}

enum wire_put wire_put(struct wire *w, unsigned port, const void *frame, size_t len,
		       struct instant now, struct wire_taken *out)
{
	advance(w, now);
	if (port >= w->config.n_ports || len < 1 || len > w->frame_max) {
		w->counts.misfit++;
		return WIRE_MISFIT;
	}
	struct slot *s = wire_take_slot(w);
	if (!s) {
		w->counts.full++;
		return WIRE_FULL;
	}
	uint8_t *shown = wire_as_taken(w);
	w->counts.taken++;
	s->from = port;
	s->index = ++w->index;
	s->len = (uint32_t)len;
	memmove(shown, frame, len);	/* it may be what the last call showed */
	if (is_pinned(w, port))
		wire_pin_enter(w->config.pin, shown, len);
	memcpy(wire_bytes(w, s), shown, len);
	transmit(w, s);
	/* Filled before it moves on: a copy that follows may take what becomes free. */
	enum fate fate = wire_apply_rules(w, s);
	if (out)
		*out = (struct wire_taken){ .index = s->index, .did = s->did, .sent = s->sent,
					    .frame = shown, .len = len };
	settle(w, s, fate);
	return WIRE_TAKEN;
}

/* ---- next --------------------------------------------------------------------------- */

/* The next thing to happen: a slot, when, and with OUTWARD at which port. */
struct happening { const struct slot *s; struct instant when; unsigned port; };

static void consider(struct happening *h, const struct slot *s, struct instant when, unsigned port)
{
	if (!h->s || when.ns < h->when.ns || (when.ns == h->when.ns && s->order < h->s->order))
		*h = (struct happening){ s, when, port };
}

static struct happening next_happening(const struct wire *w)
{
	struct happening h = { .when = INSTANT_NEVER };

	for (unsigned i = 0; i < w->n; i++) {
		const struct slot *s = &w->slot[i];
		switch (s->state) {
		case SLOT_FREE: break;
		case SLOT_ASIDE:
			if (s->due.ns != INSTANT_NEVER.ns)
				consider(&h, s, s->due, 0);
			break;
		case SLOT_INWARD: consider(&h, s, s->due, 0); break;
		case SLOT_OUTWARD:
			for (unsigned port = 0; port < w->config.n_ports; port++)
				if (s->to & WIRE_PORT(port))
					consider(&h, s, s->arrive[port], port);
			break;
		}
	}
	return h;
}

static void deliver(struct wire *w, struct slot *s, unsigned port, struct wire_delivery *out)
{
	uint8_t *host = wire_for_host(w), *shown = wire_bytes(w, s);

	memcpy(host, shown, s->len);
	if (is_pinned(w, port))
		wire_pin_leave(w->config.pin, host, s->len);
	*out = (struct wire_delivery){ .port = port, .from = s->from, .index = s->index,
				       .copy = s->copy, .did = s->did, .sent = s->sent,
				       .arrived = s->arrive[port], .frame = host, .shown = shown,
				       .len = s->len };
	w->counts.delivered++;
	s->to &= ~WIRE_PORT(port);
	/* Free already: its bytes stay until the next frame is put. */
	if (!s->to)
		end(w, s);
}

bool wire_next(struct wire *w, struct instant now, struct wire_delivery *out)
{
	w->now = instant_later(w->now, now);
	for (;;) {
		struct happening h = next_happening(w);
		if (!h.s || !instant_reached(w->now, h.when))
			return false;
		struct slot *s = &w->slot[h.s - w->slot];
		switch (s->state) {
		case SLOT_FREE: break;
		case SLOT_ASIDE: go_on(w, s, s->due); break;
		case SLOT_INWARD: relay(w, s); break;
		case SLOT_OUTWARD:
			deliver(w, s, h.port, out);
			return true;
		}
	}
}

struct instant wire_deadline(const struct wire *w)
{
	return next_happening(w).when;
}

struct wire_counts wire_counts(const struct wire *w)
{
	struct wire_counts c = w->counts;

	for (unsigned i = 0; i < w->n; i++) {
		c.aside += w->slot[i].state == SLOT_ASIDE;
		c.moving += w->slot[i].state == SLOT_INWARD || w->slot[i].state == SLOT_OUTWARD;
	}
	return c;
}

/* ---- what rules have set aside ------------------------------------------------------- */

static struct rule *rule_of(struct wire *w, unsigned handle)
{
	for (unsigned i = 0; i < w->n_rules; i++)
		if (w->rule[i].handle == handle)
			return &w->rule[i];
	return NULL;
}

static unsigned aside_of(const struct wire *w, unsigned handle)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->n; i++)
		n += w->slot[i].state == SLOT_ASIDE && w->slot[i].handle == handle;
	return n;
}

static void remove_rule(struct wire *w, struct rule *r)
{
	size_t behind = (size_t)(&w->rule[w->n_rules] - r) - 1;

	memmove(r, r + 1, behind * sizeof(*r));
	w->n_rules--;
}

unsigned wire_let_go(struct wire *w, unsigned handle, unsigned n, struct instant now)
{
	struct slot *s;

	advance(w, now);
	if (!rule_of(w, handle))
		return 0;
	unsigned before = aside_of(w, handle);
	for (; n && (s = first_aside(w, is_of_rule, handle)); n--)
		go_on(w, s, w->now);
	return before - aside_of(w, handle);
}

unsigned wire_release(struct wire *w, unsigned handle, struct instant now)
{
	struct rule *r = rule_of(w, handle);

	if (!r)
		return 0;
	unsigned went = wire_let_go(w, handle, w->n, now);
	remove_rule(w, r);
	return went;
}

unsigned wire_discard(struct wire *w, unsigned handle)
{
	struct rule *r = rule_of(w, handle);
	unsigned n = 0;

	if (!r)
		return 0;
	for (struct slot *s; (s = first_aside(w, is_of_rule, handle)); n++)
		s->state = SLOT_FREE;
	w->counts.dropped += n;
	remove_rule(w, r);
	return n;
}

bool wire_rule_story(const struct wire *w, unsigned handle, struct wire_rule_story *out)
{
	for (unsigned i = 0; i < w->n_rules; i++)
		if (w->rule[i].handle == handle) {
			*out = (struct wire_rule_story){ w->rule[i].matched, w->rule[i].acted,
							 aside_of(w, handle) };
			return true;
		}
	return false;
}
