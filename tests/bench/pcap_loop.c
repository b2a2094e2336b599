/*
 * pcap_loop FILE - the least that a program over libpcap does: ask for every packet
 *
 * The ground from which bench_tcpq measures; what it counts is printed, so that one can see
 * that both read the same.
 */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	char err[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	uint64_t packets = 0, bytes = 0;
	pcap_t *p = argc == 2 ? pcap_open_offline(argv[1], err) : NULL;

	if (!p) {
		fprintf(stderr, "pcap_loop: %s\n", argc == 2 ? err : "name one file");
		return 1;
	}
	while (pcap_next_ex(p, &header, &data) == 1) {
		packets++;
		bytes += header->caplen;
	}
	pcap_close(p);
	printf("packets %" PRIu64 " bytes %" PRIu64 "\n", packets, bytes);
	return 0;
}
