/* Capture files: what we write, others read; what others wrote, or broke, we read. */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "wirelab/capfile.h"

/* ---- a folder to write in ------------------------------------------------------- */

struct place {
	char dir[64];
	char path[80];		/* of the one file in it */
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	strcpy(p->dir, "/tmp/wirelab-capfile-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/file", p->dir);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;

	unlink(p->path);
	rmdir(p->dir);
	free(p);
	return 0;
}

static void save(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_true(fwrite(data, 1, len, f) == len);
	assert_int_equal(fclose(f), 0);
}

/* ---- captures built by hand, in either byte order ------------------------------- */

struct blob {
	uint8_t b[8192];
	size_t len;
	bool big;		/* most significant byte first */
	size_t block;		/* where the open block began */
};

static void bytes(struct blob *f, const void *p, size_t len)
{
	assert_true(len <= sizeof(f->b) - f->len);
	if (len > 0)
		memcpy(f->b + f->len, p, len);
	f->len += len;
}

static bool big_endian_host(void)
{
	uint16_t one = 1;

	return *(uint8_t *)&one == 0;
}

static void number(struct blob *f, uint64_t v, unsigned width)
{
	uint8_t b[8];

	for (unsigned i = 0; i < width; i++)
		b[i] = (uint8_t)(v >> 8 * (f->big ? width - 1 - i : i));
	bytes(f, b, width);
}

static void u16(struct blob *f, uint16_t v)
{
	number(f, v, 2);
}

static void u32(struct blob *f, uint32_t v)
{
	number(f, v, 4);
}

static void padding(struct blob *f)
{
	bytes(f, "\0\0\0", (4 - f->len % 4) % 4);
}

static void block_begin(struct blob *f, uint32_t type)
{
	f->block = f->len;
	u32(f, type);
	u32(f, 0);
}

static void block_end(struct blob *f)
{
	size_t end = f->len + 4;

	padding(f);
	end = f->len + 4;
	f->len = f->block + 4;
	u32(f, (uint32_t)(end - f->block));
	f->len = end - 4;
	u32(f, (uint32_t)(end - f->block));
}

static void option(struct blob *f, uint16_t code, const void *value, uint16_t len)
{
	u16(f, code);
	u16(f, len);
	bytes(f, value, len);
	padding(f);
}

static void text_option(struct blob *f, uint16_t code, const char *s)
{
	option(f, code, s, (uint16_t)strlen(s));
}

static void section_begin(struct blob *f)
{
	block_begin(f, 0x0a0d0d0a);
	u32(f, 0x1a2b3c4d);
	u16(f, 1);
	u16(f, 0);
	number(f, UINT64_MAX, 8);
}

static void section(struct blob *f, bool big)
{
	f->big = big;
	section_begin(f);
	block_end(f);
}

static void interface_begin(struct blob *f, uint16_t linktype, uint32_t snaplen)
{
	block_begin(f, 1);
	u16(f, linktype);
	u16(f, 0);
	u32(f, snaplen);
}

static void interface(struct blob *f, uint16_t linktype, uint32_t snaplen)
{
	interface_begin(f, linktype, snaplen);
	block_end(f);
}

static void enhanced_begin(struct blob *f, uint32_t iface, uint64_t ticks, const char *data)
{
	block_begin(f, 6);
	u32(f, iface);
	u32(f, (uint32_t)(ticks >> 32));
	u32(f, (uint32_t)ticks);
	u32(f, (uint32_t)strlen(data));
	u32(f, (uint32_t)strlen(data));
	bytes(f, data, strlen(data));
	padding(f);
}

static void enhanced(struct blob *f, uint32_t iface, uint64_t ticks, const char *data)
{
	enhanced_begin(f, iface, ticks, data);
	block_end(f);
}

static void simple(struct blob *f, uint32_t wirelen, const char *data)
{
	block_begin(f, 3);
	u32(f, wirelen);
	bytes(f, data, strlen(data));
	block_end(f);
}

static void unknown(struct blob *f, uint32_t type)
{
	block_begin(f, type);
	u32(f, 0x01020304);
	block_end(f);
}

static void pcap_header(struct blob *f, uint32_t magic, uint16_t minor, uint32_t linktype)
{
	u32(f, magic);
	u16(f, 2);
	u16(f, minor);
	u32(f, 0);
	u32(f, 0);
	u32(f, 65535);
	u32(f, linktype);
}

static void pcap_record(struct blob *f, uint32_t s, uint32_t fraction, uint32_t first,
			uint32_t second, const char *data)
{
	u32(f, s);
	u32(f, fraction);
	u32(f, first);
	u32(f, second);
	bytes(f, data, strlen(data));
}

/* ---- reading them --------------------------------------------------------------- */

/* In memory of exactly that length, so that the sanitizers see the first byte too many. */
struct opened {
	uint8_t *copy;
	struct capr *r;
	char err[256];
};

static struct opened open_bytes(const void *data, size_t len)
{
	struct opened o = { .copy = malloc(len ? len : 1) };

	assert_non_null(o.copy);
	if (len > 0)
		memcpy(o.copy, data, len);
	else
		o.copy = realloc(o.copy, 1);
	o.r = capr_over(o.copy, len, o.err);
	return o;
}

static struct opened open_blob(const struct blob *f)
{
	struct opened o = open_bytes(f->b, f->len);

	if (!o.r)
		fail_msg("not opened: %s", o.err);
	return o;
}

static void done(struct opened *o)
{
	capr_close(o->r);
	free(o->copy);
}

static unsigned remaining(struct capr *r, int *end)
{
	struct capr_record rec;
	unsigned n = 0;

	while ((*end = capr_next(r, &rec)) > 0)
		n++;
	return n;
}

static void expect_data(const struct capr_record *rec, const char *data)
{
	assert_int_equal(rec->caplen, strlen(data));
	assert_memory_equal(rec->data, data, rec->caplen);
}

static void expect_remark(const struct capr_record *rec, unsigned i, const char *text)
{
	assert_true(i < rec->n_remarks);
	assert_true(rec->remark[i].len == strlen(text));
	assert_memory_equal(rec->remark[i].text, text, rec->remark[i].len);
}

/* The blob is damaged after `frames` frames, and the message holds `why`. */
static void expect_damage(const struct blob *f, unsigned frames, const char *why)
{
	struct opened o = open_blob(f);
	int end;

	assert_int_equal(remaining(o.r, &end), frames);
	assert_int_equal(end, -1);
	if (!strstr(capr_damage(o.r), why))
		fail_msg("\"%s\" does not say \"%s\"", capr_damage(o.r), why);
	assert_null(strchr(capr_damage(o.r), '\n'));
	done(&o);
}

/* ---- the story ------------------------------------------------------------------ */

static const struct ip4 ALICE = { { 192, 168, 0, 1 } };
static const struct ip4 BOB = { { 192, 168, 0, 2 } };
#define NOON UINT64_C(1700000000123456789)

static void write_story(FILE *f)
{
	struct mac mac = { { 2, 0, 0, 0, 0, 1 } };
	struct capw w;

	capw_begin(&w, f, &(struct capw_section){ .hardware = "a machine", .os = "Linux",
			.application = "wirelab", .comment = "two cables" });
	unsigned eth0 = capw_interface(&w, &(struct capw_if){ .name = "eth0", .mac = &mac,
			.description = "to the left", .linktype = LINKTYPE_ETHERNET });
	unsigned tun0 = capw_interface(&w, &(struct capw_if){ .name = "tun0", .linktype = 101,
			.filter = "tcp", .snaplen = 68 });
	capw_name(&w, ALICE, "alice");
	capw_frame(&w, eth0, &(struct capw_frame){ .data = "0123456789abcdef", .caplen = 16,
			.wirelen = 60, .unix_ns = NOON, .direction = CAPW_OUTBOUND,
			.remark = "wer hört zu?" });
	capw_frame(&w, tun0, &(struct capw_frame){ .data = "x", .caplen = 1, .wirelen = 1,
			.unix_ns = NOON + 1, .direction = CAPW_INBOUND });
	capw_frame(&w, eth0, &(struct capw_frame){ .wirelen = 14, .unix_ns = NOON + 2 });
	assert_true(capw_end(&w));
}

