package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ColonyStoreTest {
  private static final long EPOCH = 99;

  @TempDir Path directory;
  private final SteppingClock clock = new SteppingClock(AgentStoreTest.NOON);

  private ColonyStore open() {
    return ColonyStore.open(directory, clock);
  }

  private static NumberedBatch spans(long firstSeq, int rows) {
    return new NumberedBatch("traces", EPOCH, firstSeq, AgentStoreTest.spans("web", rows));
  }

  private static long rows(ColonyStore store) {
    return store.rowsByAgent().values().stream().mapToLong(Long::longValue).sum();
  }

  @Test
  void batch_deliveredTwice_changesNothing() {
    try (ColonyStore store = open()) {
      assertThat(store.append("a", spans(1, 5), _ -> true)).isTrue();
      assertThat(store.append("a", spans(1, 5), _ -> true)).isFalse();
      assertThat(store.append("a", spans(6, 2), _ -> true)).isTrue();
      assertThat(rows(store)).isEqualTo(7);
      assertThat(store.checkpoints("a", StreamSchema.TRACES).get(EPOCH))
          .isEqualTo(new ColonyStore.Checkpoint(EPOCH, 7));
      assertThat(store.gaps(0)).isEmpty();
    }
  }

  @Test
  void batch_beyondTheCheckpoint_leavesAGap() {
    try (ColonyStore store = open()) {
      store.append("a", spans(1, 5), _ -> true);
      store.append("a", spans(11, 1), _ -> true);
      assertThat(store.gaps(0))
          .hasSize(1)
          .first()
          .asString()
          .startsWith("5 rows of traces expired");
    }
  }

  @Test
  void agents_andEpochs_haveCheckpointsOfTheirOwn() {
    try (ColonyStore store = open()) {
      store.append("a", spans(1, 5), _ -> true);
      store.append("b", spans(1, 3), _ -> true);
      store.append(
          "a", new NumberedBatch("traces", 100, 1, AgentStoreTest.spans("web", 2)), _ -> true);
      assertThat(store.checkpoints("a", StreamSchema.TRACES)).hasSize(2);
      assertThat(store.rowsByAgent()).isEqualTo(Map.of("a", 7L, "b", 3L));
    }
  }

  @Test
  void newDay_beginsWithTheCheckpointsOfTheOld() {
    try (ColonyStore store = open()) {
      store.append("a", spans(1, 5), _ -> true);
      clock.advance(Duration.ofDays(1));
      assertThat(store.append("a", spans(1, 5), _ -> true)).isFalse();
      assertThat(store.append("a", spans(6, 1), _ -> true)).isTrue();
    }
    try (ColonyStore store = open()) {
      assertThat(rows(store)).isEqualTo(6);
      assertThat(store.append("a", spans(6, 1), _ -> true)).isFalse();
    }
  }

  @Test
  void retention_deletesWholeDays() throws Exception {
    try (ColonyStore store = open()) {
      store.append("a", spans(1, 5), _ -> true);
      clock.advance(Duration.ofDays(8));
      store.append("a", spans(6, 1), _ -> true);
      assertThat(store.dropExpired(Map.of(StreamSchema.TRACES, Duration.ofDays(7))))
          .containsExactly("traces-2026-11-21.duckdb");
      assertThat(rows(store)).isEqualTo(1);
      assertThat(Files.exists(directory.resolve("traces-2026-11-21.duckdb"))).isFalse();
    }
  }

  @Test
  void sampledOutRows_keepTheirNumbers() {
    try (ColonyStore store = open()) {
      store.append("a", spans(1, 6), row -> row % 2 == 0);
      assertThat(rows(store)).isEqualTo(3);
      assertThat(store.append("a", spans(7, 1), _ -> true)).isTrue();
      assertThat(store.gaps(0)).isEmpty();
    }
  }

  @Test
  void emptyBatch_movesTheCheckpointOverWhatExpired() {
    ColumnBatch none = new ColumnBatch.Builder(StreamSchema.TRACES, 0).build();
    try (ColonyStore store = open()) {
      store.append("a", spans(1, 2), _ -> true);
      assertThat(store.append("a", new NumberedBatch("traces", EPOCH, 11, none), _ -> true))
          .isTrue();
      assertThat(store.checkpoints("a", StreamSchema.TRACES).get(EPOCH))
          .isEqualTo(new ColonyStore.Checkpoint(EPOCH, 10));
      assertThat(store.gaps(0)).hasSize(1);
    }
  }

  @Test
  void damagedDay_isKeptAsideAndTheRestServes() throws Exception {
    try (ColonyStore store = open()) {
      store.append("a", spans(1, 5), _ -> true);
      store.append(
          "a",
          new NumberedBatch(
              "http_metrics", EPOCH, 1, AgentStoreTest.metrics("web", "/", 200, 4, 5)),
          _ -> true);
    }
    try (FileChannel file =
        FileChannel.open(directory.resolve("traces-2026-11-21.duckdb"), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(12_288), 0);
    }
    try (ColonyStore store = open()) {
      assertThat(store.losses()).hasSize(1).first().asString().contains("traces of 2026-11-21");
      assertThat(rows(store)).isEqualTo(1);
      assertThat(store.append("a", spans(1, 5), _ -> true)).isTrue();
      assertThat(rows(store)).isEqualTo(6);
    }
  }

  @Test
  void agents_areRememberedOverRestarts() {
    try (ColonyStore store = open()) {
      store.saveAgent(new ColonyStore.KnownAgent("a", "{}", 1));
      store.saveAgent(new ColonyStore.KnownAgent("a", "{\"x\":1}", 2));
    }
    try (ColonyStore store = open()) {
      assertThat(store.agents()).containsExactly(new ColonyStore.KnownAgent("a", "{\"x\":1}", 2));
    }
  }

  @Test
  void snapshot_namesTheAgents() throws Exception {
    Path file = directory.resolve("copy.duckdb");
    try (ColonyStore store = open()) {
      store.append("a", spans(1, 2), _ -> true);
      store.append(
          "a",
          new NumberedBatch(
              "http_metrics", EPOCH, 1, AgentStoreTest.metrics("web", "/", 200, 4, 5)),
          _ -> true);
      store.snapshot(file);
    }
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + file);
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "select agent_id, sum(count), (select count(*) from beyla_traces where agent_id = 'a')"
                    + " from beyla_http_metrics group by all")) {
      assertThat(result.next()).isTrue();
      assertThat(result.getString(1)).isEqualTo("a");
      assertThat(result.getLong(2)).isEqualTo(4);
      assertThat(result.getLong(3)).isEqualTo(2);
    }
  }
}
