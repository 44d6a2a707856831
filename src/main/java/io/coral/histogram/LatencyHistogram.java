package io.coral.histogram;

import java.util.Arrays;

/// Counts of durations over [Bounds]. Mutable, owned by one thread; 1.2 KB when it has been used.
public final class LatencyHistogram {
  private final int[] counts = new int[Bounds.COUNT];
  private long total;
  private int first = Bounds.COUNT;
  private int last = -1;

  /// Adds one duration; a negative one counts as 0.
  public void record(long durationNanos) {
    add(Bounds.bucketOf(Math.max(0, durationNanos)), 1);
  }

  /// Adds durations of which only the range is known, spread evenly over it.
  ///
  /// @param lowerNanos exclusive, ≥ 0
  /// @param upperNanos inclusive; `Long.MAX_VALUE` = not known: they count right above `lowerNanos`
  /// @param count ≥ 0
  public void recordBetween(long lowerNanos, long upperNanos, long count) {
    if (count == 0) {
      return;
    }
    int bucket = Bounds.bucketOf(lowerNanos == Long.MAX_VALUE ? lowerNanos : lowerNanos + 1);
    int last = upperNanos == Long.MAX_VALUE ? bucket : Bounds.bucketOf(upperNanos);
    double width = (double) upperNanos - lowerNanos;
    long before = 0;
    for (; bucket < last; bucket++) {
      long until = Math.round(count * ((Bounds.upperNanos(bucket) - lowerNanos) / width));
      if (until > before) {
        add(bucket, until - before);
        before = until;
      }
    }
    if (count > before) {
      add(bucket, count - before);
    }
  }

  /// Adds the sparse form of another histogram, see [#sparseCounts()].
  ///
  /// @throws IllegalArgumentException when it reaches beyond the table
  public void merge(int offset, int[] sparseCounts) {
    if (offset < 0 || offset + sparseCounts.length > Bounds.COUNT) {
      throw new IllegalArgumentException(
          "histogram: "
              + offset
              + " + "
              + sparseCounts.length
              + " (expected: ≤ "
              + Bounds.COUNT
              + ")");
    }
    for (int i = 0; i < sparseCounts.length; i++) {
      if (sparseCounts[i] != 0) {
        add(offset + i, Integer.toUnsignedLong(sparseCounts[i]));
      }
    }
  }

  private void add(int bucket, long count) {
    counts[bucket] += (int) count;
    total += count;
    first = Math.min(first, bucket);
    last = Math.max(last, bucket);
  }

  /// How many durations were added.
  public long total() {
    return total;
  }

  /// Index of the first bucket of [#sparseCounts()].
  public int offset() {
    return total == 0 ? 0 : first;
  }

  /// The counts from the first to the last bucket that is not empty, as unsigned numbers.
  public int[] sparseCounts() {
    return total == 0 ? new int[0] : Arrays.copyOfRange(counts, first, last + 1);
  }

  /// The duration in nanoseconds below which the fraction `quantile` of all lies, interpolated
  /// inside its bucket; 0 when the histogram is empty. Durations above 1 h count as 1 h.
  ///
  /// @param quantile 0 to 1
  public double quantileNanos(double quantile) {
    if (total == 0) {
      return 0;
    }
    double rank = quantile * total;
    double below = 0;
    for (int i = first; i <= last; i++) {
      double inBucket = Integer.toUnsignedLong(counts[i]);
      if (inBucket > 0 && below + inBucket >= rank) {
        double lower = Bounds.lowerNanos(i);
        double upper = i == Bounds.COUNT - 1 ? lower : Bounds.upperNanos(i);
        return lower + (upper - lower) * Math.max(0, rank - below) / inBucket;
      }
      below += inBucket;
    }
    return Bounds.lowerNanos(last);
  }

  /// Empties the histogram for reuse.
  public void clear() {
    Arrays.fill(counts, 0);
    total = 0;
    first = Bounds.COUNT;
    last = -1;
  }
}
