package io.coral.agent.trace;

import java.util.Map;
import java.util.TreeMap;

/// The requests that one thread read, by their order: tells whether all of those before a request
/// had ended at some time, which is what makes "the request that this thread read last" the cause
/// of a call. A request that is still open is missing in the order, and nothing after it is sure.
///
/// Remembers the last 4,096 requests and 256 missing ones.
final class ThreadHistory {
  private static final int MAX_RECENT = 4096;
  private static final int MAX_MISSING = 256;

  /// By order: when the last of the requests up to it ended.
  private final TreeMap<Integer, Long> recentEnds = new TreeMap<>();

  /// With the time since when, monotonic.
  private final TreeMap<Integer, Long> missing = new TreeMap<>();

  private long olderEnd = Long.MIN_VALUE;
  private int last;

  /// @param order of a request, from 1
  /// @param endNanos of its exchange
  /// @param nowNanos monotonic
  void ended(int order, long endNanos, long nowNanos) {
    if (order <= last && missing.remove(order) == null) {
      // The id of a thread that has ended is used again.
      forget();
    }
    if (last == 0 && order > MAX_MISSING) {
      // Forgotten in between rather than that many open at once.
      last = order - 1;
    }
    for (int between = last + 1; between < order && missing.size() < MAX_MISSING; between++) {
      missing.put(between, nowNanos);
    }
    last = Math.max(last, order);
    long end = Math.max(endNanos, earlierEnd(order));
    recentEnds.put(order, end);
    for (Map.Entry<Integer, Long> later : recentEnds.tailMap(order, false).entrySet()) {
      if (later.getValue() >= end) {
        break;
      }
      later.setValue(end);
    }
    if (recentEnds.size() > MAX_RECENT) {
      olderEnd = recentEnds.pollFirstEntry().getValue();
    }
  }

  private void forget() {
    recentEnds.clear();
    missing.clear();
    olderEnd = Long.MIN_VALUE;
    last = 0;
  }

  /// Whether every request before this one has ended.
  boolean isSure(int order) {
    return missing.isEmpty() || missing.firstKey() >= order;
  }

  /// When the last of the requests before this one ended, as far as they have.
  long earlierEnd(int order) {
    Map.Entry<Integer, Long> earlier = recentEnds.lowerEntry(order);
    return earlier == null ? olderEnd : earlier.getValue();
  }

  /// What has been missing since this time was lost on the way and will not come.
  void skipMissing(long sinceNanos) {
    missing.values().removeIf(since -> since - sinceNanos <= 0);
  }
}
