package io.coral.storage;

import io.coral.model.PayloadId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/// The payloads that were stored lately, in the database too, so that one that is sent again after
/// its answer was lost is not stored again, whoever died in between. One thread.
///
/// They are remembered in two parts, each of ten minutes or 200,000 payloads, and forgotten with
/// the older one.
final class RecentPayloads {
  private static final int MOST = 200_000;
  private static final long PART_SECONDS = 600;

  private Set<PayloadId> older = new HashSet<>();
  private Set<PayloadId> newer = new HashSet<>();
  private long newerSince;

  static void create(Connection connection) throws SQLException {
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS payloads (high BIGINT NOT NULL, low BIGINT NOT NULL, since"
            + " BIGINT NOT NULL)");
  }

  void load(Connection connection, long nowSeconds) throws SQLException {
    newerSince = nowSeconds;
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT high, low FROM payloads WHERE since > "
                    + (nowSeconds - 2 * PART_SECONDS))) {
      while (result.next()) {
        newer.add(new PayloadId(result.getLong(1), result.getLong(2)));
      }
    }
  }

  boolean contains(PayloadId payload) {
    return newer.contains(payload) || older.contains(payload);
  }

  /// Writes payloads inside the caller's transaction.
  void write(DuckDBConnection connection, List<PayloadId> payloads, long nowSeconds)
      throws SQLException {
    if (nowSeconds - newerSince > PART_SECONDS || newer.size() > MOST) {
      Database.execute(
          connection, "DELETE FROM payloads WHERE since < " + Math.min(newerSince, nowSeconds));
      older = newer;
      newer = new HashSet<>();
      newerSince = nowSeconds;
    }
    try (DuckDBAppender appender = connection.createAppender("payloads")) {
      for (PayloadId payload : payloads) {
        appender.beginRow();
        appender.append(payload.high()).append(payload.low()).append(nowSeconds);
        appender.endRow();
      }
      appender.flush();
    }
  }

  /// Payloads are safe, if not in the database yet.
  void add(List<PayloadId> payloads) {
    newer.addAll(payloads);
  }
}
