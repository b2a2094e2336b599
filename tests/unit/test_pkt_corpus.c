/*
 * pkt.h: whole captures of other people, counted as an independent dissector counted them
 *
 * The captures are not part of the repository: WIRELAB_CORPUS names their directory, else
 * ../shared/corpus is tried; without it the test is skipped.
 */
#include "told.h"

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "wirelab/capfile.h"
#include "wirelab/pkt.h"

struct counts {
	unsigned frames, tcp, quoted_tcp, fragments4, fragments6;
	unsigned arp_request, arp_reply, arp_other;
	unsigned icmp4, icmp6, udp, vlan, mpls, gre, ip4, ip6, arp;
	unsigned bad_tcp, bad_udp;	/* checksums */
	unsigned quotes;
	uint64_t payload;
	/* what explains a difference */
	unsigned compressed;	/* IPComp: the oracle inflates it, a walk over headers cannot */
	unsigned not_ip4;	/* IPv4 announced, and no whole and right header is there: the
				   oracle counts most of them, and what their fronts say */
};

enum { IPCOMP = 108 };		/* RFC 3173 */

/* What an oracle's line says under "name": a number, or -1. */
static long long told(const char *line, const char *name)
{
	char key[64];
	const char *p;

	snprintf(key, sizeof(key), "\"%s\":", name);
	p = line ? strstr(line, key) : NULL;
	return p ? strtoll(p + strlen(key), NULL, 10) : -1;
}

static const char *corpus(void)
{
	const char *dir = getenv("WIRELAB_CORPUS");
	struct stat st;

	if (!dir)
		dir = "../shared/corpus";
	return stat(dir, &st) == 0 ? dir : NULL;
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	long len;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (len = ftell(f)) >= 0) {
		rewind(f);
		text = zeroed((size_t)len + 1);
		if (fread(text, 1, (size_t)len, f) != (size_t)len)
			fail();
	}
	fclose(f);
	return text;
}

/* The oracle's names mean "a frame in which it occurs at least once", quoted or not. */
static bool occurs(const struct pkt *p, enum pkt_kind kind)
{
	for (unsigned i = 0; i < p->n_layers; i++)
		if (p->layer[i].kind == kind)
			return true;
	return false;
}

/* Every IPv4 header counts, and the first IPv6 fragment header of a frame. */
static void count_fragments(struct counts *c, const struct pkt *p)
{
	bool seen6 = false;

	for (unsigned i = 0; i < p->n_layers; i++) {
		const struct pkt_layer *l = &p->layer[i];
		struct rd r = rd_over(p->frame + l->off, l->len);
		struct ip4_hdr h;
		uint8_t before = i ? p->layer[i - 1].kind : PKT_NONE;
		if (l->kind == PKT_IP4 && ip4_parse_header(&r, &h) == V_OK)
			c->fragments4 += ip4_is_fragment(&h);
		/* the kind of an extension header stands in the one before it */
		if (l->kind != PKT_IP6_EXT || seen6)
			continue;
		const uint8_t *prev = p->frame + p->layer[i - 1].off;
		uint8_t proto = before == PKT_IP6 ? prev[6] : prev[0];
		seen6 = proto == IP_PROTO_FRAGMENT;
		c->fragments6 += seen6;
	}
}

static void count_arp(struct counts *c, const struct pkt *p)
{
	c->arp_request += p->arp_fixed.op == ARP_REQUEST;
	c->arp_reply += p->arp_fixed.op == ARP_REPLY;
	c->arp_other += p->arp_fixed.op != ARP_REQUEST && p->arp_fixed.op != ARP_REPLY;
}

