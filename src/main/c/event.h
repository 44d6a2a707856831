/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Everything the kernel side and the agent share: the records of the ring buffer.
 *
 * Little endian, fixed width, explicit padding. Addresses are in network byte order (an IPv4 address
 * fills the first four of sixteen bytes), ports in host byte order, times are CLOCK_MONOTONIC in ns.
 * EventLayoutTest compares the offsets in io.coral.agent.kernel.EventLayout with the BTF of the built object.
 */
#ifndef CORAL_EVENT_H
#define CORAL_EVENT_H

#define CORAL_EVENT_VERSION 2

/* Bytes of a request, or of a response's head, that a record carries at most. */
#define CORAL_PREFIX_BYTES 512
/* Bytes of a stream that one message record carries at most. */
#define CORAL_MESSAGE_BYTES 4096

enum coral_kind {
	CORAL_EXCHANGE = 1, /* an HTTP/1 exchange that has ended; struct coral_exchange + prefix */
	CORAL_PROGRESS = 2, /* one whose response has paused; the same + prefix + response head */
	CORAL_MESSAGE = 3,  /* bytes of a connection that went the message way */
	CORAL_CLOSED = 4,   /* a connection of the message way was closed; struct coral_closed */
	CORAL_FORKED = 5,   /* struct coral_process: tgid was forked by parent_tgid and is followed */
	CORAL_EXECED = 6,   /* struct coral_process: tgid runs another binary and is no longer followed */
	CORAL_EXITED = 7,   /* struct coral_process: the last thread of tgid is gone */
};

enum coral_role { CORAL_SERVER = 1, CORAL_CLIENT = 2 };
enum coral_direction { CORAL_REQUEST = 1, CORAL_RESPONSE = 2 };

enum coral_flag {
	CORAL_FLAG_ABORTED = 1,    /* the connection ended before a response */
	CORAL_FLAG_UPGRADED = 2,   /* 101, or a CONNECT that was granted: what follows is not HTTP/1 */
	CORAL_FLAG_PROGRESSED = 4, /* a progress record for this exchange may have been sent before */
	CORAL_FLAG_TRUNCATED = 8,  /* the request head is longer than the prefix */
	/* Client: the thread had read nothing else, connected nowhere and sent no request since it read the parent. */
	CORAL_FLAG_PARENT_FRESH = 16,
	CORAL_FLAG_PARENT_AT_CONNECT = 32, /* client: the parent is that of connect(), not of the first byte */
	CORAL_FLAG_ANSWERED_ELSEWHERE = 64, /* server: another thread sends the response than read the request */
};

struct coral_header {
	__u16 kind;
	__u16 version;
	__u32 size;     /* of the whole record, this header included */
	__u64 ktime_ns; /* of the emission; in a message, of the bytes */
};

struct coral_exchange {
	struct coral_header header;
	__u64 start_ns;      /* first request byte: a server's came in, a client's was sent */
	__u64 first_byte_ns; /* first byte of the final response, 0 = none */
	__u64 last_byte_ns;  /* last response byte so far, 0 = none */
	__u64 connection_id; /* unique while the programs are loaded */
	__u64 request_bytes; /* head and body */
	__u64 response_bytes;
	__u64 goroutine_id;               /* 0 = not a Go process, or not known */
	__u64 caller_goroutine_id;        /* client in a Go process: that called, 0 = not known */
	__u64 caller_parent_goroutine_id; /* that started the caller, 0 = not known */
	__u64 parent_connection_id;       /* client: of the request that its thread read last, 0 = none known */
	__u32 ordinal;                    /* of the exchange on its connection, from 1 */
	__u32 tgid;
	__u32 tid;      /* thread that saw the first request byte */
	__u32 link_seq;       /* TCP sequence number of the first request byte */
	__u32 parent_ordinal; /* client: of that exchange on parent_connection_id */
	__u32 thread_order;   /* server: n-th request that its thread read, from 1; 0 = not counted */
	__u16 status;         /* 0 = unknown */
	__u16 flags;          /* enum coral_flag */
	__u8 role;            /* enum coral_role */
	__u8 family;          /* 4 or 6 */
	__u16 local_port;
	__u16 remote_port;
	__u16 prefix_length;          /* bytes of the request that follow */
	__u16 response_prefix_length; /* bytes of the response behind them, progress records only */
	__u16 response_tail_length;   /* valid bytes at the end of response_tail */
	__u8 local_address[16];
	__u8 remote_address[16];
	__u8 response_tail[8]; /* the last response bytes, right-aligned */
};
_Static_assert(sizeof(struct coral_exchange) == 176, "coral_exchange");

struct coral_message {
	struct coral_header header;
	__u64 connection_id;
	__u64 goroutine_id;
	__u64 position;        /* bytes of this direction before this record, since the connection went this way */
	__u32 total_length;    /* bytes the record stands for */
	__u32 captured_length; /* bytes of them that follow */
	__u32 tgid;
	__u32 tid;
	__u32 link_seq; /* TCP sequence number of the first byte */
	__u16 local_port;
	__u16 remote_port;
	__u8 role;
	__u8 direction; /* enum coral_direction */
	__u8 family;
	__u8 reserved[5];
	__u8 local_address[16];
	__u8 remote_address[16];
};
_Static_assert(sizeof(struct coral_message) == 104, "coral_message");

struct coral_closed {
	struct coral_header header;
	__u64 connection_id;
};
_Static_assert(sizeof(struct coral_closed) == 24, "coral_closed");

struct coral_process {
	struct coral_header header;
	__u32 tgid;
	__u32 parent_tgid; /* forked only */
};
_Static_assert(sizeof(struct coral_process) == 24, "coral_process");

#endif
