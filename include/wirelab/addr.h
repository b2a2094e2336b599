/*
 * addr.h - link-layer and internet addresses as values
 *
 * An address is a struct of bytes in the order they travel: there is then no
 * byte order to get wrong, and the compiler refuses a MAC where an IPv4 address
 * is meant.  Only where addresses are counted (ranges, hashing, sorting) does
 * one become a number, by ip4_number(), and that number is never on a wire.
 */
#ifndef WIRELAB_ADDR_H
#define WIRELAB_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mac { uint8_t b[6]; };
struct ip4 { uint8_t b[4]; };
struct ip6 { uint8_t b[16]; };

#define MAC_STRLEN 18u		/* "xx:xx:xx:xx:xx:xx" and its NUL */
#define IP4_STRLEN 16u		/* "255.255.255.255" and its NUL */
#define IP6_STRLEN 46u		/* "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255" and its NUL */

static const struct mac MAC_BROADCAST = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
static const struct mac MAC_ZERO = { { 0 } };
static const struct ip4 IP4_UNSPECIFIED = { { 0 } };	/* 0.0.0.0, RFC 1122 3.2.1.3 (a) */

static inline bool mac_equal(struct mac a, struct mac b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

static inline bool mac_is_broadcast(struct mac m)
{
	return mac_equal(m, MAC_BROADCAST);
}

/* The I/G bit: multicast, and broadcast with it (IEEE 802, 8.2). */
static inline bool mac_is_group(struct mac m)
{
	return (m.b[0] & 0x01) != 0;
}

/* The U/L bit: chosen by software, so no vendor is behind it. */
static inline bool mac_is_local(struct mac m)
{
	return (m.b[0] & 0x02) != 0;
}

static inline bool mac_is_zero(struct mac m)
{
	return mac_equal(m, MAC_ZERO);
}

static inline bool ip4_equal(struct ip4 a, struct ip4 b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

static inline bool ip4_is_unspecified(struct ip4 a)
{
	return ip4_equal(a, IP4_UNSPECIFIED);
}

/* 224.0.0.0/4 (RFC 5771) */
static inline bool ip4_is_multicast(struct ip4 a)
{
	return (a.b[0] & 0xf0) == 0xe0;
}

static inline bool ip6_equal(struct ip6 a, struct ip6 b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

static inline bool ip6_is_unspecified(struct ip6 a)
{
	return ip6_equal(a, (struct ip6){ { 0 } });
}

/* ff00::/8 (RFC 4291 2.7) */
static inline bool ip6_is_multicast(struct ip6 a)
{
	return a.b[0] == 0xff;
}

static inline uint32_t ip4_number(struct ip4 a)
{
	return (uint32_t)a.b[0] << 24 | (uint32_t)a.b[1] << 16 | (uint32_t)a.b[2] << 8 | a.b[3];
}

static inline struct ip4 ip4_from_number(uint32_t n)
{
	return (struct ip4){ { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
			       (uint8_t)n } };
}

/*
 * Text to address.  The whole string must be the address: no blanks, no sign, no
 * octet with a leading zero (inet_aton would read 010 as 8), nothing behind it.
 * A MAC is six pairs of hex digits separated all by ':' or all by '-'.
 * An IPv6 address is any of the three forms of RFC 4291 2.2, without a zone.
 * False leaves *out as it was.
 */
bool mac_parse(const char *s, struct mac *out);
bool ip4_parse(const char *s, struct ip4 *out);
bool ip6_parse(const char *s, struct ip6 *out);

/*
 * Address to text, lower-case hex; each returns buf.  IPv6 in the one form that RFC 5952
 * leaves: the first of the longest runs of zero groups shortened, never a single group,
 * and an IPv4-mapped address with its dots (section 5).
 */
const char *mac_format(struct mac m, char buf[static MAC_STRLEN]);
const char *ip4_format(struct ip4 a, char buf[static IP4_STRLEN]);
const char *ip6_format(struct ip6 a, char buf[static IP6_STRLEN]);

/* A contiguous run of addresses, both ends included; first <= last as numbers. */
struct ip4_range { uint32_t first, last; };

/* How many addresses: 1 .. 2^32. */
static inline uint64_t ip4_range_count(struct ip4_range r)
{
	return (uint64_t)r.last - r.first + 1;
}

/*
 * "192.168.1.0/24", "192.168.1.10-192.168.1.20", "192.168.1.10-20" or a single
 * address.  A prefix stands for every address in it, network and broadcast
 * address included: whether to ask those is the caller's to decide, with
 * ip4_net_of() in hand.  Host bits under a prefix are cleared.
 */
bool ip4_range_parse(const char *s, struct ip4_range *out);

/* The range that addr/prefix_len covers; prefix_len 0..32. */
struct ip4_range ip4_prefix(struct ip4 addr, unsigned prefix_len);

#endif
