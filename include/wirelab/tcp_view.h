/*
 * tcp_view.h - what tcpq found, for people and for programs
 *
 * One line a call, without its newline, into the caller's buffer.
 */
#ifndef WIRELAB_TCP_VIEW_H
#define WIRELAB_TCP_VIEW_H

#include "wirelab/tcp_reason.h"
#include "wirelab/text.h"

#define TCP_VIEW_LINE 4096u	/* bytes that no line exceeds, lists of frames apart */

/* "10.0.0.1:80", "[2001:db8::1]:80" */
void tcp_view_endpoint(struct txt *t, unsigned family, const uint8_t addr[16], uint16_t port);

/*
 * The heading of the table (story NULL), then one row a connection.  With columns (0: no
 * end; else at least 80), what is too long goes on in further lines, indented, so that a terminal
 * of that width breaks none.
 */
void tcp_view_row(struct txt *t, const struct tcp_story *story, size_t columns);

/* The JSON object up to, and without, the member "trouble" and the closing brace:
 * the frames in trouble are a list of any length, and the caller's to write. */
void tcp_view_json(struct txt *t, const struct tcp_story *story);

/* One segment as a JSON object: {"type":"segment",...}. */
void tcp_view_segment_json(struct txt *t, uint32_t stream, const struct tcp_moment *m);

#endif
