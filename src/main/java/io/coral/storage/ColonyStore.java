package io.coral.storage;

import io.coral.model.ColumnBatch;
import io.coral.model.SeqRanges;
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
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The history of many agents: one DuckDB file per stream and day of the pull, deleted as a
/// whole when it is older than the stream's retention.
///
/// A file holds its rows, its dictionary, and which numbers of every agent's stream its rows
/// have ([SeqBook]); rows and numbers change in one transaction, so a batch that is delivered
/// twice changes nothing. A file that cannot be opened is renamed and kept; the others serve,
/// what the file had is asked for again, and [#losses()] says so.
///
/// A day that is over can be sealed: smaller, and slower to read through ([Sealing]).
///
/// [#append], [#noteLost], [#noteDeleted], [#roll], [#nextToSeal], [#replaceBySealed],
/// [#dropReplaced], [#backup], [#saveAgent], [#dropExpired], [#dropOldest] and [#close] belong to
/// one thread; everything else may be called on any thread and blocks.
public final class ColonyStore implements AutoCloseable, RowSource {
  /// Name of the worker thread that writes, a shared one of the process.
  public static final String WRITER = "coral-history";

  /// Name of the snapshot under `/duckdb/`.
  public static final String FILE_NAME = "metrics.duckdb";

  private static final Logger LOG = LoggerFactory.getLogger(ColonyStore.class);
  private static final int MEMORY_MEGABYTES = 128;
  private static final long ATTACH_NANOS = Duration.ofSeconds(2).toNanos();
  private static final long REPLACED_NANOS = Duration.ofMinutes(5).toNanos();
  private static final String REGISTRY = "registry";
  private static final String REGISTRY_FILE = "registry.duckdb";

  private static final String DISK_FULL = " was deleted early, because the disk filled up";

  /// Name of the colony among the agents that rows came from.
  private static final String COLONY = "colony";

  private final Path directory;
  private final Clock clock;
  private final Database database;
  private final Map<String, TreeMap<LocalDate, DayFile>> days = new LinkedHashMap<>();
  private final Map<String, SeqBook> books = new LinkedHashMap<>();
  private final List<String> losses = new CopyOnWriteArrayList<>();
  private final String ownId;

  /// What sealed days were made of, for the queries that began before; until when, monotonic.
  private final Map<DayFile, Long> replaced = new LinkedHashMap<>();

  /// Catalogs of files that are not attached although they should be.
  private final Map<String, Path> detached = new HashMap<>();

  private long attachNanos = System.nanoTime() - ATTACH_NANOS;

  private long ownEpoch;
  private Instant newestRow = Instant.EPOCH;

  /// What was stored of a delivery.
  ///
  /// @param rows of which those are kept that were not stored before
  /// @param numbers how many of its numbers were not held before
  public record Stored(Delivery rows, long numbers) {}

  /// An agent as the registry remembers it.
  public record KnownAgent(String agentId, String document, long lastSeenUnixNanos) {}

  /// A day of a stream that can be sealed.
  public static final class Unsealed {
    private final LocalDate day;
    private final DayFile file;
    private final DayFile sealed;
    private final long content;

    private Unsealed(LocalDate day, DayFile file, DayFile sealed, long content) {
      this.content = content;
      this.day = day;
      this.file = file;
      this.sealed = sealed;
    }

    @Override
    public String toString() {
      return file.path().getFileName().toString();
    }
  }

  private ColonyStore(Path directory, Clock clock, Database database, String ownId) {
    this.directory = directory;
    this.clock = clock;
    this.database = database;
    this.ownId = ownId;
  }

  /// Opens or creates the store of a colony that is one node.
  public static ColonyStore open(Path directory, Clock clock) {
    return open(directory, clock, COLONY);
  }

