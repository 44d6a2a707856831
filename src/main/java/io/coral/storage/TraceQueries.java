package io.coral.storage;

import io.coral.model.Role;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The questions about traces, on the base tables.
///
/// Spans are stored once and never changed; what became known of their trace later is a row of
/// `trace_aliases`. Every answer here names the trace that a span belongs to by what is known now.
///
/// Where a trace may be is known by its id ([TracePlaces]); for the beginning of an id, the ids of
/// all partitions are compared.
///
/// Every method blocks, opens a connection of its own and may be called on any thread but an event
/// loop. Failures are [StorageException]s.
public final class TraceQueries {
  /// The fewest digits that [#find] takes.
  public static final int MIN_PREFIX = 6;

  private static final int MAX_FOUND = 1_000;
  private static final int MAX_SPANS = 50_000;
  private static final int TRACES_AT_ONCE = 250;
  private static final int LEAST_LOOKED_AT = 400;
  private static final int SPANS_A_TRACE = 4;
  private static final int MAX_ROUNDS = 20;

  // UUID.compareTo is signed.
  private static final Comparator<UUID> BY_TEXT = Comparator.comparing(UUID::toString);

  private final RowSource source;

  TraceQueries(RowSource source) {
    this.source = source;
  }

  /// @param store an agent's
  public TraceQueries(AgentStore store) {
    this((RowSource) store);
  }

  /// What a look for a trace found.
  ///
  /// @param traceIds by id
  /// @param trace the trace with its spans when it is the only one
  public record Found(List<String> traceIds, @Nullable Trace trace) {
    public Found {
      traceIds = List.copyOf(traceIds);
    }
  }

  /// The traces whose id, or the id of a part of them, begins with a prefix.
  ///
  /// @param prefix 6 to 32 hexadecimal digits
  public Found find(String prefix) {
    if (prefix.length() == 32) {
      Trace trace = trace(prefix);
      return trace.spans().isEmpty()
          ? new Found(List.of(), null)
          : new Found(List.of(trace.traceId()), trace);
    }
    String range = range(prefix);
    List<String> parts = new ArrayList<>();
    for (StreamTable table : tables()) {
      parts.add(idsIn(table, "trace_id", range));
    }
    for (StreamTable table : source.tables(StreamSchema.TRACE_ALIASES)) {
      parts.add(idsIn(table, "from_trace_id", range));
      parts.add(idsIn(table, "to_trace_id", range));
    }
    if (parts.isEmpty()) {
      return new Found(List.of(), null);
    }
    String sql =
        "SELECT DISTINCT id FROM (" + String.join(" UNION ALL ", parts) + ") LIMIT " + MAX_FOUND;
    try (Connection connection = source.reader()) {
      Set<UUID> ids = new LinkedHashSet<>();
      try (Statement statement = connection.createStatement();
          ResultSet result = statement.executeQuery(sql)) {
        while (result.next()) {
          ids.add(TraceAliases.uuid(result, 1));
        }
      }
      TraceAliases aliases = TraceAliases.of(source, connection, ids);
      List<UUID> found = ids.stream().map(aliases::canonical).distinct().sorted(BY_TEXT).toList();
      List<String> traceIds = found.stream().map(TraceQueries::hex).toList();
      return new Found(traceIds, found.size() == 1 ? traces(connection, found).getFirst() : null);
    } catch (SQLException e) {
      throw new StorageException("cannot look for a trace", e);
    }
  }

  /// The condition behind a column that its id begins with a prefix.
  static String range(String prefix) {
    String digits = prefix.toLowerCase(Locale.ROOT);
    UUID first = uuid(digits + "0".repeat(32 - digits.length()));
    UUID last = uuid(digits + "f".repeat(32 - digits.length()));
    return " BETWEEN '" + first + "'::UUID AND '" + last + "'::UUID";
  }

  /// The partitions of both kinds of spans.
  private List<StreamTable> tables() {
    return tables(source, 0, Long.MAX_VALUE);
  }

