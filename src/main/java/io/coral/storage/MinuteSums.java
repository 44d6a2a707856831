package io.coral.storage;

import io.coral.model.ColumnBatch;
import io.coral.model.ColumnType;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What the rows of one partition counted, added up by minute in memory: requests of each
/// service, or calls between two. What was there when the partition was opened is read when it
/// is first asked for.
///
/// [#stored], [#committed] and [#forgetUncommitted] belong to the writer thread, the others to
/// any.
final class MinuteSums implements RowMemory {
  static final long MINUTE_NANOS = 60_000_000_000L;

  /// A step that is longer than any range.
  static final long ONE_STEP = Long.MAX_VALUE / MINUTE_NANOS * MINUTE_NANOS;

  /// Of some 300 bytes each. Where there are more, nothing is held.
  private static final int MOST_SUMS = 16_000;

  /// The column that names the agent of a row, at a colony.
  static final String AGENT = "agent_id";

  private static final int[] NONE = {};

  private final StreamTable table;
  private final int time;
  private final int calls;
  private final int errors;
  private final int offset;
  private final int histogram;
  private final int counted;
  private final int[] keys;
  private final List<Row> uncommitted = new ArrayList<>();
  private long rowsBefore;
  private boolean hasRead;
  private int size;
  private @Nullable Map<List<String>, Map<Long, Sum>> sums = new HashMap<>();

  private record Row(ColumnBatch batch, int row) {}

  private static final class Sum {
    private long calls;
    private long errors;
    private int offset;
    private int[] counts = {};

    void add(long moreCalls, long moreErrors, int from, int[] more) {
      calls += moreCalls;
      errors += moreErrors;
      if (more.length == 0) {
        return;
      }
      if (counts.length == 0) {
        offset = from;
      }
      int first = Math.min(offset, from);
      int end = Math.max(offset + counts.length, from + more.length);
      if (first < offset || end > offset + counts.length) {
        int[] wider = new int[end - first];
        System.arraycopy(counts, 0, wider, offset - first, counts.length);
        counts = wider;
        offset = first;
      }
      for (int i = 0; i < more.length; i++) {
        counts[from + i - offset] += more[i];
      }
    }
  }

  /// Is told of sums, or of parts of them.
  @FunctionalInterface
  interface Reader {
    /// @param of values of the columns of [StreamSchema#summedBy()] that were asked for
    /// @param startNanos of the step in which they ended, Unix time
    /// @param lastNanos when the last of them ended, Unix time; 0 when that is not known
    /// @param offset the first of the buckets of `counts`
    void add(
        List<String> of,
        long startNanos,
        long calls,
        long errors,
        long lastNanos,
        int offset,
        int[] counts);
  }

  /// @param table of a stream that is [StreamSchema#summedBy()] something
  MinuteSums(StreamTable table) {
    StreamSchema schema = table.schema();
    this.table = table;
    this.time = schema.position(schema.timeColumn());
    this.calls = schema.position(callsColumn(schema));
    this.errors = schema.position("errors");
    this.offset = schema.position("histogram_offset");
    this.histogram = schema.position("histogram");
    this.counted = schema.countsRequests() ? schema.position("counted") : -1;
    this.keys = schema.summedBy().stream().mapToInt(schema::position).toArray();
  }

  /// When the minute of a time began.
  static long begin(long nanos) {
    return Math.floorDiv(nanos, MINUTE_NANOS) * MINUTE_NANOS;
  }

  /// When the minute before a time that is excluded ends.
  static long end(long nanos) {
    return nanos > Long.MAX_VALUE - MINUTE_NANOS ? nanos : begin(nanos + MINUTE_NANOS - 1);
  }

  private static String callsColumn(StreamSchema schema) {
    return schema.countsRequests() ? "requests" : "calls";
  }

  @Override
  public void load(long rowsBefore) {
    this.rowsBefore = rowsBefore;
  }

  @Override
  public void stored(int group, ColumnBatch batch, int row) {
    if (counted < 0 || batch.longs(counted)[row] == 1) {
      uncommitted.add(new Row(batch, row));
    }
  }

  @Override
  public synchronized void committed() {
    for (Row each : uncommitted) {
      ColumnBatch batch = each.batch;
      add(
          keys(batch, each.row),
          begin(batch.longs(time)[each.row]),
          batch.longs(calls)[each.row],
          batch.longs(errors)[each.row],
          (int) batch.longs(offset)[each.row],
          batch.counts(histogram)[each.row]);
    }
    uncommitted.clear();
  }

  private List<String> keys(ColumnBatch batch, int row) {
    String[] values = new String[keys.length];
    for (int i = 0; i < keys.length; i++) {
      values[i] =
          table.schema().columns().get(keys[i]).type() == ColumnType.TEXT
              ? batch.dictionary().text(batch.textIds(keys[i])[row])
              : Long.toString(batch.longs(keys[i])[row]);
    }
    return List.of(values);
  }

  @Override
  public void forgetUncommitted() {
    uncommitted.clear();
  }

  private synchronized void add(
      List<String> of, long minute, long moreCalls, long moreErrors, int from, int[] counts) {
    if (sums == null) {
      return;
    }
    Map<Long, Sum> ofKey = sums.computeIfAbsent(of, _ -> new HashMap<>());
    Sum sum = ofKey.get(minute);
    if (sum == null) {
      if (++size > MOST_SUMS) {
        sums = null;
        return;
      }
      sum = new Sum();
      ofKey.put(minute, sum);
    }
    sum.add(moreCalls, moreErrors, from, counts);
  }

