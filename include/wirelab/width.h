/*
 * width.h - how many columns of a terminal a text takes, and filling and cutting by columns
 *
 * A Chinese character or an emoji takes two columns, a combining mark none; bytes say
 * nothing about either.  So texts with names or payload in them are lined up with these,
 * never with txt_column() or a printf width.
 *
 * What comes from outside passes txt_foreign() first: it leaves no control character, no
 * joiner and no variation selector, so that widths of characters simply add up.  Widths
 * are those of UAX #11 and of wcwidth(3); a terminal with other fonts or an older Unicode
 * may draw some characters otherwise, and nobody can ask it.
 */
#ifndef WIRELAB_WIDTH_H
#define WIRELAB_WIDTH_H

#include "wirelab/text.h"

/* Columns of one character: 0 (combining marks, what cannot be seen, controls), 1 or 2. */
unsigned width_of(uint32_t code);

/* Columns of len bytes of UTF-8.  A byte that belongs to no character counts as one. */
size_t txt_width(const char *s, size_t len);

/*
 * Append len bytes of UTF-8 that is safe to show, in at most `columns` columns.  When that
 * is not enough, whole characters with their combining marks are left away at the end and
 * `mark` ("...", or one character of your own) stands in the last columns; a mark wider than
 * all of them is cut, too.  Where a wide character would stick out, a column stays empty.
 */
void txt_cut_columns(struct txt *t, const char *s, size_t len, size_t columns, const char *mark);

/* The bytes of the longest beginning, of whole characters, that is at most `columns` wide. */
size_t txt_beginning(const char *s, size_t len, size_t columns);

/*
 * How many of len bytes of UTF-8 make a line of at most `columns` columns: all of them, or as
 * many as there are up to a blank, with which the rest then begins, or up to a place beside a
 * wide character.  There a line may end anywhere, but not before closing punctuation, nor
 * behind an opening bracket (UAX #14).  0: not even the first word fits.
 */
size_t txt_line(const char *s, size_t len, size_t columns);

/* Blanks up to column `column` (from 0, of everything in t), at least one unless t is empty. */
void txt_pad(struct txt *t, size_t column);

#endif
