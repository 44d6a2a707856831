package io.coral.answer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import com.google.protobuf.util.JsonFormat;
import io.coral.calls.CallCounts;
import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.otlp.SpanDecoder;
import io.coral.rpc.RpcServer;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.storage.AgentStore;
import io.coral.storage.StoreQueries;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.EntityRef;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import io.opentelemetry.proto.trace.v1.TracesData;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A shop that calls a payment service, twice: once it takes 30 ms, once 400 ms and fails.
final class JaegerRoutesTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final long NOON_NANOS = NOON.getEpochSecond() * 1_000_000_000L;
  private static final long NOON_MICROS = NOON_NANOS / 1_000;
  private static final long MILLI = 1_000_000;
  private static final String FAST = "00000000000000000000000000000001";
  private static final String SLOW = "00000000000000000000000000000002";

  @TempDir Path directory;
  private final Vertx vertx = Vertx.vertx();
  private volatile Completeness completeness = answered(1, 1);
  private volatile List<String> unheard = List.of();
  private AgentStore store;
  private ExportTraceServiceRequest payload;
  private int port;

  @BeforeEach
  void serve() throws Exception {
    Clock clock = Clock.fixed(NOON.plusSeconds(60), ZoneOffset.UTC);
    store = AgentStore.open(directory, clock);
    payload =
        ExportTraceServiceRequest.newBuilder()
            .addResourceSpans(
                resource(
                    "shop",
                    server(FAST, 0x11, 0, "GET /cart", 0, 40, 200),
                    client(FAST, 0x12, 0x11, 5, 32),
                    server(SLOW, 0x21, 0, "GET /cart", 1000, 420, 200),
                    client(SLOW, 0x22, 0x21, 1005, 410)))
            .addResourceSpans(
                resource(
                    "pay / card",
                    server(FAST, 0x13, 0x12, "POST /pay", 6, 30, 200),
                    server(SLOW, 0x23, 0x22, "POST /pay", 1006, 400, 503)
                        .setStatus(
                            Status.newBuilder()
                                .setCode(Status.StatusCode.STATUS_CODE_ERROR)
                                .setMessage("declined"))
                        .addEvents(
                            Span.Event.newBuilder()
                                .setName("exception")
                                .setTimeUnixNano(NOON_NANOS + 1_100 * MILLI)
                                .addAttributes(text("exception.type", "Declined")))
                        .addLinks(
                            Span.Link.newBuilder()
                                .setTraceId(ByteString.fromHex(FAST))
                                .setSpanId(ByteString.fromHex("0000000000000013")))))
            .build();
    byte[] bytes = payload.toByteArray();
    store.append(
        List.of(new SpanDecoder(clock).decode(bytes, 0, bytes.length, (_, _) -> true).batch()));
    CallCounts calls = new CallCounts("otlp");
    calls.add("shop", "pay / card", NOON_NANOS, 30 * MILLI, false);
    calls.add("shop", "pay / card", NOON_NANOS - 60_000 * MILLI, 300 * MILLI, true);
    CallCounts captured = new CallCounts("captured");
    captured.add("shop", "pay / card", NOON_NANOS, 30 * MILLI, false);
    captured.add("nginx", "shop", NOON_NANOS, 50 * MILLI, false);
    store.append(List.of(calls.flush(), captured.flush(), windows()));
    RpcServer server = new RpcServer(vertx, List.of(), () -> true);
    StoreHistory history = new StoreHistory(StoreQueries.of(store), null, () -> completeness);
    new JaegerRoutes(
            vertx,
            () -> history,
            (of, prefix) ->
                vertx.executeBlocking(() -> new TraceFinder.Found(of.find(prefix), unheard), false),
            clock)
        .mount(server);
    port =
        server
            .listen("127.0.0.1", 0)
            .toCompletionStage()
            .toCompletableFuture()
            .get(60, TimeUnit.SECONDS)
            .actualPort();
  }

  /// Two minutes of requests: 6 of which 3 failed, then 1; another source's and a client's.
  private static ColumnBatch windows() {
    ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.HTTP_METRICS, 8);
    long minute = 60_000 * MILLI;
    window(rows, NOON_NANOS - minute, Role.SERVER, "/cart", 200, 3, 1);
    window(rows, NOON_NANOS - minute + 10_000 * MILLI, Role.SERVER, "/pay", 500, 3, 1);
    window(rows, NOON_NANOS, Role.SERVER, "/cart", 200, 1, 1);
    window(rows, NOON_NANOS, Role.SERVER, "/cart", 200, 7, 0);
    window(rows, NOON_NANOS, Role.CLIENT, "/cart", 200, 9, 1);
    return rows.build();
  }

  private static void window(
      ColumnBatch.Builder rows,
      long start,
      Role role,
      String route,
      int status,
      long requests,
      int counted) {
    LatencyHistogram histogram = new LatencyHistogram();
    for (int i = 0; i < requests; i++) {
      histogram.record(20 * MILLI);
    }
    rows.add(start)
        .add("shop")
        .add(role.code())
        .add("GET")
        .add(route)
        .add(status)
        .add("")
        .add(requests)
        .add(20 * MILLI * requests)
        .add(0)
        .add(0)
        .add(start)
        .add(histogram.offset())
        .add(histogram.sparseCounts())
        .add("otlp")
        .add("{}")
        .add("http")
        .add(status >= 500 ? requests : 0)
        .add("otlp")
        .add(counted);
  }

  private JsonArray metrics(String path) throws Exception {
    return get(200, path).getAsJsonArray("metrics");
  }

  private static List<Double> values(JsonArray metrics, int index) {
    List<Double> values = new ArrayList<>();
    for (JsonElement point : metrics.get(index).getAsJsonObject().getAsJsonArray("metricPoints")) {
      values.add(
          point.getAsJsonObject().getAsJsonObject("gaugeValue").get("doubleValue").getAsDouble());
    }
    return values;
  }

  @Test
  void metrics_tellRateErrorsAndDurations() throws Exception {
    String range =
        "?service=shop&step=60000&lookback=3600000&endTs=" + (NOON_NANOS / MILLI + 60_000);
    JsonArray calls = metrics("/api/metrics/calls" + range);
    assertThat(calls).hasSize(1);
    assertThat(values(calls, 0)).containsExactly(6 / 60.0, 1 / 60.0);
    assertThat(
            calls
                .get(0)
                .getAsJsonObject()
                .getAsJsonArray("metricPoints")
                .get(1)
                .getAsJsonObject()
                .get("timestamp")
                .getAsString())
        .isEqualTo(Instant.ofEpochSecond(0, NOON_NANOS).toString());
    assertThat(values(metrics("/api/metrics/errors" + range), 0)).containsExactly(0.5, 0.0);
    assertThat(values(metrics("/api/metrics/latencies" + range + "&quantile=0.5"), 0))
        .allSatisfy(millis -> assertThat(millis).isBetween(17.0, 23.0));
    JsonArray operations = metrics("/api/metrics/calls" + range + "&groupByOperation=true");
    assertThat(operations).hasSize(2);
    assertThat(operations.get(1).toString()).contains("GET /pay");
    assertThat(values(metrics("/api/metrics/calls" + range + "&spanKind=SPAN_KIND_CLIENT"), 0))
        .containsExactly(9 / 60.0);
    assertThat(metrics("/api/metrics/calls" + range.replace("shop", "none"))).isEmpty();
    assertThat(get(200, "/api/metrics/minstep").get("data").getAsLong()).isEqualTo(10_000);
  }

  @AfterEach
  void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    store.close();
  }

  private static ResourceSpans.Builder resource(String service, Span.Builder... spans) {
    ScopeSpans.Builder scope =
        ScopeSpans.newBuilder()
            .setScope(InstrumentationScope.newBuilder().setName("by hand").setVersion("1"));
    for (Span.Builder span : spans) {
      scope.addSpans(span);
    }
    return ResourceSpans.newBuilder()
        .setResource(
            Resource.newBuilder()
                .addAttributes(text("service.name", service))
                .addAttributes(text("host.name", "node-" + service.length()))
                .addEntityRefs(EntityRef.newBuilder().setType("host").addIdKeys("host.name")))
        .addScopeSpans(scope);
  }

  private static Span.Builder span(
      String trace, long id, long parent, String name, long startMillis, long millis) {
    Span.Builder span =
        Span.newBuilder()
            .setTraceId(ByteString.fromHex(trace))
            .setSpanId(ByteString.fromHex("%016x".formatted(id)))
            .setName(name)
            .setStartTimeUnixNano(NOON_NANOS + startMillis * MILLI)
            .setEndTimeUnixNano(NOON_NANOS + (startMillis + millis) * MILLI);
    return parent == 0 ? span : span.setParentSpanId(ByteString.fromHex("%016x".formatted(parent)));
  }

  private static Span.Builder server(
      String trace, long id, long parent, String name, long start, long millis, long status) {
    return span(trace, id, parent, name, start, millis)
        .setKind(Span.SpanKind.SPAN_KIND_SERVER)
        .addAttributes(text("http.request.method", name.substring(0, name.indexOf(' '))))
        .addAttributes(text("http.route", name.substring(name.indexOf(' ') + 1)))
        .addAttributes(
            attribute("http.response.status_code", AnyValue.newBuilder().setIntValue(status)));
  }

  private static Span.Builder client(String trace, long id, long parent, long start, long millis) {
    return span(trace, id, parent, "POST", start, millis)
        .setKind(Span.SpanKind.SPAN_KIND_CLIENT)
        .addAttributes(attribute("retry", AnyValue.newBuilder().setBoolValue(false)))
        .addAttributes(attribute("share", AnyValue.newBuilder().setDoubleValue(0.5)))
        .addAttributes(attribute("ratio", AnyValue.newBuilder().setDoubleValue(Double.NaN)))
        .addAttributes(
            attribute("seal", AnyValue.newBuilder().setBytesValue(ByteString.fromHex("00ff"))))
        .addAttributes(text("request.id", "r-" + trace))
        .addAttributes(
            attribute(
                "shelves",
                AnyValue.newBuilder()
                    .setArrayValue(
                        ArrayValue.newBuilder().addValues(AnyValue.newBuilder().setIntValue(7)))));
  }

  private static KeyValue text(String key, String value) {
    return attribute(key, AnyValue.newBuilder().setStringValue(value));
  }

  private static KeyValue attribute(String key, AnyValue.Builder value) {
    return KeyValue.newBuilder().setKey(key).setValue(value).build();
  }

  private JsonObject get(int status, String path) throws Exception {
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as(path + " " + response.body()).isEqualTo(status);
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    return JsonParser.parseString(response.body()).getAsJsonObject();
  }

  private JsonArray data(String path) throws Exception {
    JsonObject json = get(200, path);
    assertThat(json.keySet())
        .containsExactlyInAnyOrder("data", "total", "limit", "offset", "errors");
    assertThat(json.get("errors").isJsonNull()).isTrue();
    return json.getAsJsonArray("data");
  }

  private static List<String> texts(JsonArray array) {
    List<String> texts = new ArrayList<>();
    array.forEach(each -> texts.add(each.getAsString()));
    return texts;
  }

  private List<String> found(String query) throws Exception {
    List<String> ids = new ArrayList<>();
    for (JsonElement trace : data("/api/traces?" + query)) {
      ids.add(trace.getAsJsonObject().get("traceID").getAsString());
    }
    return ids;
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static Map<String, String> tags(JsonObject owner, String name) {
    Map<String, String> tags = new TreeMap<>();
    for (JsonElement each : owner.getAsJsonArray(name)) {
      JsonObject tag = each.getAsJsonObject();
      tags.put(
          tag.get("key").getAsString(), tag.get("type").getAsString() + " " + tag.get("value"));
    }
    return tags;
  }

  @Test
  void services_andTheirOperations_areListed() throws Exception {
    assertThat(texts(data("/api/services"))).containsExactly("pay / card", "shop");
    assertThat(texts(data("/api/services/shop/operations"))).containsExactly("GET /cart", "POST");
    assertThat(texts(data("/api/services/" + encoded("pay / card") + "/operations")))
        .containsExactly("POST /pay");
    assertThat(data("/api/operations?service=shop&spanKind=client").toString())
        .isEqualTo("[{\"name\":\"POST\",\"spanKind\":\"client\"}]");
    assertThat(get(200, "/api/v3/services").toString())
        .isEqualTo("{\"services\":[\"pay / card\",\"shop\"]}");
    assertThat(get(200, "/api/v3/operations?service=shop").getAsJsonArray("operations")).hasSize(2);
  }

  @Test
  void trace_isAsJaegerWouldTellIt() throws Exception {
    JsonObject trace = data("/api/traces/2").get(0).getAsJsonObject();
    assertThat(trace.get("traceID").getAsString()).isEqualTo(SLOW);
    Map<String, JsonObject> spans = new TreeMap<>();
    for (JsonElement each : trace.getAsJsonArray("spans")) {
      spans.put(each.getAsJsonObject().get("spanID").getAsString(), each.getAsJsonObject());
    }
    assertThat(spans).hasSize(3);
    JsonObject pay = spans.getOrDefault("0000000000000023", new JsonObject());
    assertThat(pay.get("operationName").getAsString()).isEqualTo("POST /pay");
    assertThat(pay.get("startTime").getAsLong()).isEqualTo(NOON_MICROS + 1_006_000);
    assertThat(pay.get("duration").getAsLong()).isEqualTo(400_000);
    assertThat(pay.getAsJsonArray("references").toString())
        .isEqualTo(
            "[{\"refType\":\"CHILD_OF\",\"traceID\":\""
                + SLOW
                + "\",\"spanID\":\"0000000000000022\"},{\"refType\":\"FOLLOWS_FROM\",\"traceID\":\""
                + FAST
                + "\",\"spanID\":\"0000000000000013\"}]");
    assertThat(tags(pay, "tags"))
        .containsEntry("http.response.status_code", "int64 503")
        .containsEntry("span.kind", "string \"server\"")
        .containsEntry("otel.status_code", "string \"ERROR\"")
        .containsEntry("otel.status_description", "string \"declined\"")
        .containsEntry("otel.scope.name", "string \"by hand\"")
        .containsEntry("error", "bool true");
    JsonObject log = pay.getAsJsonArray("logs").get(0).getAsJsonObject();
    assertThat(log.get("timestamp").getAsLong()).isEqualTo(NOON_MICROS + 1_100_000);
    assertThat(tags(log, "fields"))
        .containsEntry("event", "string \"exception\"")
        .containsEntry("exception.type", "string \"Declined\"");
    JsonObject process =
        trace.getAsJsonObject("processes").getAsJsonObject(pay.get("processID").getAsString());
    assertThat(process.get("serviceName").getAsString()).isEqualTo("pay / card");
    assertThat(tags(process, "tags")).containsExactly(Map.entry("host.name", "string \"node-10\""));
    JsonObject call = spans.getOrDefault("0000000000000022", new JsonObject());
    assertThat(tags(call, "tags"))
        .containsEntry("retry", "bool false")
        .containsEntry("share", "float64 0.5")
        .containsEntry("ratio", "string \"NaN\"")
        .containsEntry("seal", "binary \"AP8=\"")
        .containsEntry("shelves", "string \"[7]\"")
        .doesNotContainKey("error");
    assertThat(data("/api/traces/" + SLOW)).hasSize(1);
    assertThat(found("traceID=" + FAST + "&traceID=2")).containsExactly(FAST, SLOW);
  }

  @Test
  void search_findsByWhatASpanIs() throws Exception {
    assertThat(found("service=shop")).containsExactly(SLOW, FAST);
    assertThat(found("service=shop&limit=1")).containsExactly(SLOW);
    assertThat(found("service=shop&operation=all")).hasSize(2);
    assertThat(found("service=shop&operation=nothing")).isEmpty();
    assertThat(found("service=nobody")).isEmpty();
    assertThat(found("service=shop&minDuration=100ms")).containsExactly(SLOW);
    assertThat(found("service=shop&operation=POST&maxDuration=0.1s")).containsExactly(FAST);
    assertThat(found("service=shop&start=" + NOON_MICROS + "&end=" + (NOON_MICROS + 500_000)))
        .containsExactly(FAST);
    assertThat(found("service=shop&lookback=30s")).isEmpty();
    assertThat(found("service=shop&lookback=2m")).hasSize(2);
  }

  @Test
  void search_findsByTags() throws Exception {
    for (Map.Entry<String, List<String>> each :
        Map.of(
                "{\"error\":\"true\"}", List.of(SLOW),
                "{\"http.response.status_code\":\"503\"}", List.of(SLOW),
                "{\"http.route\":\"/pay\"}", List.of(SLOW, FAST),
                "{\"span.kind\":\"server\",\"http.route\":\"/pay\"}", List.of(SLOW, FAST),
                "{\"host.name\":\"node-10\"}", List.of(SLOW, FAST),
                "{\"host.name\":\"node-11\"}", List.<String>of(),
                "{\"http.route\":\"/none\"}", List.<String>of(),
                "{\"it's\":\"x\"}", List.<String>of())
            .entrySet()) {
      assertThat(found("service=" + encoded("pay / card") + "&tags=" + encoded(each.getKey())))
          .as(each.getKey())
          .isEqualTo(each.getValue());
    }
    assertThat(found("service=shop&tag=request.id:r-" + FAST)).containsExactly(FAST);
    assertThat(found("service=shop&tag=retry:false&tag=share:0.5")).hasSize(2);
  }

  @Test
  void v3_answersInOtlp() throws Exception {
    JsonObject result = get(200, "/api/v3/traces/2").getAsJsonObject("result");
    List<Span> read = spans(result);
    assertThat(read).hasSize(3);
    assertThat(result.toString())
        .contains(
            "\"entityRefs\":[{\"type\":\"host\",\"idKeys\":[\"host.name\"],"
                + "\"descriptionKeys\":[]}]");
    for (ResourceSpans resource : payload.getResourceSpansList()) {
      for (Span span : resource.getScopeSpans(0).getSpansList()) {
        if (HexFormat.of().formatHex(span.getTraceId().toByteArray()).equals(SLOW)) {
          assertThat(read).contains(span);
        }
      }
    }
    String search = "/api/v3/traces?query.service_name=shop&query.num_traces=5";
    assertThat(spans(get(200, search).getAsJsonObject("result"))).hasSize(6);
    String slow =
        search
            + "&query.duration_min=100ms&query.duration_max=1s&query.operation_name=POST"
            + "&query.start_time_min=2026-11-21T12:00:00Z&query.start_time_max=2026-11-21T13:00:00Z";
    assertThat(spans(get(200, slow).getAsJsonObject("result"))).hasSize(3);
  }

  /// Read as protobuf's own JSON, in which ids are in base 64.
  private static List<Span> spans(JsonObject result) throws Exception {
    for (JsonElement resource : result.getAsJsonArray("resourceSpans")) {
      for (JsonElement scope : resource.getAsJsonObject().getAsJsonArray("scopeSpans")) {
        for (JsonElement span : scope.getAsJsonObject().getAsJsonArray("spans")) {
          inBase64(span.getAsJsonObject());
          if (span.getAsJsonObject().has("links")) {
            span.getAsJsonObject()
                .getAsJsonArray("links")
                .forEach(link -> inBase64(link.getAsJsonObject()));
          }
        }
      }
    }
    TracesData.Builder data = TracesData.newBuilder();
    JsonFormat.parser().merge(result.toString(), data);
    return data.getResourceSpansList().stream()
        .flatMap(resource -> resource.getScopeSpansList().stream())
        .flatMap(scope -> scope.getSpansList().stream())
        .toList();
  }

  private static void inBase64(JsonObject owner) {
    for (String name : List.of("traceId", "spanId", "parentSpanId")) {
      if (owner.has(name)) {
        byte[] id = HexFormat.of().parseHex(owner.get(name).getAsString());
        owner.addProperty(name, java.util.Base64.getEncoder().encodeToString(id));
      }
    }
  }

  @Test
  void dependencies_tellCallsErrorsAndTimes() throws Exception {
    long end = NOON_NANOS / MILLI + 60_000;
    JsonArray edges = data("/api/dependencies?endTs=" + end + "&lookback=3600000");
    assertThat(edges).hasSize(2);
    assertThat(edges.get(0).getAsJsonObject().get("parent").getAsString()).isEqualTo("nginx");
    JsonObject edge = edges.get(1).getAsJsonObject();
    assertThat(edge.get("parent").getAsString()).isEqualTo("shop");
    assertThat(edge.get("child").getAsString()).isEqualTo("pay / card");
    assertThat(edge.get("callCount").getAsLong()).isEqualTo(2);
    assertThat(edge.get("errors").getAsLong()).isEqualTo(1);
    assertThat(edge.get("p95").getAsDouble()).isBetween(30.0, 400.0);
    assertThat(data("/api/dependencies?endTs=" + (end - 7_200_000) + "&lookback=1000")).isEmpty();
  }

  @Test
  void parameters_thatCannotBeRead_areRefused() throws Exception {
    for (String path :
        List.of(
            "/api/traces",
            "/api/traces?service=shop&limit=0",
            "/api/traces?service=shop&limit=many",
            "/api/traces?service=shop&minDuration=5",
            "/api/traces?service=shop&minDuration=2s&maxDuration=1s",
            "/api/traces?service=shop&start=yesterday",
            "/api/traces?service=shop&start=10&end=5",
            "/api/traces?service=shop&start=9223372036854775807",
            "/api/traces?service=shop&lookback=long",
            "/api/traces?service=shop&tags=" + encoded("[1]"),
            "/api/traces?service=shop&tags=" + encoded("{\"a\":{}}"),
            "/api/traces?service=shop&tags=%7B",
            "/api/traces?service=shop&tag=none",
            "/api/traces?service=shop&spanKind=odd",
            "/api/traces/xyz",
            "/api/traces/000000000000000000000000000000001",
            "/api/operations",
            "/api/operations?service=shop&spanKind=odd",
            "/api/metrics/calls",
            "/api/metrics/calls?service=shop&step=long",
            "/api/metrics/calls?service=shop&step=10000&lookback=3600000000",
            "/api/metrics/errors?service=shop&spanKind=odd",
            "/api/metrics/latencies?service=shop&quantile=2",
            "/api/dependencies?endTs=now",
            "/api/dependencies?lookback=-1")) {
      JsonObject json = get(400, path);
      assertThat(json.get("data").isJsonNull()).isTrue();
      JsonObject error = json.getAsJsonArray("errors").get(0).getAsJsonObject();
      assertThat(error.get("code").getAsInt()).isEqualTo(400);
      assertThat(error.get("msg").getAsString()).isNotEmpty();
    }
    for (String path :
        List.of(
            "/api/v3/traces?query.start_time_min=now",
            "/api/v3/traces?query.num_traces=-1",
            "/api/v3/traces/zz",
            "/api/v3/operations")) {
      assertThat(get(400, path).getAsJsonObject("error").get("message").getAsString()).isNotEmpty();
    }
  }

  @Test
  void trace_thatIsUnknown_isNotFound() throws Exception {
    JsonObject error =
        get(404, "/api/traces/abc").getAsJsonArray("errors").get(0).getAsJsonObject();
    assertThat(error.get("code").getAsInt()).isEqualTo(404);
    assertThat(error.get("msg").getAsString()).isEqualTo("trace not found");
    assertThat(get(404, "/api/v3/traces/abc").has("error")).isTrue();
    get(404, "/api/services/shop/nothing");
  }

  @Test
  void trace_thatIsUnknown_whileAnAgentIsSilent_isNotSaidToBeNowhere() throws Exception {
    completeness = answered(2, 1).toBuilder().addGaps("host-b did not answer: refused").build();
    JsonObject error =
        get(404, "/api/traces/abc").getAsJsonArray("errors").get(0).getAsJsonObject();
    assertThat(error.get("msg").getAsString())
        .isEqualTo(
            "trace not found, but 1 of 2 agents did not answer: host-b did not answer: refused");
  }

  @Test
  void trace_whenAnAgentWasAskedInVain_saysSo() throws Exception {
    completeness = answered(2, 2);
    unheard = List.of("host-b did not answer");
    JsonObject error =
        get(404, "/api/traces/abc").getAsJsonArray("errors").get(0).getAsJsonObject();
    assertThat(error.get("msg").getAsString())
        .isEqualTo("trace not found, but 1 of 2 agents did not answer: host-b did not answer");
    JsonObject trace =
        get(200, "/api/traces/" + SLOW).getAsJsonArray("data").get(0).getAsJsonObject();
    assertThat(trace.get("warnings")).isEqualTo(JaegerJson.texts(unheard));
  }

  private static Completeness answered(int total, int answered) {
    return Completeness.newBuilder().setAgentsTotal(total).setAgentsAnswered(answered).build();
  }
}
