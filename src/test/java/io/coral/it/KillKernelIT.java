package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An agent that is killed under load harms nobody and loses nothing that it had committed.
final class KillKernelIT {
  private static final int KILLS = Integer.getInteger("coral.kills", 5);
  private static final int CONNECTIONS = 4;

  /// About 400 requests a second over four connections.
  private static final long PAUSE_MILLIS = 10;

  private static final Duration COMMITTED = Duration.ofSeconds(100);
  private static final Duration UNLOADED = Duration.ofSeconds(30);
  private static final Duration PULLED = Duration.ofSeconds(100);
  private static final List<String> STREAMS = List.of("http_metrics", "traces");

  @TempDir Path directory;

  @BeforeEach
  void needsCapture() {
    Host.requireCapture();
  }

  @Test
  void agent_killedUnderLoad_losesNothingCommittedAndLeavesNothingBehind() throws Exception {
    Path agentFile = directory.resolve("agent.yaml");
    Path colonyFile = directory.resolve("colony.yaml");
    Files.writeString(agentFile, "agent:\n  flush_interval: 1s\n");
    Files.writeString(colonyFile, "colony:\n  poll_interval: 1s\n");
    int colonyPort = Host.freePort();
    int agentPort = Host.freePort();
    try (Backend backend = Backend.start(Backend.Kind.NGINX, directory);
        CoralProcess colony =
            CoralProcess.colony(directory, colonyPort, "--config", colonyFile.toString());
        Load load = new Load(backend.port())) {
      List<String> arguments = new ArrayList<>(List.of(backend.observedAs("shop")));
      arguments.addAll(List.of("--config", agentFile.toString()));
      arguments.addAll(List.of("--colony", "127.0.0.1:" + colonyPort));
      String[] observing = arguments.toArray(String[]::new);
      Stored committed = Stored.NOTHING;
      for (int i = 0; i < KILLS; i++) {
        try (CoralProcess agent = CoralProcess.agent(directory, agentPort, observing)) {
          assertStillStored(agent, committed);
          committed = awaitNewEpoch(agent, committed);
          Set<Long> programs = BpfPrograms.of(agent.pid());
          assertThat(programs).isNotEmpty();
          assertThat(BpfPrograms.loaded()).containsAll(programs);
          agent.kill();
          assertGone(programs);
          load.assertNothingFailed();
        }
      }
      load.stop();
      try (CoralProcess agent = CoralProcess.agent(directory, agentPort, observing)) {
        assertStillStored(agent, committed);
        assertColonyHasEachRowOnce(agent, colony);
      }
      load.assertNothingFailed();
      System.out.printf(
          "%d kills: %d requests of the application, none failed; %d rows in %d epochs stored, none lost%n",
          KILLS, load.answered(), committed.rows(), committed.epochs());
    }
  }

  /// What an agent had committed when it was asked.
  ///
  /// @param lastSeq by `stream epoch`
  /// @param sums of what the rows up to that number hold, by the same
  private record Stored(Map<String, Long> lastSeq, Map<String, Long> sums) {
    static final Stored NOTHING = new Stored(Map.of(), Map.of());

    long rows() {
      return lastSeq.values().stream().mapToLong(Long::longValue).sum();
    }

    long epochs() {
      return lastSeq.keySet().stream().map(key -> key.split(" ", -1)[1]).distinct().count();
    }
  }

  /// Waits until the agent has committed rows of every stream in an epoch that is new.
  private Stored awaitNewEpoch(CoralProcess agent, Stored before) throws IOException, SQLException {
    await("rows of a new epoch")
        .atMost(COMMITTED)
        .pollInterval(Duration.ofMillis(200))
        .until(() -> lastSeq(agent).size() >= before.lastSeq.size() + STREAMS.size());
    Map<String, Long> lastSeq = lastSeq(agent);
    assertThat(lastSeq).hasSize(before.lastSeq.size() + STREAMS.size());
    return new Stored(lastSeq, sums(agent, lastSeq));
  }

  private void assertStillStored(CoralProcess agent, Stored committed)
      throws IOException, SQLException {
    Map<String, Long> now = lastSeq(agent);
    committed.lastSeq.forEach(
        (key, seq) ->
            assertThat(now)
                .as(key)
                .hasEntrySatisfying(key, n -> assertThat(n).isGreaterThanOrEqualTo(seq)));
    assertThat(sums(agent, committed.lastSeq)).isEqualTo(committed.sums);
    JsonObject status = agent.api().agent("GetStatus", new JsonObject());
    assertThat(Api.texts(status, "losses")).isEmpty();
  }

