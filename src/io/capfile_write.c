/* pcapng, written (draft-ietf-opsawg-pcapng; section numbers are its) */
#include <assert.h>
#include <errno.h>

#include "wirelab/capfile.h"
#include "wirelab/utf8.h"

/*
 * Blocks are in the byte order of this machine: the byte-order magic is there to
 * say so (4.1).  Nothing is ever sought back to, so that a pipe will do, and the
 * lengths are computed before the first byte goes out.
 */

#define BLOCK_FRAME 12u		/* type and length before the body, the length again behind it */
#define TEXT_MAX 65535u		/* an option's length has 16 bits (3.5) */

static void put(struct capw *w, const void *data, size_t len)
{
	if (w->failed || len == 0)
		return;
	errno = 0;
	if (fwrite(data, 1, len, w->f) != len) {
		w->failed = true;
		w->error = errno ? errno : EIO;
	}
}

static void put32(struct capw *w, uint32_t v)
{
	put(w, &v, sizeof(v));
}

static size_t pad4(size_t len)
{
	return -len & 3;
}

static void put_padding(struct capw *w, size_t len)
{
	static const uint8_t zero[3];

	put(w, zero, pad4(len));
}

/* ---- text ------------------------------------------------------------------------ */

/*
 * The text as it goes into the file, at most max bytes: whole characters, and
 * U+FFFD for each byte that belongs to none.  With w NULL it is only measured.
 */
static size_t text(struct capw *w, const char *s, size_t max)
{
	static const uint8_t replacement[3] = { 0xef, 0xbf, 0xbd };
	const uint8_t *p = (const uint8_t *)s, *end = p + strlen(s);
	size_t done = 0;

	while (p < end) {
		uint32_t code;
		size_t n = utf8_decode(p, (size_t)(end - p), &code);
		size_t out = n ? n : sizeof(replacement);
		if (out > max - done)
			break;
		if (w)
			put(w, n ? p : replacement, out);
		done += out;
		p += n ? n : 1;
	}
	return done;
}

/* ---- blocks ---------------------------------------------------------------------- */

/* An option (3.5), or a record of a name resolution block: `bytes`, then text, then a NUL. */
struct option {
	uint16_t code;
	const void *bytes;
	size_t n_bytes;
	const char *text;	/* NULL for none */
	bool nul;
	size_t text_len;	/* filled in by measure() */
};

static size_t value_len(const struct option *o)
{
	return o->n_bytes + o->text_len + o->nul;
}

/* The list's length with its end mark; an empty list has none. */
static size_t measure(struct option *list, size_t n)
{
	size_t total = n > 0 ? 4 : 0;

	for (size_t i = 0; i < n; i++) {
		struct option *o = &list[i];
		size_t max = TEXT_MAX - o->n_bytes - o->nul;
		o->text_len = o->text ? text(NULL, o->text, max) : 0;
		total += 4 + value_len(o) + pad4(value_len(o));
	}
	return total;
}

static void put_option(struct capw *w, const struct option *o)
{
	uint16_t head[2] = { o->code, (uint16_t)value_len(o) };

	put(w, head, sizeof(head));
	put(w, o->bytes, o->n_bytes);
	if (o->text)
		text(w, o->text, o->text_len);
	put(w, "", o->nul);
	put_padding(w, value_len(o));
}

/* What lies between the two lengths: fields, then data, padded, then options. */
struct body {
	const void *fields;
	size_t n_fields;
	const void *data;
	size_t n_data;
	struct option option[6];
	size_t n_options;
};

static void add(struct body *b, struct option o)
{
	assert(b->n_options < sizeof(b->option) / sizeof(b->option[0]));
	b->option[b->n_options++] = o;
}

/* An empty text says nothing; readers would only show an empty line. */
static void add_text(struct body *b, uint16_t code, const char *s)
{
	if (s && *s)
		add(b, (struct option){ .code = code, .text = s });
}

