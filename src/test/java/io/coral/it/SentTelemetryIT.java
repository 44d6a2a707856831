package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.coral.otlp.SentLogs;
import io.coral.otlp.SentMetrics;
import io.coral.otlp.SpanPayloads;
import io.coral.rpc.RpcClient;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.metrics.v1.Gauge;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.vertx.core.Vertx;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Metrics and logs that are sent in every way are there when the answer comes, once, as they were
/// sent, in the database and in every answer.
final class SentTelemetryIT {
  private static final List<String> WAYS = List.of("by-grpc", "by-http", "by-json", "by-gzip");
  private static final long POINTS = 7;
  private static final long LOGS = 4;
  private static final int SPANS = 500;
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String OF_SERVICE = " WHERE service_name = '%s' ORDER BY ALL";
  private static final String METRICS =
      "SELECT metric_name, metric_type, unit, description, temporality, is_monotonic,"
          + " value::VARCHAR, value_int, \"count\", \"sum\", \"min\", \"max\", attributes::VARCHAR,"
          + " details::VARCHAR, no_recorded_value, flags, scope::VARCHAR, metadata::VARCHAR,"
          + " time_unix_nanos, start_unix_nanos FROM otel_metrics"
          + OF_SERVICE;
  private static final String LOG_ROWS =
      "SELECT severity_number, severity_text, body, body_is_json, trace_id, span_id, event_name,"
          + " attributes::VARCHAR, details::VARCHAR, flags, scope::VARCHAR, time_unix_nanos,"
          + " observed_unix_nanos FROM otel_logs"
          + OF_SERVICE;

  @TempDir Path directory;
  private final long now = System.currentTimeMillis() / 1000 * 1_000_000_000L;
  private int grpc;
  private int http;

  @Test
  void everything_thatIsSent_isReadBackOnceAsItWasSent() throws Exception {
    grpc = Host.freePort();
    http = Host.freePort();
    int colonyPort = Host.freePort();
    try (CoralProcess colony = Otlp.colony(directory, colonyPort, "1s");
        CoralProcess agent = Otlp.agent(directory, Host.freePort(), grpc, http, colonyPort)) {
      sendAll();
      try (Snapshot snapshot = Snapshot.of(agent, directory)) {
        checkTables(snapshot);
        assertThat(snapshot.number("SELECT count(*) FROM otel_metrics_local"))
            .isEqualTo(POINTS * WAYS.size());
        assertThat(snapshot.number("SELECT count(*) FROM otel_logs_local"))
            .isEqualTo(LOGS * WAYS.size());
      }
      awaitRows(colony);
      try (Snapshot snapshot = Snapshot.of(colony, directory)) {
        checkTables(snapshot);
      }
      checkAnswers("agent", agent.api());
      checkAnswers("colony", colony.api());
      checkCommands("--agent", agent);
      checkCommands("--colony", colony);
      checkSpans(agent.api(), colony.api());
      // The same payload again, then some further polls: nothing is stored a second time.
      post("metrics", "", SentMetrics.request("by-http", metrics()).toByteArray());
      post("logs", "", SentLogs.request("by-http", logs()).toByteArray());
      TimeUnit.SECONDS.sleep(4);
      try (Snapshot ofAgent = Snapshot.of(agent, directory);
          Snapshot ofColony = Snapshot.of(colony, directory)) {
        for (Snapshot snapshot : List.of(ofAgent, ofColony)) {
          assertThat(snapshot.number("SELECT count(*) FROM otel_metrics"))
              .isEqualTo(POINTS * WAYS.size());
          assertThat(snapshot.number("SELECT count(*) FROM otel_logs"))
              .isEqualTo(LOGS * WAYS.size());
        }
      }
      JsonObject counters =
          agent.api().agent("GetStatus", new JsonObject()).getAsJsonObject("counters");
      assertThat(Api.number(counters, "coral_otlp_metric_points_received_total"))
          .isEqualTo(POINTS * WAYS.size());
      assertThat(Api.number(counters, "coral_otlp_log_records_received_total"))
          .isEqualTo(LOGS * WAYS.size());
    }
  }

  private List<Metric> metrics() {
    List<Metric> metrics = new ArrayList<>(SentMetrics.ofAllTypes(now));
    metrics.add(
        Metric.newBuilder()
            .setName("odd.numbers")
            .setGauge(
                Gauge.newBuilder()
                    .addDataPoints(
                        NumberDataPoint.newBuilder()
                            .setTimeUnixNano(now)
                            .setAsDouble(Double.NEGATIVE_INFINITY)))
            .build());
    return metrics;
  }

