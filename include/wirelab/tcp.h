/*
 * tcp.h - the TCP header and its options (RFC 9293 section 3.1 and 3.2)
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------------------------------+-------------------------------+
 *  |          source port          |       destination port        |
 *  +-------------------------------+-------------------------------+
 *  |                        sequence number                        |
 *  +---------------------------------------------------------------+
 *  |                    acknowledgment number                      |
 *  +-------+-------+---------------+-------------------------------+
 *  | offset| rsv A |C E U A P R S F|            window             |
 *  +-------+-------+---------------+-------------------------------+
 *  |           checksum            |        urgent pointer         |
 *  +-------------------------------+-------------------------------+
 *  |  options, up to 40 bytes ...
 */
#ifndef WIRELAB_TCP_H
#define WIRELAB_TCP_H

#include "wirelab/addr.h"
#include "wirelab/bytes.h"
#include "wirelab/verdict.h"

enum {
	TCP_FIN = 0x001, TCP_SYN = 0x002, TCP_RST = 0x004, TCP_PSH = 0x008, TCP_ACK = 0x010,
	TCP_URG = 0x020, TCP_ECE = 0x040, TCP_CWR = 0x080,
	TCP_AE = 0x100,		/* accurate ECN; "NS" in older books */
};

#define TCP_HEADER_MIN 20u
#define TCP_OPTIONS_MAX 40u	/* bytes: the offset is 4 bits wide */

struct tcp_hdr {
	uint16_t sport, dport;
	uint32_t seq, ack;	/* ack means something only with TCP_ACK in flags */
	uint16_t flags;		/* the twelve bits between offset and window */
	uint16_t window;	/* as sent; shift by the window scale of the same side's SYN */
	uint16_t checksum, urgent;
	uint8_t header_len;	/* bytes with options, as the data offset says */
};

/*
 * Read the 20 fixed bytes from the front of r, leaving r on the options.
 *
 * V_SHORT   fewer than 20 bytes
 * V_LENGTH  data offset below 5; *out is filled all the same, for there are readers
 *           to whom ports and numbers of a damaged segment matter
 *
 * Whether header_len bytes are there is the caller's to judge: captures are cut.
 */
enum verdict tcp_parse(struct rd *r, struct tcp_hdr *out);

/*
 * Append header and options, checksum as given; header_len is worked out from the options'
 * length (padded with zeros to whole words, at most TCP_OPTIONS_MAX).  Inverse of tcp_parse.
 */
void tcp_build(struct wr *w, const struct tcp_hdr *hdr, const void *options, size_t options_len);

/* Compute the checksum of the segment of len >= TCP_HEADER_MIN bytes, and store it there. */
void tcp_seal4(void *segment, size_t len, struct ip4 src, struct ip4 dst);
void tcp_seal6(void *segment, size_t len, struct ip6 src, struct ip6 dst);

/* V_CHECKSUM unless the sum over pseudo-header and segment adds up (RFC 9293 3.1). */
enum verdict tcp_check4(const void *segment, size_t len, struct ip4 src, struct ip4 dst);
enum verdict tcp_check6(const void *segment, size_t len, struct ip6 src, struct ip6 dst);

/* ---- options ---------------------------------------------------------------------- */

enum {
	TCP_KIND_END = 0,
	TCP_KIND_NOP = 1,
	TCP_KIND_MSS = 2,
	TCP_KIND_WSCALE = 3,	/* RFC 7323 2.2 */
	TCP_KIND_SACK_OK = 4,	/* RFC 2018 2 */
	TCP_KIND_SACK = 5,	/* RFC 2018 3 */
	TCP_KIND_TS = 8,	/* RFC 7323 3.2 */
	TCP_KIND_MD5 = 19,	/* RFC 2385 */
	TCP_KIND_UTO = 28,	/* RFC 5482 */
	TCP_KIND_AO = 29,	/* RFC 5925 */
	TCP_KIND_MPTCP = 30,	/* RFC 8684 */
	TCP_KIND_TFO = 34,	/* RFC 7413 */
	TCP_KIND_EXP1 = 253,	/* RFC 4727; RFC 6994 puts a 16-bit magic in front */
	TCP_KIND_EXP2 = 254,
};

#define TCP_EXP_TFO 0xf989u	/* the magic of experimental TFO (RFC 7413 appendix A) */
#define TCP_SACK_MAX 4u
#define TCP_WSCALE_MAX 14u	/* RFC 7323 2.3 */

/* Bits for tcp_options.seen: the option is there with a length that its kind allows. */
enum {
	TCP_SEEN_MSS = 1, TCP_SEEN_WSCALE = 2, TCP_SEEN_SACK_OK = 4, TCP_SEEN_SACK = 8,
	TCP_SEEN_TS = 16, TCP_SEEN_TFO = 32, TCP_SEEN_MD5 = 64, TCP_SEEN_AO = 128,
	TCP_SEEN_UTO = 256, TCP_SEEN_MPTCP = 512, TCP_SEEN_OTHER = 1024,
};

/* Each valid only if its bit is in seen; of an option that stands there twice, the last. */
struct tcp_options {
	uint16_t seen;
	uint16_t mss;
	uint8_t wscale;		/* as sent; see tcp_shift() */
	uint8_t n_sack;		/* 1..TCP_SACK_MAX with TCP_SEEN_SACK */
	uint8_t tfo_at, tfo_len;	/* the cookie, by its offset in the list; length 0 asks for one */
	uint32_t ts_val, ts_ecr;
	struct tcp_sack { uint32_t left, right; } sack[TCP_SACK_MAX];

	uint8_t n_kinds;
	uint8_t kind[TCP_OPTIONS_MAX];	/* in order, padding and repeats included */
};

/*
 * Read a list of len (<= TCP_OPTIONS_MAX, more is not read) bytes, of which the first `here`
 * are at options: a capture may be cut.  Behind an end-of-options kind only zeros are looked
 * at, and listed: they are padding.
 *
 * V_LENGTH  an option is shorter than its kind allows, or runs past the list.  An option whose
 *           length is one that can be stepped over does not hide those behind it; any other
 *           ends the list there, and its kind is not among kind[]
 * V_SHORT   the list goes on where the capture does not.  An option that is cut is among
 *           kind[] if its length is there and fits, but not in seen
 *
 * *at is the offset of the first option that is wrong or cut; the verdict is about that one.
 * *out holds what could be read.
 */
enum verdict tcp_parse_options(const void *options, size_t here, size_t len,
			       struct tcp_options *out, size_t *at);

/* The shift for windows: one beyond 14 is used as 14 (RFC 7323 2.3). */
static inline unsigned tcp_shift(const struct tcp_options *o)
{
	return o->wscale > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : o->wscale;
}

#endif