static void what_is_written_of_two_cables_is_read_again(void **state)
{
	struct place *p = *state;
	char err[256];
	struct capr_record rec;
	FILE *f = fopen(p->path, "wb");

	assert_non_null(f);
	write_story(f);
	assert_int_equal(fclose(f), 0);

	struct capr *r = capr_open(p->path, err);
	assert_non_null(r);
	assert_string_equal(capr_comment(r), "two cables");
	assert_string_equal(capr_application(r), "wirelab");

	assert_int_equal(capr_next(r, &rec), 1);
	assert_true(rec.number == 1);
	expect_data(&rec, "0123456789abcdef");
	assert_int_equal(rec.wirelen, 60);
	assert_true(rec.has_time && rec.unix_ns == NOON);
	assert_int_equal(rec.flags, CAPW_OUTBOUND);
	assert_int_equal(rec.n_remarks, 1);
	expect_remark(&rec, 0, "wer hört zu?");
	assert_string_equal(rec.iface->name, "eth0");
	assert_int_equal(rec.iface->linktype, LINKTYPE_ETHERNET);
	assert_true(rec.iface->ticks_per_second == 1000000000);
	const struct capr_interface *eth0 = rec.iface;

	assert_int_equal(capr_next(r, &rec), 1);
	expect_data(&rec, "x");
	assert_true(rec.unix_ns == NOON + 1);
	assert_int_equal(rec.flags, CAPW_INBOUND);
	assert_int_equal(rec.n_remarks, 0);
	assert_string_equal(rec.iface->name, "tun0");
	assert_int_equal(rec.iface->linktype, 101);
	assert_int_equal(rec.iface->snaplen, 68);

	assert_int_equal(capr_next(r, &rec), 1);
	assert_int_equal(rec.caplen, 0);
	assert_int_equal(rec.wirelen, 14);
	assert_int_equal(rec.flags, 0);
	assert_ptr_equal(rec.iface, eth0);

	assert_int_equal(capr_next(r, &rec), 0);
	assert_int_equal(capr_next(r, &rec), 0);
	assert_string_equal(capr_damage(r), "");
	assert_string_equal(capr_name(r, ALICE), "alice");
	assert_null(capr_name(r, BOB));

	struct capr_totals t = capr_totals(r);
	assert_true(t.frames == 3 && t.frame_bytes == 75 && t.sections == 1 && t.interfaces == 2);
	assert_true(t.name_records == 1 && t.comments == 2 && t.skipped_blocks == 0 && !t.swapped);
	capr_close(r);
}

/* ---- writing -------------------------------------------------------------------- */

/* What one frame with this remark looks like in a file, in *out (to be freed). */
static size_t written(const char *remark, char **out)
{
	size_t len;
	struct capw w;
	FILE *f = open_memstream(out, &len);

	assert_non_null(f);
	capw_begin(&w, f, &(struct capw_section){ .comment = "c" });
	unsigned i = capw_interface(&w, &(struct capw_if){ .name = "e", .linktype = 1 });
	capw_name(&w, BOB, "bob");
	capw_frame(&w, i, &(struct capw_frame){ .data = "hello", .caplen = 5, .wirelen = 6,
			.unix_ns = 0x0102030405060708, .direction = CAPW_INBOUND,
			.remark = remark });
	assert_true(capw_end(&w));
	assert_int_equal(fclose(f), 0);
	return len;
}

/* clang-format off */
static const uint8_t golden[] = {
	/* section header: type, length, byte order, version 1.0, unknown section length */
	0x0a, 0x0d, 0x0d, 0x0a, 40, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	1, 0, 1, 0, 'c', 0, 0, 0,  0, 0, 0, 0,  40, 0, 0, 0,
	/* interface description: Ethernet, no snap length, if_name, if_tsresol */
	1, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	2, 0, 1, 0, 'e', 0, 0, 0,  9, 0, 1, 0, 9, 0, 0, 0,  0, 0, 0, 0,  40, 0, 0, 0,
	/* name resolution: one IPv4 record */
	4, 0, 0, 0, 28, 0, 0, 0,
	1, 0, 8, 0, 192, 168, 0, 2, 'b', 'o', 'b', 0,  0, 0, 0, 0,  28, 0, 0, 0,
	/* enhanced packet: interface, time high and low, lengths, padded data, comment, flags */
	6, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6, 5, 5, 0, 0, 0, 6, 0, 0, 0,
	'h', 'e', 'l', 'l', 'o', 0, 0, 0,
	1, 0, 2, 0, 'h', 'i', 0, 0,  2, 0, 4, 0, 1, 0, 0, 0,  0, 0, 0, 0,  60, 0, 0, 0,
};
/* clang-format on */

static void a_small_file_is_these_bytes(void **state)
{
	char *out;
	size_t len = written("hi", &out);

	(void)state;
	if (big_endian_host()) {
		free(out);
		print_message("skipped: the golden bytes are little-endian, this machine is not\n");
		skip();
	}
	assert_true(len == sizeof(golden));
	assert_memory_equal(out, golden, sizeof(golden));
	free(out);
}

/* Written with a frame, then read: the remark as it comes back, in buf. */
static size_t remark_after_a_round_trip(const char *remark, char *buf, size_t size)
{
	char *out;
	size_t len = written(remark, &out);
	struct opened o = open_bytes(out, len);
	struct capr_record rec;

	assert_non_null(o.r);
	assert_int_equal(capr_next(o.r, &rec), 1);
	size_t n = rec.n_remarks ? rec.remark[0].len : 0;
	assert_true(n < size);
	if (n > 0)
		memcpy(buf, rec.remark[0].text, n);
	buf[n] = '\0';
	assert_int_equal(capr_next(o.r, &rec), 0);
	done(&o);
	free(out);
	return n;
}

static void a_byte_that_is_no_utf8_becomes_a_replacement_character(void **state)
{
	static const char *const table[][2] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "\xc3\xb6 \xf0\x9f\x98\x80", "\xc3\xb6 \xf0\x9f\x98\x80" },
		{ "a\xff" "b", "a\xef\xbf\xbd" "b" },
		{ "\x80", "\xef\xbf\xbd" },
		{ "\xc3", "\xef\xbf\xbd" },				/* cut */
		{ "\xe4\xbd", "\xef\xbf\xbd\xef\xbf\xbd" },		/* cut */
		{ "\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },		/* overlong '/' */
		{ "\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },	/* a surrogate */
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },		/* U+10FFFF */
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf8\x88", "\xef\xbf\xbd\xef\xbf\xbd" },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		remark_after_a_round_trip(table[i][0], buf, sizeof(buf));
		assert_string_equal(buf, table[i][1]);
	}
}

static void a_remark_is_cut_at_a_whole_character(void **state)
{
	static char remark[70001], back[70001];

	(void)state;
	for (size_t i = 0; i < 70000; i += 2)
		memcpy(remark + i, "\xc3\xb6", 2);
	assert_true(remark_after_a_round_trip(remark, back, sizeof(back)) == 65534);
	assert_memory_equal(remark, back, 65534);
	remark[0] = 'a';	/* now the second byte is stray, and takes three */
	assert_true(remark_after_a_round_trip(remark, back, sizeof(back)) == 65534);
	memset(remark, 'a', 70000);
	assert_true(remark_after_a_round_trip(remark, back, sizeof(back)) == 65535);
}

static void a_frame_longer_than_wireshark_bears_is_cut(void **state)
{
	size_t len = CAPW_FRAME_MAX + 3;
	char *data = calloc(1, len), *out;
	struct capr_record rec;
	struct capw w;
	size_t n;
	FILE *f = open_memstream(&out, &n);

	(void)state;
	assert_non_null(data);
	assert_non_null(f);
	capw_begin(&w, f, &(struct capw_section){ 0 });
	capw_interface(&w, &(struct capw_if){ .linktype = 1 });
	capw_frame(&w, 0, &(struct capw_frame){ .data = data, .caplen = (uint32_t)len,
						.wirelen = (uint32_t)len });
	assert_true(capw_end(&w));
	assert_int_equal(fclose(f), 0);
	struct opened o = open_bytes(out, n);
	assert_int_equal(capr_next(o.r, &rec), 1);
	assert_true(rec.caplen == CAPW_FRAME_MAX && rec.wirelen == len);
	done(&o);
	free(out);
	free(data);
}

