package io.coral.model;

/// What kind of request is counted, and so in which stream.
public enum RequestKind {
  HTTP,
  GRPC,
  SQL,
  MESSAGING;

  /// Where its windows are kept.
  public StreamSchema stream() {
    return switch (this) {
      case HTTP -> StreamSchema.HTTP_METRICS;
      case GRPC -> StreamSchema.GRPC_METRICS;
      case SQL -> StreamSchema.SQL_METRICS;
      case MESSAGING -> StreamSchema.MESSAGING_METRICS;
    };
  }

  /// What the windows of a stream count.
  ///
  /// @throws IllegalArgumentException for a stream of something else
  public static RequestKind of(StreamSchema stream) {
    for (RequestKind kind : values()) {
      if (kind.stream().equals(stream)) {
        return kind;
      }
    }
    throw new IllegalArgumentException("stream: " + stream.name() + " (expected: one of RED)");
  }

  /// Whether a request failed by its status alone.
  ///
  /// @param status of HTTP (0 = unknown) or gRPC (-1 = unknown)
  public boolean isError(Role role, int status) {
    return switch (this) {
      case HTTP -> Exchange.isError(role, status);
      case GRPC ->
          role == Role.CLIENT
              ? status > 0
              : status == 2
                  || status == 4
                  || status == 12
                  || status == 13
                  || status == 14
                  || status == 15;
      case SQL, MESSAGING -> false;
    };
  }
}
