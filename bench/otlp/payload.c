/* SPDX-License-Identifier: Apache-2.0 */
/* Spans of a shop of twelve services: HTTP servers, SQL clients, RPC clients, steps inside. Serialised once, with the
 * places remembered where ids and times stand: to fill a batch is a copy and some sixty bytes a span. */
#include "load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATCH_TRACE, PATCH_SPAN, PATCH_NANOS, PATCH_MICROS, PATCH_REQUEST };

#define MOST_SPANS_OF_TRACE 10
#define LEAST_SPANS_OF_TRACE 6

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

void trace_id(uint64_t seed, uint64_t trace, uint8_t to[16])
{
	uint64_t high = __builtin_bswap64(mix(mix(seed) ^ trace));
	uint64_t low = __builtin_bswap64(mix(mix(seed + 1) + trace));

	memcpy(to, &high, 8);
	memcpy(to + 8, &low, 8);
}

static uint64_t span_id(uint64_t seed, uint64_t trace, int span)
{
	return mix(mix(seed + 2) ^ (trace * MOST_SPANS_OF_TRACE + span)) | 1;
}

/* ---- a protobuf writer that remembers places ---- */

struct writer {
	uint8_t *bytes;
	size_t length, room;
	struct patch *patches;
	size_t patch_count, patch_room;
};

static void *grown(void *memory, size_t *room, size_t wanted, size_t each)
{
	if (wanted <= *room)
		return memory;
	*room = wanted * 2;
	memory = realloc(memory, *room * each);
	if (!memory)
		abort();
	return memory;
}

static void raw(struct writer *w, const void *bytes, size_t length)
{
	w->bytes = grown(w->bytes, &w->room, w->length + length, 1);
	memcpy(w->bytes + w->length, bytes, length);
	w->length += length;
}

static void varint(struct writer *w, uint64_t value)
{
	uint8_t bytes[10];
	int n = 0;

	for (; value > 0x7f; value >>= 7)
		bytes[n++] = value | 0x80;
	bytes[n++] = value;
	raw(w, bytes, n);
}

static void number(struct writer *w, int field, uint64_t value)
{
	varint(w, field << 3);
	varint(w, value);
}

static void text(struct writer *w, int field, const char *value)
{
	varint(w, field << 3 | 2);
	varint(w, strlen(value));
	raw(w, value, strlen(value));
}

static void remember(struct writer *w, struct patch patch)
{
	patch.offset = w->length;
	w->patches = grown(w->patches, &w->patch_room, w->patch_count + 1, sizeof(patch));
	w->patches[w->patch_count++] = patch;
}

/* `length` bytes that are written before each send. */
static void hole(struct writer *w, int field, int length, struct patch patch)
{
	static const uint8_t zeros[16];

	varint(w, field << 3 | 2);
	varint(w, length);
	remember(w, patch);
	raw(w, zeros, length);
}

static void time_hole(struct writer *w, int field, struct patch patch)
{
	static const uint8_t zeros[8];

	varint(w, field << 3 | 1);
	remember(w, patch);
	raw(w, zeros, 8);
}

/* Appends the inner message and frees it. */
static void message(struct writer *w, int field, struct writer *inner)
{
	varint(w, field << 3 | 2);
	varint(w, inner->length);
	for (size_t i = 0; i < inner->patch_count; i++) {
		struct patch patch = inner->patches[i];
		size_t offset = w->length + patch.offset;

		remember(w, patch);
		w->patches[w->patch_count - 1].offset = offset;
	}
	raw(w, inner->bytes, inner->length);
	free(inner->bytes);
	free(inner->patches);
	memset(inner, 0, sizeof(*inner));
}

/* ---- spans ---- */

#define ATTRIBUTES 10

struct attribute {
	char key[32];
	char text[200]; /* empty: a number */
	int64_t number;
};

struct span {
	int trace, index, parent; /* parent within the trace, -1 = root */
	int service, kind;        /* OTLP's kinds: 1 internal, 2 server, 3 client */
	char name[64];
	int64_t offset_nanos, duration_nanos;
	bool is_error;
	int attribute_count;
	struct attribute attributes[ATTRIBUTES];
};

static const char *const SERVICES[] = {"frontend", "checkout", "cart",  "catalog", "payment",   "shipping",
				       "recommend", "currency", "email", "ads",     "inventory", "users"};