static void a_full_disk_is_noticed_and_named(void **state)
{
	struct capw w;
	FILE *f = fopen("/dev/full", "wb");

	(void)state;
	if (!f) {
		print_message("skipped: there is no /dev/full\n");
		skip();
	}
	capw_begin(&w, f, &(struct capw_section){ 0 });
	unsigned i = capw_interface(&w, &(struct capw_if){ .linktype = 1 });
	errno = 0;
	assert_false(capw_end(&w));		/* while everything was still in the buffer */
	assert_int_equal(errno, ENOSPC);
	for (int n = 0; n < 1000; n++)
		capw_frame(&w, i, &(struct capw_frame){ .data = "x", .caplen = 1, .wirelen = 1 });
	errno = EINTR;
	assert_false(capw_end(&w));		/* and for good */
	assert_int_equal(errno, ENOSPC);
	fclose(f);
}

static void a_disk_that_fills_up_on_the_way_is_noticed(void **state)
{
	static char data[4000];
	struct capw w;
	FILE *f = fopen("/dev/full", "wb");

	(void)state;
	if (!f) {
		print_message("skipped: there is no /dev/full\n");
		skip();
	}
	capw_begin(&w, f, &(struct capw_section){ 0 });
	unsigned i = capw_interface(&w, &(struct capw_if){ .linktype = 1 });
	for (int n = 0; n < 10; n++)
		capw_frame(&w, i, &(struct capw_frame){ .data = data, .caplen = sizeof(data),
							.wirelen = sizeof(data) });
	assert_true(w.failed);
	errno = 0;
	assert_false(capw_end(&w));
	assert_int_equal(errno, ENOSPC);
	fclose(f);
}

/* ---- kinds of files ------------------------------------------------------------- */

static void pcap_is_read_in_both_orders_and_all_its_dialects(void **state)
{
	static const struct {
		uint32_t magic;
		uint16_t minor;
		uint32_t first, second;		/* the two lengths as they stand there */
		uint64_t fraction_ns;
		uint64_t ticks;
	} dialect[] = {
		{ 0xa1b2c3d4, 4, 3, 60, 1000, 1000000 },
		{ 0xa1b23c4d, 4, 3, 60, 1, 1000000000 },
		{ 0xa1b2cd34, 4, 3, 60, 1000, 1000000 },
		{ 0xa1b2c3d4, 2, 60, 3, 1000, 1000000 },	/* before 2.3, wirelen came first */
		{ 0xa1b2c3d4, 3, 60, 3, 1000, 1000000 },	/* 2.3 wrote either order */
		{ 0xa1b2c3d4, 3, 3, 60, 1000, 1000000 },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(dialect) / sizeof(dialect[0]); i++) {
		struct blob f = { .big = i % 2 };
		struct capr_record rec;
		bool modified = dialect[i / 2].magic == 0xa1b2cd34;

		/* The link type's upper half is about the frame check sequence. */
		pcap_header(&f, dialect[i / 2].magic, dialect[i / 2].minor, 0x24000000 | 113);
		for (int n = 0; n < 2; n++)	/* the modified header has 8 bytes more */
			pcap_record(&f, 4294967295, 999999, dialect[i / 2].first,
				    dialect[i / 2].second, modified ? "8 bytes.abc" : "abc");
		struct opened o = open_blob(&f);
		assert_int_equal(capr_next(o.r, &rec), 1);
		expect_data(&rec, "abc");
		assert_int_equal(rec.wirelen, 60);
		assert_true(rec.unix_ns == UINT64_C(4294967295000000000) +
						   999999 * dialect[i / 2].fraction_ns);
		assert_int_equal(rec.iface->linktype, 113);
		assert_int_equal(rec.iface->snaplen, 65535);
		assert_true(rec.iface->ticks_per_second == dialect[i / 2].ticks);
		assert_int_equal(capr_next(o.r, &rec), 1);
		assert_int_equal(capr_next(o.r, &rec), 0);
		assert_true(capr_totals(o.r).swapped == (f.big != big_endian_host()));
		assert_true(capr_totals(o.r).frame_bytes == 120);
		done(&o);
	}
}

/* clang-format off */
static const uint8_t big_endian[] = {
	0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 28,
	/* Ethernet, snap length 96, "en1" */
	0, 0, 0, 1, 0, 0, 0, 28, 0, 1, 0, 0, 0, 0, 0, 96, 0, 2, 0, 3, 'e', 'n', '1', 0, 0, 0, 0, 28,
	/* interface 0, 0x0005f5e100000001 microseconds, 2 of 64 bytes, comment, flags outbound */
	0, 0, 0, 6, 0, 0, 0, 56, 0, 0, 0, 0, 0, 5, 0xf5, 0xe1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 64,
	'A', 'B', 0, 0, 0, 1, 0, 1, '!', 0, 0, 0, 0, 2, 0, 4, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 56,
};
/* clang-format on */

static void a_file_from_a_big_endian_machine_reads_the_same(void **state)
{
	struct capr_record rec;
	struct opened o = open_bytes(big_endian, sizeof(big_endian));

	(void)state;
	assert_non_null(o.r);
	assert_int_equal(capr_next(o.r, &rec), 1);
	expect_data(&rec, "AB");
	assert_int_equal(rec.wirelen, 64);
	assert_true(rec.unix_ns == UINT64_C(0x0005f5e100000001) * 1000);
	assert_int_equal(rec.flags, CAPW_OUTBOUND);
	expect_remark(&rec, 0, "!");
	assert_string_equal(rec.iface->name, "en1");
	assert_int_equal(rec.iface->snaplen, 96);
	assert_int_equal(capr_next(o.r, &rec), 0);
	done(&o);
}

static void sections_of_different_orders_number_their_interfaces_anew(void **state)
{
	struct blob f = { 0 };
	struct capr_record rec;

	(void)state;
	section(&f, false);
	interface(&f, 1, 0);
	interface(&f, 101, 0);
	enhanced(&f, 1, 5, "one");
	section(&f, true);
	interface(&f, 113, 0);
	enhanced(&f, 0, 6, "two");
	enhanced(&f, 1, 7, "of no interface");

	struct opened o = open_blob(&f);
	assert_int_equal(capr_next(o.r, &rec), 1);
	assert_int_equal(rec.section, 0);
	const struct capr_interface *old = rec.iface;
	assert_int_equal(old->linktype, 101);
	assert_int_equal(capr_next(o.r, &rec), 1);
	assert_int_equal(rec.section, 1);
	assert_true(rec.number == 2 && rec.unix_ns == 6000);
	assert_int_equal(rec.iface->linktype, 113);
	assert_int_equal(old->linktype, 101);	/* valid until the reader is closed */
	assert_int_equal(capr_next(o.r, &rec), -1);
	assert_non_null(strstr(capr_damage(o.r), "interface 1"));
	assert_true(capr_totals(o.r).sections == 2 && capr_totals(o.r).interfaces == 3);
	done(&o);
}

static void a_simple_packet_has_no_time_and_is_cut_to_the_snap_length(void **state)
{
	struct blob f = { 0 };
	struct capr_record rec;

	(void)state;
	section(&f, true);
	interface(&f, 1, 5);
	simple(&f, 60, "hello...");
	simple(&f, 2, "ab");
	struct opened o = open_blob(&f);
	assert_int_equal(capr_next(o.r, &rec), 1);
	expect_data(&rec, "hello");
	assert_int_equal(rec.wirelen, 60);
	assert_true(!rec.has_time && rec.unix_ns == 0);
	assert_int_equal(capr_next(o.r, &rec), 1);
	expect_data(&rec, "ab");
	assert_int_equal(capr_next(o.r, &rec), 0);
	done(&o);
}

static void an_obsolete_packet_block_is_a_frame_too(void **state)
{
	struct blob f = { 0 };
	struct capr_record rec;

	(void)state;
	section(&f, true);
	interface(&f, 1, 0);
	block_begin(&f, 2);
	u16(&f, 0);
	u16(&f, 7);		/* drops; not a part of the interface's number */
	number(&f, 1000001, 8);
	u32(&f, 3);
	u32(&f, 99);
	bytes(&f, "abc\0", 4);
	option(&f, 2, "\0\0\0\1", 4);
	block_end(&f);
	struct opened o = open_blob(&f);
	assert_int_equal(capr_next(o.r, &rec), 1);
	expect_data(&rec, "abc");
	assert_int_equal(rec.wirelen, 99);
	assert_int_equal(rec.flags, CAPW_INBOUND);
	assert_true(rec.unix_ns == 1000001000);
	done(&o);
}

