#include "wirelab/text.h"

#include "wirelab/utf8.h"

struct txt txt_over(char *buf, size_t cap)
{
	buf[0] = '\0';
	return (struct txt){ .buf = buf, .cap = cap };
}

void txt_bytes(struct txt *t, const char *s, size_t len)
{
	if (len > t->cap - 1 - t->len) {
		t->cut = true;
		return;
	}
	memcpy(t->buf + t->len, s, len);
	t->len += len;
	t->buf[t->len] = '\0';
}

void txt_char(struct txt *t, char c)
{
	txt_bytes(t, &c, 1);
}

void txt_u64(struct txt *t, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	txt_bytes(t, digits + at, sizeof(digits) - at);
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
	txt_bytes(t, digits + at, sizeof(digits) - at);
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

void txt_address(struct txt *t, unsigned family, const uint8_t addr[16])
{
	char buf[IP6_STRLEN];
	struct ip4 v4;
	struct ip6 v6;

	if (family == 4) {
		memcpy(v4.b, addr, sizeof(v4.b));
		txt_ip(t, v4);
		return;
	}
	memcpy(v6.b, addr, sizeof(v6.b));
	txt_str(t, ip6_format(v6, buf));
}

void txt_amount(struct txt *t, uint64_t n)
{
	static const char unit[] = "kMGTPE";
	uint64_t scale = 1000;
	size_t u = 0;

	if (n < 100000) {
		txt_u64(t, n);
		return;
	}
	while (n / scale >= 1000) {
		scale *= 1000;
		u++;
	}
	txt_u64(t, n / scale);
	txt_char(t, '.');
	txt_u64(t, n % scale / (scale / 10));
	txt_char(t, unit[u]);
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
	char digits[10];
	uint32_t rest = (uint32_t)(ns % UINT64_C(1000000000));

	txt_u64(t, ns / UINT64_C(1000000000));
	digits[0] = '.';
	for (size_t i = sizeof(digits); --i > 0; rest /= 10)
		digits[i] = (char)('0' + rest % 10);
	txt_bytes(t, digits, sizeof(digits));
}

/* ---- foreign text ---------------------------------------------------------------- */

/*
 * A character that a terminal obeys, or that hides or reorders others: controls, what
 * Unicode calls Default_Ignorable_Code_Point (drawn as nothing), line separators,
 * interlinear annotations, and what is no character at all.
 */
static bool is_unsafe(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} range[] = {	/* in growing order */
		{ 0xad, 0xad }, { 0x34f, 0x34f },	/* soft hyphen, grapheme joiner */
		{ 0x61c, 0x61c },			/* Arabic letter mark */
		{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },	/* fillers, inherent vowels */
		{ 0x180b, 0x180f },			/* Mongolian selectors, vowel separator */
		{ 0x200b, 0x200f },			/* zero width, direction marks */
		{ 0x2028, 0x202e },			/* line separators, embeddings */
		{ 0x2060, 0x206f },			/* invisible operators, isolates */
		{ 0x3164, 0x3164 },			/* Hangul filler */
		{ 0xfdd0, 0xfdef },			/* noncharacters */
		{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },	/* variation selectors, byte order mark */
		{ 0xffa0, 0xffa0 },			/* another filler */
		{ 0xfff0, 0xfffb },			/* not assigned; annotations */
		{ 0x1bca0, 0x1bca3 },			/* shorthand format controls */
		{ 0x1d173, 0x1d17a },			/* musical format controls */
		{ 0xe0000, 0xe0fff },			/* tags, more selectors */
	};

	if (utf8_is_control(c) || (c & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < sizeof(range) / sizeof(range[0]) && c >= range[i].from; i++)
		if (c <= range[i].to)
			return true;
	return false;
}

/* In one piece: half an escape, where the buffer ends, would be another text. */
static void hex_byte(struct txt *t, const char *prefix, uint8_t b)
{
	static const char digit[] = "0123456789abcdef";
	char escape[8];
	struct txt e = txt_over(escape, sizeof(escape));

	txt_str(&e, prefix);
	txt_char(&e, digit[b >> 4]);
	txt_char(&e, digit[b & 0x0f]);
	txt_bytes(t, escape, e.len);
}

/* The n bytes of a character, or one byte that belongs to none (n is 0). */
static void safe_character(struct txt *t, const uint8_t *bytes, size_t n, uint32_t c)
{
	if (n > 0 && !is_unsafe(c)) {
		txt_bytes(t, (const char *)bytes, n);
		return;
	}
	for (size_t i = 0; i < (n ? n : 1); i++)
		hex_byte(t, "\\x", bytes[i]);
}

void txt_foreign(struct txt *t, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	while (len > 0 && !t->cut) {
		uint32_t c = 0;
		size_t n = utf8_decode(bytes, len, &c);
		safe_character(t, bytes, n, c);
		bytes += n ? n : 1;
		len -= n ? n : 1;
	}
}

/* What stands for a character that markup is made of, or NULL. */
static const char *entity(uint32_t c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";	/* &apos; is unknown to HTML 4 */
	default: return NULL;
	}
}

void txt_xml(struct txt *t, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	while (len > 0 && !t->cut) {
		uint32_t c = 0;
		size_t n = utf8_decode(bytes, len, &c);
		const char *instead = entity(c);
		if (instead)
			txt_str(t, instead);
		else
			safe_character(t, bytes, n, c);
		bytes += n ? n : 1;
		len -= n ? n : 1;
	}
}

static void json_character(struct txt *t, const uint8_t *bytes, size_t n, uint32_t c)
{
	if (n == 0) {
		txt_str(t, "\xef\xbf\xbd");
	} else if (c == '"' || c == '\\') {
		txt_str(t, c == '"' ? "\\\"" : "\\\\");
	} else if (utf8_is_control(c)) {
		hex_byte(t, "\\u00", (uint8_t)c);
	} else if (c == 0x2028 || c == 0x2029) {
		/* Line ends to JavaScript, though not to JSON. */
		txt_str(t, c == 0x2028 ? "\\u2028" : "\\u2029");
	} else {
		txt_bytes(t, (const char *)bytes, n);
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
