/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Counters of the kernel side, one 64-bit number per CPU and index.
 * The names in io.coral.agent.kernel.KernelCounter stand in the same order. */
#ifndef CORAL_COUNTERS_H
#define CORAL_COUNTERS_H

enum coral_counter {
	CORAL_EXCHANGES_GENERATED,      /* exchanges that ended, whether or not the ring took them */
	CORAL_EXCHANGES_DROPPED_RING,   /* of them, not taken: the ring was full */
	CORAL_MESSAGES_GENERATED,       /* message records */
	CORAL_MESSAGES_DROPPED_RING,    /* of them, not taken: the ring was full */
	CORAL_PROCESS_DROPPED_RING,     /* fork, exec and exit records not taken */
	CORAL_NO_STORAGE,               /* connections and threads without state: the kernel had no memory for it */
	CORAL_READ_FAULTS,              /* bytes that could not be read (page not present, odd iterator) */
	CORAL_MESSAGE_WAY_PIPELINED,    /* connections that left the pairing: bytes behind a complete request */
	CORAL_MESSAGE_WAY_SPLIT_HEAD,   /* … a request or status line in pieces */
	CORAL_MESSAGE_WAY_LONG_HEAD,    /* … a request head longer than 16 KiB */
	CORAL_MESSAGE_WAY_CHUNKED,      /* … a chunked request body */
	CORAL_MESSAGE_WAY_UNPAIRED,     /* … a response that did not begin like one */
	CORAL_MESSAGE_BYTES_UNCAPTURED, /* bytes of the message way that no record carries */
	CORAL_NOT_HTTP,                 /* bytes on a followed connection that are not HTTP/1 */
	CORAL_CONNECTION_LIMIT,         /* connections that were not parsed: as many as allowed were */
	CORAL_COUNTERS,                 /* how many there are */
};

#endif
