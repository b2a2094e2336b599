#include "wirelab/link_live.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wirelab/clock.h"

struct live {
	pcap_t *pcap;
	struct capr_interface iface;
	unsigned ifindex;		/* 0 for LIVE_ANY */
	uint64_t frames;
	bool down, down_told;
	struct instant down_since;
	enum live_news end;		/* LIVE_GONE or LIVE_FAILED, else LIVE_FRAME: not yet */
	struct pcap_stat counted;	/* libpcap's counters, of 32 bits, when last seen */
	struct live_stats stats;
	char why[256], warning[256];
};

/* ---- opening ---------------------------------------------------------------------------- */

static int not_permitted(const char *ifname, char err[static 256])
{
	char self[128];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));

	/* A path that was cut would be a wrong cure. */
	if (n <= 0 || n == sizeof(self))
		n = snprintf(self, sizeof(self), "PROGRAM");
	(void)snprintf(err, 256, "not permitted to capture on %s: use sudo, or once and for all: "
		       "sudo setcap cap_net_raw+ep %.*s", ifname, (int)n, self);
	return EPERM;
}

static int no_such(const char *ifname, char err[static 256])
{
	(void)snprintf(err, 256, "there is no interface %s: ip link shows those there are", ifname);
	return ENODEV;
}

/* An errno for what pcap_activate() returned, and the line that says it. */
static int refusal(pcap_t *p, int code, const char *ifname, char err[static 256])
{
	switch (code) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return not_permitted(ifname, err);
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return no_such(ifname, err);
	case PCAP_ERROR_IFACE_NOT_UP:
		(void)snprintf(err, 256, "%s is down: ip link set %s up", ifname, ifname);
		return ENETDOWN;
	default:
		(void)snprintf(err, 256, "%s: %s", ifname,
			       *pcap_geterr(p) ? pcap_geterr(p) : pcap_statustostr(code));
		return EIO;
	}
}

static int activate(struct live *l, const struct live_options *o)
{
	pcap_t *p = l->pcap;
	uint32_t buffer = o->buffer ? o->buffer : LIVE_BUFFER;

	/* These say no only to a handle that is active already. */
	(void)pcap_set_snaplen(p, o->snaplen && o->snaplen < LIVE_SNAPLEN ? (int)o->snaplen
									  : (int)LIVE_SNAPLEN);
	(void)pcap_set_promisc(p, o->promiscuous && l->ifindex);
	(void)pcap_set_timeout(p, LIVE_DELAY_MS);
	(void)pcap_set_immediate_mode(p, o->immediate);
	(void)pcap_set_buffer_size(p, buffer < INT32_MAX ? (int)buffer : INT32_MAX);
	/* Where there are no nanoseconds, microseconds are read: frame_time() asks. */
	(void)pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
	return pcap_activate(p);
}

/*
 * libpcap's numbers for link types differ a little from those in files, and the table
 * is its own.  But it writes the file's number into the header of a file.
 */
static int file_linktype(pcap_t *p)
{
	uint32_t header[8] = { 0 };		/* the link type is the sixth; some room behind */
	FILE *f = fmemopen(header, sizeof(header), "w");
	pcap_dumper_t *d = f ? pcap_dump_fopen(p, f) : NULL;
	bool good = d && pcap_dump_flush(d) == 0;

	if (d)
		pcap_dump_close(d);
	else if (f)
		(void)fclose(f);
	return good ? (int)(header[5] & 0xffff) : -1;
}

