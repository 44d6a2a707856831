package io.coral.storage;

import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;

/// Where queries find the rows of a stream: the tables of an agent or the files of a colony.
interface RowSource {
  /// A connection for reading on the calling thread; the caller closes it.
  Connection reader() throws SQLException;

  /// The partitions of a stream, oldest first.
  List<StreamTable> tables(StreamSchema schema);

  /// The partitions of a stream that may have rows of a range, oldest first.
  ///
  /// @param fromUnixNanos inclusive, 0 = from the first
  /// @param untilUnixNanos exclusive, `Long.MAX_VALUE` = to the last
  default List<StreamTable> tables(StreamSchema schema, long fromUnixNanos, long untilUnixNanos) {
    return tables(schema).stream()
        .filter(table -> table.mayHave(fromUnixNanos, untilUnixNanos))
        .toList();
  }

  /// Whether each row names the agent it came from.
  boolean withAgents();

  /// The condition on a row `r` that it is of the agents that are asked for; empty when all are.
  default String ofAgents(StreamTable table) {
    return "";
  }

  /// SQL of a relation with the stream's columns, `epoch`, `seq` and, in a colony, `agent_id`.
  ///
  /// @param fromUnixNanos rows of this time or later, 0 = from the first
  /// @param untilUnixNanos rows before this time; `Long.MAX_VALUE` = to the last
  default String relation(StreamSchema schema, long fromUnixNanos, long untilUnixNanos) {
    return relation(
        schema,
        tables(schema, fromUnixNanos, untilUnixNanos),
        condition(schema, fromUnixNanos, untilUnixNanos));
  }

  /// As the other one, of some partitions and with a condition on a row `r`, which may be empty.
  default String relation(StreamSchema schema, List<StreamTable> tables, String condition) {
    if (schema.hasAttributes() && condition.isEmpty()) {
      return whole("(" + parts(schema, tables) + ")");
    }
    return union(schema, tables, false, table -> table.select(condition));
  }

  /// SQL of a relation with every row of a stream that has attributes, which are in parts.
  default String parts(StreamSchema schema, List<StreamTable> tables) {
    return union(schema, tables, true, StreamTable::selectParts);
  }

  /// SQL of a relation with every row of another one, in which attributes are in parts.
  static String whole(String inParts) {
    return "SELECT * EXCLUDE ("
        + AttributeJson.PARTS
        + "), "
        + AttributeJson.OF_PARTS
        + " AS attributes FROM "
        + inParts;
  }

  private String union(
      StreamSchema schema,
      List<StreamTable> tables,
      boolean inParts,
      Function<StreamTable, String> select) {
    StringBuilder sql = new StringBuilder(StreamTable.selectNothing(schema, withAgents(), inParts));
    tables.forEach(table -> sql.append(" UNION ALL ").append(select.apply(table)));
    return sql.toString();
  }

  /// The condition on a row `r` that the range demands, empty when it demands nothing.
  static String condition(StreamSchema schema, long fromUnixNanos, long untilUnixNanos) {
    if (fromUnixNanos == 0 && untilUnixNanos == Long.MAX_VALUE) {
      return "";
    }
    String time = "r." + schema.timeColumn();
    return time + " >= " + fromUnixNanos + " AND " + time + " < " + untilUnixNanos;
  }
}
