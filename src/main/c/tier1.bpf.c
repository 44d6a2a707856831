/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Tier 1: socket tracepoints with BTF, kernel 6.16 and later. Entry points only; what they do is in the headers. */
#include "kernel.h"

#include <bpf/bpf_tracing.h>

#include "flush.bpf.h"
#include "http1.bpf.h"
#include "process.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Records that live on the stack only: naming them here keeps their layout in the object's BTF, where
 * EventLayoutTest reads it. */
const volatile struct coral_closed closed_layout = {};
const volatile struct coral_process process_layout = {};

/* Every copy from a received buffer to a user: TCP, but also UNIX stream and large UDP. */
SEC("tp_btf/skb_copy_datagram_iovec")
int BPF_PROG(coral_receive, const struct sk_buff *skb, int length)
{
	u64 id = bpf_get_current_pid_tgid();
	struct connection *c;
	struct source s;
	struct sock *sk;

	s.word = followed_word(id >> 32);
	if (likely(!s.word))
		return 0;
	s.id = id;
	s.one_byte = length == 1;
	sk = skb->sk;
	if (!sk || sk->sk_protocol != IPPROTO_TCP) {
		other_read(&s);
		return 0;
	}
	c = bpf_sk_storage_get(&connections, sk, NULL, 0);
	if ((c && c->phase == PHASE_OPAQUE) || !source_of_skb(&s, sk, skb))
		return 0;
	if (unlikely(!c)) {
		c = introduce(sk, &s, CORAL_SERVER);
		if (!c) {
			other_read(&s);
			return 0;
		}
	}
	return on_bytes(sk, &s, c, true);
}

/* Once per buffer that a send fills, before it is filled. */
SEC("tp_btf/tcp_sendmsg_locked")
int BPF_PROG(coral_send, struct sock *sk, const struct msghdr *msg)
{
	u64 id = bpf_get_current_pid_tgid();
	struct connection *c;
	struct source s;

	s.word = followed_word(id >> 32);
	if (likely(!s.word))
		return 0;
	s.id = id;
	s.one_byte = 0;
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, NULL, 0);
	if ((c && c->phase == PHASE_OPAQUE) || !source_of_message(&s, sk, msg))
		return 0;
	if (unlikely(!c)) {
		c = introduce(sk, &s, CORAL_CLIENT);
		if (!c)
			return 0;
	}
	return on_bytes(sk, &s, c, false);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(coral_state, struct sock *sk, int old_state, int new_state)
{
	return on_state(sk, new_state);
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(coral_destroy, struct sock *sk)
{
	struct connection *c = bpf_sk_storage_get(&connections, sk, NULL, 0);

	if (c) {
		on_end(sk, c);
		__sync_fetch_and_add(&open_connections, -1);
	}
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(coral_fork, struct task_struct *parent, struct task_struct *child)
{
	return on_fork(parent, child);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(coral_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
	return on_exec(task, binprm);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(coral_exit, struct task_struct *task)
{
	return on_exit(task);
}

/* Attached to single processes, see coral_probe_go. */
SEC("uprobe")
int coral_go_round_trip(struct user_registers *registers)
{
	return on_round_trip(registers);
}

SEC("uprobe")
int coral_go_request_write(struct user_registers *registers)
{
	return on_request_write(registers);
}

SEC("iter/bpf_sk_storage_map")
int coral_flush_connections(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;
	struct connection *c;

	if (!sk || !ctx->value)
		return 0;
	c = bpf_sk_storage_get(&connections, sk, NULL, 0);
	return c ? flush_one(sk, c) : 0;
}
