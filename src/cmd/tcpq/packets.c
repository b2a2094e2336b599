/* --arp, --frag, --udp: the other protocols of the labs. */
#include "tcpq.h"

#include <stdlib.h>
#include <string.h>

#include "wirelab/packet_view.h"

#define ARP_EXCHANGES 1024u
#define UDP_RECENT 4096u
#define UDP_FLOWS 4096u

/* All three put their rows so: a heading first, for people. */
typedef void row_writer(struct txt *t, const void *what);

static void put_row(struct tcpq *q, row_writer *row, row_writer *json, const void *what)
{
	static char buf[PACKET_VIEW_MAX];
	struct txt t = txt_over(buf, sizeof(buf));

	if (!q->opt->json && !q->heading_said) {
		q->heading_said = true;
		row(&t, NULL);
		put_line(&t);
		t = txt_over(buf, sizeof(buf));
	}
	(q->opt->json ? json : row)(&t, what);
	put_line(&t);
}

/* What a table forgot for want of room is said, not passed over. */
static void say_lost(const char *what, uint64_t n)
{
	if (n)
		complain("%llu %s were forgotten before they were complete: too many at a time",
			 (unsigned long long)n, what);
}

/* ---- ARP -------------------------------------------------------------------------------- */

static void arp_row(struct txt *t, const void *x)
{
	packet_view_arp(t, x);
}

static void arp_json(struct txt *t, const void *x)
{
	packet_view_arp_json(t, x);
}

static bool arp_begin(struct tcpq *q)
{
	size_t size = arpx_size(ARP_EXCHANGES);

	q->arpx = arpx_init(pages(size), size, ARP_EXCHANGES, &q->arp, q->secret);
	return true;
}

static void arp_put(struct tcpq *q, struct instant now)
{
	struct arp_exchange x;

	while (arpx_next(q->arpx, now, &x))
		put_row(q, arp_row, arp_json, &x);
}

static void arp_packet(struct tcpq *q, const struct heard *h)
{
	struct arpx_message m;

	arp_put(q, (struct instant){ h->rec->unix_ns });
	if (!arpx_message_from(&m, h->pkt))
		return;
	m.when = (struct instant){ h->rec->unix_ns };
	m.frame = h->rec->number;
	(void)arpx_hear(q->arpx, &m);
}

static void arp_end(struct tcpq *q, const char *damage)
{
	(void)damage;
	arp_put(q, INSTANT_NEVER);
	say_lost("ARP exchanges", arpx_lost(q->arpx));
}

const struct view view_arp = { .begin = arp_begin, .packet = arp_packet, .end = arp_end };

/* ---- fragments -------------------------------------------------------------------------- */

static void frag_row(struct txt *t, const void *d)
{
	packet_view_fragments(t, d);
}

static void frag_json(struct txt *t, const void *d)
{
	packet_view_fragments_json(t, d);
}

static bool frag_begin(struct tcpq *q)
{
	size_t size = ipfrag_size(REASSEMBLIES + 1);

	q->ipfrag = ipfrag_init(pages(size), size, REASSEMBLIES + 1, q->ipasm);
	return true;
}

static void frag_put(struct tcpq *q, struct instant now)
{
	struct ip_datagram d;

	while (ipfrag_next(q->ipfrag, now, &d))
		put_row(q, frag_row, frag_json, &d);
}

static void frag_frame(struct tcpq *q, const struct heard *h)
{
	frag_put(q, (struct instant){ h->rec->unix_ns });
}

static void frag_end(struct tcpq *q, const char *damage)
{
	(void)damage;
	frag_put(q, INSTANT_NEVER);
	say_lost("datagrams", ipfrag_lost(q->ipfrag));
}

/* The pieces themselves are heard in hear.c, by both tables at once. */
const struct view view_frag = { .begin = frag_begin, .frame = frag_frame, .end = frag_end };

/* ---- UDP -------------------------------------------------------------------------------- */

static void flow_row(struct txt *t, const void *f)
{
	packet_view_udp_flow(t, f);
}

static void flow_json(struct txt *t, const void *f)
{
	packet_view_udp_flow_json(t, f);
}

static bool udp_begin(struct tcpq *q)
{
	size_t size = udpx_size(UDP_RECENT, UDP_FLOWS);

	q->udpx = udpx_init(pages(size), size, UDP_RECENT, UDP_FLOWS, q->secret);
	return true;
}

static void udp_line(struct tcpq *q, const struct udp_datagram *d, const struct udp_error *e)
{
	static char buf[PACKET_VIEW_MAX];
	struct txt t = txt_over(buf, sizeof(buf));

	if (!q->opt->json && !q->heading_said) {
		q->heading_said = true;
		packet_view_udp(&t, NULL, q->zero);
		put_line(&t);
		t = txt_over(buf, sizeof(buf));
	}
	if (d && q->opt->json)
		packet_view_udp_json(&t, d);
	else if (d)
		packet_view_udp(&t, d, q->zero);
	else if (q->opt->json)
		packet_view_udp_error_json(&t, e);
	else
		packet_view_udp_error(&t, e, q->zero);
	put_line(&t);
}

static void udp_packet(struct tcpq *q, const struct heard *h)
{
	struct udp_datagram d;
	struct udp_error e;
	struct udp_flow gone;

	if (udp_datagram_from(&d, h->pkt, h->piece)) {
		d.when = (struct instant){ h->rec->unix_ns };
		d.frame = h->rec->number;
		d.fragments = h->piece ? h->fragments : 1;
		if (udpx_datagram(q->udpx, &d, &gone) && q->opt->json)
			put_row(q, flow_row, flow_json, &gone);
		udp_line(q, &d, NULL);
	}
	if (udp_error_from(&e, h->pkt)) {
		e.when = (struct instant){ h->rec->unix_ns };
		e.frame = h->rec->number;
		(void)udpx_error(q->udpx, &e);
		udp_line(q, NULL, &e);
	}
}

/* People get the sums below the datagrams, under a heading of their own. */
static void udp_end(struct tcpq *q, const char *damage)
{
	uint32_t cursor = 0;
	struct udp_flow flow;

	(void)damage;
	if (q->heading_said)
		(void)fputc('\n', stdout);
	q->heading_said = false;
	while (udpx_each_flow(q->udpx, &cursor, &flow))
		put_row(q, flow_row, flow_json, &flow);
}

const struct view view_udp = { .begin = udp_begin, .packet = udp_packet, .end = udp_end };
