/*
 * fold.h - paragraphs brought to the width of a terminal
 *
 * Latin words stay whole, Chinese text may be broken between any two characters, but no line begins
 * with a closing mark.  Widths are those of width.h.
 */
#ifndef WIRELAB_FOLD_H
#define WIRELAB_FOLD_H

#include "wirelab/text.h"

/*
 * Append text, in lines of at most `columns` columns, of which each but the first begins with `indent`
 * blanks (the caller has put the first one's).  `at` is the column where it begins.  A newline
 * in the text ends a line.  No newline at the end.
 */
void txt_fold(struct txt *t, const char *text, size_t at, size_t indent, size_t columns);

#endif
