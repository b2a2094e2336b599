/* session.c - beginning and end, and all that is said: what every part of arpq needs */
#include "arpq.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "version.h"
#include "wirelab/paths.h"

static volatile sig_atomic_t stop_asked;

static void on_stop(int signal_number)
{
	(void)signal_number;
	stop_asked = 1;
}

bool interrupted(void)
{
	return stop_asked != 0;
}

/* ---- saying ------------------------------------------------------------------------- */

#define COMPLAINT_MAX (PATH_MAX + 512u)	/* a path, and what is wrong with it */

/* The one way to standard error for words that may hold a name from outside: interfaces
 * are named by whoever made them, escape sequences and all. */
void complain(const char *format, ...)
{
	char raw[COMPLAINT_MAX], clean[4 * COMPLAINT_MAX];
	struct txt t = txt_over(clean, sizeof(clean));
	va_list args;

	va_start(args, format);
	(void)vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	txt_foreign(&t, raw, strlen(raw));
	(void)fprintf(stderr, "arpq: %s\n", clean);
}

/* stdio remembers that a write failed, but not why. */
static void note_error(struct arpq *a, bool written)
{
	if (!written && a->output_error == 0)
		a->output_error = errno ? errno : EIO;
}

void say(struct arpq *a, struct txt *t)
{
	txt_char(t, '\n');
	note_error(a, fwrite(t->buf, 1, t->len, stdout) == t->len);
}

bool flush_output(struct arpq *a)
{
	note_error(a, fflush(stdout) == 0);
	return a->output_error == 0;
}

void remark(struct txt *t)
{
	complain("%s", t->buf);
}

void trace(struct arpq *a, struct txt *t)
{
	char buf[32];
	struct txt when = txt_over(buf, sizeof(buf));

	if (!a->opt->trace)
		return;
	txt_seconds(&when, instant_since(a->started, a->now));
	(void)fprintf(stderr, "%s  %s\n", when.buf, t->buf);
}

void *zeroed(size_t size)
{
	/* A fault for each page of a large table costs more than using it: in one go, then,
	 * and in huge pages where the kernel gives them, which a look-up finds sooner. */
	bool large = size >= (size_t)4 << 20;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | (large ? 0 : MAP_POPULATE), -1, 0);

	if (p == MAP_FAILED) {
		complain("out of memory (%zu bytes)", size);
		exit(EXIT_NO_ANSWER);
	}
	if (large)
		(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}

const char *vendor_name(struct arpq *a, struct mac mac, char buf[static VENDOR_STRLEN])
{
	if (!a->vendors)
		a->vendors = vendors_open(NULL, NULL, *a->vendor_index ? a->vendor_index : NULL);
	return a->vendors && vendors_find(a->vendors, mac, buf, VENDOR_STRLEN) ? buf : NULL;
}

void say_result(struct arpq *a, const struct arp_result *r)
{
	char vendor[VENDOR_STRLEN], buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	struct arp_result full = *r;

	if (a->opt->quiet) {
		if (r->outcome != ARP_FOUND)
			return;
		/* Of a whole network the MACs alone would tell nobody anything. */
		if (a->opt->sweep) {
			txt_ip(&t, r->ip);
			txt_char(&t, ' ');
		}
		txt_mac(&t, r->mac);
		say(a, &t);
		return;
	}
	if (r->outcome == ARP_FOUND)
		full.vendor = vendor_name(a, r->mac, vendor);
	if (a->opt->json)
		arp_view_result_json(&t, &full);
	else
		arp_view_result(&t, &full, a->columns);
	say(a, &t);
}

void say_conflict(struct arpq *a, const struct port *p, struct ip4 ip, struct mac first,
		  struct mac other)
{
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));

	a->conflict = true;
	if (a->opt->quiet) {
		if (a->opt->sweep) {
			txt_ip(&t, ip);
			txt_char(&t, ' ');
		}
		txt_mac(&t, other);
	} else if (a->opt->json) {
		arp_view_conflict_json(&t, ip, first, other, p->iface.name);
	} else {
		if (a->color)
			txt_str(&t, "\033[1;31m");
		/* Of its own, because columns are counted from a text's beginning. */
		struct txt line = txt_over(t.buf + t.len, t.cap - t.len);
		arp_view_conflict(&line, ip, first, other, p->iface.name);
		t.len += line.len;
		if (a->color)
			txt_str(&t, "\033[0m");
	}
	say(a, &t);
}

/* ---- beginning ------------------------------------------------------------------------ */

/* A closed descriptor 0..2 would be the next socket's, and output would go on the wire. */
static int guard_descriptors(void)
{
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		complain("standard output is closed: nowhere to write to");
		return EXIT_OUTPUT_LOST;
	}
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return EXIT_OUTPUT_LOST;
	return EXIT_DONE;
}

