#include "wirelab/ip_fragments.h"

struct place {
	bool taken;
	bool over;			/* waits to be handed out */
	bool held;			/* the reassembler has, or had, a place for it, too */
	enum ipasm_result last;		/* what it said of the last good piece */
	struct ip_datagram d;
};

struct ipfrag {
	struct ipasm *reassembly;
	uint64_t lost;
	unsigned n;
	struct place place[];
};

size_t ipfrag_size(unsigned n)
{
	return sizeof(struct ipfrag) + n * sizeof(struct place);
}

struct ipfrag *ipfrag_init(void *memory, size_t size, unsigned n, struct ipasm *reassembly)
{
	struct ipfrag *t = memory;

	if (n == 0 || n > 4096 || size < ipfrag_size(n))
		return NULL;
	t->reassembly = reassembly;
	t->n = n;
	return t;
}

const char *ipfrag_state_name(enum ipfrag_state state)
{
	static const char *const name[] = {
		[IPFRAG_WHOLE] = "whole", [IPFRAG_INCOMPLETE] = "incomplete",
		[IPFRAG_UNCAPTURED] = "uncaptured", [IPFRAG_REFUSED] = "refused",
	};

	return name[state];
}

/* ---- a dissected frame as a fragment ---------------------------------------------------- */

static struct ipasm_key addresses(const struct pkt *p, uint32_t id, uint8_t proto)
{
	struct ipasm_key k = { .family = p->ip_version, .id = id };

	if (p->ip_version == 4) {
		k.proto = proto;
		memcpy(k.src, p->ip4.src.b, sizeof(p->ip4.src.b));
		memcpy(k.dst, p->ip4.dst.b, sizeof(p->ip4.dst.b));
	} else {
		memcpy(k.src, p->ip6.src.b, sizeof(k.src));
		memcpy(k.dst, p->ip6.dst.b, sizeof(k.dst));
	}
	return k;
}

/* The fragment header of the innermost IPv6 packet, or NULL.  Which header a layer is stands
 * in the one before it. */
static const struct pkt_layer *fragment_header(const struct pkt *p)
{
	for (unsigned i = p->n_layers; i-- > 1;) {
		const struct pkt_layer *l = &p->layer[i], *before = l - 1;
		if (l->quoted)
			continue;
		if (l->kind == PKT_IP6)
			return NULL;
		if (l->kind != PKT_IP6_EXT || l->len < IP6_FRAGMENT_LEN)
			continue;
		if ((before->kind == PKT_IP6 && p->frame[before->off + 6] == IP_PROTO_FRAGMENT) ||
		    (before->kind == PKT_IP6_EXT && p->frame[before->off] == IP_PROTO_FRAGMENT))
			return l;
	}
	return NULL;
}

static enum ipfrag_form atomic_from(struct ipasm_fragment *out, const struct pkt *p)
{
	const struct pkt_layer *l = fragment_header(p), *ip = pkt_find(p, PKT_IP6);
	struct ip6_ext e;

	if (!l || !ip)
		return IPFRAG_NONE;
	struct rd r = rd_over(p->frame + l->off, l->len);
	uint32_t begin = l->off + IP6_FRAGMENT_LEN;
	uint32_t end = ip->off + IP6_HEADER_LEN + p->ip6.payload_len;
	if (ip6_parse_ext(&r, IP_PROTO_FRAGMENT, &e) != V_OK || end <= begin)
		return IPFRAG_NONE;
	uint32_t len = end - begin, here = p->caplen - begin;
	*out = (struct ipasm_fragment){ .key = addresses(p, e.id, 0), .data = p->frame + begin,
					.caplen = here < len ? here : len, .len = len };
	return IPFRAG_ATOMIC;
}

enum ipfrag_form ipfrag_fragment_from(struct ipasm_fragment *out, const struct pkt *p)
{
	if (!p->is_fragment)
		return pkt_has(p, PKT_IP6_EXT) && p->ip_version == 6 ? atomic_from(out, p) :
			IPFRAG_NONE;
	*out = (struct ipasm_fragment){
		.key = addresses(p, p->frag.id, p->frag.proto), .offset = p->frag.offset,
		.more = p->frag.more, .data = p->frame + p->payload.off, .caplen = p->payload.len,
		.len = p->payload_wire };
	return IPFRAG_PIECE;
}

