package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.abort;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.opentelemetry.proto.common.v1.AnyValue.ValueCase;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// What the SDKs of OpenTelemetry send with their default exporters is read back as they sent it,
/// by SQL and by the API, at agent and colony. What they sent is what their connections carried.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SdkIT {
  private static final Duration PATIENCE = Duration.ofSeconds(100);
  private static final List<String> PROTOCOLS = List.of("grpc", "http/protobuf");

  private Path directory;
  private CoralProcess colony;
  private CoralProcess agent;
  private OtlpTap grpc;
  private OtlpTap http;

  /// One way of sending.
  ///
  /// @param compression `gzip` or `none`
  private record Way(String language, String protocol, String compression) {
    String service() {
      return language + "-" + protocol.replace('/', '-') + "-" + compression;
    }

    /// Both kinds of temporality are sent in each protocol.
    String temporality() {
      return compression.equals("gzip") ? "delta" : "cumulative";
    }
  }

  @BeforeAll
  void start(@TempDir Path shared) throws IOException {
    directory = shared;
    int colonyPort = Host.freePort();
    int grpcPort = Host.freePort();
    int httpPort = Host.freePort();
    colony = Otlp.colony(directory, colonyPort, "1s");
    agent = Otlp.agent(directory, Host.freePort(), grpcPort, httpPort, colonyPort);
    grpc = new OtlpTap(grpcPort);
    http = new OtlpTap(httpPort);
  }

  @AfterAll
  void stop() throws Exception {
    for (AutoCloseable each : List.of(grpc, http, agent, colony)) {
      each.close();
    }
  }

  @Test
  void java_byEveryWay_isReadBackEqual() throws Exception {
    check(
        "java",
        PROTOCOLS,
        Map.of(),
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-cp",
        System.getProperty("java.class.path"),
        JavaSdk.class.getName());
  }

  @Test
  void python_byEveryWay_isReadBackEqual() throws Exception {
    String packages = Host.pythonPackages("opentelemetry/exporter").toString();
    check(
        "python",
        PROTOCOLS,
        Map.of("PYTHONPATH", packages),
        Host.program("python3"),
        source("python/sdk.py").toString());
  }

  @Test
  void node_byEveryWay_isReadBackEqual() throws Exception {
    check(
        "node",
        List.of("grpc", "http/protobuf", "http/json"),
        Map.of("NODE_PATH", Host.nodePackages().toString()),
        Host.program("node"),
        source("node/sdk.js").toString());
  }

  @Test
  void go_byEveryWay_isReadBackEqual() throws Exception {
    Path program = directory.resolve("sdk-go");
    build(program);
    check("go", PROTOCOLS, Map.of(), program.toString());
  }

  private static Path source(String name) {
    return Path.of("src/test/resources/sdk", name).toAbsolutePath();
  }

  /// Only with what `coral test` has fetched.
  private void build(Path program) throws IOException, InterruptedException {
    Path log = directory.resolve("go-build.log");
    ProcessBuilder build =
        new ProcessBuilder(
                Host.program("go"), "build", "-buildvcs=false", "-o", program.toString(), ".")
            .directory(source("go").toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    build.environment().putAll(Map.of("GOPROXY", "off", "CGO_ENABLED", "0"));
    Process compiler = build.start();
    boolean ended = compiler.waitFor(180, TimeUnit.SECONDS);
    compiler.destroyForcibly();
    String output = Files.readString(log);
    if (output.contains("GOPROXY=off") || output.contains("go.mod")) {
      abort("Go is too old, or has not fetched its OpenTelemetry SDK: " + output);
    }
    assertThat(ended && compiler.exitValue() == 0).as(output).isTrue();
  }

  private void check(
      String language, List<String> protocols, Map<String, String> environment, String... command)
      throws Exception {
    List<Way> ways = new ArrayList<>();
    for (String protocol : protocols) {
      ways.add(new Way(language, protocol, "none"));
      ways.add(new Way(language, protocol, "gzip"));
    }
    run(ways, environment, List.of(command));
    List<SentTelemetry> sent = new ArrayList<>();
    for (Way way : ways) {
      OtlpTap tap = way.protocol.equals("grpc") ? grpc : http;
      SentTelemetry its = SentTelemetry.of(tap.requests(), way.service());
      checkIsComplete(way, its);
      sent.add(its);
    }
    JsonObject counters =
        agent.api().agent("GetStatus", new JsonObject()).getAsJsonObject("counters");
    assertThat(counters.entrySet())
        .noneMatch(
            each ->
                each.getKey().matches("coral_otlp_(rejected_items|unknown_requests)_total.*")
                    && each.getValue().getAsLong() > 0);
    compare("agent", agent, sent);
    awaitAll(sent);
    compare("colony", colony, sent);
    checkCommands(sent.getLast());
  }

  private void checkCommands(SentTelemetry sent) throws IOException, InterruptedException {
    List<String> spans = new ArrayList<>();
    for (String id : sent.traceIds()) {
      spans.addAll(JaegerSpans.v3(json("beyla", "traces", "--trace-id", id, "--format", "otlp")));
    }
    same("command line, " + sent.service(), spans, JaegerSpans.v3(sent.resourceSpans()));
    JsonObject logs = json("logs", sent.service(), "--since", "24h", "--format", "json");
    same(
        "command line, " + sent.service(),
        Api.objects(logs, "records").stream()
            .map(log -> TelemetryRow.normal(log.get("body")) + log.get("trace_id"))
            .toList(),
        sent.logs().stream()
            .map(
                log ->
                    TelemetryRow.normal(SentRows.value(log.getBody()))
                        + new JsonPrimitive(SentRows.hex(log.getTraceId())))
            .toList());
    JsonObject metrics = json("metrics", sent.service(), "--since", "24h", "--format", "json");
    assertThat(
            Api.objects(metrics, "series").stream()
                .mapToInt(series -> Api.objects(series, "points").size())
                .sum())
        .isEqualTo(sent.pointRows().size());
  }

  /// What `coral query` prints.
  private JsonObject json(String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("query"));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--agent", "127.0.0.1:" + agent.api().port()));
    CoralProcess.Ended ended = CoralProcess.run(directory, List.of(), all.toArray(String[]::new));
    assertThat(ended.exitCode()).as(ended.all()).isZero();
    return JsonParser.parseString(ended.out()).getAsJsonObject();
  }

  private void run(List<Way> ways, Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    Map<Way, Process> running = new HashMap<>();
    try {
      for (Way way : ways) {
        ProcessBuilder builder =
            new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log(way).toFile());
        builder.environment().putAll(environment);
        builder
            .environment()
            .putAll(
                Map.of(
                    "OTEL_SERVICE_NAME",
                    way.service(),
                    "OTEL_EXPORTER_OTLP_ENDPOINT",
                    "http://127.0.0.1:" + (way.protocol.equals("grpc") ? grpc : http).port(),
                    "OTEL_EXPORTER_OTLP_PROTOCOL",
                    way.protocol,
                    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                    way.temporality()));
        if (way.compression.equals("gzip")) {
          // Absent otherwise: the SDK of Python refuses "none" in gRPC.
          builder.environment().put("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
        }
        running.put(way, builder.start());
      }
      for (Map.Entry<Way, Process> each : running.entrySet()) {
        boolean ended = each.getValue().waitFor(60, TimeUnit.SECONDS);
        assertThat(ended && each.getValue().exitValue() == 0)
            .as("%s: %s", each.getKey(), Files.readString(log(each.getKey())))
            .isTrue();
      }
    } finally {
      running.values().forEach(Process::destroyForcibly);
    }
  }

  private Path log(Way way) {
    return directory.resolve(way.service() + ".log");
  }

  /// The program has sent what the test is about, in the way that it was told.
  private void checkIsComplete(Way way, SentTelemetry sent) throws IOException {
    String what = way.service() + ": " + Files.readString(log(way));
    assertThat(sent.encodings())
        .as(what)
        .isEqualTo(Set.of(way.compression.equals("gzip") ? "gzip" : ""));
    assertThat(sent.contentTypes())
        .as(what)
        .isEqualTo(
            Set.of(
                switch (way.protocol) {
                  case "grpc" -> "application/grpc";
                  case "http/json" -> "application/json";
                  default -> "application/x-protobuf";
                }));
    List<Span> spans = sent.spans();
    assertThat(spans).as(what).hasSize(8);
    assertThat(spans.stream().map(Span::getKind).collect(Collectors.toSet())).as(what).hasSize(5);
    assertThat(spans.stream().map(span -> span.getStatus().getCode()).collect(Collectors.toSet()))
        .as(what)
        .isEqualTo(
            Set.of(
                Status.StatusCode.STATUS_CODE_UNSET,
                Status.StatusCode.STATUS_CODE_OK,
                Status.StatusCode.STATUS_CODE_ERROR));
    assertThat(spans).as(what).anyMatch(span -> span.getLinksCount() == 2);
    assertThat(spans).as(what).anyMatch(span -> span.getEventsCount() == 2);
    assertThat(spans).as(what).anyMatch(span -> span.getTraceState().contains("vendor=a"));
    assertThat(types(spans.stream().flatMap(span -> span.getAttributesList().stream())))
        .as(what)
        .contains(
            ValueCase.STRING_VALUE,
            ValueCase.BOOL_VALUE,
            ValueCase.INT_VALUE,
            ValueCase.DOUBLE_VALUE,
            ValueCase.ARRAY_VALUE);
    assertThat(sent.metrics().stream().map(Metric::getDataCase).collect(Collectors.toSet()))
        .as(what)
        .isEqualTo(
            EnumSet.of(
                Metric.DataCase.GAUGE,
                Metric.DataCase.SUM,
                Metric.DataCase.HISTOGRAM,
                Metric.DataCase.EXPONENTIAL_HISTOGRAM));
    assertThat(sent.metrics().stream().filter(Metric::hasHistogram))
        .as(what)
        .allMatch(
            metric ->
                temporality(metric)
                    .equals(
                        "AGGREGATION_TEMPORALITY_" + way.temporality().toUpperCase(Locale.ROOT)));
    // The SDK of Node does not send any.
    assertThat(sent.metrics().toString().contains("exemplars {"))
        .as(what)
        .isEqualTo(!way.language.equals("node"));
    assertThat(sent.logs()).as(what).hasSize(9);
    assertThat(
            sent.logs().stream()
                .map(log -> log.getBody().getValueCase())
                .collect(Collectors.toSet()))
        .as(what)
        .contains(
            ValueCase.STRING_VALUE,
            ValueCase.BOOL_VALUE,
            ValueCase.INT_VALUE,
            ValueCase.BYTES_VALUE,
            ValueCase.ARRAY_VALUE,
            ValueCase.KVLIST_VALUE);
    assertThat(sent.logs()).as(what).anyMatch(log -> !log.getTraceId().isEmpty());
    assertThat(sent.logs().stream().map(LogRecord::getEventName))
        .as(what)
        .contains("payment.declined");
  }

  private static String temporality(Metric metric) {
    return metric.getHistogram().getAggregationTemporality().name();
  }

  private static Set<ValueCase> types(Stream<KeyValue> attributes) {
    return attributes.map(each -> each.getValue().getValueCase()).collect(Collectors.toSet());
  }

  private void awaitAll(List<SentTelemetry> sent) {
    await("the colony has pulled")
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              for (SentTelemetry each : sent) {
                String service = each.service();
                assertThat(ReadRows.spans("colony", colony.api(), service, each.attributes()))
                    .hasSameSizeAs(each.spans());
                assertThat(ReadRows.points("colony", colony.api(), service))
                    .hasSameSizeAs(each.pointRows());
                assertThat(ReadRows.logs("colony", colony.api(), service))
                    .hasSameSizeAs(each.logs());
              }
            });
  }

  private void compare(String role, CoralProcess process, List<SentTelemetry> all)
      throws Exception {
    try (Snapshot snapshot = Snapshot.of(process, directory)) {
      for (SentTelemetry sent : all) {
        String service = sent.service();
        String by = role + " by SQL, " + service;
        String condition = "service_name = '" + service + "'";
        same(by, ReadRows.bySql(snapshot, "otel_spans", condition), sent.spanRows());
        same(by, ReadRows.bySql(snapshot, "otel_metrics", condition), sent.pointRows());
        same(by, ReadRows.bySql(snapshot, "otel_logs", condition), sent.logRows());
      }
    }
    Api api = process.api();
    for (SentTelemetry sent : all) {
      String service = sent.service();
      String by = role + " by API, " + service;
      same(by, ReadRows.spans(role, api, service, sent.attributes()), sent.spanRows());
      same(by, ReadRows.points(role, api, service), sent.pointRows());
      same(by, ReadRows.logs(role, api, service), sent.logRows());
      same(by, JaegerSpans.ofV3(api, sent.traceIds()), JaegerSpans.v3(sent.resourceSpans()));
      same(by, JaegerSpans.of(api, sent.traceIds()), JaegerSpans.expected(sent.resourceSpans()));
    }
  }

  /// Equal, in whatever order; says what differs and not what is equal.
  private static void same(String what, List<?> read, List<?> sent) {
    List<String> onlySent = sent.stream().map(Object::toString).sorted().toList();
    List<String> onlyRead = new ArrayList<>(read.stream().map(Object::toString).sorted().toList());
    onlySent = onlySent.stream().filter(each -> !onlyRead.remove(each)).toList();
    assertThat(onlyRead).as(what).isEqualTo(onlySent);
  }
}
