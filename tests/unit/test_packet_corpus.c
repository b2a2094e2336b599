/*
 * ARP exchanges, fragments and datagrams of other people's captures, told as an independent
 * dissector told them
 *
 * The captures are not part of the repository: WIRELAB_CORPUS names their directory, else
 * ../shared/corpus is tried; without it the tests are skipped.
 */
#include "told.h"

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "wirelab/arp_exchange.h"
#include "wirelab/capfile.h"
#include "wirelab/ip_fragments.h"
#include "wirelab/udp_exchange.h"

#define EXCHANGES 256u
#define OWNERS ((size_t)4096)
#define PLACES 16u
#define LIST_MAX 65536u
#define DATAGRAMS_MAX 512u

static const uint8_t secret[16] = "corpus";
static unsigned long equal, different;
static const char *file_name;

static const char *corpus(void)
{
	const char *dir = getenv("WIRELAB_CORPUS");
	struct stat st;

	if (!dir)
		dir = "../shared/corpus";
	return stat(dir, &st) == 0 ? dir : NULL;
}

/* Each capture in turn, with what the oracle says of it. */
static void each_capture(void (*compare)(struct capr *r, const char *oracle))
{
	const char *root = corpus();
	char path[4096], err[256];
	unsigned files = 0;
	struct dirent *e;

	if (!root) {
		print_message("skipped: no corpus (WIRELAB_CORPUS, ../shared/corpus)\n");
		skip();
	}
	equal = different = 0;
	snprintf(path, sizeof(path), "%s/pcaps", root);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		file_name = e->d_name;
		snprintf(path, sizeof(path), "%s/oracle/%s.jsonl", root, e->d_name);
		FILE *f = fopen(path, "r");
		char *oracle = NULL;
		size_t room = 0;
		assert_non_null(f);
		/* There is no NUL in it: this is the whole file. */
		assert_true(getdelim(&oracle, &room, '\0', f) > 0);
		fclose(f);
		snprintf(path, sizeof(path), "%s/pcaps/%s", root, e->d_name);
		struct capr *r = capr_open(path, err);
		assert_non_null(r);
		compare(r, oracle);
		capr_close(r);
		free(oracle);
		files++;
	}
	closedir(dir);
	print_message("%u captures: %lu lists equal, %lu different\n", files, equal, different);
	assert_true(files > 0 && different == 0);
}

/* The oracle's line of that type, ended by a NUL in `copy`; NULL: it has none. */
static char *line_of(const char *oracle, const char *type)
{
	char ending[64];
	const char *begin = oracle, *end;

	snprintf(ending, sizeof(ending), "\"type\":\"%s\"", type);
	for (; (end = strchr(begin, '\n')) != NULL; begin = end + 1) {
		char *line = zeroed((size_t)(end - begin) + 1);
		memcpy(line, begin, (size_t)(end - begin));
		if (strstr(line, ending))
			return line;
		free(line);
	}
	return NULL;
}

/* ---- lists of frames, as they stand in JSON: "1,2,3" ------------------------------------ */

struct list { char text[LIST_MAX]; size_t len; };

static void list_add(struct list *l, uint64_t frame)
{
	int n = snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s%llu", l->len ? "," : "",
			 (unsigned long long)frame);

	assert_true(n > 0 && l->len + (size_t)n < sizeof(l->text));
	l->len += (size_t)n;
}

/* "key":[LIST] inside `in`; a key that is not there has no frames. */
static void compare_list(const char *in, const char *key, const struct list *l)
{
	char quoted[64];
	const char *p;

	snprintf(quoted, sizeof(quoted), "\"%s\":[", key);
	p = in ? strstr(in, quoted) : NULL;
	p = p ? p + strlen(quoted) : "]";
	if (strncmp(p, l->text, l->len) == 0 && p[l->len] == ']') {
		equal++;
		return;
	}
	different++;
	print_message("%s: %s: [%.100s] here, [%.*s] by the oracle\n", file_name, key, l->text,
		      (int)(strcspn(p, "]") < 100 ? strcspn(p, "]") : 100), p);
}

/* ---- ARP -------------------------------------------------------------------------------- */

