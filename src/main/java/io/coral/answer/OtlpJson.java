package io.coral.answer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.coral.model.Role;
import io.coral.storage.SentDetails;
import io.coral.storage.SpanRow;
import io.coral.storage.Trace;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Traces as `TracesData` in the JSON of OTLP
/// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hexadecimal digits,
/// 64-bit integers as strings, enumerations as numbers.
final class OtlpJson {
  private OtlpJson() {}

  static JsonObject traces(List<Trace> traces) {
    Map<List<String>, Map<String, JsonArray>> byResource = new LinkedHashMap<>();
    for (Trace trace : traces) {
      for (SpanRow span : trace.spans()) {
        SentDetails sent = span.sent();
        byResource
            .computeIfAbsent(
                List.of(span.service(), sent == null ? "" : sent.resource()),
                _ -> new LinkedHashMap<>())
            .computeIfAbsent(
                sent == null ? "{\"name\":\"coral\"}" : sent.scope(), _ -> new JsonArray())
            .add(span(span));
      }
    }
    JsonArray resources = new JsonArray();
    byResource.forEach((key, scopes) -> resources.add(resource(key.get(0), key.get(1), scopes)));
    JsonObject json = new JsonObject();
    json.add("resourceSpans", resources);
    return json;
  }

  private static JsonObject resource(
      String service, String resource, Map<String, JsonArray> scopes) {
    JsonObject stored = object(resource);
    JsonArray attributes = attributes(stored);
    boolean named =
        stored.get("attributes") instanceof JsonObject object && object.has("service.name");
    if (!named) {
      attributes.add(attribute("service.name", new JsonPrimitive(service)));
    }
    JsonObject described = new JsonObject();
    described.add("attributes", attributes);
    copyCount(stored, "dropped_attributes_count", described, "droppedAttributesCount");
    addEntities(stored, described);
    JsonArray scopeSpans = new JsonArray();
    scopes.forEach(
        (scope, spans) -> {
          JsonObject one = new JsonObject();
          JsonObject storedScope = object(scope);
          JsonObject its = new JsonObject();
          copyText(storedScope, "name", its, "name");
          copyText(storedScope, "version", its, "version");
          if (storedScope.has("attributes")) {
            its.add("attributes", attributes(storedScope));
          }
          copyCount(storedScope, "dropped_attributes_count", its, "droppedAttributesCount");
          one.add("scope", its);
          one.add("spans", spans);
          copyText(storedScope, "schema_url", one, "schemaUrl");
          scopeSpans.add(one);
        });
    JsonObject json = new JsonObject();
    json.add("resource", described);
    json.add("scopeSpans", scopeSpans);
    copyText(stored, "schema_url", json, "schemaUrl");
    return json;
  }

  private static void addEntities(JsonObject stored, JsonObject resource) {
    JsonArray entities = new JsonArray();
    for (JsonElement each : JaegerJson.array(stored, "entity_refs")) {
      JsonObject entity = each.getAsJsonObject();
      JsonObject json = new JsonObject();
      copyText(entity, "schema_url", json, "schemaUrl");
      copyText(entity, "type", json, "type");
      json.add("idKeys", JaegerJson.array(entity, "id_keys"));
      json.add("descriptionKeys", JaegerJson.array(entity, "description_keys"));
      entities.add(json);
    }
    if (!entities.isEmpty()) {
      resource.add("entityRefs", entities);
    }
  }

  private static JsonObject object(String json) {
    return json.isEmpty() ? new JsonObject() : JsonParser.parseString(json).getAsJsonObject();
  }

  private static void copyText(JsonObject from, String name, JsonObject to, String newName) {
    String text = JaegerJson.text(from, name);
    if (!text.isEmpty()) {
      to.addProperty(newName, text);
    }
  }

  private static JsonObject span(SpanRow span) {
    SentDetails sent = span.sent();
    JsonObject details = object(sent == null ? "" : sent.details());
    JsonObject json = new JsonObject();
    json.addProperty("traceId", span.traceId());
    json.addProperty("spanId", span.spanId());
    copyText(details, "trace_state", json, "traceState");
    if (!span.parentSpanId().isEmpty()) {
      json.addProperty("parentSpanId", span.parentSpanId());
    }
    if (sent != null && sent.flags() != 0) {
      json.addProperty("flags", sent.flags());
    }
    json.addProperty("name", span.name());
    json.addProperty("kind", kind(span.role()));
    json.addProperty("startTimeUnixNano", Long.toString(span.startUnixNanos()));
    json.addProperty("endTimeUnixNano", Long.toString(span.endUnixNanos()));
    JsonArray attributes = new JsonArray();
    if (sent == null) {
      span.attributes()
          .forEach((key, value) -> attributes.add(attribute(key, captured(span, key, value))));
    } else {
      sent.attributes().forEach((key, value) -> attributes.add(attribute(key, value)));
    }
    json.add("attributes", attributes);
    copyCount(details, "dropped_attributes_count", json, "droppedAttributesCount");
    addEvents(details, json);
    copyCount(details, "dropped_events_count", json, "droppedEventsCount");
    addLinks(details, json);
    copyCount(details, "dropped_links_count", json, "droppedLinksCount");
    JsonObject status = new JsonObject();
    copyText(details, "status_message", status, "message");
    int outcome = sent == null ? 0 : sent.outcome();
    if (outcome != 0 || (sent == null && span.error())) {
      status.addProperty("code", outcome == 0 ? SentDetails.ERROR : outcome);
    }
    if (!status.isEmpty()) {
      json.add("status", status);
    }
    return json;
  }

