/* SPDX-License-Identifier: Apache-2.0 */
/* A client of gRPC over HTTP/2 with prior knowledge, as small as unary calls allow (RFC 9113, RFC 7541). Our header
 * table has size 0, so that the peer cannot refer to entries of earlier answers. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8, HAS_PRIORITY = 0x20 };

#define FRAME_HEAD 9
#define MOST_FRAME (64 * 1024)
#define OUR_WINDOW (1 << 20)

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static void put32(uint8_t *at, uint32_t value)
{
	at[0] = value >> 24;
	at[1] = value >> 16;
	at[2] = value >> 8;
	at[3] = value;
}

/* ---- sending ---- */

static size_t room(const struct connection *c)
{
	return OUT_BYTES - c->out_to;
}

static void frame(struct connection *c, int type, int flags, uint32_t stream, const void *bytes, size_t length)
{
	uint8_t *at = c->out + c->out_to;

	if (room(c) < FRAME_HEAD + length) {
		fprintf(stderr, "otlp-load: the peer asks for more answers than it reads\n");
		exit(1);
	}
	at[0] = length >> 16;
	at[1] = length >> 8;
	at[2] = length;
	at[3] = type;
	at[4] = flags;
	put32(at + 5, stream);
	memcpy(at + FRAME_HEAD, bytes, length);
	c->out_to += FRAME_HEAD + length;
}

static void opened(struct connection *c)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	uint8_t settings[18] = {0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 4}, more[4];

	c->next_stream = 1;
	c->window = c->peer_initial_window = 65535;
	c->peer_max_frame = 16384;
	c->consumed = 0;
	c->is_going_away = false;
	memcpy(c->out, preface, sizeof(preface) - 1);
	c->out_to = sizeof(preface) - 1;
	/* HEADER_TABLE_SIZE 0, ENABLE_PUSH 0, INITIAL_WINDOW_SIZE */
	put32(settings + 14, OUR_WINDOW);
	frame(c, SETTINGS, 0, 0, settings, sizeof(settings));
	put32(more, OUR_WINDOW);
	frame(c, WINDOW_UPDATE, 0, 0, more, 4);
}

static uint8_t *literal(uint8_t *at, const char *value)
{
	size_t length = strlen(value); /* < 127: the caller's values are short */

	*at++ = length;
	memcpy(at, value, length);
	return at + length;
}

static void send_headers(struct connection *c, struct slot *s)
{
	uint8_t block[512], *at = block;

	*at++ = 0x83; /* :method POST */
	*at++ = 0x86; /* :scheme http */
	*at++ = 0x04; /* :path, literal without indexing */
	at = literal(at, request_path);
	*at++ = 0x01; /* :authority */
	at = literal(at, request_authority);
	*at++ = 0x0f; /* content-type, 15 + 16 */
	*at++ = 0x10;
	at = literal(at, "application/grpc");
	*at++ = 0x00;
	at = literal(at, "te");
	at = literal(at, "trailers");
	if (is_gzip) {
		*at++ = 0x00;
		at = literal(at, "grpc-encoding");
		at = literal(at, "gzip");
	}
	s->stream = c->next_stream;
	c->next_stream += 2;
	s->window = c->peer_initial_window;
	s->answer_length = 0;
	s->status = -1;
	s->has_details = false;
	s->message[0] = 0;
	s->headers_sent = true;
	frame(c, HEADERS, END_HEADERS, s->stream, block, at - block);
}

/* What was begun first and may be sent; else what has waited longest to begin. */
static struct slot *next_to_send(struct connection *c)
{
	struct slot *next = NULL;

	for (int i = 0; i < c->slot_count; i++) {
		struct slot *s = &c->slots[i];

		if (s->state != SLOT_SENDING || s->body_sent == s->body_length)
			continue;
		if (s->headers_sent ? s->window <= 0 : c->is_going_away || room(c) < 1024)
			continue;
		if (!next || s->headers_sent > next->headers_sent ||
		    (s->headers_sent == next->headers_sent &&
		     (s->headers_sent ? s->stream < next->stream : s->sent_ns < next->sent_ns)))
			next = s;
	}
	return next;
}

/* One request after the other gets the window. */
static void fill(struct connection *c)
{
	struct slot *s;

	while (c->window > 0 && (s = next_to_send(c))) {
		if (!s->headers_sent)
			send_headers(c, s);
		while (s->body_sent < s->body_length) {
			size_t most = s->body_length - s->body_sent;
			int64_t window = s->window < c->window ? s->window : c->window;

			if (window <= 0)
				break;
			if ((int64_t)most > window)
				most = window;
			if (most > c->peer_max_frame)
				most = c->peer_max_frame;
			if (room(c) < most + FRAME_HEAD + 1024)
				return;
			s->body_sent += most;
			s->window -= most;
			c->window -= most;
			frame(c, DATA, s->body_sent == s->body_length ? END_STREAM : 0, s->stream,
			      s->body + s->body_sent - most, most);
		}
	}
}

