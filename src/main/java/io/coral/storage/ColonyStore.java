package io.coral.storage;

import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntPredicate;
import java.util.stream.Stream;
import org.duckdb.DuckDBConnection;

/// The history of many agents: one DuckDB file per stream and day of the pull, deleted as a whole
/// when it is older than the stream's retention.
///
/// A file holds its rows, its dictionary, the checkpoint of every agent's stream and the gaps that
/// were found; rows and checkpoint change in one transaction, so a batch that is delivered twice
/// changes nothing. Each new day begins with a copy of the checkpoints. A file that cannot be
/// opened is renamed and kept; the others serve, and [#losses()] says so.
///
/// [#append], [#saveAgent], [#dropExpired] and [#close] belong to one thread; everything else may
/// be called on any thread and blocks.
public final class ColonyStore implements AutoCloseable, RowSource {
  /// Name of the worker thread that writes, a shared one of the process.
  public static final String WRITER = "coral-history";

  /// Name of the snapshot under `/duckdb/`.
  public static final String FILE_NAME = "metrics.duckdb";

  private static final int MEMORY_MEGABYTES = 128;

  /// Name of the colony among the agents that rows came from.
  private static final String COLONY = "colony";

  private static final long OWN_EPOCH = 1;

  private final Path directory;
  private final Clock clock;
  private final Database database;
  private final Map<String, TreeMap<LocalDate, DayFile>> days = new LinkedHashMap<>();
  private final List<String> losses = new CopyOnWriteArrayList<>();

  /// Where a stream of an agent stands.
  public record Checkpoint(long epoch, long seq) {}

  /// An agent as the registry remembers it.
  public record KnownAgent(String agentId, String document, long lastSeenUnixNanos) {}

  private record DayFile(Path path, String catalog, StreamTable table) {}

  private ColonyStore(Path directory, Clock clock, Database database) {
    this.directory = directory;
    this.clock = clock;
    this.database = database;
  }

  /// Opens or creates the store in a directory.
  public static ColonyStore open(Path directory, Clock clock) {
    try {
      Files.createDirectories(directory);
      ColonyStore store = new ColonyStore(directory, clock, Database.open("", MEMORY_MEGABYTES));
      AgentStore.createBounds(store.database.writer(), "");
      store.attachRegistry();
      for (StreamSchema schema : StreamSchema.ALL) {
        store.days.put(schema.name(), new TreeMap<>());
        for (LocalDate day : store.existingDays(schema)) {
          store.attachOrSetAside(schema, day);
        }
      }
      return store;
    } catch (SQLException | IOException e) {
      throw new StorageException("cannot open the history in " + directory, e);
    }
  }

  private void attachRegistry() throws SQLException, IOException {
    Path file = directory.resolve("registry.duckdb");
    try {
      attach(file, "registry");
    } catch (SQLException e) {
      refuseLocked(file, e);
      losses.add("the registry was damaged and is kept as " + setAside(file));
      attach(file, "registry");
    }
    Database.execute(
        database.writer(),
        "CREATE TABLE IF NOT EXISTS registry.agents (agent_id VARCHAR NOT NULL, document VARCHAR NOT NULL,"
            + " last_seen_unix_nanos BIGINT NOT NULL)");
  }

  private static void refuseLocked(Path file, SQLException e) {
    if (String.valueOf(e.getMessage()).contains("Could not set lock") || !Files.exists(file)) {
      throw new StorageException("cannot open " + file, e);
    }
  }

  private Path setAside(Path file) throws IOException {
    return new DatabaseFile(file).quarantine(clock.millis() * 1_000_000);
  }