  private static JsonPrimitive captured(SpanRow span, String key, String value) {
    return key.equals("http.response.status_code")
        ? new JsonPrimitive(span.status())
        : new JsonPrimitive(value);
  }

  private static void addEvents(JsonObject details, JsonObject span) {
    JsonArray events = new JsonArray();
    for (JsonElement each : JaegerJson.array(details, "events")) {
      JsonObject stored = each.getAsJsonObject();
      JsonObject event = new JsonObject();
      event.addProperty("timeUnixNano", JaegerJson.text(stored, "time_unix_nano"));
      copyText(stored, "name", event, "name");
      event.add("attributes", attributes(stored));
      copyCount(stored, "dropped_attributes_count", event, "droppedAttributesCount");
      events.add(event);
    }
    if (!events.isEmpty()) {
      span.add("events", events);
    }
  }

  private static void addLinks(JsonObject details, JsonObject span) {
    JsonArray links = new JsonArray();
    for (JsonElement each : JaegerJson.array(details, "links")) {
      JsonObject stored = each.getAsJsonObject();
      JsonObject link = new JsonObject();
      copyText(stored, "trace_id", link, "traceId");
      copyText(stored, "span_id", link, "spanId");
      copyText(stored, "trace_state", link, "traceState");
      link.add("attributes", attributes(stored));
      copyCount(stored, "dropped_attributes_count", link, "droppedAttributesCount");
      copyCount(stored, "flags", link, "flags");
      links.add(link);
    }
    if (!links.isEmpty()) {
      span.add("links", links);
    }
  }

  private static void copyCount(JsonObject from, String name, JsonObject to, String newName) {
    if (from.get(name) instanceof JsonPrimitive count) {
      to.add(newName, count);
    }
  }

  /// The number of a `SPAN_KIND_…`.
  private static int kind(Role role) {
    return switch (role) {
      case UNSPECIFIED -> 0;
      case INTERNAL -> 1;
      case SERVER -> 2;
      case CLIENT -> 3;
      case PRODUCER -> 4;
      case CONSUMER -> 5;
    };
  }

  private static JsonArray attributes(JsonObject owner) {
    JsonArray attributes = new JsonArray();
    if (owner.get("attributes") instanceof JsonObject object) {
      object.asMap().forEach((key, value) -> attributes.add(attribute(key, value)));
    }
    return attributes;
  }

  private static JsonObject attribute(String key, JsonElement value) {
    JsonObject json = new JsonObject();
    json.addProperty("key", key);
    json.add("value", value(value));
    return json;
  }

  private static JsonObject value(JsonElement value) {
    JsonObject typed = new JsonObject();
    switch (value) {
      case JsonPrimitive one when one.isBoolean() -> typed.add("boolValue", one);
      case JsonPrimitive one when one.isNumber() -> {
        if (JaegerJson.isInteger(one)) {
          typed.addProperty("intValue", one.getAsString());
        } else {
          typed.add("doubleValue", one);
        }
      }
      case JsonPrimitive one -> typed.addProperty("stringValue", one.getAsString());
      case JsonArray array -> {
        JsonArray values = new JsonArray();
        array.forEach(each -> values.add(value(each)));
        JsonObject list = new JsonObject();
        list.add("values", values);
        typed.add("arrayValue", list);
      }
      case JsonObject object when object.size() == 1 && object.has("$bytes") ->
          typed.add("bytesValue", object.get("$bytes"));
      case JsonObject object when object.size() == 1 && object.has("$double") ->
          typed.add("doubleValue", object.get("$double"));
      case JsonObject object -> {
        JsonArray values = new JsonArray();
        object.asMap().forEach((key, each) -> values.add(attribute(key, each)));
        JsonObject list = new JsonObject();
        list.add("values", values);
        typed.add("kvlistValue", list);
      }
      default -> {
        // Null: an AnyValue without a value.
      }
    }
    return typed;
  }
}
