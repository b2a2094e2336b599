/*
 * Captures that end too early, wherever that may be: every packet that is whole is still
 * shown, and nothing is made up.
 *
 * Each capture is cut behind each of its bytes, and what is left is read as tcpq reads it:
 * blocks, headers, connections.  Where records end is found out here by itself, from no more
 * than their length fields.  The seeds of the fuzzer are always there; the captures of other
 * people are in a corpus that is not part of the repository (WIRELAB_CORPUS names its
 * directory, else ../shared/corpus is tried): all of them up to 16 KiB, since the work grows
 * with the square of the size.
 */
#include "told.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#include "wirelab/capfile.h"
#include "wirelab/pkt.h"
#include "wirelab/tcp_segment.h"

/* ---- a capture, and what is in it when it is whole ----------------------------------- */

struct seen {
	size_t begin;			/* of the frame's bytes, in the file */
	uint32_t caplen, wirelen;
	uint64_t unix_ns;
	uint16_t linktype;
	/* and dissected */
	uint32_t has, payload_off, payload_len;
	uint8_t stopped;
};

struct capture {
	char name[NAME_MAX + 1];
	uint8_t *bytes;
	size_t size;
	bool *ends_here;		/* a file header, record or block ends before byte i */
	struct seen *frame;
	size_t *frame_end;		/* where the record or block of frame i ends */
	size_t n_frames;
};

static uint32_t number_at(const uint8_t *p, bool big)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++)
		v |= (uint32_t)p[i] << 8 * (big ? 3 - i : i);
	return v;
}

/* Where the record that begins at `from` ends; its length field must be there. */
static size_t record_end(const struct capture *c, size_t from, bool *big)
{
	static const uint8_t section[4] = { 0x0a, 0x0d, 0x0d, 0x0a };
	const uint8_t *p = c->bytes + from;

	if (memcmp(c->bytes, section, 4) == 0) {
		if (memcmp(p, section, 4) == 0)
			*big = p[8] == 0x1a;
		return from + number_at(p + 4, *big);
	}
	/* pcap: the magic tells the order, and whether records are of the longer kind; in version
	 * 2.2 the length that is stored stands second. */
	*big = c->bytes[0] == 0xa1;
	if (from == 0)
		return 24;
	bool modified = c->bytes[*big ? 3 : 0] == 0x34, old = c->bytes[*big ? 7 : 6] < 3;
	return from + (modified ? 24 : 16) + number_at(p + (old ? 12 : 8), *big);
}

static struct seen look_at(const struct capr_record *rec, const uint8_t *bytes, struct pkt *p)
{
	pkt_dissect(p, rec->iface->linktype, rec->data, rec->caplen, rec->wirelen);
	return (struct seen){ .begin = (size_t)(rec->data - bytes), .caplen = rec->caplen,
			      .wirelen = rec->wirelen, .unix_ns = rec->unix_ns,
			      .linktype = rec->iface->linktype, .has = p->has,
			      .payload_off = p->payload.off, .payload_len = p->payload.len,
			      .stopped = (uint8_t)p->stopped };
}

static bool same(const struct seen *a, const struct seen *b)
{
	return a->begin == b->begin && a->caplen == b->caplen && a->wirelen == b->wirelen &&
	       a->unix_ns == b->unix_ns && a->linktype == b->linktype && a->has == b->has &&
	       a->payload_off == b->payload_off && a->payload_len == b->payload_len &&
	       a->stopped == b->stopped;
}

/* False: it is damaged already. */
static bool read_whole(struct capture *c)
{
	char err[256];
	struct capr *r = capr_over(c->bytes, c->size, err);
	struct capr_record rec;
	struct pkt p;
	int rc = -1;

	/* A record has 12 bytes at least, so there are no more frames than this. */
	c->frame = zeroed((c->size / 12 + 1) * sizeof(*c->frame));
	while (r && (rc = capr_next(r, &rec)) > 0)
		c->frame[c->n_frames++] = look_at(&rec, c->bytes, &p);
	capr_close(r);
	return rc == 0;
}

