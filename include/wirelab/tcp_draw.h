/*
 * tcp_draw.h - a connection's ladder as a picture: SVG, and a page around it
 *
 * Self-contained: no script, no font, no image from elsewhere.  Text in the drawing is text, so
 * that it can be selected, searched and read aloud; a table with the same content follows it
 * in the page.  What came from outside passes txt_xml() (text.h).
 */
#ifndef WIRELAB_TCP_DRAW_H
#define WIRELAB_TCP_DRAW_H

#include "wirelab/tcp_ladder.h"

/* A piece of the output; the drawing does not know what becomes of it. */
struct draw_out {
	void (*put)(void *context, const char *bytes, size_t len);
	void *context;
	enum lang lang;			/* of all words in it */
};

struct draw_connection {
	const struct tcp_story *story;
	const struct tcp_moment *moment;
	size_t n_moments;
	const struct ladder_row *row;
	size_t n_rows;
};

/* One SVG document of one connection, XML declaration included. */
void draw_svg(const struct draw_out *out, const struct draw_connection *c);

/*
 * A page: begin, then each connection, then end.  file: the capture's name, raw bytes, escaped
 * here; n: how many connections will come (the page begins with a list of them).
 */
void draw_page_begin(const struct draw_out *out, const char *file, const struct tcp_story *story,
		     size_t n);
void draw_page_connection(const struct draw_out *out, const struct draw_connection *c);
void draw_page_end(const struct draw_out *out);

#endif
