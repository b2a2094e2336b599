/* What happened on a connection, in a few words: flags, arrows, the margin; and which language
 * says the rest. */
#include "tcp_words_impl.h"

struct tcp_names tcp_names_of(int initiator, enum lang lang)
{
	static const struct both opener = { { "client", "客户端" } };
	static const struct both other = { { "server", "服务器" } };
	static const struct both one = { { "a", "A 方" } }, another = { { "b", "B 方" } };
	const char *a = in_lang(&one, lang), *b = in_lang(&another, lang);

	if (initiator != TCP_NOBODY) {
		a = in_lang(initiator == 0 ? &opener : &other, lang);
		b = in_lang(initiator == 0 ? &other : &opener, lang);
	}
	return (struct tcp_names){ .side = { a, b }, .lang = lang, .common = true };
}

void tcp_words_flags(struct txt *t, uint16_t flags)
{
	static const struct { uint16_t bit; const char *name; } order[] = {
		{ TCP_SYN, "SYN" }, { TCP_FIN, "FIN" }, { TCP_RST, "RST" }, { TCP_PSH, "PSH" },
		{ TCP_ACK, "ACK" }, { TCP_URG, "URG" }, { TCP_ECE, "ECE" }, { TCP_CWR, "CWR" },
		{ TCP_AE, "AE" },
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (!(flags & order[i].bit))
			continue;
		if (any)
			txt_char(t, ' ');
		txt_str(t, order[i].name);
		any = true;
	}
	if (!any)
		txt_char(t, '-');
}

/* ---- on the arrow ----------------------------------------------------------------------- */

static void icmp_arrow(struct txt *t, const struct tcp_moment *m)
{
	txt_str(t, "ICMP ");
	txt_u64(t, m->count >> 8);
	txt_char(t, '/');
	txt_u64(t, m->count & 0xff);
	if (m->mss) {
		txt_str(t, " mtu ");
		txt_u64(t, m->mss);
	}
}

void tcp_words_arrow(struct txt *t, const struct tcp_moment *m)
{
	if (m->why == TCP_WHY_ICMP) {
		icmp_arrow(t, m);
		return;
	}
	tcp_words_flags(t, m->flags);
	if (m->payload || (m->flags & (TCP_SYN | TCP_FIN | TCP_RST))) {
		txt_char(t, ' ');
		txt_u64(t, m->seq);
	}
	if (m->payload) {
		txt_char(t, ':');
		txt_u64(t, (uint32_t)(m->seq + (m->flags & TCP_SYN ? 1 : 0) + m->payload));
	}
	if (m->flags & TCP_ACK) {
		txt_str(t, m->payload || (m->flags & (TCP_SYN | TCP_FIN | TCP_RST)) ? " ack " : " ");
		txt_u64(t, m->ack);
	}
	if ((m->flags & TCP_SYN) && m->mss) {
		txt_str(t, " mss ");
		txt_u64(t, m->mss);
	}
}

/* ---- small pieces ----------------------------------------------------------------------- */

void words_amount(struct txt *t, uint64_t n, const char *one, const char *many)
{
	txt_grouped(t, n);
	txt_char(t, ' ');
	txt_str(t, n == 1 ? one : many);
}

void words_bytes(struct txt *t, uint64_t n)
{
	words_amount(t, n, "byte", "bytes");
}

void words_frame(struct txt *t, const struct tcp_moment *m)
{
	txt_str(t, "frame ");
	txt_u64(t, m->cause_frame);
}

/* " in frame 7", where it is known. */
void words_in_frame(struct txt *t, const char *before, const struct tcp_moment *m)
{
	if (!m->cause_frame)
		return;
	txt_str(t, before);
	words_frame(t, m);
}

void words_after(struct txt *t, const struct tcp_moment *m)
{
	if (!m->cause_frame)
		return;
	txt_str(t, " after ");
	txt_duration(t, m->waited_ns);
}

/* ---- what is said of troubles ----------------------------------------------------------- */

