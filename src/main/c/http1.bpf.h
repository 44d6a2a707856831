/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Pairs HTTP/1 requests and responses of one connection. Serves both roles: a server receives requests and sends
 * responses, a client the other way round. Bodies are counted, never inspected.
 *
 *   IDLE -- request --> OPEN -- final response --> RESPONDING -- next request, close --> exchange emitted
 *
 * What this cannot pair (pipelining, heads in pieces, chunked requests) goes the message way to user space. */
#ifndef CORAL_HTTP1_H
#define CORAL_HTTP1_H

#include "cause.bpf.h"
#include "http1_head.bpf.h"
#include "message.bpf.h"

/* Longest request head that is looked for before the connection goes the message way. */
const volatile u32 longest_head_bytes = 16384;

/* The last eight response bytes, right-aligned: from the kept head when that is all there was. */
static __always_inline void fill_tail(struct connection *c)
{
	struct coral_exchange *r = &c->record;
	u64 captured = c->response_captured;
	u64 tail = c->tail;
	u32 length = c->tail_length;

	if (r->response_bytes == captured) {
		u64 at = captured >= 8 ? captured - 8 : 0;

		length = captured >= 8 ? 8 : captured;
		asm volatile("%0 &= 511" : "+r"(at));
		tail = *(u64 *)(c->response + at);
		if (captured < 8)
			tail = captured ? tail << (8 * (8 - captured) & 63) : 0;
	}
	*(u64 *)r->response_tail = tail;
	r->response_tail_length = length;
}

/* A response of fewer bytes leaves the socket as soon as it is sent, unless the peer reads nothing at all. */
#define BACKLOG_BYTES 65536

/* When the last response byte left the socket of a server whose client reads more slowly than it sends: the kernel
 * accepts megabytes that wait for the client. lsndtime is kept in jiffies, so it counts only when it is well behind
 * the send; it does not move with what comes later, as the time of the last confirmation would. */
static __noinline u64 when_left_socket(u32 sent, u64 last)
{
	struct settings *settings = get_settings();
	u64 ago, left;

	if (!settings || !settings->jiffy_ns)
		return last;
	ago = (u32)((u32)bpf_jiffies64() - sent) * settings->jiffy_ns;
	left = bpf_ktime_get_ns() - ago;
	return (s64)(left - last) > (s64)(3 * settings->jiffy_ns) ? left : last;
}

static __always_inline u64 left_socket(const struct sock *sk, const struct coral_exchange *r)
{
	if (likely(r->response_bytes < BACKLOG_BYTES) || r->role != CORAL_SERVER)
		return r->last_byte_ns;
	return when_left_socket(as_tcp(sk)->lsndtime, r->last_byte_ns);
}

/* Emits the exchange. The phase is left and the generation
 * raised before the record is made: a copy that the flush iterator takes meanwhile is either seen here (progressed)
 * or discarded there (generation). */
static __always_inline void emit_inline(const struct sock *sk, struct connection *c, u64 now, u32 flags)
{
	struct coral_exchange *r = &c->record;
	u64 size, generation, rest = not_reached(sk, c, TOWARDS_CLIENT);

	*(volatile u8 *)&c->phase = PHASE_IDLE;
	generation = __sync_fetch_and_add(&c->generation, 1); /* a full barrier */
	if (*(volatile u64 *)&c->progressed == generation + 1)
		flags |= CORAL_FLAG_PROGRESSED;
	r->response_bytes -= rest < r->response_bytes ? rest : r->response_bytes;
	r->last_byte_ns = left_socket(sk, r);
	fill_tail(c);
	size = r->prefix_length;
	clamp_to(size, CORAL_PREFIX_BYTES);
	size += sizeof(*r);
	r->header.kind = CORAL_EXCHANGE;
	r->header.size = size;
	r->header.ktime_ns = now;
	r->flags |= flags;
	count(CORAL_EXCHANGES_GENERATED, 1);
	if (bpf_ringbuf_output(&ring, r, size, BPF_RB_NO_WAKEUP))
		count(CORAL_EXCHANGES_DROPPED_RING, 1);
}

static __noinline int finish(const struct sock *sk, struct connection *c, u64 now, u32 flags)
{
	emit_inline(sk, c, now, flags);
	return 0;
}

/* Continues the search for the end of the head behind the first 512 bytes, in pieces that overlap so that no field
 * is cut. c->response serves as the piece. */
