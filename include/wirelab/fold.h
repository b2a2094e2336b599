/*
 * fold.h - paragraphs brought to the width of a terminal
 *
 * Lines end where txt_line() of width.h lets them, and widths are those of width.h: Latin words
 * stay whole, Chinese text may be broken between most characters, and no line begins with a
 * closing mark.
 */
#ifndef WIRELAB_FOLD_H
#define WIRELAB_FOLD_H

#include "wirelab/text.h"

/*
 * Append text, in lines of at most `columns` columns, of which each but the first begins with `indent`
 * blanks (the caller has put the first one's).  `at` is the column where it begins.  A newline
 * in the text ends a line.  No newline at the end, and no blanks at the end of a line; between
 * words there are as many as in the text.
 *
 * What may not be broken and is longer than a line has one to itself, which is then longer: an
 * address or a path that was cut could not be copied.
 */
void txt_fold(struct txt *t, const char *text, size_t at, size_t indent, size_t columns);

#endif