static const char *const ROUTES[] = {"/",
				     "/api/cart/{userId}",
				     "/api/products",
				     "/api/products/{id}",
				     "/api/checkout",
				     "/api/recommendations",
				     "/api/shipping/quote",
				     "/api/currency/convert",
				     "/api/users/{id}/orders",
				     "/api/users/login",
				     "/api/ads",
				     "/api/inventory/{sku}"};
static const char *const METHODS[] = {"GET", "GET", "GET", "POST", "PUT"};
static const char *const CLIENTS[] = {
	"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 (desktop; shop front end)",
	"okhttp/4.12.0", "grpc-java-netty/1.65.0", "python-requests/2.32.3", "Go-http-client/2.0"};
static const char *const TABLES[] = {"orders", "order_items", "users", "products", "stock", "payments", "sessions"};
static const char *const OPERATIONS[] = {"SELECT", "SELECT", "UPDATE", "INSERT"};
static const char *const STEPS[] = {"render", "validate", "price", "authorize", "serialize"};
static const char *const CALLS[] = {"Get", "List", "Put", "Quote"};
static const int FAILURES[] = {400, 401, 404, 409, 500, 503};
static const char WHAT_FAILED[] = "connection pool exhausted";
static const char STACK[] = "java.lang.IllegalStateException: connection pool exhausted\n"
			    "\tat com.acme.shop.pool.ConnectionPool.acquire(ConnectionPool.java:118)\n"
			    "\tat com.acme.shop.orders.OrderTable.find(OrderTable.java:64)\n"
			    "\tat com.acme.shop.orders.OrderService.place(OrderService.java:203)\n"
			    "\tat com.acme.shop.http.OrderRoutes.lambda$post$2(OrderRoutes.java:41)\n"
			    "\tat io.vertx.ext.web.impl.RouteImpl.handleContext(RouteImpl.java:1286)";

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static uint64_t random_state;

static int below(int limit)
{
	random_state += 0x9e3779b97f4a7c15;
	return mix(random_state) % limit;
}

static double share(void)
{
	return (below(1 << 24) + 0.5) / (1 << 24);
}

static void put_text(struct span *s, const char *key, const char *value)
{
	struct attribute *a = &s->attributes[s->attribute_count++];

	snprintf(a->key, sizeof(a->key), "%s", key);
	snprintf(a->text, sizeof(a->text), "%s", value);
}

static void put_number(struct span *s, const char *key, int64_t value)
{
	struct attribute *a = &s->attributes[s->attribute_count++];

	snprintf(a->key, sizeof(a->key), "%s", key);
	a->text[0] = 0;
	a->number = value;
}

static void server_span(struct span *s, const char *service, const char *address)
{
	const char *method = METHODS[below(COUNT(METHODS))];
	const char *route = ROUTES[(s->service + below(3)) % COUNT(ROUTES)];
	int status = below(100) < 4 ? FAILURES[below(COUNT(FAILURES))] : 200;
	char buffer[128];

	s->kind = 2;
	s->is_error = status >= 500;
	snprintf(s->name, sizeof(s->name), "%s %s", method, route);
	put_text(s, "http.request.method", method);
	put_text(s, "http.route", route);
	snprintf(buffer, sizeof(buffer), "/api/v1/%s/%d", service, below(1000000));
	put_text(s, "url.path", buffer);
	put_text(s, "url.scheme", "https");
	put_number(s, "http.response.status_code", status);
	snprintf(buffer, sizeof(buffer), "%s.prod.svc.cluster.local", service);
	put_text(s, "server.address", buffer);
	put_number(s, "server.port", 8080);
	put_text(s, "client.address", address);
	put_text(s, "user_agent.original", CLIENTS[below(COUNT(CLIENTS))]);
	put_text(s, "network.protocol.version", "1.1");
}