/* What can still fail once the interface is open; false with a filled err[]. */
static bool settle(struct live *l, const char *ifname, char err[static 256])
{
	int linktype;

	/* The second version of the cooked header tells the interface; tcpdump takes it, too.
	 * Where libpcap does not know it, the first version stays. */
	if (!l->ifindex)
		(void)pcap_set_datalink(l->pcap, DLT_LINUX_SLL2);
	linktype = file_linktype(l->pcap);
	if (linktype < 0) {
		(void)snprintf(err, 256, "%s: frames of a kind (%d) that has no number in captures",
			       ifname, pcap_datalink(l->pcap));
		return false;
	}
	l->iface.linktype = (uint16_t)linktype;
	l->iface.snaplen = (uint32_t)pcap_snapshot(l->pcap);
	l->iface.ticks_per_second =
		pcap_get_tstamp_precision(l->pcap) == PCAP_TSTAMP_PRECISION_NANO ? SEC_NS : 1000000;
	(void)snprintf(l->iface.name, sizeof(l->iface.name), "%s", ifname);
	if (pcap_setnonblock(l->pcap, 1, err) < 0)
		return false;
	if (pcap_get_selectable_fd(l->pcap) < 0) {
		(void)snprintf(err, 256, "%s: libpcap has no descriptor to wait on", ifname);
		return false;
	}
	return true;
}

/* 0, or an errno and a filled err[]. */
static int begin(struct live *l, const struct live_options *o, char err[static 256])
{
	char text[PCAP_ERRBUF_SIZE] = "";
	int code;

	/* Asked here because it needs no privilege, and a wrong name no sudo.  libpcap
	 * would also take names of USB and D-Bus monitors, where there are no packets. */
	if (strcmp(o->ifname, LIVE_ANY) != 0) {
		l->ifindex = if_nametoindex(o->ifname);
		if (!l->ifindex && errno == ENODEV)
			return no_such(o->ifname, err);
		if (!l->ifindex) {
			(void)snprintf(err, 256, "%s: %s", o->ifname, strerror(errno));
			return EIO;
		}
	}
	l->pcap = pcap_create(o->ifname, text);
	if (!l->pcap) {
		(void)snprintf(err, 256, "%s: %.200s", o->ifname, text);
		return EIO;
	}
	code = activate(l, o);
	if (code < 0)
		return refusal(l->pcap, code, o->ifname, err);
	if (code > 0)
		(void)snprintf(l->warning, sizeof(l->warning), "%s: %.200s", o->ifname,
			       code == PCAP_WARNING ? pcap_geterr(l->pcap)
						    : pcap_statustostr(code));
	/* libpcap 1.10 has a warning for this, and forgets it on the way. */
	if (o->promiscuous && !l->ifindex)
		(void)snprintf(l->warning, sizeof(l->warning),
			       "%s: all interfaces at once cannot be promiscuous", o->ifname);
	return settle(l, o->ifname, err) ? 0 : EIO;
}

struct live *live_open(const struct live_options *options, char err[static 256])
{
	struct live *l = calloc(1, sizeof(*l));
	int error;

	if (!l) {
		(void)snprintf(err, 256, "out of memory");
		errno = ENOMEM;
		return NULL;
	}
	error = begin(l, options, err);
	if (error) {
		live_close(l);
		errno = error;
		return NULL;
	}
	return l;
}

const char *live_warning(const struct live *l)
{
	return l->warning;
}