/* ---- HPACK, as far as answers need it ---- */

/* RFC 7541 appendix B is canonical: the symbols in the order of their codes and how many have each length. Beyond
 * 11 bits there is nothing that a status, a name or an English message has. */
static const char SYMBOLS[] = "012aceiost"
			      " %-./3456789=A_bdfghlmnpru"
			      ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"
			      "&*,;XZ"
			      "!\"()?"
			      "'+|";
static const uint8_t SYMBOLS_OF_LENGTH[] = {0, 0, 0, 0, 0, 10, 26, 32, 6, 0, 5, 3};

static void huffman(const uint8_t *from, size_t length, char *to, size_t most)
{
	uint32_t code = 0, first = 0;
	int bits = 0, base = 0;
	size_t n = 0;

	for (size_t i = 0; i < length * 8 && n + 1 < most; i++) {
		code = code << 1 | ((from[i / 8] >> (7 - i % 8)) & 1);
		first = (first + SYMBOLS_OF_LENGTH[bits]) << 1;
		base += SYMBOLS_OF_LENGTH[bits];
		bits++;
		if (bits >= (int)sizeof(SYMBOLS_OF_LENGTH))
			break; /* padding, or a symbol we do not read */
		if (code - first < SYMBOLS_OF_LENGTH[bits]) {
			to[n++] = SYMBOLS[base + code - first];
			code = first = 0;
			bits = base = 0;
		}
	}
	to[n] = 0;
}

