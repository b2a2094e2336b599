/*
 * msg_view.h - the messages of a connection, for people and for programs
 *
 * One line a call, without its newline, into the caller's buffer.  What the messages say
 * passes the gate for foreign text.
 */
#ifndef WIRELAB_MSG_VIEW_H
#define WIRELAB_MSG_VIEW_H

#include "wirelab/tcp_messages.h"
#include "wirelab/text.h"

#define MSG_VIEW_LINE 2048u	/* bytes that no line exceeds */
#define MSG_VIEW_COLUMNS 80u	/* of a message's line: its preview is cut to fit */

/* Of the connection: what tcp_story knows of it. */
struct msg_view_flow {
	uint32_t stream;
	int initiator;		/* 0, 1 or TCP_NOBODY; "->" is what that side sent, or else a */
	struct instant zero;	/* the table's times count from here: first_time */
};

/*
 * The heading of the table (both NULL), then one line a message: connection, direction and
 * number, seconds from zero to its first byte, bytes, first frame and how many more, how many
 * other messages share its first or last frame, and how it begins.
 */
void msg_view_row(struct txt *t, const struct msg_view_flow *flow, const struct tcp_message *m);

/* One line for the end of a direction: how many messages it had, and why there are no more. */
void msg_view_stop(struct txt *t, const struct msg_view_flow *flow,
		   const struct tcp_messages_stop *s);

/*
 * {"type":"message","stream","from":"a"|"b","number","offset","length","missing","order",
 *  "first_frame","last_frame","frame_count","frames":[...],"prefix_frames","first_time",
 *  "whole_time","shared","preview","preview_hex"}
 *
 * Of the frames at most TCP_MESSAGES_FRAMES are listed.  preview holds U+FFFD for what is not
 * UTF-8, preview_hex the bytes; null for both when nothing of it is here.  Times are not relative.
 */
void msg_view_json(struct txt *t, const struct msg_view_flow *flow, const struct tcp_message *m);

/*
 * {"type":"message_end","stream","from","why":tcp_messages_why_name(),"by":"fin"|"rst"|
 *  "capture"|null,"gap":"lost"|"snapped"|"no_room"|"given_up"|null,"order","messages","offset",
 *  "frame","time","length","missing","limit","conflicts","conflict_frame"}
 *
 * What has no meaning with its why is null: see struct tcp_messages_stop.
 */
void msg_view_stop_json(struct txt *t, const struct msg_view_flow *flow,
			const struct tcp_messages_stop *s);

#endif
