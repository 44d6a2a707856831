package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Keys of the `beyla:` section whose effect on Coral's own capture shows in what is stored.
final class BeylaKeysKernelIT {
  private static final int REQUESTS = 7;
  private static final Duration SEEN = Duration.ofSeconds(100);

  @TempDir Path directory;

  @BeforeEach
  void needsCapture() {
    Host.requireCapture();
  }

  private CoralProcess agent(Backend backend, String beyla) throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("agent.yaml"),
            """
            agent: {flush_interval: 1s, colony: ''}
            beyla:
              discovery: {services: [{name: shop, open_ports: "%d-%d"}]}
            """
                    .formatted(backend.port(), backend.port())
                + beyla);
    return CoralProcess.agent(directory, Host.freePort(), "--config", file.toString());
  }

  private static void ask(Backend backend) throws Exception {
    try (RawClient client = new RawClient(backend.port())) {
      for (int i = 0; i < REQUESTS; i++) {
        client.send("GET /menu/item" + i + "x/price HTTP/1.1\r\nHost: shop\r\n\r\n");
        client.receive("GET");
      }
    }
  }

  private static long counter(CoralProcess agent, String name) throws Exception {
    return agent
        .api()
        .agent("GetStatus", new JsonObject())
        .getAsJsonObject("counters")
        .get(name)
        .getAsLong();
  }

  @Test
  void routePatternsAttributesAndSampling_areInTheRows() throws Exception {
    try (Backend backend = Backend.start(Backend.Kind.NGINX, directory);
        CoralProcess agent =
            agent(
                backend,
                """
                  protocols: {http: {route_patterns: ["/menu/:dish/price"]}}
                  attributes: {environment: production}
                  sampling: {rate: 0}
                  limits: {ring_buffer_size: 200000}
                """)) {
      ask(backend);
      await()
          .atMost(SEEN)
          .untilAsserted(
              () ->
                  assertThat(agent.api().served("agent", "shop"))
                      .isEqualTo(Map.of("GET /menu/:dish/price 200", (long) REQUESTS)));
      // Twice as many records as there are by default take 32 MiB instead of 8.
      assertThat(counter(agent, "coral_kernel_map_bytes")).isGreaterThan(32L << 20);
      // Spans wait for their relatives for at most 10 s.
      Thread.sleep(11_000);
      try (Snapshot snapshot = Snapshot.of(agent, directory)) {
        assertThat(
                snapshot.rows(
                    "SELECT DISTINCT attributes['environment'] FROM beyla_http_metrics_local"))
            .isEqualTo(List.of(List.of("production")));
        assertThat(snapshot.number("SELECT count(*) FROM beyla_traces_local")).isZero();
      }
    }
  }

  @Test
  void captureHeaders_keepsValuesAsAttributesOfSpans() throws Exception {
    try (Backend backend = Backend.start(Backend.Kind.NGINX, directory);
        CoralProcess agent =
            agent(
                backend,
                "  protocols: {http: {capture_headers: true}}\n  attributes: {zone: a}\n");
        RawClient client = new RawClient(backend.port())) {
      client.send(
          "GET /menu HTTP/1.1\r\nHost: shop\r\nX-Tenant: a \"b\"\r\nCookie: secret\r\n\r\n");
      client.receive("GET");
      await()
          .atMost(SEEN)
          .pollInterval(Duration.ofSeconds(2))
          .untilAsserted(
              () -> {
                try (Snapshot snapshot = Snapshot.of(agent, directory)) {
                  assertThat(snapshot.rows("SELECT attributes FROM beyla_traces_local"))
                      .singleElement()
                      .asString()
                      .contains("\"zone\":\"a\"")
                      .contains("\"http.request.header.x-tenant\":\"a \\\"b\\\"\"")
                      .contains("\"http.request.header.cookie\":\"***\"")
                      .doesNotContain("secret");
                }
              });
    }
  }

  @Test
  void httpOff_countsNothing_thoughItIsSeen() throws Exception {
    try (Backend backend = Backend.start(Backend.Kind.NGINX, directory);
        CoralProcess agent = agent(backend, "  protocols: {http: {enabled: false}}\n")) {
      ask(backend);
      await().atMost(SEEN).until(() -> counter(agent, "coral_kernel_exchanges_total") >= REQUESTS);
      Thread.sleep(3000);
      assertThat(agent.api().served("agent", "shop")).isEmpty();
    }
  }

  /// Only a Beyla child sends there; and what became of the process is in the audit.
  @Test
  @SuppressWarnings("try") // It is closed while the agent looks.
  void otlpEndpoint_staysClosed_andAttachingIsAudited() throws Exception {
    int endpoint = Host.freePort();
    try (Backend backend = Backend.start(Backend.Kind.NGINX, directory);
        CoralProcess agent = agent(backend, "  otlp_endpoint: '127.0.0.1:" + endpoint + "'\n")) {
      await()
          .atMost(SEEN)
          .untilAsserted(
              () ->
                  assertThat(agent.output())
                      .contains("audit - event=engine_chosen engine=auto observer=coral")
                      .contains("audit - event=agent_started ")
                      .containsPattern(
                          "audit - event=attached collector=coral pid=\\d+ exe=\\S+nginx service=shop"));
      assertThatThrownBy(() -> new RawClient(endpoint)).isInstanceOf(ConnectException.class);
      backend.close();
      await()
          .atMost(SEEN)
          .untilAsserted(
              () ->
                  assertThat(agent.output())
                      .containsPattern("audit - event=detached pid=\\d+ service=shop"));
    }
  }
}
