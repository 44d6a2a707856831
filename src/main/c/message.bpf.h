/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The message way: bytes of a connection that is not paired in the kernel, per direction and without a hole
 * that would not be seen: the next record's position is this one's plus total_length. */
#ifndef CORAL_MESSAGE_H
#define CORAL_MESSAGE_H

#include "connection.bpf.h"

/* Records per hook hit and direction: 4 * 4096 = 16 KiB. */
#define MESSAGES_PER_HIT 4

struct message_scratch {
	struct coral_message record;
	u8 bytes[2 * CORAL_MESSAGE_BYTES]; /* twice, as source_read asks */
};

/* One for the receive hook and one for the send hook, so that neither can overwrite the other's. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct message_scratch);
} message_scratch SEC(".maps");

static __always_inline void describe_message(struct coral_message *m, const struct connection *c, u32 towards, u64 now)
{
	const struct coral_exchange *r = &c->record;

	m->header.kind = CORAL_MESSAGE;
	m->header.version = CORAL_EVENT_VERSION;
	m->header.ktime_ns = now;
	m->connection_id = r->connection_id;
	m->goroutine_id = r->goroutine_id;
	m->position = c->position[towards & 1];
	m->local_port = r->local_port;
	m->remote_port = r->remote_port;
	m->role = c->role;
	m->direction = towards == TOWARDS_SERVER ? CORAL_REQUEST : CORAL_RESPONSE;
	m->family = r->family;
	__builtin_memset(m->reserved, 0, sizeof(m->reserved));
	__builtin_memcpy(m->local_address, r->local_address, 16);
	__builtin_memcpy(m->remote_address, r->remote_address, 16);
}

/* captured <= CORAL_MESSAGE_BYTES is clamped again here: the helper wants to see it. */
__noinline int emit_message(struct message_scratch *scratch, u64 total, u64 captured)
{
	struct coral_message *m;
	u64 size = captured;

	if (!scratch)
		return 0;
	m = &scratch->record;
	clamp_to(size, CORAL_MESSAGE_BYTES);
	m->total_length = total > 0xffffffff ? 0xffffffff : total;
	m->captured_length = size;
	size += sizeof(*m);
	m->header.size = size;
	count(CORAL_MESSAGES_GENERATED, 1);
	if (total > captured)
		count(CORAL_MESSAGE_BYTES_UNCAPTURED, total - captured);
	if (bpf_ringbuf_output(&ring, m, size, BPF_RB_NO_WAKEUP))
		count(CORAL_MESSAGES_DROPPED_RING, 1);
	return 0;
}

/* Ships what the source holds beyond c->until. */
static __noinline int ship(struct source *s, struct connection *c, u32 towards, u64 now)
{
	u32 hook = s->hook;
	struct message_scratch *scratch = bpf_map_lookup_elem(&message_scratch, &hook);
	u64 id = s->id, offset, rest;
	struct coral_message *m;
	s32 seen;

	towards &= 1;
	seen = c->until[towards] - s->begin;
	if (!scratch || seen >= (s32)s->length)
		return 0;
	if (seen < 0) {
		/* Passed by another way, splice for example. */
		c->position[towards] += -(u64)(s64)seen;
		count(CORAL_MESSAGE_BYTES_UNCAPTURED, -(u64)(s64)seen);
		seen = 0;
	}
	offset = seen;
	rest = s->length - offset;
	m = &scratch->record;
	for (int i = 0; i < MESSAGES_PER_HIT && rest; i++) {
		u64 take = rest, total;
		bool readable;

		clamp_to(take, CORAL_MESSAGE_BYTES);
		readable = !source_read(s, offset, scratch->bytes, take, CORAL_MESSAGE_BYTES);
		total = i == MESSAGES_PER_HIT - 1 || !readable ? rest : take;
		describe_message(m, c, towards, now);
		m->goroutine_id = goroutine_id(s);
		m->tgid = id >> 32;
		m->tid = id;
		m->link_seq = s->begin + offset;
		emit_message(scratch, total, readable ? take : 0);
		if (!readable && s->kind != SOURCE_OPAQUE)
			count(CORAL_READ_FAULTS, 1);
		c->position[towards] += total;
		offset += total;
		rest -= total;
	}
	c->until[towards] = s->begin + s->length;
	return 0;
}

/* From the next byte on, the connection goes the message way. */
static __always_inline void leave_pairing(struct connection *c, u32 reason)
{
	count(reason, 1);
	c->position[TOWARDS_SERVER] = 0;
	c->position[TOWARDS_CLIENT] = 0;
	c->phase = PHASE_MESSAGES;
}

/* The same, and the request that waits for its response goes first, as far as it was kept. */
__noinline int hand_over(struct connection *c, u32 hook, u32 reason)
{
	struct message_scratch *scratch = bpf_map_lookup_elem(&message_scratch, &hook);
	const struct coral_exchange *r;
	struct coral_message *m;

	if (!c || !scratch)
		return 0;
	leave_pairing(c, reason);
	r = &c->record;
	m = &scratch->record;
	describe_message(m, c, TOWARDS_SERVER, r->start_ns);
	m->tgid = r->tgid;
	m->tid = r->tid;
	m->link_seq = r->link_seq;
	__builtin_memcpy(scratch->bytes, c->prefix, CORAL_PREFIX_BYTES);
	emit_message(scratch, r->request_bytes, r->prefix_length);
	c->position[TOWARDS_SERVER] = r->request_bytes;
	return 0;
}

static __always_inline void emit_closed(const struct connection *c, u64 now)
{
	struct coral_closed closed = {
		.header = {CORAL_CLOSED, CORAL_EVENT_VERSION, sizeof(closed), now},
		.connection_id = c->record.connection_id,
	};

	count(CORAL_MESSAGES_GENERATED, 1);
	if (bpf_ringbuf_output(&ring, &closed, sizeof(closed), BPF_RB_NO_WAKEUP))
		count(CORAL_MESSAGES_DROPPED_RING, 1);
}

#endif
