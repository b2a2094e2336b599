/*
 * demo - what arpq does, shown on a private network with real kernels
 *
 *	demo ARPQ FOLDER
 *
 * Three hosts on one cable: the client, on which arpq runs, and two Linux kernels
 * that answer for themselves.  Every scene says what is to be seen, runs arpq as a user
 * would, counts the frames at the far end, and checks the count.  The frames of all
 * scenes end up in one capture, FOLDER/arp.pcapng, each with arpq's remark on it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns.h"
#include "run.h"
#include "tap.h"
#include "wirelab/capfile.h"

#define MAX_WORDS 24

struct demo {
	struct testnet net;
	struct tap_counter tap;		/* at the server's end of the cable */
	const char *arpq, *folder;
	unsigned scene;
	unsigned wrong;			/* expectations that did not come true */
};

static void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)fflush(stdout);
}

static void scene(struct demo *d, const char *title)
{
	print("\n%u. %s\n", ++d->scene, title);
}

static void expect(struct demo *d, const char *what, size_t is, size_t should)
{
	print("   %s: %zu%s\n", what, is, is == should ? "" : "   <-- NOT AS EXPECTED");
	d->wrong += is != should;
}

static void show_lines(const char *text)
{
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n");
		print("   | %.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

/* $ arpq WORDS, with -w FOLDER/NN.part so that its frames can be gathered afterwards. */
static void run(struct demo *d, const char *const *words, int status)
{
	char part[4096];
	const char *argv[MAX_WORDS + 4] = { d->arpq, "-w", part };
	struct runresult r;
	size_t n = 3;
	static unsigned parts;

	(void)snprintf(part, sizeof(part), "%s/%02u.part", d->folder, ++parts);
	print("   $ arpq");
	for (; *words && n < MAX_WORDS + 2; words++) {
		print(" %s", *words);
		argv[n++] = *words;
	}
	print("\n");
	(void)tap_collect(&d->tap);
	tap_forget(&d->tap);
	if (testnet_run(&d->net, SIDE_CLIENT, argv, &r) < 0) {
		print("   cannot run %s: %s\n", d->arpq, d->net.err);
		exit(1);
	}
	show_lines(r.out);
	show_lines(r.err);
	if (r.status != status) {
		print("   exit status %d   <-- NOT %d, AS EXPECTED\n", r.status, status);
		d->wrong++;
	}
	runresult_free(&r);
	(void)tap_collect(&d->tap);
}

static size_t requests_for(struct demo *d, struct ip4 ip)
{
	return tap_count(&d->tap, &(struct tap_match){ .op = ARP_REQUEST, .target_ip = &ip });
}

static size_t replies_from(struct demo *d, struct ip4 ip)
{
	return tap_count(&d->tap, &(struct tap_match){ .op = ARP_REPLY, .sender_ip = &ip });
}

#define RUN(d, status, ...) run(d, (const char *const[]){ __VA_ARGS__, NULL }, status)

/* ---- the scenes -------------------------------------------------------------------------- */

static void first_question(struct demo *d)
{
	scene(d, "The first question: everybody hears it, one answers.");
	RUN(d, 0, "10.60.0.2");
	expect(d, "requests seen by the server's kernel", requests_for(d, SERVER_IP), 1);
	expect(d, "replies it sent", replies_from(d, SERVER_IP), 1);
}

static void second_question(struct demo *d)
{
	scene(d, "The same question again: the cache knows, and the cable stays silent.");
	RUN(d, 0, "10.60.0.2");
	expect(d, "frames on the cable", requests_for(d, SERVER_IP) + replies_from(d, SERVER_IP), 0);
	RUN(d, 0, "--cache");
}

static void expiry(struct demo *d)
{
	struct ip4 ip = SERVER_IP;

	scene(d, "Expiry: an entry older than its lifetime (here one second) is asked for again,\n"
		 "   but politely: by unicast to the MAC it had (RFC 1122 2.3.2.1).");
	(void)sleep(1);
	RUN(d, 0, "--ttl", "1s", "--trace", "10.60.0.2");
	expect(d, "requests", requests_for(d, SERVER_IP), 1);
	expect(d, "of these to the server's MAC alone", tap_count(&d->tap, &(struct tap_match){
		.op = ARP_REQUEST, .target_ip = &ip, .to = TAP_TO_ONE }), 1);
}

static void dead_address(struct demo *d)
{
	struct ip4 nobody = { { 10, 60, 0, 99 } };

	scene(d, "A dead address: three requests, one a second, then the silence is remembered.");
	RUN(d, 1, "10.60.0.99");
	expect(d, "requests", requests_for(d, nobody), 3);
	RUN(d, 1, "10.60.0.99");
	expect(d, "requests", requests_for(d, nobody), 0);
}

static void whole_network(struct demo *d)
{
	scene(d, "A whole network: who is there?");
	RUN(d, 0, "--fresh", "10.60.0.0/28", "--rate", "max", "-c", "1");
}

static void conflict(struct demo *d)
{
	scene(d, "A conflict: a second host takes the server's address. Both are shown, and\n"
		 "   the exit status is 4.");
	if (testnet_address_add(&d->net, SIDE_RIVAL, SERVER_IP, 8) < 0) {
		print("   %s\n", d->net.err);
		d->wrong++;
		return;
	}
	(void)sleep(1);
	RUN(d, 4, "--fresh", "--listen", "200ms", "10.60.0.2");
}

/* ---- one capture of all scenes --------------------------------------------------------------- */

static unsigned copy_part(const char *path, struct capw *out, unsigned iface, unsigned *remarked)
{
	char err[256];
	struct capr *in = capr_open(path, err);
	struct capr_record rec;
	unsigned frames = 0;

	while (in && capr_next(in, &rec) > 0) {
		char remark[1024] = "";
		if (rec.n_remarks > 0)
			(void)snprintf(remark, sizeof(remark), "%.*s", (int)rec.remark[0].len,
				       rec.remark[0].text);
		*remarked += remark[0] != '\0';
		capw_frame(out, iface, &(struct capw_frame){
			.data = rec.data, .caplen = rec.caplen, .wirelen = rec.wirelen,
			.unix_ns = rec.unix_ns, .remark = remark,
			.direction = (enum capw_direction)(rec.flags & 3) });
		frames++;
	}
	if (in)
		capr_close(in);
	(void)unlink(path);
	return frames;
}

static void gather(struct demo *d)
{
	char path[4096], part[4096];
	struct capw out;
	unsigned frames = 0, remarked = 0, iface;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/arp.pcapng", d->folder);
	f = fopen(path, "wb");
	if (!f) {
		print("cannot write %s\n", path);
		d->wrong++;
		return;
	}
	capw_begin(&out, f, &(struct capw_section){ .application = "wirelab demo",
		.comment = "arpq on a private network: question, cache, expiry, silence, conflict" });
	iface = capw_interface(&out, &(struct capw_if){ .name = CLIENT_IF, .mac = &CLIENT_MAC,
							.linktype = LINKTYPE_ETHERNET });
	capw_name(&out, CLIENT_IP, "client");
	capw_name(&out, SERVER_IP, "server");
	capw_name(&out, RIVAL_IP, "rival");
	for (unsigned i = 1; i < 100; i++) {
		(void)snprintf(part, sizeof(part), "%s/%02u.part", d->folder, i);
		if (access(part, R_OK) == 0)
			frames += copy_part(part, &out, iface, &remarked);
	}
	bool whole = capw_end(&out);
	if ((fclose(f) != 0) | !whole) {
		print("cannot write %s\n", path);
		d->wrong++;
		return;
	}
	print("\nThe capture of all this: %s, %u frames, a remark on %u.\n", path, frames, remarked);
	d->wrong += remarked != frames || frames == 0;
	print("   wireshark %s\n", path);
	print("   tshark -r %s -T fields -e frame.number -e frame.comment\n", path);
}

int main(int argc, char **argv)
{
	struct demo d = { .arpq = argc > 1 ? argv[1] : "", .folder = argc > 2 ? argv[2] : "" };
	char why[256], arpq[4096];

	if (argc != 3 || !realpath(argv[1], arpq)) {
		(void)fprintf(stderr, "usage: demo ARPQ FOLDER\n");
		return 2;
	}
	d.arpq = arpq;
	(void)mkdir(d.folder, 0755);
	if (!netns_available(why) || netns_enter_private(why) < 0) {
		(void)fprintf(stderr, "demo: %s\ndemo: as root it works in any case: sudo make demo\n", why);
		return 7;
	}
	if (testnet_begin(&d.net, &(struct testnet_options){ .bridge = true }) < 0 ||
	    tap_open(&d.tap, &d.net, SIDE_SERVER, SERVER_IF, TAP_BOTH) < 0) {
		(void)fprintf(stderr, "demo: %s\n", d.net.err);
		return 1;
	}
	print("A private network: client 10.60.0.1, server 10.60.0.2 and rival 10.60.0.3, each a\n"
	      "Linux kernel of its own (network namespaces). Nothing leaves this machine.\n");
	first_question(&d);
	second_question(&d);
	expiry(&d);
	dead_address(&d);
	whole_network(&d);
	conflict(&d);
	gather(&d);
	tap_close(&d.tap);
	testnet_end(&d.net);
	if (d.wrong)
		print("\n%u things were NOT as expected.\n", d.wrong);
	return d.wrong ? 1 : 0;
}
