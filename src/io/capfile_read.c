#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "capfile_impl.h"

int damage(struct capr *r, uint64_t offset, const char *format, ...)
{
	va_list ap;
	int n = snprintf(r->damage, sizeof(r->damage), "offset %" PRIu64 ": ", offset);

	va_start(ap, format);
	(void)vsnprintf(r->damage + n, sizeof(r->damage) - (size_t)n, format, ap);
	va_end(ap);
	r->state = CAPR_DAMAGED;
	return -1;
}

int file_ends(struct capr *r, const char *what, uint64_t claimed)
{
	uint64_t here = source_offset(&r->src);

	if (r->src.stopped) {
		r->state = CAPR_OVER;
		return 0;
	}
	if (r->src.error)
		return damage(r, here, "cannot read on: %s", strerror(r->src.error));
	if (r->src.left > 0)
		return damage(r, here,
			      "the file ends inside %s: %" PRIu64 " bytes claimed, %zu there", what,
			      claimed, r->src.left);
	r->state = CAPR_OVER;
	return 0;
}

/* ---- interfaces and their times ---------------------------------------------- */

struct interface *interface_new(struct capr *r)
{
	struct interface *i = NULL;

	if (r->totals.interfaces >= CAPR_INTERFACES_MAX) {
		damage(r, r->block_offset, "more than %u interfaces", CAPR_INTERFACES_MAX);
		return NULL;
	}
	if (r->n_interfaces == r->cap_interfaces) {
		uint32_t cap = r->cap_interfaces ? r->cap_interfaces * 2 : 8;
		struct interface **p = realloc(r->interface, cap * sizeof(struct interface *));
		if (p) {
			r->interface = p;
			r->cap_interfaces = cap;
		}
	}
	if (r->n_interfaces < r->cap_interfaces)
		i = calloc(1, sizeof(*i));
	if (!i) {
		damage(r, r->block_offset, "no memory for another interface");
		return NULL;
	}
	i->older = r->newest;
	r->newest = i;
	r->interface[r->n_interfaces++] = i;
	r->totals.interfaces++;
	interface_times(i, 6, 0);
	return i;
}

static uint64_t power_of_ten(unsigned exponent)
{
	uint64_t value = 1;

	while (exponent-- > 0)
		value *= 10;
	return value;
}

#define MAX_POWER_OF_TEN 19u	/* 10^19 < 2^64 < 10^20 */

void interface_times(struct interface *i, uint8_t tsresol, int64_t offset_s)
{
	unsigned max = tsresol & 0x80 ? 63 : MAX_POWER_OF_TEN;

	i->binary = (tsresol & 0x80) != 0;
	i->exponent = tsresol & 0x7f;
	i->offset_s = offset_s;
	/* Only informative, so a resolution that no clock has need not be exact. */
	i->pub.ticks_per_second = i->exponent > max ? UINT64_MAX
				  : i->binary	    ? UINT64_C(1) << i->exponent
						    : power_of_ten(i->exponent);
	i->fast_limit = 0;
	if (!i->binary && i->exponent <= 9 && offset_s == 0) {
		i->fast_ns = power_of_ten(9u - i->exponent);
		i->fast_limit = UINT64_MAX / i->fast_ns;
	}
}

__extension__ typedef __int128 int128;

/* Whole nanoseconds, rounded down; below 2^94, as 10^9 < 2^30. */
static int128 ticks_to_ns(const struct interface *i, uint64_t ticks)
{
	if (i->binary)	/* from 2^-94 s on, 64 bits of ticks are less than a nanosecond */
		return i->exponent < 94 ? ((int128)ticks * 1000000000) >> i->exponent : 0;
	if (i->exponent <= 9)
		return (int128)ticks * (int128)power_of_ten(9u - i->exponent);
	if (i->exponent - 9u <= MAX_POWER_OF_TEN)
		return (int128)(ticks / power_of_ten(i->exponent - 9u));
	return 0;
}

