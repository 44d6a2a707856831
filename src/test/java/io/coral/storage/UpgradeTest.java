package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.coral.model.ColumnBatch;
import io.coral.model.ColumnType;
import io.coral.model.StreamSchema;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stores of an earlier version, whose tables lack columns that came later: what was stored stays,
/// and goes on.
final class UpgradeTest {
  private static final long EPOCH = 7;
  private static final int KILLS = 5;

  /// Columns that the earlier version did not have: of rows, of groups, and before attributes.
  private static final Map<String, List<String>> LATER =
      Map.of(
          "traces", List.of("request_hash", "evidence", "first_byte_nanos"),
          "http_metrics", List.of("histogram_offset", "errors", "source"),
          "spans", List.of("start_unix_nanos", "outcome", "scope", "details"));

  @TempDir Path directory;
  private final SteppingClock clock = new SteppingClock(AgentStoreTest.NOON);

  private ColonyStore open() {
    return ColonyStore.open(directory, clock);
  }

  private static Map<String, ColumnBatch> batches() throws Exception {
    return Map.of(
        "traces",
        AgentStoreTest.spans("web", 4),
        "http_metrics",
        AgentStoreTest.metrics("web", "/cart", 200, 3, 5),
        "spans",
        SentSpansTest.batch(sent()));
  }

