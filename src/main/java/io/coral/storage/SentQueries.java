package io.coral.storage;

import io.coral.model.LogBody;
import io.coral.model.LogLevel;
import io.coral.model.MetricType;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The questions about what applications sent, on the base tables.
///
/// Rows are found first by their numbers, and only those of the answer are joined with their
/// strings. Of log records and points an answer has at most 4 MB of bodies and buckets.
///
/// Every method blocks, opens a connection of its own and may be called on any thread but an event
/// loop. Failures are [StorageException]s.
public final class SentQueries {
  private static final int SPANS_AT_ONCE = 500;
  private static final int MAX_NAMES = 200;
  private static final UUID NO_TRACE = new UUID(0, 0);

  private final RowSource source;

  SentQueries(RowSource source) {
    this.source = source;
  }

  /// @param store an agent's
  public SentQueries(AgentStore store) {
    this((RowSource) store);
  }

  /// The first or last ones of what fits.
  ///
  /// @param cut whether there is more that fits
  public record Page<T>(List<T> items, boolean cut) {
    public Page {
      items = List.copyOf(items);
    }
  }

  /// Log records, newest first.
  public Page<LogRow> logs(LogFilter filter) {
    String range =
        RowSource.condition(StreamSchema.LOGS, filter.sinceUnixNanos(), filter.untilUnixNanos());
    List<String> parameters = new ArrayList<>();
    if (!filter.service().isEmpty()) {
      parameters.add(filter.service());
    }
    if (!filter.text().isEmpty()) {
      parameters.add(filter.text());
    }
    Set<UUID> traces = filter.traces();
    LogLevel level = filter.level();
    Function<StreamTable, String> condition =
        table ->
            and(
                range,
                source.ofAgents(table),
                filter.service().isEmpty() ? "" : table.hasText("service", "?"),
                filter.text().isEmpty() ? "" : "contains(lower(r.body), lower(?))",
                traces == null ? "" : "r.trace_id IN " + TraceAliases.set(traces),
                level == null ? "" : atLeast(table, level));
    try (Connection connection = source.reader()) {
      FoundRows found =
          FoundRows.find(
              connection,
              source.tables(StreamSchema.LOGS, filter.sinceUnixNanos(), filter.untilUnixNanos()),
              condition,
              parameters,
              StreamSchema.LOGS.timeColumn(),
              true,
              filter.limit());
      List<LogRow> logs = new ArrayList<>();
      for (FoundRows part : found.byTable()) {
        readLogs(connection, part.relation(), logs);
      }
      logs.sort(Comparator.comparingLong(LogRow::timeUnixNanos).reversed());
      return new Page<>(logs, found.cut());
    } catch (SQLException e) {
      throw new StorageException("cannot read log records", e);
    }
  }

  private static String and(String... conditions) {
    String all =
        Stream.of(conditions).filter(each -> !each.isEmpty()).collect(Collectors.joining(" AND "));
    return all.isEmpty() ? "true" : all;
  }

  /// Senders that give no number mostly give a word.
  private static String atLeast(StreamTable table, LogLevel level) {
    String words =
        Stream.of(LogLevel.values())
            .filter(each -> each.compareTo(level) >= 0)
            .flatMap(each -> each.names().stream())
            .flatMap(SentQueries::spellings)
            .map(Database::literal)
            .collect(Collectors.joining(", "));
    return "r.kind IN (SELECT id FROM "
        + table.groupsTable()
        + " WHERE severity >= "
        + level.severity()
        + " OR (severity = 0 AND severity_text IN "
        + table.idsOf(words)
        + "))";
  }