static void sql_span(struct span *s, const char *address)
{
	const char *table = TABLES[below(COUNT(TABLES))], *operation = OPERATIONS[below(COUNT(OPERATIONS))];
	char buffer[200];

	s->kind = 3;
	s->is_error = below(300) == 0;
	snprintf(s->name, sizeof(s->name), "%s %s", operation, table);
	put_text(s, "db.system.name", "postgresql");
	put_text(s, "db.namespace", "shop");
	put_text(s, "db.collection.name", table);
	put_text(s, "db.operation.name", operation);
	snprintf(buffer, sizeof(buffer),
		 "%s id, status, total, created_at FROM %s WHERE customer_id = $1 AND status IN ($2, $3) ORDER BY id LIMIT %d",
		 operation, table, 10 * (1 + below(10)));
	put_text(s, "db.query.text", buffer);
	put_text(s, "server.address", "pg-primary.prod.internal");
	put_number(s, "server.port", 5432);
	put_number(s, "db.response.returned_rows", below(100));
	put_number(s, "thread.id", 20 + below(40));
	put_text(s, "network.peer.address", address);
}

static void step_span(struct span *s, const char *service)
{
	const char *step = STEPS[below(COUNT(STEPS))];
	char buffer[128];

	s->kind = 1;
	snprintf(s->name, sizeof(s->name), "%s", step);
	snprintf(buffer, sizeof(buffer), "com.acme.shop.%s.Service.%s", service, step);
	put_text(s, "code.function.name", buffer);
	put_text(s, "code.file.path", "Service.java");
	put_number(s, "code.line.number", below(500));
	put_number(s, "thread.id", 20 + below(40));
	snprintf(buffer, sizeof(buffer), "vert.x-eventloop-thread-%d", below(8));
	put_text(s, "thread.name", buffer);
	snprintf(buffer, sizeof(buffer), "u-%07d", below(5000000));
	put_text(s, "user.id", buffer);
	put_text(s, "feature.flag", below(2) ? "on" : "off");
	snprintf(buffer, sizeof(buffer), "t%03d", below(200));
	put_text(s, "tenant", buffer);
	put_text(s, "cache.hit", below(2) ? "true" : "false");
	put_number(s, "items", below(30));
}

static void rpc_span(struct span *s, const char *service, const char *address)
{
	char buffer[128];

	s->kind = 3;
	const char *call = CALLS[below(COUNT(CALLS))];

	snprintf(s->name, sizeof(s->name), "acme.v1.%s/%s", service, call);
	put_text(s, "rpc.system", "grpc");
	snprintf(buffer, sizeof(buffer), "acme.v1.%s", service);
	put_text(s, "rpc.service", buffer);
	put_text(s, "rpc.method", call);
	put_number(s, "rpc.grpc.status_code", 0);
	snprintf(buffer, sizeof(buffer), "%s.prod.svc.cluster.local", service);
	put_text(s, "server.address", buffer);
	put_number(s, "server.port", 9090);
	put_text(s, "network.peer.address", address);
	put_number(s, "network.peer.port", 30000 + below(30000));
	put_number(s, "retry.count", below(2));
	put_number(s, "payload.bytes", below(60000));
}

/* A trace is a tree: each span is the child of any before it, somewhere within its time. */
static void make_trace(struct span *spans, int trace, int count)
{
	double normal = sqrt(-2 * log(share())) * cos(2 * M_PI * share());
	int64_t total = 100000 + (int64_t)fmin(exp(normal * 0.9) * 25e6, 20e9); /* lognormal, median 25 ms */

	for (int i = 0; i < count; i++) {
		struct span *s = &spans[i], *parent = NULL;
		char address[32];
		const char *service;

		memset(s, 0, sizeof(*s));
		s->trace = trace;
		s->index = i;
		s->parent = i ? below(i) : -1;
		s->duration_nanos = total;
		if (i) {
			parent = &spans[s->parent];
			s->service = below(100) < 55 ? below(COUNT(SERVICES)) : parent->service;
			s->duration_nanos = parent->duration_nanos * (0.1 + 0.75 * share());
			s->offset_nanos =
				parent->offset_nanos + (parent->duration_nanos - s->duration_nanos) * share();
		}
		service = SERVICES[s->service];
		snprintf(address, sizeof(address), "10.%d.%d.%d", 40 + s->service, below(4), 1 + below(250));
		if (!parent || parent->service != s->service)
			server_span(s, service, address);
		else if (i % 3 == 1)
			sql_span(s, address);
		else if (i % 3 == 2)
			step_span(s, service);
		else
			rpc_span(s, service, address);
	}
}

/* ---- OTLP ---- */

static void otlp_text(struct writer *w, int field, const char *key, const char *value)
{
	struct writer pair = {0}, any = {0};

	text(&any, 1, value);
	text(&pair, 1, key);
	message(&pair, 2, &any);
	message(w, field, &pair);
}

