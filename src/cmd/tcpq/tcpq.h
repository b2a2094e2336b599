/*
 * tcpq.h - what the parts of tcpq share
 *
 *	tcpq.c (one folder up)  options
 *	session.c               beginning and end, memory, output
 *	live.c                  -i: frames as they pass
 *	table.c                 the tracker's memory
 *	hear.c                  frames -> segments, fragments, skipped headers
 *	objects.c               the table's lines and the JSON objects
 *	packets.c               --arp, --frag, --udp
 *	messages.c              --messages
 *	ladder.c                moments kept by connection, for what is drawn afterwards
 *	write.c                 -w: each frame with what is to be said of it
 *
 * A frame is heard once.  What follows is decided by `struct view`: each thing that can be
 * asked for fills in the calls that it needs.
 */
#ifndef TCPQ_H
#define TCPQ_H

#include <stdio.h>

#include "wirelab/arp_exchange.h"
#include "wirelab/arp_tally.h"
#include "wirelab/capfile.h"
#include "wirelab/ip_fragments.h"
#include "wirelab/lang.h"
#include "wirelab/pkt.h"
#include "wirelab/tcp_ladder.h"
#include "wirelab/tcp_messages.h"
#include "wirelab/tcp_reason.h"
#include "wirelab/tcp_segment.h"
#include "wirelab/tcp_view.h"
#include "wirelab/udp_exchange.h"

/* DESIGN 9: the same for every tool. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_NOTHING = 1,		/* no such connection */
	EXIT_USAGE = 2,
	EXIT_DAMAGED = 3,
	EXIT_OUTPUT_LOST = 5,		/* the worse, the higher: see worst() */
	EXIT_LINK_GONE = 6,
	EXIT_NOT_PERMITTED = 7,
};

struct tcpq;

/* A record and what it holds; borrowed for the call. */
struct heard {
	const struct capr_record *rec;
	const struct pkt *pkt;
	const struct pkt *piece;	/* the fragment that completed pkt; NULL: it came in one */
	unsigned fragments;
};

/* A segment or an ICMP error about one, and why it was sent. */
struct heard_tcp {
	uint32_t flow;
	uint64_t frame;
	uint32_t trouble;			/* bits 1 << TCP_T_... */
	const struct tcp_moment *moment;	/* NULL unless a view asked for reasons */
	const struct tcp_segment *seg;		/* NULL: an ICMP error */
	const struct heard *heard;
	unsigned from;				/* as in tcp_told */
	bool fresh;
};

/* What one way to look at a capture wants to be told; what is NULL, it does not. */
struct view {
	bool reasons;			/* moments are worked out */
	bool (*begin)(struct tcpq *q);	/* false: it said why not, and q->status */
	void (*segment)(struct tcpq *q, const struct heard_tcp *tcp);
	/* A connection is over: it closed (live), another took its place, or the capture ended. */
	void (*story)(struct tcpq *q, const struct tcp_story *story);
	/* What a frame holds, and then what was put together with it; before its segment. */
	void (*packet)(struct tcpq *q, const struct heard *h);
	void (*frame)(struct tcpq *q, const struct heard *h);	/* after its segments */
	void (*end)(struct tcpq *q, const char *damage);
};

#define VIEWS_MAX 2u

enum what {
	SHOW_TABLE, SHOW_JSON, SHOW_SEGMENTS, SHOW_LADDER, SHOW_MESSAGES, SHOW_ARP, SHOW_FRAG,
	SHOW_UDP, SHOW_DRAWING,
};

#define STREAM_ALL UINT32_MAX

struct options {
	enum what what;
	uint32_t stream;		/* STREAM_ALL, or the only one to show */
	bool json;			/* with what came with it */
	bool explain;
	enum msg_order order;		/* of the lengths of messages */
	const char *filter;		/* a pcap-filter(7) expression; NULL */
	const char *ifname;		/* live; NULL */
	uint64_t count;			/* stop after so many frames; 0: never */
	uint32_t snaplen;		/* live; 0: all of each frame */
	bool promiscuous;
	const char *svg, *html, *write;	/* files to be written; NULL */
	enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } color;
	enum lang lang;			/* of ladders, drawings and remarks; the rest is English */
};

/* A segment in trouble. */
struct trouble {
	uint32_t stream;
	uint32_t kinds;			/* bits 1 << TCP_T_... */
	uint64_t frame;
};

/* A header that nobody here reads, or that could not be read, and how often. */
struct skip {
	char name[80];
	uint64_t frames;
};

#define REASSEMBLIES 64u
#define SKIPS_MAX 64u
#define ATOMIC_MAX 64u
#define CLOSED_MAX 1024u

/* A connection's moments, for those who draw it when all is known. */
struct kept {
	struct tcp_story story;
	struct tcp_moment *moment;
	size_t n, max;
	bool over;			/* story is told */
};