  /// Opens or creates the store in a directory.
  ///
  /// @param ownId name of this node among the agents that rows came from
  public static ColonyStore open(Path directory, Clock clock, String ownId) {
    try {
      Files.createDirectories(directory);
      ColonyStore store =
          new ColonyStore(directory, clock, Database.open("", MEMORY_MEGABYTES), ownId);
      AgentStore.createBounds(store.database.writer(), "");
      store.attachRegistry();
      for (StreamSchema schema : StreamSchema.ALL) {
        store.days.put(schema.name(), new TreeMap<>());
        store.books.put(schema.name(), new SeqBook());
        for (var day : DayFile.find(directory, schema).entrySet()) {
          store.attachOrSetAside(schema, day.getKey(), day.getValue());
        }
      }
      return store;
    } catch (SQLException | IOException e) {
      throw new StorageException("cannot open the history in " + directory, e);
    }
  }

  private void attachRegistry() throws SQLException, IOException {
    Path file = directory.resolve(REGISTRY_FILE);
    try {
      Database.attach(database.writer(), file, REGISTRY);
    } catch (SQLException e) {
      refuseLocked(file, e);
      losses.add(
          "the registry was damaged and is kept as "
              + new DatabaseFile(file).quarantine(nowNanos()));
      Database.attach(database.writer(), file, REGISTRY);
    }
    Database.execute(
        database.writer(),
        "CREATE TABLE IF NOT EXISTS registry.agents (agent_id VARCHAR NOT NULL, document VARCHAR"
            + " NOT NULL, last_seen_unix_nanos BIGINT NOT NULL)");
    Database.execute(
        database.writer(), "CREATE TABLE IF NOT EXISTS registry.epoch (epoch BIGINT NOT NULL)");
    Path restored = directory.resolve(Backup.RESTORED);
    if (Files.exists(restored)) {
      Database.execute(database.writer(), "DELETE FROM registry.epoch");
      Files.delete(restored);
    }
    ownEpoch = Database.number(database.writer(), "SELECT epoch FROM registry.epoch");
    if (ownEpoch == 0) {
      // Rows of a store that was lost had other numbers.
      ownEpoch = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
      Database.execute(database.writer(), "INSERT INTO registry.epoch VALUES (" + ownEpoch + ")");
    }
  }

  /// A file that another process has, or that lies on a full disk, is not damaged.
  private static void refuseLocked(Path file, SQLException e) {
    String why = String.valueOf(e.getMessage());
    if (why.contains("Could not set lock")
        || why.contains("No space left on device")
        || !Files.exists(file)) {
      throw new StorageException("cannot open " + file, e);
    }
  }

  /// Changes one file in a transaction. When a transaction takes effect and only the checkpoint
  /// behind it cannot be written, as on a full disk, DuckDB says that the commit failed and
  /// refuses everything else until the file is attached anew.
  private void change(Path path, String catalog, Database.Work work) throws SQLException {
    attachDetached();
    try {
      Database.inTransaction(database.writer(), work);
    } catch (SQLException e) {
      detachWhenInvalid(path, catalog, e);
      if (!String.valueOf(e.getMessage()).contains("COMMIT succeeded and is durable")) {
        throw e;
      }
    }
  }

  private void detachWhenInvalid(Path path, String catalog, Throwable e) {
    if (String.valueOf(e.getMessage()).contains("has been invalidated")) {
      LOG.warn("{} has to be attached anew: {}", path.getFileName(), e.getMessage());
      detached.put(catalog, path);
      attachDetached();
    }
  }

  /// Attaches what had to be detached. That fails as long as there is no room, and takes a
  /// while.
  private void attachDetached() {
    long now = System.nanoTime();
    if (detached.isEmpty() || now - attachNanos < ATTACH_NANOS) {
      return;
    }
    attachNanos = now;
    detached
        .entrySet()
        .removeIf(
            file -> {
              try {
                Database.detach(database.writer(), file.getKey());
                Database.attach(database.writer(), file.getValue(), file.getKey());
                LOG.info("{} is attached again", file.getValue().getFileName());
                return true;
              } catch (SQLException e) {
                LOG.debug("{} cannot be attached yet", file.getValue(), e);
                return false;
              }
            });
  }

