/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the span generator share. payload.c makes spans, grpc.c and http1.c carry them, main.c decides
 * when. One thread; nothing here is safe on two. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum format { FORMAT_OTLP, FORMAT_ZIPKIN };

/* ---- payloads ---- */

struct patch {
	uint32_t offset;
	uint16_t trace, span; /* within the batch, within the trace */
	uint32_t kind;
	int64_t nanos; /* after the start of the trace */
};

/* A serialised payload, sent again and again with other ids and times. */
struct template {
	uint8_t *bytes;
	size_t length;
	struct patch *patches;
	size_t patch_count;
	int spans, traces;
	uint16_t *spans_of_trace;
};

/* Template `index` is the same on every machine, whatever the seed of the ids. */
void template_make(struct template *t, int index, int spans, enum format format);
/* Traces are numbered from `first_trace` and start at `start_unix_nanos`, `step_nanos` apart. */
void template_fill(const struct template *t, uint8_t *to, uint64_t seed, uint64_t first_trace,
		   int64_t start_unix_nanos, int64_t step_nanos);
void trace_id(uint64_t seed, uint64_t trace, uint8_t to[16]);

/* ---- connections ---- */

enum slot_state {
	SLOT_IDLE,
	SLOT_HELD,   /* has a payload that waits for its time or for a connection */
	SLOT_SENDING,
};

/* One request in flight and its payload, kept until it is answered. */
struct slot {
	enum slot_state state;
	uint8_t *body;
	size_t body_length; /* as it goes over the wire, with the prefix of gRPC */
	size_t body_sent;
	bool headers_sent;
	uint64_t batch;
	int64_t began_ns; /* when it was meant to be sent first */
	int64_t sent_ns;  /* when it was sent last */
	int64_t not_before_ns;
	int attempts;
	bool has_been_lost; /* sent at least once without an answer */
	/* grpc.c */
	uint32_t stream;
	int64_t window;
	uint8_t answer[512];
	size_t answer_length;
	int status; /* grpc-status, -1 = none yet */
	bool has_details;
	char message[160];
};

struct connection {
	int fd; /* -1 = none */
	bool connecting, is_writable_wanted;
	int64_t retry_at_ns;
	int index;
	struct slot *slots;
	int slot_count;
	uint8_t *out;
	size_t out_from, out_to;
	uint8_t *in;
	size_t in_length;
	/* grpc.c */
	uint32_t next_stream;
	int64_t window;
	uint32_t peer_initial_window, peer_max_frame;
	uint32_t consumed;
	bool is_going_away;
};

#define OUT_BYTES (512 * 1024)
#define IN_BYTES (256 * 1024)

/* What became of a request. */
struct outcome {
	bool ok;
	bool is_retryable;
	bool tells_when; /* it may be sent again */
	uint64_t rejected;
	char why[200];
};

struct protocol {
	/* Bytes that open a connection. */
	void (*opened)(struct connection *c);
	/* Moves what may be sent into `out`. */
	void (*fill)(struct connection *c);
	/* Takes what is in `in`; false and a reason = the connection is of no more use. */
	bool (*received)(struct connection *c, const char **why);
	size_t prefix_bytes; /* before the payload, within the body */
};

extern const struct protocol grpc, http1;
extern const char *request_path, *request_authority, *request_type;
extern bool is_gzip;

/* From main.c: the answer to a request is there. */
void answered(struct connection *c, struct slot *s, const struct outcome *o);
/* rejected_spans of an ExportTraceServiceResponse. */
uint64_t rejected_spans(const uint8_t *bytes, size_t length);

#endif