static void catch_signals(void)
{
	struct sigaction stop = { .sa_handler = on_stop };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGTERM, &stop, NULL);
	/* Both become errors of write(2), which have a message and a status of their own. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
}

static void find_places(struct arpq *a)
{
	char dir[PATH_MAX - 16];
	bool have = runtime_dir("arpq", true, dir, sizeof(dir), a->no_cache);

	if (have)
		(void)snprintf(a->vendor_index, sizeof(a->vendor_index), "%s/vendors", dir);
	if (a->opt->cache)
		(void)snprintf(a->cache_path, sizeof(a->cache_path), "%s", a->opt->cache);
	else if (have)
		(void)snprintf(a->cache_path, sizeof(a->cache_path), "%s/cache", dir);
	if (!clock_boot_id(a->boot_id)) {
		(void)snprintf(a->no_cache, sizeof(a->no_cache), "no boot id in /proc");
		*a->cache_path = '\0';
	}
}

static int begin_capture(struct arpq *a)
{
	struct utsname u;
	char os[160] = "Linux";
	int fd;

	if (!a->opt->capture)
		return EXIT_DONE;
	fd = open(a->opt->capture, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	a->capture_file = fd < 0 ? NULL : fdopen(fd, "wb");
	if (!a->capture_file) {
		complain("cannot write %s: %s", a->opt->capture, strerror(errno));
		return EXIT_OUTPUT_LOST;
	}
	if (uname(&u) == 0)
		(void)snprintf(os, sizeof(os), "%.60s %.80s", u.sysname, u.release);
	capw_begin(&a->capture, a->capture_file, &(struct capw_section){
		.os = os, .application = "arpq " WIRELAB_VERSION,
		.comment = "Each frame has a remark: why it was sent, or what arpq made of it." });
	return EXIT_DONE;
}

int session_begin(struct arpq *a, const struct options *opt)
{
	struct winsize size;
	char err[256];
	int status = guard_descriptors();

	if (status)
		return status;
	a->opt = opt;
	a->started = a->now = clock_now();
	catch_signals();
	if (isatty(STDOUT_FILENO))
		a->columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col
			     ? size.ws_col : 80;
	a->color = opt->color == COLOR_ALWAYS ||
		   (opt->color == COLOR_AUTO && a->columns && !getenv("NO_COLOR"));
	a->net = netctl_open(err);
	if (!a->net) {
		complain("%s", err);
		return EXIT_NO_ANSWER;
	}
	find_places(a);
	return begin_capture(a);
}

/* ---- ending --------------------------------------------------------------------------- */

static bool is_remarkable(enum arp_finding f)
{
	enum arp_weight w = arp_finding_info(f)->weight;

	return w == ARP_W_REMARKED || w == ARP_W_REFUSED || w == ARP_W_FORGED;
}

void take_note(struct arpq *a, enum arp_finding f, struct ip4 ip, bool pending)
{
	/* Ordinary talk becomes remarkable when it claims an address we are asking for. */
	if (!is_remarkable(f) && !(pending && arp_finding_info(f)->weight == ARP_W_ORDINARY))
		return;
	if (a->note[f].count++ == 0)
		a->note[f].ip = ip;
	else if (!ip4_equal(a->note[f].ip, ip))
		a->note[f].ip = IP4_UNSPECIFIED;
	/* What others are told about others is worth a word, but no alarm. */
	if (arp_finding_info(f)->weight == ARP_W_FORGED &&
	    (pending || arp_finding_info(f)->taken || f == ARP_F_SENDER_IP_OURS ||
	     f == ARP_F_SENDER_MAC_OURS))
		a->conflict = true;
}

static void say_notes(struct arpq *a)
{
	char buf[ARP_VIEW_LINE];

	for (enum arp_finding f = 0; f < ARP_F_COUNT; f++) {
		struct txt t = txt_over(buf, sizeof(buf));
		if (a->note[f].count == 0)
			continue;
		if (a->opt->json) {
			arp_view_finding_json(&t, f, a->note[f].ip, a->note[f].count);
			say(a, &t);
		} else {
			arp_view_finding(&t, f, a->note[f].ip, a->note[f].count);
			remark(&t);
		}
	}
}

static bool end_capture(struct arpq *a)
{
	bool whole;

	if (!a->capture_file)
		return true;
	whole = capw_end(&a->capture);
	int saved = errno;
	if (fclose(a->capture_file) != 0 && whole) {
		whole = false;
		saved = errno;
	}
	if (!whole)
		complain("cannot write %s: %s", a->opt->capture, strerror(saved));
	return whole;
}

int session_end(struct arpq *a, int status)
{
	bool whole;

	save_learned(a);
	say_notes(a);
	whole = end_capture(a);
	if (flush_output(a))
		note_error(a, close(STDOUT_FILENO) == 0);
	if (a->output_error) {
		complain("cannot write to standard output: %s", strerror(a->output_error));
		whole = false;
	}
	/* Memory, mappings and descriptors go with the process; giving them back one by one
	 * would cost a short run a tenth of its time. */
	if (!whole)
		return EXIT_OUTPUT_LOST;
	if (a->conflict && (status == EXIT_DONE || status == EXIT_NO_ANSWER))
		return EXIT_CONFLICT;
	return status;
}

struct arpres_config resolver_config(const struct options *opt, const struct arp_self *self)
{
	return (struct arpres_config){ .self = *self, .retry_ns = opt->retry_ns,
				       .tries = opt->count ? opt->count : ARPQ_TRIES,
				       .fresh_ns = opt->ttl_ns, .dead_ns = ARPQ_DEAD_NS,
				       .listen_ns = SEC_NS };
}
