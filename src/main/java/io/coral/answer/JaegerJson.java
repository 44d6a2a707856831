package io.coral.answer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.coral.storage.SentDetails;
import io.coral.storage.SpanRow;
import io.coral.storage.SpanSearch;
import io.coral.storage.Trace;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Answers in the words of Jaeger's HTTP API, which its UI and Grafana read: an envelope, times in
/// microseconds, attributes as typed tags.
final class JaegerJson {
  private JaegerJson() {}

  /// An answer in its envelope.
  static JsonObject envelope(JsonArray data, int limit) {
    JsonObject json = new JsonObject();
    json.add("data", data);
    json.addProperty("total", data.size());
    json.addProperty("limit", limit);
    json.addProperty("offset", 0);
    json.add("errors", JsonNull.INSTANCE);
    return json;
  }

  /// The envelope of a failure.
  static JsonObject failure(int code, String message) {
    JsonObject error = new JsonObject();
    error.addProperty("code", code);
    error.addProperty("msg", message);
    JsonArray errors = new JsonArray();
    errors.add(error);
    JsonObject json = new JsonObject();
    json.add("data", JsonNull.INSTANCE);
    json.addProperty("total", 0);
    json.addProperty("limit", 0);
    json.addProperty("offset", 0);
    json.add("errors", errors);
    return json;
  }

  static JsonArray texts(List<String> values) {
    JsonArray array = new JsonArray();
    values.forEach(array::add);
    return array;
  }

  static JsonObject operation(SpanSearch.Operation operation) {
    JsonObject json = new JsonObject();
    json.addProperty("name", operation.name());
    json.addProperty("spanKind", operation.role().label());
    return json;
  }

  static JsonObject dependency(SpanSearch.Dependency dependency) {
    JsonObject json = new JsonObject();
    json.addProperty("parent", dependency.parent());
    json.addProperty("child", dependency.child());
    json.addProperty("callCount", dependency.calls());
    json.addProperty("errors", dependency.errors());
    json.addProperty("p50", dependency.p50Nanos() / 1e6);
    json.addProperty("p95", dependency.p95Nanos() / 1e6);
    return json;
  }

  /// @param unheard who may have more of the trace and did not answer
  static JsonObject trace(Trace trace, List<String> unheard) {
    JsonObject json = new JsonObject();
    json.addProperty("traceID", trace.traceId());
    JsonArray spans = new JsonArray();
    // Equal services and resources are one process.
    Map<List<String>, String> processes = new LinkedHashMap<>();
    for (SpanRow span : trace.spans()) {
      SentDetails sent = span.sent();
      String process =
          processes.computeIfAbsent(
              List.of(span.service(), sent == null ? "" : sent.resource()),
              _ -> "p" + (processes.size() + 1));
      spans.add(span(span, process));
    }
    json.add("spans", spans);
    JsonObject described = new JsonObject();
    processes.forEach((key, id) -> described.add(id, process(key.get(0), key.get(1))));
    json.add("processes", described);
    JsonArray warnings = texts(unheard);
    if (trace.cut()) {
      warnings.add("the trace has more spans than these " + trace.spans().size());
    }
    json.add("warnings", warnings.isEmpty() ? JsonNull.INSTANCE : warnings);
    return json;
  }

  private static JsonObject process(String service, String resource) {
    JsonObject json = new JsonObject();
    json.addProperty("serviceName", service);
    JsonArray tags = new JsonArray();
    members(resource, "attributes")
        .forEach(
            (key, value) -> {
              if (!key.equals("service.name")) {
                tags.add(tag(key, value));
              }
            });
    json.add("tags", tags);
    return json;
  }

  private static Map<String, JsonElement> members(String json, String name) {
    return object(json).get(name) instanceof JsonObject object ? object.asMap() : Map.of();
  }

  private static JsonObject object(String json) {
    return json.isEmpty() ? new JsonObject() : JsonParser.parseString(json).getAsJsonObject();
  }