  private void attachOrSetAside(StreamSchema schema, LocalDate day, DayFile file)
      throws IOException, SQLException {
    try {
      file.attach(database.writer());
      file.table().load(database.writer(), !file.isSealed());
      SeqBook.upgrade(database.writer(), file.catalog(), file.table(), nowNanos());
      book(schema).load(database.writer(), file.catalog());
      synchronized (days) {
        daysOf(schema).put(day, file);
      }
    } catch (SQLException e) {
      refuseLocked(file.path(), e);
      Database.detach(database.writer(), file.catalog());
      losses.add(
          "the "
              + schema.name()
              + " of "
              + day
              + " were damaged and are kept as "
              + file.quarantine(nowNanos())
              + "; what the agents still have is pulled again");
    }
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
    synchronized (days) {
      known = daysOf(schema).get(day);
      while (known != null && known.isSealed()) {
        // The clock was ahead.
        day = day.plusDays(1);
        known = daysOf(schema).get(day);
      }
    }
    if (known != null) {
      attachDetached();
      return known;
    }
    DayFile file = DayFile.open(directory, schema, day);
    file.attach(database.writer());
    DuckDBConnection connection = database.writer();
    try {
      change(
          file.path(),
          file.catalog(),
          () -> {
            file.table().create(connection);
            SeqBook.create(connection, file.catalog());
          });
    } catch (SQLException e) {
      Database.detach(connection, file.catalog());
      throw e;
    }
    synchronized (days) {
      daysOf(schema).put(day, file);
    }
    return file;
  }

  /// Stores rows of one stream, and that their numbers are held, both or neither. A row whose
  /// number is held already is not stored again, in whatever order and however often batches
  /// come.
  ///
  /// @param deliveries of one stream; a number that two of them have is taken from the first
  /// @return what was stored of each
  public List<Stored> append(List<Delivery> deliveries) {
    StreamSchema schema = StreamSchema.named(deliveries.getFirst().rows().stream());
    SeqBook book = book(schema);
    DuckDBConnection connection = database.writer();
    Map<SeqNotes.Epoch, SeqRanges> added = new LinkedHashMap<>();
    List<Stored> stored = new ArrayList<>();
    for (Delivery delivery : deliveries) {
      NumberedBatch batch = delivery.rows();
      if (!batch.stream().equals(schema.name())) {
        throw new IllegalArgumentException("deliveries of several streams");
      }
      SeqNotes.Epoch epoch = new SeqNotes.Epoch(delivery.agentId(), batch.epoch());
      SeqRanges held = book.known(epoch).held().plus(added.getOrDefault(epoch, SeqRanges.NONE));
      SeqRanges wanted = SeqRanges.of(batch.firstSeq(), batch.lastSeq()).minus(held);
      if (!wanted.isEmpty()) {
        added.merge(epoch, wanted, SeqRanges::plus);
      }
      stored.add(new Stored(only(wanted, delivery), wanted.size()));
    }
    if (added.isEmpty()) {
      return stored;
    }
    List<Delivery> rows =
        stored.stream().filter(each -> each.numbers > 0).map(Stored::rows).toList();
    DayFile file = beginDay(schema);
    book.arriving(rows.stream().map(Delivery::agentId).collect(Collectors.toSet()));
    try {
      for (Delivery delivery : rows) {
        file.table().prepare(connection, delivery.rows().batch());
      }
      change(
          file.path(),
          file.catalog(),
          () -> {
            file.table().append(connection, rows);
            SeqBook.append(connection, file.catalog(), added, KnownSeqs.Why.HELD, nowNanos());
          });
    } catch (SQLException | RuntimeException | OutOfMemoryError e) {
      Database.rollBack(connection);
      detachWhenInvalid(file.path(), file.catalog(), e);
      file.table().forgetUncommitted();
      book.arriving(Set.of());
      throw new StorageException("cannot store " + schema.name(), e);
    }
    file.table().committed();
    book.add(added, KnownSeqs.Why.HELD);
    book.arriving(Set.of());
    rows.forEach(this::sawTimes);
    return stored;
  }

