package io.coral.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.RequestKind;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.telemetry.MetricText.Format;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class RequestSeriesTest {
  private static final long NOON = 1_795_262_400_000_000_000L;
  private static final long MILLI = 1_000_000;

  private final Figures figures = new Figures();
  private final RequestSeries series = new RequestSeries(figures);

  /// A row of RED with the columns that are named, and usual values in the others.
  private static ColumnBatch red(RequestKind kind, Map<String, Object> given, long... millis) {
    LatencyHistogram histogram = new LatencyHistogram();
    Arrays.stream(millis).forEach(each -> histogram.record(each * MILLI));
    Map<String, Object> usual =
        Map.of(
            "service",
            "shop",
            "role",
            (long) Role.SERVER.code(),
            "method",
            "GET",
            "route",
            "/a",
            "status",
            200L,
            "requests",
            histogram.total(),
            "duration_nanos",
            Arrays.stream(millis).sum() * MILLI,
            "histogram_offset",
            (long) histogram.offset(),
            "counted",
            1L);
    ColumnBatch.Builder rows = new ColumnBatch.Builder(kind.stream(), 1);
    for (StreamSchema.Column column : kind.stream().columns()) {
      Object value = given.getOrDefault(column.name(), usual.get(column.name()));
      switch (column.type()) {
        case LONG -> rows.add(value == null ? 0L : (long) value);
        case COUNTS -> rows.add(histogram.sparseCounts());
        default -> rows.add(value == null ? "" : (String) value);
      }
    }
    return rows.build();
  }

  private static ColumnBatch span(long traceLow, long millis, long status) {
    return new ColumnBatch.Builder(StreamSchema.TRACES, 1)
        .add(0x4bf92f3577b34da6L, traceLow)
        .add(0x00f067aa0ba902b7L)
        .add(0L)
        .add("shop")
        .add("GET /a")
        .add(Role.SERVER.code())
        .add(NOON)
        .add(millis * MILLI)
        .add(-1L)
        .add(status)
        .add("GET")
        .add("/a")
        .add("127.0.0.1")
        .add("")
        .add(0L)
        .add(0L)
        .add(7L)
        .add("")
        .add(0L)
        .add(0L)
        .add("{}")
        .build();
  }

  private void add(ColumnBatch rows) {
    series.add(rows, _ -> true);
  }

  private List<String> lines(Format format) {
    StringBuilder text = new StringBuilder();
    Scrape scrape = new Scrape(format, new Figures(), series);
    while (scrape.hasNext()) {
      text.append(scrape.next());
    }
    return text.toString().lines().toList();
  }

  @Test
  void windows_ofOneSeries_addUpInCumulativeBuckets() {
    add(red(RequestKind.HTTP, Map.of(), 5, 6, 400));
    add(red(RequestKind.HTTP, Map.of(), 5, 10_000, 10_001));
    String labels =
        "service_name=\"shop\",http_request_method=\"GET\",http_route=\"/a\","
            + "http_response_status_code=\"200\"";
    String name = "http_server_request_duration_seconds";
    assertThat(lines(Format.PLAIN))
        .contains(
            "# TYPE " + name + " histogram",
            name + "_bucket{" + labels + ",le=\"0.005\"} 2",
            name + "_bucket{" + labels + ",le=\"0.01\"} 3",
            name + "_bucket{" + labels + ",le=\"0.25\"} 3",
            name + "_bucket{" + labels + ",le=\"0.5\"} 4",
            name + "_bucket{" + labels + ",le=\"10.0\"} 5",
            name + "_bucket{" + labels + ",le=\"+Inf\"} 6",
            name + "_sum{" + labels + "} 20.417",
            name + "_count{" + labels + "} 6")
        .hasSize(2 + 15 + 2);
  }

  @Test
  void requests_thatAnotherSourceCounts_areNotThere() {
    add(red(RequestKind.HTTP, Map.of("counted", 0L), 5));
    assertThat(lines(Format.PLAIN)).isEmpty();
  }

  @Test
  void labels_ofEachKind_haveTheirNamesInOpenTelemetry() {
    add(
        red(
            RequestKind.HTTP,
            Map.of("role", 2L, "status", 503L, "errors", 1L, "peer", "[::1]:8080"),
            1));
    add(
        red(
            RequestKind.GRPC,
            Map.of("system", "grpc", "method", "/pay.Payments/Charge", "status", 0L),
            1));
    add(
        red(
            RequestKind.SQL,
            Map.of(
                "role",
                2L,
                "system",
                "postgresql",
                "method",
                "SELECT",
                "route",
                "orders",
                "status",
                -1L,
                "errors",
                1L),
            1));
    add(
        red(
            RequestKind.MESSAGING,
            Map.of("role", 4L, "system", "kafka", "method", "process", "route", "o", "status", -1L),
            1));
    assertThat(lines(Format.PLAIN))
        .contains(
            "http_client_request_duration_seconds_count{service_name=\"shop\","
                + "http_request_method=\"GET\",http_route=\"/a\",http_response_status_code=\"503\","
                + "server_address=\"::1\",server_port=\"8080\",error_type=\"503\"} 1",
            "rpc_server_duration_seconds_count{service_name=\"shop\",rpc_system=\"grpc\","
                + "rpc_service=\"pay.Payments\",rpc_method=\"Charge\",rpc_grpc_status_code=\"0\"} 1",
            "db_client_operation_duration_seconds_bucket{service_name=\"shop\","
                + "db_system_name=\"postgresql\",db_operation_name=\"SELECT\","
                + "db_collection_name=\"orders\",error_type=\"_OTHER\",le=\"0.001\"} 1",
            "messaging_process_duration_seconds_count{service_name=\"shop\","
                + "messaging_system=\"kafka\",messaging_operation_name=\"process\","
                + "messaging_destination_name=\"o\"} 1");
  }

  @Test
  void labelValue_withQuoteBackslashAndNewline_isEscaped() {
    add(red(RequestKind.HTTP, Map.of("route", "/\"a\\b\nc\""), 1));
    assertThat(lines(Format.PLAIN))
        .anyMatch(line -> line.contains("http_route=\"/\\\"a\\\\b\\nc\\\"\","));
  }

  @Test
  void series_beyondTheLimit_areCountedInOneThatSaysSo() {
    int further = 7;
    for (int i = 0; i < RequestSeries.MOST_SERIES + further; i++) {
      add(red(RequestKind.HTTP, Map.of("service", "s" + i), 1));
    }
    assertThat(figures.all())
        .containsEntry("coral_request_series_overflow_total", (long) further)
        .containsEntry("coral_request_series", (long) RequestSeries.MOST_SERIES);
    List<String> counts = lines(Format.PLAIN).stream().filter(l -> l.contains("_count{")).toList();
    assertThat(counts)
        .hasSize(RequestSeries.MOST_SERIES + 1)
        .doesNotHaveDuplicates()
        .contains(
            "http_server_request_duration_seconds_count{otel_metric_overflow=\"true\"} " + further);
  }

  @Test
  void span_isTheExemplarOfItsBucket_inOpenMetricsAlone() {
    // The spans of applications are stored before their requests are counted.
    add(span(1, 3, 200));
    add(red(RequestKind.HTTP, Map.of(), 3, 7, 300));
    add(span(2, 300, 200));
    add(span(3, 300, 500));
    List<String> exemplars =
        lines(Format.OPEN_METRICS).stream().filter(line -> line.contains(" # ")).toList();
    assertThat(exemplars).hasSize(2);
    assertThat(exemplars.get(0))
        .endsWith(
            ",le=\"0.005\"} 1 # {trace_id=\"4bf92f3577b34da60000000000000001\","
                + "span_id=\"00f067aa0ba902b7\"} 0.003 1795262400.003");
    assertThat(exemplars.get(1))
        .contains("le=\"0.5\"} 3 # {trace_id=\"4bf92f3577b34da60000000000000002\"");
    assertThat(lines(Format.OPEN_METRICS)).last().isEqualTo("# EOF");
    assertThat(lines(Format.PLAIN)).noneMatch(line -> line.contains(" # "));
  }

  @Test
  void figures_areCountersAndGauges_inBothFormats() {
    figures.counter("coral_dropped_total{reason=\"a\"}").add(3);
    figures.fraction("coral_process_cpu_seconds_total", () -> 0.25);
    MetricText plain = new MetricText(Format.PLAIN);
    figures.write(plain);
    assertThat(plain.toString())
        .contains(
            "# HELP coral_dropped_total What was lost, by reason.\n"
                + "# TYPE coral_dropped_total counter\n"
                + "coral_dropped_total{reason=\"a\"} 3\n",
            "coral_process_cpu_seconds_total 0.25\n",
            "# TYPE coral_request_series gauge\n");
    MetricText open = new MetricText(Format.OPEN_METRICS);
    figures.write(open);
    assertThat(open.toString())
        .contains("# TYPE coral_dropped counter\ncoral_dropped_total{reason=\"a\"} 3\n");
  }
}