  private static Stream<String> spellings(String word) {
    return Stream.of(
        word,
        word.toUpperCase(Locale.ROOT),
        word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1));
  }

  private void readLogs(Connection connection, String relation, List<LogRow> logs)
      throws SQLException {
    String sql =
        "SELECT time_unix_nanos, observed_unix_nanos, service, severity, severity_text, trace_id,"
            + " span_id, body_type, left(body, "
            + LogRow.MAX_BODY
            + "), event_name, attributes, resource, scope, details, flags, "
            + agent()
            + ", length(body) FROM ("
            + relation
            + ")";
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        UUID trace = TraceAliases.uuid(result, 6);
        long span = result.getLong(7);
        logs.add(
            new LogRow(
                result.getString(16),
                result.getLong(1),
                result.getLong(2),
                result.getString(3),
                result.getInt(4),
                result.getString(5),
                trace.equals(NO_TRACE) ? "" : TraceQueries.hex(trace),
                span == 0 ? "" : TraceQueries.hex(span),
                LogBody.values()[result.getInt(8)],
                result.getString(9),
                result.getString(10),
                result.getString(11),
                result.getString(12),
                result.getString(13),
                result.getString(14),
                result.getLong(15),
                result.getLong(17)));
      }
    }
  }

  private String agent() {
    return source.withAgents() ? "agent_id" : "''";
  }

  /// The traces whose log records, or whose other parts, have an id that begins with a prefix: by
  /// the id that is known now, the ids of their parts.
  ///
  /// @param prefix 6 to 32 hexadecimal digits
  public Map<String, Set<UUID>> tracesOfLogs(String prefix) {
    String range = TraceQueries.range(prefix);
    List<String> parts = new ArrayList<>();
    for (StreamTable table : source.tables(StreamSchema.LOGS)) {
      parts.add("SELECT trace_id AS id FROM " + table.rowsTable() + " WHERE trace_id" + range);
    }
    for (StreamTable table : source.tables(StreamSchema.TRACE_ALIASES)) {
      for (String column : List.of("from_trace_id", "to_trace_id")) {
        parts.add(
            "SELECT " + column + " AS id FROM " + table.rowsTable() + " WHERE " + column + range);
      }
    }
    if (parts.isEmpty()) {
      return Map.of();
    }
    String sql = "SELECT DISTINCT id FROM (" + String.join(" UNION ALL ", parts) + ") LIMIT 1000";
    try (Connection connection = source.reader()) {
      Set<UUID> ids = new HashSet<>();
      try (Statement statement = connection.createStatement();
          ResultSet result = statement.executeQuery(sql)) {
        while (result.next()) {
          ids.add(TraceAliases.uuid(result, 1));
        }
      }
      ids.remove(NO_TRACE);
      TraceAliases aliases = TraceAliases.of(source, connection, ids);
      Map<String, Set<UUID>> traces = new HashMap<>();
      for (UUID id : ids) {
        UUID canonical = aliases.canonical(id);
        traces.put(TraceQueries.hex(canonical), aliases.members(List.of(canonical)));
      }
      return traces;
    } catch (SQLException e) {
      throw new StorageException("cannot look for a trace", e);
    }
  }

  /// How many log records belong to a trace.
  ///
  /// @param traceId 32 hexadecimal digits
  public long logsOf(String traceId) {
    UUID id = TraceQueries.uuid(traceId);
    try (Connection connection = source.reader()) {
      TraceAliases aliases = TraceAliases.of(source, connection, List.of(id));
      Set<UUID> ids = aliases.members(List.of(aliases.canonical(id)));
      long logs = 0;
      for (StreamTable table : source.tables(StreamSchema.LOGS)) {
        String condition = table.ofTraces(connection, ids);
        String ofAgents = source.ofAgents(table);
        if (!condition.isEmpty()) {
          logs +=
              Database.number(
                  connection,
                  "SELECT count(*) FROM "
                      + table.rowsTable()
                      + " AS r WHERE "
                      + condition
                      + " AND r.trace_id IN "
                      + TraceAliases.set(ids)
                      + (ofAgents.isEmpty() ? "" : " AND " + ofAgents));
        }
      }
      return logs;
    } catch (SQLException e) {
      throw new StorageException("cannot count log records", e);
    }
  }

  /// Series with their newest points, by service, name and attributes.
  ///
  /// @param service empty = all; `name` alike
  /// @param limit how many points there are in all
  public Page<MetricSeries> metrics(
      String service, String name, long sinceNanos, long untilNanos, int limit) {
    String range = RowSource.condition(StreamSchema.METRICS, sinceNanos, untilNanos);
    Function<StreamTable, String> condition =
        table ->
            and(
                range,
                source.ofAgents(table),
                service.isEmpty() ? "" : table.hasText("service", "?"),
                name.isEmpty() ? "" : table.hasText("name", "?"));
    try (Connection connection = source.reader()) {
      FoundRows found =
          FoundRows.find(
              connection,
              source.tables(StreamSchema.METRICS, sinceNanos, untilNanos),
              condition,
              Stream.of(service, name).filter(each -> !each.isEmpty()).toList(),
              StreamSchema.METRICS.timeColumn(),
              true,
              limit);
      Map<MetricSeries.Identity, List<MetricSeries.Point>> points = new LinkedHashMap<>();
      for (FoundRows part : found.byTable()) {
        readPoints(connection, part.relation(), points);
      }
      List<MetricSeries> series = new ArrayList<>();
      points.forEach(
          (identity, itsPoints) -> {
            itsPoints.sort(Comparator.comparingLong(MetricSeries.Point::timeUnixNanos));
            series.add(new MetricSeries(identity, itsPoints));
          });
      series.sort(
          Comparator.comparing((MetricSeries each) -> each.identity().service())
              .thenComparing(each -> each.identity().name())
              .thenComparing(each -> each.identity().attributes())
              .thenComparing(each -> each.identity().resource())
              .thenComparing(each -> each.identity().agentId()));
      return new Page<>(series, found.cut());
    } catch (SQLException e) {
      throw new StorageException("cannot read metrics", e);
    }
  }

  private void readPoints(
      Connection connection,
      String relation,
      Map<MetricSeries.Identity, List<MetricSeries.Point>> points)
      throws SQLException {
    String sql =
        "SELECT service, name, description, unit, type, temporality, monotonic, attributes,"
            + " resource, scope, metadata, time_unix_nanos, start_unix_nanos, value, int_value,"
            + " fields, count, sum, min, max, flags, details, "
            + agent()
            + " FROM ("
            + relation
            + ")";
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        MetricSeries.Identity identity =
            new MetricSeries.Identity(
                result.getString(23),
                result.getString(1),
                result.getString(2),
                result.getString(3),
                result.getString(4),
                MetricType.values()[result.getInt(5)],
                result.getInt(6),
                result.getInt(7) != 0,
                result.getString(8),
                result.getString(9),
                result.getString(10),
                result.getString(11));
        points
            .computeIfAbsent(identity, _ -> new ArrayList<>())
            .add(
                new MetricSeries.Point(
                    result.getLong(12),
                    result.getLong(13),
                    result.getDouble(14),
                    result.getLong(15),
                    result.getInt(16),
                    result.getLong(17),
                    result.getDouble(18),
                    result.getDouble(19),
                    result.getDouble(20),
                    result.getLong(21),
                    result.getString(22)));
      }
    }
  }

  /// The services that sent rows of a stream that are still here, by name; at most 200.
  public List<String> services(StreamSchema schema) {
    return names(schema, "service", "");
  }

  /// The metrics that a service sent, or all, by name; at most 200.
  ///
  /// @param service empty = all
  public List<String> metricNames(String service) {
    return names(StreamSchema.METRICS, "name", service);
  }

  private List<String> names(StreamSchema schema, String column, String service) {
    Set<String> names = new TreeSet<>();
    try (Connection connection = source.reader()) {
      for (StreamTable table : source.tables(schema)) {
        String of =
            service.isEmpty() ? "" : " WHERE service IN " + table.idsOf(Database.literal(service));
        String sql =
            table.withTexts(
                List.of(column), "SELECT DISTINCT " + column + " FROM " + table.groupsTable() + of);
        try (Statement statement = connection.createStatement();
            ResultSet result = statement.executeQuery(sql + " LIMIT " + MAX_NAMES)) {
          while (result.next()) {
            names.add(result.getString(2));
          }
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot list names", e);
    }
    return names.stream().limit(MAX_NAMES).toList();
  }

  /// Takes spans one after the other.
  public interface SpanSink {
    /// @param seq number of the span's row within the epoch of the agent that stored it first
    /// @return false when this one is not wanted, nor any further one
    boolean take(long seq, SpanRow span);
  }

  private record NumberedSpan(FoundRows.Row row, SpanRow span) {}

  /// Spans of a time range, oldest first.
  ///
  /// @param services empty = all
  /// @return whether there are more that fit
  public boolean spans(
      List<String> services, long sinceNanos, long untilNanos, int limit, SpanSink to) {
    String range = RowSource.condition(StreamSchema.SPANS, sinceNanos, untilNanos);
    return spans(
        source.tables(StreamSchema.SPANS, sinceNanos, untilNanos),
        services,
        range,
        StreamSchema.SPANS.timeColumn(),
        limit,
        to);
  }

  /// Spans of an agent's epoch with numbers above `afterSeq`, by number.
  ///
  /// @return whether there are more that fit
  public boolean spansAfter(
      List<String> services, long epoch, long afterSeq, int limit, SpanSink to) {
    String range = "r.epoch = " + epoch + " AND r.seq > " + afterSeq;
    return spans(source.tables(StreamSchema.SPANS), services, range, "seq", limit, to);
  }

  private boolean spans(
      List<StreamTable> tables,
      List<String> services,
      String range,
      String order,
      int limit,
      SpanSink to) {
    String some = String.join(", ", services.stream().map(_ -> "?").toList());
    try (Connection connection = source.reader()) {
      FoundRows found =
          FoundRows.find(
              connection,
              tables,
              table ->
                  and(
                      range,
                      source.ofAgents(table),
                      services.isEmpty() ? "" : table.hasText("service", some)),
              services,
              order,
              false,
              limit);
      TraceAliases asSent = TraceAliases.of(source, connection, List.of());
      for (int at = 0; at < found.rows().size(); at += SPANS_AT_ONCE) {
        List<NumberedSpan> spans = new ArrayList<>();
        for (FoundRows part : found.part(at, at + SPANS_AT_ONCE).byTable()) {
          readSpans(connection, part, asSent, spans);
        }
        spans.sort(Comparator.comparingLong(each -> each.row.order()));
        for (NumberedSpan each : spans) {
          if (!to.take(each.row.seq(), each.span)) {
            return true;
          }
        }
      }
      return found.cut();
    } catch (SQLException e) {
      throw new StorageException("cannot read spans", e);
    }
  }

  private static void readSpans(
      Connection connection, FoundRows part, TraceAliases aliases, List<NumberedSpan> spans)
      throws SQLException {
    List<FoundRows.Row> rows =
        part.rows().stream().sorted(Comparator.comparingLong(FoundRows.Row::id)).toList();
    List<SpanRow> read =
        new SentSpans(connection, rows.getFirst().table())
            .read(part.condition() + " ORDER BY r.rowid", aliases, rows.size());
    if (read.size() != rows.size()) {
      throw new SQLException("rows of " + rows.getFirst().table().rowsTable() + " are gone");
    }
    for (int i = 0; i < rows.size(); i++) {
      spans.add(new NumberedSpan(rows.get(i), read.get(i)));
    }
  }
}
