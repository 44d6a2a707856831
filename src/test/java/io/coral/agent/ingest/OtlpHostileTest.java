package io.coral.agent.ingest;

import static io.coral.agent.ingest.OtlpRequests.bytes;
import static io.coral.agent.ingest.OtlpRequests.framed;
import static io.coral.agent.ingest.OtlpRequests.good;
import static io.coral.agent.ingest.OtlpRequests.gzip;
import static io.coral.agent.ingest.OtlpRequests.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.coral.bus.Topics;
import io.coral.config.Address;
import io.coral.config.SpanFilterConfig;
import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import io.coral.otlp.MalformedPayloadException;
import io.coral.otlp.ProtobufReader;
import io.coral.otlp.Signal;
import io.coral.rpc.DeadlineTransport;
import io.coral.telemetry.Figures;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What comes to the OTLP ports from those who mean harm or make mistakes, over real sockets.
/// After each input the next valid request is served, over both transports.
final class OtlpHostileTest {
  private static final String PROTOBUF = "content-type: application/x-protobuf\r\n";
  private static final String JSON = "content-type: application/json\r\n";
  private static final String TRACES = "/v1/traces";
  private static final String EXPORT =
      "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  private static final long BUDGET = 24L << 20;

  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final DeadlineTransport transport = new DeadlineTransport(PATIENCE);
  private final Vertx vertx = Vertx.builder().withTransport(transport).build();
  private final Figures figures = new Figures();
  private final ByteBudget budget = new ByteBudget(BUDGET);
  private final Queue<byte[]> stored = new ConcurrentLinkedQueue<>();
  private volatile Function<byte[], Future<Accepted>> storing =
      _ -> Future.succeededFuture(Accepted.ALL);
  private int port;
  private GrpcCaller grpc;

  @BeforeEach
  void listen() throws Exception {
    OtlpReceiverVerticle receiver =
        new OtlpReceiverVerticle(
            List.of(new OtlpReceiverVerticle.Port(Address.parse("127.0.0.1:0"), this::store)),
            budget,
            PATIENCE,
            figures);
    get(vertx.deployVerticle(receiver));
    port = receiver.listening().getFirst();
    grpc = new GrpcCaller(vertx, port);
  }

  @AfterEach
  void nextValidRequestIsServed() throws Exception {
    try {
      storing = _ -> Future.succeededFuture(Accepted.ALL);
      assertServed();
      await().atMost(Duration.ofSeconds(60)).until(() -> budget.usedBytes() == 0);
    } finally {
      get(vertx.close());
    }
  }