static bool integer(const uint8_t **at, const uint8_t *end, int prefix, uint32_t *value)
{
	uint32_t mask = (1u << prefix) - 1;
	int shift = 0;

	if (*at >= end)
		return false;
	*value = *(*at)++ & mask;
	if (*value < mask)
		return true;
	for (; *at < end && shift < 28; shift += 7) {
		uint8_t byte = *(*at)++;

		*value += (uint32_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool string(const uint8_t **at, const uint8_t *end, char *to, size_t most)
{
	uint32_t length;
	bool is_huffman = *at < end && **at & 0x80;

	if (!integer(at, end, 7, &length) || length > (size_t)(end - *at))
		return false;
	if (is_huffman)
		huffman(*at, length, to, most);
	else
		snprintf(to, most, "%.*s", (int)length, (const char *)*at);
	*at += length;
	return true;
}

static bool read_headers(struct slot *s, const uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		char name[64] = "", value[160];
		uint32_t index;

		if (*at & 0x80) { /* indexed: :status and such, nothing that says more than the trailers */
			if (!integer(&at, end, 7, &index) || index > 61)
				return false;
			if (index >= 9 && index <= 14 && s) /* 204 to 500 */
				snprintf(s->message, sizeof(s->message), "HTTP status of static entry %u", index);
			continue;
		}
		if ((*at & 0xe0) == 0x20) {
			if (!integer(&at, end, 5, &index))
				return false;
			continue;
		}
		if (!integer(&at, end, (*at & 0xc0) == 0x40 ? 6 : 4, &index) || index > 61 ||
		    (!index && !string(&at, end, name, sizeof(name))) || !string(&at, end, value, sizeof(value)))
			return false;
		if (s && !strcmp(name, "grpc-status"))
			s->status = atoi(value);
		else if (s && !strcmp(name, "grpc-status-details-bin"))
			s->has_details = true;
		else if (s && !strcmp(name, "grpc-message"))
			snprintf(s->message, sizeof(s->message), "%s", value);
	}
	return true;
}

/* ---- receiving ---- */

static struct slot *slot_of(struct connection *c, uint32_t stream)
{
	for (int i = 0; i < c->slot_count; i++)
		if (c->slots[i].state == SLOT_SENDING && c->slots[i].headers_sent && c->slots[i].stream == stream)
			return &c->slots[i];
	return NULL;
}

static void ended(struct connection *c, struct slot *s)
{
	struct outcome o = {.ok = s->status == 0};

	if (s->body_sent < s->body_length && room(c) > 1024) {
		uint8_t cancel[4];

		put32(cancel, 8);
		frame(c, RST_STREAM, 0, s->stream, cancel, 4);
	}
	if (o.ok) {
		if (s->answer_length > 5 && !s->answer[0])
			o.rejected = rejected_spans(s->answer + 5, s->answer_length - 5);
	} else {
		/* What exporters try again: CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS;
		 * RESOURCE_EXHAUSTED only with RetryInfo, the one detail that is sent here. */
		o.is_retryable = s->status >= 0 && s->status < 32 && (1 << s->status & 0xcc12);
		o.is_retryable |= s->status == 8 && s->has_details;
		o.tells_when = s->has_details;
		snprintf(o.why, sizeof(o.why), "grpc-status %d %.120s", s->status, s->message);
	}
	answered(c, s, &o);
}

static void settings(struct connection *c, const uint8_t *at, size_t length)
{
	for (; length >= 6; at += 6, length -= 6) {
		uint32_t key = at[0] << 8 | at[1], value = get32(at + 2);

		if (key == 4) {
			for (int i = 0; i < c->slot_count; i++)
				if (c->slots[i].state == SLOT_SENDING && c->slots[i].headers_sent)
					c->slots[i].window += (int64_t)value - c->peer_initial_window;
			c->peer_initial_window = value;
		} else if (key == 5) {
			c->peer_max_frame = value > MOST_FRAME ? MOST_FRAME : value;
		}
	}
	frame(c, SETTINGS, ACK, 0, "", 0);
}

static bool one_frame(struct connection *c, int type, int flags, uint32_t stream, const uint8_t *at, size_t length,
		      const char **why)
{
	struct slot *s = slot_of(c, stream);
	size_t padding = 0, given = length;

	if ((type == DATA || type == HEADERS) && flags & PADDED && length) {
		padding = *at++;
		length--;
	}
	if (type == HEADERS && flags & HAS_PRIORITY && length >= 5) {
		at += 5;
		length -= 5;
	}
	length -= padding < length ? padding : length;
	switch (type) {
	case DATA:
		c->consumed += given;
		if (c->consumed > OUR_WINDOW / 2) {
			uint8_t more[4];

			put32(more, c->consumed);
			frame(c, WINDOW_UPDATE, 0, 0, more, 4);
			c->consumed = 0;
		}
		if (s) {
			size_t left = sizeof(s->answer) - s->answer_length;

			memcpy(s->answer + s->answer_length, at, length < left ? length : left);
			s->answer_length += length < left ? length : left;
		}
		break;
	case HEADERS:
		if (!(flags & END_HEADERS) || !read_headers(s, at, at + length)) {
			*why = "headers that this client does not read";
			return false;
		}
		break;
	case CONTINUATION:
		*why = "headers in pieces, which this client does not read";
		return false;
	case RST_STREAM:
		if (s && length == 4) {
			struct outcome o = {.is_retryable = true};

			snprintf(o.why, sizeof(o.why), "stream reset with code %u", get32(at));
			answered(c, s, &o);
		}
		return true;
	case SETTINGS:
		if (!(flags & ACK))
			settings(c, at, length);
		break;
	case PING:
		if (!(flags & ACK) && length == 8)
			frame(c, PING, ACK, 0, at, 8);
		break;
	case GOAWAY:
		c->is_going_away = true;
		break;
	case WINDOW_UPDATE:
		if (length == 4 && !stream)
			c->window += get32(at) & 0x7fffffff;
		else if (length == 4 && s)
			s->window += get32(at) & 0x7fffffff;
		break;
	}
	if ((type == DATA || type == HEADERS) && flags & END_STREAM && s)
		ended(c, s);
	return true;
}

static bool received(struct connection *c, const char **why)
{
	size_t from = 0;
	bool is_busy = false;

	while (c->in_length - from >= FRAME_HEAD) {
		const uint8_t *at = c->in + from;
		size_t length = at[0] << 16 | at[1] << 8 | at[2];

		if (length > 16384) { /* what we did not allow */
			*why = "a frame longer than allowed";
			return false;
		}
		if (c->in_length - from < FRAME_HEAD + length)
			break;
		if (!one_frame(c, at[3], at[4], get32(at + 5) & 0x7fffffff, at + FRAME_HEAD, length, why))
			return false;
		from += FRAME_HEAD + length;
	}
	memmove(c->in, c->in + from, c->in_length - from);
	c->in_length -= from;
	for (int i = 0; i < c->slot_count; i++)
		is_busy |= c->slots[i].state == SLOT_SENDING && c->slots[i].headers_sent;
	if (c->is_going_away && !is_busy) {
		*why = "the peer said goodbye";
		return false;
	}
	return true;
}

const struct protocol grpc = {.opened = opened, .fill = fill, .received = received, .prefix_bytes = 5};
