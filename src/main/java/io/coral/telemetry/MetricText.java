package io.coral.telemetry;

import org.jspecify.annotations.Nullable;

/// Metrics as text, in one of the two formats that Prometheus reads. One thread.
public final class MetricText {
  private static final int LONGEST_LABEL_VALUE = 256;

  private final Format format;
  private final StringBuilder text = new StringBuilder(4096);

  /// The formats.
  public enum Format {
    /// OpenMetrics 1.0, with exemplars
    /// (https://prometheus.io/docs/specs/om/open_metrics_spec).
    OPEN_METRICS("application/openmetrics-text; version=1.0.0; charset=utf-8"),

    /// Prometheus' own, which every scraper reads
    /// (https://prometheus.io/docs/instrumenting/exposition_formats).
    PLAIN("text/plain; version=0.0.4; charset=utf-8");

    private final String contentType;

    Format(String contentType) {
      this.contentType = contentType;
    }

    /// The format to answer with.
    ///
    /// @param accept the header of the request
    public static Format of(@Nullable String accept) {
      return accept != null && accept.contains("application/openmetrics-text")
          ? OPEN_METRICS
          : PLAIN;
    }

    public String contentType() {
      return contentType;
    }
  }

  public MetricText(Format format) {
    this.format = format;
  }

  boolean hasExemplars() {
    return format == Format.OPEN_METRICS;
  }

  /// Begins a metric family; its samples follow.
  ///
  /// @param name of its samples; of a counter it ends in `_total`
  /// @param help one line, empty = none
  void family(String name, String type, String help) {
    // OpenMetrics names the family of a counter without the suffix of its sample.
    String family =
        hasExemplars() && type.equals("counter")
            ? name.substring(0, name.length() - "_total".length())
            : name;
    if (!help.isEmpty()) {
      text.append("# HELP ").append(family).append(' ').append(help).append('\n');
    }
    text.append("# TYPE ").append(family).append(' ').append(type).append('\n');
  }

  MetricText add(String part) {
    text.append(part);
    return this;
  }

  MetricText add(long number) {
    text.append(number);
    return this;
  }

  MetricText addSeconds(long nanos) {
    text.append(nanos / 1e9);
    return this;
  }

  /// What must stand at the very end.
  void end() {
    if (hasExemplars()) {
      text.append("# EOF\n");
    }
  }

  @Override
  public String toString() {
    return text.toString();
  }

  /// Adds `,name="value"` to labels, without the comma at the beginning; nothing when the value is
  /// empty, since that means the same.
  static void label(StringBuilder labels, String name, String value) {
    if (value.isEmpty()) {
      return;
    }
    if (!labels.isEmpty()) {
      labels.append(',');
    }
    labels.append(name).append("=\"");
    int length = Math.min(value.length(), LONGEST_LABEL_VALUE);
    for (int i = 0; i < length; i++) {
      char c = value.charAt(i);
      switch (c) {
        case '\\' -> labels.append("\\\\");
        case '"' -> labels.append("\\\"");
        case '\n' -> labels.append("\\n");
        default -> labels.append(c);
      }
    }
    labels.append('"');
  }
}
