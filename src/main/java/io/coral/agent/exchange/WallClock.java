package io.coral.agent.exchange;

import java.time.Clock;
import java.time.Instant;
import java.util.function.LongSupplier;

/// Turns CLOCK_MONOTONIC into Unix time. Steps of the wall clock are followed at [#adjust()], so
/// that times of one exchange never come from two clocks.
final class WallClock {
  private final Clock clock;
  private final LongSupplier monotonicNanos;
  private long offsetNanos;

  /// @param monotonicNanos CLOCK_MONOTONIC, which is what `System.nanoTime` reads on Linux
  WallClock(Clock clock, LongSupplier monotonicNanos) {
    this.clock = clock;
    this.monotonicNanos = monotonicNanos;
    adjust();
  }

  void adjust() {
    long before = monotonicNanos.getAsLong();
    Instant now = clock.instant();
    long after = monotonicNanos.getAsLong();
    offsetNanos = now.getEpochSecond() * 1_000_000_000L + now.getNano() - (before + after) / 2;
  }

  long unixNanos(long monotonic) {
    return monotonic + offsetNanos;
  }
}