  /// The partitions of both kinds of spans that may have some of a range.
  static List<StreamTable> tables(RowSource source, long sinceNanos, long untilNanos) {
    List<StreamTable> tables =
        new ArrayList<>(source.tables(StreamSchema.TRACES, sinceNanos, untilNanos));
    tables.addAll(source.tables(StreamSchema.SPANS, sinceNanos, untilNanos));
    return tables;
  }

  private static String idsIn(StreamTable table, String column, String range) {
    return "SELECT " + column + " AS id FROM " + table.rowsTable() + " WHERE " + column + range;
  }

  /// One trace with all of its spans, up to 50,000 of them.
  ///
  /// @param traceId 32 hexadecimal digits: the trace's id or the id of a part of it
  public Trace trace(String traceId) {
    return traces(List.of(traceId)).getFirst();
  }

  /// The traces of a list with all of their spans, in the list's order.
  ///
  /// @param traceIds as [#list] gives them
  public List<Trace> traces(List<String> traceIds) {
    List<UUID> ids = traceIds.stream().map(TraceQueries::uuid).toList();
    List<Trace> traces = new ArrayList<>();
    try (Connection connection = source.reader()) {
      for (int at = 0; at < ids.size(); at += TRACES_AT_ONCE) {
        List<UUID> some = ids.subList(at, Math.min(ids.size(), at + TRACES_AT_ONCE));
        List<Trace> read = traces(connection, some);
        if (some.size() > 1 && read.stream().anyMatch(Trace::cut)) {
          for (UUID id : some) {
            traces.addAll(traces(connection, List.of(id)));
          }
        } else {
          traces.addAll(read);
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read spans", e);
    }
    return traces;
  }

  private List<Trace> traces(Connection connection, List<UUID> ids) throws SQLException {
    TraceAliases aliases = TraceAliases.of(source, connection, ids);
    Map<UUID, List<SpanRow>> spans = new LinkedHashMap<>();
    ids.forEach(id -> spans.put(aliases.canonical(id), new ArrayList<>()));
    boolean cut = readSpans(connection, aliases, spans);
    List<Trace> traces = new ArrayList<>();
    for (Map.Entry<UUID, List<SpanRow>> each : spans.entrySet()) {
      traces.add(new Trace(hex(each.getKey()), TraceAssembly.of(each.getValue()), cut));
    }
    return traces;
  }

  /// @return whether there are more spans than one answer may have
  private boolean readSpans(
      Connection connection, TraceAliases aliases, Map<UUID, List<SpanRow>> spans)
      throws SQLException {
    Set<UUID> members = aliases.members(spans.keySet());
    Map<String, Map<String, String>> parsed = new HashMap<>();
    int rows = 0;
    // One partition at a time: it is the memory for their dictionaries that is short.
    for (StreamTable table : tables()) {
      String condition = table.ofTraces(connection, members);
      if (condition.isEmpty()) {
        continue;
      }
      int most = MAX_SPANS + 1 - rows;
      List<SpanRow> read =
          table.schema().equals(StreamSchema.SPANS)
              ? new SentSpans(connection, table).read(condition, aliases, most)
              : captured(connection, table, condition, aliases, parsed, most);
      rows += read.size();
      boolean cut = rows > MAX_SPANS;
      for (SpanRow span : cut ? read.subList(0, read.size() - 1) : read) {
        List<SpanRow> ofTrace = spans.get(uuid(span.traceId()));
        if (ofTrace != null) {
          ofTrace.add(span);
        }
      }
      if (cut) {
        return true;
      }
    }
    return false;
  }

  private static List<SpanRow> captured(
      Connection connection,
      StreamTable table,
      String condition,
      TraceAliases aliases,
      Map<String, Map<String, String>> parsed,
      int most)
      throws SQLException {
    String sql =
        "SELECT trace_id, span_id, parent_span_id, service, name, role, start_unix_nanos,"
            + " duration_nanos, status, method, route, peer, host, evidence, attributes FROM ("
            + table.select(condition)
            + ") LIMIT "
            + most;
    List<SpanRow> spans = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        UUID trace = aliases.canonical(TraceAliases.uuid(result, 1));
        spans.add(span(result, trace, aliases, parsed));
      }
    }
    return spans;
  }

