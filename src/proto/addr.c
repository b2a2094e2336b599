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
