/*
 * tcp_ladder.h - a connection as a ladder: two life lines, time going down, an arrow a segment
 *
 *	frame  seconds     client                              server
 *	    1 0.000000   SYN-SENT |--- SYN 0 mss 1460 -------->| SYN-RCVD; opens
 *	    2 0.000112            |<--- SYN ACK 0 ack 1 -------| accepts
 *	    3 0.000140      ESTAB |--- ACK 1 ----------------->| ESTAB; handshake done
 *
 * A state stands where it begins, by the short names of RFC 9293's figure 5.  Moments are
 * folded into rows first: a long run of segments of which nothing is to be said becomes one
 * row.  Text, SVG and HTML draw the same rows.
 */
#ifndef WIRELAB_TCP_LADDER_H
#define WIRELAB_TCP_LADDER_H

#include "wirelab/tcp_words.h"

struct ladder_row {
	size_t first, n;		/* moments; n > 1: folded */
	uint64_t bytes[2];		/* payload of a and of b in it */
	size_t segments[2];
};

#define LADDER_RUN_MIN 8u		/* fewer in a row are drawn one by one */

/*
 * How the n moments become rows; at most max are written, and the number there is returned
 * (it never exceeds n).  A moment stands for itself when it opens, closes, changes a state,
 * is in trouble or has a reason worth a word; of a run of others the first two and the last one
 * do, too.
 */
size_t ladder_fold(const struct tcp_moment *moment, size_t n, struct ladder_row *row, size_t max);

/* ---- in text --------------------------------------------------------------------- */

struct ladder_style {
	unsigned columns;		/* of the terminal: at least LADDER_COLUMNS_MIN */
	bool unicode;			/* lines and arrows of the box drawing kind; else ASCII */
	bool colour;
	bool long_words;		/* explanations (tcp_words_long) below each arrow, instead of
					   the margin's few words */
	enum lang lang;			/* of all words; UTF-8 even where lines are ASCII */
};

#define LADDER_COLUMNS_MIN 76u
#define LADDER_LINE_MAX 2048u		/* bytes of one line, colours included */

/* One line at a time; private but for ladder_begin(). */
struct ladder {
	const struct tcp_story *story;
	const struct tcp_moment *moment;
	const struct ladder_row *row;
	size_t n_rows, at;
	struct ladder_style style;
	struct tcp_names who;
	unsigned left;			/* the side whose life line is there: who opened, else a */
	unsigned frame_width;		/* columns of a frame's number */
	unsigned part;			/* of the head, or of the row */
	uint8_t shown[2];		/* states that stand on the life lines */
	char words[TCP_WORDS_MAX + 64];	/* what is being wrapped at the right, or below */
	size_t words_at;
};

/* Everything is borrowed until the last line. */
void ladder_begin(struct ladder *l, const struct tcp_story *story, const struct tcp_moment *moment,
		  const struct ladder_row *row, size_t n_rows, struct ladder_style style);

/* False when there are no more lines; else the next one in t (empty on entry, at least
 * LADDER_LINE_MAX large), without a newline. */
bool ladder_line(struct ladder *l, struct txt *t);

/* "SYN-RCVD", "ESTAB": of the figure, for where there is little room. */
const char *ladder_state_name(enum tcp_state s);

#endif
