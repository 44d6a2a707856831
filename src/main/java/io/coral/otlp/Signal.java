package io.coral.otlp;

import java.util.Locale;

/// What a payload carries.
public enum Signal {
  TRACES("trace", "TraceService", "rejectedSpans"),
  METRICS("metrics", "MetricsService", "rejectedDataPoints"),
  LOGS("logs", "LogsService", "rejectedLogRecords");

  private final String grpcPath;
  private final String httpPath;
  private final String rejectedName;

  Signal(String protoPackage, String service, String rejectedName) {
    this.grpcPath = "/opentelemetry.proto.collector." + protoPackage + ".v1." + service + "/Export";
    this.httpPath = "/v1/" + label();
    this.rejectedName = rejectedName;
  }

  /// As in labels of figures and in paths: `traces`, `metrics`, `logs`.
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Where gRPC calls it.
  public String grpcPath() {
    return grpcPath;
  }

  /// Where HTTP posts it.
  public String httpPath() {
    return httpPath;
  }

  /// The JSON name of the count of items that were not taken.
  String rejectedName() {
    return rejectedName;
  }
}
