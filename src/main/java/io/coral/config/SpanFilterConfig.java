package io.coral.config;

/// Which spans that come by OTLP are kept. Requests are counted before.
///
/// @param alwaysCaptureErrors spans of status error are kept
/// @param highLatencyThresholdMillis longer spans are kept; 0 = no span is kept for its length
/// @param sampleRate share of the other spans that is kept, by trace id, 0 to 1
public record SpanFilterConfig(
    boolean alwaysCaptureErrors, double highLatencyThresholdMillis, double sampleRate) {
  public SpanFilterConfig {
    if (!(sampleRate >= 0 && sampleRate <= 1)) {
      throw new IllegalArgumentException("sample_rate: " + sampleRate + " (expected: 0 to 1)");
    }
    if (!(highLatencyThresholdMillis >= 0)) {
      throw new IllegalArgumentException(
          "high_latency_threshold_ms: " + highLatencyThresholdMillis + " (expected: 0 or more)");
    }
  }

  static SpanFilterConfig read(Section filters) throws ConfigException {
    SpanFilterConfig read =
        new SpanFilterConfig(
            filters.flag("always_capture_errors", true),
            filters.number("high_latency_threshold_ms", 500, 0, 86_400_000),
            filters.fraction("sample_rate", 0.10));
    filters.done();
    return read;
  }

  /// The same, and every span is kept.
  public SpanFilterConfig keepingAll() {
    return new SpanFilterConfig(alwaysCaptureErrors, highLatencyThresholdMillis, 1);
  }
}