static __noinline int scan_long_head(struct source *s, struct connection *c, struct head_scan *scan, u64 offset)
{
	u64 step = SCAN_BYTES - SCAN_SLACK, at = step;

	for (int i = 0; i < 16384 / (SCAN_BYTES - SCAN_SLACK) + 1; i++, at += step) {
		u64 rest, length;
		int end;

		if (offset + at >= s->length || at >= longest_head_bytes)
			return 0;
		rest = s->length - offset - at;
		length = rest;
		clamp_to(length, SCAN_BYTES);
		if (source_read(s, offset + at, c->response, length, CORAL_PREFIX_BYTES)) {
			count(CORAL_READ_FAULTS, 1);
			return 0;
		}
		end = scan_head((struct head_bytes *)c->response, scan, length);
		if (end > 0)
			return at + end;
		if (rest <= SCAN_BYTES)
			return 0;
	}
	return 0;
}

/* Bytes that should begin a request, in PHASE_IDLE; `offset` is where they begin in the source. */
static __always_inline void begin(const struct sock *sk, struct source *s, struct connection *c, u64 offset, u64 now,
				  const bool server)
{
	struct head_scan scan = {.first_line = 1};
	struct coral_exchange *r = &c->record;
	u64 available = s->length - offset, size = available, low, high, id;
	int verdict, end;

	clamp_to(size, CORAL_PREFIX_BYTES);
	if (source_read(s, offset, c->prefix, size, CORAL_PREFIX_BYTES)) {
		count(CORAL_READ_FAULTS, 1);
		return;
	}
	low = *(u64 *)c->prefix;
	high = *(u64 *)(c->prefix + 8);
	if (unlikely(available < 16)) {
		if (available <= 8)
			high = 0;
		else
			high &= (1ULL << (8 * (available - 8) & 63)) - 1;
		if (available < 8)
			low &= (1ULL << (8 * available & 63)) - 1;
	}
	c->until[TOWARDS_SERVER] = s->begin + s->length;
	verdict = is_request(low, high);
	if (unlikely(verdict == NOT_A_REQUEST)) {
		/* An empty line behind a body is allowed and means nothing (RFC 9112, 2.2). */
		if (low != WORD('\r', '\n', 0, 0, 0, 0, 0, 0))
			count(CORAL_NOT_HTTP, 1);
		return;
	}
	id = s->id;
	r->start_ns = now;
	r->first_byte_ns = 0;
	r->last_byte_ns = 0;
	r->request_bytes = available;
	r->response_bytes = 0;
	r->goroutine_id = goroutine_id(s);
	r->tgid = id >> 32;
	r->tid = id;
	r->link_seq = s->begin + offset;
	r->status = 0;
	r->flags = 0;
	r->prefix_length = size;
	r->response_prefix_length = 0;
	c->response_captured = 0;
	c->tail_length = 0;
	end = scan_head((struct head_bytes *)c->prefix, &scan, size);
	if (unlikely(end < 0)) {
		count(CORAL_NOT_HTTP, 1);
		return;
	}
	if (unlikely(!end)) {
		if (available > CORAL_PREFIX_BYTES)
			end = scan_long_head(s, c, &scan, offset);
		if (!end) {
			c->until[TOWARDS_SERVER] = s->begin + offset; /* ship it all */
			leave_pairing(c, available >= longest_head_bytes ? CORAL_MESSAGE_WAY_LONG_HEAD
									: CORAL_MESSAGE_WAY_SPLIT_HEAD);
			return;
		}
		if (end > CORAL_PREFIX_BYTES)
			r->flags = CORAL_FLAG_TRUNCATED;
	}
	available -= end;
	if (unlikely(scan.chunked || available > scan.content_length)) {
		c->until[TOWARDS_SERVER] = s->begin + offset;
		leave_pairing(c, scan.chunked ? CORAL_MESSAGE_WAY_CHUNKED : CORAL_MESSAGE_WAY_PIPELINED);
		return;
	}
	c->body_left = scan.content_length - available;
	r->ordinal = ++c->ordinal;
	if (server)
		r->thread_order = likely(!has_bit(&s->word->traced, id >> 32)) ? 0 : request_read(s, c);
	else
		find_cause(sk, s, c);
	c->phase = PHASE_OPEN;
}

/* Did a response, or a request and more, pass while the process was not followed? Then the exchange that is open
 * can no longer be paired, which says nothing about the next. */