  private LogRecord.Builder[] logs() {
    AnyValue map =
        AnyValue.newBuilder()
            .setKvlistValue(
                KeyValueList.newBuilder()
                    .addValues(
                        KeyValue.newBuilder()
                            .setKey("amounts")
                            .setValue(
                                AnyValue.newBuilder()
                                    .setArrayValue(
                                        ArrayValue.newBuilder()
                                            .addValues(AnyValue.newBuilder().setDoubleValue(2.5))
                                            .addValues(
                                                AnyValue.newBuilder()
                                                    .setIntValue(Long.MAX_VALUE))))))
            .build();
    return new LogRecord.Builder[] {
      SentLogs.full().setTimeUnixNano(now + 3),
      LogRecord.newBuilder()
          .setTimeUnixNano(now + 2)
          .setSeverityText("warn")
          .setBody(map)
          .setTraceId(ByteString.fromHex(TRACE)),
      LogRecord.newBuilder()
          .setObservedTimeUnixNano(now + 1)
          .setBody(AnyValue.newBuilder().setStringValue("\u00fcber \ud83d\udcb6\n\ttwo lines")),
      LogRecord.newBuilder().setTimeUnixNano(now).setSeverityNumberValue(5)
    };
  }

  private void sendAll() throws Exception {
    Vertx vertx = Vertx.vertx();
    try {
      RpcClient client = new RpcClient(vertx);
      String endpoint = "127.0.0.1:" + grpc;
      client
          .unary(
              endpoint,
              "opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
              SentMetrics.request("by-grpc", metrics()),
              ExportMetricsServiceResponse.getDefaultInstance(),
              Duration.ofSeconds(10))
          .await(10, TimeUnit.SECONDS);
      client
          .unary(
              endpoint,
              "opentelemetry.proto.collector.logs.v1.LogsService/Export",
              SentLogs.request("by-grpc", logs()),
              ExportLogsServiceResponse.getDefaultInstance(),
              Duration.ofSeconds(10))
          .await(10, TimeUnit.SECONDS);
    } finally {
      vertx.close().await(10, TimeUnit.SECONDS);
    }
    post("metrics", "", SentMetrics.request("by-http", metrics()).toByteArray());
    post("logs", "", SentLogs.request("by-http", logs()).toByteArray());
    post("metrics", "gzip", gzip(SentMetrics.request("by-gzip", metrics()).toByteArray()));
    post("logs", "gzip", gzip(SentLogs.request("by-gzip", logs()).toByteArray()));
    post("metrics", "json", json(SentMetrics.request("by-json", metrics())));
    post("logs", "json", json(SentLogs.request("by-json", logs())));
    post("traces", "", new SpanPayloads(7).payload(SPANS, now).toByteArray());
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  /// JSON as OTLP has it: ids in hexadecimal digits, enumerations as numbers.
  private static byte[] json(Message message) throws IOException {
    JsonElement json =
        JsonParser.parseString(JsonFormat.printer().printingEnumsAsInts().print(message));
    return withHexIds(json).toString().getBytes(StandardCharsets.UTF_8);
  }

  private static JsonElement withHexIds(JsonElement json) {
    if (json instanceof JsonArray array) {
      JsonArray changed = new JsonArray();
      array.forEach(each -> changed.add(withHexIds(each)));
      return changed;
    }
    if (json instanceof JsonObject object) {
      JsonObject changed = new JsonObject();
      object
          .entrySet()
          .forEach(
              entry -> {
                boolean isId = entry.getKey().matches("traceId|spanId");
                changed.add(
                    entry.getKey(),
                    isId
                        ? new JsonPrimitive(
                            HexFormat.of()
                                .formatHex(
                                    Base64.getDecoder().decode(entry.getValue().getAsString())))
                        : withHexIds(entry.getValue()));
              });
      return changed;
    }
    return json;
  }

  private void post(String signal, String how, byte[] payload) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create("http://127.0.0.1:" + http + "/v1/" + signal).toURL().openConnection();
    connection.setRequestMethod("POST");
    connection.setRequestProperty(
        "Content-Type", how.equals("json") ? "application/json" : "application/x-protobuf");
    if (how.equals("gzip")) {
      connection.setRequestProperty("Content-Encoding", "gzip");
    }
    connection.setDoOutput(true);
    try (var out = connection.getOutputStream()) {
      out.write(payload);
    }
    assertThat(connection.getResponseCode()).as("%s %s", signal, how).isEqualTo(200);
  }

