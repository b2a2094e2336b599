/* tcp_words_impl.h - the pieces of which words and sentences are made (private to view/tcp_*.c) */
#ifndef WIRELAB_TCP_WORDS_IMPL_H
#define WIRELAB_TCP_WORDS_IMPL_H

#include "wirelab/tcp_words.h"

/* "1 byte", "1,460 bytes" */
void words_amount(struct txt *t, uint64_t n, const char *one, const char *many);
void words_bytes(struct txt *t, uint64_t n);
/* "frame 7": the cause, which must be known. */
void words_frame(struct txt *t, const struct tcp_moment *m);
/* " in frame 7", where it is known. */
void words_in_frame(struct txt *t, const char *before, const struct tcp_moment *m);
/* " after 40.000 ms", where the cause is known. */
void words_after(struct txt *t, const struct tcp_moment *m);

/* What the margin says beside the reason, in this order. */
enum { WORDS_MARGIN_TROUBLES = 5 };
extern const uint8_t words_margin_trouble[WORDS_MARGIN_TROUBLES];

/* Whether k is to be said of m in the margin; whether the sentences are to name it because the
 * reason has not told of it. */
bool words_in_margin(const struct tcp_moment *m, enum tcp_trouble k);
bool words_untold(const struct tcp_moment *m, enum tcp_trouble k);

/* What one language has to say; tcp_words.c chooses. */
struct words_tongue {
	void (*trouble)(struct txt *t, enum tcp_trouble k);
	void (*brief)(struct txt *t, const struct tcp_moment *m);
	void (*sentences)(struct txt *t, const struct tcp_moment *m, const struct tcp_names *who);
	void (*story)(struct txt *t, const struct tcp_story *s, const struct tcp_names *who);
};

extern const struct words_tongue words_chinese;	/* tcp_sentences_zh.c */

/* English: the margin is in tcp_words.c, the rest in tcp_sentences.c. */
void words_sentences(struct txt *t, const struct tcp_moment *m, const struct tcp_names *who);
void words_story(struct txt *t, const struct tcp_story *s, const struct tcp_names *who);

#endif