static void find_ends(struct capture *c)
{
	size_t at = 0, frame = 0;
	bool big = false;

	c->ends_here = zeroed(c->size + 1);
	c->frame_end = zeroed((c->n_frames + 1) * sizeof(*c->frame_end));
	while (at < c->size) {
		size_t end = record_end(c, at, &big);
		assert_true(end > at && end <= c->size);
		if (frame < c->n_frames && c->frame[frame].begin >= at &&
		    c->frame[frame].begin < end)
			c->frame_end[frame++] = end;
		c->ends_here[end] = true;
		at = end;
	}
	assert_int_equal(frame, c->n_frames);
}

static void forget(struct capture *c)
{
	free(c->bytes);
	free(c->frame);
	free(c->frame_end);
	free(c->ends_here);
	free(c);
}

/* NULL: too large, or damaged as it is. */
static struct capture *load(const char *folder, const char *name, size_t most)
{
	struct capture *c = zeroed(sizeof(*c));
	char path[PATH_MAX + NAME_MAX + 2];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	snprintf(c->name, sizeof(c->name), "%s", name);
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (size_t)st.st_size <= most) {
		FILE *f = fopen(path, "rb");
		assert_non_null(f);
		c->size = (size_t)st.st_size;
		c->bytes = zeroed(c->size);
		assert_true(fread(c->bytes, 1, c->size, f) == c->size);
		fclose(f);
		if (read_whole(c)) {
			find_ends(c);
			return c;
		}
	}
	forget(c);
	return NULL;
}

/* ---- connections, as far as the frames go ----------------------------------------------- */

enum { FLOWS = 16 };

struct onlooker {
	struct tcp_track *t;
	void *memory;
	uint64_t segments, told;	/* handed in; in stories that were handed out */
};

static void onlooker_begin(struct onlooker *o)
{
	static const uint8_t secret[16] = "truncated";

	assert_int_equal(posix_memalign(&o->memory, 64, tcp_track_size(FLOWS)), 0);
	memset(o->memory, 0, tcp_track_size(FLOWS));
	o->t = tcp_track_init(o->memory, tcp_track_size(FLOWS), FLOWS, secret);
	assert_non_null(o->t);
	o->segments = o->told = 0;
}

static void count_told(struct onlooker *o, const struct tcp_story *story)
{
	o->told += story->side[0].frames + story->side[1].frames;
}

static void onlooker_hear(struct onlooker *o, const struct pkt *p, const struct capr_record *rec)
{
	struct tcp_options options;
	struct tcp_segment seg;
	struct tcp_story story;
	struct tcp_told told;

	if (!tcp_segment_from(&seg, &options, p))
		return;
	seg.when = (struct instant){ rec->unix_ns };
	seg.frame = rec->number;
	seg.wire_bytes = rec->wirelen;
	while (tcp_track_segment(o->t, &seg, &told) == TCP_TRACK_FULL) {
		if (!tcp_track_give_up(o->t, &story))
			return;		/* more connections at a time than there is room for here */
		count_told(o, &story);
	}
	o->segments++;
	if (told.ended)
		count_told(o, &told.story);
}

static void onlooker_end(struct onlooker *o)
{
	struct tcp_story story;
	uint32_t cursor = 0;

	while (tcp_track_each(o->t, &cursor, &story))
		count_told(o, &story);
	assert_true(o->told == o->segments);
	free(o->memory);
}

/* ---- cut -------------------------------------------------------------------------------- */

/* One line, for a message. */
static bool is_said(const char *why)
{
	return *why != '\0' && strlen(why) < 256 && !strpbrk(why, "\n\r");
}

static size_t frames_before(const struct capture *c, size_t cut)
{
	size_t n = 0;

	while (n < c->n_frames && c->frame_end[n] <= cut)
		n++;
	return n;
}

