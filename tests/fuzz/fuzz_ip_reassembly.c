/*
 * Bytes as a script of fragments, for one small table.
 *
 * Each fragment is a handful of bytes: of which datagram, where it begins, how long it is, how
 * much of that was captured.  A second table that keeps every byte of every datagram, and finds
 * nothing quickly, says what has to come out: the bytes that came first, all of them, once the
 * end is known.  With fewer places than datagrams, or with time going on, only the promises of
 * the header are looked at.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/bytes.h"
#include "wirelab/ip_reassembly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DATAGRAMS = 3, SPAN = 4096 };

/* A datagram as it is remembered here: which bytes are known, and by whom first. */
struct known {
	uint8_t byte[SPAN];
	bool here[SPAN];
	size_t end, highest;
	bool ended, refused;
	unsigned fragments;
};

struct script {
	struct rd r;
	struct ipasm *t;
	unsigned places;
	bool time_goes_on, compare;
	struct instant now;
	uint64_t frame;
	struct known known[DATAGRAMS];
};

static void require(int holds)
{
	if (!holds)
		abort();
}

static bool all_here(const struct known *k)
{
	for (size_t i = 0; k->ended && i < k->end; i++)
		if (!k->here[i])
			return false;
	return k->ended;
}

/* Whole units only, but at the end of the datagram: what is left of one at a cut is dropped. */
static size_t worth_having(const struct ipasm_fragment *f)
{
	bool last_and_whole = !f->more && f->caplen == f->len;

	return last_and_whole ? f->caplen : f->caplen / IPASM_UNIT * IPASM_UNIT;
}

static bool fits(const struct known *k, const struct ipasm_fragment *f)
{
	size_t end = f->offset + f->len;

	if (k->ended)
		return f->more ? end <= k->end : end == k->end;
	return f->more || end >= k->highest;
}

static void remember(struct known *k, const struct ipasm_fragment *f)
{
	bool again = false, differs = false, news = false;

	for (size_t i = 0; i < worth_having(f); i++) {
		size_t at = f->offset + i;
		again |= k->here[at];
		differs |= k->here[at] && k->byte[at] != f->data[i];
		news |= !k->here[at];
		if (!k->here[at])
			k->byte[at] = f->data[i];
		k->here[at] = true;
	}
	k->fragments++;
	if (f->offset + f->len > k->highest)
		k->highest = f->offset + f->len;
	if (!f->more) {
		k->ended = true;
		k->end = f->offset + f->len;
	}
	/* RFC 5722, but an exact copy is left alone. */
	k->refused |= f->key.family == 6 && again && (news || differs);
}

static void promises(const struct script *s, const struct ipasm_fragment *f,
		     enum ipasm_result result, const struct ipasm_datagram *d)
{
	bool atomic = f->offset == 0 && !f->more;

	require(ipasm_waiting(s->t) <= s->places);
	if (result == IPASM_BAD_LENGTH || result == IPASM_BAD_END)
		return;
	require(d->fragments >= 1 && d->first_frame >= 1 && d->first_frame <= f->frame);
	require(!d->conflict || d->overlap);
	if (atomic)
		require(d->fragments == 1 && result != IPASM_HELD && result != IPASM_REFUSED);
	if (result != IPASM_WHOLE)
		return;
	require(d->len > 0 && d->len <= IPASM_MAX);
	unsigned sum = 0;
	for (size_t i = 0; i < d->len; i++)	/* the sanitizers look at each */
		sum += d->data[i];
	require(sum <= 255 * IPASM_MAX);
	require(atomic || f->len <= d->len);
}

static void as_remembered(struct known *k, const struct ipasm_fragment *f,
			  enum ipasm_result result, const struct ipasm_datagram *d)
{
	if (result == IPASM_BAD_LENGTH || (f->offset == 0 && !f->more))
		return;
	require((result == IPASM_BAD_END) == !fits(k, f));
	if (result == IPASM_BAD_END)
		return;
	remember(k, f);
	require(d->fragments == k->fragments);
	require((result == IPASM_REFUSED) == k->refused);
	if (k->refused)
		return;
	require((result == IPASM_WHOLE) == all_here(k));
	if (result != IPASM_WHOLE)
		return;
	require(d->len == k->end && memcmp(d->data, k->byte, k->end) == 0);
	memset(k, 0, sizeof(*k));
}

static void put(struct script *s)
{
	uint8_t which = rd_u8(&s->r), how = rd_u8(&s->r), from = rd_u8(&s->r);
	uint8_t units = rd_u8(&s->r), bytes[512];
	struct ipasm_fragment f = { 0 };
	unsigned datagram = which % DATAGRAMS;
	struct ipasm_datagram d;

	/* The first datagram is IPv6, where overlaps are refused. */
	f.key.family = datagram == 0 ? 6 : 4;
	f.key.id = datagram;
	f.key.src[0] = (uint8_t)datagram;
	f.more = how & 1;
	f.offset = from * IPASM_UNIT;
	f.len = units % 32 * IPASM_UNIT + (how & 2 ? how >> 5 : 0);
	f.caplen = how & 4 && f.len ? rd_u8(&s->r) % f.len : f.len;
	if (how & 8 && !s->compare)
		f.offset = rd_be16(&s->r);
	if (how & 16 && s->time_goes_on)
		s->now.ns += rd_be16(&s->r) * (SEC_NS / 100);
	/* Each datagram has its own bytes, some fragments lie about them. */
	for (size_t i = 0; i < f.caplen; i++)
		bytes[i] = (uint8_t)((f.offset + i) * 7 + datagram + (which >= 0xf8));
	uint8_t *exact = malloc(f.caplen ? f.caplen : 1);
	require(exact != NULL);
	memcpy(exact, bytes, f.caplen);
	f.data = exact;
	f.when = s->now;
	f.frame = ++s->frame;
	enum ipasm_result result = ipasm_hear(s->t, &f, &d);
	promises(s, &f, result, &d);
	if (s->compare)
		as_remembered(&s->known[datagram], &f, result, &d);
	free(exact);
}

/* Zeroed; of exactly that size, and the same one every time, since it is large. */
static void *memory_for(unsigned places)
{
	static void *memory[DATAGRAMS + 1];
	size_t size = ipasm_size(places);

	if (!memory[places])
		memory[places] = malloc(size);
	require(memory[places] != NULL);
	return memset(memory[places], 0, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct script s;

	if (size < 1)
		return 0;
	memset(&s, 0, sizeof(s));
	s.r = rd_over(data + 1, size - 1);
	s.time_goes_on = data[0] & 1;
	s.places = data[0] & 2 ? 1 : data[0] & 4 ? DATAGRAMS - 1 : DATAGRAMS;
	s.compare = !s.time_goes_on && s.places == DATAGRAMS;
	s.t = ipasm_init(memory_for(s.places), ipasm_size(s.places), s.places);
	require(s.t != NULL);
	while (s.r.left > 0 && rd_ok(&s.r))
		put(&s);
	return 0;
}
