/*
 * capfile.h: whole captures of other people, record by record as libpcap reads them
 *
 * The captures are not part of the repository: WIRELAB_CORPUS names their directory, else
 * ../shared/corpus is tried; without it the test is skipped.
 */
#include "told.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <pcap/pcap.h>
#include <stdbool.h>

#include "wirelab/capfile.h"

static struct {
	unsigned files, whole, stopped_early, refused;
	unsigned long frames, cut_shorter, after_2038, without_time;
} seen;

static pcap_t *open_with_nanoseconds(const char *path)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, text);

	if (!p)
		print_message("libpcap does not open it: %s\n", text);
	return p;
}

/* NULL, or in what they differ. */
static const char *difference(const struct capr_record *rec, const struct pcap_pkthdr *h,
			      const u_char *data, uint32_t snaplen)
{
	uint32_t caplen = rec->caplen;
	uint64_t sec = (uint64_t)h->ts.tv_sec, unix_ns;

	/* A pcap file's seconds are 32 bits that end in 2106; to libpcap 1.10 they end in 2038. */
	if (h->ts.tv_sec < 0) {
		sec = (uint32_t)h->ts.tv_sec;
		seen.after_2038++;
	}
	unix_ns = sec * SEC_NS + (uint64_t)h->ts.tv_usec;
	/* What a file holds beyond its own snap length we read like Wireshark; libpcap does not. */
	if (caplen > snaplen && snaplen != 0) {
		caplen = snaplen;
		seen.cut_shorter++;
	}
	if (caplen != h->caplen)
		return "bytes kept";
	if (rec->wirelen != h->len)
		return "length on the wire";
	if (memcmp(rec->data, data, caplen) != 0)
		return "bytes";
	seen.without_time += !rec->has_time;
	return rec->has_time && rec->unix_ns != unix_ns ? "time" : NULL;
}

static void compare(const char *path, pcap_t *p)
{
	char err[256];
	struct capr *r = capr_open(path, err);
	struct capr_record rec;
	struct pcap_pkthdr *h;
	const u_char *data;
	int ours = 0, theirs;

	assert_non_null(r);
	seen.files++;
	while ((theirs = pcap_next_ex(p, &h, &data)) == 1 && (ours = capr_next(r, &rec)) == 1) {
		const char *d = difference(&rec, h, data, (uint32_t)pcap_snapshot(p));
		if (d)
			fail_msg("%s: frame %" PRIu64 ": %s", path, rec.number, d);
		seen.frames++;
	}
	if (theirs == 1)
		fail_msg("%s: libpcap reads on where we say: %s", path,
			 ours < 0 ? capr_damage(r) : "the end");
	/* It may stop before us (and says why), but its end must be ours. */
	if (theirs == PCAP_ERROR_BREAK)
		assert_int_equal(capr_next(r, &rec), 0);
	else
		print_message("%s: libpcap stops: %s\n", strrchr(path, '/') + 1, pcap_geterr(p));
	seen.whole += theirs == PCAP_ERROR_BREAK;
	seen.stopped_early += theirs == PCAP_ERROR;
	capr_close(r);
}

static void every_record_is_the_one_that_libpcap_reads(void **state)
{
	const char *root = getenv("WIRELAB_CORPUS");
	char folder[PATH_MAX], path[PATH_MAX + 300];
	DIR *d;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/pcaps", root ? root : "../shared/corpus");
	d = opendir(folder);
	if (!d) {
		print_message("skipped: no corpus at %s (WIRELAB_CORPUS names another place)\n",
			      folder);
		skip();
	}
	for (struct dirent *e; (e = readdir(d)); ) {
		pcap_t *p;
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		p = open_with_nanoseconds(path);
		seen.refused += p == NULL;
		if (!p)
			continue;
		compare(path, p);
		pcap_close(p);
	}
	closedir(d);
	print_message("%u captures, %lu frames; %u to the end, %u as far as libpcap goes, %u that "
		      "it does not open; %lu frames longer than the snap length, %lu after 2038, "
		      "%lu without a time\n",
		      seen.files, seen.frames, seen.whole, seen.stopped_early, seen.refused,
		      seen.cut_shorter, seen.after_2038, seen.without_time);
	assert_true(seen.whole > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_record_is_the_one_that_libpcap_reads),
	};

	return cmocka_run_group_tests_name("capfile_libpcap", tests, NULL, NULL);
}
