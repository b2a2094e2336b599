#include "cachefile_line.h"

#include <assert.h>
#include <string.h>

enum {
	COL_IP = 0, COL_MAC = 16, COL_STATE = 34, COL_HOW = 42, COL_IFNAME = 48, COL_IFINDEX = 64,
	COL_VLAN = 75, COL_NETNS = 80, COL_GENERATION = 97, COL_CONFIRMED = 106, COL_EXPIRES = 120,
	COL_CRC = CACHELINE_SUMMED, COL_NEWLINE = CACHELINE_WIDTH - 1,
};

enum {
	WIDTH_IP = 15, WIDTH_MAC = 17, WIDTH_STATE = 7, WIDTH_HOW = 5, WIDTH_IFNAME = 15,
	WIDTH_IFINDEX = 10, WIDTH_VLAN = 4, WIDTH_SECONDS = 9,
};

/* ---- the check sum ------------------------------------------------------------- */

/*
 * Eight bytes a step, one table for each of them.  A CRC is linear: the entry for a
 * byte is the XOR of the entries for its bits, so eight numbers make a table of 256,
 * and the compiler does the rest.
 */
#define BIT(i, bit, value) ((((i) >> (bit)) & 1u) != 0 ? (value) : 0u)
#define E1(i, a, b, c, d, e, f, g, h)                                                              \
	(BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^ \
	 BIT(i, 6, g) ^ BIT(i, 7, h))
#define E4(i, ...) E1(i, __VA_ARGS__), E1((i) + 1u, __VA_ARGS__), E1((i) + 2u, __VA_ARGS__), \
	E1((i) + 3u, __VA_ARGS__)
#define E16(i, ...) E4(i, __VA_ARGS__), E4((i) + 4u, __VA_ARGS__), E4((i) + 8u, __VA_ARGS__), \
	E4((i) + 12u, __VA_ARGS__)
#define E64(i, ...) E16(i, __VA_ARGS__), E16((i) + 16u, __VA_ARGS__), \
	E16((i) + 32u, __VA_ARGS__), E16((i) + 48u, __VA_ARGS__)
#define E256(...) E64(0u, __VA_ARGS__), E64(64u, __VA_ARGS__), E64(128u, __VA_ARGS__), \
	E64(192u, __VA_ARGS__)

static const uint32_t crc_of[8][256] = {
	{ E256(0x77073096u, 0xee0e612cu, 0x076dc419u, 0x0edb8832u, 0x1db71064u, 0x3b6e20c8u,
	       0x76dc4190u, 0xedb88320u) },
	{ E256(0x191b3141u, 0x32366282u, 0x646cc504u, 0xc8d98a08u, 0x4ac21251u, 0x958424a2u,
	       0xf0794f05u, 0x3b83984bu) },
	{ E256(0x01c26a37u, 0x0384d46eu, 0x0709a8dcu, 0x0e1351b8u, 0x1c26a370u, 0x384d46e0u,
	       0x709a8dc0u, 0xe1351b80u) },
	{ E256(0xb8bc6765u, 0xaa09c88bu, 0x8f629757u, 0xc5b428efu, 0x5019579fu, 0xa032af3eu,
	       0x9b14583du, 0xed59b63bu) },
	{ E256(0x3d6029b0u, 0x7ac05360u, 0xf580a6c0u, 0x30704bc1u, 0x60e09782u, 0xc1c12f04u,
	       0x58f35849u, 0xb1e6b092u) },
	{ E256(0xcb5cd3a5u, 0x4dc8a10bu, 0x9b914216u, 0xec53826du, 0x03d6029bu, 0x07ac0536u,
	       0x0f580a6cu, 0x1eb014d8u) },
	{ E256(0xa6770bb4u, 0x979f1129u, 0xf44f2413u, 0x33ef4e67u, 0x67de9cceu, 0xcfbd399cu,
	       0x440b7579u, 0x8816eaf2u) },
	{ E256(0xccaa009eu, 0x4225077du, 0x844a0efau, 0xd3e51bb5u, 0x7cbb312bu, 0xf9766256u,
	       0x299dc2edu, 0x533b85dau) },
};

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t cacheline_crc(const char *data, size_t len)
{
	const uint8_t *p = (const uint8_t *)data;
	uint32_t crc = UINT32_MAX;

	for (; len >= 8; len -= 8, p += 8) {
		uint32_t a = crc ^ le32(p), b = le32(p + 4);

		crc = crc_of[7][a & 0xff] ^ crc_of[6][a >> 8 & 0xff] ^
		      crc_of[5][a >> 16 & 0xff] ^ crc_of[4][a >> 24] ^
		      crc_of[3][b & 0xff] ^ crc_of[2][b >> 8 & 0xff] ^
		      crc_of[1][b >> 16 & 0xff] ^ crc_of[0][b >> 24];
	}
	for (; len > 0; len--, p++)
		crc = crc >> 8 ^ crc_of[0][(crc ^ *p) & 0xff];
	return ~crc;
}

