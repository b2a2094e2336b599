#include "responder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "wirelab/arp.h"

#define LATE_NS UINT64_C(700000000)

static const struct mac SOMEBODY_MAC = { { 0x02, 0, 0, 0, 0x0a, 0x99 } };
static const struct ip4 SOMEBODY_IP = { { 10, 60, 0, 77 } };

/* ---- the table --------------------------------------------------------------------- */

static const struct odd_case CASES[] = {
	{ ODD_NORMAL, "normal", ODD_ACCEPTED, "accept" },
	{ ODD_ETHER_SOURCE, "Ethernet source differs from ARP sender", ODD_FLAGGED,
	  "accept the ARP sender, say so" },
	{ ODD_BROADCAST_MAC, "ARP sender MAC is broadcast", ODD_REFUSED, "refuse" },
	{ ODD_MULTICAST_MAC, "ARP sender MAC is multicast", ODD_REFUSED, "refuse" },
	{ ODD_HLEN_8, "hardware length 8", ODD_REFUSED, "refuse" },
	{ ODD_PLEN_16, "protocol length 16", ODD_REFUSED, "refuse" },
	{ ODD_OPCODE_3, "opcode 3 (reverse request)", ODD_REFUSED, "refuse" },
	{ ODD_HTYPE_6, "hardware type 6 (IEEE 802)", ODD_EITHER, "accept or refuse, documented" },
	{ ODD_PTYPE_IPV6, "protocol type 0x86dd", ODD_REFUSED, "refuse" },
	{ ODD_CUT_FRAME, "frame cut to 30 bytes", ODD_REFUSED, "refuse" },
	{ ODD_OTHER_SENDER_IP, "sender IP is another address", ODD_REFUSED,
	  "do not count it as an answer" },
	{ ODD_OTHER_TARGET_IP, "target IP is not ours", ODD_REFUSED,
	  "do not count it as an answer" },
	{ ODD_ZERO_SENDER_IP, "sender IP 0.0.0.0", ODD_REFUSED, "refuse" },
	{ ODD_TWO_HOSTS, "two hosts answer, different MACs", ODD_CONFLICT,
	  "report both, flag the conflict" },
	{ ODD_TWICE, "same reply twice", ODD_ACCEPTED, "report once" },
	{ ODD_VLAN_5, "802.1Q tag VLAN 5", ODD_EITHER, "show the VLAN or ignore, documented" },
	{ ODD_SNAP, "LLC/SNAP framing", ODD_EITHER, "decode or ignore, documented" },
	{ ODD_TEXT_IN_PADDING, "padding carries text", ODD_ACCEPTED, "accept" },
	{ ODD_BROADCAST_REPLY, "reply is broadcast", ODD_FLAGGED, "accept, say so" },
	{ ODD_ZERO_MAC, "sender MAC all zero", ODD_REFUSED, "refuse" },
	{ ODD_REQUEST_INSTEAD, "ARP request from the target instead of a reply", ODD_EITHER,
	  "accept as mapping (RFC 826 merge) or ignore, documented" },
	{ ODD_LATE, "reply comes 700 ms late", ODD_ACCEPTED,
	  "accept within the wait or on a later try" },
	{ ODD_SECOND_REQUEST, "reply only to the second request", ODD_ACCEPTED, "accept" },
	{ ODD_OWN_MAC, "sender MAC is our own", ODD_REFUSED, "refuse, flag" },
	{ ODD_OTHER_TARGET_MAC, "target MAC is not ours", ODD_EITHER,
	  "flag or refuse: RFC 826 does not look at it, but nobody honest writes it" },
	{ ODD_GRATUITOUS_REQUEST, "gratuitous request instead of an answer", ODD_EITHER,
	  "name it; a mapping by RFC 826, but not an answer" },
	{ ODD_GRATUITOUS_REPLY, "gratuitous reply instead of an answer", ODD_EITHER,
	  "name it; a mapping by RFC 826, but not an answer" },
	{ ODD_UNICAST_ONLY, "answers unicast requests only", ODD_NOTHING,
	  "no answer to the first, broadcast question; a poll of a known entry works" },
	{ ODD_BROADCAST_ONLY, "answers broadcast requests only", ODD_ACCEPTED,
	  "accept; after expiry fall back from the unicast poll to broadcast" },
	{ ODD_VLAN, "tagged with the configured VLAN", ODD_EITHER,
	  "accept exactly when it is the VLAN that was asked on" },
	{ ODD_PRIORITY_TAG, "802.1Q priority tag (VLAN identifier 0)", ODD_ACCEPTED,
	  "accept: untagged, as far as VLANs go" },
	{ ODD_TWO_TAGS, "802.1ad and 802.1Q tag", ODD_REFUSED, "another network: no answer" },
	{ ODD_OTHER_HOST, "reply in a frame to another host", ODD_EITHER,
	  "ignore, or say that it was overheard" },
	{ ODD_SILENT, "no reply", ODD_NOTHING, "give up, remember the failure" },
	{ ODD_LONG, "1,514 bytes, the message and a trailer", ODD_ACCEPTED, "accept" },
	{ ODD_OPCODE_0, "opcode 0", ODD_REFUSED, "refuse" },
	{ ODD_ETHER_SOURCE_OURS, "Ethernet source is our own", ODD_EITHER,
	  "refuse, or accept and say so" },
	{ ODD_GROUP_ETHER_SOURCE, "Ethernet source is multicast", ODD_EITHER,
	  "refuse (IEEE 802.3 3.2.3: a source is never a group), or accept and say so" },
};

