package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// RED figures of one service, as a table and as JSON.
///
/// @param service the name asked for
/// @param rows by requests, most first
record HttpReport(
    String service,
    HttpRole role,
    TimeRange range,
    List<Row> rows,
    Row overall,
    Completeness completeness) {
  private static final List<String> HEAD =
      List.of("Route", "Requests", "P50", "P95", "P99", "Errors");
  private static final List<Integer> LEAST_WIDTHS = List.of(28, 8, 5, 5, 5, 6);

  HttpReport {
    rows = List.copyOf(rows);
  }

  /// Which side of a request a service was on.
  enum HttpRole {
    SERVER,
    CLIENT;

    String wireName() {
      return this == SERVER ? "server" : "client";
    }
  }

  /// Figures of one route and method, or of all.
  ///
  /// @param errorRate 0 to 1
  /// @param exemplarTraceIds the slowest, a failed one, the newest
  record Row(
      String route,
      String method,
      Map<String, Long> statusClasses,
      long requests,
      double p50Millis,
      double p95Millis,
      double p99Millis,
      long errors,
      double errorRate,
      List<String> exemplarTraceIds) {

    static Row of(ProtoMessage message) {
      return new Row(
          message.text("route"),
          message.text("method"),
          message.numbers("statusClasses"),
          message.number("requests"),
          message.decimal("p50Ms"),
          message.decimal("p95Ms"),
          message.decimal("p99Ms"),
          message.number("errors"),
          message.decimal("errorRate"),
          message.texts("exemplars"));
    }

    private void addFigures(JsonObject json) {
      json.addProperty("requests", requests);
      json.addProperty("p50_ms", finite(p50Millis));
      json.addProperty("p95_ms", finite(p95Millis));
      json.addProperty("p99_ms", finite(p99Millis));
      json.addProperty("errors", errors);
      json.addProperty("error_rate", finite(errorRate));
    }

    private static double finite(double value) {
      return Double.isFinite(value) ? value : 0;
    }
  }

  /// The body of `QueryHttp`.
  static JsonObject request(String service, TimeRange range, HttpRole role) {
    JsonObject request = new JsonObject();
    request.addProperty("serviceName", service);
    request.addProperty("sinceUnixNanos", Long.toString(TimeRange.unixNanos(range.since())));
    request.addProperty("untilUnixNanos", Long.toString(TimeRange.unixNanos(range.until())));
    request.addProperty("role", role.wireName());
    return request;
  }

  static HttpReport of(String service, HttpRole role, TimeRange range, ProtoMessage answer) {
    List<Row> rows = new ArrayList<>(answer.messages("routes").stream().map(Row::of).toList());
    rows.sort(Comparator.comparingLong(Row::requests).reversed());
    return new HttpReport(
        service, role, range, rows, Row.of(answer.message("overall")), Completeness.of(answer));
  }

  /// The table with what belongs above and below it, without the notes on completeness.
  String table() {
    TextTable table = new TextTable(HEAD, LEAST_WIDTHS);
    for (Row row : rows) {
      table.add(
          row.method().isEmpty() ? row.route() : row.method() + " " + row.route(),
          Figures.count(row.requests()),
          Figures.percentile(row.p50Millis(), row.requests()),
          Figures.percentile(row.p95Millis(), row.requests()),
          Figures.percentile(row.p99Millis(), row.requests()),
          Figures.percent(row.errorRate()));
    }
    String metrics = role == HttpRole.SERVER ? "Beyla HTTP metrics" : "Beyla HTTP client metrics";
    return "Service: %s (%s, %s)\n\n%s\nOverall: %s requests, P95=%s, error rate=%s\n"
        .formatted(
            TextTable.printable(service),
            range.phrase(),
            metrics,
            table.text(),
            Figures.count(overall.requests()),
            Figures.percentile(overall.p95Millis(), overall.requests()),
            Figures.percent(overall.errorRate()));
  }

  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("service", service);
    json.addProperty("since", range.since().toString());
    json.addProperty("until", range.until().toString());
    JsonArray routes = new JsonArray();
    for (Row row : rows) {
      JsonObject route = new JsonObject();
      route.addProperty("route", row.route());
      route.addProperty("method", row.method());
      JsonObject classes = new JsonObject();
      row.statusClasses().forEach(classes::addProperty);
      route.add("status_classes", classes);
      row.addFigures(route);
      route.add("exemplar_trace_ids", AnswerJson.texts(row.exemplarTraceIds()));
      routes.add(route);
    }
    json.add("routes", routes);
    JsonObject figures = new JsonObject();
    overall.addFigures(figures);
    json.add("overall", figures);
    json.add("completeness", completeness.toJson());
    return json;
  }
}
