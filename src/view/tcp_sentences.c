/*
 * What happened on a connection, in whole English sentences.
 *
 * A table in disguise: a reason, and what is said of it.  Numbers come from the moment; nothing
 * is judged here.
 */
#include "tcp_words_impl.h"

/* ---- sentences -------------------------------------------------------------------------- */

/* What a SYN of either kind offers. */
static void offers(struct txt *t, const struct tcp_moment *m)
{
	const char *comma = " It offers ";

	if (m->mss) {
		txt_str(t, comma);
		txt_str(t, "segments of up to ");
		words_bytes(t, m->mss);
		comma = ", ";
	}
	if (m->options & TCP_SEEN_WSCALE) {
		txt_str(t, comma);
		txt_str(t, "windows in units of ");
		words_bytes(t, UINT64_C(1) << (m->wscale < 14 ? m->wscale : 14));
		comma = ", ";
	}
	if (m->options & TCP_SEEN_SACK_OK) {
		txt_str(t, comma);
		txt_str(t, "selective acknowledgments");
		comma = ", ";
	}
	if (m->options & TCP_SEEN_TS) {
		txt_str(t, comma);
		txt_str(t, "timestamps");
		comma = ", ";
	}
	if (*comma == ',')
		txt_char(t, '.');
}

static void say_opening(struct txt *t, const struct tcp_moment *m, const char *me, const char *you)
{
	txt_str(t, me);
	switch ((enum tcp_why)m->why) {
	case TCP_WHY_OPENS:
		txt_str(t, " asks ");
		txt_str(t, you);
		txt_str(t, " for a connection: the SYN says where its sequence numbers begin,"
			   " and counts as one of them.");
		break;
	case TCP_WHY_OPENS_TOO:
		txt_str(t, " asks for the same connection, before it has heard");
		words_in_frame(t, " of ", m);
		txt_str(t, ": a simultaneous open.");
		break;
	case TCP_WHY_ACCEPTS:
		txt_str(t, " accepts: it acknowledges the SYN");
		words_in_frame(t, " of ", m);
		txt_str(t, " and says where its own numbers begin.");
		break;
	case TCP_WHY_ACCEPTS_ANEW:
		txt_str(t, " sends its SYN+ACK");
		words_in_frame(t, " of ", m);
		txt_str(t, " again, for the SYN came again.");
		return;
	case TCP_WHY_COMPLETES:
		txt_str(t, " acknowledges the SYN");
		words_in_frame(t, " of ", m);
		txt_str(t, ": now both sides know that the other hears them.");
		return;
	default:
		txt_str(t, " refuses: nobody listens on that port, so the SYN");
		words_in_frame(t, " of ", m);
		txt_str(t, " is answered with a RST.");
		return;
	}
	offers(t, m);
	if (m->payload) {
		txt_str(t, " It brings ");
		words_bytes(t, m->payload);
		txt_str(t, " of data with it: TCP Fast Open. [RFC 7413 2]");
	}
}

static void say_again(struct txt *t, const struct tcp_moment *m, const char *me, const char *what)
{
	txt_str(t, me);
	txt_str(t, " sends ");
	txt_str(t, what);
	txt_str(t, " again");
	words_after(t, m);
	txt_str(t, ": no answer to ");
	if (m->cause_frame)
		words_frame(t, m);
	else
		txt_str(t, "the first one");
	txt_str(t, " came before its timer ran out.");
}