#define N_CASES (sizeof(CASES) / sizeof(CASES[0]))
_Static_assert(N_CASES == ODD_TABLE_END - 1, "a line for each oddity");

#define CUT(n) { (enum odd)(ODD_CUT_BODY + (n)), "ARP body cut to " #n " bytes", ODD_REFUSED, \
		 "refuse: too short" }
#define CUT4(a, b, c, d) CUT(a), CUT(b), CUT(c), CUT(d)

static const struct odd_case CUTS[] = {
	CUT4(0, 1, 2, 3), CUT4(4, 5, 6, 7), CUT4(8, 9, 10, 11), CUT4(12, 13, 14, 15),
	CUT4(16, 17, 18, 19), CUT4(20, 21, 22, 23), CUT4(24, 25, 26, 27),
};
_Static_assert(sizeof(CUTS) / sizeof(CUTS[0]) == ARP_IPV4_LEN, "a cut at every length");

const struct odd_case *odd_case_at(size_t i)
{
	if (i < N_CASES)
		return &CASES[i];
	return i - N_CASES < ARP_IPV4_LEN ? &CUTS[i - N_CASES] : NULL;
}

const struct odd_case *odd_case_of(enum odd odd)
{
	const struct odd_case *c;

	for (size_t i = 0; (c = odd_case_at(i)); i++) {
		if (c->odd == odd)
			return c;
	}
	return NULL;
}

struct ip4 odd_ip(enum odd odd)
{
	return (struct ip4){ { 10, 50, 9, (uint8_t)odd } };
}

struct mac odd_honest_mac(enum odd odd)
{
	return (struct mac){ { 0x02, 0xdd, 0, 0, 0, (uint8_t)odd } };
}

static struct mac second_mac(enum odd odd)
{
	return (struct mac){ { 0x02, 0xdf, 0, 0, 0, (uint8_t)odd } };
}

struct mac odd_forged_mac(enum odd odd, bool in_company)
{
	return in_company ? second_mac(odd) : odd_honest_mac(odd);
}

struct mac responder_mac(struct ip4 ip)
{
	return (struct mac){ { 0x02, 0xaa, ip.b[0], ip.b[1], ip.b[2], ip.b[3] } };
}

/* ---- frames ------------------------------------------------------------------------ */

#define FRAME_MAX 1514u

struct frame {
	size_t len;
	uint8_t b[FRAME_MAX];
};

