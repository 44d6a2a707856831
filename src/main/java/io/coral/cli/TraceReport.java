package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A list of traces, as a table and as JSON.
///
/// @param subject what they are traces of, in words
/// @param least when given, they took at least as long, and the table shows causes instead of
///     statuses; as the user wrote it
/// @param leastNanos what a percentile in `least` meant; else 0
record TraceReport(
    String subject,
    TimeRange range,
    @Nullable String least,
    long leastNanos,
    List<Row> rows,
    Completeness completeness) {
  private static final int ID_DIGITS_SHOWN = 12;

  TraceReport {
    rows = List.copyOf(rows);
  }

  /// @param statusCode of the root span; 0 = unknown
  record Row(
      String traceId,
      long startUnixNanos,
      long durationNanos,
      long spans,
      long statusCode,
      boolean error,
      String rootService,
      String rootOperation,
      long services,
      String rootCause) {

    static Row of(ProtoMessage message) {
      return new Row(
          message.text("traceId").toLowerCase(Locale.ROOT),
          message.number("startUnixNanos"),
          message.number("durationNanos"),
          message.number("spans"),
          message.number("statusCode"),
          message.flag("error"),
          message.text("rootService"),
          message.text("rootOperation"),
          message.number("services"),
          message.text("rootCause"));
    }

    private String shortId() {
      return traceId.substring(0, Math.min(ID_DIGITS_SHOWN, traceId.length()));
    }

    private String duration() {
      return Figures.millis(durationNanos / 1e6);
    }
  }

  static TraceReport of(
      String subject, TimeRange range, @Nullable String least, ProtoMessage answer) {
    return new TraceReport(
        subject,
        range,
        least,
        answer.number("slowerThanNanos"),
        answer.messages("traces").stream().map(Row::of).toList(),
        Completeness.of(answer));
  }

  String table() {
    if (least != null) {
      TextTable table =
          new TextTable(List.of("Trace ID", "Duration", "Root Cause"), List.of(16, 8, 41));
      rows.forEach(row -> table.add(row.shortId(), row.duration(), row.rootCause()));
      String meaning = leastNanos == 0 ? "" : " = " + Figures.millis(leastNanos / 1e6);
      return "Slow Traces (duration ≥%s%s, %s):\n\n%s"
          .formatted(least, meaning, TextTable.printable(subject), table.text());
    }
    TextTable table =
        new TextTable(
            List.of("Trace ID", "Duration", "Spans", "Status", "Root Operation"),
            List.of(16, 8, 5, 6, 26));
    for (Row row : rows) {
      table.add(
          row.shortId(),
          row.duration(),
          Long.toString(row.spans()),
          row.statusCode() == 0 ? "-" : Long.toString(row.statusCode()),
          row.rootOperation() + (row.error() ? " (ERROR)" : ""));
    }
    return "Recent Traces (%s, %s):\n\n%s"
        .formatted(range.phrase(), TextTable.printable(subject), table.text());
  }

  /// @param service the name asked for, empty = all
  JsonObject toJson(String service) {
    JsonObject json = new JsonObject();
    json.addProperty("service", service);
    json.addProperty("since", range.since().toString());
    json.addProperty("until", range.until().toString());
    JsonArray traces = new JsonArray();
    for (Row row : rows) {
      JsonObject trace = new JsonObject();
      trace.addProperty("trace_id", row.traceId());
      trace.addProperty("start", TimeRange.ofUnixNanos(row.startUnixNanos()).toString());
      trace.addProperty("duration_ms", row.durationNanos() / 1e6);
      trace.addProperty("spans", row.spans());
      if (row.statusCode() == 0) {
        trace.add("status", JsonNull.INSTANCE);
      } else {
        trace.addProperty("status", row.statusCode());
      }
      trace.addProperty("error", row.error());
      trace.addProperty("root_service", row.rootService());
      trace.addProperty("root_operation", row.rootOperation());
      trace.addProperty("services", row.services());
      trace.addProperty("root_cause", row.rootCause());
      traces.add(trace);
    }
    json.add("traces", traces);
    json.add("completeness", completeness.toJson());
    return json;
  }
}