  private void sawTimes(Delivery delivery) {
    ColumnBatch batch = delivery.rows().batch();
    long newest =
        Arrays.stream(batch.longs(batch.schema().position(batch.schema().timeColumn())))
            .max()
            .orElse(0);
    if (newest > newestRow.getEpochSecond() * 1_000_000_000L) {
      newestRow = Instant.ofEpochSecond(0, newest);
    }
  }

  /// The rows of a delivery whose numbers are wanted.
  private static Delivery only(SeqRanges wanted, Delivery delivery) {
    NumberedBatch batch = delivery.rows();
    if (wanted.size() == batch.lastSeq() - batch.firstSeq() + 1) {
      return delivery;
    }
    return new Delivery(
        delivery.agentId(),
        batch,
        row -> wanted.contains(batch.seq(row)) && delivery.keep().test(row));
  }

  /// Notes that rows of an agent are lost.
  ///
  /// @param lost what may be of any time counts as found now
  public void noteLost(String agentId, StreamSchema schema, long epoch, LostSeqs lost) {
    SeqNotes.Epoch of = new SeqNotes.Epoch(agentId, epoch);
    lost.found()
        .forEach(
            (found, seqs) -> {
              long noted = found == LostSeqs.ANY_TIME ? nowNanos() : found;
              note(schema, Map.of(of, seqs), KnownSeqs.Why.GONE, noted);
              book(schema).addGone(of, seqs, noted);
            });
  }

  /// Notes that rows of an agent were deleted elsewhere, because their time was over.
  public void noteDeleted(String agentId, StreamSchema schema, long epoch, SeqRanges seqs) {
    if (!seqs.isEmpty()) {
      noteDeleted(schema, Map.of(new SeqNotes.Epoch(agentId, epoch), seqs));
    }
  }

  private void noteDeleted(StreamSchema schema, Map<SeqNotes.Epoch, SeqRanges> deleted) {
    note(schema, deleted, KnownSeqs.Why.DELETED, nowNanos());
    book(schema).add(deleted, KnownSeqs.Why.DELETED);
  }

  private void note(
      StreamSchema schema, Map<SeqNotes.Epoch, SeqRanges> seqs, KnownSeqs.Why why, long noted) {
    DayFile file = beginDay(schema);
    DuckDBConnection connection = database.writer();
    try {
      change(
          file.path(),
          file.catalog(),
          () -> SeqBook.append(connection, file.catalog(), seqs, why, noted));
    } catch (SQLException e) {
      throw new StorageException("cannot note what is not there of " + schema.name(), e);
    }
  }

  private DayFile beginDay(StreamSchema schema) {
    try {
      return today(schema);
    } catch (SQLException e) {
      throw new StorageException("cannot begin a day of " + schema.name(), e);
    }
  }

  /// Stores rows that the colony found itself.
  public void appendOwn(ColumnBatch rows) {
    StreamSchema schema = rows.schema();
    long next = known(ownId, schema, ownEpoch).all().last() + 1;
    append(List.of(new Delivery(ownId, new NumberedBatch(schema.name(), ownEpoch, next, rows))));
  }

  /// What is known of the numbers of an epoch.
  public KnownSeqs known(String agentId, StreamSchema schema, long epoch) {
    return book(schema).known(new SeqNotes.Epoch(agentId, epoch));
  }

  /// What is known of the numbers of every agent, this node among them.
  public Map<String, Map<StreamEpoch, KnownSeqs>> seqs() {
    Map<String, Map<StreamEpoch, KnownSeqs>> seqs = new HashMap<>();
    books.forEach(
        (stream, book) ->
            book.all()
                .forEach(
                    (epoch, known) ->
                        seqs.computeIfAbsent(epoch.agentId(), _ -> new HashMap<>())
                            .put(new StreamEpoch(stream, epoch.epoch()), known)));
    return seqs;
  }

  /// The name of this node among the agents that rows came from.
  public String ownId() {
    return ownId;
  }

