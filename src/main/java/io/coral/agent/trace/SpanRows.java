package io.coral.agent.trace;

import com.google.gson.JsonPrimitive;
import io.coral.model.ColumnBatch;
import io.coral.model.Exchange;
import io.coral.model.RoutedExchange;
import io.coral.model.StreamSchema;
import io.coral.model.TraceShare;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/// The rows of spans that are written, and the choice of the traces that are: a share of them by
/// trace id, and as many as their busiest service may have a second, also by trace id. One thread.
final class SpanRows {
  private static final int EXPECTED_ROWS = 256;

  private final double samplingRate;
  private final int maxPerServiceAndSecond;
  private final String attributes;
  private final LongAdder sampledOut;
  private final LongAdder overCap;
  private final Map<String, Budget> budgets = new HashMap<>();
  private ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.TRACES, EXPECTED_ROWS);

  /// Spans of one service: how many there were in this second, and in the one before.
  private static final class Budget {
    long second;
    long seen;
    long seenBefore;
  }

  /// @param samplingRate 0 to 1
  /// @param attributes JSON, on every row
  SpanRows(
      double samplingRate,
      int maxPerServiceAndSecond,
      String attributes,
      LongAdder sampledOut,
      LongAdder overCap) {
    this.samplingRate = samplingRate;
    this.maxPerServiceAndSecond = maxPerServiceAndSecond;
    this.attributes = attributes;
    this.sampledOut = sampledOut;
    this.overCap = overCap;
  }

  /// Whether a trace is kept.
  ///
  /// @param traceIdLow the half of the id that is random (W3C trace context)
  /// @param spans what is known of the trace
  boolean keep(long traceIdLow, List<TraceNode> spans) {
    double share = TraceShare.of(traceIdLow);
    if (share >= samplingRate) {
      sampledOut.add(spans.size());
      return false;
    }
    double allowed = 1;
    for (TraceNode span : spans) {
      RoutedExchange routed = span.routed;
      if (routed != null) {
        long second = Math.floorDiv(span.arrivedNanos, 1_000_000_000L);
        allowed = Math.min(allowed, allowedShare(routed.service(), second));
      }
    }
    if (share >= samplingRate * allowed) {
      overCap.add(spans.size());
      return false;
    }
    return true;
  }

  private double allowedShare(String service, long second) {
    Budget budget = budgets.computeIfAbsent(service, _ -> new Budget());
    if (budget.second != second) {
      budget.seenBefore = budget.second + 1 == second ? budget.seen : 0;
      budget.second = second;
      budget.seen = 0;
    }
    budget.seen++;
    long expected = Math.max(budget.seen, budget.seenBefore);
    return expected <= maxPerServiceAndSecond ? 1 : (double) maxPerServiceAndSecond / expected;
  }

  /// Adds the row of a span, unless its trace is not kept.
  void add(RoutedExchange routed, TraceNode node, long parentSpanId) {
    if (!node.kept) {
      return;
    }
    Exchange exchange = routed.exchange();
    rows.add(node.traceHigh, node.traceLow)
        .add(node.spanId)
        .add(parentSpanId)
        .add(routed.service())
        .add(exchange.request().method() + " " + routed.route())
        .add(exchange.role().code())
        .add(exchange.startUnixNanos())
        .add(exchange.durationNanos())
        .add(exchange.timeToFirstByteNanos())
        .add(exchange.status())
        .add(exchange.request().method())
        .add(routed.route())
        .add(routed.peer())
        .add(exchange.request().host())
        .add(exchange.requestBytes())
        .add(exchange.responseBytes())
        .add(exchange.processId())
        .add(node.evidence.text())
        .add(node.linkKey)
        .add(node.requestHash)
        .add(attributes(exchange.request().headers()));
  }

  /// With the headers of the request, under their OpenTelemetry names, where they are kept.
  private String attributes(Map<String, String> headers) {
    if (headers.isEmpty()) {
      return attributes;
    }
    StringBuilder json = new StringBuilder(attributes);
    json.setLength(json.length() - 1);
    headers.forEach(
        (name, value) ->
            json.append(json.length() > 1 ? "," : "")
                .append(new JsonPrimitive("http.request.header." + name))
                .append(':')
                .append(new JsonPrimitive(value)));
    return json.append('}').toString();
  }

  int waiting() {
    return rows.rows();
  }

  ColumnBatch flush() {
    ColumnBatch batch = rows.build();
    rows = new ColumnBatch.Builder(StreamSchema.TRACES, EXPECTED_ROWS);
    return batch;
  }
}
