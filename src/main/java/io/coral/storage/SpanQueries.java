package io.coral.storage;

import io.coral.model.Role;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Searches among the spans of both kinds: which services and operations there are, which traces
/// have a span that fits, who called whom. On the base tables only.
///
/// Every method blocks, opens a connection of its own and may be called on any thread but an event
/// loop. Failures are [StorageException]s.
public final class SpanQueries {
  private static final int SPANS_A_TRACE = 4;
  private static final int LEAST_LOOKED_AT = 100;
  private static final int MAX_ROUNDS = 20;
  private static final int PARTS_OF_RANGE = 12;

  private final RowSource source;

  SpanQueries(RowSource source) {
    this.source = source;
  }

  /// @param store an agent's
  public SpanQueries(AgentStore store) {
    this((RowSource) store);
  }

  /// Names of the services that have spans, sorted.
  public List<String> services() {
    Set<String> names = new TreeSet<>();
    try (Connection connection = source.reader()) {
      for (StreamTable table : tables()) {
        names.addAll(services(connection, table));
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read services", e);
    }
    return List.copyOf(names);
  }

  private static List<String> services(Connection connection, StreamTable table)
      throws SQLException {
    String from = isSent(table) ? table.groupsTable() : table.rowsTable();
    List<String> names = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(table.texts("SELECT DISTINCT service FROM " + from))) {
      while (result.next()) {
        names.add(result.getString(2));
      }
    }
    return names;
  }

  private static boolean isSent(StreamTable table) {
    return table.schema().equals(StreamSchema.SPANS);
  }

  private List<StreamTable> tables() {
    return TraceQueries.tables(source, 0, Long.MAX_VALUE);
  }

  /// Operations of a service by name.
  ///
  /// @param role null = all
  public List<SpanSearch.Operation> operations(String service, @Nullable Role role) {
    Set<SpanSearch.Operation> operations =
        new TreeSet<>(
            Comparator.comparing(SpanSearch.Operation::name)
                .thenComparing(SpanSearch.Operation::role));
    try (Connection connection = source.reader()) {
      for (StreamTable table : tables()) {
        String sql =
            table.withTexts(
                List.of("name"),
                "SELECT DISTINCT name, role FROM "
                    + (isSent(table) ? table.groupsTable() : table.rowsTable())
                    + " AS r WHERE service IN "
                    + table.idsOf(Database.literal(service))
                    + (role == null ? "" : " AND role = " + role.code()));
        try (Statement statement = connection.createStatement();
            ResultSet result = statement.executeQuery(sql)) {
          while (result.next()) {
            operations.add(
                new SpanSearch.Operation(
                    result.getString("d_name"), Role.ofCode(result.getInt("role"))));
          }
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read operations", e);
    }
    return List.copyOf(operations);
  }

  /// The traces that a search finds, the one with the newest fitting span first.
  public List<RankedTrace> find(SpanSearch search) {
    Map<UUID, Long> found = new LinkedHashMap<>();
    try (Connection connection = source.reader()) {
      List<String> parts = new ArrayList<>();
      List<SlowSpans.Span> known = new ArrayList<>();
      for (StreamTable table :
          TraceQueries.tables(source, search.sinceNanos(), search.untilNanos())) {
        SpanCondition.Fitting fitting = SpanCondition.of(connection, table, search);
        known.addAll(fitting.known());
        fitting
            .rows()
            .ifPresent(
                fits ->
                    parts.add(
                        "SELECT r.trace_id AS id, r.start_unix_nanos AS k FROM "
                            + table.rowsTable()
                            + " AS r WHERE "
                            + fits));
      }
      Set<UUID> seen = new HashSet<>();
      for (Window window : parts.isEmpty() ? List.of(whole(search)) : windows(search)) {
        find(connection, new Spans(parts, known, window), search.limit(), seen, found);
      }
    } catch (SQLException e) {
      throw new StorageException("cannot search for spans", e);
    }
    return found.entrySet().stream()
        .limit(search.limit())
        .map(each -> new RankedTrace(TraceQueries.hex(each.getKey()), each.getValue()))
        .toList();
  }

  /// @param since Unix time in nanoseconds, inclusive
  /// @param until exclusive
  private record Window(long since, long until) {
    boolean has(SlowSpans.Span span) {
      return span.startNanos() >= since && span.startNanos() < until;
    }
  }

  /// The spans of a window that fit.
  ///
  /// @param parts the rows of a partition each, without a limit of time
  /// @param known the others, whatever their time
  private record Spans(List<String> parts, List<SlowSpans.Span> known, Window window) {}

  private static Window whole(SpanSearch search) {
    return new Window(search.sinceNanos(), search.untilNanos());
  }

  /// The range of a search cut in two, the newest part first: what is searched for is mostly there.
  private static List<Window> windows(SpanSearch search) {
    long since = search.sinceNanos();
    long until = search.untilNanos();
    long recent = until - (until - since) / PARTS_OF_RANGE;
    return since == 0
        ? List.of(whole(search))
        : List.of(new Window(recent, until), new Window(since, recent));
  }

  private void find(
      Connection connection, Spans spans, int limit, Set<UUID> seen, Map<UUID, Long> found)
      throws SQLException {
    int rows = Math.max(LEAST_LOOKED_AT, SPANS_A_TRACE * limit);
    for (int round = 0; round < MAX_ROUNDS && found.size() < limit; round++) {
      List<SlowSpans.Span> next = newest(connection, spans, seen, rows);
      Set<UUID> ids = next.stream().map(SlowSpans.Span::traceId).collect(Collectors.toSet());
      TraceAliases aliases = TraceAliases.of(source, connection, ids);
      next.forEach(span -> found.putIfAbsent(aliases.canonical(span.traceId()), span.startNanos()));
      seen.addAll(aliases.members(found.keySet()));
      seen.addAll(ids);
      if (next.size() < rows) {
        break;
      }
    }
  }

  private static List<SlowSpans.Span> newest(
      Connection connection, Spans spans, Set<UUID> seen, int rows) throws SQLException {
    List<SlowSpans.Span> fitting = new ArrayList<>();
    for (SlowSpans.Span span : spans.known) {
      if (spans.window.has(span) && !seen.contains(span.traceId())) {
        fitting.add(span);
      }
    }
    if (!spans.parts.isEmpty()) {
      fitting.addAll(stored(connection, spans, seen, rows));
    }
    return fitting.stream()
        .sorted(Comparator.comparingLong(SlowSpans.Span::startNanos).reversed())
        .limit(rows)
        .toList();
  }

  private static List<SlowSpans.Span> stored(
      Connection connection, Spans spans, Set<UUID> seen, int rows) throws SQLException {
    String range = RowSource.condition(StreamSchema.SPANS, spans.window.since, spans.window.until);
    String fits =
        (range.isEmpty() ? "" : " AND " + range)
            + (seen.isEmpty() ? "" : " AND r.trace_id NOT IN " + TraceAliases.set(seen));
    String sql =
        spans.parts.stream().map(part -> part + fits).collect(Collectors.joining(" UNION ALL "))
            + " ORDER BY k DESC LIMIT "
            + rows;
    List<SlowSpans.Span> fitting = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        fitting.add(new SlowSpans.Span(TraceAliases.uuid(result, 1), result.getLong(2)));
      }
    }
    return fitting;
  }
}
