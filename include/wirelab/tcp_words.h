/*
 * tcp_words.h - what happened on a connection, in words
 *
 * The same words stand at the margin of a ladder, in an explanation, in a picture and in the
 * comment of a frame, in the language that the learner chose.  Into the caller's buffer; our
 * own words and numbers only, so that nothing here needs escaping.
 */
#ifndef WIRELAB_TCP_WORDS_H
#define WIRELAB_TCP_WORDS_H

#include "wirelab/lang.h"
#include "wirelab/tcp_reason.h"
#include "wirelab/text.h"

#define TCP_WORDS_MAX 1536u	/* bytes that none of these exceed */
#define TCP_NAME_MAX 63u	/* bytes of a side's name; longer ones may make them do so */

/* How the two sides are called, and in which language all is said of them. */
struct tcp_names {
	const char *side[2];	/* safe to show: our own words, or passed txt_foreign() */
	enum lang lang;
	bool common;		/* nouns of the language ("client"), so that a sentence that begins
				   with one begins with a capital; a host's name ("alice") stays as
				   it is written */
};

/* By what they did, where that was seen: "client" and "server", or what the language has for
 * them, when it is known who opened; else "a" and "b". */
struct tcp_names tcp_names_of(int initiator, enum lang lang);

/* "SYN ACK", "PSH ACK", in the order of Wireshark's list; "-" for none.  In every language. */
void tcp_words_flags(struct txt *t, uint16_t flags);

/* What stands on the arrow: "SYN 0 (mss 1460)", "PSH ACK 1:101 ack 1", "ACK 101". */
void tcp_words_arrow(struct txt *t, const struct tcp_moment *m);

/* "zero window": the kind of trouble by itself. */
void tcp_words_trouble(struct txt *t, enum tcp_trouble k, enum lang lang);

/* For the margin, a few words: "held back by Nagle until 7". */
void tcp_words_short(struct txt *t, const struct tcp_moment *m, enum lang lang);

/* One or more sentences, trouble and notes included, each with the section that has it. */
void tcp_words_long(struct txt *t, const struct tcp_moment *m, const struct tcp_names *who);

/* "A complete handshake in 0.5 ms; 1,312 bytes from client, ...": a connection in a sentence
 * or two. */
void tcp_words_story(struct txt *t, const struct tcp_story *s, const struct tcp_names *who);

#endif
