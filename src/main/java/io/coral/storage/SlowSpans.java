package io.coral.storage;

import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.IntPredicate;

/// The slowest spans of a partition, and at least how long the longest one of each group took, so
/// that a search for slow spans reads no rows, or leaves most groups out. In memory alone, some
/// 1.5 MB at most: what was there when the partition was opened is read when it is first asked for.
///
/// [#stored], [#committed] and [#forgetUncommitted] belong to the writer thread, the rest to any.
final class SlowSpans implements RowMemory {
  private static final int KEPT = 16_384;
  private static final int TRACE_ID = StreamSchema.SPANS.position("trace_id");
  private static final int START = StreamSchema.SPANS.position("start_unix_nanos");
  private static final int DURATION = StreamSchema.SPANS.position("duration_nanos");

  /// @param startNanos Unix time
  record Span(UUID traceId, long startNanos) {}

  private final String rows;
  private long rowsBefore;
  private boolean hasRead;
  private long[] longest = new long[256];
  private final Columns spans = new Columns();
  private final Columns uncommitted = new Columns();

  // Of what took longer every span is known.
  private volatile long allAbove = -1;

  /// @param rows the table of rows, qualified
  SlowSpans(String rows) {
    this.rows = rows;
  }

  @Override
  public void load(long rowsBefore) {
    this.rowsBefore = rowsBefore;
  }

  @Override
  public void stored(int group, ColumnBatch batch, int row) {
    long duration = batch.longs(DURATION)[row];
    if (group >= longest.length || duration > longest[group]) {
      setLongest(group, duration);
    }
    if (duration > allAbove) {
      long[] ids = batch.uuids(TRACE_ID);
      uncommitted.add(group, ids[2 * row], ids[2 * row + 1], batch.longs(START)[row], duration);
    }
  }

  private synchronized void setLongest(int group, long duration) {
    if (group >= longest.length) {
      longest = Arrays.copyOf(longest, Math.max(2 * longest.length, group + 1));
    }
    longest[group] = Math.max(longest[group], duration);
  }

  @Override
  public synchronized void committed() {
    for (int i = 0; i < uncommitted.size; i++) {
      long[] ids = uncommitted.ids;
      add(
          uncommitted.groups[i],
          ids[2 * i],
          ids[2 * i + 1],
          uncommitted.starts[i],
          uncommitted.durations[i]);
    }
    uncommitted.size = 0;
  }

  @Override
  public void forgetUncommitted() {
    uncommitted.size = 0;
  }

  /// Up to twice as many as are kept, then the faster half goes.
  private void add(int group, long high, long low, long start, long duration) {
    if (duration > allAbove) {
      spans.add(group, high, low, start, duration);
    }
    if (spans.size == 2 * KEPT) {
      long[] sorted = Arrays.copyOf(spans.durations, spans.size);
      Arrays.sort(sorted);
      allAbove = sorted[KEPT];
      spans.keepAbove(allAbove);
    }
  }

  /// Nanoseconds; no span of the group took longer.
  synchronized long longest(Connection connection, long group) throws SQLException {
    read(connection);
    return group < longest.length ? longest[(int) group] : 0;
  }

  /// All spans of some groups that took a time, in any order; empty when not all of them are known.
  ///
  /// @param leastNanos inclusive
  /// @param mostNanos inclusive
  synchronized Optional<List<Span>> of(
      Connection connection, IntPredicate groups, long leastNanos, long mostNanos)
      throws SQLException {
    read(connection);
    if (leastNanos <= allAbove) {
      return Optional.empty();
    }
    List<Span> found = new ArrayList<>();
    for (int i = 0; i < spans.size; i++) {
      long duration = spans.durations[i];
      if (duration >= leastNanos && duration <= mostNanos && groups.test(spans.groups[i])) {
        UUID traceId = new UUID(spans.ids[2 * i], spans.ids[2 * i + 1]);
        found.add(new Span(traceId, spans.starts[i]));
      }
    }
    return Optional.of(found);
  }

  private void read(Connection connection) throws SQLException {
    if (hasRead || rowsBefore == 0) {
      return;
    }
    String before = rows + " WHERE rowid < " + rowsBefore;
    Database.pairs(connection, "SELECT kind, max(duration_nanos) FROM " + before + " GROUP BY kind")
        .forEach((kind, nanos) -> setLongest(kind.intValue(), nanos));
    // The list is shorter than that, and the element none, when there are fewer rows.
    String bound =
        "SELECT coalesce(max(duration_nanos, %d)[%d], -1) FROM %s".formatted(KEPT, KEPT, before);
    allAbove = Math.max(allAbove, Database.number(connection, bound));
    String sql =
        "SELECT kind, trace_id, start_unix_nanos, duration_nanos FROM "
            + before
            + " AND duration_nanos > "
            + allAbove;
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        UUID id = TraceAliases.uuid(result, 2);
        add(
            result.getInt(1),
            id.getMostSignificantBits(),
            id.getLeastSignificantBits(),
            result.getLong(3),
            result.getLong(4));
      }
    }
    hasRead = true;
  }

  /// Spans, an array for each of their parts.
  private static final class Columns {
    private int size;
    private int[] groups = new int[64];
    private long[] ids = new long[128];
    private long[] starts = new long[64];
    private long[] durations = new long[64];

    void add(int group, long high, long low, long start, long duration) {
      if (size == groups.length) {
        groups = Arrays.copyOf(groups, 2 * size);
        ids = Arrays.copyOf(ids, 4 * size);
        starts = Arrays.copyOf(starts, 2 * size);
        durations = Arrays.copyOf(durations, 2 * size);
      }
      groups[size] = group;
      ids[2 * size] = high;
      ids[2 * size + 1] = low;
      starts[size] = start;
      durations[size] = duration;
      size++;
    }

    void keepAbove(long nanos) {
      int kept = 0;
      for (int i = 0; i < size; i++) {
        if (durations[i] > nanos) {
          groups[kept] = groups[i];
          ids[2 * kept] = ids[2 * i];
          ids[2 * kept + 1] = ids[2 * i + 1];
          starts[kept] = starts[i];
          durations[kept] = durations[i];
          kept++;
        }
      }
      size = kept;
    }
  }
}
