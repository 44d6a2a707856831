/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Why a request is sent: what the sending thread read last. A server that never calls anybody does not pay for it:
 * nothing is kept for a process whose thread has read many requests without one call. */
#ifndef CORAL_CAUSE_H
#define CORAL_CAUSE_H

#include "go.bpf.h"

/* Requests that a thread reads before its process, which has called nobody, is no longer traced. */
#define TRIAL_REQUESTS 4096

/* The request that a thread read last. Only the thread itself writes it. */
struct thread {
	u64 connection_id; /* 0 = none, or not known which */
	u32 ordinal;
	u32 order; /* requests that the thread has read while its process was traced */
	u32 fresh; /* read nothing else, connected nowhere and sent no request since */
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

/* What the thread that called connect() had read last; for the first request of the connection. */
struct connect {
	u64 connection_id;
	u32 ordinal;
	u32 fresh;
	u32 tid;
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connect);
} connects SEC(".maps");

static __always_inline struct thread *this_thread(u64 flags)
{
	return bpf_task_storage_get(&threads, (void *)bpf_get_current_task_btf(), NULL, flags);
}

/* A server's request begins: the number of requests that this thread has read. */
static __noinline u32 request_read(const struct source *s, const struct connection *c)
{
	struct thread *thread = this_thread(BPF_LOCAL_STORAGE_GET_F_CREATE);
	u32 tgid = s->id >> 32;

	if (!thread) {
		count(CORAL_NO_STORAGE, 1);
		return 0;
	}
	thread->connection_id = c->record.connection_id;
	thread->ordinal = c->record.ordinal;
	thread->fresh = 1;
	thread->order++;
	if (unlikely(thread->order >= TRIAL_REQUESTS && !has_bit(&s->word->calls, tgid)))
		__sync_fetch_and_and(&s->word->traced, ~(1ULL << (tgid & 63)));
	return thread->order;
}

/* More of the body of a server's request: its thread is at work for that one again. */
static __noinline void body_read(const struct connection *c)
{
	struct thread *thread = this_thread(BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!thread)
		return;
	thread->connection_id = c->record.connection_id;
	thread->ordinal = c->record.ordinal;
	thread->fresh = 1;
}

/* The thread read something that is no request, and may go on with any that it read before. */
static __noinline void stale(void)
{
	struct thread *thread = this_thread(0);

	if (thread)
		thread->fresh = 0;
}

static __always_inline void other_read(const struct source *s)
{
	if (unlikely(has_bit(&s->word->traced, s->id >> 32)))
		stale();
}

/* The thread read (a server) or sent part of a request that only user space can tell. */
static __always_inline void unknown_request(const struct source *s, bool server)
{
	struct thread *thread;

	if (!has_bit(&s->word->traced, s->id >> 32))
		return;
	thread = this_thread(0);
	if (!thread)
		return;
	thread->fresh = 0;
	if (server)
		thread->connection_id = 0;
}

/* The process is a client, too. The check of both bits heals what a race with request_read leaves behind. */
static __noinline void calls(struct target_word *word, u32 tgid)
{
	u64 bit = 1ULL << (tgid & 63);
	struct thread *thread;

	if (likely(word->calls & (word->traced | word->go) & bit))
		return;
	__sync_fetch_and_or(&word->calls, bit);
	if ((word->traced | word->go) & bit)
		return;
	/* What this thread kept is older than what it has read since. */
	thread = this_thread(0);
	if (thread) {
		thread->connection_id = 0;
		thread->fresh = 0;
	}
	__sync_fetch_and_or(&word->traced, bit);
}

/* In connect(), in the caller's context. */
static __noinline int on_connect(struct sock *sk)
{
	u64 id = bpf_get_current_pid_tgid();
	struct target_word *word = followed_word(id >> 32);
	struct connect *connect;
	struct thread *thread;

	if (likely(!word) || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	calls(word, id >> 32);
	if (has_bit(&word->go, id >> 32))
		return 0;
	connect = bpf_sk_storage_get(&connects, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!connect) {
		count(CORAL_NO_STORAGE, 1);
		return 0;
	}
	connect->tid = id;
	connect->connection_id = 0;
	thread = this_thread(0);
	if (thread) {
		connect->connection_id = thread->connection_id;
		connect->ordinal = thread->ordinal;
		connect->fresh = thread->fresh;
		thread->fresh = 0;
	}
	return 0;
}

/* A client's request begins. */
static __noinline int find_cause(const struct sock *sk, const struct source *s, struct connection *c)
{
	struct coral_exchange *r = &c->record;
	struct connect *connect = NULL;
	struct thread *thread;
	u32 fresh = 0;

	r->parent_connection_id = 0;
	r->parent_ordinal = 0;
	if (has_bit(&s->word->go, s->id >> 32))
		return find_caller(r, s->id >> 32);
	thread = this_thread(0);
	if (r->ordinal == 1)
		connect = bpf_sk_storage_get(&connects, (void *)sk, NULL, 0);
	if (connect && connect->tid == (u32)s->id) {
		r->parent_connection_id = connect->connection_id;
		r->parent_ordinal = connect->ordinal;
		r->flags |= CORAL_FLAG_PARENT_AT_CONNECT;
		fresh = connect->fresh;
	} else if (thread) {
		r->parent_connection_id = thread->connection_id;
		r->parent_ordinal = thread->ordinal;
		fresh = thread->fresh;
	}
	if (r->parent_connection_id && fresh)
		r->flags |= CORAL_FLAG_PARENT_FRESH;
	if (thread)
		thread->fresh = 0;
	return 0;
}

#endif
