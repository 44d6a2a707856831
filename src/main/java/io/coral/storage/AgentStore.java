package io.coral.storage;

import io.coral.bus.PayloadRows;
import io.coral.histogram.Bounds;
import io.coral.model.ColumnBatch;
import io.coral.model.Payload;
import io.coral.model.PayloadId;
import io.coral.model.StreamSchema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The streams of one host, kept in `metrics.duckdb` in tables of ten minutes each, dropped as a
/// whole when they are older than the retention.
///
/// Every row has a number: `seq` grows by one per row of a stream within an `epoch`. A new epoch
/// begins when the database is created and after every start that finds it not closed cleanly,
/// because a damaged write-ahead log may have lost rows whose numbers were already given out. A
/// side file holds the highest number that was committed, so that such a loss is seen and stated
/// ([#losses()]).
///
/// Rows of payloads wait until there are thousands of them, since rows that are stored together
/// cost half. Until then the payloads are in a log ([PayloadLog]) beside the database. Readers
/// have them stored first, so that nobody sees the difference.
///
/// Everything may be called on any thread and blocks. Failures are [StorageException]s; after one
/// the transaction is rolled back.
public final class AgentStore implements AutoCloseable, RowSource {
  private static final Logger LOG = LoggerFactory.getLogger(AgentStore.class);

  /// The database's file name, also under `/duckdb/`.
  public static final String FILE_NAME = "metrics.duckdb";

  private static final String HIGH_WATER = "metrics.high-water";
  private static final long PARTITION_SECONDS = 600;
  private static final int MEMORY_MEGABYTES = 80;

  /// Of strings that rows have for themselves, in what is read at once.
  private static final long MOST_OWN_BYTES = 4 << 20;

  private final Path directory;
  private final Clock clock;
  private final Database database;
  private final long epoch;
  private final Map<String, Long> nextSeq = new HashMap<>();
  private final Map<String, TreeMap<Long, StreamTable>> partitions = new LinkedHashMap<>();
  private final Map<String, Map<Long, Long>> lastSeqs = new HashMap<>();
  private final List<String> losses = new CopyOnWriteArrayList<>();
  private final FileChannel highWater;
  private final RecentPayloads payloads = new RecentPayloads();
  private final Readers readers = new Readers();
  private final PayloadLog log;

  // Held by whoever writes.
  private final Object writing = new Object();
  private List<ColumnBatch> pending = new ArrayList<>();
  private List<PayloadId> pendingPayloads = new ArrayList<>();
  private volatile int pendingRows;
  private volatile boolean verified;

  private AgentStore(
      Path directory,
      Clock clock,
      Database database,
      long epoch,
      FileChannel highWater,
      PayloadLog log) {
    this.directory = directory;
    this.clock = clock;
    this.database = database;
    this.epoch = epoch;
    this.highWater = highWater;
    this.log = log;
  }

  /// Opens a store that no payloads were left in.
  public static AgentStore open(Path directory, Clock clock) {
    return open(
        directory,
        clock,
        _ -> {
          throw new IllegalStateException("nobody makes rows of payloads here");
        });
  }

  /// Opens or creates the store. A write-ahead log is applied up to where it is damaged. A database
  /// that cannot be opened is renamed and kept, and a new one takes its place.
  ///
  /// @param payloadRows makes the rows of payloads that were taken but not stored
  public static AgentStore open(Path directory, Clock clock, PayloadRows payloadRows) {
    Path path = directory.resolve(FILE_NAME);
    DatabaseFile file = new DatabaseFile(path);
    List<String> losses = new ArrayList<>();
    try {
      Files.createDirectories(directory);
      try {
        return openMended(file, directory, clock, losses, payloadRows);
      } catch (SQLException e) {
        if (isLocked(e) || !file.exists()) {
          throw e;
        }
        Path aside = file.quarantine(nanos(clock));
        Files.deleteIfExists(directory.resolve(HIGH_WATER));
        losses.add(
            "the database was damaged and is kept as "
                + aside
                + "; what it held is not served ("
                + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
                + ")");
        return openFile(file, directory, clock, losses, payloadRows);
      }
    } catch (SQLException | IOException e) {
      throw new StorageException("cannot open " + path, e);
    }
  }

