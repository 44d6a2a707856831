package io.coral.it;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// Spans as Jaeger's HTTP API gives them, each with its resource, as text that can be compared.
final class JaegerSpans {
  private static final String ANY = "*/*";

  private JaegerSpans() {}

  /// The spans of traces in `/api/v3/traces/{id}`.
  static List<String> ofV3(Api api, Collection<String> traceIds) throws IOException {
    List<String> spans = new ArrayList<>();
    for (String id : traceIds) {
      spans.addAll(
          v3(
              JsonParser.parseString(api.get("/api/v3/traces/" + id, ANY))
                  .getAsJsonObject()
                  .getAsJsonObject("result")));
    }
    return spans;
  }

  /// The same of an answer in OTLP.
  static List<String> v3(JsonObject traces) throws IOException {
    TracesData.Builder data = TracesData.newBuilder();
    SentTelemetry.fromJson(traces.toString(), data);
    return v3(data.getResourceSpansList());
  }

  /// The same of what was sent: all of it, apart from the order of attributes.
  static List<String> v3(List<ResourceSpans> sent) {
    List<String> spans = new ArrayList<>();
    for (ResourceSpans resource : sent) {
      for (ScopeSpans scope : resource.getScopeSpansList()) {
        for (Span span : scope.getSpansList()) {
          ResourceSpans.Builder one = resource.toBuilder().clearScopeSpans();
          ScopeSpans.Builder its = scope.toBuilder().clearSpans().addSpans(sorted(span));
          List<KeyValue> ofScope = sorted(its.getScope().getAttributesList());
          its.getScopeBuilder().clearAttributes().addAllAttributes(ofScope);
          List<KeyValue> ofResource = sorted(one.getResource().getAttributesList());
          one.getResourceBuilder().clearAttributes().addAllAttributes(ofResource);
          spans.add(one.addScopeSpans(its).toString());
        }
      }
    }
    return spans;
  }

  private static Span sorted(Span span) {
    Span.Builder sorted = span.toBuilder();
    sorted.clearAttributes().addAllAttributes(sorted(span.getAttributesList()));
    sorted
        .getEventsBuilderList()
        .forEach(
            each -> {
              List<KeyValue> its = sorted(each.getAttributesList());
              each.clearAttributes().addAllAttributes(its);
            });
    sorted
        .getLinksBuilderList()
        .forEach(
            each -> {
              List<KeyValue> its = sorted(each.getAttributesList());
              each.clearAttributes().addAllAttributes(its);
            });
    // An empty one is the same as none.
    return sorted.setStatus(span.getStatus()).build();
  }

  private static List<KeyValue> sorted(List<KeyValue> attributes) {
    return attributes.stream().sorted(Comparator.comparing(KeyValue::getKey)).toList();
  }

  /// The spans of traces in `/api/traces/{id}`.
  static List<String> of(Api api, Collection<String> traceIds) throws IOException {
    List<String> spans = new ArrayList<>();
    for (String id : traceIds) {
      JsonObject trace =
          JsonParser.parseString(api.get("/api/traces/" + id, ANY))
              .getAsJsonObject()
              .getAsJsonArray("data")
              .get(0)
              .getAsJsonObject();
      for (JsonElement each : trace.getAsJsonArray("spans")) {
        JsonObject span = each.getAsJsonObject();
        JsonObject process =
            trace.getAsJsonObject("processes").getAsJsonObject(Api.text(span, "processID"));
        // Several spans have one.
        if (process.get("tags") instanceof JsonArray tags) {
          process.add("tags", tagsByKey(tags));
        }
        span.remove("processID");
        span.remove("warnings");
        span.add("process", process);
        span.add("tags", tagsByKey(span.getAsJsonArray("tags")));
        for (JsonObject log : Api.objects(span, "logs")) {
          log.add("fields", tagsByKey(log.getAsJsonArray("fields")));
        }
        spans.add(TelemetryRow.normal(span));
      }
    }
    return spans;
  }

  private static JsonObject tagsByKey(JsonArray tags) {
    JsonObject byKey = new JsonObject();
    for (JsonElement each : tags) {
      JsonObject tag = each.getAsJsonObject();
      byKey.add(tag.remove("key").getAsString(), tag);
    }
    return byKey;
  }

  /// The same of what was sent.
  static List<String> expected(List<ResourceSpans> sent) {
    List<String> spans = new ArrayList<>();
    for (ResourceSpans resource : sent) {
      for (ScopeSpans scope : resource.getScopeSpansList()) {
        scope
            .getSpansList()
            .forEach(span -> spans.add(TelemetryRow.normal(expected(resource, scope, span))));
      }
    }
    return spans;
  }

