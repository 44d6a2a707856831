package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Series of metrics with their points, as a table and as JSON.
///
/// @param subject whose they are, in words
/// @param cut whether older points were left out, beyond `limit`
record MetricReport(
    String subject,
    TimeRange range,
    int limit,
    List<ProtoMessage> series,
    boolean cut,
    Completeness completeness) {
  MetricReport {
    series = List.copyOf(series);
  }

  static MetricReport of(String subject, TimeRange range, int limit, ProtoMessage answer) {
    return new MetricReport(
        subject,
        range,
        limit,
        answer.messages("series"),
        answer.flag("cut"),
        Completeness.of(answer));
  }

  String table() {
    TextTable table =
        new TextTable(
            List.of("Service", "Metric", "Type", "Unit", "Attributes", "Points", "Last"),
            List.of(12, 20, 5, 4, 12, 6, 6));
    for (ProtoMessage each : series) {
      List<ProtoMessage> points = each.messages("points");
      String attributes =
          AnswerJson.object(each.text("attributes")).entrySet().stream()
              .map(attribute -> attribute.getKey() + "=" + text(attribute.getValue()))
              .collect(Collectors.joining(","));
      table.add(
          each.text("serviceName"),
          each.text("name"),
          each.text("type"),
          each.text("unit").isEmpty() ? "-" : each.text("unit"),
          attributes.isEmpty() ? "-" : attributes,
          Integer.toString(points.size()),
          last(points.getLast()));
    }
    String more = cut ? "… older points were left out, see --limit " + limit + "\n" : "";
    return "Metrics (%s, %s):\n\n%s%s".formatted(range.phrase(), subject, table.text(), more);
  }

  private static String text(JsonElement value) {
    return value.isJsonPrimitive() ? value.getAsString() : value.toString();
  }

  /// The value; of a histogram or summary how many values there were, and their mean.
  private static String last(ProtoMessage point) {
    JsonElement value = value(point);
    if (!value.isJsonNull()) {
      return value.getAsString();
    }
    long count = point.number("count");
    if (count == 0) {
      return (point.number("flags") & 1) == 1 ? "no value" : "-";
    }
    String mean = point.json().has("sum") ? ", mean " + rounded(point.decimal("sum") / count) : "";
    return count + " values" + mean;
  }

  private static String rounded(double value) {
    return Double.isFinite(value)
        ? BigDecimal.valueOf(value)
            .round(new java.math.MathContext(4))
            .stripTrailingZeros()
            .toPlainString()
        : Double.toString(value);
  }

  /// Integers exactly; NaN and the infinities as strings.
  private static JsonElement value(ProtoMessage point) {
    if (point.json().has("asInt")) {
      return new JsonPrimitive(point.number("asInt"));
    }
    return point.json().has("asDouble") ? real(point, "asDouble") : JsonNull.INSTANCE;
  }

  private static JsonElement real(ProtoMessage point, String field) {
    if (!point.json().has(field)) {
      return JsonNull.INSTANCE;
    }
    double value = point.decimal(field);
    return Double.isFinite(value)
        ? new JsonPrimitive(value)
        : new JsonPrimitive(Double.toString(value));
  }

  /// @param service the name asked for, empty = all; `name` alike
  JsonObject toJson(String service, String name) {
    JsonObject json = new JsonObject();
    json.addProperty("service", service);
    json.addProperty("name", name);
    json.addProperty("since", range.since().toString());
    json.addProperty("until", range.until().toString());
    JsonArray array = new JsonArray();
    for (ProtoMessage each : series) {
      JsonObject one = new JsonObject();
      one.addProperty("service", each.text("serviceName"));
      for (String field : List.of("name", "description", "unit", "type", "temporality")) {
        one.addProperty(field, each.text(field));
      }
      one.addProperty("monotonic", each.flag("monotonic"));
      for (String field : List.of("attributes", "resource", "scope", "metadata")) {
        one.add(field, AnswerJson.object(each.text(field)));
      }
      one.addProperty("agent_id", each.text("agentId"));
      JsonArray points = new JsonArray();
      each.messages("points").forEach(point -> points.add(point(point, each.text("type"))));
      one.add("points", points);
      array.add(one);
    }
    json.add("series", array);
    json.addProperty("cut", cut);
    json.add("completeness", completeness.toJson());
    return json;
  }

  private static JsonObject point(ProtoMessage point, String type) {
    JsonObject json = new JsonObject();
    json.add("time", AnswerJson.time(point.number("timeUnixNanos")));
    json.add("start_time", AnswerJson.time(point.number("startUnixNanos")));
    if (type.equals("gauge") || type.equals("sum")) {
      json.add("value", value(point));
    } else {
      json.addProperty("count", point.number("count"));
      for (String field : List.of("sum", "min", "max")) {
        json.add(field, real(point, field));
      }
    }
    json.addProperty("flags", point.number("flags"));
    for (Map.Entry<String, JsonElement> detail :
        AnswerJson.object(point.text("details")).entrySet()) {
      json.add(detail.getKey(), detail.getValue());
    }
    return json;
  }
}
