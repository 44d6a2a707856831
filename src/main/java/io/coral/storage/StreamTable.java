package io.coral.storage;

import com.google.gson.Gson;
import com.google.gson.JsonParser;
import io.coral.model.AttributeLists;
import io.coral.model.ColumnBatch;
import io.coral.model.ColumnType;
import io.coral.model.StreamSchema;
import io.coral.model.Texts;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/// One partition of a stream: a table of rows whose strings are numbers, and the dictionary of
/// those numbers. A partition is one table pair of the agent's file, or one file of the colony.
///
/// [#prepare] and [#append] belong to the store's writer thread. A rolled back transaction must be
/// followed by [#forgetUncommitted()].
final class StreamTable {
  private static final int MAX_ATTRIBUTE_TEXTS = 100_000;
  private static final Gson GSON = new Gson();

  private final String catalog;
  private final String rows;
  private final String dictionary;
  private final StreamSchema schema;
  private final boolean withAgent;
  private final Map<String, Integer> ids = new HashMap<>();
  private final Map<String, Integer> unwritten = new LinkedHashMap<>();
  private final List<String> uncommitted = new ArrayList<>();
  private final Map<Long, Long> firstSeqs = new HashMap<>();
  private final @Nullable AttributeColumns attributes;
  private @Nullable Numbers numbers;

  /// What the strings of a batch's dictionary are called here.
  private static final class Numbers {
    final Texts texts;

    // The number plus one.
    int[] ids;
    final int[][] columns = new int[AttributeLists.KINDS][];

    Numbers(Texts texts) {
      this.texts = texts;
      this.ids = new int[64];
      Arrays.setAll(columns, _ -> new int[64]);
    }
  }

  /// @param catalog database the tables are in
  /// @param suffix behind the stream's name in the tables' names
  /// @param withAgent whether each row names the agent it came from
  StreamTable(String catalog, String suffix, StreamSchema schema, boolean withAgent) {
    this.catalog = catalog;
    this.rows = schema.name() + suffix;
    this.dictionary = "dictionary_" + schema.name() + suffix;
    this.schema = schema;
    this.withAgent = withAgent;
    this.attributes =
        schema.columns().getLast().type() == ColumnType.ATTRIBUTES
            ? new AttributeColumns(rowsTable(), catalog + ".attributes_" + schema.name() + suffix)
            : null;
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
        schema.columns().stream().map(StreamTable::definition).collect(Collectors.joining());
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
    if (attributes != null) {
      attributes.create(connection);
    }
  }

  private static String definition(StreamSchema.Column column) {
    return switch (column.type()) {
      case ATTRIBUTES -> ", " + AttributeColumns.MORE + " VARCHAR";
      case PLAIN -> ", " + column.name() + " VARCHAR";
      default -> ", " + column.name() + " " + sqlType(column.type()) + " NOT NULL";
    };
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
    if (attributes != null) {
      attributes.load(connection);
    }
  }

  void drop(Connection connection) throws SQLException {
    Database.execute(connection, "DROP TABLE IF EXISTS " + rowsTable());
    Database.execute(connection, "DROP TABLE IF EXISTS " + dictionaryTable());
    if (attributes != null) {
      attributes.drop(connection);
    }
  }

  /// Makes room for the attributes of a batch, outside of a transaction.
  ///
  /// @return whether the table has more columns than before
  boolean prepare(Connection connection, ColumnBatch batch) throws SQLException {
    if (attributes == null) {
      return false;
    }
    Numbers known = numbers(batch.dictionary());
    int before = attributes.columns().size();
    AttributeLists lists = batch.attributes(schema.columns().size() - 1);
    for (int i = 0; i < lists.size(); i++) {
      int key = lists.key(i);
      int[] ofKind = columnsOf(known, lists.kind(i), key);
      if (ofKind[key] == 0) {
        int number = attributes.numberOf(connection, batch.dictionary().text(key), lists.kind(i));
        ofKind[key] = number < 0 ? -1 : number + 1;
      }
    }
    return attributes.columns().size() > before;
  }

  private static int[] columnsOf(Numbers known, byte kind, int key) {
    int[] ofKind = known.columns[kind];
    if (key >= ofKind.length) {
      ofKind = Arrays.copyOf(ofKind, Math.max(2 * ofKind.length, key + 1));
      known.columns[kind] = ofKind;
    }
    return ofKind;
  }

  /// Batches mostly share one dictionary.
  private Numbers numbers(Texts texts) {
    Numbers known = numbers;
    if (known == null || known.texts != texts) {
      known = new Numbers(texts);
      numbers = known;
    }
    return known;
  }

