/* packet_lines.h - what the views of single packets share: lines, columns, addresses */
#ifndef WIRELAB_PACKET_LINES_H
#define WIRELAB_PACKET_LINES_H

#include "wirelab/json.h"
#include "wirelab/text.h"
#include "wirelab/udp_exchange.h"

#define PACKET_COLUMNS 80u

/* A buffer that holds several lines; columns are counted from the last newline. */
static inline void line_column(struct txt *t, size_t column)
{
	size_t begin = t->len;

	while (begin > 0 && t->buf[begin - 1] != '\n')
		begin--;
	if (t->len > begin)
		txt_char(t, ' ');
	while (t->len - begin < column && !t->cut)
		txt_char(t, ' ');
}

/* Begins a line below the row. */
static inline void line_below(struct txt *t, size_t column)
{
	txt_char(t, '\n');
	line_column(t, column);
}

static inline void line_heading(struct txt *t, const char *const name[], const size_t at[],
				size_t n)
{
	for (size_t i = 0; i < n; i++) {
		line_column(t, at[i]);
		txt_str(t, name[i]);
	}
}

/* "key":"10.0.0.1" */
void packet_address_json(struct txt *t, const char *key, unsigned family, const uint8_t addr[16]);

/* ["10.0.0.1",53] */
void packet_endpoint_json(struct txt *t, const char *key, unsigned family,
			  const struct udp_endpoint *end);

/* "1 fragment", "3 fragments": how many of what. */
void packet_count(struct txt *t, uint64_t n, const char *what);

/* "41 us", "530 ms", "4.2 s": between two frames; never more than eight columns below a minute. */
void packet_latency(struct txt *t, uint64_t ns);

#endif
