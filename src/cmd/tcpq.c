/*
 * tcpq - takes the TCP connections of a capture apart
 *
 *	tcpq FILE...		one line a connection
 *	tcpq --json FILE...	one object a line
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "version.h"
#include "wirelab/arp_tally.h"
#include "wirelab/capfile.h"
#include "wirelab/clock.h"
#include "wirelab/ip_reassembly.h"
#include "wirelab/json.h"
#include "wirelab/pkt.h"
#include "wirelab/tcp_segment.h"
#include "wirelab/tcp_view.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_DAMAGED = 3, EXIT_OUTPUT_LOST = 5 };

static const char help[] =
"usage: tcpq [--json] FILE...          every TCP connection of a capture\n"
"       tcpq trouble.pcapng            one line a connection\n"
"       tcpdump -w - | tcpq -          from standard input\n"
"       tcpq --json FILE | jq 'select(.type == \"tcp\") | .facts.close'\n"
"\n"
"      --json      one object a line: connections, ARP, fragments, the capture\n"
"  -h, --help      this;  -V, --version\n"
"\n"
"Reads pcap and pcapng, whatever their byte order, link types and sections.\n"
"exit: 0 all of it was read  2 usage  3 damaged (what could be read is shown)\n"
"      5 output lost                                              see tcpq(1)\n";

#define FLOWS_BEGIN ((size_t)4096)
#define REASSEMBLIES 64u
#define ARP_OWNERS ((size_t)16384)
#define SKIPS_MAX 64u
#define ATOMIC_MAX 64u

/* A segment in trouble. */
struct trouble {
	uint32_t stream;
	uint32_t kinds;		/* bits 1 << TCP_T_... */
	uint64_t frame;
};

/* A header that nobody here reads, or that could not be read, and how often. */
struct skip {
	char name[80];
	uint64_t frames;
};

struct tcpq {
	bool json;
	const char *path;
	uint8_t secret[16];
	struct tcp_track *track;
	size_t flows;			/* that track has room for */
	void *track_memory;
	size_t track_size;
	struct ipasm *ipasm;
	struct arp_tally arp;
	uint64_t frames, bytes, tcp_frames, tcp_streams;
	uint64_t frag4_frames, frag6_frames, frag4_whole, frag6_whole, frag4, frag6;
	struct ipasm_key atomic[ATOMIC_MAX];
	size_t n_atomic;
	struct skip skip[SKIPS_MAX];
	size_t n_skips;
	uint64_t more_skips;
	/* With --json only: an object names every frame in trouble, so it is written at the end. */
	struct trouble *trouble;
	size_t n_trouble, max_trouble;
	struct tcp_story *story;
	size_t n_stories, max_stories;
	bool heading_said;
};

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("tcpq: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
	va_end(args);
}

static _Noreturn void out_of_memory(void)
{
	complain("out of memory");
	exit(1);
}

/* Zeroed pages that cost nothing until they are used. */
static void *pages(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		out_of_memory();
	return p;
}

/* ---- output ---------------------------------------------------------------------------- */

static void put_line(struct txt *t)
{
	txt_char(t, '\n');
	(void)fwrite(t->buf, 1, t->len, stdout);
}

/* {"retransmission":[4,9],...}: of one connection, whose n troubles begin at first. */
static void put_troubles(const struct trouble *first, size_t n)
{
	bool any = false;

	(void)fputs(",\"trouble\":{", stdout);
	for (unsigned k = 0; k < TCP_T_COUNT; k++) {
		bool opened = false;
		for (size_t i = 0; i < n; i++) {
			if (!(first[i].kinds >> k & 1))
				continue;
			if (!opened)
				(void)printf("%s\"%s\":[", any ? "," : "",
					     tcp_trouble_info((enum tcp_trouble)k)->name);
			(void)printf("%s%llu", opened ? "," : "", (unsigned long long)first[i].frame);
			opened = any = true;
		}
		if (opened)
			(void)putchar(']');
	}
	(void)fputs("}}\n", stdout);
}

static int by_stream(const void *a, const void *b)
{
	const struct tcp_story *x = a, *y = b;

	return (x->stream > y->stream) - (x->stream < y->stream);
}

static int by_stream_and_frame(const void *a, const void *b)
{
	const struct trouble *x = a, *y = b;

	if (x->stream != y->stream)
		return x->stream < y->stream ? -1 : 1;
	return (x->frame > y->frame) - (x->frame < y->frame);
}

