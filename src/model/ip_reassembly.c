#include "wirelab/ip_reassembly.h"

#include <string.h>

#define UNITS ((IPASM_MAX + IPASM_UNIT) / IPASM_UNIT)	/* 8192 */
#define WORD_BITS 64u

struct place {
	bool taken;
	bool refused;			/* IPv6 with an overlap: nothing more is accepted */
	struct ipasm_key key;
	struct ipasm_datagram story;
	uint32_t end;			/* bytes of the whole, 0: not known yet */
	uint32_t highest;		/* end of the piece that reaches farthest */
	uint32_t have, seen;		/* units that are here; that came by, captured or not */
	uint64_t here[UNITS / WORD_BITS];	/* one bit a unit */
	uint64_t came[UNITS / WORD_BITS];
	uint8_t data[UNITS * IPASM_UNIT];
};

struct ipasm {
	unsigned n;
	struct place place[];
};

size_t ipasm_size(unsigned n)
{
	return sizeof(struct ipasm) + n * sizeof(struct place);
}

struct ipasm *ipasm_init(void *memory, size_t size, unsigned n)
{
	struct ipasm *t = memory;

	if (n == 0 || size < ipasm_size(n))
		return NULL;
	t->n = n;
	return t;
}

bool ipasm_same_key(const struct ipasm_key *a, const struct ipasm_key *b)
{
	return a->id == b->id && a->family == b->family && a->proto == b->proto &&
	       memcmp(a->src, b->src, sizeof(a->src)) == 0 &&
	       memcmp(a->dst, b->dst, sizeof(a->dst)) == 0;
}

/* Everything but the bytes, which are covered by `here`. */
static void clear(struct place *p)
{
	p->taken = p->refused = false;
	p->story = (struct ipasm_datagram){ .data = NULL };
	p->end = p->highest = p->have = p->seen = 0;
	memset(p->here, 0, sizeof(p->here));
	memset(p->came, 0, sizeof(p->came));
}

static struct place *begin(struct place *p, const struct ipasm_fragment *f)
{
	clear(p);
	p->taken = true;
	p->key = f->key;
	p->story.first_frame = f->frame;
	p->story.first_when = f->when;
	return p;
}

/* The place of the fragment's datagram; else a free one; else that of the one begun first. */
static struct place *place_for(struct ipasm *t, const struct ipasm_fragment *f)
{
	struct place *free_one = NULL, *oldest = &t->place[0];

	for (unsigned i = 0; i < t->n; i++) {
		struct place *p = &t->place[i];
		if (p->taken && instant_since(p->story.first_when, f->when) >= IPASM_TIMEOUT_NS)
			p->taken = false;
		if (!p->taken)
			free_one = free_one ? free_one : p;
		else if (ipasm_same_key(&p->key, &f->key))
			return p;
		else if (p->story.first_when.ns < oldest->story.first_when.ns)
			oldest = p;
	}
	return begin(free_one ? free_one : oldest, f);
}

static bool has_bit(const uint64_t *bits, uint32_t unit)
{
	return (bits[unit / WORD_BITS] >> unit % WORD_BITS & 1) != 0;
}

static void set_bit(uint64_t *bits, uint32_t unit)
{
	bits[unit / WORD_BITS] |= UINT64_C(1) << unit % WORD_BITS;
}

static uint32_t units_up_to(uint32_t end)
{
	return (end + IPASM_UNIT - 1) / IPASM_UNIT;
}

/* The bytes of one unit.  The first to come stay; what comes again is compared. */
static void take_unit(struct place *p, uint32_t unit, const uint8_t *bytes, size_t len)
{
	uint8_t *to = p->data + unit * IPASM_UNIT;

	if (has_bit(p->here, unit)) {
		p->story.overlap = true;
		p->story.conflict = p->story.conflict || memcmp(to, bytes, len) != 0;
		return;
	}
	memcpy(to, bytes, len);
	set_bit(p->here, unit);
	p->have++;
}

static void take_bytes(struct place *p, const struct ipasm_fragment *f)
{
	for (size_t done = 0; done < f->caplen; done += IPASM_UNIT) {
		size_t left = f->caplen - done;
		/* Half a unit at the edge of the capture is not worth having. */
		if (left < IPASM_UNIT && (f->more || f->caplen < f->len))
			break;
		take_unit(p, (uint32_t)((f->offset + done) / IPASM_UNIT), f->data + done,
			  left < IPASM_UNIT ? left : IPASM_UNIT);
	}
}

static void note_range(struct place *p, uint32_t offset, uint32_t end)
{
	for (uint32_t unit = offset / IPASM_UNIT; unit < units_up_to(end); unit++) {
		p->seen += !has_bit(p->came, unit);
		set_bit(p->came, unit);
	}
}

