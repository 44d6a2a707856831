package io.coral.it;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/// A span, a data point or a log record in a form that can be compared: text by the names of the
/// columns of `otel_spans`, `otel_metrics` and `otel_logs`. What is empty, zero or false is left
/// out, unless it says something other than what is absent.
final class TelemetryRow {
  private static final Set<String> EMPTY = Set.of("", "0", "false", "{}");
  private static final Set<String> JSON =
      Set.of("attributes", "resource", "scope", "details", "metadata");
  private static final Set<String> DOUBLES = Set.of("value", "sum", "min", "max");
  private static final Set<String> KEPT = Set.of("body", "value_int");

  private final SortedMap<String, String> columns = new TreeMap<>();

  /// Adds what a column has. JSON may be parsed or text.
  TelemetryRow with(String column, @Nullable Object value) {
    if (value == null) {
      return this;
    }
    String text = String.valueOf(value);
    if (DOUBLES.contains(column)) {
      columns.put(column, Double.toString(Double.parseDouble(text)));
    } else if (JSON.contains(column) && !text.isEmpty()) {
      String json = normal(value instanceof JsonElement it ? it : JsonParser.parseString(text));
      withText(column, json);
    } else {
      withText(column, text);
    }
    return this;
  }

  private void withText(String column, String text) {
    if (KEPT.contains(column) || !EMPTY.contains(text)) {
      columns.put(column, text);
    }
  }

  /// JSON in one form: members by name, and numbers that tell whether they are integers.
  static String normal(JsonElement json) {
    return switch (json) {
      case JsonObject object ->
          object.entrySet().stream()
              .sorted(java.util.Map.Entry.comparingByKey())
              .map(each -> new JsonPrimitive(each.getKey()) + ":" + normal(each.getValue()))
              .collect(Collectors.joining(",", "{", "}"));
      case JsonArray array ->
          StreamSupport.stream(array.spliterator(), false)
              .map(TelemetryRow::normal)
              .collect(Collectors.joining(",", "[", "]"));
      case JsonPrimitive one when one.isNumber() && !one.getAsString().matches("-?[0-9]+") ->
          Double.toString(one.getAsDouble());
      default -> json.toString();
    };
  }

  @Override
  public String toString() {
    return columns.toString();
  }
}
