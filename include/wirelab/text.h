/*
 * text.h - lines put together in a buffer of fixed size, and the gate for foreign text
 *
 * Whatever came from a packet, a file or the environment passes txt_foreign(),
 * txt_json() or txt_xml() on its way out: no control character, escape sequence or
 * broken UTF-8 reaches a terminal, a program or a page.  What does not fit is left out
 * and remembered in `cut`; the buffer always holds a string, and no character of it is cut.
 */
#ifndef WIRELAB_TEXT_H
#define WIRELAB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wirelab/addr.h"

struct txt {
	char *buf;		/* NUL-terminated at all times */
	size_t cap;		/* bytes at buf, the NUL's included; at least 1 */
	size_t len;
	bool cut;
};

struct txt txt_over(char *buf, size_t cap);

void txt_bytes(struct txt *t, const char *s, size_t len);	/* these; all or none of them */

/* Our own words, as they are.  Here, so that the length of a literal is the compiler's work. */
static inline void txt_str(struct txt *t, const char *s)
{
	txt_bytes(t, s, strlen(s));
}

void txt_char(struct txt *t, char c);
void txt_u64(struct txt *t, uint64_t n);
void txt_ip(struct txt *t, struct ip4 ip);
void txt_mac(struct txt *t, struct mac mac);

/* family 4: the first four bytes of addr; else all of them, as RFC 5952 writes an IPv6 address. */
void txt_address(struct txt *t, unsigned family, const uint8_t addr[16]);

/* Blanks up to column `column` (from 0, counted in bytes from the start), at least one
 * unless the text is empty. */
void txt_column(struct txt *t, size_t column);

/* "0.412 ms", "12.3 s", "3 min 20 s", "2 h 5 min", "89 days": for people. */
void txt_duration(struct txt *t, uint64_t ns);

/* The same without milliseconds: "0.4 s", "12.3 s", "3 min 20 s". */
void txt_age(struct txt *t, uint64_t ns);

/* "12.300000000": for programs. */
void txt_seconds(struct txt *t, uint64_t ns);

/* "65,536" */
void txt_grouped(struct txt *t, uint64_t n);

/* At most six letters: "1460", "98.2k", "1.2M", cut off, not rounded. */
void txt_amount(struct txt *t, uint64_t n);

/* len bytes from outside, made safe for a terminal: a control character (C0, DEL, C1), a
 * character that turns the direction of text or cannot be seen, and a byte that is not
 * UTF-8 becomes \xHH for each of its bytes; everything else stays. */
void txt_foreign(struct txt *t, const void *bytes, size_t len);

/* The same bytes as a JSON string, quotes included (RFC 8259): control characters as
 * \u00HH, bytes that are not UTF-8 as U+FFFD. */
void txt_json(struct txt *t, const void *bytes, size_t len);

/* The same bytes as character data or an attribute's value, in either kind of quotes, of XML,
 * SVG or HTML: the five characters of markup as entities, and the rest as txt_foreign() has it,
 * newlines and tabs included, since a label of a drawing is one line.  What XML 1.0 2.2 does
 * not allow in any form never appears. */
void txt_xml(struct txt *t, const void *bytes, size_t len);

#endif
