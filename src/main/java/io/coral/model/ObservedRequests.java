package io.coral.model;

import java.util.List;

/// Requests that another observer counted, such as Beyla. Nobody writes into the arrays.
///
/// @param counted in no order
public record ObservedRequests(List<Counted> counted) {
  public ObservedRequests {
    counted = List.copyOf(counted);
  }

  /// Some requests of one series.
  ///
  /// @param method HTTP method, full gRPC method, operation
  /// @param route HTTP route, table, topic; empty when only the path is known
  /// @param path of requests whose route is not known, else empty
  /// @param status of HTTP (0 = unknown) or gRPC (-1 = unknown); -1 for others
  /// @param peer address and port of the server, as far as they are known
  /// @param endUnixNanos when the last of them ended at the latest
  /// @param durationNanos of all of them together
  /// @param histogramOffset bucket of `io.coral.histogram.Bounds` that `histogram` begins with
  /// @param histogram counts per bucket, as unsigned numbers
  public record Counted(
      RequestKind kind,
      String service,
      Role role,
      String system,
      String method,
      String route,
      String path,
      int status,
      String peer,
      boolean failed,
      long endUnixNanos,
      long durationNanos,
      int histogramOffset,
      int[] histogram) {}
}
