/* What is written beside a frame. */
#include <string.h>

#include "wirelab/lab.h"
#include "wirelab/packet_words.h"
#include "wirelab/tcp_words.h"

static struct ip4 ip_of(const uint8_t addr[16])
{
	struct ip4 ip;

	memcpy(ip.b, addr, sizeof(ip.b));
	return ip;
}

/* The hosts' names where the plan knows both; else who opened. */
static struct tcp_names names_of(const struct lesson *l, enum lang lang, const struct tcp_story *s)
{
	struct tcp_names who = tcp_names_of(s->initiator, lang);
	const char *a = s->family == 4 ? lesson_host_name(l, ip_of(s->addr[0])) : NULL;
	const char *b = s->family == 4 ? lesson_host_name(l, ip_of(s->addr[1])) : NULL;

	if (a && b)
		who = (struct tcp_names){ .side = { a, b }, .lang = lang };
	return who;
}

/* Who did what: the call, or a timer that nobody called. */
static void say_cause(struct txt *t, enum lang lang, const struct seen *s)
{
	bool zh = lang == LANG_ZH;

	if (!s->host)
		return;
	if (s->cause == CAUSE_CALL && s->call) {
		txt_str(t, s->host);
		txt_str(t, zh ? " 调用 " : " calls ");
		txt_str(t, s->call);
		txt_str(t, zh ? "。" : ". ");
	} else if (s->cause == CAUSE_TIMER) {
		txt_str(t, s->host);
		txt_str(t, zh ? " 的内核定时器到时。" : "'s kernel acts by a timer. ");
	}
}

static const char *name_of(const void *lesson, struct ip4 ip)
{
	return lesson_host_name(lesson, ip);
}

static void say_frame(struct txt *t, const struct lesson *l, enum lang lang,
		      const struct capture *c, const struct seen *s)
{
	if (!s->has_moment || s->stream >= c->n_streams) {
		packet_words(t, &s->pkt, &(struct packet_names){
			.lang = lang, .name_of = name_of, .hosts = l });
		return;
	}
	struct tcp_names who = names_of(l, lang, &c->stream[s->stream]);
	tcp_words_long(t, &s->moment, &who);
}

/* What an onlooker at this card could not know, and who made the wire does. */
static void say_fate(struct txt *t, enum lang lang, const struct seen *s)
{
	static const struct { unsigned did; struct both says; } fates[] = {
		{ WIRE_DROPPED, { { " The wire loses this frame: nobody will ever see it.",
				    "线路丢弃了这一帧：谁也收不到它。" } } },
		{ WIRE_HELD, { { " The wire holds this frame back for a while.",
				 "线路把这一帧扣留了一会儿。" } } },
		{ WIRE_CORRUPTED, { { " The wire damages this frame on its way.",
				      "线路在途中损坏了这一帧。" } } },
		{ WIRE_CLAMPED, { { " On its way somebody lowers the MSS in it.",
				    "途中有设备调低了其中的 MSS。" } } },
		{ WIRE_COPIED, { { " The wire delivers this frame twice.",
				   "线路把这一帧送达了两次。" } } },
		{ WIRE_REORDERED, { { " On its way others overtake this frame.",
				      "途中有别的帧超过了这一帧。" } } },
	};

	for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++)
		if (s->direction == CAPW_OUTBOUND && (s->did & fates[i].did))
			txt_str(t, in_lang(&fates[i].says, lang));
}

static void say_notices(struct txt *t, const struct lesson *l, enum lang lang,
			const struct capture *c, const struct seen *s)
{
	for (const struct notice *n = l->lab->notices; n && n->of; n++) {
		if (!n->of(l, c, s))
			continue;
		txt_char(t, '\n');
		lesson_text(t, l, in_lang(&n->text, lang));
	}
}

void remark(struct txt *t, const struct lesson *l, enum lang lang, const struct capture *c,
	    const struct seen *s)
{
	say_cause(t, lang, s);
	say_frame(t, l, lang, c, s);
	say_fate(t, lang, s);
	say_notices(t, l, lang, c, s);
}
