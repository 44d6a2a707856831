/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* State of a followed connection and the ring. */
#ifndef CORAL_CONNECTION_H
#define CORAL_CONNECTION_H

#include "event.h"
#include "filter.bpf.h"

enum phase {
	PHASE_IDLE,       /* between exchanges */
	PHASE_OPEN,       /* a request is there, no final response */
	PHASE_RESPONDING, /* the response has begun; it ends with the next request or the connection */
	PHASE_MESSAGES,   /* not paired here: bytes go to user space */
	PHASE_OPAQUE,     /* upgraded: not looked at until close */
};

/* Index of a direction: the request's and the response's. Which is receive and which is send follows from the role. */
enum { TOWARDS_SERVER, TOWARDS_CLIENT };

/* One per socket, freed by the kernel with it. The hooks of a socket run under its lock, one at a time; only the
 * flush iterator runs beside them (see flush.bpf.h). */
struct connection {
	/* The first 56 bytes share a cache line with what the lookup itself touches. */
	u8 phase;
	u8 role;
	u16 reserved;
	u32 ordinal;
	u32 until[2];   /* sequence number up to which each direction was looked at */
	u64 generation; /* exchanges that have ended */
	u64 progressed; /* 1 + generation in which the iterator last took a copy */
	u64 body_left;  /* of the request */
	u64 tail;       /* last response bytes, right-aligned */
	u32 tail_length;
	u32 response_captured;        /* bytes in response */
	struct coral_exchange record; /* and behind it, contiguous for the ring: */
	u8 prefix[CORAL_PREFIX_BYTES];
	u8 response[CORAL_PREFIX_BYTES];
	u8 slack[CORAL_PREFIX_BYTES]; /* so that 2 * CORAL_PREFIX_BYTES lie behind response, as source_read asks */
	u64 flushed;                  /* 1 + generation of the last progress record … */
	u64 flushed_bytes;            /* … and its response_bytes */
	u64 position[2];              /* bytes shipped or skipped per direction, message way */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

/* Sockets that found no room, so that each is counted once. They are tried again with each request: room may have
 * come. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u8);
} turned_away SEC(".maps");

/* Sockets with state. Raised when it is made, lowered by tcp_destroy_sock, which comes once for each. */
u64 open_connections = 0;

/* Not the socket's cookie: the verifier does not let the receive hook ask for it (rcu pointer). */
u64 last_connection_id = 0;

/* Size set by the agent before load. Nobody is woken: a wake-up costs more than all the rest (4-8 us an event). */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

/* What the agent sets, and may change while the programs run. */
struct settings {
	u64 idle_ns;  /* a response that has paused for this long gets a progress record */
	u64 jiffy_ns; /* of this kernel, 0 = not known */
	u64 max_connections; /* that have state at the same time; CPUs that find the last place together overshoot */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct settings);
} settings SEC(".maps");

static __always_inline struct settings *get_settings(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

/* Addresses, ports; both positions. v4 in v6 sockets is told as v4. */
static __noinline void describe(const struct sock *sk, struct connection *c)
{
	struct coral_exchange *r = &c->record;
	const struct tcp_sock *tcp = as_tcp(sk);
	const struct sock *s = bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct sock));

	r->local_port = s->__sk_common.skc_num;
	r->remote_port = __builtin_bswap16(s->__sk_common.skc_dport);
	r->family = 4;
	if (s->__sk_common.skc_family == AF_INET6) {
		u32 remote[4], local[4];

		bpf_probe_read_kernel(remote, 16, &s->__sk_common.skc_v6_daddr);
		bpf_probe_read_kernel(local, 16, &s->__sk_common.skc_v6_rcv_saddr);
		if (remote[0] || remote[1] || remote[2] != __builtin_bswap32(0xffff)) {
			r->family = 6;
			__builtin_memcpy(r->remote_address, remote, 16);
			__builtin_memcpy(r->local_address, local, 16);
		}
	}
	if (r->family == 4) {
		*(u32 *)r->remote_address = s->__sk_common.skc_daddr;
		*(u32 *)r->local_address = s->__sk_common.skc_rcv_saddr;
	}
	r->header.version = CORAL_EVENT_VERSION;
	r->role = c->role;
	c->until[c->role == CORAL_SERVER ? TOWARDS_SERVER : TOWARDS_CLIENT] = tcp->copied_seq;
	c->until[c->role == CORAL_SERVER ? TOWARDS_CLIENT : TOWARDS_SERVER] = tcp->write_seq;
}

/* Sequence number that the application has reached in a direction: taken from, or accepted by the socket. */
static __always_inline u32 reached(const struct sock *sk, const struct connection *c, u32 towards)
{
	const struct tcp_sock *tcp = as_tcp(sk);

	return (towards == TOWARDS_SERVER) == (c->role == CORAL_SERVER) ? tcp->copied_seq : tcp->write_seq;
}

/* Bytes that were looked at but not (yet) taken or accepted: a send that the socket refused in part,
 * a received buffer that nobody read to its end. A FIN lets `reached` run one ahead, never behind. */
static __always_inline u32 not_reached(const struct sock *sk, const struct connection *c, u32 towards)
{
	u32 rest = c->until[towards & 1] - reached(sk, c, towards);

	return (s32)rest > 0 ? rest : 0;
}

/* Bytes sent by the application that the peer has not confirmed. */
static __always_inline u32 unconfirmed(const struct sock *sk)
{
	const struct tcp_sock *tcp = as_tcp(sk);

	return tcp->write_seq - tcp->snd_una;
}

#endif