bool live_filter(struct live *l, const char *expression, char err[static 256])
{
	struct bpf_program program;
	bool set;

	if (pcap_compile(l->pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		(void)snprintf(err, 256, "filter: %.240s", pcap_geterr(l->pcap));
		return false;
	}
	set = pcap_setfilter(l->pcap, &program) == 0;
	if (!set)
		(void)snprintf(err, 256, "filter: %.240s", pcap_geterr(l->pcap));
	pcap_freecode(&program);
	return set;
}

const struct capr_interface *live_interface(const struct live *l)
{
	return &l->iface;
}

/* ---- hearing ---------------------------------------------------------------------------- */

/* tv_usec holds nanoseconds when these were asked for and given. */
static uint64_t frame_time(const struct live *l, const struct pcap_pkthdr *h)
{
	uint64_t per_tick = SEC_NS / l->iface.ticks_per_second;

	return (uint64_t)h->ts.tv_sec * SEC_NS + (uint64_t)h->ts.tv_usec * per_tick;
}

static void fill(struct live *l, const struct pcap_pkthdr *h, const u_char *data,
		 struct capr_record *out)
{
	*out = (struct capr_record){
		.number = ++l->frames, .data = data, .caplen = h->caplen, .wirelen = h->len,
		.unix_ns = frame_time(l, h), .has_time = true, .iface = &l->iface };
}

/* The name that the interface has now; "" when it is no more. */
static void name_now(const struct live *l, char name[static IFNAMSIZ])
{
	struct ifreq r = { .ifr_ifindex = (int)l->ifindex };
	struct sockaddr_ll where = { 0 };
	socklen_t len = sizeof(where);

	/* First it leaves the list of interfaces, then its number the sockets bound to it.
	 * The second tells more: another interface may come by the number later. */
	if (getsockname(live_fd(l), (struct sockaddr *)&where, &len) < 0 ||
	    where.sll_ifindex != (int)l->ifindex || ioctl(live_fd(l), SIOCGIFNAME, &r) < 0)
		r.ifr_name[0] = '\0';
	memcpy(name, r.ifr_name, IFNAMSIZ);
	name[IFNAMSIZ - 1] = '\0';
}

/* libpcap's one answer to all of these is -1. */
static enum live_news ended(struct live *l)
{
	char now[IFNAMSIZ];

	name_now(l, now);
	l->end = LIVE_GONE;
	if (l->ifindex && !*now) {
		(void)snprintf(l->why, sizeof(l->why), "%s was removed", l->iface.name);
	} else if (l->ifindex && strcmp(now, l->iface.name) != 0) {
		/* For as long as a link is down, libpcap asks for its flags by its name. */
		(void)snprintf(l->why, sizeof(l->why), "%s was switched off and renamed to %s",
			       l->iface.name, now);
	} else {
		l->end = LIVE_FAILED;
		(void)snprintf(l->why, sizeof(l->why), "%s: %.180s", l->iface.name,
			       pcap_geterr(l->pcap));
	}
	return l->end;
}

/*
 * libpcap tells nobody that a link went down; it goes on, and wants to be called now and
 * then (each millisecond, it says) to find out whether the interface is still there, for as
 * long as it is not up again.  So this wish means "down".
 */
static enum live_news nothing(struct live *l)
{
	bool down = pcap_get_required_select_timeout(l->pcap) != NULL, told = l->down_told;

	if (!down) {
		l->down = l->down_told = false;
		return told ? LIVE_CAME_BACK : LIVE_NONE;
	}
	if (!l->down)
		l->down_since = clock_now();
	l->down = true;
	if (told || instant_since(l->down_since, clock_now()) < LIVE_GRACE_MS * MSEC_NS)
		return LIVE_NONE;
	l->down_told = true;
	return LIVE_WENT_DOWN;
}

enum live_news live_next(struct live *l, struct capr_record *out)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	int n;

	if (l->end != LIVE_FRAME)
		return l->end;
	n = pcap_next_ex(l->pcap, &h, &data);
	if (n < 0)
		return ended(l);
	if (n == 0)
		return nothing(l);
	fill(l, h, data, out);
	return LIVE_FRAME;
}

const char *live_why(const struct live *l)
{
	return l->why;
}

int live_fd(const struct live *l)
{
	return pcap_get_selectable_fd(l->pcap);
}

int live_timeout_ms(const struct live *l)
{
	return l->down ? LIVE_LOOK_MS : -1;
}

bool live_stats(struct live *l, struct live_stats *out)
{
	struct pcap_stat now;

	if (pcap_stats(l->pcap, &now) < 0)
		return false;
	/* Differences of unsigned numbers: right also when a counter has gone round. */
	l->stats.received += now.ps_recv - l->counted.ps_recv;
	l->stats.dropped_kernel += now.ps_drop - l->counted.ps_drop;
	l->stats.dropped_interface += now.ps_ifdrop - l->counted.ps_ifdrop;
	l->counted = now;
	*out = l->stats;
	return true;
}

void live_close(struct live *l)
{
	if (!l)
		return;
	if (l->pcap)
		pcap_close(l->pcap);
	free(l);
}