static void blocks_that_are_not_read_are_counted(void **state)
{
	struct blob f = { 0 };
	int end;

	(void)state;
	section(&f, false);
	interface(&f, 1, 0);
	unknown(&f, 5);			/* statistics */
	unknown(&f, 0xbad);		/* custom */
	unknown(&f, 0x7fffffff);
	enhanced(&f, 0, 1, "frame");
	unknown(&f, 0xa);		/* secrets */
	struct opened o = open_blob(&f);
	assert_int_equal(remaining(o.r, &end), 1);
	assert_int_equal(end, 0);
	assert_true(capr_totals(o.r).skipped_blocks == 4);
	done(&o);
}

static void remarks_beyond_eight_are_only_counted(void **state)
{
	struct blob f = { 0 };
	struct capr_record rec;
	char digit[2] = "0";

	(void)state;
	section_begin(&f);
	text_option(&f, 1, "first");
	text_option(&f, 1, "second");
	block_end(&f);
	interface(&f, 1, 0);
	enhanced_begin(&f, 0, 0, "");
	for (; digit[0] <= '9'; digit[0]++)
		text_option(&f, 1, digit);
	block_end(&f);
	struct opened o = open_blob(&f);
	assert_string_equal(capr_comment(o.r), "first");
	assert_int_equal(capr_next(o.r, &rec), 1);
	assert_int_equal(rec.n_remarks, 10);
	expect_remark(&rec, 0, "0");
	expect_remark(&rec, CAPR_REMARKS_MAX - 1, "7");
	assert_true(capr_totals(o.r).comments == 12);
	done(&o);
}

static void long_texts_are_cut_to_fit(void **state)
{
	struct blob f = { 0 };
	struct capr_record rec;
	char text[2001];

	(void)state;
	memset(text, 'n', 2000);
	text[2000] = '\0';
	section_begin(&f);
	text_option(&f, 1, text);
	block_end(&f);
	interface_begin(&f, 1, 0);
	text_option(&f, 2, text);
	block_end(&f);
	enhanced(&f, 0, 0, "");
	struct opened o = open_blob(&f);
	assert_true(strlen(capr_comment(o.r)) == 1023);
	assert_int_equal(capr_next(o.r, &rec), 1);
	assert_true(strlen(rec.iface->name) == 63);
	done(&o);
}

static void names_are_found_and_the_first_one_stays(void **state)
{
	struct blob f = { 0 };
	int end;

	(void)state;
	section(&f, false);
	block_begin(&f, 4);
	option(&f, 1, "\xc0\xa8\0\1" "alice\0also", 15);
	option(&f, 2, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1six", 20);
	option(&f, 1, "\xc0\xa8\0\1" "mallory", 12);
	option(&f, 1, "\xc0\xa8\0\2" "bob", 7);		/* whose NUL was forgotten */
	option(&f, 1, "\0\0\0\0", 4);			/* has no name at all */
	option(&f, 99, "?", 1);
	block_end(&f);
	struct opened o = open_blob(&f);
	assert_null(capr_name(o.r, ALICE));
	assert_int_equal(remaining(o.r, &end), 0);
	assert_int_equal(end, 0);
	assert_string_equal(capr_name(o.r, ALICE), "alice");
	assert_string_equal(capr_name(o.r, BOB), "bob");
	assert_null(capr_name(o.r, IP4_UNSPECIFIED));
	assert_true(capr_totals(o.r).name_records == 5);
	done(&o);
}

/* Consecutive addresses share nearly all their bits: the worst case for the tree of names. */
static void a_thousand_names_are_all_found(void **state)
{
	char *out, name[16];
	size_t len;
	struct capw w;
	FILE *f = open_memstream(&out, &len);
	int end;

	(void)state;
	assert_non_null(f);
	capw_begin(&w, f, &(struct capw_section){ 0 });
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "host%u", i);
		capw_name(&w, ip4_from_number(0xfffffe00u + i), name);
	}
	capw_name(&w, ALICE, "");
	assert_true(capw_end(&w));
	assert_int_equal(fclose(f), 0);
	struct opened o = open_bytes(out, len);
	remaining(o.r, &end);
	assert_true(capr_totals(o.r).name_records == 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "host%u", i);
		assert_string_equal(capr_name(o.r, ip4_from_number(0xfffffe00u + i)), name);
	}
	done(&o);
	free(out);
}

static void each_clock_resolution_becomes_nanoseconds(void **state)
{
	static const struct {
		uint8_t tsresol;
		int64_t offset_s;
		uint64_t ticks, ns;
		bool has_time;
		uint64_t per_second;
	} table[] = {
		{ 0, 0, 1700000000, 1700000000000000000, true, 1 },
		{ 3, 0, 1700000000123, 1700000000123000000, true, 1000 },
		{ 6, 0, 1700000000123456, 1700000000123456000, true, 1000000 },
		{ 9, 0, 1700000000123456789, 1700000000123456789, true, 1000000000 },
		{ 12, 0, 1700000000123999, 1700000000123, true, 1000000000000 },
		{ 19, 0, UINT64_MAX, 1844674407, true, UINT64_C(10000000000000000000) },
		{ 20, 0, UINT64_MAX, 184467440, true, UINT64_MAX },
		{ 28, 0, UINT64_MAX, 1, true, UINT64_MAX },
		{ 29, 0, UINT64_MAX, 0, true, UINT64_MAX },
		{ 127, 0, UINT64_MAX, 0, true, UINT64_MAX },
		{ 0x80, 0, 7, 7000000000, true, 1 },
		{ 0x80 | 1, 0, 3, 1500000000, true, 2 },
		{ 0x80 | 10, 0, UINT64_C(1740800000512), 1700000000500000000, true, 1024 },
		{ 0x80 | 32, 0, UINT64_C(1) << 63, 2147483648000000000, true, UINT64_C(1) << 32 },
		{ 0x80 | 63, 0, UINT64_MAX, 1999999999, true, UINT64_C(1) << 63 },
		{ 0x80 | 64, 0, UINT64_MAX, 999999999, true, UINT64_MAX },
		{ 0x80 | 93, 0, UINT64_MAX, 1, true, UINT64_MAX },
		{ 0x80 | 94, 0, UINT64_MAX, 0, true, UINT64_MAX },
		{ 0xff, 0, UINT64_MAX, 0, true, UINT64_MAX },
		/* the first and last times that 64 bits can tell, and their neighbours */
		{ 9, 0, UINT64_MAX, UINT64_MAX, true, 1000000000 },
		{ 6, 0, UINT64_MAX / 1000, UINT64_MAX / 1000 * 1000, true, 1000000 },
		{ 6, 0, UINT64_MAX / 1000 + 1, 0, false, 1000000 },
		{ 0, 0, UINT64_MAX, 0, false, 1 },
		{ 0x80, 0, UINT64_MAX, 0, false, 1 },
		{ 6, 3600, 1000000, 3601000000000, true, 1000000 },
		{ 9, -1, 1000000000, 0, true, 1000000000 },
		{ 9, -1, 999999999, 0, false, 1000000000 },
		{ 9, 1, UINT64_MAX, 0, false, 1000000000 },
		{ 9, INT64_MAX, UINT64_MAX, 0, false, 1000000000 },
		{ 0, INT64_MIN, UINT64_MAX, 0, false, 1 },
		{ 0, INT64_MIN, UINT64_C(1) << 63, 0, true, 1 },
		{ 0, INT64_MIN, (UINT64_C(1) << 63) + 7, 7000000000, true, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct blob f = { 0 };
		struct capr_record rec;
		uint64_t offset = (uint64_t)table[i].offset_s;

		section(&f, false);
		interface_begin(&f, 1, 0);
		option(&f, 9, &table[i].tsresol, 1);
		u16(&f, 14);
		u16(&f, 8);
		number(&f, offset, 8);
		block_end(&f);
		enhanced(&f, 0, table[i].ticks, "");
		struct opened o = open_blob(&f);
		assert_int_equal(capr_next(o.r, &rec), 1);
		if (rec.unix_ns != table[i].ns || rec.has_time != table[i].has_time)
			fail_msg("row %zu: %" PRIu64 " ns", i, rec.unix_ns);
		assert_true(rec.iface->ticks_per_second == table[i].per_second);
		done(&o);
	}
}

/* ---- damage --------------------------------------------------------------------- */

/*
 * Cut everywhere: the frames that end before the cut are handed out, and it is
 * damage unless the cut is where a record or block ends.  ends[] are those places.
 */
static void cut_everywhere(const struct blob *f, const size_t *ends, const bool *is_frame,
			   size_t n_ends)
{
	for (size_t cut = 0; cut <= f->len; cut++) {
		struct opened o = open_bytes(f->b, cut);
		unsigned whole = 0;
		bool at_an_end = false;
		int end;

		for (size_t i = 0; i < n_ends; i++) {
			whole += is_frame[i] && ends[i] <= cut;
			at_an_end |= ends[i] == cut;
		}
		if (cut < 4) {
			assert_null(o.r);
			assert_true(o.err[0] != '\0');
		} else {
			assert_int_equal(remaining(o.r, &end), whole);
			assert_int_equal(end, at_an_end ? 0 : -1);
			assert_true((end == 0) == (capr_damage(o.r)[0] == '\0'));
		}
		done(&o);
	}
}

#define ENDS_MAX 16u
struct ends {
	size_t at[ENDS_MAX];
	bool is_frame[ENDS_MAX];
	size_t n;
};

static void mark(struct ends *e, const struct blob *f, bool is_frame)
{
	assert_true(e->n < ENDS_MAX);
	e->at[e->n] = f->len;
	e->is_frame[e->n++] = is_frame;
}

static void a_pcapng_cut_anywhere_gives_every_whole_frame(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct blob f = { 0 };
		struct ends e = { 0 };

		section(&f, big), mark(&e, &f, false);
		interface_begin(&f, 1, 0);
		text_option(&f, 2, "eth0");
		block_end(&f), mark(&e, &f, false);
		block_begin(&f, 4);
		option(&f, 1, "\1\2\3\4name", 9);
		u32(&f, 0);
		block_end(&f), mark(&e, &f, false);
		enhanced_begin(&f, 0, 1, "hello");
		text_option(&f, 1, "a remark");
		u32(&f, 0);
		block_end(&f), mark(&e, &f, true);
		simple(&f, 3, "abc"), mark(&e, &f, true);
		unknown(&f, 5), mark(&e, &f, false);
		section(&f, !big), mark(&e, &f, false);
		interface(&f, 1, 0), mark(&e, &f, false);
		enhanced(&f, 0, 1, "the end"), mark(&e, &f, true);
		cut_everywhere(&f, e.at, e.is_frame, e.n);
	}
}