  private static JsonObject span(SpanRow span, String process) {
    SentDetails sent = span.sent();
    JsonObject details = object(sent == null ? "" : sent.details());
    JsonObject json = new JsonObject();
    json.addProperty("traceID", span.traceId());
    json.addProperty("spanID", span.spanId());
    json.addProperty("operationName", span.name());
    JsonArray references = new JsonArray();
    if (!span.parentSpanId().isEmpty()) {
      references.add(reference("CHILD_OF", span.traceId(), span.parentSpanId()));
    }
    for (JsonElement link : array(details, "links")) {
      JsonObject object = link.getAsJsonObject();
      references.add(reference("FOLLOWS_FROM", text(object, "trace_id"), text(object, "span_id")));
    }
    json.add("references", references);
    json.addProperty("startTime", span.startUnixNanos() / 1_000);
    json.addProperty("duration", span.durationNanos() / 1_000);
    json.add("tags", tags(span, details));
    json.add("logs", logs(details));
    json.addProperty("processID", process);
    json.add("warnings", JsonNull.INSTANCE);
    return json;
  }

  private static JsonObject reference(String type, String traceId, String spanId) {
    JsonObject json = new JsonObject();
    json.addProperty("refType", type);
    json.addProperty("traceID", traceId);
    json.addProperty("spanID", spanId);
    return json;
  }

  private static JsonArray tags(SpanRow span, JsonObject details) {
    JsonArray tags = new JsonArray();
    SentDetails sent = span.sent();
    if (sent == null) {
      span.attributes().entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(
              each -> {
                boolean number = each.getKey().equals("http.response.status_code");
                tags.add(
                    tag(
                        each.getKey(),
                        number
                            ? new JsonPrimitive(span.status())
                            : new JsonPrimitive(each.getValue())));
              });
    } else {
      sent.attributes().forEach((key, value) -> tags.add(tag(key, value)));
      JsonObject scope = object(sent.scope());
      addText(tags, "otel.scope.name", text(scope, "name"));
      addText(tags, "otel.scope.version", text(scope, "version"));
    }
    addText(tags, "span.kind", span.role().label().replace("unspecified", ""));
    if (sent != null) {
      addText(tags, "otel.status_code", span.attribute(SpanRow.OUTCOME));
    }
    addText(tags, "otel.status_description", text(details, "status_message"));
    addText(tags, "w3c.tracestate", text(details, "trace_state"));
    if (span.error()) {
      tags.add(tag("error", new JsonPrimitive(true)));
    }
    return tags;
  }

  private static void addText(JsonArray tags, String key, String value) {
    if (!value.isEmpty()) {
      tags.add(tag(key, new JsonPrimitive(value)));
    }
  }

  private static JsonArray logs(JsonObject details) {
    JsonArray logs = new JsonArray();
    for (JsonElement event : array(details, "events")) {
      JsonObject object = event.getAsJsonObject();
      JsonArray fields = new JsonArray();
      addText(fields, "event", text(object, "name"));
      if (object.get("attributes") instanceof JsonObject attributes) {
        attributes.asMap().forEach((key, value) -> fields.add(tag(key, value)));
      }
      JsonObject log = new JsonObject();
      JsonElement time = object.get("time_unix_nano");
      log.addProperty("timestamp", time == null ? 0 : time.getAsLong() / 1_000);
      log.add("fields", fields);
      logs.add(log);
    }
    return logs;
  }

  static JsonArray array(JsonObject object, String name) {
    return object.get(name) instanceof JsonArray array ? array : new JsonArray();
  }

  static String text(JsonObject object, String name) {
    return object.get(name) instanceof JsonPrimitive value ? value.getAsString() : "";
  }

  private static JsonObject tag(String key, JsonElement value) {
    JsonObject tag = new JsonObject();
    tag.addProperty("key", key);
    if (value instanceof JsonPrimitive one && one.isBoolean()) {
      tag.addProperty("type", "bool");
      tag.add("value", one);
    } else if (value instanceof JsonPrimitive one && one.isNumber()) {
      tag.addProperty("type", isInteger(one) ? "int64" : "float64");
      tag.add("value", one);
    } else if (value instanceof JsonObject object && object.size() == 1 && object.has("$bytes")) {
      tag.addProperty("type", "binary");
      tag.add("value", object.get("$bytes"));
    } else if (value instanceof JsonObject object && object.size() == 1 && object.has("$double")) {
      // JSON has no such number.
      tag.addProperty("type", "string");
      tag.add("value", object.get("$double"));
    } else {
      tag.addProperty("type", "string");
      tag.addProperty(
          "value", value instanceof JsonPrimitive one ? one.getAsString() : value.toString());
    }
    return tag;
  }

  static boolean isInteger(JsonPrimitive number) {
    return number.getAsString().chars().allMatch(c -> c == '-' || Character.isDigit(c));
  }
}
