package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `beyla.limits.max_traced_connections`: further connections are counted, and not parsed.
final class ConnectionLimitKernelIT {
  private static final String LIMIT = "coral_dropped_total{reason=\"connection_limit\"}";
  private static final Duration SEEN = Duration.ofSeconds(100);

  @TempDir Path directory;

  @BeforeEach
  void needsCapture() {
    Host.requireCapture();
  }

  private static void ask(RawClient client, int times) throws Exception {
    for (int i = 0; i < times; i++) {
      client.send("GET /ok HTTP/1.1\r\nHost: shop\r\n\r\n");
      client.receive("GET");
    }
  }

  private static long requests(CoralProcess agent) throws Exception {
    return agent.api().served("agent", "shop").values().stream().mapToLong(each -> each).sum();
  }

  @Test
  void connectionsAboveTheLimit_areCountedOnce_untilThereIsRoom() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("agent.yaml"),
            "agent: {flush_interval: 1s, colony: ''}\n"
                + "beyla: {limits: {max_traced_connections: 2}}\n");
    List<RawClient> clients = new ArrayList<>();
    try (Backend backend = Backend.start(Backend.Kind.NGINX, directory)) {
      List<String> arguments = new ArrayList<>(List.of("--config", file.toString()));
      arguments.addAll(List.of(backend.observedAs("shop")));
      try (CoralProcess agent =
          CoralProcess.agent(directory, Host.freePort(), arguments.toArray(String[]::new))) {
        for (int i = 0; i < 5; i++) {
          clients.add(new RawClient(backend.port()));
          ask(clients.getLast(), 7);
        }
        await()
            .atMost(SEEN)
            .untilAsserted(
                () -> {
                  JsonObject counters =
                      agent.api().agent("GetStatus", new JsonObject()).getAsJsonObject("counters");
                  assertThat(counters.get(LIMIT).getAsLong()).isEqualTo(3);
                  assertThat(requests(agent)).isEqualTo(14);
                });
        clients.getFirst().close();
        Thread.sleep(500);
        ask(clients.getLast(), 5);
        await().atMost(SEEN).untilAsserted(() -> assertThat(requests(agent)).isEqualTo(19));
      }
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
  }
}
