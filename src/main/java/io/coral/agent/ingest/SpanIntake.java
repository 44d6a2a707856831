package io.coral.agent.ingest;

import io.coral.bus.RowKeeper;
import io.coral.bus.Topic;
import io.coral.config.SpanFilterConfig;
import io.coral.model.RequestKind;
import io.coral.model.Role;
import io.coral.model.SpanRequests;
import io.coral.model.TraceShare;
import io.coral.otlp.DecodedItems;
import io.coral.otlp.MalformedPayloadException;
import io.coral.otlp.Signal;
import io.coral.otlp.SpanDecoder;
import io.coral.otlp.SpanFacts;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import java.time.Clock;
import java.util.concurrent.atomic.LongAdder;

/// Takes the spans of payloads: counts their requests, filters, has them kept, and only then says
/// that they were taken. One thread, the receiver's event loop.
public final class SpanIntake {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final KeptPayloads payloads;
  private final Topic<SpanRequests> requests;
  private final SpanFilterConfig filter;
  private final boolean fromBeyla;
  private final SpanDecoder decoder;
  private final LongAdder received;
  private final LongAdder sampledOut;
  private final LongAdder uncounted;
  private final int[] key = new int[SpanRequests.KEY_WIDTH];

  /// @param fromBeyla whether spans of Beyla come here: it has chosen which, and counts requests in
  ///     its metrics, so those are all kept and not counted
  public SpanIntake(
      RowKeeper keeper,
      Topic<SpanRequests> requests,
      SpanFilterConfig filter,
      boolean fromBeyla,
      Figures figures,
      Clock clock) {
    this.payloads = new KeptPayloads(Signal.TRACES, keeper);
    this.requests = requests;
    this.filter = filter;
    this.fromBeyla = fromBeyla;
    this.decoder = new SpanDecoder(clock);
    this.received = figures.counter("coral_otlp_spans_received_total");
    this.sampledOut = figures.counter("coral_otlp_spans_sampled_out_total");
    this.uncounted = figures.dropped("aggregation_behind");
  }

  /// Fails with a [MalformedPayloadException], an [OverloadedException] or the failure of the
  /// store.
  Future<Accepted> accept(byte[] protobuf, int from, int to) {
    Future<Accepted> refusal = payloads.refusal();
    if (refusal != null) {
      return refusal;
    }
    long[] spans = new long[2];
    SpanRequests[] told = new SpanRequests[1];
    DecodedItems decoded;
    try {
      decoded =
          decoder.decode(
              protobuf,
              from,
              to,
              (facts, texts) -> {
                spans[0]++;
                if (fromBeyla
                    && BeylaOrigin.isBeyla(texts.text(facts.resource), texts.text(facts.scope))) {
                  return true;
                }
                told[0] = told[0] == null ? new SpanRequests(texts) : told[0];
                tell(facts, told[0]);
                boolean kept = isKept(facts, filter);
                spans[1] += kept ? 0 : 1;
                return kept;
              });
    } catch (MalformedPayloadException e) {
      return Future.failedFuture(e);
    }
    return payloads.keep(
        decoded,
        protobuf,
        from,
        to,
        () -> {
          received.add(spans[0]);
          sampledOut.add(spans[1]);
          publish(told[0]);
        });
  }

  private void publish(@org.jspecify.annotations.Nullable SpanRequests told) {
    if (told != null && !requests.publish(told)) {
      uncounted.add(told.size());
    }
  }

  private void tell(SpanFacts span, SpanRequests told) {
    boolean isRequest = span.request != SpanFacts.NO_REQUEST && span.role <= Role.CONSUMER.code();
    boolean error =
        span.outcome == 2
            || (isRequest
                && RequestKind.values()[span.request].isError(Role.ofCode(span.role), span.status));
    boolean served = span.role == Role.SERVER.code() || span.role == Role.CONSUMER.code();
    told.addSpan(
        span.traceHigh,
        span.traceLow,
        span.spanId,
        served ? span.parentSpanId : 0,
        span.service,
        error,
        span.endUnixNanos(),
        span.durationNanos);
    if (!isRequest) {
      return;
    }
    key[SpanRequests.SERVICE] = span.service;
    key[SpanRequests.SYSTEM] = span.system;
    key[SpanRequests.METHOD] = span.method;
    key[SpanRequests.ROUTE] = span.route;
    key[SpanRequests.PATH] = span.path;
    key[SpanRequests.ROLE] = span.role;
    key[SpanRequests.STATUS] = span.status;
    key[SpanRequests.KIND] = span.request;
    told.add(key, error, span.endUnixNanos(), span.durationNanos);
  }

  /// The static filter: errors and slow spans always, the rest by trace.
  static boolean isKept(SpanFacts span, SpanFilterConfig filter) {
    return (filter.alwaysCaptureErrors() && span.outcome == 2)
        || (filter.highLatencyThresholdMillis() > 0
            && span.durationNanos > filter.highLatencyThresholdMillis() * NANOS_PER_MILLI)
        || TraceShare.of(span.traceLow) < filter.sampleRate();
  }
}
