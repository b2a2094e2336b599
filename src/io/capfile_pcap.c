/* pcap: a header of 24 bytes, then records (draft-ietf-opsawg-pcap) */
#include "capfile_impl.h"

#define FILE_HEADER 24u

static uint8_t lengths_version(uint16_t minor)
{
	return minor < 3 ? 2 : minor == 3 ? 3 : 4;
}

void pcap_begin(struct capr *r, uint32_t magic)
{
	r->record_header = magic == PCAP_MODIFIED ? 24 : 16;
	r->fraction_ns = magic == PCAP_NANOSECONDS ? 1 : 1000;
	const uint8_t *h = source_need(&r->src, FILE_HEADER);
	if (!h) {
		file_ends(r, "the file header", FILE_HEADER);
		return;
	}
	uint16_t major = get16(h + 4, r->swapped), minor = get16(h + 6, r->swapped);
	if (major != 2) {
		damage(r, 4, "pcap version %u.%u is unknown", major, minor);
		return;
	}
	r->lengths_version = lengths_version(minor);
	struct interface *i = interface_new(r);
	if (!i)
		return;
	/* The upper half of the link type word tells of the frame check sequence. */
	i->pub.linktype = (uint16_t)get32(h + 20, r->swapped);
	i->pub.snaplen = get32(h + 16, r->swapped);
	interface_times(i, magic == PCAP_NANOSECONDS ? 9 : 6, 0);
	r->totals.sections = 1;
	r->totals.swapped = r->swapped;
	source_eat(&r->src, FILE_HEADER);
}

/*
 * Up to version 2.2 the two lengths stood the other way round, and in 2.3 either
 * way; a frame cannot have more bytes captured than it had, so that tells which.
 */
static void order_lengths(unsigned version, uint32_t *caplen, uint32_t *wirelen)
{
	if (version == 2 || (version == 3 && *caplen > *wirelen)) {
		uint32_t t = *caplen;
		*caplen = *wirelen;
		*wirelen = t;
	}
}

int pcap_next(struct capr *r, struct capr_record *out)
{
	const uint8_t *h = source_need(&r->src, r->record_header);

	if (!h)
		return file_ends(r, "a record header", r->record_header);
	uint32_t seconds = get32(h, r->swapped), fraction = get32(h + 4, r->swapped);
	uint32_t caplen = get32(h + 8, r->swapped), wirelen = get32(h + 12, r->swapped);
	if (r->lengths_version < 4)
		order_lengths(r->lengths_version, &caplen, &wirelen);
	if (caplen > CAPR_BLOCK_MAX - 24)
		return damage(r, source_offset(&r->src), "a frame claims %u bytes", caplen);
	h = source_need(&r->src, r->record_header + caplen);
	if (!h)
		return file_ends(r, "a frame", (uint64_t)r->record_header + caplen);

	out->data = h + r->record_header;
	out->caplen = caplen;
	out->wirelen = wirelen;
	/* 2^32 seconds are a quarter of 2^64 ns, so neither product nor sum can overflow. */
	out->unix_ns = UINT64_C(1000000000) * seconds + (uint64_t)fraction * r->fraction_ns;
	out->has_time = true;
	out->flags = 0;
	out->section = 0;
	out->iface = &r->newest->pub;
	out->n_remarks = 0;
	out->number = ++r->totals.frames;
	r->totals.frame_bytes += wirelen;
	source_eat(&r->src, r->record_header + caplen);
	return 1;
}
