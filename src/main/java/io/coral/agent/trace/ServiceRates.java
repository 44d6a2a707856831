package io.coral.agent.trace;

import java.util.HashMap;
import java.util.Map;

/// How many exchanges each service has a second, and which share of them is assembled: all of them
/// up to [#MOST], which is three times what is stored of a service; beyond, about as many.
final class ServiceRates {
  static final int MOST = 6000;
  private static final long SECOND = 1_000_000_000L;

  private final Map<String, Rate> rates = new HashMap<>();

  private static final class Rate {
    long second;
    int seen;
    int seenBefore;
  }

  /// Counts an exchange.
  ///
  /// @param nowNanos monotonic
  /// @return the share that is taken, 0 to 1
  double allowed(String service, long nowNanos) {
    Rate rate = rates.computeIfAbsent(service, _ -> new Rate());
    long second = nowNanos / SECOND;
    if (rate.second != second) {
      rate.seenBefore = rate.second + 1 == second ? rate.seen : 0;
      rate.second = second;
      rate.seen = 0;
    }
    rate.seen++;
    double share = (double) MOST / Math.max(rate.seen, rate.seenBefore);
    if (share >= 1) {
      return 1;
    }
    // The square, because the first of an unforeseen rush were all taken.
    return rate.seenBefore > MOST ? share : share * share;
  }

  /// Whether only a share of the exchanges of a service is taken now.
  boolean isOver(String service) {
    Rate rate = rates.get(service);
    return rate != null && Math.max(rate.seen, rate.seenBefore) > MOST;
  }
}
