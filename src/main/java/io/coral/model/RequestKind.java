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
