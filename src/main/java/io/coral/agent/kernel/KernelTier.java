package io.coral.agent.kernel;

import java.util.List;

/// A set of hooks that gives the same records on another range of kernels. The first tier whose
/// tracepoints exist is taken; versions are never compared.
public enum KernelTier {
  /// Socket tracepoints with BTF, 6.16 and later.
  T1(
      "coral_t1.bpf.o",
      List.of(
          "skb_copy_datagram_iovec",
          "tcp_sendmsg_locked",
          "inet_sock_set_state",
          "sched_process_fork",
          "sched_process_exec",
          "sched_process_exit"));

  private final String objectFile;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> tracepoints;

  KernelTier(String objectFile, List<String> tracepoints) {
    this.objectFile = objectFile;
    this.tracepoints = tracepoints;
  }

  String objectFile() {
    return objectFile;
  }

  List<String> tracepoints() {
    return tracepoints;
  }
}