  private static AgentStore openMended(
      DatabaseFile file, Path directory, Clock clock, List<String> losses, PayloadRows payloadRows)
      throws SQLException, IOException {
    while (true) {
      try {
        return openFile(file, directory, clock, losses, payloadRows);
      } catch (SQLException e) {
        if (isLocked(e) || !file.exists() || !file.mend(e, nanos(clock), losses)) {
          throw e;
        }
      }
    }
  }

  private static boolean isLocked(SQLException e) {
    String message = String.valueOf(e.getMessage());
    return message.contains("Could not set lock") || message.contains("Permission denied");
  }

  private static AgentStore openFile(
      DatabaseFile file, Path directory, Clock clock, List<String> losses, PayloadRows payloadRows)
      throws SQLException, IOException {
    Database database = Database.open(directory.resolve(FILE_NAME).toString(), MEMORY_MEGABYTES);
    try {
      DuckDBConnection connection = database.writer();
      createTables(connection);
      long lastEpoch =
          Database.number(
              connection, "SELECT epoch FROM epochs ORDER BY opened_unix_nanos DESC LIMIT 1");
      boolean clean =
          Database.number(
                  connection,
                  "SELECT closed_clean::INTEGER FROM epochs ORDER BY opened_unix_nanos DESC LIMIT 1")
              == 1;
      long epoch = lastEpoch;
      if (!clean) {
        epoch = new SecureRandom().nextLong() & Long.MAX_VALUE;
        Database.execute(
            connection, "INSERT INTO epochs VALUES (" + epoch + ", " + nanos(clock) + ", false)");
      } else {
        Database.execute(
            connection, "UPDATE epochs SET closed_clean = false WHERE epoch = " + epoch);
      }
      FileChannel highWater =
          FileChannel.open(
              directory.resolve(HIGH_WATER),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      long generation = Database.number(connection, "SELECT generation FROM payload_log");
      PayloadLog log =
          new PayloadLog(directory, Math.max(generation, PayloadLog.newest(directory) + 1));
      AgentStore store = new AgentStore(directory, clock, database, epoch, highWater, log);
      store.losses.addAll(losses);
      store.load(connection);
      store.checkHighWater(connection);
      store.storeLeftPayloads(generation, payloadRows);
      Views.replace(connection, store, store::stored);
      file.rememberHead();
      return store;
    } catch (SQLException | IOException e) {
      database.close();
      throw e;
    }
  }

  private static void createTables(DuckDBConnection connection) throws SQLException {
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS epochs (epoch BIGINT NOT NULL, opened_unix_nanos BIGINT NOT NULL,"
            + " closed_clean BOOLEAN NOT NULL)");
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS streams (stream VARCHAR NOT NULL, epoch BIGINT NOT NULL,"
            + " last_seq BIGINT NOT NULL)");
    RecentPayloads.create(connection);
    Readers.create(connection);
    Database.execute(
        connection, "CREATE TABLE IF NOT EXISTS payload_log AS SELECT 1::BIGINT AS generation");
    createBounds(connection, "");
  }

  /// Makes and fills the table of histogram bounds unless it is there.
  static void createBounds(DuckDBConnection connection, String catalogPrefix) throws SQLException {
    String script = Database.script("latency_bounds.sql");
    Database.execute(
        connection,
        script.replace(
            "CREATE TABLE latency_bounds",
            "CREATE TABLE IF NOT EXISTS " + catalogPrefix + "latency_bounds"));
    if (Database.number(connection, "SELECT count(*) FROM " + catalogPrefix + "latency_bounds")
        == 0) {
      StringBuilder values =
          new StringBuilder("INSERT INTO " + catalogPrefix + "latency_bounds VALUES ");
      for (int i = 0; i < Bounds.COUNT; i++) {
        double seed = Bounds.seedUpperMillis(i);
        values.append(i == 0 ? "(" : ", (").append(i).append(", ").append(Bounds.upperNanos(i));
        values
            .append(", ")
            .append(Double.isInfinite(seed) ? "'Infinity'::DOUBLE" : String.valueOf(seed));
        values.append(')');
      }
      Database.execute(connection, values.toString());
    }
  }

  private void load(DuckDBConnection connection) throws SQLException {
    payloads.load(connection, clock.instant().getEpochSecond());
    readers.load(connection);
    for (StreamSchema schema : StreamSchema.ALL) {
      partitions.put(schema.name(), new TreeMap<>());
      Map<Long, Long> last =
          Database.pairs(
              connection,
              "SELECT s.epoch, s.last_seq FROM streams s JOIN epochs e ON e.epoch = s.epoch WHERE"
                  + " s.stream = "
                  + Database.literal(schema.name())
                  + " ORDER BY e.opened_unix_nanos");
      lastSeqs.put(schema.name(), last);
      nextSeq.put(schema.name(), 1 + last.getOrDefault(epoch, 0L));
      List<Long> starts = new ArrayList<>();
      try (Statement statement = connection.createStatement();
          ResultSet result =
              statement.executeQuery(
                  "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE "
                      + Database.literal(schema.name() + "_p%"))) {
        while (result.next()) {
          starts.add(Long.parseLong(result.getString(1).substring(schema.name().length() + 2)));
        }
      }
      for (long start : starts) {
        try {
          load(connection, schema, start, start == Collections.max(starts));
        } catch (SQLException e) {
          if (!Salvage.isDamage(e)) {
            throw e;
          }
          salvage(connection, schema, start, start == Collections.max(starts));
        }
      }
    }
  }

  private void load(DuckDBConnection connection, StreamSchema schema, long start, boolean continued)
      throws SQLException {
    StreamTable table = table(schema, start);
    table.load(connection, continued);
    synchronized (partitions) {
      partitionsOf(schema).put(start, table);
    }
  }

  /// Leaves out what is damaged of a partition.
  private void salvage(
      DuckDBConnection connection, StreamSchema schema, long start, boolean continued)
      throws SQLException {
    Salvage.Outcome outcome = table(schema, start).salvage(connection);
    losses.add(
        "%d of %d rows of %s from %s on are damaged and not served"
            .formatted(
                outcome.gone(), outcome.rows(), schema.name(), Instant.ofEpochSecond(start)));
    LOG.warn("{}", losses.getLast());
    if (outcome.kept()) {
      load(connection, schema, start, continued);
    } else {
      synchronized (partitions) {
        partitionsOf(schema).remove(start);
      }
    }
  }

  /// Reads everything that is stored, a partition at a time, and leaves out what is damaged.
  void verify() {
    for (StreamSchema schema : StreamSchema.ALL) {
      for (long start : starts(schema)) {
        try (Connection connection = database.reader()) {
          if (!table(schema, start).isWhole(connection)) {
            leaveOutDamage(schema, start);
          }
        } catch (SQLException e) {
          // Its time was over meanwhile, or the store is closed.
          LOG.debug("{} of {} is not verified", schema.name(), start, e);
        }
      }
    }
    verified = true;
  }

  /// Whether [#verify] has read everything since the start.
  boolean isVerified() {
    return verified;
  }

  private List<Long> starts(StreamSchema schema) {
    synchronized (partitions) {
      return List.copyOf(partitionsOf(schema).keySet());
    }
  }

  private void leaveOutDamage(StreamSchema schema, long start) throws SQLException {
    synchronized (writing) {
      List<Long> starts = starts(schema);
      if (starts.contains(start)) {
        DuckDBConnection connection = database.writer();
        salvage(connection, schema, start, starts.getLast() == start);
        Views.replace(connection, this, this::stored);
      }
    }
  }

  private void checkHighWater(DuckDBConnection connection) throws SQLException, IOException {
    ByteBuffer content = ByteBuffer.allocate(16 * StreamSchema.ALL.size());
    highWater.read(content, 0);
    content.flip();
    for (StreamSchema schema : StreamSchema.ALL) {
      if (content.remaining() < 16) {
        // An earlier build wrote it, which had fewer streams.
        return;
      }
      long itsEpoch = content.getLong();
      long committed = content.getLong();
      long stored =
          Database.number(
              connection,
              "SELECT last_seq FROM streams WHERE stream = "
                  + Database.literal(schema.name())
                  + " AND epoch = "
                  + itsEpoch);
      if (committed > stored) {
        losses.add(
            (committed - stored)
                + " committed rows of "
                + schema.name()
                + " are missing after the last start");
      }
    }
  }

  private NavigableMap<Long, StreamTable> partitionsOf(StreamSchema schema) {
    NavigableMap<Long, StreamTable> tables = partitions.get(schema.name());
    if (tables == null) {
      throw new IllegalArgumentException("stream: " + schema.name());
    }
    return tables;
  }

  private Map<Long, Long> lastSeqs(String stream) {
    return lastSeqs.computeIfAbsent(stream, _ -> new LinkedHashMap<>());
  }

  private static StreamTable table(StreamSchema schema, long startSeconds) {
    return new StreamTable("metrics", "_p" + startSeconds, schema, false);
  }

  /// Stores what was taken before the last end and is not in the database.
  private void storeLeftPayloads(long generation, PayloadRows payloadRows) throws IOException {
    PayloadLog.Found found = PayloadLog.read(directory, generation);
    if (found.damaged() > 0) {
      losses.add(
          found.damaged() + " bytes of payloads that had been taken are damaged and not stored");
    }
    List<ColumnBatch> batches = new ArrayList<>();
    List<PayloadId> ids = new ArrayList<>();
    for (Payload payload : found.payloads()) {
      try {
        if (!payloads.contains(payload.id())) {
          batches.addAll(payloadRows.of(payload));
          payloads.add(List.of(payload.id()));
          ids.add(payload.id());
        }
      } catch (RuntimeException e) {
        losses.add("a payload of " + payload.size() + " bytes cannot be read again: " + e);
      }
    }
    if (!ids.isEmpty()) {
      store(batches, ids);
    }
    PayloadLog.deleteBefore(directory, log.next());
  }

  /// Stores batches in one transaction. When this returns, they are committed.
  public void append(List<ColumnBatch> batches) {
    synchronized (writing) {
      List<ColumnBatch> all = new ArrayList<>(pending);
      all.addAll(batches);
      if (!all.isEmpty()) {
        store(all, pendingPayloads);
      }
      pending = new ArrayList<>();
      pendingPayloads = new ArrayList<>();
      pendingRows = 0;
    }
  }

  /// Whether a payload was kept lately.
  boolean isKept(PayloadId payload) {
    synchronized (writing) {
      return payloads.contains(payload);
    }
  }

  /// Takes payloads and their rows. When this returns, they are safe; they are stored by the next
  /// [#append], or when somebody reads.
  void keep(List<Payload> taken, List<ColumnBatch> batches) {
    synchronized (writing) {
      try {
        log.append(taken);
      } catch (IOException e) {
        throw new StorageException("cannot write the log of payloads", e);
      }
      List<PayloadId> ids = taken.stream().map(Payload::id).toList();
      payloads.add(ids);
      pendingPayloads.addAll(ids);
      pending.addAll(batches);
      int rows = batches.stream().mapToInt(ColumnBatch::rows).sum();
      pendingRows += Math.max(rows, taken.size());
    }
  }

  /// Rows that are safe, but not stored yet; a payload without rows counts as one.
  int pendingRows() {
    return pendingRows;
  }

  /// Stores what waits, for somebody who wants to read it. When that fails it goes on waiting, and
  /// what is stored can be read.
  private void settle() {
    if (pendingRows > 0) {
      try {
        append(List.of());
      } catch (StorageException e) {
        LOG.warn("{} rows wait to be stored", pendingRows, e);
      }
    }
  }

  private void store(List<ColumnBatch> batches, List<PayloadId> ofPayloads) {
    DuckDBConnection connection = database.writer();
    long now = clock.instant().getEpochSecond();
    Map<StreamSchema, StreamTable> touched = new LinkedHashMap<>();
    Map<String, Long> next = new HashMap<>(nextSeq);
    boolean otherColumns = false;
    try {
      for (ColumnBatch batch : batches) {
        StreamTable table = touched.get(batch.schema());
        if (table == null) {
          table = current(batch.schema(), now);
          if (table == null) {
            table = created(connection, batch.schema(), now);
            otherColumns = true;
          }
          touched.put(batch.schema(), table);
        }
        otherColumns |= table.prepare(connection, batch);
      }
      Database.execute(connection, "BEGIN");
      for (Map.Entry<StreamSchema, StreamTable> each : touched.entrySet()) {
        List<ColumnBatch> ofStream =
            batches.stream().filter(batch -> batch.schema().equals(each.getKey())).toList();
        String stream = each.getKey().name();
        long firstSeq = next.getOrDefault(stream, 1L);
        List<Delivery> deliveries = new ArrayList<>();
        long seq = firstSeq;
        for (ColumnBatch batch : ofStream) {
          deliveries.add(new Delivery("", new NumberedBatch(stream, epoch, seq, batch)));
          seq += batch.rows();
        }
        each.getValue().append(connection, deliveries);
        next.put(stream, seq);
      }
      if (!ofPayloads.isEmpty()) {
        payloads.write(connection, ofPayloads, now);
        Database.execute(connection, "UPDATE payload_log SET generation = " + log.next());
      }
      for (Map.Entry<String, Long> stream : next.entrySet()) {
        if (!stream.getValue().equals(nextSeq.get(stream.getKey()))) {
          setLastSeq(connection, stream.getKey(), stream.getValue() - 1);
        }
      }
      Database.execute(connection, "COMMIT");
    } catch (SQLException | RuntimeException | OutOfMemoryError e) {
      // Whatever it was: a transaction that stays open takes the next rows with it.
      Database.rollBack(connection);
      if (ofPayloads.isEmpty() || !isCommitted(connection)) {
        touched.values().forEach(StreamTable::forgetUncommitted);
        throw new StorageException("cannot store " + batches.size() + " batches", e);
      }
      LOG.warn("rows are stored, but what follows a commit failed", e);
    }
    touched.values().forEach(StreamTable::committed);
    // Readers learn of rows when they can see them: a colony takes what is below a range for gone.
    synchronized (partitions) {
      touched.forEach(
          (schema, table) -> table.startsAt(epoch, nextSeq.getOrDefault(schema.name(), 1L)));
      next.forEach(
          (stream, seq) -> {
            if (seq > 1) {
              lastSeqs(stream).put(epoch, seq - 1);
            }
          });
      nextSeq.putAll(next);
    }
    afterCommit(connection, otherColumns);
  }

  /// Whether a commit that failed took effect all the same.
  private boolean isCommitted(DuckDBConnection connection) {
    try {
      return Database.number(connection, "SELECT generation FROM payload_log") == log.next();
    } catch (SQLException e) {
      LOG.debug("it cannot be told whether rows were stored", e);
      return false;
    }
  }

  /// The partition to write into, null when a new one begins.
  private @Nullable StreamTable current(StreamSchema schema, long nowSeconds) {
    Map.Entry<Long, StreamTable> newest = partitionsOf(schema).lastEntry();
    boolean goesOn =
        newest != null
            && newest.getKey() / PARTITION_SECONDS >= nowSeconds / PARTITION_SECONDS
            && (!newest.getValue().isFull() || newest.getKey() >= nowSeconds);
    return goesOn ? newest.getValue() : null;
  }

  private StreamTable created(DuckDBConnection connection, StreamSchema schema, long nowSeconds)
      throws SQLException {
    long tenMinutes = nowSeconds / PARTITION_SECONDS * PARTITION_SECONDS;
    NavigableMap<Long, StreamTable> tables = partitionsOf(schema);
    boolean isFirst = tables.isEmpty() || tables.lastKey() < tenMinutes;
    long start = isFirst ? tenMinutes : nowSeconds;
    StreamTable table = table(schema, start);
    Database.inTransaction(connection, () -> table.create(connection));
    synchronized (partitions) {
      tables.values().forEach(StreamTable::close);
      tables.put(start, table);
    }
    return table;
  }

  /// The rows are stored: a failure here must not look like theirs, or they would be stored again.
  private void afterCommit(DuckDBConnection connection, boolean otherColumns) {
    try {
      log.committed();
      writeHighWater();
      if (otherColumns) {
        Views.replace(connection, this, this::stored);
      }
    } catch (SQLException | IOException | UncheckedIOException e) {
      LOG.error("rows are stored, but the high-water mark or the views are not up to date", e);
    }
  }

  private void setLastSeq(DuckDBConnection connection, String stream, long lastSeq)
      throws SQLException {
    String key = " WHERE stream = " + Database.literal(stream) + " AND epoch = " + epoch;
    if (!lastSeqs(stream).containsKey(epoch)) {
      Database.execute(
          connection,
          "INSERT INTO streams VALUES ("
              + Database.literal(stream)
              + ", "
              + epoch
              + ", "
              + lastSeq
              + ")");
    } else {
      Database.execute(connection, "UPDATE streams SET last_seq = " + lastSeq + key);
    }
  }

  private void writeHighWater() {
    ByteBuffer content = ByteBuffer.allocate(16 * StreamSchema.ALL.size());
    for (StreamSchema schema : StreamSchema.ALL) {
      content.putLong(epoch).putLong(nextSeq.getOrDefault(schema.name(), 1L) - 1);
    }
    try {
      highWater.write(content.flip(), 0);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the high-water mark", e);
    }
  }

  /// A colony's node asks for rows, which are kept until it has them.
  ///
  /// @param upTo the last number before which, of some streams and epochs, it lacks none
  /// @return false when there are too many others
  public boolean readBy(String node, Map<StreamEpoch, Long> upTo) {
    return readers.asks(node, upTo, nanos(clock));
  }

  /// Drops the tables that ended before the retention and that every reader has, or the others too
  /// where these make the database too large.
  ///
  /// @param mostBytes of the database with rows that are past the retention
  /// @return how many rows were dropped that a reader lacks
  public long dropExpired(Map<StreamSchema, Duration> retention, long mostBytes) {
    synchronized (writing) {
      try {
        Database.inTransaction(
            database.writer(), () -> readers.save(database.writer(), nanos(clock)));
      } catch (SQLException e) {
        throw new StorageException("cannot note who has read what", e);
      }
      return dropExpiredTables(retention, mostBytes);
    }
  }

  /// Drops the oldest ten minutes of all streams, unless those are the present ones.
  ///
  /// @return how many tables were dropped
  int dropOldest() {
    synchronized (writing) {
      long present = clock.instant().getEpochSecond() / PARTITION_SECONDS;
      List<StreamTable> oldest = new ArrayList<>();
      synchronized (partitions) {
        long first =
            partitions.values().stream()
                .filter(tables -> !tables.isEmpty())
                .mapToLong(tables -> tables.firstKey() / PARTITION_SECONDS)
                .min()
                .orElse(present);
        if (first < present) {
          for (NavigableMap<Long, StreamTable> tables : partitions.values()) {
            var old = tables.headMap((first + 1) * PARTITION_SECONDS, false);
            oldest.addAll(old.values());
            old.clear();
          }
        }
      }
      drop(oldest);
      return oldest.size();
    }
  }

  /// Bytes in the database's file that hold nothing and are written to before the file grows.
  long freeBytes() {
    synchronized (writing) {
      try {
        return Database.number(
            database.writer(), "SELECT free_blocks * block_size FROM pragma_database_size()");
      } catch (SQLException e) {
        throw new StorageException("cannot tell what is free", e);
      }
    }
  }

  private long dropExpiredTables(Map<StreamSchema, Duration> retention, long mostBytes) {
    long now = clock.instant().getEpochSecond();
    boolean isLarge = storedBytes() > mostBytes;
    List<StreamTable> expired = new ArrayList<>();
    long unread = 0;
    synchronized (partitions) {
      for (Map.Entry<StreamSchema, Duration> each : retention.entrySet()) {
        NavigableMap<Long, StreamTable> tables = partitionsOf(each.getKey());
        long end = now - each.getValue().toSeconds() - PARTITION_SECONDS;
        for (long start : List.copyOf(tables.headMap(end, true).keySet())) {
          long unreadRows = unread(each.getKey(), start);
          if (unreadRows == 0 || isLarge) {
            expired.add(Objects.requireNonNull(tables.remove(start)));
            unread += unreadRows;
          }
        }
      }
    }
    drop(expired);
    return unread;
  }

  /// How many rows of a partition some reader lacks.
  private long unread(StreamSchema schema, long start) {
    NavigableMap<Long, StreamTable> tables = partitionsOf(schema);
    StreamTable table = Objects.requireNonNull(tables.get(start));
    long rows = 0;
    for (long of : table.epochs()) {
      long last = lastSeqs(schema.name()).getOrDefault(of, 0L);
      for (StreamTable later : tables.tailMap(start, false).values()) {
        last = Math.min(last, later.firstSeq(of) - 1);
      }
      long read = readers.upTo(new StreamEpoch(schema.name(), of));
      rows += Math.max(0, last - Math.max(read, table.firstSeq(of) - 1));
    }
    return rows;
  }

  /// Drops tables that are no partitions any more.
  private void drop(List<StreamTable> tables) {
    if (tables.isEmpty()) {
      return;
    }
    DuckDBConnection connection = database.writer();
    try {
      Views.replace(connection, this, this::stored);
      for (StreamTable table : tables) {
        Database.inTransaction(connection, () -> table.drop(connection));
      }
    } catch (SQLException e) {
      throw new StorageException("cannot drop tables", e);
    }
    try {
      Database.execute(connection, "CHECKPOINT");
    } catch (SQLException e) {
      // Another connection is at work: the room is given back with the next checkpoint.
      LOG.debug("no checkpoint after dropping tables", e);
    }
  }

  /// Losses of rows that had been committed, each a sentence; empty when there were none.
  public List<String> losses() {
    return List.copyOf(losses);
  }

  /// The epoch whose numbers new rows get.
  public long epoch() {
    return epoch;
  }

  /// What is here of each stream and epoch, oldest epoch first.
  public List<StoredRange> ranges() {
    settle();
    List<StoredRange> ranges = new ArrayList<>();
    synchronized (partitions) {
      for (StreamSchema schema : StreamSchema.ALL) {
        lastSeqs(schema.name())
            .forEach(
                (itsEpoch, last) ->
                    ranges.add(
                        new StoredRange(
                            schema.name(), itsEpoch, firstSeq(schema, itsEpoch, last + 1), last)));
      }
    }
    return ranges;
  }

  private long firstSeq(StreamSchema schema, long itsEpoch, long otherwise) {
    long first = otherwise;
    for (StreamTable table : partitionsOf(schema).values()) {
      first = Math.min(first, table.firstSeq(itsEpoch));
    }
    return first;
  }

  /// Rows of one stream and epoch with numbers above `afterSeq`, oldest first, without a hole
  /// between them.
  ///
  /// @param maxRows ≥ 1; there are fewer where they are large
  /// @return empty when there is none
  public @Nullable NumberedBatch read(StreamSchema schema, long epoch, long afterSeq, int maxRows) {
    try (Connection connection = database.reader()) {
      for (StreamTable table : tables(schema)) {
        String condition = "r.epoch = " + epoch + " AND r.seq > " + afterSeq;
        long first =
            Database.number(
                connection,
                "SELECT coalesce(min(seq), 0) FROM " + table.rowsTable() + " r WHERE " + condition);
        if (first == 0) {
          continue;
        }
        long rowCount = fitting(connection, table, epoch, first, maxRows);
        rowCount = unbroken(connection, table, epoch, first, rowCount);
        ColumnBatch rows =
            new StoredRows(connection, table)
                .read(condition + " AND r.seq < " + (first + rowCount) + " ORDER BY r.seq");
        return new NumberedBatch(schema.name(), epoch, first, rows);
      }
      return null;
    } catch (SQLException e) {
      throw new StorageException("cannot read " + schema.name(), e);
    }
  }

  /// How many rows from `first` on may be read at once: bodies of log records can be long.
  private static long fitting(
      Connection connection, StreamTable table, long epoch, long first, int maxRows)
      throws SQLException {
    String bytes = table.ownBytes();
    if (bytes.isEmpty()) {
      return maxRows;
    }
    String sql =
        "SELECT count(*) FROM (SELECT sum("
            + bytes
            + ") OVER (ORDER BY r.seq) AS total FROM "
            + table.rowsTable()
            + " AS r WHERE r.epoch = "
            + epoch
            + " AND r.seq BETWEEN "
            + first
            + " AND "
            + (first + maxRows - 1)
            + ") WHERE total <= "
            + MOST_OWN_BYTES;
    return Math.max(1, Database.number(connection, sql));
  }

  /// How many rows from `first` on have one number after the other: some may have been left out.
  private static long unbroken(
      Connection connection, StreamTable table, long epoch, long first, long rowCount)
      throws SQLException {
    String range =
        table.rowsTable()
            + " WHERE epoch = "
            + epoch
            + " AND seq BETWEEN "
            + first
            + " AND "
            + (first + rowCount - 1);
    long missing =
        Database.number(connection, "SELECT max(seq) - " + first + " + 1 - count(*) FROM " + range);
    return missing == 0
        ? rowCount
        : Database.number(
            connection,
            "SELECT min(seq) - "
                + first
                + " + 1 FROM (SELECT seq, lead(seq) OVER (ORDER BY seq) AS next FROM "
                + range
                + ") WHERE next > seq + 1");
  }

  @Override
  public Connection reader() throws SQLException {
    settle();
    return database.reader();
  }

  @Override
  public List<StreamTable> tables(StreamSchema schema) {
    settle();
    return stored(schema);
  }

  private List<StreamTable> stored(StreamSchema schema) {
    synchronized (partitions) {
      return List.copyOf(partitionsOf(schema).values());
    }
  }

  @Override
  public boolean withAgents() {
    return false;
  }

  /// Writes a consistent copy with the views into `file`, which must not exist.
  public void snapshot(Path file) {
    Snapshots.write(this, file);
  }

  /// The disk that it lies on.
  Disk disk() {
    return Disk.of(directory);
  }

  /// Bytes on disk, the write-ahead log included.
  public long storedBytes() {
    return size(directory.resolve(FILE_NAME))
        + size(directory.resolve(FILE_NAME + ".wal"))
        + log.bytes();
  }

  static long size(Path file) {
    try {
      return Files.exists(file) ? Files.size(file) : 0;
    } catch (IOException e) {
      return 0;
    }
  }

  private static long nanos(Clock clock) {
    var now = clock.instant();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }

  /// Marks the epoch as ended cleanly and closes the file.
  @Override
  public void close() {
    synchronized (writing) {
      if (pendingRows > 0) {
        append(List.of());
      }
      closeFiles();
    }
  }

  private void closeFiles() {
    try {
      log.close();
      Database.execute(
          database.writer(), "UPDATE epochs SET closed_clean = true WHERE epoch = " + epoch);
      database.close();
      highWater.close();
    } catch (SQLException | IOException e) {
      throw new StorageException("cannot close " + FILE_NAME, e);
    }
  }
}
