/*
 * Bytes as a script for one resolver: ask, hear, wake, let time pass, postpone, settle.
 *
 * Each operation is one byte (the low 3 bits say which, the rest its argument), some
 * with bytes behind it.  After each: one request a second and address; the deadline
 * tells the truth; questions, entries and their counts agree; what is believed was
 * said in a reply to us while we asked, or came by settle.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wirelab/arp_resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HOSTS = 8, QUESTIONS = 4, ENTRIES = 2 };

static const struct arpres_config config = {
	.self = { .mac = { { 2, 0, 0, 0, 0, 1 } }, .ip = { { 10, 0, 0, 200 } } },
	.retry_ns = SEC_NS, .tries = 3, .fresh_ns = 5 * SEC_NS, .dead_ns = 4 * SEC_NS,
	.listen_ns = 2 * SEC_NS,
};

struct script {
	struct rd r;
	struct instant now;
	struct arpres *res;
	struct arp_cache *cache;
	bool sent_ever[HOSTS];
	struct instant sent[HOSTS];
	bool believable[HOSTS][256];	/* by the last byte of the MAC */
};

static void require(int holds)
{
	if (!holds)
		abort();
}

static struct ip4 host(unsigned number)
{
	return (struct ip4){ { 10, 0, 0, (uint8_t)(number % HOSTS) } };
}

static void ask(struct script *s, unsigned arg)
{
	struct arp_entry e;
	enum arpres_how how = arg & HOSTS ? ARPRES_ANEW : ARPRES_FROM_CACHE;

	switch (arpres_ask(s->res, s->now, host(arg), how, &e)) {
	case ARPRES_KNOWN:
		require(how == ARPRES_FROM_CACHE && e.state == ARP_MAPPED);
		require(arpres_is_fresh(&config, &e, s->now));
		break;
	case ARPRES_UNREACHABLE:
		require(how == ARPRES_FROM_CACHE && e.state == ARP_FAILED);
		break;
	case ARPRES_WAIT:
		require(arpres_pending(s->res) > 0);
		break;
	case ARPRES_FULL:
		require(arpres_deadline(s->res).ns != INSTANT_NEVER.ns);
	}
}

/* An ordinary reply, or one with any single byte of the frame changed. */
static void hear(struct script *s, unsigned arg, bool bent)
{
	uint8_t tail = rd_u8(&s->r);
	struct eth_hdr eth = { .dst = config.self.mac, .src = { { 2, 0, 0, 0, 1, tail } },
			       .type = ETH_ARP };
	struct arp_msg msg = { ARP_REPLY, eth.src, host(arg), config.self.mac, config.self.ip };
	uint8_t bytes[ARP_FRAME_MAX];
	struct arp_frame f;
	size_t len = arp_frame_build(bytes, &eth, &msg);

	if (bent) {
		uint8_t at = rd_u8(&s->r);
		bytes[at % len] = rd_u8(&s->r);
	}
	arp_frame_parse(bytes, bent && (arg & HOSTS) ? rd_u8(&s->r) % (len + 1) : len, &f);
	size_t before = arpres_pending(s->res);
	struct arpres_heard h = arpres_hear(s->res, s->now, &f);
	if (!(h.effect & ARPRES_RESOLVED)) {
		require(arpres_pending(s->res) == before);
		return;
	}
	require(h.pending && arpres_pending(s->res) == before - 1);
	require(arp_finding_info(h.finding)->taken && f.msg.op == ARP_REPLY);
	require(h.ip.b[3] < HOSTS);
	s->believable[h.ip.b[3]][h.mac.b[5]] = true;
}

static void wake(struct script *s)
{
	struct arpres_step step;

	for (unsigned n = 0; arpres_next(s->res, s->now, &step); n++) {
		unsigned who = step.ip.b[3];
		require(n < QUESTIONS);		/* no burst: each question has one step to make */
		require(who < HOSTS);
		if (step.kind == ARPRES_GAVE_UP) {
			require(step.try == config.tries);
			continue;
		}
		require(step.try >= 1 && step.try <= config.tries);
		require(!s->sent_ever[who] || instant_since(s->sent[who], s->now) >= SEC_NS);
		require(ip4_equal(step.msg.target_ip, step.ip));
		s->sent_ever[who] = true;
		s->sent[who] = s->now;
	}
	require(arpres_deadline(s->res).ns > s->now.ns);
}

/* One wake-up whose requests find the link's queue full. */
static void postponed(struct script *s, unsigned arg)
{
	struct arpres_step step;

	if (arpres_next(s->res, s->now, &step) && step.kind == ARPRES_SEND)
		arpres_postpone(s->res, step.ip, instant_after(s->now, (1 + arg) * 50 * MSEC_NS));
}

static void settle(struct script *s, unsigned arg)
{
	uint8_t tail = rd_u8(&s->r);
	struct arp_entry e = { .ip = host(arg), .since = s->now,
			       .state = arg & HOSTS ? ARP_FAILED : ARP_MAPPED };

	if (e.state == ARP_MAPPED) {
		e.mac = (struct mac){ { 2, 0, 0, 0, 1, tail } };
		s->believable[arg % HOSTS][tail] = true;
	}
	arpres_settle(s->res, s->now, &e);
}

static void check(const struct script *s)
{
	size_t cursor = 0, n = 0;
	unsigned seen = 0;
	struct arp_entry e;

	for (; arp_cache_each(s->cache, &cursor, &e); n++) {
		require(e.ip.b[3] < HOSTS && !(seen & 1u << e.ip.b[3]));
		seen |= 1u << e.ip.b[3];
		if (e.state == ARP_MAPPED)
			require(s->believable[e.ip.b[3]][e.mac.b[5]]);
		require((e.state == ARP_FAILED) == (int)mac_is_zero(e.mac));
	}
	require(n == arp_cache_count(s->cache));
	require(arpres_pending(s->res) <= QUESTIONS);
	if (arpres_pending(s->res))
		require(arpres_deadline(s->res).ns != INSTANT_NEVER.ns);
}

static void act(struct script *s, uint8_t op)
{
	unsigned arg = op >> 3;

	switch (op & 7) {
	case 0: ask(s, arg); break;
	case 1: hear(s, arg, false); break;
	case 2: hear(s, arg, true); break;
	case 3: wake(s); break;
	case 4: s->now = instant_after(s->now, (1 + arg) * 100 * MSEC_NS); break;
	case 5:
		if (arpres_deadline(s->res).ns != INSTANT_NEVER.ns)
			s->now = instant_later(s->now, arpres_deadline(s->res));
		wake(s);
		break;
	case 6: postponed(s, arg); break;
	default: settle(s, arg); break;
	}
	check(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[16] = "fuzz";
	struct script *s = calloc(1, sizeof(*s));
	void *cache = calloc(1, arp_cache_size(ENTRIES));
	void *res = calloc(1, arpres_size(QUESTIONS));

	require(s && cache && res);
	s->r = rd_over(data, size);
	s->cache = arp_cache_init(cache, arp_cache_size(ENTRIES), ENTRIES, secret, s->now);
	s->res = arpres_init(res, arpres_size(QUESTIONS), QUESTIONS, &config, secret, s->cache);
	while (s->r.left > 0 && rd_ok(&s->r))
		act(s, rd_u8(&s->r));
	free(res);
	free(cache);
	free(s);
	return 0;
}
