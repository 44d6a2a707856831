package io.coral.storage;

import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// What a colony asks and writes to join traces over the borders of hosts. Blocks; [#store] belongs
/// to the history's writer thread, the rest may be called on any. Failures are [StorageException]s.
public final class TraceJoins {
  /// Clocks of hosts differ; sequence numbers return after longer.
  private static final long MAX_CLOCK_DIFFERENCE_NANOS = 60_000_000_000L;

  private final ColonyStore store;

  public TraceJoins(ColonyStore store) {
    this.store = store;
  }

  /// Both ends of hops between hosts whose server has no parent, or one that only a header names.
  ///
  /// @param sinceUnixNanos start of the earliest span
  public List<HopCandidate> candidates(long sinceUnixNanos) {
    String spans = store.relation(StreamSchema.TRACES, sinceUnixNanos, Long.MAX_VALUE);
    String sql =
        "WITH spans AS ("
            + spans
            + "), joined AS (SELECT span_id FROM ("
            + store.relation(StreamSchema.TRACE_ALIASES, sinceUnixNanos, Long.MAX_VALUE)
            + ") WHERE span_id <> 0)"
            + " SELECT s.trace_id::VARCHAR, s.span_id, s.start_unix_nanos, s.duration_nanos,"
            + " c.trace_id::VARCHAR, c.span_id, c.duration_nanos, s.link_key = c.link_key"
            + " FROM spans s JOIN spans c ON (s.link_key & 4294967295) = (c.link_key & 4294967295)"
            + " AND s.request_hash = c.request_hash"
            + " WHERE s.role = 1 AND c.role = 2 AND s.agent_id <> c.agent_id AND s.link_key <> 0"
            + " AND (s.parent_span_id = 0 OR (s.evidence = 'traceparent' AND s.parent_span_id <> c.span_id))"
            + " AND abs(s.start_unix_nanos - c.start_unix_nanos) < "
            + MAX_CLOCK_DIFFERENCE_NANOS
            + " AND s.span_id NOT IN (SELECT span_id FROM joined)";
    List<HopCandidate> candidates = new ArrayList<>();
    try (Connection connection = store.reader();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        candidates.add(
            new HopCandidate(
                UUID.fromString(result.getString(1)),
                result.getLong(2),
                result.getLong(3),
                result.getLong(4),
                UUID.fromString(result.getString(5)),
                result.getLong(6),
                result.getLong(7),
                result.getBoolean(8)));
      }
    } catch (SQLException e) {
      throw new StorageException("cannot look for hops between hosts", e);
    }
    return candidates;
  }

  /// Aliases of spans that began since a time.
  public List<TraceAlias> aliases(long sinceUnixNanos) {
    String sql =
        "SELECT from_trace_id::VARCHAR, to_trace_id::VARCHAR, span_id, parent_span_id, evidence,"
            + " start_unix_nanos FROM ("
            + store.relation(StreamSchema.TRACE_ALIASES, sinceUnixNanos, Long.MAX_VALUE)
            + ")";
    List<TraceAlias> aliases = new ArrayList<>();
    try (Connection connection = store.reader();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        aliases.add(
            new TraceAlias(
                UUID.fromString(result.getString(1)),
                UUID.fromString(result.getString(2)),
                result.getLong(3),
                result.getLong(4),
                result.getString(5),
                result.getLong(6)));
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read trace aliases", e);
    }
    return aliases;
  }

  /// Stores aliases that the colony found.
  public void store(List<TraceAlias> aliases) {
    ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.TRACE_ALIASES, aliases.size());
    for (TraceAlias alias : aliases) {
      rows.add(
              alias.fromTrace().getMostSignificantBits(),
              alias.fromTrace().getLeastSignificantBits())
          .add(alias.toTrace().getMostSignificantBits(), alias.toTrace().getLeastSignificantBits())
          .add(alias.spanId())
          .add(alias.parentSpanId())
          .add(alias.evidence())
          .add(alias.startUnixNanos());
    }
    store.appendOwn(rows.build());
  }
}
