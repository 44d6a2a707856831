package io.coral.model;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// A stream: rows of one shape that agents number and keep, and colonies pull.
///
/// @param name as in the API, in table names and in the retention configuration
/// @param columns in the order in which batches carry them. What earlier versions sent lacks those
///     that came later: these are 0 or empty then, which has to mean what was so before
public record StreamSchema(String name, List<Column> columns) {
  /// One column.
  ///
  /// @param grouped whether many rows have the same value in this and the other grouped
  ///     columns, so that a store writes each combination once
  public record Column(String name, ColumnType type, boolean grouped) {
    public Column(String name, ColumnType type) {
      this(name, type, false);
    }
  }

  /// RED windows of HTTP: one row per series and flush, the delta of a window of 10 s.
  public static final StreamSchema HTTP_METRICS = requests("http_metrics");

  /// The same of gRPC: `method` is the full one, `/package.Service/Method`.
  public static final StreamSchema GRPC_METRICS = requests("grpc_metrics");

  /// The same of databases: `method` is the operation, `route` the table.
  public static final StreamSchema SQL_METRICS = requests("sql_metrics");

  /// The same of messaging: `method` is the operation, `route` the topic or queue.
  public static final StreamSchema MESSAGING_METRICS = requests("messaging_metrics");

  private static StreamSchema requests(String name) {
    return new StreamSchema(
        name,
        List.of(
            new Column("window_unix_nanos", ColumnType.LONG),
            new Column("service", ColumnType.TEXT),
            new Column("role", ColumnType.LONG),
            new Column("method", ColumnType.TEXT),
            new Column("route", ColumnType.TEXT),
            new Column("status", ColumnType.LONG),
            new Column("peer", ColumnType.TEXT),
            new Column("requests", ColumnType.LONG),
            new Column("duration_nanos", ColumnType.LONG),
            new Column("request_bytes", ColumnType.LONG),
            new Column("response_bytes", ColumnType.LONG),
            new Column("last_unix_nanos", ColumnType.LONG),
            new Column("histogram_offset", ColumnType.LONG),
            new Column("histogram", ColumnType.COUNTS),
            new Column("name_source", ColumnType.TEXT),
            new Column("attributes", ColumnType.TEXT),
            // "http", "grpc", or the name of the database or messaging system.
            new Column("system", ColumnType.TEXT),
            new Column("errors", ColumnType.LONG),
            // Who saw them: "captured", "otlp" or "beyla".
            new Column("source", ColumnType.TEXT),
            // 0 when another source counts the same requests.
            new Column("counted", ColumnType.LONG)));
  }

  /// Spans, one row each.
  public static final StreamSchema TRACES =
      new StreamSchema(
          "traces",
          List.of(
              new Column("trace_id", ColumnType.UUID),
              new Column("span_id", ColumnType.LONG),
              new Column("parent_span_id", ColumnType.LONG),
              new Column("service", ColumnType.TEXT),
              new Column("name", ColumnType.TEXT),
              new Column("role", ColumnType.LONG),
              new Column("start_unix_nanos", ColumnType.LONG),
              new Column("duration_nanos", ColumnType.LONG),
              new Column("first_byte_nanos", ColumnType.LONG),
              new Column("status", ColumnType.LONG),
              new Column("method", ColumnType.TEXT),
              new Column("route", ColumnType.TEXT),
              new Column("peer", ColumnType.TEXT),
              new Column("host", ColumnType.TEXT),
              new Column("request_bytes", ColumnType.LONG),
              new Column("response_bytes", ColumnType.LONG),
              new Column("process_pid", ColumnType.LONG),
              // How the parent was found, or why not: a name of io.coral.model.Evidence.
              new Column("evidence", ColumnType.TEXT),
              // Equal at both ends of a hop; io.coral.model.LinkKey.
              new Column("link_key", ColumnType.LONG),
              // Of method and path, to confirm a hop whose addresses were rewritten.
              new Column("request_hash", ColumnType.LONG),
              new Column("attributes", ColumnType.TEXT)));

