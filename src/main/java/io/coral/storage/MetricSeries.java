package io.coral.storage;

import io.coral.model.MetricType;
import java.util.List;

/// A series of a metric with some of its points.
///
/// @param points oldest first
public record MetricSeries(Identity identity, List<Point> points) {
  /// What tells a series from others.
  ///
  /// @param agentId who stored the points first; empty in an agent's own answers
  /// @param temporality 0 not said, 1 delta, 2 cumulative
  /// @param attributes JSON; `resource`, `scope` and `metadata` too, the last one may be empty
  public record Identity(
      String agentId,
      String service,
      String name,
      String description,
      String unit,
      MetricType type,
      int temporality,
      boolean monotonic,
      String attributes,
      String resource,
      String scope,
      String metadata) {}

  /// @param startUnixNanos 0 = not said
  /// @param fields which of the numbers it has, bits of [io.coral.model.MetricFields]
  /// @param details JSON: buckets, quantiles, exemplars; may be empty
  public record Point(
      long timeUnixNanos,
      long startUnixNanos,
      double value,
      long intValue,
      int fields,
      long count,
      double sum,
      double min,
      double max,
      long flags,
      String details) {}

  public MetricSeries {
    points = List.copyOf(points);
  }
}