static bool is_in_trouble(const struct tcp_moment *m, enum tcp_trouble k)
{
	return m->trouble >> k & 1;
}

/* Its name is for programs: "zero_window". */
static void trouble(struct txt *t, enum tcp_trouble k)
{
	for (const char *p = tcp_trouble_info(k)->name; *p; p++)
		txt_char(t, *p == '_' ? ' ' : *p);
}

const uint8_t words_margin_trouble[WORDS_MARGIN_TROUBLES] = {
	TCP_T_LOST_SEGMENT, TCP_T_ACK_LOST_SEGMENT, TCP_T_ZERO_WINDOW, TCP_T_WINDOW_FULL,
	TCP_T_REUSED_PORTS,
};

bool words_in_margin(const struct tcp_moment *m, enum tcp_trouble k)
{
	return is_in_trouble(m, k) && !(k == TCP_T_ZERO_WINDOW && m->why == TCP_WHY_ANSWERS_PROBE);
}

bool words_untold(const struct tcp_moment *m, enum tcp_trouble k)
{
	uint32_t told = 1u << TCP_T_RETRANSMISSION | 1u << TCP_T_FAST_RETRANSMISSION |
			1u << TCP_T_SPURIOUS_RETRANSMISSION | 1u << TCP_T_OUT_OF_ORDER |
			1u << TCP_T_DUPLICATE_ACK | 1u << TCP_T_KEEP_ALIVE |
			1u << TCP_T_KEEP_ALIVE_ACK | 1u << TCP_T_ZERO_WINDOW_PROBE |
			1u << TCP_T_ZERO_WINDOW_PROBE_ACK | 1u << TCP_T_WINDOW_UPDATE |
			1u << TCP_T_DUPLICATE_FRAME;

	if (m->why == TCP_WHY_ANSWERS_PROBE)
		told |= 1u << TCP_T_ZERO_WINDOW;
	return is_in_trouble(m, k) && !(told >> k & 1);
}

/* ---- the margin ------------------------------------------------------------------------- */

static void short_icmp(struct txt *t, const struct tcp_moment *m)
{
	txt_str(t, m->mss ? "too big for the next hop" : "ICMP error");
	words_in_frame(t, ", quotes ", m);
}

static const char *const margin[TCP_WHY_COUNT] = {
	[TCP_WHY_OPENS] = "opens",
	[TCP_WHY_OPENS_TOO] = "opens, too",
	[TCP_WHY_ACCEPTS] = "accepts",
	[TCP_WHY_ACCEPTS_ANEW] = "again, as asked again",
	[TCP_WHY_REFUSES] = "refuses",
	[TCP_WHY_ACKS_FIN] = "acknowledges the FIN",
	[TCP_WHY_ACKS_AGAIN] = "has it already",
	[TCP_WHY_FINISHES] = "has no more to send",
	[TCP_WHY_FINISHES_TOO] = "nor has this side",
	[TCP_WHY_RESETS] = "resets",
	[TCP_WHY_NEEDLESS] = "sent again, needlessly",
	[TCP_WHY_LATE] = "overtaken on the way",
	[TCP_WHY_AFTER_TIMEOUT] = "sent again after the timeout",
	[TCP_WHY_AFTER_FAST] = "another that was lost",
	[TCP_WHY_AFTER_ICMP] = "again, in smaller pieces",
	[TCP_WHY_KEEP_ALIVE] = "still there?",
	[TCP_WHY_ANSWERS_KEEP_ALIVE] = "still here",
	[TCP_WHY_PROBES_WINDOW] = "any room yet?",
	[TCP_WHY_ANSWERS_PROBE] = "no room yet",
	[TCP_WHY_SEEN_TWICE] = "captured twice",
};

static void short_again(struct txt *t, const char *what, const struct tcp_moment *m)
{
	txt_str(t, what);
	words_after(t, m);
}

