/*
 * phrase.h - sentences as patterns: text with named holes (private to view)
 *
 *	"{me}确认{frame}的 SYN。"	"alice 确认第 2 帧的 SYN。"	me: alice
 *					"客户端确认第 2 帧的 SYN。"	me: 客户端
 *
 * A Chinese character stands apart from a Latin letter or a digit by a blank.  Where a hole
 * meets text, that blank is put in here, since only what fills the hole shows whether it is
 * wanted.
 */
#ifndef WIRELAB_PHRASE_H
#define WIRELAB_PHRASE_H

#include "wirelab/lang.h"
#include "wirelab/text.h"

/* Appends what the facts have for its name: nothing, or at most PHRASE_HOLE_MAX - 1 bytes. */
struct phrase_hole {
	const char *name;
	void (*fill)(struct txt *t, const void *facts);
};

#define PHRASE_HOLE_MAX 256u

/* hole ends with a name of NULL, and has every name that stands between braces. */
void phrase_fill(struct txt *t, const char *pattern, const struct phrase_hole *hole,
		 const void *facts);

/* Append s, after a blank where it takes one. */
void phrase_add(struct txt *t, const char *s);

/* txt_duration() in either language: units have their international signs in both, but days. */
void phrase_duration(struct txt *t, uint64_t ns, enum lang lang);

/* "1 byte", "1,460 bytes", "1,460 字节" */
void phrase_bytes(struct txt *t, uint64_t n, enum lang lang);

#endif