bool interface_ns(const struct interface *i, uint64_t ticks, uint64_t *ns)
{
	/* Both terms fit 94 bits, so the sum fits 128. */
	int128 t = ticks_to_ns(i, ticks) + (int128)i->offset_s * 1000000000;

	if (t < 0 || t > (int128)UINT64_MAX) {
		*ns = 0;
		return false;
	}
	*ns = (uint64_t)t;
	return true;
}

/* ---- which kind of file it is ------------------------------------------------- */

static bool is_pcap(uint32_t magic)
{
	return magic == PCAP_MICROSECONDS || magic == PCAP_NANOSECONDS || magic == PCAP_MODIFIED;
}

/* The files people hand us instead, and what to do with them. */
static const char *what_else(const uint8_t *b)
{
	static const struct {
		uint8_t magic[3];
		const char *advice;
	} known[] = {
		{ { 0x1f, 0x8b, 0x08 }, "compressed; try: gzip -dc FILE | ... -" },
		{ { 0x28, 0xb5, 0x2f }, "compressed; try: zstd -dc FILE | ... -" },
		{ { 0xfd, '7', 'z' }, "compressed; try: xz -dc FILE | ... -" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (memcmp(b, known[i].magic, sizeof(known[i].magic)) == 0)
			return known[i].advice;
	return "neither pcap nor pcapng";
}

/* NULL, or why these are not the first bytes of a capture.  A known kind that is cut is one. */
static const char *begin(struct capr *r)
{
	const uint8_t *b = source_need(&r->src, 4);

	if (!b) {
		if (r->src.error)
			return strerror(r->src.error);
		return r->src.left ? "too short to be a capture" : "empty";
	}
	uint32_t magic = get32(b, false), swapped = __builtin_bswap32(magic);
	if (is_pcap(magic) || is_pcap(swapped)) {
		r->swapped = is_pcap(swapped);
		pcap_begin(r, r->swapped ? swapped : magic);
		return NULL;
	}
	if (magic != PCAPNG_SECTION)
		return r->src.left > 2 ? what_else(b) : "neither pcap nor pcapng";
	r->pcapng = true;
	pcapng_begin(r);
	return NULL;
}

static struct capr *begin_or_close(struct capr *r, const char *path, char err[static 256])
{
	const char *why = begin(r);

	if (!why)
		return r;
	/* A long path may not push the reason out of the line. */
	(void)snprintf(err, 256, "%.150s: %s", path, why);
	capr_close(r);
	return NULL;
}

struct capr *capr_open(const char *path, char err[static 256])
{
	struct capr *r = calloc(1, sizeof(*r));

	if (!r || source_open(&r->src, path) < 0) {
		(void)snprintf(err, 256, "%.150s: %s", path, strerror(errno));
		free(r);
		return NULL;
	}
	return begin_or_close(r, path, err);
}

struct capr *capr_over(const void *data, size_t len, char err[static 256])
{
	struct capr *r = calloc(1, sizeof(*r));

	if (!r) {
		(void)snprintf(err, 256, "%s", strerror(errno));
		return NULL;
	}
	source_over(&r->src, data, len);
	return begin_or_close(r, "capture in memory", err);
}

int capr_next(struct capr *r, struct capr_record *out)
{
	if (r->state != CAPR_RUNNING)
		return r->state == CAPR_OVER ? 0 : -1;
	return r->pcapng ? pcapng_next(r, out) : pcap_next(r, out);
}

void capr_stop(struct capr *r)
{
	source_stop(&r->src);
}

/* ---- what was met -------------------------------------------------------------- */

const char *capr_damage(const struct capr *r)
{
	return r->damage;
}

const char *capr_comment(const struct capr *r)
{
	return r->comment;
}

const char *capr_application(const struct capr *r)
{
	return r->application;
}

struct capr_totals capr_totals(const struct capr *r)
{
	return r->totals;
}

const char *capr_name(const struct capr *r, struct ip4 ip)
{
	return names_find(&r->names, ip4_number(ip));
}

void capr_close(struct capr *r)
{
	if (!r)
		return;
	for (struct interface *i = r->newest, *older; i; i = older) {
		older = i->older;
		free(i);
	}
	free(r->interface);
	names_free(&r->names);
	source_close(&r->src);
	free(r);
}
