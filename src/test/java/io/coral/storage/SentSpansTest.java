package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonPrimitive;
import com.google.protobuf.ByteString;
import io.coral.model.ColumnBatch;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.otlp.SpanDecoder;
import io.coral.otlp.SpanPayloads;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Traces of spans that applications sent, alone and beside captured ones.
final class SentSpansTest {
  private static final long NOON = AgentStoreTest.NOON.getEpochSecond() * 1_000_000_000L;
  private static final long MILLI = 1_000_000;
  private static final long MINUTE = 60_000 * MILLI;
  private static final long LOW_HALF = 0x42L;

  @TempDir Path directory;
  private final SteppingClock clock = new SteppingClock(AgentStoreTest.NOON);

  private AgentStore open() {
    return AgentStore.open(directory, clock);
  }

  static ColumnBatch batch(ExportTraceServiceRequest request) throws Exception {
    byte[] bytes = request.toByteArray();
    return new SpanDecoder(new SteppingClock(AgentStoreTest.NOON))
        .decode(bytes, 0, bytes.length, (_, _) -> true)
        .batch();
  }

  private static ByteString bytes(long... values) {
    ByteBuffer buffer = ByteBuffer.allocate(8 * values.length);
    for (long value : values) {
      buffer.putLong(value);
    }
    return ByteString.copyFrom(buffer.array());
  }

  private static Span.Builder span(
      long trace, long id, long parent, Span.SpanKind kind, String name, long start, long millis) {
    Span.Builder span =
        Span.newBuilder()
            .setTraceId(bytes(trace, LOW_HALF))
            .setSpanId(bytes(id))
            .setKind(kind)
            .setName(name)
            .setStartTimeUnixNano(NOON + start * MILLI)
            .setEndTimeUnixNano(NOON + (start + millis) * MILLI);
    return parent == 0 ? span : span.setParentSpanId(bytes(parent));
  }

  private static ExportTraceServiceRequest sent(String service, Span.Builder... spans) {
    ScopeSpans.Builder scope = ScopeSpans.newBuilder();
    for (Span.Builder span : spans) {
      scope.addSpans(span);
    }
    return ExportTraceServiceRequest.newBuilder()
        .addResourceSpans(
            ResourceSpans.newBuilder()
                .setResource(Resource.newBuilder().addAttributes(text("service.name", service)))
                .addScopeSpans(scope))
        .build();
  }

  private static KeyValue text(String key, String value) {
    return KeyValue.newBuilder()
        .setKey(key)
        .setValue(AnyValue.newBuilder().setStringValue(value))
        .build();
  }

  private static KeyValue attribute(String key, AnyValue.Builder value) {
    return KeyValue.newBuilder().setKey(key).setValue(value).build();
  }

  private static ColumnBatch captured(
      long trace, long id, long parent, String service, Role role, long start, long millis) {
    return new ColumnBatch.Builder(StreamSchema.TRACES, 1)
        .add(trace, LOW_HALF)
        .add(id)
        .add(parent)
        .add(service)
        .add("GET /x")
        .add((long) role.code())
        .add(NOON + start * MILLI)
        .add(millis * MILLI)
        .add(500L)
        .add(200L)
        .add("GET")
        .add("/x")
        .add("10.0.0.9:80")
        .add("host")
        .add(1L)
        .add(2L)
        .add(77L)
        .add("")
        .add(id)
        .add(0L)
        .add("{}")
        .build();
  }

  private static String id(long high) {
    return "%016x%016x".formatted(high, LOW_HALF);
  }

  private static List<String> shape(Trace trace) {
    return trace.spans().stream()
        .map(
            span ->
                span.spanId().substring(14)
                    + (span.parentSpanId().isEmpty()
                        ? ""
                        : " < " + span.parentSpanId().substring(14))
                    + (span.sent() == null ? " captured" : " sent"))
        .toList();
  }

