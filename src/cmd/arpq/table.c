/* table.c - --cache, --flush, and the kernel's own table beside ours */
#include "arpq.h"

#include <stdlib.h>

/* What one look at an entry tells: whether it would be used, and for how much longer. */
static struct arp_row row_for(const struct arpq *a, const struct cache_entry *e)
{
	struct arp_row row = { .ip = e->ip, .mac = e->mac, .ifname = e->ifname,
			       .vlan = e->place.vlan, .how = e->how == CACHE_REPLY ? "reply" : "watched",
			       .age_ns = instant_since(e->confirmed, a->now),
			       .left_ns = instant_since(a->now, e->expires) };

	if (e->state == CACHE_CONTESTED)
		row.state = "contested";
	else if (e->state == CACHE_FAILED)
		row.state = row.left_ns ? "failed" : "forgotten";
	else
		row.state = row.left_ns ? "fresh" : "stale";
	return row;
}

/* Of this namespace, and of the link as it is now: the others would never be used. */
static bool is_of_this_link(struct arpq *a, const struct cache_entry *e, struct netif *last)
{
	if (e->place.netns != netctl_namespace(a->net) || e->confirmed.ns > a->now.ns)
		return false;
	/* The kernel is not asked for each of a million entries. */
	if (e->place.ifindex != last->ifindex &&
	    netctl_link(a->net, e->place.ifindex, last) < 0) {
		*last = (struct netif){ .ifindex = e->place.ifindex, .generation = 0 };
		return false;
	}
	return last->generation == e->place.generation && *last->name;
}

struct lookup {
	uint32_t ifindex;
	struct ip4 ip;
	struct neighbour found;
	bool any;
};

static void match(const struct neighbour *nb, void *arg)
{
	struct lookup *l = arg;

	if (!ip4_equal(nb->ip, l->ip))
		return;
	l->found = *nb;
	l->any = true;
}

bool kernel_agrees(struct arpq *a, const struct port *p, struct ip4 ip, const struct mac *mac)
{
	struct lookup l = { .ifindex = p->iface.ifindex, .ip = ip };
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	bool has_mac, differs;

	if (netctl_neighbours(a->net, l.ifindex, match, &l) < 0) {
		complain("cannot read the kernel's neighbour table");
		return true;
	}
	has_mac = l.any && !mac_is_zero(l.found.mac);
	differs = has_mac && mac && !mac_equal(l.found.mac, *mac);
	if (a->opt->json) {
		txt_str(&t, "{\"type\":\"kernel\",\"ip\":\"");
		txt_ip(&t, ip);
		txt_str(&t, "\",\"mac\":");
		txt_str(&t, has_mac ? "\"" : "null");
		if (has_mac) {
			txt_mac(&t, l.found.mac);
			txt_char(&t, '"');
		}
		txt_str(&t, ",\"state\":\"");
		txt_str(&t, l.any ? neighbour_state_name(l.found.state) : "none");
		txt_str(&t, "\",\"agrees\":");
		txt_str(&t, !has_mac || !mac ? "null" : differs ? "false" : "true");
		txt_char(&t, '}');
		say(a, &t);
	} else if (!a->opt->quiet) {
		txt_str(&t, "  the kernel:");
		txt_column(&t, 17);
		if (has_mac)
			txt_mac(&t, l.found.mac);
		else
			txt_char(&t, '-');
		txt_column(&t, 36);
		txt_str(&t, l.any ? neighbour_state_name(l.found.state) : "knows nothing of it");
		txt_str(&t, !has_mac || !mac ? "" : differs ? ", DIFFERS" : ", agrees");
		say(a, &t);
	}
	return !differs;
}

static void say_row(struct arpq *a, const struct cache_entry *e)
{
	char vendor[VENDOR_STRLEN], buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	struct arp_row row = row_for(a, e);
	struct port p = { .iface.ifindex = e->place.ifindex };

	row.vendor = e->state == CACHE_FAILED ? NULL : vendor_name(a, e->mac, vendor);
	if (a->opt->quiet) {
		txt_ip(&t, e->ip);
		txt_char(&t, ' ');
		if (e->state == CACHE_FAILED)
			txt_char(&t, '-');
		else
			txt_mac(&t, e->mac);
	} else if (a->opt->json) {
		arp_view_row_json(&t, &row);
	} else {
		arp_view_row(&t, &row, a->columns);
	}
	say(a, &t);
	if (a->opt->kernel)
		a->conflict = !kernel_agrees(a, &p, e->ip,
					     e->state == CACHE_FAILED ? NULL : &e->mac) || a->conflict;
}

int show_cache(struct arpq *a)
{
	struct cachefile_error err;
	struct cachefile *c = open_cache(a, &err);
	char buf[ARP_VIEW_LINE];
	struct txt t = txt_over(buf, sizeof(buf));
	struct netif last = { .ifindex = 0 };
	struct cache_entry e;
	uint64_t shown = 0, elsewhere = 0;
	int more = 0;

	a->now = clock_now();
	if (a->opt->ifname && netctl_link_by_name(a->net, a->opt->ifname, &last) < 0) {
		complain("there is no interface %s: ip link shows those there are", a->opt->ifname);
		cachefile_close(c);
		return EXIT_USAGE;
	}
	while (c && (more = cachefile_next(c, &e, &err)) == 1) {
		if (!is_of_this_link(a, &e, &last) ||
		    (a->opt->ifname && strcmp(a->opt->ifname, e.ifname) != 0)) {
			elsewhere++;
			continue;
		}
		if (shown++ == 0 && !a->opt->json && !a->opt->quiet) {
			arp_view_row(&t, NULL, a->columns);
			say(a, &t);
		}
		say_row(a, &e);
	}
	cachefile_close(c);
	cache_trouble(a, &err);
	/* Who asks for the table wants to know why it is empty; a question need not hear of it. */
	if (err.trouble == CACHEFILE_STALE_BOOT && !a->opt->json && !a->opt->quiet)
		complain("%s", err.why);
	if (shown == 0 && elsewhere == 0 && !*err.why && !a->opt->json && !a->opt->quiet)
		complain("the cache is empty%s%s", *a->cache_path ? ": " : "", a->cache_path);
	if (elsewhere && !a->opt->json && !a->opt->quiet)
		complain("%llu %s of other links, or of this one before it changed, not shown",
			 (unsigned long long)elsewhere, elsewhere == 1 ? "entry" : "entries");
	return err.trouble == CACHEFILE_DAMAGED || err.trouble == CACHEFILE_REFUSED || more < 0
	       ? EXIT_DAMAGED : EXIT_DONE;
}

int flush_cache(struct arpq *a)
{
	struct cachefile_change change = { .now = a->now, .fleeting = !a->opt->cache,
					   .flush_all = !a->opt->has_address,
					   .flush = a->opt->has_address ? &a->opt->address : NULL };
	struct cachefile_error err = { .trouble = CACHEFILE_OK };
	uint64_t gone = 0;

	if (!*a->cache_path) {
		complain("there is no cache to flush: %s", a->no_cache);
		return EXIT_NO_ANSWER;
	}
	if (cachefile_save(a->cache_path, a->boot_id, &change, &gone, &err) < 0) {
		complain("%s", err.why);
		return err.trouble == CACHEFILE_REFUSED ? EXIT_DAMAGED : EXIT_OUTPUT_LOST;
	}
	cache_trouble(a, &err);
	if (!a->opt->quiet)
		complain("%llu %s forgotten", (unsigned long long)gone,
			 gone == 1 ? "entry" : "entries");
	return a->opt->has_address && gone == 0 ? EXIT_NO_ANSWER : EXIT_DONE;
}
