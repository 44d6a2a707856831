/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which goroutine calls. In net/http a goroutine of the connection sends the request, so who asked for it is known
 * only where the request is handed over: persistConn.roundTrip runs in the caller, Request.write in the goroutine
 * that sends. Both know the *Request. */
#ifndef CORAL_GO_H
#define CORAL_GO_H

#include "connection.bpf.h"

/* Registers at a probe, as struct pt_regs of x86-64 has them. The arguments of a Go function are in rax, rbx, … and
 * its g is in r14 (ABIInternal). */
struct user_registers {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

struct go_key {
	u64 id; /* address of a *Request, or of a goroutine its id */
	u32 tgid;
	u32 reserved;
};

struct go_caller {
	u64 goroutine_id;
	u64 parent_goroutine_id;
};

/* Requests that are handed over: microseconds each. LRU, because a call may give up in between. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct go_key);
	__type(value, struct go_caller);
} go_requests SEC(".maps");

/* For whom a goroutine writes, until it writes the next request. LRU, because nobody tells when it ends. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct go_key);
	__type(value, struct go_caller);
} go_writers SEC(".maps");

static __always_inline u64 parent_of(const struct process_settings *settings, u64 g)
{
	u64 id = 0;

	if (settings->parent_goid_offset)
		bpf_probe_read_user(&id, sizeof(id), (void *)(g + settings->parent_goid_offset));
	return id;
}

/* persistConn.roundTrip(*transportRequest), which begins with its *Request. */
static __always_inline int on_round_trip(const struct user_registers *registers)
{
	struct go_key key = {.tgid = bpf_get_current_pid_tgid() >> 32};
	struct process_settings *settings = bpf_map_lookup_elem(&processes, &key.tgid);
	struct go_caller caller = {};
	u64 g = registers->r14;

	if (!settings || !settings->goid_offset ||
	    bpf_probe_read_user(&key.id, sizeof(key.id), (void *)registers->bx) ||
	    bpf_probe_read_user(&caller.goroutine_id, sizeof(caller.goroutine_id),
				(void *)(g + settings->goid_offset)))
		return 0;
	caller.parent_goroutine_id = parent_of(settings, g);
	bpf_map_update_elem(&go_requests, &key, &caller, BPF_ANY);
	return 0;
}

/* (*Request).write. A request that came another way leaves nothing of the one before. */
static __always_inline int on_request_write(const struct user_registers *registers)
{
	struct go_key request = {.id = registers->ax, .tgid = bpf_get_current_pid_tgid() >> 32};
	struct go_key writer = {.tgid = request.tgid};
	struct process_settings *settings = bpf_map_lookup_elem(&processes, &request.tgid);
	struct go_caller *found, caller;

	if (!settings || !settings->goid_offset ||
	    bpf_probe_read_user(&writer.id, sizeof(writer.id), (void *)(registers->r14 + settings->goid_offset)))
		return 0;
	found = bpf_map_lookup_elem(&go_requests, &request);
	if (!found) {
		bpf_map_delete_elem(&go_writers, &writer);
		return 0;
	}
	caller = *found;
	bpf_map_update_elem(&go_writers, &writer, &caller, BPF_ANY);
	bpf_map_delete_elem(&go_requests, &request);
	return 0;
}

/* A client's request begins in a Go process. Who is no writer for another calls itself. */
static __noinline int find_caller(struct coral_exchange *r, u32 tgid)
{
	struct go_key writer = {.id = r->goroutine_id, .tgid = tgid};
	struct go_caller *caller = writer.id ? bpf_map_lookup_elem(&go_writers, &writer) : NULL;
	struct process_settings *settings;

	r->caller_goroutine_id = caller ? caller->goroutine_id : writer.id;
	r->caller_parent_goroutine_id = 0;
	if (caller) {
		r->caller_parent_goroutine_id = caller->parent_goroutine_id;
	} else if (writer.id) {
		settings = bpf_map_lookup_elem(&processes, &tgid);
		if (settings)
			r->caller_parent_goroutine_id = parent_of(settings, current_goroutine());
	}
	return 0;
}

#endif
