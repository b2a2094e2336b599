/* place.c - names into addresses, and addresses into sockets */
#include "wirelab/demo.h"

#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 4096		/* the kernel takes less if it is told to: net.core.somaxconn */

const char *demo_address(const struct sockaddr_storage *address, char buf[static DEMO_ADDRESS_STRLEN])
{
	char host[DEMO_ADDRESS_STRLEN - 16], port[8];
	socklen_t len = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						       : sizeof(struct sockaddr_in);

	if (getnameinfo((const struct sockaddr *)address, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		(void)snprintf(buf, DEMO_ADDRESS_STRLEN, "?");
	else
		/* An IPv6 address is full of colons: the brackets tell where it ends (RFC 3986). */
		(void)snprintf(buf, DEMO_ADDRESS_STRLEN,
			       address->ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	return buf;
}

const char *demo_peer(int fd, char buf[static DEMO_ADDRESS_STRLEN])
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);

	if (getpeername(fd, (struct sockaddr *)&a, &len) < 0)
		a.ss_family = AF_UNSPEC;
	return demo_address(&a, buf);
}

/* Every address that the name has; or ends the program.  Without AI_ADDRCONFIG, which to glibc
 * means that "127.0.0.1" is no address on a machine whose other addresses are all IPv6. */
static struct addrinfo *addresses(const struct demo_place *place, int type, int flags)
{
	struct addrinfo want = { .ai_socktype = type, .ai_flags = flags }, *found;
	int rc = getaddrinfo(place->host, place->port, &want, &found);

	if (rc == 0)
		return found;
	if (rc == EAI_SERVICE)
		demo_fail(EXIT_USAGE, "\"%s\" is not a port: a number from 0 to 65535", place->port);
	demo_fail(EXIT_NO_ANSWER, "getaddrinfo %s: %s", place->host,
		  rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
}

static const char *ai_address(const struct addrinfo *ai, char buf[static DEMO_ADDRESS_STRLEN])
{
	struct sockaddr_storage a = { 0 };

	memcpy(&a, ai->ai_addr, ai->ai_addrlen);
	return demo_address(&a, buf);
}

/* "80a", "99999" and "-1" are numbers to some libraries; here they are mistakes. */
static void check_port(const struct demo_place *place)
{
	size_t digits = strspn(place->port, "0123456789");
	unsigned port = 0;

	if (digits == 0 || place->port[digits])
		return;		/* a service's name, for getaddrinfo() to know */
	if (digits > 5 || sscanf(place->port, "%5u", &port) != 1 || port > UINT16_MAX)
		demo_fail(EXIT_USAGE, "\"%s\" is not a port: a number from 0 to 65535", place->port);
}

/* ---- connecting ------------------------------------------------------------------------- */

/* A signal does not stop the kernel from connecting: wait for what becomes of it (POSIX). */
static int await_connect(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(errno);
	int error = 0;

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -1;
	errno = error;
	return error ? -1 : 0;
}

/* The socket, or -1, errno and the call that failed. */
static int connect_to(const struct addrinfo *ai, const char **call)
{
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);

	*call = "socket for";
	if (fd < 0)
		return -1;
	*call = "connect to";
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	if (errno == EINTR && await_connect(fd) == 0)
		return fd;
	int error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

int demo_connect(const struct demo_place *place, int type)
{
	const char *call = "getaddrinfo", *last = "";
	char tried[DEMO_ADDRESS_STRLEN];
	int fd = -1;

	check_port(place);
	struct addrinfo *all = addresses(place, type, 0);
	for (struct addrinfo *ai = all; ai && fd < 0; ai = ai->ai_next) {
		last = ai_address(ai, tried);
		fd = connect_to(ai, &call);
	}
	int error = errno;
	freeaddrinfo(all);
	if (fd < 0)
		demo_fail(demo_status(error), "%s %s: %s", call, last, strerror(error));
	return fd;
}

int demo_datagram(const struct demo_place *place, struct sockaddr_storage *address, socklen_t *len)
{
	int fd = -1;

	check_port(place);
	struct addrinfo *all = addresses(place, SOCK_DGRAM, 0);
	for (struct addrinfo *ai = all; ai && fd < 0; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, ai->ai_protocol);
		memcpy(address, ai->ai_addr, ai->ai_addrlen);
		*len = ai->ai_addrlen;
	}
	freeaddrinfo(all);
	if (fd < 0)
		demo_die("socket");
	return fd;
}

/* ---- being found ------------------------------------------------------------------------ */

static int listen_at(const struct addrinfo *ai, const char **call)
{
	const int on = 1, off = 0;
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);

	*call = "socket for";
	if (fd < 0)
		return -1;
	/* Or the port could not be had again for a minute after a server of TCP has closed a
	 * connection first (RFC 9293 3.6.1, TIME-WAIT).  To UDP the option means another thing:
	 * that a second program may take the datagrams away. */
	*call = "setsockopt SO_REUSEADDR for";
	if (ai->ai_socktype == SOCK_STREAM &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		goto failed;
	*call = "setsockopt IPV6_V6ONLY for";
	if (ai->ai_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		goto failed;
	*call = "bind to";
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0)
		goto failed;
	*call = "listen at";
	if (ai->ai_socktype == SOCK_STREAM && listen(fd, BACKLOG) < 0)
		goto failed;
	return fd;
failed:;
	int error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static void say_where(int fd, int type)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	char where[DEMO_ADDRESS_STRLEN];

	if (getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		demo_die("getsockname");
	demo_say("%s %s", type == SOCK_STREAM ? "listening on" : "waiting at", demo_address(&a, where));
}

int demo_listen(const struct demo_place *place, int type)
{
	const char *call = "getaddrinfo", *last = "";
	char tried[DEMO_ADDRESS_STRLEN];
	int fd = -1;

	check_port(place);
	struct addrinfo *all = addresses(place, type, AI_PASSIVE);
	for (struct addrinfo *ai = all; ai && fd < 0; ai = ai->ai_next) {
		last = ai_address(ai, tried);
		fd = listen_at(ai, &call);
	}
	int error = errno;
	freeaddrinfo(all);
	if (fd < 0)
		demo_fail(demo_status(error), "%s %s: %s", call, last, strerror(error));
	say_where(fd, type);
	return fd;
}

int demo_try_accept(int listener, int flags)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, flags | SOCK_CLOEXEC);
		if (fd >= 0)
			return fd;
		switch (errno) {
		case EAGAIN:
		case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM:
			return -1;
		case EBADF: case EINVAL: case ENOTSOCK: case EOPNOTSUPP: case EPERM:
			demo_die("accept");
		default:
			/* A signal, or trouble that the connection is in already (accept(2)):
			 * that one is off the queue. */
			break;
		}
	}
}

int demo_accept(int listener)
{
	int fd = demo_try_accept(listener, 0);

	if (fd < 0)
		demo_die("accept");
	return fd;
}
