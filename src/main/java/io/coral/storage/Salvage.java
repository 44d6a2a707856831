package io.coral.storage;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// Finds what of a table can be read when a part of the database's file is damaged, and keeps that.
/// DuckDB compares a checksum for each block that it reads, so damage shows as a failure, never as
/// another value.
final class Salvage {
  /// What DuckDB reads at once of each column.
  private static final long VECTOR = 2048;

  private Salvage() {}

  /// What became of a partition.
  ///
  /// @param rows before
  /// @param gone how many of them
  /// @param kept whether the tables are still there
  record Outcome(long rows, long gone, boolean kept) {}

  /// Whether a statement failed because a part of the file is not as it was written.
  static boolean isDamage(SQLException e) {
    String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    return message.contains("corrupt") || message.contains("could not read enough bytes");
  }

  /// Whether every value of a table can be read.
  ///
  /// @param table qualified
  /// @param condition on a row `r` with `WHERE`, or empty
  static boolean isReadable(Connection connection, String table, String condition)
      throws SQLException {
    try {
      Database.execute(connection, "SELECT bit_xor(hash(r)) FROM " + table + " AS r" + condition);
      return true;
    } catch (SQLException e) {
      if (isDamage(e)) {
        return false;
      }
      throw e;
    }
  }

  /// Makes a table anew of those of its rows that can be read.
  ///
  /// @param catalog where the table is
  /// @param table its name there
  /// @param rows how many it has
  /// @return how many are gone
  static long keepReadable(Connection connection, String catalog, String table, long rows)
      throws SQLException {
    String damaged = catalog + "." + table;
    List<Range> readable = new ArrayList<>();
    find(connection, damaged, new Range(0, rows), readable);
    String salvaged = catalog + ".salvaged_" + table;
    String condition =
        readable.isEmpty()
            ? "false"
            : readable.stream()
                .map(range -> "(" + range.condition() + ")")
                .collect(Collectors.joining(" OR "));
    Database.inTransaction(
        connection,
        () -> {
          Database.execute(
              connection,
              "CREATE TABLE " + salvaged + " AS FROM " + damaged + " AS r WHERE " + condition);
          Database.execute(connection, "DROP TABLE " + damaged);
          Database.execute(connection, "ALTER TABLE " + salvaged + " RENAME TO " + table);
        });
    return rows - readable.stream().mapToLong(range -> range.end - range.begin).sum();
  }

  /// Rows by their places.
  private record Range(long begin, long end) {
    String condition() {
      return "r.rowid >= " + begin + " AND r.rowid < " + end;
    }
  }

  private static void find(Connection connection, String table, Range range, List<Range> readable)
      throws SQLException {
    if (range.begin == range.end) {
      return;
    }
    if (isReadable(connection, table, " WHERE " + range.condition())) {
      Range last = readable.isEmpty() ? null : readable.getLast();
      if (last != null && last.end == range.begin) {
        readable.set(readable.size() - 1, new Range(last.begin, range.end));
      } else {
        readable.add(range);
      }
    } else if (range.end - range.begin > VECTOR) {
      long half = (range.end - range.begin) / 2;
      long middle = range.begin + (half + VECTOR - 1) / VECTOR * VECTOR;
      find(connection, table, new Range(range.begin, middle), readable);
      find(connection, table, new Range(middle, range.end), readable);
    }
  }
}