  @Test
  void span_isReadAsItWasSent() throws Exception {
    Span.Builder span =
        span(1, 0xaa, 0xbb, Span.SpanKind.SPAN_KIND_CLIENT, "POST", 5, 20)
            .addAttributes(text("http.request.method", "POST"))
            .addAttributes(
                attribute("http.response.status_code", AnyValue.newBuilder().setIntValue(404)))
            .addAttributes(text("server.address", "pay.example"))
            .addAttributes(attribute("server.port", AnyValue.newBuilder().setIntValue(8443)))
            .addAttributes(attribute("retry", AnyValue.newBuilder().setBoolValue(true)))
            .addAttributes(attribute("share", AnyValue.newBuilder().setDoubleValue(1)))
            .setStatus(
                Status.newBuilder()
                    .setCode(Status.StatusCode.STATUS_CODE_ERROR)
                    .setMessage("declined"));
    for (int i = 0; i < 70; i++) {
      span.addAttributes(attribute("many." + i, AnyValue.newBuilder().setIntValue(i)));
    }
    try (AgentStore store = open()) {
      store.append(List.of(batch(sent("shop", span))));
      SpanRow read = new TraceQueries(store).trace(id(1)).spans().getFirst();
      assertThat(read.spanId()).isEqualTo("00000000000000aa");
      assertThat(read.parentSpanId()).isEqualTo("00000000000000bb");
      assertThat(read.service()).isEqualTo("shop");
      assertThat(read.role()).isEqualTo(Role.CLIENT);
      assertThat(read.startUnixNanos()).isEqualTo(NOON + 5 * MILLI);
      assertThat(read.durationNanos()).isEqualTo(20 * MILLI);
      assertThat(read.status()).isEqualTo(404);
      assertThat(read.error()).isTrue();
      assertThat(read.attributes())
          .containsEntry("http.request.method", "POST")
          .containsEntry("http.response.status_code", "404")
          .containsEntry(SpanRow.PEER, "pay.example:8443")
          .containsEntry(SpanRow.OUTCOME, "ERROR")
          .containsEntry(SpanRow.PARENT_MISSING, "true")
          .containsEntry("share", "1.0");
      SentDetails details = Objects.requireNonNull(read.sent());
      assertThat(details.attributes())
          .hasSize(76)
          .containsEntry("retry", new JsonPrimitive(true))
          .containsEntry("http.response.status_code", new JsonPrimitive(404L))
          .containsEntry("many.69", new JsonPrimitive(69L));
      assertThat(details.attributes().get("share")).hasToString("1.0");
      assertThat(details.details()).contains("declined");
      assertThat(details.resource()).contains("service.name");
    }
  }

  @Test
  void spans_ofManyPayloads_areAllFoundByTheirTrace() throws Exception {
    ExportTraceServiceRequest first = new SpanPayloads(3).payload(2_000, NOON);
    Map<String, Long> sent = spansByTrace(first);
    try (AgentStore store = open()) {
      store.append(List.of(batch(first)));
      clock.advance(Duration.ofMinutes(10));
      // Sent again, into another partition.
      store.append(List.of(batch(first)));
      TraceQueries traces = new TraceQueries(store);
      List<Trace> read = traces.traces(List.copyOf(sent.keySet()));
      assertThat(read).hasSameSizeAs(sent.keySet());
      for (Trace trace : read) {
        assertThat(trace.spans()).hasSize((int) (long) sent.getOrDefault(trace.traceId(), 0L));
      }
      String any = sent.keySet().iterator().next();
      TraceQueries.Found found = traces.find(any.substring(0, 12));
      assertThat(found.traceIds()).containsExactly(any);
      assertThat(found.trace()).isEqualTo(traces.trace(any));
    }
  }

