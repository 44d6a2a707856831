package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.ColumnBatch;
import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Days of the history that are sealed against what they were.
final class SealingTest {
  private static final long EPOCH = 7;

  @TempDir Path directory;
  private final SteppingClock clock = new SteppingClock(AgentStoreTest.NOON);

  private ColonyStore open() {
    return ColonyStore.open(directory, clock);
  }

  private void append(ColonyStore store, long firstSeq) {
    long millis = clock.millis();
    store.append(
        List.of(
            new Delivery(
                "a", new NumberedBatch("traces", EPOCH, firstSeq, AgentStoreTest.spans("web", 40))),
            new Delivery(
                "b",
                new NumberedBatch("traces", EPOCH, firstSeq, AgentStoreTest.spans("db", 10)))));
    store.append(
        List.of(
            new Delivery(
                "a",
                new NumberedBatch(
                    "http_metrics",
                    EPOCH,
                    firstSeq,
                    AgentStoreTest.metrics("web", "/cart", 200, 3, millis)))));
    ColumnBatch row = AgentStoreTest.alias(clock.instant());
    store.append(
        List.of(new Delivery("a", new NumberedBatch("trace_aliases", EPOCH, firstSeq, row))));
  }

  /// Everything that is stored, as text.
  private static Map<String, List<String>> everything(ColonyStore store) throws SQLException {
    Map<String, List<String>> everything = new TreeMap<>();
    try (Connection reader = store.reader();
        Statement statement = reader.createStatement()) {
      for (StreamSchema schema : StreamSchema.ALL) {
        List<String> rows = new ArrayList<>();
        try (ResultSet result =
            statement.executeQuery(
                "SELECT r::VARCHAR FROM ("
                    + store.relation(schema, 0, Long.MAX_VALUE)
                    + ") AS r ORDER BY ALL")) {
          while (result.next()) {
            rows.add(result.getString(1));
          }
        }
        everything.put(schema.name(), rows);
      }
    }
    return everything;
  }

  /// Seals the days that are over, and returns how many were.
  static int seal(ColonyStore store) {
    store.roll();
    int sealed = 0;
    Optional<ColonyStore.Unsealed> day = store.nextToSeal();
    while (day.isPresent()) {
      store.writeSealed(day.get());
      assertThat(store.replaceBySealed(day.get())).isTrue();
      sealed++;
      day = store.nextToSeal();
    }
    return sealed;
  }

