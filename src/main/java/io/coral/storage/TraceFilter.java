package io.coral.storage;

import java.util.List;

/// Which traces a list has, and in which order.
///
/// @param services a span of one of them is in the trace; empty = any
/// @param method of a span that one of the services served, empty = any
/// @param route of the same span, empty = any
/// @param minSpanNanos what that span took at least; 0 = any
/// @param minDurationNanos what the trace's longest span took at least; only with
///     [Order#SLOWEST]
/// @param sinceNanos Unix time, inclusive
/// @param untilNanos Unix time, exclusive
/// @param limit ≥ 1
public record TraceFilter(
    List<String> services,
    String method,
    String route,
    long minSpanNanos,
    long minDurationNanos,
    long sinceNanos,
    long untilNanos,
    Order order,
    int limit) {
  /// What comes first.
  public enum Order {
    /// By the start of the last span that fits.
    NEWEST,
    /// By the longest span of the trace, whoever served it.
    SLOWEST,
    /// By the slowest span that fits.
    SLOWEST_SPAN
  }

  public TraceFilter {
    services = List.copyOf(services);
  }

  /// The newest traces of some services, or of all.
  public static TraceFilter newest(
      List<String> services, long sinceNanos, long untilNanos, int limit) {
    return new TraceFilter(services, "", "", 0, 0, sinceNanos, untilNanos, Order.NEWEST, limit);
  }

  /// Whether a span must have been served, and not only be there.
  boolean asksForServed() {
    return !method.isEmpty() || !route.isEmpty() || minSpanNanos > 0;
  }
}
