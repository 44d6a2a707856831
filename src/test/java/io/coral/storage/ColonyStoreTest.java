package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.ColumnBatch;
import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
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

  private static long append(ColonyStore store, String agent, NumberedBatch batch) {
    return store.append(List.of(new Delivery(agent, batch))).getFirst().numbers();
  }

  private static SeqRanges held(ColonyStore store, String agent) {
    return store.known(agent, StreamSchema.TRACES, EPOCH).held();
  }

  /// Lets a row of the clock's time come.
  private void seeTheTime(ColonyStore store) {
    ColumnBatch row = AgentStoreTest.alias(clock.instant());
    append(store, "z", new NumberedBatch("trace_aliases", EPOCH, clock.millis(), row));
  }

  private static long rows(ColonyStore store) {
    return rowsByAgent(store).values().stream().mapToLong(Long::longValue).sum();
  }

  private static Map<String, Long> rowsByAgent(ColonyStore store) {
    Map<String, Long> rows = new HashMap<>();
    try (Connection reader = store.reader();
        Statement statement = reader.createStatement()) {
      for (StreamSchema schema : StreamSchema.ALL) {
        try (ResultSet result =
            statement.executeQuery(
                "SELECT agent_id, count(*) FROM ("
                    + store.relation(schema, 0, Long.MAX_VALUE)
                    + ") GROUP BY agent_id")) {
          while (result.next()) {
            rows.merge(result.getString(1), result.getLong(2), Long::sum);
          }
        }
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
    return rows;
  }

  @Test
  void batch_deliveredTwice_changesNothing() {
    try (ColonyStore store = open()) {
      assertThat(append(store, "a", spans(1, 5))).isEqualTo(5);
      assertThat(append(store, "a", spans(1, 5))).isZero();
      assertThat(append(store, "a", spans(6, 2))).isEqualTo(2);
      assertThat(rows(store)).isEqualTo(7);
      assertThat(held(store, "a")).isEqualTo(SeqRanges.of(1, 7));
      assertThat(store.gaps()).isEmpty();
    }
  }

  @Test
  void batches_thatOverlap_addOnlyWhatIsNew() throws Exception {
    try (ColonyStore store = open()) {
      append(store, "a", spans(1, 5));
      assertThat(append(store, "a", spans(11, 5))).isEqualTo(5);
      assertThat(append(store, "a", spans(4, 9))).isEqualTo(5);
      assertThat(append(store, "a", spans(1, 15))).isZero();
      assertThat(held(store, "a")).isEqualTo(SeqRanges.of(1, 15));
      try (Connection reader = store.reader()) {
        assertThat(
                Database.number(
                    reader,
                    "SELECT count(DISTINCT seq) FROM ("
                        + store.relation(StreamSchema.TRACES, 0, Long.MAX_VALUE)
                        + ")"))
            .isEqualTo(15);
      }
      assertThat(rows(store)).isEqualTo(15);
    }
    try (ColonyStore store = open()) {
      assertThat(held(store, "a")).isEqualTo(SeqRanges.of(1, 15));
    }
  }

  @Test
  void oneTransaction_mayHaveBatchesOfManyAgents_andTheSameTwice() {
    try (ColonyStore store = open()) {
      List<ColonyStore.Stored> stored =
          store.append(
              List.of(
                  new Delivery("a", spans(1, 5)),
                  new Delivery("b", spans(1, 3)),
                  new Delivery("a", spans(4, 4))));
      assertThat(stored.stream().map(ColonyStore.Stored::numbers)).containsExactly(5L, 3L, 2L);
      assertThat(rowsByAgent(store)).isEqualTo(Map.of("a", 7L, "b", 3L));
    }
  }

  @Test
  void numbersThatAreGone_areAGap_untilTheirRowsComeFromElsewhere() {
    try (ColonyStore store = open()) {
      append(store, "a", spans(1, 5));
      lose(store, SeqRanges.of(6, 10));
      append(store, "a", spans(11, 1));
    }
    try (ColonyStore store = open()) {
      assertThat(store.gaps()).hasSize(1).first().asString().startsWith("5 rows of traces expired");
      append(store, "a", spans(6, 5));
      assertThat(store.gaps()).isEmpty();
    }
  }

  @Test
  void agents_andEpochs_haveCheckpointsOfTheirOwn() {
    try (ColonyStore store = open()) {
      append(store, "a", spans(1, 5));
      append(store, "b", spans(1, 3));
      append(store, "a", new NumberedBatch("traces", 100, 1, AgentStoreTest.spans("web", 2)));
      assertThat(store.known("a", StreamSchema.TRACES, 100).held()).isEqualTo(SeqRanges.of(1, 2));
      assertThat(rowsByAgent(store)).isEqualTo(Map.of("a", 7L, "b", 3L));
    }
  }

  @Test
  void newDay_knowsTheNumbersOfTheOld() {
    try (ColonyStore store = open()) {
      append(store, "a", spans(1, 5));
      clock.advance(Duration.ofDays(1));
      assertThat(append(store, "a", spans(1, 5))).isZero();
      assertThat(append(store, "a", spans(6, 1))).isEqualTo(1);
    }
    try (ColonyStore store = open()) {
      assertThat(rows(store)).isEqualTo(6);
      assertThat(append(store, "a", spans(6, 1))).isZero();
    }
  }

  @Test
  void retention_deletesWholeDays() throws Exception {
    try (ColonyStore store = open()) {
      append(store, "a", spans(1, 5));
      clock.advance(Duration.ofDays(8));
      append(store, "a", spans(6, 1));
      Map<StreamSchema, Duration> week = Map.of(StreamSchema.TRACES, Duration.ofDays(7));
      assertThat(store.dropExpired(week)).as("only the clock says that it is later").isEmpty();
      seeTheTime(store);
      assertThat(store.dropExpired(week)).containsExactly("traces-2026-11-21.duckdb");
      assertThat(rowsByAgent(store)).containsEntry("a", 1L);
      assertThat(Files.exists(directory.resolve("traces-2026-11-21.duckdb"))).isFalse();
    }
  }

  @Test
  void sampledOutRows_keepTheirNumbers() {
    try (ColonyStore store = open()) {
      store.append(List.of(new Delivery("a", spans(1, 6), row -> row % 2 == 0)));
      assertThat(rows(store)).isEqualTo(3);
      assertThat(append(store, "a", spans(7, 1))).isEqualTo(1);
      assertThat(store.gaps()).isEmpty();
    }
  }

  @Test
  void numbersOfADeletedDay_areNoGap() {
    try (ColonyStore store = open()) {
      append(store, "a", spans(1, 5));
      append(store, "b", spans(1, 5));
      clock.advance(Duration.ofDays(8));
      append(store, "a", spans(6, 1));
      seeTheTime(store);
      store.dropExpired(Map.of(StreamSchema.TRACES, Duration.ofDays(7)));
      assertThat(held(store, "a")).isEqualTo(SeqRanges.of(6, 6));
      assertThat(held(store, "b")).isEqualTo(SeqRanges.NONE);
      assertThat(store.known("b", StreamSchema.TRACES, EPOCH).deleted())
          .isEqualTo(SeqRanges.of(1, 5));
    }
    try (ColonyStore store = open()) {
      assertThat(store.known("b", StreamSchema.TRACES, EPOCH).all()).isEqualTo(SeqRanges.of(1, 5));
      assertThat(store.gaps()).isEmpty();
    }
  }

  @Test
  void rowsThatCameLate_outliveTheDayOfThoseBehindThem() {
    try (ColonyStore store = open()) {
      append(store, "a", spans(6, 4));
      clock.advance(Duration.ofDays(5));
      append(store, "a", spans(1, 5));
      clock.advance(Duration.ofDays(4));
      seeTheTime(store);
      store.dropExpired(Map.of(StreamSchema.TRACES, Duration.ofDays(7)));
      assertThat(rows(store)).isEqualTo(1 + 5);
    }
    try (ColonyStore store = open()) {
      assertThat(held(store, "a")).isEqualTo(SeqRanges.of(1, 5));
      assertThat(store.known("a", StreamSchema.TRACES, EPOCH).deleted())
          .isEqualTo(SeqRanges.of(6, 9));
    }
  }

  private static void lose(ColonyStore store, SeqRanges seqs) {
    store.noteLost("a", StreamSchema.TRACES, EPOCH, LostSeqs.atAnyTime(seqs));
  }

  @Test
  void gapsOfOtherDays_outliveADeletedDay() {
    try (ColonyStore store = open()) {
      append(store, "a", spans(1, 5));
      lose(store, SeqRanges.of(6, 7));
      clock.advance(Duration.ofDays(9));
      append(store, "a", spans(8, 1));
      lose(store, SeqRanges.of(9, 11));
      seeTheTime(store);
      assertThat(store.dropExpired(Map.of(StreamSchema.TRACES, Duration.ofDays(7)))).hasSize(1);
      assertThat(store.gaps()).hasSize(1).first().asString().startsWith("3 rows of traces expired");
      assertThat(store.known("a", StreamSchema.TRACES, EPOCH).deleted())
          .isEqualTo(SeqRanges.of(1, 7));
      assertThat(store.lost())
          .isEqualTo(
              Map.of(
                  "a",
                  Map.of(
                      new StreamEpoch("traces", EPOCH),
                      LostSeqs.of(SeqRanges.of(9, 11), clock.millis() * 1_000_000))));
    }
  }

  @Test
  void fileOfAnEarlierVersion_isUpgraded_whenever() throws Exception {
    try (ColonyStore store = open()) {
      append(store, "a", spans(1, 5));
      append(store, "a", spans(11, 2));
    }
    Path file = directory.resolve("traces-2026-11-21.duckdb");
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + file)) {
      Database.execute(connection, "DROP TABLE seqs");
      Database.execute(
          connection,
          "CREATE TABLE checkpoints AS SELECT 'a' AS agent_id, 99::BIGINT AS epoch, 20::BIGINT AS"
              + " seq");
      Database.execute(
          connection,
          "CREATE TABLE gaps AS SELECT 'a' AS agent_id, 99::BIGINT AS epoch, 6::BIGINT AS from_seq,"
              + " 10::BIGINT AS to_seq, 1::BIGINT AS found_unix_nanos");
    }
    for (int i = 0; i < 2; i++) {
      try (ColonyStore store = open()) {
        KnownSeqs known = store.known("a", StreamSchema.TRACES, EPOCH);
        assertThat(known.held()).isEqualTo(SeqRanges.of(1, 5).plus(11, 12));
        assertThat(known.gone()).isEqualTo(SeqRanges.of(6, 10));
        assertThat(known.deleted()).isEqualTo(SeqRanges.of(13, 20));
        assertThat(rows(store)).isEqualTo(7);
      }
    }
  }

  @Test
  void damagedDay_isKeptAsideAndTheRestServes() throws Exception {
    try (ColonyStore store = open()) {
      append(store, "a", spans(1, 5));
      append(
          store,
          "a",
          new NumberedBatch(
              "http_metrics", EPOCH, 1, AgentStoreTest.metrics("web", "/", 200, 4, 5)));
    }
    try (FileChannel file =
        FileChannel.open(directory.resolve("traces-2026-11-21.duckdb"), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(12_288), 0);
    }
    try (ColonyStore store = open()) {
      assertThat(store.losses()).hasSize(1).first().asString().contains("traces of 2026-11-21");
      assertThat(rows(store)).isEqualTo(1);
      assertThat(append(store, "a", spans(1, 5))).isEqualTo(5);
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
      append(store, "a", spans(1, 2));
      append(
          store,
          "a",
          new NumberedBatch(
              "http_metrics", EPOCH, 1, AgentStoreTest.metrics("web", "/", 200, 4, 5)));
      store.snapshot(file);
    }
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + file);
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "select agent_id, sum(count), (select count(*) from beyla_traces where agent_id ="
                    + " 'a') from beyla_http_metrics group by all")) {
      assertThat(result.next()).isTrue();
      assertThat(result.getString(1)).isEqualTo("a");
      assertThat(result.getLong(2)).isEqualTo(4);
      assertThat(result.getLong(3)).isEqualTo(2);
    }
  }

  /// A node begins to pull an agent that another one still answers for.
  @Test
  void rowsOfAnotherAgent_thatComeWhileSomeAreAskedFor_areNotInTheAnswer() {
    SumsQuestion question =
        new SumsQuestion(
            List.of(StreamSchema.HTTP_METRICS),
            List.of(),
            Map.of(),
            0,
            Long.MAX_VALUE,
            SumsQuestion.ONE_STEP,
            false);
    NumberedBatch window =
        new NumberedBatch("http_metrics", EPOCH, 1, AgentStoreTest.metrics("web", "/", 200, 1, 5));
    try (ColonyStore store = open()) {
      append(store, "a", window);
      AtomicInteger asked = new AtomicInteger();
      long calls =
          StoreQueries.ask(
              store,
              Set.of("a"),
              queries -> {
                if (asked.getAndIncrement() == 0) {
                  append(store, "b", window);
                }
                return queries.sums().sums(question).sums().values().stream()
                    .mapToLong(SumTable.Sum::calls)
                    .sum();
              });
      assertThat(calls).isEqualTo(1);
      assertThat(asked).hasValue(2);
    }
  }
}
