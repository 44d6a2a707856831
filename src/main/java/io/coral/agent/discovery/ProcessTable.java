package io.coral.agent.discovery;

import io.coral.model.ObservedProcess;
import io.coral.model.ProcessDirectory;
import io.coral.model.ServiceName;
import io.coral.telemetry.Audit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The observed processes and how much was seen of each. Safe on any thread.
final class ProcessTable implements ProcessDirectory {
  private static final long KEEP_ENDED_NANOS = 60_000_000_000L;

  private final Map<Integer, Entry> entries = new ConcurrentHashMap<>();
  private final LongSupplier monotonicNanos;
  private volatile Runnable onExec = () -> {};

  private static final class Entry {
    final ObservedProcess process;
    final LongAdder exchanges = new LongAdder();
    final AtomicLong lastUnixNanos = new AtomicLong();
    volatile long endedAtNanos;

    Entry(ObservedProcess process) {
      this.process = process;
    }
  }

  /// What was seen of a process.
  ///
  /// @param lastUnixNanos 0 = nothing yet
  record Seen(long exchanges, long lastUnixNanos) {}

  ProcessTable(LongSupplier monotonicNanos) {
    this.monotonicNanos = monotonicNanos;
  }

  /// Called after a followed process began to run another binary.
  void onExec(Runnable action) {
    onExec = action;
  }

  void observe(ObservedProcess process) {
    Entry before = entries.get(process.processId());
    Entry entry = new Entry(process);
    if (before != null && before.process.startTicks() == process.startTicks()) {
      entry.exchanges.add(before.exchanges.sum());
      entry.lastUnixNanos.set(before.lastUnixNanos.get());
    }
    entries.put(process.processId(), entry);
  }

  void release(int processId) {
    Entry entry = entries.get(processId);
    if (entry != null) {
      if (entry.endedAtNanos == 0 && entry.process.startTicks() != 0) {
        Audit.log("detached", "pid", processId, "service", entry.process.service().name());
      }
      entry.endedAtNanos = monotonicNanos.getAsLong() | 1;
    }
  }

  /// Forgets what ended more than a minute ago.
  void purge() {
    long now = monotonicNanos.getAsLong();
    entries
        .values()
        .removeIf(entry -> entry.endedAtNanos != 0 && now - entry.endedAtNanos > KEEP_ENDED_NANOS);
  }

  List<ObservedProcess> observed() {
    return entries.values().stream()
        .filter(entry -> entry.endedAtNanos == 0)
        .map(entry -> entry.process)
        .toList();
  }

  boolean isObserved(int processId) {
    return observedProcess(processId) != null;
  }

  @Nullable ObservedProcess observedProcess(int processId) {
    Entry entry = entries.get(processId);
    return entry == null || entry.endedAtNanos != 0 ? null : entry.process;
  }

  Seen seen(int processId) {
    Entry entry = entries.get(processId);
    return entry == null
        ? new Seen(0, 0)
        : new Seen(entry.exchanges.sum(), entry.lastUnixNanos.get());
  }

  @Override
  public ServiceName serviceOf(int processId) {
    Entry entry = entries.get(processId);
    return entry == null ? ServiceName.UNKNOWN : entry.process.service();
  }

  @Override
  public String runtimeOf(int processId) {
    Entry entry = entries.get(processId);
    return entry == null ? "" : entry.process.runtime();
  }

  @Override
  public void forked(int processId, int parentId) {
    Entry parent = entries.get(parentId);
    if (parent != null) {
      ObservedProcess like = parent.process;
      entries.put(
          processId,
          new Entry(
              new ObservedProcess(
                  processId,
                  parentId,
                  0,
                  like.exe(),
                  like.command(),
                  like.ports(),
                  like.runtime(),
                  like.go(),
                  like.service(),
                  like.selectedBy())));
    }
  }

  @Override
  public void executed(int processId) {
    release(processId);
    onExec.run();
  }

  @Override
  public void exited(int processId) {
    release(processId);
  }

  @Override
  public void counted(int processId, long exchanges, long lastUnixNanos) {
    Entry entry = entries.get(processId);
    if (entry != null) {
      entry.exchanges.add(exchanges);
      entry.lastUnixNanos.accumulateAndGet(lastUnixNanos, Math::max);
    }
  }
}