struct tcpq {
	const struct options *opt;
	const struct view *view[VIEWS_MAX];
	unsigned n_views;
	bool reasons;			/* a view wants them */
	const char *path;		/* of the capture */
	unsigned columns;		/* of the terminal; 0: standard output is none */
	bool colour;
	uint8_t secret[16];

	struct tcp_track *track;
	size_t flows;			/* that track and past have room for */
	void *track_memory;
	size_t track_size;
	struct tcp_past **past;		/* by flow; with reasons only */
	size_t n_past;			/* none at or behind it */
	uint32_t closed[CLOSED_MAX];	/* flows, in the order in which they closed */
	uint64_t n_closed;		/* ever */
	bool live;			/* a connection is told when it closes ... */
	bool *told;			/* ... by flow: it was; NULL unless live */
	uint32_t telling;		/* the flow whose story is being told */

	struct ipasm *ipasm;
	struct arp_tally arp;
	uint64_t frames, bytes, tcp_frames, tcp_streams;
	uint64_t frag4_frames, frag6_frames, frag4_whole, frag6_whole, frag4, frag6;
	struct ipasm_key atomic[ATOMIC_MAX];
	size_t n_atomic;
	struct skip skip[SKIPS_MAX];
	size_t n_skips;
	uint64_t more_skips;

	/* objects.c: an object names every frame in trouble, so it is written at the end. */
	struct trouble *trouble;
	size_t n_trouble, max_trouble;
	struct tcp_story *story;	/* of those whose place was taken by others */
	size_t n_stories, max_stories, stories_put, trouble_put;
	bool sorted;
	bool ending;			/* the rest is told now, in the order of their numbers */
	bool heading_said;

	/* ladder.c: by stream; live, where streams never end, by flow */
	struct kept *kept;
	size_t n_kept, max_kept;

	FILE *drawing;

	/* packets.c, each only with its view */
	struct arpx *arpx;
	struct ipfrag *ipfrag;
	struct udpx *udpx;
	struct instant zero;		/* of the first frame */

	/* messages.c: as ladder.c; NULL: none, or over */
	struct tcp_messages **spoken;
	size_t n_spoken, max_spoken;

	/* write.c */
	struct capw capw;
	FILE *capture;
	bool capture_made;		/* it was not there before */
	const struct capr_interface **iface;	/* that capw knows, by its numbers */
	size_t n_ifaces, max_ifaces;
	char remark[TCP_WORDS_MAX + 64];	/* of the frame at hand */

	int status;			/* the worst so far: enum exit_status */
};

/* session.c ------------------------------------------------------------------------ */

/* One line on standard error; what it is given may hold any bytes. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void out_of_memory(void);
void *grown(void *list, size_t n, size_t *max, size_t size);	/* room for one more */
void put_line(struct txt *t);		/* with a newline, to standard output */
void flush_output(void);
void output_is_lost(int error);		/* an errno, for finish() to tell */
bool output_is_well(void);
void worst(struct tcpq *q, int status);
bool session_begin(struct tcpq *q);
void session_end(struct tcpq *q, const char *damage);
void catch_signals(void);
bool interrupted(void);			/* SIGINT or SIGTERM came */
int read_capture(const struct options *opt, const char *path);
/* To every view. */
void tell_story(struct tcpq *q, uint32_t flow, const struct tcp_story *story);
int finish(int status);

/* live.c ----------------------------------------------------------------------------- */

int read_interface(const struct options *opt);

/* hear.c --------------------------------------------------------------------- */

void hear_record(struct tcpq *q, const struct capr_record *rec);

/* table.c ---------------------------------------------------------------------------- */

void *pages(size_t size);		/* zeroed, and cost nothing until they are used */
void begin_table(struct tcpq *q);
void make_room(struct tcpq *q);		/* for a connection more */
struct tcp_past *past_of(struct tcpq *q, uint32_t flow);
void past_closed(struct tcpq *q, uint32_t flow);
void end_table(struct tcpq *q);

static inline uint32_t stream_of(const struct tcpq *q, const struct heard_tcp *tcp)
{
	return tcp_track_stream(q->track, tcp->flow);
}

static inline bool is_wanted(const struct tcpq *q, uint32_t stream)
{
	return q->opt->stream == STREAM_ALL || q->opt->stream == stream;
}

/* Live: it had its line, or its object, and what still comes belongs to nothing. */
static inline bool is_told(const struct tcpq *q, uint32_t flow)
{
	return q->told && q->told[flow];
}

/* write.c ---------------------------------------------------------------------------- */

/* -w's file, still as it was: the view's begin() empties it.  False: it said why not. */
bool write_open(struct tcpq *q);
void write_forget(struct tcpq *q);	/* it will not be needed */

/* The views --------------------------------------------------------------------------------- */

extern const struct view view_table, view_json, view_segments, view_ladder, view_messages, view_arp,
	view_frag, view_udp, view_draw, view_write;

#endif
