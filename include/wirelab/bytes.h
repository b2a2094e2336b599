/*
 * bytes.h - reading and writing network-order bytes without ever leaving the buffer
 *
 * A struct rd walks forward over bytes that somebody else sent us.  It keeps a
 * single sticky error: once a read would pass the end, the cursor is bad, every
 * later read returns zero, and the caller asks rd_ok() once, after the last read.
 * rd_take() cuts a shorter cursor off the front: an inner parser that is given
 * one cannot see past its own length, whatever the lengths inside it claim.
 *
 * A struct wr is the mirror image.  It never writes past cap; wr_ok() tells
 * whether everything found its place.
 */
#ifndef WIRELAB_BYTES_H
#define WIRELAB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rd {
	const uint8_t *at;	/* next unread byte; borrowed, never freed here */
	size_t left;		/* bytes from at to the end */
	bool bad;		/* a read has already run past the end */
};

static inline struct rd rd_over(const void *data, size_t len)
{
	return (struct rd){ .at = data, .left = len };
}

static inline bool rd_ok(const struct rd *r)
{
	return !r->bad;
}

/* The next len bytes, or NULL (and a bad cursor) when fewer are left. */
static inline const uint8_t *rd_bytes(struct rd *r, size_t len)
{
	/* The lengths are compared, never at + len with an end: that sum may overflow. */
	if (r->bad || len > r->left) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *p = r->at;
	/* An empty buffer may stand at NULL, and even NULL + 0 is undefined in C. */
	if (len) {
		r->at += len;
		r->left -= len;
	}
	return p;
}

static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);
	return p ? p[0] : 0;
}

static inline uint16_t rd_be16(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 2);
	return (uint16_t)(p ? p[0] << 8 | p[1] : 0);
}

static inline uint32_t rd_be32(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 4);
	/* Widen before shifting: p[0] << 24 on an int is undefined from 0x80 up. */
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

/* Copies len bytes to dst; dst is zeroed when they are not there. */
static inline void rd_copy(struct rd *r, void *dst, size_t len)
{
	const uint8_t *p = rd_bytes(r, len);
	if (p)
		memcpy(dst, p, len);
	else
		memset(dst, 0, len);
}

static inline void rd_skip(struct rd *r, size_t len)
{
	(void)rd_bytes(r, len);
}

/* A cursor over the next len bytes alone; both are bad when they are not there. */
static inline struct rd rd_take(struct rd *r, size_t len)
{
	const uint8_t *p = rd_bytes(r, len);
	/* The error, not p, tells: nothing taken from an empty buffer at NULL is fine. */
	return rd_ok(r) ? rd_over(p, len) : (struct rd){ .at = r->at, .bad = true };
}

struct wr {
	uint8_t *buf;		/* borrowed */
	size_t cap;
	size_t len;		/* bytes written so far, <= cap */
	bool bad;		/* a write did not fit; nothing was written from there on */
};

static inline struct wr wr_over(void *buf, size_t cap)
{
	return (struct wr){ .buf = buf, .cap = cap };
}

static inline bool wr_ok(const struct wr *w)
{
	return !w->bad;
}

/* Room for len bytes at the end, or NULL (and a bad cursor). */
static inline uint8_t *wr_room(struct wr *w, size_t len)
{
	if (w->bad || len > w->cap - w->len) {
		w->bad = true;
		return NULL;
	}
	uint8_t *p = w->buf + w->len;
	w->len += len;
	return p;
}

static inline void wr_copy(struct wr *w, const void *src, size_t len)
{
	uint8_t *p = wr_room(w, len);
	if (p)
		memcpy(p, src, len);
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
	wr_copy(w, &v, 1);
}

static inline void wr_be16(struct wr *w, uint16_t v)
{
	wr_copy(w, (uint8_t[]){ (uint8_t)(v >> 8), (uint8_t)v }, 2);
}

static inline void wr_be32(struct wr *w, uint32_t v)
{
	wr_copy(w, (uint8_t[]){ (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
				(uint8_t)v }, 4);
}

static inline void wr_zero(struct wr *w, size_t len)
{
	uint8_t *p = wr_room(w, len);
	if (p)
		memset(p, 0, len);
}

#endif
