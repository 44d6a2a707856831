package io.coral.telemetry;

import io.coral.model.RequestKind;
import io.coral.model.Role;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The histograms of OpenTelemetry in which requests are shown, under the names that Prometheus
/// has for them (https://opentelemetry.io/docs/specs/semconv, sections HTTP, RPC, database and
/// messaging metrics). Their bounds are among those of [io.coral.histogram.Bounds],
/// so that counts are exact.
enum RequestFamily {
  HTTP_SERVER("http_server_request_duration_seconds", "Duration of HTTP requests at the server."),
  HTTP_CLIENT("http_client_request_duration_seconds", "Duration of HTTP requests at the client."),
  RPC_SERVER("rpc_server_duration_seconds", "Duration of remote procedure calls at the server."),
  RPC_CLIENT("rpc_client_duration_seconds", "Duration of remote procedure calls at the client."),
  DB_CLIENT(
      "db_client_operation_duration_seconds", "Duration of database operations at the client."),
  MESSAGING_CLIENT(
      "messaging_client_operation_duration_seconds",
      "Duration of sending and receiving of messages at the client."),
  MESSAGING_PROCESS(
      "messaging_process_duration_seconds", "Duration of processing of messages at the consumer.");

  private final String metric;
  private final String help;

  RequestFamily(String metric, String help) {
    this.metric = metric;
    this.help = help;
  }

  /// The family of a request, null when OpenTelemetry has none for its role.
  static @Nullable RequestFamily of(RequestKind kind, Role role, String method) {
    boolean server = role == Role.SERVER;
    boolean client = role == Role.CLIENT;
    return switch (kind) {
      case HTTP -> server ? HTTP_SERVER : client ? HTTP_CLIENT : null;
      case GRPC -> server ? RPC_SERVER : client ? RPC_CLIENT : null;
      case SQL -> client ? DB_CLIENT : null;
      case MESSAGING ->
          switch (role) {
            case CLIENT, PRODUCER -> MESSAGING_CLIENT;
            case CONSUMER ->
                method.equals("receive") || method.equals("poll")
                    ? MESSAGING_CLIENT
                    : MESSAGING_PROCESS;
            case SERVER, INTERNAL, UNSPECIFIED -> null;
          };
    };
  }

  String metric() {
    return metric;
  }

  String help() {
    return help;
  }

  /// Upper bounds of the buckets in seconds, as the conventions advise them.
  List<Double> bounds() {
    return this == DB_CLIENT
        ? List.of(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
        : List.of(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0);
  }
}
