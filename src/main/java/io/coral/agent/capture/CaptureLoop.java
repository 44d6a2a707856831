package io.coral.agent.capture;

import io.coral.agent.kernel.EventListener;
import io.coral.agent.kernel.KernelCounter;
import io.coral.agent.kernel.KernelException;
import io.coral.agent.kernel.KernelSession;
import io.coral.bus.Topic;
import io.coral.model.Captured;
import io.coral.model.CapturedBatch;
import io.coral.model.ProcessDirectory;
import io.coral.model.TargetChange;
import io.coral.telemetry.Figures;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Drains the ring buffer on a platform thread that does nothing else.
///
/// The kernel wakes nobody: a wake-up per record would cost the observed processes ten times what
/// the capture costs. While the exchange verticle is behind, nothing is drained, so that the one
/// place where records are lost is the ring, which counts them. Nothing is loaded into the kernel
/// before the first process is selected.
final class CaptureLoop {
  private static final Logger LOG = LoggerFactory.getLogger(CaptureLoop.class);
  private static final int MAX_BATCH = 4096;
  private static final long PARK_NANOS = 40_000_000;
  private static final long FLUSH_NANOS = 500_000_000;
  private static final long IDLE_NANOS = 200_000_000;
  private static final long LAST_IDLE_NANOS = 10_000_000;
  private static final int MAX_WAITING_BATCHES = 64;

  private final Opening opening;
  private final Topic<CapturedBatch> topic;
  private final ProcessDirectory processes;
  private final LongAdder unreadable;
  private final LongAdder refusedTargets;
  private final Consumer<Throwable> failed;
  private final ConcurrentLinkedQueue<Change> changes = new ConcurrentLinkedQueue<>();
  private final AtomicLongArray counters = new AtomicLongArray(KernelCounter.values().length);
  private final Thread thread;
  private final List<Integer> gone = new ArrayList<>();
  private List<Captured> batch = new ArrayList<>();
  private volatile boolean stopping;
  private volatile boolean ended;
  private volatile long waitingBytes;
  private volatile long mapBytes;
  private volatile Runnable stopped = () -> {};

  private record Change(TargetChange target, Runnable applied) {}

  /// Opens the session on the loop's thread.
  interface Opening {
    KernelSession open(EventListener listener) throws KernelException;
  }

  CaptureLoop(
      Opening opening,
      Topic<CapturedBatch> topic,
      ProcessDirectory processes,
      Figures figures,
      Consumer<Throwable> failed) {
    this.opening = opening;
    this.topic = topic;
    this.processes = processes;
    this.unreadable = figures.dropped("unreadable_record");
    this.refusedTargets = figures.counter("coral_targets_refused_total");
    this.failed = failed;
    this.thread = Thread.ofPlatform().name("coral-capture").daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  void apply(TargetChange target, Runnable applied) {
    changes.add(new Change(target, applied));
    LockSupport.unpark(thread);
    if (ended) {
      releaseChanges();
    }
  }

  /// Nobody is going to apply what still waits.
  private void releaseChanges() {
    for (Change change = changes.poll(); change != null; change = changes.poll()) {
      change.applied.run();
    }
  }

  void stop(Runnable whenStopped) {
    stopped = whenStopped;
    stopping = true;
    LockSupport.unpark(thread);
    if (ended) {
      whenStopped.run();
    }
  }

  long counter(KernelCounter counter) {
    return counters.get(counter.ordinal());
  }

  long waitingBytes() {
    return waitingBytes;
  }

  long mapBytes() {
    return mapBytes;
  }

  private void run() {
    while (changes.isEmpty() && !stopping) {
      LockSupport.park(this);
    }
    try {
      if (!stopping) {
        capture();
      }
    } finally {
      ended = true;
      releaseChanges();
      stopped.run();
    }
  }

  private void capture() {
    try (KernelSession session = opening.open(new Collector())) {
      session.attach();
      mapBytes = session.mapBytes();
      LOG.info("capturing; {} MB of kernel memory", mapBytes >> 20);
      loop(session);
      // What has been answered is complete by now; the kernel side forgets it when it goes.
      session.flush(LAST_IDLE_NANOS);
      session.detach();
      while (session.drain(MAX_BATCH) > 0) {
        publish();
      }
    } catch (KernelException e) {
      failed.accept(e);
    }
  }

  private void loop(KernelSession session) {
    long nextFlush = System.nanoTime() + FLUSH_NANOS;
    while (!stopping) {
      applyChanges(session);
      int drained = topic.waiting() < MAX_WAITING_BATCHES ? session.drain(MAX_BATCH) : 0;
      gone.forEach(session::unprobe);
      gone.clear();
      publish();
      long now = System.nanoTime();
      if (now >= nextFlush) {
        session.flush(IDLE_NANOS);
        readCounters(session);
        nextFlush = now + FLUSH_NANOS;
      }
      if (drained < MAX_BATCH) {
        LockSupport.parkNanos(this, PARK_NANOS);
      }
    }
  }

  private void readCounters(KernelSession session) {
    long[] current = session.counters();
    for (int i = 0; i < current.length; i++) {
      counters.set(i, current[i]);
    }
    waitingBytes = session.waitingBytes();
  }

  private void applyChanges(KernelSession session) {
    for (Change change = changes.poll(); change != null; change = changes.poll()) {
      TargetChange target = change.target;
      try {
        session.target(target.processId(), target.selected(), target.go());
      } catch (KernelException e) {
        refusedTargets.increment();
        LOG.warn("{}", e.getMessage());
      }
      change.applied.run();
    }
  }

  private void publish() {
    if (!batch.isEmpty()) {
      topic.publish(new CapturedBatch(batch));
      batch = new ArrayList<>();
    }
  }

  private final class Collector implements EventListener {
    @Override
    public void captured(Captured record) {
      batch.add(record);
    }

    @Override
    public void forked(int processId, int parentId) {
      processes.forked(processId, parentId);
    }

    @Override
    public void executed(int processId) {
      gone.add(processId);
      processes.executed(processId);
    }

    @Override
    public void exited(int processId) {
      gone.add(processId);
      processes.exited(processId);
    }

    @Override
    public void unreadable() {
      unreadable.increment();
    }
  }
}