enum { N_SAID = 8 };
static const char *const said_name[N_SAID] = { "request", "reply", "other", "gratuitous", "probe",
					       "announcement", "duplicate_address",
					       "unsolicited_reply" };

/*
 * "Unsolicited" is the oracle's for a reply to no request earlier in the file between the two
 * addresses, whichever MACs; ours, to no question that is still waiting.  They agree but where
 * an announcement counts as the question that a gratuitous reply answers.
 */
static bool differs_by_definition(const char *what)
{
	return strcmp(what, "unsolicited_reply") == 0 &&
	       strcmp(file_name, "kern__arp_acd.pcap") == 0;
}

/* A probe inside 802.11 inside CAPWAP, into which nobody here looks. */
static void add_hidden_probe(struct list said[N_SAID], uint64_t frame)
{
	if (strcmp(file_name, "ndpi__capwap.pcap") != 0 || frame != 312)
		return;
	print_message("%s: 802.11 in CAPWAP is not looked into\n", file_name);
	list_add(&said[0], frame);
	list_add(&said[4], frame);
}

static uint64_t messages_of(struct arpx *t, struct instant now)
{
	struct arp_exchange x;
	uint64_t n = 0;

	for (; arpx_next(t, now, &x); n += x.messages + x.replies)
		assert_true(x.first_frame <= x.last_frame);
	return n;
}

static void compare_arp(struct capr *r, const char *oracle)
{
	static struct list said[N_SAID];
	void *owners = zeroed(arp_cache_size(OWNERS)), *memory = zeroed(arpx_size(EXCHANGES));
	struct arp_tally tally;
	struct arpx_message m;
	struct capr_record rec;
	uint64_t heard = 0, told = 0;
	struct pkt p;

	memset(said, 0, sizeof(said));
	arp_tally_init(&tally, arp_cache_init(owners, arp_cache_size(OWNERS), OWNERS, secret,
					      (struct instant){ 0 }));
	struct arpx *t = arpx_init(memory, arpx_size(EXCHANGES), EXCHANGES, &tally, secret);
	while (capr_next(r, &rec) > 0) {
		pkt_dissect(&p, rec.iface->linktype, rec.data, rec.caplen, rec.wirelen);
		if (!arpx_message_from(&m, &p)) {
			add_hidden_probe(said, rec.number);
			continue;
		}
		m.when = (struct instant){ rec.unix_ns };
		m.frame = rec.number;
		unsigned bits = arpx_hear(t, &m);
		heard++;
		told += messages_of(t, m.when);
		for (unsigned i = 0; i < N_SAID; i++)
			if (bits >> i & 1)
				list_add(&said[i], rec.number);
	}
	told += messages_of(t, INSTANT_NEVER);
	assert_int_equal(heard, told);
	assert_int_equal(arpx_lost(t), 0);
	char *line = line_of(oracle, "arp");
	for (unsigned i = 0; i < N_SAID; i++)
		if (differs_by_definition(said_name[i]))
			print_message("%s: %s is another thing here\n", file_name, said_name[i]);
		else
			compare_list(line ? strstr(line, "\"frames\":{") : NULL, said_name[i],
				     &said[i]);
	free(line);
	free(owners);
	free(memory);
}

static void every_arp_frame_is_told_as_the_oracle_tells_it(void **state)
{
	(void)state;
	each_capture(compare_arp);
}

/* ---- fragments -------------------------------------------------------------------------- */

/* Bytes that say IPv4 and hold no right header: the oracle reads their fronts all the same. */
#define NOT_IP "zeek__mpls-6in6-broken.pcap"

static struct ip_datagram datagram[DATAGRAMS_MAX];
static size_t n_datagrams;

static void keep_datagrams(struct ipfrag *t, struct instant now)
{
	while (n_datagrams < DATAGRAMS_MAX && ipfrag_next(t, now, &datagram[n_datagrams]))
		n_datagrams++;
}

static void frames_of(const struct ip_datagram *d, struct list *l)
{
	for (uint32_t i = 0; i < d->fragments && i < IPFRAG_PIECES; i++)
		list_add(l, d->piece[i].frame);
}

/* To the oracle atomic fragments of one key are one datagram that is never reassembled. */
static bool is_counted_before(size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (datagram[i].atomic && ipasm_same_key(&datagram[i].key, &datagram[at].key))
			return datagram[at].atomic;
	return false;
}

