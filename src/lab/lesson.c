/* A lab done with a seed: numbers, names and texts, and the play itself. */
#include <stdio.h>
#include <string.h>

#include "wirelab/lab.h"

uint32_t lesson_number(const struct lesson *l, const char *name)
{
	for (const struct lab_number *n = l->lab->numbers; n && n->name; n++)
		if (strcmp(n->name, name) == 0)
			return plan_number(&l->plan, name, n->usual, n->lo, n->hi);
	return 0;
}

uint16_t lesson_port(const struct lesson *l, unsigned part)
{
	return plan_service_port(&l->plan, part);
}

const char *lesson_host_name(const struct lesson *l, struct ip4 ip)
{
	unsigned nets = l->lab->topology == TOPOLOGY_R ? 2 : 1;

	for (unsigned net = 0; net < nets; net++) {
		for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
			struct ip4 its = plan_ip(&l->plan, net, i);
			if (memcmp(its.b, ip.b, sizeof(ip.b)) == 0)
				return network_names[i];
		}
	}
	return NULL;
}

/* ---- {names} in texts ------------------------------------------------------------------------ */

static bool put_number(struct txt *t, const struct lesson *l, const char *name, size_t len)
{
	for (const struct lab_number *n = l->lab->numbers; n && n->name; n++) {
		if (strlen(n->name) != len || memcmp(n->name, name, len) != 0)
			continue;
		txt_grouped(t, plan_number(&l->plan, n->name, n->usual, n->lo, n->hi));
		return true;
	}
	return false;
}

static bool put_address(struct txt *t, const struct lesson *l, const char *name, size_t len)
{
	for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
		if (strlen(network_names[i]) != len || memcmp(network_names[i], name, len) != 0)
			continue;
		txt_ip(t, plan_ip(&l->plan, i == BOB && l->lab->topology == TOPOLOGY_R, i));
		return true;
	}
	return false;
}

/* {port0}, {port1} ...: of the lab's parts. */
static bool put_port(struct txt *t, const struct lesson *l, const char *name, size_t len)
{
	if (len != 5 || memcmp(name, "port", 4) != 0 || name[4] < '0' || name[4] > '9')
		return false;
	txt_u64(t, lesson_port(l, (unsigned)(name[4] - '0')));
	return true;
}

/* Bytes of the character at the front of our own words. */
static size_t character(const char *s)
{
	size_t n = 1;

	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

void lesson_text(struct txt *t, const struct lesson *l, const char *text)
{
	/* Behind what found no place nothing shorter may follow. */
	while (*text && !t->cut) {
		const char *end = *text == '{' ? strchr(text, '}') : NULL;
		size_t len = end ? (size_t)(end - text) - 1 : 0;
		if (end && (put_number(t, l, text + 1, len) || put_address(t, l, text + 1, len) ||
			    put_port(t, l, text + 1, len))) {
			text = end + 1;
			continue;
		}
		size_t n = character(text);
		txt_bytes(t, text, n);
		text += n;
	}
}

/* ---- labs --------------------------------------------------------------------------------------- */

const struct lab *lab_by_number(unsigned nr)
{
	for (const struct lab *const *lab = all_labs; *lab; lab++)
		if ((*lab)->nr == nr)
			return *lab;
	return NULL;
}

const char *lab_name(const struct lab *lab, char buf[static LAB_NAME_MAX])
{
	(void)snprintf(buf, LAB_NAME_MAX, "%02u-%s", lab->nr, lab->slug);
	return buf;
}

/* ---- the play ------------------------------------------------------------------------------------ */

static void experiment(struct stage *st, void *arg)
{
	const struct lesson *l = arg;

	l->lab->run(st, l);
}

static bool open_captures(struct stage *st, const struct lesson *l)
{
	if (!stage_capture(st, stage_host(st, l->lab->vantage)))
		return false;
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		if ((l->lab->more_vantages & LAB_VANTAGE(i)) && !stage_capture(st, stage_host(st, i)))
			return false;
	return true;
}

static struct stage *play_once(const struct lesson *l, const struct lab_run *run,
			       char err[static 256])
{
	const struct lab *lab = l->lab;
	struct stage_config config = {
		.network = { .topology = lab->topology, .plan = &l->plan, .carrier = run->carrier,
			     .asks = lab->asks, .pinned = true, .bits_per_s = LAB_BITS_PER_S,
			     .propagation_ns = lab->propagation_ns ? lab->propagation_ns :
								     LAB_PROPAGATION_NS },
		.heard = run->heard, .heard_arg = run->heard_arg };

	if (lab->configure)
		lab->configure(&config.network, l);
	struct stage *st = stage_begin(&config, err);
	if (!st)
		return NULL;
	if (!open_captures(st, l)) {
		(void)snprintf(err, 256, "out of memory");
	} else {
		if (run->begun)
			run->begun(run->heard_arg, st);
		struct lesson mine = *l;
		if (stage_play(st, experiment, &mine) == 0)
			return st;
		(void)snprintf(err, 256, "%s", stage_error(st));
	}
	stage_end(st);
	return NULL;
}

struct stage *lab_play(const struct lesson *l, const struct lab_run *run, char err[static 256])
{
	for (unsigned i = 1;; i++) {
		struct stage *st = play_once(l, run, err);
		/* The last is taken as it is: its checks say whether it will do. */
		if (!st || !stage_disturbed(st) || i == LAB_TRIES)
			return st;
		if (run->begun)
			run->begun(run->heard_arg, NULL);
		stage_end(st);
	}
}

void lab_evidence(struct evidence *e, const struct lesson *l, struct stage *st)
{
	*e = (struct evidence){ { 0 } };
	e->at[l->lab->vantage] = stage_capture(st, stage_host(st, l->lab->vantage));
	for (unsigned i = 0; i < NETWORK_HOSTS; i++)
		if (l->lab->more_vantages & LAB_VANTAGE(i))
			e->at[i] = stage_capture(st, stage_host(st, i));
}
