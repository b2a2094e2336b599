/* The learning switch: who is where, and to whom a frame goes (IEEE 802.1Q 8.6, 8.7). */
#include "wire_impl.h"

static bool is_fresh(const struct wire *w, const struct whereabouts *k, struct instant now)
{
	return k->taken && instant_since(k->seen, now) < w->config.age_ns;
}

static const struct whereabouts *find(const struct wire *w, struct mac mac)
{
	for (unsigned i = 0; i < WIRE_MACS; i++)
		if (w->known[i].taken && mac_equal(w->known[i].mac, mac))
			return &w->known[i];
	return NULL;
}

bool wire_where(const struct wire *w, struct mac mac, struct instant now, unsigned *port)
{
	const struct whereabouts *k = find(w, mac);

	if (!k || !is_fresh(w, k, now))
		return false;
	*port = k->port;
	return true;
}

/* The entry of that MAC, else a free one, else the one that was not heard of longest. */
static struct whereabouts *place_for(struct wire *w, struct mac mac)
{
	struct whereabouts *best = &w->known[0];

	for (unsigned i = 0; i < WIRE_MACS; i++) {
		struct whereabouts *k = &w->known[i];
		if (k->taken && mac_equal(k->mac, mac))
			return k;
		if (best->taken && (!k->taken || k->seen.ns < best->seen.ns))
			best = k;
	}
	return best;
}

static void learn(struct wire *w, struct mac mac, unsigned port, struct instant now)
{
	/* A group sends nothing; whoever says so is not to be believed. */
	if (mac_is_group(mac) || mac_is_zero(mac))
		return;
	*place_for(w, mac) = (struct whereabouts){ mac, true, port, now };
}

/* 01:80:c2:00:00:00 to :0f are for the neighbour only: no switch forwards them (802.1Q
 * 8.6.3).  Spanning tree and pause frames are among them. */
static bool is_link_local(struct mac m)
{
	static const uint8_t prefix[] = { 0x01, 0x80, 0xc2, 0, 0 };

	return memcmp(m.b, prefix, sizeof(prefix)) == 0 && m.b[5] < 0x10;
}

unsigned wire_switch_ports(struct wire *w, struct slot *s, struct instant when)
{
	unsigned others = (WIRE_PORT(w->config.n_ports) - 1) & ~WIRE_PORT(s->from), port;
	struct rd r = rd_over(wire_bytes(w, s), s->len);
	struct mac dst, src;

	rd_copy(&r, dst.b, sizeof(dst.b));
	rd_copy(&r, src.b, sizeof(src.b));
	rd_skip(&r, 2);
	if (!rd_ok(&r))
		return 0;
	learn(w, src, s->from, when);
	if (is_link_local(dst))
		return 0;
	if (mac_is_group(dst))
		return others;
	if (wire_where(w, dst, when, &port))
		return others & WIRE_PORT(port);
	s->did |= WIRE_FLOODED;
	return others;
}