static void say_data(struct txt *t, const struct tcp_moment *m, const char *me, const char *you)
{
	txt_str(t, me);
	txt_str(t, " sends ");
	words_bytes(t, m->payload);
	switch ((enum tcp_why)m->why) {
	case TCP_WHY_DATA_RELEASED:
		txt_str(t, ". They were waiting: while something is unacknowledged, Nagle's rule keeps"
			   " back what does not fill a segment, and");
		words_in_frame(t, " ", m);
		txt_str(t, " acknowledged the last of it.");
		break;
	case TCP_WHY_DATA_CLOCKED:
		txt_str(t, "; the ACK");
		words_in_frame(t, " of ", m);
		txt_str(t, " made room for them in a window.");
		break;
	case TCP_WHY_DATA_ANSWERS:
		txt_str(t, m->cause_frame ? " in answer to " : "");
		if (m->cause_frame)
			words_frame(t, m);
		words_after(t, m);
		txt_str(t, "; what ");
		txt_str(t, you);
		txt_str(t, " sent is acknowledged on the way.");
		break;
	default:
		txt_str(t, m->notes & TCP_NOTE_FIRST_DATA ? ", its first data." : ".");
		break;
	}
}

static void say_acks(struct txt *t, const struct tcp_moment *m, const char *me, const char *you)
{
	txt_str(t, me);
	txt_str(t, " acknowledges ");
	if (m->why == TCP_WHY_ACKS_FIN) {
		txt_str(t, "the FIN");
		words_in_frame(t, " of ", m);
		txt_str(t, ": it knows that ");
		txt_str(t, you);
		txt_str(t, " will send no more.");
		return;
	}
	if (m->acked)
		words_bytes(t, m->acked);
	else
		txt_str(t, "what it got");
	if (m->why == TCP_WHY_ACKS_SEVERAL) {
		txt_str(t, " of ");
		words_amount(t, m->count, "segment", "segments");
		txt_str(t, " at once: an ACK is due for every second full-sized one at the latest.");
	} else if (m->why == TCP_WHY_ACKS_LATE) {
		words_in_frame(t, " of ", m);
		txt_str(t, " only");
		words_after(t, m);
		txt_str(t, ": a delayed ACK, which hoped to travel with data.");
	} else {
		words_in_frame(t, " of ", m);
		txt_str(t, ".");
	}
}

static void say_gap(struct txt *t, const struct tcp_moment *m, const char *me)
{
	txt_str(t, me);
	txt_str(t, " repeats that it waits for byte ");
	txt_grouped(t, m->ack);
	txt_str(t, m->cause_frame ? "; what came meanwhile, in " : "");
	if (m->cause_frame) {
		words_frame(t, m);
		txt_str(t, ", lies behind a gap");
	}
	txt_str(t, ".");
}

static void say_closing(struct txt *t, const struct tcp_moment *m, const char *me, const char *you)
{
	txt_str(t, me);
	switch ((enum tcp_why)m->why) {
	case TCP_WHY_FINISHES:
		txt_str(t, " has no more to send");
		if (m->payload) {
			txt_str(t, " after these ");
			words_bytes(t, m->payload);
		}
		txt_str(t, ". It can still receive: ");
		txt_str(t, you);
		txt_str(t, "'s direction stays open until its own FIN.");
		break;
	case TCP_WHY_FINISHES_TOO:
		txt_str(t, " has no more to send either");
		words_in_frame(t, "; ", m);
		txt_str(t, m->cause_frame ? " closed the other direction." : ".");
		break;
	default:
		txt_str(t, " resets the connection");
		words_in_frame(t, ", right after ", m);
		txt_str(t, ": neither side may send any more, and what is on the way is lost.");
		break;
	}
}