static bool end_fits(const struct place *p, const struct ipasm_fragment *f)
{
	uint32_t end = f->offset + (uint32_t)f->len;

	if (p->end)
		return f->more ? end <= p->end : end == p->end;
	return f->more || end >= p->highest;
}

/* Some units were here before, and it is not a copy of what is here, byte for byte: that is no
 * overlap that harms.  `had` is what was here before the fragment came. */
static bool refuses_overlap(const struct place *p, const struct ipasm_fragment *f, uint32_t had)
{
	bool edge = !f->more && f->caplen == f->len;	/* half a unit counts at the end alone */
	size_t offered = (f->caplen + (edge ? IPASM_UNIT - 1 : 0)) / IPASM_UNIT;
	uint32_t fresh = p->have - had;

	return p->key.family == 6 && fresh < offered && (fresh > 0 || p->story.conflict);
}

static enum ipasm_result add(struct place *p, const struct ipasm_fragment *f)
{
	uint32_t had = p->have, end = f->offset + (uint32_t)f->len;

	p->story.fragments++;
	if (!f->more)
		p->end = end;
	if (end > p->highest)
		p->highest = end;
	note_range(p, f->offset, end);
	take_bytes(p, f);
	p->refused = p->refused || refuses_overlap(p, f, had);
	if (p->refused)
		return IPASM_REFUSED;
	if (!p->end)
		return IPASM_HELD;
	if (p->have == units_up_to(p->end))
		return IPASM_WHOLE;
	return p->seen == units_up_to(p->end) ? IPASM_UNCAPTURED : IPASM_HELD;
}

static bool is_atomic(const struct ipasm_fragment *f)
{
	return f->offset == 0 && !f->more;
}

static enum ipasm_result hear_atomic(const struct ipasm_fragment *f, struct ipasm_datagram *out)
{
	*out = (struct ipasm_datagram){ .data = f->data, .len = f->len, .first_frame = f->frame,
					.first_when = f->when, .fragments = 1 };
	return f->caplen < f->len ? IPASM_UNCAPTURED : IPASM_WHOLE;
}

enum ipasm_result ipasm_hear(struct ipasm *t, const struct ipasm_fragment *f,
			     struct ipasm_datagram *out)
{
	enum ipasm_result result;
	struct place *p;

	if (f->len == 0 || f->offset % IPASM_UNIT != 0 || f->offset > IPASM_MAX ||
	    f->len > IPASM_MAX - f->offset || (f->more && f->len % IPASM_UNIT != 0))
		return IPASM_BAD_LENGTH;
	if (is_atomic(f))
		return hear_atomic(f, out);
	p = place_for(t, f);
	if (!end_fits(p, f))
		return IPASM_BAD_END;
	result = add(p, f);
	*out = p->story;
	if (result == IPASM_WHOLE) {
		out->data = p->data;
		out->len = p->end;
		p->taken = false;
	}
	return result;
}

unsigned ipasm_waiting(const struct ipasm *t)
{
	unsigned waiting = 0;

	for (unsigned i = 0; i < t->n; i++)
		waiting += t->place[i].taken;
	return waiting;
}

/* ---- what is asked of a datagram that is still waiting ------------------------------- */

static const struct place *place_of(const struct ipasm *t, const struct ipasm_key *key)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->place[i].taken && ipasm_same_key(&t->place[i].key, key))
			return &t->place[i];
	return NULL;
}

size_t ipasm_missing(const struct ipasm *t, const struct ipasm_key *key, struct ipasm_range *out,
		     size_t max)
{
	const struct place *p = place_of(t, key);
	struct ipasm_range hole = { 0, 0 };
	uint32_t units, unit = 0;
	size_t n = 0;

	if (!p)
		return 0;
	units = units_up_to(p->end ? p->end : p->highest);
	while (unit < units) {
		if (has_bit(p->came, unit)) {
			unit++;
			continue;
		}
		hole.from = unit * IPASM_UNIT;
		while (unit < units && !has_bit(p->came, unit))
			unit++;
		hole.to = unit == units && p->end ? p->end : unit * IPASM_UNIT;
		if (n++ < max)
			out[n - 1] = hole;
	}
	if (!p->end && n++ < max)
		out[n - 1] = (struct ipasm_range){ units * IPASM_UNIT, IPASM_END_UNKNOWN };
	return n;
}

bool ipasm_next_to_leave(const struct ipasm *t, struct ipasm_key *key)
{
	const struct place *oldest = &t->place[0];

	for (unsigned i = 0; i < t->n; i++) {
		const struct place *p = &t->place[i];
		if (!p->taken)
			return false;
		if (p->story.first_when.ns < oldest->story.first_when.ns)
			oldest = p;
	}
	*key = oldest->key;
	return true;
}

bool ipasm_forget(struct ipasm *t, const struct ipasm_key *key)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct place *p = &t->place[i];
		if (p->taken && ipasm_same_key(&p->key, key)) {
			p->taken = false;
			return true;
		}
	}
	return false;
}
