#include "wirelab/addr.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool mac_parse(const char *s, struct mac *out)
{
	struct mac m;
	char separator = '\0';

	for (size_t i = 0; i < sizeof(m.b); i++) {
		if (i > 0) {
			if (*s != ':' && *s != '-')
				return false;
			if (separator && *s != separator)
				return false;
			separator = *s++;
		}
		int high = hex_value(s[0]);
		int low = high < 0 ? -1 : hex_value(s[1]);
		if (low < 0)
			return false;
		m.b[i] = (uint8_t)(high << 4 | low);
		s += 2;
	}
	if (*s)
		return false;
	*out = m;
	return true;
}

/* A decimal number 0..max without leading zeros; NULL when there is none at s. */
static const char *decimal(const char *s, unsigned max, unsigned *out)
{
	unsigned value = 0;
	const char *p = s;

	while (*p >= '0' && *p <= '9') {
		value = value * 10 + (unsigned)(*p++ - '0');
		if (value > max)
			return NULL;
	}
	if (p == s || (*s == '0' && p != s + 1))
		return NULL;
	*out = value;
	return p;
}

/* An address at the front of s; returns what follows it, or NULL. */
static const char *ip4_front(const char *s, struct ip4 *out)
{
	for (size_t i = 0; i < sizeof(out->b); i++) {
		unsigned octet;

		if (i > 0 && *s++ != '.')
			return NULL;
		s = decimal(s, 255, &octet);
		if (!s)
			return NULL;
		out->b[i] = (uint8_t)octet;
	}
	return s;
}

bool ip4_parse(const char *s, struct ip4 *out)
{
	struct ip4 a;
	const char *rest = ip4_front(s, &a);

	if (!rest || *rest)
		return false;
	*out = a;
	return true;
}

const char *mac_format(struct mac m, char buf[static MAC_STRLEN])
{
	static const char digit[] = "0123456789abcdef";
	char *p = buf;

	for (size_t i = 0; i < sizeof(m.b); i++) {
		if (i > 0)
			*p++ = ':';
		*p++ = digit[m.b[i] >> 4];
		*p++ = digit[m.b[i] & 0x0f];
	}
	*p = '\0';
	return buf;
}

const char *ip4_format(struct ip4 a, char buf[static IP4_STRLEN])
{
	char *p = buf;

	for (size_t i = 0; i < sizeof(a.b); i++) {
		unsigned v = a.b[i];

		if (i > 0)
			*p++ = '.';
		if (v >= 100)
			*p++ = (char)('0' + v / 100);
		if (v >= 10)
			*p++ = (char)('0' + v / 10 % 10);
		*p++ = (char)('0' + v % 10);
	}
	*p = '\0';
	return buf;
}

struct ip4_range ip4_prefix(struct ip4 addr, unsigned prefix_len)
{
	/* A shift by the whole width is undefined, so /0 is told apart. */
	uint32_t host_bits = prefix_len == 0 ? UINT32_MAX
			     : prefix_len >= 32 ? 0 : UINT32_MAX >> prefix_len;
	uint32_t n = ip4_number(addr);

	return (struct ip4_range){ n & ~host_bits, n | host_bits };
}

bool ip4_range_parse(const char *s, struct ip4_range *out)
{
	struct ip4 first, last;
	unsigned n;
	const char *rest = ip4_front(s, &first);

	if (!rest)
		return false;
	if (!*rest) {
		*out = (struct ip4_range){ ip4_number(first), ip4_number(first) };
		return true;
	}
	if (*rest == '/') {
		rest = decimal(rest + 1, 32, &n);
		if (!rest || *rest)
			return false;
		*out = ip4_prefix(first, n);
		return true;
	}
	if (*rest++ != '-')
		return false;
	if (!ip4_parse(rest, &last)) {
		rest = decimal(rest, 255, &n);
		if (!rest || *rest)
			return false;
		last = first;
		last.b[3] = (uint8_t)n;
	}
	if (ip4_number(last) < ip4_number(first))
		return false;
	*out = (struct ip4_range){ ip4_number(first), ip4_number(last) };
	return true;
}

/* ---- IPv6 (RFC 4291 section 2.2, RFC 5952) ------------------------------------ */

#define GROUPS 8u

