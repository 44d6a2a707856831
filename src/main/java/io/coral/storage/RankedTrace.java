package io.coral.storage;

import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A trace in a list.
///
/// @param traceId 32 hexadecimal digits
/// @param rank what the list is ordered by, greatest first: a time or a duration in nanoseconds
public record RankedTrace(String traceId, long rank) {
  private static final Comparator<RankedTrace> BY_RANK =
      Comparator.comparingLong(RankedTrace::rank).reversed().thenComparing(RankedTrace::traceId);

  /// The first ones of several lists; a trace that is in two has the greater rank.
  public static List<RankedTrace> first(Collection<RankedTrace> traces, int limit) {
    Map<String, RankedTrace> best = new LinkedHashMap<>();
    traces.forEach(
        each -> best.merge(each.traceId, each, (a, b) -> BY_RANK.compare(a, b) <= 0 ? a : b));
    return best.values().stream().sorted(BY_RANK).limit(limit).toList();
  }

  /// The ids of a list, in its order.
  public static List<String> ids(List<RankedTrace> traces) {
    return traces.stream().map(RankedTrace::traceId).toList();
  }
}
