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

bool words_in_trouble(const struct tcp_moment *m, enum tcp_trouble k);

#endif