  private void assertServed() throws Exception {
    stored.clear();
    assertThat(http(PROTOBUF, good()).status()).isEqualTo(200);
    assertThat(call(framed(0, good())).status()).isEqualTo("0");
    assertThat(stored).containsExactly(good(), good());
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  /// A stand-in for the decoder: takes what has the outline of protobuf.
  private Future<Accepted> store(Signal signal, byte[] protobuf, int from, int to) {
    try {
      ProtobufReader reader = new ProtobufReader(protobuf, from, to);
      while (reader.next()) {
        reader.skip();
      }
    } catch (MalformedPayloadException e) {
      return Future.failedFuture(e);
    }
    byte[] payload = Arrays.copyOfRange(protobuf, from, to);
    stored.add(payload);
    return storing.apply(payload);
  }

  private RawHttp.Answer http(String headers, byte[] body) throws Exception {
    return RawHttp.post(port, TRACES, headers, body);
  }

  private RawHttp.Answer json(String json) throws Exception {
    return http(JSON, json.getBytes(StandardCharsets.UTF_8));
  }

  private GrpcCaller.Answer call(byte[] frames) throws Exception {
    return grpc.call(EXPORT, Map.of(), frames);
  }

  private GrpcCaller.Answer callGzip(byte[] message) throws Exception {
    return grpc.call(EXPORT, Map.of("grpc-encoding", "gzip"), framed(1, message));
  }

  private void assertMalformed(byte[] payload) throws Exception {
    assertThat(http(PROTOBUF, payload).status()).isEqualTo(400);
    assertThat(call(framed(0, payload)).status()).isEqualTo("3");
    assertThat(stored).isEmpty();
  }

  /// Has spans decoded and their rows kept here, as in an agent.
  private List<ColumnBatch> decoding() {
    List<ColumnBatch> kept = new ArrayList<>();
    SpanIntake intake =
        new SpanIntake(
            (batches, _) -> {
              kept.addAll(batches);
              return Future.succeededFuture(true);
            },
            Topics.of(vertx).spans(),
            new SpanFilterConfig(true, 0, 1),
            false,
            figures,
            Clock.systemUTC());
    storing = payload -> intake.accept(payload, 0, payload.length);
    return kept;
  }

  /// Sends it over both transports; gives how many items were rejected, the same over both.
  private long rejected(byte[] payload) throws Exception {
    RawHttp.Answer http = http(PROTOBUF, payload);
    assertThat(http.status()).isEqualTo(200);
    GrpcCaller.Answer grpc = call(framed(0, payload));
    assertThat(grpc.status()).isEqualTo("0");
    byte[] message = Arrays.copyOfRange(grpc.body(), 5, grpc.body().length);
    assertThat(message).isEqualTo(http.body());
    return ExportTraceServiceResponse.parseFrom(message).getPartialSuccess().getRejectedSpans();
  }

  /// Protobuf, inputs 1 to 8.

  @Test
  void input01_truncatedVarint_isInvalid() throws Exception {
    assertMalformed(bytes("08 ffff"));
  }

  @Test
  void input02_lengthBeyondTheEnd_isInvalid() throws Exception {
    assertMalformed(bytes("0a ffffff7f 00"));
    byte[] good = good();
    assertMalformed(Arrays.copyOf(good, good.length - 1));
  }

  @Test
  void input03_valuesInsideEachOther_rejectTheirSpanAlone() throws Exception {
    List<ColumnBatch> kept = decoding();
    assertThat(rejected(OtlpRequests.nestedValue(10_000))).isEqualTo(1);
    assertThat(rejected(OtlpRequests.nestedValue(30))).isZero();
    assertThat(kept).extracting(ColumnBatch::rows).containsExactly(0, 0, 1, 1);
  }

  @Test
  void input04_manyAttributes_areCutAndCounted() throws Exception {
    List<ColumnBatch> kept = decoding();
    assertThat(rejected(OtlpRequests.manyAttributes(1_000_000))).isZero();
    int details = StreamSchema.SPANS.position("details");
    for (ColumnBatch batch : kept) {
      assertThat(new String(batch.plains(details)[0], StandardCharsets.UTF_8))
          .isEqualTo("{\"dropped_attributes_count\":999872}");
    }
    assertThat(kept).hasSize(2);
  }

  @Test
  void input05_hugeAttribute_isTooLargeAndNotToBeRepeated() throws Exception {
    byte[] huge = OtlpRequests.longAttribute(100 << 20);
    RawHttp.Answer answer = http(PROTOBUF, huge);
    assertThat(answer.status()).isEqualTo(413);
    assertThat(answer.headers()).doesNotContainKey("retry-after");
    GrpcCaller.Answer refused = call(framed(0, Arrays.copyOf(huge, 17 << 20)));
    assertThat(refused.status()).isEqualTo("8");
    assertThat(refused.details()).isNull();
  }

  @Test
  void input06_traceIdsThatAreNone_rejectTheirSpanAlone() throws Exception {
    List<ColumnBatch> kept = decoding();
    byte[] seventeen = new byte[17];
    Arrays.fill(seventeen, (byte) 1);
    for (byte[] id : List.of(new byte[0], Arrays.copyOf(seventeen, 15), seventeen, new byte[16])) {
      assertThat(rejected(join(good(), OtlpRequests.traceId(id)))).isEqualTo(1);
      assertThat(kept.getLast().rows()).isEqualTo(1);
    }
  }

  @Test
  void input07_timesThatCannotBe_areTakenAndNeverNegative() throws Exception {
    List<ColumnBatch> kept = decoding();
    for (long[] times :
        new long[][] {{1000, 500}, {0, 0}, {Long.MIN_VALUE, 800}, {800, -1}, {0, -1}}) {
      assertThat(rejected(OtlpRequests.times(times[0], times[1]))).isZero();
    }
    assertThat(kept).hasSize(10);
    for (ColumnBatch batch : kept) {
      assertThat(batch.longs(StreamSchema.SPANS.position("start_unix_nanos"))[0]).isPositive();
      assertThat(batch.longs(StreamSchema.SPANS.position("duration_nanos"))[0]).isNotNegative();
    }
  }

  @Test
  void input08_unknownFieldsAndGroups_areIgnored() throws Exception {
    byte[] unknown = join(good(), bytes("a33f 08 01 a43f  b80601"));
    assertThat(http(PROTOBUF, unknown).status()).isEqualTo(200);
    assertThat(call(framed(0, unknown)).status()).isEqualTo("0");
  }

  /// JSON, inputs 9 to 14.

  @Test
  void input09_depthBomb_isInvalid() throws Exception {
    assertThat(json("[".repeat(200_000)).status()).isEqualTo(400);
    assertThat(json("{\"x\":" + "[".repeat(200_000)).status()).isEqualTo(400);
    assertThat(json("{\"a\":".repeat(200_000)).status()).isEqualTo(400);
  }

  @Test
  void input10_duplicateKeys_lastWins() throws Exception {
    assertThat(
            json("{\"resourceSpans\":[{\"schemaUrl\":\"first\"}],"
                    + "\"resourceSpans\":[{\"schemaUrl\":\"a\",\"schemaUrl\":\"last\"}]}")
                .status())
        .isEqualTo(200);
    assertThat(storedTraces().getResourceSpansList())
        .extracting(each -> each.getSchemaUrl())
        .containsExactly("last");
  }

  private ExportTraceServiceRequest storedTraces() throws Exception {
    return ExportTraceServiceRequest.parseFrom(stored.remove());
  }

  private static String attribute(String value) {
    return "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"k\",\"value\":"
        + value
        + "}]}}]}";
  }

  @Test
  void input11_numbersBeyondJson_areInvalid_integersAsTextAreNot() throws Exception {
    assertThat(json(attribute("{\"doubleValue\":NaN}")).status()).isEqualTo(400);
    assertThat(json(attribute("{\"doubleValue\":1e999}")).status()).isEqualTo(400);
    assertThat(json(attribute("{\"intValue\":1e999999999}")).status()).isEqualTo(400);
    for (String value : List.of("\"9007199254740993\"", "9007199254740993")) {
      assertThat(json(attribute("{\"intValue\":" + value + "}")).status()).isEqualTo(200);
      assertThat(
              storedTraces()
                  .getResourceSpans(0)
                  .getResource()
                  .getAttributes(0)
                  .getValue()
                  .getIntValue())
          .isEqualTo(9007199254740993L);
    }
    assertThat(json(attribute("{\"doubleValue\":\"NaN\"}")).status()).isEqualTo(200);
  }

  @Test
  void input12_idsInBase64_makeTheirItemInvalidAndNotTheRequest() throws Exception {
    assertThat(
            json("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":["
                    + "{\"traceId\":\"W47/95gDgQPSabYzgT/GDA==\"},"
                    + "{\"traceId\":\"5b8efff798038103d269b633813fc60c\"}]}]}]}")
                .status())
        .isEqualTo(200);
    assertThat(storedTraces().getResourceSpans(0).getScopeSpans(0).getSpansList())
        .extracting(each -> each.getTraceId().size())
        .containsExactly(1, 16);
  }

  @Test
  void input13_surrogatesNulAndByteOrderMark_areHarmless() throws Exception {
    assertThat(json("\ufeff" + attribute("{\"stringValue\":\"a\\ud800\\u0000b\"}")).status())
        .isEqualTo(200);
    assertThat(
            storedTraces()
                .getResourceSpans(0)
                .getResource()
                .getAttributes(0)
                .getValue()
                .getStringValue())
        .isEqualTo("a\ufffd\0b");
  }

  @Test
  void input14_wrongContentType_isUnsupported() throws Exception {
    for (String type : List.of("text/plain", "application/xml", "multipart/form-data")) {
      assertThat(http("content-type: " + type + "\r\n", good()).status()).isEqualTo(415);
    }
    assertThat(http("", good()).status()).isEqualTo(415);
    assertThat(http("content-type: application/grpc\r\n", good()).status()).isEqualTo(415);
    assertThat(
            grpc.call(EXPORT, Map.of("content-type", "application/grpc+json"), framed(0, good()))
                .httpStatus())
        .isEqualTo(415);
    assertThat(stored).isEmpty();
  }

  /// Encodings, inputs 15 to 19.

  @Test
  void input15_gzipBombs_sixteenAtOnce_areTooLargeAndBounded() throws Exception {
    byte[] bomb = OtlpRequests.bomb();
    List<Callable<String>> attacks = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      attacks.add(() -> "" + http(PROTOBUF + "content-encoding: gzip\r\n", bomb).status());
      attacks.add(() -> callGzip(bomb).status());
    }
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<String> answers = new ArrayList<>();
      for (var each : executor.invokeAll(attacks)) {
        answers.add(each.get());
      }
      assertThat(answers).containsOnly("413", "8");
    }
    assertThat(stored).isEmpty();
  }

