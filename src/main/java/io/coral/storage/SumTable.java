package io.coral.storage;

import io.coral.histogram.LatencyHistogram;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Counts and durations that were added up. Tables of disjoint rows can be added to one another, in
/// any order. One thread.
public final class SumTable {
  private final Map<Key, Sum> sums = new TreeMap<>();

  /// What was told apart.
  ///
  /// @param of values of the columns, in the order in which they were asked for
  /// @param startNanos of the step, Unix time
  public record Key(List<String> of, long startNanos) implements Comparable<Key> {
    public Key {
      of = List.copyOf(of);
    }

    @Override
    public int compareTo(Key other) {
      for (int i = 0; i < Math.min(of.size(), other.of.size()); i++) {
        int byValue = of.get(i).compareTo(other.of.get(i));
        if (byValue != 0) {
          return byValue;
        }
      }
      return Long.compare(startNanos, other.startNanos);
    }
  }

  /// Counts of one key.
  public static final class Sum {
    private long calls;
    private long errors;
    private long lastNanos;
    private @Nullable LatencyHistogram histogram;

    public long calls() {
      return calls;
    }

    public long errors() {
      return errors;
    }

    /// When the last of them ended, Unix time; 0 when that is not known.
    public long lastNanos() {
      return lastNanos;
    }

    /// How long they took; empty when nobody asked.
    public LatencyHistogram histogram() {
      return histogram == null ? new LatencyHistogram() : histogram;
    }
  }

  /// Adds rows, or a part of what is known of them.
  ///
  /// @param offset of the first bucket of `counts`
  public void add(Key key, long calls, long errors, long lastNanos, int offset, int[] counts) {
    Sum sum = sums.computeIfAbsent(key, _ -> new Sum());
    sum.calls += calls;
    sum.errors += errors;
    sum.lastNanos = Math.max(sum.lastNanos, lastNanos);
    if (counts.length > 0) {
      LatencyHistogram histogram = sum.histogram;
      if (histogram == null) {
        histogram = new LatencyHistogram();
        sum.histogram = histogram;
      }
      histogram.merge(offset, counts);
    }
  }

  /// By key, in its order.
  public Map<Key, Sum> sums() {
    return sums;
  }
}
