package io.coral.answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import io.coral.otlp.LogDecoder;
import io.coral.otlp.MetricDecoder;
import io.coral.otlp.SentLogs;
import io.coral.otlp.SentMetrics;
import io.coral.otlp.SpanDecoder;
import io.coral.otlp.SpanPayloads;
import io.coral.rpc.RpcException;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.rpc.mesh.v1.LogRecord;
import io.coral.rpc.mesh.v1.MetricPoint;
import io.coral.rpc.mesh.v1.QueryLogsRequest;
import io.coral.rpc.mesh.v1.QueryLogsResponse;
import io.coral.rpc.mesh.v1.QueryMetricsRequest;
import io.coral.rpc.mesh.v1.QueryMetricsResponse;
import io.coral.rpc.mesh.v1.QueryTelemetryRequest;
import io.coral.rpc.mesh.v1.QueryTelemetryResponse;
import io.coral.rpc.mesh.v1.TelemetrySpan;
import io.coral.storage.AgentStore;
import io.coral.storage.SentQueries;
import io.coral.storage.StoredRange;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.logs.v1.SeverityNumber;
import io.opentelemetry.proto.trace.v1.Span;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SentHandlersTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final long NOON_NANOS = NOON.getEpochSecond() * 1_000_000_000L;
  private static final long LATER = NOON_NANOS + 60_000_000_000L;
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";

  @TempDir Path directory;
  private final Clock clock = Clock.fixed(NOON, ZoneOffset.UTC);
  private AgentStore store;
  private SentHandlers handlers;

  @BeforeEach
  void open() {
    store = AgentStore.open(directory, clock);
    handlers = handlers(new Numbers());
  }

  @AfterEach
  void close() {
    store.close();
  }

  private final class Numbers implements SpanNumbers {
    @Override
    public long epoch() {
      return store.epoch();
    }

    @Override
    public long last(long epoch) {
      return store.ranges().stream()
          .filter(range -> range.stream().equals("spans") && range.epoch() == epoch)
          .mapToLong(StoredRange::maxSeq)
          .findFirst()
          .orElse(0);
    }
  }

  private SentHandlers handlers(@Nullable SpanNumbers numbers) {
    return new SentHandlers(
        new SentQueries(store),
        numbers,
        () -> Completeness.newBuilder().setAgentsTotal(1).setAgentsAnswered(1).build());
  }

  private void spans(ExportTraceServiceRequest request) throws Exception {
    byte[] bytes = request.toByteArray();
    ColumnBatch batch =
        new SpanDecoder(clock).decode(bytes, 0, bytes.length, (_, _) -> true).batch();
    store.append(List.of(batch));
  }

  private void logs(String service, io.opentelemetry.proto.logs.v1.LogRecord.Builder... logs)
      throws Exception {
    byte[] bytes = SentLogs.request(service, logs).toByteArray();
    store.append(List.of(new LogDecoder(clock).decode(bytes, 0, bytes.length).batch()));
  }

  private void metrics(String service, long time) throws Exception {
    byte[] bytes = SentMetrics.request(service, SentMetrics.ofAllTypes(time)).toByteArray();
    store.append(List.of(new MetricDecoder(clock).decode(bytes, 0, bytes.length).batch()));
  }

  private static io.opentelemetry.proto.logs.v1.LogRecord.Builder log(long second, String body) {
    return io.opentelemetry.proto.logs.v1.LogRecord.newBuilder()
        .setTimeUnixNano(NOON_NANOS + second * 1_000_000_000L)
        .setBody(AnyValue.newBuilder().setStringValue(body));
  }

  private QueryLogsResponse ask(QueryLogsRequest.Builder request) {
    return handlers.logs(request.build(), LATER);
  }

  private List<String> bodies(QueryLogsRequest.Builder request) {
    return ask(request).getRecordsList().stream().map(LogRecord::getBody).toList();
  }

  private QueryTelemetryResponse ask(QueryTelemetryRequest.Builder request) {
    return handlers.telemetry(request.build(), LATER);
  }

  @Test
  void spans_byNumber_areReadOnceEach() throws Exception {
    spans(new SpanPayloads(1).payload(700, NOON_NANOS));
    spans(new SpanPayloads(2).payload(300, NOON_NANOS));
    Set<String> ids = new HashSet<>();
    long from = 0;
    int answers = 0;
    for (QueryTelemetryResponse answer = null; answer == null || answer.getSpansCount() > 0; ) {
      answer = ask(QueryTelemetryRequest.newBuilder().setStartSeqId(from).setMaxRecords(300));
      assertThat(answer.getSpansCount()).isLessThanOrEqualTo(300);
      assertThat(answer.getTotalSpans()).isEqualTo(answer.getSpansCount());
      assertThat(answer.getSessionId()).isEqualTo(Long.toString(store.epoch()));
      assertThat(answer.getCompleteness().getAgentsAnswered()).isEqualTo(1);
      for (TelemetrySpan span : answer.getSpansList()) {
        assertThat(span.getSeqId()).isGreaterThan(from);
        from = span.getSeqId();
        assertThat(ids.add(span.getSpanId())).isTrue();
      }
      assertThat(answer.getMaxSeqId()).isEqualTo(from);
      answers++;
    }
    assertThat(ids).hasSize(1000);
    assertThat(answers).isEqualTo(5);
  }

  @Test
  void spans_byNumberOfOneService_areReadToTheEnd() throws Exception {
    spans(new SpanPayloads(1).payload(700, NOON_NANOS));
    QueryTelemetryResponse answer =
        ask(QueryTelemetryRequest.newBuilder().addServiceNames("cart").addServiceNames("ads"));
    assertThat(answer.getSpansList())
        .isNotEmpty()
        .allMatch(span -> Set.of("cart", "ads").contains(span.getServiceName()));
    assertThat(answer.getMaxSeqId()).isEqualTo(700);
  }

  @Test
  void span_hasAllThatWasSent() throws Exception {
    ExportTraceServiceRequest request = new SpanPayloads(3).payload(50, NOON_NANOS);
    spans(request);
    List<TelemetrySpan> read = ask(QueryTelemetryRequest.newBuilder()).getSpansList();
    List<Span> sent = new ArrayList<>();
    request
        .getResourceSpansList()
        .forEach(
            resource ->
                resource.getScopeSpansList().forEach(scope -> sent.addAll(scope.getSpansList())));
    assertThat(read).hasSameSizeAs(sent);
    for (int i = 0; i < sent.size(); i++) {
      TelemetrySpan span = read.get(i);
      Span original = sent.get(i);
      assertThat(span.getSpanId()).isEqualTo(hex(original.getSpanId()));
      assertThat(span.getTraceId()).isEqualTo(hex(original.getTraceId()));
      assertThat(span.getParentSpanId()).isEqualTo(hex(original.getParentSpanId()));
      assertThat(span.getSpanName()).isEqualTo(original.getName());
      assertThat("SPAN_KIND_" + span.getSpanKind()).isEqualTo(original.getKind().name());
      assertThat(span.getStartUnixNanos()).isEqualTo(original.getStartTimeUnixNano());
      assertThat(span.getTimestamp()).isEqualTo(original.getStartTimeUnixNano() / 1_000_000);
      assertThat(span.getDurationNanos())
          .isEqualTo(original.getEndTimeUnixNano() - original.getStartTimeUnixNano());
      assertThat(span.getDurationMs()).isEqualTo(span.getDurationNanos() / 1e6);
      assertThat(span.getIsError()).isEqualTo(original.getStatus().getCodeValue() == 2);
      assertThat(span.getAttributesCount()).isEqualTo(original.getAttributesCount());
      assertThat(span.getResource()).contains("service.name");
    }
    assertThat(read)
        .anyMatch(span -> span.getHttpStatus() == 200 && !span.getHttpRoute().isEmpty());
  }

  private static String hex(ByteString id) {
    return java.util.HexFormat.of().formatHex(id.toByteArray());
  }

  @Test
  void spans_byTime_areOldestFirstAndSayWhenThereAreMore() throws Exception {
    spans(new SpanPayloads(1).payload(400, NOON_NANOS));
    QueryTelemetryRequest.Builder request =
        QueryTelemetryRequest.newBuilder()
            .setStartTime(NOON.getEpochSecond())
            .setEndTime(NOON.getEpochSecond() + 3600);
    QueryTelemetryResponse all = ask(request);
    assertThat(all.getSpansCount()).isEqualTo(400);
    assertThat(all.getSpansList())
        .isSortedAccordingTo(java.util.Comparator.comparingLong(TelemetrySpan::getStartUnixNanos));
    assertThat(all.getCompleteness().getGapsList()).isEmpty();
    QueryTelemetryResponse some = ask(request.setMaxRecords(10));
    assertThat(some.getSpansList()).isEqualTo(all.getSpansList().subList(0, 10));
    assertThat(some.getCompleteness().getGaps(0)).contains("more spans than the 10");
    handlers = handlers(null);
    assertThat(ask(request.setMaxRecords(0)).getSpansCount()).isEqualTo(400);
    assertThat(ask(QueryTelemetryRequest.newBuilder().setEndTime(1)).getSpansCount()).isZero();
  }

  @Test
  void spans_thatAreManyBytes_endTheAnswer() throws Exception {
    for (int i = 0; i < 8; i++) {
      byte[] id = {0, 0, 0, 0, 0, 0, 0, (byte) (i + 1)};
      ExportTraceServiceRequest.Builder request =
          new SpanPayloads(i).payload(1, NOON_NANOS).toBuilder();
      request
          .getResourceSpansBuilder(0)
          .getScopeSpansBuilder(0)
          .getSpansBuilder(0)
          .setSpanId(ByteString.copyFrom(id))
          .addAttributes(SpanPayloads.text("long", "x".repeat(1_000_000)));
      spans(request.build());
    }
    QueryTelemetryResponse first = ask(QueryTelemetryRequest.newBuilder());
    assertThat(first.getSpansCount()).isBetween(3, 4);
    assertThat(first.getSerializedSize()).isLessThan(4 << 20);
    assertThat(first.getMaxSeqId()).isEqualTo(first.getSpansCount());
    assertThat(
            ask(QueryTelemetryRequest.newBuilder().setStartSeqId(first.getMaxSeqId()))
                .getSpans(0)
                .getSeqId())
        .isEqualTo(first.getMaxSeqId() + 1);
  }

  @Test
  void session_afterAnUncleanEnd_isAnotherOneAndTheFormerIsReadByItsName() throws Exception {
    spans(new SpanPayloads(1).payload(5, NOON_NANOS));
    long former = store.epoch();
    Path copy = directory.resolve("killed");
    java.nio.file.Files.createDirectories(copy);
    for (String file : List.of("metrics.duckdb", "metrics.duckdb.wal", "metrics.high-water")) {
      if (java.nio.file.Files.exists(directory.resolve(file))) {
        java.nio.file.Files.copy(directory.resolve(file), copy.resolve(file));
      }
    }
    store.close();
    store = AgentStore.open(copy, clock);
    handlers = handlers(new Numbers());
    spans(new SpanPayloads(2).payload(7, NOON_NANOS));
    QueryTelemetryResponse now = ask(QueryTelemetryRequest.newBuilder());
    assertThat(now.getSessionId()).isNotEqualTo(Long.toString(former));
    assertThat(now.getSpansCount()).isEqualTo(7);
    QueryTelemetryResponse before =
        ask(QueryTelemetryRequest.newBuilder().setSessionId(Long.toString(former)));
    assertThat(before.getSpansCount()).isEqualTo(5);
    assertThat(before.getMaxSeqId()).isEqualTo(5);
  }

  @Test
  void questions_thatCannotBe_areRefused() {
    assertThatThrownBy(() -> ask(QueryTelemetryRequest.newBuilder().setMaxRecords(50_001)))
        .isInstanceOf(RpcException.class)
        .hasMessage("max_records: 50001 (expected: 1..50000)");
    assertThatThrownBy(() -> ask(QueryTelemetryRequest.newBuilder().setMaxRecords(-1)))
        .hasMessageContaining("expected: 1..50000");
    assertThatThrownBy(() -> ask(QueryTelemetryRequest.newBuilder().setStartSeqId(1).setEndTime(9)))
        .hasMessageContaining("one of them");
    assertThatThrownBy(() -> ask(QueryTelemetryRequest.newBuilder().setSessionId("x")))
        .hasMessageContaining("session_id: \"x\"");
    assertThatThrownBy(
            () -> ask(QueryTelemetryRequest.newBuilder().setStartTime(Long.MAX_VALUE / 2)))
        .hasMessageContaining("Unix seconds");
    assertThatThrownBy(() -> ask(QueryTelemetryRequest.newBuilder().setStartTime(9).setEndTime(8)))
        .hasMessageContaining("ends before it begins");
    assertThatThrownBy(() -> ask(QueryLogsRequest.newBuilder().setLevel("loud")))
        .isInstanceOf(RpcException.class)
        .hasMessageContaining("expected: trace, debug, info, warn, error or fatal");
    assertThatThrownBy(() -> ask(QueryLogsRequest.newBuilder().setLimit(1001)))
        .hasMessage("limit: 1001 (expected: 1..1000)");
    assertThatThrownBy(() -> ask(QueryLogsRequest.newBuilder().setTraceId("xyz")))
        .hasMessageContaining("hexadecimal");
    assertThatThrownBy(
            () -> handlers.metrics(QueryMetricsRequest.newBuilder().setLimit(-1).build(), LATER))
        .hasMessage("limit: -1 (expected: 1..10000)");
    handlers = handlers(null);
    assertThatThrownBy(() -> ask(QueryTelemetryRequest.newBuilder().setStartSeqId(1)))
        .hasMessageContaining("a colony has the spans of many agents");
  }

  @Test
  void logs_areFoundByWhatTheyAre() throws Exception {
    logs(
        "shop",
        log(1, "order 1 placed").setSeverityNumber(SeverityNumber.SEVERITY_NUMBER_INFO),
        log(3, "card DECLINED: it's 100%").setSeverityNumber(SeverityNumber.SEVERITY_NUMBER_ERROR2),
        log(2, "retrying").setSeverityText("Warning"),
        log(4, "says nothing of its severity"));
    logs("other", log(5, "card declined here").setSeverityText("CRITICAL"));
    assertThat(bodies(QueryLogsRequest.newBuilder()))
        .containsExactly(
            "card declined here",
            "says nothing of its severity",
            "card DECLINED: it's 100%",
            "retrying",
            "order 1 placed");
    assertThat(bodies(QueryLogsRequest.newBuilder().setLevel("warn")))
        .containsExactly("card declined here", "card DECLINED: it's 100%", "retrying");
    assertThat(bodies(QueryLogsRequest.newBuilder().setLevel("ERROR").setServiceName("shop")))
        .containsExactly("card DECLINED: it's 100%");
    assertThat(bodies(QueryLogsRequest.newBuilder().setSearch("Card declined")))
        .containsExactly("card declined here", "card DECLINED: it's 100%");
    assertThat(bodies(QueryLogsRequest.newBuilder().setSearch("it's 100%"))).hasSize(1);
    assertThat(bodies(QueryLogsRequest.newBuilder().setSearch("%"))).hasSize(1);
    assertThat(
            bodies(
                QueryLogsRequest.newBuilder()
                    .setSinceUnixNanos(NOON_NANOS + 2_000_000_000L)
                    .setUntilUnixNanos(NOON_NANOS + 4_000_000_000L)))
        .containsExactly("card DECLINED: it's 100%", "retrying");
    QueryLogsResponse newest = ask(QueryLogsRequest.newBuilder().setLimit(2));
    assertThat(newest.getRecordsCount()).isEqualTo(2);
    assertThat(newest.getCut()).isTrue();
    assertThat(newest.getKnownServicesList()).isEmpty();
    QueryLogsResponse none = ask(QueryLogsRequest.newBuilder().setServiceName("shp"));
    assertThat(none.getRecordsCount()).isZero();
    assertThat(none.getKnownServicesList()).containsExactly("other", "shop");
  }

  @Test
  void log_hasAllThatWasSent() throws Exception {
    logs("shop", SentLogs.full());
    LogRecord log = ask(QueryLogsRequest.newBuilder().setTraceId(TRACE)).getRecords(0);
    assertThat(log)
        .isEqualTo(
            LogRecord.newBuilder()
                .setTimeUnixNanos(1_790_000_000_000_000_001L)
                .setObservedUnixNanos(1_790_000_000_500_000_000L)
                .setServiceName("shop")
                .setSeverityNumber(17)
                .setSeverityText("ERROR")
                .setBody("card declined \"twice\"")
                .setTraceId(TRACE)
                .setSpanId("b7ad6b7169203331")
                .setEventName("payment.declined")
                .setAttributes(log.getAttributes())
                .setResource("{\"attributes\":{\"service.name\":\"shop\"}}")
                .setScope("{\"name\":\"by hand\",\"version\":\"1\"}")
                .setDetails("{\"dropped_attributes_count\":4}")
                .setFlags(1)
                .build());
    assertThat(com.google.gson.JsonParser.parseString(log.getAttributes()))
        .isEqualTo(
            com.google.gson.JsonParser.parseString(
                "{\"user.id\":\"u-17\",\"attempt\":2,\"final\":true}"));
  }

  @Test
  void logs_ofATrace_areFoundByItsBeginningAndByItsParts() throws Exception {
    String other = "0af765ffffffffffffffffffffffffff";
    logs(
        "shop",
        log(-99_999, "old").setTraceId(ByteString.fromHex(TRACE)),
        log(1, "new").setTraceId(ByteString.fromHex(TRACE)),
        log(2, "of another").setTraceId(ByteString.fromHex(other)),
        log(3, "of none"));
    assertThat(bodies(QueryLogsRequest.newBuilder().setTraceId(TRACE)))
        .containsExactly("new", "old");
    assertThat(bodies(QueryLogsRequest.newBuilder().setTraceId("0AF76519")))
        .containsExactly("new", "old");
    assertThat(bodies(QueryLogsRequest.newBuilder().setTraceId("000000"))).isEmpty();
    assertThatThrownBy(() -> ask(QueryLogsRequest.newBuilder().setTraceId("0af765")))
        .hasMessageContaining("begins several traces");
    // What Coral captured has an id of its own, and what the application says joins it later.
    store.append(
        List.of(
            new ColumnBatch.Builder(StreamSchema.TRACE_ALIASES, 1)
                .add(0x0af765ffffffffffL, -1L)
                .add(0x1111111111111111L, 1L)
                .add(0L)
                .add(0L)
                .add("")
                .add(NOON_NANOS)
                .build()));
    assertThat(bodies(QueryLogsRequest.newBuilder().setTraceId("111111")))
        .containsExactly("of another");
    assertThat(bodies(QueryLogsRequest.newBuilder().setTraceId("0af765ff")))
        .containsExactly("of another");
    SentQueries queries = new SentQueries(store);
    assertThat(queries.logsOf(TRACE)).isEqualTo(2);
    assertThat(queries.logsOf("11111111111111110000000000000001")).isEqualTo(1);
  }

  @Test
  void logs_withoutABody_differFromAnEmptyOne() throws Exception {
    logs("shop", log(1, "").setSeverityText("empty"), log(2, "").clearBody());
    assertThat(ask(QueryLogsRequest.newBuilder()).getRecordsList())
        .hasSize(2)
        .allSatisfy(
            log -> assertThat(log.hasBody()).isEqualTo(log.getSeverityText().equals("empty")));
  }

  @Test
  void logs_withLongBodies_areAsManyAsFit() throws Exception {
    for (int i = 0; i < 6; i++) {
      logs("shop", log(i, "x".repeat(1_500_000)));
    }
    QueryLogsResponse answer = ask(QueryLogsRequest.newBuilder());
    assertThat(answer.getRecordsCount()).isEqualTo(2);
    assertThat(answer.getCut()).isTrue();
    assertThat(answer.getRecords(0).getBody()).hasSize(1 << 20);
    assertThat(answer.getRecords(0).getBodyCharactersLeftOut()).isEqualTo(1_500_000 - (1 << 20));
    logs("shop", log(9, "y".repeat(6_000_000)));
    answer = ask(QueryLogsRequest.newBuilder());
    assertThat(answer.getRecordsCount()).isEqualTo(1);
    assertThat(answer.getRecords(0).getBody()).hasSize(1 << 20);
  }

  @ParameterizedTest
  @CsvSource({"'', '', 6", "shop, '', 6", "shop, orders, 2", "'', gc.pause, 1", "x, '', 0"})
  void metrics_areFoundByServiceAndName(String service, String name, int points) throws Exception {
    metrics("shop", NOON_NANOS);
    QueryMetricsResponse answer =
        handlers.metrics(
            QueryMetricsRequest.newBuilder().setServiceName(service).setName(name).build(), LATER);
    assertThat(answer.getSeriesList().stream().mapToInt(series -> series.getPointsCount()).sum())
        .isEqualTo(points);
    assertThat(answer.getKnownServicesCount()).isEqualTo(points == 0 ? 1 : 0);
  }

  @Test
  void points_areAsTheyWereSentAndOneSeries() throws Exception {
    for (int i = 0; i < 30; i++) {
      metrics("shop", NOON_NANOS + i * 1_000_000_000L);
    }
    QueryMetricsRequest.Builder request = QueryMetricsRequest.newBuilder().setName("orders");
    QueryMetricsResponse answer = handlers.metrics(request.build(), LATER);
    assertThat(answer.getSeriesCount()).isEqualTo(1);
    var series = answer.getSeries(0);
    assertThat(series.getPointsCount()).isEqualTo(60);
    assertThat(series.getType()).isEqualTo("sum");
    assertThat(series.getTemporality()).isEqualTo("cumulative");
    assertThat(series.getMonotonic()).isTrue();
    MetricPoint point = series.getPoints(0);
    assertThat(point.getAsInt()).isEqualTo(SentMetrics.EXACT);
    assertThat(point.getTimeUnixNanos()).isEqualTo(NOON_NANOS);
    assertThat(point.getDetails()).contains("exemplars");
    MetricPoint without = series.getPoints(1);
    assertThat(without.getValueCase()).isEqualTo(MetricPoint.ValueCase.VALUE_NOT_SET);
    assertThat(without.getFlags()).isEqualTo(1);
    QueryMetricsResponse newest = handlers.metrics(request.setLimit(3).build(), LATER);
    assertThat(newest.getCut()).isTrue();
    assertThat(newest.getSeries(0).getPointsList())
        .isEqualTo(series.getPointsList().subList(57, 60));
    var histogram =
        handlers
            .metrics(QueryMetricsRequest.newBuilder().setName("rpc.size").build(), LATER)
            .getSeries(0)
            .getPoints(0);
    assertThat(histogram.getCount()).isEqualTo(9);
    assertThat(histogram.getSum()).isEqualTo(-3);
    assertThat(histogram.hasMin()).isTrue();
  }
}
