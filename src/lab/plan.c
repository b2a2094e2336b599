#include "wirelab/plan.h"

#include <string.h>

#include "wirelab/siphash.h"

bool plan_init(struct plan *p, const char *seed)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@";
	size_t len = strlen(seed);

	if (len == 0 || len > PLAN_SEED_MAX || strspn(seed, allowed) != len)
		return false;
	memcpy(p->seed, seed, len + 1);
	return true;
}

bool plan_is_public(const struct plan *p)
{
	return strcmp(p->seed, PLAN_SEED_PUBLIC) == 0;
}

/* 64 bits that seed and name alone decide.  The key is no secret: it only mixes. */
static uint64_t draw(const struct plan *p, const char *name)
{
	static const struct sip_key key = { 0x77697265, 0x6c6162 };	/* "wire", "lab" */
	char text[PLAN_SEED_MAX + 64];
	size_t seed = strlen(p->seed) + 1, len = strlen(name);

	memcpy(text, p->seed, seed);
	len = len < sizeof(text) - seed ? len : sizeof(text) - seed;
	memcpy(text + seed, name, len);
	return siphash24(key, text, seed + len);
}

uint32_t plan_number(const struct plan *p, const char *name, uint32_t usual, uint32_t lo,
		     uint32_t hi)
{
	if (plan_is_public(p))
		return usual;
	return lo + (uint32_t)(draw(p, name) % ((uint64_t)hi - lo + 1));
}

struct ip4 plan_ip(const struct plan *p, unsigned net, unsigned host)
{
	/* Two networks, never the same: the second octet tells them apart. */
	uint32_t second = plan_number(p, "network", 0, 0, 119) * 2 + net;
	uint32_t third = plan_number(p, "subnet", 0, 0, 254);
	uint32_t first_host = plan_number(p, "first host", 1, 1, 200);

	return (struct ip4){ { 10, (uint8_t)second, (uint8_t)third, (uint8_t)(first_host + host) } };
}

struct mac plan_mac(const struct plan *p, unsigned net, unsigned host)
{
	uint32_t mine = plan_number(p, "cards", 0, 1, UINT16_MAX);

	/* 02: administered locally (IEEE 802c 8.2); the rest can then be anything. */
	return (struct mac){ { 2, 0, (uint8_t)(mine >> 8), (uint8_t)mine, (uint8_t)net,
			       (uint8_t)(host + 1) } };
}

uint16_t plan_client_port(const struct plan *p, unsigned n)
{
	return (uint16_t)(plan_number(p, "client port", 40001, 33000, 59000) + n);
}

uint16_t plan_service_port(const struct plan *p, unsigned n)
{
	return (uint16_t)(plan_number(p, "service port", 7001, 5000, 29000) + n);
}

uint32_t plan_initiator_isn(const struct plan *p, unsigned n)
{
	return plan_number(p, "initiator isn", 1000, 1000, UINT32_C(3000000000)) + 1000 * n;
}

uint32_t plan_responder_isn(const struct plan *p)
{
	return plan_number(p, "responder isn", 50000, 1000, UINT32_C(3000000000));
}
