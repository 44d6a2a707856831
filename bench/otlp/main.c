/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded load of spans on loopback, over OTLP or Zipkin's proto3. See bench/README.md. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define SECOND 1000000000LL
#define MOST_SECONDS 60
#define MOST_CONNECTIONS 64
#define TRACE_STEP_NANOS 500000
#define RECONNECT_NANOS 5000000
#define BACK_OFF_NANOS 50000000
#define MOST_BACK_OFF_NANOS SECOND
#define ANSWER_SECONDS 10 /* what exporters wait by default */

const char *request_path, *request_authority, *request_type = "application/x-protobuf";
bool is_gzip;

static const struct protocol *protocol = &grpc;
static enum format format = FORMAT_OTLP;
static char authority[64];
static struct sockaddr_in address = {.sin_family = AF_INET};
static double seconds = 15, rate, spread, ago;
static int connections = 4, in_flight = 2, batch_spans = 500, pool = 64, acked_every = 1;
static uint64_t most_spans, seed = 1;
static bool is_retrying;
static FILE *acked, *unanswered;

static struct template *templates;
static uint64_t traces_of_batch; /* numbers set aside for a batch */
static size_t most_bytes;
static uint8_t *plain; /* a payload before gzip */

static struct connection *all;
static int connection_count, epoll;
static volatile sig_atomic_t is_ending; /* SIGINT: nothing new, but what is open is answered */
static int64_t began, stop_at, give_up_at, began_unix_nanos;
static uint64_t next_batch;

static uint64_t sent_spans, acked_spans, acked_batches, failed_spans, rejected_total, refused, refused_untold,
	refused_for_good, lost_answers, retries,
	reconnects, acked_bytes, acked_after_loss;
static char first_error[200];
static uint32_t *latencies;
static size_t latency_count, latency_room;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static int64_t unix_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

uint64_t rejected_spans(const uint8_t *at, size_t length)
{
	uint64_t value = 0;

	/* partial_success = 1 { rejected_spans = 1 }; both shorter than 128 bytes or not there */
	if (format != FORMAT_OTLP || length < 4 || at[0] != 0x0a || at[2] != 0x08)
		return 0;
	for (size_t i = 3, shift = 0; i < length && shift < 64; i++, shift += 7) {
		value |= (uint64_t)(at[i] & 0x7f) << shift;
		if (at[i] < 0x80)
			break;
	}
	return value;
}

/* ---- a request from its payload to its answer ---- */

