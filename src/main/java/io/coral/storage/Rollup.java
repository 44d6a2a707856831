package io.coral.storage;

import io.coral.model.ColumnBatch;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The counts of a colony's partition by hour and, once its day is over, by day, in a table
/// beside the rows, so that a question about days does not read every window. Sums of the first
/// so many rows are there; the others, and what lies in a part of an hour, are added up from
/// the rows.
///
/// One row for each combination of values and step has the counts (`bucket` −1), one more each
/// bucket of its histogram that is not empty.
///
/// [#open], [#roll] and the methods of [RowMemory] belong to the writer thread, the others to
/// any.
final class Rollup implements RowMemory {
  static final long HOUR_NANOS = 60 * MinuteSums.MINUTE_NANOS;
  static final long DAY_NANOS = 24 * HOUR_NANOS;

  /// How many rows are added up at once, since all that is grouped is in memory.
  private static final long ROWS_AT_ONCE = 500_000;

  private final StreamTable table;
  private final String sums;
  private final String progress;
  private final List<String> keys;
  private final int time;

  /// A reader sees the sums and the rows behind them as of the same moment.
  private final ReadWriteLock lock = new ReentrantReadWriteLock(true);

  private Progress done = Progress.NOTHING;
  private volatile Rows stored = Rows.NONE;
  private Rows uncommitted = Rows.NONE;

  /// Runs what takes effect together, knowing what is durable although its commit failed.
  @FunctionalInterface
  interface Transaction {
    void run(Database.Work work) throws SQLException;
  }

  /// @param rows how many of the first ones are added up
  /// @param times of these
  /// @param byDay whether by day, too
  private record Progress(long rows, Times times, boolean byDay) {
    static final Progress NOTHING = new Progress(0, Times.NONE, false);
  }

  /// Rows that are stored.
  ///
  /// @param behind times of those that are not added up yet
  private record Rows(long count, Times behind) {
    static final Rows NONE = new Rows(0, Times.NONE);
  }

  /// Times of some rows, Unix nanoseconds; the last is before the first when there is none.
  private record Times(long first, long last) {
    static final Times NONE = new Times(Long.MAX_VALUE, Long.MIN_VALUE);

    Times plus(Times other) {
      return new Times(Math.min(first, other.first), Math.max(last, other.last));
    }

    boolean meet(long sinceNanos, long untilNanos) {
      return first < untilNanos && last >= sinceNanos;
    }
  }

  /// @param catalog database of the table
  /// @param table whose schema is [StreamSchema#summedBy()] something, with agents
  Rollup(String catalog, StreamTable table) {
    this.table = table;
    this.sums = catalog + ".rollup";
    this.progress = catalog + ".rolled_up";
    this.keys =
        Stream.concat(Stream.of(MinuteSums.AGENT), table.schema().rollupBy().stream()).toList();
    this.time = table.schema().position(table.schema().timeColumn());
  }

