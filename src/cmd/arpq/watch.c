/* watch.c - listening only: who is there, who changes, who quarrels */
#include "arpq.h"

#include <errno.h>

#define WATCH_ENTRIES ((size_t)1 << 16)	/* addresses kept in mind; the longest silent leave first */
#define WATCH_SAVE_NS (30 * SEC_NS)	/* between two saves: a kill loses no more than this */

struct watching {
	struct arpq *a;
	struct port port;
	struct arpwatch watch;
	uint64_t seen[ARPWATCH_ODD + 1];
	uint64_t frames;
	struct instant saved;
};

static struct arp_cache *table(size_t n)
{
	uint8_t secret[16];

	random_bytes(secret, sizeof(secret));
	return arp_cache_init(zeroed(arp_cache_size(n)), arp_cache_size(n), n, secret,
			      (struct instant){ 0 });
}

static void say_sighting(struct watching *w, const struct arpwatch_sighting *s)
{
	char vendor_buf[VENDOR_STRLEN], buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	const char *vendor = vendor_name(w->a, s->mac, vendor_buf);

	if (w->a->opt->json)
		arp_view_sighting_json(&t, s, vendor, w->port.iface.name);
	else
		arp_view_sighting(&t, s, vendor);
	say(w->a, &t);
}

/* A cache entry, but one that is asked before it is used: nobody has asked yet. */
static void keep(struct watching *w, const struct arpwatch_sighting *s)
{
	bool quarrel = s->event == ARPWATCH_CONFLICT;
	struct arp_entry e = { .ip = s->ip, .mac = quarrel ? s->before : s->mac,
			       .since = w->a->now,
			       .state = quarrel ? ARP_CONTESTED : ARP_UNVERIFIED };

	if (s->event == ARPWATCH_APPEARED || s->event == ARPWATCH_RETURNED ||
	    s->event == ARPWATCH_MOVED || s->event == ARPWATCH_CONFLICT)
		learn(w->a, &w->port, &e, CACHE_WATCHED);
}

static void hear(void *part, const struct link_frame *f)
{
	struct watching *w = part;
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	struct arp_frame frame;
	struct arpwatch_sighting s;

	arp_frame_parse(f->data, f->caplen, &frame);
	s = arpwatch_hear(&w->watch, w->a->now, &frame);
	w->frames++;
	w->seen[s.event]++;
	if (s.event == ARPWATCH_CONFLICT)
		w->a->conflict = true;
	take_note(w->a, s.finding, s.ip, false);
	if (w->a->capture_file) {
		arp_view_sighting(&t, &s, NULL);
		txt_str(&t, ": ");
		txt_str(&t, arp_finding_info(s.finding)->says);
		capture_heard(w->a, &w->port, f, t.buf);
	}
	/* Odd frames are counted and said at the end: one sender could fill the screen. */
	if (s.event == ARPWATCH_NOTHING || (s.event == ARPWATCH_ODD && w->seen[s.event] > 10))
		return;
	keep(w, &s);
	say_sighting(w, &s);
}

static bool enough(const struct watching *w)
{
	const struct options *opt = w->a->opt;

	return interrupted() || !flush_output(w->a) || (opt->count && w->frames >= opt->count) ||
	       (opt->timeout_ns &&
		instant_reached(w->a->now, instant_after(w->a->started, opt->timeout_ns)));
}

static void say_summary(struct watching *w)
{
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));

	if (w->a->opt->quiet || w->a->opt->json)
		return;
	txt_grouped(&t, w->frames);
	txt_str(&t, w->frames == 1 ? " ARP frame in " : " ARP frames in ");
	txt_duration(&t, instant_since(w->a->started, w->a->now));
	txt_str(&t, ": ");
	txt_grouped(&t, w->seen[ARPWATCH_APPEARED]);
	txt_str(&t, " appeared, ");
	txt_grouped(&t, w->seen[ARPWATCH_MOVED]);
	txt_str(&t, " changed, ");
	txt_grouped(&t, w->seen[ARPWATCH_CONFLICT]);
	txt_str(&t, " in conflict, ");
	txt_grouped(&t, w->seen[ARPWATCH_ODD]);
	txt_str(&t, " odd");
	remark(&t);
}

int watch(struct arpq *a)
{
	struct watching w = { .a = a, .saved = a->now };
	int status = port_named(a, false, &w.port);

	if (!status)
		status = port_open(a, &w.port, (size_t)8 << 20);
	if (!status)
		status = drop_privileges();
	if (status)
		return status;
	arpwatch_init(&w.watch, &w.port.self, table(WATCH_ENTRIES), table(1024));
	while (!status && !enough(&w)) {
		struct instant limit = instant_after(w.saved, WATCH_SAVE_NS);
		/* Like the lines on standard output: who reads along sees what was heard. */
		if (a->capture_file)
			(void)fflush(a->capture_file);
		if (a->opt->timeout_ns)
			limit = instant_earlier(limit,
						instant_after(a->started, a->opt->timeout_ns));
		status = port_wait(a, &w.port, 1, limit);
		if (!status && port_hear(&w.port, LINK_BATCH, hear, &w) < 0)
			status = link_lost(&w.port, errno);
		if (instant_reached(a->now, instant_after(w.saved, WATCH_SAVE_NS))) {
			save_learned(a);
			w.saved = a->now;
		}
	}
	say_summary(&w);
	port_close(&w.port);
	return status;
}
