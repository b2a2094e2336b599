/*
 * flow_table FILE - the least that a program over libpcap does to tell connections apart
 *
 * Ethernet, IPv4 or IPv6, TCP; one table with open addressing that doubles when it is three
 * quarters full, and for each connection two endpoints and a few numbers of each side: what
 * anybody would write first.  No states, no options, no trouble.  bench_tcpq measures from it.
 */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key {
	uint8_t addr[2][16];		/* the smaller endpoint first */
	uint16_t port[2];
};

struct entry {
	struct key key;
	uint32_t packets[2], next[2], ack[2];
	uint8_t flags[2];
	bool used;
};

static struct {
	struct entry *entry;
	size_t size, used;		/* size is a power of two */
} table;

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t hash(const struct key *k)
{
	uint64_t h = 0, word[4];

	memcpy(word, k->addr, sizeof(word));
	for (int i = 0; i < 4; i++)
		h = (h ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ k->port[0] ^ (uint64_t)k->port[1] << 16) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

/* The connection's place, or the free one where it belongs. */
static struct entry *find(const struct key *k)
{
	size_t i = hash(k) & (table.size - 1);

	while (table.entry[i].used && memcmp(&table.entry[i].key, k, sizeof(*k)) != 0)
		i = (i + 1) & (table.size - 1);
	return &table.entry[i];
}

static void grow(void)
{
	struct entry *old = table.entry;
	size_t n = table.size;

	table.size = n ? n * 2 : 1024;
	table.entry = calloc(table.size, sizeof(*table.entry));
	if (!table.entry) {
		fprintf(stderr, "flow_table: out of memory\n");
		exit(1);
	}
	for (size_t i = 0; i < n; i++)
		if (old[i].used)
			*find(&old[i].key) = old[i];
	free(old);
}

/* n: bytes of an address; tcp: the header, of which 20 bytes are there. */
static void hear(const uint8_t *src, const uint8_t *dst, size_t n, const uint8_t *tcp,
		 uint32_t payload)
{
	uint16_t sport = be16(tcp), dport = be16(tcp + 2);
	int order = memcmp(src, dst, n);
	bool turned = order > 0 || (order == 0 && sport > dport);
	struct key k = { .port = { turned ? dport : sport, turned ? sport : dport } };

	memcpy(k.addr[turned], src, n);
	memcpy(k.addr[!turned], dst, n);
	if ((table.used + 1) * 4 > table.size * 3)
		grow();
	struct entry *e = find(&k);
	if (!e->used) {
		e->key = k;
		e->used = true;
		table.used++;
	}
	e->packets[turned]++;
	e->next[turned] = be32(tcp + 4) + payload;
	e->ack[turned] = be32(tcp + 8);
	e->flags[turned] |= tcp[13];
}

static void frame(const uint8_t *p, uint32_t len)
{
	if (len >= 54 && be16(p + 12) == 0x0800 && p[23] == 6) {
		uint32_t header = (p[14] & 15u) * 4, total = be16(p + 16);
		if (header >= 20 && 14 + header + 20 <= len && total >= header + 20)
			hear(p + 26, p + 30, 4, p + 14 + header, total - header - 20);
	} else if (len >= 74 && be16(p + 12) == 0x86dd && p[20] == 6 && be16(p + 18) >= 20) {
		hear(p + 22, p + 38, 16, p + 54, be16(p + 18) - 20u);
	}
}

int main(int argc, char **argv)
{
	char err[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	uint64_t packets = 0;
	pcap_t *p = argc == 2 ? pcap_open_offline(argv[1], err) : NULL;

	if (!p) {
		fprintf(stderr, "flow_table: %s\n", argc == 2 ? err : "name one file");
		return 1;
	}
	while (pcap_next_ex(p, &header, &data) == 1) {
		packets++;
		frame(data, header->caplen);
	}
	pcap_close(p);
	printf("packets %" PRIu64 " flows %zu\n", packets, table.used);
	return 0;
}
