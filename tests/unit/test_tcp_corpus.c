/*
 * tcp_track.h: connections of other people's captures, told as an independent program told them
 *
 * The captures are not part of the repository: WIRELAB_CORPUS names their directory, else
 * ../shared/corpus is tried; without it the test is skipped.
 */
#include "told.h"

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "wirelab/capfile.h"
#include "wirelab/tcp_segment.h"

/* The oracle cannot be met where the TCP segments are compressed (IPComp, RFC 3173). */
static const char *const beyond_us[] = { "libpcap__AH-IPcomp-IPv6.pcap" };
/* Wireshark made this one's conversation beforehand, from what an FTP server said. */
#define FTP_DATA "sanders__tickedoffdeveloper.pcapng"

struct reading {
	struct tcp_track *t;
	void *memory;
	size_t n;
	struct tcp_story *story;	/* by stream */
	size_t room;
};

struct score { unsigned long equal, different; };

static const char *corpus(void)
{
	const char *dir = getenv("WIRELAB_CORPUS");
	struct stat st;

	if (!dir)
		dir = "../shared/corpus";
	return stat(dir, &st) == 0 ? dir : NULL;
}

/* ---- our side ---------------------------------------------------------------------- */

static void *lines_of(size_t size)
{
	void *p = NULL;

	assert_int_equal(posix_memalign(&p, 64, size), 0);
	memset(p, 0, size);
	return p;
}

static void grow(struct reading *r)
{
	size_t n = r->n ? r->n * 2 : 4;
	void *larger = lines_of(tcp_track_size(n));
	uint8_t secret[16] = "corpus";

	r->t = r->t ? tcp_track_move(larger, tcp_track_size(n), n, r->t) :
		      tcp_track_init(larger, tcp_track_size(n), n, secret);
	assert_non_null(r->t);
	free(r->memory);
	r->memory = larger;
	r->n = n;
}

static void keep(struct reading *r, const struct tcp_story *story)
{
	if (story->stream >= r->room) {
		r->room = ((size_t)story->stream + 1) * 2;
		r->story = realloc(r->story, r->room * sizeof(*r->story));
		assert_non_null(r->story);
	}
	r->story[story->stream] = *story;
}

/* How many connections; their stories in r->story. */
static size_t read_all(struct reading *r, const char *path)
{
	char err[256];
	struct capr *file = capr_open(path, err);
	struct capr_record rec;
	struct tcp_options options;
	struct tcp_told told;
	struct tcp_story story;
	uint32_t cursor = 0;
	size_t n = 0;
	struct pkt p;

	assert_non_null(file);
	grow(r);
	while (capr_next(file, &rec) > 0) {
		struct tcp_segment seg = { .when = { rec.unix_ns }, .frame = rec.number,
					   .wire_bytes = rec.wirelen };
		pkt_dissect(&p, rec.iface->linktype, rec.data, rec.caplen, rec.wirelen);
		if (!tcp_segment_from(&seg, &options, &p))
			continue;
		while (tcp_track_segment(r->t, &seg, &told) == TCP_TRACK_FULL)
			grow(r);
		n += told.fresh;
		if (told.ended)
			keep(r, &told.story);
	}
	while (tcp_track_each(r->t, &cursor, &story))
		keep(r, &story);
	capr_close(file);
	return n;
}

/* ---- the oracle's side: one JSON object a line, with sorted keys and no blanks --------- */

/* What stands behind "key": inside the object at `in` (its first such key), or NULL. */
static const char *value(const char *in, const char *key)
{
	char quoted[64];
	const char *p;

	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	p = in ? strstr(in, quoted) : NULL;
	return p ? p + strlen(quoted) : NULL;
}

static bool says(const char *at, const char *text)
{
	size_t len = strlen(text);

	return at && strncmp(at, text, len) == 0 && strchr(",}]", at[len]);
}

static struct score total;
static unsigned long shown;
static const char *file_name;
static uint64_t stream_shown;

static void compare(const char *object, const char *key, const char *ours)
{
	const char *theirs = value(object, key);

	if (says(theirs, ours)) {
		total.equal++;
		return;
	}
	total.different++;
	if (shown++ < 20)
		print_message("%s stream %llu %s: %s, the oracle says %.12s\n", file_name,
			      (unsigned long long)stream_shown, key, ours,
			      theirs ? theirs : "nothing");
}

static void compare_number(const char *object, const char *key, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	compare(object, key, text);
}

static void compare_frame(const char *object, const char *key, uint64_t frame)
{
	if (frame)
		compare_number(object, key, frame);
	else
		compare(object, key, "null");
}

static void compare_word(const char *object, const char *key, const char *word)
{
	char text[32];

	snprintf(text, sizeof(text), "\"%s\"", word);
	compare(object, key, text);
}

static void compare_who(const char *object, const char *key, int who)
{
	compare(object, key, who == TCP_NOBODY ? "null" : who ? "\"b\"" : "\"a\"");
}

