package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import io.coral.otlp.BeylaPayloads;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An agent with a stand-in for Beyla, a shell script that writes down its pid and sleeps.
final class BeylaIT {
  private static final Duration PATIENCE = Duration.ofSeconds(100);

  private static final Map<String, Object> CHARGE =
      Map.of(
          "http.request.method",
          "POST",
          "http.route",
          "/charge",
          "http.response.status_code",
          200,
          "url.scheme",
          "http");

  @TempDir Path directory;

  @BeforeEach
  void needsRoot() {
    Host.requireRoot();
  }

  private CoralProcess agent(Path pids) throws IOException {
    return BeylaHost.agent(directory, pids, Host.freePort(), 0, "colony: ''");
  }

  private static long pid(Path pids) throws IOException {
    await().atMost(PATIENCE).until(() -> Files.exists(pids) && Files.size(pids) > 1);
    return Long.parseLong(Files.readAllLines(pids).getFirst());
  }

  private static boolean alive(long pid) {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  @Test
  void status_whileBeylaObserves_namesBothCollectors() throws Exception {
    Path pids = directory.resolve("pids");
    try (CoralProcess agent = agent(pids)) {
      long pid = pid(pids);
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                JsonObject status = agent.api().agent("GetStatus", new JsonObject());
                List<JsonObject> collectors = Api.objects(status, "collectors");
                assertThat(collectors)
                    .extracting(each -> Api.text(each, "name") + " " + Api.text(each, "state"))
                    .containsExactly("http off", "beyla ok");
                assertThat(Api.text(collectors.getFirst(), "reason")).isEqualTo("Beyla observes");
              });
      agent.stop();
      assertThat(alive(pid)).isFalse();
      assertThat(directory.resolve("beyla")).exists();
      assertThat(agent.output())
          .contains("audit - event=beyla_started pid=" + pid)
          .contains("protocols=http,grpc,sql,kafka,redis")
          .contains("audit - event=beyla_stopped pid=" + pid);
    }
  }

  @Test
  void agentThatIsKilled_leavesNoChild() throws Exception {
    Path pids = directory.resolve("pids");
    try (CoralProcess agent = agent(pids)) {
      long pid = pid(pids);
      assertThat(alive(pid)).isTrue();
      agent.kill();
      await().atMost(PATIENCE).until(() -> !alive(pid));
    }
  }

  private static Map<String, Object> failedCharge() {
    Map<String, Object> attributes = new HashMap<>(CHARGE);
    attributes.put("http.response.status_code", "503");
    return attributes;
  }

  /// @param times how often each of 4 ms, 60 ms, 200 ms and 12 s
  private static double[] durations(int times) {
    return DoubleStream.of(0.004, 0.06, 0.2, 12)
        .flatMap(each -> DoubleStream.generate(() -> each).limit(times))
        .toArray();
  }

  @Test
  void requests_thatBeylaReports_areAtAgentAndColonyOnce() throws Exception {
    int reports = Host.freePort();
    int otlp = Host.freePort();
    int colonyPort = Host.freePort();
    Path colonyConfig =
        Files.writeString(directory.resolve("colony.yaml"), "colony:\n  poll_interval: 1s\n");
    try (CoralProcess colony =
            CoralProcess.colony(
                directory.resolve("colony"), colonyPort, "--config", colonyConfig.toString());
        CoralProcess agent =
            BeylaHost.agent(
                directory,
                directory.resolve("pids"),
                reports,
                otlp,
                "colony: '127.0.0.1:%d', flush_interval: 1s".formatted(colonyPort))) {
      long now = System.currentTimeMillis() * 1_000_000;
      long start = now - 60_000_000_000L;
      long middle = now - 10_000_000_000L;
      String metric = "http.server.request.duration";
      // The SDK of the application tells of the same requests, and sooner than Beyla.
      assertThat(Otlp.sendSpans(otlp, applicationSpans(now - 20_000_000_000L))).isEqualTo(200);
      Otlp.sendMetricsByGrpc(
          reports,
          BeylaPayloads.request(
              "payments",
              BeylaPayloads.cumulative(
                  metric, BeylaPayloads.point(CHARGE, start, middle, durations(25)))));
      // Cumulative: of these, 25 of each were there before.
      assertThat(
              Otlp.sendMetrics(
                  reports,
                  BeylaPayloads.request(
                      "payments",
                      BeylaPayloads.cumulative(
                          metric,
                          BeylaPayloads.point(CHARGE, start, now, durations(50)),
                          BeylaPayloads.point(failedCharge(), start, now, 0.004, 0.004, 0.004)))))
          .isEqualTo(200);
      // Its spans tell of the same requests as well.
      Span span = BeylaPayloads.serverSpan(0x4bf92f35L, now - 200_000_000, now, CHARGE);
      assertThat(Otlp.sendSpans(reports, BeylaPayloads.spans("payments", span))).isEqualTo(200);
      await().atMost(PATIENCE).untilAsserted(() -> assertServed(agent, "agent"));
      await().atMost(PATIENCE).untilAsserted(() -> assertServed(colony, "colony"));
      await("the application's requests are stored too")
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                try (Snapshot snapshot = Snapshot.of(agent, directory)) {
                  assertThat(
                          snapshot.number(
                              "SELECT sum(requests) FROM http_metrics_rows WHERE source = 'otlp'"))
                      .isEqualTo(40);
                }
              });
      for (CoralProcess each : List.of(agent, colony)) {
        await("the span is there").atMost(PATIENCE).untilAsserted(() -> assertStored(each));
      }
      assertServed(agent, "agent");
      assertServed(colony, "colony");
    }
  }

  /// 200 that went well, and 3 that did not: half of the 203 took up to 0.1 s.
  private static void assertServed(CoralProcess coral, String role) throws IOException {
    assertThat(coral.api().served(role, "payments"))
        .isEqualTo(Map.of("POST /charge 200", 200L, "POST /charge 503", 3L));
    JsonObject request = new JsonObject();
    request.addProperty("serviceName", "payments");
    JsonObject overall =
        (role.equals("agent")
                ? coral.api().agent("QueryHttp", request)
                : coral.api().colony("QueryHttp", request))
            .getAsJsonObject("overall");
    assertThat(Api.number(overall, "requests")).isEqualTo(203);
    assertThat(Api.number(overall, "errors")).isEqualTo(3);
    // Evenly spread over their buckets: the 101.5th of 203 is the 48.5th of 50 from 50 to 75 ms.
    assertThat(overall.get("p50Ms").getAsDouble()).isCloseTo(74.25, within(1.0));
    // Above the last bound, which is 10 s.
    assertThat(overall.get("p99Ms").getAsDouble()).isBetween(10_000.0, 10_900.0);
  }

  private void assertStored(CoralProcess coral) throws Exception {
    try (Snapshot snapshot = Snapshot.of(coral, directory)) {
      assertThat(
              snapshot.rows(
                  "SELECT latency_bucket_ms, http_status_code, sum(count)::BIGINT,"
                      + " any_value(attributes['source']) FROM beyla_http_metrics"
                      + " GROUP BY ALL ORDER BY ALL"))
          .extracting(Object::toString)
          .containsExactly(
              "[10.0, 200, 50, beyla]",
              "[10.0, 503, 3, beyla]",
              "[100.0, 200, 50, beyla]",
              "[250.0, 200, 50, beyla]",
              "[Infinity, 200, 50, beyla]");
      assertThat(
              snapshot.rows(
                  "SELECT trace_id, service_name, span_name, span_kind, duration_us, status_code,"
                      + " attributes->>'source' FROM beyla_traces"))
          .extracting(Object::toString)
          .containsExactly(
              "[0000000000000000000000004bf92f35, payments, POST /charge, server, 200000, 200, beyla]");
      assertThat(
              snapshot.number(
                  "SELECT sum(duration_nanos)::BIGINT FROM http_metrics_rows WHERE source = 'beyla'"))
          .isEqualTo(50 * 12_264_000_000L + 12_000_000);
    }
  }

  /// 40 of the same requests, as the SDK of the application reports them.
  private static ExportTraceServiceRequest applicationSpans(long end) {
    ScopeSpans.Builder scope = ScopeSpans.newBuilder();
    for (int i = 1; i <= 40; i++) {
      scope.addSpans(BeylaPayloads.serverSpan(i, end - 60_000_000, end, CHARGE));
    }
    return ExportTraceServiceRequest.newBuilder()
        .addResourceSpans(
            ResourceSpans.newBuilder()
                .setResource(BeylaPayloads.resource("payments", "opentelemetry"))
                .addScopeSpans(scope))
        .build();
  }
}
