/*
 * packet_words.h - a frame in a sentence, whatever it holds; TCP has tcp_words.h
 *
 *	ARP request: who has 10.0.0.2? 10.0.0.1 asks, from 02:00:00:00:00:01.
 *	ARP 应答：bob（10.0.0.2）的 MAC 地址是 02:00:00:00:00:02。
 *
 * Names and numbers only: nothing needs escaping.
 */
#ifndef WIRELAB_PACKET_WORDS_H
#define WIRELAB_PACKET_WORDS_H

#include "wirelab/lang.h"
#include "wirelab/pkt.h"
#include "wirelab/text.h"

#define PACKET_WORDS_MAX 512u	/* bytes that no sentence exceeds */
#define PACKET_NAME_MAX 63u	/* bytes of a name; longer ones may make it do so */

/* In which language, and who has which address; zeroed: in English, and nobody has a name. */
struct packet_names {
	enum lang lang;
	/* The name of who has that address, safe to show and borrowed for the call; NULL: none is
	 * known.  NULL itself: none of anybody. */
	const char *(*name_of)(const void *hosts, struct ip4 ip);
	const void *hosts;
};

/* What the frame holds; then where and why the dissection stopped, if it did. */
void packet_words(struct txt *t, const struct pkt *p, const struct packet_names *who);

/* Where and why the dissection stopped: "EtherType 35020", "IPv4: bad length"; nothing with V_OK. */
void packet_words_stop(struct txt *t, const struct pkt *p, enum lang lang);

#endif
