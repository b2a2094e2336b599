/* session.c - links, cache, capture, output: what every part of arpq needs */
#include "arpq.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "version.h"
#include "wirelab/paths.h"
#include "wirelab/privs.h"

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

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("arpq: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
	va_end(args);
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
	/* In one go: a fault for each page of a large table costs more than using it. */
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED) {
		complain("out of memory (%zu bytes)", size);
		exit(EXIT_NO_ANSWER);
	}
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
	*a = (struct arpq){ .opt = opt, .now = clock_now() };
	a->started = a->now;
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

/* ---- ports ----------------------------------------------------------------------------- */

/* Which of the interface's addresses to speak from: --src-ip, the route's, or its first. */
static bool choose_source(struct arpq *a, const struct netif *iface, const struct route *route,
			  struct ip4 *out)
{
	struct netif_addr addr;

	if (a->opt->has_src_ip) {
		*out = a->opt->src_ip;
		return true;
	}
	if (route && !ip4_is_unspecified(route->source)) {
		*out = route->source;
		return true;
	}
	if (netctl_addresses(a->net, iface->ifindex, &addr, 1) < 1)
		return false;
	*out = addr.ip;
	return true;
}

static int check_iface(const struct netif *iface)
{
	if (iface->loopback) {
		complain("%s is the loopback: there is no ARP on it; name a network interface with -i",
			 iface->name);
		return EXIT_USAGE;
	}
	if (!iface->ethernet) {
		complain("%s is no Ethernet interface that does ARP: name another with -i",
			 iface->name);
		return EXIT_USAGE;
	}
	if (!iface->up) {
		complain("%s is down: ip link set %s up", iface->name, iface->name);
		return EXIT_LINK_GONE;
	}
	return EXIT_DONE;
}

static void fill_port(struct arpq *a, struct port *p, struct ip4 source)
{
	const struct options *opt = a->opt;

	p->self = (struct arp_self){ .ip = source, .vlan = opt->vlan,
				     .mac = opt->has_src_mac ? opt->src_mac : p->iface.mac };
	p->place = (struct cache_place){ .netns = netctl_namespace(a->net),
					 .ifindex = p->iface.ifindex, .vlan = opt->vlan,
					 .generation = p->iface.generation };
}

static int no_address(const char *name)
{
	complain("%s has no IPv4 address to ask from: give one with --src-ip, or set one with "
		 "ip address add ADDRESS/LEN dev %s", name, name);
	return EXIT_USAGE;
}

/* The interface of -i, whatever the routes say. */
static int find_named(struct arpq *a, struct netif *out)
{
	if (netctl_link_by_name(a->net, a->opt->ifname, out) == 0)
		return check_iface(out);
	if (errno == ENODEV)
		complain("there is no interface %s: ip link shows those there are", a->opt->ifname);
	else
		complain("%s: %s", a->opt->ifname, strerror(errno));
	return EXIT_USAGE;
}

static int behind_gateway(struct ip4 target, struct ip4 gateway)
{
	char t[IP4_STRLEN], g[IP4_STRLEN];

	ip4_format(target, t);
	ip4_format(gateway, g);
	complain("%s is behind the gateway %s: ARP does not reach past the link; ask for the "
		 "gateway: arpq %s", t, g, g);
	return EXIT_NO_ANSWER;
}

