package io.coral.storage;

import java.util.List;
import java.util.Map;

/// What was served or asked for in a time range.
///
/// @param routes by requests, most first
/// @param overall all of them together, `route` and `method` empty
public record HttpAnswer(List<Statistics> routes, Statistics overall) {
  public HttpAnswer {
    routes = List.copyOf(routes);
  }

  /// One route and method.
  ///
  /// @param statusClasses `2xx` → requests; `unknown` for those without a status
  /// @param errorRate 0 to 1
  public record Statistics(
      String route,
      String method,
      Map<String, Long> statusClasses,
      long requests,
      double p50Millis,
      double p95Millis,
      double p99Millis,
      long errors,
      double errorRate) {
    public Statistics {
      statusClasses = Map.copyOf(statusClasses);
    }
  }
}