/* ---- what it carries -------------------------------------------------------------------- */

/* The first header behind the IP header: of a tunnel, that of the tunnel. */
static struct ipfrag_content content_of(const struct pkt *p)
{
	switch ((enum pkt_kind)p->segment_kind) {
	case PKT_UDP:
		return (struct ipfrag_content){ .kind = PKT_UDP, .sport = p->udp.sport,
						.dport = p->udp.dport };
	case PKT_TCP:
		return (struct ipfrag_content){ .kind = PKT_TCP, .sport = p->tcp.sport,
						.dport = p->tcp.dport };
	case PKT_ICMP4:
	case PKT_ICMP6:
		return (struct ipfrag_content){ .kind = (enum pkt_kind)p->segment_kind,
						.type = p->icmp.type, .code = p->icmp.code };
	default:
		return (struct ipfrag_content){ .kind = PKT_NONE };
	}
}

static void look_into(struct ip_datagram *d, const struct ipasm_fragment *f, const struct pkt *p)
{
	struct pkt inner;

	if (f->offset != 0 || d->content.kind != PKT_NONE)
		return;
	/* RFC 8200 4.5: the next header is the first fragment's to say. */
	if (p->is_fragment) {
		d->proto = p->frag.proto;
		pkt_dissect_datagram(&inner, p, f->data, (uint32_t)f->caplen);
		d->content = content_of(&inner);
		return;
	}
	const struct pkt_layer *l = fragment_header(p);
	if (l)
		d->proto = p->frame[l->off];
	d->content = content_of(p);
}

/* ---- places ----------------------------------------------------------------------------- */

static struct place *find(struct ipfrag *t, const struct ipasm_key *key)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->place[i].taken && !t->place[i].over &&
		    ipasm_same_key(&t->place[i].d.key, key))
			return &t->place[i];
	return NULL;
}

static bool begun_before(const struct place *a, const struct place *b)
{
	return a->d.first_frame < b->d.first_frame;
}

static struct place *begin(struct ipfrag *t, const struct ipasm_fragment *f, const struct pkt *p)
{
	struct place *chosen = &t->place[0];

	for (unsigned i = 0; i < t->n && chosen->taken; i++)
		if (!t->place[i].taken || begun_before(&t->place[i], chosen))
			chosen = &t->place[i];
	t->lost += chosen->taken;
	*chosen = (struct place){ .taken = true, .last = IPASM_HELD, .d = {
		.key = f->key, .proto = p->is_fragment ? p->frag.proto : 0,
		.first_frame = f->frame, .first = f->when } };
	return chosen;
}

static void note_missing(struct ipfrag *t, struct place *p)
{
	p->d.n_missing = (uint32_t)ipasm_missing(t->reassembly, &p->d.key, p->d.missing,
						 IPFRAG_RANGES);
}

static enum ipfrag_state state_of(enum ipasm_result last)
{
	if (last == IPASM_WHOLE)
		return IPFRAG_WHOLE;
	if (last == IPASM_UNCAPTURED)
		return IPFRAG_UNCAPTURED;
	return last == IPASM_REFUSED ? IPFRAG_REFUSED : IPFRAG_INCOMPLETE;
}

static void finish(struct place *p)
{
	p->over = true;
	p->d.state = state_of(p->last);
}

static void give_up(struct ipfrag *t, struct place *p)
{
	note_missing(t, p);
	(void)ipasm_forget(t->reassembly, &p->d.key);
	finish(p);
}

static bool is_overdue(const struct place *p, struct instant now)
{
	return instant_reached(now, INSTANT_NEVER) ||
	       instant_since(p->d.first, now) >= IPASM_TIMEOUT_NS;
}

/* Before the reassembler does the same without telling what was missing. */
static void give_up_overdue(struct ipfrag *t, struct instant now)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct place *p = &t->place[i];
		if (p->taken && !p->over && is_overdue(p, now))
			give_up(t, p);
	}
}

/* ---- pieces ----------------------------------------------------------------------------- */

static bool is_bad(enum ipasm_result r)
{
	return r == IPASM_BAD_LENGTH || r == IPASM_BAD_END;
}

