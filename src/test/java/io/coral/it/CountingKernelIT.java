package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every request is counted once, per route, method and status, at the agent and at the colony.
final class CountingKernelIT {
  private static final int CONNECTIONS = 3;
  private static final Duration COUNTED = Duration.ofSeconds(100);
  private static final Duration STILL_THE_SAME = Duration.ofSeconds(30);
  private static final String SERVICE = "shop";
  private static final Pattern COUNT =
      Pattern.compile(
          "http_server_request_duration_seconds_count\\{service_name=\"shop\","
              + "http_request_method=\"(\\w+)\",http_route=\"([^\"]+)\","
              + "http_response_status_code=\"(\\d+)\"[^}]*} (\\d+)");
  private static final Pattern EXEMPLAR =
      Pattern.compile(" # \\{trace_id=\"([0-9a-f]{32})\",span_id=\"([0-9a-f]{16})\"} ");

  @TempDir Path directory;

  @BeforeEach
  void needsCapture() {
    Host.requireCapture();
  }

  @Test
  void traffic_asPlanned_hasSevenRoutesAndThirteenErrors() {
    Map<String, Long> expected = CountingTraffic.expected();
    assertThat(expected.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(1009);
    assertThat(expected.keySet().stream().map(key -> key.split(" ", -1)[1]).distinct())
        .hasSize(CountingTraffic.ROUTES);
    assertThat(
            expected.entrySet().stream()
                .filter(entry -> entry.getKey().endsWith(" 503"))
                .mapToLong(Map.Entry::getValue)
                .sum())
        .isEqualTo(CountingTraffic.ERRORS);
  }

  /// The default intervals, and the counts once more half a minute later.
  @Test
  void requests_defaultIntervals_areCountedExactlyAndStaySo() throws Exception {
    countedExactly(Backend.Kind.NGINX, "", "", STILL_THE_SAME);
  }

  @ParameterizedTest
  @EnumSource(names = "NGINX", mode = EnumSource.Mode.EXCLUDE)
  void requests_toThisServer_areCountedExactly(Backend.Kind kind) throws Exception {
    countedExactly(kind, "  flush_interval: 1s\n", "  poll_interval: 1s\n", Duration.ZERO);
  }

  private void countedExactly(Backend.Kind kind, String agentKeys, String colonyKeys, Duration rest)
      throws Exception {
    Path agentFile =
        Files.writeString(directory.resolve("agent.yaml"), section("agent", agentKeys));
    Path colonyFile =
        Files.writeString(directory.resolve("colony.yaml"), section("colony", colonyKeys));
    Map<String, Long> expected = CountingTraffic.expected();
    int colonyPort = Host.freePort();
    int agentPort = Host.freePort();
    List<String> arguments = new ArrayList<>(List.of("--config", agentFile.toString()));
    arguments.addAll(List.of("--colony", "127.0.0.1:" + colonyPort));
    List<RawClient> connections = new ArrayList<>();
    try (Backend backend = Backend.start(kind, directory)) {
      for (int i = 0; i < CONNECTIONS; i++) {
        connections.add(new RawClient(backend.port()));
      }
      arguments.addAll(List.of(backend.observedAs(SERVICE)));
      String[] observing = arguments.toArray(String[]::new);
      String[] colonyArguments = {"--config", colonyFile.toString()};
      CoralProcess colony = CoralProcess.colony(directory, colonyPort, colonyArguments);
      CoralProcess agent = CoralProcess.agent(directory, agentPort, observing);
      try {
        CountingTraffic.send(connections);
        assertCounted(agent, "agent", expected, COUNTED);
        assertCounted(colony, "colony", expected, COUNTED);
        assertNothingLost(agent);
        assertShown(agent, expected);
        assertShown(colony, expected);

        rest(rest);
        assertThat(agent.api().served("agent", SERVICE)).isEqualTo(expected);
        assertThat(colony.api().served("colony", SERVICE)).isEqualTo(expected);

        colony.stop();
        colony = CoralProcess.colony(directory, colonyPort, colonyArguments);
        assertThat(colony.api().served("colony", SERVICE)).isEqualTo(expected);

        agent.stop();
        agent = CoralProcess.agent(directory, agentPort, observing);
        assertThat(agent.api().served("agent", SERVICE)).isEqualTo(expected);
        assertPolled(colony);
        assertThat(colony.api().served("colony", SERVICE)).isEqualTo(expected);
        assertNothingLost(agent);
      } finally {
        agent.close();
        colony.close();
      }
    } finally {
      for (RawClient connection : connections) {
        connection.close();
      }
    }
  }

  /// `/metrics` has the same, and an exemplar whose trace is found.
  private static void assertShown(CoralProcess coral, Map<String, Long> expected) {
    await("the trace of an exemplar is found")
        .atMost(COUNTED)
        .untilAsserted(
            () -> {
              String metrics = coral.api().metrics();
              Map<String, Long> shown = new TreeMap<>();
              COUNT
                  .matcher(metrics)
                  .results()
                  .forEach(
                      each ->
                          shown.put(
                              each.group(1) + " " + each.group(2) + " " + each.group(3),
                              Long.parseLong(each.group(4))));
              assertThat(shown).isEqualTo(expected);
              Matcher exemplar = EXEMPLAR.matcher(metrics);
              assertThat(exemplar.find()).isTrue();
              assertThat(coral.api().get("/api/traces/" + exemplar.group(1), "*/*"))
                  .contains(exemplar.group(2));
            });
  }

  private static String section(String name, String keys) {
    return keys.isEmpty() ? "" : name + ":\n" + keys;
  }

  private static void assertCounted(
      CoralProcess process, String role, Map<String, Long> expected, Duration within) {
    await(role + " has counted")
        .atMost(within)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(250))
        .untilAsserted(() -> assertThat(process.api().served(role, SERVICE)).isEqualTo(expected));
  }

  /// The colony has drained the agent anew.
  private static void assertPolled(CoralProcess colony) {
    long now = System.currentTimeMillis() * 1_000_000;
    await("the colony polls the agent")
        .atMost(Duration.ofSeconds(100))
        .pollInterval(Duration.ofMillis(250))
        .untilAsserted(
            () ->
                assertThat(
                        Api.objects(colony.api().colony("ListAgents", new JsonObject()), "agents"))
                    .anyMatch(agent -> Api.number(agent, "lastPollUnixNanos") > now));
  }

  private static void assertNothingLost(CoralProcess agent) throws IOException {
    JsonObject status = agent.api().agent("GetStatus", new JsonObject());
    assertThat(Api.texts(status, "losses")).isEmpty();
    JsonObject counters = status.getAsJsonObject("counters");
    assertThat(
            counters.entrySet().stream()
                .filter(entry -> entry.getKey().contains("dropped"))
                .filter(entry -> entry.getValue().getAsLong() != 0))
        .isEmpty();
  }

  /// The claim is about time that passes; there is nothing to wait for.
  private static void rest(Duration duration) throws InterruptedException {
    Thread.sleep(duration);
  }
}
