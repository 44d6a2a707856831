package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.coral.demo.DemoPlan;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The call graphs that an agent or a colony shows, as [DemoPlan] writes them: one node for each
/// request served, calls in the order in which they began.
///
/// A trace is what its spans say: the span of a request served is below the client's span that sent
/// it, and that below the request that caused it. Anything else is a shape of its own, so that a
/// missing or a wrong parent shows as a difference.
final class TraceShapes {
  private static final int MAX_TRACES = 1000;

  private final ConnectClient client;
  private final String rootService;
  private final Instant since;
  private String largest = "";

  /// @param rootService whose requests begin a trace
  TraceShapes(ConnectClient client, String rootService, Instant since) {
    this.client = client;
    this.rootService = rootService;
    this.since = since;
  }

  /// Traces by shape that began since.
  ///
  /// @param until when the last of them had begun
  Map<String, Long> read(Instant until) {
    Map<String, Map<String, TraceDocument.Span>> traces = new LinkedHashMap<>();
    // By the second, since an answer holds at most 1,000 traces.
    for (long second = since.getEpochSecond(); second <= until.getEpochSecond(); second++) {
      JsonObject request = new JsonObject();
      request.addProperty("startTime", Long.toString(second));
      request.addProperty("endTime", Long.toString(second + 1));
      request.addProperty("includeTraces", true);
      request.addProperty("maxTraces", MAX_TRACES);
      JsonArray types = new JsonArray();
      types.add("BEYLA_METRIC_TYPE_GRPC");
      request.add("metricTypes", types);
      for (ProtoMessage span : client.ask("QueryBeylaMetrics", request).messages("traceSpans")) {
        traces
            .computeIfAbsent(span.text("traceId"), _ -> new LinkedHashMap<>())
            .put(span.text("spanId"), TraceDocument.Span.of(span));
      }
    }
    int most = 0;
    for (Map.Entry<String, Map<String, TraceDocument.Span>> trace : traces.entrySet()) {
      if (trace.getValue().size() > most) {
        most = trace.getValue().size();
        largest = trace.getKey();
      }
    }
    Map<String, Long> shapes = new TreeMap<>();
    for (Map<String, TraceDocument.Span> trace : traces.values()) {
      for (String shape : shapes(trace)) {
        shapes.merge(shape, 1L, Long::sum);
      }
    }
    return shapes;
  }

  /// The trace with the most spans of those that were read last, empty when there was none.
  String largest() {
    return largest;
  }

  /// One for each root; of a good trace, one.
  private List<String> shapes(Map<String, TraceDocument.Span> trace) {
    Map<String, List<TraceDocument.Span>> children = new HashMap<>();
    List<TraceDocument.Span> roots = new ArrayList<>();
    for (TraceDocument.Span span : trace.values()) {
      if (span.parentSpanId().isEmpty()) {
        roots.add(span);
      } else {
        children.computeIfAbsent(span.parentSpanId(), _ -> new ArrayList<>()).add(span);
      }
      if (!span.parentSpanId().isEmpty() && !trace.containsKey(span.parentSpanId())) {
        roots.add(span);
      }
    }
    return roots.stream()
        .map(
            root ->
                (root.service().equals(rootService) ? "" : "loose: ") + shape(root, children, 0))
        .toList();
  }

  private static String shape(
      TraceDocument.Span span, Map<String, List<TraceDocument.Span>> children, int depth) {
    List<TraceDocument.Span> below =
        new ArrayList<>(children.getOrDefault(span.spanId(), List.of()));
    below.sort(Comparator.comparingLong(TraceDocument.Span::startUnixNanos));
    if (span.client() && below.size() == 1 && !below.getFirst().client()) {
      return shape(below.getFirst(), children, depth);
    }
    List<String> calls =
        depth > 20
            ? List.of("…")
            : below.stream().map(child -> shape(child, children, depth + 1)).toList();
    String service = span.client() ? "call by " + span.service() : span.service();
    return DemoPlan.shape(
        service,
        span.attributes().getOrDefault("http.request.method", ""),
        span.attributes().getOrDefault("http.route", ""),
        (int) span.status(),
        calls);
  }
}