  private static ExportTraceServiceRequest sent() {
    ScopeSpans.Builder spans = ScopeSpans.newBuilder();
    for (int i = 1; i <= 5; i++) {
      spans.addSpans(
          Span.newBuilder()
              .setTraceId(
                  ByteString.copyFrom(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7}))
              .setSpanId(ByteString.copyFrom(new byte[] {1, 2, 3, 4, 5, 6, 7, (byte) i}))
              .setName("GET /orders")
              .setStartTimeUnixNano(AgentStoreTest.NOON.getEpochSecond() * 1_000_000_000L + i)
              .setEndTimeUnixNano(AgentStoreTest.NOON.getEpochSecond() * 1_000_000_000L + 9L * i)
              .setStatus(Status.newBuilder().setCodeValue(2).setMessage("m" + i))
              .addAttributes(attribute("order", AnyValue.newBuilder().setIntValue(77L * i)))
              .addAttributes(attribute("user", AnyValue.newBuilder().setStringValue("u" + i))));
    }
    return ExportTraceServiceRequest.newBuilder()
        .addResourceSpans(ResourceSpans.newBuilder().addScopeSpans(spans))
        .build();
  }

  private static KeyValue attribute(String key, AnyValue.Builder value) {
    return KeyValue.newBuilder().setKey(key).setValue(value).build();
  }

  private void append(ColonyStore store, long firstSeq) throws Exception {
    for (Map.Entry<String, ColumnBatch> each : batches().entrySet()) {
      store.append(
          List.of(
              new Delivery(
                  "a", new NumberedBatch(each.getKey(), EPOCH, firstSeq, each.getValue()))));
    }
  }

  /// All rows of the streams as text, in the order of their numbers; nothing in the later columns.
  private static Map<String, List<String>> everything(
      Connection reader, RowSource source, boolean withoutLater) throws SQLException {
    Map<String, List<String>> everything = new TreeMap<>();
    try (Statement statement = reader.createStatement()) {
      for (String stream : LATER.keySet()) {
        StreamSchema schema = StreamSchema.named(stream);
        String columns =
            schema.columns().stream()
                .map(StreamSchema.Column::name)
                .map(name -> withoutLater && isLater(stream, name) ? nothing(schema, name) : name)
                .collect(Collectors.joining(", "));
        List<String> rows = new ArrayList<>();
        try (ResultSet result =
            statement.executeQuery(
                "SELECT row(seq, "
                    + columns
                    + ")::VARCHAR FROM ("
                    + source.relation(schema, 0, Long.MAX_VALUE)
                    + ") ORDER BY seq")) {
          while (result.next()) {
            rows.add(result.getString(1));
          }
        }
        everything.put(stream, rows);
      }
    }
    return everything;
  }

  private static List<String> of(Map<String, List<String>> everything, String stream) {
    return everything.getOrDefault(stream, List.of());
  }

  private static boolean isLater(String stream, String column) {
    return LATER.getOrDefault(stream, List.of()).contains(column);
  }

  private static String nothing(StreamSchema schema, String column) {
    return schema.columns().get(schema.position(column)).type() == ColumnType.LONG ? "0" : "''";
  }

  private Map<String, List<String>> everything(ColonyStore store, boolean withoutLater)
      throws SQLException {
    try (Connection reader = store.reader()) {
      return everything(reader, store, withoutLater);
    }
  }

  /// Makes the tables of a database what they were in the earlier version.
  private static void forgetColumns(Path file) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + file)) {
      for (Map.Entry<String, List<String>> each : LATER.entrySet()) {
        for (String table :
            Database.texts(
                connection,
                "SELECT table_name FROM duckdb_tables() WHERE regexp_full_match(table_name,"
                    + " '(groups_)?%s(_p[0-9]+)?')".formatted(each.getKey()))) {
          for (String column : each.getValue()) {
            Database.execute(
                connection, "ALTER TABLE " + table + " DROP COLUMN IF EXISTS " + column);
          }
        }
      }
    }
  }

  private void forgetColumns() throws SQLException, IOException {
    for (String stream : LATER.keySet()) {
      forgetColumns(directory.resolve(stream + "-2026-11-21.duckdb"));
    }
  }

  @Test
  void dayOfAnEarlierVersion_isRead_andWrittenOn() throws Exception {
    Map<String, List<String>> whole;
    Map<String, List<String>> before;
    try (ColonyStore store = open()) {
      append(store, 1);
      before = everything(store, true);
      append(store, 1001);
      whole = everything(store, false);
    }
    try (ColonyStore store = open()) {
      assertThat(everything(store, false)).isEqualTo(whole);
    }
    for (Path file : files()) {
      Files.delete(file);
    }
    try (ColonyStore store = open()) {
      append(store, 1);
    }
    forgetColumns();
    try (ColonyStore store = open()) {
      assertThat(store.losses()).isEmpty();
      assertThat(everything(store, false)).isEqualTo(before);
      append(store, 1001);
    }
    try (ColonyStore store = open()) {
      Map<String, List<String>> now = everything(store, false);
      LATER
          .keySet()
          .forEach(
              stream -> {
                int old = of(before, stream).size();
                assertThat(of(now, stream).subList(0, old)).isEqualTo(of(before, stream));
                assertThat(of(now, stream).subList(old, of(now, stream).size()))
                    .as("what came after the upgrade is whole")
                    .isEqualTo(of(whole, stream).subList(old, of(whole, stream).size()));
              });
    }
  }

  private List<Path> files() throws IOException {
    try (var files = Files.list(directory)) {
      return files.toList();
    }
  }

  @Test
  void sealedDayOfAnEarlierVersion_isRead() throws Exception {
    Map<String, List<String>> before;
    try (ColonyStore store = open()) {
      append(store, 1);
      before = everything(store, true);
    }
    forgetColumns();
    Path rows = directory.resolve("traces-2026-11-21.parquet");
    try (ColonyStore store = open()) {
      clock.advance(Duration.ofDays(1));
      store.append(
          List.of(
              new Delivery(
                  "a",
                  new NumberedBatch(
                      "trace_aliases", EPOCH, 1, AgentStoreTest.alias(clock.instant())))));
      assertThat(SealingTest.seal(store)).isEqualTo(3);
    }
    // As the earlier version has sealed it.
    Path smaller = directory.resolve("smaller");
    try (Connection connection =
        DriverManager.getConnection(
            "jdbc:duckdb:" + directory.resolve("traces-2026-11-21.sealed.duckdb"))) {
      Database.execute(
          connection,
          "COPY (SELECT * EXCLUDE (evidence, request_hash) FROM read_parquet(%s)) TO %s (FORMAT parquet)"
              .formatted(Database.literal(rows.toString()), Database.literal(smaller.toString())));
      Database.execute(connection, "UPDATE manifest SET bytes = " + Files.size(smaller));
      Files.move(smaller, rows, StandardCopyOption.REPLACE_EXISTING);
      Database.execute(
          connection,
          "CREATE OR REPLACE VIEW traces AS SELECT *, file_row_number AS rowid FROM read_parquet(%s)"
              .formatted(Database.literal(rows.toString())));
    }
    for (int i = 0; i < 2; i++) {
      try (ColonyStore store = open()) {
        assertThat(store.losses()).isEmpty();
        int old = of(before, "traces").size();
        assertThat(of(everything(store, false), "traces").subList(0, old))
            .isEqualTo(of(before, "traces"));
      }
    }
  }

  @Test
  void agentsDatabaseOfAnEarlierVersion_isRead_andWrittenOn() throws Exception {
    Map<String, List<String>> before;
    try (AgentStore store = AgentStore.open(directory, clock)) {
      store.append(List.copyOf(batches().values()));
      try (Connection reader = store.reader()) {
        before = everything(reader, store, true);
      }
    }
    forgetColumns(directory.resolve("metrics.duckdb"));
    try (AgentStore store = AgentStore.open(directory, clock)) {
      assertThat(store.losses()).isEmpty();
      try (Connection reader = store.reader()) {
        assertThat(everything(reader, store, false)).isEqualTo(before);
      }
      store.append(List.copyOf(batches().values()));
    }
    try (AgentStore store = AgentStore.open(directory, clock);
        Connection reader = store.reader()) {
      everything(reader, store, false)
          .forEach((stream, rows) -> assertThat(rows).hasSize(2 * of(before, stream).size()));
    }
  }

  /// kill -9 while the store is opened that has to be upgraded, a little later each time.
  @Test
  void upgradeThatIsKilled_isDoneTheNextTime() throws Exception {
    Map<String, List<String>> before;
    try (ColonyStore store = open()) {
      append(store, 1);
      before = everything(store, true);
    }
    for (int i = 0; i < KILLS; i++) {
      forgetColumns();
      Process opening =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Opening.class.getName(),
                  directory.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (InputStream output = opening.getInputStream()) {
        assertThat(output.read()).isEqualTo('o');
        opening.waitFor(100L * i * i, TimeUnit.MILLISECONDS);
      } finally {
        opening.destroyForcibly().waitFor();
      }
    }
    try (ColonyStore store = open()) {
      assertThat(store.losses()).isEmpty();
      assertThat(everything(store, false)).isEqualTo(before);
      append(store, 1001);
    }
  }

  /// A process that opens a store, and says so before.
  static final class Opening {
    public static void main(String[] arguments) throws Exception {
      System.out.write('o');
      System.out.flush();
      ColonyStore.open(Path.of(arguments[0]), Clock.systemUTC()).close();
    }
  }
}
