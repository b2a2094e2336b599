/*
 * epoll_echo - the least that an epoll server can be: what comes goes back
 *
 * Without a thought for clients that do not read, for descriptors that run out, or for signals:
 * it is what multi_server is timed beside.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event event[64], e = { .events = EPOLLIN };
	socklen_t len = sizeof(a);
	char buf[1024];
	int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);

	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(listener, 4096) < 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) < 0)
		return 1;
	e.data.fd = listener;
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
	fprintf(stderr, "epoll_echo: listening on 127.0.0.1:%u\n", ntohs(a.sin_port));
	for (;;) {
		int n = epoll_wait(epoll, event, 64, -1);
		for (int i = 0; i < n; i++) {
			int fd = event[i].data.fd;
			if (fd == listener) {
				e.data.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
				if (e.data.fd >= 0)
					epoll_ctl(epoll, EPOLL_CTL_ADD, e.data.fd, &e);
				continue;
			}
			ssize_t got = recv(fd, buf, sizeof(buf), 0);
			if (got <= 0 || send(fd, buf, (size_t)got, MSG_NOSIGNAL) < 0)
				close(fd);
		}
	}
}