static void put_block(struct capw *w, uint32_t type, struct body *b)
{
	size_t len = BLOCK_FRAME + b->n_fields + b->n_data + pad4(b->n_data) +
		     measure(b->option, b->n_options);

	put32(w, type);
	put32(w, (uint32_t)len);
	put(w, b->fields, b->n_fields);
	put(w, b->data, b->n_data);
	put_padding(w, b->n_data);
	for (size_t i = 0; i < b->n_options; i++)
		put_option(w, &b->option[i]);
	if (b->n_options > 0)
		put32(w, 0);	/* opt_endofopt, nrb_record_end */
	put32(w, (uint32_t)len);
}

/* 4.1 */
void capw_begin(struct capw *w, FILE *f, const struct capw_section *section)
{
	struct {
		uint32_t byte_order;
		uint16_t major, minor;
		uint64_t section_len;	/* all ones: not known yet, and never will be */
	} fields = { 0x1a2b3c4d, 1, 0, UINT64_MAX };
	struct body b = { .fields = &fields, .n_fields = sizeof(fields) };

	*w = (struct capw){ .f = f };
	add_text(&b, 1, section->comment);
	add_text(&b, 2, section->hardware);
	add_text(&b, 3, section->os);
	add_text(&b, 4, section->application);
	put_block(w, 0x0a0d0d0a, &b);
}

/* 4.2 */
unsigned capw_interface(struct capw *w, const struct capw_if *iface)
{
	struct {
		uint16_t linktype, reserved;
		uint32_t snaplen;
	} fields = { iface->linktype, 0, iface->snaplen };
	struct body b = { .fields = &fields, .n_fields = sizeof(fields) };
	static const uint8_t nanoseconds = 9, libpcap_syntax = 0;

	add_text(&b, 2, iface->name);
	add_text(&b, 3, iface->description);
	if (iface->mac)
		add(&b, (struct option){ .code = 6, .bytes = iface->mac->b, .n_bytes = 6 });
	add(&b, (struct option){ .code = 9, .bytes = &nanoseconds, .n_bytes = 1 });
	if (iface->filter && *iface->filter)
		add(&b, (struct option){ .code = 11, .bytes = &libpcap_syntax, .n_bytes = 1,
					 .text = iface->filter });
	put_block(w, 1, &b);
	return w->n_interfaces++;
}

/* 4.5 */
void capw_name(struct capw *w, struct ip4 ip, const char *name)
{
	struct body b = { 0 };

	if (!*name)
		return;
	add(&b, (struct option){ .code = 1, .bytes = ip.b, .n_bytes = sizeof(ip.b), .text = name,
				 .nul = true });
	put_block(w, 4, &b);
}

/* 4.3 */
void capw_frame(struct capw *w, unsigned iface, const struct capw_frame *frame)
{
	uint32_t caplen = frame->caplen < CAPW_FRAME_MAX ? frame->caplen : CAPW_FRAME_MAX;
	uint32_t flags = frame->direction;
	uint32_t fields[5] = { iface, (uint32_t)(frame->unix_ns >> 32), (uint32_t)frame->unix_ns,
			       caplen, frame->wirelen };
	struct body b = { .fields = fields, .n_fields = sizeof(fields), .data = frame->data,
			  .n_data = caplen };

	assert(iface < w->n_interfaces);
	assert(frame->caplen <= frame->wirelen);
	add_text(&b, 1, frame->remark);
	if (frame->direction != CAPW_UNKNOWN)
		add(&b, (struct option){ .code = 2, .bytes = &flags, .n_bytes = sizeof(flags) });
	put_block(w, 6, &b);
}

bool capw_end(struct capw *w)
{
	if (!w->failed) {
		errno = 0;
		/* ferror: somebody else's write to this stream may have been lost, too. */
		if (fflush(w->f) != 0 || ferror(w->f)) {
			w->failed = true;
			w->error = errno ? errno : EIO;
		}
	}
	if (w->failed)
		errno = w->error;
	return !w->failed;
}
