/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Followed processes come by fork and go by exec of another binary or by exit. Fork runs before the child does,
 * so its first byte is seen. */
#ifndef CORAL_PROCESS_H
#define CORAL_PROCESS_H

#include "connection.bpf.h"

static __always_inline void emit_process(u32 kind, u32 tgid, u32 parent_tgid)
{
	struct coral_process record = {
		.header = {kind, CORAL_EVENT_VERSION, sizeof(record), bpf_ktime_get_ns()},
		.tgid = tgid,
		.parent_tgid = parent_tgid,
	};

	if (bpf_ringbuf_output(&ring, &record, sizeof(record), BPF_RB_NO_WAKEUP))
		count(CORAL_PROCESS_DROPPED_RING, 1);
}

static __always_inline void identify(struct process_settings *settings, struct file *exe)
{
	settings->exe_inode = BPF_CORE_READ(exe, f_inode, i_ino);
	settings->exe_device = BPF_CORE_READ(exe, f_inode, i_sb, s_dev);
}

static __always_inline int on_fork(struct task_struct *parent, struct task_struct *child)
{
	u32 parent_tgid = parent->tgid, tgid = child->tgid, pid = child->pid;
	struct process_settings settings = {}, *inherited;
	struct target_word *word, *from;
	u64 bit = 1ULL << (tgid & 63);

	from = tgid == pid ? followed_word(parent_tgid) : NULL;
	if (likely(!from))
		return 0;
	word = target_word(tgid);
	if (!word)
		return 0;
	inherited = bpf_map_lookup_elem(&processes, &parent_tgid);
	if (inherited)
		settings = *inherited;
	identify(&settings, BPF_CORE_READ(parent, mm, exe_file));
	bpf_map_update_elem(&processes, &tgid, &settings, BPF_ANY);
	if (settings.goid_offset)
		__sync_fetch_and_or(&word->go, bit);
	if (has_bit(&from->traced, parent_tgid))
		__sync_fetch_and_or(&word->traced, bit);
	__sync_fetch_and_or(&word->followed, bit);
	emit_process(CORAL_FORKED, tgid, parent_tgid);
	return 0;
}

static __always_inline int on_exec(struct task_struct *task, struct linux_binprm *binprm)
{
	u32 tgid = task->tgid;
	struct process_settings *known, now = {};
	struct target_word *word;

	if (!is_followed(tgid))
		return 0;
	identify(&now, BPF_CORE_READ(binprm, file));
	known = bpf_map_lookup_elem(&processes, &tgid);
	if (known && known->exe_inode == now.exe_inode &&
	    (!known->exe_device || known->exe_device == now.exe_device))
		return 0;
	word = target_word(tgid);
	if (known && known->follow_exec) {
		known->exe_inode = now.exe_inode;
		known->exe_device = now.exe_device;
		known->goid_offset = 0;
		known->parent_goid_offset = 0;
		if (word)
			__sync_fetch_and_and(&word->go, ~(1ULL << (tgid & 63)));
		return 0;
	}
	if (unfollow(tgid)) {
		bpf_map_delete_elem(&processes, &tgid);
		emit_process(CORAL_EXECED, tgid, 0);
	}
	return 0;
}

/* Any thread's exit; the last one's ends the process. Sockets are closed after this hook, so the last exchanges of
 * a process follow its CORAL_EXITED. */
static __always_inline int on_exit(struct task_struct *task)
{
	u32 tgid = task->tgid;

	if (!is_followed(tgid) || BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	if (unfollow(tgid)) {
		bpf_map_delete_elem(&processes, &tgid);
		emit_process(CORAL_EXITED, tgid, 0);
	}
	return 0;
}

#endif
