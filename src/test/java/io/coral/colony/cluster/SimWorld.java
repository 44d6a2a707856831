package io.coral.colony.cluster;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;

/// Time that passes from event to event, chance from one seed, and a network that can be cut. One
/// thread; the same seed does the same.
final class SimWorld {
  static final long MILLI = 1_000_000L;
  static final long SECOND = 1000 * MILLI;
  static final long MINUTE = 60 * SECOND;
  static final long HOUR = 60 * MINUTE;

  private static final int TRACE = 60;

  final Random random;
  private final PriorityQueue<Event> queue =
      new PriorityQueue<>(Comparator.comparingLong(Event::time).thenComparingLong(Event::order));
  private final Deque<String> trace = new ArrayDeque<>();
  private final Set<Link> cut = new HashSet<>();
  private final Map<Link, Long> slow = new HashMap<>();
  private double loss;
  private double twice;
  private long queueNow;
  private long leapt;
  private long orders;
  private long events;

  private record Event(long time, long order, Runnable action) {}

  private record Link(String from, String to) {}

  SimWorld(long seed) {
    this.random = new Random(seed);
  }

  /// Monotonic, from 0.
  long now() {
    return queueNow + leapt;
  }

  long events() {
    return events;
  }

  void after(long delay, Runnable action) {
    queue.add(new Event(queueNow + delay, orders++, action));
  }

  /// Time passes, but for nobody: what was to happen in a second still does.
  void leap(long nanos) {
    leapt += nanos;
  }

  /// Does what happens next.
  void step() {
    Event event = queue.remove();
    queueNow = Math.max(queueNow, event.time);
    events++;
    event.action.run();
  }

  void run(long nanos) {
    runUntil(nanos, () -> false);
  }

  /// Lets time pass until something is so.
  void runUntil(long mostNanos, BooleanSupplier isSo) {
    long end = queueNow + mostNanos;
    while (!isSo.getAsBoolean()) {
      Event next = queue.peek();
      if (next == null || next.time > end) {
        queueNow = Math.max(queueNow, end);
        return;
      }
      step();
    }
  }

  /// A time between two others.
  long between(long from, long to) {
    return from + (long) (random.nextDouble() * (to - from));
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  <T> T any(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  void trace(String what) {
    if (trace.size() == TRACE) {
      trace.removeFirst();
    }
    trace.add("%10.3f s  %s".formatted((double) now() / SECOND, what));
  }

  Iterable<String> trace() {
    return trace;
  }

  /// Sends a message, which may be lost, late, or come twice.
  void send(String from, String to, Runnable arrives) {
    if (cut.contains(new Link(from, to)) || (loss > 0 && chance(loss))) {
      return;
    }
    deliver(from, to, arrives);
    if (twice > 0 && chance(twice)) {
      deliver(from, to, arrives);
    }
  }

  private void deliver(String from, String to, Runnable arrives) {
    long most = slow.getOrDefault(new Link(from, to), 5 * MILLI);
    after(
        between(most / 10, most),
        () -> {
          if (!cut.contains(new Link(from, to))) {
            arrives.run();
          }
        });
  }

  void cut(String from, String to) {
    cut.add(new Link(from, to));
  }

  void slow(String from, String to, long latency) {
    slow.put(new Link(from, to), latency);
  }

  void losing(double share, double twiceShare) {
    loss = share;
    twice = twiceShare;
  }

  void healNetwork() {
    cut.clear();
    slow.clear();
    loss = 0;
    twice = 0;
  }

  boolean connected(String one, String other) {
    return !cut.contains(new Link(one, other)) && !cut.contains(new Link(other, one));
  }
}
