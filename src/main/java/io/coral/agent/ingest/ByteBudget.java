package io.coral.agent.ingest;

import java.util.concurrent.atomic.AtomicLong;

/// How many bytes may be in flight: received and not answered. Safe on any thread.
public final class ByteBudget {
  private final long maxBytes;
  private final AtomicLong used = new AtomicLong();

  public ByteBudget(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /// Takes bytes, or none and says false.
  boolean take(long bytes) {
    while (true) {
      long before = used.get();
      if (bytes > maxBytes - before) {
        return false;
      }
      if (used.compareAndSet(before, before + bytes)) {
        return true;
      }
    }
  }

  void give(long bytes) {
    used.addAndGet(-bytes);
  }

  public long usedBytes() {
    return used.get();
  }
}
