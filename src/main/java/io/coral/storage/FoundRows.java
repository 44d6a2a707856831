package io.coral.storage;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// Rows of a stream by their places, so that only they are joined with their strings.
///
/// @param rows in the order that was asked for
/// @param cut whether there are more rows that fit
record FoundRows(List<Row> rows, boolean cut) {
  /// What the long strings of the rows of an answer may take.
  private static final long MOST_BYTES = 4_000_000;

  /// @param order what the rows are ordered by
  /// @param bytes of its long strings
  record Row(StreamTable table, long id, long seq, long order, long bytes) {}

  /// Finds the first rows of some partitions.
  ///
  /// @param condition on a row `r` of a partition; its parameters are bound to `parameters`
  /// @param order a column of numbers
  static FoundRows find(
      Connection connection,
      List<StreamTable> tables,
      Function<StreamTable, String> condition,
      List<String> parameters,
      String order,
      boolean descending,
      int limit)
      throws SQLException {
    Comparator<Row> comparator = Comparator.comparingLong(Row::order);
    comparator = descending ? comparator.reversed() : comparator;
    List<Row> rows = new ArrayList<>();
    for (StreamTable table : tables) {
      String sql =
          "SELECT r.rowid, r.seq, r."
              + order
              + ", "
              + table.ownBytes()
              + " FROM "
              + table.rowsTable()
              + " AS r WHERE "
              + condition.apply(table)
              + " ORDER BY 3"
              + (descending ? " DESC" : "")
              + ", 1"
              + (descending ? " DESC" : "")
              + " LIMIT "
              + (limit + 1L);
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        for (int i = 0; i < parameters.size(); i++) {
          statement.setString(i + 1, parameters.get(i));
        }
        try (ResultSet result = statement.executeQuery()) {
          while (result.next()) {
            rows.add(
                new Row(
                    table,
                    result.getLong(1),
                    result.getLong(2),
                    result.getLong(3),
                    result.getLong(4)));
          }
        }
      }
      rows.sort(comparator);
      if (rows.size() > limit + 1) {
        rows.subList(limit + 1, rows.size()).clear();
      }
    }
    int kept = 0;
    long bytes = 0;
    while (kept < Math.min(limit, rows.size())
        && (kept == 0 || bytes + rows.get(kept).bytes <= MOST_BYTES)) {
      bytes += rows.get(kept++).bytes;
    }
    return new FoundRows(List.copyOf(rows.subList(0, kept)), kept < rows.size());
  }

  /// These rows, those of each partition on their own.
  Collection<FoundRows> byTable() {
    Map<StreamTable, List<Row>> tables = new LinkedHashMap<>();
    rows.forEach(row -> tables.computeIfAbsent(row.table, _ -> new ArrayList<>()).add(row));
    return tables.values().stream().map(some -> new FoundRows(some, cut)).toList();
  }

  /// The condition on a row `r` of the partition that has all of these.
  String condition() {
    return "r.rowid IN (" + StoredRows.list(rows.stream().map(Row::id).toList()) + ")";
  }

  /// A relation with these, all of one partition, and their strings.
  String relation() {
    return rows.getFirst().table.select(condition());
  }

  /// Some of these, by their places in the order.
  FoundRows part(int from, int to) {
    return new FoundRows(rows.subList(from, Math.min(to, rows.size())), cut);
  }
}