static void compare_facts(const char *line, const struct tcp_story *o)
{
	const char *facts = value(line, "facts");

	compare_word(facts, "open", tcp_open_name(o->open));
	compare_word(facts, "close", tcp_close_name(o->close));
	compare_who(facts, "initiator", o->initiator);
	compare_who(facts, "first_fin_by", o->first_fin_by);
	compare_frame(facts, "syn_frame", o->syn_frame);
	compare_frame(facts, "synack_frame", o->synack_frame);
	compare_frame(facts, "ack_frame", o->ack_frame);
	if (o->first_rst_frame) {
		compare_who(value(facts, "first_rst"), "by", o->first_rst_by);
		compare_frame(value(facts, "first_rst"), "frame", o->first_rst_frame);
		compare(facts, "rst_after_close", o->rst_after_close ? "true" : "false");
	} else {
		compare(facts, "first_rst", "null");
	}
	if (o->side[0].fin && o->side[1].fin)
		compare(facts, "both_fins_acked", o->both_fins_acked ? "true" : "false");
	if (value(facts, "refused_frame"))
		compare_frame(facts, "refused_frame", o->refused_frame);
	compare_number(line, "first_frame", o->first_frame);
	compare_number(line, "last_frame", o->last_frame);
}

static void compare_side(const char *side, const struct tcp_side *s)
{
	compare_number(side, "frames", s->frames);
	compare_number(side, "bytes", s->bytes);
	compare_number(side, "payload", s->payload);
	compare_number(side, "data_segments", s->data_segments);
	compare_number(side, "syn", s->syn);
	compare_number(side, "synack", s->synack);
	compare_number(side, "fin", s->fin);
	compare_number(side, "rst", s->rst);
	compare_number(side, "zero_windows", s->zero_windows);
	compare_number(side, "urg", s->urg);
	compare_number(side, "ece", s->ece);
	compare_number(side, "cwr", s->cwr);
	compare_number(side, "data_after_peer_fin", s->data_after_peer_fin);
	compare_number(side, "bytes_after_peer_fin", s->bytes_after_peer_fin);
	compare_frame(side, "fin_frame", s->fin_frame);
	compare_frame(side, "fin_acked_frame", s->fin_acked_frame);
	if (s->has_isn)
		compare_number(side, "isn", s->isn);
	else
		compare(side, "isn", "null");
}

static void compare_kinds(const char *object, const struct tcp_syn_options *o)
{
	char text[16 + 5 * TCP_KINDS_KEPT] = "[";
	size_t len = 1;

	for (unsigned i = 0; i < o->n_kinds; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u", i ? "," : "",
					o->kind[i]);
	snprintf(text + len, sizeof(text) - len, "]");
	compare(object, "kinds", text);
}

static void compare_options(const char *object, const struct tcp_syn_options *o)
{
	char stamps[32];

	if (!o->present) {
		total.equal += strncmp(object, "null", 4) == 0;
		total.different += strncmp(object, "null", 4) != 0;
		return;
	}
	snprintf(stamps, sizeof(stamps), "[%u,%u]", o->ts_val, o->ts_ecr);
	compare(object, "ts", o->seen & TCP_SEEN_TS ? stamps : "null");
	compare(object, "sack_perm", o->seen & TCP_SEEN_SACK_OK ? "true" : "false");
	compare(object, "tfo", o->seen & TCP_SEEN_TFO ? "true" : "false");
	if (o->seen & TCP_SEEN_MSS)
		compare_number(object, "mss", o->mss);
	else
		compare(object, "mss", "null");
	if (o->seen & TCP_SEEN_WSCALE)
		compare_number(object, "ws", o->wscale);
	else
		compare(object, "ws", "null");
	compare_kinds(object, o);
}

static void compare_stream(const char *line, const struct tcp_story *o)
{
	const char *options = value(line, "syn_options");

	compare_facts(line, o);
	compare_side(value(line, "ab"), &o->side[0]);
	compare_side(value(line, "ba"), &o->side[1]);
	compare_options(value(options, "a"), &o->side[0].syn_options);
	compare_options(value(options, "b"), &o->side[1].syn_options);
	if (strcmp(file_name, FTP_DATA) != 0)
		compare_number(line, "completeness", o->completeness);
}

static void compare_file(const char *dir, const char *name)
{
	struct reading r = { 0 };
	char path[512], *line = NULL;
	size_t room = 0, n, streams = 0;

	snprintf(path, sizeof(path), "%s/pcaps/%s", dir, name);
	n = read_all(&r, path);
	snprintf(path, sizeof(path), "%s/oracle/%s.jsonl", dir, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (getline(&line, &room, f) > 0) {
		if (!says(value(line, "type"), "\"tcp\""))
			continue;
		stream_shown = streams;
		if (streams < n)
			compare_stream(line, &r.story[streams]);
		streams++;
	}
	stream_shown = streams;
	total.equal += streams == n;
	total.different += streams != n;
	fclose(f);
	free(line);
	free(r.story);
	free(r.memory);
}

static bool is_beyond_us(const char *name)
{
	for (size_t i = 0; i < LENGTH(beyond_us); i++)
		if (strcmp(name, beyond_us[i]) == 0)
			return true;
	return false;
}

static void every_connection_is_told_as_the_oracle_tells_it(void **state)
{
	const char *dir = corpus();
	char path[512];
	unsigned files = 0;
	struct dirent *e;

	(void)state;
	if (!dir) {
		print_message("skipped: no corpus (WIRELAB_CORPUS, ../shared/corpus)\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/pcaps", dir);
	DIR *d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || is_beyond_us(e->d_name))
			continue;
		file_name = e->d_name;
		compare_file(dir, e->d_name);
		files++;
	}
	closedir(d);
	print_message("%u captures: %lu values equal, %lu different\n", files, total.equal,
		      total.different);
	assert_true(files > 0 && total.different == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_connection_is_told_as_the_oracle_tells_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