static void a_pcap_cut_anywhere_gives_every_whole_frame(void **state)
{
	static const uint32_t magic[] = { 0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34 };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct blob f = { .big = i % 2 };
		struct ends e = { 0 };

		pcap_header(&f, magic[i / 2], 4, 1), mark(&e, &f, false);
		for (int n = 0; n < 3; n++) {
			pcap_record(&f, 1, 2, 5, 5, i / 2 == 2 ? "12345678hello" : "hello");
			mark(&e, &f, true);
		}
		cut_everywhere(&f, e.at, e.is_frame, e.n);
	}
}

/* Offsets of the fields in the file that hostile_lengths() builds. */
enum { SHB = 0, IDB = 28, IDB_OPTION = IDB + 16, EPB = 60, EPB_OPTION = EPB + 36, LAST = 116 };

static void hostile_length(size_t offset, unsigned width, uint64_t value, unsigned frames,
			   const char *why)
{
	struct blob f = { 0 };

	section(&f, false);
	interface_begin(&f, 1, 0);
	option(&f, 9, "\6", 1);
	u32(&f, 0);
	block_end(&f);
	assert_true(f.len == EPB);
	enhanced_begin(&f, 0, 1, "hello");
	text_option(&f, 1, "remark");
	u32(&f, 0);
	block_end(&f);
	assert_true(f.len == LAST);
	enhanced(&f, 0, 2, "another");
	size_t len = f.len;
	f.len = offset;
	number(&f, value, width);
	f.len = len;
	expect_damage(&f, frames, why);
}

static void lengths_that_lie_are_damage_and_not_more(void **state)
{
	static const struct {
		size_t offset;
		unsigned width;
		uint64_t value;
		unsigned frames;
		const char *why;
	} table[] = {
		{ SHB + 4, 4, 0, 0, "offset 0: a block cannot be 0 bytes" },
		{ SHB + 4, 4, 24, 0, "offset 0" },
		{ SHB + 4, 4, 0xfffffffc, 0, "offset 0: a block claims" },
		{ SHB + 12, 2, 2, 0, "version 2.0" },
		{ SHB + 24, 4, 32, 0, "calls itself 32" },
		{ IDB + 4, 4, 8, 0, "offset 28: a block cannot be 8 bytes" },
		{ IDB + 4, 4, 31, 0, "offset 28: a block cannot be 31 bytes" },
		{ IDB + 4, 4, 12, 0, "offset 28" },
		{ IDB_OPTION + 2, 2, 0, 0, "option 9 of the block cannot have 0 bytes" },
		{ IDB_OPTION + 2, 2, 2, 0, "option 9 of the block cannot have 2 bytes" },
		{ IDB_OPTION + 2, 2, 9, 0, "runs past" },
		{ IDB_OPTION + 2, 2, 0xffff, 0, "runs past" },
		{ IDB_OPTION, 2, 14, 0, "option 14 of the block cannot have 1 bytes" },
		{ EPB + 4, 4, 0, 0, "offset 60: a block cannot be 0 bytes" },
		{ EPB + 4, 4, 12, 0, "offset 60" },
		{ EPB + 4, 4, 28, 0, "offset 60" },
		{ EPB + 4, 4, 55, 0, "offset 60: a block cannot be 55 bytes" },
		{ EPB + 4, 4, 0xffffffff, 0, "offset 60: a block claims" },
		{ EPB + 4, 4, 0x7ffffffc, 0, "offset 60: a block claims" },
		{ EPB + 4, 4, CAPR_BLOCK_MAX + 4, 0, "offset 60: a block claims" },
		{ EPB + 4, 4, CAPR_BLOCK_MAX, 0, "offset 60: the file ends inside a block" },
		{ EPB + 8, 4, 1, 0, "a frame of interface 1, of which there are 1" },
		{ EPB + 8, 4, 0xffffffff, 0, "a frame of interface 4294967295" },
		{ EPB + 20, 4, 25, 0, "a frame of 25 bytes in a block with room for 24" },
		{ EPB + 20, 4, 0xffffffff, 0, "a frame of 4294967295 bytes" },
		{ EPB + 20, 4, 0xfffffffd, 0, "a frame of 4294967293 bytes" },
		{ EPB_OPTION + 2, 2, 13, 0, "runs past" },
		{ EPB_OPTION + 2, 2, 0xffff, 0, "runs past" },
		{ EPB_OPTION, 2, 2, 0, "option 2 of the block cannot have 6 bytes" },
		{ LAST - 4, 4, 52, 0, "offset 60: a block of 56 bytes calls itself 52" },
		{ LAST + 4, 4, 44, 1, "offset 116: the file ends inside a block" },
		{ LAST + 20, 4, 9, 1, "offset 116: a frame of 9 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		hostile_length(table[i].offset, table[i].width, table[i].value, table[i].frames,
			       table[i].why);
}

static void a_block_too_short_for_its_kind_is_damage(void **state)
{
	static const struct {
		uint32_t type;
		size_t len;
	} table[] = { { 1, 4 }, { 2, 16 }, { 3, 0 }, { 6, 0 }, { 6, 16 }, { 0x0a0d0d0a, 4 } };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct blob f = { 0 };
		section(&f, false);
		interface(&f, 1, 0);
		block_begin(&f, table[i].type);
		bytes(&f, "\x4d\x3c\x2b\x1a\0\0\0\0\0\0\0\0\0\0\0\0", table[i].len);
		block_end(&f);
		expect_damage(&f, 0, "offset 48: ");
	}
}

static void frames_before_any_interface_are_damage(void **state)
{
	struct blob f = { 0 };

	(void)state;
	section(&f, false);
	simple(&f, 3, "abc");
	expect_damage(&f, 0, "interface 0, of which there are 0");
	f = (struct blob){ 0 };
	section(&f, false);
	enhanced(&f, 0, 0, "abc");
	expect_damage(&f, 0, "interface 0, of which there are 0");
}

static void a_simple_packet_without_room_is_damage(void **state)
{
	struct blob f = { 0 };

	(void)state;
	section(&f, false);
	interface(&f, 1, 0);
	simple(&f, 9, "12345678");
	expect_damage(&f, 0, "a frame of 9 bytes in a block with room for 8");
}

