/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Bytes that may be the head of an HTTP/1 message: is it a request, where does it end, what does it say of its body.
 * Knows no connection. */
#ifndef CORAL_HTTP1_HEAD_H
#define CORAL_HTTP1_HEAD_H

#include "core_fixes.bpf.h"
#include "event.h"

#define SCAN_BYTES CORAL_PREFIX_BYTES
/* The scan looks at a few bytes behind the place where it is; what it finds there is checked against the length. */
#define SCAN_SLACK 64

struct head_bytes {
	u8 bytes[SCAN_BYTES + SCAN_SLACK];
};

struct head_scan {
	u64 content_length;
	u64 value; /* of a length that is being read */
	u32 digits;
	u32 chunked;
	u32 first_line; /* not seen yet */
	u32 length;     /* of what is being scanned; in memory, where the verifier does not follow it */
};

#define REPEATED(byte) (0x0101010101010101ULL * (byte))
#define WORD(a, b, c, d, e, f, g, h)                                                                   \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | (u64)(f) << 40 | \
	 (u64)(g) << 48 | (u64)(h) << 56)
#define LOWER_CASE REPEATED(0x20)

enum { NOT_A_REQUEST, A_REQUEST, MAYBE_A_REQUEST };

/* The eight bytes at `from`, opaque to the compiler: it would make seven loads of one that is masked. */
static __always_inline u64 word_at(const void *from)
{
	u64 word = *(const u64 *)from;

	asm volatile("" : "+r"(word));
	return word;
}

/* Reads one header field at `at`, which is behind a line feed, if it tells the length of the body.
 * A line that ends behind `length` is left for the next piece of the head. */
__noinline int scan_field(struct head_bytes *head, struct head_scan *out, u32 at, u32 length)
{
	volatile struct head_scan *number = out;
	u64 name;

	if (!head || !out || length > SCAN_BYTES || at + 17 > length)
		return 0;
	at &= SCAN_BYTES - 1; /* nothing lost: at + 17 <= 512; and the slack covers the 15 + 32 bytes from there */
	name = *(u64 *)(head->bytes + at) | LOWER_CASE;
	if (name == WORD('t', 'r', 'a', 'n', 's', 'f', 'e', 'r')) {
		name = *(u64 *)(head->bytes + at + 8) | LOWER_CASE;
		if (name == WORD('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n'))
			out->chunked = 1;
		return 0;
	}
	if (name != WORD('c', 'o', 'n', 't', 'e', 'n', 't', '-'))
		return 0;
	name = (word_at(head->bytes + at + 8) | LOWER_CASE) & 0x00ffffffffffffffULL;
	if (name != (WORD('l', 'e', 'n', 'g', 't', 'h', ':', 0)))
		return 0;
	at += 15;
	/* Kept in memory, where the verifier does not follow them: in registers each digit would double its work. */
	number->value = 0;
	number->digits = 0;
	for (u32 i = 0; i < 32; i++) {
		u8 c = head->bytes[at + i];

		if (at + i >= length)
			return 0;
		if (c >= '0' && c <= '9') {
			number->value = number->value * 10 + (c - '0');
			number->digits++;
		} else if (c == '\r' || c == '\n') {
			if (number->digits && number->digits < 19)
				out->content_length = number->value;
			return 0;
		} else if (c != ' ' && c != '\t') {
			return 0;
		}
	}
	return 0;
}

/* Index of the byte with the lowest of the top bits in hits: a multiplication with the bytes 7 to 0. */
static __always_inline u32 lowest_hit(u64 hits)
{
	return ((hits & -hits) >> 7) * 0x0001020304050607ULL >> 56 & 7;
}

/* Looks at the line that follows the line feed before `at`: the length of the head if it is empty,
 * -1 if out->first_line is set and the line before it is none of HTTP/1, -2 if the bytes end here, 0 otherwise. */
static __always_inline int scan_line(struct head_bytes *head, struct head_scan *out, u64 at)
{
	volatile u32 *limit = &out->length;
	u64 line;

	if (out->first_line) {
		/* "GET / HTTP/1.1\r\n" at its end, "HTTP/1.1 200" at its start */
		u64 from = at - 10;

		asm volatile("%0 &= 511" : "+r"(from));
		out->first_line = 0;
		if (at <= *limit &&
		    (word_at(head->bytes + from) ^ WORD('H', 'T', 'T', 'P', '/', '1', '.', 0)) << 8 &&
		    (word_at(head->bytes) ^ WORD('H', 'T', 'T', 'P', '/', '1', '.', 0)) << 8)
			return -1;
	}
	line = *(u32 *)(head->bytes + at - 1);
	asm volatile("" : "+r"(line));
	if ((line & 0xffffff) == ('\n' | '\r' << 8 | '\n' << 16))
		return at + 2 <= *limit ? (int)at + 2 : -2;
	line = (line >> 8 & 0xff) | 0x20;
	if (unlikely(line == 'c' || line == 't'))
		scan_field(head, out, at, *limit);
	return 0;
}

