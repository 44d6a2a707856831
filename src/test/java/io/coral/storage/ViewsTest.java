package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coral.model.AttributeLists;
import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import io.coral.otlp.SpanDecoder;
import io.coral.otlp.SpanPayloads;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What SQL finds in an agent's file and in copies, as far as it is not stored as it is shown.
final class ViewsTest {
  private static final int ROWS = 2000;
  private static final byte[][] KEYS = {
    {AttributeLists.TEXT, AttributeLists.LONG},
    {},
    {AttributeLists.JSON, AttributeLists.HEX, AttributeLists.TEXT, AttributeLists.LONG},
    {
      AttributeLists.PLAIN,
      AttributeLists.NUMBERED,
      AttributeLists.PLAIN,
      AttributeLists.TEXT,
      AttributeLists.HEX,
      AttributeLists.LONG,
      AttributeLists.LONG,
      AttributeLists.TEXT,
      AttributeLists.JSON
    },
  };

  @TempDir Path directory;
  private final SteppingClock clock = new SteppingClock(AgentStoreTest.NOON);
  private final Random random = new Random(42);
  private final List<String> sent = new ArrayList<>();

  /// Log records with attributes of the first ones of [#KEYS]; `sent` gets the JSON.
  private ColumnBatch logs(int keys) {
    ColumnBatch.Builder logs = new ColumnBatch.Builder(StreamSchema.LOGS, ROWS);
    for (int i = 0; i < ROWS; i++) {
      add(logs, "shop");
      byte[] kinds = KEYS[i % keys];
      List<String> json = new ArrayList<>();
      for (int key = 0; key < kinds.length; key++) {
        String name = key == 1 ? "a \"quoted\" key" : "key." + key;
        json.add(
            (key == 1 ? "\"a \\\"quoted\\\" key\"" : '"' + name + '"')
                + ':'
                + attribute(logs, logs.dictionary().idOf(name), kinds[key]));
      }
      logs.endAttributes();
      sent.add(json.stream().collect(Collectors.joining(",", "{", "}")));
    }
    return logs.build();
  }

  private static void add(ColumnBatch.Builder logs, String service) {
    logs.add(1L).add(0L).add(service).add(9L).add("INFO").add(0L, 0L).add(0L).add(1L).add("x");
    logs.add("").add("{}").add("{}").add(0L).add("");
  }

  /// Adds a value and returns its JSON.
  private String attribute(ColumnBatch.Builder logs, int key, byte kind) {
    return switch (kind) {
      case AttributeLists.TEXT -> {
        String[] text = {"", "ä / ö", "one", "two\n\"lines\"", "of " + random.nextInt(200)};
        String value = text[random.nextInt(text.length)];
        logs.attribute(key, kind, logs.dictionary().idOf(value));
        yield '"' + value.replace("\"", "\\\"").replace("\n", "\\n") + '"';
      }
      case AttributeLists.LONG -> {
        long value = random.nextBoolean() ? random.nextLong() : random.nextInt(5);
        logs.attribute(key, kind, value);
        yield Long.toString(value);
      }
      case AttributeLists.PLAIN -> {
        String value = "a long text ü " + random.nextLong();
        logs.plainAttribute(key, value.getBytes(StandardCharsets.UTF_8));
        yield '"' + value + '"';
      }
      case AttributeLists.JSON -> {
        String[] json = {"true", "1.5", "[1,\"a\",{\"b\":[]}]", "null", "\"" + key + "\""};
        String value = json[random.nextInt(json.length)];
        logs.attribute(key, kind, logs.dictionary().idOf(value));
        yield value;
      }
      case AttributeLists.HEX -> {
        long value = random.nextLong() >> random.nextInt(64);
        logs.attribute(key, kind, value);
        yield "\"%016x\"".formatted(value);
      }
      default -> {
        int number = random.nextInt(1 << AttributeLists.NUMBER_BITS);
        long before = logs.dictionary().idOf("/o\"" + random.nextInt(3) + "/");
        logs.attribute(key, kind, before << AttributeLists.NUMBER_BITS | number);
        yield "\"/o\\\"" + logs.dictionary().text((int) before).charAt(3) + "/" + number + '"';
      }
    };
  }

  /// Fails when it is stored, after its first row.
  private static ColumnBatch broken() {
    ColumnBatch.Builder logs = new ColumnBatch.Builder(StreamSchema.LOGS, 2);
    add(logs, "a service that is never stored");
    int key = logs.dictionary().idOf("a key that is never stored");
    logs.attribute(key, AttributeLists.TEXT, key).endAttributes();
    logs.add(1L).add(0L).addText(9_999_999).add(9L).add("INFO").add(0L, 0L).add(0L).add(1L);
    logs.add("x").add("").add("{}").add("{}").add(0L).add("").endAttributes();
    return logs.build();
  }