  /// The rows of the lowest numbers of a range that are held, as many as `maxRows`; null when
  /// none is. The numbers between them are those of rows that were not kept. Safe on any
  /// thread; blocks.
  public @Nullable NumberedBatch rows(
      String agentId, StreamSchema schema, long epoch, SeqRanges.Range range, int maxRows) {
    List<DayFile> files;
    synchronized (days) {
      files = List.copyOf(daysOf(schema).values());
    }
    try (Connection connection = database.reader()) {
      DayFile first = null;
      SeqRanges.Range held = null;
      for (DayFile file : files) {
        SeqRanges of =
            SeqBook.held(connection, file.catalog(), new SeqNotes.Epoch(agentId, epoch))
                .and(SeqRanges.of(range.from(), range.to()));
        if (!of.isEmpty() && (held == null || of.ranges().getFirst().from() < held.from())) {
          held = of.ranges().getFirst();
          first = file;
        }
      }
      return first == null || held == null
          ? null
          : rows(connection, first.table(), agentId, epoch, held, maxRows);
    } catch (SQLException e) {
      throw new StorageException("cannot read " + schema.name(), e);
    }
  }

  private static NumberedBatch rows(
      Connection connection,
      StreamTable table,
      String agentId,
      long epoch,
      SeqRanges.Range held,
      int maxRows)
      throws SQLException {
    long to = Math.min(held.to(), held.from() + maxRows - 1);
    String condition =
        table.ofAgents(List.of(agentId))
            + " AND r.epoch = "
            + epoch
            + " AND r.seq BETWEEN "
            + held.from()
            + " AND "
            + to
            + " ORDER BY r.seq";
    long[] seqs =
        Database.numbers(
                connection, "SELECT seq FROM " + table.rowsTable() + " AS r WHERE " + condition)
            .stream()
            .mapToLong(Long::longValue)
            .toArray();
    return new NumberedBatch(
        table.schema().name(),
        epoch,
        held.from(),
        to,
        seqs,
        new StoredRows(connection, table).read(condition));
  }

  private SeqBook book(StreamSchema schema) {
    SeqBook book = books.get(schema.name());
    if (book == null) {
      throw new IllegalArgumentException("stream: " + schema.name());
    }
    return book;
  }

  private long nowNanos() {
    return clock.millis() * 1_000_000;
  }

  /// Rows that agents numbered but no longer had when they were asked, each gap a sentence.
  public List<String> gaps() {
    List<String> gaps = new ArrayList<>();
    books.forEach(
        (stream, book) -> {
          Map<String, Long> rows = new TreeMap<>();
          book.lost()
              .forEach((epoch, lost) -> rows.merge(epoch.agentId(), lost.all().size(), Long::sum));
          rows.forEach(
              (agent, count) ->
                  gaps.add(
                      count
                          + " rows of "
                          + stream
                          + " expired at agent "
                          + agent
                          + " before they were pulled"));
        });
    return gaps;
  }

  /// The numbers behind these gaps, by agent.
  public Map<String, Map<StreamEpoch, LostSeqs>> lost() {
    long now = nowNanos();
    Map<String, Map<StreamEpoch, LostSeqs>> lost = new HashMap<>();
    books.forEach(
        (stream, book) ->
            book.lost()
                .forEach(
                    (epoch, seqs) ->
                        lost.computeIfAbsent(epoch.agentId(), _ -> new HashMap<>())
                            .put(new StreamEpoch(stream, epoch.epoch()), seqs.asOf(now))));
    return lost;
  }

  /// Whether there are rows of other agents than these.
  boolean hasOthersThan(Set<String> agents) {
    return books.values().stream().anyMatch(book -> book.hasOthersThan(agents));
  }

  /// How many rows of each agent were pulled that are part of the history, over all streams.
  public Map<String, Long> rowsByAgent() {
    Map<String, Long> rows = new HashMap<>();
    for (SeqBook book : books.values()) {
      book.all()
          .forEach((epoch, known) -> rows.merge(epoch.agentId(), known.held().size(), Long::sum));
    }
    return rows;
  }

