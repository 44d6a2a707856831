/* SPDX-License-Identifier: Apache-2.0 */
/* libcoral: libbpf behind a few functions that take integers and pointers and return 0 or -errno. No globals.
 * A handle belongs to the thread that uses it; coral_ring's mappings may be read from one other thread. */
#ifndef CORAL_SHIM_H
#define CORAL_SHIM_H

struct coral;

/* Version of this interface; the agent refuses another. */
int coral_abi_version(void);

/* Loads an object with a ring of ring_bytes (a power of two, >= 4096), that parses at most max_connections at the
 * same time. Nothing is attached yet.
 * On failure the reason is in error (NUL-terminated, cut to error_size). */
int coral_open(const char *object_path, unsigned int ring_bytes, unsigned int max_connections, struct coral **out,
	       char *error, int error_size);

/* Attaches every program of the object but those of coral_probe_go; on failure detaches what it had attached. */
int coral_attach(struct coral *coral, char *error, int error_size);
int coral_detach(struct coral *coral);

/* Selects (on = 1) or drops (on = 0) a process. goid_offset > 0: a Go process whose g holds its id there, and at
 * parent_goid_offset (0 = not known) the id of the goroutine that started it.
 * follow_exec = 1: keep following children that run another binary. pid 0, 1 and the caller give -EPERM. */
int coral_target(struct coral *coral, int tgid, int on, int goid_offset, int parent_goid_offset, int follow_exec);
/* Probes net/http.(*persistConn).roundTrip and net/http.(*Request).write of one process, at these offsets in its
 * executable, instead of where it was probed before. */
int coral_probe_go(struct coral *coral, int tgid, long round_trip_offset, long request_write_offset);
/* Takes the probes of a process away, if it has any. */
int coral_unprobe(struct coral *coral, int tgid);
/* 1 if selected, 0 if not. */
int coral_is_target(struct coral *coral, int tgid);

/* The ring: two pages with the positions and size bytes of data mapped twice in a row. */
int coral_ring(struct coral *coral, void **consumer_position, void **producer_position, void **data, long *size);

/* Emits a progress record for each exchange whose response has paused for idle_ns. */
int coral_flush(struct coral *coral, unsigned long long idle_ns);

/* Sums each counter over the CPUs into out[0..count). */
int coral_counters(struct coral *coral, unsigned long long *out, int count);

/* Bytes of kernel memory behind the maps, as /proc/self/fdinfo tells. */
long coral_map_bytes(struct coral *coral);

/* Offset in bytes of a member in the BTF of an object, or its size when member is NULL; -ENOENT if absent. */
int coral_btf_offset(const char *object_path, const char *structure, const char *member);

/* 1 if tracepoint name has BTF in the running kernel, 0 if not, -errno without kernel BTF. */
int coral_has_tracepoint(const char *name);

void coral_close(struct coral *coral);

#endif