static __always_inline bool passed_unseen(const struct sock *sk, const struct source *s, const struct connection *c)
{
	s32 gap = s->begin - c->until[TOWARDS_SERVER];

	return (gap > 0 && (u32)gap > c->body_left) ||
	       (s32)(reached(sk, c, TOWARDS_CLIENT) - c->until[TOWARDS_CLIENT]) > 0;
}

static __always_inline void on_request(const struct sock *sk, struct source *s, struct connection *c, u64 now,
				       const bool server)
{
	u32 end = s->begin + s->length, fresh = end - c->until[TOWARDS_SERVER];

	if ((s32)fresh <= 0)
		return;
	if (c->phase == PHASE_RESPONDING || c->phase == PHASE_OPEN) {
		if (c->body_left >= fresh) {
			c->body_left -= fresh;
			c->record.request_bytes += fresh;
			c->until[TOWARDS_SERVER] = end;
			if (server && c->phase == PHASE_OPEN && unlikely(has_bit(&s->word->traced, s->id >> 32)))
				body_read(c);
			return;
		}
		if (unlikely(c->phase == PHASE_OPEN)) {
			if (!passed_unseen(sk, s, c)) {
				hand_over(c, s->hook, CORAL_MESSAGE_WAY_PIPELINED);
				return;
			}
			finish(sk, c, now, CORAL_FLAG_ABORTED);
			begin(sk, s, c, 0, now, server);
			return;
		}
		/* A server may answer before it reads the body; the next request then follows in the same bytes. */
		c->record.request_bytes += c->body_left;
		fresh -= c->body_left;
		emit_inline(sk, c, now, 0);
	}
	begin(sk, s, c, fresh < s->length ? s->length - fresh : 0, now, server);
}

/* Behind interim responses (RFC 9110, 15.2) in the same bytes, of which c->response has the first `size`: offset of the final one, which c->response then
 * begins with; -1 if there is nothing more; -2 if one is cut. */
static __noinline int skip_interim(struct source *s, struct connection *c, u64 offset, u64 size)
{
	for (int i = 0; i < 4; i++) {
		struct head_scan scan = {.first_line = 1};
		int end;

		clamp_to(size, CORAL_PREFIX_BYTES);
		end = scan_head((struct head_bytes *)c->response, &scan, size);
		if (end <= 0)
			return -2;
		offset += end;
		if (offset >= s->length)
			return -1;
		size = s->length - offset;
		clamp_to(size, CORAL_PREFIX_BYTES);
		if (source_read(s, offset, c->response, size, CORAL_PREFIX_BYTES) || size < 12)
			return -2;
		if (c->response[9] != '1' || (c->response[10] == '0' && c->response[11] == '1'))
			return offset;
	}
	return -2;
}

static __always_inline void append_tail(struct source *s, struct connection *c, u32 fresh)
{
	u64 word;
	u32 length = source_tail(s, &word);

	if (fresh < length) {
		word >>= 8 * (length - fresh) & 63;
		length = fresh;
	}
	if (length == 8) {
		c->tail = word;
		c->tail_length = 8;
	} else if (length == fresh && length) {
		u32 sum = c->tail_length + length;

		c->tail = c->tail >> (8 * length & 63) | word << (8 * (8 - length) & 63);
		c->tail_length = sum > 8 ? 8 : sum;
	} else {
		c->tail = length ? word << (8 * (8 - length) & 63) : 0;
		c->tail_length = length;
	}
}

