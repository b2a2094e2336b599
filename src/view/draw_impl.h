/* draw_impl.h - what the drawing and the page around it share */
#ifndef WIRELAB_DRAW_IMPL_H
#define WIRELAB_DRAW_IMPL_H

#include "wirelab/tcp_draw.h"

/* ---- pieces of the output (draw_put.c) -------------------------------------------------- */

/* Our own markup, as it is. */
void draw_put(const struct draw_out *out, const char *markup);

/* The same in the output's language. */
void draw_say(const struct draw_out *out, const char *en, const char *zh);

void draw_number(const struct draw_out *out, uint64_t n);

/* x="716", with a blank in front. */
void draw_attribute(const struct draw_out *out, const char *name, uint64_t n);

void draw_grouped(const struct draw_out *out, uint64_t n);

/* Text, through txt_xml(): it may hold anything, and may be of any length. */
void draw_text(const struct draw_out *out, const char *text, size_t len);

/* ns as seconds with six decimals, as captures have them. */
void draw_seconds(const struct draw_out *out, uint64_t ns);

void draw_duration(const struct draw_out *out, uint64_t ns);

/* "10.0.0.1:80" */
void draw_endpoint(const struct draw_out *out, const struct tcp_story *story, unsigned side);

/* ---- what is said of a row -------------------------------------------------------------- */

/* The letter of its class: what kind of step it is. */
const char *draw_kind(const struct tcp_moment *m);

/* Colours are never all that tells: what went wrong has a dashed arrow, and it and whatever
 * else a reader should not miss has a mark at its words. */
bool draw_is_dashed(const struct tcp_moment *m);
bool draw_is_marked(const struct tcp_moment *m);

/* Who is drawn at the left: the client, where it is known. */
unsigned draw_left(const struct tcp_story *story);

/* Since the connection's first segment. */
uint64_t draw_since(const struct tcp_story *story, const struct tcp_moment *m);

/* "41 segments, 59,860 bytes": what one side sent in a folded row. */
void draw_run(struct txt *t, const struct ladder_row *row, unsigned side, enum lang lang);

/* The same of each side that sent, and how long it took.  At most 192 bytes. */
void draw_run_words(struct txt *t, const struct draw_connection *c, const struct ladder_row *row,
		    const struct tcp_names *who);

/* ---- the drawing within a page (draw_svg.c) --------------------------------------------- */

/* The rules that it needs, without <style> around them. */
extern const char draw_svg_style[];

/* An <svg> element without the style and without what only a document of its own has. */
void draw_svg_inline(const struct draw_out *out, const struct draw_connection *c);

#endif