  @Test
  void input16_truncatedGzip_isInvalid() throws Exception {
    byte[] whole = gzip(good());
    byte[] cut = Arrays.copyOf(whole, whole.length - 9);
    assertThat(http(PROTOBUF + "content-encoding: gzip\r\n", cut).status()).isEqualTo(400);
    assertThat(callGzip(cut).status()).isEqualTo("3");
    assertThat(stored).isEmpty();
  }

  @Test
  void input17_concatenatedMembers_areAllRead_garbageBehindThemIsInvalid() throws Exception {
    byte[] two = join(gzip(good()), gzip(good()));
    assertThat(http(PROTOBUF + "content-encoding: gzip\r\n", two).status()).isEqualTo(200);
    assertThat(callGzip(two).status()).isEqualTo("0");
    assertThat(stored).containsExactly(join(good(), good()), join(good(), good()));
    byte[] garbage = join(gzip(good()), bytes("0102030405"));
    assertThat(http(PROTOBUF + "content-encoding: gzip\r\n", garbage).status()).isEqualTo(400);
    assertThat(callGzip(garbage).status()).isEqualTo("3");
  }

  @Test
  void input18_codingsSeveralOrUnknown_areUnsupported() throws Exception {
    byte[] twice = gzip(gzip(good()));
    for (String coding :
        List.of(
            "content-encoding: gzip, gzip\r\n",
            "content-encoding: gzip\r\ncontent-encoding: gzip\r\n",
            "content-encoding: br\r\n")) {
      assertThat(http(PROTOBUF + coding, twice).status()).describedAs(coding).isEqualTo(415);
    }
    assertThat(grpc.call(EXPORT, Map.of("grpc-encoding", "snappy"), framed(1, good())).status())
        .isEqualTo("12");
    assertThat(stored).isEmpty();
  }