  private static SpanRow span(
      ResultSet result,
      UUID trace,
      TraceAliases aliases,
      Map<String, Map<String, String>> parsedAttributes)
      throws SQLException {
    Map<String, String> attributes =
        new HashMap<>(parsedAttributes.computeIfAbsent(result.getString(15), Attributes::parse));
    long spanId = result.getLong(2);
    TraceAliases.Parent late = aliases.parent(spanId);
    long parentId = late == null ? result.getLong(3) : late.spanId();
    attributes.put("http.request.method", result.getString(10));
    attributes.put("http.route", result.getString(11));
    attributes.put(SpanRow.PEER, result.getString(12));
    attributes.put("server.address", result.getString(13));
    attributes.put(SpanRow.EVIDENCE, late == null ? result.getString(14) : late.evidence());
    if (result.getInt(9) != 0) {
      attributes.put("http.response.status_code", Integer.toString(result.getInt(9)));
    }
    attributes.values().removeIf(String::isEmpty);
    return new SpanRow(
        hex(trace),
        hex(spanId),
        parentId == 0 ? "" : hex(parentId),
        result.getString(4),
        result.getString(5),
        Role.ofCode(result.getInt(6)),
        result.getLong(7),
        result.getLong(8),
        result.getInt(9),
        attributes,
        null);
  }