static void put_stories(struct tcpq *q)
{
	char buf[TCP_VIEW_LINE];
	size_t at = 0;

	if (q->n_stories)
		qsort(q->story, q->n_stories, sizeof(*q->story), by_stream);
	if (q->n_trouble)
		qsort(q->trouble, q->n_trouble, sizeof(*q->trouble), by_stream_and_frame);
	for (size_t i = 0; i < q->n_stories; i++) {
		struct txt t = txt_over(buf, sizeof(buf));
		size_t begin = at;
		tcp_view_json(&t, &q->story[i]);
		(void)fwrite(t.buf, 1, t.len, stdout);
		while (at < q->n_trouble && q->trouble[at].stream == q->story[i].stream)
			at++;
		put_troubles(q->trouble + begin, at - begin);
	}
}

static void put_arp(const struct tcpq *q)
{
	const struct arp_tally *a = &q->arp;
	char buf[512];
	struct txt t = txt_over(buf, sizeof(buf));

	if (a->request + a->reply + a->other == 0)
		return;
	txt_str(&t, "{");
	json_string(&t, "type", "arp");
	json_key(&t, "counts");
	txt_str(&t, "{");
	json_number(&t, "request", a->request);
	json_number(&t, "reply", a->reply);
	json_number(&t, "other", a->other);
	json_number(&t, "gratuitous", a->gratuitous);
	json_number(&t, "probe", a->probe);
	json_number(&t, "announcement", a->announcement);
	json_number(&t, "duplicate_address", a->duplicate_address);
	txt_str(&t, "}}");
	put_line(&t);
}

static void put_fragments(const struct tcpq *q)
{
	char buf[512];
	struct txt t = txt_over(buf, sizeof(buf));

	if (q->frag4_frames + q->frag6_frames == 0)
		return;
	txt_str(&t, "{");
	json_string(&t, "type", "ip_fragments");
	json_number(&t, "ip4_fragment_frames", q->frag4_frames);
	json_number(&t, "ip4_datagrams", q->frag4);
	json_number(&t, "ip4_reassembled", q->frag4_whole);
	json_number(&t, "ip6_fragment_frames", q->frag6_frames);
	json_number(&t, "ip6_datagrams", q->frag6);
	json_number(&t, "ip6_reassembled", q->frag6_whole);
	txt_str(&t, "}");
	put_line(&t);
}

static void put_capture(const struct tcpq *q, const char *damage)
{
	char buf[SKIPS_MAX * 120 + 1024];
	struct txt t = txt_over(buf, sizeof(buf));

	txt_str(&t, "{");
	json_string(&t, "type", "capture");
	json_string(&t, "file", q->path);
	json_number(&t, "frames", q->frames);
	json_number(&t, "bytes", q->bytes);
	json_number(&t, "tcp_streams", q->tcp_streams);
	json_number(&t, "tcp_frames", q->tcp_frames);
	json_key(&t, "skipped");
	txt_str(&t, "{");
	for (size_t i = 0; i < q->n_skips; i++)
		json_number(&t, q->skip[i].name, q->skip[i].frames);
	if (q->more_skips)
		json_number(&t, "other", q->more_skips);
	txt_str(&t, "}");
	json_string(&t, "damage", damage);
	txt_str(&t, "}");
	put_line(&t);
}

/* ---- what is known of connections -------------------------------------------------------- */

/* Room for one more in a list that doubles. */
static void *grown(void *list, size_t n, size_t *max, size_t size)
{
	if (n < *max)
		return list;
	*max = *max ? *max * 2 : 64;
	list = realloc(list, *max * size);
	if (!list)
		out_of_memory();
	return list;
}

static void say_story(struct tcpq *q, const struct tcp_story *story)
{
	char buf[TCP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));

	if (q->json) {
		q->story = grown(q->story, q->n_stories, &q->max_stories, sizeof(*q->story));
		q->story[q->n_stories++] = *story;
		return;
	}
	if (!q->heading_said) {
		q->heading_said = true;
		tcp_view_row(&t, NULL);
		put_line(&t);
		t = txt_over(buf, sizeof(buf));
	}
	tcp_view_row(&t, story);
	put_line(&t);
}

static void make_table(struct tcpq *q, size_t flows)
{
	size_t size = tcp_track_size(flows);
	void *memory = pages(size);

	if (q->track) {
		q->track = tcp_track_move(memory, size, flows, q->track);
		(void)munmap(q->track_memory, q->track_size);
	} else {
		q->track = tcp_track_init(memory, size, flows, q->secret);
	}
	q->track_memory = memory;
	q->track_size = size;
	q->flows = flows;
}