  /// What became known of a trace after its spans were stored: all spans of `from_trace_id`
  /// belong to `to_trace_id`, which may belong to another in turn, and `span_id` has the parent
  /// `parent_span_id` (both 0 when the row only says where the trace belongs).
  public static final StreamSchema TRACE_ALIASES =
      new StreamSchema(
          "trace_aliases",
          List.of(
              new Column("from_trace_id", ColumnType.UUID),
              new Column("to_trace_id", ColumnType.UUID),
              new Column("span_id", ColumnType.LONG),
              new Column("parent_span_id", ColumnType.LONG),
              new Column("evidence", ColumnType.TEXT),
              // Of the span, or of the trace's first one.
              new Column("start_unix_nanos", ColumnType.LONG)));

  /// Spans that applications sent, one row each. The first ones of the columns are those of
  /// [#TRACES] of the same name; what a span was about (`system`, `method`, `route`, `status`)
  /// is read from its attributes in their old and new spelling.
  public static final StreamSchema SPANS =
      new StreamSchema(
          "spans",
          List.of(
              new Column("trace_id", ColumnType.UUID),
              new Column("span_id", ColumnType.LONG),
              new Column("parent_span_id", ColumnType.LONG),
              new Column("service", ColumnType.TEXT, true),
              new Column("name", ColumnType.TEXT, true),
              // A code of io.coral.model.Role.
              new Column("role", ColumnType.LONG, true),
              new Column("start_unix_nanos", ColumnType.LONG),
              new Column("duration_nanos", ColumnType.LONG),
              // Of HTTP or gRPC; -1 when there is none.
              new Column("status", ColumnType.LONG, true),
              // "http", "grpc", "postgresql", "kafka" …; empty when the attributes do not say.
              new Column("system", ColumnType.TEXT, true),
              new Column("method", ColumnType.TEXT, true),
              new Column("route", ColumnType.TEXT, true),
              // Of the span: 0 unset, 1 OK, 2 error.
              new Column("outcome", ColumnType.LONG, true),
              // JSON: attributes, schema_url.
              new Column("resource", ColumnType.TEXT, true),
              // JSON: name, version, attributes, schema_url.
              new Column("scope", ColumnType.TEXT, true),
              new Column("flags", ColumnType.LONG, true),
              // JSON: status_message, trace_state, events, links, counts of what the sender
              // dropped;
              // empty when there is none.
              new Column("details", ColumnType.PLAIN),
              new Column("attributes", ColumnType.ATTRIBUTES)));

  /// Data points of metrics that applications sent, one row each. The grouped columns are what
  /// identifies the series, so that a series is one number.
  public static final StreamSchema METRICS =
      new StreamSchema(
          "metrics",
          List.of(
              new Column("time_unix_nanos", ColumnType.LONG),
              // 0 = not said.
              new Column("start_unix_nanos", ColumnType.LONG),
              new Column("service", ColumnType.TEXT, true),
              new Column("name", ColumnType.TEXT, true),
              new Column("description", ColumnType.TEXT, true),
              new Column("unit", ColumnType.TEXT, true),
              // Ordinal of io.coral.model.MetricType.
              new Column("type", ColumnType.LONG, true),
              // 0 not said, 1 delta, 2 cumulative.
              new Column("temporality", ColumnType.LONG, true),
              new Column("monotonic", ColumnType.LONG, true),
              new Column("value", ColumnType.DOUBLE),
              new Column("int_value", ColumnType.LONG),
              // Which of the numbers the point has: bits of io.coral.model.MetricFields.
              new Column("fields", ColumnType.LONG),
              new Column("flags", ColumnType.LONG),
              new Column("count", ColumnType.LONG),
              new Column("sum", ColumnType.DOUBLE),
              new Column("min", ColumnType.DOUBLE),
              new Column("max", ColumnType.DOUBLE),
              // JSON: buckets, quantiles, exemplars; empty when there is none.
              new Column("details", ColumnType.PLAIN),
              // JSON, as in SPANS.
              new Column("resource", ColumnType.TEXT, true),
              new Column("scope", ColumnType.TEXT, true),
              // JSON of the metric's own attributes; empty when there is none.
              new Column("metadata", ColumnType.TEXT, true),
              // JSON, in the order of the keys.
              new Column("attributes", ColumnType.TEXT, true)));

