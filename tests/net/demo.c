/*
 * demo - what the tools do, shown on private networks with real kernels
 *
 *	demo BIN FOLDER
 *
 * First arpq: three hosts on one cable, the client, on which arpq runs, and two Linux kernels
 * that answer for themselves.  Every scene says what is to be seen, runs arpq as a user
 * would, counts the frames at the far end, and checks the count.  The frames of all
 * scenes end up in one capture, FOLDER/arp.pcapng, each with arpq's remark on it.
 *
 * Then labs 09 and 10, where they are listed: wirelab plays each in a network of its own, and
 * tcpq draws what was captured, FOLDER/09-nagle.pcapng.
 *
 * BIN has arpq, tcpq and wirelab.  No line is wider than 80 columns.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns.h"
#include "run.h"
#include "tap.h"
#include "wirelab/capfile.h"
#include "wirelab/fold.h"
#include "wirelab/width.h"

#define MAX_WORDS 24
#define MAX_CAPTURES 16u
#define COLUMNS 80u

/* What is on every frame of it is what it is for. */
struct made { char name[64]; unsigned frames; };

struct demo {
	struct testnet net;
	struct tap_counter tap;		/* at the server's end of the cable */
	char bin[4096];			/* absolute, for the labs run inside the folder */
	const char *folder;
	struct made made[MAX_CAPTURES];
	unsigned n_made;
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

/* As a terminal would show it; only its lines that are too long are folded. */
static void show_lines(const char *text, size_t len)
{
	char line[1024], folded[2 * sizeof(line)];

	for (const char *p = text; p < text + len;) {
		const char *end = memchr(p, '\n', (size_t)(text + len - p));
		size_t n = end ? (size_t)(end - p) : (size_t)(text + len - p);
		struct txt t = txt_over(folded, sizeof(folded));
		(void)snprintf(line, sizeof(line), "%.*s", (int)n, p);
		if (txt_width(p, n) > COLUMNS)
			txt_fold(&t, line, 0, 4, COLUMNS);
		else
			txt_str(&t, line);
		print("%s\n", folded);
		p += n + (end != NULL);
	}
}

static void wrong_status(struct demo *d, const struct runresult *r, int status)
{
	if (r->status == status)
		return;
	print("   exit status %d   <-- NOT %d, AS EXPECTED\n", r->status, status);
	d->wrong++;
}

/* Runs tool of d->bin with argv[1] and on.  What it said is the caller's to free. */
static void start(struct demo *d, const char *tool, const char **argv, const struct run_options *opt,
		  struct runresult *r)
{
	char path[sizeof(d->bin) + 32];

