package io.coral.storage;

import io.coral.model.ColumnType;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/// The grouped columns of a partition: each combination of their values that occurs is one row of a
/// table of its own, and a row of the stream has its number. A column that is stored with each row
/// costs about 60 ns, one here costs nothing but a comparison.
///
/// Of the store's writer thread, except for [#table()].
final class Groups {
  private final String catalog;
  private final String name;
  private final List<StreamSchema.Column> columns;
  private final int width;

  // The tuples one behind the other.
  private long[] tuples;
  private int[] slots = new int[64];
  private int size;
  private int written;
  private int committed;

  Groups(String catalog, String name, List<StreamSchema.Column> columns) {
    this.catalog = catalog;
    this.name = name;
    this.columns = columns;
    this.width = columns.size();
    this.tuples = new long[16 * width];
  }

  /// The table with `id` and the grouped columns, qualified; strings are numbers.
  String table() {
    return catalog + "." + name;
  }

  void create(Connection connection) throws SQLException {
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS "
            + table()
            + " (id INTEGER NOT NULL"
            + columns.stream()
                .map(
                    column ->
                        ", "
                            + column.name()
                            + (column.type() == ColumnType.TEXT ? " INTEGER" : " BIGINT")
                            + " NOT NULL")
                .collect(Collectors.joining())
            + ")");
  }

  void load(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("FROM " + table() + " ORDER BY id")) {
      long[] tuple = new long[width];
      while (result.next()) {
        for (int i = 0; i < width; i++) {
          tuple[i] = result.getLong(i + 2);
        }
        idOf(tuple);
      }
    }
    written = size;
    committed = size;
  }

  void drop(Connection connection) throws SQLException {
    Database.execute(connection, "DROP TABLE IF EXISTS " + table());
  }

  int size() {
    return size;
  }

  /// The number of a combination; a new one is written by [#flush].
  int idOf(long[] tuple) {
    int mask = slots.length - 1;
    for (int slot = hash(tuple, 0) & mask; ; slot = (slot + 1) & mask) {
      int id = slots[slot] - 1;
      if (id < 0) {
        return added(tuple, slot);
      }
      if (Arrays.equals(tuples, id * width, (id + 1) * width, tuple, 0, width)) {
        return id;
      }
    }
  }

  private int added(long[] tuple, int slot) {
    int id = size++;
    if (size * width > tuples.length) {
      tuples = Arrays.copyOf(tuples, 2 * tuples.length);
    }
    System.arraycopy(tuple, 0, tuples, id * width, width);
    slots[slot] = size;
    if (2 * size >= slots.length) {
      spread(2 * slots.length);
    }
    return id;
  }

  private void spread(int length) {
    slots = new int[length];
    for (int id = 0; id < size; id++) {
      int slot = hash(tuples, id * width) & (length - 1);
      while (slots[slot] != 0) {
        slot = (slot + 1) & (length - 1);
      }
      slots[slot] = id + 1;
    }
  }

  private int hash(long[] values, int from) {
    long hash = 0;
    for (int i = 0; i < width; i++) {
      hash = (hash ^ values[from + i]) * 0x9e3779b97f4a7c15L;
      hash ^= hash >>> 29;
    }
    return (int) (hash ^ (hash >>> 32));
  }

  /// Writes the new combinations inside the caller's transaction.
  void flush(DuckDBConnection connection) throws SQLException {
    if (written == size) {
      return;
    }
    try (DuckDBAppender appender = connection.createAppender(catalog, "main", name)) {
      for (int id = written; id < size; id++) {
        appender.beginRow();
        appender.append(id);
        for (int i = 0; i < width; i++) {
          long value = tuples[id * width + i];
          if (columns.get(i).type() == ColumnType.TEXT) {
            appender.append((int) value);
          } else {
            appender.append(value);
          }
        }
        appender.endRow();
      }
      appender.flush();
    }
    written = size;
  }

  void committed() {
    committed = written;
  }

  /// The transaction was rolled back.
  void forgetUncommitted() {
    size = committed;
    written = committed;
    spread(slots.length);
  }

  /// Nothing is written any more.
  void close() {
    size = 0;
    tuples = new long[0];
    slots = new int[1];
  }
}
