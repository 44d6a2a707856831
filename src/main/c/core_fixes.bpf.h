/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What differs between kernels, and how bytes are reached. Nothing here knows HTTP. */
#ifndef CORAL_CORE_FIXES_H
#define CORAL_CORE_FIXES_H

#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

extern void *bpf_rdonly_cast(const void *obj, u32 btf_id) __ksym;
/* Never accessed, but libbpf compares kfunc types: a forward declaration would not do. */
struct __sk_buff {
	u32 len;
};
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, u64 flags, struct bpf_dynptr *out) __ksym;

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Leaves value in [0, max] in a way the compiler can neither drop nor move away from the helper that needs it;
 * value is a u64 variable, max a constant. */
#define clamp_to(value, max) asm volatile("if %0 <= %1 goto +1\n\t%0 = %1" : "+r"(value) : "i"(max))

/* struct iov_iter before e24c4f0d2a "iov_iter: overlay struct iovec and ubuf/len" (6.4) called it iov. */
struct iov_iter___before_6_4 {
	const struct iovec *iov;
} __attribute__((preserve_access_index));

enum source_kind { SOURCE_SKB, SOURCE_USER, SOURCE_SEGMENTS, SOURCE_OPAQUE };

/* Bytes of a sender. */
struct user_bytes {
	u64 base;       /* user address of the first */
	u64 contiguous; /* bytes at base */
	u64 segments;   /* kernel address of the iovec array */
	u64 segment_count;
	u64 segment_offset; /* into the first */
	u64 second;         /* user address of the second segment: most responses are a head and a body */
	u64 second_length;
};

struct target_word;

/* Bytes at hand in one hook hit: `length` bytes from TCP sequence number `begin`. */
struct source {
	const struct sk_buff *skb;
	u64 skb_offset; /* of `begin` in skb */
	struct user_bytes user;
	u64 id;                   /* of the thread, as bpf_get_current_pid_tgid tells */
	struct target_word *word; /* that has the bits of its process */
	u32 begin;
	u32 length;
	u32 kind;
	u32 hook;     /* 0 = receive, 1 = send */
	u32 one_byte; /* the receiver takes no more than one */
};

#define MAX_SEGMENTS 8

static __always_inline const struct tcp_sock *as_tcp(const struct sock *sk)
{
	return bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
}

/* All that skb holds of the stream. Not only what is being copied: Go reads one byte ahead.
 * A skb that begins before copied_seq was read in part; one that begins behind it is being peeked at. */
static __always_inline bool source_of_skb(struct source *s, const struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = bpf_rdonly_cast(skb->cb, bpf_core_type_id_kernel(struct tcp_skb_cb));
	u32 seq = cb->seq, offset = as_tcp(sk)->copied_seq - seq, length = skb->len;

	if ((s32)offset < 0)
		offset = 0;
	if (offset >= length)
		return false;
	s->skb = skb;
	s->skb_offset = offset;
	s->begin = seq + offset;
	s->length = length - offset;
	s->kind = SOURCE_SKB;
	s->hook = 0;
	return true;
}

/* The user address of a UBUF or the kernel address of the iovec array, as a number: the verifier allows no variable
 * offset on a pointer. */
static __always_inline u64 iter_address(const struct iov_iter *iter)
{
	/* Since e24c4f0d2a (6.4) all three share one place, and this member is a number to the verifier. */
	if (bpf_core_field_exists(iter->__ubuf_iovec))
		return (u64)iter->__ubuf_iovec.iov_base;
	return (u64)BPF_CORE_READ((const struct iov_iter___before_6_4 *)iter, iov);
}

/* What remains of a send. The numbers of iter_type changed in 6.0 (fcb14cb1bd, ITER_UBUF added) and in
 * 6.3 (747b1f65d3, reordered), hence the relocated enumerators. */