static void otlp_number(struct writer *w, int field, const char *key, int64_t value)
{
	struct writer pair = {0}, any = {0};

	number(&any, 3, value);
	text(&pair, 1, key);
	message(&pair, 2, &any);
	message(w, field, &pair);
}

static void otlp_span(struct writer *to, const struct span *s)
{
	struct writer w = {0}, pair = {0}, any = {0};
	int64_t end = s->offset_nanos + s->duration_nanos;

	hole(&w, 1, 16, (struct patch){.kind = PATCH_TRACE, .trace = s->trace});
	hole(&w, 2, 8, (struct patch){.kind = PATCH_SPAN, .trace = s->trace, .span = s->index});
	if (s->parent >= 0)
		hole(&w, 4, 8, (struct patch){.kind = PATCH_SPAN, .trace = s->trace, .span = s->parent});
	text(&w, 5, s->name);
	number(&w, 6, s->kind);
	time_hole(&w, 7, (struct patch){.kind = PATCH_NANOS, .trace = s->trace, .nanos = s->offset_nanos});
	time_hole(&w, 8, (struct patch){.kind = PATCH_NANOS, .trace = s->trace, .nanos = end});
	for (int i = 0; i < s->attribute_count; i++) {
		const struct attribute *a = &s->attributes[i];

		if (a->text[0])
			otlp_text(&w, 9, a->key, a->text);
		else
			otlp_number(&w, 9, a->key, a->number);
	}
	hole(&any, 1, 16, (struct patch){.kind = PATCH_REQUEST, .trace = s->trace, .span = s->index});
	text(&pair, 1, "request.id");
	message(&pair, 2, &any);
	message(&w, 9, &pair);
	if (s->is_error) {
		struct writer event = {0}, status = {0};

		time_hole(&event, 1,
			  (struct patch){.kind = PATCH_NANOS,
					 .trace = s->trace,
					 .nanos = s->offset_nanos + s->duration_nanos / 2});
		text(&event, 2, "exception");
		otlp_text(&event, 3, "exception.type", "java.lang.IllegalStateException");
		otlp_text(&event, 3, "exception.message", WHAT_FAILED);
		otlp_text(&event, 3, "exception.stacktrace", STACK);
		message(&w, 11, &event);
		text(&status, 2, WHAT_FAILED);
		number(&status, 3, 2);
		message(&w, 15, &status);
	}
	message(to, 2, &w);
}

static void otlp_resource(struct writer *to, int service, int pod)
{
	struct writer w = {0};
	const char *name = SERVICES[service];
	char buffer[64];

	otlp_text(&w, 1, "service.name", name);
	otlp_text(&w, 1, "service.version", "1.4.2");
	snprintf(buffer, sizeof(buffer), "%s-%d-7f9c", name, pod);
	otlp_text(&w, 1, "service.instance.id", buffer);
	snprintf(buffer, sizeof(buffer), "node-%d", (service + pod) % 6);
	otlp_text(&w, 1, "host.name", buffer);
	otlp_text(&w, 1, "k8s.namespace.name", "prod");
	snprintf(buffer, sizeof(buffer), "%s-6b8f5d-%d", name, pod);
	otlp_text(&w, 1, "k8s.pod.name", buffer);
	otlp_text(&w, 1, "telemetry.sdk.language", "java");
	otlp_text(&w, 1, "telemetry.sdk.name", "opentelemetry");
	otlp_text(&w, 1, "telemetry.sdk.version", "1.52.0");
	otlp_text(&w, 1, "deployment.environment.name", "production");
	message(to, 1, &w);
}

static void otlp_payload(struct writer *w, const struct span *spans, int count)
{
	for (int service = 0; service < COUNT(SERVICES); service++) {
		struct writer resource = {0}, scope_spans = {0}, scope = {0};
		bool is_empty = true;

		otlp_resource(&resource, service, below(4));
		text(&scope, 1, "io.opentelemetry.vertx-5.0");
		text(&scope, 2, "2.18.0-alpha");
		message(&scope_spans, 1, &scope);
		for (int i = 0; i < count; i++) {
			if (spans[i].service == service) {
				otlp_span(&scope_spans, &spans[i]);
				is_empty = false;
			}
		}
		message(&resource, 2, &scope_spans);
		if (is_empty) {
			free(resource.bytes);
			free(resource.patches);
		} else {
			message(w, 1, &resource);
		}
	}
}

