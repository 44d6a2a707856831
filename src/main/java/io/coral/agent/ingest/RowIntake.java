package io.coral.agent.ingest;

import io.coral.bus.RowKeeper;
import io.coral.otlp.DecodedItems;
import io.coral.otlp.LogDecoder;
import io.coral.otlp.MalformedPayloadException;
import io.coral.otlp.MetricDecoder;
import io.coral.otlp.PayloadDecoder;
import io.coral.otlp.Signal;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import java.time.Clock;
import java.util.concurrent.atomic.LongAdder;

/// Takes the payloads of a signal that is stored as it comes: data points of metrics, or log
/// records. One thread, the receiver's event loop.
public final class RowIntake {
  private final PayloadDecoder decoder;
  private final KeptPayloads payloads;
  private final LongAdder received;

  private RowIntake(Signal signal, PayloadDecoder decoder, RowKeeper keeper, LongAdder received) {
    this.decoder = decoder;
    this.payloads = new KeptPayloads(signal, keeper);
    this.received = received;
  }

  public static RowIntake ofMetrics(RowKeeper keeper, Figures figures, Clock clock) {
    return new RowIntake(
        Signal.METRICS,
        new MetricDecoder(clock),
        keeper,
        figures.counter("coral_otlp_metric_points_received_total"));
  }

  public static RowIntake ofLogs(RowKeeper keeper, Figures figures, Clock clock) {
    return new RowIntake(
        Signal.LOGS,
        new LogDecoder(clock),
        keeper,
        figures.counter("coral_otlp_log_records_received_total"));
  }

  /// Fails with a [MalformedPayloadException], an [OverloadedException] or the failure of the
  /// store.
  Future<Accepted> accept(byte[] protobuf, int from, int to) {
    Future<Accepted> refusal = payloads.refusal();
    if (refusal != null) {
      return refusal;
    }
    DecodedItems decoded;
    try {
      decoded = decoder.decode(protobuf, from, to);
    } catch (MalformedPayloadException e) {
      return Future.failedFuture(e);
    }
    return payloads.keep(decoded, protobuf, from, to, () -> received.add(decoded.batch().rows()));
  }
}
