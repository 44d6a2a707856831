package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import java.io.IOException;
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
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AgentStoreTest {
  static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir Path directory;
  private final SteppingClock clock = new SteppingClock(NOON);

  /// `count` requests of one series, each of `millis`.
  static ColumnBatch metrics(String service, String route, int status, int count, long millis) {
    LatencyHistogram histogram = new LatencyHistogram();
    for (int i = 0; i < count; i++) {
      histogram.record(millis * 1_000_000);
    }
    return new ColumnBatch.Builder(StreamSchema.HTTP_METRICS, 1)
        .add(NOON.getEpochSecond() * 1_000_000_000L)
        .add(service)
        .add((long) Role.SERVER.code())
        .add("GET")
        .add(route)
        .add((long) status)
        .add("127.0.0.1")
        .add((long) count)
        .add(count * millis * 1_000_000)
        .add(100L)
        .add(200L)
        .add(NOON.getEpochSecond() * 1_000_000_000L)
        .add((long) histogram.offset())
        .add(histogram.sparseCounts())
        .add("configured")
        .add("{\"environment\":\"test\"}")
        .add("http")
        .add(status >= 500 ? count : 0)
        .add("captured")
        .add(1L)
        .build();
  }

  /// A row of a time, by which a store sees that its clock is not ahead.
  static ColumnBatch alias(Instant start) {
    return new ColumnBatch.Builder(StreamSchema.TRACE_ALIASES, 1)
        .add(0L, 1L)
        .add(0L, 2L)
        .add(0L)
        .add(0L)
        .add("")
        .add(start.toEpochMilli() * 1_000_000)
        .build();
  }

  static ColumnBatch spans(String service, int count) {
    ColumnBatch.Builder spans = new ColumnBatch.Builder(StreamSchema.TRACES, count);
    for (int i = 1; i <= count; i++) {
      spans
          .add(0x4bf92f3577b34da6L, i)
          .add(-i)
          .add(0L)
          .add(service)
          .add("GET /x")
          .add((long) Role.SERVER.code())
          .add(NOON.getEpochSecond() * 1_000_000_000L + i)
          .add(i * 1_000_000L)
          .add(500L)
          .add(i % 2 == 0 ? 200L : 500L)
          .add("GET")
          .add("/x")
          .add("127.0.0.1")
          .add("host")
          .add(1L)
          .add(2L)
          .add(77L)
          .add("")
          .add((long) i)
          .add(0L)
          .add("{}");
    }
    return spans.build();
  }

  private AgentStore open() {
    return AgentStore.open(directory, clock);
  }

  @Test
  void failure_inTheMiddleOfABatch_leavesNothingOpenAndNoNumberBehind() throws Exception {
    try (AgentStore store = open()) {
      store.append(List.of(log("a", -1)));
      assertThatThrownBy(() -> store.append(List.of(log("fresh", 9_999_999))))
          .isInstanceOf(StorageException.class);
      store.append(List.of(log("fresh", -1)));
      NumberedBatch read =
          Objects.requireNonNull(store.read(StreamSchema.LOGS, store.epoch(), 0, 100));
      assertThat(read.batch().texts(StreamSchema.LOGS.position("service")))
          .containsExactly("a", "fresh");
      assertThat(read.lastSeq()).isEqualTo(2);
    }
  }

  /// @param second number of a string that there is not, of a second row; negative for none
  private static ColumnBatch log(String service, int second) {
    ColumnBatch.Builder logs = new ColumnBatch.Builder(StreamSchema.LOGS, 2);
    int first = logs.dictionary().idOf(service);
    for (int name : second < 0 ? new int[] {first} : new int[] {first, second}) {
      logs.add(1L).add(0L).addText(name).add(9L).add("INFO").add(0L, 0L).add(0L).add(1L).add("x");
      logs.add("").add("{}").add("{}").add(0L).add("").endAttributes();
    }
    return logs.build();
  }

  @Test
  void rows_thatAreLarge_areReadFewAtOnce() throws Exception {
    try (AgentStore store = open()) {
      ColumnBatch.Builder logs = new ColumnBatch.Builder(StreamSchema.LOGS, 10);
      for (int i = 0; i < 10; i++) {
        logs.add((long) i).add(0L).add("shop").add(9L).add("INFO").add(0L, 0L).add(0L).add(1L);
        logs.add("x".repeat(i == 7 ? 6_000_000 : 1_500_000)).add("").add("{}").add("{}").add(0L);
        logs.add("").endAttributes();
      }
      store.append(List.of(logs.build()));
      List<Integer> counts = new ArrayList<>();
      long after = 0;
      for (NumberedBatch batch = store.read(StreamSchema.LOGS, store.epoch(), after, 1000);
          batch != null;
          batch = store.read(StreamSchema.LOGS, store.epoch(), after, 1000)) {
        assertThat(batch.firstSeq()).isEqualTo(after + 1);
        counts.add(batch.batch().rows());
        after = batch.lastSeq();
      }
      assertThat(counts).containsExactly(2, 2, 2, 1, 1, 2);
    }
  }

  @Test
  void rows_afterReopening_areThereAndNumberedOn() {
    try (AgentStore store = open()) {
      store.append(List.of(metrics("web", "/a", 200, 3, 20), spans("web", 4)));
    }
    try (AgentStore store = open()) {
      store.append(List.of(metrics("web", "/b", 500, 2, 20)));
      List<StoredRange> ranges = store.ranges();
      assertThat(ranges).hasSize(2);
      assertThat(ranges.getFirst().maxSeq()).isEqualTo(2);
      NumberedBatch batch =
          Objects.requireNonNull(
              store.read(StreamSchema.HTTP_METRICS, ranges.getFirst().epoch(), 0, 100));
      assertThat(batch.firstSeq()).isEqualTo(1);
      assertThat(batch.batch().texts(4)).containsExactly("/a", "/b");
      assertThat(batch.batch().counts(13)[0]).containsExactly(3);
      assertThat(store.losses()).isEmpty();
    }
  }

  @Test
  void read_inSmallSteps_givesEveryRowOnceAcrossPartitions() {
    try (AgentStore store = open()) {
      store.append(List.of(spans("web", 5)));
      clock.advance(Duration.ofMinutes(11));
      store.append(List.of(spans("web", 5)));
      long epoch = store.ranges().getLast().epoch();
      long seq = 0;
      int rows = 0;
      for (NumberedBatch batch = store.read(StreamSchema.TRACES, epoch, seq, 2);
          batch != null;
          batch = store.read(StreamSchema.TRACES, epoch, seq, 2)) {
        assertThat(batch.firstSeq()).isEqualTo(seq + 1);
        seq = batch.lastSeq();
        rows += batch.batch().rows();
      }
      assertThat(rows).isEqualTo(10);
    }
  }

  @Test
  void expiredTables_thatAReaderLacks_stayUntilItHasThem_orThereIsTooMuch() {
    Map<StreamSchema, Duration> hour = Map.of(StreamSchema.TRACES, Duration.ofHours(1));
    try (AgentStore store = open()) {
      store.append(List.of(spans("web", 5)));
      StreamEpoch log = new StreamEpoch("traces", store.epoch());
      store.readBy("n1", Map.of(log, 5L));
      store.readBy("n2", Map.of(log, 3L));
      assertThat(store.dropExpired(hour, Long.MAX_VALUE)).isZero();
    }
    try (AgentStore store = open()) {
      clock.advance(Duration.ofMinutes(75));
      store.append(List.of(spans("web", 1)));
      assertThat(store.dropExpired(hour, Long.MAX_VALUE)).isZero();
      assertThat(minSeq(store)).as("n2 lacks two rows").isOne();
      store.readBy("n2", Map.of(new StreamEpoch("traces", store.epoch()), 5L));
      assertThat(store.dropExpired(hour, Long.MAX_VALUE)).isZero();
      assertThat(minSeq(store)).isEqualTo(6);
      clock.advance(Duration.ofMinutes(75));
      store.append(List.of(spans("web", 1)));
      assertThat(store.dropExpired(hour, 0)).as("rows that both lack").isOne();
      assertThat(minSeq(store)).isEqualTo(7);
      clock.advance(Duration.ofHours(25));
      store.append(List.of(spans("web", 1)));
      store.dropExpired(hour, Long.MAX_VALUE);
      store.dropExpired(hour, Long.MAX_VALUE);
      assertThat(minSeq(store)).as("nobody asked for a day").isEqualTo(8);
    }
  }

  private static long minSeq(AgentStore store) {
    return store.ranges().stream()
        .filter(range -> range.stream().equals("traces"))
        .mapToLong(StoredRange::minSeq)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void readers_beyondSixteen_areTurnedAway() {
    try (AgentStore store = open()) {
      for (int i = 0; i < Readers.MOST; i++) {
        assertThat(store.readBy("n" + i, Map.of())).isTrue();
      }
      assertThat(store.readBy("other", Map.of())).isFalse();
      assertThat(store.readBy("n3", Map.of())).isTrue();
    }
  }

  @Test
  void expiredTables_areDroppedWhole() {
    try (AgentStore store = open()) {
      store.append(List.of(spans("web", 5), metrics("web", "/a", 200, 1, 1)));
      clock.advance(Duration.ofMinutes(75));
      store.append(List.of(spans("web", 1)));
      store.dropExpired(
          Map.of(
              StreamSchema.TRACES, Duration.ofHours(1),
              StreamSchema.HTTP_METRICS, Duration.ofHours(2)),
          Long.MAX_VALUE);
      StoredRange spans =
          store.ranges().stream()
              .filter(r -> r.stream().equals("traces"))
              .findFirst()
              .orElseThrow();
      assertThat(spans.minSeq()).isEqualTo(6);
      assertThat(spans.maxSeq()).isEqualTo(6);
      assertThat(new TelemetryQueries(store).services(0, Long.MAX_VALUE)).hasSize(1);
    }
  }

  /// A colony takes rows below the range for expired and never asks for them again.
  @Test
  void ranges_whileTheFirstRowsAreStored_neverSayThatTheyExpired() throws Exception {
    for (int i = 0; i < 8; i++) {
      try (AgentStore store = AgentStore.open(directory.resolve("store-" + i), clock);
          ExecutorService reader = Executors.newSingleThreadExecutor()) {
        AtomicBoolean stored = new AtomicBoolean();
        Future<List<StoredRange>> seen =
            reader.submit(
                () -> {
                  List<StoredRange> all = new ArrayList<>();
                  while (!stored.get()) {
                    all.addAll(store.ranges());
                  }
                  return all;
                });
        store.append(List.of(spans("shop", 3)));
        stored.set(true);
        assertThat(seen.get()).allSatisfy(range -> assertThat(range.minSeq()).isEqualTo(1));
        assertThat(store.ranges()).extracting(StoredRange::maxSeq).containsExactly(3L);
      }
    }
  }

  @Test
  void epoch_afterAnUncleanEnd_isNew() throws Exception {
    AgentStore killed = open();
    killed.append(List.of(spans("web", 5)));
    Path copy = copyOfFiles();
    killed.close();
    try (AgentStore store = AgentStore.open(copy, clock)) {
      store.append(List.of(spans("web", 1)));
      assertThat(store.ranges()).extracting(StoredRange::maxSeq).containsExactly(5L, 1L);
      assertThat(store.ranges()).extracting(StoredRange::epoch).doesNotHaveDuplicates();
      assertThat(store.losses()).isEmpty();
    }
  }

  /// The files as a kill leaves them.
  private Path copyOfFiles() throws IOException {
    Path copy = Files.createDirectory(directory.resolve("copy"));
    for (String file : List.of("metrics.duckdb", "metrics.duckdb.wal", "metrics.high-water")) {
      if (Files.exists(directory.resolve(file))) {
        Files.copy(directory.resolve(file), copy.resolve(file));
      }
    }
    return copy;
  }

  @Test
  void damagedLog_isAppliedUpToTheDamage() throws Exception {
    AgentStore killed = open();
    for (int i = 0; i < 20; i++) {
      killed.append(List.of(spans("web", 100)));
    }
    Path copy = copyOfFiles();
    killed.close();
    Path log = copy.resolve("metrics.duckdb.wal");
    byte[] damaged = Files.readAllBytes(log);
    damaged[damaged.length / 2] ^= 0x55;
    Files.write(log, damaged);
    try (AgentStore store = AgentStore.open(copy, clock)) {
      long rows = readBack(store);
      assertThat(rows).isBetween(100L, 1_900L);
      assertThat(store.losses()).hasSize(2);
      assertThat(store.losses().getFirst()).startsWith("the write-ahead log was damaged at byte ");
      assertThat(store.losses().getLast())
          .isEqualTo(2_000 - rows + " committed rows of traces are missing after the last start");
      store.append(List.of(spans("web", 1)));
      assertThat(readBack(store)).isEqualTo(rows + 1);
    }
  }

  @Test
  void committedRows_thatAreMissing_areStated() throws Exception {
    long epoch;
    try (AgentStore store = open()) {
      store.append(List.of(spans("web", 5)));
      epoch = store.ranges().getFirst().epoch();
    }
    // As written by a build that had two streams.
    ByteBuffer mark = ByteBuffer.allocate(16 * 2);
    mark.putLong(epoch).putLong(0).putLong(epoch).putLong(12);
    Files.write(directory.resolve("metrics.high-water"), mark.array());
    try (AgentStore store = open()) {
      assertThat(store.losses())
          .containsExactly("7 committed rows of traces are missing after the last start");
    }
  }

  @Test
  void damagedFile_isKeptAsideAndReplaced() throws Exception {
    try (AgentStore store = open()) {
      store.append(List.of(spans("web", 5)));
    }
    try (FileChannel file =
        FileChannel.open(directory.resolve("metrics.duckdb"), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(12_288), 0);
    }
    try (AgentStore store = open()) {
      assertThat(store.losses()).hasSize(1).first().asString().contains("damaged");
      store.append(List.of(spans("web", 1)));
    }
    try (var files = Files.list(directory)) {
      assertThat(files.map(each -> each.getFileName().toString()))
          .anyMatch(name -> name.startsWith("metrics.duckdb.damaged-"));
    }
  }

  @Test
  void damagedHead_isMended_andNothingIsLost() throws Exception {
    try (AgentStore store = open()) {
      store.append(List.of(spans("web", 5)));
    }
    for (int zeros : List.of(1, 512, 4096)) {
      try (FileChannel file =
          FileChannel.open(directory.resolve("metrics.duckdb"), StandardOpenOption.WRITE)) {
        file.write(ByteBuffer.allocate(zeros), 0);
      }
      try (AgentStore store = open()) {
        assertThat(store.losses()).isEmpty();
        assertThat(readBack(store)).isEqualTo(5);
      }
    }
  }

  /// One byte after the other, all over the file: all that is not said to be lost is served.
  @Test
  void damagedBlock_losesNoMoreThanItsRows() throws Exception {
    try (AgentStore store = open()) {
      for (int i = 0; i < 60; i++) {
        store.append(List.of(spans("web", 5_000)));
        clock.advance(Duration.ofSeconds(15));
      }
    }
    Path file = directory.resolve("metrics.duckdb");
    byte[] whole = Files.readAllBytes(file);
    byte[] highWater = Files.readAllBytes(directory.resolve("metrics.high-water"));
    int served = 0;
    int salvaged = 0;
    for (int i = 1; i < 5; i++) {
      byte[] damaged = whole.clone();
      damaged[(int) (12_288 + (whole.length - 12_288L) * i / 5)] ^= 0x55;
      Files.write(file, damaged);
      Files.write(directory.resolve("metrics.high-water"), highWater);
      try (AgentStore store = open()) {
        store.verify();
        long rows = readBack(store);
        if (store.losses().isEmpty()) {
          assertThat(rows).isEqualTo(300_000);
        }
        assertThat(store.losses().toString()).doesNotContain("kept as");
        salvaged += rows > 0 && rows < 300_000 ? 1 : 0;
        served += rows > 200_000 ? 1 : 0;
        store.append(List.of(spans("web", 7)));
        assertThat(readBack(store)).isEqualTo(rows + 7);
        store.verify();
        assertThat(store.losses().size()).isLessThan(2);
      }
    }
    assertThat(salvaged).isPositive();
    assertThat(served).isGreaterThan(2);
  }

  /// Rows of traces as a colony pulls them.
  private static long readBack(AgentStore store) {
    long rows = 0;
    for (StoredRange range : store.ranges()) {
      long after = 0;
      NumberedBatch batch;
      while (range.stream().equals(StreamSchema.TRACES.name())
          && (batch = store.read(StreamSchema.TRACES, range.epoch(), after, 20_000)) != null) {
        rows += batch.batch().rows();
        after = batch.lastSeq();
      }
    }
    return rows;
  }

  @Test
  void secondProcess_onTheSameFile_isRefused() {
    try (AgentStore store = open()) {
      assertThat(store.ranges()).isEmpty();
      // The same process may open a file twice; what another one gets is the lock's message.
      assertThatThrownBy(() -> AgentStore.open(Files.createFile(directory.resolve("file")), clock))
          .isInstanceOf(StorageException.class);
    }
  }

  @Test
  void snapshot_answersTheSpecificationsSql() throws Exception {
    Path file = directory.resolve("copy.duckdb");
    try (AgentStore store = open()) {
      store.append(
          List.of(
              metrics("web", "/a", 200, 3, 20),
              metrics("web", "/a", 200, 2, 9000),
              spans("web", 2)));
      store.snapshot(file);
    }
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + file);
        Statement statement = connection.createStatement()) {
      try (ResultSet result =
          statement.executeQuery(
              "select service_name, http_route, sum(count) from beyla_http_metrics group by all")) {
        assertThat(result.next()).isTrue();
        assertThat(result.getString(1)).isEqualTo("web");
        assertThat(result.getString(2)).isEqualTo("/a");
        assertThat(result.getLong(3)).isEqualTo(5);
        assertThat(result.next()).isFalse();
      }
      try (ResultSet result =
          statement.executeQuery(
              "select latency_bucket_ms, count, attributes['role'], attributes['environment'],"
                  + " timestamp from beyla_http_metrics order by 1")) {
        assertThat(result.next()).isTrue();
        assertThat(result.getDouble(1)).isEqualTo(25);
        assertThat(result.getString(3)).isEqualTo("server");
        assertThat(result.getString(4)).isEqualTo("test");
        assertThat(result.getTimestamp(5).toInstant()).isEqualTo(NOON);
        assertThat(result.next()).isTrue();
        assertThat(result.getDouble(1)).isInfinite();
        assertThat(result.getLong(2)).isEqualTo(2);
      }
      try (ResultSet result =
          statement.executeQuery(
              "select trace_id, span_id, parent_span_id from beyla_traces_local order by span_id desc")) {
        assertThat(result.next()).isTrue();
        assertThat(result.getString(1)).hasSize(32);
        assertThat(result.getString(2)).isEqualTo("ffffffffffffffff");
        assertThat(result.getString(3)).isNull();
      }
    }
  }

  @Test
  void queries_overTheStore_giveRed() {
    try (AgentStore store = open()) {
      store.append(
          List.of(
              metrics("web", "/a", 200, 30, 20),
              metrics("web", "/a", 503, 10, 200),
              metrics("web", "/b", 0, 5, 20),
              metrics("other", "/a", 200, 1, 1),
              metrics("idle", "/", 200, 1, 1)));
      TelemetryQueries queries = new TelemetryQueries(store);
      long noon = NOON.getEpochSecond() * 1_000_000_000L;
      HttpAnswer answer = queries.http("web", noon, noon + 1, Role.SERVER);
      assertThat(answer.overall().requests()).isEqualTo(45);
      assertThat(answer.overall().errors()).isEqualTo(10);
      assertThat(answer.routes().getFirst().statusClasses())
          .containsEntry("2xx", 30L)
          .containsEntry("5xx", 10L);
      assertThat(answer.routes().get(1).statusClasses()).containsEntry("unknown", 5L);
      assertThat(answer.routes().getFirst().p99Millis()).isBetween(180.0, 220.0);
      assertThat(queries.http("web", noon, noon + 1, Role.CLIENT).overall().requests()).isZero();
      assertThat(queries.services(noon, noon + 1))
          .extracting(ServiceRow::name)
          .containsExactly("idle", "other", "web");
      List<HttpWindow> windows = queries.httpWindows(List.of("web"), noon, noon + 1);
      assertThat(windows).hasSize(3);
      assertThat(windows.getFirst().attributes()).containsEntry("environment", "test");
    }
  }
}