static void say_sent_again(struct txt *t, const struct tcp_moment *m, const char *me)
{
	txt_str(t, me);
	txt_str(t, " sends ");
	words_bytes(t, m->payload);
	txt_str(t, " again");
	if (m->why != TCP_WHY_AFTER_ICMP)
		words_in_frame(t, ", as in ", m);
	switch ((enum tcp_why)m->why) {
	case TCP_WHY_TIMEOUT:
		if (m->cause_frame) {
			txt_str(t, ",");
			words_after(t, m);
		}
		txt_str(t, ": no ACK came before the retransmission timer ran out.");
		break;
	case TCP_WHY_FAST:
		txt_str(t, ": ");
		words_amount(t, m->count, "duplicate ACK shows", "duplicate ACKs show");
		txt_str(t, " that it is missing, and the timer is not waited for.");
		break;
	case TCP_WHY_AFTER_TIMEOUT:
		txt_str(t, ": after a timeout, what followed is taken for lost as well.");
		break;
	case TCP_WHY_AFTER_FAST:
		txt_str(t, ": the ACK of the first repair shows that this is missing, too.");
		break;
	case TCP_WHY_AFTER_ICMP:
		txt_str(t, ", in smaller packets:");
		words_in_frame(t, " the ICMP error of ", m);
		txt_str(t, " said that they were too big for the path.");
		break;
	case TCP_WHY_NEEDLESS:
		txt_str(t, ", though all of it had been acknowledged: the ACK came late, or was lost.");
		break;
	default:
		txt_str(t, ", sooner than a retransmission timer may run out: a loss probe, or a"
			   " repair that SACK asked for.");
		break;
	}
}

static void say_window(struct txt *t, const struct tcp_moment *m, const char *me)
{
	txt_str(t, me);
	switch ((enum tcp_why)m->why) {
	case TCP_WHY_KEEP_ALIVE:
		txt_str(t, " asks whether the other side still lives: the number is one that was"
			   " acknowledged long ago, so only an ACK can follow.");
		break;
	case TCP_WHY_ANSWERS_KEEP_ALIVE: txt_str(t, " answers the keep-alive: it lives."); break;
	case TCP_WHY_PROBES_WINDOW:
		txt_str(t, " probes the closed window, lest an update of it was lost.");
		break;
	case TCP_WHY_ANSWERS_PROBE: txt_str(t, " answers that it still has no room."); break;
	case TCP_WHY_OPENS_WINDOW:
	case TCP_WHY_NARROWS_WINDOW:
		txt_str(t, m->why == TCP_WHY_OPENS_WINDOW ? " has more room now: " :
							    " has less room now: ");
		words_bytes(t, m->window);
		txt_str(t, m->window_scaled ? "." : " (as written; the scale was not seen).");
		break;
	default: break;
	}
}

static void say_icmp(struct txt *t, const struct tcp_moment *m, const char *you)
{
	txt_str(t, "An ICMP error (type ");
	txt_u64(t, m->count >> 8);
	txt_str(t, ", code ");
	txt_u64(t, m->count & 0xff);
	txt_str(t, ") reaches ");
	txt_str(t, you);
	words_in_frame(t, " and quotes ", m);
	if (m->mss) {
		txt_str(t, ": too big, the next hop takes packets of ");
		words_bytes(t, m->mss);
	}
	txt_char(t, '.');
}

static void say_rest(struct txt *t, const struct tcp_moment *m, const char *me)
{
	txt_str(t, me);
	if (m->why == TCP_WHY_ACKS_AGAIN) {
		txt_str(t, " repeats its ACK");
		words_in_frame(t, ", for ", m);
		txt_str(t, m->cause_frame ? " brought what it has already." : ".");
	} else if (m->why == TCP_WHY_LATE) {
		txt_str(t, " sent these ");
		words_bytes(t, m->payload);
		txt_str(t, " before others that came first: they were overtaken on the way.");
	} else if (m->why == TCP_WHY_SEEN_TWICE) {
		txt_str(t, " sent this once; the capture holds it twice.");
	} else {
		txt_str(t, " sends ");
		if (m->payload)
			words_bytes(t, m->payload);
		else
			txt_str(t, m->flags & TCP_ACK ? "an ACK that says nothing new" : "no data");
		txt_char(t, '.');
	}
}

