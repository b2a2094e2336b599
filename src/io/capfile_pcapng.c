/* pcapng: sections of blocks (draft-ietf-opsawg-pcapng; section numbers are its) */
#include "wirelab/bytes.h"

#include "capfile_impl.h"

enum block_type {
	INTERFACE_DESCRIPTION = 1,
	OBSOLETE_PACKET = 2,
	SIMPLE_PACKET = 3,
	NAME_RESOLUTION = 4,
	ENHANCED_PACKET = 6,
};

enum option_code {
	OPT_END = 0,
	OPT_COMMENT = 1,
	PACKET_FLAGS = 2,	/* epb_flags, and pack_flags of the obsolete block */
	IF_NAME = 2,
	SHB_APPLICATION = 4,
	IF_TSRESOL = 9,
	IF_TSOFFSET = 14,
};

#define BLOCK_FRAME 12u		/* type and length before the body, the length again behind it */
#define ENHANCED_FIXED 20u

/* ---- options (3.5), and the records of name resolution blocks, built alike -------- */

struct option {
	uint16_t code, len;
	const uint8_t *value;
};

/* 1 and *o, or 0 at the end of the list, or -1 when one runs past the block. */
static int option_next(struct rd *list, bool swapped, struct option *o)
{
	/* Writers leave opt_endofopt out, and 3.5 tells readers to bear it. */
	if (list->left == 0)
		return 0;
	const uint8_t *head = rd_bytes(list, 4);
	if (!head)
		return -1;
	o->code = get16(head, swapped);
	o->len = get16(head + 2, swapped);
	if (o->code == OPT_END)
		return 0;
	o->value = rd_bytes(list, o->len);
	rd_skip(list, pad4(o->len));
	return rd_ok(list) ? 1 : -1;
}

static int bad_option(struct capr *r, const struct option *o)
{
	return damage(r, r->block_offset, "option %u of the block cannot have %u bytes", o->code,
		      o->len);
}

static int bad_list(struct capr *r)
{
	return damage(r, r->block_offset, "an option runs past the end of its block");
}

/* Into a string of `size` bytes, cut to fit. */
static void keep_text(char *to, size_t size, const struct option *o)
{
	size_t len = o->len < size - 1 ? o->len : size - 1;

	memcpy(to, o->value, len);
	to[len] = '\0';
}

/* ---- blocks that describe ---------------------------------------------------------- */

/* Of the first section alone: what capr_comment() and capr_application() show. */
static void section_option(struct capr *r, const struct option *o)
{
	if (o->code == OPT_COMMENT)
		r->totals.comments++;
	if (r->totals.sections != 1)
		return;
	/* Of several comments the first: the others are rarely about the whole file. */
	if (o->code == OPT_COMMENT && !r->comment[0])
		keep_text(r->comment, sizeof(r->comment), o);
	if (o->code == SHB_APPLICATION)
		keep_text(r->application, sizeof(r->application), o);
}

/*
 * 4.1.  Interfaces are numbered anew in each section.  The section's length is not
 * looked at: a writer to a pipe cannot know it, some never come back to correct it,
 * and a reader that goes from block to block has no use for it.
 */
static int section(struct capr *r, struct rd body)
{
	struct option o;
	int rc;
	const uint8_t *b = rd_bytes(&body, 16);

	if (!b)
		return damage(r, r->block_offset, "the section header is too short");
	if (get16(b + 4, r->swapped) != 1)
		return damage(r, r->block_offset, "pcapng version %u.%u is unknown",
			      get16(b + 4, r->swapped), get16(b + 6, r->swapped));
	r->totals.sections++;
	r->totals.swapped |= r->swapped;
	r->n_interfaces = 0;
	while ((rc = option_next(&body, r->swapped, &o)) > 0)
		section_option(r, &o);
	return rc < 0 ? bad_list(r) : 0;
}

struct resolution {
	uint8_t tsresol;
	int64_t offset_s;
};

static int interface_option(struct capr *r, struct interface *i, const struct option *o,
			    struct resolution *times)
{
	switch (o->code) {
	case OPT_COMMENT:
		r->totals.comments++;
		return 0;
	case IF_NAME:
		keep_text(i->pub.name, sizeof(i->pub.name), o);
		return 0;
	case IF_TSRESOL:
		if (o->len != 1)
			return bad_option(r, o);
		times->tsresol = o->value[0];
		return 0;
	case IF_TSOFFSET:
		if (o->len != 8)
			return bad_option(r, o);
		times->offset_s = (int64_t)get64(o->value, r->swapped);
		return 0;
	}
	return 0;
}