/* A frame before it is bytes, with everything that may be wrong about it. */
struct shape {
	struct eth_hdr eth;
	bool snap;			/* RFC 1042: a length, LLC and SNAP before the message */
	struct arp_fixed fixed;
	struct arp_msg msg;
	size_t body;			/* bytes of the message that are there */
	const char *trailer;		/* NULL: zeros */
	size_t least;			/* padded to this length */
};

/* A question as it was heard. */
struct asked {
	struct arp_msg msg;
	struct eth_hdr eth;
};

static struct shape good_reply(const struct asked *q, struct mac mac)
{
	struct shape s = {
		.eth = q->eth,		/* its tags: the answer stays on the VLAN */
		.fixed = { ARP_HTYPE_ETHERNET, ARP_PTYPE_IPV4, ARP_HLEN, ARP_PLEN, ARP_REPLY },
		.msg = {
			.op = ARP_REPLY,
			.sender_mac = mac, .sender_ip = q->msg.target_ip,
			.target_mac = q->msg.sender_mac, .target_ip = q->msg.sender_ip,
		},
		.body = ARP_IPV4_LEN,
		.least = ETH_MIN_FRAME + q->eth.n_tags * ETH_TAG_LEN,
	};

	s.eth.dst = q->eth.src;
	s.eth.src = mac;
	return s;
}

static void build_shape(const struct shape *s, struct frame *f)
{
	uint8_t body[ARP_IPV4_LEN];
	struct wr m = wr_over(body, sizeof(body)), w = wr_over(f->b, sizeof(f->b));
	struct eth_hdr eth = s->eth;

	arp_build(&m, &s->msg);
	m = wr_over(body, 8);		/* the fixed part again, as wrong as is wanted */
	wr_be16(&m, s->fixed.htype);
	wr_be16(&m, s->fixed.ptype);
	wr_u8(&m, s->fixed.hlen);
	wr_u8(&m, s->fixed.plen);
	wr_be16(&m, s->fixed.op);
	if (s->snap)
		eth.type = (uint16_t)(8 + s->body);
	eth_build(&w, &eth);
	if (s->snap)
		wr_copy(&w, "\xaa\xaa\x03\0\0\0\x08\x06", 8);
	wr_copy(&w, body, s->body);
	if (s->trailer)
		wr_copy(&w, s->trailer, strlen(s->trailer));
	if (w.len < s->least)
		wr_zero(&w, s->least - w.len);
	f->len = w.len;
}

static void tag(struct shape *s, uint16_t tpid, uint16_t tci)
{
	if (s->eth.n_tags == ETH_MAX_TAGS)
		return;
	s->eth.tag[s->eth.n_tags++] = (struct eth_tag){ tpid, tci };
	s->least += ETH_TAG_LEN;
}

static void make_gratuitous(struct shape *s, uint16_t op)
{
	s->fixed.op = s->msg.op = op;
	s->eth.dst = MAC_BROADCAST;
	s->msg.target_ip = s->msg.sender_ip;
	s->msg.target_mac = op == ARP_REQUEST ? MAC_ZERO : MAC_BROADCAST;
}

static void set_mac(struct shape *s, struct mac mac)
{
	s->msg.sender_mac = mac;
}

static void set_op(struct shape *s, uint16_t op)
{
	s->fixed.op = s->msg.op = op;
}

static void cut(struct shape *s, size_t body)
{
	s->body = body;
	s->least = 0;
}