  /// Log records that applications sent, one row each.
  public static final StreamSchema LOGS =
      new StreamSchema(
          "logs",
          List.of(
              new Column("time_unix_nanos", ColumnType.LONG),
              // 0 = not said.
              new Column("observed_unix_nanos", ColumnType.LONG),
              new Column("service", ColumnType.TEXT, true),
              // 1..24, of which four each are trace, debug, info, warn, error, fatal; 0 = not said.
              new Column("severity", ColumnType.LONG, true),
              new Column("severity_text", ColumnType.TEXT, true),
              // 0 = none.
              new Column("trace_id", ColumnType.UUID),
              new Column("span_id", ColumnType.LONG),
              // Ordinal of io.coral.model.LogBody.
              new Column("body_type", ColumnType.LONG, true),
              new Column("body", ColumnType.PLAIN),
              new Column("event_name", ColumnType.TEXT, true),
              // JSON, as in SPANS.
              new Column("resource", ColumnType.TEXT, true),
              new Column("scope", ColumnType.TEXT, true),
              new Column("flags", ColumnType.LONG, true),
              // JSON: time_source, dropped_attributes_count; empty when there is none.
              new Column("details", ColumnType.PLAIN),
              new Column("attributes", ColumnType.ATTRIBUTES)));

  /// Calls of one service by another, counted by the minute in which they ended: one row per
  /// pair and flush, what was added since the last one.
  public static final StreamSchema SERVICE_CALLS =
      new StreamSchema(
          "service_calls",
          List.of(
              new Column("minute_unix_nanos", ColumnType.LONG),
              new Column("caller", ColumnType.TEXT),
              new Column("service", ColumnType.TEXT),
              new Column("calls", ColumnType.LONG),
              new Column("errors", ColumnType.LONG),
              new Column("duration_nanos", ColumnType.LONG),
              new Column("histogram_offset", ColumnType.LONG),
              new Column("histogram", ColumnType.COUNTS),
              // Who saw them: "captured", "otlp", or "hosts" when a colony found both ends among
              // what the agents were sent.
              new Column("source", ColumnType.TEXT)));

  /// Every stream there is; new ones at the end, since files know them by position.
  public static final List<StreamSchema> ALL =
      List.of(
          HTTP_METRICS,
          TRACES,
          TRACE_ALIASES,
          SPANS,
          GRPC_METRICS,
          SQL_METRICS,
          MESSAGING_METRICS,
          METRICS,
          LOGS,
          SERVICE_CALLS);

  private static final Map<String, StreamSchema> BY_NAME =
      ALL.stream().collect(Collectors.toMap(StreamSchema::name, schema -> schema));

  public StreamSchema {
    columns = List.copyOf(columns);
  }

  /// Whether rows are counts of requests in windows.
  public boolean countsRequests() {
    return columns.getFirst().name().equals("window_unix_nanos");
  }

  /// The columns by which counts are added up when nobody asks for more; empty when rows are
  /// none.
  public List<String> summedBy() {
    if (countsRequests()) {
      return List.of("service", "role");
    }
    return equals(SERVICE_CALLS) ? List.of("caller", "service", "source") : List.of();
  }

  /// The columns by which a colony adds up counts of hours and days.
  public List<String> rollupBy() {
    return countsRequests()
        ? List.of("service", "role", "method", "route", "status", "name_source")
        : summedBy();
  }

  /// Whether rows have attributes, each with a key and a value.
  public boolean hasAttributes() {
    return columns.getLast().type() == ColumnType.ATTRIBUTES;
  }

  /// Where a column stands.
  ///
  /// @throws IllegalArgumentException when there is none of this name
  public int position(String column) {
    for (int i = 0; i < columns.size(); i++) {
      if (columns.get(i).name().equals(column)) {
        return i;
      }
    }
    throw new IllegalArgumentException("column: " + column + " (expected: one of " + name + ")");
  }

  /// The column by whose time rows are asked for: the first one that is a time.
  public String timeColumn() {
    return columns.stream()
        .map(Column::name)
        .filter(name -> name.endsWith("_unix_nanos"))
        .findFirst()
        .orElseThrow();
  }

  /// Whether a stream has this name; what newer versions have is no stream here.
  public static boolean isKnown(String name) {
    return BY_NAME.containsKey(name);
  }

  /// @throws IllegalArgumentException when no stream has this name
  public static StreamSchema named(String name) {
    StreamSchema schema = BY_NAME.get(name);
    if (schema == null) {
      throw new IllegalArgumentException(
          "stream: \""
              + name
              + "\" (expected: one of "
              + ALL.stream().map(StreamSchema::name).toList()
              + ")");
    }
    return schema;
  }
}
