package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A trace as JSON: Coral's own tree, and OTLP.
final class TraceJson {
  // Readers of JSON have limits, 255 is one of them, and a level of the tree is two of JSON's.
  private static final int LEVELS_NESTED = 100;

  private TraceJson() {}

  /// The tree. What is deeper than 100 hops stands beside its ancestor at that level; its parent's
  /// id tells where it belongs.
  static JsonObject tree(TraceDocument trace) {
    JsonObject json = new JsonObject();
    json.addProperty("trace_id", trace.traceId());
    json.addProperty("duration_ms", trace.durationNanos() / 1e6);
    json.addProperty("spans", trace.nodes().size());
    json.add("services", AnswerJson.texts(trace.services()));
    json.addProperty("root_cause", trace.rootCause());
    json.addProperty("log_records", trace.logRecords());
    JsonArray roots = new JsonArray();
    List<JsonArray> childrenAt = new ArrayList<>(List.of(roots));
    for (TraceDocument.Node node : trace.nodes()) {
      int depth = Math.clamp(node.depth(), 1, Math.min(childrenAt.size(), LEVELS_NESTED));
      childrenAt.subList(depth, childrenAt.size()).clear();
      JsonObject object = node(node);
      JsonArray children = new JsonArray();
      object.add("children", children);
      childrenAt.get(depth - 1).add(object);
      childrenAt.add(children);
    }
    json.add("tree", roots);
    json.add("completeness", trace.completeness().toJson());
    return json;
  }

  private static JsonObject node(TraceDocument.Node node) {
    JsonObject json = new JsonObject();
    TraceDocument.Span span = node.span();
    json.addProperty("service", span.service());
    json.addProperty("operation", span.name());
    if (span.client()) {
      json.addProperty("peer", span.attribute("network.peer"));
    }
    addSpan(json, span);
    TraceDocument.Span client = node.client();
    if (client != null) {
      JsonObject sent = new JsonObject();
      sent.addProperty("service", client.service());
      addSpan(sent, client);
      json.add("client", sent);
    }
    if (!node.missingParent().isEmpty()) {
      json.addProperty("parent_missing", true);
    }
    if (node.parentAmbiguous()) {
      json.addProperty("parent_ambiguous", true);
    }
    return json;
  }

  private static void addSpan(JsonObject json, TraceDocument.Span span) {
    json.addProperty("span_id", span.spanId());
    json.add(
        "parent_span_id",
        span.parentSpanId().isEmpty() ? JsonNull.INSTANCE : new JsonPrimitive(span.parentSpanId()));
    json.addProperty("kind", span.kind());
    json.add("start", AnswerJson.time(span.startUnixNanos()));
    json.addProperty("duration_ms", span.durationNanos() / 1e6);
    json.add("status", span.status() == 0 ? JsonNull.INSTANCE : new JsonPrimitive(span.status()));
    json.addProperty("evidence", span.attribute("coral.link.evidence"));
  }

  /// OTLP in JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in
  /// hexadecimal digits, 64-bit integers as strings, enumerations as numbers.
  static JsonObject otlp(TraceDocument trace) {
    Map<String, JsonArray> spansOf = new LinkedHashMap<>();
    for (TraceDocument.Span span : trace.spans()) {
      spansOf
          .computeIfAbsent(span.service(), _ -> new JsonArray())
          .add(otlpSpan(trace.traceId(), span));
    }
    JsonArray resources = new JsonArray();
    spansOf.forEach((service, spans) -> resources.add(resource(service, spans)));
    JsonObject json = new JsonObject();
    json.add("resourceSpans", resources);
    return json;
  }

  private static JsonObject resource(String service, JsonArray spans) {
    JsonObject resource = new JsonObject();
    JsonArray attributes = new JsonArray();
    attributes.add(attribute("service.name", "stringValue", service));
    resource.add("attributes", attributes);
    JsonObject scope = new JsonObject();
    scope.addProperty("name", "coral");
    JsonObject scopeSpans = new JsonObject();
    scopeSpans.add("scope", scope);
    scopeSpans.add("spans", spans);
    JsonArray scopes = new JsonArray();
    scopes.add(scopeSpans);
    JsonObject json = new JsonObject();
    json.add("resource", resource);
    json.add("scopeSpans", scopes);
    return json;
  }

  private static JsonObject otlpSpan(String traceId, TraceDocument.Span span) {
    JsonObject json = new JsonObject();
    json.addProperty("traceId", traceId);
    json.addProperty("spanId", span.spanId());
    if (!span.parentSpanId().isEmpty()) {
      json.addProperty("parentSpanId", span.parentSpanId());
    }
    json.addProperty("name", span.name());
    json.addProperty("kind", kind(span));
    json.addProperty("startTimeUnixNano", Long.toString(span.startUnixNanos()));
    json.addProperty(
        "endTimeUnixNano", Long.toString(span.startUnixNanos() + span.durationNanos()));
    JsonArray attributes = new JsonArray();
    span.attributes()
        .forEach(
            (name, value) -> {
              boolean number = name.equals("http.response.status_code");
              attributes.add(attribute(name, number ? "intValue" : "stringValue", value));
            });
    json.add("attributes", attributes);
    JsonObject status = new JsonObject();
    if (span.error()) {
      // STATUS_CODE_ERROR
      status.addProperty("code", 2);
    } else if (span.attribute("otel.status_code").equals("OK")) {
      // STATUS_CODE_OK
      status.addProperty("code", 1);
    }
    json.add("status", status);
    return json;
  }

  /// The number of the `SPAN_KIND_…`.
  private static int kind(TraceDocument.Span span) {
    return switch (span.kind()) {
      case "internal" -> 1;
      case "server" -> 2;
      case "client" -> 3;
      case "producer" -> 4;
      case "consumer" -> 5;
      default -> 0;
    };
  }

  private static JsonObject attribute(String name, String type, String value) {
    JsonObject typed = new JsonObject();
    typed.addProperty(type, value);
    JsonObject json = new JsonObject();
    json.addProperty("key", name);
    json.add("value", typed);
    return json;
  }
}