/* More of a response whose beginning is known. The order of the stores is what flush.bpf.h relies on. */
static __noinline int continue_response(struct source *s, struct connection *c, u32 fresh, u64 now)
{
	struct coral_exchange *r = &c->record;

	*(volatile u64 *)&r->last_byte_ns = now;
	if (r->response_bytes == c->response_captured && c->response_captured < CORAL_PREFIX_BYTES &&
	    fresh <= s->length) {
		u64 at = c->response_captured, size = fresh;
		u32 hook = s->hook;
		struct message_scratch *scratch = bpf_map_lookup_elem(&message_scratch, &hook);

		if (at && !c->tail_length) {
			/* fill_tail could no longer find it when more comes than is kept */
			u64 from = at >= 8 ? at - 8 : 0;

			asm volatile("%0 &= 511" : "+r"(from));
			c->tail = *(u64 *)(c->response + from);
			if (at < 8)
				c->tail <<= 8 * (8 - at) & 63;
			c->tail_length = at >= 8 ? 8 : at;
		}
		if (size > CORAL_PREFIX_BYTES - at)
			size = CORAL_PREFIX_BYTES - at;
		asm volatile("%0 &= 511" : "+r"(at)); /* at + size <= 512, and there is room for 2 * 512 behind response */
		clamp_to(size, CORAL_PREFIX_BYTES);
		/* By way of the scratch: source_read wants more room than lies behind `at`. */
		if (scratch && s->kind != SOURCE_OPAQUE &&
		    !source_read(s, s->length - fresh, scratch->bytes, size, CORAL_PREFIX_BYTES) &&
		    !bpf_probe_read_kernel(c->response + at, size, scratch->bytes))
			c->response_captured += size;
	}
	append_tail(s, c, fresh);
	*(volatile u64 *)&r->response_bytes = r->response_bytes + fresh;
	return 0;
}

/* By way of the scratch: a copy from user memory into the socket's storage makes the kernel look up what kind of
 * memory that is (hardened usercopy), which costs as much as the copy. */
static __always_inline int read_response(struct source *s, u64 offset, u8 *to, u64 size)
{
	u32 hook = s->hook;
	struct message_scratch *scratch = bpf_map_lookup_elem(&message_scratch, &hook);
	int error;

	if (!scratch || s->kind == SOURCE_SKB)
		return source_read(s, offset, to, size, CORAL_PREFIX_BYTES);
	error = source_read(s, offset, scratch->bytes, size, CORAL_PREFIX_BYTES);
	for (u32 i = 0; i < CORAL_PREFIX_BYTES && i < size; i += 32)
		for (u32 k = i; k < i + 32; k += 8)
			*(u64 *)(to + k) = *(u64 *)(scratch->bytes + k);
	return error;
}

static __always_inline void on_response(const struct sock *sk, struct source *s, struct connection *c, u64 now)
{
	struct coral_exchange *r = &c->record;
	u32 end = s->begin + s->length, fresh = end - c->until[TOWARDS_CLIENT], status = 0;
	u64 available, offset, size, word;

	if ((s32)fresh <= 0) {
		/* A send that goes on, a buffer that is read in pieces. */
		if (c->phase == PHASE_RESPONDING)
			r->last_byte_ns = now;
		return;
	}
	if (c->phase == PHASE_RESPONDING) {
		c->until[TOWARDS_CLIENT] = end;
		continue_response(s, c, fresh, now);
		return;
	}
	if (unlikely(c->phase != PHASE_OPEN)) {
		c->until[TOWARDS_CLIENT] = end;
		count(CORAL_NOT_HTTP, 1);
		return;
	}
	offset = fresh < s->length ? s->length - fresh : 0;
	available = s->length - offset;
	size = available;
	/* A read of user memory costs 0.1-0.2 us (fences), so the head's segment has to do. */
	if (s->kind == SOURCE_SEGMENTS && !offset && s->user.contiguous >= 64 && s->user.contiguous < size)
		size = s->user.contiguous;
	clamp_to(size, CORAL_PREFIX_BYTES);
	if (unlikely(read_response(s, offset, c->response, size))) {
		count(CORAL_READ_FAULTS, 1); /* a response of unknown status */
		size = 0;
	} else {
		word = word_at(c->response) & 0x00ffffffffffffffULL;
		if (unlikely(available < 12)) {
			u64 have = available < 7 ? (1ULL << (8 * available & 63)) - 1 : 0x00ffffffffffffffULL;

			hand_over(c, s->hook,
				  (word & have) == (WORD('H', 'T', 'T', 'P', '/', '1', '.', 0) & have)
					  ? CORAL_MESSAGE_WAY_SPLIT_HEAD
					  : CORAL_MESSAGE_WAY_UNPAIRED);
			return;
		}
		if (unlikely(word != WORD('H', 'T', 'T', 'P', '/', '1', '.', 0))) {
			hand_over(c, s->hook, CORAL_MESSAGE_WAY_UNPAIRED);
			return;
		}
		if (unlikely(c->response[9] == '1' && !(c->response[10] == '0' && c->response[11] == '1'))) {
			int final = skip_interim(s, c, offset, size);

			if (final == -1) {
				c->until[TOWARDS_CLIENT] = end;
				return;
			}
			if (final < 0) {
				hand_over(c, s->hook, CORAL_MESSAGE_WAY_SPLIT_HEAD);
				return;
			}
			offset = final;
			available = s->length - offset;
			size = available;
			clamp_to(size, CORAL_PREFIX_BYTES);
		}
		{
			u32 hundreds = c->response[9] - '0', tens = c->response[10] - '0', ones = c->response[11] - '0';

			if (unlikely(c->response[8] != ' ' || hundreds > 9 || tens > 9 || ones > 9)) {
				hand_over(c, s->hook, CORAL_MESSAGE_WAY_UNPAIRED);
				return;
			}
			status = hundreds * 100 + tens * 10 + ones;
		}
	}
	c->until[TOWARDS_CLIENT] = end;
	r->status = status;
	r->first_byte_ns = now;
	r->last_byte_ns = now;
	r->response_bytes = available;
	c->response_captured = size;
	/* The tail tells the end of chunks. With segments, that end is a short one of its own ("0\r\n\r\n" is 5 bytes,
	 * "\r\n0\r\n\r\n" 7); the usual body behind a head is not worth another read. */
	if (available > size && (s->kind != SOURCE_SEGMENTS || s->user.segment_count != 2 ||
				 (s->user.second_length >= 5 && s->user.second_length <= 8)))
		append_tail(s, c, available);
	if (unlikely(status == 101 ||
		     (status / 100 == 2 && *(u64 *)c->prefix == WORD('C', 'O', 'N', 'N', 'E', 'C', 'T', ' ')))) {
		finish(sk, c, now, CORAL_FLAG_UPGRADED);
		c->phase = PHASE_OPAQUE;
		return;
	}
	if (unlikely(r->thread_order && r->tid != (u32)s->id))
		r->flags |= CORAL_FLAG_ANSWERED_ELSEWHERE;
	*(volatile u8 *)&c->phase = PHASE_RESPONDING;
}