  /// The traces that fit, in the filter's order.
  ///
  /// Spans are looked at in that order, some thousands at a time, because a store may have more
  /// traces than fit into its memory at once.
  public List<RankedTrace> list(TraceFilter filter) {
    int rows = Math.max(LEAST_LOOKED_AT, SPANS_A_TRACE * filter.limit());
    Set<UUID> seen = new HashSet<>();
    Map<UUID, Long> listed = new LinkedHashMap<>();
    try (Connection connection = source.reader()) {
      for (int round = 0; round < MAX_ROUNDS && listed.size() < filter.limit(); round++) {
        List<Ranked> next = nextSpans(connection, filter, seen, rows);
        TraceAliases aliases =
            TraceAliases.of(
                source, connection, next.stream().map(Ranked::id).collect(Collectors.toSet()));
        Map<UUID, Long> canonical = new LinkedHashMap<>();
        next.forEach(each -> canonical.putIfAbsent(aliases.canonical(each.id), each.rank));
        Set<UUID> members = aliases.members(canonical.keySet());
        if (filter.order() == TraceFilter.Order.SLOWEST) {
          keepFitting(connection, filter, aliases, members, canonical.keySet());
        }
        canonical.forEach(listed::putIfAbsent);
        seen.addAll(members);
        if (next.size() < rows) {
          break;
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot list traces", e);
    }
    return listed.entrySet().stream()
        .limit(filter.limit())
        .map(each -> new RankedTrace(hex(each.getKey()), each.getValue()))
        .toList();
  }

  private record Ranked(UUID id, long rank) {}

  /// Trace ids of the first spans in the filter's order that are of none of the traces seen.
  private List<Ranked> nextSpans(
      Connection connection, TraceFilter filter, Set<UUID> seen, int rows) throws SQLException {
    List<String> bound = new ArrayList<>();
    Function<StreamTable, String> fits =
        filter.order() == TraceFilter.Order.SLOWEST
            ? _ -> "r.duration_nanos >= " + filter.minDurationNanos()
            : fits(filter, bound);
    String key = filter.order() == TraceFilter.Order.NEWEST ? "start_unix_nanos" : "duration_nanos";
    String unseen = seen.isEmpty() ? "" : " AND r.trace_id NOT IN " + TraceAliases.set(seen);
    return ids(
        connection,
        bound,
        filter,
        table -> fits.apply(table) + unseen,
        "r." + key,
        " ORDER BY k DESC, id LIMIT " + rows);
  }

  /// Removes the traces that have no span of the services asked for.
  private void keepFitting(
      Connection connection,
      TraceFilter filter,
      TraceAliases aliases,
      Set<UUID> members,
      Set<UUID> canonical)
      throws SQLException {
    if (members.isEmpty() || (filter.services().isEmpty() && !filter.asksForServed())) {
      return;
    }
    List<String> bound = new ArrayList<>();
    Function<StreamTable, String> fits = fits(filter, bound);
    List<Ranked> fitting =
        ids(
            connection,
            bound,
            filter,
            table -> fits.apply(table) + " AND r.trace_id IN " + TraceAliases.set(members),
            "0",
            "");
    canonical.retainAll(
        fitting.stream().map(each -> aliases.canonical(each.id)).collect(Collectors.toSet()));
  }

  private List<Ranked> ids(
      Connection connection,
      List<String> bound,
      TraceFilter filter,
      Function<StreamTable, String> condition,
      String key,
      String order)
      throws SQLException {
    String range =
        RowSource.condition(StreamSchema.TRACES, filter.sinceNanos(), filter.untilNanos());
    List<String> parts = new ArrayList<>();
    parts.add("SELECT NULL::UUID AS id, 0::BIGINT AS k WHERE false");
    List<StreamTable> tables = tables(source, filter.sinceNanos(), filter.untilNanos());
    for (StreamTable table : tables) {
      parts.add(
          "SELECT r.trace_id, "
              + key
              + " FROM "
              + table.rowsTable()
              + " AS r WHERE "
              + condition.apply(table)
              + (range.isEmpty() ? "" : " AND " + range));
    }
    String sql = "SELECT id, k FROM (" + String.join(" UNION ALL ", parts) + ")" + order;
    List<Ranked> ids = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < bound.size() && !tables.isEmpty(); i++) {
        statement.setString(i + 1, bound.get(i));
      }
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          ids.add(new Ranked(TraceAliases.uuid(result, 1), result.getLong(2)));
        }
      }
    }
    return ids;
  }

  /// The condition on a row `r` of a table, with numbered parameters for what is put into `bound`.
  private static Function<StreamTable, String> fits(TraceFilter filter, List<String> bound) {
    bound.addAll(filter.services());
    String services = parameters(1, bound.size());
    int method = filter.method().isEmpty() ? 0 : addTo(bound, filter.method());
    int route = filter.route().isEmpty() ? 0 : addTo(bound, filter.route());
    return table ->
        (filter.services().isEmpty() ? "true" : table.hasText("service", services))
            + (filter.asksForServed()
                ? " AND "
                    + table.hasNumber("role", " = " + Role.SERVER.code())
                    + " AND r.duration_nanos >= "
                    + filter.minSpanNanos()
                : "")
            + (method == 0 ? "" : " AND " + table.hasText("method", "$" + method))
            + (route == 0 ? "" : " AND " + table.hasText("route", "$" + route));
  }

  private static int addTo(List<String> bound, String value) {
    bound.add(value);
    return bound.size();
  }

  private static String parameters(int from, int count) {
    List<String> parameters = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      parameters.add("$" + (from + i));
    }
    return String.join(", ", parameters);
  }

  /// Up to three traces for each route and method, keyed `METHOD route`: with the slowest span,
  /// with the newest one that failed, with the newest one.
  ///
  /// @param service empty = all
  public Map<String, RouteExemplars> exemplars(
      String service, long sinceNanos, long untilNanos, Role role) {
    Map<String, Slots> found = new HashMap<>();
    try (Connection connection = source.reader()) {
      // One partition at a time, newest first: it is the memory that is short.
      for (StreamTable table : tables(source, sinceNanos, untilNanos).reversed()) {
        String sql = exemplars(table, service, sinceNanos, untilNanos, role);
        Map<Operation, Slots> ofTable = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
          if (!service.isEmpty()) {
            statement.setString(1, service);
          }
          try (ResultSet result = statement.executeQuery()) {
            while (result.next()) {
              ofTable
                  .computeIfAbsent(
                      new Operation(result.getInt("method"), result.getInt("route")),
                      _ -> new Slots())
                  .add(result);
            }
          }
        }
        Set<Integer> ids = new HashSet<>();
        ofTable.keySet().forEach(each -> ids.addAll(List.of(each.method, each.route)));
        Map<Integer, String> texts = table.texts(connection, ids);
        ofTable.forEach(
            (operation, slots) -> {
              String method = texts.get(operation.method);
              String route = texts.get(operation.route);
              if (method != null && route != null) {
                found.computeIfAbsent(method + " " + route, _ -> new Slots()).add(slots);
              }
            });
      }
      return canonical(connection, found);
    } catch (SQLException e) {
      throw new StorageException("cannot find traces of routes", e);
    }
  }

  /// @param method number of a string; `route` alike
  private record Operation(int method, int route) {}

  private static String exemplars(
      StreamTable table, String service, long sinceNanos, long untilNanos, Role role) {
    boolean sent = table.schema().equals(StreamSchema.SPANS);
    String range = RowSource.condition(table.schema(), sinceNanos, untilNanos);
    String failed = "status >= " + (role == Role.SERVER ? 500 : 400);
    return "SELECT method, route, arg_max(trace_id, duration_nanos) AS slow_id,"
        + " max(duration_nanos) AS slow, arg_max(trace_id, start_unix_nanos) FILTER ("
        + (sent ? "outcome = 2 OR " : "")
        + failed
        + ") AS failed_id, max(start_unix_nanos) FILTER ("
        + (sent ? "outcome = 2 OR " : "")
        + failed
        + ") AS failed_at, arg_max(trace_id, start_unix_nanos) AS new_id,"
        + " max(start_unix_nanos) AS new_at FROM "
        + table.rowsTable()
        + " AS r"
        + (sent ? " JOIN " + table.groupsTable() + " AS g ON g.id = r.kind" : "")
        + " WHERE role = "
        + role.code()
        + (sent ? " AND " + table.hasText("system", "'http'") : "")
        + (range.isEmpty() ? "" : " AND " + range)
        + (service.isEmpty() ? "" : " AND " + table.hasText("service", "$1"))
        + " GROUP BY method, route";
  }

  /// Of one route and method.
  private static final class Slots {
    private final @Nullable Ranked[] best = new Ranked[3];

    void add(ResultSet result) throws SQLException {
      add(0, (UUID) result.getObject("slow_id"), result.getLong("slow"));
      add(1, (UUID) result.getObject("failed_id"), result.getLong("failed_at"));
      add(2, (UUID) result.getObject("new_id"), result.getLong("new_at"));
    }

    void add(Slots other) {
      for (int slot = 0; slot < best.length; slot++) {
        Ranked ranked = other.best[slot];
        if (ranked != null) {
          add(slot, ranked.id, ranked.rank);
        }
      }
    }

    private void add(int slot, @Nullable UUID id, long rank) {
      Ranked known = best[slot];
      if (id != null && (known == null || rank > known.rank)) {
        best[slot] = new Ranked(id, rank);
      }
    }

    Stream<UUID> ids() {
      return Arrays.stream(best).filter(Objects::nonNull).map(each -> each.id);
    }

    RouteExemplars exemplars(TraceAliases aliases) {
      return new RouteExemplars(
          trace(best[0], aliases), trace(best[1], aliases), trace(best[2], aliases));
    }

    private static @Nullable RankedTrace trace(@Nullable Ranked ranked, TraceAliases aliases) {
      return ranked == null
          ? null
          : new RankedTrace(hex(aliases.canonical(ranked.id)), ranked.rank);
    }
  }

  private Map<String, RouteExemplars> canonical(Connection connection, Map<String, Slots> found)
      throws SQLException {
    Set<UUID> all = new TreeSet<>();
    found.values().forEach(each -> each.ids().forEach(all::add));
    TraceAliases aliases = TraceAliases.of(source, connection, all);
    Map<String, RouteExemplars> exemplars = new HashMap<>();
    found.forEach((key, each) -> exemplars.put(key, each.exemplars(aliases)));
    return exemplars;
  }

  static UUID uuid(String digits) {
    return new UUID(
        Long.parseUnsignedLong(digits, 0, 16, 16), Long.parseUnsignedLong(digits, 16, 32, 16));
  }

  static String hex(UUID id) {
    return hex(id.getMostSignificantBits()) + hex(id.getLeastSignificantBits());
  }

  static String hex(long id) {
    String digits = Long.toHexString(id);
    return "0".repeat(16 - digits.length()) + digits;
  }
}
