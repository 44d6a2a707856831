package io.coral.histogram;

import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/// The one table of bucket bounds: from 1 µs to 1 h, neighbours at most 8 % apart, in nanoseconds.
///
/// Bucket `i` counts durations in `(bound(i - 1), bound(i)]`; the first holds everything up to 1
/// µs, the last, [#COUNT]` - 1`, everything above 1 h. The table is part of the stored format:
/// changing it needs a migration.
public final class Bounds {
  /// The bounds of the `beyla_*_metrics` tables in milliseconds.
  public static final List<Double> SEED_MILLIS =
      List.of(10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0);

  private static final double MAX_RATIO = 1.078; // rounding to nanoseconds adds the rest
  private static final double[] ANCHOR_SECONDS = {
    1e-6, 1e-5, 1e-4, 0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5,
    10, 100, 1000, 3600
  };
  private static final long[] NANOS = table();

  /// Number of buckets, the open one at the end included.
  public static final int COUNT = NANOS.length + 1;

  private Bounds() {}

  /// Upper bound of a bucket in nanoseconds; `Long.MAX_VALUE` for the last.
  public static long upperNanos(int bucket) {
    return bucket == NANOS.length ? Long.MAX_VALUE : NANOS[bucket];
  }

  /// Lower bound of a bucket in nanoseconds, exclusive; 0 for the first.
  public static long lowerNanos(int bucket) {
    return bucket == 0 ? 0 : NANOS[bucket - 1];
  }

  /// The bucket that counts a duration. About 20 ns.
  public static int bucketOf(long durationNanos) {
    int at = Arrays.binarySearch(NANOS, durationNanos);
    return at >= 0 ? at : -at - 1;
  }

  /// Upper bound in milliseconds of the seeds' bucket that a bucket belongs to, infinite above 5 s.
  public static double seedUpperMillis(int bucket) {
    double millis = upperNanos(bucket) / 1e6;
    for (double bound : SEED_MILLIS) {
      if (millis <= bound) {
        return bound;
      }
    }
    return Double.POSITIVE_INFINITY;
  }

  private static long[] table() {
    TreeSet<Long> bounds = new TreeSet<>();
    for (int i = 0; i < ANCHOR_SECONDS.length; i++) {
      double upper = ANCHOR_SECONDS[i] * 1e9;
      bounds.add(Math.round(upper));
      if (i > 0) {
        double lower = ANCHOR_SECONDS[i - 1] * 1e9;
        int steps = (int) Math.ceil(Math.log(upper / lower) / Math.log(MAX_RATIO));
        for (int step = 1; step < steps; step++) {
          bounds.add(Math.round(lower * Math.pow(upper / lower, (double) step / steps)));
        }
      }
    }
    return bounds.stream().mapToLong(Long::longValue).toArray();
  }
}