  /// Makes the tables unless they are there, and anew when they lack a column that came later: what
  /// they have can be added up again.
  void create(Connection connection) throws SQLException {
    Set<String> there = columnsThere(connection);
    if (!there.isEmpty() && !there.containsAll(keys.stream().map(Rollup::column).toList())) {
      // In this order: sums without the progress are nothing, but not the other way round.
      Database.execute(connection, "DROP TABLE IF EXISTS " + progress);
      Database.execute(connection, "DROP TABLE " + sums);
    }
    String columns =
        keys.stream()
            .map(
                key ->
                    MinuteSums.isText(table.schema(), key)
                        ? column(key) + " INTEGER NOT NULL, "
                        : column(key) + " BIGINT NOT NULL, ")
            .collect(Collectors.joining());
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS "
            + sums
            + " (length BIGINT NOT NULL, start BIGINT NOT NULL, "
            + columns
            + "bucket INTEGER NOT NULL, n BIGINT NOT NULL, failed BIGINT NOT NULL, last BIGINT NOT"
            + " NULL)");
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS "
            + progress
            + " (up_to_row BIGINT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL, by_day"
            + " BOOLEAN NOT NULL)");
  }

  private Set<String> columnsThere(Connection connection) throws SQLException {
    return Database.texts(
        connection,
        "SELECT column_name FROM duckdb_columns() WHERE database_name || '.' || table_name = "
            + Database.literal(sums));
  }

  private static String column(String key) {
    return key.equals(MinuteSums.AGENT) ? "agent" : key;
  }

  /// Reads how far it came in a partition that existed before. After [#load].
  void open(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("FROM " + progress)) {
      if (result.next()) {
        done =
            new Progress(
                result.getLong(1),
                new Times(result.getLong(2), result.getLong(3)),
                result.getBoolean(4));
      }
    }
    stored = new Rows(stored.count, times(connection, "rowid >= " + done.rows));
  }

  private Times times(Connection connection, String condition) throws SQLException {
    String column = table.schema().timeColumn();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT min(%s), max(%s) FROM %s WHERE %s"
                    .formatted(column, column, table.rowsTable(), condition))) {
      result.next();
      long first = result.getLong(1);
      return result.wasNull() ? Times.NONE : new Times(first, result.getLong(2));
    }
  }

  @Override
  public void load(long rowsBefore) {
    stored = new Rows(rowsBefore, Times.NONE);
  }

  @Override
  public void stored(int group, ColumnBatch batch, int row) {
    long at = batch.longs(time)[row];
    Times times = uncommitted.behind;
    uncommitted =
        new Rows(
            uncommitted.count + 1,
            at < times.first || at > times.last ? times.plus(new Times(at, at)) : times);
  }

  @Override
  public void committed() {
    stored = new Rows(stored.count + uncommitted.count, stored.behind.plus(uncommitted.behind));
    forgetUncommitted();
  }

  @Override
  public void forgetUncommitted() {
    uncommitted = Rows.NONE;
  }

  /// Adds up the rows that came since the last time.
  ///
  /// @param isOver whether the day of the partition is over
  /// @param transaction makes the changes, or fails and makes none
  /// @return whether there was anything to do
  boolean roll(Connection connection, boolean isOver, Transaction transaction) throws SQLException {
    boolean rolled = false;
    while (done.rows < stored.count) {
      roll(connection, transaction, Math.min(stored.count, done.rows + ROWS_AT_ONCE));
      rolled = true;
    }
    if (isOver && !done.byDay && stored.count > 0) {
      save(
          connection,
          transaction,
          List.of(
              "INSERT INTO %s SELECT %d, start // %d * %d, %s, bucket, %s FROM %s GROUP BY ALL"
                  .formatted(sums, DAY_NANOS, DAY_NANOS, DAY_NANOS, columns(), totals("n"), sums)),
          new Progress(done.rows, done.times, true));
      rolled = true;
    }
    return rolled;
  }

  /// Whether there is nothing to add up, by hour or by day. On the writer thread.
  boolean isDone() {
    return stored.count == 0 || (done.rows == stored.count && done.byDay);
  }

  private String columns() {
    return keys.stream().map(Rollup::column).collect(Collectors.joining(", "));
  }

  private static String totals(String n) {
    return "sum(" + n + ")::BIGINT, sum(failed)::BIGINT, max(last)";
  }

  private void roll(Connection connection, Transaction transaction, long upToRow)
      throws SQLException {
    String these = "r.rowid >= " + done.rows + " AND r.rowid < " + upToRow;
    Times times = times(connection, these.replace("r.", ""));
    String of =
        keys.stream()
            .map(key -> key.equals(column(key)) ? key : key + " AS " + column(key))
            .collect(Collectors.joining(", "));
    Database.execute(
        connection,
        "CREATE OR REPLACE TEMP TABLE fresh_sums AS SELECT step * %d AS start, %s, bucket, n, failed, last FROM (%s)"
            .formatted(HOUR_NANOS, of, MinuteSums.sql(table, keys, these, HOUR_NANOS, true)));
    String sameHours = "length = " + HOUR_NANOS + " AND start IN (SELECT start FROM fresh_sums)";
    // The sums of an hour are written anew, so that a question reads one for each combination.
    Database.execute(
        connection,
        "INSERT INTO fresh_sums SELECT * EXCLUDE (length) FROM %s WHERE %s"
            .formatted(sums, sameHours));
    save(
        connection,
        transaction,
        List.of(
            "DELETE FROM %s WHERE %s OR length = %d".formatted(sums, sameHours, DAY_NANOS),
            "INSERT INTO %s SELECT %d, start, %s, bucket, %s FROM fresh_sums GROUP BY ALL ORDER BY ALL"
                .formatted(sums, HOUR_NANOS, columns(), totals("n"))),
        new Progress(upToRow, done.times.plus(times), false));
    Database.execute(connection, "DROP TABLE fresh_sums");
  }

  private void save(
      Connection connection, Transaction transaction, List<String> statements, Progress now)
      throws SQLException {
    lock.writeLock().lock();
    try {
      transaction.run(
          () -> {
            for (String statement : statements) {
              Database.execute(connection, statement);
            }
            Database.execute(connection, "DELETE FROM " + progress);
            Database.execute(
                connection,
                "INSERT INTO %s VALUES (%d, %d, %d, %b)"
                    .formatted(progress, now.rows, now.times.first, now.times.last, now.byDay));
          });
      done = now;
      if (now.rows == stored.count) {
        stored = new Rows(now.rows, Times.NONE);
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /// Whether it can answer a question.
  boolean fits(SumsQuestion question) {
    return keys.containsAll(question.by())
        && keys.containsAll(question.where().keySet())
        && (question.stepNanos() == SumsQuestion.ONE_STEP
            || question.stepNanos() % HOUR_NANOS == 0);
  }

  /// Answers a question that it [#fits].
  ///
  /// @param where the condition on a row `r` that it has, may be empty
  void read(Connection connection, SumsQuestion question, String where, MinuteSums.Reader reader)
      throws SQLException {
    lock.readLock().lock();
    try {
      readLocked(connection, question, where, reader);
    } finally {
      lock.readLock().unlock();
    }
  }

  private void readLocked(
      Connection connection, SumsQuestion question, String where, MinuteSums.Reader reader)
      throws SQLException {
    // Before the first row and behind the last one, there is no part of an hour.
    long since =
        question.sinceNanos() <= done.times.first
            ? down(done.times.first, HOUR_NANOS)
            : question.sinceNanos();
    long until =
        question.untilNanos() > done.times.last
            ? up(done.times.last + 1, HOUR_NANOS)
            : question.untilNanos();
    List<String> ofRows = new ArrayList<>();
    if (done.times.meet(question.sinceNanos(), question.untilNanos())) {
      long from = up(since, HOUR_NANOS);
      long to = Math.max(from, down(until, HOUR_NANOS));
      if (from < to) {
        readSums(connection, question, where, from, to, reader);
        addPart(ofRows, since, from);
        addPart(ofRows, to, until);
      } else {
        addPart(ofRows, since, until);
      }
    }
    if (stored.behind.meet(question.sinceNanos(), question.untilNanos())) {
      ofRows.add(
          "r.rowid >= "
              + done.rows
              + " AND "
              + range(question.sinceNanos(), question.untilNanos()));
    }
    for (String condition : ofRows) {
      MinuteSums.read(
          connection,
          table,
          question.by(),
          MinuteSums.and(condition, where),
          question.stepNanos(),
          question.durations(),
          reader);
    }
  }

  private void addPart(List<String> ofRows, long sinceNanos, long untilNanos) {
    if (sinceNanos < untilNanos && done.times.meet(sinceNanos, untilNanos)) {
      ofRows.add("r.rowid < " + done.rows + " AND " + range(sinceNanos, untilNanos));
    }
  }

  private String range(long sinceNanos, long untilNanos) {
    String column = "r." + table.schema().timeColumn();
    return column + " >= " + sinceNanos + " AND " + column + " < " + untilNanos;
  }

  private static long down(long nanos, long step) {
    return Math.floorDiv(nanos, step) * step;
  }

  private static long up(long nanos, long step) {
    return Math.ceilDiv(nanos, step) * step;
  }

  private void readSums(
      Connection connection,
      SumsQuestion question,
      String where,
      long fromNanos,
      long toNanos,
      MinuteSums.Reader reader)
      throws SQLException {
    boolean byDay =
        done.byDay
            && (question.stepNanos() == SumsQuestion.ONE_STEP
                || question.stepNanos() % DAY_NANOS == 0);
    long dayFrom = byDay ? Math.min(toNanos, up(fromNanos, DAY_NANOS)) : toNanos;
    long dayTo = byDay ? Math.max(dayFrom, down(toNanos, DAY_NANOS)) : toNanos;
    List<String> parts = new ArrayList<>();
    addSteps(parts, HOUR_NANOS, fromNanos, dayFrom);
    addSteps(parts, DAY_NANOS, dayFrom, dayTo);
    addSteps(parts, HOUR_NANOS, dayTo, toNanos);
    String condition =
        MinuteSums.and(
            parts.stream().collect(Collectors.joining(" OR ", "(", ")")),
            MinuteSums.and(question.durations() ? "" : "r.bucket = -1", where));
    String of =
        question.by().stream()
            .map(key -> ", r." + column(key) + (key.equals(column(key)) ? "" : " AS " + key))
            .collect(Collectors.joining());
    MinuteSums.readSums(
        connection,
        table,
        question.by(),
        "SELECT r.start // "
            + question.stepNanos()
            + " AS step"
            + of
            + ", r.bucket, sum(r.n)::BIGINT AS n, sum(r.failed)::BIGINT AS failed, max(r.last) AS last"
            + " FROM "
            + sums
            + " AS r WHERE "
            + condition
            + " GROUP BY ALL",
        question.stepNanos(),
        reader);
  }

  private static void addSteps(List<String> parts, long length, long fromNanos, long toNanos) {
    if (fromNanos < toNanos) {
      parts.add(
          "r.length = %d AND r.start >= %d AND r.start < %d".formatted(length, fromNanos, toNanos));
    }
  }
}