static size_t compress_into(uint8_t *to, const uint8_t *from, size_t length)
{
	static z_stream stream;
	static bool is_ready;

	if (!is_ready && deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		die("deflateInit2");
	is_ready = true;
	deflateReset(&stream);
	stream.next_in = (uint8_t *)from;
	stream.avail_in = length;
	stream.next_out = to;
	stream.avail_out = most_bytes;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		die("deflate");
	return most_bytes - stream.avail_out;
}

static int64_t start_of_batch(uint64_t batch)
{
	uint64_t mixed = (batch + 1) * 0x9e3779b97f4a7c15;

	int64_t last = began_unix_nanos - (int64_t)(ago * 1e9);

	if (!spread) /* what ended a moment ago */
		return unix_ns() - 100000000 - (int64_t)(ago * 1e9);
	if (most_spans)
		return last - (int64_t)(spread * 1e9 * (1 - (double)batch * batch_spans / most_spans));
	return last - (int64_t)(spread * 1e9 * ((mixed >> 11) * 0x1p-53));
}

static void take_batch(struct slot *s, int64_t meant_ns)
{
	const struct template *t = &templates[next_batch % pool];
	uint8_t *to = s->body + protocol->prefix_bytes;
	size_t length = t->length;

	s->batch = next_batch++;
	template_fill(t, is_gzip ? plain : to, seed, s->batch * traces_of_batch, start_of_batch(s->batch),
		      TRACE_STEP_NANOS);
	if (is_gzip)
		length = compress_into(to, plain, t->length);
	if (protocol->prefix_bytes) { /* of a gRPC message */
		s->body[0] = is_gzip;
		s->body[1] = length >> 24;
		s->body[2] = length >> 16;
		s->body[3] = length >> 8;
		s->body[4] = length;
	}
	s->body_length = length + protocol->prefix_bytes;
	s->began_ns = meant_ns;
	s->not_before_ns = 0;
	s->attempts = 0;
	s->has_been_lost = false;
	s->state = SLOT_HELD;
	sent_spans += t->spans;
}

static void write_traces(FILE *to, uint64_t batch, int every)
{
	const struct template *t = &templates[batch % pool];

	for (int i = 0; i < t->traces; i++) {
		uint64_t trace = batch * traces_of_batch + i;
		uint8_t id[16];

		if (trace % every)
			continue;
		trace_id(seed, trace, id);
		for (int k = 0; k < 16; k++)
			fprintf(to, "%02x", id[k]);
		fprintf(to, ",%d,%llu\n", t->spans_of_trace[i], (unsigned long long)batch);
	}
}

static void remember_latency(int64_t ns)
{
	if (latency_count == latency_room) {
		latency_room = latency_room ? latency_room * 2 : 4096;
		latencies = realloc(latencies, latency_room * sizeof(*latencies));
		if (!latencies)
			die("realloc");
	}
	latencies[latency_count++] = ns / 1000 > 0xffffffffLL ? 0xffffffff : ns / 1000;
}

static void remember_error(const char *why)
{
	if (!first_error[0])
		snprintf(first_error, sizeof(first_error), "%s", why);
}

static void hold(struct slot *s)
{
	int64_t wait = (int64_t)BACK_OFF_NANOS << (s->attempts < 6 ? s->attempts : 6);

	s->attempts++;
	s->not_before_ns = now_ns() + (wait < MOST_BACK_OFF_NANOS ? wait : MOST_BACK_OFF_NANOS);
	s->state = SLOT_HELD;
	retries++;
}

void answered(struct connection *c, struct slot *s, const struct outcome *o)
{
	const struct template *t = &templates[s->batch % pool];

	(void)c;
	remember_latency(now_ns() - (rate ? s->began_ns : s->sent_ns));
	if (o->ok) {
		s->state = SLOT_IDLE;
		acked_spans += t->spans - (o->rejected < (uint64_t)t->spans ? o->rejected : (uint64_t)t->spans);
		rejected_total += o->rejected;
		acked_batches++;
		acked_bytes += s->body_length;
		acked_after_loss += s->has_been_lost;
		if (acked)
			write_traces(acked, s->batch, acked_every);
		return;
	}
	remember_error(o->why);
	refused += o->is_retryable;
	refused_untold += o->is_retryable && !o->tells_when;
	refused_for_good += !o->is_retryable;
	if (is_retrying && o->is_retryable) {
		hold(s);
		return;
	}
	s->state = SLOT_IDLE;
	failed_spans += t->spans;
}

/* ---- connections ---- */

static void watch(struct connection *c, bool is_writable_wanted, int operation)
{
	struct epoll_event event = {.events = EPOLLIN | (is_writable_wanted ? EPOLLOUT : 0), .data.u32 = c->index};

	c->is_writable_wanted = is_writable_wanted;
	if (epoll_ctl(epoll, operation, c->fd, &event))
		die("epoll_ctl");
}

/* What was under way has no answer: it is sent again as it was, or has failed. */
static void lose(struct connection *c, const char *why)
{
	close(c->fd);
	c->fd = -1;
	c->retry_at_ns = now_ns() + RECONNECT_NANOS;
	for (int i = 0; i < c->slot_count; i++) {
		struct slot *s = &c->slots[i];

		if (s->state != SLOT_SENDING)
			continue;
		remember_error(why);
		lost_answers++;
		s->has_been_lost = true;
		if (is_retrying) {
			s->state = SLOT_HELD;
			s->not_before_ns = 0;
			retries++;
		} else {
			s->state = SLOT_IDLE;
			failed_spans += templates[s->batch % pool].spans;
			if (unanswered)
				write_traces(unanswered, s->batch, 1);
		}
	}
}

static void open_connection(struct connection *c)
{
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->out_from = c->out_to = c->in_length = 0;
	c->connecting = true;
	if (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) && errno != EINPROGRESS) {
		remember_error(strerror(errno));
		lose(c, strerror(errno));
		return;
	}
	watch(c, true, EPOLL_CTL_ADD);
}

