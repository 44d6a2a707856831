package io.coral.model;

/// Which processes are observed, and the services they belong to. Safe on any thread; no call
/// blocks.
public interface ProcessDirectory {
  /// The service of a process; of one that has ended for another minute.
  ServiceName serviceOf(int processId);

  /// How a process works: `go`, `java`, `python`, `node`, `proxy` or `native`; empty when it is not
  /// known.
  String runtimeOf(int processId);

  /// The kernel follows a child from its birth on.
  void forked(int processId, int parentId);

  /// A followed process runs another binary now; the kernel has let it go.
  void executed(int processId);

  /// A followed process has ended.
  void exited(int processId);

  /// Exchanges of a process were seen.
  ///
  /// @param lastUnixNanos end of the last of them
  void counted(int processId, long exchanges, long lastUnixNanos);
}