  /// Remembers an agent over restarts.
  public void saveAgent(KnownAgent agent) {
    DuckDBConnection connection = database.writer();
    String id = Database.literal(agent.agentId());
    try {
      change(
          directory.resolve(REGISTRY_FILE),
          REGISTRY,
          () -> {
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
          });
    } catch (SQLException e) {
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
                "SELECT agent_id, document, last_seen_unix_nanos FROM registry.agents ORDER BY"
                    + " agent_id")) {
      while (result.next()) {
        agents.add(new KnownAgent(result.getString(1), result.getString(2), result.getLong(3)));
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read the registry", e);
    }
    return agents;
  }

  /// Adds up the counts that came since the last time, so that questions about days are cheap.
  ///
  /// @return whether there was anything to do
  public boolean roll() {
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    Map<LocalDate, List<DayFile>> byDay = new TreeMap<>();
    synchronized (days) {
      days.values()
          .forEach(
              files ->
                  files.forEach(
                      (day, file) -> byDay.computeIfAbsent(day, _ -> new ArrayList<>()).add(file)));
    }
    boolean rolled = false;
    try {
      for (Map.Entry<LocalDate, List<DayFile>> day : byDay.entrySet()) {
        for (DayFile file : day.getValue()) {
          rolled |=
              file.table()
                  .roll(
                      database.writer(),
                      day.getKey().isBefore(today),
                      work -> change(file.path(), file.catalog(), work));
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot add up counts", e);
    }
    return rolled;
  }

  /// The oldest day of any stream that is over, added up, and not sealed; by the clock and by the
  /// rows that came. To be handed to [#writeSealed], and then to [#replaceBySealed].
  public Optional<Unsealed> nextToSeal() {
    LocalDate today = LocalDate.ofInstant(now(), ZoneOffset.UTC);
    Optional<Map.Entry<LocalDate, DayFile>> next;
    synchronized (days) {
      next =
          days.values().stream()
              .flatMap(of -> of.headMap(today, false).entrySet().stream())
              .filter(day -> !day.getValue().isSealed() && day.getValue().table().isRolled())
              .min(Map.Entry.comparingByKey());
    }
    return next.map(
        day -> {
          DayFile file = day.getValue();
          return new Unsealed(
              day.getKey(),
              file,
              DayFile.sealed(directory, file.table().schema(), day.getKey()),
              content(file));
        });
  }

  /// Another one after each change of a day: rows and notes are only ever added to it.
  private long content(DayFile file) {
    try {
      return Database.number(
          database.writer(),
          "SELECT (SELECT count(*) FROM %s) + (SELECT count(*) FROM %s)"
              .formatted(file.table().rowsTable(), SeqBook.table(file.catalog())));
    } catch (SQLException e) {
      throw new StorageException("cannot read " + file.path().getFileName(), e);
    }
  }

  /// Writes the files of a sealed day. Safe on any thread, one at a time; blocks, some seconds for
  /// a million rows.
  public void writeSealed(Unsealed day) {
    try (Connection connection = database.reader()) {
      Sealing.write(connection, day.file, day.sealed);
    } catch (SQLException | IOException e) {
      throw new StorageException("cannot seal " + day.file.path().getFileName(), e);
    }
  }

  /// Reads a day from its sealed files from now on, unless it has changed since [#nextToSeal] or
  /// its retention is over.
  ///
  /// @return whether it does
  public boolean replaceBySealed(Unsealed day) {
    DuckDBConnection connection = database.writer();
    DayFile sealed = day.sealed;
    try {
      boolean isThere;
      synchronized (days) {
        isThere = day.file.equals(daysOf(sealed.table().schema()).get(day.day));
      }
      if (!isThere || content(day.file) != day.content) {
        sealed.deleteUnfinished();
        return false;
      }
      Sealing.finish(sealed);
      sealed.attach(connection);
      sealed.table().load(connection, false);
      synchronized (days) {
        daysOf(sealed.table().schema()).put(day.day, sealed);
      }
      replaced.put(day.file, System.nanoTime() + REPLACED_NANOS);
      return true;
    } catch (SQLException | IOException e) {
      throw new StorageException("cannot use " + sealed.path().getFileName(), e);
    }
  }

  /// Deletes what sealed days were made of, when no query is left that may read it.
  public void dropReplaced() {
    long now = System.nanoTime();
    replaced
        .entrySet()
        .removeIf(
            each -> {
              boolean isOver = now - each.getValue() > 0;
              if (isOver) {
                detachAndDelete(each.getKey());
              }
              return isOver;
            });
  }

  private Instant now() {
    return clock.instant().isBefore(newestRow) ? clock.instant() : newestRow;
  }

  /// Deletes the files of days that ended before the retention: by the clock, unless the rows
  /// that came since the start are of before. So a clock that is wrong deletes nothing.
  ///
  /// @return names of the files that are gone
  public List<String> dropExpired(Map<StreamSchema, Duration> retention) {
    LocalDate today = LocalDate.ofInstant(now(), ZoneOffset.UTC);
    List<DayFile> expired = new ArrayList<>();
    synchronized (days) {
      retention.forEach(
          (schema, kept) -> {
            var old = daysOf(schema).headMap(today.minusDays(kept.toDays()), false);
            expired.addAll(old.values());
            old.clear();
          });
    }
    return delete(expired);
  }

  /// Deletes the oldest day of all streams, unless it is today: the disk fills up. The history
  /// says from then on that it begins later.
  ///
  /// @return names of the files that are gone
  public List<String> dropOldest() {
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    List<DayFile> files = new ArrayList<>();
    LocalDate oldest;
    synchronized (days) {
      oldest =
          days.values().stream()
              .filter(of -> !of.isEmpty())
              .map(TreeMap::firstKey)
              .min(LocalDate::compareTo)
              .orElse(today);
      if (oldest.isBefore(today)) {
        for (TreeMap<LocalDate, DayFile> of : days.values()) {
          DayFile file = of.remove(oldest);
          if (file != null) {
            files.add(file);
          }
        }
      }
    }
    List<String> gone = delete(files);
    if (!gone.isEmpty()) {
      losses.removeIf(loss -> loss.endsWith(DISK_FULL));
      losses.add("what was pulled until " + oldest + DISK_FULL);
    }
    return gone;
  }

  private List<String> delete(List<DayFile> files) {
    List<String> gone = new ArrayList<>();
    for (DayFile file : files) {
      try {
        forgetSeqs(file);
      } catch (SQLException e) {
        throw new StorageException("cannot delete " + file.path().getFileName(), e);
      }
      detachAndDelete(file);
      gone.add(file.path().getFileName().toString());
    }
    return gone;
  }

  private void detachAndDelete(DayFile file) {
    try {
      Database.detach(database.writer(), file.catalog());
      detached.remove(file.catalog());
      file.delete();
    } catch (SQLException | IOException e) {
      throw new StorageException("cannot delete " + file.path().getFileName(), e);
    }
  }

  /// Lets go of the numbers of a file, which are no part of the history any more.
  private void forgetSeqs(DayFile file) throws SQLException {
    StreamSchema schema = file.table().schema();
    Map<SeqNotes.Epoch, SeqRanges> deleted = book(schema).forget(database.writer(), file.catalog());
    if (!deleted.isEmpty()) {
      noteDeleted(schema, deleted);
    }
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

  /// Percent of the disk under the history that is used. Blocks.
  public int diskPercent() {
    try {
      return Disk.of(directory).space().usedPercent(0);
    } catch (IOException e) {
      throw new StorageException("cannot tell how full the disk is", e);
    }
  }

  /// Writes the databases as they are on disk to a zip file that must not exist, see [Backup].
  public void backup(Path zip) {
    try {
      Backup.write(directory, zip);
    } catch (IOException e) {
      throw new StorageException("cannot save the history", e);
    }
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