static void name_records_with_bad_lengths_are_damage(void **state)
{
	struct blob f = { 0 };

	(void)state;
	section(&f, false);
	block_begin(&f, 4);
	option(&f, 1, "abc", 3);
	block_end(&f);
	expect_damage(&f, 0, "a name record of 3 bytes");
	f.len = 28;
	block_begin(&f, 4);
	u16(&f, 1);
	u16(&f, 5);
	u32(&f, 0);
	block_end(&f);
	expect_damage(&f, 0, "runs past");
}

/* Each costs the file 20 bytes and us some 150; somewhere that has to end. */
static void a_file_of_nothing_but_interfaces_is_damage(void **state)
{
	const size_t n = (1u << 18) + 1;
	struct blob f = { 0 };

	(void)state;
	section(&f, false);
	size_t header = f.len;
	interface(&f, 1, 0);
	size_t each = f.len - header;
	uint8_t *all = malloc(header + n * each);
	assert_non_null(all);
	memcpy(all, f.b, header);
	for (size_t i = 0; i < n; i++)
		memcpy(all + header + i * each, f.b + header, each);
	struct opened o = open_bytes(all, header + n * each);
	int end;
	assert_int_equal(remaining(o.r, &end), 0);
	assert_int_equal(end, -1);
	assert_non_null(strstr(capr_damage(o.r), "more than 262144 interfaces"));
	done(&o);
	free(all);
}

/* ---- files that want more of us than they should ----------------------------------- */

/* head once, then n times the block behind it in f, then f's last block: in memory of its own. */
static struct opened open_repeated(const struct blob *f, size_t head, size_t each, size_t n)
{
	size_t tail = f->len - head - each, len = head + n * each + tail;
	struct opened o = { .copy = malloc(len) };

	assert_non_null(o.copy);
	memcpy(o.copy, f->b, head);
	for (size_t i = 0; i < n; i++)
		memcpy(o.copy + head + i * each, f->b + head, each);
	memcpy(o.copy + head + n * each, f->b + head + each, tail);
	o.r = capr_over(o.copy, len, o.err);
	assert_non_null(o.r);
	return o;
}

static void as_many_interfaces_as_may_be_are_told_apart(void **state)
{
	struct capr_record rec;
	struct blob f = { 0 };

	(void)state;
	section(&f, false);
	size_t head = f.len;
	interface(&f, 1, 0);
	size_t each = f.len - head;
	enhanced(&f, CAPR_INTERFACES_MAX - 1, 5, "the last one");
	struct opened o = open_repeated(&f, head, each, CAPR_INTERFACES_MAX);
	assert_int_equal(capr_next(o.r, &rec), 1);
	expect_data(&rec, "the last one");
	assert_int_equal(capr_next(o.r, &rec), 0);
	assert_true(capr_totals(o.r).interfaces == CAPR_INTERFACES_MAX);
	done(&o);
}

/* Interfaces are numbered anew in each section, but all of them stay until the file is closed. */
static void interfaces_of_all_sections_are_counted_together(void **state)
{
	struct blob f = { 0 };
	int end;

	(void)state;
	section(&f, false);
	size_t head = f.len;
	section(&f, false);
	interface(&f, 1, 0);
	size_t each = f.len - head;
	enhanced(&f, 0, 0, "");
	struct opened o = open_repeated(&f, head, each, CAPR_INTERFACES_MAX);
	assert_int_equal(remaining(o.r, &end), 1);
	assert_int_equal(end, 0);
	assert_true(capr_totals(o.r).sections == CAPR_INTERFACES_MAX + 1);
	done(&o);
	o = open_repeated(&f, head, each, CAPR_INTERFACES_MAX + 1);
	assert_int_equal(remaining(o.r, &end), 0);
	assert_int_equal(end, -1);
	assert_non_null(strstr(capr_damage(o.r), "more than 262144 interfaces"));
	done(&o);
}

static void names_beyond_65536_are_only_counted(void **state)
{
	enum { KEPT = 65536, ALL = KEPT + 1000 };
	struct capw w;
	char *out;
	size_t len;
	FILE *f = open_memstream(&out, &len);
	int end;

	(void)state;
	assert_non_null(f);
	capw_begin(&w, f, &(struct capw_section){ 0 });
	for (uint32_t i = 0; i < ALL; i++)
		capw_name(&w, ip4_from_number(i), "a");
	assert_true(capw_end(&w));
	assert_int_equal(fclose(f), 0);
	struct opened o = open_bytes(out, len);
	remaining(o.r, &end);
	assert_int_equal(end, 0);
	assert_true(capr_totals(o.r).name_records == ALL);
	assert_string_equal(capr_name(o.r, ip4_from_number(KEPT - 1)), "a");
	assert_null(capr_name(o.r, ip4_from_number(KEPT)));
	done(&o);
	free(out);
}

/* Each takes four bytes; a reader that keeps or searches them all would need hours. */
static void four_million_empty_remarks_on_one_frame_are_counted(void **state)
{
	enum { REMARKS = (CAPR_BLOCK_MAX - 64) / 4 };
	struct capr_record rec;
	struct blob f = { 0 };

	(void)state;
	section(&f, false);
	interface(&f, 1, 0);
	size_t block = f.len;
	enhanced_begin(&f, 0, 0, "frame");
	size_t head = f.len;
	text_option(&f, 1, "");
	block_end(&f);
	struct opened o = open_repeated(&f, head, 4, REMARKS);
	/* The block is as long as that now. */
	uint32_t len = (uint32_t)(f.len - block - 4 + 4 * (size_t)REMARKS);
	struct blob number = { 0 };
	u32(&number, len);
	memcpy(o.copy + block + 4, number.b, 4);
	memcpy(o.copy + block + len - 4, number.b, 4);
	assert_int_equal(capr_next(o.r, &rec), 1);
	expect_data(&rec, "frame");
	assert_int_equal(rec.n_remarks, REMARKS);
	assert_int_equal(capr_next(o.r, &rec), 0);
	done(&o);
}

static void a_pcap_record_with_a_huge_length_is_damage(void **state)
{
	struct blob f = { 0 };

	(void)state;
	pcap_header(&f, 0xa1b2c3d4, 4, 1);
	pcap_record(&f, 0, 0, 3, 3, "abc");
	pcap_record(&f, 0, 0, 0xffffffff, 0xffffffff, "abc");
	expect_damage(&f, 1, "offset 43: a frame claims 4294967295 bytes");
}

static void a_pcap_of_an_unknown_version_is_damage(void **state)
{
	struct blob f = { 0 };

	(void)state;
	pcap_header(&f, 0xa1b2c3d4, 4, 1);
	f.b[4] = 3;
	expect_damage(&f, 0, "version 3.4");
}

static void what_is_no_capture_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		const char *why;
	} table[] = {
		{ "", 0, "empty" },
		{ "\n", 1, "too short" },
		{ "#!/bin/sh", 9, "neither pcap nor pcapng" },
		{ "\x1f\x8b\x08\0", 4, "gzip -dc" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd -dc" },
		{ "\xfd" "7zXZ", 5, "xz -dc" },
	};
	char err[256];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct opened o = open_bytes(table[i].data, table[i].len);
		assert_null(o.r);
		if (!strstr(o.err, table[i].why))
			fail_msg("\"%s\" does not say \"%s\"", o.err, table[i].why);
		done(&o);
	}
	struct place *p = *state;
	assert_null(capr_open(p->path, err));	/* not there yet */
	assert_non_null(strstr(err, p->path));
	assert_non_null(strstr(err, strerror(ENOENT)));
	assert_null(capr_open(p->dir, err));
	assert_non_null(strstr(err, strerror(EISDIR)));
}

/* ---- files and pipes ------------------------------------------------------------ */

/* A capture of `frames` frames whose sizes range over 0..max. */
static size_t make_big(char **out, unsigned frames, uint32_t max)
{
	size_t len;
	struct capw w;
	FILE *f = open_memstream(out, &len);
	uint8_t *data = malloc(max);
	uint32_t x = 1;

	assert_non_null(f);
	assert_non_null(data);
	capw_begin(&w, f, &(struct capw_section){ .application = "test" });
	capw_interface(&w, &(struct capw_if){ .linktype = 1 });
	for (unsigned i = 0; i < frames; i++) {
		x = x * 1664525 + 1013904223;
		memset(data, (int)(x & 0xff), max);
		capw_frame(&w, 0, &(struct capw_frame){ .data = data, .caplen = x % max,
				.wirelen = max, .unix_ns = NOON + i,
				.remark = i % 3 ? NULL : "every third" });
	}
	assert_true(capw_end(&w));
	assert_int_equal(fclose(f), 0);
	free(data);
	return len;
}