static void say_why(struct txt *t, const struct tcp_moment *m, const char *me, const char *you)
{
	switch ((enum tcp_why)m->why) {
	case TCP_WHY_OPENS:
	case TCP_WHY_OPENS_TOO:
	case TCP_WHY_ACCEPTS:
	case TCP_WHY_ACCEPTS_ANEW:
	case TCP_WHY_COMPLETES:
	case TCP_WHY_REFUSES: say_opening(t, m, me, you); break;
	case TCP_WHY_OPENS_AGAIN: say_again(t, m, me, "its SYN"); break;
	case TCP_WHY_ACCEPTS_AGAIN: say_again(t, m, me, "its SYN+ACK"); break;
	case TCP_WHY_FINISHES_AGAIN: say_again(t, m, me, "its FIN"); break;
	case TCP_WHY_DATA:
	case TCP_WHY_DATA_RELEASED:
	case TCP_WHY_DATA_CLOCKED:
	case TCP_WHY_DATA_ANSWERS: say_data(t, m, me, you); break;
	case TCP_WHY_ACKS:
	case TCP_WHY_ACKS_SEVERAL:
	case TCP_WHY_ACKS_LATE:
	case TCP_WHY_ACKS_FIN: say_acks(t, m, me, you); break;
	case TCP_WHY_ACKS_GAP: say_gap(t, m, me); break;
	case TCP_WHY_FINISHES:
	case TCP_WHY_FINISHES_TOO:
	case TCP_WHY_RESETS: say_closing(t, m, me, you); break;
	case TCP_WHY_TIMEOUT:
	case TCP_WHY_FAST:
	case TCP_WHY_AFTER_TIMEOUT:
	case TCP_WHY_AFTER_FAST:
	case TCP_WHY_AFTER_ICMP:
	case TCP_WHY_EARLY:
	case TCP_WHY_NEEDLESS: say_sent_again(t, m, me); break;
	case TCP_WHY_KEEP_ALIVE:
	case TCP_WHY_ANSWERS_KEEP_ALIVE:
	case TCP_WHY_PROBES_WINDOW:
	case TCP_WHY_ANSWERS_PROBE:
	case TCP_WHY_OPENS_WINDOW:
	case TCP_WHY_NARROWS_WINDOW: say_window(t, m, me); break;
	case TCP_WHY_ICMP: say_icmp(t, m, you); break;
	case TCP_WHY_ACKS_AGAIN:
	case TCP_WHY_LATE:
	case TCP_WHY_SEEN_TWICE:
	case TCP_WHY_UNKNOWN:
	case TCP_WHY_COUNT: say_rest(t, m, me); break;
	}
}

static void section(struct txt *t, const char *section)
{
	if (!*section)
		return;
	txt_str(t, " [");
	txt_str(t, section);
	txt_char(t, ']');
}

/* "zero_window" is "Zero window" in a sentence. */
static void capitalised(struct txt *t, const char *name)
{
	for (const char *p = name; *p; p++)
		txt_char(t, *p == '_' ? ' ' : p == name && *p >= 'a' && *p <= 'z' ?
				 (char)(*p - 'a' + 'A') : *p);
}

static void say_troubles(struct txt *t, const struct tcp_moment *m)
{
	for (unsigned k = 0; k < TCP_T_COUNT; k++) {
		const struct tcp_trouble_info *info = tcp_trouble_info((enum tcp_trouble)k);
		if (!words_untold(m, (enum tcp_trouble)k))
			continue;
		txt_char(t, ' ');
		capitalised(t, info->name);
		txt_str(t, ": ");
		txt_str(t, info->says);
		txt_char(t, '.');
		section(t, info->section);
	}
}

static void say_notes(struct txt *t, const struct tcp_moment *m)
{
	if (m->notes & TCP_NOTE_STALL)
		txt_str(t, " The ACK that it waited for was itself delayed: write, write, read stalls"
			   " this way, whichever side is blamed. [RFC 1122 4.2.3.2]");
	if (m->notes & TCP_NOTE_BEYOND_MSS)
		txt_str(t, " That is more than one segment may hold: the network card cuts it up after,"
			   " or put it together before, the point of capture. [RFC 9293 3.7.1]");
	if (m->lost)
		txt_str(t, " It was sent again later: nothing shows that it arrived.");
}