/* What is wrong with the odd host's frame.  What is not here is wrong with its timing. */
static void make_odd(struct shape *s, enum odd odd, const struct responder_config *c)
{
	uint8_t n = (uint8_t)odd;

	if (odd >= ODD_CUT_BODY && odd <= ODD_CUT_BODY_LAST) {
		cut(s, (size_t)(odd - ODD_CUT_BODY));
		return;
	}
	switch ((int)odd) {
	case ODD_ETHER_SOURCE: s->eth.src = (struct mac){ { 0x02, 0xee, 0, 0, 0, n } }; break;
	case ODD_BROADCAST_MAC: set_mac(s, MAC_BROADCAST); break;
	case ODD_MULTICAST_MAC: set_mac(s, (struct mac){ { 1, 0, 0x5e, 0, 0, n } }); break;
	case ODD_HLEN_8: s->fixed.hlen = 8; break;
	case ODD_PLEN_16: s->fixed.plen = 16; break;
	case ODD_OPCODE_3: set_op(s, 3); break;
	case ODD_OPCODE_0: set_op(s, 0); break;
	case ODD_HTYPE_6: s->fixed.htype = 6; break;
	case ODD_PTYPE_IPV6: s->fixed.ptype = ETH_IPV6; break;
	case ODD_CUT_FRAME: cut(s, 30 - ETH_HEADER_LEN); break;
	case ODD_OTHER_SENDER_IP: s->msg.sender_ip = (struct ip4){ { 10, 50, 9, 200 } }; break;
	case ODD_OTHER_TARGET_IP: s->msg.target_ip = SOMEBODY_IP; break;
	case ODD_ZERO_SENDER_IP: s->msg.sender_ip = IP4_UNSPECIFIED; break;
	case ODD_VLAN_5: tag(s, ETH_VLAN, 5); break;
	case ODD_VLAN: tag(s, ETH_VLAN, c->vid); break;
	case ODD_PRIORITY_TAG: tag(s, ETH_VLAN, 3 << 13); break;
	case ODD_TWO_TAGS: tag(s, ETH_QINQ, 7); tag(s, ETH_VLAN, 5); break;
	case ODD_SNAP: s->snap = true; break;
	case ODD_TEXT_IN_PADDING: s->trailer = "OLD-MEMORY-LEAKED!"; break;
	case ODD_BROADCAST_REPLY: s->eth.dst = MAC_BROADCAST; break;
	case ODD_ZERO_MAC: set_mac(s, MAC_ZERO); break;
	case ODD_REQUEST_INSTEAD:
		set_op(s, ARP_REQUEST);
		s->msg.target_mac = MAC_ZERO;
		break;
	case ODD_OWN_MAC: set_mac(s, s->msg.target_mac); break;
	case ODD_OTHER_TARGET_MAC: s->msg.target_mac = SOMEBODY_MAC; break;
	case ODD_GRATUITOUS_REQUEST: make_gratuitous(s, ARP_REQUEST); break;
	case ODD_GRATUITOUS_REPLY: make_gratuitous(s, ARP_REPLY); break;
	case ODD_OTHER_HOST: s->eth.dst = SOMEBODY_MAC; break;
	case ODD_ETHER_SOURCE_OURS: s->eth.src = s->eth.dst; break;
	case ODD_GROUP_ETHER_SOURCE: s->eth.src = (struct mac){ { 1, 0, 0x5e, 0, 0, n } }; break;
	}
}

/* ---- the child's state ------------------------------------------------------------- */

#define BATCH 256u

struct due {
	uint64_t at_ns;
	size_t len;
	uint8_t b[ARP_FRAME_MAX];
};

struct responder_shared {
	struct responder_stats stats;
	char err[256];			/* why it could not begin */
};

struct host {
	const struct responder_config *config;
	struct responder_shared *shared;
	struct tap_counter tap;
	struct frame out[BATCH];	/* to be sent now, in this order */
	size_t n_out;
	struct due *heap;		/* to be sent later; the earliest first */
	size_t n_due, cap_due;
	uint16_t heard_odd[256];	/* requests so far, by oddity */
	uint16_t *heard;		/* and by host part under the prefix */
	struct asked last;		/* who is flooded */
	uint64_t random;
	uint64_t flood_left, flood_start_ns;
	bool flooding;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* The parent reads while we count. */
static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELEASE);
}