  private static List<String> texts(Connection connection, String sql) throws SQLException {
    List<String> texts = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        texts.add(result.getString(1));
      }
    }
    return texts;
  }

  private static List<String> ofCopy(Path file, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + file)) {
      return texts(connection, sql);
    }
  }

  /// Ids are places in lists, so they begin at 0 and have no holes.
  private static void assertDense(Connection connection) throws SQLException {
    List<String> tables =
        texts(
            connection,
            "SELECT database_name || '.' || table_name FROM duckdb_tables() WHERE"
                + " regexp_matches(table_name, '^(dictionary|forms|shapes)_')");
    assertThat(tables).hasSizeGreaterThanOrEqualTo(3);
    for (String table : tables) {
      assertThat(
              texts(
                  connection,
                  "SELECT coalesce(min(id), 0) = 0 AND count(*) = coalesce(max(id) + 1, 0) AND"
                      + " count(*) = count(DISTINCT id) FROM "
                      + table))
          .as(table)
          .containsExactly("true");
    }
  }

  @Test
  void attributes_ofEveryKindAndSeveralPartitions_areAsTheyWereSent() throws Exception {
    String all = "SELECT attributes FROM otel_logs ORDER BY seq_id";
    Path copy = directory.resolve("copy.duckdb");
    try (AgentStore store = AgentStore.open(directory, clock)) {
      try (Connection empty = store.reader()) {
        assertThat(texts(empty, all)).isEmpty();
      }
      store.append(List.of(logs(2)));
      clock.advance(Duration.ofMinutes(10));
      store.append(List.of(logs(3)));
      assertThatThrownBy(() -> store.append(List.of(broken())))
          .isInstanceOf(StorageException.class);
      store.append(List.of(logs(KEYS.length)));
    }
    try (AgentStore store = AgentStore.open(directory, clock);
        Connection reader = store.reader()) {
      store.append(List.of(logs(KEYS.length)));
      clock.advance(Duration.ofMinutes(10));
      store.append(List.of(logs(KEYS.length)));
      assertDense(reader);
      List<String> joined = new ArrayList<>();
      for (StreamTable table : store.tables(StreamSchema.LOGS)) {
        joined.addAll(
            texts(reader, "SELECT attributes FROM (" + table.select("true") + ") ORDER BY seq"));
      }
      assertThat(joined).isEqualTo(sent);
      assertThat(texts(reader, "SELECT attributes FROM logs_rows ORDER BY seq")).isEqualTo(sent);
      assertThat(texts(reader, all)).isEqualTo(sent);
      store.snapshot(copy);
    }
    assertThat(ofCopy(copy, all)).isEqualTo(sent);
  }

  /// A copy puts attributes together in the memory that rows without a checkpoint leave.
  @Test
  void rowsThatNoCheckpointHas_areInACopy() throws Exception {
    int payloads = 110;
    int spans = 500;
    Path copy = directory.resolve("copy.duckdb");
    SpanDecoder decoder = new SpanDecoder(clock);
    SpanPayloads made = new SpanPayloads(5);
    try (AgentStore store = AgentStore.open(directory, clock)) {
      for (int i = 0; i < payloads; i++) {
        byte[] bytes =
            made.payload(spans, clock.instant().getEpochSecond() * 1_000_000_000).toByteArray();
        store.append(List.of(decoder.decode(bytes, 0, bytes.length, (_, _) -> true).batch()));
      }
      store.snapshot(copy);
    }
    assertThat(ofCopy(copy, "SELECT count(*)::VARCHAR FROM otel_spans WHERE attributes <> '{}'"))
        .containsExactly(String.valueOf(payloads * spans));
  }

  @Test
  void attributes_inAColony_areAsTheyWereSent() throws Exception {
    Path copy = directory.resolve("copy.duckdb");
    try (ColonyStore store = ColonyStore.open(directory, clock)) {
      NumberedBatch first = new NumberedBatch("logs", 7, 1, logs(KEYS.length));
      store.append(List.of(new Delivery("a", first)));
      assertThat(store.append(List.of(new Delivery("a", first))).getFirst().numbers()).isZero();
      assertThatThrownBy(
              () ->
                  store.append(
                      List.of(new Delivery("b", new NumberedBatch("logs", 7, 1, broken())))))
          .isInstanceOf(StorageException.class);
      store.append(List.of(new Delivery("b", new NumberedBatch("logs", 7, 1, logs(KEYS.length)))));
      clock.advance(Duration.ofDays(1));
      store.append(List.of(new Delivery("c", new NumberedBatch("logs", 7, 1, logs(2)))));
      try (Connection reader = store.reader()) {
        assertDense(reader);
      }
      store.snapshot(copy);
    }
    assertThat(ofCopy(copy, "SELECT attributes FROM otel_logs ORDER BY agent_id, seq_id"))
        .isEqualTo(sent);
  }

  @Test
  void requests_ofOneSeriesWindowAndBucket_areOneRow() throws Exception {
    try (AgentStore store = AgentStore.open(directory, clock);
        Connection reader = store.reader()) {
      store.append(
          List.of(
              AgentStoreTest.metrics("web", "/", 200, 4, 3),
              AgentStoreTest.metrics("web", "/", 200, 2, 8),
              AgentStoreTest.metrics("web", "/", 200, 1, 20)));
      assertThat(
              texts(
                  reader,
                  "SELECT latency_bucket_ms::INTEGER || ' ms: ' || count FROM beyla_http_metrics"
                      + " ORDER BY latency_bucket_ms"))
          .containsExactly("10 ms: 6", "25 ms: 1");
    }
  }
}
