/* bytes.c - sending all, receiving what there is, and messages made of both */
#include "wirelab/demo.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * send() may take fewer bytes than it is given: as many as the socket's buffer has room for
 * when a signal interrupts it.  Whoever looks at its result only for -1 loses the rest.
 */
static int send_all(int fd, const uint8_t *at, size_t left, int flags)
{
	while (left > 0) {
		ssize_t n = send(fd, at, left, flags);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			at += n;
			left -= (size_t)n;
		}
	}
	return 0;
}

int demo_send_all(int fd, const void *bytes, size_t len)
{
	return send_all(fd, bytes, len, 0);
}

ssize_t demo_receive(int fd, void *buf, size_t cap)
{
	ssize_t n;

	do
		n = recv(fd, buf, cap, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

ssize_t demo_receive_all(int fd, void *buf, size_t len)
{
	uint8_t *at = buf;
	size_t got = 0;

	while (got < len) {
		ssize_t n = demo_receive(fd, at + got, len - got);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/* ---- messages --------------------------------------------------------------------------- */

int demo_send_message(int fd, enum msg_order order, const void *bytes, size_t len)
{
	uint8_t prefix[MSG_PREFIX];
	struct wr w = wr_over(prefix, sizeof(prefix));

	if (len > UINT32_MAX || !msg_prefix_build(&w, order, (uint32_t)len)) {
		errno = EMSGSIZE;
		return -1;
	}
	/* MSG_MORE: keep the four bytes until the message is there.  Sent by themselves they
	 * would make it wait for the other side's ACK (RFC 896). */
	if (send_all(fd, prefix, sizeof(prefix), len > 0 ? MSG_MORE : 0) < 0)
		return -1;
	return send_all(fd, bytes, len, 0);
}

/* Room for `more` bytes behind those that there are, and a NUL. */
static bool make_room(uint8_t **block, size_t *cap, size_t used, size_t more)
{
	if (more <= *cap - used)
		return true;
	uint8_t *grown = realloc(*block, used + more + 1);
	if (!grown)
		return false;
	*block = grown;
	*cap = used + more;
	return true;
}

/* What to ask for next: never a byte of the message after this one, and never more memory for
 * what has only been announced than for what has come. */
static size_t next_step(const struct msg *m, size_t used)
{
	size_t step = used > DEMO_STEP ? used : DEMO_STEP;

	if (m->have < MSG_PREFIX)
		return MSG_PREFIX - m->have;
	return m->left < step ? m->left : step;
}

static enum demo_got judge_end(const struct msg *m, ssize_t received)
{
	uint32_t missing;

	if (received < 0)
		return DEMO_ERROR;
	return msg_end(m, &missing) == MSG_CLEAN ? DEMO_ENDED : DEMO_CUT;
}

enum demo_got demo_receive_message(int fd, struct msg *m, uint8_t **bytes, uint32_t *len)
{
	struct msg_part part = { .last = false };
	uint8_t *block = NULL;
	size_t cap = 0, used = 0;

	while (!part.last) {
		size_t step = next_step(m, used);
		if (!make_room(&block, &cap, used, step)) {
			free(block);
			errno = ENOMEM;
			return DEMO_ERROR;
		}
		ssize_t n = demo_receive(fd, block + used, step);
		struct rd r = rd_over(block + used, n > 0 ? (size_t)n : 0);
		if (!msg_next(m, &r, &part)) {
			int error = errno;
			free(block);
			errno = error;
			return m->refused ? DEMO_REFUSED : judge_end(m, n);
		}
		/* The prefix is the reader's to keep: the message takes its place. */
		used += part.is_prefix ? 0 : part.len;
	}
	assert(block);		/* there was a prefix, at least */
	block[used] = '\0';
	*bytes = block;
	*len = part.length;
	return DEMO_MESSAGE;
}

const char *demo_got_words(enum demo_got got, const struct msg *m, char buf[static 128])
{
	uint32_t missing = 0;

	(void)msg_end(m, &missing);
	switch (got) {
	case DEMO_MESSAGE:
		(void)snprintf(buf, 128, "a message has come");
		break;
	case DEMO_ENDED:
		(void)snprintf(buf, 128, "the other side has ended");
		break;
	case DEMO_CUT:
		(void)snprintf(buf, 128, "the other side ended within a message: %u bytes of its %s are missing",
			       missing, m->have < MSG_PREFIX ? "length" : "text");
		break;
	case DEMO_REFUSED:
		if (m->refused == MSG_NEGATIVE)
			(void)snprintf(buf, 128, "a message of %lld bytes is announced, less than none",
				       (long long)m->length);
		else
			(void)snprintf(buf, 128, "a message of %lld bytes is announced, more than %u",
				       (long long)m->length, m->limit);
		break;
	case DEMO_ERROR:
		(void)snprintf(buf, 128, "recv: %s", strerror(errno));
		break;
	}
	return buf;
}
