package io.coral.otlp;

/// What RED and the filter need to know of a span. Reused for the next one; strings are numbers of
/// the batch's dictionary.
public final class SpanFacts {
  /// The attributes name no operation.
  public static final int NO_REQUEST = -1;

  public long traceHigh;
  public long traceLow;
  public long spanId;
  public long parentSpanId;
  public int service;

  /// JSON, as in [io.coral.model.StreamSchema#SPANS].
  public int resource;

  /// JSON.
  public int scope;

  /// A code of [io.coral.model.Role].
  public int role;

  public long startUnixNanos;
  public long durationNanos;

  /// 0 unset, 1 OK, 2 error.
  public int outcome;

  /// Ordinal of the [io.coral.model.RequestKind], or [#NO_REQUEST].
  public int request;

  /// `http`, `grpc`, `postgresql` …; empty when the attributes name no operation.
  public int system;

  /// HTTP method, full gRPC method, SQL operation, messaging operation.
  public int method;

  /// HTTP route, table, topic.
  public int route;

  /// Path of a request whose route is not known, else empty.
  public int path;

  /// Of HTTP (0 = unknown) or gRPC (-1 = unknown); -1 for others.
  public int status;

  SpanFacts() {}

  /// When the span ended.
  public long endUnixNanos() {
    return startUnixNanos + durationNanos;
  }
}