static void count(struct counts *c, const struct pkt *p)
{
	c->frames++;
	c->tcp += pkt_has(p, PKT_TCP);
	c->payload += pkt_has(p, PKT_TCP) && p->stopped != V_LENGTH ? p->payload_wire : 0;
	c->quoted_tcp += !pkt_has(p, PKT_TCP) && occurs(p, PKT_TCP);
	c->quotes += pkt_has(p, PKT_ICMP4) || pkt_has(p, PKT_ICMP6) ? p->icmp.quotes : 0;
	c->bad_tcp += pkt_check(p, PKT_TCP) == V_CHECKSUM;
	c->bad_udp += pkt_check(p, PKT_UDP) == V_CHECKSUM;
	c->icmp4 += occurs(p, PKT_ICMP4);
	c->icmp6 += occurs(p, PKT_ICMP6);
	c->udp += occurs(p, PKT_UDP);
	c->vlan += occurs(p, PKT_VLAN);
	c->mpls += occurs(p, PKT_MPLS);
	c->gre += occurs(p, PKT_GRE);
	c->ip4 += occurs(p, PKT_IP4);
	c->ip6 += occurs(p, PKT_IP6);
	c->arp += occurs(p, PKT_ARP);
	c->not_ip4 += p->stopped_in == PKT_IP4 && !occurs(p, PKT_IP4);
	c->compressed += p->stopped_space == PKT_BY_IP_PROTO && p->stopped_value == IPCOMP;
	count_fragments(c, p);
	if (pkt_has(p, PKT_ARP))
		count_arp(c, p);
}

static uint64_t told_payload(const char *oracle)
{
	uint64_t sum = 0;

	for (const char *p = oracle; (p = strstr(p, "\"payload\":")); p++)
		sum += strtoull(p + strlen("\"payload\":"), NULL, 10);
	return sum;
}

static unsigned differs(const char *file, const char *what, long long ours, long long theirs)
{
	if (theirs < 0)
		theirs = 0;
	if (ours == theirs)
		return 0;
	print_message("%s: %s: %lld here, %lld by the oracle\n", file, what, ours, theirs);
	return 1;
}

/* Segments and datagrams in pieces are the reassembler's to find; the oracle has them in the
 * frame with the last piece. */
static long long reassembled(const char *frags)
{
	return frags ? told(frags, "ip4_reassembled") + told(frags, "ip6_reassembled") : 0;
}

static unsigned compare_tcp(const char *file, const struct counts *c, const char *oracle)
{
	unsigned bad = 0;

	if (c->compressed) {
		print_message("%s: %u frames are compressed (RFC 3173) and not looked into\n", file,
			      c->compressed);
		return differs(file, "tcp_frames", c->tcp + c->compressed,
			       told(oracle, "tcp_frames"));
	}
	bad += differs(file, "tcp_frames", c->tcp, told(oracle, "tcp_frames"));
	bad += differs(file, "tcp payload", (long long)c->payload, (long long)told_payload(oracle));
	bad += differs(file, "tcp_in_icmp_error", c->quoted_tcp, told(oracle, "tcp_in_icmp_error"));
	return bad;
}

static unsigned compare_layers(const char *file, const struct counts *c, const char *oracle)
{
	const char *layers = strstr(oracle, "\"layers\":");
	const char *frags = strstr(oracle, "\"ip4_conflict\":");
	unsigned bad = 0;

	if (told(layers, "wlan") > 0) {
		print_message("%s: 802.11 in CAPWAP is not looked into\n", file);
		return 0;
	}
	if (c->not_ip4 && told(layers, "ip") > c->ip4)
		print_message("%s: %u frames say IPv4 and hold no right header\n", file,
			      c->not_ip4);
	else
		bad += differs(file, "ip", c->ip4, told(layers, "ip"));
	bad += told(layers, "ip") > c->ip4 + c->not_ip4;
	bad += differs(file, "ipv6", c->ip6, told(layers, "ipv6"));
	bad += differs(file, "arp", c->arp, told(layers, "arp"));
	bad += differs(file, "icmp", c->icmp4, told(layers, "icmp"));
	bad += differs(file, "icmpv6", c->icmp6, told(layers, "icmpv6"));
	bad += differs(file, "udp", c->udp + reassembled(frags), told(layers, "udp"));
	bad += differs(file, "vlan", c->vlan, told(layers, "vlan"));
	bad += differs(file, "mpls", c->mpls, told(layers, "mpls"));
	bad += differs(file, "gre", c->gre, told(layers, "gre"));
	bad += differs(file, "ARP requests", c->arp_request,
		       told(strstr(oracle, "{\"counts\":"), "request"));
	return bad;
}