	(void)snprintf(path, sizeof(path), "%s/%s", d->bin, tool);
	argv[0] = path;
	if (testnet_run_with(&d->net, SIDE_CLIENT, argv, opt, r) == 0)
		return;
	print("   cannot run %s: %s\n", path, d->net.err);
	exit(1);
}

static void print_command(const char *tool, const char *const *words)
{
	print("$ %s", tool);
	for (; *words; words++)
		print(" %s", *words);
	print("\n");
}

/* $ arpq WORDS, with -w FOLDER/NN.part so that its frames can be gathered afterwards. */
static void run(struct demo *d, const char *const *words, int status)
{
	char part[4096];
	const char *argv[MAX_WORDS + 4] = { "arpq", "-w", part };
	struct runresult r;
	size_t n = 3;
	static unsigned parts;

	(void)snprintf(part, sizeof(part), "%s/%02u.part", d->folder, ++parts);
	print_command("arpq", words);
	for (; *words && n < MAX_WORDS + 2; words++)
		argv[n++] = *words;
	(void)tap_collect(&d->tap);
	tap_forget(&d->tap);
	start(d, "arpq", argv, &(struct run_options){ 0 }, &r);
	show_lines(r.out, r.out_len);
	show_lines(r.err, r.err_len);
	wrong_status(d, &r, status);
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

	scene(d, "Expiry: an entry older than its lifetime (here one second) is asked for\n"
		 "   again, but politely: by unicast to the MAC it had (RFC 1122 2.3.2.1).");
	(void)sleep(1);
	RUN(d, 0, "--ttl", "1s", "--trace", "10.60.0.2");
	expect(d, "requests", requests_for(d, SERVER_IP), 1);
	expect(d, "of these to the server's MAC alone", tap_count(&d->tap, &(struct tap_match){
		.op = ARP_REQUEST, .target_ip = &ip, .to = TAP_TO_ONE }), 1);
}

static void dead_address(struct demo *d)
{
	struct ip4 nobody = { { 10, 60, 0, 99 } };

	scene(d, "A dead address: three requests, one a second, then silence, remembered.");
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

static void keep(struct demo *d, const char *name, unsigned frames, unsigned remarked)
{
	if (frames == 0 || remarked != frames) {
		print("   %s: %u frames, a remark on %u   <-- NOT AS EXPECTED\n", name, frames,
		      remarked);
		d->wrong++;
	}
	if (d->n_made == MAX_CAPTURES)
		return;
	struct made *m = &d->made[d->n_made++];
	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	m->frames = frames;
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
	keep(d, "arp.pcapng", frames, remarked);
}

/* ---- labs ------------------------------------------------------------------------------------- */

/* Inside the folder.  What a learner is remembered by must not come from here: /run is private. */
static void run_inside(struct demo *d, const char *tool, const char **argv, struct runresult *r)
{
	static const char *const env[] = { "XDG_STATE_HOME=/run/state", NULL };

	print_command(tool, (const char *const *)argv + 1);
	start(d, tool, argv, &(struct run_options){ .dir = d->folder, .env = env,
						    .timeout_ns = UINT64_C(30000000000) }, r);
}

static void count_remarks(struct demo *d, const char *name)
{
	char path[4096], err[256];
	struct capr_record rec;
	unsigned frames = 0, remarked = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", d->folder, name);
	struct capr *in = capr_open(path, err);
	while (in && capr_next(in, &rec) > 0) {
		frames++;
		remarked += rec.n_remarks > 0;
	}
	if (in)
		capr_close(in);
	keep(d, name, frames, remarked);
}

/* name: "09-nagle".  Its claims, up to the empty line that ends them, and its first connection. */
static void lab(struct demo *d, const char *name)
{
	char file[80], nr[3] = { name[0], name[1] };
	const char *play[] = { "", "run", nr, "--no-predict", "-o", file, NULL };
	const char *draw[] = { "", file, "--ladder", "0", NULL };
	struct runresult r;

	(void)snprintf(file, sizeof(file), "%s.pcapng", name);
	run_inside(d, "wirelab", play, &r);
	const char *claims = strstr(r.out, "\n\n");
	const char *end = claims ? strstr(claims + 2, "\n\n") : NULL;
	show_lines(r.out, end ? (size_t)(end + 1 - r.out) : r.out_len);
	show_lines(r.err, r.err_len);
	wrong_status(d, &r, 0);
	runresult_free(&r);
	run_inside(d, "tcpq", draw, &r);
	show_lines(r.out, r.out_len);
	wrong_status(d, &r, 0);
	runresult_free(&r);
	count_remarks(d, file);
}

/* Those of the list that fit in here: "09  nagle        -       Nagle's waiting room". */
static void two_labs(struct demo *d)
{
	const char *argv[] = { "", "list", "--lang", "en", NULL };
	char nr[3], slug[32], name[40];
	struct runresult r;

	start(d, "wirelab", argv, &(struct run_options){ 0 }, &r);
	wrong_status(d, &r, 0);
	for (const char *line = r.out, *next; *line; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (sscanf(line, "%2s %31s", nr, slug) != 2 ||
		    (strcmp(nr, "09") != 0 && strcmp(nr, "10") != 0))
			continue;
		scene(d, strcmp(nr, "09") == 0 ?
			 "Lab 09: ten small writes, and why they leave as two segments." :
			 "Lab 10: one large write, and who cuts it to fit.");
		(void)snprintf(name, sizeof(name), "%s-%s", nr, slug);
		lab(d, name);
	}
	runresult_free(&r);
}

/* ---- and what is left ------------------------------------------------------------------------- */

/* bin as it was called: nothing is installed yet. */
static void say_what_is_left(const struct demo *d, const char *bin)
{
	print("\nThe captures, with a remark on each frame that says why it is there:\n");
	for (unsigned i = 0; i < d->n_made; i++)
		print("   %s/%s, %u frames\n", d->folder, d->made[i].name, d->made[i].frames);
	const char *last = d->made[d->n_made > 1].name;
	print("Open one in Wireshark, or let the terminal do:\n"
	      "   wireshark %s/%s\n"
	      "   %s/tcpq %s/%s --explain\n"
	      "   tshark -r %s/%s -T fields -e frame.number -e frame.comment\n",
	      d->folder, last, bin, d->folder, last, d->folder, d->made[0].name);
	print("And now predict before you look (README.md, \"Learn\"):\n"
	      "   %s/wirelab run 09\n", bin);
}

static bool take_words(struct demo *d, int argc, char **argv)
{
	if (argc != 3 || !realpath(argv[1], d->bin))
		return false;
	d->folder = argv[2];
	return mkdir(d->folder, 0755) == 0 || errno == EEXIST;
}

int main(int argc, char **argv)
{
	static struct demo d;
	char why[256];

	if (!take_words(&d, argc, argv)) {
		(void)fprintf(stderr, "usage: demo BIN FOLDER\n");
		return 2;
	}
	if (!netns_available(why) || netns_enter_private(why) < 0) {
		(void)fprintf(stderr, "demo: %s\ndemo: as root it works in any case: sudo make demo\n", why);
		return 7;
	}
	if (testnet_begin(&d.net, &(struct testnet_options){ .bridge = true }) < 0 ||
	    tap_open(&d.tap, &d.net, SIDE_SERVER, SERVER_IF, TAP_BOTH) < 0) {
		(void)fprintf(stderr, "demo: %s\n", d.net.err);
		return 1;
	}
	print("A private network: client 10.60.0.1, server 10.60.0.2, rival 10.60.0.3, each a\n"
	      "Linux kernel of its own (network namespaces). Nothing leaves this machine.\n");
	first_question(&d);
	second_question(&d);
	expiry(&d);
	dead_address(&d);
	whole_network(&d);
	conflict(&d);
	gather(&d);
	two_labs(&d);
	say_what_is_left(&d, argv[1]);
	tap_close(&d.tap);
	testnet_end(&d.net);
	if (d.wrong)
		print("\n%u things were NOT as expected.\n", d.wrong);
	return d.wrong ? 1 : 0;
}
