/* SPDX-License-Identifier: Apache-2.0 */
#include "coral.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ABI_VERSION 3
#define MOST_PROGRAMS 32
/* As in filter.bpf.h: 64 processes a word. */
#define TARGET_WORDS 65536
#define MOST_CPUS 4096

struct target_word {
	uint64_t followed;
	uint64_t go;
	uint64_t traced;
	uint64_t calls;
};

struct process_settings {
	uint64_t exe_inode;
	uint32_t exe_device;
	uint32_t goid_offset;
	uint32_t follow_exec;
	uint32_t parent_goid_offset;
};

enum { ROUND_TRIP, REQUEST_WRITE, GO_PROBES };

struct probed {
	int tgid;
	struct bpf_link *links[GO_PROBES];
};

/* As in connection.bpf.h. */
struct settings {
	uint64_t idle_ns;
	uint64_t jiffy_ns;
	uint64_t max_connections;
};

struct coral {
	struct bpf_object *object;
	struct bpf_link *links[MOST_PROGRAMS];
	int link_count;
	int flush_link; /* index of the iterator's link, -1 = none */
	struct probed *probed;
	int probed_count;
	int processes_fd;
	int counters_fd;
	int settings_fd;
	int counter_count;
	int cpu_count;
	struct target_word *targets;
	void *consumer;
	void *producer; /* position page, then the data twice */
	size_t producer_bytes;
	size_t ring_bytes;
	unsigned int max_connections;
};

/* Where libbpf's messages go while this thread is in a call; libbpf offers no other way to tell a reason. */
static _Thread_local struct {
	char *text;
	int size;
	int used;
} said;

static int keep_what_is_said(enum libbpf_print_level level, const char *format, va_list arguments)
{
	int room = said.size - said.used, length;

	if (level != LIBBPF_WARN || !said.text || room <= 1)
		return 0;
	length = vsnprintf(said.text + said.used, room, format, arguments);
	if (length > 0)
		said.used += length < room ? length : room - 1;
	return length;
}

static void listen(char *error, int error_size)
{
	if (error && error_size > 0)
		error[0] = 0;
	said.text = error;
	said.size = error ? error_size : 0;
	said.used = 0;
	libbpf_set_print(keep_what_is_said);
}

static int fail(int code, const char *what)
{
	int room = said.size - said.used;

	if (said.text && room > 1)
		snprintf(said.text + said.used, room, "%s: %s", what, strerror(-code));
	said.text = NULL;
	return code;
}

int coral_abi_version(void)
{
	return ABI_VERSION;
}

static int map_fd(struct coral *coral, const char *name)
{
	return bpf_object__find_map_fd_by_name(coral->object, name);
}

static int map_ring(struct coral *coral)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = map_fd(coral, "ring");

	if (fd < 0)
		return fd;
	coral->consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (coral->consumer == MAP_FAILED) {
		coral->consumer = NULL;
		return -errno;
	}
	coral->producer_bytes = page + 2 * coral->ring_bytes;
	coral->producer = mmap(NULL, coral->producer_bytes, PROT_READ, MAP_SHARED, fd, page);
	if (coral->producer == MAP_FAILED) {
		coral->producer = NULL;
		return -errno;
	}
	return 0;
}