/* "tcp":[3,7]: how many frames are listed there */
static long long listed(const char *record, const char *name)
{
	char key[32];
	long long n = 0;

	snprintf(key, sizeof(key), "\"%s\":[", name);
	const char *p = record ? strstr(record, key) : NULL;
	if (!p)
		return 0;
	for (p += strlen(key); *p != ']'; p++)
		n += n == 0 || *p == ',';
	return n;
}

static unsigned compare_sums(const char *file, const struct counts *c, const char *oracle)
{
	const char *bad = strstr(oracle, "\"bad_frames\":");

	long long tcp = listed(bad, "tcp"), udp = listed(bad, "udp");

	/* It also sums what is quoted in errors, some of which no longer is as it was sent. */
	if (tcp + udp != c->bad_tcp + c->bad_udp &&
	    tcp + udp - c->bad_tcp - c->bad_udp <= c->quotes) {
		print_message("%s: checksums of quoted segments are not looked at\n", file);
		return tcp < c->bad_tcp || udp < c->bad_udp;
	}
	return differs(file, "bad TCP checksums", c->bad_tcp, tcp) +
	       differs(file, "bad UDP checksums", c->bad_udp, udp);
}

/* ---- the options of SYNs ---------------------------------------------------------------- */

#define SYNS 4096u

struct syn {
	unsigned frame;
	struct tcp_options options;
};

struct syns {
	struct syn syn[SYNS];
	unsigned n;
};

static void remember_syn(struct syns *s, unsigned frame, const struct pkt *p)
{
	size_t at;

	if (!pkt_has(p, PKT_TCP) || !(p->tcp.flags & TCP_SYN) || s->n == SYNS)
		return;
	s->syn[s->n].frame = frame;
	(void)pkt_tcp_options(p, &s->syn[s->n++].options, &at);
}

static const struct tcp_options *syn_of(const struct syns *s, long long frame)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->syn[i].frame == frame)
			return &s->syn[i].options;
	return NULL;
}

/* "kinds":[2,4,8,1,3], the other fields behind it in the order of the alphabet */
static unsigned compare_options(const char *file, long long frame, const struct tcp_options *o,
				const char *line)
{
	const char *p = strstr(line, "\"kinds\":[");
	unsigned bad = 0, n = 0;

	assert_non_null(p);
	for (p += strlen("\"kinds\":["); *p != ']'; n++) {
		long kind = strtol(p, (char **)&p, 10);
		bad += n >= o->n_kinds || kind != o->kind[n];
		p += *p == ',';
	}
	if (bad || n != o->n_kinds)
		bad = differs(file, "options in the SYN of frame", frame, -1);
	bad += differs(file, "MSS", o->seen & TCP_SEEN_MSS ? o->mss : 0, told(line, "mss"));
	bad += differs(file, "window scale", o->seen & TCP_SEEN_WSCALE ? o->wscale : 0,
		       told(line, "ws"));
	bool tfo = strncmp(strstr(line, "\"tfo\":") + strlen("\"tfo\":"), "true", 4) == 0;
	return bad + differs(file, "TFO", (o->seen & TCP_SEEN_TFO) != 0, tfo);
}

static unsigned compare_syn(const char *file, const struct syns *syns, const char *line,
			    const char *frame_key, bool of_a)
{
	long long frame = told(strstr(line, "\"facts\":"), frame_key);
	const char *options = strstr(line, "\"syn_options\":");
	const struct tcp_options *o = frame > 0 ? syn_of(syns, frame) : NULL;

	if (!o || !options)
		return 0;
	const char *side = strstr(options, of_a ? "\"a\":{" : "\"b\":{");
	return side ? compare_options(file, frame, o, side) : 0;
}

