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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/// One partition of a stream: a table of rows whose strings are numbers, and the dictionary of
/// those numbers. A partition is one table pair of the agent's file, or one file of the colony.
///
/// [#append] belongs to the store's writer thread. A rolled back transaction must be followed by
/// [#forgetUncommitted()].
final class StreamTable {
  private final String catalog;
  private final String rows;
  private final String dictionary;
  private final StreamSchema schema;
  private final boolean withAgent;
  private final Map<String, Integer> ids = new HashMap<>();
  private final Map<String, Integer> unwritten = new LinkedHashMap<>();
  private final List<String> uncommitted = new ArrayList<>();
  private final Map<Long, Long> firstSeqs = new HashMap<>();

  /// @param catalog database the tables are in
  /// @param suffix behind the stream's name in the tables' names
  /// @param withAgent whether each row names the agent it came from
  StreamTable(String catalog, String suffix, StreamSchema schema, boolean withAgent) {
    this.catalog = catalog;
    this.rows = schema.name() + suffix;
    this.dictionary = "dictionary_" + schema.name() + suffix;
    this.schema = schema;
    this.withAgent = withAgent;
  }

  /// The table of rows, qualified.
  String rowsTable() {
    return catalog + "." + rows;
  }

  private String dictionaryTable() {
    return catalog + "." + dictionary;
  }