/* The frames are the whole ones, in order, byte for byte; how it ended. */
static int read_cut(const struct capture *c, const uint8_t *bytes, size_t cut, struct capr *r)
{
	struct onlooker onlooker;
	struct capr_record rec;
	struct pkt p;
	size_t n = 0;
	int rc;

	onlooker_begin(&onlooker);
	for (; (rc = capr_next(r, &rec)) > 0; n++) {
		struct seen s = look_at(&rec, bytes, &p);
		if (n >= c->n_frames || !same(&s, &c->frame[n]) ||
		    memcmp(rec.data, c->bytes + s.begin, rec.caplen) != 0)
			fail_msg("%s cut to %zu bytes: frame %zu is another", c->name, cut, n + 1);
		onlooker_hear(&onlooker, &p, &rec);
	}
	onlooker_end(&onlooker);
	if (n != frames_before(c, cut))
		fail_msg("%s cut to %zu bytes: %zu frames, not %zu", c->name, cut, n,
			 frames_before(c, cut));
	assert_int_equal(capr_next(r, &rec), rc);
	return rc;
}

static void cut_to(const struct capture *c, size_t cut)
{
	char err[256] = "";
	/* One byte beyond it is the sanitizer's. */
	uint8_t *bytes = exactly(c->bytes, cut);
	struct capr *r = capr_over(bytes, cut, err);

	if (cut < 4) {
		assert_null(r);
		assert_true(is_said(err));
	} else {
		assert_non_null(r);
		int rc = read_cut(c, bytes, cut, r);
		if (rc != (c->ends_here[cut] ? 0 : -1))
			fail_msg("%s cut to %zu bytes ends with %d", c->name, cut, rc);
		if (rc < 0 ? !is_said(capr_damage(r)) : *capr_damage(r) != '\0')
			fail_msg("%s cut to %zu bytes: \"%s\"", c->name, cut, capr_damage(r));
	}
	capr_close(r);
	free(bytes);
}

static size_t cut_everywhere(const struct capture *c)
{
	for (size_t cut = 0; cut <= c->size; cut++)
		cut_to(c, cut);
	return c->size + 1;
}

/* ---- which captures --------------------------------------------------------------------- */

enum { MOST = 16384, CAPTURES_AT_LEAST = 30 };

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The folder's whole captures of up to MOST bytes: how many there are. */
static unsigned cut_those_of(const char *folder)
{
	DIR *d = opendir(folder);
	double begin = seconds();
	size_t cuts = 0, frames = 0;
	unsigned n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		struct capture *c = load(folder, e->d_name, MOST);
		if (!c)
			continue;
		cuts += cut_everywhere(c);
		frames += c->n_frames;
		n++;
		forget(c);
	}
	closedir(d);
	print_message("%u captures of %zu frames, %zu cuts, %.1f s\n", n, frames, cuts,
		      seconds() - begin);
	return n;
}

static void every_whole_packet_of_a_cut_seed_is_shown(void **state)
{
	(void)state;
	assert_true(cut_those_of("tests/fuzz/seeds/capfile") >= 6);
}

static void every_whole_packet_of_the_captures_of_others_is_shown(void **state)
{
	const char *root = getenv("WIRELAB_CORPUS");
	char folder[PATH_MAX];
	struct stat st;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/pcaps", root ? root : "../shared/corpus");
	if (stat(folder, &st) != 0) {
		print_message("skipped: no corpus at %s (WIRELAB_CORPUS names another place)\n",
			      folder);
		skip();
	}
	assert_true(cut_those_of(folder) >= CAPTURES_AT_LEAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_whole_packet_of_a_cut_seed_is_shown),
		cmocka_unit_test(every_whole_packet_of_the_captures_of_others_is_shown),
	};

	return cmocka_run_group_tests_name("capfile_truncated", tests, NULL, NULL);
}
