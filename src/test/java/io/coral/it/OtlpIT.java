package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.ByteString;
import io.coral.otlp.SpanPayloads;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Spans that are sent are there when the answer comes, as they were sent, and are counted.
final class OtlpIT {
  private static final String SPANS =
      "SELECT trace_id, span_id, coalesce(parent_span_id, ''), service_name, span_name, span_kind,"
          + " start_unix_nanos, duration_nanos, status_code, attributes::VARCHAR,"
          + " resource::VARCHAR, scope::VARCHAR, coalesce(details::VARCHAR, '{}') FROM otel_spans";

  @TempDir Path directory;

  @Test
  void spans_whenTheAnswerIsThere_areReadBackAsTheyWereSent() throws Exception {
    int otlp = Host.freePort();
    int colonyPort = Host.freePort();
    try (CoralProcess colony = Otlp.colony(directory, colonyPort, "1s");
        CoralProcess agent = Otlp.agent(directory, Host.freePort(), 0, otlp, colonyPort)) {
      ExportTraceServiceRequest usual =
          new SpanPayloads(1).payload(500, System.currentTimeMillis() * 1_000_000);
      ExportTraceServiceRequest rare = rarePayload();
      assertThat(Otlp.sendSpans(otlp, usual)).isEqualTo(200);
      assertThat(Otlp.sendSpans(otlp, rare)).isEqualTo(200);
      // An exporter that did not get the answer sends the same again.
      assertThat(Otlp.sendSpans(otlp, usual)).isEqualTo(200);
      Map<String, List<Object>> sent = new TreeMap<>();
      addSpans(usual, sent);
      addSpans(rare, sent);
      // Until it is known which strings hardly repeat, and those are stored in another form.
      SpanPayloads further = new SpanPayloads(2);
      for (int i = 0; i < 12; i++) {
        ExportTraceServiceRequest next =
            further.payload(500, System.currentTimeMillis() * 1_000_000);
        assertThat(Otlp.sendSpans(otlp, next)).isEqualTo(200);
        addSpans(next, sent);
      }
      try (Snapshot snapshot = Snapshot.of(agent, directory)) {
        Map<String, List<Object>> read = read(snapshot, SPANS);
        sent.forEach((id, span) -> assertThat(read.get(id)).isEqualTo(span));
        assertThat(read).hasSameSizeAs(sent);
      }
      await("the colony has them")
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () -> {
                try (Snapshot snapshot = Snapshot.of(colony, directory)) {
                  Map<String, List<Object>> read = read(snapshot, SPANS);
                  assertThat(read.size()).as(colony.output()).isEqualTo(sent.size());
                  sent.forEach((id, span) -> assertThat(read.get(id)).isEqualTo(span));
                }
              });
      long server =
          sent.values().stream()
              .filter(span -> span.contains("SERVER") && span.toString().contains("http.route"))
              .count();
      await("requests are counted")
          .atMost(Duration.ofSeconds(10))
          .untilAsserted(
              () -> {
                try (Snapshot snapshot = Snapshot.of(agent, directory)) {
                  assertThat(snapshot.number("SELECT sum(count) FROM beyla_http_metrics"))
                      .isEqualTo(server);
                }
              });
    }
  }

  private static Map<String, List<Object>> read(Snapshot snapshot, String sql) throws Exception {
    Map<String, List<Object>> spans = new TreeMap<>();
    for (List<@Nullable Object> row : snapshot.rows(sql)) {
      List<Object> span = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        span.add(String.valueOf(row.get(i)));
      }
      for (int i = 9; i < 13; i++) {
        span.add(sorted(JsonParser.parseString(String.valueOf(row.get(i)))).toString());
      }
      assertThat(spans.put(span.get(0) + " " + span.get(1), span)).isNull();
    }
    return spans;
  }

  private static void addSpans(ExportTraceServiceRequest request, Map<String, List<Object>> to) {
    for (ResourceSpans resource : request.getResourceSpansList()) {
      for (ScopeSpans scope : resource.getScopeSpansList()) {
        for (Span span : scope.getSpansList()) {
          List<Object> row = expected(resource, scope, span);
          to.put(row.get(0) + " " + row.get(1), row);
        }
      }
    }
  }

  private static List<Object> expected(ResourceSpans resource, ScopeSpans scope, Span span) {
    JsonObject itsResource = new JsonObject();
    itsResource.add("attributes", attributes(resource.getResource().getAttributesList()));
    JsonObject itsScope = new JsonObject();
    itsScope.addProperty("name", scope.getScope().getName());
    if (!scope.getScope().getVersion().isEmpty()) {
      itsScope.addProperty("version", scope.getScope().getVersion());
    }
    if (scope.getScope().getAttributesCount() > 0) {
      itsScope.add("attributes", attributes(scope.getScope().getAttributesList()));
    }
    String service =
        resource.getResource().getAttributesList().stream()
            .filter(attribute -> attribute.getKey().equals("service.name"))
            .map(attribute -> attribute.getValue().getStringValue())
            .findFirst()
            .orElse("unknown_service");
    return List.of(
        hex(span.getTraceId()),
        hex(span.getSpanId()),
        hex(span.getParentSpanId()),
        service,
        span.getName(),
        span.getKind().name().replace("SPAN_KIND_", ""),
        Long.toString(span.getStartTimeUnixNano()),
        Long.toString(span.getEndTimeUnixNano() - span.getStartTimeUnixNano()),
        span.getStatus().getCode().name().replace("STATUS_CODE_", ""),
        sorted(attributes(span.getAttributesList())).toString(),
        sorted(itsResource).toString(),
        sorted(itsScope).toString(),
        sorted(details(span)).toString());
  }

  private static JsonObject details(Span span) {
    JsonObject details = new JsonObject();
    if (!span.getStatus().getMessage().isEmpty()) {
      details.addProperty("status_message", span.getStatus().getMessage());
    }
    if (!span.getTraceState().isEmpty()) {
      details.addProperty("trace_state", span.getTraceState());
    }
    JsonArray events = new JsonArray();
    for (Span.Event event : span.getEventsList()) {
      JsonObject json = new JsonObject();
      json.addProperty("name", event.getName());
      json.addProperty("time_unix_nano", event.getTimeUnixNano());
      if (event.getAttributesCount() > 0) {
        json.add("attributes", attributes(event.getAttributesList()));
      }
      events.add(json);
    }
    JsonArray links = new JsonArray();
    for (Span.Link link : span.getLinksList()) {
      JsonObject json = new JsonObject();
      json.addProperty("trace_id", hex(link.getTraceId()));
      json.addProperty("span_id", hex(link.getSpanId()));
      if (link.getAttributesCount() > 0) {
        json.add("attributes", attributes(link.getAttributesList()));
      }
      links.add(json);
    }
    if (!events.isEmpty()) {
      details.add("events", events);
    }
    if (!links.isEmpty()) {
      details.add("links", links);
    }
    return details;
  }

  private static JsonObject attributes(List<KeyValue> attributes) {
    JsonObject json = new JsonObject();
    attributes.forEach(each -> json.add(each.getKey(), value(each.getValue())));
    return json;
  }

  private static JsonElement value(AnyValue value) {
    return switch (value.getValueCase()) {
      case STRING_VALUE -> new JsonPrimitive(value.getStringValue());
      case BOOL_VALUE -> new JsonPrimitive(value.getBoolValue());
      case INT_VALUE -> new JsonPrimitive(value.getIntValue());
      case DOUBLE_VALUE -> new JsonPrimitive(value.getDoubleValue());
      case ARRAY_VALUE -> {
        JsonArray array = new JsonArray();
        value.getArrayValue().getValuesList().forEach(each -> array.add(value(each)));
        yield array;
      }
      case KVLIST_VALUE -> attributes(value.getKvlistValue().getValuesList());
      default -> throw new IllegalArgumentException(value.toString());
    };
  }

  private static String hex(ByteString id) {
    return HexFormat.of().formatHex(id.toByteArray());
  }

  private static JsonElement sorted(JsonElement json) {
    if (json.isJsonPrimitive() && json.toString().matches("-?[0-9.]+[eE].*")) {
      return new JsonPrimitive(json.getAsDouble());
    }
    if (!json.isJsonObject()) {
      return json;
    }
    JsonObject sorted = new JsonObject();
    json.getAsJsonObject().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(entry -> sorted.add(entry.getKey(), sorted(entry.getValue())));
    return sorted;
  }

  /// What SDKs rarely send.
  private static ExportTraceServiceRequest rarePayload() {
    Span.Builder span =
        Span.newBuilder()
            .setTraceId(ByteString.fromHex("0af7651916cd43dd8448eb211c80319c"))
            .setSpanId(ByteString.fromHex("b7ad6b7169203331"))
            .setParentSpanId(ByteString.fromHex("ffffffffffffffff"))
            .setName("Zahlung \u00fcber \ud83d\udcb6 \"quoted\"\n")
            .setKind(Span.SpanKind.SPAN_KIND_CONSUMER)
            .setStartTimeUnixNano(1_790_000_000_123_456_789L)
            .setEndTimeUnixNano(1_790_000_003_123_456_788L)
            .setTraceState("vendor=a,other=b")
            .setStatus(
                Status.newBuilder()
                    .setCode(Status.StatusCode.STATUS_CODE_OK)
                    .setMessage("as it should"))
            .addLinks(
                Span.Link.newBuilder()
                    .setTraceId(ByteString.fromHex("0af7651916cd43dd8448eb211c80319d"))
                    .setSpanId(ByteString.fromHex("b7ad6b7169203332"))
                    .addAttributes(attribute("why", AnyValue.newBuilder().setStringValue("batch"))))
            .addEvents(
                Span.Event.newBuilder()
                    .setName("retried")
                    .setTimeUnixNano(1_790_000_001_000_000_000L)
                    .addAttributes(attribute("times", AnyValue.newBuilder().setIntValue(-3))))
            .addAttributes(attribute("yes", AnyValue.newBuilder().setBoolValue(true)))
            .addAttributes(attribute("ratio", AnyValue.newBuilder().setDoubleValue(1.0)))
            .addAttributes(attribute("tiny", AnyValue.newBuilder().setDoubleValue(1.5e-300)))
            .addAttributes(attribute("least", AnyValue.newBuilder().setIntValue(Long.MIN_VALUE)))
            .addAttributes(attribute("empty", AnyValue.newBuilder().setStringValue("")))
            .addAttributes(attribute("looks like a number", text("17")))
            .addAttributes(attribute("it's", text("a 'quoted' key")))
            .addAttributes(
                attribute(
                    "list",
                    AnyValue.newBuilder()
                        .setArrayValue(
                            ArrayValue.newBuilder()
                                .addValues(text("a"))
                                .addValues(AnyValue.newBuilder().setIntValue(2))
                                .addValues(AnyValue.newBuilder().setDoubleValue(2.5)))))
            .addAttributes(
                attribute(
                    "map",
                    AnyValue.newBuilder()
                        .setKvlistValue(
                            KeyValueList.newBuilder()
                                .addValues(attribute("inner", text("value"))))));
    for (int i = 0; i < 70; i++) {
      span.addAttributes(attribute("many." + i, AnyValue.newBuilder().setIntValue(i)));
    }
    return ExportTraceServiceRequest.newBuilder()
        .addResourceSpans(
            ResourceSpans.newBuilder()
                .setResource(
                    Resource.newBuilder().addAttributes(attribute("host.name", text("here"))))
                .addScopeSpans(
                    ScopeSpans.newBuilder()
                        .setScope(
                            InstrumentationScope.newBuilder()
                                .setName("by hand")
                                .addAttributes(attribute("short", text("yes"))))
                        .addSpans(span)))
        .build();
  }

  private static KeyValue attribute(String key, AnyValue.Builder value) {
    return KeyValue.newBuilder().setKey(key).setValue(value).build();
  }

  private static AnyValue.Builder text(String value) {
    return AnyValue.newBuilder().setStringValue(value);
  }
}
