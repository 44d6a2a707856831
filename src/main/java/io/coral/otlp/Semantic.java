package io.coral.otlp;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What an attribute says about the operation of a span, in the old and the new spelling of the
/// semantic conventions (https://opentelemetry.io/docs/specs/semconv).
enum Semantic {
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

  /// What a key says, null when it says nothing about the operation.
  static @Nullable Semantic of(String key) {
    return BY_KEY.get(key);
  }
}
