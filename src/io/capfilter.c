#include "wirelab/capfilter.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINK_NULL = 0, LINK_ENC = 109, LINK_RAW_OPENBSD = 14, LINK_RAW = 101 };

enum { PCAP_HEADER = 24, SNAPLEN = 262144 };

/* The expression for one kind of frame. */
struct compiled {
	uint16_t linktype;
	bool big_endian;	/* how the capturing machine wrote its own numbers */
	bool good;
	struct bpf_program program;
	char error[512];	/* unless good */
};

struct capfilter {
	char *expression;
	struct compiled *kind;
	size_t n, max;
	size_t latest;		/* frames of one kind come in a row */
	const char *error;
};

struct capfilter *capfilter_open(const char *expression, char err[static 256])
{
	struct capfilter *f = calloc(1, sizeof(*f));

	if (f)
		f->expression = strdup(expression ? expression : "");
	if (!f || !f->expression) {
		free(f);
		(void)snprintf(err, 256, "out of memory");
		return NULL;
	}
	f->error = "";
	return f;
}

/* ---- compiling -------------------------------------------------------------------------- */

static void put(uint8_t *at, unsigned bytes, bool big_endian, uint32_t value)
{
	for (unsigned i = 0; i < bytes; i++)
		at[big_endian ? bytes - 1 - i : i] = (uint8_t)(value >> 8 * i);
}

/*
 * libpcap compiles for a handle.  One of pcap_open_dead() would be taken for a live
 * capture, and "inbound" for a question to a kernel that is not there; so it is given the
 * front of a capture file.  That also has it find its own number for the link
 * type, and the order of the bytes in which BSD's loopback writes the address family.
 */
static pcap_t *handle_for(const struct compiled *c, char err[static PCAP_ERRBUF_SIZE])
{
	uint8_t header[PCAP_HEADER] = { 0 };
	pcap_t *p;
	FILE *file;

	put(header, 4, c->big_endian, 0xa1b2c3d4);
	put(header + 4, 2, c->big_endian, 2);
	put(header + 6, 2, c->big_endian, 4);
	put(header + 16, 4, c->big_endian, SNAPLEN);
	/* OpenBSD's number for raw IP means something else to libpcap elsewhere. */
	put(header + 20, 4, c->big_endian,
	    c->linktype == LINK_RAW_OPENBSD ? LINK_RAW : c->linktype);
	file = fmemopen(header, sizeof(header), "r");
	if (!file) {
		(void)snprintf(err, PCAP_ERRBUF_SIZE, "out of memory");
		return NULL;
	}
	/* Reads the header, and nothing more; from then on the file is the handle's. */
	p = pcap_fopen_offline(file, err);
	if (!p)
		(void)fclose(file);
	return p;
}

static void say_unfit(struct compiled *c, const char *expression, pcap_t *p, const char *why)
{
	const char *name = p ? pcap_datalink_val_to_name(pcap_datalink(p)) : NULL;
	bool whole = strlen(expression) <= 80;

	(void)snprintf(c->error, sizeof(c->error), "filter \"%.*s%s\" on link type %u%s%s%s: %s",
		       whole ? 80 : 77, expression, whole ? "" : "...", c->linktype,
		       name ? " (" : "", name ? name : "", name ? ")" : "", why);
}

static void compile(struct compiled *c, const char *expression)
{
	char err[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = handle_for(c, err);

	/*
	 * What the optimiser finds to choose no frame at all, it refuses; but "arp" on a
	 * loopback interface is no mistake when there are others in the file.
	 */
	for (int optimised = 1; p && !c->good && optimised >= 0; optimised--)
		c->good = pcap_compile(p, &c->program, expression, optimised,
				       PCAP_NETMASK_UNKNOWN) == 0;
	if (!c->good)
		say_unfit(c, expression, p, p ? pcap_geterr(p) : err);
	if (p)
		pcap_close(p);
}

static bool is_kind(const struct compiled *c, uint16_t linktype, bool big_endian)
{
	return c->linktype == linktype && c->big_endian == big_endian;
}

/* NULL: out of memory. */
static const struct compiled *compiled_for(struct capfilter *f, uint16_t linktype, bool big_endian)
{
	if (f->latest < f->n && is_kind(&f->kind[f->latest], linktype, big_endian))
		return &f->kind[f->latest];
	for (f->latest = 0; f->latest < f->n; f->latest++)
		if (is_kind(&f->kind[f->latest], linktype, big_endian))
			return &f->kind[f->latest];
	if (f->n == f->max) {
		size_t max = f->max ? f->max * 2 : 4;
		struct compiled *kind = realloc(f->kind, max * sizeof(*kind));
		if (!kind)
			return NULL;
		f->kind = kind;
		f->max = max;
	}
	f->kind[f->n] = (struct compiled){ .linktype = linktype, .big_endian = big_endian };
	compile(&f->kind[f->n], f->expression);
	return &f->kind[f->n++];
}

static bool ready(struct capfilter *f, const struct compiled *c)
{
	f->error = !c ? "out of memory" : c->good ? "" : c->error;
	return c && c->good;
}

bool capfilter_compile(struct capfilter *f, uint16_t linktype)
{
	return ready(f, compiled_for(f, linktype, false));
}

/* ---- asking ----------------------------------------------------------------------------- */

/*
 * These two begin with an address family, four bytes in the order of the machine that
 * captured.  No family needs more than two of them: so the zeros tell the order.
 */
static bool written_big_endian(const struct capr_record *rec)
{
	uint16_t linktype = rec->iface->linktype;

	return (linktype == LINK_NULL || linktype == LINK_ENC) && rec->caplen >= 4 &&
	       rec->data[0] == 0 && rec->data[1] == 0;
}

enum capfilter_answer capfilter_ask(struct capfilter *f, const struct capr_record *rec)
{
	const struct compiled *c = compiled_for(f, rec->iface->linktype, written_big_endian(rec));
	struct pcap_pkthdr h = { .caplen = rec->caplen, .len = rec->wirelen };

	if (!ready(f, c))
		return CAPFILTER_UNFIT;
	return pcap_offline_filter(&c->program, &h, rec->data) ? CAPFILTER_YES : CAPFILTER_NO;
}

const char *capfilter_error(const struct capfilter *f)
{
	return f->error;
}

void capfilter_close(struct capfilter *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		if (f->kind[i].good)
			pcap_freecode(&f->kind[i].program);
	free(f->kind);
	free(f->expression);
	free(f);
}