  /// Appends a batch inside the transaction that the caller has begun, after [#prepare].
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
      Numbers known = numbers(batch.dictionary());
      AttributeAppender ofAttributes =
          attributes == null ? null : new AttributeAppender(appender, batch, known, attributes);
      for (int row = 0; row < batch.rows(); row++) {
        if (!keep.test(row)) {
          continue;
        }
        appender.beginRow();
        if (withAgent) {
          appender.append(agentId);
        }
        appender.append(epoch).append(firstSeq + row);
        appendColumns(appender, batch, row, known);
        if (ofAttributes != null) {
          ofAttributes.append(row);
        }
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

  private void appendColumns(DuckDBAppender appender, ColumnBatch batch, int row, Numbers known)
      throws SQLException {
    for (int column = 0; column < schema.columns().size(); column++) {
      switch (schema.columns().get(column).type()) {
        case LONG -> appender.append(batch.longs(column)[row]);
        case TEXT -> appender.append(idOf(known, batch.textIds(column)[row]));
        case PLAIN -> {
          byte[] value = batch.plains(column)[row];
          if (value.length == 0) {
            appender.appendNull();
          } else {
            appender.append(new String(value, StandardCharsets.UTF_8));
          }
        }
        case COUNTS -> appender.append(batch.counts(column)[row]);
        case UUID ->
            appender.appendUUID(batch.uuids(column)[2 * row], batch.uuids(column)[2 * row + 1]);
        case ATTRIBUTES -> {
          // Behind the others.
        }
      }
    }
  }

  /// Appends the attribute columns of rows.
  private final class AttributeAppender {
    private final DuckDBAppender appender;
    private final AttributeLists lists;
    private final Numbers known;
    private final byte[] kinds;

    // Index of the row's attribute plus one, by column.
    private final int[] found;

    AttributeAppender(
        DuckDBAppender appender, ColumnBatch batch, Numbers known, AttributeColumns columns) {
      this.appender = appender;
      this.lists = batch.attributes(schema.columns().size() - 1);
      this.known = known;
      List<AttributeColumns.Column> all = columns.columns();
      this.kinds = new byte[all.size()];
      for (int i = 0; i < kinds.length; i++) {
        kinds[i] = all.get(i).kind();
      }
      this.found = new int[kinds.length];
    }

    void append(int row) throws SQLException {
      Map<String, Object> more = null;
      for (int i = lists.start(row); i < lists.end(row); i++) {
        byte kind = lists.kind(i);
        int column = known.columns[kind][lists.key(i)] - 1;
        if (column < 0 || (isText(kind) && isTooMuch((int) lists.value(i)))) {
          more = more == null ? new LinkedHashMap<>() : more;
          more.put(known.texts.text(lists.key(i)), json(i));
        } else {
          found[column] = i + 1;
        }
      }
      if (more == null) {
        appender.appendNull();
      } else {
        appender.append(GSON.toJson(more));
      }
      for (int column = 0; column < found.length; column++) {
        int index = found[column] - 1;
        if (index < 0) {
          appender.appendNull();
          continue;
        }
        found[column] = 0;
        switch (kinds[column]) {
          case AttributeLists.LONG -> appender.append(lists.value(index));
          case AttributeLists.PLAIN ->
              appender.append(
                  new String(lists.plain((int) lists.value(index)), StandardCharsets.UTF_8));
          default -> appender.append(idOf(known, (int) lists.value(index)));
        }
      }
    }

    private static boolean isText(byte kind) {
      return kind == AttributeLists.TEXT || kind == AttributeLists.JSON;
    }

    /// A partition's dictionary is held in memory.
    private boolean isTooMuch(int id) {
      return ids.size() >= MAX_ATTRIBUTE_TEXTS
          && (id >= known.ids.length || known.ids[id] == 0)
          && !ids.containsKey(known.texts.text(id));
    }

    private Object json(int index) {
      long value = lists.value(index);
      return switch (lists.kind(index)) {
        case AttributeLists.LONG -> value;
        case AttributeLists.PLAIN -> new String(lists.plain((int) value), StandardCharsets.UTF_8);
        case AttributeLists.JSON -> JsonParser.parseString(known.texts.text((int) value));
        default -> known.texts.text((int) value);
      };
    }
  }

  private int idOf(Numbers known, int text) {
    if (text >= known.ids.length) {
      known.ids = Arrays.copyOf(known.ids, Math.max(2 * known.ids.length, text + 1));
    }
    int id = known.ids[text];
    if (id == 0) {
      id = idOf(known.texts.text(text)) + 1;
      known.ids[text] = id;
    }
    return id - 1;
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
    numbers = null;
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
      if (column.type() == ColumnType.ATTRIBUTES && attributes != null) {
        sql.append(", ").append(attributes.json("strings.v")).append(" AS ").append(column.name());
        joins
            .append(" CROSS JOIN (SELECT list(value ORDER BY id) AS v FROM ")
            .append(dictionaryTable())
            .append(") AS strings");
      } else if (column.type() == ColumnType.PLAIN) {
        sql.append(", coalesce(r.").append(column.name()).append(", '') AS ");
        sql.append(column.name());
      } else if (column.type() == ColumnType.TEXT) {
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
      case PLAIN, ATTRIBUTES -> "VARCHAR";
      case COUNTS -> "UINTEGER[]";
      case UUID -> "UUID";
    };
  }
}
