package io.coral.storage;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/// The strings of a partition by number: 0, 1, 2 … Held in memory while the partition is written.
/// Of the store's writer thread, except for [#table()].
final class Dictionary {
  private final String catalog;
  private final String name;
  private final Map<String, Integer> ids = new HashMap<>();
  private final Map<String, Integer> unwritten = new LinkedHashMap<>();
  private final List<String> uncommitted = new ArrayList<>();
  private long characters;

  Dictionary(String catalog, String name) {
    this.catalog = catalog;
    this.name = name;
  }

  /// The table `(id, value)`, qualified.
  String table() {
    return catalog + "." + name;
  }

  void create(Connection connection) throws SQLException {
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS " + table() + " (id INTEGER NOT NULL, value VARCHAR NOT NULL)");
  }

  void load(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("SELECT id, value FROM " + table())) {
      while (result.next()) {
        String value = result.getString(2);
        ids.put(value, result.getInt(1));
        characters += value.length();
      }
    }
  }

  void drop(Connection connection) throws SQLException {
    Database.execute(connection, "DROP TABLE IF EXISTS " + table());
  }

  int size() {
    return ids.size();
  }

  /// How long they are together.
  long characters() {
    return characters;
  }

  /// The number of a string; a new one is written by [#flush].
  int idOf(String value) {
    Integer known = ids.get(value);
    if (known != null) {
      return known;
    }
    int id = ids.size();
    ids.put(value, id);
    characters += value.length();
    uncommitted.add(value);
    unwritten.put(value, id);
    return id;
  }

  /// Writes the new strings inside the caller's transaction.
  void flush(DuckDBConnection connection) throws SQLException {
    if (unwritten.isEmpty()) {
      return;
    }
    try (DuckDBAppender appender = connection.createAppender(catalog, "main", name)) {
      for (Map.Entry<String, Integer> entry : unwritten.entrySet()) {
        appender.beginRow();
        appender.append(entry.getValue()).append(entry.getKey());
        appender.endRow();
      }
      appender.flush();
    }
    unwritten.clear();
  }

  void committed() {
    uncommitted.clear();
  }

  /// The transaction was rolled back.
  void forgetUncommitted() {
    for (String value : uncommitted) {
      ids.remove(value);
      characters -= value.length();
    }
    uncommitted.clear();
    unwritten.clear();
  }

  /// Nothing is written any more.
  void close() {
    ids.clear();
    characters = 0;
  }
}