static int judge_route(struct arpq *a, struct ip4 target, const struct route *r)
{
	char t[IP4_STRLEN];

	ip4_format(target, t);
	if (r->kind == ROUTE_GATEWAY && !a->opt->has_src_ip)
		return behind_gateway(target, r->gateway);
	if (r->kind == ROUTE_OTHER) {
		complain("%s is not one host's address: nobody answers for it", t);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

int port_find(struct arpq *a, struct ip4 target, struct port *out)
{
	struct port p = { .link = NULL };
	struct route r = { .kind = ROUTE_LINK };
	struct ip4 source;
	char t[IP4_STRLEN];
	int status = EXIT_DONE;
	bool routed;

	if (a->opt->ifname)
		status = find_named(a, &p.iface);
	if (status)
		return status;
	routed = netctl_route(a->net, target, p.iface.ifindex, &r) == 0;
	if (!routed && !a->opt->ifname) {
		complain("no route to %s: name the interface with -i", ip4_format(target, t));
		return EXIT_NO_ANSWER;
	}
	if (routed)
		status = judge_route(a, target, &r);
	if (status)
		return status;
	if (!a->opt->ifname) {
		if (netctl_link(a->net, r.ifindex, &p.iface) < 0) {
			complain("interface %u: %s", r.ifindex, strerror(errno));
			return EXIT_LINK_GONE;
		}
		/* The route to one of our own addresses goes over lo, and needs no ARP. */
		if (r.kind != ROUTE_LOCAL || ip4_number(target) >> 24 == 127)
			status = check_iface(&p.iface);
		if (status)
			return status;
	}
	if (!choose_source(a, &p.iface, routed ? &r : NULL, &source))
		return no_address(p.iface.name);
	fill_port(a, &p, source);
	p.local = r.kind == ROUTE_LOCAL;
	*out = p;
	return EXIT_DONE;
}

/* Without -i: the one Ethernet interface that is up and has an address. */
static int find_only(struct arpq *a, struct netif *out)
{
	struct netif_addr addr[64];
	int n = netctl_addresses(a->net, 0, addr, 64);
	uint32_t found = 0;

	for (int i = 0; i < n && i < 64; i++) {
		struct netif iface;
		if (addr[i].ifindex == found || netctl_link(a->net, addr[i].ifindex, &iface) < 0 ||
		    !iface.ethernet || iface.loopback || !iface.up)
			continue;
		if (found) {
			complain("there is more than one network interface: name one with -i");
			return EXIT_USAGE;
		}
		found = iface.ifindex;
		*out = iface;
	}
	if (found)
		return EXIT_DONE;
	complain("no network interface is up and has an IPv4 address: name one with -i");
	return EXIT_USAGE;
}

int port_named(struct arpq *a, bool need_ip, struct port *out)
{
	struct port p = { .link = NULL };
	struct ip4 source = IP4_UNSPECIFIED;
	int status = a->opt->ifname ? find_named(a, &p.iface) : find_only(a, &p.iface);

	if (status)
		return status;
	if (!choose_source(a, &p.iface, NULL, &source) && need_ip)
		return no_address(p.iface.name);
	fill_port(a, &p, source);
	*out = p;
	return EXIT_DONE;
}

static void open_asked(struct arpq *a)
{
	char path[PATH_MAX + 8], err[256];

	if (a->asked || !*a->cache_path)
		return;
	(void)snprintf(path, sizeof(path), "%s.asked", a->cache_path);
	a->asked = askfile_open(path, err);
	if (!a->asked && !a->cache_warned)
		complain("%s", err);
	a->cache_warned = a->cache_warned || !a->asked;
}

bool may_ask(struct arpq *a, const struct port *p, struct ip4 ip, struct instant *until)
{
	return !a->asked ||
	       askfile_claim(a->asked, ip, &p->place, a->now, a->opt->retry_ns, until);
}

void did_not_ask(struct arpq *a, const struct port *p, struct ip4 ip)
{
	if (a->asked)
		askfile_unclaim(a->asked, ip, &p->place, a->now, a->opt->retry_ns);
}

static int refuse_open(const struct port *p, const char *err, int error)
{
	char self[PATH_MAX] = "arpq";
	ssize_t n;

	if (error == ENODEV || error == ENXIO || error == ENETDOWN) {
		complain("%s is gone: %s", p->iface.name, strerror(error));
		return EXIT_LINK_GONE;
	}
	if (error != EPERM && error != EACCES) {
		complain("%s: %s", p->iface.name, err);
		return EXIT_NO_ANSWER;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0)
		self[n] = '\0';
	complain("not permitted to open a raw socket: use sudo, or once and for all: "
		 "sudo setcap cap_net_raw+ep %s", self);
	return EXIT_NOT_PERMITTED;
}

int port_open(struct arpq *a, struct port *p, size_t rcvbuf)
{
	struct eth_hdr eth = { .dst = MAC_BROADCAST, .src = p->self.mac, .type = ETH_ARP };
	struct arp_msg msg = { .op = ARP_REQUEST, .sender_mac = p->self.mac,
			       .sender_ip = p->self.ip };
	struct link_options options = { .ifindex = p->iface.ifindex, .rcvbuf = rcvbuf,
					.timestamps = a->capture_file != NULL };
	char err[256];

	if (p->self.vlan) {
		eth.tag[0] = (struct eth_tag){ .tpid = ETH_VLAN, .tci = p->self.vlan };
		eth.n_tags = 1;
	}
	if (ask_frame_build(&p->frame, &eth, &msg, err) < 0) {
		complain("%s", err);
		return EXIT_NO_ANSWER;
	}
	if (a->opt->has_src_mac)
		options.own_mac = &a->opt->src_mac;
	p->link = link_raw_open(&options, err);
	if (!p->link)
		return refuse_open(p, err, errno);
	open_asked(a);
	p->watch = linkwatch_open(&p->iface, err);
	if (!p->watch) {
		complain("%s", err);
		return EXIT_NO_ANSWER;
	}
	if (a->capture_file)
		p->capture_if = capw_interface(&a->capture, &(struct capw_if){
			.name = p->iface.name, .mac = &p->iface.mac, .filter = "arp",
			.linktype = LINKTYPE_ETHERNET, .snaplen = LINK_SNAPLEN });
	return EXIT_DONE;
}

void port_close(struct port *p)
{
	link_close(p->link);
	linkwatch_close(p->watch);
	p->link = NULL;
	p->watch = NULL;
}

int drop_privileges(void)
{
	char err[256];

	if (privs_drop(err) == 0)
		return EXIT_DONE;
	complain("%s", err);
	return EXIT_NOT_PERMITTED;
}

int link_lost(const struct port *p, int error)
{
	char why[256];

	/* The socket knows that the link is gone, the news know what became of it. */
	if (p->watch && linkwatch_gone(p->watch, why))
		complain("%s", why);
	else
		complain("%s: %s", p->iface.name, strerror(error));
	return EXIT_LINK_GONE;
}

int port_wait(struct arpq *a, struct port *p, size_t n_ports, struct instant deadline)
{
	struct pollfd fd[2 * PORTS_MAX];
	uint64_t wait = instant_since(clock_now(), deadline);
	struct timespec limit = { .tv_sec = (time_t)(wait / SEC_NS),
				  .tv_nsec = (long)(wait % SEC_NS) };
	char why[256];
	int n;

	if (n_ports > PORTS_MAX)
		n_ports = PORTS_MAX;
	for (size_t i = 0; i < n_ports; i++) {
		fd[2 * i] = (struct pollfd){ .fd = link_fd(p[i].link), .events = POLLIN };
		fd[2 * i + 1] = (struct pollfd){ .fd = linkwatch_fd(p[i].watch), .events = POLLIN };
	}
	n = ppoll(fd, 2 * n_ports, deadline.ns == INSTANT_NEVER.ns ? NULL : &limit, NULL);
	a->now = clock_now();
	for (size_t i = 0; n > 0 && i < n_ports; i++)
		if (fd[2 * i + 1].revents && linkwatch_gone(p[i].watch, why)) {
			complain("%s", why);
			return EXIT_LINK_GONE;
		}
	return EXIT_DONE;
}

/* ---- sending, and the capture -------------------------------------------------------------- */

bool port_send(struct arpq *a, struct port *p, const void *frame, size_t len, const char *why)
{
	struct link_out out = { frame, len };
	/* Read before sending: on a fast link the answer is there before send() returns. */
	uint64_t when = a->capture_file ? clock_unix_ns() : 0;

	if (link_send(p->link, &out, 1) != 1)
		return false;
	a->sent++;
	if (a->capture_file)
		capw_frame(&a->capture, p->capture_if, &(struct capw_frame){
			.data = frame, .caplen = (uint32_t)len, .wirelen = (uint32_t)len,
			.unix_ns = when, .direction = CAPW_OUTBOUND, .remark = why });
	return true;
}

void capture_heard(struct arpq *a, const struct port *p, const struct link_frame *f,
		   const char *why)
{
	if (a->capture_file)
		capw_frame(&a->capture, p->capture_if, &(struct capw_frame){
			.data = f->data, .caplen = (uint32_t)f->caplen,
			.wirelen = (uint32_t)f->wirelen, .direction = CAPW_INBOUND, .remark = why,
			.unix_ns = f->unix_ns ? f->unix_ns : clock_unix_ns() });
}

/* ---- the cache ----------------------------------------------------------------------------- */

void cache_trouble(struct arpq *a, const struct cachefile_error *err)
{
	if (!*err->why || a->cache_warned || err->trouble == CACHEFILE_STALE_BOOT)
		return;
	a->cache_warned = true;
	complain("%s", err->why);
}

struct cachefile *open_cache(struct arpq *a, struct cachefile_error *err)
{
	struct cachefile *c = NULL;

	*err = (struct cachefile_error){ .trouble = CACHEFILE_ABSENT };
	if (!*a->boot_id)
		return NULL;
	c = *a->cache_path ? cachefile_open(a->cache_path, a->boot_id, 0, err) : NULL;
	/* Root's answers may be read by everybody. */
	if (!c && err->trouble == CACHEFILE_ABSENT && geteuid() != 0 && !a->opt->cache)
		c = cachefile_open("/run/arpq/cache", a->boot_id, 0, err);
	return c;
}

bool recall(struct arpq *a, const struct port *p, struct ip4 ip, struct cache_entry *out)
{
	struct cachefile_error err;
	struct cachefile *c = open_cache(a, &err);
	int found = c ? cachefile_find(c, ip, &p->place, out, &err) : 0;

	cache_trouble(a, &err);
	cachefile_close(c);
	/* Read again: what another process has saved meanwhile is not from the future. */
	a->now = clock_now();
	return found == 1 && out->place.generation == p->place.generation &&
	       out->confirmed.ns <= a->now.ns;
}

void learn(struct arpq *a, const struct port *p, const struct arp_entry *e, enum cache_how how)
{
	struct cache_entry *to;

	if (a->n_learned == a->max_learned) {
		size_t more = a->max_learned ? a->max_learned * 2 : 16;
		to = realloc(a->learned, more * sizeof(*to));
		if (!to)
			return;
		a->learned = to;
		a->max_learned = more;
	}
	to = &a->learned[a->n_learned++];
	*to = (struct cache_entry){
		.ip = e->ip, .place = p->place, .mac = e->mac, .how = how, .confirmed = e->since,
		.state = e->state == ARP_FAILED ? CACHE_FAILED
			 : e->state == ARP_CONTESTED ? CACHE_CONTESTED : CACHE_KNOWN,
		.expires = instant_after(e->since, e->state == ARP_FAILED ? ARPQ_DEAD_NS
						   : e->state == ARP_MAPPED ? a->opt->ttl_ns : 0) };
	(void)snprintf(to->ifname, sizeof(to->ifname), "%s", p->iface.name);
}

void save_learned(struct arpq *a)
{
	struct cachefile_change change = { .put = a->learned, .n_put = a->n_learned,
					   .now = a->now };
	struct cachefile_error err;

	if (a->n_learned == 0)
		return;
	if (!*a->cache_path) {
		(void)snprintf(err.why, sizeof(err.why), "%.180s: answers are not remembered "
			       "(--cache-file names a place)", a->no_cache);
		err.trouble = CACHEFILE_SYSTEM;
		cache_trouble(a, &err);
		return;
	}
	/* An answer is not lost because it could not be kept: a word, and no more. */
	(void)cachefile_save(a->cache_path, a->boot_id, &change, NULL, &err);
	cache_trouble(a, &err);
	a->n_learned = 0;
}

struct arpres_config resolver_config(const struct options *opt, const struct arp_self *self)
{
	return (struct arpres_config){ .self = *self, .retry_ns = opt->retry_ns,
				       .tries = opt->count ? opt->count : ARPQ_TRIES,
				       .fresh_ns = opt->ttl_ns, .dead_ns = ARPQ_DEAD_NS,
				       .listen_ns = SEC_NS };
}
