/* packet_words.h - a frame in a sentence, whatever it holds; TCP has tcp_words.h */
#ifndef WIRELAB_PACKET_WORDS_H
#define WIRELAB_PACKET_WORDS_H

#include "wirelab/pkt.h"
#include "wirelab/text.h"

/* "ARP request: who has 10.0.0.2? 10.0.0.1 (02:00:00:00:00:01) asks.", then where and why the
 * dissection stopped, if it did.  Names and numbers only: nothing needs escaping.  No more
 * than 512 bytes. */
void packet_words(struct txt *t, const struct pkt *p);

/* Where and why the dissection stopped: "EtherType 35020", "IPv4: bad length"; nothing with V_OK. */
void packet_words_stop(struct txt *t, const struct pkt *p);

#endif
