package io.coral.storage;

import io.coral.model.ColumnBatch;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/// Where the rows of traces are in one partition, in memory alone: what was there when the
/// partition was opened is read when it is first asked for.
///
/// [#stored], [#committed] and [#forgetUncommitted] belong to the writer thread, [#condition] to
/// any.
final class TracePlaces implements RowMemory {
  /// What is known takes some 4 MB at most; rows beyond are compared.
  private static final int MOST_ROWS = 1_500_000;

  private static final int READ_AT_ONCE = 8192;

  private final String rows;
  private final int column;
  private long rowsBefore;
  private TraceFilters since = new TraceFilters(0);
  private @Nullable TraceFilters before;
  private long[] uncommitted = new long[1024];
  private int uncommittedRows;

  /// @param rows the table of rows, qualified
  /// @param column position of `trace_id` in the stream
  TracePlaces(String rows, int column) {
    this.rows = rows;
    this.column = column;
  }

  @Override
  public void load(long rowsBefore) {
    this.rowsBefore = rowsBefore;
    since = new TraceFilters(rowsBefore);
  }

  @Override
  public void stored(int group, ColumnBatch batch, int row) {
    if (uncommittedRows == uncommitted.length) {
      uncommitted = Arrays.copyOf(uncommitted, 2 * uncommittedRows);
    }
    long[] ids = batch.uuids(column);
    uncommitted[uncommittedRows++] = TraceFilters.hash(ids[2 * row], ids[2 * row + 1]);
  }

  @Override
  public void committed() {
    long room = MOST_ROWS - since.rows();
    since.add(uncommitted, (int) Math.min(room, uncommittedRows));
    uncommittedRows = 0;
  }

  @Override
  public void forgetUncommitted() {
    uncommittedRows = 0;
  }

  /// A condition that all rows `r` of these traces fit, and few others; empty when there is none.
  String condition(Connection connection, Collection<UUID> traces) throws SQLException {
    String rows =
        LongStream.concat(before(connection).find(traces), since.find(traces))
            .mapToObj(Long::toString)
            .collect(Collectors.joining(","));
    // DuckDB goes to the rows of such a set directly, which it does not for a list.
    String known = "r.rowid IN (SELECT unnest(string_split('" + rows + "', ','))::BIGINT)";
    List<String> ways = new ArrayList<>();
    if (!rows.isEmpty()) {
      ways.add(known);
    }
    if (rowsBefore > MOST_ROWS) {
      ways.add("r.rowid BETWEEN " + MOST_ROWS + " AND " + (rowsBefore - 1) + among(traces));
    }
    if (since.rows() == MOST_ROWS) {
      ways.add("r.rowid >= " + (rowsBefore + MOST_ROWS) + among(traces));
    }
    return ways.size() < 2 ? String.join("", ways) : "(" + String.join(" OR ", ways) + ")";
  }

  private static String among(Collection<UUID> traces) {
    return " AND r.trace_id IN " + TraceAliases.set(traces);
  }

  private synchronized TraceFilters before(Connection connection) throws SQLException {
    TraceFilters known = before;
    if (known == null) {
      known = new TraceFilters(0);
      long[] hashes = new long[READ_AT_ONCE];
      int count = 0;
      if (rowsBefore > 0) {
        try (Statement statement = connection.createStatement();
            ResultSet result =
                statement.executeQuery(
                    "SELECT trace_id FROM "
                        + rows
                        + " WHERE rowid < "
                        + Math.min(rowsBefore, MOST_ROWS))) {
          while (result.next()) {
            UUID id = TraceAliases.uuid(result, 1);
            hashes[count++] =
                TraceFilters.hash(id.getMostSignificantBits(), id.getLeastSignificantBits());
            if (count == hashes.length) {
              known.add(hashes, count);
              count = 0;
            }
          }
        }
      }
      known.add(hashes, count);
      before = known;
    }
    return known;
  }
}