/* ---- writing: at most 65,536 lines in a few milliseconds, so no printf --------- */

static const char hex_digit[] = "0123456789abcdef";

/* Right in a field that is blank already. */
static void put_decimal(char *field, size_t width, uint64_t value)
{
	do {
		field[--width] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
}

static void put_hex(char *field, size_t digits, uint64_t value)
{
	while (digits > 0) {
		field[--digits] = hex_digit[value & 0x0f];
		value >>= 4;
	}
}

static void put_time(char *field, uint64_t ms)
{
	uint64_t fraction = ms % 1000;

	put_decimal(field, WIDTH_SECONDS, ms / 1000);
	field[WIDTH_SECONDS] = '.';
	field[WIDTH_SECONDS + 1] = (char)('0' + fraction / 100);
	field[WIDTH_SECONDS + 2] = (char)('0' + fraction / 10 % 10);
	field[WIDTH_SECONDS + 3] = (char)('0' + fraction % 10);
}

static void put_ip(char *p, struct ip4 ip)
{
	for (size_t i = 0; i < sizeof(ip.b); i++) {
		unsigned v = ip.b[i];

		if (i > 0)
			*p++ = '.';
		if (v >= 100)
			*p++ = (char)('0' + v / 100);
		if (v >= 10)
			*p++ = (char)('0' + v / 10 % 10);
		*p++ = (char)('0' + v % 10);
	}
}

static void put_mac(char *p, struct mac mac)
{
	for (size_t i = 0; i < sizeof(mac.b); i++, p += 3) {
		p[0] = hex_digit[mac.b[i] >> 4];
		p[1] = hex_digit[mac.b[i] & 0x0f];
		p[2] = i + 1 < sizeof(mac.b) ? ':' : ' ';
	}
}

/* A terminal must not obey an interface's name, nor a blank in it make two columns. */
static void put_name(char *p, const char *name)
{
	if (!*name)
		*p = '-';
	for (; *name; name++)
		*p++ = *name > ' ' && *name < 0x7f ? *name : '?';
}

static void finish(char *line)
{
	put_hex(line + COL_CRC, 8, cacheline_crc(line, CACHELINE_SUMMED));
	line[COL_NEWLINE] = '\n';
}

bool cacheline_can_hold(const struct cache_entry *e)
{
	if (e->state != CACHE_KNOWN && e->state != CACHE_FAILED && e->state != CACHE_CONTESTED)
		return false;
	if (e->how != CACHE_REPLY && e->how != CACHE_WATCHED)
		return false;
	if (mac_is_zero(e->mac) != (e->state == CACHE_FAILED))
		return false;
	return e->place.vlan <= CACHEFILE_VLAN_MAX && e->expires.ns >= e->confirmed.ns &&
	       memchr(e->ifname, '\0', sizeof(e->ifname));
}

uint64_t cacheline_ms(struct instant t)
{
	uint64_t ns = t.ns < CACHEFILE_TIME_MAX ? t.ns : CACHEFILE_TIME_MAX;

	return ns / MSEC_NS;
}

void cacheline_format(const struct cache_entry *e, char line[static CACHELINE_WIDTH])
{
	assert(cacheline_can_hold(e));
	memset(line, ' ', CACHELINE_WIDTH);
	put_ip(line + COL_IP, e->ip);
	if (e->state == CACHE_FAILED)
		line[COL_MAC] = '-';
	else
		put_mac(line + COL_MAC, e->mac);
	memcpy(line + COL_STATE, e->state == CACHE_KNOWN ? "known  "
	       : e->state == CACHE_FAILED ? "failed " : "contest", WIDTH_STATE);
	memcpy(line + COL_HOW, e->how == CACHE_REPLY ? "reply" : "watch", WIDTH_HOW);
	put_name(line + COL_IFNAME, e->ifname);
	put_decimal(line + COL_IFINDEX, WIDTH_IFINDEX, e->place.ifindex);
	put_decimal(line + COL_VLAN, WIDTH_VLAN, e->place.vlan);
	put_hex(line + COL_NETNS, 16, e->place.netns);
	put_hex(line + COL_GENERATION, 8, e->place.generation);
	put_time(line + COL_CONFIRMED, cacheline_ms(e->confirmed));
	put_time(line + COL_EXPIRES, cacheline_ms(e->expires));
	finish(line);
}

/* ---- reading: each field accepts what the writer above makes, and nothing else - */

/* The fields of one line; sticky, so that one question at the end answers for all. */
struct fields {
	const char *line;
	bool bad;
};

static bool is_blank(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] != ' ')
			return false;
	}
	return true;
}