  void create(Connection connection) throws SQLException {
    String columns =
        schema.columns().stream()
            .map(column -> ", " + column.name() + " " + sqlType(column.type()) + " NOT NULL")
            .collect(Collectors.joining());
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS "
            + rowsTable()
            + " ("
            + (withAgent ? "agent INTEGER NOT NULL, " : "")
            + "epoch BIGINT NOT NULL, seq BIGINT NOT NULL"
            + columns
            + ")");
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS "
            + dictionaryTable()
            + " (id INTEGER NOT NULL, value VARCHAR NOT NULL)");
  }

  /// Reads the dictionary of a partition that existed before, and where its epochs begin.
  void load(Connection connection) throws SQLException {
    firstSeqs.putAll(
        Database.pairs(
            connection, "SELECT epoch, min(seq) FROM " + rowsTable() + " GROUP BY epoch"));
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("SELECT id, value FROM " + dictionaryTable())) {
      while (result.next()) {
        ids.put(result.getString(2), result.getInt(1));
      }
    }
  }

  void drop(Connection connection) throws SQLException {
    Database.execute(connection, "DROP TABLE IF EXISTS " + rowsTable());
    Database.execute(connection, "DROP TABLE IF EXISTS " + dictionaryTable());
  }

  /// Appends a batch inside the transaction that the caller has begun.
  ///
  /// @param agent who stored the rows first; ignored without agent column
  /// @param firstSeq number of the first row
  /// @param keep which rows are stored; the others keep their numbers
  void append(
      DuckDBConnection connection,
      String agent,
      long epoch,
      long firstSeq,
      ColumnBatch batch,
      IntPredicate keep)
      throws SQLException {
    try (DuckDBAppender appender = connection.createAppender(catalog, "main", rows)) {
      int agentId = withAgent ? idOf(agent) : 0;
      for (int row = 0; row < batch.rows(); row++) {
        if (!keep.test(row)) {
          continue;
        }
        appender.beginRow();
        if (withAgent) {
          appender.append(agentId);
        }
        appender.append(epoch).append(firstSeq + row);
        appendColumns(appender, batch, row);
        appender.endRow();
      }
      appender.flush();
    }
    if (!unwritten.isEmpty()) {
      try (DuckDBAppender appender = connection.createAppender(catalog, "main", dictionary)) {
        for (Map.Entry<String, Integer> entry : unwritten.entrySet()) {
          appender.beginRow();
          appender.append(entry.getValue()).append(entry.getKey());
          appender.endRow();
        }
        appender.flush();
      }
      unwritten.clear();
    }
  }

  private void appendColumns(DuckDBAppender appender, ColumnBatch batch, int row)
      throws SQLException {
    for (int column = 0; column < schema.columns().size(); column++) {
      switch (schema.columns().get(column).type()) {
        case LONG -> appender.append(batch.longs(column)[row]);
        case TEXT -> appender.append(idOf(batch.texts(column)[row]));
        case COUNTS -> appender.append(batch.counts(column)[row]);
        case UUID ->
            appender.appendUUID(batch.uuids(column)[2 * row], batch.uuids(column)[2 * row + 1]);
      }
    }
  }

  private int idOf(String value) {
    Integer known = ids.get(value);
    if (known != null) {
      return known;
    }
    int id = ids.size();
    ids.put(value, id);
    uncommitted.add(value);
    unwritten.put(value, id);
    return id;
  }

  /// The stream whose rows these are.
  String stream() {
    return schema.name();
  }

  /// Rows of an epoch begin at a number, unless they begin before it.
  void startsAt(long epoch, long firstSeq) {
    firstSeqs.putIfAbsent(epoch, firstSeq);
  }

  /// The first number of an epoch, [Long#MAX_VALUE] when none of its rows is here.
  long firstSeq(long epoch) {
    return firstSeqs.getOrDefault(epoch, Long.MAX_VALUE);
  }

  /// The transaction was committed: what it added to the dictionary stays.
  void committed() {
    uncommitted.clear();
  }

  /// The transaction was rolled back: so is what it added to the dictionary.
  void forgetUncommitted() {
    uncommitted.forEach(ids::remove);
    uncommitted.clear();
    unwritten.clear();
  }

  /// A relation with every row of the partition that fits `condition` and its strings.
  String select(String condition) {
    StringBuilder sql = new StringBuilder("SELECT ");
    StringBuilder joins = new StringBuilder();
    if (withAgent) {
      sql.append("a.value AS agent_id, ");
      joins.append(" JOIN ").append(dictionaryTable()).append(" AS a ON a.id = r.agent");
    }
    sql.append("r.epoch, r.seq");
    for (StreamSchema.Column column : schema.columns()) {
      if (column.type() == ColumnType.TEXT) {
        String alias = "d_" + column.name();
        sql.append(", ").append(alias).append(".value AS ").append(column.name());
        joins.append(" JOIN ").append(dictionaryTable()).append(" AS ").append(alias);
        joins.append(" ON ").append(alias).append(".id = r.").append(column.name());
      } else {
        sql.append(", r.").append(column.name());
      }
    }
    sql.append(" FROM ").append(rowsTable()).append(" AS r").append(joins);
    if (!condition.isEmpty()) {
      sql.append(" WHERE ").append(condition);
    }
    return sql.toString();
  }

  /// The condition that a text column of a row `r` has one of some values.
  ///
  /// @param values SQL of the values, separated by commas
  String hasText(String column, String values) {
    return "r."
        + column
        + " IN (SELECT id FROM "
        + dictionaryTable()
        + " WHERE value IN ("
        + values
        + "))";
  }

  /// A relation `(id, value)` of some strings.
  ///
  /// @param ids SQL of their numbers, separated by commas
  String texts(String ids) {
    return "SELECT id, value FROM " + dictionaryTable() + " WHERE id IN (" + ids + ")";
  }

  /// A relation with the columns of another one and, for each text column of it that is named, its
  /// string as `d_` and the name.
  ///
  /// @param columns of the inner relation, with the numbers of strings
  String withTexts(List<String> columns, String relation) {
    StringBuilder sql = new StringBuilder("SELECT r.*");
    StringBuilder joins = new StringBuilder();
    for (String column : columns) {
      String alias = "d_" + column;
      sql.append(", ").append(alias).append(".value AS ").append(alias);
      joins.append(" JOIN ").append(dictionaryTable()).append(" AS ").append(alias);
      joins.append(" ON ").append(alias).append(".id = r.").append(column);
    }
    return sql.append(" FROM (").append(relation).append(") AS r").append(joins).toString();
  }

  /// A relation without rows that has the columns of [#select].
  static String selectNothing(StreamSchema schema, boolean withAgent) {
    String columns =
        schema.columns().stream()
            .map(
                column ->
                    ", NULL::"
                        + (column.type() == ColumnType.TEXT ? "VARCHAR" : sqlType(column.type()))
                        + " AS "
                        + column.name())
            .collect(Collectors.joining());
    return "SELECT "
        + (withAgent ? "NULL::VARCHAR AS agent_id, " : "")
        + "NULL::BIGINT AS epoch, NULL::BIGINT AS seq"
        + columns
        + " WHERE false";
  }

  private static String sqlType(ColumnType type) {
    return switch (type) {
      case LONG -> "BIGINT";
      case TEXT -> "INTEGER";
      case COUNTS -> "UINTEGER[]";
      case UUID -> "UUID";
    };
  }
}
