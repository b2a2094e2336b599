#include "wire_edit.h"

#include <assert.h>

#include "wirelab/csum.h"

void edit_sum(struct edit *e, size_t field, size_t base)
{
	assert(e->n < EDIT_SUMS);
	e->sum[e->n].field = field;
	e->sum[e->n++].base = base;
}

/* One byte of a word has changed: the other one cannot matter, so it is taken as 0. */
static uint16_t updated(uint16_t field, bool low, uint8_t old, uint8_t value)
{
	return low ? csum_update16(field, old, value)
		   : csum_update16(field, (uint16_t)(old << 8), (uint16_t)(value << 8));
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Changes a byte that the sums from `from` on cover. */
static void put(struct edit *e, unsigned from, size_t at, uint8_t value)
{
	uint8_t old = e->frame[at];

	if (old == value)
		return;
	e->frame[at] = value;
	for (unsigned i = from; i < e->n; i++) {
		uint8_t *p = e->frame + e->sum[i].field, now[2];
		put16(now, updated(edit_read16(p), (at - e->sum[i].base) & 1, old, value));
		/* The field is itself covered by the sums outside. */
		put(e, i + 1, e->sum[i].field, now[0]);
		put(e, i + 1, e->sum[i].field + 1, now[1]);
	}
}

void edit_be16(struct edit *e, size_t at, uint16_t value)
{
	put(e, 0, at, (uint8_t)(value >> 8));
	put(e, 0, at + 1, (uint8_t)value);
}

void edit_be32(struct edit *e, size_t at, uint32_t value)
{
	edit_be16(e, at, (uint16_t)(value >> 16));
	edit_be16(e, at + 2, (uint16_t)value);
}

bool edit_find_option(const uint8_t *list, size_t len, uint8_t kind, size_t *at, size_t *size)
{
	struct rd r = rd_over(list, len);

	while (r.left) {
		uint8_t k = rd_u8(&r);
		if (k == TCP_KIND_END)
			return false;
		if (k == TCP_KIND_NOP)
			continue;
		uint8_t whole = rd_u8(&r);
		if (!rd_ok(&r) || whole < 2 || whole - 2u > r.left)
			return false;
		if (k == kind) {
			*at = len - r.left;
			*size = whole - 2u;
			return true;
		}
		rd_skip(&r, whole - 2u);
	}
	return false;
}

const struct pkt_layer *edit_whole_tcp(const struct pkt *p)
{
	if (p->is_fragment || p->segment_kind != PKT_TCP || p->tcp_here < TCP_HEADER_MIN ||
	    p->tcp_here != p->tcp.header_len)
		return NULL;
	return pkt_find(p, PKT_TCP);
}

bool edit_clamp_mss(uint8_t *frame, const struct pkt *p, uint16_t mss)
{
	const struct pkt_layer *tcp = edit_whole_tcp(p);
	size_t at, size, options;

	if (!tcp || !(p->tcp.flags & TCP_SYN))
		return false;
	options = tcp->off + TCP_HEADER_MIN;
	if (!edit_find_option(frame + options, tcp->len - TCP_HEADER_MIN, TCP_KIND_MSS, &at,
			      &size) ||
	    size != 2 || edit_read16(frame + options + at) <= mss)
		return false;
	struct edit e = edit_in(frame);
	edit_sum(&e, tcp->off + EDIT_TCP_SUM, tcp->off);
	edit_be16(&e, options + at, mss);
	return true;
}
