/* What one frame costs: Ethernet, IPv4 and TCP with timestamps, as nearly all of them are. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "wirelab/pkt.h"

#define FRAMES 4096u
#define ROUNDS 2000u
#define FRAME_LEN 66u

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static void build(uint8_t *frame, uint32_t n)
{
	static const uint8_t options[12] = { 1, 1, 8, 10 };
	struct wr w = wr_over(frame, FRAME_LEN);
	struct eth_hdr eth = { .type = ETH_IPV4 };
	struct ip4_hdr ip = { .total_len = 1500, .ttl = 64, .proto = IP_PROTO_TCP,
			      .src = { { 192, 0, 2, 1 } }, .dst = { { 192, 0, 2, 2 } } };
	struct tcp_hdr tcp = { .sport = (uint16_t)n, .dport = 80, .seq = n * 1448,
			       .flags = TCP_ACK };

	eth_build(&w, &eth);
	ip4_build(&w, &ip);
	tcp_build(&w, &tcp, options, sizeof(options));
}

static double per_frame(const uint8_t *frames, int with_options)
{
	uint64_t sum = 0, start = now_ns();
	struct tcp_options o;
	struct pkt p;
	size_t at;

	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned i = 0; i < FRAMES; i++) {
			pkt_dissect(&p, 1, frames + i * FRAME_LEN, FRAME_LEN, 1514);
			sum += p.tcp.seq + p.payload_wire;
			if (with_options && pkt_tcp_options(&p, &o, &at) == V_OK)
				sum += o.ts_val;
		}
	double ns = (double)(now_ns() - start) / ROUNDS / FRAMES;
	/* The sum is printed so that no compiler leaves the work out. */
	fprintf(stderr, "  (%" PRIx64 ")\n", sum);
	return ns;
}

int main(void)
{
	uint8_t *frames = calloc(FRAMES, FRAME_LEN);

	if (!frames)
		return 1;
	for (unsigned i = 0; i < FRAMES; i++)
		build(frames + i * FRAME_LEN, i);
	printf("  pkt_dissect                     %5.1f ns a frame\n", per_frame(frames, 0));
	printf("  pkt_dissect, pkt_tcp_options    %5.1f ns a frame\n", per_frame(frames, 1));
	free(frames);
	return 0;
}
