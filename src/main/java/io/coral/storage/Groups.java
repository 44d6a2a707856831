package io.coral.storage;

import io.coral.model.ColumnType;
import io.coral.model.LeastRecentMap;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/// The grouped columns of a partition: each combination of their values that occurs is one row of a
/// table of its own, and a row of the stream has its number. A column that is stored with each row
/// costs about 60 ns, one here costs nothing but a comparison.
///
/// Of the store's writer thread, except for [#table()] and [#fitting].
final class Groups {
  private static final int REMEMBERED = 64;

  private final String catalog;
  private final String name;
  private final List<StreamSchema.Column> columns;

  // The columns as they lie in the table.
  private List<StreamSchema.Column> order;
  private final Combinations tuples = new Combinations();
  private volatile int committed;

  // What was asked lately: it stays as it is until there are more groups.
  private final Map<String, Fitting> remembered = new LeastRecentMap<>(REMEMBERED);

  private record Fitting(int ofGroups, List<Long> ids) {}

  Groups(String catalog, String name, List<StreamSchema.Column> columns) {
    this.catalog = catalog;
    this.name = name;
    this.columns = columns;
    this.order = columns;
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
    List<String> names = Database.columns(connection, table());
    order =
        columns.stream()
            .sorted(Comparator.comparingInt(column -> names.indexOf(column.name())))
            .toList();
    String values =
        columns.stream().map(StreamSchema.Column::name).collect(Collectors.joining(", "));
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery("SELECT " + values + " FROM " + table() + " ORDER BY id")) {
      long[] tuple = new long[columns.size()];
      while (result.next()) {
        for (int i = 0; i < tuple.length; i++) {
          tuple[i] = result.getLong(i + 1);
        }
        idOf(tuple);
      }
    }
    tuples.loaded();
  }

  void drop(Connection connection) throws SQLException {
    Database.execute(connection, "DROP TABLE IF EXISTS " + table());
  }

  int size() {
    return tuples.size();
  }

  /// The number of a combination; a new one is written by [#flush].
  int idOf(long[] tuple) {
    return tuples.idOf(tuple, tuple.length);
  }

  /// Writes the new combinations inside the caller's transaction.
  void flush(DuckDBConnection connection) throws SQLException {
    if (tuples.firstUnwritten() == tuples.size()) {
      return;
    }
    try (DuckDBAppender appender = connection.createAppender(catalog, "main", name)) {
      for (int id = tuples.firstUnwritten(); id < tuples.size(); id++) {
        appender.beginRow();
        appender.append(id);
        for (StreamSchema.Column column : order) {
          long value = tuples.value(tuples.start(id) + columns.indexOf(column));
          if (column.type() == ColumnType.TEXT) {
            appender.append((int) value);
          } else {
            appender.append(value);
          }
        }
        appender.endRow();
      }
      appender.flush();
    }
    tuples.written();
  }

  void committed() {
    tuples.committed();
    committed = tuples.size();
  }

  /// The numbers of the groups that fit a condition on their columns. Any thread.
  List<Long> fitting(Connection connection, String condition) throws SQLException {
    int ofGroups = committed;
    synchronized (remembered) {
      Fitting known = remembered.get(condition);
      if (known != null && known.ofGroups == ofGroups) {
        return known.ids;
      }
    }
    List<Long> ids =
        Database.numbers(connection, "SELECT id FROM " + table() + " WHERE " + condition);
    synchronized (remembered) {
      remembered.put(condition, new Fitting(ofGroups, ids));
    }
    return ids;
  }

  /// The transaction was rolled back.
  void forgetUncommitted() {
    tuples.forgetUncommitted();
  }

  /// Nothing is written any more.
  void close() {
    tuples.clear();
  }
}