void words_sentences(struct txt *t, const struct tcp_moment *m, const struct tcp_names *who)
{
	size_t begin = t->len;

	say_why(t, m, who->side[m->from & 1], who->side[!(m->from & 1)]);
	if (who->common && t->len > begin && t->buf[begin] >= 'a' && t->buf[begin] <= 'z')
		t->buf[begin] = (char)(t->buf[begin] - 'a' + 'A');
	section(t, tcp_why_info((enum tcp_why)m->why)->section);
	say_troubles(t, m);
	say_notes(t, m);
}

/* ---- a whole connection ----------------------------------------------------------------- */

static const char *const opened[] = {
	[TCP_OPEN_COMPLETE] = "a complete handshake",
	[TCP_OPEN_SIMULTANEOUS] = "both sides opened at once",
	[TCP_OPEN_REFUSED] = "refused",
	[TCP_OPEN_NO_ANSWER] = "no answer came",
	[TCP_OPEN_ONE_WAY] = "only one direction was captured",
	[TCP_OPEN_SYNACK_NO_ACK] = "the handshake was never completed",
	[TCP_OPEN_SYNACK_ONLY] = "of the handshake only the SYN+ACK was seen",
	[TCP_OPEN_NO_SYN] = "of the handshake the SYN was not seen",
	[TCP_OPEN_MIDSTREAM] = "the capture began later than the connection",
	[TCP_OPEN_ODD] = "an opening of no known kind",
};

static const char *const closed[] = {
	[TCP_CLOSE_FIN4] = "each direction closed and acknowledged by itself",
	[TCP_CLOSE_FIN3] = "closed in three segments: the second FIN acknowledged the first",
	[TCP_CLOSE_HALF] = "half closed for a while: data still came back after the first FIN",
	[TCP_CLOSE_SIMULTANEOUS] = "closed from both sides at once: the FINs crossed",
	[TCP_CLOSE_ONE_FIN] = "only one side closed",
	[TCP_CLOSE_FIN_RST] = "a FIN, then reset",
	[TCP_CLOSE_RST_THEN_FIN] = "reset, and a FIN after that",
	[TCP_CLOSE_RST] = "reset",
	[TCP_CLOSE_REFUSED] = "",
	[TCP_CLOSE_NONE] = "open when the capture ended",
};

static void story_troubles(struct txt *t, const struct tcp_story *s)
{
	const char *before = " Trouble: ";

	for (unsigned k = 0; k < TCP_T_COUNT; k++) {
		uint64_t n = s->side[0].trouble[k] + s->side[1].trouble[k];
		if (n == 0)
			continue;
		txt_str(t, before);
		tcp_words_trouble(t, (enum tcp_trouble)k, LANG_EN);
		txt_str(t, " (");
		txt_grouped(t, n);
		txt_char(t, ')');
		before = ", ";
	}
	if (*before == ',')
		txt_char(t, '.');
}

void words_story(struct txt *t, const struct tcp_story *s, const struct tcp_names *who)
{
	unsigned from = s->initiator == 1;

	capitalised(t, opened[s->open]);
	if (s->has_rtt) {
		txt_str(t, " in ");
		txt_duration(t, s->rtt_ns);
	}
	txt_str(t, "; ");
	words_bytes(t, s->side[from].payload);
	txt_str(t, " from ");
	txt_str(t, who->side[from]);
	txt_str(t, ", ");
	txt_grouped(t, s->side[!from].payload);
	txt_str(t, " from ");
	txt_str(t, who->side[!from]);
	if (*closed[s->close]) {
		txt_str(t, "; ");
		txt_str(t, closed[s->close]);
	}
	if (s->first_fin_by != TCP_NOBODY && s->close != TCP_CLOSE_SIMULTANEOUS) {
		txt_str(t, ", ");
		txt_str(t, who->side[s->first_fin_by]);
		txt_str(t, " first");
	}
	txt_char(t, '.');
	story_troubles(t, s);
}
