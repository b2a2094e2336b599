/*
 * file_header.h - what is said of a file before it is sent, and what a name may be
 *
 *	{"filename": "film.mp4", "filesize": 1048576, "sha256": "9f86d0..."}
 *
 * A JSON object (RFC 8259), one message (msg.h); behind it come exactly `filesize` bytes.
 * The sender may write the whole path that the file has over there: it is the receiver who
 * decides where a file goes, so what counts is behind the last / or \ of it.
 */
#ifndef WIRELAB_FILE_HEADER_H
#define WIRELAB_FILE_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wirelab/text.h"

#define FILE_HEADER_MAX (UINT32_C(64) << 10)	/* bytes of JSON that are read */
#define FILE_NAME_MAX 255u			/* NAME_MAX of Linux; in bytes */
#define FILE_SHA256_LEN 32u
#define FILE_SHA256_STRLEN (2u * FILE_SHA256_LEN + 1u)	/* as hexadecimal text, with its NUL */

struct file_header {
	char name[FILE_NAME_MAX + 1];	/* file_name()'s */
	uint64_t size;			/* bytes; at most 2^63-1 */
	bool has_sha256;
	uint8_t sha256[FILE_SHA256_LEN];
};

/*
 * The name to store a file under whose sender calls it so (len bytes): what is behind the last
 * / or \.  NULL, and out untouched: there is no such name.  *why then says so in words, without
 * any of the name: it is empty, "." or "..", over FILE_NAME_MAX bytes, not UTF-8, or has a
 * control character (utf8_is_control()) in it.
 */
const char *file_name(const char *sent, size_t len, char out[static FILE_NAME_MAX + 1],
		      const char **why);

/*
 * Read len bytes of JSON.  False, *out untouched and the reason in why[], in which there may be
 * any bytes from outside: it is longer than FILE_HEADER_MAX; it is not JSON, or a key is in it
 * twice; there is no acceptable name, no whole number of bytes from 0 to 2^63-1, or a sha256
 * other than 64 hexadecimal digits.  Other keys are passed over.
 */
bool file_header_parse(const void *json, size_t len, struct file_header *out, char why[static 256]);

/* Append the JSON object of h, in UTF-8. */
void file_header_put(struct txt *t, const struct file_header *h);

/* "9f86d0...": lower case. */
const char *file_sha256_text(const uint8_t sha256[static FILE_SHA256_LEN],
			     char buf[static FILE_SHA256_STRLEN]);

#endif