  private void checkTables(Snapshot snapshot) throws Exception {
    List<List<@Nullable Object>> metrics = snapshot.rows(METRICS.formatted("by-grpc"));
    List<List<@Nullable Object>> logs = snapshot.rows(LOG_ROWS.formatted("by-grpc"));
    for (String way : WAYS) {
      assertThat(snapshot.rows(METRICS.formatted(way))).as(way).isEqualTo(metrics);
      assertThat(snapshot.rows(LOG_ROWS.formatted(way))).as(way).isEqualTo(logs);
    }
    String exemplar =
        "{\"time_unix_nano\":"
            + (now - 7)
            + ",\"value\":%s,\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\","
            + "\"span_id\":\"b7ad6b7169203331\"%s}";
    String scope = "{\"name\":\"meter\"}";
    assertThat(metrics.stream().map(List::toString))
        .containsExactly(
            "[gc.pause, summary, ms, , null, null, null, null, 7, 70.0, null, null, {},"
                + " {\"quantiles\":[{\"quantile\":0.5,\"value\":8.0},"
                + "{\"quantile\":1.0,\"value\":30.0}]}, false, 0, "
                + scope
                + ", null, "
                + now
                + ", "
                + (now - 60)
                + "]",
            "[http.server.request.duration, histogram, s, , delta, null, null, null, 6, 1.5, 0.0,"
                + " 0.75, {}, {\"bounds\":[0.005,0.5],\"counts\":[1,2,3],\"exemplars\":["
                + exemplar.formatted("0.75", ",\"attributes\":{\"user\":\"u\"}")
                + "]}, false, 0, "
                + scope
                + ", null, "
                + now
                + ", "
                + (now - 60)
                + "]",
            "[odd.numbers, gauge, , , null, null, -inf, null, null, null, null, null, {}, null,"
                + " false, 0, "
                + scope
                + ", null, "
                + now
                + ", null]",
            "[orders, sum, {order}, , cumulative, true, 9007199254740992.0, 9007199254740993, null,"
                + " null, null, null, {}, {\"exemplars\":["
                + exemplar.formatted("-5", "")
                + "]}, false, 0, "
                + scope
                + ", null, "
                + now
                + ", "
                + (now - 60)
                + "]",
            "[orders, sum, {order}, , cumulative, true, null, null, null, null, null, null, {},"
                + " null, true, 1, "
                + scope
                + ", null, "
                + (now + 1)
                + ", "
                + (now - 60)
                + "]",
            "[process.cpu.utilization, gauge, 1, share of one core, null, null, 0.25, null, null,"
                + " null, null, null, {\"cpu\":3,\"state\":\"user\"}, null, false, 0, "
                + scope
                + ", {\"origin\":\"test\"}, "
                + now
                + ", null]",
            "[rpc.size, exponential_histogram, By, , delta, null, null, null, 9, -3.0, -9.0, 8.0,"
                + " {\"rpc\":\"Add\"}, {\"scale\":-2,\"zero_count\":2,\"zero_threshold\":1.0E-9,"
                + "\"positive\":{\"offset\":-4,\"counts\":[1,0,300]},"
                + "\"negative\":{\"offset\":5,\"counts\":[4]}}, false, 0, "
                + scope
                + ", null, "
                + now
                + ", "
                + (now - 60)
                + "]");
    String by = "{\"name\":\"by hand\",\"version\":\"1\"}";
    assertThat(logs.stream().map(List::toString))
        .containsExactly(
            "[5, null, null, false, null, null, null, {}, null, 0, " + by + ", " + now + ", null]",
            "[17, ERROR, card declined \"twice\", false, "
                + TRACE
                + ", b7ad6b7169203331, payment.declined,"
                + " {\"user.id\":\"u-17\",\"attempt\":2,\"final\":true},"
                + " {\"dropped_attributes_count\":4}, 1, "
                + by
                + ", "
                + (now + 3)
                + ", 1790000000500000000]",
            "[null, warn, {\"amounts\":[2.5,9223372036854775807]}, true, "
                + TRACE
                + ", null, null, {}, null, 0, "
                + by
                + ", "
                + (now + 2)
                + ", null]",
            "[null, null, \u00fcber \ud83d\udcb6\n\ttwo lines, false, null, null, null, {},"
                + " {\"time_source\":\"observed\"}, 0, "
                + by
                + ", "
                + (now + 1)
                + ", "
                + (now + 1)
                + "]");
  }

  private void awaitRows(CoralProcess colony) {
    await("the colony has them")
        .atMost(Duration.ofSeconds(100))
        .untilAsserted(
            () -> {
              try (Snapshot snapshot = Snapshot.of(colony, directory)) {
                assertThat(snapshot.number("SELECT count(*) FROM otel_metrics"))
                    .as(colony.output())
                    .isEqualTo(POINTS * WAYS.size());
                assertThat(snapshot.number("SELECT count(*) FROM otel_logs"))
                    .isEqualTo(LOGS * WAYS.size());
                assertThat(snapshot.number("SELECT count(*) FROM otel_spans")).isEqualTo(SPANS);
              }
            });
  }

