package io.coral.agent.kernel;

import io.coral.model.Captured;

/// Takes what the ring buffer holds, on the thread that drains it.
public interface EventListener {
  void captured(Captured record);

  void forked(int processId, int parentId);

  void executed(int processId);

  void exited(int processId);

  /// A record of another version or shape was skipped.
  void unreadable();
}
