#include "wirelab/msg.h"

#include <assert.h>

const char *msg_order_name(enum msg_order order)
{
	switch (order) {
	case MSG_NETWORK: return "network";
	case MSG_NATIVE: return "native";
	case MSG_EITHER: break;
	}
	return NULL;
}

int64_t msg_prefix_parse(const uint8_t prefix[static MSG_PREFIX], enum msg_order order)
{
	const uint8_t turned[MSG_PREFIX] = { prefix[3], prefix[2], prefix[1], prefix[0] };
	struct rd r = rd_over(order == MSG_NATIVE ? turned : prefix, MSG_PREFIX);
	int64_t n = rd_be32(&r);

	assert(order != MSG_EITHER);
	/* Two's complement by hand: a cast to int32_t of what does not fit is the compiler's
	 * own affair (C11 6.3.1.3). */
	return order == MSG_NATIVE && n > INT32_MAX ? n - (INT64_C(1) << 32) : n;
}

bool msg_prefix_build(struct wr *w, enum msg_order order, uint32_t length)
{
	assert(order != MSG_EITHER);
	if (order == MSG_NATIVE && length > INT32_MAX)
		return false;
	if (order == MSG_NETWORK)
		wr_be32(w, length);
	else
		wr_copy(w, (uint8_t[]){ (uint8_t)length, (uint8_t)(length >> 8),
					(uint8_t)(length >> 16), (uint8_t)(length >> 24) },
			MSG_PREFIX);
	return wr_ok(w);
}

static enum msg_refusal judge_length(int64_t length, uint32_t limit)
{
	if (length < 0)
		return MSG_NEGATIVE;
	return length > limit ? MSG_OVER_LIMIT : MSG_ACCEPTED;
}

enum msg_order msg_judge(const uint8_t prefix[static MSG_PREFIX], uint32_t limit)
{
	int64_t network = msg_prefix_parse(prefix, MSG_NETWORK);
	int64_t native = msg_prefix_parse(prefix, MSG_NATIVE);

	if (judge_length(native, limit) != MSG_ACCEPTED)
		return MSG_NETWORK;
	if (judge_length(network, limit) != MSG_ACCEPTED)
		return MSG_NATIVE;
	if (network == native)
		return MSG_EITHER;
	return network < native ? MSG_NETWORK : MSG_NATIVE;
}

void msg_init(struct msg *m, enum msg_order order, uint32_t limit)
{
	*m = (struct msg){ .order = order, .limit = limit };
}

static void end_message(struct msg *m)
{
	m->number++;
	m->begins = m->offset;
	m->have = 0;
	m->length = 0;
}

/* The prefix is whole: how long is the message, and may it be? */
static void take_length(struct msg *m)
{
	enum msg_order order = m->order;

	if (order == MSG_EITHER)
		order = m->order = msg_judge(m->prefix, m->limit);
	/* Still either: then it reads the same both ways. */
	m->length = msg_prefix_parse(m->prefix, order == MSG_NATIVE ? MSG_NATIVE : MSG_NETWORK);
	m->refused = judge_length(m->length, m->limit);
	if (!m->refused)
		m->left = (uint32_t)m->length;
}

static struct msg_part part_of(struct msg *m, struct rd *r, uint32_t wanted)
{
	struct msg_part part = { .number = m->number, .begins = m->begins };

	part.len = r->left < wanted ? r->left : wanted;
	part.bytes = rd_bytes(r, part.len);
	m->offset += part.len;
	return part;
}

static bool next_of_prefix(struct msg *m, struct rd *r, struct msg_part *out)
{
	struct msg_part part = part_of(m, r, MSG_PREFIX - m->have);

	part.is_prefix = true;
	part.at = m->have;
	part.first = m->have == 0;
	memcpy(m->prefix + m->have, part.bytes, part.len);
	m->have = (uint8_t)(m->have + part.len);
	if (m->have == MSG_PREFIX) {
		take_length(m);
		if (m->refused)
			return false;
		part.length = (uint32_t)m->length;
		part.last = part.length == 0;
		if (part.last)
			end_message(m);
	}
	*out = part;
	return true;
}

static bool next_of_body(struct msg *m, struct rd *r, struct msg_part *out)
{
	struct msg_part part = part_of(m, r, m->left);

	part.length = (uint32_t)m->length;
	part.at = part.length - m->left;
	m->left -= (uint32_t)part.len;
	part.last = m->left == 0;
	if (part.last)
		end_message(m);
	*out = part;
	return true;
}

bool msg_next(struct msg *m, struct rd *r, struct msg_part *out)
{
	if (m->refused || !rd_ok(r) || r->left == 0)
		return false;
	return m->have < MSG_PREFIX ? next_of_prefix(m, r, out) : next_of_body(m, r, out);
}

bool msg_skip(struct msg *m, uint32_t n)
{
	assert(!m->refused && n <= m->left);
	if (n == 0)
		return false;
	m->offset += n;
	m->left -= n;
	if (m->left > 0)
		return false;
	end_message(m);
	return true;
}

enum msg_ending msg_end(const struct msg *m, uint32_t *missing)
{
	*missing = 0;
	if (m->refused)
		return MSG_REFUSED;
	if (m->have == MSG_PREFIX) {
		*missing = m->left;
		return MSG_IN_BODY;
	}
	if (m->have > 0) {
		*missing = MSG_PREFIX - m->have;
		return MSG_IN_PREFIX;
	}
	return MSG_CLEAN;
}
