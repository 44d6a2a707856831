package io.coral.agent.beyla;

import java.time.Duration;
import java.util.random.RandomGenerator;

/// How long to wait before a child that ended is started again: 1 s, 2 s, 4 s … 60 s, each a fifth
/// more or less, so that the agents of many hosts do not do it at the same time. One thread.
final class Backoff {
  private static final double SPREAD = 0.2;

  private final Duration first;
  private final Duration most;
  private final Duration healthy;
  private final RandomGenerator random;
  private int failures;

  /// @param healthy a child that lived this long begins anew
  Backoff(Duration first, Duration most, Duration healthy, RandomGenerator random) {
    this.first = first;
    this.most = most;
    this.healthy = healthy;
    this.random = random;
  }

  /// How long to wait after a child ended.
  Duration after(Duration lifetime) {
    failures = lifetime.compareTo(healthy) >= 0 ? 1 : failures + 1;
    double nanos = Math.min((double) most.toNanos(), first.toNanos() * Math.pow(2, failures - 1.0));
    return Duration.ofNanos((long) (nanos * (1 + SPREAD * (2 * random.nextDouble() - 1))));
  }

  /// Ends in a row without a long life between them.
  int failures() {
    return failures;
  }

  void reset() {
    failures = 0;
  }
}