static __always_inline bool source_of_message(struct source *s, const struct sock *sk, const struct msghdr *msg)
{
	const struct iov_iter *iter = &msg->msg_iter;
	u64 count = iter->count;
	u32 kind = iter->iter_type;

	if (!count)
		return false;
	s->skb = NULL;
	s->skb_offset = 0;
	s->begin = as_tcp(sk)->write_seq;
	s->length = count > 0x7fffffff ? 0x7fffffff : count;
	s->hook = 1;
	s->kind = SOURCE_OPAQUE;
	s->user.second = 0;
	s->user.second_length = 0;
	s->user.segments = 0;
	s->user.segment_count = 0;
	s->user.segment_offset = iter->iov_offset;
	s->user.contiguous = 0;
	s->user.base = 0;
	if (kind == bpf_core_enum_value(enum iter_type, ITER_UBUF)) {
		s->kind = SOURCE_USER;
		s->user.base = iter_address(iter) + s->user.segment_offset;
		s->user.contiguous = count;
	} else if (kind == bpf_core_enum_value(enum iter_type, ITER_IOVEC)) {
		const struct iovec *segment;
		u64 length;

		s->kind = SOURCE_SEGMENTS;
		s->user.segments = iter_address(iter);
		s->user.segment_count = iter->nr_segs;
		segment = bpf_rdonly_cast((void *)s->user.segments, bpf_core_type_id_kernel(struct iovec));
		length = segment->iov_len;
		if (length > s->user.segment_offset) {
			s->user.base = (u64)segment->iov_base + s->user.segment_offset;
			s->user.contiguous = length - s->user.segment_offset;
			if (s->user.contiguous > count)
				s->user.contiguous = count;
		}
		if (s->user.segment_count > 1) {
			segment = bpf_rdonly_cast((void *)(s->user.segments + 16),
						  bpf_core_type_id_kernel(struct iovec));
			s->user.second = (u64)segment->iov_base;
			s->user.second_length = segment->iov_len;
		}
	}
	return true;
}

/* Gathers length <= room bytes at `offset` from up to MAX_SEGMENTS segments. room is a power of two and `to`
 * has room for twice as much: done <= room - 1 by the mask and take <= room by the clamp, so done + take fits. */
static __always_inline int gather(const struct user_bytes *user, u64 offset, u8 *to, u64 length, const u32 room)
{
	u64 done = 0, skip = offset + user->segment_offset;

	for (u32 i = 0; i < MAX_SEGMENTS; i++) {
		struct iovec segment;
		u64 take, at;

		if (i >= user->segment_count ||
		    bpf_probe_read_kernel(&segment, sizeof(segment), (void *)(user->segments + i * sizeof(segment))))
			return -1;
		if (segment.iov_len <= skip) {
			skip -= segment.iov_len;
			continue;
		}
		take = segment.iov_len - skip;
		if (take > length - done)
			take = length - done;
		at = done;
		asm volatile("%0 &= %1" : "+r"(at) : "i"(room - 1));
		clamp_to(take, room);
		if (bpf_probe_read_user(to + at, take, (u8 *)segment.iov_base + skip))
			return -1;
		done += take;
		skip = 0;
		if (done >= length)
			return 0;
	}
	return -1;
}

struct room_16 {
	u8 bytes[2 * 16];
};
struct room_512 {
	u8 bytes[2 * 512];
};
struct room_4096 {
	u8 bytes[2 * 4096];
};

/* Global functions, here and elsewhere, so that the verifier looks at them once and not in each place of call. */
__noinline int gather_16(struct user_bytes *user, u64 offset, struct room_16 *to, u64 length)
{
	return user && to && length <= 16 ? gather(user, offset, to->bytes, length, 16) : -1;
}

__noinline int gather_512(struct user_bytes *user, u64 offset, struct room_512 *to, u64 length)
{
	return user && to && length <= 512 ? gather(user, offset, to->bytes, length, 512) : -1;
}

__noinline int gather_4096(struct user_bytes *user, u64 offset, struct room_4096 *to, u64 length)
{
	return user && to && length <= 4096 ? gather(user, offset, to->bytes, length, 4096) : -1;
}

