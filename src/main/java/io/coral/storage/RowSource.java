package io.coral.storage;

import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.SQLException;

/// Where queries find the rows of a stream: the tables of an agent or the files of a colony.
interface RowSource {
  /// A connection for reading on the calling thread; the caller closes it.
  Connection reader() throws SQLException;

  /// SQL of a relation with the stream's columns, `epoch`, `seq` and, in a colony, `agent_id`.
  ///
  /// @param fromUnixNanos rows of this time or later, 0 = from the first
  /// @param untilUnixNanos rows before this time; `Long.MAX_VALUE` = to the last
  String relation(StreamSchema schema, long fromUnixNanos, long untilUnixNanos);

  /// The condition on a row `r` that the range demands, empty when it demands nothing.
  static String condition(StreamSchema schema, long fromUnixNanos, long untilUnixNanos) {
    if (fromUnixNanos == 0 && untilUnixNanos == Long.MAX_VALUE) {
      return "";
    }
    String time =
        schema.equals(StreamSchema.HTTP_METRICS) ? "r.window_unix_nanos" : "r.start_unix_nanos";
    return time + " >= " + fromUnixNanos + " AND " + time + " < " + untilUnixNanos;
  }
}