/* 4.2 */
static int interface_description(struct capr *r, struct rd body)
{
	struct resolution times = { .tsresol = 6 };
	struct option o;
	int rc;
	const uint8_t *b = rd_bytes(&body, 8);

	if (!b)
		return damage(r, r->block_offset, "the interface description is too short");
	struct interface *i = interface_new(r);
	if (!i)
		return -1;
	i->pub.linktype = get16(b, r->swapped);
	i->pub.snaplen = get32(b + 4, r->swapped);
	while ((rc = option_next(&body, r->swapped, &o)) > 0)
		if (interface_option(r, i, &o, &times) < 0)
			return -1;
	if (rc < 0)
		return bad_list(r);
	interface_times(i, times.tsresol, times.offset_s);
	return 0;
}

#define NAME_RECORD_IP4 1u
#define NAME_RECORD_IP6 2u

/* The address, then its names, each with a NUL; we keep the first. */
static int name_record(struct capr *r, const struct option *record)
{
	size_t address = record->code == NAME_RECORD_IP4 ? 4 : 16;

	if (record->code != NAME_RECORD_IP4 && record->code != NAME_RECORD_IP6)
		return 0;
	if (record->len < address)
		return damage(r, r->block_offset, "a name record of %u bytes is too short",
			      record->len);
	r->totals.name_records++;
	if (record->code != NAME_RECORD_IP4 || record->len == address || !record->value[address])
		return 0;
	struct ip4 ip;
	memcpy(ip.b, record->value, sizeof(ip.b));
	if (!names_add(&r->names, ip4_number(ip), record->value + address, record->len - address))
		return damage(r, r->block_offset, "no memory for another name");
	return 0;
}

/* 4.5.  What follows the last record tells which server was asked; nothing here shows it. */
static int name_resolution(struct capr *r, struct rd body)
{
	struct option record;
	int rc;

	while ((rc = option_next(&body, r->swapped, &record)) > 0)
		if (name_record(r, &record) < 0)
			return -1;
	return rc < 0 ? damage(r, r->block_offset, "a name record runs past its block") : 0;
}

/* ---- blocks that are frames --------------------------------------------------------- */

static int frame_options(struct capr *r, struct rd list, struct capr_record *out)
{
	struct option o;
	int rc;

	while ((rc = option_next(&list, r->swapped, &o)) > 0) {
		if (o.code == OPT_COMMENT) {
			if (out->n_remarks < CAPR_REMARKS_MAX)
				out->remark[out->n_remarks] =
					(struct capr_text){ (const char *)o.value, o.len };
			out->n_remarks++;
		} else if (o.code == PACKET_FLAGS) {
			if (o.len != 4)
				return bad_option(r, &o);
			out->flags = get32(o.value, r->swapped);
		}
	}
	return rc < 0 ? bad_list(r) : 0;
}

static int handed_out(struct capr *r, struct capr_record *out)
{
	out->section = r->totals.sections - 1;
	out->number = ++r->totals.frames;
	r->totals.frame_bytes += out->wirelen;
	r->totals.comments += out->n_remarks;
	return 1;
}

/*
 * 4.3, and the obsolete packet block, which differs in the width of the interface
 * number alone: two bytes of it became a count of drops.
 */
static inline int enhanced(struct capr *r, uint32_t id, const uint8_t *b, uint32_t len,
		    struct capr_record *out)
{
	if (id >= r->n_interfaces)
		return damage(r, r->block_offset, "a frame of interface %u, of which there are %u",
			      id, r->n_interfaces);
	const struct interface *i = r->interface[id];
	const bool swapped = r->swapped;	/* read once: for all C knows, *out may hold it */
	uint64_t ticks = (uint64_t)get32(b + 4, swapped) << 32 | get32(b + 8, swapped);
	uint32_t caplen = get32(b + 12, swapped), wirelen = get32(b + 16, swapped);
	if (caplen > len - ENHANCED_FIXED)
		return damage(r, r->block_offset, "a frame of %u bytes in a block with room for %u",
			      caplen, len - ENHANCED_FIXED);

	out->data = b + ENHANCED_FIXED;
	out->caplen = caplen;
	out->wirelen = wirelen;
	out->iface = &i->pub;
	out->flags = 0;
	out->n_remarks = 0;
	out->has_time = true;
	if (ticks < i->fast_limit)
		out->unix_ns = ticks * i->fast_ns;
	else
		out->has_time = interface_ns(i, ticks, &out->unix_ns);

	/* A block is a multiple of 4 long, so where the frame fits, its padding does. */
	size_t before = ENHANCED_FIXED + caplen + pad4(caplen);
	if (before < len && frame_options(r, rd_over(b + before, len - before), out) < 0)
		return -1;
	return handed_out(r, out);
}

