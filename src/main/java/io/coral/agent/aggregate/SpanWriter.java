package io.coral.agent.aggregate;

import io.coral.model.ColumnBatch;
import io.coral.model.Evidence;
import io.coral.model.Exchange;
import io.coral.model.LinkKey;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.model.TraceContext;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;

/// Makes a span of each exchange. A `traceparent` that came or went with the request places it in
/// its trace; every other span is the root of a trace of its own.
///
/// Sampled by trace id, and capped per service and second, also by trace id, so that spans of one
/// trace share their fate. One thread.
final class SpanWriter {
  private static final double TWO_POW_63 = 0x1p63;

  private final double samplingRate;
  private final int maxPerServiceAndSecond;
  private final String attributes;
  private final RandomGenerator random;
  private final LongAdder sampledOut;
  private final LongAdder overCap;
  private final Map<String, Budget> budgets = new HashMap<>();
  private ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.TRACES, 256);

  /// Spans of one service: how many there were in this second, and which share of them was kept.
  private static final class Budget {
    long second;
    long seen;
    long seenBefore;
  }

  SpanWriter(
      double samplingRate,
      int maxPerServiceAndSecond,
      String attributes,
      RandomGenerator random,
      LongAdder sampledOut,
      LongAdder overCap) {
    this.samplingRate = samplingRate;
    this.maxPerServiceAndSecond = maxPerServiceAndSecond;
    this.attributes = attributes;
    this.random = random;
    this.sampledOut = sampledOut;
    this.overCap = overCap;
  }

  void add(Exchange exchange, String service, String route, String peer) {
    TraceContext context = exchange.traceContext();
    long high = context == null ? random.nextLong() : context.traceIdHigh();
    long low = context == null ? random.nextLong() : context.traceIdLow();
    // W3C trace context: the lower half is the random one. The top bit is dropped for a share in
    // [0, 1).
    double share = (mix(low) >>> 1) / TWO_POW_63;
    if (share >= samplingRate) {
      sampledOut.increment();
      return;
    }
    if (share >= samplingRate * allowedShare(service, exchange.endUnixNanos() / 1_000_000_000L)) {
      overCap.increment();
      return;
    }
    boolean client = exchange.role() == Role.CLIENT;
    // The header names the span that sent it: a client's own, a server's parent.
    long spanId = client && context != null ? context.spanId() : nonZero();
    long parentId = client || context == null ? 0 : context.spanId();
    rows.add(high, low)
        .add(spanId)
        .add(parentId)
        .add(service)
        .add(exchange.request().method() + " " + route)
        .add(exchange.role().code())
        .add(exchange.startUnixNanos())
        .add(exchange.durationNanos())
        .add(exchange.timeToFirstByteNanos())
        .add(exchange.status())
        .add(exchange.request().method())
        .add(route)
        .add(peer)
        .add(exchange.request().host())
        .add(exchange.requestBytes())
        .add(exchange.responseBytes())
        .add(exchange.processId())
        .add(context == null ? "" : Evidence.TRACEPARENT.text())
        .add(LinkKey.of(exchange))
        .add(LinkKey.requestHash(exchange.request()))
        .add(attributes);
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

  private long nonZero() {
    long id = random.nextLong();
    return id == 0 ? 1 : id;
  }

  private static long mix(long value) {
    // Finaliser of SplitMix64: ids of some senders are counters.
    long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  int waiting() {
    return rows.rows();
  }

  ColumnBatch flush() {
    ColumnBatch batch = rows.build();
    rows = new ColumnBatch.Builder(StreamSchema.TRACES, 256);
    return batch;
  }
}
