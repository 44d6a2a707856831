package io.coral.model;

import java.util.Locale;

/// What the points of a metric are; the ordinal is what [StreamSchema#METRICS] has of it, since
/// none has the number 0.
public enum MetricType {
  UNSPECIFIED,
  GAUGE,
  SUM,
  HISTOGRAM,
  EXPONENTIAL_HISTOGRAM,
  SUMMARY;

  /// As in answers: `exponential_histogram`.
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
