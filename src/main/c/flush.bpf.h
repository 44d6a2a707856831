/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Progress records: a response that paused may be complete, only user space can tell (Content-Length, chunks, HEAD).
 *
 * The iterator runs beside the hooks and takes no lock. It is exact because
 *  - it announces the copy (progressed) before it takes it, and reserves its place in the ring before it looks at the
 *    generation again; finish() leaves the phase, raises the generation, then reads progressed. Both sides have a
 *    full barrier between their store and their load, so either finish() sees the announcement and flags the final
 *    record, which then lies behind this one in the ring, or the raised generation is seen here and the copy is
 *    discarded. Both may happen; then a flagged record has no progress record before it, which the flag allows;
 *  - the hooks store last_byte_ns before the rest of an update, so an update during the copy shows in it. */
#ifndef CORAL_FLUSH_H
#define CORAL_FLUSH_H

#include "http1.bpf.h"

struct progress {
	struct coral_exchange record;
	u8 bytes[2 * CORAL_PREFIX_BYTES];
	u8 slack[CORAL_PREFIX_BYTES];
};

static __always_inline int flush_one(struct sock *sk, struct connection *c)
{
	struct settings *settings = get_settings();
	u64 generation = *(volatile u64 *)&c->generation;
	u64 last = *(volatile u64 *)&c->record.last_byte_ns;
	u64 size, captured, rest;
	struct coral_exchange *r;
	struct progress *out;

	/* last may lie ahead of this clock reading by the time between two reads, hence the signed comparison. */
	if (!settings || *(volatile u8 *)&c->phase != PHASE_RESPONDING ||
	    (s64)(bpf_ktime_get_ns() - last) < (s64)settings->idle_ns)
		return 0;
	/* It may look complete, but its last byte is still in this host's buffers. */
	if (c->role == CORAL_SERVER && unconfirmed(sk))
		return 0;
	rest = not_reached(sk, c, TOWARDS_CLIENT);
	if (c->flushed == generation + 1 && c->flushed_bytes == c->record.response_bytes - rest)
		return 0;
	out = bpf_ringbuf_reserve(&ring, sizeof(*out), 0);
	if (!out)
		return 0; /* tried again at the next flush; the final record comes in any case */
	__sync_lock_test_and_set(&c->progressed, generation + 1);
	r = &out->record;
	bpf_probe_read_kernel(out, sizeof(*r) + CORAL_PREFIX_BYTES, &c->record);
	size = r->prefix_length;
	captured = *(volatile u32 *)&c->response_captured;
	if (captured > r->response_bytes - rest)
		captured = r->response_bytes - rest;
	clamp_to(size, CORAL_PREFIX_BYTES);
	clamp_to(captured, CORAL_PREFIX_BYTES);
	/* size <= 512, so size + 512 lies within bytes. */
	bpf_probe_read_kernel(out->bytes + size, CORAL_PREFIX_BYTES, c->response);
	r->response_bytes -= rest;
	r->last_byte_ns = left_socket(sk, r);
	r->response_prefix_length = captured;
	r->header.kind = CORAL_PROGRESS;
	r->header.size = sizeof(*r) + size + captured;
	r->header.ktime_ns = bpf_ktime_get_ns();
	if (captured == r->response_bytes) {
		u64 at = size + captured;

		r->response_tail_length = captured > 8 ? 8 : captured;
		/* The eight bytes before the end; below eight, bytes of the prefix or the record stand in front. */
		clamp_to(at, 2 * CORAL_PREFIX_BYTES);
		__builtin_memcpy(r->response_tail, (u8 *)out + sizeof(*r) - 8 + at, 8);
	} else {
		*(u64 *)r->response_tail = *(volatile u64 *)&c->tail;
		r->response_tail_length = *(volatile u32 *)&c->tail_length;
	}
	__sync_fetch_and_add(&c->flushed, 0); /* full barrier: what follows is read after the copy */
	if (*(volatile u64 *)&c->generation != generation || *(volatile u64 *)&c->record.last_byte_ns != last) {
		bpf_ringbuf_discard(out, BPF_RB_NO_WAKEUP);
		return 0;
	}
	c->flushed = generation + 1;
	c->flushed_bytes = r->response_bytes;
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
	return 0;
}

#endif