  @Test
  void input19_lengthThatLies_isInvalidAndCloses() throws Exception {
    byte[] good = good();
    String length = "content-length: " + good.length + "\r\n";
    assertInvalidAndClosed(
        join(RawHttp.head("POST", TRACES, PROTOBUF + length + "content-length: 1\r\n"), good));
    assertInvalidAndClosed(
        join(RawHttp.head("POST", TRACES, PROTOBUF + "content-length: -5\r\n"), good));
    try (RawHttp shorter = new RawHttp(port)) {
      shorter.send(join(RawHttp.head("POST", TRACES, PROTOBUF + length), good, good));
      assertThat(shorter.read().status()).isEqualTo(200);
      assertThat(shorter.read().status()).isEqualTo(400);
      assertThat(shorter.closed()).isTrue();
    }
    try (RawHttp longer = new RawHttp(port)) {
      longer.send(join(RawHttp.head("POST", TRACES, PROTOBUF + "content-length: 9999\r\n"), good));
      assertThat(longer.read().status()).isEqualTo(408);
      assertThat(longer.closed()).isTrue();
    }
  }

  /// RFC 9112, section 6.3: a server may refuse it, because somebody between may read it otherwise.
  @Test
  void input19_lengthBesideChunks_isInvalidAndCloses() throws Exception {
    String length = "content-length: 3\r\n";
    String chunked = "transfer-encoding: chunked\r\n";
    byte[] none = "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    for (String both : List.of(length + chunked, chunked + length)) {
      assertInvalidAndClosed(join(RawHttp.head("POST", TRACES, PROTOBUF + both), none));
    }
    assertThat(stored).isEmpty();
    assertThat(RawHttp.exchange(port, join(RawHttp.head("POST", TRACES, PROTOBUF + chunked), none)))
        .extracting(RawHttp.Answer::status)
        .isEqualTo(200);
  }

  private void assertInvalidAndClosed(byte[] request) throws Exception {
    try (RawHttp http = new RawHttp(port)) {
      http.send(request);
      assertThat(http.read().status()).isEqualTo(400);
      assertThat(http.closed()).isTrue();
    }
  }

  /// gRPC, inputs 20 to 25.

  @Test
  void input20_messageAboveTheLimit_isExhaustedByItsPrefixAlone() throws Exception {
    GrpcCaller.Answer refused = call(bytes("00 01000001 0000"));
    assertThat(refused.status()).isEqualTo("8");
    assertThat(refused.details()).isNull();
    assertThat(call(bytes("00 ffffffff 00")).status()).isEqualTo("8");
  }

  /// Its client gets the answer, and a second later is told to send no more.
  @Test
  void input20_messageAboveTheLimit_thatNeverEnds_endsItsStream() throws Exception {
    try (RawHttp2 connection = new RawHttp2(port)) {
      connection.send(join(head(1), RawHttp2.frame(RawHttp2.DATA, 0, 1, bytes("00 ffffffff 00"))));
      assertThat(connection.await(RawHttp2.HEADERS).flags() & RawHttp2.END_STREAM).isPositive();
      assertThat(connection.await(RawHttp2.RST_STREAM).errorCode()).isZero();
    }
  }

  @Test
  void input21_compressedFlagWithoutEncoding_isAnError() throws Exception {
    assertThat(call(framed(1, gzip(good()))).status()).isEqualTo("13");
    assertThat(grpc.call(EXPORT, Map.of("grpc-encoding", "identity"), framed(1, good())).status())
        .isEqualTo("13");
    assertThat(call(framed(2, good())).status()).isEqualTo("13");
    assertThat(call(join(framed(0, good()), framed(0, good()))).status()).isEqualTo("13");
    assertThat(call(bytes("00 0000")).status()).isEqualTo("13");
    assertThat(call(bytes("00 00000005 0a")).status()).isEqualTo("13");
    assertThat(call(new byte[0]).status()).isEqualTo("13");
    assertThat(stored).isEmpty();
  }

  private static byte[] grpcHead(Map<String, String> more) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put(":method", "POST");
    headers.put(":scheme", "http");
    headers.put(":path", EXPORT);
    headers.put(":authority", "localhost");
    headers.put("content-type", "application/grpc");
    headers.putAll(more);
    return RawHttp2.headers(headers);
  }

  @Test
  void idleConnection_whoseBodyCameAfterItsHead_staysOpen() throws Exception {
    byte[] head =
        RawHttp.head("POST", TRACES, PROTOBUF + "content-length: " + good().length + "\r\n");
    try (RawHttp http = new RawHttp(port)) {
      for (int i = 0; i < 2; i++) {
        http.send(head);
        TimeUnit.MILLISECONDS.sleep(200);
        http.send(good());
        assertThat(http.read().status()).isEqualTo(200);
        TimeUnit.MILLISECONDS.sleep(2_500); // more than twice the patience of this test
      }
    }
    assertThat(transport.closedConnections()).isZero();
  }

  private static byte[] head(int stream) {
    return RawHttp2.frame(RawHttp2.HEADERS, RawHttp2.END_HEADERS, stream, grpcHead(Map.of()));
  }

  private static void assertEnded(RawHttp2 connection) {
    try {
      assertThat(connection.await(RawHttp2.GOAWAY).errorCode()).isNotZero();
    } catch (IOException e) {
      assertThat(e).isNotInstanceOf(SocketTimeoutException.class);
    }
  }

  /// The connection ends; if its last word arrives, that is ENHANCE_YOUR_CALM.
  private static void assertCalmed(RawHttp2 connection) {
    try {
      RawHttp2.Frame frame = connection.await(RawHttp2.GOAWAY);
      while (frame.errorCode() == 0) {
        frame = connection.await(RawHttp2.GOAWAY);
      }
      assertThat(frame.errorCode()).isEqualTo(RawHttp2.ENHANCE_YOUR_CALM);
    } catch (SocketTimeoutException e) {
      throw new AssertionError("the connection is still open", e);
    } catch (IOException e) {
      assertThat(e).isNotInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void input22_rapidReset_endsTheConnection() throws Exception {
    try (RawHttp2 connection = new RawHttp2(port)) {
      byte[] cancel = bytes("00000008");
      connection.flood(
          30_000,
          i -> join(head(2 * i + 1), RawHttp2.frame(RawHttp2.RST_STREAM, 0, 2 * i + 1, cancel)));
      assertCalmed(connection);
    }
  }

  @Test
  void input22_continuationFlood_endsTheConnection() throws Exception {
    try (RawHttp2 connection = new RawHttp2(port)) {
      connection.send(RawHttp2.frame(RawHttp2.HEADERS, 0, 1, grpcHead(Map.of())));
      byte[] more = RawHttp2.frame(RawHttp2.CONTINUATION, 0, 1, grpcHead(Map.of()));
      connection.flood(100_000, _ -> more);
      assertEnded(connection);
    }
  }

  @Test
  void input22_emptyContinuations_endTheConnection() throws Exception {
    try (RawHttp2 connection = new RawHttp2(port)) {
      connection.send(RawHttp2.frame(RawHttp2.HEADERS, 0, 1, grpcHead(Map.of())));
      byte[] empty = RawHttp2.frame(RawHttp2.CONTINUATION, 0, 1, new byte[0]);
      connection.flood(5_000, _ -> empty);
      assertCalmed(connection);
    }
  }

  @Test
  void input22_emptyData_endsTheConnection() throws Exception {
    try (RawHttp2 connection = new RawHttp2(port)) {
      connection.send(head(1));
      byte[] empty = RawHttp2.frame(RawHttp2.DATA, 0, 1, new byte[0]);
      connection.flood(5_000, _ -> empty);
      assertCalmed(connection);
    }
  }

  @Test
  void input22_floodsOfPingsAndSettings_endTheConnection() throws Exception {
    for (byte[] frame :
        List.of(
            RawHttp2.frame(RawHttp2.PING, 0, 0, new byte[8]),
            RawHttp2.frame(RawHttp2.SETTINGS, 0, 0, new byte[0]))) {
      try (RawHttp2 connection = new RawHttp2(port)) {
        connection.flood(5_000, _ -> frame);
        assertCalmed(connection);
      }
    }
    assertThat(figures.all())
        .containsEntry("coral_otlp_closed_connections_total{reason=\"flood\"}", 2L);
  }

  @Test
  void input23_headersBeyondTheLimit_areRefused() throws Exception {
    String big = "m".repeat(64 << 10);
    assertThat(http(PROTOBUF + "x: " + big + "\r\n", good()).status()).isEqualTo(431);
    try (RawHttp2 connection = new RawHttp2(port)) {
      byte[] block = grpcHead(Map.of("x-metadata", big));
      byte[] first = Arrays.copyOf(block, 16_000);
      connection.send(RawHttp2.frame(RawHttp2.HEADERS, 0, 1, first));
      for (int at = 16_000; at < block.length; at += 16_000) {
        int end = Math.min(block.length, at + 16_000);
        connection.send(
            RawHttp2.frame(
                RawHttp2.CONTINUATION,
                end == block.length ? RawHttp2.END_HEADERS : 0,
                1,
                Arrays.copyOfRange(block, at, end)));
      }
      assertThat(connection.await(RawHttp2.GOAWAY)).isNotNull();
    }
    assertThat(stored).isEmpty();
  }

  @Test
  void input24_streamNeverHalfClosed_endsAtItsDeadline() throws Exception {
    try (RawHttp2 connection = new RawHttp2(port)) {
      connection.send(head(1));
      RawHttp2.Frame answer = connection.await(RawHttp2.HEADERS);
      assertThat(answer).isNotNull();
      assertThat(connection.await(RawHttp2.RST_STREAM)).isNotNull();
    }
    assertThat(figures.all())
        .containsEntry(
            "coral_otlp_requests_total{signal=\"traces\",transport=\"grpc\",outcome=\"timeout\"}",
            1L);
  }

  @Test
  void input25_streamsBeyondTheLimit_areRefused() throws Exception {
    try (RawHttp2 connection = new RawHttp2(port)) {
      connection.flood(10_000, i -> head(2 * i + 1));
      RawHttp2.Frame refused = connection.await(RawHttp2.RST_STREAM);
      assertThat(refused.errorCode()).isEqualTo(RawHttp2.REFUSED_STREAM);
      assertThat(refused.stream()).isEqualTo(2 * 128 + 1);
      assertCalmed(connection);
    }
    assertThat(figures.all())
        .containsEntry("coral_otlp_closed_connections_total{reason=\"flood\"}", 1L);
  }

  /// Slow loris, in the head: of the first request, of a later one, in the preface of HTTP/2.
  @Test
  void headThatDrips_endsAtItsDeadline() throws Exception {
    byte[] request =
        join(
            RawHttp.head("POST", TRACES, PROTOBUF + "content-length: " + good().length + "\r\n"),
            good());
    for (String first : List.of("POST /v1/traces HTTP/1.1\r\nx: ", "PRI * HTT", "P")) {
      try (RawHttp http = new RawHttp(port)) {
        http.drip(first);
        assertThat(http.closed()).describedAs(first).isTrue();
      }
    }
    try (RawHttp http = new RawHttp(port)) {
      http.send(request);
      assertThat(http.read().status()).isEqualTo(200);
      http.drip("POST /v1/tr");
      assertThat(http.closed()).isTrue();
    }
    assertThat(transport.closedConnections()).isEqualTo(4);
    try (RawHttp2 connection = new RawHttp2(port)) {
      TimeUnit.MILLISECONDS.sleep(2 * PATIENCE.toMillis());
      connection.send(RawHttp2.frame(RawHttp2.PING, 0, 0, new byte[8]));
      assertThat(connection.await(RawHttp2.PING)).isNotNull();
    }
  }

  /// Slow loris, in the body.
  @Test
  void requestThatDrips_endsAtItsDeadline() throws Exception {
    try (RawHttp http = new RawHttp(port)) {
      http.send(RawHttp.head("POST", TRACES, PROTOBUF + "content-length: 900\r\n"));
      assertThat(http.read().status()).isEqualTo(408);
      assertThat(http.closed()).isTrue();
    }
  }

  @Test
  void idleConnection_thatHasServed_staysOpen() throws Exception {
    byte[] request =
        join(
            RawHttp.head("POST", TRACES, PROTOBUF + "content-length: " + good().length + "\r\n"),
            good());
    try (RawHttp http = new RawHttp(port)) {
      http.send(request);
      assertThat(http.read().status()).isEqualTo(200);
      TimeUnit.MILLISECONDS.sleep(2_500); // more than twice the patience of this test
      http.send(request);
      assertThat(http.read().status()).isEqualTo(200);
    }
  }

  @Test
  void overload_isAnsweredRetryable_andMemoryStaysWithinTheBudget() throws Exception {
    List<Promise<Accepted>> waiting = Collections.synchronizedList(new ArrayList<>());
    storing =
        _ -> {
          Promise<Accepted> promise = Promise.promise();
          waiting.add(promise);
          return promise.future();
        };
    byte[] large = OtlpRequests.longAttribute(6 << 20);
    List<Callable<RawHttp.Answer>> exports =
        new ArrayList<>(Collections.nCopies(8, () -> http(PROTOBUF, large)));
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      var answers = exports.stream().map(executor::submit).toList();
      await().atMost(Duration.ofSeconds(60)).until(() -> waiting.size() >= 2);
      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () -> answers.stream().filter(each -> each.isDone()).count() + waiting.size() == 8);
      assertThat(budget.usedBytes()).isBetween(12L << 20, BUDGET);
      GrpcCaller.Answer refused = call(framed(0, OtlpRequests.longAttribute(15 << 20)));
      assertThat(refused.status()).isEqualTo("8");
      assertThat(refused.details()).isNotNull();
      storing = _ -> Future.succeededFuture(Accepted.ALL);
      List.copyOf(waiting).forEach(each -> each.complete(Accepted.ALL));
      for (var each : answers) {
        RawHttp.Answer answer = each.get(60, TimeUnit.SECONDS);
        assertThat(answer.status()).isIn(200, 429);
        if (answer.status() == 429) {
          assertThat(answer.headers()).containsEntry("retry-after", "1");
        }
      }
    }
  }

  @Test
  void failuresOfTheSink_areAnsweredAsTheyAreMeant() throws Exception {
    record Case(Throwable failure, int http, String grpc, boolean retried) {}
    for (Case each :
        List.of(
            new Case(new MalformedPayloadException("m"), 400, "3", false),
            new Case(new OverloadedException(Duration.ofSeconds(2)), 429, "8", true),
            new Case(new UnsupportedOperationException("u"), 501, "12", false),
            new Case(new IllegalStateException("/secret/path"), 503, "14", true))) {
      storing = _ -> Future.failedFuture(each.failure());
      RawHttp.Answer http = http(PROTOBUF, good());
      assertThat(http.status()).isEqualTo(each.http());
      assertThat(http.headers().containsKey("retry-after")).isEqualTo(each.retried());
      assertThat(http.text()).doesNotContain("secret");
      GrpcCaller.Answer grpc = call(framed(0, good()));
      assertThat(grpc.status()).isEqualTo(each.grpc());
      assertThat(grpc.details() != null).isEqualTo(each.retried());
    }
  }

  @Test
  void partialSuccess_isSaidInTheFormOfTheRequest() throws Exception {
    storing = _ -> Future.succeededFuture(new Accepted(3, "ids"));
    assertThat(
            ExportTraceServiceResponse.parseFrom(http(PROTOBUF, good()).body())
                .getPartialSuccess()
                .getRejectedSpans())
        .isEqualTo(3);
    assertThat(json("{}").text())
        .isEqualTo("{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"ids\"}}");
    byte[] answer = call(framed(0, good())).body();
    assertThat(
            ExportTraceServiceResponse.parseFrom(Arrays.copyOfRange(answer, 5, answer.length))
                .getPartialSuccess()
                .getErrorMessage())
        .isEqualTo("ids");
  }

  @Test
  void pathsAndMethods_thatAreNone_areRefused() throws Exception {
    assertThat(RawHttp.exchange(port, RawHttp.head("GET", TRACES, "")).status()).isEqualTo(405);
    assertThat(RawHttp.exchange(port, RawHttp.head("GET", "/", "")).status()).isEqualTo(404);
    assertThat(RawHttp.post(port, "/v1/profiles", PROTOBUF, good()).status()).isEqualTo(404);
    assertThat(grpc.call(EXPORT.replace("Export", "Import"), Map.of(), framed(0, good())).status())
        .isEqualTo("12");
  }
}
