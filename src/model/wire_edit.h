/*
 * wire_edit.h - changes in a frame that leave its checksums as right, or as wrong, as they were
 *
 *	struct edit e = edit_in(frame);
 *	edit_sum(&e, tcp_off + 16, tcp_off);
 *	edit_be32(&e, tcp_off + 4, seq);
 *
 * A checksum that covers another one (ICMP's, over a quoted segment) is named after it.
 */
#ifndef WIRELAB_WIRE_EDIT_H
#define WIRELAB_WIRE_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/pkt.h"

#define WIRE_LINKTYPE 1u		/* Ethernet, in the registry of link types of captures */

#define EDIT_SUMS 2u
#define EDIT_TCP_SUM 16u	/* where the checksum stands in its header */
#define EDIT_ICMP_SUM 2u
#define EDIT_IP4_SUM 10u

/* The 16-bit words that a sum adds up begin at base, which may be odd in the frame. */
struct edit {
	uint8_t *frame;
	unsigned n;
	struct { size_t field, base; } sum[EDIT_SUMS];
};

static inline struct edit edit_in(uint8_t *frame)
{
	return (struct edit){ .frame = frame };
}

void edit_sum(struct edit *e, size_t field, size_t base);

/* `at` counts from the start of the frame; the bytes must be there, and not be a checksum. */
void edit_be16(struct edit *e, size_t at, uint16_t value);
void edit_be32(struct edit *e, size_t at, uint32_t value);

static inline uint16_t edit_read16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t edit_read32(const uint8_t *p)
{
	return (uint32_t)edit_read16(p) << 16 | edit_read16(p + 2);
}

/*
 * The first option of that kind in a list of len bytes: *at is where its value begins, *size
 * how long that is.  Ends, with false, where tcp_parse_options() could not step on, either.
 */
bool edit_find_option(const uint8_t *list, size_t len, uint8_t kind, size_t *at, size_t *size);

/* The innermost TCP header, when all of it is here, options included; else NULL. */
const struct pkt_layer *edit_whole_tcp(const struct pkt *p);

/* Lowers the MSS option of a SYN; false when there was nothing to lower. */
bool edit_clamp_mss(uint8_t *frame, const struct pkt *p, uint16_t mss);

#endif
