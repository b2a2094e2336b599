/*
 * udp_exchange.h - datagrams, the ICMP errors that answer them, and who talked with whom
 *
 *	t = udpx_init(memory, size, recent, flows, secret);
 *	for each frame, and for each datagram put together from fragments (then with `piece`):
 *		if (udp_datagram_from(&d, &p, NULL)) {
 *			d.when = ...; d.frame = ...; d.fragments = 1;
 *			if (udpx_datagram(t, &d, &gone))	print the flow `gone`
 *			print the datagram
 *		}
 *		if (udp_error_from(&e, &p)) {
 *			e.when = ...; e.frame = ...;
 *			udpx_error(t, &e);		fills e.about_frame
 *			print the error
 *		}
 *	at the end:
 *		cursor = 0;
 *		while (udpx_each_flow(t, &cursor, &flow))	print it
 *
 * Two tables: the last `recent` datagrams, so that an error can name the one it answers, and
 * the `flows` pairs of endpoints that were heard last.  When these are all taken, the pair
 * that has been silent longest leaves, and is handed out.
 */
#ifndef WIRELAB_UDP_EXCHANGE_H
#define WIRELAB_UDP_EXCHANGE_H

#include "wirelab/instant.h"
#include "wirelab/pkt.h"

struct udp_endpoint {
	uint8_t addr[16];		/* of IPv4 addresses the first four bytes, the rest zero */
	uint16_t port;
};

/* What the checksum says. */
enum udp_sum {
	UDP_SUM_UNTOLD,		/* the capture does not hold all of it, or a packet is inside */
	UDP_SUM_OK,
	UDP_SUM_BAD,		/* also of a datagram that its sender's card was yet to sum */
	UDP_SUM_NONE,		/* the field is 0: nothing was summed (RFC 768, RFC 8200 8.1) */
};

/* Whether the length field is right: 8 bytes of header and the data (RFC 768). */
enum udp_length {
	UDP_LENGTH_RIGHT,
	UDP_LENGTH_ZERO,	/* 0, and no jumbogram (RFC 2675 4): read as "to the end" */
	UDP_LENGTH_BELOW_HEADER,	/* 1 to 7 */
	UDP_LENGTH_BEYOND,	/* more than the IP packet holds */
	UDP_LENGTH_SURPLUS,	/* less: bytes of the IP packet follow that are not UDP's */
};

/* "ok", "bad", "none", NULL for untold; "right", "zero", ...: stable, for programs. */
const char *udp_sum_name(enum udp_sum sum);
const char *udp_length_name(enum udp_length length);

struct udp_datagram {
	struct instant when;		/* these three are the caller's to give */
	uint64_t frame;			/* from 1; of fragments the one that completed it */
	unsigned fragments;		/* that it was put together from; 1: it came in one piece */

	uint8_t family;			/* 4 or 6 */
	struct udp_endpoint from, to;
	uint16_t len;			/* the length field */
	uint32_t room;			/* bytes that the IP packet holds for it; 0: not known */
	uint32_t payload;		/* bytes of data, on the wire: no more than room allows */
	enum udp_length length;
	enum udp_sum sum;
	uint16_t checksum;		/* the field */
	uint16_t ip_id;			/* IPv4 only */
};

/*
 * The innermost UDP header of a frame that is not quoted in an ICMP error, with the
 * addresses of the IP header in front of it.  False: there is none, or it is cut short.
 * piece: NULL; or, when p is a datagram put together (pkt_dissect_datagram), the fragment that
 * it was dissected with.
 */
bool udp_datagram_from(struct udp_datagram *out, const struct pkt *p, const struct pkt *piece);

/* An ICMP error about a datagram. */
struct udp_error {
	struct instant when;		/* these two are the caller's to give */
	uint64_t frame;

	uint8_t family;
	uint8_t type, code;		/* icmp.h */
	uint32_t mtu;			/* of the next hop; 0: it does not say */
	uint8_t sender[16], receiver[16];	/* of the error */
	struct udp_endpoint from, to;	/* of the datagram that it quotes */
	uint16_t len;			/* its length field, if has_len */
	uint16_t ip_id;			/* IPv4 only */
	bool has_len;

	/* udpx_error's to fill: which datagram; 0: none that is remembered */
	uint64_t about_frame;
	uint64_t after_ns;		/* from that one to the error */
};

/* False: the frame is no ICMP error, or it does not quote UDP with its ports. */
bool udp_error_from(struct udp_error *out, const struct pkt *p);

/* Two endpoints; a sent the first datagram that was seen. */
struct udp_flow {
	uint8_t family;
	struct udp_endpoint end[2];	/* a, b */
	uint64_t first_frame, last_frame;
	struct instant first, last;
	struct { uint64_t datagrams, bytes; } sent[2];	/* by a, by b; bytes of data */
	uint64_t errors;		/* ICMP errors about a datagram of either */
};

struct udpx;

/* Bytes for so many of both, each 1 .. 2^24: 64 a datagram, 140 a flow.  4096 of each
 * are plenty for a capture that one looks at; an error searches all of `recent`. */
size_t udpx_size(uint32_t recent, uint32_t flows);

/* memory: ALREADY ZERO, aligned for uint64_t, borrowed.  secret: 16 random bytes.  NULL when
 * size is too small or a number out of range. */
struct udpx *udpx_init(void *memory, size_t size, uint32_t recent, uint32_t flows,
		       const uint8_t secret[static 16]);

/* True: *gone had to leave for it.  Should it talk again, it is a new flow. */
bool udpx_datagram(struct udpx *t, const struct udp_datagram *d, struct udp_flow *gone);

/*
 * Finds the datagram that e quotes: of those remembered between the two endpoints with its
 * length and identification, the first that has had no error, else the last.  Identifications
 * may be rewritten on the way: where none fits, they are not asked for.  False: none.
 */
bool udpx_error(struct udpx *t, struct udp_error *e);

/* Every flow, the one heard from longest ago first: start with *cursor = 0; false at the end. */
bool udpx_each_flow(const struct udpx *t, uint32_t *cursor, struct udp_flow *out);

#endif