  private static JsonObject ask(String role, Api api, String method, String request)
      throws IOException {
    JsonObject json = JsonParser.parseString(request).getAsJsonObject();
    JsonObject answer = role.equals("agent") ? api.agent(method, json) : api.colony(method, json);
    JsonObject completeness = answer.getAsJsonObject("completeness");
    assertThat(Api.number(completeness, "agentsTotal")).isEqualTo(1);
    assertThat(Api.number(completeness, "agentsAnswered")).isEqualTo(1);
    return answer;
  }

  private static void checkAnswers(String role, Api api) throws IOException {
    JsonObject all = ask(role, api, "QueryMetrics", "{}");
    assertThat(Api.objects(all, "series")).hasSize(WAYS.size() * 6);
    JsonObject orders =
        ask(role, api, "QueryMetrics", "{\"serviceName\":\"by-json\",\"name\":\"orders\"}");
    JsonObject series = Api.objects(orders, "series").getFirst();
    assertThat(Api.text(Api.objects(series, "points").getFirst(), "asInt"))
        .isEqualTo(Long.toString(SentMetrics.EXACT));
    JsonObject odd = ask(role, api, "QueryMetrics", "{\"name\":\"odd.numbers\"}");
    assertThat(
            Api.text(
                Api.objects(Api.objects(odd, "series").getFirst(), "points").getFirst(),
                "asDouble"))
        .isEqualTo("-Infinity");
    JsonObject logs = ask(role, api, "QueryLogs", "{\"level\":\"warn\",\"limit\":1000}");
    assertThat(Api.objects(logs, "records")).hasSize(2 * WAYS.size());
    JsonObject ofTrace =
        ask(
            role,
            api,
            "QueryLogs",
            "{\"traceId\":\"0AF76519\",\"search\":\"CARD\",\"serviceName\":\"by-gzip\"}");
    assertThat(Api.objects(ofTrace, "records")).hasSize(1);
    assertThat(Api.text(Api.objects(ofTrace, "records").getFirst(), "body"))
        .isEqualTo("card declined \"twice\"");
  }

  private void checkCommands(String option, CoralProcess process) throws Exception {
    String address = "127.0.0.1:" + process.api().port();
    CoralProcess.Ended logs =
        CoralProcess.run(
            directory,
            List.of(),
            "query",
            "logs",
            "by-http",
            "--level",
            "warn",
            "--format",
            "json",
            option,
            address);
    assertThat(logs.exitCode()).as(logs.all()).isZero();
    JsonArray records =
        JsonParser.parseString(logs.out()).getAsJsonObject().getAsJsonArray("records");
    assertThat(records).hasSize(2);
    assertThat(records.get(1).getAsJsonObject().get("body"))
        .hasToString("{\"amounts\":[2.5,9223372036854775807]}");
    CoralProcess.Ended table =
        CoralProcess.run(
            directory, List.of(), "query", "logs", "--trace-id", TRACE, option, address);
    assertThat(table.exitCode()).as(table.all()).isZero();
    assertThat(table.out().lines().filter(line -> line.contains("card declined"))).hasSize(4);
    CoralProcess.Ended metrics =
        CoralProcess.run(directory, List.of(), "query", "metrics", "by-http", option, address);
    assertThat(metrics.exitCode()).as(metrics.all()).isZero();
    assertThat(metrics.out()).contains("9 values, mean -0.3333").contains("cpu=3,state=user");
    CoralProcess.Ended none =
        CoralProcess.run(directory, List.of(), "query", "logs", "by-htp", option, address);
    assertThat(none.exitCode()).isEqualTo(3);
    assertThat(none.err()).contains("did you mean 'by-http'?");
  }

  private static void checkSpans(Api agent, Api colony) throws IOException {
    Set<String> ids = new HashSet<>();
    String session = "";
    long from = 0;
    for (List<JsonObject> spans = List.of(new JsonObject()); !spans.isEmpty(); ) {
      JsonObject answer =
          ask("agent", agent, "QueryTelemetry", "{\"startSeqId\":" + from + ",\"maxRecords\":200}");
      spans = Api.objects(answer, "spans");
      spans.forEach(span -> assertThat(ids.add(Api.text(span, "spanId"))).isTrue());
      from = Api.number(answer, "maxSeqId");
      assertThat(session).isIn("", Api.text(answer, "sessionId"));
      session = Api.text(answer, "sessionId");
    }
    assertThat(ids).hasSize(SPANS);
    assertThat(session).isNotEmpty();
    JsonObject byTime = ask("colony", colony, "QueryTelemetry", "{}");
    assertThat(
            Api.objects(byTime, "spans").stream()
                .map(span -> Api.text(span, "spanId"))
                .collect(java.util.stream.Collectors.toSet()))
        .isEqualTo(ids);
  }
}