static void hear_tcp(struct tcpq *q, const struct pkt *p, const struct capr_record *rec)
{
	struct tcp_options options;
	struct tcp_segment seg;
	struct tcp_told told;

	if (!tcp_segment_from(&seg, &options, p))
		return;
	seg.when = (struct instant){ rec->unix_ns };
	seg.frame = rec->number;
	seg.wire_bytes = rec->wirelen;
	q->tcp_frames++;
	while (tcp_track_segment(q->track, &seg, &told) == TCP_TRACK_FULL)
		make_table(q, q->flows * 2);
	q->tcp_streams += told.fresh;
	if (told.ended)
		say_story(q, &told.story);
	if (q->json && told.trouble) {
		q->trouble = grown(q->trouble, q->n_trouble, &q->max_trouble, sizeof(*q->trouble));
		q->trouble[q->n_trouble++] =
			(struct trouble){ tcp_track_stream(q->track, told.flow), told.trouble,
					  rec->number };
	}
}

/* ---- frames --------------------------------------------------------------------------------- */

static void skip_frame(struct tcpq *q, const struct pkt *p)
{
	char name[80];
	struct txt t = txt_over(name, sizeof(name));

	if (p->stopped == V_UNSUPPORTED && p->stopped_in == PKT_NONE) {
		static const char *const space[] = {
			[PKT_BY_END] = "end", [PKT_BY_LINKTYPE] = "link type",
			[PKT_BY_ETHERTYPE] = "EtherType", [PKT_BY_IP_PROTO] = "IP protocol",
			[PKT_BY_PPP] = "PPP protocol", [PKT_BY_SAP] = "LLC SAP",
			[PKT_BY_LOOPBACK] = "loopback family", [PKT_BY_VERSION] = "IP version",
			[PKT_BY_ARP_TYPE] = "ARP hardware" };
		txt_str(&t, space[p->stopped_space]);
		txt_char(&t, ' ');
		txt_u64(&t, p->stopped_value);
	} else {
		txt_str(&t, pkt_kind_name((enum pkt_kind)p->stopped_in));
		txt_str(&t, p->snapped ? ": cut by the capture" : ": ");
		txt_str(&t, p->snapped ? "" : verdict_name(p->stopped));
	}
	for (size_t i = 0; i < q->n_skips; i++)
		if (strcmp(q->skip[i].name, name) == 0) {
			q->skip[i].frames++;
			return;
		}
	if (q->n_skips == SKIPS_MAX) {
		q->more_skips++;
		return;
	}
	memcpy(q->skip[q->n_skips].name, name, sizeof(name));
	q->skip[q->n_skips++].frames = 1;
}

static struct ipasm_fragment fragment_of(const struct pkt *p, const struct capr_record *rec)
{
	struct ipasm_fragment f = {
		.key = { .family = p->ip_version, .id = p->frag.id }, .when = { rec->unix_ns },
		.frame = rec->number, .offset = p->frag.offset, .more = p->frag.more,
		.data = p->frame + p->payload.off, .caplen = p->payload.len,
		.len = p->payload_wire };

	if (p->ip_version == 4) {
		f.key.proto = p->frag.proto;
		memcpy(f.key.src, p->ip4.src.b, sizeof(p->ip4.src.b));
		memcpy(f.key.dst, p->ip4.dst.b, sizeof(p->ip4.dst.b));
	} else {
		memcpy(f.key.src, p->ip6.src.b, sizeof(p->ip6.src.b));
		memcpy(f.key.dst, p->ip6.dst.b, sizeof(p->ip6.dst.b));
	}
	return f;
}

static void hear_packet(struct tcpq *q, const struct pkt *p, const struct capr_record *rec);

static void hear_fragment(struct tcpq *q, const struct pkt *p, const struct capr_record *rec)
{
	struct ipasm_fragment f = fragment_of(p, rec);
	struct ipasm_datagram whole;
	enum ipasm_result r = ipasm_hear(q->ipasm, &f, &whole);
	bool v4 = p->ip_version == 4, good = r != IPASM_BAD_LENGTH && r != IPASM_BAD_END;
	struct pkt inner;

	q->frag4_frames += v4;
	q->frag6_frames += !v4;
	q->frag4 += v4 && good && whole.fragments == 1;
	q->frag6 += !v4 && good && whole.fragments == 1;
	if (r != IPASM_WHOLE)
		return;
	q->frag4_whole += v4;
	q->frag6_whole += !v4 && whole.fragments > 1;
	pkt_dissect_datagram(&inner, p, whole.data, (uint32_t)whole.len);
	hear_packet(q, &inner, rec);
}

/*
 * A fragment header on a packet that is whole (RFC 6946): no reassembly, but a fragment all
 * the same.  Those of one pair of hosts with one identification are one datagram here, as
 * readers of captures count them.
 */
