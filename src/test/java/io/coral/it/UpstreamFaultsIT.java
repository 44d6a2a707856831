package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.coral.otlp.BeylaPayloads;
import io.coral.otlp.SpanPayloads;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Faults that an earlier implementation of the specification had, one test each, named after what
/// went wrong there. One agent and one colony for all of them; each test has a service of its own.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class UpstreamFaultsIT {
  private static final Duration PATIENCE = Duration.ofSeconds(100);
  private static final String METRIC = "http.server.request.duration";

  private Path directory;
  private int reports;
  private int otlp;
  private CoralProcess agent;
  private CoralProcess colony;

  @BeforeAll
  void start(@TempDir Path shared) throws IOException {
    Host.requireRoot();
    directory = shared;
    reports = Host.freePort();
    otlp = Host.freePort();
    int port = Host.freePort();
    Path config =
        Files.writeString(directory.resolve("colony.yaml"), "colony:\n  poll_interval: 1s\n");
    colony = CoralProcess.colony(directory.resolve("colony"), port, "--config", config.toString());
    agent =
        BeylaHost.agent(
            directory,
            directory.resolve("pids"),
            reports,
            otlp,
            "colony: '127.0.0.1:%d', flush_interval: 1s".formatted(port));
  }

  @AfterAll
  void stop() {
    if (agent != null) {
      agent.close();
    }
    if (colony != null) {
      colony.close();
    }
  }

  /// Reports 105 requests, 5 of which took longer than the last bound.
  private void report(String service, Object status) throws IOException {
    long now = System.currentTimeMillis() * 1_000_000;
    double[] seconds =
        DoubleStream.concat(
                DoubleStream.generate(() -> 0.2).limit(100),
                DoubleStream.generate(() -> 30).limit(5))
            .toArray();
    Map<String, Object> attributes =
        Map.of(
            "http.request.method",
            "GET",
            "http.route",
            "/" + service,
            "http.response.status_code",
            status);
    assertThat(
            Otlp.sendMetrics(
                reports,
                BeylaPayloads.request(
                    service,
                    BeylaPayloads.cumulative(
                        METRIC,
                        BeylaPayloads.point(attributes, now - 10_000_000_000L, now, seconds)))))
        .isEqualTo(200);
  }

  private static JsonObject statistics(CoralProcess coral, String service) throws IOException {
    JsonObject request = new JsonObject();
    request.addProperty("serviceName", service);
    JsonObject answer = coral.api().colony("QueryHttp", request);
    return answer.has("overall") ? answer.getAsJsonObject("overall") : new JsonObject();
  }

  private void awaitRequests(String service, long requests) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(Api.number(statistics(colony, service), "requests"))
                    .isEqualTo(requests));
  }

  @Test
  void statusOfAReportedRequest_isNotZero_soThatErrorsAreErrors() throws Exception {
    report("as-number", 503);
    report("as-text", "503");
    for (String service : List.of("as-number", "as-text")) {
      awaitRequests(service, 105);
      assertThat(colony.api().served("colony", service))
          .isEqualTo(Map.of("GET /" + service + " 503", 105L));
      assertThat(statistics(colony, service).get("errorRate").getAsDouble()).isEqualTo(1);
    }
  }

  @Test
  void seconds_areNotTakenForMilliseconds() throws Exception {
    report("in-seconds", 200);
    awaitRequests("in-seconds", 105);
    assertThat(statistics(colony, "in-seconds").get("p50Ms").getAsDouble()).isBetween(100.0, 250.0);
    try (Snapshot snapshot = Snapshot.of(colony, directory)) {
      assertThat(
              snapshot.number(
                  "SELECT sum(count) FROM beyla_http_metrics"
                      + " WHERE service_name = 'in-seconds' AND latency_bucket_ms = 250"))
          .isEqualTo(100);
    }
  }

  @Test
  void requestsAboveTheLastBound_doNotVanish() throws Exception {
    report("slow", 200);
    awaitRequests("slow", 105);
    try (Snapshot snapshot = Snapshot.of(colony, directory)) {
      assertThat(
              snapshot.number(
                  "SELECT sum(count) FROM beyla_http_metrics"
                      + " WHERE service_name = 'slow' AND isinf(latency_bucket_ms)"))
          .isEqualTo(5);
    }
  }

  @Test
  void requestsOfSpans_thatComeInManyPolls_areAsManyAtTheColony() throws Exception {
    SpanPayloads spans = new SpanPayloads(3);
    long requests = 0;
    for (int i = 0; i < 19; i++) {
      // Of a minute ago: an observer would have reported them by now.
      long past = (System.currentTimeMillis() - 60_000) * 1_000_000;
      ExportTraceServiceRequest payload = spans.payload(500, past);
      assertThat(Otlp.sendSpans(otlp, payload)).isEqualTo(200);
      requests += requests(payload);
      // So that polls lie between them.
      Thread.sleep(150);
    }
    long sent = requests;
    for (CoralProcess coral : List.of(agent, colony)) {
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                try (Snapshot snapshot = Snapshot.of(coral, directory)) {
                  assertThat(
                          snapshot.number(
                              "SELECT sum(requests) FROM (SELECT * FROM http_metrics_rows"
                                  + " UNION ALL SELECT * FROM sql_metrics_rows"
                                  + " UNION ALL SELECT * FROM grpc_metrics_rows)"
                                  + " WHERE source = 'otlp' AND counted = 1"))
                      .isEqualTo(sent);
                }
              });
    }
  }

  private static long requests(ExportTraceServiceRequest payload) {
    return payload.getResourceSpansList().stream()
        .flatMap(resource -> resource.getScopeSpansList().stream())
        .flatMap(scope -> scope.getSpansList().stream())
        .filter(span -> span.getKind() != Span.SpanKind.SPAN_KIND_INTERNAL)
        .count();
  }

  @Test
  void percentiles_areAnswered_byTheCommandToo() throws Exception {
    report("ranked", 200);
    awaitRequests("ranked", 105);
    CoralProcess.Ended asked =
        CoralProcess.run(
            directory,
            List.of(),
            "query",
            "beyla",
            "http",
            "ranked",
            "-o",
            "json",
            "--colony",
            "http://127.0.0.1:" + colony.api().port());
    assertThat(asked.exitCode()).as(asked.all()).isZero();
    JsonObject overall =
        JsonParser.parseString(asked.out()).getAsJsonObject().getAsJsonObject("overall");
    assertThat(overall.get("p50_ms").getAsDouble()).isBetween(100.0, 250.0);
    assertThat(overall.get("p95_ms").getAsDouble()).isBetween(100.0, 250.0);
    assertThat(overall.get("p99_ms").getAsDouble()).isGreaterThan(10_000);
  }

  @Test
  void sqlOverTheNetwork_changesNothing() throws Exception {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create(
                    "http://127.0.0.1:"
                        + colony.api().port()
                        + "/coral.colony.v1.ColonyService/ExecuteQuery")
                .toURL()
                .openConnection();
    connection.setRequestMethod("POST");
    connection.setRequestProperty("Content-Type", "application/json");
    connection.setDoOutput(true);
    connection
        .getOutputStream()
        .write("{\"sql\":\"CREATE TABLE pwn (a INTEGER)\"}".getBytes(StandardCharsets.UTF_8));
    assertThat(connection.getResponseCode()).isGreaterThanOrEqualTo(400);
    try (Snapshot snapshot = Snapshot.of(colony, directory)) {
      assertThat(snapshot.number("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'pwn'"))
          .isZero();
    }
  }
}
