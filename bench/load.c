/* SPDX-License-Identifier: Apache-2.0 */
/* A fixed rate of keep-alive GETs on loopback, open loop: each request has a time at which it is meant to be sent,
 * and its latency counts from there, however late it could be sent.
 *   load PORT PATH RATE SECONDS CONNECTIONS   prints name=value lines */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_CONNECTIONS 1024

struct connection {
	int fd;
	size_t left; /* bytes of the response to come, 0 = idle */
	int64_t meant_ns;
};

static struct connection connections[MOST_CONNECTIONS];
static int idle[MOST_CONNECTIONS], idle_count;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Every answer of the path is as long as this one. */
static size_t probe(int fd, const char *request, size_t length)
{
	char buffer[65536];
	size_t got = 0;

	if (send(fd, request, length, 0) != (ssize_t)length)
		die("send");
	for (;;) {
		ssize_t n = recv(fd, buffer + got, sizeof(buffer) - 1 - got, 0);
		char *end, *field;

		if (n <= 0)
			die("recv");
		got += n;
		buffer[got] = 0;
		end = strstr(buffer, "\r\n\r\n");
		field = strcasestr(buffer, "\r\nContent-Length:");
		if (end && field && field < end) {
			size_t whole = end + 4 - buffer + strtoul(field + 17, NULL, 10);

			if (got >= whole)
				return whole;
		}
	}
}

int main(int count, char **arguments)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event events[256];
	char request[1024], sink[65536];
	long sent = 0, answered = 0, due = 0, total;
	int wanted, one = 1, epoll = epoll_create1(0);
	int64_t start, last;
	size_t length, whole = 0;
	uint32_t *latency;
	double rate;

	if (count != 6) {
		fprintf(stderr, "load PORT PATH RATE SECONDS CONNECTIONS\n");
		return 2;
	}
	address.sin_port = htons(atoi(arguments[1]));
	length = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", arguments[2]);
	rate = atof(arguments[3]);
	total = rate * atof(arguments[4]);
	wanted = atoi(arguments[5]);
	if (total <= 0 || wanted <= 0 || wanted > MOST_CONNECTIONS || length >= sizeof(request))
		return 2;
	latency = malloc(total * sizeof(*latency));
	prctl(PR_SET_TIMERSLACK, 1);
	for (int i = 0; i < wanted; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
			die("connect");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		whole = probe(fd, request, length);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
			die("epoll_ctl");
		connections[i].fd = fd;
		idle[idle_count++] = i;
	}
	start = now_ns() + 1000000;
	last = start + (int64_t)(total / rate * 1e9) + 2000000000LL;
	while (answered < total) {
		int64_t now = now_ns(), next;
		struct pollfd ready = {.fd = epoll, .events = POLLIN};
		struct timespec wait = {0};
		int n;

		if (now > last)
			break;
		if (now >= start)
			due = (now - start) * rate / 1e9 + 1;
		if (due > total)
			due = total;
		while (sent < due && idle_count) {
			struct connection *c = &connections[idle[--idle_count]];

			c->meant_ns = start + (int64_t)(sent / rate * 1e9);
			c->left = whole;
			sent++;
			if (send(c->fd, request, length, 0) != (ssize_t)length)
				die("send");
		}
		next = sent < total && idle_count ? start + (int64_t)(sent / rate * 1e9) : now + 100000000;
		now = now_ns();
		if (next > now) {
			wait.tv_sec = (next - now) / 1000000000;
			wait.tv_nsec = (next - now) % 1000000000;
		}
		if (ppoll(&ready, 1, &wait, NULL) <= 0)
			continue;
		n = epoll_wait(epoll, events, 256, 0);
		for (int i = 0; i < n; i++) {
			struct connection *c = &connections[events[i].data.u32];
			ssize_t got = recv(c->fd, sink, sizeof(sink), MSG_DONTWAIT);

			if (got < 0 && errno == EAGAIN)
				continue;
			if (got <= 0 || (size_t)got > c->left) {
				fprintf(stderr, "load: an answer is of another length or the connection ended\n");
				return 1;
			}
			c->left -= got;
			if (!c->left) {
				int64_t ns = now_ns() - c->meant_ns;

				latency[answered++] = ns > 0xffffffffLL ? 0xffffffff : ns;
				idle[idle_count++] = events[i].data.u32;
			}
		}
	}
	last = now_ns();
	qsort(latency, answered, sizeof(*latency), by_value);
	printf("requests=%ld\nanswered=%ld\nrate=%.0f\n", answered + wanted, answered, answered / ((last - start) / 1e9));
	if (answered)
		printf("p50_us=%.1f\np99_us=%.1f\nmax_us=%.1f\n", latency[answered / 2] / 1e3,
		       latency[answered * 99 / 100] / 1e3, latency[answered - 1] / 1e3);
	return answered == total ? 0 : 1;
}
