/*
 * Bytes as a stream of messages, read twice: in one piece, and in pieces of the sizes that
 * the first bytes of the input say.  Both must tell the same messages, the same refusal and
 * the same end.
 */
#include <stdlib.h>
#include <string.h>

#include "wirelab/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS = 8 };

struct digest {
	struct msg m;
	uint64_t messages, bytes, sum;	/* sum: of all that was told, in order */
	bool inside;
};

static void require(int holds)
{
	if (!holds)
		abort();
}

static void add(struct digest *d, uint64_t n)
{
	d->sum = (d->sum ^ n) * UINT64_C(0x100000001b3);
}

static void hear(struct digest *d, const struct msg_part *p)
{
	require(p->len > 0 && p->first == !d->inside && p->number == d->messages);
	require(p->begins + p->at + (p->is_prefix ? 0 : MSG_PREFIX) == d->bytes);
	require(p->is_prefix || p->length <= d->m.limit);
	d->inside = !p->last;
	d->bytes += p->len;
	for (size_t i = 0; i < p->len; i++)
		add(d, p->bytes[i]);
	if (p->last) {
		require(p->begins + MSG_PREFIX + p->length == d->bytes);
		add(d, p->length);
		d->messages++;
	}
}

static void feed(struct digest *d, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_over(bytes, len);
	struct msg_part p;

	while (msg_next(&d->m, &r, &p))
		hear(d, &p);
	require(r.left == 0 || d->m.refused);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_over(data, size);
	uint8_t how = rd_u8(&r), cuts[CUTS];
	struct digest one = { .messages = 0 }, many = { .messages = 0 };
	uint32_t missing[2];

	rd_copy(&r, cuts, sizeof(cuts));
	if (!rd_ok(&r))
		return 0;
	msg_init(&one.m, (enum msg_order)(how % 3), how & 4 ? MSG_LIMIT : how >> 3);
	many.m = one.m;
	feed(&one, r.at, r.left);
	for (size_t i = 0, done = 0; done < r.left; i++) {
		size_t n = cuts[i % CUTS] % 16 + 1u;
		n = n > r.left - done ? r.left - done : n;
		feed(&many, r.at + done, n);
		done += n;
	}
	/* A prefix that is refused is handed out up to its last piece only. */
	require(one.messages == many.messages && one.m.refused == many.m.refused);
	require(one.m.offset == many.m.offset && one.m.begins == many.m.begins);
	require(one.m.length == many.m.length && one.m.order == many.m.order);
	require(one.m.refused || one.sum == many.sum);
	require(msg_end(&one.m, &missing[0]) == msg_end(&many.m, &missing[1]));
	require(missing[0] == missing[1]);
	return 0;
}