  @Test
  void spans_areFound_afterAFailedCommitAndARestart() throws Exception {
    SpanPayloads source = new SpanPayloads(5);
    List<ExportTraceServiceRequest> all = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      all.add(source.payload(5_000, NOON + i));
    }
    ColumnBatch broken = withoutItsString();
    try (AgentStore store = open()) {
      store.append(List.of(batch(all.get(0))));
      assertThatThrownBy(() -> store.append(List.of(batch(all.get(1)), broken)))
          .isInstanceOf(StorageException.class);
      store.append(List.of(batch(all.get(2))));
      assertFound(store, all.get(0), all.get(2));
      assertThat(new TraceQueries(store).find(anyOf(all.get(1))).traceIds()).isEmpty();
    }
    try (AgentStore store = open()) {
      store.append(List.of(batch(all.get(3))));
      assertFound(store, all.get(0), all.get(2), all.get(3));
    }
  }

  /// Cannot be stored.
  private static ColumnBatch withoutItsString() {
    return new ColumnBatch.Builder(StreamSchema.TRACE_ALIASES, 1)
        .add(1, 2)
        .add(3, 4)
        .add(5)
        .add(6)
        .addText(1_000_000)
        .add(NOON)
        .build();
  }

  private static void assertFound(AgentStore store, ExportTraceServiceRequest... requests) {
    TraceQueries traces = new TraceQueries(store);
    for (ExportTraceServiceRequest request : requests) {
      Map<String, Long> sent = spansByTrace(request);
      List<Trace> read = traces.traces(List.copyOf(sent.keySet()));
      for (Trace trace : read) {
        assertThat(trace.spans()).hasSize((int) (long) sent.getOrDefault(trace.traceId(), 0L));
      }
      assertThat(traces.find(anyOf(request)).traceIds()).containsExactly(anyOf(request));
    }
  }

  private static String anyOf(ExportTraceServiceRequest request) {
    return spansByTrace(request).keySet().iterator().next();
  }

  private static Map<String, Long> spansByTrace(ExportTraceServiceRequest request) {
    return request.getResourceSpansList().stream()
        .flatMap(resource -> resource.getScopeSpansList().stream())
        .flatMap(scope -> scope.getSpansList().stream())
        .collect(
            Collectors.groupingBy(
                span -> HexFormat.of().formatHex(span.getTraceId().toByteArray()),
                Collectors.counting()));
  }

  @Test
  void list_hasTracesOfBothKinds() throws Exception {
    try (AgentStore store = open()) {
      store.append(
          List.of(
              captured(1, 11, 0, "web", Role.SERVER, 0, 100),
              batch(
                  sent(
                      "shop",
                      span(2, 21, 0, Span.SpanKind.SPAN_KIND_SERVER, "GET /x", 10, 300)
                          .addAttributes(text("http.request.method", "GET"))
                          .addAttributes(text("http.route", "/x")),
                      span(3, 31, 0, Span.SpanKind.SPAN_KIND_INTERNAL, "tick", 20, 1)))));
      TraceQueries traces = new TraceQueries(store);
      assertThat(
              RankedTrace.ids(traces.list(TraceFilter.newest(List.of(), NOON, NOON + MINUTE, 10))))
          .containsExactly(id(3), id(2), id(1));
      assertThat(
              RankedTrace.ids(
                  traces.list(TraceFilter.newest(List.of("shop"), NOON, NOON + MINUTE, 10))))
          .containsExactly(id(3), id(2));
      TraceFilter slow =
          new TraceFilter(
              List.of(),
              "GET",
              "/x",
              50 * MILLI,
              0,
              NOON,
              NOON + MINUTE,
              TraceFilter.Order.SLOWEST_SPAN,
              10);
      assertThat(RankedTrace.ids(traces.list(slow))).containsExactly(id(2), id(1));
      TraceFilter slowest =
          new TraceFilter(
              List.of("web"), "", "", 0, 1, NOON, NOON + MINUTE, TraceFilter.Order.SLOWEST, 10);
      assertThat(RankedTrace.ids(traces.list(slowest))).containsExactly(id(1));
      RouteExemplars none = new RouteExemplars(null, null, null);
      assertThat(
              traces
                  .exemplars("", NOON, NOON + MINUTE, Role.SERVER)
                  .getOrDefault("GET /x", none)
                  .traceIds())
          .containsExactlyInAnyOrder(id(2));
      assertThat(
              traces
                  .exemplars("web", NOON, NOON + MINUTE, Role.SERVER)
                  .getOrDefault("GET /x", none)
                  .traceIds())
          .containsExactly(id(1));
    }
  }

  @Test
  void captured_ofTheSameRequest_isNotShownTwice() throws Exception {
    try (AgentStore store = open()) {
      store.append(
          List.of(
              batch(
                  sent(
                      "shop",
                      span(1, 0x10, 0, Span.SpanKind.SPAN_KIND_SERVER, "GET /cart", 0, 100),
                      span(1, 0x11, 0x10, Span.SpanKind.SPAN_KIND_INTERNAL, "price", 5, 80),
                      span(1, 0x12, 0x11, Span.SpanKind.SPAN_KIND_CLIENT, "GET", 10, 20),
                      span(1, 0x13, 0x11, Span.SpanKind.SPAN_KIND_CLIENT, "GET", 40, 20))),
              // The same request; its caller sent no header.
              captured(1, 0x20, 0, "shop", Role.SERVER, 0, 99),
              // Its calls carry the ids of the clients' spans.
              captured(1, 0x22, 0x12, "shop", Role.CLIENT, 11, 18),
              captured(1, 0x32, 0x22, "pay", Role.SERVER, 12, 16),
              captured(1, 0x23, 0x13, "shop", Role.CLIENT, 41, 18),
              // What the application does not report.
              captured(1, 0x24, 0x20, "shop", Role.CLIENT, 70, 5),
              // Of the same parent, but at another time.
              captured(1, 0x25, 0x11, "shop", Role.CLIENT, 90, 5)));
      Trace trace = new TraceQueries(store).trace(id(1));
      assertThat(shape(trace))
          .containsExactly(
              "10 sent",
              "11 < 10 sent",
              "12 < 11 sent",
              "32 < 12 captured",
              "13 < 11 sent",
              "24 < 10 captured",
              "25 < 11 captured");
      assertThat(trace.spans())
          .noneMatch(span -> span.attribute(SpanRow.PARENT_MISSING).equals("true"));
    }
  }

  @Test
  void endsOfAHop_thatShareAnId_areTwoSpans() throws Exception {
    try (AgentStore store = open()) {
      store.append(
          List.of(
              batch(sent("a", span(1, 0x10, 0, Span.SpanKind.SPAN_KIND_CLIENT, "x", 0, 10))),
              batch(sent("b", span(1, 0x10, 0, Span.SpanKind.SPAN_KIND_SERVER, "x", 1, 8)))));
      assertThat(new TraceQueries(store).trace(id(1)).spans()).hasSize(2);
    }
  }

  /// Also once what is known of slow spans is read again.
  @Test
  void slowSpans_areFoundAmongOthers_newestFirst() throws Exception {
    Span.SpanKind kind = Span.SpanKind.SPAN_KIND_SERVER;
    try (AgentStore store = open()) {
      store.append(
          List.of(
              batch(
                  sent(
                      "shop",
                      span(1, 0x11, 0, kind, "slow once", -3_000_000, 900),
                      span(2, 0x21, 0, kind, "slow once", -2_000_000, 10),
                      span(3, 0x31, 0, kind, "never slow", -1_000_000, 20)))));
      assertThat(slow(store)).containsExactly(1L);
    }
    try (AgentStore store = open()) {
      assertThat(slow(store)).containsExactly(1L);
      store.append(
          List.of(batch(sent("shop", span(4, 0x41, 0, kind, "never slow", -500_000, 800)))));
      assertThat(slow(store)).containsExactly(4L, 1L);
    }
  }

  /// More of them than are kept in memory, of a commit that failed among them, and after a restart.
  @Test
  void search_givesTheSame_whetherMemoryHasTheSpansOrNot() throws Exception {
    Random random = new Random(11);
    List<Span.Builder> spans = new ArrayList<>();
    for (int i = 1; i <= 40_000; i++) {
      spans.add(
          span(
              i,
              i,
              0,
              Span.SpanKind.SPAN_KIND_SERVER,
              i % 3 == 0 ? "fast" : "slow",
              -random.nextInt(3_000_000) - 1,
              1 + random.nextInt(i % 3 == 0 ? 300 : 1_000)));
    }
    try (AgentStore store = open()) {
      for (int at = 0; at < 30_000; at += 5_000) {
        store.append(List.of(batch(sent("shop", some(spans, at, at + 5_000)))));
      }
      ColumnBatch notKept = batch(sent("shop", some(spans, 30_000, 40_000)));
      assertThatThrownBy(() -> store.append(List.of(notKept, withoutItsString())))
          .isInstanceOf(StorageException.class);
      assertSearches(store, spans.subList(0, 30_000));
      store.append(List.of(batch(sent("shop", some(spans, 30_000, 40_000)))));
      assertSearches(store, spans);
    }
    try (AgentStore store = open()) {
      store.append(List.of(batch(sent("shop", some(spans, 0, 1)))));
      assertSearches(store, spans);
    }
  }

  private static Span.Builder[] some(List<Span.Builder> spans, int from, int to) {
    return spans.subList(from, to).toArray(Span.Builder[]::new);
  }

  private static void assertSearches(AgentStore store, List<Span.Builder> spans) {
    for (long least : new long[] {0, 300, 301, 700, 990, 1_000, 1_001}) {
      for (String operation : List.of("", "fast", "slow")) {
        SpanSearch search =
            new SpanSearch(
                "shop",
                operation,
                null,
                Map.of(),
                least * MILLI,
                995 * MILLI,
                NOON - 30 * MINUTE,
                NOON,
                50);
        List<String> expected =
            spans.stream()
                .filter(span -> operation.isEmpty() || span.getName().equals(operation))
                .filter(span -> span.getStartTimeUnixNano() >= NOON - 30 * MINUTE)
                .filter(span -> nanos(span) >= least * MILLI && nanos(span) <= 995 * MILLI)
                .sorted(Comparator.comparingLong(Span.Builder::getStartTimeUnixNano).reversed())
                .limit(50)
                .map(span -> HexFormat.of().formatHex(span.getTraceId().toByteArray()))
                .toList();
        assertThat(RankedTrace.ids(new SpanQueries(store).find(search)))
            .as("%s of %d ms", operation, least)
            .containsExactlyInAnyOrderElementsOf(expected);
      }
    }
  }

  private static long nanos(Span.Builder span) {
    return span.getEndTimeUnixNano() - span.getStartTimeUnixNano();
  }

  private static List<Long> slow(AgentStore store) {
    SpanSearch search =
        new SpanSearch(
            "shop", "", null, Map.of(), 500 * MILLI, Long.MAX_VALUE, NOON - 60 * MINUTE, NOON, 20);
    return new SpanQueries(store)
        .find(search).stream()
            .map(each -> Long.parseLong(each.traceId().substring(0, 16), 16))
            .toList();
  }
}
