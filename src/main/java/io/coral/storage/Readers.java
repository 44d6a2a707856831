package io.coral.storage;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/// Who reads an agent's rows, and up to which number of each stream and epoch each of them has all.
/// They are remembered over restarts as they were up to a minute before; that is never too much.
///
/// [#load] and [#save] belong to the writer thread, the others to any.
final class Readers {
  /// More are turned away.
  static final int MOST = 16;

  /// One that did not ask for so long does not come back.
  private static final long FORGOTTEN_NANOS = 24 * 3_600_000_000_000L;

  private final Map<String, Reader> readers = new HashMap<>();
  private boolean isSaved = true;

  private static final class Reader {
    private long askedNanos;
    private final Map<StreamEpoch, Long> upTo = new HashMap<>();
  }

  static void create(Connection connection) throws SQLException {
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS readers (name VARCHAR NOT NULL, asked_unix_nanos BIGINT NOT"
            + " NULL, stream VARCHAR NOT NULL, epoch BIGINT NOT NULL, up_to BIGINT NOT NULL)");
  }

  synchronized void load(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("FROM readers")) {
      while (result.next()) {
        Reader reader = readers.computeIfAbsent(result.getString(1), _ -> new Reader());
        reader.askedNanos = result.getLong(2);
        if (result.getLong(5) > 0) {
          reader.upTo.put(
              new StreamEpoch(result.getString(3), result.getLong(4)), result.getLong(5));
        }
      }
    }
  }

  /// Writes down who read what, inside the caller's transaction, and forgets who is gone.
  synchronized void save(DuckDBConnection connection, long nowNanos) throws SQLException {
    if (readers.values().removeIf(reader -> nowNanos - reader.askedNanos > FORGOTTEN_NANOS)) {
      isSaved = false;
    }
    if (isSaved) {
      return;
    }
    Database.execute(connection, "DELETE FROM readers");
    try (DuckDBAppender appender = connection.createAppender("readers")) {
      for (Map.Entry<String, Reader> each : readers.entrySet()) {
        long asked = each.getValue().askedNanos;
        append(appender, each.getKey(), asked, new StreamEpoch("", 0), 0);
        for (Map.Entry<StreamEpoch, Long> mark : each.getValue().upTo.entrySet()) {
          append(appender, each.getKey(), asked, mark.getKey(), mark.getValue());
        }
      }
      appender.flush();
    }
    isSaved = true;
  }

  private static void append(
      DuckDBAppender appender, String name, long asked, StreamEpoch log, long upTo)
      throws SQLException {
    appender
        .beginRow()
        .append(name)
        .append(asked)
        .append(log.stream())
        .append(log.epoch())
        .append(upTo)
        .endRow();
  }

  /// A reader asks.
  ///
  /// @param upTo the last number before which, of some streams and epochs, it lacks none
  /// @return whether it is known now; false when there are [#MOST] others
  synchronized boolean asks(String name, Map<StreamEpoch, Long> upTo, long nowNanos) {
    if (!readers.containsKey(name) && readers.size() >= MOST) {
      return false;
    }
    Reader reader = readers.computeIfAbsent(name, _ -> new Reader());
    reader.askedNanos = nowNanos;
    reader.upTo.putAll(upTo);
    isSaved = false;
    return true;
  }

  /// Up to which number of an epoch every reader has all; [Long#MAX_VALUE] when there is no reader.
  synchronized long upTo(StreamEpoch log) {
    return readers.values().stream()
        .mapToLong(reader -> reader.upTo.getOrDefault(log, 0L))
        .min()
        .orElse(Long.MAX_VALUE);
  }
}