static void connected(struct connection *c)
{
	int error = 0;
	socklen_t length = sizeof(error);

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length);
	if (error) {
		remember_error(strerror(error));
		lose(c, strerror(error));
		return;
	}
	c->connecting = false;
	reconnects++;
	protocol->opened(c);
}

/* Writes as long as the socket takes it and there is something that may be sent. */
static void flush(struct connection *c)
{
	for (;;) {
		protocol->fill(c);
		if (c->out_from == c->out_to)
			break;
		ssize_t n = send(c->fd, c->out + c->out_from, c->out_to - c->out_from, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			lose(c, strerror(errno));
			return;
		}
		c->out_from += n;
		if (c->out_from == c->out_to)
			c->out_from = c->out_to = 0;
		else if (c->out_from > OUT_BYTES / 2) {
			memmove(c->out, c->out + c->out_from, c->out_to - c->out_from);
			c->out_to -= c->out_from;
			c->out_from = 0;
		}
	}
	if (c->is_writable_wanted != (c->out_from < c->out_to))
		watch(c, !c->is_writable_wanted, EPOLL_CTL_MOD);
}

static void receive(struct connection *c)
{
	const char *why = "";
	ssize_t n = recv(c->fd, c->in + c->in_length, IN_BYTES - c->in_length, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		lose(c, n ? strerror(errno) : "the connection ended before the answer");
		return;
	}
	c->in_length += n;
	if (!protocol->received(c, &why))
		lose(c, why);
}

/* ---- what is sent when ---- */

static int64_t meant_at(uint64_t batch)
{
	return rate ? began + (int64_t)((double)batch * batch_spans / rate * 1e9) : 0;
}

static bool has_more(int64_t now)
{
	return !is_ending && now < stop_at && (!most_spans || next_batch * batch_spans < most_spans);
}

/* Gives free slots their payloads. */
static void start_requests(struct connection *c, int64_t now)
{
	for (int i = 0; i < c->slot_count; i++) {
		struct slot *s = &c->slots[i];
		int64_t meant = meant_at(next_batch);

		if (s->state == SLOT_IDLE && has_more(now) && meant <= now)
			take_batch(s, rate ? meant : now);
		if (s->state == SLOT_HELD && s->not_before_ns <= now && !c->is_going_away) {
			s->state = SLOT_SENDING;
			s->sent_ns = now;
			s->body_sent = 0;
			s->headers_sent = false;
		}
	}
}

static void drive(struct connection *c, int64_t now)
{
	if (c->fd < 0) {
		if (now >= c->retry_at_ns)
			open_connection(c);
		return;
	}
	if (c->connecting)
		return;
	for (int i = 0; i < c->slot_count; i++) {
		struct slot *s = &c->slots[i];

		if (s->state == SLOT_SENDING && now - s->sent_ns > ANSWER_SECONDS * SECOND) {
			lose(c, "no answer in 10 s");
			return;
		}
	}
	start_requests(c, now);
	flush(c);
}

/* Whether something waits for a time rather than for the peer. */
static bool is_timed(void)
{
	if (rate)
		return true;
	for (int i = 0; i < connection_count; i++) {
		if (all[i].fd < 0)
			return true;
		for (int k = 0; k < all[i].slot_count; k++)
			if (all[i].slots[k].state == SLOT_HELD)
				return true;
	}
	return false;
}

