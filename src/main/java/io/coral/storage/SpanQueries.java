package io.coral.storage;

import io.coral.model.Role;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Searches among the spans of both kinds: which services and operations there are, which traces
/// have a span that fits, who called whom. On the base tables only.
///
/// Every method blocks, opens a connection of its own and may be called on any thread but an event
/// loop. Failures are [StorageException]s.
public final class SpanQueries implements SpanSearch.Dependencies {
  private static final int SPANS_A_TRACE = 4;
  private static final int LEAST_LOOKED_AT = 100;
  private static final int MAX_ROUNDS = 20;
  // A parent begins before its child, and rarely more than this.
  private static final long PARENT_EARLIER_NANOS = 600_000_000_000L;

  private final RowSource source;

  /// @param store an agent's
  public SpanQueries(AgentStore store) {
    this.source = store;
  }

  /// @param store a colony's
  public SpanQueries(ColonyStore store) {
    this.source = store;
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
    List<StreamTable> tables = new ArrayList<>(source.tables(StreamSchema.TRACES));
    tables.addAll(source.tables(StreamSchema.SPANS));
    return tables;
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

  /// Ids of the traces that a search finds, the one with the newest fitting span first.
  public List<String> find(SpanSearch search) {
    Set<UUID> found = new LinkedHashSet<>();
    try (Connection connection = source.reader()) {
      List<String> parts = new ArrayList<>();
      for (StreamTable table : tables()) {
        Optional<String> condition = SpanCondition.of(connection, table, search);
        condition.ifPresent(
            fits ->
                parts.add(
                    "SELECT r.trace_id AS id, r.start_unix_nanos AS k FROM "
                        + table.rowsTable()
                        + " AS r WHERE "
                        + fits));
      }
      int rows = Math.max(LEAST_LOOKED_AT, SPANS_A_TRACE * search.limit());
      Set<UUID> seen = new HashSet<>();
      for (int round = 0;
          round < MAX_ROUNDS && found.size() < search.limit() && !parts.isEmpty();
          round++) {
        List<UUID> next = newest(connection, parts, seen, rows);
        TraceAliases aliases = TraceAliases.of(source, connection, Set.copyOf(next));
        next.forEach(id -> found.add(aliases.canonical(id)));
        seen.addAll(aliases.members(found));
        seen.addAll(next);
        if (next.size() < rows) {
          break;
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot search for spans", e);
    }
    return found.stream().limit(search.limit()).map(TraceQueries::hex).toList();
  }

  private static List<UUID> newest(
      Connection connection, List<String> parts, Set<UUID> seen, int rows) throws SQLException {
    String unseen = seen.isEmpty() ? "" : " AND r.trace_id NOT IN " + TraceAliases.set(seen);
    String sql =
        parts.stream().map(part -> part + unseen).collect(Collectors.joining(" UNION ALL "))
            + " ORDER BY k DESC LIMIT "
            + rows;
    List<UUID> ids = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        ids.add(TraceAliases.uuid(result, 1));
      }
    }
    return ids;
  }

  /// By a join of spans with their parents: as long as it takes, which is some 100 ms for a
  /// million spans. A captured request of a service that sends spans itself is not counted again.
  @Override
  public List<SpanSearch.Dependency> between(long sinceNanos, long untilNanos) {
    try (Connection connection = source.reader()) {
      Map<String, Integer> numbers = new TreeMap<>();
      Set<Integer> senders = new TreeSet<>();
      List<StreamTable> tables = tables();
      for (StreamTable table : tables) {
        for (String name : services(connection, table)) {
          numbers.putIfAbsent(name, numbers.size());
          if (isSent(table)) {
            senders.add(numbers.getOrDefault(name, -1));
          }
        }
      }
      return numbers.isEmpty()
          ? List.of()
          : joined(connection, tables, numbers, senders, sinceNanos, untilNanos);
    } catch (SQLException e) {
      throw new StorageException("cannot tell who called whom", e);
    }
  }

  private static List<SpanSearch.Dependency> joined(
      Connection connection,
      List<StreamTable> tables,
      Map<String, Integer> numbers,
      Set<Integer> senders,
      long sinceNanos,
      long untilNanos)
      throws SQLException {
    List<String> children = new ArrayList<>();
    List<String> parents = new ArrayList<>();
    for (StreamTable table : tables) {
      String numbered = numbered(table);
      String childRange = RowSource.condition(table.schema(), sinceNanos, untilNanos);
      String parentRange =
          RowSource.condition(
              table.schema(), Math.max(0, sinceNanos - PARENT_EARLIER_NANOS), untilNanos);
      children.add(
          "SELECT trace_id, parent_span_id AS id, s, failed, duration_nanos FROM ("
              + numbered
              + (childRange.isEmpty() ? "" : " WHERE " + childRange)
              + ") WHERE parent_span_id <> 0"
              + (isSent(table) || senders.isEmpty()
                  ? ""
                  : " AND s NOT IN (" + StoredRows.list(senders) + ")"));
      parents.add(
          "SELECT trace_id, span_id AS id, s FROM ("
              + numbered
              + (parentRange.isEmpty() ? "" : " WHERE " + parentRange)
              + ")");
    }
    String names =
        numbers.entrySet().stream()
            .map(each -> "(" + Database.literal(each.getKey()) + ", " + each.getValue() + ")")
            .collect(Collectors.joining(", "));
    String sql =
        "WITH names AS (SELECT * FROM (VALUES "
            + names
            + ") AS t(name, s)), children AS ("
            + String.join(" UNION ALL ", children)
            + "), parents AS ("
            + String.join(" UNION ALL ", parents)
            + ") SELECT p.s, c.s, count(*), count(*) FILTER (c.failed),"
            + " approx_quantile(c.duration_nanos, [0.5, 0.95]) FROM children AS c"
            + " JOIN parents AS p ON p.id = c.id AND p.trace_id = c.trace_id"
            + " WHERE p.s <> c.s GROUP BY ALL";
    List<String> byNumber = new ArrayList<>(Collections.nCopies(numbers.size(), ""));
    numbers.forEach((name, number) -> byNumber.set(number, name));
    List<SpanSearch.Dependency> found = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        Object[] quantiles = (Object[]) result.getArray(5).getArray();
        found.add(
            new SpanSearch.Dependency(
                byNumber.get(result.getInt(1)),
                byNumber.get(result.getInt(2)),
                result.getLong(3),
                result.getLong(4),
                ((Number) quantiles[0]).longValue(),
                ((Number) quantiles[1]).longValue()));
      }
    }
    found.sort(
        Comparator.comparing(SpanSearch.Dependency::parent)
            .thenComparing(SpanSearch.Dependency::child));
    return found;
  }

  /// Rows with the number of their service, `s`, and whether they `failed`.
  private static String numbered(StreamTable table) {
    String rows = table.rowsTable();
    return isSent(table)
        ? "SELECT r.*, g.s, g.failed FROM "
            + rows
            + " AS r JOIN (SELECT k.id, n.s, k.outcome = 2 AS failed FROM ("
            + table.withTexts(List.of("service"), "SELECT * FROM " + table.groupsTable())
            + ") AS k JOIN names AS n ON n.name = k.d_service) AS g ON g.id = r.kind"
        : "SELECT r.*, g.s, r.status >= CASE r.role WHEN 1 THEN 500 ELSE 400 END AS failed FROM "
            + rows
            + " AS r JOIN (SELECT k.service, n.s FROM ("
            + table.withTexts(List.of("service"), "SELECT DISTINCT service FROM " + rows)
            + ") AS k JOIN names AS n ON n.name = k.d_service) AS g ON g.service = r.service";
  }
}