/* A zero that the compiler does not know: it drops a result that is constant or ignored, and what is left in its
 * register may be a pointer, which the verifier refuses. */
static __always_inline int done(void)
{
	int zero = 0;

	asm volatile("" : "+r"(zero));
	return zero;
}

/* The client's side, apart so that the server's, which has the higher rates, stays in few cache lines. */
static __noinline int request_of_client(const struct sock *sk, struct source *s, struct connection *c, u64 now)
{
	on_request(sk, s, c, now, false);
	return done();
}

static __noinline int response_at_client(const struct sock *sk, struct source *s, struct connection *c, u64 now)
{
	other_read(s);
	on_response(sk, s, c, now);
	return done();
}

/* When the socket last got a segment: that is when a request came in that is now read for the first time. It is
 * nearer to what the client sees than the clock, and cheaper. Only behind the last exchange: a request that came
 * in before the last response left, or a time that the kernel did not keep, gives the clock. */
static __always_inline u64 arrival(const struct sock *sk, const struct connection *c)
{
	const struct tcp_sock *tcp = as_tcp(sk);
	u64 came = bpf_core_field_exists(tcp->tcp_clock_cache) ? tcp->tcp_clock_cache : 0;

	return likely(came > c->record.last_byte_ns) ? came : bpf_ktime_get_ns();
}

/* The socket hooks. `receives` is a constant: 1 on the receive hook, 0 on the send hook. */
static __always_inline int on_bytes(const struct sock *sk, struct source *s, struct connection *c,
				    const bool receives)
{
	u32 towards = (c->role == CORAL_SERVER) == receives ? TOWARDS_SERVER : TOWARDS_CLIENT;
	int result = 0;
	u64 now = receives && towards == TOWARDS_SERVER ? arrival(sk, c) : bpf_ktime_get_ns();

	if (likely(c->phase < PHASE_MESSAGES)) {
		if (receives && towards == TOWARDS_SERVER)
			on_request(sk, s, c, now, true);
		else if (receives)
			result = response_at_client(sk, s, c, now);
		else if (towards == TOWARDS_CLIENT)
			on_response(sk, s, c, now);
		else
			result = request_of_client(sk, s, c, now);
	}
	if (unlikely(c->phase == PHASE_MESSAGES)) {
		if (towards == TOWARDS_SERVER)
			unknown_request(s, c->role == CORAL_SERVER);
		else if (receives)
			other_read(s);
		ship(s, c, towards, now);
	}
	return result;
}