static void feed(int fd, const char *data, size_t len)
{
	while (len > 0) {
		/* In odd portions, so that every record is torn somewhere. */
		ssize_t n = write(fd, data, len < 777 ? len : 777);
		if (n < 0)
			_exit(1);
		data += n;
		len -= (size_t)n;
	}
	_exit(0);
}

/* A child writes the bytes into a pipe; returns the end to read. */
static int pipe_with(const char *data, size_t len, pid_t *child)
{
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	fflush(NULL);
	*child = fork();
	assert_true(*child >= 0);
	if (*child == 0) {
		signal(SIGPIPE, SIG_DFL);
		close(fd[0]);
		feed(fd[1], data, len);
	}
	close(fd[1]);
	return fd[0];
}

static void expect_same_reading(struct capr *a, struct capr *b)
{
	struct capr_record x, y;
	int n;

	do {
		n = capr_next(a, &x);
		assert_int_equal(capr_next(b, &y), n);
		if (n <= 0)
			break;
		assert_true(x.number == y.number && x.unix_ns == y.unix_ns);
		assert_true(x.caplen == y.caplen && x.wirelen == y.wirelen);
		assert_memory_equal(x.data, y.data, x.caplen);
		assert_true(x.n_remarks == y.n_remarks);
	} while (true);
	assert_string_equal(capr_damage(a), capr_damage(b));
	assert_true(capr_totals(a).frame_bytes == capr_totals(b).frame_bytes);
	assert_true(capr_totals(a).skipped_blocks == capr_totals(b).skipped_blocks);
}

/* len bytes of a capture, once as a file, once through a pipe on standard input. */
static void file_and_pipe_agree(const char *path, const char *data, size_t len)
{
	char err[256];
	pid_t child;
	int status, old = dup(STDIN_FILENO);
	int fd = pipe_with(data, len, &child);

	save(path, data, len);
	assert_true(old >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	close(fd);
	struct capr *piped = capr_open("-", err);
	struct capr *mapped = capr_open(path, err);
	assert_non_null(piped);
	assert_non_null(mapped);
	expect_same_reading(mapped, piped);
	capr_close(piped);
	capr_close(mapped);
	assert_int_equal(dup2(old, STDIN_FILENO), STDIN_FILENO);
	close(old);
	assert_true(waitpid(child, &status, 0) == child);
	assert_int_equal(status, 0);
}

static void a_pipe_reads_the_same_as_a_file(void **state)
{
	struct place *p = *state;
	char *data;
	size_t len = make_big(&data, 3000, 1500);

	file_and_pipe_agree(p->path, data, len);
	file_and_pipe_agree(p->path, data, len - 5);	/* cut */
	free(data);
}

static void a_block_of_three_megabytes_passes_through_a_pipe(void **state)
{
	struct place *p = *state;
	const uint32_t type = 0x7fffffff, big = 3u << 20;
	const size_t first = 40;	/* bytes of the section header block */
	char *data;
	size_t len = make_big(&data, 20, 100000);
	char *all = calloc(1, len + big);

	assert_non_null(all);
	memcpy(all, data, first);
	memcpy(all + first, &type, 4);
	memcpy(all + first + 4, &big, 4);
	memcpy(all + first + big - 4, &big, 4);
	memcpy(all + first + big, data + first, len - first);
	file_and_pipe_agree(p->path, all, len + big);
	file_and_pipe_agree(p->path, all, first + big - 1);
	free(all);
	free(data);
}

static struct capr *to_be_stopped;

static void on_alarm(int sig)
{
	(void)sig;
	capr_stop(to_be_stopped);
}

/* How many frames there are when a signal stops the reading, while the writer lives on. */
static size_t frames_until_stopped(const char *data, size_t len, unsigned delay_us)
{
	struct sigaction act = { .sa_handler = on_alarm }, before;
	struct itimerval soon = { .it_value.tv_usec = (suseconds_t)delay_us };
	struct capr_record rec;
	char err[256];
	size_t frames = 0;
	int fd[2], n, old = dup(STDIN_FILENO);

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], data, len), len);
	assert_true(old >= 0 && dup2(fd[0], STDIN_FILENO) == STDIN_FILENO);
	assert_non_null(to_be_stopped = capr_open("-", err));
	assert_int_equal(sigaction(SIGALRM, &act, &before), 0);
	if (delay_us)
		assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	else
		capr_stop(to_be_stopped);
	while ((n = capr_next(to_be_stopped, &rec)) > 0)
		frames++;
	assert_int_equal(n, 0);
	assert_int_equal(capr_next(to_be_stopped, &rec), 0);
	assert_string_equal(capr_damage(to_be_stopped), "");
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
	capr_close(to_be_stopped);
	assert_int_equal(dup2(old, STDIN_FILENO), STDIN_FILENO);
	close(old);
	close(fd[0]);
	close(fd[1]);
	return frames;
}

static void a_reading_that_is_stopped_keeps_what_it_has_and_waits_for_nobody(void **state)
{
	char *data;
	size_t len = make_big(&data, 10, 1500);

	(void)state;
	assert_int_equal(frames_until_stopped(data, len, 20000), 10);
	assert_int_equal(frames_until_stopped(data, len, 0), 10);
	/* Amid a frame, which is then no damage. */
	assert_int_equal(frames_until_stopped(data, len - 5, 20000), 9);
	free(data);
}

static void a_file_on_standard_input_is_read_from_where_it_stands(void **state)
{
	struct place *p = *state;
	char err[256];
	int end, old = dup(STDIN_FILENO);
	FILE *f = fopen(p->path, "wb");

	assert_non_null(f);
	fputs("a line that somebody else has read\n", f);
	write_story(f);
	assert_int_equal(fclose(f), 0);
	int fd = open(p->path, O_RDONLY);
	assert_true(lseek(fd, 35, SEEK_SET) == 35);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
	struct capr *r = capr_open("-", err);
	assert_non_null(r);
	assert_int_equal(remaining(r, &end), 3);
	assert_int_equal(end, 0);
	capr_close(r);
	assert_int_equal(dup2(old, STDIN_FILENO), STDIN_FILENO);
	close(old);
}

static void a_file_shortened_while_it_is_read_ends_there(void **state)
{
	struct place *p = *state;
	char *data, err[256];
	size_t len = make_big(&data, 4000, 1500);
	struct capr_record rec;
	int end;

	assert_true(len > 2500000);
	save(p->path, data, len);
	struct capr *r = capr_open(p->path, err);
	assert_non_null(r);
	assert_int_equal(capr_next(r, &rec), 1);
	assert_int_equal(truncate(p->path, 2000001), 0);	/* no block ends at an odd offset */
	unsigned frames = 1 + remaining(r, &end);
	assert_true(frames > 1000 && frames < 4000);
	assert_int_equal(end, -1);
	assert_non_null(strstr(capr_damage(r), "the file ends inside a block"));
	capr_close(r);
	free(data);
}

/* ---- the files of others, when they are there ----------------------------------- */

static DIR *corpus(const char *folder, char path[static PATH_MAX])
{
	const char *root = getenv("WIRELAB_CORPUS");

	snprintf(path, PATH_MAX, "%s/%s", root ? root : "../shared/corpus", folder);
	return opendir(path);
}

/* The number behind "key": in the file's line of type "capture". */
static uint64_t oracle(const char *line, const char *key)
{
	char quoted[32];

	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	const char *at = strstr(line, quoted);
	assert_non_null(at);
	return strtoull(at + strlen(quoted), NULL, 10);
}