/* Digits at the right of the field, blanks before them, no leading zero. */
static uint64_t get_decimal(struct fields *f, size_t column, size_t width, uint64_t max)
{
	const char *p = f->line + column;
	size_t i = 0;
	uint64_t value = 0;

	while (i + 1 < width && p[i] == ' ')
		i++;
	if (p[i] == '0' && i + 1 < width)
		f->bad = true;
	for (; i < width; i++) {
		unsigned digit = (unsigned)(uint8_t)p[i] - '0';

		if (digit > 9)
			f->bad = true;
		value = value * 10 + digit;
	}
	if (value > max)
		f->bad = true;
	return value;
}

/* 16 and the value for each digit, lower case only; 0 for what is none. */
static const uint8_t hex_of[256] = {
	['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14, ['5'] = 0x15,
	['6'] = 0x16, ['7'] = 0x17, ['8'] = 0x18, ['9'] = 0x19, ['a'] = 0x1a, ['b'] = 0x1b,
	['c'] = 0x1c, ['d'] = 0x1d, ['e'] = 0x1e, ['f'] = 0x1f,
};

static unsigned hex_value(char c)
{
	return hex_of[(uint8_t)c];
}

static uint64_t get_hex(struct fields *f, size_t column, size_t digits)
{
	uint64_t value = 0;
	unsigned all = 0x10;

	for (size_t i = 0; i < digits; i++) {
		unsigned v = hex_value(f->line[column + i]);

		all &= v;
		value = value << 4 | (v & 0x0f);
	}
	f->bad |= all == 0;
	return value;
}

static struct instant get_time(struct fields *f, size_t column)
{
	const char *p = f->line + column + WIDTH_SECONDS;
	uint64_t seconds = get_decimal(f, column, WIDTH_SECONDS, 999999999u);
	unsigned a = (unsigned)(uint8_t)p[1] - '0', b = (unsigned)(uint8_t)p[2] - '0',
		 c = (unsigned)(uint8_t)p[3] - '0';

	if (p[0] != '.' || a > 9 || b > 9 || c > 9)
		f->bad = true;
	return (struct instant){ (seconds * 1000 + a * 100 + b * 10 + c) * MSEC_NS };
}

static struct ip4 get_ip(struct fields *f, size_t column)
{
	const char *p = f->line + column;
	struct ip4 ip = IP4_UNSPECIFIED;
	size_t at = 0;

	for (size_t i = 0; i < sizeof(ip.b); i++) {
		unsigned value = 0;
		size_t first = at;

		if (i > 0 && p[at++] != '.') {
			f->bad = true;
			return ip;
		}
		first += i > 0;
		/* Three digits at most, so that four octets and their dots stay in the column. */
		while (at - first < 3 && p[at] >= '0' && p[at] <= '9')
			value = value * 10 + (unsigned)(p[at++] - '0');
		if (at == first || value > 255 || (p[first] == '0' && at != first + 1))
			f->bad = true;
		ip.b[i] = (uint8_t)value;
	}
	f->bad |= !is_blank(p + at, WIDTH_IP - at);
	return ip;
}

static struct mac get_mac(struct fields *f, size_t column)
{
	const char *p = f->line + column;
	struct mac mac = MAC_ZERO;

	if (p[0] == '-') {
		f->bad |= !is_blank(p + 1, WIDTH_MAC - 1);
		return mac;
	}
	for (size_t i = 0; i < sizeof(mac.b); i++, p += 3) {
		unsigned high = hex_value(p[0]), low = hex_value(p[1]);

		f->bad |= (high & low) < 0x10 || (i + 1 < sizeof(mac.b) && p[2] != ':');
		mac.b[i] = (uint8_t)((high & 0x0f) << 4 | (low & 0x0f));
	}
	/* All zero has "-" for its only spelling. */
	f->bad |= mac_is_zero(mac);
	return mac;
}

static enum cache_state get_state(struct fields *f, size_t column)
{
	const char *p = f->line + column;

	if (memcmp(p, "known  ", WIDTH_STATE) == 0)
		return CACHE_KNOWN;
	if (memcmp(p, "failed ", WIDTH_STATE) == 0)
		return CACHE_FAILED;
	f->bad |= memcmp(p, "contest", WIDTH_STATE) != 0;
	return CACHE_CONTESTED;
}

static enum cache_how get_how(struct fields *f, size_t column)
{
	const char *p = f->line + column;

	if (memcmp(p, "reply", WIDTH_HOW) == 0)
		return CACHE_REPLY;
	f->bad |= memcmp(p, "watch", WIDTH_HOW) != 0;
	return CACHE_WATCHED;
}

static void get_name(struct fields *f, size_t column, char name[static CACHEFILE_IFNAME])
{
	const char *p = f->line + column;
	size_t len = 0;

	while (len < WIDTH_IFNAME && p[len] > ' ' && p[len] < 0x7f)
		len++;
	f->bad |= len == 0 || !is_blank(p + len, WIDTH_IFNAME - len);
	memset(name, 0, CACHEFILE_IFNAME);
	if (len != 1 || p[0] != '-')
		memcpy(name, p, len);
}

static bool blanks_between(const char *line)
{
	static const uint8_t starts[] = { COL_MAC, COL_STATE, COL_HOW, COL_IFNAME, COL_IFINDEX,
					  COL_VLAN, COL_NETNS, COL_GENERATION, COL_CONFIRMED,
					  COL_EXPIRES, COL_CRC };

	for (size_t i = 0; i < sizeof(starts); i++) {
		if (line[starts[i] - 1] != ' ')
			return false;
	}
	return true;
}

bool cacheline_parse(const char *line, size_t len, struct cache_entry *out)
{
	struct fields f = { .line = line };
	struct cache_entry e;

	if (len != CACHELINE_WIDTH || line[COL_NEWLINE] != '\n' || !blanks_between(line))
		return false;
	if (get_hex(&f, COL_CRC, 8) != cacheline_crc(line, CACHELINE_SUMMED) || f.bad)
		return false;
	memset(&e, 0, sizeof(e));
	e.ip = get_ip(&f, COL_IP);
	e.mac = get_mac(&f, COL_MAC);
	e.state = get_state(&f, COL_STATE);
	e.how = get_how(&f, COL_HOW);
	get_name(&f, COL_IFNAME, e.ifname);
	e.place.ifindex = (uint32_t)get_decimal(&f, COL_IFINDEX, WIDTH_IFINDEX, UINT32_MAX);
	e.place.vlan = (uint16_t)get_decimal(&f, COL_VLAN, WIDTH_VLAN, CACHEFILE_VLAN_MAX);
	e.place.netns = get_hex(&f, COL_NETNS, 16);
	e.place.generation = (uint32_t)get_hex(&f, COL_GENERATION, 8);
	e.confirmed = get_time(&f, COL_CONFIRMED);
	e.expires = get_time(&f, COL_EXPIRES);
	if (f.bad || !cacheline_can_hold(&e))
		return false;
	*out = e;
	return true;
}

/* ---- the header ---------------------------------------------------------------- */

static const char before_boot[] = CACHELINE_MAGIC "1 boot ";
static const char before_count[] = " entries ";
static const char columns[] = " ip mac state how iface index vlan netns gen confirmed expires";

enum {
	COL_BOOT = sizeof(before_boot) - 1,
	COL_COUNT = COL_BOOT + CACHEFILE_BOOT_ID - 1 + sizeof(before_count) - 1,
	WIDTH_COUNT = 7,
	COL_COLUMNS = COL_COUNT + WIDTH_COUNT,
};
_Static_assert(COL_COLUMNS + sizeof(columns) - 1 < COL_CRC,
	       "the header has a blank before its CRC");

bool cacheline_is_boot_id(const char *boot_id)
{
	for (size_t i = 0; i < CACHEFILE_BOOT_ID - 1; i++) {
		if (boot_id[i] != '-' && hex_value(boot_id[i]) == 0)
			return false;
	}
	return boot_id[CACHEFILE_BOOT_ID - 1] == '\0';
}

void cacheline_header(const char *boot_id, uint64_t entries, char line[static CACHELINE_WIDTH])
{
	assert(entries <= CACHELINE_COUNT_MAX);
	memset(line, ' ', CACHELINE_WIDTH);
	memcpy(line, before_boot, sizeof(before_boot) - 1);
	memcpy(line + COL_BOOT, boot_id, CACHEFILE_BOOT_ID - 1);
	memcpy(line + COL_BOOT + CACHEFILE_BOOT_ID - 1, before_count, sizeof(before_count) - 1);
	put_decimal(line + COL_COUNT, WIDTH_COUNT, entries);
	memcpy(line + COL_COLUMNS, columns, sizeof(columns) - 1);
	finish(line);
}

bool cacheline_header_parse(const char *line, size_t len, struct cacheline_head *out)
{
	struct fields f = { .line = line };
	struct cacheline_head head;
	char same[CACHELINE_WIDTH];

	if (len != CACHELINE_WIDTH)
		return false;
	memcpy(head.boot_id, line + COL_BOOT, CACHEFILE_BOOT_ID - 1);
	head.boot_id[CACHEFILE_BOOT_ID - 1] = '\0';
	head.entries = get_decimal(&f, COL_COUNT, WIDTH_COUNT, CACHELINE_COUNT_MAX);
	if (f.bad || !cacheline_is_boot_id(head.boot_id))
		return false;
	/* Once a file, so it may be slow and certain: written again, it is the same. */
	cacheline_header(head.boot_id, head.entries, same);
	if (memcmp(line, same, sizeof(same)) != 0)
		return false;
	*out = head;
	return true;
}

int cacheline_order(struct ip4 a_ip, const struct cache_place *a, struct ip4 b_ip,
		    const struct cache_place *b)
{
	uint32_t m = ip4_number(a_ip), n = ip4_number(b_ip);

	if (m != n)
		return m < n ? -1 : 1;
	if (a->netns != b->netns)
		return a->netns < b->netns ? -1 : 1;
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return a->vlan < b->vlan ? -1 : a->vlan > b->vlan;
}