/* The reasons that have a number in them. */
static void short_counted(struct txt *t, const struct tcp_moment *m)
{
	switch ((enum tcp_why)m->why) {
	case TCP_WHY_OPENS_AGAIN:
	case TCP_WHY_ACCEPTS_AGAIN:
	case TCP_WHY_FINISHES_AGAIN: short_again(t, "again", m); break;
	case TCP_WHY_TIMEOUT: short_again(t, "timeout: again", m); break;
	case TCP_WHY_EARLY: short_again(t, "sent again", m); break;
	case TCP_WHY_COMPLETES: short_again(t, "handshake done", m); break;
	case TCP_WHY_FAST:
		txt_str(t, "fast: ");
		words_amount(t, m->count, "duplicate ACK", "duplicate ACKs");
		break;
	case TCP_WHY_DATA:
	case TCP_WHY_DATA_ANSWERS:
	case TCP_WHY_DATA_CLOCKED: words_bytes(t, m->payload); break;
	case TCP_WHY_DATA_RELEASED:
		words_bytes(t, m->payload);
		txt_str(t, ", held for the ACK (Nagle)");
		break;
	case TCP_WHY_ACKS_LATE: short_again(t, "delayed ACK,", m); break;
	case TCP_WHY_ACKS_SEVERAL:
		txt_str(t, "acks ");
		words_amount(t, m->count, "segment", "segments");
		break;
	case TCP_WHY_ACKS_GAP:
		txt_str(t, "wants ");
		txt_u64(t, m->ack);
		break;
	case TCP_WHY_OPENS_WINDOW:
	case TCP_WHY_NARROWS_WINDOW:
		txt_str(t, "window ");
		txt_grouped(t, m->window);
		break;
	default: break;
	}
}

static const char *const margin_troubles[TCP_T_COUNT] = {
	[TCP_T_LOST_SEGMENT] = "bytes before it are missing",
	[TCP_T_ACK_LOST_SEGMENT] = "acks what was not captured",
	[TCP_T_ZERO_WINDOW] = "no room left",
	[TCP_T_WINDOW_FULL] = "fills the window",
	[TCP_T_REUSED_PORTS] = "ports used again",
};

static void and_also(struct txt *t, const char *words)
{
	if (t->len)
		txt_str(t, "; ");
	txt_str(t, words);
}

static void brief(struct txt *t, const struct tcp_moment *m)
{
	if (m->why == TCP_WHY_ICMP) {
		short_icmp(t, m);
		return;
	}
	if (margin[m->why])
		txt_str(t, margin[m->why]);
	else
		short_counted(t, m);
	if ((m->flags & TCP_SYN) && m->payload) {
		txt_str(t, t->len ? " with " : "");
		words_bytes(t, m->payload);
	}
	for (size_t i = 0; i < WORDS_MARGIN_TROUBLES; i++)
		if (words_in_margin(m, (enum tcp_trouble)words_margin_trouble[i]))
			and_also(t, margin_troubles[words_margin_trouble[i]]);
	if (m->notes & TCP_NOTE_BEYOND_MSS)
		and_also(t, "larger than the MSS");
	if (m->lost)
		and_also(t, "lost");
}

/* ---- in which language ------------------------------------------------------------------ */

static const struct words_tongue english = { trouble, brief, words_sentences, words_story };

static const struct words_tongue *const tongue[LANG_COUNT] = {
	[LANG_EN] = &english, [LANG_ZH] = &words_chinese,
};

void tcp_words_trouble(struct txt *t, enum tcp_trouble k, enum lang lang)
{
	tongue[lang]->trouble(t, k);
}

void tcp_words_short(struct txt *t, const struct tcp_moment *m, enum lang lang)
{
	tongue[lang]->brief(t, m);
}

void tcp_words_long(struct txt *t, const struct tcp_moment *m, const struct tcp_names *who)
{
	tongue[who->lang]->sentences(t, m, who);
}

void tcp_words_story(struct txt *t, const struct tcp_story *s, const struct tcp_names *who)
{
	tongue[who->lang]->story(t, s, who);
}
