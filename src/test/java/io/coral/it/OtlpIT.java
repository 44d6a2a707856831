package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
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
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Spans that are sent are there when the answer comes, as they were sent, and are counted.
final class OtlpIT {
  @TempDir Path directory;

  @Test
  void spans_whenTheAnswerIsThere_areReadBackAsTheyWereSent() throws Exception {
    int otlp = Host.freePort();
    int colonyPort = Host.freePort();
    // Its polls come too late; a question brings on one.
    try (CoralProcess colony = Otlp.colony(directory, colonyPort, "5m");
        CoralProcess agent = Otlp.agent(directory, Host.freePort(), 0, otlp, colonyPort)) {
      ExportTraceServiceRequest usual =
          new SpanPayloads(1).payload(500, System.currentTimeMillis() * 1_000_000);
      ExportTraceServiceRequest rare = rarePayload();
      assertThat(Otlp.sendSpans(otlp, usual)).isEqualTo(200);
      assertThat(Otlp.sendSpans(otlp, rare)).isEqualTo(200);
      // An exporter that did not get the answer sends the same again.
      assertThat(Otlp.sendSpans(otlp, usual)).isEqualTo(200);
      List<ExportTraceServiceRequest> requests = new ArrayList<>(List.of(usual, rare));
      // Until it is known which strings hardly repeat, and those are stored in another form.
      SpanPayloads further = new SpanPayloads(2);
      for (int i = 0; i < 12; i++) {
        ExportTraceServiceRequest next =
            further.payload(500, System.currentTimeMillis() * 1_000_000);
        assertThat(Otlp.sendSpans(otlp, next)).isEqualTo(200);
        requests.add(next);
      }
      List<String> sent = rows(requests);
      try (Snapshot snapshot = Snapshot.of(agent, directory)) {
        assertThat(read(snapshot)).isEqualTo(sent);
      }
      await("the colony has them")
          .atMost(Duration.ofSeconds(100))
          .untilAsserted(
              () -> {
                JsonObject question = new JsonObject();
                question.addProperty("maxRecords", 1);
                colony.api().colony("QueryTelemetry", question);
                try (Snapshot snapshot = Snapshot.of(colony, directory)) {
                  assertThat(read(snapshot)).as(colony.output()).isEqualTo(sent);
                }
              });
      long server =
          sent.stream()
              .filter(span -> span.contains("span_kind=SERVER") && span.contains("http.route"))
              .count();
      await("requests are counted")
          .atMost(Duration.ofSeconds(100))
          .untilAsserted(
              () -> {
                try (Snapshot snapshot = Snapshot.of(agent, directory)) {
                  assertThat(snapshot.number("SELECT sum(count) FROM beyla_http_metrics"))
                      .isEqualTo(server);
                }
              });
    }
  }

  private static List<String> read(Snapshot snapshot) throws SQLException {
    return ReadRows.bySql(snapshot, "otel_spans", "true").stream()
        .map(TelemetryRow::toString)
        .sorted()
        .toList();
  }

  private static List<String> rows(List<ExportTraceServiceRequest> requests) {
    return requests.stream()
        .flatMap(request -> request.getResourceSpansList().stream())
        .flatMap(resource -> SentRows.spans(resource).stream())
        .map(TelemetryRow::toString)
        .sorted()
        .toList();
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