static void all_frames_of(size_t at, struct list *l)
{
	for (size_t i = at; i < n_datagrams; i++)
		if (i == at || (datagram[at].atomic && datagram[i].atomic &&
				ipasm_same_key(&datagram[i].key, &datagram[at].key)))
			frames_of(&datagram[i], l);
}

static void key_text(const struct ip_datagram *d, char *out, size_t room)
{
	char a[IP6_STRLEN], b[IP6_STRLEN];
	struct ip6 src, dst;
	struct ip4 src4, dst4;

	memcpy(src.b, d->key.src, sizeof(src.b));
	memcpy(dst.b, d->key.dst, sizeof(dst.b));
	memcpy(src4.b, d->key.src, sizeof(src4.b));
	memcpy(dst4.b, d->key.dst, sizeof(dst4.b));
	if (d->key.family == 4)
		snprintf(out, room, "\"%s\",\"%s\",\"%u\",\"0x%04x\"", ip4_format(src4, a),
			 ip4_format(dst4, b), d->proto, d->key.id);
	else
		snprintf(out, room, "\"%s\",\"%s\",\"0x%08x\"", ip6_format(src, a),
			 ip6_format(dst, b), d->key.id);
}

static void compare_datagram(const char *line, size_t at)
{
	const struct ip_datagram *d = &datagram[at];
	static struct list frames;
	char key[160], whole[32], text[LIST_MAX + 512];

	frames.len = 0;
	all_frames_of(at, &frames);
	key_text(d, key, sizeof(key));
	snprintf(whole, sizeof(whole), "%llu", (unsigned long long)d->whole_frame);
	snprintf(text, sizeof(text),
		 "\"frames\":[%s],\"key\":[%s],\"overlap\":%s,\"reassembled_in\":%s}",
		 frames.text, key, d->overlap ? "true" : "false",
		 d->state == IPFRAG_WHOLE && !d->atomic ? whole : "null");
	if (line && strstr(line, text)) {
		equal++;
		return;
	}
	different++;
	print_message("%s: the oracle does not say %.300s\n", file_name, text);
}