static char *oracle_line(const char *folder, const char *name)
{
	char path[PATH_MAX + 300], *line = NULL;
	size_t size = 0;

	snprintf(path, sizeof(path), "%s/../oracle/%s.jsonl", folder, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	do
		assert_true(getline(&line, &size, f) > 0);
	while (!strstr(line, "\"type\":\"capture\""));
	fclose(f);
	return line;
}

static void one_of_the_corpus(const char *folder, const char *name)
{
	char path[PATH_MAX + 300], err[256];
	struct capr_record rec;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	struct capr *r = capr_open(path, err);
	assert_non_null(r);
	while (capr_next(r, &rec) > 0)
		;
	char *line = oracle_line(folder, name);
	struct capr_totals t = capr_totals(r);
	if (t.frames != oracle(line, "frames") || t.frame_bytes != oracle(line, "bytes"))
		fail_msg("%s: %" PRIu64 " frames, %" PRIu64 " bytes", name, t.frames,
			 t.frame_bytes);
	free(line);
	capr_close(r);
}

static void as_many_frames_and_bytes_as_tshark_counts(void **state)
{
	char folder[PATH_MAX];
	DIR *d = corpus("pcaps", folder);
	unsigned n = 0;

	(void)state;
	if (!d) {
		print_message("skipped: no corpus at %s (WIRELAB_CORPUS names another place)\n",
			      folder);
		skip();
	}
	for (struct dirent *e; (e = readdir(d)); ) {
		if (e->d_name[0] == '.')
			continue;
		one_of_the_corpus(folder, e->d_name);
		n++;
	}
	closedir(d);
	print_message("%u captures\n", n);
	assert_true(n > 0);
}

static unsigned touch(const struct capr_record *rec)
{
	unsigned sum = 0;

	for (uint32_t i = 0; i < rec->caplen; i++)
		sum += rec->data[i];
	return sum;
}

static void damaged_files_of_others_do_no_harm(void **state)
{
	char folder[PATH_MAX], path[PATH_MAX + 300], err[256];
	DIR *d = corpus("malformed", folder);
	struct capr_record rec;
	unsigned sum = 0;

	(void)state;
	if (!d) {
		print_message("skipped: no corpus at %s (WIRELAB_CORPUS names another place)\n",
			      folder);
		skip();
	}
	for (struct dirent *e; (e = readdir(d)); ) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		struct capr *r = capr_open(path, err);
		int n = 0;
		while (r && (n = capr_next(r, &rec)) > 0)
			sum += touch(&rec);
		if (r)
			assert_true((n < 0) == (capr_damage(r)[0] != '\0'));
		else
			assert_true(err[0] != '\0');
		capr_close(r);
	}
	closedir(d);
	print_message("sum %u\n", sum);
}

/* ---- others read what we write -------------------------------------------------- */

/* Runs it; its standard output in out, and how it ended: 0 only with nothing on standard error. */
static int run(const char *command, char *out, size_t size)
{
	char line[512];

	snprintf(line, sizeof(line), "e=$({ %s; } 2>&1 >&3) 3>&1; s=$?; [ -z \"$e\" ] || "
				     "{ printf '%%s' \"$e\"; exit 99; }; exit $s", command);
	FILE *f = popen(line, "r");
	assert_non_null(f);
	size_t n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	int status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool installed(const char *program)
{
	char line[64], out[256];

	snprintf(line, sizeof(line), "command -v %s", program);
	return run(line, out, sizeof(out)) == 0;
}

/*
 * Once for what it says on standard error, once for its answer and its status.
 * That it is run by root is no complaint about the file.
 */
static void expect_reads(const char *program, const char *arguments, const char *path,
			 const char *expected)
{
	char line[400], out[4096];

	if (!installed(program)) {
		print_message("skipped: %s is not installed\n", program);
		skip();
	}
	snprintf(line, sizeof(line), "%s %s %s 2>&1 >/dev/null | grep -v '^Running as user' >&2; "
				     "%s %s %s 2>/dev/null", program, arguments, path, program,
		 arguments, path);
	int status = run(line, out, sizeof(out));
	if (status != 0)
		fail_msg("%s ended with %d: %s", program, status, out);
	if (!strstr(out, expected))
		fail_msg("%s does not say \"%s\" but: %s", program, expected, out);
}

static void write_for_others(const char *path)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	write_story(f);
	assert_int_equal(fclose(f), 0);
}

static void tshark_shows_our_remark(void **state)
{
	struct place *p = *state;

	write_for_others(p->path);
	expect_reads("tshark", "-T fields -e frame.time_epoch -e frame.interface_name "
			       "-e frame.comment -e frame.packet_flags_direction -r", p->path,
		     "1700000000.123456789\teth0\twer hört zu?\t0x00000002\n");
}

static void capinfos_shows_two_interfaces_and_the_comment(void **state)
{
	struct place *p = *state;

	write_for_others(p->path);
	expect_reads("capinfos", "-M", p->path, "two cables");
	expect_reads("capinfos", "-M", p->path, "Number of interfaces in file: 2");
	expect_reads("capinfos", "-M", p->path, "Number of packets:   3");
}

/* libpcap reads no file with two link types, so this one has a single cable. */
static void tcpdump_reads_our_file(void **state)
{
	struct place *p = *state;
	char *data;
	size_t len = written("hi", &data);

	save(p->path, data, len);
	free(data);
	if (!installed("tcpdump")) {
		print_message("skipped: tcpdump is not installed\n");
		skip();
	}
	char line[300], out[4096];
	/* It always says what it reads from; anything else would be a complaint. */
	snprintf(line, sizeof(line),
		 "tcpdump -nr %s 2>&1 >/dev/null | grep -v '^reading from' >&2; "
		 "tcpdump -nr %s 2>/dev/null", p->path, p->path);
	assert_int_equal(run(line, out, sizeof(out)), 0);
	assert_true(out[0] != '\0' && !strstr(out, "\n\n"));
}

#define WITH_PLACE(t) cmocka_unit_test_setup_teardown(t, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(what_is_written_of_two_cables_is_read_again),
		cmocka_unit_test(a_small_file_is_these_bytes),
		cmocka_unit_test(a_byte_that_is_no_utf8_becomes_a_replacement_character),
		cmocka_unit_test(a_remark_is_cut_at_a_whole_character),
		cmocka_unit_test(a_frame_longer_than_wireshark_bears_is_cut),
		cmocka_unit_test(a_full_disk_is_noticed_and_named),
		cmocka_unit_test(a_disk_that_fills_up_on_the_way_is_noticed),
		cmocka_unit_test(pcap_is_read_in_both_orders_and_all_its_dialects),
		cmocka_unit_test(a_file_from_a_big_endian_machine_reads_the_same),
		cmocka_unit_test(sections_of_different_orders_number_their_interfaces_anew),
		cmocka_unit_test(a_simple_packet_has_no_time_and_is_cut_to_the_snap_length),
		cmocka_unit_test(an_obsolete_packet_block_is_a_frame_too),
		cmocka_unit_test(blocks_that_are_not_read_are_counted),
		cmocka_unit_test(remarks_beyond_eight_are_only_counted),
		cmocka_unit_test(long_texts_are_cut_to_fit),
		cmocka_unit_test(names_are_found_and_the_first_one_stays),
		cmocka_unit_test(a_thousand_names_are_all_found),
		cmocka_unit_test(each_clock_resolution_becomes_nanoseconds),
		cmocka_unit_test(a_pcapng_cut_anywhere_gives_every_whole_frame),
		cmocka_unit_test(a_pcap_cut_anywhere_gives_every_whole_frame),
		cmocka_unit_test(lengths_that_lie_are_damage_and_not_more),
		cmocka_unit_test(a_block_too_short_for_its_kind_is_damage),
		cmocka_unit_test(frames_before_any_interface_are_damage),
		cmocka_unit_test(a_simple_packet_without_room_is_damage),
		cmocka_unit_test(name_records_with_bad_lengths_are_damage),
		cmocka_unit_test(a_file_of_nothing_but_interfaces_is_damage),
		cmocka_unit_test(as_many_interfaces_as_may_be_are_told_apart),
		cmocka_unit_test(interfaces_of_all_sections_are_counted_together),
		cmocka_unit_test(names_beyond_65536_are_only_counted),
		cmocka_unit_test(four_million_empty_remarks_on_one_frame_are_counted),
		cmocka_unit_test(a_pcap_record_with_a_huge_length_is_damage),
		cmocka_unit_test(a_pcap_of_an_unknown_version_is_damage),
		WITH_PLACE(what_is_no_capture_is_refused_with_the_reason),
		WITH_PLACE(a_pipe_reads_the_same_as_a_file),
		WITH_PLACE(a_block_of_three_megabytes_passes_through_a_pipe),
		cmocka_unit_test(
			a_reading_that_is_stopped_keeps_what_it_has_and_waits_for_nobody),
		WITH_PLACE(a_file_on_standard_input_is_read_from_where_it_stands),
		WITH_PLACE(a_file_shortened_while_it_is_read_ends_there),
		cmocka_unit_test(as_many_frames_and_bytes_as_tshark_counts),
		cmocka_unit_test(damaged_files_of_others_do_no_harm),
		WITH_PLACE(tshark_shows_our_remark),
		WITH_PLACE(capinfos_shows_two_interfaces_and_the_comment),
		WITH_PLACE(tcpdump_reads_our_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
