package io.coral.otlp;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What an attribute says about the operation of a span, in the old and the new spelling of the
/// semantic conventions (https://opentelemetry.io/docs/specs/semconv).
public enum Semantic {
  HTTP_METHOD,
  HTTP_ROUTE,
  HTTP_STATUS,
  URL_PATH,
  RPC_SYSTEM,
  RPC_SERVICE,
  RPC_METHOD,
  RPC_STATUS,
  DB_SYSTEM,
  DB_OPERATION,
  DB_TARGET,
  MESSAGING_SYSTEM,
  MESSAGING_OPERATION,
  MESSAGING_TARGET;

  private static final Map<String, Semantic> BY_KEY =
      Map.ofEntries(
          Map.entry("http.request.method", HTTP_METHOD),
          Map.entry("http.method", HTTP_METHOD),
          Map.entry("http.route", HTTP_ROUTE),
          Map.entry("http.response.status_code", HTTP_STATUS),
          Map.entry("http.status_code", HTTP_STATUS),
          Map.entry("url.path", URL_PATH),
          Map.entry("http.target", URL_PATH),
          Map.entry("rpc.system", RPC_SYSTEM),
          Map.entry("rpc.system.name", RPC_SYSTEM),
          Map.entry("rpc.service", RPC_SERVICE),
          Map.entry("rpc.method", RPC_METHOD),
          Map.entry("rpc.grpc.status_code", RPC_STATUS),
          Map.entry("rpc.response.status_code", RPC_STATUS),
          Map.entry("db.system", DB_SYSTEM),
          Map.entry("db.system.name", DB_SYSTEM),
          Map.entry("db.operation", DB_OPERATION),
          Map.entry("db.operation.name", DB_OPERATION),
          Map.entry("db.sql.table", DB_TARGET),
          Map.entry("db.collection.name", DB_TARGET),
          Map.entry("db.mongodb.collection", DB_TARGET),
          Map.entry("messaging.system", MESSAGING_SYSTEM),
          Map.entry("messaging.operation", MESSAGING_OPERATION),
          Map.entry("messaging.operation.name", MESSAGING_OPERATION),
          Map.entry("messaging.operation.type", MESSAGING_OPERATION),
          Map.entry("messaging.destination", MESSAGING_TARGET),
          Map.entry("messaging.destination.name", MESSAGING_TARGET));

  private static final List<String> GRPC_CODES =
      List.of(
          "OK",
          "CANCELLED",
          "UNKNOWN",
          "INVALID_ARGUMENT",
          "DEADLINE_EXCEEDED",
          "NOT_FOUND",
          "ALREADY_EXISTS",
          "PERMISSION_DENIED",
          "RESOURCE_EXHAUSTED",
          "FAILED_PRECONDITION",
          "ABORTED",
          "OUT_OF_RANGE",
          "UNIMPLEMENTED",
          "INTERNAL",
          "UNAVAILABLE",
          "DATA_LOSS",
          "UNAUTHENTICATED");

  /// What a key says, null when it says nothing about the operation.
  public static @Nullable Semantic of(String key) {
    return BY_KEY.get(key);
  }

  /// The status of gRPC that a number or a name says (https://grpc.io/docs/guides/status-codes);
  /// -1 when it is none.
  public static int grpcStatus(String said) {
    try {
      return Integer.parseInt(said);
    } catch (NumberFormatException e) {
      return GRPC_CODES.indexOf(said);
    }
  }

  /// `/package.Service/Method`, as it is called on the wire.
  ///
  /// @param service empty when `method` has it
  public static String grpcMethod(String service, String method) {
    String full = service.isEmpty() || method.indexOf('/') >= 0 ? method : service + "/" + method;
    return full.isEmpty() || full.startsWith("/") ? full : "/" + full;
  }
}