static unsigned long count_of(const char *line, const char *what)
{
	unsigned long n = 0;

	for (const char *p = line; p && (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

static void compare_fragments(struct capr *r, const char *oracle)
{
	void *bytes = zeroed(ipasm_size(PLACES)), *memory = zeroed(ipfrag_size(PLACES + 1));
	struct ipasm *assembly = ipasm_init(bytes, ipasm_size(PLACES), PLACES);
	struct ipfrag *t = ipfrag_init(memory, ipfrag_size(PLACES + 1), PLACES + 1, assembly);
	struct ipasm_datagram whole;
	struct ipasm_fragment f;
	struct capr_record rec;
	unsigned long ours = 0;
	struct pkt p;

	n_datagrams = 0;
	while (capr_next(r, &rec) > 0) {
		pkt_dissect(&p, rec.iface->linktype, rec.data, rec.caplen, rec.wirelen);
		if (ipfrag_fragment_from(&f, &p) == IPFRAG_NONE)
			continue;
		f.when = (struct instant){ rec.unix_ns };
		f.frame = rec.number;
		(void)ipfrag_hear(t, &f, &p, &whole);
		keep_datagrams(t, f.when);
	}
	keep_datagrams(t, INSTANT_NEVER);
	assert_true(n_datagrams < DATAGRAMS_MAX && ipfrag_lost(t) == 0);
	char *line = line_of(oracle, "ip_fragments");
	for (size_t i = 0; i < n_datagrams; i++) {
		if (is_counted_before(i))
			continue;
		ours++;
		compare_datagram(line, i);
	}
	if (strcmp(file_name, NOT_IP) == 0) {
		print_message("%s: what has no right IPv4 header is no fragment here\n", file_name);
	} else if (ours != count_of(line, "\"reassembled_in\":")) {
		different++;
		print_message("%s: %lu datagrams here, %lu by the oracle\n", file_name, ours,
			      count_of(line, "\"reassembled_in\":"));
	} else {
		equal++;
	}
	free(line);
	free(bytes);
	free(memory);
}

static void every_datagram_in_pieces_is_told_as_the_oracle_tells_it(void **state)
{
	(void)state;
	each_capture(compare_fragments);
}

/* ---- UDP -------------------------------------------------------------------------------- */

/* Every frame with a datagram whose checksum is wrong.  The oracle sums what ICMP errors quote,
 * too, so of its list those frames are left out. */
static void compare_sums(struct capr *r, const char *oracle)
{
	struct capr_record rec;
	struct udp_datagram d;
	struct udp_error e;
	struct pkt p;
	char *line = line_of(oracle, "checksums");
	const char *theirs = line ? strstr(line, "\"udp\":[") : NULL;

	theirs = theirs ? theirs + strlen("\"udp\":[") : "]";
	while (capr_next(r, &rec) > 0) {
		bool at_it = strtoull(theirs, NULL, 10) == rec.number && *theirs != ']';
		pkt_dissect(&p, rec.iface->linktype, rec.data, rec.caplen, rec.wirelen);
		bool ours = udp_datagram_from(&d, &p, NULL) && d.sum == UDP_SUM_BAD;
		equal += at_it && ours;
		if (at_it != ours && !udp_error_from(&e, &p)) {
			different++;
			print_message("%s: frame %llu: the sum is %s here\n", file_name,
				      (unsigned long long)rec.number, ours ? "bad" : "not bad");
		}
		if (at_it)
			theirs += strcspn(theirs, ",]") + (theirs[strcspn(theirs, ",]")] == ',');
	}
	free(line);
}

static void every_bad_udp_checksum_is_the_oracles_too(void **state)
{
	(void)state;
	each_capture(compare_sums);
}

/* The sanitizers are the judges here. */
static void damaged_captures_are_told_as_far_as_they_go(void **state)
{
	const char *root = corpus();
	void *bytes = zeroed(ipasm_size(PLACES)), *memory = zeroed(ipfrag_size(PLACES));
	struct ipasm *assembly = ipasm_init(bytes, ipasm_size(PLACES), PLACES);
	struct ipfrag *t = ipfrag_init(memory, ipfrag_size(PLACES), PLACES, assembly);
	unsigned long frames = 0, found = 0;
	struct ipasm_datagram whole;
	struct arpx_message m;
	struct ipasm_fragment f;
	struct capr_record rec;
	struct udp_datagram d;
	struct udp_error e;
	char path[4096], err[256];
	struct dirent *entry;
	struct pkt p;

	(void)state;
	if (!root) {
		free(bytes);
		free(memory);
		print_message("skipped: no corpus (WIRELAB_CORPUS, ../shared/corpus)\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/malformed", root);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/malformed/%s", root, entry->d_name);
		struct capr *r = entry->d_name[0] == '.' ? NULL : capr_open(path, err);
		while (r && capr_next(r, &rec) > 0) {
			uint8_t *exact = exactly(rec.data, rec.caplen);
			pkt_dissect(&p, rec.iface->linktype, exact, rec.caplen, rec.wirelen);
			frames++;
			found += arpx_message_from(&m, &p);
			found += udp_datagram_from(&d, &p, NULL);
			found += udp_error_from(&e, &p);
			if (ipfrag_fragment_from(&f, &p) != IPFRAG_NONE) {
				found++;
				f.when = (struct instant){ rec.unix_ns };
				f.frame = ++frames;
				(void)ipfrag_hear(t, &f, &p, &whole);
				n_datagrams = 0;
				keep_datagrams(t, f.when);
			}
			free(exact);
		}
		if (r)
			capr_close(r);
	}
	closedir(dir);
	free(bytes);
	free(memory);
	print_message("%lu frames of damaged captures, %lu messages\n", frames, found);
	assert_true(found > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_arp_frame_is_told_as_the_oracle_tells_it),
		cmocka_unit_test(every_datagram_in_pieces_is_told_as_the_oracle_tells_it),
		cmocka_unit_test(every_bad_udp_checksum_is_the_oracles_too),
		cmocka_unit_test(damaged_captures_are_told_as_far_as_they_go),
	};

	return cmocka_run_group_tests_name("packet_corpus", tests, NULL, NULL);
}