static int map_targets(struct coral *coral)
{
	int fd = map_fd(coral, "targets");
	void *address;

	if (fd < 0)
		return fd;
	address = mmap(NULL, TARGET_WORDS * sizeof(struct target_word), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (address == MAP_FAILED)
		return -errno;
	coral->targets = address;
	return 0;
}

/* The coarse clock moves once a jiffy. */
static int set_up(struct coral *coral, uint64_t idle_ns)
{
	struct settings settings = {.idle_ns = idle_ns, .max_connections = coral->max_connections};
	struct timespec jiffy;
	uint32_t zero = 0;

	if (!clock_getres(CLOCK_MONOTONIC_COARSE, &jiffy) && !jiffy.tv_sec)
		settings.jiffy_ns = jiffy.tv_nsec;
	return bpf_map_update_elem(coral->settings_fd, &zero, &settings, BPF_ANY) ? -errno : 0;
}

int coral_open(const char *object_path, unsigned int ring_bytes, unsigned int max_connections, struct coral **out,
	       char *error, int error_size)
{
	struct coral *coral;
	struct bpf_map *map;
	int code;

	if (!object_path || !out)
		return -EINVAL;
	*out = NULL;
	listen(error, error_size);
	if (ring_bytes < 4096 || ring_bytes & (ring_bytes - 1) || ring_bytes % sysconf(_SC_PAGESIZE))
		return fail(-EINVAL, "ring_bytes (expected: a power of two, >= 4096, whole pages)");
	coral = calloc(1, sizeof(*coral));
	if (!coral)
		return fail(-ENOMEM, "coral_open");
	coral->flush_link = -1;
	coral->ring_bytes = ring_bytes;
	coral->max_connections = max_connections;
	coral->object = bpf_object__open_file(object_path, NULL);
	if (!coral->object) {
		code = fail(-errno, object_path);
		free(coral);
		return code;
	}
	map = bpf_object__find_map_by_name(coral->object, "ring");
	code = map ? bpf_map__set_max_entries(map, ring_bytes) : -ENOENT;
	if (code) {
		fail(code, "map ring");
		goto failed;
	}
	code = bpf_object__load(coral->object);
	if (code) {
		fail(code, "load");
		goto failed;
	}
	coral->processes_fd = map_fd(coral, "processes");
	coral->counters_fd = map_fd(coral, "counters");
	coral->settings_fd = map_fd(coral, "settings");
	coral->cpu_count = libbpf_num_possible_cpus();
	map = bpf_object__find_map_by_name(coral->object, "counters");
	coral->counter_count = map ? (int)bpf_map__max_entries(map) : 0;
	if (coral->processes_fd < 0 || coral->counters_fd < 0 || coral->settings_fd < 0 ||
	    coral->cpu_count <= 0 || coral->cpu_count > MOST_CPUS) {
		code = fail(-ENOENT, "maps of the object");
		goto failed;
	}
	code = set_up(coral, UINT64_MAX);
	if (!code)
		code = map_targets(coral);
	if (!code)
		code = map_ring(coral);
	if (code) {
		fail(code, "maps");
		goto failed;
	}
	said.text = NULL;
	*out = coral;
	return 0;

failed:
	coral_close(coral);
	return code;
}

static struct bpf_link *attach_one(struct coral *coral, struct bpf_program *program)
{
	union bpf_iter_link_info info = {0};
	LIBBPF_OPTS(bpf_iter_attach_opts, options);
	int fd;

	if (bpf_program__expected_attach_type(program) != BPF_TRACE_ITER)
		return bpf_program__attach(program);
	fd = map_fd(coral, "connections");
	if (fd < 0) {
		errno = ENOENT;
		return NULL;
	}
	info.map.map_fd = fd;
	options.link_info = &info;
	options.link_info_len = sizeof(info);
	coral->flush_link = coral->link_count;
	return bpf_program__attach_iter(program, &options);
}

int coral_attach(struct coral *coral, char *error, int error_size)
{
	struct bpf_program *program;

	if (!coral)
		return -EINVAL;
	if (coral->link_count)
		return -EALREADY;
	listen(error, error_size);
	bpf_object__for_each_program(program, coral->object) {
		struct bpf_link *link;
		int code = -E2BIG;

		if (bpf_program__type(program) == BPF_PROG_TYPE_KPROBE)
			continue; /* of single processes */
		link = coral->link_count < MOST_PROGRAMS ? attach_one(coral, program) : NULL;
		if (!link) {
			if (coral->link_count < MOST_PROGRAMS)
				code = -errno;
			fail(code, bpf_program__name(program));
			coral_detach(coral);
			return code;
		}
		coral->links[coral->link_count++] = link;
	}
	said.text = NULL;
	return 0;
}

static void unlink_probes(const struct probed *probed)
{
	for (int i = 0; i < GO_PROBES; i++)
		bpf_link__destroy(probed->links[i]);
}

int coral_detach(struct coral *coral)
{
	if (!coral)
		return -EINVAL;
	while (coral->probed_count)
		unlink_probes(&coral->probed[--coral->probed_count]);
	free(coral->probed);
	coral->probed = NULL;
	while (coral->link_count)
		bpf_link__destroy(coral->links[--coral->link_count]);
	coral->flush_link = -1;
	return 0;
}

int coral_unprobe(struct coral *coral, int tgid)
{
	if (!coral)
		return -EINVAL;
	for (int i = 0; i < coral->probed_count; i++)
		if (coral->probed[i].tgid == tgid) {
			unlink_probes(&coral->probed[i]);
			coral->probed[i] = coral->probed[--coral->probed_count];
			return 0;
		}
	return 0;
}

int coral_probe_go(struct coral *coral, int tgid, long round_trip_offset, long request_write_offset)
{
	static const char *const names[GO_PROBES] = {"coral_go_round_trip", "coral_go_request_write"};
	long offsets[GO_PROBES] = {round_trip_offset, request_write_offset};
	struct probed added = {.tgid = tgid}, *probed;
	char path[64];

	if (!coral || tgid <= 1 || round_trip_offset <= 0 || request_write_offset <= 0)
		return -EINVAL;
	coral_unprobe(coral, tgid);
	probed = realloc(coral->probed, (coral->probed_count + 1) * sizeof(*probed));
	if (!probed)
		return -ENOMEM;
	coral->probed = probed;
	listen(NULL, 0);
	snprintf(path, sizeof(path), "/proc/%d/exe", tgid);
	for (int i = 0; i < GO_PROBES; i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(coral->object, names[i]);

		errno = ENOENT;
		added.links[i] = program ? bpf_program__attach_uprobe(program, false, tgid, path, offsets[i]) : NULL;
		if (!added.links[i]) {
			int code = -errno;

			unlink_probes(&added);
			return code;
		}
	}
	probed[coral->probed_count++] = added;
	return 0;
}

int coral_target(struct coral *coral, int tgid, int on, int goid_offset, int parent_goid_offset, int follow_exec)
{
	struct target_word *word;
	uint64_t bit;

	if (!coral)
		return -EINVAL;
	if (tgid == 0 || tgid == 1 || tgid == getpid())
		return -EPERM;
	if (tgid < 0 || tgid >= TARGET_WORDS * 64 || goid_offset < 0 || parent_goid_offset < 0)
		return -EINVAL;
	word = &coral->targets[tgid >> 6];
	bit = 1ULL << (tgid & 63);
	if (on) {
		struct process_settings settings = {
			.goid_offset = goid_offset,
			.parent_goid_offset = goid_offset ? parent_goid_offset : 0,
			.follow_exec = follow_exec != 0,
		};
		char path[64];
		struct stat exe;

		snprintf(path, sizeof(path), "/proc/%d/exe", tgid);
		if (stat(path, &exe) < 0)
			return errno == ENOENT ? -ESRCH : -errno;
		/* The device is left out: on overlay and btrfs stat tells another than the kernel's inode has. */
		settings.exe_inode = exe.st_ino;
		if (bpf_map_update_elem(coral->processes_fd, &tgid, &settings, BPF_ANY))
			return -errno;
		__atomic_fetch_and(goid_offset ? &word->traced : &word->go, ~bit, __ATOMIC_SEQ_CST);
		__atomic_fetch_or(goid_offset ? &word->go : &word->traced, bit, __ATOMIC_SEQ_CST);
		__atomic_fetch_or(&word->followed, bit, __ATOMIC_SEQ_CST);
	} else {
		__atomic_fetch_and(&word->followed, ~bit, __ATOMIC_SEQ_CST);
		__atomic_fetch_and(&word->go, ~bit, __ATOMIC_SEQ_CST);
		__atomic_fetch_and(&word->traced, ~bit, __ATOMIC_SEQ_CST);
		__atomic_fetch_and(&word->calls, ~bit, __ATOMIC_SEQ_CST);
		bpf_map_delete_elem(coral->processes_fd, &tgid);
	}
	return 0;
}

int coral_is_target(struct coral *coral, int tgid)
{
	if (!coral || tgid < 0 || tgid >= TARGET_WORDS * 64)
		return 0;
	return __atomic_load_n(&coral->targets[tgid >> 6].followed, __ATOMIC_SEQ_CST) >> (tgid & 63) & 1;
}

int coral_ring(struct coral *coral, void **consumer_position, void **producer_position, void **data, long *size)
{
	if (!coral || !consumer_position || !producer_position || !data || !size)
		return -EINVAL;
	*consumer_position = coral->consumer;
	*producer_position = coral->producer;
	*data = (char *)coral->producer + sysconf(_SC_PAGESIZE);
	*size = coral->ring_bytes;
	return 0;
}

int coral_flush(struct coral *coral, unsigned long long idle_ns)
{
	char nothing[64];
	ssize_t got;
	int fd, code = 0;

	if (!coral)
		return -EINVAL;
	if (coral->flush_link < 0)
		return -ENOTCONN;
	code = set_up(coral, idle_ns);
	if (code)
		return code;
	fd = bpf_iter_create(bpf_link__fd(coral->links[coral->flush_link]));
	if (fd < 0)
		return -errno;
	/* The programs print nothing; reading is what makes them run. */
	do
		got = read(fd, nothing, sizeof(nothing));
	while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
	if (got < 0)
		code = -errno;
	close(fd);
	return code;
}

int coral_counters(struct coral *coral, unsigned long long *out, int count)
{
	uint64_t *values;

	if (!coral || !out || count < 0)
		return -EINVAL;
	values = calloc(coral->cpu_count, sizeof(*values));
	if (!values)
		return -ENOMEM;
	for (int i = 0; i < count; i++) {
		uint32_t key = i;

		out[i] = 0;
		if (i >= coral->counter_count)
			continue;
		if (bpf_map_lookup_elem(coral->counters_fd, &key, values)) {
			int code = -errno;

			free(values);
			return code;
		}
		for (int cpu = 0; cpu < coral->cpu_count; cpu++)
			out[i] += values[cpu];
	}
	free(values);
	return 0;
}

static long memlock_bytes(int fd)
{
	char path[64], line[128];
	long bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %ld", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

long coral_map_bytes(struct coral *coral)
{
	struct bpf_map *map;
	long sum = 0;

	if (!coral)
		return -EINVAL;
	bpf_object__for_each_map(map, coral->object)
		sum += memlock_bytes(bpf_map__fd(map));
	return sum;
}

int coral_btf_offset(const char *object_path, const char *structure, const char *member)
{
	int result = -ENOENT, id;
	const struct btf_type *type;
	struct btf *btf;

	if (!object_path || !structure)
		return -EINVAL;
	listen(NULL, 0);
	btf = btf__parse(object_path, NULL);
	if (!btf)
		return -errno;
	id = btf__find_by_name_kind(btf, structure, BTF_KIND_STRUCT);
	type = id < 0 ? NULL : btf__type_by_id(btf, id);
	if (type && !member) {
		result = type->size;
	} else if (type) {
		for (unsigned int i = 0; i < btf_vlen(type); i++) {
			const char *name = btf__name_by_offset(btf, btf_members(type)[i].name_off);

			if (name && !strcmp(name, member)) {
				result = btf_member_bit_offset(type, i) / 8;
				break;
			}
		}
	}
	btf__free(btf);
	return result;
}

int coral_has_tracepoint(const char *name)
{
	struct btf *btf;
	char type[128];
	int found;

	if (!name)
		return -EINVAL;
	listen(NULL, 0);
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return -errno;
	snprintf(type, sizeof(type), "btf_trace_%s", name);
	found = btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) >= 0;
	btf__free(btf);
	return found;
}

void coral_close(struct coral *coral)
{
	if (!coral)
		return;
	coral_detach(coral);
	if (coral->consumer)
		munmap(coral->consumer, sysconf(_SC_PAGESIZE));
	if (coral->producer)
		munmap(coral->producer, coral->producer_bytes);
	if (coral->targets)
		munmap(coral->targets, TARGET_WORDS * sizeof(struct target_word));
	bpf_object__close(coral->object);
	free(coral);
}