/* One to four hex digits at the front of s; returns what follows them, or NULL. */
static const char *group_front(const char *s, unsigned *out)
{
	const char *p = s;

	*out = 0;
	for (; p != s + 4 && hex_value(*p) >= 0; p++)
		*out = *out << 4 | (unsigned)hex_value(*p);
	return p == s ? NULL : p;
}

/* The bytes as they were written, with the place of the "::" among them. */
struct halves {
	uint8_t b[16];
	size_t n;
	size_t gap;		/* bytes in front of "::" */
	bool has_gap;
};

/* What follows one group and its colon; NULL when no group or no colon is there. */
static const char *read_group(const char *s, struct halves *h)
{
	unsigned value;
	struct ip4 tail;

	/* Dots end an address, so what is left must be an IPv4 address whole. */
	if (h->n <= sizeof(h->b) - sizeof(tail.b) && ip4_parse(s, &tail)) {
		memcpy(h->b + h->n, tail.b, sizeof(tail.b));
		h->n += sizeof(tail.b);
		return s + strlen(s);
	}
	s = group_front(s, &value);
	if (!s || h->n == sizeof(h->b))
		return NULL;
	h->b[h->n++] = (uint8_t)(value >> 8);
	h->b[h->n++] = (uint8_t)value;
	if (!*s)
		return s;
	if (*s++ != ':')
		return NULL;
	if (*s != ':')
		return *s ? s : NULL;	/* one colon at the end promises a group */
	if (h->has_gap)
		return NULL;
	h->has_gap = true;
	h->gap = h->n;
	return s + 1;
}

bool ip6_parse(const char *s, struct ip6 *out)
{
	struct halves h = { .n = 0 };
	struct ip6 a = { { 0 } };

	if (s[0] == ':' && s[1] == ':') {
		h.has_gap = true;
		s += 2;
	}
	while (s && *s)
		s = read_group(s, &h);
	/* "::" stands for one group at least (RFC 4291 2.2). */
	if (!s || (h.has_gap ? h.n > sizeof(a.b) - 2 : h.n != sizeof(a.b)))
		return false;
	size_t zeros = sizeof(a.b) - h.n;
	for (size_t i = 0; i < h.n; i++)
		a.b[h.has_gap && i >= h.gap ? i + zeros : i] = h.b[i];
	*out = a;
	return true;
}

static unsigned group_at(const struct ip6 *a, size_t i)
{
	return (unsigned)(a->b[2 * i] << 8 | a->b[2 * i + 1]);
}

/* The first of the longest runs of zero groups (RFC 5952 4.2.3); a run of one is none. */
static size_t longest_run(const struct ip6 *a, size_t *start)
{
	size_t best = 0;

	for (size_t i = 0; i < GROUPS; i++) {
		size_t n = 0;
		while (i + n < GROUPS && group_at(a, i + n) == 0)
			n++;
		if (n > best) {
			best = n;
			*start = i;
		}
		i += n;
	}
	return best > 1 ? best : 0;
}

static char *put_group(char *p, unsigned value)
{
	static const char digit[] = "0123456789abcdef";
	bool started = false;

	for (unsigned shift = 16; shift > 0; shift -= 4) {
		unsigned nibble = value >> (shift - 4) & 0xf;
		started = started || nibble || shift == 4;
		if (started)
			*p++ = digit[nibble];
	}
	return p;
}

static bool is_mapped(const struct ip6 *a)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->b, prefix, sizeof(prefix)) == 0;
}

const char *ip6_format(struct ip6 a, char buf[static IP6_STRLEN])
{
	size_t start = GROUPS, run = longest_run(&a, &start);
	char *p = buf;

	if (is_mapped(&a)) {
		struct ip4 v4;
		memcpy(buf, "::ffff:", 7);
		memcpy(v4.b, a.b + 12, sizeof(v4.b));
		ip4_format(v4, buf + 7);
		return buf;
	}
	for (size_t i = 0; i < GROUPS; i++) {
		if (run && i == start) {
			*p++ = ':';
			i += run;
			if (i == GROUPS)
				*p++ = ':';
		}
		if (i == GROUPS)
			break;
		if (i > 0)
			*p++ = ':';
		p = put_group(p, group_at(&a, i));
	}
	*p = '\0';
	return buf;
}