static bool came_before(const struct ip_datagram *d, const struct ipasm_fragment *f)
{
	uint32_t kept = d->fragments < IPFRAG_PIECES ? d->fragments : IPFRAG_PIECES;

	for (uint32_t i = 0; i < kept; i++) {
		const struct ipfrag_piece *p = &d->piece[i];
		if (!is_bad(p->result) && f->offset < p->offset + p->len &&
		    p->offset < f->offset + f->len)
			return true;
	}
	return false;
}

static void add_piece(struct ip_datagram *d, const struct ipasm_fragment *f, enum ipasm_result r,
		      const struct ipasm_datagram *whole)
{
	bool differs = !is_bad(r) && whole->conflict && !d->conflict;

	if (d->fragments < IPFRAG_PIECES)
		d->piece[d->fragments] = (struct ipfrag_piece){
			.frame = f->frame, .offset = f->offset, .len = (uint32_t)f->len,
			.more = f->more, .cut = f->caplen < f->len, .differs = differs,
			.again = !is_bad(r) && came_before(d, f), .result = r };
	d->fragments++;
	d->last_frame = f->frame;
	d->last = f->when;
	if (is_bad(r))
		return;
	d->overlap = whole->overlap;
	d->conflict = whole->conflict;
	if (!f->more)
		d->len = f->offset + (uint32_t)f->len;
}

static void take(struct place *p, const struct ipasm_fragment *f, const struct pkt *frame,
		 enum ipasm_result r, const struct ipasm_datagram *whole)
{
	add_piece(&p->d, f, r, whole);
	p->held = p->held || r != IPASM_BAD_LENGTH;
	if (is_bad(r))
		return;
	look_into(&p->d, f, frame);
	p->last = r;
	if (r != IPASM_WHOLE)
		return;
	p->d.whole_frame = f->frame;
	finish(p);
}

/* It is nobody's piece: whatever else is on its way under its key goes on. */
static enum ipasm_result hear_atomic(struct ipfrag *t, const struct ipasm_fragment *f,
				     const struct pkt *p, struct ipasm_datagram *whole)
{
	enum ipasm_result r = ipasm_hear(t->reassembly, f, whole);
	struct place *place = begin(t, f, p);

	place->d.atomic = true;
	take(place, f, p, r, whole);
	finish(place);
	return r;
}

enum ipasm_result ipfrag_hear(struct ipfrag *t, const struct ipasm_fragment *f, const struct pkt *p,
			      struct ipasm_datagram *whole)
{
	struct place *place, *leaver = NULL;
	struct ipasm_key key;
	enum ipasm_result r;

	give_up_overdue(t, f->when);
	if (f->offset == 0 && !f->more)
		return hear_atomic(t, f, p, whole);
	place = find(t, &f->key);
	if (!place)
		place = begin(t, f, p);
	if (!place->held && ipasm_next_to_leave(t->reassembly, &key))
		leaver = find(t, &key);
	if (leaver)
		note_missing(t, leaver);
	r = ipasm_hear(t->reassembly, f, whole);
	if (leaver && r != IPASM_BAD_LENGTH) {
		(void)ipasm_forget(t->reassembly, &key);
		finish(leaver);
	} else if (leaver) {
		leaver->d.n_missing = 0;	/* it stays, and may yet be whole */
	}
	take(place, f, p, r, whole);
	return r;
}

/* ---- what comes out --------------------------------------------------------------------- */

static bool is_full(const struct ipfrag *t)
{
	for (unsigned i = 0; i < t->n; i++)
		if (!t->place[i].taken)
			return false;
	return true;
}

bool ipfrag_next(struct ipfrag *t, struct instant now, struct ip_datagram *out)
{
	struct place *next = NULL;
	bool full = is_full(t);

	for (unsigned i = 0; i < t->n; i++) {
		struct place *p = &t->place[i];
		if (!p->taken || !(p->over || full || is_overdue(p, now)))
			continue;
		/* One that is over goes before one that has to be given up for want of room. */
		if (!next || (p->over && !next->over) ||
		    (p->over == next->over && begun_before(p, next)))
			next = p;
	}
	if (!next)
		return false;
	if (!next->over)
		give_up(t, next);
	*out = next->d;
	next->taken = false;
	return true;
}

uint64_t ipfrag_lost(const struct ipfrag *t)
{
	return t->lost;
}
