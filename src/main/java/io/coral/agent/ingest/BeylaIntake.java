package io.coral.agent.ingest;

import io.coral.bus.Topic;
import io.coral.model.ObservedRequests;
import io.coral.otlp.DecodedItems;
import io.coral.otlp.MalformedPayloadException;
import io.coral.otlp.MetricDecoder;
import io.coral.otlp.Signal;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;

/// Takes what the Beyla child reports: its metrics are counted as requests, its spans are stored.
/// One thread, the receiver's event loop.
public final class BeylaIntake implements PayloadSink {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final SpanIntake spans;
  private final Topic<ObservedRequests> observed;
  private final Clock clock;
  private final MetricDecoder decoder;
  private final BeylaRequests requests = new BeylaRequests();
  private final LongAdder counted;
  private final LongAdder others;
  private final LongAdder repeated;

  /// @param spans takes the spans
  public BeylaIntake(
      SpanIntake spans, Topic<ObservedRequests> observed, Figures figures, Clock clock) {
    this.spans = spans;
    this.observed = observed;
    this.clock = clock;
    this.decoder = new MetricDecoder(clock);
    this.counted = figures.counter("coral_beyla_points_total{what=\"requests\"}");
    this.others = figures.counter("coral_beyla_points_total{what=\"other\"}");
    this.repeated = figures.counter("coral_beyla_points_total{what=\"repeated\"}");
  }

  @Override
  public Future<Accepted> accept(Signal signal, byte[] protobuf, int from, int to) {
    return switch (signal) {
      case TRACES -> spans.accept(protobuf, from, to);
      case METRICS -> acceptMetrics(protobuf, from, to);
      case LOGS ->
          Future.failedFuture(
              new UnsupportedOperationException(
                  "logs of an application (expected: at the ports of telemetry)"));
    };
  }

  private Future<Accepted> acceptMetrics(byte[] protobuf, int from, int to) {
    DecodedItems decoded;
    try {
      decoded = decoder.decode(protobuf, from, to);
    } catch (MalformedPayloadException e) {
      return Future.failedFuture(e);
    }
    BeylaRequests.Reading reading = requests.read(decoded.batch(), clock.millis() * 1_000_000);
    BeylaRequests.Told told = reading.told();
    ObservedRequests found = told.requests();
    if (!found.counted().isEmpty() && !observed.publish(found)) {
      return Future.failedFuture(new OverloadedException(RETRY_AFTER));
    }
    reading.taken();
    counted.add(found.counted().size());
    others.add(told.others());
    repeated.add(told.repeated());
    return Future.succeededFuture(
        new Accepted(
            decoded.rejected() + told.rejected(),
            decoded.message().isEmpty() ? told.message() : decoded.message()));
  }
}
