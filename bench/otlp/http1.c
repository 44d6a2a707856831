/* SPDX-License-Identifier: Apache-2.0 */
/* A client of HTTP/1.1: one request at a time on a connection that is kept. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void opened(struct connection *c)
{
	(void)c;
}

static void fill(struct connection *c)
{
	struct slot *s = c->slots;

	if (s->state != SLOT_SENDING)
		return;
	if (!s->headers_sent) {
		c->out_to += snprintf((char *)c->out + c->out_to, OUT_BYTES - c->out_to,
				      "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n",
				      request_path, request_authority, request_type,
				      is_gzip ? "Content-Encoding: gzip\r\n" : "", s->body_length);
		s->headers_sent = true;
	}
	if (s->body_sent < s->body_length) {
		size_t most = s->body_length - s->body_sent;

		if (most > OUT_BYTES - c->out_to)
			most = OUT_BYTES - c->out_to;
		memcpy(c->out + c->out_to, s->body + s->body_sent, most);
		c->out_to += most;
		s->body_sent += most;
	}
}

/* Length of the chunked body at `from`, and the bytes in it gathered at its beginning; 0 = not whole yet. */
static size_t chunked(uint8_t *from, size_t length, size_t *gathered)
{
	size_t at = 0;

	*gathered = 0;
	for (;;) {
		uint8_t *end = memmem(from + at, length - at, "\r\n", 2);
		size_t size;

		if (!end)
			return 0;
		size = strtoul((char *)from + at, NULL, 16);
		at = end + 2 - from;
		if (length - at < size + 2)
			return 0;
		if (!size)
			return at + 2;
		memmove(from + *gathered, from + at, size);
		*gathered += size;
		at += size + 2;
	}
}

static bool received(struct connection *c, const char **why)
{
	struct slot *s = c->slots;
	struct outcome o = {0};
	uint8_t *end = memmem(c->in, c->in_length, "\r\n\r\n", 4), *body;
	char *field;
	size_t length = 0, whole;
	int status;
	bool is_closing;

	if (!end)
		return true;
	*end = 0;
	body = end + 4;
	status = c->in_length > 12 ? atoi((char *)c->in + 9) : 0;
	is_closing = strcasestr((char *)c->in, "\r\nconnection: close") != NULL;
	if (strcasestr((char *)c->in, "\r\ntransfer-encoding: chunked")) {
		whole = chunked(body, c->in + c->in_length - body, &length);
		if (!whole) {
			*end = '\r';
			return true;
		}
		whole += body - c->in;
	} else {
		field = strcasestr((char *)c->in, "\r\ncontent-length:");
		length = field ? strtoul(field + 17, NULL, 10) : 0;
		whole = body - c->in + length;
		if (c->in_length < whole) {
			*end = '\r';
			return true;
		}
	}
	if (s->state == SLOT_SENDING) {
		o.ok = status / 100 == 2;
		o.tells_when = strcasestr((char *)c->in, "\r\nretry-after:") != NULL;
		o.is_retryable = status == 429 || status == 502 || status == 503 || status == 504;
		if (o.ok)
			o.rejected = rejected_spans(body, length);
		else
			snprintf(o.why, sizeof(o.why), "HTTP %d %.*s", status, (int)(length < 120 ? length : 120), body);
		is_closing |= s->body_sent < s->body_length || c->out_from < c->out_to; /* answered before it was whole */
		answered(c, s, &o);
	}
	c->in_length = 0; /* nothing was asked beyond */
	if (is_closing)
		*why = "the peer closed after its answer";
	return !is_closing;
}

const struct protocol http1 = {.opened = opened, .fill = fill, .received = received, .prefix_bytes = 0};