  private static JsonObject expected(ResourceSpans resource, ScopeSpans scope, Span span) {
    String traceId = SentRows.hex(span.getTraceId());
    JsonObject json = new JsonObject();
    json.addProperty("traceID", traceId);
    json.addProperty("spanID", SentRows.hex(span.getSpanId()));
    json.addProperty("operationName", span.getName());
    json.addProperty("startTime", span.getStartTimeUnixNano() / 1_000);
    json.addProperty("duration", (span.getEndTimeUnixNano() - span.getStartTimeUnixNano()) / 1_000);
    JsonArray references = new JsonArray();
    if (!span.getParentSpanId().isEmpty()) {
      references.add(reference("CHILD_OF", traceId, SentRows.hex(span.getParentSpanId())));
    }
    for (Span.Link link : span.getLinksList()) {
      references.add(
          reference(
              "FOLLOWS_FROM", SentRows.hex(link.getTraceId()), SentRows.hex(link.getSpanId())));
    }
    json.add("references", references);
    json.add("tags", tags(scope, span));
    JsonArray logs = new JsonArray();
    for (Span.Event event : span.getEventsList()) {
      Map<String, JsonElement> fields = values(event.getAttributesList());
      fields.put("event", new JsonPrimitive(event.getName()));
      JsonObject log = new JsonObject();
      log.addProperty("timestamp", event.getTimeUnixNano() / 1_000);
      log.add("fields", tags(fields));
      logs.add(log);
    }
    json.add("logs", logs);
    Map<String, JsonElement> described = values(resource.getResource().getAttributesList());
    JsonObject process = new JsonObject();
    process.add("serviceName", described.remove("service.name"));
    process.add("tags", tags(described));
    json.add("process", process);
    return json;
  }

  private static JsonObject reference(String type, String traceId, String spanId) {
    JsonObject json = new JsonObject();
    json.addProperty("refType", type);
    json.addProperty("traceID", traceId);
    json.addProperty("spanID", spanId);
    return json;
  }

  private static JsonObject tags(ScopeSpans scope, Span span) {
    Map<String, JsonElement> tags = values(span.getAttributesList());
    addText(tags, "otel.scope.name", scope.getScope().getName());
    addText(tags, "otel.scope.version", scope.getScope().getVersion());
    addText(
        tags,
        "span.kind",
        span.getKind().name().replace("SPAN_KIND_", "").toLowerCase(Locale.ROOT));
    Status.StatusCode code = span.getStatus().getCode();
    if (code != Status.StatusCode.STATUS_CODE_UNSET) {
      addText(tags, "otel.status_code", code.name().replace("STATUS_CODE_", ""));
    }
    addText(tags, "otel.status_description", span.getStatus().getMessage());
    addText(tags, "w3c.tracestate", span.getTraceState());
    // An answer of a server with 5xx is one, unless the SDK says that it is none.
    boolean is5xx =
        tags.get("http.response.status_code") instanceof JsonPrimitive one && one.getAsInt() >= 500;
    if (code == Status.StatusCode.STATUS_CODE_ERROR || is5xx) {
      tags.put("error", new JsonPrimitive(true));
    }
    return tags(tags);
  }

  private static void addText(Map<String, JsonElement> tags, String key, String value) {
    if (!value.isEmpty()) {
      tags.put(key, new JsonPrimitive(value));
    }
  }

  private static Map<String, JsonElement> values(List<KeyValue> attributes) {
    return new TreeMap<>(SentRows.attributes(attributes).asMap());
  }

  private static JsonObject tags(Map<String, JsonElement> values) {
    JsonObject tags = new JsonObject();
    values.forEach((key, value) -> tags.add(key, tag(value)));
    return tags;
  }

  private static JsonObject tag(JsonElement value) {
    JsonObject tag = new JsonObject();
    switch (value) {
      case JsonPrimitive one when one.isBoolean() -> {
        tag.addProperty("type", "bool");
        tag.add("value", one);
      }
      case JsonPrimitive one when one.isNumber() -> {
        tag.addProperty("type", one.getAsNumber() instanceof Long ? "int64" : "float64");
        tag.add("value", one);
      }
      case JsonPrimitive one -> {
        tag.addProperty("type", "string");
        tag.add("value", one);
      }
      case JsonObject bytes when bytes.has("$bytes") -> {
        tag.addProperty("type", "binary");
        tag.add("value", bytes.get("$bytes"));
      }
      case JsonObject number when number.has("$double") -> {
        tag.addProperty("type", "string");
        tag.add("value", number.get("$double"));
      }
      default -> {
        tag.addProperty("type", "string");
        tag.addProperty("value", value.toString());
      }
    }
    return tag;
  }
}