  private static Map<String, Long> lastSeq(CoralProcess agent) throws IOException {
    Map<String, Long> lastSeq = new TreeMap<>();
    JsonObject answer = agent.api().agent("ListStreams", new JsonObject());
    for (JsonObject stream : Api.objects(answer, "streams")) {
      // What joins traces later has rows only now and then.
      if (STREAMS.contains(Api.text(stream, "stream"))) {
        lastSeq.put(
            Api.text(stream, "stream") + " " + Api.text(stream, "epoch"),
            Api.number(stream, "maxSeq"));
      }
    }
    return lastSeq;
  }

  private Map<String, Long> sums(CoralProcess process, Map<String, Long> lastSeq)
      throws IOException, SQLException {
    Map<String, Long> sums = new TreeMap<>();
    try (Snapshot snapshot = Snapshot.of(process, directory)) {
      for (Map.Entry<String, Long> each : lastSeq.entrySet()) {
        String[] key = each.getKey().split(" ", -1);
        sums.put(
            each.getKey(),
            snapshot.number(
                "SELECT sum(duration_nanos) FROM "
                    + key[0]
                    + "_rows WHERE epoch = "
                    + key[1]
                    + " AND seq <= "
                    + each.getValue()));
      }
    }
    return sums;
  }

  private static void assertGone(Set<Long> programs) {
    await("the programs are gone")
        .atMost(UNLOADED)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(50))
        .untilAsserted(
            () -> assertThat(BpfPrograms.loaded()).doesNotContainAnyElementsOf(programs));
  }

  /// Nothing is added any more, so what the two hold must become the same, row by row.
  private void assertColonyHasEachRowOnce(CoralProcess agent, CoralProcess colony)
      throws IOException, SQLException {
    try (Snapshot agents = Snapshot.of(agent, directory)) {
      for (String stream : STREAMS) {
        String perEpoch =
            "SELECT epoch, count(*), count(DISTINCT seq), max(seq), sum(duration_nanos) FROM "
                + stream
                + "_rows GROUP BY epoch ORDER BY epoch";
        List<List<@Nullable Object>> expected = agents.rows(perEpoch);
        await("the colony has the rows of " + stream)
            .atMost(PULLED)
            .pollDelay(Duration.ZERO)
            .pollInterval(Duration.ofMillis(500))
            .untilAsserted(
                () -> {
                  try (Snapshot colonys = Snapshot.of(colony, directory)) {
                    assertThat(colonys.rows(perEpoch)).isEqualTo(expected);
                  }
                });
        assertThat(expected).allSatisfy(epoch -> assertThat(epoch.get(1)).isEqualTo(epoch.get(2)));
      }
    }
  }

  /// An application at work: keep-alive connections, each with a request every few milliseconds.
  private static final class Load implements AutoCloseable {
    private final ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS);
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final AtomicLong answered = new AtomicLong();
    private final List<Future<@Nullable Void>> running = new ArrayList<>();

    Load(int port) throws IOException {
      for (int i = 0; i < CONNECTIONS; i++) {
        RawClient connection = new RawClient(port);
        running.add(threads.submit(() -> run(connection)));
      }
    }

    private @Nullable Void run(RawClient connection) throws IOException, InterruptedException {
      try (connection) {
        for (long i = 0; !stopping.get(); i++) {
          connection.send("GET /api/orders/" + i + " HTTP/1.1\r\nHost: shop.example\r\n\r\n");
          RawClient.Answer answer = connection.receive("GET");
          if (answer.status() != 200) {
            throw new IOException("request " + i + " was answered with " + answer.status());
          }
          answered.incrementAndGet();
          Thread.sleep(PAUSE_MILLIS);
        }
      }
      return null;
    }

    long answered() {
      return answered.get();
    }

    void assertNothingFailed() {
      assertThat(running)
          .allSatisfy(
              each -> {
                if (each.isDone()) {
                  each.get();
                }
                assertThat(each.isDone()).isEqualTo(stopping.get());
              });
    }

    /// Ends each connection after the answer that it waits for.
    void stop() throws InterruptedException {
      stopping.set(true);
      threads.shutdown();
      if (!threads.awaitTermination(20, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the load does not end");
      }
    }

    @Override
    public void close() {
      stopping.set(true);
      threads.shutdownNow();
    }
  }
}