static void count_atomic(struct tcpq *q, const struct pkt *p)
{
	struct ipasm_key key = { .family = 6 };
	const uint8_t *header = NULL;

	for (unsigned i = 1; i < p->n_layers; i++) {
		const struct pkt_layer *before = &p->layer[i - 1], *l = &p->layer[i];
		unsigned next_at = before->kind == PKT_IP6 ? 6 : 0;
		if (l->kind == PKT_IP6_EXT && !l->quoted && l->len >= 8 &&
		    (before->kind == PKT_IP6 || before->kind == PKT_IP6_EXT) &&
		    p->frame[before->off + next_at] == IP_PROTO_FRAGMENT)
			header = p->frame + l->off;
	}
	if (!header)
		return;
	q->frag6_frames++;
	memcpy(&key.id, header + 4, sizeof(key.id));
	memcpy(key.src, p->ip6.src.b, sizeof(key.src));
	memcpy(key.dst, p->ip6.dst.b, sizeof(key.dst));
	for (size_t i = 0; i < q->n_atomic; i++)
		if (ipasm_same_key(&q->atomic[i], &key))
			return;
	q->frag6++;
	if (q->n_atomic < ATOMIC_MAX)
		q->atomic[q->n_atomic++] = key;
}

static void hear_packet(struct tcpq *q, const struct pkt *p, const struct capr_record *rec)
{
	if (p->stopped != V_OK)
		skip_frame(q, p);
	if (pkt_has(p, PKT_ARP))
		arp_tally_hear(&q->arp, (struct instant){ rec->unix_ns }, p->arp_fixed.op,
			       p->stopped == V_OK ? &p->arp : NULL);
	if (p->is_fragment) {
		hear_fragment(q, p, rec);
		return;
	}
	if (pkt_has(p, PKT_IP6_EXT))
		count_atomic(q, p);
	if (!pkt_has(p, PKT_TCP))
		return;
	hear_tcp(q, p, rec);
}

/* ---- one capture ------------------------------------------------------------------------------ */

static struct arp_cache *owners(const uint8_t secret[static 16])
{
	size_t size = arp_cache_size(ARP_OWNERS);

	return arp_cache_init(pages(size), size, ARP_OWNERS, secret, (struct instant){ 0 });
}

static int read_capture(const char *path, bool json)
{
	struct tcpq q = { .json = json, .path = path };
	size_t size = ipasm_size(REASSEMBLIES);
	struct capr_record rec;
	struct tcp_story story;
	struct pkt p;
	uint32_t cursor = 0;
	char err[256];
	struct capr *r = capr_open(path, err);

	if (!r) {
		complain("%s", err);
		return EXIT_DAMAGED;
	}
	random_bytes(q.secret, sizeof(q.secret));
	q.ipasm = ipasm_init(pages(size), size, REASSEMBLIES);
	arp_tally_init(&q.arp, owners(q.secret));
	make_table(&q, FLOWS_BEGIN);
	while (capr_next(r, &rec) == 1) {
		q.frames++;
		q.bytes += rec.wirelen;
		pkt_dissect(&p, rec.iface->linktype, rec.data, rec.caplen, rec.wirelen);
		hear_packet(&q, &p, &rec);
	}
	while (tcp_track_each(q.track, &cursor, &story))
		say_story(&q, &story);
	if (json) {
		put_stories(&q);
		put_arp(&q);
		put_fragments(&q);
		put_capture(&q, capr_damage(r));
	}
	bool damaged = *capr_damage(r) != '\0';
	if (damaged)
		complain("%s: %s", path, capr_damage(r));
	capr_close(r);
	free(q.story);
	free(q.trouble);
	(void)munmap(q.track_memory, q.track_size);
	return damaged ? EXIT_DAMAGED : EXIT_DONE;
}

static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout) && close(STDOUT_FILENO) == 0)
		return status;
	complain("cannot write to standard output: %s", strerror(errno));
	return EXIT_OUTPUT_LOST;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 { "version", no_argument, NULL, 'V' },
						 { NULL, 0, NULL, 0 } };
	static char name[] = "tcpq";
	bool json = false;
	int c, status = EXIT_DONE;

	/* getopt's own messages begin with argv[0]. */
	if (argc > 0)
		argv[0] = name;
	/* A reader that has gone and a file that may not grow are errors of write(2). */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	while ((c = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		if (c == 'j') {
			json = true;
		} else if (c == 'h' || c == 'V') {
			(void)fputs(c == 'h' ? help : "tcpq (wirelab) " WIRELAB_VERSION "\n", stdout);
			return finish(EXIT_DONE);
		} else {
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		complain("name a capture; see tcpq --help");
		return EXIT_USAGE;
	}
	for (int i = optind; i < argc; i++) {
		int one = read_capture(argv[i], json);
		status = one > status ? one : status;
	}
	return finish(status);
}