/* splitmix64: any seed will do, zero included. */
static uint64_t draw(struct host *h)
{
	uint64_t z = h->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* ---- sending ----------------------------------------------------------------------- */

static void flush(struct host *h)
{
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	unsigned done = 0, tries = 0, n = (unsigned)h->n_out;

	memset(msg, 0, n * sizeof(msg[0]));
	for (unsigned i = 0; i < n; i++) {
		iov[i] = (struct iovec){ h->out[i].b, h->out[i].len };
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	while (done < n) {
		int sent = sendmmsg(h->tap.fd, msg + done, n - done, 0);
		if (sent > 0) {
			done += (unsigned)sent;
			tries = 0;
		} else if (errno != EINTR && (errno != ENOBUFS || ++tries > 1000)) {
			/* It fails for the first frame: the others may have better luck. */
			count(&h->shared->stats.refused_sends, 1);
			done++;
		}
	}
	h->n_out = 0;
}

static struct frame *new_frame(struct host *h)
{
	if (h->n_out == BATCH)
		flush(h);
	return &h->out[h->n_out++];
}

static void send_later(struct host *h, const struct frame *f, uint64_t at_ns)
{
	if (h->n_due == h->cap_due) {
		h->cap_due = h->cap_due * 2 + 1024;
		h->heap = realloc(h->heap, h->cap_due * sizeof(*h->heap));
		if (!h->heap)
			_exit(2);
	}
	size_t i = h->n_due++;
	for (; i > 0 && h->heap[(i - 1) / 2].at_ns > at_ns; i = (i - 1) / 2)
		h->heap[i] = h->heap[(i - 1) / 2];
	h->heap[i].at_ns = at_ns;
	h->heap[i].len = f->len < ARP_FRAME_MAX ? f->len : ARP_FRAME_MAX;
	memcpy(h->heap[i].b, f->b, h->heap[i].len);
}

static void drop_earliest(struct host *h)
{
	struct due last = h->heap[--h->n_due];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;
		if (child + 1 < h->n_due && h->heap[child + 1].at_ns < h->heap[child].at_ns)
			child++;
		if (child >= h->n_due || h->heap[child].at_ns >= last.at_ns)
			break;
		h->heap[i] = h->heap[child];
		i = child;
	}
	h->heap[i] = last;
}

static void send_due(struct host *h)
{
	while (h->n_due > 0 && h->heap[0].at_ns <= now_ns()) {
		struct frame *f = new_frame(h);
		f->len = h->heap[0].len;
		memcpy(f->b, h->heap[0].b, f->len);
		drop_earliest(h);
	}
}

static void answer(struct host *h, const struct shape *s, uint64_t delay_ns)
{
	if (h->config->loss_percent > draw(h) % 100) {
		count(&h->shared->stats.lost, 1);
		return;
	}
	count(&h->shared->stats.replies, 1);
	if (delay_ns == 0) {
		build_shape(s, new_frame(h));
		return;
	}
	struct frame f;
	build_shape(s, &f);
	send_later(h, &f, now_ns() + delay_ns);
}

/* ---- answering --------------------------------------------------------------------- */

/* Whether the odd host says anything to this question, the n-th for its address. */
static bool odd_speaks(enum odd odd, const struct asked *q, unsigned n)
{
	bool broadcast = mac_is_group(q->eth.dst);

	switch ((int)odd) {
	case ODD_SILENT: return false;
	case ODD_SECOND_REQUEST: return n % 2 == 0;
	case ODD_UNICAST_ONLY: return !broadcast;
	case ODD_BROADCAST_ONLY: return broadcast;
	}
	return true;
}

static void send_long(struct host *h, const struct shape *s)
{
	struct frame *f = new_frame(h);

	build_shape(s, f);
	memset(f->b + f->len, 0xff, sizeof(f->b) - f->len);
	f->len = sizeof(f->b);
	count(&h->shared->stats.replies, 1);
}

static void odd_host(struct host *h, enum odd odd, const struct asked *q)
{
	bool company = h->config->company != ODD_ALONE;
	struct shape s = good_reply(q, odd_forged_mac(odd, company));
	uint64_t delay = odd == ODD_LATE ? LATE_NS : h->config->delay_ns;

	make_odd(&s, odd, h->config);
	if (odd == ODD_LONG)
		send_long(h, &s);
	else
		answer(h, &s, delay);
	if (odd == ODD_TWICE)
		answer(h, &s, delay);
	if (odd == ODD_TWO_HOSTS) {
		s = good_reply(q, company ? odd_honest_mac(odd) : second_mac(odd));
		answer(h, &s, delay);
	}
}

static void honest_host(struct host *h, const struct asked *q, struct mac mac)
{
	struct shape s = good_reply(q, mac);

	answer(h, &s, h->config->delay_ns);
}

/* A card takes what is for everybody, and what is for itself. */
static bool is_for(const struct asked *q, struct mac mac)
{
	return mac_is_group(q->eth.dst) || mac_equal(q->eth.dst, mac);
}

static void hear_odd(struct host *h, const struct asked *q)
{
	enum odd odd = (enum odd)q->msg.target_ip.b[3];
	enum odd_company company = h->config->company;
	struct mac honest = odd_honest_mac(odd);

	if (!odd_case_of(odd))
		return;
	count(&h->shared->stats.requests, 1);
	h->heard_odd[odd]++;
	if (company == ODD_AFTER_HONEST && is_for(q, honest))
		honest_host(h, q, honest);
	if (is_for(q, odd_forged_mac(odd, company != ODD_ALONE)) &&
	    odd_speaks(odd, q, h->heard_odd[odd]))
		odd_host(h, odd, q);
	if (company == ODD_BEFORE_HONEST && is_for(q, honest))
		honest_host(h, q, honest);
}

static void hear_prefix(struct host *h, const struct asked *q, uint32_t host_part)
{
	const struct responder_config *c = h->config;
	struct mac mac = responder_mac(q->msg.target_ip);

	if (c->exists_every > 1 && host_part % c->exists_every != 7 % c->exists_every)
		return;
	if (!is_for(q, mac))
		return;
	count(&h->shared->stats.requests, 1);
	if (h->heard[host_part] < c->deaf_to_first)
		h->heard[host_part]++;
	else
		honest_host(h, q, mac);
}

static void hear(struct host *h, const struct tap_frame *f)
{
	const struct responder_config *c = h->config;
	struct arp_frame a;

	arp_frame_parse(f->data, f->caplen, &a);
	/* A gratuitous request asks nothing; it may come from another of our kind. */
	if (a.verdict != V_OK || a.msg.op != ARP_REQUEST || arp_is_gratuitous(&a.msg))
		return;
	h->last = (struct asked){ a.msg, a.eth };
	h->flooding = h->flooding || c->flood_when_asked;

	struct ip4_range odd = ip4_prefix(odd_ip(0), 24);
	struct ip4_range prefix = ip4_prefix(c->prefix, c->prefix_len);
	uint32_t ip = ip4_number(a.msg.target_ip);
	if (c->odd && ip - odd.first <= odd.last - odd.first)
		hear_odd(h, &h->last);
	else if (c->prefix_len && ip - prefix.first <= prefix.last - prefix.first)
		hear_prefix(h, &h->last, ip - prefix.first);
}

/* ---- flooding ---------------------------------------------------------------------- */

static void make_malformed(struct host *h, struct shape *s)
{
	uint64_t r = draw(h);
	uint8_t wrong = (uint8_t)(r >> 8);

	switch (r % 6) {
	case 0: cut(s, wrong % ARP_IPV4_LEN); break;
	case 1: s->fixed.hlen = wrong == ARP_HLEN ? 0 : wrong; break;
	case 2: s->fixed.plen = wrong == ARP_PLEN ? 0 : wrong; break;
	case 3: s->fixed.htype = (uint16_t)(2 + wrong); break;
	case 4: s->fixed.ptype = (uint16_t)(ARP_PTYPE_IPV4 + 1 + wrong); break;
	case 5: set_op(s, (uint16_t)(3 + wrong)); break;
	}
}

static void flood_one(struct host *h, uint64_t i)
{
	const struct responder_config *c = h->config;
	uint64_t senders = ip4_range_count(c->flood_senders);
	struct ip4 ip = ip4_from_number(c->flood_senders.first + (uint32_t)(i % senders));
	struct asked q = h->last;

	q.msg.target_ip = ip;
	q.eth.n_tags = 0;
	struct shape s = good_reply(&q, responder_mac(ip));
	if (c->flood_tagged)
		tag(&s, ETH_VLAN, c->vid);
	switch (c->flood) {
	case FLOOD_NONE:
	case FLOOD_OTHER_SENDERS:
		break;
	case FLOOD_CLAIMANTS:
		s.eth.src = (struct mac){ { 0x02, 0xf0, (uint8_t)(i >> 24), (uint8_t)(i >> 16),
					    (uint8_t)(i >> 8), (uint8_t)i } };
		set_mac(&s, s.eth.src);
		break;
	case FLOOD_OTHER_TARGETS:
		s.eth.dst = MAC_BROADCAST;
		s.msg.target_mac = SOMEBODY_MAC;
		s.msg.target_ip = SOMEBODY_IP;
		break;
	case FLOOD_MALFORMED:
		make_malformed(h, &s);
		break;
	}
	build_shape(&s, new_frame(h));
}

/* A short burst, so that requests are answered in between. */
static void flood_some(struct host *h)
{
	uint64_t burst = h->flood_left < 64 ? h->flood_left : 64;

	if (h->flood_start_ns == 0)
		h->flood_start_ns = now_ns();
	for (uint64_t i = 0; i < burst; i++)
		flood_one(h, h->config->flood_frames - h->flood_left--);
	flush(h);
	count(&h->shared->stats.flooded, burst);
	if (h->flood_left == 0)
		count(&h->shared->stats.flood_ns, now_ns() - h->flood_start_ns);
}

/* ---- the child's life -------------------------------------------------------------- */

static int wait_ms(const struct host *h)
{
	if (h->flooding && h->flood_left > 0)
		return 0;
	if (h->n_due == 0)
		return -1;
	uint64_t now = now_ns();
	uint64_t left = h->heap[0].at_ns > now ? h->heap[0].at_ns - now : 0;
	return (int)((left + 999999) / 1000000);
}

static void serve(struct host *h, int control)
{
	struct tap_frame f;

	for (;;) {
		struct pollfd p[2] = {
			{ .fd = h->tap.fd, .events = POLLIN },
			{ .fd = control, .events = POLLIN },
		};
		if (poll(p, 2, wait_ms(h)) < 0 && errno != EINTR)
			return;
		if (p[1].revents)
			return;
		if (p[0].revents & POLLERR)
			tap_clear_error(&h->tap);
		for (unsigned i = 0; i < BATCH && tap_next(&h->tap, &f); i++)
			hear(h, &f);
		send_due(h);
		flush(h);
		if (h->flooding && h->flood_left > 0)
			flood_some(h);
	}
}

static struct host *new_host(struct testnet *net, enum side side,
			     const struct responder_config *config, struct responder_shared *shared)
{
	struct host *h = calloc(1, sizeof(*h));
	size_t hosts = config->prefix_len ? (size_t)1 << (32 - config->prefix_len) : 1;
	uint16_t *heard = calloc(hosts, sizeof(*heard));

	if (!h || !heard) {
		snprintf(net->err, sizeof(net->err), "responder: out of memory");
		return NULL;
	}
	h->config = config;
	h->shared = shared;
	h->heard = heard;
	h->random = config->seed;
	h->flood_left = config->flood == FLOOD_NONE ? 0 : config->flood_frames;
	h->flooding = !config->flood_when_asked;
	/* Until somebody asks. */
	h->last.msg.sender_mac = CLIENT_MAC;
	h->last.msg.sender_ip = CLIENT_IP;
	h->last.eth = (struct eth_hdr){ .src = CLIENT_MAC, .type = ETH_ARP };
	return tap_open(&h->tap, net, side, testnet_ifname(side), TAP_INCOMING) < 0 ? NULL : h;
}

/*
 * Everything else that the parent had open goes: its taps would fill up, and its
 * pipes would stay open.  From 100 on there is room for the two that are kept.
 */
static void keep_only(int *a, int *b)
{
	*a = fcntl(*a, F_DUPFD, 100);
	*b = *a < 0 ? -1 : fcntl(*b, F_DUPFD, *a + 1);
	if (*b < 0)
		_exit(1);
	close_range(3, (unsigned)*a - 1, 0);
	if (*b > *a + 1)
		close_range((unsigned)*a + 1, (unsigned)*b - 1, 0);
	close_range((unsigned)*b + 1, ~0u, 0);
}

struct birth {
	int ready;		/* a byte when it listens */
	int control;
	pid_t parent;
};

_Noreturn static void child(struct testnet *net, enum side side,
			    const struct responder_config *config,
			    struct responder_shared *shared, const struct birth *birth)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != birth->parent)
		_exit(1);
	signal(SIGINT, SIG_IGN);	/* from a terminal: the parent's to decide */
	struct host *h = new_host(net, side, config, shared);
	if (!h) {
		memcpy(shared->err, net->err, sizeof(shared->err));
		_exit(1);
	}
	if (write(birth->ready, "", 1) != 1)
		_exit(1);
	int control = birth->control;
	keep_only(&control, &h->tap.fd);
	serve(h, control);
	(void)tap_collect(&h->tap);
	count(&shared->stats.unheard, h->tap.lost);
	_exit(0);
}

