/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which processes are followed, and the counters. The first thing that every program asks. */
#ifndef CORAL_FILTER_H
#define CORAL_FILTER_H

#include "core_fixes.bpf.h"
#include "counters.h"

/* 64 processes. One lookup tells whether a process is followed and what is worth doing for it. */
struct target_word {
	u64 followed;
	u64 go;     /* worth asking for its goroutine */
	u64 traced; /* worth knowing what its threads read last; never with `go` */
	u64 calls;  /* has connected somewhere or sent a request */
};

/* Indexed by tgid >> 6: 65536 * 64 = 4 Mi, the largest pid_max. Mapped by the agent, which sets and clears bits
 * atomically, as the process hooks do. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct target_word);
} targets SEC(".maps");

/* What is known of a followed process. Written by the agent before it sets the bit and by the fork and exec hooks;
 * removed with the bit. */
struct process_settings {
	u64 exe_inode;
	u32 exe_device;  /* as the kernel encodes it; 0 = not known */
	u32 goid_offset; /* of the goroutine's id in its g, 0 = not a Go process */
	u32 follow_exec; /* keep following when it runs another binary */
	u32 parent_goid_offset; /* of the id of the goroutine that started it, 0 = not known */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct process_settings);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CORAL_COUNTERS);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

static __always_inline void count(u32 counter, u64 amount)
{
	u64 *value = bpf_map_lookup_elem(&counters, &counter);

	/* Not atomic: per CPU. A nested program may lose one step, as in the kernel's own per-CPU statistics;
	 * the programs that count do not nest on the hooks of this tier. */
	if (value)
		*value += amount;
}

static __always_inline struct target_word *target_word(u32 tgid)
{
	u32 index = tgid >> 6;

	return bpf_map_lookup_elem(&targets, &index);
}

static __always_inline bool has_bit(const u64 *bits, u32 tgid)
{
	return *bits >> (tgid & 63) & 1;
}

/* The word of a followed process, NULL for others. */
static __always_inline struct target_word *followed_word(u32 tgid)
{
	struct target_word *word = target_word(tgid);

	return word && has_bit(&word->followed, tgid) ? word : NULL;
}

static __always_inline bool is_followed(u32 tgid)
{
	return followed_word(tgid) != NULL;
}

/* True if this call cleared the bit. */
static __always_inline bool unfollow(u32 tgid)
{
	struct target_word *word = target_word(tgid);
	u64 bit = 1ULL << (tgid & 63);

	if (!word || !(word->followed & bit))
		return false;
	__sync_fetch_and_and(&word->go, ~bit);
	__sync_fetch_and_and(&word->traced, ~bit);
	__sync_fetch_and_and(&word->calls, ~bit);
	return __sync_fetch_and_and(&word->followed, ~bit) & bit;
}

/* Address of the g that this thread runs, 0 = not known. Go on x86-64 keeps it in the word below the thread pointer. */
static __always_inline u64 current_goroutine(void)
{
	u64 g = 0, tls = thread_pointer((void *)bpf_get_current_task_btf());

	return tls && !bpf_probe_read_user(&g, sizeof(g), (void *)(tls - 8)) ? g : 0;
}

/* net/http reads one byte ahead in a goroutine of its own, which the connection's started. */
static __noinline u64 read_goroutine_id(u32 tgid, u32 ahead)
{
	struct process_settings *settings = bpf_map_lookup_elem(&processes, &tgid);
	u64 g, id = 0;
	u32 offset;

	if (!settings || !settings->goid_offset)
		return 0;
	offset = ahead && settings->parent_goid_offset ? settings->parent_goid_offset : settings->goid_offset;
	g = current_goroutine();
	if (!g || bpf_probe_read_user(&id, sizeof(id), (void *)(g + offset)))
		return 0;
	return id;
}

static __always_inline u64 goroutine_id(const struct source *s)
{
	u32 tgid = s->id >> 32;

	return has_bit(&s->word->go, tgid) ? read_goroutine_id(tgid, s->one_byte) : 0;
}

#endif
