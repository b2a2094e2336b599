/* tcp_segment.h - a dissected frame as the tracker wants it */
#ifndef WIRELAB_TCP_SEGMENT_H
#define WIRELAB_TCP_SEGMENT_H

#include "wirelab/pkt.h"
#include "wirelab/tcp_track.h"

/*
 * False: the frame holds no TCP segment of its own (none, or only quoted in an ICMP error), or
 * less of it than its ports.  when, frame and wire_bytes are the caller's to give; out->options
 * is `options` where there are any, which is then borrowed by *out.
 */
bool tcp_segment_from(struct tcp_segment *out, struct tcp_options *options, const struct pkt *p);

/* The addresses, ports and number of the segment that an ICMP error quotes, for
 * tcp_track_find(); false: it quotes none, or not as much. */
bool tcp_segment_quoted(struct tcp_segment *out, const struct pkt *p);

/*
 * Fill in seg->sum, which tcp_segment_from() leaves at TCP_SUM_UNKNOWN: it reads every byte of
 * the segment, so it is for those who want to know.  p is the frame that seg was made from.
 *
 * PARTIAL is a field that holds the sum of the pseudo-header and nothing else, with the length
 * (checksum offload) or without it (segmentation offload), as drivers are handed it.  By chance
 * a damaged segment looks like that once in 32768 times.
 */
void tcp_segment_check(struct tcp_segment *seg, const struct pkt *p);

#endif