/* ---- the parent's side ------------------------------------------------------------- */

static int cannot(struct testnet *net, const char *what)
{
	int e = errno;

	snprintf(net->err, sizeof(net->err), "responder: %s: %s", what, strerror(e));
	errno = e;
	return -1;
}

/* Forks, and waits until the child listens or has given up. */
static int give_birth(struct responder *r, struct testnet *net, enum side side,
		      const struct responder_config *config)
{
	int control[2], ready[2];
	char byte;

	if (pipe2(control, O_CLOEXEC) < 0)
		return cannot(net, "pipe");
	if (pipe2(ready, O_CLOEXEC) < 0) {
		close(control[0]);
		close(control[1]);
		return cannot(net, "pipe");
	}
	struct birth birth = { .ready = ready[1], .control = control[0], .parent = getpid() };
	r->pid = fork();
	if (r->pid == 0) {
		close(control[1]);
		child(net, side, config, r->shared, &birth);
	}
	close(control[0]);
	close(ready[1]);
	r->control = control[1];
	bool listening = r->pid > 0 && read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	return listening ? 0 : -1;
}

int responder_begin(struct responder *r, struct testnet *net, enum side side,
		    const struct responder_config *config)
{
	*r = (struct responder){ .control = -1 };
	void *map = mmap(NULL, sizeof(*r->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return cannot(net, "mmap");
	r->shared = map;
	snprintf(r->shared->err, sizeof(r->shared->err), "responder: did not start");
	if (give_birth(r, net, side, config) == 0)
		return 0;
	memcpy(net->err, r->shared->err, sizeof(net->err));
	responder_end(r, NULL);
	errno = ECHILD;
	return -1;
}

struct responder_stats responder_stats(const struct responder *r)
{
	struct responder_stats out = { 0 };
	/* All of them are uint64_t. */
	const uint64_t *from = (const uint64_t *)(const void *)&r->shared->stats;
	uint64_t *to = (uint64_t *)(void *)&out;

	for (size_t i = 0; i < sizeof(out) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
	return out;
}

bool responder_flooded(const struct responder *r, uint64_t timeout_ns)
{
	uint64_t start = now_ns();

	while (responder_stats(r).flood_ns == 0) {
		if (now_ns() - start >= timeout_ns)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return true;
}

/* Two seconds are given to the child to go by itself. */
static bool ended_well(pid_t pid)
{
	int status = 0;

	for (int ms = 0; ms < 2000; ms++) {
		pid_t got = waitpid(pid, &status, WNOHANG);
		if (got == pid)
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		if (got < 0 && errno != EINTR)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return false;
}

bool responder_end(struct responder *r, struct responder_stats *last)
{
	bool well = false;

	/* All zero stands for "never begun", and 0 is not a pipe of ours. */
	if (r->shared && r->control >= 0)
		close(r->control);
	if (r->pid > 0)
		well = ended_well(r->pid);
	if (last)
		*last = r->shared ? responder_stats(r) : (struct responder_stats){ 0 };
	if (r->shared)
		munmap(r->shared, sizeof(*r->shared));
	*r = (struct responder){ .control = -1 };
	return well;
}