  private Set<String> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("traces-"))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  @Test
  void sealedDay_saysTheSame_alsoWhenOpenedAgain() throws Exception {
    Map<String, List<String>> before;
    try (ColonyStore store = open()) {
      append(store, 1);
      append(store, 100);
      clock.advance(Duration.ofDays(1));
      append(store, 200);
      before = everything(store);
      assertThat(before.get("traces")).hasSize(150);

      assertThat(seal(store)).isEqualTo(3);
      assertThat(everything(store)).isEqualTo(before);
      assertThat(seal(store)).isZero();
      // What is stored in the meantime goes on.
      append(store, 300);
      assertThat(everything(store).get("traces")).hasSize(200);
    }
    try (ColonyStore store = open()) {
      assertThat(store.losses()).isEmpty();
      assertThat(everything(store).get("traces")).hasSize(200).containsAll(before.get("traces"));
      assertThat(store.known("a", StreamSchema.TRACES, EPOCH).held().size()).isEqualTo(160);
      NumberedBatch rows =
          Objects.requireNonNull(
              store.rows("b", StreamSchema.TRACES, EPOCH, new SeqRanges.Range(1, 300), 7), "rows");
      assertThat(rows.lastSeq()).isEqualTo(7);
      assertThat(rows.batch().rows()).isEqualTo(7);
    }
    assertThat(files())
        .containsExactly(
            "traces-2026-11-21.parquet",
            "traces-2026-11-21.sealed.duckdb",
            "traces-2026-11-22.duckdb");
  }

  @Test
  void tracesOfASealedDay_areFound() throws Exception {
    try (ColonyStore store = open()) {
      append(store, 1);
      var ids = traceIds(store);
      clock.advance(Duration.ofDays(1));
      append(store, 100);
      seal(store);
      StreamTable table = store.tables(StreamSchema.TRACES).getFirst();
      try (Connection reader = store.reader()) {
        for (UUID id : ids) {
          String condition = table.ofTraces(reader, List.of(id));
          assertThat(
                  Database.number(
                      reader,
                      "SELECT count(*) FROM " + table.rowsTable() + " AS r WHERE " + condition))
              .isPositive();
        }
      }
    }
  }

  private static List<UUID> traceIds(ColonyStore store) throws SQLException {
    List<UUID> ids = new ArrayList<>();
    StreamTable table = store.tables(StreamSchema.TRACES).getFirst();
    try (Connection reader = store.reader();
        Statement statement = reader.createStatement();
        ResultSet result =
            statement.executeQuery("SELECT DISTINCT trace_id FROM " + table.rowsTable())) {
      while (result.next()) {
        ids.add(TraceAliases.uuid(result, 1));
      }
    }
    return ids;
  }

  @Test
  void day_thatIsNotOver_orIsOnlyByAClockThatIsAhead_isNotSealed() {
    try (ColonyStore store = open()) {
      append(store, 1);
      assertThat(seal(store)).isZero();
      clock.advance(Duration.ofDays(40));
      assertThat(seal(store)).isZero();
    }
  }

  @Test
  void rowsForADayThatIsSealed_areStoredInTheNext() throws Exception {
    try (ColonyStore store = open()) {
      append(store, 1);
      clock.advance(Duration.ofDays(1));
      append(store, 100);
      seal(store);
      clock.advance(Duration.ofDays(-1));
      append(store, 200);
      assertThat(everything(store).get("traces")).hasSize(150);
    }
  }

  @Test
  void dayThatChanges_whileItIsSealed_staysAsItIs() throws Exception {
    try (ColonyStore store = open()) {
      append(store, 1);
      clock.advance(Duration.ofDays(1));
      append(store, 100);
      store.roll();
      ColonyStore.Unsealed day = store.nextToSeal().orElseThrow();
      store.writeSealed(day);
      clock.advance(Duration.ofDays(-1));
      append(store, 200);
      Map<String, List<String>> before = everything(store);
      assertThat(store.replaceBySealed(day)).isFalse();
      assertThat(everything(store)).isEqualTo(before);
      assertThat(before.get("traces")).hasSize(150);
      clock.advance(Duration.ofDays(1));
      append(store, 300);
      assertThat(seal(store)).isEqualTo(3);
      assertThat(everything(store).get("traces")).hasSize(200).containsAll(before.get("traces"));
    }
  }

  @Test
  void sealingThatDidNotEnd_leavesTheDayAsItWas() throws Exception {
    Map<String, List<String>> before;
    try (ColonyStore store = open()) {
      append(store, 1);
      clock.advance(Duration.ofDays(1));
      append(store, 100);
      before = everything(store);
    }
    Files.writeString(directory.resolve("traces-2026-11-21.parquet"), "PAR1 half");
    Files.writeString(directory.resolve("traces-2026-11-21.sealed.duckdb.new"), "half");
    try (ColonyStore store = open()) {
      assertThat(everything(store)).isEqualTo(before);
      assertThat(store.losses()).isEmpty();
      assertThat(files()).containsExactly("traces-2026-11-21.duckdb", "traces-2026-11-22.duckdb");
      append(store, 200);
      before = everything(store);
      assertThat(seal(store)).isEqualTo(3);
    }
    // A crash after the new database had its name.
    Files.writeString(directory.resolve("traces-2026-11-21.duckdb"), "what it was made of");
    try (ColonyStore store = open()) {
      assertThat(everything(store)).isEqualTo(before);
      assertThat(files()).hasSize(3);
    }
  }

  @Test
  void damagedRows_areSetAside_andSaid() throws Exception {
    try (ColonyStore store = open()) {
      append(store, 1);
      clock.advance(Duration.ofDays(1));
      append(store, 100);
      seal(store);
    }
    Files.writeString(
        directory.resolve("traces-2026-11-21.parquet"), "x", StandardOpenOption.APPEND);
    try (ColonyStore store = open()) {
      assertThat(everything(store).get("traces")).hasSize(50);
      assertThat(store.losses())
          .singleElement()
          .asString()
          .contains("traces of 2026-11-21 were damaged");
      assertThat(store.known("a", StreamSchema.TRACES, EPOCH).held())
          .isEqualTo(SeqRanges.of(100, 139));
    }
  }

  @Test
  void sealedDay_isDeletedAsAWhole() throws Exception {
    try (ColonyStore store = open()) {
      append(store, 1);
      clock.advance(Duration.ofDays(1));
      append(store, 100);
      seal(store);
      clock.advance(Duration.ofDays(7));
      append(store, 200);
      assertThat(store.dropExpired(Map.of(StreamSchema.TRACES, Duration.ofDays(7))))
          .containsExactly("traces-2026-11-21.sealed.duckdb");
      assertThat(files()).noneMatch(name -> name.matches("traces-2026-11-21\\.(parquet|sealed.*)"));
      assertThat(store.known("a", StreamSchema.TRACES, EPOCH).deleted())
          .isEqualTo(SeqRanges.of(1, 40));
    }
  }
}