/* First bytes of a socket without state: is it a request? Bytes of everything else are never copied further
 * than to this stack. */
static __noinline bool worth_state(struct source *s)
{
	u64 word[4] = {};
	u64 size = s->length;

	clamp_to(size, 16);
	if (s->kind == SOURCE_OPAQUE)
		return false;
	if (source_read(s, 0, (u8 *)word, size, 16)) {
		count(CORAL_READ_FAULTS, 1);
		return false;
	}
	return is_request(word[0], word[1]) != NOT_A_REQUEST;
}

static __always_inline bool has_room(struct sock *sk)
{
	struct settings *settings = get_settings();

	if (!settings || *(volatile u64 *)&open_connections < settings->max_connections)
		return true;
	if (!bpf_sk_storage_get(&turned_away, sk, NULL, 0) &&
	    bpf_sk_storage_get(&turned_away, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE))
		count(CORAL_CONNECTION_LIMIT, 1);
	return false;
}

static __always_inline struct connection *introduce(struct sock *sk, struct source *s, u32 role)
{
	struct connection *c;

	if (!worth_state(s) || unlikely(!has_room(sk)))
		return NULL;
	c = bpf_sk_storage_get(&connections, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!c) {
		count(CORAL_NO_STORAGE, 1);
		return NULL;
	}
	__sync_fetch_and_add(&open_connections, 1);
	if (role == CORAL_CLIENT)
		calls(s->word, s->id >> 32);
	c->role = role;
	c->record.connection_id = __sync_add_and_fetch(&last_connection_id, 1);
	describe(sk, c);
	/* A peek behind what is unread begins later than copied_seq. */
	c->until[TOWARDS_SERVER] = s->begin;
	return c;
}

/* Nothing more can come in the direction that matters. */
static __always_inline void on_end(struct sock *sk, struct connection *c)
{
	struct coral_exchange *r = &c->record;
	u64 now, rest;

	if (c->phase == PHASE_IDLE)
		return;
	now = bpf_ktime_get_ns();
	if (c->phase == PHASE_MESSAGES) {
		emit_closed(c, now);
	} else if (c->phase != PHASE_OPAQUE) {
		rest = not_reached(sk, c, TOWARDS_SERVER);
		r->request_bytes -= rest < r->request_bytes ? rest : r->request_bytes;
		finish(sk, c, now, c->phase == PHASE_OPEN ? CORAL_FLAG_ABORTED : 0);
	}
	c->phase = PHASE_IDLE;
}

/* A socket changes its state. SYN_SENT: connect(), by the caller. FIN_WAIT1: close() or shutdown() here; LAST_ACK: the same after the peer did;
 * CLOSE: reset, or the end of a wait. A server that closes while its last bytes wait for the client is done with
 * what follows: FIN_WAIT2, CLOSING, CLOSE. A client that only shut down its sending side still waits for the response,
 * and what the kernel received before CLOSE may be read after it: tcp_destroy_sock has the last word then. */
static __always_inline int on_state(struct sock *sk, int state)
{
	const struct tcp_sock *tcp = as_tcp(sk);
	struct connection *c;

	if (state == TCP_SYN_SENT)
		return on_connect(sk);
	if (state < TCP_FIN_WAIT1 || !(1 << state & (1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 | 1 << TCP_CLOSE |
						      1 << TCP_LAST_ACK | 1 << TCP_CLOSING)))
		return 0;
	c = bpf_sk_storage_get(&connections, sk, NULL, 0);
	if (likely(!c))
		return 0;
	if (c->role == CORAL_SERVER && (state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK) &&
	    c->phase == PHASE_RESPONDING && c->record.response_bytes >= BACKLOG_BYTES && unconfirmed(sk))
		return 0;
	/* Its FIN was confirmed. If it had closed, that was the end; else it only shut down and still reads. */
	if (c->role == CORAL_CLIENT && state == TCP_FIN_WAIT2)
		return 0;
	if (c->role == CORAL_CLIENT &&
	    (state == TCP_FIN_WAIT1 ? !(((const struct sock *)bpf_rdonly_cast(
					       sk, bpf_core_type_id_kernel(struct sock)))->sk_shutdown & RCV_SHUTDOWN)
				    : tcp->rcv_nxt != tcp->copied_seq))
		return 0;
	on_end(sk, c);
	return 0;
}

#endif