/* Copies length <= room bytes at `offset` behind s->begin; `to` has room for 2 * room. 0, or -1: cannot be read. */
static __always_inline int source_read(struct source *s, u64 offset, u8 *to, u64 length, const u32 room)
{
	u64 size = length;

	clamp_to(size, room);
	if (s->kind == SOURCE_SKB) {
		struct bpf_dynptr bytes;

		if (bpf_dynptr_from_skb((struct __sk_buff *)s->skb, 0, &bytes))
			return -1;
		return bpf_dynptr_read(to, size, &bytes, s->skb_offset + offset, 0) ? -1 : 0;
	}
	if (offset + size <= s->user.contiguous)
		return bpf_probe_read_user(to, size, (void *)(s->user.base + offset)) ? -1 : 0;
	if (s->kind != SOURCE_SEGMENTS)
		return -1;
	if (!offset && s->user.contiguous < room && size - s->user.contiguous <= s->user.second_length) {
		/* first <= room - 1 by the mask, rest <= room by the clamp, and there is room for twice as much */
		u64 first = s->user.contiguous, rest = size - first;

		asm volatile("%0 &= %1" : "+r"(first) : "i"(room - 1));
		clamp_to(rest, room);
		return bpf_probe_read_user(to, first, (void *)s->user.base) ||
				       bpf_probe_read_user(to + first, rest, (void *)s->user.second)
			       ? -1
			       : 0;
	}
	if (room == 16)
		return gather_16(&s->user, offset, (struct room_16 *)to, size);
	if (room == 512)
		return gather_512(&s->user, offset, (struct room_512 *)to, size);
	return gather_4096(&s->user, offset, (struct room_4096 *)to, size);
}

/* The last up to 8 bytes of segments. A chunk's end is often a segment of its own, shorter than 8: the rest is
 * taken from the one before. */
__noinline int tail_of_segments(struct user_bytes *user, u64 *word)
{
	struct iovec last, before;
	u64 tail = 0, size, lead, bytes = 0;

	if (!user || !word || !user->segment_count ||
	    bpf_probe_read_kernel(&last, sizeof(last),
				  (void *)(user->segments + (user->segment_count - 1) * sizeof(last))))
		return 0;
	if (user->segment_count == 1) {
		last.iov_base = (void *)user->base;
		last.iov_len = user->contiguous;
	}
	size = last.iov_len;
	clamp_to(size, 8);
	if (bpf_probe_read_user(&tail, size, (u8 *)last.iov_base + last.iov_len - size))
		return 0;
	*word = tail;
	if (size == 8 || user->segment_count < 2)
		return size;
	if (bpf_probe_read_kernel(&before, sizeof(before),
				  (void *)(user->segments + (user->segment_count - 2) * sizeof(before))))
		return size;
	if (user->segment_count == 2) {
		before.iov_base = (void *)user->base;
		before.iov_len = user->contiguous;
	}
	lead = before.iov_len < 8 - size ? before.iov_len : 8 - size;
	clamp_to(lead, 8);
	if (!lead || bpf_probe_read_user(&bytes, lead, (u8 *)before.iov_base + before.iov_len - lead))
		return size;
	*word = bytes | tail << (8 * lead & 63);
	return size + lead;
}

/* The last bytes of the source, the first of them in the lowest byte of word; how many, at most 8. */
static __always_inline u32 source_tail(struct source *s, u64 *word)
{
	u64 size = s->length;
	u32 length;

	*word = 0;
	clamp_to(size, 8);
	if (s->kind == SOURCE_SKB) {
		struct bpf_dynptr bytes;

		if (bpf_dynptr_from_skb((struct __sk_buff *)s->skb, 0, &bytes) ||
		    bpf_dynptr_read(word, size, &bytes, s->skb_offset + s->length - size, 0))
			return 0;
		return size;
	}
	if (s->kind == SOURCE_USER)
		return bpf_probe_read_user(word, size, (void *)(s->user.base + s->length - size)) ? 0 : size;
	if (s->kind != SOURCE_SEGMENTS)
		return 0;
	length = tail_of_segments(&s->user, word);
	return length > 8 ? 0 : length;
}

/* A shorter form of the thread pointer of the current task; 0 where it is kept elsewhere than on x86-64. */
static __always_inline u64 thread_pointer(const struct task_struct *task)
{
	return bpf_core_field_exists(task->thread.fsbase) ? task->thread.fsbase : 0;
}

#endif
