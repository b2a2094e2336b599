#include "wirelab/text.h"

#include "wirelab/utf8.h"

struct txt txt_over(char *buf, size_t cap)
{
	buf[0] = '\0';
	return (struct txt){ .buf = buf, .cap = cap };
}

static void put(struct txt *t, const char *s, size_t len)
{
	if (len > t->cap - 1 - t->len) {
		t->cut = true;
		return;
	}
	memcpy(t->buf + t->len, s, len);
	t->len += len;
	t->buf[t->len] = '\0';
}

void txt_str(struct txt *t, const char *s)
{
	put(t, s, strlen(s));
}

void txt_char(struct txt *t, char c)
{
	put(t, &c, 1);
}

void txt_u64(struct txt *t, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	put(t, digits + at, sizeof(digits) - at);
}

void txt_grouped(struct txt *t, uint64_t n)
{
	char digits[27];
	size_t at = sizeof(digits);
	unsigned count = 0;

	do {
		if (count > 0 && count % 3 == 0)
			digits[--at] = ',';
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
		count++;
	} while (n);
	put(t, digits + at, sizeof(digits) - at);
}

void txt_ip(struct txt *t, struct ip4 ip)
{
	char buf[IP4_STRLEN];

	txt_str(t, ip4_format(ip, buf));
}

void txt_mac(struct txt *t, struct mac mac)
{
	char buf[MAC_STRLEN];

	txt_str(t, mac_format(mac, buf));
}

void txt_column(struct txt *t, size_t column)
{
	if (t->len > 0)
		txt_char(t, ' ');
	while (t->len < column && !t->cut)
		txt_char(t, ' ');
}

/* n / unit with `places` decimals, cut off, not rounded: 59.96 s is not yet a minute. */
static void decimals(struct txt *t, uint64_t n, uint64_t unit, unsigned places)
{
	uint64_t rest = n % unit;

	txt_u64(t, n / unit);
	if (places)
		txt_char(t, '.');
	while (places--) {
		/* unit is at most 10^9, so rest * 10 fits easily. */
		rest *= 10;
		txt_char(t, (char)('0' + rest / unit));
		rest %= unit;
	}
}

void txt_duration(struct txt *t, uint64_t ns)
{
	if (ns < UINT64_C(1000000000)) {
		decimals(t, ns, 1000000, 3);
		txt_str(t, " ms");
	} else {
		txt_age(t, ns);
	}
}

void txt_age(struct txt *t, uint64_t ns)
{
	const uint64_t s = UINT64_C(1000000000), min = 60 * s, h = 60 * min;

	if (ns < min) {
		decimals(t, ns, s, 1);
		txt_str(t, " s");
	} else if (ns < h) {
		txt_u64(t, ns / min);
		txt_str(t, " min ");
		txt_u64(t, ns % min / s);
		txt_str(t, " s");
	} else if (ns < 48 * h) {
		txt_u64(t, ns / h);
		txt_str(t, " h ");
		txt_u64(t, ns % h / min);
		txt_str(t, " min");
	} else {
		txt_u64(t, ns / (24 * h));
		txt_str(t, " days");
	}
}

void txt_seconds(struct txt *t, uint64_t ns)
{
	decimals(t, ns, UINT64_C(1000000000), 9);
}

/* ---- foreign text ---------------------------------------------------------------- */

/* A character that a terminal obeys, or that hides or reorders others. */
static bool is_unsafe(uint32_t c)
{
	return utf8_is_control(c) ||
	       c == 0xad || c == 0x61c || c == 0x180e ||	/* soft hyphen, Arabic mark, vowel sep. */
	       (c >= 0x200b && c <= 0x200f) ||			/* zero width, direction marks */
	       (c >= 0x2028 && c <= 0x202e) ||			/* line separators, embeddings */
	       (c >= 0x2060 && c <= 0x206f) ||			/* invisible operators, isolates */
	       c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	       (c >= 0xfe00 && c <= 0xfe0f) ||			/* variation selectors */
	       (c >= 0xe0000 && c <= 0xe0fff) ||		/* tags, more selectors */
	       (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);	/* noncharacters */
}

static void hex_byte(struct txt *t, const char *prefix, uint8_t b)
{
	static const char digit[] = "0123456789abcdef";

	txt_str(t, prefix);
	txt_char(t, digit[b >> 4]);
	txt_char(t, digit[b & 0x0f]);
}

void txt_foreign(struct txt *t, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	while (len > 0 && !t->cut) {
		uint32_t c = 0;
		size_t n = utf8_decode(bytes, len, &c);
		size_t take = n ? n : 1;
		if (n == 0 || is_unsafe(c)) {
			for (size_t i = 0; i < take; i++)
				hex_byte(t, "\\x", bytes[i]);
		} else {
			put(t, (const char *)bytes, n);
		}
		bytes += take;
		len -= take;
	}
}

static void json_character(struct txt *t, const uint8_t *bytes, size_t n, uint32_t c)
{
	if (n == 0) {
		txt_str(t, "\xef\xbf\xbd");
	} else if (c == '"' || c == '\\') {
		txt_char(t, '\\');
		txt_char(t, (char)c);
	} else if (utf8_is_control(c)) {
		hex_byte(t, "\\u00", (uint8_t)c);
	} else if (c == 0x2028 || c == 0x2029) {
		/* Line ends to JavaScript, though not to JSON. */
		txt_str(t, c == 0x2028 ? "\\u2028" : "\\u2029");
	} else {
		put(t, (const char *)bytes, n);
	}
}

void txt_json(struct txt *t, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	txt_char(t, '"');
	while (len > 0 && !t->cut) {
		uint32_t c = 0;
		size_t n = utf8_decode(bytes, len, &c);
		json_character(t, bytes, n, c);
		bytes += n ? n : 1;
		len -= n ? n : 1;
	}
	txt_char(t, '"');
}