static bool is_idle(void)
{
	for (int i = 0; i < connection_count; i++)
		for (int k = 0; k < all[i].slot_count; k++)
			if (all[i].slots[k].state != SLOT_IDLE)
				return false;
	return true;
}

static void run(void)
{
	struct epoll_event events[MOST_CONNECTIONS];

	began = now_ns();
	began_unix_nanos = unix_ns();
	stop_at = began + (int64_t)(seconds * 1e9);
	give_up_at = is_retrying ? began + MOST_SECONDS * SECOND : stop_at + ANSWER_SECONDS * SECOND;
	for (;;) {
		int64_t now = now_ns();
		int n;

		for (int i = 0; i < connection_count; i++)
			drive(&all[i], now);
		if ((!has_more(now) && is_idle()) || now > give_up_at)
			return;
		n = epoll_wait(epoll, events, MOST_CONNECTIONS, is_timed() ? 1 : 20);
		for (int i = 0; i < n; i++) {
			struct connection *c = &all[events[i].data.u32];

			if (c->fd >= 0 && c->connecting)
				connected(c);
			else if (c->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				receive(c);
		}
	}
}

/* ---- beginning and end ---- */

static void usage(void)
{
	fprintf(stderr,
		"otlp-load [OPTIONS]   sends spans to a server on loopback for at most 60 s and prints one line of JSON\n"
		"  --address IP:PORT    127.0.0.1:4317\n"
		"  --protocol P         grpc (default) or http\n"
		"  --format F           otlp (default) or zipkin (proto3)\n"
		"  --path P             another path than that of the format\n"
		"  --duration S         seconds, 15\n"
		"  --connections N      4\n"
		"  --in-flight N        requests at once on each, 2\n"
		"  --batch N            spans a request, 500\n"
		"  --rate N             spans a second, 0 = as fast as they are answered\n"
		"  --max-spans N        ends after them\n"
		"  --spread S           start times over the last S seconds\n"
		"  --ago S              start times S seconds earlier\n"
		"  --seed N             of trace ids, 1\n"
		"  --pool N             different payloads, 64\n"
		"  --acked FILE         trace id, spans, batch of what was acknowledged\n"
		"  --acked-every N      only of every n-th trace\n"
		"  --unanswered FILE    the same of what got no answer\n"
		"  --retry              what got no answer or was refused for now is sent again, the same bytes\n"
		"  --gzip               compresses\n"
		"  --dump               writes one payload and ends\n");
	exit(2);
}

static FILE *created(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		die(path);
	return file;
}

static void set_address(const char *text)
{
	char ip[32];
	int port;

	if (sscanf(text, "%31[^:]:%d", ip, &port) != 2 || inet_pton(AF_INET, ip, &address.sin_addr) != 1 ||
	    ntohl(address.sin_addr.s_addr) >> 24 != 127) {
		fprintf(stderr, "otlp-load: --address %s (expected: 127.x.x.x:PORT; loopback only)\n", text);
		exit(2);
	}
	address.sin_port = htons(port);
	snprintf(authority, sizeof(authority), "%s", text);
	request_authority = authority;
}

static void options(int count, char **arguments, bool *is_dump)
{
	static const struct option known[] = {
		{"address", 1, 0, 'a'},	 {"protocol", 1, 0, 'p'},   {"format", 1, 0, 'f'},  {"path", 1, 0, 'P'},
		{"duration", 1, 0, 'd'}, {"connections", 1, 0, 'c'}, {"in-flight", 1, 0, 'i'}, {"batch", 1, 0, 'b'},
		{"rate", 1, 0, 'r'},	 {"max-spans", 1, 0, 'm'},  {"spread", 1, 0, 's'},  {"seed", 1, 0, 'S'},
		{"pool", 1, 0, 'o'},	 {"acked", 1, 0, 'k'},	    {"acked-every", 1, 0, 'e'}, {"unanswered", 1, 0, 'u'},
		{"retry", 0, 0, 'R'},	 {"gzip", 0, 0, 'z'},	    {"dump", 0, 0, 'D'},    {"help", 0, 0, 'h'},
		{"ago", 1, 0, 'g'},	 {0}};

	for (int o; (o = getopt_long(count, arguments, "", known, NULL)) != -1;) {
		switch (o) {
		case 'a':
			set_address(optarg);
			break;
		case 'p':
			if (strcmp(optarg, "grpc") && strcmp(optarg, "http"))
				usage();
			protocol = *optarg == 'g' ? &grpc : &http1;
			break;
		case 'f':
			if (strcmp(optarg, "otlp") && strcmp(optarg, "zipkin"))
				usage();
			format = *optarg == 'o' ? FORMAT_OTLP : FORMAT_ZIPKIN;
			break;
		case 'P':
			request_path = optarg;
			break;
		case 'd':
			seconds = atof(optarg);
			break;
		case 'c':
			connections = atoi(optarg);
			break;
		case 'i':
			in_flight = atoi(optarg);
			break;
		case 'b':
			batch_spans = atoi(optarg);
			break;
		case 'r':
			rate = atof(optarg);
			break;
		case 'm':
			most_spans = strtoull(optarg, NULL, 10);
			break;
		case 's':
			spread = atof(optarg);
			break;
		case 'g':
			ago = atof(optarg);
			break;
		case 'S':
			seed = strtoull(optarg, NULL, 10);
			break;
		case 'o':
			pool = atoi(optarg);
			break;
		case 'k':
			acked = created(optarg);
			break;
		case 'e':
			acked_every = atoi(optarg);
			break;
		case 'u':
			unanswered = created(optarg);
			break;
		case 'R':
			is_retrying = true;
			break;
		case 'z':
			is_gzip = true;
			break;
		case 'D':
			*is_dump = true;
			break;
		default:
			usage();
		}
	}
	if (optind < count || !(seconds > 0) || connections < 1 || in_flight < 1 || batch_spans < 1 ||
	    batch_spans > 20000 || pool < 1 || pool > 4096 || acked_every < 1 || rate < 0 || spread < 0 || ago < 0 ||
	    connections * in_flight > MOST_CONNECTIONS)
		usage();
	if (seconds > MOST_SECONDS)
		seconds = MOST_SECONDS;
	if (!request_path)
		request_path = protocol == &grpc
				       ? (format == FORMAT_OTLP
						  ? "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
						  : "/zipkin.proto3.SpanService/Report")
				       : (format == FORMAT_OTLP ? "/v1/traces" : "/api/v2/spans");
	if (strlen(request_path) > 120)
		usage();
}

static void *zeroed(size_t count, size_t each)
{
	void *memory = calloc(count, each);

	if (!memory)
		die("calloc");
	return memory;
}

static double prepare(void)
{
	double bytes = 0;

	templates = zeroed(pool, sizeof(*templates));
	for (int i = 0; i < pool; i++) {
		struct template *t = &templates[i];

		template_make(t, i, batch_spans, format);
		bytes += t->length;
		if (t->length > most_bytes)
			most_bytes = t->length;
		if ((uint64_t)t->traces > traces_of_batch)
			traces_of_batch = t->traces;
	}
	most_bytes += 4096; /* gzip of what does not shrink */
	plain = zeroed(1, most_bytes);
	/* HTTP/1.1 has one request at a time on a connection. */
	connection_count = protocol == &grpc ? connections : connections * in_flight;
	all = zeroed(connection_count, sizeof(*all));
	for (int i = 0; i < connection_count; i++) {
		struct connection *c = &all[i];

		c->fd = -1;
		c->index = i;
		c->slot_count = protocol == &grpc ? in_flight : 1;
		c->slots = zeroed(c->slot_count, sizeof(*c->slots));
		c->out = zeroed(1, OUT_BYTES);
		c->in = zeroed(1, IN_BYTES + 1);
		for (int k = 0; k < c->slot_count; k++)
			c->slots[k].body = zeroed(1, most_bytes + protocol->prefix_bytes);
	}
	return bytes / ((double)pool * batch_spans);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double latency_ms(double share)
{
	size_t at = latency_count * share;

	return latency_count ? latencies[at < latency_count ? at : latency_count - 1] / 1e3 : 0;
}

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void report(double bytes_per_span, double elapsed, double cpu)
{
	uint64_t unanswered_spans = 0;

	for (int i = 0; i < connection_count; i++) {
		for (int k = 0; k < all[i].slot_count; k++) {
			struct slot *s = &all[i].slots[k];

			if (s->state == SLOT_IDLE)
				continue;
			unanswered_spans += templates[s->batch % pool].spans;
			if (unanswered)
				write_traces(unanswered, s->batch, 1);
		}
	}
	for (char *at = first_error; *at; at++)
		if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ' || (unsigned char)*at > '~')
			*at = ' ';
	qsort(latencies, latency_count, sizeof(*latencies), by_value);
	printf("{\"seconds\": %.3f, \"sent_spans\": %llu, \"acked_spans\": %llu, \"acked_batches\": %llu, "
	       "\"failed_spans\": %llu, \"rejected_spans\": %llu, \"unanswered_spans\": %llu, "
	       "\"refused_requests\": %llu, \"refused_untold\": %llu, \"refused_for_good\": %llu, \"lost_answers\": %llu, \"retries\": %llu, \"acked_after_loss\": %llu, "
	       "\"connected\": %llu, \"spans_per_second\": %.0f, \"bytes_per_span\": %.1f, "
	       "\"wire_bytes_per_span\": %.1f, \"rpc_p50_ms\": %.3f, \"rpc_p99_ms\": %.3f, \"rpc_max_ms\": %.3f, "
	       "\"generator_cpu_seconds\": %.3f, \"generator_us_per_span\": %.3f, \"first_error\": \"%s\"}\n",
	       elapsed, (unsigned long long)sent_spans, (unsigned long long)acked_spans,
	       (unsigned long long)acked_batches, (unsigned long long)failed_spans,
	       (unsigned long long)rejected_total, (unsigned long long)unanswered_spans,
	       (unsigned long long)refused, (unsigned long long)refused_untold, (unsigned long long)refused_for_good,
	       (unsigned long long)lost_answers, (unsigned long long)retries,
	       (unsigned long long)acked_after_loss, (unsigned long long)reconnects, acked_spans / elapsed,
	       bytes_per_span, acked_batches ? (double)acked_bytes / (acked_batches * batch_spans) : 0, latency_ms(0.5),
	       latency_ms(0.99), latency_ms(1), cpu, acked_spans ? cpu * 1e6 / acked_spans : 0, first_error);
}

static void end_soon(int number)
{
	(void)number;
	is_ending = 1;
}

int main(int count, char **arguments)
{
	bool is_dump = false;
	double bytes_per_span, cpu;

	set_address("127.0.0.1:4317");
	options(count, arguments, &is_dump);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, end_soon);
	prctl(PR_SET_TIMERSLACK, 1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	bytes_per_span = prepare();
	if (is_dump) {
		template_fill(&templates[0], plain, seed, 0, unix_ns(), TRACE_STEP_NANOS);
		fwrite(plain, 1, templates[0].length, stdout);
		return 0;
	}
	epoll = epoll_create1(EPOLL_CLOEXEC);
	cpu = cpu_seconds();
	run();
	report(bytes_per_span, (now_ns() - began) / 1e9, cpu_seconds() - cpu);
	if ((acked && fclose(acked)) || (unanswered && fclose(unanswered)))
		die("fclose");
	return acked_spans ? 0 : 1;
}
