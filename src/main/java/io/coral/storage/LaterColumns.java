package io.coral.storage;

import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/// Columns that a stream has and a relation of an earlier version lacks: they are added behind the
/// others, and the rows that are there are 0 or empty in them, as rows of earlier agents are.
///
/// @param relation what lacks them
/// @param columns in the order of the stream
/// @param dictionary table with the numbers of strings
record LaterColumns(String relation, List<StreamSchema.Column> columns, String dictionary) {
  static final LaterColumns NONE = new LaterColumns("", List.of(), "");

  /// @param columns that a relation should have, none with attributes
  /// @param there the names of those that it has
  static LaterColumns of(
      String relation, List<StreamSchema.Column> columns, List<String> there, String dictionary) {
    return new LaterColumns(
        relation,
        columns.stream().filter(column -> !there.contains(column.name())).toList(),
        dictionary);
  }

  boolean isEmpty() {
    return columns.isEmpty();
  }

  /// Adds them to the relation, a table, inside the caller's transaction.
  void add(Connection connection) throws SQLException {
    for (StreamSchema.Column column : columns) {
      Database.execute(
          connection,
          "ALTER TABLE %s ADD COLUMN %s %s DEFAULT %s"
              .formatted(
                  relation,
                  column.name(),
                  StreamTable.sqlType(column.type()),
                  nothing(connection, column)));
    }
  }

  /// Them and what rows have in them, for a SELECT; a comma before each.
  String select(Connection connection) throws SQLException {
    StringBuilder sql = new StringBuilder();
    for (StreamSchema.Column column : columns) {
      sql.append(
          ", %s::%s AS %s"
              .formatted(
                  nothing(connection, column), StreamTable.sqlType(column.type()), column.name()));
    }
    return sql.toString();
  }

  private String nothing(Connection connection, StreamSchema.Column column) throws SQLException {
    return switch (column.type()) {
      case LONG, DOUBLE -> "0";
      case TEXT -> "" + emptyText(connection);
      case PLAIN -> "NULL";
      case COUNTS -> "[]";
      case UUID -> "'00000000-0000-0000-0000-000000000000'";
      case ATTRIBUTES -> throw new IllegalArgumentException(column.name());
    };
  }

  private long emptyText(Connection connection) throws SQLException {
    List<Long> known =
        Database.numbers(connection, "SELECT id FROM " + dictionary + " WHERE value = ''");
    if (!known.isEmpty()) {
      return known.getFirst();
    }
    long id = Database.number(connection, "SELECT count(*) FROM " + dictionary);
    Database.execute(connection, "INSERT INTO " + dictionary + " VALUES (" + id + ", '')");
    return id;
  }
}