static int frame_with_time(struct capr *r, bool obsolete, const uint8_t *b, uint32_t len,
			   struct capr_record *out)
{
	if (len < ENHANCED_FIXED)
		return damage(r, r->block_offset, "a packet block of %u bytes is too short", len);
	return enhanced(r, obsolete ? get16(b, r->swapped) : get32(b, r->swapped), b, len, out);
}

/* 4.4: always of interface 0, whose snap length says how much of the padded data is frame */
static int simple(struct capr *r, const uint8_t *b, uint32_t len, struct capr_record *out)
{
	if (len < 4)
		return damage(r, r->block_offset, "a simple packet block without a length");
	if (r->n_interfaces == 0)
		return damage(r, r->block_offset, "a frame of interface 0, of which there are 0");
	const struct interface *i = r->interface[0];
	uint32_t wirelen = get32(b, r->swapped);
	uint32_t caplen = i->pub.snaplen && i->pub.snaplen < wirelen ? i->pub.snaplen : wirelen;
	if (caplen > len - 4)
		return damage(r, r->block_offset, "a frame of %u bytes in a block with room for %u",
			      caplen, len - 4);
	out->data = b + 4;
	out->caplen = caplen;
	out->wirelen = wirelen;
	out->unix_ns = 0;
	out->has_time = false;
	out->flags = 0;
	out->iface = &i->pub;
	out->n_remarks = 0;
	return handed_out(r, out);
}

/* ---- from block to block -------------------------------------------------------------- */

struct block {
	uint32_t type;
	uint32_t len;		/* of the body */
	const uint8_t *body;
};

/* A section header says in its first field which byte order its own length is in (4.1). */
static int section_order(struct capr *r)
{
	const uint8_t *b = source_need(&r->src, 12);

	if (!b)
		return file_ends(r, "a section header", 12);
	uint32_t order = get32(b + 8, false);
	if (order != PCAPNG_ORDER && order != __builtin_bswap32(PCAPNG_ORDER))
		return damage(r, r->block_offset, "0x%08x is no byte-order magic", order);
	r->swapped = order != PCAPNG_ORDER;
	return 1;
}

static int bad_block(struct capr *r, uint32_t len)
{
	if (len > CAPR_BLOCK_MAX)
		return damage(r, r->block_offset, "a block claims %u bytes", len);
	return damage(r, r->block_offset, "a block cannot be %u bytes long", len);
}

/* The next block, consumed: 1, or what capr_next() returns.  Inlined: every frame comes here. */
static inline __attribute__((always_inline)) int block_next(struct capr *r, struct block *out)
{
	const uint8_t *b = source_need(&r->src, 8);

	r->block_offset = source_offset(&r->src);
	if (!b)
		return file_ends(r, "a block header", 8);
	uint32_t type = get32(b, r->swapped);
	if (type == PCAPNG_SECTION) {
		int rc = section_order(r);
		if (rc <= 0)
			return rc;
		b = r->src.at;
	}
	uint32_t len = get32(b + 4, r->swapped);
	if (len < BLOCK_FRAME || len > CAPR_BLOCK_MAX || len % 4 != 0)
		return bad_block(r, len);
	b = source_need(&r->src, len);
	if (!b)
		return file_ends(r, "a block", len);
	uint32_t again = get32(b + len - 4, r->swapped);
	if (again != len)
		return damage(r, r->block_offset, "a block of %u bytes calls itself %u at its end",
			      len, again);
	source_eat(&r->src, len);
	*out = (struct block){ .type = type, .len = len - BLOCK_FRAME, .body = b + 8 };
	return 1;
}

/* A block that is no frame: 0, or -1 after damage. */
static int describe(struct capr *r, const struct block *b)
{
	struct rd body = rd_over(b->body, b->len);

	switch (b->type) {
	case PCAPNG_SECTION: return section(r, body);
	case INTERFACE_DESCRIPTION: return interface_description(r, body);
	case NAME_RESOLUTION: return name_resolution(r, body);
	}
	/* Statistics, custom blocks, secrets, and what is yet to be invented (3.1). */
	r->totals.skipped_blocks++;
	return 0;
}

void pcapng_begin(struct capr *r)
{
	struct block b = { 0 };

	if (block_next(r, &b) > 0)
		(void)describe(r, &b);
}

int pcapng_next(struct capr *r, struct capr_record *out)
{
	struct block b = { 0 };
	int rc;

	while ((rc = block_next(r, &b)) > 0) {
		switch (b.type) {
		case ENHANCED_PACKET: return frame_with_time(r, false, b.body, b.len, out);
		case OBSOLETE_PACKET: return frame_with_time(r, true, b.body, b.len, out);
		case SIMPLE_PACKET: return simple(r, b.body, b.len, out);
		}
		if (describe(r, &b) < 0)
			return -1;
	}
	return rc;
}