  private List<LocalDate> existingDays(StreamSchema schema) throws IOException {
    String prefix = schema.name() + "-";
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.matches(prefix + "\\d{4}-\\d{2}-\\d{2}\\.duckdb"))
          .map(name -> LocalDate.parse(name.substring(prefix.length(), prefix.length() + 10)))
          .sorted()
          .toList();
    }
  }

  private void attachOrSetAside(StreamSchema schema, LocalDate day)
      throws IOException, SQLException {
    DayFile file = dayFile(schema, day);
    try {
      attach(file.path, file.catalog);
      file.table.load(database.writer(), true);
      synchronized (days) {
        daysOf(schema).put(day, file);
      }
    } catch (SQLException e) {
      refuseLocked(file.path, e);
      Database.execute(database.writer(), "DETACH DATABASE IF EXISTS " + file.catalog);
      losses.add(
          "the "
              + schema.name()
              + " of "
              + day
              + " were damaged and are kept as "
              + setAside(file.path)
              + "; what the agents still have is pulled again");
    }
  }

  private void attach(Path file, String catalog) throws SQLException {
    Database.execute(
        database.writer(), "ATTACH " + Database.literal(file.toString()) + " AS " + catalog);
  }

  private DayFile dayFile(StreamSchema schema, LocalDate day) {
    String catalog = schema.name() + "_" + day.toString().replace("-", "");
    return new DayFile(
        directory.resolve(schema.name() + "-" + day + ".duckdb"),
        catalog,
        new StreamTable(catalog, "", schema, true));
  }

  private NavigableMap<LocalDate, DayFile> daysOf(StreamSchema schema) {
    NavigableMap<LocalDate, DayFile> files = days.get(schema.name());
    if (files == null) {
      throw new IllegalArgumentException("stream: " + schema.name());
    }
    return files;
  }

  private DayFile today(StreamSchema schema) throws SQLException {
    LocalDate day = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    DayFile known;
    DayFile newest;
    synchronized (days) {
      NavigableMap<LocalDate, DayFile> files = daysOf(schema);
      known = files.get(day);
      newest = files.isEmpty() ? null : files.lastEntry().getValue();
    }
    if (known != null) {
      return known;
    }
    DayFile file = dayFile(schema, day);
    attach(file.path, file.catalog);
    DuckDBConnection connection = database.writer();
    // Checkpoints are read before: a transaction sees several files but writes only one.
    List<String> checkpoints = newest == null ? List.of() : checkpointValues(connection, newest);
    Database.execute(connection, "BEGIN");
    try {
      file.table.create(connection);
      Database.execute(
          connection,
          "CREATE TABLE IF NOT EXISTS "
              + file.catalog
              + ".checkpoints (agent_id VARCHAR NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL)");
      Database.execute(
          connection,
          "CREATE TABLE IF NOT EXISTS "
              + file.catalog
              + ".gaps (agent_id VARCHAR NOT NULL, epoch BIGINT NOT NULL, from_seq BIGINT NOT NULL, to_seq"
              + " BIGINT NOT NULL, found_unix_nanos BIGINT NOT NULL)");
      if (!checkpoints.isEmpty()) {
        Database.execute(
            connection,
            "INSERT INTO "
                + file.catalog
                + ".checkpoints VALUES "
                + String.join(", ", checkpoints));
      }
      Database.execute(connection, "COMMIT");
    } catch (SQLException e) {
      Database.rollBack(connection);
      Database.execute(connection, "DETACH " + file.catalog);
      throw e;
    }
    synchronized (days) {
      daysOf(schema).put(day, file);
    }
    return file;
  }

  private static List<String> checkpointValues(Connection connection, DayFile file)
      throws SQLException {
    List<String> values = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT agent_id, epoch, seq FROM " + file.catalog + ".checkpoints")) {
      while (result.next()) {
        values.add(
            "("
                + Database.literal(result.getString(1))
                + ", "
                + result.getLong(2)
                + ", "
                + result.getLong(3)
                + ")");
      }
    }
    return values;
  }

  /// Stores a batch of an agent and moves its checkpoint, both or neither.
  ///
  /// A batch that begins behind the checkpoint was stored before and changes nothing; one that
  /// begins beyond it leaves a gap, which is stored with it.
  ///
  /// A batch without rows only moves the checkpoint: what was before it has expired at the agent.
  ///
  /// @param keep which rows are stored; the checkpoint passes the others too
  /// @return whether the checkpoint moved
  public boolean append(String agentId, NumberedBatch batch, IntPredicate keep) {
    StreamSchema schema = StreamSchema.named(batch.stream());
    DuckDBConnection connection = database.writer();
    DayFile file;
    try {
      file = today(schema);
      file.table.prepare(connection, batch.batch());
    } catch (SQLException e) {
      throw new StorageException("cannot begin a day of " + schema.name(), e);
    }
    String key = " WHERE agent_id = " + Database.literal(agentId) + " AND epoch = " + batch.epoch();
    String checkpoints = file.catalog + ".checkpoints";
    try {
      Database.execute(connection, "BEGIN");
      long known = Database.number(connection, "SELECT count(*) FROM " + checkpoints + key);
      long seq = Database.number(connection, "SELECT seq FROM " + checkpoints + key);
      if (batch.lastSeq() <= seq || batch.firstSeq() <= seq) {
        Database.execute(connection, "ROLLBACK");
        file.table.forgetUncommitted();
        return false;
      }
      file.table.append(
          connection, agentId, batch.epoch(), batch.firstSeq(), List.of(batch.batch()), keep);
      // What an agent lost before this colony first asked it is no gap of this history.
      if (known > 0 && batch.firstSeq() > seq + 1) {
        Database.execute(
            connection,
            "INSERT INTO "
                + file.catalog
                + ".gaps VALUES ("
                + Database.literal(agentId)
                + ", "
                + batch.epoch()
                + ", "
                + (seq + 1)
                + ", "
                + (batch.firstSeq() - 1)
                + ", "
                + clock.millis() * 1_000_000
                + ")");
      }
      Database.execute(
          connection,
          known == 0
              ? "INSERT INTO "
                  + checkpoints
                  + " VALUES ("
                  + Database.literal(agentId)
                  + ", "
                  + batch.epoch()
                  + ", "
                  + batch.lastSeq()
                  + ")"
              : "UPDATE " + checkpoints + " SET seq = " + batch.lastSeq() + key);
      Database.execute(connection, "COMMIT");
      file.table.committed();
      return true;
    } catch (SQLException | RuntimeException | OutOfMemoryError e) {
      Database.rollBack(connection);
      file.table.forgetUncommitted();
      throw new StorageException("cannot store " + schema.name() + " of " + agentId, e);
    }
  }

  /// Stores rows that the colony found itself.
  public void appendOwn(ColumnBatch rows) {
    StreamSchema schema = rows.schema();
    Checkpoint last = checkpoints(COLONY, schema).get(OWN_EPOCH);
    long next = last == null ? 1 : last.seq() + 1;
    append(COLONY, new NumberedBatch(schema.name(), OWN_EPOCH, next, rows), _ -> true);
  }

  /// Checkpoints of an agent's stream by epoch.
  public Map<Long, Checkpoint> checkpoints(String agentId, StreamSchema schema) {
    DayFile newest;
    synchronized (days) {
      NavigableMap<LocalDate, DayFile> files = daysOf(schema);
      if (files.isEmpty()) {
        return Map.of();
      }
      newest = files.lastEntry().getValue();
    }
    Map<Long, Checkpoint> checkpoints = new HashMap<>();
    try (Connection connection = database.reader();
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT epoch, seq FROM "
                    + newest.catalog
                    + ".checkpoints WHERE agent_id = "
                    + Database.literal(agentId))) {
      while (result.next()) {
        checkpoints.put(result.getLong(1), new Checkpoint(result.getLong(1), result.getLong(2)));
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read checkpoints", e);
    }
    return checkpoints;
  }

  /// Rows that agents numbered but no longer had when they were asked, each gap a sentence.
  public List<String> gaps(long sinceUnixNanos) {
    List<String> gaps = new ArrayList<>();
    List<DayFile> files = new ArrayList<>();
    synchronized (days) {
      days.values().forEach(each -> files.addAll(each.values()));
    }
    try (Connection connection = database.reader()) {
      for (DayFile file : files) {
        try (Statement statement = connection.createStatement();
            ResultSet result =
                statement.executeQuery(
                    "SELECT agent_id, to_seq - from_seq + 1 FROM "
                        + file.catalog
                        + ".gaps WHERE found_unix_nanos >= "
                        + sinceUnixNanos)) {
          while (result.next()) {
            gaps.add(
                result.getLong(2)
                    + " rows of "
                    + file.table.rowsTable().substring(file.table.rowsTable().indexOf('.') + 1)
                    + " expired at agent "
                    + result.getString(1)
                    + " before they were pulled");
          }
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read gaps", e);
    }
    return gaps;
  }

  /// Rows stored per agent, over all streams and days.
  public Map<String, Long> rowsByAgent() {
    Map<String, Long> rows = new HashMap<>();
    try (Connection connection = database.reader()) {
      for (StreamSchema schema : StreamSchema.ALL) {
        try (Statement statement = connection.createStatement();
            ResultSet result =
                statement.executeQuery(
                    "SELECT agent_id, count(*) FROM ("
                        + relation(schema, 0, Long.MAX_VALUE)
                        + ") GROUP BY agent_id")) {
          while (result.next()) {
            rows.merge(result.getString(1), result.getLong(2), Long::sum);
          }
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot count rows", e);
    }
    return rows;
  }

  /// Remembers an agent over restarts.
  public void saveAgent(KnownAgent agent) {
    DuckDBConnection connection = database.writer();
    String id = Database.literal(agent.agentId());
    try {
      Database.execute(connection, "BEGIN");
      Database.execute(connection, "DELETE FROM registry.agents WHERE agent_id = " + id);
      Database.execute(
          connection,
          "INSERT INTO registry.agents VALUES ("
              + id
              + ", "
              + Database.literal(agent.document())
              + ", "
              + agent.lastSeenUnixNanos()
              + ")");
      Database.execute(connection, "COMMIT");
    } catch (SQLException e) {
      Database.rollBack(connection);
      throw new StorageException("cannot remember agent " + agent.agentId(), e);
    }
  }

  /// The agents that were remembered.
  public List<KnownAgent> agents() {
    List<KnownAgent> agents = new ArrayList<>();
    try (Connection connection = database.reader();
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT agent_id, document, last_seen_unix_nanos FROM registry.agents ORDER BY agent_id")) {
      while (result.next()) {
        agents.add(new KnownAgent(result.getString(1), result.getString(2), result.getLong(3)));
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read the registry", e);
    }
    return agents;
  }

  /// Deletes the files of days that ended before the retention.
  ///
  /// @return names of the files that are gone
  public List<String> dropExpired(Map<StreamSchema, Duration> retention) {
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    List<DayFile> expired = new ArrayList<>();
    synchronized (days) {
      retention.forEach(
          (schema, kept) -> {
            var old = daysOf(schema).headMap(today.minusDays(kept.toDays()), false);
            expired.addAll(old.values());
            old.clear();
          });
    }
    List<String> gone = new ArrayList<>();
    for (DayFile file : expired) {
      try {
        Database.execute(database.writer(), "DETACH " + file.catalog);
        Files.deleteIfExists(file.path);
        gone.add(file.path.getFileName().toString());
      } catch (SQLException | IOException e) {
        throw new StorageException("cannot delete " + file.path.getFileName(), e);
      }
    }
    return gone;
  }

  /// Files that could not be opened, each a sentence.
  public List<String> losses() {
    return List.copyOf(losses);
  }

  @Override
  public Connection reader() throws SQLException {
    return database.reader();
  }

  @Override
  public List<StreamTable> tables(StreamSchema schema) {
    synchronized (days) {
      return daysOf(schema).values().stream().map(DayFile::table).toList();
    }
  }

  @Override
  public boolean withAgents() {
    return true;
  }

  /// Writes a consistent copy with the views into `file`, which must not exist.
  public void snapshot(Path file) {
    Snapshots.write(this, file);
  }

  /// Bytes on disk.
  public long storedBytes() {
    try (Stream<Path> files = Files.list(directory)) {
      return files.mapToLong(AgentStore::size).sum();
    } catch (IOException e) {
      return 0;
    }
  }

  @Override
  public void close() {
    try {
      database.close();
    } catch (SQLException e) {
      throw new StorageException("cannot close the history", e);
    }
  }
}
