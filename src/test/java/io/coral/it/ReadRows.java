package io.coral.it;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What SQL and the API say about the telemetry of a service, as rows that can be compared with
/// [SentRows].
final class ReadRows {
  /// Columns that tell nothing of what was sent.
  private static final Set<String> OWN =
      Set.of(
          "seq_id",
          "timestamp",
          "agent_id",
          "created_at",
          "duration_ms",
          "no_recorded_value",
          "http_status",
          "http_method",
          "http_route",
          "body_characters_left_out");

  private static final String SINCE = "\"sinceUnixNanos\":1,\"untilUnixNanos\":4102444800000000000";

  private ReadRows() {}

  /// Rows of `otel_spans`, `otel_metrics` or `otel_logs`.
  static List<TelemetryRow> bySql(Snapshot snapshot, String view, String condition)
      throws SQLException {
    List<String> columns = snapshot.columns(view);
    columns.removeAll(OWN);
    List<TelemetryRow> rows = new ArrayList<>();
    for (List<@Nullable Object> values :
        snapshot.rows(
            "SELECT \""
                + String.join("\", \"", columns)
                + "\" FROM "
                + view
                + " WHERE "
                + condition)) {
      TelemetryRow row = new TelemetryRow();
      boolean isInteger = value(columns, values, "value_int") != null;
      boolean isJson = Boolean.TRUE.equals(value(columns, values, "body_is_json"));
      for (int i = 0; i < values.size(); i++) {
        String column = columns.get(i);
        if (column.equals("body") && isJson) {
          row.with(column, normal(String.valueOf(values.get(i))));
        } else if (!(column.equals("value") && isInteger)) {
          row.with(column, values.get(i));
        }
      }
      rows.add(row);
    }
    return rows;
  }

  private static @Nullable Object value(
      List<String> columns, List<@Nullable Object> values, String name) {
    int at = columns.indexOf(name);
    return at < 0 ? null : values.get(at);
  }

  private static String normal(String json) {
    return TelemetryRow.normal(JsonParser.parseString(json));
  }

  /// The spans of QueryTelemetry.
  ///
  /// @param role `agent` or `colony`
  /// @param sent attributes that were sent, by span id: which of those that are text here were
  static List<TelemetryRow> spans(
      String role, Api api, String service, Map<String, JsonObject> sent) throws IOException {
    JsonObject answer =
        ask(
            role,
            api,
            "QueryTelemetry",
            "{\"serviceNames\":[\"%s\"],\"startTime\":1,\"endTime\":4102444800}"
                .formatted(service));
    List<TelemetryRow> rows = new ArrayList<>();
    for (JsonObject span : Api.objects(answer, "spans")) {
      JsonObject of = sent.getOrDefault(Api.text(span, "spanId"), new JsonObject());
      if (span.get("attributes") instanceof JsonObject attributes) {
        span.add("attributes", typed(attributes, of));
      }
      rows.add(row(new TelemetryRow(), span));
    }
    return rows;
  }

  private static JsonObject typed(JsonObject attributes, JsonObject sent) {
    JsonObject typed = new JsonObject();
    attributes
        .entrySet()
        .forEach(
            each -> {
              boolean isText =
                  sent.get(each.getKey()) instanceof JsonPrimitive one && one.isString();
              String text = each.getValue().getAsString();
              typed.add(
                  each.getKey(), isText ? new JsonPrimitive(text) : JsonParser.parseString(text));
            });
    return typed;
  }

  /// The points of QueryMetrics.
  static List<TelemetryRow> points(String role, Api api, String service) throws IOException {
    JsonObject answer =
        ask(
            role,
            api,
            "QueryMetrics",
            "{\"serviceName\":\"" + service + "\",\"limit\":10000," + SINCE + "}");
    List<TelemetryRow> rows = new ArrayList<>();
    for (JsonObject series : Api.objects(answer, "series")) {
      for (JsonObject point : Api.objects(series, "points")) {
        TelemetryRow row = row(new TelemetryRow(), point);
        series
            .entrySet()
            .forEach(
                each -> {
                  switch (each.getKey()) {
                    case "name" -> row.with("metric_name", text(each.getValue()));
                    case "type" -> row.with("metric_type", text(each.getValue()));
                    case "monotonic" -> row.with("is_monotonic", text(each.getValue()));
                    case "points" -> {
                      // Read above.
                    }
                    default -> add(row, each.getKey(), each.getValue());
                  }
                });
        rows.add(row);
      }
    }
    return rows;
  }

  /// The records of QueryLogs.
  static List<TelemetryRow> logs(String role, Api api, String service) throws IOException {
    JsonObject answer =
        ask(
            role,
            api,
            "QueryLogs",
            "{\"serviceName\":\"" + service + "\",\"limit\":1000," + SINCE + "}");
    List<TelemetryRow> rows = new ArrayList<>();
    for (JsonObject log : Api.objects(answer, "records")) {
      if (log.has("bodyIsJson")) {
        log.addProperty("body", normal(Api.text(log, "body")));
      }
      rows.add(row(new TelemetryRow(), log));
    }
    return rows;
  }

  private static JsonObject ask(String role, Api api, String method, String request)
      throws IOException {
    JsonObject question = JsonParser.parseString(request).getAsJsonObject();
    return role.equals("agent") ? api.agent(method, question) : api.colony(method, question);
  }

  private static TelemetryRow row(TelemetryRow row, JsonObject message) {
    message.entrySet().forEach(each -> add(row, each.getKey(), each.getValue()));
    return row;
  }

  private static void add(TelemetryRow row, String name, JsonElement value) {
    String column =
        switch (name) {
          case "asInt" -> "value_int";
          case "asDouble" -> "value";
          default -> name.replaceAll("([A-Z])", "_$1").toLowerCase(java.util.Locale.ROOT);
        };
    if (!OWN.contains(column)) {
      row.with(column, text(value));
    }
  }

  private static Object text(JsonElement value) {
    return value instanceof JsonPrimitive one ? one.getAsString() : value;
  }
}
