/* utf8.h - which bytes make a character (RFC 3629) */
#ifndef WIRELAB_UTF8_H
#define WIRELAB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The character at the front of len (>= 1) bytes: its length 1..4 and its code point, or
 * 0 (and *code untouched) when the first byte does not begin one: no overlong form, no
 * surrogate, nothing beyond U+10FFFF, and nothing that is cut off at the end.
 */
size_t utf8_decode(const uint8_t *bytes, size_t len, uint32_t *code);

/*
 * How many of the last of len bytes (0..3) begin a character and are not all of it: what to
 * keep until more has been read.  Bytes that no further ones can make a character are not
 * waited for.
 */
size_t utf8_unfinished(const uint8_t *bytes, size_t len);

/* A control character: C0, DEL or C1 (ISO 6429). */
static inline bool utf8_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

#endif