/* ---- Zipkin's proto3, for a server that takes no OTLP: the same spans ---- */

static void zipkin_tag(struct writer *w, const char *key, const char *value)
{
	struct writer pair = {0};

	text(&pair, 1, key);
	text(&pair, 2, value);
	message(w, 11, &pair);
}

static void zipkin_span(struct writer *to, const struct span *s)
{
	static const int kinds[] = {0, 0, 2, 1};
	struct writer w = {0}, endpoint = {0}, pair = {0};
	char digits[24];

	hole(&w, 1, 16, (struct patch){.kind = PATCH_TRACE, .trace = s->trace});
	if (s->parent >= 0)
		hole(&w, 2, 8, (struct patch){.kind = PATCH_SPAN, .trace = s->trace, .span = s->parent});
	hole(&w, 3, 8, (struct patch){.kind = PATCH_SPAN, .trace = s->trace, .span = s->index});
	if (kinds[s->kind])
		number(&w, 4, kinds[s->kind]);
	text(&w, 5, s->name);
	time_hole(&w, 6, (struct patch){.kind = PATCH_MICROS, .trace = s->trace, .nanos = s->offset_nanos});
	number(&w, 7, s->duration_nanos / 1000 + 1);
	text(&endpoint, 1, SERVICES[s->service]);
	message(&w, 8, &endpoint);
	for (int i = 0; i < s->attribute_count; i++) {
		const struct attribute *a = &s->attributes[i];

		snprintf(digits, sizeof(digits), "%lld", (long long)a->number);
		zipkin_tag(&w, a->key, a->text[0] ? a->text : digits);
	}
	text(&pair, 1, "request.id");
	hole(&pair, 2, 16, (struct patch){.kind = PATCH_REQUEST, .trace = s->trace, .span = s->index});
	message(&w, 11, &pair);
	if (s->is_error)
		zipkin_tag(&w, "error", WHAT_FAILED);
	message(to, 1, &w);
}

/* ---- templates ---- */

void template_make(struct template *t, int index, int spans, enum format format)
{
	struct span *all = calloc(spans, sizeof(*all));
	struct writer w = {0};
	int made = 0;

	memset(t, 0, sizeof(*t));
	random_state = mix(index + 42);
	t->spans_of_trace = calloc(spans, sizeof(*t->spans_of_trace));
	while (made < spans) {
		int count = LEAST_SPANS_OF_TRACE + below(MOST_SPANS_OF_TRACE - LEAST_SPANS_OF_TRACE + 1);

		if (count > spans - made)
			count = spans - made;
		make_trace(all + made, t->traces, count);
		t->spans_of_trace[t->traces++] = count;
		made += count;
	}
	if (format == FORMAT_OTLP)
		otlp_payload(&w, all, spans);
	else
		for (int i = 0; i < spans; i++)
			zipkin_span(&w, &all[i]);
	free(all);
	t->spans = spans;
	t->bytes = w.bytes;
	t->length = w.length;
	t->patches = w.patches;
	t->patch_count = w.patch_count;
}

static void hexadecimal(uint8_t *to, uint64_t value)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++, value >>= 4)
		to[i] = digits[value & 15];
}

void template_fill(const struct template *t, uint8_t *to, uint64_t seed, uint64_t first_trace,
		   int64_t start_unix_nanos, int64_t step_nanos)
{
	memcpy(to, t->bytes, t->length);
	for (size_t i = 0; i < t->patch_count; i++) {
		const struct patch *p = &t->patches[i];
		uint64_t trace = first_trace + p->trace, value;
		uint8_t *at = to + p->offset;

		switch (p->kind) {
		case PATCH_TRACE:
			trace_id(seed, trace, at);
			break;
		case PATCH_SPAN:
			value = span_id(seed, trace, p->span);
			memcpy(at, &value, 8);
			break;
		case PATCH_REQUEST:
			hexadecimal(at, mix(span_id(seed, trace, p->span)));
			break;
		default:
			value = start_unix_nanos + p->trace * step_nanos + p->nanos;
			if (p->kind == PATCH_MICROS)
				value /= 1000;
			memcpy(at, &value, 8);
		}
	}
}