/* The line feeds of eight bytes; `hits` has the top bit set of each of them. Apart from scan_head so that the
 * verifier goes through this once and not 64 times. */
__noinline int scan_lines(struct head_bytes *head, struct head_scan *out, u32 i, u64 hits)
{
	if (!head || !out)
		return 0;
	i &= SCAN_BYTES - 8;
	for (u32 k = 0; hits && k < 8; k++, hits &= hits - 1) {
		int end = scan_line(head, out, i + lowest_hit(hits) + 1);

		if (end)
			return end;
	}
	return 0;
}

/* Looks for the empty line in the first `length` bytes: the length of the head up to and with it, 0 if it is not
 * there, -1 if out->first_line is set and the first line is none of HTTP/1.
 * Eight bytes at a time; only a line feed is looked at closer. */
__noinline int scan_head(struct head_bytes *head, struct head_scan *out, u32 length)
{
	volatile u32 *limit;

	if (!head || !out || length > SCAN_BYTES)
		return 0;
	limit = &out->length;
	*limit = length;
	for (u32 i = 0; i < SCAN_BYTES; i += 8) {
		u64 word, hits, more;
		int end;

		if (i >= *limit)
			return 0;
		word = word_at(head->bytes + i) ^ REPEATED('\n');
		hits = (word - REPEATED(1)) & ~word & REPEATED(0x80);
		if (likely(!hits))
			continue;
		end = scan_line(head, out, i + lowest_hit(hits) + 1);
		more = hits & (hits - 1);
		asm volatile("" : "+r"(more)); /* no population count instead */
		if (unlikely(!end && more))
			end = scan_lines(head, out, i, more);
		if (end)
			return end == -2 ? 0 : end;
	}
	return 0;
}

/* Looks at the first 16 bytes, zero where there are none, of what may be a request: 3 to 14 capital letters or '-',
 * a space, then '/', '*' or the h of an absolute target. */
__noinline int judge_request(u64 low, u64 high)
{
	u32 letters = 0;
	bool connect;
	u8 c = 0;

	/* HTTP/2's preface is no request of HTTP/1 (RFC 9113, 3.4). */
	if ((u32)low == (u32)WORD('P', 'R', 'I', ' ', 0, 0, 0, 0))
		return NOT_A_REQUEST;
	connect = low == WORD('C', 'O', 'N', 'N', 'E', 'C', 'T', ' ');
	for (; letters < 15; letters++) {
		c = letters < 8 ? low >> (8 * letters) : high >> (8 * (letters - 8));
		if (!((c >= 'A' && c <= 'Z') || c == '-'))
			break;
	}
	if (!c) {
		/* Everything there is are letters: the beginning of a common method? A lone letter of another protocol
		 * costs a few messages that user space discards. */
		u64 have = letters < 8 ? (1ULL << (8 * (letters & 7))) - 1 : ~0ULL;

		if (!letters || letters > 7)
			return NOT_A_REQUEST;
		if (low == (WORD('G', 'E', 'T', ' ', 0, 0, 0, 0) & have) ||
		    low == (WORD('P', 'O', 'S', 'T', ' ', 0, 0, 0) & have) ||
		    low == (WORD('P', 'U', 'T', ' ', 0, 0, 0, 0) & have) ||
		    low == (WORD('H', 'E', 'A', 'D', ' ', 0, 0, 0) & have) ||
		    low == (WORD('P', 'A', 'T', 'C', 'H', ' ', 0, 0) & have) ||
		    low == (WORD('D', 'E', 'L', 'E', 'T', 'E', ' ', 0) & have) ||
		    low == (WORD('O', 'P', 'T', 'I', 'O', 'N', 'S', ' ') & have) ||
		    low == (WORD('C', 'O', 'N', 'N', 'E', 'C', 'T', ' ') & have))
			return MAYBE_A_REQUEST;
		return NOT_A_REQUEST;
	}
	if (c != ' ' || letters < 3 || letters > 14)
		return NOT_A_REQUEST;
	letters++;
	c = letters < 8 ? low >> (8 * letters) : high >> (8 * (letters - 8));
	if (connect)
		return A_REQUEST;
	if (c == '/' || c == '*' || (c | 0x20) == 'h')
		return A_REQUEST;
	return c ? NOT_A_REQUEST : MAYBE_A_REQUEST;
}

static __always_inline int is_request(u64 low, u64 high)
{
	u64 five = low & 0xffffffffffULL;

	if (likely(five == WORD('G', 'E', 'T', ' ', '/', 0, 0, 0) || five == WORD('P', 'O', 'S', 'T', ' ', 0, 0, 0) ||
		   five == WORD('P', 'U', 'T', ' ', '/', 0, 0, 0) || five == WORD('H', 'E', 'A', 'D', ' ', 0, 0, 0)))
		if (five != WORD('P', 'O', 'S', 'T', ' ', 0, 0, 0) && five != WORD('H', 'E', 'A', 'D', ' ', 0, 0, 0))
			return A_REQUEST;
	return judge_request(low, high);
}

#endif
