package io.coral.storage;

import io.coral.model.AttributeLists;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The columns of a partition that hold attributes: one for each key and kind of value, added when
/// the first row needs it, up to [#MOST]. What does not fit goes as JSON into one column more.
///
/// Reading builds one JSON object of all of them.
final class AttributeColumns {
  /// The column of what has none of its own.
  static final String MORE = "a_more";

  static final int MOST = 160;
  private static final int NONE = -1;

  private final String rowsTable;
  private final String namesTable;
  private final List<Column> columns = new ArrayList<>();
  private final Map<String, int[]> byKey = new HashMap<>();

  /// @param kind of [AttributeLists]
  record Column(String key, byte kind) {}

  /// @param rowsTable qualified
  /// @param namesTable qualified; says which column is which
  AttributeColumns(String rowsTable, String namesTable) {
    this.rowsTable = rowsTable;
    this.namesTable = namesTable;
  }

  void create(Connection connection) throws SQLException {
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS "
            + namesTable
            + " (number INTEGER NOT NULL, key VARCHAR NOT NULL, kind INTEGER NOT NULL)");
  }

  void load(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery("SELECT key, kind FROM " + namesTable + " ORDER BY number")) {
      while (result.next()) {
        known(result.getString(1), (byte) result.getInt(2));
      }
    }
  }

  void drop(Connection connection) throws SQLException {
    Database.execute(connection, "DROP TABLE IF EXISTS " + namesTable);
  }

  private synchronized int known(String key, byte kind) {
    int[] ofKey = byKey.computeIfAbsent(key, _ -> new int[] {NONE, NONE, NONE, NONE});
    ofKey[kind] = columns.size();
    columns.add(new Column(key, kind));
    return ofKey[kind];
  }

  /// The number of a column; adds it outside of a transaction when it is new and there is room.
  ///
  /// @return negative when there is none
  int numberOf(Connection connection, String key, byte kind) throws SQLException {
    int[] ofKey = byKey.get(key);
    if (ofKey != null && ofKey[kind] != NONE) {
      return ofKey[kind];
    }
    if (columns.size() >= MOST) {
      return NONE;
    }
    int number = columns.size();
    Database.execute(
        connection,
        "ALTER TABLE "
            + rowsTable
            + " ADD COLUMN IF NOT EXISTS a"
            + number
            + " "
            + switch (kind) {
              case AttributeLists.LONG -> "BIGINT";
              case AttributeLists.PLAIN -> "VARCHAR";
              default -> "INTEGER";
            });
    Database.execute(
        connection,
        "INSERT INTO "
            + namesTable
            + " VALUES ("
            + number
            + ", "
            + Database.literal(key)
            + ", "
            + kind
            + ")");
    return known(key, kind);
  }

  /// In the order of their numbers.
  synchronized List<Column> columns() {
    return List.copyOf(columns);
  }

  /// SQL of the JSON object of a row `r`.
  ///
  /// @param texts SQL of a list with the partition's strings by number
  String json(String texts) {
    List<Column> all = columns();
    StringBuilder members = new StringBuilder();
    for (int i = 0; i < all.size(); i++) {
      Column column = all.get(i);
      members.append(members.isEmpty() ? "" : ", ");
      members.append(Database.literal(column.key())).append(", ");
      String name = "r.a" + i;
      members.append(
          switch (column.kind()) {
            case AttributeLists.LONG, AttributeLists.PLAIN -> name;
            case AttributeLists.JSON -> texts + "[" + name + " + 1]::JSON";
            default -> texts + "[" + name + " + 1]";
          });
    }
    // A merge patch leaves out what is NULL.
    return "json_merge_patch('{}', json_object("
        + members
        + "), coalesce(r."
        + MORE
        + ", '{}'))::VARCHAR";
  }

  /// SQL of one attribute of a row `r` as text, NULL where it is absent.
  ///
  /// @param texts SQL of a list with the partition's strings by number
  @Nullable String text(String key, String texts) {
    int[] ofKey;
    synchronized (this) {
      ofKey = byKey.get(key);
    }
    if (ofKey == null) {
      return null;
    }
    List<String> parts = new ArrayList<>();
    for (int kind = 0; kind < ofKey.length; kind++) {
      if (ofKey[kind] != NONE) {
        String name = "r.a" + ofKey[kind];
        boolean number = kind == AttributeLists.TEXT || kind == AttributeLists.JSON;
        parts.add(number ? texts + "[" + name + " + 1]" : name + "::VARCHAR");
      }
    }
    return parts.stream().collect(Collectors.joining(", ", "coalesce(", ")"));
  }
}
