package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;

/// A trace as JSON: its tree.
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
}
