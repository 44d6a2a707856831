package io.coral.storage;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;

/// At least how long the longest span of each group of a partition took, so that a search for slow
/// ones leaves most groups out. In memory alone: what was there when the partition was opened is
/// read when it is first asked for.
///
/// [#stored] belongs to the writer thread; what it was told is seen once the rows are.
final class LongestSpans {
  private final String rows;
  private long rowsBefore;
  private boolean hasRead;
  private long[] longest = new long[256];

  /// @param rows the table of rows, qualified
  LongestSpans(String rows) {
    this.rows = rows;
  }

  /// The table has rows already. Before any other method.
  void load(long rowsBefore) {
    this.rowsBefore = rowsBefore;
  }

  /// A row of a group is stored, or is not after all.
  synchronized void stored(int group, long durationNanos) {
    if (group >= longest.length) {
      longest = Arrays.copyOf(longest, Math.max(2 * longest.length, group + 1));
    }
    longest[group] = Math.max(longest[group], durationNanos);
  }

  /// Nanoseconds; no span of the group took longer.
  synchronized long of(Connection connection, long group) throws SQLException {
    if (!hasRead && rowsBefore > 0) {
      Database.pairs(
              connection,
              "SELECT kind, max(duration_nanos) FROM "
                  + rows
                  + " WHERE rowid < "
                  + rowsBefore
                  + " GROUP BY kind")
          .forEach((kind, nanos) -> stored(kind.intValue(), nanos));
    }
    hasRead = true;
    return group < longest.length ? longest[(int) group] : 0;
  }
}