/* One line a connection; the first SYN of each side is the one that is described. */
static unsigned compare_syns(const char *file, const struct syns *syns, char *oracle)
{
	unsigned bad = 0;

	for (char *line = strtok(oracle, "\n"); line; line = strtok(NULL, "\n")) {
		const char *initiator = strstr(line, "\"initiator\":\"");
		if (!initiator || !strstr(line, "\"type\":\"tcp\""))
			continue;
		bool a = initiator[strlen("\"initiator\":\"")] == 'a';
		bool plain = !strstr(line, "\"open\":\"simultaneous\"") &&
			     !strstr(line, "\"open\":\"odd\"");
		if (plain)
			bad += compare_syn(file, syns, line, "syn_frame", a) +
			       compare_syn(file, syns, line, "synack_frame", !a);
	}
	return bad;
}

static unsigned compare(const char *file, const struct counts *c, const char *oracle)
{
	const char *arp = strstr(oracle, "{\"counts\":");
	const char *frags = strstr(oracle, "\"ip4_conflict\":");
	unsigned bad = compare_tcp(file, c, oracle) + compare_layers(file, c, oracle) +
		       compare_sums(file, c, oracle);

	bad += differs(file, "frames", c->frames, told(oracle, "frames"));
	bad += differs(file, "ARP replies", c->arp_reply, told(arp, "reply"));
	bad += differs(file, "ARP others", c->arp_other, told(arp, "other"));
	if (!c->not_ip4)
		bad += differs(file, "IPv4 fragments", c->fragments4,
			       told(frags, "ip4_fragment_frames"));
	bad += differs(file, "IPv6 fragments", c->fragments6, told(frags, "ip6_fragment_frames"));
	return bad;
}

static struct counts dissect_all(const char *path, struct syns *syns)
{
	struct counts c = { 0 };
	struct capr_record rec;
	char err[256];
	struct capr *r = capr_open(path, err);
	struct pkt p;

	if (!r)
		return c;
	while (capr_next(r, &rec) > 0) {
		uint8_t *exact = exactly(rec.data, rec.caplen);
		pkt_dissect(&p, rec.iface->linktype, exact, rec.caplen, rec.wirelen);
		count(&c, &p);
		remember_syn(syns, c.frames, &p);
		free(exact);
	}
	capr_close(r);
	return c;
}

static void every_capture_is_counted_as_the_oracle_counts_it(void **state)
{
	const char *root = corpus();
	char path[4096];
	struct syns *syns = zeroed(sizeof(*syns));
	unsigned files = 0, n_syns = 0, bad = 0;

	(void)state;
	if (!root) {
		free(syns);
		print_message("no corpus: WIRELAB_CORPUS names none, and ../shared/corpus is not "
			      "there\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/pcaps", root);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/oracle/%s.jsonl", root, e->d_name);
		char *oracle = slurp(path);
		if (!oracle)
			continue;
		snprintf(path, sizeof(path), "%s/pcaps/%s", root, e->d_name);
		syns->n = 0;
		struct counts c = dissect_all(path, syns);
		bad += compare(e->d_name, &c, oracle);
		bad += compare_syns(e->d_name, syns, oracle);
		n_syns += syns->n;
		files++;
		free(oracle);
	}
	closedir(dir);
	free(syns);
	print_message("%u captures compared, and the options of %u SYNs\n", files, n_syns);
	assert_int_equal(bad, 0);
}

/* The sanitizers are the judges here. */
static void damaged_captures_are_dissected_as_far_as_they_go(void **state)
{
	const char *root = corpus();
	struct syns *syns = zeroed(sizeof(*syns));
	unsigned frames = 0;
	char path[4096];

	(void)state;
	if (!root) {
		free(syns);
		print_message("no corpus\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/malformed", root);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		snprintf(path, sizeof(path), "%s/malformed/%s", root, e->d_name);
		syns->n = 0;
		frames += e->d_name[0] == '.' ? 0 : dissect_all(path, syns).frames;
	}
	closedir(dir);
	free(syns);
	print_message("%u frames of damaged captures\n", frames);
	assert_true(frames > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_capture_is_counted_as_the_oracle_counts_it),
		cmocka_unit_test(damaged_captures_are_dissected_as_far_as_they_go),
	};

	return cmocka_run_group_tests_name("pkt_corpus", tests, NULL, NULL);
}