  /// Reads what is held of minutes that begin in a range.
  ///
  /// @return false when nothing is held
  synchronized boolean read(
      Connection connection,
      Predicate<List<String>> wanted,
      long sinceNanos,
      long untilNanos,
      Reader reader)
      throws SQLException {
    if (!hasRead && sums != null && rowsBefore > 0) {
      read(
          connection,
          table,
          table.schema().summedBy(),
          "r.rowid < " + rowsBefore,
          MINUTE_NANOS,
          true,
          (of, minute, moreCalls, moreErrors, _, from, counts) ->
              add(of, minute, moreCalls, moreErrors, from, counts));
    }
    hasRead = true;
    if (sums == null) {
      return false;
    }
    sums.forEach(
        (of, minutes) -> {
          if (wanted.test(of)) {
            minutes.forEach(
                (minute, sum) -> {
                  if (minute >= sinceNanos && minute < untilNanos) {
                    reader.add(of, minute, sum.calls, sum.errors, 0, sum.offset, sum.counts);
                  }
                });
          }
        });
    return true;
  }

  /// Adds up the rows of a partition that fit a condition.
  ///
  /// @param by the columns to tell apart
  /// @param condition on a row `r`, may be empty
  /// @param durations whether the histograms are read too
  static void read(
      Connection connection,
      StreamTable table,
      List<String> by,
      String condition,
      long stepNanos,
      boolean durations,
      Reader reader)
      throws SQLException {
    readSums(
        connection, table, by, sql(table, by, condition, stepNanos, durations), stepNanos, reader);
  }

  /// SQL of a relation `(step, …, bucket, n, failed, last)`, in which strings are numbers, in this
  /// order:
  /// counts with the bucket −1 and, if they are wanted, those of each bucket of the histograms.
  static String sql(
      StreamTable table, List<String> by, String condition, long stepNanos, boolean durations) {
    StreamSchema schema = table.schema();
    String columns =
        by.stream()
            .map(column -> column.equals(AGENT) ? ", r.agent AS " + AGENT : ", r." + column)
            .collect(Collectors.joining());
    String outer = by.stream().map(column -> ", r." + column).collect(Collectors.joining());
    String rows =
        " FROM "
            + table.rowsTable()
            + " AS r WHERE "
            + and(schema.countsRequests() ? "r.counted = 1" : "true", condition);
    String step = "SELECT r." + schema.timeColumn() + " // " + stepNanos + " AS step";
    StringBuilder sql = new StringBuilder(step);
    sql.append(columns).append(", -1 AS bucket, sum(r.").append(callsColumn(schema));
    sql.append(")::BIGINT AS n, sum(r.errors)::BIGINT AS failed, max(r.");
    sql.append(schema.countsRequests() ? "last_unix_nanos" : schema.timeColumn());
    sql.append(") AS last").append(rows);
    sql.append(" GROUP BY ALL");
    if (durations) {
      sql.append(" UNION ALL SELECT r.step").append(outer);
      sql.append(", r.bucket, sum(r.n)::BIGINT, 0, 0 FROM (").append(step).append(columns);
      sql.append(", generate_subscripts(r.histogram, 1) - 1 + r.histogram_offset AS bucket,");
      sql.append(" unnest(r.histogram) AS n").append(rows).append(") AS r WHERE r.n > 0");
      sql.append(" GROUP BY ALL");
    }
    return sql.toString();
  }

  /// Reads what a relation as of [#sql] says.
  ///
  /// @param by the columns that it tells apart
  static void readSums(
      Connection connection,
      StreamTable table,
      List<String> by,
      String sql,
      long stepNanos,
      Reader reader)
      throws SQLException {
    StreamSchema schema = table.schema();
    boolean[] isText = new boolean[by.size()];
    for (int i = 0; i < isText.length; i++) {
      isText[i] = isText(schema, by.get(i));
    }
    // Strings are looked up in memory: a join with the dictionary for each takes longer than the
    // sums.
    List<Found> rows = new ArrayList<>();
    Set<Integer> ids = new HashSet<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      int counts = by.size() + 2;
      while (result.next()) {
        long[] of = new long[by.size()];
        for (int i = 0; i < of.length; i++) {
          of[i] = result.getLong(i + 2);
          if (isText[i]) {
            ids.add((int) of[i]);
          }
        }
        rows.add(
            new Found(
                of,
                result.getLong(1) * stepNanos,
                result.getInt(counts),
                result.getLong(counts + 1),
                result.getLong(counts + 2),
                result.getLong(counts + 3)));
      }
    }
    Map<Integer, String> texts = table.texts(connection, ids);
    for (Found row : rows) {
      List<String> of = row.values(isText, texts);
      if (of.size() < by.size()) {
        // A string of it is damaged.
        continue;
      }
      if (row.bucket < 0) {
        reader.add(of, row.start, row.n, row.failed, row.last, 0, NONE);
      } else {
        reader.add(of, row.start, 0, 0, 0, row.bucket, new int[] {(int) row.n});
      }
    }
  }

  /// A row of a relation as of [#sql].
  ///
  /// @param of values of its columns, strings by their numbers
  private record Found(long[] of, long start, int bucket, long n, long failed, long last) {
    /// @return fewer when there is no such string
    List<String> values(boolean[] isText, Map<Integer, String> texts) {
      List<String> values = new ArrayList<>(of.length);
      for (int i = 0; i < of.length; i++) {
        String value = isText[i] ? texts.get((int) of[i]) : Long.toString(of[i]);
        if (value != null) {
          values.add(value);
        }
      }
      return values;
    }
  }

  /// Two conditions, of which either may be empty.
  static String and(String one, String other) {
    return one.isEmpty() || other.isEmpty() ? one + other : one + " AND " + other;
  }

  static boolean isText(StreamSchema schema, String column) {
    return column.equals(AGENT)
        || schema.columns().get(schema.position(column)).type() == ColumnType.TEXT;
  }
}
